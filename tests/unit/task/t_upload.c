/* SPDX-License-Identifier: MIT */
/* What an uploader has been given, and what it has proven. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/upload.h"

static struct trtc_upload u;

static void add(const char *path, const char *type)
{
    struct trtc_err err;
    assert_int_equal(trtc_upload_add(&u, path, type, &err), 0);
}

static void next_is(const char *path)
{
    const char *next = trtc_upload_next(&u);
    if (path)
        assert_string_equal(next, path);
    else
        assert_null(next);
}

static void proven(void **state)
{
    (void)state;
    add("a.ts", "segment");
    add("l.m3u8", "playlist");
    add("b.ts", "segment");
    add("l.m3u8", "playlist"); /* behind b.ts */
    next_is("a.ts");
    next_is("b.ts");
    next_is("l.m3u8");
    next_is(NULL);
    add("c.ts", "segment");
    add("l.m3u8", "playlist"); /* the other one is under way */
    assert_int_equal(trtc_upload_waiting(&u, false), 5);
    assert_false(trtc_upload_proven(&u, "a.ts"));
    assert_false(trtc_upload_proven(&u, "c.ts")); /* it was not given */
    assert_true(trtc_upload_proven(&u, "l.m3u8"));
    assert_false(trtc_upload_proven(&u, "other"));
    next_is("c.ts");
    trtc_upload_again(&u); /* it has died */
    next_is("b.ts");
    next_is("c.ts");
    next_is("l.m3u8");
    assert_false(trtc_upload_proven(&u, "l.m3u8")); /* told once */
    add("m.mp4", "mp4");
    add("m.aac", "aac");
    assert_int_equal(trtc_upload_waiting(&u, true), 2);
    assert_int_equal(trtc_upload_waiting(&u, false), 2);
    trtc_upload_fini(&u);
}

static void pauses(void **state)
{
    static const struct {
        int failures;
        bool ends;
        int64_t us;
    } rows[] = { { 0, false, 500000 },
                 { 1, false, 1000000 },
                 { 20, false, 32000000 },
                 { 3, true, 4000000 },
                 { 4, true, -1 } };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        u.failures = rows[i].failures;
        assert_int_equal(trtc_upload_pause_us(&u, rows[i].ends), rows[i].us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(proven), cmocka_unit_test(pauses) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
