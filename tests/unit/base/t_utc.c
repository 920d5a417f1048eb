/* SPDX-License-Identifier: MIT */
/* Times: the three forms on input, the two on output, and the calendar against the C library. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/utc.h"

#define LAST_MS INT64_C(253402300799999)

static void parse17_table(void **state)
{
    static const struct {
        const char *s;
        int64_t ms; /* -1: refused */
    } t[] = {
        { "19700101000000000", 0 },
        { "19700101000000001", 1 },
        { "20260120113022495", INT64_C(1768908622495) },
        { "20000229235959999", INT64_C(951868799999) },
        { "21000301000000000", INT64_C(4107542400000) },
        { "99991231235959999", LAST_MS },
        { "19691231235959999", -1 },
        { "20260020113022495", -1 },
        { "20261320113022495", -1 },
        { "20260100113022495", -1 },
        { "20260132113022495", -1 },
        { "20260229113022495", -1 },
        { "21000229000000000", -1 },
        { "20260431000000000", -1 },
        { "20260120243022495", -1 },
        { "20260120116022495", -1 },
        { "20260120113060495", -1 },
        { "2026012011302249x", -1 },
        { "x0260120113022495", -1 },
        { "2026", -1 },
        { "", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        int64_t ms = 0;
        int r = trtc_utc_parse17(t[i].s, &ms);
        if (r != (t[i].ms < 0 ? -1 : 0) || (r == 0 && ms != t[i].ms))
            fail_msg("'%s': %d, %jd", t[i].s, r, (intmax_t)ms);
    }
}

static void only_17_are_read(void **state)
{
    int64_t ms;
    (void)state;
    assert_int_equal(trtc_utc_parse17("20260120113022495.ts", &ms), 0);
    assert_int_equal(ms, INT64_C(1768908622495));
}

static void formats_clamp(void **state)
{
    char s[TRTC_UTC_LEN + 1], l[32];
    (void)state;
    trtc_utc_format17(-1, s);
    assert_string_equal(s, "19700101000000000");
    trtc_utc_format17(TRTC_NOTIME, s);
    assert_string_equal(s, "19700101000000000");
    trtc_utc_format17(INT64_MAX, s);
    assert_string_equal(s, "99991231235959999");
    trtc_utc_format17(INT64_C(1768908622495), s);
    assert_string_equal(s, "20260120113022495");
    trtc_utc_format3339(INT64_C(1768908622495), l);
    assert_string_equal(l, "2026-01-20T11:30:22.495Z");
}

/* One moment of every day up to the year 2408, then of every eleventh, against gmtime_r and back. */
static void calendar(void **state)
{
    (void)state;
    for (int64_t day = 0; day * 86400000 <= LAST_MS; day += day < 160000 ? 1 : 11) {
        int64_t ms = day * 86400000 + day * 7919 % 86400000, back = -1;
        time_t t = (time_t)(ms / 1000);
        struct tm tm;
        char want[64], got[TRTC_UTC_LEN + 1];
        gmtime_r(&t, &tm);
        snprintf(want, sizeof want, "%04d%02d%02d%02d%02d%02d%03d", tm.tm_year + 1900,
                 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ms % 1000));
        trtc_utc_format17(ms, got);
        if (strcmp(want, got) != 0 || trtc_utc_parse17(got, &back) < 0 || back != ms)
            fail_msg("%jd: %s, %s, %jd", (intmax_t)ms, want, got, (intmax_t)back);
    }
}

static void time_table(void **state)
{
    static const struct {
        const char *s;
        int64_t ms; /* -1: refused */
    } t[] = {
        { "0", 0 },
        { "1768908622495", INT64_C(1768908622495) },
        { "253402300799999", LAST_MS },
        { "253402300800000", -1 },
        { "1768908622495000", -1 }, /* microseconds: 16 digits */
        { "20260120113022495", INT64_C(1768908622495) },
        { "20260132113022495", -1 },
        { "202601201130224950", -1 },
        { "2026-01-20T11:30:22.495Z", INT64_C(1768908622495) },
        { "2026-01-20t11:30:22.495z", INT64_C(1768908622495) },
        { "2026-01-20 11:30:22.495Z", INT64_C(1768908622495) },
        { "2026-01-20T19:30:22.495+08:00", INT64_C(1768908622495) },
        { "2026-01-20T06:00:22.495-05:30", INT64_C(1768908622495) },
        { "2026-01-20T11:30:22.4959999Z", INT64_C(1768908622495) },
        { "2026-01-20T11:30:22.4Z", INT64_C(1768908622400) },
        { "2026-01-20T11:30:22Z", INT64_C(1768908622000) },
        { "1970-01-01T01:00:00+01:00", 0 },
        { "1970-01-01T00:00:00+00:01", -1 },
        { "9999-12-31T23:59:59-00:01", -1 },
        { "2026-01-20T11:30:22", -1 },
        { "2026-01-20T11:30:22.Z", -1 },
        { "2026-01-20T11:30:22ZZ", -1 },
        { "2026-01-20T11:30:22+0800", -1 },
        { "2026-01-20T11:30:22+24:00", -1 },
        { "2026-01-20T11:30:22+08:00x", -1 },
        { "2026-01-20T11:30:60Z", -1 },
        { "2026-01-20T24:00:00Z", -1 },
        { "2026-02-30T11:30:22Z", -1 },
        { "2026-01-20", -1 },
        { "-1", -1 },
        { "+1", -1 },
        { " 1", -1 },
        { "1 ", -1 },
        { "now", -1 },
        { "", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        int64_t ms = 0;
        int r = trtc_time_parse(t[i].s, &ms, &err);
        if (r != (t[i].ms < 0 ? -1 : 0) || (r == 0 && ms != t[i].ms))
            fail_msg("'%s': %d, %jd", t[i].s, r, (intmax_t)ms);
        if (r < 0) {
            assert_int_equal(err.code, TRTC_EX_USAGE);
            assert_non_null(strstr(err.msg, "is not a time"));
        }
    }
    struct trtc_err err = { 0 };
    trtc_time_parse("a\nb", &(int64_t){ 0 }, &err);
    assert_non_null(strstr(err.msg, "'a\\nb'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse17_table), cmocka_unit_test(only_17_are_read),
        cmocka_unit_test(formats_clamp), cmocka_unit_test(calendar),
        cmocka_unit_test(time_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
