/* SPDX-License-Identifier: MIT */
/* Corrects the clock of a recording once the time stamps of the streams are known: wrong times, and
 * clocks that step back. */
#include "recording/recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "playlist/stray.h"
#include "recording/clock.h"
#include "recording/recording_priv.h"

#define CLOCK_STEP_US  1000000 /* a larger difference is a step of the clock, not rounding */
#define NOTED_US       100000  /* a smaller difference is not worth a note */
#define COME_BACK_US   10000
#define PICTURE_OFF_US 5000    /* names are exact to the millisecond */
#define UNSURE_US      200000  /* times in names may jitter by half of it */
#define PICTURE_US     2000000 /* the last picture of a segment may count for so long */
#define WHOLE_US       500000  /* how far a length in whole seconds is off */
#define APART_US       500000  /* the first frames of both kinds may come closer together by less */

/* Whether the stream continues from a to b without a break, within a tolerance in microseconds. */
static bool goes_on(const struct trtc_piece *a, const struct trtc_piece *b, int64_t tolerance_us)
{
    int64_t step = trtc_ts_diff(b->facts.first_ts_90k, a->facts.first_ts_90k) * 100 / 9;
    return a->list == b->list && llabs(step - a->dur_us) < tolerance_us;
}

/* What must be added to the start of p so that it follows prev, whose place is known, as the stream
 * does. If the clock runs back, following it would drop part of the stream. A small difference is
 * corrected gradually with each segment. */
static int64_t follow(struct trtc_recording *r, const struct trtc_piece *prev,
                      const struct trtc_piece *p, int64_t back_us)
{
    const int64_t off = p->start_us - (prev->start_us + prev->dur_us);
    const int64_t least = back_us > 0 ? COME_BACK_US : TRTC_ROUNDING_US;
    if (off > -least || (off > -CLOCK_STEP_US && !goes_on(prev, p, TRTC_ROUNDING_US)))
        return 0;
    if (off <= -CLOCK_STEP_US && off + back_us >= -CLOCK_STEP_US)
        return back_us;
    if (off + back_us < -NOTED_US)
        trtc_recording_note(r,
                            "%s/%s: the clock runs back by %.3f s here while the stream goes on; "
                            "the stream is followed",
                            r->dir, p->uri, (double)-off / 1e6);
    return off <= -CLOCK_STEP_US ? -off : -off - COME_BACK_US;
}

/* Whether the playlist states the length of prev by its stamps, up to the end of the kind that ends last, or up to so
 * much more. Then they do not jump in it. */
static bool is_span(const struct trtc_piece *prev, int64_t more_us)
{
    const struct trtc_facts *f = &prev->facts;
    int64_t span_us = 0;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        if (f->end_90k[k] == TRTC_NOTIME || f->first_dts_90k[k] == TRTC_NOTIME)
            continue;
        const int64_t delay = trtc_ts_diff(f->first_90k[k], f->first_dts_90k[k]);
        const int64_t us = (trtc_ts_diff(f->end_90k[k], f->first_ts_90k) + delay) * 100 / 9;
        span_us = us > span_us ? us : span_us;
    }
    return span_us - prev->dur_us < TRTC_OVERLAP_US &&
           prev->dur_us - span_us < TRTC_OVERLAP_US + more_us;
}

/* Whether the sound goes on from a to b by its stamps. */
static bool sound_goes_on(const struct trtc_facts *a, const struct trtc_facts *b)
{
    const int64_t end = a->end_90k[TRTC_AT_AUDIO], first = b->first_dts_90k[TRTC_AT_AUDIO];
    return end != TRTC_NOTIME && first != TRTC_NOTIME &&
           llabs(trtc_ts_diff(first, end) * 100 / 9) < TRTC_ROUNDING_US / 2;
}

/* Whether frames of p begin where those of their kind end in prev, by their stamps, while the playlist says
 * that the segments begin farther apart: the length that it states includes frames of the other kind that are
 * behind the first ones of p or, where the sound goes on, the time for which the last picture would be shown. */
static bool is_joined(const struct trtc_piece *prev, const struct trtc_piece *p)
{
    const struct trtc_facts *a = &prev->facts, *b = &p->facts;
    int64_t moved_us[TRTC_NB_KINDS];
    bool both = true, joined = false, agrees = false;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t from = a->first_dts_90k[k], to = b->first_dts_90k[k];
        const bool known = from != TRTC_NOTIME && to != TRTC_NOTIME;
        moved_us[k] = known ? trtc_ts_diff(to, from) * 100 / 9 : 0;
        both &= known;
        agrees |= known && llabs(moved_us[k] - prev->dur_us) < TRTC_ROUNDING_US;
        joined |= known && a->end_90k[k] != TRTC_NOTIME &&
                  llabs(trtc_ts_diff(to, a->end_90k[k]) * 100 / 9) < TRTC_ROUNDING_US &&
                  prev->dur_us - moved_us[k] >= TRTC_ROUNDING_US;
    }
    const int64_t apart_us = both ? llabs(moved_us[0] - moved_us[1]) : 0;
    const int64_t more_us = both && sound_goes_on(a, b) ? PICTURE_US : 0;
    return joined && !a->odd && !b->odd && !p->part && is_span(prev, more_us) &&
           apart_us < (agrees ? TRTC_ROUNDING_US : APART_US);
}

/* By how much p begins later than the sum of the durations says, if that of the segment before it,
 * prev, is wrong: rounded to seconds, while the stream continues, or contradicted by frames that follow each
 * other. Then it is corrected. */
static int64_t wrong_by(struct trtc_piece *prev, const struct trtc_piece *p)
{
    if (p->exact || prev->cut || prev->part || prev->place + 1 != p->place ||
        !(prev->whole ? goes_on(prev, p, CLOCK_STEP_US) : is_joined(prev, p)))
        return 0;
    const int64_t was_us = prev->dur_us;
    prev->dur_us = trtc_ts_diff(p->facts.first_ts_90k, prev->facts.first_ts_90k) * 100 / 9;
    return prev->dur_us - was_us;
}

/* Whether the name of a segment gives the same time as the clock. */
static bool is_sure(const struct trtc_piece *p)
{
    return p->name_ms != TRTC_NOTIME && llabs(p->name_ms * 1000 - p->start_us) <= TRTC_STRAY_US;
}

/* The extent of everything else in the recording, by which the strays are judged. */
static struct trtc_spot extent_of(const struct trtc_spot *spots, size_t n)
{
    struct trtc_spot all = { .start_us = INT64_MAX, .end_us = INT64_MIN };
    for (size_t i = 0; i < n; i++) {
        if (spots[i].stray)
            continue;
        all.start_us = spots[i].start_us < all.start_us ? spots[i].start_us : all.start_us;
        all.end_us = spots[i].end_us > all.end_us ? spots[i].end_us : all.end_us;
    }
    return all;
}

static int lose_stray(struct trtc_recording *r, struct trtc_piece *p)
{
    char when[32], why[128];
    trtc_utc_format3339(p->start_us / 1000, when);
    snprintf(why, sizeof why, "its time, %s, is over 48 h away from the rest of the recording",
             when);
    p->unusable = true;
    return trtc_recording_lose(r, p, "stray", p->bytes, why);
}

/* Notes how many segments of a playlist had a wrong clock but plausible names; first_us is the
 * first of them. */
static int note_placed(struct trtc_recording *r, const struct trtc_list *from, int64_t first_us,
                       int64_t nb)
{
    char path[4096], when[32];
    trtc_utc_format3339(first_us / 1000, when);
    snprintf(path, sizeof path, "%s/%s", r->dir, from->file);
    const struct trtc_loss loss = {
        .path = path, .kind = "stray", .start_us = first_us, .list = (int)(from - r->lists)
    };
    return trtc_losses_addf(&r->losses, &loss,
                            "the time of %" PRId64 " of its segments, %s%s, is over 48 h away from "
                            "the rest of the recording; the times in their names are used",
                            nb, nb > 1 ? "from " : "", when);
}

/* Places the strays by their names, or removes them. */
static int settle_strays(struct trtc_recording *r, const struct trtc_spot *spots,
                         const struct trtc_spot *all)
{
    int64_t nb = 0, first_us = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        const struct trtc_spot *spot = p->unusable ? NULL : spots++;
        const bool stray = spot && spot->stray;
        const int64_t name_us = p->name_ms == TRTC_NOTIME ? INT64_MIN : p->name_ms * 1000;
        if (stray &&
            (name_us < all->start_us - TRTC_STRAY_US || name_us > all->end_us + TRTC_STRAY_US)) {
            if (lose_stray(r, p) < 0)
                return -1;
        } else if (stray) {
            first_us = nb++ ? first_us : p->start_us;
            p->start_us = name_us;
            p->exact = true;
        }
        const bool last = i + 1 == r->nb_pieces || p[1].list != p->list;
        if (last && nb && note_placed(r, &r->lists[p->list], first_us, nb) < 0)
            return -1;
        nb = last ? 0 : nb;
    }
    return 0;
}

static int find_strays(struct trtc_recording *r)
{
    struct trtc_spot *spots = malloc((r->nb_pieces + 1) * sizeof *spots);
    size_t n = 0;
    if (!spots)
        return -1;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
        if (!p->unusable)
            spots[n++] = (struct trtc_spot){ .start_us = p->start_us,
                                             .end_us = p->start_us + us,
                                             .sure = is_sure(p) };
    }
    int64_t nb = trtc_find_strays(spots, n);
    const struct trtc_spot all = extent_of(spots, n);
    int ret = nb > 0 ? settle_strays(r, spots, &all) : nb < 0 ? -1 : 0;
    free(spots);
    return ret;
}

/* Sets the distance from each piece to the next one of its playlist. */
static void find_next(struct trtc_recording *r)
{
    struct trtc_piece *prev = NULL;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (p->unusable)
            continue;
        const bool follows = prev && prev->list == p->list && p->exact;
        if (follows && p->start_us > prev->start_us)
            prev->next_us = p->start_us - prev->start_us;
        prev = p;
    }
}

/* Whether b comes so many places behind a in their playlist, and the times of both are known. */
static bool are_timed(const struct trtc_piece *a, const struct trtc_piece *b, int places)
{
    return a->list == b->list && a->place + places == b->place && !a->part && !b->part &&
           a->exact && b->exact;
}

int64_t trtc_piece_off_us(const struct trtc_piece *a, const struct trtc_piece *b, int places)
{
    if (!a || !b || !are_timed(a, b, places) || a->facts.odd || b->facts.odd)
        return TRTC_NOTIME;
    return b->start_us - a->start_us -
           trtc_ts_diff(b->facts.first_ts_90k, a->facts.first_ts_90k) * 100 / 9;
}

/* Whether bytes may be missing at the beginning of p: some are missing, or were overwritten there, or it
 * lacks the tables with which the segments around it begin. */
static bool lacks_bytes(const struct trtc_piece *prev, const struct trtc_piece *p,
                        const struct trtc_piece *next)
{
    if (p->cut || p->facts.beheaded)
        return true;
    if (p->facts.tables_first || p->facts.goes_on || p->attr_bytes == p->bytes)
        return false;
    return (prev || next) && (!prev || prev->facts.tables_first) &&
           (!next || next->facts.tables_first);
}

/* Whether the stamps of p are later than those of next by about us at their border: its clock is off,
 * while a segment whose first frames are missing ends where the next one begins. */
static bool is_off(const struct trtc_piece *p, const struct trtc_piece *next, int64_t us)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t end = p->facts.end_90k[k], then = next->facts.first_dts_90k[k];
        if (end != TRTC_NOTIME && then != TRTC_NOTIME &&
            2 * (trtc_ts_diff(end, then) * 100 / 9) > us)
            return true;
    }
    return false;
}

/* How much is missing at the beginning of p: the segments around it are in step, and its first
 * frame is later by their stamps than its start, but not its last one; if it lacks bytes there, one of
 * them is enough. */
static int64_t missing_first(const struct trtc_piece *prev, const struct trtc_piece *p,
                             const struct trtc_piece *next)
{
    const int64_t before = trtc_piece_off_us(prev, p, 1), after = trtc_piece_off_us(p, next, 1),
                  around = trtc_piece_off_us(prev, next, 2);
    int64_t us = 0;
    if (before != TRTC_NOTIME && around != TRTC_NOTIME && llabs(around) < TRTC_ROUNDING_US)
        us = is_off(p, next, -before) ? 0 : -before;
    else if (lacks_bytes(prev, p, next))
        us = before != TRTC_NOTIME ? -before : after != TRTC_NOTIME ? after : 0;
    return us >= TRTC_ROUNDING_US && us < p->dur_us ? us : 0;
}

/* Places segments whose beginning is missing where their first frame belongs. */
static int settle_beginnings(struct trtc_recording *r)
{
    struct trtc_piece *prev = NULL;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i], *next = p + 1;
        if (p->unusable)
            continue;
        if (i + 1 == r->nb_pieces || next->unusable)
            next = NULL;
        const int64_t us = missing_first(prev, p, next);
        const bool unnamed = us > 0 && !p->cut && !p->facts.beheaded && lacks_bytes(prev, p, next);
        if (unnamed &&
            trtc_losses_add_piece(&r->losses, r, p, (struct trtc_lost){ "truncated", us, -1 },
                                  "its beginning is missing") < 0)
            return -1;
        p->start_us += us;
        p->dur_us -= p->cut ? 0 : us;
        prev = p;
    }
    return 0;
}

/* Whether all frames of p come before those of next, by their stamps. */
static bool is_before(const struct trtc_piece *p, const struct trtc_piece *next)
{
    bool any = false;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t end = p->facts.end_90k[k], then = next->facts.first_dts_90k[k];
        if (end == TRTC_NOTIME || then == TRTC_NOTIME)
            continue;
        if (trtc_ts_diff(end, then) * 100 / 9 >= TRTC_OVERLAP_US)
            return false;
        any = true;
    }
    return any;
}

/* Ends segments where the next one begins if their stamps and the clock agree on that: an EXTINF may include
 * pictures that are decoded before, and shown after that. One in whole seconds may just be rounded. */
static void settle_ends(struct trtc_recording *r)
{
    for (size_t i = 0; i + 1 < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i], *next = p + 1;
        const int64_t off_us =
            p->unusable || next->unusable ? TRTC_NOTIME : trtc_piece_off_us(p, next, 1);
        const int64_t us = next->start_us - p->start_us;
        const int64_t over_us = p->dur_us - us;
        const bool rounded = p->whole && over_us <= WHOLE_US && are_timed(p, next, 1);
        const bool agree =
            off_us != TRTC_NOTIME && llabs(off_us) <= UNSURE_US && is_before(p, next);
        if (us > 0 && over_us >= TRTC_OVERLAP_US && (rounded || agree))
            p->dur_us = us;
    }
}

/* How far the first picture of a segment is behind its start, if it has both kinds; 0: it has not. */
static int64_t picture_behind_us(const struct trtc_piece *p)
{
    const int64_t picture = p->facts.first_90k[TRTC_AT_VIDEO];
    const bool both = picture != TRTC_NOTIME && p->facts.first_90k[TRTC_AT_AUDIO] != TRTC_NOTIME;
    return both ? trtc_ts_diff(picture, p->facts.first_ts_90k) * 100 / 9 : 0;
}

/* Whether the times in the names of the n pieces of a playlist are those of their first pictures, not those
 * of sound that begins before: always by the stamps of pictures, and seldom by those of the start. Where the
 * clock of the sound jumps, both fit before and after it. */
static bool names_pictures(const struct trtc_piece *p, size_t n)
{
    size_t nb = 0, nb_pictures = 0, nb_starts = 0;
    for (size_t i = 1; i < n; i++) {
        const int64_t off = trtc_piece_off_us(&p[i - 1], &p[i], 1);
        const int64_t less = picture_behind_us(&p[i]) - picture_behind_us(&p[i - 1]);
        if (p[i].unusable || p[i - 1].unusable || off == TRTC_NOTIME)
            continue;
        nb++;
        nb_pictures += llabs(off - less) < PICTURE_OFF_US;
        nb_starts += llabs(off) < TRTC_ROUNDING_US;
    }
    return nb_pictures == nb && nb >= nb_starts + 3 && nb > 2 * nb_starts;
}

/* Places the pieces of playlists whose names are the times of pictures where they start. */
static void settle_starts(struct trtc_recording *r)
{
    for (size_t i = 0, n; i < r->nb_pieces; i += n) {
        struct trtc_piece *p = &r->pieces[i];
        for (n = 1; i + n < r->nb_pieces && p[n].list == p->list; n++)
            ;
        if (!names_pictures(p, n))
            continue;
        for (size_t k = 0; k < n; k++) {
            const int64_t us = picture_behind_us(&p[k]);
            const bool follows = k > 0 && p[k - 1].place + 1 == p[k].place;
            p[k].start_us -= us;
            p[k].dur_us += us;
            if (follows && !p[k - 1].cut)
                p[k - 1].dur_us -= us;
        }
    }
}

int trtc_recording_settle(struct trtc_recording *r, struct trtc_err *err)
{
    if (find_strays(r) < 0)
        return trtc_fail_nomem(err);
    settle_starts(r);
    struct trtc_piece *prev = NULL;
    int64_t back_us = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (p->unusable)
            continue;
        if (!prev || prev->list != p->list)
            back_us = 0;
        else
            back_us += wrong_by(prev, p);
        if (prev && p->exact && goes_on(prev, p, CLOCK_STEP_US))
            back_us = follow(r, prev, p, back_us);
        p->start_us += back_us;
        prev = p;
    }
    if (settle_beginnings(r) < 0)
        return trtc_fail_nomem(err);
    settle_ends(r);
    find_next(r);
    return 0;
}
