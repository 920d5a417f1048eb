/* SPDX-License-Identifier: MIT */
/* Where a mix begins and ends, by what is asked for and what there is. */
#ifndef TRTC_MIX_EXTENT_H
#define TRTC_MIX_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "playlist/stray.h"

/* A time as given: on the clock, or counted from the mix's start. Zeros: not given. */
struct trtc_when {
    bool given, relative;
    int64_t us;
};

/* On the clock, where the mix starts at start_us; TRTC_NOTIME where it was not given. */
int64_t trtc_when_us(const struct trtc_when *w, int64_t start_us);

struct trtc_extent_asked {
    struct trtc_when from, to;
    struct trtc_when still; /* one picture at that time: the others do not count */
    int64_t longest_us;     /* that the output may be; 0: any length */
};

struct trtc_extent_there {
    int64_t start_us,
        end_us;       /* of what is stored; TRTC_NOTIME: nothing is, or (end) live sources */
    int64_t began_us; /* when the program began */
    bool unplaced;    /* there are live sources: when they begin is not known yet */
};

struct trtc_extent {
    int64_t start_us, end_us;    /* epoch; end TRTC_NOTIME: as long as live sources last; start
                                 TRTC_NOTIME: after_us behind the first live frame */
    int64_t after_us, length_us; /* the latter from there on; TRTC_NOTIME: see end_us */
    int64_t otherwise_us;        /* the start where no live source ever brings anything; or
                                    TRTC_NOTIME */
    bool cut;                    /* it ends there even if there is more */
};

/* Finds the extent. With live sources the mix begins when the first of them sends something, but
 * never behind the beginning of a stored one that begins after the program. TRTC_EX_DATAERR:
 * nothing is left, nobody is there (still), or it is too long; TRTC_EX_USAGE: a given time lies
 * over 48 h from everything, so that the mix would show nobody. */
int trtc_extent_find(const struct trtc_extent_asked *asked, const struct trtc_extent_there *there,
                     struct trtc_extent *out, struct trtc_err *err);

/* When a source without a START begins: with the first of the others (n spots; strays are marked and do
 * not count), or now, where there are none or the source is live. */
int trtc_extent_base(struct trtc_spot *spots, size_t n, bool live, int64_t now_us, int64_t *base_us,
                     struct trtc_err *err);

#endif
