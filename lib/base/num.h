/* SPDX-License-Identifier: MIT */
/* Numbers as users give them: the whole string, in range, nothing silently cut. */
#ifndef TRTC_BASE_NUM_H
#define TRTC_BASE_NUM_H

#include <stdint.h>

#include "base/err.h"

/* v, or the bound that it lies beyond; low <= high. */
static inline int trtc_clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

struct trtc_range { /* both are in it */
    int64_t min, max;
};

/* Decimal integer in a range; what names the option in the message ("-j"). TRTC_EX_USAGE on failure. */
int trtc_num_int(const char *what, const char *s, struct trtc_range range, int64_t *out,
                 struct trtc_err *err);

/* Decimal number with an optional fraction, in a range, as microseconds; an optional unit of ms, s, m or h, seconds by
 * default ("90", "1.5", "1500ms", "2h"). */
int trtc_num_duration_us(const char *what, const char *s, struct trtc_range range_us,
                         int64_t *out_us, struct trtc_err *err);

/* Bytes with an optional unit: k M G T (powers of 1000), Ki Mi Gi Ti (of 1024), an optional B after it. */
int trtc_num_bytes(const char *what, const char *s, struct trtc_range range, int64_t *out,
                   struct trtc_err *err);

/* "1280x720": both 2..16384. */
int trtc_num_size(const char *what, const char *s, int *w_px, int *h_px, struct trtc_err *err);

#endif
