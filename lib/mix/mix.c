/* SPDX-License-Identifier: MIT */
/* The mix: its threads, its clock, and its end. */
#include "mix/mix_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>

#include "base/array.h"
#include "mix/identity.h"

enum { DETERMINISTIC_THREADS = 4 };
enum { ONE_THREAD_PIXELS = 1280 * 720 * 15 }; /* pixels per second up to which one thread encodes */
enum { LARGE_PIXELS = 1280 * 720, BUSY_PICTURES = 4 }; /* of a canvas; to be decoded by each core */
enum { SOUND_SLACK = 4096 }; /* samples, more than the block that waits until it is complete */

/* ---- what the threads share ---- */

void trtc_mix_tell(const struct trtc_mix *m, enum trtc_mix_event event, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    if (!m->o.tell)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    m->o.tell(m->o.opaque, event, text);
}

bool trtc_mix_must_end(const struct trtc_mix *m, const struct trtc_err *why)
{
    return !m->state.live && trtc_is_shortage(why); /* a live mix cannot be repeated */
}

int trtc_mix_change(struct trtc_mix *m, struct trtc_mix_change *change, struct trtc_err *err)
{
    return trtc_mix_add_change(&m->state, change, err);
}

int trtc_mix_join(struct trtc_mix *m, const struct trtc_participant *p, struct trtc_err *err)
{
    int ret = 0;
    pthread_mutex_lock(&m->state.lock);
    if (m->nb_joining >= m->nb_room)
        ret = trtc_fail(err, TRTC_EX_UNAVAILABLE, "%s: no more streams can join this mix",
                        p->member->user);
    else if (trtc_array_reserve(&m->joining, &m->cap_joining, m->nb_joining + 1,
                                sizeof *m->joining) < 0)
        ret = trtc_fail_nomem(err);
    else
        m->joining[m->nb_joining++] = *p;
    pthread_mutex_unlock(&m->state.lock);
    return ret;
}

size_t trtc_mix_nb_participants(const struct trtc_mix *m)
{
    return m->nb_participants;
}

void trtc_mix_stay(struct trtc_mix *m, bool stays)
{
    atomic_store(&m->stays, stays);
}

void trtc_mix_leave(struct trtc_mix *m)
{
    atomic_store(&m->leaves_us, m->o.now_us());
}

int64_t trtc_mix_progress_us(const struct trtc_mix *m)
{
    return atomic_load_explicit(&m->progress_us, memory_order_relaxed);
}

/* ---- making and freeing ---- */

/* Returns the colours that all participants with pictures have, else those for the size. */
static struct trtc_colour colour_of(const struct trtc_mix_opts *o,
                                    const struct trtc_participant *who, size_t n)
{
    struct trtc_colour_vote all = { 0 };
    for (size_t i = 0; i < n; i++) {
        const struct trtc_colour_vote *v = &who[i].colour;
        if (!who[i].picture)
            continue;
        trtc_colour_vote(&all, &v->stated);
        all.split |= v->split || !v->any;
    }
    return trtc_colour_voted(&all, o->set->width_px, o->set->height_px);
}

struct trtc_mix *trtc_mix_new(const struct trtc_mix_opts *o, struct trtc_participant *participants,
                              size_t nb_participants, struct trtc_err *err)
{
    struct trtc_mix *m = calloc(1, sizeof *m);
    if (!m) {
        trtc_fail_nomem(err);
        return NULL;
    }
    m->o = *o;
    m->participants = participants;
    m->nb_participants = nb_participants;
    m->nb_room = o->room;
    trtc_mix_state_init(&m->state, o->set, o->start_us);
    m->colour = colour_of(o, participants, nb_participants);
    m->look = &o->set->look;
    m->sub = &o->set->sub;
    for (size_t i = 0; i < nb_participants; i++)
        m->state.live |= participants[i].live != NULL;
    m->state.live |= o->room > 0;
    m->users = calloc(nb_participants + o->room + 1, sizeof *m->users);
    if (!m->users) {
        trtc_fail_nomem(err);
        goto fail;
    }
    for (size_t i = 0; i < nb_participants; i++)
        m->users[i] = participants[i].member->user;
    if (trtc_mix_picture_new(m, err) < 0)
        goto fail;
    return m;
fail:
    trtc_mix_free(&m);
    return NULL;
}

void trtc_mix_free(struct trtc_mix **m)
{
    struct trtc_mix *x = *m;
    if (!x)
        return;
    trtc_mix_picture_free(x);
    trtc_mix_sound_free(&x->sound);
    trtc_h264enc_free(&x->encoder);
    trtc_writer_free(&x->writer);
    trtc_mix_state_fini(&x->state);
    free(x->users);
    free(x->joining);
    free(x);
    *m = NULL;
}

/* Whether the encoder may be frugal: what it saves on a large canvas is worth it, and the decoders
 * keep all cores busy while it waits. */
static bool is_frugal(const struct trtc_mix *m, const struct trtc_h264enc_opts *o, int cores)
{
    size_t n = 0;
    for (size_t i = 0; i < m->nb_participants; i++)
        n += m->participants[i].picture != NULL;
    return (int64_t)o->width_px * o->height_px > LARGE_PIXELS && n >= BUSY_PICTURES * (size_t)cores;
}

/* Chooses the threads of the encoder. Each of them costs memory (20 MB for 1920x1080) and delay. A
 * live mix need not be faster than the clock, and so has none for the look-ahead: one thread needs
 * a seventh of the time for 1280x720 at 15 fps. Otherwise libx264 decides: three for two cores. */
static void choose_threads(const struct trtc_mix *m, struct trtc_h264enc_opts *o)
{
    const int64_t rate = (int64_t)o->width_px * o->height_px * o->fps;
    const int cores = trtc_pool_cores();
    if (m->o.deterministic) {
        o->threads = DETERMINISTIC_THREADS;
    } else if (m->state.live) {
        o->ahead = TRTC_AHEAD_INSIDE;
        o->threads = !m->o.preset && rate <= ONE_THREAD_PIXELS ? 1 : 0;
    } else if (cores > 1 && is_frugal(m, o, cores)) {
        o->ahead = TRTC_AHEAD_CLOSELY;
        o->threads = cores;
    }
}

static int open_encoder(struct trtc_mix *m, struct trtc_writer_track *t, struct trtc_err *err)
{
    const struct trtc_mix_settings *set = m->o.set;
    struct trtc_h264enc_opts eo = { .width_px = set->width_px,
                                    .height_px = set->height_px,
                                    .colour = m->colour,
                                    .fps = set->fps,
                                    .gop = set->gop_s * set->fps,
                                    .fixed_gop = true,
                                    .bitrate_bps = set->video_bps,
                                    .preset = m->o.preset,
                                    .repeatable = m->o.deterministic };
    choose_threads(m, &eo);
    m->encoder = trtc_h264enc_new(&eo, err);
    if (!m->encoder)
        return -1;
    *t = (struct trtc_writer_track){ .codec = TRTC_CODEC_H264,
                                     .width_px = set->width_px,
                                     .height_px = set->height_px,
                                     .fps = set->fps };
    t->sets = trtc_h264enc_sets(m->encoder, &t->sets_size);
    return 0;
}

static int open_output(struct trtc_mix *m, struct trtc_err *err)
{
    struct trtc_writer_track *tracks = calloc(m->nb_participants + 2, sizeof *tracks);
    char text[TRTC_MIX_PART_TEXT];
    int nb = 0, ret = -1;
    trtc_mix_part_write(&m->o.part, text);
    m->video_track = m->audio_track = -1;
    const bool known = m->state.nb_frames != INT64_MAX;
    if (!tracks)
        return trtc_fail_nomem(err);
    if (m->o.set->video) {
        if (open_encoder(m, &tracks[nb], err) < 0)
            goto done;
        m->video_track = nb++;
    }
    if (m->o.set->audio) {
        m->sound = trtc_mix_sound_new(m, err);
        if (!m->sound)
            goto done;
        m->audio_track = nb;
        nb += trtc_mix_sound_tracks(m, nb, tracks + nb);
    }
    const struct trtc_writer_opts wo = {
        .path = m->o.path,
        .container = m->o.container,
        .tracks = tracks,
        .nb_tracks = nb,
        .creation_ms = m->state.start_us / 1000,
        .start_us = m->state.start_us,
        .first_us = av_rescale(m->state.first, 1000000, m->o.set->fps),
        .part = m->o.part.share.n ? text : NULL,
        .expected_us = known ? av_rescale(m->state.nb_frames, 1000000, m->o.set->fps) : 0,
        .flush = m->state.live,
        .stop = m->o.stop
    };
    m->writer = m->state.writer = trtc_writer_new(&wo, err);
    ret = m->writer ? 0 : -1;
done:
    free(tracks);
    return ret;
}

/* ---- the encoder's thread ---- */

static int encode_frame(struct trtc_mix *m, const AVFrame *canvas, int64_t k, struct trtc_err *err)
{
    struct trtc_packet p;
    int ret = trtc_h264enc_send(m->encoder, canvas, k, err);
    if (canvas) { /* the encoder has made a copy, so the canvas can be used again */
        pthread_mutex_lock(&m->state.lock);
        m->state.nb_encoded = k + 1;
        pthread_cond_broadcast(&m->state.moved);
        pthread_mutex_unlock(&m->state.lock);
    }
    if (ret < 0)
        return -1;
    while ((ret = trtc_h264enc_receive(m->encoder, &p, err)) > 0)
        if (trtc_writer_write(m->writer, m->video_track, &p, err) < 0)
            return -1;
    return ret;
}

static void *encode_all(void *arg)
{
    struct trtc_mix *m = arg;
    struct trtc_err err;
    int64_t k = m->state.first;
    while (true) {
        pthread_mutex_lock(&m->state.lock);
        while (m->state.nb_composed == k && !m->state.composed_all && !m->state.failed)
            pthread_cond_wait(&m->state.moved, &m->state.lock);
        const bool more = m->state.nb_composed > k, failed = m->state.failed;
        pthread_mutex_unlock(&m->state.lock);
        if (failed)
            return NULL;
        if (!more)
            break;
        if (encode_frame(m, m->canvases[k % NB_CANVASES], k, &err) < 0) {
            trtc_mix_fail(&m->state, &err);
            return NULL;
        }
        k++;
    }
    if (encode_frame(m, NULL, k, &err) < 0 ||
        trtc_writer_end_track(m->writer, m->video_track,
                              av_rescale(m->state.nb_frames, 1000000, m->o.set->fps), &err) < 0)
        trtc_mix_fail(&m->state, &err);
    return NULL;
}

/* ---- the composing thread ---- */

/* Begins frame k of the output. In a mix without pictures, waits for the thread of the sound. */
static void begin_frame(struct trtc_mix *m, int64_t k)
{
    pthread_mutex_lock(&m->state.lock);
    m->state.nb_begun = k + 1;
    pthread_cond_broadcast(&m->state.moved);
    while (!m->o.set->video && m->state.sound_pos + SOUND_SLACK < trtc_mix_samples(&m->state, k) &&
           !m->state.failed)
        pthread_cond_wait(&m->state.moved, &m->state.lock);
    pthread_mutex_unlock(&m->state.lock);
}

/* Waits until the canvas for frame k is free. Returns false if the mix has failed meanwhile. */
static bool wait_for_canvas(struct trtc_mix *m, int64_t k)
{
    pthread_mutex_lock(&m->state.lock);
    while (m->state.nb_encoded <= k - NB_CANVASES && !m->state.failed)
        pthread_cond_wait(&m->state.moved, &m->state.lock);
    const bool ok = !m->state.failed;
    pthread_mutex_unlock(&m->state.lock);
    return ok;
}

/* Fails if memory was short: FFmpeg's libraries continue then, with damaged pictures. */
static int check_memory(const struct trtc_mix *m, struct trtc_err *err)
{
    return !m->state.live && m->o.memory_failed && m->o.memory_failed() ? trtc_fail_nomem(err) : 0;
}

static int compose(struct trtc_mix *m, int64_t k, struct trtc_err *err)
{
    if (check_memory(m, err) < 0)
        return -1;
    if (!m->o.set->video)
        return trtc_mix_picture_follow(m, trtc_mix_frame_us(&m->state, k), err);
    const AVFrame *canvas = trtc_mix_picture_draw(m, k, err);
    if (!canvas)
        return -1;
    m->canvases[k % NB_CANVASES] = canvas;
    pthread_mutex_lock(&m->state.lock);
    m->state.nb_composed = k + 1;
    pthread_cond_broadcast(&m->state.moved);
    pthread_mutex_unlock(&m->state.lock);
    return 0;
}

/* Whether the output ends before frame k. For a live mix, first waits for its inputs.
 * *interrupted: the stop flag ends it before its planned end. */
static bool is_over(struct trtc_mix *m, int64_t k, bool *interrupted)
{
    const int64_t due = trtc_mix_frame_us(&m->state, k) + 500000 / m->o.set->fps;
    if (m->state.live)
        trtc_mix_live_wait(m, due);
    const int64_t leaves_us = atomic_load(&m->leaves_us);
    if (k > m->state.first && k < m->state.nb_frames && leaves_us && due >= leaves_us) {
        trtc_mix_end_at(&m->state, k);
    } else if (k > m->state.first && trtc_is_stopped(m->o.stop)) {
        *interrupted = k < m->state.nb_frames;
        trtc_mix_end_at(&m->state, k);
    } else if (m->state.live && m->state.nb_frames == INT64_MAX && trtc_mix_live_over(m, due)) {
        trtc_mix_end_at(&m->state, k);
    }
    return k >= m->state.nb_frames;
}

static int compose_all(struct trtc_mix *m, bool *interrupted, struct trtc_err *err)
{
    if (m->state.live && trtc_mix_picture_join(m, err) < 0)
        return -1;
    for (int64_t k = m->state.first; k < m->state.nb_frames && !is_over(m, k, interrupted); k++) {
        begin_frame(m, k);
        if (m->o.set->video && !wait_for_canvas(m, k))
            return 0;
        if (trtc_mix_failed(&m->state))
            return 0;
        if (compose(m, k, err) < 0)
            return -1;
        atomic_store_explicit(&m->progress_us,
                              trtc_mix_frame_us(&m->state, k + 1) -
                                  trtc_mix_frame_us(&m->state, m->state.first),
                              memory_order_relaxed);
    }
    return 0;
}

static int run_threads(struct trtc_mix *m, bool *interrupted, struct trtc_err *err)
{
    pthread_t encoder, sound;
    bool encoding = false, sounding = false;
    int ret = -1;
    if (m->o.set->video && !(encoding = pthread_create(&encoder, NULL, encode_all, m) == 0))
        trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
    else if (m->o.set->audio &&
             !(sounding = pthread_create(&sound, NULL, trtc_mix_sound_run, m) == 0))
        trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
    else
        ret = compose_all(m, interrupted, err);
    if (ret < 0)
        trtc_mix_fail(&m->state, err);
    pthread_mutex_lock(&m->state.lock);
    m->state.composed_all = true;
    pthread_cond_broadcast(&m->state.moved);
    pthread_mutex_unlock(&m->state.lock);
    if (encoding)
        pthread_join(encoder, NULL);
    if (sounding)
        pthread_join(sound, NULL);
    if (!m->state.failed)
        return 0;
    *err = m->state.failure;
    return -1;
}

/* Sets the end of the output, if it is known beforehand. */
static int plan_end(struct trtc_mix *m, struct trtc_err *err)
{
    int64_t end_us = m->o.end_us;
    if (m->o.length_us != TRTC_NOTIME)
        end_us = m->state.start_us + m->o.length_us;
    if (end_us == TRTC_NOTIME)
        return 0;
    if (end_us <= m->state.start_us)
        return trtc_fail(err, TRTC_EX_DATAERR, "the mix ends before it begins");
    trtc_mix_end_at(&m->state, trtc_mix_pictures(m->state.start_us, end_us, m->o.set->fps));
    return 0;
}

/* How many frames of sound before and after its pictures a part contains, so that two parts overlap
 * where they are joined (mix/splice.h). */
enum { RUN_UP_FRAMES = 48, RUN_OFF_FRAMES = 48, AAC_FRAME = 1024 };

/* Limits the output to the part of the mix that was asked for. */
static void take_part(struct trtc_mix *m)
{
    struct trtc_mix_state *s = &m->state;
    m->o.part.call = trtc_mix_identify(&m->o, m->participants, m->nb_participants, s->changes);
    const int64_t before = trtc_mix_samples(s, m->o.part.first) / AAC_FRAME - RUN_UP_FRAMES;
    trtc_mix_begin_at(s, m->o.part.first, (before > 0 ? before : 0) * AAC_FRAME);
    trtc_mix_end_at(s, m->o.part.end);
    if (m->o.part.end == m->o.part.all)
        return;
    const int64_t all = trtc_mix_samples(s, m->o.part.all),
                  behind = trtc_mix_samples(s, m->o.part.end) + RUN_OFF_FRAMES * AAC_FRAME;
    s->nb_samples = behind < all ? behind : all;
    m->o.cut = true;
}

/* Completes the accounts of all participants, which may reveal a failure for which the mix has to
 * end: then -1. */
static int settle(struct trtc_mix *m, bool whole, struct trtc_err *err)
{
    struct trtc_err why;
    const bool failed = m->state.failed;
    if (trtc_mix_picture_settle(m, trtc_mix_frame_us(&m->state, m->state.nb_frames), whole, &why) <
        0)
        trtc_mix_fail(&m->state, &why);
    trtc_mix_sound_settle(m, whole);
    if (failed || !m->state.failed)
        return 0;
    *err = m->state.failure;
    return -1;
}

static int make(struct trtc_mix *m, struct trtc_mix_result *res, struct trtc_err *err)
{
    if (plan_end(m, err) < 0)
        return -1;
    if (m->o.part.share.n)
        take_part(m);
    const int64_t first_us = trtc_mix_frame_us(&m->state, m->state.first);
    if (open_output(m, err) < 0 || trtc_mix_picture_skip(m, first_us, err) < 0)
        return -1;
    int ret = run_threads(m, &res->interrupted, err);
    const bool whole = ret == 0 && !m->o.cut && !res->interrupted && !atomic_load(&m->leaves_us);
    if (settle(m, whole, err) < 0)
        ret = -1;
    if (ret == 0)
        ret = check_memory(m, err);
    if (ret == 0 && res->interrupted && m->o.part.share.n)
        ret = trtc_fail(err, TRTC_EX_TEMPFAIL, "interrupted: the part is not made");
    res->start_us = first_us;
    res->nb_frames = m->state.nb_frames - m->state.first;
    res->end_us = trtc_mix_frame_us(&m->state, m->state.nb_frames);
    return ret;
}

static enum trtc_mix_end end_of(const struct trtc_mix *m, int ret)
{
    if (ret == 0)
        return TRTC_MIX_MADE;
    return m->writer && trtc_writer_reader_left(m->writer) ? TRTC_MIX_READER_LEFT : TRTC_MIX_FAILED;
}

enum trtc_mix_end trtc_mix_run(struct trtc_mix *m, struct trtc_mix_result *res,
                               struct trtc_err *err)
{
    *res = (struct trtc_mix_result){ 0 };
    if (m->state.live)
        m->began_us = m->o.now_us();
    if (m->state.start_us == TRTC_NOTIME) {
        const enum trtc_mix_end begun = trtc_mix_live_begin(m, err);
        if (begun != TRTC_MIX_MADE)
            return begun;
    }
    return end_of(m, make(m, res, err));
}

enum trtc_mix_end trtc_mix_finish(struct trtc_mix *m, const char *note, struct trtc_mix_result *res,
                                  struct trtc_err *err)
{
    if (m->o.part.share.n && trtc_writer_note(m->writer, note, err) < 0)
        return TRTC_MIX_FAILED;
    return end_of(m, trtc_writer_finish(m->writer, &res->bytes, err));
}

const AVFrame *trtc_mix_still(struct trtc_mix *m, int64_t t_us, struct trtc_err *err)
{
    m->state.start_us = t_us;
    if (trtc_mix_picture_skip(m, t_us, err) < 0)
        return NULL;
    const AVFrame *f = trtc_mix_picture_draw(m, 0, err);
    return trtc_mix_picture_settle(m, t_us + 1000000 / m->o.set->fps, false, err) < 0 ? NULL : f;
}
