/* SPDX-License-Identifier: MIT */
/* Segments whose files hold what belongs elsewhere: a download tool has stored one segment under two
 * names, or two under each other's, or one of the pictures under the name of one of the sound. */
#ifndef TRTC_SOURCE_MISFILED_H
#define TRTC_SOURCE_MISFILED_H

#include "recording/recording.h"

/* Looks for them in r, which was probed and is not settled yet. A segment that is the same, byte for
 * byte, as another one is lost, and left out, if the time stamps of that one are in step with the
 * segments around it, while its own interrupt theirs. Two segments whose time stamps are in step
 * once their files are exchanged are exchanged, with a note. A segment that has no frame of the kind
 * of its playlist is lost, but what it holds is used, unless its time is in another file. If the
 * machine cannot read a file now, r is held (r->held). 0, or -1: TRTC_EX_TEMPFAIL (memory). */
int trtc_misfiled_find(struct trtc_recording *r, struct trtc_err *err);

#endif
