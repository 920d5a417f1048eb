/* SPDX-License-Identifier: MIT */
/* trtc-hook list, replay, gc and wait: work on the content of a spool. */
#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "line.h"
#include "options.h"
#include "serve/spool.h"

enum { GONE_KEPT_MS = 24 * 3600 * 1000, LOOK_MS = 1000 };

/* Called for each selected event. Returns 0, or an exit status after a message. */
struct visit {
    int (*one)(struct trtc_spool *s, const struct hook_event *e, bool *found);
    bool *found; /* or NULL; when set, no more events are needed */
};

/* An event in one of several places that are visited together in order of time. */
struct place_name {
    enum trtc_spool_place place;
    const char *name;
};

static int by_time(const void *a, const void *b)
{
    const struct place_name *x = a, *y = b;
    int64_t xms = 0, yms = 0, type;
    trtc_spool_name_parts(x->name, &xms, &type);
    trtc_spool_name_parts(y->name, &yms, &type);
    return xms != yms ? (xms > yms) - (xms < yms) : strcmp(x->name, y->name);
}

static int visit_one(struct trtc_spool *s, const struct hook_opts *o, const struct place_name *p,
                     const struct visit *v)
{
    struct hook_event e;
    struct trtc_err err;
    if (hook_event_read(s, p->place, p->name, &e, &err) < 0)
        return err.code == TRTC_EX_NOINPUT ? 0 : cli_report(&err); /* the event has been moved
                                                                      meanwhile */
    const int code = hook_means(o, &e) ? v->one(s, &e, v->found) : 0;
    hook_event_fini(&e);
    return code;
}

/* Visits the selected events in these places (a set of bits), in the order in which they
 * happened. */
static int visit_all(struct trtc_spool *s, const struct hook_opts *o, unsigned places,
                     const struct visit *v)
{
    struct trtc_names lists[TRTC_SPOOL_PLACES] = { 0 };
    struct place_name *all = NULL;
    struct trtc_err err;
    size_t n = 0, k = 0;
    int code = 0;
    for (int i = 0; i < TRTC_SPOOL_PLACES && !code; i++) {
        if (places & 1U << i && trtc_spool_list(s, i, &lists[i], &err) < 0)
            code = cli_report(&err);
        n += lists[i].n;
    }
    if (!code && n && !(all = calloc(n, sizeof *all)))
        code = cli_no_memory();
    for (int i = 0; i < TRTC_SPOOL_PLACES && all; i++)
        for (size_t j = 0; j < lists[i].n; j++)
            if (hook_means_name(o, lists[i].v[j]))
                all[k++] = (struct place_name){ i, lists[i].v[j] };
    if (k)
        qsort(all, k, sizeof *all, by_time);
    for (size_t i = 0; i < k && !cli_signal && !(v->found && *v->found); i++)
        code = trtc_worse(code, visit_one(s, o, &all[i], v));
    free(all);
    for (int i = 0; i < TRTC_SPOOL_PLACES; i++)
        trtc_names_fini(&lists[i]);
    return code;
}

static int with_spool(const struct hook_opts *o, unsigned places, const struct visit *v)
{
    struct trtc_err err;
    if (!o->spool)
        return cli_usage("--spool DIR is required");
    if (o->operands.n)
        return cli_usage("unexpected operand '%s'", o->operands.items[0]);
    struct trtc_spool *s = trtc_spool_open(o->spool, false, &err);
    if (!s)
        return cli_report(&err);
    const int code = visit_all(s, o, places, v);
    trtc_spool_free(&s);
    return code;
}

#define ONLY(place) (1U << (place))
#define HANDLED     (ONLY(TRTC_SPOOL_DONE) | ONLY(TRTC_SPOOL_FAILED))

/* ---- list, replay, gc ---- */

static int print(struct trtc_spool *s, const struct hook_event *e, bool *found)
{
    cJSON *line = hook_event_line(s, e, true);
    if (found)
        *found = true;
    cli_put_json(line, false);
    cJSON_Delete(line);
    return 0;
}

int hook_list(const struct hook_opts *o)
{
    return with_spool(o, o->failed ? ONLY(TRTC_SPOOL_FAILED) : HANDLED | ONLY(TRTC_SPOOL_NEW),
                      &(struct visit){ print, NULL });
}

static int replay(struct trtc_spool *s, const struct hook_event *e, bool *found)
{
    struct hook_event moved = *e;
    struct trtc_err err;
    if (trtc_spool_move(s, e->name, e->place, TRTC_SPOOL_NEW, &err) < 0)
        return err.code == TRTC_EX_NOINPUT ? 0 : cli_report(&err);
    moved.place = TRTC_SPOOL_NEW;
    return print(s, &moved, found);
}

int hook_replay(const struct hook_opts *o)
{
    return with_spool(o, o->failed ? ONLY(TRTC_SPOOL_FAILED) : HANDLED,
                      &(struct visit){ replay, NULL });
}

static int drop(struct trtc_spool *s, const struct hook_event *e, bool *found)
{
    struct trtc_err err;
    (void)found;
    return trtc_spool_drop(s, e->name, e->place, &err) < 0 ? cli_report(&err) : 0;
}

int hook_gc(const struct hook_opts *o)
{
    const int code = with_spool(o, ONLY(o->failed ? TRTC_SPOOL_FAILED : TRTC_SPOOL_DONE),
                                &(struct visit){ drop, NULL });
    struct trtc_spool *s = code ? NULL : trtc_spool_open(o->spool, false, NULL);
    if (s)
        trtc_spool_forget(s, clock_real_ms() - GONE_KEPT_MS);
    trtc_spool_free(&s);
    return code;
}

/* ---- wait ---- */

/* Waits until a place receives something, or for a second if it cannot be watched. */
static int watch(const struct trtc_spool *s)
{
    char path[4096];
    const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    for (int i = 0; fd >= 0 && i <= TRTC_SPOOL_FAILED; i++) {
        snprintf(path, sizeof path, "%s/%s", trtc_spool_dir(s), trtc_spool_place_name(i));
        inotify_add_watch(fd, path, IN_CREATE | IN_MOVED_TO);
    }
    return fd;
}

static int wait_for(struct trtc_spool *s, const struct hook_opts *o)
{
    const int64_t end_ms =
        o->timeout_us ? clock_mono_us() / 1000 + (o->timeout_us + 999) / 1000 : INT64_MAX;
    struct pollfd p = { .fd = watch(s), .events = POLLIN };
    char buf[4096];
    bool found = false;
    int code = 0;
    while (!code && !cli_signal) {
        code = visit_all(s, o, HANDLED | ONLY(TRTC_SPOOL_NEW), &(struct visit){ print, &found });
        const int64_t left_ms = end_ms - clock_mono_us() / 1000;
        if (found || code || cli_signal)
            break;
        if (left_ms <= 0)
            code = cli_report(&(struct trtc_err){ .code = TRTC_EX_TEMPFAIL,
                                                  .msg = "no such event arrived in time" });
        else
            poll(&p, p.fd >= 0, left_ms < LOOK_MS ? (int)left_ms : LOOK_MS);
        while (p.fd >= 0 && read(p.fd, buf, sizeof buf) > 0)
            ;
    }
    if (p.fd >= 0)
        close(p.fd);
    return code;
}

int hook_wait(const struct hook_opts *o)
{
    struct trtc_err err;
    if (!o->spool || !o->task || !o->types.n)
        return cli_usage("--spool DIR, --task ID and --type N are required");
    if (o->operands.n)
        return cli_usage("unexpected operand '%s'", o->operands.items[0]);
    struct trtc_spool *s = trtc_spool_open(o->spool, false, &err);
    if (!s)
        return cli_report(&err);
    cli_catch_signals();
    const int code = wait_for(s, o);
    trtc_spool_free(&s);
    return code;
}
