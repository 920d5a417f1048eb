/* SPDX-License-Identifier: MIT */
/* mp4/sets: however parameter sets come and change, what is written with them in sample entries decodes to the
 * same pictures as the stream itself. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "base/utc.h"
#include "codec/fill.h"
#include "mp4/sets.h"
#include "mp4/sets_priv.h"
#include "unit/range.h"
#include "unit/scratch.h"

enum { UNITS_MAX = 400, WIDTH = 64, HEIGHT = 48 };

const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}

static int enter(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    return scratch_enter("t_sets");
}

/* ---- streams ---- */

struct unit { /* an access unit, Annex B */
    uint8_t *data;
    size_t size;
    bool key;
};

struct stream {
    enum trtc_codec codec;
    struct unit v[UNITS_MAX];
    int nb;
};

static void append(struct stream *s, const uint8_t *data, size_t size, bool key)
{
    struct unit *u = &s->v[s->nb++];

    assert_true(s->nb <= UNITS_MAX);
    *u = (struct unit){ malloc(size ? size : 1), size, key };
    memcpy(u->data, data, size);
}

static void clear(struct stream *s)
{
    while (s->nb > 0)
        free(s->v[--s->nb].data);
}

/* Joins bytes to a unit, in front or behind. */
static void join(struct unit *u, const uint8_t *data, size_t size, bool in_front)
{
    uint8_t *joined = malloc(u->size + size);

    memcpy(joined + (in_front ? 0 : u->size), data, size);
    memcpy(joined + (in_front ? size : 0), u->data, u->size);
    free(u->data);
    u->data = joined;
    u->size += size;
}

/* Takes the sets out of a unit; out (at least 4096 bytes) gets them. */
static size_t take_sets(enum trtc_codec codec, struct unit *u, uint8_t *out)
{
    const uint8_t *pos = u->data, *end = u->data + u->size, *nal;
    uint8_t *rest = calloc(1, 2 * u->size + 16);
    size_t n, nb_rest = 0, nb = 0;

    while ((nal = trtc_annexb_next(&pos, end, &n))) {
        const bool set = trtc_set_kind(codec, nal, n) != TRTC_SET_NONE;
        uint8_t *to = set ? out + nb : rest + nb_rest;

        memcpy(to, "\0\0\0\1", 4);
        memcpy(to + 4, nal, n);
        *(set ? &nb : &nb_rest) += n + 4;
    }
    free(u->data);
    u->data = rest;
    u->size = nb_rest;
    return nb;
}

static void drain(struct stream *s, AVCodecContext *c, AVPacket *pkt)
{
    while (!avcodec_receive_packet(c, pkt)) {
        append(s, pkt->data, (size_t)pkt->size, pkt->flags & AV_PKT_FLAG_KEY);
        av_packet_unref(pkt);
    }
}

static AVCodecContext *open_encoder(enum trtc_codec codec, const char *params,
                                    enum AVPixelFormat format)
{
    const bool h264 = codec == TRTC_CODEC_H264;
    const AVCodec *enc = avcodec_find_encoder_by_name(h264 ? "libx264" : "libx265");
    AVCodecContext *c = enc ? avcodec_alloc_context3(enc) : NULL;
    char all[256];

    if (!c)
        return NULL;
    c->width = WIDTH;
    c->height = HEIGHT;
    c->pix_fmt = format;
    c->time_base = (AVRational){ 1, 25 };
    c->gop_size = 5;
    c->thread_count = 1;
    c->max_b_frames = strstr(params, "bframes=2") ? 2 : 0;
    av_opt_set(c->priv_data, "preset", "ultrafast", 0);
    snprintf(all, sizeof all, "%s:scenecut=0%s", params,
             h264 ? "" : ":log-level=none:pools=none:frame-threads=1:repeat-headers=1");
    av_opt_set(c->priv_data, h264 ? "x264-params" : "x265-params", all, 0);
    assert_int_equal(avcodec_open2(c, enc, NULL), 0);
    return c;
}

/* Appends nb pictures encoded with these settings, sets in front of each key frame (every fifth picture). False: there
 * is no such encoder. */
static bool encode_as(struct stream *s, const char *params, int nb, enum AVPixelFormat format)
{
    AVCodecContext *c = open_encoder(s->codec, params, format);
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();

    if (c) {
        f->format = format;
        f->width = WIDTH;
        f->height = HEIGHT;
        assert_int_equal(av_frame_get_buffer(f, 0), 0);
    }
    for (int i = 0; c && i < nb; i++) {
        assert_int_equal(av_frame_make_writable(f), 0);
        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? HEIGHT / 2 : HEIGHT); y++)
                for (int x = 0; x < f->linesize[p]; x++)
                    f->data[p][y * f->linesize[p] + x] =
                        format == AV_PIX_FMT_YUV420P
                            ? (uint8_t)(60 + (x * 3 + y * (p + 5) + i * 7 + s->nb) % 120)
                            : (uint8_t)(x % 2 ? 1 : x + i);
        f->pts = i;
        assert_int_equal(avcodec_send_frame(c, f), 0);
        drain(s, c, pkt);
    }
    if (c) {
        avcodec_send_frame(c, NULL);
        drain(s, c, pkt);
    }
    av_frame_free(&f);
    av_packet_free(&pkt);
    const bool made = c;
    avcodec_free_context(&c);
    return made;
}

static bool encode(struct stream *s, const char *params, int nb)
{
    return encode_as(s, params, nb, AV_PIX_FMT_YUV420P);
}

/* ---- what a decoder shows ---- */

struct shown {
    uint64_t v[UNITS_MAX];
    int nb;
};

static void show(struct shown *s, AVCodecContext *c, AVFrame *f)
{
    while (!avcodec_receive_frame(c, f)) {
        uint64_t h = UINT64_C(1469598103934665603);

        for (int p = 0; p < 3; p++)
            for (int y = 0; y < (p ? f->height / 2 : f->height); y++)
                for (int x = 0; x < (p ? f->width / 2 : f->width); x++)
                    h = (h ^ f->data[p][y * f->linesize[p] + x]) * UINT64_C(1099511628211);
        s->v[s->nb++] = h;
        av_frame_unref(f);
    }
}

static AVCodecContext *open_decoder(enum trtc_codec codec, const AVCodecParameters *par)
{
    const enum AVCodecID id = codec == TRTC_CODEC_H264 ? AV_CODEC_ID_H264 : AV_CODEC_ID_HEVC;
    const AVCodec *dec = avcodec_find_decoder(id);
    AVCodecContext *c = avcodec_alloc_context3(dec);

    if (par)
        assert_true(avcodec_parameters_to_context(c, par) >= 0);
    c->thread_count = 1;
    c->has_b_frames = 2;
    assert_int_equal(avcodec_open2(c, dec, NULL), 0);
    return c;
}

static void show_stream(const struct stream *s, struct shown *out)
{
    AVCodecContext *c = open_decoder(s->codec, NULL);
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();

    out->nb = 0;
    for (int i = 0; i < s->nb; i++) {
        assert_int_equal(av_new_packet(pkt, (int)s->v[i].size), 0);
        memcpy(pkt->data, s->v[i].data, s->v[i].size);
        avcodec_send_packet(c, pkt);
        av_packet_unref(pkt);
        show(out, c, f);
    }
    avcodec_send_packet(c, NULL);
    show(out, c, f);
    av_packet_free(&pkt);
    av_frame_free(&f);
    avcodec_free_context(&c);
}

/* first_only: as players do that know no sample entry but the first. */
static void show_file(enum trtc_codec codec, const char *path, bool first_only, struct shown *out)
{
    AVFormatContext *in = NULL;
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();

    out->nb = 0;
    assert_int_equal(avformat_open_input(&in, path, NULL, NULL), 0);
    AVCodecContext *c = open_decoder(codec, in->streams[0]->codecpar);
    while (!av_read_frame(in, pkt)) {
        if (first_only)
            av_packet_free_side_data(pkt);
        avcodec_send_packet(c, pkt);
        av_packet_unref(pkt);
        show(out, c, f);
    }
    avcodec_send_packet(c, NULL);
    show(out, c, f);
    av_packet_free(&pkt);
    av_frame_free(&f);
    avcodec_free_context(&c);
    avformat_close_input(&in);
}

/* ---- copying ---- */

static void assert_no_sets(enum trtc_codec codec, const struct trtc_sample *s)
{
    for (size_t at = 0; at < s->size;) {
        const uint8_t *p = s->data + at;
        const size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

        assert_int_equal(trtc_set_kind(codec, p + 4, n), TRTC_SET_NONE);
        at += 4 + n;
        assert_true(at <= s->size);
    }
}

static void describe(struct trtc_mp4 *m, struct trtc_sets *sets, struct trtc_mp4_track t)
{
    struct trtc_err err = { 0 };

    for (int i = 0; i < trtc_sets_nb_entries(sets); i++) {
        struct trtc_video_params v;

        t.annexb = trtc_sets_entry(sets, i, &t.annexb_size, &v);
        assert_int_equal(v.width_px, WIDTH);
        if (trtc_mp4_set_entry(m, 0, i, &t, &err) < 0)
            fail_msg("entry %d: %s", i, err.msg);
    }
}

/* Copies the stream into out.mp4: the number of its sample entries. own: a black picture with sets of its own goes in
 * front of this unit. */
static int copy(const struct stream *s, int own)
{
    struct trtc_sets *sets = trtc_sets_new(s->codec);
    struct trtc_mp4_track t = {
        .codec = s->codec, .timescale = 25, .width_px = WIDTH, .height_px = HEIGHT
    };
    const int fd = open("out.mp4", O_RDWR | O_CREAT | O_TRUNC, 0666);
    struct trtc_err err = { 0 };
    struct trtc_mp4_info info = { .creation_ms = TRTC_NOTIME };
    struct trtc_mp4 *m = trtc_mp4_new(fd, "out.mp4", &info, &err);
    int64_t dts = 0;

    for (int i = 0; i < s->nb; i++) {
        const struct trtc_packet p = { .data = s->v[i].data,
                                       .size = s->v[i].size,
                                       .key = s->v[i].key };
        struct trtc_sample out = { 0 };

        if (i == 0) { /* what the entry begins with */
            assert_int_equal(trtc_sets_take(sets, &p, &out, &err), 1);
            struct trtc_video_params v;
            t.annexb = trtc_sets_entry(sets, 0, &t.annexb_size, &v);
            assert_int_equal(trtc_mp4_add_track(m, &t, &err), 0);
        }
        if (i == own) {
            const struct trtc_video_params like = { .width_px = WIDTH, .height_px = HEIGHT };
            struct trtc_black b;

            assert_int_equal(trtc_black_picture(&like, 0, &b, &err), 0);
            const struct trtc_packet black = { .data = b.au, .size = b.au_size, .key = true };
            assert_int_equal(trtc_sets_take_own(sets, (struct trtc_bytes){ b.sets, b.sets_size },
                                                &black, &out, &err),
                             1);
            assert_no_sets(s->codec, &out);
            out.dts = out.pts = dts++;
            out.key = true;
            assert_int_equal(trtc_mp4_write(m, 0, &out, &err), 0);
            trtc_black_fini(&b);
        }
        if (trtc_sets_take(sets, &p, &out, &err) != 1)
            fail_msg("unit %d: %s", i, err.msg);
        assert_no_sets(s->codec, &out);
        out.dts = out.pts = dts++;
        out.key = p.key;
        assert_int_equal(trtc_mp4_write(m, 0, &out, &err), 0);
    }
    const int nb = trtc_sets_nb_entries(sets);
    describe(m, sets, t);
    if (trtc_mp4_finish(m, &err) < 0)
        fail_msg("finish: %s", err.msg);
    trtc_mp4_free(&m);
    trtc_sets_free(&sets);
    close(fd);
    return nb;
}

/* The copy of the stream decodes to the same pictures. */
static void assert_same(const struct stream *s, int nb_entries)
{
    static struct shown a, b;

    show_stream(s, &a);
    assert_int_equal(copy(s, -1), nb_entries);
    show_file(s->codec, "out.mp4", nb_entries == 1, &b);
    assert_true(a.nb > 0);
    assert_int_equal(a.nb, b.nb);
    for (int i = 0; i < a.nb; i++)
        if (a.v[i] != b.v[i])
            fail_msg("picture %d of %d is another one", i, a.nb);
}

static const enum trtc_codec codecs[] = { TRTC_CODEC_H264, TRTC_CODEC_H265 };
#define FOR_BOTH(s) for (int codec_ = 0; codec_ < 2 && ((s).codec = codecs[codec_]); codec_++)

/* ---- cases ---- */

/* The sets stand in front of the first picture only; then in every unit, and several times. */
static void test_once_and_often(void **state)
{
    static struct stream s;
    uint8_t sets[4096];
    size_t n = 0;

    (void)state;
    FOR_BOTH(s)
    {
        if (!encode(&s, "bframes=0", 15))
            continue;
        assert_same(&s, 1);
        for (int i = 1; i < s.nb; i++)
            if (s.v[i].key)
                n = take_sets(s.codec, &s.v[i], sets);
        assert_same(&s, 1);
        for (int i = 1; i < s.nb; i++)
            for (int k = 0; k < 1 + i % 3; k++)
                join(&s.v[i], sets, n, true);
        assert_same(&s, 1);
        clear(&s);
    }
}

/* Another encoder, or the same one with other settings: sets change at a key frame, and back. */
static void test_changes(void **state)
{
    static const char *const params[2][3] = {
        { "bframes=0:qp=20", "bframes=0:cabac=1:ref=3:8x8dct=1:qp=30",
          "bframes=0:chroma-qp-offset=4" },
        { "bframes=0:qp=20", "bframes=0:ref=2:no-sao=1:qp=30:amp=1:rect=1",
          "bframes=0:cbqpoffs=4" },
    };
    static struct stream s;

    (void)state;
    FOR_BOTH(s)
    {
        if (!encode(&s, params[codec_][0], 7))
            continue;
        for (int i = 1; i < 7; i++)
            encode(&s, params[codec_][(i * 2) % 3], 7);
        assert_same(&s, 1);
        clear(&s);
    }
}

/* A PPS that changes between key frames, and back: decoding goes on. */
static void test_between_key_frames(void **state)
{
    static const char *const other[2] = { "bframes=2:chroma-qp-offset=8", "bframes=2:cbqpoffs=8" };
    static const int at[] = { 2, 4, 7, 8, 13 };
    static struct stream s, t;
    uint8_t sets[2][4096];
    size_t n[2];

    (void)state;
    FOR_BOTH(s)
    {
        t.codec = s.codec;
        if (!encode(&s, "bframes=2", 15) || !encode(&t, other[codec_], 1))
            continue;
        n[0] = take_sets(s.codec, &s.v[0], sets[0]);
        join(&s.v[0], sets[0], n[0], true);
        n[1] = take_sets(t.codec, &t.v[0], sets[1]);
        for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
            const uint8_t *pos = sets[i % 2 == 0], *end = pos + n[i % 2 == 0], *nal;
            size_t size;

            while ((nal = trtc_annexb_next(&pos, end, &size)))
                if (trtc_set_kind(s.codec, nal, size) == TRTC_SET_PPS) {
                    join(&s.v[at[i]], nal, size, true);
                    join(&s.v[at[i]], (const uint8_t *)"\0\0\1", 3, true);
                }
        }
        assert_same(&s, 1);
        clear(&s);
        clear(&t);
    }
}

/* What comes behind a picture is meant for the next one, as where only delimiters end a unit; some of it comes earlier
 * still. */
static void test_in_other_units(void **state)
{
    static struct stream s;
    uint8_t sets[4096];

    (void)state;
    FOR_BOTH(s)
    {
        if (!encode(&s, "bframes=0", 7))
            continue;
        encode(&s, "bframes=0:ref=3:qp=30", 7);
        for (int i = 1; i < s.nb; i++)
            if (s.v[i].key) {
                const size_t n = take_sets(s.codec, &s.v[i], sets);

                join(&s.v[i - 1], sets, n, false);
            }
        assert_same(&s, 1);
        clear(&s);
    }
}

/* More sets than ids: further sample entries, which are taken again. */
static void test_many(void **state)
{
    static struct stream s;

    (void)state;
    FOR_BOTH(s)
    {
        for (int i = 0; i < 48; i++) {
            char params[64];

            snprintf(params, sizeof params, "bframes=0:ref=%d:%s=%d", 1 + i % 40 % 2,
                     codec_ ? "cbqpoffs" : "chroma-qp-offset", i % 40 / 2 - 10);
            if (!encode(&s, params, 2))
                break;
        }
        if (s.nb == 0)
            continue;
        static struct shown a, b;
        show_stream(&s, &a);
        assert_int_in_range(copy(&s, -1), 2, 4);
        show_file(s.codec, "out.mp4", false, &b);
        assert_int_equal(a.nb, b.nb);
        assert_memory_equal(a.v, b.v, (size_t)a.nb * sizeof *a.v);
        clear(&s);
    }
}

/* One sample entry has one bit depth. */
static void test_depth(void **state)
{
    static struct stream s;

    (void)state;
    FOR_BOTH(s)
    {
        if (!encode(&s, "bframes=0", 3))
            continue;
        encode_as(&s, "bframes=0", 3, AV_PIX_FMT_YUV420P10);
        encode(&s, "bframes=0", 3);
        assert_same(&s, 2);
        clear(&s);
    }
}

/* A black picture whose sets are called like those of the stream: both stay what they are. */
static void test_own(void **state)
{
    static const char *const params[] = { "bframes=0", "bframes=0:sps-id=31",
                                          "bframes=0:sps-id=30" };
    static struct stream s = { .codec = TRTC_CODEC_H264 };
    static struct shown a, b;

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        for (int at = 0; at <= 5; at += 5) {
            if (!encode(&s, params[k], 10))
                skip();
            show_stream(&s, &a);
            assert_int_equal(copy(&s, at), 1);
            show_file(s.codec, "out.mp4", true, &b);
            assert_int_equal(b.nb, a.nb + 1);
            assert_memory_equal(a.v, b.v, (size_t)at * sizeof *a.v);
            assert_memory_equal(a.v + at, b.v + at + 1, (size_t)(a.nb - at) * sizeof *a.v);
            clear(&s);
        }
    }
}

/* Sets that never came, or are damaged. */
static void test_missing(void **state)
{
    static struct stream s;
    struct trtc_err err;
    struct trtc_sample out;
    uint8_t kept[4096];

    (void)state;
    FOR_BOTH(s)
    {
        if (!encode(&s, "bframes=0", 6))
            continue;
        struct trtc_sets *sets = trtc_sets_new(s.codec);
        const size_t n = take_sets(s.codec, &s.v[0], kept);
        const struct trtc_packet bare = { .data = s.v[0].data, .size = s.v[0].size, .key = true };
        const struct trtc_packet next = { .data = s.v[1].data, .size = s.v[1].size };
        const struct trtc_packet alone = { .data = kept, .size = n, .key = true };

        assert_int_equal(trtc_sets_take(sets, &bare, &out, &err), 0);
        assert_null(trtc_sets_params(sets));
        /* sets alone are no picture, but they count */
        assert_int_equal(trtc_sets_take(sets, &alone, &out, &err), 0);
        assert_int_equal(trtc_sets_take(sets, &bare, &out, &err), 1);
        assert_int_equal(trtc_sets_params(sets)->width_px, WIDTH);
        assert_int_equal(out.entry, 0);
        assert_int_equal(trtc_sets_take(sets, &next, &out, &err), 1);
        /* one that is cut is none */
        const struct trtc_packet cut = { .data = kept,
                                         .size = s.codec == TRTC_CODEC_H264 ? 8 : 40 };
        trtc_sets_take(sets, &cut, &out, &err);
        assert_int_equal(trtc_sets_take(sets, &bare, &out, &err), 1);
        assert_int_equal(trtc_sets_nb_entries(sets), 1);
        trtc_sets_free(&sets);
        assert_null(sets);
        clear(&s);
    }
}

/* ---- slices ---- */

static size_t escape(const uint8_t *p, size_t n, uint8_t *out)
{
    size_t len = 0;
    int zeros = 0;

    for (size_t i = 0; i < n; i++) {
        if (zeros == 2 && p[i] <= 3) {
            out[len++] = 3;
            zeros = 0;
        }
        zeros = p[i] ? 0 : zeros + 1;
        out[len++] = p[i];
    }
    return len;
}

/* Slices of random bytes, most of them small: with another id they are what escaping the changed payload gives. */
static void test_rename_slices(void **state)
{
    uint32_t seed = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        uint8_t rbsp[64], changed[65], nal[128], want[128], got[160];
        size_t n = 4 + (seed >> 8) % 60;

        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525 + 1013904223;
            rbsp[i] = (uint8_t)(seed >> 28 < 12 ? seed >> 24 & 3 : seed >> 16);
        }
        rbsp[0] = 0x41;
        rbsp[n - 1] |= 1;
        /* first_mb 0, slice_type 0, PPS 0: three bits, then anything; PPS 20 is 0000 1010 1 */
        rbsp[1] |= 0xe0;
        const size_t size = escape(rbsp, n, nal);
        const struct trtc_slice_ref ref = trtc_slice_pps(TRTC_CODEC_H264, nal, size);
        assert_int_equal(ref.pps, 0);
        assert_int_equal(ref.at, 10);
        memcpy(changed + 2, rbsp + 1, n - 1);
        changed[0] = rbsp[0];
        changed[1] = 0xc0 | 0x0a >> 2;
        changed[2] = (uint8_t)(0x15 << 5 | (rbsp[1] & 0x1f));
        const size_t expected = escape(changed, n + 1, want);
        assert_int_equal(trtc_slice_rename(nal, size, &ref, 20, got), expected);
        assert_memory_equal(got, want, expected);
        assert_true(expected <= size + TRTC_SLICE_GROWS);
        assert_int_equal(trtc_slice_pps(TRTC_CODEC_H264, got, expected).pps, 20);
    }
}

/* A set that ends with its ids, without the bit that ends a set, is damaged: with others it would be another one. */
static void test_cut_behind_the_ids(void **state)
{
    static const struct {
        enum trtc_codec codec;
        uint8_t nal[5];
        size_t n;
        bool whole;
    } t[] = {
        { TRTC_CODEC_H264, { 0x68, 0xe0 }, 2, true },  /* PPS 0 of SPS 0, and a bit */
        { TRTC_CODEC_H264, { 0x68, 0xc0 }, 2, false }, /* ... without it */
        { TRTC_CODEC_H264, { 0x68, 0x84 }, 2, false }, /* of SPS 3, which has zeros */
        { TRTC_CODEC_H265, { 0x44, 1, 0x84, 0x20 }, 4, true },
        { TRTC_CODEC_H265, { 0x44, 1, 0x84 }, 3, false },
        { TRTC_CODEC_H265, { 0x40, 1, 0x10, 1 }, 4, true }, /* VPS 1 */
        { TRTC_CODEC_H265, { 0x40, 1, 0x10 }, 3, false },
    };
    struct trtc_set x;

    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        if (trtc_set_read(t[i].codec, t[i].nal, t[i].n, &x) != t[i].whole)
            fail_msg("set %zu", i);
}

/* An SPS whose last number is cut has another id only where its zeros do not go. */
static void test_cut_in_the_last_number(void **state)
{
    static const uint8_t cut[] = { 0x67, 0x4d, 0x40, 0x0a, 0xb6, 0x4b, 0x60 };
    static struct stream s;
    struct trtc_video_params v;
    struct trtc_sample out;
    struct trtc_set x;
    struct trtc_err err;
    size_t size, n;

    (void)state;
    assert_true(trtc_set_read(TRTC_CODEC_H264, cut, sizeof cut, &x) && x.id == 0);
    s.codec = TRTC_CODEC_H264;
    assert_true(encode(&s, "bframes=0", 1) && encode(&s, "bframes=0", 1));
    uint8_t list[4096];
    take_sets(s.codec, &s.v[1], list);
    struct trtc_sets *sets = trtc_sets_new(s.codec);
    const struct trtc_packet p[] = {
        { .data = s.v[0].data, .size = s.v[0].size, .key = true },
        { .data = s.v[1].data, .size = s.v[1].size, .key = true },
    };
    assert_int_equal(trtc_sets_take(sets, &p[0], &out, &err), 1);
    memcpy(list, "\0\0\0\1", 4);
    memcpy(list + 4, cut, sizeof cut);
    memcpy(list + 4 + sizeof cut, "\0\0\0\1\x68\xe0", 6);
    assert_int_equal(
        trtc_sets_take_own(sets, (struct trtc_bytes){ list, 10 + sizeof cut }, &p[1], &out, &err),
        1);
    for (int i = 0; i < trtc_sets_nb_entries(sets); i++) {
        const uint8_t *pos = trtc_sets_entry(sets, i, &size, &v), *end = pos + size, *nal;
        while ((nal = trtc_annexb_next(&pos, end, &n)))
            assert_true(trtc_set_read(s.codec, nal, n, &x));
    }
    trtc_sets_free(&sets);
    clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_once_and_often),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_between_key_frames),
        cmocka_unit_test(test_in_other_units),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_own),
        cmocka_unit_test(test_missing),
        cmocka_unit_test(test_rename_slices),
        cmocka_unit_test(test_cut_behind_the_ids),
        cmocka_unit_test(test_cut_in_the_last_number),
    };

    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
