/* SPDX-License-Identifier: MIT */
/* A list of what is missing or wrong in the input. Every loss has a kind, a place and an extent. */
#ifndef TRTC_RECORDING_LOSS_H
#define TRTC_RECORDING_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct trtc_loss {
    const char *path;   /* the file that is affected */
    const char *kind;   /* one word (static): missing, empty, truncated, foreign, twice, damaged,
                           unreadable, overlap, format, size, stray, encrypted, unlisted,
                           unfollowed, unaccounted, uncertain, or trtc_left_name of a reason that
                           is a loss */
    const char *detail; /* the reason in words, or NULL */
    int64_t start_us;   /* when, on the epoch clock (in a segment: its start), or TRTC_NOTIME */
    int64_t within_us;  /* how long that segment is; 0: not known */
    int64_t lost_us;    /* media time lost; 0: none, or unknown if lost_bytes < 0 */
    int64_t lost_bytes; /* bytes lost; -1: unknown */
    int list;           /* index of the playlist that lists the file, or -1 */
};

struct trtc_losses {
    struct trtc_loss *items; /* the list owns their paths and details */
    size_t n, cap;
};

/* Adds a copy of what, with its path and detail. 0, or -1: out of memory. */
int trtc_losses_add(struct trtc_losses *l, const struct trtc_loss *what);

/* Like trtc_losses_add, but with a formatted detail of at most 255 bytes; what->detail is
 * ignored. */
__attribute__((format(printf, 3, 4))) int
trtc_losses_addf(struct trtc_losses *l, const struct trtc_loss *what, const char *fmt, ...);

/* Frees the contents and empties the list. A second call does nothing. */
void trtc_losses_fini(struct trtc_losses *l);

#endif
