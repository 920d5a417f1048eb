/* SPDX-License-Identifier: MIT */
/* Encodes pictures as H.264 of one size and a constant rate.
 *
 * trtc_venc_receive proceeds step by step. It returns an encoded packet if there is one; else it
 * encodes the next output frame, if its content is settled; else it takes the next decoded picture;
 * else it passes the access unit that was sent to the decoder. Only two decoded pictures are kept:
 * the one that is shown in the current frames, and the newest one ("next"), which is shown from
 * next_slot on, unless a newer picture for the same slot replaces it. Only pictures that are shown
 * are scaled. */
#include "merge/venc.h"

#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "codec/decode_picture.h"
#include "codec/ffmpeg.h"
#include "codec/h264enc.h"
#include "codec/recolour.h"
#include "layout/fit.h"
#include "mp4/sets_kept.h"
#include "picture/scale.h"
#include "picture/turn.h"
#include "ts/es.h"

#define KEY_INTERVAL_S  5 /* splitting finds a key frame at least this often */
#define DEFAULT_HOLD_US 1000000

struct trtc_venc {
    struct trtc_venc_opts o;
    int64_t nb_broken, nb_askew;
    struct trtc_ledger account; /* of the access units sent; nb_out: pictures shown */
    int64_t nb_second; /* access units without a picture of their own; below 0: more pictures */

    const AVCodec *in_codec;      /* of the access unit in hand */
    struct trtc_colour in_colour; /* ... what its stream says, where that is parsed */
    struct trtc_kept_sets
        *sets;    /* ... that are in force: a decoder may be opened at any key picture */
    AVPacket *in; /* access unit that the decoder has not taken yet, if has_in */
    bool has_in;
    bool ended;
    int64_t end_slot;

    AVCodecContext *dec;
    /* the colours of the stream for which it was opened; if new parameter sets state none, FFmpeg's
     * decoder keeps the previous ones */
    struct trtc_colour dec_colour;
    bool draining;                 /* the decoder got the end of its input */
    int64_t nb_in, nb_out, nb_bad; /* of this decoder: accepted, pictures, errors */
    bool fields; /* it returned field pictures: two access units may be one picture */

    AVFrame *decoded; /* scratch */
    AVFrame *next;    /* newest picture, as decoded, if has_next */
    bool has_next;
    int64_t next_slot, next_us;
    unsigned next_turn;
    struct trtc_turn_stated stated; /* by the stream, about turns */

    struct trtc_scaler *scaler;
    AVFrame *unturned;       /* a fitted picture before it is turned, or NULL */
    AVFrame *canvas, *whole; /* shown picture: fitted, or the decoded one where that is as wanted */
    AVFrame *black;
    const AVFrame *shown; /* canvas, whole, or NULL: nothing yet */
    int64_t shown_us;
    int64_t slot; /* next output frame */

    struct trtc_h264enc *enc;
    bool flushed;
};

/* ---- small things ---- */

static int64_t slot_of_us(const struct trtc_venc *v, int64_t us)
{
    return av_rescale_rnd(us, v->o.fps, 1000000, AV_ROUND_NEAR_INF);
}

static int64_t us_of_slot(const struct trtc_venc *v, int64_t slot)
{
    return av_rescale_rnd(slot, 1000000, v->o.fps, AV_ROUND_NEAR_INF);
}

/* ---- fitting ---- */

/* The picture can be encoded as it is. */
static bool is_as_wanted(const struct trtc_venc *v, const AVFrame *pic)
{
    const struct trtc_shape shape = { pic->width, pic->height, pic->sample_aspect_ratio.num,
                                      pic->sample_aspect_ratio.den };
    const struct trtc_colour own = trtc_av_colour(pic);
    const int w = v->o.width_px, h = v->o.height_px;
    struct trtc_colour_map map;
    struct trtc_fit fit;

    if (trtc_av_plain_format(pic->format) != AV_PIX_FMT_YUV420P || pic->width != w ||
        pic->height != h || trtc_colour_map(&own, &v->o.colour, &map))
        return false;
    trtc_fit_window(&shape, w, h, TRTC_RENDER_FIT, &fit);
    return fit.dst.w == w && fit.dst.h == h;
}

static int fit(struct trtc_venc *v, const AVFrame *pic, AVFrame *to, struct trtc_err *err)
{
    const struct trtc_pane all = { .rect = { 0, 0, to->width, to->height },
                                   .render = TRTC_RENDER_FIT };

    return trtc_scaler_draw(v->scaler, pic, &all, to, err);
}

/* Fits pic to the canvas before it is turned into it. */
static int fit_turned(struct trtc_venc *v, const AVFrame *pic, unsigned turn, struct trtc_err *err)
{
    const struct trtc_rect all = { 0, 0, v->canvas->width, v->canvas->height };
    const bool across = turn & TRTC_TURN_TRANSPOSE;
    const int w = across ? all.h : all.w, h = across ? all.w : all.h;

    if (v->unturned && v->unturned->width != w)
        av_frame_free(&v->unturned);
    if (!v->unturned && !(v->unturned = trtc_canvas_new(w, h, &v->o.colour)))
        return trtc_fail_nomem(err);
    if (fit(v, pic, v->unturned, err) < 0)
        return -1;
    trtc_turn_draw(v->unturned, turn, &all, 0, v->canvas);
    return 0;
}

/* Makes the newest picture the one that is shown; it is left empty or as it is. */
static int show(struct trtc_venc *v, struct trtc_err *err)
{
    if (v->next_turn == 0 && is_as_wanted(v, v->next)) {
        av_frame_unref(v->whole);
        av_frame_move_ref(v->whole, v->next);
        v->shown = v->whole;
    } else {
        if ((v->next_turn ? fit_turned(v, v->next, v->next_turn, err)
                          : fit(v, v->next, v->canvas, err)) < 0)
            return -1;
        v->shown = v->canvas;
    }
    v->shown_us = v->next_us;
    return 0;
}

/* ---- decoding ---- */

static void close_decoder(struct trtc_venc *v)
{
    /* what went in and never came out, without an error; two fields may have made one picture */
    const int64_t gone = v->draining ? v->nb_in - v->nb_out - v->nb_bad : 0;
    if (gone > 0 && !v->fields) {
        v->nb_broken += gone;
        v->account.nb_left[TRTC_LEFT_UNDECODED] += gone;
    } else {
        v->nb_second += gone;
    }
    avcodec_free_context(&v->dec);
    v->draining = v->fields = false;
    v->nb_in = v->nb_out = v->nb_bad = 0;
}

static int open_decoder(struct trtc_venc *v, struct trtc_err *err)
{
    const struct trtc_picture_decoder_opts o = {
        .codec = v->in_codec,
        .first = v->in,
        .threads = v->o.threads == 1 ? 1 : 2, /* the encoder has the other cores */
        .reorder = 4,                         /* a few pictures of delay cost nothing here */
    };
    v->dec_colour = v->in_colour;
    v->dec = trtc_picture_decoder_new(&o, err);
    return v->dec ? 0 : -1;
}

/* Shows the newest picture. One that cannot be converted is lost, and counted; -1: no memory. */
static int show_next(struct trtc_venc *v, struct trtc_err *err)
{
    struct trtc_err why;
    if (show(v, &why) == 0) {
        v->account.nb_out++;
        return 0;
    }
    if (trtc_is_shortage(&why)) {
        *err = why;
        return -1;
    }
    v->nb_broken++;
    v->account.nb_left[TRTC_LEFT_UNDECODED]++;
    return 0;
}

/* A picture from the decoder, in v->decoded, is taken in. */
static int take_picture(struct trtc_venc *v, struct trtc_err *err)
{
    AVFrame *pic = v->decoded;
    v->nb_out++;
    v->fields |= trtc_picture_is_interlaced(pic);
    if (pic->decode_error_flags || (pic->flags & AV_FRAME_FLAG_CORRUPT))
        v->nb_broken++;
    const int64_t us = pic->pts != AV_NOPTS_VALUE ? pic->pts : pic->best_effort_timestamp;
    if (us == AV_NOPTS_VALUE || us > TRTC_AV_TIME_MAX_US || us < -TRTC_AV_TIME_MAX_US) {
        v->nb_broken++; /* nowhere to put it */
        v->account.nb_left[TRTC_LEFT_UNPLACED]++;
        av_frame_unref(pic);
        return 0;
    }
    const unsigned stated = trtc_turn_of_picture(&v->stated, pic, 0);
    v->nb_askew += (stated & ~(unsigned)TRTC_TURN_STEPS) != 0;
    int64_t slot = slot_of_us(v, us);
    if (slot < v->slot)
        slot = v->slot;
    if (v->has_next && us < v->next_us) {
        av_frame_unref(pic); /* a newer one has been there already */
        v->account.nb_left[TRTC_LEFT_OVERLAP]++;
        return 0;
    }
    if (v->has_next && slot > v->next_slot) {
        if (show_next(v, err) < 0)
            return -1;
    } else if (v->has_next) {
        v->account.nb_left[TRTC_LEFT_RATE]++;
    }
    av_frame_unref(v->next);
    av_frame_move_ref(v->next, pic);
    v->has_next = true;
    v->next_slot = slot;
    v->next_us = us;
    v->next_turn = stated & TRTC_TURN_STEPS;
    return 0;
}

/* Counts an error of the decoder, and closes a decoder that may not work any more. */
static int decoder_failed(struct trtc_venc *v, int ret, struct trtc_err *err)
{
    if (ret == AVERROR(ENOMEM))
        return trtc_fail_nomem(err);
    v->nb_broken++;
    v->nb_bad++;
    v->account.nb_left[TRTC_LEFT_UNDECODED]++;
    if (ret != AVERROR_INVALIDDATA) {
        v->draining = true; /* what is still inside is lost with it, and counted */
        close_decoder(v);
    }
    return 0;
}

/* Whether the open decoder takes the access unit in hand. */
static bool fits_decoder(const struct trtc_venc *v)
{
    return v->dec->codec == v->in_codec &&
           memcmp(&v->dec_colour, &v->in_colour, sizeof v->in_colour) == 0;
}

/* One step of decoding: 1 something moved, 0 nothing to do, -1. */
static int decode(struct trtc_venc *v, struct trtc_err *err)
{
    if (!v->dec) {
        if (!v->has_in)
            return 0;
        return open_decoder(v, err) ? -1 : 1;
    }
    int ret = avcodec_receive_frame(v->dec, v->decoded);
    if (ret == AVERROR_EOF) {
        close_decoder(v);
        return 1;
    }
    if (ret != AVERROR(EAGAIN)) {
        if (ret < 0)
            return decoder_failed(v, ret, err) ? -1 : 1;
        return take_picture(v, err) < 0 ? -1 : 1;
    }
    if (v->has_in && fits_decoder(v)) {
        ret = avcodec_send_packet(v->dec, v->in);
        av_packet_unref(v->in);
        v->has_in = false;
        v->nb_in++;
        if (ret < 0 && decoder_failed(v, ret, err))
            return -1;
        return 1;
    }
    if (v->has_in || v->ended) {
        ret = avcodec_send_packet(v->dec, NULL);
        v->draining = true;
        return ret < 0 && decoder_failed(v, ret, err) ? -1 : 1;
    }
    return 0;
}

/* ---- encoding ---- */

static int open_encoder(struct trtc_venc *v, struct trtc_err *err)
{
    const struct trtc_h264enc_opts o = {
        .width_px = v->o.width_px,
        .height_px = v->o.height_px,
        .colour = v->o.colour,
        .fps = v->o.fps,
        .gop = KEY_INTERVAL_S * v->o.fps,
        .preset = "veryfast",
        .threads = v->o.threads,
    };
    v->enc = trtc_h264enc_new(&o, err);
    return v->enc ? 0 : -1;
}

/* Gives the encoder output frame v->slot. */
static int encode_slot(struct trtc_venc *v, struct trtc_err *err)
{
    const int64_t us = us_of_slot(v, v->slot);
    const AVFrame *show = v->shown;
    if (!show || (v->o.black && us > v->shown_us && us - v->shown_us > v->o.hold_us))
        show = v->black;
    if (trtc_h264enc_send(v->enc, show, v->slot, err) < 0)
        return -1;
    v->slot++;
    return 0;
}

/* One step: 1 something moved, 0 more input is needed, -1. */
static int step(struct trtc_venc *v, struct trtc_err *err)
{
    const bool all_in = v->ended && !v->has_in && !v->dec;
    int64_t settled = v->slot; /* frames before this one show v->shown for certain */
    if (v->has_next)
        settled = v->next_slot;
    else if (all_in)
        settled = v->end_slot;
    if (v->ended && settled > v->end_slot)
        settled = v->end_slot;
    if (v->slot < settled)
        return encode_slot(v, err) ? -1 : 1;
    if (!all_in)
        return decode(v, err);

    if (v->has_next) {
        if (v->next_slot >= v->end_slot)
            v->account.nb_left[TRTC_LEFT_CUT]++;
        else if (show_next(v, err) < 0)
            return -1;
        av_frame_unref(v->next);
        v->has_next = false;
        return 1;
    }
    if (v->flushed)
        return 0;
    v->flushed = true;
    return trtc_h264enc_send(v->enc, NULL, 0, err) < 0 ? -1 : 1;
}

/* ---- interface ---- */

struct trtc_venc *trtc_venc_new(const struct trtc_venc_opts *o, struct trtc_err *err)
{
    if (o->width_px < 2 || o->height_px < 2 || o->width_px > 16384 || o->height_px > 16384 ||
        o->fps < 1 || o->fps > 1000) {
        trtc_fail(err, TRTC_EX_DATAERR, "video of %dx%d at %d fps cannot be encoded", o->width_px,
                  o->height_px, o->fps);
        return NULL;
    }
    if (trtc_ffmpeg_load(err) < 0)
        return NULL;
    struct trtc_venc *v = calloc(1, sizeof *v);
    if (!v) {
        trtc_fail_nomem(err);
        return NULL;
    }
    v->o = *o;
    v->o.width_px += o->width_px & 1;
    v->o.height_px += o->height_px & 1;
    v->o.colour = trtc_colour_of(&o->colour, v->o.width_px, v->o.height_px);
    if (v->o.hold_us <= 0)
        v->o.hold_us = DEFAULT_HOLD_US;
    v->in = av_packet_alloc();
    v->decoded = av_frame_alloc();
    v->next = av_frame_alloc();
    v->whole = av_frame_alloc();
    v->canvas = trtc_canvas_new(v->o.width_px, v->o.height_px, &v->o.colour);
    v->black = trtc_canvas_new(v->o.width_px, v->o.height_px, &v->o.colour);
    v->scaler = trtc_scaler_new(err);
    v->sets = trtc_kept_sets_new();
    if (!v->in || !v->sets || !v->decoded || !v->next || !v->whole || !v->canvas || !v->black ||
        !v->scaler) {
        trtc_fail_nomem(err);
        goto fail;
    }
    if (open_encoder(v, err))
        goto fail;
    return v;
fail:
    trtc_venc_free(&v);
    return NULL;
}

void trtc_venc_free(struct trtc_venc **v)
{
    struct trtc_venc *x = *v;
    if (!x)
        return;
    trtc_h264enc_free(&x->enc);
    avcodec_free_context(&x->dec);
    trtc_kept_sets_free(&x->sets);
    trtc_scaler_free(&x->scaler);
    av_frame_free(&x->black);
    av_frame_free(&x->canvas);
    av_frame_free(&x->unturned);
    av_frame_free(&x->whole);
    av_frame_free(&x->next);
    av_frame_free(&x->decoded);
    av_packet_free(&x->in);
    free(x);
    *v = NULL;
}

/* Copies p into v->in, behind the parameter sets that it needs and lacks. */
static int with_sets(struct trtc_venc *v, const struct trtc_packet *p, struct trtc_err *err)
{
    size_t n;
    const uint8_t *sets = trtc_kept_sets_missing(v->sets, &n);
    if (!p->key || !sets)
        return trtc_av_packet(v->in, p, err);
    struct trtc_packet joined = *p;
    uint8_t *data = malloc(n + p->size);
    if (!data)
        return trtc_fail_nomem(err);
    memcpy(data, sets, n);
    memcpy(data + n, p->data, p->size);
    joined.data = data;
    joined.size += n;
    const int ret = trtc_av_packet(v->in, &joined, err);
    free(data);
    return ret;
}

static int take_in(struct trtc_venc *v, enum trtc_codec codec, const struct trtc_packet *p,
                   bool other_codec, struct trtc_err *err)
{
    struct trtc_video_params params;
    if (codec != TRTC_CODEC_H264 && codec != TRTC_CODEC_H265)
        return trtc_av_packet(v->in, p, err);
    if (other_codec)
        trtc_kept_sets_clear(v->sets);
    trtc_kept_sets_take(v->sets, codec, p->data, p->size);
    if (p->key && trtc_video_params_read(codec, p->data, p->size, &params) == 0)
        v->in_colour = params.colour;
    return with_sets(v, p, err);
}

int trtc_venc_send(struct trtc_venc *v, enum trtc_codec codec, const char *codec_name,
                   const struct trtc_packet *p, struct trtc_err *err)
{
    if (v->has_in || v->ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "video was sent before the encoder was drained");
    const AVCodec *c = trtc_av_decoder(AVMEDIA_TYPE_VIDEO, codec, codec_name, err);
    if (!c)
        return -1;
    if (!p->size) {
        v->nb_broken++;
        v->account.nb_left[TRTC_LEFT_UNDECODED]++;
        return 0;
    }
    if (take_in(v, codec, p, c != v->in_codec, err))
        return -1;
    v->in_codec = c;
    v->has_in = true;
    return 0;
}

int trtc_venc_end(struct trtc_venc *v, int64_t end_us, struct trtc_err *err)
{
    if (v->has_in || v->ended)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "video was ended before the encoder was drained");
    v->ended = true;
    v->end_slot = end_us > 0 ? slot_of_us(v, end_us) : 0;
    return 0;
}

int trtc_venc_receive(struct trtc_venc *v, struct trtc_packet *p, struct trtc_err *err)
{
    for (;;) {
        int ret = trtc_h264enc_receive(v->enc, p, err);
        if (ret == 0 && (ret = step(v, err)) > 0)
            continue;
        return ret;
    }
}

const uint8_t *trtc_venc_param_sets(const struct trtc_venc *v, size_t *size)
{
    return trtc_h264enc_sets(v->enc, size);
}

int64_t trtc_venc_nb_broken(const struct trtc_venc *v)
{
    return v->nb_broken;
}

int64_t trtc_venc_nb_askew(const struct trtc_venc *v)
{
    return v->nb_askew;
}

void trtc_venc_account(const struct trtc_venc *v, struct trtc_ledger *to)
{
    struct trtc_ledger a = v->account;
    a.nb_put_in = v->slot > a.nb_out ? v->slot - a.nb_out : 0;
    a.nb_out += v->nb_second;
    trtc_ledger_add(to, &a);
}
