/* SPDX-License-Identifier: MIT */
/* A stream that comes as numbered pieces (0, 1, 2 ...), each in a request of its own: they are put in order, repeated ones
 * are left out, and one that does not come is given up after a while. Pure: time is passed in. */
#ifndef TRTC_SERVE_NUMBERED_H
#define TRTC_SERVE_NUMBERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    TRTC_NUMBERED_AHEAD = 64,         /* a piece comes at most so many before its turn */
    TRTC_NUMBERED_BYTES = 16 << 20,   /* of all that wait for theirs */
    TRTC_NUMBERED_PATIENCE_MS = 5000, /* how long one is waited for while later ones are there */
};

enum trtc_numbered_put {
    TRTC_NUMBERED_TAKEN,    /* it is its turn, or it waits for that */
    TRTC_NUMBERED_REPEATED, /* it has been taken before, or was given up, or lies behind the end */
    TRTC_NUMBERED_FAR,      /* too far ahead, or too much waits: it was not taken */
    TRTC_NUMBERED_NOMEM,
};

struct trtc_numbered;

struct trtc_numbered *trtc_numbered_new(struct trtc_err *err); /* NULL: out of memory */
void trtc_numbered_free(struct trtc_numbered **n);

/* A piece, which is copied; last: there is none behind it. */
enum trtc_numbered_put trtc_numbered_put(struct trtc_numbered *n, int64_t number, const void *data,
                                         size_t bytes, bool last);

/* The piece whose turn it is, or NULL; it is the caller's to free. *bytes may be 0. */
void *trtc_numbered_next(struct trtc_numbered *n, size_t *bytes);

/* Gives up what is missing before the first that waits, once that has lasted too long: how many pieces; 0: none. */
int64_t trtc_numbered_skip(struct trtc_numbered *n, int64_t now_ms);

int64_t trtc_numbered_wanted(const struct trtc_numbered *n); /* the number whose turn it is */
bool trtc_numbered_waits(const struct trtc_numbered *n); /* for one while later ones are there */
bool trtc_numbered_done(
    const struct trtc_numbered *n); /* all up to the last were taken or given up */

#endif
