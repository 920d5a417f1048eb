/* SPDX-License-Identifier: MIT */
/* playlist/playlist: every form that recordings have shown, and what no recording should hold. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "playlist/playlist.h"

#define N TRTC_NOTIME

/* Parses a copy of n bytes that has exactly the room that the parser may use. */
static int parse_n(const char *s, size_t n, struct trtc_playlist *p, struct trtc_err *err)
{
    char *text = malloc(n + 1);
    assert_non_null(text);
    if (n)
        memcpy(text, s, n);
    text[n] = 'x'; /* what stands behind the text is none of its business */
    return trtc_playlist_parse(text, n, p, err);
}

static struct trtc_playlist parse(const char *s)
{
    struct trtc_playlist p;
    struct trtc_err err = { 0 };
    if (parse_n(s, strlen(s), &p, &err) < 0)
        fail_msg("%s", err.msg);
    return p;
}

/* ---- whole playlists ---- */

static const char current[] =
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-MEDIA-SEQUENCE:0\n"
    "#EXT-X-TARGETDURATION:10\n"
    "#EXT-X-TRTC-VERSION:1a2b3c\n#EXT-X-TRTC-DATE:2025-11-27 11:23:39 +0800\n"
    "#EXT-X-TRTC-START-REC-TIME:1767225600495\n#EXT-X-TRTC-MEDIA-ID:main\n"
    "#EXT-X-TRTC-USER-ID:10001\n"
    "#EXT-X-TRTC-MIX-STREAM:0\n#EXT-X-TRTC-STREAM-TYPE:1\n"
    "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:640 HEIGHT:480 Codec:27\n"
    "#EXT-X-TRTC-FILE-ATTR:1767225600495,684508\n#EXTINF:10.0785,\na_20260101000000495.ts\n"
    "#EXT-X-TRTC-FILE-ATTR:1767225610574,826824\n#EXTINF:11.5708,\na_20260101000010574.ts\n"
    "#EXT-X-TRTC-FILE-ATTR:1767225622145,304748\n#EXTINF:4.37792,\na_20260101000022145.ts\n"
    "#EXT-X-ENDLIST\n";

static void assert_current(const struct trtc_playlist *p)
{
    static const struct {
        const char *uri;
        int64_t us, ms, bytes;
        int line;
    } want[] = {
        { "a_20260101000000495.ts", 10078500, INT64_C(1767225600495), 684508, 16 },
        { "a_20260101000010574.ts", 11570800, INT64_C(1767225610574), 826824, 19 },
        { "a_20260101000022145.ts", 4377920, INT64_C(1767225622145), 304748, 22 },
    };
    assert_int_equal(p->nb_segs, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct trtc_playlist_seg *s = &p->segs[i];
        assert_string_equal(s->uri, want[i].uri);
        assert_int_equal(s->uri_len, strlen(want[i].uri));
        assert_int_equal(s->duration_us, want[i].us);
        assert_int_equal(s->attr_start_ms, want[i].ms);
        assert_int_equal(s->attr_bytes, want[i].bytes);
        assert_int_equal(s->width_px, 640);
        assert_int_equal(s->height_px, 480);
        assert_int_equal(s->line, want[i].line);
        assert_false(s->discontinuity);
    }
    assert_true(p->start_rec_ms == INT64_C(1767225600495));
    assert_int_equal(p->target_s, 10);
    assert_string_equal(p->user_id, "10001");
    assert_int_equal(p->stream_type, 1);
    assert_int_equal(p->mix_stream, 0);
    assert_true(p->ended);
    assert_int_equal(p->nb_bad_lines, 0);
}

static void test_current_form(void **state)
{
    (void)state;
    struct trtc_playlist p = parse(current);
    assert_current(&p);
    trtc_playlist_fini(&p);
    trtc_playlist_fini(&p); /* an empty one is fine */
}

static void test_crlf_and_bom(void **state)
{
    (void)state;
    char text[2 * sizeof current + 3] = "\xEF\xBB\xBF", *to = text + 3;
    for (const char *s = current; *s; s++) {
        if (*s == '\n')
            *to++ = '\r';
        *to++ = *s;
    }
    *to = '\0';
    struct trtc_playlist p = parse(text);
    assert_current(&p);
    trtc_playlist_fini(&p);
}

/* The specification's form: no FILE-ATTR, no comma, target duration 70. */
static void test_classic_form(void **state)
{
    (void)state;
    struct trtc_playlist p =
        parse("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-MEDIA-SEQUENCE:0\n"
              "#EXT-X-TARGETDURATION:70\n"
              "#EXT-X-TRTC-START-REC-TIME:1622425551884\n#EXT-X-TRTC-VIDEO-METADATA:WIDTH:1920 "
              "HEIGHT:1080\n"
              "#EXTINF:12.074\na.ts\n#EXTINF:11.901\nb.ts\n#EXT-X-ENDLIST");
    assert_int_equal(p.nb_segs, 2);
    assert_int_equal(p.segs[0].duration_us, 12074000);
    assert_int_equal(p.segs[1].duration_us, 11901000);
    assert_true(p.segs[0].attr_start_ms == N);
    assert_int_equal(p.segs[0].attr_bytes, -1);
    assert_int_equal(p.segs[1].width_px, 1920);
    assert_int_equal(p.segs[1].height_px, 1080);
    assert_true(p.start_rec_ms == INT64_C(1622425551884));
    assert_int_equal(p.target_s, 70);
    assert_null(p.user_id);
    assert_int_equal(p.stream_type, -1);
    assert_int_equal(p.mix_stream, -1);
    assert_true(p.ended);
    trtc_playlist_fini(&p);
}

static void test_ends_anywhere(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t nb_segs;
        bool ended;
    } t[] = {
        { "#EXTM3U", 0, false },
        { "#EXTM3U\n", 0, false },
        { "#EXTM3U\n#EXTINF:1,", 0, false },
        { "#EXTM3U\n#EXTINF:1,\na.ts", 1, false },
        { "#EXTM3U\n#EXTINF:1,\na.ts\n", 1, false },
        { "#EXTM3U\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIS", 1, false },
        { "#EXTM3U\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST", 1, true },
        { "#EXTM3U\r\n\r\n\r\n#EXTINF:1,\r\n\r\na.ts\r\n#EXT-X-ENDLIST\r", 1, true },
        { "#EXTM3U \t\n#EXTINF:1, \na.ts \t\n#EXT-X-ENDLIST \n", 1, true },
        { "\r\n \n\xEF\xBB\xBF\xEF\xBB\xBF #EXTM3U\n#EXTINF:1,\na.ts\n", 1, false },
        { "#extm3u\n#ExtInf: 1,\na.ts\n#ext-x-endlist\n", 1, true },
        { "#EXTM3U\n  #EXTINF:1,\n\t\xEF\xBB\xBF"
          "a.ts\n\r#EXT-X-ENDLIST\n",
          1, true },
        { "\xC2\xA0#EXTM3U\n\xE2\x80\x8B#EXTINF:1,\n \xC2\xA0"
          "a.ts\n\xC2\xA0\n",
          1, false },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_playlist p = parse(t[i].s);
        if (p.nb_segs != t[i].nb_segs || p.ended != t[i].ended || p.nb_bad_lines ||
            (p.nb_segs && (strcmp(p.segs[0].uri, "a.ts") != 0 || p.segs[0].duration_us != 1000000)))
            fail_msg("%zu: %zu segments, ended %d, %d bad", i, p.nb_segs, p.ended, p.nb_bad_lines);
        trtc_playlist_fini(&p);
    }
}

static void test_cut(void **state)
{
    (void)state;
    static const struct {
        const char *s;
        size_t nb_segs;
        int nb_nameless, line, nameless_s;
        bool cut, open;
    } t[] = {
        /* #EXTM3U is line 1, and a.ts line 3 */
        { "", 1, 0, 0, 0, false, false },
        { "#EXT-X-ENDLIST", 1, 0, 0, 0, false, false },
        { "#EXT-X-END", 1, 0, 0, 0, false, false },
        { "# a remark", 1, 0, 0, 0, false, false },
        { "#", 1, 0, 0, 0, true, false },
        { "#EXT", 1, 0, 0, 0, true, false },
        { "#EXT-X-TRTC-FI", 1, 0, 0, 0, true, false },
        { "#EXT-X-TRTC-FI\n", 1, 0, 0, 0, false, false },
        { "#EXT-X-ENDLIST\n#EXT", 1, 0, 0, 0, false, false },
        { "#EXTINF:2,\n", 1, 1, 5, 2, false, false },
        { "#EXTINF:2", 1, 1, 5, 2, true, false },
        { "#EXT-X-TRTC-FILE-ATTR:1,2\n", 1, 1, 5, 0, false, false },
        { "#EXT-X-BYTERANGE:1@2\n#EXT-X-ENDLIST\n", 1, 1, 6, 0, false, false },
        { "#EXTINF:2,\n#EXTINF:3,\nb.ts\n", 2, 1, 5, 2, false, false },
        { "#EXTINF:2,\n#EXTINF:3,\nb.ts\n#EXTINF:4,\n#EXT-X-ENDLIST\n", 2, 2, 5, 6, false, false },
        { "#EXTINF:2,\nb", 2, 0, 0, 0, false, true },
        { "#EXTINF:2,\nb\n\n", 2, 0, 0, 0, false, false },
        { "#EXT-X-ENDLIST\nb", 2, 0, 0, 0, false, false },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[256];
        snprintf(text, sizeof text, "#EXTM3U\n#EXTINF:1,\na.ts\n%s", t[i].s);
        struct trtc_playlist p = parse(text);
        if (p.nb_segs != t[i].nb_segs || p.nb_nameless != t[i].nb_nameless ||
            p.nameless_line != t[i].line || p.nameless_us != t[i].nameless_s * INT64_C(1000000) ||
            p.cut != t[i].cut || p.open != t[i].open)
            fail_msg("'%s': %zu segments, %d without a name, line %d, %jd us, cut %d, open %d",
                     t[i].s, p.nb_segs, p.nb_nameless, p.nameless_line, (intmax_t)p.nameless_us,
                     p.cut, p.open);
        trtc_playlist_fini(&p);
    }
    static const char nul[] = "#EXTM3U\n#EXTINF:1\0,\na.ts\n";
    struct trtc_playlist p;
    assert_int_equal(parse_n(nul, sizeof nul - 1, &p, NULL), 0);
    assert_true(p.cut);
    trtc_playlist_fini(&p);
}

static void test_not_a_playlist(void **state)
{
    (void)state;
    static const char *const t[] = { "",
                                     "\n",
                                     "\xEF\xBB\xBF",
                                     "\xEF\xBB",
                                     "#EXTINF:1,\na.ts\n",
                                     "\n \n#EXTINF:1,\n#EXTM3U\n",
                                     "#EXTM3U8\n",
                                     "# saved\n#EXTM3U\n",
                                     "<html>",
                                     "G\n" };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        struct trtc_playlist p;
        struct trtc_err err = { 0 };
        if (parse_n(t[i], strlen(t[i]), &p, &err) == 0)
            fail_msg("%zu was taken", i);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_non_null(strstr(err.msg, "#EXTM3U"));
        trtc_playlist_fini(&p);
    }
}

/* ---- values ---- */

static void test_extinf(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t us;
        int bad;
    } t[] = {
        { "10", 10000000, 0 },
        { "10,", 10000000, 0 },
        { "10,a title, with commas", 10000000, 0 },
        { "10.5 ,", 10500000, 0 },
        { "0,", 0, 0 },
        { "0.000001,", 1, 0 },
        { "8.788,", 8788000, 0 },
        { "4.37792,", 4377920, 0 },
        { "100.123,", 100123000, 0 },
        { "10.1234567,", 10123456, 0 }, /* beyond a microsecond nothing counts */
        { "1.00000000000000000000000001,", 1000000, 0 },
        { "864000,", INT64_C(864000000000), 0 },
        { "864001,", N, 1 }, /* over ten days */
        { "999999999999999999,", N, 1 },
        { "1000000000000000000,", N, 1 }, /* 19 digits */
        { "99999999999999999999999999999999,", N, 1 },
        { "", N, 1 },
        { ",", N, 1 },
        { "-1,", N, 1 },
        { "-0.5,", N, 1 },
        { "+5,", N, 1 },
        { ".5,", N, 1 },
        { "NaN,", N, 1 },
        { "nan", N, 1 },
        { "inf,", N, 1 },
        { "1e308,", N, 1 },
        { "1e1,", N, 1 },
        { "0x10,", N, 1 },
        { "10s,", N, 1 },
        { "10;", N, 1 },
        { "1.2.3,", N, 1 },
        { "ten,", N, 1 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[256];
        snprintf(text, sizeof text, "#EXTM3U\n#EXTINF:%s\na.ts\nb.ts\n", t[i].value);
        struct trtc_playlist p = parse(text);
        assert_int_equal(p.nb_segs, 2);
        if (p.segs[0].duration_us != t[i].us || p.nb_bad_lines != t[i].bad)
            fail_msg("'%s': %jd, %d bad", t[i].value, (intmax_t)p.segs[0].duration_us,
                     p.nb_bad_lines);
        assert_int_equal(p.first_bad_line, t[i].bad ? 2 : 0);
        assert_true(p.segs[1].duration_us == N); /* it was not b's */
        trtc_playlist_fini(&p);
    }
    static const struct {
        const char *value, *beside;
        bool whole;
    } rounded[] = {
        { "10,", "9,", true },          { "10", "9.0", true },
        { "10.00,title", "9 ,", true }, { "10.000,", "9,", false },
        { "10.000000", "9,", false },   { "10.05,", "9,", false },
        { "10,", "9.5,", false },       { "10.5,", "9.000,title", false },
    };
    for (size_t i = 0; i < sizeof rounded / sizeof *rounded; i++) {
        char text[256];
        snprintf(text, sizeof text, "#EXTM3U\n#EXTINF:%s\na.ts\n#EXTINF:%s\nb.ts\n",
                 rounded[i].value, rounded[i].beside);
        struct trtc_playlist p = parse(text);
        if (p.segs[0].whole != rounded[i].whole || p.segs[1].whole != rounded[i].whole)
            fail_msg("'%s'", rounded[i].value);
        trtc_playlist_fini(&p);
    }
}

static void test_file_attr(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int64_t ms, bytes;
    } t[] = {
        { "1767225600495,684508", INT64_C(1767225600495), 684508 },
        { "0,0", 0, 0 },
        { "253402300799999,1", INT64_C(253402300799999), 1 },
        { "253402300800000,1", N, -1 }, /* the year 10000 */
        { "1767225600495,999999999999999999", INT64_C(1767225600495), INT64_C(999999999999999999) },
        { "1767225600495,1000000000000000000", N, -1 },
        { "9999999999999999999999,1", N, -1 },
        { "1767225600495", N, -1 },
        { "1767225600495,", N, -1 },
        { ",684508", N, -1 },
        { "", N, -1 },
        { "-1,684508", N, -1 },
        { "1767225600495,-1", N, -1 },
        { "1767225600495 , 684508", INT64_C(1767225600495), 684508 },
        { "1767225600495,684508,1", INT64_C(1767225600495), 684508 },
        { "1767225600495,,1", N, -1 },
        { "1767225600495,684508 x", N, -1 },
        { "1767225600495,684508x", N, -1 },
        { "1767225600495;684508", N, -1 },
        { "1.5,2", N, -1 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[256];
        snprintf(text, sizeof text,
                 "#EXTM3U\n#EXT-X-TRTC-FILE-ATTR:%s\n#EXTINF:1,\na.ts\n#EXTINF:1,\nb.ts\n",
                 t[i].value);
        struct trtc_playlist p = parse(text);
        assert_int_equal(p.nb_segs, 2);
        if (p.segs[0].attr_start_ms != t[i].ms || p.segs[0].attr_bytes != t[i].bytes ||
            p.nb_bad_lines != (t[i].ms == N))
            fail_msg("'%s': %jd,%jd, %d bad", t[i].value, (intmax_t)p.segs[0].attr_start_ms,
                     (intmax_t)p.segs[0].attr_bytes, p.nb_bad_lines);
        assert_true(p.segs[1].attr_start_ms == N);
        assert_int_equal(p.segs[1].attr_bytes, -1);
        trtc_playlist_fini(&p);
    }
}

static void test_header_values(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int64_t start_ms, target_s;
        int type, mix, bad;
    } t[] = {
        { "#EXT-X-TRTC-START-REC-TIME:1622425551884", INT64_C(1622425551884), -1, -1, -1, 0 },
        { "#EXT-X-TRTC-START-REC-TIME:", N, -1, -1, -1, 1 },
        { "#EXT-X-TRTC-START-REC-TIME:-5", N, -1, -1, -1, 1 },
        { "#EXT-X-TRTC-START-REC-TIME:1622425551884000000000", N, -1, -1, -1, 1 },
        { "#EXT-X-TRTC-START-REC-TIME:253402300800000", N, -1, -1, -1, 1 },
        { "#EXT-X-TARGETDURATION:10", N, 10, -1, -1, 0 },
        { "#EXT-X-TARGETDURATION:ten", N, -1, -1, -1, 0 },
        { "#EXT-X-TRTC-STREAM-TYPE:0", N, -1, 0, -1, 0 },
        { "#EXT-X-TRTC-STREAM-TYPE:2", N, -1, 2, -1, 0 },
        { "#EXT-X-TRTC-STREAM-TYPE:", N, -1, -1, -1, 0 },
        { "#EXT-X-TRTC-STREAM-TYPE:video", N, -1, -1, -1, 0 },
        { "#EXT-X-TRTC-STREAM-TYPE:4294967296", N, -1, -1, -1, 0 },
        { "#EXT-X-TRTC-MIX-STREAM:1", N, -1, -1, 1, 0 },
        { "#EXT-X-TRTC-MIX-STREAM:-1", N, -1, -1, -1, 0 },
        { "#EXT-X-TRTC-NEWER:whatever", N, -1, -1, -1, 0 },
        { "# a comment", N, -1, -1, -1, 0 },
        { "#", N, -1, -1, -1, 0 },
        { "#EXT-X-ENDLIST2", N, -1, -1, -1, 0 },
        { "#EXT-X-KEY:METHOD=AES-128,URI=\"http://127.0.0.1/\"", N, -1, -1, -1, 0 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[256];
        snprintf(text, sizeof text, "#EXTM3U\n%s\n", t[i].line);
        struct trtc_playlist p = parse(text);
        if (p.start_rec_ms != t[i].start_ms || p.target_s != t[i].target_s ||
            p.stream_type != t[i].type || p.mix_stream != t[i].mix || p.nb_bad_lines != t[i].bad ||
            p.nb_segs || p.ended)
            fail_msg("'%s': %jd %jd %d %d, %d bad", t[i].line, (intmax_t)p.start_rec_ms,
                     (intmax_t)p.target_s, p.stream_type, p.mix_stream, p.nb_bad_lines);
        trtc_playlist_fini(&p);
    }
}

#define TEN(s) s s s s s s s s s s

static void test_byte_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *lines;  /* "%" stands for an URI */
        const char *ranges; /* "AT+BYTES", "-": none */
        int bad;
    } t[] = {
        { "#EXT-X-BYTERANGE:100@0\na\n#EXT-X-BYTERANGE:50@200\na\n", "0+100 200+50", 0 },
        { "#EXT-X-BYTERANGE:100@20\na\n#EXT-X-BYTERANGE:50\na\n#EXT-X-BYTERANGE:7\na\n",
          "20+100 120+50 170+7", 0 },
        /* what follows on another file begins at its beginning */
        { "#EXT-X-BYTERANGE:100@20\na\n#EXT-X-BYTERANGE:50\nb\n#EXT-X-BYTERANGE:7\na\n",
          "20+100 0+50 0+7", 0 },
        { "#EXT-X-BYTERANGE:100\na\nb\n#EXT-X-BYTERANGE:5\nb\n", "0+100 - 0+5", 0 },
        { "#EXT-X-BYTERANGE:0@0\na\n", "0+0", 0 },
        { "#EXT-X-BYTERANGE:\na\n#EXT-X-BYTERANGE:x\na\n#EXT-X-BYTERANGE:1@\na\n", "- - -", 3 },
        { "#EXT-X-BYTERANGE:1@2x\na\n#EXT-X-BYTERANGE:-1@2\na\n#EXT-X-BYTERANGE:1@-2\na\n", "- - -",
          3 },
        { "#EXT-X-BYTERANGE:999999999999999999@999999999999999999\na\n#EXT-X-BYTERANGE:9\na\n",
          "999999999999999999+999999999999999999 1999999999999999998+9", 0 },
        { "#EXT-X-BYTERANGE:1000000000000000000000@0\na\n", "-", 1 },
        /* sums do not overflow */
        { TEN(TEN("#EXT-X-BYTERANGE:900000000000000000\na\n")), NULL, 0 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[8192], got[8192] = "", *at = got;
        snprintf(text, sizeof text, "#EXTM3U\n%s", t[i].lines);
        struct trtc_playlist p = parse(text);
        for (size_t k = 0; k < p.nb_segs; k++) {
            const struct trtc_playlist_seg *s = &p.segs[k];
            assert_true(s->range_at >= 0);
            at += sprintf(at, k ? " " : "");
            if (s->range_bytes < 0)
                assert_int_equal(s->range_at, 0);
            at += s->range_bytes < 0
                      ? sprintf(at, "-")
                      : sprintf(at, "%jd+%jd", (intmax_t)s->range_at, (intmax_t)s->range_bytes);
        }
        if ((t[i].ranges && strcmp(got, t[i].ranges) != 0) || p.nb_bad_lines != t[i].bad)
            fail_msg("%zu: '%s' and not '%s', %d bad lines", i, got, t[i].ranges, p.nb_bad_lines);
        trtc_playlist_fini(&p);
    }
}

static void test_keys(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        const char *methods; /* one a segment; "-": none */
    } t[] = {
        { "a\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\nb\nc\n", "- AES-128 AES-128" },
        { "#EXT-X-KEY:URI=\"k,METHOD=NONE\",METHOD=SAMPLE-AES\na\n", "SAMPLE-AES" },
        { "#EXT-X-KEY:METHOD=AES-128\na\n#EXT-X-KEY:METHOD=NONE\nb\n", "AES-128 -" },
        { "#EXT-X-KEY:METHOD=\"AES-128\"\na\n", "AES-128" },
        { "#EXT-X-KEY:X-METHOD=Z, METHOD=AES-128 ,IV=0x0\na\n", "AES-128" },
        { "#EXT-X-KEY: URI = \"k\" , METHOD = \"AES-128\" , IV = 0\na\n", "AES-128" },
        { "#EXT-X-KEY:METHOD=AES-128\na\n#EXT-X-KEY: method = NONE \nb\n", "AES-128 -" },
        { "#EXT-X-KEY:URI=\"k\"\na\n#EXT-X-KEY:\nb\n#EXT-X-KEY:METHOD=\nc\n",
          "an unnamed method an unnamed method an unnamed method" },
        { "#EXT-X-KEY:METHOD\na\n#EXT-X-KEY:\",,=,\"=\nb\n",
          "an unnamed method an unnamed method" },
        { "#EXT-X-SESSION-KEY:METHOD=AES-128\na\n", "-" },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[512], got[256] = "", *at = got;
        snprintf(text, sizeof text, "#EXTM3U\n%s", t[i].lines);
        struct trtc_playlist p = parse(text);
        for (size_t k = 0; k < p.nb_segs; k++)
            at += sprintf(at, "%s%s", k ? " " : "",
                          p.segs[k].key_method ? p.segs[k].key_method : "-");
        if (strcmp(got, t[i].methods) != 0)
            fail_msg("%zu: '%s' and not '%s'", i, got, t[i].methods);
        trtc_playlist_fini(&p);
    }
    struct trtc_playlist p = parse("#EXTM3U\na\n#EXT-X-MAP:URI=\"i\"\nb\nc\n");
    assert_true(!p.segs[0].map && p.segs[1].map && p.segs[2].map);
    trtc_playlist_fini(&p);
}

/* A delta update leaves out segments that its earlier version lists. */
static void test_skipped(void **state)
{
    (void)state;
    static const struct {
        const char *lines;
        int nb, nb_bad;
    } t[] = {
        { "a\n", 0, 0 },
        { "#EXT-X-SKIP:SKIPPED-SEGMENTS=7\na\n", 7, 0 },
        { "#ext-x-skip: RECENTLY-REMOVED-DATERANGES=\"SKIPPED-SEGMENTS=3\",SKIPPED-SEGMENTS=12\n",
          12, 0 },
        { "#EXT-X-SKIP:SKIPPED-SEGMENTS=0\na\n", 0, 0 },
        { "#EXT-X-SKIP:\na\n", 1, 1 },
        { "#EXT-X-SKIP:SKIPPED-SEGMENTS=-4\na\n", 1, 1 },
        { "#EXT-X-SKIP:SKIPPED-SEGMENTS=5x\na\n", 1, 1 },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char text[128];
        snprintf(text, sizeof text, "#EXTM3U\n%s", t[i].lines);
        struct trtc_playlist p = parse(text);
        assert_int_equal(p.nb_skipped, t[i].nb);
        assert_int_equal(p.nb_bad_lines, t[i].nb_bad);
        trtc_playlist_fini(&p);
    }
}

static void test_master(void **state)
{
    (void)state;
    static const char *const masters[] = {
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,URI=\"a.m3u8\"\n",
    };
    for (size_t i = 0; i < 2; i++) {
        struct trtc_playlist p;
        struct trtc_err err = { 0 };
        assert_int_equal(parse_n(masters[i], strlen(masters[i]), &p, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_string_equal(err.msg, "a master playlist: it lists playlists, not segments");
        assert_true(p.master);
        trtc_playlist_fini(&p);
    }
    struct trtc_playlist p = parse("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\na\n");
    assert_false(p.master);
    trtc_playlist_fini(&p);
}

static void test_user_ids(void **state)
{
    (void)state;
    static const char *const ids[] = { "10001",
                                       "",
                                       "a b",
                                       "a:b@c,d",
                                       "#x",
                                       "\xff\xfe\x80",
                                       "\xE8\x80\x81\xE5\xB8\x88",
                                       "\x1b[31m",
                                       "__UserId_e_",
                                       "../../etc" };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[128];
        snprintf(text, sizeof text, "#EXTM3U\r\n#EXT-X-TRTC-USER-ID:%s\r\n#EXTINF:1,\r\na.ts\r\n",
                 ids[i]);
        struct trtc_playlist p = parse(text);
        assert_string_equal(p.user_id, ids[i]);
        assert_int_equal(p.nb_segs, 1);
        trtc_playlist_fini(&p);
    }
}

static void test_metadata(void **state)
{
    (void)state;
    struct trtc_playlist p = parse(
        "#EXTM3U\n#EXTINF:1,\na\n#EXT-X-TRTC-VIDEO-METADATA:WIDTH:640 HEIGHT:480 Codec:27\n"
        "#EXTINF:1,\nb\n#EXTINF:1,\nc\n"
        "#EXT-X-DISCONTINUITY\n#EXT-X-TRTC-VIDEO-METADATA:HEIGHT:1280 WIDTH:720\n#EXTINF:1,\nd\n"
        "#EXTINF:1,\ne\n"
        "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:99999999999 HEIGHT:-4\n#EXTINF:1,\nf\n"
        "#EXT-X-TRTC-VIDEO-METADATA:width:640 XHEIGHT:480 HEIGHT\n#EXTINF:1,\ng\n"
        "#EXT-X-TRTC-AUDIO-METADATA:Channel:1 SampleRate:48000 SampleFormat:1 Codec:86018\n"
        "#EXTINF:1,\nh\n");
    static const struct {
        int w, h;
        bool disc;
    } want[] = { { 0, 0, false },     { 640, 480, false },  { 640, 480, false },
                 { 720, 1280, true }, { 720, 1280, false }, { 0, 0, false },
                 { 0, 0, false },     { 0, 0, false } };
    assert_int_equal(p.nb_segs, 8);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(p.segs[i].width_px, want[i].w);
        assert_int_equal(p.segs[i].height_px, want[i].h);
        assert_int_equal(p.segs[i].discontinuity, want[i].disc);
    }
    trtc_playlist_fini(&p);
}

/* ---- lines that should not be ---- */

static void test_nul_bytes(void **state)
{
    (void)state;
    static const char text[] =
        "#EXTM3U\n#EXT-X-TRTC-USER-ID:a\0b\n#EXTINF:1\0,\na.ts\0/../x\n#EXTINF:2,\n\0\n"
        "#EXTINF:3,\nc.ts\n\0";
    struct trtc_playlist p;
    struct trtc_err err;
    assert_int_equal(parse_n(text, sizeof text - 1, &p, &err), 0);
    assert_int_equal(p.nb_segs, 2);
    assert_string_equal(p.segs[0].uri, "a.ts");
    assert_int_equal(p.segs[0].uri_len, 10); /* the caller sees that it is not what the line says */
    assert_int_equal(p.segs[0].duration_us, 1000000);
    assert_string_equal(p.segs[1].uri, "c.ts");
    assert_int_equal(p.segs[1].uri_len, 4);
    assert_int_equal(p.nb_nameless, 1);
    assert_int_equal(p.nameless_us, 2000000);
    assert_true(p.cut);
    trtc_playlist_fini(&p);
}

static void test_long_lines(void **state)
{
    (void)state;
    static const struct {
        const char *head; /* what the line begins with */
        size_t len;       /* of the whole line */
        bool kept;
    } t[] = {
        { "x", TRTC_PLAYLIST_LINE_MAX, true },
        { "x", TRTC_PLAYLIST_LINE_MAX + 1, false },
        { "x", 10000000, false },
        { "#", TRTC_PLAYLIST_LINE_MAX, true },
        { "#", TRTC_PLAYLIST_LINE_MAX + 1, false },
        { "#EXT-X-TRTC-USER-ID:", TRTC_PLAYLIST_LINE_MAX + 1, false },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        static const char before[] =
            "#EXTM3U\n#EXT-X-DISCONTINUITY\n#EXT-X-TRTC-FILE-ATTR:5,6\n#EXTINF:1,\n",
                          after[] = "\nb.ts\n";
        size_t n = sizeof before - 1 + t[i].len + sizeof after - 1;
        char *text = malloc(n + 1), *line = text + sizeof before - 1;
        assert_non_null(text);
        memcpy(text, before, sizeof before - 1);
        memset(line, 'y', t[i].len);
        memcpy(line, t[i].head, strlen(t[i].head));
        memcpy(line + t[i].len, after, sizeof after - 1);
        struct trtc_playlist p;
        struct trtc_err err;
        assert_int_equal(trtc_playlist_parse(text, n, &p, &err), 0);
        bool uri = *t[i].head == 'x';
        assert_int_equal(p.nb_bad_lines, !t[i].kept);
        assert_int_equal(p.first_bad_line, t[i].kept ? 0 : 5);
        assert_int_equal(p.nb_segs, 1 + (uri && t[i].kept));
        assert_null(p.user_id);
        const struct trtc_playlist_seg *b = &p.segs[p.nb_segs - 1];
        assert_string_equal(b->uri, "b.ts");
        assert_int_equal(b->line, 6);
        /* what was said of a segment that was passed over is not said of the next one */
        assert_true(b->duration_us == (uri ? N : 1000000));
        assert_true(b->attr_start_ms == (uri ? N : 5));
        assert_int_equal(b->attr_bytes, uri ? -1 : 6);
        assert_int_equal(b->discontinuity, !uri);
        trtc_playlist_fini(&p);
    }
}

static void test_last_word_counts(void **state)
{
    (void)state;
    struct trtc_playlist p = parse(
        "#EXTM3U\n#EXTINF:1,\n#EXT-X-TRTC-FILE-ATTR:1,2\n#EXTINF:2,\n#EXT-X-TRTC-FILE-ATTR:3,4\na\n"
        "#EXTINF:3,\n#EXTINF:x,\nb\n#EXT-X-ENDLIST\n#EXTINF:4,\nc\n");
    assert_int_equal(p.nb_segs, 3);
    assert_int_equal(p.segs[0].duration_us, 2000000);
    assert_int_equal(p.segs[0].attr_start_ms, 3);
    assert_int_equal(p.segs[0].attr_bytes, 4);
    assert_true(p.segs[1].duration_us == N);
    assert_int_equal(p.segs[2].duration_us, 4000000); /* behind the ENDLIST, but there */
    assert_true(p.ended);
    assert_int_equal(p.first_bad_line, 8);
    trtc_playlist_fini(&p);
}

/* A million lines: every one is there, in memory that is a small multiple of the text. */
static void test_million_lines(void **state)
{
    (void)state;
    enum { SEGMENTS = 333333, LINE = 128 };
    char *text = malloc((size_t)SEGMENTS * LINE + 64), *s = text;
    assert_non_null(text);
    s += sprintf(s, "#EXTM3U\n");
    for (int i = 0; i < SEGMENTS; i++)
        s += sprintf(s, "#EXT-X-TRTC-FILE-ATTR:%d,188\n#EXTINF:10.0053,\nsegment-%d.ts\n", i, i);
    struct trtc_playlist p;
    struct trtc_err err;
    clock_t from = clock();
    assert_int_equal(trtc_playlist_parse(text, (size_t)(s - text), &p, &err), 0);
    double took = (double)(clock() - from) / CLOCKS_PER_SEC;
    assert_true(took < 5); /* it takes some 50 ms */
    assert_int_equal(p.nb_segs, SEGMENTS);
    for (int i = 0; i < SEGMENTS; i += 1111) {
        char want[32];
        snprintf(want, sizeof want, "segment-%d.ts", i);
        assert_string_equal(p.segs[i].uri, want);
        assert_int_equal(p.segs[i].attr_start_ms, i);
        assert_int_equal(p.segs[i].line, 4 + 3 * i);
    }
    assert_true(sizeof *p.segs <=
                80); /* 10^6 lines without tags, grown by doubling: under 200 MB with their text */
    trtc_playlist_fini(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_current_form),  cmocka_unit_test(test_crlf_and_bom),
        cmocka_unit_test(test_classic_form),  cmocka_unit_test(test_ends_anywhere),
        cmocka_unit_test(test_cut),           cmocka_unit_test(test_not_a_playlist),
        cmocka_unit_test(test_extinf),        cmocka_unit_test(test_file_attr),
        cmocka_unit_test(test_header_values), cmocka_unit_test(test_byte_ranges),
        cmocka_unit_test(test_keys),          cmocka_unit_test(test_skipped),
        cmocka_unit_test(test_master),        cmocka_unit_test(test_user_ids),
        cmocka_unit_test(test_metadata),      cmocka_unit_test(test_nul_bytes),
        cmocka_unit_test(test_long_lines),    cmocka_unit_test(test_last_word_counts),
        cmocka_unit_test(test_million_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
