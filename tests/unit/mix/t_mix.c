/* SPDX-License-Identifier: MIT */
/* mix: the clock that its threads share, changes in their order, and what comes of a mix of nobody. */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "mix/mix.h"
#include "mix/mix_state.h"
#include "unit/range.h"
#include "unit/scratch.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define START_US      INT64_C(1767225600000000)

static int enter(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    alarm(60);
    return scratch_enter("t_mix");
}

/* ---- what the threads share ---- */

/* Frame k begins at k / fps, and so many samples are before it. */
static void test_clock(void **state)
{
    static const struct {
        int fps, rate_hz;
        int64_t k, us, samples;
    } t[] = {
        { 25, 48000, 0, 0, 0 },
        { 25, 48000, 1, 40000, 1920 },
        { 15, 48000, 1, 66667, 3200 },
        { 15, 16000, 1, 66667, 1067 },
        { 15, 16000, 2, 133333, 2133 },
        { 15, 16000, 15, 1000000, 16000 },
        { 30, 44100, 1, 33333, 1470 },
        { 24, 44100, 1, 41667, 1838 },
        { 15, 48000, INT64_C(15) * 86400 * 365, INT64_C(31536000000000), INT64_C(1513728000000) },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct trtc_mix_settings set = { .fps = t[i].fps, .rate_hz = t[i].rate_hz };
        struct trtc_mix_state s;
        trtc_mix_state_init(&s, &set, START_US);
        assert_int_equal(trtc_mix_frame_us(&s, t[i].k), START_US + t[i].us);
        assert_int_equal(trtc_mix_samples(&s, t[i].k), t[i].samples);
        assert_true(s.nb_frames == INT64_MAX && s.nb_samples == INT64_MAX); /* not known yet */
        trtc_mix_end_at(&s, t[i].k);
        assert_true(s.nb_frames == t[i].k && s.nb_samples == t[i].samples);
        trtc_mix_state_fini(&s);
    }
}

static void test_first_failure(void **state)
{
    const struct trtc_mix_settings set = { .fps = 15, .rate_hz = 48000 };
    struct trtc_mix_state s;
    struct trtc_err one, two;
    (void)state;
    trtc_mix_state_init(&s, &set, START_US);
    assert_false(trtc_mix_failed(&s));
    trtc_fail(&one, TRTC_EX_IOERR, "one");
    trtc_fail(&two, TRTC_EX_TEMPFAIL, "two");
    trtc_mix_fail(&s, &one);
    trtc_mix_fail(&s, &two);
    assert_true(trtc_mix_failed(&s));
    assert_string_equal(s.failure.msg, "one");
    trtc_mix_state_fini(&s);
}

/* Times in the order in which they are given; small ones count from the start; without one: at once. A change waits
 * for those that were given earlier. */
static void test_changes(void **state)
{
    static const int64_t at_ms[] = { TRTC_NOTIME, 500, START_US / 1000 + 700, 600 };
    const struct trtc_mix_settings set = { .fps = 15, .rate_hz = 48000 };
    struct trtc_mix_state s;
    struct trtc_err err;
    const struct trtc_timed_change *c = NULL, *all[LENGTH(at_ms)];
    (void)state;
    trtc_mix_state_init(&s, &set, START_US);
    assert_null(trtc_mix_next_change(&s, NULL, INT64_MAX));
    for (size_t i = 0; i < LENGTH(at_ms); i++) {
        struct trtc_mix_change change = { .at_ms = at_ms[i], .has_sub = true };
        assert_int_equal(trtc_mix_add_change(&s, &change, &err), 0);
        assert_false(change.has_sub); /* it is taken over */
    }
    for (size_t i = 0; i < LENGTH(at_ms); i++) {
        c = all[i] = trtc_mix_next_change(&s, c, START_US + 700000);
        assert_int_equal(c->what.at_ms, at_ms[i]);
    }
    assert_null(trtc_mix_next_change(&s, c, INT64_MAX));
    assert_ptr_equal(trtc_mix_next_change(&s, NULL, INT64_MIN), all[0]);
    assert_null(trtc_mix_next_change(&s, all[0], START_US + 499999));
    assert_ptr_equal(trtc_mix_next_change(&s, all[0], START_US + 500000), all[1]);
    assert_null(trtc_mix_next_change(
        &s, all[1], START_US + 699999)); /* nor the last one, though its time has come */
    trtc_mix_state_fini(&s);
}

/* ---- a mix of nobody ---- */

/* The luma in the middle of each picture of a file, and how many samples of sound it has. */
static int lumas_of(const char *path, int *luma, int max, int64_t *sound_ms)
{
    AVFormatContext *f = NULL;
    AVPacket *p = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    int n = 0;
    assert_true(avformat_open_input(&f, path, NULL, NULL) >= 0);
    assert_true(avformat_find_stream_info(f, NULL) >= 0);
    const int v = av_find_best_stream(f, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    const int a = av_find_best_stream(f, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    AVCodecContext *d =
        avcodec_alloc_context3(avcodec_find_decoder(f->streams[v]->codecpar->codec_id));
    avcodec_parameters_to_context(d, f->streams[v]->codecpar);
    assert_true(avcodec_open2(d, NULL, NULL) >= 0);
    *sound_ms = a < 0 ? -1
                      : av_rescale_q(f->streams[a]->duration, f->streams[a]->time_base,
                                     (AVRational){ 1, 1000 });
    for (bool more = true; more;) {
        more = av_read_frame(f, p) >= 0;
        if (more && p->stream_index == v)
            avcodec_send_packet(d, p);
        if (!more)
            avcodec_send_packet(d, NULL);
        av_packet_unref(p);
        for (; n < max && avcodec_receive_frame(d, frame) >= 0; n++)
            luma[n] = frame->data[0][frame->height / 2 * frame->linesize[0] + frame->width / 2];
    }
    avcodec_free_context(&d);
    av_frame_free(&frame);
    av_packet_free(&p);
    avformat_close_input(&f);
    return n;
}

static void settings(struct trtc_mix_settings *set, uint32_t background)
{
    trtc_mix_settings_init(set);
    set->width_px = 64;
    set->height_px = 48;
    set->fps = 10;
    set->look.background = background;
}

static struct trtc_mix_opts opts(const struct trtc_mix_settings *set, const char *path)
{
    return (struct trtc_mix_opts){ .set = set,
                                   .start_us = START_US,
                                   .end_us = START_US + 1000000,
                                   .length_us = TRTC_NOTIME,
                                   .otherwise_us = TRTC_NOTIME,
                                   .preset = "ultrafast",
                                   .workers = 1,
                                   .container = TRTC_CONTAINER_MP4,
                                   .path = path };
}

static void cannot(void *opaque, const char *what)
{
    (void)opaque;
    fail_msg("%s", what);
}

/* Black for half a second, then white, as the script says; silence all along. */
static void test_nobody(void **state)
{
    static const char line[] =
        "{\"at_ms\":500,\"layout\":{\"MixLayoutMode\":1,\"BackGroundColor\":\"#FFFFFF\"}}";
    struct trtc_mix_settings set;
    struct trtc_mix_result res = { 0 };
    struct trtc_err err;
    struct trtc_mix_change change;
    int luma[20];
    int64_t sound_ms;
    (void)state;
    settings(&set, 0x000000);
    const struct trtc_mix_opts o = opts(&set, "nobody.mp4");
    struct trtc_mix *m = trtc_mix_new(&o, NULL, 0, &err);
    assert_non_null(m);
    assert_int_equal(trtc_mix_change_read(line, sizeof line - 1, &set, &change,
                                          &(struct trtc_mix_reader){ cannot, NULL, &err }),
                     0);
    assert_int_equal(trtc_mix_change(m, &change, &err), 0);
    if (trtc_mix_run(m, &res, &err) != TRTC_MIX_MADE ||
        trtc_mix_finish(m, NULL, &res, &err) != TRTC_MIX_MADE)
        fail_msg("%s", err.msg);
    assert_true(res.start_us == START_US && res.end_us == START_US + 1000000);
    assert_int_equal(res.nb_frames, 10);
    assert_false(res.interrupted);
    assert_int_equal(trtc_mix_progress_us(m), 1000000);
    trtc_mix_free(&m);
    assert_null(m);
    trtc_mix_free(&m);

    struct stat st;
    assert_int_equal(stat("nobody.mp4", &st), 0);
    assert_int_equal(st.st_size, res.bytes);
    assert_int_equal(lumas_of("nobody.mp4", luma, 20, &sound_ms), 10);
    for (int i = 0; i < 10; i++)
        assert_int_in_range(luma[i], i < 5 ? 16 : 233, i < 5 ? 18 : 236);
    assert_int_in_range(sound_ms, 990, 1030);
    trtc_mix_settings_fini(&set);
}

static void test_still(void **state)
{
    struct trtc_mix_settings set;
    struct trtc_err err;
    (void)state;
    settings(&set, 0xffffff);
    const struct trtc_mix_opts o = opts(&set, "still.mp4");
    struct trtc_mix *m = trtc_mix_new(&o, NULL, 0, &err);
    const AVFrame *f = trtc_mix_still(m, START_US + 300000, &err);
    assert_non_null(f);
    assert_true(f->width == 64 && f->height == 48 && f->format == AV_PIX_FMT_YUV420P);
    assert_int_equal(f->data[0][0], 235);
    assert_int_equal(f->data[1][0], 128);
    trtc_mix_free(&m);
    trtc_mix_settings_fini(&set);
    assert_int_equal(access("still.mp4", F_OK), -1);
}

/* A signal ends it with what there is; a file that cannot be made, with an error and none. */
static void test_ends(void **state)
{
    static const volatile sig_atomic_t stop = 1;
    struct trtc_mix_settings set;
    struct trtc_mix_result res = { 0 };
    struct trtc_err err;
    (void)state;
    settings(&set, 0);
    struct trtc_mix_opts o = opts(&set, "stopped.mp4");
    o.stop = &stop;
    struct trtc_mix *m = trtc_mix_new(&o, NULL, 0, &err);
    assert_int_equal(trtc_mix_run(m, &res, &err), TRTC_MIX_MADE);
    assert_int_equal(access("stopped.mp4", F_OK), -1);
    assert_int_equal(trtc_mix_finish(m, NULL, &res, &err), TRTC_MIX_MADE);
    assert_int_equal(access("stopped.mp4", F_OK), 0);
    assert_true(res.interrupted && res.nb_frames == 1);
    trtc_mix_free(&m);

    o = opts(&set, "none/x.mp4");
    m = trtc_mix_new(&o, NULL, 0, &err);
    assert_int_equal(trtc_mix_run(m, &res, &err), TRTC_MIX_FAILED);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    trtc_mix_free(&m);

    assert_int_equal(mkdir("there.mp4", 0700), 0);
    o = opts(&set, "there.mp4");
    m = trtc_mix_new(&o, NULL, 0, &err);
    assert_int_equal(trtc_mix_run(m, &res, &err), TRTC_MIX_FAILED);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    trtc_mix_free(&m);
    trtc_mix_settings_fini(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),   cmocka_unit_test(test_first_failure),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_still),   cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests_name("mix", tests, enter, scratch_leave);
}
