/* SPDX-License-Identifier: MIT */
/* For tracks that cannot be copied: pictures decoded, fitted with bars, brought to a constant
 * rate and encoded as H.264 (venc); sound decoded, resampled and encoded as AAC (aenc); and the
 * ready-made frames, silence and black, that fill holes in copied streams (fill). */
#ifndef TRTC_CODEC_ENCODE_H
#define TRTC_CODEC_ENCODE_H

#include "codec/aenc.h"
#include "codec/fill.h"
#include "codec/venc.h"

#endif
