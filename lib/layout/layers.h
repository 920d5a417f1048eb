/* SPDX-License-Identifier: MIT */
/* What must be drawn again when some layers of a canvas have changed, and in which order:
 * decided here, so that nothing is drawn that has not changed. */
#ifndef TRTC_LAYOUT_LAYERS_H
#define TRTC_LAYOUT_LAYERS_H

#include <stdbool.h>
#include <stddef.h>

#include "layout/layout.h"

struct trtc_layer {
    struct trtc_rect rect;
    bool opaque; /* covers all of its rectangle */
    /* filled by trtc_layers_arrange: */
    int level;     /* layers of one level do not touch each other */
    bool grounded; /* translucent, and the background shows through some of it */
    bool early;    /* opaque, nothing below it, and no grounded layer over it: may be drawn
                      before it is known what else has changed */
};

/* Back to front. */
void trtc_layers_arrange(struct trtc_layer *layers, size_t n);

/* dirty: in, which layers have changed; out, which must be drawn again (level by level): whatever lies over a changed
 * one, and whatever lies under a translucent one that is drawn again. The background must be restored under those
 * that are grounded, before anything that is not early is drawn. */
void trtc_layers_spread(const struct trtc_layer *layers, size_t n, bool *dirty);

/* Whether the two have a pixel in common. */
bool trtc_rects_touch(const struct trtc_rect *a, const struct trtc_rect *b);

#endif
