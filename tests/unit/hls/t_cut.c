/* SPDX-License-Identifier: MIT */
/* hls/cut: where segments end, from tables of frames. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hls/cut.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define S        INT64_C(1000000)
#define MS       INT64_C(1000)

struct frame {
    int64_t pts_us, dur_us;
    bool key, force;
    bool cut; /* expected */
    int64_t first_us, low_us, high_us;
};

static void run(int64_t target_us, const struct frame *f, size_t nb)
{
    struct trtc_cut c = { .target_us = target_us };

    for (size_t i = 0; i < nb; i++, f++) {
        const bool cut = trtc_cut_frame(&c, f->pts_us, f->dur_us, f->key, f->force);

        if (cut != f->cut)
            print_message("# frame %zu at %lld us\n", i, (long long)f->pts_us);
        assert_int_equal(cut, f->cut);
        assert_true(c.open);
        assert_int_equal(c.first_us, f->first_us);
        assert_int_equal(c.low_us, f->low_us);
        assert_int_equal(c.high_us, f->high_us);
    }
}

/* The key frame at the target cuts, the ones before it do not. */
static void test_keys(void **state)
{
    static const struct frame f[] = {
        { 5 * S, 1 * S, true, false, true, 5 * S, 5 * S, 6 * S },
        { 9 * S, 1 * S, true, false, false, 5 * S, 5 * S, 10 * S },
        { 14 * S, 1 * S, true, false, false, 5 * S, 5 * S, 15 * S },
        { 15 * S, 1 * S, true, false, true, 15 * S, 15 * S, 16 * S },
        { 25 * S, 1 * S, false, false, false, 15 * S, 15 * S, 26 * S },
        { 26 * S, 1 * S, true, false, true, 26 * S, 26 * S, 27 * S },
        { 36 * S - 2 * MS, 1 * S, true, false, false, 26 * S, 26 * S, 37 * S - 2 * MS },
        { 36 * S - 1 * MS, 1 * S, true, false, true, 36 * S - MS, 36 * S - MS, 37 * S - MS },
    };

    (void)state;
    run(10 * S, f, COUNT(f));
}

/* In decoding order: I P B B, an open group of pictures behind it, whose leading pictures come
 * before their key frame, and one whose pictures of the old segment come after the cut. */
static void test_reordered(void **state)
{
    static const struct frame f[] = {
        { 80 * MS, 40 * MS, true, false, true, 80 * MS, 80 * MS, 120 * MS },
        { 200 * MS, 40 * MS, false, false, false, 80 * MS, 80 * MS, 240 * MS },
        { 120 * MS, 40 * MS, false, false, false, 80 * MS, 80 * MS, 240 * MS },
        { 160 * MS, 40 * MS, false, false, false, 80 * MS, 80 * MS, 240 * MS },
        { 320 * MS, 40 * MS, true, false, true, 320 * MS, 320 * MS, 360 * MS },
        { 240 * MS, 40 * MS, false, false, false, 320 * MS, 240 * MS, 360 * MS },
        { 280 * MS, 40 * MS, false, false, false, 320 * MS, 240 * MS, 360 * MS },
        { 440 * MS, 40 * MS, false, false, false, 320 * MS, 240 * MS, 480 * MS },
        { 560 * MS, 40 * MS, true, false, true, 560 * MS, 560 * MS, 600 * MS },
    };

    (void)state;
    run(240 * MS, f, COUNT(f));
}

/* The first frame begins, whatever it is. */
static void test_first_no_key(void **state)
{
    static const struct frame f[] = {
        { 0, 40 * MS, false, false, true, 0, 0, 40 * MS },
        { 40 * MS, 40 * MS, false, true, false, 0, 0, 80 * MS },
        { 80 * MS, 40 * MS, true, false, true, 80 * MS, 80 * MS, 120 * MS },
        { 120 * MS, 40 * MS, true, false, false, 80 * MS, 80 * MS, 160 * MS },
    };

    (void)state;
    run(10 * S, f, COUNT(f));
}

/* A break cuts at once at a key frame; else at the next one, once. */
static void test_forced(void **state)
{
    static const struct frame f[] = {
        { 100 * S, 1 * S, true, true, true, 100 * S, 100 * S, 101 * S },
        { 101 * S, 1 * S, true, true, true, 101 * S, 101 * S, 102 * S },
        { 102 * S, 1 * S, true, false, false, 101 * S, 101 * S, 103 * S },
        { 7 * S, 1 * S, false, true, false, 101 * S, 7 * S, 103 * S },
        { 8 * S, 1 * S, false, false, false, 101 * S, 7 * S, 103 * S },
        { 9 * S, 1 * S, true, false, true, 9 * S, 9 * S, 10 * S },
        { 10 * S, 1 * S, true, false, false, 9 * S, 9 * S, 11 * S },
        { 900 * S, 1 * S, true, true, true, 900 * S, 900 * S, 901 * S },
        { -50 * S, 1 * S, true, true, true, -50 * S, -50 * S, -49 * S },
    };

    (void)state;
    run(10 * S, f, COUNT(f));
}

static void test_negative(void **state)
{
    static const struct frame f[] = {
        { -25 * S, 1 * S, true, false, true, -25 * S, -25 * S, -24 * S },
        { -26 * S, 1 * S, false, false, false, -25 * S, -26 * S, -24 * S },
        { -16 * S, 1 * S, true, false, false, -25 * S, -26 * S, -15 * S },
        { -15 * S, 0, true, false, true, -15 * S, -15 * S, -15 * S },
        { -14 * S, -5, true, false, false, -15 * S, -15 * S, -14 * S },
        { -5 * S, 1 * S, true, false, true, -5 * S, -5 * S, -4 * S },
        { 5 * S, 1 * S, true, false, true, 5 * S, 5 * S, 6 * S },
    };

    (void)state;
    run(10 * S, f, COUNT(f));
}

/* The ends of the range: nothing overflows. */
static void test_extreme(void **state)
{
    static const struct frame f[] = {
        { INT64_MIN, 1 * S, true, false, true, INT64_MIN, INT64_MIN, INT64_MIN + S },
        { INT64_MAX, 1 * S, true, false, true, INT64_MAX, INT64_MAX, INT64_MAX },
        { INT64_MIN, INT64_MAX, true, false, false, INT64_MAX, INT64_MIN, INT64_MAX },
        { 0, INT64_MIN, true, true, true, 0, 0, 0 },
    };

    (void)state;
    run(10 * S, f, COUNT(f));
    run(INT64_MAX, &f[3], 1);
}

/* Sound of 48 kHz, all keys: 469 frames of 1024 samples, as in real recordings. */
static void test_sound(void **state)
{
    struct trtc_cut c = { .target_us = 10 * S };
    int in = 0, nb = 0;

    (void)state;
    for (int64_t i = 0; i < 469 * 360; i++) {
        const int64_t pts = i * 1024 * S / 48000, end = (i + 1) * 1024 * S / 48000;
        const int64_t high = c.high_us, low = c.low_us;

        if (trtc_cut_frame(&c, pts, end - pts, true, false)) {
            if (nb > 0) {
                assert_int_equal(in, 469);
                assert_int_in_range(high - low, 10005332, 10005334);
            }
            in = 0;
            nb++;
        }
        in++;
    }
    assert_int_equal(nb, 360);
    assert_false(c.late);
}

/* Time stamps in whole milliseconds: a key frame every 2 s, 30 pictures a second, rounded down
 * or up, still is cut every 10 s. */
static void test_rounded(void **state)
{
    (void)state;
    for (int64_t phase = 0; phase < 1000; phase += 37) {
        struct trtc_cut c = { .target_us = 10 * S };

        for (int64_t i = 0; i < 3000; i++) {
            const int64_t pts = (i * 1000000 / 30 + phase + 500 * (i % 3)) / 1000 * 1000;

            assert_int_equal(trtc_cut_frame(&c, pts, 33333, i % 60 == 0, false), i % 300 == 0);
        }
    }
}

/* A missing key frame: the segment goes on, and that is said from three targets on, for good. */
static void test_late(void **state)
{
    struct trtc_cut c = { .target_us = 10 * S };

    (void)state;
    assert_true(trtc_cut_frame(&c, 0, S, true, false));
    for (int64_t t = 1; t < 200; t++) {
        assert_false(trtc_cut_frame(&c, t * S, S, false, false));
        assert_int_equal(c.late, t >= 30);
        assert_int_equal(c.high_us, (t + 1) * S);
    }
    assert_true(trtc_cut_frame(&c, 200 * S, S, true, false));
    assert_true(c.late);
    assert_int_equal(c.low_us, 200 * S);
}

/* Every segment but the last is at least the target long and, with a key frame every g, shorter
 * than the target and g; and the segments make up the whole. */
static void test_lengths(void **state)
{
    (void)state;
    for (int64_t g = 1; g < 40; g++) {
        struct trtc_cut c = { .target_us = 10 * S };
        int64_t begin = 0, sum = 0;

        for (int64_t t = 0; t < 400; t++) {
            if (trtc_cut_frame(&c, t * S, S, t % g == 0, false) && t > 0) {
                assert_int_in_range(t - begin, 10, 9 + g > 10 ? 9 + g : 10);
                sum += t - begin;
                begin = t;
            }
            assert_int_equal(c.first_us, begin * S);
        }
        assert_int_equal(sum, begin);
        assert_true(sum > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keys),         cmocka_unit_test(test_reordered),
        cmocka_unit_test(test_first_no_key), cmocka_unit_test(test_forced),
        cmocka_unit_test(test_negative),     cmocka_unit_test(test_extreme),
        cmocka_unit_test(test_sound),        cmocka_unit_test(test_rounded),
        cmocka_unit_test(test_late),         cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
