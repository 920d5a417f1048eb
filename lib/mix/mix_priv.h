/* SPDX-License-Identifier: MIT */
/* Between mix.c (the run, the encoder), mix_picture.c (composing), mix_sound.c (voices) and mix_live.c (what is due from live sources). */
#ifndef TRTC_MIX_MIX_PRIV_H
#define TRTC_MIX_MIX_PRIV_H

#include <pthread.h>

#include "codec/h264enc.h"
#include "mix/mix.h"
#include "mix/pool.h"
#include "mix/stage.h"

enum { NB_CANVASES = 3 };

struct timed_change {
    struct trtc_mix_change what;
    struct timed_change *next;
};

struct trtc_mix {
    struct trtc_mix_opts o;
    struct trtc_mix_source *sources;
    size_t nb_sources;
    const char **users; /* ids in the room, for subscriptions; one a source */
    bool live;          /* some source's presence is not known beforehand */
    int64_t start_us;
    struct trtc_colour colour; /* of the picture */

    pthread_mutex_t lock; /* of everything in this group */
    pthread_cond_t moved;
    struct timed_change *changes, *last_change;
    int64_t nb_frames;  /* of the output; INT64_MAX: not known yet */
    int64_t nb_samples; /* the same in samples */
    int64_t sound_pos;  /* samples that the sound thread has begun: never beyond the frames that
                          the composing thread has begun, so that both end together */
    int64_t nb_begun, nb_composed, nb_encoded;
    bool composed_all, failed;
    struct trtc_err failure;

    /* pictures: the composing thread's */
    struct trtc_pool *pool;
    struct trtc_stage *stage;
    struct trtc_tile **tiles;
    struct trtc_actor *actors;
    struct trtc_member *members; /* as they are now */
    struct trtc_wanted *wanted;
    size_t *order, *previous;
    size_t nb_order;
    bool set; /* the stage has been set */
    const struct trtc_mix_look *look;
    const struct trtc_subscription *sub;
    const struct timed_change *seen_change; /* the last one in force for pictures */
    bool *left_out_told, *failure_told;
    const AVFrame *canvases[NB_CANVASES];
    atomic_llong progress_us;

    struct trtc_h264enc *encoder;
    struct trtc_writer *writer;
    int video_track, audio_track; /* -1: none */
    struct trtc_sound *sound;
};

/* Reports to the caller; only the composing thread calls. */
__attribute__((format(printf, 3, 4))) void
mix_tell(const struct trtc_mix *m, enum trtc_mix_event event, const char *fmt, ...);

/* The first failure counts; everybody is woken. */
void mix_fail(struct trtc_mix *m, const struct trtc_err *err);
bool mix_failed(struct trtc_mix *m);
/* Whether the failure of a source is one of the machine, and the mix without it is not to be had. */
bool mix_must_end(const struct trtc_mix *m, const struct trtc_mix_source *s,
                  const struct trtc_err *why);

/* Samples of the first k frames. */
int64_t mix_samples(const struct trtc_mix *m, int64_t k);

/* Epoch time of output frame k. */
int64_t mix_frame_us(const struct trtc_mix *m, int64_t k);

/* The change that follows after (NULL: the first), if it is due; NULL: none. */
const struct timed_change *mix_next_change(struct trtc_mix *m, const struct timed_change *after,
                                           int64_t due_us);

/* ---- mix_picture.c ---- */

int mix_picture_new(struct trtc_mix *m, struct trtc_err *err);
void mix_picture_free(struct trtc_mix *m);
/* Before the first frame: nothing before due_us is decoded that is not needed. */
int mix_picture_skip(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* Frame k onto its canvas; NULL: failed. */
const AVFrame *mix_picture_draw(struct trtc_mix *m, int64_t k, struct trtc_err *err);
/* Finds out which users are there and how the canvas looks at due_us, without drawing. */
int mix_picture_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* The picture side of each source's account. whole: the mix has come to its own end. -1: a source cannot be read to its
 * end, and the machine is to blame. */
int mix_picture_settle(struct trtc_mix *m, int64_t end_us, bool whole, struct trtc_err *err);

/* ---- mix_sound.c ---- */

struct trtc_sound;
struct trtc_sound *mix_sound_new(struct trtc_mix *m, struct trtc_err *err);
void mix_sound_free(struct trtc_sound **s);
/* Tracks that it writes, numbered from first on: the mix, then one a user. Fills t (room for one more than there are
 * sources), returns how many. */
int mix_sound_tracks(const struct trtc_mix *m, int first, struct trtc_writer_track *t);
/* The thread: arg is the struct trtc_mix. */
void *mix_sound_run(void *arg);
void mix_sound_settle(struct trtc_mix *m, bool whole);

/* ---- mix_live.c ---- */

/* Waits for the first frame of any live source, and sets m->start_us by it; by otherwise_us where none ever comes.
 * TRTC_MIX_MADE: the mix can be made. */
enum trtc_mix_end mix_live_begin(struct trtc_mix *m, struct trtc_err *err);
/* Waits until what is due at due_us has come, or it is time to go on without. */
void mix_live_wait(struct trtc_mix *m, int64_t due_us);
/* Brings the intervals of members with live sources up to date at due_us. */
int mix_live_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err);
/* All live sources have ended, and due_us is behind them. */
bool mix_live_over(struct trtc_mix *m, int64_t due_us);

#endif
