/* SPDX-License-Identifier: MIT */
/* scale: planes against a reference in floating point, the CPU's kernels against plain C byte
 * for byte, and pictures of all kinds in windows of a canvas of which nothing else may
 * change. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/cpu.h>
#include <libavutil/frame.h>
#include <libavutil/imgutils.h>
#include <libavutil/log.h>
#include <libavutil/pixdesc.h>

#include "picture/plane.h"
#include "picture/scale.h"
#include "unit/range.h"

static const struct trtc_colour sd = { TRTC_BT601, TRTC_BT601, TRTC_BT601, false };

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t seed;

static uint32_t noise(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 16;
}

/* ---- planes ---- */

/* A plane in memory of its own size exactly, so that the address sanitizer sees every byte
 * too much. */
static uint8_t *noise_plane(int w, int h)
{
    uint8_t *p = malloc((size_t)w * (size_t)h);
    for (int i = 0; i < w * h; i++)
        p[i] = (uint8_t)noise();
    return p;
}

static uint8_t *scaled(const uint8_t *src, int sw, int sh, int dw, int dh, bool plain)
{
    struct trtc_plane p = { 0 };
    assert_int_equal(trtc_plane_set(&p, sw, sh, dw, dh), 0);
    uint8_t *dst = malloc((size_t)dw * (size_t)dh);
    trtc_plane_scale(&p, trtc_kernels(plain), (struct trtc_lines){ src, sw }, dst, dw);
    trtc_plane_fini(&p);
    return dst;
}

/* Weight of sample k of src in sample i of dst. */
static double share(int src, int dst, int i, int k)
{
    double r = (double)src / dst;
    if (src > 2 * dst)
        return fmax(0, fmin(k + 1, (i + 1) * r) - fmax(k, i * r)) / r;
    double pos = fmin(fmax((i + 0.5) * r - 0.5, 0), src - 1);
    return fmax(0, 1 - fabs(pos - k));
}

/* One direction: n lines, samples `step` apart, lines `line` apart. */
static void along(const double *in, double *out, int src, int dst, int n, int step, int line_in,
                  int line_out)
{
    for (int i = 0; i < dst; i++) {
        int from = (int)floor(i * (double)src / dst) - 2;
        int to = (int)ceil((i + 1) * (double)src / dst) + 2;
        for (int l = 0; l < n; l++) {
            double sum = 0;
            for (int k = from < 0 ? 0 : from; k < src && k <= to; k++)
                sum += share(src, dst, i, k) * in[l * line_in + k * step];
            out[l * line_out + i * step] = sum;
        }
    }
}

static void reference(const uint8_t *src, int sw, int sh, int dw, int dh, double *out)
{
    double *in = malloc(sizeof(double) * (size_t)(sw * sh));
    double *mid = malloc(sizeof(double) * (size_t)(sw * dh));
    for (int i = 0; i < sw * sh; i++)
        in[i] = src[i];
    along(in, mid, sh, dh, sw, sw, 1, 1);
    along(mid, out, sw, dw, dh, 1, sw, dw);
    free(in);
    free(mid);
}

static const int sizes[][4] = {
    { 640, 40, 256, 16 }, { 640, 36, 426, 24 }, { 640, 36, 320, 18 },  { 320, 18, 128, 7 },
    { 640, 36, 384, 22 }, { 640, 36, 960, 54 }, { 640, 36, 480, 27 },  { 640, 36, 640, 23 },
    { 640, 36, 641, 36 }, { 100, 70, 33, 20 },  { 200, 31, 40, 100 },  { 333, 77, 20, 5 },
    { 639, 35, 320, 18 }, { 700, 90, 9, 3 },    { 7, 5, 100, 90 },     { 15, 9, 31, 17 },
    { 16, 16, 33, 8 },    { 1, 1, 40, 40 },     { 2, 2, 40, 1 },       { 31, 3, 16, 3 },
    { 900, 90, 60, 6 },   { 500, 4, 31, 4 },    { 3000, 20, 100, 10 }, { 40, 40, 1, 1 },
};

static void test_near_reference(void **state)
{
    (void)state;
    seed = 1;
    for (size_t i = 0; i < N_OF(sizes); i++) {
        const int *s = sizes[i];
        uint8_t *src = noise_plane(s[0], s[1]);
        uint8_t *got = scaled(src, s[0], s[1], s[2], s[3], false);
        double *want = malloc(sizeof(double) * (size_t)(s[2] * s[3]));
        reference(src, s[0], s[1], s[2], s[3], want);
        double worst = 0, sum = 0;
        for (int k = 0; k < s[2] * s[3]; k++) {
            worst = fmax(worst, fabs(got[k] - want[k]));
            sum += got[k] - want[k];
        }
        double most = s[0] > 16 * s[2] ? 3 : 2; /* weights have 8 bits */
        if (worst > most || (s[2] * s[3] > 100 && fabs(sum) > 0.4 * s[2] * s[3]))
            fail_msg("%dx%d to %dx%d: off by %.2f, by %.2f on average", s[0], s[1], s[2], s[3],
                     worst, sum / (s[2] * s[3]));
        free(src);
        free(got);
        free(want);
    }
}

/* A ramp stays a ramp, and the same from both ends: nothing is shifted. */
static void test_ramp(void **state)
{
    (void)state;
    static const int widths[][2] = { { 256, 100 }, { 256, 128 }, { 256, 171 }, { 256, 250 },
                                     { 256, 384 }, { 256, 999 }, { 256, 30 },  { 256, 12 } };
    uint8_t src[256];
    for (int i = 0; i < 256; i++)
        src[i] = (uint8_t)i;
    for (size_t i = 0; i < N_OF(widths); i++) {
        int n = widths[i][1];
        uint8_t *along_x = scaled(src, 256, 1, n, 1, false);
        uint8_t *along_y = scaled(src, 1, 256, 1, n, false);
        for (int k = 0; k < n; k++) {
            double want = fmin(fmax((k + 0.5) * 256 / n - 0.5, 0), 255);
            assert_true(fabs(along_x[k] - want) <= 1);
            assert_true(fabs(along_y[k] - want) <= 1);
            assert_true(k == 0 || (along_x[k] >= along_x[k - 1] && along_y[k] >= along_y[k - 1]));
            assert_int_in_range(along_x[k] + along_x[n - 1 - k], 254, 256);
        }
        free(along_x);
        free(along_y);
    }
}

static void test_constant_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(sizes); i++) {
        const int *s = sizes[i];
        static const int values[] = { 0, 1, 16, 127, 128, 129, 235, 254, 255 };
        struct trtc_plane p = { 0 };
        assert_int_equal(trtc_plane_set(&p, s[0], s[1], s[2], s[3]), 0);
        uint8_t *src = malloc((size_t)(s[0] * s[1])), *dst = malloc((size_t)(s[2] * s[3]));
        for (size_t v = 0; v < N_OF(values); v++) {
            memset(src, values[v], (size_t)(s[0] * s[1]));
            for (int plain = 0; plain < 2; plain++) {
                memset(dst, 77, (size_t)(s[2] * s[3]));
                trtc_plane_scale(&p, trtc_kernels(plain), (struct trtc_lines){ src, s[0] }, dst,
                                 s[2]);
                for (int k = 0; k < s[2] * s[3]; k++)
                    assert_int_equal(dst[k], values[v]);
            }
        }
        free(src);
        free(dst);
        trtc_plane_fini(&p);
    }
}

static void assert_same_in_c(int sw, int sh, int dw, int dh)
{
    uint8_t *src = noise_plane(sw, sh);
    if (noise() % 4 == 0) /* extremes */
        for (int i = 0; i < sw * sh; i++)
            src[i] = src[i] & 64 ? 255 : 0;
    uint8_t *fast = scaled(src, sw, sh, dw, dh, false);
    uint8_t *plain = scaled(src, sw, sh, dw, dh, true);
    if (memcmp(fast, plain, (size_t)dw * (size_t)dh) != 0)
        fail_msg("%dx%d to %dx%d is not the same in plain C", sw, sh, dw, dh);
    free(src);
    free(fast);
    free(plain);
}

static void test_same_in_c(void **state)
{
    (void)state;
    if (trtc_kernels(false) == trtc_kernels(true))
        skip();
    seed = 3;
    for (size_t i = 0; i < N_OF(sizes); i++)
        assert_same_in_c(sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3]);
    for (int i = 0; i < 1500; i++) {
        int sw = 1 + (int)(noise() % 300), sh = 1 + (int)(noise() % 40);
        int dw = 1 + (int)(noise() % (i % 3 ? 200u : 30u)), dh = 1 + (int)(noise() % 30);
        assert_same_in_c(sw, sh, dw, dh);
    }
    for (int r = 1; r < 40; r++) { /* every number of taps, with remainders */
        assert_same_in_c(r * 17 + 3, 5, 17, 2);
        assert_same_in_c(r * 40, 3, 40, 1);
        assert_same_in_c(64, r * 3 + 1, 64, 3);
    }
}

/* Lines that lie upside down, with room between them that is not touched. */
static void test_strides(void **state)
{
    (void)state;
    seed = 4;
    uint8_t src[30 * 50], dst[20 * 64];
    for (size_t i = 0; i < sizeof(src); i++)
        src[i] = (uint8_t)noise();
    memset(dst, 99, sizeof(dst));
    struct trtc_plane p = { 0 };
    assert_int_equal(trtc_plane_set(&p, 41, 30, 37, 20), 0);
    trtc_plane_scale(&p, trtc_kernels(false), (struct trtc_lines){ src + 29 * 50, -50 }, dst + 3,
                     64);
    uint8_t turned[30 * 41];
    for (int y = 0; y < 30; y++)
        memcpy(turned + y * 41, src + (29 - y) * 50, 41);
    uint8_t *want = scaled(turned, 41, 30, 37, 20, true);
    for (int y = 0; y < 20; y++)
        for (int x = 0; x < 64; x++)
            assert_int_equal(dst[y * 64 + x], x >= 3 && x < 40 ? want[y * 37 + x - 3] : 99);
    free(want);
    trtc_plane_fini(&p);
}

/* ---- pictures ---- */

static AVFrame *picture(enum AVPixelFormat format, int w, int h)
{
    AVFrame *f = av_frame_alloc();
    f->format = format;
    f->width = w;
    f->height = h;
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    return f;
}

/* YUV 4:2:0 in memory of its size exactly; free with free_tight. */
static AVFrame *tight(int w, int h)
{
    AVFrame *f = av_frame_alloc();
    f->format = AV_PIX_FMT_YUV420P;
    f->width = w;
    f->height = h;
    for (int p = 0; p < 3; p++) {
        f->linesize[p] = p ? (w + 1) / 2 : w;
        f->data[p] = noise_plane(f->linesize[p], p ? (h + 1) / 2 : h);
    }
    return f;
}

static void free_tight(AVFrame **f)
{
    for (int p = 0; p < 3; p++)
        free((*f)->data[p]);
    av_frame_free(f);
}

/* Sets every sample of a planar picture of 8 or more bits. */
static void set_planes(AVFrame *f, const int value[3])
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    for (int c = 0; c < d->nb_components; c++) {
        const AVComponentDescriptor *k = &d->comp[c];
        int w = c ? -(-f->width >> d->log2_chroma_w) : f->width;
        int h = c ? -(-f->height >> d->log2_chroma_h) : f->height;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                uint8_t *p =
                    f->data[k->plane] + y * f->linesize[k->plane] + k->offset + x * k->step;
                const uint16_t deep = (uint16_t)(value[c] << k->shift);
                if (k->depth > 8)
                    memcpy(p, &deep, sizeof(deep));
                else
                    *p = (uint8_t)value[c];
            }
    }
}

static int sample(const AVFrame *f, int plane, int x, int y)
{
    return f->data[plane][(y >> !!plane) * f->linesize[plane] + (x >> !!plane)];
}

static void assert_pixel(const AVFrame *f, int x, int y, int luma, int cb, int cr, int slack)
{
    const int want[] = { luma, cb, cr };
    for (int p = 0; p < 3; p++)
        if (abs(sample(f, p, x, y) - want[p]) > slack)
            fail_msg("%d,%d is %d %d %d instead of %d %d %d", x, y, sample(f, 0, x, y),
                     sample(f, 1, x, y), sample(f, 2, x, y), luma, cb, cr);
}

enum { CANVAS_W = 320, CANVAS_H = 200, CANARY = 55 };

static AVFrame *marked_canvas(void)
{
    AVFrame *c = trtc_canvas_new(CANVAS_W, CANVAS_H, &sd);
    assert_non_null(c);
    for (int p = 0; p < 3; p++)
        memset(c->data[p], CANARY, (size_t)c->linesize[p] * (CANVAS_H >> !!p));
    return c;
}

static bool inside(const struct trtc_rect *r, int x, int y)
{
    return x >= r->x && x < r->x + r->w && y >= r->y && y < r->y + r->h;
}

/* Nothing outside of r was written, the room at the end of the lines included. */
static void assert_outside_untouched(const AVFrame *c, const struct trtc_rect *r)
{
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < CANVAS_H >> !!p; y++)
            for (int x = 0; x < c->linesize[p]; x++)
                if (!inside(r, x << !!p, y << !!p))
                    assert_int_equal(c->data[p][y * c->linesize[p] + x], CANARY);
}

static void draw(struct trtc_scaler *s, const AVFrame *pic, const struct trtc_rect *r,
                 enum trtc_render render, int alpha, AVFrame *canvas)
{
    struct trtc_err err = { 0 };
    if (trtc_scaler_draw(s, pic, &(struct trtc_pane){ *r, render, alpha }, canvas, &err) < 0)
        fail_msg("%s", err.msg);
}

static void test_canvas(void **state)
{
    (void)state;
    AVFrame *c = trtc_canvas_new(426, 240, &sd);
    assert_int_equal(c->format, AV_PIX_FMT_YUV420P);
    assert_int_equal(c->width, 426);
    assert_int_equal(c->height, 240);
    for (int p = 0; p < 3; p++) {
        assert_int_equal(c->linesize[p] % 64, 0);
        assert_int_equal((uintptr_t)c->data[p] % 32, 0);
    }
    for (int y = 0; y < 240; y++)
        for (int x = 0; x < 426; x++)
            assert_pixel(c, x, y, 16, 128, 128, 0);
    av_frame_free(&c);
}

static void test_fill(void **state)
{
    (void)state;
    static const struct {
        uint32_t rgb;
        int yuv[3];
    } t[] = {
        { 0x000000, { 16, 128, 128 } }, { 0xffffff, { 235, 128, 128 } },
        { 0xff0000, { 81, 90, 240 } },  { 0x00ff00, { 145, 54, 34 } },
        { 0x0000ff, { 41, 240, 110 } }, { 0x808080, { 126, 128, 128 } },
    };
    const struct trtc_rect r = { 10, 6, 50, 40 };
    for (size_t i = 0; i < N_OF(t); i++)
        for (int alpha = 0; alpha <= 255; alpha += 51) {
            AVFrame *c = marked_canvas();
            trtc_fill_rect(c, &r, t[i].rgb, alpha);
            int want[3];
            for (int p = 0; p < 3; p++)
                want[p] = (t[i].yuv[p] * (255 - alpha) + CANARY * alpha + 127) / 255;
            int slack = alpha % 255 ? 1 : 0;
            assert_pixel(c, 10, 6, want[0], want[1], want[2], slack);
            assert_pixel(c, 59, 45, want[0], want[1], want[2], slack);
            assert_outside_untouched(c, &r);
            av_frame_free(&c);
        }
}

static void test_fill_is_clipped(void **state)
{
    (void)state;
    static const struct trtc_rect rects[] = { { -10, -10, 20, 20 }, { 310, 190, 100, 100 },
                                              { 400, 0, 10, 10 },   { 0, 0, 0, 10 },
                                              { 20, 300, 10, 10 },  { -30, 5, 10, 10 } };
    for (size_t i = 0; i < N_OF(rects); i++)
        for (int alpha = 0; alpha < 255; alpha += 100) {
            AVFrame *c = marked_canvas();
            trtc_fill_rect(c, &rects[i], 0xffffff, alpha);
            struct trtc_rect in = rects[i];
            assert_outside_untouched(c, &in);
            bool hit = i < 2;
            assert_int_equal(sample(c, 0, i ? 319 : 0, i ? 199 : 0) != CANARY, hit);
            av_frame_free(&c);
        }
}

/* Every size of window and picture, odd ones too: what is drawn is what the planes say, and
 * nothing else. */
static void test_windows(void **state)
{
    (void)state;
    static const int pics[][2] = { { 64, 36 }, { 63, 35 },  { 1, 1 },     { 3, 5 },
                                   { 2, 2 },   { 100, 20 }, { 639, 359 }, { 37, 90 } };
    static const struct trtc_rect windows[] = {
        { 0, 0, 320, 200 }, { 2, 4, 64, 36 },  { 100, 50, 26, 14 },  { 318, 198, 2, 2 },
        { 0, 0, 2, 2 },     { 10, 10, 2, 90 }, { 40, 100, 252, 18 }, { 288, 20, 32, 180 },
    };
    struct trtc_scaler *s = trtc_scaler_new(NULL), *plain = trtc_scaler_new(NULL);
    trtc_scaler_plain(plain);
    seed = 9;
    for (size_t i = 0; i < N_OF(pics); i++) {
        AVFrame *pic = tight(pics[i][0], pics[i][1]);
        for (size_t k = 0; k < N_OF(windows); k++)
            for (int render = 0; render < 4; render++) {
                int alpha = k % 2 ? 0 : (int)(noise() % 255);
                AVFrame *a = marked_canvas(), *b = marked_canvas();
                draw(s, pic, &windows[k], (enum trtc_render)render, alpha, a);
                draw(plain, pic, &windows[k], (enum trtc_render)render, alpha, b);
                assert_outside_untouched(a, &windows[k]);
                for (int p = 0; p < 3; p++)
                    assert_memory_equal(a->data[p], b->data[p],
                                        (size_t)a->linesize[p] * (CANVAS_H >> !!p));
                av_frame_free(&a);
                av_frame_free(&b);
            }
        free_tight(&pic);
    }
    trtc_scaler_free(&s);
    trtc_scaler_free(&plain);
    assert_null(s);
    trtc_scaler_free(&s);
}

static void test_same_size_is_a_copy(void **state)
{
    (void)state;
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    AVFrame *pic = tight(64, 36), *c = marked_canvas();
    draw(s, pic, &(struct trtc_rect){ 20, 30, 64, 36 }, TRTC_RENDER_CROP, 0, c);
    for (int y = 0; y < 36; y++)
        for (int x = 0; x < 64; x++)
            assert_pixel(c, 20 + x, 30 + y, sample(pic, 0, x, y), sample(pic, 1, x, y),
                         sample(pic, 2, x, y), 0);
    free_tight(&pic);
    av_frame_free(&c);
    trtc_scaler_free(&s);
}

/* Columns of luma 10, 11 ... and chroma 50, 51 ...: what is cut shows at the edges. */
static AVFrame *columns(int w, int h)
{
    AVFrame *f = tight(w, h);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? (h + 1) / 2 : h); y++)
            for (int x = 0; x < f->linesize[p]; x++)
                f->data[p][y * f->linesize[p] + x] = (uint8_t)((p ? 50 : 10) + x);
    return f;
}

static void test_crop_takes_the_middle(void **state)
{
    (void)state;
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    AVFrame *pic = columns(160, 90), *c = marked_canvas();
    draw(s, pic, &(struct trtc_rect){ 0, 0, 90, 90 }, TRTC_RENDER_CROP, 0, c);
    assert_pixel(c, 0, 0, 10 + 34, 50 + 17, 50 + 17, 0);
    assert_pixel(c, 89, 89, 10 + 34 + 89, 50 + 17 + 44, 50 + 17 + 44, 0);

    pic->sample_aspect_ratio = (AVRational){ 9, 16 }; /* shown as a square */
    draw(s, pic, &(struct trtc_rect){ 0, 0, 160, 160 }, TRTC_RENDER_CROP, 0, c);
    assert_pixel(c, 0, 0, 10, 50, 50, 0);
    assert_pixel(c, 159, 159, 10 + 159, 50 + 79, 50 + 79, 0);
    draw(s, pic, &(struct trtc_rect){ 0, 0, 160, 90 }, TRTC_RENDER_FIT, 0, c);
    assert_pixel(c, 33, 0, 16, 128, 128, 0);
    assert_true(sample(c, 0, 34, 0) < 16);
    free_tight(&pic);
    av_frame_free(&c);
    trtc_scaler_free(&s);
}

static void test_bars(void **state)
{
    (void)state;
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    AVFrame *pic = picture(AV_PIX_FMT_YUV420P, 64, 36), *c = marked_canvas();
    set_planes(pic, (const int[]){ 200, 30, 220 });
    static const struct trtc_rect wide = { 40, 20, 128, 36 }, high = { 40, 20, 64, 144 };
    draw(s, pic, &wide, TRTC_RENDER_FIT, 0, c);
    assert_outside_untouched(c, &wide);
    for (int y = 20; y < 56; y++)
        for (int x = 40; x < 168; x++)
            if (x < 72 || x >= 136)
                assert_pixel(c, x, y, 16, 128, 128, 0);
            else
                assert_pixel(c, x, y, 200, 30, 220, 0);
    av_frame_free(&c);
    c = marked_canvas();
    draw(s, pic, &high, TRTC_RENDER_FIT, 0, c);
    assert_outside_untouched(c, &high);
    for (int y = 20; y < 164; y++)
        for (int x = 40; x < 104; x++)
            if (y < 74 || y >= 110)
                assert_pixel(c, x, y, 16, 128, 128, 0);
            else
                assert_pixel(c, x, y, 200, 30, 220, 0);
    av_frame_free(&c);
    av_frame_free(&pic);
    trtc_scaler_free(&s);
}

static void test_alpha(void **state)
{
    (void)state;
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    AVFrame *pic = picture(AV_PIX_FMT_YUV420P, 64, 36);
    set_planes(pic, (const int[]){ 255, 0, 155 });
    static const struct {
        int alpha, yuv[3];
    } t[] = { { 0, { 255, 0, 155 } },  { 128, { 155, 28, 105 } }, { 255, { 55, 55, 55 } },
              { 1, { 254, 0, 155 } },  { 254, { 56, 55, 55 } },   { 51, { 215, 11, 135 } },
              { 999, { 55, 55, 55 } }, { -1, { 255, 0, 155 } } };
    static const struct trtc_rect r = { 2, 2, 64, 36 };
    for (size_t i = 0; i < N_OF(t); i++) {
        AVFrame *c = marked_canvas();
        draw(s, pic, &r, TRTC_RENDER_STRETCH, t[i].alpha, c);
        assert_outside_untouched(c, &r);
        int slack = t[i].alpha > 0 && t[i].alpha < 255;
        assert_pixel(c, 2, 2, t[i].yuv[0], t[i].yuv[1], t[i].yuv[2], slack);
        assert_pixel(c, 65, 37, t[i].yuv[0], t[i].yuv[1], t[i].yuv[2], slack);
        av_frame_free(&c);
    }
    /* the same over the same is the same */
    set_planes(pic, (const int[]){ CANARY, CANARY, CANARY });
    AVFrame *c = marked_canvas();
    for (int alpha = 1; alpha < 255; alpha++)
        draw(s, pic, &r, TRTC_RENDER_STRETCH, alpha, c);
    assert_outside_untouched(c, &(struct trtc_rect){ 0, 0, 0, 0 });
    av_frame_free(&c);
    av_frame_free(&pic);
    trtc_scaler_free(&s);
}

static void test_formats(void **state)
{
    (void)state;
    static const struct {
        enum AVPixelFormat format;
        bool full;
        int in[3], out[3], slack;
    } t[] = {
        { AV_PIX_FMT_YUVA420P, false, { 180, 60, 200 }, { 180, 60, 200 }, 0 },
        { AV_PIX_FMT_YUV422P, false, { 180, 60, 200 }, { 180, 60, 200 }, 0 },
        { AV_PIX_FMT_YUV444P, false, { 235, 16, 240 }, { 235, 16, 240 }, 0 },
        { AV_PIX_FMT_YUV440P, false, { 16, 16, 240 }, { 16, 16, 240 }, 0 },
        { AV_PIX_FMT_YUV410P, false, { 99, 16, 240 }, { 99, 16, 240 }, 0 },
        { AV_PIX_FMT_NV12, false, { 180, 60, 200 }, { 180, 60, 200 }, 0 },
        { AV_PIX_FMT_NV21, false, { 180, 60, 200 }, { 180, 60, 200 }, 0 },
        { AV_PIX_FMT_YUV420P10, false, { 940, 512, 64 }, { 235, 128, 16 }, 0 },
        { AV_PIX_FMT_YUV420P10, false, { 64, 240, 960 }, { 16, 60, 240 }, 0 },
        { AV_PIX_FMT_YUV422P10, false, { 400, 240, 960 }, { 100, 60, 240 }, 0 },
        { AV_PIX_FMT_YUV444P10, false, { 400, 240, 960 }, { 100, 60, 240 }, 0 },
        { AV_PIX_FMT_YUV420P12, false, { 1600, 960, 3840 }, { 100, 60, 240 }, 0 },
        { AV_PIX_FMT_P010, false, { 400, 240, 960 }, { 100, 60, 240 }, 0 },
        { AV_PIX_FMT_GRAY8, false, { 180 }, { 180, 128, 128 }, 0 },
        { AV_PIX_FMT_GRAY10, false, { 720 }, { 180, 128, 128 }, 1 },
        { AV_PIX_FMT_YUV420P, true, { 255, 0, 255 }, { 235, 16, 240 }, 0 },
        { AV_PIX_FMT_YUV420P, true, { 0, 128, 128 }, { 16, 128, 128 }, 0 },
        { AV_PIX_FMT_YUVJ420P, false, { 255, 128, 128 }, { 235, 128, 128 }, 0 },
        { AV_PIX_FMT_YUVJ422P, false, { 255, 255, 0 }, { 235, 240, 16 }, 0 },
        { AV_PIX_FMT_YUVJ444P, false, { 128, 0, 255 }, { 126, 16, 240 }, 0 },
        { AV_PIX_FMT_NV12, true, { 255, 0, 255 }, { 235, 16, 240 }, 0 },
        { AV_PIX_FMT_YUV420P10, true, { 1020, 512, 512 }, { 235, 128, 128 }, 0 },
        { AV_PIX_FMT_YUV420P10, true, { 1023, 512, 512 }, { 235, 128, 128 }, 1 },
        { AV_PIX_FMT_GRAY8, true, { 255 }, { 235, 128, 128 }, 0 },
        { AV_PIX_FMT_GRAY8, true, { 0 }, { 16, 128, 128 }, 0 },
        { AV_PIX_FMT_RGB24, false, { 255, 255, 255 }, { 235, 128, 128 }, 1 },
        { AV_PIX_FMT_RGB24, true, { 0, 0, 0 }, { 16, 128, 128 }, 1 },
        { AV_PIX_FMT_BGRA, true, { 255, 0, 0 }, { 81, 90, 240 }, 1 },
        { AV_PIX_FMT_RGBA, false, { 0, 255, 0 }, { 145, 54, 34 }, 1 },
        { AV_PIX_FMT_GBRP, false, { 0, 0, 255 }, { 41, 240, 110 }, 1 },
    };
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    static const struct trtc_rect r = { 10, 10, 90, 52 };
    for (size_t i = 0; i < N_OF(t); i++) {
        AVFrame *pic = picture(t[i].format, 63, 35), *c = marked_canvas();
        pic->color_range = t[i].full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_UNSPECIFIED;
        set_planes(pic, t[i].in);
        draw(s, pic, &r, TRTC_RENDER_STRETCH, 0, c);
        assert_outside_untouched(c, &r);
        for (int y = 10; y < 62; y++)
            for (int x = 10; x < 100; x++)
                for (int p = 0; p < 3; p++)
                    if (abs(sample(c, p, x, y) - t[i].out[p]) > t[i].slack)
                        fail_msg("%s: plane %d is %d instead of %d",
                                 av_get_pix_fmt_name(t[i].format), p, sample(c, p, x, y),
                                 t[i].out[p]);
        av_frame_free(&c);
        av_frame_free(&pic);
    }
    trtc_scaler_free(&s);
}

/* swscale has code for many CPUs: with our flags it makes the same of a picture on all of
 * them. */
static void test_formats_same_in_c(void **state)
{
    (void)state;
    static const enum AVPixelFormat formats[] = {
        AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV444P, AV_PIX_FMT_NV12,   AV_PIX_FMT_YUV420P10,
        AV_PIX_FMT_RGB24,   AV_PIX_FMT_BGRA,    AV_PIX_FMT_GRAY10, AV_PIX_FMT_GBRP,
        AV_PIX_FMT_P010,    AV_PIX_FMT_YUYV422,
    };
    static const struct trtc_rect r = { 0, 0, 256, 144 };
    for (size_t i = 0; i < N_OF(formats); i++)
        for (int odd = 0; odd < 2; odd++) {
            AVFrame *pic = picture(formats[i], 320 - odd, 180 - odd);
            for (int p = 0; p < 4 && pic->buf[p]; p++)
                for (size_t k = 0; k + 1 < pic->buf[p]->size; k += 2) { /* valid 10 bit samples */
                    pic->buf[p]->data[k] = (uint8_t)noise();
                    bool deep = av_pix_fmt_desc_get(formats[i])->comp[0].depth > 8;
                    pic->buf[p]->data[k + 1] = (uint8_t)(deep ? noise() & 3 : noise());
                }
            AVFrame *a = marked_canvas(), *b = marked_canvas();
            struct trtc_scaler *s = trtc_scaler_new(NULL), *plain = trtc_scaler_new(NULL);
            trtc_scaler_plain(plain);
            draw(s, pic, &r, TRTC_RENDER_STRETCH, 0, a);
            av_force_cpu_flags(0);
            draw(plain, pic, &r, TRTC_RENDER_STRETCH, 0, b);
            av_force_cpu_flags(-1);
            for (int p = 0; p < 3; p++)
                if (memcmp(a->data[p], b->data[p], (size_t)a->linesize[p] * (CANVAS_H >> !!p)) != 0)
                    fail_msg("%s: plane %d depends on the CPU", av_get_pix_fmt_name(formats[i]), p);
            trtc_scaler_free(&s);
            trtc_scaler_free(&plain);
            av_frame_free(&a);
            av_frame_free(&b);
            av_frame_free(&pic);
        }
}

/* What lies beyond the ends of the lines is other every time, and must not be seen. */
static void test_padding_is_not_seen(void **state)
{
    (void)state;
    static const enum AVPixelFormat formats[] = {
        AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV422P,   AV_PIX_FMT_YUV444P,   AV_PIX_FMT_YUV440P,
        AV_PIX_FMT_YUV410P, AV_PIX_FMT_YUV411P,   AV_PIX_FMT_NV12,      AV_PIX_FMT_NV21,
        AV_PIX_FMT_P010,    AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV422P10, AV_PIX_FMT_YUV444P10,
        AV_PIX_FMT_GRAY8,   AV_PIX_FMT_GRAY10,    AV_PIX_FMT_RGB24,     AV_PIX_FMT_BGRA,
        AV_PIX_FMT_RGB565,  AV_PIX_FMT_GBRP,      AV_PIX_FMT_YUYV422,   AV_PIX_FMT_UYVY422,
    };
    static const struct trtc_rect r = { 0, 0, 200, 100 };
    for (size_t i = 0; i < N_OF(formats); i++)
        for (int w = 61; w < 66; w++) {
            AVFrame *c[2] = { marked_canvas(), marked_canvas() };
            AVFrame *pic = picture(formats[i], w, 35);
            for (int k = 0; k < 2; k++) {
                for (int p = 0; p < 4 && pic->buf[p]; p++)
                    memset(pic->buf[p]->data, k ? 3 : 0, pic->buf[p]->size);
                for (int p = 0; p < 4 && pic->data[p]; p++) {
                    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(formats[i]);
                    int rows = p == 1 || p == 2 ? -(-35 >> d->log2_chroma_h) : 35;
                    size_t n = (size_t)av_image_get_linesize(formats[i], w, p);
                    for (int y = 0; y < rows; y++)
                        memset(pic->data[p] + y * pic->linesize[p], 2, n);
                }
                struct trtc_scaler *s = trtc_scaler_new(NULL);
                draw(s, pic, &r, TRTC_RENDER_STRETCH, 0, c[k]);
                trtc_scaler_free(&s);
            }
            for (int p = 0; p < 3; p++)
                for (int y = 0; y < CANVAS_H; y++)
                    for (int x = 0; x < CANVAS_W; x++)
                        if (sample(c[0], p, x, y) != sample(c[1], p, x, y))
                            fail_msg("%s, %d wide: padding in plane %d at %d,%d",
                                     av_get_pix_fmt_name(formats[i]), w, p, x, y);
            av_frame_free(&c[0]);
            av_frame_free(&c[1]);
            av_frame_free(&pic);
        }
}

static void test_pictures_that_cannot_be_shown(void **state)
{
    (void)state;
    static const struct trtc_rect r = { 0, 0, 64, 36 };
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    AVFrame *pic = picture(AV_PIX_FMT_YUV420P, 64, 36), *c = marked_canvas();
    static const struct {
        int format, w, h;
        const char *says;
    } t[] = {
        { AV_PIX_FMT_VAAPI, 64, 36, "a picture of 64x36 in vaapi cannot be converted" },
        { AV_PIX_FMT_NONE, 64, 36, "a picture of 64x36 in no format cannot be shown" },
        { AV_PIX_FMT_YUV420P, 0, 36, "a picture of 0x36 in yuv420p cannot be shown" },
        { 99999, 64, -1, "a picture of 64x-1 in no format cannot be shown" },
    };
    for (size_t i = 0; i < 2 * N_OF(t); i++) { /* the second time no less than the first */
        struct trtc_err err = { 0 };
        pic->format = t[i % N_OF(t)].format;
        pic->width = t[i % N_OF(t)].w;
        pic->height = t[i % N_OF(t)].h;
        for (int alpha = 0; alpha < 200; alpha += 100) {
            assert_int_equal(
                trtc_scaler_draw(s, pic, &(struct trtc_pane){ r, TRTC_RENDER_FIT, alpha }, c, &err),
                -1);
            assert_int_equal(err.code, TRTC_EX_DATAERR);
            assert_string_equal(err.msg, t[i % N_OF(t)].says);
        }
        assert_outside_untouched(c, &(struct trtc_rect){ 0, 0, 0, 0 });
    }
    pic->format = AV_PIX_FMT_YUV420P; /* and the next one is shown */
    pic->width = 64;
    pic->height = 36;
    set_planes(pic, (const int[]){ 100, 100, 100 });
    draw(s, pic, &r, TRTC_RENDER_FIT, 0, c);
    assert_pixel(c, 5, 5, 100, 100, 100, 0);
    av_frame_free(&pic);
    av_frame_free(&c);
    trtc_scaler_free(&s);
}

/* A tile whose pictures change in size and format from one to the next. */
static void test_changes(void **state)
{
    (void)state;
    static const struct {
        enum AVPixelFormat format;
        int w, h;
    } t[] = { { AV_PIX_FMT_YUV420P, 64, 36 }, { AV_PIX_FMT_NV12, 64, 36 },
              { AV_PIX_FMT_NV12, 36, 64 },    { AV_PIX_FMT_GRAY8, 36, 64 },
              { AV_PIX_FMT_GRAY10, 36, 64 },  { AV_PIX_FMT_YUV444P, 36, 64 },
              { AV_PIX_FMT_YUV420P, 128, 9 } };
    static const struct trtc_rect windows[] = { { 0, 0, 100, 100 }, { 4, 4, 30, 60 } };
    struct trtc_scaler *s = trtc_scaler_new(NULL);
    for (int i = 0; i < 40; i++) {
        size_t k = noise() % N_OF(t);
        const struct trtc_rect *r = &windows[noise() % 2];
        AVFrame *pic = picture(t[k].format, t[k].w, t[k].h), *a = marked_canvas(),
                *b = marked_canvas();
        set_planes(pic, (const int[]){ 100 + i, 60, 90 });
        int alpha = (int)(noise() % 2 * 100);
        struct trtc_scaler *fresh = trtc_scaler_new(NULL);
        draw(s, pic, r, TRTC_RENDER_FIT, alpha, a);
        draw(fresh, pic, r, TRTC_RENDER_FIT, alpha, b);
        for (int p = 0; p < 3; p++)
            assert_memory_equal(a->data[p], b->data[p], (size_t)a->linesize[p] * (CANVAS_H >> !!p));
        trtc_scaler_free(&fresh);
        av_frame_free(&a);
        av_frame_free(&b);
        av_frame_free(&pic);
    }
    trtc_scaler_free(&s);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_reference),
        cmocka_unit_test(test_ramp),
        cmocka_unit_test(test_constant_stays),
        cmocka_unit_test(test_same_in_c),
        cmocka_unit_test(test_strides),
        cmocka_unit_test(test_canvas),
        cmocka_unit_test(test_fill),
        cmocka_unit_test(test_fill_is_clipped),
        cmocka_unit_test(test_windows),
        cmocka_unit_test(test_same_size_is_a_copy),
        cmocka_unit_test(test_crop_takes_the_middle),
        cmocka_unit_test(test_bars),
        cmocka_unit_test(test_alpha),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_formats_same_in_c),
        cmocka_unit_test(test_padding_is_not_seen),
        cmocka_unit_test(test_pictures_that_cannot_be_shown),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
