/* SPDX-License-Identifier: MIT */
/* Moves running sound in time by whole samples, too slowly to be heard. Between moves samples pass
 * unchanged; during a move they are read 1/2048 (488 ppm) slower or faster. */
#ifndef TRTC_CODEC_SLIDE_H
#define TRTC_CODEC_SLIDE_H

#include <stdbool.h>

#include "base/err.h"

#define TRTC_SLIDE_MAX  1024 /* largest number of samples per call */
#define TRTC_SLIDE_ROOM 1056 /* samples that can result from that many */
#define TRTC_SLIDE_HELD 16   /* samples that remain inside */

struct trtc_slide;

/* channels: 1 or 2. NULL: out of memory. */
struct trtc_slide *trtc_slide_new(int channels, struct trtc_err *err);
void trtc_slide_free(struct trtc_slide **s);

/* Moves all samples that follow by this number: later if it is positive, earlier if negative.
 * Replaces a move in progress, which is rounded to a whole sample. 0, or -1: out of memory. */
int trtc_slide_by(struct trtc_slide *s, int samples, struct trtc_err *err);
bool trtc_slide_moving(const struct trtc_slide *s);

/* By how many samples the output has been moved so far in total. */
double trtc_slide_moved(const struct trtc_slide *s);

/* Passes n samples per channel through, at most TRTC_SLIDE_MAX. in NULL: silence; TRTC_SLIDE_HELD
 * samples of it bring out the rest. out: an array per channel with room for TRTC_SLIDE_ROOM.
 * Returns how many samples came out. */
int trtc_slide_run(struct trtc_slide *s, const float *const *in, int n, float *const *out);

/* How many samples went in and have not come out yet. */
int trtc_slide_held(const struct trtc_slide *s);

/* Empties s for other sound but keeps its memory. */
void trtc_slide_reset(struct trtc_slide *s);

#endif
