/* SPDX-License-Identifier: MIT */
/* hls/claim: one run has a recording's names, and what a killed one leaves is removed. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hls/claim.h"
#include "unit/scratch.h"

#define USER "1_2__UserId_s_YQ..__UserId_e_main"
#define UTC  "20260101000000000"
#define HASH "0123456789abcdef"

static int enter(void **state)
{
    (void)state;
    return scratch_enter("t_claim");
}

static bool there(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

static void put(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("12345", f);
    assert_int_equal(fclose(f), 0);
}

static void test_one_at_a_time(void **state)
{
    struct trtc_err err;
    bool held = true;
    (void)state;
    struct trtc_file *a = trtc_claim_take("x.m3u8", &held, &err);
    assert_non_null(a);
    assert_false(held);
    assert_null(trtc_claim_take("x.m3u8", &held, &err));
    assert_true(held);
    struct trtc_file *other = trtc_claim_take("y.m3u8", &held, &err);
    assert_non_null(other);
    trtc_file_abort(&other);
    trtc_file_abort(&a);
    assert_non_null(a = trtc_claim_take("./x.m3u8", &held, &err));
    trtc_file_abort(&a);
    assert_false(there(".x.m3u8.lock.part"));
    assert_false(there("x.m3u8.lock"));
    assert_null(trtc_claim_take("none/x.m3u8", &held, &err));
    assert_false(held);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
}

static void check_cleaned(const char *playlist, const char *const *gone, const char *const *stays)
{
    struct trtc_claim_stale stale = { 0 };
    int nb = 0;
    for (const char *const *p = gone; *p; p++, nb++)
        put(*p);
    for (const char *const *p = stays; *p; p++)
        put(*p);
    trtc_claim_clean(playlist, &stale);
    for (const char *const *p = gone; *p; p++)
        if (there(*p))
            fail_msg("%s stays", *p);
    for (const char *const *p = stays; *p; p++) {
        if (!there(*p))
            fail_msg("%s is gone", *p);
        unlink(*p);
    }
    assert_int_equal(stale.nb_files, nb);
    assert_int_equal(stale.bytes, 5 * nb);
}

static void test_a_users_files(void **state)
{
    static const char *const gone[] = { "." USER "_audio.m3u8.part",
                                        "." USER "_video.m3u8.part",
                                        "." USER "_video_2.m3u8.part",
                                        "." USER "_audio_10.m3u8.part",
                                        "." USER "_audio_" UTC ".ts.part",
                                        "." USER "_video_" UTC ".ts.part",
                                        "." USER "_video_2026~" HASH ".part",
                                        "." USER "~" HASH ".part",
                                        NULL };
    static const char *const stays[] = { USER "_audio.m3u8",
                                         USER "_audio_" UTC ".ts",
                                         "." USER "_audio_" UTC ".ts",
                                         "." USER "_audio_" UTC ".part",
                                         "." USER "_audio_2026.ts.part",
                                         "." USER "_audio_.m3u8.part",
                                         "." USER "_audio_2x.m3u8.part",
                                         "." USER ".mp4.part",
                                         "." USER "_1.mp4.part",
                                         "." USER "_video_~0123.part",
                                         ".ha1_" USER "_audio.m3u8.part",
                                         ".1_2.m3u8.part",
                                         ".1_2_" UTC ".ts.part",
                                         ".1_2__UserId_s_YQ..__UserId_e_aux_audio.m3u8.part",
                                         ".1_2__UserId_s_YWE.__UserId_e_main_audio.m3u8.part",
                                         NULL };
    (void)state;
    check_cleaned("./" USER "_audio.m3u8", gone, stays);
    check_cleaned(USER "_audio.m3u8", gone, stays);
}

static void test_a_mixed_recordings_files(void **state)
{
    static const char *const gone[] = { ".ha1_1_2.m3u8.part", ".ha1_1_2_" UTC ".ts.part",
                                        ".ha1_1_2_waiting1.ts.part", NULL };
    static const char *const stays[] = { ".1_2.m3u8.part",
                                         ".1_2_" UTC ".ts.part",
                                         ".1_2_waiting1.ts.part",
                                         ".ha1_1_22.m3u8.part",
                                         ".ha1_1_2_1.mp4.part",
                                         ".ha1_" USER "_audio_" UTC ".ts.part",
                                         NULL };
    (void)state;
    check_cleaned("./ha1_1_2.m3u8", gone, stays);
}

static void test_files_of_others_stay(void **state)
{
    struct trtc_claim_stale stale = { 0 };
    struct trtc_err err;
    (void)state;
    struct trtc_file *f = trtc_file_create("1_2_" UTC ".ts", &err);
    assert_non_null(f);
    put("target");
    assert_int_equal(symlink("target", ".1_2.m3u8.part"), 0);
    put(".1_2_" UTC ".ts.other");
    assert_int_equal(link(".1_2_" UTC ".ts.other", ".1_2_20260101000000001.ts.part"), 0);
    assert_int_equal(mkfifo(".1_2_20260101000000002.ts.part", 0600), 0);
    trtc_claim_clean("1_2.m3u8", &stale);
    trtc_claim_clean("none/1_2.m3u8", &stale);
    assert_int_equal(stale.nb_files, 0);
    assert_true(there(".1_2.m3u8.part"));
    assert_true(there(".1_2_20260101000000001.ts.part"));
    assert_true(there(".1_2_20260101000000002.ts.part"));
    assert_int_equal(trtc_file_commit(&f, false, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_a_users_files),
        cmocka_unit_test(test_a_mixed_recordings_files),
        cmocka_unit_test(test_files_of_others_stay),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
