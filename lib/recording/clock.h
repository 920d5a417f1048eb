/* SPDX-License-Identifier: MIT */
/* From a stream's 33-bit time stamps to the epoch clock. Within a segment the stream's own
 * stamps rule; at the start of each segment they are compared with the segment's clock: small
 * differences are drift and rounding, and are followed softly, larger ones are a jump. */
#ifndef TRTC_RECORDING_CLOCK_H
#define TRTC_RECORDING_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define TRTC_TS_WRAP_90K (INT64_C(1) << 33)

/* Zero-initialise. */
struct trtc_clock {
    bool running;
    int64_t ref_ts_90k;   /* first stamp of the current segment */
    int64_t ref_us;       /* its place on the epoch clock */
    int64_t nominal_us;   /* its start by the clock rule */
    int64_t slew_us;      /* correction spread over the segment */
    int64_t slew_over_us; /* length it is spread over */
    int64_t rate_us;      /* correction a segment, learned */
};

/* A segment begins: its first stamp (33 bits), its start by the clock rule (exact: a clock of
 * its own; else only summed durations, which count from the segment before), its length.
 * Returns the jump in us: 0 where the stream goes on. */
int64_t trtc_clock_segment(struct trtc_clock *c, int64_t first_ts_90k, int64_t start_us, bool exact,
                           int64_t dur_us);

/* Epoch time of a stamp of the current segment; stamps up to 13 hours off its first one are
 * understood. */
int64_t trtc_clock_us(const struct trtc_clock *c, int64_t ts_90k);

/* A jump inside the segment: ts_90k shall be at us from now on. */
void trtc_clock_anchor(struct trtc_clock *c, int64_t ts_90k, int64_t us);

/* a - b for 33-bit stamps, in -2^32 .. 2^32 - 1. */
int64_t trtc_ts_diff(int64_t a_90k, int64_t b_90k);

#endif
