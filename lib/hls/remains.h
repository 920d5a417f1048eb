/* SPDX-License-Identifier: MIT */
/* Finds the complete part of a segment that a killed run was writing. */
#ifndef TRTC_HLS_REMAINS_H
#define TRTC_HLS_REMAINS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "input/input.h"
#include "playlist/kind.h"
#include "ts/ts.h"

struct trtc_remains {
    int64_t whole_bytes;              /* the size of the complete part, which is at the beginning */
    bool any;                         /* it contains a frame; if not, the rest is 0 */
    int64_t base_90k;                 /* its first PTS; the times below are relative to it: */
    int64_t low_90k, high_90k;        /* the lowest PTS, and the highest end of a frame */
    int64_t began_90k, began_dts_90k; /* PTS and DTS of its first frame, */
    int64_t began_pos;                /* which is at this offset */
    int64_t dts_90k[TRTC_NB_KINDS];   /* of the last frame of each kind */
    int64_t step_90k[TRTC_NB_KINDS];  /* the distance of the last two */
    bool seen[TRTC_NB_KINDS];
    bool tells_time; /* its tables state which epoch time the PTS utc_90k (33 bits) has: */
    int64_t utc_us, utc_90k;
    struct trtc_input_info info; /* from the first frames: codecs, size, rate, channels */
};

/* Reads the segment that is open as fd from its beginning. Returns 0, or -1 (TRTC_EX_IOERR,
 * TRTC_EX_TEMPFAIL). */
int trtc_remains_look(int fd, struct trtc_remains *out, struct trtc_err *err);

/* Calls take for each frame in the first bytes of it. Returns 0, or -1: take has returned -1, or an
 * error as above. */
int trtc_remains_frames(int fd, int64_t bytes,
                        int (*take)(void *opaque, const struct trtc_ts_frame *f,
                                    struct trtc_err *err),
                        void *opaque, struct trtc_err *err);

/* Calls take for each transport stream packet in the first bytes of it. Returns 0, or -1. */
int trtc_remains_packets(int fd, int64_t bytes, void (*take)(void *opaque, const uint8_t *packet),
                         void *opaque, struct trtc_err *err);

#endif
