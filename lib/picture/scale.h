/* SPDX-License-Identifier: MIT */
/* One decoded picture into one window of the canvas: cropped or fitted as the window says,
 * scaled straight into the canvas' planes. The hot path of the mixer. */
#ifndef TRTC_PICTURE_SCALE_H
#define TRTC_PICTURE_SCALE_H

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "layout/fit.h"
#include "layout/layout.h"

struct trtc_scaler; /* of one tile; used by one thread at a time */

/* NULL: no memory. trtc_scaler_free clears the pointer; NULL is fine. */
struct trtc_scaler *trtc_scaler_new(struct trtc_err *err);
void trtc_scaler_free(struct trtc_scaler **s);

/* Uses plain C from now on, whatever the CPU has: the same bytes, more slowly. */
void trtc_scaler_plain(struct trtc_scaler *s);

struct trtc_pane {
    struct trtc_rect rect; /* on the canvas: even, and inside */
    enum trtc_render render;
    int alpha; /* 0 opaque ... 255 clear */
};

/* Draws pic (any size, pixel format, colours, sample aspect ratio; odd sizes too) into window
 * of canvas (YUV 4:2:0 8 bit, limited range, planes writable; window even and inside), in the
 * canvas' colours. Every
 * pixel of the window is written: what the picture does not cover (fit) is black. alpha: 0
 * opaque ... 255 clear, blended over what the canvas holds. Never writes outside the window.
 * -1 with TRTC_EX_DATAERR where the picture cannot be converted (the window is as it was). */
int trtc_scaler_draw(struct trtc_scaler *s, const AVFrame *pic, const struct trtc_pane *window,
                     AVFrame *canvas, struct trtc_err *err);

/* Fills a rectangle with 0xRRGGBB in the canvas' colours; alpha as above. */
void trtc_fill_rect(AVFrame *canvas, const struct trtc_rect *r, uint32_t rgb, int alpha);

/* A canvas: YUV420P of these colours, which are of limited range, with lines aligned for vector
 * code. NULL without memory. */
AVFrame *trtc_canvas_new(int width_px, int height_px, const struct trtc_colour *colour);

#endif
