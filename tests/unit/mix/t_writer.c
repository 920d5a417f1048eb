/* SPDX-License-Identifier: MIT */
/* The mixer's writer: what is in the files and when, threads that wait for each other, failures.
 * The picture turns white and a tone begins at the same time, which is where they must be found
 * again in every container. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/utc.h"
#include "codec/aacenc.h"
#include "codec/h264enc.h"
#include "input/input.h"
#include "mix/writer.h"
#include "unit/range.h"

enum { W = 160, H = 96, FPS = 15, RATE = 48000, LEN_S = 3, FRAMES = LEN_S * FPS, MAX = 256 };
#define EVENT_S 1 /* white, and loud */

struct unit {
    struct trtc_packet p;
    uint8_t *data;
};

struct media {
    struct unit video[MAX], audio[MAX];
    int nb_video, nb_audio;
    uint8_t sets[256], asc[8];
    size_t sets_size, asc_size;
};

static struct media media;
static char dir[64];
static char path[128];

/* ---- making ---- */

static void keep(struct unit *u, const struct trtc_packet *p)
{
    u->p = *p;
    u->data = malloc(p->size);
    assert_non_null(u->data);
    memcpy(u->data, p->data, p->size);
    u->p.data = u->data;
}

static void make_video(void)
{
    const struct trtc_h264enc_opts o = {
        .width_px = W, .height_px = H, .fps = FPS, .gop = FPS, .fixed_gop = true, .threads = 1
    };
    struct trtc_err err = { 0 };
    struct trtc_packet p;
    struct trtc_h264enc *e = trtc_h264enc_new(&o, &err);
    AVFrame *f = av_frame_alloc();
    assert_non_null(e);
    f->format = AV_PIX_FMT_YUV420P;
    f->width = W;
    f->height = H;
    assert_true(av_frame_get_buffer(f, 0) >= 0);
    const uint8_t *sets = trtc_h264enc_sets(e, &media.sets_size);
    assert_true(media.sets_size <= sizeof media.sets);
    memcpy(media.sets, sets, media.sets_size);
    for (int k = 0; k <= FRAMES; k++) {
        for (int i = 0; i < 3; i++)
            for (int y = 0; y < (i ? H / 2 : H); y++)
                for (int x = 0; x < (i ? W / 2 : W); x++)
                    f->data[i][(ptrdiff_t)y * f->linesize[i] + x] =
                        (uint8_t)(i                    ? 128
                                  : k >= EVENT_S * FPS ? 220
                                                       : 20 + (x + k) % 20);
        assert_int_equal(trtc_h264enc_send(e, k < FRAMES ? f : NULL, k, &err), 0);
        while (trtc_h264enc_receive(e, &p, &err) > 0)
            keep(&media.video[media.nb_video++], &p);
    }
    assert_int_equal(media.nb_video, FRAMES);
    assert_true(media.video[0].p.dts_us < 0); /* so that this is tested too */
    av_frame_free(&f);
    trtc_h264enc_free(&e);
}

static void make_audio(void)
{
    struct trtc_err err = { 0 };
    struct trtc_packet p;
    struct trtc_aacenc *e = trtc_aacenc_new(RATE, 2, 96000, &err);
    assert_non_null(e);
    const int frame = trtc_aacenc_frame(e);
    float *s = calloc((size_t)frame, sizeof *s);
    const float *const planes[] = { s, s };
    const uint8_t *asc = trtc_aacenc_asc(e, &media.asc_size);
    assert_true(media.asc_size <= sizeof media.asc);
    memcpy(media.asc, asc, media.asc_size);
    for (int at = 0; at < LEN_S * RATE; at += frame) {
        const int n = LEN_S * RATE - at < frame ? LEN_S * RATE - at : frame;
        for (int i = 0; i < n; i++)
            s[i] = at + i < EVENT_S * RATE ? 0 : (float)(0.7 * sin((at + i) * 0.15));
        assert_int_equal(trtc_aacenc_send(e, planes, n, &err), 0);
        while (trtc_aacenc_receive(e, &p, &err) > 0)
            keep(&media.audio[media.nb_audio++], &p);
    }
    assert_int_equal(trtc_aacenc_send(e, NULL, 0, &err), 0);
    while (trtc_aacenc_receive(e, &p, &err) > 0)
        keep(&media.audio[media.nb_audio++], &p);
    assert_true(media.audio[0].p.pts_us < 0);
    free(s);
    trtc_aacenc_free(&e);
}

static int setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    snprintf(dir, sizeof dir, "/tmp/t_writer.%ld", (long)getpid());
    assert_int_equal(mkdir(dir, 0777), 0);
    make_video();
    make_audio();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (int i = 0; i < media.nb_video; i++)
        free(media.video[i].data);
    for (int i = 0; i < media.nb_audio; i++)
        free(media.audio[i].data);
    return rmdir(dir); /* fails where anything was left */
}

static const char *in_dir(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* ---- writing ---- */

enum { TRACKS_MAX = 3 };

static struct trtc_writer_track picture_track(void)
{
    return (struct trtc_writer_track){ .codec = TRTC_CODEC_H264,
                                       .width_px = W,
                                       .height_px = H,
                                       .fps = FPS,
                                       .sets = media.sets,
                                       .sets_size = media.sets_size };
}

static struct trtc_writer_track sound_track(const char *name)
{
    return (struct trtc_writer_track){ .codec = TRTC_CODEC_AAC,
                                       .rate_hz = RATE,
                                       .channels = 2,
                                       .asc = media.asc,
                                       .asc_size = media.asc_size,
                                       .name = name };
}

static volatile sig_atomic_t stop;

static struct trtc_writer *open_at(const char *where, enum trtc_container c, int nb_tracks,
                                   bool flush, struct trtc_err *err)
{
    /* gone when this returns: the writer must have copied it all */
    char name[2][16] = { "anna", "b\xc3\xb6" };
    struct trtc_writer_track t[TRACKS_MAX] = { picture_track(), sound_track(name[0]),
                                               sound_track(name[1]) };
    const struct trtc_writer_opts o = {
        .path = where,
        .container = c,
        .tracks = t,
        .nb_tracks = nb_tracks,
        .creation_ms = INT64_C(1768908622495),
        .flush = flush,
        .stop = &stop,
        .expected_us = LEN_S * 1000000,
    };
    struct trtc_writer *w = trtc_writer_new(&o, err);
    memset(name, 'x', sizeof name);
    return w;
}

static struct trtc_writer *open_ok(const char *where, enum trtc_container c, int nb_tracks)
{
    struct trtc_err err = { 0 };
    struct trtc_writer *w = open_at(where, c, nb_tracks, false, &err);
    if (!w)
        fail_msg("%s", err.msg);
    return w;
}

struct job {
    struct trtc_writer *w;
    int track;
    int64_t until_us; /* the media again and again until here; 0: once */
    atomic_int_least64_t at_us;
    int ret;
    struct trtc_err err;
};

static int write_media(struct job *j, int64_t shift_us)
{
    const struct unit *u = j->track ? media.audio : media.video;
    const int n = j->track ? media.nb_audio : media.nb_video;
    for (int i = 0; i < n; i++) {
        struct trtc_packet p = u[i].p;
        if (shift_us && (p.dts_us < 0 || p.pts_us > LEN_S * 1000000 - 300000))
            continue; /* so that times rise */
        p.pts_us += shift_us;
        p.dts_us += shift_us;
        if (trtc_writer_write(j->w, j->track, &p, &j->err) < 0)
            return -1;
        atomic_store(&j->at_us, p.dts_us);
    }
    return 0;
}

static void *work(void *arg)
{
    struct job *j = arg;
    int64_t us = 0;
    do {
        j->ret = write_media(j, us);
        us += LEN_S * 1000000;
    } while (j->ret == 0 && us < j->until_us);
    if (j->ret == 0)
        j->ret = trtc_writer_end_track(j->w, j->track, us, &j->err);
    return NULL;
}

/* All tracks at the same time, each in a thread of its own. */
static void write_tracks(struct trtc_writer *w, int nb_tracks)
{
    struct job j[TRACKS_MAX];
    pthread_t t[TRACKS_MAX];
    memset(j, 0, sizeof j);
    for (int i = 0; i < nb_tracks; i++) {
        j[i].w = w;
        j[i].track = i;
        assert_int_equal(pthread_create(&t[i], NULL, work, &j[i]), 0);
    }
    for (int i = 0; i < nb_tracks; i++)
        pthread_join(t[i], NULL);
    for (int i = 0; i < nb_tracks; i++)
        if (j[i].ret < 0)
            fail_msg("track %d: %s", i, j[i].err.msg);
}

static void make_file(const char *where, enum trtc_container c, int nb_tracks)
{
    struct trtc_err err = { 0 };
    struct stat st;
    int64_t bytes = 0;
    struct trtc_writer *w = open_ok(where, c, nb_tracks);
    write_tracks(w, nb_tracks);
    assert_int_not_equal(access(where, F_OK), 0);
    if (trtc_writer_finish(w, &bytes, &err) < 0)
        fail_msg("%s", err.msg);
    trtc_writer_free(&w);
    assert_null(w);
    assert_int_equal(stat(where, &st), 0);
    assert_int_equal(st.st_size, bytes);
}

static uint8_t *read_all(const char *where, size_t *size)
{
    FILE *f = fopen(where, "rb");
    assert_non_null(f);
    uint8_t *p = malloc(1 << 20);
    assert_non_null(p);
    *size = fread(p, 1, 1 << 20, f);
    assert_true(*size > 0 && *size < 1 << 20);
    fclose(f);
    return p;
}

/* ---- reading ---- */

struct found {
    AVFormatContext *c;
    int nb_packets[TRACKS_MAX];
    int64_t first_us[TRACKS_MAX]; /* of a decoded frame */
    int64_t event_us[TRACKS_MAX]; /* first white picture, first loud sample */
    int nb_decoded[TRACKS_MAX];
};

static bool is_loud(const AVFrame *f, int *sample)
{
    const float *s = (const float *)(const void *)f->data[0];
    for (*sample = 0; *sample < f->nb_samples; ++*sample)
        if (fabsf(s[*sample]) > 0.2f)
            return true;
    return false;
}

static void take_frames(struct found *r, AVCodecContext *d, int i, AVFrame *f)
{
    const AVRational tb = r->c->streams[i]->time_base, us = { 1, 1000000 };
    while (avcodec_receive_frame(d, f) >= 0) {
        const int64_t at_us = av_rescale_q(f->pts, tb, us);
        int sample = 0;
        if (r->nb_decoded[i]++ == 0)
            r->first_us[i] = at_us;
        if (r->event_us[i] < 0 &&
            (d->codec_type == AVMEDIA_TYPE_VIDEO ? f->data[0][f->linesize[0] * 40 + 40] > 180
                                                 : is_loud(f, &sample)))
            r->event_us[i] = at_us + sample * INT64_C(1000000) / RATE;
        av_frame_unref(f);
    }
}

static void probe(const char *where, struct found *r)
{
    AVCodecContext *d[TRACKS_MAX] = { NULL };
    AVPacket *pkt = av_packet_alloc();
    AVFrame *f = av_frame_alloc();
    memset(r, 0, sizeof *r);
    assert_true(avformat_open_input(&r->c, where, NULL, NULL) >= 0);
    assert_true(avformat_find_stream_info(r->c, NULL) >= 0);
    assert_int_in_range(r->c->nb_streams, 1, TRACKS_MAX);
    for (unsigned i = 0; i < r->c->nb_streams; i++) {
        r->event_us[i] = -1;
        d[i] = avcodec_alloc_context3(avcodec_find_decoder(r->c->streams[i]->codecpar->codec_id));
        assert_true(avcodec_parameters_to_context(d[i], r->c->streams[i]->codecpar) >= 0);
        d[i]->pkt_timebase = r->c->streams[i]->time_base;
        d[i]->thread_count = 1;
        assert_true(avcodec_open2(d[i], NULL, NULL) >= 0);
    }
    while (av_read_frame(r->c, pkt) >= 0) {
        const int i = pkt->stream_index;
        r->nb_packets[i]++;
        assert_true(avcodec_send_packet(d[i], pkt) >= 0);
        take_frames(r, d[i], i, f);
        av_packet_unref(pkt);
    }
    for (unsigned i = 0; i < r->c->nb_streams; i++) {
        avcodec_send_packet(d[i], NULL);
        take_frames(r, d[i], (int)i, f);
        avcodec_free_context(&d[i]);
    }
    av_frame_free(&f);
    av_packet_free(&pkt);
}

static void assert_near(int64_t a, int64_t b, int64_t slack)
{
    if (llabs(a - b) > slack)
        fail_msg("%lld is not %lld", (long long)a, (long long)b);
}

static void assert_tag(const AVDictionary *d, const char *key, const char *value)
{
    const AVDictionaryEntry *e = av_dict_get(d, key, NULL, 0);
    if (!e)
        fail_msg("no %s", key);
    assert_string_equal(e->value, value);
}

/* What holds for every container; where_us: the time of 0 in it. */
static void check_media(const struct found *r, int nb_tracks, int64_t where_us, int64_t slack_us)
{
    assert_int_equal(r->c->nb_streams, nb_tracks);
    assert_int_equal(r->nb_packets[0], FRAMES);
    assert_int_equal(r->nb_decoded[0], FRAMES);
    assert_near(r->first_us[0], where_us, slack_us);
    assert_near(r->event_us[0], where_us + EVENT_S * 1000000, slack_us);
    for (int i = 1; i < nb_tracks; i++) {
        assert_near(r->first_us[i], where_us, slack_us);
        assert_near(r->event_us[i], where_us + EVENT_S * 1000000, slack_us + 1000);
    }
}

/* ---- files ---- */

static void test_mp4(void **state)
{
    (void)state;
    struct found r;
    size_t size, again_size;
    make_file(in_dir("a.mp4"), TRTC_CONTAINER_MP4, 3);
    probe(path, &r);
    check_media(&r, 3, 0, 100);
    assert_near(r.c->duration, LEN_S * 1000000, 1000);
    assert_int_equal(r.nb_packets[1], media.nb_audio);
    assert_tag(r.c->metadata, "creation_time", "2026-01-20T11:30:22.000000Z");
    assert_tag(r.c->streams[0]->metadata, "handler_name", "video");
    assert_tag(r.c->streams[1]->metadata, "handler_name", "anna");
    assert_tag(r.c->streams[2]->metadata, "handler_name", "b\xc3\xb6");
    avformat_close_input(&r.c);

    uint8_t *p = read_all(path, &size);
    assert_memory_equal(p + 4, "ftyp", 4);
    assert_memory_equal(p + p[3] + 4, "moov", 4);
    unlink(path);
    /* whatever the threads did: the same bytes */
    make_file(path, TRTC_CONTAINER_MP4, 3);
    uint8_t *again = read_all(path, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(p, again, size);
    unlink(path);
    free(p);
    free(again);
}

static void test_mkv(void **state)
{
    (void)state;
    struct found r;
    size_t size, again_size;
    make_file(in_dir("a.mkv"), TRTC_CONTAINER_MKV, 3);
    probe(path, &r);
    check_media(&r, 3, 0, 1100); /* times are in ms there */
    assert_near(r.c->duration, LEN_S * 1000000, 30000);
    assert_string_equal(r.c->iformat->name, "matroska,webm");
    assert_int_equal(r.nb_packets[1], media.nb_audio - 1);
    assert_int_equal(r.c->streams[0]->codecpar->extradata[0], 1);
    assert_int_equal(r.c->streams[0]->disposition & AV_DISPOSITION_DEFAULT, AV_DISPOSITION_DEFAULT);
    assert_tag(r.c->metadata, "creation_time", "2026-01-20T11:30:22.495000Z");
    assert_tag(r.c->streams[1]->metadata, "title", "anna");
    assert_tag(r.c->streams[2]->metadata, "title", "b\xc3\xb6");
    avformat_close_input(&r.c);

    uint8_t *p = read_all(path, &size);
    unlink(path);
    make_file(path, TRTC_CONTAINER_MKV, 3);
    uint8_t *again = read_all(path, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(p, again, size);
    unlink(path);
    free(p);
    free(again);
}

static void test_ts(void **state)
{
    (void)state;
    struct found r;
    make_file(in_dir("a.ts"), TRTC_CONTAINER_TS, 2);
    probe(path, &r);
    check_media(&r, 2, 1400000, 100);
    assert_string_equal(r.c->iformat->name, "mpegts");
    assert_int_equal(r.nb_packets[1], media.nb_audio - 1);
    avformat_close_input(&r.c);
    unlink(path);
}

/* Frames that the project's own reader finds. */
static void read_input(int nb[2], int64_t first_us[2])
{
    struct trtc_err err = { 0 };
    struct trtc_input_frame f;
    struct trtc_input *in = trtc_input_open(path, NULL, NULL, &err);
    int ret;
    if (!in)
        fail_msg("%s", err.msg);
    assert_int_equal(trtc_input_info(in)->video, TRTC_CODEC_H264);
    assert_int_equal(trtc_input_info(in)->width_px, W);
    assert_int_equal(trtc_input_info(in)->rate_hz, RATE);
    nb[0] = nb[1] = 0;
    while ((ret = trtc_input_next(in, &f, &err)) > 0) {
        const int k = !f.video;
        assert_false(f.damaged || f.breaks);
        if (nb[k]++ == 0) {
            first_us[k] = f.pkt.pts_us;
            assert_true(f.pkt.key || !f.video);
        }
    }
    assert_int_equal(ret, 0);
    struct trtc_input_losses l;
    trtc_input_losses(in, &l);
    assert_int_equal(l.nb_lost_packets + l.nb_bad_bytes, 0);
    trtc_input_free(&in);
}

static void test_ts_joined(void **state)
{
    (void)state;
    int nb[2];
    int64_t first_us[2];
    make_file(in_dir("a.ts"), TRTC_CONTAINER_TS, 2);
    read_input(nb, first_us);
    assert_int_equal(nb[0], FRAMES);
    assert_int_equal(nb[1], media.nb_audio - 1);
    assert_near(first_us[0], 1400000, 20);
    assert_near(first_us[1], 1400000, 20);

    /* from the second table on, which is at the second key frame */
    size_t size, at;
    uint8_t *p = read_all(path, &size);
    for (at = 188; at < size && ((p[at + 1] & 0x1f) || p[at + 2]); at += 188)
        ;
    assert_true(at < size);
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(p + at, 1, size - at, f), size - at);
    fclose(f);
    free(p);
    read_input(nb, first_us);
    assert_int_equal(nb[0], FRAMES - FPS);
    assert_near(first_us[0], 2400000, 20);
    unlink(path);
}

static void test_sound_only(void **state)
{
    (void)state;
    char name[301] = "";
    for (int i = 0; i < 300; i++)
        name[i] = i & 1 ? '\xb6' : '\xc3';
    const struct trtc_writer_track t = sound_track(name);
    struct trtc_err err = { 0 };
    for (int c = TRTC_CONTAINER_MP4; c <= (int)TRTC_CONTAINER_MKV; c++) {
        const struct trtc_writer_opts o = { .path = in_dir("s"),
                                            .container = (enum trtc_container)c,
                                            .tracks = &t,
                                            .nb_tracks = 1,
                                            .creation_ms = TRTC_NOTIME };
        struct trtc_writer *w = trtc_writer_new(&o, &err);
        struct found r;
        assert_non_null(w);
        for (int i = 0; i < media.nb_audio; i++)
            assert_int_equal(trtc_writer_write(w, 0, &media.audio[i].p, &err), 0);
        assert_int_equal(trtc_writer_end_track(w, 0, LEN_S * 1000000, &err), 0);
        assert_int_equal(trtc_writer_finish(w, NULL, &err), 0);
        trtc_writer_free(&w);
        probe(path, &r);
        assert_int_equal(r.c->nb_streams, 1);
        assert_near(r.event_us[0], EVENT_S * 1000000 + (c == TRTC_CONTAINER_TS ? 1400000 : 0),
                    2000);
        if (c == TRTC_CONTAINER_MP4) {
            name[254] = '\0'; /* cut, but not within a character */
            assert_tag(r.c->streams[0]->metadata, "handler_name", name);
        }
        assert_null(av_dict_get(r.c->metadata, "creation_time", NULL, 0));
        avformat_close_input(&r.c);
        unlink(path);
    }
}

/* ---- pipes ---- */

static int saved_stdout = -1;

static void redirect(int fd)
{
    fflush(stdout);
    saved_stdout = dup(STDOUT_FILENO);
    assert_true(saved_stdout >= 0 && dup2(fd, STDOUT_FILENO) >= 0);
    close(fd);
}

static void restore(void)
{
    dup2(saved_stdout, STDOUT_FILENO);
    close(saved_stdout);
}

/* What a failing writer says to one who writes video and sound, and to the next call; left: it
 * is the reader that has gone. */
static int run_to_failure(bool flush, bool left, struct trtc_err *err)
{
    struct trtc_err again = { 0 };
    struct trtc_writer *w = open_at("-", TRTC_CONTAINER_TS, 2, flush, err);
    int ret = 0;
    if (!w)
        return -2;
    for (int i = 0, k = 0; i < media.nb_audio && ret == 0; i++) {
        ret = trtc_writer_write(w, 1, &media.audio[i].p, err);
        while (ret == 0 && k < FRAMES && media.video[k].p.dts_us <= media.audio[i].p.dts_us)
            ret = trtc_writer_write(w, 0, &media.video[k++].p, err);
    }
    if (ret == 0)
        ret = trtc_writer_end_track(w, 0, LEN_S * 1000000, err);
    if (ret == 0)
        ret = trtc_writer_end_track(w, 1, LEN_S * 1000000, err);
    if (ret == 0)
        ret = trtc_writer_finish(w, NULL, err);
    if (ret == 0 || trtc_writer_write(w, 0, &media.video[0].p, &again) == 0 ||
        trtc_writer_finish(w, NULL, &again) == 0 || again.code != err->code ||
        strcmp(again.msg, err->msg) != 0 || trtc_writer_reader_left(w) != left)
        ret = -3;
    trtc_writer_free(&w);
    return ret;
}

static void test_pipe_closed(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    int fd[2];
    for (int flush = 0; flush < 2; flush++) {
        assert_int_equal(pipe(fd), 0);
        close(fd[0]);
        redirect(fd[1]);
        const int ret = run_to_failure(flush, true, &err);
        restore();
        assert_int_equal(ret, -1);
        assert_int_equal(err.code, TRTC_EX_IOERR);
    }
}

static void test_disk_full(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    const int fd = open("/dev/full", O_WRONLY);
    assert_true(fd >= 0);
    redirect(fd);
    const int ret = run_to_failure(false, false, &err);
    restore();
    assert_int_equal(ret, -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_non_null(strstr(err.msg, "standard output: No space left"));
}

/* A file that may not grow: the failure comes through libavformat, too. */
static void test_file_full(void **state)
{
    (void)state;
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (int c = TRTC_CONTAINER_MP4; c <= (int)TRTC_CONTAINER_MKV; c++) {
        struct trtc_err err = { 0 };
        struct job j[2];
        pthread_t t[2];
        struct trtc_writer *w = open_ok(in_dir("full"), (enum trtc_container)c, 2);
        memset(j, 0, sizeof j);
        small = (struct rlimit){ .rlim_cur = 8192, .rlim_max = old.rlim_max };
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        for (int i = 0; i < 2; i++) {
            j[i].w = w;
            j[i].track = i;
            pthread_create(&t[i], NULL, work, &j[i]);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(t[i], NULL);
        const int ret = trtc_writer_finish(w, NULL, &err);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_int_equal(ret, -1);
        assert_int_equal(err.code, TRTC_EX_IOERR);
        assert_non_null(strstr(err.msg, "File too large"));
        trtc_writer_free(&w);
        assert_int_not_equal(access(path, F_OK), 0);
    }
}

/* With flush, what has been written can be read at once. */
static void test_flush(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    int fd[2], got[2];
    for (int flush = 0; flush < 2; flush++) {
        assert_int_equal(pipe(fd), 0);
        redirect(fd[1]);
        struct trtc_writer *w = open_at("-", TRTC_CONTAINER_TS, 2, flush, &err);
        if (w)
            for (int i = 0; i < 3; i++) {
                trtc_writer_write(w, 1, &media.audio[i].p, &err);
                trtc_writer_write(w, 0, &media.video[i].p, &err);
            }
        struct pollfd p = { .fd = fd[0], .events = POLLIN };
        got[flush] = poll(&p, 1, 0);
        trtc_writer_free(&w);
        restore();
        close(fd[0]);
    }
    assert_int_equal(got[0], 0);
    assert_int_equal(got[1], 1);
}

/* ---- waiting ---- */

static void sleep_ms(long ms)
{
    const struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };
    nanosleep(&ts, NULL);
}

/* A track that runs away stands still until the other one has come after it. */
static void test_lead_is_bounded(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    struct job j[2];
    pthread_t t[2];
    struct trtc_writer *w = open_ok(in_dir("a.mp4"), TRTC_CONTAINER_MP4, 2);
    memset(j, 0, sizeof j);
    for (int i = 0; i < 2; i++) {
        j[i].w = w;
        j[i].track = i;
        j[i].until_us = 12000000;
    }
    assert_int_equal(pthread_create(&t[0], NULL, work, &j[0]), 0);
    for (int i = 0; i < 200 && atomic_load(&j[0].at_us) < 3500000; i++)
        sleep_ms(5);
    sleep_ms(30);
    assert_int_in_range(atomic_load(&j[0].at_us), 3500000, 4000000);
    assert_int_equal(pthread_create(&t[1], NULL, work, &j[1]), 0);
    pthread_join(t[0], NULL);
    pthread_join(t[1], NULL);
    assert_int_equal(j[0].ret, 0);
    assert_int_equal(j[1].ret, 0);
    assert_int_equal(trtc_writer_finish(w, NULL, &err), 0);
    trtc_writer_free(&w);
    unlink(path);
}

static void test_ended_track_holds_up_nobody(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    struct job j;
    struct trtc_writer *w = open_ok(in_dir("a.mkv"), TRTC_CONTAINER_MKV, 3);
    memset(&j, 0, sizeof j);
    j.w = w;
    j.until_us = 9000000;
    assert_int_equal(trtc_writer_end_track(w, 1, 0, &err), 0);
    assert_int_equal(trtc_writer_write(w, 2, &media.audio[0].p, &err), 0);
    assert_int_equal(trtc_writer_end_track(w, 2, 1000, &err), 0);
    work(&j);
    assert_int_equal(j.ret, 0);
    assert_int_equal(trtc_writer_finish(w, NULL, &err), 0);
    trtc_writer_free(&w);
    unlink(path);
}

static void test_cancel(void **state)
{
    (void)state;
    const struct trtc_err why = { .code = TRTC_EX_NOPERM, .msg = "because" };
    struct trtc_err err = { 0 };
    struct job j;
    pthread_t t;
    struct trtc_writer *w = open_ok(in_dir("a.mp4"), TRTC_CONTAINER_MP4, 2);
    memset(&j, 0, sizeof j);
    j.w = w;
    j.until_us = 12000000;
    assert_int_equal(pthread_create(&t, NULL, work, &j), 0);
    for (int i = 0; i < 200 && atomic_load(&j.at_us) < 3500000; i++)
        sleep_ms(5);
    sleep_ms(10);
    trtc_writer_cancel(w, &why);
    pthread_join(t, NULL);
    assert_int_equal(j.ret, -1);
    assert_int_equal(j.err.code, TRTC_EX_NOPERM);
    assert_string_equal(j.err.msg, "because");
    assert_int_equal(trtc_writer_end_track(w, 1, 0, &err), -1);
    assert_int_equal(trtc_writer_finish(w, NULL, &err), -1);
    assert_string_equal(err.msg, "because");
    trtc_writer_free(&w);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Nobody reads the pipe: a thread is in the middle of writing when the output is cancelled, or, if how
 * is NULL, when it should stop. Every call then fails for that reason. */
static void check_unread(const struct trtc_err *how, const char *why)
{
    struct trtc_err err = { 0 };
    struct job j[2];
    pthread_t t[2];
    int fd[2], ret = -1;
    memset(j, 0, sizeof j);
    stop = 0;
    assert_int_equal(pipe(fd), 0);
    redirect(fd[1]);
    struct trtc_writer *w = open_at("-", TRTC_CONTAINER_TS, 2, true, &err);
    for (int i = 0; w && i < 2; i++) {
        j[i].w = w;
        j[i].track = i;
        j[i].until_us = INT64_C(3600000000);
        ret = pthread_create(&t[i], NULL, work, &j[i]);
    }
    int64_t before, at = -1;
    do {
        before = at;
        sleep_ms(20);
        at = atomic_load(&j[0].at_us);
    } while (w && (at != before || at <= 0));
    if (w) {
        if (how)
            trtc_writer_cancel(w, how);
        else
            stop = 1;
        pthread_join(t[0], NULL);
        pthread_join(t[1], NULL);
    }
    trtc_writer_free(&w);
    restore();
    close(fd[0]);
    assert_int_equal(ret, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(j[i].ret, -1);
        assert_string_equal(j[i].err.msg, why);
    }
}

static void test_cancel_while_writing(void **state)
{
    (void)state;
    check_unread(&(struct trtc_err){ .code = TRTC_EX_NOPERM, .msg = "because" }, "because");
}

static void test_stop_while_writing(void **state)
{
    (void)state;
    check_unread(NULL, "standard output: Resource temporarily unavailable");
}

/* ---- refusals ---- */

static void test_nothing_is_left(void **state)
{
    (void)state;
    for (int c = TRTC_CONTAINER_MP4; c <= (int)TRTC_CONTAINER_MKV; c++) {
        struct trtc_err err = { 0 };
        struct trtc_writer *w = open_ok(in_dir("a"), (enum trtc_container)c, 2);
        write_tracks(w, 2);
        trtc_writer_free(&w);
        w = open_ok(path, (enum trtc_container)c, 2);
        assert_int_equal(trtc_writer_end_track(w, 0, 0, &err), 0);
        assert_int_equal(trtc_writer_end_track(w, 1, 0, &err), 0);
        assert_int_equal(trtc_writer_finish(w, NULL, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        trtc_writer_free(&w);
        assert_int_equal(rmdir(dir), 0);
        assert_int_equal(mkdir(dir, 0777), 0);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    assert_null(open_at("-", TRTC_CONTAINER_MP4, 2, false, &err));
    assert_int_equal(err.code, TRTC_EX_USAGE);
    assert_null(open_at("-", TRTC_CONTAINER_TS, 3, false, &err));
    assert_int_equal(err.code, TRTC_EX_USAGE);
    assert_null(open_at("/nowhere/a.mp4", TRTC_CONTAINER_MP4, 2, false, &err));
    assert_int_equal(err.code, TRTC_EX_CANTCREAT);
    struct trtc_writer *none = NULL;
    trtc_writer_free(&none);

    for (int what = 0; what < 4; what++) {
        struct trtc_writer *w = open_ok(in_dir("a.mp4"), TRTC_CONTAINER_MP4, 2);
        assert_int_equal(trtc_writer_write(w, 0, &media.video[0].p, &err), 0);
        if (what == 0)
            assert_int_equal(trtc_writer_write(w, 0, &media.video[0].p, &err), -1);
        else if (what == 1)
            assert_int_equal(trtc_writer_write(w, 2, &media.video[1].p, &err), -1);
        else if (what == 2)
            assert_int_equal(trtc_writer_finish(w, NULL, &err), -1);
        else
            assert_int_equal(trtc_writer_end_track(w, 0, 0, &err) |
                                 trtc_writer_write(w, 0, &media.video[1].p, &err),
                             -1);
        assert_int_equal(err.code, TRTC_EX_SOFTWARE);
        assert_int_equal(trtc_writer_write(w, 1, &media.audio[0].p, &err), -1);
        trtc_writer_free(&w);
    }
}

int main(void)
{
    av_log_set_level(AV_LOG_QUIET);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mp4),
        cmocka_unit_test(test_mkv),
        cmocka_unit_test(test_ts),
        cmocka_unit_test(test_ts_joined),
        cmocka_unit_test(test_sound_only),
        cmocka_unit_test(test_pipe_closed),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_file_full),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_lead_is_bounded),
        cmocka_unit_test(test_ended_track_holds_up_nobody),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_while_writing),
        cmocka_unit_test(test_stop_while_writing),
        cmocka_unit_test(test_nothing_is_left),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
