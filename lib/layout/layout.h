/* SPDX-License-Identifier: MIT */
/* Where each stream's window lies on the canvas: the four layouts of the specification ("Mixed-stream
 * parameters", MixLayoutMode). Pure: no memory of its own, no clock. */
#ifndef TRTC_LAYOUT_LAYOUT_H
#define TRTC_LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TRTC_LAYOUT_MAX 25 /* windows of a layout; screen sharing: 24 that have a user */

enum trtc_layout_mode { /* the API's MixLayoutMode */
                        TRTC_LAYOUT_FLOAT = 1,
                        TRTC_LAYOUT_SCREEN = 2,
                        TRTC_LAYOUT_GRID = 3,
                        TRTC_LAYOUT_CUSTOM = 4
};

enum trtc_render { /* the API's RenderMode */
                   TRTC_RENDER_STRETCH = 0,
                   TRTC_RENDER_CROP = 1,
                   TRTC_RENDER_FIT = 2,
                   TRTC_RENDER_CROP20 =
                       3 /* crops at most 20 % of the width or height, stretches the rest */
};

struct trtc_rect {
    int x, y, w, h; /* pixels from the canvas' top left */
};

/* A user's stream: what has a window. */
struct trtc_stream {
    const char *user; /* id in clear; borrowed */
    bool aux;
};

/* One window of a MixLayoutList. */
struct trtc_layout_entry {
    struct trtc_rect rect;
    char *user; /* reserved for this user; NULL: taken by the next in order of entry */
    bool aux;
    int alpha; /* 0 opaque ... 255 clear */
    enum trtc_render render;
    int layer;         /* larger: nearer the viewer */
    char *placeholder; /* SubBackgroundImage, or NULL */
};

struct trtc_layout_list {
    struct trtc_layout_entry *items;
    size_t n;
};

struct trtc_layout_opts {
    enum trtc_layout_mode mode;
    int width_px, height_px; /* canvas: positive and even */
    const char *anchor;      /* whose is the large window; NULL: nobody was named */
    bool anchor_aux;
    bool right;                          /* screen sharing: the large window is on the right */
    enum trtc_render render;             /* of the template layouts */
    const struct trtc_layout_list *list; /* custom: borrowed */
};

struct trtc_window {
    struct trtc_rect rect; /* every value even, inside the canvas */
    int z;                 /* back to front, 0 ... */
    int stream;            /* index of the stream in it; -1: reserved, and its user is not there */
    enum trtc_render render;
    int alpha;                             /* 0 opaque ... 255 clear */
    const struct trtc_layout_entry *entry; /* custom: the entry it comes from; else NULL */
};

struct trtc_layout {
    struct trtc_window windows[TRTC_LAYOUT_MAX]; /* back to front */
    size_t n;
};

/* The windows of n streams (in order of entry). Streams beyond the limit get none, but the
 * anchor, if it is among them, always has one. An anchor that is not among them counts as not
 * named: float gives the large window to the first stream, and screen sharing leaves it to the
 * background (it still counts, so that the small windows fit). TRTC_EX_DATAERR for a canvas that
 * is not positive and even, over 16384, or a list with a window outside of it (naming the
 * entry). */
int trtc_layout_make(const struct trtc_layout_opts *o, const struct trtc_stream *streams, size_t n,
                     struct trtc_layout *out, struct trtc_err *err);

/* Whether stream (an index) has a window. */
bool trtc_layout_has(const struct trtc_layout *l, int stream);

/* Windows at most of a mode. */
size_t trtc_layout_limit(enum trtc_layout_mode mode);

/* "grid", "float", "screen", "custom"; "stretch", "crop", "fit", "crop20": NULL ends the tables.
 * Do not rely on a name's index plus 1 being the mode: use these. */
extern const char *const trtc_layout_mode_names[]; /* in the order of trtc_layout_modes */
extern const enum trtc_layout_mode trtc_layout_modes[];
extern const char *const trtc_render_names[]; /* by enum trtc_render */

struct cJSON;

/* Reads a MixLayoutList: the array, or an object that holds one as MixLayoutList (other members of it are
 * not looked at). Values odd by one pixel are kept here and rounded by trtc_layout_make. TRTC_EX_DATAERR
 * naming the entry and the member (type, range, unknown member). Free with trtc_layout_list_fini. */
int trtc_layout_list_read(const struct cJSON *json, struct trtc_layout_list *out,
                          struct trtc_err *err);
void trtc_layout_list_fini(struct trtc_layout_list *l);

#endif
