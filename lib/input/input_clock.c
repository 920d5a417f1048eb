/* SPDX-License-Identifier: MIT */
/* One time line for all tracks of a stream whose time stamps wrap and jump. */
#include "input/input_priv.h"

#define BACK_US 500000 /* time stamps that fall by more have jumped; */
#define FALL_US \
    40000 /* by more than this, too, if the next one is there as well; by less: jitter */
#define SAME_US       20000      /* so close to where the clock was before, it has come back */
#define PAUSE_US      1800000000 /* and those that rise by more; by less: a pause */
#define NEAR_US       10000000   /* so close to the current epoch's time a frame may belong to it */
#define OVERLAP_US    3000000    /* how long a track may continue in the epoch before */
#define BEHIND_US     250000  /* a track that was this far ahead ends later, it is not just early */
#define AHEAD_US      1000000 /* ... and one by more has nothing that waits in the multiplexer */
#define DEPTH_US      200000  /* so far derived decoding times of pictures may be off */
#define STEP_MAX_US   1000000
#define STEP_MIN_US   1000
#define STEP_GUESS_US 40000
#define TICK_US       12 /* a little more than one of 90 kHz */

int64_t trtc_input_unwrap(int64_t value, int bits, int64_t ref)
{
    if (bits < 2 || bits > 62)
        return value;

    const uint64_t range = UINT64_C(1) << bits, half = range / 2;
    const uint64_t d = ((uint64_t)value - (uint64_t)ref) & (range - 1);
    return d < half ? ref + (int64_t)d : ref - (int64_t)(range - d);
}

static int64_t distance(int64_t a, int64_t b)
{
    return a < b ? b - a : a - b;
}

/* Rounds to ticks of 90 kHz, so that times do not change when they are converted to ticks again. */
static int64_t round_up_100(int64_t us)
{
    const int64_t rest = us % 100;

    return rest > 0 ? us + 100 - rest : us - rest;
}

/* Returns the end of the lane so far. */
static int64_t end_of(const struct trtc_input_lane *l)
{
    return l->dts_us + (l->step_us ? l->step_us : STEP_GUESS_US);
}

/* Returns the earliest decoding time after all frames of the lane, none of which is shown later. */
static int64_t free_from(const struct trtc_input_lane *l, const struct trtc_input_stamp *s)
{
    const int64_t end = end_of(l), step = end - l->dts_us;
    const int64_t shown = l->high_us + l->off_us + (step > l->before_us ? step : l->before_us);
    const int64_t at = shown - (s->pts_us - s->dts_us);

    return at > end && at - end <= STEP_MAX_US ? at : end;
}

/* How far a frame at raw is behind the end of the lane; negative: before it. */
static int64_t gap_of(const struct trtc_input_lane *l, int64_t raw)
{
    return raw + l->off_us - end_of(l);
}

/* The stamps rise to raw by more than a step. Decoding times that are derived follow in several
 * steps. */
static void note_rise(struct trtc_input_lane *l, int64_t raw)
{
    const bool goes_on = l->rose_us > 0 && raw - l->rose_at_us <= STEP_MAX_US;

    l->rose_us = (goes_on ? l->rose_us : 0) + gap_of(l, raw);
    l->rose_at_us = raw;
}

/* Whether the stamps fall back by as much as they rose before, and the other track, which has the
 * same clock, did neither. */
static bool undoes_rise(const struct trtc_input_clock *c, const struct trtc_input_lane *l,
                        int64_t raw)
{
    const struct trtc_input_lane *other = &c->lane[l == &c->lane[0]];
    const int64_t half_us = l->rose_us / 2, depth_us = half_us < DEPTH_US ? half_us : DEPTH_US;
    const int64_t same_us = l == &c->lane[TRTC_AT_VIDEO] ? depth_us : SAME_US;

    return l->rose_us > 0 && distance(-gap_of(l, raw), l->rose_us) <= same_us && other->seen &&
           other->off_us == l->off_us && other->rose_us < half_us;
}

static void next_epoch(struct trtc_input_clock *c, int64_t off_us, int64_t raw)
{
    c->was_us[c->epoch++ % TRTC_INPUT_CLOCK_KEPT] = c->off_us;
    c->off_us = off_us;
    c->start_us = raw;
    c->owed_us = 0;
    c->undone_us = 0;
}

/* The time stamps have jumped: what follows is put behind what was. Where another track is clearly
 * ahead, the stream has ended and another one follows, which begins behind that. Where it is ahead
 * by no more than tracks are in a file, it may go on, and only this one has jumped: its next frame
 * will tell. */
static void open_epoch(struct trtc_input_clock *c, struct trtc_input_lane *l,
                       const struct trtc_input_stamp *s, struct trtc_input_placed *out)
{
    const int64_t raw = s->dts_us;
    /* pictures that go on without a key picture are still in the order of the old clock */
    int64_t at = s->track == TRTC_AT_VIDEO && !s->key ? end_of(l) : free_from(l, s), owed_us = 0;

    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const struct trtc_input_lane *other = &c->lane[k];
        if (other->seen && end_of(other) > at + BEHIND_US)
            owed_us = end_of(other) - at;
    }
    if (owed_us > AHEAD_US) {
        at += owed_us;
        owed_us = 0;
    }
    /* of a live source that was away, the time that has passed is known */
    const int64_t step_us = end_of(l) - l->dts_us;
    if (s->silent_us > step_us) {
        out->later_us = s->silent_us - step_us;
        at += out->later_us;
        owed_us = 0;
    }
    const int64_t undone_us = undoes_rise(c, l, raw) ? -gap_of(l, raw) : 0;
    next_epoch(c, round_up_100(at - raw), raw);
    c->owed_us = undone_us ? 0 : owed_us;
    c->undone_us = undone_us;
    out->breaks = true;
    out->jump_us = raw - (free_from(l, s) - l->off_us);
}

/* Whether the other track, which is in step with this one, has already gone on to where this one
 * jumps: so that is a pause of this one alone. */
static bool is_awaited(const struct trtc_input_clock *c, const struct trtc_input_lane *l,
                       int64_t raw)
{
    const struct trtc_input_lane *other = &c->lane[l == &c->lane[0]];

    return other->seen && other->off_us == l->off_us &&
           distance(other->raw_us, raw) < distance(other->raw_us, l->raw_us);
}

/* Returns the last epoch in which a frame that has jumped ahead to raw follows the lane: the current
 * one where that is nearer. -1: none. */
static int epoch_that_fits(const struct trtc_input_clock *c, const struct trtc_input_lane *l,
                           int64_t raw)
{
    const int64_t gap = gap_of(l, raw);
    int64_t off_us = c->off_us;
    int e = c->epoch;

    if (gap <= FALL_US)
        return -1;
    if (distance(raw + off_us, end_of(l)) < gap / 2)
        return e;
    if (is_awaited(c, l, raw))
        return -1;
    while (distance(raw + off_us, end_of(l)) > SAME_US) {
        if (e == 0 || c->epoch - e == TRTC_INPUT_CLOCK_KEPT)
            return -1;
        off_us = c->was_us[--e % TRTC_INPUT_CLOCK_KEPT];
    }
    return e;
}

/* If stamps that were off for a while have come back, the track has its old offset again, in which
 * it is in step with the other one. */
static bool comes_back(struct trtc_input_clock *c, struct trtc_input_lane *l, int64_t raw,
                       struct trtc_input_placed *out)
{
    const int e = epoch_that_fits(c, l, raw);

    if (e < 0)
        return false;
    if (e < c->epoch) {
        next_epoch(c, c->was_us[e % TRTC_INPUT_CLOCK_KEPT], raw);
        out->breaks = true;
        out->jump_us = gap_of(l, raw);
        for (int k = 0; k < TRTC_NB_KINDS; k++)
            if (c->lane[k].off_us == c->off_us)
                c->lane[k].epoch = c->epoch;
    }
    c->owed_us = 0;
    l->fell = false;
    l->epoch = -1;
    return true;
}

/* The other track has jumped too, to raw: the new epoch begins behind what that had, if it would
 * stand in the middle of that. */
static void pay_owed(struct trtc_input_clock *c, const struct trtc_input_lane *l, int64_t raw)
{
    const int64_t over_us = end_of(l) - (raw + c->off_us);
    const int64_t due_us = over_us < c->owed_us ? over_us : c->owed_us;
    const int64_t owed_us = due_us > 0 ? round_up_100(due_us) : 0;

    c->owed_us = 0;
    c->off_us += owed_us;
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (c->lane[k].seen && c->lane[k].epoch == c->epoch)
            c->lane[k].off_us += owed_us;
}

/* The frame before fell a little. Either the next one is where that was (the stream goes on from
 * there), or where it should have been (just its stamp is wrong), or behind the one before it (it came
 * twice, or behind that). */
static bool stays_fallen(const struct trtc_input_lane *l, int64_t raw)
{
    const int64_t step = l->fell_step_us;
    const int64_t off_us = distance(raw, l->raw_us + step);

    return off_us < distance(raw, l->fell_from_us + 2 * step) &&
           off_us < distance(raw, l->fell_from_us + step);
}

/* The other track has fallen back to the clock of this one. Returns true if the frame goes on: in
 * its epoch up to the time at which the other track fell, then in that of the other one; or if it
 * rises as that did. */
static bool meets(struct trtc_input_clock *c, struct trtc_input_lane *l, int64_t raw, bool goes_on)
{
    const int64_t gap = gap_of(l, raw);
    const bool plain = goes_on && gap <= FALL_US;
    const bool rises = goes_on && distance(gap, c->undone_us) <= SAME_US;

    if (plain && raw < c->start_us)
        return true;
    if (plain)
        l->epoch = -1;
    c->undone_us = 0;
    return plain || rises;
}

/* Chooses the epoch of a frame: that of its track, the current one, or a new one. sure: a time that
 * falls has fallen. */
static void choose_epoch(struct trtc_input_clock *c, struct trtc_input_lane *l,
                         const struct trtc_input_stamp *s, bool sure, struct trtc_input_placed *out)
{
    const int64_t raw = s->dts_us;
    const int64_t step = raw - l->raw_us, off_current = distance(raw, c->at_us);
    /* No key picture is shown before one that is decoded earlier. */
    const bool back = s->key && s->pts_us < l->high_us;
    const bool fallen = back || (l->fell && stays_fallen(l, raw)), fell_off = l->epoch != c->epoch;
    const bool falls = sure && !l->fell && !back && step < -FALL_US && step >= -BACK_US;
    out->unordered = l->fell && !fallen;
    const bool goes_on = !fallen && !(falls && fell_off) && step >= -BACK_US && step <= PAUSE_US;

    if (!l->seen || c->steady)
        return;
    if (!fallen && !falls && comes_back(c, l, raw, out))
        return;
    l->fell = falls && !fell_off;
    if (l->fell) {
        const int64_t last_us = end_of(l) - l->dts_us;

        l->fell_from_us = l->raw_us;
        l->fell_step_us = l->before_us > 0 && l->before_us < last_us ? l->before_us : last_us;
    }
    if (l->epoch == c->epoch) {
        /* A pause of one track, through which the other one has gone on, is no jump. */
        if (!goes_on && (fallen || step < 0 || off_current > NEAR_US))
            open_epoch(c, l, s, out);
        if (fallen && !back) /* it jumped before the last frame */
            out->jump_us = l->raw_us - (l->fell_from_us + (end_of(l) - l->dts_us));
        return;
    }

    if (c->undone_us > 0 && meets(c, l, raw, goes_on))
        return;

    /* One that goes on as before stays where it is, however long: the other one has jumped alone.
     * It goes over where its own jump would be the smaller one, and does not take it back behind
     * its end. */
    const bool young = c->at_us - c->start_us < OVERLAP_US;
    const bool fits_current = off_current <= NEAR_US && raw + c->off_us >= end_of(l) - OVERLAP_US;
    const int64_t off_own = distance(raw + l->off_us, end_of(l));
    const bool follows = off_own <= BACK_US && off_own < distance(raw + c->off_us, end_of(l));
    if (goes_on && (follows || distance(step, 0) <= off_current || (!young && !fits_current))) {
        c->owed_us = 0;
        return;
    }
    if (fits_current)
        pay_owed(c, l, raw);
    else
        open_epoch(c, l, s, out);
    l->epoch = -1;
}

/* Fills in the times that the frame does not state. Returns true if its PTS is impossible and was
 * replaced. */
static bool complete_times(const struct trtc_input_clock *c, struct trtc_input_lane *l,
                           struct trtc_input_stamp *s)
{
    int64_t *pts = &s->pts_us, *dts = &s->dts_us;
    const int64_t next = l->raw_us + (end_of(l) - l->dts_us);
    const bool said = *dts != TRTC_NOTIME;

    if (*dts == TRTC_NOTIME && *pts == TRTC_NOTIME) {
        *dts = l->seen ? next : c->running ? c->at_us : 0;
        *pts = *dts + l->delay_us;
    }
    if (*dts == TRTC_NOTIME) /* a picture shown after others that follow it */
        *dts = l->seen && *pts > next && *pts - next <= STEP_MAX_US ? next : *pts;
    const bool wild = *pts != TRTC_NOTIME && trtc_input_is_wild(*pts, *dts, s->sure);
    if (*pts == TRTC_NOTIME || wild)
        *pts = *dts + l->delay_us;
    /* A stream whose decoding times are late has them all late by the same. */
    if (said)
        *dts -= l->late_us;
    if (said && *dts > *pts && *dts - *pts <= STEP_MAX_US) {
        l->late_us += *dts - *pts;
        *dts = *pts;
    }
    if (*pts < *dts)
        *dts = *pts;
    return wild;
}

void trtc_input_clock_place(struct trtc_input_clock *c, const struct trtc_input_stamp *stamp,
                            struct trtc_input_placed *out)
{
    struct trtc_input_stamp s = *stamp;
    struct trtc_input_lane *l = &c->lane[s.track];
    const bool said = s.dts_us != TRTC_NOTIME;

    *out = (struct trtc_input_placed){ 0 };
    out->mended = complete_times(c, l, &s);
    if (!c->running)
        c->start_us = c->at_us = s.dts_us;
    c->running = true;

    /* A picture that is shown later than all before it may be decoded earlier: the depth of
     * reordering has grown. */
    choose_epoch(c, l, &s, said && s.pts_us <= l->high_us, out);
    if (!l->seen || out->breaks || l->epoch < 0) {
        l->epoch = c->epoch;
        l->off_us = c->off_us;
        l->high_us = s.pts_us;
        l->rose_us = 0;
    } else if (!l->fell && gap_of(l, s.dts_us) > FALL_US) {
        note_rise(l, s.dts_us);
    }
    if (s.pts_us > l->high_us)
        l->high_us = s.pts_us;
    if (l->epoch == c->epoch)
        c->at_us = s.dts_us;

    const int64_t off_us = l->fell ? l->dts_us + l->fell_step_us - s.dts_us : l->off_us;
    int64_t dts = s.dts_us + off_us, pts = s.pts_us + off_us;
    if ((l->seen || l->hid) && dts <= l->dts_us)
        dts = l->dts_us + TICK_US;
    if (pts < dts)
        pts = dts;

    const int64_t step = dts - l->dts_us;
    l->before_us = l->step_us;
    if (s.dur_us > 0)
        l->step_us = s.dur_us;
    if (s.track == TRTC_AT_VIDEO && l->seen && !l->hid_last && step >= STEP_MIN_US &&
        step <= STEP_MAX_US)
        l->step_us = step;
    l->raw_us = s.dts_us;
    l->dts_us = dts;
    l->delay_us = s.pts_us - s.dts_us;
    l->seen = true;
    l->hid_last = false;

    out->pts_us = pts;
    out->dts_us = dts;
    out->dur_us = l->step_us ? l->step_us : STEP_GUESS_US;
    out->epoch = l->epoch;
}

void trtc_input_clock_hide(struct trtc_input_clock *c, const struct trtc_input_stamp *stamp,
                           struct trtc_input_placed *out)
{
    struct trtc_input_stamp s = *stamp;
    struct trtc_input_lane *l = &c->lane[s.track];
    const int64_t off_us = l->seen ? l->off_us : c->off_us;

    complete_times(c, l, &s);
    int64_t dts_us = s.dts_us + off_us;
    if (l->seen || (l->hid && dts_us <= l->dts_us))
        dts_us = l->dts_us + TICK_US;
    l->dts_us = dts_us;
    l->hid = l->hid_last = true;
    const int64_t pts_us = s.pts_us + off_us;
    *out = (struct trtc_input_placed){ .pts_us = pts_us < dts_us ? dts_us : pts_us,
                                       .dts_us = dts_us,
                                       .dur_us = s.dur_us > 0 ? s.dur_us : STEP_GUESS_US,
                                       .epoch = l->epoch };
}
