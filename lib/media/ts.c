/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer and framer; see ts.h.
 *
 * Bytes flow in one direction: next_packet() finds packets in what was fed, route() looks their PID up, es_packet()
 * checks continuity and takes the PES apart, append() copies the payload to the stream's buffer, and the framer of the
 * stream (annexb_frame, adts_frame, opus_frame, pes_frame) cuts frames out of the buffer in place. A packet that changes
 * the state of a stream (a PES begins, packets are missing) is held back until the framer has handed out all that
 * was complete before it. */
#include "media/ts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/psi.h"

#define PACKET TRTC_TS_PACKET
#define NOPTS TRTC_TS_NOPTS
#define SYNC 0x47
#define NB_PIDS 8192
#define NULL_PID 0x1fff
#define NB_PROGRAMS 16        /* programs of a PAT that are looked at */
#define CC_NONE 0xff          /* no packet seen yet */
#define NB_MARKS 16           /* PES packets that the beginning of a frame may lie back when it is understood */

/* Sync bytes that must follow, a packet apart, where sync is looked for: a file that is none of ours has some by chance. */
#define CONFIRM_FIRST 3
#define CONFIRM_AGAIN 2
#define LOOK ((CONFIRM_FIRST + 1) * PACKET)

#define PES_HEADER_MAX (9 + 255)
#define BUFFER_START (64 * 1024)
#define SCAN_STEP (1024 * 1024) /* a PES of any length is searched for pictures at least this often */

/* What a PID carries: the streams, then the tables. */
enum { PID_NONE, PID_VIDEO, PID_AUDIO, PID_PAT, PID_PMT };
enum { VIDEO, AUDIO, NB_ES };

/* Why a framer is called. */
enum why {
    WHY_NOT,
    WHY_MORE,                 /* enough bytes came to go on */
    WHY_GAP,                  /* packets are missing behind what is in the buffer */
    WHY_PES,                  /* the PES in the buffer is complete, or the next one begins */
    WHY_FINAL,                /* nothing follows */
};

/* Where a PES began. PTS and DTS belong to the first frame that begins in it (2.4.3.7). */
struct mark {
    int64_t at;               /* first payload byte, counted as in struct es */
    int64_t pts, dts;
    int64_t pos;              /* of its packet, in the segment */
    bool used;                /* a frame has taken the times */
};

/* The frame in the making. */
struct unit {
    bool begun;
    int64_t pts, dts, pos;
    bool key, damaged;
    bool aud;                 /* it has an access unit delimiter */
    bool slice;               /* it has picture data */
    size_t sei;               /* offset of an SEI unit not looked at yet, or 0 */
};

struct es {
    struct trtc_ts_stream info;
    bool on;
    struct trtc_ts_stream next; /* replaces info as soon as the buffer is empty */
    bool next_on, change;

    /* packets */
    uint8_t cc;               /* of the last packet with payload, or CC_NONE */
    bool repeated;            /* that packet has come twice */
    bool stuffed;             /* it had stuffing, as the last one of a PES has */
    struct { size_t size; uint64_t tail; bool unit_start; } last; /* to know a repetition by */
    bool gap;                 /* packets are missing behind it */
    bool torn;                /* the unit in hand is not complete */

    /* PES */
    enum { PES_NONE, PES_HEADER, PES_BODY } pes;
    uint8_t header[PES_HEADER_MAX];
    size_t nb_header;
    int64_t pes_pos;
    int64_t left;             /* payload bytes to come, or -1: as many as there are */
    bool random_access;
    struct mark mark[NB_MARKS]; /* of the last PES packets: number n is mark[n % NB_MARKS] */
    unsigned nb_marks;
    bool mark_new;            /* the last one was not looked at by annexb_frame */

    /* bytes: buf[start..size) are not handed out, buf[0] is byte base of the stream */
    uint8_t *buf;
    size_t cap, start, size;
    int64_t base;
    size_t scan;              /* no start code begins in [start..scan) that was not seen */
    size_t wake;              /* the framer wants to be called at this size */
    enum why why;
    struct unit unit;

    /* sound */
    bool in_sync;             /* an ADTS frame ended at start */
    bool skipped;             /* bytes are missing in front of the next one */
    int64_t clock_pts;        /* time of a frame, or NOPTS, */
    int64_t clock_samples;    /* and samples since then */
    int clock_rate_hz;
};

struct trtc_ts {
    unsigned want;
    struct trtc_ts_stats stats;

    /* input */
    const uint8_t *in_begin, *in, *in_end;
    int64_t pos;              /* of the next byte not used, in the segment */
    int64_t packet_pos;
    uint8_t carry[LOOK];      /* bytes that wait for more to come */
    size_t nb_carry;
    uint8_t packet[PACKET];
    bool synced, ever_synced;
    bool ended, finished;
    const uint8_t *held;      /* packet to be looked at again */
    struct es *recent;        /* stream of the packet before */

    /* tables */
    uint8_t pid[NB_PIDS];
    struct program {
        int pid;
        uint8_t cc;
        uint32_t crc;         /* of the section last used */
        bool known;           /* crc is set */
        struct trtc_psi psi;
    } pat, program[NB_PROGRAMS];
    int nb_programs;
    int locked;               /* program in use, or -1 */

    bool busy;                /* a framer is to be called */
    struct es es[NB_ES];
};

/* ---- choosing streams ---- */

/* ISO/IEC 13818-1 table 2-34 and registered private values. */
static const struct stream_type {
    uint8_t type;
    bool video;
    enum trtc_codec codec;
    const char *name;
} stream_types[] = {
    {0x01, true, TRTC_CODEC_OTHER, "mpeg1video"}, {0x02, true, TRTC_CODEC_OTHER, "mpeg2video"},
    {0x03, false, TRTC_CODEC_OTHER, "mp3"},       {0x04, false, TRTC_CODEC_OTHER, "mp3"},
    {0x0f, false, TRTC_CODEC_AAC, "aac"},         {0x10, true, TRTC_CODEC_OTHER, "mpeg4"},
    {0x11, false, TRTC_CODEC_OTHER, "aac_latm"},  {0x1b, true, TRTC_CODEC_H264, "h264"},
    {0x24, true, TRTC_CODEC_H265, "hevc"},        {0x33, true, TRTC_CODEC_OTHER, "vvc"},
    {0x42, true, TRTC_CODEC_OTHER, "cavs"},       {0x81, false, TRTC_CODEC_OTHER, "ac3"},
    {0x87, false, TRTC_CODEC_OTHER, "eac3"},      {0xd1, true, TRTC_CODEC_OTHER, "dirac"},
    {0xea, true, TRTC_CODEC_OTHER, "vc1"},
};

/* Registration descriptors' format identifiers (SMPTE registration authority), for private stream types. */
static const struct registration {
    char id[5];
    bool video;
    enum trtc_codec codec;
    const char *name;
} registrations[] = {
    {"HEVC", true, TRTC_CODEC_H265, "hevc"},   {"AV01", true, TRTC_CODEC_OTHER, "av1"},
    {"VC-1", true, TRTC_CODEC_OTHER, "vc1"},   {"Opus", false, TRTC_CODEC_OTHER, "opus"},
    {"AC-3", false, TRTC_CODEC_OTHER, "ac3"},  {"EAC3", false, TRTC_CODEC_OTHER, "eac3"},
    {"DTS1", false, TRTC_CODEC_OTHER, "dts"},  {"DTS2", false, TRTC_CODEC_OTHER, "dts"},
    {"DTS3", false, TRTC_CODEC_OTHER, "dts"},  {"BSSD", false, TRTC_CODEC_OTHER, "s302m"},
};

static void describe(struct trtc_ts_stream *out, bool video, enum trtc_codec codec, const char *name)
{
    out->video = video;
    out->codec = codec;
    memset(out->codec_name, 0, sizeof out->codec_name);
    memcpy(out->codec_name, name, strlen(name));
}

/* A private stream type (0x06, or 0x80 and up) by its descriptors. */
static bool describe_private(const struct trtc_pmt_entry *e, struct trtc_ts_stream *out)
{
    for (size_t i = 0; i + 2 <= e->desc_size && e->desc[i + 1] <= e->desc_size - i - 2; i += 2u + e->desc[i + 1]) {
        const uint8_t *body = e->desc + i + 2;

        switch (e->desc[i]) {
        case 0x05: /* registration */
            if (e->desc[i + 1] < 4)
                break;
            for (size_t k = 0; k < sizeof registrations / sizeof *registrations; k++) {
                const struct registration *r = &registrations[k];
                if (memcmp(body, r->id, 4) == 0) {
                    describe(out, r->video, r->codec, r->name);
                    return true;
                }
            }
            break;
        case 0x6a: /* ETSI EN 300 468, 6.1 and annex D */
            describe(out, false, TRTC_CODEC_OTHER, "ac3");
            return true;
        case 0x7a:
            describe(out, false, TRTC_CODEC_OTHER, "eac3");
            return true;
        case 0x7b:
            describe(out, false, TRTC_CODEC_OTHER, "dts");
            return true;
        }
    }
    return false;
}

/* False where the entry is neither sound nor pictures, or nothing we know. */
static bool describe_entry(const struct trtc_pmt_entry *e, struct trtc_ts_stream *out)
{
    *out = (struct trtc_ts_stream){.pid = e->pid, .stream_type = e->stream_type};
    for (size_t i = 0; i < sizeof stream_types / sizeof *stream_types; i++) {
        const struct stream_type *t = &stream_types[i];
        if (t->type == e->stream_type) {
            describe(out, t->video, t->codec, t->name);
            return true;
        }
    }
    return (e->stream_type == 0x06 || e->stream_type >= 0x80) && describe_private(e, out);
}

static bool same_stream(const struct trtc_ts_stream *a, const struct trtc_ts_stream *b)
{
    return a->pid == b->pid && a->stream_type == b->stream_type && strcmp(a->codec_name, b->codec_name) == 0;
}

/* ---- tables ---- */

static void call_framer(struct trtc_ts *ts, struct es *s, enum why why)
{
    if (why > s->why)
        s->why = why;
    ts->busy = true;
}

/* Has the framer hand out all there is. cut: input ends in the middle of a packet. */
static void call_last(struct trtc_ts *ts, struct es *s, bool cut)
{
    /* A PES of no declared length may well be complete where its last packet had stuffing. */
    if (s->pes == PES_BODY && (s->left > 0 || s->gap || (cut && !s->stuffed)))
        s->torn = true;
    call_framer(ts, s, WHY_FINAL);
}

static void use_pmt(struct trtc_ts *ts, int slot, const uint8_t *section, size_t size)
{
    struct trtc_ts_stream found[NB_ES], stream;
    bool have[NB_ES] = {false}, kept[NB_ES] = {false};
    struct trtc_pmt_entry e;
    size_t pos = 0;

    while (trtc_pmt_next(section, size, &pos, &e)) {
        const bool is_table = ts->pid[e.pid] >= PID_PAT || e.pid < 0x10 || e.pid == NULL_PID;
        if (is_table || !describe_entry(&e, &stream))
            continue;

        const int k = stream.video ? VIDEO : AUDIO;
        if (!(ts->want & (stream.video ? TRTC_TS_VIDEO : TRTC_TS_AUDIO)) || kept[k])
            continue;
        /* A stream in use stays in use, also where another one now stands in front of it. */
        kept[k] = ts->es[k].on && same_stream(&stream, &ts->es[k].info);
        if (!have[k] || kept[k])
            found[k] = stream;
        have[k] = true;
    }
    if (!have[VIDEO] && !have[AUDIO] && ts->locked != slot)
        return;

    ts->locked = have[VIDEO] || have[AUDIO] ? slot : -1;
    for (int k = 0; k < NB_ES; k++) {
        struct es *s = &ts->es[k];
        s->change = have[k] ? !kept[k] : s->on;
        if (!s->change)
            continue;
        if (have[k])
            s->next = found[k];
        s->next_on = have[k];
        call_last(ts, s, false);
    }
}

static void use_pat(struct trtc_ts *ts, const uint8_t *section, size_t size)
{
    const int locked_pid = ts->locked >= 0 ? ts->program[ts->locked].pid : -1;
    size_t pos = 0;
    int pid;

    for (int i = 0; i < ts->nb_programs; i++)
        ts->pid[ts->program[i].pid] = PID_NONE;
    ts->nb_programs = 0;
    ts->locked = -1;
    while (ts->nb_programs < NB_PROGRAMS && trtc_pat_next(section, size, &pos, &pid)) {
        if (pid < 0x10 || pid == NULL_PID || ts->pid[pid] >= PID_PAT)
            continue;

        struct program *p = &ts->program[ts->nb_programs];
        p->pid = pid;
        p->cc = CC_NONE;
        p->known = false;
        trtc_psi_drop(&p->psi);
        ts->pid[pid] = (uint8_t)(PID_PMT + ts->nb_programs);
        if (pid == locked_pid)
            ts->locked = ts->nb_programs;
        ts->nb_programs++;
    }
}

static void psi_packet(struct trtc_ts *ts, struct program *g, int slot, const uint8_t *p)
{
    const uint8_t cc = p[3] & 15;
    const bool unit_start = p[1] & 0x40;
    size_t off = 4, size;
    const uint8_t *section;

    if (p[1] & 0x80) {
        ts->stats.nb_bad += PACKET;
        trtc_psi_drop(&g->psi);
        return;
    }
    if (p[3] & 0xc0 || !(p[3] & 0x10))
        return;
    if (p[3] & 0x20)
        off += 1u + p[4];
    if (off > PACKET)
        return;

    /* A counter that stands still is a repetition, or a simple muxer: a section that starts is read again either way. */
    if (g->cc != CC_NONE && cc != g->cc && cc != ((g->cc + 1) & 15)) {
        ts->stats.nb_lost += (cc - g->cc - 1) & 15;
        trtc_psi_drop(&g->psi);
    } else if (cc == g->cc && !unit_start) {
        return;
    }
    g->cc = cc;

    trtc_psi_push(&g->psi, p + off, PACKET - off, unit_start);
    while ((section = trtc_psi_next(&g->psi, &size))) {
        const uint32_t crc = trtc_psi_crc(section, size);
        const int table = slot < 0 ? TRTC_PSI_PAT : TRTC_PSI_PMT;

        /* A PAT goes on in further sections behind its first 253 programs, of which we read fewer. */
        if (trtc_psi_table_id(section) != table || trtc_psi_number(section) != 0 || (g->known && g->crc == crc))
            continue;
        g->known = true;
        g->crc = crc;
        if (slot < 0) {
            use_pat(ts, section, size);
        } else if (ts->locked < 0 || ts->locked == slot) {
            use_pmt(ts, slot, section, size);
        } else {
            g->known = false; /* to be read when the program in use goes away */
        }
    }
}

/* ---- the buffer of a stream ---- */

/* Forgets what is in the buffer. */
static void discard(struct trtc_ts *ts, struct es *s)
{
    ts->stats.nb_bad += (int64_t)(s->size - s->start);
    s->base += (int64_t)s->size;
    s->start = s->size = s->scan = 0;
    s->mark_new = false;
    s->unit = (struct unit){0};
}

static int grow(struct trtc_ts *ts, struct es *s, size_t n)
{
    size_t cap = s->cap ? s->cap : BUFFER_START;

    if (s->size - s->start + n > TRTC_TS_FRAME_MAX) {
        ts->stats.nb_bad += (int64_t)n;
        discard(ts, s);
        s->pes = PES_NONE;
        return 0;
    }
    while (cap < s->size + n)
        cap *= 2;

    uint8_t *buf = realloc(s->buf, cap);
    if (!buf) {
        discard(ts, s);
        s->pes = PES_NONE;
        return -1;
    }
    s->buf = buf;
    s->cap = cap;
    return 1;
}

static int append(struct trtc_ts *ts, struct es *s, const uint8_t *p, size_t n)
{
    if (s->size + n > s->cap) {
        const int r = grow(ts, s, n);
        if (r <= 0)
            return r;
    }
    memcpy(s->buf + s->size, p, n);
    s->size += n;
    if (s->size >= s->wake)
        call_framer(ts, s, WHY_MORE);
    return 0;
}

/* Moves what is left in the buffer to its front. */
static void compact(struct es *s)
{
    if (s->start == 0)
        return;
    memmove(s->buf, s->buf + s->start, s->size - s->start);
    s->base += (int64_t)s->start;
    s->size -= s->start;
    s->scan = s->scan > s->start ? s->scan - s->start : 0;
    s->wake = s->wake > s->start ? s->wake - s->start : 0;
    s->unit.sei = s->unit.sei > s->start ? s->unit.sei - s->start : 0;
    s->start = 0;
}

/* The PES in which byte at of the buffer stands; NULL where that is forgotten. */
static struct mark *mark_of(struct es *s, size_t at)
{
    const int64_t byte = s->base + (int64_t)at;

    for (unsigned i = 1; i <= NB_MARKS && i <= s->nb_marks; i++) {
        struct mark *m = &s->mark[(s->nb_marks - i) % NB_MARKS];
        if (m->at <= byte)
            return m;
    }
    return NULL;
}

/* A unit begins at start, with the times of its PES if it is the first one there. */
static void unit_begin(struct es *s)
{
    struct mark *m = mark_of(s, s->start);

    s->unit = (struct unit){.begun = true, .pts = NOPTS, .dts = NOPTS};
    if (!m)
        return;
    s->unit.pos = m->pos;
    if (!m->used) {
        s->unit.pts = m->pts;
        s->unit.dts = m->dts;
        m->used = true;
    }
}

/* The unit is what stands before end. */
static int unit_emit(struct es *s, size_t end, struct trtc_ts_frame *f)
{
    *f = (struct trtc_ts_frame){
        .stream = &s->info,
        .data = s->buf + s->start,
        .size = end - s->start,
        .pts_90k = s->unit.pts,
        .dts_90k = s->unit.dts,
        .key = s->unit.key,
        .damaged = s->unit.damaged,
        .pos = s->unit.pos,
    };
    s->start = end;
    s->unit = (struct unit){0};
    return 1;
}

/* ---- H.264 and H.265 ---- */

static bool is_start_code(const uint8_t *p, size_t n)
{
    return (n >= 3 && !p[0] && !p[1] && p[2] == 1) || (n >= 4 && !p[0] && !p[1] && !p[2] && p[3] == 1);
}

/* True if the NAL unit at p begins another access unit, the one in hand having picture data (H.264 7.4.1.2.3, H.265
 * 7.4.2.4.4). Where access units have delimiters these alone count: units between the slices of a picture that
 * should not be there, redundant slices and second fields then do no harm. */
static bool begins_unit(const struct es *s, enum trtc_nal kind, const uint8_t *p)
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

/* A PES has begun. Begun with a start code and with a time of its own it begins an access unit, whatever the
 * NAL units say: the delimiter may be what was lost. */
static int annexb_mark(struct trtc_ts *ts, struct es *s, struct trtc_ts_frame *f)
{
    struct mark *m = &s->mark[(s->nb_marks - 1) % NB_MARKS];
    const size_t at = (size_t)(m->at - s->base);

    s->mark_new = false;
    if (!s->unit.begun || m->pts == NOPTS || !is_start_code(s->buf + at, s->size - at))
        return 0;

    if (!s->unit.slice && s->unit.damaged) {
        ts->stats.nb_bad += (int64_t)(at - s->start);
        s->start = s->scan = at;
        s->unit = (struct unit){0};
    } else if (!s->unit.slice) {
        /* Parameter sets in a PES of their own: they go with the picture. */
        s->unit.pts = m->pts;
        s->unit.dts = m->dts;
        s->unit.pos = m->pos;
        m->used = true;
    } else if (s->unit.pts != m->pts) {
        s->scan = at;
        return unit_emit(s, at, f);
    }
    return 0;
}

/* Takes note of a NAL unit of the access unit in hand; at is its first byte. */
static void annexb_note(struct es *s, enum trtc_nal kind, size_t at)
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

/* All payload is searched once for start codes, at the speed of memchr, and nothing else is looked at but the first bytes
 * of NAL units: so every access unit is found, however they are spread over PES packets. */
static int annexb_frame(struct trtc_ts *ts, struct es *s, struct trtc_ts_frame *f)
{
    const bool final = s->why == WHY_FINAL;
    const size_t need = s->info.codec == TRTC_CODEC_H264 ? 2 : 3; /* bytes that tell what a NAL unit is */

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
            s->scan = s->size; /* a NAL unit of a byte or two at the very end: nothing to know from it */
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
            ts->stats.nb_bad += (int64_t)(first - s->start);
            s->start = first;
            unit_begin(s);
        } else if (s->unit.slice && begins_unit(s, kind, code + 3)) {
            return unit_emit(s, first, f);
        }
        annexb_note(s, kind, at + 3);
        s->scan = at + 3;
    }

    if (!s->unit.begun && s->scan > s->start + 1) {
        const size_t keep = s->scan - 1; /* there may be a zero_byte */
        ts->stats.nb_bad += (int64_t)(keep - s->start);
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
        return unit_emit(s, s->size, f);
    discard(ts, s);
    return 0;
}

/* ---- AAC ---- */

/* True if the n bytes at p, as far as they go, can begin an ADTS header. */
static bool adts_follows(const uint8_t *p, size_t n)
{
    return (n < 1 || p[0] == 0xff) && (n < 2 || (p[1] & 0xf6) == 0xf0);
}

static void clock_set(struct es *s, int64_t pts, int rate_hz)
{
    s->clock_pts = pts;
    s->clock_samples = 0;
    s->clock_rate_hz = rate_hz;
}

static int64_t clock_now(const struct es *s)
{
    if (s->clock_pts == NOPTS)
        return NOPTS;
    const int64_t ticks = (s->clock_samples * 90000 + s->clock_rate_hz / 2) / s->clock_rate_hz;
    return (s->clock_pts + ticks) & 0x1ffffffff;
}

static void sound_begin(struct es *s, int rate_hz)
{
    unit_begin(s);
    if (s->unit.pts != NOPTS)
        clock_set(s, s->unit.pts, rate_hz);
    else if (rate_hz != s->clock_rate_hz)
        clock_set(s, clock_now(s), rate_hz);
    s->unit.pts = s->unit.dts = clock_now(s);
    s->unit.key = true;
}

/* Passes n bytes that are no frame. Where a frame should have stood here, it is not known which of the PES the next
 * one is; bytes in front of a first frame are the rest of one that began before, and say nothing. */
static void adts_skip(struct trtc_ts *ts, struct es *s, size_t n)
{
    struct mark *m = mark_of(s, s->start);

    if (s->in_sync) {
        if (m)
            m->used = true;
        s->clock_pts = NOPTS;
    }
    s->in_sync = false;
    s->skipped = true;
    s->start += n;
    ts->stats.nb_bad += (int64_t)n;
}

static int adts_frame(struct trtc_ts *ts, struct es *s, struct trtc_ts_frame *f)
{
    const bool lossy = s->gap || s->torn; /* what comes next does not belong to what is here */
    const bool final = s->why == WHY_FINAL || lossy;

    while (s->start < s->size) {
        const uint8_t *p = s->buf + s->start;
        const size_t n = s->size - s->start;
        struct trtc_adts h;

        if (n < TRTC_ADTS_MIN && !final) {
            s->wake = s->start + TRTC_ADTS_MIN;
            return 0;
        }
        if (trtc_adts_parse(p, n, &h) == 0) {
            const size_t size = (size_t)h.frame_bytes;
            if (n < size + 2 && !final) {
                s->wake = s->start + size + 2;
                return 0;
            }
            const bool whole = n >= size;
            const bool sure = whole && adts_follows(p + size, n - size);
            if (whole && (sure || s->in_sync)) {
                sound_begin(s, h.rate_hz);
                s->unit.damaged = s->skipped || !sure;
                s->skipped = false;
                s->clock_samples += h.samples;
                s->in_sync = true;
                return unit_emit(s, s->start + size, f);
            }
        }
        const uint8_t *again = n > 1 ? memchr(p + 1, 0xff, n - 1) : NULL;
        adts_skip(ts, s, again ? (size_t)(again - p) : n);
    }
    if (lossy) {
        s->torn = false;
        s->skipped = true;
        s->in_sync = false;
        s->clock_pts = NOPTS;
    }
    s->wake = s->size + TRTC_ADTS_MIN;
    return 0;
}

/* ---- everything else: a PES is a frame ---- */

static int pes_frame(struct trtc_ts *ts, struct es *s, struct trtc_ts_frame *f)
{
    static const uint8_t sequence_header[4] = {0, 0, 1, 0xb3};

    (void)ts;
    s->wake = SIZE_MAX;
    if (s->size == s->start || s->why < WHY_PES) {
        s->unit.damaged |= s->torn;
        s->torn = false;
        return 0;
    }

    const bool damaged = s->unit.damaged || s->torn;
    unit_begin(s);
    s->torn = false;
    s->unit.damaged = damaged;
    s->unit.key = !s->info.video || s->random_access ||
                  (s->size - s->start >= 4 && memcmp(s->buf + s->start, sequence_header, 4) == 0);
    return unit_emit(s, s->size, f);
}

/* Samples (at 48 kHz) of an Opus packet, by its first two bytes (RFC 6716, 3.1); 0 where it is none. */
static int opus_samples(const uint8_t *p, size_t n)
{
    if (n < 1)
        return 0;

    const int config = p[0] >> 3;
    int samples;
    if (config < 12) /* SILK: 10, 20, 40, 60 ms */
        samples = (config & 3) == 3 ? 2880 : 480 << (config & 3);
    else if (config < 16) /* hybrid: 10, 20 ms */
        samples = 480 << (config & 1);
    else /* CELT: 2.5, 5, 10, 20 ms */
        samples = 120 << (config & 3);
    switch (p[0] & 3) {
    case 0:
        return samples;
    case 1:
    case 2:
        return samples * 2;
    default:
        return n < 2 ? 0 : samples * (p[1] & 63);
    }
}

/* Reads the control header of an Opus access unit in TS (ETSI TS 103 491-style mapping as of "Opus in MPEG-TS", 4): returns
 * its size, and that of the packet behind it; 0 where it is none. */
static size_t opus_control(const uint8_t *p, size_t n, size_t *packet)
{
    size_t at = 2, size = 0;

    if (n < 3 || p[0] != 0x7f || (p[1] & 0xe0) != 0xe0)
        return 0;
    do {
        if (at == n)
            return 0;
        size += p[at];
    } while (p[at++] == 255);
    if (p[1] & 0x10) /* start trim */
        at += 2;
    if (p[1] & 0x08) /* end trim */
        at += 2;
    if (p[1] & 0x04) { /* extension */
        if (at >= n)
            return 0;
        at += 1u + p[at];
    }
    if (at > n || size > n - at || size == 0)
        return 0;
    *packet = size;
    return at;
}

static int opus_frame(struct trtc_ts *ts, struct es *s, struct trtc_ts_frame *f)
{
    s->wake = SIZE_MAX;
    s->unit.damaged |= s->torn;
    s->torn = false;
    if (s->why < WHY_PES || s->start == s->size)
        return 0;

    const bool damaged = s->unit.damaged;
    size_t packet = 0;
    const size_t header = opus_control(s->buf + s->start, s->size - s->start, &packet);
    if (header == 0) {
        discard(ts, s);
        s->clock_pts = NOPTS;
        return 0;
    }
    sound_begin(s, 48000);
    s->start += header;
    s->clock_samples += opus_samples(s->buf + s->start, packet);
    s->unit.damaged = damaged;
    unit_emit(s, s->start + packet, f);
    s->unit.damaged = damaged && s->start < s->size;
    return 1;
}

/* ---- PES packets ---- */

static int64_t pes_time(const uint8_t *p)
{
    if (!(p[0] & 1) || !(p[2] & 1) || !(p[4] & 1))
        return NOPTS;
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)p[1] << 22 | (int64_t)(p[2] >> 1) << 15 | (int64_t)p[3] << 7 | p[4] >> 1;
}

/* The header is complete: the payload begins (2.4.3.6). False where nothing can be made of it. */
static bool pes_begin(struct trtc_ts *ts, struct es *s, const uint8_t *p)
{
    const unsigned length = (unsigned)p[4] << 8 | p[5];
    const unsigned header = p[8];
    struct mark m = {.at = s->base + (int64_t)s->size, .pts = NOPTS, .dts = NOPTS, .pos = s->pes_pos};

    if ((p[6] & 0xc0) != 0x80 || (length && length < 3 + header))
        return false;
    if (p[6] & 0x30) {
        ts->stats.scrambled = true;
        return false;
    }
    if (p[7] & 0x80 && header >= 5)
        m.pts = m.dts = pes_time(p + 9);
    if ((p[7] & 0xc0) == 0xc0 && header >= 10 && m.pts != NOPTS) {
        const int64_t dts = pes_time(p + 14);
        if (dts != NOPTS)
            m.dts = dts;
    }

    s->left = length ? (int64_t)length - 3 - header : -1;
    s->mark[s->nb_marks++ % NB_MARKS] = m;
    s->mark_new = true;
    s->pes = PES_BODY;
    if (s->wake > s->size + 4)
        s->wake = s->size + 4; /* enough for annexb_mark */
    return true;
}

static int pes_body(struct trtc_ts *ts, struct es *s, const uint8_t *p, size_t n)
{
    if (s->left < 0)
        return append(ts, s, p, n);
    if ((int64_t)n > s->left) {
        ts->stats.nb_bad += (int64_t)n - s->left;
        n = (size_t)s->left;
    }
    s->left -= (int64_t)n;
    if (s->left == 0) {
        s->pes = PES_NONE;
        call_framer(ts, s, WHY_PES);
    }
    return append(ts, s, p, n);
}

/* Goes on with a PES header, which may be spread over packets but mostly is all there. */
static int pes_header(struct trtc_ts *ts, struct es *s, const uint8_t *p, size_t n)
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

    /* Padding, private data 2 and the tables before them have no such header, and are nothing of ours. */
    const uint8_t *h = s->header;
    const bool known = !h[0] && !h[1] && h[2] == 1 && h[3] >= 0xbd && h[3] != 0xbe && h[3] != 0xbf;
    if (!known || !pes_begin(ts, s, h)) {
        s->pes = PES_NONE;
        ts->stats.nb_bad += (int64_t)n;
        return 0;
    }
    return pes_body(ts, s, p, n);
}

static int pes_data(struct trtc_ts *ts, struct es *s, const uint8_t *p, size_t n)
{
    switch (s->pes) {
    case PES_HEADER:
        return pes_header(ts, s, p, n);
    case PES_BODY:
        return pes_body(ts, s, p, n);
    default:
        ts->stats.nb_bad += (int64_t)n;
        return 0;
    }
}

/* ---- transport packets of a stream ---- */

struct adaptation {
    size_t off;               /* of the payload */
    bool jump;                /* discontinuity_indicator: the counter may begin anew */
    bool random_access;
    bool stuffed;             /* stuffing bytes behind its fields */
};

/* ISO/IEC 13818-1, 2.4.3.4. -1 where the lengths cannot be. */
static int adaptation_read(const uint8_t *p, struct adaptation *a)
{
    *a = (struct adaptation){.off = 4};
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
    a->jump = flags & 0x80;
    a->random_access = flags & 0x40;
    a->stuffed = used < len;
    return 0;
}

/* The packet cannot be used, or has no neighbours left: what is around it is torn. */
static void es_unusable(struct es *s, const uint8_t *p)
{
    const uint8_t cc = p[3] & 15;

    if (p[3] & 0x10 && s->cc != CC_NONE && cc == ((s->cc + 1) & 15))
        s->cc = cc; /* it is bad but not lost */
    s->gap = true;
}

/* Checks the continuity counter of a packet with payload (2.4.3.3). False for a repetition. */
static bool es_continuity(struct trtc_ts *ts, struct es *s, const uint8_t *p, const struct adaptation *a)
{
    const uint8_t cc = p[3] & 15;
    const bool unit_start = p[1] & 0x40;
    const size_t size = PACKET - a->off;
    uint64_t tail;

    memcpy(&tail, p + PACKET - sizeof tail, sizeof tail);
    if (s->cc != CC_NONE && cc != ((s->cc + 1) & 15) && !a->jump) {
        if (cc == s->cc && !s->repeated && s->last.size == size && s->last.tail == tail &&
            s->last.unit_start == unit_start) {
            s->repeated = true;
            return false;
        }
        ts->stats.nb_lost += (cc - s->cc - 1) & 15;
        s->gap = true;
    }
    s->cc = cc;
    s->repeated = false;
    s->last.size = size;
    s->last.tail = tail;
    s->last.unit_start = unit_start;
    return true;
}

/* again: the packet was held back, and the framer has run. */
static int es_packet(struct trtc_ts *ts, struct es *s, const uint8_t *p, bool again)
{
    const bool unit_start = p[1] & 0x40;
    struct adaptation a;

    if (p[1] & 0x80 || adaptation_read(p, &a) < 0) {
        ts->stats.nb_bad += PACKET;
        es_unusable(s, p);
        return 0;
    }
    if (p[3] & 0xc0) {
        ts->stats.scrambled = true;
        es_unusable(s, p);
        return 0;
    }
    if (!(p[3] & 0x10)) {
        if (a.jump)
            s->cc = CC_NONE;
        return 0;
    }
    if (!again) {
        if (!es_continuity(ts, s, p, &a))
            return 0;
        if (unit_start || s->gap) {
            if (s->pes == PES_BODY && ((s->gap && !(unit_start && s->stuffed)) || (unit_start && s->left > 0)))
                s->torn = true;
            ts->held = p;
            call_framer(ts, s, unit_start ? WHY_PES : WHY_GAP);
            return 0;
        }
    }

    if (s->gap) {
        s->left = -1; /* not known any more */
        if (s->pes == PES_HEADER || s->stuffed)
            s->pes = PES_NONE; /* what goes on here is a PES whose beginning is lost */
    }
    s->gap = false;
    s->stuffed = a.stuffed;
    if (unit_start) {
        s->pes = PES_HEADER;
        s->nb_header = 0;
        s->pes_pos = ts->packet_pos;
        s->random_access = a.random_access;
    }
    return pes_data(ts, s, p + a.off, PACKET - a.off);
}

static int route(struct trtc_ts *ts, const uint8_t *p, bool again)
{
    const int code = ts->pid[(p[1] & 0x1f) << 8 | p[2]];

    switch (code) {
    case PID_NONE:
        ts->recent = NULL;
        return 0;
    case PID_VIDEO:
    case PID_AUDIO:
        ts->recent = &ts->es[code == PID_VIDEO ? VIDEO : AUDIO];
        return es_packet(ts, ts->recent, p, again);
    case PID_PAT:
        ts->recent = NULL;
        psi_packet(ts, &ts->pat, -1, p);
        return 0;
    default:
        ts->recent = NULL;
        psi_packet(ts, &ts->program[code - PID_PMT], code - PID_PMT, p);
        return 0;
    }
}

/* ---- input ---- */

/* Takes k bytes off w, which is the carry or the input. */
static void consume(struct trtc_ts *ts, const uint8_t *w, size_t k)
{
    ts->pos += (int64_t)k;
    if (w != ts->carry) {
        ts->in += k;
        return;
    }
    ts->nb_carry -= k;
    memmove(ts->carry, ts->carry + k, ts->nb_carry);
    if (ts->nb_carry <= (size_t)(ts->in - ts->in_begin)) {
        /* All that is left stands in the input too: on from there. */
        ts->in -= ts->nb_carry;
        ts->nb_carry = 0;
    }
}

/* Looks for a sync byte that others follow. Returns how many bytes to pass over; *found tells whether a packet stands
 * behind them, or more input is needed to know. */
static size_t find_sync(const struct trtc_ts *ts, const uint8_t *w, size_t n, bool *found)
{
    const int confirm = ts->ever_synced ? CONFIRM_AGAIN : CONFIRM_FIRST;
    size_t at = 0;

    *found = true;
    /* If just this one sync byte is damaged, the next packet stands where it should. */
    if (ts->ever_synced && n > 2 * PACKET && w[0] != SYNC && w[PACKET] == SYNC && w[2 * PACKET] == SYNC)
        return PACKET;

    for (; at < n; at++) {
        const uint8_t *p = memchr(w + at, SYNC, n - at);
        if (!p)
            break;
        at = (size_t)(p - w);

        int seen = 0;
        while (seen < confirm && at + (size_t)(seen + 1) * PACKET < n && p[(seen + 1) * PACKET] == SYNC)
            seen++;
        if (seen == confirm)
            return at;
        if (at + (size_t)(seen + 1) * PACKET < n)
            continue; /* something else stands there */
        if (!ts->ended) {
            *found = false;
            return at;
        }
        /* Input ends: what there is must do. A foreign file must not look like ours by its last bytes. */
        if (at + PACKET == n || seen > 0) {
            if (ts->ever_synced || ts->pos + (int64_t)at == 0 || seen > 1)
                return at;
        }
    }
    *found = false;
    return n;
}

/* What next_packet does where a packet does not lie whole in the input. */
static const uint8_t *next_packet_slow(struct trtc_ts *ts)
{
    for (;;) {
        const size_t want = ts->synced ? PACKET : LOOK;
        const uint8_t *w = ts->in;
        size_t n = (size_t)(ts->in_end - ts->in);

        if (ts->nb_carry || n < want) {
            size_t take = ts->nb_carry < want ? want - ts->nb_carry : 0;
            if (take > n)
                take = n;
            if (take > 0)
                memcpy(ts->carry + ts->nb_carry, ts->in, take);
            ts->nb_carry += take;
            ts->in += take;
            w = ts->carry;
            n = ts->nb_carry;
            if (n == 0 || (n < want && !ts->ended))
                return NULL;
        }

        if (!ts->synced) {
            const size_t skip = find_sync(ts, w, n, &ts->synced);
            ts->stats.nb_bad += (int64_t)skip;
            ts->ever_synced |= ts->synced;
            consume(ts, w, skip);
        } else if (n < PACKET) {
            ts->stats.partial_tail = true;
            consume(ts, w, n);
        } else if (w[0] == SYNC) {
            if (w == ts->carry)
                w = memcpy(ts->packet, w, PACKET);
            ts->stats.nb_packets++;
            ts->packet_pos = ts->pos;
            consume(ts, w == ts->packet ? ts->carry : w, PACKET);
            return w;
        } else {
            ts->synced = false;
            if (ts->recent)
                ts->recent->gap = true; /* bytes are missing: the packet before may hold some of another */
        }
    }
}

static inline const uint8_t *next_packet(struct trtc_ts *ts)
{
    const uint8_t *p = ts->in;

    if (!ts->synced || ts->nb_carry || ts->in_end - p < PACKET || *p != SYNC)
        return next_packet_slow(ts);
    ts->stats.nb_packets++;
    ts->packet_pos = ts->pos;
    ts->pos += PACKET;
    ts->in += PACKET;
    return p;
}

/* ---- all together ---- */

static void es_init(struct es *s)
{
    *s = (struct es){.buf = s->buf, .cap = s->cap, .cc = CC_NONE, .clock_pts = NOPTS};
}

/* The PMT has named another stream. */
static void es_change(struct trtc_ts *ts, struct es *s)
{
    const uint8_t code = s == &ts->es[VIDEO] ? PID_VIDEO : PID_AUDIO;
    const struct trtc_ts_stream next = s->next;
    const bool on = s->next_on;

    if (s->on && ts->pid[s->info.pid] == code)
        ts->pid[s->info.pid] = PID_NONE;
    es_init(s);
    s->info = next;
    s->on = on;
    if (on)
        ts->pid[next.pid] = code;
}

static int es_frame(struct trtc_ts *ts, struct es *s, struct trtc_ts_frame *f)
{
    switch (s->info.codec) {
    case TRTC_CODEC_H264:
    case TRTC_CODEC_H265:
        return annexb_frame(ts, s, f);
    case TRTC_CODEC_AAC:
        return adts_frame(ts, s, f);
    default:
        return strcmp(s->info.codec_name, "opus") == 0 ? opus_frame(ts, s, f) : pes_frame(ts, s, f);
    }
}

/* Calls the framers that have something to do; 1 as soon as one has a frame. */
static int call_framers(struct trtc_ts *ts, struct trtc_ts_frame *f)
{
    for (int k = 0; k < NB_ES; k++) {
        struct es *s = &ts->es[k];

        if (s->why == WHY_NOT)
            continue;
        if (es_frame(ts, s, f))
            return 1;
        if (s->why == WHY_FINAL) {
            discard(ts, s);
            s->pes = PES_NONE;
        }
        compact(s);
        s->why = WHY_NOT;
        if (s->change)
            es_change(ts, s);
    }
    ts->busy = false;
    return 0;
}

struct trtc_ts *trtc_ts_new(unsigned want)
{
    struct trtc_ts *ts = calloc(1, sizeof *ts);

    if (!ts)
        return NULL;
    ts->want = want;
    trtc_ts_begin(ts);
    return ts;
}

void trtc_ts_free(struct trtc_ts **ts)
{
    if (!*ts)
        return;
    for (int k = 0; k < NB_ES; k++)
        free((*ts)->es[k].buf);
    free(*ts);
    *ts = NULL;
}

void trtc_ts_begin(struct trtc_ts *ts)
{
    ts->stats = (struct trtc_ts_stats){0};
    ts->in = ts->in_begin = ts->in_end = NULL;
    ts->pos = ts->packet_pos = 0;
    ts->nb_carry = 0;
    ts->synced = ts->ever_synced = ts->ended = ts->finished = ts->busy = false;
    ts->held = NULL;
    ts->recent = NULL;
    memset(ts->pid, PID_NONE, sizeof ts->pid);
    ts->pid[0] = PID_PAT;
    ts->pat.cc = CC_NONE;
    ts->pat.known = false;
    trtc_psi_drop(&ts->pat.psi);
    ts->nb_programs = 0;
    ts->locked = -1;
    for (int k = 0; k < NB_ES; k++)
        es_init(&ts->es[k]);
}

void trtc_ts_feed(struct trtc_ts *ts, const uint8_t *data, size_t size)
{
    assert(ts->in == ts->in_end && !ts->ended);
    if (size == 0)
        return;
    ts->in = ts->in_begin = data;
    ts->in_end = data + size;
}

void trtc_ts_end(struct trtc_ts *ts)
{
    ts->ended = true;
}

int trtc_ts_next(struct trtc_ts *ts, struct trtc_ts_frame *frame)
{
    for (;;) {
        if (ts->busy && call_framers(ts, frame))
            return 1;

        const uint8_t *p = ts->held;
        const bool again = p;
        ts->held = NULL;
        if (!p)
            p = next_packet(ts);
        if (p) {
            if (route(ts, p, again) < 0)
                return -1;
        } else if (ts->ended && !ts->finished) {
            ts->finished = true;
            for (int k = 0; k < NB_ES; k++)
                call_last(ts, &ts->es[k], ts->stats.partial_tail);
        } else {
            ts->in_begin = ts->in; /* what was fed may go away now */
            return 0;
        }
    }
}

const struct trtc_ts_stream *trtc_ts_stream(const struct trtc_ts *ts, enum trtc_ts_want kind)
{
    const struct es *s = &ts->es[kind == TRTC_TS_VIDEO ? VIDEO : AUDIO];

    return s->on ? &s->info : NULL;
}

const struct trtc_ts_stats *trtc_ts_stats(const struct trtc_ts *ts)
{
    return &ts->stats;
}
