/* SPDX-License-Identifier: MIT */
/* The handlers of a server. Whether an event has been handled is decided by the spool and not by
 * the child's exit status: an event in new/ has not been handled. */
#define _DEFAULT_SOURCE /* st_mtim */

#include "handlers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "line.h"
#include "serve/queue.h"

enum { ATTEMPTS = 5, QUEUE_MAX = 50000, RESTART_MS = 1000, QUIET_MS = 10000 };

struct handlers {
    const struct hook_opts *o;
    struct trtc_spool *spool;
    struct trtc_queue *queue;
    int notify;
    bool missed;       /* new/ has more events than are queued */
    int64_t said_ms;   /* when an unreadable event was last reported; 0: never */
    int64_t paused_ms; /* no handler can be started until then */
    size_t nb_running;
    struct starter *starter;
};

/* ---- the queue ---- */

/* 0, or errno: ENOENT if another process has handled it. */
static int find_new(const struct handlers *h, const char *name, struct stat *st)
{
    const int fd = trtc_spool_fd(h->spool, TRTC_SPOOL_NEW);
    return fstatat(fd, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? errno : 0;
}

static bool is_gone(const struct handlers *h, const char *name)
{
    struct stat st;
    return find_new(h, name, &st) == ENOENT;
}

/* The lane of an event: one for each task; events without a task have one lane for each room. */
static char *lane_of(const struct handlers *h, const char *name, struct trtc_err *err)
{
    struct hook_event e;
    char *lane = NULL;
    if (hook_event_read(h->spool, TRTC_SPOOL_NEW, name, &e, err) < 0)
        return NULL;
    const char *key = e.event.task ? e.event.task : e.event.room ? e.event.room : "";
    const size_t size = strlen(key) + 32;
    lane = calloc(1, size);
    if (!lane)
        trtc_fail_nomem(err);
    else if (*key)
        snprintf(lane, size, "%c%" PRId64 " %s", e.event.task ? 't' : 'r', e.sdkappid, key);
    hook_event_fini(&e);
    return lane;
}

/* The event stays and is tried again. Of many such events not every one is reported. */
static void report_unread(struct handlers *h, const char *name, const struct trtc_err *err)
{
    const int64_t now_ms = clock_mono_us() / 1000;
    if (h->said_ms && now_ms - h->said_ms < QUIET_MS)
        return;
    h->said_ms = now_ms;
    cli_error("%s: not handled yet: %s", name, err->msg);
}

/* When an event arrived, by the clock of the queue, which is never adjusted. A file that seems to come
 * from the future has arrived now. */
static int64_t arrival_ms(const struct stat *st)
{
    const int64_t came_ms = st->st_mtim.tv_sec * INT64_C(1000) + st->st_mtim.tv_nsec / 1000000;
    const int64_t age_ms = clock_real_ms() - came_ms;
    return clock_mono_us() / 1000 - (age_ms > 0 ? age_ms : 0);
}

static void enqueue(struct handlers *h, const char *name)
{
    int64_t event_ms, type;
    struct stat st;
    if (!trtc_spool_name_parts(name, &event_ms, &type))
        return;
    const int errnum = find_new(h, name, &st);
    if (errnum) {
        h->missed |= errnum != ENOENT;
        return;
    }
    struct trtc_err err;
    char *lane = lane_of(h, name, &err);
    if (lane) {
        h->missed |= trtc_queue_add(h->queue, lane, name, event_ms, arrival_ms(&st)) < 0;
    } else if (!is_gone(h, name)) {
        h->missed = true;
        report_unread(h, name, &err);
    }
    free(lane);
}

static void scan(struct handlers *h)
{
    struct trtc_names l = { 0 };
    struct trtc_err err;
    h->missed = false;
    if (trtc_spool_list(h->spool, TRTC_SPOOL_NEW, &l, &err) < 0) {
        cli_report(&err);
        h->missed = true;
        return;
    }
    for (size_t i = 0; i < l.n && trtc_queue_length(h->queue) < QUEUE_MAX; i++)
        enqueue(h, l.v[i]);
    h->missed |= trtc_queue_length(h->queue) >= QUEUE_MAX;
    trtc_names_fini(&l);
}

static void take_notices(struct handlers *h)
{
    char buf[16 << 10] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    while ((n = read(h->notify, buf, sizeof buf)) > 0)
        for (char *p = buf; p < buf + n;) {
            const struct inotify_event *e = (const struct inotify_event *)(void *)p;
            if (e->mask & IN_Q_OVERFLOW)
                h->missed = true;
            else if (e->len)
                enqueue(h, e->name);
            p += sizeof *e + e->len;
        }
}

/* ---- running ---- */

static void begin(struct handlers *h, const char *name, int64_t now_ms)
{
    if (is_gone(h, name)) {
        trtc_queue_end(h->queue, name, TRTC_QUEUE_DONE, now_ms);
    } else if (starter_begin(h->starter, name)) {
        h->nb_running++;
    } else {
        h->paused_ms = now_ms + RESTART_MS;
        trtc_queue_end(h->queue, name, TRTC_QUEUE_HELD, now_ms);
    }
}

/* The attempts are used up. */
static void give_up(struct handlers *h, const char *name)
{
    struct trtc_err err;
    cli_error("%s: the handler has failed %d times", name, ATTEMPTS);
    if (trtc_spool_move(h->spool, name, TRTC_SPOOL_NEW, TRTC_SPOOL_FAILED, &err) < 0)
        cli_report(&err);
}

/* An event that is still in new/ has not been handled, whatever the status is. */
static enum trtc_queue_result result_of(struct handlers *h, const struct starter_result *r)
{
    if (is_gone(h, r->name))
        return TRTC_QUEUE_DONE;
    if (r->status == -1)
        return TRTC_QUEUE_HELD;
    return WIFEXITED(r->status) && WEXITSTATUS(r->status) == TRTC_EX_UNAVAILABLE ? TRTC_QUEUE_HELD
                                                                                 : TRTC_QUEUE_AGAIN;
}

/* False: nothing can be started any more. */
static bool take_results(struct handlers *h, int64_t now_ms)
{
    struct starter_result r;
    int got;
    while ((got = starter_next(h->starter, &r)) > 0) {
        const enum trtc_queue_result result = result_of(h, &r);
        h->nb_running--;
        if (r.status == -1 && result == TRTC_QUEUE_HELD) {
            h->paused_ms = now_ms + RESTART_MS;
            cli_error("%s: cannot start a process", r.name);
        }
        if (trtc_queue_end(h->queue, r.name, result, now_ms) && result == TRTC_QUEUE_AGAIN)
            give_up(h, r.name);
    }
    return got == 0;
}

bool handlers_turn(struct handlers *h, int64_t now_ms)
{
    const char *name;
    int attempt;
    if (!take_results(h, now_ms))
        return false;
    take_notices(h);
    if (h->missed && trtc_queue_length(h->queue) < QUEUE_MAX / 2)
        scan(h);
    while (h->nb_running < (size_t)h->o->jobs && now_ms >= h->paused_ms &&
           (name = trtc_queue_next(h->queue, now_ms, &attempt)) != NULL)
        begin(h, name, now_ms);
    return true;
}

/* ---- interface ---- */

int handlers_check(const struct hook_opts *o, struct trtc_err *err)
{
    const char *cmd = o->operands.n ? o->operands.items[0] : NULL, *path = getenv("PATH");
    char full[4096];
    if (!cmd || (strchr(cmd, '/') && access(cmd, X_OK) == 0))
        return 0;
    for (const char *p = path; p && !strchr(cmd, '/');
         p = strchr(p, ':') ? strchr(p, ':') + 1 : NULL) {
        const int n = (int)strcspn(p, ":");
        snprintf(full, sizeof full, "%.*s/%s", n, p, cmd);
        if (access(full, X_OK) == 0)
            return 0;
    }
    return trtc_fail(err, TRTC_EX_NOINPUT, "'%s' is not a command that can be run", cmd);
}

static int watch(struct handlers *h, struct trtc_err *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/new", trtc_spool_dir(h->spool));
    h->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (h->notify < 0 ||
        inotify_add_watch(h->notify, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot watch '%s'", path);
    return 0;
}

struct handlers *handlers_new(const struct hook_opts *o, struct trtc_spool *spool,
                              struct starter **starter, struct trtc_err *err)
{
    const struct trtc_queue_rules rules = { .settle_ms = o->settle_us / 1000,
                                            .back_off_ms = (o->back_off_us + 999) / 1000,
                                            .attempts = ATTEMPTS,
                                            .items_max = QUEUE_MAX };
    struct handlers *h = calloc(1, sizeof *h);
    if (!h) {
        trtc_fail_nomem(err);
        return NULL;
    }
    h->o = o;
    h->spool = spool;
    h->notify = -1;
    h->starter = *starter;
    *starter = NULL;
    h->queue = trtc_queue_new(&rules, err);
    if (!h->queue || watch(h, err) < 0)
        handlers_free(&h);
    else
        scan(h);
    return h;
}

size_t handlers_free(struct handlers **handlers)
{
    struct handlers *h = *handlers;
    if (!h)
        return 0;
    const size_t left = h->nb_running;
    if (h->notify >= 0)
        close(h->notify);
    trtc_queue_free(&h->queue);
    starter_free(&h->starter);
    free(h);
    *handlers = NULL;
    return left;
}

int handlers_fd(const struct handlers *h)
{
    return h->notify;
}

int handlers_results_fd(const struct handlers *h)
{
    return starter_fd(h->starter);
}

int64_t handlers_wait_ms(const struct handlers *h, int64_t now_ms)
{
    if (h->nb_running >= (size_t)h->o->jobs)
        return -1;
    const int64_t ms = trtc_queue_wait_ms(h->queue, now_ms);
    const int64_t paused = h->paused_ms > now_ms ? h->paused_ms - now_ms : 0;
    return h->missed && ms < 0 ? RESTART_MS : ms >= 0 && ms < paused ? paused : ms;
}
