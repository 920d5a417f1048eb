/* SPDX-License-Identifier: MIT */
/* The writer of odd transport streams; see shape.h. */
#include "shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/avutil.h>

#include "make/pes.h"

enum { PACKET = 188, DATA = 0x150, OFTEN = 10, PREROLL = 63000 };

struct writer {
    const struct shape *s;
    const struct frames *all;
    struct mux *m;
    struct bytes pes[NB_KINDS]; /* what is gathered */
    int64_t begin;              /* the lowest stamp */
    int64_t restart;            /* from there on the clock is another one; 0: nowhere */
    int nb_pes, nb_tables, version;
    uint32_t chance;
};

static uint32_t chance(struct writer *w, uint32_t n)
{
    w->chance = w->chance * 1664525 + 1013904223;
    return (w->chance >> 8) % n;
}

/* ---- tables ---- */

static uint8_t stream_type(enum AVCodecID codec)
{
    switch (codec) {
    case AV_CODEC_ID_H264:
        return 0x1b;
    case AV_CODEC_ID_HEVC:
        return 0x24;
    case AV_CODEC_ID_AAC:
        return 0x0f;
    case AV_CODEC_ID_MP2:
        return 0x04;
    case AV_CODEC_ID_MP3:
        return 0x03;
    case AV_CODEC_ID_AC3:
        return 0x81;
    case AV_CODEC_ID_EAC3:
        return 0x87;
    default:
        return 0;
    }
}

static void put_tables(struct writer *w)
{
    const struct track *v = &w->all->of[PICTURE], *a = &w->all->of[SOUND];
    struct entry e[3];
    size_t n = 0;
    if (v->n > 0)
        e[n++] = (struct entry){ VIDEO, stream_type(v->codec), NULL, 0 };
    if (a->n > 0)
        e[n++] = (struct entry){ AUDIO, stream_type(a->codec), NULL, 0 };
    if (n == 2 && w->s->tables == TABLES_SOUND_FIRST) {
        const struct entry was = e[0];
        e[0] = e[1];
        e[1] = was;
    }
    if (w->s->fields)
        e[n++] = (struct entry){ DATA, 0x06, NULL, 0 };
    if (w->s->tables == TABLES_VERSION)
        w->m->version = ++w->version & 31;
    mux_pat(w->m, 1, (const int[]){ PMT });
    mux_pmt(w->m, PMT, e, n, w->s->tables == TABLES_BROKEN && w->nb_tables % 2 == 0);
    w->nb_tables++;
}

static bool tables_due(const struct writer *w, size_t nb_all)
{
    switch (w->s->tables) {
    case TABLES_ONCE:
        return w->nb_pes == 0;
    case TABLES_LATE:
        return w->nb_pes >= (int)(nb_all / 10) && w->nb_pes % OFTEN == 0;
    default:
        return w->nb_pes % OFTEN == 0;
    }
}

/* ---- PES ---- */

/* A picture's bytes, its start codes and delimiters as the shape wants them. */
static void add_picture(struct writer *w, const struct frame *f, bool hevc)
{
    const uint8_t *p = f->data;
    size_t from = f->data_size;
    for (size_t i = 0; i <= f->data_size; i++) {
        const bool end = i + 3 > f->data_size;
        if (!end && (p[i] || p[i + 1] || p[i + 2] != 1))
            continue;
        if (from < f->data_size) {
            const int type = hevc ? p[from] >> 1 & 63 : p[from] & 31;
            size_t to = end ? f->data_size : i;
            while (to > from && p[to - 1] == 0)
                to--;
            if (!w->s->no_delimiters || type != (hevc ? 35 : 9)) {
                bytes_add(&w->pes[PICTURE], &"\0\0\0\1"[w->s->short_codes ? 1 : 0],
                          4 - w->s->short_codes);
                bytes_add(&w->pes[PICTURE], p + from, to - from);
            }
        }
        if (end)
            return;
        from = i + 3;
        i += 2;
    }
}

static size_t put_stamp(uint8_t *h, int prefix, int64_t t)
{
    pes_time(h, prefix, t & ((INT64_C(1) << 33) - 1));
    return 5;
}

/* A stamp as it goes out. */
static int64_t shaped(const struct writer *w, const struct frame *f, int64_t t)
{
    const int64_t at = w->restart;
    t -= w->begin;
    if (at && f->dts - w->begin >= at)
        t += w->s->jump ? w->s->jump : -at;
    return t + w->s->offset + PREROLL;
}

static size_t put_head(struct writer *w, int k, const struct frame *f, uint8_t *h)
{
    const bool times =
        f->pts != AV_NOPTS_VALUE && !(w->s->skip_stamps && k == SOUND && w->nb_pes % 3 == 2);
    const bool both = times && f->dts != f->pts && !w->s->no_dts;
    const int64_t j = w->s->jitter[k];
    const int64_t by = j ? (int64_t)chance(w, (uint32_t)(2 * j + 1)) - j : 0;
    size_t n = 9;
    memcpy(h, "\0\0\1\xe0\0\0\x80\0\0", 9);
    if (k == SOUND)
        h[3] = stream_type(w->all->of[k].codec) > 0x80 ? 0xbd : 0xc0;
    if (times) {
        h[7] = both ? 0xc0 : 0x80;
        n += put_stamp(h + n, both ? 3 : 2, shaped(w, f, f->pts) + by);
        if (both)
            n += put_stamp(h + n, 1, shaped(w, f, f->dts) + by);
    }
    if (w->s->pes_extras) {
        h[6] |= 0x0f; /* priority, alignment, copyright, original */
        h[7] |= 0x01; /* an extension, with a P-STD buffer */
        memcpy(h + n, "\x1e\x60\xe8", 3);
        n += 3;
        memset(h + n, 0xff, 7);
        n += 7;
    }
    h[8] = (uint8_t)(n - 9);
    return n;
}

static void put_noise(struct writer *w)
{
    const uint8_t some[100] = { 0 };
    mux_packet(w->m, 0x1fff, false, NULL, 0, some, sizeof some);
    mux_packet(w->m, VIDEO, false, "\0", 1, some, 0);
    mux_packet(w->m, DATA, false, NULL, 0, some, 40);
}

/* The packet that went out last once more, as a stream may have it. */
static void repeat_last(struct writer *w)
{
    uint8_t last[PACKET];
    memcpy(last, w->m->out.p + w->m->out.n - PACKET, PACKET);
    bytes_add(&w->m->out, last, PACKET);
}

static size_t put_pcr(struct writer *w, const struct frame *f, bool key, uint8_t *af)
{
    const int64_t t = (shaped(w, f, f->dts) - PREROLL / 2) & ((INT64_C(1) << 33) - 1);
    af[0] = (uint8_t)(0x10 | (key ? 0x40 : 0));
    af[1] = (uint8_t)(t >> 25);
    af[2] = (uint8_t)(t >> 17);
    af[3] = (uint8_t)(t >> 9);
    af[4] = (uint8_t)(t >> 1);
    af[5] = (uint8_t)(t << 7 | 0x7e);
    af[6] = 0;
    return 7;
}

/* Sends what was gathered as a PES that begins with f. */
static void put_pes(struct writer *w, int k, const struct frame *f)
{
    uint8_t head[64], af[8];
    const int pid = k == PICTURE ? VIDEO : AUDIO;
    const size_t n = put_head(w, k, f, head), room = w->s->room ? (size_t)w->s->room : 184;
    const size_t length = n - 6 + w->pes[k].n;
    struct bytes b = { NULL, 0, 0 };
    size_t nb_af =
        w->s->no_pcr || k != PICTURE || f->dts == AV_NOPTS_VALUE ? 0 : put_pcr(w, f, f->key, af);
    if ((k == SOUND || w->s->lengths) && length < 65536) {
        head[4] = (uint8_t)(length >> 8);
        head[5] = (uint8_t)length;
    }
    bytes_add(&b, head, n);
    bytes_add(&b, w->pes[k].p, w->pes[k].n);
    for (size_t at = 0; at < b.n; nb_af = 0) {
        const size_t left = b.n - at;
        at += mux_packet(w->m, pid, at == 0, af, nb_af, b.p + at, left < room ? left : room);
        if (w->s->repeats && chance(w, 5) == 0)
            repeat_last(w);
        if (w->s->fields && chance(w, 8) == 0)
            put_noise(w);
    }
    bytes_drop(&b);
    w->pes[k].n = 0;
    w->nb_pes++;
}

/* ---- the stream ---- */

struct place {
    size_t i;
};

/* The next PES of a track: some frames, from where the track is. */
static void put_next(struct writer *w, int k, struct place *at)
{
    const struct track *t = &w->all->of[k];
    const int nb = w->s->frames_a_pes[k] ? w->s->frames_a_pes[k] : 1;
    struct frame first = t->f[at->i];
    for (int i = 0; i < nb && at->i < t->n; i++, at->i++) {
        const struct frame *f = &t->f[at->i];
        if (k == PICTURE)
            add_picture(w, f, t->codec == AV_CODEC_ID_HEVC);
        else
            bytes_add(&w->pes[k], f->data, f->data_size);
    }
    /* a PES's stamp is that of the first frame that begins in it */
    if (k == SOUND && w->s->cut_frames && at->i < t->n) {
        const struct frame *f = &t->f[at->i];
        bytes_add(&w->pes[k], f->data, f->data_size / 3);
        put_pes(w, k, &first);
        bytes_add(&w->pes[k], f->data + f->data_size / 3, f->data_size - f->data_size / 3);
        at->i++;
        if (at->i < t->n)
            return;
        first = *f;
        first.pts = AV_NOPTS_VALUE;
    }
    put_pes(w, k, &first);
}

static int64_t place_of(const struct writer *w, int k, const struct place *at)
{
    const struct track *t = &w->all->of[k];
    return at->i < t->n ? t->f[at->i].dts - w->s->ahead[k] : INT64_MAX;
}

static int save(const struct shape *s, const struct mux *m, const char *path)
{
    static const uint8_t extra[256] = { 1, 2, 3, 4 };
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    fwrite(extra, 1, (size_t)s->front, f);
    for (size_t at = 0; at < m->out.n; at += PACKET) {
        fwrite(extra, 1, (size_t)s->lead, f);
        fwrite(m->out.p + at, 1, PACKET, f);
        fwrite(extra, 1, (size_t)s->tail, f);
    }
    return fclose(f) == 0 ? 0 : -1;
}

static int64_t find_begin(const struct frames *all)
{
    int64_t begin = INT64_MAX;
    for (int k = 0; k < NB_KINDS; k++)
        if (all->of[k].n > 0 && all->of[k].f[0].dts < begin)
            begin = all->of[k].f[0].dts;
    return begin;
}

int64_t shape_restart(const struct shape *s, const struct frames *all)
{
    const struct track *v = &all->of[PICTURE];
    const int64_t from = find_begin(all) + s->restart_at;
    for (size_t i = 0; s->restart_at && i < v->n; i++)
        if (v->f[i].key && v->f[i].dts >= from)
            return v->f[i].dts;
    return from;
}

int shape_write(const struct shape *s, const struct frames *all, const char *path)
{
    struct writer w = { .s = s, .all = all, .chance = 1, .begin = find_begin(all) };
    struct place at[NB_KINDS] = { { 0 }, { 0 } };
    for (int k = 0; k < NB_KINDS; k++)
        if (all->of[k].n > 0 && stream_type(all->of[k].codec) == 0)
            return -1;
    w.restart = s->restart_at ? shape_restart(s, all) - w.begin : 0;
    w.m = mux_new();
    for (;;) {
        const int64_t v = place_of(&w, PICTURE, &at[PICTURE]), a = place_of(&w, SOUND, &at[SOUND]);
        if (v == INT64_MAX && a == INT64_MAX)
            break;
        if (tables_due(&w, all->of[PICTURE].n + all->of[SOUND].n))
            put_tables(&w);
        put_next(&w, v <= a ? PICTURE : SOUND, &at[v <= a ? PICTURE : SOUND]);
    }
    const int ret = save(s, w.m, path);
    for (int k = 0; k < NB_KINDS; k++)
        bytes_drop(&w.pes[k]);
    mux_free(w.m);
    return ret;
}
