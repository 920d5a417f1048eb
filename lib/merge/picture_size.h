/* SPDX-License-Identifier: MIT */
/* How large a picture is whose segments do not say it at their beginnings. */
#ifndef TRTC_MERGE_PICTURE_SIZE_H
#define TRTC_MERGE_PICTURE_SIZE_H

#include "base/err.h"
#include "recording/plan.h"

/* 1: as the first picture of out's lane that can be decoded is shown, or else as VIDEO-METADATA
 * says; 0: nothing says it; -1: TRTC_EX_TEMPFAIL. */
int trtc_picture_size(const struct trtc_output *out, int *width_px, int *height_px,
                      struct trtc_err *err);

#endif
