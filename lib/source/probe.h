/* SPDX-License-Identifier: MIT */
/* Examines the segments of a recording: what they contain, where their time stamps start, whether
 * they are complete. */
#ifndef TRTC_SOURCE_PROBE_H
#define TRTC_SOURCE_PROBE_H

#include <stdbool.h>

#include "recording/recording.h"

/* Fills the facts of every piece of r. Normally it reads only the first block of a segment, and the
 * last one if no FILE-ATTR states its size; it reads the whole segment if the stated length is not
 * credible, or with count_frames. A segment that is empty, foreign or truncated is listed in
 * r->losses, and its length is corrected. If the machine cannot read a segment now, r is held
 * (r->held) and not examined further, nor is it when *stop is nonzero (NULL: never). Returns 0, or -1:
 * TRTC_EX_TEMPFAIL (memory), TRTC_EX_NOINPUT (the directory has disappeared). */
int trtc_probe_recording(struct trtc_recording *r, bool count_frames,
                         const volatile sig_atomic_t *stop, struct trtc_err *err);

#endif
