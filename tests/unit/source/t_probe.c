/* SPDX-License-Identifier: MIT */
/* source/probe: what a first look into segments finds, and what it lists as lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/log.h>

#include "source/look.h"
#include "source/probe.h"
#include "unit/range.h"
#include "unit/recorded.h"
#include "unit/scratch.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define WRAP          (INT64_C(1) << 33)
#define BOTH          (TRTC_AUDIO | TRTC_VIDEO)

static int enter(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    alarm(60);
    return scratch_enter("t_probe");
}

/* The only recording there is, looked into. */
static struct trtc_recording *probe(struct trtc_scan *s, const char *dir, bool count)
{
    struct trtc_err err = { 0 };
    *s = (struct trtc_scan){ 0 };
    if (trtc_scan_dir(s, dir, &(struct trtc_find){ 0 }, &err) < 0 || s->n != 1 ||
        trtc_probe_recording(&s->recs[0], count, NULL, &err) < 0)
        fail_msg("%s: %zu recordings, %s", dir, s->n, err.msg);
    return &s->recs[0];
}

/* "kind@ms+lost_us ...", each from the beginning of the recording. */
static const char *losses_of(const struct trtc_recording *r)
{
    static char text[500];
    size_t n = 0;
    *text = '\0';
    for (size_t i = 0; i < r->losses.n; i++) {
        const struct trtc_loss *l = &r->losses.items[i];
        const long long at =
            l->start_us == TRTC_NOTIME ? -1 : (long long)(l->start_us / 1000 - RECORDED_START_MS);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s@%lld+%lld", i ? " " : "", l->kind,
                              at, (long long)l->lost_us / 1000);
    }
    return text;
}

static struct trtc_recording *record(struct trtc_scan *s, const char *dir, int64_t said_ms,
                                     const struct segment *segment, int64_t attr_off)
{
    struct recorded rec;
    assert_int_equal(mkdir(dir, 0700), 0);
    recorded_begin(&rec, dir);
    recorded_add(&rec, 0, said_ms, segment, attr_off);
    recorded_end(&rec);
    return probe(s, dir, false);
}

/* A segment of two seconds is 50 pictures, and 94 frames of sound. */
static void test_facts(void **state)
{
    static const struct {
        const char *what;
        struct segment s;
        int64_t said_ms, attr_off;
        unsigned kinds;
        bool headless;
        int64_t dur_ms;
        const char *losses;
    } t[] = {
        { "both", { .from_90k = 900000, .nb_v = 50, .nb_a = 94 }, 2000, 0, BOTH, false, 2000, "" },
        { "sound", { .from_90k = 900000, .nb_a = 94 }, 2000, 0, TRTC_AUDIO, false, 2000, "" },
        { "pictures", { .from_90k = 900000, .nb_v = 50 }, 2000, 0, TRTC_VIDEO, false, 2000, "" },
        { "from 0", { .nb_v = 50, .nb_a = 94 }, 2000, 0, BOTH, false, 2000, "" },
        { "wraps", { .from_90k = WRAP - 90000, .nb_v = 50 }, 2000, 0, TRTC_VIDEO, false, 2000, "" },
        { "no key frame",
          { .from_90k = 1, .nb_v = 20, .first_v = 3 },
          800,
          0,
          TRTC_VIDEO,
          false,
          800,
          "" },
        { "no attribute",
          { .from_90k = 1, .nb_v = 50, .nb_a = 94 },
          2000,
          RECORDED_NO_ATTR,
          BOTH,
          false,
          2000,
          "" },
        { "it begins within a picture",
          { .from_90k = 1, .nb_v = 50, .nb_a = 94, .drop = 2, .nb_drop = 1 },
          2000,
          0,
          BOTH,
          true,
          2000,
          "" },
        { "smaller than its attribute says",
          { .from_90k = 1, .nb_v = 50, .nb_a = 94, .cut_bytes = 188 * 40 },
          2000,
          188 * 40,
          BOTH,
          false,
          1720,
          "truncated@0+280" },
        { "half as long as its EXTINF",
          { .from_90k = 1, .nb_v = 25, .nb_a = 47 },
          2000,
          RECORDED_NO_ATTR,
          BOTH,
          false,
          1002,
          "truncated@0+997" },
        { "larger than its attribute says",
          { .from_90k = 1, .nb_v = 50, .nb_a = 94 },
          2000,
          -188,
          BOTH,
          false,
          2000,
          "size@0+0" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct trtc_scan s;
        char dir[16];
        snprintf(dir, sizeof dir, "facts%zu", i);
        const struct trtc_recording *r = record(&s, dir, t[i].said_ms, &t[i].s, t[i].attr_off);
        const struct trtc_piece *p = &r->pieces[0];
        const struct trtc_facts *f = &p->facts;
        if (f->kinds != t[i].kinds || f->headless != t[i].headless ||
            f->first_ts_90k != t[i].s.from_90k || p->dur_us / 1000 != t[i].dur_ms || p->unusable ||
            strcmp(losses_of(r), t[i].losses) != 0)
            fail_msg("%s: kinds %u, headless %d, from %lld, %lld ms, '%s'", t[i].what, f->kinds,
                     f->headless, (long long)f->first_ts_90k, (long long)p->dur_us / 1000,
                     losses_of(r));
        trtc_scan_fini(&s);
    }
}

/* A segment that is shorter than its EXTINF, without its size in the playlist: whole if the next one goes on where it
 * ends, as where that begins with pictures that are shown before its key frame. */
static void test_continued(void **state)
{
    static const struct segment both = { .nb_v = 48, .nb_a = 90 }, silent = { .nb_v = 48 },
                                lone = { .nb_v = 1 },
                                fewer = { .nb_v = 47, .nb_a = 90 }; /* other counters */
    static const struct {
        const char *what;
        const struct segment *s;
        int64_t said_ms;
        struct segment next;
        const char *losses;
    } t[] = {
        { "goes on", &both, 2100, { .from_90k = 172800, .nb_v = 25, .nb_a = 47 }, "" },
        { "pictures alone", &silent, 2100, { .from_90k = 172800, .nb_v = 25 }, "" },
        { "a picture a second", &lone, 1000, { .from_90k = 90000, .nb_v = 1 }, "" },
        { "a frame is missing",
          &both,
          2100,
          { .from_90k = 176400, .nb_v = 25, .nb_a = 47 },
          "truncated@0+180" },
        { "another clock",
          &both,
          2100,
          { .from_90k = 900000, .nb_v = 25, .nb_a = 47 },
          "truncated@0+180" },
        { "no sound", &fewer, 2100, { .from_90k = 172800, .nb_v = 25 }, "truncated@0+180" },
        { "a pause",
          &both,
          5000,
          { .from_90k = 172800, .nb_v = 25, .nb_a = 47 },
          "truncated@0+3080" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct trtc_scan s;
        char dir[16];
        snprintf(dir, sizeof dir, "next%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        recorded_add(&rec, 0, t[i].said_ms, t[i].s, RECORDED_NO_ATTR);
        recorded_add(&rec, t[i].said_ms, 1000, &t[i].next, RECORDED_NO_ATTR);
        recorded_end(&rec);
        const struct trtc_recording *r = probe(&s, dir, false);
        if (strcmp(losses_of(r), t[i].losses) != 0 || r->pieces[0].cut != (*t[i].losses != '\0'))
            fail_msg("%s: '%s'", t[i].what, losses_of(r));
        trtc_scan_fini(&s);
    }
}

/* The last frames of the second of three segments of 1.92 s are missing, by whole packets: their counters show it if
 * they go on from one segment to the next. Otherwise it is a pause. */
static void test_last_frames(void **state)
{
    static const struct {
        const char *what;
        int nb_v, nb_a, nb_gone; /* frames in the file, and packets that are missing */
        uint8_t counter[3];
        const char *losses;
    } t[] = {
        { "whole", 0, 90, 0, { 1, 11, 5 }, "" },
        { "without a frame of sound", 0, 90, 1, { 1, 11, 5 }, "truncated@1920+21" },
        { "without three", 0, 90, 3, { 1, 11, 5 }, "truncated@1920+64" },
        { "which were not there", 0, 87, 0, { 1, 11, 2 }, "" },
        { "counters begin anew", 0, 90, 3, { 0, 0, 0 }, "" },
        { "or somewhere", 0, 90, 3, { 5, 5, 5 }, "" },
        { "without two pictures", 48, 0, 4, { 1, 1, 1 }, "truncated@1920+80" },
        { "which were not there", 46, 0, 0, { 1, 1, 13 }, "" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct trtc_scan s;
        char dir[16];
        snprintf(dir, sizeof dir, "last%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < 3; k++) {
            struct segment x = { .from_90k = 172800 * (k + 1), .counter = t[i].counter[k] };
            x.nb_v = k == 1 || !t[i].nb_v ? t[i].nb_v : 48;
            x.nb_a = k == 1 || !t[i].nb_a ? t[i].nb_a : 90;
            x.cut_bytes = k == 1 ? (size_t)t[i].nb_gone * 188 : 0;
            recorded_add(&rec, k * 1920, 1920, &x, RECORDED_NO_ATTR);
        }
        recorded_end(&rec);
        const struct trtc_recording *r = probe(&s, dir, false);
        if (strcmp(losses_of(r), t[i].losses) != 0)
            fail_msg("%s: '%s'", t[i].what, losses_of(r));
        trtc_scan_fini(&s);
    }
}

static void test_formats(void **state)
{
    struct trtc_scan s;
    const struct segment both = { .from_90k = 1, .nb_v = 50, .nb_a = 94 };
    (void)state;
    const struct trtc_facts *f = &record(&s, "formats", 2000, &both, 0)->pieces[0].facts;
    assert_string_equal(f->video_codec, "h264");
    assert_true(f->width_px == 640 && f->height_px == 360 && f->profile == 66);
    assert_true(f->sar_num == 0 && f->colour.matrix == 2); /* it says neither */
    assert_string_equal(f->audio_codec, "aac");
    assert_true(f->rate_hz == 48000 && f->channels == 1 && f->object_type == 2 && !f->blocks);
    trtc_scan_fini(&s);
}

/* A segment larger than what is looked at: its pictures are counted where that is asked for. */
static void test_count(void **state)
{
    static const int64_t want[] = { -1, 1600 };
    struct recorded rec;
    const struct segment large = { .from_90k = 900000, .nb_v = 1600, .nb_a = 3000 };
    (void)state;
    assert_int_equal(mkdir("count", 0700), 0);
    recorded_begin(&rec, "count");
    recorded_add(&rec, 0, 64000, &large, 0);
    recorded_add(&rec, 64000, 64000, &large, 0); /* of the last one nobody says how long it is */
    recorded_end(&rec);
    for (int count = 0; count < 2; count++) {
        struct trtc_scan s;
        const struct trtc_recording *r = probe(&s, "count", count);
        assert_int_equal(r->pieces[0].facts.nb_frames, want[count]);
        assert_int_equal(r->pieces[0].dur_us, 64000000);
        trtc_scan_fini(&s);
    }
}

/* What is no segment is named, and its time is lost. */
static void test_no_media(void **state)
{
    static const struct {
        const char *what, *data;
        size_t n;
        const char *losses;
    } t[] = {
        { "nothing", "", 0, "empty@0+2000" },
        { "a page", "<!DOCTYPE html><html><body>404 Not Found</body></html>", 0, "foreign@0+2000" },
        { "an error of the storage",
          "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>", 0, "foreign@0+2000" },
        { "zeros", NULL, 188 * 50, "foreign@0+2000" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct trtc_scan s;
        char dir[16], *zeros = calloc(1, t[i].n + 1);
        snprintf(dir, sizeof dir, "none%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        recorded_add(&rec, 0, 2000, NULL, RECORDED_NO_ATTR);
        recorded_replace(&rec, 0, t[i].data ? t[i].data : zeros,
                         t[i].n ? t[i].n : strlen(t[i].data));
        recorded_add(&rec, 2000, 2000, &(struct segment){ .from_90k = 180000, .nb_v = 50 }, 0);
        recorded_end(&rec);
        const struct trtc_recording *r = probe(&s, dir, false);
        size_t usable = 0;
        for (size_t k = 0; k < r->nb_pieces; k++)
            usable += !r->pieces[k].unusable;
        if (usable != 1 || r->pieces[r->nb_pieces - 1].unusable ||
            strcmp(losses_of(r), t[i].losses) != 0)
            fail_msg("%s: '%s', %zu usable", t[i].what, losses_of(r), usable);
        trtc_scan_fini(&s);
        free(zeros);
    }
}

/* A picture that is decoded first may be shown after a pause that follows those decoded after it: the segment
 * begins with the earliest one. Behind a clock that has fallen, none is earlier. */
static void test_first_picture(void **state)
{
    static const struct {
        const char *what;
        struct {
            int64_t pts_90k, dts_90k;
        } frames[4];
        int64_t first_90k;
    } t[] = {
        { "in order", { { 9000, 9000 }, { 12600, 12600 }, { 16200, 16200 } }, 9000 },
        { "shown after a pause",
          { { 189000, 9000 }, { 16200, 12600 }, { 185400, 16200 }, { 192600, 181800 } },
          16200 },
        { "a clock that falls", { { 189000, 189000 }, { 16200, 16200 }, { 19800, 19800 } }, 189000 },
    };
    static const uint8_t picture[] = { 0, 0, 1, 0x41, 0x80 };
    const struct trtc_ts_stream video = { .video = true, .codec_name = "h264" };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct trtc_facts facts = { 0 };
        struct trtc_look look = { 0 };
        trtc_look_begin(&look, &facts, 0);
        for (size_t k = 0; k < LENGTH(t[i].frames) && t[i].frames[k].pts_90k; k++)
            assert_int_equal(
                trtc_look_frame(&look, &(struct trtc_ts_frame){ .stream = &video,
                                                                .data = picture,
                                                                .size = sizeof picture,
                                                                .pts_90k = t[i].frames[k].pts_90k,
                                                                .dts_90k = t[i].frames[k].dts_90k,
                                                                .pos = (int64_t)k * 188 }),
                0);
        if (trtc_look_first_90k(&look) != t[i].first_90k)
            fail_msg("%s: %lld", t[i].what, (long long)trtc_look_first_90k(&look));
        trtc_look_fini(&look);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),         cmocka_unit_test(test_continued),
        cmocka_unit_test(test_last_frames),   cmocka_unit_test(test_formats),
        cmocka_unit_test(test_count),         cmocka_unit_test(test_no_media),
        cmocka_unit_test(test_first_picture),
    };
    return cmocka_run_group_tests_name("probe", tests, enter, scratch_leave);
}
