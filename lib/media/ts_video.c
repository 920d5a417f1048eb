/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: access units of H.264 and H.265. */
#include "media/ts_priv.h"

#define SCAN_STEP \
    (1024 * 1024) /* a PES of any length is searched for pictures at least this often */

static bool is_start_code(const uint8_t *p, size_t n)
{
    return (n >= 3 && !p[0] && !p[1] && p[2] == 1) ||
           (n >= 4 && !p[0] && !p[1] && !p[2] && p[3] == 1);
}

/* True if the NAL unit at p begins another access unit, the one in hand having picture data
 * (H.264 7.4.1.2.3, H.265 7.4.2.4.4). Where access units have delimiters these alone count:
 * units between the slices of a picture that should not be there, redundant slices and second
 * fields then do no harm. */
static bool begins_unit(const struct trtc_ts_es *s, enum trtc_nal kind, const uint8_t *p)
{
    if (kind == TRTC_NAL_AUD)
        return true;
    if (s->unit.aud)
        return false;
    switch (kind) {
    case TRTC_NAL_SLICE:
    case TRTC_NAL_KEY_SLICE:
        /* first_mb_in_slice is 0; first_slice_segment_in_pic_flag */
        return s->info.codec == TRTC_CODEC_H264 ? p[1] & 0x80 : p[2] & 0x80;
    case TRTC_NAL_PARAM:
    case TRTC_NAL_SPS:
    case TRTC_NAL_SEI:
        return true;
    default:
        return false;
    }
}

/* A PES has begun. Begun with a start code and with a time of its own it begins an access
 * unit, whatever the NAL units say: the delimiter may be what was lost. */
static int annexb_mark(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    struct trtc_ts_mark *m = &s->mark[(s->nb_marks - 1) % NB_MARKS];
    const size_t at = (size_t)(m->at - s->base);

    s->mark_new = false;
    if (!s->unit.begun || m->pts == NOPTS || !is_start_code(s->buf + at, s->size - at))
        return 0;

    if (!s->unit.slice && s->unit.damaged) {
        trtc_ts_count_bad(ts, s, at - s->start);
        s->start = s->scan = at;
        s->unit = (struct trtc_ts_unit){ 0 };
    } else if (!s->unit.slice) {
        /* Parameter sets in a PES of their own: they go with the picture. */
        s->unit.pts = m->pts;
        s->unit.dts = m->dts;
        s->unit.pos = m->pos;
        m->used = true;
    } else if (s->unit.pts != m->pts) {
        s->scan = at;
        return trtc_ts_unit_emit(s, at, f);
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
    case TRTC_NAL_KEY_SLICE:
        s->unit.key = true;
        s->unit.slice = true;
        break;
    case TRTC_NAL_SLICE:
        s->unit.slice = true;
        break;
    default:
        break;
    }
}

/* All payload is searched once for start codes, at the speed of memchr, and nothing else is
 * looked at but the first bytes of NAL units: so every access unit is found, however they are
 * spread over PES packets. */
int trtc_ts_annexb_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    const bool final = s->why == WHY_FINAL;
    const size_t need =
        s->info.codec == TRTC_CODEC_H264 ? 2 : 3; /* bytes that tell what a NAL unit is */

    if (s->mark_new && annexb_mark(ts, s, f))
        return 1;

    while (s->scan < s->size) {
        const uint8_t *end = s->buf + s->size;
        const uint8_t *code = trtc_annexb_find(s->buf + s->scan, end);
        const size_t at = (size_t)(code - s->buf);

        if (code == end) {
            if (s->size >= 2 && s->size - 2 > s->scan)
                s->scan = s->size - 2; /* a start code may be half here */
            break;
        }
        if (at + 3 + need > s->size) {
            s->scan = at;
            if (!final)
                break;
            s->scan = s->size; /* a NAL unit of a byte or two at the very end: nothing to know
                                  from it */
            break;
        }
        if (s->unit.sei) {
            s->unit.key |= trtc_sei_recovery_point(s->buf + s->unit.sei, at - s->unit.sei);
            s->unit.sei = 0;
        }

        const enum trtc_nal kind = trtc_nal_kind(s->info.codec, code[3]);
        const size_t first = at > s->start && code[-1] == 0 ? at - 1 : at; /* zero_byte */
        s->scan = at;
        if (!s->unit.begun) {
            trtc_ts_count_bad(ts, s, first - s->start);
            s->start = first;
            trtc_ts_unit_begin(s);
        } else if (s->unit.slice && begins_unit(s, kind, code + 3)) {
            return trtc_ts_unit_emit(s, first, f);
        }
        annexb_note(s, kind, at + 3);
        s->scan = at + 3;
    }

    if (!s->unit.begun && s->scan > s->start + 1) {
        const size_t keep = s->scan - 1; /* there may be a zero_byte */
        trtc_ts_count_bad(ts, s, keep - s->start);
        s->start = keep;
    }
    if (s->torn)
        s->unit.damaged = s->unit.begun;
    s->torn = false;
    s->wake = s->size + SCAN_STEP;
    if (!final)
        return 0;
    s->scan = s->size;
    if (s->unit.begun && s->unit.slice)
        return trtc_ts_unit_emit(s, s->size, f);
    trtc_ts_discard(ts, s);
    return 0;
}
