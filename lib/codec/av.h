/* SPDX-License-Identifier: MIT */
/* The seam to FFmpeg's libraries: their error values and decoders in this project's terms. */
#ifndef TRTC_CODEC_AV_H
#define TRTC_CODEC_AV_H

#include <stddef.h>
#include <stdint.h>

#include <libavcodec/avcodec.h>
#include <libavutil/pixfmt.h>

#include "base/err.h"
#include "ts/packet.h"

/* Times beyond this are damage; below it, differences cannot overflow. */
#define TRTC_AV_TIME_MAX_US (INT64_MAX / 4)

/* As trtc_fail, with ": " and FFmpeg's text for averr appended; no memory, threads or files: TRTC_EX_TEMPFAIL. */
__attribute__((format(printf, 4, 5))) int trtc_fail_av(struct trtc_err *err, int code, int averr,
                                                       const char *fmt, ...);

/* The same for an encoder that is present and has our own settings: if it fails, it lacks memory
 * or threads, for which x264 has no error of its own: TRTC_EX_TEMPFAIL. */
__attribute__((format(printf, 3, 4))) int trtc_fail_encoder(struct trtc_err *err, int averr,
                                                            const char *fmt, ...);

/* The decoder for codec, or for FFmpeg's codec name where that is OTHER; it must be of type.
 * NULL: there is none, TRTC_EX_UNAVAILABLE. */
const AVCodec *trtc_av_decoder(enum AVMediaType type, enum trtc_codec codec, const char *codec_name,
                               struct trtc_err *err);

/* True if the decoder can be opened with what the container says of the stream (NULL: nothing): some
 * cannot without. */
bool trtc_av_opens(const AVCodec *c, const AVCodecParameters *said);

/* The same name of a codec, valid for ever; "unknown" where FFmpeg does not know it. */
const char *trtc_av_codec_name(const char *name);

/* Copies data and times of p into the empty pkt; the time base is microseconds. A time that makes
 * no sense becomes an unknown one. */
int trtc_av_packet(AVPacket *pkt, const struct trtc_packet *p, struct trtc_err *err);

/* The formats named for JPEG are the plain ones with full range: the plain one. */
enum AVPixelFormat trtc_av_plain_format(enum AVPixelFormat format);

/* Keeps the libraries' own messages off standard error: the programs count and report what
 * matters. */
void trtc_av_quiet(void);

#endif
