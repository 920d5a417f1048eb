/* SPDX-License-Identifier: MIT */
/* A track of an output in the making: samples in order, on the output's own clock, without
 * holes. Four kinds of it: picture and sound, copied or encoded. */
#ifndef TRTC_MP4_TRACK_H
#define TRTC_MP4_TRACK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "mp4/mp4.h"
#include "recording/ledger.h"
#include "recording/plan.h"

struct trtc_sets;

struct trtc_track_stats {
    int64_t nb_samples;
    int64_t nb_filled;  /* silent frames and black pictures put in */
    int64_t filled_us;  /* holes filled: silence, or the last picture standing */
    int64_t nb_dropped; /* frames left out since their time was used already */
    int64_t nb_broken;  /* frames that did not decode (encoding only) */
    int64_t first_us,
        last_us; /* presentation of the first frame from the recording, end of the last one, on
                    the output's clock */
};

struct trtc_track;
struct trtc_track_ops {
    int (*next)(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err);
    void (*account)(struct trtc_track *t); /* fills what struct trtc_track_opts has for it */
    void (*free)(struct trtc_track *t);
};

/* What every kind begins with. */
struct trtc_track {
    const struct trtc_track_ops *ops;
    struct trtc_mp4_track format; /* known from the start; its pointers belong to the track */
    struct trtc_track_stats stats;
    int64_t end; /* where the presentation ends, in ticks: final once next has returned 0 */
    const struct trtc_sets *sets; /* of a copied picture: its sample entries, which grow; or NULL */
    bool uncopyable; /* copying failed because the picture size or the format of the sound
                        changes within a segment, or the parameter sets change more often than
                        entries can follow: encode instead */
};

/* For what makes a kind of it: nothing has come so far. */
static inline void trtc_track_begin(struct trtc_track *t, const struct trtc_track_ops *ops)
{
    t->ops = ops;
    t->stats.first_us = t->stats.last_us = TRTC_NOTIME;
}

struct trtc_track_opts {
    bool black;                  /* holes in the picture are black */
    int threads;                 /* for encoders; 0: as many as suit the cores */
    int channels;                /* of encoded sound, at least; 0: as the segments begin */
    struct trtc_losses *losses;  /* borrowed: receives what turns out missing */
    atomic_llong *bytes;         /* borrowed: counts what was read; or NULL */
    struct trtc_ledger *account; /* borrowed: receives the account, see trtc_track_account */
};

/* Each reads its lane of out (borrowed). If the lane turns out to hold nothing usable, *t stays
 * NULL and the result is 0 (o->account is filled all the same). */
int trtc_picture_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err);
int trtc_picture_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                            struct trtc_track **t, struct trtc_err *err);
int trtc_sound_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                        struct trtc_track **t, struct trtc_err *err);
int trtc_sound_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err);

/* Next sample: 1, 0 at the end, -1 on failure. */
static inline int trtc_track_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    return t->ops->next(t, s, err);
}

/* Fills the account of what has come so far: complete when next has returned 0. */
static inline void trtc_track_account(struct trtc_track *t)
{
    t->ops->account(t);
}

static inline void trtc_track_free(struct trtc_track **t)
{
    if (*t)
        (*t)->ops->free(*t);
    *t = NULL;
}

/* Describes the track's samples in the file that they were written to as track `number`. */
int trtc_track_describe(const struct trtc_track *t, struct trtc_mp4 *m, int number,
                        struct trtc_err *err);

/* us as ticks of timescale, rounded to nearest; and back. */
int64_t trtc_us_to_ticks(int64_t us, uint32_t timescale);
int64_t trtc_ticks_to_us(int64_t ticks, uint32_t timescale);

#endif
