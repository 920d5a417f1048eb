/* SPDX-License-Identifier: MIT */
/* Follows the time stamps of a segment: where they restart, fall back or jump, and which shift puts
 * all of its frames on one continuous time line. Both tracks are examined together, so that they
 * stay in step. */
#ifndef TRTC_RECORDING_COURSE_H
#define TRTC_RECORDING_COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "playlist/kind.h"
#include "recording/steady.h"

enum { TRTC_COURSE_RUNS_MAX = 8192, TRTC_COURSE_RISES = 4 };

/* A run: consecutive frames of one track without a jump between them. Times are in ticks of 90 kHz
 * from the segment's first stamp, with wraps undone. */
struct trtc_course_run {
    int track;
    int64_t pos, last_pos; /* positions of its first and last frame in the segment */
    int64_t from, to;      /* its first stamp; the end of its last frame */
    int64_t shift;         /* to be added to its stamps; set by trtc_course_settle */
    int epoch;             /* number of the stream's clock: a restart begins the next one */
    int64_t beside;        /* by how much the stamps of the other track rose in the segment from the
                              frame before it to its first one; 0: not known */
    int64_t paused; /* pictures paused for so long before it, which one that is decoded before and
                       shown after that proves; 0: not known */
    bool soft;      /* it begins slightly too early, which alone does not count as a fall */
};

/* A picture whose stamp rose by more than usual. */
struct trtc_course_rise {
    int64_t by, from, pos; /* by 0: none */
    int64_t to, last_pos;  /* of its run before it */
};

/* Start with all zeros; free with trtc_course_fini. */
struct trtc_course {
    struct trtc_course_run *runs;
    size_t n, cap;
    bool too_many; /* there were more than TRTC_COURSE_RUNS_MAX runs: the others are not kept */
    bool begun;
    int64_t first_ts;          /* 33 bits: times count from here */
    bool fresh[TRTC_NB_KINDS]; /* to be set before settling: the track does not go on from the segment
                                  before, so its clock may have jumped before its first frame */
    struct {                   /* to be set before settling, if more is known of a track: */
        bool known;
        int64_t late;       /* there may be a jump of so much before its first frame */
        int64_t due, comes; /* 33 bits: the stamp that the track should have when the next segment
                               begins if there is none, and the one that it has; TRTC_NOTIME:
                               nothing follows */
        int64_t behind; /* how far it begins behind the start of the next segment; 0: not known */
    } onward[TRTC_NB_KINDS];
    bool settled;
    bool regained;      /* a track had run ahead, and was moved back, once settled */
    int64_t start, end; /* of the whole segment, once settled */
    int64_t delay;      /* how much later than decoded the first picture is shown */

    struct trtc_course_track {
        bool seen;
        int64_t ts, at;   /* the last stamp: as it was, and with wraps undone */
        int64_t other[2]; /* where the other track was then, and when the frame before came */
        size_t run;       /* index of the open run */
        bool measured;    /* pictures: step is no guess */
        int64_t step;     /* usual distance between frames, */
        int64_t before;   /* and what it was before; pictures only */
        int64_t guess;  /* pictures: by how much longer than usual the last one was taken to last */
        int64_t high;   /* highest stamp of the open run */
        int64_t shown;  /* pictures: the highest PTS since the last fall */
        int64_t nb;     /* number of frames */
        int nb_packets; /* frames of sound whose length is unknown */
        int nb_untimed; /* frames without a time since the last one that had a time */
        int64_t fallen; /* pictures: how far the stamps fell last, or 0 */
        bool odd;       /* pictures: the last one came earlier or later than usual */
        bool decodes;   /* some frames had a DTS of their own, so every DTS must rise */
        bool orders;    /* without DTS, pictures were seen whose display order differs from their
                           decoding order */
        struct {        /* a fall that may only be a picture displayed, or decoded, before earlier
                          ones */
            int nb;     /* frames since the fall; 0: there is none */
            bool sure;  /* the stamps give the order of decoding */
            int64_t from, high, last, pos, last_pos;
        } fall;
        struct trtc_course_rise rise[TRTC_COURSE_RISES]; /* pictures: rise[0] is the last */
        struct trtc_course_rise widest; /* pictures: where the distance of two is largest; by: that
                                           distance, */
        int64_t wide;                   /* and the second largest */
        struct trtc_steady steady;
        int64_t pos[TRTC_STEADY_AHEAD];  /* positions of the frames that wait in steady, */
        int64_t back[TRTC_STEADY_AHEAD]; /* and their lengths */
        int pos_first;
    } track[TRTC_NB_KINDS];
};

struct trtc_course_frame {
    int64_t ts;           /* DTS, 33 bits */
    bool explicit_dts;    /* pictures: the DTS was given and not taken from the PTS */
    bool in_order;        /* pictures: none is displayed before one that was decoded earlier */
    int64_t delay;        /* pictures: from the DTS to the PTS */
    bool key;             /* pictures: all pictures before it are displayed before it */
    int64_t pos;          /* position in the segment; of frames at the same position the first
                             counts */
    int samples, rate_hz; /* sound: samples in the frame, and their rate; 0: unknown */
};

/* Adds the next frame of a track, in the order of the segment. 0, or -1: out of memory. */
int trtc_course_add(struct trtc_course *c, int track, const struct trtc_course_frame *f);

/* Adds a frame without a time; it follows the frame before it. */
void trtc_course_add_untimed(struct trtc_course *c, int track);

/* Decides the shifts, after all frames were added. listed: the length of the segment according to
 * its playlist. next: when the next segment begins according to the clock. Both are in ticks from
 * the segment's first stamp, or TRTC_NOTIME. A pause that agrees with neither is removed. If there
 * are too many runs, and none falls, as of slides in a long segment, c becomes empty. 0, or -1: out
 * of memory. */
int trtc_course_settle(struct trtc_course *c, int64_t listed, int64_t next);

/* Whether a segment is as long as its playlist or the clock requires. length: the span of its
 * stamps, pauses included; listed and next as for trtc_course_settle. */
bool trtc_course_fits(int64_t length, int64_t listed, int64_t next);

/* Whether a segment is so much longer than its playlist and the clock allow that a pause is
 * removed. */
bool trtc_course_exceeds(int64_t length, int64_t listed, int64_t next);

/* Whether some sound is moved, once settled: the sound of the segment follows this course. */
bool trtc_course_moves_sound(const struct trtc_course *c);

/* Whether the stamps of a track fall, once settled. */
bool trtc_course_falls(const struct trtc_course *c);

/* What must be added to the stamp of the frame of track at position pos. *hint speeds up calls with
 * rising positions: start with 0. */
int64_t trtc_course_shift(const struct trtc_course *c, int track, int64_t pos, size_t *hint);

/* Finds the next hole of at least min ticks in which neither track has frames. Searches from *at
 * (start with INT64_MIN) and moves *at to the end of the hole; *start is its start. False: no
 * more. */
bool trtc_course_hole(const struct trtc_course *c, int64_t min, int64_t *at, int64_t *start);

/* Empties c for another segment but keeps its memory. */
void trtc_course_reset(struct trtc_course *c);
void trtc_course_fini(struct trtc_course *c);

#endif
