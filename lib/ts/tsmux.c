/* SPDX-License-Identifier: MIT */
/* MPEG-TS multiplexer; see tsmux.h. Packets are made in place in the output buffer; nothing is
 * allocated once it is there. */
#include "ts/tsmux.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "recording/clock.h"
#include "ts/es.h"
#include "ts/psi.h"

enum {
    PACKET = 188,
    PAYLOAD = 184,               /* of a packet without an adaptation field */
    BLOCK = 256 * 1024 / PACKET, /* packets of the output buffer */
    PID_PMT = 0x1000,
    PID_VIDEO = 0x100,
    PID_AUDIO = 0x101,
    STREAM_ID_VIDEO = 0xe0,
    STREAM_ID_AUDIO = 0xc0,
    PES_HEADER_MAX = 19,
    PES_LENGTH_MAX = 65535,
    ADTS_MAX = 8191,       /* frame_length has 13 bits */
    HELD_MAX = 2900,       /* bytes of sound in a PES, unless one frame has more, */
    HELD_90K = 13500,      /* and how long it may last */
    TIME_SLACK_90K = 90,   /* a frame that is farther from its place gets its own time */
    PCR_PERIOD_90K = 9000, /* 2.7.2: at most 100 ms */
    PCR_STEP_90K = 8100,
    PCR_JUMP_90K = 10 * 90000, /* farther than this the clock has jumped */
};

/* Bytes of the adaptation field's flags (2.4.3.5). */
enum { AF_DISCONTINUITY = 0x80, AF_RANDOM_ACCESS = 0x40, AF_PCR = 0x10 };

/* The parts of a PES packet. */
struct piece {
    const uint8_t *p;
    size_t n;
};

enum { PIECES = 4 };

struct stream {
    int pid;
    uint8_t cc; /* continuity counter of the next packet with payload */
};

struct trtc_tsmux {
    int (*sink)(void *opaque, const uint8_t *data, size_t size, struct trtc_err *err);
    void *opaque;
    enum trtc_codec video_codec, audio_codec;
    struct stream pat, pmt, video, audio;
    struct stream *clock; /* the one that carries the PCR */
    uint8_t tables[2][PACKET];
    unsigned version; /* of the PMT */
    bool tells_time;
    struct trtc_psi_time time;
    int64_t bytes; /* the size of the segment, including the buffer */

    bool have_pcr; /* in this segment */
    int64_t pcr_90k;

    /* The sound of the PES in the making. */
    size_t held;
    int64_t held_pts_90k;
    int64_t held_samples;
    int64_t held_number;
    int held_rate_hz; /* 0: nothing can follow */

    size_t size;             /* bytes in the buffer */
    uint8_t sound[ADTS_MAX]; /* more than HELD_MAX */
    uint8_t buf[BLOCK * PACKET];
};

/* ---- tables (2.4.4) ---- */

static void put16(uint8_t *p, unsigned v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void packet_header(uint8_t *p, struct stream *s, bool start, unsigned control)
{
    p[0] = 0x47;
    put16(p + 1, (start ? 0x4000u : 0) | (unsigned)s->pid);
    p[3] = (uint8_t)(control | s->cc);
    if (control & 0x10)
        s->cc = (s->cc + 1) & 15;
}

/* A packet with one section: table_id, table_id_extension 1, version, and its body. */
static void table_packet(uint8_t *p, uint8_t table_id, unsigned version, const uint8_t *body,
                         size_t n)
{
    uint8_t *s = p + 5;
    const size_t length = 5 + n + 4;

    memset(p, 0xff, PACKET);
    p[4] = 0; /* pointer_field */
    s[0] = table_id;
    put16(s + 1, 0xb000u | (unsigned)length);
    put16(s + 3, 1);
    s[5] = (uint8_t)(0xc1 | version << 1); /* current */
    s[6] = s[7] = 0;
    memcpy(s + 8, body, n);

    const uint32_t crc = trtc_psi_crc32(s, 8 + n);
    put16(s + 8 + n, crc >> 16);
    put16(s + 10 + n, crc & 0xffff);
}

static size_t pmt_entry(uint8_t *p, uint8_t stream_type, int pid)
{
    p[0] = stream_type;
    put16(p + 1, 0xe000u | (unsigned)pid);
    put16(p + 3, 0xf000);
    return 5;
}

static void make_tables(struct trtc_tsmux *m)
{
    uint8_t body[4 + TRTC_PSI_TIME_SIZE + 2 * 5];
    size_t n = 4;

    put16(body, 1); /* program_number */
    put16(body + 2, 0xe000u | PID_PMT);
    table_packet(m->tables[0], 0, 0, body, n);

    put16(body, 0xe000u | (unsigned)m->clock->pid);
    put16(body + 2, 0xf000u | (m->tells_time ? TRTC_PSI_TIME_SIZE : 0));
    if (m->tells_time) {
        trtc_psi_put_time(body + n, &m->time);
        n += TRTC_PSI_TIME_SIZE;
    }
    if (m->video_codec != TRTC_CODEC_NONE)
        n += pmt_entry(body + n, m->video_codec == TRTC_CODEC_H265 ? 0x24 : 0x1b, PID_VIDEO);
    if (m->audio_codec != TRTC_CODEC_NONE)
        n += pmt_entry(body + n, 0x0f, PID_AUDIO);
    table_packet(m->tables[1], 2, m->version, body, n);
}

void trtc_tsmux_tell_time(struct trtc_tsmux *m, int64_t utc_us, int64_t pts_90k)
{
    m->time = (struct trtc_psi_time){ utc_us, pts_90k };
    m->tells_time = true;
    make_tables(m);
}

/* ---- output ---- */

int trtc_tsmux_flush(struct trtc_tsmux *m, struct trtc_err *err)
{
    const size_t size = m->size;

    m->size = 0;
    return size > 0 ? m->sink(m->opaque, m->buf, size, err) : 0;
}

/* Returns room for one packet; NULL: the full buffer could not be written. */
static uint8_t *next_packet(struct trtc_tsmux *m, struct trtc_err *err)
{
    if (m->size == sizeof m->buf && trtc_tsmux_flush(m, err) < 0)
        return NULL;

    uint8_t *p = m->buf + m->size;
    m->size += PACKET;
    m->bytes += PACKET;
    return p;
}

/* program_clock_reference_base and an extension of 0. */
static void put_pcr(uint8_t *p, int64_t pcr_90k)
{
    p[0] = (uint8_t)(pcr_90k >> 25);
    p[1] = (uint8_t)(pcr_90k >> 17);
    p[2] = (uint8_t)(pcr_90k >> 9);
    p[3] = (uint8_t)(pcr_90k >> 1);
    p[4] = (uint8_t)((pcr_90k & 1) << 7 | 0x7e);
    p[5] = 0;
}

/* Writes the adaptation field of size bytes, its length byte included. */
static void put_adaptation(const struct trtc_tsmux *m, uint8_t *p, size_t size, uint8_t flags)
{
    if (size == 0)
        return;
    p[0] = (uint8_t)(size - 1);
    if (size == 1)
        return;
    p[1] = flags;

    size_t used = 2;
    if (flags & AF_PCR) {
        put_pcr(p + 2, m->pcr_90k);
        used += 6;
    }
    memset(p + used, 0xff, size - used);
}

static size_t take(struct piece *from, uint8_t *to, size_t n)
{
    for (size_t left = n; left > 0; from++) {
        const size_t part = from->n < left ? from->n : left;

        if (part == 0)
            continue;
        memcpy(to, from->p, part);
        from->p += part;
        from->n -= part;
        to += part;
        left -= part;
    }
    return n;
}

/* Writes the pieces as packets of which the first one has these flags in its adaptation field. */
static int put_pes(struct trtc_tsmux *m, struct stream *s, uint8_t flags, struct piece from[PIECES],
                   struct trtc_err *err)
{
    struct piece *const last = from + PIECES - 1;
    bool start = true;
    size_t size = 0;
    for (int i = 0; i < PIECES; i++)
        size += from[i].n;

    while (size > 0) {
        size_t field = flags & AF_PCR ? 8 : flags ? 2 : 0;
        if (size < PAYLOAD - field)
            field = PAYLOAD - size;

        uint8_t *p = next_packet(m, err);
        if (!p)
            return -1;
        packet_header(p, s, start, field ? 0x30 : 0x10);
        put_adaptation(m, p + 4, field, flags);
        while (from < last && from->n == 0)
            from++;
        size -= take(from, p + 4 + field, PAYLOAD - field);
        start = false;
        flags = 0;
    }
    return 0;
}

/* ---- PES packets (2.4.3.6) ---- */

static int64_t wrap(int64_t t_90k)
{
    return (int64_t)((uint64_t)t_90k & (TRTC_TS_WRAP_90K - 1));
}

static void put_time(uint8_t *p, unsigned prefix, int64_t t_90k)
{
    p[0] = (uint8_t)(prefix << 4 | (t_90k >> 29 & 14) | 1);
    p[1] = (uint8_t)(t_90k >> 22);
    p[2] = (uint8_t)(t_90k >> 14 | 1);
    p[3] = (uint8_t)(t_90k >> 7);
    p[4] = (uint8_t)(t_90k << 1 | 1);
}

/* Writes the header for a payload of n bytes; returns its size. */
static size_t pes_header(uint8_t *p, uint8_t stream_id, int64_t pts_90k, int64_t dts_90k, size_t n)
{
    const unsigned times = pts_90k == dts_90k ? 5 : 10;
    const size_t length = 3 + times + n;

    p[0] = p[1] = 0;
    p[2] = 1;
    p[3] = stream_id;
    put16(p + 4, length > PES_LENGTH_MAX ? 0 : (unsigned)length); /* 0: video may be longer */
    p[6] = 0x84;                                                  /* data_alignment_indicator */
    p[7] = times == 5 ? 0x80 : 0xc0;
    p[8] = (uint8_t)times;
    put_time(p + 9, times == 5 ? 2 : 3, pts_90k);
    if (times == 10)
        put_time(p + 14, 1, dts_90k);
    return 9 + times;
}

/* A packet that carries nothing but the PCR. It does not count: its counter is that of the
 * packet before. */
static int put_clock(struct trtc_tsmux *m, struct trtc_err *err)
{
    uint8_t *p = next_packet(m, err);

    if (!p)
        return -1;
    packet_header(p, m->clock, false, 0x20);
    p[3] = (uint8_t)(0x20 | ((m->clock->cc - 1) & 15));
    put_adaptation(m, p + 4, PAYLOAD, AF_PCR);
    return 0;
}

/* Advances the clock for a PES packet with this decoding time in stream s; two PCRs are never farther
 * apart than their period. *flags: what the first packet states about the clock. If tracks are
 * interleaved badly, the clock waits for the later one. */
static int clock_to(struct trtc_tsmux *m, const struct stream *s, int64_t dts_90k, uint8_t *flags,
                    struct trtc_err *err)
{
    const int64_t to_90k = wrap(dts_90k - TRTC_TSMUX_DELAY_90K);
    int64_t step_90k = m->have_pcr ? trtc_ts_diff(to_90k, m->pcr_90k) : 0;
    const bool jump = step_90k > PCR_JUMP_90K || step_90k < -PCR_JUMP_90K;

    if (m->have_pcr && !jump && step_90k <= 0)
        return 0;
    for (; !jump && step_90k > PCR_PERIOD_90K; step_90k -= PCR_STEP_90K) {
        m->pcr_90k = wrap(m->pcr_90k + PCR_STEP_90K);
        if (put_clock(m, err) < 0)
            return -1;
    }
    if (s != m->clock && m->have_pcr)
        return 0;
    m->pcr_90k = to_90k;
    if (s == m->clock)
        *flags |= jump ? AF_PCR | AF_DISCONTINUITY : AF_PCR;
    else if (put_clock(m, err) < 0)
        return -1;
    m->have_pcr = true;
    return 0;
}

/* ---- sound ---- */

static int put_sound(struct trtc_tsmux *m, struct trtc_err *err)
{
    uint8_t header[PES_HEADER_MAX];
    uint8_t flags = m->clock == &m->audio ? AF_RANDOM_ACCESS : 0;
    const size_t size = m->held;

    if (size == 0)
        return 0;
    m->held = 0;
    if (clock_to(m, &m->audio, m->held_pts_90k, &flags, err) < 0)
        return -1;

    const size_t n = pes_header(header, STREAM_ID_AUDIO, m->held_pts_90k, m->held_pts_90k, size);
    struct piece from[PIECES] = { { header, n }, { m->sound, size } };
    return put_pes(m, &m->audio, flags, from, err);
}

static int64_t samples_90k(int64_t samples, int rate_hz)
{
    return (samples * 90000 + rate_hz / 2) / rate_hz;
}

/* Whether the frame fits into the PES that is being packed. */
static bool goes_on(const struct trtc_tsmux *m, const struct trtc_adts *a, size_t size,
                    int64_t pts_90k)
{
    if (m->held_rate_hz == 0 || a->rate_hz != m->held_rate_hz || m->held + size > HELD_MAX ||
        samples_90k(m->held_samples + a->samples, a->rate_hz) > HELD_90K)
        return false;

    const int64_t place_90k = m->held_pts_90k + samples_90k(m->held_samples, a->rate_hz);
    const int64_t off_90k = trtc_ts_diff(pts_90k, place_90k);
    return off_90k >= -TIME_SLACK_90K && off_90k <= TIME_SLACK_90K;
}

int trtc_tsmux_audio(struct trtc_tsmux *m, const uint8_t *adts, size_t size, int64_t pts_90k,
                     struct trtc_err *err)
{
    struct trtc_adts a;

    assert(m->audio.pid);
    if (size == 0)
        return 0;
    if (size > ADTS_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "a sound frame of %zu bytes is too large", size);
    if (trtc_adts_parse(adts, size, &a) < 0 || (size_t)a.frame_bytes != size)
        a = (struct trtc_adts){ 0 }; /* damaged: alone in its PES, it harms no other */

    pts_90k = wrap(pts_90k);
    if (m->held > 0 && !goes_on(m, &a, size, pts_90k) && put_sound(m, err) < 0)
        return -1;
    if (m->held == 0) {
        m->held_pts_90k = pts_90k;
        m->held_samples = 0;
        m->held_number++;
        m->held_rate_hz = a.rate_hz;
    }
    memcpy(m->sound + m->held, adts, size);
    m->held += size;
    m->held_samples += a.samples;
    return 0;
}

int64_t trtc_tsmux_packing(const struct trtc_tsmux *m)
{
    return m->held > 0 ? m->held_number : 0;
}

int trtc_tsmux_flush_all(struct trtc_tsmux *m, struct trtc_err *err)
{
    return put_sound(m, err) < 0 ? -1 : trtc_tsmux_flush(m, err);
}

/* ---- picture ---- */

/* Bytes of the access unit delimiter with which the access unit begins, or 0. */
static size_t delimiter_size(enum trtc_codec codec, const uint8_t *au, size_t size)
{
    const uint8_t *const end = au + size;
    const uint8_t *p = au;

    while (p < end && *p == 0)
        p++;
    if (p - au < 2 || end - p < 2 || *p++ != 1 || trtc_nal_kind(codec, *p) != TRTC_NAL_AUD)
        return 0;
    for (p = trtc_annexb_find(p, end); p[-1] == 0;)
        p--;
    return (size_t)(p - au);
}

int trtc_tsmux_video(struct trtc_tsmux *m, const struct trtc_tsmux_picture *pic,
                     struct trtc_err *err)
{
    static const uint8_t h264_aud[] = { 0, 0, 0, 1, 0x09, 0xf0 };
    static const uint8_t h265_aud[] = { 0, 0, 0, 1, 0x46, 0x01, 0x50 };
    uint8_t header[PES_HEADER_MAX];
    uint8_t flags = pic->key ? AF_RANDOM_ACCESS : 0;
    const uint8_t *au = pic->au.p, *sets = pic->sets.p;
    const size_t size = pic->au.n, sets_size = sets ? pic->sets.n : 0;
    const int64_t pts_90k = wrap(pic->pts_90k), dts_90k = wrap(pic->dts_90k);

    assert(m->video.pid);
    if (size == 0)
        return 0;
    /* sound without a successor must not be late, and the first frame of the segment must precede
     * all others */
    if (m->held > 0 && (!m->have_pcr || trtc_ts_diff(dts_90k, m->held_pts_90k) > 2 * HELD_90K) &&
        put_sound(m, err) < 0)
        return -1;
    if (clock_to(m, &m->video, dts_90k, &flags, err) < 0)
        return -1;

    const size_t own = delimiter_size(m->video_codec, au, size);
    struct piece aud = { au, own };
    if (own == 0)
        aud = m->video_codec == TRTC_CODEC_H265 ? (struct piece){ h265_aud, sizeof h265_aud }
                                                : (struct piece){ h264_aud, sizeof h264_aud };

    const size_t payload = aud.n + sets_size + (size - own);
    const size_t n = pes_header(header, STREAM_ID_VIDEO, pts_90k, dts_90k, payload);
    struct piece from[PIECES] = {
        { header, n }, aud, { sets, sets_size }, { au + own, size - own }
    };
    return put_pes(m, &m->video, flags, from, err);
}

/* ---- segments ---- */

/* Sets the streams that the tables announce from now on. */
static int set_tracks(struct trtc_tsmux *m, enum trtc_codec video, enum trtc_codec audio,
                      struct trtc_err *err)
{
    const bool has_video = video == TRTC_CODEC_H264 || video == TRTC_CODEC_H265;
    const bool has_audio = audio == TRTC_CODEC_AAC;

    if ((!has_video && video != TRTC_CODEC_NONE) || (!has_audio && audio != TRTC_CODEC_NONE) ||
        (!has_video && !has_audio))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "these codecs cannot be written as MPEG-TS");
    m->video_codec = video;
    m->audio_codec = audio;
    m->video.pid = has_video ? PID_VIDEO : 0;
    m->audio.pid = has_audio ? PID_AUDIO : 0;
    m->clock = has_video ? &m->video : &m->audio;
    make_tables(m);
    return 0;
}

struct trtc_tsmux *trtc_tsmux_new(enum trtc_codec video, enum trtc_codec audio,
                                  int (*sink)(void *opaque, const uint8_t *data, size_t size,
                                              struct trtc_err *err),
                                  void *opaque, struct trtc_err *err)
{
    struct trtc_tsmux *m = malloc(sizeof *m);

    if (!m) {
        trtc_fail_nomem(err);
        return NULL;
    }
    memset(m, 0, offsetof(struct trtc_tsmux, sound));
    m->sink = sink;
    m->opaque = opaque;
    m->pmt.pid = PID_PMT;
    if (set_tracks(m, video, audio, err) < 0)
        trtc_tsmux_free(&m);
    return m;
}

void trtc_tsmux_free(struct trtc_tsmux **m)
{
    free(*m);
    *m = NULL;
}

static int put_tables(struct trtc_tsmux *m, struct trtc_err *err)
{
    for (int i = 0; i < 2; i++) {
        uint8_t *p = next_packet(m, err);

        if (!p)
            return -1;
        memcpy(p, m->tables[i], PACKET);
        packet_header(p, i == 0 ? &m->pat : &m->pmt, true, 0x10);
    }
    return 0;
}

int trtc_tsmux_begin(struct trtc_tsmux *m, struct trtc_err *err)
{
    m->size = m->held = 0;
    m->bytes = 0;
    m->have_pcr = false;
    return put_tables(m, err);
}

/* Reads the PCR that put_pcr() has written. */
static int64_t get_pcr(const uint8_t *p)
{
    return (int64_t)p[0] << 25 | p[1] << 17 | p[2] << 9 | p[3] << 1 | p[4] >> 7;
}

void trtc_tsmux_follow(struct trtc_tsmux *m, const uint8_t *packet)
{
    const int pid = (packet[1] & 0x1f) << 8 | packet[2];
    const bool field = packet[3] & 0x20, payload = packet[3] & 0x10;
    struct stream *const s = pid == PID_VIDEO   ? &m->video
                             : pid == PID_AUDIO ? &m->audio
                             : pid == PID_PMT   ? &m->pmt
                                                : &m->pat;

    if (payload)
        s->cc = (packet[3] + 1) & 15;
    if (s == &m->pmt && payload && !field)
        m->version = packet[10] >> 1 & 31;
    if (field && packet[4] >= 7 && packet[5] & AF_PCR) {
        m->pcr_90k = get_pcr(packet + 6);
        m->have_pcr = true;
    }
    m->bytes += PACKET;
}

int trtc_tsmux_announce(struct trtc_tsmux *m, enum trtc_codec video, enum trtc_codec audio,
                        struct trtc_err *err)
{
    if (video == m->video_codec && audio == m->audio_codec)
        return 0;
    if (m->held > 0 && put_sound(m, err) < 0)
        return -1;
    m->version = (m->version + 1) & 31;
    if (set_tracks(m, video, audio, err) < 0)
        return -1;
    return m->bytes > 0 ? put_tables(m, err) : 0;
}

int trtc_tsmux_end(struct trtc_tsmux *m, int64_t *bytes, struct trtc_err *err)
{
    if (trtc_tsmux_flush_all(m, err) < 0)
        return -1;
    if (bytes)
        *bytes = m->bytes;
    m->bytes = 0;
    return 0;
}
