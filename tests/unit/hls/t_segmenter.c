/* SPDX-License-Identifier: MIT */
/* The segmenter, with frames that the tests make up: each of them is in exactly one segment, whatever comes
 * when, the segments are in order, and the playlists say what is in them. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hls/segmenter.h"
#include "playlist/playlist.h"
#include "recording/clock.h"
#include "ts/ts.h"
#include "unit/range.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define START_MS INT64_C(1767225600000)
#define S        INT64_C(1000000)
#define VIDEO_US 40000
#define AUDIO_US 21333
#define FRAMES   8192

static char dir[] = "/tmp/t_segmenter.XXXXXX"; /* this program's own, the current one */

static int enter(void **state)
{
    (void)state;
    return mkdtemp(dir) && !chdir(dir) ? 0 : -1;
}

static void clear(void)
{
    DIR *d = opendir(".");
    struct dirent *e;

    assert_non_null(d);
    while ((e = readdir(d)))
        if (e->d_name[0] != '.' || strstr(e->d_name, ".part"))
            assert_int_equal(unlink(e->d_name), 0);
    closedir(d);
}

static int leave(void **state)
{
    (void)state;
    clear();
    return chdir("/") || rmdir(dir);
}

/* ---- frames ---- */

/* A frame is known by the number in it. */
struct frame {
    bool video, key;
    int64_t pts_us, dts_us;
    enum trtc_codec codec;
    int rate_hz;
    bool moved;    /* it comes too late for its own time */
    unsigned seen; /* in the segments */
};

static struct frame frames[FRAMES];
static int nb_frames;

static size_t make_picture(uint8_t *p, const struct frame *f, unsigned number)
{
    static const uint8_t h264[] = { 0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x65, 0x88 };
    static const uint8_t h265[] = { 0, 0, 0, 1, 0x46, 0x01, 0x50, 0, 0, 0, 1, 0x26, 0x01, 0x80 };
    const bool is_h265 = f->codec == TRTC_CODEC_H265;
    size_t n = is_h265 ? sizeof h265 : sizeof h264;

    memcpy(p, is_h265 ? h265 : h264, n);
    if (!f->key && is_h265)
        p[11] = 0x02;
    else if (!f->key)
        p[10] = 0x41;
    for (int i = 0; i < 4; i++) /* never a start code */
        p[n++] = (uint8_t)(0x40 | (number >> 4 * i & 15));
    return n;
}

static size_t make_sound(uint8_t *p, const struct frame *f, unsigned number)
{
    const size_t n = 7 + 4;
    const unsigned rate = f->rate_hz == 44100 ? 4 : 3;

    p[0] = 0xff;
    p[1] = 0xf1;
    p[2] = (uint8_t)(0x40 | rate << 2);
    p[3] = 0x80;
    p[4] = (uint8_t)(n >> 3);
    p[5] = (uint8_t)((n & 7) << 5 | 31);
    p[6] = 0xfc;
    for (int i = 0; i < 4; i++)
        p[7 + i] = (uint8_t)(0x40 | (number >> 4 * i & 15));
    return n;
}

/* The number at the end of a frame. */
static unsigned number_of(const uint8_t *data, size_t size)
{
    unsigned number = 0;

    assert_true(size >= 4);
    for (int i = 0; i < 4; i++)
        number |= (data[size - 4 + i] & 15u) << 4 * i;
    return number;
}

/* ---- the segmenter ---- */

struct done {
    char path[160];
    bool playlist;
    int64_t start_ms, dur_us;
};

static struct run {
    struct trtc_segmenter_opts o;
    struct trtc_input_info info;
    struct trtc_segmenter *s;
    struct done done[1024];
    int nb_done;
    struct trtc_err err;
} run;

static int told(void *opaque, const struct trtc_segment_done *d, struct trtc_err *err)
{
    struct done *x = &run.done[run.nb_done++];

    (void)opaque, (void)err;
    assert_true((size_t)run.nb_done < COUNT(run.done));
    snprintf(x->path, sizeof x->path, "%s", d->path);
    x->playlist = d->playlist;
    x->start_ms = d->start_ms;
    x->dur_us = d->dur_us;
    return 0;
}

enum { MIXED, APART, TOGETHER };

/* A recording of what is announced at first; a stream that begins at 10 s. */
static void begin(int mode, enum trtc_codec video, bool audio)
{
    clear();
    nb_frames = 0;
    run = (struct run){ .o = { .told = told,
                               .dir = ".",
                               .name = { .sdkappid = 1, .room = { "2", 1 } },
                               .user_id = mode == MIXED ? NULL : "u",
                               .user_id_len = mode == MIXED ? 0 : 1,
                               .av_merge = mode == TOGETHER,
                               .target_us = 2 * S,
                               .start_us = START_MS * 1000,
                               .stream_start_us = 10 * S } };
    if (mode != MIXED) {
        run.o.name.user = (struct trtc_span){ "dQ..", 4 };
        run.o.name.media = TRTC_MEDIA_MAIN;
    }
    run.info.video = video;
    run.info.audio = audio ? TRTC_CODEC_AAC : TRTC_CODEC_NONE;
    run.s = trtc_segmenter_new(&run.o, &run.info, &run.err);
    assert_non_null(run.s);
}

/* Gives a frame to it; of what the frame does not say, the defaults. */
static void give(struct frame f)
{
    uint8_t bytes[64];

    assert_true(nb_frames < FRAMES);
    f.codec = f.codec ? f.codec : TRTC_CODEC_H264;
    f.rate_hz = f.rate_hz ? f.rate_hz : 48000;
    f.dts_us = f.dts_us ? f.dts_us : f.pts_us - (f.video ? 100 : 0); /* so that both are written */
    f.key |= !f.video;
    frames[nb_frames] = f;
    struct trtc_input_frame x = {
        .video = f.video,
        .pkt = { .data = bytes, .pts_us = f.pts_us, .dts_us = f.dts_us, .key = f.key },
        .dur_us = f.video ? VIDEO_US : AUDIO_US
    };
    x.pkt.size = f.video ? make_picture(bytes, &f, (unsigned)nb_frames)
                         : make_sound(bytes, &f, (unsigned)nb_frames);
    if (f.video) {
        run.info.video = f.codec;
        run.info.width_px = 160;
        run.info.height_px = 90;
    } else {
        x.new_format = run.info.rate_hz > 0 && run.info.rate_hz != f.rate_hz;
        run.info.audio = TRTC_CODEC_AAC;
        run.info.rate_hz = f.rate_hz;
        run.info.channels = 2;
    }
    nb_frames++;
    if (trtc_segmenter_frame(run.s, &x, &run.info, &run.err) < 0)
        fail_msg("%s", run.err.msg);
}

/* A second of pictures and sound, the pictures' first one a key frame, from at_us on. */
static void give_second(int64_t at_us, bool video, bool audio)
{
    int64_t v = 0, a = 0;

    while ((video && v < 25) || (audio && a < 47)) {
        if (video && v < 25 && (!audio || a == 47 || v * VIDEO_US <= a * AUDIO_US)) {
            give((struct frame){ .video = true, .key = v == 0, .pts_us = at_us + v * VIDEO_US });
            v++;
        } else {
            give((struct frame){ .pts_us = at_us + a * AUDIO_US });
            a++;
        }
    }
}

/* ---- what became of it ---- */

static uint8_t bytes[8 << 20];

static size_t load(const char *path)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    const size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_int_in_range(n, 1, sizeof bytes - 1);
    return n;
}

static int64_t shift_us; /* from the frames' times to those in the segments */
static bool no_clock;    /* of frames that came too late it is not true */

/* Every PES has come before it is decoded: the clock is never past its DTS. */
static void check_clock(const uint8_t *p, size_t n)
{
    int64_t pcr = -1;

    for (const uint8_t *end = p + n; p < end; p += 188) {
        const int pid = (p[1] & 31) << 8 | p[2];
        const uint8_t *pes = p + 4 + (p[3] & 0x20 ? 1 + p[4] : 0);

        if (p[3] & 0x20 && p[4] > 0 && p[5] & 0x10)
            pcr = (int64_t)p[6] << 25 | p[7] << 17 | p[8] << 9 | p[9] << 1 | p[10] >> 7;
        if ((pid != 0x100 && pid != 0x101) || !(p[1] & 0x40))
            continue;
        pes += pes[7] & 0x40 ? 14 : 9;
        const int64_t dts = (int64_t)(pes[0] >> 1 & 7) << 30 | pes[1] << 22 | (pes[2] >> 1) << 15 |
                            pes[3] << 7 | pes[4] >> 1;
        if (pcr >= 0)
            assert_int_in_range(trtc_ts_diff(dts, pcr), 1, 3 * 90000);
    }
}

/* The frames of a segment, and the lowest PTS among them. */
static void look_into(const char *path, int64_t *low_us)
{
    struct trtc_ts *ts = trtc_ts_new(TRTC_AUDIO | TRTC_VIDEO);
    struct trtc_ts_frame f;
    const size_t n = load(path);

    assert_non_null(ts);
    if (!no_clock)
        check_clock(bytes, n);
    *low_us = INT64_MAX;
    trtc_ts_feed(ts, bytes, n);
    for (bool ended = false;;) {
        if (trtc_ts_next(ts, &f) == 0) {
            if (ended)
                break;
            trtc_ts_end(ts);
            ended = true;
            continue;
        }
        const unsigned number = number_of(f.data, f.size);
        assert_true(number < (unsigned)nb_frames);
        struct frame *x = &frames[number];
        x->seen++;
        assert_int_equal(x->video, f.stream->video);
        assert_int_equal(f.stream->codec, x->video ? x->codec : TRTC_CODEC_AAC);
        if (x->moved)
            continue;
        const int64_t pts = (x->pts_us + shift_us) * 9 / 100,
                      dts = (x->dts_us + shift_us) * 9 / 100;
        assert_int_in_range(llabs(trtc_ts_diff(f.pts_90k, pts)), 0, x->video ? 1 : 90);
        assert_int_in_range(llabs(trtc_ts_diff(f.dts_90k, dts)), 0, x->video ? 1 : 90);
        assert_true(f.pts_90k < 3600 * INT64_C(90000) && f.dts_90k < 3600 * INT64_C(90000));
        *low_us = x->pts_us < *low_us ? x->pts_us : *low_us;
    }
    assert_int_equal(trtc_ts_stats(ts)->nb_lost, 0);
    trtc_ts_free(&ts);
}

static void parse(const char *path, struct trtc_playlist *p)
{
    const size_t n = load(path);
    char *text = malloc(n + 1);

    assert_non_null(text);
    memcpy(text, bytes, n);
    assert_int_equal(trtc_playlist_parse(text, n, p, NULL), 0);
    assert_int_equal(p->nb_bad_lines, 0);
}

/* Reads a playlist: its segments follow each other, their names are the times of their first frames, and their
 * frames are marked as seen. */
static void look_at(const char *path, struct trtc_playlist *p)
{
    int64_t end_ms = 0, low_us;

    parse(path, p);
    assert_true(p->ended && p->nb_segs > 0);
    assert_int_equal(p->start_rec_ms, p->segs[0].attr_start_ms);
    for (size_t i = 0; i < p->nb_segs; i++) {
        const struct trtc_playlist_seg *s = &p->segs[i];
        if (i > 0)
            assert_int_in_range(llabs(s->attr_start_ms - end_ms), 0, 1);
        end_ms = s->attr_start_ms + (s->duration_us + 500) / 1000;
        look_into(s->uri, &low_us);
        assert_int_in_range(llabs(s->attr_start_ms - START_MS - (low_us - 10 * S) / 1000), 0, 1);
    }
}

/* Ends the recording; every frame is in one segment. Returns how many playlists there are. */
static int end(void)
{
    int nb = 0;

    if (trtc_segmenter_end(run.s, &run.err) < 0)
        fail_msg("%s", run.err.msg);
    for (int video = 0; video < 2; video++) {
        int64_t given = 0;
        for (int i = 0; i < nb_frames; i++)
            given += frames[i].video == video;
        assert_int_equal(trtc_segmenter_nb_written(run.s, video) +
                             (video ? 0 : trtc_segmenter_nb_dropped(run.s)),
                         given);
    }
    trtc_segmenter_free(&run.s);
    for (int i = 0; i < run.nb_done; i++) {
        bool again = !run.done[i].playlist;
        for (int k = i + 1; k < run.nb_done; k++)
            again |= !strcmp(run.done[k].path, run.done[i].path);
        nb += !again;
    }
    return nb;
}

static void all_seen(void)
{
    for (int i = 0; i < nb_frames; i++)
        if (frames[i].seen != 1)
            fail_msg("frame %d, %s at %" PRId64 " us: %u times", i,
                     frames[i].video ? "picture" : "sound", frames[i].pts_us, frames[i].seen);
}

#define MIXED_LIST "1_2.m3u8"
#define USER_LIST  "1_2__UserId_s_dQ..__UserId_e_main_"

/* ---- tracks that appear late ---- */

/* A user's streams apart: the one that comes later gets a playlist that begins with it. */
static void test_late_apart(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct trtc_playlist p;

        begin(APART, late ? TRTC_CODEC_NONE : TRTC_CODEC_H264, late);
        for (int s = 0; s < 12; s++)
            give_second((10 + s) * S, !late || s >= 7, late || s >= 7);
        assert_int_equal(end(), 2);
        look_at(USER_LIST "video.m3u8", &p);
        assert_int_equal(p.start_rec_ms, START_MS + (late ? 7000 : 0));
        assert_int_equal(p.stream_type, 1);
        assert_int_equal(p.segs[0].width_px, 160);
        trtc_playlist_fini(&p);
        look_at(USER_LIST "audio.m3u8", &p);
        assert_int_equal(p.start_rec_ms, START_MS + (late ? 0 : 7000));
        assert_int_equal(p.stream_type, 0);
        trtc_playlist_fini(&p);
        all_seen();
    }
}

/* Together, and mixed: it joins the segment that is there, and what begins after it is marked. */
static void test_late_joins(void **state)
{
    static const struct {
        int mode;
        bool late_picture;
        const char *list;
    } t[] = {
        { MIXED, false, MIXED_LIST },
        { MIXED, true, MIXED_LIST },
        { TOGETHER, false, USER_LIST "video.m3u8" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        const bool late = t[i].late_picture;
        struct trtc_playlist p;
        int nb_marked = 0;

        begin(t[i].mode, late ? TRTC_CODEC_NONE : TRTC_CODEC_H264, late);
        for (int s = 0; s < 12; s++)
            give_second((10 + s) * S, !late || s >= 7, late || s >= 7);
        assert_int_equal(end(), 1);
        look_at(t[i].list, &p);
        assert_int_equal(p.stream_type, 2);
        for (size_t k = 0; k < p.nb_segs; k++) {
            nb_marked += p.segs[k].discontinuity;
            if (p.segs[k].discontinuity)
                assert_int_in_range(p.segs[k].attr_start_ms - START_MS, 6900, 9100);
            assert_int_equal(p.segs[k].width_px, late && !nb_marked ? 0 : 160);
        }
        assert_int_equal(nb_marked, 1);
        trtc_playlist_fini(&p);
        all_seen();
    }
}

/* Picture and sound of a user together, which the picture gives its name: a sound that is listed already stays apart;
 * before that it becomes part of the picture's. */
static void test_late_picture_together(void **state)
{
    struct trtc_playlist p;

    (void)state;
    begin(TOGETHER, TRTC_CODEC_NONE, true);
    for (int s = 0; s < 12; s++)
        give_second((10 + s) * S, s >= 7, true);
    assert_int_equal(end(), 2);
    look_at(USER_LIST "video.m3u8", &p);
    assert_int_equal(p.start_rec_ms, START_MS + 7000);
    assert_int_equal(p.stream_type, 1);
    trtc_playlist_fini(&p);
    look_at(USER_LIST "audio.m3u8", &p);
    assert_int_equal(p.stream_type, 0);
    trtc_playlist_fini(&p);
    all_seen();

    begin(TOGETHER, TRTC_CODEC_NONE, true);
    for (int s = 0; s < 6; s++)
        give_second((10 + s) * S, s >= 1, true);
    assert_int_equal(end(), 1);
    look_at(USER_LIST "video.m3u8", &p);
    assert_int_equal(p.start_rec_ms, START_MS);
    assert_int_equal(p.stream_type, 2);
    trtc_playlist_fini(&p);
    all_seen();
}

/* ---- order ---- */

/* The sound arrives by lag_us behind the picture (or ahead of it, where that is below 0). */
static void give_apart(int seconds, int64_t lag_us, int64_t picture_step_us)
{
    int64_t v = 0, a = 0;

    while (v < seconds * S || a < seconds * S) {
        if (a >= seconds * S || (v < seconds * S && v <= a + lag_us)) {
            give((struct frame){ .video = true, .key = v % S == 0, .pts_us = 10 * S + v });
            v += picture_step_us;
        } else {
            give((struct frame){ .pts_us = 10 * S + a });
            a += AUDIO_US;
        }
    }
}

/* Tracks far from each other: the segments are in order all the same, and so are the packets in them. */
static void test_apart(void **state)
{
    static const int64_t lags_us[] = { 0,     300000, -300000, 700000, -700000,
                                       3 * S, -3 * S, 60 * S,  -60 * S };

    (void)state;
    for (size_t i = 0; i < COUNT(lags_us); i++) {
        for (int slow = 0; slow < 2; slow++) {
            struct trtc_interleave_late late;
            struct trtc_playlist p;

            begin(i % 2 ? MIXED : TOGETHER, TRTC_CODEC_H264, true);
            give_apart(20, lags_us[i], slow ? 5 * S : VIDEO_US);
            for (int video = 0; video < 2; video++) {
                trtc_segmenter_late(run.s, video, &late);
                assert_int_equal(late.nb, 0);
            }
            assert_int_equal(end(), 1);
            look_at(i % 2 ? MIXED_LIST : USER_LIST "video.m3u8", &p);
            assert_int_in_range(p.nb_segs, slow ? 4 : 10, slow ? 5 : 10);
            trtc_playlist_fini(&p);
            all_seen();
        }
    }
}

/* A stream that begins at 0, or below, is raised: no time stamp and no clock is below 0, which is far ahead. */
static void test_low_start(void **state)
{
    static const int64_t starts_us[] = { -21333, 0, 300000 };

    (void)state;
    for (size_t i = 0; i < COUNT(starts_us); i++) {
        const int64_t at_us = starts_us[i] + 1;
        int64_t low_us;

        begin(MIXED, TRTC_CODEC_H264, true);
        trtc_segmenter_free(&run.s);
        run.o.stream_start_us = starts_us[i];
        run.s = trtc_segmenter_new(&run.o, &run.info, &run.err);
        assert_non_null(run.s);
        for (int k = 0; k < 50; k++) {
            give((struct frame){ .pts_us = at_us + k * AUDIO_US });
            give((struct frame){ .video = true,
                                 .key = k == 0,
                                 .pts_us = at_us + 80000 + k * VIDEO_US,
                                 .dts_us = at_us + k * VIDEO_US });
        }
        assert_int_equal(end(), 1);
        shift_us = (1400000 - starts_us[i] + 99) / 100 * 100;
        look_into(run.done[0].path, &low_us);
        shift_us = 0;
        all_seen();
    }
}

/* Beyond the window: named, all of it is there, and the names go on all the same. */
static void test_too_far_apart(void **state)
{
    struct trtc_interleave_late late;
    struct trtc_playlist p;
    int64_t low_us, last_ms = 0;

    (void)state;
    begin(MIXED, TRTC_CODEC_H264, true);
    trtc_segmenter_free(&run.s);
    run.o.window_us = 2 * S;
    run.s = trtc_segmenter_new(&run.o, &run.info, &run.err);
    assert_non_null(run.s);
    give_apart(20, -8 * S, VIDEO_US);
    if (trtc_segmenter_end(run.s, &run.err) < 0)
        fail_msg("%s", run.err.msg);
    trtc_segmenter_late(run.s, true, &late);
    assert_int_in_range(late.nb, 100, 500);
    assert_int_in_range(late.most_us, 6 * S, 8 * S);
    trtc_segmenter_late(run.s, false, &late);
    assert_int_equal(late.nb, 0);
    trtc_segmenter_free(&run.s);
    for (int i = 0; i < nb_frames; i++) /* segments were cut at the sound before they came */
        frames[i].moved = frames[i].video && frames[i].pts_us < 18 * S;
    parse(MIXED_LIST, &p);
    no_clock = true;
    for (size_t i = 0; i < p.nb_segs; i++) {
        look_into(p.segs[i].uri, &low_us);
        assert_true(p.segs[i].attr_start_ms > last_ms);
        last_ms = p.segs[i].attr_start_ms;
    }
    no_clock = false;
    trtc_playlist_fini(&p);
    all_seen();
}

/* The picture is gone for longer than is waited for, and its last frames come when it returns: only
 * they have another time than their own. */
static void test_late_end_of_picture(void **state)
{
    struct trtc_playlist p;

    (void)state;
    begin(MIXED, TRTC_CODEC_H264, true);
    trtc_segmenter_free(&run.s);
    run.o.window_us = 5 * S;
    run.s = trtc_segmenter_new(&run.o, &run.info, &run.err);
    assert_non_null(run.s);
    for (int64_t at_us = 10 * S; at_us < 15 * S; at_us += S)
        give_second(at_us, true, true);
    for (int64_t at_us = 15 * S; at_us < 50 * S; at_us += S)
        give_second(at_us, false, true);
    for (int k = 0; k < 3; k++)
        give((struct frame){ .video = true, .pts_us = 15 * S + k * VIDEO_US, .moved = true });
    for (int64_t at_us = 50 * S; at_us < 55 * S; at_us += S)
        give_second(at_us, true, true);
    assert_int_equal(end(), 1);
    no_clock = true;
    look_at(MIXED_LIST, &p);
    no_clock = false;
    trtc_playlist_fini(&p);
    all_seen();
}

/* Sound that joins far behind the pictures would be before the segment: it is left out, and what
 * follows it moves nothing. */
static void test_joins_behind(void **state)
{
    struct trtc_playlist p;

    (void)state;
    begin(MIXED, TRTC_CODEC_H264, false);
    for (int64_t at_us = 10 * S; at_us < 18 * S; at_us += S)
        give_second(at_us, true, false);
    for (int k = 0; k < 280; k++)
        give((struct frame){ .pts_us = 12 * S + k * AUDIO_US });
    give_second(18 * S, true, true);
    assert_int_in_range(trtc_segmenter_nb_dropped(run.s), 4 * S / AUDIO_US - 1,
                        4 * S / AUDIO_US + 1);
    assert_int_equal(end(), 1);
    no_clock = true;
    look_at(MIXED_LIST, &p);
    no_clock = false;
    trtc_playlist_fini(&p);
}

/* The first key picture is decoded before pictures that are shown before it, and while sound arrives
 * in between: the segment begins with the earliest of them. */
static void test_leading_pictures(void **state)
{
    struct trtc_playlist p;

    (void)state;
    begin(MIXED, TRTC_CODEC_H264, true);
    for (int64_t v = 0; v < 8 * S; v += 4 * VIDEO_US) {
        const int64_t dts_us = 10 * S + v;
        for (int k = 0; k < 4; k++) { /* decoded: the fourth, then those before it */
            const int64_t shown = k == 0 ? 3 : k - 1;
            give((struct frame){ .video = true,
                                 .key = k == 0 && v % (12 * VIDEO_US) == 0,
                                 .pts_us = dts_us + (shown + 1) * VIDEO_US + 1000,
                                 .dts_us = dts_us + k * VIDEO_US });
            give((struct frame){ .pts_us = dts_us + (k + 4) * VIDEO_US });
        }
    }
    assert_int_equal(end(), 1);
    look_at(MIXED_LIST, &p);
    assert_int_in_range(p.nb_segs, 3, 5);
    trtc_playlist_fini(&p);
    all_seen();
}

/* ---- formats that change ---- */

static void test_codec_changes(void **state)
{
    struct trtc_playlist p;
    size_t size;

    (void)state;
    begin(MIXED, TRTC_CODEC_H264, true);
    give_second(10 * S, true, true);
    for (int i = 0; i < 50; i++) /* no key: it begins a segment all the same */
        give((struct frame){
            .video = true, .codec = TRTC_CODEC_H265, .pts_us = 11 * S + i * VIDEO_US });
    assert_int_equal(end(), 1);
    look_at(MIXED_LIST, &p);
    assert_int_equal(p.nb_segs, 2);
    assert_true(!p.segs[0].discontinuity && p.segs[1].discontinuity);
    trtc_playlist_fini(&p);
    all_seen();
    size = load(MIXED_LIST);
    bytes[size] = '\0';
    const char *first = strstr((char *)bytes, "Codec:27\n"),
               *then = strstr((char *)bytes, "Codec:173\n");
    assert_true(first && then && first < then);
}

/* Sound of another rate: a segment that is marked begins with it, or where pictures decide, with the next key picture. */
static void test_sound_changes(void **state)
{
    struct trtc_playlist p;

    (void)state;
    for (int mixed = 0; mixed < 2; mixed++) {
        int nb_marked = 0;
        begin(mixed ? MIXED : APART, mixed ? TRTC_CODEC_H264 : TRTC_CODEC_NONE, true);
        for (int i = 0; i < 300; i++) {
            if (mixed && i % 2 == 0)
                give((struct frame){
                    .video = true, .key = i % 50 == 0, .pts_us = 10 * S + i * AUDIO_US });
            give((struct frame){ .rate_hz = i < 210 ? 48000 : 44100,
                                 .pts_us = 10 * S + i * AUDIO_US });
        }
        assert_int_equal(end(), 1);
        look_at(mixed ? MIXED_LIST : USER_LIST "audio.m3u8", &p);
        for (size_t i = 0; i < p.nb_segs; i++) {
            nb_marked += p.segs[i].discontinuity;
            if (p.segs[i].discontinuity)
                assert_int_in_range(p.segs[i].attr_start_ms - START_MS, 4479, mixed ? 5340 : 4481);
        }
        assert_int_equal(nb_marked, 1);
        trtc_playlist_fini(&p);
        all_seen();
    }
}

/* Segments that begin within a millisecond have names of their own. */
static void test_names_differ(void **state)
{
    struct trtc_playlist p;

    (void)state;
    begin(APART, TRTC_CODEC_H264, false);
    for (int i = 0; i < 6; i++)
        give((struct frame){ .video = true,
                             .key = true,
                             .codec = i % 2 ? TRTC_CODEC_H265 : TRTC_CODEC_H264,
                             .pts_us = 10 * S + i * 100 });
    if (trtc_segmenter_end(run.s, &run.err) < 0)
        fail_msg("%s", run.err.msg);
    trtc_segmenter_free(&run.s);
    parse(USER_LIST "video.m3u8", &p);
    assert_int_equal(p.nb_segs, 6);
    for (size_t i = 0; i < p.nb_segs; i++) {
        int64_t low_us;
        assert_int_equal(p.segs[i].attr_start_ms, START_MS + (int64_t)i);
        look_into(p.segs[i].uri, &low_us);
    }
    trtc_playlist_fini(&p);
    all_seen();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_late_apart),
        cmocka_unit_test(test_late_joins),
        cmocka_unit_test(test_late_picture_together),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_low_start),
        cmocka_unit_test(test_too_far_apart),
        cmocka_unit_test(test_late_end_of_picture),
        cmocka_unit_test(test_joins_behind),
        cmocka_unit_test(test_leading_pictures),
        cmocka_unit_test(test_codec_changes),
        cmocka_unit_test(test_sound_changes),
        cmocka_unit_test(test_names_differ),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("segmenter", tests, enter, leave);
}
