/* SPDX-License-Identifier: MIT */
/* array, listing: how arrays grow; what stands in a directory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>

#include "base/array.h"
#include "base/listing.h"
#include "base/num.h"
#include "base/text.h"

static void test_room(void **state)
{
    (void)state;
    int *v = NULL;
    for (size_t i = 0; i < 100; i++) {
        const int *before = v;
        assert_int_equal(trtc_array_room(&v, i, sizeof *v), 0);
        if (i && (i < TRTC_ARRAY_LEAST || (i & (i - 1)) != 0))
            assert_ptr_equal(v, before);
        v[i] = (int)i;
    }
    for (int i = 0; i < 100; i++)
        assert_int_equal(v[i], i);
    free(v);
}

static void test_reserve(void **state)
{
    (void)state;
    static const struct {
        size_t need, cap;
    } t[] = { { 0, 0 }, { 1, 8 }, { 8, 8 }, { 9, 16 }, { 5, 16 }, { 100, 128 } };
    uint16_t *v = NULL;
    size_t cap = 0;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(trtc_array_reserve(&v, &cap, t[i].need, sizeof *v), 0);
        assert_int_equal(cap, t[i].cap);
    }
    uint16_t *const before = v;
    assert_int_equal(trtc_array_reserve(&v, &cap, SIZE_MAX / 2, sizeof *v), -1);
    assert_ptr_equal(v, before);
    assert_int_equal(cap, 128);
    free(v);
}

static void test_listing(void **state)
{
    (void)state;
    char dir[64], cmd[160];
    struct trtc_names l = { 0 };
    struct trtc_err err;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.40s/t_array-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(dir));
    snprintf(cmd, sizeof cmd, "cd %s && touch b a .c", dir);
    assert_int_equal(system(cmd), 0);
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) { /* the descriptor has not moved */
        assert_int_equal(trtc_list_dir(fd, "d", &l, &err), 0);
        trtc_names_sort(&l);
        assert_int_equal(l.n, 5);
        assert_string_equal(l.v[2], ".c");
        assert_string_equal(l.v[4], "b");
        trtc_names_fini(&l);
        assert_int_equal(l.n, 0);
    }
    close(fd);
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    assert_int_equal(system(cmd), 0);
    assert_int_equal(trtc_list_dir(-1, "d", &l, &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    assert_int_equal(strncmp(err.msg, "d: ", 3), 0);
}

static void test_small(void **state)
{
    (void)state;
    assert_true(trtc_ends_with("a.ts", 4, ".ts"));
    assert_true(trtc_ends_with(".ts", 3, ".ts"));
    assert_true(trtc_ends_with("", 0, ""));
    assert_false(trtc_ends_with("a.tsx", 5, ".ts"));
    assert_true(trtc_ends_with("a.tsx", 4, ".ts"));
    assert_false(trtc_ends_with("ts", 2, ".ts"));
    assert_int_equal(trtc_clamp(-1, 0, 9), 0);
    assert_int_equal(trtc_clamp(5, 0, 9), 5);
    assert_int_equal(trtc_clamp(10, 0, 9), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
