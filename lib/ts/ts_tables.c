/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: the PAT and the PMT choose the streams. */
#include "ts/ts_priv.h"

#include <string.h>
#include <strings.h>

/* ---- choosing streams ---- */

/* ISO/IEC 13818-1 table 2-34 and registered private values. */
static const struct stream_type {
    uint8_t type;
    bool video;
    enum trtc_codec codec;
    const char *name;
} stream_types[] = {
    { 0x01, true, TRTC_CODEC_OTHER, "mpeg1video" }, { 0x02, true, TRTC_CODEC_OTHER, "mpeg2video" },
    { 0x03, false, TRTC_CODEC_OTHER, "mp3" },       { 0x04, false, TRTC_CODEC_OTHER, "mp3" },
    { 0x0f, false, TRTC_CODEC_AAC, "aac" },         { 0x10, true, TRTC_CODEC_OTHER, "mpeg4" },
    { 0x11, false, TRTC_CODEC_OTHER, "aac_latm" },  { 0x1b, true, TRTC_CODEC_H264, "h264" },
    { 0x24, true, TRTC_CODEC_H265, "hevc" },        { 0x33, true, TRTC_CODEC_OTHER, "vvc" },
    { 0x42, true, TRTC_CODEC_OTHER, "cavs" },       { 0x81, false, TRTC_CODEC_OTHER, "ac3" },
    { 0x87, false, TRTC_CODEC_OTHER, "eac3" },      { 0xd1, true, TRTC_CODEC_OTHER, "dirac" },
    { 0xea, true, TRTC_CODEC_OTHER, "vc1" },        { 0x82, false, TRTC_CODEC_OTHER, "dts" },
    { 0x8a, false, TRTC_CODEC_OTHER, "dts" },       { 0x1c, false, TRTC_CODEC_OTHER, "mp4als" },
    { 0x2d, false, TRTC_CODEC_OTHER, "mpegh" },     { 0x21, true, TRTC_CODEC_OTHER, "jpeg2000" },
    { 0x32, true, TRTC_CODEC_OTHER, "jpegxs" },     { 0x35, true, TRTC_CODEC_OTHER, "evc" },
};

/* The same in a program that is registered as "HDMV" (Blu-ray), as by cameras and m2ts muxers. */
static const struct stream_type hdmv_types[] = {
    { 0x80, false, TRTC_CODEC_OTHER, "pcm_bluray" }, { 0x83, false, TRTC_CODEC_OTHER, "truehd" },
    { 0x84, false, TRTC_CODEC_OTHER, "eac3" },       { 0x85, false, TRTC_CODEC_OTHER, "dts" },
    { 0x86, false, TRTC_CODEC_OTHER, "dts" },        { 0xa1, false, TRTC_CODEC_OTHER, "eac3" },
    { 0xa2, false, TRTC_CODEC_OTHER, "dts" },
};

/* Streams that are neither sound nor pictures, by stream type or descriptor (ETSI EN 300 468). The
 * names are for messages. */
static const struct data_type {
    uint8_t type, descriptor;
    const char *name;
} data_types[] = {
    { 0x05, 0, "sections" },       { 0x0b, 0, "DSM-CC" },          { 0x15, 0, "timed metadata" },
    { 0x06, 0x56, "teletext" },    { 0x06, 0x59, "subtitles" },    { 0x90, 0, "subtitles" },
    { 0x86, 0, "cue messages" },   { 0xdb, 0, "encrypted H.264" }, { 0xcf, 0, "encrypted AAC" },
    { 0xc1, 0, "encrypted AC-3" }, { 0xc2, 0, "encrypted AC-3" },
};

/* Registration descriptors' format identifiers (SMPTE registration authority, and those that muxers
 * write although it has none), for private stream types. Case does not matter. */
static const struct registration {
    char id[5];
    bool video;
    enum trtc_codec codec;
    const char *name;
} registrations[] = {
    { "H264", true, TRTC_CODEC_H264, "h264" },  { "AVC1", true, TRTC_CODEC_H264, "h264" },
    { "HEVC", true, TRTC_CODEC_H265, "hevc" },  { "H265", true, TRTC_CODEC_H265, "hevc" },
    { "HVC1", true, TRTC_CODEC_H265, "hevc" },  { "HEV1", true, TRTC_CODEC_H265, "hevc" },
    { "VVC ", true, TRTC_CODEC_OTHER, "vvc" },  { "drac", true, TRTC_CODEC_OTHER, "dirac" },
    { "AV01", true, TRTC_CODEC_OTHER, "av1" },  { "AC-4", false, TRTC_CODEC_OTHER, "ac4" },
    { "VC-1", true, TRTC_CODEC_OTHER, "vc1" },  { "Opus", false, TRTC_CODEC_OTHER, "opus" },
    { "AC-3", false, TRTC_CODEC_OTHER, "ac3" }, { "EAC3", false, TRTC_CODEC_OTHER, "eac3" },
    { "DTS1", false, TRTC_CODEC_OTHER, "dts" }, { "DTS2", false, TRTC_CODEC_OTHER, "dts" },
    { "DTS3", false, TRTC_CODEC_OTHER, "dts" }, { "BSSD", false, TRTC_CODEC_OTHER, "s302m" },
};

static void set_codec(struct trtc_ts_stream *out, bool video, enum trtc_codec codec,
                      const char *name)
{
    out->video = video;
    out->codec = codec;
    memset(out->codec_name, 0, sizeof out->codec_name);
    memcpy(out->codec_name, name, strlen(name));
}

/* Next descriptor at *at; its tag, or -1 at the end. */
static int next_descriptor(const struct trtc_pmt_entry *e, size_t *at, const uint8_t **body,
                           size_t *size)
{
    const size_t i = *at;

    if (i + 2 > e->desc_size || e->desc[i + 1] > e->desc_size - i - 2)
        return -1;
    *size = e->desc[i + 1];
    *body = e->desc + i + 2;
    *at = i + 2 + *size;
    return e->desc[i];
}

static bool find_type(const struct stream_type *types, size_t n, uint8_t type,
                      struct trtc_ts_stream *out)
{
    for (size_t i = 0; i < n; i++)
        if (types[i].type == type) {
            set_codec(out, types[i].video, types[i].codec, types[i].name);
            return true;
        }
    return false;
}

static bool find_hdmv(uint8_t type, struct trtc_ts_stream *out)
{
    return find_type(hdmv_types, sizeof hdmv_types / sizeof *hdmv_types, type, out);
}

/* A private stream type (0x06, or 0x80 and up) by its descriptors, or the program's. */
static bool describe_private(const struct trtc_pmt_entry *e, bool hdmv, struct trtc_ts_stream *out)
{
    const uint8_t *body;
    size_t at = 0, size;

    if (hdmv && find_hdmv(e->stream_type, out))
        return true;

    for (int tag; (tag = next_descriptor(e, &at, &body, &size)) >= 0;) {
        switch (tag) {
        case 0x05: /* registration */
            if (size < 4)
                break;
            if (memcmp(body, "HDMV", 4) == 0 && find_hdmv(e->stream_type, out))
                return true;
            for (size_t k = 0; k < sizeof registrations / sizeof *registrations; k++) {
                const struct registration *r = &registrations[k];
                if (strncasecmp((const char *)body, r->id, 4) == 0) {
                    set_codec(out, r->video, r->codec, r->name);
                    return true;
                }
            }
            break;
        case 0x6a: /* ETSI EN 300 468, 6.1 and annex D */
            set_codec(out, false, TRTC_CODEC_OTHER, "ac3");
            return true;
        case 0x7a:
            set_codec(out, false, TRTC_CODEC_OTHER, "eac3");
            return true;
        case 0x7b:
            set_codec(out, false, TRTC_CODEC_OTHER, "dts");
            return true;
        case 0x7f: /* an extension */
            if (size < 1 || body[0] != 0x15)
                break;
            set_codec(out, false, TRTC_CODEC_OTHER, "ac4");
            return true;
        }
    }
    return false;
}

/* Writes the name of a stream that is not used here, or "". */
static void describe_data(const struct trtc_pmt_entry *e, struct trtc_ts_stream *out)
{
    const uint8_t *body;
    size_t size;

    set_codec(out, false, TRTC_CODEC_NONE, "");
    for (size_t i = 0; i < sizeof data_types / sizeof *data_types; i++) {
        const struct data_type *d = &data_types[i];
        size_t at = 0;
        int tag = 0;
        while (d->descriptor && (tag = next_descriptor(e, &at, &body, &size)) >= 0)
            if (tag == d->descriptor)
                break;
        if (d->type == e->stream_type && tag == d->descriptor)
            set_codec(out, false, TRTC_CODEC_NONE, d->name);
    }
}

/* Returns TRTC_AUDIO, TRTC_VIDEO, or 0: the entry is neither, or unknown. */
static unsigned describe_entry(const struct trtc_pmt_entry *e, bool hdmv,
                               struct trtc_ts_stream *out)
{
    *out = (struct trtc_ts_stream){ .pid = e->pid, .stream_type = e->stream_type };
    bool known =
        find_type(stream_types, sizeof stream_types / sizeof *stream_types, e->stream_type, out);
    if (!known && (e->stream_type == 0x06 || e->stream_type >= 0x80))
        known = describe_private(e, hdmv, out);
    if (known)
        return out->video ? TRTC_VIDEO : TRTC_AUDIO;
    describe_data(e, out);
    return 0;
}

/* The same for a stream that may have been identified by its content; otherwise its content must be
 * examined. */
static unsigned describe(struct trtc_ts *ts, const struct trtc_pmt_entry *e, bool hdmv,
                         struct trtc_ts_stream *out)
{
    const unsigned kind = describe_entry(e, hdmv, out);

    if (kind || !trtc_ts_is_unknown(out))
        return kind;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const struct trtc_ts_es *s = &ts->es[k];
        if (s->on && s->info.pid == e->pid && s->info.stream_type == e->stream_type) {
            *out = s->info;
            return out->video ? TRTC_VIDEO : TRTC_AUDIO;
        }
    }
    if (ts->pid[e->pid] == PID_NONE)
        ts->pid[e->pid] = PID_GUESS;
    return 0;
}

static bool same_stream(const struct trtc_ts_stream *a, const struct trtc_ts_stream *b)
{
    return a->pid == b->pid && a->stream_type == b->stream_type &&
           strcmp(a->codec_name, b->codec_name) == 0;
}

/* ---- tables ---- */

static void use_pmt(struct trtc_ts *ts, int slot, const uint8_t *section, size_t size)
{
    struct trtc_ts_stream found[TRTC_NB_KINDS], stream;
    bool have[TRTC_NB_KINDS] = { false }, kept[TRTC_NB_KINDS] = { false }, guess = false;
    struct trtc_psi_time time;
    struct trtc_pmt_entry e;
    size_t pos = 0;

    if (trtc_pmt_time(section, size, &time)) {
        ts->stats.tells_time = true;
        ts->stats.utc_us = time.utc_us;
        ts->stats.utc_90k = time.pts_90k;
    }

    const bool hdmv = trtc_pmt_is_hdmv(section, size);
    while (trtc_pmt_next(section, size, &pos, &e)) {
        const bool is_table = ts->pid[e.pid] >= PID_PAT || e.pid < 0x10 || e.pid == NULL_PID;
        if (is_table)
            continue;

        const unsigned kind = describe(ts, &e, hdmv, &stream);
        const int k = stream.video ? TRTC_AT_VIDEO : TRTC_AT_AUDIO;
        trtc_ts_name(ts, &stream, kind);
        guess |= ts->pid[e.pid] == PID_GUESS && ts->nb_named == 1;
        if (!(ts->want & kind) || kept[k])
            continue;
        /* a stream in use stays in use, even if another one now precedes it */
        kept[k] = ts->es[k].on && same_stream(&stream, &ts->es[k].info);
        if (!have[k] || kept[k])
            found[k] = stream;
        have[k] = true;
    }
    if (!have[TRTC_AT_VIDEO] && !have[TRTC_AT_AUDIO] && !guess && ts->locked != slot)
        return;

    ts->locked = have[TRTC_AT_VIDEO] || have[TRTC_AT_AUDIO] || guess ? slot : -1;
    ts->tabled = true;
    ts->replay = ts->nb_early > 0;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        struct trtc_ts_es *s = &ts->es[k];
        s->change = have[k] ? !kept[k] : s->on;
        if (!s->change)
            continue;
        if (have[k])
            s->next = found[k];
        s->next_on = have[k];
        trtc_ts_call_last(ts, s, false);
    }
}

/* Whether a table of this segment describes the PID. */
static bool is_named(const struct trtc_ts *ts, int pid)
{
    for (int i = 0; i < ts->stats.nb_named; i++)
        if (ts->stats.named[i].stream.pid == pid)
            return true;
    return false;
}

/* The streams of a program that is not in use are listed, unless the one in use has them as well.
 * They must not take the room of its own. */
static void list_pmt(struct trtc_ts *ts, const uint8_t *section, size_t size)
{
    enum { LISTED_MAX = TRTC_TS_NAMED_MAX / 2 };
    const bool hdmv = trtc_pmt_is_hdmv(section, size);
    struct trtc_ts_stream stream;
    struct trtc_pmt_entry e;
    size_t pos = 0;

    while (trtc_pmt_next(section, size, &pos, &e)) {
        const unsigned kind = describe_entry(&e, hdmv, &stream);
        if (kind && ts->pid[e.pid] < PID_PAT && !is_named(ts, e.pid) &&
            ts->stats.nb_named < LISTED_MAX)
            trtc_ts_name(ts, &stream, kind);
    }
}

/* Gives the program a place, since a packet of its PMT has come: a capture of one program may have
 * the PAT of hundreds. Returns -1: there is no place left. */
static int place_program(struct trtc_ts *ts, int pid)
{
    if (ts->nb_programs == NB_PROGRAMS)
        return -1;
    struct trtc_ts_program *p = &ts->program[ts->nb_programs];
    p->pid = pid;
    p->cc = CC_NONE;
    p->known = false;
    trtc_psi_drop(&p->psi);
    ts->pid[pid] = (uint8_t)(PID_PMT + ts->nb_programs);
    return ts->nb_programs++;
}

static void drop_programs(struct trtc_ts *ts)
{
    for (int pid = 0; ts->nb_named > 0 && pid < NB_PIDS; pid++)
        if (ts->pid[pid] >= PID_PROGRAM)
            ts->pid[pid] = PID_NONE;
    ts->nb_programs = ts->nb_named = 0;
    ts->locked = -1;
}

/* Each section of a PAT names other programs; the first one replaces all of the PAT before. */
static void use_pat(struct trtc_ts *ts, const uint8_t *section, size_t size)
{
    const int locked_pid = ts->locked >= 0 ? ts->program[ts->locked].pid : -1;
    const bool first = trtc_psi_number(section) == 0;
    size_t pos = 0;
    int pid;

    if (first)
        drop_programs(ts);
    while (trtc_pat_next(section, size, &pos, &pid)) {
        if (pid < 0x10 || pid == NULL_PID || ts->pid[pid] >= PID_PAT)
            continue;
        ts->nb_named++;
        ts->pid[pid] = PID_PROGRAM;
        if (pid == locked_pid)
            ts->locked = place_program(ts, pid);
    }
    if (!ts->tabled)
        trtc_ts_early_tables(ts);
}

void trtc_ts_learn(struct trtc_ts *ts, const struct trtc_ts *from)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const bool on = from->es[k].on;
        const unsigned kind = k == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO;
        if (!(ts->want & kind) || (!on && !from->had[k]))
            continue;
        ts->before[k] = on ? from->es[k].info : from->before[k];
        ts->had[k] = true;
    }
}

bool trtc_ts_knows(const struct trtc_ts *ts)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (ts->had[k] || ts->es[k].on)
            return true;
    return false;
}

void trtc_ts_tables_begin(struct trtc_ts *ts)
{
    trtc_ts_learn(ts, ts);
    memset(ts->pid, PID_NONE, sizeof ts->pid);
    ts->pid[0] = PID_PAT;
    ts->pat.cc = CC_NONE;
    ts->pat.known = false;
    trtc_psi_drop(&ts->pat.psi);
    ts->nb_programs = ts->nb_named = 0;
    ts->locked = -1;
    ts->tabled = ts->tables_stand = false;
}

void trtc_ts_tables_continue(struct trtc_ts *ts)
{
    ts->pat.cc = CC_NONE;
    trtc_psi_drop(&ts->pat.psi);
    for (int i = 0; i < ts->nb_programs; i++) {
        ts->program[i].cc = CC_NONE;
        ts->program[i].known = false; /* its streams are listed again */
        trtc_psi_drop(&ts->program[i].psi);
    }
}

bool trtc_ts_use_before(struct trtc_ts *ts)
{
    if (ts->tabled || ts->nb_early == 0)
        return false;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        struct trtc_ts_es *s = &ts->es[k];
        const int pid = ts->before[k].pid;
        /* a table of this segment that describes the PID counts, not earlier knowledge */
        if (!ts->had[k] || ts->pid[pid] != PID_NONE || is_named(ts, pid))
            continue;
        trtc_ts_name(ts, &ts->before[k], k == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);
        s->next = ts->before[k];
        s->next_on = s->change = ts->tabled = ts->replay = ts->stats.borrowed = true;
        trtc_ts_call_last(ts, s, false);
    }
    return ts->tabled;
}

/* Recognises concatenated files: the counters of PAT and PMT, one after the other, restart at 0, or
 * are 0 again because each file has its tables once. */
static void note_beginning(struct trtc_ts *ts, const struct trtc_ts_program *g, int slot,
                           uint8_t cc)
{
    const bool again = g->cc == 0 && !ts->tables_stand;
    const bool jumps = again || (g->cc != CC_NONE && g->cc != 15 && g->cc != 0);

    if (slot < 0 && cc == 0)
        ts->from_0 = jumps ? FROM_0_JUMPED : FROM_0_PAT;
    else if (slot >= 0 && cc == 0 && (ts->from_0 == FROM_0_JUMPED || (ts->from_0 && jumps)))
        ts->files++;
    if (slot >= 0 || cc != 0)
        ts->from_0 = FROM_0_NONE;
}

/* slot: of the program, or -1: the PAT. */
static void psi_packet(struct trtc_ts *ts, struct trtc_ts_program *g, int slot, const uint8_t *p)
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

    /* a counter that does not rise is a repetition, or comes from a simple multiplexer; a section
     * that begins is read again in both cases */
    if (g->cc != CC_NONE && cc != g->cc && cc != ((g->cc + 1) & 15)) {
        trtc_psi_drop(&g->psi); /* not counted: nothing of the recording is lost with a table */
    } else if (cc == g->cc && !unit_start) {
        return;
    }
    note_beginning(ts, g, slot, cc);
    g->cc = cc;

    trtc_psi_push(&g->psi, p + off, PACKET - off, unit_start);
    while ((section = trtc_psi_next(&g->psi, &size))) {
        const uint32_t crc = trtc_psi_crc(section, size);
        const int table = slot < 0 ? TRTC_PSI_PAT : TRTC_PSI_PMT;

        if (trtc_psi_table_id(section) != table)
            continue;
        if (trtc_psi_number(section) != 0) {
            if (slot < 0 && g->known)
                use_pat(ts, section, size);
            continue;
        }
        if (g->known && g->crc == crc)
            continue;
        g->known = true;
        g->crc = crc;
        if (slot < 0) {
            use_pat(ts, section, size);
        } else if (ts->locked < 0 || ts->locked == slot) {
            use_pmt(ts, slot, section, size);
        } else {
            list_pmt(ts, section, size);
            g->known = false; /* to be read when the program in use goes away */
        }
    }
}

void trtc_ts_table_packet(struct trtc_ts *ts, int pid, const uint8_t *p)
{
    const int code = ts->pid[pid];
    const int slot = code == PID_PAT       ? -1
                     : code == PID_PROGRAM ? place_program(ts, pid)
                                           : code - PID_PMT;

    if (code == PID_PAT || slot >= 0)
        psi_packet(ts, slot < 0 ? &ts->pat : &ts->program[slot], slot, p);
}
