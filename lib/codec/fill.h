/* SPDX-License-Identifier: MIT */
/* Ready-made frames that fill holes in copied streams: silent AAC and black H.264. */
#ifndef TRTC_CODEC_FILL_H
#define TRTC_CODEC_FILL_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "ts/es.h"

/* Makes one silent raw AAC-LC frame (1024 samples; ISO/IEC 14496-3, 4.4.2.1); it is the same for
 * every rate. It decodes to silence after any frame, and the end of the frame before it still fades
 * out. channels: 1 or 2; more give TRTC_EX_UNAVAILABLE. The caller frees *frame. */
int trtc_silent_aac(int rate_hz, int channels, uint8_t **frame, size_t *size, struct trtc_err *err);

struct trtc_black { /* both in Annex B form, and heap memory */
    uint8_t *sets;  /* SPS and PPS */
    size_t sets_size;
    uint8_t *au; /* the slices of the picture */
    size_t au_size;
};

/* Makes one black IDR picture that can stand between copied H.264 pictures of another encoder. Its
 * SPS and PPS carry the id sps_id (0..31). Its size, sample aspect ratio and colours are those of
 * like, whose other fields are ignored. TRTC_EX_UNAVAILABLE: there is no libx264, or the size is
 * odd, which 4:2:0 does not allow. Free *out with trtc_black_fini; on failure it is empty. */
int trtc_black_picture(const struct trtc_video_params *like, int sps_id, struct trtc_black *out,
                       struct trtc_err *err);
void trtc_black_fini(struct trtc_black *b);

#endif
