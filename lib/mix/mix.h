/* SPDX-License-Identifier: MIT */
/* The mix: pictures composed frame by frame, voices summed block by block, both encoded and
 * written, on one clock.
 *
 * The caller's thread composes; one thread encodes what is composed, one mixes and encodes the
 * sound, and a pool decodes and scales. Stored sources are read as fast as the work goes; with a
 * live source the mix waits for what is due, but not longer than the wall clock allows. */
#ifndef TRTC_MIX_MIX_H
#define TRTC_MIX_MIX_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "layout/mixset.h"
#include "mix/part.h"
#include "mix/participant.h"
#include "mix/writer.h"
#include "recording/ledger.h"
#include "recording/roster.h"
#include "source/feed.h"

#define TRTC_MIX_LATENCY_US \
    2000000 /* live: the mix is made at most this long behind the wall clock */

/* Events as they happen, from the composing thread: complete sentences without a full stop. */
enum trtc_mix_event { TRTC_MIX_DEBUG, TRTC_MIX_NOTE, TRTC_MIX_ERROR };

struct trtc_mix_opts {
    const struct trtc_mix_settings *set;
    int64_t start_us, end_us; /* these six as in struct trtc_extent */
    int64_t after_us, length_us;
    bool cut;
    int64_t otherwise_us;
    int64_t linger_us; /* for how long windows stay after their users have left */
    bool labels, per_user, deterministic;
    const char *preset; /* of x264, or NULL */
    size_t room;        /* how many participants may join later; the array has room for them */
    int workers;        /* threads that decode and draw; 0: one per core */
    enum trtc_container container;
    const char *path;
    struct trtc_mix_part part; /* with a share: the part to be made of that mix, except for call */
    const AVFrame *(*image)(void *opaque, const char *name, const struct trtc_colour *colour);
    /* For a part: a hash of the file of that picture. */
    uint64_t (*image_sum)(void *opaque, const char *name);
    void (*tell)(void *opaque, enum trtc_mix_event event, const char *text);
    void *opaque;
    int64_t (*now_us)(void);           /* the epoch clock; needed for live sources only */
    const volatile sig_atomic_t *stop; /* when it becomes nonzero the mix ends */
    /* Whether an allocation has failed anywhere; or NULL. A mix that can be repeated fails then. */
    bool (*memory_failed)(void);
};

struct trtc_mix;

/* Makes a mix of the participants, which are borrowed until it is freed. NULL on failure: no
 * memory, or no decoder for a stream. */
struct trtc_mix *trtc_mix_new(const struct trtc_mix_opts *o, struct trtc_participant *participants,
                              size_t nb_participants, struct trtc_err *err);
void trtc_mix_free(struct trtc_mix **m);

/* Adds a participant with a live source, from any thread. *p is copied; the composing thread puts
 * it into the array later. Returns 0, or -1: TRTC_EX_UNAVAILABLE (the array is full),
 * TRTC_EX_TEMPFAIL (memory). */
int trtc_mix_join(struct trtc_mix *m, const struct trtc_participant *p, struct trtc_err *err);

/* Returns the number of participants, including those who have joined. */
size_t trtc_mix_nb_participants(const struct trtc_mix *m);

/* Sets, from any thread, whether the mix goes on without users: it then begins at once, at the
 * speed of the clock, and does not end with its last source. */
void trtc_mix_stay(struct trtc_mix *m, bool stays);

/* Ends the mix at the present time, from any thread. */
void trtc_mix_leave(struct trtc_mix *m);

/* Changes the layout or the subscription at change->at_ms (layout/mixset.h), but not before the
 * changes that were given earlier. Takes the content of *change. From any thread, at any time.
 * Returns 0, or -1: no memory. */
int trtc_mix_change(struct trtc_mix *m, struct trtc_mix_change *change, struct trtc_err *err);

struct trtc_mix_result {
    int64_t start_us, end_us; /* of the output, epoch; of a part, those of its pictures */
    int64_t nb_frames, bytes;
    bool interrupted;
};

/* The result of a mix. */
enum trtc_mix_end {
    TRTC_MIX_FAILED = -1, /* *err has the reason */
    TRTC_MIX_MADE,        /* the output is complete, even if a signal ended the mix */
    TRTC_MIX_NOTHING,     /* no source has sent a frame; *err has the worst reason of all sources */
    TRTC_MIX_READER_LEFT, /* the reader of the output has closed it */
};

/* Makes the output, except for its end and its name, so that the losses of the participants are
 * known before. */
enum trtc_mix_end trtc_mix_run(struct trtc_mix *m, struct trtc_mix_result *res,
                               struct trtc_err *err);

/* Completes the output, gives it its name, and sets res->bytes. note: for a part, its losses
 * (trtc_mix_note_write in mix/part.h); else ignored. */
enum trtc_mix_end trtc_mix_finish(struct trtc_mix *m, const char *note, struct trtc_mix_result *res,
                                  struct trtc_err *err);

/* Composes the frame at t_us (epoch), which is valid until the mix is freed. Failures of sources
 * are in the participants afterwards. NULL on failure. */
const AVFrame *trtc_mix_still(struct trtc_mix *m, int64_t t_us, struct trtc_err *err);

/* Returns how much of the output has been composed, in us. From any thread. */
int64_t trtc_mix_progress_us(const struct trtc_mix *m);

#endif
