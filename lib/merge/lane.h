/* SPDX-License-Identifier: MIT */
/* The lanes of an output, to be read. */
#ifndef TRTC_MERGE_LANE_H
#define TRTC_MERGE_LANE_H

#include "recording/plan.h"
#include "source/reader.h"

/* The reader of out's sound or picture (out is borrowed). losses receives what turns out missing;
 * bytes counts what was read, or is NULL. NULL on failure, as trtc_reader_new. */
struct trtc_reader *trtc_output_reader(const struct trtc_output *out, enum trtc_kind kind,
                                       struct trtc_losses *losses, atomic_llong *bytes,
                                       struct trtc_err *err);

#endif
