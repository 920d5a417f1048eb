/* SPDX-License-Identifier: MIT */
/* edits: what lists of parts, pauses and still pictures mean for a frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "container/edits.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define MS       INT64_C(1000)
#define S        INT64_C(1000000)
#define X        TRTC_EDIT_NORMAL
#define EMPTY    TRTC_EDIT_EMPTY

static void test_kinds(void **state)
{
    static const struct {
        struct trtc_edit e[3];
        size_t n;
        bool plain, pieces, in_order, speed;
        const char *words;
    } t[] = {
        { { { 0 } }, 0, true, true, true, false, "" },
        { { { 80 * MS, S, X } }, 1, true, true, true, false, "0.080-1.080 s" },
        { { { EMPTY, S, X }, { 0, S, X } },
          2,
          true,
          true,
          true,
          false,
          "nothing for 1.000 s, 0.000-1.000 s" },
        { { { 0, INT64_MAX, X } }, 1, false, false, true, false, "0.000 s to the end" },
        { { { 0, S, X }, { EMPTY, S, X } },
          2,
          false,
          false,
          true,
          false,
          "0.000-1.000 s, nothing for 1.000 s" },
        { { { 0, S, X }, { S - 1, S, X } },
          2,
          false,
          true,
          true,
          false,
          "0.000-1.000 s, 1.000-2.000 s" },
        { { { S, S, X }, { 0, S, X } },
          2,
          false,
          true,
          false,
          false,
          "1.000-2.000 s, 0.000-1.000 s" },
        { { { S, S, 0 }, { S, S, X } },
          2,
          false,
          false,
          true,
          false,
          "the picture at 1.000 s for 1.000 s, 1.000-2.000 s" },
        { { { S, S, X / 2 } },
          1,
          false,
          false,
          true,
          true,
          "1.000 s from 1.000 s on, at 0.50 times the speed" },
        { { { S, S, -X } },
          1,
          false,
          false,
          false,
          true,
          "1.000 s from 1.000 s on, at -1.00 times the speed" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_edit e[3] = { t[i].e[0], t[i].e[1], t[i].e[2] };
        const struct trtc_edits v = { e, t[i].n };
        char words[128], small[9];
        assert_int_equal(trtc_edits_are_plain(&v), t[i].plain);
        assert_int_equal(trtc_edits_are_pieces(&v), t[i].pieces);
        assert_int_equal(trtc_edits_are_in_order(&v), t[i].in_order);
        assert_int_equal(trtc_edits_have_speed(&v), t[i].speed);
        assert_string_equal(trtc_edits_words(&v, words, sizeof words), t[i].words);
        trtc_edits_words(&v, small, sizeof small);
        assert_memory_equal(small, t[i].words, strlen(small));
    }
    struct trtc_edit many[9] = { { 0, S, X } };
    char words[128];
    for (int k = 1; k < 9; k++)
        many[k] = (struct trtc_edit){ EMPTY, S, X };
    trtc_edits_words(&(const struct trtc_edits){ many, 9 }, words, sizeof words);
    assert_string_equal(words + strlen(words) - 12, ", and 4 more");
}

static void test_frames(void **state)
{
    /* after 0.5 s 1-2 s, a pause of 1 s, the picture at 4 s for 2 s, 4-5 s, and nothing */
    struct trtc_edit e[] = { { EMPTY, S / 2, X }, { S, S, X },     { EMPTY, S, X },
                             { 4 * S, 2 * S, 0 }, { 4 * S, S, X }, { EMPTY, S, X } };
    static const struct {
        int at_ms, shown_ms;
        bool hidden;
        int trim_ms, trim_end_ms;
    } t[] = {
        { 0, -500, true, 0, 0 },      { 900, 400, true, 0, 0 },    { 950, 450, false, 50, 0 },
        { 999, 499, false, 1, 0 },    { 1000, 500, false, 0, 0 },  { 1950, 1450, false, 0, 50 },
        { 1999, 1499, true, 0, 0 },   { 2000, 2500, true, 0, 0 },  { 3900, 2500, true, 0, 0 },
        { 3950, 2500, false, 50, 0 }, { 4000, 2500, false, 0, 0 }, { 4050, 4550, false, 0, 0 },
        { 4950, 5450, false, 0, 50 }, { 5000, 5500, true, 0, 0 },  { 9000, 5500, true, 0, 0 },
    };
    const struct trtc_edits v = { e, COUNT(e) };
    (void)state;
    assert_int_equal(trtc_edits_shift_us(&v), -S / 2);
    for (size_t i = 0; i < COUNT(t); i++) {
        const struct trtc_edited got = trtc_edits_frame(&v, t[i].at_ms * MS, 100 * MS);
        assert_int_equal(trtc_edits_time_us(&v, t[i].at_ms * MS), t[i].shown_ms * MS);
        assert_int_equal(got.hidden, t[i].hidden);
        assert_int_equal(got.trim_us, t[i].trim_ms * MS);
        assert_int_equal(got.trim_end_us, t[i].trim_end_ms * MS);
    }
}

/* Numbers of a damaged file do not overflow. */
/* How much of 10 s no part shows. */
static void test_rest(void **state)
{
    static const struct {
        struct trtc_edit e[2];
        size_t n;
        int64_t rest_us;
    } t[] = { { { { 0 } }, 0, 10 * S },
              { { { 80 * MS, 20 * S, X } }, 1, 80 * MS },
              { { { EMPTY, S, X }, { S, INT64_MAX, X } }, 2, S },
              { { { 0, 4 * S, X }, { 5 * S, 4 * S, X } }, 2, 2 * S },
              { { { 0, 4 * S, X }, { 4 * S, 6 * S, 0 } }, 2, 6 * S },
              { { { 5 * S, 5 * S, X }, { 0, 5 * S, X } }, 2, 10 * S },
              { { { 0, 5 * S, 2 * X }, { 5 * S, 5 * S, X } }, 2, 10 * S },
              { { { 12 * S, S, X } }, 1, 10 * S } };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_edit e[2];
        memcpy(e, t[i].e, sizeof e);
        const struct trtc_edits v = { e, t[i].n };
        assert_int_equal(trtc_edits_rest_us(&v, 10 * S), t[i].rest_us);
    }
}

static void test_large(void **state)
{
    const int64_t most = INT64_C(1) << 56;
    struct trtc_edit e[] = { { EMPTY, most, X }, { most, most, X }, { most, INT64_MAX, X } };
    const struct trtc_edits v = { e, COUNT(e) };
    (void)state;
    for (int k = 0; k < 2; k++) {
        trtc_edits_frame(&v, k % 2 ? most : -most, most);
        trtc_edits_time_us(&v, k % 2 ? most : -most);
    }
    assert_int_equal(trtc_edits_time_us(&v, most + 1), most);
    assert_int_equal(trtc_edits_shift_us(&v), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
