/* SPDX-License-Identifier: MIT */
/* Where each stream's window lies on the canvas: the four layouts of the specification
 * ("Mixed-stream parameters", MixLayoutMode). Pure functions: no memory of their own, no clock. */
#ifndef TRTC_LAYOUT_LAYOUT_H
#define TRTC_LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define TRTC_LAYOUT_MAX 25 /* windows in a layout; in screen sharing 24 of them have a user */

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
                       3 /* cuts off at most 20 % of the width or height and stretches the rest */
};

struct trtc_rect {
    int x, y, w, h; /* pixels from the top left corner of the canvas */
};

/* A user's stream, which can have a window. */
struct trtc_stream {
    const char *user; /* decoded id; borrowed */
    bool aux;
};

/* One window of a MixLayoutList. */
struct trtc_layout_entry {
    struct trtc_rect rect;
    char *user; /* reserved for this user; NULL: for the next stream in the order of entry */
    bool aux;
    int alpha; /* 0 opaque ... 255 transparent */
    enum trtc_render render;
    int layer;         /* larger: nearer to the viewer */
    char *placeholder; /* SubBackgroundImage, or NULL */
};

struct trtc_layout_list {
    struct trtc_layout_entry *items;
    size_t n;
};

struct trtc_layout_opts {
    enum trtc_layout_mode mode;
    int width_px, height_px; /* size of the canvas: positive and even */
    const char *anchor;      /* the user of the large window; NULL: not specified */
    bool anchor_aux;
    bool right;                          /* screen sharing: the large window is on the right */
    enum trtc_render render;             /* for the template layouts */
    const struct trtc_layout_list *list; /* for the custom layout: borrowed */
};

struct trtc_window {
    struct trtc_rect rect; /* inside the canvas; every value is even */
    int z;                 /* order from back to front, 0 ... */
    int stream;            /* index of its stream; -1: reserved for a user who is absent */
    enum trtc_render render;
    int alpha;                             /* 0 opaque ... 255 transparent */
    const struct trtc_layout_entry *entry; /* custom layout: the entry behind it; else NULL */
};

struct trtc_layout {
    struct trtc_window windows[TRTC_LAYOUT_MAX]; /* back to front */
    size_t n;
};

/* Lays out the windows of n streams, which are in the order of entry. Streams beyond the limit get
 * no window; but the anchor, if it is among the streams, always does. If it is not, float gives the
 * large window to the first stream, and screen sharing leaves it empty, though it still counts for
 * the size of the small windows. TRTC_EX_DATAERR: the canvas is not positive and even or exceeds
 * 16384, or a window of the list is outside it (the message names the entry). 0, or -1. */
int trtc_layout_make(const struct trtc_layout_opts *o, const struct trtc_stream *streams, size_t n,
                     struct trtc_layout *out, struct trtc_err *err);

/* Whether the stream with this index has a window. */
bool trtc_layout_has(const struct trtc_layout *l, int stream);

/* The largest number of windows in a mode. */
size_t trtc_layout_limit(enum trtc_layout_mode mode);

/* "grid", "float", "screen", "custom"; "stretch", "crop", "fit", "crop20". NULL ends each table. Do
 * not derive a mode from its name's index; use these: */
extern const char *const trtc_layout_mode_names[]; /* in the order of trtc_layout_modes */
extern const enum trtc_layout_mode trtc_layout_modes[];
extern const char *const trtc_render_names[]; /* by enum trtc_render */

struct cJSON;

/* Reads a MixLayoutList: an array, or an object with an array of that name (its other members are
 * ignored). Values may be odd by one pixel; trtc_layout_make rounds them. TRTC_EX_DATAERR with the
 * entry and member: wrong type or range, unknown member. Free *out with trtc_layout_list_fini. 0,
 * or -1. */
int trtc_layout_list_read(const struct cJSON *json, struct trtc_layout_list *out,
                          struct trtc_err *err);
void trtc_layout_list_fini(struct trtc_layout_list *l);

#endif
