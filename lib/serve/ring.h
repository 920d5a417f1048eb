/* SPDX-License-Identifier: MIT */
/* Keeps the last bytes of a live stream for any number of readers, each with a position of its own.
 * The writer never waits. A reader that falls too far behind loses the oldest bytes, in whole
 * packets of 188 bytes counted from the beginning of the stream, and no other reader is affected.
 * Pure functions: time is passed in. */
#ifndef TRTC_SERVE_RING_H
#define TRTC_SERVE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    TRTC_RING_PACKET = 188,
    TRTC_RING_BLOCK = TRTC_RING_PACKET * 174, /* the unit in which bytes are added and removed */
};

struct trtc_ring_limits {
    size_t bytes_max; /* limit of bytes kept, within one block */
    int64_t reach_ms; /* maximum age of bytes kept for existing readers */
    int64_t back_ms;  /* age of bytes kept for readers who come later */
};

/* The position of a reader. */
struct trtc_ring_place {
    int64_t at;      /* bytes since the beginning of the stream */
    int64_t lost;    /* bytes lost, as whole packets */
    int64_t nb_gaps; /* how often it lost bytes */
};

struct trtc_ring;

/* NULL: out of memory. */
struct trtc_ring *trtc_ring_new(const struct trtc_ring_limits *limits, struct trtc_err *err);
void trtc_ring_free(struct trtc_ring **r);

/* Adds n bytes that arrived at now_ms. 0, or -1 (TRTC_EX_TEMPFAIL): out of memory, and nothing was
 * added. */
int trtc_ring_put(struct trtc_ring *r, const void *data, size_t n, int64_t now_ms,
                  struct trtc_err *err);

/* Ends the stream: an incomplete last packet is delivered too. */
void trtc_ring_end(struct trtc_ring *r);

/* Removes what is too old. read_at: the position that every reader has reached (INT64_MAX: there
 * are no readers). */
void trtc_ring_trim(struct trtc_ring *r, int64_t read_at, int64_t now_ms);

int64_t trtc_ring_first(const struct trtc_ring *r); /* the oldest byte kept */
int64_t trtc_ring_total(const struct trtc_ring *r); /* bytes that have arrived so far */

/* Return the position of a new reader: the oldest packet that is kept for new readers; the oldest
 * one that arrived at most age_ms ago; the end of the newest one. */
struct trtc_ring_place trtc_ring_oldest(const struct trtc_ring *r, int64_t now_ms);
struct trtc_ring_place trtc_ring_since(const struct trtc_ring *r, int64_t age_ms, int64_t now_ms);
struct trtc_ring_place trtc_ring_newest(const struct trtc_ring *r);

/* Returns when the first byte that a reader at this place gets arrived; now_ms: not yet. */
int64_t trtc_ring_came_ms(const struct trtc_ring *r, const struct trtc_ring_place *place,
                          int64_t now_ms);

/* Takes the next whole packets, at most n bytes (at least TRTC_RING_PACKET). Returns the number of
 * bytes; 0: none yet. */
size_t trtc_ring_get(const struct trtc_ring *r, struct trtc_ring_place *place, void *out, size_t n);

/* Whether the stream has ended and this reader has read all of it. */
bool trtc_ring_done(const struct trtc_ring *r, const struct trtc_ring_place *place);

#endif
