/* SPDX-License-Identifier: MIT */
/* Follows the time stamps of a segment.
 *
 * Frames are gathered into runs as they arrive; decisions are made over the runs, of which there
 * are few. A track whose stamps fall begins a new epoch of the stream's clock, which is placed
 * after what the track had before. The next break of the other track joins this epoch if it fits,
 * since a clock that restarts does so for both tracks. Stamps that jump ahead are a pause, unless
 * the playlist says that the segment is shorter. */
#include "recording/course.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utc.h"
#include "recording/clock.h"

#define MS  90
#define TOL (40 * MS) /* a smaller difference is rounding, a larger one is a jump */
#define PICTURE_GAP \
    (500 * MS)                  /* pictures whose distance exceeds the usual one by this begin a
                                 run */
#define PICTURE_LAG (10 * MS)   /* a smaller fall of the DTS is damage to one picture */
#define JOIN_MAX    (3000 * MS) /* the tracks may differ by this much at one restart, */
#define FALL_OFF    (300 * MS)  /* and by this much if both fall by the same amount */
#define SOON \
    (1000 * MS)            /* a fall this close to the start of a track belongs to both
                                   tracks */
#define SNAP    (100 * MS) /* a pause is removed entirely if less than this would remain */
#define AS_LONG (200 * MS) /* a hole this close to the excess length is taken for its cause */
#define PAUSE_MAX \
    (INT64_C(1800000) * MS)    /* a longer gap is not a pause unless the playlist or the clock
                                  confirms it */
#define SHORT      (1000 * MS) /* a segment may be this much shorter than its playlist says */
#define AHEAD      (60 * MS)   /* a track is ahead of the clock by at least this */
#define UNEVEN     (150 * MS) /* where the rate of pictures varies, a smaller jump cannot be seen */
#define LAG        (300 * MS) /* pictures may end so far from where they are due */
#define STEP_GUESS (40 * MS)
#define STEP_MAX   (500 * MS)

enum { REORDER_MAX = 8, ORDER_KNOWN = 16, CLOSE_MAX = 64, LATELY = 6 };

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* ---- frames to runs ---- */

static struct trtc_course_run *open_run(struct trtc_course *c, int track, int64_t from, int64_t pos)
{
    if (trtc_array_reserve(&c->runs, &c->cap, c->n + 1, sizeof *c->runs) < 0)
        return NULL;
    c->track[track].run = c->n;
    c->runs[c->n] = (struct trtc_course_run){
        .track = track, .pos = pos, .last_pos = pos, .from = from, .to = from
    };
    return &c->runs[c->n++];
}

static struct trtc_course_run *run_of(struct trtc_course *c, int track)
{
    return &c->runs[c->track[track].run];
}

/* Begins the next run of a track. Its frames so far end at to of the open run. */
static int new_run(struct trtc_course *c, int track, int64_t from, int64_t pos)
{
    if (c->n == TRTC_COURSE_RUNS_MAX)
        c->too_many = true;
    return c->too_many || open_run(c, track, from, pos) ? 0 : -1;
}

/* Adds a frame to the open run of a track. A picture that comes sooner than the one before it did
 * ends earlier than was assumed for that. */
static void go_on(struct trtc_course *c, int track, int64_t to, int64_t pos)
{
    struct trtc_course_run *r = run_of(c, track);
    if (c->too_many)
        return;
    r->to = to > r->to || track == TRTC_AT_VIDEO ? to : r->to;
    r->last_pos = pos;
}

/* Undoes a wrap since the last stamp of the track. */
static int64_t unwrap(struct trtc_course *c, struct trtc_course_track *t, int64_t ts)
{
    if (!c->begun)
        c->first_ts = ts;
    c->begun = true;
    t->at = t->seen ? t->at + trtc_ts_diff(ts, t->ts) : trtc_ts_diff(ts, c->first_ts);
    t->ts = ts;
    return t->at;
}

/* Adds a frame of sound whose length is unknown. */
static int add_packet(struct trtc_course *c, int64_t at, int64_t pos)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_AUDIO];
    const int64_t nb = t->nb_untimed + 1, step = (at - t->high) / nb;
    const bool jumps = t->seen && (at - t->high < -TOL || step > STEP_MAX);
    t->nb_untimed = 0;
    t->nb_packets++;
    if ((!t->seen || jumps) && new_run(c, TRTC_AT_AUDIO, at, pos) < 0)
        return -1;
    if (t->seen && step > 0 && step <= STEP_MAX)
        t->step = step;
    t->high = !t->seen || jumps || at > t->high ? at : t->high;
    go_on(c, TRTC_AT_AUDIO, at + (t->step ? t->step : STEP_GUESS), pos);
    return 0;
}

/* Whether the first frame of known length begins where the frames before it would end if they all
 * had its length. */
static bool follows_untimed(const struct trtc_course_track *t, int64_t at, int64_t length)
{
    const int64_t off = at - t->high - (t->nb_untimed + 1) * length;
    return t->nb_packets > 0 && off > -TOL && off < TOL;
}

/* Places the frames of sound that wait, as far as enough is known about them. */
static int place_sound(struct trtc_course *c, bool end)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_AUDIO];
    int64_t us, jump_us;
    while (trtc_steady_pop(&t->steady, end, &us, &jump_us)) {
        const int64_t at = us * 9 / 100, pos = t->pos[t->pos_first];
        const bool first = t->step == 0;
        t->step = t->back[t->pos_first];
        t->pos_first = (t->pos_first + 1) % TRTC_STEADY_AHEAD;
        const bool begins = first && !follows_untimed(t, at, t->step);
        if ((begins || jump_us) && new_run(c, TRTC_AT_AUDIO, at, pos) < 0)
            return -1;
        go_on(c, TRTC_AT_AUDIO, at + t->step, pos);
    }
    return 0;
}

static int add_sound(struct trtc_course *c, int64_t at, const struct trtc_course_frame *f)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_AUDIO];
    const struct trtc_steady_frame s = { .us = at * 100 / 9,
                                         .samples = f->samples,
                                         .rate_hz = f->rate_hz };
    const int last = (t->pos_first + t->steady.n) % TRTC_STEADY_AHEAD;
    t->pos[last] = f->pos;
    t->back[last] = INT64_C(90000) * f->samples / f->rate_hz;
    trtc_steady_push(&t->steady, &s);
    return place_sound(c, false);
}

/* The run of pictures in which the rise is, not at its beginning; NULL: none. */
static struct trtc_course_run *run_with(struct trtc_course *c, const struct trtc_course_rise *rise)
{
    for (size_t i = c->n; i-- > 0;)
        if (c->runs[i].track == TRTC_AT_VIDEO && c->runs[i].pos < rise->pos)
            return c->runs[i].last_pos >= rise->pos ? &c->runs[i] : NULL;
    return NULL;
}

/* Lets a run begin at a rise, if it is known. */
static int divide_at(struct trtc_course *c, struct trtc_course_rise *rise)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    struct trtc_course_run *r = rise->by ? run_with(c, rise) : NULL;
    if (!r)
        return 0;
    const struct trtc_course_run was = *r;
    const size_t open = t->run;
    const bool is_open = r == run_of(c, TRTC_AT_VIDEO);
    r->to = rise->to;
    r->last_pos = rise->last_pos;
    if (new_run(c, TRTC_AT_VIDEO, rise->from, rise->pos) < 0)
        return -1;
    /* a picture that rose alone was taken to last as long */
    const bool alone = was.last_pos == rise->pos;
    go_on(c, TRTC_AT_VIDEO, alone ? rise->from + t->step : was.to, was.last_pos);
    if (!is_open)
        t->run = open;
    rise->by = 0;
    return 0;
}

/* The stamps fall back by as much as they have risen: a run begins at the rise, too, since it was
 * no pause. */
static int divide_at_rise(struct trtc_course *c, int64_t by)
{
    struct trtc_course_rise *rise = c->track[TRTC_AT_VIDEO].rise, *end = rise + TRTC_COURSE_RISES;
    while (rise < end && (!rise->by || distance(rise->by, by) >= TOL))
        rise++;
    return rise < end ? divide_at(c, rise) : 0;
}

/* Pictures that rise with the sound, and by as much: a run begins there, so that both can be moved. */
static int divide_with_sound(struct trtc_course *c)
{
    struct trtc_course_rise *rise = c->track[TRTC_AT_VIDEO].rise;
    int64_t end = TRTC_NOTIME;
    for (size_t i = 0, n = c->n; i < n; i++) {
        const struct trtc_course_run r = c->runs[i];
        if (r.track != TRTC_AT_AUDIO)
            continue;
        for (int k = 0; k < TRTC_COURSE_RISES && end != TRTC_NOTIME; k++)
            if (distance(rise[k].by, r.from - end) < TOL && distance(rise[k].from, r.from) < SOON &&
                divide_at(c, &rise[k]) < 0)
                return -1;
        end = r.to;
    }
    return 0;
}

/* The fall that was noted was a restart of the clock: a run begins there. */
static int confirm_fall(struct trtc_course *c)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    t->guess = 0;
    t->fallen = t->high + t->step - t->fall.from;
    if (divide_at_rise(c, t->fallen) < 0)
        return -1;
    if (new_run(c, TRTC_AT_VIDEO, t->fall.from, t->fall.pos) < 0)
        return -1;
    t->high = t->shown = t->fall.high;
    go_on(c, TRTC_AT_VIDEO, t->high + t->step, t->fall.last_pos);
    t->fall.nb = 0;
    return 0;
}

/* Adds a picture whose stamp is lower than an earlier one. It may be displayed before others, or have
 * come twice or behind others; then higher stamps follow soon. */
static int add_fallen(struct trtc_course *c, int64_t at, const struct trtc_course_frame *f)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    if (!t->fall.nb) {
        t->fall.from = t->fall.high = at;
        t->fall.pos = f->pos;
    }
    t->fall.nb++;
    t->fall.sure = t->decodes || f->in_order || (!t->orders && t->nb >= ORDER_KNOWN);
    t->fall.from = at < t->fall.from ? at : t->fall.from;
    t->fall.high = at > t->fall.high ? at : t->fall.high;
    t->fall.last = at;
    t->fall.last_pos = f->pos;
    return f->key || t->fall.nb > REORDER_MAX ? confirm_fall(c) : 0;
}

/* The usual distance of pictures, the smaller one where it has just changed. */
static int64_t usual_step(const struct trtc_course_track *t)
{
    return t->before && t->before < t->step ? t->before : t->step;
}

/* The same when a fall ends: where little was seen before it, that may be a guess, and the pictures that fell
 * show more. */
static int64_t usual_step_in_fall(const struct trtc_course_track *t)
{
    const int64_t usual = usual_step(t);
    const int64_t fell = t->fall.nb > 1 ? (t->fall.high - t->fall.from) / (t->fall.nb - 1) : 0;
    return t->before == 0 && fell > usual ? fell : usual;
}

/* Ends a fall at a stamp that is as high as those before it. The clock goes on from the fall if the
 * stamps rise from there as usual, or if it left just the time of these pictures; otherwise only the order
 * of pictures differed. */
static int end_fall(struct trtc_course *c, int64_t at)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    const int64_t rise = at - t->fall.last;
    const int64_t usual = usual_step_in_fall(t);
    const bool fills = distance(at - t->high, (t->fall.nb + 1) * usual) <= PICTURE_LAG;
    const bool comes_back =
        rise >= usual * 3 / 2 && at - t->high <= PICTURE_GAP + t->step && !fills;
    if (!t->fall.nb)
        return 0;
    if (t->fall.sure && !comes_back)
        return confirm_fall(c);
    t->orders |= !t->fall.sure;
    t->fall.nb = 0;
    return 0;
}

/* Notes that the stamps rise by more than usual with this picture, but not by enough for a run. */
static void note_rise(struct trtc_course *c, int64_t at, int64_t pos)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    const struct trtc_course_run *r = run_of(c, TRTC_AT_VIDEO);
    memmove(t->rise + 1, t->rise, (TRTC_COURSE_RISES - 1) * sizeof *t->rise);
    t->rise[0] = (struct trtc_course_rise){
        .by = at - t->high - t->step, .from = at, .pos = pos, .to = r->to, .last_pos = r->last_pos
    };
}

/* Notes the distance of a picture from the one before. */
static void note_step(struct trtc_course *c, int64_t step, int64_t at, int64_t pos)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    const struct trtc_course_run *r = run_of(c, TRTC_AT_VIDEO);
    t->wide = step < t->wide ? t->wide : step < t->widest.by ? step : t->widest.by;
    if (step > t->widest.by)
        t->widest = (struct trtc_course_rise){
            .by = step, .from = at, .pos = pos, .to = r->to, .last_pos = r->last_pos
        };
}

/* Whether a picture that is decoded early is displayed just after those before it: encoders begin to
 * reorder pictures, or do so farther, without a break of the clock. */
static bool is_delayed(const struct trtc_course_track *t, int64_t at,
                       const struct trtc_course_frame *f)
{
    const int64_t after = at + f->delay - t->shown;
    return f->key && f->explicit_dts && after > 0 && after <= PICTURE_GAP + t->step;
}

static int add_picture(struct trtc_course *c, int64_t at, const struct trtc_course_frame *f)
{
    struct trtc_course_track *t = &c->track[TRTC_AT_VIDEO];
    t->step = t->step ? t->step : STEP_GUESS;
    t->decodes |= f->explicit_dts;
    c->delay = t->nb++ == 0 ? f->delay : c->delay;
    const bool falls = t->seen && at - t->high < -PICTURE_LAG;
    const bool delayed = falls && is_delayed(t, at, f);
    if (falls && !delayed)
        return add_fallen(c, at, f);
    if (end_fall(c, at) < 0)
        return -1;
    const int64_t step = at - t->high;
    const bool soft = t->seen && !t->orders && !delayed && step < t->step - TOL;
    const bool rises = t->seen && step > t->step + TOL;
    const bool back = rises && distance(step - t->step, t->fallen) < TOL;
    if (rises &&
        run_of(c, TRTC_AT_VIDEO)->to > at) /* it was taken to last as long as the one before */
        run_of(c, TRTC_AT_VIDEO)->to = at;
    if (t->seen)
        note_step(c, step, at, f->pos);
    if (soft && divide_at_rise(c, t->step - step) < 0)
        return -1;
    if ((!t->seen || soft || back || step > PICTURE_GAP + t->step) &&
        new_run(c, TRTC_AT_VIDEO, at, f->pos) < 0)
        return -1;
    if (soft && !c->too_many)
        run_of(c, TRTC_AT_VIDEO)->soft = true;
    t->fallen = soft ? t->step - step : back ? 0 : t->fallen;
    if (rises && t->odd)
        t->rise[0].by = 0; /* two of them: the rate has changed */
    else if (rises)
        note_rise(c, at, f->pos);
    const bool odd = (soft || rises) && !t->odd; /* two of them: the rate has changed */
    const bool known = t->seen && step > 0 && step <= STEP_MAX;
    const int64_t usual = usual_step(t);
    if (known && !odd) {
        t->before = t->measured ? t->step : 0;
        t->step = step;
        t->measured = true;
    }
    t->odd = odd;
    t->high = at;
    t->shown = t->seen && at + f->delay < t->shown ? t->shown : at + f->delay;
    /* at a variable rate the last step is the best guess */
    const int64_t lasts = known && !soft ? step : t->step;
    t->guess = t->seen && lasts > usual ? lasts - usual : 0;
    go_on(c, TRTC_AT_VIDEO, at + lasts, f->pos);
    return 0;
}

void trtc_course_add_untimed(struct trtc_course *c, int track)
{
    c->track[track].nb_untimed++;
}

/* By how much the other track rises in the segment up to a frame of t, from the one before. A picture may be
 * noticed only when the next one has begun. */
static int64_t rise_beside(const struct trtc_course_track *t, const struct trtc_course_track *other)
{
    const int64_t here = t->other[0] == TRTC_NOTIME ? 0 : other->at - t->other[0];
    const int64_t before = t->other[1] == TRTC_NOTIME ? 0 : t->other[0] - t->other[1];
    return here > before ? here : before;
}

int trtc_course_add(struct trtc_course *c, int track, const struct trtc_course_frame *f)
{
    struct trtc_course_track *t = &c->track[track], *other = &c->track[!track];
    const int64_t at = unwrap(c, t, f->ts);
    const size_t n = c->n;
    int ret;
    if (track == TRTC_AT_VIDEO)
        ret = add_picture(c, at, f);
    else if (f->samples > 0 && f->rate_hz > 0)
        ret = add_sound(c, at, f);
    else
        ret = add_packet(c, at, f->pos);
    if (t->seen && c->n == n + 1 && c->runs[n].pos == f->pos)
        c->runs[n].beside = rise_beside(t, other);
    t->other[1] = t->seen ? t->other[0] : TRTC_NOTIME;
    t->other[0] = other->seen ? other->at : TRTC_NOTIME;
    t->seen = true;
    return ret;
}

/* ---- epochs ---- */

static int by_pos(const void *a, const void *b)
{
    const struct trtc_course_run *x = a, *y = b;
    if (x->pos != y->pos)
        return x->pos < y->pos ? -1 : 1;
    return x->track - y->track;
}

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

static bool falls(const struct trtc_course_run *r, const struct trtc_course_run *prev)
{
    return !r->soft && r->from - prev->to < -TOL;
}

/* The next run of the same track, or NULL. */
static const struct trtc_course_run *next_run(const struct trtc_course *c,
                                              const struct trtc_course_run *r)
{
    for (const struct trtc_course_run *o = r + 1; o < c->runs + c->n; o++)
        if (o->track == r->track)
            return o;
    return NULL;
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
    for (o = r ? next_run(c, r) : NULL; o; before = r, r = o, o = next) {
        next = next_run(c, o);
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
    const struct trtc_course_run *from = more > 0 ? other : r, *to = next_run(c, from);
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
    for (const struct trtc_course_run *o = next_run(c, r); o; o = next_run(c, o))
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

static void choose_epochs(struct trtc_course *c, struct epochs *e)
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

/* ---- tracks that run ahead ---- */

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
    const bool varies = t->wide > usual_step(t) + TOL;
    return more <= by + TOL && 3 * more >= 2 * by &&
           (t->widest.by >= 2 * t->wide || (more >= by - TOL && (by >= UNEVEN || !varies)));
}

/* Pictures that run ahead: a run begins where they do. */
static int divide_ahead(struct trtc_course *c)
{
    if (!c->onward[TRTC_AT_VIDEO].known || !c->track[TRTC_AT_VIDEO].seen)
        return 0;
    const struct lead lead = lead_of(c, TRTC_AT_VIDEO);
    struct trtc_course_rise widest = c->track[TRTC_AT_VIDEO].widest;
    return lead.end >= AHEAD && lead.last > 0 && stands_out(c, lead.end) ? divide_at(c, &widest)
                                                                         : 0;
}

/* A jump: the run that begins with it (an index), and its extent. by 0: none. */
struct leap {
    size_t run;
    int64_t by;
};

static int64_t start_of(const struct trtc_course_run *r)
{
    return r->from + r->shift;
}

static int64_t end_of(const struct trtc_course_run *r)
{
    return r->to + r->shift;
}

/* The jump by which the track, whose frames are ahead by lead, has come there: a hole that is as long or,
 * where the rate of the pictures varies, their widest distance. */
static struct leap leap_of(const struct trtc_course *c, int track, int64_t lead)
{
    const struct trtc_course_run *prev = NULL;
    struct leap leap = { 0, 0 };
    const bool ends = c->onward[track].comes == TRTC_NOTIME,
               varies = track == TRTC_AT_VIDEO && !ends;
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
        if (distance(hole, lead) <= TOL && distance(hole, lead) < distance(leap.by, lead))
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
        return (struct leap){ (size_t)(first - c->runs), late };
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
static bool goes_along(const struct trtc_course *c, const struct epochs *e, int track,
                       const struct leap *leap)
{
    bool beside = false, begun = false;
    for (size_t i = 0; i < leap->run; i++)
        begun |= c->runs[i].track == track;
    for (size_t i = 0; i < c->n && begun && leap->by > e->apart; i++)
        for (size_t k = 0; k < c->n && c->runs[i].track == track; k++) {
            if (c->runs[k].track == track || between(&c->runs[i], &c->runs[k]) > SOON)
                continue;
            if (i < leap->run || c->runs[k].shift != 0) /* or it was guessed where that belongs */
                return false;
            beside = true;
        }
    return beside;
}

/* The jump of a track if the other one has jumped by so much: a hole that is about as long. Both have one
 * clock, so they are moved by the same, wherever this one seems to end: pictures are shown later than they are
 * decoded, and sound ends with a whole frame. */
static struct leap leap_beside(const struct trtc_course *c, int track, int64_t by)
{
    const struct trtc_course_run *prev = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track != track)
            continue;
        if (prev && distance(start_of(r) - end_of(prev), by) <= LAG)
            return (struct leap){ i, by };
        prev = r;
    }
    return (struct leap){ 0, 0 };
}

/* Whether a track whose end nothing but the playlist states has run ahead of that: then it is the playlist
 * that is wrong, unless the other track, which has not jumped, ends in time. */
static bool ends_with_other(const struct trtc_course *c, int track, const struct leap *leap)
{
    return c->onward[track].comes == TRTC_NOTIME && leap[track].by && !leap[!track].by &&
           c->onward[!track].known && c->track[!track].seen &&
           2 * lead_of(c, !track).end > leap[track].by;
}

/* Moves tracks back that have run ahead of the clock. If both have, by as much, that needs a jump of both. */
static void take_back(struct trtc_course *c, const struct epochs *e)
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
        along[track] = !leap[!track].by && goes_along(c, e, track, &leap[track]);
    for (int track = 0; track < TRTC_NB_KINDS; track++)
        for (size_t i = 0; i < c->n && leap[track].by; i++)
            if (c->runs[i].track == track ? i >= leap[track].run : along[track]) {
                c->runs[i].shift -= leap[track].by;
                c->regained = true;
            }
}

/* ---- pauses ---- */

static int by_start(const void *a, const void *b)
{
    const struct trtc_course_run *x = *(const struct trtc_course_run *const *)a,
                                 *y = *(const struct trtc_course_run *const *)b;
    if (start_of(x) != start_of(y))
        return start_of(x) < start_of(y) ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void find_extent(struct trtc_course *c)
{
    c->start = c->n ? INT64_MAX : 0;
    c->end = c->n ? INT64_MIN : 0;
    for (size_t i = 0; i < c->n; i++) {
        c->start = start_of(&c->runs[i]) < c->start ? start_of(&c->runs[i]) : c->start;
        c->end = end_of(&c->runs[i]) > c->end ? end_of(&c->runs[i]) : c->end;
    }
}

struct hole {
    int64_t start, end;
};

static bool is_of(const struct trtc_course_run *r, int track)
{
    return track < 0 || r->track == track;
}

/* Finds the hole in the runs of track (-1: where neither track has frames) that is wanted ticks
 * long, or else the longest one. The time before the first frame of a fresh track is a hole if much is
 * wanted. line: room for pointers to all runs. */
static struct hole find_hole(struct trtc_course *c, int track, struct trtc_course_run **line,
                             int64_t wanted)
{
    size_t n = 0;
    struct hole best = { 0, 0 };
    const bool fresh = track >= 0 && c->fresh[track] && wanted > SOON;
    const int64_t begin = c->start + (track == TRTC_AT_AUDIO ? c->delay : -c->delay);
    int64_t at = fresh ? begin : 0;
    for (size_t i = 0; i < c->n; i++)
        if (is_of(&c->runs[i], track))
            line[n++] = &c->runs[i];
    if (n)
        qsort(line, n, sizeof *line, by_start);
    for (size_t i = 0; i < n; i++) {
        const int64_t start = start_of(line[i]), end = end_of(line[i]);
        const struct hole h = { at, start };
        if ((i > 0 || fresh) && distance(start - at, wanted) < AS_LONG)
            return h;
        if ((i > 0 || fresh) && start - at > best.end - best.start)
            best = h;
        at = i == 0 || end > at ? end : at;
    }
    return best;
}

/* The length of the hole in one track, whose frames may end earlier and begin later than those of
 * the other; 0: the track has nothing before or nothing after the hole. */
static int64_t hole_in(const struct trtc_course *c, int track, const struct hole *h)
{
    int64_t end = INT64_MIN, start = INT64_MAX;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track == track && start_of(r) >= h->end)
            start = start_of(r) < start ? start_of(r) : start;
        else if (r->track == track)
            end = end_of(r) > end ? end_of(r) : end;
    }
    return end == INT64_MIN || start == INT64_MAX ? 0 : start - end;
}

/* How much of a hole may be closed without making a track overlap itself. */
static int64_t width_of(const struct trtc_course *c, int track, const struct hole *h)
{
    int64_t width = INT64_MAX;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t own = track < 0 || track == k ? hole_in(c, k, h) : 0;
        width = own > 0 && own < width ? own : width;
    }
    return width == INT64_MAX ? h->end - h->start : width;
}

/* The end of track (-1: of both), from the start of the segment. */
static int64_t length_of(struct trtc_course *c, int track)
{
    int64_t end = INT64_MIN;
    find_extent(c);
    for (size_t i = 0; i < c->n; i++)
        if (is_of(&c->runs[i], track) && end_of(&c->runs[i]) > end)
            end = end_of(&c->runs[i]);
    return end == INT64_MIN ? 0 : end - c->start;
}

/* How far track (-1: the one that is farthest) ends beyond room. Segments that are cut where one track is
 * ahead of the other have one that goes on behind the start of the next segment, until it begins there. */
static int64_t excess_of(struct trtc_course *c, int track, int64_t room)
{
    int64_t most = INT64_MIN;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t behind = c->onward[k].behind;
        if (track >= 0 && track != k)
            continue;
        const int64_t by =
            length_of(c, k) - room - (behind < SOON ? behind : 0) - c->track[k].guess;
        most = by > most ? by : most;
    }
    return most;
}

/* How far room may be exceeded by rounding and drift. */
static int64_t loose(int64_t room)
{
    return SNAP + room / 1000;
}

/* The same for the length of c, which begins with the decoding of the first picture. */
static int64_t loose_in(const struct trtc_course *c, int64_t room)
{
    return loose(room) + c->delay;
}

/* How long track may be if the segment may be so long, and the other track, which fits, ends a little later:
 * then that is how long it is. */
static int64_t room_beside(struct trtc_course *c, int track, int64_t room)
{
    const int64_t other =
        excess_of(c, !track, room) + (track == TRTC_AT_AUDIO ? c->delay : -c->delay);
    return other > 0 ? room + other : room;
}

/* Closes holes of track until it ends within room: the hole that is as long as the excess, or else
 * the longest one. */
static void close_holes(struct trtc_course *c, int track, int64_t room,
                        struct trtc_course_run **line)
{
    for (int k = 0; k < CLOSE_MAX; k++) {
        const int64_t much = room == TRTC_NOTIME ? INT64_MAX / 2 : excess_of(c, track, room);
        const struct hole h = find_hole(c, track, line, much);
        const int64_t hole = h.end - h.start;
        if (hole < TOL)
            return;
        const int64_t width = width_of(c, track, &h);
        int64_t over = room == TRTC_NOTIME ? width : much;
        if (room == TRTC_NOTIME ? hole <= PAUSE_MAX : over <= loose_in(c, room))
            return;
        over = over > width || width - over < SNAP ? width : over;
        for (size_t i = 0; i < c->n; i++)
            if (is_of(&c->runs[i], track) && start_of(&c->runs[i]) >= h.end)
                c->runs[i].shift -= over;
    }
}

bool trtc_course_fits(int64_t length, int64_t listed, int64_t next)
{
    return (listed != TRTC_NOTIME && length >= listed - SHORT &&
            length <= listed + loose(listed)) ||
           (next != TRTC_NOTIME && distance(length, next) <= loose(next) + SHORT);
}

bool trtc_course_exceeds(int64_t length, int64_t listed, int64_t next)
{
    const int64_t room =
        next == TRTC_NOTIME || (listed != TRTC_NOTIME && listed > next) ? listed : next;
    return room != TRTC_NOTIME && length > room + loose(room);
}

/* How long the segment may be: what the clock allows if that is its length with all pauses, or else
 * what its playlist says. */
static int64_t room_for(struct trtc_course *c, int64_t listed, int64_t next)
{
    if (listed == TRTC_NOTIME || next == TRTC_NOTIME)
        return listed == TRTC_NOTIME ? next : listed;
    return next > listed && distance(length_of(c, -1), next) <= loose(next) + SHORT ? next : listed;
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

/* How far apart the tracks of one clock may begin: by the length of the segment, if one of them is
 * behind the other in it. */
static int64_t apart_most(const struct trtc_course *c, int64_t listed)
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

int trtc_course_settle(struct trtc_course *c, int64_t listed, int64_t next)
{
    if (place_sound(c, true) < 0)
        return -1;
    if (c->track[TRTC_AT_VIDEO].fall.nb && !c->track[TRTC_AT_VIDEO].orders && confirm_fall(c) < 0)
        return -1;
    if (divide_with_sound(c) < 0 || divide_ahead(c) < 0)
        return -1;
    if (c->n > 0)
        qsort(c->runs, c->n, sizeof *c->runs, by_pos);
    if (c->too_many && !trtc_course_falls(c)) /* slides: without a course, stamps just continue */
        trtc_course_reset(c);
    c->settled = true;
    if (c->n == 0)
        return 0;
    struct epochs e = { .shift = calloc((LATELY + 1) * c->n + 3, sizeof *e.shift),
                        .first = 1,
                        .current = 1 };
    struct trtc_course_run **line = malloc(c->n * sizeof(struct trtc_course_run *));
    if (e.shift && line) {
        e.apart = apart_most(c, listed);
        choose_epochs(c, &e);
        take_back(c, &e);
        const int64_t room = room_for(c, listed, next);
        close_holes(c, -1, room, line);
        for (int track = TRTC_NB_KINDS; track-- > 0 && room != TRTC_NOTIME;) /* sound first */
            if (excess_of(c, !track, room) <= loose_in(c, room))
                close_holes(c, track, room_beside(c, track, room), line);
        find_extent(c);
    }
    const int ret = e.shift && line ? 0 : -1;
    free(e.shift);
    free(line);
    return ret;
}

/* ---- results ---- */

bool trtc_course_moves_sound(const struct trtc_course *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->runs[i].track == TRTC_AT_AUDIO && c->runs[i].shift != 0)
            return true;
    return false;
}

bool trtc_course_falls(const struct trtc_course *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *next = next_run(c, &c->runs[i]);
        if (next && falls(next, &c->runs[i]))
            return true;
    }
    return false;
}

int64_t trtc_course_shift(const struct trtc_course *c, int track, int64_t pos, size_t *hint)
{
    int64_t shift = 0;
    size_t i = *hint;
    if (i < c->n && c->runs[i].track == track && c->runs[i].pos <= pos)
        shift = c->runs[i].shift;
    else
        i = 0;
    for (; i < c->n && c->runs[i].pos <= pos; i++)
        if (c->runs[i].track == track) {
            shift = c->runs[i].shift;
            *hint = i;
        }
    return shift;
}

bool trtc_course_hole(const struct trtc_course *c, int64_t min, int64_t *at, int64_t *start)
{
    int64_t from = *at == INT64_MIN ? c->start : *at;
    while (from < c->end) {
        int64_t next = INT64_MAX;
        bool covered = false;
        for (size_t i = 0; i < c->n && !covered; i++) {
            const struct trtc_course_run *r = &c->runs[i];
            if (start_of(r) <= from && end_of(r) > from) {
                from = end_of(r);
                covered = true;
            } else if (start_of(r) > from && start_of(r) < next) {
                next = start_of(r);
            }
        }
        if (covered)
            continue;
        if (next == INT64_MAX)
            return false;
        if (next - from >= min) {
            *start = from;
            *at = next;
            return true;
        }
        from = next;
    }
    return false;
}

void trtc_course_reset(struct trtc_course *c)
{
    *c = (struct trtc_course){ .runs = c->runs, .cap = c->cap };
}

void trtc_course_fini(struct trtc_course *c)
{
    free(c->runs);
    *c = (struct trtc_course){ 0 };
}
