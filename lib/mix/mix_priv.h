/* SPDX-License-Identifier: MIT */
/* What mix.c (the run, the encoder) hands to mix_picture.c (composing) and mix_sound.c (voices), and both to
 * mix_live.c (what is due from live sources). Nobody calls upwards: what all of them need is in mix_state. */
#ifndef TRTC_MIX_MIX_PRIV_H
#define TRTC_MIX_MIX_PRIV_H

#include <pthread.h>

#include "codec/h264enc.h"
#include "mix/mix.h"
#include "mix/mix_state.h"
#include "mix/pool.h"
#include "mix/stage.h"

enum { NB_CANVASES = 3 };

struct trtc_mix {
    struct trtc_mix_opts o;
    struct trtc_mix_state state;
    struct trtc_participant *participants; /* borrowed; */
    atomic_size_t nb_participants;         /* so many are there, */
    size_t nb_room;                        /* and so many more may be */
    struct trtc_participant
        *joining; /* under state.lock: what the composing thread has not taken yet */
    size_t nb_joining, cap_joining;
    atomic_bool stays;
    atomic_llong leaves_us;    /* when it was told to end (epoch); 0: it was not */
    const char **users;        /* theirs, for subscriptions */
    struct trtc_colour colour; /* of the picture */

    /* pictures: the composing thread's */
    struct trtc_pool *pool;
    struct trtc_stage *stage;
    struct trtc_actor **actors;         /* the participants', for the stage */
    const struct trtc_member **members; /* ... for the roster */
    size_t *order, *previous;           /* who has a window, now and in the frame before */
    size_t nb_order;
    bool set; /* the stage has been set */
    const struct trtc_mix_look *look;
    const struct trtc_subscription *sub;
    const struct trtc_timed_change *seen_change; /* the last one in force for pictures */
    const AVFrame *canvases[NB_CANVASES];
    atomic_llong progress_us;

    struct trtc_h264enc *encoder;
    struct trtc_writer *writer;
    int video_track, audio_track; /* -1: none */
    struct trtc_sound *sound;
};

/* Reports to the caller; only the composing thread calls. */
__attribute__((format(printf, 3, 4))) void
trtc_mix_tell(const struct trtc_mix *m, enum trtc_mix_event event, const char *fmt, ...);

/* Whether the mix must fail with this source: the machine failed, and the mix can be made again. */
bool trtc_mix_must_end(const struct trtc_mix *m, const struct trtc_participant *s,
                       const struct trtc_err *why);

/* ---- mix_picture.c ---- */

int trtc_mix_picture_new(struct trtc_mix *m, struct trtc_err *err);
void trtc_mix_picture_free(struct trtc_mix *m);
/* Takes those in who have joined. */
int trtc_mix_picture_join(struct trtc_mix *m, struct trtc_err *err);
/* Called before the first frame. Skips what lies before due_us and is not needed to decode what
 * follows. */
int trtc_mix_picture_skip(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Frame k onto its canvas; NULL: failed. */
const AVFrame *trtc_mix_picture_draw(struct trtc_mix *m, int64_t k, struct trtc_err *err);
/* Finds out which users are there and how the canvas looks at due_us, without drawing. */
int trtc_mix_picture_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Settles the account of each participant's pictures. whole: the mix ended by itself. -1: the
 * machine could not read a source to its end. */
int trtc_mix_picture_settle(struct trtc_mix *m, int64_t end_us, bool whole, struct trtc_err *err);

/* ---- mix_sound.c ---- */

struct trtc_sound;
struct trtc_sound *trtc_mix_sound_new(struct trtc_mix *m, struct trtc_err *err);
void trtc_mix_sound_free(struct trtc_sound **s);
/* Tracks that it writes, numbered from first on: the mix, then one a user. Fills t (room for one more than there are
 * sources), returns how many. */
int trtc_mix_sound_tracks(const struct trtc_mix *m, int first, struct trtc_writer_track *t);
/* The thread: arg is the struct trtc_mix. */
void *trtc_mix_sound_run(void *arg);
void trtc_mix_sound_settle(struct trtc_mix *m, bool whole);

/* ---- mix_live.c ---- */

/* Waits for the first frame of any live source, which sets the start of the mix; without one
 * otherwise_us does. TRTC_MIX_MADE: the mix can be made. */
enum trtc_mix_end trtc_mix_live_begin(struct trtc_mix *m, struct trtc_err *err);
/* Waits until everything due at due_us has come, or until it is time to go on without it. */
void trtc_mix_live_wait(struct trtc_mix *m, int64_t due_us);
/* Brings the intervals of members with live sources up to date at due_us. */
int trtc_mix_live_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Whether all live sources have ended before due_us. */
bool trtc_mix_live_over(struct trtc_mix *m, int64_t due_us);

#endif
