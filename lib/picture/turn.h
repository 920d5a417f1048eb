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
    TRTC_TURN_FLIP = 4,      /* and top bottom */
    TRTC_TURN_STEPS = 7,
    /* no steps, which cannot do this: another angle, to which they come nearest; a shear; */
    TRTC_TURN_ASKEW = 8,
    TRTC_TURN_STRETCH = 16 /* or more width or height than the other one */
};

/* The turn for a display matrix (ISO/IEC 14496-12, 6.2.2; nine numbers as in libavutil). */
unsigned trtc_turn_of_matrix(const int32_t matrix[9]);

/* What a stream itself has stated about turns; zeros at its beginning. */
struct trtc_turn_stated {
    bool stated;
    unsigned turn;
};

/* Returns how a decoded picture is to be turned: as the stream itself states, else as outside. A
 * statement in the stream applies until the next one, or until a key picture without one (ITU-T
 * H.264, D.2.27). Pictures must be passed in the order in which they are shown. */
unsigned trtc_turn_of_picture(struct trtc_turn_stated *s, const AVFrame *pic, unsigned outside);

/* Draws from (8-bit YUV 4:2:0, in the size that the rectangle has before the turn) onto a rectangle
 * of the canvas. alpha: 0 opaque ... 255 transparent. */
void trtc_turn_draw(const AVFrame *from, unsigned turn, const struct trtc_rect *to, int alpha,
                    AVFrame *canvas);

#endif
