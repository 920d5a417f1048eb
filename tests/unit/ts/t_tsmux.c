/* SPDX-License-Identifier: MIT */
/* The MPEG-TS multiplexer: its packets one by one, what the demultiplexer makes of them, and
 * what libavformat makes of them, which must have nothing to say. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#include "recording/clock.h"
#include "ts/es.h"
#include "ts/ts.h"
#include "ts/tsmux.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define HZ       90000
#define WRAP     (INT64_C(1) << 33)

enum { PMT = 0x1000, VIDEO = 0x100, AUDIO = 0x101 };

#ifdef __SANITIZE_ADDRESS__ /* libx265 itself leaks */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libx265\n";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
#endif

static uint32_t seed = 1;

static uint32_t rnd(void)
{
    seed = seed * 1664525 + 1013904223;
    return seed >> 8;
}

/* ---- bytes ---- */

struct bytes {
    uint8_t *p;
    size_t n, cap;
    size_t blocks;      /* as a sink: calls, */
    size_t block_max;   /* the largest of them, */
    size_t fail_behind; /* and the one that fails, 0: none */
};

static void add(struct bytes *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2;
        b->p = realloc(b->p, b->cap);
        assert_non_null(b->p);
    }
    if (n)
        memcpy(b->p + b->n, p, n);
    b->n += n;
}

static void add_random(struct bytes *b, size_t n)
{
    while (n-- > 0) {
        const uint8_t c = (uint8_t)(2 + rnd() % 250); /* no start code, no sync word of ADTS */
        add(b, &c, 1);
    }
}

static void drop(struct bytes *b)
{
    free(b->p);
    *b = (struct bytes){ 0 };
}

static int collect(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err)
{
    struct bytes *b = opaque;

    assert_true(size > 0);
    assert_int_equal(size % 188, 0);
    b->blocks++;
    if (b->fail_behind && b->blocks > b->fail_behind)
        return trtc_fail(err, TRTC_EX_IOERR, "the sink is full");
    if (size > b->block_max)
        b->block_max = size;
    add(b, data, size);
    return 0;
}

/* ---- frames ---- */

struct frame {
    struct bytes data; /* as it shall come back */
    bool video, key;
    int64_t pts, dts;
};

struct frames {
    struct frame *f;
    size_t n, cap;
};

static struct frame *new_frame(struct frames *to, bool video, int64_t pts, int64_t dts, bool key)
{
    if (to->n == to->cap) {
        to->cap = to->cap ? 2 * to->cap : 64;
        to->f = realloc(to->f, to->cap * sizeof *to->f);
        assert_non_null(to->f);
    }
    to->f[to->n] = (struct frame){
        .video = video, .key = key, .pts = pts & (WRAP - 1), .dts = dts & (WRAP - 1)
    };
    return &to->f[to->n++];
}

static void frames_fini(struct frames *f)
{
    for (size_t i = 0; i < f->n; i++)
        drop(&f->f[i].data);
    free(f->f);
    *f = (struct frames){ 0 };
}

static const char *aud_of(enum trtc_codec codec, size_t *n)
{
    *n = codec == TRTC_CODEC_H265 ? 7 : 6;
    return codec == TRTC_CODEC_H265 ? "\0\0\0\1\x46\1\x50" : "\0\0\0\1\x09\xf0";
}

static void add_slice(struct bytes *b, enum trtc_codec codec, bool key, size_t n)
{
    if (codec == TRTC_CODEC_H265)
        add(b, key ? "\0\0\0\1\x26\1\x80" : "\0\0\0\1\x02\1\x80", 7);
    else
        add(b, key ? "\0\0\0\1\x65\x88" : "\0\0\0\1\x41\x9a", 6);
    add_random(b, n);
}

static void add_adts(struct bytes *b, size_t n)
{
    const uint8_t h[7] = { 0xff,
                           0xf1,
                           0x4c,
                           (uint8_t)(0x80 | n >> 11),
                           (uint8_t)(n >> 3),
                           (uint8_t)((n & 7) << 5 | 31),
                           0xfc };

    add(b, h, 7);
    add_random(b, n - 7);
}

/* ---- packets, looked at one by one ---- */

struct pes {
    int pid;
    struct bytes data; /* of the payload */
    unsigned length;   /* as declared, 0: none */
    size_t size;       /* what that should be */
    int64_t pts, dts;
    bool random_access;
    size_t at; /* number of its first packet */
};

struct walk {
    int cc[8192]; /* of the last packet with payload, -1: none yet */
    struct pes *pes;
    size_t nb_pes;
    size_t nb_packets, nb_clock_only, nb_pcr, nb_tables;
    int version, nb_tracks; /* of the last PMT */
    int nb_jumps;
    int pcr_pid;
    int64_t pcr; /* the last one */
    int64_t pcr_gap_max;
};

static void walk_init(struct walk *w)
{
    *w = (struct walk){ .pcr = -1 };
    for (size_t i = 0; i < COUNT(w->cc); i++)
        w->cc[i] = -1;
}

static void walk_drop_pes(struct walk *w)
{
    for (size_t i = 0; i < w->nb_pes; i++)
        drop(&w->pes[i].data);
    free(w->pes);
    w->pes = NULL;
    w->nb_pes = 0;
}

static int64_t get_time(const uint8_t *p, int prefix)
{
    assert_int_equal(p[0] >> 4, prefix);
    assert_true(p[0] & p[2] & p[4] & 1);
    return (int64_t)(p[0] >> 1 & 7) << 30 | p[1] << 22 | (p[2] >> 1) << 15 | p[3] << 7 | p[4] >> 1;
}

static void walk_pes_start(struct walk *w, int pid, const uint8_t *p, size_t n, bool random_access)
{
    w->pes = realloc(w->pes, (w->nb_pes + 1) * sizeof *w->pes);
    assert_non_null(w->pes);

    struct pes *e = &w->pes[w->nb_pes++];
    *e = (struct pes){ .pid = pid, .random_access = random_access, .at = w->nb_packets };
    assert_true(n >= 14);
    assert_memory_equal(p, "\0\0\1", 3);
    assert_int_equal(p[3], pid == VIDEO ? 0xe0 : 0xc0);
    e->length = (unsigned)p[4] << 8 | p[5];
    assert_int_equal(p[6], 0x84);
    e->pts = e->dts = get_time(p + 9, p[7] == 0xc0 ? 3 : 2);
    if (p[7] == 0xc0) {
        e->dts = get_time(p + 14, 1);
        assert_true(e->dts != e->pts);
    } else {
        assert_int_equal(p[7], 0x80);
    }
    assert_int_equal(p[8], p[7] == 0xc0 ? 10 : 5);
    e->size = 3u + p[8];
    add(&e->data, p + 9 + p[8], n - 9 - p[8]);
    /* What is decoded then has come by then. */
    if (w->pcr >= 0 && w->nb_jumps == 0 && pid == w->pcr_pid)
        assert_int_in_range(trtc_ts_diff(e->dts, w->pcr), 5670, TRTC_TSMUX_DELAY_90K);
}

static void walk_pcr(struct walk *w, const uint8_t *p, bool jump)
{
    const int64_t pcr = (int64_t)p[0] << 25 | p[1] << 17 | p[2] << 9 | p[3] << 1 | p[4] >> 7;

    assert_int_equal(p[4] & 0x7f, 0x7e);
    assert_int_equal(p[5], 0);
    w->nb_jumps += jump;
    w->nb_pcr++;
    if (w->pcr >= 0 && !jump) {
        const int64_t gap = trtc_ts_diff(pcr, w->pcr);
        assert_true(gap > 0);
        if (gap > w->pcr_gap_max)
            w->pcr_gap_max = gap;
    }
    w->pcr = pcr;
}

static void walk_table(struct walk *w, const uint8_t *p, int pid)
{
    w->nb_tables++;
    if (pid != PMT)
        return;
    w->pcr_pid = (p[13] & 0x1f) << 8 | p[14];
    w->version = p[10] >> 1 & 31;
    w->nb_tracks = (((p[6] & 15) << 8 | p[7]) - 13) / 5;
}

/* The packets of one segment; the counters go on from the one before. */
static void walk_segment(struct walk *w, const uint8_t *p, size_t n)
{
    const size_t first = w->nb_packets;

    w->pcr = -1;
    walk_drop_pes(w);
    assert_int_equal(n % 188, 0);
    for (const uint8_t *end = p + n; p < end; p += 188, w->nb_packets++) {
        const int pid = (p[1] & 0x1f) << 8 | p[2];
        const bool start = p[1] & 0x40, payload = p[3] & 0x10, field = p[3] & 0x20;
        size_t at = 4;
        uint8_t flags = 0;

        assert_int_equal(p[0], 0x47);
        assert_int_equal(p[1] & 0xa0, 0);
        assert_int_equal(p[3] & 0xc0, 0);
        assert_true(payload || field);
        if (w->cc[pid] >= 0 || payload)
            assert_int_equal(p[3] & 15, (w->cc[pid] + payload) & 15);
        if (payload)
            w->cc[pid] = p[3] & 15;
        if (w->nb_packets - first < 2)
            assert_int_equal(pid, w->nb_packets == first ? 0 : PMT);
        if (pid == 0 || pid == PMT) {
            walk_table(w, p, pid);
            assert_true(start && !field);
            continue;
        }
        if (field) {
            const size_t len = p[4];
            size_t used = 1;

            assert_true(payload ? len <= 182 : len == 183);
            at = 5 + len;
            flags = len ? p[5] : 0;
            assert_int_equal(flags & 0x2f, 0);
            if (flags & 0x10) {
                assert_int_equal(pid, w->pcr_pid);
                walk_pcr(w, p + 6, flags & 0x80);
                used += 6;
            }
            for (; used < len; used++)
                assert_int_equal(p[5 + used], 0xff);
        }
        if (!payload) {
            w->nb_clock_only++;
            continue;
        }
        assert_true(pid == VIDEO || pid == AUDIO);
        if (start) {
            walk_pes_start(w, pid, p + at, 188 - at, flags & 0x40);
        } else {
            assert_int_equal(flags, 0);
            struct pes *e = NULL;
            for (size_t i = w->nb_pes; i-- > 0 && !e;)
                if (w->pes[i].pid == pid)
                    e = &w->pes[i];
            assert_non_null(e);
            add(&e->data, p + at, 188 - at);
        }
    }
    for (size_t i = 0; i < w->nb_pes; i++) {
        struct pes *e = &w->pes[i];
        const size_t size = e->size + e->data.n;
        if (e->pid == AUDIO || size <= 65535)
            assert_int_equal(e->length, size);
        else
            assert_int_equal(e->length, 0);
    }
}

/* ---- through the multiplexer ---- */

static struct trtc_tsmux *new_mux(enum trtc_codec video, enum trtc_codec audio, struct bytes *out)
{
    struct trtc_err err = { 0 };
    struct trtc_tsmux *m = trtc_tsmux_new(video, audio, collect, out, &err);

    assert_non_null(m);
    return m;
}

static void begin(struct trtc_tsmux *m)
{
    assert_int_equal(trtc_tsmux_begin(m, NULL), 0);
}

static void end(struct trtc_tsmux *m, size_t want)
{
    int64_t bytes = -1;

    assert_int_equal(trtc_tsmux_end(m, &bytes, NULL), 0);
    if (want)
        assert_int_equal(bytes, want);
}

/* The time of day that a stream is told to report is what its reader finds. */
static void test_time(void **state)
{
    struct bytes out = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_NONE, TRTC_CODEC_AAC, &out);
    struct trtc_ts *ts = trtc_ts_new(TRTC_AUDIO);
    struct trtc_ts_frame f;
    (void)state;
    trtc_tsmux_tell_time(m, INT64_C(1767225600495000), 63000);
    begin(m);
    end(m, 0);
    assert_non_null(ts);
    trtc_ts_feed(ts, out.p, out.n);
    trtc_ts_end(ts);
    assert_int_equal(trtc_ts_next(ts, &f), 0);
    assert_true(trtc_ts_stats(ts)->tells_time);
    assert_int_equal(trtc_ts_stats(ts)->utc_us, INT64_C(1767225600495000));
    assert_int_equal(trtc_ts_stats(ts)->utc_90k, 63000);
    trtc_ts_free(&ts);
    trtc_tsmux_free(&m);
    free(out.p);
}

/* The bytes are copies of their own size, so that the sanitizer sees a byte too far. */
static void video_sets(struct trtc_tsmux *m, const struct bytes *au, const struct bytes *sets,
                       int64_t pts, int64_t dts, bool key)
{
    uint8_t *copy = malloc(au->n);
    uint8_t *s = sets ? malloc(sets->n) : NULL;

    memcpy(copy, au->p, au->n);
    if (s)
        memcpy(s, sets->p, sets->n);
    assert_int_equal(
        trtc_tsmux_video(m,
                         &(struct trtc_tsmux_picture){
                             { copy, au->n }, { s, sets ? sets->n : 77 }, pts, dts, key },
                         NULL),
        0);
    memset(copy, 0xa5, au->n);
    free(copy);
    free(s);
}

static void video(struct trtc_tsmux *m, const struct bytes *au, int64_t pts, int64_t dts, bool key)
{
    video_sets(m, au, NULL, pts, dts, key);
}

static void audio(struct trtc_tsmux *m, const struct bytes *adts, int64_t pts)
{
    uint8_t *copy = malloc(adts->n);

    memcpy(copy, adts->p, adts->n);
    assert_int_equal(trtc_tsmux_audio(m, copy, adts->n, pts, NULL), 0);
    memset(copy, 0xa5, adts->n);
    free(copy);
}

/* Demultiplexes a segment and compares with the frames first.. of want, each kind in its order.
 * slack: by how much the time of a sound frame may be off. */
static void assert_demuxed(const uint8_t *p, size_t n, const struct frames *want, int64_t slack)
{
    struct trtc_ts *ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    struct trtc_ts_frame f;
    size_t at[2] = { 0, 0 };

    assert_non_null(ts);
    trtc_ts_feed(ts, p, n);
    for (bool ended = false;;) {
        if (trtc_ts_next(ts, &f) == 0) {
            if (ended)
                break;
            trtc_ts_end(ts);
            ended = true;
            continue;
        }
        size_t *i = &at[f.stream->video];
        while (*i < want->n && want->f[*i].video != f.stream->video)
            ++*i;
        assert_true(*i < want->n);
        const struct frame *w = &want->f[(*i)++];
        assert_int_equal(f.size, w->data.n);
        assert_memory_equal(f.data, w->data.p, f.size);
        assert_true(llabs(trtc_ts_diff(f.pts_90k, w->pts)) <= (w->video ? 0 : slack));
        assert_true(llabs(trtc_ts_diff(f.dts_90k, w->dts)) <= (w->video ? 0 : slack));
        assert_int_equal(f.key, w->key);
        assert_false(f.damaged);
    }
    for (int k = 0; k < 2; k++)
        for (size_t i = at[k]; i < want->n; i++)
            assert_int_not_equal(want->f[i].video, k);
    const struct trtc_ts_stats *s = trtc_ts_stats(ts);
    assert_int_equal(s->nb_packets, n / 188);
    assert_int_equal(s->nb_lost, 0);
    assert_int_equal(s->nb_bad, 0);
    assert_false(s->partial_tail);
    trtc_ts_free(&ts);
}

/* ---- the tests ---- */

static void test_new(void **state)
{
    static const struct {
        enum trtc_codec video, audio;
        bool ok;
        size_t section; /* bytes of the PMT behind its length */
        const char *want;
    } t[] = {
        { TRTC_CODEC_H264, TRTC_CODEC_AAC, true, 23, "\x1b\xe1\0\xf0\0\x0f\xe1\1\xf0\0" },
        { TRTC_CODEC_H265, TRTC_CODEC_AAC, true, 23, "\x24\xe1\0\xf0\0\x0f\xe1\1\xf0\0" },
        { TRTC_CODEC_H265, TRTC_CODEC_NONE, true, 18, "\x24\xe1\0\xf0\0" },
        { TRTC_CODEC_NONE, TRTC_CODEC_AAC, true, 18, "\x0f\xe1\1\xf0\0" },
        { TRTC_CODEC_NONE, TRTC_CODEC_NONE, false, 0, NULL },
        { TRTC_CODEC_AAC, TRTC_CODEC_NONE, false, 0, NULL },
        { TRTC_CODEC_OTHER, TRTC_CODEC_AAC, false, 0, NULL },
        { TRTC_CODEC_H264, TRTC_CODEC_OTHER, false, 0, NULL },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes out = { 0 };
        struct trtc_err err = { 0 };
        struct trtc_tsmux *m = trtc_tsmux_new(t[i].video, t[i].audio, collect, &out, &err);

        assert_int_equal(!!m, t[i].ok);
        if (!m) {
            assert_int_equal(err.code, TRTC_EX_SOFTWARE);
            continue;
        }
        begin(m);
        end(m, 376);
        assert_int_equal(out.n, 376);
        /* The CRC of these 12 bytes is 2a b1 04 b2, as in the streams of everybody who has
         * this PAT. */
        assert_memory_equal(out.p, "\x47\x40\0\x10\0\0\xb0\x0d\0\1\xc1\0\0\0\1\xf0\0\x2a\xb1\4\xb2",
                            21);
        assert_memory_equal(out.p + 188, "\x47\x50\0\x10\0\2\xb0", 7);
        assert_int_equal(out.p[195], t[i].section);
        assert_memory_equal(out.p + 201, t[i].video ? "\xe1\0\xf0\0" : "\xe1\1\xf0\0", 4);
        assert_memory_equal(out.p + 205, t[i].want, t[i].section - 13);
        for (size_t k = 188 + 8 + t[i].section; k < 376; k++)
            assert_int_equal(out.p[k], 0xff);
        trtc_tsmux_free(&m);
        assert_null(m);
        drop(&out);
    }
    struct trtc_tsmux *none = NULL;
    trtc_tsmux_free(&none);
}

/* Payloads of every small length, in the first packet and behind it, with and without PCR, key
 * flag and DTS: the stuffing. */
static void test_stuffing(void **state)
{
    struct bytes out = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_H264, TRTC_CODEC_AAC, &out);
    struct walk w;

    (void)state;
    walk_init(&w);
    for (size_t n = 1; n <= 400; n++) {
        for (int mode = 0; mode < 4; mode++) {
            struct bytes au = { 0 }, sound = { 0 };
            const int64_t dts = (int64_t)n * 3000, pts = dts + (mode & 1 ? 6000 : 0);

            add_random(&au, n);
            add_random(&sound, n);
            out.n = 0;
            begin(m);
            video(m, &au, pts, dts, mode & 2);
            audio(m, &sound, dts);
            video(m, &au, pts, dts, mode & 2); /* the clock stands: no PCR */
            end(m, 0);
            walk_segment(&w, out.p, out.n);
            assert_int_equal(w.nb_pes, 3);
            for (int i = 0; i < 2; i++) {
                assert_int_equal(w.pes[i].pid, VIDEO);
                assert_int_equal(w.pes[i].pts, pts);
                assert_int_equal(w.pes[i].dts, dts);
                assert_int_equal(w.pes[i].random_access, !!(mode & 2));
                assert_int_equal(w.pes[i].data.n, n + 6);
                assert_memory_equal(w.pes[i].data.p, "\0\0\0\1\x09\xf0", 6);
                assert_memory_equal(w.pes[i].data.p + 6, au.p, n);
            }
            assert_int_equal(w.pes[2].pid, AUDIO);
            assert_int_equal(w.pes[2].data.n, n);
            assert_memory_equal(w.pes[2].data.p, sound.p, n);
            drop(&au);
            drop(&sound);
        }
    }
    assert_int_equal(w.nb_jumps, 0);
    assert_int_equal(w.nb_pcr, 1600);
    assert_int_equal(w.nb_clock_only, 0);
    walk_drop_pes(&w);
    trtc_tsmux_free(&m);
    drop(&out);
}

/* Large pictures: up to the last one whose PES can tell its length, and far beyond, over many
 * blocks of the sink. */
static void test_large(void **state)
{
    static const size_t sizes[] = { 65000, 65520, 65521, 65522, 65526,  65527,
                                    65528, 65535, 65536, 70000, 262072, 3000000 };
    struct bytes out = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_H264, TRTC_CODEC_NONE, &out);
    struct frames want = { 0 };
    struct walk w;
    int64_t t = 1000;
    size_t sum = 0;

    (void)state;
    walk_init(&w);
    begin(m);
    for (size_t i = 0; i < COUNT(sizes); i++, t += 3000) {
        struct frame *f = new_frame(&want, true, t + 3000, t, i % 3 == 0);
        add(&f->data, "\0\0\0\1\x09\xf0", 6);
        add_slice(&f->data, TRTC_CODEC_H264, f->key, sizes[i] - 12);
        assert_int_equal(f->data.n, sizes[i]);
        video(m, &f->data, f->pts, f->dts, f->key);
        sum += sizes[i];
    }
    end(m, 0);
    walk_segment(&w, out.p, out.n);
    assert_int_equal(w.nb_pes, COUNT(sizes));
    assert_demuxed(out.p, out.n, &want, 0);
    assert_true(out.block_max <= 262144 && out.block_max > 250000);
    assert_true(out.blocks >= out.n / 262144 && out.blocks <= out.n / 262144 + 2);
    assert_true(out.n < sum / 184 * 188 + 188 * (COUNT(sizes) + 4));
    walk_drop_pes(&w);
    frames_fini(&want);
    trtc_tsmux_free(&m);
    drop(&out);
}

/* Access unit delimiters, there and not there, and parameter sets to go behind them. */
static void test_delimiters(void **state)
{
    static const struct {
        enum trtc_codec codec;
        const char *au;
        size_t n;
        size_t own; /* bytes of its delimiter */
    } t[] = {
        { TRTC_CODEC_H264, "\0\0\0\1\x65\x88\x11", 7, 0 },
        { TRTC_CODEC_H264, "\0\0\1\x65\x88\x11", 6, 0 },
        { TRTC_CODEC_H264, "\0\0\0\1\x09\x10\0\0\1\x65\x88", 11, 6 },
        { TRTC_CODEC_H264, "\0\0\0\1\x09\x10\0\0\0\1\x65\x88", 12, 6 },
        { TRTC_CODEC_H264, "\0\0\1\x09\xf0\0\0\0\0\0\1\x65\x88", 13, 5 },
        { TRTC_CODEC_H264, "\0\0\0\0\0\1\x29\xf0\0\0\1\x65\x88", 13, 8 },
        { TRTC_CODEC_H264, "\0\0\0\1\x09\xf0", 6, 6 },
        { TRTC_CODEC_H264, "\0\0\0\1\x09", 5, 5 },
        { TRTC_CODEC_H264, "\0\0\0\1", 4, 0 },
        { TRTC_CODEC_H264, "\0\0\0\0", 4, 0 },
        { TRTC_CODEC_H264, "\0", 1, 0 },
        { TRTC_CODEC_H264, "\0\1\x09\xf0\0\0\1\x65\x88", 9, 0 },
        { TRTC_CODEC_H264, "\0\0\0\1\x46\1\x50\0\0\1\x65\x88", 12, 0 },
        { TRTC_CODEC_H265, "\0\0\0\1\x26\1\x80\x11", 8, 0 },
        { TRTC_CODEC_H265, "\0\0\0\1\x09\xf0\0\0\1\x26\1\x80", 12, 0 },
        { TRTC_CODEC_H265, "\0\0\0\1\x46\1\x10\0\0\1\x26\1\x80\x11", 14, 7 },
        { TRTC_CODEC_H265, "\0\0\1\x46\1\x50\0\0\0\1\x26\1\x80\x11", 14, 6 },
    };
    struct bytes sets = { 0 };

    (void)state;
    add(&sets, "\0\0\0\1\x67\x42\x01\x1e\0\0\0\1\x68\xce\x38\x80", 16);
    for (size_t i = 0; i < COUNT(t); i++) {
        for (int with = 0; with < 2; with++) {
            struct bytes out = { 0 }, au = { 0 }, want = { 0 };
            struct trtc_tsmux *m = new_mux(t[i].codec, TRTC_CODEC_NONE, &out);
            struct walk w;
            size_t n;

            add(&au, t[i].au, t[i].n);
            if (t[i].own) {
                add(&want, au.p, t[i].own);
            } else {
                const char *aud = aud_of(t[i].codec, &n);
                add(&want, aud, n);
            }
            if (with)
                add(&want, sets.p, sets.n);
            add(&want, au.p + t[i].own, au.n - t[i].own);

            walk_init(&w);
            begin(m);
            assert_int_equal(trtc_tsmux_video(m, &(struct trtc_tsmux_picture){ .key = true }, NULL),
                             0);
            video_sets(m, &au, with ? &sets : NULL, 90000, 90000, true);
            end(m, 0);
            walk_segment(&w, out.p, out.n);
            assert_int_equal(w.nb_pes, 1);
            assert_int_equal(w.pes[0].data.n, want.n);
            assert_memory_equal(w.pes[0].data.p, want.p, want.n);
            walk_drop_pes(&w);
            trtc_tsmux_free(&m);
            drop(&out);
            drop(&au);
            drop(&want);
        }
    }
    drop(&sets);
}

/* Pictures in decoding order with two of reordering, sound in between, over the wrap of the
 * clock or not; all comes back. */
static void round_trip(enum trtc_codec codec, int64_t t0, int64_t ahead)
{
    struct bytes out = { 0 }, sets = { 0 };
    struct trtc_tsmux *m = new_mux(codec, TRTC_CODEC_AAC, &out);
    struct frames want = { 0 };
    struct walk w;
    int64_t heard = 0;

    walk_init(&w);
    if (codec == TRTC_CODEC_H265)
        add(&sets, "\0\0\0\1\x40\1\x0c\x01\0\0\0\1\x42\1\x01\x01\0\0\0\1\x44\1\xc1", 23);
    else
        add(&sets, "\0\0\0\1\x67\x42\x01\x1e\0\0\0\1\x68\xce\x38\x80", 16);
    begin(m);
    for (int64_t i = 0; i < 300; i++) {
        static const int order[4] = { 1, 4, 2, 3 };
        const int64_t dts = t0 + i * 3600, pts = t0 + (i / 4 * 4 + order[i % 4]) * 3600;
        const bool key = i % 48 == 0;

        for (; heard * 1920 < i * 3600 + ahead; heard++) {
            struct frame *f = new_frame(&want, false, t0 + heard * 1920, t0 + heard * 1920, true);
            add_adts(&f->data, 8 + rnd() % (rnd() % 50 ? 400 : 8000));
            audio(m, &f->data, t0 + heard * 1920); /* not yet wrapped */
        }

        struct frame *f = new_frame(&want, true, pts, dts, key);
        struct bytes au = { 0 };
        size_t n;
        const char *aud = aud_of(codec, &n);

        add_slice(&au, codec, key, rnd() % (key ? 90000 : 2000));
        add(&f->data, aud, n);
        if (key)
            add(&f->data, sets.p, sets.n);
        add(&f->data, au.p, au.n);
        if (i % 5 == 0) { /* its own delimiter */
            struct bytes b = { 0 };
            add(&b, aud, n);
            add(&b, au.p, au.n);
            drop(&au);
            au = b;
        }
        video_sets(m, &au, key ? &sets : NULL, pts, dts, key);
        drop(&au);
    }
    end(m, 0);
    walk_segment(&w, out.p, out.n);
    assert_int_equal(w.nb_jumps, 0);
    assert_true(w.pcr_gap_max <= 9000);
    assert_demuxed(out.p, out.n, &want, 0);
    walk_drop_pes(&w);
    frames_fini(&want);
    trtc_tsmux_free(&m);
    drop(&sets);
    drop(&out);
}

static void test_round_trip(void **state)
{
    static const int64_t t0[] = { 0,       12345,           WRAP - 5 * HZ, WRAP - 1, WRAP / 2 - HZ,
                                  -3 * HZ, 5 * WRAP - 63000 };

    (void)state;
    for (size_t i = 0; i < COUNT(t0); i++)
        round_trip(i & 1 ? TRTC_CODEC_H265 : TRTC_CODEC_H264, t0[i], (int64_t)i * 9000 - 18000);
}

/* The clock: at least every 100 ms, whatever the pictures do. */
static void test_clock(void **state)
{
    static const struct {
        int64_t picture, sound; /* ticks between them, 0: none */
        int64_t ahead;          /* of the sound, in the order of calls */
    } t[] = {
        { 3000, 0, 0 },      { 9000, 0, 0 },         { 9001, 0, 0 },
        { 18000, 0, 0 },     { 5 * HZ, 0, 0 },       { 0, 1920, 0 },
        { 0, 11520, 0 },     { 3000, 1920, 0 },      { 3000, 1920, 40000 },
        { HZ, 1920, 0 },     { 5 * HZ, 1920, 0 },    { 5 * HZ, 1920, -20000 },
        { HZ, 1920, 50000 }, { 3000, 1920, -50000 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes out = { 0 }, au = { 0 }, adts = { 0 };
        const bool pictures = t[i].picture, sounds = t[i].sound;
        struct trtc_tsmux *m = new_mux(pictures ? TRTC_CODEC_H264 : TRTC_CODEC_NONE,
                                       sounds ? TRTC_CODEC_AAC : TRTC_CODEC_NONE, &out);
        const int64_t t0 = WRAP - 7 * HZ;
        struct walk w;
        int64_t seen = 0, heard = 0;

        walk_init(&w);
        add_slice(&au, TRTC_CODEC_H264, true, 100);
        add_adts(&adts, 200);
        begin(m);
        while (seen < 20 * HZ && heard < 20 * HZ) {
            if (pictures && (!sounds || seen <= heard - t[i].ahead)) {
                video(m, &au, t0 + seen, t0 + seen, true);
                seen += t[i].picture;
            } else {
                audio(m, &adts, t0 + heard);
                heard += t[i].sound;
            }
        }
        end(m, 0);
        walk_segment(&w, out.p, out.n);
        assert_int_equal(w.pcr_pid, pictures ? VIDEO : AUDIO);
        assert_int_equal(w.nb_jumps, 0);
        assert_int_in_range(w.pcr_gap_max, 1, 9000);
        assert_true(w.nb_pcr >= 14 * 10);
        /* No more of them than needed. */
        assert_true(w.nb_clock_only <= 20 * HZ / 8100 + 2);
        if (pictures && t[i].picture <= 9000 && !sounds)
            assert_int_equal(w.nb_clock_only, 0);
        for (size_t k = 0; k < w.nb_pes; k++)
            assert_true(w.pes[k].random_access || pictures);
        walk_drop_pes(&w);
        trtc_tsmux_free(&m);
        drop(&au);
        drop(&adts);
        drop(&out);
    }
}

/* Time stamps that leap inside a segment: the clock goes with those of the pictures, and says
 * so. */
static void test_jumps(void **state)
{
    static const struct {
        int64_t picture, sound; /* from the 25th on */
        int jumps;
    } t[] = {
        { 9 * HZ, 9 * HZ, 0 },   { 11 * HZ, 11 * HZ, 1 },     { -11 * HZ, -11 * HZ, 1 },
        { -HZ / 2, -HZ / 2, 0 }, { 3600 * HZ, 3600 * HZ, 1 }, { WRAP / 2 - 1, 0, 1 },
        { 0, 20 * HZ, 0 },       { 0, -20 * HZ, 0 },          { 20 * HZ, 0, 1 },
    };
    struct bytes out = { 0 }, au = { 0 }, adts = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_H264, TRTC_CODEC_AAC, &out);
    struct walk w;

    (void)state;
    walk_init(&w);
    add_slice(&au, TRTC_CODEC_H264, true, 100);
    add_adts(&adts, 200);
    for (size_t i = 0; i < COUNT(t); i++) {
        out.n = 0;
        w.nb_jumps = 0;
        begin(m);
        for (int64_t k = 0; k < 50; k++) {
            const int64_t at = 777 + k * 3000;
            video(m, &au, at + (k >= 25 ? t[i].picture : 0), at + (k >= 25 ? t[i].picture : 0),
                  true);
            audio(m, &adts, at + (k >= 25 ? t[i].sound : 0));
        }
        end(m, 0);
        walk_segment(&w, out.p, out.n);
        assert_int_equal(w.nb_jumps, t[i].jumps);
        assert_int_in_range(w.pcr_gap_max, 1, 9000);
        assert_true(w.nb_clock_only < 150);
    }
    walk_drop_pes(&w);
    trtc_tsmux_free(&m);
    drop(&au);
    drop(&adts);
    drop(&out);
}

/* How sound frames share PES packets. */
static void test_sound(void **state)
{
    static const struct {
        size_t size;
        int64_t step, jitter; /* ticks; jitter: to and fro */
        int gap_at;
        int64_t gap;
        size_t per_pes; /* the most, 0: whatever */
    } t[] = {
        { 100, 1920, 0, 0, 0, 7 },    { 1450, 1920, 0, 0, 0, 2 },    { 1000, 1920, 0, 0, 0, 2 },
        { 1451, 1920, 0, 0, 0, 1 },   { 8191, 1920, 0, 0, 0, 1 },    { 414, 1920, 0, 0, 0, 7 },
        { 415, 1920, 0, 0, 0, 6 },    { 100, 1920, 45, 0, 0, 7 },    { 100, 1920, 91, 0, 0, 0 },
        { 100, 1920, 0, 33, 900, 7 }, { 100, 1920, 0, 33, -900, 7 }, { 100, 1921, 0, 0, 0, 7 },
        { 100, 960, 0, 0, 0, 1 },     { 100, 1920, 0, 33, HZ, 7 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes out = { 0 };
        struct frames want = { 0 };
        struct trtc_tsmux *m = new_mux(TRTC_CODEC_NONE, TRTC_CODEC_AAC, &out);
        struct walk w;
        int64_t pts = WRAP - 50000;

        walk_init(&w);
        begin(m);
        for (int k = 0; k < 100; k++, pts += t[i].step) {
            if (t[i].gap && k == t[i].gap_at)
                pts += t[i].gap;
            const int64_t at = pts + (k & 1 ? t[i].jitter : 0);
            struct frame *f = new_frame(&want, false, at, at, true);
            add_adts(&f->data, t[i].size);
            audio(m, &f->data, at);
        }
        end(m, 0);
        walk_segment(&w, out.p, out.n);
        size_t most = 0, j = 0;
        for (size_t k = 0; k < w.nb_pes; k++) {
            const size_t n = w.pes[k].data.n / t[i].size;
            assert_int_equal(w.pes[k].data.n % t[i].size, 0);
            assert_true(n == 1 || w.pes[k].data.n <= 2900);
            assert_int_equal(w.pes[k].pts, want.f[j].pts);
            j += n;
            most = n > most ? n : most;
        }
        assert_int_equal(j, 100);
        if (t[i].per_pes)
            assert_int_equal(most, t[i].per_pes);
        assert_demuxed(out.p, out.n, &want, 90);
        walk_drop_pes(&w);
        frames_fini(&want);
        trtc_tsmux_free(&m);
        drop(&out);
    }
}

/* A frame that is no ADTS stands alone; one without bytes is nothing, one of too many is
 * refused; sound without a successor does not wait for the end. */
static void test_odd_sound(void **state)
{
    struct bytes out = { 0 }, good = { 0 }, bad = { 0 }, au = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_H264, TRTC_CODEC_AAC, &out);
    struct trtc_err err = { 0 };
    uint8_t large[8192] = { 0 };
    struct walk w;

    (void)state;
    walk_init(&w);
    add_adts(&good, 100);
    add_random(&bad, 100);
    add_slice(&au, TRTC_CODEC_H264, true, 100);
    begin(m);
    audio(m, &good, 0);
    audio(m, &good, 1920);
    audio(m, &bad, 2 * 1920);
    audio(m, &good, 3 * 1920);
    audio(m, &good, 4 * 1920);
    assert_int_equal(trtc_tsmux_audio(m, NULL, 0, 5 * 1920, &err), 0);
    assert_int_equal(trtc_tsmux_audio(m, large, sizeof large, 5 * 1920, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    audio(m, &good, 5 * 1920);
    add(&good, "x", 1); /* more than its header says */
    audio(m, &good, 6 * 1920);
    video(m, &au, 6 * 1920 + 27000, 6 * 1920 + 27000, true);
    video(m, &au, 6 * 1920 + 27001, 6 * 1920 + 27001, true);
    end(m, 0);
    walk_segment(&w, out.p, out.n);
    static const struct {
        int pid;
        size_t n;
    } want[] = { { AUDIO, 200 }, { AUDIO, 100 }, { AUDIO, 300 },
                 { VIDEO, 112 }, { AUDIO, 101 }, { VIDEO, 112 } };
    assert_int_equal(w.nb_pes, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_int_equal(w.pes[i].pid, want[i].pid);
        assert_int_equal(w.pes[i].data.n, want[i].n);
    }
    walk_drop_pes(&w);
    trtc_tsmux_free(&m);
    drop(&out);
    drop(&good);
    drop(&bad);
    drop(&au);
}

/* A thousand segments in a row: each one whole in itself, the counters go on through all. */
static void test_segments(void **state)
{
    struct bytes out = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_H264, TRTC_CODEC_AAC, &out);
    struct walk w;
    int64_t t = WRAP - 400 * HZ, heard = t;

    (void)state;
    walk_init(&w);
    for (int i = 0; i < 1000; i++) {
        struct frames want = { 0 };

        out.n = 0;
        begin(m);
        for (int k = 0; k < 12; k++, t += 6000) {
            struct frame *f = new_frame(&want, true, t, t, k == 0);
            add(&f->data, "\0\0\0\1\x09\xf0", 6);
            add_slice(&f->data, TRTC_CODEC_H264, k == 0, rnd() % 700);
            video(m, &f->data, t, t, k == 0);
            for (; heard < t; heard += 1920) {
                f = new_frame(&want, false, heard, heard, true);
                add_adts(&f->data, 8 + rnd() % 300);
                audio(m, &f->data, heard);
            }
        }
        int64_t bytes;
        assert_int_equal(trtc_tsmux_end(m, &bytes, NULL), 0);
        assert_int_equal(bytes, out.n);
        walk_segment(&w, out.p, out.n);
        assert_int_equal(w.pes[0].pid, VIDEO);
        assert_demuxed(out.p, out.n, &want, 0);
        frames_fini(&want);
    }
    assert_int_equal(w.nb_jumps, 0);
    assert_int_in_range(w.pcr_gap_max, 1, 9000);
    walk_drop_pes(&w);
    trtc_tsmux_free(&m);
    drop(&out);
}

static void count_in(struct walk *w, const struct bytes *b)
{
    walk_init(w);
    walk_segment(w, b->p, b->n);
}

/* A segment goes on that another multiplexer has begun: its counters, its clock and the version of its tables. */
static void test_follow(void **state)
{
    static const enum trtc_codec none = TRTC_CODEC_NONE, h264 = TRTC_CODEC_H264,
                                 aac = TRTC_CODEC_AAC;
    struct bytes out = { 0 };
    struct frames want = { 0 };
    struct trtc_tsmux *m = new_mux(h264, none, &out);
    struct walk w;
    int64_t t = WRAP - 2 * HZ;

    (void)state;
    begin(m);
    for (int i = 0; i < 200; i++, t += 3600) {
        if (i == 10)
            assert_int_equal(trtc_tsmux_announce(m, h264, aac, NULL), 0);
        if (i % 40 == 39) { /* another one takes over */
            assert_int_equal(trtc_tsmux_flush_all(m, NULL), 0);
            trtc_tsmux_free(&m);
            m = new_mux(i >= 150 && i < 170 ? none : h264, aac, &out);
            for (size_t at = 0; at < out.n; at += 188)
                trtc_tsmux_follow(m, out.p + at);
        }
        if (i == 150) /* the picture is gone, and comes back */
            assert_int_equal(trtc_tsmux_announce(m, none, aac, NULL), 0);
        if (i == 170)
            assert_int_equal(trtc_tsmux_announce(m, h264, aac, NULL), 0);
        struct frame *f = NULL;
        if (i < 150 || i >= 170) {
            f = new_frame(&want, true, t, t, i % 25 == 0);
            add(&f->data, "\0\0\0\1\x09\xf0", 6);
            add_slice(&f->data, h264, i % 25 == 0, rnd() % 700);
            video(m, &f->data, t, t, i % 25 == 0);
        }
        if (i >= 10) {
            f = new_frame(&want, false, t, t, true);
            add_adts(&f->data, 8 + rnd() % 300);
            audio(m, &f->data, t);
        }
    }
    end(m, 0);
    count_in(&w, &out);
    assert_int_equal(w.version, 3);
    assert_int_equal(w.nb_jumps, 0);
    assert_int_in_range(w.pcr_gap_max, 1, 9000);
    assert_demuxed(out.p, out.n, &want, 0);
    walk_drop_pes(&w);
    frames_fini(&want);
    trtc_tsmux_free(&m);
    drop(&out);
}

/* A second track joins in the middle of a segment, and the codec of the pictures changes between
 * two: the tables follow, and the demultiplexer finds every frame. */
static void tracks_change(bool video_first)
{
    struct bytes out = { 0 };
    struct trtc_tsmux *m = new_mux(video_first ? TRTC_CODEC_H264 : TRTC_CODEC_NONE,
                                   video_first ? TRTC_CODEC_NONE : TRTC_CODEC_AAC, &out);
    struct walk w;
    int64_t t = 2 * HZ;

    walk_init(&w);
    for (int k = 0; k < 3; k++) {
        const enum trtc_codec codec = k == 2 ? TRTC_CODEC_H265 : TRTC_CODEC_H264;
        struct frames want = { 0 };

        out.n = w.nb_tables = 0;
        if (k == 2)
            assert_int_equal(trtc_tsmux_announce(m, codec, TRTC_CODEC_AAC, NULL), 0);
        begin(m);
        for (int n = 0; n < 50; n++, t += 3600) {
            if (k > 0 || n >= 25 || video_first) {
                struct frame *f = new_frame(&want, true, t, t, n % 25 == 0);
                size_t aud;
                const char *p = aud_of(codec, &aud);
                add(&f->data, p, aud);
                add_slice(&f->data, codec, n % 25 == 0, rnd() % 700);
                video(m, &f->data, t, t, n % 25 == 0);
            }
            if (k > 0 || n >= 25 || !video_first) {
                struct frame *f = new_frame(&want, false, t, t, true);
                add_adts(&f->data, 8 + rnd() % 300);
                audio(m, &f->data, t);
            }
            if (n == 24)
                assert_int_equal(trtc_tsmux_announce(m, codec, TRTC_CODEC_AAC, NULL), 0);
        }
        end(m, 0);
        walk_segment(&w, out.p, out.n);
        assert_int_equal(w.nb_tables, k == 0 ? 4 : 2);
        assert_int_equal(w.nb_tracks, 2);
        assert_int_equal(w.version, k == 2 ? 2 : 1);
        assert_int_equal(w.pcr_pid, VIDEO);
        assert_demuxed(out.p, out.n, &want, 90);
        frames_fini(&want);
    }
    walk_drop_pes(&w);
    trtc_tsmux_free(&m);
    drop(&out);
}

static void test_tracks_change(void **state)
{
    (void)state;
    tracks_change(true);
    tracks_change(false);
}

/* The sink fails: its error comes through, from whichever call, and the next segment is a
 * good one. */
static void test_failing(void **state)
{
    struct bytes out = { 0 }, au = { 0 }, adts = { 0 };
    struct trtc_tsmux *m = new_mux(TRTC_CODEC_H264, TRTC_CODEC_AAC, &out);
    struct trtc_err err = { 0 };

    (void)state;
    add_slice(&au, TRTC_CODEC_H264, true, 1000000);
    add_adts(&adts, 1400);

    out.fail_behind = 1;
    begin(m);
    audio(m, &adts, 0);
    assert_int_equal(
        trtc_tsmux_video(m, &(struct trtc_tsmux_picture){ .au = { au.p, au.n }, .key = true },
                         &err),
        -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    assert_string_equal(err.msg, "the sink is full");

    out.n = out.blocks = 0;
    begin(m);
    int r = 0;
    for (int64_t i = 0; r == 0; i++) {
        err.code = 0;
        r = trtc_tsmux_audio(m, adts.p, adts.n, i * 1920, &err);
        assert_true(i < 1000);
    }
    assert_int_equal(err.code, TRTC_EX_IOERR);

    out.n = 0;
    out.blocks = 1;
    err.code = 0;
    begin(m);
    audio(m, &adts, 0);
    assert_int_equal(trtc_tsmux_end(m, NULL, &err), -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);

    struct frames want = { 0 };
    struct frame *f = new_frame(&want, false, 90000, 90000, true);
    add(&f->data, adts.p, adts.n);
    out.fail_behind = 0;
    begin(m);
    audio(m, &adts, 0);
    begin(m); /* what the one before still held is gone */
    audio(m, &adts, 90000);
    end(m, 188 * (2 + 1 + 8));
    assert_int_equal(out.n, 188 * (2 + 1 + 8)); /* tables, clock, 1414 bytes */
    assert_demuxed(out.p, out.n, &want, 0);
    frames_fini(&want);
    trtc_tsmux_free(&m);
    drop(&out);
    drop(&au);
    drop(&adts);
}

/* ---- libavformat and libavcodec ---- */

static int nb_logged;

__attribute__((format(printf, 3, 0))) static void count_log(void *ctx, int level, const char *fmt,
                                                            va_list ap)
{
    if (level > AV_LOG_WARNING)
        return;
    nb_logged++;
    print_message("# libav: ");
    vprint_message(fmt, ap);
    (void)ctx;
}

struct memory {
    const struct bytes *b;
    size_t at;
};

static int read_memory(void *opaque, uint8_t *buf, int size)
{
    struct memory *m = opaque;
    const size_t left = m->b->n - m->at, n = left < (size_t)size ? left : (size_t)size;

    if (n == 0)
        return AVERROR_EOF;
    memcpy(buf, m->b->p + m->at, n);
    m->at += n;
    return (int)n;
}

static AVCodecContext *open_encoder(const char *name, bool is_video)
{
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    AVCodecContext *c = codec ? avcodec_alloc_context3(codec) : NULL;

    if (!c)
        return NULL;
    if (is_video) {
        c->width = 320;
        c->height = 180;
        c->pix_fmt = AV_PIX_FMT_YUV420P;
        c->time_base = (AVRational){ 1, 25 };
        c->gop_size = 25;
        c->max_b_frames = 2;
        av_opt_set(c->priv_data, "preset", "ultrafast", 0);
        av_opt_set(c->priv_data, "x264-params", "bframes=2:scenecut=0", 0);
        av_opt_set(c->priv_data, "x265-params",
                   "bframes=2:scenecut=0:open-gop=0:pools=1:frame-threads=1:log-level=none", 0);
    } else {
        c->sample_rate = 48000;
        c->sample_fmt = AV_SAMPLE_FMT_FLTP;
        c->time_base = (AVRational){ 1, 48000 };
        av_channel_layout_default(&c->ch_layout, 2);
    }
    assert_int_equal(avcodec_open2(c, codec, NULL), 0);
    return c;
}

/* nb frames of noise on a ramp, as packets. */
static void encode(AVCodecContext *c, int nb, struct frames *to, int64_t t0)
{
    const bool is_video = c->codec_type == AVMEDIA_TYPE_VIDEO;
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();

    f->format = is_video ? (int)c->pix_fmt : (int)c->sample_fmt;
    f->width = c->width;
    f->height = c->height;
    f->nb_samples = c->frame_size;
    f->sample_rate = c->sample_rate;
    av_channel_layout_copy(&f->ch_layout, &c->ch_layout);
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    for (int i = 0; i <= nb; i++) {
        assert_int_equal(av_frame_make_writable(f), 0);
        for (int k = 0; is_video && k < 3; k++)
            for (int y = 0; y < (k ? 90 : 180); y++)
                for (int x = 0; x < (k ? 160 : 320); x++)
                    f->data[k][y * f->linesize[k] + x] =
                        (uint8_t)(k ? 128 : x + y + 3 * i + (int)(rnd() % 16));
        for (int k = 0; !is_video && k < 2; k++)
            for (int x = 0; x < f->nb_samples; x++)
                ((float *)f->data[k])[x] = (float)(rnd() % 1000) / 5000;
        f->pts = is_video ? i : (int64_t)i * f->nb_samples;
        assert_int_equal(avcodec_send_frame(c, i < nb ? f : NULL), 0);
        while (avcodec_receive_packet(c, pkt) == 0) {
            const AVRational hz = { 1, HZ };
            struct frame *o = new_frame(to, is_video, t0 + av_rescale_q(pkt->pts, c->time_base, hz),
                                        t0 + av_rescale_q(pkt->dts, c->time_base, hz),
                                        !is_video || pkt->flags & AV_PKT_FLAG_KEY);
            if (!is_video) {
                const size_t n = (size_t)pkt->size + 7;
                const uint8_t h[7] = { 0xff,
                                       0xf1,
                                       0x4c,
                                       (uint8_t)(0x80 | n >> 11),
                                       (uint8_t)(n >> 3),
                                       (uint8_t)((n & 7) << 5 | 31),
                                       0xfc };
                add(&o->data, h, 7);
            }
            add(&o->data, pkt->data, (size_t)pkt->size);
            av_packet_unref(pkt);
        }
    }
    av_frame_free(&f);
    av_packet_free(&pkt);
}

/* Zeros at the ends do not count: to libavformat's parser of H.265 the first byte of a start
 * code of four belongs to the picture before. */
static void trim(const uint8_t **p, size_t *n)
{
    while (*n > 0 && **p == 0) {
        ++*p;
        --*n;
    }
    while (*n > 0 && (*p)[*n - 1] == 0)
        --*n;
}

static void assert_same(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    trim(&a, &a_n);
    trim(&b, &b_n);
    assert_int_equal(a_n, b_n);
    assert_memory_equal(a, b, a_n);
}

/* Reads all, compares with what went in (each kind in its order), and decodes it. */
static void assert_libav(const struct bytes *b, const struct frames *const in[2],
                         enum trtc_codec codec)
{
    struct memory mem = { b, 0 };
    AVFormatContext *fmt = avformat_alloc_context();
    AVCodecContext *dec[2] = { NULL, NULL };
    AVFrame *frame = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();
    size_t at[2] = { 0, 0 };
    int decoded[2] = { 0, 0 };
    size_t aud_n;
    const char *aud = aud_of(codec, &aud_n);

    nb_logged = 0;
    fmt->pb = avio_alloc_context(av_malloc(4096), 4096, 0, &mem, read_memory, NULL, NULL);
    assert_int_equal(avformat_open_input(&fmt, "", av_find_input_format("mpegts"), NULL), 0);
    assert_true(avformat_find_stream_info(fmt, NULL) >= 0);
    assert_int_equal(fmt->nb_streams, 2);
    while (av_read_frame(fmt, pkt) == 0) {
        const AVStream *st = fmt->streams[pkt->stream_index];
        const bool is_video = st->codecpar->codec_type == AVMEDIA_TYPE_VIDEO;
        const int k = !is_video;

        assert_int_equal(st->id, is_video ? VIDEO : AUDIO);
        assert_true(at[k] < in[k]->n);
        const struct frame *f = &in[k]->f[at[k]++];
        struct bytes want = { 0 };
        if (is_video && memcmp(f->data.p, aud, aud_n - 1) != 0)
            add(&want, aud, aud_n);
        add(&want, f->data.p, f->data.n);
        assert_same(pkt->data, (size_t)pkt->size, want.p, want.n);
        drop(&want);
        assert_true(llabs(trtc_ts_diff(pkt->pts & (WRAP - 1), f->pts)) <= (is_video ? 0 : 1));
        assert_true(llabs(trtc_ts_diff(pkt->dts & (WRAP - 1), f->dts)) <= (is_video ? 0 : 1));
        assert_int_equal(!!(pkt->flags & AV_PKT_FLAG_KEY), f->key);
        assert_false(pkt->flags & AV_PKT_FLAG_CORRUPT);
        if (!dec[k]) {
            dec[k] = avcodec_alloc_context3(avcodec_find_decoder(st->codecpar->codec_id));
            assert_true(avcodec_parameters_to_context(dec[k], st->codecpar) >= 0);
            assert_int_equal(avcodec_open2(dec[k], NULL, NULL), 0);
        }
        assert_int_equal(avcodec_send_packet(dec[k], pkt), 0);
        while (avcodec_receive_frame(dec[k], frame) == 0)
            decoded[k]++;
        av_packet_unref(pkt);
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(at[k], in[k]->n);
        avcodec_send_packet(dec[k], NULL);
        while (avcodec_receive_frame(dec[k], frame) == 0)
            decoded[k]++;
        assert_int_equal(decoded[k], in[k]->n);
        avcodec_free_context(&dec[k]);
    }
    assert_int_equal(nb_logged, 0);
    av_frame_free(&frame);
    av_packet_free(&pkt);
    av_freep(&fmt->pb->buffer);
    avio_context_free(&fmt->pb);
    avformat_close_input(&fmt);
}

/* Real pictures and sound, cut at every second key frame; the segments alone and in a row. */
static void through_libav(const char *encoder, enum trtc_codec codec, int64_t t0)
{
    AVCodecContext *venc = open_encoder(encoder, true), *aenc = open_encoder("aac", false);
    struct frames in[2] = { { 0 }, { 0 } };
    struct bytes out = { 0 }, all = { 0 };
    struct walk w;

    assert_non_null(aenc);
    if (!venc) {
        avcodec_free_context(&aenc);
        skip();
    }
    walk_init(&w);
    encode(venc, 150, &in[0], t0);
    encode(aenc, 282, &in[1], t0);

    struct trtc_tsmux *m = new_mux(codec, TRTC_CODEC_AAC, &out);
    size_t heard = 0, first[2] = { 0, 0 };
    int keys = 0, segments = 0;
    begin(m);
    for (size_t i = 0; i <= in[0].n; i++) {
        const struct frame *v = i < in[0].n ? &in[0].f[i] : NULL;

        while (heard < in[1].n && (!v || trtc_ts_diff(in[1].f[heard].dts, v->dts) < 0)) {
            audio(m, &in[1].f[heard].data, in[1].f[heard].pts);
            heard++;
        }
        if (!v || (v->key && ++keys % 2 == 1 && i > 0)) {
            end(m, 0);
            walk_segment(&w, out.p, out.n);
            add(&all, out.p, out.n);

            struct frames part[2];
            for (int k = 0; k < 2; k++) {
                const size_t stop = k ? heard : i;
                part[k] = (struct frames){ in[k].f + first[k], stop - first[k], 0 };
                first[k] = stop;
            }
            const struct frames *const parts[2] = { &part[0], &part[1] };
            assert_libav(&out, parts, codec);
            segments++;
            out.n = 0;
            begin(m);
        }
        if (v)
            video(m, &v->data, v->pts, v->dts, v->key);
    }
    assert_int_equal(segments, 3);
    const struct frames *const whole[2] = { &in[0], &in[1] };
    assert_libav(&all, whole, codec);
    walk_drop_pes(&w);
    trtc_tsmux_free(&m);
    avcodec_free_context(&venc);
    avcodec_free_context(&aenc);
    frames_fini(&in[0]);
    frames_fini(&in[1]);
    drop(&out);
    drop(&all);
}

static void test_libav_h264(void **state)
{
    (void)state;
    through_libav("libx264", TRTC_CODEC_H264, 126000);
    through_libav("libx264", TRTC_CODEC_H264, WRAP - 3 * HZ);
}

static void test_libav_h265(void **state)
{
    (void)state;
    through_libav("libx265", TRTC_CODEC_H265, 126000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),           cmocka_unit_test(test_stuffing),
        cmocka_unit_test(test_large),         cmocka_unit_test(test_delimiters),
        cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_clock),
        cmocka_unit_test(test_jumps),         cmocka_unit_test(test_sound),
        cmocka_unit_test(test_odd_sound),     cmocka_unit_test(test_segments),
        cmocka_unit_test(test_tracks_change), cmocka_unit_test(test_failing),
        cmocka_unit_test(test_time),          cmocka_unit_test(test_follow),
        cmocka_unit_test(test_libav_h264),    cmocka_unit_test(test_libav_h265),
    };

    av_log_set_callback(count_log);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
