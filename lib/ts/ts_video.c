/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: access units of H.264 and H.265. */
#include "ts/ts_priv.h"

#define SLICE_HEADER 24 /* the bytes of a slice header that are read */
#define SCAN_STEP \
    (1024 * 1024) /* a PES of any length is searched for pictures at least this often */

/* Where the start code at p ends, before which there may be any number of zeros; 0: there is none. */
static size_t start_code(const uint8_t *p, size_t n)
{
    size_t zeros = 0;

    while (zeros < n && p[zeros] == 0)
        zeros++;
    return zeros >= 2 && zeros < n && p[zeros] == 1 ? zeros + 1 : 0;
}

/* Whether the NAL unit of n bytes at p begins another access unit, when the current one has picture
 * data (H.264 7.4.1.2.3, H.265 7.4.2.4.4). If access units have delimiters, only these count, and
 * the second field of a frame; then redundant slices, and wrong units between the slices of a
 * picture, do no harm. */
static bool begins_unit(const struct trtc_ts_es *s, enum trtc_nal kind, const uint8_t *p, size_t n)
{
    switch (kind) {
    case TRTC_NAL_AUD:
        return true;
    case TRTC_NAL_SLICE:
    case TRTC_NAL_KEY_SLICE:
        if (!trtc_ts_is_first_slice(s, p))
            return false;
        return !s->unit.aud || trtc_poc_is_other_field(&s->poc, s->buf + s->unit.at,
                                                       (size_t)(p - s->buf) - s->unit.at, p, n);
    case TRTC_NAL_PARAM:
    case TRTC_NAL_SPS:
    case TRTC_NAL_SEI:
        return !s->unit.aud;
    default:
        return false;
    }
}

/* The bytes of a NAL unit that show whether it begins another access unit. */
static size_t bytes_to_judge(const struct trtc_ts_es *s, uint8_t header)
{
    const enum trtc_nal kind = trtc_nal_kind(s->info.codec, header);

    if (s->info.codec != TRTC_CODEC_H264)
        return 3;
    if (s->unit.aud && s->unit.slice && s->poc.sps.order.fields && kind <= TRTC_NAL_KEY_SLICE)
        return SLICE_HEADER;
    return 2;
}

/* Reads the parameter sets before the slice. */
static void note_sets(struct trtc_ts_es *s)
{
    const uint8_t *pos = s->buf + s->start, *nal;
    size_t n;

    while ((nal = trtc_annexb_next(&pos, s->buf + s->unit.at, &n)))
        trtc_poc_set(&s->poc, nal, n);
}

static int picture_emit(const struct trtc_ts *ts, struct trtc_ts_es *s, size_t end,
                        struct trtc_ts_frame *f)
{
    struct trtc_ts_shown shown = { .sps = s->poc.have_sps ? &s->poc.sps : NULL };

    trtc_poc_next(&s->poc, s->buf + s->unit.at, end - s->unit.at, &shown.order);
    trtc_ts_judge(s, end, &shown);
    trtc_ts_look_ahead(s, end, &shown);
    return trtc_ts_picture_emit(ts, s, end, &shown, f);
}

/* Whether a PES goes on with a slice of the picture in hand, at p: its header was not lost, so no delimiter was either.
 * Without delimiters the headers of slices show it, since the first slice of another picture may be missing. */
static bool goes_on(const struct trtc_ts_es *s, const uint8_t *p)
{
    const size_t at = (size_t)(p - s->buf);

    if (!s->unit.slice || s->size - at < 3 ||
        trtc_nal_kind(s->info.codec, *p) > TRTC_NAL_KEY_SLICE || trtc_ts_is_first_slice(s, p))
        return false;
    return s->unit.aud ||
           trtc_poc_is_same(&s->poc, s->buf + s->unit.at, at - s->unit.at, p, s->size - at);
}

/* Whether a PES begins a picture, or what comes before it. */
static bool begins_at(const struct trtc_ts_es *s, size_t at)
{
    const size_t code = start_code(s->buf + at, s->size - at);

    return code > 0 && !goes_on(s, s->buf + at + code);
}

/* Handles the beginning of a PES. If it begins with a start code and has a time of its own, it
 * begins an access unit, whatever its NAL units are, since the delimiter may have been lost. */
static int annexb_mark(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_mark *m,
                       struct trtc_ts_frame *f)
{
    const size_t at = (size_t)(m->at - s->base);

    if (!s->unit.begun || m->pts == NOPTS || !begins_at(s, at))
        return 0;

    if (!s->unit.slice && s->unit.damaged) {
        trtc_ts_count_bad(ts, s, at - s->start);
        s->start = s->scan = at;
        s->unit = (struct trtc_ts_unit){ 0 };
    } else if (!s->unit.slice) {
        /* Parameter sets in a PES of their own: they go with the picture. Behind the end of another
         * one they are the first unit of their PES, and its time is theirs. */
        if (s->unit.within && s->unit.pts != NOPTS)
            return 0;
        s->unit.pts = m->pts;
        s->unit.dts = m->dts;
        s->unit.pos = m->pos;
        m->used = true;
    } else if (s->unit.pts != m->pts) {
        s->scan = at;
        return picture_emit(ts, s, at, f);
    }
    return 0;
}

/* Whether the picture in hand ends before the PES, and has to wait for what follows. */
static bool waits_at(const struct trtc_ts_es *s, const struct trtc_ts_mark *m)
{
    const size_t at = (size_t)(m->at - s->base);

    return m->pts != NOPTS && s->unit.begun && s->unit.slice && s->unit.pts != m->pts &&
           begins_at(s, at) && trtc_ts_awaits_judges(s, at);
}

/* The PES that begin up to byte at of the buffer, and were not looked at. Returns 1: f is a picture,
 * 0, or -1: more data is needed. */
static int pass_marks(struct trtc_ts *ts, struct trtc_ts_es *s, size_t at, struct trtc_ts_frame *f)
{
    if (s->nb_marks - s->nb_looked > NB_MARKS)
        s->nb_looked = s->nb_marks - NB_MARKS;
    while (s->nb_looked != s->nb_marks) {
        struct trtc_ts_mark *m = &s->mark[s->nb_looked % NB_MARKS];
        if (m->at > s->base + (int64_t)at)
            break;
        if (m->at >= s->base + (int64_t)s->start && waits_at(s, m))
            return -1;
        s->nb_looked++;
        if (m->at >= s->base + (int64_t)s->start && annexb_mark(ts, s, m, f))
            return 1;
    }
    return 0;
}

/* Takes note of a NAL unit of the access unit in hand; at is its first byte. */
static void annexb_note(struct trtc_ts_es *s, enum trtc_nal kind, size_t at)
{
    if (s->unit.slice)
        return;
    switch (kind) {
    case TRTC_NAL_AUD:
        s->unit.aud = true;
        break;
    case TRTC_NAL_SEI:
        if (s->info.codec == TRTC_CODEC_H264)
            s->unit.sei = at;
        break;
    case TRTC_NAL_SPS:
    case TRTC_NAL_PARAM:
        s->unit.sets = true;
        break;
    case TRTC_NAL_KEY_SLICE:
    case TRTC_NAL_SLICE:
        s->unit.key |= kind == TRTC_NAL_KEY_SLICE;
        s->unit.slice = true;
        s->unit.at = at;
        if (s->unit.sets)
            note_sets(s);
        break;
    default:
        break;
    }
}

/* Begins the first unit here; the bytes before it are ignored. */
static void begin_at(struct trtc_ts *ts, struct trtc_ts_es *s, size_t at)
{
    const int64_t from = s->base + (int64_t)s->start;

    trtc_ts_skip(ts, s, at);
    trtc_ts_unit_begin(s);
    const struct trtc_ts_mark *m = trtc_ts_mark_of(s, s->start);
    s->unit.within = m && m->at < from;
}

/* All payload is searched once for start codes, at the speed of memchr, and nothing else is
 * looked at but the first bytes of NAL units: so every access unit is found, however they are
 * spread over PES packets. */
int trtc_ts_annexb_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    const bool final = s->why == WHY_FINAL;
    const size_t least = s->info.codec == TRTC_CODEC_H264 ? 2 : 3; /* they identify a unit */

    while (s->scan < s->size) {
        const uint8_t *end = s->buf + s->size;
        const uint8_t *code = trtc_annexb_find(s->buf + s->scan, end);
        const size_t at = (size_t)(code - s->buf);
        const size_t first = at > s->start && code[-1] == 0 ? at - 1 : at; /* zero_byte */

        if (code == end) {
            if (s->size >= 2 && s->size - 2 > s->scan)
                s->scan = s->size - 2; /* a start code may be half here */
            break;
        }
        const int passed = pass_marks(ts, s, at, f);
        if (passed > 0)
            return 1;
        if (passed < 0) {
            s->scan = at;
            s->wake = s->size + SCAN_STEP;
            return 0;
        }
        if (at + 3 + least > s->size || (!final && at + 3 + bytes_to_judge(s, code[3]) > s->size)) {
            /* a NAL unit of a byte or two at the very end: nothing to know from it */
            if (final && !s->unit.begun)
                begin_at(ts, s, first);
            s->scan = final ? s->size : at;
            break;
        }
        if (s->unit.sei) {
            s->unit.key |= trtc_sei_recovery_point(s->buf + s->unit.sei, at - s->unit.sei);
            s->unit.sei = 0;
        }

        const enum trtc_nal kind = trtc_nal_kind(s->info.codec, code[3]);
        s->scan = at;
        if (!s->unit.begun) {
            begin_at(ts, s, first);
        } else if (s->unit.slice && begins_unit(s, kind, code + 3, s->size - at - 3)) {
            if (!trtc_ts_awaits_next(s, first) && !trtc_ts_awaits_judges(s, first))
                return picture_emit(ts, s, first, f);
            s->wake = s->size + PACKET;
            return 0;
        }
        annexb_note(s, kind, at + 3);
        s->scan = at + 3;
    }

    if (!s->unit.begun && s->scan > s->start + 1)
        trtc_ts_skip(ts, s, s->scan - 1); /* there may be a zero_byte */
    if (!trtc_ts_scanned(s, SCAN_STEP, final))
        return 0;
    if (s->unit.begun && s->unit.slice)
        return picture_emit(ts, s, s->size, f);
    trtc_ts_leave(ts, s);
    return 0;
}
