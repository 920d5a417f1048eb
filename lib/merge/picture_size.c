/* SPDX-License-Identifier: MIT */
/* The size of an encoded picture: what its source has. */
#include "merge/picture_size.h"

#include <stdbool.h>

#include "codec/av.h"
#include "codec/decode_picture.h"
#include "codec/ffmpeg.h"
#include "layout/fit.h"
#include "merge/lane.h"

enum { SIZE_MAX_PX = 16384 };
enum { TRIES = 1000 }; /* access units: more than any stream has without a picture */

struct look {
    AVCodecContext *dec;
    AVPacket *pkt;
    AVFrame *pic;
    bool found;
};

/* A decoder for the stream of r; false where there is none. */
static bool ready(struct look *l, const struct trtc_read *r)
{
    struct trtc_err none;
    const AVCodec *codec =
        trtc_av_decoder(AVMEDIA_TYPE_VIDEO, r->stream->codec, r->stream->codec_name, &none);
    if (l->dec && l->dec->codec == codec)
        return true;
    avcodec_free_context(&l->dec);
    const struct trtc_picture_decoder_opts o = { .codec = codec, .threads = 1 };
    l->dec = codec ? trtc_picture_decoder_new(&o, &none) : NULL;
    return l->dec;
}

/* Decodes the access unit in r; NULL: the pictures that the decoder still contains. */
static int decode(struct look *l, const struct trtc_read *r, struct trtc_err *err)
{
    if (r && (!ready(l, r) || r->pkt.size == 0))
        return 0;
    if (r && trtc_av_packet(l->pkt, &r->pkt, err) < 0)
        return -1;
    avcodec_send_packet(l->dec, r ? l->pkt : NULL);
    av_packet_unref(l->pkt);
    l->found = avcodec_receive_frame(l->dec, l->pic) >= 0;
    return 0;
}

static int search(struct look *l, struct trtc_reader *rd, struct trtc_err *err)
{
    struct trtc_read r;
    int got = 1;
    for (int i = 0; i < TRIES && got > 0 && !l->found; i++) {
        got = trtc_reader_next(rd, &r, err);
        if (got > 0 && decode(l, &r, err) < 0)
            return -1;
    }
    if (got < 0)
        return -1;
    return !l->found && l->dec ? decode(l, NULL, err) : 0;
}

static int said_size(const struct trtc_output *out, int *w, int *h)
{
    for (size_t i = 0; i < out->video.n; i++) {
        const struct trtc_piece *p = out->video.clips[i].piece;
        if (p->said_width_px > 1 && p->said_height_px > 1 && p->said_width_px <= SIZE_MAX_PX &&
            p->said_height_px <= SIZE_MAX_PX) {
            *w = p->said_width_px;
            *h = p->said_height_px;
            return 1;
        }
    }
    return 0;
}

/* Finds the size of the first picture that can be decoded, or else the one in VIDEO-METADATA. */
static int decoded_size(const struct trtc_output *out, int *width_px, int *height_px,
                        struct trtc_err *err)
{
    if (trtc_ffmpeg_load(err) < 0)
        return -1;
    struct trtc_losses ignored = { 0 }; /* listed in the run itself */
    struct look l = { .pkt = av_packet_alloc(), .pic = av_frame_alloc() };
    struct trtc_reader *rd = trtc_output_reader(out, TRTC_VIDEO, &ignored, NULL, err);
    int ret = rd ? 0 : -1;
    if (rd && (!l.pkt || !l.pic))
        ret = trtc_fail_nomem(err);
    if (ret == 0)
        ret = search(&l, rd, err);
    if (ret == 0 && l.found) {
        const AVRational sar = l.pic->sample_aspect_ratio;
        trtc_fit_shown(l.pic->width, l.pic->height, trtc_fit_shape(sar.num, sar.den), width_px,
                       height_px);
        ret = 1;
    } else if (ret == 0) {
        ret = said_size(out, width_px, height_px);
    }
    trtc_reader_free(&rd);
    trtc_losses_fini(&ignored);
    avcodec_free_context(&l.dec);
    av_frame_free(&l.pic);
    av_packet_free(&l.pkt);
    return ret;
}

/* Widens *w and *h to the largest picture whose parameter sets can be read. */
static int largest_size(const struct trtc_output *out, const volatile sig_atomic_t *stop, int *w,
                        int *h, struct trtc_err *err)
{
    struct trtc_losses ignored = { 0 }; /* listed in the run itself */
    struct trtc_reader *rd = trtc_output_reader(out, TRTC_VIDEO, &ignored, NULL, err);
    struct trtc_read r;
    int got = rd ? 1 : -1;
    while (got > 0 && !trtc_is_stopped(stop) && (got = trtc_reader_next(rd, &r, err)) > 0) {
        struct trtc_video_params v;
        int shown_w, shown_h;
        if (!r.pkt.key || trtc_video_params_read(r.stream->codec, r.pkt.data, r.pkt.size, &v) < 0)
            continue;
        trtc_fit_shown(v.width_px, v.height_px, trtc_fit_shape(v.sar_num, v.sar_den), &shown_w,
                       &shown_h);
        if (shown_w > SIZE_MAX_PX || shown_h > SIZE_MAX_PX)
            continue;
        *w = shown_w > *w ? shown_w : *w;
        *h = shown_h > *h ? shown_h : *h;
    }
    trtc_reader_free(&rd);
    trtc_losses_fini(&ignored);
    return got;
}

int trtc_picture_size(const struct trtc_output *out, const volatile sig_atomic_t *stop,
                      int *width_px, int *height_px, struct trtc_err *err)
{
    *width_px = out->width_px;
    *height_px = out->height_px;
    if (!out->size_given && largest_size(out, stop, width_px, height_px, err) < 0)
        return -1;
    return *width_px > 0 && *height_px > 0 ? 1 : decoded_size(out, width_px, height_px, err);
}
