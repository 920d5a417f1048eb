/* SPDX-License-Identifier: MIT */
/* source/reader: a lane of segments as one stream of frames, and the account of it. */
#include <inttypes.h>
#include <setjmp.h>
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
#include <libavutil/log.h>

#include "make/pes.h"
#include "source/reader.h"
#include "unit/range.h"
#include "unit/recorded.h"
#include "unit/scratch.h"

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])
#define WRAP          (INT64_C(1) << 33)
#define S             90000 /* ticks */

static int enter(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    alarm(60);
    return scratch_enter("t_reader");
}

static struct trtc_reader *reader_of(struct recorded_loaded *l, enum trtc_kind kind,
                                     struct trtc_err *err)
{
    return trtc_reader_new(
        &(struct trtc_reader_opts){ .rec = &l->scan.recs[0],
                                    .lane = kind == TRTC_VIDEO ? &l->line.video : &l->line.audio,
                                    .kind = kind,
                                    .losses = &l->losses,
                                    .bytes = &l->bytes },
        err);
}

/* All frames, as runs of equal distance: "N@MS+US ...". A key frame that begins a run has a "k", and so has no
 * frame of sound. Whatever comes out or is left out came in. */
static const char *frames_of(struct recorded_loaded *l, enum trtc_kind kind, int64_t *nb_left)
{
    static char text[1000];
    struct trtc_err err = { 0 };
    struct trtc_reader *rd = reader_of(l, kind, &err);
    struct trtc_read f;
    int64_t nb = 0, last = 0, step = 0, out = 0;
    size_t n = 0;
    int got;
    assert_non_null(rd);
    *text = '\0';
    while ((got = trtc_reader_next(rd, &f, &err)) == 1) {
        const int64_t us = f.pkt.pts_us - RECORDED_START_MS * 1000;
        assert_true(f.pkt.size > 0 && f.piece && f.stream);
        out++;
        if (nb == 1)
            step = us - last;
        if (nb == 0 || llabs(us - last - step) > 2) {
            if (nb)
                n += (size_t)snprintf(text + n, sizeof text - n, "x%" PRId64 " ", nb);
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%" PRId64,
                                  kind == TRTC_VIDEO && f.pkt.key ? "k" : "", us / 1000);
            nb = 0;
        }
        nb++;
        last = us;
    }
    if (got < 0)
        fail_msg("%s", err.msg);
    if (nb)
        snprintf(text + n, sizeof text - n, "x%" PRId64, nb);
    assert_int_equal(trtc_reader_next(rd, &f, &err), 0);
    const struct trtc_ledger *a = trtc_reader_account(rd);
    *nb_left = a->nb_in - out;
    int64_t why = 0;
    for (int i = 0; i < TRTC_NB_LEFT; i++)
        why += a->nb_left[i];
    assert_int_equal(why, *nb_left);
    trtc_reader_free(&rd);
    assert_null(rd);
    return text;
}

static const char *losses_of(const struct recorded_loaded *l)
{
    static char text[300];
    size_t n = 0;
    *text = '\0';
    for (size_t i = 0; i < l->losses.n; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i ? " " : "",
                              l->losses.items[i].kind);
    return text;
}

/* A segment of 1.92 s is 48 pictures and 90 frames of sound. */
#define NB  .nb_v = 48, .nb_a = 90
#define D   172800 /* ticks */
#define DMS 1920

static void test_lanes(void **state)
{
    static const struct {
        const char *what;
        int64_t at_ms[3];
        struct segment s[3];
        const char *video, *audio;
        int64_t video_left, audio_left;
        const char *losses;
    } t[] = {
        { "one after the other",
          { 0, DMS, 2 * DMS },
          { { 10 * S, NB }, { 10 * S + D, NB }, { 10 * S + 2 * D, NB } },
          "k0x144",
          "0x270",
          0,
          0,
          "" },
        { "the stamps wrap within",
          { 0, DMS, 2 * DMS },
          { { WRAP - 2 * D + 9000, NB }, { WRAP - D + 9000, NB }, { 9000, NB } },
          "k0x144",
          "0x270",
          0,
          0,
          "" },
        { "they begin anew each time",
          { 0, DMS, 2 * DMS },
          { { S, NB }, { S, NB }, { S, NB } },
          "k0x144",
          "0x270",
          0,
          0,
          "" },
        { "a pause",
          { 0, DMS, 9000 },
          { { 10 * S, NB }, { 10 * S + D, NB }, { 19 * S, NB } },
          "k0x96 k9000x48",
          "0x180 9000x90",
          0,
          0,
          "" },
        { "a pause in which nothing was lost needs no key frame",
          { 0, DMS, 9000 },
          { { 10 * S, NB }, { 10 * S + D, NB }, { 19 * S, NB, .first_v = 5 } },
          "k0x96 9000x48",
          "0x180 9000x90",
          0,
          0,
          "" },
        { "another stream that begins without one",
          { 0, DMS, 9000 },
          { { 10 * S, NB }, { 10 * S + D, NB }, { 500 * S, NB, .first_v = 5 } },
          "k0x96 k9800x28",
          "0x180 9000x90",
          20,
          0,
          "damaged" },
        { "another clock, at once: the stream goes on, with key frame or without",
          { 0, DMS, 2 * DMS },
          { { 10 * S, NB }, { 10 * S + D, NB }, { 500 * S, NB, .first_v = 5 } },
          "k0x144",
          "0x270",
          0,
          0,
          "" },
        { "so does the first",
          { 0, DMS, 2 * DMS },
          { { 10 * S, NB, .first_v = 5 }, { 10 * S + D, NB }, { 10 * S + 2 * D, NB } },
          "k800x124",
          "0x270",
          20,
          0,
          "damaged" },
        { "the camera pauses, and then there is sound from a little before its pictures on",
          { 0, DMS, 2 * DMS },
          { { 10 * S, .nb_v = 24, .nb_a = 90 },
            { 10 * S + D, NB, .late_v = 7200 },
            { 10 * S + 2 * D, NB, .late_v = 7200 } },
          "k0x24 k2000x96",
          "0x270",
          0,
          0,
          "" },
        { "packets are missing",
          { 0, DMS, 2 * DMS },
          { { 10 * S, NB }, { 10 * S + D, NB, .drop = 60, .nb_drop = 5 }, { 10 * S + 2 * D, NB } },
          "k0x60 2440x83",
          "0x111 2410x157",
          0,
          0,
          "damaged damaged" },
        { "sound alone",
          { 0, DMS, 2 * DMS },
          { { 10 * S, .nb_a = 90 }, { 10 * S + D, .nb_a = 90 }, { 10 * S + 2 * D, .nb_a = 90 } },
          "",
          "0x270",
          0,
          0,
          "" },
        { "one that is there no more",
          { 0, DMS, 2 * DMS },
          { { 10 * S, NB }, { 0 }, { 10 * S + 2 * D, NB } },
          "k0x48 k3840x48",
          "0x90 3840x90",
          0,
          0,
          "missing missing" },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct recorded_loaded l;
        char dir[16], video[300];
        int64_t size = 0, left[2];
        snprintf(dir, sizeof dir, "lanes%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < 3; k++) {
            const struct segment whole = { 10 * S + D, NB };
            const bool gone = !t[i].s[k].nb_a;
            recorded_add(&rec, t[i].at_ms[k], DMS, gone ? &whole : &t[i].s[k], 0);
            size += gone ? 0 : rec.bytes;
        }
        recorded_end(&rec);
        recorded_load(&l, dir);
        for (int k = 0; k < 3; k++)
            if (!t[i].s[k].nb_a)
                unlink(recorded_path(&rec, t[i].at_ms[k]));
        snprintf(video, sizeof video, "%s", frames_of(&l, TRTC_VIDEO, &left[0]));
        const char *audio = frames_of(&l, TRTC_AUDIO, &left[1]);
        if (strcmp(video, t[i].video) != 0 || strcmp(audio, t[i].audio) != 0 ||
            left[0] != t[i].video_left || left[1] != t[i].audio_left ||
            strcmp(losses_of(&l), t[i].losses) != 0)
            fail_msg("%s: '%s' less %" PRId64 ", '%s' less %" PRId64 ", %s", t[i].what, video,
                     left[0], audio, left[1], losses_of(&l));
        assert_int_equal(l.bytes, *video ? 2 * size : size); /* once for each kind */
        recorded_unload(&l);
    }
}

/* Tables in one segment alone are those of all of them, also of those before it, and for a reader that begins
 * behind it. */
static void test_tables_in_one_segment(void **state)
{
    (void)state;
    for (int which = 0; which < 3; which++) {
        struct recorded rec;
        struct recorded_loaded l;
        char dir[16];
        int64_t left;
        snprintf(dir, sizeof dir, "tables%d", which);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < 3; k++) {
            const struct segment s = { 10 * S + k * D, NB, .bare = k != which };
            recorded_add(&rec, k * DMS, DMS, &s, 0);
        }
        recorded_end(&rec);
        recorded_load(&l, dir);
        assert_int_equal(l.scan.recs[0].losses.n, 0);
        assert_string_equal(frames_of(&l, TRTC_VIDEO, &left), "k0x144");
        assert_int_equal(left, 0);
        assert_string_equal(frames_of(&l, TRTC_AUDIO, &left), "0x270");
        assert_int_equal(left, 0);
        l.line.audio.clips += 2;
        l.line.audio.n -= 2;
        assert_string_equal(frames_of(&l, TRTC_AUDIO, &left), "3840x90");
        l.line.audio.clips -= 2;
        l.line.audio.n += 2;
        assert_string_equal(losses_of(&l), "");
        recorded_unload(&l);
    }
}

/* Adds a segment's file to bytes. */
static void append_file(struct bytes *b, const char *path)
{
    static uint8_t buf[1 << 16];
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    bytes_add(b, buf, fread(buf, 1, sizeof buf, f));
    fclose(f);
}

/* Between the first pictures and the tables there is more than the demultiplexer keeps. */
static void test_tables_far_behind(void **state)
{
    static const uint8_t other[TRTC_TS_PACKET] = { 0x47, 3, 0, 0x10 };
    struct recorded rec;
    struct recorded_loaded l;
    struct bytes b = { NULL, 0, 0 };
    int64_t left;
    (void)state;
    assert_int_equal(mkdir("far", 0700), 0);
    recorded_begin(&rec, "far");
    recorded_add(&rec, 0, DMS, &(struct segment){ 10 * S, .nb_v = 48, .bare = true }, 0);
    recorded_add(&rec, DMS, DMS, &(struct segment){ 10 * S + D, .nb_v = 48 }, 0);
    append_file(&b, recorded_path(&rec, 0));
    while (b.n < TRTC_TS_EARLY_MAX + 100000)
        bytes_add(&b, other, sizeof other);
    append_file(&b, recorded_path(&rec, DMS));
    recorded_end(&rec);
    recorded_begin(&rec, "far");
    rec.bytes = (int64_t)b.n;
    recorded_add(&rec, 0, 2 * DMS, NULL, 0);
    recorded_replace(&rec, 0, b.p, b.n);
    recorded_end(&rec);
    bytes_drop(&b);
    recorded_load(&l, "far");
    assert_int_equal(l.scan.recs[0].losses.n, 0);
    assert_string_equal(frames_of(&l, TRTC_VIDEO, &left), "k0x96");
    assert_int_equal(left, 0);
    assert_string_equal(losses_of(&l), "");
    recorded_unload(&l);
}

/* Segments whose names are the times of their pictures, with sound from some frames before them on: everything is
 * where its stamps put it. */
static void test_named_by_pictures(void **state)
{
    static const int before[] = { 0, 3, 1, 4, 0 };
    struct recorded rec;
    struct recorded_loaded l;
    int64_t left;
    (void)state;
    assert_int_equal(mkdir("named", 0700), 0);
    recorded_begin(&rec, "named");
    for (int k = 0; k < 4; k++) {
        const int late = before[k] * RECORDED_SOUND;
        recorded_add(&rec, k * DMS, DMS,
                     &(struct segment){ .from_90k = 10 * S + k * D - late,
                                        .late_v = late,
                                        .nb_v = 48,
                                        .nb_a = 90 + before[k] - before[k + 1] },
                     RECORDED_NO_ATTR);
    }
    recorded_end(&rec);
    recorded_load(&l, "named");
    assert_string_equal(frames_of(&l, TRTC_VIDEO, &left), "k0x192");
    assert_int_equal(left, 0);
    assert_string_equal(frames_of(&l, TRTC_AUDIO, &left), "0x360");
    assert_int_equal(left, 0);
    assert_string_equal(losses_of(&l), "");
    recorded_unload(&l);
}

/* A second segment that begins 60 ms early by its name, whose stamps begin anew, or go on: no sound of it is left
 * out, and it comes back to its clock slowly. The same sound in both is left out. */
static void test_names_jitter(void **state)
{
    static const struct {
        int64_t from_90k[2];
        int nb_left;
    } t[] = {
        { { S, S }, 0 },
        { { 10 * S, 10 * S + D }, 0 },
        { { 10 * S, 10 * S + D - 3 * RECORDED_SOUND }, 3 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct recorded_loaded l;
        struct trtc_err err = { 0 };
        struct trtc_read f;
        char dir[16];
        int nb = 0, got;
        int64_t end_us = 0;
        snprintf(dir, sizeof dir, "jitter%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < 2; k++)
            recorded_add(&rec, k * (DMS - 60), DMS,
                         &(struct segment){ .from_90k = t[i].from_90k[k], .nb_a = k ? 300 : 90 },
                         RECORDED_NO_ATTR);
        recorded_end(&rec);
        recorded_load(&l, dir);
        struct trtc_reader *rd = reader_of(&l, TRTC_AUDIO, &err);
        while ((got = trtc_reader_next(rd, &f, &err)) == 1) {
            const int64_t us = f.pkt.pts_us - RECORDED_START_MS * 1000;
            assert_true(nb == 0 || llabs(us - end_us) < 1000);
            end_us = us + f.dur_us;
            nb++;
        }
        assert_int_equal(got, 0);
        assert_int_equal(nb, 390 - t[i].nb_left);
        assert_int_in_range(end_us / 1000, DMS - 60 + 6400 - 3, DMS + 6400);
        assert_int_equal(l.losses.n, 0);
        trtc_reader_free(&rd);
        recorded_unload(&l);
    }
}

enum { NB_SHORT = 9 };

/* The times at which the first frames of a kind in each segment are placed. Returns how many frames there are. */
static int begins_of(struct recorded_loaded *l, enum trtc_kind kind, int64_t us[NB_SHORT],
                     int nb_segments)
{
    struct trtc_err err = { 0 };
    struct trtc_reader *rd = reader_of(l, kind, &err);
    struct trtc_read f;
    int nb = 0, at = 0;
    while (trtc_reader_next(rd, &f, &err) == 1) {
        if (f.piece_begins && at < NB_SHORT)
            us[at++] = f.pkt.pts_us;
        nb++;
    }
    assert_int_equal(at, nb_segments);
    trtc_reader_free(&rd);
    return nb;
}

/* Short segments, of which the second one begins 60 ms late by its name and the others earlier and earlier: the clock
 * follows slowly, and the sound stays with its pictures all the time. */
static void test_sound_stays_with_pictures(void **state)
{
    static const int off_ms[NB_SHORT] = { 0, 60, 30, 10, -10, -30, -50, -70, -85 };
    struct recorded rec;
    struct recorded_loaded l;
    int64_t sound[NB_SHORT], pictures[NB_SHORT];
    (void)state;
    assert_int_equal(mkdir("stays", 0700), 0);
    recorded_begin(&rec, "stays");
    for (int k = 0; k < NB_SHORT; k++)
        recorded_add(&rec, k * DMS / 2 + off_ms[k], DMS / 2,
                     &(struct segment){ .from_90k = 10 * S + k * D / 2, .nb_v = 24, .nb_a = 45 },
                     RECORDED_NO_ATTR);
    recorded_end(&rec);
    recorded_load(&l, "stays");
    assert_int_equal(begins_of(&l, TRTC_VIDEO, pictures, NB_SHORT), 24 * NB_SHORT);
    assert_int_equal(begins_of(&l, TRTC_AUDIO, sound, NB_SHORT), 45 * NB_SHORT);
    for (int k = 0; k < NB_SHORT; k++)
        assert_true(llabs(sound[k] - pictures[k]) < 5000);
    assert_string_equal(losses_of(&l), "");
    recorded_unload(&l);
}

/* Where the directory has gone, and where the reader is freed early. */
static void test_ends(void **state)
{
    struct recorded rec;
    struct recorded_loaded l;
    struct trtc_err err;
    struct trtc_read f;
    (void)state;
    assert_int_equal(mkdir("ends", 0700), 0);
    recorded_begin(&rec, "ends");
    recorded_add(&rec, 0, DMS, &(struct segment){ 10 * S, NB }, 0);
    recorded_end(&rec);
    recorded_load(&l, "ends");
    struct trtc_reader *rd = reader_of(&l, TRTC_VIDEO, &err);
    assert_non_null(rd);
    assert_int_equal(trtc_reader_next(rd, &f, &err), 1);
    assert_true(f.piece_begins && f.pkt.key && f.pkt.dts_us == f.pkt.pts_us);
    assert_ptr_equal(f.piece, &l.scan.recs[0].pieces[0]);
    assert_int_equal(f.stream->codec, TRTC_CODEC_H264);
    assert_int_equal(trtc_reader_next(rd, &f, &err), 1);
    assert_false(f.piece_begins || f.pkt.key);
    trtc_reader_free(&rd);
    trtc_reader_free(&rd);

    assert_int_equal(rename("ends", "gone"), 0);
    assert_null(reader_of(&l, TRTC_VIDEO, &err));
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    recorded_unload(&l);
}

/* The last picture of a segment ends in the next one, which is opened although no more files can be open than are. */
static void test_as_many_files_as_are_open(void **state)
{
    static const struct segment first = { .nb_v = 48 }, second = { .from_90k = D, .nb_v = 48 };
    struct recorded rec;
    struct recorded_loaded l;
    struct trtc_err err;
    struct trtc_read f;
    struct rlimit all;
    uint8_t bytes[1 << 16];
    (void)state;

    assert_int_equal(mkdir("files", 0700), 0);
    recorded_begin(&rec, "files");
    recorded_add(&rec, 0, DMS, &first, RECORDED_NO_ATTR);
    recorded_add(&rec, DMS, DMS, &second, RECORDED_NO_ATTR);
    recorded_end(&rec);
    FILE *a = fopen(recorded_path(&rec, 0), "r+b"), *b = fopen(recorded_path(&rec, DMS), "rb");
    assert_true(a && b && fseek(a, -TRTC_TS_PACKET, SEEK_END) == 0);
    const long left = ftell(a);
    size_t n = fread(bytes, 1, TRTC_TS_PACKET, a);
    n += fread(bytes + n, 1, sizeof bytes - n, b);
    assert_true(n < sizeof bytes && ftruncate(fileno(a), left) == 0);
    fclose(a);
    fclose(b);
    recorded_replace(&rec, DMS, bytes, n);

    recorded_load(&l, "files");
    struct trtc_reader *rd = reader_of(&l, TRTC_VIDEO, &err);
    assert_int_equal(trtc_reader_next(rd, &f, &err), 1);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
    const int next = dup(0);
    close(next);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ (rlim_t)next, all.rlim_max }), 0);
    int nb = 1;
    while (trtc_reader_next(rd, &f, &err) == 1)
        nb++;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
    assert_int_equal(nb, 96);
    assert_string_equal(losses_of(&l), "");
    trtc_reader_free(&rd);
    recorded_unload(&l);
}

/* Segments of which one or more begin early by their names: nothing is left out, and pictures stay with their sound,
 * whether stamps go on or begin anew, and also where one kind pauses, since its clock follows the segments without
 * it. Nor do they part where the stamps of pictures alone jump in a segment. */
static void test_pictures_stay_with_sound(void **state)
{
    static const struct {
        int off_ms[NB_SHORT];
        int64_t step_90k;
        int from, to; /* segments without sound */
        int early_v;  /* ticks: so early are the stamps of pictures in the third one */
    } t[] = {
        { { 0, -38, -76, -114, -114, -114, -114, -114, -114 }, D / 2, 0, 0, 0 },
        { { 0, -60, -60, -60, -60, -60, -60, -60, -60 }, 0, 0, 0, 0 },
        { { 0, 38, 38, 38, 38, 0, 0, 0, 0 }, D / 2, 1, 5, 0 },
        { { 0 }, D / 2, 0, 0, 114 * 90 },
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(t); i++) {
        struct recorded rec;
        struct recorded_loaded l;
        int64_t sound[NB_SHORT], pictures[NB_SHORT];
        char dir[16];
        snprintf(dir, sizeof dir, "back%zu", i);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < NB_SHORT; k++)
            recorded_add(&rec, k * DMS / 2 + t[i].off_ms[k], DMS / 2,
                         &(struct segment){ .from_90k = 10 * S + k * t[i].step_90k,
                                            .nb_v = 24,
                                            .late_v = k == 2 ? -t[i].early_v : 0,
                                            .nb_a = k >= t[i].from && k < t[i].to ? 0 : 45 },
                         RECORDED_NO_ATTR);
        recorded_end(&rec);
        recorded_load(&l, dir);
        const int less = t[i].to - t[i].from;
        assert_int_equal(begins_of(&l, TRTC_VIDEO, pictures, NB_SHORT), 24 * NB_SHORT);
        assert_int_equal(begins_of(&l, TRTC_AUDIO, sound, NB_SHORT - less), 45 * (NB_SHORT - less));
        for (int k = 0; k + less < NB_SHORT; k++)
            assert_int_in_range(llabs(sound[k] - pictures[k < t[i].from || !less ? k : k + less]),
                                0, 20000);
        assert_string_equal(losses_of(&l), "");
        recorded_unload(&l);
    }
}

/* A second segment whose first picture comes late beside sound that goes on, 60 ms later by a playlist without times:
 * the picture stays as far behind the sound as its stamp. */
static void test_late_picture_without_times(void **state)
{
    struct recorded rec;
    struct recorded_loaded l;
    int64_t sound[NB_SHORT], pictures[NB_SHORT];
    (void)state;
    assert_int_equal(mkdir("late", 0700), 0);
    recorded_begin(&rec, "late");
    for (int k = 0; k < 2; k++)
        recorded_add(
            &rec, k * DMS / 2, DMS / 2,
            &(struct segment){
                .from_90k = 10 * S + k * D / 2, .late_v = k * 60 * 90, .nb_v = 24, .nb_a = 45 },
            RECORDED_NO_ATTR);
    recorded_end(&rec);
    recorded_load(&l, "late");
    struct trtc_piece *p = l.scan.recs[0].pieces;
    p[0].exact = p[1].exact = false;
    p[0].dur_us += 60000;
    p[1].start_us += 60000;
    assert_int_equal(begins_of(&l, TRTC_VIDEO, pictures, 2), 48);
    assert_int_equal(begins_of(&l, TRTC_AUDIO, sound, 2), 90);
    assert_int_in_range(pictures[1] - sound[1], 59000, 61000);
    recorded_unload(&l);
}

/* Where no name states a time, and the stamps of a segment begin 0.5 s later than its playlist says, the sound may have
 * paused, or its clock may have jumped: that is not known, and reported. */
static void test_pause_without_times(void **state)
{
    (void)state;
    for (int exact = 0; exact < 2; exact++) {
        struct recorded rec;
        struct recorded_loaded l;
        int64_t left;
        char dir[16];
        snprintf(dir, sizeof dir, "pause%d", exact);
        assert_int_equal(mkdir(dir, 0700), 0);
        recorded_begin(&rec, dir);
        for (int k = 0; k < 2; k++)
            recorded_add(&rec, k * DMS / 2, DMS / 2,
                         &(struct segment){ .from_90k = 10 * S + k * (D / 2 + S / 2), .nb_a = 45 },
                         RECORDED_NO_ATTR);
        recorded_end(&rec);
        recorded_load(&l, dir);
        l.scan.recs[0].pieces[0].exact = l.scan.recs[0].pieces[1].exact = exact;
        assert_string_equal(frames_of(&l, TRTC_AUDIO, &left), "0x90");
        assert_string_equal(losses_of(&l), exact ? "" : "uncertain");
        recorded_unload(&l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_tables_in_one_segment),
        cmocka_unit_test(test_tables_far_behind),
        cmocka_unit_test(test_named_by_pictures),
        cmocka_unit_test(test_names_jitter),
        cmocka_unit_test(test_pictures_stay_with_sound),
        cmocka_unit_test(test_late_picture_without_times),
        cmocka_unit_test(test_pause_without_times),
        cmocka_unit_test(test_sound_stays_with_pictures),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_as_many_files_as_are_open),
    };
    return cmocka_run_group_tests_name("reader", tests, enter, scratch_leave);
}
