/* SPDX-License-Identifier: MIT */
/* How large an encoded picture is. */
#ifndef TRTC_MERGE_PICTURE_SIZE_H
#define TRTC_MERGE_PICTURE_SIZE_H

#include <signal.h>

#include "base/err.h"
#include "recording/plan.h"

/* Finds the size of out's encoded picture: the one that was requested; else the largest width and
 * height, in square pixels, that the parameter sets of its pictures state; else the size of the
 * first picture that can be decoded, or the one in VIDEO-METADATA. Once *stop is set (NULL: never),
 * pictures that were not looked at do not count. Returns 1; 0: there is none; -1: TRTC_EX_TEMPFAIL,
 * or the lane cannot be read. */
int trtc_picture_size(const struct trtc_output *out, const volatile sig_atomic_t *stop,
                      int *width_px, int *height_px, struct trtc_err *err);

#endif
