/* SPDX-License-Identifier: MIT */
/* Times of pictures; see picture_time.h. */
#include "ts/picture_time.h"

#include <string.h>

#define NOTIME      TRTC_PICTURE_NOTIME
#define WRAP        (INT64_C(1) << 33)
#define JUMP        (10 * 90000) /* further from the picture before: the stream's clock has jumped */
#define STEP_MAX    (2 * 90000)
#define STEP        3600 /* a guess */
#define COUNT_MAX   8192
#define REORDER_MAX 16   /* no stream reorders more */
#define SAME        1800 /* the clock has come back to within this */
#define OFF         3600 /* a stamp that is off by less has jitter */
#define LEAST \
    225 /* a shorter duration is the resolution of the stream's clock, and not that of a picture */

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* The value nearest to ref. */
static int64_t unwrap(int64_t t, int64_t ref)
{
    const int64_t d = (t - ref) & (WRAP - 1);

    return ref + (d < WRAP / 2 ? d : d - WRAP);
}

/* Starts or restarts the clock. A key picture may be another muxer's; otherwise the stream goes on
 * to state decoding times, except where they are those of presentation. */
static void begin(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts)
{
    const int64_t step = t->step;
    const bool said_dts = t->said_dts && !s->key;
    const bool late_dts = t->late_dts, early_dts = t->early_dts;
    const int depth = t->depth;
    const bool floating = t->floating, by_one = t->by_one;
    const bool counted = t->counted;
    const int64_t max_count = t->max_count;
    const int64_t span_counts = t->span_counts, span_pts = t->span_pts;

    *t = (struct trtc_picture_times){ .running = true,
                                      .floating = floating,
                                      .said_dts = said_dts,
                                      .late_dts = late_dts,
                                      .early_dts = early_dts,
                                      .pts = pts,
                                      .dts = NOTIME,
                                      .max_pts = pts,
                                      .shown = pts,
                                      .span_counts = span_counts,
                                      .span_pts = span_pts,
                                      .by_one = by_one,
                                      .counted = counted,
                                      .max_count = max_count,
                                      .step = step,
                                      .depth = depth };
}

/* ---- presentation ---- */

/* Returns how far counts rise from one picture to the next: by two, since a frame may be two
 * fields, but by one in H.265, and if the stream does so. */
static int counts_of_picture(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    const bool may_be_fields = !s->sps || s->sps->codec == TRTC_CODEC_H264;

    return !may_be_fields || t->by_one || s->order.field ? 1 : 2;
}

/* Returns the parameters in which the stream states the length of a count; NULL: they are of no
 * use. */
static const struct trtc_order_params *word_of(const struct trtc_picture_times *t,
                                               const struct trtc_picture_said *s)
{
    const struct trtc_order_params *o = s->sps ? &s->sps->order : NULL;

    if (!o || !o->tick_num)
        return NULL;
    const int64_t picture = counts_of_picture(t, s) * INT64_C(90000) * o->tick_num;
    return picture / o->tick_units >= LEAST ? o : NULL;
}

bool trtc_picture_rate_said(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    return word_of(t, s);
}

/* Converts counts to ticks, by the statement of the stream unless the observed times clearly
 * disagree with it; otherwise by these. */
static int64_t ticks_of(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                        int64_t counts)
{
    const struct trtc_order_params *o = word_of(t, s);
    const int64_t seen = t->span_counts ? counts * t->span_pts / t->span_counts : 0;

    if (magnitude(counts) > COUNT_MAX)
        return 0;
    if (o) {
        const int64_t said = counts * 90000 * (int64_t)o->tick_num / (int64_t)o->tick_units;
        const int64_t a = magnitude(said), b = magnitude(seen);
        if (b == 0 || (a * 2 < b * 3 && b * 2 < a * 3))
            return said;
    }
    const int64_t step = t->step > 0 ? t->step : STEP;
    return t->span_counts ? seen : counts * step / counts_of_picture(t, s);
}

/* How long a picture is shown. */
static int64_t length_of(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    int64_t ticks = t->step;

    if (t->span_counts || word_of(t, s))
        ticks = ticks_of(t, s, counts_of_picture(t, s));
    return ticks > 0 && ticks <= STEP_MAX ? ticks : STEP;
}

/* A picture of which nothing is known but that it follows the one before. */
static int64_t place_behind(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    const int64_t pts = t->pts + length_of(t, s);

    if (s->next_pts == NOTIME)
        return pts;
    const int64_t next = unwrap(s->next_pts, t->pts);
    return next <= pts && next > t->pts + 1 ? t->pts + (next - t->pts) / 2 : pts;
}

/* Returns a time for a picture that has none. */
static int64_t place(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    if (s->order.known && s->order.resets)
        return t->max_pts + length_of(t, s);
    if (!s->order.known || !t->anchored)
        return place_behind(t, s);
    const int64_t pts = t->anchor_pts + ticks_of(t, s, s->order.count - t->anchor_count);
    return magnitude(pts - t->pts) > JUMP ? place_behind(t, s) : pts;
}

/* Converts counts to ticks by the observed times. */
static void measure_counts(struct trtc_picture_times *t, int64_t counts, int64_t span)
{
    if (!counts || !span || (counts < 0) != (span < 0) || magnitude(span) >= JUMP ||
        magnitude(counts) > COUNT_MAX)
        return;
    t->span_counts = counts;
    t->span_pts = span;
}

/* Divides the time up to the next picture with a time among the pictures without one. */
static void look_ahead(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts)
{
    if (s->next_after < 2 || s->next_pts == NOTIME || word_of(t, s))
        return;
    const bool decoding = s->dts != NOTIME && s->next_dts != NOTIME;
    const int64_t span = unwrap(s->next_pts, pts) - pts;
    const int64_t all = decoding ? unwrap(s->next_dts, s->dts) - s->dts : span;

    if (s->order.known && s->next_order.known)
        measure_counts(t, s->next_order.count - s->order.count, span);
    else if (decoding)
        t->span_counts = 0;
    if (all >= s->next_after && all / s->next_after <= STEP_MAX)
        t->step = all / s->next_after;
}

static void note_count(struct trtc_picture_times *t, const struct trtc_order *order)
{
    if (!order->known || order->resets || !t->counted || order->count > t->max_count)
        t->max_count = order->count;
    t->counted = order->known;
}

/* Measures counts from this picture on. said: its time is stated by the stream. */
static void set_anchor(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts,
                       bool said)
{
    if (!s->order.known) {
        t->anchored = false;
        return;
    }
    t->by_one |= t->anchored && !s->order.field && !s->order.resets &&
                 (s->order.count - t->anchor_count) & 1;
    if (t->anchored && t->anchor_said && !s->order.resets && said && s->next_after < 2)
        measure_counts(t, s->order.count - t->anchor_count, pts - t->anchor_pts);
    if (said || s->order.resets || !t->anchored) {
        t->anchor_pts = pts;
        t->anchor_count = s->order.count;
        t->anchored = true;
        t->anchor_said = said;
    }
    if (s->order.resets)
        t->nb_anchors = 0;
    if (said) {
        const unsigned i = t->nb_anchors++ % TRTC_PICTURE_ANCHORS;
        t->anchors[i].pts = pts;
        t->anchors[i].count = s->order.count;
    }
}

/* ---- decoding ---- */

/* Notes how many pictures are coded before this one, and shown after it. */
static void note_depth(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts)
{
    int depth = 0;

    if (s->order.resets) {
        t->nb_recent = 0;
        t->shown = pts;
    }
    for (unsigned i = 0; i < t->nb_recent && i < TRTC_PICTURE_DEPTH; i++)
        depth += t->recent[i] > pts;
    t->recent[t->nb_recent++ % TRTC_PICTURE_DEPTH] = pts;
    t->depth = depth > t->depth ? depth : t->depth;
}

/* The depth of reordering, by the stream's own word or as far as it was seen. */
static int depth_of(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    int depth = s->sps ? s->sps->reorder_max * (s->order.field ? 2 : 1) : 0;

    depth = depth > t->depth ? depth : t->depth;
    return depth < TRTC_PICTURE_DEPTH ? depth : TRTC_PICTURE_DEPTH;
}

static void wait(struct trtc_picture_times *t, int64_t pts)
{
    int i = t->nb_waiting++;

    for (; i > 0 && t->waiting[i - 1] > pts; i--)
        t->waiting[i] = t->waiting[i - 1];
    t->waiting[i] = pts;
}

static int64_t take_first(struct trtc_picture_times *t)
{
    const int64_t first = t->waiting[0];

    t->nb_waiting--;
    memmove(t->waiting, t->waiting + 1, (size_t)t->nb_waiting * sizeof *t->waiting);
    return first;
}

/* Where presentation goes on behind at, if so many pictures that are shown later have come that none is still to come
 * there, else NOTIME: where a segment was cut within a group, what is missing came in the one before. */
static int64_t behind_gap(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                          int64_t at)
{
    const int said = s->sps && s->sps->reorder_max >= 0 ? s->sps->reorder_max : REORDER_MAX;
    const int most = said * (s->order.field ? 2 : 1);
    int64_t first = NOTIME;
    int later = 0;

    for (unsigned i = 0; i < t->nb_recent && i < TRTC_PICTURE_DEPTH; i++) {
        if (t->recent[i] <= at)
            continue;
        later++;
        first = first == NOTIME || t->recent[i] < first ? t->recent[i] : first;
    }
    return later > most ? first : NOTIME;
}

/* Returns the next time of presentation for which no picture has come, if this one is shown
 * later. */
static int64_t first_hole(struct trtc_picture_times *t, const struct trtc_picture_said *s,
                          int64_t pts)
{
    const int64_t step = length_of(t, s);
    const unsigned n = t->nb_recent < TRTC_PICTURE_DEPTH ? t->nb_recent : TRTC_PICTURE_DEPTH;

    for (unsigned i = 0; i < n; i++) {
        const int64_t d = t->recent[i] - t->shown;
        int64_t next = d > step / 2 && d <= step + step / 2 ? t->recent[i] : NOTIME;
        if (next == NOTIME && i + 1 == n)
            next = behind_gap(t, s, t->shown + step + step / 2);
        if (next == NOTIME)
            continue;
        t->shown = next;
        i = (unsigned)-1;
    }
    return pts > t->shown + step + step / 2 ? t->shown + step : NOTIME;
}

/* Whether pictures that are decoded after this one may be shown before it: not without reordering,
 * and not after an IDR picture of H.264. Otherwise a lower time is a jump of the clock. */
static bool may_lead(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    if (!s->sps)
        return true;
    const bool idr = s->sps->codec == TRTC_CODEC_H264 && s->order.known && s->order.resets;

    return !idr && (s->sps->reorder_max != 0 || t->depth > 0);
}

/* Returns the latest time at which the picture can be decoded: before it is shown, and before those
 * that are still to come are shown. */
static int64_t latest(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts)
{
    if (!may_lead(t, s))
        return pts;

    const int64_t follows = s->next_pts == NOTIME ? NOTIME : unwrap(s->next_pts, pts);
    const int64_t next = s->next_key && follows < pts ? NOTIME : follows;
    const int64_t hole = next == NOTIME || t->depth > 0 ? first_hole(t, s, pts) : NOTIME;
    int64_t end = pts;

    for (int k = 0; k < 2; k++) {
        const int64_t at = k ? hole : next;
        if (at == NOTIME || at > end || pts - at > JUMP || (t->dts != NOTIME && at <= t->dts + 1))
            continue;
        end = at - 1;
    }
    return end;
}

/* Returns when the first of the pictures is shown that follow the first one and are shown before
 * it. If counts are continuous, these pictures fill the time in between; otherwise there may be as
 * many before the next one as after it. */
static int64_t first_leading(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                             int64_t pts, int64_t next)
{
    const int64_t step = length_of(t, s), side = next - (pts - next) + step;
    const int64_t counts = s->order.count - t->max_count;
    const int64_t all =
        s->order.known && !s->order.resets && t->counted ? ticks_of(t, s, counts) : 0;
    const int64_t first = all > step && all <= TRTC_PICTURE_DEPTH * step ? pts - all + step : side;

    return first < next ? first : next;
}

/* When the first picture is decoded, at the latest, if pictures that are shown before it follow. */
static int64_t before_leading(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                              int64_t pts)
{
    const int64_t next = s->next_pts == NOTIME || s->next_key ? NOTIME : unwrap(s->next_pts, pts);

    if (t->dts != NOTIME || next == NOTIME || next >= pts || pts - next > JUMP || !may_lead(t, s))
        return INT64_MAX;
    return first_leading(t, s, pts, next) - depth_of(t, s) * length_of(t, s);
}

/* Returns the decoding time of the picture shown at pts. If as many pictures wait as the depth of
 * reordering, it is the time of the first of them, which is shown when this one is decoded. A depth
 * that becomes known only now leaves too little room; the pictures are then decoded closer
 * together. */
static int64_t derive(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts)
{
    const int depth = depth_of(t, s);
    const int64_t end = latest(t, s, pts), lead = before_leading(t, s, pts);
    int64_t dts;

    while (t->nb_waiting > depth)
        take_first(t);
    wait(t, pts);
    if (t->nb_waiting > depth)
        dts = take_first(t);
    else
        dts = t->waiting[0] - (depth + 1 - t->nb_waiting) * length_of(t, s);
    dts = dts < lead ? dts : lead;
    if (t->dts != NOTIME && (dts > end || dts <= t->dts))
        dts = t->dts + (end - t->dts > 8 ? (end - t->dts) / 8 : 1);
    return dts < end ? dts : end;
}

/* Whether the stream states a decoding time that follows that of the picture before or, at the beginning, is followed
 * by that of the next one: then its clock goes on, even if the picture is shown much later, behind a pause. */
static bool decodes_on(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    if (s->dts == NOTIME || (t->dts == NOTIME && s->next_dts == NOTIME) ||
        (t->dts != NOTIME && !t->said_dts))
        return false;
    const int64_t step =
        t->dts == NOTIME ? unwrap(s->next_dts, s->dts) - s->dts : unwrap(s->dts, t->dts) - t->dts;
    return step > 0 && step <= STEP_MAX;
}

static int64_t decoding_time(struct trtc_picture_times *t, const struct trtc_picture_said *s,
                             int64_t pts)
{
    const int64_t dts = s->dts == NOTIME ? NOTIME : unwrap(s->dts, pts);

    /* with reordering, a DTS that equals the PTS is not a decoding time, in streams that have no
     * other */
    if (dts != NOTIME && (dts < pts || (dts == pts && depth_of(t, s) == 0)) &&
        (pts - dts < JUMP || decodes_on(t, s))) {
        t->said_dts = true;
        t->nb_waiting = 0;
        return dts;
    }
    if (!t->said_dts) {
        note_depth(t, s, pts);
        return derive(t, s, pts);
    }
    if (s->pts != NOTIME && (dts == NOTIME || dts == pts))
        return pts;
    /* after a new beginning none is known */
    const int64_t next = t->dts == NOTIME ? pts : t->dts + length_of(t, s);
    return next < pts ? next : pts;
}

/* ---- both ---- */

/* Whether the picture at pts is shown far behind those before it, but the next one where these are: it is behind a
 * pause, and the clock has not jumped. */
static bool is_behind_pause(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                            int64_t pts)
{
    if (s->next_pts == NOTIME || s->next_key || t->dts == NOTIME)
        return false;
    const int64_t next = unwrap(s->next_pts, t->pts);
    return pts - t->max_pts > JUMP && next > t->dts && magnitude(next - t->max_pts) <= STEP_MAX;
}

/* Whether a picture at pts is far from those before it, and no other has shown that this is a pause. */
static bool is_far(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                   int64_t pts)
{
    const int64_t before = t->paused ? t->pause_pts : t->pts;
    return magnitude(pts - t->pts) > JUMP && magnitude(pts - t->max_pts) > JUMP &&
           magnitude(pts - before) > JUMP && !decodes_on(t, s) && !is_behind_pause(t, s, pts);
}

/* The stream's clock is another one from a picture at pts on: it is far away, or lower than it can
 * be. */
static bool begins_anew(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                        int64_t pts)
{
    if (s->pts == NOTIME)
        return magnitude(pts - t->pts) > JUMP;
    const bool falls = s->key && pts < t->max_pts;
    const bool later = !t->said_dts && t->counted && s->order.known && !s->order.resets &&
                       s->order.count > t->max_count;

    return falls || (later && pts < t->max_pts) || is_far(t, s, pts) ||
           (t->dts != NOTIME && pts <= t->dts);
}

/* How far the time that the stream states is from the one that follows from the counts; 0: they do
 * not say where the picture would be. */
static int64_t off_count(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                         int64_t pts)
{
    const struct trtc_order *o = &s->order;

    if (t->said_dts || t->dts == NOTIME || !o->known || (!o->resets && !t->anchored))
        return 0;
    if (t->paused && !o->resets) { /* it may be shown before the pause */
        const int64_t off = pts - t->pause_pts - ticks_of(t, s, o->count - t->pause_count);
        if (magnitude(off) < OFF)
            return 0;
    }
    return pts - place(t, s);
}

/* Whether a picture is where it follows from the one shown before it: only those behind it are later, since the
 * encoder did not get a picture between them. */
static bool follows_shown(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                          int64_t pts)
{
    const struct trtc_order *o = &s->order;
    const unsigned n = t->nb_anchors < TRTC_PICTURE_ANCHORS ? t->nb_anchors : TRTC_PICTURE_ANCHORS;
    int best = -1;

    for (unsigned i = 0; i < n && o->known && !o->resets; i++)
        if (t->anchors[i].count < o->count &&
            (best < 0 || t->anchors[i].count > t->anchors[best].count))
            best = (int)i;
    return best >= 0 && magnitude(pts - t->anchors[best].pts -
                                  ticks_of(t, s, o->count - t->anchors[best].count)) < OFF;
}

bool trtc_picture_is_off(const struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    if (!t->running || t->floating || s->pts == NOTIME || depth_of(t, s) == 0 ||
        (s->dts != NOTIME && !t->late_dts))
        return false;
    const int64_t pts = unwrap(s->pts, t->pts), off = magnitude(off_count(t, s, pts));
    return off >= OFF && off > length_of(t, s) * 7 / 8 && /* it is not just a longer picture */
           !follows_shown(t, s, pts);
}

bool trtc_picture_is_alone(const struct trtc_picture_times *t, const struct trtc_picture_said *s,
                           const struct trtc_picture_after *after, int nb_after, int64_t *pts)
{
    const int64_t at = place(t, s), said = unwrap(s->pts, at), off = magnitude(said - at);
    int64_t from_pts = s->order.resets ? at : t->anchor_pts;
    int64_t from_count = s->order.resets ? s->order.count : t->anchor_count;
    int64_t highest = at > t->max_pts ? at : t->max_pts;
    int nb_judged = 0, nb_there = 0;

    for (int i = 0; i < nb_after && after[i].order.known; i++) {
        if (after[i].order.resets) {
            from_pts = highest + length_of(t, s);
            from_count = after[i].order.count;
        }
        const int64_t due = from_pts + ticks_of(t, s, after[i].order.count - from_count);
        highest = due > highest ? due : highest;
        /* a picture may be late because of a pause, which those shown before it do not show */
        if (after[i].pts == NOTIME || (said > at && due < at))
            continue;
        nb_judged++;
        nb_there += magnitude(unwrap(after[i].pts, due) - due) <= off / 4;
    }
    *pts = at & (WRAP - 1);
    return nb_there > 0 && nb_there * 3 >= nb_judged * 2;
}

/* The clock has jumped, but the pictures go on: all times move with it. */
static void move(struct trtc_picture_times *t, int64_t by)
{
    t->pts += by;
    t->dts += by;
    t->max_pts += by;
    t->shown += by;
    t->anchor_pts += by;
    for (int i = 0; i < TRTC_PICTURE_ANCHORS; i++)
        t->anchors[i].pts += by;
    t->moved += by;
    for (int i = 0; i < t->nb_waiting; i++)
        t->waiting[i] += by;
    for (int i = 0; i < TRTC_PICTURE_DEPTH; i++)
        t->recent[i] += by;
}

/* Follows a jump of the clock to pts: within a group of pictures, or back to where it was before. */
static void jump(struct trtc_picture_times *t, const struct trtc_picture_said *s, int64_t pts)
{
    const int64_t by = off_count(t, s, pts);
    const bool anew = begins_anew(t, s, pts);

    t->paused &= !s->key;
    if ((anew && by != 0 && !s->key) ||
        (!anew && t->moved < -SAME && magnitude(by + t->moved) <= SAME)) {
        move(t, by);
    } else if (anew) {
        begin(t, s, pts);
        t->moved = by;
    }
    if (!anew && is_behind_pause(t, s, pts)) {
        t->paused = true;
        t->pause_pts = t->anchored ? t->anchor_pts : t->pts;
        t->pause_count = t->anchor_count;
    }
}

/* How long before its presentation a picture is decoded, as the stream states it. */
static int64_t delay(int64_t pts, int64_t dts)
{
    const int64_t d = pts == NOTIME || dts == NOTIME ? 0 : pts - unwrap(dts, pts);

    return magnitude(d) < JUMP ? d : 0;
}

/* Notes whether decoding times are too late for pictures that are reordered, as those of a muxer
 * that counts them from the first time of presentation: they are above that, or a key picture, before
 * which others are shown, has no delay. */
static void judge_dts(struct trtc_picture_times *t, const struct trtc_picture_said *s)
{
    const int64_t d = delay(s->pts, s->dts);
    const bool reorders = depth_of(t, s) > 0 || delay(s->next_pts, s->next_dts) > 0;

    t->early_dts |= s->key && d > 0;
    t->late_dts |= !t->early_dts && (d < 0 || (s->key && s->pts != NOTIME && reorders));
    t->said_dts &= !t->late_dts;
}

void trtc_picture_time(struct trtc_picture_times *t, const struct trtc_picture_said *of,
                       int64_t *pts, int64_t *dts)
{
    struct trtc_picture_said without = *of;
    const struct trtc_picture_said *s = of;

    without.dts = without.next_dts = NOTIME;
    judge_dts(t, of);
    if (t->late_dts)
        s = &without;
    const bool said = s->pts != NOTIME;

    if (!t->running || (said && t->floating)) {
        begin(t, s, said ? s->pts : s->clock);
        t->floating = !said;
    }
    int64_t p = said ? unwrap(s->pts, t->pts) : t->dts == NOTIME ? t->pts : place(t, s);
    jump(t, s, p);
    if (!said && t->dts != NOTIME && p <= t->dts)
        p = t->dts + 1;
    if (said)
        look_ahead(t, s, p);
    if (t->floating && t->dts == NOTIME)
        p = t->pts = t->max_pts = t->shown = p + depth_of(t, s) * length_of(t, s);

    const int64_t d = decoding_time(t, s, p);
    set_anchor(t, s, p, said);
    note_count(t, &s->order);
    const int64_t step = t->dts == NOTIME || s->next_after > 1 ? 0 : d - t->dts;
    if ((t->said_dts || (d == p && t->depth == 0)) && step > 0 && step <= STEP_MAX)
        t->step = step;
    t->pts = p;
    t->dts = d;
    t->max_pts = p > t->max_pts ? p : t->max_pts;
    *pts = p & (WRAP - 1);
    *dts = d & (WRAP - 1);
}
