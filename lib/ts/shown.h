/* SPDX-License-Identifier: MIT */
/* Whether the times of pictures are in the order in which the stream itself says that they are shown.
 * Where they are not, a time is wrong. Pure arithmetic. */
#ifndef TRTC_TS_SHOWN_H
#define TRTC_TS_SHOWN_H

#include "ts/poc.h"

enum { TRTC_SHOWN_KEPT = 16 }; /* no stream reorders by more pictures */

/* Zero-initialise. */
struct trtc_shown {
    int nb; /* the last pictures of this group, in the order of decoding: */
    struct {
        int64_t count, pts_90k;
    } kept[TRTC_SHOWN_KEPT];
    int64_t span_counts, span_90k; /* how far apart two of them were, also of groups before */
    int64_t nb_in;                 /* pictures that state no order */
    int64_t dts_90k;               /* of the last one, */
    int64_t step_90k;              /* ... so much later it is decoded than the one before, */
    bool apart;                    /* ... and it is not kept, since it contradicts others */
};

/* What is known of a picture. Times have 33 bits. */
struct trtc_shown_picture {
    struct trtc_order order;
    bool stated;   /* it is whole, and the stream states its time */
    bool in_order; /* the stream states that pictures are shown in the order of decoding */
    bool key;      /* it is shown after all pictures that came before it */
    int64_t pts_90k, dts_90k;
};

/* Adds the next picture in the order of decoding. Returns whether its time contradicts the order, or shows
 * that an earlier one did. */
bool trtc_shown_contradicts(struct trtc_shown *s, const struct trtc_shown_picture *p);

/* Finds the time of a picture: by its place between those of its group that were added, or, of a key picture, behind
 * all of them. Returns false: too few are known. */
bool trtc_shown_place(const struct trtc_shown *s, const struct trtc_shown_picture *p,
                      int64_t *pts_90k);

#endif
