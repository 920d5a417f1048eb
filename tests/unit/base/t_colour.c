/* SPDX-License-Identifier: MIT */
/* base/colour: what a picture is taken for, what an output has, and the arithmetic between them, beside floating point. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/colour.h"

#define N_OF(a) (sizeof(a) / sizeof *(a))

static void assert_colour(struct trtc_colour c, int primaries, int transfer, int matrix, bool full)
{
    if (c.primaries != primaries || c.transfer != transfer || c.matrix != matrix || c.full != full)
        fail_msg("%d/%d/%d %s instead of %d/%d/%d %s", c.primaries, c.transfer, c.matrix,
                 c.full ? "full" : "limited", primaries, transfer, matrix,
                 full ? "full" : "limited");
}

static void test_taken_for(void **state)
{
    static const struct {
        struct trtc_colour said;
        int w, h;
        struct trtc_colour want;
    } t[] = {
        /* nothing is said */
        { { 0 }, 640, 360, { 6, 6, 6, false } },
        { { 2, 2, 2, true }, 640, 360, { 6, 6, 6, true } },
        { { 2, 2, 2, false }, 1280, 720, { 1, 1, 1, false } },
        { { 2, 2, 2, false }, 720, 1280, { 1, 1, 1, false } },
        { { 2, 2, 2, false }, 1280, 544, { 1, 1, 1, false } },
        { { 2, 2, 2, false }, 1278, 718, { 6, 6, 6, false } },
        /* the matrix is, or all is */
        { { 2, 2, 1, false }, 640, 360, { 1, 1, 1, false } },
        { { 2, 2, 5, false }, 1920, 1080, { 5, 6, 5, false } },
        { { 9, 16, 9, false }, 1920, 1080, { 9, 16, 9, false } },
        { { 2, 2, 10, false }, 64, 64, { 9, 14, 10, false } },
        { { 1, 13, 5, true }, 64, 64, { 1, 13, 5, true } },
        /* the primaries only */
        { { 9, 2, 2, false }, 64, 64, { 9, 14, 9, false } },
        { { 1, 1, 2, false }, 64, 64, { 1, 1, 1, false } },
        { { 12, 2, 2, false }, 64, 64, { 12, 6, 6, false } },
        /* what nobody converts, and RGB */
        { { 1, 1, 8, false }, 64, 64, { 1, 1, 1, false } },
        { { 2, 2, 14, false }, 1920, 1080, { 1, 1, 1, false } },
        { { 2, 2, 0, false }, 64, 64, { 6, 6, 6, false } },
    };
    (void)state;
    for (size_t i = 0; i < N_OF(t); i++)
        assert_colour(trtc_colour_of(&t[i].said, t[i].w, t[i].h), t[i].want.primaries,
                      t[i].want.transfer, t[i].want.matrix, t[i].want.full);
}

static void test_votes(void **state)
{
    static const struct trtc_colour none = { 2, 2, 2, false }, hd = { 1, 1, 1, true },
                                    sd = { 6, 6, 6, false }, bare_hd = { 2, 2, 1, false },
                                    hdr = { 9, 16, 9, false }, wide = { 9, 14, 9, false },
                                    rgb = { 1, 1, 0, true };
    static const struct {
        const struct trtc_colour *said[3];
        int matrix, transfer; /* of an output of 640x360 */
    } t[] = {
        { { NULL }, 6, 6 },        { { &none }, 6, 6 },
        { { &hd }, 1, 1 },         { { &hd, &bare_hd, &hd }, 1, 1 },
        { { &hd, &none }, 6, 6 },  { { &none, &hd }, 6, 6 },
        { { &hd, &sd }, 6, 6 },    { { &hdr, &hdr }, 9, 16 },
        { { &hdr, &wide }, 6, 6 }, { { &rgb }, 1, 1 }, /* RGB with these primaries */
    };
    (void)state;
    for (size_t i = 0; i < N_OF(t); i++) {
        struct trtc_colour_vote v = { 0 };
        for (int k = 0; k < 3 && t[i].said[k]; k++)
            trtc_colour_vote(&v, t[i].said[k]);
        const struct trtc_colour c = trtc_colour_voted(&v, 640, 360);
        assert_int_equal(c.matrix, t[i].matrix);
        assert_int_equal(c.transfer, t[i].transfer);
        assert_false(c.full);
    }
    assert_colour(trtc_colour_voted(&(struct trtc_colour_vote){ 0 }, 1280, 720), 1, 1, 1, false);
}

/* ---- the arithmetic ---- */

static void shares(int matrix, double *red, double *blue)
{
    *red = matrix == 1   ? 0.2126
           : matrix == 4 ? 0.30
           : matrix == 7 ? 0.212
           : matrix >= 9 ? 0.2627
                         : 0.299;
    *blue = matrix == 1   ? 0.0722
            : matrix == 4 ? 0.11
            : matrix == 7 ? 0.087
            : matrix >= 9 ? 0.0593
                          : 0.114;
}

static void rgb_of(const struct trtc_colour *c, const double yuv[3], double rgb[3])
{
    double red, blue;
    shares(c->matrix, &red, &blue);
    const double y = c->full ? yuv[0] / 255 : (yuv[0] - 16) / 219;
    const double b = (yuv[1] - 128) / (c->full ? 255 : 224),
                 r = (yuv[2] - 128) / (c->full ? 255 : 224);
    rgb[0] = y + 2 * (1 - red) * r;
    rgb[2] = y + 2 * (1 - blue) * b;
    rgb[1] = (y - red * rgb[0] - blue * rgb[2]) / (1 - red - blue);
}

static void yuv_of(const struct trtc_colour *c, const double rgb[3], double yuv[3])
{
    double red, blue;
    shares(c->matrix, &red, &blue);
    const double y = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2];
    yuv[0] = c->full ? 255 * y : 16 + 219 * y;
    yuv[1] = 128 + (c->full ? 255 : 224) * (rgb[2] - y) / (2 * (1 - blue));
    yuv[2] = 128 + (c->full ? 255 : 224) * (rgb[0] - y) / (2 * (1 - red));
}

static double bytes(double v)
{
    return v < 0 ? 0 : v > 255 ? 255 : v;
}

static const int matrices[] = { 1, 4, 5, 6, 7, 9, 10 };

/* A grid of samples from any colours to any others: off by less than one. */
static void test_maps(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4 * N_OF(matrices) * N_OF(matrices); k++) {
        const struct trtc_colour from = { 1, 1, (uint8_t)matrices[k / 4 % 7], k & 1 },
                                 to = { 1, 1, (uint8_t)matrices[k / 28], k & 2 };
        struct trtc_colour_map m;
        double was[2], is[2];
        shares(from.matrix, &was[0], &was[1]);
        shares(to.matrix, &is[0], &is[1]);
        if (!trtc_colour_map(&from, &to, &m)) {
            assert_true(was[0] == is[0] && was[1] == is[1] && from.full == to.full);
            continue;
        }
        for (int i = 0; i < 9 * 9 * 9; i++) {
            const int y = i % 9 * 31, u = i / 9 % 9 * 31, v = i / 81 * 31;
            const double yuv[3] = { y, u, v };
            double rgb[3], want[3];
            rgb_of(&from, yuv, rgb);
            yuv_of(&to, rgb, want);
            const int got[3] = { trtc_colour_luma(&m, y, u, v),
                                 trtc_colour_chroma(m.uu, m.uv, u, v),
                                 trtc_colour_chroma(m.vu, m.vv, u, v) };
            for (int p = 0; p < 3; p++)
                if (fabs(got[p] - bytes(want[p])) > 0.6)
                    fail_msg("matrix %d%s to %d%s: %d %d %d: %d instead of %.2f", from.matrix,
                             from.full ? " full" : "", to.matrix, to.full ? " full" : "", y, u, v,
                             got[p], want[p]);
        }
    }
}

static void test_rgb(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2 * N_OF(matrices); k++) {
        const struct trtc_colour c = { 1, 1, (uint8_t)matrices[k / 2], k & 1 };
        for (uint32_t i = 0; i < 6 * 6 * 6; i++) {
            const uint32_t r = i % 6 * 51, g = i / 6 % 6 * 51, b = i / 36 * 51;
            double want[3];
            uint8_t got[3];
            yuv_of(&c, (double[]){ r / 255.0, g / 255.0, b / 255.0 }, want);
            trtc_colour_yuv(&c, r << 16 | g << 8 | b, got);
            for (int p = 0; p < 3; p++)
                assert_true(fabs(got[p] - bytes(want[p])) <= 0.5001);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_for),
        cmocka_unit_test(test_votes),
        cmocka_unit_test(test_maps),
        cmocka_unit_test(test_rgb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
