/* SPDX-License-Identifier: MIT */
/* Completes the files that a killed run has left of a recording: makes segments of them, and lists
 * these in the playlists. */
#ifndef TRTC_HLS_SALVAGE_H
#define TRTC_HLS_SALVAGE_H

#include "hls/segmenter.h"

/* Whether a killed run has left anything under the names with this recovery number: temporary
 * files, segments that no playlist lists, or a playlist without ENDLIST. *media: the temporary
 * files contain media. */
bool trtc_salvage_waits(const struct trtc_segmenter_opts *o, int ha, bool *media);

/* Names and lists the complete parts of such segments, and ends the playlists with ENDLIST. The
 * files are passed to o->told, and counted in o->salvaged. Only the holder of the claim may call
 * it. Returns 0, or -1. */
int trtc_salvage(struct trtc_segmenter_opts *o, int ha, struct trtc_err *err);

#endif
