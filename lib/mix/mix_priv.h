/* SPDX-License-Identifier: MIT */
/* Shared by mix.c (the run, the encoder), mix_picture.c (composing), mix_sound.c (voices) and
 * mix_live.c (waiting for live sources). Each may call those after it; the state that all of them
 * need is in mix_state. */
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
    struct trtc_participant *participants; /* borrowed */
    atomic_size_t nb_participants;
    size_t nb_room; /* how many more the array has room for */
    /* Those who have joined and are not in the array yet; guarded by state.lock. */
    struct trtc_participant *joining;
    size_t nb_joining, cap_joining;
    int64_t began_us; /* live: when it began, on the wall clock */
    atomic_bool stays;
    atomic_llong leaves_us;    /* when it was asked to end (epoch); 0: it was not */
    const char **users;        /* the ids of the participants, for subscriptions */
    struct trtc_colour colour; /* of the picture */

    /* for pictures; used by the composing thread only */
    struct trtc_pool *pool;
    struct trtc_stage *stage;
    struct trtc_actor **actors;         /* those of the participants, for the stage */
    const struct trtc_member **members; /* those of the participants, for the roster */
    size_t *order, *previous;           /* participants with windows, now and in the frame before */
    size_t nb_order;
    bool set;            /* the stage has been set */
    int64_t followed_us; /* the time of the frame before; at first, the beginning */
    const struct trtc_mix_look *look;
    const struct trtc_subscription *sub;
    const struct trtc_timed_change *seen_change; /* the last change that the pictures follow */
    const AVFrame *canvases[NB_CANVASES];
    atomic_llong progress_us;

    struct trtc_h264enc *encoder;
    struct trtc_writer *writer;
    int video_track, audio_track; /* -1: none */
    struct trtc_sound *sound;
};

/* Reports an event to the caller of the mix. Only for the composing thread. */
__attribute__((format(printf, 3, 4))) void
trtc_mix_tell(const struct trtc_mix *m, enum trtc_mix_event event, const char *fmt, ...);

/* Whether the mix must fail with this source, because the machine failed and the mix can be
 * repeated. */
bool trtc_mix_must_end(const struct trtc_mix *m, const struct trtc_err *why);

/* ---- mix_picture.c ---- */

int trtc_mix_picture_new(struct trtc_mix *m, struct trtc_err *err);
void trtc_mix_picture_free(struct trtc_mix *m);
/* Adds the participants who have joined to the array. */
int trtc_mix_picture_join(struct trtc_mix *m, struct trtc_err *err);
/* Called before the first frame. Skips frames before due_us that are not needed to decode later
 * ones. */
int trtc_mix_picture_skip(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Draws frame k onto its canvas. NULL on failure. */
const AVFrame *trtc_mix_picture_draw(struct trtc_mix *m, int64_t k, struct trtc_err *err);
/* Determines the users and the layout at due_us, without drawing. */
int trtc_mix_picture_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Settles the account of each participant's pictures. whole: the mix ended by itself. Returns 0, or
 * -1: the machine could not read a source to its end. */
int trtc_mix_picture_settle(struct trtc_mix *m, int64_t end_us, bool whole, struct trtc_err *err);

/* ---- mix_sound.c ---- */

struct trtc_sound;
struct trtc_sound *trtc_mix_sound_new(struct trtc_mix *m, struct trtc_err *err);
void trtc_mix_sound_free(struct trtc_sound **s);
/* Describes the tracks of sound, numbered from first: the mix, then one for each user. t has room
 * for one more than there are sources. Returns their number. */
int trtc_mix_sound_tracks(const struct trtc_mix *m, int first, struct trtc_writer_track *t);
/* The sound thread; arg is the struct trtc_mix. */
void *trtc_mix_sound_run(void *arg);
void trtc_mix_sound_settle(struct trtc_mix *m, bool whole);

/* ---- mix_live.c ---- */

/* Waits for the first frame of any live source, which sets the start of the mix; without such a
 * frame it starts at otherwise_us. Returns TRTC_MIX_MADE if the mix can be made. */
enum trtc_mix_end trtc_mix_live_begin(struct trtc_mix *m, struct trtc_err *err);
/* Waits until everything that is due at due_us has arrived, or until it is time to go on without
 * it. */
void trtc_mix_live_wait(struct trtc_mix *m, int64_t due_us);
/* Updates the presence of members with live sources at due_us. */
int trtc_mix_live_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Whether all live sources have ended before due_us. */
bool trtc_mix_live_over(struct trtc_mix *m, int64_t due_us);

#endif
