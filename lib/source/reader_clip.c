/* SPDX-License-Identifier: MIT */
/* Reader of a lane: where a clip begins and ends, and the clock there. */
#include <inttypes.h>
#include <stdlib.h>

#include "recording/timeline.h"
#include "source/reader_priv.h"
#include "source/tables.h"

#define HELD_US 150000 /* where segments overlap by more, so much is left out that it is named */
#define CUT_US \
    1000000 /* how far the beginning of a continuing segment may differ from the playlist */

/* Whether the stamps of the clip before go on in this one. */
static bool stamps_go_on(const struct trtc_reader *rd)
{
    if (rd->last_ts == TRTC_NOTIME)
        return false;
    const int64_t step = trtc_ts_diff(trtc_reader_piece_of(rd)->facts.first_ts_90k, rd->last_ts);
    return step > -TRTC_READER_GOES_ON_90K && step < 2 * rd->step_90k + TRTC_READER_TOL_90K;
}

/* Whether the clip's first time stamp of this kind is so far below the last one of the clip before
 * that it belongs to another clock. */
static bool stamps_fall(const struct trtc_reader *rd)
{
    const int track = trtc_at(rd->kind);
    const int64_t first = trtc_reader_piece_of(rd)->facts.first_90k[track];
    return rd->last_ts != TRTC_NOTIME && first != TRTC_NOTIME &&
           trtc_ts_diff(first, rd->last_ts) <= -TRTC_READER_GOES_ON_90K;
}

/* Whether b is the next part of the segment of which a is a part. */
static bool is_next_part(const struct trtc_piece *a, const struct trtc_piece *b)
{
    return a->list == b->list && a->place == b->place && a->part + 1 == b->part;
}

/* Whether no picture is missing between the clip before and this one. */
static bool nothing_between(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const struct trtc_clip *before = rd->at > 0 ? &rd->lane->clips[rd->at - 1] : NULL;
    if (!before || before->piece->cut || before->cut_us != INT64_MAX)
        return false;
    if (before->piece->list == p->list &&
        (before->piece->place + 1 == p->place || is_next_part(before->piece, p)))
        return true;
    return stamps_go_on(rd);
}

/* Whether clip at, not the first one, comes after the one before it in their playlist. */
static bool comes_next(const struct trtc_reader *rd, size_t at)
{
    const struct trtc_clip *c = &rd->lane->clips[at - 1];
    return !c->piece->cut && c->piece->list == c[1].piece->list &&
           c->piece->place + 1 == c[1].piece->place;
}

bool trtc_reader_follows(const struct trtc_reader *rd, size_t at)
{
    return at > 0 && at < rd->lane->n && rd->lane->clips[at - 1].cut_us == INT64_MAX &&
           comes_next(rd, at);
}

/* Whether the clip follows the one before, and begins when that ends: stamps that jump there are of
 * another clock, as they are inside a segment. */
static bool times_go_on(const struct trtc_reader *rd)
{
    if (!trtc_reader_follows(rd, rd->at))
        return false;
    const struct trtc_piece *p = trtc_reader_piece_of(rd),
                            *before = rd->lane->clips[rd->at - 1].piece;
    return llabs(p->start_us - (before->start_us + before->dur_us)) < TRTC_ROUNDING_US;
}

bool trtc_reader_own_stamps_go_on(const struct trtc_reader *rd)
{
    const int k = trtc_at(rd->kind);
    const int64_t first = trtc_reader_piece_of(rd)->facts.first_dts_90k[k];
    return rd->last_ts != TRTC_NOTIME && first != TRTC_NOTIME &&
           llabs(trtc_ts_diff(first, rd->last_ts) - rd->step_90k) < TRTC_READER_TOL_90K;
}

/* Whether the first picture of clip at comes later than usual, but soon, while the sound goes on by its stamps, and no
 * name says when: at a variable rate. */
static bool comes_late(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const int64_t end = rd->lane->clips[rd->at - 1].piece->facts.end_90k[TRTC_AT_AUDIO],
                  sound = p->facts.first_dts_90k[TRTC_AT_AUDIO];
    const int64_t rise = trtc_ts_diff(p->facts.first_dts_90k[TRTC_AT_VIDEO], rd->last_ts);
    return rd->kind == TRTC_VIDEO && !p->exact && end != TRTC_NOTIME &&
           llabs(trtc_ts_diff(sound, end)) < TRTC_READER_TOL_90K / 2 && rise > 0 &&
           rise < TRTC_READER_GOES_ON_90K;
}

/* Whether the stamps of this kind go on in clip at as the clock does, while sound and pictures are
 * no longer as far apart as in the clip before: those of the other kind have jumped, or those of this
 * kind had, and were corrected. */
static bool goes_on_alone(const struct trtc_reader *rd)
{
    const int k = trtc_at(rd->kind);
    const int64_t *now = trtc_reader_piece_of(rd)->facts.first_dts_90k, *was;
    int64_t moved[TRTC_NB_KINDS];
    if (!times_go_on(rd))
        return false;
    was = rd->lane->clips[rd->at - 1].piece->facts.first_dts_90k;
    for (int i = 0; i < TRTC_NB_KINDS; i++) {
        if (now[i] == TRTC_NOTIME || was[i] == TRTC_NOTIME)
            return false;
        moved[i] = trtc_ts_diff(now[i], was[i]);
    }
    /* a track that was moved by more than its segment's length is moved in the next one, too */
    const int64_t length = trtc_reader_ticks_of(trtc_reader_piece_of(rd)->dur_us) +
                           (rd->shifted ? 0 : TRTC_READER_FIRST_90K + 2 * TRTC_READER_TOL_90K);
    if ((llabs(moved[0] - moved[1]) < TRTC_READER_TOL_90K && !rd->shifted) ||
        llabs(trtc_ts_diff(now[0], now[1])) > length)
        return false; /* so far apart, each has a clock of its own, see recording/course.h */
    const int64_t step = moved[k] - trtc_reader_ticks_of(rd->lane->clips[rd->at - 1].piece->dur_us);
    return rd->last_ts == TRTC_NOTIME ? llabs(step) < TRTC_READER_TOL_90K
                                      : trtc_reader_own_stamps_go_on(rd) || comes_late(rd);
}

/* How far the sound of a segment reaches by its clock, was, into the next one, p, to which the clock was set, although
 * none was recorded twice by its stamps. Stamps of pictures may jump while those of the sound go on: then the clock
 * goes on with these. */
static int64_t sound_reaches_into(const struct trtc_reader *rd, const struct trtc_clock *was,
                                  const struct trtc_piece *before)
{
    const int64_t first = before->facts.first_dts_90k[TRTC_AT_AUDIO],
                  ends = before->facts.end_90k[TRTC_AT_AUDIO],
                  begins = before[1].facts.first_dts_90k[TRTC_AT_AUDIO];
    const int64_t gap = trtc_ts_diff(begins, ends), step = trtc_ts_diff(begins, first) * 100 / 9;
    const int64_t by_us = trtc_clock_us(was, ends) - trtc_clock_us(&rd->clock, begins),
                  on_us = was->ref_us + was->slew_us + step - rd->clock.ref_us;
    if (gap > -TRTC_READER_GOES_ON_90K && gap < -TRTC_READER_TOL_90K / 2)
        return 0;
    const bool jumps = llabs(gap) < TRTC_READER_TOL_90K && rd->last_ts != TRTC_NOTIME &&
                       !trtc_reader_own_stamps_go_on(rd);
    return jumps && on_us < by_us ? on_us : by_us;
}

/* How far a segment reaches into the next one, p, as far as both kinds know: by the end of its sound; if there is none
 * or it was not read, by the length in the playlist, up to the name of p, or if that is rounded, whether stamps go
 * on. */
static int64_t reaches_into(const struct trtc_reader *rd, const struct trtc_clock *was,
                            const struct trtc_piece *before, int64_t jump)
{
    if (before->facts.end_90k[TRTC_AT_AUDIO] != TRTC_NOTIME &&
        before[1].facts.first_dts_90k[TRTC_AT_AUDIO] != TRTC_NOTIME)
        return sound_reaches_into(rd, was, before);
    if (before->whole) /* stamps that restart jump farther */
        return jump < 0 && jump > -HELD_US ? -jump : 0;
    if (before->dur_us == TRTC_NOTIME)
        return 0;
    const int64_t next_us = before->next_us == TRTC_NOTIME ? INT64_MAX : before->next_us;
    const int64_t us = before->dur_us < next_us ? before->dur_us : next_us;
    return trtc_clock_us(was, was->ref_ts_90k + trtc_reader_ticks_of(us)) - rd->clock.ref_us;
}

/* Whether the clock follows a segment that has no frames of this kind: that of the other kind does. */
static bool is_followed(const struct trtc_reader *rd, const struct trtc_piece *p)
{
    return !p->unusable && p->exact && !p->part && !p->facts.odd && p->facts.kinds &&
           !(p->facts.kinds & (rd->kind == TRTC_VIDEO ? TRTC_VIDEO : TRTC_AUDIO));
}

/* Whether the clock, was, followed the segment before up to its end, and none of its stamps is corrected. */
static bool has_followed(const struct trtc_reader *rd, const struct trtc_clock *was,
                         const struct trtc_piece *before)
{
    const struct trtc_clip *c = rd->at > 0 ? &rd->lane->clips[rd->at - 1] : NULL;
    const bool passed = is_followed(rd, before) ||
                        (c && c->piece == before && c->cut_us == INT64_MAX && !before->cut);
    return passed && was->running && !before->facts.odd &&
           trtc_ts_diff(was->ref_ts_90k, before->facts.first_ts_90k) == 0;
}

/* Where the times in names jitter, segment p may seem to begin a little before the end of the one before it. Its
 * clock, which jumps there, is then set back to that end, for both kinds alike, and comes back slowly. Returns by
 * how much it still jumps. */
static int64_t hold_back(struct trtc_reader *rd, const struct trtc_clock *was,
                         const struct trtc_piece *p, int64_t jump)
{
    const struct trtc_piece *before = p == rd->rec->pieces ? NULL : p - 1;
    if (!jump || !before || before->list != p->list || before->place + 1 != p->place ||
        !has_followed(rd, was, before) || p->facts.odd || rd->shift_90k)
        return jump;
    const int64_t by_us = reaches_into(rd, was, before, jump);
    if (by_us < TRTC_ROUNDING_US / 2 || by_us >= HELD_US)
        return jump;
    rd->clock.ref_us += by_us;
    rd->clock.slew_us = p->exact ? -by_us / 2 : 0;
    rd->clock.slew_over_us = p->dur_us > 0 ? p->dur_us : 1;
    return llabs(jump + by_us) < TRTC_ROUNDING_US ? 0 : jump + by_us;
}

/* Sets the clock to the start of a segment whose first stamp is ts, and returns by how much it jumps. clip: it is
 * clip at. */
static int64_t set_to_start(struct trtc_reader *rd, const struct trtc_piece *p, int64_t ts,
                            bool clip)
{
    const struct trtc_clock was = rd->clock;
    const int64_t at_us = p->start_us - rd->off_us;
    int64_t jump = trtc_clock_segment(&rd->clock, ts, at_us, p->exact, p->dur_us);
    if (jump && clip && goes_on_alone(rd)) {
        rd->clock = was;
        trtc_clock_anchor(&rd->clock, ts, trtc_clock_us(&rd->clock, ts));
        rd->off_us += jump;
        return 0;
    }
    if (jump && rd->off_us) {
        rd->clock = was;
        rd->off_us = 0;
        return trtc_clock_segment(&rd->clock, ts, p->start_us, p->exact, p->dur_us);
    }
    return hold_back(rd, &was, p, jump);
}

/* Makes the clock follow the segments before clip at that have no frames of this kind, and returns by how much it
 * jumps. */
static int64_t pass_others(struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd), *q = p;
    int64_t jump = 0;
    while (q > rd->rec->pieces && q[-1].list == p->list && is_followed(rd, q - 1))
        q--;
    for (; q < p && p->exact; q++)
        jump += set_to_start(rd, q, q->facts.first_ts_90k + rd->shift_90k, false);
    return jump;
}

int64_t trtc_reader_set_clock(struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const int64_t ts = p->facts.first_ts_90k + rd->shift_90k;
    if (p->facts.headless && trtc_reader_follows(rd, rd->at) && rd->clock.running &&
        !stamps_fall(rd)) {
        const struct trtc_piece *before = rd->lane->clips[rd->at - 1].piece;
        const int64_t us = trtc_clock_us(&rd->clock, ts);
        if (llabs(us - (before->start_us + before->dur_us)) < CUT_US) {
            trtc_clock_anchor(&rd->clock, ts, us);
            return 0;
        }
    }
    const int64_t jump = pass_others(rd);
    return jump + set_to_start(rd, p, ts, true);
}

/* The stamps may come back to the clock with which they began: then nothing is added to them any more. */
static void come_back(struct trtc_reader *rd)
{
    const int64_t first = trtc_reader_piece_of(rd)->facts.first_dts_90k[trtc_at(rd->kind)];
    if (!rd->shift_90k || rd->last_ts == TRTC_NOTIME || first == TRTC_NOTIME || !times_go_on(rd))
        return;
    const int64_t rise = trtc_ts_diff(first, rd->last_ts) - rd->step_90k;
    if (llabs(rise - rd->shift_90k) < TRTC_READER_TOL_90K)
        rd->shift_90k = 0;
}

/* By how much the stamps of this kind rise at the beginning of the clip. */
static int64_t rise_of(const struct trtc_reader *rd)
{
    const int64_t first = trtc_reader_piece_of(rd)->facts.first_dts_90k[trtc_at(rd->kind)];
    return rd->last_ts == TRTC_NOTIME || first == TRTC_NOTIME || !trtc_reader_follows(rd, rd->at)
               ? 0
               : (trtc_ts_diff(first, rd->last_ts) - rd->step_90k) * 100 / 9;
}

/* By how much the stamps of this kind rise more than the playlist says, where no name says which of them is right; 0:
 * they do not. */
static int64_t contradicted(const struct trtc_reader *rd, int64_t jump)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const int64_t rise_us = rise_of(rd);
    if (rise_us == 0 || p->exact || p->facts.odd || rd->lane->clips[rd->at - 1].piece->whole)
        return 0;
    return jump < 0 && llabs(rise_us + jump) < TRTC_OVERLAP_US && rise_us <= TRTC_SECTION_GAP_US
               ? rise_us
               : 0;
}

/* Begins the frames of clip at. gone: files before it were missing. */
static void begin_clip(struct trtc_reader *rd, bool gone)
{
    if (rd->prev_ts != TRTC_NOTIME) {
        rd->last_ts = rd->prev_ts;
        rd->last_us = rd->prev_us;
    }
    rd->shifted = rd->shift_90k != rd->next_shift_90k;
    if (rd->at == 0 || !is_next_part(rd->lane->clips[rd->at - 1].piece, trtc_reader_piece_of(rd)))
        rd->shift_90k = rd->next_shift_90k;
    come_back(rd);
    const int64_t jump = trtc_reader_set_clock(rd);
    rd->placed = (struct trtc_reader_place){ .after = rd->prev_ts != TRTC_NOTIME && rd->at > 0 &&
                                                      comes_next(rd, rd->at),
                                             .jumps = jump != 0,
                                             .contradicted_us = contradicted(rd, jump),
                                             .fell_us = -rise_of(rd) };
    rd->torn = gone || !nothing_between(rd);
    if (rd->kind == TRTC_VIDEO && (rd->torn || (jump && !stamps_go_on(rd) && !times_go_on(rd))))
        rd->need_key = true;
    rd->prev_us = rd->prev_ts = TRTC_NOTIME;
    rd->open = rd->begins = true;
    rd->past_cut = rd->looked = rd->rose = rd->tail_seen = rd->joined = false;
    rd->nb_cut = 0;
    rd->nb_no_key = rd->nb_damaged = rd->nb_torn = rd->nb_misplaced = 0;
    rd->crowd = (struct trtc_crowd){ 0 };
}

/* Returns the segment of the same playlist that has this number there, or NULL. */
static const struct trtc_piece *piece_at(const struct trtc_recording *r, int list, int64_t place)
{
    for (size_t i = 0; i < r->nb_pieces; i++)
        if (r->pieces[i].list == list && r->pieces[i].place == place)
            return &r->pieces[i];
    return NULL;
}

/* Learns the tables that apply to the clip if they are in another segment, and that was not read. */
static int learn_tables(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    if (p->facts.tables_place < 0 || trtc_ts_knows(rd->ts))
        return 0;
    const struct trtc_piece *from = piece_at(rd->rec, p->list, p->facts.tables_place);
    if (!from || trtc_reader_open_directory(rd, err) < 0)
        return from ? -1 : 0;
    return trtc_tables_learn(rd->ts, rd->dirfd, from, err);
}

int trtc_reader_open_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const size_t first = rd->at;
    for (; rd->at < rd->lane->n; rd->at++) {
        rd->feeding = rd->at;
        rd->pos = rd->begin = 0;
        int there = trtc_reader_open_file(rd, err);
        if (there < 0)
            return -1;
        if (there == 0)
            continue;
        if (rd->at > 0 && rd->lane->clips[rd->at - 1].piece->list == trtc_reader_piece_of(rd)->list)
            trtc_ts_begin(rd->ts);
        else
            trtc_ts_forget(rd->ts);
        if (learn_tables(rd, err) < 0)
            return -1;
        rd->ended = rd->paused = false;
        begin_clip(rd, rd->at > first);
        return 1;
    }
    return 0;
}

/* What has been added to the last stamps of the open clip. */
static int64_t last_shift(const struct trtc_reader *rd)
{
    for (size_t i = rd->course.n; i-- > 0;)
        if (rd->course.runs[i].track == trtc_at(rd->kind))
            return rd->course.runs[i].shift;
    return 0;
}

int trtc_reader_close_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const struct trtc_clip *c = &rd->lane->clips[rd->at];
    const bool goes_on = rd->nb_passed > 0;
    const struct trtc_ts_stats s = trtc_reader_stats_of(rd);
    int ret =
        p->part > 1
            ? 0
            : trtc_reader_lose_unfollowed(rd, &s); /* else it was looked at with the first part */
    ret |= trtc_reader_lose_cut(rd);
    ret |= trtc_reader_lose_place(rd, &s);
    rd->open = false;
    /* the next segment continues the last clock of this one */
    rd->next_shift_90k = rd->shift_90k;
    rd->next_shift_90k += last_shift(rd);
    trtc_course_fini(&rd->course);
    ret |= trtc_reader_lose_damage(rd, &s);
    /* a clip in which no frame begins may hold a part of one before it */
    const int64_t nb_dropped = rd->nb_no_key + rd->nb_damaged;
    if (rd->begins && c->cut_us == INT64_MAX &&
        (nb_dropped > 0 || s.nb_lost > 0 || s.nb_bad > 0 || s.scrambled || !rd->joined))
        ret |= trtc_reader_lose(rd, (struct trtc_lost){ "damaged", p->dur_us, 0 },
                                "no usable frame (%" PRId64 " dropped)", nb_dropped);
    rd->at++;
    if (!goes_on)
        trtc_reader_close_files(rd);
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

int trtc_reader_next_clip(struct trtc_reader *rd, struct trtc_err *err)
{
    const int64_t end = rd->passed[0].end;
    if (trtc_reader_close_clip(rd, err) < 0)
        return -1;
    rd->begin = end;
    begin_clip(rd, false);
    rd->joined = true;
    return 0;
}
