/* SPDX-License-Identifier: MIT */
/* Courses: tracks that run ahead of the clock. See course_priv.h. */
#include "recording/course_priv.h"

#include "base/utc.h"
#include "recording/clock.h"

#define AHEAD  (60 * MS)  /* a track is ahead of the clock by at least this */
#define UNEVEN (150 * MS) /* where the rate of pictures varies, a smaller jump cannot be seen */
#define LAG    (300 * MS) /* pictures may end so far from where they are due */

/* How far the stamps of a track are ahead of the clock when the next segment begins, and how far the last
 * one of this segment is. Where the frames truly paused, that is not ahead. */
struct lead {
    int64_t end, last;
};

static struct lead lead_of(const struct trtc_course *c, int track)
{
    const struct trtc_course_track *t = &c->track[track];
    const int64_t due = t->at + trtc_ts_diff(c->onward[track].due, t->ts),
                  ts = c->onward[track].comes;
    const int64_t comes = ts == TRTC_NOTIME ? t->at + t->step : t->at + trtc_ts_diff(ts, t->ts);
    return (struct lead){ comes - due, t->at - due };
}

/* Whether the widest distance of two pictures is explained by a jump of so much, and no other one is: it
 * exceeds the others by as much or, at a variable rate, by less. A small jump cannot be told from the
 * distances of such a rate: then sound that each segment has from a little before its first picture on
 * would look like one. */
static bool stands_out(const struct trtc_course *c, int64_t by)
{
    const struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    const int64_t more = t->widest.by - t->wide;
    const bool varies = t->wide > trtc_course_usual_step(t) + TOL;
    return more <= by + TOL && 3 * more >= 2 * by &&
           (t->widest.by >= 2 * t->wide || (more >= by - TOL && (by >= UNEVEN || !varies)));
}

int trtc_course_divide_ahead(struct trtc_course *c)
{
    if (!c->onward[TRTC_AT_VIDEO].known || !c->track[TRTC_AT_VIDEO].seen)
        return 0;
    const struct lead lead = lead_of(c, TRTC_AT_VIDEO);
    struct trtc_course_rise widest = c->track[TRTC_AT_VIDEO].widest;
    return lead.end >= AHEAD && lead.last > 0 && stands_out(c, lead.end)
               ? trtc_course_divide(c, &widest)
               : 0;
}

/* A jump: the run that begins with it (an index), and its extent. by 0: none. */
struct leap {
    size_t run;
    int64_t by;
};

/* The jump by which the track, whose frames are ahead by lead, has come there: a hole that is as long or,
 * where the rate of the pictures varies, their widest distance. */
static struct leap leap_of(const struct trtc_course *c, int track, int64_t lead)
{
    const struct trtc_course_run *prev = NULL;
    struct leap leap = { 0, 0 };
    const bool ends = c->onward[track].comes == TRTC_NOTIME,
               varies = track == TRTC_AT_VIDEO && !ends;
    /* the last frame ends before the segment does */
    const int64_t loose = ends && lead > SOON ? SNAP : TOL;
    /* a smaller hole may be one of many at a variable rate */
    if (track == TRTC_AT_VIDEO && (ends || lead < PICTURE_GAP) && !stands_out(c, lead))
        return leap;
    if (track == TRTC_AT_VIDEO && ends && lead < AHEAD + c->delay)
        return leap; /* where the last picture ends is not exactly known */
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track != track)
            continue;
        const int64_t hole = prev ? start_of(r) - end_of(prev) : 0;
        const bool wide = prev && varies && r->pos == c->track[track].widest.pos;
        if (distance(hole, lead) <= loose && distance(hole, lead) < distance(leap.by, lead))
            leap = (struct leap){ i, hole };
        else if (wide && leap.by == 0 && stands_out(c, lead))
            leap = (struct leap){ i, hole > SOON && distance(hole, lead) <= UNEVEN ? hole : lead };
        prev = r;
    }
    return leap;
}

/* Whether a track, whose last frame is ahead of the clock by last, ends closer to where a jump has taken it
 * than to where it ends after a pause. Stamps jitter, and sound may be farther back in the file than the
 * pictures beside it. If nothing follows, where it should end is not exactly known. */
static bool ends_ahead(const struct trtc_course *c, int track, int64_t last, int64_t jump)
{
    const int64_t loose = c->onward[track].comes == TRTC_NOTIME ? TOL : 0;
    return last > 0 && 2 * (last + c->track[track].step + loose) > jump;
}

/* A hole in a track that is about as long as a long jump, and the run behind it. by 0: none. */
static struct leap hole_like(const struct trtc_course *c, int track, int64_t by)
{
    const struct trtc_course_run *prev = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track != track)
            continue;
        const int64_t hole = prev ? start_of(r) - end_of(prev) : 0;
        if (prev && distance(hole, by) <= LAG)
            return (struct leap){ i, hole };
        prev = r;
    }
    return (struct leap){ 0, 0 };
}

/* By how much a track has jumped before its first frame, which is known by the distance of two frames only: by as
 * much as the other one if that has jumped by about so much between two frames. */
static int64_t as_other(const struct trtc_course *c, int track, int64_t by)
{
    const struct leap hole = hole_like(c, !track, by);
    return hole.by ? hole.by : by;
}

/* Finds the jump by which a track is ahead of the clock. */
static struct leap find_leap(const struct trtc_course *c, int track)
{
    const struct trtc_course_run *first = NULL, *last = NULL;
    if (!c->onward[track].known)
        return (struct leap){ 0, 0 };
    for (size_t i = 0; i < c->n; i++)
        if (c->runs[i].track == track) {
            first = first ? first : &c->runs[i];
            last = &c->runs[i];
        }
    if (!first)
        return (struct leap){ 0, 0 };
    const struct lead lead = lead_of(c, track);
    const int64_t late = c->onward[track].late, moved = last->shift - first->shift;
    if (late && !first->shift && ends_ahead(c, track, lead.last + moved + late, late))
        return (struct leap){ (size_t)(first - c->runs),
                              late > SOON ? as_other(c, track, late) : late };
    if (lead.end + moved < AHEAD || !ends_ahead(c, track, lead.last + moved, lead.end + moved))
        return (struct leap){ 0, 0 };
    return leap_of(c, track, lead.end + moved);
}

/* How far two runs are apart; 0: they overlap. */
static int64_t between(const struct trtc_course_run *a, const struct trtc_course_run *b)
{
    const int64_t gap =
        start_of(a) < start_of(b) ? start_of(b) - end_of(a) : start_of(a) - end_of(b);
    return gap > 0 ? gap : 0;
}

/* Whether the other track, which has not jumped, goes along with one that has jumped farther than tracks are
 * apart: it is beside what that has after the jump, and not beside what it had before. */
static bool goes_along(const struct trtc_course *c, int64_t apart, int track,
                       const struct leap *leap)
{
    bool beside = false, begun = false;
    for (size_t i = 0; i < leap->run; i++)
        begun |= c->runs[i].track == track;
    for (size_t i = 0; i < c->n && begun && leap->by > apart; i++)
        for (size_t k = 0; k < c->n && c->runs[i].track == track; k++) {
            if (c->runs[k].track == track || between(&c->runs[i], &c->runs[k]) > SOON)
                continue;
            if (i < leap->run || c->runs[k].shift != 0) /* or it was guessed where that belongs */
                return false;
            beside = true;
        }
    return beside;
}

/* The jump of a track if the other one has jumped by so much. Both have one clock, so they are moved by the same,
 * wherever this one seems to end: pictures are shown later than they are decoded, and sound ends with a whole
 * frame. */
static struct leap leap_beside(const struct trtc_course *c, int track, int64_t by)
{
    const struct leap hole = hole_like(c, track, by);
    return (struct leap){ hole.run, hole.by ? by : 0 };
}

/* Whether a track whose end nothing but the playlist states has run ahead of that: then it is the playlist
 * that is wrong, unless the other track, which has not jumped, ends in time. */
static bool ends_with_other(const struct trtc_course *c, int track, const struct leap *leap)
{
    return c->onward[track].comes == TRTC_NOTIME && leap[track].by && !leap[!track].by &&
           c->onward[!track].known && c->track[!track].seen &&
           2 * lead_of(c, !track).end > leap[track].by;
}

void trtc_course_take_back(struct trtc_course *c, int64_t apart)
{
    struct leap leap[TRTC_NB_KINDS];
    bool both = true;
    for (int track = 0; track < TRTC_NB_KINDS; track++) {
        leap[track] = find_leap(c, track);
        both &= c->onward[track].known && c->track[track].seen && lead_of(c, track).end >= AHEAD;
    }
    for (int track = 0; track < TRTC_NB_KINDS; track++)
        if (!leap[track].by && leap[!track].by > SOON)
            leap[track] = leap_beside(c, track, leap[!track].by);
    if (both && distance(lead_of(c, 0).end, lead_of(c, 1).end) <= TOL &&
        (!leap[0].by || !leap[1].by))
        return;
    if (ends_with_other(c, 0, leap) || ends_with_other(c, 1, leap))
        return;
    bool along[TRTC_NB_KINDS];
    for (int track = 0; track < TRTC_NB_KINDS; track++)
        along[track] = !leap[!track].by && goes_along(c, apart, track, &leap[track]);
    for (int track = 0; track < TRTC_NB_KINDS; track++)
        for (size_t i = 0; i < c->n && leap[track].by; i++)
            if (c->runs[i].track == track ? i >= leap[track].run : along[track]) {
                c->runs[i].shift -= leap[track].by;
                c->regained = true;
            }
}
