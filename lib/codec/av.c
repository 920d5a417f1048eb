/* SPDX-License-Identifier: MIT */
/* The interface to FFmpeg's libraries: error texts, decoders by name, packets. */
#include "codec/av.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "codec/ffmpeg.h"

__attribute__((format(printf, 4, 0))) static void fill(struct trtc_err *err, int code, int averr,
                                                       const char *fmt, va_list ap)
{
    err->code = code;
    int n = vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    if (n >= 0 && (size_t)n < sizeof err->msg && trtc_ffmpeg_load(NULL) == 0) {
        char text[AV_ERROR_MAX_STRING_SIZE] = "";
        av_strerror(averr, text, sizeof text);
        snprintf(err->msg + n, sizeof err->msg - (size_t)n, ": %s", text);
    }
}

bool trtc_av_is_shortage(int averr)
{
    return averr == AVERROR(ENOMEM) || averr == AVERROR(EAGAIN) || averr == AVERROR(EMFILE) ||
           averr == AVERROR(ENFILE);
}

int trtc_fail_av(struct trtc_err *err, int code, int averr, const char *fmt, ...)
{
    if (!err)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    fill(err, trtc_av_is_shortage(averr) ? TRTC_EX_TEMPFAIL : code, averr, fmt, ap);
    va_end(ap);
    return -1;
}

/* Whether the error is a genuine refusal. Other errors come from a lack of memory or threads. */
static bool is_refusal(int averr)
{
    return averr == AVERROR(ENOSYS) || averr == AVERROR(EINVAL) || averr == AVERROR_PATCHWELCOME ||
           averr == AVERROR_EXPERIMENTAL || averr == AVERROR_OPTION_NOT_FOUND;
}

int trtc_fail_encoder(struct trtc_err *err, int averr, const char *fmt, ...)
{
    if (!err)
        return -1;
    va_list ap;
    va_start(ap, fmt);
    fill(err, is_refusal(averr) ? TRTC_EX_UNAVAILABLE : TRTC_EX_TEMPFAIL, averr, fmt, ap);
    va_end(ap);
    return -1;
}

const AVCodec *trtc_av_decoder(enum AVMediaType type, enum trtc_codec codec, const char *codec_name,
                               struct trtc_err *err)
{
    const AVCodec *c = NULL;
    const char *name = codec_name ? codec_name : "unknown";
    if (trtc_ffmpeg_load(err) < 0)
        return NULL;
    switch (codec) {
    case TRTC_CODEC_H264:
        name = "h264";
        break;
    case TRTC_CODEC_H265:
        name = "hevc";
        break;
    case TRTC_CODEC_AAC:
        name = "aac";
        break;
    case TRTC_CODEC_NONE:
    case TRTC_CODEC_OTHER:
        break;
    }
    /* by codec first: a decoder found by the name may be a worse one ("mp3" uses integers) */
    const AVCodecDescriptor *d = avcodec_descriptor_get_by_name(name);
    if (d)
        c = avcodec_find_decoder(d->id);
    if (!c)
        c = avcodec_find_decoder_by_name(name);
    if (!c || c->type != type) {
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "this FFmpeg has no %s decoder for codec '%s'",
                  type == AVMEDIA_TYPE_VIDEO ? "video" : "audio", name);
        return NULL;
    }
    return c;
}

bool trtc_av_opens(const AVCodec *c, const AVCodecParameters *params)
{
    AVCodecContext *dec = avcodec_alloc_context3(c);
    const bool known = dec && params && params->codec_id == c->id;
    const bool opens = dec && (!known || avcodec_parameters_to_context(dec, params) >= 0) &&
                       avcodec_open2(dec, c, NULL) >= 0;

    avcodec_free_context(&dec);
    return opens;
}

const char *trtc_av_codec_name(const char *name)
{
    const AVCodecDescriptor *d =
        trtc_ffmpeg_load(NULL) == 0 ? avcodec_descriptor_get_by_name(name) : NULL;

    return d ? d->name : "unknown";
}

static int64_t sane_time(int64_t us)
{
    const bool sane = us <= TRTC_AV_TIME_MAX_US && us >= -TRTC_AV_TIME_MAX_US;
    return sane ? us : AV_NOPTS_VALUE; /* which is also TRTC_NOTIME */
}

int trtc_av_packet(AVPacket *pkt, const struct trtc_packet *p, struct trtc_err *err)
{
    if (p->size > INT_MAX - AV_INPUT_BUFFER_PADDING_SIZE)
        return trtc_fail(err, TRTC_EX_DATAERR, "a packet of %zu bytes is too large", p->size);
    if (trtc_ffmpeg_load(err) < 0)
        return -1;
    int ret = av_new_packet(pkt, (int)p->size);
    if (ret < 0)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, ret, "packet of %zu bytes", p->size);
    if (p->size)
        memcpy(pkt->data, p->data, p->size);
    pkt->pts = sane_time(p->pts_us);
    pkt->dts = sane_time(p->dts_us);
    if (p->key)
        pkt->flags |= AV_PKT_FLAG_KEY;
    return 0;
}

enum AVPixelFormat trtc_av_plain_format(enum AVPixelFormat format)
{
    switch (format) {
    case AV_PIX_FMT_YUVJ420P:
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        return AV_PIX_FMT_YUV444P;
    case AV_PIX_FMT_YUVJ440P:
        return AV_PIX_FMT_YUV440P;
    case AV_PIX_FMT_YUVJ411P:
        return AV_PIX_FMT_YUV411P;
    default:
        return format;
    }
}
