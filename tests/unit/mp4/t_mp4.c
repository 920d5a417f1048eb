/* SPDX-License-Identifier: MIT */
/* mp4/mp4: what is written comes back from libavformat sample by sample, and FFmpeg decodes it
 * without a word. */
#define _DEFAULT_SOURCE /* mkdtemp */

#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>

#include "base/file.h"
#include "base/utc.h"
#include "mp4/mp4.h"
#include "mp4/mp4_priv.h"
#include "unit/range.h"
#include "unit/scratch.h"

enum { SAMPLES_MAX = 400, TRACKS = 40 };

/* One sample as it is written and is expected back. */
struct sample {
    uint8_t *data;
    size_t size;
    int64_t dts, pts;
    bool key;
    int entry;
};

/* A track to be written: the encoded stream and its description. */
struct stream {
    struct trtc_mp4_track track;
    uint8_t *sets; /* what track.annexb or track.asc points to */
    struct sample v[SAMPLES_MAX];
    int nb;
    int64_t end; /* for trtc_mp4_end_track; TRTC_NOTIME: not called */
};

/* libx265 keeps some of its memory for good. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libx265";
}

static int enter(void **state)
{
    (void)state;
    av_log_set_level(AV_LOG_ERROR);
    return scratch_enter("t_mp4");
}

/* --- making streams --- */

static bool is_set(enum trtc_codec codec, const uint8_t *nal)
{
    int type = codec == TRTC_CODEC_H264 ? nal[0] & 0x1f : nal[0] >> 1 & 0x3f;

    return codec == TRTC_CODEC_H264 ? type >= 7 && type <= 9 : type >= 32 && type <= 35;
}

static size_t next_start_code(const uint8_t *p, size_t n, size_t i)
{
    while (i + 3 <= n && !(p[i] == 0 && p[i + 1] == 0 && p[i + 2] == 1))
        i++;
    return i + 3 <= n ? i : n;
}

/* Annex B to lengths; parameter sets are left out. */
static void to_lengths(const struct stream *s, const uint8_t *p, size_t n, struct sample *out)
{
    size_t i = next_start_code(p, n, 0);

    out->data = malloc(2 * n + 16);
    out->size = 0;
    while (i < n) {
        size_t from = i + 3, to;

        i = next_start_code(p, n, from);
        for (to = i; to > from && p[to - 1] == 0; to--)
            ;
        if (to == from || is_set(s->track.codec, p + from))
            continue;
        trtc_mp4_be(out->data + out->size, to - from, 4);
        memcpy(out->data + out->size + 4, p + from, to - from);
        out->size += 4 + to - from;
    }
}

static void drain(AVCodecContext *c, AVPacket *pkt, struct stream *s)
{
    while (!avcodec_receive_packet(c, pkt)) {
        struct sample *o = &s->v[s->nb++];

        assert_true(s->nb <= SAMPLES_MAX);
        if (s->track.codec == TRTC_CODEC_AAC) {
            o->data = malloc((size_t)pkt->size);
            memcpy(o->data, pkt->data, (size_t)pkt->size);
            o->size = (size_t)pkt->size;
        } else {
            to_lengths(s, pkt->data, (size_t)pkt->size, o);
        }
        o->pts = pkt->pts;
        o->dts = pkt->dts;
        o->key = pkt->flags & AV_PKT_FLAG_KEY;
        av_packet_unref(pkt);
    }
}

static void fill_frame(AVFrame *f, int i)
{
    if (f->height == 0) {
        float *p = (float *)(void *)f->data[0];

        for (int k = 0; k < f->nb_samples; k++)
            p[k] = (float)((i * 37 + k * (i % 7 + 1)) % 100) / 200 - 0.25f;
        return;
    }
    for (int y = 0; y < f->height; y++)
        for (int x = 0; x < f->width; x++)
            f->data[0][y * f->linesize[0] + x] = (uint8_t)(x * 3 + y * 5 + i * 7);
    for (int pl = 1; pl < 3; pl++)
        for (int y = 0; y < f->height / 2; y++)
            memset(f->data[pl] + y * f->linesize[pl], 100 + i % 50, (size_t)f->width / 2);
}

/* Encodes nb frames through c, the i-th at i * ticks. */
static void encode(AVCodecContext *c, struct stream *s, int nb, int64_t ticks)
{
    AVFrame *f = av_frame_alloc();
    AVPacket *pkt = av_packet_alloc();

    f->format = c->codec_type == AVMEDIA_TYPE_VIDEO ? (int)c->pix_fmt : (int)c->sample_fmt;
    f->width = c->width;
    f->height = c->height;
    f->nb_samples = c->frame_size;
    f->sample_rate = c->sample_rate;
    if (c->codec_type == AVMEDIA_TYPE_AUDIO)
        av_channel_layout_default(&f->ch_layout, 1);
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    for (int i = 0; i < nb; i++) {
        assert_int_equal(av_frame_make_writable(f), 0);
        fill_frame(f, i);
        f->pts = i * ticks;
        assert_int_equal(avcodec_send_frame(c, f), 0);
        drain(c, pkt, s);
    }
    avcodec_send_frame(c, NULL);
    drain(c, pkt, s);
    s->sets = malloc((size_t)c->extradata_size + 1);
    if (c->extradata_size > 0)
        memcpy(s->sets, c->extradata, (size_t)c->extradata_size);
    av_frame_free(&f);
    av_packet_free(&pkt);
}

/* nb pictures at 25 a second in ticks of 90 kHz, a key frame every ten. NULL: no such encoder. */
static struct stream *make_video(enum trtc_codec codec, int w, int h, int nb, int b_frames)
{
    bool h264 = codec == TRTC_CODEC_H264;
    const AVCodec *enc = avcodec_find_encoder_by_name(h264 ? "libx264" : "libx265");
    AVCodecContext *c = enc ? avcodec_alloc_context3(enc) : NULL;
    struct stream *s;

    if (!c)
        return NULL;
    s = calloc(1, sizeof(*s));
    c->width = w;
    c->height = h;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){ 1, 90000 };
    c->framerate = (AVRational){ 25, 1 };
    c->gop_size = 10;
    c->max_b_frames = b_frames;
    c->thread_count = 1;
    c->flags |= AV_CODEC_FLAG_BITEXACT;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    /* the slower one makes the High profile of H.264 */
    av_opt_set(c->priv_data, "preset", h264 && b_frames ? "veryfast" : "ultrafast", 0);
    if (h264) {
        av_opt_set(c->priv_data, "x264-params", "b-adapt=0:scenecut=0", 0);
    } else {
        char params[128];

        snprintf(params, sizeof(params),
                 "log-level=none:pools=none:frame-threads=1:scenecut=0:bframes=%d", b_frames);
        av_opt_set(c->priv_data, "x265-params", params, 0);
    }
    assert_int_equal(avcodec_open2(c, enc, NULL), 0);
    s->track = (struct trtc_mp4_track){
        .codec = codec, .timescale = 90000, .width_px = w, .height_px = h
    };
    s->end = TRTC_NOTIME;
    encode(c, s, nb, 3600);
    s->track.annexb = s->sets;
    s->track.annexb_size = (size_t)c->extradata_size;
    avcodec_free_context(&c);
    return s;
}

/* nb frames of one voice. The encoder's delay is cut off: the first pts is 0. */
static struct stream *make_sound(int rate, int nb)
{
    const AVCodec *enc = avcodec_find_encoder(AV_CODEC_ID_AAC);
    AVCodecContext *c = avcodec_alloc_context3(enc);
    struct stream *s = calloc(1, sizeof(*s));
    int64_t first;

    c->sample_rate = rate;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->time_base = (AVRational){ 1, rate };
    c->bit_rate = 48000;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_BITEXACT;
    av_channel_layout_default(&c->ch_layout, 1);
    assert_int_equal(avcodec_open2(c, enc, NULL), 0);
    s->track = (struct trtc_mp4_track){
        .codec = TRTC_CODEC_AAC, .timescale = (uint32_t)rate, .rate_hz = rate, .channels = 1
    };
    s->end = TRTC_NOTIME;
    encode(c, s, nb, 1024);
    s->track.asc = s->sets;
    s->track.asc_size = (size_t)c->extradata_size;
    avcodec_free_context(&c);
    first = s->v[0].pts;
    for (int i = 0; i < s->nb; i++) {
        s->v[i].pts -= first;
        s->v[i].dts = s->v[i].pts;
        s->v[i].key = true;
    }
    return s;
}

static void shift_stream(struct stream *s, int64_t ticks)
{
    for (int i = 0; i < s->nb; i++) {
        s->v[i].pts += ticks;
        s->v[i].dts += ticks;
    }
}

static void drop_samples(struct stream *s)
{
    for (int i = 0; i < s->nb; i++)
        free(s->v[i].data);
    s->nb = 0;
}

static void free_stream(struct stream *s)
{
    if (!s)
        return;
    drop_samples(s);
    free(s->sets);
    free(s);
}

/* --- writing --- */

static int open_new(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    assert_true(fd >= 0);
    return fd;
}

static int64_t file_size(const char *path)
{
    struct stat st;

    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* The stream whose next sample comes first; -1: none is left. */
static int next_stream(struct stream *const *s, int nb, const int *at)
{
    int best = -1;
    double best_s = 0;

    for (int i = 0; i < nb; i++) {
        double t;

        if (at[i] == s[i]->nb)
            continue;
        t = (double)s[i]->v[at[i]].dts / s[i]->track.timescale;
        if (best < 0 || t < best_s) {
            best = i;
            best_s = t;
        }
    }
    return best;
}

static void write_file(const char *path, const struct trtc_mp4_info *info, struct stream *const *s,
                       int nb)
{
    struct trtc_err err = { 0 };
    int fd = open_new(path);
    struct trtc_mp4 *m = trtc_mp4_new(fd, path, info, &err);
    int at[TRACKS] = { 0 };
    int64_t bound;
    int i;

    assert_non_null(m);
    for (i = 0; i < nb; i++)
        if (trtc_mp4_add_track(m, &s[i]->track, &err) != i)
            fail_msg("track %d: %s", i, err.msg);
    while ((i = next_stream(s, nb, at)) >= 0) {
        const struct sample *v = &s[i]->v[at[i]++];

        const struct trtc_sample out = { .data = v->data,
                                         .size = v->size,
                                         .dts = v->dts,
                                         .pts = v->pts,
                                         .key = v->key,
                                         .entry = v->entry };

        if (trtc_mp4_write(m, i, &out, &err))
            fail_msg("write: %s", err.msg);
    }
    for (i = 0; i < nb; i++)
        if (s[i]->end != TRTC_NOTIME)
            trtc_mp4_end_track(m, i, s[i]->end);
    bound = trtc_mp4_size(m);
    if (trtc_mp4_finish(m, &err))
        fail_msg("finish: %s", err.msg);
    assert_true(file_size(path) <= bound);
    assert_true(bound <= file_size(path) + 8192 + nb * 512);
    assert_true(file_size(path) <= trtc_mp4_size(m));
    trtc_mp4_free(&m);
    assert_null(m);
    close(fd);
}

/* --- reading back --- */

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Everything that a command prints must be nothing. */
__attribute__((format(printf, 1, 2))) static void assert_silent(const char *fmt, ...)
{
    char cmd[256], line[512] = "";
    va_list ap;
    FILE *p;

    va_start(ap, fmt);
    vsnprintf(cmd, sizeof(cmd), fmt, ap);
    va_end(ap);
    p = popen(cmd, "r");
    assert_non_null(p);
    if (fgets(line, sizeof(line), p))
        fail_msg("%s: %s", cmd, line);
    assert_int_equal(pclose(p), 0);
}

static void assert_plays(const char *path)
{
    assert_silent("ffmpeg -nostdin -v warning -xerror -i %s -map 0 -f null - 2>&1", path);
}

static AVFormatContext *open_back(const char *path)
{
    AVFormatContext *f = NULL;

    assert_int_equal(avformat_open_input(&f, path, NULL, NULL), 0);
    assert_true(avformat_find_stream_info(f, NULL) >= 0);
    return f;
}

/* Finds the nth box (from 0) of a path of types ("moov/trak/mdia") in the file; its content goes
 * to buf. Returns the content's size, -1 where there is none. */
static int64_t find_box(const char *path, const char *types, int nth, uint8_t *buf, size_t size)
{
    FILE *f = fopen(path, "rb");
    int64_t at = 0, end = file_size(path), found = -1;
    uint8_t h[16];

    assert_non_null(f);
    while (at + 8 <= end) {
        int64_t n;
        int head = 8;

        assert_int_equal(fseeko(f, at, SEEK_SET), 0);
        assert_true(fread(h, 1, 16, f) >= 8);
        n = (int64_t)h[0] << 24 | h[1] << 16 | h[2] << 8 | h[3];
        if (n == 1) {
            head = 16;
            n = 0;
            for (int i = 8; i < 16; i++)
                n = n << 8 | h[i];
        }
        assert_true(n >= head && at + n <= end);
        if (memcmp(h + 4, types, 4) || (types[4] == '\0' && nth-- > 0) ||
            (types[4] && !strncmp(types, "trak", 4) && nth-- > 0)) {
            at += n;
            continue;
        }
        if (types[4] == '\0') {
            found = n - head;
            assert_int_equal(fseeko(f, at + head, SEEK_SET), 0);
            n = found < (int64_t)size ? found : (int64_t)size;
            if (buf)
                assert_int_equal(fread(buf, 1, (size_t)n, f), n);
            break;
        }
        end = at + n;
        at += head;
        if (!strncmp(types, "stsd", 4))
            at += 8;
        types += 5;
        if (nth < 0)
            nth = 0;
    }
    fclose(f);
    return found;
}

static bool has_box(const char *path, const char *types, int nth)
{
    return find_box(path, types, nth, NULL, 0) >= 0;
}

static uint64_t be(const uint8_t *p, int n)
{
    uint64_t v = 0;

    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

/* The duration in the nth mvhd, tkhd or mdhd, and (but in tkhd) its timescale. */
static uint64_t duration_in(const char *path, const char *types, int nth, uint64_t *scale)
{
    uint8_t b[40];

    assert_true(find_box(path, types, nth, b, sizeof(b)) > 20);
    const int wide = b[0] ? 8 : 4;
    const uint8_t *p = b + 4 + 2 * wide;
    if (scale)
        *scale = be(p, 4);
    return be(p + (scale ? 4 : 8), wide);
}

/* Sum of the durations of all samples. */
static uint64_t sum_of_steps(const char *path, int nth)
{
    static uint8_t b[64 * 1024];
    const int64_t n = find_box(path, "moov/trak/mdia/minf/stbl/stts", nth, b, sizeof(b));
    uint64_t sum = 0;

    assert_int_in_range(n, 8, sizeof(b));
    for (const uint8_t *p = b + 8; p < b + n; p += 8)
        sum += be(p, 4) * be(p + 4, 4);
    return sum;
}

/* All that a file says of the length of its nth track is one and the same. */
static void assert_lengths(const char *path, int nth)
{
    uint64_t movie, scale, shown = 0, last = 0, from = 0;
    const uint64_t whole = duration_in(path, "moov/mvhd", 0, &movie);
    const uint64_t track = duration_in(path, "moov/trak/tkhd", nth, NULL);
    const uint64_t media = duration_in(path, "moov/trak/mdia/mdhd", nth, &scale);
    uint8_t b[64];
    const int64_t n = find_box(path, "moov/trak/edts/elst", nth, b, sizeof(b));
    const int wide = n > 0 && b[0] ? 8 : 4;

    assert_int_equal(sum_of_steps(path, nth), media);
    assert_true(track <= whole);
    for (const uint8_t *p = b + 8; n > 0 && p < b + n; p += 2 * wide + 4) {
        shown += last = be(p, wide);
        from = be(p + wide, wide);
    }
    if (n < 0)
        last = shown = track;
    assert_int_equal(shown, track);
    /* the edit ends where the media ends, to a tick of the movie */
    assert_int_in_range(from + (last * scale + movie / 2) / movie, media ? media - 1 : 0,
                        media + 1);
}

/* Every sample is there, in order, with its bytes and times. */
static void assert_same(const char *path, struct stream *const *s, int nb)
{
    AVFormatContext *f = open_back(path);
    AVPacket *pkt = av_packet_alloc();
    int at[TRACKS] = { 0 };

    assert_int_equal(f->nb_streams, nb);
    while (!av_read_frame(f, pkt)) {
        int i = pkt->stream_index;
        const struct sample *v = &s[i]->v[at[i]++];

        assert_true(at[i] <= s[i]->nb);
        if (pkt->pts != v->pts || pkt->dts != v->dts)
            fail_msg("%s: stream %d sample %d: pts %" PRId64 " dts %" PRId64 ", not %" PRId64
                     " %" PRId64,
                     path, i, at[i] - 1, pkt->pts, pkt->dts, v->pts, v->dts);
        assert_int_equal(pkt->size, v->size);
        assert_memory_equal(pkt->data, v->data, v->size);
        assert_int_equal(!!(pkt->flags & AV_PKT_FLAG_KEY), v->key);
        assert_int_equal(!!(pkt->flags & AV_PKT_FLAG_DISCARD), v->pts < 0);
        av_packet_unref(pkt);
    }
    for (int i = 0; i < nb; i++) {
        assert_int_equal(at[i], s[i]->nb);
        assert_int_equal(f->streams[i]->time_base.den, s[i]->track.timescale);
        assert_lengths(path, i);
    }
    av_packet_free(&pkt);
    avformat_close_input(&f);
}

static void must_finish(struct trtc_mp4 **m)
{
    struct trtc_err err = { 0 };

    if (trtc_mp4_finish(*m, &err))
        fail_msg("finish: %s", err.msg);
    trtc_mp4_free(m);
}

/* Types of the top-level boxes, joined. */
static void top_level(const char *path, char out[64])
{
    FILE *f = fopen(path, "rb");
    int64_t at = 0;
    uint8_t h[16];
    size_t n = 0;

    assert_non_null(f);
    while (fseeko(f, at, SEEK_SET) == 0 && fread(h, 1, 16, f) >= 8 && n < 60) {
        memcpy(out + n, h + 4, 4);
        n += 4;
        if (be32(h) == 1)
            at += (int64_t)((uint64_t)be32(h + 8) << 32 | be32(h + 12));
        else
            at += be32(h);
    }
    out[n] = '\0';
    assert_int_equal(at, file_size(path));
    fclose(f);
}

static const struct trtc_mp4_info plain = { .creation_ms = TRTC_NOTIME, .reserve_bytes = 16384 };

/* --- cases --- */

static void test_video_and_sound(void **state)
{
    const struct trtc_mp4_info info = {
        .creation_ms = INT64_C(1768908622495),
        .title = "Besprechung \xc3\xbc",
        .comment = "two\nlines",
        .reserve_bytes = 16384,
    };
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 96, 64, 50, 0), make_sound(48000, 94) };
    AVFormatContext *f;
    uint8_t buf[64];
    char boxes[64];

    (void)state;
    write_file("av.mp4", &info, s, 2);
    top_level("av.mp4", boxes);
    assert_string_equal(boxes, "ftypmoovfreemdat");
    assert_same("av.mp4", s, 2);
    assert_plays("av.mp4");
    assert_false(has_box("av.mp4", "moov/trak/edts", 0)); /* nothing to edit */
    assert_false(has_box("av.mp4", "moov/trak/mdia/minf/stbl/ctts", 0));
    assert_true(has_box("av.mp4", "moov/trak/mdia/minf/stbl/stss", 0));
    assert_true(find_box("av.mp4", "ftyp", 0, buf, sizeof(buf)) == 24);
    assert_memory_equal(buf, "isom\0\0\2\0isomiso2avc1mp41", 24);

    f = open_back("av.mp4");
    assert_string_equal(av_dict_get(f->metadata, "title", NULL, 0)->value, info.title);
    assert_string_equal(av_dict_get(f->metadata, "comment", NULL, 0)->value, info.comment);
    assert_string_equal(av_dict_get(f->metadata, "creation_time", NULL, 0)->value,
                        "2026-01-20T11:30:22.000000Z");
    assert_int_equal(f->streams[0]->duration, 50 * 3600);
    assert_int_equal(f->streams[1]->duration, (int64_t)s[1]->nb * 1024);
    assert_int_equal(f->streams[0]->codecpar->width, 96);
    assert_int_equal(f->streams[0]->codecpar->height, 64);
    assert_int_equal(f->streams[0]->codecpar->codec_tag, MKTAG('a', 'v', 'c', '1'));
    assert_int_equal(f->streams[1]->codecpar->sample_rate, 48000);
    assert_int_equal(f->streams[1]->codecpar->ch_layout.nb_channels, 1);
    assert_int_equal(f->streams[1]->codecpar->extradata_size, s[1]->track.asc_size);
    assert_memory_equal(f->streams[1]->codecpar->extradata, s[1]->track.asc, s[1]->track.asc_size);
    avformat_close_input(&f);
    free_stream(s[0]);
    free_stream(s[1]);
}

static void write_with_losses(const char *path, struct stream *s, int64_t nb, const char *comment)
{
    struct trtc_err err = { 0 };
    struct trtc_mp4 *m = trtc_mp4_new(open_new(path), path, &plain, &err);

    assert_non_null(m);
    assert_int_equal(trtc_mp4_add_track(m, &s->track, &err), 0);
    for (int i = 0; i < s->nb; i++) {
        const struct sample *v = &s->v[i];
        const struct trtc_sample out = {
            .data = v->data, .size = v->size, .dts = v->dts, .pts = v->pts, .key = v->key
        };
        assert_int_equal(trtc_mp4_write(m, 0, &out, &err), 0);
    }
    trtc_mp4_set_losses(m, nb);
    if (comment)
        assert_int_equal(trtc_mp4_set_comment(m, comment, &err), 0);
    const int64_t bound = trtc_mp4_size(m);
    assert_int_equal(trtc_mp4_finish(m, &err), 0);
    assert_true(file_size(path) <= bound);
    trtc_mp4_free(&m);
}

/* How many losses a file was made with stands in it. */
static void test_losses(void **state)
{
    static const int64_t numbers[] = { 1, 42, INT64_C(1234567890123) };
    struct stream *s = make_sound(48000, 20);
    struct trtc_err err = { 0 };
    char text[32];
    int64_t nb;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        write_with_losses("losses.mp4", s, numbers[i], NULL);
        assert_int_equal(trtc_mp4_read_losses("losses.mp4", &nb, &err), 0);
        assert_int_equal(nb, numbers[i]);
        assert_plays("losses.mp4");
        AVFormatContext *f = open_back("losses.mp4");
        snprintf(text, sizeof(text), "%" PRId64, numbers[i]);
        assert_string_equal(av_dict_get(f->metadata, "losses", NULL, 0)->value, text);
        avformat_close_input(&f);
    }
    write_with_losses("none.mp4", s, 0, "no losses in the input: 7");
    assert_int_equal(trtc_mp4_read_losses("none.mp4", &nb, &err), 0);
    assert_int_equal(nb, 0);
    /* as version 0.1 has it; the item rules where there are both */
    write_with_losses("old.mp4", s, 0, "losses in the input: 7");
    assert_int_equal(trtc_mp4_read_losses("old.mp4", &nb, &err), 0);
    assert_int_equal(nb, 7);
    write_with_losses("both.mp4", s, 3, "losses in the input: 7");
    assert_int_equal(trtc_mp4_read_losses("both.mp4", &nb, &err), 0);
    assert_int_equal(nb, 3);
    const int fd = open_new("text.mp4");
    assert_int_equal(write(fd, "losses in the input: 7\n", 23), 23);
    close(fd);
    assert_int_equal(trtc_mp4_read_losses("text.mp4", &nb, &err), 0);
    assert_int_equal(nb, 0);
    assert_int_equal(trtc_mp4_read_losses("nowhere.mp4", &nb, &err), -1);
    assert_int_equal(err.code, TRTC_EX_NOINPUT);
    free_stream(s);
}

/* Reordered pictures: from dts below zero with the first picture at 0, and all later. */
static void test_b_frames(void **state)
{
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 40, 2), make_sound(44100, 60) };
    uint8_t buf[64], entry[512];
    int64_t n;

    (void)state;
    assert_int_equal(s[0]->v[0].pts, 0);
    assert_true(s[0]->v[0].dts < 0);
    write_file("b.mp4", &plain, s, 2);
    assert_same("b.mp4", s, 2);
    assert_plays("b.mp4");
    assert_true(has_box("b.mp4", "moov/trak/mdia/minf/stbl/ctts", 0));
    assert_int_equal(find_box("b.mp4", "moov/trak/edts/elst", 0, buf, sizeof(buf)), 20);
    assert_int_equal(be32(buf + 4), 1);                /* one edit, */
    assert_int_equal(be32(buf + 8), 40 * 3600);        /* the whole length, */
    assert_int_equal(be32(buf + 12), -s[0]->v[0].dts); /* from the first picture */
    n = find_box("b.mp4", "moov/trak/mdia/minf/stbl/stsd/avc1", 0, entry, sizeof(entry));
    assert_int_in_range(n, 100, sizeof(entry));
    assert_memory_equal(entry + 78 + 4, "avcC\1\144\0", 7); /* High profile, */
    assert_int_equal(be32(entry + n - 4), 0xfdf8f800);      /* 4:2:0, 8 bits */
    assert_int_equal(be32(entry + 78), n - 78);

    shift_stream(s[0], 123456);
    shift_stream(s[1], 44100);
    write_file("b2.mp4", &plain, s, 2);
    assert_same("b2.mp4", s, 2);
    assert_plays("b2.mp4");
    assert_int_equal(find_box("b2.mp4", "moov/trak/edts/elst", 0, buf, sizeof(buf)), 32);
    assert_int_equal(be32(buf + 8), 123456);
    assert_int_equal(be32(buf + 12), UINT32_MAX);
    free_stream(s[0]);
    free_stream(s[1]);
}

static void test_late_tracks(void **state)
{
    static const int rates[] = { 48000, 44100, 16000 };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 20, 0),
                                make_sound(rates[i], 30) };
        AVFormatContext *f;

        shift_stream(s[1], 12347); /* no round number in the movie's ticks */
        write_file("late.mp4", &plain, s, 2);
        assert_same("late.mp4", s, 2);
        assert_plays("late.mp4");
        f = open_back("late.mp4");
        assert_int_equal(f->streams[0]->start_time, 0);
        assert_int_equal(f->streams[1]->start_time, 12347);
        avformat_close_input(&f);
        free_stream(s[0]);
        free_stream(s[1]);
    }
}

/* Sound from before zero: decoded, cut off where the presentation starts. */
static void test_priming(void **state)
{
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 20, 0), make_sound(48000, 40) };
    AVFormatContext *f;
    uint8_t buf[64];
    FILE *p;
    int64_t n = 0;

    (void)state;
    shift_stream(s[1], -1024);
    write_file("prime.mp4", &plain, s, 2);
    assert_same("prime.mp4", s, 2);
    assert_plays("prime.mp4");
    assert_int_equal(find_box("prime.mp4", "moov/trak/edts/elst", 1, buf, sizeof(buf)), 20);
    assert_int_equal(be32(buf + 12), 1024);
    f = open_back("prime.mp4");
    assert_int_equal(f->streams[0]->start_time, 0);
    assert_int_equal(f->streams[1]->start_time, 0);
    avformat_close_input(&f);
    p = popen("ffmpeg -nostdin -v error -i prime.mp4 -map a -f s16le - | wc -c", "r");
    assert_non_null(p);
    assert_int_equal(fscanf(p, "%" SCNd64, &n), 1);
    assert_int_equal(pclose(p), 0);
    assert_int_equal(n, 2 * 1024 * (s[1]->nb - 1));
    free_stream(s[0]);
    free_stream(s[1]);
}

static void test_end_of_track(void **state)
{
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 12, 0), make_sound(48000, 20) };
    AVFormatContext *f;

    (void)state;
    s[0]->end = 90000 * 7 + 1;
    s[1]->end = s[1]->v[s[1]->nb - 1].pts + 500;
    write_file("end.mp4", &plain, s, 2);
    assert_same("end.mp4", s, 2);
    f = open_back("end.mp4");
    assert_int_equal(f->streams[0]->duration, 90000 * 7 + 1);
    assert_int_equal(f->streams[1]->duration, s[1]->end);
    assert_int_in_range(f->duration, 7000000, 7000100);
    avformat_close_input(&f);
    free_stream(s[0]);

    /* one picture alone, with and without an end */
    s[0] = make_video(TRTC_CODEC_H264, 64, 64, 1, 0);
    write_file("one.mp4", &plain, s, 1);
    assert_same("one.mp4", s, 1);
    assert_plays("one.mp4");
    f = open_back("one.mp4");
    assert_int_equal(f->streams[0]->duration, 3600);
    avformat_close_input(&f);
    s[0]->end = 450000;
    write_file("one.mp4", &plain, s, 1);
    f = open_back("one.mp4");
    assert_int_equal(f->streams[0]->duration, 450000);
    avformat_close_input(&f);
    free_stream(s[0]);
    free_stream(s[1]);
}

static void test_sound_only(void **state)
{
    struct stream *s[1] = { make_sound(48000, 30) };
    uint8_t buf[64];

    (void)state;
    /* one size for all */
    for (int i = 1; i < s[0]->nb; i++) {
        free(s[0]->v[i].data);
        s[0]->v[i].size = s[0]->v[0].size;
        s[0]->v[i].data = malloc(s[0]->v[0].size);
        memcpy(s[0]->v[i].data, s[0]->v[0].data, s[0]->v[0].size);
    }
    write_file("s.m4a", &plain, s, 1);
    assert_same("s.m4a", s, 1);
    assert_plays("s.m4a");
    assert_int_equal(find_box("s.m4a", "ftyp", 0, buf, sizeof(buf)), 24);
    assert_memory_equal(buf, "M4A ", 4);
    assert_int_equal(find_box("s.m4a", "moov/trak/mdia/minf/stbl/stsz", 0, buf, sizeof(buf)), 12);
    assert_int_equal(be32(buf + 4), s[0]->v[0].size);
    assert_false(has_box("s.m4a", "moov/trak/mdia/minf/stbl/stss", 0));
    free_stream(s[0]);
}

/* Two voices: alternatives, the first is on. A track that got no sample is left out. */
static void test_tracks(void **state)
{
    struct stream *s[3] = { make_sound(48000, 20), make_video(TRTC_CODEC_H264, 64, 64, 10, 0),
                            make_sound(16000, 20) };
    AVFormatContext *f;

    (void)state;
    s[1]->track.sar_num = 4;
    s[1]->track.sar_den = 3;
    write_file("three.mp4", &plain, s, 3);
    assert_same("three.mp4", s, 3);
    assert_plays("three.mp4");
    f = open_back("three.mp4");
    assert_true(f->streams[0]->disposition & AV_DISPOSITION_DEFAULT);
    assert_true(f->streams[1]->disposition & AV_DISPOSITION_DEFAULT);
    assert_false(f->streams[2]->disposition & AV_DISPOSITION_DEFAULT);
    assert_int_equal(f->streams[1]->sample_aspect_ratio.num, 4);
    assert_int_equal(f->streams[1]->sample_aspect_ratio.den, 3);
    avformat_close_input(&f);

    drop_samples(s[0]);
    write_file("two.mp4", &plain, s, 3);
    assert_same("two.mp4", s + 1, 2);
    f = open_back("two.mp4");
    assert_true(f->streams[1]->disposition & AV_DISPOSITION_DEFAULT);
    avformat_close_input(&f);
    for (int i = 0; i < 3; i++)
        free_stream(s[i]);
}

/* A call has many voices. */
static void test_many_tracks(void **state)
{
    struct stream *s[TRACKS];

    (void)state;
    for (int i = 0; i < TRACKS; i++)
        s[i] = make_sound(16000, 2);
    write_file("many.mp4", &plain, s, TRACKS);
    assert_same("many.mp4", s, TRACKS);
    for (int i = 0; i < TRACKS; i++)
        free_stream(s[i]);
}

static void test_hevc(void **state)
{
    struct stream *s[1] = { make_video(TRTC_CODEC_H265, 128, 96, 20, 2) };
    AVFormatContext *f;
    uint8_t buf[32];

    (void)state;
    if (!s[0])
        skip();
    write_file("h.mp4", &plain, s, 1);
    assert_same("h.mp4", s, 1);
    assert_plays("h.mp4");
    f = open_back("h.mp4");
    assert_int_equal(f->streams[0]->codecpar->codec_id, AV_CODEC_ID_HEVC);
    assert_int_equal(f->streams[0]->codecpar->codec_tag, MKTAG('h', 'v', 'c', '1'));
    /* profile and level as libavcodec reads them from the stream itself */
    assert_int_equal(find_box("h.mp4", "moov/trak/mdia/minf/stbl/stsd/hvc1", 0, NULL, 0) > 78, 1);
    assert_true(f->streams[0]->codecpar->extradata_size > 23);
    memcpy(buf, f->streams[0]->codecpar->extradata, 23);
    assert_int_equal(buf[1] & 0x1f, f->streams[0]->codecpar->profile);
    assert_int_equal(buf[12], f->streams[0]->codecpar->level);
    assert_int_equal(buf[16] & 3, 1); /* 4:2:0 */
    assert_int_equal(buf[21] & 3, 3);
    assert_int_equal(buf[22], 3);
    avformat_close_input(&f);
    free_stream(s[0]);
}

/* Joins b behind a, in a's track. */
static void append_stream(struct stream *a, struct stream *b)
{
    shift_stream(b, 3600 * (int64_t)a->nb);
    for (int i = 0; i < b->nb; i++)
        a->v[a->nb++] = b->v[i];
    b->nb = 0;
}

/* Another size half way, in a sample entry of its own; one that nothing names is left out. */
static void test_entries(void **state)
{
    static const enum trtc_codec codecs[] = { TRTC_CODEC_H264, TRTC_CODEC_H265 };
    static const uint32_t stsc[] = { 1, 10, 1, 2, 10, 2 };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct stream *s[1] = { make_video(codecs[i], 96, 64, 10, 0) };
        struct stream *t = s[0] ? make_video(codecs[i], 64, 96, 10, 0) : NULL;
        struct trtc_mp4_track odd;
        struct trtc_err err = { 0 };
        uint8_t box[64];
        int fd;

        if (!t)
            continue;
        for (int k = 0; k < t->nb; k++)
            t->v[k].entry = 2;
        append_stream(s[0], t);

        fd = open_new("entries.mp4");
        struct trtc_mp4 *m = trtc_mp4_new(fd, "entries.mp4", &plain, &err);
        assert_int_equal(trtc_mp4_add_track(m, &s[0]->track, &err), 0);
        odd = t->track;
        odd.annexb_size = 0;
        assert_int_equal(trtc_mp4_set_entry(m, 0, 1, &odd, &err), -1);
        assert_int_equal(err.code, TRTC_EX_DATAERR);
        assert_int_equal(trtc_mp4_set_entry(m, 0, TRTC_MP4_ENTRIES_MAX, &t->track, &err), -1);
        assert_int_equal(err.code, TRTC_EX_SOFTWARE);
        assert_int_equal(trtc_mp4_set_entry(m, 0, 1, &s[0]->track, &err), 0);
        assert_int_equal(trtc_mp4_set_entry(m, 0, 2, &s[0]->track, &err), 0);
        for (int k = 0; k < s[0]->nb; k++) {
            const struct sample *v = &s[0]->v[k];
            const struct trtc_sample out = { v->data, v->size, v->dts, v->pts, v->key, v->entry };

            assert_int_equal(trtc_mp4_write(m, 0, &out, &err), 0);
        }
        assert_int_equal(trtc_mp4_set_entry(m, 0, 2, &t->track, &err), 0); /* said anew */
        must_finish(&m);
        close(fd);
        assert_same("entries.mp4", s, 1);
        assert_plays("entries.mp4");
        assert_true(find_box("entries.mp4", "moov/trak/mdia/minf/stbl/stsd", 0, box, 8) > 8);
        assert_int_equal(be32(box + 4), 2);
        find_box("entries.mp4", "moov/trak/mdia/minf/stbl/stsc", 0, box, sizeof(box));
        assert_int_equal(be32(box + 4), 2);
        for (int k = 0; k < 6; k++)
            assert_int_equal(be32(box + 8 + 4 * k), stsc[k]);

        /* nothing describes it */
        fd = open_new("entries.mp4");
        m = trtc_mp4_new(fd, "entries.mp4", &plain, &err);
        assert_int_equal(trtc_mp4_add_track(m, &s[0]->track, &err), 0);
        const struct trtc_sample lost = { s[0]->v[0].data, s[0]->v[0].size, 0, 0, true, 1 };
        assert_int_equal(trtc_mp4_write(m, 0, &lost, &err), 0);
        assert_int_equal(trtc_mp4_finish(m, &err), -1);
        assert_int_equal(err.code, TRTC_EX_SOFTWARE);
        trtc_mp4_free(&m);
        close(fd);
        free_stream(t);
        free_stream(s[0]);
    }
}

/* Many samples of one byte pattern; sizes vary. */
static struct trtc_mp4 *start_raw(int fd, const char *path, const struct trtc_mp4_info *info,
                                  const struct stream *video, const struct stream *sound)
{
    struct trtc_err err = { 0 };
    struct trtc_mp4 *m = trtc_mp4_new(fd, path, info, &err);

    assert_non_null(m);
    if (video)
        assert_int_equal(trtc_mp4_add_track(m, &video->track, &err), 0);
    if (sound)
        assert_int_equal(trtc_mp4_add_track(m, &sound->track, &err), video ? 1 : 0);
    return m;
}

static int write_raw(struct trtc_mp4 *m, int track, const void *data, size_t n, int64_t dts,
                     int64_t cts, struct trtc_err *err)
{
    const struct trtc_sample s = { .data = data,
                                   .size = n,
                                   .dts = dts,
                                   .pts = (int64_t)((uint64_t)dts + (uint64_t)cts),
                                   .key = true };

    return trtc_mp4_write(m, track, &s, err);
}

static void must_write(struct trtc_mp4 *m, int track, const void *data, size_t n, int64_t dts,
                       int64_t cts, bool key)
{
    const struct trtc_sample s = {
        .data = data, .size = n, .dts = dts, .pts = dts + cts, .key = key
    };
    struct trtc_err err = { 0 };

    if (trtc_mp4_write(m, track, &s, &err))
        fail_msg("write: %s", err.msg);
}

static unsigned raw_size(int i)
{
    return 1 + (unsigned)i * 2654435761u % 3000;
}

/* Writes nb samples whose content tells their number, and reads them back. */
static void check_raw(const char *path, int64_t reserve, int nb, const char *boxes)
{
    const struct trtc_mp4_info info = { .creation_ms = TRTC_NOTIME, .reserve_bytes = reserve };
    struct stream *sound = make_sound(48000, 1);
    int fd = open_new(path);
    struct trtc_mp4 *m = start_raw(fd, path, &info, NULL, sound);
    AVFormatContext *f = NULL;
    AVPacket *pkt = av_packet_alloc();
    uint8_t data[3000];
    char top[64];
    int i = 0;

    for (int k = 0; k < nb; k++) {
        memset(data, k, sizeof(data));
        must_write(m, 0, data, raw_size(k), k * INT64_C(1024), 0, true);
    }
    must_finish(&m);
    close(fd);
    top_level(path, top);
    assert_string_equal(top, boxes);
    assert_int_equal(avformat_open_input(&f, path, NULL, NULL), 0);
    while (!av_read_frame(f, pkt)) {
        assert_int_equal(pkt->size, raw_size(i));
        assert_int_equal(pkt->pts, i * INT64_C(1024));
        memset(data, i, sizeof(data));
        assert_memory_equal(pkt->data, data, (size_t)pkt->size);
        i++;
        av_packet_unref(pkt);
    }
    assert_int_equal(i, nb);
    av_packet_free(&pkt);
    avformat_close_input(&f);
    free_stream(sound);
}

static void test_index_fits_or_not(void **state)
{
    struct stat st;

    (void)state;
    check_raw("fit.mp4", 20000, 2500, "ftypmoovfreemdat");
    check_raw("move.mp4", 0, 2500, "ftypmoovfreemdat"); /* 10 KB of index, 4 KB of room */
    check_raw("small.mp4", 0, 10, "ftypmoovfreemdat");
    if (!stat("/dev/shm", &st) && !access("/dev/shm", W_OK)) { /* no insertion in tmpfs: copies */
        char path[64];

        snprintf(path, sizeof(path), "/dev/shm/t_mp4.%ld", (long)getpid());
        check_raw(path, 0, 2500, "ftypmoovfreemdat");
        unlink(path);
    }
}

/* Every length of the index around the edge of the room: title after title one byte longer. */
static void test_reserve_edge(void **state)
{
    struct stream *s[1] = { make_sound(48000, 4) };
    char title[5000];
    int moved = 0, exact = 0;

    (void)state;
    for (int n = 3300; n < 3700; n++) {
        struct trtc_mp4_info info = { .creation_ms = TRTC_NOTIME, .title = title };
        AVFormatContext *f;
        char boxes[64];

        memset(title, 't', (size_t)n);
        title[n] = '\0';
        write_file("edge.mp4", &info, s, 1);
        top_level("edge.mp4", boxes);
        exact += !strcmp(boxes, "ftypmoovmdat");
        moved += file_size("edge.mp4") > 8192;
        if (n % 50 && strcmp(boxes, "ftypmoovmdat"))
            continue;
        assert_same("edge.mp4", s, 1);
        f = open_back("edge.mp4");
        assert_int_equal(strlen(av_dict_get(f->metadata, "title", NULL, 0)->value), n);
        avformat_close_input(&f);
    }
    assert_int_equal(exact, 1);
    assert_int_in_range(moved, 1, 399);
    free_stream(s[0]);
}

static void test_move_up(void **state)
{
    static uint8_t data[10000], back[10000], buf[512];
    static const int shifts[] = { 1, 511, 512, 4096, 20000 };
    struct trtc_err err = { 0 };
    int fd = open_new("moved");

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(
            trtc_pwrite_all(fd, (struct trtc_bytes){ data, sizeof(data) }, 0, "moved", &err), 0);
        assert_int_equal(trtc_mp4_move_up(&(struct trtc_mp4_move){ fd, 100, sizeof(data), shifts[i],
                                                                   buf, sizeof(buf), "moved" },
                                          &err),
                         0);
        assert_int_equal(pread(fd, back, sizeof(back) - 100, 100 + shifts[i]), sizeof(back) - 100);
        assert_memory_equal(back, data + 100, sizeof(back) - 100);
    }
    assert_int_equal(ftruncate(fd, 5000), 0);
    assert_int_equal(
        trtc_mp4_move_up(&(struct trtc_mp4_move){ fd, 0, 10000, 512, buf, sizeof(buf), "moved" },
                         &err),
        -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    close(fd);
}

static void test_move_down(void **state)
{
    static uint8_t data[10000], back[10000], buf[512];
    static const int shifts[] = { 1, 511, 512, 4096, 5000 };
    struct trtc_err err = { 0 };
    int fd = open_new("moved");

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 2654435761u >> 13);
    for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
        assert_int_equal(ftruncate(fd, 0), 0);
        assert_int_equal(
            trtc_pwrite_all(fd, (struct trtc_bytes){ data, sizeof(data) }, 0, "moved", &err), 0);
        assert_int_equal(
            trtc_mp4_move_down(&(struct trtc_mp4_move){ fd, 5000, sizeof(data), shifts[i], buf,
                                                        sizeof(buf), "moved" },
                               &err),
            0);
        assert_int_equal(pread(fd, back, sizeof(back), 0), (int)sizeof(data) - shifts[i]);
        assert_memory_equal(back + 5000 - shifts[i], data + 5000, 5000);
    }
    assert_int_equal(ftruncate(fd, 5000), 0);
    assert_int_equal(
        trtc_mp4_move_down(
            &(struct trtc_mp4_move){ fd, 512, 10000, 512, buf, sizeof(buf), "moved" }, &err),
        -1);
    assert_int_equal(err.code, TRTC_EX_IOERR);
    close(fd);
}

/* A file that was planned for months and ends at once is as large as its media. */
static void test_give_back(void **state)
{
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 10, 0), make_sound(48000, 20) };
    int64_t size[2];

    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct trtc_mp4_info info = { .creation_ms = TRTC_NOTIME,
                                            .reserve_bytes = i ? INT64_C(1) << 40 : 16384,
                                            .give_back = true };
        write_file("back.mp4", &info, s, 2);
        assert_same("back.mp4", s, 2);
        size[i] = file_size("back.mp4");
    }
    assert_plays("back.mp4");
    assert_false(has_box("back.mp4", "moov/trak/mdia/minf/stbl/co64", 0));
    assert_int_in_range(size[1], size[0] - 16384, size[0] + 16384);
    free_stream(s[0]);
    free_stream(s[1]);
}

/* Media past 4 GiB: a hole in front instead of four real gigabytes. */
static void test_64_bit_offsets(void **state)
{
    const struct trtc_mp4_info info = { .creation_ms = TRTC_NOTIME,
                                        .reserve_bytes = INT64_C(5) << 30 };
    const struct trtc_mp4_info under = { .creation_ms = TRTC_NOTIME,
                                         .reserve_bytes = (INT64_C(4) << 30) - (1 << 20) };
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 10, 0), make_sound(48000, 20) };

    (void)state;
    write_file("wide.mp4", &info, s, 2);
    assert_same("wide.mp4", s, 2);
    assert_plays("wide.mp4");
    assert_true(has_box("wide.mp4", "moov/trak/mdia/minf/stbl/co64", 0));
    assert_false(has_box("wide.mp4", "moov/trak/mdia/minf/stbl/stco", 0));
    write_file("under.mp4", &under, s, 2);
    assert_same("under.mp4", s, 2);
    assert_true(has_box("under.mp4", "moov/trak/mdia/minf/stbl/stco", 0));
    free_stream(s[0]);
    free_stream(s[1]);
}

/* Days: durations and edits past 32 bits, creation after 2040. */
static void test_long_times(void **state)
{
    const struct trtc_mp4_info info = { .creation_ms = INT64_C(4000000000000),
                                        .reserve_bytes = 16384 };
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 10, 0), make_sound(48000, 10) };
    const int64_t six_hours = INT64_C(90000) * 6 * 3600;
    AVFormatContext *f;

    (void)state;
    for (int i = 0; i < 10; i++)
        s[0]->v[i].dts = s[0]->v[i].pts = i * six_hours;
    shift_stream(s[1], INT64_C(48000) * 50 * 3600 + 1);
    s[0]->end = 10 * six_hours + 12345;
    write_file("long.mp4", &info, s, 2);
    assert_same("long.mp4", s, 2);
    f = open_back("long.mp4");
    assert_int_equal(f->streams[0]->duration, 10 * six_hours + 12345);
    assert_string_equal(av_dict_get(f->metadata, "creation_time", NULL, 0)->value,
                        "2096-10-02T07:06:40.000000Z");
    avformat_close_input(&f);
    assert_plays("long.mp4");
    free_stream(s[0]);
    free_stream(s[1]);
}

/* The i-th pair of samples of test_table_memory; steps are those from it to the next. */
struct jitter {
    uint32_t r;
    size_t size[2];
    int64_t dts[2], cts;
};

static void next_jitter(struct jitter *j, int i)
{
    if (i > 0) {
        j->dts[0] += 5000 + (j->r >> 16) % 2000;
        j->dts[1] += 1023 + (j->r >> 20) % 3;
    }
    j->r = j->r * 1664525 + 1013904223;
    j->size[0] = 200 + j->r % 200;
    j->size[1] = 100 + (j->r >> 8) % 100;
    j->cts = 3600 * (i % 3);
}

/* The worst the tables meet: jitter in every sample, reordering, chunks of one sample. */
static void test_table_memory(void **state)
{
    enum { PAIRS = 60000 };
    static const uint8_t data[400];
    struct stream *video = make_video(TRTC_CODEC_H264, 64, 64, 1, 0);
    struct stream *sound = make_sound(48000, 1);
    int fd = open_new("mem.mp4");
    struct trtc_mp4 *m = start_raw(fd, "mem.mp4", &plain, video, sound);
    AVFormatContext *f = NULL;
    AVPacket *pkt = av_packet_alloc();
    struct jitter j[2] = { { .r = 1 }, { .r = 1 } };
    int at[2] = { 0 };
    uint64_t nb;
    size_t bytes;
    int64_t bound;

    (void)state;
    for (int i = 0; i < PAIRS; i++) {
        next_jitter(&j[0], i);
        must_write(m, 0, data, j[0].size[0], j[0].dts[0], j[0].cts, i % 50 == 0);
        must_write(m, 1, data, j[0].size[1], j[0].dts[1], 0, true);
    }
    bytes = trtc_mp4_table_bytes(m, &nb);
    assert_int_equal(nb, 2 * PAIRS);
    printf("# table bytes a sample: %.2f\n", (double)bytes / (double)nb);
    assert_true(bytes <= 12 * nb);
    assert_int_equal(trtc_mp4_table_bytes(m, NULL), bytes);
    bound = trtc_mp4_size(m);
    must_finish(&m);
    assert_true(file_size("mem.mp4") <= bound);
    assert_true(bound <= file_size("mem.mp4") + 8192);
    close(fd);

    j[0] = j[1];
    assert_int_equal(avformat_open_input(&f, "mem.mp4", NULL, NULL), 0);
    f->flags |= AVFMT_FLAG_NOPARSE | AVFMT_FLAG_NOFILLIN; /* only what the tables say */
    while (!av_read_frame(f, pkt)) {
        int s = pkt->stream_index;

        next_jitter(&j[s], at[s]);
        assert_int_equal(pkt->size, j[s].size[s]);
        assert_int_equal(pkt->dts, j[s].dts[s]);
        assert_int_equal(pkt->pts, j[s].dts[s] + (s == 0 ? j[s].cts : 0));
        assert_int_equal(pkt->flags & AV_PKT_FLAG_KEY, s == 1 || at[s] % 50 == 0);
        at[s]++;
        av_packet_unref(pkt);
    }
    assert_int_equal(at[0], PAIRS);
    assert_int_equal(at[1], PAIRS);
    av_packet_free(&pkt);
    avformat_close_input(&f);
    free_stream(video);
    free_stream(sound);
}

/* The same input gives the same bytes. */
static void test_reproducible(void **state)
{
    struct stream *s[2] = { make_video(TRTC_CODEC_H264, 64, 64, 20, 2), make_sound(48000, 30) };

    (void)state;
    write_file("r1.mp4", &plain, s, 2);
    write_file("r2.mp4", &plain, s, 2);
    assert_silent("cmp r1.mp4 r2.mp4 2>&1");
    free_stream(s[0]);
    free_stream(s[1]);
}

static void test_misuse(void **state)
{
    struct stream *video = make_video(TRTC_CODEC_H264, 64, 64, 1, 0);
    struct stream *sound = make_sound(48000, 1);
    int fd = open_new("bad.mp4");
    struct trtc_mp4 *m = start_raw(fd, "bad.mp4", &plain, video, sound);
    static const struct {
        int track;
        size_t size;
        int64_t dts, cts;
        const char *why;
    } bad[] = {
        { -1, 1, 0, 0, "no track" },
        { 2, 1, 0, 0, "no track" },
        { 0, 0, 2000, 0, "size" },
        { 0, (size_t)1 << 31, 2000, 0, "size" },
        { 0, 1, 1000, 0, "not later than" },
        { 0, 1, 999, 0, "not later than" },
        { 0, 1, 2000, -1, "time" },
        { 0, 1, 2000, INT64_C(1) << 31, "time" },
        { 1, 1, -(INT64_C(1) << 31), 0, "time" },
        { 0, 1, INT64_MAX, 0, "time" },
        { 0, 1, INT64_MIN, 0, "time" },
        { 0, 1, 1000 + INT64_C(0x80000000), 0, "too long after" },
    };
    struct trtc_err err = { 0 };

    (void)state;
    assert_int_equal(trtc_mp4_finish(m, &err), -1);
    assert_int_equal(err.code, TRTC_EX_DATAERR);
    trtc_mp4_free(&m);
    m = start_raw(fd, "bad.mp4", &plain, video, sound);
    must_write(m, 0, video->v[0].data, video->v[0].size, 1000, 0, true);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        err.code = 0;
        assert_int_equal(write_raw(m, bad[i].track, "x", bad[i].size, bad[i].dts, bad[i].cts, &err),
                         -1);
        assert_int_equal(err.code, TRTC_EX_SOFTWARE);
        if (!strstr(err.msg, bad[i].why))
            fail_msg("'%s' says nothing of '%s'", err.msg, bad[i].why);
    }
    assert_int_equal(trtc_mp4_add_track(m, &sound->track, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    must_write(m, 0, video->v[0].data, video->v[0].size, INT64_C(1000) + TRTC_MP4_STEP_MAX, 0,
               true);
    trtc_mp4_end_track(m, 0, 0); /* in the past: as short as can be */
    assert_int_equal(trtc_mp4_finish(m, &err), 0);
    assert_int_equal(trtc_mp4_finish(m, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    assert_int_equal(write_raw(m, 0, "x", 1, INT64_C(1) << 33, 0, &err), -1);
    trtc_mp4_free(&m);
    assert_silent("ffprobe -v warning bad.mp4 2>&1");

    m = start_raw(fd, "bad.mp4", &plain, video, NULL);
    must_write(m, 0, video->v[0].data, video->v[0].size, 0, 0, true);
    trtc_mp4_end_track(m, 0, INT64_C(1) + TRTC_MP4_STEP_MAX);
    assert_int_equal(trtc_mp4_finish(m, &err), -1);
    assert_int_equal(err.code, TRTC_EX_SOFTWARE);
    trtc_mp4_free(&m);
    trtc_mp4_free(&m);

    m = start_raw(fd, "bad.mp4", &plain, video, NULL);
    must_write(m, 0, video->v[0].data, video->v[0].size, -5000, 0, true);
    trtc_mp4_end_track(m, 0, 0);
    assert_int_equal(trtc_mp4_finish(m, &err), -1);
    assert_non_null(strstr(err.msg, "before the file begins"));
    trtc_mp4_free(&m);
    close(fd);
    free_stream(video);
    free_stream(sound);
}

static int try_track(const struct trtc_mp4_track *t, int *code)
{
    struct trtc_err err = { 0 };
    struct trtc_mp4 *m = trtc_mp4_new(-1, "none", &plain, &err);
    int ret;

    assert_non_null(m);
    ret = trtc_mp4_add_track(m, t, &err);
    *code = err.code;
    trtc_mp4_free(&m);
    return ret;
}

static void test_bad_parameters(void **state)
{
    struct stream *video = make_video(TRTC_CODEC_H264, 64, 64, 1, 0);
    struct stream *sound = make_sound(48000, 1);
    struct trtc_mp4_track t;
    int code;

    (void)state;
    t = video->track;
    t.annexb_size = 0;
    assert_int_equal(try_track(&t, &code), -1);
    assert_int_equal(code, TRTC_EX_DATAERR);
    t.annexb = NULL;
    assert_int_equal(try_track(&t, &code), -1);
    for (size_t n = 0; n < 12; n++) { /* no PPS yet, nor all of the SPS */
        t = video->track;
        t.annexb_size = n;
        assert_int_equal(try_track(&t, &code), -1);
        assert_int_equal(code, TRTC_EX_DATAERR);
    }
    t = video->track;
    t.codec = TRTC_CODEC_H265; /* nothing that H.265 knows in it */
    assert_int_equal(try_track(&t, &code), -1);
    assert_int_equal(code, TRTC_EX_DATAERR);
    t = video->track;
    t.width_px = 0;
    assert_int_equal(try_track(&t, &code), -1);
    t.width_px = 65536;
    assert_int_equal(try_track(&t, &code), -1);
    t = video->track;
    t.sar_num = 1;
    t.sar_den = 0;
    assert_int_equal(try_track(&t, &code), -1);
    t = video->track;
    t.timescale = 0;
    assert_int_equal(try_track(&t, &code), -1);
    t = sound->track;
    t.asc_size = 1;
    assert_int_equal(try_track(&t, &code), -1);
    assert_int_equal(code, TRTC_EX_DATAERR);
    t = sound->track;
    t.channels = 0;
    assert_int_equal(try_track(&t, &code), -1);
    t.codec = TRTC_CODEC_OTHER;
    assert_int_equal(try_track(&t, &code), -1);
    assert_int_equal(code, TRTC_EX_SOFTWARE);
    free_stream(video);
    free_stream(sound);
}

/* Damaged parameter sets are taken or refused, never read past. */
static void test_damaged_parameters(void **state)
{
    static const enum trtc_codec codecs[] = { TRTC_CODEC_H264, TRTC_CODEC_H265 };
    uint32_t r = 7;

    (void)state;
    for (size_t c = 0; c < 2; c++) {
        struct stream *s = make_video(codecs[c], 64, 64, 1, 0);
        struct trtc_mp4_track t;
        int refused = 0;

        if (!s)
            continue;
        t = s->track;
        for (int i = 0; i < 3000; i++) {
            size_t n = t.annexb_size;
            uint8_t *copy = malloc(n); /* exact, so that a sanitizer sees one byte too many */
            int code;

            memcpy(copy, s->sets, n);
            for (int k = 0; k < 1 + i % 4; k++) {
                r = r * 1664525 + 1013904223;
                copy[(r >> 8) % (n < 60 ? n : 60)] ^= (uint8_t)(1 << (r >> 5 & 7));
            }
            r = r * 1664525 + 1013904223;
            t.annexb = copy;
            t.annexb_size = i % 3 ? n : (r >> 8) % n;
            refused += try_track(&t, &code) < 0;
            t.annexb_size = n;
            free(copy);
        }
        assert_int_in_range(refused, 100, 2999);
        free_stream(s);
    }
}

static void test_disk_full(void **state)
{
    struct stream *sound = make_sound(48000, 1);
    int fd = open("/dev/full", O_RDWR);
    struct trtc_mp4 *m = start_raw(fd, "full.mp4", &plain, NULL, sound);
    static uint8_t data[3 << 20];
    struct trtc_err err = { 0 };

    (void)state;
    assert_int_equal(write_raw(m, 0, data, sizeof(data), 0, 0, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    err.code = 0;
    assert_int_equal(write_raw(m, 0, data, 1, 1024, 0, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    err.code = 0;
    assert_int_equal(trtc_mp4_finish(m, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    trtc_mp4_free(&m);

    m = start_raw(fd, "full.mp4", &plain, NULL, sound); /* found out only at the end */
    must_write(m, 0, data, 1000, 0, 0, true);
    assert_int_equal(trtc_mp4_finish(m, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    assert_non_null(strstr(err.msg, "full.mp4"));
    trtc_mp4_free(&m);
    close(fd);
    free_stream(sound);
}

/* Samples larger than the buffer, and exactly as large. */
static void test_large_samples(void **state)
{
    static const size_t sizes[] = { 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20, 7, 5000000 };
    enum { N = sizeof(sizes) / sizeof(sizes[0]) };
    struct stream *s[1] = { make_sound(48000, 1) };

    (void)state;
    drop_samples(s[0]);
    s[0]->nb = N;
    for (int i = 0; i < N; i++) {
        struct sample *v = &s[0]->v[i];

        *v = (struct sample){ .size = sizes[i], .dts = i * 1024, .pts = i * 1024, .key = true };
        v->data = malloc(v->size);
        for (size_t k = 0; k < v->size; k++)
            v->data[k] = (uint8_t)(k * 2654435761u >> 11);
    }
    write_file("large.mp4", &plain, s, 1);
    {
        /* straight from the file: what find_stream_info makes of this sound is no matter */
        AVFormatContext *f = NULL;
        AVPacket *pkt = av_packet_alloc();

        assert_int_equal(avformat_open_input(&f, "large.mp4", NULL, NULL), 0);
        for (int i = 0; i < N; i++) {
            assert_int_equal(av_read_frame(f, pkt), 0);
            assert_int_equal(pkt->size, sizes[i]);
            assert_memory_equal(pkt->data, s[0]->v[i].data, sizes[i]);
            av_packet_unref(pkt);
        }
        av_packet_free(&pkt);
        avformat_close_input(&f);
    }
    free_stream(s[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_video_and_sound),
        cmocka_unit_test(test_losses),
        cmocka_unit_test(test_b_frames),
        cmocka_unit_test(test_late_tracks),
        cmocka_unit_test(test_priming),
        cmocka_unit_test(test_end_of_track),
        cmocka_unit_test(test_sound_only),
        cmocka_unit_test(test_tracks),
        cmocka_unit_test(test_many_tracks),
        cmocka_unit_test(test_hevc),
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_index_fits_or_not),
        cmocka_unit_test(test_reserve_edge),
        cmocka_unit_test(test_move_down),
        cmocka_unit_test(test_give_back),
        cmocka_unit_test(test_move_up),
        cmocka_unit_test(test_64_bit_offsets),
        cmocka_unit_test(test_long_times),
        cmocka_unit_test(test_table_memory),
        cmocka_unit_test(test_reproducible),
        cmocka_unit_test(test_misuse),
        cmocka_unit_test(test_bad_parameters),
        cmocka_unit_test(test_damaged_parameters),
        cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_large_samples),
    };

    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
