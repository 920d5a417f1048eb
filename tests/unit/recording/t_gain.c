/* SPDX-License-Identifier: MIT */
/* recording/gain: which of three clocks say that a track runs ahead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "recording/clock.h"
#include "recording/gain.h"

#define MS   90
#define NONE INT64_MIN

/* Two segments of 10 s: how many ms more the stamps of each kind, the names and the EXTINF advance. */
static void test_gain(void **state)
{
    (void)state;
    static const struct {
        int64_t own_ms, other_ms, name_ms, listed_ms; /* NONE: not known */
        bool whole;
        int64_t want_ms, on_other_ms;
    } t[] = {
        { 0, 0, 0, 0, false, 0, 0 },
        { 400, 0, 0, 0, false, 400, 400 },     /* one track jumps */
        { 400, 400, 0, 0, false, 400, 0 },     /* both do */
        { 0, 400, 0, 0, false, 0, -400 },      /* the other one does */
        { 400, 400, 400, 0, false, 0, 0 },     /* EXTINF is wrong */
        { 400, 400, 0, 400, false, 0, 0 },     /* a name is */
        { 400, 0, 25, 0, false, 400, 400 },    /* names jitter */
        { 400, NONE, 30, 0, false, 370, 0 },   /* a track with a file of its own */
        { 400, NONE, 400, 0, false, 0, 0 },    /* ... that paused */
        { 300, NONE, 250, 350, false, 0, 0 },  /* ... whose clocks disagree */
        { 400, NONE, NONE, 0, false, 400, 0 }, /* ... without times in names */
        { 400, NONE, NONE, 0, true, 0, 0 },    /* ... with a rounded EXTINF */
        { 400, 400, NONE, 0, false, 400, 0 },  /* both do, without times in names */
        { 400, 400, NONE, 0, true, 0, 0 },     /* ... with a rounded EXTINF */
        { 400, 0, NONE, 700, true, 400, 400 }, /* the other track alone */
        { -400, 0, 0, 0, false, -400, -400 },  /* a fall */
        { NONE, 0, 0, 0, false, 0, 0 },        /* it has no frames */
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_piece a = { .dur_us = 10000000 + t[i].listed_ms * 1000, .whole = t[i].whole };
        struct trtc_piece b = { 0 };
        const int64_t ms[2] = { t[i].own_ms, t[i].other_ms };
        a.next_us = t[i].name_ms == NONE ? TRTC_NOTIME : 10000000 + t[i].name_ms * 1000;
        for (int k = 0; k < 2; k++) {
            a.facts.first_90k[k] = TRTC_TS_WRAP_90K - 100;
            b.facts.first_90k[k] = ms[k] == NONE ? TRTC_NOTIME : (10000 + ms[k]) * MS - 100;
            b.facts.first_dts_90k[k] = b.facts.first_90k[k];
        }
        if (trtc_gain(&a, &b, 0) != t[i].want_ms * MS ||
            trtc_gain_on_other(&a, &b, 0) != t[i].on_other_ms * MS)
            fail_msg("%zu: %jd", i, (intmax_t)trtc_gain(&a, &b, 0) / MS);
    }
}

/* The first picture is shown later than decoded, and the sound beside it begins then: no track jumps, if the
 * segment before is the first one. */
static void test_lag(void **state)
{
    (void)state;
    static const struct {
        int64_t own_ms, want_ms, place;
    } t[] = { { 75, 0, 0 }, { 110, 0, 0 }, { 110, 110, 1 }, { 400, 400, 0 }, { -75, -75, 0 } };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_piece a = { .dur_us = 10000000, .next_us = 10000000, .place = t[i].place },
                          b = { .place = t[i].place + 1 };
        b.facts.first_90k[0] = (10000 + t[i].own_ms) * MS;
        b.facts.first_dts_90k[0] = b.facts.first_90k[0] - 80 * MS;
        b.facts.first_90k[1] = b.facts.first_dts_90k[1] = 10000 * MS;
        assert_int_equal(trtc_gain(&a, &b, 0), t[i].want_ms * MS);
    }
}

/* Sound that begins late in the first segment, whose EXTINF is wrong: the names decide, not the sound. */
static void test_came_late(void **state)
{
    (void)state;
    static const struct {
        int64_t late_ms, beside_ms, place, want_ms;
    } t[] = { { 600, 0, 0, 10 }, { 600, 0, 1, 600 }, { 0, -600, 0, 600 } };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_piece a = { .dur_us = 7000000, .next_us = 9990000, .place = t[i].place },
                          b = { .place = t[i].place + 1 };
        a.facts.first_90k[1] = t[i].late_ms * MS;
        b.facts.first_90k[0] = b.facts.first_dts_90k[0] = 10000 * MS;
        b.facts.first_90k[1] = b.facts.first_dts_90k[1] = (10000 + t[i].beside_ms) * MS;
        assert_int_equal(trtc_gain(&a, &b, 0), t[i].want_ms * MS);
    }
}

int main(void)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_gain), cmocka_unit_test(test_lag),
                                        cmocka_unit_test(test_came_late) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
