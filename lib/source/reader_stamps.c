/* SPDX-License-Identifier: MIT */
/* Reader of a lane: time stamps that jump inside a segment. */
#include <stdlib.h>
#include <unistd.h>

#include "recording/gain.h"
#include "source/reader_priv.h"

enum { HEAD_BYTES = 64 * 1024 };
#define PICTURE_GAP_90K 45000
#define APART_90K       45000 /* the tracks of a stream that was cut end as far apart */
#define EARLY_SOUND_90K \
    13500                   /* a segment may have sound from so long before its first picture on */
#define FOLLOWED_US 5000    /* sound moves with its clock where that is corrected by more */
#define STRAY_US    2000000 /* a stamp this far outside its segment has no place */

/* What can be wrong with a time stamp. LATE, RISES: that of a picture rises by more than usual, and
 * by more than at a variable rate. BREAKS: it falls, or that of sound rises. */
enum oddity { EVEN, UNEVEN, LATE, RISES, BREAKS };

/* Whether pictures may end so far behind the beginning of the next segment: the stamps of that are
 * as far away as the clock says, so nothing has jumped, and the tracks of a stream that was cut end
 * apart. */
static bool ends_apart(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    if (rd->kind != TRTC_VIDEO || !trtc_reader_follows(rd, rd->at + 1) || p->next_us == TRTC_NOTIME)
        return false;
    const struct trtc_facts *next = &rd->lane->clips[rd->at + 1].piece->facts;
    const int64_t off = trtc_ts_diff(next->first_ts_90k, p->facts.first_ts_90k);
    const int64_t said = trtc_reader_ticks_of(p->next_us);
    return !next->odd && llabs(off - said) < TRTC_READER_TOL_90K && rd->last_90k < said + APART_90K;
}

/* Looks where the segment ends, once. */
static void see_tail(struct trtc_reader *rd, const struct trtc_course_file *f)
{
    if (!rd->tail_seen)
        rd->tail_90k =
            trtc_course_tail(f, trtc_reader_piece_of(rd)->facts.first_ts_90k, &rd->last_90k);
    rd->tail_seen = true;
}

/* Whether the end of the segment is where it should be. */
static bool ends_well(struct trtc_reader *rd, const struct trtc_course_file *f, enum oddity what)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const int64_t said = trtc_reader_ticks_of(p->dur_us), next = trtc_reader_ticks_of(p->next_us);
    if (what == LATE && !(p->facts.kinds & TRTC_AUDIO))
        return true;
    see_tail(rd, f);
    if (rd->tail_90k == TRTC_NOTIME ||
        trtc_ts_diff(rd->prev_ts, p->facts.first_ts_90k) > rd->tail_90k + TRTC_READER_GOES_ON_90K)
        return false; /* the frame in hand is not in it */
    /* a picture that comes late makes the next one uneven */
    return what == UNEVEN || what == LATE
               ? llabs(rd->tail_90k - said) < TRTC_READER_TOL_90K
               : trtc_course_fits(rd->tail_90k, said, next) || ends_apart(rd);
}

/* Reads the course of the segment; its last frames may go on in the next one. */
static int read_course(struct trtc_reader *rd, const struct trtc_course_file *f,
                       struct trtc_err *err)
{
    struct trtc_err ignored;
    int fd;
    if (!trtc_reader_follows(rd, rd->at + 1))
        return trtc_course_read(&rd->course, f, NULL, err);
    const struct trtc_piece *next = rd->lane->clips[rd->at + 1].piece;
    if (trtc_reader_open_if_there(rd, next, &fd, &ignored, err) < 0)
        return -1;
    const struct trtc_course_file then = { fd, next->at_bytes, next->bytes, NULL };
    const int ret = trtc_course_read(&rd->course, f, fd < 0 ? NULL : &then, err);
    if (fd >= 0)
        close(fd);
    return ret;
}

static int settle_course(struct trtc_course *c, const struct trtc_piece *p)
{
    return trtc_course_settle(c, trtc_reader_ticks_of(p->part ? p->whole_us : p->dur_us),
                              trtc_reader_ticks_of(p->part ? p->whole_next_us : p->next_us));
}

/* How far the first frame of a kind is behind the start of its segment; 0: not known. */
static int64_t behind_start(const struct trtc_piece *p, int k)
{
    const struct trtc_facts *f = &p->facts;
    return f->odd || f->first_90k[k] == TRTC_NOTIME
               ? 0
               : trtc_ts_diff(f->first_90k[k], f->first_ts_90k);
}

/* By how much a kind begins later in clip at than the clock says, after a hole in its stamps, while the
 * other kind goes on: it may have paused, or its clock may have jumped there. */
static int64_t late_by(const struct trtc_reader *rd)
{
    const int k = trtc_at(rd->kind);
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    if (!trtc_reader_follows(rd, rd->at) || rd->last_ts == TRTC_NOTIME ||
        p->facts.first_dts_90k[k] == TRTC_NOTIME)
        return 0;
    const struct trtc_piece *before = rd->lane->clips[rd->at - 1].piece;
    const int64_t gain = trtc_gain(before, p, k), apart = trtc_gain_on_other(before, p, k);
    const int64_t at_us = trtc_clock_us(&rd->clock, p->facts.first_dts_90k[k] + rd->shift_90k);
    const int64_t hole = trtc_reader_ticks_of(at_us - rd->last_us - rd->step_us);
    if (gain < TRTC_GAIN_90K || llabs(apart - gain) >= TRTC_READER_TOL_90K || 2 * hole <= gain)
        return 0;
    const bool alike = llabs(hole - gain) < TRTC_READER_TOL_90K;
    if (rd->kind == TRTC_VIDEO && gain < EARLY_SOUND_90K && behind_start(p, k) > 0 &&
        (rd->varies || !alike || trtc_reader_own_stamps_go_on(rd)))
        return 0;
    return alike ? hole : gain;
}

/* Whether nothing but its playlist says when the segment ends. */
static bool is_last(const struct trtc_reader *rd)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    return rd->at + 1 == rd->lane->n && p->dur_us != TRTC_NOTIME && !p->whole && !p->cut;
}

/* Whether the stamps of a kind go on from the segment before, by their ends or by the names. */
static bool kind_goes_on(const struct trtc_piece *before, const struct trtc_facts *f, int k)
{
    const int64_t end = before->facts.end_90k[k], was = before->facts.first_90k[k];
    const int64_t said = trtc_reader_ticks_of(before->next_us);
    if (end != TRTC_NOTIME && llabs(trtc_ts_diff(f->first_dts_90k[k], end)) < TRTC_READER_TOL_90K)
        return true;
    return was != TRTC_NOTIME && said != TRTC_NOTIME &&
           llabs(trtc_ts_diff(f->first_90k[k], was) - said) < 2 * TRTC_READER_TOL_90K;
}

/* From which stamp on the length of the last segment counts for a kind: from its own first one if that goes on from
 * the segment before while the other kind, whose stamps have fallen, begins far before it. */
static int64_t counts_from(const struct trtc_reader *rd, int k)
{
    const struct trtc_facts *f = &trtc_reader_piece_of(rd)->facts;
    const bool far = trtc_ts_diff(f->first_90k[k], f->first_ts_90k) >= APART_90K;
    return far && trtc_reader_follows(rd, rd->at) &&
                   kind_goes_on(rd->lane->clips[rd->at - 1].piece, f, k)
               ? f->first_90k[k]
               : f->first_ts_90k;
}

/* When a kind is due after the segment, by the clock and by its stamps, as far as is known. */
static void look_onward(struct trtc_reader *rd, int k)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const struct trtc_facts *f = &p->facts;
    struct trtc_course *c = &rd->course;
    if (p->part || f->first_dts_90k[k] == TRTC_NOTIME)
        return;
    c->onward[k].late = k == trtc_at(rd->kind) ? late_by(rd) : 0;
    if (trtc_reader_follows(rd, rd->at + 1)) {
        const struct trtc_piece *next = rd->lane->clips[rd->at + 1].piece;
        c->onward[k].comes = next->facts.first_dts_90k[k];
        c->onward[k].due = c->onward[k].comes - trtc_gain(p, next, k);
        c->onward[k].known = c->onward[k].comes != TRTC_NOTIME && !next->part;
        c->onward[k].behind = behind_start(next, k);
    } else if (is_last(rd)) {
        const int64_t delay = trtc_ts_diff(f->first_90k[k], f->first_dts_90k[k]);
        c->onward[k].comes = TRTC_NOTIME;
        c->onward[k].due =
            counts_from(rd, k) + trtc_reader_ticks_of(p->dur_us) - delay + c->onward[k].late;
        c->onward[k].known = true;
    }
}

/* Whether a kind seems to run ahead of the clock in the segment, or before it. */
static bool seems_ahead(const struct trtc_reader *rd)
{
    const bool next = trtc_reader_follows(rd, rd->at + 1);
    return late_by(rd) ||
           (next && trtc_gain(trtc_reader_piece_of(rd), rd->lane->clips[rd->at + 1].piece,
                              trtc_at(rd->kind)) >= TRTC_GAIN_90K);
}

/* If the clock is off the start of the segment because the stamps of this kind go on from the one before,
 * the course moves its first frames nowhere: where they belong beside the other kind is known. */
static void join_course(struct trtc_reader *rd)
{
    struct trtc_course *c = &rd->course;
    const int track = trtc_at(rd->kind);
    size_t first = 0;
    while (first < c->n && c->runs[first].track != track)
        first++;
    const int64_t by = first < c->n && rd->off_us ? c->runs[first].shift : 0;
    for (size_t i = first; i < c->n; i++)
        if (c->runs[i].track == track)
            c->runs[i].shift -= by;
}

/* Reads the course of the segment, and settles it. */
static int follow_course(struct trtc_reader *rd, const struct trtc_course_file *f,
                         struct trtc_err *err)
{
    rd->looked = true;
    rd->course_hint = 0;
    if (read_course(rd, f, err) < 0)
        return -1;
    const int track = trtc_at(rd->kind);
    rd->course.fresh[track] = !trtc_reader_own_stamps_go_on(rd) || (rd->shifted && !rd->off_us);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        look_onward(rd, k);
    if (settle_course(&rd->course, trtc_reader_piece_of(rd)) < 0)
        return trtc_fail_nomem(err);
    join_course(rd);
    return 0;
}

/* Whether the segment has sound and is longer than its place, so that the course of the sound, which
 * jumps ahead with the pictures, is corrected. */
static bool is_too_long(struct trtc_reader *rd, const struct trtc_course_file *f)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    if (!(p->facts.kinds & TRTC_AUDIO) || p->part)
        return false;
    see_tail(rd, f);
    return rd->tail_90k != TRTC_NOTIME &&
           trtc_course_exceeds(rd->tail_90k, trtc_reader_ticks_of(p->dur_us),
                               trtc_reader_ticks_of(p->next_us)) &&
           !ends_apart(rd);
}

/* Whether pictures that have risen may fall back later in the segment, or may have risen without a
 * pause, which is found out once. The first sound only seems to rise where it comes behind much of the
 * picture. */
static bool may_jump(struct trtc_reader *rd, const struct trtc_course_file *f, enum oddity what)
{
    const struct trtc_ts_stream *s = trtc_ts_stream(rd->ts, TRTC_VIDEO);
    if (rd->kind != TRTC_VIDEO || (what != LATE && what != RISES) || rd->rose)
        return false;
    rd->rose = true;
    return !s || is_too_long(rd, f) || trtc_course_may_fall(f, s->pid);
}

/* Examines a segment in which a kind may run ahead of the clock, which no single stamp shows. */
static int look_ahead(struct trtc_reader *rd, struct trtc_err *err)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const bool open = rd->feeding == rd->at; /* there may be no room for another file */
    bool ahead = seems_ahead(rd);
    int fd = -1, ret = 0;
    if (p->part || (!ahead && !is_last(rd)))
        return 0;
    const int there =
        open ? trtc_reader_open_file(rd, err) : trtc_reader_open_piece(rd, p, p->bytes, &fd, err);
    if (there <= 0)
        return there;
    const struct trtc_course_file f = { open ? rd->fd : fd, p->at_bytes, p->bytes, rd->ts };
    if (!ahead) {
        see_tail(rd, &f);
        ahead = rd->tail_90k != TRTC_NOTIME &&
                rd->tail_90k - trtc_reader_ticks_of(p->dur_us) >= TRTC_GAIN_90K;
    }
    if (ahead)
        ret = follow_course(rd, &f, err);
    if (ahead && !rd->course.regained) {
        trtc_course_reset(&rd->course);
        rd->looked = false;
    }
    if (!open)
        close(fd);
    return ret;
}

/* Handles an odd time stamp: examines all of them, of both kinds, unless the end of the segment is
 * where it should be (which may be by chance if they break, or if they fall after they rise). */
static int look_at_course(struct trtc_reader *rd, enum oddity what, struct trtc_err *err)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const bool seen = rd->looked || what == EVEN || (what == LATE && rd->rose);
    int fd = -1;
    const int there = seen ? 0 : trtc_reader_open_piece(rd, p, p->bytes, &fd, err);
    if (there <= 0)
        return there;
    int ret = 0;
    const struct trtc_course_file f = { fd, p->at_bytes, p->bytes, rd->ts };
    const bool well = what != BREAKS && ends_well(rd, &f, what);
    if (!well || may_jump(rd, &f, what)) {
        ret = follow_course(rd, &f, err);
        const struct trtc_course *c = &rd->course;
        if (well && !trtc_course_falls(c) && !trtc_course_moves_sound(c)) { /* just a pause */
            trtc_course_reset(&rd->course);
            rd->looked = false;
        }
    }
    close(fd);
    return ret;
}

/* Judges the first time stamp of a kind by the first one of the segment. */
static enum oddity oddity_of_first(const struct trtc_reader *rd, int64_t ts, int64_t pos)
{
    const int64_t off = trtc_ts_diff(ts, trtc_reader_piece_of(rd)->facts.first_ts_90k);
    if (off < -TRTC_READER_FIRST_90K || trtc_reader_piece_of(rd)->facts.odd)
        return BREAKS;
    return off > TRTC_READER_FIRST_90K || pos > HEAD_BYTES ? RISES : EVEN;
}

/* Judges a time stamp by the one before it. At a low rate, a stamp that is set back a little does
 * not fall; it only rises by less. */
static enum oddity oddity_of(const struct trtc_reader *rd, int64_t step)
{
    const int64_t more = step - rd->step_90k;
    if (rd->kind == TRTC_AUDIO)
        return more < -TRTC_READER_TOL_90K || more > TRTC_READER_TOL_90K ? BREAKS : EVEN;
    if (step < 0)
        return BREAKS;
    if (more > PICTURE_GAP_90K)
        return RISES;
    if (more > TRTC_READER_TOL_90K && rd->step_90k > 0)
        return LATE;
    return more < -TRTC_READER_TOL_90K && trtc_reader_piece_of(rd)->facts.kinds & TRTC_AUDIO
               ? UNEVEN
               : EVEN;
}

/* Examines a time stamp that does not simply follow the one before. */
static int watch(struct trtc_reader *rd, int64_t ts, int64_t pos, struct trtc_err *err)
{
    const bool first = rd->prev_ts == TRTC_NOTIME;
    const int64_t step = first ? 0 : trtc_ts_diff(ts, rd->prev_ts);
    const enum oddity what = first ? oddity_of_first(rd, ts, pos) : oddity_of(rd, step);
    rd->varies |=
        rd->step_90k > 0 && step > 0 && llabs(step - rd->step_90k) > TRTC_READER_TOL_90K / 2;
    if (rd->kind == TRTC_VIDEO && step > 0 && step < PICTURE_GAP_90K)
        rd->step_90k = step;
    rd->prev_ts = ts;
    const int ret = first && look_ahead(rd, err) < 0 ? -1 : look_at_course(rd, what, err);
    if (rd->sparing)
        trtc_reader_close_files(rd);
    return ret;
}

/* Notes by how much the clock is corrected from the frame before to this stamp, unless the correction is so small
 * that the average of stamps follows it. */
static void note_slew(struct trtc_reader *rd, int64_t ts)
{
    const struct trtc_clock *c = &rd->clock;
    const int64_t slew_us = llabs(c->slew_us) < FOLLOWED_US ? 0 : trtc_clock_slew_us(c, ts);
    rd->moved_us += rd->prev_us == TRTC_NOTIME ? slew_us : slew_us - rd->slewed_us;
    rd->slewed_us = slew_us;
}

/* Places a stamp on the epoch clock. A stamp that has no place there follows the one before. */
static int64_t place(struct trtc_reader *rd, int64_t ts, int64_t pos)
{
    const struct trtc_piece *p = trtc_reader_piece_of(rd);
    const int track = rd->kind == TRTC_AUDIO ? TRTC_AT_AUDIO : TRTC_AT_VIDEO;
    const struct trtc_course *c = &rd->course;
    int64_t shift = rd->shift_90k;
    if (c->n)
        shift += trtc_course_shift(c, track, pos, &rd->course_hint);
    rd->rel_90k = trtc_ts_diff(ts + shift - rd->shift_90k, p->facts.first_ts_90k);
    note_slew(rd, ts + shift);
    const int64_t us = trtc_clock_us(&rd->clock, ts + shift);
    const int64_t length_us = c->n && c->end * 100 / 9 > p->dur_us ? c->end * 100 / 9 : p->dur_us;
    if (!c->too_many || (us >= p->start_us - STRAY_US && us <= p->start_us + length_us + STRAY_US))
        return us;
    const int64_t next_us = rd->prev_us == TRTC_NOTIME ? p->start_us : rd->prev_us + rd->step_us;
    trtc_clock_anchor(&rd->clock, ts + shift, next_us);
    rd->slewed_us = 0;
    return next_us;
}

int trtc_reader_set_times(struct trtc_reader *rd, const struct trtc_ts_frame *f,
                          struct trtc_packet *p, struct trtc_err *err)
{
    const bool first = rd->prev_us == TRTC_NOTIME;
    if (f->pts_90k == TRTC_TS_NOPTS) {
        p->dts_us = p->pts_us =
            first ? trtc_reader_piece_of(rd)->start_us : rd->prev_us + rd->step_us;
    } else {
        const int64_t dts = f->dts_90k == TRTC_TS_NOPTS ? f->pts_90k : f->dts_90k;
        if (watch(rd, dts, f->pos - rd->begin, err) < 0)
            return -1;
        p->dts_us = place(rd, dts, f->pos - rd->begin);
        p->pts_us = p->dts_us + trtc_ts_diff(f->pts_90k, dts) * 100 / 9;
        if (p->pts_us < p->dts_us)
            p->pts_us = p->dts_us;
    }
    trtc_reader_note_place(rd, p, first);
    const int64_t step = first ? 0 : p->dts_us - rd->prev_us;
    if (step > 0 && step < 1000000)
        rd->step_us = step;
    rd->prev_us = p->dts_us;
    return 0;
}
