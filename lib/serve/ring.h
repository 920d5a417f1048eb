/* SPDX-License-Identifier: MIT */
/* The last bytes of a live stream, for any number of readers, each with a place of its own. Who writes never waits: a reader
 * that is further behind than the ring reaches back loses the oldest bytes, in whole packets of 188 bytes counted from
 * the beginning of the stream, and no other reader loses any. Pure: time is passed in. */
#ifndef TRTC_SERVE_RING_H
#define TRTC_SERVE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    TRTC_RING_PACKET = 188,
    TRTC_RING_BLOCK = TRTC_RING_PACKET * 174, /* bytes come and go in blocks of that */
};

struct trtc_ring_limits {
    size_t bytes_max; /* that are kept, a block more or less */
    int64_t reach_ms; /* how old bytes are at most that a reader has still to get */
    int64_t back_ms;  /* how old bytes are that are kept for readers who come later */
};

/* A reader's place. */
struct trtc_ring_place {
    int64_t at;      /* bytes since the beginning of the stream */
    int64_t lost;    /* bytes, of whole packets */
    int64_t nb_gaps; /* places where it lost some */
};

struct trtc_ring;

/* NULL: out of memory. */
struct trtc_ring *trtc_ring_new(const struct trtc_ring_limits *limits, struct trtc_err *err);
void trtc_ring_free(struct trtc_ring **r);

/* Adds n bytes that came at now_ms. -1 (TRTC_EX_TEMPFAIL) where there is no memory: nothing was added. */
int trtc_ring_put(struct trtc_ring *r, const void *data, size_t n, int64_t now_ms,
                  struct trtc_err *err);

/* No more will come: what is left of a packet is given out too. */
void trtc_ring_end(struct trtc_ring *r);

/* Lets go of what is too old; read_at: every reader has come so far (INT64_MAX: there is none). */
void trtc_ring_trim(struct trtc_ring *r, int64_t read_at, int64_t now_ms);

int64_t trtc_ring_first(const struct trtc_ring *r); /* the oldest byte there is */
int64_t trtc_ring_total(const struct trtc_ring *r); /* bytes that have come */

/* Where a reader begins who comes now: at the oldest packet that is kept for those who come later, or behind the newest. */
struct trtc_ring_place trtc_ring_oldest(const struct trtc_ring *r, int64_t now_ms);
struct trtc_ring_place trtc_ring_newest(const struct trtc_ring *r);

/* Takes the next whole packets, n bytes at most (at least TRTC_RING_PACKET): how many bytes; 0: none yet. */
size_t trtc_ring_get(const struct trtc_ring *r, struct trtc_ring_place *place, void *out, size_t n);

/* Whether the stream has ended and this reader has all of it. */
bool trtc_ring_done(const struct trtc_ring *r, const struct trtc_ring_place *place);

#endif
