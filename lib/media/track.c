/* SPDX-License-Identifier: MIT */
/* What the kinds of track share. */
#include "media/track.h"

#include <libavutil/mathematics.h>

int64_t trtc_us_to_ticks(int64_t us, uint32_t timescale)
{
    return av_rescale(us, timescale, 1000000);
}

int64_t trtc_ticks_to_us(int64_t ticks, uint32_t timescale)
{
    return av_rescale(ticks, 1000000, timescale);
}
