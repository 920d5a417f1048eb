/* SPDX-License-Identifier: MIT */
/* The colours of pictures. */
#include "base/colour.h"

#include <stddef.h>

enum { HD_LINES = 720, HD_COLUMNS = 1280 };

/* The weights of red and blue in luma (H.273, table 4), in 1/10000. */
struct weights {
    int matrix, red, blue;
};

static const struct weights weights[] = {
    { 1, 2126, 722 }, { 4, 3000, 1100 }, { 5, 2990, 1140 }, { 6, 2990, 1140 },
    { 7, 2120, 870 }, { 9, 2627, 593 },  { 10, 2627, 593 },
};

static const struct weights *weights_of(int matrix)
{
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        if (weights[i].matrix == matrix)
            return &weights[i];
    return NULL;
}

static bool is_stated(int code)
{
    return code != 0 && code != TRTC_COLOUR_UNKNOWN;
}

/* The matrix that belongs to primaries, or UNKNOWN. */
static int matrix_of_primaries(int primaries)
{
    switch (primaries) {
    case 1:
        return TRTC_BT709;
    case 5:
    case 6:
        return primaries;
    case 9:
        return TRTC_BT2020;
    default:
        return TRTC_COLOUR_UNKNOWN;
    }
}

/* The transfer that belongs to a matrix if none is stated: all of these are the same curve. */
static int transfer_of_matrix(int matrix)
{
    switch (matrix) {
    case 5:
        return TRTC_BT601;
    case 9:
    case 10:
        return 14; /* BT.2020, 10 bit */
    default:
        return matrix;
    }
}

/* The matrix that is stated, or follows from the primaries, or UNKNOWN. */
static int matrix_stated(const struct trtc_colour *c)
{
    if (c->primaries != 0 && weights_of(c->matrix))
        return c->matrix;
    return matrix_of_primaries(c->primaries);
}

struct trtc_colour trtc_colour_of(const struct trtc_colour *stated, int width_px, int height_px)
{
    const bool hd = height_px >= HD_LINES || width_px >= HD_COLUMNS;
    struct trtc_colour c = *stated;
    int matrix = matrix_stated(stated);
    if (matrix == TRTC_COLOUR_UNKNOWN)
        matrix = hd ? TRTC_BT709 : TRTC_BT601;
    c.matrix = (uint8_t)matrix;
    if (!is_stated(c.primaries))
        c.primaries = (uint8_t)(matrix == 10 ? TRTC_BT2020 : matrix);
    if (!is_stated(c.transfer))
        c.transfer = (uint8_t)transfer_of_matrix(matrix);
    return c;
}

void trtc_colour_vote(struct trtc_colour_vote *v, const struct trtc_colour *stated)
{
    const struct trtc_colour c = trtc_colour_of(stated, 0, 0);
    if (matrix_stated(stated) == TRTC_COLOUR_UNKNOWN)
        v->split = true;
    else if (!v->any)
        v->stated = c;
    else
        v->split |= c.matrix != v->stated.matrix || c.primaries != v->stated.primaries ||
                    c.transfer != v->stated.transfer;
    v->any = true;
}

struct trtc_colour trtc_colour_voted(const struct trtc_colour_vote *v, int width_px, int height_px)
{
    const struct trtc_colour nothing = { 0 };
    struct trtc_colour c = v->any && !v->split ? v->stated : nothing;
    c.full = false;
    return trtc_colour_of(&c, width_px, height_px);
}

/* The distance from black to white, the range of chroma, and black, in 8-bit sample values (H.273,
 * 8.3). */
static double luma_steps(const struct trtc_colour *c)
{
    return c->full ? 255 : 219;
}

static double chroma_steps(const struct trtc_colour *c)
{
    return c->full ? 255 : 224;
}

static double black(const struct trtc_colour *c)
{
    return c->full ? 0 : 16;
}

static int16_t fixed(double v, int bits)
{
    v *= 1 << bits;
    return (int16_t)(v < 0 ? v - 0.5 : v + 0.5);
}

bool trtc_colour_map(const struct trtc_colour *from, const struct trtc_colour *to,
                     struct trtc_colour_map *map)
{
    const struct weights *f = weights_of(from->matrix), *t = weights_of(to->matrix);
    if (!f || !t || (f->red == t->red && f->blue == t->blue && from->full == to->full))
        return false;
    const double fr = f->red / 1e4, fb = f->blue / 1e4, tr = t->red / 1e4, tb = t->blue / 1e4;
    /* red, blue and green minus luma, from Cb and Cr between -1/2 and 1/2; then the new luma minus
     * the old one */
    const double rv = 2 * (1 - fr), bu = 2 * (1 - fb), g = 1 - fr - fb, tg = 1 - tr - tb;
    const double gu = -fb * bu / g, gv = -fr * rv / g;
    const double yu = tg * gu + tb * bu, yv = tr * rv + tg * gv;
    const double luma = luma_steps(to) / luma_steps(from);
    const double mixed = luma_steps(to) / chroma_steps(from);
    const double chroma = chroma_steps(to) / chroma_steps(from);
    *map = (struct trtc_colour_map){
        .yy = fixed(luma, 14),
        .yu = fixed(yu * mixed, 14),
        .yv = fixed(yv * mixed, 14),
        .y_offset = fixed(black(to) - black(from) * luma, 6),
        .uu = fixed((bu - yu) / (2 * (1 - tb)) * chroma, 14),
        .uv = fixed(-yv / (2 * (1 - tb)) * chroma, 14),
        .vu = fixed(-yu / (2 * (1 - tr)) * chroma, 14),
        .vv = fixed((rv - yv) / (2 * (1 - tr)) * chroma, 14),
    };
    return true;
}

/* n / d to the nearest; d must be positive. */
static int nearest(int64_t n, int64_t d)
{
    return (int)((n + (n < 0 ? -d : d) / 2) / d);
}

void trtc_colour_yuv(const struct trtc_colour *c, uint32_t rgb, uint8_t yuv[3])
{
    const struct weights *w = weights_of(c->matrix);
    const int64_t r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;
    const int64_t one = 10000, red = w ? w->red : 2990, blue = w ? w->blue : 1140;
    const int64_t luma = red * r + (one - red - blue) * g + blue * b; /* in 255 * one */
    const int luma_max = c->full ? 255 : 219, chroma_max = c->full ? 255 : 224;
    yuv[0] = trtc_colour_byte((c->full ? 0 : 16) + nearest(luma_max * luma, 255 * one));
    yuv[1] = trtc_colour_byte(128 + nearest(chroma_max * (one * b - luma), 255 * 2 * (one - blue)));
    yuv[2] = trtc_colour_byte(128 + nearest(chroma_max * (one * r - luma), 255 * 2 * (one - red)));
}
