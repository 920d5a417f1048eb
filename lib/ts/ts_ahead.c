/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: in streams that do not state how long pictures are shown, pictures without
 * a time share the time between those with one, so they wait for the next picture with a time. In
 * streams that do not state decoding times, a picture whose stamp is far off waits for the next few, and in
 * others one that is shown long after it was decoded. */
#include <stdlib.h>

#include "recording/clock.h"
#include "ts/ts_priv.h"

#define ENOUGH      512           /* bytes of a PES that show the place of its picture */
#define PENDING_MAX (1024 * 1024) /* bytes that wait at most for the next time, */
#define NB_AHEAD    15            /* ... and PES of pictures */
#define NB_JUDGES   8             /* pictures that show whether the stamp before them is wrong */
#define FAR \
    (9 *    \
     90000) /* a picture shown so long after it was decoded: a pause is in between, or that is wrong */

const struct trtc_ts_mark *trtc_ts_next_mark(const struct trtc_ts_es *s, size_t end)
{
    const int64_t at = s->base + (int64_t)end;
    const struct trtc_ts_mark *next = NULL;

    for (unsigned i = 1; i <= NB_MARKS && i <= s->nb_marks; i++) {
        const struct trtc_ts_mark *m = &s->mark[(s->nb_marks - i) % NB_MARKS];
        if (m->pts != NOPTS && !m->used)
            next = m;
        if (m->used || m->at <= at)
            break;
    }
    return next;
}

unsigned trtc_ts_marks_since(const struct trtc_ts_es *s, size_t at)
{
    unsigned n = 0;

    while (n < NB_MARKS && n < s->nb_marks &&
           s->mark[(s->nb_marks - n - 1) % NB_MARKS].at > s->base + (int64_t)at)
        n++;
    return n;
}

static bool rate_said(const struct trtc_ts_es *s)
{
    const struct trtc_picture_said said = { .sps = s->poc.have_sps ? &s->poc.sps : NULL };

    return trtc_picture_rate_said(&s->times, &said);
}

bool trtc_ts_awaits_next(const struct trtc_ts_es *s, size_t end)
{
    if (s->why >= WHY_FINAL || s->why == WHY_GAP || s->torn || s->unit.pts == NOPTS || rate_said(s))
        return false;
    if (s->size - s->start > PENDING_MAX || trtc_ts_marks_since(s, s->start) >= NB_AHEAD)
        return false;
    const struct trtc_ts_mark *next = trtc_ts_next_mark(s, end);
    const bool last = next == &s->mark[(s->nb_marks - 1) % NB_MARKS];

    return !next || (last && s->why < WHY_PES && s->base + (int64_t)s->size < next->at + ENOUGH);
}

bool trtc_ts_is_first_slice(const struct trtc_ts_es *s, const uint8_t *p)
{
    /* H.264: first_mb_in_slice is 0; H.265: first_slice_segment_in_pic_flag. */
    return s->info.codec == TRTC_CODEC_H264 ? p[1] & 0x80 : p[2] & 0x80;
}

/* Counts the pictures from end up to the one that begins in the PES next. Returns their number, and
 * the place of that picture. */
static int count_pictures(const struct trtc_ts_es *s, size_t end, int64_t next,
                          struct trtc_order *order)
{
    const uint8_t *pos = s->buf + end, *nal;
    struct trtc_poc poc = s->poc;
    bool resets = false;
    int nb = 0;
    size_t n;

    while ((nal = trtc_annexb_next(&pos, s->buf + s->size, &n))) {
        if (trtc_nal_kind(poc.codec, *nal) > TRTC_NAL_KEY_SLICE) {
            trtc_poc_set(&poc, nal, n);
        } else if (n >= 3 && trtc_ts_is_first_slice(s, nal)) {
            nb++;
            trtc_poc_next(&poc, nal, n, order);
            resets |= order->resets;
            order->known &= !resets; /* after a reset it cannot be compared with this one */
            if (s->base + (nal - s->buf) >= next)
                return nb;
        }
    }
    *order = (struct trtc_order){ .known = false };
    return nb + 1;
}

void trtc_ts_look_ahead(const struct trtc_ts_es *s, size_t end, struct trtc_ts_shown *shown)
{
    const struct trtc_ts_mark *next = trtc_ts_next_mark(s, end);

    if (!next || next->at <= s->base + (int64_t)end || s->unit.pts == NOPTS || rate_said(s))
        return;
    shown->next_after = count_pictures(s, end, next->at, &shown->next_order);
}

static struct trtc_picture_said said_of(const struct trtc_ts_es *s)
{
    return (struct trtc_picture_said){
        .pts = s->unit.pts,
        .dts = s->unit.dts,
        .key = s->unit.key,
        .sps = s->poc.have_sps ? &s->poc.sps : NULL,
    };
}

static bool is_far(const struct trtc_ts_es *s)
{
    return s->unit.pts != NOPTS && s->unit.dts != NOPTS && !s->times.late_dts &&
           trtc_ts_diff(s->unit.pts, s->unit.dts) > FAR;
}

/* Whether one of the pictures from end on is decoded about when this one is shown. */
static bool comes_there(const struct trtc_ts_es *s, size_t end)
{
    for (unsigned i = 1; i <= NB_MARKS && i <= s->nb_marks; i++) {
        const struct trtc_ts_mark *m = &s->mark[(s->nb_marks - i) % NB_MARKS];
        if (m->at < s->base + (int64_t)end)
            break;
        const int64_t decoded = m->dts != NOPTS ? m->dts : m->pts;
        if (decoded != NOPTS && llabs(trtc_ts_diff(s->unit.pts, decoded)) <= FAR)
            return true;
    }
    return false;
}

bool trtc_ts_awaits_judges(const struct trtc_ts_es *s, size_t end)
{
    struct trtc_picture_said said = said_of(s);
    struct trtc_poc poc = s->poc;

    if (s->why >= WHY_FINAL || s->why == WHY_GAP || s->torn || s->size - s->start > PENDING_MAX ||
        trtc_ts_marks_since(s, s->start) >= NB_AHEAD || trtc_ts_marks_since(s, end) >= NB_JUDGES)
        return false;
    if (said.dts != NOPTS && !s->times.late_dts)
        return is_far(s) && !comes_there(s, end);
    trtc_poc_next(&poc, s->buf + s->unit.at, end - s->unit.at, &said.order);
    return trtc_picture_is_off(&s->times, &said);
}

/* Reads the times of the pictures from end on. Returns their number. */
static int read_after(struct trtc_ts_es *s, size_t end, struct trtc_picture_after *after)
{
    const struct trtc_ts_mark *before = trtc_ts_mark_of(s, s->start);
    const uint8_t *pos = s->buf + end, *nal;
    struct trtc_poc poc = s->poc;
    int nb = 0;
    size_t n;

    while (nb < NB_JUDGES && (nal = trtc_annexb_next(&pos, s->buf + s->size, &n))) {
        if (trtc_nal_kind(poc.codec, *nal) > TRTC_NAL_KEY_SLICE) {
            trtc_poc_set(&poc, nal, n);
        } else if (n >= 3 && trtc_ts_is_first_slice(s, nal)) {
            const struct trtc_ts_mark *m = trtc_ts_mark_of(s, (size_t)(nal - s->buf));
            after[nb].pts = m && m != before ? m->pts : NOPTS;
            trtc_poc_next(&poc, nal, n, &after[nb++].order);
            before = m;
        }
    }
    return nb;
}

void trtc_ts_judge(struct trtc_ts_es *s, size_t end, const struct trtc_ts_shown *shown)
{
    struct trtc_picture_after after[NB_JUDGES];
    struct trtc_picture_said said = said_of(s);
    int64_t pts;

    s->unit.deep = is_far(s) && comes_there(s, end);
    said.order = shown->order;
    if (!trtc_picture_is_off(&s->times, &said) ||
        !trtc_picture_is_alone(&s->times, &said, after, read_after(s, end, after), &pts))
        return;
    s->unit.pts = pts;
    s->unit.restamped = true;
}
