/* SPDX-License-Identifier: MIT */
/* recording/clock: from 33-bit stamps to the epoch, over wraps, pauses, jumps, drift and rounding. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recording/clock.h"

#define T0   INT64_C(1767225600000000) /* 2026-01-01, us */
#define S    INT64_C(1000000)
#define H    (3600 * S)
#define WRAP TRTC_TS_WRAP_90K

/* The stamp, as 33 bits, of a time of the stream in us. */
static int64_t stamp(int64_t us)
{
    int64_t ticks = (int64_t)llround((double)us * 9 / 100) % WRAP;
    return ticks < 0 ? ticks + WRAP : ticks;
}

static void test_diff(void **state)
{
    (void)state;
    static const struct {
        int64_t a, b, want;
    } t[] = {
        { 0, 0, 0 },
        { 5, 3, 2 },
        { 3, 5, -2 },
        { 0, WRAP - 1, 1 },
        { WRAP - 1, 0, -1 },
        { WRAP / 2, 0, -WRAP / 2 },
        { WRAP / 2 - 1, 0, WRAP / 2 - 1 },
        { 0, WRAP / 2, -WRAP / 2 },
        { 900000, WRAP - 900000, 1800000 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        assert_true(trtc_ts_diff(t[i].a, t[i].b) == t[i].want);
}

/* ---- segments one after the other, as tables ---- */

struct seg {
    int64_t ts_us;    /* the stream's own time of the first frame */
    int64_t start_us; /* by the clock rule, from T0 */
    bool exact;
    int64_t jump_us; /* wanted */
    int64_t at_us;   /* where the first frame is wanted, from T0 */
};

static void run(const char *what, const struct seg *t, size_t n)
{
    struct trtc_clock c = { 0 };
    for (size_t i = 0; i < n; i++) {
        int64_t ts = stamp(t[i].ts_us);
        int64_t jump = trtc_clock_segment(&c, ts, T0 + t[i].start_us, t[i].exact, 10 * S);
        int64_t at = trtc_clock_us(&c, ts) - T0;
        /* a tick is 11 us */
        if (llabs(jump - t[i].jump_us) > 30 || (jump == 0) != (t[i].jump_us == 0) ||
            llabs(at - t[i].at_us) > 30)
            fail_msg("%s, %zu: jump %" PRId64 ", at %" PRId64, what, i, jump, at);
    }
}

#define RUN(what, ...)                             \
    run(what, (const struct seg[]){ __VA_ARGS__ }, \
        sizeof((const struct seg[]){ __VA_ARGS__ }) / sizeof(struct seg))

static void test_segments(void **state)
{
    (void)state;
    const int64_t wrap_us = WRAP * 100 / 9;
    RUN("goes on", { 0, 0, true, 0, 0 }, { 10 * S, 10 * S, true, 0, 10 * S },
        { 20 * S, 20 * S, true, 0, 20 * S });
    RUN("starts anywhere", { 12345 * S, 0, true, 0, 0 }, { 12355 * S, 10 * S, true, 0, 10 * S });
    RUN("starts below zero", { -800000, 0, true, 0, 0 },
        { 10 * S - 800000, 10 * S, true, 0, 10 * S });
    RUN("wraps between segments", { wrap_us - 10 * S, 0, true, 0, 0 },
        { wrap_us, 10 * S, true, 0, 10 * S }, { wrap_us + 10 * S, 20 * S, true, 0, 20 * S });
    RUN("wraps inside one", { wrap_us - 5 * S, 0, true, 0, 0 },
        { wrap_us + 5 * S, 10 * S, true, 0, 10 * S });
    RUN("a gap that the stream has too", { 0, 0, true, 0, 0 }, { 70 * S, 70 * S, true, 0, 70 * S });
    /* the first frame is where the stream has it as long as the clock is 40 ms or less away */
    RUN("rounding", { 0, 0, true, 0, 0 }, { 10 * S, 10 * S + 500, true, 0, 10 * S });
    RUN("39 ms", { 0, 0, true, 0, 0 }, { 10 * S, 10 * S + 39000, true, 0, 10 * S });
    RUN("41 ms", { 0, 0, true, 0, 0 }, { 10 * S, 10 * S + 41000, true, 41000, 10 * S + 41000 });
    RUN("-41 ms", { 0, 0, true, 0, 0 }, { 10 * S, 10 * S - 41000, true, -41000, 10 * S - 41000 });
    RUN("the clock jumps ahead", { 0, 0, true, 0, 0 }, { 10 * S, 10 * S + H, true, H, 10 * S + H },
        { 20 * S, 20 * S + H, true, 0, 20 * S + H });
    RUN("the clock jumps back", { 0, 0, true, 0, 0 }, { 10 * S, 5 * S, true, -5 * S, 5 * S });
    RUN("the stream starts anew", { 5000 * S, 0, true, 0, 0 },
        { 0, 10 * S, true, 5010 * S, 10 * S }, { 10 * S, 20 * S, true, 0, 20 * S });
    /* the stream ran on for 20 h, which its 33 bits do not show */
    RUN("a pause of 20 h", { 0, 0, true, 0, 0 }, { 20 * H, 20 * H, true, 0, 20 * H });
    RUN("a pause of 14 h", { 9 * S, 0, true, 0, 0 }, { 14 * H + 9 * S, 14 * H, true, 0, 14 * H });
    RUN("a pause of three wraps", { 0, 0, true, 0, 0 },
        { 3 * wrap_us + 10 * S, 3 * wrap_us + 10 * S, true, 0, 3 * wrap_us + 10 * S });
    RUN("a pause of 60 h, then on", { 0, 0, true, 0, 0 }, { 60 * H, 60 * H, true, 0, 60 * H },
        { 60 * H + 10 * S, 60 * H + 10 * S, true, 0, 60 * H + 10 * S });
    /* only sums of durations: the stream is followed, the step counts */
    RUN("summed", { 0, 0, false, 0, 0 }, { 10 * S, 10 * S + 30000, false, 0, 10 * S },
        { 20 * S, 20 * S + 60000, false, 0, 20 * S }, { 30 * S, 30 * S + 90000, false, 0, 30 * S });
    RUN("summed, the stream jumps", { 0, 0, false, 0, 0 },
        { 100 * S, 10 * S, false, -90 * S, 10 * S }, { 110 * S, 20 * S, false, 0, 20 * S });
}

/* A jump inside a segment is told by the reader; afterwards both kinds of clock go on from
 * there. */
static void test_anchor(void **state)
{
    (void)state;
    for (int exact = 0; exact < 2; exact++) {
        struct trtc_clock c = { 0 };
        assert_true(trtc_clock_segment(&c, stamp(0), T0, exact, 10 * S) == 0);
        assert_true(trtc_clock_segment(&c, stamp(10 * S), T0 + 10 * S, exact, 10 * S) == 0);
        /* after 4 s of it the stamps go on at 500 s */
        trtc_clock_anchor(&c, stamp(500 * S), T0 + 14 * S);
        assert_true(trtc_clock_us(&c, stamp(500 * S)) == T0 + 14 * S);
        assert_true(llabs(trtc_clock_us(&c, stamp(503 * S)) - (T0 + 17 * S)) < 20);
        int64_t jump = trtc_clock_segment(&c, stamp(506 * S), T0 + 20 * S, exact, 10 * S);
        assert_true(jump == 0);
        assert_true(llabs(trtc_clock_us(&c, stamp(506 * S)) - (T0 + 20 * S)) < 20);
    }
}

static void test_inside(void **state)
{
    (void)state;
    struct trtc_clock c = { 0 };
    const int64_t from[] = { 0, 95440 * S, WRAP * 100 / 9 - S };
    for (size_t i = 0; i < 3; i++) {
        c = (struct trtc_clock){ 0 };
        trtc_clock_segment(&c, stamp(from[i]), T0, true, 10 * S);
        static const int64_t off[] = { -13 * H, -H, -S, -1000, 0, 1000, S, H, 13 * H };
        for (size_t k = 0; k < sizeof off / sizeof *off; k++)
            assert_true(llabs(trtc_clock_us(&c, stamp(from[i] + off[k])) - T0 - off[k]) < 30);
    }
}

/* ---- many segments ---- */

struct course {
    double ppm;       /* the stream's clock runs so much too fast */
    int64_t seg_us;   /* length of a segment, by the names' clock */
    int64_t noise_us; /* the names are off by up to that much, either way */
    int n;
    int settled; /* segments after which the errors count */
    int64_t max_error_us, max_step_us;
};

/* Runs a lane of 25 frames a second; compares every frame with the true clock. */
static void follow(const struct course *w)
{
    struct trtc_clock c = { 0 };
    uint32_t seed = 7;
    int64_t prev = 0, worst = 0, worst_step = 0;
    const int64_t frame_us = 40000;
    for (int i = 0; i < w->n; i++) {
        int64_t true_us = i * w->seg_us;
        seed = seed * 1664525 + 1013904223;
        int64_t noise =
            w->noise_us ? (int64_t)(seed >> 8) % (2 * w->noise_us + 1) - w->noise_us : 0;
        double rate = 1 + w->ppm / 1e6;
        int64_t ts = stamp((int64_t)llround((double)true_us * rate));
        int64_t named = (true_us + noise + 500) / 1000 * 1000; /* names have milliseconds */
        if (trtc_clock_segment(&c, ts, T0 + named, true, w->seg_us) != 0)
            fail_msg("%.0f ppm: a jump at segment %d", w->ppm, i);
        for (int64_t f = 0; f < w->seg_us; f += frame_us) {
            int64_t at = true_us + f;
            int64_t got = trtc_clock_us(&c, stamp((int64_t)llround((double)at * rate))) - T0;
            int64_t error = llabs(got - at), step = llabs(got - prev - frame_us);
            if (i >= w->settled && error > worst)
                worst = error;
            if ((i || f) && step > worst_step)
                worst_step = step;
            prev = got;
        }
    }
    if (worst > w->max_error_us || worst_step > w->max_step_us)
        fail_msg("%.0f ppm, noise %" PRId64 ": off by %" PRId64 " us, step %" PRId64 " us", w->ppm,
                 w->noise_us, worst, worst_step);
}

static void test_drift(void **state)
{
    (void)state;
    static const struct course t[] = {
        { 0, 10 * S, 0, 3600, 0, 1000, 300 },       { 50, 10 * S, 0, 3600, 30, 5000, 300 },
        { -50, 10 * S, 0, 3600, 30, 5000, 300 },    { 500, 10 * S, 0, 3600, 30, 20000, 2000 },
        { -500, 10 * S, 0, 3600, 30, 20000, 2000 }, { 50, 2 * S, 0, 3600, 30, 5000, 1000 },
        { 0, 10 * S, 1000, 3600, 30, 2500, 300 }, /* the noise itself, and 1.5 ms of wobble */
        { 50, 10 * S, 1000, 3600, 30, 5000, 300 },  { 500, 10 * S, 1000, 3600, 30, 20000, 2000 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        follow(&t[i]);
}

/* Summed durations of six significant digits, 24 h of them, from a stream whose segments are not
 * of a whole number of milliseconds: the sum wanders off, the stream is followed, nothing jumps. */
static void test_summed_durations(void **state)
{
    (void)state;
    static const int64_t lengths[] = { 10005333, 11570877, 99999944, 123456789, 4377921 };
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        struct trtc_clock c = { 0 };
        int64_t sum = T0, at = 0;
        char text[32];
        for (; at < 24 * H; at += lengths[k]) {
            snprintf(text, sizeof text, "%.6g", (double)lengths[k] / 1e6);
            int64_t dur = llround(atof(text) * 1e6);
            assert_true(trtc_clock_segment(&c, stamp(at), sum, false, dur) == 0);
            /* a microsecond of rounding a segment */
            assert_true(llabs(trtc_clock_us(&c, stamp(at)) - T0 - at) < 20000);
            sum += dur;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_diff),   cmocka_unit_test(test_segments),
        cmocka_unit_test(test_anchor), cmocka_unit_test(test_inside),
        cmocka_unit_test(test_drift),  cmocka_unit_test(test_summed_durations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
