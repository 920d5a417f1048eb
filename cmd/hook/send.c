/* SPDX-License-Identifier: MIT */
/* trtc-hook send: sends callbacks to try out a receiver: single events, whole sequences, the
 * service's rule of retries, and misbehaviour on request. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../cli.h"
#include "../clock.h"
#include "api/event_make.h"
#include "api/events.h"
#include "base/json_put.h"
#include "base/num.h"
#include "input.h"
#include "net/callback.h"
#include "net/http.h"
#include "options.h"

enum {
    TASK_LEN = 84,
    ROBOT_MAX = 160,
    SENDS_MAX = 64,
    LATE_MS = 3600000, /* how long ago a late event happened */
    LAG_MS = 42,       /* from an event to its callback */
    SLOW_MS = 3000,    /* for a slow body */
    APP = 1400000001,  /* the default */
    RETRY_NONE = 1
};

enum fault { LATE, TWICE, REORDER, BAD_SIGN, FLIP_BIT, SLOW, CUT, FAULTS };
static const char *const fault_names[] = { "late",     "twice", "reorder", "bad-sign",
                                           "flip-bit", "slow",  "cut",     NULL };

struct message { /* one callback */
    int64_t type;
    char *body;
    size_t n;
};

struct send {
    const struct hook_opts *o;
    bool faults[FAULTS];
    int64_t sdkappid;
    struct trtc_callback_keys *keys; /* NULL: nothing is signed */
    struct trtc_http *http;
    char task[TASK_LEN + 1], robot[ROBOT_MAX];
    struct message messages[SENDS_MAX];
    size_t n;
};

/* Makes an id like the service's: it has '+' and '-', and ends with a dot. */
static void make_task(char out[TASK_LEN + 1])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
    unsigned char bytes[TASK_LEN] = { 0 };
    while (getrandom(bytes, sizeof bytes, 0) < 0 && errno == EINTR)
        ;
    for (int i = 0; i < TASK_LEN; i++)
        out[i] = letters[bytes[i] % 64];
    memcpy(out + TASK_LEN - 1, ".", 2);
}

/* ---- the messages ---- */

static int add(struct send *s, int64_t type, char *body, size_t n)
{
    if (s->n == SENDS_MAX) {
        free(body);
        return cli_usage("more than %d events", SENDS_MAX);
    }
    s->messages[s->n++] = (struct message){ type, body, n };
    return 0;
}

static int set_members(const struct send *s, cJSON **event)
{
    struct trtc_err err;
    for (size_t i = 0; i < s->o->sets.n; i++) {
        char path[256];
        const char *word = s->o->sets.items[i], *eq = strchr(word, '=');
        if (!eq || eq == word || (size_t)(eq - word) >= sizeof path)
            return cli_usage("--set: expected PATH=VALUE, such as EventInfo.Payload.Status=1");
        snprintf(path, sizeof path, "%.*s", (int)(eq - word), word);
        if (trtc_event_set(event, path, eq + 1, &err) < 0)
            return err.code == TRTC_EX_USAGE ? cli_usage("--set: %s", err.msg) : cli_report(&err);
    }
    return 0;
}

static int add_event(struct send *s, int64_t type, int64_t status, int64_t event_ms,
                     int64_t begin_ms)
{
    const struct trtc_event_order order = { .type = type,
                                            .sdkappid = s->sdkappid,
                                            .task = s->o->task ? s->o->task : s->task,
                                            .room = s->o->room,
                                            .robot = s->robot,
                                            .user = s->o->user,
                                            .event_ms = event_ms,
                                            .callback_ms = event_ms + LAG_MS,
                                            .begin_ms = begin_ms,
                                            .status = status,
                                            .style = (enum trtc_event_style)s->o->style };
    struct trtc_err err;
    cJSON *event = trtc_event_make(&order, &err);
    if (!event)
        return err.code == TRTC_EX_USAGE ? cli_usage("%s", err.msg) : cli_report(&err);
    const int code = set_members(s, &event);
    char *body = code ? NULL : trtc_event_print(event, order.style);
    cJSON_Delete(event);
    if (code)
        return code;
    return body ? add(s, type, body, strlen(body)) : cli_no_memory();
}

/* The last event of a sequence happens now, so that no event is in the future. */
static int add_scenario(struct send *s, const struct trtc_scenario *all, int64_t now_ms)
{
    int64_t at_ms = now_ms, begin_ms;
    int code = 0;
    for (const struct trtc_scenario_step *t = all->steps; t->type; t++)
        at_ms -= t->after_ms;
    begin_ms = at_ms;
    for (const struct trtc_scenario_step *t = all->steps; t->type && !code; t++) {
        at_ms += t->after_ms;
        code = add_event(s, t->type, t->status, at_ms, begin_ms);
    }
    return code;
}

static int add_file(struct send *s)
{
    struct trtc_err err;
    struct trtc_event e;
    char *body;
    size_t n;
    if (s->o->sets.n)
        return cli_usage(
            "--set and --file exclude each other: the bytes of FILE are sent unchanged");
    if (hook_read_file(s->o->file, &body, &n, &err) < 0) {
        free(body);
        return cli_report(&err);
    }
    const bool parsed = trtc_event_parse(body, n, &e, NULL) == 0;
    const int64_t type = parsed ? e.type : 0;
    trtc_event_fini(&e);
    return add(s, type, body, n);
}

static int add_types(struct send *s, int64_t now_ms)
{
    struct trtc_err err;
    int64_t type;
    int code = 0;
    for (size_t i = 0; i < s->o->operands.n && !code; i++) {
        if (trtc_num_int("TYPE", s->o->operands.items[i],
                         (struct trtc_range){ TRTC_EVENT_FIRST, TRTC_EVENT_LAST }, &type, &err) < 0)
            return cli_usage("%s", err.msg);
        code = add_event(s, type, 0, now_ms + (int64_t)i, now_ms - 60000);
    }
    return code;
}

/* Makes the first event the last one to be delivered. */
static void reorder(struct send *s)
{
    for (size_t i = 0; i + 1 < s->n; i++) {
        const struct message m = s->messages[i];
        s->messages[i] = s->messages[i + 1];
        s->messages[i + 1] = m;
    }
}

static int make_messages(struct send *s)
{
    const struct hook_opts *o = s->o;
    const int64_t now_ms = clock_real_ms() - LAG_MS - (s->faults[LATE] ? LATE_MS : 0);
    const struct trtc_scenario *scenario = o->scenario ? trtc_scenario_find(o->scenario) : NULL;
    if ((o->operands.n > 0) + !!o->scenario + !!o->file != 1)
        return cli_usage("give TYPE..., --scenario NAME or --file FILE");
    if (o->scenario && !scenario)
        return cli_usage(
            "--scenario: unknown value '%s': expected one of hls, mp4, vod, failover, idle, kicked",
            o->scenario);
    const int code = o->file    ? add_file(s)
                     : scenario ? add_scenario(s, scenario, now_ms)
                                : add_types(s, now_ms);
    if (!code && s->faults[REORDER])
        reorder(s);
    return code;
}

/* ---- sending ---- */

static int headers_of(const struct send *s, const struct message *m, struct trtc_headers *h,
                      struct trtc_err *err)
{
    char app[24], sign[TRTC_CALLBACK_SIGN_LEN + 1];
    snprintf(app, sizeof app, "%" PRId64, s->sdkappid);
    if (trtc_headers_add(h, "Content-Type", "application/json", err) < 0 ||
        trtc_headers_add(h, "SdkAppId", app, err) < 0)
        return -1;
    if (!s->keys)
        return 0;
    if (trtc_callback_sign(s->keys, s->sdkappid, m->body, m->n, sign, err) < 0)
        return -1;
    if (s->faults[BAD_SIGN])
        sign[0] = sign[0] == 'A' ? 'B' : 'A';
    return trtc_headers_add(h, "Sign", sign, err);
}

static void print_attempt(const struct send *s, const struct message *m, int attempt,
                          const struct trtc_reply *reply, int64_t ms)
{
    cJSON *line = cJSON_CreateObject();
    if (m->type)
        trtc_json_put_number(&line, "type", (double)m->type);
    if (!s->o->file)
        trtc_json_put_text(&line, "task", s->o->task ? s->o->task : s->task);
    trtc_json_put_number(&line, "attempt", attempt);
    trtc_json_put_number(&line, "status", reply->status);
    trtc_json_put_number(&line, "took_ms", (double)ms);
    if (reply->net != TRTC_NET_ANSWER)
        trtc_json_put_text(&line, "error", reply->err.msg);
    cli_put_json(line, false);
    fflush(stdout);
    cJSON_Delete(line);
}

/* 0: the receiver accepted it; otherwise the exit status if it is not sent again. */
static int attempt(const struct send *s, const struct message *m, const struct trtc_headers *h,
                   int nb)
{
    struct trtc_transport wire = trtc_http_transport(s->http);
    const struct trtc_post post = { .url = s->o->url,
                                    .headers = h,
                                    .body = m->body,
                                    .body_bytes = m->n,
                                    .slow_ms = s->faults[SLOW] ? SLOW_MS : 0,
                                    .cut = s->faults[CUT] && nb == 1 };
    struct trtc_reply reply = { 0 };
    const int64_t begin_ms = clock_mono_us() / 1000;
    wire.post(wire.arg, &post, &reply);
    print_attempt(s, m, nb, &reply, clock_mono_us() / 1000 - begin_ms);
    const int code = trtc_callback_taken(&reply)    ? 0
                     : reply.net != TRTC_NET_ANSWER ? reply.err.code
                                                    : TRTC_EX_UNAVAILABLE;
    trtc_reply_fini(&reply);
    return code;
}

/* Delivers by the service's rule, or once. */
static int deliver(const struct send *s, const struct message *m, const struct trtc_headers *h)
{
    const int64_t first_ms = clock_mono_us() / 1000;
    for (int nb = 1;; nb++) {
        const int code = attempt(s, m, h, nb);
        const int64_t now_ms = clock_mono_us() / 1000;
        const int64_t again_ms =
            s->o->retry == RETRY_NONE ? -1 : trtc_callback_again_ms(nb, first_ms, now_ms);
        if (!code || again_ms < 0 || cli_signal || clock_sleep_until(again_ms * 1000))
            return code;
    }
}

static int send_one(const struct send *s, const struct message *m)
{
    struct trtc_err err;
    struct trtc_headers h = { 0 };
    int code = headers_of(s, m, &h, &err) < 0 ? cli_report(&err) : 0;
    if (!code) {
        if (s->faults[FLIP_BIT] && m->n)
            m->body[m->n / 2] ^= 1;
        code = deliver(s, m, &h);
        if (code && !cli_signal)
            cli_error("%" PRId64 ": not delivered", m->type);
    }
    trtc_headers_fini(&h);
    return code;
}

static int send_all(const struct send *s)
{
    int code = 0;
    for (size_t i = 0; i < s->n && !cli_signal; i++)
        for (int k = s->faults[TWICE] ? 2 : 1; k && !cli_signal; k--)
            code = trtc_worse(code, send_one(s, &s->messages[i]));
    return code;
}

/* ---- start ---- */

static int take_options(struct send *s)
{
    struct trtc_err err;
    int fault, code;
    for (size_t i = 0; i < s->o->faults.n; i++) {
        if ((code = cli_choose("--fault", s->o->faults.items[i], fault_names, &fault)) != 0)
            return code;
        s->faults[fault] = true;
    }
    if (!s->o->url)
        return cli_usage("--url is required");
    if (trtc_callback_url(s->o->url, &err) < 0)
        return cli_usage("--url: %s", err.msg);
    if (s->o->key_file && !(s->keys = trtc_callback_keys_read(s->o->key_file, &err)))
        return cli_report(&err);
    s->sdkappid = s->o->sdkappid ? s->o->sdkappid : s->keys ? trtc_callback_keys_app(s->keys) : 0;
    if (!s->sdkappid)
        s->sdkappid = APP;
    make_task(s->task);
    snprintf(s->robot, sizeof s->robot, "recorder_%s", s->o->room);
    return 0;
}

int hook_send(const struct hook_opts *o)
{
    struct send s = { .o = o };
    struct trtc_err err;
    const struct trtc_http_options http = { .total_ms = TRTC_CALLBACK_WAIT_MS,
                                            .agent = "trtc-hook/" TRTC_VERSION,
                                            .anywhere = true,
                                            .body_max = TRTC_CALLBACK_ANSWER_BYTES,
                                            .ca_file = getenv("SSL_CERT_FILE"),
                                            .stop = &cli_signal };
    int code = take_options(&s);
    if (!code)
        code = make_messages(&s);
    cli_catch_signals();
    if (!code && !(s.http = trtc_http_new(&http, &err)))
        code = cli_report(&err);
    if (!code)
        code = send_all(&s);
    for (size_t i = 0; i < s.n; i++)
        free(s.messages[i].body);
    trtc_http_free(&s.http);
    trtc_callback_keys_free(&s.keys);
    return code;
}
