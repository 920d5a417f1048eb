/* SPDX-License-Identifier: MIT */
/* The lanes of an output, to be read. */
#include "merge/lane.h"

struct trtc_reader *trtc_output_reader(const struct trtc_output *out, enum trtc_kind kind,
                                       struct trtc_losses *losses, atomic_llong *bytes,
                                       struct trtc_err *err)
{
    const struct trtc_reader_opts o = { .rec = out->rec,
                                        .lane = kind == TRTC_VIDEO ? &out->video : &out->audio,
                                        .kind = kind,
                                        .losses = losses,
                                        .bytes = bytes };
    return trtc_reader_new(&o, err);
}
