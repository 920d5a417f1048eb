/* SPDX-License-Identifier: MIT */
/* Shared by the makers of overlays: pictures at full colour resolution, and their conversion into
 * overlays. */
#ifndef TRTC_PICTURE_OVERLAY_PRIV_H
#define TRTC_PICTURE_OVERLAY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "layout/layout.h"
#include "picture/overlay.h"

struct trtc_yuv {
    uint8_t y, u, v;
};

/* Converts 0xRRGGBB to these colours, rounded to nearest. */
struct trtc_yuv trtc_yuv_of(const struct trtc_colour *colour, uint32_t rgb);

/* n / 255, rounded to nearest; exact for n up to 255 * 255. */
static inline uint8_t trtc_div255(uint32_t n)
{
    n += 128;
    return (uint8_t)((n + (n >> 8)) >> 8);
}

/* A picture at full colour resolution, not premultiplied. */
struct trtc_sheet {
    struct trtc_rect rect;  /* on the canvas; its values may be odd */
    uint8_t *y, *u, *v, *a; /* stride rect.w; one block of memory that begins at y */
};

/* The part of box on the canvas. False: there is none, or the box is absurdly far away or large.
 * Any values are allowed. */
bool trtc_rect_clip(const struct trtc_rect *box, int canvas_w, int canvas_h, struct trtc_rect *out);

/* Fills a new sheet with one colour. 0, or -1: out of memory. */
int trtc_sheet_init(struct trtc_sheet *s, const struct trtc_rect *rect, struct trtc_yuv colour,
                    uint8_t alpha, struct trtc_err *err);
void trtc_sheet_fini(struct trtc_sheet *s);

/* The overlay of a sheet on a canvas of even size. Transparent pixels are added at odd edges;
 * colours are averaged weighted by alpha. NULL: out of memory. */
struct trtc_overlay *trtc_overlay_of(const struct trtc_sheet *s, struct trtc_err *err);

#endif
