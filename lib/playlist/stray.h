/* SPDX-License-Identifier: MIT */
/* Wild clocks: times that lie days or years from everything recorded with them. */
#ifndef TRTC_PLAYLIST_STRAY_H
#define TRTC_PLAYLIST_STRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A time further than this from everything else is of a wrong clock. */
#define TRTC_STRAY_US (48 * INT64_C(3600000000))

struct trtc_spot { /* something with a place on the clock */
    int64_t start_us, end_us;
    bool anchor; /* its time is known for certain: the others are measured by it */
    bool sure;   /* another clock agrees with it */
    bool stray;  /* out */
};

/* The spots fall into groups, over 48 h from each other; one group stays, and the spots of the
 * others are stray. It is the one with an anchor; else, or of several, the one with most sure
 * spots, then the one with most spots, then the one that covers most, then the latest. Returns
 * how many are stray, or -1 without memory. */
int64_t trtc_find_strays(struct trtc_spot *spots, size_t n);

#endif
