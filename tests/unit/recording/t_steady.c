/* SPDX-License-Identifier: MIT */
/* recording/steady: sound stamped on arrival, with jitter, drift, holes, falls and slips. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "recording/steady.h"

#define T0 INT64_C(1767225600000000) /* 2026-01-01, us */
#define MS INT64_C(1000)

enum { RATE = 48000, FRAME = 1024, NB_MAX = 60000 };

/* A stream: frame k is stamped at its true time, its clock running by ppm faster, plus what else
 * is said, plus jitter. */
struct stream {
    int n, jitter_ms;
    double ppm;
    int at;         /* from this frame on, */
    int64_t off_us; /* it is so much later */
    int only;       /* only so many frames are; 0: all */
    int breaks_at;  /* something is missing before this one; 0: none */
};

static int64_t true_us(const struct stream *s, int k)
{
    int64_t us = T0 + (int64_t)llround(k * (1e6 * FRAME / RATE) * (1 + s->ppm / 1e6));
    const bool off = k >= s->at && (s->only == 0 || k < s->at + s->only);
    return us + (off ? s->off_us : 0);
}

static struct trtc_steady_frame frame_of(const struct stream *s, int k)
{
    const int64_t jitter_us =
        s->jitter_ms ? (int64_t)(rand() % (2 * s->jitter_ms * 1000)) - s->jitter_ms * 1000 : 0;
    return (struct trtc_steady_frame){ .us = true_us(s, k) + jitter_us,
                                       .samples = FRAME,
                                       .rate_hz = RATE,
                                       .breaks = s->breaks_at && k == s->breaks_at };
}

struct found {
    int nb_jumps, jump_at; /* the last one */
    int64_t jump_us;
    int64_t off_max_us;  /* from the true time */
    int64_t step_max_us; /* between two frames, from a frame's length, but for jumps */
};

static struct found run(const struct stream *s)
{
    struct trtc_steady st = { 0 };
    struct found r = { 0 };
    int64_t before = 0, us, jump;
    int in = 0;
    srand(7);
    for (int out = 0; out < s->n; out++) {
        while (in < s->n && st.n < TRTC_STEADY_AHEAD) {
            const struct trtc_steady_frame f = frame_of(s, in++);
            trtc_steady_push(&st, &f);
        }
        assert_true(trtc_steady_pop(&st, in == s->n, &us, &jump));
        const int64_t off = llabs(us - true_us(s, out));
        const int64_t step = llabs(us - before - INT64_C(1000000) * FRAME / RATE);
        r.off_max_us = off > r.off_max_us ? off : r.off_max_us;
        if (jump) {
            r.nb_jumps++;
            r.jump_at = out;
            r.jump_us = jump;
        } else if (out > 0 && step > r.step_max_us) {
            r.step_max_us = step;
        }
        before = us;
    }
    assert_false(trtc_steady_pop(&st, true, &us, &jump));
    return r;
}

static void test_exact_stays_exact(void **state)
{
    (void)state;
    const struct stream s = { .n = NB_MAX };
    const struct found r = run(&s);
    assert_int_equal(r.nb_jumps, 0);
    assert_true(r.step_max_us <= 1 && r.off_max_us <= 1);
}

static void test_jitter_is_smoothed(void **state)
{
    (void)state;
    static const int jitter_ms[] = { 1, 5, 10, 20, 30, 39 };
    for (size_t i = 0; i < sizeof jitter_ms / sizeof *jitter_ms; i++)
        for (int ppm = -500; ppm <= 500; ppm += 250) {
            const struct stream s = { .n = 20000, .jitter_ms = jitter_ms[i], .ppm = ppm };
            const struct found r = run(&s);
            assert_int_equal(r.nb_jumps, 0);
            assert_true(r.step_max_us <= 251);
            assert_true(r.off_max_us <= 4 * MS + jitter_ms[i] * MS / 2);
        }
}

static void test_drift_is_followed(void **state)
{
    (void)state;
    for (int ppm = -1000; ppm <= 1000; ppm += 500) {
        const struct stream s = { .n = NB_MAX, .ppm = ppm };
        const struct found r = run(&s);
        assert_int_equal(r.nb_jumps, 0);
        assert_true(r.step_max_us <= 251);
        assert_true(r.off_max_us <= 8 * MS);
    }
}

/* A clock that is corrected by much within a second: the sound moves along, and none of it overlaps. */
static void test_corrections_are_followed(void **state)
{
    (void)state;
    enum { FRAMES = 50 };
    for (int64_t moved_us = -1000; moved_us <= 1000; moved_us += 500) {
        struct trtc_steady st = { 0 };
        int64_t us, jump, due_us = T0;
        for (int in = 0, out = 0; out < 3 * FRAMES; out++, due_us += 1000000 * FRAME / RATE) {
            for (; in < 3 * FRAMES && st.n < TRTC_STEADY_AHEAD; in++) {
                const int nb = in < FRAMES ? 0 : in < 2 * FRAMES ? in - FRAMES + 1 : FRAMES;
                const struct trtc_steady_frame f = {
                    .us = T0 + in * (INT64_C(1000000) * FRAME / RATE) + nb * moved_us,
                    .samples = FRAME,
                    .rate_hz = RATE,
                    .moved_us = in >= FRAMES && in < 2 * FRAMES ? moved_us : 0
                };
                trtc_steady_push(&st, &f);
            }
            assert_true(trtc_steady_pop(&st, out + st.n == 3 * FRAMES, &us, &jump));
            due_us += out >= FRAMES && out < 2 * FRAMES ? moved_us : 0;
            assert_int_equal(jump, 0);
            assert_true(llabs(us - due_us) < 100);
        }
    }
}

static void test_jumps_are_kept(void **state)
{
    (void)state;
    static const int64_t off_ms[] = { 40, 50, 400, 3600000, -50, -1000 };
    for (size_t i = 0; i < sizeof off_ms / sizeof *off_ms; i++) {
        const struct stream s = { .n = 1000, .at = 400, .off_us = off_ms[i] * MS };
        const struct found r = run(&s);
        assert_int_equal(r.nb_jumps, 1);
        assert_int_equal(r.jump_at, 400);
        assert_true(llabs(r.jump_us - off_ms[i] * MS) <= 1);
        assert_true(r.off_max_us <= 1);
    }
    const struct stream rough = { .n = 1000, .at = 400, .off_us = 500 * MS, .jitter_ms = 20 };
    const struct found r = run(&rough);
    assert_int_equal(r.nb_jumps, 1);
    assert_int_equal(r.jump_at, 400);
    assert_true(r.off_max_us <= 15 * MS);
}

/* A hole among the frames that are looked at before the first of them is placed moves none of them. */
static void test_jumps_near_the_beginning_are_kept(void **state)
{
    (void)state;
    static const int64_t off_ms[] = { 45, 67, 79, 90, 500, -67 };
    for (size_t i = 0; i < sizeof off_ms / sizeof *off_ms; i++)
        for (int at = 1; at < 20; at++) {
            const struct stream s = { .n = 100, .at = at, .off_us = off_ms[i] * MS };
            const struct found r = run(&s);
            assert_int_equal(r.nb_jumps, 1);
            assert_int_equal(r.jump_at, at);
            assert_true(r.off_max_us <= 1);
        }
}

static void test_less_is_worked_off(void **state)
{
    (void)state;
    static const int64_t off_ms[] = { 5, 21, 39, -5, -21, -39 };
    for (size_t i = 0; i < sizeof off_ms / sizeof *off_ms; i++) {
        const struct stream s = { .n = 3000, .at = 400, .off_us = off_ms[i] * MS };
        const struct found r = run(&s);
        assert_int_equal(r.nb_jumps, 0);
        assert_true(r.step_max_us <= 251);
    }
}

static void test_slips_are_no_jumps(void **state)
{
    (void)state;
    for (int only = 1; only <= 5; only++) {
        const struct stream s = { .n = 1000, .at = 400, .off_us = 300 * MS, .only = only };
        const struct found r = run(&s);
        assert_int_equal(r.nb_jumps, 0);
        assert_true(r.step_max_us <= 1);
    }
}

static void test_stamps_are_kept_after_a_loss(void **state)
{
    (void)state;
    const struct stream s = { .n = 1000, .at = 400, .off_us = 21 * MS, .breaks_at = 400 };
    const struct found r = run(&s);
    assert_int_equal(r.nb_jumps, 1);
    assert_int_equal(r.jump_at, 400);
    assert_true(r.off_max_us <= 1);
}

static void test_rate_may_change(void **state)
{
    (void)state;
    struct trtc_steady st = { 0 };
    int64_t at = T0, us, jump, want = T0;
    for (int k = 0; k < 200; k++) {
        const struct trtc_steady_frame f = { .us = at,
                                             .samples = FRAME,
                                             .rate_hz = k < 100 ? 48000 : 24000 };
        trtc_steady_push(&st, &f);
        at += INT64_C(1000000) * FRAME / f.rate_hz;
        if (!trtc_steady_pop(&st, false, &us, &jump))
            continue;
        assert_true(jump == 0 && llabs(us - want) <= 100);
        const int out = k - TRTC_STEADY_AHEAD + 1;
        want += INT64_C(1000000) * FRAME / (out < 100 ? 48000 : 24000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_stays_exact),
        cmocka_unit_test(test_jitter_is_smoothed),
        cmocka_unit_test(test_drift_is_followed),
        cmocka_unit_test(test_corrections_are_followed),
        cmocka_unit_test(test_jumps_are_kept),
        cmocka_unit_test(test_jumps_near_the_beginning_are_kept),
        cmocka_unit_test(test_less_is_worked_off),
        cmocka_unit_test(test_slips_are_no_jumps),
        cmocka_unit_test(test_stamps_are_kept_after_a_loss),
        cmocka_unit_test(test_rate_may_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
