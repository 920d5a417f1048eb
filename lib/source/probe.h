/* SPDX-License-Identifier: MIT */
/* A first look into the segments of a recording: what is in them, where their time stamps
 * start, whether they are whole. */
#ifndef TRTC_SOURCE_PROBE_H
#define TRTC_SOURCE_PROBE_H

#include <stdbool.h>

#include "recording/recording.h"

/* Fills the facts of every piece of r. Normally reads only the first block of a segment, and
 * its last one where no FILE-ATTR vouches for its size; the whole of it where its length
 * cannot be believed, or with count_frames. What turns out empty, foreign or cut is listed in
 * r->losses, and its length corrected. What the machine cannot read now holds r (r->held), which is
 * not looked at any further. */
int trtc_probe_recording(struct trtc_recording *r, bool count_frames, struct trtc_err *err);

#endif
