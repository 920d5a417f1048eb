/* SPDX-License-Identifier: MIT */
/* playlist/playlist_load and playlist/dir_index: playlists in the encodings in which tools save them, and the
 * files that their lines mean. */
#define _DEFAULT_SOURCE /* mkdtemp, symlink */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "playlist/dir_index.h"
#include "playlist/playlist_load.h"
#include "unit/scratch.h"

static const char plain[] =
    "#EXTM3U\n#EXT-X-TRTC-USER-ID:\xe8\x80\x81\xf0\x9f\x98\x80\n#EXTINF:1,\na.ts\n";

/* ---- conversions ---- */

static size_t zip(const char *s, size_t n, char *out, size_t size)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)s,
                   .avail_in = (uInt)n,
                   .next_out = (Bytef *)out,
                   .avail_out = (uInt)size };
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n = size - z.avail_out;
    deflateEnd(&z);
    return n;
}

/* The text above in UTF-16. */
static size_t to_utf16(bool big, bool mark, char *out)
{
    static const unsigned odd[] = { 0x8001, 0xd83d, 0xde00 };
    char *q = out;
    unsigned units[128];
    size_t n = 0;
    if (mark)
        units[n++] = 0xfeff;
    for (const char *s = plain; *s; s++) {
        if (*s == '\xe8') {
            for (int i = 0; i < 3; i++)
                units[n++] = odd[i];
            s += 6;
        } else {
            units[n++] = (unsigned char)*s;
        }
    }
    for (size_t i = 0; i < n; i++) {
        *q++ = (char)(big ? units[i] >> 8 : units[i]);
        *q++ = (char)(big ? units[i] : units[i] >> 8);
    }
    return (size_t)(q - out);
}

static int convert(const char *s, size_t n, char **text, int64_t *size, struct trtc_err *err)
{
    *text = malloc(n + 1);
    assert_non_null(*text);
    memcpy(*text, s, n);
    *size = (int64_t)n;
    return trtc_playlist_text(text, size, err);
}

static void check(const char *s, size_t n, const char *want, size_t nb)
{
    char *text;
    int64_t size;
    struct trtc_err err = { 0 };
    if (convert(s, n, &text, &size, &err) < 0)
        fail_msg("%s", err.msg);
    assert_int_equal(size, nb);
    assert_memory_equal(text, want, nb);
    text[size] = '\0'; /* there is room for it */
    free(text);
}

static void test_conversions(void **state)
{
    (void)state;
    char a[1024], b[1024];
    const size_t nb = sizeof plain - 1;
    check(plain, nb, plain, nb);
    check("", 0, "", 0);
    check("\x1f", 1, "\x1f", 1);
    size_t n = zip(plain, nb, a, sizeof a);
    check(a, n, plain, nb);
    size_t two = zip(a, n, b, sizeof b); /* as a server and a tool do together */
    check(b, two, plain, nb);
    /* members one after the other, and what a disk's block may hold behind them */
    n = zip(plain, 20, a, sizeof a);
    n += zip(plain + 20, nb - 20, a + n, sizeof a - n);
    memset(a + n, 0, 100);
    check(a, n + 100, plain, nb);
    for (int big = 0; big < 2; big++) {
        n = to_utf16(big, true, a);
        memcpy(b, "\xef\xbb\xbf", 3);
        memcpy(b + 3, plain, nb);
        check(a, n, b, nb + 3);
        n = to_utf16(big, false, a);
        check(a, n, plain, nb);
        n = zip(a, n, b, sizeof b);
        check(b, n, plain, nb);
        /* halves of pairs, and of units */
        n = to_utf16(big, false, a);
        a[n] = (char)(big ? 0xd8 : 0);
        a[n + 1] = (char)(big ? 0 : 0xd8);
        a[n + 2] = 'x';
        memcpy(b, plain, nb);
        memcpy(b + nb, "\xef\xbf\xbd", 3);
        check(a, n + 3, b, nb + 3);
    }
    check("#EXTM3U\ra.ts\r", 13, "#EXTM3U\na.ts\n", 13);
    check("#EXTM3U\ra.ts\n", 13, "#EXTM3U\na.ts\n", 13);
    check("#EXTM3U\r\r\na.ts\r", 15, "#EXTM3U\r\r\na.ts\n", 15);
    check("#EXTM3U\na.ts\n\x1a\0\0", 16, "#EXTM3U\na.ts\n", 13);
    check("\0\0\0", 3, "", 0);
    check("\xff\xfe\0\0#\0\0\0", 8, "\xff\xfe\0\0#", 5); /* UTF-32 */
}

static void test_damage(void **state)
{
    (void)state;
    char a[1024];
    char *text;
    int64_t size;
    struct trtc_err err;
    const size_t n = zip(plain, sizeof plain - 1, a, sizeof a);
    for (size_t k = 3; k < n; k++) {
        assert_int_equal(convert(a, k, &text, &size, &err), -1);
        assert_string_equal(err.msg, "compressed with gzip, and cut");
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        free(text);
    }
    a[n / 2] ^= 0x55;
    assert_int_equal(convert(a, n, &text, &size, &err), -1);
    assert_memory_equal(err.msg, "compressed with gzip, and ", 26);
    free(text);
}

/* A few bytes that would be gigabytes. */
static void test_bomb(void **state)
{
    (void)state;
    const size_t nb = 64 << 20;
    char *zeros = calloc(1, nb), *a = malloc(nb), *text;
    int64_t size;
    struct trtc_err err;
    assert_true(zeros && a);
    size_t n = 0;
    for (int i = 0; i < 5; i++)
        n += zip(zeros, nb, a + n, nb - n);
    assert_int_equal(convert(a, n, &text, &size, &err), -1);
    assert_string_equal(err.msg, "compressed with gzip, and larger than 268435456 bytes");
    free(text);
    free(zeros);
    free(a);
}

/* ---- files ---- */

#define STEM  "1400000001_3560__UserId_s_Pj4+__UserId_e_main_video_20260101000000495"
#define EMPTY "1400000001_3560__UserId_s_Pj4+__UserId_e_main_video_20260101000010495"

static int enter(void **state)
{
    (void)state;
    return scratch_enter("t_playlist_load");
}

static void test_load(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } t[] = {
        { "", "not a playlist: the first line is not #EXTM3U; it is empty" },
        { "<!DOCTYPE html><html>",
          "not a playlist: the first line is not #EXTM3U; it is an HTML page" },
        { "<?xml version='1.0'?><Error>",
          "not a playlist: the first line is not #EXTM3U; it is an XML document" },
        { "\xfd"
          "7zXZ",
          "not a playlist: the first line is not #EXTM3U" },
        { "BZh91AY", "not a playlist: the first line is not #EXTM3U; it is compressed with bzip2" },
        { "hello", "not a playlist: the first line is not #EXTM3U" },
        { "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n",
          "a master playlist: it lists playlists, not segments" },
    };
    struct trtc_playlist p;
    struct trtc_err err;
    int64_t bytes;
    int fd = open(".", O_RDONLY | O_DIRECTORY);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        scratch_put("list", t[i].text, strlen(t[i].text));
        assert_int_equal(trtc_playlist_load(fd, "list", &p, &bytes, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_string_equal(err.msg, t[i].why);
        assert_int_equal(bytes, strlen(t[i].text));
        trtc_playlist_fini(&p);
    }
    assert_int_equal(trtc_playlist_load(fd, "nothing", &p, NULL, &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    trtc_playlist_fini(&p);
    char a[256] = { 0 };
    scratch_put("list", a, zip(plain, sizeof plain - 1, a, sizeof a));
    assert_int_equal(trtc_playlist_load(fd, "list", &p, NULL, &err), 0);
    assert_int_equal(p.nb_segs, 1);
    assert_string_equal(p.segs[0].uri, "a.ts");
    trtc_playlist_fini(&p);
    close(fd);
}

static void find(struct trtc_dir_index *d, const char *uri, int64_t want, const char *name)
{
    struct trtc_dir_found found;
    struct trtc_err err = { 0 };
    const int ret = trtc_dir_find(d, uri, want, &found, &err);
    if (ret != (name ? 0 : -1) || (name && strcmp(found.name, name) != 0))
        fail_msg("'%s': %d '%s' %s", uri, ret, ret ? "" : found.name, err.msg);
}

static void test_find(void **state)
{
    (void)state;
    struct trtc_dir_index d = { 0 };
    assert_int_equal(system("mkdir -p d/sub"), 0);
    scratch_put("out.ts", "out", 3);
    scratch_put("d/a.ts", "1", 1);
    scratch_put("d/sub/b.ts", "22", 2);
    scratch_put("d/" STEM " (1).ts", "333", 3);
    scratch_put("d/" STEM " (2).ts", "4444", 4);
    scratch_put("d/x y.ts", "5", 1);
    assert_int_equal(system("mkdir -p d/h/sub"), 0);
    scratch_put("d/h/sub/c.ts?a=%2f", "6", 1);
    scratch_put("d/e.ts", "", 0);
    scratch_put("d/" EMPTY ".ts", "", 0);
    scratch_put("d/" EMPTY ".ts.1", "7", 1);
    assert_int_equal(symlink("../out.ts", "d/link.ts"), 0);
    assert_int_equal(symlink("a.ts", "d/in.ts"), 0);
    d.fd = open("d", O_RDONLY | O_DIRECTORY);
    find(&d, "a.ts", -1, "a.ts");
    find(&d, "sub/b.ts", -1, "sub/b.ts");
    find(&d, "in.ts", -1, "in.ts");
    assert_false(d.read); /* all of them are there as they are named */
    find(&d, "https://h/p/a.ts?sign=1", -1, "a.ts");
    find(&d, "C:\\rec\\a.ts", -1, "a.ts");
    find(&d, "../a.ts", -1, "a.ts");
    find(&d, "/d/in.ts", -1, "in.ts");
    find(&d, "x%20y.ts", -1, "x y.ts");
    find(&d, STEM ".ts", -1, STEM " (1).ts");
    find(&d, STEM ".ts", 3, STEM " (1).ts");
    find(&d, STEM ".ts", 4, STEM " (2).ts");
    find(&d, STEM ".ts", 5, STEM " (1).ts");
    trtc_dir_index_fini(&d);
    scratch_put("d/" STEM ".ts", "55555", 5);
    find(&d, STEM " (7).ts", -1, STEM ".ts");
    find(&d, "/x/" STEM ".ts", 3, STEM " (1).ts");
    find(&d, "b.ts", -1, NULL); /* below it, but that is not said */
    find(&d, "./s%75b/b.ts?sign=1", -1, "./sub/b.ts");
    find(&d, "sub\\b.ts", -1, "sub/b.ts");
    find(&d, "sub/%2e%2E/sub/b.ts", -1, "sub/b.ts");
    find(&d, "https://h/rec/sub/b.ts?sign=1/2", -1, "sub/b.ts");
    find(&d, "../../sub/b.ts", -1, "sub/b.ts");
    find(&d, "D:\\rec\\sub\\b.ts", -1, "sub/b.ts");
    find(&d, "//h//sub//b.ts", -1, "sub//b.ts");
    find(&d, "https://h/sub/c.ts?a=%2f", -1, "h/sub/c.ts?a=%2f"); /* as wget -x leaves it */
    /* one that was broken off, or is empty, and a later one */
    find(&d, STEM ".ts", 4, STEM " (2).ts");
    find(&d, STEM ".ts", 5, STEM ".ts");
    find(&d, STEM ".ts", 6, STEM ".ts");
    find(&d, "e.ts", -1, "e.ts");
    find(&d, EMPTY ".ts", -1, EMPTY ".ts.1");
    find(&d, EMPTY ".ts", 9, EMPTY ".ts.1");
    find(&d, "/x/" EMPTY ".ts", -1, EMPTY ".ts.1");
    find(&d, "A.TS", -1, NULL);
    find(&d, "../out.ts", -1, NULL);
    find(&d, "/x/link.ts", -1, NULL);
    find(&d, "/x/sub", -1, NULL);
    find(&d, "..", -1, NULL);
    find(&d, "/", -1, NULL);
    find(&d, "..%2f..%2fetc%2fpasswd", -1, NULL);
    find(&d, "", -1, NULL);
    close(d.fd);
    trtc_dir_index_fini(&d);
}

#define OWNER "1_2__UserId_s_"
#define TAIL  "__UserId_e_main_audio_20260101000000000"

/* The files of users after a tool has put names in one case, and made '_' of '+'. */
static void test_any_case(void **state)
{
    (void)state;
    struct trtc_dir_index d = { .any_case = true };
    assert_int_equal(system("mkdir -p case"), 0);
    scratch_put("case/1_2__userid_s_yq..__userid_e_main_audio_20260101000000000.ts", "1", 1);
    scratch_put("case/1_2__USERID_S_YW..__USERID_E_MAIN_AUDIO_20260101000000000.TS", "1", 1);
    scratch_put("case/" OWNER "Pj4_" TAIL ".ts", "1", 1);
    scratch_put("case/" OWNER "YQ.." TAIL ".ts.txt", "1", 1);
    scratch_put("case/1_2__userid_s_zg..__userid_e_main_audio_20260101000000000.ts", "1", 1);
    scratch_put("case/1_2__USERID_S_ZG..__USERID_E_MAIN_AUDIO_20260101000000000.TS", "1", 1);
    assert_int_equal(symlink("../out.ts", "case/1_2__userid_s_za..__userid_e_main_audio_"
                                          "20260101000000000.ts"),
                     0);
    d.fd = open("case", O_RDONLY | O_DIRECTORY);
    find(&d, OWNER "YQ.." TAIL ".ts", -1, OWNER "YQ.." TAIL ".ts.txt"); /* its own name first */
    find(&d, OWNER "yQ.." TAIL ".ts", -1,
         "1_2__userid_s_yq..__userid_e_main_audio_20260101000000000.ts");
    find(&d, "http://h/" OWNER "Yw.." TAIL ".ts?a=b", -1,
         "1_2__USERID_S_YW..__USERID_E_MAIN_AUDIO_20260101000000000.TS");
    find(&d, OWNER "Pj4+" TAIL ".ts", -1, OWNER "Pj4_" TAIL ".ts");
    find(&d, OWNER "Zg.." TAIL ".ts", -1, NULL); /* two */
    find(&d, OWNER "ZA.." TAIL ".ts", -1, NULL); /* out of the directory */
    find(&d,
         OWNER "YQ.."
               "__UserId_e_main_audio_20260101000000001.ts",
         -1, NULL);
    trtc_dir_index_fini(&d);
    d.any_case = false;
    find(&d, OWNER "Yw.." TAIL ".ts", -1, NULL);
    close(d.fd);
    trtc_dir_index_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_bomb),        cmocka_unit_test(test_load),
        cmocka_unit_test(test_find),        cmocka_unit_test(test_any_case),
    };
    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
