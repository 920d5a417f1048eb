/* SPDX-License-Identifier: MIT */
/* Frames of a live stream that wait until the first ones of all its tracks are there, on disk as well (waiting.h): a run
 * that is killed meanwhile does not lose them. */
#ifndef TRTC_HLS_EARLY_H
#define TRTC_HLS_EARLY_H

#include <stdint.h>

#include "base/err.h"
#include "source/input.h"

struct trtc_early;
struct trtc_segmenter_opts;

/* NULL: no memory. */
struct trtc_early *trtc_early_new(struct trtc_err *err);

/* One more. o is prepared, and says where the stream begins as far as it is known. */
int trtc_early_keep(struct trtc_early *e, const struct trtc_segmenter_opts *o,
                    const struct trtc_input_frame *f, const struct trtc_input_info *info,
                    struct trtc_err *err);

/* How many there are. */
int64_t trtc_early_nb(const struct trtc_early *e);

/* They are in segments, or kept by others: removes the files. */
void trtc_early_drop(struct trtc_early *e);

/* Does so, frees it and clears the pointer. NULL is fine. */
void trtc_early_free(struct trtc_early **e);

#endif
