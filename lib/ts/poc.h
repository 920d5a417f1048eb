/* SPDX-License-Identifier: MIT */
/* Picture order counts (ITU-T H.264 8.2.1, H.265 8.3.1): the order in which pictures are shown,
 * from their slice headers alone. */
#ifndef TRTC_TS_POC_H
#define TRTC_TS_POC_H

#include "ts/es.h"

/* The place of one picture. */
struct trtc_order {
    bool known;
    bool resets;   /* counts begin again with it, and all pictures before it are shown before it */
    bool field;    /* one of the two fields of a frame */
    int64_t count; /* comparable with those since the last reset */
};

/* Zero-initialise. One SPS is known at a time. */
struct trtc_poc {
    enum trtc_codec codec;
    bool have_sps;
    struct trtc_video_params sps;
    bool sps_new;    /* it came since the last picture, */
    bool sps_many;   /* ... with another one, so that it is not known which applies */
    uint8_t pps[64]; /* H.265: number of bits before the slice type, and whether a flag follows it */
    bool running;
    int64_t prev; /* count of the last picture from which others are counted */
    int64_t last; /* count of the last picture */
};

/* Begins another stream of this codec. Forgets everything, but keeps the parameter sets if the
 * codec is the same. */
void trtc_poc_begin(struct trtc_poc *p, enum trtc_codec codec);

/* Takes a parameter set, which begins with its NAL header. Units other than SPS and PPS are
 * ignored. */
void trtc_poc_set(struct trtc_poc *p, const uint8_t *nal, size_t size);

/* Determines the place of the next picture in coding order from its first slice, which begins with
 * its NAL header. */
void trtc_poc_next(struct trtc_poc *p, const uint8_t *nal, size_t size, struct trtc_order *out);

/* The same for an access unit with start codes, whose parameter sets are taken first. */
void trtc_poc_picture(struct trtc_poc *p, const uint8_t *annexb, size_t size,
                      struct trtc_order *out);

/* Whether the parameter sets leave no room for reordering. */
bool trtc_poc_is_in_order(const struct trtc_video_params *sps);

/* True if both are first slices of the fields of one frame, one of the upper and one of the lower field. */
bool trtc_poc_is_other_field(const struct trtc_poc *p, const uint8_t *a, size_t na,
                             const uint8_t *b, size_t nb);

/* True if both are slices of one picture, by what their headers have in common (H.264 7.4.1.2.4). */
bool trtc_poc_is_same(const struct trtc_poc *p, const uint8_t *a, size_t na, const uint8_t *b,
                      size_t nb);

#endif
