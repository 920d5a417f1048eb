/* SPDX-License-Identifier: MIT */
/* What is whole of a segment that a killed run was writing. */
#ifndef TRTC_HLS_REMAINS_H
#define TRTC_HLS_REMAINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "playlist/kind.h"
#include "source/input.h"
#include "ts/ts.h"

struct trtc_remains {
    int64_t whole_bytes;              /* from the beginning on */
    bool any;                         /* there is a frame in them; else the rest is 0 */
    int64_t base_90k;                 /* its first PTS, from which the others are counted: */
    int64_t low_90k, high_90k;        /* lowest PTS, highest end of a frame */
    int64_t began_90k, began_dts_90k; /* PTS and DTS of the frame with which it began, */
    int64_t began_pos;                /* which stands first in it */
    int64_t dts_90k[TRTC_NB_KINDS];   /* of the last frame */
    int64_t step_90k[TRTC_NB_KINDS];  /* distance of the last two */
    bool seen[TRTC_NB_KINDS];
    bool tells_time; /* its tables say that this PTS (33 bits) belongs to this time of day */
    int64_t utc_us, utc_90k;
    struct trtc_input_info info; /* of the first frames: codecs, size, rate, channels */
};

/* Looks into the segment that is open as fd, from its beginning. */
int trtc_remains_look(int fd, struct trtc_remains *out, struct trtc_err *err);

/* Calls take for each frame in the first bytes of it. -1: what take returned, or as above. */
int trtc_remains_frames(int fd, int64_t bytes,
                        int (*take)(void *opaque, const struct trtc_ts_frame *f,
                                    struct trtc_err *err),
                        void *opaque, struct trtc_err *err);

/* Calls take for each packet of them. */
int trtc_remains_packets(int fd, int64_t bytes, void (*take)(void *opaque, const uint8_t *packet),
                         void *opaque, struct trtc_err *err);

#endif
