/* SPDX-License-Identifier: MIT */
/* Courses: which clock of the stream each run belongs to. See course_priv.h. */
#include "recording/course_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/utc.h"

#define JOIN_MAX (3000 * MS) /* the tracks may differ by this much at one restart, */
#define FALL_OFF (300 * MS)  /* and by this much if both fall by the same amount */

enum { LATELY = 6 };

struct epochs {
    int64_t *shift;     /* of each epoch */
    int first, current; /* the epochs that exist; the first may belong to what the segment before
                           left over */
    int64_t apart;      /* the tracks of one clock begin no farther apart */
};

/* The place on the time line that the track of r has reached at position pos. */
static int64_t stands_at(const struct epochs *e, const struct trtc_course_run *r, int64_t pos)
{
    int64_t at = r->to;
    if (pos < r->last_pos && r->last_pos > r->pos)
        at = r->from + (int64_t)((double)(r->to - r->from) * (double)(pos - r->pos) /
                                 (double)(r->last_pos - r->pos));
    return at + e->shift[r->epoch];
}

/* The epoch, from first on, whose shift brings from nearest to at. */
static int nearest(const struct epochs *e, int first, int64_t from, int64_t at)
{
    int best = first;
    for (int i = first + 1; i <= e->current; i++)
        if (distance(from + e->shift[i], at) < distance(from + e->shift[best], at))
            best = i;
    return best;
}

/* Whether the stamps rise between a and b by as much as they fall between c and d. */
static bool undoes(const struct trtc_course_run *a, const struct trtc_course_run *b,
                   const struct trtc_course_run *c, const struct trtc_course_run *d)
{
    return a && d && distance(b->from - a->to, c->to - d->from) <= TOL;
}

/* How often the track falls after r, and does not come back at once. before: the run before r whose rise
 * may come back, too; or NULL. */
static int falls_from(const struct trtc_course *c, const struct trtc_course_run *r,
                      const struct trtc_course_run *before)
{
    int nb = 0;
    const struct trtc_course_run *o, *next;
    for (o = r ? trtc_course_next_run(c, r) : NULL; o; before = r, r = o, o = next) {
        next = trtc_course_next_run(c, o);
        nb += falls(o, r) && !undoes(before, r, r, o) && !(next && undoes(o, next, r, o));
    }
    return nb;
}

/* The run before r in its track, or NULL. */
static const struct trtc_course_run *run_before(const struct trtc_course *c,
                                                const struct trtc_course_run *r)
{
    for (const struct trtc_course_run *o = r; o-- > c->runs;)
        if (o->track == r->track)
            return o;
    return NULL;
}

/* How far the first run of a track would be from the place the other track has reached, with this
 * shift. */
static int64_t off_by(const struct epochs *e, const struct trtc_course_run *r,
                      const struct trtc_course_run *other, int64_t shift)
{
    return distance(r->from + shift, stands_at(e, other, r->pos));
}

/* Whether the track of r has come to it by a fall of step. */
static bool has_fallen(const struct trtc_course *c, const struct trtc_course_run *r, int64_t step)
{
    const struct trtc_course_run *before = run_before(c, r);
    return before && falls(r, before) && distance(r->from - before->to, step) < TOL;
}

/* The epoch of the first run of a track when one track falls once more than the other, near its
 * beginning. The run may belong to the epoch which the other track enters with that fall, or be
 * left over from the epoch before. If it is at least about as close to the other track there, that
 * epoch is added. */
static int odd_epoch(const struct trtc_course *c, struct epochs *e, const struct trtc_course_run *r,
                     const struct trtc_course_run *other, int best)
{
    const int nb = falls_from(c, r, NULL);
    const bool alike = nb == falls_from(c, other, run_before(c, other));
    const int more = alike ? 0 : falls_from(c, other, NULL) - nb;
    const struct trtc_course_run *from = more > 0 ? other : r, *to = trtc_course_next_run(c, from);
    if (more == 0 || !to || !falls(to, from))
        return best;
    const int64_t step = to->from - from->to, was = e->shift[other->epoch];
    const int64_t shift = was + (more > 0 ? -step : step);
    const int64_t soon = more > 0 ? from->to + was - stands_at(e, other, r->pos) : r->to - r->from;
    const bool sure = -step > FALL_OFF || (more < 0 && has_fallen(c, other, step));
    const int64_t slack = soon < SOON && sure ? FALL_OFF : -TOL;
    const int64_t off = off_by(e, r, other, shift);
    if (soon > JOIN_MAX || off > JOIN_MAX || off >= off_by(e, r, other, e->shift[best]) + slack)
        return best;
    best = more > 0 ? ++e->current : (e->first = other->epoch - 1);
    e->shift[best] = shift;
    return best;
}

static int add_epoch(struct epochs *e, int64_t shift)
{
    e->shift[++e->current] = shift;
    return e->current;
}

/* The epoch of the first run of a track: the one that the other track is in. If all of it is farther
 * from that than any order of the segment explains, it has a clock of its own, and begins with the other
 * track or, if it is far behind its beginning, where that stands. */
static int first_epoch(const struct trtc_course *c, struct epochs *e,
                       const struct trtc_course_run *r, const struct trtc_course_run *other)
{
    if (!other)
        return e->current;
    const int64_t at = stands_at(e, other, r->pos);
    const int epoch = odd_epoch(c, e, r, other, nearest(e, e->first, r->from, at));
    const int64_t start = c->runs[0].from + e->shift[c->runs[0].epoch];
    const int64_t beside =
        at - start <= SOON ? start : at; /* the same in all segments of a stream */
    if (distance(r->from + e->shift[epoch], beside) <= e->apart)
        return epoch;
    for (const struct trtc_course_run *o = trtc_course_next_run(c, r); o;
         o = trtc_course_next_run(c, o))
        if (off_by(e, o, other, e->shift[epoch]) <= e->apart)
            return epoch;
    const int64_t delay = r->track == TRTC_AT_VIDEO ? -c->delay : c->delay;
    return add_epoch(e, beside + delay - r->from);
}

/* Whether the other track falls by the same amount where r begins, after prev. At a low picture
 * rate such a fall looks like an uneven step. */
static bool falls_with(const struct trtc_course *c, const struct trtc_course_run *r,
                       const struct trtc_course_run *prev)
{
    const struct trtc_course_run *before = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *o = &c->runs[i];
        if (o->track == r->track)
            continue;
        if (before && o->from - before->to < -TOL && distance(before->to, prev->to) < FALL_OFF &&
            distance(o->from - before->to, r->from - prev->to) < TOL)
            return true;
        before = o;
    }
    return false;
}

/* The epoch, other than that of prev, with whose shift a run begins where prev ends; -1: none. The
 * clock has come back to it if the run jumps ahead. */
static int fitting_epoch(const struct epochs *e, const struct trtc_course_run *r,
                         const struct trtc_course_run *prev, int64_t end)
{
    int i = e->current;
    while (i >= e->first && (i == prev->epoch || distance(r->from + e->shift[i], end) > TOL))
        i--;
    return i >= e->first ? i : -1;
}

/* The epoch of a run that follows prev in its track, perhaps a new one. */
static int next_epoch(const struct trtc_course *c, struct epochs *e,
                      const struct trtc_course_run *r, const struct trtc_course_run *prev,
                      const struct trtc_course_run *other)
{
    const int64_t end = prev->to + e->shift[prev->epoch];
    const int64_t stay = r->from + e->shift[prev->epoch] - end;
    if (r->soft && !falls_with(c, r, prev))
        return prev->epoch;
    const int fits = stay > TOL ? fitting_epoch(e, r, prev, end) : -1;
    if (fits >= 0) /* runs after it may still shift an earlier epoch */
        return fits > prev->epoch ? fits : add_epoch(e, e->shift[fits]);
    if (prev->epoch < e->current) {
        const int64_t at = stay < -TOL || !other ? end : stands_at(e, other, r->pos);
        const int best = nearest(e, stay < -TOL ? prev->epoch + 1 : prev->epoch, r->from, at);
        /* a clock that has come back to where it was does not explain a fall */
        const bool may = stay >= -TOL || e->shift[best] > e->shift[prev->epoch] + TOL;
        if (may && r->from + e->shift[best] - end >= -JOIN_MAX &&
            distance(r->from + e->shift[best], at) <= JOIN_MAX)
            return best;
    }
    return stay >= -TOL ? prev->epoch : add_epoch(e, end - r->from);
}

/* The last runs of a track: run[0] is the latest. */
struct lately {
    struct trtc_course_run *run[LATELY];
    int n;
};

static void pass_run(struct lately *l, struct trtc_course_run *r)
{
    memmove(l->run + 1, l->run, (LATELY - 1) * sizeof *l->run);
    l->run[0] = r;
    l->n += l->n < LATELY;
}

/* The distance of a run from the end of the one before it, as both are placed. */
static int64_t pause_before(const struct epochs *e, const struct trtc_course_run *r,
                            const struct trtc_course_run *prev)
{
    return r->from + e->shift[r->epoch] - prev->to - e->shift[prev->epoch];
}

/* Whether the stamps fall with one of the runs from r back to l->run[k]. */
static bool fell_since(const struct trtc_course *c, const struct trtc_course_run *r,
                       const struct lately *l, int k)
{
    bool fell = false;
    for (int i = 0; i <= k + 1 && i < l->n && !fell; r = l->run[i++])
        fell = falls(r, l->run[i]) || (r->soft && falls_with(c, r, l->run[i]));
    return fell;
}

/* Finds how many runs ago the stamps left the clock on which they are again with r, if all frames
 * since then follow each other: a rise among them was no pause. 0: that is not so, or nothing has to
 * be moved. Pictures at a variable rate that never fall are where they belong. */
static int since_left(const struct trtc_course *c, const struct epochs *e,
                      const struct trtc_course_run *r, const struct lately *l)
{
    int64_t length = 0;
    bool paused = false;
    for (int k = 0; k + 1 < l->n; k++) {
        length += l->run[k]->to - l->run[k]->from;
        paused |= pause_before(e, l->run[k], l->run[k + 1]) > TOL;
        if (paused && distance(r->from - l->run[k + 1]->to, length) <= TOL &&
            fell_since(c, r, l, k))
            return k + 1;
    }
    return 0;
}

/* The epoch of a run with which the stamps of its track are back where they would have been without
 * all jumps since an earlier run: what rose meanwhile was no pause, and gets epochs of its own. -1:
 * they are not. */
static int epoch_after_rise(const struct trtc_course *c, struct epochs *e,
                            const struct trtc_course_run *r, const struct lately *l)
{
    const int n = r->soft && !falls_with(c, r, l->run[0]) ? 0 : since_left(c, e, r, l);
    if (n == 0)
        return -1;
    const int own = l->run[n]->epoch;
    for (int k = n; k-- > 0;)
        if (distance(pause_before(e, l->run[k], l->run[k + 1]), 0) > TOL)
            l->run[k]->epoch =
                add_epoch(e, l->run[k + 1]->to + e->shift[l->run[k + 1]->epoch] - l->run[k]->from);
    return add_epoch(e, e->shift[own]);
}

static void choose(struct trtc_course *c, struct epochs *e)
{
    struct lately last[TRTC_NB_KINDS] = { { .n = 0 } };
    for (size_t i = 0; i < c->n; i++) {
        struct trtc_course_run *r = &c->runs[i], *prev = last[r->track].run[0];
        const struct trtc_course_run *other = last[!r->track].run[0];
        r->epoch = prev ? epoch_after_rise(c, e, r, &last[r->track]) : first_epoch(c, e, r, other);
        if (prev && r->epoch < 0)
            r->epoch = next_epoch(c, e, r, prev, other);
        /* neither track may overlap what it had before the restart: the later one decides */
        const int64_t over =
            prev ? prev->to + e->shift[prev->epoch] - r->from - e->shift[r->epoch] : 0;
        if (over > 0 && r->epoch > prev->epoch)
            e->shift[r->epoch] += over;
        pass_run(&last[r->track], r);
    }
    for (size_t i = 0; i < c->n; i++)
        c->runs[i].shift = e->shift[c->runs[i].epoch];
}

/* Whether one track ends before the other begins, and only both together are longer than the segment: then
 * their clocks are apart. */
static bool are_disjoint(const struct trtc_course *c, int64_t listed)
{
    int64_t from[TRTC_NB_KINDS] = { INT64_MAX, INT64_MAX };
    int64_t to[TRTC_NB_KINDS] = { INT64_MIN, INT64_MIN };
    for (size_t i = 0; i < c->n; i++) {
        const int track = c->runs[i].track;
        from[track] = c->runs[i].from < from[track] ? c->runs[i].from : from[track];
        to[track] = c->runs[i].to > to[track] ? c->runs[i].to : to[track];
    }
    const int early = from[0] > from[1], late = !early;
    const int64_t room = listed + loose_in(c, listed);
    return listed != TRTC_NOTIME && from[late] != INT64_MAX && from[late] > to[early] - TOL &&
           to[late] - from[early] > room + SOON && to[0] - from[0] <= room &&
           to[1] - from[1] <= room;
}

int64_t trtc_course_apart_most(const struct trtc_course *c, int64_t listed)
{
    int64_t length[TRTC_NB_KINDS] = { 0 }, most = listed == TRTC_NOTIME ? 0 : listed;
    if (are_disjoint(c, listed))
        return SOON;
    for (size_t i = 0; i < c->n; i++) {
        int64_t *l = &length[c->runs[i].track];
        *l += c->runs[i].to - c->runs[i].from;
        most = *l > most ? *l : most;
    }
    return most + SOON;
}

int trtc_course_choose_epochs(struct trtc_course *c, int64_t apart)
{
    struct epochs e = { .shift = calloc((LATELY + 1) * c->n + 3, sizeof *e.shift),
                        .first = 1,
                        .current = 1,
                        .apart = apart };
    if (!e.shift)
        return -1;
    choose(c, &e);
    free(e.shift);
    return 0;
}
