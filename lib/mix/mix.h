/* SPDX-License-Identifier: MIT */
/* The mix: pictures composed frame by frame, voices summed block by block, both encoded and written, on one clock.
 *
 * The caller's thread composes; one thread encodes what is composed, one mixes and encodes the sound, and a pool decodes
 * and scales. Stored sources are read as fast as the work goes; with a live source the mix waits for what is due, but not
 * longer than the wall clock allows. */
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
    int64_t start_us, end_us;    /* epoch; end TRTC_NOTIME: as long as live sources last; start
                                 TRTC_NOTIME: after_us behind the first live frame */
    int64_t after_us, length_us; /* the latter from there on; TRTC_NOTIME: see end_us */
    bool cut;                    /* it ends there even if there is more */
    int64_t otherwise_us;        /* the start where no live source ever brings anything; or
                                    TRTC_NOTIME */
    int64_t linger_us;
    bool labels, per_user, deterministic;
    const char *preset; /* x264's, or NULL */
    size_t room;        /* participants who may join later, behind the others in their array */
    int workers;        /* decoding and drawing at once; 0: one a core */
    enum trtc_container container;
    const char *path;
    struct trtc_mix_part
        part; /* of the mix, which start_us and end_us are about, if there is a share */
    const AVFrame *(*image)(void *opaque, const char *name, const struct trtc_colour *colour);
    void (*tell)(void *opaque, enum trtc_mix_event event, const char *text);
    void *opaque;
    int64_t (*now_us)(void); /* the epoch clock; only with live sources */
    const volatile sig_atomic_t *stop;
    bool (*memory_failed)(
        void); /* whether an allocation has failed anywhere; or NULL. A mix that can be made again fails then */
};

struct trtc_mix;

/* The participants, all of them, are borrowed until the free. NULL on failure: no memory, or a stream that nothing
 * here can decode. */
struct trtc_mix *trtc_mix_new(const struct trtc_mix_opts *o, struct trtc_participant *participants,
                              size_t nb_participants, struct trtc_err *err);
void trtc_mix_free(struct trtc_mix **m);

/* Another one joins, from any thread: a live source. *p is copied into the array when the composing thread comes to
 * it. -1: there is no room, TRTC_EX_UNAVAILABLE. */
int trtc_mix_join(struct trtc_mix *m, const struct trtc_participant *p, struct trtc_err *err);

/* How many have joined, those at the beginning included. */
size_t trtc_mix_nb_participants(const struct trtc_mix *m);

/* Whether the mix goes on with nobody there (from any thread): it begins at once, at the speed of the clock, and does
 * not end with its last source. */
void trtc_mix_stay(struct trtc_mix *m, bool stays);

/* It ends with what there is now, from any thread. */
void trtc_mix_leave(struct trtc_mix *m);

/* A change of layout or subscription, at change->at_ms (see layout/mixset.h), but not before those that were given
 * earlier; takes what it holds. Any thread, any time. */
int trtc_mix_change(struct trtc_mix *m, struct trtc_mix_change *change, struct trtc_err *err);

struct trtc_mix_result {
    int64_t start_us, end_us; /* of the output, epoch (of a part: of its pictures) */
    int64_t nb_frames, bytes;
    bool interrupted;
};

/* What came of a mix. */
enum trtc_mix_end {
    TRTC_MIX_FAILED = -1, /* err says why */
    TRTC_MIX_MADE,        /* complete; also where a signal ended it */
    TRTC_MIX_NOTHING, /* no source has sent anything: each source says why, and err has the worst reason */
    TRTC_MIX_READER_LEFT, /* who read the output has gone */
};

/* Makes the output, but for its end and its name: what became of the participants is known before it has that. */
enum trtc_mix_end trtc_mix_run(struct trtc_mix *m, struct trtc_mix_result *res,
                               struct trtc_err *err);

/* Gives an output that was made its end and its name, and sets res->bytes. note: of a part, what was lost in it
 * (trtc_mix_note_write in mix/part.h); else not used. */
enum trtc_mix_end trtc_mix_finish(struct trtc_mix *m, const char *note, struct trtc_mix_result *res,
                                  struct trtc_err *err);

/* Composes the one frame at t_us (epoch), valid until the free. Failures of sources are in the
 * participants afterwards. NULL on failure. */
const AVFrame *trtc_mix_still(struct trtc_mix *m, int64_t t_us, struct trtc_err *err);

/* How much of the output has been composed, in us. Any thread may ask. */
int64_t trtc_mix_progress_us(const struct trtc_mix *m);

#endif
