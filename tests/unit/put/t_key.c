/* SPDX-License-Identifier: MIT */
/* Keys from paths, and what playlists name, as tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "put/key.h"
#include "put/named.h"

static void keys(void **state)
{
    static const struct {
        const char *root, *prefix, *path, *want; /* want NULL: refused */
    } t[] = {
        { NULL, NULL, "a.ts", "a.ts" },
        { NULL, NULL, "./a//b/./c.ts", "a/b/c.ts" },
        { NULL, NULL, "-x", "-x" },
        { NULL, NULL, "a +=%?#&\xc3\xa9\xff", "a +=%?#&\xc3\xa9\xff" },
        { NULL, "p", "a.ts", "p/a.ts" },
        { NULL, "p/", "a.ts", "p/a.ts" },
        { NULL, "p//", "a.ts", "p//a.ts" },
        { NULL, NULL, "/home/me/rec/a.ts", "rec/a.ts" },
        { NULL, NULL, "/home/men/a.ts", NULL },
        { NULL, NULL, "/etc/passwd", NULL },
        { NULL, NULL, "../a.ts", NULL },
        { NULL, NULL, "a/../../b.ts", NULL },
        { NULL, NULL, "a/../b.ts", NULL },
        { NULL, NULL, ".", NULL },
        { NULL, NULL, "", NULL },
        { "rec", NULL, "rec/a.ts", "a.ts" },
        { "rec/", "p", "./rec//x/a.ts", "p/x/a.ts" },
        { "rec", NULL, "record/a.ts", NULL },
        { "rec", NULL, "rec/../a.ts", NULL },
        { "rec", NULL, "rec", NULL },
        { "../rec", NULL, "../rec/a.ts", "a.ts" },
        { "../rec", NULL, "/home/rec/a.ts", "a.ts" },
        { "/home/me/rec", NULL, "rec/a.ts", "a.ts" },
        { "/home/me/rec", NULL, "../me/rec/a.ts", "a.ts" },
        { "/home/me/rec", NULL, "../rec/a.ts", NULL },
        { "/", NULL, "/etc/passwd", "etc/passwd" },
        { "/", NULL, "a", "home/me/a" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const struct trtc_put_names names = { t[i].root, "/home/me", t[i].prefix };
        struct trtc_err err = { 0 };
        char *key = trtc_put_key(&names, t[i].path, &err);
        if (!t[i].want) {
            assert_null(key);
            assert_int_equal(err.code, TRTC_EX_DATAERR);
        } else {
            assert_non_null(key);
            assert_string_equal(key, t[i].want);
        }
        free(key);
    }
}

static void prefixes(void **state)
{
    static const struct {
        const char *prefix, *part, *want;
    } t[] = {
        { NULL, "a", "a" },      { "a", "b", "a/b" },
        { "a/", "b", "a/b" },    { "a", "b//c", "a/b//c" },
        { "a", "", NULL },       { "a", "..", NULL },
        { "a", "b/./c", NULL },  { "a", "b/../c", NULL },
        { "a", "...", "a/..." }, { "a", "-mm+=.", "a/-mm+=." },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        char *got = trtc_put_prefix("--prefix", t[i].prefix, t[i].part, &err);
        assert_int_equal(got != NULL, t[i].want != NULL);
        if (got)
            assert_string_equal(got, t[i].want);
        else
            assert_int_equal(err.code, TRTC_EX_USAGE);
        free(got);
    }
}

static void kinds(void **state)
{
    (void)state;
    assert_string_equal(trtc_put_mime("x.ts"), "video/mp2t");
    assert_string_equal(trtc_put_mime("x.m3u8"), "application/vnd.apple.mpegurl");
    assert_null(trtc_put_mime("x"));
}

static void playlists(void **state)
{
    static const struct {
        const char *text, *want; /* names, each with a '|' behind it */
        bool ended;
    } t[] = {
        { "", "", false },
        { "#EXTM3U\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb c.ts\n#EXT-X-ENDLIST\n", "a.ts|b c.ts|", true },
        { "#EXTM3U\r\na.ts\r\n\r\nx/b.ts", "a.ts|x/b.ts|", false },
        { "\xef\xbb\xbf#EXTM3U\n \xef\xbb\xbf x.ts\n#ext-x-endlist", "x.ts|", true },
        { "a.ts\na.ts\nb.ts\na.ts\n", "a.ts|b.ts|a.ts|", false },
        { "http://h/a.ts\nHTTPS://h/b.ts\ndata:x\n/abs.ts\n../up.ts\nx/../../y.ts\n..\n", "",
          false },
        { "12:30.ts\n..a.ts\na..ts\n", "12:30.ts|..a.ts|a..ts|", false },
        { "a.ts?sign=x/../y#z\n", "", false },
        { "a.ts?sign=x\n", "a.ts?sign=x|", false },
        { "#EXT-X-MAP:URI=\"init.mp4\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\ns.m4s\n",
          "init.mp4|k|s.m4s|", false },
        { "#EXT-X-KEY:METHOD=NONE\n#EXT-X-KEY:URI=\"open\nXURI=\"no\"\n", "XURI=\"no\"|", false },
        { "#EXT-X-MEDIA:TYPE=AUDIO,URI=\"au.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n",
          "au.m3u8|v.m3u8|", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_names names = { 0 };
        struct trtc_err err;
        char got[256] = "";
        bool ended;
        assert_int_equal(trtc_put_named(t[i].text, strlen(t[i].text), &names, &ended, &err), 0);
        for (size_t k = 0; k < names.n; k++) {
            strncat(got, names.v[k], 64);
            strncat(got, "|", 2);
        }
        assert_string_equal(got, t[i].want);
        assert_int_equal(ended, t[i].ended);
        trtc_names_fini(&names);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(prefixes),
        cmocka_unit_test(kinds),
        cmocka_unit_test(playlists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
