/* SPDX-License-Identifier: MIT */
/* Functions for every kind of track. */
#include "mp4/track.h"

#include "base/num.h"
#include "mp4/sets.h"

int64_t trtc_us_to_ticks(int64_t us, uint32_t timescale)
{
    return trtc_rescale(us, timescale, 1000000);
}

int64_t trtc_ticks_to_us(int64_t ticks, uint32_t timescale)
{
    return trtc_rescale(ticks, 1000000, timescale);
}

int trtc_track_describe(const struct trtc_track *t, struct trtc_mp4 *m, int number,
                        struct trtc_err *err)
{
    for (int i = 0; t->sets && i < trtc_sets_nb_entries(t->sets); i++) {
        struct trtc_mp4_track entry = t->format;
        struct trtc_video_params v;
        entry.annexb = trtc_sets_entry(t->sets, i, &entry.annexb_size, &v);
        entry.sar_num = v.sar_num;
        entry.sar_den = v.sar_den;
        entry.colour = v.colour;
        if (trtc_mp4_set_entry(m, number, i, &entry, err) < 0)
            return -1;
    }
    return 0;
}
