/* SPDX-License-Identifier: MIT */
/* Sound of any codec, rate and layout to AAC-LC on a gapless output clock.
 *
 * Input is placed by its time, to the sample: holes become silence, overlaps are dropped. Below
 * 40 ms a difference between time stamps and sample count is rounding or drift and is followed
 * softly by resampling (at most 500 ppm); from 40 ms on it is a jump.
 *
 * Used as venc is: send one packet, receive until 0; silence of hours streams out step by step. */
#ifndef TRTC_CODEC_AENC_H
#define TRTC_CODEC_AENC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/ledger.h"
#include "ts/packet.h"

struct trtc_aenc_opts {
    int rate_hz, channels; /* output: 48000 and 1 or 2 usually */
    int bitrate_bps;       /* 0: 64000 a channel */
};

struct trtc_aenc;
struct AVCodecParameters;

/* NULL on failure: TRTC_EX_UNAVAILABLE where there is no AAC encoder for these values. */
struct trtc_aenc *trtc_aenc_new(const struct trtc_aenc_opts *o, struct trtc_err *err);
void trtc_aenc_free(struct trtc_aenc **a);

/* Sets what the container says of the packets that follow: a decoder of this codec is opened
 * with it, and takes each packet as a whole frame. Needed for packets that do not say it
 * themselves (Vorbis, FLAC, PCM, AAC without ADTS). Copied; may be set again before any packet. */
int trtc_aenc_parameters(struct trtc_aenc *a, const struct AVCodecParameters *par,
                         struct trtc_err *err);

/* Sends one packet (copied); pts_us on the output's clock (0 = first sample), TRTC_NOTIME:
 * follows the one before. codec_name is FFmpeg's name of the codec: "aac" takes whole ADTS
 * frames; data of others ("mp3", "opus"...) may hold several or partial frames. Packets that do
 * not decode are counted and become silence. TRTC_EX_UNAVAILABLE: there is no such decoder. */
int trtc_aenc_send(struct trtc_aenc *a, const char *codec_name, const struct trtc_packet *p,
                   struct trtc_err *err);

/* No more input; the output covers everything up to end_us (the last frame may reach past it, and
 * so does sound that was sent with later times). */
int trtc_aenc_end(struct trtc_aenc *a, int64_t end_us, struct trtc_err *err);

/* Next raw AAC frame: 1; 0 (send more, or after _end: finished); -1. data is valid until the next
 * call. What a decoder puts out for a packet belongs at its pts: the first packet is the encoder's
 * priming, at -1024 samples. */
int trtc_aenc_receive(struct trtc_aenc *a, struct trtc_packet *p, struct trtc_err *err);

/* AudioSpecificConfig, valid as long as a. */
const uint8_t *trtc_aenc_asc(const struct trtc_aenc *a, size_t *size);

/* As trtc_voice_nb_broken and trtc_voice_account. */
int64_t trtc_aenc_nb_broken(const struct trtc_aenc *a);
void trtc_aenc_account(const struct trtc_aenc *a, struct trtc_ledger *to);

#endif
