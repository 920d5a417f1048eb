/* SPDX-License-Identifier: MIT */
/* Where the segments of a stream end: at the first frame, at or after the target length, at
 * which decoding can begin. Pure decisions over times. */
#ifndef TRTC_HLS_CUT_H
#define TRTC_HLS_CUT_H

#include <stdbool.h>
#include <stdint.h>

/* One sequence of segments (a video track with its sound, or a sound track). Zero-initialise,
 * then set target_us. */
struct trtc_cut {
    int64_t target_us;
    bool open;               /* a segment has begun */
    int64_t first_us;        /* PTS with which it began */
    int64_t low_us, high_us; /* lowest PTS in it, highest end of a frame */
    bool late;               /* a segment went far beyond the target for want of a key frame (say so
                             once) */
    bool due;                /* it was to end at a frame that is no key: it ends at the next key */
};

/* A frame of the leading track comes (video where there is one), in decoding order. Returns
 * true where a new segment begins with it; what low_us and high_us said of the old one is gone
 * then. force: it must begin here, or where it cannot, as soon as it can (a break in the time
 * stamps, new parameters). A frame that is no key never begins a segment, except the very first
 * one. A length that misses the target by a millisecond has reached it: time stamps of many
 * containers are rounded to that. dur_us: 0 where unknown. */
bool trtc_cut_frame(struct trtc_cut *c, int64_t pts_us, int64_t dur_us, bool key, bool force);

#endif
