/* SPDX-License-Identifier: MIT */
/* What a killed run has left of a recording becomes segments that its playlists list. */
#ifndef TRTC_HLS_SALVAGE_H
#define TRTC_HLS_SALVAGE_H

#include "hls/segmenter.h"

/* Whether a run that is no more left something under the names with this recovery number: files in the making, segments
 * that no playlist lists, or a playlist without its end. *media: there are media in files in the making. */
bool trtc_salvage_waits(const struct trtc_segmenter_opts *o, int ha, bool *media);

/* Gives such segments their names and lists them, as far as they are whole; the playlists get their ENDLIST. What was
 * rescued is told as o says, and added to o->salvaged. Only the holder of the claim may call it. */
int trtc_salvage(struct trtc_segmenter_opts *o, int ha, struct trtc_err *err);

#endif
