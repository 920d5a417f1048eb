/* SPDX-License-Identifier: MIT */
/* Feeds: lanes of recordings, stored files, live sources under a clock that the test turns. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/log.h>

#include "base/utc.h"
#include "make/genlib.h"
#include "source/feed.h"
#include "unit/range.h"

#define T0_US       INT64_C(1768908622495000)
#define S_US        INT64_C(1000000)
#define PTS0        INT64_C(900000)
#define VIDEO_STEP  3600 /* 25 pictures a second */
#define AUDIO_STEP  1920 /* AAC at 48 kHz */
#define VIDEO_BYTES 250
#define AUDIO_BYTES 120
#define PATIENCE_US (20 * S_US) /* for what is at once on a machine with nothing else to do */

static char dir[64];
static atomic_llong clock_us;

static int64_t now_us(void)
{
    return clock_us;
}

static int64_t real_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * S_US + t.tv_nsec / 1000;
}

static void nap(int64_t us)
{
    const struct timespec t = { .tv_nsec = us * 1000 };
    nanosleep(&t, NULL);
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static int make_dir(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.40s/t_feed-XXXXXX", tmp ? tmp : "/tmp");
    signal(SIGPIPE, SIG_IGN);
    alarm(120); /* what waits for ever fails */
    av_log_set_level(AV_LOG_QUIET);
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    char cmd[128];
    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd);
}

/* ---- media ---- */

/* A stream in the making: pictures and sound that nothing could decode, in frames that are whole. */
struct made {
    struct gen_ts ts;
    int v, a;       /* streams, or -1 */
    int nb_v, nb_a; /* frames so far */
    int64_t shift;  /* ticks added to the time stamps */
    int64_t a_late; /* the sound begins so many ticks later */
};

static struct made made_of(bool video, bool audio)
{
    struct made m = { .v = -1, .a = -1 };
    m.ts.pcr_stream = -1;
    if (video)
        m.v = gen_ts_add(&m.ts, "h264", 0, 0);
    if (audio)
        m.a = gen_ts_add(&m.ts, "aac", 48000, 1);
    gen_ts_begin(&m.ts);
    return m;
}

static size_t adts(uint8_t *out, int n)
{
    gen_adts(out, 48000, 1, AUDIO_BYTES);
    memset(out + 7, 0, AUDIO_BYTES); /* silence, then bytes that nobody reads */
    out[10] = 7;
    out[11] = (uint8_t)n;
    return 7 + AUDIO_BYTES;
}

static void put_audio(struct made *m)
{
    uint8_t p[7 + AUDIO_BYTES];
    const size_t n = adts(p, m->nb_a);
    gen_ts_audio(&m->ts, m->a, p, n, PTS0 + m->shift + m->a_late + AUDIO_STEP * (int64_t)m->nb_a++);
    assert_int_equal(gen_ts_end(&m->ts), 0);
}

static void put_video(struct made *m)
{
    static const uint8_t head[] = { 0,    0,    0,    1,    9,    0xf0, 0, 0,    0,   1, 0x67,
                                    66,   0,    30,   0xf4, 0x0a, 0xfa, 0, 0,    0,   1, 0x68,
                                    0xce, 0x38, 0x80, 0,    0,    0,    1, 0x65, 0x88 };
    static const uint8_t other[] = { 0, 0, 0, 1, 9, 0xf0, 0, 0, 0, 1, 0x41, 0x9a };
    const bool key = m->nb_v % 25 == 0;
    const int64_t pts = PTS0 + m->shift + VIDEO_STEP * (int64_t)m->nb_v++;
    uint8_t p[VIDEO_BYTES];

    memset(p, 0xa5, sizeof p);
    memcpy(p, key ? head : other, key ? sizeof head : sizeof other);
    gen_ts_video(&m->ts, m->v, p, sizeof p, pts, pts, key);
    assert_int_equal(gen_ts_end(&m->ts), 0);
}

/* All frames that begin before so many ms of the stream, as they interleave. */
static void put_until(struct made *m, int ms)
{
    const int64_t end = ms * INT64_C(90);
    for (;;) {
        const int64_t v = m->v < 0 ? INT64_MAX : VIDEO_STEP * (int64_t)m->nb_v;
        const int64_t a = m->a < 0 ? INT64_MAX : m->a_late + AUDIO_STEP * (int64_t)m->nb_a;
        if (v >= end && a >= end)
            return;
        if (v <= a)
            put_video(m);
        else
            put_audio(m);
    }
}

static void save(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void save_made(const char *name, struct made *m)
{
    save(name, m->ts.buf, m->ts.n);
    gen_ts_fini(&m->ts);
}

static void make_fifo(const char *name)
{
    unlink(path_of(name));
    assert_int_equal(mkfifo(path_of(name), 0600), 0);
}

/* ---- who writes into a FIFO ---- */

struct writer {
    pthread_t thread;
    char path[256];
    uint8_t *p;
    size_t n;
    atomic_size_t nb_written;
};

static void *write_all(void *arg)
{
    struct writer *w = arg;
    const int fd = open(w->path, O_WRONLY);
    while (fd >= 0 && w->nb_written < w->n) {
        const size_t left = w->n - w->nb_written;
        const ssize_t got = write(fd, w->p + w->nb_written, left < 4096 ? left : 4096);
        if (got <= 0)
            break;
        w->nb_written += (size_t)got;
    }
    close(fd);
    return NULL;
}

/* Takes m's bytes. */
static struct writer *write_into(const char *name, struct made *m)
{
    struct writer *w = calloc(1, sizeof *w);
    assert_non_null(w);
    make_fifo(name);
    snprintf(w->path, sizeof w->path, "%s", path_of(name));
    w->p = malloc(m->ts.n);
    assert_non_null(w->p);
    memcpy(w->p, m->ts.buf, w->n = m->ts.n);
    gen_ts_fini(&m->ts);
    assert_int_equal(pthread_create(&w->thread, NULL, write_all, w), 0);
    return w;
}

static void join(struct writer *w)
{
    pthread_join(w->thread, NULL);
    free(w->p);
    free(w);
}

/* ---- sources ---- */

static struct trtc_losses losses;

static struct trtc_source *open_source(const char *name, enum trtc_pace pace, struct trtc_err *err)
{
    const struct trtc_source_opts o = {
        .url = strcmp(name, "-") == 0 ? name : path_of(name),
        .pace = pace,
        .start_us = T0_US,
        .audio = true,
        .video = true,
        .now_us = now_us,
    };
    return trtc_source_open(&o, "alice", &losses, err);
}

static struct trtc_source *stored(const char *name)
{
    struct trtc_err err;
    struct trtc_source *s = open_source(name, TRTC_PACE_STORED, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static struct trtc_source *live(const char *name)
{
    struct trtc_err err;
    struct trtc_source *s = open_source(name, TRTC_PACE_LIVE, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static void close_source(struct trtc_source **s)
{
    trtc_source_free(s);
    assert_null(*s);
    trtc_losses_fini(&losses);
}

static int failure_of(struct trtc_source *s)
{
    struct trtc_err err;
    trtc_source_failure(s, &err);
    return err.code;
}

/* Takes the next frame, which must be the n-th of its kind in a stream whose zero is at zero_us. */
static void take(struct trtc_feed *f, enum trtc_kind kind, int n, int64_t zero_us)
{
    struct trtc_feed_frame x;
    struct trtc_err err;

    const int got = trtc_feed_next(f, &x, &err);
    if (got != TRTC_FED_FRAME)
        fail_msg("%d in place of frame %d", got, n);
    const bool video = kind == TRTC_VIDEO;
    const int64_t at = zero_us + (video ? VIDEO_STEP : AUDIO_STEP) * (int64_t)n * 100 / 9;
    if (llabs((long long)(x.pkt.pts_us - at)) > 50)
        fail_msg("%s %d is %lld us off", video ? "picture" : "sound", n,
                 (long long)(x.pkt.pts_us - at));
    assert_true(x.pkt.dts_us == x.pkt.pts_us);
    assert_string_equal(x.codec_name, video ? "h264" : "aac");
    assert_int_equal(x.codec, video ? TRTC_CODEC_H264 : TRTC_CODEC_AAC);
    assert_int_in_range(x.dur_us, video ? 39900 : 21333, video ? 40100 : 21334);
    assert_int_equal(x.pkt.size, video ? VIDEO_BYTES : 7 + AUDIO_BYTES);
    assert_int_equal(x.pkt.key, !video || n % 25 == 0);
    if (!video)
        assert_int_equal(x.pkt.data[11], (uint8_t)n);
    assert_false(x.damaged);
}

static void take_all(struct trtc_feed *f, enum trtc_kind kind, int n, int64_t zero_us)
{
    struct trtc_feed_frame x;

    for (int i = 0; i < n; i++)
        take(f, kind, i, zero_us);
    assert_int_equal(trtc_feed_next(f, &x, NULL), TRTC_FED_END);
    assert_int_equal(trtc_feed_next(f, &x, NULL), TRTC_FED_END);
}

static struct trtc_feed *sound_of(struct trtc_source *s)
{
    return trtc_source_feed(s, TRTC_AUDIO);
}

static struct trtc_feed *picture_of(struct trtc_source *s)
{
    return trtc_source_feed(s, TRTC_VIDEO);
}

/* ---- recordings ---- */

struct rec {
    struct trtc_recording r;
    struct trtc_piece pieces[3];
    struct trtc_clip clips[3];
    struct trtc_lane lane;
};

/* Three segments of two seconds. */
static void make_rec(struct rec *r, bool video)
{
    static const char *const names[2][3] = { { "a0.ts", "a1.ts", "a2.ts" },
                                             { "v0.ts", "v1.ts", "v2.ts" } };

    *r = (struct rec){ .r = { .dir = dir, .nb_pieces = 3 }, .lane = { r->clips, 3 } };
    r->r.pieces = r->pieces;
    struct made m = made_of(video, !video);
    for (int i = 0; i < 3; i++) {
        const int64_t first = PTS0 + (video ? VIDEO_STEP * m.nb_v : AUDIO_STEP * m.nb_a);
        gen_ts_begin(&m.ts);
        put_until(&m, 2000 * (i + 1));
        save(names[video][i], m.ts.buf, m.ts.n);
        r->pieces[i] = (struct trtc_piece){
            .uri = names[video][i],
            .start_us = T0_US + (first - PTS0) * 100 / 9,
            .dur_us = video ? 2 * S_US : 94 * INT64_C(64000) / 3,
            .bytes = (int64_t)m.ts.n,
            .exact = true,
            .facts = { .first_ts_90k = first },
        };
        r->clips[i] = (struct trtc_clip){ &r->pieces[i], INT64_MAX };
    }
    gen_ts_fini(&m.ts);
}

static struct trtc_feed *lane_of(struct rec *r, enum trtc_kind kind, int64_t from_us)
{
    struct trtc_err err;
    const struct trtc_reader_opts o = { &r->r, &r->lane, kind, &losses, NULL, false, 0 };
    struct trtc_feed *f =
        trtc_feed_recording(&o, (struct trtc_feed_from){ from_us, from_us }, &err);
    if (!f)
        fail_msg("%s", err.msg);
    return f;
}

static void test_recording_from(void **state)
{
    static const struct {
        int64_t from_us;
        int first;
    } t[] = {
        { TRTC_NOTIME, 0 },       { 0, 0 },
        { T0_US + 1500000, 0 },   { T0_US + 2500000, 50 },
        { T0_US + 4100000, 100 }, { T0_US + 7 * S_US, 100 }, /* it may last longer than it says */
    };
    struct rec r;
    struct trtc_feed_frame x;
    (void)state;

    make_rec(&r, true);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_feed *f = lane_of(&r, TRTC_VIDEO, t[i].from_us);
        /* the first one's duration is a guess */
        assert_int_equal(trtc_feed_next(f, &x, NULL), TRTC_FED_FRAME);
        assert_true(x.pkt.pts_us == T0_US + t[i].first * INT64_C(40000));
        assert_true(x.pkt.key && x.dur_us > 0);
        for (int n = t[i].first + 1; n < 150; n++)
            take(f, TRTC_VIDEO, n, T0_US);
        assert_int_equal(trtc_feed_next(f, &x, NULL), TRTC_FED_END);
        assert_int_equal(trtc_feed_next(f, &x, NULL), TRTC_FED_END);
        trtc_feed_free(&f);
        assert_null(f);
        trtc_feed_free(&f);
    }
    struct trtc_feed *f = lane_of(&r, TRTC_VIDEO, T0_US + 22 * S_US);
    assert_int_equal(trtc_feed_next(f, &x, NULL), TRTC_FED_END);
    trtc_feed_free(&f);
    assert_int_equal(losses.n, 0);
}

static void test_recording_sound_and_loss(void **state)
{
    struct rec r;
    struct trtc_feed_frame x;
    (void)state;

    make_rec(&r, false);
    struct trtc_feed *f = lane_of(&r, TRTC_AUDIO, TRTC_NOTIME);
    take_all(f, TRTC_AUDIO, 282, T0_US);
    trtc_feed_free(&f);
    assert_int_equal(losses.n, 0);

    unlink(path_of("a1.ts"));
    f = lane_of(&r, TRTC_AUDIO, TRTC_NOTIME);
    int n = 0;
    while (trtc_feed_next(f, &x, NULL) == TRTC_FED_FRAME)
        n++;
    trtc_feed_free(&f);
    assert_int_equal(n, 282 - 94);
    assert_int_equal(losses.n, 1);
    assert_string_equal(losses.items[0].kind, "missing");
    assert_string_equal(losses.items[0].detail, "it was there at the beginning");
    trtc_losses_fini(&losses);

    r.r.dir = (char *)(uintptr_t) "/nonexistent";
    struct trtc_err err;
    const struct trtc_reader_opts o = { &r.r, &r.lane, TRTC_AUDIO, &losses, NULL, false, 0 };
    assert_null(trtc_feed_recording(&o, (struct trtc_feed_from){ 0 }, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
}

/* ---- stored files ---- */

static void test_file(void **state)
{
    int64_t first, end;
    bool ended;
    (void)state;

    struct made m = made_of(true, true);
    m.a_late = 900; /* 10 ms: START is the first picture's */
    put_until(&m, 4000);
    const int nb_a = m.nb_a;
    assert_int_equal(m.nb_v, 100);
    save_made("av.ts", &m);

    struct trtc_source *s = stored("av.ts");
    assert_false(trtc_source_seen(s, TRTC_VIDEO, &first, &end, &ended));
    assert_false(ended);
    take_all(picture_of(s), TRTC_VIDEO, 100, T0_US); /* one kind, and then the other */
    assert_true(trtc_source_seen(s, TRTC_VIDEO, &first, &end, &ended));
    assert_true(ended && first == T0_US && end == T0_US + 4 * S_US);
    assert_false(trtc_source_seen(s, TRTC_AUDIO, &first, &end, &ended));
    assert_true(trtc_source_wait(s, T0_US + 100 * S_US, T0_US + 100 * S_US));
    take_all(sound_of(s), TRTC_AUDIO, nb_a, T0_US + 10000);
    assert_true(trtc_source_seen(s, TRTC_AUDIO, &first, &end, &ended));
    assert_true(ended);
    assert_int_equal(failure_of(s), 0);
    trtc_source_settle(s);
    assert_int_equal(losses.n, 0);
    close_source(&s);
}

static void test_file_of_one_kind(void **state)
{
    struct trtc_feed_frame x;
    uint8_t p[100 * (7 + AUDIO_BYTES)];
    size_t n = 0;
    (void)state;

    for (int i = 0; i < 100; i++)
        n += adts(p + n, i);
    save("sound.aac", p, n);
    struct trtc_source *s = stored("sound.aac");
    assert_null(picture_of(s)); /* the container could not hold any */
    take_all(sound_of(s), TRTC_AUDIO, 100, T0_US);
    close_source(&s);

    struct made m = made_of(false, true);
    put_until(&m, 2000);
    const int nb_a = m.nb_a;
    save_made("sound.ts", &m);
    s = stored("sound.ts");
    take_all(sound_of(s), TRTC_AUDIO, nb_a, T0_US);
    if (picture_of(s)) /* might have come later */
        assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_END);
    close_source(&s);

    const struct trtc_source_opts o = { .url = path_of("av.ts"), .start_us = T0_US, .video = true };
    struct trtc_err err;
    s = trtc_source_open(&o, "bob", &losses, &err);
    assert_non_null(s);
    assert_null(sound_of(s));
    take_all(picture_of(s), TRTC_VIDEO, 100, T0_US);
    close_source(&s);
}

static void test_file_with_other_sound(void **state)
{
    uint8_t p[384] = { 0xff, 0xfb, 0x94, 0xc0 }; /* MP3: a frame of 24 ms of silence */
    struct trtc_feed_frame x;
    (void)state;

    struct made m = made_of(true, false);
    m.a = gen_ts_add(&m.ts, "mp3", 48000, 1);
    for (int i = 0; i < 125; i++) {
        gen_ts_audio(&m.ts, m.a, p, sizeof p, PTS0 + 2160 * (int64_t)i);
        assert_int_equal(gen_ts_end(&m.ts), 0);
        if (i * 2160 >= m.nb_v * VIDEO_STEP)
            put_video(&m);
    }
    const int nb_v = m.nb_v;
    save_made("mp3.ts", &m);

    struct trtc_source *s = stored("mp3.ts");
    take_all(picture_of(s), TRTC_VIDEO, nb_v, T0_US);
    int n = 0;
    for (; trtc_feed_next(sound_of(s), &x, NULL) == TRTC_FED_FRAME; n++)
        assert_string_equal(x.codec_name, "mp3");
    assert_int_equal(n, 125); /* as they came, not encoded */
    close_source(&s);
}

static void test_file_losses(void **state)
{
    struct trtc_feed_frame x;
    (void)state;

    struct made m = made_of(true, true);
    put_until(&m, 4000);
    uint8_t *hole = m.ts.buf + m.ts.n / 188 / 2 * 188;
    memmove(hole, hole + 5 * 188, (size_t)(m.ts.buf + m.ts.n - hole) - 5 * 188);
    m.ts.n -= 5 * 188 + 100;
    save_made("holed.ts", &m);

    for (int way = 0; way < 3; way++) { /* both are read, one is, none is */
        struct trtc_source *s = stored("holed.ts");
        for (int k = way; k < 2; k++)
            while (trtc_feed_next(k ? picture_of(s) : sound_of(s), &x, NULL) == TRTC_FED_FRAME)
                ;
        trtc_source_settle(s);
        const size_t n = losses.n;
        if (way < 2) {
            assert_true(n >= 2);
            assert_string_equal(losses.items[0].path, "alice");
            assert_string_equal(losses.items[0].kind, "damaged");
            assert_non_null(strstr(losses.items[0].detail, " missing"));
            assert_string_equal(losses.items[n - 1].kind, "truncated");
        }
        for (size_t i = 0; i + 1 < n; i++)
            assert_string_not_equal(losses.items[i].detail, losses.items[i + 1].detail);
        trtc_source_settle(s);
        trtc_source_free(&s);
        assert_int_equal(losses.n, n);
        trtc_losses_fini(&losses);
    }
}

static void test_refused_at_once(void **state)
{
    struct trtc_err err;
    (void)state;

    for (int pace = TRTC_PACE_STORED; pace <= TRTC_PACE_LIVE; pace++) {
        assert_null(open_source("nobody", (enum trtc_pace)pace, &err));
        assert_int_equal(err.code, TRTC_EX_NOINPUT);
        assert_null(open_source(".", (enum trtc_pace)pace, &err));
        assert_int_equal(err.code, TRTC_EX_NOINPUT);
    }
    save("empty", "", 0);
    assert_null(open_source("empty", TRTC_PACE_STORED, &err));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
}

/* ---- live ---- */

/* Writes what m has and the FIFO has not got. */
static void hand_over(int fd, struct made *m)
{
    assert_int_equal(write(fd, m->ts.buf, m->ts.n), m->ts.n);
    m->ts.n = 0;
}

/* Waits until something newer than than_us has come. */
/* Where the newest frame of either kind ends; TRTC_NOTIME: none has come. *ended: there will be no more. */
static int64_t newest_end(struct trtc_source *s, bool *ended)
{
    int64_t first_us, a_us, v_us;
    bool a_ended, v_ended;

    if (!trtc_source_seen(s, TRTC_AUDIO, &first_us, &a_us, &a_ended))
        a_us = TRTC_NOTIME;
    if (!trtc_source_seen(s, TRTC_VIDEO, &first_us, &v_us, &v_ended))
        v_us = TRTC_NOTIME;
    *ended = a_ended && v_ended;
    return a_us > v_us ? a_us : v_us;
}

static int64_t newer(struct trtc_source *s, int64_t than_us)
{
    const int64_t give_up_us = real_us() + PATIENCE_US;
    bool ended;

    for (;;) {
        const int64_t us = newest_end(s, &ended);
        if (us > than_us)
            return us;
        if (ended || real_us() > give_up_us)
            fail_msg("nothing comes");
        nap(300);
    }
}

/* Takes all that is there; *last_us is the time of the last one. */
static void drain(struct trtc_feed *f, int64_t *last_us)
{
    struct trtc_feed_frame x;
    int got;

    while ((got = trtc_feed_next(f, &x, NULL)) == TRTC_FED_FRAME) {
        assert_true(x.pkt.dts_us > *last_us);
        *last_us = x.pkt.dts_us;
    }
    assert_int_equal(got, TRTC_FED_WAIT);
}

static void test_live(void **state)
{
    struct trtc_feed_frame x;
    int64_t first, end;
    bool ended;
    (void)state;

    make_fifo("live");
    clock_us = T0_US;
    struct trtc_source *s = live("live");
    assert_int_equal(trtc_feed_next(sound_of(s), &x, NULL), TRTC_FED_WAIT);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_WAIT);
    assert_true(newest_end(s, &ended) == TRTC_NOTIME);
    assert_false(ended);
    int64_t from = real_us();
    assert_false(trtc_source_wait(s, T0_US - S_US, T0_US + 50000));
    assert_int_in_range(real_us() - from, 49000, PATIENCE_US);

    assert_false(trtc_source_seen(s, TRTC_VIDEO, &first, &end, &ended));
    const int fd = open(path_of("live"), O_WRONLY);
    assert_true(fd >= 0);
    struct made m = made_of(true, true);
    put_until(&m, 1000);
    hand_over(fd, &m);
    assert_true(trtc_source_wait(s, T0_US + 900000, T0_US + 5 * S_US));
    assert_true(trtc_source_seen(s, TRTC_VIDEO, &first, &end, &ended));
    assert_true(!ended && first == T0_US && end == T0_US + 960000);
    assert_false(
        trtc_source_wait(s, T0_US + 960000, T0_US + 1000)); /* the last picture may go on */
    for (int i = 0; i < 24; i++)
        take(picture_of(s), TRTC_VIDEO, i, T0_US);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_WAIT);
    for (int i = 0; i < 40; i++)
        take(sound_of(s), TRTC_AUDIO, i, T0_US);

    /* a pause of both the stream and its clock changes nothing */
    clock_us += 5 * S_US;
    m.nb_v = 125;
    put_until(&m, 5000 + 40);
    close(fd);
    gen_ts_fini(&m.ts);
    from = real_us();
    while (!trtc_source_wait(s, T0_US + 10 * S_US, T0_US + 10 * S_US))
        assert_true(real_us() - from < PATIENCE_US);
    newest_end(s, &ended);
    assert_true(ended);
    take(picture_of(s), TRTC_VIDEO, 24, T0_US);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_END);
    for (int i = 40; i < 47; i++)
        take(sound_of(s), TRTC_AUDIO, i, T0_US);
    assert_int_equal(trtc_feed_next(sound_of(s), &x, NULL), TRTC_FED_END);
    assert_int_equal(failure_of(s), 0);
    close_source(&s);
}

struct turning {
    struct trtc_source *s;
    struct made m;
    int fd;
    int64_t newest_us, a_us, v_us;
};

/* 40 ms of stream and clock, n times. */
static void turn(struct turning *t, int n)
{
    while (n-- > 0) {
        clock_us += 40000;
        put_until(&t->m, t->m.nb_v * 40 + 40);
        hand_over(t->fd, &t->m);
        t->newest_us = newer(t->s, t->newest_us);
        drain(sound_of(t->s), &t->a_us);
        drain(picture_of(t->s), &t->v_us);
    }
}

static void test_late_is_placed_anew(void **state)
{
    struct turning t = { .m = made_of(true, true), .newest_us = TRTC_NOTIME };
    (void)state;

    make_fifo("late");
    clock_us = T0_US;
    t.s = live("late");
    t.fd = open(path_of("late"), O_WRONLY);
    assert_true(t.fd >= 0);
    t.a_us = t.v_us = TRTC_NOTIME;
    put_until(&t.m, 200); /* to begin, it needs more than one picture */
    turn(&t, 25);
    clock_us += 9 * S_US; /* it stands still, and then goes on as if nothing had been */
    turn(&t, 45);
    assert_true(t.newest_us < clock_us - 8 * S_US); /* not yet: it may catch up */
    turn(&t, 15);
    assert_int_in_range(t.newest_us - (clock_us - 200000), 0, 400000);
    turn(&t, 5);

    /* both kinds by the same: they are where they were to each other; the last picture is held */
    const int64_t ticks = (t.m.nb_a - 1) * AUDIO_STEP - (t.m.nb_v - 2) * VIDEO_STEP;
    const int64_t give_up_us = real_us() + PATIENCE_US;
    int64_t apart_us;
    do {
        assert_true(real_us() < give_up_us);
        nap(300);
        drain(sound_of(t.s), &t.a_us);
        drain(picture_of(t.s), &t.v_us);
        apart_us = t.a_us - t.v_us - ticks * 100 / 9;
    } while (apart_us < -50 || apart_us > 50);
    assert_int_in_range(t.v_us - (clock_us - 200000), 0, 400000);
    close(t.fd);
    gen_ts_fini(&t.m.ts);
    close_source(&t.s);
}

static void test_catching_up_is_left_alone(void **state)
{
    (void)state;
    make_fifo("burst");
    clock_us = T0_US;
    struct trtc_source *s = live("burst");
    const int fd = open(path_of("burst"), O_WRONLY);
    assert_true(fd >= 0);
    struct made m = made_of(true, true);
    put_until(&m, 200);
    hand_over(fd, &m);
    newer(s, T0_US + 100000);
    clock_us += 4 * S_US;
    for (int ms = 1000; ms <= 5000; ms += 1000) { /* four seconds late, at once */
        put_until(&m, ms);
        hand_over(fd, &m);
        newer(s, T0_US + ms * 1000 - 100000);
    }
    for (int i = 0; i < 120; i++)
        take(picture_of(s), TRTC_VIDEO, i, T0_US);
    for (int i = 0; i < 230; i++)
        take(sound_of(s), TRTC_AUDIO, i, T0_US);
    close(fd);
    gen_ts_fini(&m.ts);
    close_source(&s);
}

/* ---- what a server has kept ---- */

static int kept_fd; /* of the FIFO, for reading */

static bool kept_takes(const char *url)
{
    return strcmp(url, "http://kept") == 0;
}

static void *kept_open(const struct trtc_remote *remote, const char *url,
                       const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    (void)remote, (void)url, (void)stop, (void)err;
    kept_fd = open(path_of("kept"), O_RDONLY);
    assert_true(kept_fd >= 0);
    return &kept_fd;
}

static ssize_t kept_read(void *self, uint8_t *p, size_t n, struct trtc_err *err)
{
    (void)err;
    return read(*(int *)self, p, n);
}

static int64_t kept_size(const void *self)
{
    (void)self;
    return -1;
}

static int64_t kept_came_ms(const void *self)
{
    (void)self;
    return T0_US / 1000 - 20000;
}

static void kept_close(void *self)
{
    close(*(int *)self);
}

static const struct trtc_remote kept_remote = { .takes = kept_takes,
                                                .open = kept_open,
                                                .read = kept_read,
                                                .size = kept_size,
                                                .came_ms = kept_came_ms,
                                                .close = kept_close };

/* 20 s that a server has kept come at four times their pace, and the clock of the stream falls among them:
 * all of it is late for more than the two seconds after which a stream is placed anew, but it catches up. */
static void test_kept_frames_stay_at_their_time(void **state)
{
    const struct trtc_source_opts o = {
        .url = "http://kept",
        .remote = &kept_remote,
        .pace = TRTC_PACE_LIVE,
        .audio = true,
        .video = true,
        .now_us = now_us,
        .before_us = T0_US,
    };
    struct trtc_err err;
    struct turning t = { .m = made_of(true, true), .newest_us = TRTC_NOTIME };
    (void)state;

    make_fifo("kept");
    clock_us = T0_US;
    t.s = trtc_source_open(&o, "alice", &losses, &err);
    assert_non_null(t.s);
    t.fd = open(path_of("kept"), O_WRONLY);
    t.a_us = t.v_us = TRTC_NOTIME;
    put_until(&t.m, 200);
    for (int i = 0; i < 160; i++) {
        t.m.shift -= i == 100 ? 90000 * 10 : 0;
        put_until(&t.m, t.m.nb_v * 40 + 120);
        turn(&t, 1);
    }
    assert_int_in_range(t.newest_us - (T0_US - 20 * S_US + t.m.nb_v * INT64_C(40000)), -400000,
                        400000);

    clock_us += 9 * S_US; /* it has caught up, and is a live stream: it pauses */
    turn(&t, 60);
    assert_int_in_range(t.newest_us - clock_us, -400000, 400000);
    close(t.fd);
    gen_ts_fini(&t.m.ts);
    close_source(&t.s);
}

static void test_a_file_through_a_pipe_waits(void **state)
{
    struct trtc_feed_frame x;
    bool ended;
    (void)state;

    clock_us = T0_US;
    struct made m = made_of(true, true);
    put_until(&m, 30000);
    const int nb_a = m.nb_a;
    struct writer *w = write_into("pipe", &m);
    struct trtc_source *s = live("pipe");
    newer(s, T0_US + 9 * S_US);
    while (!trtc_source_wait(s, T0_US + 60 * S_US, T0_US + S_US)) /* until it is full */
        ;
    const int64_t newest = newest_end(s, &ended);
    assert_false(ended);
    assert_int_in_range(newest - T0_US, 9900000, 10100000);
    nap(20000);
    assert_true(newest_end(s, &ended) == newest);
    assert_true(w->nb_written < w->n);

    /* nothing is moved by having waited, however long */
    for (int v = 0, a = 0; v < 750 || a < nb_a;) {
        while (!trtc_source_wait(s, T0_US + 60 * S_US, clock_us + S_US))
            ;
        clock_us += 3 * S_US;
        for (int i = 0; i < 10 && v < 750; i++)
            take(picture_of(s), TRTC_VIDEO, v++, T0_US);
        while (a < nb_a && (a * AUDIO_STEP < v * VIDEO_STEP || v == 750))
            take(sound_of(s), TRTC_AUDIO, a++, T0_US);
    }
    assert_int_equal(trtc_feed_next(sound_of(s), &x, NULL), TRTC_FED_END);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_END);
    close_source(&s);
    join(w);
}

/* ---- stored, but not to be read twice ---- */

struct taker {
    struct trtc_feed *f;
    enum trtc_kind kind;
    int n;
};

static void *take_in_thread(void *arg)
{
    const struct taker *t = arg;
    take_all(t->f, t->kind, t->n, T0_US);
    return NULL;
}

static void test_fifo_with_a_start(void **state)
{
    (void)state;
    struct made m = made_of(true, true);
    put_until(&m, 25000);
    const int nb_a = m.nb_a;
    struct writer *w = write_into("stored", &m);
    struct trtc_source *s = stored("stored");
    struct taker t = { sound_of(s), TRTC_AUDIO, nb_a };
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_in_thread, &t), 0);
    take_all(picture_of(s), TRTC_VIDEO, 625, T0_US);
    pthread_join(thread, NULL);
    assert_int_equal(failure_of(s), 0);
    close_source(&s);
    join(w);
}

static void test_badly_interleaved(void **state)
{
    struct trtc_feed_frame x;
    (void)state;

    struct made m = made_of(true, true);
    put_until(&m, 1000);
    while (m.nb_v < 800) /* 32 s of pictures, and then all the sound */
        put_video(&m);
    put_until(&m, 32000);
    const int nb_a = m.nb_a;
    struct writer *w = write_into("apart", &m);
    struct trtc_source *s = stored("apart");
    take_all(sound_of(s), TRTC_AUDIO, nb_a, T0_US);
    take_all(picture_of(s), TRTC_VIDEO, 800, T0_US);
    close_source(&s);
    join(w);

    /* what has never come is not waited for longer than the other kind has room */
    m = made_of(true, true);
    m.a = -1;
    put_until(&m, 20000);
    w = write_into("silent", &m);
    s = stored("silent");
    assert_int_equal(trtc_feed_next(sound_of(s), &x, NULL), TRTC_FED_WAIT);
    for (int i = 0; i < 500; i += 5) { /* but by who waits for what is due */
        assert_true(trtc_source_wait(s, T0_US + i * INT64_C(40000), INT64_MAX));
        for (int k = 0; k < 5; k++)
            take(picture_of(s), TRTC_VIDEO, i + k, T0_US);
    }
    assert_int_equal(trtc_feed_next(sound_of(s), &x, NULL), TRTC_FED_END);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_END);
    close_source(&s);
    join(w);
}

static void test_broken_in_the_middle(void **state)
{
    struct trtc_feed_frame x;
    struct trtc_err err;
    int fd[2];
    (void)state;

    for (int pace = TRTC_PACE_STORED; pace <= TRTC_PACE_LIVE; pace++) {
        struct made m = made_of(true, true);
        put_until(&m, 2000);
        /* a connection that is reset: unread bytes at its close */
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
        assert_int_equal(write(fd[0], "x", 1), 1);
        assert_int_equal(write(fd[1], m.ts.buf, m.ts.n - 100), m.ts.n - 100);
        gen_ts_fini(&m.ts);
        const int saved = dup(STDIN_FILENO);
        dup2(fd[0], STDIN_FILENO);
        close(fd[0]);
        close(fd[1]);

        clock_us = T0_US;
        struct trtc_source *s = open_source("-", (enum trtc_pace)pace, &err);
        assert_non_null(s);
        for (int k = 0; k < 2; k++) {
            struct trtc_feed *f = k ? picture_of(s) : sound_of(s);
            int n = 0, got;
            while ((got = trtc_feed_next(f, &x, &err)) == TRTC_FED_FRAME || got == TRTC_FED_WAIT)
                n += got == TRTC_FED_FRAME;
            assert_int_equal(got, -1);
            assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
            assert_int_in_range(n, 45, 100);
            assert_int_equal(trtc_feed_next(f, &x, &err), TRTC_FED_END);
        }
        dup2(saved, STDIN_FILENO);
        close(saved);
        assert_int_equal(failure_of(s), TRTC_EX_TEMPFAIL);
        trtc_source_settle(s);
        assert_int_equal(losses.n, 0); /* the failure states what is missing */
        trtc_source_free(&s);
        assert_int_equal(losses.n, 0);
        trtc_losses_fini(&losses);
    }
}

static void test_no_stream_at_all(void **state)
{
    struct trtc_feed_frame x;
    struct trtc_err err;
    (void)state;

    make_fifo("garbage");
    struct trtc_source *s = stored("garbage");
    const int fd = open(path_of("garbage"), O_WRONLY);
    assert_int_equal(write(fd, "nothing of ours\n", 16), 16);
    close(fd);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, &err), TRTC_FED_END);
    assert_int_equal(failure_of(s), TRTC_EX_DATAERR);
    close_source(&s);
}

/* ---- the end at any time ---- */

static volatile sig_atomic_t stop;

static void *stop_soon(void *arg)
{
    (void)arg;
    nap(50000);
    raise(SIGUSR1);
    return NULL;
}

static void on_signal(int sig)
{
    (void)sig;
    stop = 1;
}

static void test_free_at_any_time(void **state)
{
    (void)state;
    make_fifo("nobody");
    for (int pace = TRTC_PACE_STORED; pace <= TRTC_PACE_LIVE; pace++)
        for (int way = 0; way < 3; way++) { /* at once, while it opens, while it reads */
            int fd = -1;
            clock_us = T0_US;
            struct trtc_source *s = open_source("nobody", (enum trtc_pace)pace, NULL);
            assert_non_null(s);
            if (way > 0)
                nap(10000);
            if (way == 2) {
                fd = open(path_of("nobody"), O_WRONLY);
                struct made m = made_of(true, true);
                put_until(&m, 500);
                hand_over(fd, &m);
                gen_ts_fini(&m.ts);
                newer(s, T0_US + 400000);
            }
            const int64_t from = real_us();
            trtc_source_free(&s);
            assert_true(real_us() - from < PATIENCE_US);
            assert_int_equal(losses.n, 0);
            close(fd);
        }

    struct made m = made_of(true, true);
    put_until(&m, 30000);
    struct writer *w = write_into("full", &m);
    clock_us = T0_US;
    struct trtc_source *s = live("full");
    newer(s, T0_US + 9 * S_US);
    close_source(&s);
    join(w);
}

static void test_stop_ends_a_pending_next(void **state)
{
    struct trtc_feed_frame x;
    pthread_t thread;
    (void)state;

    make_fifo("waits");
    signal(SIGUSR1, on_signal);
    stop = 0;
    const struct trtc_source_opts o = {
        .url = path_of("waits"), .start_us = T0_US, .audio = true, .video = true, .stop = &stop
    };
    struct trtc_source *s = trtc_source_open(&o, "alice", &losses, NULL);
    assert_non_null(s);
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    const int64_t from = real_us();
    assert_int_equal(trtc_feed_next(sound_of(s), &x, NULL), TRTC_FED_END);
    assert_int_equal(trtc_feed_next(picture_of(s), &x, NULL), TRTC_FED_END);
    assert_int_in_range(real_us() - from, 40000, PATIENCE_US);
    pthread_join(thread, NULL);
    close_source(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recording_from),
        cmocka_unit_test(test_recording_sound_and_loss),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_of_one_kind),
        cmocka_unit_test(test_file_with_other_sound),
        cmocka_unit_test(test_file_losses),
        cmocka_unit_test(test_refused_at_once),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_late_is_placed_anew),
        cmocka_unit_test(test_catching_up_is_left_alone),
        cmocka_unit_test(test_kept_frames_stay_at_their_time),
        cmocka_unit_test(test_a_file_through_a_pipe_waits),
        cmocka_unit_test(test_fifo_with_a_start),
        cmocka_unit_test(test_badly_interleaved),
        cmocka_unit_test(test_broken_in_the_middle),
        cmocka_unit_test(test_no_stream_at_all),
        cmocka_unit_test(test_free_at_any_time),
        cmocka_unit_test(test_stop_ends_a_pending_next),
    };
    return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
