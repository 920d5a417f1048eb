/* SPDX-License-Identifier: MIT */
/* A track of an output while it is made: samples in order, on the output's own clock, without
 * holes. There are four kinds: picture and sound, copied or encoded. */
#ifndef TRTC_MP4_TRACK_H
#define TRTC_MP4_TRACK_H

#include <signal.h>
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
    int64_t nb_filled;  /* inserted silent frames and black pictures */
    int64_t filled_us;  /* filled holes, in microseconds: with silence, or with the last picture */
    int64_t nb_dropped; /* frames left out because their time was already covered */
    int64_t nb_broken;  /* frames that could not be decoded (when encoding) */
    int64_t
        nb_askew; /* pictures that should be shown at an angle or stretched, and are not (encoding) */
    int64_t first_us,
        last_us; /* start of the first frame from the recording and end of the last one, on the
                    output's clock */
};

struct trtc_track;
struct trtc_track_ops {
    int (*next)(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err);
    void (*account)(struct trtc_track *t); /* fills the account in struct trtc_track_opts */
    void (*free)(struct trtc_track *t);
};

/* What every kind of track begins with. */
struct trtc_track {
    const struct trtc_track_ops *ops;
    struct trtc_mp4_track format; /* known from the start; the track owns its pointers */
    struct trtc_track_stats stats;
    int64_t end; /* end of the presentation in ticks: final once next has returned 0 */
    const struct trtc_sets *sets; /* of a copied picture: its sample entries, which grow; or NULL */
    bool uncopyable; /* copying failed because the picture size or the format of the sound
                        changes within a segment, or the parameter sets change too often for the
                        available entries: encode instead */
};

/* Initialises the common part; for the kinds of track. */
static inline void trtc_track_begin(struct trtc_track *t, const struct trtc_track_ops *ops)
{
    t->ops = ops;
    t->stats.first_us = t->stats.last_us = TRTC_NOTIME;
}

struct trtc_track_opts {
    bool black;                  /* holes in the picture are black */
    int threads;                 /* for encoders; 0: chosen by the number of cores */
    int channels;                /* minimum for encoded sound; 0: as at the start of the segments */
    struct trtc_losses *losses;  /* borrowed: receives what is found missing */
    atomic_llong *bytes;         /* borrowed: counts the bytes read; or NULL */
    struct trtc_ledger *account; /* borrowed: receives the account, see trtc_track_account */
    const volatile sig_atomic_t *stop; /* borrowed; set: what comes is not used any more */
};

/* Makes a track that reads its lane of out, which is borrowed. If the lane holds nothing usable, *t
 * stays NULL and the result is 0; o->account is filled nevertheless. 0, or -1. */
int trtc_picture_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err);
int trtc_picture_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                            struct trtc_track **t, struct trtc_err *err);
int trtc_sound_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                        struct trtc_track **t, struct trtc_err *err);
int trtc_sound_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err);

/* The next sample: 1; 0 at the end; -1 on failure. */
static inline int trtc_track_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    return t->ops->next(t, s, err);
}

/* Updates the account with everything so far. It is complete once next has returned 0. */
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

/* Describes the track's samples in the file to which they were written as track `number`. 0, or
 * -1. */
int trtc_track_describe(const struct trtc_track *t, struct trtc_mp4 *m, int number,
                        struct trtc_err *err);

/* Converts microseconds to ticks of timescale, rounded to the nearest; and back. */
int64_t trtc_us_to_ticks(int64_t us, uint32_t timescale);
int64_t trtc_ticks_to_us(int64_t ticks, uint32_t timescale);

#endif
