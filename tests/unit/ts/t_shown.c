/* SPDX-License-Identifier: MIT */
/* ts/shown: a time that contradicts the order of the pictures is found, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ts/shown.h"
#include "unit/range.h"

enum { STEP = 3600, GROUP = 9, NB = 4 * GROUP };

/* Pictures of a group in the order of decoding, by their place. The third one of each group is shown before its key
 * picture, as in an open group. */
static const int places[GROUP] = { 1, 5, 0, 3, 2, 4, 8, 7, 6 };

struct fault {
    int at, nb;     /* from this picture on so many */
    int64_t by_90k; /* are off by this, */
    bool all;       /* ... in both of their times */
};

static int nb_wrong(const struct fault *f, bool in_order, int64_t from_90k)
{
    struct trtc_shown s = { 0 };
    int nb = 0;

    for (int i = 0; i < NB; i++) {
        const int place = in_order ? i : i / GROUP * GROUP + places[i % GROUP];
        const int64_t off = i >= f->at && i < f->at + f->nb ? f->by_90k : 0;
        const struct trtc_shown_picture p = {
            .order = { .known = !in_order, .resets = i == 0, .count = 2 * place },
            .stated = true,
            .in_order = in_order,
            .key = i % GROUP == 0,
            .pts_90k = (from_90k + (place + 3) * STEP + off) & ((INT64_C(1) << 33) - 1),
            .dts_90k = (from_90k + i * STEP + (f->all ? off : 0)) & ((INT64_C(1) << 33) - 1),
        };
        nb += trtc_shown_contradicts(&s, &p);
    }
    return nb;
}

static void test_wrong_times(void **state)
{
    static const int64_t from_90k[] = { 0, (INT64_C(1) << 33) - 17 * STEP };

    (void)state;
    for (int i = 0; i < 2; i++)
        for (int k = 0; k < 2; k++) {
            assert_int_equal(nb_wrong(&(struct fault){ 0 }, k, from_90k[i]), 0);
            /* the clock jumps */
            assert_int_equal(nb_wrong(&(struct fault){ 11, NB, 900000, true }, k, from_90k[i]), 0);
            assert_int_equal(nb_wrong(&(struct fault){ 11, NB, -900000, true }, k, from_90k[i]), 0);
            for (int at = GROUP; at < 2 * GROUP; at++)
                for (int64_t by = 9000; by < 90000; by += 9000) {
                    assert_int_equal(nb_wrong(&(struct fault){ at, NB, by, true }, k, from_90k[i]),
                                     0);
                    assert_int_equal(nb_wrong(&(struct fault){ at, NB, -by, true }, k, from_90k[i]),
                                     0);
                }
            for (int at = GROUP; at < 2 * GROUP; at++) {
                const int64_t by[] = { 18000, 90000, 900000, -18000, -90000, -900000 };
                for (int n = 0; n < 6; n++) {
                    /* what leads a key picture is compared only with what follows in its group */
                    if (!k && at == GROUP + 2 && by[n] < 0)
                        continue;
                    const int nb = nb_wrong(&(struct fault){ at, 1, by[n], false }, k, from_90k[i]);
                    assert_int_in_range(nb, 1, 2);
                }
            }
        }
}

/* Pictures are reordered in spite of what the stream states, or have counts that mean nothing: their times are right. */
static void test_wrong_statements(void **state)
{
    (void)state;
    for (int garbage = 0; garbage < 2; garbage++) {
        struct trtc_shown s = { 0 };
        for (int i = 0; i < NB; i++) {
            const int place = garbage ? i : i / GROUP * GROUP + places[i % GROUP];
            const struct trtc_shown_picture p = {
                .order = { .known = true,
                           .resets = i == 0,
                           .count = garbage ? i * 7 % 5 : 2 * place },
                .stated = true,
                .in_order = true,
                .key = i % GROUP == 0,
                .pts_90k = (place + 3) * STEP,
                .dts_90k = i * STEP,
            };
            assert_false(trtc_shown_contradicts(&s, &p));
        }
    }
}

/* A picture without a time gets it from its place, from the second picture of a group on. */
static void test_place(void **state)
{
    struct trtc_shown s = { 0 };
    int64_t at_90k;

    (void)state;
    assert_false(
        trtc_shown_place(&s, &(struct trtc_shown_picture){ .order.known = true }, &at_90k));
    for (int i = 0; i < NB; i++) {
        const int place = i / GROUP * GROUP + places[i % GROUP];
        const struct trtc_shown_picture p = {
            .order = { .known = true, .resets = i % GROUP == 0, .count = 2 * places[i % GROUP] },
            .stated = true,
            .key = i % GROUP == 0,
            .pts_90k = (place + 3) * STEP,
            .dts_90k = i * STEP,
        };
        if (i > 1) {
            assert_true(trtc_shown_place(&s, &p, &at_90k));
            assert_int_equal(at_90k,
                             p.pts_90k - (p.key ? STEP : 0)); /* one leads the key picture */
        }
        assert_false(trtc_shown_contradicts(&s, &p));
    }
    assert_false(trtc_shown_place(&s, &(struct trtc_shown_picture){ 0 }, &at_90k));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_wrong_times),
                                        cmocka_unit_test(test_wrong_statements),
                                        cmocka_unit_test(test_place) };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
