/* SPDX-License-Identifier: MIT */
/* Decides where the segments of a stream end. */
#include "hls/cut.h"

enum {
    SLACK_US =
        1000, /* how far a distance may be off between two time stamps rounded to milliseconds */
    LATE_TARGETS = 3 /* a segment of this many target lengths is reported */
};

/* a + b and a - b, clamped to the range: input times may be anything. */
static int64_t plus(int64_t a, int64_t b)
{
    if (b >= 0)
        return a > INT64_MAX - b ? INT64_MAX : a + b;
    return a < INT64_MIN - b ? INT64_MIN : a + b;
}

static int64_t minus(int64_t a, int64_t b)
{
    if (b >= 0)
        return a < INT64_MIN + b ? INT64_MIN : a - b;
    return a > INT64_MAX + b ? INT64_MAX : a - b;
}

static int64_t late_us(const struct trtc_cut *c)
{
    return c->target_us < INT64_MAX / LATE_TARGETS ? c->target_us * LATE_TARGETS : INT64_MAX;
}

bool trtc_cut_frame(struct trtc_cut *c, int64_t pts_us, int64_t dur_us, bool key, bool force)
{
    const int64_t end_us = plus(pts_us, dur_us > 0 ? dur_us : 0);
    const int64_t length_us = c->open ? minus(pts_us, c->first_us) : 0;
    const bool full = length_us >= minus(c->target_us, SLACK_US);

    if (!c->open || (key && (full || force || c->due))) {
        c->open = true;
        c->due = false;
        c->first_us = c->low_us = pts_us;
        c->high_us = end_us;
        return true;
    }
    if (force)
        c->due = true;
    if (length_us >= late_us(c))
        c->late = true;
    if (pts_us < c->low_us)
        c->low_us = pts_us;
    if (end_us > c->high_us)
        c->high_us = end_us;
    return false;
}
