/* SPDX-License-Identifier: MIT */
/* The queue of events: order within a task, tasks side by side, settling, back-off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/queue.h"

static const struct trtc_queue_rules rules = {
    .settle_ms = 2000, .back_off_ms = 1000, .attempts = 5, .items_max = 1000
};

static struct trtc_queue *new_queue(void)
{
    struct trtc_err err;
    struct trtc_queue *q = trtc_queue_new(&rules, &err);
    assert_non_null(q);
    return q;
}

/* What is to be begun at now_ms; "" for nothing. */
static const char *next(struct trtc_queue *q, int64_t now_ms)
{
    int attempt;
    const char *name = trtc_queue_next(q, now_ms, &attempt);
    return name ? name : "";
}

static void settles(void **state)
{
    struct trtc_queue *q = new_queue();
    (void)state;
    assert_int_equal(trtc_queue_wait_ms(q, 0), -1);
    assert_int_equal(trtc_queue_add(q, "t", "b", 20, 100), 1);
    assert_int_equal(trtc_queue_add(q, "t", "b", 20, 100), 0);
    assert_int_equal(trtc_queue_wait_ms(q, 100), 2000);
    assert_string_equal(next(q, 2099), "");
    assert_int_equal(trtc_queue_add(q, "t", "a", 10, 1000), 1); /* earlier, but later here */
    assert_string_equal(next(q, 2100), "");                     /* it has to settle as well */
    assert_string_equal(next(q, 3000), "a");
    assert_string_equal(next(q, 9000), ""); /* one at a time */
    assert_int_equal(trtc_queue_wait_ms(q, 9000), -1);
    assert_true(trtc_queue_end(q, "a", TRTC_QUEUE_DONE, 9000));
    assert_string_equal(next(q, 9000), "b");
    trtc_queue_end(q, "b", TRTC_QUEUE_DONE, 9000);
    assert_int_equal(trtc_queue_length(q), 0);
    trtc_queue_free(&q);
}

static void side_by_side(void **state)
{
    struct trtc_queue *q = new_queue();
    (void)state;
    trtc_queue_add(q, "t", "t1", 10, 0);
    trtc_queue_add(q, "t", "t2", 20, 0);
    trtc_queue_add(q, "u", "u1", 15, 0);
    trtc_queue_add(q, "", "x1", 12, 0);
    trtc_queue_add(q, "", "x2", 11, 0); /* without a task: lanes of their own */
    assert_string_equal(next(q, 2000), "t1");
    assert_string_equal(next(q, 2000), "x2");
    assert_string_equal(next(q, 2000), "x1");
    assert_string_equal(next(q, 2000), "u1");
    assert_string_equal(next(q, 2000), "");
    trtc_queue_add(q, "t", "t0", 1, -5000); /* never in front of the one under way */
    trtc_queue_end(q, "t1", TRTC_QUEUE_DONE, 2000);
    assert_string_equal(next(q, 2000), "t0");
    trtc_queue_free(&q);
}

static void back_off(void **state)
{
    struct trtc_queue *q = new_queue();
    int64_t now_ms = 2000;
    int attempt;
    (void)state;
    trtc_queue_add(q, "t", "a", 10, 0);
    trtc_queue_add(q, "t", "b", 20, 0);
    for (int i = 1; i <= 5; i++) {
        assert_string_equal(trtc_queue_next(q, now_ms, &attempt), "a");
        assert_int_equal(attempt, i);
        assert_int_equal(trtc_queue_end(q, "a", TRTC_QUEUE_AGAIN, now_ms), i == 5);
        if (i < 5) {
            assert_int_equal(trtc_queue_wait_ms(q, now_ms), 1000 << (i - 1));
            assert_string_equal(next(q, now_ms + (1000 << (i - 1)) - 1),
                                ""); /* b waits behind it */
            now_ms += 1000 << (i - 1);
        }
    }
    assert_string_equal(next(q, now_ms), "b");
    assert_false(trtc_queue_end(q, "b", TRTC_QUEUE_HELD, now_ms)); /* is no attempt */
    assert_non_null(trtc_queue_next(q, now_ms + 500, &attempt));
    assert_int_equal(attempt, 1);
    trtc_queue_free(&q);
}

static void is_bounded(void **state)
{
    struct trtc_queue *q = new_queue();
    char name[16];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(trtc_queue_add(q, "t", name, i, 0), 1);
    }
    assert_int_equal(trtc_queue_add(q, "t", "more", 1, 0), -1);
    assert_int_equal(trtc_queue_add(q, "t", "5", 5, 0), 0);
    trtc_queue_free(&q);
}

/* Many lanes, ended and added at random: always the one that may begin first, and in order within its lane. */
static void at_random(void **state)
{
    struct trtc_queue *q = new_queue();
    int64_t last[10];
    char name[16], lane[4];
    unsigned seed = 7;
    int n = 0, begun = 0;
    (void)state;
    for (int i = 0; i < 10; i++)
        last[i] = -1;
    for (; n < 900; n++) {
        seed = seed * 1103515245 + 12345;
        snprintf(name, sizeof name, "%d", n);
        snprintf(lane, sizeof lane, "%u", seed >> 16 & 7);
        assert_int_equal(trtc_queue_add(q, lane, name, (seed >> 8) % 100000, -2000), 1);
    }
    for (const char *s; *(s = next(q, 0)); begun++) {
        const long k = strtol(s, NULL, 10);
        unsigned back = 7;
        for (long i = 0; i <= k; i++)
            back = back * 1103515245 + 12345;
        const int64_t event = (back >> 8) % 100000;
        const unsigned in = back >> 16 & 7;
        assert_true(event >= last[in]);
        last[in] = event;
        snprintf(name, sizeof name, "%s", s);
        trtc_queue_end(q, name, TRTC_QUEUE_DONE, 0);
    }
    assert_int_equal(begun, 900);
    trtc_queue_free(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settles),    cmocka_unit_test(side_by_side), cmocka_unit_test(back_off),
        cmocka_unit_test(is_bounded), cmocka_unit_test(at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
