/* SPDX-License-Identifier: MIT */
/* Samples of 4:2:0 pictures of 8 bit into those of other colours, in place; and the seam between
 * FFmpeg's frames and base/colour. */
#ifndef TRTC_CODEC_RECOLOUR_H
#define TRTC_CODEC_RECOLOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>

#include <libswscale/swscale.h>

#include "base/colour.h"

/* The planes of a YUV 4:2:0 picture, or of a part of one that begins at an even place. */
struct trtc_planes {
    uint8_t *data[3];
    ptrdiff_t stride[3]; /* bytes */
    int width, height;   /* of the first */
};

/* width and height of the luma, any; strides in bytes. plain: without what the CPU has besides,
 * to the same bytes. */
void trtc_recolour(const struct trtc_colour_map *map, const struct trtc_planes *to, bool plain);

/* The colours that a frame states, its pixel format included. */
struct trtc_colour trtc_av_colour_said(const AVFrame *f);

/* ... and what it is taken for. */
struct trtc_colour trtc_av_colour(const AVFrame *f);

/* Writes the colours to a frame, with the range. */
void trtc_av_set_colour(AVFrame *f, const struct trtc_colour *c);

/* The encoder says this of its pictures, as far as it is known. */
void trtc_av_encode_colour(AVCodecContext *e, const struct trtc_colour *c);

struct trtc_sws_opts {
    int src_w, src_h, dst_w, dst_h;
    enum AVPixelFormat from, to;
    int flags;
    struct trtc_colour colour; /* of the YUV, where the other one is RGB */
};

/* A swscale context that leaves the matrix and the range of YUV and grey as they are; by itself
 * it would guess them from the format's name. NULL if it cannot, or if memory runs out. */
struct SwsContext *trtc_sws_new(const struct trtc_sws_opts *o);

/* Whether swscale takes this format for RGB. */
bool trtc_av_is_rgb(enum AVPixelFormat format);

#endif
