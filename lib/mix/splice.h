/* SPDX-License-Identifier: MIT */
/* Finds the frame at which the sound of one part of a mix can be joined to that of the next without
 * decoding.
 *
 * Frames of AAC overlap by half, and the aliasing of each frame is cancelled by its neighbour if
 * both use the same window in the overlap (ISO/IEC 14496-3, 4.6.11). Both parts contain the frames
 * around the join, made from the same samples. */
#ifndef TRTC_MIX_SPLICE_H
#define TRTC_MIX_SPLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

/* Reads the window of a raw AAC-LC frame: its sequence (0 long, 1 start, 2 short, 3 stop) and
 * shape. Returns false if the frame does not begin with an element whose window applies to all
 * channels. */
bool trtc_splice_window(struct trtc_bytes frame, int *sequence, int *shape);

/* Returns the index of the frame with which the second part continues; the frames before it come
 * from the first part. a[i] and b[i] are the frames of both parts at the same time; n is at least
 * 2. near: the preferred index. */
size_t trtc_splice_find(const struct trtc_bytes *a, const struct trtc_bytes *b, size_t n,
                        size_t near);

#endif
