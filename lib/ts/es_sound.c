/* SPDX-License-Identifier: MIT */
/* Frame headers of sound; see es_sound.h. */
#include "ts/es_sound.h"

#include <string.h>

#include "ts/es.h"

/* ---- bits, without emulation prevention ---- */

struct reader {
    const uint8_t *p;
    size_t nb_bits, at;
    bool over;
};

static unsigned get(struct reader *r, int n)
{
    unsigned v = 0;

    for (; n > 0; n--, r->at++) {
        r->over |= r->at >= r->nb_bits;
        v = v << 1 | (r->over ? 0 : r->p[r->at / 8] >> (7 - r->at % 8) & 1u);
    }
    return v;
}

/* ---- ADTS ---- */

static bool adts_starts(const uint8_t *p, size_t n)
{
    return (n < 1 || p[0] == 0xff) && (n < 2 || (p[1] & 0xf6) == 0xf0);
}

static int adts_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                      struct trtc_sound_header *out)
{
    struct trtc_adts a;

    (void)m;
    if (trtc_adts_parse(p, n, &a) < 0)
        return -1;
    *out = (struct trtc_sound_header){ .frame_bytes = a.frame_bytes,
                                       .samples = a.samples,
                                       .rate_hz = a.rate_hz };
    return 0;
}

/* ---- LOAS (ISO/IEC 14496-3, 1.7) ---- */

static bool loas_starts(const uint8_t *p, size_t n)
{
    return (n < 1 || p[0] == 0x56) && (n < 2 || (p[1] & 0xe0) == 0xe0);
}

static unsigned latm_value(struct reader *r)
{
    unsigned v = 0;

    for (unsigned n = get(r, 2) + 1; n > 0; n--)
        v = v << 8 | get(r, 8);
    return v;
}

/* Reads the sampling rate of an AudioSpecificConfig (1.6.2.1), that of the core, in which frames
 * are counted. */
static int config_rate(struct reader *r)
{
    static const int rates_hz[] = {
        96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
    };

    if (get(r, 5) == 31)
        get(r, 6);
    const unsigned rate = get(r, 4);
    if (rate == 15)
        return (int)get(r, 24);
    return rate < sizeof rates_hz / sizeof *rates_hz ? rates_hz[rate] : 0;
}

/* The StreamMuxConfig, as far as the rate (table 1.42). */
static void latm_config(struct reader *r, struct trtc_sound_memory *m)
{
    const unsigned version = get(r, 1);

    if (version && get(r, 1)) /* audioMuxVersionA: reserved */
        return;
    if (version)
        latm_value(r);
    get(r, 1);
    const int frames = (int)get(r, 6) + 1;
    get(r, 4);
    get(r, 3);
    if (version)
        latm_value(r);
    const int rate_hz = config_rate(r);
    if (r->over || rate_hz < 1000 || rate_hz > 192000)
        return;
    m->rate_hz = rate_hz;
    m->samples = 1024 * frames;
}

static int loas_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                      struct trtc_sound_header *out)
{
    struct reader r = { .p = p + 3, .nb_bits = (n - 3) * 8 };
    const int size = (p[1] & 0x1f) << 8 | p[2];

    if (!loas_starts(p, n) || size == 0)
        return -1;
    if (!get(&r, 1) && !r.over)
        latm_config(&r, m);
    *out = (struct trtc_sound_header){ .frame_bytes = 3 + size,
                                       .samples = m->samples,
                                       .rate_hz = m->rate_hz };
    return 0;
}

/* ---- MPEG audio (ISO/IEC 11172-3, 2.4.2.3; 13818-3, 2.4.2.3) ---- */

static bool mpa_starts(const uint8_t *p, size_t n)
{
    return (n < 1 || p[0] == 0xff) && (n < 2 || ((p[1] & 0xe0) == 0xe0 && (p[1] & 0x06)));
}

static int mpa_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                     struct trtc_sound_header *out)
{
    /* kbit/s: MPEG-1 layers I to III, then MPEG-2 layer I, and II and III */
    static const short kbps[5][15] = {
        { 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
        { 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
        { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
        { 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
        { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
    };
    static const int rates_hz[3] = { 44100, 48000, 32000 };
    const int version = p[1] >> 3 & 3; /* 0: 2.5, 2: 2, 3: 1 */
    const int layer = 4 - (p[1] >> 1 & 3), rate = p[2] >> 2 & 3, bits = p[2] >> 4;

    (void)m;
    if (!mpa_starts(p, n) || version == 1 || rate == 3 || bits == 0 || bits == 15)
        return -1;
    const bool low = version != 3; /* half the rates, and less */
    const int rate_hz = rates_hz[rate] >> (version == 0 ? 2 : low ? 1 : 0);
    const int bps = 1000 * kbps[low ? (layer == 1 ? 3 : 4) : layer - 1][bits];
    const int pad = p[2] >> 1 & 1;
    const int samples = layer == 1 ? 384 : layer == 3 && low ? 576 : 1152;
    *out = (struct trtc_sound_header){
        .frame_bytes =
            layer == 1 ? (12 * bps / rate_hz + pad) * 4 : samples / 8 * bps / rate_hz + pad,
        .samples = samples,
        .rate_hz = rate_hz,
    };
    return 0;
}

/* ---- AC-3 and E-AC-3 (ETSI TS 102 366, 4.3 and annex E) ---- */

static bool ac3_starts(const uint8_t *p, size_t n)
{
    return (n < 1 || p[0] == 0x0b) && (n < 2 || p[1] == 0x77);
}

static int eac3_parse(const uint8_t *p, struct trtc_sound_header *out)
{
    static const int rates_hz[3] = { 48000, 44100, 32000 };
    static const int blocks[4] = { 1, 2, 3, 6 };
    const int type = p[2] >> 6, id = p[2] >> 3 & 7, rate = p[4] >> 6, code = p[4] >> 4 & 3;

    if (type == 3 || (rate == 3 && code == 3))
        return -1;
    *out = (struct trtc_sound_header){
        .frame_bytes = (((p[2] & 7) << 8 | p[3]) + 1) * 2,
        .samples = 256 * (rate == 3 ? 6 : blocks[code]),
        .rate_hz = rate == 3 ? rates_hz[code] / 2 : rates_hz[rate],
        .joins = type == 1 || id > 0, /* a dependent substream, or another programme */
    };
    return out->frame_bytes < 6 ? -1 : 0;
}

static int ac3_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                     struct trtc_sound_header *out)
{
    static const int rates_hz[3] = { 48000, 44100, 32000 };
    static const short kbps[19] = { 32,  40,  48,  56,  64,  80,  96,  112, 128, 160,
                                    192, 224, 256, 320, 384, 448, 512, 576, 640 };
    const int id = p[5] >> 3, rate = p[4] >> 6, code = p[4] & 63;

    (void)m;
    if (!ac3_starts(p, n))
        return -1;
    if (id > 10)
        return id <= 16 ? eac3_parse(p, out) : -1;
    if (rate == 3 || code >= 38)
        return -1;
    /* 1536 samples, in words of two bytes; at 44.1 kHz every other code has a word more. */
    const int words = kbps[code / 2] * 96000 / rates_hz[rate];
    *out = (struct trtc_sound_header){
        .frame_bytes = (words + (rate == 1 && code & 1)) * 2,
        .samples = 1536,
        .rate_hz = rates_hz[rate] >> (id > 8 ? id - 8 : 0),
    };
    return 0;
}

/* ---- DTS (ETSI TS 102 114, 5.3 and 7.4) ---- */

static bool dts_starts(const uint8_t *p, size_t n)
{
    static const uint8_t core[4] = { 0x7f, 0xfe, 0x80, 0x01 };
    static const uint8_t extension[4] = { 0x64, 0x58, 0x20, 0x25 };
    const size_t k = n < 4 ? n : 4;

    return memcmp(p, core, k) == 0 || memcmp(p, extension, k) == 0;
}

static int dts_extension_bytes(const uint8_t *p, size_t n)
{
    struct reader r = { .p = p, .nb_bits = n * 8, .at = 42 };
    const bool large = get(&r, 1);

    get(&r, large ? 12 : 8);
    return (int)get(&r, large ? 20 : 16) + 1;
}

static int dts_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                     struct trtc_sound_header *out)
{
    static const int rates_hz[16] = { 0,     8000, 16000, 32000, 0,     0,     11025, 22050,
                                      44100, 0,    0,     12000, 24000, 48000, 0,     0 };

    (void)m;
    if (!dts_starts(p, n))
        return -1;
    if (p[0] == 0x64) {
        *out =
            (struct trtc_sound_header){ .frame_bytes = dts_extension_bytes(p, n), .joins = true };
        return out->frame_bytes > 10 ? 0 : -1;
    }
    *out = (struct trtc_sound_header){
        .frame_bytes = ((p[5] & 3) << 12 | p[6] << 4 | p[7] >> 4) + 1,
        .samples = (((p[4] & 1) << 6 | p[5] >> 2) + 1) * 32,
        .rate_hz = rates_hz[p[8] >> 2 & 15],
    };
    return out->frame_bytes >= 96 && out->rate_hz ? 0 : -1;
}

/* ---- TrueHD (Dolby TrueHD: MLP, high-level bitstream description, 2 and 3) ---- */

/* An access unit begins with its length in words; there is no sync word, except for the one before
 * the format, which comes from time to time. */
static bool truehd_starts(const uint8_t *p, size_t n)
{
    return n < 2 || (p[0] & 15) || p[1] >= 4;
}

/* The nibbles of an access unit's header, and of its list of substreams, come to 15. */
static bool truehd_check(const uint8_t *p, size_t n, size_t at, int substreams)
{
    unsigned sum = p[0] ^ p[1] ^ p[2] ^ p[3];

    for (int i = 0; i < substreams; i++, at += 2) {
        if (at + 4 > n)
            return true;
        sum ^= p[at] ^ p[at + 1];
        if (!(p[at] & 0x80))
            continue;
        sum ^= p[at + 2] ^ p[at + 3];
        at += 2;
    }
    return ((sum >> 4 ^ sum) & 15) == 15;
}

static int truehd_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                        struct trtc_sound_header *out)
{
    static const uint8_t sync[4] = { 0xf8, 0x72, 0x6f, 0xba };
    enum { FORMAT_BYTES = 22 };
    const bool major = n >= 8 && memcmp(p + 4, sync, sizeof sync) == 0;

    if (n >= FORMAT_BYTES && major) {
        const int rate = p[8] >> 4;
        if ((rate & 7) > 2)
            return -1;
        m->rate_hz = (rate & 8 ? 44100 : 48000) << (rate & 7);
        m->samples = 40 << (rate & 7);
        m->substreams = p[20] >> 4;
    }
    if (!truehd_starts(p, n) || (!major && !m->substreams) ||
        (!major && !truehd_check(p, n, 4, m->substreams)))
        return -1;
    *out = (struct trtc_sound_header){ .frame_bytes = ((p[0] & 15) << 8 | p[1]) * 2,
                                       .samples = m->samples,
                                       .rate_hz = m->rate_hz };
    return 0;
}

/* ---- LPCM (Blu-ray disc, white paper on its audio-visual application format, LPCM) ---- */

static bool lpcm_starts(const uint8_t *p, size_t n)
{
    return n < 3 || (p[2] >> 4 >= 1 && p[2] >> 4 <= 11 && p[2] >> 4 != 2);
}

static int lpcm_parse(const uint8_t *p, size_t n, struct trtc_sound_memory *m,
                      struct trtc_sound_header *out)
{
    static const uint8_t places[12] = { 0, 2, 0, 2, 4, 4, 4, 4, 6, 6, 8, 8 }; /* even */
    static const uint8_t bytes[4] = { 0, 2, 3, 3 };
    static const int rates_hz[16] = { [1] = 48000, [4] = 96000, [5] = 192000 };
    const int size = p[0] << 8 | p[1], rate_hz = rates_hz[p[2] & 15];

    (void)m;
    if (!lpcm_starts(p, n) || !rate_hz || p[3] < 0x40)
        return -1;
    const int step = places[p[2] >> 4] * bytes[p[3] >> 6];
    if (size == 0 || size % step)
        return -1;
    *out = (struct trtc_sound_header){ .frame_bytes = size + 4,
                                       .samples = size / step,
                                       .rate_hz = rate_hz };
    return 0;
}

static const struct trtc_sound_parser parsers[] = {
    { "aac", TRTC_ADTS_MIN, false, false, adts_parse, adts_starts },
    { "aac_latm", 3, false, false, loas_parse, loas_starts },
    { "mp3", 4, false, false, mpa_parse, mpa_starts },
    { "ac3", 6, true, false, ac3_parse, ac3_starts },
    { "eac3", 6, true, false, ac3_parse, ac3_starts },
    { "dts", 10, true, false, dts_parse, dts_starts },
    { "truehd", 8, false, false, truehd_parse, truehd_starts },
    { "pcm_bluray", 4, false, true, lpcm_parse, lpcm_starts },
};
#define NB_PARSERS ((int)(sizeof parsers / sizeof *parsers))

const struct trtc_sound_parser *trtc_sound_parser(const char *codec_name)
{
    for (int i = 0; i < NB_PARSERS; i++)
        if (strcmp(parsers[i].codec_name, codec_name) == 0)
            return &parsers[i];
    return NULL;
}

const struct trtc_sound_parser *trtc_sound_parser_at(int i)
{
    return i < NB_PARSERS ? &parsers[i] : NULL;
}

int64_t trtc_id3_bytes(const uint8_t *p, size_t n)
{
    enum { FOOTER = 0x10 };

    if (n < TRTC_ID3_HEADER || memcmp(p, "ID3", 3) != 0)
        return 0;
    return TRTC_ID3_HEADER +
           ((int64_t)(p[6] & 127) << 21 | (p[7] & 127) << 14 | (p[8] & 127) << 7 | (p[9] & 127)) +
           (p[5] & FOOTER ? TRTC_ID3_HEADER : 0);
}
