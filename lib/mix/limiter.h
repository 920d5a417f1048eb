/* SPDX-License-Identifier: MIT */
/* A limiter with look-ahead: sound never exceeds the ceiling, and is left alone while it does
 * not. Sound three times as loud or more comes out up to 2 dB below the ceiling, since a coder
 * needs that room. Plain arithmetic on planar float samples. */
#ifndef TRTC_MIX_LIMITER_H
#define TRTC_MIX_LIMITER_H

#include <stddef.h>

#include "base/err.h"

struct trtc_limiter;

/* channels 1 or 2, linked: one gain for both. ceiling is linear (0.891 is -1 dBFS). */
struct trtc_limiter *trtc_limiter_new(int rate_hz, int channels, float ceiling,
                                      struct trtc_err *err);
void trtc_limiter_free(struct trtc_limiter **l);

/* Samples by which the output is late (5 ms): this many samples of added silence come out first. */
int trtc_limiter_delay(const struct trtc_limiter *l);

/* n samples a plane, in place. What is not a number counts as silence. */
void trtc_limiter_run(struct trtc_limiter *l, float *const *planes, int n);

#endif
