/* SPDX-License-Identifier: MIT */
/* tile: at every due time the right picture, however the stream is made and whatever was hidden before. The pictures
 * carry their number: three squares of 16 pixels, each with a digit to base 24 as its brightness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavutil/log.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>

#include "base/utc.h"
#include "mix/tile.h"
#include "picture/turn.h"
#include "source/feed_priv.h"
#include "unit/range.h"

#define T0_US INT64_C(1768908622495000)

enum { BASE = 24, STEP = 9, SQUARE = 16, NB_SQUARES = 3 };

static uint32_t seed = 1;

static int noise(int below)
{
    seed = seed * 1664525 + 1013904223;
    return (int)((seed >> 8) % (uint32_t)below);
}

/* libx265 keeps some memory for good. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265\n";
}

/* ---- streams ---- */

struct packet {
    uint8_t *data;
    size_t size;
    int64_t pts_us, dts_us;
    bool key;
    enum trtc_codec codec;
};

struct stream {
    struct packet *packets;
    size_t n;
    uint8_t sets[256];
    size_t sets_size;
    size_t nb_turned; /* the first packets, that are to be turned and are not square */
    size_t nb_hidden; /* the first packets, that are only decoded */
};

struct spec {
    int nb, first; /* pictures, number of the first */
    int fps, gop, bframes;
    const char *params; /* of x264 besides */
    bool apart;         /* parameter sets are not in the packets */
    int squares;        /* width; 0: NB_SQUARES */
    const char *coder;  /* NULL: libx264 */
};

static int64_t pts_of(int64_t n, int fps)
{
    return T0_US + av_rescale(n, 1000000, fps);
}

static void draw_number(AVFrame *f, int number)
{
    for (int i = 0; i < f->width / SQUARE; i++, number /= BASE)
        for (int y = 0; y < f->height; y++)
            memset(f->data[0] + y * f->linesize[0] + i * SQUARE, 20 + STEP * (number % BASE),
                   SQUARE);
    for (int p = 1; p < 3; p++)
        for (int y = 0; y < f->height / 2; y++)
            memset(f->data[p] + y * f->linesize[p], 128, (size_t)f->width / 2);
}

/* -1: no such picture, or one that is none of ours. */
static int number_of(const AVFrame *f)
{
    int number = 0, weight = 1;
    if (!f)
        return -1;
    for (int i = 0; i < NB_SQUARES && i < f->width / SQUARE; i++, weight *= BASE) {
        const int v = f->data[0][8 * f->linesize[0] + i * SQUARE + SQUARE / 2] - 20;
        const int digit = (v + STEP / 2) / STEP;
        if (v < -2 || abs(v - digit * STEP) > 3 || digit >= BASE)
            return -1;
        number += digit * weight;
    }
    return number;
}

static void take_packets(AVCodecContext *c, AVPacket *p, const struct spec *x, struct stream *s)
{
    while (avcodec_receive_packet(c, p) == 0) {
        s->packets = realloc(s->packets, (s->n + 1) * sizeof *s->packets);
        struct packet *to = &s->packets[s->n++];
        *to = (struct packet){ .data = malloc((size_t)p->size),
                               .size = (size_t)p->size,
                               .pts_us = pts_of(x->first + p->pts, x->fps),
                               .dts_us = pts_of(x->first + p->dts, x->fps),
                               .key = p->flags & AV_PKT_FLAG_KEY,
                               .codec = c->codec_id == AV_CODEC_ID_HEVC ? TRTC_CODEC_H265
                                                                        : TRTC_CODEC_H264 };
        memcpy(to->data, p->data, to->size);
        av_packet_unref(p);
    }
}

/* Adds what is encoded to s. */
static void encode(const struct spec *x, struct stream *s)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(x->coder ? x->coder : "libx264");
    assert_non_null(codec);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    AVFrame *f = av_frame_alloc();
    AVPacket *p = av_packet_alloc();
    char params[200];
    c->width = SQUARE * (x->squares ? x->squares : NB_SQUARES);
    c->height = SQUARE;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){ 1, x->fps };
    c->framerate = (AVRational){ x->fps, 1 };
    c->gop_size = x->gop;
    c->max_b_frames = x->bframes;
    c->thread_count = 1;
    if (x->apart)
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(c->priv_data, "preset", "ultrafast", 0);
    if (x->coder) {
        snprintf(params, sizeof params, "qp=4:log-level=none:pools=none:frame-threads=1");
        av_opt_set(c->priv_data, "x265-params", params, 0);
    } else {
        snprintf(params, sizeof params, "qp=4:scenecut=0:b-adapt=0:%s", x->params ? x->params : "");
        av_opt_set(c->priv_data, "x264-params", params, 0);
    }
    assert_int_equal(avcodec_open2(c, codec, NULL), 0);
    if (x->apart) {
        assert_int_in_range(c->extradata_size, 1, sizeof s->sets);
        s->sets_size = (size_t)c->extradata_size;
        memcpy(s->sets, c->extradata, s->sets_size);
    }
    f->format = c->pix_fmt;
    f->width = c->width;
    f->height = c->height;
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    for (int i = 0; i < x->nb; i++) {
        assert_int_equal(av_frame_make_writable(f), 0);
        draw_number(f, x->first + i);
        f->pts = i;
        assert_int_equal(avcodec_send_frame(c, f), 0);
        take_packets(c, p, x, s);
    }
    avcodec_send_frame(c, NULL);
    take_packets(c, p, x, s);
    av_packet_free(&p);
    av_frame_free(&f);
    avcodec_free_context(&c);
}

static struct stream make(const struct spec *x)
{
    struct stream s = { 0 };
    encode(x, &s);
    assert_int_equal(s.n, x->nb);
    return s;
}

static void drop(struct stream *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->packets[i].data);
    free(s->packets);
}

/* ---- a feed that is under the test's thumb ---- */

struct fake {
    struct trtc_feed feed;
    const struct stream *s;
    size_t next, limit; /* packets from limit on have not come yet, or never come */
    int at_limit;       /* what is told there: an enum trtc_fed, or -1 */
    uint8_t *last;      /* what was given last: gone with the next call */
    int nb_calls;
};

static int fake_next(struct trtc_feed *feed, struct trtc_feed_frame *out, struct trtc_err *err)
{
    struct fake *f = (struct fake *)feed;
    f->nb_calls++;
    free(f->last);
    f->last = NULL;
    if (f->next >= f->limit || f->next >= f->s->n) {
        if (f->at_limit < 0)
            trtc_fail(err, TRTC_EX_IOERR, "the source broke");
        return f->at_limit;
    }
    const struct packet *p = &f->s->packets[f->next++];
    const size_t sets_size = p->key ? f->s->sets_size : 0;
    const bool turned = f->next <= f->s->nb_turned;
    f->last = malloc(p->size + sets_size);
    memcpy(f->last, p->data, p->size);
    if (sets_size)
        memcpy(f->last + p->size, f->s->sets, sets_size);
    *out = (struct trtc_feed_frame){ .pkt = { .data = f->last,
                                              .size = p->size,
                                              .pts_us = p->pts_us,
                                              .dts_us = p->dts_us,
                                              .key = p->key,
                                              .hidden = f->next <= f->s->nb_hidden },
                                     .turn = turned ? TRTC_TURN_MIRROR : 0,
                                     .sar_num = turned ? 4 : 0,
                                     .sar_den = turned ? 3 : 0,
                                     .codec = p->codec,
                                     .codec_name = p->codec == TRTC_CODEC_H264   ? "h264"
                                                   : p->codec == TRTC_CODEC_H265 ? "hevc"
                                                                                 : "nothing",
                                     .dur_us = 40000,
                                     .sets = sets_size ? f->last + p->size : NULL,
                                     .sets_size = sets_size };
    return TRTC_FED_FRAME;
}

static const struct trtc_feed_ops fake_ops = { .next = fake_next };

static struct fake fake_of(const struct stream *s)
{
    return (struct fake){ .feed.ops = &fake_ops, .s = s, .limit = SIZE_MAX };
}

static struct trtc_tile *tile_of(struct fake *f, int threads)
{
    struct trtc_err err;
    struct trtc_tile *t = trtc_tile_new(&f->feed, threads, &err);
    assert_non_null(t);
    return t;
}

/* Whatever happened: every picture that was taken is shown, or has a reason why it is not. */
static struct trtc_ledger settled(struct trtc_tile *t, int64_t end_us)
{
    struct trtc_tile_stats st;
    trtc_tile_settle(t, end_us, INT64_MAX);
    trtc_tile_stats(t, &st);
    assert_int_equal(trtc_ledger_open(&st.ledger), 0);
    return st.ledger;
}

static void done(struct fake *f, struct trtc_tile **t)
{
    settled(*t, INT64_MAX);
    trtc_tile_free(t);
    assert_null(*t);
    trtc_tile_free(t);
    free(f->last);
}

static void advance(struct trtc_tile *t, int64_t due_us, bool shown)
{
    struct trtc_err err;
    assert_int_equal(trtc_tile_advance(t, due_us, shown, &err), 0);
}

static struct trtc_tile_stats stats_of(const struct trtc_tile *t)
{
    struct trtc_tile_stats st;
    trtc_tile_stats(t, &st);
    return st;
}

static void expect_no_failure(const struct trtc_tile *t)
{
    struct trtc_err err;
    int64_t at;
    trtc_tile_failure(t, &err, &at);
    assert_int_equal(err.code, 0);
}

/* The number of the picture that is due, of those that begin with first; -1: none yet. */
static int due_number(int first, int nb, int fps, int64_t due_us)
{
    int n = -1;
    for (int i = first; i < first + nb && pts_of(i, fps) <= due_us; i++)
        n = i;
    return n;
}

static void expect_shows(const struct trtc_tile *t, int number, int fps)
{
    assert_int_equal(number_of(trtc_tile_picture(t)), number);
    if (number < 0) {
        assert_null(trtc_tile_picture(t));
        assert_true(trtc_tile_pts_us(t) == TRTC_NOTIME);
        assert_int_equal(trtc_tile_serial(t), 0);
    } else {
        assert_true(trtc_tile_pts_us(t) == pts_of(number, fps));
        assert_true(trtc_tile_serial(t) > 0);
    }
}

/* ---- every stream, every due time ---- */

static const struct spec specs[] = {
    { .nb = 40, .fps = 25, .gop = 12 },
    { .nb = 40, .fps = 25, .gop = 12, .bframes = 1 },
    { .nb = 40, .fps = 25, .gop = 12, .bframes = 2 },
    { .nb = 45, .fps = 25, .gop = 20, .bframes = 3, .params = "b-pyramid=normal:ref=3" },
    { .nb = 45, .fps = 15, .gop = 15, .bframes = 3, .params = "open-gop=1:b-pyramid=normal" },
    { .nb = 20, .fps = 15, .gop = 1 },
    { .nb = 60, .fps = 60, .gop = 200, .bframes = 2 },
    { .nb = 30, .fps = 25, .gop = 10, .bframes = 2, .apart = true },
    { .nb = 25, .fps = 15, .gop = 8, .apart = true },
    { .nb = 30, .fps = 15, .gop = 10, .params = "slices=2:cabac=1" },
};
enum { NB_SPECS = sizeof specs / sizeof *specs };

static struct stream streams[NB_SPECS];

static int make_streams(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    alarm(60); /* what waits for ever fails */
    for (int i = 0; i < NB_SPECS; i++)
        streams[i] = make(&specs[i]);
    return 0;
}

static int drop_streams(void **state)
{
    (void)state;
    for (int i = 0; i < NB_SPECS; i++)
        drop(&streams[i]);
    return 0;
}

/* From before the first picture to behind the last one, by steps of step_us (0: of all sizes). */
static void walk(int k, int threads, int64_t step_us)
{
    const struct spec *x = &specs[k];
    struct fake f = fake_of(&streams[k]);
    struct trtc_tile *t = tile_of(&f, threads);
    int64_t serial = 0;
    int before = -1, nb_seen = 0;
    expect_shows(t, -1, x->fps);
    const int64_t end = pts_of(x->nb, x->fps) + 200000;
    for (int64_t due = T0_US - 100000, next = due; due < end; due = next < end ? next : end) {
        next = due + (step_us ? step_us : 1 + noise(150000));
        if (next >= end)
            due = end;
        const int number = due_number(0, x->nb, x->fps, due);
        advance(t, due, true);
        expect_shows(t, number, x->fps);
        assert_int_equal(trtc_tile_serial(t) != serial, number != before);
        serial = trtc_tile_serial(t);
        nb_seen += number != before;
        before = number;
        /* what is far away is left alone */
        int nb_due = 0;
        for (size_t i = 0; i < streams[k].n; i++)
            nb_due += streams[k].packets[i].dts_us <= due;
        assert_true(f.nb_calls <= nb_due + 1 + (x->bframes ? 6 : 0) + threads);
    }
    const struct trtc_tile_stats st = stats_of(t);
    const struct trtc_ledger l = settled(t, end);
    assert_int_equal(l.nb_in, x->nb);
    assert_int_equal(l.nb_out, nb_seen);
    assert_int_equal(l.nb_left[TRTC_LEFT_RATE], x->nb - nb_seen);
    if (step_us && step_us <= 1000000 / x->fps) /* else some are outrun before they are seen */
        assert_int_equal(st.nb_decoded, x->nb);
    assert_int_in_range(st.nb_decoded, 1, x->nb);
    assert_int_equal(st.nb_broken, 0);
    assert_true(st.ended);
    expect_no_failure(t);
    done(&f, &t);
}

static void test_every_time(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        walk(k, 1, 1000000 / specs[k].fps / 2);
        walk(k, 1, 0);
        walk(k, 3, 1000000 / specs[k].fps);
        walk(k, 1, 200000); /* 5 pictures a second of whatever comes */
        walk(k, 2, 10000000);
    }
}

/* Exactly when a picture is due, and a microsecond before. */
static void test_edges(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        struct fake f = fake_of(&streams[k]);
        struct trtc_tile *t = tile_of(&f, 1);
        for (int n = 0; n < specs[k].nb; n++) {
            advance(t, pts_of(n, specs[k].fps) - 1, true);
            expect_shows(t, n - 1, specs[k].fps);
            advance(t, pts_of(n, specs[k].fps), true);
            expect_shows(t, n, specs[k].fps);
            advance(t, pts_of(n, specs[k].fps), true); /* again */
            expect_shows(t, n, specs[k].fps);
        }
        done(&f, &t);
    }
}

/* ---- as it is to be shown ---- */

/* What the container says goes with each picture, through all reordering, and may change. */
static void test_turned(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        const struct spec *x = &specs[k];
        struct stream s = streams[k];
        s.nb_turned = s.n / 2;
        int64_t last_us = 0; /* decoding order is not that of showing */
        for (size_t i = 0; i < s.nb_turned; i++)
            last_us = s.packets[i].pts_us > last_us ? s.packets[i].pts_us : last_us;
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1 + k % 2);
        int nb_turned = 0;
        for (int n = 0; n < x->nb; n++) {
            advance(t, pts_of(n, x->fps), true);
            expect_shows(t, n, x->fps);
            bool turned = false;
            for (size_t i = 0; i < s.nb_turned; i++)
                turned |= s.packets[i].pts_us == pts_of(n, x->fps);
            nb_turned += turned;
            assert_int_equal(trtc_tile_turn(t), turned ? TRTC_TURN_MIRROR : 0);
            assert_int_equal(trtc_tile_picture(t)->sample_aspect_ratio.num, turned ? 4 : 0);
        }
        assert_int_equal(nb_turned, s.nb_turned);
        done(&f, &t);
    }
}

/* Puts a message about orientation into the first nb packets. */
static void orient(struct stream *s, size_t nb)
{
    AVBSFContext *bsf = NULL;
    AVPacket *p = av_packet_alloc();
    assert_int_equal(av_bsf_alloc(av_bsf_get_by_name("h264_metadata"), &bsf), 0);
    bsf->par_in->codec_id = AV_CODEC_ID_H264;
    av_opt_set(bsf->priv_data, "display_orientation", "insert", 0);
    av_opt_set(bsf->priv_data, "rotate", "90", 0);
    assert_int_equal(av_bsf_init(bsf), 0);
    for (size_t i = 0; i < nb; i++) {
        struct packet *to = &s->packets[i];
        assert_int_equal(av_new_packet(p, (int)to->size), 0);
        memcpy(p->data, to->data, to->size);
        assert_int_equal(av_bsf_send_packet(bsf, p), 0);
        assert_int_equal(av_bsf_receive_packet(bsf, p), 0);
        free(to->data);
        to->size = (size_t)p->size;
        to->data = malloc(to->size);
        memcpy(to->data, p->data, to->size);
        av_packet_unref(p);
    }
    av_packet_free(&p);
    av_bsf_free(&bsf);
}

/* What the stream says itself counts more, from picture to picture. */
static void test_turned_by_the_stream(void **state)
{
    const struct spec x = { .nb = 20, .fps = 15, .gop = 10 };
    struct stream s = make(&x);
    (void)state;
    s.nb_turned = s.n;
    orient(&s, 10);
    struct fake f = fake_of(&s);
    struct trtc_tile *t = tile_of(&f, 1);
    for (int n = 0; n < x.nb; n++) {
        advance(t, pts_of(n, x.fps), true);
        expect_shows(t, n, x.fps);
        if (n < 10) /* anticlockwise */
            assert_int_equal(trtc_tile_turn(t), TRTC_TURN_TRANSPOSE | TRTC_TURN_FLIP);
        else
            assert_int_equal(trtc_tile_turn(t), TRTC_TURN_MIRROR);
    }
    done(&f, &t);
    drop(&s);
}

/* What an edit list cuts away is decoded, and never shown. */
static void test_cut_away(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        const struct spec *x = &specs[k];
        struct stream s = streams[k];
        s.nb_hidden = 5;
        int64_t first_us = INT64_MAX;
        for (size_t i = s.nb_hidden; i < s.n; i++)
            first_us = s.packets[i].pts_us < first_us ? s.packets[i].pts_us : first_us;
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1);
        for (int n = 0; n < x->nb; n++) {
            advance(t, pts_of(n, x->fps), true);
            for (size_t i = 0; i < s.nb_hidden; i++)
                assert_true(trtc_tile_pts_us(t) != s.packets[i].pts_us);
            if (pts_of(n, x->fps) < first_us)
                assert_null(trtc_tile_picture(t));
        }
        expect_shows(t, x->nb - 1, x->fps);
        const struct trtc_ledger l = settled(t, INT64_MAX);
        assert_int_equal(l.nb_left[TRTC_LEFT_CUT], 5);
        assert_int_equal(l.nb_out, x->nb - 5);
        done(&f, &t);
    }
}

/* ---- fields ---- */

struct bits {
    uint8_t p[600];
    size_t n; /* bits */
};

static void put(struct bits *b, int n, unsigned value)
{
    for (; n-- > 0; b->n++) {
        if (b->n % 8 == 0)
            b->p[b->n / 8] = 0;
        b->p[b->n / 8] |= (uint8_t)((value >> n & 1) << (7 - b->n % 8));
    }
}

static void put_ue(struct bits *b, unsigned v)
{
    int len = 0;
    while ((v + 1) >> (len + 1))
        len++;
    put(b, len, 0);
    put(b, len + 1, v + 1);
}

static void put_unit(uint8_t *out, size_t *size, unsigned header, struct bits *b)
{
    put(b, 1, 1); /* rbsp_trailing_bits */
    put(b, (int)(-b->n & 7), 0);
    const uint8_t start[] = { 0, 0, 0, 1, (uint8_t)header };
    memcpy(out + *size, start, sizeof start);
    *size += sizeof start;
    for (size_t i = 0; i < b->n / 8; i++) {
        if (i > 1 && b->p[i] < 4 && !b->p[i - 1] && !b->p[i - 2])
            out[(*size)++] = 3;
        out[(*size)++] = b->p[i];
    }
}

/* 16x32, of which a field is one macroblock (ITU-T H.264, 7.3.2.1). */
static void put_field_sets(uint8_t *out, size_t *size)
{
    struct bits b = { .n = 0 };
    put(&b, 24, 77 << 16 | 30);
    put_ue(&b, 0); /* id */
    put_ue(&b, 0); /* frame_num: 4 bits */
    put_ue(&b, 2); /* pictures are shown as they come */
    put_ue(&b, 1); /* references */
    put(&b, 1, 0);
    put_ue(&b, 0); /* width */
    put_ue(&b, 0); /* height */
    put(&b, 6,
        0x10); /* fields; no macroblocks of them in frames; 8x8 inference; no cropping, no VUI */
    put_unit(out, size, 0x67, &b);
    b.n = 0;
    put_ue(&b, 0);
    put_ue(&b, 0);
    put(&b, 2, 0);
    put_ue(&b, 0);
    put_ue(&b, 0);
    put_ue(&b, 0);
    put(&b, 3, 0);
    put_ue(&b, 0);
    put_ue(&b, 0);
    put_ue(&b, 0);
    put(&b, 3, 0);
    put_unit(out, size, 0x68, &b);
}

/* The nth field, its macroblock uncoded and gray. */
static void put_field(uint8_t *out, size_t *size, int n)
{
    struct bits b = { .n = 0 };
    const bool first = n == 0, bottom = n & 1;
    put_ue(&b, 0);
    put_ue(&b, 7); /* I */
    put_ue(&b, 0);
    put(&b, 4, (unsigned)n / 2 % 16);
    put(&b, 2, 2 | bottom);
    if (first) {
        put_ue(&b, 0); /* idr_pic_id */
        put(&b, 2, 0);
    } else {
        put(&b, 1, 0); /* sliding window */
    }
    put_ue(&b, 0);  /* slice_qp_delta */
    put_ue(&b, 25); /* I_PCM */
    put(&b, (int)(-b.n & 7), 0);
    for (int i = 0; i < 384; i++)
        put(&b, 8, 128);
    put_unit(out, size, first ? 0x65 : 0x61, &b);
}

/* Two fields that come one by one are one picture, and both are seen. */
static void test_fields(void **state)
{
    enum { FIELDS = 20 };
    struct stream s = { .packets = calloc(FIELDS, sizeof *s.packets) };
    (void)state;
    for (s.n = 0; s.n < FIELDS; s.n++) {
        struct packet *p = &s.packets[s.n];
        *p = (struct packet){ .data = calloc(1, 1000),
                              .pts_us = pts_of((int64_t)s.n, 50),
                              .dts_us = pts_of((int64_t)s.n, 50),
                              .key = s.n == 0,
                              .codec = TRTC_CODEC_H264 };
        if (s.n == 0)
            put_field_sets(p->data, &p->size);
        put_field(p->data, &p->size, (int)s.n);
    }
    for (int threads = 1; threads < 3; threads++) {
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, threads);
        for (int n = 0; n < FIELDS; n++)
            advance(t, pts_of(n, 50), true);
        assert_int_equal(stats_of(t).nb_decoded, FIELDS / 2);
        const struct trtc_ledger l = settled(t, INT64_MAX);
        assert_int_equal(l.nb_in, FIELDS);
        assert_int_equal(l.nb_out, FIELDS);
        done(&f, &t);
    }
    drop(&s);
}

/* Time stamps in the order of decoding, as broken muxers write them: all pictures are shown, in
 * order; only until the order is known, one replaces another. */
static void test_times_in_decoding_order(void **state)
{
    (void)state;
    for (int k = 2; k < 5; k++) {
        const struct spec *x = &specs[k];
        struct stream s = make(x);
        for (size_t i = 0; i < s.n; i++)
            s.packets[i].pts_us = pts_of((int64_t)i, x->fps);
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1);
        const int64_t end = pts_of(x->nb, x->fps) + 200000;
        int before = -1, nb_seen = 0;
        for (int64_t due = T0_US - 100000; due < end; due += 1000000 / x->fps / 2) {
            advance(t, due, true);
            const int number = number_of(trtc_tile_picture(t));
            assert_true(number >= before);
            nb_seen += number != before;
            before = number;
        }
        const struct trtc_ledger l = settled(t, end);
        assert_int_equal(before, x->nb - 1);
        assert_int_equal(l.nb_in, x->nb);
        assert_int_equal(l.nb_out, nb_seen);
        assert_int_equal(l.nb_left[TRTC_LEFT_RATE], x->nb - nb_seen);
        assert_int_in_range(x->nb - nb_seen, 0, 3);
        expect_no_failure(t);
        done(&f, &t);
        drop(&s);
    }
}

/* ---- hidden ---- */

static void test_hidden(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        const int k = noise(NB_SPECS);
        const struct spec *x = &specs[k];
        struct fake f = fake_of(&streams[k]);
        struct trtc_tile *t = tile_of(&f, noise(4) ? 1 : 2);
        bool shown = noise(2);
        const int often = 1 + noise(8);
        int stands = -1;
        for (int64_t due = T0_US - 50000; due < pts_of(x->nb, x->fps) + 100000;
             due += 1 + noise(3000000 / x->fps)) {
            if (noise(often) == 0)
                shown = !shown;
            advance(t, due, shown);
            const int number = due_number(0, x->nb, x->fps, due);
            if (shown)
                stands = number; /* at once, and right */
            else if (number_of(trtc_tile_picture(t)) >= 0)
                assert_true(trtc_tile_pts_us(t) <= due);
            if (shown)
                expect_shows(t, stands, x->fps);
        }
        assert_int_equal(stats_of(t).nb_broken, 0);
        done(&f, &t);
    }
}

/* What is never shown is never decoded; when it is shown in the end, no more than what it takes. */
static void test_hidden_costs_nothing(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        const struct spec *x = &specs[k];
        struct fake f = fake_of(&streams[k]);
        struct trtc_tile *t = tile_of(&f, 1);
        for (int n = 0; n < x->nb - 1; n++) {
            advance(t, pts_of(n, x->fps), false);
            expect_shows(t, -1, x->fps);
        }
        assert_int_equal(stats_of(t).nb_decoded, 0);
        advance(t, pts_of(x->nb - 1, x->fps), true);
        expect_shows(t, x->nb - 1, x->fps);
        assert_int_in_range(stats_of(t).nb_decoded, 1, x->gop + x->bframes + 1);
        done(&f, &t);
    }
}

/* Each picture that is not seen has the reason of its own time, whenever that is found out. */
static void test_reasons(void **state)
{
    (void)state;
    for (int k = 0; k < 5; k++) {
        const struct spec *x = &specs[k];
        struct fake f = fake_of(&streams[k]);
        struct trtc_tile *t = tile_of(&f, 1 + k % 2);
        struct trtc_err err;
        for (int n = 0; n < 30; n++) {
            const enum trtc_sight sight = n < 12   ? TRTC_SIGHT_SHOWN
                                          : n < 18 ? TRTC_SIGHT_HIDDEN
                                          : n < 20 ? TRTC_SIGHT_PASSING
                                                   : TRTC_SIGHT_AWAY;
            if (n == 4)
                assert_int_equal(trtc_tile_advance(t, pts_of(4, x->fps), TRTC_SIGHT_BEFORE, &err),
                                 0);
            else if (n > 4)
                assert_int_equal(trtc_tile_advance(t, pts_of(n, x->fps), sight, &err), 0);
        }
        /* it ends with picture 32, and nobody has said so: what is from 36 on is lost */
        trtc_tile_settle(t, pts_of(32, x->fps), pts_of(36, x->fps));
        const struct trtc_ledger l = stats_of(t).ledger;
        assert_int_equal(trtc_ledger_open(&l), 0);
        assert_int_equal(l.nb_in, x->nb);
        assert_int_equal(l.nb_out, 12 - 5);
        assert_int_equal(l.nb_left[TRTC_LEFT_UNWANTED], 6);
        assert_int_equal(l.nb_left[TRTC_LEFT_UNPLACED], 10 + x->nb - 36);
        assert_int_equal(l.nb_left[TRTC_LEFT_CUT], 4 + 4);
        assert_int_equal(l.nb_left[TRTC_LEFT_RATE], 1 + 2 + 2); /* 4; leaving; before the end */
        done(&f, &t);
    }
}

/* Never a key frame, and hidden for so long that not all can be kept. */
static void test_hidden_for_long(void **state)
{
    enum { NB = 2500 };
    const struct spec x = { .nb = NB, .fps = 60, .gop = 100000, .params = "keyint=infinite" };
    struct stream s = make(&x);
    struct fake f = fake_of(&s);
    struct trtc_tile *t = tile_of(&f, 1);
    (void)state;
    for (int n = 0; n < NB - 1; n += 25)
        advance(t, pts_of(n, x.fps), false);
    assert_true(stats_of(t).nb_decoded > 0);
    advance(t, pts_of(NB - 1, x.fps), true);
    expect_shows(t, NB - 1, x.fps);
    assert_int_equal(stats_of(t).nb_broken, 0);
    done(&f, &t);
    drop(&s);
}

/* ---- live ---- */

/* Packets come one by one: what has come and is due is shown, and what comes late as soon as it comes. */
static void test_wait(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        const struct spec *x = &specs[k];
        if (x->bframes)
            continue;
        struct fake f = fake_of(&streams[k]);
        struct trtc_tile *t = tile_of(&f, 1);
        f.at_limit = TRTC_FED_WAIT;
        f.limit = 0;
        advance(t, T0_US + 1000, true);
        expect_shows(t, -1, x->fps);
        for (int n = 0; n < x->nb; n++) {
            const int late = noise(3);
            f.limit = (size_t)n + 1;
            advance(t, pts_of(n, x->fps) - 1, true);
            expect_shows(t, n - 1, x->fps);
            advance(t, pts_of(n + late, x->fps), true);
            expect_shows(t, n, x->fps);
            assert_false(stats_of(t).ended);
        }
        f.at_limit = TRTC_FED_END;
        advance(t, pts_of(x->nb + 10, x->fps), true);
        expect_shows(t, x->nb - 1, x->fps);
        assert_true(stats_of(t).ended);
        done(&f, &t);
    }
}

/* Reordered: never a wrong one, never backwards, all of it once everything has come. */
static void test_wait_reordered(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++) {
        const struct spec *x = &specs[k];
        struct fake f = fake_of(&streams[k]);
        struct trtc_tile *t = tile_of(&f, 1);
        int64_t before = TRTC_NOTIME;
        f.at_limit = TRTC_FED_WAIT;
        f.limit = 0;
        for (int n = 0; n < x->nb; n++) {
            f.limit += (size_t)noise(3);
            advance(t, pts_of(n, x->fps), true);
            const int shows = number_of(trtc_tile_picture(t));
            if (shows >= 0)
                expect_shows(t, shows, x->fps);
            assert_true(shows <= n);
            assert_true(trtc_tile_pts_us(t) >= before);
            before = trtc_tile_pts_us(t);
        }
        f.limit = SIZE_MAX;
        f.at_limit = TRTC_FED_END;
        advance(t, pts_of(x->nb, x->fps), true);
        expect_shows(t, x->nb - 1, x->fps);
        done(&f, &t);
    }
}

/* One picture, and then nothing: it is there at once, and stays. */
static void test_single(void **state)
{
    const struct spec x = { .nb = 1, .first = 7, .fps = 15, .gop = 15 };
    struct stream s = make(&x);
    (void)state;
    for (int live = 0; live < 2; live++) {
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1);
        f.at_limit = live ? TRTC_FED_WAIT : TRTC_FED_END;
        advance(t, pts_of(7, 15) - 1, true);
        expect_shows(t, -1, 15);
        for (int i = 0; i < 3; i++) {
            advance(t, pts_of(7, 15) + i * 10000000, i != 1);
            expect_shows(t, 7, 15);
        }
        assert_int_equal(stats_of(t).ended, !live);
        done(&f, &t);
    }
    drop(&s);
}

static void test_empty(void **state)
{
    static const int ends[] = { TRTC_FED_END, TRTC_FED_WAIT, -1 };
    const struct stream none = { 0 };
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct fake f = fake_of(&none);
        struct trtc_tile *t = tile_of(&f, 1);
        struct trtc_err err;
        int64_t at;
        f.at_limit = ends[i];
        advance(t, T0_US, false);
        advance(t, T0_US + 1, true);
        expect_shows(t, -1, 15);
        assert_int_equal(stats_of(t).ended, ends[i] != TRTC_FED_WAIT);
        trtc_tile_failure(t, &err, &at);
        assert_int_equal(err.code, ends[i] < 0 ? TRTC_EX_IOERR : 0);
        assert_true(at == TRTC_NOTIME);
        done(&f, &t);
    }
}

/* ---- what breaks ---- */

/* The source breaks: everything until there is shown, the last one stands, and it is told. */
static void test_source_breaks(void **state)
{
    (void)state;
    for (int k = 0; k < NB_SPECS; k++)
        for (int hidden = 0; hidden < 2; hidden++) {
            const struct spec *x = &specs[k];
            struct fake f = fake_of(&streams[k]);
            struct trtc_tile *t = tile_of(&f, 1);
            struct trtc_err err;
            int64_t at, newest = TRTC_NOTIME;
            f.limit = 13;
            f.at_limit = -1;
            for (size_t i = 0; i < f.limit; i++)
                newest =
                    streams[k].packets[i].pts_us > newest ? streams[k].packets[i].pts_us : newest;
            for (int n = 0; n < x->nb; n++)
                advance(t, pts_of(n, x->fps), !hidden || n == x->nb - 1);
            assert_true(trtc_tile_pts_us(t) == newest);
            assert_true(number_of(trtc_tile_picture(t)) >= 0);
            trtc_tile_failure(t, &err, &at);
            assert_int_equal(err.code, TRTC_EX_IOERR);
            assert_string_equal(err.msg, "the source broke");
            assert_true(at == newest);
            assert_true(stats_of(t).ended);
            done(&f, &t);
        }
}

/* A codec that nothing can be made of: told; what was shown stands; and the rest is taken from the source all the same,
 * which otherwise would be held up. */
static void test_no_decoder(void **state)
{
    (void)state;
    for (size_t from = 0; from < 20; from += 10) {
        struct stream s = streams[0];
        struct trtc_err err;
        int64_t at;
        s.packets = malloc(s.n * sizeof *s.packets);
        memcpy(s.packets, streams[0].packets, s.n * sizeof *s.packets);
        for (size_t i = from; i < s.n; i++)
            s.packets[i].codec = TRTC_CODEC_OTHER;
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1);
        f.at_limit = TRTC_FED_WAIT;
        for (int n = 0; n < 30; n++)
            advance(t, pts_of(n, 25), true);
        expect_shows(t, (int)from - 1, 25);
        trtc_tile_failure(t, &err, &at);
        assert_int_equal(err.code, TRTC_EX_UNAVAILABLE);
        assert_true(at == pts_of((int64_t)from, 25));
        assert_int_in_range(f.next, 30, 32);
        advance(t, pts_of(35, 25), false);
        assert_int_in_range(f.next, 36, 37);
        expect_shows(t, (int)from - 1, 25);
        done(&f, &t);
        free(s.packets);
    }
}

/* The stream goes on with another codec, or another size: all of the old one is shown, and all of the new one. */
static void go_on_with(const struct spec *a, const struct spec *b)
{
    struct stream s = { 0 };
    encode(a, &s);
    encode(b, &s);
    for (int hidden = 0; hidden < 3; hidden++) {
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1);
        for (int n = 0; n < a->nb + b->nb; n++) {
            const bool shown = hidden == 0 || (hidden == 1 ? n % 5 == 4 : n > a->nb + 2);
            advance(t, pts_of(n, a->fps), shown);
            if (shown)
                expect_shows(t, n, a->fps);
        }
        assert_int_equal(stats_of(t).nb_broken, 0);
        expect_no_failure(t);
        done(&f, &t);
    }
    drop(&s);
}

static void test_codec_changes(void **state)
{
    const struct spec a = { .nb = 11, .fps = 15, .gop = 30, .bframes = 2 };
    const struct spec b = { .nb = 10, .first = 11, .fps = 15, .gop = 30, .squares = 4 };
    const struct spec c = {
        .nb = 7, .first = 11, .fps = 15, .gop = 30, .squares = 4, .coder = "libx265"
    };
    const struct spec d = { .nb = 10, .first = 7, .fps = 15, .gop = 30, .bframes = 2 };
    (void)state;
    go_on_with(&a, &b);
    if (!avcodec_find_encoder_by_name("libx265"))
        return;
    go_on_with(&a, &c);
    const struct spec e = { .nb = 7, .fps = 15, .gop = 30, .squares = 4, .coder = "libx265" };
    go_on_with(&e, &d);
}

/* Begins in the middle of a GOP: nothing wrong is shown, and from the key frame on all is right. */
static void test_no_key_frame_first(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        const struct spec *x = &specs[k];
        for (int hidden = 0; hidden < 2; hidden++) {
            struct fake f = fake_of(&streams[k]);
            struct trtc_tile *t = tile_of(&f, 1);
            f.next = 5;
            for (int n = 3; n < x->nb; n++) {
                advance(t, pts_of(n, x->fps), !hidden || n > x->gop + 3);
                if (n < x->gop)
                    expect_shows(t, -1, x->fps);
                else if (!hidden || n > x->gop + 3)
                    expect_shows(t, n, x->fps);
            }
            expect_no_failure(t);
            const struct trtc_ledger l = settled(t, pts_of(x->nb, x->fps));
            assert_int_equal(l.nb_in, x->nb - 5);
            assert_true(l.nb_left[hidden ? TRTC_LEFT_UNWANTED : TRTC_LEFT_NO_KEY] >= x->gop - 5);
            assert_int_equal(l.nb_left[hidden ? TRTC_LEFT_NO_KEY : TRTC_LEFT_UNWANTED], 0);
            done(&f, &t);
        }
    }
}

/* Damage and loss: whatever is shown goes forward, and is right again from the next key frame on. */
static void test_damage(void **state)
{
    (void)state;
    int64_t nb_broken = 0;
    for (int round = 0; round < 200; round++) {
        const int k = noise(4);
        const struct spec *x = &specs[k];
        struct stream s = { 0 };
        const size_t from = 1 + (size_t)noise(x->gop - 1), to = from + 1 + (size_t)noise(4);
        for (size_t i = 0; i < streams[k].n; i++) {
            const bool bad = i >= from && i < to && !streams[k].packets[i].key;
            const int how = noise(3);
            struct packet p = streams[k].packets[i];
            if (bad && how == 0)
                continue;
            s.packets = realloc(s.packets, (s.n + 1) * sizeof *s.packets);
            s.packets[s.n] = p;
            uint8_t *copy = s.packets[s.n++].data = malloc(p.size);
            memcpy(copy, p.data, p.size);
            for (size_t b = 0; bad && b < p.size; b++)
                if (how == 1 ? b > 4 : noise(8) == 0)
                    copy[b] = (uint8_t)noise(256);
        }
        struct fake f = fake_of(&s);
        struct trtc_tile *t = tile_of(&f, 1);
        int64_t before = TRTC_NOTIME;
        for (int n = 0; n < x->nb; n++) {
            advance(t, pts_of(n, x->fps), true);
            if (n >= x->gop) /* noise can also say that all before it is to be forgotten */
                assert_non_null(trtc_tile_picture(t));
            if (!trtc_tile_picture(t))
                continue;
            assert_true(trtc_tile_pts_us(t) >= before && trtc_tile_pts_us(t) <= pts_of(n, x->fps));
            before = trtc_tile_pts_us(t);
            if (n >= 2 * x->gop)
                expect_shows(t, n, x->fps);
        }
        expect_no_failure(t);
        nb_broken += stats_of(t).nb_broken;
        done(&f, &t);
        drop(&s);
    }
    assert_true(nb_broken > 50);
}

/* Nothing but noise: no picture, and an end. */
static void test_noise(void **state)
{
    (void)state;
    struct stream s = { 0 };
    s.packets = calloc(300, sizeof *s.packets);
    for (s.n = 0; s.n < 300; s.n++) {
        struct packet *p = &s.packets[s.n];
        *p = (struct packet){ .data = malloc(64),
                              .size = 1 + (size_t)noise(64),
                              .pts_us = pts_of((int64_t)s.n, 25),
                              .dts_us = pts_of((int64_t)s.n, 25),
                              .key = noise(5) == 0,
                              .codec = noise(2) ? TRTC_CODEC_H264 : TRTC_CODEC_H265 };
        for (int i = 0; i < 64; i++)
            p->data[i] = (uint8_t)noise(i < 4 ? 2 : 256);
    }
    struct fake f = fake_of(&s);
    struct trtc_tile *t = tile_of(&f, 1);
    for (int n = 0; n < 310; n++)
        advance(t, pts_of(n, 25), noise(2));
    advance(t, pts_of(400, 25), true);
    assert_null(trtc_tile_picture(t));
    assert_true(stats_of(t).ended);
    assert_true(stats_of(t).nb_broken > 10);
    done(&f, &t);
    drop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_time),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_turned_by_the_stream),
        cmocka_unit_test(test_cut_away),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_times_in_decoding_order),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_hidden_costs_nothing),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_hidden_for_long),
        cmocka_unit_test(test_wait),
        cmocka_unit_test(test_wait_reordered),
        cmocka_unit_test(test_single),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_source_breaks),
        cmocka_unit_test(test_no_decoder),
        cmocka_unit_test(test_codec_changes),
        cmocka_unit_test(test_no_key_frame_first),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_noise),
    };
    return cmocka_run_group_tests_name("tile", tests, make_streams, drop_streams);
}
