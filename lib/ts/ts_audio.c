/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: frames of sound. */
#include <stdio.h>
#include <string.h>

#include "ts/ts_priv.h"

/* How much of a stream is examined to identify it: PES packets, and bytes. */
#define NB_TO_JUDGE    4
#define NB_MOST        12
#define BYTES_TO_JUDGE 8192

/* The same to find the time of the first frames: at most as many as there are marks. */
#define NB_TO_WAIT    (NB_MARKS - 4)
#define BYTES_TO_WAIT 65536

/* ---- Opus packets ---- */

#define OPUS_HZ 48000

/* Returns the samples (at 48 kHz) of an Opus packet, by its first two bytes (RFC 6716, 3.1); 0: it
 * is not such a packet. */
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

/* Reads the opus_control_header before each Opus packet in TS. Returns its size, and that of the
 * packet after it; 0: it is not such a header. */
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

/* ---- the clock of a stream's samples ---- */

static void clock_set(struct trtc_ts_es *s, int64_t pts, int rate_hz)
{
    s->clock_pts = pts;
    s->clock_samples = 0;
    s->clock_rate_hz = rate_hz;
}

static int64_t clock_now(const struct trtc_ts_es *s)
{
    if (s->clock_pts == NOPTS || s->clock_rate_hz == 0)
        return NOPTS;
    const int64_t ticks = (s->clock_samples * 90000 + s->clock_rate_hz / 2) / s->clock_rate_hz;
    return (s->clock_pts + ticks) & 0x1ffffffff;
}

/* Whether the PES of the frame in hand states the same time as the one before it, in the same
 * segment. Such a clock stands still, while sound goes on. */
static bool stands_still(struct trtc_ts_es *s)
{
    const int64_t at = s->base + (int64_t)s->start;
    const bool same = s->unit.pts == s->said_pts && (s->said_at >= s->seam_at || at < s->seam_at);

    s->said_pts = s->unit.pts;
    s->said_at = at;
    return same && clock_now(s) != NOPTS;
}

/* Sets the time of the frame in hand: the time of its PES, or the end of the frame before. */
static void sound_begin(struct trtc_ts_es *s, int rate_hz)
{
    trtc_ts_unit_begin(s);
    if (s->unit.pts != NOPTS && stands_still(s))
        s->unit.pts = s->unit.dts = NOPTS;
    if (s->unit.pts != NOPTS)
        clock_set(s, s->unit.pts, rate_hz);
    else if (rate_hz != s->clock_rate_hz)
        clock_set(s, clock_now(s), rate_hz);
    if (rate_hz > 0)
        s->unit.pts = clock_now(s);
    s->unit.key = true;
}

/* Its length: the next one begins there. */
static void sound_lasts(struct trtc_ts_es *s, int samples, int rate_hz)
{
    s->unit.samples = samples;
    s->unit.rate_hz = rate_hz;
    s->clock_samples += samples;
    if (samples == 0)
        s->clock_pts = NOPTS;
}

/* Counts the samples of the frames from start up to byte end of the stream. Returns how many there
 * are; -1: they do not all have this rate, or are not whole; 0: some have not arrived. */
static int64_t count_samples(const struct trtc_ts_es *s, int64_t end, int rate_hz)
{
    struct trtc_sound_memory memory = s->memory;
    struct trtc_sound_header h;
    int64_t samples = 0;
    size_t at = s->start;

    while (s->base + (int64_t)at < end) {
        if (s->size < at + s->parser->least)
            return 0;
        if (s->parser->parse(s->buf + at, s->size - at, &memory, &h) < 0 || h.rate_hz != rate_hz)
            return -1;
        at += (size_t)h.frame_bytes;
        samples += h.joins ? 0 : h.samples;
    }
    return samples;
}

/* The same for packets of Opus. */
static int64_t count_opus(const struct trtc_ts_es *s, int64_t end)
{
    int64_t samples = 0;
    size_t at = s->start, packet = 0;

    while (s->base + (int64_t)at < end) {
        const size_t n = (size_t)(end - s->base) - at;
        const size_t header = opus_control(s->buf + at, n, &packet);
        const int more = header ? opus_samples(s->buf + at + header, packet) : 0;
        if (more == 0)
            return -1;
        at += header + packet;
        samples += more;
    }
    return samples;
}

/* Before a frame without a time, of which none is known either: it is as long before the next PES
 * with a time as its samples and those after it last. Returns false: more input is needed. */
static bool clock_found(struct trtc_ts_es *s, int rate_hz, bool final)
{
    const struct trtc_ts_mark *own = trtc_ts_mark_of(s, s->start);

    if ((own && !own->used && own->pts != NOPTS) || clock_now(s) != NOPTS || rate_hz == 0)
        return true;
    const struct trtc_ts_mark *next = trtc_ts_next_mark(s, s->start);
    const int64_t samples = !next       ? 0
                            : s->parser ? count_samples(s, next->at, rate_hz)
                                        : count_opus(s, next->at);
    if (samples > 0)
        clock_set(s, (next->pts - samples * 90000 / rate_hz) & 0x1ffffffff, rate_hz);
    return samples != 0 || final || s->size - s->start > BYTES_TO_WAIT ||
           trtc_ts_marks_since(s, s->start) >= NB_TO_WAIT;
}

/* ---- ADTS frames of several blocks ---- */

/* A frame with checksums states where its blocks begin (ISO/IEC 13818-7, 6.2), so each can get a
 * header of its own. Returns false if it has none. */
static bool blocks_begin(struct trtc_ts_es *s, size_t size)
{
    const uint8_t *p = s->buf + s->start;
    const int nb = (p[6] & 3) + 1;
    const size_t head = 9 + 2 * (size_t)(nb - 1);
    struct trtc_ts_blocks *b = &s->blocks;

    if (s->stream.codec != TRTC_CODEC_AAC || nb == 1 || p[1] & 1 || size <= head)
        return false;
    *b = (struct trtc_ts_blocks){ .nb = nb };
    b->at[0] = s->start + head;
    for (int i = 1; i < nb; i++)
        b->at[i] = s->start + head + ((size_t)p[5 + 2 * i] << 8 | p[6 + 2 * i]);
    b->at[nb] = s->start + size;
    for (int i = 0; i < nb; i++)
        if (b->at[i + 1] < b->at[i] + 3 || b->at[i + 1] > s->start + size) {
            b->nb = 0;
            return false;
        }
    memcpy(b->header, p, sizeof b->header);
    return true;
}

/* Prepares the next block: writes a header over the bytes before it, which were returned
 * already. */
static int blocks_emit(struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    struct trtc_ts_blocks *b = &s->blocks;
    const size_t at = b->at[b->next], end = b->at[++b->next] - 2; /* the checksum */
    const size_t n = end - at + sizeof b->header, before = s->start;
    uint8_t *h = s->buf + at - sizeof b->header;

    memcpy(h, b->header, sizeof b->header);
    h[1] |= 1; /* no checksum */
    h[3] = (uint8_t)((h[3] & 0xfc) | n >> 11);
    h[4] = (uint8_t)(n >> 3);
    h[5] = (uint8_t)((h[5] & 0x1f) | (n & 7) << 5);
    h[6] &= 0xfc;
    s->start = at - sizeof b->header;
    trtc_ts_unit_emit(s, end, f);
    s->start = b->at[b->next];
    s->count.framed += (int64_t)(s->start - before) - (int64_t)f->size;
    if (b->next == b->nb)
        b->nb = 0;
    return 1;
}

/* Begins the unit of the next block, which follows the one before. */
static int blocks_next(struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    const int rate_hz = s->clock_rate_hz;

    s->unit = (struct trtc_ts_unit){
        .begun = true, .pts = clock_now(s), .dts = NOPTS, .pos = s->blocks.pos, .key = true
    };
    sound_lasts(s, 1024, rate_hz);
    return blocks_emit(s, f);
}

/* ---- frames with headers ---- */

enum found { NONE, MORE, WHOLE, SURE };

/* Looks for a frame at start, with the frames that join it. SURE: another frame follows; otherwise
 * one may follow. MORE: call again when there are s->wake bytes. */
static enum found look(struct trtc_ts_es *s, bool final, struct trtc_sound_header *h, size_t *size)
{
    const struct trtc_sound_parser *parser = s->parser;
    struct trtc_sound_memory memory = s->memory;
    struct trtc_sound_header more;
    const uint8_t *p = s->buf + s->start;
    const size_t n = s->size - s->start;

    if (n < parser->least) {
        s->wake = s->start + parser->least;
        return final ? NONE : MORE;
    }
    if (parser->parse(p, n, &memory, h) < 0 || h->joins)
        return NONE;
    *size = (size_t)h->frame_bytes;
    while (n >= *size + parser->least && parser->parse(p + *size, n - *size, &memory, &more) == 0 &&
           more.joins)
        *size += (size_t)more.frame_bytes;

    const size_t need = *size + (parser->joins ? parser->least : 2);
    const bool ends = s->why >= WHY_PES && n == *size && !parser->joins; /* with its PES */
    if (n < need && !final && !ends) {
        s->wake = s->start + need;
        return MORE;
    }
    if (n < *size)
        return NONE;
    const bool sure = parser->starts(p + *size, n - *size);
    if (sure || s->in_sync)
        s->memory = memory;
    return sure ? SURE : WHOLE;
}

/* Skips n bytes that are not a frame. If a frame should have been here, it is not known which frame
 * of the PES the next one is. Bytes before a first frame are the rest of an earlier one, and prove
 * nothing. */
static void skip(struct trtc_ts *ts, struct trtc_ts_es *s, size_t n)
{
    struct trtc_ts_mark *m = trtc_ts_mark_of(s, s->start);

    if (s->in_sync) {
        if (m)
            m->used = true;
        s->clock_pts = NOPTS;
    }
    s->in_sync = false;
    s->start += n;
    trtc_ts_count_bad(ts, s, n);
}

/* Packets are missing: it is not known which frame of the PES the next one is. */
static void lose_place(struct trtc_ts_es *s)
{
    struct trtc_ts_mark *m = trtc_ts_mark_of(s, s->size);

    if (m && m->at < s->base + (int64_t)s->size)
        m->used = true;
    s->torn = s->in_sync = false;
    s->clock_pts = NOPTS;
}

/* Returns the number of bytes before the next place at which a frame may begin. */
static size_t to_next(const struct trtc_ts_es *s)
{
    const uint8_t *p = s->buf + s->start;
    const size_t n = s->size - s->start;
    size_t k = 1;

    while (k < n && !s->parser->starts(p + k, n - k))
        k++;
    return k;
}

/* True if there is a frame anywhere that is followed by another one or by the end of the PES. */
static bool has_frames(struct trtc_ts_es *s)
{
    const size_t start = s->start;
    struct trtc_sound_header h;
    enum found found = NONE;
    size_t size;

    while (s->start < s->size && found != SURE) {
        found = look(s, true, &h, &size);
        s->start += to_next(s);
    }
    s->start = start;
    return found == SURE;
}

/* Called if a stream does not begin with a frame of the codec in the tables. If its first PES
 * packets contain frames of another codec instead, the tables are wrong; if they contain no frames
 * at all, each PES counts as a frame. AAC, which all recorders write, is waited for. */
static void find_codec(struct trtc_ts_es *s)
{
    const struct trtc_sound_parser *said = s->parser;

    s->known = true;
    if (has_frames(s))
        return;
    for (int i = 0; (s->parser = trtc_sound_parser_at(i)); i++) {
        if (s->parser == said || s->parser->weak || !has_frames(s))
            continue;
        const bool aac = strcmp(s->parser->codec_name, "aac") == 0;
        s->stream.codec = aac ? TRTC_CODEC_AAC : TRTC_CODEC_OTHER;
        snprintf(s->stream.codec_name, sizeof s->stream.codec_name, "%s", s->parser->codec_name);
        return;
    }
    s->parser = said;
    s->plain = s->stream.codec == TRTC_CODEC_OTHER;
}

/* Whether more data may identify the stream. */
static bool may_wait(const struct trtc_ts_es *s)
{
    return s->nb_marks < NB_TO_JUDGE ||
           (s->nb_marks < NB_MOST && s->size - s->start < BYTES_TO_JUDGE);
}

static int emit_found(struct trtc_ts_es *s, const struct trtc_sound_header *h, size_t size,
                      bool sure, struct trtc_ts_frame *f)
{
    sound_begin(s, h->rate_hz);
    s->unit.damaged = !sure;
    s->in_sync = s->known = true;
    s->blocks.pos = s->unit.pos;
    if (blocks_begin(s, size)) {
        sound_lasts(s, 1024, h->rate_hz);
        return blocks_emit(s, f);
    }
    sound_lasts(s, h->samples, h->rate_hz);
    return trtc_ts_unit_emit(s, s->start + size, f);
}

int trtc_ts_sound_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    const bool lossy = s->gap || s->torn; /* the next bytes do not continue the buffer */
    const bool final = s->why == WHY_FINAL || lossy;

    if (s->blocks.nb > 0)
        return blocks_next(s, f);
    while (s->start < s->size) {
        struct trtc_sound_header h;
        size_t size;
        const enum found found = look(s, final, &h, &size);

        if (found == MORE)
            return 0;
        if (found == SURE || (found == WHOLE && s->in_sync)) {
            s->wake = SIZE_MAX;
            if (!clock_found(s, h.rate_hz, final))
                return 0;
            return emit_found(s, &h, size, found == SURE, f);
        }
        if (!s->known) {
            s->wake = SIZE_MAX;
            if (!final && (s->why < WHY_PES || (may_wait(s) && !has_frames(s))))
                return 0;
            find_codec(s);
            if (s->plain)
                return trtc_ts_pes_frame(ts, s, f);
            continue;
        }
        skip(ts, s, to_next(s));
    }
    if (lossy)
        lose_place(s);
    s->wake = s->size + s->parser->least;
    return 0;
}

/* ---- Opus ---- */

int trtc_ts_opus_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    s->wake = SIZE_MAX;
    s->unit.damaged |= s->torn; /* this is about the last PES */
    s->torn = false;
    const bool damaged = s->unit.damaged, final = s->why == WHY_FINAL || s->gap || damaged;
    while (s->start < s->size) {
        const size_t end = trtc_ts_pes_end(s);
        const bool last = end == s->size;
        if (last && s->why < WHY_PES)
            return 0;

        size_t packet = 0;
        const size_t header = opus_control(s->buf + s->start, end - s->start, &packet);
        if (header == 0) {
            trtc_ts_count_bad(ts, s, end - s->start);
            s->start = end;
            s->clock_pts = NOPTS;
            s->unit.damaged = damaged && !last;
            continue;
        }
        if (!clock_found(s, OPUS_HZ, final))
            return 0;
        sound_begin(s, OPUS_HZ);
        s->count.idle += (int64_t)header;
        s->start += header;
        sound_lasts(s, opus_samples(s->buf + s->start, packet), OPUS_HZ);
        s->unit.damaged = damaged && last;
        trtc_ts_unit_emit(s, s->start + packet, f);
        s->unit.damaged = damaged && s->start < s->size;
        return 1;
    }
    return 0;
}
