/* SPDX-License-Identifier: MIT */
/* trtc-room serve: one loop that receives streams, serves them, and reports who is present. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "../ready.h"
#include "../signals.h"
#include "convert.h"
#include "follow.h"
#include "gate.h"
#include "house.h"
#include "net/callback.h"
#include "notify.h"
#include "publish.h"
#include "read.h"
#include "rooms.h"
#include "serve/origin.h"

enum {
    TICK_MS = 200,
    BODY_BYTES = 8 << 20, /* of a numbered POST */
    FAREWELL_MS = 2000,   /* time for what is in progress at the end */
};

/* ---- shared by all parts ---- */

static int poll_fd(const struct house *h, struct polled *p, int fd, uint32_t what)
{
    struct epoll_event e = { .events = what, .data = { .ptr = p } };
    return epoll_ctl(h->events, EPOLL_CTL_ADD, fd, &e);
}

int house_poll(struct house *h, struct polled *p, bool writes)
{
    return poll_fd(h, p, p->fd, writes ? EPOLLOUT : EPOLLIN);
}

void house_unpoll(struct house *h, const struct polled *p)
{
    epoll_ctl(h->events, EPOLL_CTL_DEL, p->fd, NULL);
}

/* ---- requests ---- */

static const char *words(int status)
{
    switch (status) {
    case 400:
        return "{\"code\":400,\"message\":\"neither /ROOM/USER, /ROOM/USER/aux, /ROOM nor /events, or a "
               "bad parameter\"}\n";
    case 401:
        return "{\"code\":401,\"message\":\"the UserSig is missing or wrong\"}\n";
    case 403:
        return "{\"code\":403,\"message\":\"this origin, or this host name, is not allowed\"}\n";
    case 404:
        return "{\"code\":404,\"message\":\"not found\"}\n";
    case 405:
        return "{\"code\":405,\"message\":\"allowed are PUT, POST, GET and DELETE\"}\n";
    case 408:
        return "{\"code\":408,\"message\":\"no data arrived for too long\"}\n";
    case 409:
        return "{\"code\":409,\"message\":\"replaced by a newer stream, or too far ahead\"}\n";
    case 410:
        return "{\"code\":410,\"message\":\"the user was removed\"}\n";
    case 415:
        return "{\"code\":415,\"message\":\"not a stream of MPEG-TS, Matroska, WebM, FLV or fragmented MP4\"}\n";
    case 503:
        return "{\"code\":503,\"message\":\"too many users or connections: try again later\"}\n";
    default:
        return NULL;
    }
}

static bool is_method(const struct trtc_request *r, const char *name)
{
    return strcmp(trtc_request_method(r), name) == 0;
}

static int on_head(void *arg, struct trtc_request *r)
{
    struct house *h = arg;
    struct trtc_spot spot;
    if (!gate_lets_in(h, r))
        return 403;
    if (is_method(r, "PUT") || is_method(r, "POST"))
        return trtc_spot_parse(trtc_request_path(r), &spot) ? publish_head(h, r, &spot) : 400;
    if (is_method(r, "DELETE"))
        return !trtc_spot_parse(trtc_request_path(r), &spot) || spot.aux ? 400
               : gate_lets_rule(h, r)                                    ? 0
                                                                         : 401;
    if (is_method(r, "GET"))
        return gate_lets_read(h, r) ? 0 : 401;
    return is_method(r, "OPTIONS") ? 0 : 405;
}

static void on_get(struct house *h, struct trtc_request *r)
{
    const char *path = trtc_request_path(r);
    struct trtc_spot spot;
    if (strcmp(path, "/") == 0)
        page_request(h, r, NULL);
    else if (strcmp(path, "/events") == 0)
        follow_request(h, r);
    else if (!trtc_spot_parse(path, &spot))
        trtc_request_answer(r, 400, NULL);
    else if (!*spot.user)
        page_request(h, r, spot.room);
    else
        read_request(h, r, &spot);
}

/* Answers the preflight request that a browser sends before data from another origin. */
static void on_options(struct trtc_request *r)
{
    trtc_request_field(r, "Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
    trtc_request_field(r, "Access-Control-Allow-Headers", "Content-Type");
    trtc_request_answer(r, 200, "{\"code\":0}");
}

static void on_request(void *arg, struct trtc_request *r)
{
    struct house *h = arg;
    struct trtc_spot spot;
    if (trtc_request_ours(r)) {
        publish_end(h, r);
    } else if (is_method(r, "POST")) {
        trtc_spot_parse(trtc_request_path(r), &spot);
        publish_numbered(h, r, &spot);
    } else if (is_method(r, "DELETE")) {
        trtc_spot_parse(trtc_request_path(r), &spot);
        rooms_delete(h, r, &spot);
    } else if (is_method(r, "OPTIONS")) {
        on_options(r);
    } else {
        on_get(h, r);
    }
}

static enum trtc_piece on_piece(void *arg, struct trtc_request *r, const char *data, size_t n)
{
    return publish_piece(arg, r, data, n);
}

static int64_t on_more(void *arg, struct trtc_request *r, char *out, size_t n)
{
    void *ours = trtc_request_ours(r);
    return *(enum party *)ours == PARTY_READER ? reader_more(arg, ours, out, n)
                                               : follower_more(ours, out, n);
}

static void on_gone(void *arg, struct trtc_request *r, bool whole)
{
    struct house *h = arg;
    void *ours = trtc_request_ours(r);
    switch (*(enum party *)ours) {
    case PARTY_PUBLISHER:
        publish_gone(h, ours, whole);
        break;
    case PARTY_READER:
        reader_gone(h, ours);
        break;
    case PARTY_WAITER:
        waiter_gone(h, ours);
        break;
    case PARTY_FOLLOWER:
        follower_gone(h, ours);
    }
}

/* ---- the loop ---- */

static void run_server(struct house *h, struct polled *p, int fd)
{
    (void)p;
    (void)fd;
    trtc_server_run(h->http, h->now_ms);
}

static void take_signals(struct house *h, struct polled *p, int fd)
{
    (void)h;
    (void)p;
    signals_take(fd);
}

static void tick(struct house *h)
{
    streams_tick(h);
    waiters_tick(h);
    rooms_tick(h);
    if (h->now_ms - h->beat_ms >= BEAT_MS) {
        h->beat_ms = h->now_ms;
        followers_beat(h);
    }
}

static void turn(struct house *h)
{
    struct epoll_event e;
    int ms = trtc_server_wait_ms(h->http, h->now_ms);
    if (ms < 0 || ms > TICK_MS)
        ms = TICK_MS;
    const int n = epoll_wait(h->events, &e, 1, ms);
    h->now_ms = clock_mono_us() / 1000;
    if (n > 0) {
        struct polled *p = e.data.ptr;
        p->ready(h, p, p->fd);
    }
    trtc_server_run(h->http, h->now_ms);
    if (h->now_ms - h->trimmed_ms >= TICK_MS) {
        h->trimmed_ms = h->now_ms;
        tick(h);
    }
}

/* Makes everyone leave; readers get the remaining bytes. */
static void close_house(struct house *h)
{
    h->closing = true;
    trtc_server_close(h->http);
    for (struct stream *s = h->streams; s; s = s->next) {
        if (s->publisher)
            trtc_request_break(s->publisher, 503);
        s->ended = true;
        if (s->convert)
            convert_finish(h, s);
        stream_over(h, s, TRTC_REASON_REMOVED);
    }
    tick(h);
    followers_end(h);
}

static void run(struct house *h)
{
    while (!cli_signal)
        turn(h);
    const int first = cli_signal;
    close_house(h);
    const int64_t until_ms = h->now_ms + FAREWELL_MS;
    cli_signal = 0;
    while ((h->streams || h->followers) && h->now_ms < until_ms && !cli_signal)
        turn(h);
    cli_signal = first;
}

/* ---- start and end ---- */

static int catch_signals(struct house *h, struct polled *p, struct trtc_err *err)
{
    p->ready = take_signals;
    p->fd = signals_open(err);
    if (p->fd < 0)
        return -1;
    return house_poll(h, p, false) < 0 ? trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "epoll") : 0;
}

/* Sets the beginning of every Source. A wildcard address is reached through loopback. */
static void set_base(struct house *h)
{
    const char *at = trtc_server_address(h->http);
    const char *port = strrchr(at, ':');
    if (h->o->base_url)
        snprintf(h->base, sizeof h->base, "%s", h->o->base_url);
    else if (strncmp(at, "0.0.0.0:", 8) == 0 || strncmp(at, "[::]:", 5) == 0)
        snprintf(h->base, sizeof h->base, "http://127.0.0.1%s", port);
    else
        snprintf(h->base, sizeof h->base, "http://%s", at);
}

static int begin(struct house *h, struct polled *server, struct polled *signals,
                 struct trtc_err *err)
{
    const struct room_opts *o = h->o;
    const struct trtc_server_limits limits = { .connections = (int)o->max_connections,
                                               .body_bytes = BODY_BYTES };
    const struct trtc_server_calls calls = { .head = on_head,
                                             .request = on_request,
                                             .piece = on_piece,
                                             .more = on_more,
                                             .gone = on_gone,
                                             .words = words,
                                             .allow = "GET, POST, PUT, DELETE, OPTIONS",
                                             .arg = h };
    if ((h->events = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "epoll");
    if ((o->key_file && !(h->keys = trtc_callback_keys_read(o->key_file, err))) ||
        catch_signals(h, signals, err) < 0 || (o->hook && !(h->notifier = notifier_new(o, err))) ||
        !(h->http = trtc_server_new(o->listen, &limits, &calls, err)))
        return -1;
    server->ready = run_server;
    server->fd = trtc_server_fd(h->http);
    if (house_poll(h, server, false) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "epoll");
    set_base(h);
    h->now_ms = h->beat_ms = clock_mono_us() / 1000;
    return 0;
}

static void report_listening(const struct house *h)
{
    const char *at = trtc_server_address(h->http);
    cli_note("listening on http://%s/", at);
    if (!h->o->key_file && !trtc_origin_peer_is_local(at))
        cli_note("anyone who can reach this address can publish, read and dissolve rooms: "
                 "--key-file limits that");
}

static int end(struct house *h, int code)
{
    trtc_server_free(&h->http);
    streams_free(h);
    const int64_t lost = notifier_free(&h->notifier);
    if (lost) {
        cli_error("%" PRId64 " events could not be sent", lost);
        code = trtc_worse(code, TRTC_EX_LOSS);
    }
    rooms_forget(h);
    trtc_attendance_fini(&h->here);
    trtc_callback_keys_free(&h->keys);
    if (h->events >= 0)
        close(h->events);
    return code;
}

/* An Origin as browsers send it: a scheme and a host, without a path, or "null". */
static bool is_origin(const char *text)
{
    const char *host = strstr(text, "://");
    return strcmp(text, "null") == 0 || (host && host > text && host[3] && !strchr(host + 3, '/'));
}

static int check(const struct room_opts *o)
{
    struct trtc_err err;
    if (!o->listen)
        return cli_usage("--listen ADDR:PORT is required");
    if (o->operands.n)
        return cli_usage("unexpected operand '%s'", o->operands.items[0]);
    if (o->hook && trtc_callback_url(o->hook, &err) < 0)
        return cli_usage("--hook: %s", err.msg);
    if (o->hook_key_file && !o->hook)
        return cli_usage("--hook-key-file needs --hook");
    if (o->readers && !o->key_file)
        return cli_usage("--readers needs --key-file");
    if (o->base_url && !room_is_base(o->base_url))
        return cli_usage("--base-url: not http://HOST or https://HOST");
    for (size_t i = 0; i < o->origins.n; i++)
        if (!is_origin(o->origins.items[i]))
            return cli_usage("--origin: '%s' is not https://HOST[:PORT] without a path",
                             o->origins.items[i]);
    return 0;
}

int room_serve(const struct room_opts *o)
{
    struct house h = { .o = o, .events = -1 };
    struct polled server = { 0 }, signals = { .fd = -1 };
    struct trtc_err err;
    int code = check(o);
    if (code)
        return code;
    if (begin(&h, &server, &signals, &err) < 0) {
        code = err.code == TRTC_EX_USAGE ? cli_usage("--listen: %s", err.msg) : cli_report(&err);
    } else {
        cli_open_files(2 * o->max_connections + 64);
        report_listening(&h);
        ready_report();
        run(&h);
    }
    if (signals.fd >= 0)
        close(signals.fd);
    return end(&h, code);
}
