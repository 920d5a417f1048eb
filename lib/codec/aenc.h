/* SPDX-License-Identifier: MIT */
/* Encodes sound of any codec, rate and channel layout to AAC-LC on a gapless output clock.
 *
 * Input is placed by its time, to the sample: holes become silence, overlaps are dropped. If time
 * stamps and the number of samples differ by less than 40 ms, this is rounding or drift and is
 * corrected gradually by resampling (at most 500 ppm). A difference of 40 ms or more is a jump.
 *
 * Used like venc: send one packet, then receive until the result is 0. Even hours of silence are
 * produced step by step. */
#ifndef TRTC_CODEC_AENC_H
#define TRTC_CODEC_AENC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/ledger.h"
#include "ts/packet.h"

struct trtc_aenc_opts {
    int rate_hz, channels; /* output: usually 48000, and 1 or 2 */
    int bitrate_bps;       /* 0: 64000 per channel */
};

struct trtc_aenc;
struct AVCodecParameters;

/* NULL on failure; TRTC_EX_UNAVAILABLE if there is no AAC encoder for these values. */
struct trtc_aenc *trtc_aenc_new(const struct trtc_aenc_opts *o, struct trtc_err *err);
void trtc_aenc_free(struct trtc_aenc **a);

/* Sets the container's parameters for the packets that follow. A decoder is opened with them and
 * takes each packet as a whole frame. Needed for packets that do not describe themselves (Vorbis,
 * FLAC, PCM, AAC without ADTS). par is copied; new ones may be set before any packet. 0, or -1: out
 * of memory. */
int trtc_aenc_parameters(struct trtc_aenc *a, const struct AVCodecParameters *par,
                         struct trtc_err *err);

/* Sends one packet, which is copied. pts_us counts on the output's clock (0: the first sample);
 * TRTC_NOTIME: it follows the packet before. codec_name is FFmpeg's name of the codec: "aac"
 * requires whole ADTS frames; packets of others ("mp3", "opus", ...) may hold several frames or
 * parts of them. Packets that cannot be decoded are counted and become silence.
 * TRTC_EX_UNAVAILABLE: there is no such decoder. */
int trtc_aenc_send(struct trtc_aenc *a, const char *codec_name, const struct trtc_packet *p,
                   struct trtc_err *err);

/* Ends the input. The output covers everything up to end_us. The last frame may extend beyond it,
 * and so does sound that was sent with later times. */
int trtc_aenc_end(struct trtc_aenc *a, int64_t end_us, struct trtc_err *err);

/* Receives the next raw AAC frame. 1: *p is filled, and its data is valid until the next call; 0:
 * send more, or after trtc_aenc_end finished; -1: failure. What a decoder outputs for a packet
 * belongs at the packet's pts; the first packet is the encoder's priming, at -1024 samples. */
int trtc_aenc_receive(struct trtc_aenc *a, struct trtc_packet *p, struct trtc_err *err);

/* The AudioSpecificConfig, valid as long as a. */
const uint8_t *trtc_aenc_asc(const struct trtc_aenc *a, size_t *size);

/* Like trtc_voice_nb_broken and trtc_voice_account. */
int64_t trtc_aenc_nb_broken(const struct trtc_aenc *a);
void trtc_aenc_account(const struct trtc_aenc *a, struct trtc_ledger *to);

#endif
