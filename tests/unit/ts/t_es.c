/* SPDX-License-Identifier: MIT */
/* Codec headers: ADTS, parameter sets (real ones of libx264 and libx265 against what
 * libavcodec reads in them, and hostile ones), NAL units and their conversion to lengths
 * against a slow and simple one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>

#include "ts/es.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define H264     TRTC_CODEC_H264
#define H265     TRTC_CODEC_H265

static uint32_t seed = 1;

static uint32_t rnd(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* ---- ADTS ---- */

static void test_adts(void **state)
{
    (void)state;
    static const struct {
        uint8_t h[9];
        size_t n;
        int ret;
        struct trtc_adts want;
        uint8_t asc[2];
    } cases[] = {
        /* 48 kHz LC stereo, 256 bytes */
        { { 0xff, 0xf1, 0x4c, 0x80, 0x20, 0x1f, 0xfc },
          7,
          0,
          { 2, 48000, 2, 7, 256, 1024 },
          { 0x11, 0x90 } },
        /* 44.1 kHz LC mono, 371 bytes, MPEG-2 id */
        { { 0xff, 0xf9, 0x50, 0x40, 0x2e, 0x7f, 0xfc },
          7,
          0,
          { 2, 44100, 1, 7, 371, 1024 },
          { 0x12, 0x08 } },
        /* 16 kHz LC mono with CRC */
        { { 0xff, 0xf0, 0x60, 0x40, 0x20, 0x1f, 0xfc },
          7,
          0,
          { 2, 16000, 1, 9, 256, 1024 },
          { 0x14, 0x08 } },
        /* four blocks, with CRC */
        { { 0xff, 0xf0, 0x4c, 0x80, 0x20, 0x1f, 0xff },
          7,
          0,
          { 2, 48000, 2, 15, 256, 4096 },
          { 0x11, 0x90 } },
        /* Main profile, 7350 Hz, 7.1, longest frame */
        { { 0xff, 0xf1, 0x31, 0xc3, 0xff, 0xff, 0xfc },
          7,
          0,
          { 1, 7350, 7, 7, 8191, 1024 },
          { 0x0e, 0x38 } },
        /* channels in-band */
        { { 0xff, 0xf1, 0x4c, 0x00, 0x20, 0x1f, 0xfc },
          7,
          0,
          { 2, 48000, 0, 7, 256, 1024 },
          { 0x11, 0x80 } },
        { { 0xff, 0xf1, 0x4c, 0x80, 0x20, 0x1f, 0xfc }, 6, -1, { 0 }, { 0 } }, /* short */
        { { 0xff, 0xf1, 0x4c, 0x80, 0x20, 0x1f, 0xfc }, 0, -1, { 0 }, { 0 } },
        { { 0xff, 0xe1, 0x4c, 0x80, 0x20, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } }, /* no sync word */
        { { 0xfe, 0xf1, 0x4c, 0x80, 0x20, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } },
        { { 0xff, 0xf3, 0x4c, 0x80, 0x20, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } }, /* layer */
        { { 0xff, 0xf1, 0x74, 0x80, 0x20, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } }, /* rate 13 */
        { { 0xff, 0xf1, 0x7c, 0x80, 0x20, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } }, /* rate 15 */
        { { 0xff, 0xf1, 0x4c, 0x80, 0x00, 0xff, 0xfc },
          7,
          -1,
          { 0 },
          { 0 } }, /* header only: 7 bytes */
        { { 0xff, 0xf0, 0x4c, 0x80, 0x01, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } }, /* 8 bytes */
        { { 0xff, 0xf1, 0x4c, 0x80, 0x00, 0x1f, 0xfc }, 7, -1, { 0 }, { 0 } }, /* 0 bytes */
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        struct trtc_adts a;
        uint8_t asc[2];

        assert_int_equal(trtc_adts_parse(cases[i].h, cases[i].n, &a), cases[i].ret);
        if (cases[i].ret < 0)
            continue;
        assert_memory_equal(&a, &cases[i].want, sizeof a);
        trtc_adts_asc(&a, asc);
        assert_memory_equal(asc, cases[i].asc, 2);
    }
}

/* ---- NAL units ---- */

static const uint8_t *naive_find(const uint8_t *p, const uint8_t *end)
{
    for (; end - p >= 3; p++)
        if (p[0] == 0 && p[1] == 0 && p[2] == 1)
            return p;
    return end;
}

static bool naive_dropped(enum trtc_codec codec, uint8_t b, bool params)
{
    const int t = codec == H264 ? b & 31 : b >> 1 & 63;

    if (codec == H264)
        return t == 9 || t == 12 || (params && (t == 7 || t == 8));
    return t == 35 || t == 38 || (params && t >= 32 && t <= 34);
}

static size_t naive_lengths(enum trtc_codec codec, const uint8_t *p, size_t size, bool params,
                            uint8_t *out)
{
    const uint8_t *end = p + size, *next;
    size_t len = 0;

    for (p = naive_find(p, end); p < end; p = next) {
        p += 3;
        next = naive_find(p, end);
        size_t n = (size_t)(next - p);
        while (n > 0 && p[n - 1] == 0)
            n--;
        if (n == 0 || naive_dropped(codec, *p, params))
            continue;
        out[len++] = (uint8_t)(n >> 24);
        out[len++] = (uint8_t)(n >> 16);
        out[len++] = (uint8_t)(n >> 8);
        out[len++] = (uint8_t)n;
        memcpy(out + len, p, n);
        len += n;
    }
    return len;
}

static void test_lengths_cases(void **state)
{
    (void)state;
#define S(x) (const uint8_t *)x, sizeof x - 1
    static const struct {
        const uint8_t *in;
        size_t n;
        const uint8_t *out;
        size_t m;
    } cases[] = {
        { S(""), S("") },
        { S("\0\0\1"), S("") },
        { S("\0\0\0\1"), S("") },
        { S("\x65\x88"), S("") }, /* no start code: nothing */
        { S("\0\0\1\x65\x88"), S("\0\0\0\2\x65\x88") },
        { S("\0\0\0\1\x65\x88\0\0\0"), S("\0\0\0\2\x65\x88") }, /* trailing zeros */
        { S("junk\0\0\1\x65\x88"), S("\0\0\0\2\x65\x88") },     /* leading bytes */
        { S("\0\0\1\x65\x88\0\0\1"), S("\0\0\0\2\x65\x88") },   /* start code at the end */
        { S("\0\0\1\x65\x88\0\0"), S("\0\0\0\2\x65\x88") },
        { S("\0\0\1\0\0\1\x65\x88"), S("\0\0\0\2\x65\x88") }, /* empty unit */
        { S("\0\0\1\0\0\0\0\1\x65\x88"), S("\0\0\0\2\x65\x88") },
        { S("\0\0\1\x65\x88\0\0\1\x41\x9a"), S("\0\0\0\2\x65\x88\0\0\0\2\x41\x9a") },
        { S("\0\0\1\x65\x88\0\0\0\1\x41\x9a"), S("\0\0\0\2\x65\x88\0\0\0\2\x41\x9a") },
        { S("\0\0\1\x65\0\0\3\1\0\0\1\x41\x9a"), S("\0\0\0\5\x65\0\0\3\1\0\0\0\2\x41\x9a") },
        { S("\0\0\1\x09\xf0\0\0\1\x67\x42\0\0\1\x68\xce\0\0\1\x0c\xff\0\0\1\x65\x88"),
          S("\0\0\0\2\x65\x88") },
    };

    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t out[64];
        const size_t m = trtc_annexb_to_lengths(H264, cases[i].in, cases[i].n, true, out);
        assert_int_equal(m, cases[i].m);
        assert_memory_equal(out, cases[i].out, m);
    }

    uint8_t out[64];
    static const uint8_t au[] = "\0\0\1\x09\xf0\0\0\1\x67\x42\0\0\1\x68\xce\0\0\1\x65\x88";
    assert_int_equal(trtc_annexb_to_lengths(H264, au, sizeof au - 1, false, out), 18);
    assert_memory_equal(out, "\0\0\0\2\x67\x42\0\0\0\2\x68\xce\0\0\0\2\x65\x88", 18);
#undef S
}

static void test_lengths_random(void **state)
{
    (void)state;
    static const uint8_t letters[] = { 0, 0, 0, 0, 1, 1, 3, 0x09, 0x65, 0x67, 0x46, 0x4e, 0xff };

    for (int i = 0; i < 10000; i++) {
        const size_t n = rnd() % 200;
        const unsigned few = 2 + rnd() % (COUNT(letters) - 1);
        /* Exactly as large as promised, so that the sanitizer sees a byte too many. */
        uint8_t *in = malloc(n + 1), *want = malloc(TRTC_LENGTHS_MAX(n)),
                *got = malloc(TRTC_LENGTHS_MAX(n));
        const enum trtc_codec codec = rnd() & 1 ? H264 : H265;
        const bool params = rnd() & 1;

        for (size_t k = 0; k < n; k++)
            in[k] = letters[rnd() % few];
        const size_t m = naive_lengths(codec, in, n, params, want);
        assert_int_equal(trtc_annexb_to_lengths(codec, in, n, params, got), m);
        assert_memory_equal(got, want, m);
        assert_ptr_equal(trtc_annexb_find(in, in + n), naive_find(in, in + n));
        free(in);
        free(want);
        free(got);
    }
}

static void test_recovery_point(void **state)
{
    (void)state;
    static const struct {
        const char *nal;
        size_t n;
        bool want;
    } cases[] = {
        { "\x06\x06\x01\x84\x80", 5, true },
        { "\x06\x05\x02\xaa\xbb\x80", 6, false },
        { "\x06\x05\x02\xaa\xbb\x06\x01\x84\x80", 9, true },
        { "\x06\x05\x04\0\0\3\1\xbb\x06\x01\x84\x80", 12,
          true }, /* an escape inside the first message */
        { "\x06\x05\x04\0\0\3\1\x06\x01\x84\x80", 11, false },     /* its last byte is the 06 */
        { "\x06\xff\x06\x01\x84\x80", 6, false },                  /* type 261 */
        { "\x06\x05\xff\xff\xff\xff\xff\xff\xff\x80", 10, false }, /* longer than the unit */
        { "\x06\xff\xff\xff\xff", 5, false },
        { "\x06", 1, false },
        { "\x06\x06", 2, false },
        { "", 0, false },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(trtc_sei_recovery_point((const uint8_t *)cases[i].nal, cases[i].n),
                         cases[i].want);
}

/* ---- parameter sets ---- */

struct video_case {
    const char *encoder;
    int w_px, h_px;
    enum AVPixelFormat format;
    int sar_num, sar_den, nb_b;
    const char *params; /* x264-params, x265-params */
};

/* First access unit of a grey picture. */
static AVPacket *encode_one(const struct video_case *c)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(c->encoder);
    if (!codec)
        return NULL;

    AVCodecContext *ctx = avcodec_alloc_context3(codec);
    AVFrame *frame = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    const bool is264 = strcmp(c->encoder, "libx264") == 0;
    char params[256];

    ctx->width = frame->width = c->w_px;
    ctx->height = frame->height = c->h_px;
    ctx->pix_fmt = c->format;
    frame->format = c->format;
    ctx->time_base = (AVRational){ 1, 25 };
    ctx->sample_aspect_ratio = (AVRational){ c->sar_num, c->sar_den };
    ctx->max_b_frames = c->nb_b;
    ctx->thread_count = 1;
    av_opt_set(ctx->priv_data, "preset", "ultrafast", 0);
    snprintf(params, sizeof params, "%s%s%s",
             is264 ? "b-pyramid=none" : "log-level=none:pools=none", c->params ? ":" : "",
             c->params ? c->params : "");
    av_opt_set(ctx->priv_data, is264 ? "x264-params" : "x265-params", params, 0);
    assert_int_equal(avcodec_open2(ctx, codec, NULL), 0);
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i < 4 && frame->data[i]; i++)
        memset(frame->buf[i] ? frame->buf[i]->data : frame->data[i], 0,
               frame->buf[i] ? frame->buf[i]->size : 1);
    frame->pts = 0;
    assert_int_equal(avcodec_send_frame(ctx, frame), 0);
    assert_int_equal(avcodec_send_frame(ctx, NULL), 0);
    assert_int_equal(avcodec_receive_packet(ctx, pkt), 0);
    av_frame_free(&frame);
    avcodec_free_context(&ctx);
    return pkt;
}

/* Every SPS there is must be read, whatever is cut off or flipped, without a fault and within
 * limits. */
static void torture(enum trtc_codec codec, const AVPacket *pkt)
{
    struct trtc_video_params v;
    uint8_t sets[128]; /* they come first */
    const size_t n = (size_t)pkt->size < sizeof sets ? (size_t)pkt->size : sizeof sets;

    memcpy(sets, pkt->data, n);
    for (size_t cut = 0; cut < n; cut++) {
        uint8_t *copy = malloc(cut ? cut : 1);
        memcpy(copy, sets, cut);
        (void)trtc_video_params_read(codec, copy, cut, &v);
        free(copy);
    }
    for (size_t bit = 0; bit < n * 8; bit++) {
        sets[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (trtc_video_params_read(codec, sets, n, &v) == 0) {
            assert_int_in_range(v.width_px, 1, 16384);
            assert_int_in_range(v.height_px, 1, 16384);
            assert_int_in_range(v.reorder_max + 1, 0, 17);
            assert_int_equal(v.sar_num == 0, v.sar_den == 0);
        }
        sets[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void check_video(const struct video_case *c)
{
    const enum trtc_codec codec = strcmp(c->encoder, "libx264") == 0 ? H264 : H265;
    AVPacket *pkt = encode_one(c);
    AVFrame *frame = av_frame_alloc();
    struct trtc_video_params v;

    if (!pkt)
        skip();
    const AVCodec *dec = avcodec_find_decoder(codec == H264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC);
    AVCodecContext *ctx = avcodec_alloc_context3(dec);
    ctx->thread_count = 1;
    assert_int_equal(avcodec_open2(ctx, dec, NULL), 0);
    assert_int_equal(avcodec_send_packet(ctx, pkt), 0);
    assert_int_equal(avcodec_send_packet(ctx, NULL), 0);
    assert_int_equal(avcodec_receive_frame(ctx, frame), 0);

    assert_int_equal(trtc_video_params_read(codec, pkt->data, (size_t)pkt->size, &v), 0);
    assert_int_equal(v.codec, codec);
    assert_int_equal(v.width_px, ctx->width);
    assert_int_equal(v.height_px, ctx->height);
    assert_int_equal(v.width_px, c->w_px);
    assert_int_equal(v.height_px, c->h_px);
    assert_int_equal(v.sar_num, ctx->sample_aspect_ratio.num);
    if (v.sar_num)
        assert_int_equal(v.sar_den, ctx->sample_aspect_ratio.den);
    assert_int_equal(v.profile, ctx->profile & 0xff);
    assert_int_equal(v.level, ctx->level);
    assert_int_equal(v.reorder_max, ctx->has_b_frames);
    assert_int_equal(v.sps_id, 0);
    assert_int_equal(v.colour.primaries, ctx->color_primaries);
    assert_int_equal(v.colour.transfer, ctx->color_trc);
    assert_int_equal(v.colour.matrix, ctx->colorspace);
    assert_int_equal(v.colour.full, ctx->color_range == AVCOL_RANGE_JPEG);
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(ctx->pix_fmt);
    assert_int_equal(v.depth, d->comp[0].depth);
    assert_int_equal(v.chroma, 3 - d->log2_chroma_w - d->log2_chroma_h);
    torture(codec, pkt);

    av_frame_free(&frame);
    avcodec_free_context(&ctx);
    av_packet_free(&pkt);
}

static void test_h264(void **state)
{
    (void)state;
    static const struct video_case cases[] = {
        { "libx264", 640, 360, AV_PIX_FMT_YUV420P, 1, 1, 0, NULL },
        { "libx264", 16, 16, AV_PIX_FMT_YUV420P, 1, 1, 0, NULL },
        { "libx264", 1920, 1080, AV_PIX_FMT_YUV420P, 1, 1, 3, NULL },
        { "libx264", 642, 362, AV_PIX_FMT_YUV420P, 4, 3, 1, NULL },
        { "libx264", 320, 180, AV_PIX_FMT_YUV420P, 12, 11, 2, NULL },
        { "libx264", 320, 180, AV_PIX_FMT_YUV420P, 37, 41, 2,
          "overscan=show:videoformat=pal:colorprim=bt709:chromaloc=1" },
        { "libx264", 320, 180, AV_PIX_FMT_YUV420P, 1, 1, 2,
          "fullrange=on:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc" },
        { "libx264", 352, 288, AV_PIX_FMT_YUV420P, 1, 1, 2, "cqm=jvt:8x8dct=1" },
        { "libx264", 352, 288, AV_PIX_FMT_YUV420P, 1, 1, 2,
          "nal-hrd=vbr:vbv-maxrate=500:vbv-bufsize=500:bitrate=400:pic-struct=1" },
        { "libx264", 720, 540, AV_PIX_FMT_YUV420P, 1, 1, 0, "interlaced=1" },
        { "libx264", 321, 181, AV_PIX_FMT_YUV444P, 1, 1, 1, NULL },
        { "libx264", 322, 181, AV_PIX_FMT_YUV422P, 1, 1, 1, NULL },
        { "libx264", 318, 178, AV_PIX_FMT_YUV420P10, 1, 1, 1, NULL },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        check_video(&cases[i]);
}

static void test_h265(void **state)
{
    (void)state;
    static const struct video_case cases[] = {
        { "libx265", 640, 360, AV_PIX_FMT_YUV420P, 1, 1, 0, NULL },
        { "libx265", 1920, 1080, AV_PIX_FMT_YUV420P, 1, 1, 3, NULL },
        { "libx265", 322, 182, AV_PIX_FMT_YUV420P, 4, 3, 4, "b-pyramid=1" },
        { "libx265", 320, 180, AV_PIX_FMT_YUV420P, 37, 41, 2, "scaling-list=default" },
        { "libx265", 320, 180, AV_PIX_FMT_YUV444P, 12, 11, 1,
          "range=full:colorprim=bt709:transfer=bt709:colormatrix=bt709:overscan=show" },
        { "libx265", 320, 180, AV_PIX_FMT_YUV420P, 1, 1, 1,
          "hrd=1:bitrate=400:vbv-maxrate=500:vbv-bufsize=500" },
    };

    for (size_t i = 0; i < COUNT(cases); i++)
        check_video(&cases[i]);
}

/* ---- hostile parameter sets, written bit by bit ---- */

struct writer {
    uint8_t p[512];
    size_t bits;
};

static void put(struct writer *w, uint32_t v, int n)
{
    while (n-- > 0) {
        if (v >> n & 1)
            w->p[w->bits / 8] |= (uint8_t)(0x80 >> w->bits % 8);
        w->bits++;
    }
}

static void put_ue(struct writer *w, uint32_t v)
{
    int n = 0;
    while (((uint64_t)v + 1) >> (n + 1))
        n++;
    put(w, 0, n);
    put(w, v + 1, n + 1);
}

/* A baseline SPS behind its start code. */
static void put_sps(struct writer *w, uint32_t id, uint32_t mbs_w, uint32_t mbs_h,
                    uint32_t crop_right)
{
    *w = (struct writer){ { 0 }, 0 };
    put(w, 1, 24);
    put(w, 0x67, 8);
    put(w, 66 << 16 | 30, 24);
    put_ue(w, id);
    put_ue(w, 0);
    put_ue(w, 0);
    put_ue(w, 0);
    put_ue(w, 1);
    put(w, 0, 1);
    put_ue(w, mbs_w - 1);
    put_ue(w, mbs_h - 1);
    put(w, 3, 2);
    put(w, 1, 1);
    put_ue(w, 0);
    put_ue(w, crop_right);
    put_ue(w, 0);
    put_ue(w, 0);
    put(w, 0, 1);
    put(w, 1, 1);
}

static void test_hostile(void **state)
{
    (void)state;
    static const struct {
        uint32_t id, mbs_w, mbs_h, crop;
        int ret;
    } cases[] = {
        { 0, 40, 30, 0, 0 },          { 31, 40, 30, 4, 0 },
        { 32, 40, 30, 0, -1 },        { 0, 1024, 1024, 0, 0 },
        { 0, 1025, 30, 0, -1 },       { 0, 40, 1025, 0, -1 },
        { 0, 40, 30, 319, 0 },        { 0, 40, 30, 320, -1 },
        { 0, 40, 30, 5000, -1 },      { 0, 40, 30, 0x7fffffff, -1 },
        { 0, 0x80000000, 30, 0, -1 }, { 0, 0xfffffff0, 0xfffffff0, 0, -1 },
    };
    struct trtc_video_params v;
    struct writer w;

    for (size_t i = 0; i < COUNT(cases); i++) {
        put_sps(&w, cases[i].id, cases[i].mbs_w, cases[i].mbs_h, cases[i].crop);
        assert_int_equal(trtc_video_params_read(H264, w.p, (w.bits + 7) / 8, &v), cases[i].ret);
        if (cases[i].ret == 0) {
            assert_int_equal(v.width_px, 16 * cases[i].mbs_w - 2 * cases[i].crop);
            assert_int_equal(v.height_px, 16 * cases[i].mbs_h);
            assert_int_equal(v.sps_id, cases[i].id);
            assert_int_equal(v.sar_num, 0);
            assert_int_equal(v.reorder_max, -1);
        }
    }

    /* Nothing but zeros or ones, no SPS, an SPS behind the slice. */
    static uint8_t zeros[4096], ones[4096];
    memset(ones, 0xff, sizeof ones);
    memcpy(zeros, "\0\0\1\x67", 4);
    memcpy(ones, "\0\0\1", 3);
    assert_int_equal(trtc_video_params_read(H264, zeros, sizeof zeros, &v), -1);
    zeros[3] = ones[3] = 0x42;
    assert_int_equal(trtc_video_params_read(H265, zeros, sizeof zeros, &v), -1);
    assert_int_equal(trtc_video_params_read(H265, ones, sizeof ones, &v), -1);
    assert_int_equal(trtc_video_params_read(H264, zeros, 0, &v), -1);
    put_sps(&w, 0, 40, 30, 0);
    uint8_t late[600] = "\0\0\1\x65\x88";
    memcpy(late + 5, w.p, (w.bits + 7) / 8);
    assert_int_equal(trtc_video_params_read(H264, late, 5 + (w.bits + 7) / 8, &v), -1);

    for (int i = 0; i < 20000; i++) {
        uint8_t noise[64] = "\0\0\1\x67\x64\0\x1e";
        const enum trtc_codec codec = rnd() & 1 ? H264 : H265;
        if (codec == H265)
            noise[3] = 0x42;
        for (size_t k = codec == H264 ? 7 : 5; k < sizeof noise; k++)
            noise[k] = (uint8_t)rnd();
        if (trtc_video_params_read(codec, noise, sizeof noise, &v) == 0) {
            assert_int_in_range(v.width_px, 1, 16384);
            assert_int_in_range(v.height_px, 1, 16384);
        }
    }
}

/* x265 does not free all of its parameters. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adts),           cmocka_unit_test(test_lengths_cases),
        cmocka_unit_test(test_lengths_random), cmocka_unit_test(test_recovery_point),
        cmocka_unit_test(test_h264),           cmocka_unit_test(test_h265),
        cmocka_unit_test(test_hostile),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
