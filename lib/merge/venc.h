/* SPDX-License-Identifier: MIT */
/* Pictures of any size, rate and codec to H.264 of one size and a constant rate: decoded, turned as
 * they state, fitted into the canvas with bars, put on the grid of the output's frames, encoded
 * with libx264.
 *
 * Memory is bounded for any input: send takes one access unit, and receive works step by step,
 * so that a hole of hours streams out as repeated frames. This is the loop: send, receive until
 * it returns 0, send ...; at the end: end, receive until it returns 0. */
#ifndef TRTC_MERGE_VENC_H
#define TRTC_MERGE_VENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/colour.h"
#include "base/err.h"
#include "recording/ledger.h"
#include "ts/packet.h"

struct trtc_venc_opts {
    int width_px, height_px; /* canvas; odd values are rounded up to even */
    struct trtc_colour
        colour;      /* of the canvas, to which pictures are converted; limited range; zeros: by its
                                  size */
    int fps;         /* 5..120 */
    bool black;      /* holes are black instead of the last picture */
    int64_t hold_us; /* with black: how long a picture is held at most; 0: one second */
    int threads;     /* of the encoder; 0: as many as suit the cores */
};

struct trtc_venc;

/* NULL on failure: TRTC_EX_UNAVAILABLE (FFmpeg has no libx264), TRTC_EX_USAGE (a size or rate is
 * out of range). */
struct trtc_venc *trtc_venc_new(const struct trtc_venc_opts *o, struct trtc_err *err);
void trtc_venc_free(struct trtc_venc **v);

/* Sends one access unit (with start codes, any size; copied), in decoding order, with times on the
 * output's clock (0 = first output frame). codec_name is FFmpeg's name, and only used for
 * TRTC_CODEC_OTHER. The codec may change; a new decoder is opened then. A picture is shown in the
 * output frame nearest to its PTS: of several pictures, the last one; before frame 0, in frame 0 if
 * no newer one is. A picture older than one before it is dropped. Units that cannot be decoded are
 * counted. Returns 0, or -1; TRTC_EX_UNAVAILABLE: there is no such decoder. */
int trtc_venc_send(struct trtc_venc *v, enum trtc_codec codec, const char *codec_name,
                   const struct trtc_packet *p, struct trtc_err *err);

/* Ends the input. The output has round(end_us * fps / 1e6) frames, more only if pictures after
 * end_us were sent. Before the first picture it is black. */
int trtc_venc_end(struct trtc_venc *v, int64_t end_us, struct trtc_err *err);

/* Returns the next encoded packet: 1; 0: send more or, after trtc_venc_end, finished; -1. Its data
 * has start codes and no parameter sets, and is valid until the next call. Times are in us; DTS <=
 * PTS, and DTS may be negative by the encoder's delay. Frame k has the PTS k * 1e6 / fps,
 * rounded. */
int trtc_venc_receive(struct trtc_venc *v, struct trtc_packet *p, struct trtc_err *err);

/* The parameter sets with start codes, known from the start and valid as long as v. */
const uint8_t *trtc_venc_param_sets(const struct trtc_venc *v, size_t *size);

/* Returns how many access units could not be decoded so far, completely or partly. Those that
 * vanished without an error, since they refer to missing pictures, are known once the decoder was
 * emptied: at a change of codec and at the end. */
int64_t trtc_venc_nb_broken(const struct trtc_venc *v);

/* Returns how many pictures should be shown at an angle that is no quarter turn, or stretched, so
 * far; they are turned by the nearest one. */
int64_t trtc_venc_nb_askew(const struct trtc_venc *v);

/* Adds the account of the access units that were sent: shown, above the rate, older than previous
 * ones, after the end, or not decoded; and the frames that were inserted. It is complete when the
 * last packet was received. */
void trtc_venc_account(const struct trtc_venc *v, struct trtc_ledger *to);

#endif
