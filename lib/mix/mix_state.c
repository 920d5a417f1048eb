/* SPDX-License-Identifier: MIT */
/* What the threads of a mix share. */
#include "mix/mix_state.h"

#include <stdlib.h>

#include <libavutil/mathematics.h>

#include "base/utc.h"

void trtc_mix_state_init(struct trtc_mix_state *s, const struct trtc_mix_settings *set,
                         int64_t start_us)
{
    *s = (struct trtc_mix_state){ .fps = set->fps, .rate_hz = set->rate_hz, .start_us = start_us };
    s->nb_frames = s->nb_samples = INT64_MAX;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->moved, NULL);
}

void trtc_mix_state_fini(struct trtc_mix_state *s)
{
    while (s->changes) {
        struct trtc_timed_change *c = s->changes;
        s->changes = c->next;
        trtc_mix_change_fini(&c->what);
        free(c);
    }
    pthread_cond_destroy(&s->moved);
    pthread_mutex_destroy(&s->lock);
}

void trtc_mix_fail(struct trtc_mix_state *s, const struct trtc_err *err)
{
    pthread_mutex_lock(&s->lock);
    if (!s->failed)
        s->failure = *err;
    s->failed = true;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    if (s->writer)
        trtc_writer_cancel(s->writer, err);
}

bool trtc_mix_failed(struct trtc_mix_state *s)
{
    pthread_mutex_lock(&s->lock);
    bool failed = s->failed;
    pthread_mutex_unlock(&s->lock);
    return failed;
}

int64_t trtc_mix_samples(const struct trtc_mix_state *s, int64_t k)
{
    return av_rescale_rnd(k, s->rate_hz, s->fps, AV_ROUND_NEAR_INF);
}

int64_t trtc_mix_frame_us(const struct trtc_mix_state *s, int64_t k)
{
    return s->start_us + av_rescale_rnd(k, 1000000, s->fps, AV_ROUND_NEAR_INF);
}

void trtc_mix_begin_at(struct trtc_mix_state *s, int64_t k, int64_t pos)
{
    s->first = s->nb_begun = s->nb_composed = s->nb_encoded = k;
    s->sound_pos = pos;
}

void trtc_mix_end_at(struct trtc_mix_state *s, int64_t k)
{
    pthread_mutex_lock(&s->lock);
    s->nb_frames = k;
    s->nb_samples = trtc_mix_samples(s, k);
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

/* ---- changes ---- */

/* Returns when a change is due (us since 1970); INT64_MIN: at once. */
static int64_t change_us(const struct trtc_mix_state *s, const struct trtc_mix_change *c)
{
    if (c->at_ms == TRTC_NOTIME)
        return INT64_MIN;
    return c->at_ms < TRTC_MIX_RELATIVE_MS ? s->start_us + c->at_ms * 1000 : c->at_ms * 1000;
}

const struct trtc_timed_change *trtc_mix_next_change(struct trtc_mix_state *s,
                                                     const struct trtc_timed_change *after,
                                                     int64_t due_us)
{
    pthread_mutex_lock(&s->lock);
    const struct trtc_timed_change *c = after ? after->next : s->changes;
    pthread_mutex_unlock(&s->lock);
    return c && change_us(s, &c->what) <= due_us ? c : NULL;
}

int trtc_mix_add_change(struct trtc_mix_state *s, struct trtc_mix_change *change,
                        struct trtc_err *err)
{
    struct trtc_timed_change *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    c->what = *change;
    *change = (struct trtc_mix_change){ 0 };
    pthread_mutex_lock(&s->lock);
    if (s->last_change)
        s->last_change->next = c;
    else
        s->changes = c;
    s->last_change = c;
    pthread_mutex_unlock(&s->lock);
    return 0;
}
