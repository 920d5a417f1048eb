/* SPDX-License-Identifier: MIT */
/* The input of the segmenter: the same stream out of every container, odd time stamps, odd
 * sources, damage. ffmpeg makes the streams. */
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>

#include "codec/ffmpeg.h"
#include "container/parts.h"
#include "input/input.h"
#include "input/input_priv.h"
#include "net/fetch.h"
#include "serve/apiserver.h"
#include "ts/es.h"
#include "unit/range.h"

#define COUNT(a)  (sizeof(a) / sizeof *(a))
#define HOUR_US   INT64_C(3600000000)
#define HOUR_90K  INT64_C(324000000)
#define V         TRTC_AT_VIDEO
#define A         TRTC_AT_AUDIO
#define FRAMES    1024
#define VIDEO_PID 0x100
#define AUDIO_PID 0x101

static char dir[64];

/* ---- media ---- */

__attribute__((format(printf, 1, 2))) static void run(const char *fmt, ...)
{
    char cmd[2048];
    va_list ap;
    va_start(ap, fmt);
    const int n = snprintf(cmd, sizeof cmd, "cd %s && ", dir);
    vsnprintf(cmd + n, sizeof cmd - (size_t)n, fmt, ap);
    va_end(ap);
    if (system(cmd) != 0)
        fail_msg("failed: %s", cmd);
}

#define FFMPEG "ffmpeg -nostdin -v error -y "

static int make_media(void **state)
{
    (void)state;
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%.40s/t_input-XXXXXX", tmp ? tmp : "/tmp");
    if (!mkdtemp(dir))
        return -1;
    run(FFMPEG "-f lavfi -i testsrc2=s=160x96:r=25:d=4 -f lavfi -i "
               "'aevalsrc=if(gt(t\\,1)\\,0.5*sin(6283*t)\\,0)|0:s=48000:d=4' "
               "-c:v libx264 -preset veryfast -g 25 -bf 2 -threads 1 -c:a aac base.mp4");
    /* longer than what is probed in one go */
    run(FFMPEG "-f lavfi -i testsrc2=s=640x360:r=25:d=2 -c:v libx264 -preset ultrafast -qp 10 "
               "big.mp4");
    run(FFMPEG "-i base.mp4 -c copy base.ts -c copy base.mkv -c copy base.flv "
               "-c copy -movflags +faststart fast.mp4 -c copy -an base.h264 "
               "-c copy -vn base.aac -c:v copy -c:a libopus opus.mkv "
               "-c:v copy -c:a libmp3lame mp3.ts -vn -c:a flac sound.flac -vn sound.wav");
    run(FFMPEG "-i base.mp4 -t 2 -c:v libx265 -preset ultrafast -x265-params "
               "log-level=none:info=0:bframes=2:keyint=20:min-keyint=20:pools=none:frame-threads=1 "
               "-c:a copy h265.mp4");
    run(FFMPEG "-i h265.mp4 -c copy h265.ts -c copy h265.mkv -an -c copy h265.h265");
    run(FFMPEG "-f lavfi -i testsrc2=s=64x64:r=10:d=0.5 -c:v libvpx -deadline realtime vp8.webm "
               "-c:v libvpx-vp9 -deadline realtime vp9.webm -c:v mpeg2video mpeg2.ts "
               "-c:v mpeg4 part2.mp4");
    return 0;
}

static int drop_media(void **state)
{
    char cmd[128];
    (void)state;
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd);
}

static const char *path_of(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

struct bytes {
    uint8_t *p;
    size_t n;
};

static struct bytes load(const char *name)
{
    struct bytes b = { malloc(4 << 20), 0 };
    FILE *f = fopen(path_of(name), "rb");
    assert_non_null(f);
    assert_non_null(b.p);
    b.n = fread(b.p, 1, 4 << 20, f);
    fclose(f);
    return b;
}

static void save(const char *name, const uint8_t *p, size_t n)
{
    FILE *f = fopen(path_of(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

/* ---- what came in ---- */

struct frame {
    struct trtc_input_frame f; /* its pointers are not valid */
    uint8_t *data;             /* pictures: lengths, neither delimiters nor parameter sets */
    size_t size;
    size_t sets_size;
    int width_px; /* of the info at the time */
};

struct read {
    struct trtc_input_info info;
    int64_t start_us;
    int n, nb[TRTC_NB_KINDS], nb_breaks, nb_sizes;
    struct frame v[FRAMES];
    int result;
    struct trtc_err err;
    struct trtc_input_losses losses;
};

static struct read got, base;

static void drop(struct read *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->v[i].data);
    *r = (struct read){ 0 };
}

static void add(struct read *r, const struct trtc_input_frame *f, const struct trtc_input *in)
{
    assert_true(r->n < FRAMES);
    struct frame *x = &r->v[r->n++];
    const enum trtc_codec codec = trtc_input_info(in)->video;
    x->f = *f;
    x->sets_size = f->sets_size;
    x->width_px = trtc_input_info(in)->width_px;
    assert_true(f->pkt.size > 0);
    x->data = malloc(TRTC_LENGTHS_MAX(f->pkt.size));
    assert_non_null(x->data);
    if (f->video) {
        x->size = trtc_annexb_to_lengths(codec, f->pkt.data, f->pkt.size, true, x->data);
    } else {
        memcpy(x->data, f->pkt.data, f->pkt.size);
        x->size = f->pkt.size;
    }
    if (f->video && f->pkt.key) { /* it can be decoded from here */
        struct trtc_video_params p;
        const bool inside = trtc_video_params_read(codec, f->pkt.data, f->pkt.size, &p) == 0;
        assert_true(inside ||
                    (f->sets && trtc_video_params_read(codec, f->sets, f->sets_size, &p) == 0));
        assert_int_equal(p.width_px, x->width_px);
    }
    r->nb[f->video ? V : A]++;
    r->nb_breaks += f->breaks;
    r->nb_sizes += f->new_size;
}

/* Reads all of url; false where it cannot be opened. */
static bool read_url(struct read *r, const char *url, const volatile sig_atomic_t *stop)
{
    const struct trtc_remote web = trtc_fetch_remote(NULL, NULL);
    struct trtc_input_frame f;

    drop(r);
    struct trtc_input *in = trtc_input_open(url, &web, stop, &r->err);
    if (!in)
        return false;
    r->info = *trtc_input_info(in);
    r->start_us = trtc_input_start_us(in);
    while ((r->result = trtc_input_next(in, &f, &r->err)) > 0)
        add(r, &f, in);
    trtc_input_losses(in, &r->losses);
    trtc_input_free(&in);
    assert_null(in);

    int64_t dts[TRTC_NB_KINDS] = { INT64_MIN, INT64_MIN }, lowest = INT64_MAX;
    for (int i = 0; i < r->n; i++) {
        const struct trtc_input_frame *x = &r->v[i].f;
        assert_true(x->pkt.dts_us > dts[x->video ? V : A]);
        assert_true(x->pkt.pts_us >= x->pkt.dts_us);
        assert_true(x->dur_us > 0);
        dts[x->video ? V : A] = x->pkt.dts_us;
        if (x->pkt.pts_us < lowest)
            lowest = x->pkt.pts_us;
    }
    assert_int_equal(r->start_us, lowest);
    return true;
}

static void read_file(struct read *r, const char *name)
{
    if (!read_url(r, path_of(name), NULL))
        fail_msg("%s", r->err.msg);
}

/* The k-th frame of a track. */
static const struct frame *frame_of(const struct read *r, int track, int k)
{
    for (int i = 0; i < r->n; i++)
        if (r->v[i].f.video == (track == V) && k-- == 0)
            return &r->v[i];
    fail_msg("too few frames");
    return NULL;
}

/* The same frames at the same times but for a shift of all; the last cut of a track may be
 * missing in a. */
static void same_but(const struct read *a, const struct read *b, int track, int cut,
                     int64_t shift_us, int64_t tolerance_us)
{
    assert_int_equal(a->nb[track], b->nb[track] - cut);
    for (int k = 0; k < a->nb[track]; k++) {
        const struct frame *x = frame_of(a, track, k), *y = frame_of(b, track, k);
        assert_int_equal(x->size, y->size);
        assert_memory_equal(x->data, y->data, x->size);
        assert_int_equal(x->f.pkt.key, y->f.pkt.key);
        assert_int_in_range(x->f.pkt.pts_us - y->f.pkt.pts_us - shift_us + tolerance_us, 0,
                            2 * tolerance_us);
        assert_int_in_range(x->f.pkt.dts_us - y->f.pkt.dts_us - shift_us + tolerance_us, 0,
                            2 * tolerance_us);
        assert_int_in_range(x->f.dur_us - y->f.dur_us + tolerance_us, 0, 2 * tolerance_us);
    }
}

static void same(const struct read *a, const struct read *b, int64_t tolerance_us)
{
    const int64_t shift = a->start_us - b->start_us;
    same_but(a, b, V, 0, shift, tolerance_us);
    same_but(a, b, A, 0, shift, tolerance_us);
}

/* Both were read; what was got is the same as the base, and all of its pictures are shown. */
static void same_shown(void)
{
    same(&got, &base, 10);
    for (int k = 0; k < got.n; k++)
        if (got.v[k].f.video)
            assert_false(got.v[k].f.pkt.hidden);
}

/* ---- containers ---- */

static void test_same_in_all_containers(void **state)
{
    static const struct {
        const char *base, *name;
        int64_t tolerance_us;
    } t[] = {
        { "base.mp4", "base.ts", 10 },    { "base.mp4", "base.mkv", 1500 },
        { "base.mp4", "base.flv", 1500 }, { "base.mp4", "fast.mp4", 0 },
        { "h265.mp4", "h265.ts", 10 },    { "h265.mp4", "h265.mkv", 1500 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        read_file(&base, t[i].base);
        read_file(&got, t[i].name);
        assert_int_equal(got.result, 0);
        assert_int_equal(got.info.width_px, 160);
        assert_int_equal(got.info.height_px, 96);
        assert_int_equal(got.info.audio, TRTC_CODEC_AAC);
        assert_int_equal(got.info.rate_hz, 48000);
        assert_int_equal(got.info.channels, 2);
        assert_false(got.info.audio_encoded);
        assert_int_equal(got.nb[V], i < 4 ? 100 : 50);
        assert_int_equal(got.nb_breaks, 0);
        assert_int_equal(got.nb_sizes, 0);
        assert_false(got.losses.cut);
        assert_int_equal(got.losses.nb_lost_packets + got.losses.nb_bad_bytes, 0);
        same(&got, &base, t[i].tolerance_us);
    }
}

/* Fragments that FFmpeg has made of ADTS for a pipe describe their AAC by its rate and channels only. */
static void test_aac_without_record(void **state)
{
    (void)state;
    run(FFMPEG
        "-i base.ts -c copy -bsf:a aac_adtstoasc -movflags frag_keyframe+empty_moov bare.mp4");
    read_file(&base, "base.ts");
    read_file(&got, "bare.mp4");
    assert_int_equal(got.result, 0);
    assert_int_equal(got.losses.nb_bad_bytes, 0);
    same_but(&got, &base, A, 0, /* the muxer puts the first one up to 60 ms too early */
             frame_of(&got, A, 1)->f.pkt.pts_us - frame_of(&base, A, 1)->f.pkt.pts_us, 60000);
}

/* Matroska states no DTS, and what libavformat derives from the PTS is far behind after a pause: the
 * pictures have the times that they have elsewhere. */
static void test_pause_without_dts(void **state)
{
    static const int pauses_s[] = { 2, 30 };

    (void)state;
    for (size_t i = 0; i < COUNT(pauses_s); i++) {
        run(FFMPEG "-i base.mp4 -c copy -an -bsf:v "
                   "'setts=pts=PTS+gte(N\\,50)*%d/TB:dts=DTS+gte(N\\,50)*%d/TB' pause.mp4",
            pauses_s[i], pauses_s[i]);
        run(FFMPEG "-i pause.mp4 -c copy pause.mkv");
        read_file(&base, "pause.mp4");
        read_file(&got, "pause.mkv");
        assert_int_equal(got.result, 0);
        assert_int_equal(got.nb[V], base.nb[V]);
        assert_int_equal(got.losses.nb_mended + got.nb_breaks, 0);
        for (int k = 0; k < got.nb[V]; k++) {
            const struct trtc_packet *x = &frame_of(&got, V, k)->f.pkt,
                                     *y = &frame_of(&base, V, k)->f.pkt;
            assert_int_in_range(llabs(x->pts_us - got.start_us - y->pts_us + base.start_us), 0,
                                1500);
            assert_true(x->dts_us <= x->pts_us && x->pts_us - x->dts_us < 2000000);
        }
    }
}

/* ... also if the pictures before the pause follow one that is shown after it. One picture whose time
 * alone is wrong is reported. */
static void test_pause_between_reordered(void **state)
{
    static const char *const names[] = { "pause.mkv", "pause.ts" };
    static const struct {
        int from, pause_s; /* number of the first picture after the pause, as they are shown */
    } t[] = { { 52, 2 }, { 53, 2 }, { 53, 13 }, { 54, 13 } };

    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        run(FFMPEG "-f lavfi -i testsrc2=s=64x48:r=25:d=4 -vf 'setpts=PTS+gte(N\\,%d)*%d/TB' "
                   "-fps_mode passthrough -c:v libx264 -preset veryfast -g 25 -bf 2 -threads 1 "
                   "-x264-params b-adapt=0:scenecut=0 pause.mp4",
            t[i].from, t[i].pause_s);
        run(FFMPEG "-i pause.mp4 -c copy pause.mkv -c copy pause.ts");
        read_file(&base, "pause.mp4");
        assert_int_equal(base.losses.nb_mended, 0);
        for (size_t n = 0; n < COUNT(names); n++) {
            read_file(&got, names[n]);
            assert_int_equal(got.result, 0);
            assert_int_equal(got.nb[V], base.nb[V]);
            assert_int_equal(got.losses.nb_mended + got.losses.nb_unordered + got.nb_breaks, 0);
            const int64_t shift_us =
                frame_of(&got, V, 0)->f.pkt.pts_us - frame_of(&base, V, 0)->f.pkt.pts_us;
            for (int k = 0; k < got.nb[V]; k++)
                assert_int_in_range(llabs(frame_of(&got, V, k)->f.pkt.pts_us -
                                          frame_of(&base, V, k)->f.pkt.pts_us - shift_us),
                                    0, 1500);
        }
        run(FFMPEG "-i pause.mkv -c copy -t 1.8 -bsf:v 'setts=pts=PTS+eq(N\\,30)*20000' wrong.mkv");
        read_file(&got, "wrong.mkv");
        assert_int_equal(got.losses.nb_mended + got.losses.nb_unordered, 1);
    }
    for (int k = 0; k < 2; k++) {
        run(FFMPEG "-i pause.mp4 -c copy -t 1.8 -bsf:v 'setts=pts=PTS+eq(N\\,30)*30/TB' "
                   "%s wrong.mp4",
            k ? "-movflags frag_keyframe+empty_moov" : "-use_editlist 0");
        read_file(&got, "wrong.mp4");
        assert_int_equal(got.losses.nb_mended + got.losses.nb_unordered, 1);
    }
    /* only sound goes on beside the last picture */
    run(FFMPEG
        "-f lavfi -i testsrc2=s=64x48:r=25:d=4 -f lavfi -i sine=r=48000:d=17 -vf "
        "'setpts=PTS+gte(N\\,99)*13/TB' -fps_mode passthrough -c:v libx264 -preset veryfast -g 25 "
        "-bf 2 -threads 1 -x264-params b-adapt=0:scenecut=0 -c:a aac pause.mkv");
    read_file(&got, "pause.mkv");
    assert_int_equal(got.nb[V], 100);
    assert_int_equal(got.losses.nb_mended + got.losses.nb_unordered + got.nb_breaks, 0);
}

/* One picture's time alone is wrong, by however little: it contradicts the order in which the stream says that pictures
 * are shown. */
static void test_time_against_order(void **state)
{
    static const char *const names[] = { "wrong.mp4", "wrong.ts", "wrong.mkv", "wrong.flv" };
    static const char *const by_s[] = { "0", "0.2", "1", "-0.2" };

    (void)state;
    for (size_t i = 0; i < COUNT(by_s); i++) {
        run(FFMPEG "-i base.mp4 -c copy -bsf:v 'setts=pts=PTS+eq(N\\,30)*(%s)/TB' wrong.mp4",
            by_s[i]);
        run(FFMPEG "-i wrong.mp4 -c copy wrong.ts -c copy wrong.mkv -c copy wrong.flv");
        for (size_t n = 0; n < COUNT(names); n++) {
            read_file(&got, names[n]);
            assert_int_equal(got.nb[V], 100);
            assert_int_in_range(got.losses.nb_unordered, i > 0, i > 0 ? 2 : 0);
        }
    }
}

/* The pictures of got are as far apart as those of base. */
static void same_places(void)
{
    assert_int_equal(got.nb[V], base.nb[V]);
    for (int k = 0; k < base.nb[V]; k++) {
        const int64_t at_us = frame_of(&got, V, k)->f.pkt.pts_us,
                      dts_us = frame_of(&got, V, k)->f.pkt.dts_us;
        const int64_t off_us = at_us - frame_of(&got, V, 0)->f.pkt.pts_us -
                               frame_of(&base, V, k)->f.pkt.pts_us +
                               frame_of(&base, V, 0)->f.pkt.pts_us;
        assert_true(llabs(off_us) <= 1500 && dts_us <= at_us);
    }
}

/* libavformat gives some pictures of a program stream no time: they are shown where their order has them. Pictures
 * that it takes for sound are reported. */
static void test_program_stream(void **state)
{
    static const char *const sizes[] = { "640x360", "192x108" };

    (void)state;
    for (int i = 0; i < 2; i++) {
        run(FFMPEG "-f lavfi -i testsrc2=s=%s:r=25:d=8 -f lavfi -i sine=r=48000:d=8 -c:v libx264 "
                   "-preset veryfast -g 25 -bf 2 -threads 1 -x264-params aud=1 -c:a mp2 program.ts",
            sizes[i]);
        run(FFMPEG "-i program.ts -c copy -f vob program.mpg");
        read_file(&base, "program.ts");
        read_file(&got, "program.mpg");
        /* libavformat may give the time of a small picture to the one before it: that is reported */
        assert_int_in_range(got.losses.nb_unordered, 0, i);
        assert_int_equal(got.nb_breaks, 0);
        assert_int_equal(got.losses.nb_faults, got.nb[V] == 0);
        if (got.nb[V] > 0 && got.losses.nb_unordered == 0)
            same_places();
    }
}

/* An AVI of a stream with pauses says only when pictures are decoded. */
static void test_avi_with_pauses(void **state)
{
    (void)state;
    run(FFMPEG
        "-f lavfi -i testsrc2=s=64x48:r=25:d=4 -vf 'select=not(mod(floor(n/7)\\,3))' -fps_mode "
        "vfr -c:v libx264 -preset veryfast -bf 2 -threads 1 -x264-params b-adapt=0 pauses.mp4");
    run(FFMPEG "-i pauses.mp4 -c copy pauses.avi");
    read_file(&base, "pauses.mp4");
    read_file(&got, "pauses.avi");
    same_but(&got, &base, V, 0,
             frame_of(&got, V, 0)->f.pkt.pts_us - frame_of(&base, V, 0)->f.pkt.pts_us, 10);
}

/* AVI says only when pictures are decoded; with start codes, or with lengths, which is what a copy from MP4 leaves. */
static void test_avi(void **state)
{
    (void)state;
    run(FFMPEG
        "-i base.mp4 -c:v libx264 -preset veryfast -g 25 -bf 3 -threads 1 -c:a copy deep.avi");
    run(FFMPEG "-i base.mp4 -c copy lengths.avi");
    for (int i = 0; i < 2; i++) {
        read_file(&got, i ? "lengths.avi" : "deep.avi");
        assert_int_equal(got.nb[V], 100);
        assert_int_in_range(got.nb[A], 188, 190);
        int64_t shown[100];
        for (int k = 0; k < 100; k++) {
            const struct frame *x = frame_of(&got, V, k);
            shown[(x->f.pkt.pts_us - got.start_us + 20000) / 40000 % 100] = x->f.pkt.pts_us;
            assert_int_equal((x->f.pkt.dts_us - frame_of(&got, V, 0)->f.pkt.dts_us) / 1000, 40 * k);
        }
        for (int k = 1; k < 100; k++)
            assert_int_equal(shown[k] - shown[k - 1], 40000);
    }
    /* the other one's order is known */
    read_file(&base, "base.mp4");
    same_but(&got, &base, V, 0,
             frame_of(&got, V, 0)->f.pkt.pts_us - frame_of(&base, V, 0)->f.pkt.pts_us, 10);
}

/* The content of the k-th box of this type in an MP4. */
static uint8_t *box_of(struct bytes b, const char *type, int k)
{
    for (size_t i = 0; i + 8 < b.n; i++)
        if (memcmp(b.p + i, type, 4) == 0 && k-- == 0)
            return b.p + i + 4;
    fail_msg("no %s", type);
    return NULL;
}

/* Sets the durations of all frames of a track to so many ticks. */
static void set_durations(struct bytes b, int track, uint8_t ticks)
{
    uint8_t *p = box_of(b, "stts", track);

    for (int n = p[7]; n > 0; n--) {
        memset(p + 4 + 8 * n, 0, 4);
        p[4 + 8 * n + 3] = ticks;
    }
}

/* Takes the times of presentation away. */
static void take_offsets(struct bytes b)
{
    memcpy(box_of(b, "ctts", 0) - 4, "free", 4);
}

/* Clusters whose size is not stated, in a segment whose size is: nothing is missing. */
static void test_matroska_without_sizes(void **state)
{
    static const uint8_t cluster[4] = { 0x1f, 0x43, 0xb6, 0x75 };
    struct bytes b = load("base.mkv");
    int n = 0;
    (void)state;
    for (size_t i = 0; i + 12 < b.n; i++) {
        if (memcmp(b.p + i, cluster, sizeof cluster) != 0)
            continue;
        uint8_t *size = b.p + i + 4;
        int width = 1;
        while (width < 8 && !(*size & 0x80 >> (width - 1)))
            width++;
        *size = (uint8_t)(0xff >> (width - 1));
        memset(size + 1, 0xff, (size_t)width - 1);
        n++;
    }
    assert_true(n > 0);
    save("sizes.mkv", b.p, b.n);
    free(b.p);
    read_file(&base, "base.mkv");
    read_file(&got, "sizes.mkv");
    same(&got, &base, 0);
    assert_int_equal(got.losses.nb_faults, 0);
}

static uint32_t u32_of(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_u32(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Takes them away from a run of a fragment, which is followed by free space then. */
static void take_offsets_of_run(uint8_t *run)
{
    const uint32_t flags = u32_of(run), n = u32_of(run + 4), size = u32_of(run - 8);
    if (!(flags & 0x800))
        return;
    const size_t head = 8 + (flags & 1 ? 4 : 0) + (flags & 4 ? 4 : 0);
    size_t kept = 0;
    for (uint32_t bit = 0x100; bit < 0x800; bit <<= 1)
        kept += flags & bit ? 4 : 0;
    for (uint32_t i = 0; i < n; i++)
        memmove(run + head + i * kept, run + head + i * (kept + 4), kept);
    put_u32(run, flags & ~(uint32_t)0x800);
    put_u32(run - 8, size - 4 * n);
    put_u32(run - 8 + size - 4 * n, 4 * n);
    memcpy(run - 4 + size - 4 * n, "free", 4);
}

static void test_fragments_without_times(void **state)
{
    (void)state;
    run(FFMPEG "-i base.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof "
               "frag.mp4");
    struct bytes b = load("frag.mp4");
    for (size_t i = 0; i + 8 < b.n; i++)
        if (memcmp(b.p + i, "trun", 4) == 0)
            take_offsets_of_run(b.p + i + 4);
    save("times.mp4", b.p, b.n);
    free(b.p);
    read_file(&base, "frag.mp4");
    read_file(&got, "times.mp4");
    same_but(&got, &base, V, 0,
             frame_of(&got, V, 0)->f.pkt.pts_us - frame_of(&base, V, 0)->f.pkt.pts_us, 10);
    same_but(&got, &base, A, 0, 0, 10);
}

/* An index of an MP4 that states only decoding times, or not even durations: the order of pictures
 * and the lengths of frames are known all the same. */
static void test_mp4_without_times(void **state)
{
    static const struct {
        const char *name;
        bool offsets, pictures, sound; /* what is taken away */
        uint8_t ticks;
    } t[] = { { "base.mp4", true, false, true, 0 },
              { "base.mp4", false, true, false, 0 },
              { "base.mp4", true, true, true, 1 },
              { "h265.mp4", true, false, true, 0 } };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes b = load(t[i].name);
        if (t[i].offsets)
            take_offsets(b);
        if (t[i].pictures)
            set_durations(b, 0, t[i].ticks);
        if (t[i].sound)
            set_durations(b, 1, t[i].ticks);
        save("times.mp4", b.p, b.n);
        free(b.p);
        read_file(&base, t[i].name);
        read_file(&got, "times.mp4");
        same_shown();
        assert_int_equal(got.losses.nb_faults, 0);
    }
}

/* On so fast a clock some composition offsets are larger than libavformat takes. */
static void test_mp4_fast_clock(void **state)
{
    (void)state;
    run(FFMPEG "-i base.mp4 -c copy -video_track_timescale 2147483647 ticks.mp4");
    read_file(&base, "base.mp4");
    read_file(&got, "ticks.mp4");
    same_shown();
}

/* Fragments of a source that has begun again: its times do so, too, and what follows goes on. */
static void test_fragments_in_a_row(void **state)
{
    (void)state;
    run(FFMPEG "-i base.mp4 -t 2 -c copy -movflags frag_keyframe+empty_moov+default_base_moof "
               "frag.mp4");
    struct bytes b = load("frag.mp4");
    const size_t first = (size_t)(box_of(b, "moof", 0) - b.p) - 8;
    const size_t end = (size_t)(box_of(b, "mfra", 0) - b.p) - 8;
    memmove(b.p + end, b.p + first, end - first);
    save("row.mp4", b.p, end + end - first);
    free(b.p);
    read_file(&base, "frag.mp4");
    read_file(&got, "row.mp4");
    assert_int_equal(got.nb_breaks, 1);
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int n = base.nb[k];
        assert_int_equal(got.nb[k], 2 * n);
        const int64_t step_us =
            frame_of(&got, k, n)->f.pkt.dts_us - frame_of(&got, k, n - 1)->f.pkt.dts_us;
        assert_int_in_range(step_us, 10000, 150000);
        for (int i = 1; i < n; i++)
            assert_int_in_range(
                frame_of(&got, k, n + i)->f.pkt.dts_us - frame_of(&got, k, n)->f.pkt.dts_us -
                    frame_of(&base, k, i)->f.pkt.dts_us + frame_of(&base, k, 0)->f.pkt.dts_us,
                0, 1);
    }
}

/* Fragments that a download or a disk has damaged or lost: libavformat skips such a part, reads the
 * wrong bytes, or does not miss anything. */
static void test_damaged_fragments(void **state)
{
    static const struct {
        const char *box; /* of the third fragment: its name is changed if no byte of it is, */
        size_t at;       /* ... or this one, */
        uint8_t flip;    /* ... by these bits */
        int nb_faults;
    } t[] = { { "moof", 0, 0, 1 }, /* the fragment is lost, with its data */
              { "traf", 0, 0, 1 },    { "trun", 0, 0, 1 },    { "tfhd", 7, 0x20, 1 },
              { "trun", 7, 0x04, 1 }, { "trun", 8, 0x08, 1 }, { "trun", 18, 0x01, 1 },
              { "tfdt", 9, 0x01, 1 }, { "tfdt", 11, 1, 0 } };
    (void)state;
    run(FFMPEG "-i base.mp4 -c copy -g 25 -movflags frag_keyframe+empty_moov+default_base_moof "
               "frag.mp4");
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes b = load("frag.mp4");
        uint8_t *const third = box_of(b, "moof", 2) - 8, *const next = box_of(b, "moof", 3) - 8;
        const struct bytes part = { third, (size_t)(b.p + b.n - third) };
        if (t[i].flip)
            box_of(part, t[i].box, 0)[t[i].at] ^= t[i].flip;
        else if (strcmp(t[i].box, "moof") != 0)
            box_of(part, t[i].box, 0)[-1] ^= 1;
        else
            b.n -= (size_t)(next - third);
        if (strcmp(t[i].box, "moof") == 0)
            memmove(third, next, b.n - (size_t)(third - b.p));
        save("bad.mp4", b.p, b.n);
        free(b.p);
        read_file(&got, "bad.mp4");
        assert_int_equal(got.losses.nb_faults > 0, t[i].nb_faults > 0);
    }
}

/* An index whose tables are damaged: libavformat takes other bytes for sound, or leaves out what it does not
 * understand. Zeros, and boxes of fragments that a recorder has closed, may be between samples. */
static void test_damaged_index(void **state)
{
    static const struct {
        const char *box;
        size_t at;                               /* the byte of it that is changed, */
        uint8_t flip;                            /* ... by these bits */
    } t[] = { { "stsz", 12 + 4 * 40 + 3, 0x08 }, /* a sample is longer or shorter */
              { "stsz", 12 + 4 * 187 + 2, 0x01 },
              { "stsc", 8 + 11, 2 }, /* another description */
              { "stsc", 8 + 7, 1 },  /* other samples in a chunk */
              { "stco", 8 + 4 * 5 + 2, 0x04 },
              { "stts", 8 + 6, 0x40 }, /* samples that last much longer */
              { "stts", 0, 0 },
              { "stsc", 0, 0 },
              { "minf", 0, 0 } };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes b = load("base.mp4");
        uint8_t *const box = box_of(b, t[i].box, 1);
        if (t[i].flip)
            box[t[i].at] ^= t[i].flip;
        else
            box[t[i].box[0] == 's' ? -1 : -5] ^= 1; /* its name, its size */
        save("bad.mp4", b.p, b.n);
        free(b.p);
        read_file(&got, "bad.mp4");
        assert_int_equal(got.losses.nb_faults, 1);
    }
}

/* Indexes that seem not to agree, but do: of sound whose samples are stated in other units than bytes, and one that
 * states the length of fragments that follow it. */
static void test_odd_index(void **state)
{
    (void)state;
    run(FFMPEG "-i base.mp4 -c:v copy -c:a adpcm_ms units.mov");
    read_file(&got, "units.mov");
    assert_int_equal(got.losses.nb_faults, 0);
    run(FFMPEG "-i base.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof "
               "length.mp4");
    struct bytes b = load("length.mp4");
    for (int k = 0; k < 2; k++) {
        uint8_t *const mdhd = box_of(b, "mdhd", k);
        put_u32(mdhd + 16, 4 * u32_of(mdhd + 12));
    }
    save("length.mp4", b.p, b.n);
    free(b.p);
    read_file(&got, "length.mp4");
    assert_int_equal(got.losses.nb_faults, 0);
}

/* Media data with something between two samples, or behind the last one. */
static void test_gaps_in_data(void **state)
{
    static const struct {
        uint8_t gap[16];
        bool end;
        int nb_faults;
    } t[] = { { { 0 }, false, 0 },
              { "\0\0\0\x10"
                "free1234",
                false, 0 },
              { "\x21\x10\x04\x60\x8c\x1c", false, 1 },
              { { 0 }, true, 0 },
              { "\x21\x10\x04\x60\x8c\x1c", true, 1 } };
    enum { GAP = 16 };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes b = load("base.mp4");
        uint8_t *out = malloc(b.n + GAP), *mdat = box_of(b, "mdat", 0) - 8, *last = NULL;
        size_t at = (size_t)(mdat - b.p) + u32_of(mdat);
        assert_non_null(out);
        for (int k = 0; k < 2; k++) { /* the chunk that is the last one in the file */
            uint8_t *p = box_of(b, "stco", k), *entry = p + 4 + 4 * (size_t)u32_of(p + 4);
            last = !last || u32_of(entry) > u32_of(last) ? entry : last;
        }
        at = t[i].end ? at : u32_of(last);
        put_u32(last, u32_of(last) + (t[i].end ? 0 : GAP));
        put_u32(mdat, u32_of(mdat) + GAP);
        memcpy(out, b.p, at);
        memcpy(out + at, t[i].gap, GAP);
        memcpy(out + at + GAP, b.p + at, b.n - at);
        save("gap.mp4", out, b.n + GAP);
        free(out);
        free(b.p);
        read_file(&got, "gap.mp4");
        assert_int_equal(got.losses.nb_faults, t[i].nb_faults);
    }
}

/* Moves the samples of all tracks of a fragment. */
static void move_samples(uint8_t *moof, size_t n, uint32_t by)
{
    for (size_t i = 0; i + 16 < n; i++)
        if (memcmp(moof + i, "trun", 4) == 0)
            put_u32(moof + i + 12, u32_of(moof + i + 12) + by);
}

/* Writers that put more into the data than samples, or two fragments in front of the data of both. */
static void test_layouts_of_fragments(void **state)
{
    enum { MORE = 16 };
    (void)state;
    run(FFMPEG "-i base.mp4 -c copy -g 25 -movflags frag_keyframe+empty_moov+default_base_moof "
               "frag.mp4");
    read_file(&base, "frag.mp4");
    for (int pairs = 0; pairs < 2; pairs++) {
        struct bytes b = load("frag.mp4");
        const size_t first = (size_t)(box_of(b, "moof", 0) - b.p) - 8;
        const size_t end = (size_t)(box_of(b, "mfra", 0) - b.p) - 8;
        uint8_t *out = calloc(2, b.n);
        size_t n = first;
        assert_non_null(out);
        memcpy(out, b.p, first);
        for (size_t at = first; at < end;) {
            uint8_t *const p = b.p + at;
            const size_t m1 = u32_of(p), d1 = u32_of(p + m1), one = m1 + d1;
            const size_t m2 = pairs && at + one < end ? u32_of(p + one) : 0;
            const size_t d2 = m2 ? u32_of(p + one + m2) : 0;
            move_samples(p, m1, (uint32_t)m2);
            move_samples(p + one, m2, (uint32_t)d1);
            memcpy(out + n, p, m1);
            memcpy(out + n + m1, p + one, m2);
            memcpy(out + n + m1 + m2, p + m1, d1);
            memcpy(out + n + m2 + one, p + one + m2, d2);
            put_u32(out + n + m1 + m2, (uint32_t)d1 + (pairs ? 0 : MORE));
            n += one + m2 + d2 + (pairs ? 0 : MORE);
            at += one + m2 + d2;
        }
        save("layout.mp4", out, n);
        free(out);
        free(b.p);
        read_file(&got, "layout.mp4");
        same(&got, &base, 0);
        assert_int_equal(got.losses.nb_faults, 0);
    }
}

/* A large box that nobody reads does not hide that the fragment after it is lost. */
static void test_large_box_in_fragment(void **state)
{
    enum { LARGE = 200000 };
    (void)state;
    run(FFMPEG "-i base.mp4 -c copy -g 25 -movflags frag_keyframe+empty_moov+default_base_moof "
               "frag.mp4");
    struct bytes b = load("frag.mp4");
    uint8_t *const p = box_of(b, "moof", 1) - 8, *const lost = box_of(b, "moof", 2) - 8;
    uint8_t *const next = box_of(b, "moof", 3) - 8, *const out = calloc(1, b.n + LARGE);
    const size_t head = u32_of(p), first = (size_t)(p - b.p) + head;
    const size_t rest = (size_t)(lost - p) - head, after = (size_t)(b.p + b.n - next);
    assert_non_null(out);
    put_u32(p, (uint32_t)head + LARGE);
    move_samples(p, head, LARGE);
    memcpy(out, b.p, first);
    put_u32(out + first, LARGE);
    memcpy(out + first + 4, "free", 4);
    memcpy(out + first + LARGE, p + head, rest);
    memcpy(out + first + LARGE + rest, next, after);
    save("large.mp4", out, first + LARGE + rest + after);
    free(out);
    free(b.p);
    read_file(&got, "large.mp4");
    assert_int_equal(got.losses.nb_faults, 1);
}

/* Puts a tag of FLV in front of each picture, or behind it, at its time: with units of H.264 that are
 * no picture. */
static void add_units(const char *from, const char *to, const char *units, size_t size, bool behind)
{
    struct bytes b = load(from), out = { malloc(2 * b.n + 4096), 13 };

    memcpy(out.p, b.p, 13);
    for (size_t at = 13, n, k = 0; at + 11 < b.n; at += n, k++) {
        n = 11 + (u32_of(b.p + at) & 0xffffff) + 4;
        const bool picture = b.p[at] == 9 && b.p[at + 12] == 1 && k % 5 == 0;
        uint8_t tag[11 + 5];
        memcpy(tag, b.p + at, sizeof tag);
        put_u32(tag, 9u << 24 | (uint32_t)(5 + size));
        for (int i = 0; i < 2; i++) {
            if (i == (behind ? 0 : 1)) {
                memcpy(out.p + out.n, b.p + at, n);
                out.n += n;
            } else if (picture) {
                memcpy(out.p + out.n, tag, sizeof tag);
                memcpy(out.p + out.n + sizeof tag, units, size);
                out.n += sizeof tag + size;
                put_u32(out.p + out.n, (uint32_t)(sizeof tag + size));
                out.n += 4;
            }
        }
    }
    save(to, out.p, out.n);
    free(b.p);
    free(out.p);
}

/* Encoders for RTMP send messages and delimiters in tags of their own: these are no pictures. */
static void test_units_without_picture(void **state)
{
    static const char message[] = "\0\0\0\7\6\5\3abc\x80", delimiter[] = "\0\0\0\2\x09\xf0";
    (void)state;
    read_file(&base, "base.flv");
    for (int i = 0; i < 4; i++) {
        const char *units = i < 2 ? message : delimiter;
        const size_t size = i < 2 ? sizeof message - 1 : sizeof delimiter - 1;
        add_units("base.flv", "units.flv", units, size, i % 2);
        read_file(&got, "units.flv");
        assert_int_equal(got.nb[V], base.nb[V]);
        for (int k = 0; k < base.nb[V]; k++) {
            const struct frame *x = frame_of(&got, V, k), *y = frame_of(&base, V, k);
            assert_int_equal(x->f.pkt.pts_us, y->f.pkt.pts_us);
            assert_int_equal(x->f.pkt.dts_us, y->f.pkt.dts_us);
            assert_true(x->size >= y->size);
            assert_memory_equal(x->data + x->size - y->size, y->data, y->size);
        }
    }
}

/* What begins a little before 0 is the priming of an encoder only if it is sound alone. */
static void test_pictures_before_zero(void **state)
{
    enum { EARLIER_MS = 250 };
    struct trtc_err err;
    (void)state;
    struct bytes b = load("base.flv");
    for (size_t at = 9 + 4, size; at + 11 <= b.n; at += 11 + size + 4) {
        size = u32_of(b.p + at) & 0xffffff;
        const uint32_t ms = u32_of(b.p + at + 4) >> 8, early = ms - EARLIER_MS;
        b.p[at + 4] = (uint8_t)(early >> 16);
        b.p[at + 5] = (uint8_t)(early >> 8);
        b.p[at + 6] = (uint8_t)early;
        b.p[at + 7] = (uint8_t)(early >> 24);
    }
    save("early.flv", b.p, b.n);
    free(b.p);
    struct trtc_input *in = trtc_input_open(path_of("early.flv"), NULL, NULL, &err);
    assert_non_null(in);
    assert_int_in_range(trtc_input_start_us(in), -200000, -1);
    assert_int_equal(trtc_input_zero_us(in), trtc_input_start_us(in));
    trtc_input_free(&in);
}

/* A recorder appends fragments while the file is read. */
static void test_growing_fragments(void **state)
{
    struct trtc_input_losses lost;
    struct trtc_input_frame f;
    struct trtc_err err;
    (void)state;
    run(FFMPEG "-i base.mp4 -c copy -movflags frag_keyframe+empty_moov+default_base_moof frag.mp4");
    struct bytes b = load("frag.mp4");
    const size_t third = (size_t)(box_of(b, "moof", 2) - 8 - b.p);
    for (int grows = 0; grows < 2; grows++) {
        save("grows.mp4", b.p, third);
        struct trtc_input *in = trtc_input_open(path_of("grows.mp4"), NULL, NULL, &err);
        assert_non_null(in);
        if (grows)
            save("grows.mp4", b.p, b.n);
        while (trtc_input_next(in, &f, &err) > 0)
            ;
        trtc_input_losses(in, &lost);
        assert_int_equal(lost.nb_faults, grows);
        assert_true(!grows || strstr(lost.fault, "it has grown"));
        trtc_input_free(&in);
    }
    free(b.p);
}

static void test_raw_streams(void **state)
{
    (void)state;
    read_file(&base, "base.mp4");
    read_file(&got, "base.h264");
    assert_int_equal(got.start_us, 0);
    same_but(&got, &base, V, 0, -frame_of(&base, V, 0)->f.pkt.pts_us, 0);
    assert_int_equal(got.info.audio, TRTC_CODEC_NONE);
    read_file(&got, "base.aac");
    assert_int_equal(got.info.video, TRTC_CODEC_NONE);
    assert_int_equal(got.info.rate_hz, 48000);
    same_but(&got, &base, A, 0, got.start_us - frame_of(&base, A, 0)->f.pkt.pts_us, 10);
    read_file(&base, "h265.mp4");
    read_file(&got, "h265.h265");
    same_but(&got, &base, V, 0, -frame_of(&base, V, 0)->f.pkt.pts_us, 0);
}

/* Where it is left before the end, pictures that wait for their places are in the account. */
static void test_raw_stream_is_left(void **state)
{
    struct trtc_err err = { 0 };
    struct trtc_input_frame f;
    struct trtc_ledger l;
    (void)state;
    for (int nb = 1; nb < 10; nb++) {
        struct trtc_input *in = trtc_input_open(path_of("base.h264"), NULL, NULL, &err);
        assert_non_null(in);
        for (int i = 0; i < nb; i++)
            assert_int_equal(trtc_input_next(in, &f, &err), 1);
        trtc_input_ledger(in, true, &l);
        assert_int_equal(trtc_ledger_open(&l), 0);
        assert_true(l.nb_out >= nb && l.nb_in > l.nb_out);
        trtc_input_free(&in);
    }
}

static void test_raw_rate(void **state)
{
    (void)state;
    run(FFMPEG "-f lavfi -i testsrc2=s=64x64:r=30:d=1 -c:v libx264 -preset ultrafast r30.h264");
    read_file(&got, "r30.h264");
    assert_int_equal(got.nb[V], 30);
    assert_int_equal(frame_of(&got, V, 29)->f.pkt.pts_us, 966667);
}

/* Fields: those of a frame have one time, also if that of another one is missing. */
static void test_raw_fields(void **state)
{
    /* interlaced, 16x32, 25 frames a second; T: an IDR in samples; b, t, B: all skipped, frame_num 0, 1, 1 */
    static const uint8_t sets[] = { 0,    0,    0, 1, 0x67, 0x4d, 0,    0x1e, 0xe5, 0x6c,
                                    0xa1, 0,    0, 3, 0,    1,    0,    0,    3,    0,
                                    0x32, 0x84, 0, 0, 0,    1,    0x68, 0xce, 0x3c, 0x80 };
    static const uint8_t idr[] = { 0, 0, 0, 1, 0x65, 0x88, 0x85, 0, 0x28, 0x34 };
    static const char fields[] = "TbtBTbBTbtB"; /* t of the second T is missing */
    uint8_t file[4096], *p = file;

    (void)state;
    memcpy(p, sets, sizeof sets);
    p += sizeof sets;
    for (const char *k = fields; *k; k++) {
        const uint8_t skipped[] = { 0,
                                    0,
                                    0,
                                    1,
                                    0x61,
                                    0x9a,
                                    *k == 'b'   ? 0x18
                                    : *k == 't' ? 0x30
                                                : 0x38,
                                    *k == 'b'   ? 0x08
                                    : *k == 't' ? 0x10
                                                : 0x18,
                                    0xa5 };
        memcpy(p, *k == 'T' ? idr : skipped, *k == 'T' ? sizeof idr : sizeof skipped);
        p += *k == 'T' ? sizeof idr : sizeof skipped;
        if (*k == 'T') {
            memset(p, 100, 320);
            memset(p + 320, 150, 64);
            p[384] = 0x80;
            p += 385;
        }
    }
    save("fields.h264", file, (size_t)(p - file));
    read_file(&got, "fields.h264");
    assert_int_equal(got.nb[V], 6);
    for (int k = 0; k < 6; k++)
        assert_int_equal(frame_of(&got, V, k)->f.pkt.pts_us, 40000 * k);
}

/* Places the first sample above a tenth of full scale on the clock of the frames. */
static int64_t onset_us(const struct read *r)
{
    AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC));
    AVPacket *pkt = av_packet_alloc();
    AVFrame *fr = av_frame_alloc();
    int64_t found = INT64_MIN;

    assert_int_equal(avcodec_open2(c, NULL, NULL), 0);
    for (int i = 0; i < r->n && found == INT64_MIN; i++) {
        if (r->v[i].f.video)
            continue;
        assert_int_equal(av_new_packet(pkt, (int)r->v[i].size), 0);
        memcpy(pkt->data, r->v[i].data, r->v[i].size);
        pkt->pts = r->v[i].f.pkt.pts_us;
        assert_int_equal(avcodec_send_packet(c, pkt), 0);
        av_packet_unref(pkt);
        while (avcodec_receive_frame(c, fr) == 0 && found == INT64_MIN)
            for (int k = 0; k < fr->nb_samples && found == INT64_MIN; k++)
                if (((const float *)(const void *)fr->data[0])[k] > 0.1f)
                    found = fr->pts + INT64_C(1000000) * k / fr->sample_rate;
    }
    av_frame_free(&fr);
    av_packet_free(&pkt);
    avcodec_free_context(&c);
    return found;
}

static void test_other_sound_is_encoded(void **state)
{
    static const struct {
        const char *name;
        int from;         /* from the first frame of this track it is */
        int64_t slack_us; /* the tone is a second later, by so much at most */
    } t[] = {
        { "opus.mkv", V, 8000 }, /* FFmpeg's muxer puts it 7 ms early, up to 5.1 */
        { "mp3.ts", V, 3000 },
        { "sound.flac", A, 3000 },
        { "sound.wav", A, 3000 },
    };
    (void)state;
    read_file(&base, "base.mp4");
    assert_int_in_range(onset_us(&base) - frame_of(&base, V, 0)->f.pkt.pts_us, 998000, 1002000);
    for (size_t i = 0; i < COUNT(t); i++) {
        read_file(&got, t[i].name);
        assert_int_equal(got.result, 0);
        assert_true(got.info.audio_encoded);
        assert_int_equal(got.info.audio, TRTC_CODEC_AAC);
        assert_int_equal(got.info.rate_hz, 48000);
        assert_int_equal(got.info.channels, 2);
        assert_int_equal(got.losses.nb_undecoded, 0);
        const int64_t zero = frame_of(&got, t[i].from, 0)->f.pkt.pts_us;
        assert_int_in_range(onset_us(&got) - zero, 1000000 - t[i].slack_us,
                            1000000 + t[i].slack_us);

        struct trtc_adts h;
        for (int k = 0; k < got.nb[A]; k++) {
            const struct frame *f = frame_of(&got, A, k);
            assert_int_equal(trtc_adts_parse(f->data, f->size, &h), 0);
            assert_int_equal(h.frame_bytes, f->size);
            if (k > 0)
                assert_int_in_range(f->f.pkt.pts_us - frame_of(&got, A, k - 1)->f.pkt.pts_us, 21332,
                                    21334);
        }
        assert_int_in_range(got.nb[A], 187, 191); /* four seconds */
        if (i < 2)
            same_but(&got, &base, V, 0,
                     frame_of(&got, V, 0)->f.pkt.pts_us - frame_of(&base, V, 0)->f.pkt.pts_us,
                     1500);
    }
}

/* Frames of every codec that stands in transport streams, from the first to the last. */
static void test_sound_to_its_end(void **state)
{
    static const char *const names[] = { "ac3.ts", "eac3.ts", "mp2.ts", "dts.ts", "latm.ts" };
    (void)state;
    run(FFMPEG
        "-f lavfi -i sine=r=48000:d=4 -strict -2 -c:a ac3 ac3.ts -strict -2 -c:a eac3 eac3.ts "
        "-c:a mp2 mp2.ts -strict -2 -c:a dca dts.ts -c:a aac -mpegts_flags latm latm.ts");
    for (size_t i = 0; i < COUNT(names); i++) {
        read_file(&got, names[i]);
        assert_int_equal(got.result, 0);
        assert_true(got.info.audio_encoded);
        assert_int_equal(got.losses.nb_undecoded + got.losses.nb_bad_bytes, 0);
        assert_int_in_range(got.nb[A], (4 * 48000 + 1023) / 1024, 191);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        int code;
        const char *text;
    } t[] = {
        { "vp8.webm", TRTC_EX_UNAVAILABLE, "'vp8'" },
        { "vp9.webm", TRTC_EX_UNAVAILABLE, "'vp9'" },
        { "mpeg2.ts", TRTC_EX_UNAVAILABLE, "'mpeg2video'" },
        { "part2.mp4", TRTC_EX_UNAVAILABLE, "'mpeg4'" },
        { "garbage", TRTC_EX_DATAERR, "not a container or stream" },
        { "zeros", TRTC_EX_DATAERR, "" },
        { "text", TRTC_EX_DATAERR, "" },
        { "empty", TRTC_EX_DATAERR, "empty" },
        { "list.m3u8", TRTC_EX_DATAERR, "playlist" },
        { "list.ffconcat", TRTC_EX_DATAERR, "is a list of files for FFmpeg, and cannot be read" },
        { "a.sdp", TRTC_EX_DATAERR, "is a session description (SDP), and cannot be read" },
        { "base.ts.gz", TRTC_EX_DATAERR, "is compressed with gzip, and cannot be read" },
        { "page.ts", TRTC_EX_DATAERR, "is an HTML page, and cannot be read" },
        { "tables.ts", TRTC_EX_DATAERR, "no frame" },
        { "head.mkv", TRTC_EX_DATAERR, "ends before its first frame" },
        { "missing", TRTC_EX_NOINPUT, "missing: No such file" },
        { ".", TRTC_EX_NOINPUT, "directory" },
    };
    uint8_t noise[50000];
    uint32_t seed = 7;
    (void)state;

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    save("garbage", noise, sizeof noise);
    memset(noise, 0, sizeof noise);
    save("zeros", noise, sizeof noise);
    save("empty", noise, 0);
    memset(noise, 'x', sizeof noise);
    save("text", noise, 3000);
    run("printf '#EXTM3U\\n#EXTINF:4,\\nbase.ts\\n' >list.m3u8");
    run("printf 'v=0\\r\\no=- 0 0 IN IP4 127.0.0.1\\r\\ns=x\\r\\nt=0 0\\r\\nm=video 5004 RTP/AVP 96\\r\\n' >a.sdp; "
        "gzip -c base.ts >base.ts.gz; printf '<html>404' >page.ts");
    run("printf 'ffconcat version 1.0\\nfile base.mp4\\n' >list.ffconcat");
    run("head -c 564 base.ts >tables.ts; head -c 300 base.mkv >head.mkv");
    for (size_t i = 0; i < COUNT(t); i++) {
        if (read_url(&got, path_of(t[i].name), NULL))
            fail_msg("%s was taken", t[i].name);
        if (got.err.code != t[i].code || !strstr(got.err.msg, t[i].text))
            fail_msg("%s: %d %s", t[i].name, got.err.code, got.err.msg);
    }
}

static void test_url_hides_secrets(void **state)
{
    static const char *const urls[] = {
        "rtmp://me:secret@127.0.0.1:1/app/secret",
        "http://se@cret@127.0.0.1:1/x?key=secret",
        "nosuch://127.0.0.1:1/secret",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(urls); i++) {
        assert_false(read_url(&got, urls[i], NULL));
        assert_int_equal(got.err.code, i < 2 ? TRTC_EX_TEMPFAIL : TRTC_EX_UNAVAILABLE);
        assert_null(strstr(got.err.msg, "cret"));
        assert_non_null(strstr(got.err.msg, "://127.0.0.1:1: "));
    }
}

/* ---- sources ---- */

struct feeder {
    pid_t pid;
    int stdin_before;
};

/* Standard input becomes a pipe that gets these bytes, so many at a time; hangs: it is not
 * closed after them. */
static int rest_ms; /* between the first step, once it was read, and the others */

static void rest(int fd)
{
    int nb = 1;

    while (nb > 0 && ioctl(fd, FIONREAD, &nb) == 0)
        poll(NULL, 0, 1);
    poll(NULL, 0, rest_ms);
}

static struct feeder feed(const uint8_t *p, size_t n, size_t step, bool hangs)
{
    struct feeder f;
    int fd[2];

    assert_int_equal(pipe(fd), 0);
    f.pid = fork();
    assert_true(f.pid >= 0);
    if (f.pid == 0) {
        close(fd[0]);
        for (size_t at = 0; at < n; at += step) {
            if (write(fd[1], p + at, n - at < step ? n - at : step) < 0)
                _exit(0);
            if (at == 0 && rest_ms)
                rest(fd[1]);
        }
        if (hangs)
            pause();
        _exit(0);
    }
    close(fd[1]);
    f.stdin_before = dup(STDIN_FILENO);
    dup2(fd[0], STDIN_FILENO);
    close(fd[0]);
    return f;
}

static void feed_end(struct feeder *f)
{
    dup2(f->stdin_before, STDIN_FILENO);
    close(f->stdin_before);
    kill(f->pid, SIGKILL);
    waitpid(f->pid, NULL, 0);
}

static void test_pipe_of_tiny_writes(void **state)
{
    static const struct {
        const char *name;
        size_t step;
    } t[] = { { "base.ts", 7 },     { "base.ts", 189 },  { "base.flv", 11 },
              { "base.mkv", 1000 }, { "fast.mp4", 100 }, { "base.aac", 3 } };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct bytes b = load(t[i].name);
        read_file(&base, t[i].name);
        struct feeder f = feed(b.p, b.n, t[i].step, false);
        assert_true(read_url(&got, "-", NULL));
        feed_end(&f);
        free(b.p);
        assert_int_equal(got.result, 0);
        same(&got, &base, 0);
    }
}

/* A picture whose end only the next one shows has come when it began to come. */
static void test_first_picture_comes_slowly(void **state)
{
    (void)state;
    struct bytes b = load("base.ts");
    rest_ms = 500;
    struct feeder f = feed(b.p, b.n, (size_t)188 * 5, false);
    rest_ms = 0;
    struct trtc_err err;
    struct trtc_input *in = trtc_input_open("-", NULL, NULL, &err);
    assert_non_null(in);
    assert_int_in_range(trtc_input_age_us(in), 100000, INT64_C(3600000000));
    trtc_input_free(&in);
    feed_end(&f);
    free(b.p);
}

/* One reordered picture a second, of which libavformat has not seen how far they are reordered. */
static void test_pipe_of_slow_pictures(void **state)
{
    (void)state;
    run(FFMPEG "-f lavfi -i testsrc2=s=64x48:r=1:d=16 -c:v libx264 -preset ultrafast -x264-params "
               "bframes=3:b-pyramid=normal:b-adapt=0 slow.mp4");
    run(FFMPEG "-i slow.mp4 -c copy slow.mkv");
    struct bytes b = load("slow.mkv");
    read_file(&base, "slow.mp4");
    struct feeder f = feed(b.p, b.n, 1000, false);
    assert_true(read_url(&got, "-", NULL));
    feed_end(&f);
    free(b.p);
    assert_int_equal(got.result, 0);
    assert_int_equal(got.nb[V], 16);
    assert_int_equal(got.nb_breaks, 0);
    for (int k = 0; k < 16; k++)
        assert_int_equal(frame_of(&got, V, k)->f.pkt.pts_us - got.start_us,
                         frame_of(&base, V, k)->f.pkt.pts_us - base.start_us);
}

static void test_pipe_without_index(void **state)
{
    (void)state;
    struct bytes b = load("big.mp4");
    struct feeder f = feed(b.p, b.n, b.n, false);
    assert_false(read_url(&got, "-", NULL));
    feed_end(&f);
    free(b.p);
    assert_int_equal(got.err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(got.err.msg, "from a pipe"));
    read_file(&got, "big.mp4");
    assert_int_equal(got.nb[V], 50);
}

static void test_stdin_file_from_its_place(void **state)
{
    static const char *const names[] = { "base.ts", "base.mp4" };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct bytes b = load(names[i]);
        memmove(b.p + 100, b.p, b.n);
        save("behind", b.p, b.n + 100);
        free(b.p);
        const int before = dup(STDIN_FILENO), fd = open(path_of("behind"), O_RDONLY);
        assert_int_equal(lseek(fd, 100, SEEK_SET), 100);
        dup2(fd, STDIN_FILENO);
        close(fd);
        assert_true(read_url(&got, "-", NULL));
        dup2(before, STDIN_FILENO);
        close(before);
        read_file(&base, names[i]);
        same(&got, &base, 0);
    }
}

static volatile sig_atomic_t stop;

static void on_alarm(int sig)
{
    (void)sig;
    stop = 1;
}

/* Stops what reads into got once frames have come, and no more do; in any case after 6 s. */
static int nb_ticks, nb_at_tick;

static void on_tick(int sig)
{
    (void)sig;
    const int nb = got.n;
    if (++nb_ticks >= 20 || (nb > 0 && nb == nb_at_tick))
        stop = 1;
    nb_at_tick = nb;
}

static void test_stop_ends_a_pending_read(void **state)
{
    const struct itimerval ticks = { { .tv_usec = 300000 }, { .tv_usec = 300000 } }, none = { 0 };
    static const char *const names[] = { "base.ts", "base.flv" };
    (void)state;
    for (size_t i = 0; i < 2 * COUNT(names); i++) {
        struct sigaction act = { .sa_handler = on_tick }, before;
        /* with SA_RESTART the read itself would go on */
        act.sa_flags = i < COUNT(names) ? 0 : SA_RESTART;
        sigaction(SIGALRM, &act, &before);
        stop = 0;
        struct bytes b = load(names[i % 2]);
        struct feeder f = feed(b.p, b.n / 2, 4096, true);
        drop(&got);
        nb_ticks = nb_at_tick = 0;
        setitimer(ITIMER_REAL, &ticks, NULL);
        const bool opened = read_url(&got, "-", &stop);
        setitimer(ITIMER_REAL, &none, NULL);
        feed_end(&f);
        sigaction(SIGALRM, &before, NULL);
        free(b.p);
        assert_true(opened);
        assert_int_equal(got.result, 0);
        assert_int_in_range(got.nb[V], 30, 70);
        assert_int_in_range(got.nb[A], 60, 130);
    }
}

static void test_stop_before_anything(void **state)
{
    (void)state;
    stop = 1;
    struct feeder f = feed(NULL, 0, 1, true);
    assert_false(read_url(&got, "-", &stop));
    feed_end(&f);
    assert_int_equal(got.err.code, TRTC_EX_DATAERR);
}

static void test_failed_read(void **state)
{
    (void)state;
    /* a closed standard input */
    const int before = dup(STDIN_FILENO);
    close(STDIN_FILENO);
    assert_false(read_url(&got, "-", NULL));
    dup2(before, STDIN_FILENO);
    close(before);
    assert_int_equal(got.err.code, TRTC_EX_NOINPUT);
    assert_non_null(strstr(got.err.msg, "standard input"));

    /* a connection that is reset: unread bytes at its close */
    struct bytes b = load("base.ts");
    int fd[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    assert_int_equal(write(fd[0], "x", 1), 1);
    assert_int_equal(write(fd[1], b.p, 60000), 60000);
    const int saved = dup(STDIN_FILENO);
    dup2(fd[0], STDIN_FILENO);
    close(fd[0]);
    close(fd[1]);
    free(b.p);
    assert_true(read_url(&got, "-", NULL));
    dup2(saved, STDIN_FILENO);
    close(saved);
    assert_int_equal(got.result, -1);
    assert_int_equal(got.err.code, TRTC_EX_TEMPFAIL);
    assert_int_in_range(got.nb[V], 10, 60);
}

/* A server on loopback for one connection that answers with head and n bytes of name. */
static pid_t serve(const char *name, const char *head, size_t n, int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    struct bytes b = load(name);
    const pid_t pid = fork();
    if (pid == 0) {
        char request[2048];
        const int c = accept(fd, NULL, NULL);
        const bool http = head[0];
        if (http && read(c, request, sizeof request) < 0)
            _exit(1);
        if (write(c, head, strlen(head)) < 0 || write(c, b.p, n < b.n ? n : b.n) < 0)
            _exit(1);
        close(c);
        _exit(0);
    }
    close(fd);
    free(b.p);
    return pid;
}

static void test_network(void **state)
{
    char url[64];
    int port;
    (void)state;

    read_file(&base, "base.flv");
    pid_t pid = serve("base.flv", "", SIZE_MAX, &port);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", port);
    assert_true(read_url(&got, url, NULL));
    waitpid(pid, NULL, 0);
    assert_int_equal(got.result, 0);
    same(&got, &base, 0);

    /* less comes than was promised */
    pid = serve("base.flv", "HTTP/1.1 200 OK\r\nContent-Length: 9000000\r\n\r\n", 60000, &port);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    assert_true(read_url(&got, url, NULL));
    waitpid(pid, NULL, 0);
    assert_int_equal(got.result, -1);
    assert_int_equal(got.err.code, TRTC_EX_TEMPFAIL);
    assert_int_in_range(got.nb[V], 10, 90);

    pid = serve("base.flv", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 0, &port);
    snprintf(url, sizeof url, "http://127.0.0.1:%d/x", port);
    assert_false(read_url(&got, url, NULL));
    waitpid(pid, NULL, 0);
    assert_int_equal(got.err.code, TRTC_EX_NOINPUT);
}

/* A server on loopback for one connection: n bytes of name, and then its end, or a reset. */
static pid_t serve_once(const char *name, size_t n, bool reset, int *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    socklen_t len = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *port = ntohs(a.sin_port);
    struct bytes b = load(name);
    const pid_t pid = fork();
    if (pid == 0) {
        const int c = accept(fd, NULL, NULL);
        if (write(c, b.p, n < b.n ? n : b.n) < 0)
            _exit(1);
        poll(NULL, 0, 100); /* all of it is read by then */
        if (reset)
            setsockopt(c, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close(c);
        _exit(0);
    }
    close(fd);
    free(b.p);
    return pid;
}

/* A connection that its peer closes is the end; one that is reset has broken; and what comes over
 * either is followed as closely as a file. */
static void test_ends_of_a_connection(void **state)
{
    static const char *const names[] = { "base.ts", "base.flv" };
    char url[64];
    int port;
    (void)state;

    for (size_t i = 0; i < COUNT(names); i++)
        for (int k = 0; k < 3; k++) { /* closed; closed in the middle; reset */
            read_file(&base, names[i]);
            pid_t pid = serve_once(names[i], k ? 60100 : SIZE_MAX, k == 2, &port);
            snprintf(url, sizeof url, "tcp://127.0.0.1:%d", port);
            assert_true(read_url(&got, url, NULL));
            waitpid(pid, NULL, 0);
            if (got.result != (k == 2 ? -1 : 0))
                fail_msg("%s, %d: %d, %s", names[i], k, got.result, got.err.msg);
            if (k == 2)
                assert_int_equal(got.err.code, TRTC_EX_TEMPFAIL);
            if (k == 0)
                same(&got, &base, 0);
            assert_true(got.losses.cut == (k == 1) || k == 2);
        }
}

/* name as the body of an answer, in as many chunks as it takes; the caller frees. */
static struct bytes chunked(const char *name, const char *head, bool last)
{
    struct bytes b = load(name), out = { malloc(b.n * 2 + 4096), 0 };
    const size_t step = 7000;

    out.n = (size_t)sprintf((char *)out.p, "%s", head);
    for (size_t at = 0; at < b.n; at += step) {
        const size_t n = b.n - at < step ? b.n - at : step;
        out.n += (size_t)sprintf((char *)out.p + out.n, "%zx\r\n", n);
        memcpy(out.p + out.n, b.p + at, n);
        memcpy(out.p + out.n + n, "\r\n", 2);
        out.n += n + 2;
    }
    if (last)
        out.n += (size_t)sprintf((char *)out.p + out.n, "0\r\n\r\n");
    free(b.p);
    return out;
}

/* Reads an answer of which n bytes are sent, as a stream: complete, or broken behind its pictures. */
static void answer(const struct bytes *b, size_t n, bool reset, bool complete)
{
    const struct api_raw script = {
        .bytes = b->p, .nb_bytes = n, .hold_ms = reset ? 100 : 0, .reset = reset
    };
    struct apiserver *s = apiserver_start_raw(&script, 1);

    assert_true(read_url(&got, apiserver_url(s), NULL));
    assert_int_equal(apiserver_nb_connections(s), 1);
    apiserver_stop(&s);
    if (got.result != (complete ? 0 : -1))
        fail_msg("%zu of %zu bytes: %d, %s", n, b->n, got.result, got.err.msg);
    if (complete) {
        same(&got, &base, 0);
        assert_false(got.losses.cut);
        return;
    }
    assert_int_equal(got.err.code, TRTC_EX_TEMPFAIL);
    assert_non_null(strstr(got.err.msg, "http://127.0.0.1:"));
    assert_non_null(strstr(got.err.msg, "ended early, after"));
    assert_int_in_range(got.nb[V], 10, base.nb[V]);
}

/* Whether all of a stream has come is known of every way to send it, whichever library decodes it. */
static void test_ends_of_an_answer(void **state)
{
    static const char *const names[] = { "base.ts", "base.flv", "base.mkv" };
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
    };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        read_file(&base, names[i]);
        for (size_t k = 0; k < COUNT(heads); k++) {
            struct bytes b = chunked(names[i], heads[k], true);
            answer(&b, b.n, false, true);
            answer(&b, b.n - 5, false, false); /* between two chunks */
            answer(&b, b.n - 7, false, false); /* in front of a chunk's end */
            answer(&b, b.n / 2, false, false);
            free(b.p);
        }
        struct bytes body = load(names[i]), b = { malloc(body.n + 1024), 0 };
        for (int k = 0; k < 2; k++) {
            b.n = (size_t)sprintf((char *)b.p, "HTTP/1.%d 200 OK\r\nConnection: close\r\n\r\n", k);
            memcpy(b.p + b.n, body.p, body.n);
            b.n += body.n;
            answer(&b, b.n, false, true);
            answer(&b, b.n / 2, true, false);
            b.n = (size_t)sprintf((char *)b.p, "HTTP/1.%d 200 OK\r\nContent-Length: %zu\r\n\r\n", k,
                                  body.n);
            memcpy(b.p + b.n, body.p, body.n);
            b.n += body.n;
            answer(&b, b.n, false, true);
            answer(&b, b.n - 1, false, false);
        }
        free(b.p);
        free(body.p);
    }
}

/* An index at the end is fetched first, where the server sends parts. */
static void test_mp4_from_a_server(void **state)
{
    struct bytes b = load("big.mp4");
    const struct api_answer parts = {
        .status = 200, .body = (char *)b.p, .body_bytes = b.n, .fields = { "Accept-Ranges: bytes" }
    };
    const struct api_answer whole = { .status = 200, .body = (char *)b.p, .body_bytes = b.n };
    (void)state;

    read_file(&base, "big.mp4");
    struct apiserver *s = apiserver_start(&parts, 1, NULL);
    assert_true(read_url(&got, apiserver_url(s), NULL));
    assert_int_equal(got.result, 0);
    same(&got, &base, 0);
    assert_false(got.info.stored);
    assert_int_in_range(apiserver_nb_requests(s), 2, 4);
    apiserver_stop(&s);

    s = apiserver_start(&whole, 1, NULL);
    assert_false(read_url(&got, apiserver_url(s), NULL));
    assert_int_equal(got.err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(got.err.msg, "an MP4 with its index at the end"));
    apiserver_stop(&s);
    free(b.p);
}

static void test_stop_ends_a_silent_connection(void **state)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    const struct itimerval soon = { .it_value = { .tv_usec = 200000 } };
    struct sigaction act = { .sa_handler = on_alarm }, before;
    socklen_t len = sizeof a;
    char url[64];
    (void)state;

    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", ntohs(a.sin_port));
    stop = 0;
    sigaction(SIGALRM, &act, &before);
    setitimer(ITIMER_REAL, &soon, NULL);
    assert_false(read_url(&got, url, &stop));
    sigaction(SIGALRM, &before, NULL);
    close(fd);
    assert_int_equal(got.err.code, TRTC_EX_DATAERR);
    assert_non_null(strstr(got.err.msg, "stopped"));
}

/* ---- time ---- */

static void put_time(uint8_t *p, int64_t t)
{
    p[0] = (uint8_t)((p[0] & 0xf1) | (t >> 29 & 0x0e));
    p[1] = (uint8_t)(t >> 22);
    p[2] = (uint8_t)(t >> 14 | 1);
    p[3] = (uint8_t)(t >> 7);
    p[4] = (uint8_t)(t << 1 | 1);
}

static int64_t get_time(const uint8_t *p)
{
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)p[1] << 22 | (int64_t)(p[2] >> 1) << 15 |
           (int64_t)p[3] << 7 | p[4] >> 1;
}

/* Adds shift to the times of all PES of pid (0: of all) that are decoded at from or later. */
static void shift_times(struct bytes *b, int pid, int64_t from, int64_t shift)
{
    for (uint8_t *t = b->p; t + 188 <= b->p + b->n; t += 188) {
        const int its = (t[1] & 0x1f) << 8 | t[2];
        uint8_t *p = t + 4 + (t[3] & 0x20 ? 1 + t[4] : 0);

        if ((its != VIDEO_PID && its != AUDIO_PID) || (pid && its != pid) || !(t[1] & 0x40) ||
            !(p[7] & 0x80))
            continue;
        const bool both = p[7] & 0x40;
        const int64_t pts = get_time(p + 9), dts = both ? get_time(p + 14) : pts;
        if (dts < from)
            continue;
        put_time(p + 9, pts + shift);
        if (both)
            put_time(p + 14, dts + shift);
    }
}

static void test_wrap(void **state)
{
    /* the wrap inside; before the video and after the audio starts; in front of all */
    static const int64_t first[] = { -2 * 90000, -89000, -1, -3 * 90000 - 45000 };
    (void)state;
    read_file(&base, "base.ts");
    for (size_t i = 0; i < COUNT(first); i++) {
        struct bytes b = load("base.ts");
        shift_times(&b, 0, 0, first[i] - 126000 - 2000 + (INT64_C(1) << 33));
        save("wrap.ts", b.p, b.n);
        free(b.p);
        read_file(&got, "wrap.ts");
        assert_int_equal(got.nb_breaks, 0);
        same(&got, &base, 10);
    }
}

static void test_jump_of_both(void **state)
{
    static const int64_t jumps[] = {
        HOUR_90K,    -HOUR_90K, 31 * 60 * INT64_C(90000),     -3 * 90000,
        -30 * 90000, -60000,    (INT64_C(1) << 32) - HOUR_90K
    };
    (void)state;
    read_file(&base, "base.ts");
    for (size_t i = 0; i < COUNT(jumps); i++)
        for (int lag = -1; lag <= 1; lag++) {
            struct bytes b = load("base.ts");
            /* one track jumps a little earlier than the other */
            shift_times(&b, 0, 0, HOUR_90K * 2);
            const int64_t from = HOUR_90K * 2 + 3 * 90000;
            shift_times(&b, VIDEO_PID, from, jumps[i]);
            shift_times(&b, AUDIO_PID, from + lag * 9000, jumps[i]);
            save("jump.ts", b.p, b.n);
            free(b.p);
            read_file(&got, "jump.ts");
            assert_int_equal(got.nb_breaks, 1);
            assert_int_equal(frame_of(&got, V, 99)->f.epoch, 1);
            assert_int_equal(frame_of(&got, A, got.nb[A] - 1)->f.epoch, 1);
            assert_int_equal(frame_of(&got, V, 0)->f.epoch, 0);
            for (int k = 0; k < got.n; k++)
                if (got.v[k].f.breaks)
                    assert_int_in_range(got.v[k].f.jump_us - jumps[i] * 100 / 9 + 100, 0, 200);
            same(&got, &base, 200); /* the sound fits the pictures as before */
        }
}

static void test_streams_in_a_row(void **state)
{
    (void)state;
    run("cat base.ts base.ts >row.ts");
    read_file(&base, "base.ts");
    read_file(&got, "row.ts");
    assert_int_equal(got.nb_breaks, 1);
    assert_int_equal(got.nb[V], 2 * base.nb[V]);
    assert_int_equal(got.nb[A], 2 * base.nb[A]);
    const int64_t shift =
        frame_of(&got, V, base.nb[V])->f.pkt.pts_us - frame_of(&base, V, 0)->f.pkt.pts_us;
    assert_int_in_range(shift, 3999000, 4100000);
    for (int track = 0; track < TRTC_NB_KINDS; track++)
        for (int k = 4; k < base.nb[track]; k++) {
            const struct frame *x = frame_of(&got, track, base.nb[track] + k);
            const struct frame *y = frame_of(&base, track, k);
            assert_int_in_range(x->f.pkt.pts_us - y->f.pkt.pts_us - shift + 10, 0, 20);
            assert_memory_equal(x->data, y->data, x->size);
        }
    run("cat base.ts base.ts base.ts >row.ts");
    read_file(&got, "row.ts");
    assert_int_equal(got.nb_breaks, 2);
}

static void test_late_video(void **state)
{
    static const int late_s[] = { 3, 8 };
    (void)state;
    for (size_t i = 0; i < COUNT(late_s); i++) {
        run(FFMPEG "-f lavfi -i sine=r=48000:d=11 -itsoffset %d -i base.mp4 -map 0:a -map 1:v "
                   "-c:v copy -c:a aac late.ts -map 0:a -map 1:v -c:v copy -c:a aac late.mkv",
            late_s[i]);
        for (int k = 0; k < 2; k++) {
            read_file(&got, k ? "late.mkv" : "late.ts");
            assert_int_equal(got.info.video, TRTC_CODEC_H264);
            assert_int_equal(got.info.rate_hz, 48000);
            assert_int_equal(got.nb[V], 100);
            assert_int_equal(got.nb_breaks, 0);
            assert_int_equal(frame_of(&got, A, 0)->f.pkt.pts_us, got.start_us);
            assert_int_in_range(frame_of(&got, V, 0)->f.pkt.pts_us - got.start_us,
                                late_s[i] * 1000000 - 30000, late_s[i] * 1000000 + 100000);
            assert_int_equal(frame_of(&got, V, 0)->width_px, 160);
        }
    }
}

/* An FLV whose header does not flag the sound (tag type 8) or the picture (9), with the configuration of that track
 * right before its first frame. */
static void unflag(const char *from, const char *to, int type)
{
    struct bytes b = load(from);
    uint8_t *out = malloc(b.n);
    const uint8_t *config = NULL;
    size_t n = 13, config_size = 0;

    assert_non_null(out);
    memcpy(out, b.p, n);
    out[4] = type == 8 ? 1 : 4;
    for (size_t at = 13, size; at + 15 < b.n; at += size) {
        const uint8_t *tag = b.p + at;
        size = 11 + ((size_t)tag[1] << 16 | (size_t)tag[2] << 8 | tag[3]) + 4;
        if (tag[0] == type && tag[12] == 0 && !config) {
            config = tag;
            config_size = size;
            continue;
        }
        if (tag[0] == 18) /* what it says of itself */
            continue;
        if (tag[0] == type && config_size > 0) {
            memcpy(out + n, config, config_size);
            memcpy(out + n + 4, tag + 4, 4);
            n += config_size;
            config_size = 0;
        }
        memcpy(out + n, tag, size);
        n += size;
    }
    save(to, out, n);
    free(out);
    free(b.p);
}

/* A track that nothing announces, and that comes when the stream has long begun. */
static void test_unannounced(void **state)
{
    (void)state;
    run(FFMPEG
        "-f lavfi -i sine=r=48000:d=12 -itsoffset 8 -i base.mp4 -map 0:a -map 1:v -c:v copy -c:a aac v.flv");
    run(FFMPEG
        "-f lavfi -i testsrc2=s=160x96:r=25:d=12 -itsoffset 8 -f lavfi -i sine=r=48000:d=4 -c:v libx264 "
        "-preset ultrafast -g 25 -c:a aac a.flv");
    for (int k = 0; k < 2; k++) {
        const int late = k ? A : V;
        read_file(&base, k ? "a.flv" : "v.flv");
        assert_false(base.info.may_grow);
        unflag(k ? "a.flv" : "v.flv", "late.flv", k ? 8 : 9);
        read_file(&got, "late.flv");
        assert_int_equal(k ? got.info.audio : got.info.video, TRTC_CODEC_NONE);
        assert_true(got.info.may_grow);
        assert_int_equal(got.nb_breaks, 0);
        assert_int_in_range(got.nb[late], 90, 200);
        assert_int_in_range(frame_of(&got, late, 0)->f.pkt.pts_us - got.start_us, 7900000, 8100000);
        same(&got, &base, 0);
        assert_int_equal(frame_of(&got, V, got.nb[V] - 1)->width_px, 160);
    }
}

/* An FLV whose decoding times are later by this, and those of presentation the same; 0: it states only
 * decoding times. */
static void delay_decoding(const char *from, const char *to, uint32_t by_ms)
{
    struct bytes b = load(from);

    for (size_t at = 13, size; at + 20 < b.n; at += size) {
        uint8_t *tag = b.p + at;
        size = 11 + ((size_t)tag[1] << 16 | (size_t)tag[2] << 8 | tag[3]) + 4;
        if (tag[0] != 9 || tag[12] != 1)
            continue;
        if (by_ms == 0)
            memset(tag + 13, 0, 3);
        for (int k = 0; k < 2 && by_ms;
             k++) { /* the tag's time stamp; the offset of presentation from it */
            uint8_t *t = tag + (k ? 13 : 4);
            const uint32_t ms =
                ((uint32_t)t[0] << 16 | (uint32_t)t[1] << 8 | t[2]) + (k ? 0 - by_ms : by_ms);
            t[0] = (uint8_t)(ms >> 16);
            t[1] = (uint8_t)(ms >> 8);
            t[2] = (uint8_t)ms;
        }
    }
    save(to, b.p, b.n);
    free(b.p);
}

/* Decoding times that count from the first time of presentation, though pictures are reordered. */
static void test_late_decoding_times(void **state)
{
    (void)state;
    run(FFMPEG
        "-f lavfi -i testsrc2=s=64x48:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:v libx264 "
        "-preset veryfast -bf 3 -x264-params b-adapt=0:b-pyramid=normal -c:a aac pyramid.flv");
    read_file(&base, "pyramid.flv");
    delay_decoding("pyramid.flv", "late-dts.flv", 80);
    read_file(&got, "late-dts.flv");
    assert_int_equal(got.nb_breaks, 0);
    same(&got, &base, 2000);
    /* without offsets, the order is still known */
    delay_decoding("pyramid.flv", "no-offsets.flv", 0);
    read_file(&got, "no-offsets.flv");
    same_places();
}

/* Puts each unit of H.264 in an FLV into a tag of its own. */
static void split_units(const char *from, const char *to)
{
    enum { TAG = 11, PICTURE = 5 };
    struct bytes b = load(from), out = { malloc(3 * b.n), 13 };

    memcpy(out.p, b.p, 13);
    for (size_t at = 13, n; at + TAG < b.n; at += TAG + n + 4) {
        n = u32_of(b.p + at) & 0xffffff;
        const bool picture = b.p[at] == 9 && b.p[at + TAG + 1] == 1;
        const size_t head = picture ? TAG + PICTURE : TAG;
        for (size_t k = head, size; k < TAG + n; k += size) {
            size = picture ? 4 + u32_of(b.p + at + k) : n;
            memcpy(out.p + out.n, b.p + at, head);
            put_u32(out.p + out.n, (uint32_t)b.p[at] << 24 | (uint32_t)(head - TAG + size));
            memcpy(out.p + out.n + head, b.p + at + k, size);
            put_u32(out.p + out.n + head + size, (uint32_t)(head + size));
            out.n += head + size + 4;
        }
    }
    save(to, out.p, out.n);
    free(b.p);
    free(out.p);
}

/* Encoders for RTMP send each unit, also each slice of a picture, in a tag of its own, with offsets of presentation or
 * without. */
static void test_slices_of_their_own(void **state)
{
    (void)state;
    run(FFMPEG
        "-f lavfi -i testsrc2=s=64x96:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:v libx264 -preset "
        "veryfast -bf 2 -slices 3 -x264-params aud=1:pic-struct=1 -c:a aac slices.flv");
    read_file(&base, "slices.flv");
    for (int i = 0; i < 2; i++) {
        split_units("slices.flv", "split.flv");
        if (i)
            delay_decoding("split.flv", "split.flv", 0);
        read_file(&got, "split.flv");
        assert_int_equal(got.losses.nb_untimed + got.losses.nb_unordered, 0);
        same_places();
        for (int k = 0; k < base.nb[V]; k++) {
            const struct frame *x = frame_of(&got, V, k), *y = frame_of(&base, V, k);
            assert_int_equal(x->size, y->size);
            assert_memory_equal(x->data, y->data, y->size);
        }
    }
}

/* A Matroska file, which has no decoding times, that begins with pictures that are shown in front of the
 * first one. */
static void test_leading_pictures(void **state)
{
    (void)state;
    run(FFMPEG
        "-f lavfi -i testsrc2=s=64x48:r=25:d=4 -f lavfi -i sine=r=48000:d=4 -c:v libx264 -preset "
        "veryfast -bf 3 -x264-params intra-refresh=1:keyint=50:b-adapt=0:b-pyramid=normal -c:a aac "
        "refresh.ts");
    run(FFMPEG "-ss 2 -i refresh.ts -c copy lead.mkv -c copy lead.flv");
    read_file(&base, "lead.flv");
    read_file(&got, "lead.mkv");
    assert_int_equal(got.nb_breaks, 0);
    same_places();
}

/* Transport packets with a time in front of each or parity behind it, and behind other bytes. */
static void test_packet_sizes(void **state)
{
    static const struct {
        size_t front, lead, tail;
    } t[] = { { 0, 4, 0 }, { 0, 0, 16 }, { 0, 0, 20 }, { 1, 0, 0 }, { 700, 0, 0 }, { 95, 4, 0 } };
    (void)state;
    read_file(&base, "base.ts");
    struct bytes b = load("base.ts");
    for (size_t i = 0; i < COUNT(t); i++) {
        const size_t stride = t[i].lead + 188 + t[i].tail;
        const size_t n = t[i].front + b.n / 188 * stride;
        uint8_t *p = calloc(1, n);
        assert_non_null(p);
        for (size_t k = 0; k < b.n / 188; k++)
            memcpy(p + t[i].front + k * stride + t[i].lead, b.p + k * 188, 188);
        save("wide.ts", p, n);
        free(p);
        read_file(&got, "wide.ts");
        assert_true(got.info.may_grow); /* it was read as what it is */
        assert_int_equal(got.losses.nb_lost_packets + got.losses.nb_bad_bytes, 0);
        assert_false(got.losses.cut);
        same(&got, &base, 0);
    }
    free(b.p);
}

static void test_new_size(void **state)
{
    (void)state;
    run(FFMPEG "-f lavfi -i testsrc2=s=320x192:r=25:d=2 -f lavfi -i sine=r=48000:d=2 -c:v libx264 "
               "-preset ultrafast -g 25 -c:a aac -output_ts_offset 4.11 large.ts");
    run("cat base.ts large.ts >sizes.ts");
    read_file(&got, "sizes.ts");
    assert_int_equal(got.nb_sizes, 1);
    assert_int_equal(got.nb_breaks, 0);
    assert_int_equal(got.info.width_px, 160);
    assert_true(frame_of(&got, V, 100)->f.new_size);
    assert_true(frame_of(&got, V, 100)->f.pkt.key);
    assert_int_equal(frame_of(&got, V, 149)->width_px, 320);
}

/* A stream that is joined at a key frame: pictures that follow it are shown before it. */
static void test_open_gop_first(void **state)
{
    (void)state;
    run(FFMPEG "-i base.mp4 -an -c:v libx264 -preset veryfast -g 20 -bf 2 -x264-params "
               "open-gop=1:scenecut=0:b-pyramid=0 -threads 1 open.ts");
    struct bytes b = load("open.ts");
    size_t nb_key = 0, at = 0, to = 3 * 188; /* SDT, PAT, PMT */
    for (at = to; at + 188 <= b.n && nb_key < 2; at += 188)
        nb_key += ((b.p[at + 1] & 0x1f) << 8 | b.p[at + 2]) == VIDEO_PID && b.p[at + 3] & 0x20 &&
                  b.p[at + 4] > 0 && b.p[at + 5] & 0x40;
    at -= 188;
    memmove(b.p + to, b.p + at, b.n - at);
    save("joined.ts", b.p, b.n - at + to);
    free(b.p);
    read_file(&got, "joined.ts");
    assert_true(frame_of(&got, V, 0)->f.pkt.key);
    assert_true(frame_of(&got, V, 0)->f.pkt.pts_us > got.start_us); /* read_url: it is the lowest */
}

/* ---- damage ---- */

static void test_truncated(void **state)
{
    static const char *const names[] = { "base.ts",  "fast.mp4",  "base.mkv",
                                         "base.flv", "base.h264", "base.aac" };
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        read_file(&base, names[i]);
        struct bytes b = load(names[i]);
        for (size_t k = 3; k < 8; k += 2) {
            save("cut", b.p, b.n * k / 8 + k);
            read_file(&got, "cut");
            assert_int_equal(got.result, 0);
            for (int track = 0; track < TRTC_NB_KINDS; track++) {
                assert_int_in_range(got.nb[track] + 4, base.nb[track] * (k - 1) / 8,
                                    base.nb[track] + 4);
                for (int j = 0; j + 3 < got.nb[track]; j++) {
                    const struct frame *x = frame_of(&got, track, j),
                                       *y = frame_of(&base, track, j);
                    assert_int_equal(x->size, y->size);
                    assert_memory_equal(x->data, y->data, x->size);
                    assert_int_equal(x->f.pkt.pts_us - got.start_us,
                                     y->f.pkt.pts_us - base.start_us);
                }
            }
        }
        free(b.p);
    }
}

/* Whatever is damaged: no crash, no time that falls (read_url looks). */
/* Damage among the first packets, and a hole at the beginning: it is a transport stream all the same. */
static void test_damaged_beginning(void **state)
{
    enum { HOLE = 13 };
    (void)state;
    for (int i = 0; i <= HOLE; i++) {
        struct bytes b = load("base.ts");
        struct trtc_input_frame f;
        struct trtc_input_losses losses;
        struct trtc_err err;
        memset(b.p + (i < HOLE ? i * 188 : 0), 0, i < HOLE ? 1 : 8000);
        save("bad", b.p, b.n);
        free(b.p);
        struct trtc_input *in = trtc_input_open(path_of("bad"), NULL, NULL, &err);
        assert_non_null(in);
        assert_true(trtc_input_info(in)->may_grow); /* it is read as what it is */
        while (trtc_input_next(in, &f, &err) > 0)
            ;
        trtc_input_losses(in, &losses);
        assert_true(losses.nb_bad_bytes >= (i < HOLE ? 188 : 8000));
        trtc_input_free(&in);
    }
}

static void test_damaged(void **state)
{
    static const char *const names[] = { "base.ts",   "fast.mp4", "base.mkv", "base.flv",
                                         "base.h264", "h265.mp4", "opus.mkv", "mp3.ts" };
    struct trtc_input_frame f;
    const int turns = getenv("TRTC_LONG") ? 12 : 6; /* in the first four, the head is hit */
    uint32_t seed = 1;
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        for (int turn = 0; turn < turns; turn++) {
            struct bytes b = load(names[i]);
            for (int k = 0; k < 40; k++) {
                seed = seed * 1664525 + 1013904223;
                size_t at = (seed >> 4) % (turn < 4 ? 3000 : b.n);
                b.p[at] = (uint8_t)(seed >> 24);
            }
            save("bad", b.p, b.n);
            free(b.p);
            struct trtc_err err;
            struct trtc_input *in = trtc_input_open(path_of("bad"), NULL, NULL, &err);
            int64_t dts[2] = { INT64_MIN, INT64_MIN };
            while (in && trtc_input_next(in, &f, &err) > 0) {
                assert_true(f.pkt.dts_us > dts[f.video]);
                assert_true(f.pkt.pts_us >= f.pkt.dts_us);
                dts[f.video] = f.pkt.dts_us;
            }
            trtc_input_free(&in);
        }
}

/* ---- the clock ---- */

static void put(struct trtc_input_clock *c, int track, int64_t pts_us, int64_t dts_us,
                int64_t dur_us, struct trtc_input_placed *at)
{
    const struct trtc_input_stamp s = {
        .track = track, .pts_us = pts_us, .dts_us = dts_us, .dur_us = dur_us
    };

    trtc_input_clock_place(c, &s, at);
}

/* A live source was away for 10 s and begins anew: both tracks stand as much later. */
static void test_clock_of_restart(void **state)
{
    struct trtc_input_clock c = { 0 };
    struct trtc_input_placed at;
    (void)state;
    for (int i = 0; i < 4; i++) {
        const int64_t raw_us = 5000000 + i % 2 * INT64_C(40000);
        const struct trtc_input_stamp s = { .track = V,
                                            .pts_us = raw_us - i / 2 * INT64_C(5000000),
                                            .dts_us = raw_us - i / 2 * INT64_C(5000000),
                                            .key = i == 2,
                                            .silent_us = i == 2 ? 10000000 : 0 };
        trtc_input_clock_place(&c, &s, &at);
        assert_int_equal(at.breaks, i == 2);
        assert_int_equal(at.later_us, i == 2 ? 9960000 : 0);
        assert_int_equal(at.dts_us, raw_us + i / 2 * INT64_C(10040000));
        put(&c, A, s.pts_us, TRTC_NOTIME, 40000, &at);
        assert_int_equal(at.dts_us, raw_us + i / 2 * INT64_C(10040000));
        assert_false(at.breaks);
    }
}

static void test_clock(void **state)
{
    /* A track's frame at a raw time (ms) and where it shall be. */
    static const struct step {
        int track, raw_ms, at_ms;
        bool breaks;
    } pause[] = { { V, 0, 0, 0 },        { A, 0, 0, 0 },         { V, 40, 40, 0 },
                  { V, 9000, 9000, 0 },  { V, 18000, 18000, 0 }, { A, 18010, 18010, 0 },
                  { V, 18040, 18040, 0 } },
      pause_of_both[] = { { V, 0, 0, 0 },         { V, 40, 40, 0 },       { A, 50, 50, 0 },
                          { V, 15000, 15000, 0 }, { A, 15010, 15010, 0 }, { V, 15040, 15040, 0 } },
      outlier[] = { { V, 0, 0, 0 },     { A, 0, 0, 0 },        { V, 40, 40, 0 },
                    { A, 40, 40, 0 },   { V, 9000000, 80, 1 }, { A, 80, 80, 0 },
                    { V, 120, 120, 1 }, { A, 120, 120, 0 },    { V, 160, 160, 0 } },
      /* the second stream begins before the sound of the first has ended */
        lagging[] = { { V, 5000, 5000, 0 }, { A, 5000, 5000, 0 }, { V, 5040, 5040, 0 },
                      { V, 0, 5080, 1 },    { A, 5040, 5040, 0 }, { V, 40, 5120, 0 },
                      { A, 0, 5080, 0 } },
      /* the video ends early; what follows goes behind the sound */
        uneven[] = { { V, 0, 0, 0 },   { A, 0, 0, 0 },       { V, 40, 40, 0 },
                     { A, 40, 40, 0 }, { A, 3000, 3000, 0 }, { A, 3040, 3040, 0 } },
      /* one track alone has another clock from the middle on */
        alone[] = { { V, 0, 0, 0 },          { A, 0, 0, 0 },          { V, 3600000, 40, 1 },
                    { A, 40, 40, 0 },        { V, 3601000, 1040, 0 }, { A, 1000, 1000, 0 },
                    { V, 3605000, 5040, 0 }, { A, 5000, 5000, 0 },    { V, 3609000, 9040, 0 },
                    { A, 9000, 9000, 0 } },
      /* only the sound, which comes late in the file, falls, and goes on there for long */
        sound_alone[] = { { V, 5000, 5000, 0 }, { A, 4960, 4960, 0 }, { V, 5300, 5300, 0 },
                          { A, 0, 5000, 1 },    { V, 5600, 5600, 0 }, { A, 600, 5600, 0 },
                          { V, 8300, 8300, 0 }, { A, 3300, 8300, 0 }, { V, 8600, 8600, 0 },
                          { A, 3600, 8600, 0 } },
      /* the same but that the picture jumps too: both begin behind what was */
        late_too[] = { { V, 5000, 5000, 0 }, { A, 4960, 4960, 0 }, { V, 5300, 5300, 0 },
                       { A, 0, 5000, 1 },    { V, 40, 5600, 0 },   { A, 40, 5600, 0 } },
      /* sound in long packets, which stand ahead of the pictures: it falls to where it goes on */
        ahead[] = { { V, 5000, 5000, 0 }, { A, 5000, 5000, 0 }, { A, 5700, 5700, 0 },
                    { V, 5040, 5040, 0 }, { V, 0, 5080, 1 },    { V, 40, 5120, 0 },
                    { A, 660, 5740, 0 },  { V, 80, 5160, 0 } },
      /* a picture that goes on alone falls back later, too: behind what it had */
        picture_later[] = { { V, 5000, 5000, 0 }, { A, 5000, 5000, 0 },  { A, 0, 5040, 1 },
                            { V, 5040, 5040, 0 }, { A, 5000, 10040, 0 }, { V, 10040, 10040, 0 },
                            { V, 0, 10080, 1 },   { A, 5040, 10080, 0 } },
      /* both fall by less than a second and go on from there, one after the other */
        falls[] = { { V, 1000, 1000, 0 }, { A, 1000, 1000, 0 }, { V, 1040, 1040, 0 },
                    { V, 780, 1080, 0 },  { A, 1040, 1040, 0 }, { V, 820, 1120, 1 },
                    { A, 780, 1080, 0 },  { V, 860, 1160, 0 },  { A, 820, 1120, 0 } },
      /* the stamp of a single frame is wrong */
        glitch[] = { { V, 1000, 1000, 0 },
                     { V, 1040, 1040, 0 },
                     { V, 780, 1080, 0 },
                     { V, 1120, 1120, 0 },
                     { V, 1160, 1160, 0 } },
      /* the stamps of one track fall, and come back: it is in step with the other one again */
        dip[] = { { V, 1000, 1000, 0 }, { A, 1000, 1000, 0 }, { V, 1040, 1040, 0 },
                  { A, 920, 1040, 0 },  { V, 1080, 1080, 0 }, { A, 960, 1080, 1 },
                  { V, 1120, 1120, 0 }, { A, 1000, 1120, 0 }, { V, 1160, 1160, 0 },
                  { A, 1160, 1160, 1 }, { V, 1200, 1200, 0 }, { A, 1200, 1200, 0 } },
      /* those of both */
        dip_of_both[] = { { V, 9000, 9000, 0 }, { A, 9000, 9000, 0 }, { V, 6040, 9040, 1 },
                          { A, 6040, 9040, 0 }, { V, 6080, 9080, 0 }, { A, 6080, 9080, 0 },
                          { V, 9120, 9120, 1 }, { A, 9120, 9120, 0 }, { V, 9160, 9160, 0 } },
      /* the same, but that later only the pictures pause, for as long as both fell */
        dip_and_pause[] = { { V, 9000, 9000, 0 },  { A, 9000, 9000, 0 },  { V, 6040, 9040, 1 },
                            { A, 6040, 9040, 0 },  { V, 6080, 9080, 0 },  { A, 6080, 9080, 0 },
                            { A, 7600, 10600, 0 }, { A, 9080, 12080, 0 }, { V, 9120, 12120, 0 },
                            { A, 9120, 12120, 0 } },
      /* those of one track rise, which may be a pause, and fall back: the other one waits for it */
        rise[] = { { V, 1000, 1000, 0 }, { A, 1000, 1000, 0 }, { V, 1040, 1040, 0 },
                   { A, 1160, 1160, 0 }, { V, 1080, 1080, 0 }, { A, 1200, 1200, 0 },
                   { V, 1120, 1120, 0 }, { A, 1120, 1240, 0 }, { A, 1160, 1280, 1 },
                   { V, 1160, 1280, 0 }, { A, 1200, 1320, 0 }, { V, 1200, 1320, 0 } },
      jitter[] = { { A, 1000, 1000, 0 }, { A, 1032, 1032, 0 }, { A, 1088, 1088, 0 },
                   { A, 1111, 1111, 0 }, { A, 1080, 1111, 0 }, { A, 1170, 1170, 0 } };
    static const struct {
        const char *name;
        const struct step *v;
        size_t n;
    } t[] = {
        { "pause", pause, COUNT(pause) },
        { "pause of both", pause_of_both, COUNT(pause_of_both) },
        { "outlier", outlier, COUNT(outlier) },
        { "lagging", lagging, COUNT(lagging) },
        { "alone", alone, COUNT(alone) },
        { "sound alone", sound_alone, COUNT(sound_alone) },
        { "late too", late_too, COUNT(late_too) },
        { "ahead", ahead, COUNT(ahead) },
        { "picture later", picture_later, COUNT(picture_later) },
        { "falls", falls, COUNT(falls) },
        { "glitch", glitch, COUNT(glitch) },
        { "dip", dip, COUNT(dip) },
        { "dip of both", dip_of_both, COUNT(dip_of_both) },
        { "dip and pause", dip_and_pause, COUNT(dip_and_pause) },
        { "rise", rise, COUNT(rise) },
        { "jitter", jitter, COUNT(jitter) },
    };
    struct trtc_input_placed at;
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct trtc_input_clock c = { 0 };
        for (size_t k = 0; k < t[i].n; k++) {
            const struct step *s = &t[i].v[k];
            const int64_t us = s->raw_ms * INT64_C(1000);
            put(&c, s->track, us, us, s->track == A ? 40000 : 0, &at);
            if (at.dts_us / 1000 != s->at_ms || at.breaks != s->breaks)
                fail_msg("%s: step %zu: %" PRId64 " us, breaks %d", t[i].name, k, at.dts_us,
                         at.breaks);
        }
    }

    struct trtc_input_clock c = { 0 };
    for (size_t k = 0; k < COUNT(uneven); k++)
        put(&c, uneven[k].track, uneven[k].raw_ms * INT64_C(1000), TRTC_NOTIME, 40000, &at);
    put(&c, V, -HOUR_US, -HOUR_US, 40000, &at);
    assert_true(at.breaks);
    assert_int_equal(at.dts_us, 3080000);
    put(&c, A, 20000 - HOUR_US, TRTC_NOTIME, 40000, &at);
    assert_false(at.breaks);
    assert_int_equal(at.dts_us, 3100000);

    /* small steps back, the same time again, none at all, PTS in front of DTS */
    c = (struct trtc_input_clock){ 0 };
    put(&c, V, 1000000, 1000000, 40000, &at);
    put(&c, V, 970000, 970000, 40000, &at);
    assert_true(!at.breaks && at.dts_us > 1000000 && at.dts_us < 1000100);
    put(&c, V, 1040000, 1000000, 40000, &at);
    assert_true(!at.breaks && at.dts_us > 1000000 && at.dts_us < 1000100);
    assert_int_equal(at.pts_us, 1040000);
    put(&c, V, 1080000, 1080000, 40000, &at);
    put(&c, V, TRTC_NOTIME, TRTC_NOTIME, 0, &at);
    assert_int_equal(at.dts_us, 1080000 + at.dur_us);
    put(&c, V, 1200000, 1300000, 40000, &at);
    assert_int_equal(at.pts_us, 1200000);
    assert_int_equal(at.dts_us, 1200000);

    /* decoding times that are all late, of pictures in another order: the times of presentation stay */
    static const int order[] = { 0, 3, 1, 2 };
    int64_t last_us = INT64_MIN;
    c = (struct trtc_input_clock){ 0 };
    for (int k = 0; k < 200; k++) {
        const int64_t pts_us = (k / 4 * 4 + order[k % 4]) * INT64_C(40000);
        put(&c, V, pts_us, k * INT64_C(40000) + 100000, 40000, &at);
        assert_false(at.breaks || at.mended);
        assert_int_in_range(at.pts_us - pts_us, 0, k < 8 ? 50 : 0); /* a tick or two */
        assert_true(at.dts_us <= at.pts_us && at.dts_us > last_us);
        last_us = at.dts_us;
    }
}

/* A picture that comes twice, or behind the one that follows it, is no jump, however low the rate is; one
 * from which the stream goes on is. */
static void test_clock_of_pictures_out_of_order(void **state)
{
    static const struct {
        int at[5]; /* in pictures, from the tenth on */
        bool jumps;
    } t[] = {
        { { 0, 2, 1, 3, 4 }, false },
        { { 0, 1, 0, 2, 3 }, false },
        { { 0, 1, 2, 1, 2 }, true },
        { { 0, 1, -1, 0, 1 }, true },
    };
    static const int rates[] = { 5, 15, 20 };
    (void)state;
    for (size_t i = 0; i < COUNT(t) * COUNT(rates); i++) {
        const int64_t step = 1000000 / rates[i % COUNT(rates)];
        struct trtc_input_clock c = { 0 };
        struct trtc_input_placed at;
        bool jumped = false;
        int64_t raw_us = 0;
        int nb_unordered = 0;
        for (int k = 0; k < 30; k++) {
            const int n =
                k < 10 ? k
                       : 10 + t[i / COUNT(rates)].at[k < 15 ? k - 10 : 4] + (k < 15 ? 0 : k - 14);
            raw_us = n * step;
            put(&c, V, raw_us, raw_us, 0, &at);
            jumped |= at.breaks;
            nb_unordered += at.unordered;
        }
        assert_int_equal(jumped, t[i / COUNT(rates)].jumps);
        assert_int_equal(nb_unordered, !jumped);
        assert_int_equal(at.dts_us != raw_us, t[i / COUNT(rates)].jumps);
    }
}

/* A key picture that is shown before others which were decoded earlier: the stream begins anew there, although
 * its decoding times rise. What follows is shown behind all that was. */
static void test_clock_of_pictures_shown_twice(void **state)
{
    static const int order[] = { 0, 3, 1, 2 };
    struct trtc_input_clock c = { 0 };
    struct trtc_input_placed at;
    int64_t high_us = 0;
    (void)state;
    for (int k = 0; k < 16; k++) {
        const int64_t us = (k / 8 * 6 + k % 8) * INT64_C(40000);
        const struct trtc_input_stamp s = { .track = V,
                                            .pts_us =
                                                us + (order[k % 4] - k % 4 + 2) * INT64_C(40000),
                                            .dts_us = us,
                                            .dur_us = 40000,
                                            .key = k % 4 == 0 };
        trtc_input_clock_place(&c, &s, &at);
        assert_int_equal(at.breaks, k == 8);
        if (k % 8 == 0)
            assert_int_equal(at.pts_us, k ? high_us + 40000 : 80000);
        high_us = at.pts_us > high_us ? at.pts_us : high_us;
        /* the sound goes on */
        put(&c, A, k * INT64_C(40000) - 60000, TRTC_NOTIME, 40000, &at);
        assert_int_equal(at.dts_us, k * INT64_C(40000) - 60000);
    }
}

/* Frames with stamps in ms, as a back end has them. */
struct stamped {
    const struct {
        int track, ms;
    } * in;
    int nb, k;
};

static int next_stamped(void *self, struct trtc_input_raw *raw, struct trtc_err *err)
{
    struct stamped *s = self;

    (void)err;
    if (s->k == s->nb)
        return 0;
    *raw = (struct trtc_input_raw){ .track = s->in[s->k].track,
                                    .codec_name = "x",
                                    .data = (const uint8_t *)"x",
                                    .size = 1,
                                    .pts_us = s->in[s->k].ms * INT64_C(1000),
                                    .dts_us = s->in[s->k].ms * INT64_C(1000) };
    s->k++;
    return 1;
}

/* A stamp that rises for a moment moves nothing that follows it: the frame goes between those beside it. A
 * pause, a jump and jitter remain, and no frame changes its place in the order. */
static void test_stamps_that_rise(void **state)
{
    static const struct {
        int at[10], is[10]; /* pictures, from 1000 on, in ms; 0: no more */
        int sound_ms;       /* sound goes on up to here in front of the third picture */
        int nb_moved;
    } t[] = {
        /* one ahead; three turned round; two ahead; the last before the end; ... of a stream with sound */
        { { 1000, 1100, 4200, 1300, 1400 }, { 1000, 1100, 1200, 1300, 1400 }, 0, 1 },
        { { 1000, 1100, 1400, 1200, 1300, 1500 }, { 1000, 1100, 1150, 1200, 1300, 1500 }, 0, 1 },
        { { 1000, 1100, 1500, 1600, 1400, 1500 }, { 1000, 1100, 1200, 1300, 1400, 1500 }, 0, 2 },
        { { 1000, 1100, 4200 }, { 1000, 1100, 4200 }, 0, 0 },
        { { 1000, 1100, 4200 }, { 1000, 1100, 1200 }, 1100, 1 },
        /* slides, that go on behind the sound; the same, the last of which is far ahead */
        { { 1000, 5000, 9000, 13000 }, { 1000, 5000, 9000, 13000 }, 2000, 0 },
        { { 1000, 5000, 9000, 27000 }, { 1000, 5000, 9000, 10000 }, 2000, 1 },
        /* two frames ahead, the second one of which is the last */
        { { 1000, 1100, 4200, 1300, 4400 }, { 1000, 1100, 1200, 1300, 1400 }, 1100, 2 },
        /* a pause; one with jitter behind it; a jump with its sound, of which the first frame falls */
        { { 1000, 1100, 4200, 4300, 4400 }, { 1000, 1100, 4200, 4300, 4400 }, 0, 0 },
        { { 1000, 1100, 4200, 4190, 4300 }, { 1000, 1100, 4200, 4190, 4300 }, 0, 0 },
        { { 1000, 1100, 4200, 1300, 1400 }, { 1000, 1100, 4200, 1300, 1400 }, 4200, 0 },
        /* stamps that stay up for longer; a restart; a fall */
        { { 1000, 1100, 1500, 1700, 1900, 2100, 1300 },
          { 1000, 1100, 1500, 1700, 1900, 2100, 1300 },
          0,
          0 },
        { { 1000, 1100, 4200, 10, 110 }, { 1000, 1100, 4200, 10, 110 }, 0, 0 },
        { { 1000, 1100, 800, 900, 1000 }, { 1000, 1100, 800, 900, 1000 }, 0, 0 },
    };
    const struct trtc_input_ops ops = { .next = next_stamped };
    struct trtc_input_raw raw;
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        struct {
            int track, ms;
        } in[128];
        struct stamped back = { (const void *)in, 0, 0 };
        struct trtc_input_rise r = { .off = false };
        int nb = 0;
        for (int k = 0; k < 10 && t[i].at[k]; k++) {
            for (int ms = k == 0 ? 1000 : 1100; k <= 2 && k != 1 && ms <= t[i].sound_ms; ms += 50)
                if (k == 2 || ms < 1100) {
                    in[back.nb].track = A;
                    in[back.nb++].ms = ms;
                }
            in[back.nb].track = V;
            in[back.nb++].ms = t[i].at[k];
        }
        int64_t heard_us = 0;
        while (trtc_input_rise_next(&r, &ops, &back, &raw, NULL) > 0) {
            if (raw.track == V)
                assert_int_equal(raw.dts_us, t[i].is[nb++] * INT64_C(1000));
            else
                assert_true(raw.dts_us > heard_us);
            heard_us = raw.track == A ? raw.dts_us : heard_us;
            assert_int_equal(raw.pts_us, raw.dts_us);
            assert_int_equal(raw.data[0], 'x');
        }
        assert_true(nb == 10 || t[i].at[nb] == 0);
        assert_int_equal(r.nb_moved[V], t[i].nb_moved);
        assert_int_equal(r.nb_moved[A], 0);
        trtc_input_rise_fini(&r);
    }
}

/* However many frames have a stamp that may be ahead, not all of them wait. */
static void test_rise_of_many(void **state)
{
    enum { MANY = 100000 };
    const struct trtc_input_ops ops = { .next = next_stamped };
    struct {
        int track, ms;
    } *in = calloc(MANY, sizeof *in);
    struct stamped back = { (const void *)in, MANY, 0 };
    struct trtc_input_rise r = { .off = false };
    struct trtc_input_raw raw;
    (void)state;
    assert_non_null(in);
    for (int k = 0; k < MANY; k++) {
        in[k].track = V;
        in[k].ms = k < 2 ? 1000 + 100 * k : 4200;
    }
    for (int k = 0; k < 3; k++)
        assert_int_equal(trtc_input_rise_next(&r, &ops, &back, &raw, NULL), 1);
    assert_true(back.k < MANY);
    /* none of those that were read is forgotten */
    assert_int_equal(trtc_input_rise_waiting(&r, V), back.k - 3);
    assert_int_equal(trtc_input_rise_waiting(&r, A), 0);
    trtc_input_rise_fini(&r);
    free(in);
}

/* Pictures that are far apart again and again do not wait for each other. */
static void test_rise_of_slides(void **state)
{
    const struct trtc_input_ops ops = { .next = next_stamped };
    struct {
        int track, ms;
    } in[10];
    struct stamped back = { (const void *)in, COUNT(in), 0 };
    struct trtc_input_rise r = { .off = false };
    struct trtc_input_raw raw;
    (void)state;
    for (int k = 0; k < (int)COUNT(in); k++) {
        in[k].track = V;
        in[k].ms = 1000 + 4000 * k;
    }
    for (int k = 1; k <= (int)COUNT(in); k++) {
        assert_int_equal(trtc_input_rise_next(&r, &ops, &back, &raw, NULL), 1);
        assert_true(back.k == k || k < 5);
    }
    trtc_input_rise_fini(&r);
}

static void test_unwrap(void **state)
{
    const int64_t range = INT64_C(1) << 33;
    (void)state;
    assert_int_equal(trtc_input_unwrap(5, 33, range - 5), range + 5);
    assert_int_equal(trtc_input_unwrap(range - 5, 33, 5), -5);
    assert_int_equal(trtc_input_unwrap(range - 5, 33, 7 * range + 5), 7 * range - 5);
    assert_int_equal(trtc_input_unwrap(100, 33, 90), 100);
    assert_int_equal(trtc_input_unwrap(INT64_MIN, 64, 90), INT64_MIN);
}

/* ---- records ---- */

static void test_aac_config(void **state)
{
    static const struct {
        uint8_t p[8];
        size_t n;
        int ret, object_type, rate_index, channels;
    } t[] = {
        { { 0x11, 0x90 }, 2, 0, 2, 3, 2 },                    /* LC 48000 stereo */
        { { 0x12, 0x08 }, 2, 0, 2, 4, 1 },                    /* LC 44100 mono */
        { { 0x2b, 0x11, 0x88, 0x00 }, 4, 0, 2, 6, 2 },        /* SBR 24000 -> 48000 stereo */
        { { 0xeb, 0x09, 0x88, 0x00 }, 4, 0, 2, 6, 1 },        /* PS */
        { { 0x17, 0x80, 0x5d, 0xc0, 0x10 }, 5, 0, 2, 3, 2 },  /* rate of 48000 in full */
        { { 0x17, 0x80, 0x5d, 0xc2, 0x10 }, 5, -1, 0, 0, 0 }, /* 48004 */
        { { 0x11, 0x94 }, 2, -1, 0, 0, 0 },                   /* 960 samples */
        { { 0x11, 0x80 }, 2, -1, 0, 0, 0 },                   /* channels told elsewhere */
        { { 0xb9, 0x90 }, 2, -1, 0, 0, 0 },                   /* LD */
        { { 0xf9, 0x48, 0x20, 0x00 }, 4, -1, 0, 0, 0 },       /* xHE */
        { { 0x11 }, 1, -1, 0, 0, 0 },
        { { 0 }, 0, -1, 0, 0, 0 },
    };
    struct trtc_input_aac a;
    struct trtc_adts h;
    uint8_t head[7];
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        assert_int_equal(trtc_input_aac_config(t[i].p, t[i].n, &a), t[i].ret);
        if (t[i].ret < 0)
            continue;
        assert_int_equal(a.object_type, t[i].object_type);
        assert_int_equal(a.rate_index, t[i].rate_index);
        assert_int_equal(a.channels, t[i].channels);
        assert_int_equal(trtc_input_adts_header(&a, 1000, head), 0);
        assert_int_equal(trtc_adts_parse(head, 7, &h), 0);
        assert_int_equal(h.object_type, a.object_type);
        assert_int_equal(h.channels, a.channels);
        assert_int_equal(h.frame_bytes, 1007);
        assert_int_equal(h.header_bytes, 7);
    }
    a = (struct trtc_input_aac){ .object_type = 2, .rate_index = 3, .channels = 2 };
    assert_int_equal(trtc_input_adts_header(&a, 8184, head), 0);
    assert_int_equal(trtc_input_adts_header(&a, 8185, head), -1);
}

/* Channels that no number stands for: the element that describes them is in every frame, so that decoding can begin with
 * any, wherever the stream has it. */
static void test_aac_channels(void **state)
{
    static const char *const names[] = { "quad.m4a", "quad.ts", "quad.aac", "quad.mkv",
                                         "quad.flv" };
    struct trtc_input_pce pce;
    uint8_t out[8300], frame[8200] = { 0xff, 0xf1, 0x4c, 0, 0, 0x1f, 0xfc };
    (void)state;

    run(FFMPEG
        "-f lavfi -i 'aevalsrc=sin(2764*t)|sin(3456*t)|sin(4147*t)|sin(4838*t):c=quad:s=48000:d=1' -c:a aac quad.m4a");
    run(FFMPEG "-i quad.m4a -c copy quad.ts -c copy quad.aac -c copy quad.mkv -c copy quad.flv");
    for (size_t i = 0; i < COUNT(names); i++) {
        read_file(&got, names[i]);
        assert_int_equal(got.info.audio, TRTC_CODEC_AAC);
        assert_int_equal(got.info.channels, 4);
        assert_false(got.info.audio_encoded);
        assert_int_in_range(got.nb[A], 47, 49);
        for (int k = 0; k < got.nb[A]; k++) {
            const struct frame *x = frame_of(&got, A, k);
            struct trtc_adts h;
            assert_int_equal(trtc_adts_parse(x->data, x->size, &h), 0);
            assert_int_equal(h.channels, 0);
            assert_int_equal(h.frame_bytes, x->size);
            assert_true(trtc_input_pce_of(x->data + 7, x->size - 7, &pce));
            assert_int_equal(pce.channels, 4);
            if (i > 0 && k > 0) /* the first one of a stream may hold a comment */
                assert_memory_equal(x->data, frame_of(&base, A, k)->data, x->size);
        }
        if (i == 0)
            read_file(&base, names[i]);
    }

    /* no room, more than one block, cut and hostile elements */
    frame[3] = (uint8_t)(8191 >> 11);
    frame[4] = (uint8_t)(8191 >> 3);
    frame[5] = (uint8_t)((8191 & 7) << 5 | 0x1f);
    assert_int_equal(trtc_input_pce_put(&pce, frame, 8191, out), 0);
    assert_int_equal(trtc_input_pce_put(&pce, frame, 8190, out), 0);
    frame[6] = 0xfd;
    assert_int_equal(trtc_input_pce_put(&pce, frame, 8191, out), 0);
    for (size_t n = 0; n < pce.size; n++) {
        struct trtc_input_pce part;
        uint8_t *copy = malloc(n ? n : 1);
        memcpy(copy, pce.bytes, n);
        assert_false(trtc_input_pce_of(copy, n, &part));
        free(copy);
    }
    memset(frame, 0xff, sizeof frame);
    frame[0] = 0xbf;
    assert_false(trtc_input_pce_of(frame, 40, &pce));
    trtc_input_pce_of(frame, sizeof frame, &pce);
    assert_true(pce.size <= sizeof pce.bytes);
}

static void test_video_config(void **state)
{
    static const uint8_t avcc[] = { 1, 0x64, 0, 10, 0xff, 0xe1, 0,    4, 0x67,
                                    1, 2,    3, 1,  0,    2,    0x68, 9 };
    static const uint8_t annexb[] = { 0, 0, 0, 1, 0x67, 1, 2, 3, 0, 0, 0, 1, 0x68, 9 };
    uint8_t hvcc[64] = { 1 };
    struct trtc_input_config c;
    struct trtc_err err;
    (void)state;

    assert_int_equal(trtc_input_video_config(TRTC_CODEC_H264,
                                             (struct trtc_bytes){ avcc, sizeof avcc }, &c, &err),
                     0);
    assert_int_equal(c.nal_length, 4);
    assert_int_equal(c.sets_size, sizeof annexb);
    assert_memory_equal(c.sets, annexb, c.sets_size);
    free(c.sets);
    assert_int_equal(trtc_input_video_config(
                         TRTC_CODEC_H264, (struct trtc_bytes){ annexb, sizeof annexb }, &c, &err),
                     0);
    assert_int_equal(c.nal_length, 0);
    assert_int_equal(c.sets_size, sizeof annexb);
    free(c.sets);
    assert_int_equal(
        trtc_input_video_config(TRTC_CODEC_H264, (struct trtc_bytes){ NULL, 0 }, &c, &err), 0);
    assert_null(c.sets);
    for (size_t k = 1; k < sizeof avcc; k++) {
        uint8_t *copy = malloc(k); /* so that a read past the end is seen */
        memcpy(copy, avcc, k);
        assert_int_equal(
            trtc_input_video_config(TRTC_CODEC_H264, (struct trtc_bytes){ copy, k }, &c, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        free(copy);
    }

    /* two arrays: a PPS, and an SEI that is no parameter set */
    static const uint8_t arrays[] = { 2, 34, 0, 1, 0, 3, 0x44, 1, 7, 39, 0, 1, 0, 3, 0x4e, 1, 5 };
    hvcc[21] = 1;
    memcpy(hvcc + 22, arrays, sizeof arrays);
    assert_int_equal(trtc_input_video_config(TRTC_CODEC_H265,
                                             (struct trtc_bytes){ hvcc, 22 + sizeof arrays }, &c,
                                             &err),
                     0);
    assert_int_equal(c.nal_length, 2);
    assert_int_equal(c.sets_size, 7);
    assert_memory_equal(c.sets, "\0\0\0\1\x44\1\7", 7);
    free(c.sets);
    assert_int_equal(trtc_input_video_config(TRTC_CODEC_H265,
                                             (struct trtc_bytes){ hvcc, 21 + sizeof arrays }, &c,
                                             &err),
                     -1);
}

/* Zeros in the middle of a unit are a hole in the file; at its end, an encoder has added them. */
static void test_annexb_holes(void **state)
{
    uint8_t in[2004] = { 0, 0, 2000 >> 8, 2000 & 0xff };
    uint8_t out[TRTC_INPUT_ANNEXB_MAX(sizeof in)];
    (void)state;
    memset(in + 4, 0x41, 2000);
    memset(in + 1004, 0, 512);
    assert_true(
        trtc_input_to_annexb(TRTC_CODEC_H264, 4, (struct trtc_bytes){ in, sizeof in }, out).damaged);
    memset(in + 1004, 0, 1000);
    assert_false(
        trtc_input_to_annexb(TRTC_CODEC_H264, 4, (struct trtc_bytes){ in, sizeof in }, out).damaged);
    memset(in + 4, 0, 2000);
    assert_true(
        trtc_input_to_annexb(TRTC_CODEC_H264, 4, (struct trtc_bytes){ in, sizeof in }, out).damaged);
}

static void test_to_annexb(void **state)
{
    static const struct {
        int length;
        const char *in;
        size_t n;
        const char *out;
        size_t nb_out;
        bool key, damaged;
    } t[] = {
        { 4, "\0\0\0\2\x65\x88\0\0\0\1\x06", 11, "\0\0\0\1\x65\x88\0\0\0\1\x06", 11, true, false },
        { 2, "\0\2\x41\x88", 4, "\0\0\0\1\x41\x88", 6, false, false },
        { 1, "\1\x41\0\1\x41", 5, "\0\0\0\1\x41\0\0\0\1\x41", 10, false, false },
        { 4, "\0\0\0\7\x41\x88", 6, "\0\0\0\1\x41\x88", 6, false, true },
        { 4, "\0\0\0\1\x41\0\0", 7, "\0\0\0\1\x41", 5, false, true },
        { 4, "\xff\xff\xff\xff", 4, "", 0, false, true },
        { 4, "", 0, "", 0, false, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        uint8_t *out = malloc(TRTC_INPUT_ANNEXB_MAX(t[i].n)), *in = malloc(t[i].n + 1);
        memcpy(in, t[i].in, t[i].n);
        const struct trtc_input_annexb r = trtc_input_to_annexb(
            TRTC_CODEC_H264, t[i].length, (struct trtc_bytes){ in, t[i].n }, out);
        assert_int_equal(r.size, t[i].nb_out);
        assert_memory_equal(out, t[i].out, t[i].nb_out);
        assert_int_equal(r.key, t[i].key);
        assert_int_equal(r.damaged, t[i].damaged);
        free(in);
        free(out);
    }
}

/* What base.mp4 states about itself. */
static void check_index(const struct trtc_boxes *x)
{
    const struct trtc_box_track *v = trtc_boxes_track(x, 1);
    const struct trtc_box_track *a = trtc_boxes_track(x, 2);

    assert_true(x->whole && !x->fragments && v && a && !trtc_boxes_track(x, 3));
    assert_true(v->picture && v->has_offsets && !a->picture && !a->has_offsets);
    assert_false(v->no_steps || a->no_steps || v->clap);
    assert_int_equal(v->edits.n, 1);
    assert_int_equal(v->edits.items[0].at_us, 80000);
    assert_int_equal(v->edits.items[0].dur_us, 4000000);
    assert_int_equal(v->edits.items[0].rate, TRTC_EDIT_NORMAL);
}

/* Parts that follow each other or do not, given in pieces of any size, and over again, as who seeks reads them. */
static void test_parts(void **state)
{
    static const struct {
        const char *name;
        int cut, at; /* bytes off the end; where one is put in, or 0 */
        int nb_faults;
        bool is_cut;
    } t[] = {
        { "base.mp4", 0, 0, 0, false },     { "base.mp4", 1, 0, 0, true },
        { "base.mp4", 0, 32, 1, false },    { "base.flv", 0, 0, 0, false },
        { "base.flv", 4, 0, 0, false },     { "base.flv", 5, 0, 0, true },
        { "base.flv", 0, 50000, 1, false }, { "base.mkv", 0, 0, 0, false },
        { "base.mkv", 1, 0, 0, true },      { "base.mkv", 0, 50000, 1, false },
        { "base.aac", 1, 5000, 0, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT(t); i++) {
        for (size_t piece = 1; piece < 100000; piece = piece * 7 + 1) {
            struct trtc_parts w = { 0 };
            struct bytes b = load(t[i].name);
            size_t n = b.n - (size_t)t[i].cut;
            if (t[i].at > 0) {
                memmove(b.p + t[i].at + 1, b.p + t[i].at, n - (size_t)t[i].at);
                n++;
            }
            trtc_parts_begin(&w, b.p, n);
            for (size_t at = 0; at < n; at += piece) {
                const size_t from = at > 9 ? at - 9 : 0, to = at + piece < n ? at + piece : n;
                trtc_parts_bytes(&w, (int64_t)from, b.p + from, to - from);
            }
            assert_int_equal(trtc_parts_end(&w, (int64_t)n), t[i].is_cut);
            assert_int_equal(w.nb_faults, t[i].nb_faults);
            assert_int_equal(w.first[0] != 0, t[i].nb_faults);
            assert_int_equal(trtc_parts_wants(&w), -1);
            if (i == 0)
                check_index(&w.boxes);
            trtc_boxes_fini(&w.boxes);
            free(b.p);
        }
    }
}

static void test_order(void **state)
{
    static const int counts[] = { 0, 8, 4, 2, 6, 16, 12, 10, 14, 0, 4, 2 };
    static const int places[] = { 0, 4, 2, 1, 3, 8, 6, 5, 7, 9, 11, 10 };
    struct trtc_input_order o = { .delay = 2 };
    int64_t place;
    size_t out = 0;
    (void)state;
    for (size_t i = 0; i < COUNT(counts); i++) {
        trtc_input_order_push(&o, counts[i], counts[i] == 0);
        while ((place = trtc_input_order_take(&o)) >= 0)
            assert_int_equal(place, places[out++]);
    }
    trtc_input_order_end(&o);
    while ((place = trtc_input_order_take(&o)) >= 0)
        assert_int_equal(place, places[out++]);
    assert_int_equal(out, COUNT(counts));

    /* where the stream does not state its reordering, a picture waits for those that may be shown before it, and no
     * longer, whether counts rise by 2 or by 1 */
    for (int by = 1; by <= 2; by++) {
        static const int waits[] = { 0, 1, 2, 3, 0, 1, 2, 3, 0, 0, 1, 0 };
        o = (struct trtc_input_order){ .unstated = true, .odd = by == 1 };
        for (size_t i = out = 0; i < COUNT(counts); i++) {
            trtc_input_order_push(&o, counts[i] / 2 * by, counts[i] == 0);
            while ((place = trtc_input_order_take(&o)) >= 0)
                assert_int_equal(place, places[out++]);
            assert_int_equal(i + 1 - out, waits[i]);
        }
        trtc_input_order_end(&o);
        while ((place = trtc_input_order_take(&o)) >= 0)
            assert_int_equal(place, places[out++]);
        assert_int_equal(out, COUNT(counts));
        assert_int_equal(o.delay, 2);
    }

    /* a delay that cannot be must not block */
    o = (struct trtc_input_order){ .delay = 1000 };
    for (int i = 0; i < 100; i++) {
        assert_true(trtc_input_order_has_room(&o));
        trtc_input_order_push(&o, i, false);
        trtc_input_order_take(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_in_all_containers),
        cmocka_unit_test(test_aac_without_record),
        cmocka_unit_test(test_pause_without_dts),
        cmocka_unit_test(test_pause_between_reordered),
        cmocka_unit_test(test_time_against_order),
        cmocka_unit_test(test_avi_with_pauses),
        cmocka_unit_test(test_program_stream),
        cmocka_unit_test(test_avi),
        cmocka_unit_test(test_mp4_without_times),
        cmocka_unit_test(test_matroska_without_sizes),
        cmocka_unit_test(test_fragments_without_times),
        cmocka_unit_test(test_mp4_fast_clock),
        cmocka_unit_test(test_fragments_in_a_row),
        cmocka_unit_test(test_damaged_fragments),
        cmocka_unit_test(test_damaged_index),
        cmocka_unit_test(test_odd_index),
        cmocka_unit_test(test_gaps_in_data),
        cmocka_unit_test(test_layouts_of_fragments),
        cmocka_unit_test(test_large_box_in_fragment),
        cmocka_unit_test(test_units_without_picture),
        cmocka_unit_test(test_growing_fragments),
        cmocka_unit_test(test_pictures_before_zero),
        cmocka_unit_test(test_raw_streams),
        cmocka_unit_test(test_raw_stream_is_left),
        cmocka_unit_test(test_raw_rate),
        cmocka_unit_test(test_raw_fields),
        cmocka_unit_test(test_other_sound_is_encoded),
        cmocka_unit_test(test_sound_to_its_end),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_url_hides_secrets),
        cmocka_unit_test(test_pipe_of_tiny_writes),
        cmocka_unit_test(test_first_picture_comes_slowly),
        cmocka_unit_test(test_pipe_of_slow_pictures),
        cmocka_unit_test(test_pipe_without_index),
        cmocka_unit_test(test_stdin_file_from_its_place),
        cmocka_unit_test(test_stop_ends_a_pending_read),
        cmocka_unit_test(test_stop_before_anything),
        cmocka_unit_test(test_failed_read),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_ends_of_a_connection),
        cmocka_unit_test(test_ends_of_an_answer),
        cmocka_unit_test(test_mp4_from_a_server),
        cmocka_unit_test(test_stop_ends_a_silent_connection),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_jump_of_both),
        cmocka_unit_test(test_streams_in_a_row),
        cmocka_unit_test(test_late_video),
        cmocka_unit_test(test_unannounced),
        cmocka_unit_test(test_late_decoding_times),
        cmocka_unit_test(test_slices_of_their_own),
        cmocka_unit_test(test_leading_pictures),
        cmocka_unit_test(test_packet_sizes),
        cmocka_unit_test(test_new_size),
        cmocka_unit_test(test_open_gop_first),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_damaged_beginning),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_clock_of_restart),
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clock_of_pictures_out_of_order),
        cmocka_unit_test(test_clock_of_pictures_shown_twice),
        cmocka_unit_test(test_stamps_that_rise),
        cmocka_unit_test(test_rise_of_many),
        cmocka_unit_test(test_rise_of_slides),
        cmocka_unit_test(test_unwrap),
        cmocka_unit_test(test_aac_config),
        cmocka_unit_test(test_aac_channels),
        cmocka_unit_test(test_video_config),
        cmocka_unit_test(test_to_annexb),
        cmocka_unit_test(test_annexb_holes),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_order),
    };

    signal(SIGPIPE, SIG_IGN);
    if (trtc_ffmpeg_load(NULL) < 0)
        return 1;
    const int ret = cmocka_run_group_tests(tests, make_media, drop_media);
    drop(&got);
    drop(&base);
    return ret;
}
