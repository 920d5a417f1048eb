/* SPDX-License-Identifier: MIT */
/* Decides where the segments of a stream end: before the first frame, at or after the target
 * length, at which decoding can begin. Pure: works on times only. */
#ifndef TRTC_HLS_CUT_H
#define TRTC_HLS_CUT_H

#include <stdbool.h>
#include <stdint.h>

/* One sequence of segments (a video track with its sound, or a sound track). Zero-initialise,
 * then set target_us. */
struct trtc_cut {
    int64_t target_us;
    bool open;               /* a segment has begun */
    int64_t first_us;        /* the PTS of its first frame */
    int64_t low_us, high_us; /* the lowest PTS in it, and the highest end of a frame */
    bool late;               /* a segment went far beyond the target because no key frame came */
    bool due; /* it should have ended at a frame that is not a key frame: the next one ends it */
};

/* Takes the next frame of the leading track (video if there is one), in decoding order. Returns
 * true if a new segment begins with it; first_us, low_us and high_us then describe the new one.
 * force: a segment must begin here, or if that is impossible, as soon as possible (after a break in
 * the time stamps, or with new parameters). Only a key frame begins a segment, except for the very
 * first one. A segment that misses the target by a millisecond has reached it, since many
 * containers round time stamps to that. dur_us: 0: not known. */
bool trtc_cut_frame(struct trtc_cut *c, int64_t pts_us, int64_t dur_us, bool key, bool force);

#endif
