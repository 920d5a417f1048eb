/* SPDX-License-Identifier: MIT */
/* Aspect ratios are compared as products of whole numbers, so that equal ratios never lose a line
 * to rounding. */
#include "layout/fit.h"

#include <stdint.h>

enum {
    SAR_MAX = 1 << 16, /* keeps all products below 2^62 */
    SHAPE_MAX = 16,
    SHOWN_MAX_PX = 16384,
    BARS_MIN = 4, /* narrower bars (2 pixels on each side) are not worth having */
};

/* num / den rounded to the nearest even number, at least 2. */
static int even(int64_t num, int64_t den)
{
    int64_t n = (num + den) / (2 * den) * 2;
    return n < 2 ? 2 : n > INT32_MAX - 1 ? INT32_MAX - 1 : (int)n;
}

static int at_most(int v, int max)
{
    return v < max ? v : max;
}

/* The middle part of whole with the length len. */
static void middle(int whole, int len, int *start, int *size)
{
    *start = (whole - len) / 2 & ~1;
    *size = len;
}

/* What remains of len when a fifth is cut off: even, and at least 80 %. */
static int four_fifths(int len)
{
    return at_most((int)(((int64_t)len * 4 + 9) / 10 * 2), len);
}

void trtc_fit_window(const struct trtc_shape *pic_shape, int window_w, int window_h,
                     enum trtc_render render, struct trtc_fit *out)
{
    const int src_w = pic_shape->w, src_h = pic_shape->h;
    int sar_num = pic_shape->sar_num, sar_den = pic_shape->sar_den;
    out->src = (struct trtc_rect){ 0, 0, src_w, src_h };
    out->dst = (struct trtc_rect){ 0, 0, window_w, window_h };
    if (render == TRTC_RENDER_STRETCH)
        return;
    if (sar_num <= 0 || sar_den <= 0)
        sar_num = sar_den = 1;
    while (sar_num > SAR_MAX || sar_den > SAR_MAX) {
        sar_num = sar_num > 1 ? sar_num / 2 : 1;
        sar_den = sar_den > 1 ? sar_den / 2 : 1;
    }

    /* the widths of picture and window if both are scaled to the height window_h * shown_h */
    int64_t shown_w = (int64_t)src_w * sar_num;
    int64_t shown_h = (int64_t)src_h * sar_den;
    int64_t pic = shown_w * window_h;
    int64_t window = shown_h * window_w;
    if (pic == window)
        return;
    if (render == TRTC_RENDER_FIT) {
        int w = pic > window ? window_w : even(pic, shown_h);
        int h = pic > window ? even(window, shown_w) : window_h;
        if (window_w - w >= BARS_MIN)
            middle(window_w, w, &out->dst.x, &out->dst.w);
        if (window_h - h >= BARS_MIN)
            middle(window_h, h, &out->dst.y, &out->dst.h);
        return;
    }
    int w = src_w;
    int h = src_h;
    if (pic > window)
        w = at_most(even(window, (int64_t)sar_num * window_h), src_w);
    else
        h = at_most(even(pic, (int64_t)sar_den * window_w), src_h);
    if (render == TRTC_RENDER_CROP20) {
        w = w < four_fifths(src_w) ? four_fifths(src_w) : w;
        h = h < four_fifths(src_h) ? four_fifths(src_h) : h;
    }
    middle(src_w, w, &out->src.x, &out->src.w);
    middle(src_h, h, &out->src.y, &out->src.h);
}

double trtc_fit_shape(int sar_num, int sar_den)
{
    const double shape = sar_num > 0 && sar_den > 0 ? (double)sar_num / sar_den : 1;
    return shape > SHAPE_MAX || shape * SHAPE_MAX < 1 ? 1 : shape;
}

void trtc_fit_shown(int w, int h, double shape, int *shown_w, int *shown_h)
{
    const double wide = shape > 1 ? w * shape : w, high = shape < 1 ? h / shape : h;
    *shown_w = wide < SHOWN_MAX_PX ? (int)(wide + 0.5) : SHOWN_MAX_PX;
    *shown_h = high < SHOWN_MAX_PX ? (int)(high + 0.5) : SHOWN_MAX_PX;
}
