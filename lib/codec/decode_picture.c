/* SPDX-License-Identifier: MIT */
/* Opens decoders of pictures. */
#include "codec/decode_picture.h"

#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "ts/es.h"

#define DECODED_PX_MAX (8192 * 8192) /* larger than any camera or screen: damage */

/* Whether pictures of H.264 may be fields. FFmpeg's threads (of 5.1, at least) mark those beside whole frames as
 * damaged, although they decode them; one thread does not. */
static bool may_be_fields(const struct trtc_picture_decoder_opts *o)
{
    struct trtc_video_params v;

    return o->codec->id == AV_CODEC_ID_H264 && o->first &&
           trtc_video_params_read(TRTC_CODEC_H264, o->first->data, (size_t)o->first->size, &v) ==
               0 &&
           v.order.fields;
}

AVCodecContext *trtc_picture_decoder_new(const struct trtc_picture_decoder_opts *o,
                                         struct trtc_err *err)
{
    AVCodecContext *c = avcodec_alloc_context3(o->codec);
    if (!c || (o->par && avcodec_parameters_to_context(c, o->par) < 0)) {
        avcodec_free_context(&c);
        trtc_fail_nomem(err);
        return NULL;
    }
    c->pkt_timebase = (AVRational){ 1, 1000000 };
    c->max_pixels = DECODED_PX_MAX;
    c->thread_count = may_be_fields(o) ? 1 : o->threads;
    c->thread_type = FF_THREAD_FRAME;
    if (o->reorder && o->codec->id == AV_CODEC_ID_H264)
        c->has_b_frames = o->reorder;
    const int ret = avcodec_open2(c, o->codec, NULL);
    if (ret < 0) {
        avcodec_free_context(&c);
        trtc_fail_av(err, TRTC_EX_UNAVAILABLE, ret, "%s decoder", o->codec->name);
    }
    return c;
}

bool trtc_picture_is_interlaced(const AVFrame *pic)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return pic->flags & AV_FRAME_FLAG_INTERLACED;
#else
    return pic->interlaced_frame;
#endif
}
