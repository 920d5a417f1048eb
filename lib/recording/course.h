/* SPDX-License-Identifier: MIT */
/* How the time stamps of a segment run: where they restart, fall back or jump, and what must be
 * added to them from there on for all of it to stand on one line. Both tracks are looked at
 * together, so that they stay in step. */
#ifndef TRTC_RECORDING_COURSE_H
#define TRTC_RECORDING_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "playlist/kind.h"
#include "recording/steady.h"

enum { TRTC_COURSE_RUNS_MAX = 8192 };

/* Frames of one track that follow each other without a jump. Times are ticks of 90 kHz from the
 * segment's first stamp, wraps undone. */
struct trtc_course_run {
    int track;
    int64_t pos, last_pos; /* of its first and its last frame in the segment */
    int64_t from, to;      /* its first stamp; where its last frame ends */
    int64_t shift;         /* what must be added to its stamps; known once settled */
    int epoch;             /* of the stream's clock */
    bool soft;             /* it begins a little too early: that alone is no fall */
};

/* Zero-initialise; free with trtc_course_fini. */
struct trtc_course {
    struct trtc_course_run *runs;
    size_t n, cap;
    bool too_many; /* there were more than TRTC_COURSE_RUNS_MAX: the rest is not known */
    bool begun;
    int64_t first_ts; /* 33 bits: where times count from */
    bool settled;
    int64_t start, end; /* of all of it, once settled */

    struct trtc_course_track {
        bool seen;
        int64_t ts, at; /* the last stamp, as it was and unwrapped */
        size_t run;     /* the one that is open */
        int64_t step;   /* usual distance of frames */
        int64_t high;   /* highest stamp of the open run */
        int64_t nb;     /* frames */
        int nb_packets; /* sound whose length is not known */
        int nb_untimed; /* since the last one that had a time */
        bool decodes;   /* some had a DTS of their own, so all DTS rise */
        bool orders;    /* pictures without DTS were seen that are shown in another order */
        struct {        /* a fall that may be just a picture that is shown before others */
            int nb;     /* frames since then, 0: there is none */
            int64_t from, high, pos, last_pos;
        } fall;
        struct trtc_steady steady;
        int64_t pos[TRTC_STEADY_AHEAD];  /* of the frames that wait in it, */
        int64_t back[TRTC_STEADY_AHEAD]; /* and their lengths */
        int pos_first;
    } track[TRTC_NB_KINDS];
};

struct trtc_course_frame {
    int64_t ts;           /* DTS, 33 bits */
    bool explicit_dts;    /* pictures: it is not only the PTS */
    bool key;             /* pictures: all that came before it are shown before it */
    int64_t pos;          /* in the segment; of those with the same one the first counts */
    int samples, rate_hz; /* sound: its length; 0: unknown */
};

/* Takes the next frame of a track, in the order of the segment. -1: no memory. */
int trtc_course_add(struct trtc_course *c, int track, const struct trtc_course_frame *f);

/* A frame of a track that has no time stands behind the one before it. */
void trtc_course_add_untimed(struct trtc_course *c, int track);

/* All frames were added: decides the shifts. said: how long the segment is said to last; next: when
 * the one behind it begins by the clock; ticks, or TRTC_NOTIME. A pause that fits to neither is
 * none, and is closed up. -1: no memory. */
int trtc_course_settle(struct trtc_course *c, int64_t said, int64_t next);

/* A segment whose stamps go over length ticks, pauses counted, is as long as it is said to be, or
 * as the clock says. */
bool trtc_course_fits(int64_t length, int64_t said, int64_t next);

/* What must be added to the stamp of a frame of track at pos; *hint speeds up rising places: start
 * with 0. */
int64_t trtc_course_shift(const struct trtc_course *c, int track, int64_t pos, size_t *hint);

/* The next hole of at least min ticks, in which no track has anything, after *at (start with
 * INT64_MIN); *at moves on to its end. */
bool trtc_course_hole(const struct trtc_course *c, int64_t min, int64_t *at, int64_t *start);

/* As new, but for the memory. */
void trtc_course_reset(struct trtc_course *c);
void trtc_course_fini(struct trtc_course *c);

#endif
