/* SPDX-License-Identifier: MIT */
/* Places frames of sound that were stamped when they arrived. Each frame belongs after the one
 * before it, by the number of samples of that one. If a stamp differs from this place by less than
 * TRTC_ROUNDING_US (jitter, rounding, drift), the differences are averaged and corrected slowly, so
 * that no frame overlaps another and none is missed. A larger difference is a jump if the following
 * frames confirm it; a single wrong stamp among others is ignored. */
#ifndef TRTC_RECORDING_STEADY_H
#define TRTC_RECORDING_STEADY_H

#include <stdbool.h>
#include <stdint.h>

enum { TRTC_STEADY_AHEAD = 16 }; /* frames that are examined before the first of them is placed */

struct trtc_steady_frame {
    int64_t us; /* its time stamp */
    int samples, rate_hz;
    int64_t moved_us; /* by how much its clock was corrected since the frame before: it moves along */
    bool breaks;      /* something is missing before it: it keeps the time of its stamp */
};

/* Start with all zeros. */
struct trtc_steady {
    struct trtc_steady_frame ring[TRTC_STEADY_AHEAD];
    int first, n;
    bool running;
    int64_t base_us, nb_samples; /* the next frame belongs nb_samples after base_us */
    int rate_hz;
    double late_us; /* average by which stamps are later than that */
    int weight;     /* number of frames in the average */
};

/* Adds a frame. At most TRTC_STEADY_AHEAD frames may wait at a time. samples and rate_hz must be
 * positive. */
void trtc_steady_push(struct trtc_steady *s, const struct trtc_steady_frame *f);

/* Where the oldest waiting frame belongs. Returns false while more frames are needed to decide;
 * end: there are no more. *jump_us is the distance from the end of the frame before if that is a
 * jump, else 0. */
bool trtc_steady_pop(struct trtc_steady *s, bool end, int64_t *us, int64_t *jump_us);

#endif
