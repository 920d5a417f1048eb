/* SPDX-License-Identifier: MIT */
/* Converts a stream's 33-bit time stamps to the epoch clock.
 *
 * Times from names have millisecond rounding and the jitter of the recorder. The stream's stamps
 * are exact from frame to frame but may drift. A control loop with a proportional and an integral
 * part (gains 1/2 and 1/8 per segment) makes the stream follow the names: under constant drift no
 * error remains, and there is no step, since each correction is spread over its segment. */
#include "recording/clock.h"

#include <stdlib.h>

#include "recording/recording.h"

static int64_t ticks_to_us(int64_t ticks)
{
    int64_t num = ticks * 100;
    return (num >= 0 ? num + 4 : num - 4) / 9;
}

int64_t trtc_ts_diff(int64_t a_90k, int64_t b_90k)
{
    int64_t d = (a_90k - b_90k) & (TRTC_TS_WRAP_90K - 1);
    return d >= TRTC_TS_WRAP_90K / 2 ? d - TRTC_TS_WRAP_90K : d;
}

/* The correction so long after the first stamp of the segment. */
static int64_t slew_after(const struct trtc_clock *c, int64_t since)
{
    const int64_t slewed = since < 0 ? 0 : since > c->slew_over_us ? c->slew_over_us : since;
    return c->slew_over_us > 0
               ? (int64_t)((double)c->slew_us * (double)slewed / (double)c->slew_over_us)
               : 0;
}

int64_t trtc_clock_slew_us(const struct trtc_clock *c, int64_t ts_90k)
{
    return slew_after(c, ticks_to_us(trtc_ts_diff(ts_90k, c->ref_ts_90k)));
}

int64_t trtc_clock_us(const struct trtc_clock *c, int64_t ts_90k)
{
    const int64_t since = ticks_to_us(trtc_ts_diff(ts_90k, c->ref_ts_90k));
    return c->ref_us + since + slew_after(c, since);
}

void trtc_clock_anchor(struct trtc_clock *c, int64_t ts_90k, int64_t us)
{
    int64_t off_us =
        c->running ? c->ref_us - c->nominal_us : 0; /* how far the stream is from the summed
                                                       durations */
    *c = (struct trtc_clock){
        .running = true, .ref_ts_90k = ts_90k, .ref_us = us, .nominal_us = us - off_us
    };
}

/* Where the stream itself puts the stamp. Of the times that differ by whole wraps the one nearest
 * to start_us is returned, so that a pause of many hours is handled. */
static int64_t expected_us(const struct trtc_clock *c, int64_t ts_90k, int64_t start_us)
{
    const int64_t wrap_us = ticks_to_us(TRTC_TS_WRAP_90K);
    int64_t us = trtc_clock_us(c, ts_90k);
    int64_t off = start_us - us;
    int64_t wraps = (off >= 0 ? off + wrap_us / 2 : off - wrap_us / 2) / wrap_us;
    return us + wraps * wrap_us;
}

int64_t trtc_clock_segment(struct trtc_clock *c, int64_t first_ts_90k, int64_t start_us, bool exact,
                           int64_t dur_us)
{
    int64_t nominal_us = start_us;
    if (!c->running) {
        trtc_clock_anchor(c, first_ts_90k, start_us);
        c->nominal_us = nominal_us;
        return 0;
    }
    if (!exact) /* a sum of rounded durations drifts: only its step since the last segment counts */
        start_us = c->ref_us + start_us - c->nominal_us;
    int64_t at_us = expected_us(c, first_ts_90k, start_us);
    int64_t error = start_us - at_us;
    if (llabs(error) >= TRTC_ROUNDING_US) {
        trtc_clock_anchor(c, first_ts_90k, start_us);
        c->nominal_us = nominal_us;
        return error;
    }
    int64_t rate = exact ? c->rate_us + error / 8 : 0;
    int64_t slew = exact ? error / 2 + rate : 0;
    *c = (struct trtc_clock){ .running = true,
                              .ref_ts_90k = first_ts_90k,
                              .ref_us = at_us,
                              .nominal_us = nominal_us,
                              .slew_us = slew,
                              .slew_over_us = dur_us > 0 ? dur_us : 1,
                              .rate_us = rate };
    return 0;
}
