/* SPDX-License-Identifier: MIT */
/* Determines where a mix begins and ends, from the options and the sources. */
#ifndef TRTC_MIX_EXTENT_H
#define TRTC_MIX_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "playlist/stray.h"

/* A time as given: absolute (epoch), or relative to the start of the mix. All zeros: not given. */
struct trtc_when {
    bool given, relative;
    int64_t us;
};

/* Returns the epoch time for a mix that starts at start_us; TRTC_NOTIME: it was not given. */
int64_t trtc_when_us(const struct trtc_when *w, int64_t start_us);

struct trtc_extent_asked { /* the options */
    struct trtc_when from, to;
    struct trtc_when still; /* one picture at that time; from and to are ignored */
    int64_t longest_us;     /* the limit of the output's length; 0: none */
};

struct trtc_extent_there {    /* the sources; times are of the epoch */
    int64_t start_us, end_us; /* of the stored sources; TRTC_NOTIME: none; end: or live sources */
    int64_t began_us;         /* when the program began */
    bool unplaced;            /* there are live sources whose beginning is not known yet */
};

struct trtc_extent {
    int64_t start_us, end_us;    /* epoch. end TRTC_NOTIME: when the live sources end. start
                                 TRTC_NOTIME: after_us after the first live frame */
    int64_t after_us, length_us; /* length_us: from that start on; TRTC_NOTIME: see end_us */
    int64_t otherwise_us; /* the start if no live source ever sends a frame; or TRTC_NOTIME */
    bool cut;             /* the mix ends there even if sources go on */
};

/* Finds the extent. With live sources the mix begins with the first frame of any of them, but not
 * after the beginning of a stored source that begins after the program. Returns 0, or -1:
 * TRTC_EX_DATAERR (the extent is empty, no user is there for a still, or it is too long),
 * TRTC_EX_USAGE (a given time is more than 48 h from all sources, so that the mix would show no
 * user). */
int trtc_extent_find(const struct trtc_extent_asked *asked, const struct trtc_extent_there *there,
                     struct trtc_extent *out, struct trtc_err *err);

/* Finds out when a source without a START begins: with the first of the others (n spots; strays are
 * marked and ignored), or now_us if there are none or the source is live. Returns 0, or -1: no
 * memory. */
int trtc_extent_base(struct trtc_spot *spots, size_t n, bool live, int64_t now_us, int64_t *base_us,
                     struct trtc_err *err);

#endif
