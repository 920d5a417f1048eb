/* SPDX-License-Identifier: MIT */
/* The loop of the service, which never blocks: it handles requests, tasks, uploads and callbacks
 * one after the other. Threads send callbacks and fetch pictures. */
#define _GNU_SOURCE /* inotify */

#include "loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "../ready.h"
#include "../signals.h"
#include "api.h"
#include "base/json_put.h"
#include "outbox.h"
#include "pictures.h"
#include "recd.h"
#include "setup.h"
#include "sweep.h"
#include "task.h"
#include "web.h"

enum {
    TICK_MS = 200,
    BODY_BYTES = (10 << 20) + (64 << 10), /* more than the API accepts, so that it can refuse */
    BODIES_BYTES = 32 << 20,
    DISK_MS = 2000,
    PRUNE_MS = 60000,
    QUIET_MS = 10000, /* a full disk is not reported for each of many changes */
    OUT_KEPT = 2000,  /* callbacks that were sent and are still shown */
    FILES = 4096
};

int recd_poll(struct recd *r, struct polled *p, bool writes)
{
    struct epoll_event e = { .events = writes ? EPOLLOUT : EPOLLIN, .data = { .ptr = p } };
    return epoll_ctl(r->events, EPOLL_CTL_ADD, p->fd, &e);
}

void recd_unpoll(struct recd *r, struct polled *p)
{
    epoll_ctl(r->events, EPOLL_CTL_DEL, p->fd, NULL);
}

/* ---- the store ---- */

void recd_store_failed(struct recd *r, const struct trtc_err *err)
{
    const bool damaged = err->code == TRTC_EX_DATAERR;
    if (damaged || !r->failed_ms || r->now_ms - r->failed_ms >= QUIET_MS) {
        cli_error("%s", err->msg);
        r->failed_ms = r->now_ms;
    }
    if (!damaged)
        return;
    cli_error(
        "the state can no longer be changed: tasks continue to record, and their files stay in %s",
        r->tasks_dir);
    trtc_store_free(&r->store);
}

bool recd_change(struct recd *r, int (*change)(struct recd *r, void *arg, struct trtc_err *err),
                 void *arg)
{
    struct trtc_err err = { 0 };
    if (!r->store)
        return false;
    if (trtc_store_begin(r->store, &err) == 0 && change(r, arg, &err) == 0 &&
        trtc_store_commit(r->store, &err) == 0)
        return true;
    trtc_store_rollback(r->store);
    recd_store_failed(r, &err);
    return false;
}

int recd_tell(void *arg, int type, int64_t event_ms, struct cJSON *payload, struct trtc_err *err)
{
    const struct recd_teller *t = arg;
    const struct trtc_config_app *app = trtc_config_app(&t->r->config, t->row->sdkappid);
    cJSON *event = trtc_life_callback(t->row, type, event_ms, payload);
    char *body = trtc_json_text(event, false);
    struct trtc_out_row row = { .sdkappid = t->row->sdkappid,
                                .event_ms = event_ms,
                                .type = type,
                                .task = t->row->id,
                                .body = body,
                                .state =
                                    app && app->callback_url ? TRTC_OUT_WAITING : TRTC_OUT_NONE };
    const int ret = body ? trtc_store_out_add(t->r->store, &row, err) : trtc_fail_nomem(err);
    cJSON_Delete(event);
    free(body);
    return ret;
}

/* ---- requests ---- */

static const char *words(int status)
{
    switch (status) {
    case 404:
        return "{\"code\":404,\"message\":\"the API is POST /\"}\n";
    case 405:
        return "{\"code\":405,\"message\":\"the API is POST /\"}\n";
    case 413:
        return "{\"Response\":{\"Error\":{\"Code\":\"RequestSizeLimitExceeded\",\"Message\":\"over 10 MB\"}}}\n";
    default:
        return NULL;
    }
}

static int on_head(void *arg, struct trtc_request *q)
{
    const char *method = trtc_request_method(q);
    (void)arg;
    return strcmp(method, "POST") == 0 || strcmp(method, "GET") == 0 ? 0 : 405;
}

/* Whether a request is meant for the API: a GET with the marks of the API is refused there, and
 * does not get the page. */
static bool is_call(const struct trtc_request *q)
{
    return strcmp(trtc_request_path(q), "/") == 0 &&
           (strcmp(trtc_request_method(q), "POST") == 0 ||
            trtc_request_header(q, "Authorization") || trtc_request_header(q, "X-TC-Action") ||
            trtc_request_query(q, "Action"));
}

static void on_request(void *arg, struct trtc_request *q)
{
    struct recd *r = arg;
    if (is_call(q))
        api_request(r, q);
    else
        web_request(r, q);
}

/* ---- what is due ---- */

static void look_at_disk(struct recd *r)
{
    struct statvfs v;
    if (r->disk_ms && r->now_ms - r->disk_ms < DISK_MS)
        return;
    r->disk_ms = r->now_ms;
    r->free_percent = statvfs(r->data, &v) == 0 && v.f_blocks
                          ? (int)((double)v.f_bavail * 100 / (double)v.f_blocks)
                          : 100;
}

static void remember(void *arg, const char *signature, int action, int64_t signed_s)
{
    const struct recd *r = arg;
    const struct trtc_use use = { signature, action, true, signed_s, clock_real_ms() / 1000 };
    trtc_replay_take(r->replay, &use);
}

/* Removes old tasks, callbacks and signatures. Signatures that are still valid are remembered
 * already. */
static void prune(struct recd *r)
{
    struct trtc_err err;
    if (!r->store || r->now_ms - r->prune_ms < PRUNE_MS)
        return;
    r->prune_ms = r->now_ms;
    sweep_old(r);
    if (r->store && (trtc_store_out_prune(r->store, OUT_KEPT, &err) < 0 ||
                     trtc_store_used(r->store, clock_real_ms() / 1000, remember, r, &err) < 0))
        recd_store_failed(r, &err);
}

static void tick(struct recd *r)
{
    look_at_disk(r);
    prune(r);
    clock_note_set(&r->ahead_us, "signatures and events have the new time from now on");
    tasks_tick(r);
    outbox_tick(r);
    web_tick(r);
}

static void turn(struct recd *r, int64_t *ticked_ms)
{
    struct epoll_event e;
    int ms = trtc_server_wait_ms(r->http, r->now_ms);
    if (ms < 0 || ms > TICK_MS)
        ms = TICK_MS;
    const int n = epoll_wait(r->events, &e, 1, ms);
    r->now_ms = clock_mono_us() / 1000;
    /* one at a time, since handling one may close the descriptors of others */
    if (n > 0) {
        struct polled *p = e.data.ptr;
        p->ready(r, p);
    }
    trtc_server_run(r->http, r->now_ms);
    if (n <= 0 || r->now_ms - *ticked_ms >= TICK_MS) {
        *ticked_ms = r->now_ms;
        tick(r);
    }
}

int recd_run(struct recd *r)
{
    int64_t ticked_ms = 0;
    while (!cli_signal)
        turn(r, &ticked_ms);
    return 0;
}

/* ---- beginning and end ---- */

static void run_server(struct recd *r, struct polled *p)
{
    (void)p;
    trtc_server_run(r->http, r->now_ms);
}

static void take_signals(struct recd *r, struct polled *p)
{
    (void)r;
    signals_take(p->fd);
}

static int catch_signals(struct recd *r, struct polled *p, struct trtc_err *err)
{
    p->ready = take_signals;
    p->fd = signals_open(err);
    if (p->fd < 0)
        return -1;
    return recd_poll(r, p, false) < 0 ? trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "epoll") : 0;
}

/* Opens the store. Without it, when it is damaged, the service still answers what it can. */
static int open_store(struct recd *r, struct trtc_err *err)
{
    char *path = setup_path(r->data, "recd.db");
    if (!path)
        return trtc_fail_nomem(err);
    r->store = trtc_store_open(path, err);
    free(path);
    if (!r->store && err->code == TRTC_EX_DATAERR) {
        recd_store_failed(r, err);
        return 0;
    }
    if (!r->store)
        return -1;
    return trtc_store_used(r->store, clock_real_ms() / 1000, remember, r, err);
}

static int listen_at(struct recd *r, struct polled *server, struct trtc_err *err)
{
    const struct trtc_server_limits limits = { .body_bytes = BODY_BYTES,
                                               .bodies_bytes = BODIES_BYTES };
    const struct trtc_server_calls calls = {
        .head = on_head,
        .request = on_request,
        .more = web_more,
        .gone = web_gone,
        .words = words,
        .allow = "GET, POST",
        .arg = r,
    };
    r->http = trtc_server_new(r->config.listen, &limits, &calls, err);
    if (!r->http)
        return -1;
    server->ready = run_server;
    server->fd = trtc_server_fd(r->http);
    return recd_poll(r, server, false) < 0 ? trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "epoll")
                                           : 0;
}

static int watch(struct recd *r)
{
    r->inotify.ready = tasks_changed;
    r->inotify.fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (r->inotify.fd < 0 || recd_poll(r, &r->inotify, false) < 0)
        cli_note("inotify is not available: tasks are checked once a second");
    return 0;
}

static int begin(struct recd *r, struct polled *server, struct polled *signals,
                 struct trtc_err *err)
{
    if ((r->events = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "epoll");
    r->now_ms = clock_mono_us() / 1000;
    if (catch_signals(r, signals, err) < 0 || !(r->replay = trtc_replay_new(err)) ||
        open_store(r, err) < 0 || !(r->outbox = outbox_new(r, err)) ||
        !(r->pictures = pictures_new(r, err)))
        return -1;
    watch(r);
    look_at_disk(r);
    return tasks_load(r, err) < 0 ? -1 : listen_at(r, server, err);
}

/* Sends the rest of their data to those who read. */
static void farewell(struct recd *r)
{
    if (!r->http)
        return;
    web_end(r);
    for (int i = 0; i < 20; i++)
        trtc_server_run(r->http, clock_mono_us() / 1000);
}

static void end(struct recd *r)
{
    if (r->http)
        trtc_server_close(r->http);
    farewell(r);
    outbox_end(r);
    pictures_free(&r->pictures);
    tasks_free(r);
    trtc_server_free(&r->http);
    trtc_store_free(&r->store);
    trtc_replay_free(&r->replay);
    if (r->inotify.fd >= 0)
        close(r->inotify.fd);
    if (r->events >= 0)
        close(r->events);
    trtc_config_fini(&r->config);
    free(r->page);
    free(r->rates);
    free(r->data);
    free(r->tasks_dir);
    free(r->storage_dir);
}

int recd_serve(const struct recd_opts *o)
{
    struct recd r = { .o = o, .events = -1, .inotify = { .fd = -1 } };
    struct polled server = { .fd = -1 }, signals = { .fd = -1 };
    struct trtc_err err;
    int code = setup_begin(&r);
    if (!code && begin(&r, &server, &signals, &err) < 0)
        code = err.code == TRTC_EX_USAGE ? cli_usage("--listen: %s", err.msg) : cli_report(&err);
    if (!code) {
        cli_open_files(FILES);
        cli_note("listening on http://%s/", trtc_server_address(r.http));
        ready_report();
        code = recd_run(&r);
    }
    if (signals.fd >= 0)
        close(signals.fd);
    end(&r);
    return code;
}
