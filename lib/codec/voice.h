/* SPDX-License-Identifier: MIT */
/* Turns sound of any codec, rate and channel layout into samples on a gapless clock: decodes it,
 * resamples it and places it by its time, to the sample. Holes become silence, overlaps are
 * dropped. If time stamps and the number of samples differ by less than 40 ms, this is rounding or
 * drift; above 1 ms it is corrected gradually, by at most 488 ppm. A difference of 40 ms or more is
 * a jump. This is the first step of the sound encoder and of the mixer. */
#ifndef TRTC_CODEC_VOICE_H
#define TRTC_CODEC_VOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "recording/ledger.h"
#include "ts/packet.h"

struct trtc_voice;
struct AVCodecParameters;

/* The output is planar float with 1 or 2 channels. NULL: out of memory, or values out of range. */
struct trtc_voice *trtc_voice_new(int rate_hz, int channels, struct trtc_err *err);
void trtc_voice_free(struct trtc_voice **v);

/* Like trtc_aenc_parameters. */
int trtc_voice_parameters(struct trtc_voice *v, const struct AVCodecParameters *par,
                          struct trtc_err *err);

/* Sends one packet, which is copied; like trtc_aenc_send. pts_us counts on the output's clock (0:
 * the first sample); sound before 0 is cut off. Hidden and trimmed sound is decoded and dropped.
 * Call this only after trtc_voice_step has returned 0. */
int trtc_voice_send(struct trtc_voice *v, const char *codec_name, const struct trtc_packet *p,
                    struct trtc_err *err);

/* Ends the input. The output ends at end_us, after silence if the sound is shorter. TRTC_NOTIME: it
 * ends where the sound does. */
int trtc_voice_end(struct trtc_voice *v, int64_t end_us, struct trtc_err *err);

/* Does one step of work. 1: something moved; 0: more input is needed, or after trtc_voice_end
 * finished; -1: failure. A step is bounded: holes become silence step by step. */
int trtc_voice_step(struct trtc_voice *v, struct trtc_err *err);

/* trtc_voice_ready: how many samples can be read. trtc_voice_read: takes n of them (n <= ready) and
 * writes n floats to each planes[c]. */
int trtc_voice_ready(const struct trtc_voice *v);
int trtc_voice_read(struct trtc_voice *v, float *const *planes, int n, struct trtc_err *err);

/* Announces a pause in the input: samples held on the way come out, and the next packet is placed
 * to the sample. Like trtc_voice_send, only after trtc_voice_step has returned 0. */
int trtc_voice_flush(struct trtc_voice *v, struct trtc_err *err);

/* Skips the next n samples, so that reading continues later by that much. Only at the beginning, or
 * after trtc_voice_flush once everything that was ready has been read. */
void trtc_voice_skip(struct trtc_voice *v, int64_t n);

/* For the account: whether the samples read from now on are heard. Initially they are. */
void trtc_voice_hear(struct trtc_voice *v, bool heard);

/* How a voice goes on. Initially it PLAYS. A voice that PASSES replaces each frame by silence of the
 * same length and decodes almost no AAC: it moves on at little cost, and its clock, its resampler and
 * its place are then what they would be anyway. One that WARMS decodes everything. Frames that are
 * read while a voice does not play count as cut off. */
enum trtc_voice_way { TRTC_VOICE_PLAYS, TRTC_VOICE_WARMS, TRTC_VOICE_PASSES };
void trtc_voice_go(struct trtc_voice *v, enum trtc_voice_way way);

/* Ends the reading: the rest is cut off. Sound that begins slack samples later, or even later,
 * counts as lost (INT64_MAX: none does). */
void trtc_voice_settle(struct trtc_voice *v, int64_t slack);

/* The account so far, in frames as they are sent to the decoder; points into v. It balances once
 * the voice is settled. Frames out are those whose first sample was read while the voice was
 * heard. */
const struct trtc_ledger *trtc_voice_ledger(const struct trtc_voice *v);

/* How many packets or frames could not be decoded so far. Those that vanished without an error are
 * known once the decoder has been emptied. */
int64_t trtc_voice_nb_broken(const struct trtc_voice *v);

/* Adds what became of the packets sent, counting all as heard that are not known to be lost, and
 * the inserted silence in frames of AAC. */
void trtc_voice_account(const struct trtc_voice *v, struct trtc_ledger *to);

#endif
