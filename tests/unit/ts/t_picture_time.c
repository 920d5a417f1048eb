/* SPDX-License-Identifier: MIT */
/* Times of pictures whose stream does not say them all: encoded with every kind of reordering, and
 * put into PES packets as other muxers do it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavutil/opt.h>

#include "make/pes.h"
#include "ts/picture_time.h"
#include "ts/ts.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define STEP     3600
#define START    (INT64_C(0x1ffffffff) - 20 * STEP) /* the clock wraps on the way */

enum { NB = 60 };

struct picture {
    uint8_t *p;
    size_t n;
    int64_t pts, dts;
};

static int64_t wrapped(int64_t t)
{
    return t & 0x1ffffffff;
}

/* ---- encoded pictures ---- */

/* unit: ticks of one of the encoder's. */
static void take(AVCodecContext *c, AVPacket *pkt, int unit, struct picture *out, int *n)
{
    while (avcodec_receive_packet(c, pkt) == 0) {
        out[*n].p = malloc((size_t)pkt->size);
        assert_non_null(out[*n].p);
        memcpy(out[*n].p, pkt->data, (size_t)pkt->size);
        out[*n].n = (size_t)pkt->size;
        out[*n].pts = START + pkt->pts * unit;
        out[*n].dts = START + pkt->dts * unit;
        ++*n;
        av_packet_unref(pkt);
    }
}

/* NB pictures; false where there is no such encoder. step: ticks from one to the next, and the stream
 * says no more than that it counts in ticks; 0: 25 a second, and it says so. */
static bool encode(const char *name, int b_frames, const char *params, int step,
                   struct picture *out)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (!codec)
        return false;
    AVCodecContext *c = avcodec_alloc_context3(codec);
    AVFrame *frame = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    int n = 0;

    frame->width = c->width = 64;
    frame->height = c->height = 48;
    frame->format = c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){ 1, step ? 90000 : 25 };
    if (!step)
        c->framerate = (AVRational){ 25, 1 };
    c->gop_size = 20;
    c->max_b_frames = b_frames;
    c->thread_count = 1;
    av_opt_set(c->priv_data, "preset", "veryfast", 0);
    if (strncmp(name, "libx", 4) == 0)
        av_opt_set(c->priv_data, name[6] == '4' ? "x264-params" : "x265-params", params, 0);
    assert_int_equal(avcodec_open2(c, codec, NULL), 0);
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i < NB; i++) {
        assert_int_equal(av_frame_make_writable(frame), 0);
        for (int k = 0; k < 3; k++)
            for (int y = 0; y < (k ? 24 : 48); y++)
                memset(frame->data[k] + y * frame->linesize[k], (y * 5 + i * 3) & 0xff,
                       k ? 32 : 64);
        frame->pts = step ? i * step : i;
        assert_int_equal(avcodec_send_frame(c, frame), 0);
        take(c, pkt, step ? 1 : STEP, out, &n);
    }
    assert_int_equal(avcodec_send_frame(c, NULL), 0);
    take(c, pkt, step ? 1 : STEP, out, &n);
    assert_int_equal(n, NB);
    av_packet_free(&pkt);
    av_frame_free(&frame);
    avcodec_free_context(&c);
    return true;
}

/* ---- PES packets as muxers make them ---- */

enum said {
    BOTH_TIMES,
    AS_IT_SHOULD_BE,
    PTS_ONLY,
    DTS_ABOVE,
    DTS_FROM_FIRST_PTS, /* the first one is the first PTS, which leaves no room for reordering */
    DTS_AT_TIMES_ABOVE,
    NO_TIMES
};

/* delay: that of the first picture. */
static void put(struct mux *m, const struct picture *p, const struct bytes *b, int64_t delay,
                enum said said)
{
    int64_t pts = wrapped(p->pts), dts = wrapped(p->dts);

    if (said == PTS_ONLY || (said == AS_IT_SHOULD_BE && p->pts == p->dts))
        dts = NOPTS;
    if (said == DTS_ABOVE || (said == DTS_AT_TIMES_ABOVE && p->n % 3 == 0))
        dts = wrapped(p->dts + 30000);
    if (said == DTS_FROM_FIRST_PTS)
        dts = delay == p->pts - p->dts ? NOPTS : wrapped(p->dts + delay);
    if (said == NO_TIMES)
        pts = dts = NOPTS;
    mux_pes_ex(m, VIDEO, pts, dts, b->p, b->n, 0, 184);
}

/* per_pes pictures in a PES; or a time in so many PES packets only (timed > 1). */
static struct mux *mux_pictures(const struct picture *p, uint8_t type, int per_pes, int timed,
                                enum said said)
{
    struct mux *m = mux_new();
    struct bytes b = { NULL, 0, 0 };

    mux_tables(m, type);
    for (int i = 0; i < NB; i += per_pes) {
        b.n = 0;
        for (int k = i; k < i + per_pes && k < NB; k++)
            bytes_add(&b, p[k].p, p[k].n);
        put(m, &p[i], &b, p[0].pts - p[0].dts, i % timed == 0 ? said : NO_TIMES);
    }
    bytes_drop(&b);
    return m;
}

/* All pictures come out, at their times (but for a shift of all). */
static void check(struct mux *m, const struct picture *want, int64_t shift)
{
    struct trtc_ts *ts = trtc_ts_new(TRTC_VIDEO);
    struct trtc_ts_frame f;
    int n = 0;

    assert_non_null(ts);
    trtc_ts_feed(ts, m->out.p, m->out.n);
    trtc_ts_end(ts);
    for (; trtc_ts_next(ts, &f) == 1; n++) {
        assert_true(n < NB);
        assert_int_equal(f.size, want[n].n);
        assert_int_equal(f.pts_90k, wrapped(want[n].pts - shift));
        assert_int_equal(f.dts_90k, wrapped(want[n].dts - shift));
        assert_int_equal(f.floating, shift != 0);
    }
    assert_int_equal(n, NB);
    trtc_ts_free(&ts);
    mux_free(m);
}

static void test_encoded(void **state)
{
    (void)state;
    static const struct {
        const char *encoder;
        uint8_t type;
        int b_frames;
        const char *params;
    } cases[] = {
        { "libx264", 0x1b, 0, "aud=1" },
        { "libx264", 0x1b, 2, "b-pyramid=0:b-adapt=0" },
        { "libx264", 0x1b, 3, "aud=1:b-pyramid=normal:b-adapt=0:slices=2" },
        { "libx264", 0x1b, 3, "open-gop=1:b-adapt=0:scenecut=0" },
        { "libx265", 0x24, 3, "log-level=none:b-adapt=0" },
        { "mpeg2video", 0x02, 0, "" },
        { "mpeg2video", 0x02, 2, "" },
        { "mpeg1video", 0x01, 2, "" },
    };
    static struct picture p[NB];

    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!encode(cases[i].encoder, cases[i].b_frames, cases[i].params, 0, p))
            continue;
        const uint8_t type = cases[i].type;
        for (enum said s = BOTH_TIMES; s < NO_TIMES; s++) {
            check(mux_pictures(p, type, 1, 1, s), p, 0);
            if (s == DTS_AT_TIMES_ABOVE)
                continue;
            for (int k = 2; k < 40; k = k * 2 + 1) {
                check(mux_pictures(p, type, k, 1, s), p, 0);
                check(mux_pictures(p, type, 1, k, s), p, 0);
            }
        }
        check(mux_pictures(p, type, 1, 1, NO_TIMES), p, p[0].dts);
        check(mux_pictures(p, type, 7, 1, NO_TIMES), p, p[0].dts);
        for (int k = 0; k < NB; k++)
            free(p[k].p);
    }
}

/* The stamp of picture i alone is wrong: it gets the right one, and no other picture moves. */
static void check_alone(const struct picture *p, uint8_t type, int i, int64_t by)
{
    struct picture off[NB];
    struct trtc_ts *ts = trtc_ts_new(TRTC_VIDEO);
    struct trtc_ts_frame f;
    int n = 0;

    memcpy(off, p, sizeof off);
    off[i].pts += by;
    struct mux *m = mux_pictures(off, type, 1, 1, PTS_ONLY);
    assert_non_null(ts);
    trtc_ts_feed(ts, m->out.p, m->out.n);
    trtc_ts_end(ts);
    for (; trtc_ts_next(ts, &f) == 1; n++) {
        assert_true(n < NB);
        assert_int_equal(f.pts_90k, wrapped(p[n].pts));
        assert_int_in_range(wrapped(p[n].pts - f.dts_90k), 0, 7 * STEP);
        assert_int_equal(f.restamped, n == i);
    }
    assert_int_equal(n, NB);
    trtc_ts_free(&ts);
    mux_free(m);
}

static void test_alone(void **state)
{
    (void)state;
    static const int at[] = { 7, 17, 18, 19, 20, 21, 22, NB - 2 };
    static const int64_t by[] = { -1000 * STEP, -20 * STEP, -4 * STEP,
                                  4 * STEP,     20 * STEP,  1000 * STEP };
    static const struct {
        const char *encoder;
        uint8_t type;
        const char *params;
    } cases[] = { { "libx264", 0x1b, "b-pyramid=0:b-adapt=0" },
                  { "libx265", 0x24, "log-level=none:b-adapt=0" } };
    static struct picture p[NB];

    for (size_t k = 0; k < COUNT(cases); k++) {
        if (!encode(cases[k].encoder, 2, cases[k].params, 0, p))
            continue;
        for (size_t i = 0; i < COUNT(at) * COUNT(by); i++)
            if (at[i % COUNT(at)] < NB - 2 || by[i / COUNT(at)] < 0) /* it may be a pause */
                check_alone(p, cases[k].type, at[i % COUNT(at)], by[i / COUNT(at)]);
        for (int i = 0; i < NB; i++)
            free(p[i].p);
    }
}

/* Several pictures in a PES, or PES without a time, where the stream does not say how long pictures are shown:
 * the time of the next one that has one says it. */
static void test_no_rate(void **state)
{
    (void)state;
    static const struct {
        const char *encoder;
        uint8_t type;
        int b_frames, step;
        const char *params;
    } cases[] = {
        { "libx264", 0x1b, 0, 1500, "" },
        { "libx264", 0x1b, 2, 1500, "b-adapt=0:aud=1" },
        { "libx264", 0x1b, 2, 18000, "b-adapt=0" },
        { "libx265", 0x24, 2, 1500, "log-level=none:b-adapt=0" },
    };
    static struct picture p[NB];

    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!encode(cases[i].encoder, cases[i].b_frames, cases[i].params, cases[i].step, p))
            continue;
        for (int k = 2; k <= 8; k *= 2)
            for (enum said s = BOTH_TIMES; s <= PTS_ONLY; s++) {
                check(mux_pictures(p, cases[i].type, k, 1, s), p, 0);
                check(mux_pictures(p, cases[i].type, 1, k, s), p, 0);
            }
        for (int k = 0; k < NB; k++)
            free(p[k].p);
    }
}

/* ---- fields ---- */

struct bits {
    uint8_t p[64];
    int n;
};

static void u(struct bits *b, int n, unsigned v)
{
    for (; n > 0; n--, b->n++)
        b->p[b->n / 8] |= (uint8_t)((v >> (n - 1) & 1) << (7 - b->n % 8));
}

static void ue(struct bits *b, unsigned v)
{
    int n = 0;
    while ((v + 1) >> (n + 1))
        n++;
    u(b, n, 0);
    u(b, n + 1, v + 1);
}

static void add_nal(struct bytes *out, uint8_t header, struct bits *b)
{
    u(b, 1, 1);
    bytes_add(out, "\0\0\1", 3);
    bytes_add(out, &header, 1);
    bytes_add(out, b->p, (size_t)(b->n + 7) / 8);
}

/* 32x32, fields allowed, 50 of them in a second. */
static void add_field_sets(struct bytes *out)
{
    struct bits s = { { 0 }, 0 }, p = { { 0 }, 0 };

    u(&s, 24, 77 << 16 | 30);
    for (int i = 0; i < 8; i++) {
        static const unsigned v[8] = { 0, 0, 0, 4, 1, 0x80000000, 1, 0 };
        if (v[i] == 0x80000000)
            u(&s, 1, 0);
        else
            ue(&s, v[i]);
    }
    u(&s, 5, 5); /* not only frames, no MBAFF, direct 8x8, no cropping, VUI */
    u(&s, 5, 1); /* timing */
    u(&s, 32, 0x00010001);
    u(&s, 32, 50);
    u(&s, 5, 16);
    add_nal(out, 0x67, &s);
    ue(&p, 0);
    ue(&p, 0);
    u(&p, 2, 0);
    add_nal(out, 0x68, &p);
}

static void add_field(struct bytes *out, bool idr, bool bottom, unsigned count)
{
    struct bits b = { { 0 }, 0 };

    ue(&b, 0);
    ue(&b, 7);
    ue(&b, 0);
    u(&b, 4, count / 2);
    u(&b, 2, 2 + bottom);
    if (idr)
        ue(&b, 0);
    u(&b, 8, count);
    add_nal(out, idr ? 0x65 : 0x61, &b);
    bytes_add_random(out, 200);
}

static void test_fields(void **state)
{
    (void)state;
    enum { IN_ONE_PES, IN_TWO, IN_TWO_BUT_ONE_TIME, LAYOUTS };
    enum { NO_DELIMITERS, OF_FRAMES, OF_FIELDS, DELIMITERS };

    for (int layout = 0; layout < LAYOUTS; layout++) {
        for (int delimiters = 0; delimiters < DELIMITERS; delimiters++) {
            struct mux *m = mux_new();
            struct bytes b = { NULL, 0, 0 };
            mux_tables(m, 0x1b);
            for (unsigned i = 0; i < 20; i++) {
                const bool idr = i % 8 == 0;
                b.n = 0;
                if (delimiters)
                    bytes_add(&b, "\0\0\0\1\x09\x10", 6);
                if (idr)
                    add_field_sets(&b);
                add_field(&b, idr, false, i % 8 * 2);
                if (layout != IN_ONE_PES) {
                    mux_pes(m, VIDEO, 9000 + i * 3600, b.p, b.n);
                    b.n = 0;
                }
                if (delimiters == OF_FIELDS)
                    bytes_add(&b, "\0\0\0\1\x09\x10", 6);
                add_field(&b, false, true, i % 8 * 2 + 1);
                const int64_t second = layout == IN_TWO ? 10800 + i * 3600 : NOPTS;
                mux_pes(m, VIDEO, layout == IN_ONE_PES ? 9000 + i * 3600 : second, b.p, b.n);
            }
            struct trtc_ts *ts = trtc_ts_new(TRTC_VIDEO);
            struct trtc_ts_frame f;
            int n = 0;
            trtc_ts_feed(ts, m->out.p, m->out.n);
            trtc_ts_end(ts);
            for (; trtc_ts_next(ts, &f) == 1; n++) {
                assert_int_equal(f.pts_90k, 9000 + n * 1800);
                assert_int_equal(f.dts_90k, f.pts_90k);
                assert_int_equal(f.key, n % 16 == 0);
            }
            assert_int_equal(n, 40);
            trtc_ts_free(&ts);
            bytes_drop(&b);
            mux_free(m);
        }
    }
}

/* ---- where the stream says nothing of its order ---- */

/* Times of presentation in coding order; those above 99 are not said. */
static void run(const int *shown, int n, bool counts, int64_t *pts, int64_t *dts)
{
    struct trtc_picture_times t = { 0 };
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = -1 };

    for (int i = 0; i < n; i++) {
        struct trtc_picture_said s = { .dts = NOPTS, .next_pts = NOPTS, .sps = &sps };
        s.pts = shown[i] < 100 ? 90000 + shown[i] * STEP : NOPTS;
        s.order =
            (struct trtc_order){ .known = counts, .resets = i == 0, .count = shown[i] % 100 * 2 };
        for (int k = i + 1; k < n && s.next_pts == NOPTS; k++)
            if (k == i + 1 && shown[k] < 100)
                s.next_pts = 90000 + shown[k] * STEP;
        trtc_picture_time(&t, &s, &pts[i], &dts[i]);
    }
}

static void test_unknown_depth(void **state)
{
    (void)state;
    static const int orders[][16] = {
        { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 },
        { 0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 15 },
        { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11, 15, 13, 14 },
        { 0, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10, 9, 11, 15, 14, 13 },
        { 0, 1, 2, 6, 4, 3, 5, 7, 8, 12, 10, 9, 11, 13, 14, 15 },
        { 0, 8, 4, 2, 1, 3, 6, 5, 7, 12, 10, 9, 11, 15, 13, 14 },
    };

    for (size_t k = 0; k < COUNT(orders); k++) {
        for (int every = 1; every <= 16; every++) { /* has a time */
            int shown[16];
            int64_t pts[16], dts[16];
            for (int i = 0; i < 16; i++)
                shown[i] = orders[k][i] + (i % every ? 100 : 0);
            run(shown, 16, true, pts, dts);
            for (int i = 0; i < 16; i++) {
                assert_int_equal(pts[i], 90000 + orders[k][i] * STEP);
                assert_true(dts[i] <= pts[i]);
                assert_true(i == 0 || dts[i] > dts[i - 1]);
                if (k == 0)
                    assert_int_equal(dts[i], pts[i]);
            }
        }
        /* The counts are not known either: only their own times can be right. */
        int64_t pts[16], dts[16];
        run(orders[k], 16, false, pts, dts);
        for (int i = 0; i < 16; i++) {
            assert_int_equal(pts[i], 90000 + orders[k][i] * STEP);
            assert_true(dts[i] <= pts[i] && (i == 0 || dts[i] > dts[i - 1]));
        }
    }
}

/* Stamps that begin anew, pause, or repeat: what is said stays as it is. */
static void test_jumps(void **state)
{
    (void)state;
    static const int shown[] = { 50, 51, 52, 10, 11, 12, 90, 91, 93, 12, 12, 13 };
    int64_t pts[COUNT(shown)], dts[COUNT(shown)];

    for (int counts = 0; counts < 2; counts++) {
        run(shown, (int)COUNT(shown), counts, pts, dts);
        for (size_t i = 0; i < COUNT(shown); i++) {
            assert_int_equal(pts[i], 90000 + shown[i] * STEP);
            assert_true(dts[i] <= pts[i]);
            assert_true(pts[i] - dts[i] < 5 * STEP);
        }
    }
}

/* A muxer decodes a picture that is shown behind a pause in time for those that are shown before the pause: however
 * long that is, decoding times that go on are those of the stream, at its beginning as well. */
static void test_pause_in_group(void **state)
{
    (void)state;
    enum { PAUSE = 1200000 };
    static const int shown[] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8 };

    for (int first = 0; first < 2; first++) {
        struct trtc_picture_times t = { 0 };
        for (size_t i = first ? 4 : 0; i < COUNT(shown); i++) {
            const int64_t at = 900000 + shown[i] * STEP + (shown[i] >= 6 ? PAUSE : 0);
            const int64_t when = 900000 + ((int)i - 2) * STEP + (i >= 7 ? PAUSE : 0);
            const struct trtc_picture_said said = { .pts = at,
                                                    .dts = when,
                                                    .next_pts = NOPTS,
                                                    .next_dts = i == 6 ? NOPTS : when + STEP,
                                                    .clock = NOPTS,
                                                    .key = i == 0 };
            int64_t pts, dts;
            trtc_picture_time(&t, &said, &pts, &dts);
            assert_int_equal(pts, at);
            assert_int_equal(dts, when);
        }
    }
}

/* The same in a stream that states no decoding times: the picture after it shows that its clock has not jumped. */
static void test_pause_in_untimed_group(void **state)
{
    (void)state;
    enum { PAUSE = 1200000 };
    static const int shown[] = { 0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11 };

    for (int k = 0; k < 4; k++) {
        const bool counted = k & 1, open = k & 2; /* a group begins behind the pause */
        struct trtc_picture_times t = { 0 };
        int64_t last = INT64_MIN, at[COUNT(shown)];
        for (size_t i = 0; i < COUNT(shown); i++)
            at[i] = 900000 + shown[i] * STEP + (shown[i] >= 6 ? PAUSE : 0);
        for (size_t i = 0; i < COUNT(shown); i++) {
            const struct trtc_picture_said said = {
                .pts = at[i],
                .dts = NOPTS,
                .next_pts = i + 1 < COUNT(shown) ? at[i + 1] : NOPTS,
                .next_dts = NOPTS,
                .clock = NOPTS,
                .key = i == 0 || (open && i == 5),
                .order = { .known = counted, .resets = i == 0, .count = 2 * shown[i] },
            };
            int64_t pts, dts;
            assert_false(trtc_picture_is_off(&t, &said) && shown[i] < 6);
            trtc_picture_time(&t, &said, &pts, &dts);
            assert_int_equal(pts, at[i]);
            assert_true(dts <= pts && dts > last);
            if (i == 5) /* decoded before the last picture in front of the pause is shown */
                assert_true(dts < 900000 + 5 * STEP);
            last = dts;
        }
    }
}

/* A stream of a variable rate says how fine its clock is, and no more. What was learned of its pictures holds where
 * its stamps begin anew: the first one is decoded as much earlier as those before it. */
static void test_restart(void **state)
{
    (void)state;
    static const int shown[] = { 0, 2, 1, 4, 3, 6, 5, 0, 2, 1, 4, 3 };
    struct trtc_picture_times t = { 0 };
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = -1 };
    int64_t pts, dts;

    sps.order.tick_num = 1;
    sps.order.tick_units = 180000;
    for (size_t i = 0; i < COUNT(shown); i++) {
        const struct trtc_picture_said s = {
            .pts = 900000 + shown[i] * STEP,
            .dts = NOPTS,
            .next_pts = NOPTS,
            .clock = NOPTS,
            .order = { .known = true, .resets = shown[i] == 0, .count = shown[i] * 2 },
            .sps = &sps
        };
        trtc_picture_time(&t, &s, &pts, &dts);
        assert_int_equal(pts, s.pts);
        if (i >= 7)
            assert_int_equal(dts, 900000 + ((int)i - 8) * STEP);
    }
}

/* A picture, in steps: when it is shown, the stated decoding time, or NONE, and the right one. */
struct falling {
    int shown, said, dts;
};

enum { NONE = -1 };

/* The clock falls by 300 steps at the fifth picture. */
static void check_fall(const struct falling *v, int n)
{
    struct trtc_picture_times t = { 0 };
    const struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = 1 };

    for (int i = 0; i < n; i++) {
        const int64_t clock = 9000000 - (i < 4 ? 0 : 300 * STEP);
        const struct trtc_picture_said s = {
            .pts = clock + v[i].shown * STEP,
            .dts = v[i].said == NONE ? NOPTS : clock + v[i].said * STEP,
            .next_pts = NOPTS,
            .key = i == 0,
            .sps = &sps,
        };
        int64_t pts, dts;
        trtc_picture_time(&t, &s, &pts, &dts);
        assert_int_equal(pts, s.pts);
        assert_int_equal(dts, wrapped(clock + v[i].dts * STEP));
    }
}

/* The clock falls at a picture whose decoding time is not stated, since it is that of presentation. */
static void test_restart_at_b_picture(void **state)
{
    (void)state;
    static const struct falling v[] = { { 2, 1, 1 },    { 4, 2, 2 },    { 3, NONE, 3 },
                                        { 6, 4, 4 },    { 5, NONE, 5 }, { 8, 6, 6 },
                                        { 7, NONE, 7 }, { 10, 8, 8 },   { 9, NONE, 9 } };
    check_fall(v, COUNT(v));
}

/* The clock falls at a picture whose DTS is above its PTS, so that no decoding time is known there. */
static void test_restart_at_impossible_dts(void **state)
{
    (void)state;
    static const struct falling v[] = {
        { 1, 0, 0 }, { 2, 1, 1 }, { 3, 2, 2 }, { 4, 3, 3 }, { 5, 10, 5 }
    };
    check_fall(v, COUNT(v));
}

/* The clock falls behind the very first picture, before which none can be shown any more. */
static void test_fall_behind_first(void **state)
{
    (void)state;
    static const struct trtc_video_params sps[] = {
        { .codec = TRTC_CODEC_H264, .reorder_max = 0 },
        { .codec = TRTC_CODEC_H264, .reorder_max = 2 },
        { .codec = TRTC_CODEC_H265, .reorder_max = 0 },
    };

    for (size_t i = 0; i < COUNT(sps); i++) {
        struct trtc_picture_times t = { 0 };
        const struct trtc_picture_said s = { .pts = 9000000,
                                             .dts = NOPTS,
                                             .next_pts = 9000000 - 100 * STEP,
                                             .key = true,
                                             .order = { .known = true, .resets = true },
                                             .sps = &sps[i] };
        int64_t pts, dts;
        trtc_picture_time(&t, &s, &pts, &dts);
        assert_int_equal(pts, s.pts);
        assert_int_equal(dts, s.pts - sps[i].reorder_max * STEP);
    }
}

/* A stream of fields in frames may count from one on, by two: the first picture has no lower count. */
static void test_odd_counts(void **state)
{
    (void)state;
    static const int shown[] = { 0, 3, 1, 2, 6, 4, 5, 9, 7, 8 };
    struct trtc_picture_times t = { 0 };
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = 1 };
    int64_t pts, dts;

    sps.order.tick_num = 1;
    sps.order.tick_units = 50;
    for (int i = 0; i < (int)COUNT(shown); i++) {
        const bool more = i + 1 < (int)COUNT(shown);
        const struct trtc_picture_said s = {
            .pts = 900000 + shown[i] * STEP,
            .dts = NOPTS,
            .next_pts = more ? 900000 + shown[i + 1] * STEP : NOPTS,
            .clock = NOPTS,
            .order = { .known = true, .resets = i == 0, .count = shown[i] * 2 + 1 },
            .sps = &sps
        };
        trtc_picture_time(&t, &s, &pts, &dts);
        assert_int_equal(pts, s.pts);
        if (i > 0)
            assert_int_equal(dts, 900000 + (i - 1) * STEP);
    }
}

/* A segment cut out of the middle: the picture before the key one was shown behind those that are here. What
 * the counts are is not measured from a time that was only derived. */
static void test_measure(void **state)
{
    (void)state;
    static const struct {
        int shown, count, pts; /* count -1: not known; pts -1: none */
    } in[] = { { 0, -1, 0 }, { 1, -1, -1 }, { 3, 0, -1 }, { 6, 6, -1 }, { 4, 2, 4 },
               { 5, 4, -1 }, { 9, 12, -1 }, { 7, 8, -1 }, { 8, 10, 8 }, { 12, 18, -1 } };
    struct trtc_picture_times t = { 0 };
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = 1 };
    int64_t pts, dts;

    for (size_t i = 0; i < COUNT(in); i++) {
        const struct trtc_picture_said s = {
            .pts = in[i].pts < 0 ? NOPTS : 900000 + in[i].pts * STEP,
            .dts = NOPTS,
            .next_pts = NOPTS,
            .key = i == 2,
            .order = { .known = in[i].count >= 0, .resets = i == 2, .count = in[i].count },
            .sps = &sps
        };
        trtc_picture_time(&t, &s, &pts, &dts);
        if (i >= 4)
            assert_int_equal(pts, 900000 + in[i].shown * STEP);
    }
}

/* A segment cut behind a picture that is shown among the ones here: they do not wait for it for longer than pictures
 * are reordered. */
static void test_cut_group(void **state)
{
    (void)state;
    static const int from[] = { 8, 6, 5, 7 }; /* and so on; 4 is missing */
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H265, .reorder_max = 2 };

    for (int known = 0; known < 2; known++) {
        struct trtc_picture_times t = { 0 };
        int64_t pts, dts, before = 0;
        for (int i = 0; i < 60; i++) {
            const int shown = i < 3 ? (int[]){ 2, 1, 3 }[i] : from[(i - 3) % 4] + (i - 3) / 4 * 4;
            const int next = i < 2 ? 2 * i + 1 : from[(i - 2) % 4] + (i - 2) / 4 * 4;
            const struct trtc_picture_said s = { .pts = 900000 + shown * STEP,
                                                 .dts = NOPTS,
                                                 .next_pts = 900000 + next * STEP,
                                                 .order = { .known = known, .count = shown },
                                                 .sps = known ? &sps : NULL };
            trtc_picture_time(&t, &s, &pts, &dts);
            assert_int_equal(pts, s.pts);
            assert_true(i == 0 || dts > before);
            if (i > (known ? 8 : 24))
                assert_int_in_range(pts - dts, 0, 6 * STEP);
            before = dts;
        }
    }
}

/* The clock restarts at the key picture of an open group, of which pictures follow that are shown
 * before it: decoding times rise from there on, and stay close. */
static void test_open_restart(void **state)
{
    (void)state;
    static const int shown[] = {
        40, 44, 42, 41, 43, 48, 46, 45, 47, 4, 2, 1, 3, 8, 6, 5, 7, 12, 10
    };
    struct trtc_picture_times t = { 0 };
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H265, .reorder_max = 2 };
    int64_t pts, dts, before = 0;

    for (int i = 0; i < (int)COUNT(shown); i++) {
        const bool more = i + 1 < (int)COUNT(shown);
        const struct trtc_picture_said s = { .pts = 900000 + shown[i] * STEP,
                                             .dts = NOPTS,
                                             .next_pts =
                                                 more ? 900000 + shown[i + 1] * STEP : NOPTS,
                                             .next_key = i == 8,
                                             .key = i == 0 || i == 9,
                                             .order = { .known = true, .count = shown[i] },
                                             .sps = &sps };
        trtc_picture_time(&t, &s, &pts, &dts);
        assert_int_equal(pts, s.pts);
        assert_true(i == 0 || i == 9 || dts > before);
        assert_int_in_range(pts - dts, 0, 7 * STEP);
        before = dts;
    }
}

/* The same, and all pictures that are shown before the key picture are shown one after the other in front of it:
 * their counts say how many they are. */
static void test_open_restart_behind(void **state)
{
    (void)state;
    static const int count[] = { 40, 44, 42, 41, 43, 47, 46, 45, 48, 49 };
    struct trtc_picture_times t = { 0 };
    struct trtc_video_params sps = { .codec = TRTC_CODEC_H265, .reorder_max = 2 };
    int64_t pts, dts;

    for (int i = 0; i < (int)COUNT(count); i++) {
        const int next = i + 1 < (int)COUNT(count) ? i + 1 : i, restart = i < 5 ? 0 : 44;
        const struct trtc_picture_said s = {
            .pts = 900000 + (count[i] - restart) * STEP,
            .dts = NOPTS,
            .next_pts = 900000 + (count[next] - (next < 5 ? 0 : 44)) * STEP,
            .next_key = next == 5,
            .key = i == 0 || i == 5,
            .order = { .known = true, .count = count[i] },
            .sps = &sps,
        };
        trtc_picture_time(&t, &s, &pts, &dts);
        assert_int_equal(pts, s.pts);
        if (i == 5) /* two are reordered: so much earlier than the first that is shown */
            assert_int_equal(dts, 900000 + (1 - 2) * STEP);
    }
}

/* The clock falls within a group of pictures, and is back five groups later: decoding times fall and
 * rise with it, and none of the pictures moves. */
static void test_off_within_group(void **state)
{
    static const int order[] = { 3, 1, 0, 2 };
    static const int64_t fall[] = { 0, 3 * 90000, 3600 * 90000 };
    const struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = 2 };
    (void)state;
    for (int from = 20; from < 24; from++) {
        int64_t pts, dts, want[64] = { 0 };
        for (size_t way = 0; way < COUNT(fall); way++) {
            struct trtc_picture_times t = { 0 };
            for (int k = 0; k < 64; k++) {
                const int at = k ? (k - 1) / 4 * 4 + order[(k - 1) % 4] + 1 : 0;
                const int64_t by = k >= from && k < from + 20 ? fall[way] : 0;
                const struct trtc_picture_said said = {
                    .pts = START + at * STEP - by,
                    .dts = NOPTS,
                    .next_pts = NOPTS,
                    .key = k == 0,
                    .order = { .known = true, .resets = k == 0, .count = 2 * at },
                    .sps = &sps
                };
                trtc_picture_time(&t, &said, &pts, &dts);
                assert_int_equal(pts, wrapped(said.pts));
                if (way == 0)
                    want[k] = dts;
                assert_int_equal(dts, wrapped(want[k] - by));
            }
        }
    }
}

/* The encoder did not get a picture that would be shown in front of a later one, so that counts go on where times do
 * not: those shown before it are where they follow from the pictures before them. */
static void test_not_encoded(void **state)
{
    static const int order[] = { 3, 1, 0, 2 };
    const struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = 2 };
    (void)state;
    for (int gap = 20; gap < 28; gap++) { /* before the picture shown at this place */
        struct trtc_picture_times t = { 0 };
        int nb_off = 0;
        for (int k = 0; k < 64; k++) {
            const int at = k ? (k - 1) / 4 * 4 + order[(k - 1) % 4] + 1 : 0;
            int64_t pts, dts;
            struct trtc_picture_said said = {
                .pts = START + (at + (at >= gap)) * STEP,
                .dts = NOPTS,
                .next_pts = NOPTS,
                .key = k == 0,
                .order = { .known = true, .resets = k == 0, .count = 2 * at },
                .sps = &sps
            };
            nb_off += at < gap && trtc_picture_is_off(&t, &said);
            trtc_picture_time(&t, &said, &pts, &dts);
            assert_int_equal(pts, wrapped(said.pts));
        }
        assert_int_equal(nb_off, 0);
    }
}

/* The encoders do not free all of their own; it is not ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx264\nleak:libx265";
}

/* A stream that says that it reorders nothing: a time that falls a little is its clock's, and no picture before
 * it is decoded earlier than it is shown. */
static void test_small_fall(void **state)
{
    const struct trtc_video_params sps = { .codec = TRTC_CODEC_H264, .reorder_max = 0 };
    struct trtc_picture_times t = { 0 };
    (void)state;
    for (int k = 0; k < 8; k++) {
        const int64_t at = START + k * 6000 - (k >= 4 ? 9000 : 0);
        const struct trtc_picture_said said = { .pts = at,
                                                .dts = NOPTS,
                                                .next_pts = k == 3 ? at - 3000 : at + 6000,
                                                .order = { .known = true, .resets = k % 4 == 0 },
                                                .sps = &sps };
        int64_t pts, dts;
        trtc_picture_time(&t, &said, &pts, &dts);
        assert_int_equal(pts, at);
        assert_int_equal(dts, at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_fall),
        cmocka_unit_test(test_off_within_group),
        cmocka_unit_test(test_not_encoded),
        cmocka_unit_test(test_encoded),
        cmocka_unit_test(test_alone),
        cmocka_unit_test(test_no_rate),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_unknown_depth),
        cmocka_unit_test(test_jumps),
        cmocka_unit_test(test_pause_in_group),
        cmocka_unit_test(test_pause_in_untimed_group),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_restart_at_b_picture),
        cmocka_unit_test(test_restart_at_impossible_dts),
        cmocka_unit_test(test_fall_behind_first),
        cmocka_unit_test(test_odd_counts),
        cmocka_unit_test(test_open_restart),
        cmocka_unit_test(test_cut_group),
        cmocka_unit_test(test_open_restart_behind),
        cmocka_unit_test(test_measure),
    };

    av_log_set_level(AV_LOG_QUIET);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
