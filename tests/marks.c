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

#include "core/err.h"

#define MATCH_S 2.0  /* a beep belongs to a flash at most so far away */
#define QUIET_S 0.05 /* so much quiet before a beep */
#define LOOK_S 0.02  /* a beep's level is the peak of so much of it */
#define ONSET                                                                                  \
    0.3 /* the beep begins where this part of its level is reached: pre-echo is lower */
#define WHITE_LUMA 195 /* on the 8-bit scale */
#define WHITE_SHARE 0.9

enum { MAX_LOOK = 8192 };

struct opts {
    bool json, summary, only_summary;
    bool paths;           /* several files: each line begins with its file */
    float threshold;      /* samples above it may be a beep; full scale is 1 */
    int x, y, w_px, h_px; /* where to look for the flash; w_px 0: everywhere */
};

struct times {
    double *s;
    size_t nb, cap;
};

/* What was found in one file. */
struct meter {
    const struct opts *o;
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

static bool is_white(const struct opts *o, const AVFrame *f)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(f->format);
    if (d == NULL
        || d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_HWACCEL))
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
    const bool white = is_white(m->o, f);
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
        case AV_SAMPLE_FMT_FLT: sum += ((const float *)p)[k]; break;
        case AV_SAMPLE_FMT_DBL: sum += (float)((const double *)p)[k]; break;
        case AV_SAMPLE_FMT_S16: sum += (float)((const int16_t *)p)[k] / 32768; break;
        case AV_SAMPLE_FMT_S32: sum += (float)((const int32_t *)p)[k] / 2147483648.0F; break;
        default: break;
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

static int open_stream(AVFormatContext *in, enum AVMediaType type, struct stream *s,
                       struct trtc_err *err)
{
    const AVCodec *codec = NULL;
    s->index = av_find_best_stream(in, type, -1, -1, &codec, 0);
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
    s->dec->thread_count = type == AVMEDIA_TYPE_VIDEO ? 0 : 1;
    s->dec->skip_loop_filter = AVDISCARD_ALL; /* white is white without it */
    const int rc = avcodec_open2(s->dec, codec, NULL);
    return rc < 0 ? trtc_fail(err, TRTC_EX_UNAVAILABLE, "decoder %s: %s", codec->name,
                              av_err2str(rc))
                  : 0;
}

/* pkt NULL: the end. Damaged packets are passed over: what counts is what a player shows. */
static int decode(struct meter *m, struct stream *s, const AVPacket *pkt, AVFrame *frame,
                  struct trtc_err *err)
{
    int ret = 0;
    avcodec_send_packet(s->dec, pkt);
    while (ret == 0 && avcodec_receive_frame(s->dec, frame) >= 0) {
        ret = s->dec->codec_type == AVMEDIA_TYPE_VIDEO ? see(m, frame, s->tb, err)
                                                       : hear(m, frame, s->tb, err);
        av_frame_unref(frame);
    }
    return ret;
}

static int measure(const char *path, struct meter *m, struct trtc_err *err)
{
    AVFormatContext *in = NULL;
    AVPacket *pkt = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    struct stream streams[2] = {{.index = -1}, {.index = -1}};
    int ret = -1;
    if (pkt == NULL || frame == NULL) {
        trtc_fail_nomem(err);
        goto done;
    }
    int rc = avformat_open_input(&in, path, NULL, NULL);
    if (rc < 0) {
        trtc_fail(err, rc == AVERROR(ENOENT) ? TRTC_EX_NOINPUT : TRTC_EX_DATAERR, "%s: %s",
                  path, av_err2str(rc));
        goto done;
    }
    if (avformat_find_stream_info(in, NULL) < 0
        || open_stream(in, AVMEDIA_TYPE_VIDEO, &streams[0], err) < 0
        || open_stream(in, AVMEDIA_TYPE_AUDIO, &streams[1], err) < 0)
        goto done;
    if (streams[0].index < 0 && streams[1].index < 0) {
        trtc_fail(err, TRTC_EX_DATAERR, "%s: neither picture nor sound", path);
        goto done;
    }
    for (unsigned i = 0; i < in->nb_streams; i++)
        if ((int)i != streams[0].index && (int)i != streams[1].index)
            in->streams[i]->discard = AVDISCARD_ALL;
    while ((rc = av_read_frame(in, pkt)) >= 0) {
        for (int i = 0; i < 2; i++)
            if (pkt->stream_index == streams[i].index
                && decode(m, &streams[i], pkt, frame, err) < 0)
                goto done;
        av_packet_unref(pkt);
    }
    for (int i = 0; i < 2; i++)
        if (streams[i].index >= 0 && decode(m, &streams[i], NULL, frame, err) < 0)
            goto done;
    if (m->nb_look > 0 && judge(m, err) < 0)
        goto done;
    ret = 0;
done:
    avcodec_free_context(&streams[0].dec);
    avcodec_free_context(&streams[1].dec);
    av_frame_free(&frame);
    av_packet_free(&pkt);
    avformat_close_input(&in);
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

static void print_marker(const struct opts *o, const char *path, const double *flash,
                         const double *beep)
{
    if (o->only_summary)
        return;
    if (o->json) {
        cJSON *j = cJSON_CreateObject();
        cJSON_AddStringToObject(j, "file", path);
        if (flash != NULL)
            add_seconds(j, "flash_s", *flash);
        if (beep != NULL)
            add_seconds(j, "beep_s", *beep);
        if (flash != NULL && beep != NULL)
            cJSON_AddNumberToObject(j, "offset_ms", rounded((*beep - *flash) * 1000, 1e-3));
        print_json(j);
        return;
    }
    char text[3][40] = {"-", "-", "-"};
    if (flash != NULL)
        snprintf(text[0], sizeof text[0], "%.4f", *flash);
    if (beep != NULL)
        snprintf(text[1], sizeof text[1], "%.4f", *beep);
    if (flash != NULL && beep != NULL)
        snprintf(text[2], sizeof text[2], "%.2f", (*beep - *flash) * 1000);
    printf("%s%s%s\t%s\t%s\n", o->paths ? path : "", o->paths ? "\t" : "", text[0], text[1],
           text[2]);
}

static void print_summary(const struct meter *m, const char *path, size_t nb, size_t nb_alone,
                          double max_ms, double p95_ms)
{
    const double picture_s = m->end_picture_s - m->first_picture_s;
    const double sound_s = m->end_sound_s - m->first_sound_s;
    if (m->o->json) {
        cJSON *j = cJSON_CreateObject();
        cJSON_AddStringToObject(j, "file", path);
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
    printf(
        "%s%ssummary\tmarkers=%zu\tmissing=%zu\tmax_ms=%.2f\tp95_ms=%.2f\tpicture_s=%.4f"
        "\tsound_s=%.4f\tsamples_s=%.4f\tframes=%" PRId64
        "\tfirst_picture_s=%.4f\tfirst_sound_s=%.4f\n",
        m->o->paths ? path : "", m->o->paths ? "\t" : "", nb, nb_alone, max_ms, p95_ms,
        picture_s, sound_s, m->sound_s, m->nb_pictures, m->first_picture_s, m->first_sound_s);
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
        print_marker(m->o, path, flash, beep);
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
    struct meter *m = calloc(1, sizeof *m);
    if (m == NULL)
        return trtc_fail_nomem(err);
    m->o = o;
    *err = (struct trtc_err){.code = TRTC_EX_DATAERR, .msg = "cannot be read"};
    int ret = measure(path, m, err);
    if (ret == 0)
        ret = report(m, path, err);
    free(m->flashes.s);
    free(m->beeps.s);
    free(m);
    return ret;
}

static void usage(FILE *fp)
{
    fputs(
        "usage: marks [options] FILE...\n"
        "Prints flash (s), beep (s) and beep - flash (ms) of each marker; '-' for none.\n"
        "Several files: their names in front.\n"
        "  -j, --json             objects, one a line\n"
        "  -s, --summary          one more line: counts, largest offset, lengths\n"
        "  -S, --summary-only     that line alone\n"
        "      --region X,Y,W,H   look for the flash only there\n"
        "      --threshold LEVEL  a beep is louder (0.1; full scale is 1)\n",
        fp);
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"json", no_argument, NULL, 'j'},
        {"summary", no_argument, NULL, 's'},
        {"summary-only", no_argument, NULL, 'S'},
        {"region", required_argument, NULL, 'r'},
        {"threshold", required_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    struct opts o = {.threshold = 0.1F};
    int c, code = 0;
    while ((c = getopt_long(argc, argv, "jsSh", longs, NULL)) != -1) {
        bool bad = false;
        switch (c) {
        case 'j': o.json = true; break;
        case 's': o.summary = true; break;
        case 'S': o.summary = o.only_summary = true; break;
        case 'r':
            bad = sscanf(optarg, "%5d,%5d,%5d,%5d", &o.x, &o.y, &o.w_px, &o.h_px) != 4
                  || o.x < 0 || o.y < 0 || o.w_px <= 0 || o.h_px <= 0;
            break;
        case 't':
            o.threshold = strtof(optarg, NULL);
            bad = !(o.threshold > 0);
            break;
        case 'h': usage(stdout); return 0;
        default: bad = true;
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
    av_log_set_level(AV_LOG_QUIET);
    o.paths = argc - optind > 1;
    for (int i = optind; i < argc; i++) {
        struct trtc_err err;
        if (run(&o, argv[i], &err) < 0) {
            fprintf(stderr, "marks: %s\n", err.msg);
            code = trtc_worse(code, err.code);
        }
    }
    if (fflush(stdout) != 0)
        code = trtc_worse(code, TRTC_EX_IOERR);
    return code;
}
