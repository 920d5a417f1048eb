/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: pictures of MPEG-1 and MPEG-2 video (ISO/IEC 11172-2, 13818-2). */
#include "ts/ts_priv.h"

enum {
    PICTURE = 0x00,
    SLICE_FIRST = 0x01,
    SLICE_LAST = 0xaf,
    SEQUENCE = 0xb3,
    EXTENSION = 0xb5,
    GROUP = 0xb8,
};

enum { SEQUENCE_EXTENSION = 1, PICTURE_EXTENSION = 8 };
enum { FRAME = 3 };           /* picture_structure; else one of the fields */
enum { BYTES_TO_JUDGE = 32 }; /* the header of a picture and its extension */
enum { SCAN_STEP = 256 * 1024 };

/* Of the picture whose header is at p: picture_structure. */
static int structure_of(const uint8_t *p, const uint8_t *end)
{
    const uint8_t *code =
        trtc_annexb_find(p + 4, end - p > BYTES_TO_JUDGE ? p + BYTES_TO_JUDGE : end);

    if (end - code < 7 || code[3] != EXTENSION || code[4] >> 4 != PICTURE_EXTENSION)
        return FRAME;
    return code[6] & 3 ? code[6] & 3 : FRAME;
}

/* Rate of pictures (table 6-4), as the time from one to the next. */
static void note_sequence(struct trtc_ts_mpeg *m, const uint8_t *p)
{
    static const uint16_t rates[16][2] = {
        { 0, 0 },  { 1001, 24000 }, { 1, 24 },       { 1, 25 }, { 1001, 30000 },
        { 1, 30 }, { 1, 50 },       { 1001, 60000 }, { 1, 60 },
    };

    m->params = (struct trtc_video_params){
        .codec = TRTC_CODEC_OTHER,
        .reorder_max = 1,
        .order = { .tick_num = rates[p[7] & 15][0], .tick_units = rates[p[7] & 15][1] },
    };
    m->known = true;
}

static void note_sequence_extension(struct trtc_ts_mpeg *m, const uint8_t *p)
{
    struct trtc_order_params *o = &m->params.order;

    if (p[9] & 0x80) /* low_delay */
        m->params.reorder_max = 0;
    o->tick_units *= 1u + (p[9] >> 5 & 3);
    o->tick_num *= 1u + (p[9] & 31);
}

/* Counts of a group begin at 0: they follow those of the group before. */
static void note_group(struct trtc_ts_mpeg *m)
{
    m->base += m->highest + 1;
    m->highest = -1;
}

static void note_picture(struct trtc_ts_es *s, const uint8_t *p, const uint8_t *end)
{
    struct trtc_ts_mpeg *m = &s->mpeg;
    int64_t count = p[4] << 2 | p[5] >> 6; /* temporal_reference */

    while (count < m->highest - 512)
        count += 1024;
    if (count > m->highest)
        m->highest = count;
    m->count = m->base + count;
    m->structure = structure_of(p, end);
    m->pair = false;
}

/* Notes the header that begins at p in the current unit. */
static void note(struct trtc_ts_es *s, const uint8_t *p, const uint8_t *end)
{
    const size_t n = (size_t)(end - p);

    if (p[3] >= SLICE_FIRST && p[3] <= SLICE_LAST) {
        s->unit.slice = true;
    } else if (p[3] == SEQUENCE && n >= 8) {
        s->unit.key = true;
        note_sequence(&s->mpeg, p);
    } else if (p[3] == EXTENSION && n >= 10 && p[4] >> 4 == SEQUENCE_EXTENSION && !s->unit.slice) {
        note_sequence_extension(&s->mpeg, p);
    } else if (p[3] == GROUP) {
        note_group(&s->mpeg);
    } else if (p[3] == PICTURE && n >= 6 && !s->unit.slice) {
        note_picture(s, p, end);
    }
}

/* Whether the unit that begins at p does not belong to the current picture. The second field of a
 * frame does. */
static bool begins_unit(struct trtc_ts_es *s, const uint8_t *p, const uint8_t *end)
{
    struct trtc_ts_mpeg *m = &s->mpeg;

    if (p[3] == PICTURE && m->structure != FRAME && !m->pair) {
        m->pair = structure_of(p, end) == (m->structure ^ 3);
        return !m->pair;
    }
    return p[3] == PICTURE || p[3] == SEQUENCE || p[3] == GROUP;
}

static int emit(const struct trtc_ts *ts, struct trtc_ts_es *s, size_t end, struct trtc_ts_frame *f)
{
    const struct trtc_ts_mpeg *m = &s->mpeg;
    const struct trtc_order order = { .known = m->known, .count = m->count };

    const struct trtc_ts_shown shown = { .order = order, .sps = m->known ? &m->params : NULL };

    return trtc_ts_picture_emit(ts, s, end, &shown, f);
}

int trtc_ts_mpeg_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    const bool final = s->why == WHY_FINAL;

    while (s->scan < s->size) {
        const uint8_t *end = s->buf + s->size, *code = trtc_annexb_find(s->buf + s->scan, end);
        const size_t at = (size_t)(code - s->buf);

        if (code == end) {
            if (s->size >= 2 && s->size - 2 > s->scan)
                s->scan = s->size - 2;
            break;
        }
        s->scan = at;
        if (!final && s->size - at < BYTES_TO_JUDGE)
            break;
        if (s->size - at < 4) {
            s->scan = s->size;
            break;
        }
        if (!s->unit.begun && (code[3] == PICTURE || code[3] == SEQUENCE || code[3] == GROUP)) {
            trtc_ts_skip(ts, s, at);
            trtc_ts_unit_begin(s);
            s->unit.key = s->random_access;
            s->random_access = false; /* it refers to the first picture of the PES */
        } else if (s->unit.slice && begins_unit(s, code, end)) {
            return emit(ts, s, at, f);
        }
        if (s->unit.begun)
            note(s, code, end);
        s->scan = at + 4;
    }

    if (!s->unit.begun)
        trtc_ts_skip(ts, s, s->scan);
    if (!trtc_ts_scanned(s, SCAN_STEP, final))
        return 0;
    if (s->unit.begun && s->unit.slice)
        return emit(ts, s, s->size, f);
    trtc_ts_leave(ts, s);
    return 0;
}
