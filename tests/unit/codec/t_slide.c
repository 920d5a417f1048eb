/* SPDX-License-Identifier: MIT */
/* slide: sound is moved by exactly what was asked for, without a seam, and untouched otherwise. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codec/slide.h"
#include "unit/range.h"

#define TOTAL 60000

static float in[2][TOTAL], out[2][TOTAL + 200];

static void make(void)
{
    for (int i = 0; i < TOTAL; i++) {
        in[0][i] = 0.5f * (float)sin(i * 0.21);
        in[1][i] = 0.5f * (float)sin(i * 0.07 + 1);
    }
}

/* Runs all of it in pieces of step; from sample `at` on it is moved by `samples`. What came out. */
static int run(int channels, int step, int at, int samples)
{
    struct trtc_err err;
    struct trtc_slide *s = trtc_slide_new(channels, &err);
    assert_non_null(s);
    assert_int_equal(trtc_slide_held(s), 0);
    int done = 0;
    for (int i = 0; i < TOTAL; i += step) {
        const float *from[2] = { in[0] + i, in[1] + i };
        float *to[2] = { out[0] + done, out[1] + done };
        if (samples && i >= at) {
            assert_int_equal(trtc_slide_by(s, samples, &err), 0);
            assert_true(trtc_slide_moving(s));
            samples = 0;
        }
        const int n = trtc_slide_run(s, from, TOTAL - i < step ? TOTAL - i : step, to);
        assert_int_in_range(n, 0, TRTC_SLIDE_ROOM);
        done += n;
    }
    assert_int_equal(trtc_slide_held(s), TRTC_SLIDE_HELD);
    assert_false(trtc_slide_moving(s));
    float *to[2] = { out[0] + done, out[1] + done };
    done += trtc_slide_run(s, NULL, TRTC_SLIDE_HELD, to);
    assert_int_equal((int)trtc_slide_moved(s), done - TOTAL);
    trtc_slide_free(&s);
    assert_null(s);
    return done;
}

static void test_untouched(void **state)
{
    (void)state;
    static const int steps[] = { 1, 7, 480, 1024 };
    make();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(run(2, steps[i], 0, 0), TOTAL);
        assert_memory_equal(out[0], in[0], sizeof in[0]);
        assert_memory_equal(out[1], in[1], sizeof in[1]);
    }
}

/* Before: as it was. After: as it was, so many samples on. Between: the same tones all along. */
static void test_moves(void **state)
{
    (void)state;
    static const int moves[] = { 1, -1, 3, -3, 20, -20 };
    make();
    for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++) {
        const int by = moves[i], took = 2048 * abs(by);
        for (int step = 333; step <= 1024; step += 691) {
            const int at = 6000 / step * step + step; /* the first piece from 6000 on */
            assert_int_equal(run(2, step, 6000, by), TOTAL + by);
            const int from = at - TRTC_SLIDE_HELD; /* where the move begins in the output */
            assert_memory_equal(out[0], in[0], (size_t)from * sizeof(float));
            for (int c = 0; c < 2; c++) {
                const double w = c ? 0.07 : 0.21, phase = c;
                for (int k = 0; k < took; k++) {
                    const double t = from + k - (double)k * (by > 0 ? 1 : -1) / 2048;
                    const double want = 0.5 * sin(t * w + phase);
                    if (fabs((double)out[c][from + k] - want) > 2e-4)
                        fail_msg("move by %d: %.5f, not %.5f after %d samples", by,
                                 (double)out[c][from + k], want, k);
                }
                const int rest = TOTAL + by - (from + took);
                assert_memory_equal(out[c] + from + took, in[c] + from + took - by,
                                    (size_t)rest * sizeof(float));
            }
        }
    }
}

/* A new aim in the middle of a move: it ends at whole samples all the same. */
static void test_change_of_mind(void **state)
{
    (void)state;
    struct trtc_err err;
    make();
    for (int second = -2; second <= 2; second++) {
        struct trtc_slide *s = trtc_slide_new(1, &err);
        int done = 0;
        assert_int_equal(trtc_slide_by(s, 5, &err), 0);
        for (int i = 0; i + 500 <= TOTAL; i += 500) {
            const float *from[1] = { in[0] + i };
            float *to[1] = { out[0] + done };
            if (i == 3500)
                assert_int_equal(trtc_slide_by(s, second, &err), 0);
            done += trtc_slide_run(s, from, 500, to);
        }
        assert_false(trtc_slide_moving(s));
        const double moved = trtc_slide_moved(s);
        assert_true(moved == floor(moved));
        assert_int_equal((int)moved, 2 + second); /* 1.7 samples were done */
        assert_int_equal(done, TOTAL - TRTC_SLIDE_HELD + (int)moved);
        assert_memory_equal(out[0] + done - 1000, in[0] + TOTAL - TRTC_SLIDE_HELD - 1000,
                            1000 * sizeof(float));
        trtc_slide_reset(s);
        assert_int_equal(trtc_slide_held(s), 0);
        assert_true(trtc_slide_moved(s) == 0);
        trtc_slide_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untouched),
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_change_of_mind),
    };
    return cmocka_run_group_tests_name("slide", tests, NULL, NULL);
}
