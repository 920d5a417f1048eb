/* SPDX-License-Identifier: MIT */
/* Draws one decoded picture into one window of the canvas: cropped or fitted as the window
 * requires, and scaled straight into the planes of the canvas. This is the hot path of the
 * mixer. */
#ifndef TRTC_PICTURE_SCALE_H
#define TRTC_PICTURE_SCALE_H

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "layout/fit.h"
#include "layout/layout.h"

struct trtc_scaler; /* belongs to one tile; for one thread at a time */

/* NULL: out of memory. trtc_scaler_free clears the pointer and accepts NULL. */
struct trtc_scaler *trtc_scaler_new(struct trtc_err *err);
void trtc_scaler_free(struct trtc_scaler **s);

/* Uses plain C from now on, whatever the CPU supports: slower, but the same bytes. */
void trtc_scaler_plain(struct trtc_scaler *s);

struct trtc_pane {
    struct trtc_rect rect; /* on the canvas and inside it; even values */
    enum trtc_render render;
    int alpha; /* 0 opaque ... 255 transparent */
};

/* Draws pic into a window of the canvas, in the canvas' colours. pic may have any size (odd ones
 * too), pixel format, colours and sample aspect ratio. The canvas is 8-bit YUV 4:2:0 with limited
 * range and writable planes; the window is even and inside it. Every pixel of the window is written
 * and none outside; what the picture does not cover (fit) is black. With an alpha the result is
 * blended over the canvas' content. -1 with TRTC_EX_DATAERR: the picture cannot be converted, and
 * the window is unchanged. */
int trtc_scaler_draw(struct trtc_scaler *s, const AVFrame *pic, const struct trtc_pane *window,
                     AVFrame *canvas, struct trtc_err *err);

/* Fills a rectangle with the colour 0xRRGGBB. alpha: 0 opaque ... 255 transparent. */
void trtc_fill_rect(AVFrame *canvas, const struct trtc_rect *r, uint32_t rgb, int alpha);

/* A canvas: YUV420P in these colours, with limited range and lines aligned for vector code. The
 * caller frees it with av_frame_free. NULL: out of memory. */
AVFrame *trtc_canvas_new(int width_px, int height_px, const struct trtc_colour *colour);

#endif
