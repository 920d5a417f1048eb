/* SPDX-License-Identifier: MIT */
/* Parts of courses.
 *
 *  course_runs.c    frames gathered into runs, as they arrive
 *  course_epochs.c  which clock of the stream each run belongs to
 *  course_ahead.c   tracks that run ahead of the clock
 *  course_pauses.c  pauses, and which of them are none
 *  course.c         the order of these, and the results
 */
#ifndef TRTC_RECORDING_COURSE_PRIV_H
#define TRTC_RECORDING_COURSE_PRIV_H

#include "base/utc.h"
#include "recording/course.h"

#define MS   90
#define TOL  (40 * MS)   /* a smaller difference is rounding, a larger one is a jump */
#define SNAP (100 * MS)  /* a pause is removed entirely if less than this would remain */
#define SOON (1000 * MS) /* a fall this close to the start of a track belongs to both tracks */
#define PICTURE_GAP \
    (500 * MS) /* pictures whose distance exceeds the usual one by this begin a run */

static inline int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* The place of a run on the time line. */
static inline int64_t start_of(const struct trtc_course_run *r)
{
    return r->from + r->shift;
}

static inline int64_t end_of(const struct trtc_course_run *r)
{
    return r->to + r->shift;
}

/* Whether the stamps of a track fall from the run prev to the run r. */
static inline bool falls(const struct trtc_course_run *r, const struct trtc_course_run *prev)
{
    return !r->soft && r->from - prev->to < -TOL;
}

/* How far room may be exceeded by rounding and drift. */
static inline int64_t loose(int64_t room)
{
    return SNAP + room / 1000;
}

/* The same for the length of c, which begins with the decoding of the first picture. */
static inline int64_t loose_in(const struct trtc_course *c, int64_t room)
{
    return loose(room) + c->delay;
}

/* The next run of the same track, or NULL. */
const struct trtc_course_run *trtc_course_next_run(const struct trtc_course *c,
                                                   const struct trtc_course_run *r);

/* ---- course_runs.c ---- */

/* Ends the runs, after all frames were added. 0, or -1: out of memory. */
int trtc_course_end_runs(struct trtc_course *c);

/* Pictures: a run begins at the rise, if it is known (by is not 0), which it is no longer then. 0, or -1: out
 * of memory. */
int trtc_course_divide(struct trtc_course *c, struct trtc_course_rise *rise);

/* The usual distance between two frames, in ticks. */
int64_t trtc_course_usual_step(const struct trtc_course_track *t);

/* ---- course_epochs.c ---- */

/* How far apart, in ticks, the tracks of one clock may begin: by the length of the segment, if one of them
 * is behind the other in it. listed: as for trtc_course_settle. */
int64_t trtc_course_apart_most(const struct trtc_course *c, int64_t listed);

/* Finds the clock and the shift of each run. The tracks of one clock begin no farther apart than apart. 0,
 * or -1: out of memory. */
int trtc_course_choose_epochs(struct trtc_course *c, int64_t apart);

/* ---- course_ahead.c ---- */

/* Pictures that run ahead: a run begins where they do. 0, or -1: out of memory. */
int trtc_course_divide_ahead(struct trtc_course *c);

/* Moves tracks back that have run ahead of the clock. If both have, by as much, that needs a jump of both.
 * apart: as above. */
void trtc_course_take_back(struct trtc_course *c, int64_t apart);

/* ---- course_pauses.c ---- */

/* Removes pauses for which the segment has no room, and finds the extent of the segment. listed and next: as for
 * trtc_course_settle. 0, or -1: out of memory. */
int trtc_course_close_pauses(struct trtc_course *c, int64_t listed, int64_t next);

#endif
