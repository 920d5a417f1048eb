/* SPDX-License-Identifier: MIT */
/* trtc-hook serve: one loop that reads requests, passes their bodies to threads that store them,
 * answers once they are on disk, and starts handlers. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "../ready.h"
#include "../signals.h"
#include "api/events.h"
#include "base/json_put.h"
#include "base/num.h"
#include "handlers.h"
#include "line.h"
#include "net/callback.h"
#include "options.h"
#include "serve/crew.h"
#include "serve/server.h"
#include "serve/spool.h"
#include "sink.h"

enum { THREADS = 4, GONE_KEPT_MS = 24 * 3600 * 1000, QUIET_MS = 10000 };

struct serve {
    const struct hook_opts *o;
    struct trtc_callback_keys *keys; /* NULL if there is only --unsigned */
    struct trtc_spool *spool;
    struct trtc_server *server;
    struct trtc_crew *crew;
    struct starter *starter;   /* until the handlers own it */
    struct handlers *handlers; /* NULL: events are only stored */
    struct sink *sink;
    int signals;
    bool broken; /* no handler can be started any more */
    size_t nb_storing;
    int64_t told_ms; /* when a failure to store was last reported */
};

/* An event on its way to the disk. */
struct storing {
    struct trtc_job job; /* first */
    struct trtc_request *request;
    struct trtc_spool_entry entry;
    char name[TRTC_SPOOL_NAME_MAX];
    char *line;
    bool parsed;
    int stored;
    struct trtc_err err;
};

/* ---- requests ---- */

/* The application that a request names. 0: none; -1: two, or something that is not a number. */
static int64_t app_of(const struct trtc_request *r)
{
    int64_t app = 0;
    const char *text = trtc_request_header(r, "SdkAppId");
    if (!text)
        text = trtc_request_query(r, "SdkAppid");
    if (!text)
        text = trtc_request_query(r, "SdkAppId");
    if (trtc_request_count(r, "SdkAppId") > 1)
        return -1;
    return text && trtc_num_int("SdkAppId", text, (struct trtc_range){ 0, UINT32_MAX }, &app,
                                NULL) < 0
               ? -1
               : app;
}

/* Refuses what can be refused before the body is read. */
static int on_head(void *arg, struct trtc_request *r)
{
    const struct serve *s = arg;
    if (strcmp(trtc_request_method(r), "POST") != 0)
        return 405;
    if (trtc_request_count(r, "Sign") > 1 || app_of(r) < 0)
        return 400;
    const char *sign = trtc_request_header(r, "Sign");
    return s->keys && !s->o->no_sign && (!sign || strlen(sign) != TRTC_CALLBACK_SIGN_LEN) ? 401 : 0;
}

/* Checks the Sign over the bytes as received, before they are parsed. With --unsigned a Sign is
 * still checked if there is one and there is a key. */
static bool is_signed(const struct serve *s, const struct trtc_request *r)
{
    size_t n;
    const char *body = trtc_request_body(r, &n), *sign = trtc_request_header(r, "Sign");
    const int64_t app = app_of(r);
    if (!s->keys || (s->o->no_sign && !sign))
        return true;
    /* 0 would try the keys of all applications: a request that names none is only checked with a
     * common key */
    return trtc_callback_check(s->keys, app ? app : -1, sign, body, n);
}

static bool too_old(const struct serve *s, const struct trtc_event *e)
{
    return s->o->max_age_us && e->callback_ms != TRTC_NOTIME &&
           clock_real_ms() - e->callback_ms > s->o->max_age_us / 1000;
}

/* The line that is printed once the event is stored; NULL: out of memory. */
static char *line_of(const struct serve *s, const struct storing *t, const struct trtc_event *e)
{
    const struct hook_event at = { .place = TRTC_SPOOL_NEW,
                                   .name = t->name,
                                   .sdkappid = t->entry.sdkappid,
                                   .event = *e,
                                   .parsed = t->parsed };
    cJSON *json = hook_event_line(s->spool, &at, false);
    char *line = json ? trtc_json_line(json) : NULL;
    cJSON_Delete(json);
    return line;
}

/* A status other than 0 refuses the request. */
static int prepare(const struct serve *s, struct storing *t)
{
    char id[TRTC_EVENT_ID_LEN + 1];
    struct trtc_event e;
    t->entry.body = trtc_request_body(t->request, &t->entry.n);
    t->entry.sdkappid = app_of(t->request);
    t->entry.sign = trtc_request_header(t->request, "Sign");
    t->parsed = trtc_event_parse(t->entry.body, t->entry.n, &e, &t->err) == 0;
    if (!t->parsed && t->err.code != TRTC_EX_DATAERR)
        return 503;
    int status = t->parsed && e.wrapped && !s->o->no_sign ? 401
                 : t->parsed && too_old(s, &e)            ? 403
                                                          : 0;
    if (!t->parsed) {
        e.body = t->entry.body;
        e.body_bytes = t->entry.n;
    }
    if (!status && trtc_event_id(&e, t->entry.sdkappid, id) == 0) {
        trtc_spool_name(e.event_ms == TRTC_NOTIME ? 0 : e.event_ms, e.type, id, t->name);
        t->entry.name = t->name;
        t->line = line_of(s, t, &e);
    }
    trtc_event_fini(&e);
    return status ? status : t->line ? 0 : 503;
}

static void on_request(void *arg, struct trtc_request *r)
{
    struct serve *s = arg;
    const bool ours = is_signed(s, r);
    struct storing *t = ours ? calloc(1, sizeof *t) : NULL;
    if (!t) {
        trtc_request_answer(r, ours ? 503 : 401, NULL);
        return;
    }
    t->request = r;
    const int status = prepare(s, t);
    if (status) {
        trtc_request_answer(r, status, NULL);
        free(t->line);
        free(t);
        return;
    }
    s->nb_storing++;
    trtc_crew_give(s->crew, &t->job);
}

/* Runs in a thread of the crew. */
static void store(void *arg, struct trtc_job *job)
{
    struct serve *s = arg;
    struct storing *t = (struct storing *)(void *)job;
    struct trtc_err err;
    t->stored = trtc_spool_put(s->spool, &t->entry, &err);
    if (t->stored < 0)
        t->err = err;
}

/* A full disk is not reported for each of many callbacks. */
static void tell_failure(struct serve *s, const struct trtc_err *err)
{
    const int64_t now_ms = clock_mono_us() / 1000;
    if (s->told_ms && now_ms - s->told_ms < QUIET_MS)
        return;
    s->told_ms = now_ms;
    cli_error("%s: answered 503", err->msg);
}

static void answer_stored(struct serve *s)
{
    for (struct trtc_job *job = trtc_crew_take(s->crew), *next; job; job = next) {
        struct storing *t = (struct storing *)(void *)job;
        next = job->next;
        s->nb_storing--;
        trtc_request_answer(t->request, t->stored < 0 ? 503 : 200,
                            t->stored < 0 ? NULL : "{\"code\":0}");
        if (t->stored < 0)
            tell_failure(s, &t->err);
        if (t->stored == 1 && !t->parsed)
            cli_note("%s: kept unchanged: %s", t->name, t->err.msg);
        if (t->stored == 1) {
            sink_put(s->sink, t->line);
            t->line = NULL;
        }
        free(t->line);
        free(t);
    }
}

/* ---- the loop ---- */

static int sooner(int a, int64_t b)
{
    return b < 0 || (a >= 0 && a < b) ? a : b > 60000 ? 60000 : (int)b;
}

/* One turn of the loop. ms: the longest wait; -1: no limit. */
static void turn(struct serve *s, int ms)
{
    struct pollfd p[] = {
        { .fd = trtc_server_fd(s->server), .events = POLLIN },
        { .fd = trtc_crew_fd(s->crew), .events = POLLIN },
        { .fd = s->signals, .events = POLLIN },
        { .fd = s->handlers ? handlers_fd(s->handlers) : -1, .events = POLLIN },
        { .fd = s->handlers ? handlers_results_fd(s->handlers) : -1, .events = POLLIN },
    };
    ms = sooner(ms, trtc_server_wait_ms(s->server, clock_mono_us() / 1000));
    if (s->handlers)
        ms = sooner(ms, handlers_wait_ms(s->handlers, clock_mono_us() / 1000));
    poll(p, sizeof p / sizeof *p, ms);
    signals_take(s->signals);
    answer_stored(s);
    trtc_server_run(s->server, clock_mono_us() / 1000);
    if (s->handlers && !cli_signal)
        s->broken = !handlers_turn(s->handlers, clock_mono_us() / 1000);
}

/* Stores and answers what has been received; a second signal ends that. */
static void run(struct serve *s)
{
    while (!cli_signal && !s->broken)
        turn(s, -1);
    const int first = cli_signal;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    trtc_server_close(s->server);
    while (s->nb_storing)
        turn(s, 100);
    turn(s, 0); /* the answers are sent */
    cli_signal = first;
}

/* ---- start and end ---- */

static int begin(struct serve *s, struct trtc_err *err)
{
    const struct hook_opts *o = s->o;
    const struct trtc_server_limits limits = { .body_bytes = TRTC_EVENT_BODY_MAX };
    const struct trtc_server_calls calls = { .head = on_head, .request = on_request, .arg = s };
    const bool handles = o->forward || o->operands.n;
    /* before there is anything that a handler must not inherit */
    if (handles && (handlers_check(o, err) < 0 || !(s->starter = starter_new(o, err))))
        return -1;
    mallopt(M_MMAP_THRESHOLD, 128 << 10); /* the memory of large bodies is returned to the system
                                             at once */
    if (o->key_file && !(s->keys = trtc_callback_keys_read(o->key_file, err)))
        return -1;
    if ((s->signals = signals_open(err)) < 0 ||
        !(s->spool = trtc_spool_open(o->spool, true, err)) || trtc_spool_lock(s->spool, err) < 0)
        return -1;
    trtc_spool_forget(s->spool, clock_real_ms() - GONE_KEPT_MS);
    if (handles && !(s->handlers = handlers_new(o, s->spool, &s->starter, err)))
        return -1;
    if (!(s->sink = sink_new(err)) || !(s->crew = trtc_crew_new(THREADS, store, s, err)) ||
        !(s->server = trtc_server_new(o->listen, &limits, &calls, err)))
        return -1;
    return 0;
}

static int end(struct serve *s, int code)
{
    trtc_server_free(&s->server);
    trtc_crew_free(&s->crew);
    const int64_t lost = sink_end(&s->sink);
    if (lost) {
        cli_error("%" PRId64 " lines were left out of standard output", lost);
        code = trtc_worse(code, TRTC_EX_LOSS);
    }
    starter_free(&s->starter);
    const size_t left = handlers_free(&s->handlers);
    if (left)
        cli_note("%zu handlers are still running", left);
    trtc_spool_free(&s->spool);
    trtc_callback_keys_free(&s->keys);
    if (s->signals >= 0)
        close(s->signals);
    return code;
}

static int check(const struct hook_opts *o)
{
    struct trtc_err err;
    if (!o->listen || !o->spool)
        return cli_usage("--listen ADDR:PORT and --spool DIR are required");
    if (!o->key_file && !o->no_sign)
        return cli_usage(
            "without --key-file anyone can send events: give --unsigned if that is intended");
    if (o->forward && o->operands.n)
        return cli_usage("--forward and a command exclude each other");
    if (o->forward && trtc_callback_url(o->forward, &err) < 0)
        return cli_usage("--forward: %s", err.msg);
    return 0;
}

int hook_serve(const struct hook_opts *o)
{
    struct serve s = { .o = o, .signals = -1 };
    struct trtc_err err;
    int code = check(o);
    if (code)
        return code;
    if (begin(&s, &err) < 0) {
        code = err.code == TRTC_EX_USAGE ? cli_usage("--listen: %s", err.msg) : cli_report(&err);
    } else {
        cli_note("listening on http://%s/", trtc_server_address(s.server));
        ready_report();
        run(&s);
        if (s.broken)
            code = cli_report(&(struct trtc_err){
                .code = TRTC_EX_SOFTWARE, .msg = "the process that starts handlers has died" });
    }
    return end(&s, code);
}
