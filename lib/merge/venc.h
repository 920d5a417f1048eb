/* SPDX-License-Identifier: MIT */
/* Pictures of any size, rate and codec to H.264 of one size and a constant rate: decoded, fitted
 * into the canvas with bars, put on the grid of the output's frames, encoded with libx264.
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
        colour;      /* of the canvas, whatever the pictures have; limited range; zeros: as its
                                  size suggests */
    int fps;         /* 5..120 */
    bool black;      /* holes are black instead of the last picture */
    int64_t hold_us; /* with black: a picture stands for at most this long after its own
                                time; 0: one second */
    int threads;     /* of the encoder; 0: as many as suit the cores */
};

struct trtc_venc;

/* NULL on failure: TRTC_EX_UNAVAILABLE where FFmpeg has no libx264, TRTC_EX_USAGE for a size or a
 * rate out of range. */
struct trtc_venc *trtc_venc_new(const struct trtc_venc_opts *o, struct trtc_err *err);
void trtc_venc_free(struct trtc_venc **v);

/* Sends one access unit (Annex B, any size; copied), in decoding order, with times on the
 * output's clock (0 = first output frame). codec_name is FFmpeg's name and matters only for
 * TRTC_CODEC_OTHER; the codec may change, the decoder is then made anew. A picture goes to the
 * output frame nearest to its pts; the last one of several wins, and one before 0 stands for
 * frame 0 if nothing newer does; one older than another before it is dropped. Units that do not
 * decode are counted. TRTC_EX_UNAVAILABLE: there is no such decoder. */
int trtc_venc_send(struct trtc_venc *v, enum trtc_codec codec, const char *codec_name,
                   const struct trtc_packet *p, struct trtc_err *err);

/* No more input; the output has frames up to end_us, exactly round(end_us * fps / 1e6) of them
 * unless pictures past end_us were sent. Before the first picture: black. */
int trtc_venc_end(struct trtc_venc *v, int64_t end_us, struct trtc_err *err);

/* Next encoded packet: 1; 0 (send more, or after _end: finished); -1. data is Annex B without
 * parameter sets, valid until the next call; pts/dts in us, dts <= pts, dts may be negative by the
 * encoder's delay. Frame k has pts k * 1e6 / fps, rounded. */
int trtc_venc_receive(struct trtc_venc *v, struct trtc_packet *p, struct trtc_err *err);

/* Parameter sets, Annex B, known from the start; valid as long as v. */
const uint8_t *trtc_venc_param_sets(const struct trtc_venc *v, size_t *size);

/* Access units that did not decode, wholly or in part, so far. Those that vanished without an error
 * (they refer to pictures that never came) are known once the decoder has been emptied: at a change
 * of codec and at the end. */
int64_t trtc_venc_nb_broken(const struct trtc_venc *v);

/* Adds what became of the access units that were sent: shown, above the rate, older than others
 * before them, beyond the end, or not decoded; and the frames that were put in. Complete when the
 * last packet was received. */
void trtc_venc_account(const struct trtc_venc *v, struct trtc_ledger *to);

#endif
