/* SPDX-License-Identifier: MIT */
/* Which part of a picture goes where in a window, by the API's RenderMode. */
#ifndef TRTC_LAYOUT_FIT_H
#define TRTC_LAYOUT_FIT_H

#include "layout/layout.h"

struct trtc_fit {
    struct trtc_rect src; /* part of the picture that is shown; x and y even */
    struct trtc_rect dst; /* where in the window, from its top left; every value even */
};

struct trtc_shape {       /* of a picture */
    int w, h;             /* in samples */
    int sar_num, sar_den; /* width of a sample by its height; 0: not said, 1 */
};

/* A picture of src_w x src_h pixels of shape sar_num:sar_den (0 or less: square). Stretch: all of it into all of the
 * window; crop: the middle that has the window's shape; fit: all of it, centred; crop20: at most 20 % of its width or
 * height cut away, the rest stretched. */
void trtc_fit_window(const struct trtc_shape *pic, int window_w, int window_h,
                     enum trtc_render render, struct trtc_fit *out);

/* A sample's width divided by its height; 1 if it is not given (0 or less) or absurd. */
double trtc_fit_shape(int sar_num, int sar_den);

/* The size that a picture with samples of this shape has in square samples, with none lost. */
void trtc_fit_shown(int w, int h, double shape, int *shown_w, int *shown_h);

#endif
