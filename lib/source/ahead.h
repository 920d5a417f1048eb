/* SPDX-License-Identifier: MIT */
/* Holds back frames of sound until their place is known (recording/steady). */
#ifndef TRTC_SOURCE_AHEAD_H
#define TRTC_SOURCE_AHEAD_H

#include "recording/steady.h"
#include "source/reader.h"

enum { TRTC_AHEAD_SLOTS = TRTC_STEADY_AHEAD + 1 }; /* the caller uses one of them */

struct trtc_ahead_slot {
    struct trtc_read read;
    struct trtc_ts_stream stream;
    uint8_t *data;
    size_t cap;
};

/* Zero-initialise; free with trtc_ahead_fini. */
struct trtc_ahead {
    struct trtc_steady steady;
    struct trtc_ahead_slot slots[TRTC_AHEAD_SLOTS];
    int first; /* the slot of the oldest waiting frame */
};

/* Whether there is no room for another frame. */
static inline bool trtc_ahead_full(const struct trtc_ahead *a)
{
    return a->steady.n == TRTC_STEADY_AHEAD;
}

/* Keeps a copy of a frame of so many samples; there must be room. breaks: a frame before it was
 * left out. Returns 0, or -1: no memory. */
int trtc_ahead_push(struct trtc_ahead *a, const struct trtc_read *r, int samples, int rate_hz,
                    bool breaks);

/* Supplies the next frame, with its times corrected; *out is valid until the next call. Returns
 * false while its place depends on later frames; end: there are none. */
bool trtc_ahead_pop(struct trtc_ahead *a, bool end, struct trtc_read *out);

/* Frees what it holds. */
void trtc_ahead_fini(struct trtc_ahead *a);

#endif
