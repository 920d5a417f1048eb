/* SPDX-License-Identifier: MIT */
/* Keeps the frames of a live stream until the first frames of all its tracks have arrived, in
 * memory and on disk (waiting.h), so that a run that is killed meanwhile does not lose them. */
#ifndef TRTC_HLS_EARLY_H
#define TRTC_HLS_EARLY_H

#include <stdint.h>

#include "base/err.h"
#include "input/input.h"

struct trtc_early;
struct trtc_segmenter_opts;

/* NULL: no memory. */
struct trtc_early *trtc_early_new(struct trtc_err *err);

/* Keeps a copy of a frame. o: prepared options, which contain the beginning of the stream as far as
 * it is known. Returns 0, or -1. */
int trtc_early_keep(struct trtc_early *e, const struct trtc_segmenter_opts *o,
                    const struct trtc_input_frame *f, const struct trtc_input_info *info,
                    struct trtc_err *err);

/* Returns the number of frames that are kept. */
int64_t trtc_early_nb(const struct trtc_early *e);

/* Forgets the frames and removes their files, once they are in segments or kept by others. */
void trtc_early_drop(struct trtc_early *e);

/* Does the same, frees *e and sets it to NULL; NULL is accepted. */
void trtc_early_free(struct trtc_early **e);

#endif
