/* SPDX-License-Identifier: MIT */
/* Recognises pictures that have no time of their own, since the muxer that stored them stated none:
 * most of them are decoded within a millisecond of the one before. */
#ifndef TRTC_INPUT_CROWD_H
#define TRTC_INPUT_CROWD_H

#include <stdint.h>

enum { TRTC_CROWD_US = 1000, TRTC_CROWD_MIN = 8 /* so many are no accident */ };

/* Start with all zeros. */
struct trtc_crowd {
    int64_t nb, nb_close; /* pictures, and those of them that are close to the one before */
    int64_t dts_us;       /* of the latest one */
};

/* Adds a picture. Stamps that fall are a matter of the clock. */
static inline void trtc_crowd_add(struct trtc_crowd *c, int64_t dts_us)
{
    c->nb_close += c->nb++ > 0 && dts_us >= c->dts_us && dts_us - c->dts_us < TRTC_CROWD_US;
    c->dts_us = dts_us;
}

/* Returns how many pictures have no time of their own; 0: not most of them. */
static inline int64_t trtc_crowd_nb(const struct trtc_crowd *c)
{
    return c->nb_close >= TRTC_CROWD_MIN && c->nb_close > c->nb / 2 ? c->nb_close : 0;
}

#endif
