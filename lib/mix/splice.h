/* SPDX-License-Identifier: MIT */
/* Where the sound of one part of a mix is joined to that of the next, without decoding it.
 *
 * Frames of AAC overlap by half, and what each lets through of the wrong half goes away with its
 * neighbour, if both have the same window there (ISO/IEC 14496-3, 4.6.11). Both parts hold the
 * frames around the join, made from the same samples. */
#ifndef TRTC_MIX_SPLICE_H
#define TRTC_MIX_SPLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* The window of a raw frame of AAC-LC: its sequence (0 long, 1 start, 2 short, 3 stop) and shape.
 * False where the frame does not begin with one that says it for all its channels. */
bool trtc_splice_window(struct trtc_bytes frame, int *sequence, int *shape);

/* The frame with which the second part goes on: place i of n, a[i] and b[i] being the first and the
 * second part's frames of the same time, at least 2; near: where the join should be. The frames
 * before it are the first part's. */
size_t trtc_splice_find(const struct trtc_bytes *a, const struct trtc_bytes *b, size_t n,
                        size_t near);

#endif
