/* SPDX-License-Identifier: MIT */
/* Numbered pieces of a stream: in order, out of order, repeated, missing, too far ahead, the last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "serve/numbered.h"

static struct trtc_numbered *new_numbered(void)
{
    struct trtc_err err;
    struct trtc_numbered *n = trtc_numbered_new(&err);
    assert_non_null(n);
    return n;
}

static enum trtc_numbered_put put(struct trtc_numbered *n, int64_t number, const char *text)
{
    return trtc_numbered_put(n, number, text, strlen(text), false);
}

/* The pieces whose turn it is, one behind the other. */
static const char *taken(struct trtc_numbered *n)
{
    static char all[256];
    size_t bytes, at = 0;
    char *data;
    while ((data = trtc_numbered_next(n, &bytes)) != NULL) {
        memcpy(all + at, data, bytes);
        at += bytes;
        free(data);
    }
    all[at] = '\0';
    return all;
}

static void in_order(void **state)
{
    struct trtc_numbered *n = new_numbered();
    (void)state;
    assert_string_equal(taken(n), "");
    assert_int_equal(put(n, 0, "a"), TRTC_NUMBERED_TAKEN);
    assert_string_equal(taken(n), "a");
    assert_int_equal(put(n, 1, ""), TRTC_NUMBERED_TAKEN); /* an empty one has its number too */
    assert_int_equal(put(n, 2, "c"), TRTC_NUMBERED_TAKEN);
    assert_string_equal(taken(n), "c");
    assert_int_equal(trtc_numbered_wanted(n), 3);
    trtc_numbered_free(&n);
    assert_null(n);
}

static void out_of_order(void **state)
{
    struct trtc_numbered *n = new_numbered();
    (void)state;
    assert_int_equal(put(n, 2, "c"), TRTC_NUMBERED_TAKEN);
    assert_true(trtc_numbered_waits(n));
    assert_int_equal(put(n, 1, "b"), TRTC_NUMBERED_TAKEN);
    assert_string_equal(taken(n), "");
    assert_int_equal(put(n, 0, "a"), TRTC_NUMBERED_TAKEN);
    assert_false(trtc_numbered_waits(n));
    assert_string_equal(taken(n), "abc");
    trtc_numbered_free(&n);
}

static void repeated(void **state)
{
    struct trtc_numbered *n = new_numbered();
    (void)state;
    put(n, 0, "a");
    assert_int_equal(put(n, 0, "x"), TRTC_NUMBERED_REPEATED);
    assert_string_equal(taken(n), "a");
    assert_int_equal(put(n, 0, "x"), TRTC_NUMBERED_REPEATED);
    put(n, 2, "c");
    assert_int_equal(put(n, 2, "x"), TRTC_NUMBERED_REPEATED);
    put(n, 1, "b");
    assert_string_equal(taken(n), "bc");
    trtc_numbered_free(&n);
}

static void missing(void **state)
{
    struct trtc_numbered *n = new_numbered();
    (void)state;
    assert_int_equal(trtc_numbered_skip(n, 0), 0); /* nothing waits */
    put(n, 0, "a");
    assert_string_equal(taken(n), "a");
    put(n, 3, "d");
    put(n, 5, "f");
    assert_int_equal(trtc_numbered_skip(n, 1000), 0);
    assert_int_equal(trtc_numbered_skip(n, 5999), 0);
    assert_int_equal(trtc_numbered_skip(n, 6000), 2); /* 1 and 2 are given up */
    assert_int_equal(put(n, 1, "b"), TRTC_NUMBERED_REPEATED);
    assert_string_equal(taken(n), "d");
    assert_int_equal(trtc_numbered_skip(n, 6000), 0); /* 4 has its own time */
    put(n, 4, "e");
    assert_string_equal(taken(n), "ef");
    trtc_numbered_free(&n);
}

static void too_far(void **state)
{
    struct trtc_numbered *n = new_numbered();
    const size_t half = TRTC_NUMBERED_BYTES / 2 + 1;
    char *big = calloc(1, half);
    (void)state;
    assert_int_equal(put(n, TRTC_NUMBERED_AHEAD, "x"), TRTC_NUMBERED_FAR);
    assert_int_equal(put(n, TRTC_NUMBERED_AHEAD - 1, "x"), TRTC_NUMBERED_TAKEN);
    assert_int_equal(trtc_numbered_put(n, 1, big, half, false), TRTC_NUMBERED_TAKEN);
    assert_int_equal(trtc_numbered_put(n, 2, big, half, false), TRTC_NUMBERED_FAR);
    assert_int_equal(trtc_numbered_put(n, 0, big, half, false),
                     TRTC_NUMBERED_TAKEN); /* it is its turn */
    free(big);
    trtc_numbered_free(&n);
}

static void last(void **state)
{
    struct trtc_numbered *n = new_numbered();
    (void)state;
    assert_int_equal(trtc_numbered_put(n, 1, "b", 1, true), TRTC_NUMBERED_TAKEN);
    assert_int_equal(put(n, 2, "c"), TRTC_NUMBERED_REPEATED); /* there is none behind it */
    assert_false(trtc_numbered_done(n));
    put(n, 0, "a");
    assert_string_equal(taken(n), "ab");
    assert_true(trtc_numbered_done(n));
    assert_int_equal(trtc_numbered_put(n, 1, "b", 1, true), TRTC_NUMBERED_REPEATED);
    trtc_numbered_free(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order), cmocka_unit_test(out_of_order), cmocka_unit_test(repeated),
        cmocka_unit_test(missing),  cmocka_unit_test(too_far),      cmocka_unit_test(last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
