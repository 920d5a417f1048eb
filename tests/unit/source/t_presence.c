/* SPDX-License-Identifier: MIT */
/* presence: when a stored file has sound and pictures, from transport streams made packet by packet. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/log.h>

#include "base/utc.h"
#include "make/genlib.h"
#include "source/presence.h"

#define T0_US INT64_C(1768908622495000)
#define S     INT64_C(1000000)
#define PTS0  INT64_C(900000)

enum { VIDEO_STEP = 3600, AUDIO_STEP = 1920, VIDEO_BYTES = 250, AUDIO_BYTES = 120 };

static char dir[64];

static int make_dir(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.40s/t_presence-XXXXXX", tmp ? tmp : "/tmp");
    alarm(60);
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

/* A stretch of one kind: milliseconds of the stream. */
struct stretch {
    int from_ms, to_ms;
};

static void put_video(struct gen_ts *ts, int stream, int64_t n)
{
    static const uint8_t head[] = { 0,    0,    0,    1,    9,    0xf0, 0, 0,    0,   1, 0x67,
                                    66,   0,    30,   0xf4, 0x0a, 0xfa, 0, 0,    0,   1, 0x68,
                                    0xce, 0x38, 0x80, 0,    0,    0,    1, 0x65, 0x88 };
    uint8_t p[VIDEO_BYTES];
    memset(p, 0xa5, sizeof p);
    memcpy(p, head, sizeof head);
    gen_ts_video(ts, stream, p, sizeof p, PTS0 + n * VIDEO_STEP, PTS0 + n * VIDEO_STEP, true);
}

static void put_audio(struct gen_ts *ts, int stream, int64_t n)
{
    uint8_t p[7 + AUDIO_BYTES] = { 0 };
    gen_adts(p, 48000, 1, AUDIO_BYTES);
    p[10] = 7;
    gen_ts_audio(ts, stream, p, sizeof p, PTS0 + n * AUDIO_STEP);
}

static bool within(const struct stretch *s, int64_t ticks)
{
    for (; s->to_ms; s++)
        if (ticks >= s->from_ms * INT64_C(90) && ticks < s->to_ms * INT64_C(90))
            return true;
    return false;
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static void save(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* The frames that begin within the stretches (a zero ends them; NULL: no such stream), without cut bytes at the end. */
static void make(const char *name, const struct stretch *video, const struct stretch *audio,
                 size_t cut)
{
    struct gen_ts ts = { .pcr_stream = -1 };
    const int v = video ? gen_ts_add(&ts, "h264", 0, 0) : -1,
              a = audio ? gen_ts_add(&ts, "aac", 48000, 1) : -1;
    int64_t nv = 0, na = 0;
    gen_ts_begin(&ts);
    while (nv * VIDEO_STEP < 120 * 90000) {
        if (nv * VIDEO_STEP <= na * AUDIO_STEP) {
            if (video && within(video, nv * VIDEO_STEP))
                put_video(&ts, v, nv);
            nv++;
        } else {
            if (audio && within(audio, na * AUDIO_STEP))
                put_audio(&ts, a, na);
            na++;
        }
        assert_int_equal(gen_ts_end(&ts), 0);
    }
    save(name, ts.buf, ts.n - cut);
    gen_ts_fini(&ts);
}

static bool look(const char *name, int64_t until_us, struct trtc_member *m)
{
    struct trtc_err err;
    bool torn = false;
    *m = (struct trtc_member){ .user = "a" };
    if (trtc_presence_of_file(&(struct trtc_presence){ path_of(name), T0_US, until_us, NULL }, m,
                              &torn, &err) < 0)
        fail_msg("%s", err.msg);
    return torn;
}

/* Each within a frame of what is said, in ms after T0. */
static void expect(const struct trtc_intervals *v, const struct stretch *want)
{
    size_t n = 0;
    for (; want[n].to_ms; n++) {
        assert_true(n < v->n);
        const int64_t from = v->items[n].start_us - T0_US, to = v->items[n].end_us - T0_US;
        assert_true(llabs(from - want[n].from_ms * INT64_C(1000)) <= 45000);
        assert_true(llabs(to - want[n].to_ms * INT64_C(1000)) <= 45000);
    }
    assert_int_equal(v->n, n);
}

/* ---- the cases ---- */

static void test_stretches(void **state)
{
    static const struct stretch video[] = {
        { 0, 3000 }, { 17000, 20000 }, { 36000, 37000 }, { 0, 0 }
    };
    static const struct stretch audio[] = { { 1000, 2000 }, { 30000, 52000 }, { 0, 0 } };
    static const struct stretch joined[] = { { 0, 20000 }, { 36000, 37000 }, { 0, 0 } };
    struct trtc_member m;
    (void)state;
    make("a.ts", video, audio, 0);
    assert_false(look("a.ts", TRTC_NOTIME, &m));
    expect(&m.picture, joined); /* 14 s are no absence, 16 s are */
    expect(&m.sound, audio);
    assert_true(m.picture.items[0].start_us == T0_US); /* the lowest time stamp */
    trtc_member_fini(&m);
}

static void test_one_kind(void **state)
{
    static const struct stretch all[] = { { 0, 4000 }, { 0, 0 } }, none[] = { { 0, 0 } };
    struct trtc_member m;
    (void)state;
    make("v.ts", all, NULL, 0);
    make("s.ts", NULL, all, 0);
    assert_false(look("v.ts", TRTC_NOTIME, &m));
    expect(&m.picture, all);
    expect(&m.sound, none);
    trtc_member_fini(&m);
    assert_false(look("s.ts", TRTC_NOTIME, &m));
    expect(&m.picture, none);
    expect(&m.sound, all);
    trtc_member_fini(&m);
}

/* The sound begins first: it stands for the start. */
static void test_late_picture(void **state)
{
    static const struct stretch video[] = { { 2000, 4000 }, { 0, 0 } },
                                audio[] = { { 0, 4000 }, { 0, 0 } };
    struct trtc_member m;
    (void)state;
    make("l.ts", video, audio, 0);
    look("l.ts", TRTC_NOTIME, &m);
    expect(&m.picture, video);
    expect(&m.sound, audio);
    assert_true(m.sound.items[0].start_us == T0_US);
    trtc_member_fini(&m);
}

static void test_until(void **state)
{
    static const struct stretch video[] = { { 0, 3000 }, { 40000, 50000 }, { 0, 0 } };
    static const struct stretch some[] = { { 0, 2000 }, { 0, 0 } },
                                first[] = { { 0, 3000 }, { 0, 0 } };
    struct trtc_member m;
    (void)state;
    make("u.ts", video, NULL, 0);
    assert_false(look("u.ts", T0_US + 2 * S, &m)); /* what was not read is not missed */
    expect(&m.picture, some);
    trtc_member_fini(&m);
    look("u.ts", T0_US + 20 * S, &m);
    expect(&m.picture, first);
    trtc_member_fini(&m);
}

static void test_torn(void **state)
{
    static const struct stretch video[] = { { 0, 3000 }, { 0, 0 } };
    struct trtc_member m;
    (void)state;
    make("t.ts", video, NULL, 188 + 50); /* in the middle of the last picture */
    assert_true(look("t.ts", TRTC_NOTIME, &m));
    expect(&m.picture, video);
    trtc_member_fini(&m);
}

static void test_failures(void **state)
{
    static const struct stretch video[] = { { 0, 1000 }, { 0, 0 } };
    struct trtc_member m = { .user = "a" };
    struct trtc_err err = { 0 };
    bool torn;
    (void)state;
    assert_int_equal(trtc_presence_of_file(&(struct trtc_presence){ path_of("not-there.ts"), T0_US,
                                                                    TRTC_NOTIME, NULL },
                                           &m, &torn, &err),
                     -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_non_null(strstr(err.msg, "not-there.ts"));
    save("empty.ts", "", 0);
    assert_int_equal(trtc_presence_of_file(
                         &(struct trtc_presence){ path_of("empty.ts"), T0_US, TRTC_NOTIME, NULL },
                         &m, &torn, &err),
                     -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    assert_int_equal(m.picture.n + m.sound.n, 0);
    /* the program is to end: it comes back, whatever it says */
    volatile sig_atomic_t stop = 1;
    make("x.ts", video, NULL, 0);
    trtc_presence_of_file(&(struct trtc_presence){ path_of("x.ts"), T0_US, TRTC_NOTIME, &stop }, &m,
                          &torn, &err);
    trtc_member_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stretches),    cmocka_unit_test(test_one_kind),
        cmocka_unit_test(test_late_picture), cmocka_unit_test(test_until),
        cmocka_unit_test(test_torn),         cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests_name("presence", tests, make_dir, drop_dir);
}
