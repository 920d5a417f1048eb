/* SPDX-License-Identifier: MIT */
/* A run: threads that read paths and put files until all is done or a signal comes. */
#define _GNU_SOURCE /* eventfd, ppoll */

#include "run.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "input.h"
#include "put/target.h"
#include "work.h"
#include "write.h"

/* After a signal, while paths come in: reading continues until no path has come for QUIET_US, since
 * their writer may also be finishing, but not beyond DRAIN_US. Otherwise no new file is begun.
 * Files in progress then have GRACE_US. */
#define QUIET_US INT64_C(2000000)
#define DRAIN_US INT64_C(10000000)
#define GRACE_US INT64_C(5000000)
#define SLICE_US INT64_C(100000)

void put_news(struct put *p)
{
    const uint64_t one = 1;
    while (write(p->news, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void put_worsen(struct put *p, int code)
{
    p->code = trtc_worse(p->code, code);
}

/* ---- the end ---- */

struct ending { /* all zeros: no signal has come */
    int64_t signal_us, no_more_us;
    bool drains;
};

static void stop_input(struct put *p)
{
    const uint64_t one = 1;
    if (write(p->input_stop, &one, sizeof one) < 0)
        cli_debug("standard input is read on");
}

/* The caller holds the lock. */
static bool drains_still(struct put *p, const struct ending *e, int64_t now_us)
{
    if (!e->drains || now_us - e->signal_us > DRAIN_US)
        return false;
    if (!p->input_ended && now_us - e->signal_us > QUIET_US &&
        now_us - atomic_load(&p->input_us) > QUIET_US)
        stop_input(p);
    return true;
}

static void heed_signal(struct put *p, struct ending *e)
{
    const int64_t now_us = clock_mono_us();
    if (!cli_signal)
        return;
    pthread_mutex_lock(&p->lock);
    if (!e->signal_us) {
        e->signal_us = now_us;
        e->drains = !p->input_ended;
    }
    if (!p->no_more && !drains_still(p, e, now_us)) {
        p->no_more = true;
        pthread_cond_broadcast(&p->room);
    }
    if (p->no_more && !e->no_more_us)
        e->no_more_us = now_us;
    if (p->no_more && now_us - e->no_more_us > GRACE_US)
        p->stop = 1;
    pthread_mutex_unlock(&p->lock);
}

static bool is_over(struct put *p)
{
    pthread_mutex_lock(&p->lock);
    const bool over = !p->done && (p->no_more ? trtc_order_running(p->order) == 0
                                              : p->input_ended && trtc_order_idle(p->order));
    pthread_mutex_unlock(&p->lock);
    return over;
}

/* Waits for news, until a signal interrupts it. */
static void wait_news(const struct put *p, const sigset_t *signals)
{
    struct pollfd fd = { .fd = p->news, .events = POLLIN };
    const struct timespec slice = { .tv_nsec = (long)SLICE_US * 1000 };
    uint64_t n;
    if (ppoll(&fd, 1, cli_signal ? &slice : NULL, signals) > 0)
        while (read(p->news, &n, sizeof n) < 0 && errno == EINTR)
            ;
}

static void oversee(struct put *p, const sigset_t *signals)
{
    struct ending ending = { 0 };
    p->since_us = clock_mono_us();
    while (!is_over(p)) {
        wait_news(p, signals);
        heed_signal(p, &ending);
        put_write(p);
    }
    cli_progress(NULL);
}

/* Reports what was not put, except failures, which were already reported. */
static void name_rest(struct put *p)
{
    for (const struct trtc_job *job = trtc_order_first(p->order); job; job = job->next) {
        if (job->state == TRTC_JOB_FAILED)
            continue;
        const struct trtc_job *on = job->for_job;
        if (on)
            cli_error("%s: not put: it names '%s', which does not exist", job->path, on->path);
        else
            cli_error("%s: not put: interrupted", job->path);
        put_worsen(p, on && on->fault ? on->fault : TRTC_EX_TEMPFAIL);
        p->nb_failed++;
    }
    if (p->nb_failed > 1)
        cli_note("%lld files were not put", (long long)p->nb_failed);
}

/* ---- threads ---- */

static int begin_threads(struct put *p, struct put_worker *workers, pthread_t *input,
                         struct trtc_err *err)
{
    int errnum = 0, n = 0;
    while (n < p->o->jobs && !errnum) {
        workers[n].p = p;
        errnum = pthread_create(&workers[n].thread, NULL, put_work, &workers[n]);
        n += !errnum;
    }
    if (n && !(errnum = pthread_create(input, NULL, put_input, p)))
        return n;
    trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errnum, "cannot start a thread");
    return -n - 1;
}

static void end_threads(struct put *p, struct put_worker *workers, int n)
{
    pthread_mutex_lock(&p->lock);
    p->over = true;
    p->no_more = true;
    pthread_cond_broadcast(&p->work);
    pthread_cond_broadcast(&p->room);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < n; i++)
        pthread_join(workers[i].thread, NULL);
}

static void run_threads(struct put *p, struct put_worker *workers)
{
    struct trtc_err err;
    sigset_t ours, before;
    pthread_t input;
    sigemptyset(&ours);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &ours,
                    &before); /* signals interrupt this thread only, while it waits */
    cli_catch_signals();
    const int n = begin_threads(p, workers, &input, &err);
    if (n > 0)
        oversee(p, &before);
    else
        put_worsen(p, cli_report(&err));
    stop_input(p);
    end_threads(p, workers, n < 0 ? -n - 1 : n);
    if (n > 0)
        pthread_join(input, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    name_rest(p);
}

/* ---- the run ---- */

/* Waits before the next attempt. After a signal there is none. */
static int wait_ms(void *arg, int64_t ms)
{
    struct put *p = arg;
    const int64_t until_us = clock_mono_us() + ms * 1000;
    bool no_more = false;
    for (int64_t left_us; !no_more && (left_us = until_us - clock_mono_us()) > 0;) {
        const int64_t slice_us = left_us < SLICE_US ? left_us : SLICE_US;
        nanosleep(&(struct timespec){ .tv_nsec = (long)slice_us * 1000 }, NULL);
        pthread_mutex_lock(&p->lock);
        no_more = p->no_more;
        pthread_mutex_unlock(&p->lock);
    }
    return no_more;
}

static void notice(void *arg, const char *text)
{
    (void)arg;
    cli_note("%s", text);
}

/* Opens a connection, or several, for each thread. */
static int open_stores(struct put *p, struct put_worker *workers, struct trtc_err *err)
{
    const int64_t retries = p->o->retries;
    const struct trtc_storage_options options = {
        .place = &p->place->place,
        .keys = &p->place->keys,
        .outside = { clock_wall_s, clock_mono_ms, clock_chance, wait_ms, notice, p },
        .retries = retries < 0    ? 0
                   : retries == 0 ? -1
                                  : (int)retries,
        .agent = "trtc-put/" TRTC_VERSION,
        .ca_file = getenv("SSL_CERT_FILE"),
        .stop = &p->stop,
        .shared = &p->shared,
    };
    if (p->place->place.kind == TRTC_PLACE_DIR || p->place->place.kind == TRTC_PLACE_EXEC)
        return 0;
    for (int64_t i = 0; i < p->o->jobs; i++)
        if (!(workers[i].storage = trtc_storage_open(&options, err)))
            return -1;
    return 0;
}

static int open_journal(struct put *p, struct trtc_err *err)
{
    if (!p->o->journal)
        return 0;
    char *name = trtc_put_place_name(&p->place->place);
    if (!name)
        return trtc_fail_nomem(err);
    p->journal = trtc_journal_open(p->o->journal, name, &p->proven, err);
    free(name);
    return p->journal ? 0 : -1;
}

static void set_tries(struct put *p)
{
    const bool exec = p->place->place.kind == TRTC_PLACE_EXEC;
    const int64_t s = 1000000, retries = p->o->retries < 0 ? 4 : p->o->retries;
    p->tries = (struct trtc_order_tries){ .first_us = exec ? s : 3 * s,
                                          .max_us = 60 * s,
                                          .at_end = exec ? (int)retries + 1 : 1 };
}

static int open_all(struct put *p, struct trtc_err *err)
{
    p->done_end = &p->done;
    pthread_mutex_init(&p->lock, NULL);
    clock_cond_init(&p->work);
    pthread_cond_init(&p->room, NULL);
    p->news = eventfd(0, EFD_CLOEXEC);
    p->input_stop = eventfd(0, EFD_CLOEXEC);
    if (p->news < 0 || p->input_stop < 0)
        return trtc_fail_errno(err, TRTC_EX_TEMPFAIL, errno, "cannot create an eventfd");
    p->order = trtc_order_new(err);
    if (!p->order)
        return -1;
    if (p->place->place.kind == TRTC_PLACE_DIR &&
        !(p->dir = trtc_put_dir_open(p->place->place.dir, &p->stop, err)))
        return -1;
    set_tries(p);
    return open_journal(p, err);
}

static void close_all(struct put *p)
{
    trtc_journal_close(&p->journal);
    trtc_proven_fini(&p->proven);
    for (size_t i = 0; i < p->nb_kept; i++)
        trtc_storage_proof_fini(&p->kept[i]);
    free(p->kept);
    trtc_put_dir_close(&p->dir);
    trtc_order_free(&p->order);
    if (p->news >= 0)
        close(p->news);
    if (p->input_stop >= 0)
        close(p->input_stop);
    pthread_cond_destroy(&p->room);
    pthread_cond_destroy(&p->work);
    pthread_mutex_destroy(&p->lock);
}

int put_run(const struct put_opts *o, const struct put_place *place)
{
    struct trtc_err err;
    char *cwd = getcwd(NULL, 0);
    struct put p = { .o = o,
                     .place = place,
                     .names = {
                         .root = o->root, .cwd = cwd ? cwd : "/", .prefix = place->prefix } };
    struct put_worker workers[PUT_JOBS_MAX] = { { 0 } };
    if (!cwd && errno == ENOMEM)
        return cli_no_memory();
    if (open_all(&p, &err) < 0 || open_stores(&p, workers, &err) < 0)
        put_worsen(&p, cli_report(&err));
    else
        run_threads(&p, workers);
    for (int i = 0; i < PUT_JOBS_MAX; i++)
        trtc_storage_close(&workers[i].storage);
    close_all(&p);
    free(cwd);
    return p.code;
}
