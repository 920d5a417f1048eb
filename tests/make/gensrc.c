/* SPDX-License-Identifier: MIT */
/* Encodes the tracks of made-up recordings: their stretches, pictures, sound, time stamps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/channel_layout.h>
#include <libavutil/opt.h>

#include "make/gensrc.h"

struct gen_stored {
    uint8_t *data;
    size_t size;
    int64_t pts, dts;
    bool key;
};

int64_t gen_floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int64_t gen_base_ms(const struct gen_opts *o)
{
    return gen_floor_div(o->start_ms, 10000) * 10000;
}

int64_t gen_to_ticks(const struct gen_opts *o, int64_t ms)
{
    return (o->start_ms - gen_base_ms(o) + ms) * 90;
}

int64_t gen_wall_ms(const struct gen_opts *o, double ticks)
{
    return gen_base_ms(o) + llrint(ticks / 90);
}

int64_t gen_half_ticks(const struct gen_opts *o)
{
    return gen_to_ticks(o, o->length_ms / 2);
}

/* ---- what is there when ---- */

static void add_run(struct gen_track *t, int64_t a, int64_t b, int w_px, int h_px, bool cut)
{
    if (a < b && t->nb_runs < GEN_MAX_RUNS)
        t->runs[t->nb_runs++] = (struct gen_run){ a, b, w_px, h_px, cut };
}

static int by_start(const void *a, const void *b)
{
    const int64_t x = ((const struct gen_range *)a)->a_ms, y = ((const struct gen_range *)b)->a_ms;
    return (x > y) - (x < y);
}

void gen_plan_runs(struct gen_track *t, int64_t from_ms, int64_t to_ms)
{
    const struct gen_user *u = t->u;
    const struct gen_range whole = { 0, INT64_MAX, 0, false };
    const struct gen_range *present = t->media == GEN_AUX ? u->aux : &whole;
    const int nb_present = t->media == GEN_AUX ? u->nb_aux : 1;
    if (u->stay.a_ms > from_ms)
        from_ms = u->stay.a_ms;
    if (u->stay.b_ms >= 0 && u->stay.b_ms < to_ms)
        to_ms = u->stay.b_ms;

    struct gen_range holes[GEN_MAX_RANGES] = { { 0 } };
    int nb_holes = 0;
    for (int i = 0; i < u->nb_holes; i++) {
        const bool all = u->holes[i].kinds == (GEN_KIND_VIDEO | GEN_KIND_AUDIO);
        if (all || (t->media == GEN_MAIN && (u->holes[i].kinds & t->kind)))
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
            for (int s = 0; t->kind == GEN_KIND_VIDEO && t->media == GEN_MAIN && s < u->nb_sizes;
                 s++) {
                const struct gen_size_change *c = &u->sizes[s];
                if (c->at_ms > at && c->at_ms < until) {
                    add_run(t, gen_to_ticks(t->o, at), gen_to_ticks(t->o, c->at_ms), w, h, cut);
                    cut = !c->inside;
                    at = c->at_ms;
                }
                if (c->at_ms <= at) {
                    w = c->w_px;
                    h = c->h_px;
                }
            }
            add_run(t, gen_to_ticks(t->o, at), gen_to_ticks(t->o, until), w, h, cut);
            if (i >= nb_holes)
                break;
            if (at < until || t->nb_runs == 0)
                cut = !holes[i].stall;
            if (holes[i].b_ms > at)
                at = holes[i].b_ms;
        }
    }
}

int64_t gen_grid_frame(const struct gen_user *u, int64_t ticks)
{
    return -gen_floor_div(-ticks * u->fps, GEN_HZ);
}

double gen_grid_time(const struct gen_user *u, int64_t frame)
{
    return (double)frame * GEN_HZ / u->fps;
}

/* ---- encoders ---- */

static void video_options(const struct gen_user *u, AVDictionary **d)
{
    char params[200];
    if (strcmp(u->codec, "hevc") == 0) {
        snprintf(params, sizeof params,
                 "aud=1:repeat-headers=1:open-gop=0:scenecut=0:keyint=-1:info=0:log-level=none:"
                 "bframes=%d:b-adapt=0:pools=1:frame-threads=1:rc-lookahead=%d",
                 u->bframes, u->bframes + 2);
        av_dict_set(d, "x265-params", params, 0);
    } else {
        snprintf(params, sizeof params,
                 "scenecut=0:keyint=infinite:open-gop=0:b-adapt=0:"
                 "sync-lookahead=0:rc-lookahead=0:force-cfr=1:annexb=1");
        av_dict_set(d, "x264-params", params, 0);
        av_dict_set(d, "aud", "1", 0);
    }
    av_dict_set(d, "preset", "ultrafast", 0);
    av_dict_set(d, "forced-idr", "1", 0);
}

static int open_video(struct gen_source *s, const struct gen_run *r, struct trtc_err *err)
{
    const struct gen_user *u = s->t->u;
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
    s->enc->time_base = (AVRational){ 1, u->fps };
    s->enc->framerate = (AVRational){ u->fps, 1 };
    s->enc->bit_rate = s->t->o->bitrate_bps;
    s->enc->max_b_frames = u->bframes;
    s->enc->thread_count = 2; /* fixed: rate control depends on it */
    video_options(u, &d);
    const int rc = avcodec_open2(s->enc, codec, &d);
    av_dict_free(&d);
    if (rc < 0)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "encoder %s: %s", name, av_err2str(rc));

    const int colour = s->t->colour;
    const bool aux = s->t->media == GEN_AUX;
    gen_picture_fini(&s->pic);
    gen_scene_fini(&s->scene);
    if (gen_picture_init(&s->pic, r->w_px, r->h_px, colour, aux) < 0 ||
        (s->t->o->scene && gen_scene_init(&s->scene, r->w_px, r->h_px, colour / 2, aux) < 0))
        return trtc_fail_nomem(err);
    s->frame->format = AV_PIX_FMT_YUV420P;
    s->frame->width = r->w_px;
    s->frame->height = r->h_px;
    return 0;
}

/* Samples that codec takes: float ones, or else those that it names first. */
static enum AVSampleFormat float_format(const AVCodec *codec)
{
    const enum AVSampleFormat *list = NULL;
#if LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(61, 13, 100)
    avcodec_get_supported_config(NULL, codec, AV_CODEC_CONFIG_SAMPLE_FORMAT, 0,
                                 (const void **)&list, NULL);
#else
    list = codec->sample_fmts;
#endif
    enum AVSampleFormat found = list ? list[0] : AV_SAMPLE_FMT_FLTP;
    for (; list && *list != AV_SAMPLE_FMT_NONE; list++)
        if (*list == AV_SAMPLE_FMT_FLTP || *list == AV_SAMPLE_FMT_FLT)
            found = *list;
    return found;
}

static int open_audio(struct gen_source *s, struct trtc_err *err)
{
    const struct gen_user *u = s->t->u;
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
    s->enc->sample_fmt = float_format(codec);
    s->enc->sample_rate = u->rate_hz;
    av_channel_layout_default(&s->enc->ch_layout, u->channels);
    s->enc->bit_rate = s->t->o->audio_bitrate_bps;
    s->enc->time_base = (AVRational){ 1, u->rate_hz };
    if (strcmp(name, "aac") == 0) {
        /* frames are repeated with --loop: nothing random in them */
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
    return av_channel_layout_copy(&s->frame->ch_layout, &s->enc->ch_layout) < 0
               ? trtc_fail_nomem(err)
               : 0;
}

static int fresh_frame(struct gen_source *s, struct trtc_err *err)
{
    const int rc = s->frame->buf[0] == NULL ? av_frame_get_buffer(s->frame, 0)
                                            : av_frame_make_writable(s->frame);
    return rc < 0 ? trtc_fail_nomem(err) : 0;
}

/* ---- pictures ---- */

static int64_t gop_frames(const struct gen_user *u)
{
    const int64_t n = u->gop_ms * u->fps / 1000;
    return n > 0 ? n : 1;
}

static void draw_scene(struct gen_source *s, int64_t n, const char *clock, bool white)
{
    const struct gen_user *u = s->t->u;
    const struct gen_canvas out = { { s->frame->data[0], s->frame->data[1], s->frame->data[2] },
                                    { s->frame->linesize[0], s->frame->linesize[1],
                                      s->frame->linesize[2] },
                                    s->frame->width,
                                    s->frame->height };
    char text[40];
    snprintf(text, sizeof text, "%.12s %.10s", u->id, clock); /* tenths of a second */
    gen_scene_draw(&s->scene, (double)n / u->fps, s->t->o->loop ? NULL : text, white, &out);
}

static int draw_frame(struct gen_source *s, int64_t n, struct trtc_err *err)
{
    const struct gen_user *u = s->t->u;
    if (fresh_frame(s, err) < 0)
        return -1;
    const int64_t ms = gen_wall_ms(s->t->o, gen_grid_time(u, n)), day = ms % 86400000;
    char clock[32], text[80];
    snprintf(clock, sizeof clock, "%02d:%02d:%02d.%03d", (int)(day / 3600000),
             (int)(day / 60000 % 60), (int)(day / 1000 % 60), (int)(day % 1000));
    snprintf(text, sizeof text, "%.8s %s #%06d", u->id, s->t->media == GEN_AUX ? "AUX" : "MAIN",
             (int)((n - s->first) % 1000000));
    const char *const lines[2] = { s->t->o->loop ? NULL : clock, s->t->o->loop ? NULL : text };
    /* the flash lasts two pictures, or 100 ms */
    const int64_t flash = u->fps > 20 ? u->fps / 10 : 2;
    const int64_t period = (int64_t)u->fps * 10;
    const bool white = n % period < flash;
    if (s->t->o->scene)
        draw_scene(s, n, clock, white);
    else
        gen_picture_draw(&s->pic, n, lines, white, s->frame->data, s->frame->linesize);
    s->frame->pts = n - s->first;
    const bool key = (n - s->first) % gop_frames(u) == 0 ||
                     (s->t->o->numbered && n == gen_grid_frame(u, gen_half_ticks(s->t->o)));
    s->frame->pict_type = key ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    return 0;
}

/* Next encoded picture of the frames from s->next to before end: 1, 0 at the end, -1. */
static int encode_picture(struct gen_source *s, int64_t end, struct trtc_err *err)
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

static int store(struct gen_source *s, int index, const uint8_t *data, size_t size,
                 struct trtc_err *err)
{
    struct gen_stored *b = &s->bank[index];
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

static void free_bank(struct gen_source *s)
{
    for (int i = 0; i < s->nb_bank; i++)
        free(s->bank[i].data);
    free(s->bank);
    s->bank = NULL;
    s->nb_bank = 0;
}

static int new_bank(struct gen_source *s, int n, struct trtc_err *err)
{
    s->bank = calloc((size_t)n, sizeof *s->bank);
    if (s->bank == NULL)
        return trtc_fail_nomem(err);
    s->nb_bank = n;
    return 0;
}

static int start_video_run(struct gen_source *s, const struct gen_run *r, struct trtc_err *err)
{
    const struct gen_user *u = s->t->u;
    s->first = s->next = gen_grid_frame(u, r->a);
    s->end = gen_grid_frame(u, r->b);
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
static int next_video(struct gen_source *s, struct gen_packet *p, struct trtc_err *err)
{
    const struct gen_track *t = s->t;
    int64_t pts, dts;
    if (s->bank != NULL) {
        if (s->taken == s->total)
            return 0;
        const struct gen_stored *b = &s->bank[s->taken % s->nb_bank];
        const int64_t turn = s->taken - s->taken % s->nb_bank;
        *p = (struct gen_packet){ .data = b->data, .size = b->size, .key = b->key };
        pts = b->pts + turn;
        dts = b->dts + turn;
    } else {
        av_packet_unref(s->pkt);
        const int rc = encode_picture(s, s->end, err);
        if (rc <= 0)
            return rc;
        *p = (struct gen_packet){ .data = s->pkt->data,
                                  .size = (size_t)s->pkt->size,
                                  .key = s->pkt->flags & AV_PKT_FLAG_KEY };
        pts = s->pkt->pts;
        dts = s->pkt->dts;
    }
    p->wall = gen_grid_time(t->u, s->first + pts);
    p->dur = (double)GEN_HZ / t->u->fps;
    p->pts = t->pts0 + llrint(p->wall - (double)t->t0);
    p->dts =
        pts == dts ? p->pts : t->pts0 + llrint(gen_grid_time(t->u, s->first + dts) - (double)t->t0);
    p->w_px = t->runs[s->run].w_px;
    p->h_px = t->runs[s->run].h_px;
    if (s->taken == 0)
        s->delay = p->pts - p->dts;
    return 1;
}

/* ---- sound ---- */

/* A tone of whole periods per frame, so that frames of it are all alike. */
static double tone_hz(const struct gen_source *s)
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
static double sample_wall(const struct gen_user *u)
{
    return (double)GEN_HZ / u->rate_hz * (1 - u->drift);
}

/* Fills the frame with the run's samples from n on. */
static void fill_sound(struct gen_source *s, int64_t n)
{
    const struct gen_user *u = s->t->u;
    const double hz = tone_hz(s), shift = (double)u->avoff_ms * 90;
    for (int i = 0; i < s->enc->frame_size; i++) {
        const double at = s->origin + (double)(n + i) * sample_wall(u);
        const double since = at - shift - floor((at - shift) / GEN_MARKER_TICKS) * GEN_MARKER_TICKS;
        put_sample(s->frame, u->channels, i, gen_tone(at / GEN_HZ, hz) + gen_beep(since / GEN_HZ));
    }
}

enum { PHASES = GEN_PHASES, CLIP_LEAD = 2, CLIP_TAIL = 2, CLIP_WARM = 12 };

static int clip_frames(const struct gen_source *s)
{
    const int beep = (int)ceil(GEN_BEEP_S * s->t->u->rate_hz);
    return CLIP_LEAD + (beep + s->enc->frame_size - 1) / s->enc->frame_size + 1 + CLIP_TAIL;
}

/* The same for the bank: a tone, with a beep in each clip. Before a clip's phase is known, the
 * encoder is only given what lies well before its beep. */
static void fill_clips(struct gen_source *s, int64_t n)
{
    const struct gen_user *u = s->t->u;
    const int fs = s->enc->frame_size, turn = CLIP_WARM + clip_frames(s);
    for (int i = 0; i < fs; i++) {
        const int64_t at = n + i, q = at / ((int64_t)turn * fs);
        const int phase = q < s->nb_clips ? s->clip_phases[q] : 0;
        const int64_t begin =
            (q * turn + CLIP_WARM + CLIP_LEAD) * fs + (int64_t)phase * fs / PHASES;
        const float beep = q < s->nb_clips ? gen_beep((double)(at - begin) / u->rate_hz) : 0;
        put_sample(s->frame, u->channels, i, gen_tone((double)at / u->rate_hz, tone_hz(s)) + beep);
    }
}

/* Next frame of sound from the encoder: its PTS (samples) is never negative. 1, or -1. */
static int encode_sound(struct gen_source *s, void (*fill)(struct gen_source *, int64_t),
                        struct trtc_err *err)
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
static int wrap_sound(struct gen_source *s, size_t *size, struct trtc_err *err)
{
    const struct gen_user *u = s->t->u;
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

/* Encodes the clip of a phase that comes for the first time: few of them come in a recording. */
static int add_clip(struct gen_source *s, int phase, struct trtc_err *err)
{
    const int clip = clip_frames(s);
    s->clip_phases[s->nb_clips++] = phase;
    for (int i = -CLIP_WARM; i < clip; i++) {
        size_t size;
        if (encode_sound(s, fill_clips, err) < 0 || wrap_sound(s, &size, err) < 0)
            return -1;
        if (i == -1 && s->bank[0].data == NULL && store(s, 0, s->buf, size, err) < 0)
            return -1;
        if (i >= 0 && store(s, 1 + phase * clip + i, s->buf, size, err) < 0)
            return -1;
        av_packet_unref(s->pkt);
    }
    return 0;
}

static int start_audio_run(struct gen_source *s, const struct gen_run *r, struct trtc_err *err)
{
    s->origin = (double)r->a;
    s->next = 0;
    s->marker = gen_floor_div(r->a, GEN_MARKER_TICKS) * GEN_MARKER_TICKS - 2 * GEN_MARKER_TICKS;
    s->beep_frame = INT64_MIN / 2;
    s->nb_clips = 0;
    if (open_audio(s, err) < 0)
        return -1;
    const double frame_wall = sample_wall(s->t->u) * s->enc->frame_size;
    s->total = llrint((double)(r->b - r->a) / frame_wall);
    return s->t->o->loop ? new_bank(s, 1 + PHASES * clip_frames(s), err) : 0;
}

/* --loop: the bank's packet for frame number k of the run, or NULL. */
static const struct gen_stored *clip_at(struct gen_source *s, int64_t k, struct trtc_err *err)
{
    const struct gen_user *u = s->t->u;
    const int clip = clip_frames(s);
    while (k >= s->beep_frame - CLIP_LEAD + clip) {
        s->marker += GEN_MARKER_TICKS;
        const double at = ((double)(s->marker + u->avoff_ms * 90) - s->origin) / sample_wall(u);
        const int64_t step = llrint(at * PHASES / s->enc->frame_size);
        s->beep_frame = gen_floor_div(step, PHASES);
        s->beep_phase = (int)(step - s->beep_frame * PHASES);
    }
    if (s->bank[1 + s->beep_phase * clip].data == NULL && add_clip(s, s->beep_phase, err) < 0)
        return NULL;
    const int64_t i = k - (s->beep_frame - CLIP_LEAD);
    return &s->bank[i < 0 ? 0 : 1 + s->beep_phase * clip + i];
}

static int next_audio(struct gen_source *s, struct gen_packet *p, struct trtc_err *err)
{
    const struct gen_track *t = s->t;
    const struct gen_user *u = t->u;
    const int fs = s->enc->frame_size;
    if (s->taken >= s->total)
        return 0;
    double n;
    if (s->bank != NULL) {
        const struct gen_stored *b = clip_at(s, s->taken, err);
        if (b == NULL)
            return -1;
        *p = (struct gen_packet){ .data = b->data, .size = b->size, .key = true };
        n = (double)s->taken * fs;
    } else {
        size_t size;
        av_packet_unref(s->pkt);
        if (encode_sound(s, fill_sound, err) < 0 || wrap_sound(s, &size, err) < 0)
            return -1;
        *p = (struct gen_packet){ .data = s->buf, .size = size, .key = true };
        n = (double)s->pkt->pts;
    }
    p->wall = s->origin + n * sample_wall(u);
    p->dur = (double)fs * GEN_HZ / u->rate_hz;
    const double before = (s->origin - (double)t->t0) / (1 - u->drift);
    p->pts = p->dts = t->pts0 + llrint(before + n * GEN_HZ / u->rate_hz);
    return 1;
}

/* ---- sources ---- */

static void close_run(struct gen_source *s)
{
    free_bank(s);
    avcodec_free_context(&s->enc);
    av_packet_unref(s->pkt);
    av_frame_unref(s->frame);
}

int gen_source_init(struct gen_source *s, const struct gen_track *t, struct trtc_err *err)
{
    *s = (struct gen_source){ .t = t, .run = -1 };
    s->frame = av_frame_alloc();
    s->pkt = av_packet_alloc();
    return s->frame == NULL || s->pkt == NULL ? trtc_fail_nomem(err) : 0;
}

void gen_source_fini(struct gen_source *s)
{
    if (s->pkt != NULL && s->frame != NULL)
        close_run(s);
    av_packet_free(&s->pkt);
    av_frame_free(&s->frame);
    gen_picture_fini(&s->pic);
    gen_scene_fini(&s->scene);
    free(s->buf);
}

int gen_source_next(struct gen_source *s, struct trtc_err *err)
{
    const struct gen_track *t = s->t;
    const bool video = t->kind == GEN_KIND_VIDEO;
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
        const struct gen_run *r = &t->runs[s->run];
        if ((video ? start_video_run(s, r, err) : start_audio_run(s, r, err)) < 0)
            return -1;
    }
}
