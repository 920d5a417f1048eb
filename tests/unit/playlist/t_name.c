/* SPDX-License-Identifier: MIT */
/* File names: all forms both ways, the column of every fault, the parts that make no name, and 10^6 random
 * names that must survive the way through their parts byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/b64.h"
#include "playlist/name.h"
#include "playlist/namejson.h"

#define U      "__UserId_s_"
#define E      "__UserId_e_"
#define UTC    "20260120113022495"
#define UTC_MS INT64_C(1768908622495)

static struct trtc_span span(const char *s)
{
    return (struct trtc_span){ s, s ? strlen(s) : 0 };
}

static bool same(struct trtc_span a, struct trtc_span b)
{
    return !a.p == !b.p && a.n == b.n && memcmp(a.p ? a.p : "", b.p ? b.p : "", a.n) == 0;
}

struct form {
    const char *s, *prefix, *task;
    int ha;
    int64_t sdkappid;
    const char *room, *user;
    enum trtc_media media;
    enum trtc_kind type;
    int64_t utc_ms, index;
    enum trtc_ext ext;
};

static const struct form forms[] = {
    /* The ten of the specification. */
    { "P/T/1400000001_3560" U "MTAwMDE." E "main_audio.m3u8", "P", "T", 0, 1400000001, "3560",
      "MTAwMDE.", TRTC_MEDIA_MAIN, TRTC_AUDIO, TRTC_NOTIME, 0, TRTC_EXT_M3U8 },
    { "P/T/1400000001_3560" U "MTAwMDE." E "main_video_" UTC ".ts", "P", "T", 0, 1400000001, "3560",
      "MTAwMDE.", TRTC_MEDIA_MAIN, TRTC_VIDEO, UTC_MS, 0, TRTC_EXT_TS },
    { "P/T/1400000001_3560" U "MTAwMDE." E "aux_1.mp4", "P", "T", 0, 1400000001, "3560", "MTAwMDE.",
      TRTC_MEDIA_AUX, TRTC_NO_KIND, TRTC_NOTIME, 1, TRTC_EXT_MP4 },
    { "P/T/1400000001_3560.m3u8", "P", "T", 0, 1400000001, "3560", NULL, TRTC_MEDIA_NONE,
      TRTC_NO_KIND, TRTC_NOTIME, 0, TRTC_EXT_M3U8 },
    { "P/T/1400000001_3560_" UTC ".ts", "P", "T", 0, 1400000001, "3560", NULL, TRTC_MEDIA_NONE,
      TRTC_NO_KIND, UTC_MS, 0, TRTC_EXT_TS },
    { "P/T/1400000001_3560_12.mp4", "P", "T", 0, 1400000001, "3560", NULL, TRTC_MEDIA_NONE,
      TRTC_NO_KIND, TRTC_NOTIME, 12, TRTC_EXT_MP4 },
    { "T/ha1_1400000001_3560" U "MTAwMDE." E "aux_video.m3u8", NULL, "T", 1, 1400000001, "3560",
      "MTAwMDE.", TRTC_MEDIA_AUX, TRTC_VIDEO, TRTC_NOTIME, 0, TRTC_EXT_M3U8 },
    { "T/ha2_1400000001_3560" U "MTAwMDE." E "main_audio_" UTC ".ts", NULL, "T", 2, 1400000001,
      "3560", "MTAwMDE.", TRTC_MEDIA_MAIN, TRTC_AUDIO, UTC_MS, 0, TRTC_EXT_TS },
    { "ha3_1400000001_3560.m3u8", NULL, NULL, 3, 1400000001, "3560", NULL, TRTC_MEDIA_NONE,
      TRTC_NO_KIND, TRTC_NOTIME, 0, TRTC_EXT_M3U8 },
    { "ha3_1400000001_3560_" UTC ".ts", NULL, NULL, 3, 1400000001, "3560", NULL, TRTC_MEDIA_NONE,
      TRTC_NO_KIND, UTC_MS, 0, TRTC_EXT_TS },
    /* Those of real recordings besides. */
    { "1400000001_3560" U "MTAwMDE." E "main.mp4", NULL, NULL, 0, 1400000001, "3560", "MTAwMDE.",
      TRTC_MEDIA_MAIN, TRTC_NO_KIND, TRTC_NOTIME, 0, TRTC_EXT_MP4 },
    { "1400000001_3560.mp4", NULL, NULL, 0, 1400000001, "3560", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND,
      TRTC_NOTIME, 0, TRTC_EXT_MP4 },
    { "1400000001_3560" U "MTAwMDE." E "main_audio_2.m3u8", NULL, NULL, 0, 1400000001, "3560",
      "MTAwMDE.", TRTC_MEDIA_MAIN, TRTC_AUDIO, TRTC_NOTIME, 2, TRTC_EXT_M3U8 },
    { "1400000001_3560_2.m3u8", NULL, NULL, 0, 1400000001, "3560", NULL, TRTC_MEDIA_NONE,
      TRTC_NO_KIND, TRTC_NOTIME, 2, TRTC_EXT_M3U8 },
    /* Edges. */
    { "0_1" U E "main.mp4", NULL, NULL, 0, 0, "1", "", TRTC_MEDIA_MAIN, TRTC_NO_KIND, TRTC_NOTIME,
      0, TRTC_EXT_MP4 },
    { "4294967295_4294967295_9007199254740991.mp4", NULL, NULL, 0, 4294967295, "4294967295", NULL,
      TRTC_MEDIA_NONE, TRTC_NO_KIND, TRTC_NOTIME, INT64_C(9007199254740991), TRTC_EXT_MP4 },
    { "1_MTIz.m3u8", NULL, NULL, 0, 1, "MTIz", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND, TRTC_NOTIME, 0,
      TRTC_EXT_M3U8 },
    { "1_MTAwMDE..m3u8", NULL, NULL, 0, 1, "MTAwMDE.", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND,
      TRTC_NOTIME, 0, TRTC_EXT_M3U8 },
    { "1_0000_19700101000000000.ts", NULL, NULL, 0, 1, "0000", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND,
      0, 0, TRTC_EXT_TS },
    { "1_123456789012_99991231235959999.ts", NULL, NULL, 0, 1, "123456789012", NULL,
      TRTC_MEDIA_NONE, TRTC_NO_KIND, INT64_C(253402300799999), 0, TRTC_EXT_TS },
    /* Directories stay as they are. */
    { "./1_1.mp4", NULL, ".", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND, TRTC_NOTIME, 0,
      TRTC_EXT_MP4 },
    { "/1_1.mp4", NULL, "", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND, TRTC_NOTIME, 0,
      TRTC_EXT_MP4 },
    { "/T/1_1.mp4", "", "T", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND, TRTC_NOTIME, 0,
      TRTC_EXT_MP4 },
    { "//T/1_1.mp4", "/", "T", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND, TRTC_NOTIME, 0,
      TRTC_EXT_MP4 },
    { "./a//../b//1_1.mp4", "./a//../b", "", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND,
      TRTC_NOTIME, 0, TRTC_EXT_MP4 },
    { "a/-mmzi-+Q../1_1.mp4", "a", "-mmzi-+Q..", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND,
      TRTC_NOTIME, 0, TRTC_EXT_MP4 },
    { "a" U "b/x_y.ts/1_1.mp4", "a" U "b", "x_y.ts", 0, 1, "1", NULL, TRTC_MEDIA_NONE, TRTC_NO_KIND,
      TRTC_NOTIME, 0, TRTC_EXT_MP4 },
};

static void forms_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *f = &forms[i];
        struct trtc_err err = { 0 };
        struct trtc_name n;
        char out[512];
        size_t len = 0;
        if (trtc_name_parse(f->s, strlen(f->s), TRTC_ROOM_AUTO, &n, NULL, &err) < 0)
            fail_msg("%s", err.msg);
        if (!same(n.prefix, span(f->prefix)) || !same(n.task, span(f->task)) || n.ha != f->ha ||
            n.sdkappid != f->sdkappid || !same(n.room, span(f->room)) ||
            !same(n.user, span(f->user)) || n.media != f->media || n.type != f->type ||
            n.utc_ms != f->utc_ms || n.index != f->index || n.ext != f->ext)
            fail_msg("'%s': parts differ", f->s);
        assert_int_equal(!n.utc.p, n.utc_ms == TRTC_NOTIME);
        /* The writer, from the table's own parts. */
        const struct trtc_name parts = { .prefix = span(f->prefix),
                                         .task = span(f->task),
                                         .ha = f->ha,
                                         .sdkappid = f->sdkappid,
                                         .room = span(f->room),
                                         .user = span(f->user),
                                         .media = f->media,
                                         .type = f->type,
                                         .utc_ms = f->utc_ms,
                                         .index = f->index,
                                         .ext = f->ext };
        if (trtc_name_format(&parts, out, sizeof out, &len, &err) < 0)
            fail_msg("'%s': %s", f->s, err.msg);
        assert_string_equal(out, f->s);
        assert_int_equal(len, strlen(f->s));
    }
}

static void columns(void **state)
{
    static const struct {
        const char *s;
        enum trtc_room_type room_type;
        size_t column;
        const char *why;
    } t[] = {
        { "", TRTC_ROOM_AUTO, 1, "empty" },
        { "/", TRTC_ROOM_AUTO, 2, "SdkAppId" },
        { "a/b/", TRTC_ROOM_AUTO, 5, "SdkAppId" },
        { ".ts", TRTC_ROOM_AUTO, 1, "SdkAppId" },
        { "readme.txt", TRTC_ROOM_AUTO, 1, "SdkAppId" },
        { "a/b/readme.txt", TRTC_ROOM_AUTO, 5, "SdkAppId" },
        { "-1_1.mp4", TRTC_ROOM_AUTO, 1, "SdkAppId" },
        { "01_1.mp4", TRTC_ROOM_AUTO, 2, "leading zero" },
        { "4294967296_1.mp4", TRTC_ROOM_AUTO, 10, "SdkAppId" },
        { "1", TRTC_ROOM_AUTO, 2, "the room" },
        { "1.mp4", TRTC_ROOM_AUTO, 2, "the room" },
        { "1-1.mp4", TRTC_ROOM_AUTO, 2, "the room" },
        { "1_.mp4", TRTC_ROOM_AUTO, 3, "missing" },
        { "1__1.mp4", TRTC_ROOM_AUTO, 3, "missing" },
        { "1_1", TRTC_ROOM_AUTO, 4, ".m3u8" },
        { "1_1.mkv", TRTC_ROOM_AUTO, 4, ".m3u8" },
        { "1_1.MP4", TRTC_ROOM_AUTO, 4, ".m3u8" },
        { "1_1.mp4\r", TRTC_ROOM_AUTO, 4, ".m3u8" },
        { "1_1.mp4.part", TRTC_ROOM_AUTO, 4, "room" },
        { "1_1_x.mkv", TRTC_ROOM_AUTO, 5, "end" },
        { "1_0.mp4", TRTC_ROOM_AUTO, 4, "room" },
        { "1_007.mp4", TRTC_ROOM_AUTO, 6, "room" },
        { "1_4294967296.mp4", TRTC_ROOM_AUTO, 13, "room" },
        { "1_0.mp4", TRTC_ROOM_INT, 3, "room number" },
        { "1_4294967296.mp4", TRTC_ROOM_INT, 12, "room number" },
        { "1_12a.mp4", TRTC_ROOM_INT, 5, "room number" },
        { "1_MTIz.mp4", TRTC_ROOM_INT, 3, "room number" },
        { "1_123.mp4", TRTC_ROOM_STRING, 6, "Base64" },
        { "1_MTI=.mp4", TRTC_ROOM_STRING, 6, "Base64" },
        { "1_MTJ..mp4", TRTC_ROOM_AUTO, 5, "Base64" },
        { "1_MQ...ts.mp4", TRTC_ROOM_AUTO, 7, "room" },
        { "ha_1_1.m3u8", TRTC_ROOM_AUTO, 3, "ha1_" },
        { "ha0_1_1.m3u8", TRTC_ROOM_AUTO, 3, "ha1_" },
        { "ha4_1_1.m3u8", TRTC_ROOM_AUTO, 3, "ha1_" },
        { "ha11_1_1.m3u8", TRTC_ROOM_AUTO, 4, "_" },
        { "hb1_1_1.m3u8", TRTC_ROOM_AUTO, 2, "ha1_" },
        { "HA1_1_1.m3u8", TRTC_ROOM_AUTO, 1, "SdkAppId" },
        { "ha1_ha1_1_1.m3u8", TRTC_ROOM_AUTO, 5, "SdkAppId" },
        { "T/ha1_1_1.mp4", TRTC_ROOM_AUTO, 3, "no recovered" },
        { "ha1_1_1_1.mp4", TRTC_ROOM_AUTO, 1, "no recovered" },
        { "ha1_1_1" U "MQ.." E "main_1.mp4", TRTC_ROOM_AUTO, 1, "no recovered" },
        { "1_1_UserId_s_MQ.._UserId_e_main.mp4", TRTC_ROOM_AUTO, 5, "index" },
        { "1_1__userId_s_MQ.." E "main.mp4", TRTC_ROOM_AUTO, 6, U },
        { "1_1__UserId_x", TRTC_ROOM_AUTO, 13, U },
        { "1_1" U ".mp4", TRTC_ROOM_AUTO, 15, E },
        { "1_1" U "MQ==" E "main.mp4", TRTC_ROOM_AUTO, 17, "user" },
        { "1_1" U "MQ/" E "main.mp4", TRTC_ROOM_AUTO, 18,
          "SdkAppId" }, /* a directory, then "__UserId_e_main" */
        { "1_1" U "MR.." E "main.mp4", TRTC_ROOM_AUTO, 16, "user" },
        { "1_1" U "MQ." E "main.mp4", TRTC_ROOM_AUTO, 18, "user" },
        { "1_1" U "MQ.."
          "__UserId_f_main.mp4",
          TRTC_ROOM_AUTO, 28, E },
        { "1_1" U "MQ.." E ".mp4", TRTC_ROOM_AUTO, 30, "main or aux" },
        { "1_1" U "MQ.." E "mainly.mp4", TRTC_ROOM_AUTO, 30, "main or aux" },
        { "1_1" U "MQ.." E "main_audio.mp4", TRTC_ROOM_AUTO, 34, "MP4" },
        { "1_1" U "MQ.." E "main_audio_1.mp4", TRTC_ROOM_AUTO, 34, "MP4" },
        { "1_1" U "MQ.." E "main.m3u8", TRTC_ROOM_AUTO, 34, "_audio or _video" },
        { "1_1" U "MQ.." E "main_2.m3u8", TRTC_ROOM_AUTO, 34, "_audio or _video" },
        { "1_1" U "MQ.." E "main_" UTC ".ts", TRTC_ROOM_AUTO, 34, "_audio or _video" },
        { "1_1" U "MQ.." E "main_sound.m3u8", TRTC_ROOM_AUTO, 35, "audio or video" },
        { "1_1" U "MQ.." E "main_audio_video.m3u8", TRTC_ROOM_AUTO, 41, "index" },
        { "1_1" U "MQ.." E "main_audio.ts", TRTC_ROOM_AUTO, 40, "UTC" },
        { "1_1.ts", TRTC_ROOM_AUTO, 4, "UTC" },
        { "1_1_.ts", TRTC_ROOM_AUTO, 5, "17 digits" },
        { "1_1_2026012011302249.ts", TRTC_ROOM_AUTO, 21, "17 digits" },
        { "1_1_202601201130224950.ts", TRTC_ROOM_AUTO, 22, "end" },
        { "1_1_2026012011302249x.ts", TRTC_ROOM_AUTO, 21, "17 digits" },
        { "1_1_20261320113022495.ts", TRTC_ROOM_AUTO, 5, "no such time" },
        { "1_1_" UTC "_1.ts", TRTC_ROOM_AUTO, 22, "end" },
        { "1_1_.mp4", TRTC_ROOM_AUTO, 5, "index" },
        { "1_1_0.mp4", TRTC_ROOM_AUTO, 5, "index" },
        { "1_1_01.mp4", TRTC_ROOM_AUTO, 5, "index" },
        { "1_1_9007199254740992.mp4", TRTC_ROOM_AUTO, 20, "index" },
        { "1_1_1_1.mp4", TRTC_ROOM_AUTO, 6, "end" },
        { "1_1_1 .mp4", TRTC_ROOM_AUTO, 6, "end" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        struct trtc_name n;
        size_t column = 0;
        char want[32];
        if (trtc_name_parse(t[i].s, strlen(t[i].s), t[i].room_type, &n, &column, &err) != -1)
            fail_msg("'%s' was accepted", t[i].s);
        if (column != t[i].column || !strstr(err.msg, t[i].why))
            fail_msg("'%s': column %zu: %s", t[i].s, column, err.msg);
        snprintf(want, sizeof want, ": column %zu: ", t[i].column);
        assert_non_null(strstr(err.msg, want));
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_int_equal(trtc_name_parse(t[i].s, strlen(t[i].s), t[i].room_type, &n, NULL, NULL),
                         -1);
    }
    struct trtc_name n;
    size_t column = 0;
    assert_int_equal(trtc_name_parse("a\0/1_1.mp4", 10, TRTC_ROOM_AUTO, &n, &column, NULL), -1);
    assert_int_equal(column, 2);
}

/* Every way to cut a good name short, and every byte of it replaced: refused, or another name that survives. */
static void damage(void **state)
{
    static const char bytes[] = "_.-/aA019h\n \x80=";
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t n = strlen(forms[i].s);
        for (size_t k = 0; k < n * sizeof bytes; k++) {
            size_t len = k % sizeof bytes == sizeof bytes - 1 ? k / sizeof bytes : n, column = 0;
            char *s = malloc(len ? len : 1),
                 out[512]; /* no longer than it is: a read beyond is seen */
            assert_non_null(s);
            memcpy(s, forms[i].s, len);
            if (k / sizeof bytes < len)
                s[k / sizeof bytes] = bytes[k % sizeof bytes];
            struct trtc_name name;
            if (trtc_name_parse(s, len, TRTC_ROOM_AUTO, &name, &column, NULL) < 0) {
                assert_true(column >= 1 && column <= len + 1);
            } else {
                size_t back;
                assert_int_equal(trtc_name_format(&name, out, sizeof out, &back, NULL), 0);
                assert_int_equal(back, len);
                assert_memory_equal(out, s, len);
            }
            free(s);
        }
    }
}

static void room_types(void **state)
{
    static const struct {
        const char *room;
        enum trtc_room_type type;
    } t[] = {
        { "1", TRTC_ROOM_INT },
        { "4294967295", TRTC_ROOM_INT },
        { "4294967296", TRTC_ROOM_STRING },
        { "0", TRTC_ROOM_STRING },
        { "01", TRTC_ROOM_STRING },
        { "1a", TRTC_ROOM_STRING },
        { "", TRTC_ROOM_STRING },
        { "99999999999999999999999", TRTC_ROOM_STRING },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        assert_int_equal(trtc_name_room_type(span(t[i].room)), t[i].type);

    struct trtc_name n;
    assert_int_equal(trtc_name_parse("1_1234.mp4", 10, TRTC_ROOM_STRING, &n, NULL, NULL), 0);
    char out[64];
    struct trtc_span room;
    struct trtc_err err;
    assert_int_equal(trtc_name_room("123", 3, TRTC_ROOM_AUTO, out, &room, NULL), 0);
    assert_true(same(room, span("123")));
    assert_int_equal(trtc_name_room("123", 3, TRTC_ROOM_STRING, out, &room, NULL), 0);
    assert_true(same(room, span("MTIz")));
    assert_int_equal(trtc_name_room("abc", 3, TRTC_ROOM_INT, out, &room, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
}

static void invalid_parts(void **state)
{
    const struct trtc_span one = span("1"), b64 = span("MQ..");
    const struct trtc_name ts = { .room = one, .utc_ms = UTC_MS, .ext = TRTC_EXT_TS };
    const struct trtc_name mp4 = { .room = one, .utc_ms = TRTC_NOTIME, .ext = TRTC_EXT_MP4 };
    struct trtc_name t[32];
    const char *why[32];
    size_t n = 0;
    (void)state;
#define WRONG(base, part, value, message) (t[n] = (base), t[n].part = (value), why[n++] = (message))
    WRONG(mp4, prefix, one, "prefix needs a task");
    WRONG(mp4, task, span("a/b"), "'/'");
    WRONG(mp4, task, ((struct trtc_span){ "a\0b", 3 }), "NUL");
    WRONG(mp4, ha, 1, "no recovered");
    WRONG(ts, ha, 4, "ha is not");
    WRONG(ts, ha, -1, "ha is not");
    WRONG(mp4, sdkappid, -1, "sdkappid");
    WRONG(mp4, sdkappid, INT64_C(4294967296), "sdkappid");
    WRONG(mp4, room, span(""), "room");
    WRONG(mp4, room, ((struct trtc_span){ NULL, 0 }), "room");
    WRONG(mp4, room, span("a_b"), "room");
    WRONG(mp4, media, TRTC_MEDIA_MAIN, "need a user");
    WRONG(mp4, type, TRTC_AUDIO, "need a user");
    WRONG(mp4, user, b64, "needs a media");
    WRONG(mp4, utc_ms, 0, "only a .ts");
    WRONG(mp4, index, -1, "index");
    WRONG(mp4, index, INT64_C(9007199254740992), "index");
    WRONG(ts, utc_ms, TRTC_NOTIME, "needs a utc");
    WRONG(ts, utc_ms, -1, "1970");
    WRONG(ts, utc_ms, INT64_C(253402300800000), "1970");
    WRONG(ts, index, 1, "no index");
    WRONG(mp4, user, span("M_"), "Base64");
    t[n - 1].media = TRTC_MEDIA_AUX;
    WRONG(mp4, user, b64, "no type");
    t[n - 1].media = TRTC_MEDIA_AUX;
    t[n - 1].type = TRTC_VIDEO;
    WRONG(ts, user, b64, "needs a type");
    t[n - 1].media = TRTC_MEDIA_AUX;
    for (size_t i = 0; i < n; i++) {
        struct trtc_err err = { 0 };
        char out[256] = "";
        assert_int_equal(trtc_name_format(&t[i], out, sizeof out, NULL, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        if (!strstr(err.msg, why[i]))
            fail_msg("%zu: %s", i, err.msg);
        assert_string_equal(out, "");
    }
    struct trtc_err err = { 0 };
    char small[20];
    assert_int_equal(trtc_name_format(&mp4, small, sizeof small, NULL, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
}

/* ---- random names ---- */

static uint64_t seed = 20260120;

static uint32_t rnd(uint32_t below)
{
    seed ^= seed << 13; /* xorshift64 */
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 32) % below);
}

/* An id of the unpleasant kind: empty, all 0xFF, with NULs, with the name's own words, long. */
static size_t random_id(unsigned char *out, size_t max)
{
    static const char *const words[] = { "__UserId_e_", "__UserId_s_",
                                         "_main_audio", "123",
                                         "/",           ".ts",
                                         "../",         "\xe8\x80\x81\xe5\xb8\x88",
                                         "user\t1\n",   "\"\\" };
    size_t n = 0;
    switch (rnd(8)) {
    case 0:
        return 0;
    case 1:
        n = 1 + rnd(32);
        memset(out, 0xff, n);
        return n;
    case 2:
        for (uint32_t k = 1 + rnd(3); k; k--) {
            const char *w = words[rnd(sizeof words / sizeof words[0])];
            memcpy(out + n, w, strlen(w));
            n += strlen(w);
        }
        return n;
    case 3:
        n = rnd(64) ? 1 + rnd(64) : 1 + rnd((uint32_t)max);
        break;
    default:
        n = 1 + rnd(20);
        for (size_t i = 0; i < n; i++)
            out[i] = (unsigned char)(' ' + rnd(95));
        return n;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)rnd(256);
    return n;
}

static struct trtc_span random_dir(char *out, bool task)
{
    if (rnd(2))
        return (struct trtc_span){ NULL, 0 };
    size_t n = rnd(12);
    for (size_t i = 0; i < n; i++) {
        uint32_t c = rnd(20);
        out[i] = c == 0 && !task ? '/' : c == 1 ? '.' : (char)(1 + rnd(255));
        if (out[i] == '/' && task)
            out[i] = '_';
    }
    return (struct trtc_span){ out, n };
}

struct sample {
    struct trtc_name name;
    unsigned char room[300], user[300];
    size_t room_n, user_n;
    bool room_is_int, single;
    char b64_room[512], b64_user[512], prefix[16], task[16];
};

static void random_sample(struct sample *x)
{
    struct trtc_name *n = &x->name;
    *n = (struct trtc_name){ .utc_ms = TRTC_NOTIME,
                             .ext = (enum trtc_ext)rnd(3),
                             .sdkappid = rnd(UINT32_MAX) };
    x->room_is_int = rnd(2);
    if (x->room_is_int) {
        x->room_n = (size_t)sprintf((char *)x->room, "%u", 1 + rnd(rnd(2) ? 100 : UINT32_MAX));
        memcpy(x->b64_room, x->room, x->room_n);
        n->room = (struct trtc_span){ x->b64_room, x->room_n };
    } else {
        do
            x->room_n = random_id(x->room, sizeof x->room);
        while (!x->room_n);
        n->room =
            (struct trtc_span){ x->b64_room, trtc_b64_encode(x->room, x->room_n, x->b64_room) };
    }
    x->single = rnd(4);
    if (x->single) {
        x->user_n = random_id(x->user, sizeof x->user);
        n->user =
            (struct trtc_span){ x->b64_user, trtc_b64_encode(x->user, x->user_n, x->b64_user) };
        n->media = rnd(2) ? TRTC_MEDIA_MAIN : TRTC_MEDIA_AUX;
        if (n->ext != TRTC_EXT_MP4)
            n->type = rnd(2) ? TRTC_AUDIO : TRTC_VIDEO;
    }
    if (n->ext == TRTC_EXT_TS)
        n->utc_ms = ((int64_t)rnd(UINT32_MAX) << 16 | rnd(65536)) % INT64_C(253402300800000);
    else
        n->index = rnd(2) ? rnd(10) : 0;
    if (n->ext != TRTC_EXT_MP4)
        n->ha = (int)rnd(4);
    n->task = random_dir(x->task, true);
    if (n->task.p)
        n->prefix = random_dir(x->prefix, false);
}

static void check_same(const struct sample *x, const struct trtc_name *n)
{
    unsigned char id[512];
    size_t len, bad;
    const struct trtc_name *w = &x->name;
    assert_true(same(n->prefix, w->prefix) && same(n->task, w->task) && same(n->room, w->room) &&
                same(n->user, w->user));
    assert_true(n->ha == w->ha && n->sdkappid == w->sdkappid && n->media == w->media &&
                n->type == w->type);
    assert_true(n->utc_ms == w->utc_ms && n->index == w->index && n->ext == w->ext);
    if (x->single) {
        assert_int_equal(trtc_b64_decode(n->user.p, n->user.n, id, &len, &bad), 0);
        assert_true(len == x->user_n && memcmp(id, x->user, len) == 0);
    }
    if (!x->room_is_int) {
        assert_int_equal(trtc_b64_decode(n->room.p, n->room.n, id, &len, &bad), 0);
        assert_true(len == x->room_n && memcmp(id, x->room, len) == 0);
    }
}

static void million_round_trips(void **state)
{
    static struct sample x;
    (void)state;
    for (int i = 0; i < 1000000; i++) {
        struct trtc_err err = { 0 };
        struct trtc_name n;
        char name[2048], back[2048];
        size_t len, len_back;
        random_sample(&x);
        if (trtc_name_format(&x.name, name, sizeof name, &len, &err) < 0)
            fail_msg("%d: %s", i, err.msg);
        enum trtc_room_type type = x.room_is_int ? TRTC_ROOM_INT : TRTC_ROOM_STRING;
        if (trtc_name_parse(name, len, type, &n, NULL, &err) < 0)
            fail_msg("%d: %s", i, err.msg);
        check_same(&x, &n);
        assert_int_equal(trtc_name_format(&n, back, sizeof back, &len_back, &err), 0);
        if (len != len_back || memcmp(name, back, len) != 0)
            fail_msg("%d: '%s' came back as '%s'", i, name, back);
    }
}

static void json_round_trips(void **state)
{
    static struct sample x;
    static char json[TRTC_NAMEJSON_MAX(2048)],
        scratch[TRTC_NAMEJSON_SCRATCH(TRTC_NAMEJSON_MAX(2048))];
    static unsigned char ids[TRTC_B64_DECODED_MAX(2048)];
    (void)state;
    for (int i = 0; i < 50000; i++) {
        struct trtc_err err = { 0 };
        struct trtc_name n;
        char name[2048], back[2048];
        size_t len, len_back;
        random_sample(&x);
        assert_int_equal(trtc_name_format(&x.name, name, sizeof name, &len, &err), 0);
        enum trtc_room_type type = x.room_is_int ? TRTC_ROOM_INT : TRTC_ROOM_STRING;
        assert_int_equal(trtc_name_parse(name, len, type, &n, NULL, &err), 0);
        size_t m = trtc_namejson_write(&n, name, len, type, json, ids);
        assert_true(m <= TRTC_NAMEJSON_MAX(len));
        for (size_t k = 0; k < m; k++)
            assert_true((unsigned char)json[k] >= 0x20);
        if (trtc_namejson_read(json, m, &n, scratch, &err) < 0)
            fail_msg("%d: %s: %.*s", i, err.msg, (int)m, json);
        if (trtc_name_format(&n, back, sizeof back, &len_back, &err) < 0)
            fail_msg("%d: %s: %.*s", i, err.msg, (int)m, json);
        if (len != len_back || memcmp(name, back, len) != 0)
            fail_msg("%d: '%s' came back as '%s'", i, name, back);
    }
}

static void json_text(void **state)
{
    static const struct {
        const char *name;
        enum trtc_room_type room_type;
        const char *json;
    } t[] = {
        { "P/T/ha1_1400000001_3560" U "MTAwMDE." E "main_audio_" UTC ".ts", TRTC_ROOM_AUTO,
          "{\"sdkappid\":1400000001,\"room\":\"3560\",\"room_type\":\"int\",\"user\":\"10001\",\"media\":\"main\","
          "\"type\":\"audio\",\"utc\":\"" UTC
          "\",\"ext\":\"ts\",\"ha\":1,\"task\":\"T\",\"prefix\":\"P\","
          "\"mode\":\"single\",\"utc_ms\":1768908622495,\"name\":\"P/T/ha1_1400000001_3560" U
          "MTAwMDE." E "main_audio_" UTC ".ts\"}" },
        { "1_6ICB5biI_3.mp4", TRTC_ROOM_AUTO,
          "{\"sdkappid\":1,\"room\":\"\xe8\x80\x81\xe5\xb8\x88\",\"room_type\":\"string\",\"index\":3,\"ext\":\"mp4\","
          "\"mode\":\"mixed\",\"name\":\"1_6ICB5biI_3.mp4\"}" },
        /* Not UTF-8, and a NUL: Base64, in the standard alphabet. */
        { "1_--8." U "AA.." E "aux.mp4", TRTC_ROOM_AUTO,
          "{\"sdkappid\":1,\"room_b64\":\"//8=\",\"room_type\":\"string\",\"user_b64\":\"AA==\",\"media\":\"aux\","
          "\"ext\":\"mp4\",\"mode\":\"single\",\"name\":\"1_--8." U "AA.." E "aux.mp4\"}" },
        { "1_1234.mp4", TRTC_ROOM_STRING,
          "{\"sdkappid\":1,\"room_b64\":\"1234\",\"room_type\":\"string\",\"ext\":\"mp4\",\"mode\":\"mixed\","
          "\"name\":\"1_1234.mp4\"}" },
        { "\xff/\"\x1b\xc2\x9b\n/1_1.mp4", TRTC_ROOM_AUTO,
          "{\"sdkappid\":1,\"room\":\"1\",\"room_type\":\"int\",\"ext\":\"mp4\",\"task\":\"\\\"\\u001b\\u009b\\n\","
          "\"prefix_b64\":\"/w==\",\"mode\":\"mixed\",\"name_b64\":\"/y8iG8KbCi8xXzEubXA0\"}" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_name n;
        char json[4096], scratch[4096], back[512];
        unsigned char ids[512];
        size_t len = strlen(t[i].name), k;
        assert_int_equal(trtc_name_parse(t[i].name, len, t[i].room_type, &n, NULL, NULL), 0);
        k = trtc_namejson_write(&n, t[i].name, len, t[i].room_type, json, ids);
        json[k] = '\0';
        assert_string_equal(json, t[i].json);
        assert_int_equal(trtc_namejson_read(json, k, &n, scratch, NULL), 0);
        assert_int_equal(trtc_name_format(&n, back, sizeof back, NULL, NULL), 0);
        assert_string_equal(back, t[i].name);
    }
}

static void json_refused(void **state)
{
#define OK "\"sdkappid\":1,\"room\":\"a\",\"ext\":\"mp4\""
    static const struct {
        const char *json, *why;
    } t[] = {
        { "", "not a JSON object" },
        { "x", "not a JSON object" },
        { "[]", "not a JSON object" },
        { "null", "not a JSON object" },
        { "{" OK, "not a JSON object" },
        { "{" OK ",}", "not a JSON object" },
        { "{" OK "}}", "something follows" },
        { "{" OK "} {}", "something follows" },
        { "{}", "'sdkappid' is missing" },
        { "{\"sdkappid\":1,\"room\":\"a\"}", "'ext' is missing" },
        { "{\"sdkappid\":1,\"ext\":\"mp4\"}", "'room' is missing" },
        { "{\"sdkappid\":null,\"room\":\"a\",\"ext\":\"mp4\"}", "'sdkappid' is missing" },
        { "{" OK ",\"Room\":\"a\"}", "unknown key 'Room'" },
        { "{" OK ",\"foo\":1}", "unknown key 'foo'" },
        { "{" OK ",\"ext\":\"ts\"}", "'ext' appears twice" },
        { "{" OK ",\"user\":null,\"user\":null}", "'user' appears twice" },
        { "{\"sdkappid\":\"1\",\"room\":\"a\",\"ext\":\"mp4\"}", "'sdkappid' must be a number" },
        { "{\"sdkappid\":1,\"room\":5,\"ext\":\"mp4\"}", "'room' must be a string" },
        { "{" OK ",\"user\":{}}", "'user' must be a string" },
        { "{" OK ",\"index\":true}", "'index' must be a number" },
        { "{\"sdkappid\":1.5,\"room\":\"a\",\"ext\":\"mp4\"}", "'sdkappid' is not an integer" },
        { "{\"sdkappid\":-1,\"room\":\"a\",\"ext\":\"mp4\"}", "'sdkappid' is not an integer" },
        { "{\"sdkappid\":4294967296,\"room\":\"a\",\"ext\":\"mp4\"}",
          "'sdkappid' is not an integer" },
        { "{\"sdkappid\":1e400,\"room\":\"a\",\"ext\":\"mp4\"}", "'sdkappid' is not an integer" },
        { "{" OK ",\"index\":0}", "'index' is not an integer" },
        { "{" OK ",\"index\":9007199254740993}", "'index' is not an integer" },
        { "{" OK ",\"ha\":4}", "'ha' is not an integer" },
        { "{" OK ",\"utc_ms\":-1}", "'utc_ms' is not an integer" },
        { "{" OK ",\"utc\":\"2026\"}", "'utc' is not a time" },
        { "{" OK ",\"utc\":\"20261320113022495\"}", "'utc' is not a time" },
        { "{" OK ",\"utc\":\"" UTC "\",\"utc_ms\":1}", "different times" },
        { "{" OK ",\"media\":\"side\"}", "'media' must be main or aux" },
        { "{" OK ",\"type\":\"\"}", "'type' must be audio or video" },
        { "{\"sdkappid\":1,\"room\":\"a\",\"ext\":\"mkv\"}", "'ext' must be m3u8, ts or mp4" },
        { "{" OK ",\"room_type\":\"auto\"}", "'room_type' must be int or string" },
        { "{" OK ",\"room_type\":\"int\"}", "room of type int" },
        { "{" OK ",\"room_b64\":\"YQ==\"}", "'room' and 'room_b64'" },
        { "{" OK ",\"user\":\"\",\"user_b64\":\"YQ==\"}", "'user' and 'user_b64'" },
        { "{" OK ",\"user_b64\":\"YR==\"}", "'user_b64' is not valid" },
        { "{" OK ",\"user_b64\":\"YQ..\"}", "'user_b64' is not valid" },
        { "{" OK ",\"user_b64\":\"----\"}", "'user_b64' is not valid" },
        { "{" OK ",\"task\":\"a\",\"task_b64\":\"YQ==\"}", "'task' and 'task_b64'" },
        { "{\"sdkappid\":1,\"room_b64\":\"MQ==\",\"room_type\":\"int\",\"ext\":\"mp4\"}",
          "room_type string" },
        { "{" OK ",\"user\":\"a\\u0000b\"}", "NUL" },
        { "{" OK ",\"user\":\"a\\\\\\u0000b\"}", "NUL" },
        { "{" OK ",\"user\":\"a\nb\"}", "control character" },
        { "{" OK ",\"user\":\"a\xff\"}", "not UTF-8" },
        { "{" OK ",\"user\":\"\\ud800\"}", "not a JSON object" },
        { "\x01{" OK "}", "control character" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct trtc_err err = { 0 };
        struct trtc_name n;
        size_t len = strlen(t[i].json);
        char scratch[1024], *json = malloc(len ? len : 1);
        memcpy(json, t[i].json, len);
        if (trtc_namejson_read(json, len, &n, scratch, &err) != -1)
            fail_msg("accepted: %s", t[i].json);
        if (err.code != TRTC_EX_DATAERR || !strstr(err.msg, t[i].why))
            fail_msg("%s: %s", t[i].json, err.msg);
        free(json);
    }
    /* Backslashes before u0000 that are text; null for absent; stale mode and name; blanks around. */
    struct trtc_name n;
    char scratch[1024];
    const char *good =
        " {" OK
        ",\"user\":\"a\\\\u0000\",\"media\":\"aux\",\"type\":null,\"mode\":\"mixed\",\"name\":\"x\"} \r";
    assert_int_equal(trtc_namejson_read(good, strlen(good), &n, scratch, NULL), 0);
    assert_true(same(n.user, span("YVx1MDAwMA..")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_both_ways),  cmocka_unit_test(columns),
        cmocka_unit_test(damage),           cmocka_unit_test(room_types),
        cmocka_unit_test(invalid_parts),    cmocka_unit_test(million_round_trips),
        cmocka_unit_test(json_round_trips), cmocka_unit_test(json_text),
        cmocka_unit_test(json_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
