/* SPDX-License-Identifier: MIT */
/* Samples to AAC-LC: the last step of the merge's sound encoder and of the mixer. Send one
 * frame, receive until 0. */
#ifndef TRTC_CODEC_AACENC_H
#define TRTC_CODEC_AACENC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ts/packet.h"

struct trtc_aacenc;

/* channels 1 or 2; bitrate_bps 0: 64000 a channel. NULL on failure: TRTC_EX_UNAVAILABLE where there
 * is no AAC encoder for these values. */
struct trtc_aacenc *trtc_aacenc_new(int rate_hz, int channels, int bitrate_bps,
                                    struct trtc_err *err);
void trtc_aacenc_free(struct trtc_aacenc **e);

/* n samples a plane, n at most what trtc_aacenc_frame says; fewer: the last ones. planes NULL: no
 * more. */
int trtc_aacenc_send(struct trtc_aacenc *e, const float *const *planes, int n,
                     struct trtc_err *err);

/* Next raw AAC frame: 1; 0 (send more, or finished); -1. data is valid until the next call. pts:
 * the sample it belongs to, first one -1024 (priming), as us rounded. */
int trtc_aacenc_receive(struct trtc_aacenc *e, struct trtc_packet *p, struct trtc_err *err);

/* Samples of each channel that a frame has. */
int trtc_aacenc_frame(const struct trtc_aacenc *e);

/* AudioSpecificConfig, valid as long as e. */
const uint8_t *trtc_aacenc_asc(const struct trtc_aacenc *e, size_t *size);

#endif
