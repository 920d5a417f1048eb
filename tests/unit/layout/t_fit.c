/* SPDX-License-Identifier: MIT */
/* fit: which part of a picture goes where, for every mode and shape; and what holds for all
 * of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "layout/fit.h"
#include "unit/range.h"

enum { STRETCH = TRTC_RENDER_STRETCH, CROP = TRTC_RENDER_CROP };
enum { FIT = TRTC_RENDER_FIT, CROP20 = TRTC_RENDER_CROP20 };

static void assert_rect(const struct trtc_rect *r, const int want[4], size_t row)
{
    if (r->x != want[0] || r->y != want[1] || r->w != want[2] || r->h != want[3])
        fail_msg("row %zu: %d,%d %dx%d instead of %d,%d %dx%d", row, r->x, r->y, r->w, r->h,
                 want[0], want[1], want[2], want[3]);
}

static void test_table(void **state)
{
    (void)state;
    static const struct {
        int pic[2], sar[2], window[2], render;
        int src[4], dst[4];
    } t[] = {
        /* equal shapes: nothing to do in any mode */
        { { 640, 360 }, { 1, 1 }, { 640, 360 }, STRETCH, { 0, 0, 640, 360 }, { 0, 0, 640, 360 } },
        { { 640, 360 }, { 1, 1 }, { 320, 180 }, CROP, { 0, 0, 640, 360 }, { 0, 0, 320, 180 } },
        { { 640, 360 }, { 1, 1 }, { 1920, 1080 }, FIT, { 0, 0, 640, 360 }, { 0, 0, 1920, 1080 } },
        { { 640, 360 }, { 0, 1 }, { 256, 144 }, CROP20, { 0, 0, 640, 360 }, { 0, 0, 256, 144 } },
        /* shapes that are equal but for the rounding of windows to even sizes */
        { { 640, 360 }, { 1, 1 }, { 426, 240 }, CROP, { 0, 0, 640, 360 }, { 0, 0, 426, 240 } },
        { { 640, 360 }, { 1, 1 }, { 426, 240 }, FIT, { 0, 0, 640, 360 }, { 0, 0, 426, 240 } },
        { { 640, 360 }, { 1, 1 }, { 428, 240 }, FIT, { 0, 0, 640, 360 }, { 0, 0, 428, 240 } },
        { { 640, 360 }, { 1, 1 }, { 430, 240 }, FIT, { 0, 0, 640, 360 }, { 2, 0, 426, 240 } },
        { { 640, 360 }, { 1, 1 }, { 640, 362 }, FIT, { 0, 0, 640, 360 }, { 0, 0, 640, 362 } },
        { { 640, 360 }, { 1, 1 }, { 640, 364 }, FIT, { 0, 0, 640, 360 }, { 0, 2, 640, 360 } },
        { { 640, 360 }, { 1, 1 }, { 640, 366 }, FIT, { 0, 0, 640, 360 }, { 0, 2, 640, 360 } },
        /* stretch takes all, whatever the shapes and the pixels are */
        { { 640, 360 }, { 1, 1 }, { 100, 400 }, STRETCH, { 0, 0, 640, 360 }, { 0, 0, 100, 400 } },
        { { 639, 359 }, { 4, 3 }, { 100, 400 }, STRETCH, { 0, 0, 639, 359 }, { 0, 0, 100, 400 } },
        /* a wide picture in a square, in a tall window, and the other way round */
        { { 640, 360 }, { 1, 1 }, { 360, 360 }, CROP, { 140, 0, 360, 360 }, { 0, 0, 360, 360 } },
        { { 640, 360 }, { 1, 1 }, { 180, 180 }, FIT, { 0, 0, 640, 360 }, { 0, 38, 180, 102 } },
        { { 640, 360 }, { 1, 1 }, { 360, 360 }, CROP20, { 64, 0, 512, 360 }, { 0, 0, 360, 360 } },
        { { 640, 360 }, { 1, 1 }, { 180, 320 }, CROP, { 218, 0, 202, 360 }, { 0, 0, 180, 320 } },
        { { 360, 640 }, { 1, 1 }, { 640, 360 }, CROP, { 0, 218, 360, 202 }, { 0, 0, 640, 360 } },
        { { 360, 640 }, { 1, 1 }, { 640, 360 }, FIT, { 0, 0, 360, 640 }, { 218, 0, 202, 360 } },
        { { 360, 640 }, { 1, 1 }, { 640, 360 }, CROP20, { 0, 64, 360, 512 }, { 0, 0, 640, 360 } },
        /* 4:3 in 16:9: cuts a quarter of the height, or a fifth at most */
        { { 640, 480 }, { 1, 1 }, { 640, 360 }, CROP, { 0, 60, 640, 360 }, { 0, 0, 640, 360 } },
        { { 640, 480 }, { 1, 1 }, { 640, 360 }, CROP20, { 0, 48, 640, 384 }, { 0, 0, 640, 360 } },
        { { 640, 480 }, { 1, 1 }, { 640, 360 }, FIT, { 0, 0, 640, 480 }, { 80, 0, 480, 360 } },
        /* 16:9 in 16:10 cuts a tenth, which crop20 may as well */
        { { 640, 360 }, { 1, 1 }, { 320, 200 }, CROP20, { 32, 0, 576, 360 }, { 0, 0, 320, 200 } },
        { { 640, 360 }, { 1, 1 }, { 320, 200 }, CROP, { 32, 0, 576, 360 }, { 0, 0, 320, 200 } },
        /* pixels that are not square: 720x576 shown as 4:3 and as 16:9 */
        { { 720, 576 }, { 16, 15 }, { 640, 480 }, FIT, { 0, 0, 720, 576 }, { 0, 0, 640, 480 } },
        { { 720, 576 }, { 64, 45 }, { 640, 360 }, CROP, { 0, 0, 720, 576 }, { 0, 0, 640, 360 } },
        { { 720, 576 }, { 64, 45 }, { 480, 360 }, CROP, { 90, 0, 540, 576 }, { 0, 0, 480, 360 } },
        { { 720, 576 }, { 64, 45 }, { 480, 480 }, FIT, { 0, 0, 720, 576 }, { 0, 104, 480, 270 } },
        { { 720, 576 }, { -1, 5 }, { 720, 576 }, FIT, { 0, 0, 720, 576 }, { 0, 0, 720, 576 } },
        { { 720, 576 }, { 5, 0 }, { 720, 576 }, FIT, { 0, 0, 720, 576 }, { 0, 0, 720, 576 } },
        /* odd sizes: all of it where nothing is to be cut, even cuts otherwise */
        { { 639, 359 }, { 1, 1 }, { 640, 360 }, CROP, { 0, 0, 638, 359 }, { 0, 0, 640, 360 } },
        { { 639, 359 }, { 1, 1 }, { 640, 360 }, FIT, { 0, 0, 639, 359 }, { 0, 0, 640, 360 } },
        { { 639, 359 }, { 1, 1 }, { 320, 320 }, CROP, { 138, 0, 360, 359 }, { 0, 0, 320, 320 } },
        { { 641, 361 }, { 1, 1 }, { 320, 320 }, CROP20, { 62, 0, 514, 361 }, { 0, 0, 320, 320 } },
        /* as small as it gets */
        { { 1, 1 }, { 1, 1 }, { 2, 2 }, FIT, { 0, 0, 1, 1 }, { 0, 0, 2, 2 } },
        { { 1, 1 }, { 1, 1 }, { 200, 2 }, CROP, { 0, 0, 1, 1 }, { 0, 0, 200, 2 } },
        { { 1, 9 }, { 1, 1 }, { 200, 2 }, CROP20, { 0, 0, 1, 8 }, { 0, 0, 200, 2 } },
        { { 2, 2 }, { 1, 1 }, { 2000, 2 }, CROP, { 0, 0, 2, 2 }, { 0, 0, 2000, 2 } },
        { { 4000, 1 }, { 1, 1 }, { 100, 100 }, FIT, { 0, 0, 4000, 1 }, { 0, 48, 100, 2 } },
        { { 1, 4000 }, { 1, 1 }, { 100, 100 }, FIT, { 0, 0, 1, 4000 }, { 48, 0, 2, 100 } },
        { { 4000, 1 }, { 1, 1 }, { 100, 100 }, CROP, { 1998, 0, 2, 1 }, { 0, 0, 100, 100 } },
        /* as large, and with pixels of no sense */
        { { 16384, 16384 },
          { INT32_MAX, 1 },
          { 16384, 16384 },
          FIT,
          { 0, 0, 16384, 16384 },
          { 0, 8190, 16384, 2 } },
        { { 16384, 16384 },
          { 1, INT32_MAX },
          { 16384, 16384 },
          CROP,
          { 0, 8190, 16384, 2 },
          { 0, 0, 16384, 16384 } },
        { { 16384, 16384 },
          { INT32_MAX, INT32_MAX },
          { 16384, 16384 },
          CROP,
          { 0, 0, 16384, 16384 },
          { 0, 0, 16384, 16384 } },
    };
    for (size_t i = 0; i < sizeof(t) / sizeof(*t); i++) {
        struct trtc_fit f;
        trtc_fit_window(&(struct trtc_shape){ t[i].pic[0], t[i].pic[1], t[i].sar[0], t[i].sar[1] },
                        t[i].window[0], t[i].window[1], (enum trtc_render)t[i].render, &f);
        assert_rect(&f.src, t[i].src, i);
        assert_rect(&f.dst, t[i].dst, i);
    }
}

static bool within(const struct trtc_rect *r, int w, int h)
{
    return r->x >= 0 && r->y >= 0 && r->w >= 1 && r->h >= 1 && r->x + r->w <= w && r->y + r->h <= h;
}

/* Whether two shapes are equal but for `slack` pixels of b's sides. */
static bool same_shape(double aw, double ah, double bw, double bh, double slack)
{
    return aw * (bh + slack) >= ah * (bw - slack) && aw * (bh - slack) <= ah * (bw + slack);
}

static void test_always(void **state)
{
    (void)state;
    uint32_t seed = 7;
    for (int i = 0; i < 40000; i++) {
        int v[6];
        for (int k = 0; k < 6; k++)
            v[k] = (int)((seed = seed * 1664525 + 1013904223) >> 16);
        int sw = 1 + v[0] % 700, sh = 1 + v[1] % 700, ww = 2 + v[2] % 400 * 2,
            wh = 2 + v[3] % 400 * 2;
        int num = 1 + v[4] % 5, den = 1 + v[5] % 5;
        for (int render = 0; render < 4; render++) {
            struct trtc_fit f;
            trtc_fit_window(&(struct trtc_shape){ sw, sh, num, den }, ww, wh,
                            (enum trtc_render)render, &f);
            assert_true(within(&f.src, sw, sh) && within(&f.dst, ww, wh));
            assert_int_equal((f.src.x | f.src.y) & 1, 0);
            assert_int_equal((f.dst.x | f.dst.y | f.dst.w | f.dst.h) & 1, 0);
            assert_true(f.src.w >= (sw < 2 ? sw : 2) && f.src.h >= (sh < 2 ? sh : 2));
            assert_true(f.src.w == sw || f.src.h == sh);
            assert_true(f.dst.w == ww || f.dst.h == wh);
            if (render != FIT)
                assert_true(f.dst.w == ww && f.dst.h == wh);
            else
                assert_true(f.src.w == sw && f.src.h == sh);
            if (render == CROP20)
                assert_true(f.src.w * 5 >= sw * 4 && f.src.h * 5 >= sh * 4);
            /* in the middle, but for what even numbers cost */
            assert_int_in_range(sw - f.src.w - 2 * f.src.x, 0, 3);
            assert_int_in_range(sh - f.src.h - 2 * f.src.y, 0, 3);
            assert_int_in_range(ww - f.dst.w - 2 * f.dst.x, 0, 3);
            assert_int_in_range(wh - f.dst.h - 2 * f.dst.y, 0, 3);
            if (render == FIT) {
                assert_true(f.dst.w == ww || ww - f.dst.w >= 4);
                assert_true(f.dst.h == wh || wh - f.dst.h >= 4);
                assert_true(same_shape(sw * num, sh * den, f.dst.w, f.dst.h, 3) || f.dst.w <= 4 ||
                            f.dst.h <= 4);
            }
            if (render == CROP && f.src.w > 2 && f.src.h > 2)
                assert_true(same_shape((double)ww * den, (double)wh * num, f.src.w, f.src.h, 1.01));
        }
    }
}

static void test_shown(void **state)
{
    (void)state;
    static const struct {
        int pic[2], sar[2], shown[2];
    } t[] = {
        { { 640, 360 }, { 0, 0 }, { 640, 360 } },
        { { 640, 360 }, { 1, 1 }, { 640, 360 } },
        { { 720, 576 }, { 16, 15 }, { 768, 576 } },
        { { 720, 576 }, { 64, 45 }, { 1024, 576 } },
        { { 720, 480 }, { 8, 9 }, { 720, 540 } },
        { { 640, 360 }, { -1, 3 }, { 640, 360 } },
        { { 640, 360 }, { 65535, 1 }, { 640, 360 } }, /* absurd */
        { { 640, 360 }, { 1, 65535 }, { 640, 360 } },
        { { 4096, 2160 }, { 16, 1 }, { 16384, 2160 } },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        int w, h;
        trtc_fit_shown(t[i].pic[0], t[i].pic[1], trtc_fit_shape(t[i].sar[0], t[i].sar[1]), &w, &h);
        assert_int_equal(w, t[i].shown[0]);
        assert_int_equal(h, t[i].shown[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_always),
        cmocka_unit_test(test_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
