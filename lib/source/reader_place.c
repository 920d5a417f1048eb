/* SPDX-License-Identifier: MIT */
/* Reader of a lane: whether the places of frames agree with what else is known of a clip.
 *
 * Where stamps jump, recording/course.h finds the most likely places. Frames follow each other without a
 * hole unless a track pauses, and then the clip still ends when it should. If neither is so in a clip that
 * was corrected, one of its jumps was understood wrongly, or cannot be understood. */
#include <stdlib.h>

#include "source/reader_priv.h"

#define EXPLAINED_US  100000 /* less than this is rounding, jitter, or an uneven rate */
#define EXPLAINED_90K (EXPLAINED_US * 9 / 100)
#define LATE_US       500000 /* a picture is not shown so much later than others */
#define WHOLE_US      500000 /* how far a length in whole seconds is off */

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void note_distance(struct trtc_reader_place *x, int64_t us)
{
    if (us > x->widest_us) {
        x->wide_us = x->widest_us;
        x->widest_us = us;
    } else if (us > x->wide_us) {
        x->wide_us = us;
    }
    x->back_us = larger(x->back_us, -us);
}

/* Sound whose stamps jump for a few frames is placed without that, see recording/steady.h. */
static void note_sound(struct trtc_reader_place *x, int64_t us)
{
    x->nb_since++;
    if (llabs(us) <= EXPLAINED_US)
        return;
    const bool undone =
        x->nb_since <= TRTC_STEADY_AHEAD && llabs(us + x->jump_us) < TRTC_ROUNDING_US;
    if (!undone)
        note_distance(x, x->jump_us);
    x->jump_us = undone ? 0 : us;
    x->nb_since = 0;
}

void trtc_reader_note_place(struct trtc_reader *rd, const struct trtc_packet *p, bool first)
{
    struct trtc_reader_place *x = &rd->placed;
    const int64_t last_us = first ? rd->last_us : rd->prev_us;
    const int64_t us = p->dts_us - last_us - (rd->kind == TRTC_AUDIO ? rd->step_us : 0);
    const int64_t delay_us = p->pts_us - p->dts_us;
    if (first) {
        x->first_us = p->pts_us;
        x->delay_us = delay_us;
        x->behind_us = x->after ? us : 0;
        return;
    }
    if (rd->kind == TRTC_AUDIO)
        note_sound(x, us);
    else
        note_distance(x, us);
    x->late_us = larger(x->late_us, delay_us - x->delay_us);
}

/* The time that the open clip has. */
static int64_t length_of(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    return p->next_us != TRTC_NOTIME ? p->next_us : p->dur_us;
}

/* Whether stamps of the open clip were corrected, or its frames are all behind its end. */
static bool is_corrected(const struct trtc_reader *rd)
{
    const struct trtc_course *c = &rd->course;
    const int64_t first_us = rd->placed.first_us - rd->placed.delay_us;
    if (first_us > trtc_reader_piece_of(rd)->start_us + length_of(rd) + EXPLAINED_US)
        return true;
    if (rd->off_us || c->regained || (rd->placed.jumps && rd->shift_90k))
        return true;
    for (size_t i = 0; i < c->n; i++)
        if (llabs(c->runs[i].shift) >= TRTC_READER_TOL_90K)
            return true;
    return false;
}

/* How far beyond the time from its start on that it has, us, the clip ends. */
static int64_t ends_beyond(const struct trtc_reader *rd, int64_t us)
{
    return rd->prev_us + rd->step_us - trtc_reader_piece_of(rd)->start_us - us;
}

/* The longest hole that a correction has left between two runs of frames, or not removed: in the stamps it
 * was none, or a longer one. */
static int64_t hole_left(const struct trtc_reader *rd)
{
    const struct trtc_course_run *prev = NULL;
    int64_t most = 0;
    for (size_t i = 0; i < rd->course.n; i++) {
        const struct trtc_course_run *r = &rd->course.runs[i];
        if (r->track != trtc_at(rd->kind))
            continue;
        const int64_t hole = prev ? r->from + r->shift - prev->to - prev->shift : 0;
        if (prev && llabs(r->shift - prev->shift) >= TRTC_READER_TOL_90K && hole > most)
            most = hole;
        prev = r;
    }
    return most * 100 / 9;
}

/* Whether the other track has frames all the time from at to r, and some beside r that were moved by as much. */
static bool is_beside(const struct trtc_course *c, const struct trtc_course_run *r, int64_t at)
{
    const int64_t start = r->from + r->shift;
    bool alike = false;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *o = &c->runs[i];
        const int64_t from = o->from + o->shift, to = o->to + o->shift;
        if (o->track == r->track || from > at + EXPLAINED_90K || from > start + EXPLAINED_90K)
            continue;
        at = to > at ? to : at;
        alike |= to > start - EXPLAINED_90K && llabs(o->shift - r->shift) < TRTC_READER_TOL_90K;
    }
    return alike && at >= start - EXPLAINED_90K;
}

/* Whether all holes of the track are pauses, beside which the other track goes on, and which end in step with
 * it. */
static bool are_pauses(const struct trtc_reader *rd)
{
    const struct trtc_course *c = &rd->course;
    const struct trtc_course_run *prev = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track != trtc_at(rd->kind))
            continue;
        const int64_t at = prev ? prev->to + prev->shift : c->start;
        if (r->from + r->shift - at > EXPLAINED_90K && !is_beside(c, r, at))
            return false;
        prev = r;
    }
    return prev;
}

/* Whether some frames of the other track were moved by as much as r. */
static bool is_shared(const struct trtc_course *c, const struct trtc_course_run *r)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->runs[i].track != r->track &&
            llabs(c->runs[i].shift - r->shift) < TRTC_READER_TOL_90K)
            return true;
    return false;
}

/* By how much frames were moved together across a hole beside which, in the segment, the other track goes on for a
 * good part of it: sound may come late in the segment. In the last segment only its playlist says that they did not
 * pause there. */
static int64_t moved_together(const struct trtc_reader *rd)
{
    const struct trtc_course *c = &rd->course;
    const struct trtc_course_run *prev = NULL;
    int64_t most = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track != trtc_at(rd->kind))
            continue;
        const int64_t by = prev ? prev->shift - r->shift : 0;
        if (by > most && r->beside >= by / 3 && !is_shared(c, r))
            most = by;
        prev = r;
    }
    return most * 100 / 9;
}

/* The longest time in the clip, or at its borders, which nothing explains. */
static int64_t unexplained(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const struct trtc_reader_place *x = &rd->placed;
    if (p->part)
        return hole_left(rd) > EXPLAINED_US ? hole_left(rd) : 0;
    const int64_t usual_us = rd->kind == TRTC_AUDIO ? 0 : larger(rd->usual_us, x->wide_us);
    const int64_t loose_us = EXPLAINED_US + (p->whole ? WHOLE_US : 0);
    const bool is_last = rd->at + 1 == rd->lane->n;
    const bool ends_well = llabs(ends_beyond(rd, length_of(rd))) <= loose_us;
    const bool begins_well = !x->after || x->first_us <= p->start_us + EXPLAINED_US;
    const bool paused = are_pauses(rd);
    int64_t us = x->back_us;
    if (!paused)
        us = larger(us, ends_well ? hole_left(rd) : x->widest_us - usual_us);
    if (!paused && !begins_well)
        us = larger(us, x->behind_us - usual_us);
    if (is_last && !p->cut && !p->whole)
        us = larger(us, ends_beyond(rd, p->dur_us) - usual_us);
    if (is_last)
        us = larger(us, moved_together(rd));
    if (x->late_us > LATE_US + usual_us)
        us = larger(us, x->late_us);
    return us > EXPLAINED_US ? us : 0;
}

/* By how much the clip reaches over the time in the name of the next one, if it has a hole of that length: its
 * stamps have jumped there, or it paused and the clock of the names ran back by as much, which is less likely. */
static int64_t reaches_over(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd), *next = p + 1;
    if (p->whole || next == rd->rec->pieces + rd->rec->nb_pieces || next->list != p->list ||
        next->place != p->place + 1 || p->name_ms == TRTC_NOTIME || next->name_ms == TRTC_NOTIME)
        return 0;
    const int64_t by_us = p->dur_us - (next->name_ms - p->name_ms) * 1000;
    const bool jumps =
        by_us >= 2 * LATE_US && llabs(rd->placed.widest_us - by_us) < 2 * EXPLAINED_US;
    return jumps ? by_us : 0;
}

/* By how much the stamps fell at the beginning of the clip, if it has a hole of that length: they rise there to where
 * they had been, so the first frames, and others by them, are at a wrong time. */
static int64_t falls_and_rises(const struct trtc_reader *rd)
{
    const int64_t by_us = rd->placed.fell_us, widest_us = rd->placed.widest_us;
    const bool undone = by_us >= LATE_US && llabs(widest_us - by_us) < EXPLAINED_US &&
                        widest_us > rd->usual_us + EXPLAINED_US;
    return undone ? by_us : 0;
}

/* Lists the open clip as uncertain. */
static int lose_uncertain(struct trtc_reader *rd, int64_t us)
{
    return trtc_reader_lose(rd, (struct trtc_lost){ "uncertain", 0, 0 },
                            "its time stamps contradict each other or the playlist: its %s, and "
                            "what follows, may be off by %.3f s",
                            rd->kind == TRTC_VIDEO ? "pictures" : "sound", (double)us / 1e6);
}

int trtc_reader_lose_place(struct trtc_reader *rd, const struct trtc_ts_stats *s)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    if (p->part > 1 || p->dur_us == TRTC_NOTIME || rd->prev_us == TRTC_NOTIME)
        return 0;
    note_distance(&rd->placed, rd->placed.jump_us);
    if (!is_corrected(rd)) {
        const int64_t us =
            larger(larger(rd->placed.contradicted_us, reaches_over(rd)), falls_and_rises(rd));
        rd->usual_us = larger(rd->usual_us, rd->placed.widest_us);
        return us > EXPLAINED_US ? lose_uncertain(rd, us) : 0;
    }
    const int64_t us = unexplained(rd);
    if (us == 0 || s->nb_lost || s->nb_bad || p->cut)
        return 0;
    return lose_uncertain(rd, us);
}
