/* SPDX-License-Identifier: MIT */
/* The HTTP API of Janus's videoroom. */
#include "api/janus.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/json_put.h"

/* Error codes of the server and of the videoroom. */
enum { NO_SUCH_SESSION = 458, NO_SUCH_HANDLE = 459, UNAUTHORIZED = 403, ROOM_UNAUTHORIZED = 433 };

void trtc_janus_list_fini(struct trtc_janus_list *l)
{
    free(l->items);
    *l = (struct trtc_janus_list){ 0 };
}

bool trtc_janus_same_id(const struct trtc_janus_id *a, const struct trtc_janus_id *b)
{
    return a->is_number == b->is_number && strcmp(a->text, b->text) == 0;
}

static const char *text_of(const cJSON *object, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text ? text : "";
}

/* Returns false if it is not an id, or too long. */
static bool take_id(const cJSON *json, struct trtc_janus_id *out)
{
    const char *text = cJSON_GetStringValue(json);
    int n = -1;
    out->is_number = cJSON_IsNumber(json);
    if (out->is_number)
        n = snprintf(out->text, sizeof out->text, "%.0f", json->valuedouble);
    else if (text)
        n = snprintf(out->text, sizeof out->text, "%s", text);
    return n > 0 && n < (int)sizeof out->text;
}

/* ---- requests ---- */

static void put_id(cJSON **o, const char *key, const struct trtc_janus_id *id)
{
    if (id->is_number)
        trtc_json_put(o, key, cJSON_CreateRaw(id->text));
    else
        trtc_json_put_text(o, key, id->text);
}

static void put_key(cJSON **o, const char *key, const char *text)
{
    if (text)
        trtc_json_put_text(o, key, text);
}

cJSON *trtc_janus_request(const struct trtc_janus_keys *k, const char *what)
{
    cJSON *o = cJSON_CreateObject();
    trtc_json_put_text(&o, "janus", what);
    trtc_json_put_text(&o, "transaction", "trtc-room");
    if (strcmp(what, "attach") == 0)
        trtc_json_put_text(&o, "plugin", "janus.plugin.videoroom");
    put_key(&o, "apisecret", k->api_secret);
    return o;
}

/* Makes a message with this body, of which it takes ownership. */
static cJSON *message(const struct trtc_janus_keys *k, cJSON *body)
{
    cJSON *o = trtc_janus_request(k, "message");
    trtc_json_put(&o, "body", body);
    return o;
}

static cJSON *body_of(const char *request, const struct trtc_janus_id *room)
{
    cJSON *body = cJSON_CreateObject();
    trtc_json_put_text(&body, "request", request);
    if (room)
        put_id(&body, "room", room);
    return body;
}

cJSON *trtc_janus_message(const struct trtc_janus_keys *k, const char *request,
                          const struct trtc_janus_id *room)
{
    cJSON *body = body_of(request, room);
    if (strcmp(request, "join") == 0) {
        /* only publishers are notified of other publishers */
        trtc_json_put_text(&body, "ptype", "publisher");
        put_key(&body, "pin", k->pin);
    } else if (strcmp(request, "list") == 0) {
        put_key(&body, "admin_key", k->admin_key);
    }
    return message(k, body);
}

cJSON *trtc_janus_forward(const struct trtc_janus_keys *k, const struct trtc_janus_id *room,
                          const struct trtc_janus_id *publisher, const struct trtc_janus_feed *feed)
{
    cJSON *body = body_of("rtp_forward", room), *list = cJSON_CreateArray();
    put_id(&body, "publisher_id", publisher);
    trtc_json_put_text(&body, "host", "127.0.0.1");
    for (size_t i = 0; i < feed->n; i++) {
        const struct trtc_janus_stream *s = &feed->items[i];
        cJSON *one = s->port ? cJSON_CreateObject() : NULL;
        if (!s->port)
            continue;
        trtc_json_put_text(&one, "mid", s->mid);
        trtc_json_put_number(&one, "port", s->port);
        trtc_json_put_number(&one, "pt", s->video ? TRTC_JANUS_VIDEO_PT : TRTC_JANUS_AUDIO_PT);
        trtc_json_push(&list, one);
    }
    trtc_json_put(&body, "streams", list);
    put_key(&body, "secret", k->secret);
    put_key(&body, "admin_key", k->admin_key);
    return message(k, body);
}

cJSON *trtc_janus_stop(const struct trtc_janus_keys *k, const struct trtc_janus_id *room,
                       const struct trtc_janus_id *publisher, const char *sent)
{
    cJSON *body = body_of("stop_rtp_forward", room);
    put_id(&body, "publisher_id", publisher);
    trtc_json_put(&body, "stream_id", cJSON_CreateRaw(sent));
    put_key(&body, "secret", k->secret);
    put_key(&body, "admin_key", k->admin_key);
    return message(k, body);
}

/* ---- answers ---- */

static int fail(int64_t code, const char *reason, struct trtc_err *err)
{
    const int status = code == NO_SUCH_SESSION || code == NO_SUCH_HANDLE   ? TRTC_EX_TEMPFAIL
                       : code == UNAUTHORIZED || code == ROOM_UNAUTHORIZED ? TRTC_EX_NOPERM
                                                                           : TRTC_EX_UNAVAILABLE;
    return trtc_fail(err, status, "Janus reports: %.200s (%" PRId64 ")", reason, code);
}

static int64_t code_of(const cJSON *object, const char *key)
{
    const cJSON *n = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : 0;
}

/* Fails if the answer is an error of the server itself. 0, or -1. */
static int take_error(const cJSON *answer, struct trtc_err *err)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(answer, "error");
    if (!error)
        return 0;
    return fail(code_of(error, "code"), text_of(error, "reason"), err);
}

int trtc_janus_created(const cJSON *answer, char out[32], struct trtc_err *err)
{
    struct trtc_janus_id id;
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(answer, "data");
    if (take_error(answer, err) < 0)
        return -1;
    if (!take_id(cJSON_GetObjectItemCaseSensitive(data, "id"), &id) || !id.is_number ||
        strlen(id.text) >= 32)
        return trtc_fail(err, TRTC_EX_DATAERR, "not an answer of Janus");
    memcpy(out, id.text, strlen(id.text) + 1);
    return 0;
}

const cJSON *trtc_janus_data(const cJSON *answer, struct trtc_err *err)
{
    const cJSON *plugin = cJSON_GetObjectItemCaseSensitive(answer, "plugindata");
    const cJSON *data = cJSON_GetObjectItemCaseSensitive(plugin, "data");
    if (take_error(answer, err) < 0)
        return NULL;
    if (!cJSON_IsObject(data)) {
        trtc_fail(err, TRTC_EX_DATAERR, "not an answer of Janus's videoroom");
        return NULL;
    }
    if (code_of(data, "error_code")) {
        fail(code_of(data, "error_code"), text_of(data, "error"), err);
        return NULL;
    }
    return data;
}

static int push(struct trtc_janus_list *l, const cJSON *id, const char *name, struct trtc_err *err)
{
    struct trtc_janus_room r;
    if (!take_id(id, &r.id))
        return 0;
    snprintf(r.name, sizeof r.name, "%s", name);
    if (trtc_array_reserve(&l->items, &l->cap, l->n + 1, sizeof *l->items) < 0)
        return trtc_fail_nomem(err);
    l->items[l->n++] = r;
    return 0;
}

int trtc_janus_rooms(const cJSON *data, struct trtc_janus_list *out, struct trtc_err *err)
{
    const cJSON *room;
    cJSON_ArrayForEach(room, cJSON_GetObjectItemCaseSensitive(data, "list"))
    {
        if (code_of(room, "num_participants") > 0 &&
            push(out, cJSON_GetObjectItemCaseSensitive(room, "room"), "", err) < 0)
            return -1;
    }
    return 0;
}

int trtc_janus_publishers(const cJSON *data, struct trtc_janus_list *out, struct trtc_err *err)
{
    const cJSON *p;
    cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(data, "participants"))
    {
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(p, "publisher")) &&
            push(out, cJSON_GetObjectItemCaseSensitive(p, "id"), text_of(p, "display"), err) < 0)
            return -1;
    }
    return 0;
}

static void take_streams(const cJSON *list, struct trtc_janus_feed *out)
{
    const cJSON *s;
    cJSON_ArrayForEach(s, list)
    {
        struct trtc_janus_stream *to = &out->items[out->n];
        const char *type = text_of(s, "type"), *mid = text_of(s, "mid");
        if (out->n == TRTC_JANUS_STREAMS ||
            cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(s, "disabled")) || !*mid ||
            strlen(mid) >= sizeof to->mid ||
            (strcmp(type, "audio") != 0 && strcmp(type, "video") != 0))
            continue;
        *to = (struct trtc_janus_stream){ .video = *type == 'v' };
        snprintf(to->mid, sizeof to->mid, "%s", mid);
        snprintf(to->codec, sizeof to->codec, "%s", text_of(s, "codec"));
        out->n++;
    }
}

bool trtc_janus_joined(const cJSON *data, const struct trtc_janus_id *publisher,
                       struct trtc_janus_feed *out)
{
    const cJSON *p;
    struct trtc_janus_id id;
    out->n = 0;
    if (strcmp(text_of(data, "videoroom"), "joined") != 0)
        return false;
    cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(data, "publishers"))
    {
        if (take_id(cJSON_GetObjectItemCaseSensitive(p, "id"), &id) &&
            trtc_janus_same_id(&id, publisher))
            take_streams(cJSON_GetObjectItemCaseSensitive(p, "streams"), out);
    }
    return true;
}

void trtc_janus_forwarded(const cJSON *data, struct trtc_janus_feed *feed)
{
    const cJSON *f;
    struct trtc_janus_id id;
    cJSON_ArrayForEach(f, cJSON_GetObjectItemCaseSensitive(data, "forwarders"))
    {
        const int64_t port = code_of(f, "port");
        const bool good = take_id(cJSON_GetObjectItemCaseSensitive(f, "stream_id"), &id) &&
                          id.is_number && strlen(id.text) < sizeof feed->items[0].sent;
        for (size_t i = 0; good && i < feed->n; i++)
            if (feed->items[i].port == port)
                memcpy(feed->items[i].sent, id.text, strlen(id.text) + 1);
    }
}

/* ---- SDP ---- */

static void add(char **out, size_t *left, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char **out, size_t *left, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(*out, *left, format, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= *left) {
        *left = 0;
        return;
    }
    *out += n;
    *left -= (size_t)n;
}

static void add_stream(char **out, size_t *left, const struct trtc_janus_stream *s)
{
    if (s->video)
        add(out, left,
            "m=video %d RTP/AVP %d\r\na=rtpmap:%d H264/90000\r\na=fmtp:%d packetization-mode=1\r\n",
            s->port, TRTC_JANUS_VIDEO_PT, TRTC_JANUS_VIDEO_PT, TRTC_JANUS_VIDEO_PT);
    else
        add(out, left, "m=audio %d RTP/AVP %d\r\na=rtpmap:%d opus/48000/2\r\n", s->port,
            TRTC_JANUS_AUDIO_PT, TRTC_JANUS_AUDIO_PT);
}

bool trtc_janus_sdp(const struct trtc_janus_feed *feed, char *out, size_t size)
{
    size_t left = size;
    add(&out, &left, "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n");
    for (size_t i = 0; i < feed->n && left; i++)
        if (feed->items[i].port)
            add_stream(&out, &left, &feed->items[i]);
    return left > 0;
}
