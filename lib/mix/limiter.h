/* SPDX-License-Identifier: MIT */
/* A limiter with look-ahead: sound never exceeds the ceiling, and is not changed while it is below.
 * Sound that is three times as loud or more comes out up to 2 dB below the ceiling, since an
 * encoder needs that room. Plain arithmetic on planar float samples. */
#ifndef TRTC_MIX_LIMITER_H
#define TRTC_MIX_LIMITER_H

#include <stddef.h>

#include "base/err.h"

struct trtc_limiter;

/* channels: 1, or 2 with a common gain. ceiling is linear (0.891 is -1 dBFS). NULL: no memory. */
struct trtc_limiter *trtc_limiter_new(int rate_hz, int channels, float ceiling,
                                      struct trtc_err *err);
void trtc_limiter_free(struct trtc_limiter **l);

/* Returns the delay in samples (5 ms): the output begins with as many samples of silence. */
int trtc_limiter_delay(const struct trtc_limiter *l);

/* Limits n samples of each plane, in place. NaN counts as silence. */
void trtc_limiter_run(struct trtc_limiter *l, float *const *planes, int n);

#endif
