/* SPDX-License-Identifier: MIT */
/* The state that the threads of a mix share: its clock, its progress, the requested changes, and
 * the failure that ends it. */
#ifndef TRTC_MIX_MIX_STATE_H
#define TRTC_MIX_MIX_STATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "layout/mixset.h"
#include "mix/writer.h"

struct trtc_timed_change {
    struct trtc_mix_change what;
    struct trtc_timed_change *next;
};

struct trtc_mix_state {
    int fps, rate_hz;
    int64_t start_us;           /* epoch; TRTC_NOTIME: not known yet */
    bool live;                  /* the presence of a participant is not known beforehand */
    struct trtc_writer *writer; /* is cancelled by a failure; NULL before it is made */

    pthread_mutex_t lock; /* guards everything below */
    pthread_cond_t moved;
    struct trtc_timed_change *changes, *last_change;
    int64_t first;      /* the frame of the mix with which the output begins; 0 except in parts */
    int64_t nb_frames;  /* the output ends before this frame; INT64_MAX: not known yet */
    int64_t nb_samples; /* the same in samples; the sound of a part is longer than its pictures */
    int64_t sound_pos;  /* samples that the sound thread has begun: never beyond the frames that
                          the composing thread has begun, so that both end together */
    int64_t nb_begun, nb_composed, nb_encoded;
    bool composed_all, failed;
    struct trtc_err failure;
};

/* start_us: the epoch time of the first frame; TRTC_NOTIME: not known yet. Only the rates are taken
 * from set. The end is not known. */
void trtc_mix_state_init(struct trtc_mix_state *s, const struct trtc_mix_settings *set,
                         int64_t start_us);
void trtc_mix_state_fini(struct trtc_mix_state *s);

/* Records a failure, unless there is one already, and wakes all threads. */
void trtc_mix_fail(struct trtc_mix_state *s, const struct trtc_err *err);
bool trtc_mix_failed(struct trtc_mix_state *s);

/* Returns the number of samples of the first k frames. */
int64_t trtc_mix_samples(const struct trtc_mix_state *s, int64_t k);

/* Returns the epoch time of output frame k. */
int64_t trtc_mix_frame_us(const struct trtc_mix_state *s, int64_t k);

/* Makes the output begin with frame k, and its sound with sample pos. To be called before anything
 * has begun. */
void trtc_mix_begin_at(struct trtc_mix_state *s, int64_t k, int64_t pos);

/* Makes the output end before frame k, which has not been begun. */
void trtc_mix_end_at(struct trtc_mix_state *s, int64_t k);

/* Adds a change, whose content it takes (*change is empty afterwards). Returns 0, or -1: no
 * memory. */
int trtc_mix_add_change(struct trtc_mix_state *s, struct trtc_mix_change *change,
                        struct trtc_err *err);

/* Returns the change after the given one (NULL: the first) if it is due at due_us (epoch); NULL:
 * there is none. */
const struct trtc_timed_change *trtc_mix_next_change(struct trtc_mix_state *s,
                                                     const struct trtc_timed_change *after,
                                                     int64_t due_us);

#endif
