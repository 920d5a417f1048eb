/* SPDX-License-Identifier: MIT */
/* Converts the samples of 8-bit 4:2:0 pictures to other colours, in place; and translates between
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

/* The planes of a YUV 4:2:0 picture, or of a part of one that begins at even coordinates. */
struct trtc_planes {
    uint8_t *data[3];
    ptrdiff_t stride[3]; /* in bytes */
    int width, height;   /* of the luma plane */
};

/* Converts the samples of to, which may have any width and height. plain: uses no special
 * instructions of the processor; the bytes are the same. */
void trtc_recolour(const struct trtc_colour_map *map, const struct trtc_planes *to, bool plain);

/* The colours that a frame states, including those implied by its pixel format. */
struct trtc_colour trtc_av_colour_said(const AVFrame *f);

/* The colours that a frame is taken to have, by the rule of base/colour where it states none. */
struct trtc_colour trtc_av_colour(const AVFrame *f);

/* Writes the colours and the range to a frame. */
void trtc_av_set_colour(AVFrame *f, const struct trtc_colour *c);

/* Makes the encoder state these colours, as far as they are known. */
void trtc_av_encode_colour(AVCodecContext *e, const struct trtc_colour *c);

struct trtc_sws_opts {
    int src_w, src_h, dst_w, dst_h;
    enum AVPixelFormat from, to;
    int flags;
    struct trtc_colour colour; /* of the YUV side if the other one is RGB */
};

/* A swscale context that leaves the matrix and the range of YUV and grey unchanged; by default it
 * would guess them from the name of the format. NULL: not possible, or out of memory. */
struct SwsContext *trtc_sws_new(const struct trtc_sws_opts *o);

/* Whether swscale treats this format as RGB. */
bool trtc_av_is_rgb(enum AVPixelFormat format);

#endif
