/* SPDX-License-Identifier: MIT */
/* What only a decoder shows: whether the samples of a segment are encrypted inside an ordinary transport
 * stream (SAMPLE-AES), or a tool has decrypted them; and whether its last picture has its end. */
#ifndef TRTC_SOURCE_SEALED_H
#define TRTC_SOURCE_SEALED_H

#include "recording/recording.h"
#include "ts/ts.h"

/* Whether the playlist calls the samples of the segment encrypted. */
bool trtc_sealed_by_playlist(const struct trtc_piece *p);

/* Decodes the first key pictures (H.264, H.265) and the first frames of AAC of the segment in fd,
 * with the streams that tables knows. *kinds: TRTC_AUDIO, TRTC_VIDEO, if most of them fail. Returns
 * 0, or -1: TRTC_EX_TEMPFAIL. What this FFmpeg has no decoder for does not fail, nor do pictures
 * before the first parameter sets. */
int trtc_sealed_look(int fd, const struct trtc_piece *p, const struct trtc_ts *tables,
                     unsigned *kinds, struct trtc_err *err);

/* Decodes the pictures of the segment (H.264, H.265) from a key picture on; of a large one, those in its
 * last 4 MB. *torn: the last one fails, and no other, so its end is missing. Returns 0, or -1:
 * TRTC_EX_TEMPFAIL. */
int trtc_sealed_torn(int fd, const struct trtc_piece *p, const struct trtc_ts *tables, bool *torn,
                     struct trtc_err *err);

#endif
