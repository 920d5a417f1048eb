/* SPDX-License-Identifier: MIT */
/* Decides what must be drawn again when some layers of a canvas have changed, and in which order,
 * so that nothing is drawn that has not changed. */
#ifndef TRTC_LAYOUT_LAYERS_H
#define TRTC_LAYOUT_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "layout/layout.h"

struct trtc_layer {
    struct trtc_rect rect;
    bool opaque; /* covers all of its rectangle */
    /* filled in by trtc_layers_arrange: */
    int level;     /* layers of the same level do not touch each other */
    bool grounded; /* translucent, and part of the background shows through it */
    bool early;    /* opaque, with nothing below it and no grounded layer above it: it may be
                      drawn before it is known what else has changed */
};

/* Arranges the layers, which are ordered from back to front. */
void trtc_layers_arrange(struct trtc_layer *layers, size_t n);

/* dirty marks the layers that have changed, and in the end those that must be drawn again, level by
 * level: every layer above a changed one, and every layer below a translucent one that is drawn
 * again. Under those that are grounded, the background must be restored before anything is drawn
 * that is not early. */
void trtc_layers_spread(const struct trtc_layer *layers, size_t n, bool *dirty);

/* Whether two rectangles have a pixel in common. */
bool trtc_rects_touch(const struct trtc_rect *a, const struct trtc_rect *b);

#endif
