/* SPDX-License-Identifier: MIT */
/* Encodes samples to AAC-LC: the last step of the merge's sound encoder and of the mixer. Send one
 * frame, then receive until the result is 0. */
#ifndef TRTC_CODEC_AACENC_H
#define TRTC_CODEC_AACENC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ts/packet.h"

struct trtc_aacenc;

/* channels: 1 or 2. bitrate_bps: 0 for 64000 per channel. NULL on failure; TRTC_EX_UNAVAILABLE if
 * there is no AAC encoder for these values. */
struct trtc_aacenc *trtc_aacenc_new(int rate_hz, int channels, int bitrate_bps,
                                    struct trtc_err *err);
void trtc_aacenc_free(struct trtc_aacenc **e);

/* Says, before the first frame is sent, that its first sample is sample pos of the sound, and not
 * sample 0. */
void trtc_aacenc_begin_at(struct trtc_aacenc *e, int64_t pos);

/* Sends n samples per channel; planes has an array for each. n is at most trtc_aacenc_frame();
 * fewer are allowed in the last frame only. planes NULL: no more input. 0, or -1. */
int trtc_aacenc_send(struct trtc_aacenc *e, const float *const *planes, int n,
                     struct trtc_err *err);

/* Receives the next raw AAC frame. 1: *p is filled, and its data is valid until the next call; 0:
 * send more, or finished; -1: failure. pts is the time of its first sample in microseconds,
 * rounded. The first frame is 1024 samples before the
 * first sample sent (priming). */
int trtc_aacenc_receive(struct trtc_aacenc *e, struct trtc_packet *p, struct trtc_err *err);

/* Samples per channel in a frame. */
int trtc_aacenc_frame(const struct trtc_aacenc *e);

/* The AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1), valid as long as e. */
const uint8_t *trtc_aacenc_asc(const struct trtc_aacenc *e, size_t *size);

#endif
