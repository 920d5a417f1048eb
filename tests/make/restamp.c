/* SPDX-License-Identifier: MIT */
/* restamp: changes the time stamps of a transport stream, leaves out parts of it, and has its table
 * name a track late, as other recorders do; the media stays as it is. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recording/clock.h"
#include "ts/psi.h"
#include "ts/ts.h"

enum { EDITS_MAX = 32, PIDS = 8192, TIMESTAMP_BYTES = 5 };
enum { SOUND = 1, PICTURE = 2 };

enum what { SHIFT, JITTER, STAND, DROP, NAME, TYPE, NO_KEYS, NO_SETS };

struct edit {
    int kinds;
    int64_t from, to; /* ticks from the first stamp, before any edit */
    enum what what;
    int64_t by;                  /* ticks */
    int64_t stands[PICTURE + 1]; /* STAND: where each kind does */
    bool stood[PICTURE + 1];
};

struct state {
    struct edit edits[EDITS_MAX];
    int nb_edits;
    int kind[PIDS]; /* SOUND, PICTURE, or 0 */
    bool is_pmt[PIDS];
    bool dropped[PIDS]; /* the PES that is on its way */
    uint8_t cc[PIDS];
    bool seen[PIDS];
    uint8_t pmt[TRTC_TS_PACKET]; /* the last one, as it came, */
    int pmt_kinds;               /* and the kinds that it named as it went out */
    bool begun;
    int64_t first, now; /* first stamp; the latest time that was come to */
};

static int pid_of(const uint8_t *p)
{
    return (p[1] & 0x1f) << 8 | p[2];
}

static int kind_of(uint8_t stream_type)
{
    switch (stream_type) {
    case 0x01:
    case 0x02:
    case 0x1b:
    case 0x24:
        return PICTURE;
    default:
        return SOUND;
    }
}

static uint8_t *payload_of(uint8_t *p)
{
    return p + (p[3] & 0x20 ? 5 + p[4] : 4);
}

/* ---- tables ---- */

static void learn_pat(struct state *s, const uint8_t *section, size_t size)
{
    size_t pos = 0;
    int pid;
    while (trtc_pat_next(section, size, &pos, &pid))
        s->is_pmt[pid] = true;
}

static bool is_named(const struct state *s, int kind)
{
    for (int i = 0; i < s->nb_edits; i++)
        if (s->edits[i].what == NAME && s->edits[i].kinds & kind && s->now < s->edits[i].from)
            return false;
    return true;
}

/* Learns what the streams are, and leaves those out that are to be named later. */
static void edit_pmt(struct state *s, uint8_t *section, size_t size)
{
    struct trtc_pmt_entry e;
    size_t pos = 0, out = 12u + ((section[10] & 15u) << 8 | section[11]), room = size;
    while (trtc_pmt_next(section, size, &pos, &e)) {
        const size_t n = 5 + e.desc_size;
        s->kind[e.pid] = kind_of(e.stream_type);
        for (int i = 0; i < s->nb_edits; i++)
            if (s->edits[i].what == TYPE && s->edits[i].kinds & s->kind[e.pid])
                section[pos - n] = (uint8_t)s->edits[i].by;
        if (!is_named(s, s->kind[e.pid])) {
            section[5] ^= 2; /* another version */
            continue;
        }
        s->pmt_kinds |= s->kind[e.pid];
        memmove(section + out, e.desc - 5, n);
        out += n;
    }
    const size_t length = out + 4 - 3;
    section[1] = (uint8_t)((section[1] & 0xf0) | length >> 8);
    section[2] = (uint8_t)length;
    const uint32_t crc = trtc_psi_crc32(section, out);
    for (int k = 0; k < 4; k++)
        section[out++] = (uint8_t)(crc >> (24 - 8 * k));
    memset(section + out, 0xff, room - out);
}

static void edit_table(struct state *s, uint8_t *p)
{
    uint8_t *section = payload_of(p);
    if (!(p[1] & 0x40))
        return;
    section += 1 + section[0];
    const size_t size = 3u + ((section[1] & 15u) << 8 | section[2]);
    if (section + size > p + TRTC_TS_PACKET)
        return;
    if (pid_of(p) == 0) {
        learn_pat(s, section, size);
        return;
    }
    s->pmt_kinds = 0;
    memcpy(s->pmt, p, sizeof s->pmt);
    edit_pmt(s, section, size);
}

/* ---- stamps ---- */

static int64_t get_stamp(const uint8_t *p)
{
    return (int64_t)(p[0] >> 1 & 7) << 30 | (int64_t)p[1] << 22 | (int64_t)(p[2] >> 1) << 15 |
           (int64_t)p[3] << 7 | p[4] >> 1;
}

static void put_stamp(uint8_t *p, int64_t v)
{
    v &= TRTC_TS_WRAP_90K - 1;
    p[0] = (uint8_t)((p[0] & 0xf1) | (v >> 29 & 14));
    p[1] = (uint8_t)(v >> 22);
    p[2] = (uint8_t)((v >> 14 & 254) | 1);
    p[3] = (uint8_t)(v >> 7);
    p[4] = (uint8_t)((v << 1 & 254) | 1);
}

/* The first time of a kind inside the edit. */
static int64_t standing(struct edit *e, int kind, int64_t at)
{
    if (!e->stood[kind])
        e->stands[kind] = at;
    e->stood[kind] = true;
    return e->stands[kind];
}

/* What is done to a PES of kind at a time: false where it is left out. */
static bool edits_at(struct state *s, int kind, int64_t at, int64_t *by)
{
    for (int i = 0; i < s->nb_edits; i++) {
        struct edit *e = &s->edits[i];
        if (!(e->kinds & kind) || at < e->from || at >= e->to)
            continue;
        if (e->what == DROP)
            return false;
        if (e->what == SHIFT)
            *by += e->by;
        else if (e->what == JITTER)
            *by += rand() % (2 * e->by + 1) - e->by;
        else if (e->what == STAND)
            *by += standing(e, kind, at) - at;
    }
    return true;
}

/* Edits a packet that a PES may begin in; false where it is left out. */
static bool edit_stream(struct state *s, uint8_t *p)
{
    const int pid = pid_of(p);
    uint8_t *h = payload_of(p);
    int64_t by = 0;
    if (!(p[1] & 0x40))
        return !s->dropped[pid];
    if (!(h[7] & 0x80))
        return true;
    const bool both = h[7] & 0x40;
    const int64_t pts = get_stamp(h + 9), dts = both ? get_stamp(h + 9 + TIMESTAMP_BYTES) : pts;
    if (!s->begun)
        s->first = dts;
    s->begun = true;
    const int64_t at = trtc_ts_diff(dts, s->first);
    s->now = at > s->now ? at : s->now;
    s->dropped[pid] = !edits_at(s, s->kind[pid], at, &by);
    put_stamp(h + 9, pts + by);
    if (both)
        put_stamp(h + 9 + TIMESTAMP_BYTES, dts + by);
    return !s->dropped[pid];
}

static void put(struct state *s, uint8_t *p, FILE *out)
{
    const int pid = pid_of(p);
    if (p[3] & 0x10) { /* counted anew, since packets may be missing, or more */
        s->cc[pid] = s->seen[pid] ? (s->cc[pid] + 1) & 15 : p[3] & 15;
        s->seen[pid] = true;
    }
    p[3] = (uint8_t)((p[3] & 0xf0) | s->cc[pid]);
    fwrite(p, 1, TRTC_TS_PACKET, out);
}

/* The table that names a kind goes out in front of its first packet. */
static void name_in_time(struct state *s, int kind, FILE *out)
{
    uint8_t pmt[TRTC_TS_PACKET];
    if (s->pmt_kinds & kind || !s->pmt[0] || !is_named(s, kind))
        return;
    memcpy(pmt, s->pmt, sizeof pmt);
    edit_table(s, pmt);
    put(s, pmt, out);
}

static void run(struct state *s, FILE *in, FILE *out)
{
    uint8_t p[TRTC_TS_PACKET];
    while (fread(p, 1, sizeof p, in) == sizeof p) {
        const int pid = pid_of(p);
        if (pid == 0 || s->is_pmt[pid])
            edit_table(s, p);
        else if (s->kind[pid] && !edit_stream(s, p))
            continue;
        else if (s->kind[pid])
            name_in_time(s, s->kind[pid], out);
        put(s, p, out);
    }
}

/* Makes what H.264 has of key frames, or of parameter sets, something else. */
static void spoil(uint8_t *p, size_t size, bool sets)
{
    for (size_t i = 0; i + 3 < size; i++) {
        const int type = p[i + 3] & 31;
        if (p[i] || p[i + 1] || p[i + 2] != 1 || p[i + 3] & 0x80)
            continue;
        if (type == 5 && !sets)
            p[i + 3] ^= 5 ^ 1;
        if ((type == 7 || type == 8) && sets)
            p[i + 3] ^= (uint8_t)(type ^ 6);
    }
}

static FILE *open_spoilt(const struct state *s, const char *path)
{
    static uint8_t bytes[32 << 20];
    FILE *in = fopen(path, "rb");
    const size_t size = in ? fread(bytes, 1, sizeof bytes, in) : 0;
    for (int i = 0; i < s->nb_edits; i++)
        if (s->edits[i].what == NO_KEYS || s->edits[i].what == NO_SETS)
            spoil(bytes, size, s->edits[i].what == NO_SETS);
    if (in)
        fclose(in);
    return size ? fmemopen(bytes, size, "rb") : NULL;
}

/* KINDS:FROM[-TO]:EDIT */
static int parse(const char *text, struct edit *e)
{
    char kinds[4], how[32];
    double from, to = 1e6, by = 0;
    int used = 0;
    if (sscanf(text, "%3[av]:%lf%n", kinds, &from, &used) < 2)
        return -1;
    if (text[used] == '-') {
        int more = 0;
        if (sscanf(text + used, "-%lf%n", &to, &more) < 1)
            return -1;
        used += more;
    }
    if (sscanf(text + used, ":%31s", how) < 1)
        return -1;
    *e = (struct edit){ .from = (int64_t)(from * 90000), .to = (int64_t)(to * 90000) };
    e->kinds = (strchr(kinds, 'a') ? SOUND : 0) | (strchr(kinds, 'v') ? PICTURE : 0);
    e->what = *how == '~'   ? JITTER
              : *how == '.' ? STAND
              : *how == 'x' ? DROP
              : *how == '@' ? NAME
              : *how == '=' ? TYPE
              : *how == 'k' ? NO_KEYS
              : *how == 'p' ? NO_SETS
                            : SHIFT;
    by = e->what == TYPE ? strtol(how + 1, NULL, 16) : atof(how + (e->what != SHIFT));
    e->by = (int64_t)(by * (e->what == TYPE ? 1 : e->what == JITTER ? 90 : 90000));
    return 0;
}

int main(int argc, char *argv[])
{
    struct state s = { .nb_edits = 0 };
    if (argc < 3 || argc - 3 > EDITS_MAX) {
        fputs(
            "usage: restamp IN OUT EDIT...\n"
            "  EDIT: KINDS:FROM[-TO]:HOW, KINDS of a and v, times in seconds of the stream\n"
            "    +S -S   adds to the stamps      ~MS   up to so much, by chance\n"
            "    x       leaves out              .       stand still\n"
            "    @       the table names the kind only from FROM on\n"
            "  for all of it: =HH, the stream type; k, no key frames; p, no parameter sets (H.264)\n",
            stderr);
        return 64;
    }
    for (int i = 3; i < argc; i++)
        if (parse(argv[i], &s.edits[s.nb_edits++]) < 0) {
            fprintf(stderr, "restamp: '%s' cannot be read\n", argv[i]);
            return 64;
        }
    FILE *in = open_spoilt(&s, argv[1]), *out = fopen(argv[2], "wb");
    if (!in || !out) {
        perror("restamp");
        return 74;
    }
    srand(1);
    run(&s, in, out);
    fclose(in);
    return fclose(out) == 0 ? 0 : 74;
}
