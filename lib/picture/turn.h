/* SPDX-License-Identifier: MIT */
/* Pictures that are to be shown turned or mirrored, as phones record them. */
#ifndef TRTC_PICTURE_TURN_H
#define TRTC_PICTURE_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "layout/layout.h"

/* The steps done to a picture before it is shown, in this order: a set of flags. */
enum trtc_turn {
    TRTC_TURN_TRANSPOSE = 1, /* rows become columns */
    TRTC_TURN_MIRROR = 2,    /* left becomes right, */
    TRTC_TURN_FLIP = 4       /* and top bottom */
};

/* The turn that a display matrix asks for (ISO/IEC 14496-12, 6.2.2; nine numbers as libavutil
 * has them); *askew: the angle is not a quarter, and the nearest one is returned. */
unsigned trtc_turn_of_matrix(const int32_t matrix[9], bool *askew);

/* Draws from (YUV 4:2:0 8 bit, of the size of the rectangle before its turn) onto the rectangle of
 * canvas; alpha: 0 opaque ... 255 clear. */
void trtc_turn_draw(const AVFrame *from, unsigned turn, const struct trtc_rect *to, int alpha,
                    AVFrame *canvas);

#endif
