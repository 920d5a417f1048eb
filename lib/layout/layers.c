/* SPDX-License-Identifier: MIT */
/* What must be drawn again, and in which order. */
#include "layout/layers.h"

bool trtc_rects_touch(const struct trtc_rect *a, const struct trtc_rect *b)
{
    return a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h && b->y < a->y + a->h;
}

static bool holds(const struct trtc_rect *a, const struct trtc_rect *b)
{
    return b->x >= a->x && b->y >= a->y && b->x + b->w <= a->x + a->w && b->y + b->h <= a->y + a->h;
}

void trtc_layers_arrange(struct trtc_layer *layers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct trtc_layer *l = &layers[i];
        l->level = 0;
        l->grounded = !l->opaque;
        for (size_t j = 0; j < i; j++) {
            const struct trtc_layer *below = &layers[j];
            if (!trtc_rects_touch(&l->rect, &below->rect))
                continue;
            if (below->level >= l->level)
                l->level = below->level + 1;
            if (below->opaque && holds(&below->rect, &l->rect))
                l->grounded = false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        layers[i].early = layers[i].opaque && layers[i].level == 0;
        for (size_t j = i + 1; j < n && layers[i].early; j++)
            if (layers[j].grounded && trtc_rects_touch(&layers[i].rect, &layers[j].rect))
                layers[i].early = false;
    }
}

void trtc_layers_spread(const struct trtc_layer *layers, size_t n, bool *dirty)
{
    bool more = true;
    while (more) {
        more = false;
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < i; j++) {
                if (dirty[i] == dirty[j] || !trtc_rects_touch(&layers[i].rect, &layers[j].rect))
                    continue;
                if (dirty[i] && layers[i].opaque)
                    continue;
                dirty[i] = dirty[j] = more = true;
            }
    }
}
