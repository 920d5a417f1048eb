/* SPDX-License-Identifier: MIT */
/* Numbers from the command line: what is taken, what is refused, and that the message names option and value. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"

#define BAD INT64_MIN

struct row {
    const char *s;
    int64_t min, max;
    int64_t want; /* BAD: refused */
};

static void run(const struct row *t, size_t n,
                int (*parse)(const char *, const char *, struct trtc_range, int64_t *,
                             struct trtc_err *))
{
    for (size_t i = 0; i < n; i++) {
        struct trtc_err err = { 0 };
        int64_t got = 42;
        int r = parse("-j", t[i].s, (struct trtc_range){ t[i].min, t[i].max }, &got, &err);
        if (r != (t[i].want == BAD ? -1 : 0))
            fail_msg("'%s': returned %d, %jd, %s", t[i].s, r, (intmax_t)got, err.msg);
        if (r == 0 && got != t[i].want)
            fail_msg("'%s': %jd", t[i].s, (intmax_t)got);
        if (r < 0) {
            assert_int_equal(got, 42);
            assert_int_equal(err.code, TRTC_EX_USAGE);
            assert_ptr_equal(strstr(err.msg, "-j: "), err.msg);
            assert_non_null(strstr(err.msg, t[i].s));
        }
    }
}

#define RUN(t, f) run(t, sizeof t / sizeof t[0], f)

static void integers(void **state)
{
    static const struct row t[] = {
        { "0", 0, 10, 0 },
        { "10", 0, 10, 10 },
        { "007", 0, 10, 7 },
        { "11", 0, 10, BAD },
        { "-1", 0, 10, BAD },
        { "-1", -5, 10, -1 },
        { "-6", -5, 10, BAD },
        { "-", -5, 10, BAD },
        { "+1", 0, 10, BAD },
        { " 1", 0, 10, BAD },
        { "1 ", 0, 10, BAD },
        { "1.5", 0, 10, BAD },
        { "0x5", 0, 10, BAD },
        { "1e1", 0, 10, BAD },
        { "", 0, 10, BAD },
        { "abc", 0, 10, BAD },
        { "9223372036854775807", 0, INT64_MAX, INT64_MAX },
        { "99999999999999999999999", 0, INT64_MAX - 1, BAD },
        { "-99999999999999999999999", -5, 10, BAD },
    };
    (void)state;
    RUN(t, trtc_num_int);
}

static void durations(void **state)
{
    static const int64_t s = 1000000;
    const struct row t[] = {
        { "10", 0, 100 * s, 10 * s },
        { "1.5", 0, 100 * s, 1500000 },
        { "1500ms", 0, 100 * s, 1500000 },
        { "0.000001", 0, 100 * s, 1 },
        { "0.5ms", 0, 100 * s, 500 },
        { "2s", 0, 100 * s, 2 * s },
        { "1.5m", 0, 100 * s, 90 * s },
        { "2h", 0, 10000 * s, 7200 * s },
        { "0", 0, 100 * s, 0 },
        { "0", 1, 100 * s, BAD },
        { "101", 0, 100 * s, BAD },
        { "99999999999999999999h", 0, INT64_MAX - 1, BAD },
        { "-1", 0, 100 * s, BAD },
        { "+1", 0, 100 * s, BAD },
        { ".5", 0, 100 * s, BAD },
        { "1.", 0, 100 * s, BAD },
        { "1.0000001", 0, 100 * s, BAD },
        { "1 s", 0, 100 * s, BAD },
        { "1sec", 0, 100 * s, BAD },
        { "1S", 0, 100 * s, BAD },
        { "1.2.3", 0, 100 * s, BAD },
        { "s", 0, 100 * s, BAD },
        { "nan", 0, 100 * s, BAD },
        { "", 0, 100 * s, BAD },
    };
    (void)state;
    RUN(t, trtc_num_duration_us);
}

static void bytes(void **state)
{
    static const struct row t[] = {
        { "0", 0, INT64_MAX, 0 },
        { "500000", 0, INT64_MAX, 500000 },
        { "500000B", 0, INT64_MAX, 500000 },
        { "64k", 0, INT64_MAX, 64000 },
        { "64Ki", 0, INT64_MAX, 65536 },
        { "2GB", 0, INT64_MAX, INT64_C(2000000000) },
        { "1.5GiB", 0, INT64_MAX, INT64_C(1610612736) },
        { "3T", 0, INT64_MAX, INT64_C(3000000000000) },
        { "1Ti", 0, INT64_MAX, INT64_C(1) << 40 },
        { "1.5", 0, INT64_MAX, BAD },
        { "1.0001k", 0, INT64_MAX, BAD },
        { "1.001k", 0, INT64_MAX, 1001 },
        { "64K", 0, INT64_MAX, BAD },
        { "64m", 0, INT64_MAX, BAD },
        { "64BB", 0, INT64_MAX, BAD },
        { "B", 0, INT64_MAX, BAD },
        { "-1", 0, INT64_MAX, BAD },
        { "99999999T", 0, INT64_MAX - 1, BAD },
        { "5", 10, 20, BAD },
        { "", 0, INT64_MAX, BAD },
    };
    (void)state;
    RUN(t, trtc_num_bytes);
}

static void sizes(void **state)
{
    static const struct {
        const char *s;
        int w, h; /* 0: refused */
    } t[] = {
        { "1280x720", 1280, 720 },
        { "2x2", 2, 2 },
        { "16384x16384", 16384, 16384 },
        { "1x720", 0, 0 },
        { "16385x2", 0, 0 },
        { "1280X720", 0, 0 },
        { "1280x", 0, 0 },
        { "x720", 0, 0 },
        { "1280", 0, 0 },
        { "1280x720p", 0, 0 },
        { "1280x720x2", 0, 0 },
        { "-1280x720", 0, 0 },
        { "1280x-720", 0, 0 },
        { "1280 x 720", 0, 0 },
        { "", 0, 0 },
        { "4294967298x2", 0, 0 },
        { "2x99999999999999999999", 0, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        int w = 0, h = 0;
        int r = trtc_num_size("-s", t[i].s, &w, &h, &err);
        if (r != (t[i].w ? 0 : -1) || w != t[i].w || h != t[i].h)
            fail_msg("'%s': %d %dx%d", t[i].s, r, w, h);
        if (r < 0)
            assert_int_equal(err.code, TRTC_EX_USAGE);
    }
}

static void rescaled(void **state)
{
    static const struct {
        int64_t v, to, from, want;
    } t[] = {
        { 0, 90000, 1000000, 0 },
        { 1000000, 90000, 1000000, 90000 },
        { 21333, 48000, 1000000, 1024 },
        { 21343, 48000, 1000000, 1024 },
        { 21344, 48000, 1000000, 1025 },
        { 1, 1, 2, 1 },
        { -1, 1, 2, -1 },
        { -1, 1, 3, 0 },
        { INT64_C(172800000000), 96000, 1000000, INT64_C(16588800000) },
        { INT64_MAX, 1, 1, INT64_MAX },
        { INT64_MAX, 2, 1, INT64_MAX },
        { INT64_MIN + 1, 2, 1, INT64_MIN },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const int64_t r = trtc_rescale(t[i].v, t[i].to, t[i].from);
        if (r != t[i].want)
            fail_msg("%zu: %" PRId64, i, r);
    }
}

static void messages(void **state)
{
    struct trtc_err err;
    int64_t v;
    int w;
    (void)state;
    trtc_num_int("-j", "300", (struct trtc_range){ 1, 64 }, &v, &err);
    assert_string_equal(err.msg, "-j: 300 is not within 1 to 64");
    trtc_num_int("-j", "x\033", (struct trtc_range){ 1, 64 }, &v, &err);
    assert_string_equal(err.msg, "-j: 'x\\x1B' is not a whole number from 1 to 64");
    trtc_num_duration_us("-t", "2h", (struct trtc_range){ 0, 70000000 }, &v, &err);
    assert_string_equal(err.msg, "-t: '2h' is not within 0s to 70s");
    trtc_num_size("-s", "1x2", &w, &w, &err);
    assert_string_equal(err.msg, "-s: '1x2': width and height must be within 2 to 16384");
}

static void compared(void **state)
{
    const int64_t v[] = { INT64_MIN, -1, 0, 1, INT64_MAX };
    (void)state;
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 5; k++)
            assert_int_equal(trtc_num_compare(&v[i], &v[k]), (i > k) - (i < k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers), cmocka_unit_test(durations), cmocka_unit_test(bytes),
        cmocka_unit_test(sizes),    cmocka_unit_test(rescaled),  cmocka_unit_test(messages),
        cmocka_unit_test(compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
