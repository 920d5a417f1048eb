/* SPDX-License-Identifier: MIT */
/* Opens decoders of pictures, in the same way for everyone who needs one. */
#ifndef TRTC_CODEC_DECODE_PICTURE_H
#define TRTC_CODEC_DECODE_PICTURE_H

#include <stdbool.h>

#include <libavcodec/avcodec.h>

#include "base/err.h"

struct trtc_picture_decoder_opts {
    const AVCodec *codec;
    const AVCodecParameters *par; /* parameters from the container, or NULL */
    const AVPacket *first;        /* the first packet that it will get, or NULL */
    int threads;                  /* number of threads, which decode different frames */
    int reorder; /* H.264: how many pictures may be displayed later than they arrive; 0: none. If
                    a stream does not state this, the decoder finds out by dropping pictures */
};

/* Opens a decoder for pictures of at most 8192 x 8192, with times in microseconds. Free it with
 * avcodec_free_context. NULL: out of memory, or TRTC_EX_UNAVAILABLE: the decoder cannot be
 * opened. */
AVCodecContext *trtc_picture_decoder_new(const struct trtc_picture_decoder_opts *o,
                                         struct trtc_err *err);

/* Whether a picture was coded as two fields. */
bool trtc_picture_is_interlaced(const AVFrame *pic);

#endif
