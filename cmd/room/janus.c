/* SPDX-License-Identifier: MIT */
/* A conversation with Janus's videoroom. */
#include "janus.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "base/json.h"
#include "base/json_put.h"
#include "net/http.h"

enum { URL_SIZE = 1200, EVENTS_MAX = 50 /* how many may precede the awaited one */ };

/* ---- keys ---- */

static int take_key(struct trtc_janus_keys *k, char *line, struct trtc_err *err)
{
    const struct {
        const char *name;
        const char **to;
    } names[] = { { "apisecret", &k->api_secret },
                  { "secret", &k->secret },
                  { "admin_key", &k->admin_key },
                  { "pin", &k->pin } };
    line += strspn(line, " \t\r");
    const size_t n = strcspn(line, " \t\r=");
    const char *text = line + n + strspn(line + n, " \t\r");
    if (!*line || *line == '#')
        return 0;
    text += *text == '=';
    size_t text_n = strlen(text);
    if (trtc_secret_unquote("a line", &text, &text_n, err) < 0)
        return -1;
    char *value = line + (text - line);
    value[text_n] = '\0';
    if (line + n < value)
        line[n] = '\0';
    for (size_t i = 0; *value && i < sizeof names / sizeof *names; i++)
        if (strcmp(line, names[i].name) == 0) {
            *names[i].to = value;
            return 0;
        }
    return trtc_fail(err, TRTC_EX_CONFIG,
                     "each line must be apisecret, secret, admin_key or pin, and a value");
}

static int read_keys(struct janus *j, const char *path, struct trtc_err *err)
{
    if (trtc_secret_read(path, &j->file, err) < 0)
        return -1;
    for (char *line = j->file.text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (take_key(&j->keys, line, err) < 0) {
            char why[sizeof err->msg];
            snprintf(why, sizeof why, "%s", err->msg);
            return trtc_fail(err, err->code, "%s: %.300s", path, why);
        }
    }
    return 0;
}

int janus_init(struct janus *j, const char *url, const char *keys_file, struct trtc_err *err)
{
    const struct trtc_http_options options = { .agent = "trtc-room/" TRTC_VERSION,
                                               .anywhere = true,
                                               .ca_file = getenv("SSL_CERT_FILE"),
                                               .stop = &cli_signal };
    j->url = url;
    if (keys_file && read_keys(j, keys_file, err) < 0)
        return -1;
    j->http = trtc_http_new(&options, err);
    return j->http ? 0 : -1;
}

/* ---- exchanges ---- */

/* Sends body by POST, or GET without one. Returns the answer, which the caller frees; NULL: it
 * failed. */
static cJSON *exchange(struct janus *j, const char *path, const char *body, struct trtc_err *err)
{
    char url[URL_SIZE];
    struct trtc_headers h = { 0 };
    struct trtc_reply reply = { 0 };
    const struct trtc_transport wire = trtc_http_transport(j->http);
    const struct trtc_post post = { .method = body ? "POST" : "GET",
                                    .url = url,
                                    .headers = &h,
                                    .body = body,
                                    .body_bytes = body ? strlen(body) : 0 };
    cJSON *answer = NULL;
    if (snprintf(url, sizeof url, "%s%s", j->url, path) >= (int)sizeof url) {
        trtc_fail(err, TRTC_EX_USAGE, "the address is too long");
        return NULL;
    }
    if (!body || trtc_headers_add(&h, "Content-Type", "application/json", err) == 0) {
        wire.post(wire.arg, &post, &reply);
        if (reply.net != TRTC_NET_ANSWER)
            trtc_fail(err, reply.err.code ? reply.err.code : TRTC_EX_TEMPFAIL, "%s", reply.err.msg);
        else if (reply.status != 200)
            trtc_fail(err, TRTC_EX_UNAVAILABLE, "HTTP status %d", reply.status);
        else
            answer = trtc_json_parse("Janus's answer", reply.body, reply.body_bytes, err);
    }
    trtc_reply_fini(&reply);
    trtc_headers_fini(&h);
    return answer;
}

/* Takes request. */
static cJSON *ask(struct janus *j, const char *path, cJSON *request, struct trtc_err *err)
{
    char *text = trtc_json_text(request, false);
    cJSON *answer = NULL;
    cJSON_Delete(request);
    if (text)
        answer = exchange(j, path, text, err);
    else
        trtc_fail_nomem(err);
    free(text);
    return answer;
}

/* Creates a session or attaches a handle, and writes its id to out. */
static int make(struct janus *j, const char *path, const char *what, char out[32],
                struct trtc_err *err)
{
    cJSON *answer = ask(j, path, trtc_janus_request(&j->keys, what), err);
    const int ret = answer ? trtc_janus_created(answer, out, err) : -1;
    cJSON_Delete(answer);
    return ret;
}

static const char *path_of(const struct janus *j, const char *handle, char out[80])
{
    snprintf(out, 80, "/%s%s%s", j->session, *handle ? "/" : "", handle);
    return out;
}

static void close_session(struct janus *j)
{
    char path[80];
    if (*j->session)
        cJSON_Delete(ask(j, path_of(j, "", path), trtc_janus_request(&j->keys, "destroy"),
                         &(struct trtc_err){ 0 }));
    j->session[0] = j->handle[0] = '\0';
}

void janus_fini(struct janus *j)
{
    if (j->http)
        close_session(j);
    trtc_http_free(&j->http);
    trtc_secret_fini(&j->file);
}

int janus_open(struct janus *j, struct trtc_err *err)
{
    char path[80];
    if (*j->session)
        return 0;
    if (make(j, "", "create", j->session, err) == 0 &&
        make(j, path_of(j, "", path), "attach", j->handle, err) == 0)
        return 0;
    j->session[0] = '\0';
    return -1;
}

/* Asks the videoroom; takes request. Returns the answer, which the caller frees and which contains
 * *data; NULL: it failed. */
static cJSON *ask_room(struct janus *j, cJSON *request, const cJSON **data, struct trtc_err *err)
{
    char path[80];
    cJSON *answer = ask(j, path_of(j, j->handle, path), request, err);
    *data = answer ? trtc_janus_data(answer, err) : NULL;
    if (*data)
        return answer;
    if (err->code == TRTC_EX_TEMPFAIL)
        j->session[0] = '\0'; /* it may have expired: the next call opens another one */
    cJSON_Delete(answer);
    return NULL;
}

int janus_rooms(struct janus *j, struct trtc_janus_list *out, struct trtc_err *err)
{
    const cJSON *data;
    cJSON *answer = ask_room(j, trtc_janus_message(&j->keys, "list", NULL), &data, err);
    const int ret = answer ? trtc_janus_rooms(data, out, err) : -1;
    cJSON_Delete(answer);
    return ret;
}

int janus_publishers(struct janus *j, const struct trtc_janus_id *room, struct trtc_janus_list *out,
                     struct trtc_err *err)
{
    const cJSON *data;
    cJSON *answer = ask_room(j, trtc_janus_message(&j->keys, "listparticipants", room), &data, err);
    const int ret = answer ? trtc_janus_publishers(data, out, err) : -1;
    cJSON_Delete(answer);
    return ret;
}

int janus_forward(struct janus *j, const struct trtc_janus_id *room,
                  const struct trtc_janus_id *publisher, struct trtc_janus_feed *feed,
                  struct trtc_err *err)
{
    const cJSON *data;
    cJSON *answer = ask_room(j, trtc_janus_forward(&j->keys, room, publisher, feed), &data, err);
    if (answer)
        trtc_janus_forwarded(data, feed);
    cJSON_Delete(answer);
    return answer ? 0 : -1;
}

void janus_stop(struct janus *j, const struct trtc_janus_id *room,
                const struct trtc_janus_id *publisher, struct trtc_janus_feed *feed)
{
    struct trtc_err err; /* ignored: forwarding ends when the publisher leaves */
    const cJSON *data;
    for (size_t i = 0; i < feed->n; i++) {
        char *sent = feed->items[i].sent;
        if (*sent && *j->session)
            cJSON_Delete(
                ask_room(j, trtc_janus_stop(&j->keys, room, publisher, sent), &data, &err));
        *sent = '\0';
    }
}

/* Reads the events of the session until one confirms that it has joined the room. */
static int await_joined(struct janus *j, const struct trtc_janus_id *publisher,
                        struct trtc_janus_feed *out, struct trtc_err *err)
{
    char path[80];
    bool joined = false;
    for (int i = 0; i < EVENTS_MAX && !joined; i++) {
        cJSON *event = exchange(j, path_of(j, "", path), NULL, err);
        if (!event)
            return -1;
        if (cJSON_HasObjectItem(event, "plugindata")) {
            const cJSON *data = trtc_janus_data(event, err);
            if (!data) {
                cJSON_Delete(event);
                return -1;
            }
            joined = trtc_janus_joined(data, publisher, out);
        }
        cJSON_Delete(event);
    }
    return joined ? 0 : trtc_fail(err, TRTC_EX_TEMPFAIL, "Janus does not admit a participant");
}

int janus_look(struct janus *j, const struct trtc_janus_id *room,
               const struct trtc_janus_id *publisher, struct trtc_janus_feed *out,
               struct trtc_err *err)
{
    char handle[32], path[80];
    if (make(j, path_of(j, "", path), "attach", handle, err) < 0)
        return -1;
    cJSON *taken =
        ask(j, path_of(j, handle, path), trtc_janus_message(&j->keys, "join", room), err);
    const int ret = taken ? await_joined(j, publisher, out, err) : -1;
    cJSON_Delete(taken);
    cJSON_Delete(ask(j, path_of(j, handle, path), trtc_janus_request(&j->keys, "detach"),
                     &(struct trtc_err){ 0 }));
    return ret;
}
