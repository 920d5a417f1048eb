/* SPDX-License-Identifier: MIT */
/* MPEG-TS packetizer, test picture and test sound of the recording generator. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "make/genlib.h"

#define PI 3.14159265358979323846

enum {
    TS_PACKET = 188,
    TS_PAYLOAD = 184,
    PID_PMT = 0x1000,
    PID_FIRST = 0x100,
    PCR_LEAD = 63000,   /* how far the program clock runs ahead of decoding: 0.7 s */
    FRAMES_PER_PES = 8, /* audio: 171 ms of AAC at 48 kHz */
    PES_PER_TABLES = 3, /* PAT and PMT again after so many audio PES */
    NOISE = 1 << 16,
};

/* ---- MPEG-TS ---- */

static uint8_t *grow(struct gen_ts *ts, size_t n)
{
    if (ts->failed)
        return NULL;
    if (ts->cap - ts->n < n) {
        const size_t cap = ts->cap * 2 + n + 65536;
        uint8_t *p = realloc(ts->buf, cap);
        if (p == NULL) {
            ts->failed = true;
            return NULL;
        }
        ts->buf = p;
        ts->cap = cap;
    }
    uint8_t *at = ts->buf + ts->n;
    ts->n += n;
    return at;
}

static uint32_t crc32_mpeg(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= (uint32_t)p[i] << 24;
        for (int b = 0; b < 8; b++)
            crc = crc << 1 ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
    }
    return crc;
}

/* One section in one packet: pointer field, section, CRC, stuffing. */
static void put_section(struct gen_ts *ts, int pid, uint8_t *cc, uint8_t *sec, size_t n)
{
    uint8_t *p = grow(ts, TS_PACKET);
    if (p == NULL)
        return;
    const size_t len = n - 3 + 4;
    sec[1] = (uint8_t)(0xb0 | len >> 8);
    sec[2] = (uint8_t)len;
    const uint32_t crc = crc32_mpeg(sec, n);
    memset(p, 0xff, TS_PACKET);
    p[0] = 0x47;
    p[1] = (uint8_t)(0x40 | pid >> 8);
    p[2] = (uint8_t)pid;
    p[3] = (uint8_t)(0x10 | (*cc)++ % 16);
    p[4] = 0;
    memcpy(p + 5, sec, n);
    for (int i = 0; i < 4; i++)
        p[5 + n + (size_t)i] = (uint8_t)(crc >> (24 - 8 * i));
}

static void put_tables(struct gen_ts *ts)
{
    uint8_t pat[12] = { 0, 0, 0, 0, 1, 0xc1, 0, 0, 0, 1, 0xe0 | PID_PMT >> 8, PID_PMT & 0xff };
    put_section(ts, 0, &ts->cc_pat, pat, sizeof pat);

    const int pcr_pid = ts->streams[ts->pcr_stream].pid;
    uint8_t pmt[128] = {
        2, 0, 0, 0, 1, 0xc1, 0, 0, (uint8_t)(0xe0 | pcr_pid >> 8), (uint8_t)pcr_pid, 0xf0, 0
    };
    size_t n = 12;
    for (int i = 0; i < ts->nb_streams; i++) {
        const struct gen_ts_stream *s = &ts->streams[i];
        pmt[n++] = s->type;
        pmt[n++] = (uint8_t)(0xe0 | s->pid >> 8);
        pmt[n++] = (uint8_t)s->pid;
        pmt[n++] = 0xf0;
        pmt[n++] = (uint8_t)s->nb_desc;
        memcpy(pmt + n, s->desc, s->nb_desc);
        n += s->nb_desc;
    }
    put_section(ts, PID_PMT, &ts->cc_pmt, pmt, n);
    ts->pes_since_tables = 0;
}

static void put_time(uint8_t *p, int mark, int64_t t)
{
    const uint64_t v = (uint64_t)t & 0x1ffffffff;
    p[0] = (uint8_t)(mark << 4 | (v >> 30 & 7) << 1 | 1);
    p[1] = (uint8_t)(v >> 22);
    p[2] = (uint8_t)((v >> 15 & 0x7f) << 1 | 1);
    p[3] = (uint8_t)(v >> 7);
    p[4] = (uint8_t)((v & 0x7f) << 1 | 1);
}

static void put_pes(struct gen_ts *ts, struct gen_ts_stream *s, const uint8_t *data, size_t size,
                    int64_t pts, int64_t dts, bool key)
{
    const int index = (int)(s - ts->streams);
    const bool video = s->stream_id == 0xe0;
    if (ts->pcr_stream < 0)
        ts->pcr_stream = index;
    if (ts->n == 0 || (video && key) || ts->pes_since_tables >= PES_PER_TABLES)
        put_tables(ts);
    if (!video)
        ts->pes_since_tables++;

    uint8_t head[19] = {
        0, 0, 1, s->stream_id, 0, 0, 0x84, pts == dts ? 0x80 : 0xc0, pts == dts ? 5 : 10
    };
    const size_t nb_head = pts == dts ? 14 : 19;
    put_time(head + 9, pts == dts ? 2 : 3, pts);
    if (pts != dts)
        put_time(head + 14, 1, dts);
    const size_t pes_len = nb_head - 6 + size;
    if (!video && pes_len <= 0xffff) { /* a video PES may leave its length open */
        head[4] = (uint8_t)(pes_len >> 8);
        head[5] = (uint8_t)pes_len;
    }

    const bool pcr = index == ts->pcr_stream;
    bool first = true;
    size_t done = 0, total = nb_head + size;
    while (done < total) {
        uint8_t *p = grow(ts, TS_PACKET);
        if (p == NULL)
            return;
        size_t af = first && pcr ? 8 : first && key ? 2 : 0; /* with its length byte */
        size_t take = total - done;
        if (take > TS_PAYLOAD - af)
            take = TS_PAYLOAD - af;
        const size_t af_used = af;
        af = TS_PAYLOAD - take;
        p[0] = 0x47;
        p[1] = (uint8_t)((first ? 0x40 : 0) | s->pid >> 8);
        p[2] = (uint8_t)s->pid;
        p[3] = (uint8_t)((af > 0 ? 0x30 : 0x10) | s->cc++ % 16);
        if (af > 0) {
            p[4] = (uint8_t)(af - 1);
            if (af > 1) {
                memset(p + 5, 0xff, af - 1);
                p[5] = (uint8_t)((first && key ? 0x40 : 0) | (af_used == 8 ? 0x10 : 0));
            }
            if (af_used == 8) {
                const uint64_t base = (uint64_t)(dts - PCR_LEAD) & 0x1ffffffff;
                p[6] = (uint8_t)(base >> 25);
                p[7] = (uint8_t)(base >> 17);
                p[8] = (uint8_t)(base >> 9);
                p[9] = (uint8_t)(base >> 1);
                p[10] = (uint8_t)((base & 1) << 7 | 0x7e);
                p[11] = 0;
            }
        }
        uint8_t *out = p + TS_PACKET - take;
        size_t left = take;
        if (done < nb_head) {
            const size_t n = nb_head - done < left ? nb_head - done : left;
            memcpy(out, head + done, n);
            out += n;
            left -= n;
            done += n;
        }
        if (left > 0) {
            memcpy(out, data + (done - nb_head), left);
            done += left;
        }
        first = false;
    }
}

int gen_ts_add(struct gen_ts *ts, const char *codec, int rate_hz, int channels)
{
    struct gen_ts_stream *s = &ts->streams[ts->nb_streams];
    memset(s, 0, sizeof *s);
    s->pid = PID_FIRST + ts->nb_streams;
    s->stream_id = 0xc0;
    if (strcmp(codec, "h264") == 0) {
        s->type = 0x1b;
        s->stream_id = 0xe0;
    } else if (strcmp(codec, "hevc") == 0) {
        s->type = 0x24;
        s->stream_id = 0xe0;
        memcpy(s->desc, "\x05\x04HEVC", s->nb_desc = 6);
    } else if (strcmp(codec, "aac") == 0) {
        s->type = 0x0f;
    } else if (strcmp(codec, "mp3") == 0) {
        s->type = rate_hz < 32000 ? 0x04 : 0x03;
    } else { /* Opus in TS: private data with a registration and a channel descriptor */
        s->type = 0x06;
        s->stream_id = 0xbd;
        memcpy(s->desc, "\x05\x04Opus\x7f\x02\x80", 9);
        s->desc[9] = (uint8_t)channels;
        s->nb_desc = 10;
    }
    return ts->nb_streams++;
}

void gen_ts_begin(struct gen_ts *ts)
{
    ts->n = 0;
    ts->pcr_stream = -1;
    ts->cc_pat = ts->cc_pmt = 0;
    ts->pes_since_tables = 0;
    ts->failed = false;
    for (int i = 0; i < ts->nb_streams; i++) {
        ts->streams[i].cc = 0;
        ts->streams[i].nb_held = 0;
        ts->streams[i].held_frames = 0;
    }
}

void gen_ts_video(struct gen_ts *ts, int stream, const uint8_t *data, size_t size, int64_t pts,
                  int64_t dts, bool key)
{
    put_pes(ts, &ts->streams[stream], data, size, pts, dts, key);
}

static void flush_audio(struct gen_ts *ts, struct gen_ts_stream *s)
{
    if (s->held_frames > 0)
        put_pes(ts, s, s->held, s->nb_held, s->held_pts, s->held_pts, true);
    s->held_frames = 0;
    s->nb_held = 0;
}

void gen_ts_audio(struct gen_ts *ts, int stream, const uint8_t *data, size_t size, int64_t pts)
{
    struct gen_ts_stream *s = &ts->streams[stream];
    if (s->cap_held - s->nb_held < size) {
        const size_t cap = s->cap_held * 2 + size + 4096;
        uint8_t *p = realloc(s->held, cap);
        if (p == NULL) {
            ts->failed = true;
            return;
        }
        s->held = p;
        s->cap_held = cap;
    }
    if (s->held_frames == 0)
        s->held_pts = pts;
    memcpy(s->held + s->nb_held, data, size);
    s->nb_held += size;
    if (++s->held_frames == FRAMES_PER_PES)
        flush_audio(ts, s);
}

int gen_ts_end(struct gen_ts *ts)
{
    for (int i = 0; i < ts->nb_streams; i++)
        flush_audio(ts, &ts->streams[i]);
    return ts->failed ? -1 : 0;
}

void gen_ts_fini(struct gen_ts *ts)
{
    for (int i = 0; i < ts->nb_streams; i++)
        free(ts->streams[i].held);
    free(ts->buf);
    memset(ts, 0, sizeof *ts);
}

void gen_adts(uint8_t out[7], int rate_hz, int channels, size_t size)
{
    static const int rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                 22050, 16000, 12000, 11025, 8000,  7350 };
    unsigned index = 0;
    while (index < sizeof rates / sizeof *rates - 1 && rates[index] != rate_hz)
        index++;
    const size_t n = size + 7;
    out[0] = 0xff;
    out[1] = 0xf1;
    out[2] = (uint8_t)(1 << 6 | index << 2 | ((unsigned)channels >> 2 & 1));
    out[3] = (uint8_t)((unsigned)channels << 6 | (n >> 11 & 3));
    out[4] = (uint8_t)(n >> 3);
    out[5] = (uint8_t)((n & 7) << 5 | 0x1f);
    out[6] = 0xfc;
}

size_t gen_opus_header(uint8_t *out, size_t size)
{
    size_t n = 0;
    out[n++] = 0x7f;
    out[n++] = 0xe0;
    for (; size >= 255; size -= 255)
        out[n++] = 255;
    out[n++] = (uint8_t)size;
    return n;
}

/* ---- picture ---- */

static const char glyph_chars[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ:.-#";
/* 5x7 dots, a byte a row, the leftmost dot in bit 4 */
static const uint8_t glyphs[][7] = {
    { 14, 17, 19, 21, 25, 17, 14 }, { 4, 12, 4, 4, 4, 4, 14 },      { 14, 17, 1, 2, 4, 8, 31 },
    { 31, 2, 4, 2, 1, 17, 14 },     { 2, 6, 10, 18, 31, 2, 2 },     { 31, 16, 30, 1, 1, 17, 14 },
    { 6, 8, 16, 30, 17, 17, 14 },   { 31, 1, 2, 4, 8, 8, 8 },       { 14, 17, 17, 14, 17, 17, 14 },
    { 14, 17, 17, 15, 1, 2, 12 },   { 14, 17, 17, 31, 17, 17, 17 }, { 30, 17, 17, 30, 17, 17, 30 },
    { 14, 17, 16, 16, 16, 17, 14 }, { 28, 18, 17, 17, 17, 18, 28 }, { 31, 16, 16, 30, 16, 16, 31 },
    { 31, 16, 16, 30, 16, 16, 16 }, { 14, 17, 16, 23, 17, 17, 15 }, { 17, 17, 17, 31, 17, 17, 17 },
    { 14, 4, 4, 4, 4, 4, 14 },      { 7, 2, 2, 2, 2, 18, 12 },      { 17, 18, 20, 24, 20, 18, 17 },
    { 16, 16, 16, 16, 16, 16, 31 }, { 17, 27, 21, 21, 17, 17, 17 }, { 17, 17, 25, 21, 19, 17, 17 },
    { 14, 17, 17, 17, 17, 17, 14 }, { 30, 17, 17, 30, 16, 16, 16 }, { 14, 17, 17, 17, 21, 18, 13 },
    { 30, 17, 17, 30, 20, 18, 17 }, { 15, 16, 16, 14, 1, 1, 30 },   { 31, 4, 4, 4, 4, 4, 4 },
    { 17, 17, 17, 17, 17, 17, 14 }, { 17, 17, 17, 17, 17, 10, 4 },  { 17, 17, 17, 21, 21, 21, 10 },
    { 17, 17, 10, 4, 10, 17, 17 },  { 17, 17, 17, 10, 4, 4, 4 },    { 31, 1, 2, 4, 8, 16, 31 },
    { 0, 12, 12, 0, 12, 12, 0 },    { 0, 0, 0, 0, 0, 12, 12 },      { 0, 0, 0, 31, 0, 0, 0 },
    { 10, 10, 31, 10, 31, 10, 10 },
};

const uint8_t *gen_glyph(char c)
{
    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    const char *at = c != '\0' ? strchr(glyph_chars, c) : NULL;
    return at != NULL ? glyphs[at - glyph_chars] : NULL;
}

static void draw_text(uint8_t *plane, int stride, int w, int h, int x0, int y0, int scale,
                      const char *text)
{
    for (; *text != '\0'; text++, x0 += 6 * scale) {
        const uint8_t *rows = gen_glyph(*text);
        if (rows == NULL)
            continue;
        for (int y = 0; y < 7 * scale && y0 + y < h; y++)
            for (int x = 0; x < 5; x++)
                if (rows[y / scale] >> (4 - x) & 1)
                    for (int i = 0; i < scale && x0 + x * scale + i < w; i++)
                        plane[(ptrdiff_t)(y0 + y) * stride + x0 + x * scale + i] = 235;
    }
}

void gen_colour(int colour, uint8_t *u, uint8_t *v)
{
    /* steps of the golden angle keep any few colours far apart */
    const double angle = 2.39996 * colour;
    *u = (uint8_t)lrint(128 + 70 * cos(angle));
    *v = (uint8_t)lrint(128 + 70 * sin(angle));
}

int gen_picture_init(struct gen_picture *p, int w_px, int h_px, int colour, bool inverse)
{
    p->w_px = w_px;
    p->h_px = h_px;
    p->inverse = inverse;
    gen_colour(colour, &p->u, &p->v);
    p->noise = malloc(NOISE);
    if (p->noise == NULL)
        return -1;
    uint32_t seed = 12345;
    for (int i = 0; i < NOISE; i++) {
        seed = seed * 1664525 + 1013904223;
        p->noise[i] = (uint8_t)(90 + (seed >> 27));
    }
    return 0;
}

void gen_picture_fini(struct gen_picture *p)
{
    free(p->noise);
    p->noise = NULL;
}

void gen_picture_draw(struct gen_picture *p, int64_t n, const char *const lines[2], bool white,
                      uint8_t *const planes[], const int strides[])
{
    const int w = p->w_px, h = p->h_px;
    const int cw = (w + 1) / 2, ch = (h + 1) / 2;
    for (int y = 0; y < ch; y++) {
        memset(planes[1] + (ptrdiff_t)y * strides[1], white ? 128 : p->u, (size_t)cw);
        memset(planes[2] + (ptrdiff_t)y * strides[2], white ? 128 : p->v, (size_t)cw);
    }
    if (white) {
        for (int y = 0; y < h; y++)
            memset(planes[0] + (ptrdiff_t)y * strides[0], 235, (size_t)w);
        return;
    }
    /* slanted bars that drift sideways (each row is the first one, shifted), a band of noise */
    enum { BAR = 64 };
    uint8_t row[4096 + BAR];
    const int nb_row = w + BAR < (int)sizeof row ? w + BAR : (int)sizeof row;
    for (int x = 0; x < nb_row; x++)
        row[x] = (uint8_t)(50 + (p->inverse ? BAR - 1 - x % BAR : x % BAR));
    const int band = h * 7 / 8;
    for (int y = 0; y < h; y++) {
        uint8_t *out = planes[0] + (ptrdiff_t)y * strides[0];
        if (y >= band && y < band + 16) {
            const uint32_t at = ((uint32_t)n * 7919 + (uint32_t)y * 613) % (NOISE / 2);
            for (int x = 0; x < w; x++)
                out[x] = p->noise[(at + (uint32_t)x) % NOISE];
            continue;
        }
        int64_t shift = (n * 2 + y / 4) % BAR;
        if (p->inverse)
            shift = BAR - 1 - shift;
        for (int x = 0; x < w; x += nb_row - BAR)
            memcpy(out + x, row + shift, (size_t)(w - x < nb_row - BAR ? w - x : nb_row - BAR));
    }
    const int scale = w >= 256 ? w / 128 : 1;
    const int x0 = 2 * scale, y0 = 2 * scale;
    for (int i = 0; i < 2; i++) {
        if (lines[i] == NULL)
            continue;
        const int top = y0 + i * 10 * scale;
        const int wide = 6 * scale * (int)strlen(lines[i]) + scale;
        for (int y = top - scale; y < top + 8 * scale && y < h; y++)
            memset(planes[0] + (ptrdiff_t)y * strides[0] + x0 - scale, 16,
                   (size_t)(x0 - scale + wide < w ? wide : w - x0 + scale));
        draw_text(planes[0], strides[0], w, h, x0, top, scale, lines[i]);
    }
}

/* ---- sound ---- */

float gen_tone(double t_s, double tone_hz)
{
    return (float)(0.0316 * sin(2 * PI * fmod(tone_hz * t_s, 1.0))); /* -30 dBFS */
}

float gen_beep(double t_s)
{
    return t_s < 0 || t_s >= GEN_BEEP_S ? 0 : (float)(0.5 * sin(2 * PI * GEN_BEEP_HZ * t_s));
}
