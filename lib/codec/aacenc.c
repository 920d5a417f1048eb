/* SPDX-License-Identifier: MIT */
/* Encodes samples to AAC-LC with FFmpeg's own encoder. */
#include "codec/aacenc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "codec/ffmpeg.h"

struct trtc_aacenc {
    AVCodecContext *enc;
    AVFrame *frame; /* scratch: input of the encoder */
    int64_t pos;    /* number of samples given to it so far */
    bool flushed;
    AVPacket *pkt; /* the packet that the caller receives */
};

struct trtc_aacenc *trtc_aacenc_new(int rate_hz, int channels, int bitrate_bps,
                                    struct trtc_err *err)
{
    struct trtc_aacenc *e = NULL;
    if (trtc_ffmpeg_load(err) < 0)
        return NULL;
    const AVCodec *codec = avcodec_find_encoder_by_name("aac");
    if (!codec) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg was built without its AAC encoder");
        goto fail;
    }
    if (channels < 1 || channels > 2 || rate_hz < 1 || rate_hz > 96000) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "AAC cannot be encoded at %d Hz with %d channels",
                  rate_hz, channels);
        goto fail;
    }
    e = calloc(1, sizeof *e);
    if (!e || !(e->frame = av_frame_alloc()) || !(e->pkt = av_packet_alloc()) ||
        !(e->enc = avcodec_alloc_context3(codec))) {
        trtc_fail_nomem(err);
        goto fail;
    }
    e->enc->sample_rate = rate_hz;
    e->enc->sample_fmt = AV_SAMPLE_FMT_FLTP;
    e->enc->time_base = (AVRational){ 1, rate_hz };
    e->enc->bit_rate = bitrate_bps > 0 ? bitrate_bps : 64000 * (int64_t)channels;
    e->enc->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_channel_layout_default(&e->enc->ch_layout, channels);
    /* The default search takes three times as long, sounds no better, and makes a loud tone up to 5
     * dB louder, so that sound which a limiter held back would clip after all. */
    av_opt_set(e->enc->priv_data, "aac_coder", "fast", 0);
    int ret = avcodec_open2(e->enc, codec, NULL);
    if (ret < 0) {
        trtc_fail_encoder(err, ret, "AAC at %d Hz, %d channels", rate_hz, channels);
        goto fail;
    }
    return e;
fail:
    trtc_aacenc_free(&e);
    return NULL;
}

void trtc_aacenc_free(struct trtc_aacenc **e)
{
    struct trtc_aacenc *x = *e;
    if (!x)
        return;
    avcodec_free_context(&x->enc);
    av_packet_free(&x->pkt);
    av_frame_free(&x->frame);
    free(x);
    *e = NULL;
}

/* Makes the frame writable and large enough. The encoder may have kept the previous one's
 * buffer. */
static int reserve(struct trtc_aacenc *e, struct trtc_err *err)
{
    AVFrame *f = e->frame;
    if (f->buf[0] && av_frame_is_writable(f))
        return 0;
    av_frame_unref(f);
    f->format = AV_SAMPLE_FMT_FLTP;
    f->sample_rate = e->enc->sample_rate;
    f->nb_samples = e->enc->frame_size;
    if (av_channel_layout_copy(&f->ch_layout, &e->enc->ch_layout) < 0 ||
        av_frame_get_buffer(f, 0) < 0) {
        av_frame_unref(f);
        return trtc_fail_nomem(err);
    }
    return 0;
}

void trtc_aacenc_begin_at(struct trtc_aacenc *e, int64_t pos)
{
    e->pos = pos;
}

int trtc_aacenc_send(struct trtc_aacenc *e, const float *const *planes, int n, struct trtc_err *err)
{
    const int size = e->enc->frame_size;
    const int channels = e->enc->ch_layout.nb_channels;
    if (!planes && e->flushed)
        return 0;
    if (planes) {
        if (n < 0 || n > size)
            return trtc_fail(err, TRTC_EX_SOFTWARE, "%d samples for a frame of %d", n, size);
        if (reserve(e, err))
            return -1;
        for (int c = 0; c < channels; c++)
            memcpy(e->frame->extended_data[c], planes[c], (size_t)n * sizeof(float));
        if (n < size)
            av_samples_set_silence(e->frame->extended_data, n, size - n, channels,
                                   AV_SAMPLE_FMT_FLTP);
        e->frame->pts = e->pos;
        e->pos += n;
    }
    int ret = avcodec_send_frame(e->enc, planes ? e->frame : NULL);
    if (ret < 0)
        return trtc_fail_encoder(err, ret, "encoding sound");
    e->flushed = !planes;
    return 0;
}

int trtc_aacenc_receive(struct trtc_aacenc *e, struct trtc_packet *p, struct trtc_err *err)
{
    av_packet_unref(e->pkt);
    int ret = avcodec_receive_packet(e->enc, e->pkt);
    if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
        return 0;
    if (ret < 0)
        return trtc_fail_encoder(err, ret, "encoding sound");
    p->data = e->pkt->data;
    p->size = (size_t)e->pkt->size;
    p->pts_us = p->dts_us =
        av_rescale_rnd(e->pkt->pts, 1000000, e->enc->sample_rate, AV_ROUND_NEAR_INF);
    p->key = true;
    return 1;
}

int trtc_aacenc_frame(const struct trtc_aacenc *e)
{
    return e->enc->frame_size;
}

const uint8_t *trtc_aacenc_asc(const struct trtc_aacenc *e, size_t *size)
{
    *size = (size_t)e->enc->extradata_size;
    return e->enc->extradata;
}
