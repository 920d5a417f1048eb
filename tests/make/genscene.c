/* SPDX-License-Identifier: MIT */
/* People of simple shapes, and a slide, drawn with smooth edges. Lengths are in units of a picture that is 360
 * high; x counts from its middle. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "make/genlib.h"
#include "make/genscene.h"

#define PI     3.14159265358979323846
#define HEIGHT 360.0

struct shape {
    enum { ELLIPSE, BOX, RING } kind;
    double x, y;   /* middle */
    double rx, ry; /* half its width and height */
    double round;  /* BOX: radius of its corners; RING: width of its line */
};

/* What a person and their room look like; colours are 0xRRGGBB. */
struct looks {
    uint32_t wall, floor, frame, plant, skin, hair, shirt;
    double hair_ry; /* how long the hair is */
    bool glasses;
    double phase; /* so that two do not move alike */
};

static const struct looks people[] = {
    { 0x7fa8a3, 0x5f8783, 0xf2e3c6, 0x3f6f5c, 0xf0c3a0, 0x5b3a29, 0xd9694f, 104, false, 0.0 },
    { 0xd8b98a, 0xb99667, 0x3d5a6c, 0x5f8760, 0xd9a57e, 0x2b2a2e, 0x3d5a80, 74, true, 1.7 },
    { 0x8d93b8, 0x6c7199, 0xf2d5b8, 0x4f7a6b, 0x9c6b4a, 0x1f1b1c, 0xe0a458, 92, false, 3.1 },
    { 0xb7c4a1, 0x93a27b, 0x6b4f4f, 0x4b6b4a, 0xf3cfb3, 0xb5783a, 0x6d597a, 78, true, 4.4 },
};

enum { NB_PEOPLE = sizeof people / sizeof *people };
enum {
    SLIDE = 0x2a2f52,
    PANEL = 0x383f6b,
    LIGHT = 0xe9eaf5,
    CORAL = 0xe4796a,
    MINT = 0x7fc8b2,
    SAND = 0xe9c46a
};

/* ---- shapes ---- */

/* How far a point is outside the shape's edge; below 0 inside. */
static double distance(const struct shape *s, double x, double y)
{
    const double dx = fabs(x - s->x), dy = fabs(y - s->y);
    if (s->kind == BOX) {
        const double qx = dx - s->rx + s->round, qy = dy - s->ry + s->round;
        return hypot(fmax(qx, 0), fmax(qy, 0)) + fmin(fmax(qx, qy), 0) - s->round;
    }
    const double d = (hypot(dx / s->rx, dy / s->ry) - 1) * fmin(s->rx, s->ry);
    return s->kind == RING ? fabs(d) - s->round : d;
}

static void yuv(uint32_t rgb, uint8_t out[3])
{
    const double r = rgb >> 16, g = rgb >> 8 & 0xff, b = rgb & 0xff; /* BT.601, limited range */
    out[0] = (uint8_t)lrint(16 + 0.257 * r + 0.504 * g + 0.098 * b);
    out[1] = (uint8_t)lrint(128 - 0.148 * r - 0.291 * g + 0.439 * b);
    out[2] = (uint8_t)lrint(128 + 0.439 * r - 0.368 * g - 0.071 * b);
}

static int clip(double v, int max)
{
    return v < 0 ? 0 : v > max ? max : (int)v;
}

/* Fills the shape in one plane, of which a sample is step pixels wide. */
static void fill_plane(const struct gen_canvas *c, int plane, const struct shape *s, uint8_t value,
                       double alpha)
{
    const int step = plane > 0 ? 2 : 1;
    const double unit = c->h_px / HEIGHT, edge = unit / step;
    const int w = (c->w_px + step - 1) / step, h = (c->h_px + step - 1) / step;
    const int x0 = clip((s->x - s->rx - 3) * edge + w / 2.0, w),
              x1 = clip((s->x + s->rx + 3) * edge + w / 2.0 + 1, w);
    const int y0 = clip((s->y - s->ry - 3) * edge, h), y1 = clip((s->y + s->ry + 3) * edge + 1, h);
    for (int y = y0; y < y1; y++) {
        uint8_t *row = c->planes[plane] + (ptrdiff_t)y * c->strides[plane];
        for (int x = x0; x < x1; x++) {
            const double d = distance(s, (x + 0.5 - w / 2.0) / edge, (y + 0.5) / edge) * edge;
            const double part = alpha * fmin(fmax(0.5 - d, 0), 1);
            row[x] = (uint8_t)lrint(row[x] + (value - row[x]) * part);
        }
    }
}

static void fill_clear(const struct gen_canvas *c, struct shape s, uint32_t rgb, double alpha)
{
    uint8_t value[3];
    yuv(rgb, value);
    for (int i = 0; i < 3; i++)
        fill_plane(c, i, &s, value[i], alpha);
}

static void fill(const struct gen_canvas *c, struct shape s, uint32_t rgb)
{
    fill_clear(c, s, rgb, 1);
}

/* ---- text ---- */

/* A line between two dots of a letter, as a box that is turned: only its distance counts. */
static double to_line(double x, double y, const double a[2], const double b[2])
{
    const double vx = b[0] - a[0], vy = b[1] - a[1], len = vx * vx + vy * vy;
    double t = len > 0 ? ((x - a[0]) * vx + (y - a[1]) * vy) / len : 0;
    t = fmin(fmax(t, 0), 1);
    return hypot(x - a[0] - t * vx, y - a[1] - t * vy);
}

static bool dot(const uint8_t rows[7], int x, int y)
{
    return x >= 0 && x < 5 && y >= 0 && y < 7 && (rows[y] >> (4 - x) & 1);
}

/* Draws neighbouring dots of the letter as strokes; slanted ones only where no straight ones lead around. */
static double letter_distance(const uint8_t rows[7], double x, double y)
{
    static const int to[4][2] = { { 1, 0 }, { 0, 1 }, { 1, 1 }, { -1, 1 } };
    double best = 9;
    for (int r = 0; r < 7; r++) {
        for (int k = 0; k < 5; k++) {
            const double a[2] = { k + 0.5, r + 0.5 };
            if (!dot(rows, k, r) || fabs(x - a[0]) > 2.5 || fabs(y - a[1]) > 2.5)
                continue;
            best = fmin(best, hypot(x - a[0], y - a[1]));
            for (int i = 0; i < 4; i++) {
                const double b[2] = { a[0] + to[i][0], a[1] + to[i][1] };
                const bool around = i >= 2 && (dot(rows, k + to[i][0], r) || dot(rows, k, r + 1));
                if (dot(rows, k + to[i][0], r + to[i][1]) && !around)
                    best = fmin(best, to_line(x, y, a, b));
            }
        }
    }
    return best;
}

static void draw_letter(const struct gen_canvas *c, char letter, const double at[2], double size)
{
    const uint8_t *rows = gen_glyph(letter);
    const double unit = c->h_px / HEIGHT, dots = size / 7;
    if (rows == NULL)
        return;
    const int x0 = clip(at[0] * unit + c->w_px / 2.0, c->w_px), y0 = clip(at[1] * unit, c->h_px);
    const int x1 = clip(x0 + 5 * dots * unit + 1, c->w_px),
              y1 = clip(y0 + size * unit + 1, c->h_px);
    for (int y = y0; y < y1; y++) {
        uint8_t *row = c->planes[0] + (ptrdiff_t)y * c->strides[0];
        for (int x = x0; x < x1; x++) {
            const double dx = (x + 0.5 - x0) / unit / dots, dy = (y + 0.5 - y0) / unit / dots;
            const double d = (letter_distance(rows, dx, dy) - 0.42) * dots * unit;
            row[x] = (uint8_t)lrint(row[x] + (230 - row[x]) * fmin(fmax(0.5 - d, 0), 1));
        }
    }
}

/* Text of this height, its middle at x. */
static void draw_text(const struct gen_canvas *c, const char *text, double x, double y, double size)
{
    const double wide = 6 * size / 7;
    double at[2] = { x - wide * (double)strlen(text) / 2, y };
    for (; *text != '\0'; text++, at[0] += wide)
        draw_letter(c, *text, at, size);
}

/* ---- a person ---- */

static void draw_room(const struct gen_canvas *c, const struct looks *k)
{
    fill(c, (struct shape){ BOX, 0, 180, 2000, 200, 0 }, k->wall);
    fill(c, (struct shape){ BOX, 0, 372, 2000, 52, 0 }, k->floor);
    fill(c, (struct shape){ BOX, 232, 108, 58, 42, 4 }, k->frame); /* a picture on the wall */
    fill(c, (struct shape){ BOX, 232, 108, 50, 34, 2 }, k->floor);
    fill(c, (struct shape){ ELLIPSE, 218, 116, 18, 18, 0 }, k->wall);
    for (int i = -2; i <= 2; i++) /* a plant */
        fill(c, (struct shape){ ELLIPSE, -236 + i * 17, 246 - (2 - abs(i)) * 18, 13, 44, 0 },
             k->plant);
    fill(c, (struct shape){ BOX, -236, 312, 30, 32, 8 }, k->shirt);
    fill(c, (struct shape){ ELLIPSE, 0, 412, 158, 142, 0 }, k->shirt);
    fill(c, (struct shape){ ELLIPSE, 0, 276, 42, 18, 0 }, k->skin);
    fill(c, (struct shape){ BOX, 0, 250, 25, 34, 12 }, k->skin);
}

static uint32_t darker(uint32_t rgb)
{
    return (rgb >> 1 & 0x7f7f7f) + (rgb >> 2 & 0x3f3f3f);
}

static void draw_face(const struct gen_canvas *c, const struct looks *k, double at_s, double y)
{
    const bool blink = fmod(at_s + k->phase, 3.7) < 0.14;
    const double speech = fmax(0, sin(at_s * 0.9 + k->phase)) * fabs(sin(at_s * 9 + k->phase));
    for (int side = -1; side <= 1; side += 2) {
        fill(c, (struct shape){ ELLIPSE, side * 57, y + 6, 9, 14, 0 }, k->skin);
        fill(c, (struct shape){ ELLIPSE, side * 22, y - 4, 5.5, blink ? 1 : 6.5, 0 }, 0x2b2523);
        fill(c, (struct shape){ BOX, side * 23, y - 22, 10, 1.8, 1.8 }, k->hair);
        if (k->glasses)
            fill(c, (struct shape){ RING, side * 22, y - 4, 17, 15, 1.6 }, 0x2b2a2e);
    }
    if (k->glasses)
        fill(c, (struct shape){ BOX, 0, y - 5, 5, 1.5, 1 }, 0x2b2a2e);
    fill(c, (struct shape){ ELLIPSE, 0, y + 15, 5, 7, 0 }, darker(k->skin));
    fill(c, (struct shape){ ELLIPSE, 0, y + 35, 18, 9 + 4 * speech, 0 }, 0x8f3b3b);
    if (speech < 0.3) /* a smile: the lower edge of the mouth alone */
        fill(c, (struct shape){ ELLIPSE, 0, y + 31, 21, 9 - 8 * speech, 0 }, k->skin);
}

static void draw_person(const struct gen_canvas *c, const struct looks *k, double at_s)
{
    const double y = 172 + 3 * sin(at_s * 1.3 + k->phase);
    fill(c, (struct shape){ ELLIPSE, 0, y + 8 + (k->hair_ry - 84) * 0.9, 70, k->hair_ry, 0 },
         k->hair);
    fill(c, (struct shape){ BOX, 0, y + 60, 24, 40, 12 }, darker(k->skin));
    fill(c, (struct shape){ ELLIPSE, 0, y + 4, 57, 70, 0 }, k->skin);
    fill(c, (struct shape){ ELLIPSE, 4, y - 55, 55, 23, 0 }, k->hair);
    draw_face(c, k, at_s, y);
}

/* ---- a screen ---- */

static void draw_slide(const struct gen_canvas *c)
{
    static const uint32_t dots[3] = { CORAL, SAND, MINT };
    static const char *const lines[3] = { "RECORD", "MERGE", "MIX" };
    fill(c, (struct shape){ BOX, 0, 180, 2000, 200, 0 }, SLIDE);
    draw_text(c, "PLAN FOR TODAY", 0, 64, 26);
    for (int i = 0; i < 3; i++) {
        fill(c, (struct shape){ BOX, -122, 150 + i * 60, 100, 22, 10 }, PANEL);
        fill(c, (struct shape){ ELLIPSE, -198, 150 + i * 60, 9, 9, 0 }, dots[i]);
        draw_text(c, lines[i], -112, 141 + i * 60, 18);
    }
    fill(c, (struct shape){ BOX, 112, 210, 110, 82, 10 }, PANEL);
}

/* Bars that grow and shrink, and the presenter's pointer. */
static void draw_chart(const struct gen_canvas *c, double at_s)
{
    static const uint32_t colours[4] = { MINT, SAND, CORAL, LIGHT };
    for (int i = 0; i < 4; i++) {
        const double tall = 34 + 26 * sin(at_s * 0.7 + i * 1.2);
        fill(c, (struct shape){ BOX, 40 + i * 48, 278 - tall, 15, tall, 5 }, colours[i]);
    }
    const double x = 112 + 88 * sin(at_s * 0.5), y = 206 + 56 * sin(at_s * 0.8);
    fill_clear(c, (struct shape){ ELLIPSE, x, y, 15, 15, 0 }, SAND, 0.5);
    fill(c, (struct shape){ ELLIPSE, x, y, 5, 5, 0 }, LIGHT);
}

/* ---- both ---- */

static void copy_plane(const struct gen_canvas *from, const struct gen_canvas *to, int plane)
{
    const int w = plane > 0 ? (from->w_px + 1) / 2 : from->w_px;
    const int h = plane > 0 ? (from->h_px + 1) / 2 : from->h_px;
    for (int y = 0; y < h; y++)
        memcpy(to->planes[plane] + (ptrdiff_t)y * to->strides[plane],
               from->planes[plane] + (ptrdiff_t)y * from->strides[plane], (size_t)w);
}

int gen_scene_init(struct gen_scene *s, int w_px, int h_px, int person, bool screen)
{
    *s = (struct gen_scene){ .person = person % NB_PEOPLE, .screen = screen };
    s->back = (struct gen_canvas){ .strides = { w_px, (w_px + 1) / 2, (w_px + 1) / 2 },
                                   .w_px = w_px,
                                   .h_px = h_px };
    for (int i = 0; i < 3; i++) {
        s->back.planes[i] = calloc((size_t)s->back.strides[i], (size_t)h_px);
        if (s->back.planes[i] == NULL)
            return -1;
    }
    if (screen)
        draw_slide(&s->back);
    else
        draw_room(&s->back, &people[s->person]);
    return 0;
}

void gen_scene_fini(struct gen_scene *s)
{
    for (int i = 0; i < 3; i++)
        free(s->back.planes[i]);
    memset(s, 0, sizeof *s);
}

void gen_scene_draw(const struct gen_scene *s, double at_s, const char *text, bool white,
                    const struct gen_canvas *out)
{
    if (white) {
        fill(out, (struct shape){ BOX, 0, 180, 2000, 200, 0 }, 0xffffff);
        return;
    }
    for (int i = 0; i < 3; i++)
        copy_plane(&s->back, out, i);
    if (s->screen)
        draw_chart(out, at_s);
    else
        draw_person(out, &people[s->person], at_s);
    if (text == NULL)
        return;
    fill_clear(out, (struct shape){ BOX, 0, 24, 8 + 7.0 * (double)strlen(text), 15, 15 }, 0x14181c,
               0.62);
    draw_text(out, text, 0, 16.5, 15);
}
