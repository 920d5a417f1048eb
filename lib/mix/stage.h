/* SPDX-License-Identifier: MIT */
/* The canvas of a mix: windows with the users' pictures, their names, placeholders and watermarks over a background.
 * Draws output frame after output frame onto a ring of canvases, each time only what has changed since that canvas
 * was drawn last. One thread calls; the pool's threads decode and draw. */
#ifndef TRTC_MIX_STAGE_H
#define TRTC_MIX_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavutil/frame.h>

#include "base/colour.h"
#include "base/err.h"
#include "layout/layout.h"
#include "layout/mixset.h"
#include "mix/pool.h"
#include "mix/tile.h"

struct trtc_stage;

struct trtc_actor { /* whoever may have a window */
    const char *user;
    bool aux;
    struct trtc_tile *tile; /* NULL: never sends a picture */
    bool on;                /* its picture is wanted now, and it sends one: set before each draw */
    enum trtc_sight sight;  /* the reason while it is not seen */
    int64_t nb_unseen;      /* pictures that could not be drawn: the window is black then */
    int64_t unseen;         /* ... the last one of them, by its serial number */
};

struct trtc_stage_opts {
    int width_px, height_px, nb_canvases;
    struct trtc_colour colour;        /* of the canvases; limited range */
    struct trtc_actor *const *actors; /* borrowed, all of them */
    size_t nb_actors;
    bool labels;            /* the user's name in each window */
    enum trtc_fill fill;    /* of a stalled picture */
    struct trtc_pool *pool; /* borrowed */
    /* The picture of that name in these colours, or NULL where it is not available; valid as long as the stage. */
    const AVFrame *(*image)(void *opaque, const char *name, const struct trtc_colour *colour);
    void *opaque;
};

/* NULL on failure: no memory. trtc_stage_free clears the pointer; NULL is fine. */
struct trtc_stage *trtc_stage_new(const struct trtc_stage_opts *o, struct trtc_err *err);
void trtc_stage_free(struct trtc_stage **s);

/* Sets the look and the layout of the canvas from now on. The streams of the windows are indices
 * of actors. look is borrowed until the next call, layout is copied. TRTC_EX_UNAVAILABLE where
 * text is asked for and there is no font. */
int trtc_stage_set(struct trtc_stage *s, const struct trtc_mix_look *look,
                   const struct trtc_layout *layout, struct trtc_err *err);

/* Moves every tile on to due_us without decoding it. To be called before the first frame. */
int trtc_stage_skip(struct trtc_stage *s, int64_t due_us, struct trtc_err *err);

/* Draws the frame for time t_us (epoch) onto canvas k of the ring: pictures due at due_us. The canvas is valid until it is
 * drawn on again. */
const AVFrame *trtc_stage_draw(struct trtc_stage *s, int k, int64_t t_us, int64_t due_us,
                               struct trtc_err *err);

#endif
