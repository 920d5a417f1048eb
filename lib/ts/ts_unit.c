/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: the buffer of a stream, the frame that is being assembled, and the
 * simplest framer. */
#include "base/array.h"
#include "ts/ts_priv.h"

#include <stdlib.h>
#include <string.h>

#define BUFFER_START (64 * 1024)

void trtc_ts_call_framer(struct trtc_ts *ts, struct trtc_ts_es *s, enum trtc_ts_why why)
{
    if (why > s->why)
        s->why = why;
    ts->busy = true;
}

/* Requests that the framer delivers everything that is left. cut: the input ends within a
 * packet. */
void trtc_ts_call_last(struct trtc_ts *ts, struct trtc_ts_es *s, bool cut)
{
    /* a PES without a declared length is probably complete if its last packet had stuffing */
    if (trtc_ts_close_pes(s, true) || (s->pes == PES_BODY && (s->gap || (cut && !s->stuffed))))
        s->torn = true;
    trtc_ts_call_framer(ts, s, WHY_FINAL);
}

void trtc_ts_skip(struct trtc_ts *ts, struct trtc_ts_es *s, size_t at)
{
    size_t zeros = at;

    while (zeros > s->start && s->buf[zeros - 1] == 0)
        zeros--;
    trtc_ts_count_bad(ts, s, zeros - s->start);
    s->count.idle += (int64_t)(at - zeros);
    s->start = at;
}

static void empty(struct trtc_ts_es *s)
{
    s->base += (int64_t)s->size;
    s->start = s->size = s->scan = 0;
    s->nb_looked = s->nb_marks;
    s->blocks.nb = 0;
    s->unit = (struct trtc_ts_unit){ 0 };
}

/* Drops the content of the buffer. */
void trtc_ts_discard(struct trtc_ts *ts, struct trtc_ts_es *s)
{
    trtc_ts_count_bad(ts, s, s->size - s->start);
    empty(s);
}

/* Handles the end of the input. Units before a picture that does not come are ignored, unless they
 * are the rest of it. */
void trtc_ts_leave(struct trtc_ts *ts, struct trtc_ts_es *s)
{
    if (!s->unit.begun || s->unit.damaged) {
        trtc_ts_discard(ts, s);
        return;
    }
    s->count.idle += (int64_t)(s->size - s->start);
    empty(s);
}

bool trtc_ts_scanned(struct trtc_ts_es *s, size_t step, bool final)
{
    if (s->torn)
        s->unit.damaged = s->unit.begun;
    s->torn = false;
    s->wake = s->size + step;
    if (final)
        s->scan = s->size;
    return final;
}

static int grow(struct trtc_ts *ts, struct trtc_ts_es *s, size_t n)
{
    const size_t need = s->size + n > BUFFER_START ? s->size + n : BUFFER_START;

    if (s->size - s->start + n > TRTC_TS_FRAME_MAX) {
        trtc_ts_count_bad(ts, s, n);
        trtc_ts_discard(ts, s);
        s->pes = PES_NONE;
        return 0;
    }
    if (trtc_array_reserve(&s->buf, &s->cap, need, 1) < 0) {
        trtc_ts_count_bad(ts, s, n);
        trtc_ts_discard(ts, s);
        s->pes = PES_NONE;
        return -1;
    }
    return 1;
}

int trtc_ts_append(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n)
{
    if (s->size + n > s->cap) {
        const int r = grow(ts, s, n);
        if (r <= 0)
            return r;
    }
    if (n) /* there may be no buffer yet */
        memcpy(s->buf + s->size, p, n);
    s->size += n;
    if (s->size >= s->wake)
        trtc_ts_call_framer(ts, s, WHY_MORE);
    return 0;
}

/* Moves the rest of the buffer to its beginning. */
void trtc_ts_compact(struct trtc_ts_es *s)
{
    if (s->start == 0)
        return;
    memmove(s->buf, s->buf + s->start, s->size - s->start);
    s->base += (int64_t)s->start;
    s->size -= s->start;
    s->scan = s->scan > s->start ? s->scan - s->start : 0;
    s->wake = s->wake > s->start ? s->wake - s->start : 0;
    s->unit.sei = s->unit.sei > s->start ? s->unit.sei - s->start : 0;
    s->unit.at = s->unit.at > s->start ? s->unit.at - s->start : 0;
    s->start = 0;
}

/* Returns the PES that contains byte at of the buffer; NULL: it is no longer known. */
struct trtc_ts_mark *trtc_ts_mark_of(struct trtc_ts_es *s, size_t at)
{
    const int64_t byte = s->base + (int64_t)at;

    for (unsigned i = 1; i <= NB_MARKS && i <= s->nb_marks; i++) {
        struct trtc_ts_mark *m = &s->mark[(s->nb_marks - i) % NB_MARKS];
        if (m->at <= byte)
            return m;
    }
    return NULL;
}

/* Several may wait if the content of the stream, or its time, was not known at first. */
size_t trtc_ts_pes_end(const struct trtc_ts_es *s)
{
    size_t end = s->size;

    for (unsigned i = 1; i <= NB_MARKS && i <= s->nb_marks; i++) {
        const int64_t at = s->mark[(s->nb_marks - i) % NB_MARKS].at - s->base;
        if (at <= (int64_t)s->start)
            break;
        if (at < (int64_t)s->size)
            end = (size_t)at;
    }
    return end;
}

/* Begins a unit at s->start, with the times of its PES if it is the first unit there. */
void trtc_ts_unit_begin(struct trtc_ts_es *s)
{
    struct trtc_ts_mark *m = trtc_ts_mark_of(s, s->start);

    s->unit = (struct trtc_ts_unit){ .begun = true, .pts = NOPTS, .dts = NOPTS, .lost = !m };
    if (!m)
        return;
    s->unit.pos = m->pos;
    if (!m->used) {
        s->unit.pts = m->pts;
        s->unit.dts = m->dts;
        m->used = true;
    }
}

/* Completes the unit, which ends before end. */
int trtc_ts_unit_emit(struct trtc_ts_es *s, size_t end, struct trtc_ts_frame *f)
{
    *f = (struct trtc_ts_frame){
        .stream = &s->stream,
        .data = s->buf + s->start,
        .size = end - s->start,
        .pts_90k = s->unit.pts,
        .dts_90k = s->unit.dts != NOPTS ? s->unit.dts : s->unit.pts,
        .samples = s->unit.samples,
        .rate_hz = s->unit.rate_hz,
        .key = s->unit.key,
        .followed = end < s->size,
        .restamped = s->unit.restamped,
        .deep = s->unit.deep,
        .damaged = s->unit.damaged,
        .pos = s->unit.pos,
    };
    s->count.frames++;
    s->count.framed += (int64_t)f->size;
    s->start = end;
    s->unit = (struct trtc_ts_unit){ 0 };
    return 1;
}

/* Whether a key picture begins at end, judging by its first packet. A packet that contains only
 * parameter sets is taken for the beginning of a key picture. */
static bool next_key(const struct trtc_ts_es *s, size_t end)
{
    const size_t left = s->size - end;
    const uint8_t *pos = s->buf + end, *nal;
    bool sets = false, recovers = false;
    size_t n;

    while ((nal = trtc_annexb_next(&pos, s->buf + end + (left < PACKET ? left : PACKET), &n))) {
        const enum trtc_nal kind = trtc_nal_kind(s->info.codec, *nal);
        if (kind <= TRTC_NAL_KEY_SLICE)
            return kind == TRTC_NAL_KEY_SLICE || recovers;
        sets |= kind == TRTC_NAL_SPS;
        recovers |= s->info.codec == TRTC_CODEC_H264 && kind == TRTC_NAL_SEI &&
                    trtc_sei_recovery_point(nal, n);
    }
    return sets || recovers;
}

/* Whether the stated PTS of a picture contradicts the order in which the stream shows its pictures. */
static bool is_misplaced(struct trtc_ts_es *s, const struct trtc_ts_shown *shown,
                         const struct trtc_picture_said *said, bool in_order)
{
    const struct trtc_shown_picture p = {
        .order = shown->order,
        .stated = said->pts != NOPTS && !s->poc.sps_many && !s->unit.damaged,
        .in_order = in_order,
        .key = s->unit.key,
        .pts_90k = s->unit.pts,
        .dts_90k = said->dts != NOPTS ? said->dts : s->unit.dts,
    };

    return !s->mpeg_video && s->unit.dts != NOPTS && trtc_shown_contradicts(&s->shown, &p);
}

int trtc_ts_picture_emit(const struct trtc_ts *ts, struct trtc_ts_es *s, size_t end,
                         const struct trtc_ts_shown *shown, struct trtc_ts_frame *f)
{
    const struct trtc_ts_mark *next = trtc_ts_next_mark(s, end);
    const struct trtc_picture_said said = {
        .pts = s->unit.pts,
        .dts = s->unit.dts,
        .next_pts = next ? next->pts : NOPTS,
        .next_dts = next ? next->dts : NOPTS,
        .next_after = shown->next_after,
        .next_order = shown->next_order,
        .next_key = !s->mpeg_video && next_key(s, end),
        .key = s->unit.key,
        .clock = ts->clock,
        .order = shown->order,
        .sps = shown->sps,
    };
    const bool placed = s->unit.pts != NOPTS || s->times.running || !s->unit.lost;

    if (placed)
        trtc_picture_time(&s->times, &said, &s->unit.pts, &s->unit.dts);
    const bool in_order = shown->sps && trtc_poc_is_in_order(shown->sps);
    const bool misplaced = is_misplaced(s, shown, &said, in_order);
    trtc_ts_unit_emit(s, end, f);
    f->misplaced = misplaced;
    f->floating = placed && s->times.floating;
    f->in_order = in_order;
    return 1;
}

/* ---- everything else: a PES is a frame ---- */

int trtc_ts_pes_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    (void)ts;
    s->wake = SIZE_MAX;
    if (s->size == s->start || s->why < WHY_PES) {
        s->unit.damaged |= s->torn;
        s->torn = false;
        return 0;
    }

    const size_t end = trtc_ts_pes_end(s);
    const bool damaged = s->unit.damaged || (s->torn && end == s->size);
    trtc_ts_unit_begin(s);
    if (end == s->size)
        s->torn = false;
    s->unit.damaged = damaged;
    s->unit.key = !s->info.video || s->random_access;
    return trtc_ts_unit_emit(s, end, f);
}
