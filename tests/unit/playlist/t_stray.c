/* SPDX-License-Identifier: MIT */
/* playlist/stray: which of several spots on the clock lie far from the others. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "playlist/stray.h"

#define HOUR_US INT64_C(3600000000)

/* Spots as text, in hours: "START+LENGTH", "!" behind it: sure, "@": an anchor. Wanted: "x" for what
 * is stray, "." for what stays. */
static void test_table(void **state)
{
    (void)state;
    static const struct {
        const char *spots, *want;
    } t[] = {
        { "", "" },
        { "5+1", "." },
        { "0+1 1+1 2+1", "..." },
        { "0+1 49+1", ".." },               /* 48 h after the end: still with it */
        { "0+1 49.001+1 50.001+1", "#.." }, /* the larger group stays */
        { "50.001+1 0+1 1+1", "#.." },
        { "0+1 40+1 80+1 120+1 500+1", "....#" }, /* one leads to the next */
        { "0+60 100+1", ".." },                   /* what lasts long reaches far */
        { "0+60 1+1 100+1", "..." },
        { "0+1 100+1", "#." },  /* alike: the later */
        { "0+2 100+1", ".#" },  /* the longer */
        { "0+1! 100+2", ".#" }, /* the one that another clock agrees with */
        { "0+1! 100+2 101+2", ".##" },
        { "0+1! 100+2! 101+2", "#.." },
        { "0+0@ 100+2! 101+2!", ".##" }, /* and what is known for certain */
        { "0+0@ 1+1 40+1 500000+1", "...#" },
        { "-500000+1 0+1 1+1 500000+1 500001+1 500002+1", "###..." },
        { "0+10 5+1 2+20 300+1", "...#" }, /* what covers the same counts once */
        { "0+1 0+1 0+1 100+9 100+9", "...##" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_spot spots[8] = { 0 };
        char text[128], got[9] = "", *rest = NULL;
        size_t n = 0, nb = 0;
        snprintf(text, sizeof text, "%s", t[i].spots);
        for (char *w = strtok_r(text, " ", &rest); w; w = strtok_r(NULL, " ", &rest), n++) {
            double start, length;
            char mark = 0;
            assert_true(sscanf(w, "%lf+%lf%c", &start, &length, &mark) >= 2);
            spots[n] = (struct trtc_spot){ .start_us = (int64_t)(start * (double)HOUR_US),
                                           .end_us = (int64_t)((start + length) * (double)HOUR_US),
                                           .anchor = mark == '@',
                                           .sure = mark == '!' };
        }
        int64_t found = trtc_find_strays(spots, n);
        for (size_t k = 0; k < n; k++) {
            got[k] = spots[k].stray ? '#' : '.';
            nb += spots[k].stray;
        }
        if (strcmp(got, t[i].want) != 0 || found != (int64_t)nb)
            fail_msg("'%s': '%s' and not '%s', %" PRId64 " told", t[i].spots, got, t[i].want,
                     found);
    }
}

/* The ends of the years that names can have, and clocks that were shifted by as much. */
static void test_extremes(void **state)
{
    (void)state;
    const int64_t last_us = INT64_C(253402300799999) * 1000;
    struct trtc_spot spots[] = {
        { .start_us = -last_us, .end_us = -last_us },
        { .start_us = 0, .end_us = 1 },
        { .start_us = 10, .end_us = 20 },
        { .start_us = 2 * last_us, .end_us = 2 * last_us + 864000 * INT64_C(1000000) },
    };
    assert_int_equal(trtc_find_strays(spots, 4), 2);
    assert_true(spots[0].stray && !spots[1].stray && !spots[2].stray && spots[3].stray);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
