/* SPDX-License-Identifier: MIT */
/* playlist/plain_name: recordings' names as tools leave them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "playlist/plain_name.h"

#define STEM  "1400000001_3560__UserId_s_MTAwMDE.__UserId_e_main_video"
#define TS    STEM "_20260101000000495.ts"
#define LIST  STEM ".m3u8"
#define MIXED "1400000001_3560"
#define PLUS  "1400000001_3560__UserId_s_Pj4+__UserId_e_main_video.m3u8"

static void check(const char *in, const char *want)
{
    char got[TRTC_PLAIN_MAX] = "";
    const bool ok = trtc_plain_name(in, strlen(in), got);
    if (ok != (want != NULL) || (ok && strcmp(got, want) != 0))
        fail_msg("'%s': '%s' and not '%s'", in, got, want ? want : "(nothing)");
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *in, *want;
    } t[] = {
        { TS, TS },
        { LIST, LIST },
        { "14_1.m3u8", "14_1.m3u8" },
        /* addresses and paths */
        { "https://b-125.cos.ap-guangzhou.myqcloud.com/task/" TS, TS },
        { "https://u:p@h:80/a/" TS "?q-sign-algorithm=sha1&q-ak=AKID/x/y#t=1", TS },
        { "/prefix/task/" TS "?x", TS },
        { "C:\\rec\\" TS, TS },
        { "C:\\rec/a\\" TS, TS },
        { "file:///C:/rec/" TS, TS },
        { "../../" TS, TS },
        { "..%2f..%2F" TS, TS },
        { TS "#", TS },
        /* encodings */
        { "1400000001_3560__UserId_s_Pj4%2B__UserId_e_main_video.m3u8", PLUS },
        { "1400000001_3560__UserId_s_Pj4%252B__UserId_e_main_video.m3u8", PLUS },
        { "1400000001_3560__UserId_s_Pj4 __UserId_e_main_video.m3u8", PLUS },
        { "1400000001_3560__UserId_s_Pj4%20__UserId_e_main_video.m3u8", PLUS },
        { PLUS, PLUS },
        { STEM "%2Em3u8", LIST },
        /* copies, and what else is added */
        { STEM "(1).m3u8", LIST },
        { STEM " (12).m3u8", LIST },
        { STEM " - Copy.m3u8", LIST },
        { STEM " - Copy (2).m3u8", LIST },
        { STEM " - Kopie.m3u8", LIST },
        { STEM " copy.m3u8", LIST },
        { STEM " copy 2.m3u8", LIST },
        { STEM " 2.m3u8", LIST },
        { STEM " - \xe5\x89\xaf\xe6\x9c\xac.m3u8", LIST },
        { STEM "\xe7\x9a\x84\xe5\x89\xaf\xe6\x9c\xac.m3u8", LIST },
        { STEM " \xe5\x89\xaf\xe6\x9c\xac.m3u8", LIST },
        { "1400000001_3560__UserId_s_Pj4 __UserId_e_main_video (1).m3u8", PLUS },
        { STEM ".M3U8", LIST },
        { STEM ".m3u8.gz", LIST },
        { STEM ".m3u8.txt", LIST },
        { STEM ".m3u8.1", LIST },
        { STEM ".m3u8?q-sign-algorithm=sha1&q-ak=AKID", LIST },
        { STEM ".m3u8%3Fq-sign-algorithm=sha1", LIST },
        { STEM ".m3u8@q-sign-algorithm=sha1", LIST },
        { STEM "_20260101000000495 (1).ts", TS },
        { STEM "_20260101000000495.ts.1", TS },
        { STEM "(copy).m3u8", LIST },
        { STEM " (another copy).m3u8", LIST },
        { STEM " (anna's conflicted copy 2026-01-01).m3u8", LIST },
        { STEM " Kopie.m3u8", LIST },
        { STEM "[1].m3u8", LIST },
        { STEM ".1.m3u8", LIST },
        { STEM "_20260101000000495_1.ts", TS },
        { STEM "_20260101000000495-2.ts", TS },
        { STEM "_20260101000000495.sync-conflict-20260101-000000-ABCDEFG.ts", TS },
        { STEM ".m3u8~", LIST },
        { STEM ".m3u8.~1~", LIST },
        { TS ".mp4", TS },
        { STEM ".m3u8@sign=a%2Fb&x=1", LIST },
        { "Copy of " LIST, LIST },
        { "0001_" TS, TS },
        { "calls_T-1_ha1_" TS, "ha1_" TS },
        { "1400000001_3560__UserId_s_Pj4 __UserId_e_main_video (copy).m3u8", PLUS },
        /* the time in the name of a segment is enough, in mixed recordings too */
        { STEM "_20260101000000495_copy.ts", TS },
        { STEM "_20260101000000495", TS },
        { STEM "_20260101000000495.mp2t", TS },
        { STEM "_20260101000000495.M2TS", TS },
        { TS "_1", TS },
        { TS "-2", TS },
        { TS "_sign=abc.def", TS },
        { LIST "_1", LIST },
        { LIST "_sign=abc", LIST },
        { MIXED "_20260101000000495.mts", MIXED "_20260101000000495.ts" },
        { "task1_" MIXED "_20260101000000495 (copy).ts", MIXED "_20260101000000495.ts" },
        { "task1_ha1_" MIXED "_20260101000000495.ts~", "ha1_" MIXED "_20260101000000495.ts" },
        { "14_Pj4 _20260101000000495 - Kopie.ts", "14_Pj4+_20260101000000495.ts" },
        { MIXED "_20260101000000495.sync-conflict-20260101-000000-ABCDEFG.ts",
          MIXED "_20260101000000495.ts" },
        /* a name within other text */
        { "\"" TS "\"", TS },
        { "<" TS ">", TS },
        { "\xef\xbb\xbf" TS "\xc2\xa0", TS },
        { TS " # the first", TS },
        { TS "/", TS },
        { TS ";jsessionid=1/2", TS },
        { "https://h/get?u=https%3A%2F%2Fh%2Fx.ts&n=" TS, TS },
        { "/download.php?file=" TS "&t=1", TS },
        { "1400000001_3560__UserId_s_Pj4%25252B__UserId_e_main_video.m3u8", PLUS },
        /* what is no recording's is not guessed at */
        { "my_14_1.m3u8", "my_14_1.m3u8" },
        { STEM "_20260101000000495_av.mp4", STEM "_20260101000000495_av.mp4" },
        { MIXED "_20260101000000495_av.mp4", MIXED "_20260101000000495_av.mp4" },
        { MIXED "_20260101000000495_av.partial.mp4", MIXED "_20260101000000495_av.partial.mp4" },
        { MIXED "_20260101000000495.jpg", MIXED "_20260101000000495.jpg" },
        { MIXED "_202601010000004951.ts", MIXED "_202601010000004951.ts" },
        { MIXED "_20261301000000495 (1)", MIXED "_20261301000000495 (1)" },
        { "/" MIXED "_20260101000000495/x.m3u8", "x.m3u8" },
        { "/" MIXED "_20260101000000495/14_1.m3u8", "14_1.m3u8" },
        { TS "x", TS "x" },
        { "\"14_1.m3u8\"", "\"14_1.m3u8\"" },
        { "clip (1).ts", "clip (1).ts" },
        { "clip - Copy.ts", "clip - Copy.ts" },
        { "a b.ts", "a b.ts" },
        { "x/a%20b.ts?c", "a b.ts" },
        { "index.m3u8.gz", "index.m3u8.gz" },
        { "\xe8\xa7\x86\xe9\xa2\x91 1.ts", "\xe8\xa7\x86\xe9\xa2\x91 1.ts" },
        { STEM " - Copy.mkv", STEM " - Copy.mkv" },
        { STEM "x(1).m3u8", STEM "x(1).m3u8" },
        { "100%.ts", "100%.ts" },
        { "a%0.ts", "a%0.ts" },
        { "a%zz%4.ts", "a%zz%4.ts" },
        { "a%00b.ts", "a%00b.ts" },
        { "%2500.ts", "%00.ts" },
        { ".ts", ".ts" },
        { "(1).ts", "(1).ts" },
        /* nothing */
        { "", NULL },
        { "a/", NULL },
        { "?a", NULL },
        { "%2f", NULL },
        { "\\", NULL },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++)
        check(t[i].in, t[i].want);
}

static void test_lengths(void **state)
{
    (void)state;
    char in[6000], got[TRTC_PLAIN_MAX];
    memset(in, 'a', sizeof in);
    assert_true(trtc_plain_name(in, TRTC_PLAIN_MAX - 1, got));
    assert_int_equal(strlen(got), TRTC_PLAIN_MAX - 1);
    assert_false(trtc_plain_name(in, TRTC_PLAIN_MAX, got));
    assert_false(trtc_plain_name(in, sizeof in, got));
    memset(in, '%', sizeof in);
    assert_false(trtc_plain_name(in, 4095, got));
    memcpy(in + 2000, "/x.ts", 5);
    assert_true(trtc_plain_name(in, 2005, got));
    assert_string_equal(got, "x.ts");
    assert_false(trtc_plain_name("a\0b.ts", 6, got));
    memset(in, 'a', sizeof in);
    memcpy(in, "https://h/" TS "?token=", sizeof "https://h/" TS "?token=" - 1);
    assert_true(trtc_plain_name(in, sizeof in, got));
    assert_string_equal(got, TS);
}

static void test_playlists(void **state)
{
    (void)state;
    assert_true(trtc_is_playlist_name("a/b.m3u8"));
    assert_true(trtc_is_playlist_name("B.M3U"));
    assert_false(trtc_is_playlist_name("m3u8"));
    assert_false(trtc_is_playlist_name("a.m3u8.ts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_playlists),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
