/* SPDX-License-Identifier: MIT */
/* The account of what is missing or wrong in the input: every loss has a name, a place and an
 * extent. */
#ifndef TRTC_RECORDING_LOSS_H
#define TRTC_RECORDING_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct trtc_loss {
    const char *path;   /* the file it concerns */
    const char *kind;   /* one word (static): missing, empty, truncated, foreign, twice, damaged,
                         unreadable, overlap, format, size, stray, encrypted, unlisted, unfollowed,
                         unaccounted, noclock, broken, unheard, unseen */
    const char *detail; /* the reason in words, or NULL */
    int64_t start_us;   /* where on the clock (epoch), or TRTC_NOTIME */
    int64_t lost_us;    /* media time lost; 0: none, or unknown with lost_bytes < 0 */
    int64_t lost_bytes; /* bytes lost; -1 unknown */
    int list;           /* index of the playlist that lists the file, or -1 */
};

struct trtc_losses {
    struct trtc_loss *items; /* their paths and details are owned here */
    size_t n, cap;
};

/* Adds a copy of what, path and detail included. 0, or -1: no memory. */
int trtc_losses_add(struct trtc_losses *l, const struct trtc_loss *what);

/* The same, with a detail that is formatted (what->detail is ignored); at most 255 bytes of it. */
__attribute__((format(printf, 3, 4))) int
trtc_losses_addf(struct trtc_losses *l, const struct trtc_loss *what, const char *fmt, ...);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_losses_fini(struct trtc_losses *l);

#endif
