/* SPDX-License-Identifier: MIT */
/* overlay: the ends of alpha, rounding between them, odd places, edges that do not bleed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>

#include "picture/overlay.h"
#include "unit/range.h"

static AVFrame *frame(enum AVPixelFormat format, int w, int h, int y, int u, int v, int a)
{
    AVFrame *f = av_frame_alloc();
    f->format = format;
    f->width = w;
    f->height = h;
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    const int values[4] = { y, u, v, a };
    for (int p = 0; p < 4 && f->data[p]; p++) {
        const bool half = p == 1 || p == 2;
        const int lines = half ? (h + 1) / 2 : h, bytes = half ? (w + 1) / 2 : w;
        for (int i = 0; i < lines; i++)
            memset(f->data[p] + (ptrdiff_t)i * f->linesize[p], values[p], (size_t)bytes);
    }
    return f;
}

static AVFrame *canvas(int w, int h)
{
    return frame(AV_PIX_FMT_YUV420P, w, h, 50, 60, 70, 0);
}

static int at(const AVFrame *f, int plane, int x, int y)
{
    return f->data[plane][(ptrdiff_t)y * f->linesize[plane] + x];
}

static void px(const AVFrame *f, int x, int y, int luma, int u, int v)
{
    assert_int_equal(at(f, 0, x, y), luma);
    assert_int_equal(at(f, 1, x / 2, y / 2), u);
    assert_int_equal(at(f, 2, x / 2, y / 2), v);
}

/* Every alpha and value against every value below, rounded to nearest; lines with and without a rest. */
static void test_blend_is_exact(void **state)
{
    (void)state;
    enum { W = 256, H = 256 };
    uint8_t *planes = malloc(W * H * 2 + 3 * (W * H / 4));
    struct trtc_overlay o = { .rect = { 0, 0, W, H } };
    o.y = planes;
    o.a = o.y + W * H;
    o.u = o.a + W * H;
    o.v = o.u + W * H / 4;
    o.ac = o.v + W * H / 4;
    for (int below = 0; below < 256; below += 5) {
        AVFrame *f = frame(AV_PIX_FMT_YUV420P, W, H, below, below, below, 0);
        for (int i = 0; i < H; i++)
            for (int k = 0; k < W; k++) {
                o.y[i * W + k] = (uint8_t)i;
                o.a[i * W + k] = (uint8_t)k;
            }
        for (int i = 0; i < W * H / 4; i++) {
            o.u[i] = (uint8_t)i;
            o.v[i] = (uint8_t)(255 - i % 256);
            o.ac[i] = (uint8_t)(i / 64);
        }
        trtc_overlay_blend(&o, f);
        int wrong = 0;
        for (int i = 0; i < H; i++)
            for (int k = 0; k < W; k++)
                wrong += at(f, 0, k, i) != (2 * (i * k + below * (255 - k)) + 255) / 510;
        for (int i = 0; i < W * H / 4; i++) {
            const int s = o.u[i], a = o.ac[i];
            wrong +=
                at(f, 1, i % (W / 2), i / (W / 2)) != (2 * (s * a + below * (255 - a)) + 255) / 510;
        }
        assert_int_equal(wrong, 0);
        av_frame_free(&f);
    }
    free(planes);
}

static void test_only_its_rectangle(void **state)
{
    (void)state;
    static const struct trtc_rect places[] = {
        { 0, 0, 2, 2 }, { 30, 46, 2, 2 }, { 2, 4, 18, 6 }, { 0, 0, 32, 48 }, { 4, 2, 22, 44 },
    };
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct trtc_rect r = places[i];
        AVFrame *f = canvas(32, 48), *pic = frame(AV_PIX_FMT_YUV420P, r.w, r.h, 200, 90, 240, 0);
        struct trtc_err err;
        struct trtc_overlay *o = trtc_overlay_image(pic, &r, 32, 48, &err);
        assert_non_null(o);
        assert_memory_equal(&o->rect, &r, sizeof r);
        trtc_overlay_blend(o, f);
        for (int y = 0; y < 48; y++)
            for (int x = 0; x < 32; x++) {
                const bool in = x >= r.x && x < r.x + r.w && y >= r.y && y < r.y + r.h;
                px(f, x, y, in ? 200 : 50, in ? 90 : 60, in ? 240 : 70);
            }
        trtc_overlay_free(&o);
        assert_null(o);
        av_frame_free(&pic);
        av_frame_free(&f);
    }
}

/* An odd place: even rectangle, the pixels beside it clear, colour mixed by what covers it. */
static void test_odd_place(void **state)
{
    (void)state;
    AVFrame *f = canvas(32, 32), *pic = frame(AV_PIX_FMT_YUV420P, 5, 3, 200, 160, 170, 0);
    struct trtc_err err;
    const struct trtc_rect r = { 3, 5, 0, 0 };
    struct trtc_overlay *o = trtc_overlay_image(pic, &r, 32, 32, &err);
    assert_non_null(o);
    const struct trtc_rect even = { 2, 4, 6, 4 };
    assert_memory_equal(&o->rect, &even, sizeof even);
    trtc_overlay_blend(o, f);
    for (int y = 0; y < 32; y++)
        for (int x = 0; x < 32; x++) {
            const bool in = x >= 3 && x < 8 && y >= 5 && y < 8;
            assert_int_equal(at(f, 0, x, y), in ? 200 : 50);
        }
    px(f, 4, 6, 200, 160, 170);            /* all four covered */
    assert_int_equal(at(f, 1, 1, 2), 85);  /* one of four: 60 + 100 / 4 */
    assert_int_equal(at(f, 1, 2, 2), 110); /* two of four */
    assert_int_equal(at(f, 2, 1, 3), 120);
    assert_int_equal(at(f, 1, 0, 0), 60);
    assert_int_equal(at(f, 1, 4, 3), 60);
    trtc_overlay_free(&o);
    av_frame_free(&pic);
    av_frame_free(&f);
}

static void test_clipped_and_outside(void **state)
{
    (void)state;
    AVFrame *f = canvas(32, 32), *pic = frame(AV_PIX_FMT_YUV420P, 20, 20, 200, 160, 170, 0);
    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 20; x++)
            pic->data[0][y * pic->linesize[0] + x] = (uint8_t)(20 + 10 * y + x / 2);
    static const struct {
        struct trtc_rect r, seen;
    } t[] = {
        { { -10, -4, 20, 20 }, { 0, 0, 10, 16 } },
        { { 24, 30, 20, 20 }, { 24, 30, 8, 2 } },
        { { -3, 14, 20, 20 }, { 0, 14, 18, 18 } },
    };
    struct trtc_err err;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_overlay *o = trtc_overlay_image(pic, &t[i].r, 32, 32, &err);
        assert_non_null(o);
        assert_memory_equal(&o->rect, &t[i].seen, sizeof o->rect);
        const int x = o->rect.w - 2, y = o->rect.h - 1; /* the pixel that belongs there */
        assert_int_equal(o->y[y * o->rect.w + x],
                         at(pic, 0, o->rect.x - t[i].r.x + x, o->rect.y - t[i].r.y + y));
        trtc_overlay_blend(o, f);
        trtc_overlay_free(&o);
    }
    static const struct trtc_rect outside[] = {
        { 32, 0, 4, 4 },
        { 0, 40, 0, 0 },
        { -20, 0, 20, 20 },
        { 0, INT32_MIN, 5, 5 },
        { INT32_MAX, 0, INT32_MAX, 5 },
    };
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_null(trtc_overlay_image(pic, &outside[i], 32, 32, &err));
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_non_null(strstr(err.msg, "outside of the 32x32 canvas"));
    }
    const struct trtc_rect huge = { 0, 0, 100000, 100000 };
    assert_null(trtc_overlay_image(pic, &huge, 32, 32, &err));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(err.msg, "too large"));
    av_frame_free(&pic);
    av_frame_free(&f);
}

static void test_scaled(void **state)
{
    (void)state;
    static const struct {
        struct trtc_rect r;
        int w, h;
    } t[] = {
        { { 4, 4, 40, 20 }, 40, 20 }, { { 4, 4, 8, 6 }, 8, 6 },     { { 4, 4, 0, 10 }, 20, 10 },
        { { 4, 4, 32, 0 }, 32, 16 },  { { 4, 4, 20, 10 }, 20, 10 }, { { 4, 4, 2, 2 }, 2, 2 },
    };
    AVFrame *pic = frame(AV_PIX_FMT_YUVA420P, 20, 10, 180, 100, 150, 128);
    struct trtc_err err;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_overlay *o = trtc_overlay_image(pic, &t[i].r, 64, 64, &err);
        assert_non_null(o);
        assert_int_equal(o->rect.w, t[i].w);
        assert_int_equal(o->rect.h, t[i].h);
        for (int k = 0; k < o->rect.w * o->rect.h; k++) {
            assert_int_equal(o->y[k], 180);
            assert_int_equal(o->a[k], 128);
            assert_int_equal(o->u[k / 4], 100);
            assert_int_equal(o->v[k / 4], 150);
            assert_int_equal(o->ac[k / 4], 128);
        }
        trtc_overlay_free(&o);
    }
    av_frame_free(&pic);
}

/* White beside clear black, made smaller and larger: what is seen of it is white everywhere. */
static void test_no_dark_fringe(void **state)
{
    (void)state;
    AVFrame *pic = frame(AV_PIX_FMT_YUVA420P, 30, 30, 16, 20, 220, 0);
    for (int y = 9; y < 21; y++)
        for (int x = 9; x < 21; x++) {
            pic->data[0][y * pic->linesize[0] + x] = 235;
            pic->data[3][y * pic->linesize[3] + x] = 255;
            pic->data[1][y / 2 * pic->linesize[1] + x / 2] = 128;
            pic->data[2][y / 2 * pic->linesize[2] + x / 2] = 128;
        }
    static const int sizes[] = { 8, 14, 22, 30, 50, 64 };
    struct trtc_err err;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct trtc_rect r = { 0, 0, sizes[i], sizes[i] };
        struct trtc_overlay *o = trtc_overlay_image(pic, &r, 64, 64, &err);
        assert_non_null(o);
        int opaque = 0, clear = 0;
        for (int k = 0; k < r.w * r.h; k++) {
            opaque += o->a[k] == 255;
            clear += o->a[k] == 0;
            if (o->a[k] > 8)
                assert_int_in_range(o->y[k], 233, 236);
        }
        for (int k = 0; k < r.w * r.h / 4; k++)
            if (o->ac[k] > 8) {
                assert_int_in_range(o->u[k], 126, 130);
                assert_int_in_range(o->v[k], 126, 130);
            }
        assert_true(opaque > 0 && clear > r.w * r.h / 3);
        trtc_overlay_free(&o);
    }
    av_frame_free(&pic);
}

/* As far as a picture can be made smaller or larger. */
static void test_extreme_sizes(void **state)
{
    (void)state;
    static const struct {
        int w, h;
        struct trtc_rect r;
    } t[] = {
        { 2560, 4, { 0, 0, 2, 2 } },  { 4, 2560, { 0, 0, 2, 2 } }, { 2, 2, { 0, 0, 0, 0 } },
        { 1, 1, { 0, 0, 64, 64 } },   { 3, 1, { 0, 0, 50, 2 } },   { 2560, 1, { 0, 0, 1, 64 } },
        { 7, 5, { 0, 0, 4000, 16 } },
    };
    struct trtc_err err;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        AVFrame *pic = frame(AV_PIX_FMT_YUVA420P, t[i].w, t[i].h, 180, 100, 150, 200);
        struct trtc_overlay *o = trtc_overlay_image(pic, &t[i].r, 64, 64, &err);
        assert_non_null(o);
        for (int k = 0; k < o->rect.w * o->rect.h; k++)
            if (o->rect.w > 2 || t[i].r.w != 1 || k % 2 == 0) { /* beside an odd one: clear */
                assert_int_in_range(o->y[k], 179, 181);
                assert_int_in_range(o->u[k / 4], 99, 101);
                assert_int_in_range(o->a[k], 199, 201);
            }
        trtc_overlay_free(&o);
        av_frame_free(&pic);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blend_is_exact), cmocka_unit_test(test_only_its_rectangle),
        cmocka_unit_test(test_odd_place),      cmocka_unit_test(test_clipped_and_outside),
        cmocka_unit_test(test_scaled),         cmocka_unit_test(test_no_dark_fringe),
        cmocka_unit_test(test_extreme_sizes),
    };
    return cmocka_run_group_tests_name("overlay", tests, NULL, NULL);
}
