/* SPDX-License-Identifier: MIT */
/* Pictures that must be turned or mirrored for display, as phones record them. */
#ifndef TRTC_PICTURE_TURN_H
#define TRTC_PICTURE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "layout/layout.h"

/* The steps applied to a picture before it is displayed, in this order: a set of flags. */
enum trtc_turn {
    TRTC_TURN_TRANSPOSE = 1, /* rows become columns */
    TRTC_TURN_MIRROR = 2,    /* left becomes right, */
    TRTC_TURN_FLIP = 4       /* and top bottom */
};

/* The turn for a display matrix (ISO/IEC 14496-12, 6.2.2; nine numbers as in libavutil). If *askew
 * is set, its angle is no multiple of 90 degrees and the nearest one is returned. */
unsigned trtc_turn_of_matrix(const int32_t matrix[9], bool *askew);

/* Draws from (8-bit YUV 4:2:0, in the size that the rectangle has before the turn) onto a rectangle
 * of the canvas. alpha: 0 opaque ... 255 transparent. */
void trtc_turn_draw(const AVFrame *from, unsigned turn, const struct trtc_rect *to, int alpha,
                    AVFrame *canvas);

#endif
