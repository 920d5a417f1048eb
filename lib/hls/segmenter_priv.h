/* SPDX-License-Identifier: MIT */
/* What the files of the segmenter share. */
#ifndef TRTC_HLS_SEGMENTER_PRIV_H
#define TRTC_HLS_SEGMENTER_PRIV_H

#include "hls/segmenter.h"

/* "DIR/[PREFIX/][TASK/]NAME", malloc'd. utc_ms TRTC_NOTIME: the playlist. */
char *trtc_segmenter_path(const struct trtc_segmenter_opts *o, enum trtc_kind type, int64_t utc_ms,
                          int ha, struct trtc_err *err);

#endif
