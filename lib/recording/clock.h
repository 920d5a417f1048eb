/* SPDX-License-Identifier: MIT */
/* Converts a stream's 33-bit time stamps to the epoch clock. Within a segment the stream's own
 * stamps rule. At the start of each segment they are compared with the segment's clock: a small
 * difference is drift or rounding and is corrected gradually; a larger one is a jump. */
#ifndef TRTC_RECORDING_CLOCK_H
#define TRTC_RECORDING_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define TRTC_TS_WRAP_90K (INT64_C(1) << 33)

/* The state of one stream's clock. Start with all zeros. */
struct trtc_clock {
    bool running;
    int64_t ref_ts_90k;   /* first stamp of the current segment */
    int64_t ref_us;       /* its time on the epoch clock */
    int64_t nominal_us;   /* start of the segment by the clock rule */
    int64_t slew_us;      /* correction, spread over the segment */
    int64_t slew_over_us; /* the length over which it is spread */
    int64_t rate_us;      /* learned correction per segment */
};

/* Begins a segment. first_ts_90k: its first stamp (33 bits). start_us: its start on the epoch clock
 * by the rule of recording.h; exact: that start comes from FILE-ATTR or a file name, not from
 * summed durations, of which only the step since the segment before counts. dur_us: its length.
 * Returns the size of the jump in microseconds; 0 if the stream continues without one. */
int64_t trtc_clock_segment(struct trtc_clock *c, int64_t first_ts_90k, int64_t start_us, bool exact,
                           int64_t dur_us);

/* The epoch time of a stamp of the current segment. The stamp may be up to 13 hours before or after
 * the segment's first one. */
int64_t trtc_clock_us(const struct trtc_clock *c, int64_t ts_90k);

/* The part of that time which corrects the stream, at a stamp of the current segment. */
int64_t trtc_clock_slew_us(const struct trtc_clock *c, int64_t ts_90k);

/* A jump inside a segment: from now on ts_90k stands for the epoch time us. */
void trtc_clock_anchor(struct trtc_clock *c, int64_t ts_90k, int64_t us);

/* a - b of two 33-bit stamps, in the range -2^32 .. 2^32 - 1. */
int64_t trtc_ts_diff(int64_t a_90k, int64_t b_90k);

#endif
