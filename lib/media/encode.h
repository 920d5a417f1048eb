/* SPDX-License-Identifier: MIT */
/* Where copying is not enough: pictures decoded, fitted with bars, brought to a constant rate and encoded as H.264;
 * sound decoded, resampled and encoded as AAC; and the few ready-made frames (silence, black) that fill holes in copied streams. */
#ifndef TRTC_MEDIA_ENCODE_H
#define TRTC_MEDIA_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "media/packet.h"

/* ---- video ---- */

struct trtc_venc_opts {
    int width_px, height_px;  /* canvas; odd values are rounded up to even */
    int fps;                  /* 5..120 */
    bool black;               /* holes are black instead of the last picture */
    int64_t hold_us;          /* with black: a picture stands for at most this long after its own time (e.g. 2 frame durations, at least 1 s) */
    int threads;              /* of the encoder; 0: as many as cores */
};

struct trtc_venc;

struct trtc_venc *trtc_venc_new(const struct trtc_venc_opts *o, struct trtc_err *err);
void trtc_venc_free(struct trtc_venc **v);

/* Sends one access unit (Annex B, any size; codec may change: the decoder is made anew), in decoding order, times on the output's
 * clock (0 = first output frame). A picture that does not decode is counted, not fatal. */
int trtc_venc_send(struct trtc_venc *v, enum trtc_codec codec, const char *codec_name, const struct trtc_packet *p, struct trtc_err *err);

/* No more input; the output has frames up to end_us (exactly round(end_us * fps / 1e6) frames). Before the first picture: black. */
int trtc_venc_end(struct trtc_venc *v, int64_t end_us, struct trtc_err *err);

/* Next encoded packet: 1, 0 (send more, or after _end: finished), -1. data is Annex B, valid until the next call; pts/dts in us, dts <= pts, dts may be
 * negative by the encoder's delay. Every frame k has pts exactly k * 1e6 / fps (rounded). */
int trtc_venc_receive(struct trtc_venc *v, struct trtc_packet *p, struct trtc_err *err);

/* Parameter sets, Annex B; valid as long as v (known from the start: global header). */
const uint8_t *trtc_venc_param_sets(const struct trtc_venc *v, size_t *size);

/* Access units that could not be decoded so far. */
int64_t trtc_venc_nb_broken(const struct trtc_venc *v);

/* One black IDR picture whose parameter sets carry the ids sps_id (also used as pps id), to stand between copied H.264 pictures of another encoder:
 * *sets (Annex B SPS and PPS) and *au (Annex B, without them), both malloc'd for the caller. sar as in the stream (0: unknown). */
int trtc_black_picture(int width_px, int height_px, int sar_num, int sar_den, int sps_id, uint8_t **sets, size_t *sets_size,
                       uint8_t **au, size_t *au_size, struct trtc_err *err);

/* ---- sound ---- */

/* One silent raw AAC-LC frame (1024 samples) for rate and channels (1 or 2; more: 69), that is silent whatever frame came before; malloc'd. */
int trtc_silent_aac(int rate_hz, int channels, uint8_t **frame, size_t *size, struct trtc_err *err);

struct trtc_aenc_opts {
    int rate_hz, channels;    /* output: 48000 and 1 or 2 usually */
    int bitrate_bps;          /* 0: 64000 a channel */
};

struct trtc_aenc;

/* Output clock: 0 = first sample. Input is placed by its time to the sample: holes are silence, overlaps dropped, drift of the time stamps against the sample count is followed by resampling
 * (softly, below 500 ppm; a difference over 40 ms is a jump). */
struct trtc_aenc *trtc_aenc_new(const struct trtc_aenc_opts *o, struct trtc_err *err);
void trtc_aenc_free(struct trtc_aenc **a);

/* codec_name is FFmpeg's decoder name ("aac" takes ADTS frames, "mp3", "opus"...); data may hold several or partial frames for codecs other than aac: a parser
 * is used there. */
int trtc_aenc_send(struct trtc_aenc *a, const char *codec_name, const struct trtc_packet *p, struct trtc_err *err);
int trtc_aenc_end(struct trtc_aenc *a, int64_t end_us, struct trtc_err *err);

/* As trtc_venc_receive: raw AAC frames; the encoder's priming is taken into account so that what is heard at pts is what belongs there (first packet may
 * have a negative pts). */
int trtc_aenc_receive(struct trtc_aenc *a, struct trtc_packet *p, struct trtc_err *err);
const uint8_t *trtc_aenc_asc(const struct trtc_aenc *a, size_t *size);
int64_t trtc_aenc_nb_broken(const struct trtc_aenc *a);

#endif
