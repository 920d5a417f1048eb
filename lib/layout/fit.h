/* SPDX-License-Identifier: MIT */
/* Which part of a picture is shown where in a window, by the API's RenderMode. */
#ifndef TRTC_LAYOUT_FIT_H
#define TRTC_LAYOUT_FIT_H

#include "layout/layout.h"

struct trtc_fit {
    struct trtc_rect src; /* the visible part of the picture; x and y are even */
    struct trtc_rect dst; /* its place in the window, from the top left corner; every value is
                             even */
};

struct trtc_shape {       /* the shape of a picture */
    int w, h;             /* in samples */
    int sar_num, sar_den; /* width to height of a sample; 0: not stated, 1 */
};

/* Fits a picture into a window of this size. A sample aspect ratio of 0 or less means square
 * samples. Stretch: the whole picture fills the window. Crop: the middle part with the window's
 * shape. Fit: the whole picture, centred. Crop20: at most 20 % of its width or height is cut off,
 * and the rest is stretched. */
void trtc_fit_window(const struct trtc_shape *pic, int window_w, int window_h,
                     enum trtc_render render, struct trtc_fit *out);

/* A sample's width divided by its height; 1 if it is not stated (0 or less) or absurd. */
double trtc_fit_shape(int sar_num, int sar_den);

/* The size of a picture in square samples, without losing any of its samples. shape: a sample's
 * width divided by its height. */
void trtc_fit_shown(int w, int h, double shape, int *shown_w, int *shown_h);

#endif
