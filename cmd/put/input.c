/* SPDX-License-Identifier: MIT */
/* Adds paths from the arguments or standard input to the order. */
#include "input.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/records.h"
#include "run.h"

/* Limit of files that are not stored yet; beyond it the writer of the paths has to wait. A path is
 * at most as long as the system allows. */
enum { OPEN_MAX_JOBS = 4096, PATH_BYTES_MAX = 4096 };

static void complain(struct put *p, const struct trtc_err *err)
{
    cli_report(err);
    pthread_mutex_lock(&p->lock);
    put_worsen(p, err->code);
    p->nb_failed++;
    pthread_mutex_unlock(&p->lock);
}

/* Waits for room; false: the run is over. If all wait for what failed, only another path can help.
 * The caller holds the lock. */
static bool wait_for_room(struct put *p)
{
    while (!p->no_more && trtc_order_open(p->order) >= OPEN_MAX_JOBS && !trtc_order_idle(p->order))
        pthread_cond_wait(&p->room, &p->lock);
    return !p->no_more;
}

static void take_path(struct put *p, const char *path)
{
    struct trtc_err err;
    char *key = trtc_put_key(&p->names, path, &err);
    int ret = key ? 0 : -1;
    if (key) {
        pthread_mutex_lock(&p->lock);
        if (wait_for_room(p))
            ret = trtc_order_add(p->order, path, key, &err) ? 0 : -1;
        else
            ret = trtc_fail(&err, TRTC_EX_TEMPFAIL, "%s: not put: interrupted", path);
        pthread_cond_signal(&p->work);
        pthread_mutex_unlock(&p->lock);
    }
    if (ret < 0)
        complain(p, &err);
    free(key);
    atomic_store(&p->input_us, clock_mono_us());
}

/* Called before a read that may block: -1: read no more. */
static int may_read(void *arg, struct trtc_err *err)
{
    const struct put *p = arg;
    struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                            { .fd = p->input_stop, .events = POLLIN } };
    while (poll(fds, 2, -1) < 0)
        if (errno != EINTR)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "standard input");
    err->code = 0;
    return fds[1].revents ? -1 : 0;
}

static void take_record(struct put *p, const struct trtc_records *r, const char *s, size_t n)
{
    struct trtc_err err;
    char path[PATH_BYTES_MAX + 1];
    if (s && n && !memchr(s, '\0', n)) {
        memcpy(path, s, n);
        path[n] = '\0';
        take_path(p, path);
        return;
    }
    trtc_fail(&err, TRTC_EX_DATAERR, "standard input: path %llu: %s", (unsigned long long)r->nr,
              !s  ? "it is longer than any path"
              : n ? "there is a NUL in it"
                  : "it is empty");
    complain(p, &err);
}

static void take_stdin(struct put *p)
{
    struct trtc_err err = { 0 };
    struct trtc_records r;
    const char *s;
    size_t n;
    int got = trtc_records_init(&r, STDIN_FILENO, p->o->null ? '\0' : '\n', PATH_BYTES_MAX, &err);
    r.idle = may_read;
    r.idle_arg = p;
    while (got >= 0 && (got = trtc_records_next(&r, &s, &n, &err)) > 0)
        take_record(p, &r, s, n);
    trtc_records_fini(&r);
    if (got < 0 && err.code)
        complain(p, &err);
}

void *put_input(void *put)
{
    struct put *p = put;
    const struct opt_list *paths = &p->o->operands;
    for (size_t i = 0; i < paths->n; i++)
        take_path(p, paths->items[i]);
    if (paths->n == 0)
        take_stdin(p);
    pthread_mutex_lock(&p->lock);
    p->input_ended = true;
    trtc_order_end(p->order);
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    put_news(p);
    return NULL;
}
