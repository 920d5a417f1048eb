/* SPDX-License-Identifier: MIT */
/* Whether the time stamps of a track run ahead of the clock from one segment to the next. */
#ifndef TRTC_RECORDING_GAIN_H
#define TRTC_RECORDING_GAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/recording.h"

#define TRTC_GAIN_90K (60 * 90) /* less is rounding and jitter of the times in names */

/* Returns how much farther apart the first frames of a kind in two consecutive segments of a playlist are
 * by their stamps than by the clock, in ticks of 90 kHz. Three clocks are asked: the times in names or
 * FILE-ATTR, the EXTINF of the first one, and the stamps of the other kind, unless that only began later in
 * the first segment of all. If all are known, the one in the middle counts, else the one that is closest to
 * the stamps; if the stamps of both kinds agree, and there are no times, EXTINF. 0: they agree, or nothing is
 * known. */
int64_t trtc_gain(const struct trtc_piece *a, const struct trtc_piece *b, int kind);

/* The same, by the stamps of the other kind alone. */
int64_t trtc_gain_on_other(const struct trtc_piece *a, const struct trtc_piece *b, int kind);

#endif
