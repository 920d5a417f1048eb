/* SPDX-License-Identifier: MIT */
/* h264enc: where key frames stand, times, bit rate, and that planes may be reused at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/frame.h>

#include "codec/h264enc.h"
#include "ts/es.h"
#include "unit/range.h"

enum { W = 160, H = 96, MAX = 512, PACKETS_MAX = 4 << 20 };

struct got {
    struct {
        size_t at, size;
        int64_t pts_us, dts_us;
        bool key;
    } u[MAX];
    int n;
    uint8_t *bytes;
    size_t nb_bytes;
};

static struct got *got_new(void)
{
    struct got *g = calloc(1, sizeof *g);
    assert_non_null(g);
    g->bytes = malloc(PACKETS_MAX);
    assert_non_null(g->bytes);
    return g;
}

static void got_free(struct got *g)
{
    free(g->bytes);
    free(g);
}

static void drain(struct trtc_h264enc *e, struct got *g)
{
    struct trtc_packet p;
    struct trtc_err err = { 0 };
    int ret;
    while ((ret = trtc_h264enc_receive(e, &p, &err)) > 0) {
        assert_true(g->n < MAX && g->nb_bytes + p.size <= PACKETS_MAX);
        memcpy(g->bytes + g->nb_bytes, p.data, p.size);
        g->u[g->n].at = g->nb_bytes;
        g->u[g->n].size = p.size;
        g->u[g->n].pts_us = p.pts_us;
        g->u[g->n].dts_us = p.dts_us;
        g->u[g->n++].key = p.key;
        g->nb_bytes += p.size;
    }
    assert_int_equal(ret, 0);
}

static AVFrame *picture(bool buffers)
{
    static uint8_t planes[3][W * H];
    AVFrame *f = av_frame_alloc();
    assert_non_null(f);
    f->format = AV_PIX_FMT_YUV420P;
    f->width = W;
    f->height = H;
    if (buffers) {
        assert_true(av_frame_get_buffer(f, 0) >= 0);
        return f;
    }
    for (int p = 0; p < 3; p++) {
        f->data[p] = planes[p];
        f->linesize[p] = p ? W / 2 : W;
    }
    return f;
}

/* A pattern that moves with k; in every other scene it is smooth. */
static void draw(AVFrame *f, int k, int scene)
{
    for (int p = 0; p < 3; p++) {
        const int w = p ? W / 2 : W, h = p ? H / 2 : H;
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) {
                const unsigned a = (unsigned)(x + 2 * k) / 5 * 2654435761u;
                const unsigned b = (unsigned)(y + k + scene * 77) / 7 * 40503u;
                const unsigned rough = p ? 100 + (a ^ b) % 56 : 16 + ((a ^ b) >> 8) % 220;
                const int smooth = 20 + (x + k) / 2 + (scene & 2 ? y : H - y);
                f->data[p][(ptrdiff_t)y * f->linesize[p] + x] =
                    (uint8_t)(scene & 1 ? smooth : (int)rough);
            }
    }
}

static struct trtc_h264enc *open_ok(const struct trtc_h264enc_opts *o)
{
    struct trtc_err err = { 0 };
    struct trtc_h264enc *e = trtc_h264enc_new(o, &err);
    if (!e)
        fail_msg("%s", err.msg);
    return e;
}

static struct trtc_h264enc_opts plain_opts(void)
{
    return (struct trtc_h264enc_opts){
        .width_px = W,
        .height_px = H,
        .fps = 15,
        .gop = 30,
        .fixed_gop = true,
        .threads = 1,
    };
}

/* n pictures of one every step slots; a new scene every scene_len pictures. */
static void run(const struct trtc_h264enc_opts *o, int n, int step, int scene_len, bool buffers,
                bool spoil, struct got *g)
{
    struct trtc_err err = { 0 };
    struct trtc_h264enc *e = open_ok(o);
    AVFrame *f = picture(buffers);
    for (int k = 0; k < n; k++) {
        draw(f, k, k / scene_len);
        assert_int_equal(trtc_h264enc_send(e, f, (int64_t)k * step, &err), 0);
        if (spoil)
            draw(f, 1000 + 13 * k, 5);
        drain(e, g);
    }
    assert_int_equal(trtc_h264enc_send(e, NULL, 0, &err), 0);
    drain(e, g);
    assert_int_equal(trtc_h264enc_send(e, NULL, 0, &err), 0);
    drain(e, g);
    trtc_h264enc_free(&e);
    assert_null(e);
    av_frame_free(&f);
}

/* I pictures among what a decoder finds; every picture must be there, in order of time. */
static int count_intra(const struct trtc_h264enc_opts *o, const struct got *g)
{
    struct trtc_h264enc *e = open_ok(o);
    AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    AVPacket *pkt = av_packet_alloc();
    AVFrame *f = av_frame_alloc();
    size_t size;
    const uint8_t *sets = trtc_h264enc_sets(e, &size);
    int intra = 0, n = 0;
    d->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
    assert_non_null(d->extradata);
    memcpy(d->extradata, sets, size);
    d->extradata_size = (int)size;
    assert_true(avcodec_open2(d, NULL, NULL) >= 0);
    for (int i = 0; i <= g->n; i++) {
        if (i < g->n) {
            assert_true(av_new_packet(pkt, (int)g->u[i].size) >= 0);
            memcpy(pkt->data, g->bytes + g->u[i].at, g->u[i].size);
        }
        assert_true(avcodec_send_packet(d, i < g->n ? pkt : NULL) >= 0);
        av_packet_unref(pkt);
        while (avcodec_receive_frame(d, f) >= 0) {
            assert_int_equal(f->decode_error_flags, 0);
            intra += f->pict_type == AV_PICTURE_TYPE_I;
            n++;
        }
    }
    assert_int_equal(n, g->n);
    av_frame_free(&f);
    av_packet_free(&pkt);
    avcodec_free_context(&d);
    trtc_h264enc_free(&e);
    return intra;
}

/* ---- cases ---- */

static void test_fixed_gop(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct got *g = got_new();
    o.gop = 20;
    /* changes of scene at 13, 26, 39 (a picture before a key frame), 52 ... */
    run(&o, 130, 1, 13, true, false, g);
    assert_int_equal(g->n, 130);
    int keys = 0;
    for (int i = 0; i < g->n; i++) {
        const int64_t slot = (g->u[i].pts_us * 15 + 500000) / 1000000;
        assert_int_equal(g->u[i].key, slot % 20 == 0);
        keys += g->u[i].key;
    }
    assert_int_equal(keys, 7);
    assert_true(count_intra(&o, g) > keys);
    got_free(g);
}

static void test_free_gop(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct got *g = got_new();
    o.fixed_gop = false;
    o.gop = 40;
    run(&o, 60, 1, 29, true, false, g);
    int keys = 0, at_scene = 0;
    for (int i = 0; i < g->n; i++) {
        keys += g->u[i].key;
        at_scene += g->u[i].key && g->u[i].pts_us == (29 * 1000000 + 7) / 15;
    }
    assert_int_equal(at_scene, 1);
    assert_int_in_range(keys, 2, 4);
    got_free(g);
}

static void test_missing_slots(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct got *g = got_new();
    run(&o, 60, 7, 100, true, false, g); /* slots 0, 7, 14 ...: the first past 30 is 35 */
    for (int i = 0; i < g->n; i++) {
        const int64_t slot = (g->u[i].pts_us * 15 + 500000) / 1000000;
        assert_int_equal(g->u[i].key, slot == 0 || slot / 30 != (slot - 7) / 30);
    }
    got_free(g);
}

static void test_times(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct got *g = got_new();
    bool seen[50] = { false };
    run(&o, 50, 1, 100, true, false, g);
    assert_int_equal(g->n, 50);
    for (int i = 0; i < g->n; i++) {
        const int64_t slot = (g->u[i].pts_us * 15 + 500000) / 1000000;
        assert_int_in_range(slot, 0, 49);
        assert_false(seen[slot]);
        seen[slot] = true;
        assert_int_equal(g->u[i].pts_us, (slot * 1000000 + 7) / 15);
        assert_true(g->u[i].dts_us <= g->u[i].pts_us);
        assert_true(i == 0 || g->u[i].dts_us > g->u[i - 1].dts_us);
    }
    assert_true(g->u[0].pts_us == 0 && g->u[0].key);
    got_free(g);
}

static void test_planes_are_free_again(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct got *g[4];
    o.preset = "superfast"; /* without macroblock trees: always the same bytes */
    o.threads = 2;
    for (int i = 0; i < 4; i++) {
        g[i] = got_new();
        run(&o, 40, 1, 100, i & 1, i & 2, g[i]);
        assert_int_equal(g[i]->n, 40);
        assert_int_equal(g[i]->nb_bytes, g[0]->nb_bytes);
        assert_memory_equal(g[i]->bytes, g[0]->bytes, g[0]->nb_bytes);
    }
    for (int i = 0; i < 4; i++)
        got_free(g[i]);
}

/* How many pictures have been sent when the first packet comes. */
static int delay(const struct trtc_h264enc_opts *o)
{
    struct trtc_err err = { 0 };
    struct trtc_h264enc *e = open_ok(o);
    struct got *g = got_new();
    AVFrame *f = picture(true);
    int n = 0;
    while (!g->n && n < 100) {
        draw(f, n, 0);
        assert_int_equal(trtc_h264enc_send(e, f, n++, &err), 0);
        drain(e, g);
    }
    got_free(g);
    av_frame_free(&f);
    trtc_h264enc_free(&e);
    return n;
}

static void test_look_ahead(void **state)
{
    (void)state;
    static const enum trtc_ahead ways[] = { TRTC_AHEAD_FREELY, TRTC_AHEAD_CLOSELY,
                                            TRTC_AHEAD_INSIDE };
    struct trtc_h264enc_opts o = plain_opts();
    struct got *g[3];
    int waits[3];
    o.preset = "superfast"; /* without macroblock trees: always the same bytes */
    o.threads = 2;
    for (int i = 0; i < 3; i++) {
        g[i] = got_new();
        o.ahead = ways[i];
        waits[i] = delay(&o);
        run(&o, 40, 1, 100, true, false, g[i]);
    }
    assert_true(waits[2] < waits[1] && waits[1] < waits[0]);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(g[i]->n, 40);
        assert_int_equal(g[i]->nb_bytes, g[0]->nb_bytes);
        assert_memory_equal(g[i]->bytes, g[0]->bytes, g[0]->nb_bytes);
    }
    for (int i = 0; i < 3; i++)
        got_free(g[i]);
}

static void test_undrained(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct trtc_err err = { 0 };
    struct trtc_h264enc *e = open_ok(&o);
    AVFrame *f = picture(true);
    draw(f, 0, 0);
    assert_int_equal(trtc_h264enc_send(e, f, 0, &err), 0);
    assert_int_equal(trtc_h264enc_send(e, f, 1, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    trtc_h264enc_free(&e);
    av_frame_free(&f);
}

/* Thirty seconds of moving pictures. */
static void test_bitrate(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    static const int bps[] = { 80000, 250000 };
    for (size_t i = 0; i < sizeof bps / sizeof *bps; i++) {
        struct got *g = got_new();
        o.bitrate_bps = bps[i];
        run(&o, 450, 1, 1000, true, false, g);
        const int64_t got_bps = (int64_t)g->nb_bytes * 8 / 30;
        if (llabs(got_bps - bps[i]) > bps[i] / 10)
            fail_msg("%lld b/s where %d were asked for", (long long)got_bps, bps[i]);
        got_free(g);
    }
}

static void test_units(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct trtc_h264enc *e = open_ok(&o);
    struct trtc_video_params v;
    struct got *g = got_new();
    size_t size;
    const uint8_t *sets = trtc_h264enc_sets(e, &size);
    assert_int_equal(trtc_video_params_read(TRTC_CODEC_H264, sets, size, &v), 0);
    assert_int_equal(v.width_px, W);
    assert_int_equal(v.height_px, H);
    assert_int_equal(v.profile, 100);
    trtc_h264enc_free(&e);

    run(&o, 35, 1, 100, true, false, g);
    for (int i = 0; i < g->n; i++) {
        const uint8_t *pos = g->bytes + g->u[i].at, *const end = pos + g->u[i].size;
        const uint8_t *nal;
        size_t n;
        int slices = 0;
        assert_true(trtc_annexb_find(pos, end) - pos < 2);
        while ((nal = trtc_annexb_next(&pos, end, &n))) {
            const enum trtc_nal kind = trtc_nal_kind(TRTC_CODEC_H264, *nal);
            assert_int_equal(kind, g->u[i].key ? TRTC_NAL_KEY_SLICE : TRTC_NAL_SLICE);
            slices++;
        }
        assert_int_equal(slices, 1);
    }
    got_free(g);
}

static void test_refused(void **state)
{
    (void)state;
    struct trtc_h264enc_opts o = plain_opts();
    struct trtc_err err = { 0 };
    o.preset = "fastest";
    assert_null(trtc_h264enc_new(&o, &err));
    assert_int_equal(err.code, TRTC_EX_USAGE);
    assert_non_null(strstr(err.msg, "'fastest'"));
    o = plain_opts();
    o.width_px = 0;
    assert_null(trtc_h264enc_new(&o, &err));
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    o = plain_opts();
    o.gop = 0;
    assert_null(trtc_h264enc_new(&o, &err));
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    struct trtc_h264enc *none = NULL;
    trtc_h264enc_free(&none);
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_gop),
        cmocka_unit_test(test_free_gop),
        cmocka_unit_test(test_missing_slots),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_planes_are_free_again),
        cmocka_unit_test(test_look_ahead),
        cmocka_unit_test(test_undrained),
        cmocka_unit_test(test_bitrate),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
