/* SPDX-License-Identifier: MIT */
/* The layouts against tables that were worked out by hand from the specification's fractions ("Mixed-stream
 * parameters", MixLayoutMode): every count, five sizes of canvas. Then custom lists, and who is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include "base/json.h"
#include "layout/layout.h"

enum { NB = 30 }; /* more than any layout has room for */

static const struct trtc_stream people[NB] = {
    { "u1", false },  { "u2", false },  { "u3", false },  { "u4", false },  { "u5", false },
    { "u6", false },  { "u7", false },  { "u8", false },  { "u9", false },  { "u10", false },
    { "u11", false }, { "u12", false }, { "u13", false }, { "u14", false }, { "u15", false },
    { "u16", false }, { "u17", false }, { "u18", false }, { "u19", false }, { "u20", false },
    { "u21", false }, { "u22", false }, { "u23", false }, { "u24", false }, { "u25", false },
    { "u26", false }, { "u27", false }, { "u28", false }, { "u29", false }, { "u30", false },
};

static const struct {
    int w, h;
} sizes[] = { { 1280, 720 }, { 640, 360 }, { 360, 640 }, { 1920, 1080 }, { 854, 480 } };
enum { NB_SIZES = 5 };

/* ---- edges by hand: k parts of px, to the nearest even pixel, a half upwards ---- */

struct edges {
    int px, at[12];
};

#define SIDES 8 /* 1280 720 640 360 1920 1080 854 480 */

static const struct edges whole[SIDES] = {
    { 1280, { 0, 1280 } }, { 720, { 0, 720 } },   { 640, { 0, 640 } }, { 360, { 0, 360 } },
    { 1920, { 0, 1920 } }, { 1080, { 0, 1080 } }, { 854, { 0, 854 } }, { 480, { 0, 480 } },
};
static const struct edges halves[SIDES] = {
    { 1280, { 0, 640, 1280 } }, { 720, { 0, 360, 720 } },   { 640, { 0, 320, 640 } },
    { 360, { 0, 180, 360 } },   { 1920, { 0, 960, 1920 } }, { 1080, { 0, 540, 1080 } },
    { 854, { 0, 428, 854 } }, /* 427 */
    { 480, { 0, 240, 480 } },
};
static const struct edges thirds[SIDES] = {
    { 1280, { 0, 426, 854, 1280 } },                                /* 426.67, 853.33 */
    { 720, { 0, 240, 480, 720 } },   { 640, { 0, 214, 426, 640 } }, /* 213.33, 426.67 */
    { 360, { 0, 120, 240, 360 } },   { 1920, { 0, 640, 1280, 1920 } },
    { 1080, { 0, 360, 720, 1080 } }, { 854, { 0, 284, 570, 854 } }, /* 284.67, 569.33 */
    { 480, { 0, 160, 320, 480 } },
};
static const struct edges quarters[SIDES] = {
    { 1280, { 0, 320, 640, 960, 1280 } },  { 720, { 0, 180, 360, 540, 720 } },
    { 640, { 0, 160, 320, 480, 640 } },    { 360, { 0, 90, 180, 270, 360 } },
    { 1920, { 0, 480, 960, 1440, 1920 } }, { 1080, { 0, 270, 540, 810, 1080 } },
    { 854, { 0, 214, 428, 640, 854 } }, /* 213.5, 427, 640.5 */
    { 480, { 0, 120, 240, 360, 480 } },
};
static const struct edges fifths[SIDES] = {
    { 1280, { 0, 256, 512, 768, 1024, 1280 } },  { 720, { 0, 144, 288, 432, 576, 720 } },
    { 640, { 0, 128, 256, 384, 512, 640 } },     { 360, { 0, 72, 144, 216, 288, 360 } },
    { 1920, { 0, 384, 768, 1152, 1536, 1920 } }, { 1080, { 0, 216, 432, 648, 864, 1080 } },
    { 854, { 0, 170, 342, 512, 684, 854 } }, /* 170.8, 341.6, 512.4, 683.2 */
    { 480, { 0, 96, 192, 288, 384, 480 } },
};
static const struct edges sixths[SIDES] = {
    { 1280, { -1 } },
    { 720, { 0, 120, 240, 360, 480, 600, 720 } },
    { 640, { 0, 106, 214, 320, 426, 534, 640 } }, /* 106.67, 213.33, 426.67, 533.33 */
    { 360, { 0, 60, 120, 180, 240, 300, 360 } },
    { 1920, { -1 } },
    { 1080, { 0, 180, 360, 540, 720, 900, 1080 } },
    { 854, { -1 } },
    { 480, { 0, 80, 160, 240, 320, 400, 480 } },
};
static const struct edges eighths[SIDES] = {
    { 1280, { -1 } },
    { 720, { 0, 90, 180, 270, 360, 450, 540, 630, 720 } },
    { 640, { 0, 80, 160, 240, 320, 400, 480, 560, 640 } },
    { 360, { 0, 46, 90, 136, 180, 226, 270, 316, 360 } }, /* 45, 135, 225, 315 */
    { 1920, { -1 } },
    { 1080, { 0, 136, 270, 406, 540, 676, 810, 946, 1080 } }, /* 135, 405, 675, 945 */
    { 854, { -1 } },
    { 480, { 0, 60, 120, 180, 240, 300, 360, 420, 480 } },
};
static const struct edges tenths[SIDES] = {
    { 1280, { 0, 128, 256, 384, 512, 640, 768, 896, 1024, 1152, 1280 } },
    { 720, { -1 } },
    { 640, { 0, 64, 128, 192, 256, 320, 384, 448, 512, 576, 640 } },
    { 360, { 0, 36, 72, 108, 144, 180, 216, 252, 288, 324, 360 } },
    { 1920, { 0, 192, 384, 576, 768, 960, 1152, 1344, 1536, 1728, 1920 } },
    { 1080, { -1 } },
    /* 85.4, 170.8, 256.2, 341.6, 427, 512.4, 597.8, 683.2, 768.6 */
    { 854, { 0, 86, 170, 256, 342, 428, 512, 598, 684, 768, 854 } },
    { 480, { -1 } },
};
/* The width of the large window beside one column: 4/5, 6/7, 8/9. */
static const struct edges large[SIDES] = {
    { 1280, { 1024, 1098, 1138 } }, /* 1097.14, 1137.78 */
    { 720, { -1 } },
    { 640, { 512, 548, 568 } },     /* 548.57, 568.89 */
    { 360, { 288, 308, 320 } },     /* 308.57 */
    { 1920, { 1536, 1646, 1706 } }, /* 1645.71, 1706.67 */
    { 1080, { -1 } },
    { 854, { 684, 732, 760 } }, /* 683.2, 759.11 */
    { 480, { -1 } },
};
/* Floating: left and right of each, from 1.2 % of margin, 23.5 % of window, 1.2 % of space. */
static const struct edges fours[SIDES] = {
    { 1280, { 16, 316, 332, 632, 648, 948, 964, 1264 } },
    { 720, { 8, 178, 186, 356, 364, 534, 542, 712 } },
    { 640, { 8, 158, 166, 316, 324, 474, 482, 632 } },
    { 360, { 4, 88, 94, 178, 182, 266, 272, 356 } },
    { 1920, { 24, 474, 498, 948, 972, 1422, 1446, 1896 } },
    { 1080, { 12, 266, 280, 534, 546, 800, 814, 1068 } },
    { 854, { 10, 210, 222, 422, 432, 632, 644, 844 } },
    { 480, { 6, 118, 124, 238, 242, 356, 362, 474 } },
};
/* The same of 1 %, 18.8 %, 1 %. */
static const struct edges fives[SIDES] = {
    { 1280, { 12, 254, 266, 506, 520, 760, 774, 1014, 1026, 1268 } },
    { 720, { 8, 142, 150, 286, 292, 428, 434, 570, 578, 712 } },
    { 640, { 6, 126, 134, 254, 260, 380, 386, 506, 514, 634 } },
    { 360, { 4, 72, 74, 142, 146, 214, 218, 286, 288, 356 } },
    { 1920, { 20, 380, 400, 760, 780, 1140, 1160, 1520, 1540, 1900 } },
    { 1080, { 10, 214, 224, 428, 438, 642, 652, 856, 866, 1070 } },
    { 854, { 8, 170, 178, 338, 346, 508, 516, 676, 684, 846 } },
    { 480, { 4, 96, 100, 190, 194, 286, 290, 380, 384, 476 } },
};

static const int *at(const struct edges *table, int px)
{
    for (int i = 0; i < SIDES; i++)
        if (table[i].px == px && table[i].at[0] >= 0)
            return table[i].at;
    fail_msg("no edges for %d", px);
    return NULL;
}

/* ---- what a layout should be ---- */

struct want {
    struct trtc_rect rect;
    int stream;
};

static struct trtc_rect between(int left, int right, int top, int bottom)
{
    return (struct trtc_rect){ left, top, right - left, bottom - top };
}

static void check(const struct trtc_layout *l, const struct want *want, size_t n, const char *what)
{
    if (l->n != n)
        fail_msg("%s: %zu windows, not %zu", what, l->n, n);
    for (size_t i = 0; i < n; i++) {
        const struct trtc_window *w = &l->windows[i];
        const struct trtc_rect *r = &want[i].rect;
        if (w->rect.x != r->x || w->rect.y != r->y || w->rect.w != r->w || w->rect.h != r->h ||
            w->stream != want[i].stream || w->z != (int)i)
            fail_msg("%s: window %zu: %d,%d %dx%d of %d at %d, not %d,%d %dx%d of %d", what, i,
                     w->rect.x, w->rect.y, w->rect.w, w->rect.h, w->stream, w->z, r->x, r->y, r->w,
                     r->h, want[i].stream);
    }
}

static struct trtc_layout_opts opts(enum trtc_layout_mode mode, int w, int h)
{
    return (struct trtc_layout_opts){
        .mode = mode, .width_px = w, .height_px = h, .render = TRTC_RENDER_CROP
    };
}

static void make(const struct trtc_layout_opts *o, size_t n, struct trtc_layout *l)
{
    struct trtc_err err = { 0 };
    memset(l, 0x55, sizeof *l);
    if (trtc_layout_make(o, people, n, l, &err) < 0)
        fail_msg("%zu on %dx%d: %s", n, o->width_px, o->height_px, err.msg);
}

/* Columns and rows by the number of users. */
static const struct {
    const struct edges *columns, *rows;
    int nb_columns;
} grids[26] = {
    { 0 },
    { whole, whole, 1 },
    { halves, whole, 2 },
    { halves, halves, 2 },
    { halves, halves, 2 },
    { thirds, thirds, 3 },
    { thirds, thirds, 3 },
    { thirds, thirds, 3 },
    { thirds, thirds, 3 },
    { thirds, thirds, 3 },
    { quarters, quarters, 4 },
    { quarters, quarters, 4 },
    { quarters, quarters, 4 },
    { quarters, quarters, 4 },
    { quarters, quarters, 4 },
    { quarters, quarters, 4 },
    { quarters, quarters, 4 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
    { fifths, fifths, 5 },
};

static void grid(void **state)
{
    (void)state;
    for (int s = 0; s < NB_SIZES; s++)
        for (size_t n = 0; n <= NB; n++) {
            const size_t shown = n < 25 ? n : 25;
            const struct trtc_layout_opts o = opts(TRTC_LAYOUT_GRID, sizes[s].w, sizes[s].h);
            struct want want[25] = { 0 };
            struct trtc_layout l;
            for (size_t i = 0; i < shown; i++) {
                const int *x = at(grids[shown].columns, o.width_px) + i % grids[shown].nb_columns;
                const int *y = at(grids[shown].rows, o.height_px) + i / grids[shown].nb_columns;
                want[i] = (struct want){ between(x[0], x[1], y[0], y[1]), (int)i };
            }
            make(&o, n, &l);
            check(&l, want, shown, "grid");
        }
}

/* The small windows on 4 by 4 and 5 by 5 places: column and row, the row counted from the top. */
static const struct {
    int column, row;
} places4[16] = { { 0, 3 }, { 1, 3 }, { 2, 3 }, { 3, 3 }, { 0, 2 }, { 1, 2 }, { 2, 2 }, { 3, 2 },
                  { 0, 1 }, { 1, 1 }, { 2, 1 }, { 3, 1 }, { 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 } },
  places5[24] = { { 0, 4 }, { 1, 4 }, { 2, 4 }, { 3, 4 }, { 4, 4 }, { 0, 3 }, { 1, 3 }, { 2, 3 },
                  { 3, 3 }, { 4, 3 }, { 0, 2 }, { 1, 2 }, { 2, 2 }, { 3, 2 }, { 4, 2 }, { 0, 1 },
                  { 1, 1 }, { 2, 1 }, { 3, 1 }, { 4, 1 }, { 0, 0 }, { 1, 0 }, { 2, 0 }, { 3, 0 } };

static void floating_with(int anchor)
{
    for (int s = 0; s < NB_SIZES; s++)
        for (size_t n = anchor + 1; n <= NB; n++) {
            const size_t shown = n < 25 ? n : 25;
            struct trtc_layout_opts o = opts(TRTC_LAYOUT_FLOAT, sizes[s].w, sizes[s].h);
            struct want want[25] = { { { 0, 0, o.width_px, o.height_px }, anchor } };
            struct trtc_layout l;
            o.anchor = anchor ? people[anchor].user : NULL;
            for (int i = 0; i + 1 < (int)shown; i++) {
                const int *x, *y;
                if (shown <= 17) {
                    x = at(fours, o.width_px) + 2 * places4[i].column;
                    y = at(fours, o.height_px) + 2 * places4[i].row;
                } else {
                    x = at(fives, o.width_px) + 2 * places5[i].column;
                    y = at(fives, o.height_px) + 2 * places5[i].row;
                }
                want[i + 1] = (struct want){ between(x[0], x[1], y[0], y[1]), i + (i >= anchor) };
            }
            make(&o, n, &l);
            check(&l, want, shown, "float");
        }
}

static void floating(void **state)
{
    (void)state;
    struct trtc_layout l;
    floating_with(0);
    floating_with(3);
    floating_with(24);
    floating_with(28);
    const struct trtc_layout_opts o = opts(TRTC_LAYOUT_FLOAT, 640, 360);
    make(&o, 0, &l);
    assert_int_equal(l.n, 0);
}

/* Small window i (from 0) of a screen sharing layout with as many windows. */
static struct trtc_rect small(int w, int h, int count, int i)
{
    if (count <= 9) {
        const int *left = at(large, w);
        const int *y = at(count <= 5 ? quarters : count <= 7 ? sixths : eighths, h) + i;
        return between(left[count <= 5 ? 0 : count <= 7 ? 1 : 2], w, y[0], y[1]);
    }
    static const struct {
        int column, row;
    } places[24] = {
        { 8, 0 }, { 8, 1 }, { 8, 2 }, { 8, 3 }, { 8, 4 }, { 8, 5 }, { 8, 6 }, { 8, 7 },
        { 9, 0 }, { 9, 1 }, { 9, 2 }, { 9, 3 }, { 9, 4 }, { 9, 5 }, { 9, 6 }, { 9, 7 },
        { 0, 7 }, { 1, 7 }, { 2, 7 }, { 3, 7 }, { 4, 7 }, { 5, 7 }, { 6, 7 }, { 7, 7 }
    };
    const int *x = at(tenths, w) + places[i].column, *y = at(eighths, h) + places[i].row;
    return between(x[0], x[1], y[0], y[1]);
}

static struct trtc_rect big(int w, int h, int count)
{
    if (count <= 9)
        return between(0, at(large, w)[count <= 5 ? 0 : count <= 7 ? 1 : 2], 0, h);
    return between(0, at(tenths, w)[8], 0, count <= 17 ? h : at(eighths, h)[7]);
}

static void mirror(struct want *want, size_t n, int w)
{
    for (size_t i = 0; i < n; i++)
        want[i].rect.x = w - want[i].rect.x - want[i].rect.w;
}

/* anchor -1: nobody; the large window is counted for the sizes then, but leaves room for as many. */
static void screen_with(int anchor, bool right)
{
    for (int s = 0; s < NB_SIZES; s++)
        for (size_t n = anchor + 1; n <= NB; n++) {
            const size_t room = 24, shown = n < room ? n : room;
            const int count = (int)shown + (anchor < 0);
            struct trtc_layout_opts o = opts(TRTC_LAYOUT_SCREEN, sizes[s].w, sizes[s].h);
            struct want want[24] = { 0 };
            struct trtc_layout l;
            size_t k = 0;
            o.anchor = anchor < 0 ? NULL : people[anchor].user;
            o.right = right;
            if (anchor >= 0)
                want[k++] = (struct want){ big(o.width_px, o.height_px, count), anchor };
            for (int i = 0; k < shown; i++, k++)
                want[k] = (struct want){ small(o.width_px, o.height_px, count, i),
                                         i + (anchor >= 0 && i >= anchor) };
            if (right)
                mirror(want, shown, o.width_px);
            make(&o, n, &l);
            check(&l, want, shown, "screen");
        }
}

static void screen(void **state)
{
    (void)state;
    screen_with(-1, false);
    screen_with(0, false);
    screen_with(2, false);
    screen_with(29, false);
    screen_with(-1, true);
    screen_with(1, true);
}

/* A few in full, as a reader of the specification would write them down. */
static void in_full(void **state)
{
    (void)state;
    static const struct want five[] = { { { 0, 0, 284, 160 }, 0 },
                                        { { 284, 0, 286, 160 }, 1 },
                                        { { 570, 0, 284, 160 }, 2 },
                                        { { 0, 160, 284, 160 }, 3 },
                                        { { 284, 160, 286, 160 }, 4 } };
    static const struct want floats[] = {
        { { 0, 0, 1280, 720 }, 1 },    { { 16, 542, 300, 170 }, 0 },  { { 332, 542, 300, 170 }, 2 },
        { { 648, 542, 300, 170 }, 3 }, { { 964, 542, 300, 170 }, 4 }, { { 16, 364, 300, 170 }, 5 }
    };
    static const struct want alone[] = { { { 512, 0, 128, 90 }, 0 }, { { 512, 90, 128, 90 }, 1 } };
    struct trtc_layout_opts o = opts(TRTC_LAYOUT_GRID, 854, 480);
    struct trtc_layout l;
    make(&o, 5, &l);
    check(&l, five, 5, "grid of 5");
    o = opts(TRTC_LAYOUT_FLOAT, 1280, 720);
    o.anchor = "u2";
    make(&o, 6, &l);
    check(&l, floats, 6, "float of 6");
    o = opts(TRTC_LAYOUT_SCREEN, 640, 360);
    make(&o, 2, &l);
    check(&l, alone, 2, "screen of 2");
}

/* ---- what holds on any canvas ---- */

static void hold(const struct trtc_layout_opts *o, const struct trtc_layout *l, bool apart,
                 bool full)
{
    int64_t area = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_rect *a = &l->windows[i].rect;
        if ((a->x | a->y | a->w | a->h) & 1 || a->x < 0 || a->y < 0 || a->w <= 0 || a->h <= 0 ||
            a->x + a->w > o->width_px || a->y + a->h > o->height_px)
            fail_msg("%dx%d: %d,%d %dx%d", o->width_px, o->height_px, a->x, a->y, a->w, a->h);
        area += (int64_t)a->w * a->h;
        for (size_t k = 0; apart && k < i; k++) {
            const struct trtc_rect *b = &l->windows[k].rect;
            if (a->x < b->x + b->w && b->x < a->x + a->w && a->y < b->y + b->h &&
                b->y < a->y + a->h)
                fail_msg("%dx%d: %zu and %zu overlap", o->width_px, o->height_px, k, i);
        }
    }
    if (full)
        assert_int_equal(area, (int64_t)o->width_px * o->height_px);
}

static void any_canvas(void **state)
{
    (void)state;
    static const struct {
        enum trtc_layout_mode mode;
        int n;
        bool full;
    } t[] = { { TRTC_LAYOUT_GRID, 1, true },     { TRTC_LAYOUT_GRID, 2, true },
              { TRTC_LAYOUT_GRID, 3, false },    { TRTC_LAYOUT_GRID, 4, true },
              { TRTC_LAYOUT_GRID, 9, true },     { TRTC_LAYOUT_GRID, 16, true },
              { TRTC_LAYOUT_GRID, 25, true },    { TRTC_LAYOUT_SCREEN, 4, false },
              { TRTC_LAYOUT_SCREEN, 5, true },   { TRTC_LAYOUT_SCREEN, 7, true },
              { TRTC_LAYOUT_SCREEN, 9, true },   { TRTC_LAYOUT_SCREEN, 17, true },
              { TRTC_LAYOUT_SCREEN, 24, false }, { TRTC_LAYOUT_FLOAT, 17, false },
              { TRTC_LAYOUT_FLOAT, 25, false } };
    struct trtc_layout l;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        for (int w = 2; w <= 420; w += 2) {
            struct trtc_layout_opts o = opts(t[i].mode, w, 2 + w * 7 % 386 / 2 * 2);
            o.anchor = "u1";
            make(&o, t[i].n, &l);
            hold(&o, &l, t[i].mode != TRTC_LAYOUT_FLOAT, t[i].full);
        }
    const struct trtc_layout_opts o = opts(TRTC_LAYOUT_GRID, 16384, 16384);
    make(&o, 25, &l);
    hold(&o, &l, true, true);
}

/* Floating: every edge is at most a pixel from where the specification has it. */
static void float_fractions(void **state)
{
    (void)state;
    for (int w = 100; w <= 2000; w += 38)
        for (int n = 17; n <= 18; n++) {
            const struct trtc_layout_opts o = opts(TRTC_LAYOUT_FLOAT, w, w);
            const double size = n == 17 ? 0.235 : 0.188, gap = n == 17 ? 0.012 : 0.01;
            struct trtc_layout l;
            make(&o, (size_t)n, &l);
            for (int i = 1; i <= 4; i++) {
                const struct trtc_rect *r = &l.windows[i].rect;
                const double left = w * (gap + (i - 1) * (size + gap)), right = left + w * size;
                const double top = w * (1 - gap - size), bottom = w * (1 - gap);
                assert_true(r->x - left <= 1.0001 && left - r->x <= 1.0001);
                assert_true(r->x + r->w - right <= 1.0001 && right - r->x - r->w <= 1.0001);
                assert_true(r->y - top <= 1.0001 && top - r->y <= 1.0001);
                assert_true(r->y + r->h - bottom <= 1.0001 && bottom - r->y - r->h <= 1.0001);
            }
        }
}

static void canvas(void **state)
{
    (void)state;
    static const int bad[][2] = { { 0, 360 },   { 640, 0 },   { -640, 360 },  { 641, 360 },
                                  { 640, 361 }, { 16386, 2 }, { 640, 20000 }, { -1, -1 } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct trtc_layout_opts o = opts(TRTC_LAYOUT_GRID, bad[i][0], bad[i][1]);
        struct trtc_layout l;
        struct trtc_err err = { 0 };
        char size[32];
        snprintf(size, sizeof size, "%dx%d", bad[i][0], bad[i][1]);
        assert_int_equal(trtc_layout_make(&o, people, 1, &l, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_non_null(strstr(err.msg, size));
        assert_int_equal(l.n, 0);
    }
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(trtc_layout_mode_names[0], "grid");
    assert_int_equal(trtc_layout_modes[0], 3);
    assert_string_equal(trtc_layout_mode_names[1], "float");
    assert_int_equal(trtc_layout_modes[1], 1);
    assert_string_equal(trtc_layout_mode_names[2], "screen");
    assert_int_equal(trtc_layout_modes[2], 2);
    assert_string_equal(trtc_layout_mode_names[3], "custom");
    assert_int_equal(trtc_layout_modes[3], 4);
    assert_null(trtc_layout_mode_names[4]);
    assert_string_equal(trtc_render_names[TRTC_RENDER_STRETCH], "stretch");
    assert_string_equal(trtc_render_names[TRTC_RENDER_CROP], "crop");
    assert_string_equal(trtc_render_names[TRTC_RENDER_FIT], "fit");
    assert_string_equal(trtc_render_names[TRTC_RENDER_CROP20], "crop20");
    assert_null(trtc_render_names[4]);
    assert_int_equal(trtc_layout_limit(TRTC_LAYOUT_GRID), 25);
    assert_int_equal(trtc_layout_limit(TRTC_LAYOUT_FLOAT), 25);
    assert_int_equal(trtc_layout_limit(TRTC_LAYOUT_SCREEN), 24);
    assert_int_equal(trtc_layout_limit(TRTC_LAYOUT_CUSTOM), 25);
}

/* ---- who is left out ---- */

static void left_out(void **state)
{
    (void)state;
    struct trtc_layout_opts o = opts(TRTC_LAYOUT_GRID, 640, 360);
    struct trtc_layout l;
    make(&o, 26, &l);
    assert_true(trtc_layout_has(&l, 24));
    assert_false(trtc_layout_has(&l, 25));
    assert_false(trtc_layout_has(&l, -1));
    o.anchor = "u26";
    make(&o, 27, &l);
    assert_int_equal(l.n, 25);
    assert_false(trtc_layout_has(&l, 24));
    assert_true(trtc_layout_has(&l, 25));
    assert_false(trtc_layout_has(&l, 26));
    assert_int_equal(l.windows[24].stream,
                     25); /* a grid has no large window: last, as it entered */
    o.anchor = "u2";
    make(&o, 26, &l);
    assert_int_equal(l.windows[1].stream, 1);
}

/* An anchor that is not there, or whose other stream is, is nobody's. */
static void anchor(void **state)
{
    (void)state;
    static const struct trtc_stream two[] = { { "a", false }, { "a", true } };
    struct trtc_layout_opts o = opts(TRTC_LAYOUT_SCREEN, 640, 360);
    struct trtc_layout l;
    o.anchor = "a";
    o.anchor_aux = true;
    assert_int_equal(trtc_layout_make(&o, two, 2, &l, NULL), 0);
    assert_int_equal(l.windows[0].stream, 1);
    assert_int_equal(l.windows[0].rect.w, 512);
    assert_int_equal(trtc_layout_make(&o, two, 1, &l, NULL), 0);
    assert_int_equal(l.windows[0].stream, 0);
    assert_int_equal(l.windows[0].rect.x, 512);
    o.mode = TRTC_LAYOUT_FLOAT;
    assert_int_equal(trtc_layout_make(&o, two, 1, &l, NULL), 0);
    assert_int_equal(l.windows[0].rect.w, 640);
    assert_int_equal(l.windows[0].alpha, 0);
    assert_null(l.windows[0].entry);
    assert_int_equal(l.windows[0].render, TRTC_RENDER_CROP);
}

/* ---- custom ---- */

static int read_list(const char *text, struct trtc_layout_list *list, struct trtc_err *err)
{
    struct trtc_err own = { 0 };
    cJSON *json = trtc_json_parse("list", text, strlen(text), &own);
    if (!json)
        fail_msg("%s: %s", text, own.msg);
    int ret = trtc_layout_list_read(json, list, err);
    cJSON_Delete(json);
    return ret;
}

static void list_members(void **state)
{
    (void)state;
    struct trtc_layout_list l;
    struct trtc_err err = { 0 };
    assert_int_equal(
        read_list(
            "{\"MixLayoutMode\":4,\"Other\":[],\"MixLayoutList\":["
            "{\"Left\":1,\"Top\":2,\"Width\":3,\"Height\":4},"
            "{\"Left\":0,\"Top\":0,\"Width\":1920,\"Height\":1920,\"UserId\":\"a:b\",\"MediaId\":1,"
            "\"Alpha\":255,\"RenderMode\":3,\"ImageLayer\":7,\"SubBackgroundImage\":\"x.png\"},"
            "{\"Left\":0,\"Top\":0,\"Width\":0,\"Height\":0,\"UserId\":\"\",\"MediaId\":null}]}",
            &l, &err),
        0);
    assert_int_equal(l.n, 3);
    const struct trtc_layout_entry *e = l.items;
    assert_true(e->rect.x == 1 && e->rect.y == 2 && e->rect.w == 3 && e->rect.h == 4);
    assert_true(!e->user && !e->aux && e->alpha == 0 && e->layer == 0 && !e->placeholder);
    assert_int_equal(e->render, TRTC_RENDER_CROP);
    e++;
    assert_true(e->rect.w == 1920 && e->aux && e->alpha == 255 && e->layer == 7);
    assert_int_equal(e->render, TRTC_RENDER_CROP20);
    assert_string_equal(e->user, "a:b");
    assert_string_equal(e->placeholder, "x.png");
    assert_null(e[1].user);
    trtc_layout_list_fini(&l);
    assert_null(l.items);
    assert_int_equal(read_list("[]", &l, &err), 0);
    assert_int_equal(l.n, 0);
    trtc_layout_list_fini(&l);
}

#define RECT "\"Left\":0,\"Top\":0,\"Width\":10,\"Height\":10"

static void list_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } t[] = {
        { "3", "MixLayoutList" },
        { "{}", "MixLayoutList: is missing" },
        { "{\"MixLayoutList\":null}", "MixLayoutList: is missing" },
        { "{\"MixLayoutList\":{}}", "MixLayoutList" },
        { "[7]", "MixLayoutList[0]" },
        { "[{" RECT "},{\"Left\":0,\"Top\":0,\"Width\":10}]",
          "MixLayoutList[1].Height: is missing" },
        { "[{\"Left\":1921,\"Top\":0,\"Width\":10,\"Height\":1}]", "MixLayoutList[0].Left" },
        { "[{\"Left\":0,\"Top\":-1,\"Width\":10,\"Height\":1}]", "MixLayoutList[0].Top" },
        { "[{\"Left\":0,\"Top\":0,\"Width\":1e9,\"Height\":1}]", "MixLayoutList[0].Width" },
        { "[{\"Left\":0,\"Top\":0,\"Width\":\"10\",\"Height\":1}]", "MixLayoutList[0].Width" },
        { "[{\"Left\":0.5,\"Top\":0,\"Width\":10,\"Height\":1}]", "MixLayoutList[0].Left" },
        { "[{" RECT ",\"Alpha\":256}]", "MixLayoutList[0].Alpha" },
        { "[{" RECT ",\"RenderMode\":4}]", "MixLayoutList[0].RenderMode" },
        { "[{" RECT ",\"MediaId\":2}]", "MixLayoutList[0].MediaId" },
        { "[{" RECT ",\"ImageLayer\":-1}]", "MixLayoutList[0].ImageLayer" },
        { "[{" RECT ",\"UserId\":5}]", "MixLayoutList[0].UserId" },
        { "[{" RECT ",\"userId\":\"a\"}]", "MixLayoutList[0].userId" },
        { "[{" RECT ",\"UserId\":\"a\"},{" RECT ",\"UserId\":\"a\",\"MediaId\":1},{" RECT
          ",\"UserId\":\"a\"}]",
          "MixLayoutList[2].UserId: 'a' has MixLayoutList[0]" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_layout_list l;
        struct trtc_err err = { 0 };
        if (read_list(t[i].text, &l, &err) == 0)
            fail_msg("%s: taken", t[i].text);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        if (!strstr(err.msg, t[i].want))
            fail_msg("%s: %s", t[i].text, err.msg);
        assert_int_equal(l.n, 0);
        assert_null(l.items);
    }
    char many[26 * 64] = "[";
    for (int i = 0; i < 26; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%s{" RECT "}", i ? "," : "");
    strcat(many, "]");
    struct trtc_layout_list l;
    struct trtc_err err = { 0 };
    assert_int_equal(read_list(many, &l, &err), -1);
    assert_non_null(strstr(err.msg, "26 windows"));
}

/* Makes a custom layout of a list, on 200x100. */
static int custom(const char *text, const char *anchor, const struct trtc_stream *streams, size_t n,
                  struct trtc_layout *out, struct trtc_layout_list *list, struct trtc_err *err)
{
    struct trtc_layout_opts o = opts(TRTC_LAYOUT_CUSTOM, 200, 100);
    o.list = list;
    o.anchor = anchor;
    o.render = TRTC_RENDER_FIT;
    assert_int_equal(read_list(text, list, err), 0);
    return trtc_layout_make(&o, streams, n, out, err);
}

static void custom_windows(void **state)
{
    (void)state;
    static const char text[] =
        "[{\"Left\":0,\"Top\":0,\"Width\":51,\"Height\":49,\"ImageLayer\":3,\"Alpha\":7},"
        "{\"Left\":51,\"Top\":0,\"Width\":51,\"Height\":49,\"UserId\":\"u3\",\"RenderMode\":0},"
        "{\"Left\":0,\"Top\":49,\"Width\":50,\"Height\":51,\"UserId\":\"gone\",\"ImageLayer\":3},"
        "{\"Left\":0,\"Top\":0,\"Width\":0,\"Height\":50},"
        "{\"Left\":101,\"Top\":1,\"Width\":99,\"Height\":99,\"ImageLayer\":1}]";
    static const struct want want[] = { { { 52, 0, 50, 50 }, 2 },
                                        { { 102, 2, 98, 98 }, 1 },
                                        { { 0, 0, 52, 50 }, 0 },
                                        { { 0, 50, 50, 50 }, -1 } };
    struct trtc_layout_list list;
    struct trtc_layout l;
    struct trtc_err err = { 0 };
    assert_int_equal(custom(text, NULL, people, 4, &l, &list, &err), 0);
    check(&l, want, 4, "custom");
    assert_int_equal(l.windows[2].alpha, 7);
    assert_ptr_equal(l.windows[2].entry, &list.items[0]);
    assert_int_equal(l.windows[0].render, TRTC_RENDER_STRETCH);
    assert_int_equal(l.windows[1].render, TRTC_RENDER_CROP);
    assert_false(trtc_layout_has(&l, 3)); /* no window is left for u4 */
    assert_false(trtc_layout_has(&l, -1));
    trtc_layout_list_fini(&list);

    assert_int_equal(custom(text, "u4", people, 4, &l, &list, &err), 0);
    assert_int_equal(l.windows[1].stream, 3); /* the last free one is the anchor's */
    trtc_layout_list_fini(&list);
    assert_int_equal(custom(text, "u3", people, 4, &l, &list, &err), 0);
    check(&l, want, 4, "custom, with an anchor that has its window");
    trtc_layout_list_fini(&list);
    assert_int_equal(custom(text, NULL, people, 0, &l, &list, &err), 0);
    assert_int_equal(l.n, 2); /* those that are reserved */
    trtc_layout_list_fini(&list);
}

static void custom_outside(void **state)
{
    (void)state;
    static const char *const t[] = {
        "[{\"Left\":0,\"Top\":0,\"Width\":200,\"Height\":100},{\"Left\":1,\"Top\":0,\"Width\":200,\"Height\":100}]",
        "[{" RECT "},{\"Left\":0,\"Top\":1,\"Width\":200,\"Height\":100}]",
        "[{" RECT "},{\"Left\":201,\"Top\":0,\"Width\":0,\"Height\":0}]",
        "[{" RECT "},{\"Left\":0,\"Top\":0,\"Width\":20,\"Height\":102}]",
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_layout_list list;
        struct trtc_layout l;
        struct trtc_err err = { 0 };
        assert_int_equal(custom(t[i], NULL, people, 1, &l, &list, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_non_null(strstr(err.msg, "MixLayoutList[1]"));
        trtc_layout_list_fini(&list);
    }
    /* Lists that no JSON has been through. */
    struct trtc_layout_entry e = { .rect = { INT32_MAX, 0, INT32_MAX, 10 } };
    const struct trtc_layout_list list = { &e, 1 }, many = { &e, 26 };
    struct trtc_layout_opts o = opts(TRTC_LAYOUT_CUSTOM, 200, 100);
    struct trtc_layout l;
    o.list = &list;
    assert_int_equal(trtc_layout_make(&o, people, 1, &l, NULL), -1);
    o.list = &many;
    assert_int_equal(trtc_layout_make(&o, people, 1, &l, NULL), -1);
    o.list = NULL;
    assert_int_equal(trtc_layout_make(&o, people, 1, &l, NULL), 0);
    assert_int_equal(l.n, 0);
}

/* A hidden user takes nobody else's window. */
static void custom_hidden(void **state)
{
    (void)state;
    static const struct want want[] = { { { 0, 0, 10, 10 }, 1 } };
    struct trtc_layout_list list;
    struct trtc_layout l;
    struct trtc_err err = { 0 };
    assert_int_equal(custom("[{" RECT
                            "},{\"Left\":0,\"Top\":0,\"Width\":0,\"Height\":0,\"UserId\":\"u1\"}]",
                            NULL, people, 3, &l, &list, &err),
                     0);
    check(&l, want, 1, "hidden");
    trtc_layout_list_fini(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grid),           cmocka_unit_test(floating),
        cmocka_unit_test(screen),         cmocka_unit_test(in_full),
        cmocka_unit_test(any_canvas),     cmocka_unit_test(float_fractions),
        cmocka_unit_test(canvas),         cmocka_unit_test(names),
        cmocka_unit_test(left_out),       cmocka_unit_test(anchor),
        cmocka_unit_test(list_members),   cmocka_unit_test(list_errors),
        cmocka_unit_test(custom_windows), cmocka_unit_test(custom_outside),
        cmocka_unit_test(custom_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
