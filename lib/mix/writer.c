/* SPDX-License-Identifier: MIT */
/* The output of a mix: the part that all containers have in common. The packets of each track wait
 * in a queue. A packet is due when no track can deliver one with an earlier decoding time. The
 * thread whose packet makes others due writes them: one thread at a time, and without the lock, so
 * that others can go on queueing. They cannot get far ahead, since the track of the writing thread
 * does not advance meanwhile. */
#include "mix/writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utc.h"
#include "mix/writer_priv.h"

#define LEAD_MAX_US (4 * INT64_C(1000000))

struct queued {
    struct queued *next;
    struct trtc_packet p; /* its data is bytes */
    uint8_t bytes[];
};

struct track {
    struct queued *first, **last;
    int64_t newest_us; /* DTS of the newest packet, written or not */
    bool ended;
};

struct trtc_writer {
    const struct trtc_writer_ops *ops;
    struct trtc_writer_out out;
    struct trtc_writer_track *descriptions; /* they own what they point to */
    struct trtc_file *file;                 /* NULL: standard output */
    bool opened, finished;

    pthread_mutex_t mutex; /* guards the following members */
    pthread_cond_t moved;
    struct track *tracks;
    int64_t nb_packets;
    bool writing; /* a thread is writing, without the mutex */
    bool failed;
    struct trtc_err err; /* why it failed */
};

/* ---- making and freeing ---- */

static const struct trtc_writer_ops *ops_of(enum trtc_container c)
{
    switch (c) {
    case TRTC_CONTAINER_MP4:
        return &trtc_writer_mp4;
    case TRTC_CONTAINER_TS:
        return &trtc_writer_ts;
    case TRTC_CONTAINER_MKV:
        return &trtc_writer_mkv;
    }
    return NULL;
}

/* Copies n bytes and appends a NUL, so that text can be copied too. NULL is copied as NULL. Returns
 * false if memory runs out. */
static bool copy_bytes(const void *from, size_t n, const void **to)
{
    char *copy = NULL;
    *to = NULL;
    if (!from)
        return true;
    copy = malloc(n + 1);
    if (!copy)
        return false;
    if (n)
        memcpy(copy, from, n);
    copy[n] = '\0';
    *to = copy;
    return true;
}

static bool copy_track(const struct trtc_writer_track *from, struct trtc_writer_track *to)
{
    const void *sets, *asc, *name;
    bool ok = copy_bytes(from->sets, from->sets_size, &sets);
    ok &= copy_bytes(from->asc, from->asc_size, &asc);
    ok &= copy_bytes(from->name, from->name ? strlen(from->name) : 0, &name);
    *to = *from;
    to->sets = sets;
    to->asc = asc;
    to->name = name;
    return ok;
}

static int copy_opts(struct trtc_writer *w, const struct trtc_writer_opts *o, struct trtc_err *err)
{
    const size_t n = (size_t)o->nb_tracks;
    const void *path;
    bool ok = copy_bytes(o->path, strlen(o->path), &path);
    w->out.o = *o;
    w->out.o.path = path;
    w->out.o.tracks = w->descriptions = calloc(n, sizeof *w->descriptions);
    w->out.end_us = calloc(n, sizeof *w->out.end_us);
    w->tracks = calloc(n, sizeof *w->tracks);
    if (!ok || !w->descriptions || !w->out.end_us || !w->tracks)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < n; i++) {
        if (!copy_track(&o->tracks[i], &w->descriptions[i]))
            return trtc_fail_nomem(err);
        w->out.end_us[i] = TRTC_NOTIME;
        w->tracks[i].last = &w->tracks[i].first;
        w->tracks[i].newest_us = TRTC_NOTIME;
    }
    return 0;
}

static int check_opts(const struct trtc_writer_opts *o, struct trtc_err *err)
{
    int nb[2] = { 0, 0 };
    if (o->nb_tracks < 1 || !ops_of(o->container))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: nothing to write", o->path);
    for (int i = 0; i < o->nb_tracks; i++) {
        const enum trtc_codec c = o->tracks[i].codec;
        if (c != TRTC_CODEC_H264 && c != TRTC_CODEC_AAC)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: this codec cannot be written", o->path);
        if (c == TRTC_CODEC_H264 ? o->tracks[i].fps < 1 : o->tracks[i].rate_hz < 1)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "%s: a track without a rate", o->path);
        nb[c == TRTC_CODEC_AAC]++;
    }
    if (o->container != TRTC_CONTAINER_TS && !strcmp(o->path, "-"))
        return trtc_fail(err, TRTC_EX_USAGE, "only MPEG-TS can be written to standard output");
    if (o->container == TRTC_CONTAINER_TS && (nb[0] > 1 || nb[1] > 1))
        return trtc_fail(err, TRTC_EX_USAGE, "MPEG-TS is written with one picture and one sound");
    return 0;
}

static int open_output(struct trtc_writer *w, struct trtc_err *err)
{
    struct stat st;
    struct trtc_writer_out *out = &w->out;
    if (strcmp(out->o.path, "-") != 0) {
        w->file = trtc_file_create(out->o.path, err);
        if (!w->file)
            return -1;
        out->fd = trtc_file_fd(w->file);
        out->name = out->o.path;
        out->is_file = true;
    } else {
        out->fd = STDOUT_FILENO;
        out->name = "standard output";
        out->is_file = !fstat(out->fd, &st) && S_ISREG(st.st_mode);
    }
    w->opened = true;
    return w->ops->open(out, err);
}

struct trtc_writer *trtc_writer_new(const struct trtc_writer_opts *o, struct trtc_err *err)
{
    if (check_opts(o, err) < 0)
        return NULL;
    struct trtc_writer *w = calloc(1, sizeof *w);
    if (!w) {
        trtc_fail_nomem(err);
        return NULL;
    }
    w->ops = ops_of(o->container);
    atomic_init(&w->out.cancelled, false);
    pthread_mutex_init(&w->mutex, NULL); /* neither can fail with default attributes */
    pthread_cond_init(&w->moved, NULL);
    if (copy_opts(w, o, err) < 0 || open_output(w, err) < 0)
        trtc_writer_free(&w);
    return w;
}

bool trtc_writer_reader_left(const struct trtc_writer *w)
{
    return atomic_load(&w->out.reader_left);
}

static void free_queue(struct track *t)
{
    while (t->first) {
        struct queued *q = t->first;
        t->first = q->next;
        free(q);
    }
}

void trtc_writer_free(struct trtc_writer **w)
{
    struct trtc_writer *x = *w;
    if (!x)
        return;
    if (x->opened)
        x->ops->close(&x->out);
    trtc_file_abort(&x->file);
    pthread_cond_destroy(&x->moved);
    pthread_mutex_destroy(&x->mutex);
    for (int i = 0; i < x->out.o.nb_tracks; i++) {
        if (x->tracks)
            free_queue(&x->tracks[i]);
        if (!x->descriptions)
            continue;
        free((void *)x->descriptions[i].sets);
        free((void *)x->descriptions[i].asc);
        free((void *)x->descriptions[i].name);
    }
    free(x->tracks);
    free(x->descriptions);
    free(x->out.end_us);
    free((void *)x->out.o.path);
    free((void *)x->out.note);
    free(x);
    *w = NULL;
}

bool trtc_writer_is_priming(const struct trtc_writer_track *t, const struct trtc_packet *p)
{
    return t->codec == TRTC_CODEC_AAC &&
           p->pts_us + 512 * INT64_C(1000000) / t->rate_hz < 0; /* most of it is before 0 */
}

/* ---- interleaving: called with the mutex locked ---- */

/* Notes the first failure, which every later call returns. Returns -1. */
static int fail(struct trtc_writer *w, const struct trtc_err *why, struct trtc_err *err)
{
    if (!w->failed) {
        w->failed = true;
        w->err = *why;
        pthread_cond_broadcast(&w->moved);
    }
    if (err)
        *err = w->err;
    return -1;
}

static int failed(const struct trtc_writer *w, struct trtc_err *err)
{
    if (w->failed && err)
        *err = w->err;
    return w->failed ? -1 : 0;
}

/* Returns the track whose first queued packet is due, or -1. */
static int due(const struct trtc_writer *w)
{
    int best = -1;
    for (int i = 0; i < w->out.o.nb_tracks; i++) {
        const struct queued *q = w->tracks[i].first;
        if (q && (best < 0 || q->p.dts_us < w->tracks[best].first->p.dts_us))
            best = i;
    }
    if (best < 0)
        return -1;
    const int64_t dts_us = w->tracks[best].first->p.dts_us;
    for (int i = 0; i < w->out.o.nb_tracks; i++) {
        const struct track *t = &w->tracks[i];
        if (!t->first && !t->ended && t->newest_us < dts_us)
            return -1; /* its next packet may be earlier */
    }
    return best;
}

static int write_due(struct trtc_writer *w, struct trtc_err *err)
{
    int track;
    while (!w->failed && !w->writing && (track = due(w)) >= 0) {
        struct track *t = &w->tracks[track];
        struct queued *q = t->first;
        struct trtc_err why = { 0 };
        t->first = q->next;
        if (!t->first)
            t->last = &t->first;
        w->writing = true;
        pthread_mutex_unlock(&w->mutex);
        const int ret = w->ops->put(&w->out, track, &q->p, &why);
        free(q);
        pthread_mutex_lock(&w->mutex);
        w->writing = false;
        pthread_cond_broadcast(&w->moved);
        if (ret < 0)
            return fail(w, &why, err);
    }
    return failed(w, err);
}

/* Whether a track that has not ended is so far behind that a packet with this time has to wait. */
static bool is_ahead(const struct trtc_writer *w, int track, int64_t dts_us)
{
    for (int i = 0; i < w->out.o.nb_tracks; i++) {
        const struct track *t = &w->tracks[i];
        const int64_t first_us = w->out.o.first_us;
        const int64_t newest_us = t->newest_us > first_us ? t->newest_us : first_us;
        if (i != track && !t->ended && dts_us - LEAD_MAX_US > newest_us)
            return true;
    }
    return false;
}

static int misuse(struct trtc_writer *w, int track, const char *what, struct trtc_err *err)
{
    struct trtc_err why;
    trtc_fail(&why, TRTC_EX_SOFTWARE, "%s: track %d: %s", w->out.name, track, what);
    return fail(w, &why, err);
}

static int enqueue(struct trtc_writer *w, int track, const struct trtc_packet *p, struct queued **q,
                   struct trtc_err *err)
{
    if (track < 0 || track >= w->out.o.nb_tracks || w->tracks[track].ended || w->finished)
        return misuse(w, track, "there is none, or it has ended", err);
    struct track *t = &w->tracks[track];
    if (p->dts_us <= t->newest_us || p->pts_us < p->dts_us || p->size == 0)
        return misuse(w, track, "a packet is empty, or not later than the one before", err);
    while (!w->failed && is_ahead(w, track, p->dts_us))
        pthread_cond_wait(&w->moved, &w->mutex);
    if (w->failed)
        return failed(w, err);
    t->newest_us = p->dts_us;
    *t->last = *q;
    t->last = &(*q)->next;
    *q = NULL;
    w->nb_packets++;
    pthread_cond_broadcast(&w->moved);
    return 0;
}

/* ---- interface ---- */

int trtc_writer_write(struct trtc_writer *w, int track, const struct trtc_packet *p,
                      struct trtc_err *err)
{
    struct queued *q = malloc(sizeof *q + p->size);
    if (!q) {
        struct trtc_err why;
        trtc_fail_nomem(&why);
        trtc_writer_cancel(w, &why);
        return trtc_fail_nomem(err);
    }
    if (p->size)
        memcpy(q->bytes, p->data, p->size);
    q->p = *p;
    q->p.data = q->bytes;
    q->next = NULL;

    pthread_mutex_lock(&w->mutex);
    int ret = failed(w, err);
    if (ret == 0)
        ret = enqueue(w, track, p, &q, err);
    if (ret == 0)
        ret = write_due(w, err);
    pthread_mutex_unlock(&w->mutex);
    free(q);
    return ret;
}

int trtc_writer_end_track(struct trtc_writer *w, int track, int64_t end_us, struct trtc_err *err)
{
    pthread_mutex_lock(&w->mutex);
    int ret = failed(w, err);
    if (ret == 0 && (track < 0 || track >= w->out.o.nb_tracks || w->tracks[track].ended))
        ret = misuse(w, track, "there is none, or it has ended", err);
    if (ret == 0) {
        w->tracks[track].ended = true;
        w->out.end_us[track] = end_us;
        pthread_cond_broadcast(&w->moved);
        ret = write_due(w, err);
    }
    pthread_mutex_unlock(&w->mutex);
    return ret;
}

int trtc_writer_note(struct trtc_writer *w, const char *text, struct trtc_err *err)
{
    const void *copy;
    if (!copy_bytes(text, strlen(text), &copy))
        return trtc_fail_nomem(err);
    free((void *)w->out.note);
    w->out.note = copy;
    return 0;
}

void trtc_writer_cancel(struct trtc_writer *w, const struct trtc_err *err)
{
    pthread_mutex_lock(&w->mutex);
    fail(w, err, NULL);
    atomic_store(&w->out.cancelled, true);
    pthread_mutex_unlock(&w->mutex);
}

/* Called with the mutex locked: waits until no thread writes, then writes all queued packets.
 * Returns 0, or -1: that fails, a track has not ended, or there was no packet at all. */
static int settle(struct trtc_writer *w, struct trtc_err *err)
{
    for (int i = 0; i < w->out.o.nb_tracks && !w->failed; i++)
        if (!w->tracks[i].ended || w->finished)
            return misuse(w, i, "finished before it has ended, or twice", err);
    while (w->writing)
        pthread_cond_wait(&w->moved, &w->mutex);
    if (write_due(w, err) < 0)
        return -1;
    if (w->nb_packets > 0)
        return 0;
    struct trtc_err why;
    trtc_fail(&why, TRTC_EX_DATAERR, "%s: nothing to write", w->out.name);
    return fail(w, &why, err);
}

int trtc_writer_finish(struct trtc_writer *w, int64_t *bytes, struct trtc_err *err)
{
    struct trtc_err why = { 0 };
    pthread_mutex_lock(&w->mutex);
    int ret = settle(w, err);
    if (ret == 0) {
        w->finished = w->writing = true;
        pthread_mutex_unlock(&w->mutex);
        ret = w->ops->finish(&w->out, &why);
        if (ret == 0 && w->file)
            ret = trtc_file_commit(&w->file, true, &why);
        pthread_mutex_lock(&w->mutex);
        w->writing = false;
        if (ret < 0)
            fail(w, &why, err);
    }
    pthread_mutex_unlock(&w->mutex);
    if (ret == 0 && bytes)
        *bytes = w->out.bytes;
    return ret;
}
