/* SPDX-License-Identifier: MIT */
/* playlist/playlist_write: the text of both forms, what playlist/playlist reads back from it, and what
 * is there when a write fails. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "playlist/playlist.h"
#include "playlist/playlist_write.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define T0       INT64_C(1767225600495)

static char dir[] = "/tmp/t_playlist_write.XXXXXX"; /* this program's own, the current one */

static int enter(void **state)
{
    (void)state;
    umask(022);
    return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    remove("a.m3u8");
    return chdir("/") || rmdir(dir);
}

/* The content of a file, to be freed, with a byte of room behind its NUL. */
static char *content(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    char *text = calloc(1, 4 << 20);

    assert_non_null(f);
    assert_non_null(text);
    *size = fread(text, 1, (4 << 20) - 2, f);
    fclose(f);
    return text;
}

static void assert_content(const char *path, const char *want)
{
    size_t size;
    char *text = content(path, &size);

    assert_string_equal(text, want);
    assert_int_equal(size, strlen(want));
    free(text);
}

static void parse(const char *path, struct trtc_playlist *p)
{
    size_t size;
    char *text = content(path, &size);

    assert_int_equal(trtc_playlist_parse(text, size, p, NULL), 0);
    assert_int_equal(p->nb_bad_lines, 0);
}

static struct trtc_playlist_head video_head(void)
{
    return (struct trtc_playlist_head){ .tags = TRTC_TAGS_FULL,
                                        .start_rec_ms = T0,
                                        .media = TRTC_MEDIA_MAIN,
                                        .user_id = "10001",
                                        .user_id_len = 5,
                                        .has_video = true,
                                        .width_px = 640,
                                        .height_px = 480,
                                        .video_codec = 27,
                                        .target_s = 10 };
}

static struct trtc_playlist_writer *new_writer(const struct trtc_playlist_head *h)
{
    struct trtc_err err = { 0 };
    struct trtc_playlist_writer *w = trtc_playlist_writer_new("a.m3u8", h, &err);

    assert_non_null(w);
    return w;
}

static void add(struct trtc_playlist_writer *w, const char *name, int64_t start_ms, int64_t dur_us,
                int64_t bytes)
{
    assert_int_equal(
        trtc_playlist_writer_add(
            w, &(struct trtc_playlist_entry){ name, start_ms, dur_us, bytes, false, 0, 0 }, NULL),
        0);
}

static void put(struct trtc_playlist_writer *w, bool ended)
{
    struct trtc_err err = { 0 };

    if (trtc_playlist_writer_write(w, ended, false, &err) < 0)
        print_message("# %s\n", err.msg);
    assert_int_equal(err.code, 0);
}

#define HEAD(target)                                                              \
    "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-MEDIA-SEQUENCE:0\n" \
    "#EXT-X-TARGETDURATION:" target "\n"
#define BUILD                                                                  \
    "#EXT-X-TRTC-VERSION:000100\n#EXT-X-TRTC-DATE:2026-01-01 00:00:00 +0000\n" \
    "#EXT-X-TRTC-START-REC-TIME:1767225600495\n"
#define AUDIO_48K \
    "#EXT-X-TRTC-AUDIO-METADATA:Channel:1 SampleRate:48000 SampleFormat:1 Codec:86018\n"
#define VIDEO(size) "#EXT-X-TRTC-VIDEO-METADATA:" size " Codec:27\n"

/* Step by step, as a recording grows: the durations, sizes and starts of a real one. */
static void test_full(void **state)
{
    static const char ids[] = "#EXT-X-TRTC-MEDIA-ID:main\n#EXT-X-TRTC-USER-ID:10001\n"
                              "#EXT-X-TRTC-MIX-STREAM:0\n#EXT-X-TRTC-STREAM-TYPE:1\n";
    static const char segs[] = "#EXT-X-TRTC-FILE-ATTR:1767225600495,684508\n#EXTINF:10.0785,\n"
                               "r__UserId_s_MTAwMDE.__UserId_e_main_video_20260101000000495.ts\n"
                               "#EXT-X-TRTC-FILE-ATTR:1767225610574,826824\n#EXTINF:11.5708,\n"
                               "r__UserId_s_MTAwMDE.__UserId_e_main_video_20260101000010574.ts\n"
                               "#EXT-X-TRTC-FILE-ATTR:1767225622145,304748\n#EXTINF:4.37792,\n"
                               "r__UserId_s_MTAwMDE.__UserId_e_main_video_20260101000022145.ts\n";
    const struct trtc_playlist_head h = video_head();
    struct trtc_playlist_writer *w = new_writer(&h);
    char want[2048];

    (void)state;
    assert_string_equal(trtc_playlist_writer_path(w), "a.m3u8");
    assert_int_equal(access("a.m3u8", F_OK), -1); /* nothing is written yet */

    put(w, false);
    snprintf(want, sizeof want, "%s%s%s", HEAD("10") BUILD, ids, VIDEO("WIDTH:640 HEIGHT:480"));
    assert_content("a.m3u8", want);

    add(w, "r__UserId_s_MTAwMDE.__UserId_e_main_video_20260101000000495.ts", T0, 10078500, 684508);
    put(w, false);
    snprintf(want, sizeof want, "%s%s%s%.*s", HEAD("10") BUILD, ids, VIDEO("WIDTH:640 HEIGHT:480"),
             (int)(strstr(segs + 10, "#EXT-X-TRTC") - segs), segs);
    assert_content("a.m3u8", want);

    add(w, "r__UserId_s_MTAwMDE.__UserId_e_main_video_20260101000010574.ts", T0 + 10079, 11570800,
        826824);
    add(w, "r__UserId_s_MTAwMDE.__UserId_e_main_video_20260101000022145.ts", T0 + 21650, 4377920,
        304748);
    put(w, true);
    snprintf(want, sizeof want, "%s%s%s%s#EXT-X-ENDLIST\n", HEAD("12") BUILD, ids,
             VIDEO("WIDTH:640 HEIGHT:480"), segs);
    assert_content("a.m3u8", want);
    trtc_playlist_writer_free(&w);
    assert_null(w);
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");
}

/* The specification's playlist, to the byte. */
static void test_classic(void **state)
{
    struct trtc_playlist_head h = video_head();
    h.tags = TRTC_TAGS_CLASSIC;
    h.start_rec_ms = INT64_C(1622425551884);
    h.width_px = 1920;
    h.height_px = 1080;
    struct trtc_playlist_writer *w = new_writer(&h);

    (void)state;
    add(w, "1400123456_12345__UserId_s_MTY4NjExOQ..__UserId_e_main_video_20330531094551825.ts",
        INT64_C(1622425551884), 12074000, 188);
    add(w, "1400123456_12345__UserId_s_MTY4NjExOQ..__UserId_e_main_video_20330531094603825.ts",
        INT64_C(1622425563958), 11901000, 188);
    add(w, "1400123456_12345__UserId_s_MTY4NjExOQ..__UserId_e_main_video_20330531094615764.ts",
        INT64_C(1622425575859), 12076000, 188);
    put(w, true);
    assert_content(
        "a.m3u8",
        "#EXTM3U\n"
        "#EXT-X-VERSION:3\n"
        "#EXT-X-ALLOW-CACHE:NO\n"
        "#EXT-X-MEDIA-SEQUENCE:0\n"
        "#EXT-X-TARGETDURATION:70\n"
        "#EXT-X-TRTC-START-REC-TIME:1622425551884\n"
        "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:1920 HEIGHT:1080\n"
        "#EXTINF:12.074\n"
        "1400123456_12345__UserId_s_MTY4NjExOQ..__UserId_e_main_video_20330531094551825.ts\n"
        "#EXTINF:11.901\n"
        "1400123456_12345__UserId_s_MTY4NjExOQ..__UserId_e_main_video_20330531094603825.ts\n"
        "#EXTINF:12.076\n"
        "1400123456_12345__UserId_s_MTY4NjExOQ..__UserId_e_main_video_20330531094615764.ts\n"
        "#EXT-X-ENDLIST\n");

    /* A segment without key frames for over 70 s: the target follows here, too. */
    add(w, "b.ts", T0, 75400000, 188);
    put(w, true);
    struct trtc_playlist p;
    parse("a.m3u8", &p);
    assert_int_equal(p.target_s, 75);
    trtc_playlist_fini(&p);
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");
}

static void test_kinds(void **state)
{
    static const struct {
        bool classic;
        enum trtc_media media;
        const char *user;
        size_t user_len;
        bool audio, video;
        const char *want; /* behind START-REC-TIME */
    } t[] = {
        { false, TRTC_MEDIA_MAIN, "10001", 5, true, false,
          "#EXT-X-TRTC-MEDIA-ID:main\n#EXT-X-TRTC-USER-ID:10001\n#EXT-X-TRTC-MIX-STREAM:0\n"
          "#EXT-X-TRTC-STREAM-TYPE:0\n" AUDIO_48K },
        { false, TRTC_MEDIA_AUX, "", 0, false, true,
          "#EXT-X-TRTC-MEDIA-ID:aux\n#EXT-X-TRTC-USER-ID:\n#EXT-X-TRTC-MIX-STREAM:0\n"
          "#EXT-X-TRTC-STREAM-TYPE:1\n" VIDEO("WIDTH:640 HEIGHT:480") },
        { false, TRTC_MEDIA_NONE, NULL, 0, true, true,
          "#EXT-X-TRTC-MEDIA-ID:main\n#EXT-X-TRTC-MIX-STREAM:1\n"
          "#EXT-X-TRTC-STREAM-TYPE:2\n" AUDIO_48K VIDEO("WIDTH:640 HEIGHT:480") },
        { false, TRTC_MEDIA_MAIN, "a\n#EXT-X-ENDLIST\r\0\x7f\\\xff\xe8\x80\x81", 24, true, true,
          "#EXT-X-TRTC-MEDIA-ID:main\n"
          "#EXT-X-TRTC-USER-ID:a\\n#EXT-X-ENDLIST\\r\\x00\\x7F\\\\\\xFF\xe8\x80\x81\n"
          "#EXT-X-TRTC-MIX-STREAM:0\n#EXT-X-TRTC-STREAM-TYPE:2\n" AUDIO_48K VIDEO(
              "WIDTH:640 HEIGHT:480") },
        { true, TRTC_MEDIA_MAIN, "10001", 5, true, false, "" },
        { true, TRTC_MEDIA_NONE, NULL, 0, true, true,
          "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:640 HEIGHT:480\n" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_playlist_head h = video_head();
        h.tags = t[i].classic ? TRTC_TAGS_CLASSIC : TRTC_TAGS_FULL;
        h.media = t[i].media;
        h.user_id = t[i].user;
        h.user_id_len = t[i].user_len;
        h.has_audio = t[i].audio;
        h.has_video = t[i].video;
        h.channels = 1;
        h.rate_hz = 48000;

        struct trtc_playlist_writer *w = new_writer(&h);
        size_t size;
        put(w, false);
        char *text = content("a.m3u8", &size);
        const char *rest = strstr(text, "REC-TIME:1767225600495\n");
        assert_non_null(rest);
        assert_string_equal(rest + 23, t[i].want);
        assert_int_equal(strlen(text), size);
        free(text);

        struct trtc_playlist p;
        parse("a.m3u8", &p);
        assert_false(p.ended);
        assert_int_equal(p.nb_segs, 0);
        assert_int_equal(p.mix_stream, t[i].classic ? -1 : t[i].media == TRTC_MEDIA_NONE);
        assert_int_equal(!!p.user_id, !t[i].classic && t[i].user);
        trtc_playlist_fini(&p);
        trtc_playlist_writer_free(&w);
    }
    remove("a.m3u8");
}

/* EXTINF, and what it makes of a target of 10 s. */
static void test_durations(void **state)
{
    static const struct {
        int64_t us;
        const char *text;
        int64_t target_s;
    } t[] = {
        { 0, "0", 10 },
        { -1, "0", 10 },
        { INT64_MIN, "0", 10 },
        { 1, "0.000001", 10 },
        { 50, "0.00005", 10 },
        { 999999, "0.999999", 10 },
        { 1000000, "1", 10 },
        { 8788000, "8.788", 10 },
        { 9999994, "9.99999", 10 },
        { 9999996, "10", 10 },
        { 10005333, "10.0053", 10 },
        { 10499949, "10.4999", 10 },
        { 10499950, "10.5", 11 }, /* it is what stands there that is compared */
        { 10500000, "10.5", 11 },
        { 99999960, "100", 100 },
        { 100000000, "100", 100 },
        { 123456789, "123.457", 123 },
        { 999999500, "1000", 1000 },
        { 86399999999, "86400", 86400 },
        { 123456789000, "123457", 123457 },
        { 999999499999, "999999", 999999 },
        { 1234567500000, "1234568", 1234568 }, /* no exponent */
        { INT64_MAX, "9223372036854.775807", INT64_C(9223372036855) },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        const struct trtc_playlist_head h = video_head();
        struct trtc_playlist_writer *w = new_writer(&h);
        size_t size;
        char want[64];

        add(w, "a.ts", T0, t[i].us, 376);
        put(w, true);
        char *text = content("a.m3u8", &size);
        snprintf(want, sizeof want, "\n#EXTINF:%s,\na.ts\n", t[i].text);
        if (!strstr(text, want))
            print_message("# %s", strstr(text, "#EXTINF"));
        assert_non_null(strstr(text, want));
        snprintf(want, sizeof want, "\n#EXT-X-TARGETDURATION:%" PRId64 "\n", t[i].target_s);
        assert_non_null(strstr(text, want));
        free(text);
        trtc_playlist_writer_free(&w);
    }
    remove("a.m3u8");

    /* As the C library prints doubles; a last digit of 7 is never half way. */
    for (int64_t us = 107; us < INT64_C(900000000000); us = (us + us / 7) / 10 * 10 + 17) {
        const struct trtc_playlist_head h = video_head();
        struct trtc_playlist_writer *w = new_writer(&h);
        char want[64];
        size_t size;

        add(w, "a.ts", T0, us, 376);
        put(w, true);
        char *text = content("a.m3u8", &size);
        snprintf(want, sizeof want, "#EXTINF:%.6g,\n", (double)us / 1e6);
        assert_non_null(strstr(text, want));
        free(text);
        trtc_playlist_writer_free(&w);
    }
    remove("a.m3u8");
}

/* The target goes up only, and not for what is under half a second more. */
static void test_target(void **state)
{
    struct trtc_playlist_head h = video_head();
    struct trtc_playlist_writer *w = new_writer(&h);
    static const int64_t steps[][2] = { { 10400000, 10 }, { 13600000, 14 }, { 9000000, 14 },
                                        { 14499000, 14 }, { 14500000, 15 }, { 1, 15 } };

    (void)state;
    for (size_t i = 0; i < COUNT(steps); i++) {
        struct trtc_playlist p;

        add(w, "a.ts", T0, steps[i][0], 188);
        put(w, false);
        parse("a.m3u8", &p);
        assert_int_equal(p.target_s, steps[i][1]);
        trtc_playlist_fini(&p);
    }
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");
}

/* Changes of the size and breaks, in both forms and in the order of the lines. */
static void test_changes(void **state)
{
    (void)state;
    for (int classic = 0; classic < 2; classic++) {
        struct trtc_playlist_head h = video_head();
        h.tags = classic ? TRTC_TAGS_CLASSIC : TRTC_TAGS_FULL;
        struct trtc_playlist_writer *w = new_writer(&h);
        static const struct {
            bool discontinuity;
            int w, h, want_w, want_h;
        } s[] = {
            { false, 0, 0, 640, 480 },      { false, 640, 480, 640, 480 },
            { true, 1280, 720, 1280, 720 }, { false, 1280, 720, 1280, 720 },
            { true, 0, 0, 1280, 720 },      { false, 720, 1280, 720, 1280 },
            { false, 640, 480, 640, 480 },  { false, 0, 480, 640, 480 },
        };
        struct trtc_playlist p;
        size_t size;

        for (size_t i = 0; i < COUNT(s); i++) {
            char name[16];
            snprintf(name, sizeof name, "%zu.ts", i);
            assert_int_equal(trtc_playlist_writer_add(w,
                                                      &(struct trtc_playlist_entry){
                                                          name, T0 + (int64_t)i, 10000000, 188,
                                                          s[i].discontinuity, s[i].w, s[i].h },
                                                      NULL),
                             0);
        }
        put(w, true);
        parse("a.m3u8", &p);
        assert_int_equal(p.nb_segs, COUNT(s));
        for (size_t i = 0; i < COUNT(s); i++) {
            assert_int_equal(p.segs[i].width_px, s[i].want_w);
            assert_int_equal(p.segs[i].height_px, s[i].want_h);
            assert_int_equal(p.segs[i].discontinuity, s[i].discontinuity);
        }
        trtc_playlist_fini(&p);

        char *text = content("a.m3u8", &size);
        int sizes = 0;
        for (const char *q = text; (q = strstr(q, "#EXT-X-TRTC-VIDEO-METADATA:")); q++)
            sizes++;
        assert_int_equal(sizes, 4);
        const char *want = classic ? "1.ts\n#EXT-X-DISCONTINUITY\n"
                                     "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:1280 HEIGHT:720\n"
                                     "#EXTINF:10\n2.ts\n"
                                   : "1.ts\n#EXT-X-DISCONTINUITY\n"
                                     "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:1280 HEIGHT:720 Codec:27\n"
                                     "#EXT-X-TRTC-FILE-ATTR:1767225600497,188\n"
                                     "#EXTINF:10,\n2.ts\n";
        assert_non_null(strstr(text, want));
        free(text);
        trtc_playlist_writer_free(&w);
    }

    /* A size that is known with the first segment only, and one that nobody ever knows. */
    struct trtc_playlist_head h = video_head();
    h.width_px = h.height_px = 0;
    struct trtc_playlist_writer *w = new_writer(&h);
    size_t size;
    put(w, false);
    char *text = content("a.m3u8", &size);
    assert_null(strstr(text, "VIDEO-METADATA"));
    free(text);
    assert_int_equal(
        trtc_playlist_writer_add(
            w, &(struct trtc_playlist_entry){ "a.ts", T0, 1, 188, false, 320, 240 }, NULL),
        0);
    put(w, false);
    text = content("a.m3u8", &size);
    assert_non_null(strstr(text, "STREAM-TYPE:1\n" VIDEO("WIDTH:320 HEIGHT:240") "#EXT-X-TRTC-FI"));
    free(text);
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");
}

/* A picture joins a sound: the header says both from the next write on, and its size stands in front of the first segment
 * that holds it; then its codec changes. */
static void test_joins(void **state)
{
    static const char ids[] = "#EXT-X-TRTC-MEDIA-ID:main\n#EXT-X-TRTC-USER-ID:10001\n"
                              "#EXT-X-TRTC-MIX-STREAM:0\n#EXT-X-TRTC-STREAM-TYPE:";
    static const char attr[] = "#EXT-X-TRTC-FILE-ATTR:1767225600495,188\n#EXTINF:10,\n";
    struct trtc_playlist_head h = video_head();
    char want[2048];

    (void)state;
    h.has_video = false;
    h.has_audio = true;
    h.width_px = h.height_px = 0;
    struct trtc_playlist_writer *w = new_writer(&h);
    add(w, "a.ts", T0, 10000000, 188);
    put(w, false);
    snprintf(want, sizeof want, "%s%s0\n#EXT-X-TRTC-AUDIO-METADATA:%s%sa.ts\n", HEAD("10") BUILD,
             ids, "Channel:0 SampleRate:0 SampleFormat:1 Codec:86018\n", attr);
    assert_content("a.m3u8", want);

    h.has_video = true;
    for (int i = 0; i < 3; i++) {
        static const char *const names[] = { "b.ts", "c.ts", "d.ts" };
        h.video_codec = i < 2 ? 27 : 173;
        h.has_audio = i == 0; /* nothing is taken back */
        h.channels = i + 1;
        h.rate_hz = 48000 * (i + 1);
        trtc_playlist_writer_update(w, &h);
        assert_int_equal(
            trtc_playlist_writer_add(
                w, &(struct trtc_playlist_entry){ names[i], T0, 10000000, 188, false, 64, 48 },
                NULL),
            0);
    }
    put(w, false);
    snprintf(want, sizeof want, "%s%s2\n%s%sa.ts\n%s%sb.ts\n%sc.ts\n%s%sd.ts\n", HEAD("10") BUILD,
             ids, AUDIO_48K, attr, VIDEO("WIDTH:64 HEIGHT:48"), attr, attr,
             "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:64 HEIGHT:48 Codec:173\n", attr);
    assert_content("a.m3u8", want);
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");
}

/* A long recording: what is read back is what was added. */
static void test_back(void **state)
{
    enum { NB = 9000 };
    const struct trtc_playlist_head h = video_head();
    struct trtc_playlist_writer *w = new_writer(&h);
    struct trtc_playlist p;

    (void)state;
    for (int64_t i = 0; i < NB; i++) {
        char name[32];
        snprintf(name, sizeof name, "seg_%" PRId64 ".ts", i);
        add(w, name, T0 + i * 10011, 10000000 + i % 97 * 100, 188 * (i + 2));
        if (i % 1000 == 999)
            put(w, false);
    }
    put(w, true);
    parse("a.m3u8", &p);
    assert_true(p.ended);
    assert_int_equal(p.start_rec_ms, T0);
    assert_int_equal(p.target_s, 10);
    assert_int_equal(p.stream_type, 1);
    assert_int_equal(p.mix_stream, 0);
    assert_string_equal(p.user_id, "10001");
    assert_int_equal(p.nb_segs, NB);
    for (int64_t i = 0; i < NB; i++) {
        const struct trtc_playlist_seg *s = &p.segs[i];
        char name[32];
        snprintf(name, sizeof name, "seg_%" PRId64 ".ts", i);
        assert_string_equal(s->uri, name);
        assert_int_equal(s->attr_start_ms, T0 + i * 10011);
        assert_int_equal(s->attr_bytes, 188 * (i + 2));
        assert_int_equal(s->duration_us, 10000000 + i % 97 * 100);
        assert_false(s->discontinuity);
    }
    trtc_playlist_fini(&p);
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");
}

static void assert_nothing_else(void)
{
    DIR *d = opendir(".");
    struct dirent *e;

    assert_non_null(d);
    while ((e = readdir(d)))
        assert_true(!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
                    !strcmp(e->d_name, "a.m3u8"));
    closedir(d);
}

/* A file that cannot grow (as on a full disk): the playlist of before stays, complete, and the
 * next write makes up for it. */
static void test_failing(void **state)
{
    const struct trtc_playlist_head h = video_head();
    struct trtc_playlist_writer *w = new_writer(&h);
    struct trtc_err err = { 0 };
    struct rlimit old, small;
    struct stat st;
    size_t size;

    (void)state;
    add(w, "a.ts", T0, 10000000, 188);
    put(w, false);
    assert_int_equal(stat("a.m3u8", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    char *before = content("a.m3u8", &size);

    add(w, "b.ts", T0 + 10000, 10000000, 188);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = size + 5;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const int r = trtc_playlist_writer_write(w, true, true, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_int_equal(r, -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    assert_non_null(strstr(err.msg, "a.m3u8"));
    assert_content("a.m3u8", before);
    assert_nothing_else();
    free(before);

    assert_int_equal(trtc_playlist_writer_write(w, true, true, &err), 0);
    struct trtc_playlist p;
    parse("a.m3u8", &p);
    assert_int_equal(p.nb_segs, 2);
    assert_true(p.ended);
    trtc_playlist_fini(&p);
    assert_nothing_else();
    trtc_playlist_writer_free(&w);
    remove("a.m3u8");

    w = trtc_playlist_writer_new("no/such/dir/a.m3u8", &h, &err);
    assert_non_null(w);
    assert_int_equal(trtc_playlist_writer_write(w, false, false, &err), -1);
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    trtc_playlist_writer_free(&w);
}

/* It goes on as if it had never been ended, whatever happened in it. */
static void store(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void test_resume(void **state)
{
    static const enum trtc_tags forms[] = { TRTC_TAGS_FULL, TRTC_TAGS_CLASSIC };

    (void)state;
    for (size_t i = 0; i < COUNT(forms); i++) {
        struct trtc_playlist_head h = video_head();
        struct trtc_err err = { 0 };
        size_t size;

        h.tags = forms[i];
        h.has_audio = true;
        h.channels = 1;
        h.rate_hz = 48000;
        struct trtc_playlist_writer *w = new_writer(&h);
        for (int k = 0; k < 4; k++) {
            const struct trtc_playlist_entry e = { .name = k == 0   ? "a.ts"
                                                           : k == 1 ? "b.ts"
                                                           : k == 2 ? "c.ts"
                                                                    : "d.ts",
                                                   .start_ms = T0 + k * 12000,
                                                   .dur_us = 11570800 + k,
                                                   .bytes = 188,
                                                   .discontinuity = k == 2,
                                                   .width_px = k & 1 ? 320 : 640,
                                                   .height_px = k & 1 ? 240 : 480 };
            assert_int_equal(trtc_playlist_writer_add(w, &e, NULL), 0);
            put(w, true);
            char *before = content("a.m3u8", &size);
            trtc_playlist_writer_free(&w);
            struct trtc_playlist_head other = video_head(); /* what does not count */
            other.tags = TRTC_TAGS_FULL;
            other.width_px = 1;
            other.target_s = 99;
            w = trtc_playlist_writer_resume("a.m3u8", &other, &err);
            assert_non_null(w);
            put(w, true);
            assert_content("a.m3u8", before);
            free(before);
        }
        trtc_playlist_writer_free(&w);
    }
    const struct trtc_playlist_head h = video_head();
    struct trtc_err err = { 0 };
    /* one that an editor has saved */
    store("a.m3u8",
          "\xef\xbb\xbf#extm3u\r  #ext-x-trtc-version:1\r#extinf:1,\ra.ts\r#ext-x-endlist\r");
    struct trtc_playlist_writer *w = trtc_playlist_writer_resume("a.m3u8", &h, &err);
    assert_non_null(w);
    put(w, true);
    size_t size;
    char *text = content("a.m3u8", &size);
    assert_non_null(strstr(text, "\n#extinf:1,\na.ts\n#EXT-X-ENDLIST\n"));
    assert_null(strstr(text, "endlist"));
    free(text);
    trtc_playlist_writer_free(&w);
    store("a.m3u8", "no playlist\n");
    assert_null(trtc_playlist_writer_resume("a.m3u8", &h, &err));
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    remove("a.m3u8");
    assert_null(trtc_playlist_writer_resume("a.m3u8", &h, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),    cmocka_unit_test(test_full),
        cmocka_unit_test(test_classic),   cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_durations), cmocka_unit_test(test_target),
        cmocka_unit_test(test_changes),   cmocka_unit_test(test_joins),
        cmocka_unit_test(test_back),      cmocka_unit_test(test_failing),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
