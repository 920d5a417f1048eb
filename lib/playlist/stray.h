/* SPDX-License-Identifier: MIT */
/* Finds wrong clocks: times that are days or years away from everything recorded with them. */
#ifndef TRTC_PLAYLIST_STRAY_H
#define TRTC_PLAYLIST_STRAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A time further away than this from everything else comes from a wrong clock. */
#define TRTC_STRAY_US (48 * INT64_C(3600000000))

struct trtc_spot { /* something with a place on the clock */
    int64_t start_us, end_us;
    bool anchor; /* its time is certain: the others are compared with it */
    bool sure;   /* another clock confirms its time */
    bool stray;  /* result: its clock is wrong */
};

/* Marks strays. The spots form groups more than 48 hours apart from each other. One group is kept;
 * the spots of all others are stray. It is the group with an anchor; if there is none, or several,
 * the one with most sure spots, then with most spots, then with the longest covered time, then the
 * latest. Returns the number of strays, or -1: out of memory. */
int64_t trtc_find_strays(struct trtc_spot *spots, size_t n);

#endif
