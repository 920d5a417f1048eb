/* SPDX-License-Identifier: MIT */
/* The canvas of a mix: windows with the users' pictures, their names, placeholders and watermarks
 * over a background. Draws each output frame onto the next canvas of a ring, and only what has
 * changed since that canvas was last drawn. All calls come from one thread; the threads of the pool
 * decode and draw. */
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

struct trtc_actor { /* a stream that may have a window */
    const char *user;
    bool aux;
    struct trtc_tile *tile; /* NULL: it never sends pictures */
    bool on;                /* its picture is wanted and it sends one; set before each draw */
    enum trtc_sight sight;  /* why it is not seen, while it is not */
    int64_t nb_unseen;      /* pictures that could not be drawn; the window was black then */
    int64_t unseen;         /* the serial number of the last one of them */
};

struct trtc_stage_opts {
    int width_px, height_px, nb_canvases;
    struct trtc_colour colour;        /* of the canvases; limited range */
    struct trtc_actor *const *actors; /* borrowed, all of them */
    size_t nb_actors;
    bool labels;            /* the user's name in each window */
    enum trtc_fill fill;    /* of a stalled picture */
    struct trtc_pool *pool; /* borrowed */
    /* Returns the image with that name in these colours, or NULL: it is not available. Valid as
     * long as the stage. */
    const AVFrame *(*image)(void *opaque, const char *name, const struct trtc_colour *colour);
    void *opaque;
};

/* NULL: no memory. trtc_stage_free accepts NULL and clears the pointer. */
struct trtc_stage *trtc_stage_new(const struct trtc_stage_opts *o, struct trtc_err *err);
void trtc_stage_free(struct trtc_stage **s);

/* Sets the look and the layout of the canvas from now on. The streams of the windows are indices of
 * actors. look is borrowed until the next call, layout is copied. Returns 0, or -1:
 * TRTC_EX_UNAVAILABLE (there is no font for the text), or no memory. */
int trtc_stage_set(struct trtc_stage *s, const struct trtc_mix_look *look,
                   const struct trtc_layout *layout, struct trtc_err *err);

/* Advances every tile to due_us without decoding. To be called before the first frame. Returns 0,
 * or -1. */
int trtc_stage_skip(struct trtc_stage *s, int64_t due_us, struct trtc_err *err);

/* Draws the frame for time t_us (epoch), with the pictures due at due_us, onto canvas k of the
 * ring. Returns the canvas, which is valid until it is drawn on again; NULL on failure. */
const AVFrame *trtc_stage_draw(struct trtc_stage *s, int k, int64_t t_us, int64_t due_us,
                               struct trtc_err *err);

#endif
