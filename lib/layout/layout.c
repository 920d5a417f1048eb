/* SPDX-License-Identifier: MIT */
/* The four layouts. Every edge is a fraction of the canvas, rounded to the nearest even number
 * (halves up). Windows that share an edge share its rounding, so that adjacent windows leave no
 * gap. */
#include "layout/layout.h"

#include <stdint.h>
#include <string.h>

#define SIDE_MAX_PX 16384
#define SCREEN_MAX  24

const char *const trtc_layout_mode_names[] = { "grid", "float", "screen", "custom", NULL };
const enum trtc_layout_mode trtc_layout_modes[] = { TRTC_LAYOUT_GRID, TRTC_LAYOUT_FLOAT,
                                                    TRTC_LAYOUT_SCREEN, TRTC_LAYOUT_CUSTOM };
const char *const trtc_render_names[] = { "stretch", "crop", "fit", "crop20", NULL };

size_t trtc_layout_limit(enum trtc_layout_mode mode)
{
    return mode == TRTC_LAYOUT_SCREEN ? SCREEN_MAX : TRTC_LAYOUT_MAX;
}

bool trtc_layout_has(const struct trtc_layout *l, int stream)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->windows[i].stream == stream)
            return stream >= 0;
    return false;
}

/* part/parts of px, rounded to the nearest even number. */
static int edge(int px, int part, int parts)
{
    return (int)(((int64_t)px * part + parts) / (2 * (int64_t)parts)) * 2;
}

/* A part of the canvas' width or height, from a to b. */
struct span {
    int a, b, parts;
};

static struct trtc_rect rect_of(const struct trtc_layout_opts *o, struct span x, struct span y)
{
    struct trtc_rect r = { edge(o->width_px, x.a, x.parts), edge(o->height_px, y.a, y.parts), 0,
                           0 };
    r.w = edge(o->width_px, x.b, x.parts) - r.x;
    r.h = edge(o->height_px, y.b, y.parts) - r.y;
    return r;
}

/* The k-th of a number of equal parts. */
static struct span nth(int k, int parts)
{
    return (struct span){ k, k + 1, parts };
}

/* ---- template layouts: window i of count ---- */

static struct trtc_rect grid_rect(const struct trtc_layout_opts *o, int count, int i)
{
    int columns = 1;
    while (columns * columns < count)
        columns++;
    return rect_of(o, nth(i % columns, columns),
                   count == 2 ? nth(0, 1) : nth(i / columns, columns));
}

/* In thousandths: 12 + 4 x (235 + 12) is the whole width, and so is 10 + 5 x (188 + 10). */
static struct span floating(int k, int gap, int size)
{
    return (struct span){ gap + k * (size + gap), (k + 1) * (size + gap), 1000 };
}

/* Window 0 is the large one, behind all others. */
static struct trtc_rect float_rect(const struct trtc_layout_opts *o, int count, int i)
{
    if (i == 0)
        return (struct trtc_rect){ 0, 0, o->width_px, o->height_px };
    const int a_row = count <= 17 ? 4 : 5, gap = count <= 17 ? 12 : 10,
              size = count <= 17 ? 235 : 188;
    const int column = (i - 1) % a_row, row_from_bottom = (i - 1) / a_row;
    return rect_of(o, floating(column, gap, size),
                   floating(a_row - 1 - row_from_bottom, gap, size));
}

/* Window 0 is the large one, even if it is empty. */
static struct trtc_rect screen_left(const struct trtc_layout_opts *o, int count, int i)
{
    /* one column with enough windows to fill it, so that small and large windows have the same
     * shape */
    if (count <= 9) {
        const int rows = count <= 5 ? 4 : count <= 7 ? 6 : 8;
        return i == 0 ? rect_of(o, (struct span){ 0, rows, rows + 1 }, nth(0, 1))
                      : rect_of(o, nth(rows, rows + 1), nth(i - 1, rows));
    }
    if (i == 0)
        return rect_of(o, (struct span){ 0, 8, 10 }, (struct span){ 0, count <= 17 ? 8 : 7, 8 });
    if (i <= 16)
        return rect_of(o, nth(8 + (i - 1) / 8, 10), nth((i - 1) % 8, 8));
    return rect_of(o, nth(i - 17, 10), nth(7, 8));
}

static struct trtc_rect screen_rect(const struct trtc_layout_opts *o, int count, int i)
{
    struct trtc_rect r = screen_left(o, count, i);
    if (o->right)
        r.x = o->width_px - r.x - r.w;
    return r;
}

/* ---- which streams have a window ---- */

static bool same(const struct trtc_stream *s, const char *user, bool aux)
{
    return s->aux == aux && strcmp(s->user, user) == 0;
}

/* The index of a stream; -1: it is not in the list, or user is NULL. */
static int find(const struct trtc_stream *streams, size_t n, const char *user, bool aux)
{
    for (size_t i = 0; user && i < n; i++)
        if (same(&streams[i], user, aux))
            return (int)i;
    return -1;
}

/* Adds a window unless it has no pixels: a canvas can be too small for all windows. */
static void put(struct trtc_layout *out, struct trtc_rect rect, int stream, enum trtc_render render)
{
    if (rect.w <= 0 || rect.h <= 0)
        return;
    out->windows[out->n] =
        (struct trtc_window){ .rect = rect, .z = (int)out->n, .stream = stream, .render = render };
    out->n++;
}

static void put_template(const struct trtc_layout_opts *o, size_t n, int anchor,
                         struct trtc_layout *out)
{
    size_t limit = trtc_layout_limit(o->mode);
    if (n == 0)
        return;
    bool has_large = o->mode != TRTC_LAYOUT_GRID;
    bool empty_large = o->mode == TRTC_LAYOUT_SCREEN && anchor < 0;
    if (o->mode == TRTC_LAYOUT_FLOAT && anchor < 0)
        anchor = 0;
    size_t shown = n < limit ? n : limit;
    /* The anchor keeps its window even if others came first. */
    size_t others = anchor >= 0 && (size_t)anchor >= shown ? shown - 1 : shown;
    int count = (int)shown + empty_large, i = has_large;
    struct trtc_rect (*rect)(const struct trtc_layout_opts *, int, int) =
        o->mode == TRTC_LAYOUT_GRID    ? grid_rect
        : o->mode == TRTC_LAYOUT_FLOAT ? float_rect
                                       : screen_rect;
    if (has_large && anchor >= 0)
        put(out, rect(o, count, 0), anchor, o->render);
    for (size_t s = 0; s < others; s++)
        if (!has_large || (int)s != anchor)
            put(out, rect(o, count, i++), (int)s, o->render);
    if (!has_large && others < shown)
        put(out, rect(o, count, i), anchor, o->render);
}

/* ---- custom ---- */

static int check_list(const struct trtc_layout_opts *o, struct trtc_err *err)
{
    const struct trtc_layout_list *l = o->list;
    if (l->n > TRTC_LAYOUT_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "MixLayoutList: %zu windows, at most %d are possible", l->n,
                         TRTC_LAYOUT_MAX);
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_rect *r = &l->items[i].rect;
        if (r->x < 0 || r->y < 0 || r->w < 0 || r->h < 0 || r->w > o->width_px ||
            r->x > o->width_px - r->w || r->h > o->height_px || r->y > o->height_px - r->h)
            return trtc_fail(err, TRTC_EX_DATAERR,
                             "MixLayoutList[%zu]: %dx%d at %d,%d is not inside the canvas of %dx%d",
                             i, r->w, r->h, r->x, r->y, o->width_px, o->height_px);
    }
    return 0;
}

static struct trtc_rect evened(const struct trtc_rect *r)
{
    struct trtc_rect e = { edge(r->x, 1, 1), edge(r->y, 1, 1), 0, 0 };
    e.w = edge(r->x + r->w, 1, 1) - e.x;
    e.h = edge(r->y + r->h, 1, 1) - e.y;
    return e;
}

static bool is_free(const struct trtc_layout_entry *e)
{
    const struct trtc_rect r = evened(&e->rect);
    return !e->user && r.w > 0 && r.h > 0;
}

static bool is_reserved(const struct trtc_layout_list *l, const struct trtc_stream *s)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].user && same(s, l->items[i].user, l->items[i].aux))
            return true;
    return false;
}

/* Assigns streams to windows; holds[i] is the stream in window i, or -1. A reserved window waits
 * for its own user; other streams fill the other windows in order. */
static void assign(const struct trtc_layout_list *l, const struct trtc_stream *streams, size_t n,
                   int anchor, int holds[TRTC_LAYOUT_MAX])
{
    size_t next = 0, last_free = l->n;
    bool anchor_in = anchor < 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_layout_entry *e = &l->items[i];
        holds[i] = find(streams, n, e->user, e->aux);
        if (is_free(e)) {
            while (next < n && is_reserved(l, &streams[next]))
                next++;
            if (next < n) {
                holds[i] = (int)next++;
                last_free = i;
            }
        }
        anchor_in = anchor_in || holds[i] == anchor;
    }
    if (!anchor_in && last_free < l->n)
        holds[last_free] = anchor;
}

static void put_custom(const struct trtc_layout_opts *o, const struct trtc_stream *streams,
                       size_t n, int anchor, struct trtc_layout *out)
{
    const struct trtc_layout_list *l = o->list;
    int holds[TRTC_LAYOUT_MAX];
    size_t order[TRTC_LAYOUT_MAX];
    assign(l, streams, n, anchor, holds);
    for (size_t i = 0; i < l->n; i++) { /* by layer, and within a layer in the order of the list */
        size_t k = i;
        for (; k > 0 && l->items[order[k - 1]].layer > l->items[i].layer; k--)
            order[k] = order[k - 1];
        order[k] = i;
    }
    for (size_t k = 0; k < l->n; k++) {
        const struct trtc_layout_entry *e = &l->items[order[k]];
        const size_t before = out->n;
        if (!e->user && holds[order[k]] < 0)
            continue;
        put(out, evened(&e->rect), holds[order[k]], e->render);
        if (out->n > before) {
            out->windows[before].alpha = e->alpha;
            out->windows[before].entry = e;
        }
    }
}

int trtc_layout_make(const struct trtc_layout_opts *o, const struct trtc_stream *streams, size_t n,
                     struct trtc_layout *out, struct trtc_err *err)
{
    static const struct trtc_layout_list empty;
    struct trtc_layout_opts own = *o;
    out->n = 0;
    if (own.width_px <= 0 || own.height_px <= 0 || own.width_px > SIDE_MAX_PX ||
        own.height_px > SIDE_MAX_PX || own.width_px % 2 || own.height_px % 2)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "a canvas of %dx%d: width and height must be even, 2 to %d", own.width_px,
                         own.height_px, SIDE_MAX_PX);
    const int anchor = find(streams, n, own.anchor, own.anchor_aux);
    if (own.mode != TRTC_LAYOUT_CUSTOM) {
        put_template(&own, n, anchor, out);
        return 0;
    }
    if (!own.list)
        own.list = &empty;
    if (check_list(&own, err) < 0)
        return -1;
    put_custom(&own, streams, n, anchor, out);
    return 0;
}
