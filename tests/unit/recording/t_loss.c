/* SPDX-License-Identifier: MIT */
/* recording/loss: a list that owns what it was told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "recording/loss.h"

static void test_copies(void **state)
{
    struct trtc_losses l = { 0 };
    char path[] = "a.ts", detail[] = "the reason";
    const struct trtc_loss what = { .path = path,
                                    .kind = "damaged",
                                    .detail = detail,
                                    .start_us = 5,
                                    .lost_us = 6,
                                    .lost_bytes = -1,
                                    .list = 2 };
    (void)state;
    assert_int_equal(trtc_losses_add(&l, &what), 0);
    *path = *detail = 'X';
    assert_int_equal(l.n, 1);
    assert_string_equal(l.items[0].path, "a.ts");
    assert_string_equal(l.items[0].detail, "the reason");
    assert_ptr_equal(l.items[0].kind, what.kind);
    assert_true(l.items[0].start_us == 5 && l.items[0].lost_us == 6);
    assert_true(l.items[0].lost_bytes == -1 && l.items[0].list == 2);
    trtc_losses_fini(&l);
    assert_true(l.n == 0 && !l.items);
    trtc_losses_fini(&l);
}

static void test_detail(void **state)
{
    struct trtc_losses l = { 0 };
    char longest[400];
    const struct trtc_loss what = { .path = "b.ts", .kind = "format", .detail = "not this" };
    (void)state;
    assert_int_equal(trtc_losses_addf(&l, &what, "%d frames of %s", 3, "sound"), 0);
    assert_string_equal(l.items[0].detail, "3 frames of sound");
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(trtc_losses_addf(&l, &what, "%s", longest), 0);
    assert_int_equal(strlen(l.items[1].detail), 255);
    const struct trtc_loss plain = { .path = "c.ts", .kind = "missing" };
    assert_int_equal(trtc_losses_add(&l, &plain), 0);
    assert_null(l.items[2].detail);
    trtc_losses_fini(&l);
}

/* They stay in their order, however many they are. */
static void test_many(void **state)
{
    struct trtc_losses l = { 0 };
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char path[16];
        snprintf(path, sizeof path, "%d", i);
        assert_int_equal(trtc_losses_add(&l, &(struct trtc_loss){ .path = path, .kind = "size" }),
                         0);
    }
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(strtoul(l.items[i].path, NULL, 10), i);
    trtc_losses_fini(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_detail),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
