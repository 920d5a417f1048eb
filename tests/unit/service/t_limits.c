/* SPDX-License-Identifier: MIT */
/* Calls a second, and signatures that come again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "service/limits.h"

static struct trtc_rate rate;

static void twenty_a_second(void **state)
{
    (void)state;
    memset(&rate, 0, sizeof rate);
    for (int i = 0; i < 20; i++)
        assert_true(trtc_rate_take(&rate, 20, 5000 + i));
    assert_false(trtc_rate_take(&rate, 20, 5020));
    assert_false(trtc_rate_take(&rate, 20, 5999));
    assert_true(trtc_rate_take(&rate, 20, 6000)); /* a second after the first */
    assert_false(trtc_rate_take(&rate, 20, 6000));
    assert_true(trtc_rate_take(&rate, 20, 6001));
}

/* In no second of a long run are there more than the limit, and in the long run there are as many. */
static void any_second(void **state)
{
    static int64_t taken[20000];
    size_t n = 0;
    (void)state;
    memset(&rate, 0, sizeof rate);
    for (int64_t t = 100000; t < 200000; t += 7)
        if (trtc_rate_take(&rate, 20, t))
            taken[n++] = t;
    for (size_t i = 20; i < n; i++)
        assert_true(taken[i] - taken[i - 20] >= 1000);
    assert_true(n > 1900);
    memset(&rate, 0, sizeof rate);
    for (int i = 0; i < 3 * TRTC_RATE_MAX; i++)
        assert_true(trtc_rate_take(&rate, TRTC_RATE_MAX, 1000 + i));
    memset(&rate, 0, sizeof rate);
    assert_true(trtc_rate_take(&rate, 1, 1000));
    assert_false(trtc_rate_take(&rate, 1, 1999));
    assert_true(trtc_rate_take(&rate, 1, 2000));
}

static char text[80];

static const char *signature(int n)
{
    snprintf(text, sizeof text, "%08x%056d", (unsigned)n * 2654435761U, n);
    return text;
}

static int take(struct trtc_replay *r, int n, int action, bool once, int64_t now_s)
{
    const struct trtc_use use = { signature(n), action, once, 1000, now_s };
    return trtc_replay_take(r, &use);
}

static void again(void **state)
{
    struct trtc_replay *r = trtc_replay_new(NULL);
    (void)state;
    assert_int_equal(take(r, 1, 0, true, 1000), 1);
    assert_int_equal(take(r, 1, 0, true, 1000), 0);
    assert_int_equal(take(r, 1, 0, true, 1290), 0);
    assert_int_equal(take(r, 2, 1, false, 1000), 1);
    assert_int_equal(take(r, 2, 1, false, 1001), 1); /* a client that asks twice in a second */
    assert_int_equal(take(r, 2, 3, false, 1002), 1); /* and then something else of the same words */
    assert_int_equal(take(r, 2, 2, true, 1002), 1);
    assert_int_equal(take(r, 2, 2, true, 1002), 0);
    assert_int_equal(take(r, 2, 1, false, 1003), 0);
    assert_int_equal(take(r, 2, 3, false, 1003), 0);
    assert_int_equal(take(r, 2, 0, true, 1003), 0);
    trtc_replay_free(&r);
    assert_null(r);
    trtc_replay_free(&r);
}

static void forgotten(void **state)
{
    struct trtc_replay *r = trtc_replay_new(NULL);
    (void)state;
    for (int i = 0; i < 3000; i++)
        assert_int_equal(take(r, i, 1, true, 1000 + i / 100), 1);
    for (int i = 0; i < 3000; i++)
        assert_int_equal(take(r, i, 1, true, 1100), 0);
    assert_int_equal(trtc_replay_length(r), 3000);
    assert_int_equal(take(r, 3000, 1, true, 1310),
                     1); /* all of those before are too old to be good */
    assert_int_equal(trtc_replay_length(r), 1);
    trtc_replay_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(twenty_a_second),
                                        cmocka_unit_test(any_second), cmocka_unit_test(again),
                                        cmocka_unit_test(forgotten) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
