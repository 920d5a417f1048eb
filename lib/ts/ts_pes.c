/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: the packets of a stream and their PES. */
#include "ts/ts_priv.h"

#include <string.h>

#include "base/bytes.h"
#include "recording/clock.h"

#define PADDING_STREAM 0xbe
#define IDLE_90K       (3 * 90000) /* a picture of which nothing has come for so long, */
#define IDLE_PES       8           /* and that many PES of the other stream, is complete */

/* ---- PES packets ---- */

int64_t trtc_ts_pes_time(const uint8_t *p)
{
    if (!(p[0] & 1) || !(p[2] & 1) || !(p[4] & 1))
        return NOPTS;
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)p[1] << 22 | (int64_t)(p[2] >> 1) << 15 |
           (int64_t)p[3] << 7 | p[4] >> 1;
}

/* Returns the mark for another PES. The one in which an incomplete frame of sound began is kept:
 * no frame begins in those after it but the last. */
static struct trtc_ts_mark *next_mark(struct trtc_ts_es *s)
{
    const int64_t start = s->base + (int64_t)s->start;
    const bool waits = !s->info.video && s->size > s->start;

    if (waits && s->nb_marks >= NB_MARKS && s->mark[(s->nb_marks + 1) % NB_MARKS].at > start)
        s->nb_marks--;
    return &s->mark[s->nb_marks++ % NB_MARKS];
}

/* A PES of the other stream begins. The last picture before a pause, which states no length, is
 * complete when its stream is idle, not only when the next one comes: the camera may be off. */
static void end_idle(struct trtc_ts *ts, struct trtc_ts_es *s)
{
    const bool waits = s->unit.begun && s->unit.slice && s->why == WHY_NOT;

    if (s->left > 0 || !waits || ++s->nb_since < IDLE_PES ||
        trtc_ts_diff(ts->clock, s->came) < IDLE_90K)
        return;
    trtc_ts_call_last(ts, s, false);
}

/* Begins the payload, since the header is complete and not scrambled (2.4.3.6). False: the header
 * makes no sense. */
static bool pes_begin(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p)
{
    const unsigned length = (unsigned)p[4] << 8 | p[5];
    const unsigned header = p[8];
    struct trtc_ts_mark m = {
        .at = s->base + (int64_t)s->size, .pts = NOPTS, .dts = NOPTS, .pos = s->pes_pos
    };

    if ((p[6] & 0xc0) != 0x80 || (length && length < 3 + header))
        return false;
    if (p[7] & 0x80 && header >= 5)
        m.pts = trtc_ts_pes_time(p + 9);
    if ((p[7] & 0xc0) == 0xc0 && header >= 10 && m.pts != NOPTS)
        m.dts = trtc_ts_pes_time(p + 14);
    if (m.pts != NOPTS)
        ts->clock = m.dts != NOPTS ? m.dts : m.pts;
    if (!s->info.video)
        end_idle(ts, &ts->es[TRTC_AT_VIDEO]);

    s->left = length ? (int64_t)length - 3 - header : -1;
    *next_mark(s) = m;
    s->pes = PES_BODY;
    if (s->wake > s->size + 4)
        s->wake = s->size + 4; /* enough for annexb_mark */
    return true;
}

/* Whether frames are found by their content, not by where PES end. */
static bool has_own_ends(const struct trtc_ts_es *s)
{
    const enum trtc_codec c = s->info.codec;

    return c == TRTC_CODEC_H264 || c == TRTC_CODEC_H265 || s->mpeg_video ||
           (s->parser && !s->plain);
}

static bool is_padding(const uint8_t *p, size_t n)
{
    return trtc_are_all(p, n, 0) || trtc_are_all(p, n, 0xff);
}

/* Takes bytes after the stated length of a PES, which some muxers state too small. */
static int pes_over(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n)
{
    if (!has_own_ends(s)) {
        trtc_ts_count_bad(ts, s, n);
        return 0;
    }
    s->over += (int64_t)n;
    return trtc_ts_append(ts, s, p, n);
}

/* Other muxers fill the last packet with such bytes, not with an adaptation field. */
static int pes_end(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *rest, size_t n)
{
    s->pes = PES_OVER;
    s->over = 0;
    trtc_ts_call_framer(ts, s, WHY_PES);
    if (s->misstated || !is_padding(rest, n))
        return pes_over(ts, s, rest, n);
    s->count.idle += (int64_t)n;
    return 0;
}

static int pes_body(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n)
{
    s->count.bytes += (int64_t)n;
    if (s->left < 0)
        return trtc_ts_append(ts, s, p, n);
    const size_t own = (int64_t)n > s->left ? (size_t)s->left : n;
    const int ret = trtc_ts_append(ts, s, p, own);
    s->left -= (int64_t)own;
    return ret < 0 || s->left > 0 ? ret : pes_end(ts, s, p + own, n - own);
}

/* Lengths can be wrong by a header, or by a multiple of what 16 bits hold. Lost packets that the
 * counter does not show are at least 16, with far more bytes than a header. */
bool trtc_ts_close_pes(struct trtc_ts_es *s, bool last)
{
    enum { HEADER_MOST = 32 };
    const bool over = s->pes == PES_OVER && s->over > 0;
    const int64_t off = over ? s->over : s->pes == PES_BODY && s->left > 0 ? s->left : 0;
    const bool ends = s->stuffed && (over || !last);
    const bool wraps = over && off > HEADER_MOST && (off + HEADER_MOST) % 65536 <= 2 * HEADER_MOST;
    const bool plausible = wraps || (off <= HEADER_MOST && (ends || s->misstated));

    s->misstated |= off > 0 && plausible;
    return off > 0 && !plausible;
}

static int pes_data(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n);

/* Returns the stream_id_extension of a complete header (2.4.3.7); -1: it has none. */
static int pes_extension(const uint8_t *h)
{
    static const struct {
        uint8_t flag, bytes;
    } before[] = { { 0x80, 5 }, { 0x40, 5 }, { 0x20, 6 }, { 0x10, 3 },
                   { 0x08, 1 }, { 0x04, 1 }, { 0x02, 2 } },
      within[] = { { 0x80, 16 }, { 0x20, 2 }, { 0x10, 2 } };
    size_t at = 9;
    const size_t end = at + h[8];

    for (size_t i = 0; i < sizeof before / sizeof *before; i++)
        at += h[7] & before[i].flag ? before[i].bytes : 0;
    if (!(h[7] & 0x01) || at >= end)
        return -1;
    const uint8_t flags = h[at++];
    for (size_t i = 0; i < sizeof within / sizeof *within; i++)
        at += flags & within[i].flag ? within[i].bytes : 0;
    if (!(flags & 0x01) || flags & 0x40 || at + 1 >= end || h[at + 1] & 0x80)
        return -1;
    return h[at + 1];
}

/* Whether it is the AC-3 that Blu-ray discs have in the PID of a TrueHD stream: the same sound for
 * simpler players. */
static bool is_core(const struct trtc_ts_es *s, const uint8_t *h)
{
    return h[3] == 0xfd && strcmp(s->info.codec_name, "truehd") == 0 && pes_extension(h) == 0x76;
}

/* Continues a PES header, which may be spread over packets but is mostly in one. */
static int pes_header(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n)
{
    size_t want = s->nb_header < 9 ? 9 : 9u + s->header[8];

    while (s->nb_header < want) {
        const size_t take = want - s->nb_header < n ? want - s->nb_header : n;

        memcpy(s->header + s->nb_header, p, take);
        s->nb_header += take;
        p += take;
        n -= take;
        if (s->nb_header < want)
            return 0;
        want = 9u + s->header[8];
    }

    /* Whether a stream has such a header: padding, private data 2 and the tables before them
     * have none. */
    const uint8_t *h = s->header;
    const bool prefix = !h[0] && !h[1] && h[2] == 1;
    const bool known = prefix && h[3] >= 0xbd && h[3] != PADDING_STREAM && h[3] != 0xbf;
    if (prefix && (h[3] == PADDING_STREAM || (known && is_core(s, h)))) {
        s->pes = PES_PADDING;
        return pes_data(ts, s, p, n);
    }
    if (known && (h[6] & 0xc0) == 0x80 && h[6] & 0x30) {
        ts->stats.scrambled = true;
        s->pes = PES_SCRAMBLED;
        return pes_data(ts, s, p, n);
    }
    if (!known || !pes_begin(ts, s, h)) {
        s->pes = PES_NONE;
        s->count.bytes += (int64_t)n;
        trtc_ts_count_bad(ts, s, n);
        return 0;
    }
    return pes_body(ts, s, p, n);
}

static int pes_data(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, size_t n)
{
    switch (s->pes) {
    case PES_HEADER:
        return pes_header(ts, s, p, n);
    case PES_BODY:
        return pes_body(ts, s, p, n);
    case PES_OVER:
        s->count.bytes += (int64_t)n;
        return pes_over(ts, s, p, n);
    case PES_SCRAMBLED:
        s->count.scrambled++;
        /* fall through */
    case PES_PADDING:
        s->count.bytes += (int64_t)n;
        s->count.idle += (int64_t)n;
        return 0;
    default:
        s->count.bytes += (int64_t)n;
        trtc_ts_count_bad(ts, s, n);
        return 0;
    }
}

/* ---- transport packets of a stream ---- */

struct adaptation {
    size_t off; /* of the payload */
    bool jump;  /* discontinuity_indicator: the counter may restart */
    bool random_access;
    bool stuffed; /* stuffing bytes after its fields */
    const uint8_t *pcr;
};

static int64_t pcr_time(const uint8_t *p)
{
    return (int64_t)p[0] << 25 | (int64_t)p[1] << 17 | (int64_t)p[2] << 9 | (int64_t)p[3] << 1 |
           p[4] >> 7;
}

/* ISO/IEC 13818-1, 2.4.3.4. Returns -1 if the lengths are impossible. */
static int adaptation_read(const uint8_t *p, struct adaptation *a)
{
    *a = (struct adaptation){ .off = 4 };
    if (!(p[3] & 0x20))
        return 0;

    const size_t len = p[4];
    if (len > PACKET - 5)
        return -1;
    a->off = 5 + len;
    if (len == 0) {
        a->stuffed = true;
        return 0;
    }

    const uint8_t flags = p[5];
    size_t used = 1 + (flags & 0x10 ? 6 : 0) + (flags & 0x08 ? 6 : 0) + (flags & 0x04 ? 1 : 0);
    if (flags & 0x02 && used < len) /* private data */
        used += 1u + p[5 + used];
    if (flags & 0x01 && used < len) /* extension */
        used += 1u + p[5 + used];
    a->pcr = flags & 0x10 && len >= 7 ? p + 6 : NULL;
    a->jump = flags & 0x80;
    a->random_access = flags & 0x40;
    a->stuffed = used < len;
    return 0;
}

/* Ends the unit to which an unusable packet belongs. */
static void es_unusable(struct trtc_ts_es *s, const uint8_t *p)
{
    const uint8_t cc = p[3] & 15;

    if (p[3] & 0x10 && s->cc != CC_NONE && cc == ((s->cc + 1) & 15))
        s->cc = cc; /* it is bad but not lost */
    s->gap = true;
}

/* Handles the first packet of a segment. If it may continue another one, the counters show whether
 * a PES continues; if a PES begins, they may have been restarted, and show nothing. */
static void es_seam(struct trtc_ts *ts, struct trtc_ts_es *s, uint8_t cc, bool unit_start)
{
    const bool goes_on = cc == ((s->cc + 1) & 15);

    s->seam = false;
    ts->stats.headless |= !unit_start;
    if (!s->continued || s->cc == CC_NONE || (goes_on && !unit_start))
        return;
    s->cut = !unit_start;
    s->gap |= s->cut;
    s->cc = CC_NONE;
}

/* Whether the packet is a repetition of the last one. */
static bool is_repetition(const struct trtc_ts_es *s, const uint8_t *p, size_t size)
{
    uint64_t tail;

    memcpy(&tail, p + PACKET - sizeof tail, sizeof tail);
    return (p[3] & 15) == s->cc && !s->repeated && s->last.size == size && s->last.tail == tail &&
           s->last.unit_start == !!(p[1] & 0x40);
}

/* Whether another file begins here, after a complete PES: its counter and those of its tables are
 * 0. Then nothing is missing. */
static bool begins_file(const struct trtc_ts *ts, const struct trtc_ts_es *s, const uint8_t *p)
{
    return (p[3] & 15) == 0 && p[1] & 0x40 && s->files != ts->files &&
           (s->pes != PES_BODY || (s->left < 0 && s->stuffed));
}

/* Checks the continuity counter of a packet with payload (2.4.3.3). False for a repetition. */
static bool es_continuity(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p,
                          const struct adaptation *a)
{
    const uint8_t cc = p[3] & 15;
    const bool unit_start = p[1] & 0x40;
    const size_t size = PACKET - a->off;

    /* A packet that begins a PES in the next segment is no repetition, even if it looks like
     * one. */
    if (s->seam && (unit_start || !is_repetition(s, p, size)))
        es_seam(ts, s, cc, unit_start);
    const bool goes_on = s->cc != CC_NONE && cc == ((s->cc + 1) & 15);
    if (goes_on && cc != 0 && s->files != ts->files) {
        ts->tables_stand = true;
        ts->es[TRTC_AT_AUDIO].files = ts->es[TRTC_AT_VIDEO].files = ts->files;
    }
    if (s->cc != CC_NONE && !goes_on && is_repetition(s, p, size)) {
        s->repeated = true;
        return false;
    }
    if (s->cc != CC_NONE && !goes_on && !a->jump && !begins_file(ts, s, p)) {
        ts->stats.nb_lost += (cc - s->cc - 1) & 15;
        s->count.lost += (cc - s->cc - 1) & 15;
        s->gap = true;
    }
    s->first = s->first == CC_NONE ? cc : s->first;
    s->files = ts->files;
    s->came = ts->clock;
    s->nb_since = 0;
    s->cc = cc;
    s->repeated = false;
    s->last.size = size;
    memcpy(&s->last.tail, p + PACKET - sizeof s->last.tail, sizeof s->last.tail);
    s->last.unit_start = unit_start;
    return true;
}

/* again: the packet was held back, and the framer has run. */
int trtc_ts_es_packet(struct trtc_ts *ts, struct trtc_ts_es *s, const uint8_t *p, bool again)
{
    const bool unit_start = p[1] & 0x40;
    struct adaptation a;

    s->count.packets += !again && p[3] & 0x10;
    if (p[1] & 0x80 || adaptation_read(p, &a) < 0) {
        ts->stats.nb_bad += PACKET;
        es_unusable(s, p);
        return 0;
    }
    if (p[3] & 0xc0) {
        ts->stats.scrambled = true;
        s->count.scrambled += !again && p[3] & 0x10;
        es_unusable(s, p);
        return 0;
    }
    if (a.pcr)
        ts->clock = pcr_time(a.pcr);
    if (!(p[3] & 0x10)) {
        if (a.jump)
            s->cc = CC_NONE;
        return 0;
    }
    if (!again) {
        if (!es_continuity(ts, s, p, &a))
            return 0;
        if (unit_start || s->gap) {
            const bool whole = s->stuffed && (unit_start || s->cut);
            if ((s->pes == PES_BODY && s->gap && !whole) ||
                (unit_start && trtc_ts_close_pes(s, false)))
                s->torn = true;
            ts->held = p;
            trtc_ts_call_framer(ts, s, unit_start ? WHY_PES : WHY_GAP);
            return 0;
        }
    }

    if (s->gap) {
        s->left = -1; /* not known any more */
        if (s->pes == PES_HEADER || s->pes == PES_OVER || s->stuffed || s->cut)
            s->pes = PES_NONE; /* the beginning of this PES is lost */
    }
    s->gap = s->cut = false;
    s->stuffed = a.stuffed;
    if (unit_start) {
        s->pes = PES_HEADER;
        s->nb_header = 0;
        s->pes_pos = ts->packet_pos;
        s->random_access = a.random_access;
    }
    return pes_data(ts, s, p + a.off, PACKET - a.off);
}

void trtc_ts_counts(const struct trtc_ts *ts, struct trtc_ts_counts *c)
{
    c->fresh = true;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        c->last[k] = ts->es[k].cc;
        c->first[k] = ts->es[k].first;
        c->fresh &= c->first[k] == CC_NONE || c->first[k] == 0;
    }
}

bool trtc_ts_counts_go_on(const struct trtc_ts_counts *c, const struct trtc_ts_counts *next)
{
    bool any = false;

    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        if (c->last[k] == CC_NONE ||
            next->first[k] == CC_NONE) /* its stream may pause for longer */
            continue;
        if (next->first[k] != ((c->last[k] + 1) & 15))
            return false;
        any = true;
    }
    return any;
}

bool trtc_ts_ends_open(const struct trtc_ts *ts)
{
    const struct trtc_ts_es *s = &ts->es[TRTC_AT_VIDEO];

    return s->on && s->cc != CC_NONE && s->left < 0 && !s->stuffed;
}

bool trtc_ts_goes_on(const struct trtc_ts *ts, const struct trtc_ts *next)
{
    struct trtc_ts_counts here, there;

    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const struct trtc_ts_es *s = &ts->es[k];
        if (s->cc != CC_NONE && next->es[k].first != CC_NONE && s->left != 0 && !s->stuffed)
            return false;
    }
    trtc_ts_counts(ts, &here);
    trtc_ts_counts(next, &there);
    return trtc_ts_counts_go_on(&here, &there);
}
