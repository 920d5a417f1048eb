/* SPDX-License-Identifier: MIT */
/* Segments whose samples are encrypted inside an ordinary transport stream (SAMPLE-AES): only a
 * decoder shows whether they are, or whether a tool has decrypted them. */
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

#endif
