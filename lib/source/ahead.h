/* SPDX-License-Identifier: MIT */
/* Frames of sound that are held back until it is known where they belong (recording/steady). */
#ifndef TRTC_SOURCE_AHEAD_H
#define TRTC_SOURCE_AHEAD_H

#include "recording/steady.h"
#include "source/reader.h"

enum { TRTC_AHEAD_SLOTS = TRTC_STEADY_AHEAD + 1 }; /* one is with the caller */

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
    int first; /* slot of the frame that came first, of those that wait */
};

/* No room for another frame. */
static inline bool trtc_ahead_full(const struct trtc_ahead *a)
{
    return a->steady.n == TRTC_STEADY_AHEAD;
}

/* Keeps a copy of a frame; there must be room. breaks: a frame before it was left out. -1: no
 * memory. */
int trtc_ahead_push(struct trtc_ahead *a, const struct trtc_read *r, int samples, int rate_hz,
                    bool breaks);

/* Returns the next frame, at its place; false as long as its place depends on frames to come
 * (end: none will come). Valid until the next call. */
bool trtc_ahead_pop(struct trtc_ahead *a, bool end, struct trtc_read *out);

/* Frees what it holds. */
void trtc_ahead_fini(struct trtc_ahead *a);

#endif
