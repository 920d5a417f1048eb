/* SPDX-License-Identifier: MIT */
/* The decoder of pictures, opened in one way by all who need one. */
#ifndef TRTC_CODEC_DECODE_PICTURE_H
#define TRTC_CODEC_DECODE_PICTURE_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>

#include "base/err.h"

struct trtc_picture_decoder_opts {
    const AVCodec *codec;
    const AVCodecParameters *par; /* what the container says, or NULL */
    int threads;                  /* of frames */
    int reorder; /* H.264: pictures that may be shown later than they come; 0: none. Where a stream
                    does not say how far it reorders, the decoder learns it by dropping pictures */
};

/* A decoder of pictures of at most 8192 x 8192, with times in microseconds. NULL on failure: no
 * memory; TRTC_EX_UNAVAILABLE: the decoder cannot be opened. Free with avcodec_free_context. */
AVCodecContext *trtc_picture_decoder_new(const struct trtc_picture_decoder_opts *o,
                                         struct trtc_err *err);

/* Whether a picture came as two fields. */
bool trtc_picture_is_interlaced(const AVFrame *pic);

#endif
