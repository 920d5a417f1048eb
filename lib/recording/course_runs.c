/* SPDX-License-Identifier: MIT */
/* Courses: frames gathered into runs. See course_priv.h. */
#include "recording/course_priv.h"

#include <string.h>

#include "base/array.h"
#include "recording/clock.h"

#define PICTURE_LAG (10 * MS) /* a smaller fall of the DTS is damage to one picture */
#define STEP_GUESS  (40 * MS)
#define STEP_MAX    (500 * MS)

enum { REORDER_MAX = 8, REORDER_USUAL = 4, ORDER_KNOWN = 16 };

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
int trtc_course_divide(struct trtc_course *c, struct trtc_course_rise *rise)
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
    return rise < end ? trtc_course_divide(c, rise) : 0;
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
                trtc_course_divide(c, &rise[k]) < 0)
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
int64_t trtc_course_usual_step(const struct trtc_course_track *t)
{
    return t->before && t->before < t->step ? t->before : t->step;
}

/* The same when a fall ends: where little was seen before it, that may be a guess, and the pictures that fell
 * show more. */
static int64_t usual_step_in_fall(const struct trtc_course_track *t)
{
    const int64_t usual = trtc_course_usual_step(t);
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

/* For how long pictures truly paused before this one: one that is decoded before is shown after the pause, so
 * their encoder knew of it; if the stamps had jumped, it would be farther out of order than encoders reorder.
 * 0: not known. */
static int64_t true_pause(const struct trtc_course_track *t, int64_t at,
                          const struct trtc_course_frame *f)
{
    const int64_t pause = at - t->high - t->step, after = at + f->delay - pause;
    return t->shown - after > PICTURE_GAP + REORDER_USUAL * t->step ? pause : 0;
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
    if (t->seen && step > PICTURE_GAP + t->step && !c->too_many)
        run_of(c, TRTC_AT_VIDEO)->paused = true_pause(t, at, f);
    t->fallen = soft ? t->step - step : back ? 0 : t->fallen;
    if (rises && t->odd)
        t->rise[0].by = 0; /* two of them: the rate has changed */
    else if (rises)
        note_rise(c, at, f->pos);
    const bool odd = (soft || rises) && !t->odd; /* two of them: the rate has changed */
    const bool known = t->seen && step > 0 && step <= STEP_MAX;
    const int64_t usual = trtc_course_usual_step(t);
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

int trtc_course_end_runs(struct trtc_course *c)
{
    const struct trtc_course_track *pictures = &c->track[TRTC_AT_VIDEO];
    if (place_sound(c, true) < 0)
        return -1;
    if (pictures->fall.nb && !pictures->orders && confirm_fall(c) < 0)
        return -1;
    return divide_with_sound(c);
}
