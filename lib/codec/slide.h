/* SPDX-License-Identifier: MIT */
/* Moves running sound in time by whole samples, too slowly to be heard: between two moves samples
 * go through untouched, during one they are read 1/2048 (488 ppm) slower or faster. */
#ifndef TRTC_CODEC_SLIDE_H
#define TRTC_CODEC_SLIDE_H

#include <stdbool.h>

#include "base/err.h"

#define TRTC_SLIDE_MAX  1024 /* samples that go in at once, at most */
#define TRTC_SLIDE_ROOM 1056 /* samples that can come out of that */
#define TRTC_SLIDE_HELD 16   /* samples it stays behind */

struct trtc_slide;

/* channels 1 or 2. */
struct trtc_slide *trtc_slide_new(int channels, struct trtc_err *err);
void trtc_slide_free(struct trtc_slide **s);

/* Moves all samples that come from here on by this number: > 0 later, < 0 earlier. Replaces a
 * move that is under way, rounded to a whole sample. TRTC_EX_TEMPFAIL. */
int trtc_slide_by(struct trtc_slide *s, int samples, struct trtc_err *err);
bool trtc_slide_moving(const struct trtc_slide *s);

/* The number of samples by which the output has been moved so far in total. */
double trtc_slide_moved(const struct trtc_slide *s);

/* n samples a plane in, n at most TRTC_SLIDE_MAX (planes NULL: silence, TRTC_SLIDE_HELD of it
 * brings out the rest); how many came out. */
int trtc_slide_run(struct trtc_slide *s, const float *const *in, int n, float *const *out);

/* How many samples went in and have not come out. */
int trtc_slide_held(const struct trtc_slide *s);

/* As new, but for the memory. */
void trtc_slide_reset(struct trtc_slide *s);

#endif
