/* SPDX-License-Identifier: MIT */
/* The MPEG-TS demultiplexer on streams written packet by packet here, whole and broken in
 * every way, and on streams of libavformat's muxer. */
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

#include "base/utc.h"
#include "make/pes.h"
#include "ts/course_ts.h"
#include "ts/psi.h"
#include "ts/ts.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define BOTH     (TRTC_AUDIO | TRTC_VIDEO)

/* ---- elementary streams ---- */

static void add_au(struct bytes *b, bool key, size_t n)
{
    bytes_add(b, "\0\0\0\1\x09\xf0", 6);
    if (key)
        bytes_add(b, "\0\0\0\1\x67\x42\x01\x1e\0\0\0\1\x68\xce\x38\x80", 16);
    bytes_add(b, key ? "\0\0\1\x65\x88" : "\0\0\1\x41\x9a", 5);
    bytes_add_random(b, n);
}

/* Parameter sets by x264: two pictures are reordered. */
static const uint8_t x264_sets[] =
    "\0\0\0\1\x67\x64\0\x0b\xac\xd9\x42\x84\x7e\x5c\x04\x40\0\0\3\0\x40"
    "\0\0\x0c\x83\xc5\x0a\x65\x80\0\0\0\1\x68\xef\x8f\xcb";

static void add_adts(struct bytes *b, size_t n)
{
    const uint8_t h[7] = { 0xff,
                           0xf1,
                           0x4c,
                           (uint8_t)(0x80 | n >> 11),
                           (uint8_t)(n >> 3),
                           (uint8_t)((n & 7) << 5 | 31),
                           0xfc };

    bytes_add(b, h, 7);
    bytes_add_random(b, n - 7);
}

/* ---- reading ---- */

struct frame {
    struct bytes data;
    bool video, key, damaged;
    int64_t pts, dts, pos;
    int pid;
    char codec_name[16];
};

struct frames {
    struct frame f[2048];
    int n;
    struct trtc_ts_stats stats;
};

static struct trtc_ts
    *demux; /* one for all tests: what is left from one segment must not show in the next */

static void pull(struct frames *out)
{
    struct trtc_ts_frame f;

    while (trtc_ts_next(demux, &f) == 1) {
        assert_true(out->n < (int)COUNT(out->f));
        struct frame *o = &out->f[out->n++];
        *o = (struct frame){ .video = f.stream->video,
                             .key = f.key,
                             .damaged = f.damaged,
                             .pts = f.pts_90k,
                             .dts = f.dts_90k,
                             .pos = f.pos,
                             .pid = f.stream->pid };
        memcpy(o->codec_name, f.stream->codec_name, sizeof o->codec_name);
        assert_true(f.size > 0);
        bytes_add(&o->data, f.data, f.size);
    }
}

static void frames_free(struct frames *f)
{
    for (int i = 0; i < f->n; i++)
        bytes_drop(&f->f[i].data);
    free(f);
}

/* Every byte of payload is in a frame, or counted as something else; every packet of a stream that
 * was followed from beginning to end is in its account. */
static void assert_balanced(const struct frames *f)
{
    const struct trtc_ts_stats *st = &f->stats;
    int64_t nb_frames = 0, nb_packets = 0;

    for (int i = 0; i < st->nb_named; i++) {
        const struct trtc_ts_named *n = &st->named[i];
        assert_int_equal(n->nb_bytes, n->nb_framed + n->nb_idle + n->nb_bad + n->nb_held);
        assert_true(n->nb_packets >= n->nb_followed);
        assert_true(n->taken || n->nb_followed + n->nb_frames + n->nb_bytes == 0);
        assert_true(n->nb_bytes <= 184 * n->nb_followed);
        nb_frames += n->nb_frames;
        nb_packets += n->nb_packets;
    }
    assert_int_equal(nb_frames, f->n);
    assert_true(nb_packets <= st->nb_packets);
}

/* Reads a segment that comes in blocks. Every block is a copy of its own size, so that the
 * sanitizer sees a byte too far. */
static struct frames *read_blocks(const uint8_t *p, size_t n, size_t block)
{
    struct frames *out = calloc(1, sizeof *out);

    assert_non_null(out);
    trtc_ts_forget(demux);
    for (size_t at = 0; at < n; at += block) {
        const size_t size = n - at < block ? n - at : block;
        uint8_t *copy = malloc(size);
        memcpy(copy, p + at, size);
        trtc_ts_feed(demux, copy, size);
        pull(out);
        memset(copy, 0xa5, size);
        free(copy);
    }
    trtc_ts_end(demux);
    pull(out);
    out->stats = *trtc_ts_stats(demux);
    assert_balanced(out);
    return out;
}

static struct frames *read_all(const struct bytes *b)
{
    return read_blocks(b->p, b->n, b->n ? b->n : 1);
}

static void assert_frame(const struct frame *f, const struct bytes *want, int64_t pts, bool damaged)
{
    assert_int_equal(f->data.n, want->n);
    assert_memory_equal(f->data.p, want->p, want->n);
    assert_int_equal(f->pts, pts);
    assert_int_equal(f->damaged, damaged);
}

static void assert_clean(const struct frames *f)
{
    assert_int_equal(f->stats.nb_lost, 0);
    assert_int_equal(f->stats.nb_bad, 0);
    assert_false(f->stats.partial_tail);
    assert_false(f->stats.scrambled);
}

static bool same_frame(const struct frame *a, const struct frame *b)
{
    return a->video == b->video && a->key == b->key && a->damaged == b->damaged &&
           a->pts == b->pts && a->dts == b->dts && a->pos == b->pos && a->data.n == b->data.n &&
           memcmp(a->data.p, b->data.p, a->data.n) == 0;
}

static int count(const struct frames *f, bool video)
{
    int n = 0;
    for (int i = 0; i < f->n; i++)
        n += f->f[i].video == video;
    return n;
}

/* A recording of nb pictures and twice as many sound frames, the sound in PES packets of
 * three. au and adts (may be NULL) receive the frames. */
static struct mux *record(int nb, struct bytes *au, struct bytes *adts)
{
    struct mux *m = mux_new();
    struct bytes sound = { NULL, 0, 0 };

    mux_tables(m, 0x1b);
    for (int i = 0; i < nb; i++) {
        struct bytes v = { NULL, 0, 0 };

        if (i % 8 == 5)
            mux_tables(m, 0x1b);
        add_au(&v, i % 6 == 0, 100 + mux_rnd() % 900);
        mux_pes_ex(m, VIDEO, 90000 + i * 6000, 87000 + i * 6000, v.p, v.n, i & 1, 184);
        if (au)
            au[i] = v;
        else
            bytes_drop(&v);
        for (int k = 0; k < 2; k++) {
            const int j = 2 * i + k;
            struct bytes a = { NULL, 0, 0 };
            add_adts(&a, 50 + mux_rnd() % 200);
            bytes_add(&sound, a.p, a.n);
            if (adts)
                adts[j] = a;
            else
                bytes_drop(&a);
            if (j % 3 == 2 || j == 2 * nb - 1) {
                mux_pes(m, AUDIO, 90000 + j / 3 * 3 * 1920, sound.p, sound.n);
                bytes_drop(&sound);
            }
        }
    }
    return m;
}

/* ---- whole streams ---- */

static void test_plain(void **state)
{
    (void)state;
    enum { NB = 40 };
    struct bytes au[NB], adts[2 * NB];
    struct mux *m = record(NB, au, adts);
    struct frames *f = read_all(&m->out);
    int v = 0, a = 0;

    assert_clean(f);
    assert_int_equal(f->stats.nb_packets, m->out.n / 188);
    for (int i = 0; i < f->n; i++) {
        if (f->f[i].video) {
            assert_frame(&f->f[i], &au[v], 90000 + v * 6000, false);
            assert_int_equal(f->f[i].dts, 87000 + v * 6000);
            assert_int_equal(f->f[i].key, v % 6 == 0);
            assert_int_equal(f->f[i].pid, VIDEO);
            v++;
        } else {
            assert_frame(&f->f[i], &adts[a], 90000 + a * 1920, false);
            assert_int_equal(f->f[i].dts, f->f[i].pts);
            assert_true(f->f[i].key);
            a++;
        }
        const uint8_t *p = m->out.p + f->f[i].pos;
        assert_int_equal(f->f[i].pos % 188, 0);
        assert_int_equal((p[1] & 0x1f) << 8 | p[2], f->f[i].pid);
        assert_true(p[1] & 0x40);
    }
    assert_int_equal(v, NB);
    assert_int_equal(a, 2 * NB);
    assert_string_equal(trtc_ts_stream(demux, TRTC_VIDEO)->codec_name, "h264");
    assert_int_equal(trtc_ts_stream(demux, TRTC_VIDEO)->codec, TRTC_CODEC_H264);
    assert_string_equal(trtc_ts_stream(demux, TRTC_AUDIO)->codec_name, "aac");
    assert_int_equal(trtc_ts_stream(demux, TRTC_AUDIO)->codec, TRTC_CODEC_AAC);
    trtc_ts_begin(demux);
    assert_null(trtc_ts_stream(demux, TRTC_VIDEO));

    /* However it is fed. */
    for (size_t i = 0; i < 10; i++) {
        static const size_t blocks[] = { 1, 2, 187, 188, 189, 376, 751, 1000, 4096, 65536 };
        struct frames *g = read_blocks(m->out.p, m->out.n, blocks[i]);
        assert_int_equal(f->n, g->n);
        assert_memory_equal(&f->stats, &g->stats, sizeof f->stats);
        int at[2] = { 0 }, bt[2] = { 0 };
        for (int k = 0; k < f->n; k++) { /* the order of the two streams at the end may differ */
            int *x = &at[f->f[k].video], *y = &bt[f->f[k].video];
            while (f->f[*x].video != f->f[k].video)
                ++*x;
            while (g->f[*y].video != f->f[k].video)
                ++*y;
            assert_true(same_frame(&f->f[(*x)++], &g->f[(*y)++]));
        }
        frames_free(g);
    }

    for (int i = 0; i < NB; i++)
        bytes_drop(&au[i]);
    for (int i = 0; i < 2 * NB; i++)
        bytes_drop(&adts[i]);
    frames_free(f);
    mux_free(m);
}

/* The camera is off: the last picture comes while the sound goes on, and those after the pause are
 * whole, too. A picture whose declared length has not come is waited for. */
static void test_idle_picture(void **state)
{
    (void)state;
    for (int declared = 0; declared < 2; declared++) {
        struct bytes au[2] = { { NULL, 0, 0 }, { NULL, 0, 0 } };
        struct mux *m = mux_new();
        size_t paused = 0;

        mux_tables(m, 0x1b);
        for (int k = 0; k < 2; k++) {
            add_au(&au[k], true, 500);
            mux_pes_ex(m, VIDEO, 90000 + k * 360000, TRTC_TS_NOPTS, au[k].p, au[k].n, declared,
                       184);
            for (int j = 0; j < 140 && k == 0; j++) {
                struct bytes a = { NULL, 0, 0 };
                add_adts(&a, 100);
                mux_pes(m, AUDIO, 90000 + j * 1920, a.p, a.n);
                bytes_drop(&a);
                if (j == 130)
                    paused = m->out.n;
            }
        }
        struct frames *f = calloc(1, sizeof *f);
        assert_non_null(f);
        trtc_ts_forget(demux);
        trtc_ts_feed(demux, m->out.p, paused);
        pull(f);
        assert_int_equal(count(f, true), 0);
        trtc_ts_feed(demux, m->out.p + paused, m->out.n - paused);
        pull(f);
        assert_int_equal(count(f, true), 1);
        trtc_ts_end(demux);
        pull(f);
        f->stats = *trtc_ts_stats(demux);
        assert_balanced(f);
        assert_clean(f);
        assert_int_equal(count(f, true), 2);
        for (int i = 0, k = 0; i < f->n; i++)
            if (f->f[i].video) {
                assert_frame(&f->f[i], &au[k], 90000 + k * 360000, false);
                k++;
            }
        frames_free(f);
        mux_free(m);
        bytes_drop(&au[0]);
        bytes_drop(&au[1]);
    }
}

/* Whether nothing is missing between two segments, by their packets: they are a stream that was
 * divided between two PES; without its last packet, or the next one's first, it is not. */
static void test_goes_on(void **state)
{
    static const struct {
        int end, begin; /* packets away */
        bool goes_on;
    } t[] = { { 0, 0, true }, { 1, 0, false }, { 0, 1, false }, { 16, 0, false } };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes au = { NULL, 0, 0 };
        struct mux *m = mux_new();
        size_t at = 0;

        add_au(&au, true, 5000);
        mux_tables(m, 0x1b);
        for (int k = 0; k < 2; k++) {
            at = k ? m->out.n : 0;
            mux_pes_ex(m, VIDEO, 90000 + k * 360000, TRTC_TS_NOPTS, au.p, au.n, false, 184);
        }
        const size_t n = m->out.n;
        struct frames *f = read_blocks(m->out.p, at - (size_t)t[i].end * 188, 188);
        struct trtc_ts *next = trtc_ts_new(TRTC_VIDEO);
        struct trtc_ts_frame one;
        assert_non_null(next);
        trtc_ts_learn(next, demux);
        trtc_ts_feed(next, m->out.p + at + t[i].begin * 188, n - at - (size_t)t[i].begin * 188);
        while (trtc_ts_next(next, &one) > 0)
            ;
        trtc_ts_end(next);
        while (trtc_ts_next(next, &one) > 0)
            ;
        assert_int_equal(trtc_ts_goes_on(demux, next), t[i].goes_on);
        trtc_ts_free(&next);
        frames_free(f);
        mux_free(m);
        bytes_drop(&au);
    }
}

static void test_want(void **state)
{
    (void)state;
    struct mux *m = record(10, NULL, NULL);

    for (unsigned want = 0; want < 4; want++) {
        struct trtc_ts *ts = trtc_ts_new(want);
        struct trtc_ts_frame f;
        int n[2] = { 0 };

        trtc_ts_feed(ts, m->out.p, m->out.n);
        trtc_ts_end(ts);
        while (trtc_ts_next(ts, &f) == 1)
            n[f.stream->video]++;
        assert_int_equal(trtc_ts_next(ts, &f), 0);
        assert_int_equal(n[1], want & TRTC_VIDEO ? 10 : 0);
        assert_int_equal(n[0], want & TRTC_AUDIO ? 20 : 0);
        assert_int_equal(!!trtc_ts_stream(ts, TRTC_AUDIO), !!(want & TRTC_AUDIO));
        trtc_ts_free(&ts);
        assert_null(ts);
    }
    mux_free(m);
}

/* What the tables name is listed with its packets, taken or not. */
static void test_named(void **state)
{
    (void)state;
    static const struct entry e[] = {
        { VIDEO, 0x1b, NULL, 0 },
        { AUDIO, 0x0f, NULL, 0 },
        { 0x102, 0x0f,
          "\x0a\x04"
          "deu",
          6 },                    /* a second sound track */
        { 0x103, 0x82, NULL, 0 }, /* DTS */
        { 0x104, 0x06,
          "\x59\x08"
          "eng\x10\0\1\0\2",
          10 },                   /* subtitles */
        { 0x105, 0xc0, NULL, 0 }, /* who knows */
        { 0x106, 0x24, NULL, 0 }, /* named, and never there */
    };
    static const struct {
        int pid;
        const char *name;
        unsigned kind;
        bool taken;
        int nb_packets, nb_frames;
    } want[] = {
        { VIDEO, "h264", TRTC_VIDEO, true, 12, 2 }, { AUDIO, "aac", TRTC_AUDIO, true, 1, 1 },
        { 0x102, "aac", TRTC_AUDIO, false, 2, 0 },  { 0x103, "dts", TRTC_AUDIO, false, 3, 0 },
        { 0x104, "subtitles", 0, false, 1, 0 },     { 0x105, "", 0, false, 1, 0 },
        { 0x106, "hevc", TRTC_VIDEO, false, 0, 0 },
    };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 }, a = { NULL, 0, 0 };

    add_au(&v, true, 1000);
    add_adts(&a, 100);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, e, COUNT(e), false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pes(m, AUDIO, 1000, a.p, a.n);
    for (int i = 0; i < 2; i++)
        mux_pes(m, 0x102, 1000, a.p, a.n);
    mux_pmt(m, PMT, e, COUNT(e), false);
    for (int i = 0; i < 3; i++)
        mux_pes(m, 0x103, 1000, a.p, a.n);
    mux_pes(m, 0x104, 1000, a.p, a.n);
    mux_pes(m, 0x105, 1000, (const uint8_t *)"who knows", 9);
    mux_pes(m, VIDEO, 2000, v.p, v.n);
    struct frames *f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->stats.nb_named, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        const struct trtc_ts_named *n = &f->stats.named[i];
        assert_int_equal(n->stream.pid, want[i].pid);
        assert_string_equal(n->stream.codec_name, want[i].name);
        assert_int_equal(n->kind, want[i].kind);
        assert_int_equal(n->wanted, want[i].kind != 0);
        assert_int_equal(n->taken, want[i].taken);
        assert_int_equal(n->nb_packets, want[i].nb_packets);
        assert_int_equal(n->nb_frames, want[i].nb_frames);
        assert_int_equal(trtc_ts_unfollowed(n), 0);
        assert_int_equal(trtc_ts_left_out(n), !want[i].taken && want[i].nb_packets > 0);
    }
    frames_free(f);
    bytes_drop(&v);
    bytes_drop(&a);
    mux_free(m);
}

/* Some muxers name sound as private data that nothing describes: what is in it counts, where nothing else is
 * sound. A table that comes again, in another version, changes nothing. */
static void test_undescribed_sound(void **state)
{
    static const char *const first[] = { "aac", "ac3", "" };
    (void)state;
    for (int with = 0; with < 3; with++) {
        const struct entry e[] = { { VIDEO, 0x1b, NULL, 0 }, { 0x110, 0x06, NULL, 0 } };
        const uint8_t ac3[128] = { 0x0b, 0x77, 0, 0, 0, 0x40 };
        struct mux *m = mux_new();
        struct bytes v = { NULL, 0, 0 }, a = { NULL, 0, 0 };

        add_au(&v, true, 1000);
        if (with == 0)
            add_adts(&a, 100);
        else
            bytes_add(&a, with == 1 ? ac3 : (const uint8_t *)"\x06\x0e\x2b\x34\1\1\1\1\1\1",
                      with == 1 ? 128 : 10);
        mux_pat(m, 1, (const int[]){ PMT });
        for (int i = 0; i < 3; i++) {
            m->version = i;
            mux_pmt(m, PMT, e, 2, false);
            mux_pes(m, VIDEO, 1000 + 1000 * i, v.p, v.n);
            mux_pes(m, 0x110, 1000 + 1000 * i, a.p, a.n);
        }
        struct frames *f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->stats.nb_named, 2);
        const struct trtc_ts_named *n = &f->stats.named[1];
        assert_string_equal(n->stream.codec_name, first[with]);
        assert_int_equal(n->kind, with < 2 ? TRTC_AUDIO : 0);
        assert_int_equal(n->taken, with < 2);
        assert_int_equal(n->nb_packets, 3);
        assert_int_equal(n->nb_frames, with < 2 ? 3 : 0);
        assert_int_equal(trtc_ts_unfollowed(n), 0);
        frames_free(f);
        bytes_drop(&v);
        bytes_drop(&a);
        mux_free(m);
    }
}

/* A PID that was sound is a picture's later: who wants pictures alone takes nothing of the sound, and
 * misses nothing. */
static void test_roles_change(void **state)
{
    const struct entry first[] = { { 0x110, 0x0f, NULL, 0 } };
    const struct entry then[] = { { 0x110, 0x1b, NULL, 0 }, { 0x111, 0x0f, NULL, 0 } };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 }, a = { NULL, 0, 0 };

    (void)state;
    add_au(&v, true, 1000);
    add_adts(&a, 100);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, first, 1, false);
    for (int i = 0; i < 3; i++)
        mux_pes(m, 0x110, 1000 + 1000 * i, a.p, a.n);
    m->version = 1;
    mux_pmt(m, PMT, then, 2, false);
    for (int i = 3; i < 6; i++) {
        mux_pes(m, 0x110, 1000 + 1000 * i, v.p, v.n);
        mux_pes(m, 0x111, 1000 + 1000 * i, a.p, a.n);
    }
    struct trtc_ts *ts = trtc_ts_new(TRTC_VIDEO);
    struct trtc_ts_frame f;
    int n = 0;
    trtc_ts_feed(ts, m->out.p, m->out.n);
    trtc_ts_end(ts);
    while (trtc_ts_next(ts, &f) > 0)
        n++;
    const struct trtc_ts_stats *s = trtc_ts_stats(ts);
    assert_int_equal(n, 3);
    assert_int_equal(s->nb_bad, 0);
    assert_int_equal(s->nb_lost, 0);
    assert_int_equal(s->nb_named, 3);
    assert_int_equal(s->named[0].nb_packets, 3);
    assert_int_equal(trtc_ts_unfollowed(&s->named[1]), 0);
    trtc_ts_free(&ts);
    bytes_drop(&v);
    bytes_drop(&a);
    mux_free(m);
}

/* A stream that goes on when the tables have let it go, or was there before they named it. */
static void test_unfollowed(void **state)
{
    (void)state;
    static const struct entry both[] = { { VIDEO, 0x1b, NULL, 0 }, { AUDIO, 0x0f, NULL, 0 } },
                              moved[] = { { 0x200, 0x1b, NULL, 0 }, { AUDIO, 0x0f, NULL, 0 } },
                              other[] = { { 0x200, 0x24, NULL, 0 } };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 }, h = { NULL, 0, 0 }, a = { NULL, 0, 0 };

    add_au(&v, true, 100);
    add_adts(&a, 100);
    bytes_add(&h, "\0\0\1\x46\1\x50\0\0\1\x26\1\xaf", 12);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, both, 2, false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pes(m, AUDIO, 1000, a.p, a.n);
    for (int i = 0; i < 3; i++) /* not named yet */
        mux_pes(m, 0x200, 1500, v.p, v.n);
    mux_pmt(m, PMT, moved, 2, false);
    mux_pes(m, 0x200, 2000, v.p, v.n);
    mux_pes(m, VIDEO, 2500, v.p, v.n); /* no longer named */
    mux_pmt(m, PMT, other, 1, false);
    mux_pes(m, 0x200, 3000, h.p, h.n);
    struct frames *f = read_all(&m->out);
    static const int packets[][2] = { { 2, 1 }, { 1, 1 }, { 1, 1 }, { 4, 1 } };
    assert_int_equal(f->stats.nb_named, 4);
    for (int i = 0; i < 4; i++) {
        const struct trtc_ts_named *n = &f->stats.named[i];
        assert_int_equal(n->nb_packets, packets[i][0]);
        assert_int_equal(n->nb_followed, packets[i][1]);
        assert_int_equal(trtc_ts_unfollowed(n), packets[i][0] - packets[i][1]);
        assert_int_equal(n->nb_frames, 1);
    }
    frames_free(f);

    /* A list without end, and sound behind it. */
    struct entry many[100];
    for (int i = 0; i < 100; i++)
        many[i] = (struct entry){ 0x400 + i, i < 50 ? 0x05 : 0x0f, NULL, 0 };
    m->out.n = 0;
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, many, 100, false);
    mux_pes_ex(m, 0x400 + 50, 1000, NOPTS, a.p, a.n, 1, 184);
    f = read_all(&m->out);
    assert_int_equal(f->stats.nb_named, TRTC_TS_NAMED_MAX);
    assert_int_equal(f->stats.nb_unlisted, 100 - TRTC_TS_NAMED_MAX);
    assert_int_equal(f->n, 1);
    frames_free(f);
    bytes_drop(&v);
    bytes_drop(&h);
    bytes_drop(&a);
    mux_free(m);
}

/* ---- libavformat's own ---- */

static int write_bytes(void *opaque,
#if LIBAVFORMAT_VERSION_MAJOR >= 61
                       const
#endif
                       uint8_t *p,
                       int n)
{
    bytes_add(opaque, p, (size_t)n);
    return n;
}

static AVStream *new_stream(AVFormatContext *fmt, const AVCodecContext *ctx)
{
    AVStream *st = avformat_new_stream(fmt, NULL);
    assert_true(avcodec_parameters_from_context(st->codecpar, ctx) >= 0);
    st->time_base = ctx->time_base;
    return st;
}

/* Encodes one frame (NULL: no more) and muxes what comes out, from one second on; sent
 * receives copies with times of 90 kHz. */
static void encode(AVFormatContext *fmt, AVStream *st, AVCodecContext *ctx, AVFrame *frame,
                   AVPacket **sent, int *nb)
{
    AVPacket *pkt = av_packet_alloc();

    assert_true(avcodec_send_frame(ctx, frame) >= 0);
    while (avcodec_receive_packet(ctx, pkt) >= 0) {
        pkt->stream_index = st->index;
        av_packet_rescale_ts(pkt, ctx->time_base, (AVRational){ 1, 90000 });
        pkt->pts += 90000;
        pkt->dts += 90000;
        sent[(*nb)++] = av_packet_clone(pkt);
        av_packet_rescale_ts(pkt, (AVRational){ 1, 90000 }, st->time_base);
        assert_true(av_interleaved_write_frame(fmt, pkt) >= 0);
    }
    av_packet_free(&pkt);
}

static void test_libavformat(void **state)
{
    (void)state;
    const AVCodec *vcodec = avcodec_find_encoder_by_name("libx264"),
                  *acodec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    if (!vcodec || !acodec)
        skip();

    AVCodecContext *v = avcodec_alloc_context3(vcodec), *a = avcodec_alloc_context3(acodec);
    v->width = 320;
    v->height = 180;
    v->pix_fmt = AV_PIX_FMT_YUV420P;
    v->time_base = (AVRational){ 1, 15 };
    v->gop_size = 20;
    v->max_b_frames = 2;
    v->thread_count = 1;
    av_opt_set(v->priv_data, "preset", "fast", 0);
    av_opt_set(v->priv_data, "x264-params", "aud=1:slices=3:qp=12", 0);
    assert_int_equal(avcodec_open2(v, vcodec, NULL), 0);
    a->sample_fmt = AV_SAMPLE_FMT_FLTP;
    a->sample_rate = 44100;
    a->bit_rate = 64000;
    a->time_base = (AVRational){ 1, 44100 };
    av_channel_layout_default(&a->ch_layout, 1);
    a->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    assert_int_equal(avcodec_open2(a, acodec, NULL), 0);

    struct bytes out = { NULL, 0, 0 };
    AVFormatContext *fmt = NULL;
    assert_true(avformat_alloc_output_context2(&fmt, NULL, "mpegts", NULL) >= 0);
    fmt->pb = avio_alloc_context(av_malloc(4096), 4096, 1, &out, NULL, write_bytes, NULL);
    fmt->max_delay = 0;
    AVStream *vs = new_stream(fmt, v), *as = new_stream(fmt, a);
    assert_true(avformat_write_header(fmt, NULL) >= 0);

    AVFrame *picture = av_frame_alloc(), *sound = av_frame_alloc();
    AVPacket *vsent[128], *asent[256];
    int nb_v = 0, nb_a = 0;
    picture->width = v->width;
    picture->height = v->height;
    picture->format = v->pix_fmt;
    sound->format = a->sample_fmt;
    sound->sample_rate = a->sample_rate;
    sound->nb_samples = a->frame_size;
    assert_int_equal(av_channel_layout_copy(&sound->ch_layout, &a->ch_layout), 0);
    assert_int_equal(av_frame_get_buffer(picture, 0), 0);
    assert_int_equal(av_frame_get_buffer(sound, 0), 0);
    for (int i = 0, j = 0; i < 60; i++) {
        assert_int_equal(av_frame_make_writable(picture), 0);
        for (int y = 0; y < v->height; y++)
            for (int x = 0; x < v->width; x++)
                picture->data[0][y * picture->linesize[0] + x] =
                    (uint8_t)(x * y / 16 + 5 * i + mux_rnd() % 8);
        for (int k = 1; k < 3; k++)
            for (int y = 0; y < v->height / 2; y++)
                memset(picture->data[k] + y * picture->linesize[k], 100 + i, (size_t)v->width / 2);
        picture->pts = i;
        encode(fmt, vs, v, picture, vsent, &nb_v);
        for (; j * 1024 < (i + 1) * 2940; j++) {
            assert_int_equal(av_frame_make_writable(sound), 0);
            for (int k = 0; k < sound->nb_samples; k++)
                ((float *)(void *)sound->data[0])[k] = (float)(mux_rnd() % 1000) / 2000;
            sound->pts = j * 1024;
            encode(fmt, as, a, sound, asent, &nb_a);
        }
    }
    encode(fmt, vs, v, NULL, vsent, &nb_v);
    encode(fmt, as, a, NULL, asent, &nb_a);
    assert_true(av_write_trailer(fmt) >= 0);

    struct frames *f = read_all(&out);
    int iv = 0, ia = 0;
    assert_clean(f);
    for (int i = 0; i < f->n; i++) {
        const struct frame *got = &f->f[i];
        assert_false(got->damaged);
        if (got->video) {
            const AVPacket *want = vsent[iv++];
            assert_int_equal(got->data.n, want->size);
            assert_memory_equal(got->data.p, want->data, got->data.n);
            assert_int_equal(got->pts, want->pts);
            assert_int_equal(got->dts, want->dts);
            assert_int_equal(got->key, !!(want->flags & AV_PKT_FLAG_KEY));
        } else {
            const AVPacket *want = asent[ia++];
            assert_int_equal(got->data.n, want->size + 7);
            assert_memory_equal(got->data.p + 7, want->data, (size_t)want->size);
            /* 1024 samples are no whole number of ticks */
            assert_int_in_range(got->pts - want->pts, -1, 1);
        }
    }
    assert_int_equal(iv, nb_v);
    assert_int_equal(ia, nb_a);
    assert_int_equal(nb_v, 60);

    frames_free(f);
    bytes_drop(&out);
    while (nb_v > 0)
        av_packet_free(&vsent[--nb_v]);
    while (nb_a > 0)
        av_packet_free(&asent[--nb_a]);
    av_frame_free(&picture);
    av_frame_free(&sound);
    av_freep(&fmt->pb->buffer);
    avio_context_free(&fmt->pb);
    avformat_free_context(fmt);
    avcodec_free_context(&v);
    avcodec_free_context(&a);
}

/* ---- damage ---- */

static void test_cut(void **state)
{
    (void)state;
    struct mux *m = record(8, NULL, NULL);
    struct frames *whole = read_all(&m->out);

    for (size_t cut = 0; cut < 3 * 188; cut++) {
        const size_t n = m->out.n - 188 * 6 - cut;
        struct frames *f = read_blocks(m->out.p, n, 1000);
        int nb_damaged = 0;

        assert_int_equal(f->stats.partial_tail, n % 188 != 0);
        assert_int_equal(f->stats.nb_packets, n / 188);
        assert_int_equal(f->stats.nb_lost, 0);
        int at = 0;
        for (int i = 0; i < f->n; i++) {
            if (f->f[i].damaged) { /* the last picture, and shorter than it was */
                nb_damaged++;
                assert_true(f->f[i].video);
                continue;
            }
            while (at < whole->n && !same_frame(&f->f[i], &whole->f[at]))
                at++;
            if (at == whole->n) {
                /* A picture that ends on a packet, with no length declared: nothing tells that
                 * it is cut. */
                assert_true(f->f[i].video && n % 188 == 0);
                at = 0;
            } else {
                at = 0;
            }
        }
        assert_true(nb_damaged <= 1);
        frames_free(f);
    }
    frames_free(whole);
    mux_free(m);
}

/* A declared length that is not satisfied is damage, even on a packet boundary. */
static void test_cut_declared(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };

    mux_tables(m, 0x1b);
    add_au(&v, true, 1000);
    mux_pes_ex(m, VIDEO, 90000, NOPTS, v.p, v.n, 1, 184);
    const size_t first = m->out.n;
    mux_pes_ex(m, VIDEO, 96000, NOPTS, v.p, v.n, 1, 184);
    for (size_t n = first + 188; n <= m->out.n; n += 188) {
        struct frames *f = read_blocks(m->out.p, n, n);
        assert_int_equal(f->n, 2);
        assert_frame(&f->f[0], &v, 90000, false);
        assert_int_equal(f->f[1].damaged, n < m->out.n);
        assert_int_equal(f->f[1].pts, 96000);
        assert_memory_equal(f->f[1].data.p, v.p, f->f[1].data.n);
        assert_false(f->stats.partial_tail);
        frames_free(f);
    }
    /* In the middle as well: the next PES comes too early. */
    struct bytes b = { NULL, 0, 0 };
    bytes_add(&b, m->out.p, first - 188);
    bytes_add(&b, m->out.p + first, m->out.n - first);
    m->out.p[first - 188 + 3] &= 0xf0;
    struct frames *f = read_all(&b);
    assert_int_equal(f->n, 2);
    assert_true(f->f[0].damaged);
    assert_false(f->f[1].damaged);
    assert_int_equal(f->stats.nb_lost, 1);
    frames_free(f);
    bytes_drop(&b);
    bytes_drop(&v);
    mux_free(m);
}

/* Frames that all have a wrong length, or padding behind them in the payload. */
static struct frames *read_misstated(int pid, const struct bytes *frame, int length_off, size_t pad,
                                     int byte)
{
    struct mux *m = mux_new();
    struct bytes b = { NULL, 0, 0 };
    const uint8_t c = (uint8_t)byte;

    bytes_add(&b, frame->p, frame->n);
    for (size_t i = 0; i < pad; i++)
        bytes_add(&b, &c, 1);
    mux_tables(m, 0x1b);
    for (int i = 0; i < 4; i++)
        mux_pes_ex(m, pid, 90000 + 1920 * i, NOPTS, b.p, b.n,
                   (unsigned)((int)frame->n + 8 + length_off) & 0xffff, 184);
    struct frames *f = read_all(&m->out);
    bytes_drop(&b);
    mux_free(m);
    return f;
}

/* Some muxers state lengths that do not fit: without the bytes of a header, or of 16 bits only.
 * Nothing is missing where the counters go on. */
static void test_wrong_length(void **state)
{
    (void)state;
    static const size_t sizes[] = { 100, 161, 171, 300, 1000, 70000, 140000 };
    static const int offs[] = { -13, -8, -1, 1, 6, 14 };

    for (size_t k = 0; k < COUNT(sizes); k++) {
        struct bytes v = { NULL, 0, 0 }, a = { NULL, 0, 0 };
        add_au(&v, true, sizes[k]);
        add_adts(&a, sizes[k] < 8000 ? sizes[k] : 8000);
        for (size_t i = 0; i < COUNT(offs) + 1; i++) {
            const bool pads = i == COUNT(offs); /* up to the end of the packet */
            const int off = pads ? 0 : offs[i];
            struct frames *f;
            if (v.n < 65000 || off == 0) {
                const bool fill = pads && v.n < 65000;
                f = read_misstated(VIDEO, &v, off, fill ? 183 - (v.n + 13) % 184 : 0, 0xff);
                assert_clean(f);
                assert_int_equal(f->n, 4);
                for (int n = 0; n < 4; n++)
                    assert_frame(&f->f[n], &v, 90000 + 1920 * n, false);
                frames_free(f);
            }
            f = read_misstated(AUDIO, &a, off, pads ? 183 - (a.n + 13) % 184 : 0, 0);
            assert_clean(f);
            assert_int_equal(f->n, 4);
            for (int n = 0; n < 4; n++)
                assert_frame(&f->f[n], &a, 90000 + 1920 * n, false);
            frames_free(f);
        }
        bytes_drop(&v);
        bytes_drop(&a);
    }

    /* Sixteen packets less, which no counter shows. */
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };
    add_au(&v, true, 6000);
    mux_tables(m, 0x1b);
    const size_t at = m->out.n;
    mux_pes_ex(m, VIDEO, 90000, NOPTS, v.p, v.n, 1, 184);
    mux_pes_ex(m, VIDEO, 96000, NOPTS, v.p, v.n, 1, 184);
    for (size_t k = 1; k < 32; k++) {
        struct bytes b = { NULL, 0, 0 };
        bytes_add(&b, m->out.p, at + k * 188);
        bytes_add(&b, m->out.p + at + (k + 16) * 188, m->out.n - at - (k + 16) * 188);
        struct frames *f = read_all(&b);
        assert_int_equal(f->stats.nb_lost, 0);
        assert_true(f->n < 2 || f->f[0].damaged || f->f[1].damaged);
        frames_free(f);
        bytes_drop(&b);
    }
    bytes_drop(&v);
    mux_free(m);
}

/* Each packet taken out in turn. */
static void test_lost(void **state)
{
    (void)state;
    enum { NB = 9 };
    struct bytes au[NB], adts[2 * NB];
    struct mux *m = record(NB, au, adts);
    const size_t nb = m->out.n / 188;

    for (size_t k = 2; k < nb; k++) {
        const uint8_t *gone = m->out.p + k * 188;
        const int pid = (gone[1] & 0x1f) << 8 | gone[2];
        bool first = true, last = true;
        struct bytes b = { NULL, 0, 0 };

        bytes_add(&b, m->out.p, k * 188);
        bytes_add(&b, gone + 188, m->out.n - (k + 1) * 188);
        for (size_t i = 0; i < nb; i++)
            if (((m->out.p[i * 188 + 1] & 0x1f) << 8 | m->out.p[i * 188 + 2]) == pid && i != k)
                *(i < k ? &first : &last) = false;
        struct frames *f = read_blocks(b.p, b.n, 4096);
        /* The first and the last have no neighbour that would tell. */
        assert_int_equal(f->stats.nb_lost, !first && !last);

        int nb_damaged = 0, whole[2] = { 0 };
        for (int i = 0; i < f->n; i++) {
            const struct frame *g = &f->f[i];
            const struct bytes *of = g->video ? au : adts;
            const int nb_of = g->video ? NB : 2 * NB;
            int at = 0;

            assert_true(!g->damaged || g->pid == pid);
            while (at < nb_of && (of[at].n != g->data.n || memcmp(of[at].p, g->data.p, g->data.n)))
                at++;
            if (g->video)
                assert_true(g->damaged || at < nb_of || last);
            else
                assert_true(at < nb_of); /* sound frames are whole or not there */
            whole[g->video] += at < nb_of;
            nb_damaged += g->damaged;
            if (at < nb_of && g->pts != NOPTS)
                assert_int_equal(g->pts, 90000 + at * (g->video ? 6000 : 1920));
            /* The packet was in this very picture, or is the beginning of the next. */
            if (g->video && g->damaged && !(gone[1] & 0x40) && g->pos >= 0)
                assert_int_in_range((int64_t)(k * 188) - g->pos, 188, 188 * 32);
        }
        if (pid == VIDEO) {
            assert_int_equal(whole[0], 2 * NB);
            assert_true(whole[1] >= NB - 2);
            if (!last && !(gone[1] & 0x40)) {
                assert_int_equal(nb_damaged, 1);
                assert_int_equal(whole[1], NB - 1);
            }
        } else if (pid == AUDIO) {
            assert_int_equal(whole[1], NB);
            assert_true(whole[0] >= 2 * NB - 5);
            assert_int_equal(nb_damaged, 0); /* the frames around the gap are whole */
        } else {
            assert_int_equal(whole[1], NB);
            assert_int_equal(whole[0], 2 * NB);
        }
        frames_free(f);
        bytes_drop(&b);
    }
    for (int i = 0; i < NB; i++)
        bytes_drop(&au[i]);
    for (int i = 0; i < 2 * NB; i++)
        bytes_drop(&adts[i]);
    mux_free(m);
}

/* Counters start anew with a segment, and run on from one PES to the next. */
static void test_counters(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };

    add_au(&v, true, 5000); /* 28 packets: the counter wraps within */
    for (int i = 0; i < 16; i++) {
        m->out.n = 0;
        memset(m->cc, i, sizeof m->cc);
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 90000, v.p, v.n);
        mux_pes(m, VIDEO, 96000, v.p, v.n);
        struct frames *f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 2);
        assert_frame(&f->f[0], &v, 90000, false);
        assert_frame(&f->f[1], &v, 96000, false);
        frames_free(f);
    }
    bytes_drop(&v);
    mux_free(m);
}

static void splice(struct bytes *b, size_t at, const void *p, size_t n)
{
    struct bytes tail = { NULL, 0, 0 };

    bytes_add(&tail, b->p + at, b->n - at);
    b->n = at;
    bytes_add(b, p, n);
    bytes_add(b, tail.p, tail.n);
    bytes_drop(&tail);
}

static void test_resync(void **state)
{
    (void)state;
    struct mux *m = record(20, NULL, NULL);
    struct frames *whole = read_all(&m->out);
    uint8_t junk[1000];

    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (uint8_t)mux_rnd();

    /* Between packets, in front and behind: nothing is lost but the garbage. */
    static const size_t sizes[] = { 1, 100, 187, 189, 1000 };
    for (size_t i = 0; i < COUNT(sizes); i++) {
        for (int where = 0; where < 3; where++) {
            struct bytes b = { NULL, 0, 0 };
            bytes_add(&b, m->out.p, m->out.n);
            splice(&b, where == 0 ? 0 : where == 1 ? 40 * 188 : b.n, junk, sizes[i]);
            for (size_t block = 1; block < 10000; block = block * 7 + 4) {
                struct frames *f = read_blocks(b.p, b.n, block);
                assert_int_equal(f->stats.nb_packets, m->out.n / 188);
                assert_int_equal(f->stats.nb_lost, 0);
                assert_int_equal(f->stats.nb_front, where == 0 ? sizes[i] : 0);
                assert_int_equal(f->stats.nb_bad,
                                 where == 0 || (where == 2 && sizes[i] < 188) ? 0 : (int)sizes[i]);
                assert_int_equal(f->stats.partial_tail,
                                 where == 2 && sizes[i] < 188 && junk[0] == 0x47);
                assert_int_equal(f->n, whole->n);
                for (int k = 0; k < f->n; k++)
                    assert_int_equal(f->f[k].data.n, whole->f[k].data.n);
                frames_free(f);
            }
            bytes_drop(&b);
        }
    }

    /* Whole packets overwritten in front are damage. */
    for (size_t i = 1; i < 4; i++) {
        struct bytes b = { NULL, 0, 0 };
        bytes_add(&b, m->out.p, m->out.n);
        memset(b.p, 0, i * 188);
        struct frames *f = read_blocks(b.p, b.n, 1000);
        assert_int_equal(f->stats.nb_front, 0);
        assert_true(f->stats.nb_bad >= (int64_t)i * 188);
        frames_free(f);
        bytes_drop(&b);
    }

    /* A sync byte changed: one packet lost. */
    m->out.p[30 * 188] ^= 0x40;
    struct frames *f = read_all(&m->out);
    assert_int_equal(f->stats.nb_packets, m->out.n / 188 - 1);
    assert_int_equal(f->stats.nb_bad >= 188, true);
    assert_int_equal(f->stats.nb_lost, 1);
    frames_free(f);
    m->out.p[30 * 188] ^= 0x40;

    /* Bytes missing in a packet: the rest of it is reported, and at most its neighbours are lost. */
    struct bytes b = { NULL, 0, 0 };
    bytes_add(&b, m->out.p, 31 * 188 - 50);
    bytes_add(&b, m->out.p + 31 * 188, m->out.n - 31 * 188);
    f = read_all(&b);
    assert_true(f->stats.nb_bad >= 138);
    assert_true(f->n >= whole->n - 4);
    frames_free(f);
    bytes_drop(&b);
    frames_free(whole);
    mux_free(m);
}

/* ---- packets of other sizes ---- */

static void widen(struct bytes *out, const struct bytes *in, size_t lead, size_t tail)
{
    for (size_t at = 0; at < in->n; at += 188) {
        for (size_t i = 0; i < lead + tail; i++) {
            const uint8_t c = (uint8_t)mux_rnd(); /* it may look like a sync byte */
            if (i == lead)
                bytes_add(out, in->p + at, 188);
            bytes_add(out, &c, 1);
        }
        if (tail == 0)
            bytes_add(out, in->p + at, 188);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    static const struct {
        size_t lead, tail;
    } cases[] = { { 4, 0 }, { 0, 16 }, { 0, 20 } };
    struct mux *m = record(20, NULL, NULL);
    struct frames *whole = read_all(&m->out);

    for (size_t i = 0; i < COUNT(cases); i++) {
        const size_t stride = 188 + cases[i].lead + cases[i].tail;
        struct bytes b = { NULL, 0, 0 };
        widen(&b, &m->out, cases[i].lead, cases[i].tail);
        for (size_t block = 1; block < 10000; block = block * 7 + 4) {
            struct frames *f = read_blocks(b.p, b.n, block);
            assert_clean(f);
            assert_int_equal(f->stats.nb_front, 0);
            assert_int_equal(f->stats.nb_packets, whole->stats.nb_packets);
            assert_int_equal(f->n, whole->n);
            for (int k = 0; k < f->n; k++) {
                assert_int_equal(f->f[k].pos % (int64_t)stride, cases[i].lead);
                f->f[k].pos = f->f[k].pos / (int64_t)stride * 188;
                assert_true(same_frame(&f->f[k], &whole->f[k]));
            }
            frames_free(f);
        }

        /* Bytes in front, a sync byte damaged, bytes gone: as with plain packets. */
        splice(&b, 0, "GIF89a-and-so-on", 16);
        size_t hit = 30;
        while ((m->out.p[hit * 188 + 1] & 0x5f) << 8 != VIDEO)
            hit++;
        b.p[16 + cases[i].lead + hit * stride] ^= 0x40;
        b.n -= stride + 50;
        struct frames *f = read_blocks(b.p, b.n, 1000);
        assert_int_equal(f->stats.nb_front, 16);
        assert_int_equal(f->stats.nb_packets, m->out.n / 188 - 3);
        assert_int_in_range(f->stats.nb_lost, 1, 2);
        assert_true(f->stats.partial_tail);
        frames_free(f);

        /* One to three packets are a stream. */
        for (size_t nb = 1; nb < 4; nb++) {
            f = read_blocks(b.p + 16, nb * stride, 100);
            assert_int_equal(f->stats.nb_packets, nb);
            assert_int_equal(f->stats.nb_bad, 0);
            frames_free(f);
        }
        bytes_drop(&b);
    }
    frames_free(whole);
    mux_free(m);
}

/* ---- tables that come late, or only once ---- */

static void test_late_tables(void **state)
{
    (void)state;
    struct mux *m = record(20, NULL, NULL);
    struct frames *whole = read_all(&m->out);
    const size_t nb = m->out.n / 188;
    struct bytes b = { NULL, 0, 0 };

    /* The first ones, PAT and PMT or PMT and PAT, stand behind any packet; there are no others. */
    for (size_t at = 2; at <= nb; at += at < 10 ? 1 : nb / 7) {
        for (int turned = 0; turned < 2; turned++) {
            b.n = 0;
            for (size_t i = 2; i <= nb; i++) {
                const uint8_t *p = m->out.p + i * 188;
                if (i == at) {
                    bytes_add(&b, m->out.p + (turned ? 188 : 0), 188);
                    bytes_add(&b, m->out.p + (turned ? 0 : 188), 188);
                }
                const int pid = i < nb ? (p[1] & 0x1f) << 8 | p[2] : PMT;
                if (pid != PMT && pid != 0)
                    bytes_add(&b, p, 188);
            }
            for (size_t block = 1000; block < 100000000; block *= 100) {
                struct frames *f = read_blocks(b.p, b.n, block);
                assert_clean(f);
                assert_int_equal(f->n, whole->n);
                assert_int_equal(count(f, true), count(whole, true));
                for (int i = 0; i < f->stats.nb_named; i++)
                    assert_int_equal(trtc_ts_unfollowed(&f->stats.named[i]), 0);
                frames_free(f);
            }
        }
    }

    /* No tables at all: nothing is known, unless a segment before had some. */
    b.n = 0;
    for (size_t i = 0; i < nb; i++) {
        const uint8_t *p = m->out.p + i * 188;
        const int pid = (p[1] & 0x1f) << 8 | p[2];
        if (pid != PMT && pid != 0)
            bytes_add(&b, p, 188);
    }
    struct frames *f = read_all(&b);
    assert_int_equal(f->n, 0);
    assert_int_equal(f->stats.nb_named, 0);
    frames_free(f);
    frames_free(read_all(&m->out));
    for (int turn = 0; turn < 2; turn++) {
        f = calloc(1, sizeof *f);
        trtc_ts_begin(demux);
        trtc_ts_feed(demux, b.p, b.n);
        pull(f);
        trtc_ts_end(demux);
        pull(f);
        f->stats = *trtc_ts_stats(demux);
        assert_balanced(f);
        assert_clean(f);
        assert_int_equal(f->n, whole->n);
        frames_free(f);
    }
    struct trtc_ts *other = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    struct trtc_ts_frame g;
    int nb_frames = 0;
    trtc_ts_learn(other, demux);
    trtc_ts_feed(other, b.p, b.n);
    trtc_ts_end(other);
    while (trtc_ts_next(other, &g) == 1)
        nb_frames++;
    assert_int_equal(nb_frames, whole->n);
    trtc_ts_free(&other);
    bytes_drop(&b);
    frames_free(whole);
    mux_free(m);
}

/* More than is kept: the latest of it is read, and the rest is told. */
static void test_very_late_tables(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };
    const int nb = TRTC_TS_EARLY_MAX / 188 + 1000;
    int64_t left_out = 0;

    add_au(&v, true, 100);
    for (int i = 0; i < nb; i++)
        mux_pes(m, VIDEO, 1000 + i, v.p, v.n);
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 1000 + nb, v.p, v.n);
    trtc_ts_forget(demux);
    trtc_ts_feed(demux, m->out.p, m->out.n);
    struct trtc_ts_frame g;
    int n = 0;
    for (; trtc_ts_next(demux, &g) == 1; n++)
        assert_true(g.pts_90k > 1000 + nb - TRTC_TS_EARLY_MAX / 188);
    trtc_ts_end(demux);
    for (; trtc_ts_next(demux, &g) == 1; n++)
        assert_int_equal(g.pts_90k, 1000 + nb);
    const struct trtc_ts_stats *st = trtc_ts_stats(demux);
    for (int i = 0; i < st->nb_named; i++)
        left_out += trtc_ts_unfollowed(&st->named[i]);
    assert_int_equal(n + left_out, nb + 1);
    assert_true(n > TRTC_TS_EARLY_MAX / 200);
    assert_int_equal(st->nb_bad + st->nb_lost, 0);
    bytes_drop(&v);
    mux_free(m);
}

/* ---- segments that go on in each other ---- */

/* What is found out about a part of a stream by reading it. */
static struct trtc_ts_stats stats_of(const uint8_t *p, size_t n)
{
    struct trtc_ts_frame g;

    trtc_ts_forget(demux);
    trtc_ts_feed(demux, p, n);
    while (trtc_ts_next(demux, &g) == 1)
        ;
    trtc_ts_end(demux);
    while (trtc_ts_next(demux, &g) == 1)
        ;
    return *trtc_ts_stats(demux);
}

/* A stream that is cut at any byte: whether that is in a packet, and the rest of it follows. */
static void test_torn_packets(void **state)
{
    static const struct {
        size_t lead, tail;
    } shapes[] = { { 0, 0 }, { 4, 0 }, { 0, 16 } };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };
    (void)state;

    mux_tables(m, 0x1b);
    for (int i = 0; i < 40; i++) {
        v.n = 0;
        add_au(&v, i == 0, 100);
        mux_pes(m, VIDEO, 1000 + 3600 * i, v.p, v.n);
    }
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        static const uint8_t extra[16] = { 1, 2, 3 };
        const size_t lead = shapes[k].lead, unit = lead + 188 + shapes[k].tail;
        struct bytes b = { NULL, 0, 0 };
        for (size_t at = 0; at < m->out.n; at += 188) {
            bytes_add(&b, extra, lead);
            bytes_add(&b, m->out.p + at, 188);
            bytes_add(&b, extra, shapes[k].tail);
        }
        for (size_t off = 0; off < unit; off++) {
            const size_t cut = 20 * unit + off, n = b.n - cut;
            const bool torn = off > lead && off < lead + 188;
            const struct trtc_ts_stats st = stats_of(b.p, cut);
            assert_int_equal(trtc_ts_torn_at(&st, (int64_t)cut),
                             torn ? (int64_t)(cut - off + lead) : -1);
            if (torn)
                assert_true(trtc_ts_joins(&st, (int64_t)cut, b.p + cut, n < 1024 ? n : 1024));
            assert_false(torn && trtc_ts_joins(&st, (int64_t)cut, b.p, 1024));
            const struct trtc_ts_stats rest = stats_of(b.p + cut, n);
            assert_int_equal(trtc_ts_torn_at(&rest, (int64_t)n), -1);
        }
        bytes_drop(&b);
    }
    bytes_drop(&v);
    mux_free(m);
}

/* Reads the segments that begin at these places as one stream; tables (may be NULL) stand in front
 * of all but the first. sums: of the statistics. Returns the frames; the places where the segments
 * begin in what was fed go to begin. */
static struct frames *read_segments(const struct bytes *b, const size_t *at, size_t nb,
                                    const struct bytes *tables, int64_t *begin)
{
    struct frames *out = calloc(1, sizeof *out);
    struct trtc_ts_stats sum = { 0 };

    assert_non_null(out);
    trtc_ts_forget(demux);
    for (size_t i = 0; i < nb; i++) {
        const size_t end = i + 1 < nb ? at[i + 1] : b->n;
        if (i > 0)
            trtc_ts_continue(demux);
        begin[i] = trtc_ts_pos(demux);
        if (i > 0 && tables) {
            trtc_ts_feed(demux, tables->p, tables->n);
            pull(out);
        }
        trtc_ts_feed(demux, b->p + at[i], end - at[i]);
        pull(out);
        if (i + 1 == nb)
            trtc_ts_end(demux);
        else
            trtc_ts_pause(demux);
        pull(out);
        const struct trtc_ts_stats *st = trtc_ts_stats(demux);
        for (int k = 0; k < st->nb_named; k++) {
            const struct trtc_ts_named *n = &st->named[k];
            assert_int_equal(n->nb_bytes, n->nb_framed + n->nb_idle + n->nb_bad + n->nb_held);
            assert_int_equal(n->nb_packets, n->nb_followed);
        }
        sum.nb_packets += st->nb_packets;
        sum.nb_lost += st->nb_lost;
        sum.nb_bad += st->nb_bad;
        sum.nb_front += st->nb_front;
        sum.partial_tail |= st->partial_tail;
    }
    out->stats = sum;
    return out;
}

/* Fewer bytes than a packet behind the last one, without a sync byte, are no part of the stream. */
static void test_behind(void **state)
{
    (void)state;
    static const char *const tails[] = { "\n", "\r\n", "\x10\x10\x10\x10\x10\x10", "G" };
    for (size_t k = 0; k < COUNT(tails); k++) {
        struct mux *m = mux_new();
        struct bytes v = { NULL, 0, 0 };
        int64_t begin[2];
        size_t at[2] = { 0, 0 };

        mux_tables(m, 0x1b);
        add_au(&v, true, 300);
        mux_pes(m, VIDEO, 1000, v.p, v.n);
        bytes_add(&m->out, tails[k], strlen(tails[k]));
        at[1] = m->out.n;
        mux_pes(m, VIDEO, 2000, v.p, v.n);
        bytes_add(&m->out, tails[k], strlen(tails[k]));
        struct frames *f = read_segments(&m->out, at, 2, NULL, begin);
        assert_int_equal(f->n, 2);
        assert_int_equal(f->stats.partial_tail, *tails[k] == 'G');
        assert_true(!f->f[1].damaged || *tails[k] == 'G');
        assert_true(!f->stats.nb_bad || *tails[k] == 'G');
        frames_free(f);
        bytes_drop(&v);
        mux_free(m);
    }
}

static void test_segments(void **state)
{
    (void)state;
    struct mux *m = record(9, NULL, NULL);
    struct frames *whole = read_all(&m->out);
    struct bytes tables = { NULL, 0, 0 };
    const size_t nb = m->out.n / 188;
    int64_t begin[3];

    bytes_add(&tables, m->out.p, 2 * 188);
    for (size_t k = 2; k < nb; k++) {
        for (int with_tables = 0; with_tables < 2; with_tables++) {
            const size_t at[] = { 0, k * 188, (k + 1 + mux_rnd() % (nb - k)) * 188 };
            struct frames *f = read_segments(&m->out, at, 3, with_tables ? &tables : NULL, begin);
            assert_clean(f);
            assert_int_equal(f->n, whole->n);
            for (int video = 0; video < 2; video++) {
                for (int i = 0, j = 0; i < f->n; i++) {
                    if (f->f[i].video != video)
                        continue;
                    while (whole->f[j].video != video)
                        j++;
                    const int64_t more = with_tables ? (f->f[i].pos >= begin[1]) * 2 * 188 +
                                                           (f->f[i].pos >= begin[2]) * 2 * 188
                                                     : 0;
                    f->f[i].pos -= more;
                    assert_true(same_frame(&f->f[i], &whole->f[j]));
                    j++;
                }
            }
            frames_free(f);
        }
    }

    /* Cut anywhere: the packet that was cut goes on as well. */
    for (int i = 0; i < 500; i++) {
        const size_t first = 400 + mux_rnd() % (m->out.n - 1000);
        const size_t at[] = { 0, first, first + 1 + mux_rnd() % 500 };
        struct frames *f = read_segments(&m->out, at, 3, NULL, begin);
        assert_clean(f);
        assert_int_equal(f->n, whole->n);
        frames_free(f);
    }
    bytes_drop(&tables);
    frames_free(whole);
    mux_free(m);
}

/* Segments that do not go on in each other. */
static void test_other_segments(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };
    int64_t begin[2];

    /* Counters begin anew: where a PES begins, that is no gap. */
    add_au(&v, true, 1000);
    for (int restart = 0; restart < 2; restart++) {
        m->out.n = 0;
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 1000, v.p, v.n);
        const size_t at[] = { 0, m->out.n };
        m->cc[VIDEO] = restart ? 7 : m->cc[VIDEO];
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 2000, v.p, v.n);
        struct frames *f = read_segments(&m->out, at, 2, NULL, begin);
        assert_clean(f);
        assert_int_equal(f->n, 2);
        assert_true(f->f[0].pos < begin[1] && f->f[1].pos >= begin[1]);
        frames_free(f);
    }

    /* Nor a repetition, where it begins as the last packet before it does. */
    struct bytes small = { NULL, 0, 0 };
    add_au(&small, true, 20);
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 1000, small.p, small.n);
    const size_t alike[] = { 0, m->out.n };
    m->cc[VIDEO]--;
    mux_pes(m, VIDEO, 1000, small.p, small.n);
    mux_pes(m, VIDEO, 2000, small.p, small.n);
    struct frames *g = read_segments(&m->out, alike, 2, NULL, begin);
    assert_clean(g);
    assert_int_equal(g->n, 3);
    frames_free(g);
    bytes_drop(&small);

    /* In the middle of a PES it is: what stands there is no part of the picture before. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    const size_t at[] = { 0, m->out.n - 188 };
    m->out.p[at[1] + 3] ^= 8;
    struct frames *f = read_segments(&m->out, at, 2, NULL, begin);
    assert_int_equal(f->n, 1);
    assert_true(f->f[0].damaged);
    assert_int_equal(f->stats.nb_lost, 0);
    assert_true(f->stats.nb_bad > 0);
    assert_int_equal(f->f[0].data.n + (size_t)f->stats.nb_bad, v.n);
    frames_free(f);

    /* A packet was cut, and the next segment begins with one of its own. */
    struct bytes b = { NULL, 0, 0 };
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pes(m, VIDEO, 2000, v.p, v.n);
    bytes_add(&b, m->out.p, m->out.n - 50);
    const size_t cut[] = { 0, b.n };
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 3000, v.p, v.n);
    bytes_add(&b, m->out.p + b.n + 50, m->out.n - b.n - 50);
    f = read_segments(&b, cut, 2, NULL, begin);
    assert_int_equal(f->n, 3);
    assert_frame(&f->f[0], &v, 1000, false);
    assert_frame(&f->f[2], &v, 3000, false);
    assert_int_equal(f->stats.nb_bad, 138);
    frames_free(f);
    bytes_drop(&b);
    bytes_drop(&v);
    mux_free(m);
}

static void test_foreign(void **state)
{
    (void)state;
    struct bytes b = { NULL, 0, 0 };

    for (size_t n = 0; n < 3000; n = n * 3 / 2 + 1) {
        b.n = 0;
        bytes_add(&b, "GIF89a", 6);
        while (b.n < n) {
            const uint8_t c = (uint8_t)mux_rnd();
            bytes_add(&b, &c, 1);
        }
        if (n == 188)
            continue;
        struct frames *f = read_blocks(b.p, n, 100);
        assert_int_equal(f->n, 0);
        assert_int_equal(f->stats.nb_packets, 0);
        assert_int_equal(f->stats.nb_bad, n);
        assert_false(f->stats.partial_tail);
        frames_free(f);
    }
    b.n = 0;
    for (int i = 0; i < 1000000; i++) {
        const uint8_t c = (uint8_t)mux_rnd();
        bytes_add(&b, &c, 1);
    }
    struct frames *f = read_blocks(b.p, b.n, 65536);
    assert_int_equal(f->stats.nb_packets, 0);
    assert_int_equal(f->stats.nb_bad, b.n);
    assert_int_equal(f->n, 0);
    frames_free(f);

    /* One packet alone is a stream. */
    struct mux *m = mux_new();
    mux_pat(m, 1, (const int[]){ PMT });
    f = read_all(&m->out);
    assert_int_equal(f->stats.nb_packets, 1);
    assert_int_equal(f->stats.nb_bad, 0);
    frames_free(f);
    mux_free(m);
    bytes_drop(&b);
}

static void test_bit_flips(void **state)
{
    (void)state;
    struct mux *m = record(12, NULL, NULL);
    struct bytes b = { NULL, 0, 0 };

    for (int i = 0; i < 2000; i++) {
        b.n = 0;
        bytes_add(&b, m->out.p, m->out.n);
        for (unsigned k = 1 + mux_rnd() % 20; k > 0; k--)
            b.p[mux_rnd() % b.n] ^= (uint8_t)(1 << mux_rnd() % 8);
        if (i % 4 == 0) {
            const size_t at = mux_rnd() % (b.n - 1000), n = mux_rnd() % 1000;
            memmove(b.p + at, b.p + at + n, b.n - at - n);
            b.n -= n;
        }
        struct frames *f = read_blocks(b.p, b.n, 1 + mux_rnd() % 5000);
        assert_true(f->stats.nb_packets <= (int64_t)b.n / 188);
        assert_true(f->stats.nb_bad <= (int64_t)b.n);
        for (int k = 0; k < f->n; k++)
            assert_true(f->f[k].pos >= 0 && f->f[k].pos < (int64_t)b.n);
        frames_free(f);
    }
    bytes_drop(&b);
    mux_free(m);
}

/* Repeated packets, transport errors, scrambling, null packets, odd adaptation fields. */
static void test_packets(void **state)
{
    (void)state;
    struct mux *m = record(12, NULL, NULL);
    struct frames *whole = read_all(&m->out);
    struct bytes b = { NULL, 0, 0 };
    uint8_t null[188] = { 0x47, 0x1f, 0xff, 0x10 };

    /* Each packet twice, and null packets between. */
    for (size_t i = 0; i < m->out.n; i += 188) {
        bytes_add(&b, m->out.p + i, 188);
        bytes_add(&b, m->out.p + i, 188);
        bytes_add(&b, null, 188);
    }
    struct frames *f = read_all(&b);
    assert_clean(f);
    assert_int_equal(f->n, whole->n);
    for (int i = 0; i < f->n; i++) {
        f->f[i].pos /= 3;
        assert_true(same_frame(&f->f[i], &whole->f[i]));
    }
    frames_free(f);

    /* Another one with the same counter is no repetition. */
    b.n = 0;
    bytes_add(&b, m->out.p, m->out.n);
    bool declared = false; /* the length of the PES */
    size_t at = 30 * 188;
    while (((b.p[at + 1] & 0x5f) << 8 | b.p[at + 2]) != VIDEO || b.p[at + 3] & 0x20 || !declared) {
        if (((b.p[at + 1] & 0x5f) << 8 | b.p[at + 2]) == (0x4000 | VIDEO))
            declared = b.p[at + 8] | b.p[at + 9];
        at += 188;
    }
    splice(&b, at, b.p + at, 188);
    b.p[at + 180] ^= 1;
    f = read_all(&b);
    assert_int_equal(f->stats.nb_lost, 15);
    frames_free(f);

    /* A transport error is damage but no loss. */
    for (int kind = 0; kind < 4; kind++) {
        b.n = 0;
        bytes_add(&b, m->out.p, m->out.n);
        if (kind == 0)
            b.p[at + 1] |= 0x80;
        if (kind == 1)
            b.p[at + 3] |= 0xc0;
        if (kind == 2) { /* adaptation field longer than the packet */
            b.p[at + 3] |= 0x30;
            b.p[at + 4] = 200;
        }
        if (kind == 3) { /* adaptation field as long as the packet */
            b.p[at + 3] |= 0x30;
            b.p[at + 4] = 183;
        }
        f = read_all(&b);
        assert_int_equal(f->stats.nb_lost, 0);
        assert_int_equal(f->stats.nb_bad, kind == 0 || kind == 2 ? 188 : 0);
        assert_int_equal(f->stats.scrambled, kind == 1);
        int nb_damaged = 0;
        for (int i = 0; i < f->n; i++)
            nb_damaged += f->f[i].damaged;
        assert_int_equal(nb_damaged, 1); /* a declared length tells it of the last kind */
        assert_int_equal(count(f, true), 12);
        frames_free(f);
    }

    /* Packets of adaptation field only do not count. */
    b.n = 0;
    bytes_add(&b, m->out.p, m->out.n);
    for (size_t i = b.n; i > 5 * 188; i -= 5 * 188) {
        uint8_t t[188] = { 0x47, 0x01, 0x00, 0x20, 183, 0x10 };
        t[3] |= mux_rnd() & 15;
        splice(&b, i / 188 * 188, t, 188);
    }
    f = read_all(&b);
    assert_clean(f);
    assert_int_equal(f->n, whole->n);
    frames_free(f);

    /* A jump that is announced is none. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    struct bytes v = { NULL, 0, 0 };
    add_au(&v, true, 50);
    mux_pes(m, VIDEO, 90000, v.p, v.n);
    m->cc[VIDEO] += 5;
    const size_t second = m->out.n;
    mux_pes(m, VIDEO, 96000, v.p, v.n);
    f = read_all(&m->out);
    assert_int_equal(f->stats.nb_lost, 5);
    assert_int_equal(f->n, 2);
    frames_free(f);
    assert_true(m->out.p[second + 4] > 0);
    m->out.p[second + 5] |= 0x80;
    for (int twice = 0; twice < 2;
         twice++) { /* the packet that announces it may be repeated, too */
        f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 2);
        assert_frame(&f->f[1], &v, 96000, false);
        frames_free(f);
        splice(&m->out, second, m->out.p + second, 188);
    }
    bytes_drop(&v);
    bytes_drop(&b);
    frames_free(whole);
    mux_free(m);
}

/* ---- tables ---- */

static void test_pmt_change(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 }, h = { NULL, 0, 0 }, a = { NULL, 0, 0 };
    const struct entry h264[] = { { VIDEO, 0x1b, NULL, 0 }, { AUDIO, 0x0f, NULL, 0 } };
    const struct entry moved[] = { { 0x200, 0x1b, NULL, 0 }, { AUDIO, 0x0f, NULL, 0 } };
    const struct entry hevc[] = { { 0x200, 0x24, NULL, 0 }, { AUDIO, 0x0f, NULL, 0 } };
    const struct entry more[] = { { 0x300, 0x1b, NULL, 0 },
                                  { 0x200, 0x24, NULL, 0 },
                                  { 0x301, 0x0f, NULL, 0 },
                                  { AUDIO, 0x0f, NULL, 0 } };
    const struct entry swapped[] = { { AUDIO, 0x1b, NULL, 0 }, { 0x200, 0x0f, NULL, 0 } };
    const struct entry none[] = { { 0x200, 0x15, NULL, 0 } };

    add_au(&v, true, 300);
    bytes_add(&h, "\0\0\1\x46\1\x50\0\0\1\x26\1\xaf", 12);
    bytes_add_random(&h, 300);
    add_adts(&a, 100);

    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, h264, 2, false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pes(m, AUDIO, 1000, a.p, a.n);
    mux_pmt(m, PMT, h264, 2, false); /* said again: nothing happens */
    mux_pes(m, VIDEO, 2000, v.p, v.n);
    mux_pmt(m, PMT, moved, 2, false);
    mux_pes(m, VIDEO, 2500, v.p, v.n); /* on the old PID: not read any more */
    mux_pes(m, 0x200, 3000, v.p, v.n);
    mux_pmt(m, PMT, hevc, 2, false);
    mux_pes(m, 0x200, 4000, h.p, h.n);
    mux_pmt(m, PMT, more, 4, false); /* those in use stay */
    mux_pes(m, 0x300, 4500, v.p, v.n);
    mux_pes(m, 0x200, 5000, h.p, h.n);
    mux_pes(m, AUDIO, 5000, a.p, a.n);
    mux_pmt(m, PMT, none, 1, false);
    mux_pes(m, 0x200, 5500, h.p, h.n);
    mux_pmt(m, PMT, swapped, 2, false);
    mux_pes_ex(m, AUDIO, 6000, NOPTS, v.p, v.n, 0, 184);
    mux_pes_ex(m, 0x200, 6000, NOPTS, a.p, a.n, 1, 184);

    for (size_t block = 100; block < 100000; block *= 10) {
        struct frames *f = read_blocks(m->out.p, m->out.n, block);
        static const int64_t video[] = { 1000, 2000, 3000, 4000, 5000, 6000 },
                             audio[] = { 1000, 5000, 6000 };
        size_t nv = 0, na = 0;

        assert_clean(f);
        for (int i = 0; i < f->n; i++) {
            const struct frame *g = &f->f[i];
            if (g->video) {
                assert_true(nv < COUNT(video));
                assert_frame(g, nv == 3 || nv == 4 ? &h : &v, video[nv], false);
                assert_string_equal(g->codec_name, nv == 3 || nv == 4 ? "hevc" : "h264");
                assert_int_equal(g->pid, nv < 2 ? VIDEO : nv < 5 ? 0x200 : AUDIO);
                assert_true(g->key);
                nv++;
            } else {
                assert_true(na < COUNT(audio));
                assert_frame(g, &a, audio[na], false);
                assert_int_equal(g->pid, na < 2 ? AUDIO : 0x200);
                na++;
            }
        }
        assert_int_equal(nv, COUNT(video));
        assert_int_equal(na, COUNT(audio));
        frames_free(f);
    }
    bytes_drop(&v);
    bytes_drop(&h);
    bytes_drop(&a);
    mux_free(m);
}

/* A PMT moves pictures to another PID within a group that is reordered (x264, two levels of B-frames): those that state
 * only a PTS are still decoded then, and counts go on. */
static void test_pmt_moves_pictures(void **state)
{
    (void)state;
    static const struct {
        int64_t pts, dts;
        const char *slice;
    } pictures[] = {
        { 7200, 0, "\x65\x88\x84\0\x47\xda" },        { 28800, 3600, "\x41\x9a\xb2\x34\x4c\x45" },
        { 18000, 7200, "\x41\x9e\xcf\x45\x15\x2c" },  { 10800, 10800, "\x01\x9e\xed\x44\x2d\xff" },
        { 14400, 14400, "\x01\x9e\xee\x44\x2d\xff" }, { 21600, 18000, "\x01\x9e\xf0\x44\x2d\xff" },
        { 25200, 21600, "\x01\x9e\xf1\x44\x2d\xff" },
    };
    const struct entry at_first[] = { { VIDEO, 0x1b, NULL, 0 } },
                       then[] = { { 0x200, 0x1b, NULL, 0 } };

    for (size_t move = 1; move < COUNT(pictures); move++) {
        struct mux *m = mux_new();
        struct bytes v = { NULL, 0, 0 };

        mux_pat(m, 1, (const int[]){ PMT });
        mux_pmt(m, PMT, at_first, 1, false);
        for (size_t i = 0; i < COUNT(pictures); i++) {
            const int64_t pts = pictures[i].pts, dts = pictures[i].dts;
            v.n = 0;
            bytes_add(&v, "\0\0\0\1\x09\xf0", 6);
            if (i == 0)
                bytes_add(&v, x264_sets, sizeof x264_sets - 1);
            bytes_add(&v, "\0\0\1", 3);
            bytes_add(&v, pictures[i].slice, 6);
            bytes_add_random(&v, 300);
            if (i == move)
                mux_pmt(m, PMT, then, 1, false);
            mux_pes_ex(m, i < move ? VIDEO : 0x200, pts, dts == pts ? NOPTS : dts, v.p, v.n, 0,
                       184);
        }
        struct frames *f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, COUNT(pictures));
        for (size_t i = 0; i < COUNT(pictures); i++) {
            assert_int_equal(f->f[i].pts, pictures[i].pts);
            assert_int_equal(f->f[i].dts, pictures[i].dts);
        }
        frames_free(f);
        bytes_drop(&v);
        mux_free(m);
    }
}

/* A PMT with so many bytes of program_info. */
static size_t pmt_with(uint8_t *out, const uint8_t *info, size_t n)
{
    static const uint8_t entry[] = { 0x1b, 0xe1, 0x00, 0xf0, 0x00 };
    const size_t length = 9 + n + sizeof entry + 4;
    const uint8_t head[] = {
        2,    (uint8_t)(0xb0 | length >> 8), (uint8_t)length, 0, 1, 0xc1, 0, 0, 0xe1,
        0x00, (uint8_t)(0xf0 | n >> 8),      (uint8_t)n
    };
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, info, n);
    memcpy(out + sizeof head + n, entry, sizeof entry);
    return sizeof head + n + sizeof entry + 4;
}

static void test_psi_time(void **state)
{
    static const uint8_t other[] = { 0x05, 4, 'H', 'D', 'M', 'V', 0xe8, 3, 'T', 'R', 'T' };
    const struct trtc_psi_time time = { INT64_C(1767225600495123), (INT64_C(1) << 33) - 7 };
    uint8_t info[64], pmt[128];
    struct trtc_psi_time got = { 0 };
    (void)state;
    memcpy(info, other, sizeof other);
    trtc_psi_put_time(info + sizeof other, &time);
    const size_t n = sizeof other + TRTC_PSI_TIME_SIZE;
    assert_true(trtc_pmt_time(pmt, pmt_with(pmt, info, n), &got));
    assert_int_equal(got.utc_us, time.utc_us);
    assert_int_equal(got.pts_90k, time.pts_90k);
    assert_false(trtc_pmt_time(pmt, pmt_with(pmt, info, sizeof other), &got));
    assert_false(trtc_pmt_time(pmt, pmt_with(pmt, info, n - 1), &got));
    assert_false(trtc_pmt_time(pmt, pmt_with(pmt, info, 0), &got));
    for (size_t size = 0; size < 40; size++) { /* cut sections */
        uint8_t *cut = malloc(size + 1);
        assert_non_null(cut);
        pmt_with(pmt, info, n);
        memcpy(cut, pmt, size);
        assert_false(trtc_pmt_time(cut, size, &got));
        free(cut);
    }
    info[sizeof other + 6] = 2; /* another version */
    assert_false(trtc_pmt_time(pmt, pmt_with(pmt, info, n), &got));
    info[sizeof other + 6] = 1;
    info[sizeof other + 7] = 0x80; /* no time */
    assert_false(trtc_pmt_time(pmt, pmt_with(pmt, info, n), &got));
    info[sizeof other + 1] = 200;
    assert_false(trtc_pmt_time(pmt, pmt_with(pmt, info, n), &got));
}

static void test_psi_crc(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };
    const struct entry good[] = { { VIDEO, 0x1b, NULL, 0 } }, bad[] = { { 0x200, 0x1b, NULL, 0 } };

    add_au(&v, true, 300);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, bad, 1, true);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pmt(m, PMT, good, 1, false);
    mux_pes(m, VIDEO, 2000, v.p, v.n);
    mux_pmt(m, PMT, bad, 1, true);
    mux_pes(m, VIDEO, 3000, v.p, v.n);
    struct frames *f = read_all(&m->out);
    assert_int_equal(f->n, 3); /* also the one that stood before the tables */
    for (int i = 0; i < 3; i++)
        assert_frame(&f->f[i], &v, 1000 * (i + 1), false);
    frames_free(f);

    /* Any bit of PAT or PMT flipped: the next good ones count. */
    m->out.n = 0;
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, good, 1, false);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, good, 1, false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    for (size_t bit = 0; bit < 2 * 188 * 8; bit++) {
        m->out.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        f = read_all(&m->out);
        assert_int_equal(f->n, 1);
        assert_frame(&f->f[0], &v, 1000, false);
        frames_free(f);
        m->out.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    bytes_drop(&v);
    mux_free(m);
}

/* A capture of one program, whose PAT names all those of its network, in one section or several. */
static void test_one_of_many_programs(void **state)
{
    (void)state;
    static int pids[600];
    static const struct entry one[] = { { VIDEO, 0x1b, NULL, 0 } };
    static const size_t in_use[] = { 0, 15, 16, 40, 252, 253, 599 };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };

    add_au(&v, true, 300);
    for (size_t i = 0; i < COUNT(pids); i++)
        pids[i] = 0x400 + (int)i;
    for (size_t i = 0; i < COUNT(in_use); i++) {
        m->out.n = 0;
        for (int k = 1; k <= 3; k++) {
            mux_pes(m, VIDEO, 1000 * (2 * k - 1), v.p, v.n);
            mux_pat(m, COUNT(pids), pids);
            mux_pmt(m, pids[in_use[i]], one, 1, false);
            mux_pes(m, VIDEO, 1000 * 2 * k, v.p, v.n);
        }
        struct frames *f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 6);
        frames_free(f);
    }

    /* The table of a program is before that of all programs. */
    m->out.n = 0;
    mux_pmt(m, pids[40], one, 1, false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pat(m, COUNT(pids), pids);
    mux_pes(m, VIDEO, 2000, v.p, v.n);
    struct frames *f = read_all(&m->out);
    assert_int_equal(f->n, 2);
    frames_free(f);
    bytes_drop(&v);
    mux_free(m);
}

/* Sections longer than a packet, with hundreds of streams; several programs; descriptors. */
static void test_programs(void **state)
{
    (void)state;
    static struct entry many[800];
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 }, a = { NULL, 0, 0 };

    add_au(&v, true, 300);
    add_adts(&a, 100);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct entry){ 0x400 + (int)i, i < 790 ? 0x06 : i & 1 ? 0x0f : 0x1b, NULL, 0 };
    static const int pids[] = { 0x20, 0x21, 0x22, 0x23, 0x24, 0x25 };
    mux_pat(m, 6, pids);
    mux_pmt(m, 0x25, many, COUNT(many), false);
    mux_pes(m, 0x400 + 790, 1000, v.p, v.n);
    mux_pes_ex(m, 0x400 + 791, 1000, NOPTS, a.p, a.n, 1, 184);
    mux_pes(m, 0x400 + 792, 1000, v.p, v.n);
    struct frames *f = read_blocks(m->out.p, m->out.n, 300);
    assert_clean(f);
    assert_int_equal(f->n, 2);
    assert_int_equal(count(f, true), 1);
    frames_free(f);

    /* The first program has only data; the third comes too late. */
    static const struct entry data[] = { { 0x101, 0x15, NULL, 0 } },
                              one[] = { { VIDEO, 0x1b, NULL, 0 } },
                              two[] = { { 0x200, 0x1b, NULL, 0 } };
    m->out.n = 0;
    mux_pat(m, 3, pids);
    mux_pmt(m, 0x20, data, 1, false);
    mux_pmt(m, 0x21, one, 1, false);
    mux_pmt(m, 0x22, two, 1, false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pes(m, 0x200, 1000, v.p, v.n);
    f = read_all(&m->out); /* it is listed */
    assert_int_equal(f->n, 1);
    assert_int_equal(f->stats.nb_named, 3);
    assert_int_equal(f->stats.named[2].stream.pid, 0x200);
    assert_true(trtc_ts_left_out(&f->stats.named[2]));
    frames_free(f);
    /* The PAT changes: its program has gone, and the other one is found again. */
    mux_pat(m, 1, pids + 2);
    mux_pmt(m, 0x22, two, 1, false);
    mux_pes(m, VIDEO, 2000, v.p, v.n);
    mux_pes(m, 0x200, 2000, v.p, v.n);
    f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->f[0].pid, VIDEO);
    assert_int_equal(f->f[1].pid, 0x200);
    frames_free(f);

    static const struct {
        uint8_t type;
        const char *desc;
        size_t n;
        const char *name;
        enum trtc_codec codec;
        bool video;
    } cases[] = {
        { 0x06, "\x05\x04HEVC", 6, "hevc", TRTC_CODEC_H265, true },
        { 0x06, "\x05\x04H264", 6, "h264", TRTC_CODEC_H264, true },
        { 0x06, "\x05\x04h265", 6, "hevc", TRTC_CODEC_H265, true },
        { 0x06, "\x05\x04\x61vc1", 6, "h264", TRTC_CODEC_H264, true },
        { 0x06,
          "\x0a\x04"
          "eng\0\x05\x04"
          "Opus\x7f\x02\x80\x02",
          16, "opus", TRTC_CODEC_OTHER, false },
        { 0x06,
          "\x05\x04"
          "AC-3",
          6, "ac3", TRTC_CODEC_OTHER, false },
        { 0x06, "\x6a\x01\0", 3, "ac3", TRTC_CODEC_OTHER, false },
        { 0x06, "\x7a\x01\0", 3, "eac3", TRTC_CODEC_OTHER, false },
        { 0x81, NULL, 0, "ac3", TRTC_CODEC_OTHER, false },
        { 0x03, NULL, 0, "mp3", TRTC_CODEC_OTHER, false },
        { 0x11, NULL, 0, "aac_latm", TRTC_CODEC_OTHER, false },
        { 0x02, NULL, 0, "mpeg2video", TRTC_CODEC_OTHER, true },
        { 0x24, NULL, 0, "hevc", TRTC_CODEC_H265, true },
        { 0x06, NULL, 0, NULL, TRTC_CODEC_NONE, false },
        { 0x06, "\x05\x04", 2, NULL, TRTC_CODEC_NONE, false }, /* descriptor past the end */
        { 0x06,
          "\x05\x02"
          "HE",
          4, NULL, TRTC_CODEC_NONE, false }, /* too short */
        { 0x06, "\x05", 1, NULL, TRTC_CODEC_NONE, false },
        { 0x15, "\x05\x04HEVC", 6, NULL, TRTC_CODEC_NONE, false },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct entry e = { 0x321, cases[i].type, cases[i].desc, cases[i].n };
        m->out.n = 0;
        mux_pat(m, 1, pids);
        mux_pmt(m, 0x20, &e, 1, false);
        f = read_all(&m->out);
        const struct trtc_ts_stream *s =
            trtc_ts_stream(demux, cases[i].video ? TRTC_VIDEO : TRTC_AUDIO);
        if (!cases[i].name) {
            assert_null(s);
        } else {
            assert_non_null(s);
            assert_string_equal(s->codec_name, cases[i].name);
            assert_int_equal(s->codec, cases[i].codec);
            assert_int_equal(s->video, cases[i].video);
            assert_int_equal(s->pid, 0x321);
            assert_int_equal(s->stream_type, cases[i].type);
        }
        frames_free(f);
    }
    bytes_drop(&v);
    bytes_drop(&a);
    mux_free(m);
}

/* ---- pictures ---- */

/* Pictures of a private stream that no descriptor describes: known by their first parameter sets or
 * delimiter, also behind pictures without any, and when the table comes again. */
static void test_private_pictures(void **state)
{
    static const struct {
        const char *begin, *name;
        size_t n;
        bool known;
    } cases[] = {
        { "\0\0\0\1\x09\xf0\0\0\1\x65\x88", "h264", 11, true },
        { "\0\0\1\x67\x42\x01\x1e\0\0\1\x68\xce\x38\x80\0\0\1\x65\x88", "h264", 19, true },
        { "\0\0\0\1\x46\x01\x10\0\0\1\x26\x01\xaf", "hevc", 13, true },
        { "\0\0\0\1\x40\x01\x0c\0\0\1\x26\x01\xaf", "hevc", 13, true },
        { "\0\0\1\xb3\x0a\x00\x5a\x13\xff\xff\xe0\0\0\1\0\0\x0f\xff\xf8\0\0\1\1\x12", "mpeg2video",
          24, true },
        { "\0\0\1\x41\x9a\x01", "", 6, false }, /* H.264 whose key picture does not come */
        { "\1\0\1\x09\xf0\x01", "", 6, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int late = 0; late < 2; late++) {
            const struct entry e = { VIDEO, 0x06, NULL, 0 };
            struct mux *m = mux_new();
            for (int k = 0; k < 6; k++) {
                struct bytes b = { NULL, 0, 0 };
                const bool slice = late && k < 2; /* of a picture whose parameters are not here */
                if (k == 0 || k == 4)
                    mux_pat(m, 1, (const int[]){ PMT });
                m->version = k == 4;
                if (k == 0 || k == 4)
                    mux_pmt(m, PMT, &e, 1, false);
                bytes_add(&b, slice ? "\0\0\1\x41" : cases[i].begin, slice ? 4 : cases[i].n);
                bytes_add_random(&b, 300);
                mux_pes(m, VIDEO, 9000 + 6000 * k, b.p, b.n);
                bytes_drop(&b);
            }
            struct frames *f = read_blocks(m->out.p, m->out.n, 1000);
            assert_balanced(f);
            assert_int_equal(f->n, !cases[i].known ? 0 : late ? 4 : 6);
            assert_int_equal(f->stats.nb_named, 1);
            const struct trtc_ts_named *n = &f->stats.named[0];
            assert_int_equal(n->kind, i + 1 < COUNT(cases) || late ? TRTC_VIDEO : 0);
            assert_string_equal(n->stream.codec_name, cases[i].name);
            assert_int_equal(trtc_ts_unfollowed(n), cases[i].known && late ? 4 : 0);
            assert_int_equal(trtc_ts_left_out(n), !cases[i].known);
            frames_free(f);
            mux_free(m);
        }
}

static void test_pictures_in_pes(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes v[4] = { { NULL, 0, 0 } }, all = { NULL, 0, 0 };

    for (int i = 0; i < 4; i++) {
        add_au(&v[i], i == 2, 400 + 100 * (size_t)i);
        bytes_add(&all, v[i].p, v[i].n);
    }

    /* All in one PES, of a length declared or not, however the bytes fall into packets; the
     * first has the time. */
    for (size_t room = 1; room <= 184; room = room * 2 + 1) {
        for (unsigned length = 0; length < 2; length++) {
            m->out.n = 0;
            mux_tables(m, 0x1b);
            mux_pes_ex(m, VIDEO, 5000, 4000, all.p, all.n, length, room);
            struct frames *f = read_all(&m->out);
            assert_clean(f);
            assert_int_equal(f->n, 4);
            for (int i = 0; i < 4; i++) {
                /* nothing is known of the rate: 25 of a second */
                assert_frame(&f->f[i], &v[i], 5000 + i * 3600, false);
                assert_int_equal(f->f[i].dts, 4000 + i * 3600);
                assert_int_equal(f->f[i].key, i == 2);
                assert_int_equal(f->f[i].pos, 2 * 188);
            }
            frames_free(f);
        }
    }

    /* PES packets that begin anywhere: the time is that of the first picture which begins in
     * it. */
    for (size_t cut = 1; cut < all.n; cut += cut < 40 || all.n - cut < 40 ? 1 : 13) {
        for (int timed = 0; timed < 2; timed++) {
            const int64_t second = timed ? 20000 : NOPTS;
            size_t begin = 0;
            bool taken = !timed, edge = false;

            /* Between the NAL units in front of a picture it would be a PES of parameter sets:
             * see test_pictures. */
            for (int i = 0; i < 4; begin += v[i++].n)
                edge |= cut > begin && cut <= begin + 22 + 5;
            if (edge && timed)
                continue;
            begin = 0;

            m->out.n = 0;
            mux_tables(m, 0x1b);
            mux_pes(m, VIDEO, 5000, all.p, cut);
            mux_pes(m, VIDEO, second, all.p + cut, all.n - cut);
            struct frames *f = read_all(&m->out);
            assert_clean(f);
            assert_int_equal(f->n, 4);
            for (int i = 0; i < 4; i++) {
                int64_t pts = i == 0 ? 5000 : f->f[i].pts;
                assert_true(i == 0 || pts > f->f[i - 1].pts);
                if (!taken && begin >= cut) {
                    pts = second;
                    taken = true;
                }
                assert_frame(&f->f[i], &v[i], pts, false);
                begin += v[i].n;
            }
            frames_free(f);
        }
    }

    /* Each slice in a PES of its own, with the picture's time in each. */
    static const uint8_t first[] = "\0\0\1\x09\xf0\0\0\1\x65\x88\x99",
                         more[] = "\0\0\1\x65\x44\x99\x99";
    m->out.n = 0;
    mux_tables(m, 0x1b);
    for (int i = 0; i < 3; i++) {
        mux_pes(m, VIDEO, 5000 + i, first, sizeof first - 1);
        mux_pes(m, VIDEO, 5000 + i, more, sizeof more - 1);
    }
    struct frames *f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(f->f[i].data.n, sizeof first + sizeof more - 2);
        assert_int_equal(f->f[i].pts, 5000 + i);
    }
    frames_free(f);

    /* A PES that begins with the last slice of a picture has the time of the next picture. */
    uint8_t mixed[sizeof more + sizeof first - 2];
    memcpy(mixed, more, sizeof more - 1);
    memcpy(mixed + sizeof more - 1, first, sizeof first - 1);
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 5000, first, sizeof first - 1);
    mux_pes(m, VIDEO, 8600, mixed, sizeof mixed);
    mux_pes(m, VIDEO, 12200, mixed, sizeof mixed);
    f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(f->f[i].pts, 5000 + i * 3600);
    frames_free(f);

    /* The same without delimiters, by what slices have in common: those of another picture, the first slice of which
     * is missing, are one of their own. */
    for (int other = 0; other < 2; other++) {
        m->out.n = 0;
        mux_tables(m, 0x1b);
        for (int i = 0; i < 2; i++) {
            struct bytes es = { NULL, 0, 0 };
            bytes_add(&es, i ? NULL : x264_sets, i ? 0 : sizeof x264_sets - 1);
            bytes_add(&es, other && i ? "\0\0\1\x41\x46\xbc\x8d\0" : "\0\0\1\x41\x46\xac\x8d\0",
                      i ? 8 : 0);
            bytes_add(&es, "\0\0\1\x41\x9a\xb2\x34\0", i ? 0 : 8);
            bytes_add_random(&es, 40);
            bytes_add(&es, "\0\0\1\x41\x9a\xd2\x34\0", i && !other ? 8 : 0);
            bytes_add_random(&es, 40);
            mux_pes(m, VIDEO, 5000 + i * 3600, es.p, es.n);
            bytes_drop(&es);
        }
        f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 2);
        assert_int_equal(f->f[1].pts, 8600);
        assert_int_equal(f->f[1].data.n, other ? 88 : 88 - 40);
        frames_free(f);
    }

    /* A PES that has the end of a picture and only a message of the next one gives its time to that. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 5000, "\0\0\0\1\x65\x88\x99", 7);
    mux_pes(m, VIDEO, 8600, "\x98\x97\0\0\0\1\x06\5\1\x84\x80", 11);
    mux_pes(m, VIDEO, 12200, "\0\0\0\1\x41\x9a\x99\0\0\0\1\x41\x9b\x99", 14);
    f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(f->f[i].pts, 5000 + i * 3600);
    frames_free(f);

    /* A PES of several megabytes is not held until it ends. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    all.n = 0;
    for (int i = 0; i < 5000; i++)
        bytes_add(&all, v[i % 4].p, v[i % 4].n);
    mux_pes_ex(m, VIDEO, 5000, NOPTS, all.p, all.n, 0, 184);
    trtc_ts_begin(demux);
    trtc_ts_feed(demux, m->out.p, m->out.n);
    struct trtc_ts_frame g;
    int nb = 0;
    while (trtc_ts_next(demux, &g) == 1)
        nb++;
    assert_int_in_range(nb, 3000, 5000);

    for (int i = 0; i < 4; i++)
        bytes_drop(&v[i]);
    bytes_drop(&all);
    mux_free(m);
}

/* The clock falls by a second behind the first picture. If what follows can be decoded from there, it is not shown before
 * that one: both are decoded when they are shown. */
static void test_falls_at_key(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        const char *es;
        size_t n;
        bool key;
    } cases[] = {
#define S(x) x, sizeof x - 1
        { 0x1b, S("\0\0\1\x09\xf0\0\0\1\x65\x88\x99"), true },
        { 0x1b, S("\0\0\1\x09\xf0\0\0\1\x06\x06\1\x84\x80\0\0\1\x41\x9a\x99"), true },
        { 0x1b, S("\0\0\1\x09\xf0\0\0\1\x06\x05\1\x84\x80\0\0\1\x41\x9a\x99"), false },
        { 0x1b, S("\0\0\1\x09\xf0\0\0\1\x41\x9a\x99"), false },
#undef S
    };
    struct mux *m = mux_new();

    for (size_t i = 0; i < COUNT(cases); i++) {
        m->out.n = 0;
        mux_tables(m, cases[i].type);
        mux_pes(m, VIDEO, 900000, "\0\0\1\x09\xf0\0\0\1\x41\x9a\x99", 12);
        mux_pes(m, VIDEO, 810000, cases[i].es, cases[i].n);
        struct frames *f = read_all(&m->out);

        assert_int_equal(f->n, 2);
        assert_int_equal(f->f[1].key, cases[i].key);
        assert_int_equal(f->f[0].pts, 900000);
        assert_int_equal(f->f[0].dts == 900000, cases[i].key);
        frames_free(f);
    }
    mux_free(m);
}

/* What parts pictures where there are no delimiters, and what is a key picture. */
static void test_pictures(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        const char *es;
        size_t n;
        int nb;           /* pictures in it */
        const char *keys; /* of each: k or - */
    } cases[] = {
#define S(x) x, sizeof x - 1
        { 0x1b, S("\0\0\1\x65\x88\x99\0\0\1\x65\x44\x99\0\0\1\x65\x22\x99"), 1,
          "k" }, /* three slices */
        { 0x1b, S("\0\0\1\x65\x88\x99\0\0\1\x41\x9a\x99\0\0\1\x41\x9a\x99"), 3, "k--" },
        { 0x1b, S("\0\0\1\x41\x88\x99\0\0\0\1\x67\x42\0\0\0\1\x68\xce\0\0\1\x65\x88\x99"), 2,
          "-k" }, /* SPS parts */
        { 0x1b, S("\0\0\1\x41\x88\x99\0\0\1\x06\x06\x01\x84\x80\0\0\1\x41\x9a\x99"), 2,
          "-k" }, /* recovery point */
        { 0x1b, S("\0\0\1\x41\x88\x99\0\0\1\x06\x05\x01\x84\x80\0\0\1\x41\x9a\x99"), 2,
          "--" }, /* other SEI */
        { 0x1b, S("\0\0\1\x09\xf0\0\0\1\x41\x88\x99\0\0\1\x06\x06\1\x84\x80\0\0\1\x41\x88"), 1,
          "-" }, /* delimiters rule */
        { 0x1b, S("\0\0\1\x09\xf0\0\0\1\x41\x88\x99\0\0\1\x0c\xff\0\0\1\x09\xf0\0\0\1\x65\x88"), 2,
          "-k" },
        { 0x1b, S("\0\0\1\x65\x88\x99\0\0\1\x0b\0\0\1\x0a\0\0\1\x41\x9a\x99"), 2,
          "k-" }, /* end of stream stays */
        { 0x24, S("\0\0\1\x26\1\xaf\0\0\1\x26\1\x2f\0\0\1\x02\1\xd0\0\0\1\x02\1\xd0"), 3, "k--" },
        { 0x24, S("\0\0\1\x40\1\x0c\0\0\1\x42\1\1\0\0\1\x44\1\1\0\0\1\x28\1\xaf\0\0\1\x2a\1\xaf"),
          2, "kk" },
        { 0x24, S("\0\0\1\x20\1\xaf\0\0\1\x46\1\x50\0\0\1\x12\1\xd0\0\0\1\x4e\1\5\0\0\1\x02\1\xd0"),
          2, "k-" },
#undef S
    };
    struct mux *m = mux_new();

    for (size_t i = 0; i < COUNT(cases); i++) {
        m->out.n = 0;
        mux_tables(m, cases[i].type);
        mux_pes(m, VIDEO, 5000, cases[i].es, cases[i].n);
        struct frames *f = read_all(&m->out);
        size_t n = 0;

        assert_clean(f);
        assert_int_equal(f->n, cases[i].nb);
        for (int k = 0; k < f->n; k++) {
            assert_int_equal(f->f[k].key, cases[i].keys[k] == 'k');
            assert_memory_equal(f->f[k].data.p, cases[i].es + n, f->f[k].data.n);
            n += f->f[k].data.n;
        }
        assert_int_equal(n, cases[i].n);
        frames_free(f);
    }

    /* Parameter sets in a PES in front of the picture belong to it; alone at the end they are
     * nothing. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 5000, "\0\0\1\x67\x42\0\0\1\x68\xce", 10);
    mux_pes(m, VIDEO, 6000, "\0\0\1\x65\x88\x99", 6);
    mux_pes(m, VIDEO, 7000, "\0\0\1\x67\x42\0\0\1\x68\xce", 10);
    struct frames *f = read_all(&m->out);
    assert_int_equal(f->n, 1);
    assert_int_equal(f->f[0].data.n, 16);
    assert_int_equal(f->f[0].pts, 6000);
    assert_int_equal(f->stats.nb_bad, 0);
    assert_int_equal(f->stats.named[0].nb_idle, 10);
    frames_free(f);

    /* A message in front of it with a time of its own changes nothing, even if zeros are in front of its delimiter. */
    static const uint8_t with_zeros[21] = { [6] = 1, 0x09, 0xf0, [15] = 1, 0x41, 0x9a, 0x99 };
    for (size_t skip = 0; skip <= 4; skip++) {
        m->out.n = 0;
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 5000, "\0\0\1\x09\xf0\0\0\1\x65\x88\x99", 11);
        mux_pes(m, VIDEO, 5900, "\0\0\1\x06\5\1\x84\x80", 8);
        mux_pes(m, VIDEO, 8600, with_zeros + skip, sizeof with_zeros - skip);
        f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 2);
        assert_int_equal(f->f[1].pts, 8600);
        frames_free(f);
    }

    /* So are a delimiter, or SEI, or the end of a sequence or of the stream. */
    static const struct {
        const char *es;
        size_t n;
        bool h265;
    } last[] = {
#define S(x) x, sizeof x - 1
        { S("\0\0\1\x09\xf0"), false },
        { S("\0\0\1\x06\5\1\x84\x80"), false },
        { S("\0\0\1\x0b"), false },
        { S("\0\0\0\1\x0a"), false },
        { S("\0\0\0\1\x0a\0\0\0\1\x0b"), false },
        { S("\0\0\1\x48\1"), true },
        { S("\0\0\0\1\x4a\1"), true },
        { S("\0\0\0\1\x46\1\x50\0\0\1\x4e\1\5\1\x84\x80"), true },
#undef S
    };
    for (size_t i = 0; i < COUNT(last); i++) {
        m->out.n = 0;
        mux_tables(m, last[i].h265 ? 0x24 : 0x1b);
        if (last[i].h265)
            mux_pes(m, VIDEO, 6000, "\0\0\1\x26\1\xaf\x99", 7);
        else
            mux_pes(m, VIDEO, 6000, "\0\0\1\x65\x88\x99", 6);
        mux_pes(m, VIDEO, 7000, last[i].es, last[i].n);
        f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 1);
        frames_free(f);
    }

    /* Zeros in front of the first start code belong to the stream, however many there are. */
    for (size_t i = 0; i < 3; i++) {
        static const char *units[] = { "\0\0\1\x65\x88\x99", "\0\0\1\x26\1\xaf",
                                       "\0\0\1\xb3\0\0\1\0\0\0\1\1" };
        static const size_t sizes[] = { 6, 6, 12 };
        struct bytes es = { NULL, 0, 0 };
        for (size_t zeros = 1; zeros < 600; zeros += 199) {
            es.n = 0;
            for (size_t k = 0; k < zeros; k++)
                bytes_add(&es, "", 1);
            bytes_add(&es, units[i], sizes[i]);
            m->out.n = 0;
            mux_tables(m, (const uint8_t[]){ 0x1b, 0x24, 0x02 }[i]);
            mux_pes(m, VIDEO, 5000, es.p, es.n);
            f = read_all(&m->out);
            assert_clean(f);
            assert_int_equal(f->n, 1);
            assert_int_equal(f->f[0].pts, 5000);
            frames_free(f);
        }
        bytes_drop(&es);
    }

    /* Bytes in front of the first start code, and a stream without any. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 5000, "the rest\0\0\1\x65\x88\x99", 14);
    f = read_all(&m->out);
    assert_int_equal(f->n, 1);
    assert_int_equal(f->f[0].data.n, 6);
    assert_int_equal(f->stats.nb_bad, 8);
    frames_free(f);
    m->out.n = 0;
    mux_tables(m, 0x1b);
    struct bytes junk = { NULL, 0, 0 };
    bytes_add_random(&junk, 50000);
    mux_pes(m, VIDEO, 5000, junk.p, junk.n);
    mux_pes(m, VIDEO, 6000, junk.p, junk.n);
    f = read_all(&m->out);
    assert_int_equal(f->n, 0);
    assert_int_equal(f->stats.nb_bad, 100000);
    frames_free(f);
    bytes_drop(&junk);
    mux_free(m);
}

/* Files put in a row: all counters begin at 0 again, and nothing is missing. Where only some do, or a picture was
 * not complete, something is. */
static void test_files_in_a_row(void **state)
{
    (void)state;
    static const struct {
        bool tables, picture, whole;
        int64_t nb_lost;
    } cases[] = { { true, true, true, 0 },
                  { false, true, true, 5 },
                  { true, false, true, 4 },
                  { true, true, false, 6 } };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 };

    add_au(&v, true, 900);
    for (size_t i = 0; i < COUNT(cases); i++) {
        m->out.n = 0;
        memset(m->cc, 5, sizeof m->cc);
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 1000, v.p, v.n);
        if (!cases[i].whole)
            m->out.n -= 188;
        if (cases[i].tables)
            memset(m->cc, 0, sizeof m->cc);
        m->cc[VIDEO] = cases[i].picture ? 0 : 15;
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 2000, v.p, v.n);
        struct frames *f = read_all(&m->out);
        assert_int_equal(f->n, 2);
        assert_int_equal(f->stats.nb_lost, cases[i].nb_lost);
        assert_int_equal(f->f[0].damaged, !cases[i].whole);
        frames_free(f);
    }
    /* Files that have their tables once. If the counters of all tables are 0, and streams went on
     * behind them, nothing begins there. */
    for (int constant = 0; constant < 2; constant++) {
        m->out.n = 0;
        memset(m->cc, 0, sizeof m->cc);
        for (int i = 0; i < 3; i++) {
            if (i == 2 || !constant)
                memset(m->cc, 0, sizeof m->cc);
            m->cc[0] = m->cc[PMT] = 0;
            mux_tables(m, 0x1b);
            mux_pes(m, VIDEO, 1000 * (i + 1), v.p, v.n);
        }
        struct frames *f = read_all(&m->out);
        assert_int_equal(f->n, 3);
        assert_int_equal(f->stats.nb_lost > 0, constant);
        frames_free(f);
    }
    bytes_drop(&v);
    mux_free(m);
}

/* A picture above all limits is dropped, the next one is fine, memory stays bounded. */
static void test_monster(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    const size_t n = TRTC_TS_FRAME_MAX + 1000;
    uint8_t *p = malloc(n);
    struct bytes v = { NULL, 0, 0 };

    assert_non_null(p);
    memset(p, 0x55, n);
    memcpy(p, "\0\0\1\x65\x88", 5);
    add_au(&v, true, 500);
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 5000, v.p, v.n);
    mux_pes(m, VIDEO, 6000, p, n);
    mux_pes(m, VIDEO, 7000, v.p, v.n);
    struct frames *f = read_blocks(m->out.p, m->out.n, 1 << 20);
    assert_int_equal(f->n, 2);
    assert_frame(&f->f[0], &v, 5000, false);
    assert_frame(&f->f[1], &v, 7000, false);
    assert_int_equal(f->stats.nb_bad, n);
    frames_free(f);

    /* Just below it is a picture. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, VIDEO, 6000, p, TRTC_TS_FRAME_MAX - 1000);
    mux_pes(m, VIDEO, 7000, v.p, v.n);
    f = read_blocks(m->out.p, m->out.n, 1 << 20);
    assert_int_equal(f->n, 2);
    assert_int_equal(f->f[0].data.n, TRTC_TS_FRAME_MAX - 1000);
    frames_free(f);
    free(p);
    bytes_drop(&v);
    mux_free(m);
}

/* ---- PES headers ---- */

/* Pictures without times share the time up to the next PES, without parameter sets too. */
static void test_pictures_share_pes(void **state)
{
    (void)state;
    static const uint8_t au[] = "\0\0\1\x41\x88\x99";
    struct mux *m = mux_new();
    struct bytes all = { NULL, 0, 0 };

    for (int i = 0; i < 4; i++)
        bytes_add(&all, au, sizeof au - 1);
    mux_tables(m, 0x1b);
    for (int k = 0; k < 3; k++)
        mux_pes(m, VIDEO, 9000 + k * 33000, all.p, all.n);
    struct frames *f = read_all(&m->out);
    assert_int_equal(f->n, 12);
    for (int i = 0; i < 8; i++)
        assert_int_equal(f->f[i].pts, 9000 + i * 8250);
    frames_free(f);
    bytes_drop(&all);
    mux_free(m);
}

static void test_pes_headers(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    uint8_t b[600] = { 0, 0, 1, 0xe0, 0, 0, 0x80, 0x80, 0 };
    static const uint8_t au[] = "\0\0\1\x65\x88\x99";

    /* Of any length, and spread over packets of any size. */
    for (unsigned header = 5; header < 256; header += 25) {
        for (size_t room = 1; room <= 184; room += 61) {
            b[8] = (uint8_t)header;
            memset(b + 9, 0xff, header);
            pes_time(b + 9, 2, 0x1fffffffe);
            memcpy(b + 9 + header, au, sizeof au - 1);
            m->out.n = 0;
            mux_tables(m, 0x1b);
            for (size_t at = 0, n = 9 + header + sizeof au - 1; at < n;)
                at += mux_packet(m, VIDEO, at == 0, NULL, 0, b + at, n - at < room ? n - at : room);
            struct frames *f = read_all(&m->out);
            assert_clean(f);
            assert_int_equal(f->n, 1);
            assert_int_equal(f->f[0].pts, 0x1fffffffe);
            assert_int_equal(f->f[0].dts, 0x1fffffffe);
            assert_int_equal(f->f[0].data.n, sizeof au - 1);
            frames_free(f);
        }
    }

    /* Headers that cannot be: the PES is left out, the next one is read. */
    static const struct {
        uint8_t at, value;
        int nb;
    } cases[] = {
        { 0, 1, 1 },    { 2, 0, 1 },    { 3, 0xbe, 1 }, { 3, 0xbf, 1 }, { 3, 0xb0, 1 },
        { 3, 0xbd, 2 }, { 3, 0xfd, 2 }, { 6, 0x40, 1 }, { 6, 0x90, 1 }, { 5, 3, 1 },
        { 8, 4, 2 },    { 9, 0x20, 2 }, { 7, 0x40, 2 }, { 7, 0, 2 },
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        m->out.n = 0;
        mux_tables(m, 0x1b);
        mux_pes(m, VIDEO, 5000, au, sizeof au - 1);
        uint8_t *p = m->out.p + 2 * 188;
        p += 5 + p[4];
        p[cases[i].at] = cases[i].value;
        mux_pes(m, VIDEO, 6000, au, sizeof au - 1);
        struct frames *f = read_all(&m->out);
        assert_int_equal(f->n, cases[i].nb);
        assert_int_equal(f->f[f->n - 1].pts, 6000);
        assert_int_equal(f->stats.scrambled, cases[i].at == 6 && cases[i].value == 0x90);
        frames_free(f);
    }
    mux_free(m);
}

/* ---- sound ---- */

static void test_adts(void **state)
{
    (void)state;
    enum { NB = 12 };
    struct mux *m = mux_new();
    struct bytes a[NB] = { { NULL, 0, 0 } }, all = { NULL, 0, 0 };
    size_t begin[NB];

    for (int i = 0; i < NB; i++) {
        begin[i] = all.n;
        add_adts(&a[i], 30 + mux_rnd() % 300);
        bytes_add(&all, a[i].p, a[i].n);
    }

    /* PES packets of any size, each with the time of the first frame that begins in it; close
     * to the wrap of the clock. */
    const int64_t t0 = 0x200000000 - 5 * 1920;
    for (size_t size = 23; size < 1000; size += size < 50 ? 1 : 97) {
        m->out.n = 0;
        mux_tables(m, 0x1b);
        for (size_t at = 0; at < all.n; at += size) {
            const size_t n = all.n - at < size ? all.n - at : size;
            int64_t pts = NOPTS;
            for (int i = NB - 1; i >= 0; i--)
                if (begin[i] >= at && begin[i] < at + n)
                    pts = (t0 + i * 1920) & 0x1ffffffff;
            mux_pes(m, AUDIO, pts, all.p + at, n);
        }
        struct frames *f = read_blocks(m->out.p, m->out.n, 1000);
        assert_clean(f);
        assert_int_equal(f->n, NB);
        for (int i = 0; i < NB; i++)
            assert_frame(&f->f[i], &a[i], (t0 + i * 1920) & 0x1ffffffff, false);
        frames_free(f);
    }

    /* No accumulated rounding: one PES of many frames at 44.1 kHz. */
    struct bytes b = { NULL, 0, 0 };
    for (int i = 0; i < 300; i++) {
        add_adts(&b, 20);
        b.p[b.n - 18] = 0x50;
    }
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, AUDIO, 1000, b.p, b.n);
    struct frames *f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, 300);
    for (int i = 0; i < 300; i++)
        assert_int_equal(f->f[i].pts, 1000 + (i * 1024 * 90000LL * 2 + 44100) / (44100 * 2));
    frames_free(f);

    /* Garbage between frames, with a false header in it. */
    b.n = 0;
    bytes_add(&b, a[0].p, a[0].n);
    bytes_add(&b, a[1].p, a[1].n);
    bytes_add(&b, "\x12\xff\xf1\x4c\x80\x02\x1f\xfc\xff\xff\x34", 11);
    for (int i = 2; i < 6; i++)
        bytes_add(&b, a[i].p, a[i].n);
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, AUDIO, 90000, b.p, b.n);
    mux_pes(m, AUDIO, 120000, a[6].p, a[6].n);
    f = read_all(&m->out);
    assert_int_equal(f->n, 7);
    assert_int_equal(f->stats.nb_bad, 11);
    assert_int_equal(f->stats.nb_lost, 0);
    for (int i = 0; i < 7; i++) {
        const int64_t pts = i < 2 ? 90000 + 1920 * i : 120000 - 1920 * (6 - i);
        /* The one in front of the garbage may be too short or too long. */
        assert_frame(&f->f[i], &a[i], pts, i == 1);
    }
    frames_free(f);

    /* The first PES have no time: their frames are before the first one that has. */
    for (int first = 1; first <= NB; first++) {
        m->out.n = 0;
        mux_tables(m, 0x1b);
        for (int i = 0; i < NB; i++)
            mux_pes(m, AUDIO, i < first ? NOPTS : 9000 + 1920 * i, a[i].p, a[i].n);
        f = read_blocks(m->out.p, m->out.n, 1000);
        assert_clean(f);
        assert_int_equal(f->n, NB);
        for (int i = 0; i < NB; i++)
            assert_frame(&f->f[i], &a[i], first == NB ? NOPTS : 9000 + 1920 * i, false);
        frames_free(f);
    }

    /* Nor have those of the first second. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    for (int i = 0; i < 56; i++)
        mux_pes(m, AUDIO, i < 48 ? NOPTS : 9000 + 1920 * i, a[i % NB].p, a[i % NB].n);
    f = read_blocks(m->out.p, m->out.n, 1000);
    assert_clean(f);
    assert_int_equal(f->n, 56);
    for (int i = 0; i < 56; i++)
        assert_frame(&f->f[i], &a[i % NB], 9000 + 1920 * i, false);
    frames_free(f);

    /* A frame that began in the segment before: the time is that of the first one that begins
     * here. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, AUDIO, 90000, all.p + begin[1] - 10, all.n - begin[1] + 10);
    f = read_all(&m->out);
    assert_int_equal(f->n, NB - 1);
    assert_int_equal(f->stats.nb_bad, 10);
    for (int i = 1; i < NB; i++)
        assert_frame(&f->f[i - 1], &a[i], 90000 + (i - 1) * 1920, false);
    frames_free(f);

    /* Cut at the end: the last frame is not there, and its bytes are counted. */
    m->out.n = 0;
    mux_tables(m, 0x1b);
    mux_pes(m, AUDIO, 90000, all.p, begin[3] + 25);
    f = read_all(&m->out);
    assert_int_equal(f->n, 3);
    assert_int_equal(f->stats.nb_bad, 25);
    frames_free(f);

    for (int i = 0; i < NB; i++)
        bytes_drop(&a[i]);
    bytes_drop(&all);
    bytes_drop(&b);
    mux_free(m);
}

/* ---- sound of other codecs ---- */

enum { FRAME_KINDS = 6 };

static const struct kind {
    const char *name;
    uint8_t type;
    const char *desc;
    size_t desc_size;
    int samples;
} kinds[FRAME_KINDS] = {
    { "mp3", 0x03, NULL, 0, 1152 },
    { "ac3", 0x81, NULL, 0, 1536 },
    { "eac3", 0x87, NULL, 0, 768 },
    { "dts", 0x82, NULL, 0, 512 },
    { "aac_latm", 0x11, NULL, 0, 1024 },
    { "dts", 0x06,
      "\x05\x04"
      "DTS2",
      6, 512 },
};

/* A frame at 48 kHz; with a second part that belongs to it where the codec has such. */
static void add_frame(struct bytes *b, int kind, int i)
{
    uint8_t h[16] = { 0 };
    size_t n = 100 + mux_rnd() % 200 / 2 * 2, head = 10;

    switch (kind) {
    case 0:
        memcpy(h, "\xff\xfd\x84\0", head = 4);
        n = 384;
        break;
    case 1:
        memcpy(h, "\x0b\x77\xaa\xbb\x08\x40", head = 6);
        n = 256;
        break;
    case 2:
        memcpy(h, "\x0b\x77\0\0\x20\x80", head = 6);
        h[3] = (uint8_t)(n / 2 - 1);
        break;
    case 4:
        memcpy(h, i % 3 ? "\x56\xe0\0\xff" : "\x56\xe0\0\x20\0\x11\x90", head = i % 3 ? 4 : 7);
        h[1] |= (uint8_t)((n - 3) >> 8);
        h[2] = (uint8_t)(n - 3);
        break;
    default:
        memcpy(h, "\x7f\xfe\x80\x01\xfc\x3c\0\0\x34", head = 9);
        h[6] = (uint8_t)((n - 1) >> 4);
        h[7] = (uint8_t)(n - 1) << 4;
        break;
    }
    bytes_add(b, h, head);
    bytes_add_random(b, n - head);
    if (kind == 2) { /* a dependent substream, and another programme at the same time */
        bytes_add(b, "\x0b\x77\x40\x1f\x20\x80", 6);
        bytes_add_random(b, 58);
        bytes_add(b, "\x0b\x77\x08\x1f\x20\x80", 6);
        bytes_add_random(b, 58);
    } else if (kind == 5) { /* an extension of 64 bytes */
        bytes_add(b, "\x64\x58\x20\x25\0\x01\x20\x07\xe0\0", 10);
        bytes_add_random(b, 54);
    }
}

static void test_sound_of_other_codecs(void **state)
{
    (void)state;
    enum { NB = 30 };

    for (int kind = 0; kind < FRAME_KINDS; kind++) {
        const struct kind *k = &kinds[kind];
        const struct entry e[] = { { AUDIO, k->type, k->desc, k->desc_size } };
        struct mux *m = mux_new();
        struct bytes a[NB] = { { NULL, 0, 0 } }, all = { NULL, 0, 0 };
        size_t begin[NB];

        for (int i = 0; i < NB; i++) {
            begin[i] = all.n;
            add_frame(&a[i], kind, i);
            bytes_add(&all, a[i].p, a[i].n);
        }
        /* PES packets of any size, each with the time of the first frame that begins in it. */
        for (size_t size = 40; size < 3000; size = size * 3 / 2) {
            m->out.n = 0;
            mux_pat(m, 1, (const int[]){ PMT });
            mux_pmt(m, PMT, e, 1, false);
            for (size_t at = 0; at < all.n; at += size) {
                const size_t n = all.n - at < size ? all.n - at : size;
                int64_t pts = NOPTS;
                for (int i = NB - 1; i >= 0; i--)
                    if (begin[i] >= at && begin[i] < at + n)
                        pts = 9000 + i * k->samples * 90000LL / 48000;
                mux_pes(m, AUDIO, pts, all.p + at, n);
            }
            struct frames *f = read_blocks(m->out.p, m->out.n, 1000);
            assert_clean(f);
            assert_int_equal(f->n, NB);
            for (int i = 0; i < NB; i++) {
                assert_frame(&f->f[i], &a[i], 9000 + i * k->samples * 90000LL / 48000, false);
                assert_string_equal(f->f[i].codec_name, k->name);
            }
            assert_string_equal(f->stats.named[0].stream.codec_name, k->name);
            frames_free(f);
        }

        /* A packet is missing: the frames around it are, and no others. */
        m->out.n = 0;
        mux_pat(m, 1, (const int[]){ PMT });
        mux_pmt(m, PMT, e, 1, false);
        for (int i = 0; i < NB; i += 3) {
            struct bytes b = { NULL, 0, 0 };
            for (int j = i; j < i + 3; j++)
                bytes_add(&b, a[j].p, a[j].n);
            mux_pes(m, AUDIO, 9000 + i * k->samples * 90000LL / 48000, b.p, b.n);
            bytes_drop(&b);
        }
        memmove(m->out.p + 9 * 188, m->out.p + 10 * 188, m->out.n - 10 * 188);
        m->out.n -= 188;
        struct frames *f = read_all(&m->out);
        assert_int_equal(f->stats.nb_lost, 1);
        assert_int_in_range(f->n, NB - 4, NB - 1);
        for (int i = 0, j = 0; i < f->n; i++, j++) {
            while (j < NB && (a[j].n != f->f[i].data.n || memcmp(a[j].p, f->f[i].data.p, a[j].n)))
                j++;
            assert_true(j < NB);
            if (f->f[i].pts != NOPTS)
                assert_int_equal(f->f[i].pts, 9000 + j * k->samples * 90000LL / 48000);
        }
        frames_free(f);

        /* What the tables say is wrong. */
        const struct entry wrong[] = { { AUDIO, k->type == 0x03 ? 0x81 : 0x03, NULL, 0 } };
        m->out.n = 0;
        mux_pat(m, 1, (const int[]){ PMT });
        mux_pmt(m, PMT, wrong, 1, false);
        mux_pes(m, AUDIO, 9000, all.p, all.n);
        f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, NB);
        assert_string_equal(f->f[0].codec_name, kind == 2 ? "ac3" : k->name);
        frames_free(f);

        for (int i = 0; i < NB; i++)
            bytes_drop(&a[i]);
        bytes_drop(&all);
        mux_free(m);
    }
}

/* An access unit of TrueHD, of 40 samples; every eighth tells the format. */
static void add_truehd(struct bytes *b, int i)
{
    const bool major = i % 8 == 0;
    const size_t at = b->n, list = major ? 32 : 4, words = 40 + (size_t)(i % 5);
    uint8_t u[200] = { (uint8_t)(words >> 8), (uint8_t)words, 0, (uint8_t)(i * 40) };

    if (major)
        memcpy(u + 4, "\xf8\x72\x6f\xba\0\0\0\0\xb7\x52\0\0\0\0\x80\0\x10", 17);
    u[list] = 0x20;
    u[list + 1] = (uint8_t)i;
    unsigned sum = u[0] ^ u[1] ^ u[2] ^ u[3] ^ u[list] ^ u[list + 1];
    u[0] = (uint8_t)(u[0] | (((sum >> 4 ^ sum) & 15) ^ 15) << 4);
    bytes_add(b, u, list + 2);
    bytes_add_random(b, at + words * 2 - b->n);
}

/* LPCM of two channels: 240 samples. */
static void add_lpcm(struct bytes *b)
{
    bytes_add(b, "\x03\xc0\x31\x40", 4);
    bytes_add_random(b, 960);
}

/* A program whose own descriptors say that it is of Blu-ray's kind, or a stream that does. */
static void mux_hdmv(struct mux *m, uint8_t type, bool program, bool stream)
{
    static const uint8_t hdmv[6] = { 0x05, 4, 'H', 'D', 'M', 'V' };
    const uint8_t e[5] = { type, 0xe0 | AUDIO >> 8, AUDIO & 255, 0xf0, stream ? sizeof hdmv : 0 };
    struct bytes b = { NULL, 0, 0 };

    bytes_add(&b, program ? "\xff\xff\xf0\x06" : "\xff\xff\xf0\x00", 4);
    bytes_add(&b, hdmv, program ? sizeof hdmv : 0);
    bytes_add(&b, e, sizeof e);
    bytes_add(&b, hdmv, stream ? sizeof hdmv : 0);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_section(m, PMT, 2, 1, &b, false);
    bytes_drop(&b);
}

/* Sound of Blu-ray's kind is known by the program's registration, by its own, or by what is in it. */
static void test_bluray(void **state)
{
    enum { NB = 32, A_PES = 4 };
    (void)state;
    for (int truehd = 0; truehd < 2; truehd++)
        for (int said = 0; said < 3; said++) {
            struct mux *m = mux_new();
            const int samples = truehd ? 40 : 240, a_pes = truehd ? A_PES : 1;
            mux_hdmv(m, truehd ? 0x83 : 0x80, said == 1, said == 2);
            for (int i = 0; i < NB; i += a_pes) {
                struct bytes b = { NULL, 0, 0 };
                for (int k = i; k < i + a_pes; k++)
                    if (truehd)
                        add_truehd(&b, k);
                    else
                        add_lpcm(&b);
                mux_pes_ex(m, AUDIO, 9000 + i * samples * 90000 / 48000, NOPTS, b.p, b.n, 1, 184);
                bytes_drop(&b);
            }
            struct frames *f = read_blocks(m->out.p, m->out.n, 1000);
            assert_clean(f);
            assert_int_equal(f->n, NB);
            for (int i = 0; i < NB; i++) {
                assert_string_equal(f->f[i].codec_name, truehd ? "truehd" : "pcm_bluray");
                assert_int_equal(f->f[i].pts, 9000 + i * samples * 90000 / 48000);
            }
            frames_free(f);
            mux_free(m);
        }
}

/* A PMT moves TrueHD to another PID between two of its major headers, which state what the others leave out. */
static void test_pmt_moves_sound(void **state)
{
    enum { NB = 8, A_PES = 4 };
    static const char hdmv[6] = { 0x05, 4, 'H', 'D', 'M', 'V' };
    const struct entry at_first[] = { { AUDIO, 0x83, hdmv, 6 } },
                       then[] = { { 0x200, 0x83, hdmv, 6 } };
    struct mux *m = mux_new();
    (void)state;
    mux_pat(m, 1, (const int[]){ PMT });
    for (int i = 0; i < NB; i += A_PES) {
        struct bytes b = { NULL, 0, 0 };
        mux_pmt(m, PMT, i ? then : at_first, 1, false);
        for (int k = i; k < i + A_PES; k++)
            add_truehd(&b, k);
        mux_pes_ex(m, i ? 0x200 : AUDIO, 9000 + i * 75, NOPTS, b.p, b.n, 1, 184);
        bytes_drop(&b);
    }
    struct frames *f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, NB);
    for (int i = 0; i < NB; i++)
        assert_int_equal(f->f[i].pts, 9000 + i * 75);
    frames_free(f);
    mux_free(m);
}

/* TrueHD with the AC-3 that discs put between its PES, in the same PID: known by the extension of the stream's
 * number in its header, it is neither sound of this stream nor damage. */
static void test_core(void **state)
{
    enum { NB = 32, A_PES = 4 };
    struct mux *m = mux_new();
    (void)state;
    mux_hdmv(m, 0x83, true, false);
    for (int i = 0; i < NB; i += A_PES) {
        /* a time, and an extension with a buffer's size and the number */
        uint8_t h[21] = { 0, 0, 1, 0xfd, 0,    0,    0x84, 0x81, 12,   0,   0,
                          0, 0, 0, 0x1f, 0x60, 0xe8, 0x81, 0,    0xff, 0xff };
        for (int core = 0; core < 2; core++) {
            struct bytes b = { NULL, 0, 0 };
            pes_time(h + 9, 2, 9000 + i * 75);
            h[18] = core ? 0x76 : 0x72;
            bytes_add(&b, h, sizeof h);
            for (int k = i; k < i + A_PES && !core; k++)
                add_truehd(&b, k);
            if (core)
                bytes_add(&b, "\x0b\x77", 2);
            if (core)
                bytes_add_random(&b, 700);
            b.p[4] = (uint8_t)((b.n - 6) >> 8);
            b.p[5] = (uint8_t)(b.n - 6);
            for (size_t at = 0; at < b.n;) {
                const size_t left = b.n - at;
                at += mux_packet(m, AUDIO, at == 0, NULL, 0, b.p + at, left < 184 ? left : 184);
            }
            bytes_drop(&b);
        }
    }
    struct frames *f = read_blocks(m->out.p, m->out.n, 1000);
    assert_clean(f);
    assert_int_equal(f->n, NB);
    for (int i = 0; i < NB; i++) {
        assert_string_equal(f->f[i].codec_name, "truehd");
        assert_int_equal(f->f[i].pts, 9000 + i * 75);
    }
    frames_free(f);
    mux_free(m);
}

/* ADTS frames of several blocks: taken apart where they say where the blocks begin. */
static void test_adts_blocks(void **state)
{
    (void)state;
    struct mux *m = mux_new();
    struct bytes raw[12] = { { NULL, 0, 0 } }, b = { NULL, 0, 0 };

    for (int i = 0; i < 12; i++)
        bytes_add_random(&raw[i], 20 + mux_rnd() % 100);
    for (size_t nb = 1; nb <= 4; nb++) {
        for (int checked = 0; checked < 2; checked++) {
            b.n = 0;
            for (size_t i = 0; i < 12; i += nb) {
                uint8_t h[7] = { 0xff, checked ? 0xf0 : 0xf1, 0x4c, 0x80, 0, 31, 0xfc };
                size_t n = checked ? 9 + 2 * (nb - 1) : 7, at = 0;
                for (size_t k = 0; k < nb; k++)
                    n += raw[i + k].n + (checked && nb > 1 ? 2 : 0);
                h[3] |= (uint8_t)(n >> 11);
                h[4] = (uint8_t)(n >> 3);
                h[5] |= (uint8_t)((n & 7) << 5);
                h[6] |= (uint8_t)(nb - 1);
                bytes_add(&b, h, 7);
                for (size_t k = 1; checked && k < nb; k++) {
                    at += raw[i + k - 1].n + 2;
                    const uint8_t pos[2] = { (uint8_t)(at >> 8), (uint8_t)at };
                    bytes_add(&b, pos, 2);
                }
                if (checked)
                    bytes_add(&b, "\x12\x34", 2);
                for (size_t k = 0; k < nb; k++) {
                    bytes_add(&b, raw[i + k].p, raw[i + k].n);
                    if (checked && nb > 1)
                        bytes_add(&b, "\x56\x78", 2);
                }
            }
            for (size_t room = 20; room < 2000; room *= 3) {
                m->out.n = 0;
                mux_tables(m, 0x1b);
                for (size_t at = 0; at < b.n; at += room)
                    mux_pes(m, AUDIO, at == 0 ? 9000 : NOPTS, b.p + at,
                            b.n - at < room ? b.n - at : room);
                struct frames *f = read_blocks(m->out.p, m->out.n, 500);
                const bool apart = checked && nb > 1;
                assert_clean(f);
                assert_int_equal(f->n, apart ? 12 : 12 / nb);
                for (int i = 0; i < f->n; i++) {
                    struct trtc_adts a;
                    const struct frame *g = &f->f[i];
                    assert_int_equal(trtc_adts_parse(g->data.p, g->data.n, &a), 0);
                    assert_int_equal(a.frame_bytes, g->data.n);
                    assert_int_equal(a.samples, apart ? 1024 : 1024 * nb);
                    assert_int_equal(g->pts, 9000 + i * a.samples * 90000LL / 48000);
                    if (apart) {
                        assert_int_equal(a.header_bytes, 7);
                        assert_int_equal(g->data.n, 7 + raw[i].n);
                        assert_memory_equal(g->data.p + 7, raw[i].p, raw[i].n);
                    }
                }
                frames_free(f);
            }
        }
    }
    for (int i = 0; i < 12; i++)
        bytes_drop(&raw[i]);
    bytes_drop(&b);
    mux_free(m);
}

/* A frame has the time of the PES in which it begins, however many PES it goes on in. */
static void test_frames_in_many_pes(void **state)
{
    (void)state;
    for (size_t room = 3; room < 300; room *= 3) {
        struct bytes adts[3] = { { NULL, 0, 0 } };
        struct mux *m = mux_new();

        mux_tables(m, 0x1b);
        for (int i = 0; i < 3; i++) {
            add_adts(&adts[i], 200);
            for (size_t at = 0; at < adts[i].n; at += room)
                mux_pes(m, AUDIO, at == 0 ? 9000 + i * 1920 : NOPTS, adts[i].p + at,
                        adts[i].n - at < room ? adts[i].n - at : room);
        }
        struct frames *f = read_all(&m->out);
        assert_clean(f);
        assert_int_equal(f->n, 3);
        for (int i = 0; i < 3; i++) {
            assert_frame(&f->f[i], &adts[i], 9000 + i * 1920, false);
            bytes_drop(&adts[i]);
        }
        frames_free(f);
        mux_free(m);
    }
}

/* The same for pictures. */
static void test_pictures_in_many_pes(void **state)
{
    (void)state;
    struct bytes au[3] = { { NULL, 0, 0 } };
    struct mux *m = mux_new();

    mux_tables(m, 0x1b);
    for (int i = 0; i < 3; i++) {
        add_au(&au[i], i == 0, 400);
        for (size_t at = 0; at < au[i].n; at += 10)
            mux_pes(m, VIDEO, at == 0 ? 9000 + i * 6000 : NOPTS, au[i].p + at,
                    au[i].n - at < 10 ? au[i].n - at : 10);
    }
    struct frames *f = read_all(&m->out);
    assert_clean(f);
    assert_int_equal(f->n, 3);
    for (int i = 0; i < 3; i++) {
        assert_frame(&f->f[i], &au[i], 9000 + i * 6000, false);
        bytes_drop(&au[i]);
    }
    frames_free(f);
    mux_free(m);
}

/* The first frame of a PES is incomplete, and packets are missing: a later one does not get its
 * time. */
static void test_lost_first_frame(void **state)
{
    (void)state;
    static const size_t sizes[] = { 250, 110, 90, 100 };
    struct bytes adts[4] = { { NULL, 0, 0 } }, b = { NULL, 0, 0 };
    struct mux *m = mux_new();

    for (int i = 0; i < 4; i++)
        add_adts(&adts[i], sizes[i]);
    for (int i = 0; i < 3; i++)
        bytes_add(&b, adts[i].p, adts[i].n);
    mux_tables(m, 0x1b);
    const size_t second = m->out.n + 188;
    mux_pes(m, AUDIO, 9000, b.p, b.n);
    mux_pes(m, AUDIO, 9000 + 3 * 1920, adts[3].p, adts[3].n);
    memmove(m->out.p + second, m->out.p + second + 188, m->out.n - second - 188);
    struct frames *f = read_blocks(m->out.p, m->out.n - 188, 500);
    assert_int_equal(f->n, 2);
    assert_frame(&f->f[0], &adts[2], 9000 + 2 * 1920, false);
    assert_frame(&f->f[1], &adts[3], 9000 + 3 * 1920, false);
    frames_free(f);
    for (int i = 0; i < 4; i++)
        bytes_drop(&adts[i]);
    bytes_drop(&b);
    mux_free(m);
}

/* Sound whose PES all state the same time, for a while or always: it goes on by its samples. */
static void test_standing_clock(void **state)
{
    (void)state;
    for (int from = 0; from < 2; from++) {
        for (int per_pes = 1; per_pes <= 3; per_pes++) {
            struct mux *m = mux_new();
            const int to = from ? 18 : 30;

            mux_tables(m, 0x1b);
            for (int i = 0; i < 30; i += per_pes) {
                struct bytes b = { NULL, 0, 0 };
                const bool stands = i > from * 6 && i < to;
                for (int k = 0; k < per_pes; k++)
                    add_adts(&b, 50 + mux_rnd() % 200);
                mux_pes(m, AUDIO, stands ? from * 6 * 1920 : i * 1920, b.p, b.n);
                bytes_drop(&b);
            }
            struct frames *f = read_all(&m->out);
            assert_clean(f);
            assert_int_equal(f->n, 30);
            for (int i = 0; i < 30; i++)
                assert_int_equal(f->f[i].pts, i * 1920);
            frames_free(f);
            mux_free(m);
        }
    }
}

static void test_opus(void **state)
{
    (void)state;
    static const struct entry opus[] = { { AUDIO, 0x06,
                                           "\x05\x04"
                                           "Opus\x7f\x02\x80\x02",
                                           10 } };
    struct mux *m = mux_new();
    struct bytes b = { NULL, 0, 0 }, big = { NULL, 0, 0 };

    bytes_add(&big, "\xfc", 1); /* 20 ms */
    bytes_add_random(&big, 599);
    bytes_add(&b,
              "\x7f\xe0\x05\xfc"
              "abcd",
              8); /* 20 ms */
    bytes_add(&b,
              "\x7f\xf8\x03\0\1\0\2\xe0"
              "ab",
              10); /* trims; 2.5 ms */
    bytes_add(&b,
              "\x7f\xe4\x03\2xy\x1b\x83"
              "c",
              9); /* an extension; 3 frames of 60 ms */
    bytes_add(&b, "\x7f\xe0\xff\xff\x5a", 5);
    bytes_add(&b, big.p, big.n);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, opus, 1, false);
    mux_pes(m, AUDIO, 9000, b.p, b.n);
    mux_pes(m, AUDIO, 90000, b.p, 7); /* cut short */
    mux_pes(m, AUDIO, 99000, b.p, 8);
    struct frames *f = read_all(&m->out);
    assert_int_equal(f->n, 5);
    assert_int_equal(f->stats.nb_bad, 7);
    assert_memory_equal(f->f[0].data.p,
                        "\xfc"
                        "abcd",
                        5);
    assert_int_equal(f->f[0].pts, 9000);
    assert_memory_equal(f->f[1].data.p,
                        "\xe0"
                        "ab",
                        3);
    assert_int_equal(f->f[1].pts, 9000 + 1800);
    assert_memory_equal(f->f[2].data.p,
                        "\x1b\x83"
                        "c",
                        3);
    assert_int_equal(f->f[2].pts, 9000 + 1800 + 225);
    assert_frame(&f->f[3], &big, 9000 + 1800 + 225 + 3 * 5400, false);
    assert_int_equal(f->f[4].pts, 99000);
    frames_free(f);

    /* Those before the first time stamp are placed by it. */
    m->out.n = 0;
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, opus, 1, false);
    for (int i = 0; i < 50; i++)
        mux_pes(m, AUDIO, i < 48 ? NOPTS : 180000 + 2025 * i, b.p, 18);
    f = read_blocks(m->out.p, m->out.n, 1000);
    assert_clean(f);
    assert_int_equal(f->n, 100);
    for (int i = 0; i < 100; i++)
        assert_int_equal(f->f[i].pts, 180000 + 2025 * (i / 2) + 1800 * (i % 2));
    frames_free(f);
    bytes_drop(&b);
    bytes_drop(&big);
    mux_free(m);
}

/* Other codecs: a frame is a PES. */
static void test_other(void **state)
{
    (void)state;
    static const struct entry e[] = { { VIDEO, 0x10, NULL, 0 }, { AUDIO, 0x03, NULL, 0 } };
    struct mux *m = mux_new();
    struct bytes v = { NULL, 0, 0 }, a = { NULL, 0, 0 };

    bytes_add_random(&v, 700);
    bytes_add_random(&a, 300);
    mux_pat(m, 1, (const int[]){ PMT });
    mux_pmt(m, PMT, e, 2, false);
    mux_pes(m, VIDEO, 1000, v.p, v.n);
    mux_pes(m, AUDIO, 1000, a.p, a.n);
    mux_pes(m, VIDEO, 2000, v.p + 4, v.n - 4);
    mux_pes(m, AUDIO, NOPTS, a.p, a.n);
    const size_t gone = m->out.n + 188;
    mux_pes(m, VIDEO, 3000, v.p, v.n);
    mux_pes(m, AUDIO, 3000, a.p, a.n);
    memmove(m->out.p + gone, m->out.p + gone + 188, m->out.n - gone - 188);
    m->out.n -= 188;
    struct frames *f = read_all(&m->out);
    int nv = 0, na = 0;
    for (int i = 0; i < f->n; i++) {
        if (f->f[i].video) {
            assert_int_equal(f->f[i].pts, ++nv * 1000);
            assert_false(f->f[i].key);
            assert_int_equal(f->f[i].damaged, nv == 3);
        } else { /* no frame of the codec is in it */
            assert_frame(&f->f[i], &a, ++na == 2 ? NOPTS : na * 1000, false);
            assert_true(f->f[i].key);
        }
    }
    assert_int_equal(nv, 3);
    assert_int_equal(na, 3);
    assert_int_equal(f->stats.nb_lost, 1);
    frames_free(f);
    bytes_drop(&v);
    bytes_drop(&a);
    mux_free(m);
}

/* The end of a segment tells nothing of its length if the clock restarts there. */
static void test_tail(void **state)
{
    (void)state;
    for (int restart = 0; restart < 2; restart++) {
        struct mux *m = mux_new();
        struct bytes a = { NULL, 0, 0 };
        FILE *file = tmpfile();
        int64_t last = 0;

        assert_non_null(file);
        add_adts(&a, 100);
        mux_tables(m, 0x1b);
        for (int i = 0; i < 200; i++)
            mux_pes(m, AUDIO, 90000 + (restart && i >= 180 ? i - 180 : i) * 1920, a.p, a.n);
        assert_int_equal(fwrite(m->out.p, 1, m->out.n, file), m->out.n);
        assert_int_equal(fflush(file), 0);
        const struct trtc_course_file f = { .fd = fileno(file), .bytes = (int64_t)m->out.n };
        const int64_t end = trtc_course_tail(&f, 90000, &last);
        assert_int_equal(end, restart ? TRTC_NOTIME : 200 * 1920);
        fclose(file);
        bytes_drop(&a);
        mux_free(m);
    }
}

/* x264 does not free all of its own; it is not ours. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx264";
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_idle_picture),
        cmocka_unit_test(test_goes_on),
        cmocka_unit_test(test_want),
        cmocka_unit_test(test_libavformat),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_cut_declared),
        cmocka_unit_test(test_wrong_length),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_counters),
        cmocka_unit_test(test_resync),
        cmocka_unit_test(test_foreign),
        cmocka_unit_test(test_bit_flips),
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_pmt_change),
        cmocka_unit_test(test_pmt_moves_pictures),
        cmocka_unit_test(test_psi_crc),
        cmocka_unit_test(test_psi_time),
        cmocka_unit_test(test_one_of_many_programs),
        cmocka_unit_test(test_programs),
        cmocka_unit_test(test_private_pictures),
        cmocka_unit_test(test_pictures_in_pes),
        cmocka_unit_test(test_pictures_share_pes),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_falls_at_key),
        cmocka_unit_test(test_files_in_a_row),
        cmocka_unit_test(test_monster),
        cmocka_unit_test(test_pes_headers),
        cmocka_unit_test(test_adts),
        cmocka_unit_test(test_opus),
        cmocka_unit_test(test_other),
        cmocka_unit_test(test_named),
        cmocka_unit_test(test_undescribed_sound),
        cmocka_unit_test(test_unfollowed),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_late_tables),
        cmocka_unit_test(test_very_late_tables),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_other_segments),
        cmocka_unit_test(test_sound_of_other_codecs),
        cmocka_unit_test(test_bluray),
        cmocka_unit_test(test_pmt_moves_sound),
        cmocka_unit_test(test_core),
        cmocka_unit_test(test_roles_change),
        cmocka_unit_test(test_adts_blocks),
        cmocka_unit_test(test_frames_in_many_pes),
        cmocka_unit_test(test_pictures_in_many_pes),
        cmocka_unit_test(test_lost_first_frame),
        cmocka_unit_test(test_standing_clock),
        cmocka_unit_test(test_torn_packets),
        cmocka_unit_test(test_tail),
    };

    av_log_set_level(AV_LOG_QUIET);
    demux = trtc_ts_new(BOTH);
    const int ret = cmocka_run_group_tests(tests, NULL, NULL);
    trtc_ts_free(&demux);
    return ret;
}
