/* SPDX-License-Identifier: MIT */
/* The interface to FFmpeg's libraries: their errors and decoders in this project's terms. */
#ifndef TRTC_CODEC_AV_H
#define TRTC_CODEC_AV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavutil/pixfmt.h>

#include "base/err.h"
#include "ts/packet.h"

/* Times beyond this are damage. Differences of times below it cannot overflow. */
#define TRTC_AV_TIME_MAX_US (INT64_MAX / 4)

/* Whether memory, threads or files are temporarily unavailable. */
bool trtc_av_is_shortage(int averr);

/* Like trtc_fail, with ": " and FFmpeg's text for averr appended. The code becomes TRTC_EX_TEMPFAIL
 * if averr is a shortage. */
__attribute__((format(printf, 4, 5))) int trtc_fail_av(struct trtc_err *err, int code, int averr,
                                                       const char *fmt, ...);

/* Like trtc_fail_av, for an encoder that exists and has our own settings. TRTC_EX_UNAVAILABLE if
 * averr is a refusal (EINVAL, ENOSYS and similar). Otherwise it lacks memory or threads, for which
 * x264 has no error code: TRTC_EX_TEMPFAIL. */
__attribute__((format(printf, 3, 4))) int trtc_fail_encoder(struct trtc_err *err, int averr,
                                                            const char *fmt, ...);

/* The decoder for codec or, if that is OTHER, for FFmpeg's codec name; it must be of this type.
 * Static. NULL: there is none, TRTC_EX_UNAVAILABLE. */
const AVCodec *trtc_av_decoder(enum AVMediaType type, enum trtc_codec codec, const char *codec_name,
                               struct trtc_err *err);

/* Whether the decoder can be opened with the container's parameters (NULL: none). Some decoders
 * need them. */
bool trtc_av_opens(const AVCodec *c, const AVCodecParameters *params);

/* A static copy of the codec name; "unknown" if FFmpeg does not know it. */
const char *trtc_av_codec_name(const char *name);

/* Copies data and times of p into the empty pkt, with a time base of microseconds. An impossible
 * time becomes an unknown one. 0, or -1: out of memory. */
int trtc_av_packet(AVPacket *pkt, const struct trtc_packet *p, struct trtc_err *err);

/* The plain pixel format for one of those named after JPEG, which are the same with full range. */
enum AVPixelFormat trtc_av_plain_format(enum AVPixelFormat format);

#endif
