/* SPDX-License-Identifier: MIT */
/* Times of pictures where a transport stream does not say them all: pictures without a time of
 * their own get one by their place in the order of presentation, and decoding times that are
 * missing follow from the depth of reordering. Pure arithmetic. */
#ifndef TRTC_TS_PICTURE_TIME_H
#define TRTC_TS_PICTURE_TIME_H

#include "ts/poc.h"

#define TRTC_PICTURE_NOTIME INT64_MIN
#define TRTC_PICTURE_DEPTH  32 /* of reordering, at most */

/* Zero-initialise. Times are ticks of 90 kHz; within, wraps are undone. */
struct trtc_picture_times {
    bool running;
    bool floating;             /* so far, no picture had a time */
    bool said_dts;             /* the stream has decoding times */
    int64_t pts, dts, max_pts; /* of the last picture; the highest so far */
    int64_t step;              /* usual distance of pictures, as far as was seen */

    /* a picture with a time and a count, and the measure of the counts between two of these */
    bool anchored, anchor_said; /* its time is the stream's own */
    int64_t anchor_pts, anchor_count, span_pts, span_counts;
    bool counted;      /* max_count is known: */
    int64_t max_count; /* the highest count so far, since counts began anew */
    bool by_one;       /* counts rise by one from frame to frame, not by two */

    int depth;                               /* seen */
    int64_t waiting[TRTC_PICTURE_DEPTH + 1]; /* times that are no decoding times yet, rising */
    int nb_waiting;
    int64_t recent[TRTC_PICTURE_DEPTH]; /* ring of the last pts, as coded, since counts began anew */
    unsigned nb_recent;
    int64_t shown; /* up to this one all that is shown has come */
};

/* What the stream says of a picture. */
struct trtc_picture_said {
    int64_t pts, dts;             /* 33 bits, or TRTC_PICTURE_NOTIME */
    int64_t next_pts;             /* of the next picture that has one, where that is known */
    bool next_key;                /* that is a key picture */
    int64_t next_dts;             /* its decoding time, where the stream says it */
    int next_after;               /* pictures from this one to that one; 0: not known */
    struct trtc_order next_order; /* and its place, known if counts do not begin anew on the way */
    int64_t clock;                /* where none has had one: they begin here */
    bool key;                     /* it is shown behind all that came before it */
    struct trtc_order order;      /* of poc.h */
    const struct trtc_video_params *sps; /* or NULL */
};

/* The stream's own word says how long a picture is shown. Where it does not, next_after and next_order
 * help: pictures that have no time lie between those that have one. */
bool trtc_picture_rate_said(const struct trtc_picture_times *t, const struct trtc_picture_said *s);

/* Times of the next picture in coding order, 33 bits. They are what the stream says where it says
 * both, and dts is not above pts. */
void trtc_picture_time(struct trtc_picture_times *t, const struct trtc_picture_said *s,
                       int64_t *pts, int64_t *dts);

#endif
