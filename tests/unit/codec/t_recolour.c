/* SPDX-License-Identifier: MIT */
/* codec/recolour: whole planes, with and without vector code, and beside swscale; what swscale is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <libavutil/log.h>

#include "codec/recolour.h"

enum { W = 150, H = 10, EDGE = 8 };

static uint32_t seed = 1;

static uint32_t noise(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* Planes with an edge all around, which must stay as it is. */
struct planes {
    uint8_t y[H + 2 * EDGE][W + 2 * EDGE], u[H + 2 * EDGE][W + 2 * EDGE],
        v[H + 2 * EDGE][W + 2 * EDGE];
};

static void recolour(const struct trtc_colour_map *m, struct planes *p, int w, int h, bool plain)
{
    const struct trtc_planes to = { { &p->y[EDGE][EDGE], &p->u[EDGE][EDGE], &p->v[EDGE][EDGE] },
                                    { W + 2 * EDGE, W + 2 * EDGE, W + 2 * EDGE },
                                    w,
                                    h };
    trtc_recolour(m, &to, plain);
}

/* Every width, odd heights too: the same bytes either way, those of the definition, and none beside them. */
static void test_planes(void **state)
{
    static const struct trtc_colour c[] = {
        { 6, 6, 6, false }, { 1, 1, 1, false }, { 6, 6, 6, true }, { 9, 9, 9, false }
    };
    static struct planes from, fast, plain;
    (void)state;
    for (int w = 1; w <= W; w += 1 + w / 70) {
        struct trtc_colour_map m;
        const int h = 1 + w % H, k = w % 4;
        if (!trtc_colour_map(&c[k], &c[(k + 1 + w / 4 % 3) % 4], &m))
            continue;
        for (size_t i = 0; i < sizeof from; i++)
            ((uint8_t *)&from)[i] = (uint8_t)(noise() % 8 ? noise() : noise() % 2 * 255);
        fast = plain = from;
        recolour(&m, &fast, w, h, false);
        recolour(&m, &plain, w, h, true);
        assert_memory_equal(&fast, &plain, sizeof fast);
        for (int y = -EDGE; y < H + EDGE; y++)
            for (int x = -EDGE; x < W + EDGE; x++) {
                const bool in = x >= 0 && x < w && y >= 0 && y < h;
                const bool chroma = x >= 0 && x < (w + 1) / 2 && y >= 0 && y < (h + 1) / 2;
                const int u = from.u[EDGE + y / 2][EDGE + x / 2],
                          v = from.v[EDGE + y / 2][EDGE + x / 2];
                const int was = from.y[EDGE + y][EDGE + x], cb = from.u[EDGE + y][EDGE + x],
                          cr = from.v[EDGE + y][EDGE + x];
                assert_int_equal(fast.y[EDGE + y][EDGE + x],
                                 in ? trtc_colour_luma(&m, was, u, v) : was);
                assert_int_equal(fast.u[EDGE + y][EDGE + x],
                                 chroma ? trtc_colour_chroma(m.uu, m.uv, cb, cr) : cb);
                assert_int_equal(fast.v[EDGE + y][EDGE + x],
                                 chroma ? trtc_colour_chroma(m.vu, m.vv, cb, cr) : cr);
            }
    }
}

static AVFrame *new_frame(enum AVPixelFormat format, const struct trtc_colour *c)
{
    AVFrame *f = av_frame_alloc();
    f->format = format;
    f->width = f->height = 16;
    trtc_av_set_colour(f, c);
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    return f;
}

static AVFrame *scaled(const AVFrame *src, enum AVPixelFormat to, const struct trtc_colour *c)
{
    const struct trtc_sws_opts o = {
        16, 16, 16, 16, src->format, to, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, *c
    };
    struct SwsContext *sws = trtc_sws_new(&o);
    AVFrame *f = new_frame(to, c);
    assert_non_null(sws);
    assert_int_equal(sws_scale(sws, (const uint8_t *const *)src->data, src->linesize, 0, 16,
                               f->data, f->linesize),
                     16);
    sws_freeContext(sws);
    return f;
}

static AVFrame *flat(enum AVPixelFormat format, const struct trtc_colour *c, const uint8_t v[3])
{
    AVFrame *f = new_frame(format, c);
    for (int p = 0; p < 3 && f->data[p]; p++)
        for (int y = 0; y < (p ? 8 : 16); y++)
            memset(f->data[p] + y * f->linesize[p], v[p], p ? 8 : 16);
    return f;
}

static void assert_near(const uint8_t *got, const uint8_t *want, int slack)
{
    for (int i = 0; i < 3; i++)
        if (abs(got[i] - want[i]) > slack)
            fail_msg("%d %d %d instead of %d %d %d", got[0], got[1], got[2], want[0], want[1],
                     want[2]);
}

/* RGB to one matrix and range, from there to another one, and back to RGB: what swscale makes of it stays within 3. */
static void test_beside_swscale(void **state)
{
    static const struct trtc_colour c[] = { { 6, 6, 6, false },
                                            { 1, 1, 1, false },
                                            { 6, 6, 6, true },
                                            { 1, 1, 1, true },
                                            { 9, 9, 9, false } };
    (void)state;
    for (int k = 0; k < 25; k++) {
        const struct trtc_colour *a = &c[k / 5], *b = &c[k % 5];
        struct trtc_colour_map m;
        for (uint32_t i = 0; i < 27; i++) {
            const uint8_t rgb[3] = { (uint8_t)(i % 3 * 120), (uint8_t)(i / 3 % 3 * 120),
                                     (uint8_t)(i / 9 * 120) };
            uint8_t yuv[3];
            trtc_colour_yuv(a, (uint32_t)(rgb[0] << 16 | rgb[1] << 8 | rgb[2]), yuv);
            AVFrame *f = flat(AV_PIX_FMT_YUV420P, a, yuv);
            AVFrame *before = scaled(f, AV_PIX_FMT_RGB24, a);
            if (trtc_colour_map(a, b, &m))
                trtc_recolour(
                    &m,
                    &(struct trtc_planes){ { f->data[0], f->data[1], f->data[2] },
                                           { f->linesize[0], f->linesize[1], f->linesize[2] },
                                           16,
                                           16 },
                    false);
            AVFrame *after = scaled(f, AV_PIX_FMT_RGB24, b);
            assert_near(before->data[0], rgb, 3);
            assert_near(after->data[0], before->data[0], 3);
            av_frame_free(&f);
            av_frame_free(&before);
            av_frame_free(&after);
        }
    }
}

/* swscale leaves matrix and range of YUV and grey as they are, whatever it thinks of the formats, and makes RGB what
 * it is told. */
static void test_what_swscale_does(void **state)
{
    static const struct trtc_colour hd = { 1, 1, 1, false }, full = { 6, 6, 6, true };
    static const enum AVPixelFormat formats[] = { AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUVJ420P,
                                                  AV_PIX_FMT_GRAY8, AV_PIX_FMT_YUV420P };
    static const uint8_t values[3] = { 200, 90, 160 };
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        AVFrame *f = new_frame(formats[i], &hd);
        for (int p = 0; p < 3 && f->data[p]; p++)
            memset(f->data[p], values[p],
                   (size_t)f->linesize[p] * (formats[i] == AV_PIX_FMT_YUV422P || !p ? 16 : 8));
        f->format = trtc_av_colour_said(f).full ? AV_PIX_FMT_YUV420P : f->format;
        AVFrame *out = scaled(f, AV_PIX_FMT_YUV420P, &full);
        assert_int_equal(out->data[0][0], 200);
        assert_int_equal(out->data[1][0], formats[i] == AV_PIX_FMT_GRAY8 ? 128 : 90);
        assert_int_equal(out->data[2][0], formats[i] == AV_PIX_FMT_GRAY8 ? 128 : 160);
        av_frame_free(&f);
        av_frame_free(&out);
    }
    AVFrame *rgb = new_frame(AV_PIX_FMT_RGB24, &hd);
    for (int y = 0; y < 16; y++)
        for (int x = 0; x < 16; x++)
            memcpy(rgb->data[0] + y * rgb->linesize[0] + 3 * x, "\x20\xc0\x40", 3);
    for (int k = 0; k < 2; k++) {
        const struct trtc_colour *c = k ? &full : &hd;
        uint8_t want[3];
        trtc_colour_yuv(c, 0x20c040, want);
        AVFrame *out = scaled(rgb, AV_PIX_FMT_YUV420P, c);
        assert_near((uint8_t[]){ out->data[0][0], out->data[1][0], out->data[2][0] }, want, 1);
        av_frame_free(&out);
    }
    av_frame_free(&rgb);
    const struct trtc_sws_opts none = { 16, 16, 16, 16, AV_PIX_FMT_NONE, AV_PIX_FMT_RGB24, 0, hd };
    assert_null(trtc_sws_new(&none));
}

static void test_frames(void **state)
{
    static const struct trtc_colour pq = { 9, 16, 9, false };
    AVFrame *f = av_frame_alloc();
    (void)state;
    f->width = 1280;
    f->height = 720;
    f->format = AV_PIX_FMT_YUVJ422P;
    struct trtc_colour c = trtc_av_colour(f);
    assert_int_equal(c.matrix, TRTC_BT709);
    assert_true(c.full);
    f->format = AV_PIX_FMT_YUV420P;
    assert_false(trtc_av_colour(f).full);
    trtc_av_set_colour(f, &pq);
    c = trtc_av_colour(f);
    assert_memory_equal(&c, &pq, sizeof c);
    av_frame_free(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_planes),
        cmocka_unit_test(test_beside_swscale),
        cmocka_unit_test(test_what_swscale_does),
        cmocka_unit_test(test_frames),
    };
    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
