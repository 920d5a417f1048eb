/* SPDX-License-Identifier: MIT */
/* Ready-made frames that fill holes in copied streams: silent AAC, black H.264. */
#ifndef TRTC_CODEC_FILL_H
#define TRTC_CODEC_FILL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ts/es.h"

/* One silent raw AAC-LC frame (1024 samples, ISO/IEC 14496-3, 4.4.2.1), the same for every rate.
 * What it adds is silence whatever came before; the tail of the frame before it still fades out.
 * channels: 1 or 2, more is TRTC_EX_UNAVAILABLE. *frame is malloc'd, the caller frees it. */
int trtc_silent_aac(int rate_hz, int channels, uint8_t **frame, size_t *size, struct trtc_err *err);

struct trtc_black { /* both Annex B and malloc'd */
    uint8_t *sets;  /* SPS and PPS */
    size_t sets_size;
    uint8_t *au; /* the picture's slices */
    size_t au_size;
};

/* One black IDR picture whose parameter sets carry the id sps_id (0..31, the PPS too), to stand
 * between copied H.264 pictures of another encoder: of the same size, sample aspect ratio and
 * colours as like says, of which the rest does not matter. TRTC_EX_UNAVAILABLE: no libx264, or a
 * size that 4:2:0 cannot have (odd). On failure *out is empty. */
int trtc_black_picture(const struct trtc_video_params *like, int sps_id, struct trtc_black *out,
                       struct trtc_err *err);
void trtc_black_fini(struct trtc_black *b);

#endif
