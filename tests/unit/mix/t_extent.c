/* SPDX-License-Identifier: MIT */
/* Where a mix begins and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utc.h"
#include "mix/extent.h"

#define S    INT64_C(1000000)
#define HOUR (3600 * S)
#define DAY  (24 * HOUR)
#define T0   (20000 * DAY) /* when the program began */
#define NONE TRTC_NOTIME

#define ON(t)                    \
    {                            \
        .given = true, .us = (t) \
    }
#define REL(t)                                     \
    {                                              \
        .given = true, .relative = true, .us = (t) \
    }

/* An hour of recording that was made a day ago; live sources alone; both; a stored source that
 * begins later. */
static const struct trtc_extent_there stored = { T0 - DAY, T0 - DAY + HOUR, T0, false };
static const struct trtc_extent_there live = { NONE, NONE, T0, true };
static const struct trtc_extent_there both = { T0 - DAY, NONE, T0, true };
static const struct trtc_extent_there later = { T0 + HOUR, NONE, T0, true };

static void found(void **state)
{
    static const struct {
        const struct trtc_extent_there *there;
        struct trtc_extent_asked asked;
        struct trtc_extent want;
    } t[] = {
        { &stored, { .longest_us = 0 }, { T0 - DAY, T0 - DAY + HOUR, 0, NONE, T0 - DAY, false } },
        { &stored,
          { .from = REL(5 * S), .to = REL(9 * S) },
          { T0 - DAY + 5 * S, T0 - DAY + 9 * S, 0, NONE, T0 - DAY, true } },
        { &stored,
          { .from = ON(T0 - DAY - 10 * S), .to = ON(T0) },
          { T0 - DAY - 10 * S, T0, 0, NONE, T0 - DAY, true } },
        { &stored,
          { .still = REL(3 * S) },
          { T0 - DAY + 3 * S, T0 - DAY + HOUR, 0, NONE, T0 - DAY, false } },
        { &live, { .longest_us = HOUR }, { NONE, NONE, 0, NONE, NONE, false } },
        { &live,
          { .from = REL(2 * S), .to = REL(10 * S) },
          { NONE, NONE, 2 * S, 8 * S, NONE, true } },
        { &live, { .from = ON(T0), .to = ON(T0 + HOUR) }, { T0, T0 + HOUR, 0, NONE, NONE, true } },
        /* what is stored waits for what is live, unless it begins later itself */
        { &both, { .longest_us = 0 }, { NONE, NONE, 0, NONE, T0 - DAY, false } },
        { &later, { .longest_us = 0 }, { T0 + HOUR, NONE, 0, NONE, T0 + HOUR, false } },
        { &later, { .to = REL(S) }, { T0 + HOUR, T0 + HOUR + S, 0, NONE, T0 + HOUR, true } },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_extent got;
        struct trtc_err err;
        assert_int_equal(trtc_extent_find(&t[i].asked, t[i].there, &got, &err), 0);
        assert_int_equal(got.start_us, t[i].want.start_us);
        assert_int_equal(got.end_us, t[i].want.end_us);
        assert_int_equal(got.after_us, t[i].want.after_us);
        assert_int_equal(got.length_us, t[i].want.length_us);
        assert_int_equal(got.otherwise_us, t[i].want.otherwise_us);
        assert_int_equal(got.cut, t[i].want.cut);
    }
}

static void refused(void **state)
{
    static const struct {
        const struct trtc_extent_there *there;
        struct trtc_extent_asked asked;
        int code;
        const char *says;
    } t[] = {
        { &stored,
          { .from = REL(9 * S), .to = REL(9 * S) },
          TRTC_EX_DATAERR,
          "there is nothing between --from and --to" },
        { &stored,
          { .to = ON(T0 - DAY) },
          TRTC_EX_DATAERR,
          "there is nothing between the beginning and --to" },
        { &stored,
          { .from = REL(HOUR) },
          TRTC_EX_DATAERR,
          "there is nothing between --from and the end" },
        { &live,
          { .from = REL(9 * S), .to = REL(9 * S) },
          TRTC_EX_DATAERR,
          "there is nothing between --from and --to" },
        { &stored,
          { .from = ON(T0 - 4 * DAY) },
          TRTC_EX_USAGE,
          "--from is more than 48 h before the first user enters" },
        { &stored,
          { .to = ON(T0 + 4 * DAY) },
          TRTC_EX_USAGE,
          "--to is more than 48 h after the last user has left" },
        { &live,
          { .from = ON(T0 - 4 * DAY) },
          TRTC_EX_USAGE,
          "--from is more than 48 h before the first user enters" },
        { &stored, { .longest_us = HOUR - 1 }, TRTC_EX_DATAERR, "0.0 days are too long for an MP4" },
        { &stored, { .still = REL(HOUR) }, TRTC_EX_DATAERR, NULL },
        { &stored, { .still = REL(-1) }, TRTC_EX_DATAERR, NULL },
        { &stored, { .still = ON(T0 + 400 * DAY) }, TRTC_EX_DATAERR, NULL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_extent got;
        struct trtc_err err;
        assert_int_equal(trtc_extent_find(&t[i].asked, t[i].there, &got, &err), -1);
        assert_int_equal(err.code, t[i].code);
        if (t[i].says)
            assert_string_equal(err.msg, t[i].says);
        else
            assert_non_null(
                strstr(err.msg, "--still: the time is outside of the mix, which lasts from "));
    }
}

static void bases(void **state)
{
    struct trtc_spot spots[] = { { .start_us = T0 + S, .end_us = T0 + HOUR },
                                 { .start_us = T0, .end_us = T0 + HOUR },
                                 { .start_us = T0 - 9 * DAY, .end_us = T0 - 9 * DAY + S } };
    struct trtc_err err;
    int64_t base;
    (void)state;
    assert_int_equal(trtc_extent_base(spots, 2, false, 7, &base, &err), 0);
    assert_int_equal(base, T0);
    assert_int_equal(trtc_extent_base(spots, 3, false, 7, &base, &err), 0);
    assert_int_equal(base, T0); /* the third lies days from the others */
    assert_true(spots[2].stray);
    assert_int_equal(trtc_extent_base(spots, 2, true, 7, &base, &err), 0);
    assert_int_equal(base, 7);
    assert_int_equal(trtc_extent_base(NULL, 0, false, 7, &base, &err), 0);
    assert_int_equal(base, 7);
}

static void times(void **state)
{
    static const struct trtc_when none = { 0 }, on = ON(5), rel = REL(5);
    (void)state;
    assert_int_equal(trtc_when_us(&none, 100), NONE);
    assert_int_equal(trtc_when_us(&on, 100), 5);
    assert_int_equal(trtc_when_us(&rel, 100), 105);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(found), cmocka_unit_test(refused),
                                        cmocka_unit_test(bases), cmocka_unit_test(times) };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
