/* SPDX-License-Identifier: MIT */
/* AAC (ISO/IEC 14496-3): configuration records, ADTS headers, and the element that describes
 * channels for which the header has no number. */
#include <string.h>

#include "input/input_priv.h"
#include "ts/es.h"

enum { ID_PCE = 5, ADTS_MAX = 8191 };

static const int rates_hz[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
};
#define NB_RATES ((int)(sizeof rates_hz / sizeof *rates_hz))

struct bits {
    const uint8_t *p;
    size_t nb_bits, at;
    bool over;
};

static unsigned get(struct bits *b, int n)
{
    unsigned v = 0;

    for (; n > 0; n--, b->at++) {
        b->over |= b->at >= b->nb_bits;
        v = v << 1 | (b->over ? 0 : b->p[b->at / 8] >> (7 - b->at % 8) & 1u);
    }
    return v;
}

static int get_object_type(struct bits *b)
{
    const unsigned v = get(b, 5);

    return (int)(v == 31 ? 32 + get(b, 6) : v);
}

/* Index of a rate, or -1. */
static int index_of(unsigned hz)
{
    for (int i = 0; i < NB_RATES; i++)
        if (hz == (unsigned)rates_hz[i])
            return i;
    return -1;
}

static int get_rate(struct bits *b)
{
    const unsigned v = get(b, 4);

    if (v != 15)
        return v < NB_RATES ? (int)v : -1;
    return index_of(get(b, 24));
}

/* ---- program_config_element (4.4.1.1) ---- */

struct bits_out {
    uint8_t *p;
    size_t size, at; /* bits */
};

static void put(struct bits_out *o, unsigned v, int n)
{
    for (; n > 0 && o->at < o->size * 8; n--, o->at++)
        o->p[o->at / 8] |= (uint8_t)((v >> (n - 1) & 1) << (7 - o->at % 8));
}

static unsigned copy(struct bits *b, struct bits_out *o, int n)
{
    const unsigned v = get(b, n);

    put(o, v, n);
    return v;
}

/* Reads the element from its tag on, and makes one of it that begins a block and has no comment. */
static bool read_pce(struct bits *b, struct trtc_input_pce *out)
{
    enum { FRONT, SIDE, BACK, LFE, DATA, COUPLING, LISTS };
    static const int count_bits[LISTS] = { 4, 4, 4, 2, 3, 4 };
    unsigned nb[LISTS];
    struct bits_out o = { .p = out->bytes, .size = sizeof out->bytes };

    *out = (struct trtc_input_pce){ 0 };
    put(&o, ID_PCE, 3);
    copy(b, &o, 4 + 2 + 4); /* tag, object type, rate */
    for (int k = 0; k < LISTS; k++)
        nb[k] = copy(b, &o, count_bits[k]);
    for (int k = 0; k < 3; k++) /* mixdowns: mono, stereo, matrix */
        if (copy(b, &o, 1))
            copy(b, &o, k < 2 ? 4 : 3);
    for (int k = 0; k < LISTS; k++) {
        const bool may_be_pair = k <= BACK || k == COUPLING;
        for (unsigned i = 0; i < nb[k]; i++) {
            const unsigned pair = may_be_pair ? copy(b, &o, 1) : 0;
            copy(b, &o, 4);
            out->channels += k > LFE ? 0 : k <= BACK && pair ? 2 : 1;
        }
    }
    b->at = (b->at + 7) / 8 * 8;
    o.at = (o.at + 7) / 8 * 8;
    for (unsigned n = get(b, 8); n > 0; n--)
        get(b, 8);
    put(&o, 0, 8);
    if (b->over || o.at >= o.size * 8 || out->channels == 0)
        return false;
    out->size = o.at / 8;
    return true;
}

bool trtc_input_pce_of(const uint8_t *block, size_t size, struct trtc_input_pce *out)
{
    struct bits b = { .p = block, .nb_bits = size * 8 };

    return get(&b, 3) == ID_PCE && read_pce(&b, out);
}

size_t trtc_input_pce_put(const struct trtc_input_pce *pce, const uint8_t *adts, size_t size,
                          uint8_t *out)
{
    struct trtc_adts h;

    if (trtc_adts_parse(adts, size, &h) < 0 || h.samples != 1024 || (size_t)h.frame_bytes != size)
        return 0;
    const size_t rest = size - (size_t)h.header_bytes, n = 7 + pce->size + rest;
    if (n > ADTS_MAX)
        return 0;
    memcpy(out, adts, 7);
    out[1] |= 1; /* a checksum would not be right any more */
    out[3] = (uint8_t)((out[3] & 0xfc) | n >> 11);
    out[4] = (uint8_t)(n >> 3);
    out[5] = (uint8_t)((out[5] & 0x1f) | (n & 7) << 5);
    memcpy(out + 7, pce->bytes, pce->size);
    memcpy(out + 7 + pce->size, adts + h.header_bytes, rest);
    return n;
}

/* ---- headers ---- */

int trtc_input_aac_config(const uint8_t *p, size_t size, struct trtc_input_aac *out)
{
    struct bits b = { .p = p, .nb_bits = size > 64 ? 512 : size * 8 };

    out->object_type = get_object_type(&b);
    out->rate_index = get_rate(&b);
    out->channels = (int)get(&b, 4);
    if (out->object_type == 5 || out->object_type == 29) { /* SBR, PS: the core is within */
        const unsigned v = get(&b, 4);
        if (v == 15)
            get(&b, 24);
        out->object_type = get_object_type(&b);
    }
    const bool short_frames = get(&b, 1); /* of 960 samples */
    if (b.over || short_frames || out->rate_index < 0 || out->object_type < 1 ||
        out->object_type > 4 || out->channels > 7)
        return -1;
    out->pce.size = 0;
    if (out->channels > 0)
        return 0;
    if (get(&b, 1)) /* coreCoderDelay */
        get(&b, 14);
    get(&b, 1); /* extensionFlag */
    return read_pce(&b, &out->pce) ? 0 : -1;
}

int trtc_input_aac_plain(int rate_hz, int channels, struct trtc_input_aac *out)
{
    *out = (struct trtc_input_aac){ .object_type = 2,
                                    .rate_index = index_of((unsigned)rate_hz),
                                    .channels = channels == 8 ? 7 : channels };
    return out->rate_index < 0 || channels < 1 || channels == 7 || channels > 8 ? -1 : 0;
}

int trtc_input_adts_header(const struct trtc_input_aac *a, size_t payload_bytes, uint8_t out[7])
{
    const size_t n = payload_bytes + 7;

    if (n > 0x1fff)
        return -1;
    out[0] = 0xff;
    out[1] = 0xf1; /* MPEG-4, no CRC */
    out[2] = (uint8_t)((a->object_type - 1) << 6 | a->rate_index << 2 | a->channels >> 2);
    out[3] = (uint8_t)((a->channels & 3) << 6 | (int)(n >> 11));
    out[4] = (uint8_t)(n >> 3);
    out[5] = (uint8_t)((n & 7) << 5 | 0x1f);
    out[6] = 0xfc;
    return 0;
}
