/* SPDX-License-Identifier: MIT */
/* Reads numbers from users: the whole string, in range, nothing truncated. */
#ifndef TRTC_BASE_NUM_H
#define TRTC_BASE_NUM_H

#include <stdint.h>

#include "base/err.h"

/* v, or the bound that it exceeds; low <= high. */
static inline int trtc_clamp(int v, int low, int high)
{
    return v < low ? low : v > high ? high : v;
}

/* v * to / from, to the nearest, halves away from zero; a result beyond int64_t is its bound.
 * from, to: 1..2^31 - 1. */
int64_t trtc_rescale(int64_t v, int64_t to, int64_t from);

/* Compares two int64_t, for qsort. */
int trtc_num_compare(const void *a, const void *b);

struct trtc_range { /* both bounds are included */
    int64_t min, max;
};

/* Reads a decimal integer; what names the option in messages ("-j"). TRTC_EX_USAGE. 0, or -1. */
int trtc_num_int(const char *what, const char *s, struct trtc_range range, int64_t *out,
                 struct trtc_err *err);

/* Reads a decimal number with an optional fraction (six digits) and an optional unit of ms, s, m or
 * h (default: seconds), such as "90", "1.5", "1500ms", "2h". The result and the range are in
 * microseconds. TRTC_EX_USAGE. */
int trtc_num_duration_us(const char *what, const char *s, struct trtc_range range_us,
                         int64_t *out_us, struct trtc_err *err);

/* Reads a number of bytes with an optional unit: k M G T (powers of 1000), Ki Mi Gi Ti (of 1024),
 * optionally followed by B. A fraction (six digits) must give whole bytes. TRTC_EX_USAGE. */
int trtc_num_bytes(const char *what, const char *s, struct trtc_range range, int64_t *out,
                   struct trtc_err *err);

/* Reads "1280x720"; both must be in 2..16384. TRTC_EX_USAGE. */
int trtc_num_size(const char *what, const char *s, int *w_px, int *h_px, struct trtc_err *err);

#endif
