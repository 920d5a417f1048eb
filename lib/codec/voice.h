/* SPDX-License-Identifier: MIT */
/* Sound of any codec, rate and layout to samples on a gapless clock: decoded, resampled, placed
 * by its time to the sample. Holes become silence, overlaps are dropped. Below 40 ms a
 * difference between time stamps and sample count is rounding or drift and is followed softly,
 * by at most 488 ppm, once it is over 1 ms; from 40 ms on it is a jump. The first step of the
 * sound encoder and of the mixer. */
#ifndef TRTC_CODEC_VOICE_H
#define TRTC_CODEC_VOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/ledger.h"
#include "ts/packet.h"

struct trtc_voice;
struct AVCodecParameters;

/* Output: planar float, rate_hz, 1 or 2 channels. */
struct trtc_voice *trtc_voice_new(int rate_hz, int channels, struct trtc_err *err);
void trtc_voice_free(struct trtc_voice **v);

/* As trtc_aenc_parameters. */
int trtc_voice_parameters(struct trtc_voice *v, const struct AVCodecParameters *par,
                          struct trtc_err *err);

/* One packet (copied); as trtc_aenc_send, pts_us on the output's clock (0 = first sample;
 * negative: cut off). Hidden and trimmed sound is decoded and dropped. Call it only when
 * trtc_voice_step has returned 0. */
int trtc_voice_send(struct trtc_voice *v, const char *codec_name, const struct trtc_packet *p,
                    struct trtc_err *err);

/* No more input. The output ends at end_us, after silence where the sound is shorter (TRTC_NOTIME:
 * ends where the sound does). */
int trtc_voice_end(struct trtc_voice *v, int64_t end_us, struct trtc_err *err);

/* One step of work: 1 something moved, 0 more input is needed (after _end: finished), -1. Bounded:
 * holes come out as silence step by step. */
int trtc_voice_step(struct trtc_voice *v, struct trtc_err *err);

/* Samples ready to be read, and taking n of them (n <= ready): planes[c] receives n floats. */
int trtc_voice_ready(const struct trtc_voice *v);
int trtc_voice_read(struct trtc_voice *v, float *const *planes, int n, struct trtc_err *err);

/* For now nothing follows: samples held on the way come out, and the next packet is placed to
 * the sample. As _send, only when there is nothing to step. */
int trtc_voice_flush(struct trtc_voice *v, struct trtc_err *err);

/* Skips the next n samples: reading goes on that much later. Only at the beginning, or after
 * _flush when all that was ready has been read. */
void trtc_voice_skip(struct trtc_voice *v, int64_t n);

/* For the account: whether the samples read from now on are heard. At first they are. */
void trtc_voice_hear(struct trtc_voice *v, bool heard);

/* Ends the reading: the rest is cut off, and sound that begins slack samples later or more
 * counts as lost (INT64_MAX: none). */
void trtc_voice_settle(struct trtc_voice *v, int64_t slack);

/* The account so far, in frames as they go to the decoder. It balances once the voice is settled.
 * Frames out are those whose first sample was read while the voice was heard. */
const struct trtc_ledger *trtc_voice_ledger(const struct trtc_voice *v);

/* Packets or frames that could not be decoded so far; those that vanished without an error are known
 * once the decoder has been emptied. */
int64_t trtc_voice_nb_broken(const struct trtc_voice *v);

/* Adds what became of the packets that were sent, as if all were heard that is not known to be lost; and the silence
 * that was put in, in frames of AAC. */
void trtc_voice_account(const struct trtc_voice *v, struct trtc_ledger *to);

#endif
