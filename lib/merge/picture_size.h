/* SPDX-License-Identifier: MIT */
/* How large a picture is whose segments do not say it at their beginnings. */
#ifndef TRTC_MERGE_PICTURE_SIZE_H
#define TRTC_MERGE_PICTURE_SIZE_H

#include "base/err.h"
#include "recording/plan.h"

/* Finds the size in square pixels of the first picture of out's lane that can be decoded, or
 * else the one in VIDEO-METADATA. Returns 1; 0: neither is there; -1: TRTC_EX_TEMPFAIL. */
int trtc_picture_size(const struct trtc_output *out, int *width_px, int *height_px,
                      struct trtc_err *err);

#endif
