/* SPDX-License-Identifier: MIT */
/* One attempt after another: the file is opened, examined, put, and examined again. */
#define _GNU_SOURCE /* O_DIRECTORY, memfd_create */

#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/beneath.h"
#include "base/file.h"
#include "child.h"
#include "look.h"

/* The result of an attempt. CHANGED: the file is a different one now. */
enum end { DONE, CHANGED, WAITS, FAILED };

enum { CHANGES_MAX = 5 }; /* after so many changes in a row the next attempt waits */

/* An attempt. These are copies, since the job's own texts may change under the lock. */
struct attempt {
    struct put_worker *w;
    struct put *p;
    struct trtc_job *job;
    struct put_done *done;
    int fd;
    int copy;      /* of a playlist: the copy that is examined and put; else -1 */
    bool replaced; /* another file has its name now */
    struct trtc_err err;
};

/* ---- opening ---- */

/* Opens a file that a playlist named: nothing outside the playlist's directory. */
static int open_named(const char *path, size_t in_dir, struct trtc_err *err)
{
    struct trtc_err why;
    char *dir = in_dir ? strndup(path, in_dir) : strdup(".");
    if (!dir)
        return trtc_fail_nomem(err);
    const int at = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(dir);
    if (at < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
    const int fd = trtc_open_beneath(at, path + in_dir, NULL, &why);
    close(at);
    return fd < 0 ? trtc_fail(err, why.code, "%s: %s", path, why.msg) : fd;
}

static int open_given(const char *path, struct trtc_err *err)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const bool known = fd >= 0 && fstat(fd, &st) == 0;
    if (known && S_ISREG(st.st_mode))
        return fd;
    const int errnum = errno;
    if (fd >= 0)
        close(fd);
    if (!known)
        return trtc_fail_errno(err, fd < 0 ? TRTC_EX_NOINPUT : TRTC_EX_IOERR, errnum, "%s", path);
    return S_ISDIR(st.st_mode)
               ? trtc_fail(err, TRTC_EX_DATAERR,
                           "%s: it is a directory: give its files (find '%s' -type f -print0 | "
                           "trtc-put -0 ...)",
                           path, path)
               : trtc_fail(err, TRTC_EX_DATAERR, "%s: it is not a regular file", path);
}

static int stamp_of(int fd, const char *path, uint64_t *stamp, struct trtc_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", path);
    *stamp = trtc_put_stamp(&st);
    return 0;
}

/* Copies a playlist into memory, so that the version that was examined is put, whatever is written
 * meanwhile. */
static int copy_playlist(struct attempt *a)
{
    a->copy = memfd_create("playlist", MFD_CLOEXEC);
    if (a->copy < 0)
        return trtc_fail_errno(&a->err, TRTC_EX_TEMPFAIL, errno, "%s: cannot copy it to memory",
                               a->done->path);
    return trtc_copy_all(a->fd, a->done->path, a->copy, "its copy in memory", &a->err);
}

/* ---- putting ---- */

static int on_begun(void *arg, const char *upload)
{
    struct attempt *a = arg;
    const struct trtc_journal_file file = { a->done->hash, a->done->stamp, a->done->key };
    pthread_mutex_lock(&a->p->lock);
    const int ret = trtc_journal_begun(a->p->journal, &file, upload, &a->err);
    pthread_mutex_unlock(&a->p->lock);
    return ret;
}

static int on_part(void *arg, const struct trtc_storage_part *part)
{
    struct attempt *a = arg;
    const struct trtc_journal_file file = { a->done->hash, a->done->stamp, a->done->key };
    pthread_mutex_lock(&a->p->lock);
    const int ret = trtc_journal_part(a->p->journal, &file, part, &a->err);
    pthread_mutex_unlock(&a->p->lock);
    return ret;
}

/* A growing playlist may have been replaced by a version whose segments nobody has checked, so the
 * program receives a copy of the version that was examined. */
static int put_to_child(struct attempt *a, const struct trtc_storage_file *file)
{
    char *copy = NULL;
    if (a->done->growing && !(copy = put_child_copy(file->fd, file->path, &a->err)))
        return -1;
    const struct put_child child = { .command = a->p->place->place.command,
                                     .path = copy ? copy : file->path,
                                     .stop = &a->p->stop };
    const int ret = put_child(&child, file, &a->done->proof, &a->err);
    put_child_copy_free(&copy);
    return ret;
}

static int put_to_place(struct attempt *a)
{
    struct put *p = a->p;
    struct trtc_storage_file file = { .fd = a->copy >= 0 ? a->copy : a->fd,
                                      .path = a->done->path,
                                      .key = a->done->key,
                                      .mime = trtc_put_mime(a->done->key) };
    struct trtc_storage_proof *proof = &a->done->proof;
    if (p->dir && a->copy >= 0 && trtc_put_dir_is(p->dir, file.key, a->fd))
        return trtc_fail(&a->err, TRTC_EX_DATAERR, "%s: the target is the same file", file.path);
    if (p->dir)
        return trtc_put_dir_put(p->dir, &file, proof, &a->err);
    if (p->place->place.kind == TRTC_PLACE_EXEC)
        return put_to_child(a, &file);
    if (p->journal) {
        const struct trtc_journal_file what = { a->done->hash, a->done->stamp, a->done->key };
        pthread_mutex_lock(&p->lock);
        file.resume = trtc_journal_upload(p->journal, &what);
        pthread_mutex_unlock(&p->lock);
        file.begun = on_begun;
        file.part = on_part;
        file.arg = a;
    }
    return trtc_storage_put(a->w->storage, &file, proof, &a->err);
}

/* Puts the file. CHANGED: what was put may be neither the old file nor the new one. */
static enum end put_once(struct attempt *a)
{
    struct put_done *d = a->done;
    uint64_t now = 0;
    struct stat st;
    if (put_to_place(a) < 0)
        return FAILED;
    if (stamp_of(a->fd, d->path, &now, &a->err) < 0)
        return FAILED;
    if (now != d->stamp) {
        trtc_fail(&a->err, TRTC_EX_TEMPFAIL, "%s: the file keeps changing", d->path);
        return CHANGED;
    }
    a->replaced = stat(d->path, &st) == 0 && trtc_put_stamp(&st) != now;
    return DONE;
}

/* Whether the journal, or this run, has a proof of the file as it is. */
static bool is_proven(struct attempt *a)
{
    pthread_mutex_lock(&a->p->lock);
    const struct trtc_proven_entry *e = trtc_proven_find(&a->p->proven, a->done->hash);
    const bool proven = e && e->stamp == a->done->stamp && (e->at != -1 || !a->p->o->json);
    pthread_mutex_unlock(&a->p->lock);
    return proven;
}

/* CHANGED: the file was written to while it was read. */
static enum end look_into(struct attempt *a)
{
    struct put_done *d = a->done;
    uint64_t now = 0;
    if (copy_playlist(a) < 0 || stamp_of(a->fd, d->path, &now, &a->err) < 0)
        return FAILED;
    if (now != d->stamp) {
        trtc_fail(&a->err, TRTC_EX_TEMPFAIL, "%s: the file keeps changing", d->path);
        return CHANGED;
    }
    const enum put_look look = put_look(a->p, &a->w->dir, a->job, a->copy, &d->growing, &a->err);
    return look == PUT_LOOK_GO ? DONE : look == PUT_LOOK_WAIT ? WAITS : FAILED;
}

static enum end attempt(struct attempt *a)
{
    struct put_done *d = a->done;
    const struct trtc_job *job = a->job;
    if (trtc_put_hash_of(d->key, &d->hash, &a->err) < 0)
        return FAILED;
    a->fd = job->named ? open_named(d->path, job->in_dir, &a->err) : open_given(d->path, &a->err);
    if (a->fd < 0 || stamp_of(a->fd, d->path, &d->stamp, &a->err) < 0)
        return FAILED;
    d->known = is_proven(a);
    if (job->playlist && (!d->known || a->p->o->remove)) {
        const enum end end = look_into(a);
        if (end != DONE)
            return end;
    }
    return d->known ? DONE : put_once(a);
}

/* ---- results, under the lock ---- */

static void fail(struct attempt *a)
{
    struct put *p = a->p;
    cli_error("%s", a->err.msg);
    put_worsen(p, a->err.code);
    p->nb_failed++;
    trtc_order_fail(p->order, a->job, a->err.code);
}

/* Handles a failure, temporary or final. */
static void settle_failure(struct attempt *a, bool changed)
{
    struct put *p = a->p;
    struct trtc_job *job = a->job;
    const bool ended = p->input_ended || p->o->operands.n;
    int64_t pause_us = -1;
    if (a->err.code == TRTC_EX_TEMPFAIL && !changed)
        trtc_outage_failed(&p->outage, clock_mono_us());
    else
        trtc_outage_silent(&p->outage);
    if (a->err.code == TRTC_EX_TEMPFAIL && !p->no_more) {
        job->nb_tries++;
        pause_us = changed && job->nb_tries < CHANGES_MAX
                       ? 0
                       : trtc_order_pause_us(&p->tries, job->nb_tries, ended, clock_chance(NULL));
    }
    if (pause_us < 0) {
        fail(a);
        return;
    }
    if (job->nb_tries == 1 && !changed)
        cli_note("%s; trying again", a->err.msg);
    trtc_order_again(p->order, job, clock_mono_us() + pause_us);
}

static void settle_done(struct attempt *a)
{
    struct put *p = a->p;
    if (a->done->known)
        trtc_outage_silent(&a->p->outage);
    else if (trtc_outage_over(&a->p->outage))
        trtc_order_hurry(a->p->order, clock_mono_us());
    a->job->changed = a->replaced;
    a->done->job = a->job;
    *p->done_end = a->done;
    p->done_end = &a->done->next;
    a->done = NULL;
}

static void settle(struct attempt *a, enum end end)
{
    if (end == DONE)
        settle_done(a);
    else if (end != WAITS)
        settle_failure(a, end == CHANGED);
    else
        trtc_outage_silent(&a->p->outage);
    put_done_free(&a->done);
    pthread_cond_broadcast(&a->p->work);
    pthread_cond_signal(&a->p->room);
}

/* ---- the thread ---- */

/* Whether a job may begin, given the state of the place. A program decides for itself, and at the
 * end each file has its last attempt. */
static enum trtc_outage_may may_begin(const struct put *p, int64_t now_us, int64_t *wake_us)
{
    const bool exec = p->place->place.kind == TRTC_PLACE_EXEC;
    const bool ended = p->input_ended || p->o->operands.n;
    return exec || ended ? TRTC_OUTAGE_GO : trtc_outage_may(&p->outage, now_us, wake_us);
}

/* The job whose turn it is; NULL: none before *wake_us. */
static struct trtc_job *take_job(struct put *p, int64_t *wake_us)
{
    const int64_t now_us = clock_mono_us();
    *wake_us = INT64_MAX;
    const enum trtc_outage_may may = may_begin(p, now_us, wake_us);
    if (p->no_more || may == TRTC_OUTAGE_WAIT)
        return NULL;
    struct trtc_job *job =
        trtc_order_next(p->order, may == TRTC_OUTAGE_ASK ? INT64_MAX : now_us, wake_us);
    p->outage.asking |= job && may == TRTC_OUTAGE_ASK;
    return job;
}

/* The next job, now running; NULL: the run is over. The caller holds the lock. */
static struct trtc_job *next_job(struct put *p)
{
    while (!p->over) {
        int64_t wake_us;
        struct trtc_job *job = take_job(p, &wake_us);
        if (job)
            return job;
        if (wake_us == INT64_MAX)
            pthread_cond_wait(&p->work, &p->lock);
        else
            clock_cond_wait(&p->work, &p->lock, wake_us);
    }
    return NULL;
}

static struct put_done *new_done(const struct trtc_job *job)
{
    struct put_done *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->path = strdup(job->path);
    d->key = strdup(job->key);
    if (!d->path || !d->key)
        put_done_free(&d);
    return d;
}

/* The caller holds the lock, except during the attempt itself. */
static void work_on(struct put_worker *w, struct trtc_job *job)
{
    struct attempt a = {
        .w = w, .p = w->p, .job = job, .done = new_done(job), .fd = -1, .copy = -1
    };
    enum end end = FAILED;
    if (a.done) {
        pthread_mutex_unlock(&w->p->lock);
        end = attempt(&a);
        if (a.fd >= 0)
            close(a.fd);
        if (a.copy >= 0)
            close(a.copy);
        pthread_mutex_lock(&w->p->lock);
    } else {
        trtc_fail_nomem(&a.err);
    }
    settle(&a, end);
    put_news(w->p);
}

void *put_work(void *worker)
{
    struct put_worker *w = worker;
    struct trtc_job *job;
    pthread_mutex_lock(&w->p->lock);
    while ((job = next_job(w->p)))
        work_on(w, job);
    pthread_mutex_unlock(&w->p->lock);
    put_dir_close(&w->dir);
    return NULL;
}
