/* SPDX-License-Identifier: MIT */
/* A first look into the segments of a recording: what is in them, where their time stamps
 * start, whether they are whole. */
#ifndef TRTC_SOURCE_PROBE_H
#define TRTC_SOURCE_PROBE_H

#include <stdbool.h>

#include "recording/recording.h"

/* Fills the facts of every piece of r. Normally it reads only the first block of a segment, and the
 * last one where no FILE-ATTR vouches for its size; the whole segment where its length cannot be
 * believed, or with count_frames. A segment that turns out empty, foreign or cut is listed in
 * r->losses, and its length is corrected. Where the machine cannot read a segment now, r is held
 * (r->held) and not looked at any further. Returns 0, or -1: TRTC_EX_TEMPFAIL without
 * memory, TRTC_EX_NOINPUT where the directory has gone. */
int trtc_probe_recording(struct trtc_recording *r, bool count_frames, struct trtc_err *err);

#endif
