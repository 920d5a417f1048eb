/* SPDX-License-Identifier: MIT */
/* Orders a stream that arrives as numbered pieces (0, 1, 2 ...), each in a request of its own.
 * Repeated pieces are ignored; a piece that does not arrive is given up after a while. Pure
 * functions: time is passed in. */
#ifndef TRTC_SERVE_NUMBERED_H
#define TRTC_SERVE_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    TRTC_NUMBERED_AHEAD = 64,         /* how many numbers ahead of its turn a piece may arrive */
    TRTC_NUMBERED_BYTES = 16 << 20,   /* total size of the pieces that wait for their turn */
    TRTC_NUMBERED_PATIENCE_MS = 5000, /* how long a missing piece is waited for when later ones
                                         have arrived */
};

enum trtc_numbered_put {
    TRTC_NUMBERED_TAKEN,    /* it is its turn, or it waits for its turn */
    TRTC_NUMBERED_REPEATED, /* it was taken before, or given up, or comes after the end */
    TRTC_NUMBERED_FAR,      /* too far ahead, or too much is waiting: it was not taken */
    TRTC_NUMBERED_NOMEM,
};

struct trtc_numbered;

struct trtc_numbered *trtc_numbered_new(struct trtc_err *err); /* NULL: out of memory */
void trtc_numbered_free(struct trtc_numbered **n);

/* Adds a piece, which is copied; last: there is none after it. */
enum trtc_numbered_put trtc_numbered_put(struct trtc_numbered *n, int64_t number, const void *data,
                                         size_t bytes, bool last);

/* The piece whose turn it is, or NULL; the caller frees it. *bytes may be 0. */
void *trtc_numbered_next(struct trtc_numbered *n, size_t *bytes);

/* Gives up the pieces missing before the first one that waits, if they have been missing for too
 * long. Returns how many. */
int64_t trtc_numbered_skip(struct trtc_numbered *n, int64_t now_ms);

int64_t trtc_numbered_wanted(const struct trtc_numbered *n); /* the number whose turn it is */
bool trtc_numbered_waits(const struct trtc_numbered *n);     /* for a missing piece while later ones
                                                            have arrived */
bool trtc_numbered_done(
    const struct trtc_numbered *n); /* all up to the last were taken or given up */

#endif
