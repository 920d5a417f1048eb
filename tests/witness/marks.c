/* SPDX-License-Identifier: MIT */
/* marks: the sync meter. It decodes media files that carry the generator's markers (a white flash
 * and a beep at once) and prints when each was seen and heard, in container time, and how far apart. */
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>

#include "base/err.h"

#define MATCH_S     2.0  /* a beep belongs to a flash at most so far away */
#define QUIET_S     0.05 /* so much quiet before a beep */
#define LOOK_S      0.02 /* a beep's level is the peak of so much of it */
#define ONSET       0.3 /* the beep begins where this part of its level is reached: pre-echo is lower */
#define WHITE_LUMA  195 /* on the 8-bit scale */
#define WHITE_SHARE 0.9

enum { MAX_LOOK = 8192, MAX_VIEWS = 32, MAX_REST = 32 };

/* What is watched and heard together: of a mix, a window and a voice. */
struct view {
    int x, y, w_px, h_px; /* where to look for the flash; w_px 0: everywhere */
    int track;            /* sound track, 0 is the first; -1: the best one */
};

struct opts {
    bool json, summary, only_summary, streams;
    bool packets;    /* nothing is decoded: the packets are listed */
    bool strict;     /* decode every track; damage, and times that do not rise, are reported */
    bool paths;      /* several files: each line begins with its file */
    float threshold; /* samples above it may be a beep; full scale is 1 */
    struct view views[MAX_VIEWS];
    int nb_views; /* several: then with the number of the view */
};

struct times {
    double *s;
    size_t nb, cap;
};

/* What was found in one view of one file. */
struct meter {
    const struct opts *o;
    const struct view *v;
    const char *label; /* before each line */
    struct times flashes, beeps;
    int64_t nb_pictures;
    double first_picture_s, end_picture_s, last_picture_s, sound_s, first_sound_s, end_sound_s;
    bool white; /* the last picture was */
    /* the search for a beep */
    double quiet_s;           /* for how long it has been quiet */
    float look[MAX_LOOK];     /* what came since the threshold was passed */
    double look_at_s, step_s; /* time of look[0], and between samples */
    int nb_look, want_look;
};

struct stream {
    int index; /* -1: there is none */
    AVCodecContext *dec;
    AVRational tb;
    int64_t last_dts, last_pts; /* of a packet, of a frame */
};

static int add_time(struct times *t, double s, struct trtc_err *err)
{
    if (t->nb == t->cap) {
        const size_t cap = t->cap * 2 + 64;
        double *p = realloc(t->s, cap * sizeof *p);
        if (p == NULL)
            return trtc_fail_nomem(err);
        t->s = p;
        t->cap = cap;
    }
    t->s[t->nb++] = s;
    return 0;
}

/* ---- pictures ---- */

static bool is_white(const struct view *o, const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    if (d == NULL ||
        d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL))
        return false;
    const int depth = d->comp[0].depth;
    const int w = o->w_px > 0 ? o->w_px : f->width, h = o->w_px > 0 ? o->h_px : f->height;
    const int sx = w / 64 + 1, sy = h / 64 + 1;
    int nb = 0, nb_white = 0;
    for (int y = o->y; y < o->y + h && y < f->height; y += sy) {
        const uint8_t *row = f->data[0] + (ptrdiff_t)y * f->linesize[0];
        for (int x = o->x; x < o->x + w && x < f->width; x += sx) {
            int luma = row[x];
            if (depth > 8) {
                uint16_t wide;
                memcpy(&wide, row + 2 * (ptrdiff_t)x, 2);
                luma = wide >> (depth - 8);
            }
            nb++;
            nb_white += luma >= WHITE_LUMA;
        }
    }
    return nb > 0 && nb_white >= WHITE_SHARE * nb;
}

static int64_t frame_duration(const AVFrame *f)
{
#if LIBAVUTIL_VERSION_MAJOR >= 58
    return f->duration;
#else
    return f->pkt_duration;
#endif
}

static int see(struct meter *m, const AVFrame *f, AVRational tb, struct trtc_err *err)
{
    if (f->best_effort_timestamp == AV_NOPTS_VALUE)
        return 0;
    const double at = (double)f->best_effort_timestamp * av_q2d(tb);
    double lasts = (double)frame_duration(f) * av_q2d(tb);
    if (m->nb_pictures == 0)
        m->first_picture_s = at;
    else if (lasts <= 0)
        lasts = at - m->last_picture_s;
    m->nb_pictures++;
    m->last_picture_s = at;
    if (at + lasts > m->end_picture_s || m->nb_pictures == 1)
        m->end_picture_s = at + lasts;
    const bool white = is_white(m->v, f);
    if (white && !m->white && add_time(&m->flashes, at, err) < 0)
        return -1;
    m->white = white;
    return 0;
}

/* ---- sound ---- */

/* Sample i, the mean over the channels. */
static float sample(const AVFrame *f, int i)
{
    const int n = f->ch_layout.nb_channels;
    const bool planar = av_sample_fmt_is_planar(f->format);
    float sum = 0;
    for (int c = 0; c < n; c++) {
        const void *p = f->extended_data[planar ? c : 0];
        const int k = planar ? i : i * n + c;
        switch (av_get_packed_sample_fmt(f->format)) {
        case AV_SAMPLE_FMT_FLT:
            sum += ((const float *)p)[k];
            break;
        case AV_SAMPLE_FMT_DBL:
            sum += (float)((const double *)p)[k];
            break;
        case AV_SAMPLE_FMT_S16:
            sum += (float)((const int16_t *)p)[k] / 32768;
            break;
        case AV_SAMPLE_FMT_S32:
            sum += (float)((const int32_t *)p)[k] / 2147483648.0F;
            break;
        default:
            break;
        }
    }
    return sum / (float)n;
}

/* The stretch behind the threshold is complete: when did the beep begin? */
static int judge(struct meter *m, struct trtc_err *err)
{
    float peak = 0;
    for (int i = 0; i < m->nb_look; i++)
        if (fabsf(m->look[i]) > peak)
            peak = fabsf(m->look[i]);
    int onset = 0;
    while (fabsf(m->look[onset]) < ONSET * peak)
        onset++;
    m->nb_look = 0;
    m->quiet_s = 0;
    return add_time(&m->beeps, m->look_at_s + onset * m->step_s, err);
}

static int hear(struct meter *m, const AVFrame *f, AVRational tb, struct trtc_err *err)
{
    const double step = 1.0 / f->sample_rate, length = f->nb_samples * step;
    double at = m->end_sound_s;
    if (f->best_effort_timestamp != AV_NOPTS_VALUE)
        at = (double)f->best_effort_timestamp * av_q2d(tb);
    else if (m->sound_s <= 0)
        return 0;
    if (m->sound_s <= 0) {
        m->first_sound_s = at;
        m->quiet_s = QUIET_S;
    }
    if (m->sound_s <= 0 || at + length > m->end_sound_s)
        m->end_sound_s = at + length;
    m->sound_s += length;
    const bool mono_float = f->format == AV_SAMPLE_FMT_FLTP && f->ch_layout.nb_channels == 1;
    const void *plane = f->extended_data[0];
    const float *fast = plane;
    for (int i = 0; i < f->nb_samples; i++) {
        const float x = mono_float ? fast[i] : sample(f, i);
        if (m->nb_look > 0) {
            m->look[m->nb_look++] = x;
            if (m->nb_look >= m->want_look && judge(m, err) < 0)
                return -1;
        } else if (fabsf(x) < m->o->threshold) {
            m->quiet_s += step;
        } else if (m->quiet_s >= QUIET_S) {
            m->look[m->nb_look++] = x;
            m->look_at_s = at + i * step;
            m->step_s = step;
            m->want_look = (int)fmin(MAX_LOOK, LOOK_S * f->sample_rate + 1);
        } else {
            m->quiet_s = 0;
        }
    }
    return 0;
}

/* ---- decoding ---- */

/* The stream of a sound track (0...), or -1. */
static int sound_index(const AVFormatContext *in, int track)
{
    for (unsigned i = 0; i < in->nb_streams; i++)
        if (in->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO && track-- == 0)
            return (int)i;
    return -1;
}

/* index: of the stream, or -1 for the best one. */
static int open_index(AVFormatContext *in, enum AVMediaType type, int index, struct stream *s,
                      struct trtc_err *err)
{
    const AVCodec *codec = NULL;
    s->last_dts = s->last_pts = INT64_MIN;
    s->index = av_find_best_stream(in, type, index, -1, &codec, 0);
    if (s->index < 0 || codec == NULL) {
        s->index = -1;
        return 0;
    }
    const AVStream *st = in->streams[s->index];
    s->tb = st->time_base;
    s->dec = avcodec_alloc_context3(codec);
    if (s->dec == NULL)
        return trtc_fail_nomem(err);
    if (avcodec_parameters_to_context(s->dec, st->codecpar) < 0)
        return trtc_fail_nomem(err);
    s->dec->pkt_timebase = st->time_base;
    s->dec->thread_count = 1;
    s->dec->skip_loop_filter = AVDISCARD_ALL; /* white is white without it */
    const int rc = avcodec_open2(s->dec, codec, NULL);
    return rc < 0
               ? trtc_fail(err, TRTC_EX_UNAVAILABLE, "decoder %s: %s", codec->name, av_err2str(rc))
               : 0;
}

/* track: of the sound, or -1. A stream that is not there is no failure. */
static int open_stream(AVFormatContext *in, enum AVMediaType type, int track, struct stream *s,
                       struct trtc_err *err)
{
    const int want = track >= 0 ? sound_index(in, track) : -1;
    s->index = -1;
    return track >= 0 && want < 0 ? 0 : open_index(in, type, want, s, err);
}

/* A file and what is decoded of it: its picture, and the track of each view, decoded once. */
struct source {
    AVFormatContext *in;
    struct stream picture, sounds[MAX_VIEWS];
    struct stream rest[MAX_REST]; /* with --strict: tracks that are only decoded */
    int nb_rest;
    bool strict;
    const char *path;
    struct meter *meters;
    int nb_meters;
    AVPacket *pkt;
    AVFrame *frame;
};

static int judge_frame(struct source *s, const struct stream *st, struct trtc_err *err)
{
    int ret = 0;
    for (int i = 0; i < s->nb_meters && ret == 0; i++) {
        if (st == &s->picture)
            ret = see(&s->meters[i], s->frame, st->tb, err);
        else if (s->sounds[i].index == st->index)
            ret = hear(&s->meters[i], s->frame, st->tb, err);
    }
    return ret;
}

/* Reports a time that is not above the last one. */
static void check_time(const struct source *s, const struct stream *st, const char *what,
                       int64_t at, int64_t *last)
{
    if (!s->strict || at == AV_NOPTS_VALUE)
        return;
    if (at <= *last)
        fprintf(stderr, "%s: stream %d: %s at %" PRId64 " behind one at %" PRId64 "\n", s->path,
                st->index, what, at, *last);
    *last = at;
}

/* pkt NULL: the end. Damaged packets are passed over: what counts is what a player shows. */
static int decode(struct source *s, struct stream *st, const AVPacket *pkt, struct trtc_err *err)
{
    int ret = 0;
    if (st->dec == NULL)
        return 0;
    if (pkt != NULL)
        check_time(s, st, "a packet", pkt->dts, &st->last_dts);
    const int rc = avcodec_send_packet(st->dec, pkt);
    if (rc < 0 && s->strict)
        fprintf(stderr, "%s: stream %d: %s\n", s->path, st->index, av_err2str(rc));
    while (ret == 0 && avcodec_receive_frame(st->dec, s->frame) >= 0) {
        check_time(s, st, "a frame", s->frame->best_effort_timestamp, &st->last_pts);
        ret = judge_frame(s, st, err);
        av_frame_unref(s->frame);
    }
    return ret;
}

static struct stream *stream_of(struct source *s, int index)
{
    if (s->picture.index == index)
        return &s->picture;
    for (int i = 0; i < s->nb_meters; i++)
        if (s->sounds[i].index == index)
            return &s->sounds[i];
    for (int i = 0; i < s->nb_rest; i++)
        if (s->rest[i].index == index)
            return &s->rest[i];
    return NULL;
}

/* Opens the tracks that nothing is looked for in. */
static int open_rest(struct source *s, struct trtc_err *err)
{
    for (unsigned i = 0; i < s->in->nb_streams && s->nb_rest < MAX_REST; i++) {
        const enum AVMediaType type = s->in->streams[i]->codecpar->codec_type;
        struct stream *st = &s->rest[s->nb_rest];
        if (stream_of(s, (int)i) != NULL ||
            (type != AVMEDIA_TYPE_VIDEO && type != AVMEDIA_TYPE_AUDIO))
            continue;
        s->nb_rest++;
        if (open_index(s->in, type, (int)i, st, err) < 0)
            return -1;
        if (st->index < 0)
            return trtc_fail(err, TRTC_EX_DATAERR, "%s: stream %u: no decoder", s->path, i);
    }
    return 0;
}

static int open_source(struct source *s, const char *path, struct trtc_err *err)
{
    const int rc = avformat_open_input(&s->in, path, NULL, NULL);
    bool any;
    if (rc < 0)
        return trtc_fail(err, rc == AVERROR(ENOENT) ? TRTC_EX_NOINPUT : TRTC_EX_DATAERR, "%s: %s",
                         path, av_err2str(rc));
    if (avformat_find_stream_info(s->in, NULL) < 0 ||
        open_stream(s->in, AVMEDIA_TYPE_VIDEO, -1, &s->picture, err) < 0)
        return -1;
    any = s->picture.index >= 0;
    for (int i = 0; i < s->nb_meters; i++) {
        const int track = s->meters[i].v->track;
        int k = 0;
        while (k < i && s->meters[k].v->track != track)
            k++;
        if (k < i)
            s->sounds[i].index = s->sounds[k].index; /* decoded once */
        else if (open_stream(s->in, AVMEDIA_TYPE_AUDIO, track, &s->sounds[i], err) < 0)
            return -1;
        any |= s->sounds[i].index >= 0;
    }
    if (!any)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: neither picture nor sound", path);
    if (s->strict && open_rest(s, err) < 0)
        return -1;
    for (unsigned i = 0; i < s->in->nb_streams; i++)
        if (stream_of(s, (int)i) == NULL)
            s->in->streams[i]->discard = AVDISCARD_ALL;
    return 0;
}

/* A line a stream, of what the file says of it. */
static void print_streams(const AVFormatContext *in)
{
    for (unsigned i = 0; i < in->nb_streams; i++) {
        const AVStream *st = in->streams[i];
        const AVCodecParameters *p = st->codecpar;
        const char *type = av_get_media_type_string(p->codec_type);
        printf("stream\tcodec_type=%s\tcodec_name=%s\tcodec_tag_string=%s\tnb_frames=%" PRId64,
               type != NULL ? type : "", avcodec_get_name(p->codec_id), av_fourcc2str(p->codec_tag),
               st->nb_frames);
        if (st->duration != AV_NOPTS_VALUE)
            printf("\tduration=%.6f", (double)st->duration * av_q2d(st->time_base));
        if (st->start_time != AV_NOPTS_VALUE)
            printf("\tstart_time=%.6f", (double)st->start_time * av_q2d(st->time_base));
        if (p->codec_type == AVMEDIA_TYPE_VIDEO)
            printf("\twidth=%d\theight=%d\thas_b_frames=%d", p->width, p->height, p->video_delay);
        else
            printf("\tsample_rate=%d\tchannels=%d", p->sample_rate, p->ch_layout.nb_channels);
        putchar('\n');
    }
}

/* Decodes all that is left of the file. */
static int decode_all(struct source *s, struct trtc_err *err)
{
    int ret = 0, rc;
    while (ret == 0 && (rc = av_read_frame(s->in, s->pkt)) >= 0) {
        struct stream *st = stream_of(s, s->pkt->stream_index);
        if (st != NULL)
            ret = decode(s, st, s->pkt, err);
        av_packet_unref(s->pkt);
    }
    if (ret == 0 && rc != AVERROR_EOF && s->strict)
        fprintf(stderr, "%s: %s\n", s->path, av_err2str(rc));
    if (ret == 0)
        ret = decode(s, &s->picture, NULL, err);
    for (int i = 0; i < s->nb_meters && ret == 0; i++)
        ret = decode(s, &s->sounds[i], NULL, err);
    for (int i = 0; i < s->nb_rest && ret == 0; i++)
        ret = decode(s, &s->rest[i], NULL, err);
    return ret;
}

static int measure(const char *path, const struct opts *o, struct source *s, struct trtc_err *err)
{
    int ret = -1;
    s->pkt = av_packet_alloc();
    s->frame = av_frame_alloc();
    if (s->pkt == NULL || s->frame == NULL) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (open_source(s, path, err) < 0)
        goto done;
    if (o->streams)
        print_streams(s->in);
    if (!o->strict)
        av_log_set_level(AV_LOG_QUIET); /* from here on, damage is what it is */
    if (decode_all(s, err) < 0)
        goto done;
    for (int i = 0; i < s->nb_meters; i++)
        if (s->meters[i].nb_look > 0 && judge(&s->meters[i], err) < 0)
            goto done;
    ret = 0;
done:
    avcodec_free_context(&s->picture.dec);
    for (int i = 0; i < s->nb_meters; i++)
        avcodec_free_context(&s->sounds[i].dec);
    for (int i = 0; i < s->nb_rest; i++)
        avcodec_free_context(&s->rest[i].dec);
    av_frame_free(&s->frame);
    av_packet_free(&s->pkt);
    avformat_close_input(&s->in);
    return ret;
}

/* ---- report ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print_json(cJSON *j)
{
    char *text = cJSON_PrintUnformatted(j);
    if (text != NULL)
        puts(text);
    cJSON_free(text);
    cJSON_Delete(j);
}

static double rounded(double v, double unit)
{
    return round(v / unit) * unit;
}

static void add_seconds(cJSON *j, const char *key, double s)
{
    cJSON_AddNumberToObject(j, key, rounded(s, 1e-6));
}

/* What each object begins with. */
static cJSON *new_object(const struct meter *m, const char *path)
{
    cJSON *j = cJSON_CreateObject();
    cJSON_AddStringToObject(j, "file", path);
    if (m->o->nb_views > 1)
        cJSON_AddNumberToObject(j, "view", (double)(m->v - m->o->views + 1));
    return j;
}

static void print_marker(const struct meter *m, const char *path, const double *flash,
                         const double *beep)
{
    if (m->o->only_summary)
        return;
    if (m->o->json) {
        cJSON *j = new_object(m, path);
        if (flash != NULL)
            add_seconds(j, "flash_s", *flash);
        if (beep != NULL)
            add_seconds(j, "beep_s", *beep);
        if (flash != NULL && beep != NULL)
            cJSON_AddNumberToObject(j, "offset_ms", rounded((*beep - *flash) * 1000, 1e-3));
        print_json(j);
        return;
    }
    char text[3][40] = { "-", "-", "-" };
    if (flash != NULL)
        snprintf(text[0], sizeof text[0], "%.4f", *flash);
    if (beep != NULL)
        snprintf(text[1], sizeof text[1], "%.4f", *beep);
    if (flash != NULL && beep != NULL)
        snprintf(text[2], sizeof text[2], "%.2f", (*beep - *flash) * 1000);
    printf("%s%s\t%s\t%s\n", m->label, text[0], text[1], text[2]);
}

static void print_summary(const struct meter *m, const char *path, size_t nb, size_t nb_alone,
                          double max_ms, double p95_ms)
{
    const double picture_s = m->end_picture_s - m->first_picture_s;
    const double sound_s = m->end_sound_s - m->first_sound_s;
    if (m->o->json) {
        cJSON *j = new_object(m, path);
        cJSON_AddNumberToObject(j, "markers", (double)nb);
        cJSON_AddNumberToObject(j, "missing", (double)nb_alone);
        cJSON_AddNumberToObject(j, "max_ms", rounded(max_ms, 1e-3));
        cJSON_AddNumberToObject(j, "p95_ms", rounded(p95_ms, 1e-3));
        cJSON_AddNumberToObject(j, "frames", (double)m->nb_pictures);
        if (m->nb_pictures > 0) {
            add_seconds(j, "picture_s", picture_s);
            add_seconds(j, "first_picture_s", m->first_picture_s);
        }
        if (m->sound_s > 0) {
            add_seconds(j, "sound_s", sound_s);
            add_seconds(j, "samples_s", m->sound_s);
            add_seconds(j, "first_sound_s", m->first_sound_s);
        }
        print_json(j);
        return;
    }
    printf("%ssummary\tmarkers=%zu\tmissing=%zu\tmax_ms=%.2f\tp95_ms=%.2f\tpicture_s=%.4f"
           "\tsound_s=%.4f\tsamples_s=%.4f\tframes=%" PRId64
           "\tfirst_picture_s=%.4f\tfirst_sound_s=%.4f\n",
           m->label, nb, nb_alone, max_ms, p95_ms, picture_s, sound_s, m->sound_s, m->nb_pictures,
           m->first_picture_s, m->first_sound_s);
}

/* Pairs the flashes with the beeps, both in order of time. */
static int report(const struct meter *m, const char *path, struct trtc_err *err)
{
    const struct times *f = &m->flashes, *b = &m->beeps;
    double *offsets = malloc((f->nb + 1) * sizeof *offsets);
    size_t i = 0, k = 0, nb = 0, nb_alone = 0;
    if (offsets == NULL)
        return trtc_fail_nomem(err);
    while (i < f->nb || k < b->nb) {
        const double *flash = i < f->nb ? &f->s[i] : NULL, *beep = k < b->nb ? &b->s[k] : NULL;
        if (flash != NULL && beep != NULL && fabs(*beep - *flash) > MATCH_S) {
            if (*beep < *flash)
                flash = NULL;
            else
                beep = NULL;
        }
        i += flash != NULL;
        k += beep != NULL;
        if (flash != NULL && beep != NULL)
            offsets[nb++] = fabs(*beep - *flash) * 1000;
        else
            nb_alone++;
        print_marker(m, path, flash, beep);
    }
    if (m->o->summary) {
        qsort(offsets, nb, sizeof *offsets, by_value);
        const double max_ms = nb > 0 ? offsets[nb - 1] : 0;
        const double p95_ms = nb > 0 ? offsets[(size_t)ceil(0.95 * (double)nb) - 1] : 0;
        print_summary(m, path, nb + nb_alone, nb_alone, max_ms, p95_ms);
    }
    free(offsets);
    return 0;
}

static int run(const struct opts *o, const char *path, struct trtc_err *err)
{
    struct source s = {
        .picture.index = -1, .nb_meters = o->nb_views, .strict = o->strict, .path = path
    };
    struct meter *m = calloc((size_t)o->nb_views, sizeof *m);
    char *label = malloc(strlen(path) + 32);
    int ret = -1;
    if (m == NULL || label == NULL) {
        trtc_fail_nomem(err);
        goto done;
    }
    s.meters = m;
    for (int i = 0; i < o->nb_views; i++) {
        m[i].o = o;
        m[i].v = &o->views[i];
        s.sounds[i].index = -1;
    }
    *err = (struct trtc_err){ .code = TRTC_EX_DATAERR, .msg = "cannot be read" };
    ret = measure(path, o, &s, err);
    for (int i = 0; i < o->nb_views && ret == 0; i++) {
        const size_t n = o->paths ? strlen(path) + 1 : 0;
        label[0] = '\0';
        if (o->paths)
            snprintf(label, n + 1, "%s\t", path);
        if (o->nb_views > 1)
            snprintf(label + n, 16, "%d\t", i + 1);
        m[i].label = label;
        ret = report(&m[i], path, err);
    }
done:
    for (int i = 0; m != NULL && i < o->nb_views; i++) {
        free(m[i].flashes.s);
        free(m[i].beeps.s);
    }
    free(label);
    free(m);
    return ret;
}

static void print_time(int64_t t, AVRational tb, char end)
{
    if (t == AV_NOPTS_VALUE)
        printf("N/A%c", end);
    else
        printf("%.6f%c", (double)t * av_q2d(tb), end);
}

/* A line a packet, as the file has it. */
static int list_packets(const char *path, struct trtc_err *err)
{
    AVFormatContext *in = NULL;
    AVPacket *pkt = av_packet_alloc();
    if (pkt == NULL)
        return trtc_fail_nomem(err);
    int rc = avformat_open_input(&in, strcmp(path, "-") == 0 ? "pipe:0" : path, NULL, NULL);
    if (rc >= 0)
        rc = avformat_find_stream_info(in, NULL);
    if (rc < 0)
        trtc_fail(err, TRTC_EX_DATAERR, "%s: %s", path, av_err2str(rc));
    while (rc >= 0 && av_read_frame(in, pkt) >= 0) {
        const AVStream *st = in->streams[pkt->stream_index];
        const char *type = av_get_media_type_string(st->codecpar->codec_type);
        printf("%s,", type != NULL ? type : "other");
        print_time(pkt->pts, st->time_base, ',');
        print_time(pkt->dts, st->time_base, ',');
        print_time(pkt->duration > 0 ? pkt->duration : AV_NOPTS_VALUE, st->time_base, '\n');
        av_packet_unref(pkt);
    }
    av_packet_free(&pkt);
    avformat_close_input(&in);
    return rc < 0 ? -1 : 0;
}

static void usage(FILE *fp)
{
    fputs("usage: marks [options] FILE...\n"
          "Prints flash (s), beep (s) and beep - flash (ms) of each marker; '-' for none.\n"
          "Several files: their names in front.\n"
          "  -j, --json             objects, one a line\n"
          "  -s, --summary          one more line: counts, largest offset, lengths\n"
          "  -S, --summary-only     that line alone\n"
          "      --streams          first a line for each stream; what is wrong there on stderr\n"
          "      --packets          type,pts,dts,duration (s) of each packet, and nothing else\n"
          "      --strict           decode every track; report damage, and times that do not rise\n"
          "      --region X,Y,W,H   look for the flash only there\n"
          "      --track N          listen to this sound track, 0 is the first (the best one)\n"
          "                         each several times: the first region with the first track,\n"
          "                         and so on; lines begin with the number of the pair\n"
          "      --threshold LEVEL  a beep is louder (0.1; full scale is 1)\n",
          fp);
}

static bool parse_region(const char *s, struct view *v)
{
    return sscanf(s, "%5d,%5d,%5d,%5d", &v->x, &v->y, &v->w_px, &v->h_px) == 4 && v->x >= 0 &&
           v->y >= 0 && v->w_px > 0 && v->h_px > 0;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        { "json", no_argument, NULL, 'j' },
        { "summary", no_argument, NULL, 's' },
        { "summary-only", no_argument, NULL, 'S' },
        { "streams", no_argument, NULL, 'I' },
        { "packets", no_argument, NULL, 'P' },
        { "strict", no_argument, NULL, 'D' },
        { "region", required_argument, NULL, 'r' },
        { "track", required_argument, NULL, 'T' },
        { "threshold", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { 0 },
    };
    struct opts o = { .threshold = 0.1F };
    int c, code = 0, nb_regions = 0, nb_tracks = 0;
    for (int i = 0; i < MAX_VIEWS; i++)
        o.views[i].track = -1;
    while ((c = getopt_long(argc, argv, "jsSh", longs, NULL)) != -1) {
        bool bad = false;
        switch (c) {
        case 'j':
            o.json = true;
            break;
        case 's':
            o.summary = true;
            break;
        case 'S':
            o.summary = o.only_summary = true;
            break;
        case 'I':
            o.streams = true;
            break;
        case 'P':
            o.packets = true;
            break;
        case 'D':
            o.strict = true;
            break;
        case 'r':
            bad = nb_regions == MAX_VIEWS || !parse_region(optarg, &o.views[nb_regions++]);
            break;
        case 'T':
            bad = nb_tracks == MAX_VIEWS || sscanf(optarg, "%3d", &o.views[nb_tracks++].track) != 1;
            break;
        case 't':
            o.threshold = strtof(optarg, NULL);
            bad = !(o.threshold > 0);
            break;
        case 'h':
            usage(stdout);
            return 0;
        default:
            bad = true;
        }
        if (bad) {
            usage(stderr);
            return TRTC_EX_USAGE;
        }
    }
    if (optind == argc) {
        usage(stderr);
        return TRTC_EX_USAGE;
    }
    av_log_set_level(o.streams || o.strict ? AV_LOG_WARNING : AV_LOG_QUIET);
    o.paths = argc - optind > 1;
    o.nb_views = nb_regions > nb_tracks ? nb_regions : nb_tracks;
    if (o.nb_views == 0)
        o.nb_views = 1;
    for (int i = optind; i < argc; i++) {
        struct trtc_err err;
        if ((o.packets ? list_packets(argv[i], &err) : run(&o, argv[i], &err)) < 0) {
            fprintf(stderr, "marks: %s\n", err.msg);
            code = trtc_worse(code, err.code);
        }
    }
    if (fflush(stdout) != 0)
        code = trtc_worse(code, TRTC_EX_IOERR);
    return code;
}
