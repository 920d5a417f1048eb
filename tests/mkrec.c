/* SPDX-License-Identifier: MIT */
/* mkrec: makes a directory of TRTC recordings (playlists and TS segments) for tests and demonstrations. It reads
 * nothing; the pictures carry a clock, and every 10 s of wall clock a white flash and a beep begin together. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <libavcodec/avcodec.h>
#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#include "core/b64.h"
#include "core/err.h"
#include "core/file.h"
#include "core/utc.h"
#include "genlib.h"

/* One clock inside: ticks of 90 kHz since the last marker instant (epoch ms % 10000 == 0) before --start. */

enum { MAX_USERS = 64, MAX_RANGES = 32, MAX_RUNS = 2 * MAX_RANGES + 2, MAX_HA = 3 };
enum { KIND_VIDEO = 1, KIND_AUDIO = 2 };
enum media { MAIN, AUX };

/* A stretch of time, ms after --start. */
struct range {
    int64_t a_ms, b_ms;
    int kinds;  /* holes: what is missing */
    bool stall; /* holes: the segment goes on behind it */
};

struct size_change {
    int64_t at_ms;
    int w_px, h_px;
    bool inside; /* no new segment for it */
};

struct user {
    char id[512];
    int kinds, aux_kinds;
    struct range stay; /* b_ms < 0: to the end */
    struct range holes[MAX_RANGES];
    int nb_holes;
    struct range aux[MAX_RANGES];
    int nb_aux;
    struct size_change sizes[MAX_RANGES];
    int nb_sizes;
    int w_px, h_px, fps, bframes;
    int64_t gop_ms, avoff_ms;
    double drift; /* 1e-6: one ppm fast */
    char codec[8], audio[8];
    int rate_hz, channels;
};

struct ha {
    int n;
    int64_t from_ms, overlap_ms;
};

struct opts {
    const char *dir, *room, *task, *prefix, *truth;
    int64_t sdkappid, start_ms, length_ms, segment_ms, pts_start, bitrate_bps, audio_bitrate_bps;
    bool room_string, old_tags, numbered, av_merge, mixed, restart_pts, no_endlist, crlf, bom, no_comma, loop, verbose;
    struct user users[MAX_USERS];
    int nb_users;
    struct ha ha[MAX_HA];
    int nb_ha;
};

/* One uninterrupted stretch of one track, in one picture size. */
struct run {
    int64_t a, b; /* ticks */
    int w_px, h_px;
    bool cut;     /* a segment starts with it */
};

/* One audio or video track of one user in one take (the recording proper, or a recovery). */
struct track {
    const struct opts *o;
    const struct user *u;
    enum media media;
    int kind;
    int colour;
    int64_t t0, pts0; /* the user's first media in this take, and its PTS */
    struct run runs[MAX_RUNS];
    int nb_runs;
};

struct packet {
    uint8_t *data; /* valid until the source is asked again */
    size_t size;
    double wall;   /* start of its presentation, ticks */
    double dur;    /* ticks of the track's own clock */
    int64_t pts, dts;
    bool key;
    bool cut;      /* the first one of a run that begins a segment */
    int w_px, h_px;
};

struct stored {
    uint8_t *data;
    size_t size;
    int64_t pts, dts;
    bool key;
};

/* Produces the packets of a track in decoding order. */
struct source {
    const struct track *t;
    int run;         /* index, -1 before the first */
    bool fresh;      /* nothing taken from this run yet */
    AVCodecContext *enc;
    AVFrame *frame;
    AVPacket *pkt;
    struct gen_picture pic;
    int64_t first, end, next; /* video: frame numbers on the marker grid, next: to be drawn */
    int64_t taken, total;     /* packets of the run that went out, and (audio, --loop) how many there will be */
    double origin;            /* audio: wall time of the run's sample 0 */
    int64_t delay;            /* video: PTS less DTS of the first packet */
    uint8_t *buf;    /* audio frame with its header */
    size_t cap;
    struct stored *bank; /* --loop: packets to repeat */
    int nb_bank;
    int64_t beep_frame;  /* --loop, audio: the frame in which the current beep begins, its phase, its marker */
    int beep_phase;
    int64_t marker;
    bool have;       /* cur holds a packet that was not used yet */
    struct packet cur;
};

struct segment {
    char *name;
    int64_t start_ms, bytes;
    double duration_s;
    int w_px, h_px; /* where the size is another than before, else 0 */
};

struct playlist {
    struct segment *segs;
    int nb, cap;
};

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t base_ms(const struct opts *o)
{
    return floor_div(o->start_ms, 10000) * 10000;
}

static int64_t to_ticks(const struct opts *o, int64_t ms)
{
    return (o->start_ms - base_ms(o) + ms) * 90;
}

static int64_t wall_ms(const struct opts *o, double ticks)
{
    return base_ms(o) + llrint(ticks / 90);
}

/* Where --numbered begins the second playlist. */
static int64_t half_ticks(const struct opts *o)
{
    return to_ticks(o, o->length_ms / 2);
}

/* ---- what is there when ---- */

static void add_run(struct track *t, int64_t a, int64_t b, int w_px, int h_px, bool cut)
{
    if (a < b && t->nb_runs < MAX_RUNS)
        t->runs[t->nb_runs++] = (struct run){a, b, w_px, h_px, cut};
}

static int by_start(const void *a, const void *b)
{
    const int64_t x = ((const struct range *)a)->a_ms, y = ((const struct range *)b)->a_ms;
    return (x > y) - (x < y);
}

/* Fills t->runs for the part of the track between from_ms and to_ms. */
static void plan_runs(struct track *t, int64_t from_ms, int64_t to_ms)
{
    const struct user *u = t->u;
    const struct range whole = {0, INT64_MAX, 0, false};
    const struct range *present = t->media == AUX ? u->aux : &whole;
    const int nb_present = t->media == AUX ? u->nb_aux : 1;
    if (u->stay.a_ms > from_ms)
        from_ms = u->stay.a_ms;
    if (u->stay.b_ms >= 0 && u->stay.b_ms < to_ms)
        to_ms = u->stay.b_ms;

    struct range holes[MAX_RANGES];
    int nb_holes = 0;
    for (int i = 0; i < u->nb_holes; i++) {
        const bool all = u->holes[i].kinds == (KIND_VIDEO | KIND_AUDIO);
        if (all || (t->media == MAIN && (u->holes[i].kinds & t->kind)))
            holes[nb_holes++] = u->holes[i];
    }
    qsort(holes, (size_t)nb_holes, sizeof *holes, by_start);

    int w = u->w_px, h = u->h_px;
    for (int p = 0; p < nb_present; p++) {
        int64_t at = present[p].a_ms > from_ms ? present[p].a_ms : from_ms;
        const int64_t stop = present[p].b_ms < to_ms ? present[p].b_ms : to_ms;
        bool cut = true;
        for (int i = 0; at < stop; i++) {
            const int64_t until = i < nb_holes && holes[i].a_ms < stop ? holes[i].a_ms : stop;
            /* pieces of one size each */
            for (int s = 0; t->kind == KIND_VIDEO && t->media == MAIN && s < u->nb_sizes; s++) {
                const struct size_change *c = &u->sizes[s];
                if (c->at_ms > at && c->at_ms < until) {
                    add_run(t, to_ticks(t->o, at), to_ticks(t->o, c->at_ms), w, h, cut);
                    cut = !c->inside;
                    at = c->at_ms;
                }
                if (c->at_ms <= at) {
                    w = c->w_px;
                    h = c->h_px;
                }
            }
            add_run(t, to_ticks(t->o, at), to_ticks(t->o, until), w, h, cut);
            if (i >= nb_holes)
                break;
            if (at < until || t->nb_runs == 0)
                cut = !holes[i].stall;
            if (holes[i].b_ms > at)
                at = holes[i].b_ms;
        }
    }
}

/* The first frame of the marker grid at or after a time. */
static int64_t grid_frame(const struct user *u, int64_t ticks)
{
    return -floor_div(-ticks * u->fps, GEN_HZ);
}

static double grid_time(const struct user *u, int64_t frame)
{
    return (double)frame * GEN_HZ / u->fps;
}

/* ---- encoders ---- */

static void video_options(const struct user *u, AVDictionary **d)
{
    char params[200];
    if (strcmp(u->codec, "hevc") == 0) {
        snprintf(params, sizeof params,
                 "aud=1:repeat-headers=1:open-gop=0:scenecut=0:keyint=-1:info=0:log-level=none:"
                 "bframes=%d:b-adapt=0:pools=1:frame-threads=1:rc-lookahead=%d",
                 u->bframes, u->bframes + 2);
        av_dict_set(d, "x265-params", params, 0);
    } else {
        snprintf(params, sizeof params, "scenecut=0:keyint=infinite:open-gop=0:b-adapt=0:"
                 "sync-lookahead=0:rc-lookahead=0:force-cfr=1:annexb=1");
        av_dict_set(d, "x264-params", params, 0);
        av_dict_set(d, "aud", "1", 0);
    }
    av_dict_set(d, "preset", "ultrafast", 0);
    av_dict_set(d, "forced-idr", "1", 0);
}

static int open_video(struct source *s, const struct run *r, struct trtc_err *err)
{
    const struct user *u = s->t->u;
    const char *name = strcmp(u->codec, "hevc") == 0 ? "libx265" : "libx264";
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (codec == NULL)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "encoder %s: not in this FFmpeg", name);
    AVDictionary *d = NULL;
    s->enc = avcodec_alloc_context3(codec);
    if (s->enc == NULL)
        return trtc_fail_nomem(err);
    s->enc->width = r->w_px;
    s->enc->height = r->h_px;
    s->enc->pix_fmt = AV_PIX_FMT_YUV420P;
    s->enc->time_base = (AVRational){1, u->fps};
    s->enc->framerate = (AVRational){u->fps, 1};
    s->enc->bit_rate = s->t->o->bitrate_bps;
    s->enc->max_b_frames = u->bframes;
    s->enc->thread_count = 2; /* fixed: rate control depends on it */
    video_options(u, &d);
    const int rc = avcodec_open2(s->enc, codec, &d);
    av_dict_free(&d);
    if (rc < 0)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "encoder %s: %s", name, av_err2str(rc));

    const int colour = s->t->colour;
    gen_picture_fini(&s->pic);
    if (gen_picture_init(&s->pic, r->w_px, r->h_px, colour, s->t->media == AUX) < 0)
        return trtc_fail_nomem(err);
    s->frame->format = AV_PIX_FMT_YUV420P;
    s->frame->width = r->w_px;
    s->frame->height = r->h_px;
    return 0;
}

static int open_audio(struct source *s, struct trtc_err *err)
{
    const struct user *u = s->t->u;
    const char *name = strcmp(u->audio, "mp3") == 0    ? "libmp3lame"
                       : strcmp(u->audio, "opus") == 0 ? "libopus"
                                                       : "aac";
    const AVCodec *codec = avcodec_find_encoder_by_name(name);
    if (codec == NULL)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "encoder %s: not in this FFmpeg", name);
    AVDictionary *d = NULL;
    s->enc = avcodec_alloc_context3(codec);
    if (s->enc == NULL)
        return trtc_fail_nomem(err);
    s->enc->sample_fmt = codec->sample_fmts[0];
    for (int i = 0; codec->sample_fmts[i] != AV_SAMPLE_FMT_NONE; i++)
        if (codec->sample_fmts[i] == AV_SAMPLE_FMT_FLTP || codec->sample_fmts[i] == AV_SAMPLE_FMT_FLT)
            s->enc->sample_fmt = codec->sample_fmts[i];
    s->enc->sample_rate = u->rate_hz;
    av_channel_layout_default(&s->enc->ch_layout, u->channels);
    s->enc->bit_rate = s->t->o->audio_bitrate_bps;
    s->enc->time_base = (AVRational){1, u->rate_hz};
    if (strcmp(name, "aac") == 0) {
        /* frames must stand on their own: no noise substitution, no stereo or prediction tools */
        av_dict_set(&d, "aac_coder", "fast", 0);
        av_dict_set(&d, "aac_pns", "0", 0);
    }
    const int rc = avcodec_open2(s->enc, codec, &d);
    av_dict_free(&d);
    if (rc < 0)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "encoder %s at %d Hz: %s", name, u->rate_hz,
                         av_err2str(rc));
    s->frame->format = s->enc->sample_fmt;
    s->frame->sample_rate = u->rate_hz;
    s->frame->nb_samples = s->enc->frame_size;
    return av_channel_layout_copy(&s->frame->ch_layout, &s->enc->ch_layout) < 0 ? trtc_fail_nomem(err)
                                                                                : 0;
}

static int fresh_frame(struct source *s, struct trtc_err *err)
{
    const int rc = s->frame->buf[0] == NULL ? av_frame_get_buffer(s->frame, 0)
                                            : av_frame_make_writable(s->frame);
    return rc < 0 ? trtc_fail_nomem(err) : 0;
}

/* ---- pictures ---- */

static int64_t gop_frames(const struct user *u)
{
    const int64_t n = u->gop_ms * u->fps / 1000;
    return n > 0 ? n : 1;
}

static int draw_frame(struct source *s, int64_t n, struct trtc_err *err)
{
    const struct user *u = s->t->u;
    if (fresh_frame(s, err) < 0)
        return -1;
    const int64_t ms = wall_ms(s->t->o, grid_time(u, n)), day = ms % 86400000;
    char clock[32], text[80];
    snprintf(clock, sizeof clock, "%02d:%02d:%02d.%03d", (int)(day / 3600000),
             (int)(day / 60000 % 60), (int)(day / 1000 % 60), (int)(day % 1000));
    snprintf(text, sizeof text, "%.8s %s #%06d", u->id, s->t->media == AUX ? "AUX" : "MAIN",
             (int)((n - s->first) % 1000000));
    const char *const lines[2] = {s->t->o->loop ? NULL : clock, s->t->o->loop ? NULL : text};
    /* the flash lasts two pictures, or 100 ms */
    const int64_t flash = u->fps > 20 ? u->fps / 10 : 2;
    const int64_t period = (int64_t)u->fps * 10;
    gen_picture_draw(&s->pic, n, lines, n % period < flash, s->frame->data, s->frame->linesize);
    s->frame->pts = n - s->first;
    const bool key = (n - s->first) % gop_frames(u) == 0
                     || (s->t->o->numbered && n == grid_frame(u, half_ticks(s->t->o)));
    s->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    return 0;
}

/* Next encoded picture of the frames from s->next to before end: 1, 0 at the end, -1. */
static int encode_picture(struct source *s, int64_t end, struct trtc_err *err)
{
    for (;;) {
        int rc = avcodec_receive_packet(s->enc, s->pkt);
        if (rc >= 0)
            return 1;
        if (rc == AVERROR_EOF)
            return 0;
        if (rc == AVERROR(EAGAIN)) {
            const bool more = s->next < end;
            if (more && draw_frame(s, s->next, err) < 0)
                return -1;
            s->next += more;
            rc = avcodec_send_frame(s->enc, more ? s->frame : NULL);
        }
        if (rc < 0)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "encoding video: %s", av_err2str(rc));
    }
}

static int store(struct source *s, int index, const uint8_t *data, size_t size, struct trtc_err *err)
{
    struct stored *b = &s->bank[index];
    b->data = malloc(size);
    if (b->data == NULL)
        return trtc_fail_nomem(err);
    memcpy(b->data, data, size);
    b->size = size;
    b->pts = s->pkt->pts;
    b->dts = s->pkt->dts;
    b->key = s->pkt->flags & AV_PKT_FLAG_KEY;
    return 0;
}

static void free_bank(struct source *s)
{
    for (int i = 0; i < s->nb_bank; i++)
        free(s->bank[i].data);
    free(s->bank);
    s->bank = NULL;
    s->nb_bank = 0;
}

static int new_bank(struct source *s, int n, struct trtc_err *err)
{
    s->bank = calloc((size_t)n, sizeof *s->bank);
    if (s->bank == NULL)
        return trtc_fail_nomem(err);
    s->nb_bank = n;
    return 0;
}

static int start_video_run(struct source *s, const struct run *r, struct trtc_err *err)
{
    const struct user *u = s->t->u;
    s->first = s->next = grid_frame(u, r->a);
    s->end = grid_frame(u, r->b);
    s->total = s->end - s->first;
    if (open_video(s, r, err) < 0)
        return -1;
    if (!s->t->o->loop)
        return 0;
    /* one period, to be repeated; its key frames fall where the next period's would */
    if (new_bank(s, u->fps * 10, err) < 0)
        return -1;
    for (int i = 0; i < s->nb_bank; i++) {
        if (encode_picture(s, s->first + s->nb_bank, err) != 1)
            return -1;
        if (store(s, i, s->pkt->data, (size_t)s->pkt->size, err) < 0)
            return -1;
        av_packet_unref(s->pkt);
    }
    return 0;
}

/* The run's next picture: 1, 0 at its end, -1. */
static int next_video(struct source *s, struct packet *p, struct trtc_err *err)
{
    const struct track *t = s->t;
    int64_t pts, dts;
    if (s->bank != NULL) {
        if (s->taken == s->total)
            return 0;
        const struct stored *b = &s->bank[s->taken % s->nb_bank];
        const int64_t turn = s->taken - s->taken % s->nb_bank;
        *p = (struct packet){.data = b->data, .size = b->size, .key = b->key};
        pts = b->pts + turn;
        dts = b->dts + turn;
    } else {
        av_packet_unref(s->pkt);
        const int rc = encode_picture(s, s->end, err);
        if (rc <= 0)
            return rc;
        *p = (struct packet){.data = s->pkt->data, .size = (size_t)s->pkt->size,
                             .key = s->pkt->flags & AV_PKT_FLAG_KEY};
        pts = s->pkt->pts;
        dts = s->pkt->dts;
    }
    p->wall = grid_time(t->u, s->first + pts);
    p->dur = (double)GEN_HZ / t->u->fps;
    p->pts = t->pts0 + llrint(p->wall - (double)t->t0);
    p->dts = pts == dts ? p->pts
                        : t->pts0 + llrint(grid_time(t->u, s->first + dts) - (double)t->t0);
    p->w_px = t->runs[s->run].w_px;
    p->h_px = t->runs[s->run].h_px;
    if (s->taken == 0)
        s->delay = p->pts - p->dts;
    return 1;
}

/* ---- sound ---- */

/* A tone of whole periods per frame, so that frames of it are all alike. */
static double tone_hz(const struct source *s)
{
    const int n = 5 + s->t->colour % 12;
    return (double)n * s->t->u->rate_hz / s->enc->frame_size;
}

static void put_sample(AVFrame *f, int channels, int i, float x)
{
    for (int c = 0; c < channels; c++) {
        if (f->format == AV_SAMPLE_FMT_FLTP)
            ((float *)f->extended_data[c])[i] = x;
        else
            ((float *)f->extended_data[0])[i * channels + c] = x;
    }
}

/* Ticks of wall clock from one sample to the next. */
static double sample_wall(const struct user *u)
{
    return (double)GEN_HZ / u->rate_hz * (1 - u->drift);
}

/* Fills the frame with the run's samples from n on. */
static void fill_sound(struct source *s, int64_t n)
{
    const struct user *u = s->t->u;
    const double hz = tone_hz(s), shift = (double)u->avoff_ms * 90;
    for (int i = 0; i < s->enc->frame_size; i++) {
        const double at = s->origin + (double)(n + i) * sample_wall(u);
        const double since = at - shift - floor((at - shift) / GEN_MARKER_TICKS) * GEN_MARKER_TICKS;
        put_sample(s->frame, u->channels, i, gen_tone(at / GEN_HZ, hz) + gen_beep(since / GEN_HZ));
    }
}

enum { PHASES = 32, CLIP_LEAD = 2, CLIP_TAIL = 2, CLIP_WARM = 12 };

static int clip_frames(const struct source *s)
{
    const int beep = (int)ceil(GEN_BEEP_S * s->t->u->rate_hz);
    return CLIP_LEAD + (beep + s->enc->frame_size - 1) / s->enc->frame_size + 1 + CLIP_TAIL;
}

/* The same for the bank: a tone, with a beep of each phase once. */
static void fill_clips(struct source *s, int64_t n)
{
    const struct user *u = s->t->u;
    const int fs = s->enc->frame_size, turn = CLIP_WARM + clip_frames(s);
    for (int i = 0; i < fs; i++) {
        const int64_t at = n + i, q = at / ((int64_t)turn * fs);
        const int64_t begin = (q * turn + CLIP_WARM + CLIP_LEAD) * fs + q * fs / PHASES;
        const float beep = q < PHASES ? gen_beep((double)(at - begin) / u->rate_hz) : 0;
        put_sample(s->frame, u->channels, i, gen_tone((double)at / u->rate_hz, tone_hz(s)) + beep);
    }
}

/* Next frame of sound from the encoder: its PTS (samples) is never negative. 1, or -1. */
static int encode_sound(struct source *s, void (*fill)(struct source *, int64_t), struct trtc_err *err)
{
    for (;;) {
        int rc = avcodec_receive_packet(s->enc, s->pkt);
        if (rc >= 0 && s->pkt->pts >= 0)
            return 1;
        if (rc >= 0) { /* what the encoder says before the first sample */
            av_packet_unref(s->pkt);
            continue;
        }
        if (rc == AVERROR(EAGAIN)) {
            if (fresh_frame(s, err) < 0)
                return -1;
            fill(s, s->next);
            s->frame->pts = s->next;
            s->next += s->enc->frame_size;
            rc = avcodec_send_frame(s->enc, s->frame);
        }
        if (rc < 0)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "encoding audio: %s", av_err2str(rc));
    }
}

/* The frame in s->pkt as it stands in a TS, in s->buf. */
static int wrap_sound(struct source *s, size_t *size, struct trtc_err *err)
{
    const struct user *u = s->t->u;
    const size_t n = (size_t)s->pkt->size, need = n + n / 255 + 16;
    if (s->cap < need) {
        free(s->buf);
        s->cap = 0;
        s->buf = malloc(need * 2);
        if (s->buf == NULL)
            return trtc_fail_nomem(err);
        s->cap = need * 2;
    }
    size_t head = 0;
    if (strcmp(u->audio, "aac") == 0) {
        gen_adts(s->buf, u->rate_hz, u->channels, n);
        head = 7;
    } else if (strcmp(u->audio, "opus") == 0) {
        head = gen_opus_header(s->buf, n);
    }
    memcpy(s->buf + head, s->pkt->data, n);
    *size = head + n;
    return 0;
}

static int fill_bank(struct source *s, struct trtc_err *err)
{
    const int clip = clip_frames(s), turn = CLIP_WARM + clip;
    if (new_bank(s, 1 + PHASES * clip, err) < 0)
        return -1;
    for (int k = 0; k < PHASES * turn; k++) {
        size_t size;
        if (encode_sound(s, fill_clips, err) < 0 || wrap_sound(s, &size, err) < 0)
            return -1;
        const int q = k / turn, i = k % turn - CLIP_WARM;
        if (k == CLIP_WARM - 1 && store(s, 0, s->buf, size, err) < 0)
            return -1;
        if (i >= 0 && store(s, 1 + q * clip + i, s->buf, size, err) < 0)
            return -1;
        av_packet_unref(s->pkt);
    }
    return 0;
}

static int start_audio_run(struct source *s, const struct run *r, struct trtc_err *err)
{
    s->origin = (double)r->a;
    s->next = 0;
    s->marker = floor_div(r->a, GEN_MARKER_TICKS) * GEN_MARKER_TICKS - 2 * GEN_MARKER_TICKS;
    s->beep_frame = INT64_MIN / 2;
    if (open_audio(s, err) < 0)
        return -1;
    const double frame_wall = sample_wall(s->t->u) * s->enc->frame_size;
    s->total = llrint((double)(r->b - r->a) / frame_wall);
    return s->t->o->loop ? fill_bank(s, err) : 0;
}

/* --loop: the bank's packet for frame number k of the run. */
static const struct stored *clip_at(struct source *s, int64_t k)
{
    const struct user *u = s->t->u;
    const int clip = clip_frames(s);
    while (k >= s->beep_frame - CLIP_LEAD + clip) {
        s->marker += GEN_MARKER_TICKS;
        const double at = ((double)(s->marker + u->avoff_ms * 90) - s->origin) / sample_wall(u);
        const int64_t step = llrint(at * PHASES / s->enc->frame_size);
        s->beep_frame = floor_div(step, PHASES);
        s->beep_phase = (int)(step - s->beep_frame * PHASES);
    }
    const int64_t i = k - (s->beep_frame - CLIP_LEAD);
    return &s->bank[i < 0 ? 0 : 1 + s->beep_phase * clip + i];
}

static int next_audio(struct source *s, struct packet *p, struct trtc_err *err)
{
    const struct track *t = s->t;
    const struct user *u = t->u;
    const int fs = s->enc->frame_size;
    if (s->taken >= s->total)
        return 0;
    double n;
    if (s->bank != NULL) {
        const struct stored *b = clip_at(s, s->taken);
        *p = (struct packet){.data = b->data, .size = b->size, .key = true};
        n = (double)s->taken * fs;
    } else {
        size_t size;
        av_packet_unref(s->pkt);
        if (encode_sound(s, fill_sound, err) < 0 || wrap_sound(s, &size, err) < 0)
            return -1;
        *p = (struct packet){.data = s->buf, .size = size, .key = true};
        n = (double)s->pkt->pts;
    }
    p->wall = s->origin + n * sample_wall(u);
    p->dur = (double)fs * GEN_HZ / u->rate_hz;
    const double before = (s->origin - (double)t->t0) / (1 - u->drift);
    p->pts = p->dts = t->pts0 + llrint(before + n * GEN_HZ / u->rate_hz);
    return 1;
}

/* ---- sources ---- */

static void close_run(struct source *s)
{
    free_bank(s);
    avcodec_free_context(&s->enc);
    av_packet_unref(s->pkt);
    av_frame_unref(s->frame);
}

static int source_init(struct source *s, const struct track *t, struct trtc_err *err)
{
    *s = (struct source){.t = t, .run = -1};
    s->frame = av_frame_alloc();
    s->pkt = av_packet_alloc();
    return s->frame == NULL || s->pkt == NULL ? trtc_fail_nomem(err) : 0;
}

static void source_fini(struct source *s)
{
    if (s->pkt != NULL && s->frame != NULL)
        close_run(s);
    av_packet_free(&s->pkt);
    av_frame_free(&s->frame);
    gen_picture_fini(&s->pic);
    free(s->buf);
}

/* Puts the next packet into s->cur; s->have says whether there is one. */
static int source_next(struct source *s, struct trtc_err *err)
{
    const struct track *t = s->t;
    const bool video = t->kind == KIND_VIDEO;
    s->have = false;
    for (;;) {
        if (s->enc != NULL) {
            const int rc = video ? next_video(s, &s->cur, err) : next_audio(s, &s->cur, err);
            if (rc < 0)
                return -1;
            if (rc > 0) {
                s->cur.cut = s->taken == 0 && t->runs[s->run].cut;
                s->taken++;
                s->have = true;
                return 0;
            }
            close_run(s);
        }
        if (++s->run >= t->nb_runs) {
            s->run = t->nb_runs;
            return 0;
        }
        s->taken = 0;
        const struct run *r = &t->runs[s->run];
        if ((video ? start_video_run(s, r, err) : start_audio_run(s, r, err)) < 0)
            return -1;
    }
}

/* ---- files ---- */

/* A playlist with its segments: one track, or an audio and a video track in one TS. */
struct out {
    const struct opts *o;
    const struct track *video, *audio; /* one may be NULL */
    int ha;
    char dir[1024], stem[2048];        /* stem: file name up to _UTC.ts or .m3u8 */
    struct gen_ts ts;
    int ts_video, ts_audio;
    struct segment *segs;
    int nb_segs, cap_segs, first_seg;  /* first_seg: of the playlist in the making */
    int nb_playlists;
    int64_t nb_packets, nb_bytes;
    cJSON *playlists;                  /* names, for the truth */
    /* the open segment */
    bool open;
    double start, target;
    int64_t first_pts, shift;
    double end_pts;
    int w_px, h_px, last_w_px, last_h_px;
};

static char *encoded(const char *text, bool b64)
{
    const size_t n = strlen(text);
    char *out = malloc(b64 ? TRTC_B64_ENCODED_MAX(n) : n + 1);
    if (out == NULL)
        return NULL;
    if (b64)
        trtc_b64_encode(text, n, out);
    else
        memcpy(out, text, n + 1);
    return out;
}

static int make_stem(struct out *f, struct trtc_err *err)
{
    const struct opts *o = f->o;
    const struct track *t = f->video != NULL ? f->video : f->audio;
    char *room = encoded(o->room, o->room_string), *user = encoded(t->u->id, true);
    int n = -1;
    if (room != NULL && user != NULL) {
        char ha[16] = "";
        if (f->ha > 0)
            snprintf(ha, sizeof ha, "ha%d_", f->ha);
        n = snprintf(f->stem, sizeof f->stem, "%s%lld_%s", ha, (long long)o->sdkappid, room);
        if (!o->mixed)
            n += snprintf(f->stem + n, sizeof f->stem - (size_t)n, "__UserId_s_%s__UserId_e_%s_%s", user,
                          t->media == AUX ? "aux" : "main", f->video != NULL ? "video" : "audio");
    }
    free(room);
    free(user);
    return n < 0 ? trtc_fail_nomem(err) : 0;
}

static int write_file(const struct opts *o, const char *path, const void *data, size_t size,
                      struct trtc_err *err)
{
    FILE *fp = fopen(path, "wb");
    if (fp == NULL)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", path);
    setvbuf(fp, NULL, _IONBF, 0);
    const bool bad = fwrite(data, 1, size, fp) != size;
    const int errnum = errno;
    if (fclose(fp) != 0 || bad)
        return trtc_fail_errno(err, TRTC_EX_IOERR, bad ? errnum : errno, "%s", path);
    if (o->verbose)
        puts(path);
    return 0;
}

static int close_segment(struct out *f, struct trtc_err *err)
{
    char utc[TRTC_UTC_LEN + 1], path[4096], name[3072];
    if (!f->open)
        return 0;
    f->open = false;
    if (gen_ts_end(&f->ts) < 0)
        return trtc_fail_nomem(err);
    if (f->nb_segs == f->cap_segs) {
        const int cap = f->cap_segs * 2 + 16;
        struct segment *p = realloc(f->segs, (size_t)cap * sizeof *p);
        if (p == NULL)
            return trtc_fail_nomem(err);
        f->segs = p;
        f->cap_segs = cap;
    }
    struct segment *seg = &f->segs[f->nb_segs];
    *seg = (struct segment){.start_ms = wall_ms(f->o, f->start), .bytes = (int64_t)f->ts.n};
    seg->duration_s = (f->end_pts - (double)f->first_pts) / GEN_HZ;
    if (f->w_px != f->last_w_px || f->h_px != f->last_h_px) {
        seg->w_px = f->last_w_px = f->w_px;
        seg->h_px = f->last_h_px = f->h_px;
    }
    trtc_utc_format17(seg->start_ms, utc);
    snprintf(name, sizeof name, "%s_%s.ts", f->stem, utc);
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    const size_t n = strlen(name) + 1;
    seg->name = malloc(n);
    if (seg->name == NULL)
        return trtc_fail_nomem(err);
    memcpy(seg->name, name, n);
    f->nb_segs++;
    f->nb_bytes += seg->bytes;
    return write_file(f->o, path, f->ts.buf, f->ts.n, err);
}

static int codec_id(const char *name)
{
    return strcmp(name, "h264") == 0   ? AV_CODEC_ID_H264
           : strcmp(name, "hevc") == 0 ? AV_CODEC_ID_HEVC
           : strcmp(name, "mp3") == 0  ? AV_CODEC_ID_MP3
           : strcmp(name, "opus") == 0 ? AV_CODEC_ID_OPUS
                                       : AV_CODEC_ID_AAC;
}

static void print_video(const struct out *f, FILE *fp, const struct segment *seg)
{
    fprintf(fp, "#EXT-X-TRTC-VIDEO-METADATA:WIDTH:%d HEIGHT:%d", seg->w_px, seg->h_px);
    if (!f->o->old_tags)
        fprintf(fp, " Codec:%d", codec_id(f->video->u->codec));
    putc('\n', fp);
}

static void print_header(const struct out *f, FILE *fp)
{
    const struct opts *o = f->o;
    const struct track *t = f->video != NULL ? f->video : f->audio;
    const struct segment *first = &f->segs[f->first_seg];
    fprintf(fp, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-ALLOW-CACHE:NO\n#EXT-X-MEDIA-SEQUENCE:0\n");
    fprintf(fp, "#EXT-X-TARGETDURATION:%lld\n",
            o->old_tags ? 70LL : (long long)(o->segment_ms + 999) / 1000);
    if (!o->old_tags)
        fprintf(fp, "#EXT-X-TRTC-VERSION:1a2b3c\n#EXT-X-TRTC-DATE:2025-11-27 11:23:39 +0800\n");
    fprintf(fp, "#EXT-X-TRTC-START-REC-TIME:%lld\n", (long long)first->start_ms);
    if (o->old_tags)
        return;
    fprintf(fp, "#EXT-X-TRTC-MEDIA-ID:%s\n", t->media == AUX ? "aux" : "main");
    if (!o->mixed)
        fprintf(fp, "#EXT-X-TRTC-USER-ID:%s\n", t->u->id);
    fprintf(fp, "#EXT-X-TRTC-MIX-STREAM:%d\n", o->mixed);
    fprintf(fp, "#EXT-X-TRTC-STREAM-TYPE:%d\n", f->video == NULL ? 0 : f->audio == NULL ? 1 : 2);
    if (f->audio != NULL)
        fprintf(fp, "#EXT-X-TRTC-AUDIO-METADATA:Channel:%d SampleRate:%d SampleFormat:1 Codec:%d\n",
                f->audio->u->channels, f->audio->u->rate_hz, codec_id(f->audio->u->audio));
}

/* The text with every line feed as CR LF. */
static char *with_crlf(const char *text, size_t *n)
{
    char *out = malloc(2 * *n + 1), *p = out;
    for (size_t i = 0; out != NULL && i < *n; i++) {
        if (text[i] == '\n')
            *p++ = '\r';
        *p++ = text[i];
    }
    if (out != NULL)
        *n = (size_t)(p - out);
    return out;
}

static int close_playlist(struct out *f, bool last, struct trtc_err *err)
{
    const struct opts *o = f->o;
    if (close_segment(f, err) < 0)
        return -1;
    if (f->first_seg == f->nb_segs)
        return 0;
    char *text = NULL, name[3072], path[4096];
    size_t n = 0;
    int ret = -1;
    FILE *fp = open_memstream(&text, &n);
    if (fp == NULL)
        return trtc_fail_nomem(err);
    if (o->bom)
        fputs("\xef\xbb\xbf", fp);
    print_header(f, fp);
    for (int i = f->first_seg; i < f->nb_segs; i++) {
        const struct segment *seg = &f->segs[i];
        if (seg->w_px > 0)
            print_video(f, fp, seg);
        if (!o->old_tags)
            fprintf(fp, "#EXT-X-TRTC-FILE-ATTR:%lld,%lld\n", (long long)seg->start_ms,
                    (long long)seg->bytes);
        fprintf(fp, "#EXTINF:%.6g%s\n%s\n", seg->duration_s, o->old_tags || o->no_comma ? "" : ",",
                seg->name);
    }
    if (!(o->no_endlist && last))
        fputs("#EXT-X-ENDLIST\n", fp);
    if (fclose(fp) != 0 || text == NULL) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (o->crlf) {
        char *crlf = with_crlf(text, &n);
        if (crlf == NULL) {
            trtc_fail_nomem(err);
            goto done;
        }
        free(text);
        text = crlf;
    }
    if (f->nb_playlists++ == 0)
        snprintf(name, sizeof name, "%s.m3u8", f->stem);
    else
        snprintf(name, sizeof name, "%s_%d.m3u8", f->stem, f->nb_playlists);
    snprintf(path, sizeof path, "%s/%s", f->dir, name);
    if (f->playlists != NULL)
        cJSON_AddItemToArray(f->playlists, cJSON_CreateString(name));
    f->first_seg = f->nb_segs;
    f->last_w_px = f->last_h_px = 0; /* the next playlist says its size again */
    ret = write_file(o, path, text, n, err);
done:
    free(text);
    return ret;
}

/* ---- writing ---- */

static int put_packet(struct out *f, const struct packet *p, bool video, bool cut, struct trtc_err *err)
{
    const struct opts *o = f->o;
    if (cut && f->open && close_segment(f, err) < 0)
        return -1;
    if (o->numbered && f->nb_playlists == 0 && p->key && p->wall >= (double)half_ticks(o)
        && (video || f->video == NULL) && close_playlist(f, false, err) < 0)
        return -1;
    if (!f->open) {
        gen_ts_begin(&f->ts);
        f->open = true;
        f->start = p->wall;
        f->first_pts = p->pts;
        f->end_pts = (double)p->pts;
        f->shift = o->restart_pts ? o->pts_start - p->pts : 0;
        f->target = p->wall + (double)o->segment_ms * 90;
    }
    if (video) {
        f->w_px = p->w_px;
        f->h_px = p->h_px;
    }
    if ((double)p->pts + p->dur > f->end_pts)
        f->end_pts = (double)p->pts + p->dur;
    if (video)
        gen_ts_video(&f->ts, f->ts_video, p->data, p->size, p->pts + f->shift, p->dts + f->shift, p->key);
    else
        gen_ts_audio(&f->ts, f->ts_audio, p->data, p->size, p->pts + f->shift);
    f->nb_packets++;
    return 0;
}

/* Whether the packet begins a new segment. other: the video source of a TS with both kinds, for audio. */
static bool cuts(const struct out *f, const struct packet *p, bool video, const struct source *other)
{
    if (!f->open)
        return false;
    const bool full = p->key && p->wall >= f->target - 1;
    if (f->video == NULL || f->audio == NULL)
        return p->cut || full;
    if (video) /* a picture that is only a little later than the sound that opened the segment joins it */
        return full || (p->cut && p->wall > f->start + GEN_HZ);
    const bool pictures = other->have && other->cur.dts + other->delay < p->pts + 3 * GEN_HZ;
    return !pictures && (full || p->cut);
}

static int write_tracks(struct out *f, struct trtc_err *err)
{
    struct source v, a;
    int ret = -1;
    memset(&v, 0, sizeof v);
    memset(&a, 0, sizeof a);
    if (f->video != NULL && (source_init(&v, f->video, err) < 0 || source_next(&v, err) < 0))
        goto done;
    if (f->audio != NULL && (source_init(&a, f->audio, err) < 0 || source_next(&a, err) < 0))
        goto done;
    while (v.have || a.have) {
        const bool video = v.have && (!a.have || v.cur.dts + v.delay <= a.cur.pts);
        struct source *s = video ? &v : &a;
        if (put_packet(f, &s->cur, video, cuts(f, &s->cur, video, &v), err) < 0)
            goto done;
        if (source_next(s, err) < 0)
            goto done;
    }
    ret = close_playlist(f, true, err);
done:
    source_fini(&v);
    source_fini(&a);
    return ret;
}

/* ---- the truth ---- */

static double as_ms(const struct opts *o, double ticks)
{
    return (double)base_ms(o) + round(ticks / 0.09) / 1000;
}

static void add_truth(cJSON *tracks, const struct out *f, const struct track *t)
{
    const struct opts *o = t->o;
    cJSON *j = cJSON_CreateObject(), *spans = cJSON_AddArrayToObject(j, "spans_ms");
    cJSON *marks = cJSON_AddArrayToObject(j, "markers_ms");
    cJSON_AddStringToObject(j, "user", t->u->id);
    cJSON_AddStringToObject(j, "media", t->media == AUX ? "aux" : "main");
    cJSON_AddStringToObject(j, "type", t->kind == KIND_VIDEO ? "video" : "audio");
    cJSON_AddNumberToObject(j, "ha", f->ha);
    cJSON_AddItemToObject(j, "playlists", cJSON_Duplicate(f->playlists, true));
    cJSON_AddNumberToObject(j, "segments", f->nb_segs);
    cJSON_AddNumberToObject(j, "bytes", (double)f->nb_bytes);
    if (t->kind == KIND_VIDEO) {
        uint8_t u, v;
        gen_colour(t->colour, &u, &v);
        const int uv[2] = {u, v};
        cJSON_AddItemToObject(j, "chroma", cJSON_CreateIntArray(uv, 2));
    } else {
        cJSON_AddNumberToObject(j, "drift_ppm", t->u->drift * 1e6);
    }
    int64_t end = INT64_MIN;
    cJSON *span = NULL;
    for (int i = 0; i < t->nb_runs; i++) {
        int64_t a = t->runs[i].a, b = t->runs[i].b;
        double first = (double)a, last = (double)b;
        if (t->kind == KIND_VIDEO) {
            first = grid_time(t->u, grid_frame(t->u, a));
            last = grid_time(t->u, grid_frame(t->u, b));
        }
        if (first >= last)
            continue;
        const int64_t shift = t->kind == KIND_AUDIO ? t->u->avoff_ms * 90 : 0;
        for (int64_t m = -floor_div(-(a - shift), GEN_MARKER_TICKS); m * GEN_MARKER_TICKS + shift < b; m++)
            cJSON_AddItemToArray(marks, cJSON_CreateNumber((double)(base_ms(o) + m * 10000)));
        if (a == end) {
            cJSON_ReplaceItemInArray(span, 1, cJSON_CreateNumber(as_ms(o, last)));
        } else {
            const double ab[2] = {as_ms(o, first), as_ms(o, last)};
            span = cJSON_CreateDoubleArray(ab, 2);
            cJSON_AddItemToArray(spans, span);
        }
        end = b;
    }
    cJSON_AddItemToArray(tracks, j);
}

static int write_truth(const struct opts *o, cJSON *tracks, struct trtc_err *err)
{
    cJSON *doc = cJSON_CreateObject();
    cJSON_AddNumberToObject(doc, "start_ms", (double)o->start_ms);
    cJSON_AddNumberToObject(doc, "length_ms", (double)o->length_ms);
    cJSON_AddNumberToObject(doc, "sdkappid", (double)o->sdkappid);
    cJSON_AddStringToObject(doc, "room", o->room);
    cJSON_AddItemReferenceToObject(doc, "tracks", tracks);
    char *text = cJSON_Print(doc);
    cJSON_Delete(doc);
    if (text == NULL)
        return trtc_fail_nomem(err);
    struct opts quiet = *o;
    quiet.verbose = false;
    const int rc = write_file(&quiet, o->truth, text, strlen(text), err);
    cJSON_free(text);
    return rc;
}

/* ---- all of it ---- */

/* Writes the playlist of one or two tracks; tracks without media make none. */
static int write_out(const struct opts *o, int ha, const struct track *video, const struct track *audio,
                     cJSON *truth, struct trtc_err *err)
{
    struct out *f = calloc(1, sizeof *f);
    int ret = -1;
    if (f == NULL)
        return trtc_fail_nomem(err);
    f->o = o;
    f->ha = ha;
    f->video = video != NULL && video->nb_runs > 0 ? video : NULL;
    f->audio = audio != NULL && audio->nb_runs > 0 ? audio : NULL;
    if (f->video == NULL && f->audio == NULL) {
        ret = 0;
        goto done;
    }
    f->playlists = cJSON_CreateArray();
    snprintf(f->dir, sizeof f->dir, "%s%s%s%s%s", o->dir, o->prefix ? "/" : "", o->prefix ? o->prefix : "",
             o->task ? "/" : "", o->task ? o->task : "");
    if (make_stem(f, err) < 0 || trtc_mkdirs(f->dir, err) < 0)
        goto done;
    if (f->video != NULL)
        f->ts_video = gen_ts_add(&f->ts, f->video->u->codec, 0, 0);
    if (f->audio != NULL)
        f->ts_audio = gen_ts_add(&f->ts, f->audio->u->audio, f->audio->u->rate_hz, f->audio->u->channels);
    if (write_tracks(f, err) < 0)
        goto done;
    if (f->video != NULL)
        add_truth(truth, f, f->video);
    if (f->audio != NULL)
        add_truth(truth, f, f->audio);
    ret = 0;
done:
    for (int i = 0; i < f->nb_segs; i++)
        free(f->segs[i].name);
    free(f->segs);
    cJSON_Delete(f->playlists);
    gen_ts_fini(&f->ts);
    free(f);
    return ret;
}

static void plan_track(struct track *t, const struct opts *o, int user, enum media media, int kind,
                       int64_t from_ms, int64_t to_ms)
{
    const struct user *u = &o->users[user];
    memset(t, 0, sizeof *t);
    t->o = o;
    t->u = u;
    t->media = media;
    t->kind = kind;
    t->colour = user * 2 + (media == AUX);
    if ((media == AUX ? (u->nb_aux > 0 ? u->aux_kinds : 0) : u->kinds) & kind)
        plan_runs(t, from_ms, to_ms);
}

/* All tracks of one user in one take. */
static int write_user(const struct opts *o, int user, int take, cJSON *truth, struct trtc_err *err)
{
    const int64_t from_ms = take > 0 ? o->ha[take - 1].from_ms : 0;
    const int64_t to_ms = take < o->nb_ha ? o->ha[take].from_ms + o->ha[take].overlap_ms : o->length_ms;
    const int ha = take > 0 ? o->ha[take - 1].n : 0;
    struct track *t = calloc(4, sizeof *t); /* video and audio of main, then of aux */
    int ret = 0;
    if (t == NULL)
        return trtc_fail_nomem(err);
    int64_t t0 = INT64_MAX;
    for (int i = 0; i < 4; i++) {
        plan_track(&t[i], o, user, i / 2 == 0 ? MAIN : AUX, i % 2 == 0 ? KIND_VIDEO : KIND_AUDIO, from_ms,
                   to_ms < o->length_ms ? to_ms : o->length_ms);
        if (t[i].nb_runs > 0 && t[i].runs[0].a < t0)
            t0 = t[i].runs[0].a;
    }
    for (int i = 0; i < 4; i++) {
        t[i].t0 = t0;
        t[i].pts0 = o->pts_start + take * 777777;
    }
    for (int i = 0; i < 4 && ret == 0; i += 2) {
        if (o->av_merge || o->mixed)
            ret = write_out(o, ha, &t[i], &t[i + 1], truth, err);
        else if (write_out(o, ha, &t[i], NULL, truth, err) < 0
                 || write_out(o, ha, NULL, &t[i + 1], truth, err) < 0)
            ret = -1;
    }
    free(t);
    return ret;
}

static int run(const struct opts *o, struct trtc_err *err)
{
    cJSON *truth = cJSON_CreateArray();
    int ret = 0;
    if (truth == NULL)
        return trtc_fail_nomem(err);
    for (int u = 0; u < o->nb_users && ret == 0; u++)
        for (int take = 0; take <= o->nb_ha && ret == 0; take++)
            ret = write_user(o, u, take, truth, err);
    if (ret == 0 && o->truth != NULL)
        ret = write_truth(o, truth, err);
    cJSON_Delete(truth);
    return ret;
}

/* ---- options ---- */

static void usage(FILE *fp)
{
    fputs(
        "usage: mkrec [options] DIR\n"
        "  --user KEY=VALUE,...       a user (repeat for more); keys:\n"
        "      id=10001  kinds=av|a|v  from=S  to=S  size=640x360  fps=15  gop=2  bframes=0\n"
        "      gap=A-B  vgap=A-B  agap=A-B      nothing, no video, no audio between second A and B\n"
        "      stall=A-B  vstall=A-B  astall=A-B  the same, but the segment goes on behind it\n"
        "      aux=A-B  aux_audio               substream, with sound of its own\n"
        "      size_change=T:WxH  size_change_inside=T:WxH  with and without a new segment\n"
        "      codec=h264|hevc  audio=aac|mp3|opus  rate=48000  channels=1\n"
        "      drift_ppm=N  avoff=MS            fast audio clock; beeps late by MS\n"
        "      (a comma in an id is written \\,)\n"
        "  --sdkappid N (1400000001)  --room R (3560)  --room-type int|string\n"
        "  --start MS (1767225600495) --length S (30)  --segment S (10)\n"
        "  --tags current|old         --numbered       --ha N:FROM:OVERLAP\n"
        "  --av-merge  --mixed        --pts-start TICKS (126000)  --pts-per-segment-restart\n"
        "  --prefix P  --task T       --no-endlist  --crlf  --bom  --no-comma\n"
        "  --bitrate BPS (400000)     --audio-bitrate BPS (32000)\n"
        "  --loop                     encode 10 s once and repeat them (fast, no clock in the picture)\n"
        "  --truth FILE               what was made, as JSON\n"
        "  -v, --verbose              a line per file   -h, --help\n",
        fp);
}

static int parse_seconds(const char *s, const char **end, int64_t *ms)
{
    char *e;
    errno = 0;
    const double v = strtod(s, &e);
    if (e == s || errno != 0 || !(fabs(v) < 1e9))
        return -1;
    *ms = llrint(v * 1000);
    *end = e;
    return 0;
}

static int parse_ms(const char *s, int64_t *ms)
{
    const char *end;
    return parse_seconds(s, &end, ms) < 0 || *end != '\0' ? -1 : 0;
}

static int parse_int(const char *s, int64_t min, int64_t max, int64_t *out)
{
    char *e;
    errno = 0;
    const long long v = strtoll(s, &e, 10);
    if (e == s || *e != '\0' || errno != 0 || v < min || v > max)
        return -1;
    *out = v;
    return 0;
}

static int parse_range(const char *s, struct range *r)
{
    const char *end;
    if (parse_seconds(s, &end, &r->a_ms) < 0 || *end != '-')
        return -1;
    return parse_ms(end + 1, &r->b_ms) < 0 || r->b_ms < r->a_ms ? -1 : 0;
}

static int parse_size(const char *s, int *w_px, int *h_px)
{
    char extra;
    if (sscanf(s, "%5dx%5d%c", w_px, h_px, &extra) != 2)
        return -1;
    return *w_px < 16 || *h_px < 16 || *w_px > 4096 || *h_px > 4096 || *w_px % 2 || *h_px % 2 ? -1 : 0;
}

static int parse_change(const char *s, bool inside, struct user *u)
{
    if (u->nb_sizes == MAX_RANGES)
        return -1;
    struct size_change *c = &u->sizes[u->nb_sizes++];
    const char *end;
    c->inside = inside;
    return parse_seconds(s, &end, &c->at_ms) < 0 || *end != ':' ? -1 : parse_size(end + 1, &c->w_px, &c->h_px);
}

static int parse_hole(const char *key, const char *value, struct user *u)
{
    if (u->nb_holes == MAX_RANGES)
        return -1;
    struct range *r = &u->holes[u->nb_holes++];
    r->stall = strstr(key, "stall") != NULL;
    r->kinds = *key == 'v' ? KIND_VIDEO : *key == 'a' ? KIND_AUDIO : KIND_VIDEO | KIND_AUDIO;
    return parse_range(value, r);
}

static int parse_word(const char *value, const char *const words[], char *out, size_t size)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(value, words[i]) == 0)
            return snprintf(out, size, "%s", value) < 0 ? -1 : 0;
    return -1;
}

static int parse_number(const char *value, int64_t min, int64_t max, int *out)
{
    int64_t v;
    if (parse_int(value, min, max, &v) < 0)
        return -1;
    *out = (int)v;
    return 0;
}

static int set_key(struct user *u, const char *key, const char *value)
{
    static const char *const video[] = {"h264", "hevc", NULL}, *const audio[] = {"aac", "mp3", "opus", NULL};
    static const char *const holes[] = {"gap", "vgap", "agap", "stall", "vstall", "astall", NULL};
    for (int i = 0; holes[i] != NULL; i++)
        if (strcmp(key, holes[i]) == 0)
            return parse_hole(key, value, u);
    if (strcmp(key, "id") == 0)
        return (size_t)snprintf(u->id, sizeof u->id, "%s", value) < sizeof u->id ? 0 : -1;
    if (strcmp(key, "from") == 0)
        return parse_ms(value, &u->stay.a_ms);
    if (strcmp(key, "to") == 0)
        return parse_ms(value, &u->stay.b_ms);
    if (strcmp(key, "kinds") == 0) {
        u->kinds = (strchr(value, 'v') ? KIND_VIDEO : 0) | (strchr(value, 'a') ? KIND_AUDIO : 0);
        return value[strspn(value, "av")] != '\0';
    }
    if (strcmp(key, "aux") == 0)
        return u->nb_aux == MAX_RANGES ? -1 : parse_range(value, &u->aux[u->nb_aux++]);
    if (strcmp(key, "aux_audio") == 0) {
        u->aux_kinds |= KIND_AUDIO;
        return 0;
    }
    if (strcmp(key, "size") == 0)
        return parse_size(value, &u->w_px, &u->h_px);
    if (strcmp(key, "size_change") == 0)
        return parse_change(value, false, u);
    if (strcmp(key, "size_change_inside") == 0)
        return parse_change(value, true, u);
    if (strcmp(key, "fps") == 0)
        return parse_number(value, 1, 120, &u->fps);
    if (strcmp(key, "bframes") == 0)
        return parse_number(value, 0, 8, &u->bframes);
    if (strcmp(key, "gop") == 0)
        return parse_ms(value, &u->gop_ms);
    if (strcmp(key, "avoff") == 0)
        return parse_int(value, -4000, 4000, &u->avoff_ms);
    if (strcmp(key, "drift_ppm") == 0) {
        char *end;
        u->drift = strtod(value, &end) / 1e6;
        return end == value || *end != '\0' || !(fabs(u->drift) < 0.1) ? -1 : 0;
    }
    if (strcmp(key, "codec") == 0)
        return parse_word(value, video, u->codec, sizeof u->codec);
    if (strcmp(key, "audio") == 0)
        return parse_word(value, audio, u->audio, sizeof u->audio);
    if (strcmp(key, "rate") == 0)
        return parse_number(value, 7350, 96000, &u->rate_hz);
    if (strcmp(key, "channels") == 0)
        return parse_number(value, 1, 2, &u->channels);
    return -1;
}

static int parse_user(const char *spec, struct user *u, struct trtc_err *err)
{
    *u = (struct user){.id = "10001", .kinds = KIND_VIDEO | KIND_AUDIO, .aux_kinds = KIND_VIDEO,
                       .stay = {0, -1, 0, false}, .w_px = 640, .h_px = 360, .fps = 15, .gop_ms = 2000,
                       .codec = "h264", .audio = "aac", .rate_hz = 48000, .channels = 1};
    while (*spec != '\0') {
        char part[600];
        size_t n = 0;
        for (; *spec != '\0' && *spec != ',' && n < sizeof part - 1; spec++) {
            if (*spec == '\\' && spec[1] == ',')
                spec++;
            part[n++] = *spec;
        }
        part[n] = '\0';
        spec += *spec == ',';
        char *value = strchr(part, '=');
        if (value != NULL)
            *value++ = '\0';
        if (set_key(u, part, value != NULL ? value : "") != 0)
            return trtc_fail(err, TRTC_EX_USAGE, "--user: '%s%s%s' cannot be read", part,
                             value != NULL ? "=" : "", value != NULL ? value : "");
    }
    return 0;
}

static int parse_ha(const char *s, struct opts *o)
{
    if (o->nb_ha == MAX_HA || *s < '1' || *s > '3' || s[1] != ':')
        return -1;
    struct ha *h = &o->ha[o->nb_ha++];
    const char *end;
    h->n = *s - '0';
    return parse_seconds(s + 2, &end, &h->from_ms) < 0 || *end != ':' ? -1 : parse_ms(end + 1, &h->overlap_ms);
}

static int check(const struct opts *o, struct trtc_err *err)
{
    if (o->length_ms <= 0 || o->segment_ms <= 0)
        return trtc_fail(err, TRTC_EX_USAGE, "--length and --segment must be above 0");
    if (o->mixed && o->nb_users > 1)
        return trtc_fail(err, TRTC_EX_USAGE, "--mixed makes one stream: give one --user at most");
    for (int i = 0; i < o->nb_users; i++) {
        const struct user *u = &o->users[i];
        if (o->loop && (u->bframes > 0 || strcmp(u->audio, "aac") != 0 || u->gop_ms <= 0
                        || 10000 % u->gop_ms != 0))
            return trtc_fail(err, TRTC_EX_USAGE,
                             "--loop needs aac, no B-frames and a GOP that divides 10 s");
    }
    return 0;
}

enum {
    O_USER = 256, O_SDKAPPID, O_ROOM, O_ROOM_TYPE, O_START, O_LENGTH, O_SEGMENT, O_TAGS, O_NUMBERED, O_HA,
    O_AV_MERGE, O_MIXED, O_PTS_START, O_RESTART, O_PREFIX, O_TASK, O_NO_ENDLIST, O_CRLF, O_BOM, O_NO_COMMA,
    O_BITRATE, O_AUDIO_BITRATE, O_LOOP, O_TRUTH,
};

static int set_option(struct opts *o, int c, const char *arg, struct trtc_err *err)
{
    switch (c) {
    case O_USER:
        if (o->nb_users == MAX_USERS)
            return trtc_fail(err, TRTC_EX_USAGE, "--user: more than %d", MAX_USERS);
        return parse_user(arg, &o->users[o->nb_users++], err);
    case O_SDKAPPID: return parse_int(arg, 0, UINT32_MAX, &o->sdkappid);
    case O_ROOM: o->room = arg; return 0;
    case O_ROOM_TYPE:
        o->room_string = strcmp(arg, "string") == 0;
        return o->room_string || strcmp(arg, "int") == 0 ? 0 : -1;
    case O_START: return parse_int(arg, 0, 253402300000000, &o->start_ms);
    case O_LENGTH: return parse_ms(arg, &o->length_ms);
    case O_SEGMENT: return parse_ms(arg, &o->segment_ms);
    case O_TAGS:
        o->old_tags = strcmp(arg, "old") == 0;
        return o->old_tags || strcmp(arg, "current") == 0 ? 0 : -1;
    case O_NUMBERED: o->numbered = true; return 0;
    case O_HA: return parse_ha(arg, o);
    case O_AV_MERGE: o->av_merge = true; return 0;
    case O_MIXED: o->mixed = true; return 0;
    case O_PTS_START: return parse_int(arg, -(1LL << 40), 1LL << 40, &o->pts_start);
    case O_RESTART: o->restart_pts = true; return 0;
    case O_PREFIX: o->prefix = arg; return 0;
    case O_TASK: o->task = arg; return 0;
    case O_NO_ENDLIST: o->no_endlist = true; return 0;
    case O_CRLF: o->crlf = true; return 0;
    case O_BOM: o->bom = true; return 0;
    case O_NO_COMMA: o->no_comma = true; return 0;
    case O_BITRATE: return parse_int(arg, 1000, 1000000000, &o->bitrate_bps);
    case O_AUDIO_BITRATE: return parse_int(arg, 1000, 1000000, &o->audio_bitrate_bps);
    case O_LOOP: o->loop = true; return 0;
    case O_TRUTH: o->truth = arg; return 0;
    default: o->verbose = true; return 0;
    }
}

/* 0, 1 where help was asked for, -1. */
static int parse(int argc, char **argv, struct opts *o, struct trtc_err *err)
{
    static const struct option longs[] = {
        {"user", required_argument, NULL, O_USER},
        {"sdkappid", required_argument, NULL, O_SDKAPPID},
        {"room", required_argument, NULL, O_ROOM},
        {"room-type", required_argument, NULL, O_ROOM_TYPE},
        {"start", required_argument, NULL, O_START},
        {"length", required_argument, NULL, O_LENGTH},
        {"segment", required_argument, NULL, O_SEGMENT},
        {"tags", required_argument, NULL, O_TAGS},
        {"numbered", no_argument, NULL, O_NUMBERED},
        {"ha", required_argument, NULL, O_HA},
        {"av-merge", no_argument, NULL, O_AV_MERGE},
        {"mixed", no_argument, NULL, O_MIXED},
        {"pts-start", required_argument, NULL, O_PTS_START},
        {"pts-per-segment-restart", no_argument, NULL, O_RESTART},
        {"prefix", required_argument, NULL, O_PREFIX},
        {"task", required_argument, NULL, O_TASK},
        {"no-endlist", no_argument, NULL, O_NO_ENDLIST},
        {"crlf", no_argument, NULL, O_CRLF},
        {"bom", no_argument, NULL, O_BOM},
        {"no-comma", no_argument, NULL, O_NO_COMMA},
        {"bitrate", required_argument, NULL, O_BITRATE},
        {"audio-bitrate", required_argument, NULL, O_AUDIO_BITRATE},
        {"loop", no_argument, NULL, O_LOOP},
        {"truth", required_argument, NULL, O_TRUTH},
        {"verbose", no_argument, NULL, 'v'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    int c, index = 0;
    while ((c = getopt_long(argc, argv, ":hv", longs, &index)) != -1) {
        if (c == 'h')
            return 1;
        if (c == ':' || c == '?')
            return trtc_fail(err, TRTC_EX_USAGE, "option '%s': %s", argv[optind - 1],
                             c == ':' ? "needs a value" : "unknown");
        err->msg[0] = '\0';
        if (set_option(o, c, optarg, err) < 0)
            return err->msg[0] != '\0' ? -1
                                       : trtc_fail(err, TRTC_EX_USAGE, "--%s: '%s' cannot be read",
                                                   longs[index].name, optarg);
    }
    if (optind != argc - 1)
        return trtc_fail(err, TRTC_EX_USAGE, "give one directory");
    o->dir = argv[optind];
    if (o->nb_users == 0)
        parse_user("", &o->users[o->nb_users++], err);
    return check(o, err);
}

int main(int argc, char **argv)
{
    static struct opts o = {.room = "3560", .sdkappid = 1400000001, .start_ms = 1767225600495,
                            .length_ms = 30000, .segment_ms = 10000, .pts_start = 126000,
                            .bitrate_bps = 400000, .audio_bitrate_bps = 32000};
    struct trtc_err err = {0};
    av_log_set_level(AV_LOG_ERROR);
    int rc = parse(argc, argv, &o, &err);
    if (rc > 0) {
        usage(stdout);
        return 0;
    }
    if (rc == 0)
        rc = run(&o, &err);
    if (rc == 0 && fflush(stdout) != 0)
        rc = trtc_fail_errno(&err, TRTC_EX_IOERR, errno, "standard output");
    if (rc < 0) {
        fprintf(stderr, "mkrec: %s%s\n", err.msg, err.code == TRTC_EX_USAGE ? "; try 'mkrec --help'" : "");
        return err.code;
    }
    return 0;
}
