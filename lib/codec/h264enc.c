/* SPDX-License-Identifier: MIT */
/* The H.264 encoder (libx264 through libavcodec): takes numbered pictures, returns access units. */
#include "codec/h264enc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "codec/recolour.h"
#include "ts/es.h"

#define CONSTANT_QUALITY 23
#define PEAK_NUM         3 /* with a bit rate: peaks of 3/2 of it, */
#define PEAK_DEN         2
#define BUFFER_S         2 /* averaged over this many seconds */

/* The preset has no look-ahead. A short one with macroblock trees costs little and gains much where
 * most of the picture stands still, as in calls. (With B pictures the trees depend on memory that
 * x264 has not written, so that the same input may give different bytes in each process. The same
 * is true of veryfast and slower presets.) */
static const char cheap_preset[] = "superfast";
static const char cheap_params[] = "mbtree=1:rc-lookahead=10";
static const char repeatable_params[] = "mbtree=0";

struct trtc_h264enc {
    AVCodecContext *enc;
    AVFrame *in;   /* scratch: input of libavcodec */
    AVPacket *pkt; /* the packet that the caller receives, or will receive next (has_pkt) */
    bool has_pkt;
    bool drained; /* receive has reported that there is nothing more */
    bool begun;   /* the first access unit has been returned */
    int fps;
    int gop; /* 0: x264 chooses the key frames */
    int64_t next_key_slot;
};

static bool is_preset(const char *name)
{
    static const char *const presets[] = {
        "ultrafast", "superfast", "veryfast", "faster",   "fast",
        "medium",    "slow",      "slower",   "veryslow", "placebo",
    };
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (!strcmp(name, presets[i]))
            return true;
    return false;
}

static int set_rate(AVCodecContext *c, int bitrate_bps, bool capped)
{
    if (bitrate_bps <= 0)
        return av_opt_set_double(c->priv_data, "crf", CONSTANT_QUALITY, 0);
    const int64_t bps = bitrate_bps;
    c->bit_rate = bps;
    if (!capped)
        return 0;
    c->rc_max_rate = bps * PEAK_NUM / PEAK_DEN;
    c->rc_buffer_size = (int)(bps > INT32_MAX / BUFFER_S ? INT32_MAX : bps * BUFFER_S);
    return 0;
}

/* Appends a parameter to a list of x264's. */
static void add_param(char *list, size_t room, const char *param)
{
    const size_t n = strlen(list);
    snprintf(list + n, room - n, "%s%s", n ? ":" : "", param);
}

/* Whether a picture refers to one earlier picture with this preset. Then a B picture that others
 * refer to is useless once they are decoded, and x264 need not keep it: 11 MB less for 1920x1080,
 * the same pictures. */
static bool refers_to_one(const char *preset)
{
    return !preset || !strcmp(preset, "superfast") || !strcmp(preset, "veryfast");
}

/* With fixed_gop this module decides where key frames are, so x264 must not add any: neither
 * because its own interval is over (hence the doubled interval), nor at a change of scene, where it
 * makes a key frame only if the last one is at least min-keyint away. min-keyint can be at most
 * half of the interval plus one. A nearer change of scene becomes an I picture that is not a key
 * frame. */
static int set_params(AVCodecContext *c, const struct trtc_h264enc_opts *o)
{
    char params[128] = "";
    if (o->repeatable || !o->preset)
        add_param(params, sizeof params, o->repeatable ? repeatable_params : cheap_params);
    if (refers_to_one(o->preset))
        add_param(params, sizeof params, "b-pyramid=strict");
    if (o->ahead != TRTC_AHEAD_FREELY)
        add_param(params, sizeof params,
                  o->ahead == TRTC_AHEAD_INSIDE ? "sync-lookahead=0" : "sync-lookahead=1");
    c->gop_size = o->gop;
    if (o->fixed_gop) {
        c->gop_size = 2 * o->gop;
        c->keyint_min = o->gop + 1;
        add_param(params, sizeof params, "open-gop=0");
        int ret = av_opt_set_int(c->priv_data, "forced-idr", 1, 0);
        if (ret < 0)
            return ret;
    }
    return params[0] ? av_opt_set(c->priv_data, "x264-params", params, 0) : 0;
}

static int open_encoder(struct trtc_h264enc *e, const struct trtc_h264enc_opts *o,
                        struct trtc_err *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    if (!codec)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg was built without libx264");
    AVCodecContext *c = e->enc = avcodec_alloc_context3(codec);
    if (!c)
        return trtc_fail_nomem(err);
    c->width = o->width_px;
    c->height = o->height_px;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->sample_aspect_ratio = (AVRational){ 1, 1 };
    trtc_av_encode_colour(c, &o->colour);
    c->time_base = (AVRational){ 1, o->fps };
    c->framerate = (AVRational){ o->fps, 1 };
    c->thread_count = o->threads;
    c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    int ret = av_opt_set(c->priv_data, "preset", o->preset ? o->preset : cheap_preset, 0);
    if (ret >= 0)
        ret = av_opt_set(c->priv_data, "profile", "high", 0);
    if (ret >= 0)
        ret = set_rate(c, o->bitrate_bps, !o->repeatable);
    if (ret >= 0)
        ret = set_params(c, o);
    if (ret >= 0)
        ret = avcodec_open2(c, codec, NULL);
    if (ret < 0)
        return trtc_fail_encoder(err, ret, "libx264 at %dx%d, %d fps", o->width_px, o->height_px,
                                 o->fps);
    return 0;
}

struct trtc_h264enc *trtc_h264enc_new(const struct trtc_h264enc_opts *o, struct trtc_err *err)
{
    struct trtc_h264enc *e = NULL;
    if (o->preset && !is_preset(o->preset)) {
        trtc_fail(err, TRTC_EX_USAGE, "libx264 has no preset '%s'", o->preset);
        return NULL;
    }
    if (o->fps < 1 || o->gop < 1 || o->gop > INT32_MAX / 4) {
        trtc_fail(err, TRTC_EX_SOFTWARE, "key frames every %d pictures at %d fps: out of range",
                  o->gop, o->fps);
        return NULL;
    }
    if (trtc_ffmpeg_load(err) < 0)
        return NULL;
    e = calloc(1, sizeof *e);
    if (!e) {
        trtc_fail_nomem(err);
        return NULL;
    }
    e->fps = o->fps;
    e->gop = o->fixed_gop ? o->gop : 0;
    e->next_key_slot = INT64_MIN;
    e->drained = true;
    e->in = av_frame_alloc();
    e->pkt = av_packet_alloc();
    if (!e->in || !e->pkt) {
        trtc_fail_nomem(err);
        goto fail;
    }
    if (open_encoder(e, o, err) < 0)
        goto fail;
    return e;
fail:
    trtc_h264enc_free(&e);
    return NULL;
}

void trtc_h264enc_free(struct trtc_h264enc **e)
{
    struct trtc_h264enc *x = *e;
    if (!x)
        return;
    avcodec_free_context(&x->enc);
    av_packet_free(&x->pkt);
    av_frame_free(&x->in);
    free(x);
    *e = NULL;
}

/* Fills e->in. Only the planes of pic are passed on: the type and side data of a decoded picture
 * must not influence the encoder. If pic has buffers they are referenced, so that libavcodec makes
 * no copy of its own; otherwise it copies. */
static int take_planes(struct trtc_h264enc *e, const AVFrame *pic, struct trtc_err *err)
{
    AVFrame *f = e->in;
    f->format = AV_PIX_FMT_YUV420P;
    f->width = e->enc->width;
    f->height = e->enc->height;
    f->color_range = e->enc->color_range;
    for (int i = 0; i < AV_NUM_DATA_POINTERS && pic->buf[i]; i++) {
        f->buf[i] = av_buffer_ref(pic->buf[i]);
        if (!f->buf[i])
            return trtc_fail_nomem(err);
    }
    for (int p = 0; p < 3; p++) {
        f->data[p] = pic->data[p];
        f->linesize[p] = pic->linesize[p];
    }
    f->extended_data = f->data;
    return 0;
}

static bool is_key_slot(struct trtc_h264enc *e, int64_t slot)
{
    if (!e->gop || slot < e->next_key_slot)
        return false;
    const int64_t over = slot % e->gop;
    e->next_key_slot = slot - over + (over < 0 ? 0 : e->gop);
    return true;
}

/* Moves the next packet to e->pkt, if there is one. */
static int fetch(struct trtc_h264enc *e, struct trtc_err *err)
{
    const int ret = avcodec_receive_packet(e->enc, e->pkt);
    e->has_pkt = ret >= 0;
    if (ret < 0 && ret != AVERROR(EAGAIN) && ret != AVERROR_EOF)
        return trtc_fail_encoder(err, ret, "encoding video");
    return 0;
}

/* libavcodec takes a picture by reference and encodes it once no packet remains to be fetched; only
 * then does x264 copy it into a frame of its own. The caller may change the planes when this
 * function returns. Hence no packet may remain before it, and the first fetch is done here. */
int trtc_h264enc_send(struct trtc_h264enc *e, const AVFrame *pic, int64_t slot,
                      struct trtc_err *err)
{
    int ret = -1;
    if (!e->drained)
        return trtc_fail(err, TRTC_EX_SOFTWARE,
                         "a picture was sent before the encoder was drained");
    if (pic) {
        if (take_planes(e, pic, err) < 0)
            goto done;
        e->in->pts = slot;
        if (is_key_slot(e, slot))
            e->in->pict_type = AV_PICTURE_TYPE_I;
    }
    ret = avcodec_send_frame(e->enc, pic ? e->in : NULL);
    if (ret == AVERROR_EOF && !pic)
        ret = 0; /* the end was announced twice */
    if (ret < 0) {
        ret = trtc_fail_encoder(err, ret, "encoding picture %lld", (long long)slot);
        goto done;
    }
    e->drained = false;
    av_packet_unref(e->pkt);
    ret = fetch(e, err);
done:
    av_frame_unref(e->in);
    return ret;
}

/* Skips the message with x264's version and settings in front of the first access unit. */
static void skip_settings(const uint8_t **data, size_t *size)
{
    const uint8_t *const end = *data + *size, *pos = *data;
    size_t n;
    const uint8_t *nal = trtc_annexb_next(&pos, end, &n);
    if (!nal || trtc_nal_kind(TRTC_CODEC_H264, *nal) != TRTC_NAL_SEI || pos == end)
        return;
    if (pos[-1] == 0)
        pos--; /* of a start code of 4 bytes */
    *size = (size_t)(end - pos);
    *data = pos;
}

int trtc_h264enc_receive(struct trtc_h264enc *e, struct trtc_packet *p, struct trtc_err *err)
{
    if (!e->has_pkt) {
        av_packet_unref(e->pkt);
        if (fetch(e, err) < 0)
            return -1;
        if (!e->has_pkt) {
            e->drained = true;
            return 0;
        }
    }
    e->has_pkt = false;
    *p = (struct trtc_packet){
        .data = e->pkt->data,
        .size = (size_t)e->pkt->size,
        .pts_us = av_rescale_rnd(e->pkt->pts, 1000000, e->fps, AV_ROUND_NEAR_INF),
        .dts_us = av_rescale_rnd(e->pkt->dts, 1000000, e->fps, AV_ROUND_NEAR_INF),
        .key = e->pkt->flags & AV_PKT_FLAG_KEY,
    };
    if (!e->begun)
        skip_settings(&p->data, &p->size);
    e->begun = true;
    return 1;
}

const uint8_t *trtc_h264enc_sets(const struct trtc_h264enc *e, size_t *size)
{
    *size = (size_t)e->enc->extradata_size;
    return e->enc->extradata;
}
