/* SPDX-License-Identifier: MIT */
/* Completes the times of pictures in a transport stream that does not state all of them: pictures
 * without a time get one by their place in the order of presentation, and missing decoding times
 * follow from the depth of reordering. Pure arithmetic. */
#ifndef TRTC_TS_PICTURE_TIME_H
#define TRTC_TS_PICTURE_TIME_H

#include "ts/poc.h"

#define TRTC_PICTURE_NOTIME  INT64_MIN
#define TRTC_PICTURE_DEPTH   32 /* the limit of reordering */
#define TRTC_PICTURE_ANCHORS 8

/* Zero-initialise. Times are in ticks of 90 kHz, with wraps undone. */
struct trtc_picture_times {
    bool running;
    bool floating;             /* no picture has had a time so far */
    bool said_dts;             /* the stream states decoding times */
    bool late_dts;             /* ... which leave no room for reordering, and are not used */
    bool early_dts;            /* ... and that of a key picture is below its PTS */
    int64_t pts, dts, max_pts; /* of the last picture; the highest PTS so far */
    int64_t moved;             /* how far the clock has jumped within groups of pictures */
    int64_t step;              /* the usual distance of pictures, as far as it is known */

    /* the last picture with a time and a count, and the distance of times and counts between two
     * such pictures */
    bool anchored, anchor_said; /* anchor_said: the stream states its time */
    int64_t anchor_pts, anchor_count, span_pts, span_counts;
    struct {
        int64_t pts, count;
    } anchors[TRTC_PICTURE_ANCHORS]; /* a ring of the ones that the stream states, */
    unsigned nb_anchors;             /* ... since counts were last reset */
    bool paused;                     /* pictures have paused within their group, behind one with */
    int64_t pause_pts, pause_count;  /* these */
    bool counted;                    /* max_count is known: */
    int64_t max_count;               /* the highest count since counts were last reset */
    bool by_one;                     /* counts rise by one from frame to frame, not by two */

    int depth;                               /* of reordering, as far as it was seen */
    int64_t waiting[TRTC_PICTURE_DEPTH + 1]; /* times not used as decoding times, rising */
    int nb_waiting;
    int64_t recent[TRTC_PICTURE_DEPTH]; /* a ring of the last PTS in coding order since the reset */
    unsigned nb_recent;
    int64_t shown; /* all pictures up to this PTS have come */
};

/* What the stream states about a picture. */
struct trtc_picture_said {
    int64_t pts, dts;             /* 33 bits, or TRTC_PICTURE_NOTIME */
    int64_t next_pts;             /* of the next picture with a PTS, if it is known */
    bool next_key;                /* that is a key picture */
    int64_t next_dts;             /* its decoding time, if the stream states it */
    int next_after;               /* how many pictures later that is; 0: not known */
    struct trtc_order next_order; /* its place, known if counts are not reset in between */
    int64_t clock;                /* if no picture has had a time: the first one begins here */
    bool key;                     /* it is shown after all pictures that came before it */
    struct trtc_order order;      /* see poc.h */
    const struct trtc_video_params *sps; /* or NULL */
};

/* Whether the stream itself states how long a picture is shown. If not, next_after and next_order
 * help: pictures without a time lie between those with one. */
bool trtc_picture_rate_said(const struct trtc_picture_times *t, const struct trtc_picture_said *s);

/* One of the pictures that follow, as far as the stream states it. */
struct trtc_picture_after {
    int64_t pts; /* or TRTC_PICTURE_NOTIME */
    struct trtc_order order;
};

/* Whether the stated PTS is far from where the order of the pictures has this one, in a stream that
 * states no decoding times: either the clock jumps here, or the stamp of this picture alone is wrong,
 * and those after it show which. */
bool trtc_picture_is_off(const struct trtc_picture_times *t, const struct trtc_picture_said *s);

/* Whether it is this stamp alone, since those of the nb_after pictures that follow which are shown
 * behind it are where they would be without a jump. Then *pts is where this one is shown. */
bool trtc_picture_is_alone(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                           const struct trtc_picture_after *after, int nb_after, int64_t *pts);

/* Determines the times of the next picture in coding order, 33 bits. They are those of the stream
 * if it states both, and dts is not above pts. */
void trtc_picture_time(struct trtc_picture_times *t, const struct trtc_picture_said *s,
                       int64_t *pts, int64_t *dts);

#endif
