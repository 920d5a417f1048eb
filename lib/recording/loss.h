/* SPDX-License-Identifier: MIT */
/* The account of what is missing or wrong in the input: every loss has a name, a place and an
 * extent. */
#ifndef TRTC_RECORDING_LOSS_H
#define TRTC_RECORDING_LOSS_H

#include <stddef.h>
#include <stdint.h>

struct trtc_loss {
    char *path; /* the file it concerns */
    const char *
        kind; /* one word: missing, empty, truncated, foreign, twice, damaged, unreadable,
                 overlap, format */
    char *detail;       /* the reason in words, or NULL */
    int64_t start_us;   /* where on the clock, or TRTC_NOTIME */
    int64_t lost_us;    /* media time lost; 0: none, or unknown with lost_bytes < 0 */
    int64_t lost_bytes; /* bytes lost; -1 unknown */
    int source;         /* index of the playlist that lists the file, or -1 */
};

struct trtc_losses {
    struct trtc_loss *items;
    size_t n, cap;
};

/* Adds one; path and the formatted detail (NULL: none) are copied. -1 where memory ran out. */
__attribute__((format(printf, 8, 9))) int trtc_losses_add(struct trtc_losses *l, const char *path,
                                                          const char *kind, int source,
                                                          int64_t start_us, int64_t lost_us,
                                                          int64_t lost_bytes, const char *fmt, ...);

void trtc_losses_fini(struct trtc_losses *l);

#endif
