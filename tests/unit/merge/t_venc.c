/* SPDX-License-Identifier: MIT */
/* venc: frame counts and order on the constant grid, holes, fitting, damage. Pictures carry their
 * number as grey level, so that what comes out can be told apart after two encoders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavutil/frame.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>

#include "merge/venc.h"

#define MAX 512

/* Asked by the leak sanitizer, where there is one: x265 itself keeps some of its parameters. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}

/* ---- sources ---- */

struct unit {
    uint8_t *data;
    size_t size;
    int64_t pts_us, dts_us;
};

struct source {
    struct unit u[MAX];
    int n;
};

static void source_fini(struct source *s)
{
    for (int i = 0; i < s->n; i++)
        free(s->u[i].data);
    s->n = 0;
}

struct shape {
    int w, h;
    AVRational sar;
    enum AVPixelFormat format;
    int bframes;
    const char *encoder;
    const char *degrees; /* that the stream states to be turned by */
};

static int grey(int number)
{
    return 40 + number % 40 * 4;
}

static void append(AVCodecContext *e, struct source *s)
{
    AVPacket *p = av_packet_alloc();
    while (avcodec_receive_packet(e, p) >= 0) {
        assert_true(s->n < MAX);
        struct unit *u = &s->u[s->n++];
        u->data = malloc((size_t)p->size);
        assert_non_null(u->data);
        memcpy(u->data, p->data, (size_t)p->size);
        u->size = (size_t)p->size;
        u->pts_us = av_rescale_q(p->pts, e->time_base, (AVRational){ 1, 1000000 });
        u->dts_us = av_rescale_q(p->dts, e->time_base, (AVRational){ 1, 1000000 });
        av_packet_unref(p);
    }
    av_packet_free(&p);
}

/* Appends n pictures, all of the grey of their number from first on, with the given times. */
static void make(struct source *s, struct shape sh, int n, int first, const int64_t *pts_us)
{
    const AVCodec *c = avcodec_find_encoder_by_name(sh.encoder ? sh.encoder : "libx264");
    AVCodecContext *e = avcodec_alloc_context3(c);
    e->width = sh.w;
    e->height = sh.h;
    e->pix_fmt = sh.format ? sh.format : AV_PIX_FMT_YUV420P;
    e->sample_aspect_ratio = sh.sar;
    e->time_base = (AVRational){ 1, sh.encoder ? 1000 : 1000000 }; /* MPEG-4 has but 16 bits */
    e->framerate = (AVRational){ 25, 1 };
    e->gop_size = 25;
    e->max_b_frames = sh.bframes;
    e->thread_count = 1;
    if (sh.encoder && !strcmp(sh.encoder, "libx265")) {
        av_opt_set(e->priv_data, "preset", "ultrafast", 0);
        av_opt_set(e->priv_data, "x265-params", "log-level=none:pools=none", 0);
    }
    if (!sh.encoder)
        av_opt_set(e->priv_data, "preset", "ultrafast", 0);
    if (!sh.encoder && sh.bframes)
        av_opt_set(e->priv_data, "x264-params", "b-adapt=0", 0);
    assert_true(avcodec_open2(e, c, NULL) >= 0);
    AVFrame *f = av_frame_alloc();
    f->format = e->pix_fmt;
    f->width = sh.w;
    f->height = sh.h;
    f->color_range = e->color_range;
    for (int k = 0; k < n; k++) {
        assert_true(av_frame_get_buffer(f, 0) >= 0);
        const int deep = f->format == AV_PIX_FMT_YUV420P10LE;
        for (int p = 0; p < 3; p++) {
            const int h = p ? (sh.h + 1) / 2 : sh.h;
            const int v = p ? 128 : grey(first + k);
            for (int y = 0; y < h; y++)
                for (int x = 0; x < (p ? (sh.w + 1) / 2 : sh.w); x++) {
                    uint8_t *at = f->data[p] + (ptrdiff_t)y * f->linesize[p];
                    if (deep)
                        ((uint16_t *)(void *)at)[x] = (uint16_t)(v * 4);
                    else
                        at[x] = (uint8_t)v;
                }
        }
        f->pts = av_rescale_q(pts_us[k], (AVRational){ 1, 1000000 }, e->time_base);
        assert_true(avcodec_send_frame(e, f) >= 0);
        append(e, s);
        av_buffer_unref(&f->buf[0]);
        av_buffer_unref(&f->buf[1]);
        av_buffer_unref(&f->buf[2]);
    }
    avcodec_send_frame(e, NULL);
    append(e, s);
    av_frame_free(&f);
    avcodec_free_context(&e);
}

static void times(int64_t *t, int n, double fps, int64_t from_us)
{
    for (int i = 0; i < n; i++)
        t[i] = from_us + (int64_t)(i * 1e6 / fps + 0.5);
}

/* ---- output ---- */

struct output {
    AVFrame *f[MAX];
    int n;
    int64_t nb_broken, nb_askew;
};

static void output_fini(struct output *o)
{
    for (int i = 0; i < o->n; i++)
        av_frame_free(&o->f[i]);
    o->n = 0;
}

static void decode_into(AVCodecContext *d, struct output *o)
{
    for (;;) {
        AVFrame *f = av_frame_alloc();
        if (avcodec_receive_frame(d, f) < 0) {
            av_frame_free(&f);
            return;
        }
        assert_true(o->n < MAX);
        o->f[o->n++] = f;
    }
}

static void pull(struct trtc_venc *v, AVCodecContext *d, struct output *o, int64_t *last_dts)
{
    struct trtc_packet p;
    struct trtc_err err;
    int ret;
    while ((ret = trtc_venc_receive(v, &p, &err)) == 1) {
        assert_true(p.dts_us <= p.pts_us && p.dts_us > *last_dts);
        *last_dts = p.dts_us;
        AVPacket *pkt = av_packet_alloc();
        assert_true(av_new_packet(pkt, (int)p.size) >= 0);
        memcpy(pkt->data, p.data, p.size);
        pkt->pts = p.pts_us;
        pkt->dts = p.dts_us;
        assert_true(avcodec_send_packet(d, pkt) >= 0);
        av_packet_free(&pkt);
        decode_into(d, o);
    }
    assert_int_equal(ret, 0);
}

/* Runs the source through and decodes what comes out; checks times and sizes of every frame. */
static void run(const struct trtc_venc_opts *opts, enum trtc_codec codec, const char *name,
                const struct source *s, int64_t end_us, struct output *o)
{
    struct trtc_err err = { 0 };
    struct trtc_venc *v = trtc_venc_new(opts, &err);
    assert_non_null(v);
    AVCodecContext *d = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    size_t n;
    const uint8_t *sets = trtc_venc_param_sets(v, &n);
    d->extradata = av_mallocz(n + AV_INPUT_BUFFER_PADDING_SIZE);
    memcpy(d->extradata, sets, n);
    d->extradata_size = (int)n;
    d->thread_count = 1;
    assert_true(avcodec_open2(d, NULL, NULL) >= 0);

    int64_t last_dts = INT64_MIN;
    *o = (struct output){ .n = 0 };
    for (int i = 0; s && i < s->n; i++) {
        const struct trtc_packet p = {
            .data = s->u[i].data,
            .size = s->u[i].size,
            .pts_us = s->u[i].pts_us,
            .dts_us = s->u[i].dts_us,
        };
        assert_int_equal(trtc_venc_send(v, codec, name, &p, &err), 0);
        pull(v, d, o, &last_dts);
    }
    assert_int_equal(trtc_venc_end(v, end_us, &err), 0);
    pull(v, d, o, &last_dts);
    avcodec_send_packet(d, NULL);
    decode_into(d, o);
    o->nb_broken = trtc_venc_nb_broken(v);
    o->nb_askew = trtc_venc_nb_askew(v);
    for (int k = 0; k < o->n; k++) {
        assert_int_equal(o->f[k]->pts, (int64_t)(k * 1e6 / opts->fps + 0.5));
        assert_int_equal(o->f[k]->width, opts->width_px + opts->width_px % 2);
        assert_int_equal(o->f[k]->height, opts->height_px + opts->height_px % 2);
    }
    avcodec_free_context(&d);
    trtc_venc_free(&v);
    assert_null(v);
}

static int luma(const AVFrame *f, int x, int y)
{
    return f->data[0][y * f->linesize[0] + x];
}

#define ASSERT_NEAR(got, want, tol)                          \
    do {                                                     \
        const int got_ = (got), want_ = (want);              \
        if (abs(got_ - want_) > (tol))                       \
            fail_msg("%s is %d, not %d", #got, got_, want_); \
    } while (0)

static void assert_number(const struct output *o, int k, int number)
{
    ASSERT_NEAR(luma(o->f[k], o->f[k]->width / 2, o->f[k]->height / 2), grey(number), 1);
}

static struct source src;
static int64_t at[MAX];
static const struct shape small = { .w = 64, .h = 64 };

/* ---- the constant grid ---- */

static void test_empty_is_black(void **state)
{
    (void)state;
    struct output o;
    const struct trtc_venc_opts opts = { .width_px = 63, .height_px = 47, .fps = 15, .threads = 1 };
    run(&opts, 0, NULL, NULL, 1000000, &o);
    assert_int_equal(o.n, 15);
    for (int k = 0; k < o.n; k++)
        assert_int_equal(luma(o.f[k], 30, 30), 16);
    output_fini(&o);
    run(&opts, 0, NULL, NULL, 0, &o);
    assert_int_equal(o.n, 0);
}

static void test_same_rate_with_jitter(void **state)
{
    (void)state;
    const int n = 75;
    struct output o;
    times(at, n, 15, 0);
    for (int i = 0; i < n; i++)
        at[i] += (i * 7919 % 41 - 20) * 1000; /* up to 20 ms either way */
    make(&src, small, n, 0, at);
    for (int threads = 0; threads < 2; threads++) {
        const struct trtc_venc_opts opts = {
            .width_px = 64, .height_px = 64, .fps = 15, .threads = threads
        };
        run(&opts, TRTC_CODEC_H264, NULL, &src, 5000000, &o);
        assert_int_equal(o.n, n);
        for (int k = 0; k < n; k++)
            assert_number(&o, k, k);
        assert_int_equal(o.nb_broken, 0);
        output_fini(&o);
    }
    source_fini(&src);
}

static void test_25_to_15_fps(void **state)
{
    (void)state;
    struct output o;
    times(at, 100, 25, 0);
    make(&src, (struct shape){ .w = 64, .h = 64, .bframes = 2 }, 100, 0, at);
    const struct trtc_venc_opts opts = { .width_px = 64, .height_px = 64, .fps = 15, .threads = 1 };
    run(&opts, TRTC_CODEC_H264, "h264", &src, 4000000, &o);
    assert_int_equal(o.n, 60);
    for (int k = 0; k < o.n; k++) {
        /* the newest picture that rounds to frame k */
        int newest = -1;
        for (int i = 0; i < 100; i++)
            if ((at[i] * 15 + 500000) / 1000000 <= k)
                newest = i;
        assert_number(&o, k, newest);
    }
    output_fini(&o);

    /* up: every picture is there, repeated */
    const struct trtc_venc_opts up = { .width_px = 64, .height_px = 64, .fps = 60, .threads = 1 };
    run(&up, TRTC_CODEC_H264, "h264", &src, 3990000, &o);
    assert_int_equal(o.n, 239);
    assert_number(&o, 0, 0);
    assert_number(&o, 120, 50);
    assert_number(&o, 238, 99);
    output_fini(&o);
    source_fini(&src);
}

static void test_holes(void **state)
{
    (void)state;
    struct output o;
    /* from 0.2 s on ten pictures, a hole of 5 s, ten more, then nothing until 8 s */
    times(at, 10, 10, 200000);
    times(at + 10, 10, 10, 6200000);
    make(&src, small, 20, 0, at);
    struct trtc_venc_opts opts = { .width_px = 64, .height_px = 64, .fps = 10, .threads = 1 };
    run(&opts, TRTC_CODEC_H264, NULL, &src, 8000000, &o);
    assert_int_equal(o.n, 80);
    for (int k = 0; k < 80; k++) {
        if (k < 2)
            assert_int_equal(luma(o.f[k], 32, 32), 16);
        else
            assert_number(&o, k, k < 12 ? k - 2 : k < 62 ? 9 : k < 72 ? k - 52 : 19);
    }
    output_fini(&o);

    opts.black = true;
    opts.hold_us = 300000;
    run(&opts, TRTC_CODEC_H264, NULL, &src, 8000000, &o);
    assert_int_equal(o.n, 80);
    for (int k = 0; k < 80; k++) {
        if (k < 2 || (k > 11 + 3 && k < 62) || k > 71 + 3)
            ASSERT_NEAR(luma(o.f[k], 32, 32), 16, 1);
        else
            assert_number(&o, k, k < 12 ? k - 2 : k < 15 ? 9 : k < 72 ? k - 52 : 19);
    }
    output_fini(&o);
    source_fini(&src);
}

static void test_before_zero_and_out_of_order(void **state)
{
    (void)state;
    struct output o;
    times(at, 10, 10, -450000);
    make(&src, small, 10, 0, at);
    const struct trtc_venc_opts opts = { .width_px = 64, .height_px = 64, .fps = 10, .threads = 1 };
    run(&opts, TRTC_CODEC_H264, NULL, &src, 500000, &o);
    assert_int_equal(o.n, 5);
    for (int k = 1; k < 5; k++)
        assert_number(&o, k, k + 4);
    output_fini(&o);
    /* the stream starts over at an earlier time: used once, and the rest goes on */
    times(at, 10, 10, 0);
    make(&src, small, 10, 20, at);
    make(&src, small, 1, 35, at + 3); /* and one far too late for its time */
    run(&opts, TRTC_CODEC_H264, NULL, &src, 1000000, &o);
    assert_int_equal(o.n, 10);
    assert_number(&o, 4, 8);
    assert_number(&o, 5, 25);
    assert_number(&o, 9, 29);
    output_fini(&o);
    source_fini(&src);
}

/* ---- fitting ---- */

/* Puts a message about orientation into every access unit. */
static void orient(struct source *s, const char *degrees)
{
    AVBSFContext *bsf = NULL;
    AVPacket *p = av_packet_alloc();
    assert_int_equal(av_bsf_alloc(av_bsf_get_by_name("h264_metadata"), &bsf), 0);
    bsf->par_in->codec_id = AV_CODEC_ID_H264;
    av_opt_set(bsf->priv_data, "display_orientation", "insert", 0);
    av_opt_set(bsf->priv_data, "rotate", degrees, 0);
    assert_int_equal(av_bsf_init(bsf), 0);
    for (int i = 0; i < s->n; i++) {
        struct unit *u = &s->u[i];
        assert_int_equal(av_new_packet(p, (int)u->size), 0);
        memcpy(p->data, u->data, u->size);
        assert_int_equal(av_bsf_send_packet(bsf, p), 0);
        assert_int_equal(av_bsf_receive_packet(bsf, p), 0);
        u->size = (size_t)p->size;
        u->data = realloc(u->data, u->size);
        memcpy(u->data, p->data, u->size);
        av_packet_unref(p);
    }
    av_packet_free(&p);
    av_bsf_free(&bsf);
}

static void one_picture(struct shape sh, enum trtc_codec codec, const char *name, int w, int h,
                        struct output *o)
{
    times(at, 3, 10, 0);
    make(&src, sh, 3, 10, at);
    if (sh.degrees)
        orient(&src, sh.degrees);
    const struct trtc_venc_opts opts = { .width_px = w, .height_px = h, .fps = 10, .threads = 1 };
    run(&opts, codec, name, &src, 300000, o);
    assert_int_equal(o->n, 3);
    assert_int_equal(o->nb_broken, 0);
    assert_number(o, 0, 10);
    source_fini(&src);
}

static void test_bars(void **state)
{
    (void)state;
    static const struct {
        struct shape sh;
        int w, h; /* canvas */
        int x, y, out_w, out_h;
    } t[] = {
        { { .w = 64, .h = 64 }, 64, 64, 0, 0, 64, 64 },
        { { .w = 64, .h = 64 }, 160, 96, 32, 0, 96, 96 },
        { { .w = 160, .h = 64 }, 160, 96, 0, 16, 160, 64 },
        { { .w = 64, .h = 128 }, 160, 96, 56, 0, 48, 96 },
        { { .w = 64, .h = 64, .sar = { 2, 1 } }, 160, 96, 0, 8, 160, 80 },
        { { .w = 64, .h = 64, .sar = { 1, 2 } }, 64, 64, 16, 0, 32, 64 },
        { { .w = 320, .h = 180 }, 160, 90, 0, 0, 160, 90 },
        { { .w = 64, .h = 64, .sar = { 1, 8 } }, 160, 96, 74, 0, 12, 96 },
        { { .w = 64, .h = 128, .degrees = "90" }, 160, 96, 0, 8, 160, 80 },
        { { .w = 64, .h = 128, .degrees = "190" }, 160, 96, 56, 0, 48, 96 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct output o;
        one_picture(t[i].sh, TRTC_CODEC_H264, NULL, t[i].w, t[i].h, &o);
        const AVFrame *f = o.f[2];
        assert_int_equal(o.nb_askew, i == 9 ? 3 : 0);
        for (int y = 0; y < t[i].h; y++)
            for (int x = 0; x < t[i].w; x++) {
                const int dx = x < t[i].x ? t[i].x - x : x - (t[i].x + t[i].out_w - 1);
                const int dy = y < t[i].y ? t[i].y - y : y - (t[i].y + t[i].out_h - 1);
                const int out = dx > dy ? dx : dy;
                if (out > -2 && out < 3 && i == 7)
                    continue; /* too thin for the encoder to keep */
                if (abs(luma(f, x, y) - (out > 0 ? 16 : grey(12))) > 12)
                    fail_msg("case %zu: %d,%d is %d", i, x, y, luma(f, x, y));
            }
        output_fini(&o);
    }
}

static void test_odd_sizes(void **state)
{
    (void)state;
    struct output o;
    /* H.264 has no odd sizes in 4:2:0, MPEG-4 part 2 has */
    one_picture((struct shape){ .w = 427, .h = 241, .encoder = "mpeg4" }, TRTC_CODEC_OTHER, "mpeg4",
                640, 361, &o);
    ASSERT_NEAR(luma(o.f[1], 2, 2), grey(11), 3);
    ASSERT_NEAR(luma(o.f[1], 637, 359), grey(11), 3);
    output_fini(&o);
}

static int nb_warnings;

static void count_warnings(void *ctx, int level, const char *fmt, va_list ap)
{
    (void)ctx;
    (void)fmt;
    (void)ap;
    if (level <= AV_LOG_WARNING)
        nb_warnings++;
}

static void test_formats(void **state)
{
    (void)state;
    struct output o;
    one_picture((struct shape){ .w = 64, .h = 64, .format = AV_PIX_FMT_YUV420P10LE },
                TRTC_CODEC_H264, NULL, 64, 64, &o);
    output_fini(&o);

    /* full range: grey 80 of 0..255 is 16 + 80 * 219 / 255 */
    times(at, 1, 10, 0);
    make(&src, (struct shape){ .w = 64, .h = 64, .format = AV_PIX_FMT_YUVJ420P }, 1, 10, at);
    const struct trtc_venc_opts opts = { .width_px = 64, .height_px = 64, .fps = 10, .threads = 1 };
    nb_warnings = 0;
    av_log_set_callback(count_warnings); /* swscale has one for the formats named for JPEG */
    run(&opts, TRTC_CODEC_H264, NULL, &src, 100000, &o);
    av_log_set_callback(av_log_default_callback);
    assert_int_equal(nb_warnings, 0);
    ASSERT_NEAR(luma(o.f[0], 32, 32), 16 + grey(10) * 219 / 255, 1);
    output_fini(&o);
    source_fini(&src);
}

static void test_hevc(void **state)
{
    (void)state;
    struct output o;
    if (!avcodec_find_encoder_by_name("libx265"))
        skip();
    times(at, 30, 10, 0);
    make(&src, (struct shape){ .w = 64, .h = 64, .bframes = 2, .encoder = "libx265" }, 30, 0, at);
    const struct trtc_venc_opts opts = { .width_px = 64, .height_px = 64, .fps = 10, .threads = 2 };
    run(&opts, TRTC_CODEC_H265, NULL, &src, 3000000, &o);
    assert_int_equal(o.n, 30);
    for (int k = 0; k < 30; k++)
        assert_number(&o, k, k);
    assert_int_equal(o.nb_broken, 0);
    output_fini(&o);
}

static void test_size_and_codec_change(void **state)
{
    (void)state;
    struct output o;
    times(at, 30, 10, 0);
    make(&src, (struct shape){ .w = 64, .h = 64, .bframes = 2 }, 10, 0, at);
    make(&src, (struct shape){ .w = 128, .h = 64 }, 10, 10, at + 10);
    make(&src, (struct shape){ .w = 64, .h = 128 }, 10, 20, at + 20);
    const struct trtc_venc_opts opts = { .width_px = 128, .height_px = 64, .fps = 10, .threads = 2 };
    run(&opts, TRTC_CODEC_H264, NULL, &src, 3000000, &o);
    assert_int_equal(o.n, 30);
    for (int k = 0; k < 30; k++) {
        assert_number(&o, k, k);
        ASSERT_NEAR(luma(o.f[k], 8, 32), k / 10 == 1 ? grey(k) : 16, 2);
        ASSERT_NEAR(luma(o.f[k], 40, 32), k / 10 == 2 ? 16 : grey(k), 2);
        ASSERT_NEAR(luma(o.f[k], 120, 32), k / 10 == 1 ? grey(k) : 16, 2);
    }
    assert_int_equal(o.nb_broken, 0);
    output_fini(&o);

    /* another codec in the middle: the pictures that the first decoder holds are not lost */
    struct trtc_err err;
    struct trtc_venc *v = trtc_venc_new(&opts, &err);
    struct trtc_packet p, got;
    int n = 0, ret;
    for (int i = 0; i < 10; i++) {
        p = (struct trtc_packet){ .data = src.u[i].data,
                                  .size = src.u[i].size,
                                  .pts_us = src.u[i].pts_us,
                                  .dts_us = src.u[i].dts_us };
        assert_int_equal(trtc_venc_send(v, TRTC_CODEC_H264, NULL, &p, &err), 0);
        while ((ret = trtc_venc_receive(v, &got, &err)) == 1)
            n++;
        assert_int_equal(ret, 0);
    }
    struct source other = { .n = 0 };
    make(&other, (struct shape){ .w = 64, .h = 64, .encoder = "mpeg4" }, 10, 10, at + 10);
    for (int i = 0; i < 10; i++) {
        p = (struct trtc_packet){ .data = other.u[i].data,
                                  .size = other.u[i].size,
                                  .pts_us = other.u[i].pts_us,
                                  .dts_us = other.u[i].dts_us };
        assert_int_equal(trtc_venc_send(v, TRTC_CODEC_OTHER, "mpeg4", &p, &err), 0);
        while ((ret = trtc_venc_receive(v, &got, &err)) == 1)
            n++;
        assert_int_equal(ret, 0);
    }
    assert_int_equal(trtc_venc_end(v, 2000000, &err), 0);
    while ((ret = trtc_venc_receive(v, &got, &err)) == 1)
        n++;
    assert_int_equal(ret, 0);
    assert_int_equal(n, 20);
    assert_int_equal(trtc_venc_nb_broken(v), 0);
    trtc_venc_free(&v);
    source_fini(&other);
    source_fini(&src);
}

/* ---- what is wrong with the input or the call ---- */

static void test_damage_is_counted(void **state)
{
    (void)state;
    struct output o;
    times(at, 50, 10, 0);
    make(&src, small, 50, 0, at);
    /* junk instead of a picture; the next key frame is number 25 */
    memset(src.u[10].data, 0x55, src.u[10].size);
    src.u[20].size = 1;
    const struct trtc_venc_opts opts = { .width_px = 64, .height_px = 64, .fps = 10, .threads = 1 };
    run(&opts, TRTC_CODEC_H264, NULL, &src, 5000000, &o);
    assert_int_equal(o.n, 50);
    assert_true(o.nb_broken >= 2 && o.nb_broken < 25);
    for (int k = 0; k < 50; k++)
        if (k < 10 || k >= 25)
            assert_number(&o, k, k);
    output_fini(&o);

    /* nothing but the middle of a GOP: black, all counted */
    struct source tail = { .n = 10 };
    memcpy(tail.u, src.u + 30, 10 * sizeof tail.u[0]);
    run(&opts, TRTC_CODEC_H264, NULL, &tail, 5000000, &o);
    assert_int_equal(o.n, 50);
    assert_int_equal(o.nb_broken, 10);
    assert_int_equal(luma(o.f[49], 32, 32), 16);
    output_fini(&o);

    /* the same with parameter sets in front: the decoder says nothing, it just shows nothing */
    const struct unit *idr = &src.u[25];
    size_t sets = 0;
    while (sets + 4 < idr->size &&
           (memcmp(idr->data + sets, "\0\0\1", 3) || (idr->data[sets + 3] & 31) != 5))
        sets++;
    struct unit first = { malloc(sets + src.u[30].size), sets + src.u[30].size, src.u[30].pts_us,
                          src.u[30].dts_us };
    assert_non_null(first.data);
    memcpy(first.data, idr->data, sets);
    memcpy(first.data + sets, src.u[30].data, src.u[30].size);
    tail.u[0] = first;
    run(&opts, TRTC_CODEC_H264, NULL, &tail, 5000000, &o);
    assert_int_equal(o.n, 50);
    assert_int_equal(o.nb_broken, 10);
    assert_int_equal(luma(o.f[49], 32, 32), 16);
    output_fini(&o);
    free(first.data);
    source_fini(&src);
}

static void test_refusals(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    assert_null(
        trtc_venc_new(&(struct trtc_venc_opts){ .width_px = 0, .height_px = 64, .fps = 15 }, &err));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    struct trtc_venc *v =
        trtc_venc_new(&(struct trtc_venc_opts){ .width_px = 64, .height_px = 64, .fps = 15 }, &err);
    assert_non_null(v);
    const uint8_t byte = 0;
    struct trtc_packet p = { .data = &byte, .size = 1 };
    assert_int_equal(trtc_venc_send(v, TRTC_CODEC_OTHER, "unknown", &p, &err), -1);
    assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
    assert_int_equal(trtc_venc_send(v, TRTC_CODEC_OTHER, NULL, &p, &err), -1);
    assert_int_equal(trtc_venc_send(v, TRTC_CODEC_OTHER, "mp3", &p, &err), -1);
    assert_non_null(strstr(err.msg, "mp3"));
    p.size = 0;
    assert_int_equal(trtc_venc_send(v, TRTC_CODEC_H264, NULL, &p, &err), 0);
    assert_int_equal(trtc_venc_nb_broken(v), 1);
    p.size = 1;
    assert_int_equal(trtc_venc_send(v, TRTC_CODEC_H264, NULL, &p, &err), 0);
    assert_int_equal(trtc_venc_send(v, TRTC_CODEC_H264, NULL, &p, &err), -1); /* not drained */
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    trtc_venc_free(&v);
    trtc_venc_free(&v);
}

/* An hour out of one picture comes step by step: the first packets are there long before its end. */
static void test_long_hole_streams(void **state)
{
    (void)state;
    struct trtc_err err;
    const struct trtc_venc_opts opts = { .width_px = 16, .height_px = 16, .fps = 5, .threads = 1 };
    struct trtc_venc *v = trtc_venc_new(&opts, &err);
    struct trtc_packet p;
    assert_int_equal(trtc_venc_end(v, 3600 * INT64_C(1000000), &err), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(trtc_venc_receive(v, &p, &err), 1);
    trtc_venc_free(&v);
}

/* A failed test must not leave its source to the next. */
static int clean(void **state)
{
    (void)state;
    source_fini(&src);
    return 0;
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_empty_is_black, clean),
        cmocka_unit_test_setup(test_same_rate_with_jitter, clean),
        cmocka_unit_test_setup(test_25_to_15_fps, clean),
        cmocka_unit_test_setup(test_holes, clean),
        cmocka_unit_test_setup(test_before_zero_and_out_of_order, clean),
        cmocka_unit_test_setup(test_bars, clean),
        cmocka_unit_test_setup(test_odd_sizes, clean),
        cmocka_unit_test_setup(test_formats, clean),
        cmocka_unit_test_setup(test_hevc, clean),
        cmocka_unit_test_setup(test_size_and_codec_change, clean),
        cmocka_unit_test_setup(test_damage_is_counted, clean),
        cmocka_unit_test_setup(test_refusals, clean),
        cmocka_unit_test_setup(test_long_hole_streams, clean),
    };
    return cmocka_run_group_tests_name("venc", tests, NULL, NULL);
}
