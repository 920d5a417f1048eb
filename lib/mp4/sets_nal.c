/* SPDX-License-Identifier: MIT */
/* Parameter sets and slices as NAL units. */
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "mp4/sets_priv.h"
#include "ts/es.h"

enum {
    HEAD_BYTES = 32, /* more than the part of a PPS or slice that is examined */
    ID_BITS = 8,     /* see trtc_slice_ids */
};

/* ---- bits ---- */

/* Copies a NAL unit without its emulation prevention bytes, at most max bytes; returns how many.
 * *raw: how many bytes were read; *zeros: how many of the last ones in a row are zero. */
static size_t unescape(struct trtc_bytes from, uint8_t *out, size_t max, size_t *raw, int *zeros)
{
    const uint8_t *nal = from.p;
    const size_t n = from.n;
    size_t len = 0, i = 0;
    *zeros = 0;
    for (; i < n && len < max; i++) {
        if (*zeros >= 2 && nal[i] == 3) {
            *zeros = 0;
            continue;
        }
        *zeros = nal[i] ? 0 : *zeros + 1;
        out[len++] = nal[i];
    }
    *raw = i;
    return len;
}

/* Appends a byte, and before it an emulation prevention byte if needed. */
static uint8_t *put_escaped(uint8_t *o, uint8_t byte, int *zeros)
{
    if (*zeros >= 2 && byte <= 3) {
        *o++ = 3;
        *zeros = 0;
    }
    *zeros = byte ? 0 : *zeros + 1;
    *o++ = byte;
    return o;
}

static int bit_of(const uint8_t *b, size_t at)
{
    return b[at / 8] >> (7 - at % 8) & 1;
}

static void put_bit(uint8_t *b, size_t at, int bit)
{
    const uint8_t mask = (uint8_t)(0x80 >> at % 8);
    b[at / 8] = (uint8_t)(bit ? b[at / 8] | mask : b[at / 8] & ~mask);
}

static size_t put_bits(uint8_t *b, size_t at, int v, int nb)
{
    while (nb-- > 0)
        put_bit(b, at++, v >> nb & 1);
    return at;
}

static size_t copy_bits(uint8_t *to, size_t at, const uint8_t *from, size_t start, size_t end)
{
    while (start < end)
        put_bit(to, at++, bit_of(from, start++));
    return at;
}

/* The first bytes of a NAL unit. */
struct head {
    uint8_t b[HEAD_BYTES];
    size_t nb_bits;
    size_t raw; /* bytes of the unit that they come from */
    int zeros;  /* zero bytes in a row before the next byte */
};

static void head_of(struct head *h, const uint8_t *nal, size_t n, size_t max)
{
    h->nb_bits = 8 * unescape((struct trtc_bytes){ nal, n }, h->b, max, &h->raw, &h->zeros);
}

/* Reads the Exponential Golomb code at *at, which moves past it; -1: cut off or too long. */
static int get_ue(const struct head *h, size_t *at)
{
    int zeros = 0, v = 1;
    while (*at < h->nb_bits && !bit_of(h->b, *at) && zeros < 24) {
        zeros++;
        ++*at;
    }
    if (h->nb_bits - *at <= (size_t)zeros || zeros == 24)
        return -1;
    ++*at;
    for (; zeros > 0; zeros--)
        v = v << 1 | bit_of(h->b, (*at)++);
    return v - 1;
}

/* Whether anything follows bit `at` of a NAL unit: at least the bit that ends a set. */
static bool has_more(const struct head *h, size_t at, size_t n)
{
    while (at < h->nb_bits && !bit_of(h->b, at))
        at++;
    return at < h->nb_bits || h->raw < n;
}

/* The length in bits of the Exponential Golomb code of v. */
static int ue_bits(int v)
{
    int n = 1;
    for (v++; v > 1; v >>= 1)
        n += 2;
    return n;
}

/* ---- sets ---- */

static size_t header_bits(enum trtc_codec codec)
{
    return codec == TRTC_CODEC_H264 ? 8 : 16;
}

enum trtc_set_kind trtc_set_kind(enum trtc_codec codec, const uint8_t *nal, size_t n)
{
    if (n <= header_bits(codec) / 8 || (nal[0] & 0x80))
        return TRTC_SET_NONE;
    if (codec == TRTC_CODEC_H264)
        return (nal[0] & 31) == 7   ? TRTC_SET_SPS
               : (nal[0] & 31) == 8 ? TRTC_SET_PPS
                                    : TRTC_SET_NONE;
    if ((nal[0] & 1) || nal[1] >> 3)
        return TRTC_SET_NONE;
    const int type = nal[0] >> 1 & 63;
    return type == 32   ? TRTC_SET_VPS
           : type == 33 ? TRTC_SET_SPS
           : type == 34 ? TRTC_SET_PPS
                        : TRTC_SET_NONE;
}

int trtc_set_id_max(enum trtc_codec codec, enum trtc_set_kind kind)
{
    if (kind == TRTC_SET_PPS)
        return codec == TRTC_CODEC_H264 ? 255 : 63;
    return codec == TRTC_CODEC_H264 ? 31 : 15;
}

bool trtc_set_read(enum trtc_codec codec, const uint8_t *nal, size_t n, struct trtc_set *out)
{
    struct trtc_video_params v;
    struct head h;
    size_t at = header_bits(codec);
    *out = (struct trtc_set){ .kind = trtc_set_kind(codec, nal, n), .refers = -1, .n = n };
    head_of(&h, nal, n, HEAD_BYTES);
    switch (out->kind) {
    case TRTC_SET_VPS:
        out->id = nal[2] >> 4;
        return has_more(&h, at + 4, n);
    case TRTC_SET_SPS:
        if (trtc_video_params_of_sps(codec, nal, n, &v) < 0)
            return false;
        out->id = v.sps_id;
        out->refers = codec == TRTC_CODEC_H264 ? -1 : nal[2] >> 4;
        return true;
    case TRTC_SET_PPS:
        out->id = get_ue(&h, &at);
        out->refers = get_ue(&h, &at);
        return out->id >= 0 && out->id <= trtc_set_id_max(codec, TRTC_SET_PPS) &&
               out->refers >= 0 && out->refers <= trtc_set_id_max(codec, TRTC_SET_SPS) &&
               has_more(&h, at, n);
    default:
        return false;
    }
}

/* a number in a set, before and after the change */
struct field {
    size_t at;
    int bits, value, new_bits;
};

static struct field ue_field(size_t at, int from, int to)
{
    return (struct field){ at, ue_bits(from), to + 1, ue_bits(to) };
}

/* The position of the id in an H.265 SPS: after profile_tier_level (7.3.2.2.1, 7.3.3). */
static size_t h265_sps_id_at(const uint8_t *b, size_t nb_bits)
{
    const int sub_layers = b[2] >> 1 & 7; /* minus one */
    size_t at = 120, flags = 120;
    if (sub_layers > 0)
        at += 16;
    for (int i = 0; i < sub_layers && flags + 16 <= nb_bits; i++, flags += 2)
        at += (bit_of(b, flags) ? 88u : 0) + (bit_of(b, flags + 1) ? 8u : 0);
    return at;
}

/* The two numbers that change, in order; the second may have no bits. */
static void fields_of(enum trtc_codec codec, const uint8_t *b, size_t nb_bits,
                      const struct trtc_set set[2], struct field f[2])
{
    const size_t at = header_bits(codec);
    f[1] = (struct field){ nb_bits, 0, 0, 0 };
    if (set[0].kind == TRTC_SET_PPS) {
        f[0] = ue_field(at, set[0].id, set[1].id);
        f[1] = ue_field(at + (size_t)f[0].bits, set[0].refers, set[1].refers);
    } else if (codec == TRTC_CODEC_H264) {
        f[0] = ue_field(at + 24, set[0].id, set[1].id);
    } else if (set[0].kind == TRTC_SET_VPS) {
        f[0] = (struct field){ at, 4, set[1].id, 4 };
    } else {
        f[0] = (struct field){ at, 4, set[1].refers, 4 };
        f[1] = ue_field(h265_sps_id_at(b, nb_bits), set[0].id, set[1].id);
    }
}

/* Copies the payload of a set up to its stop bit, with the fields changed. Returns its size in
 * bytes. */
static size_t change_fields(const uint8_t *b, size_t n, const struct field f[2], uint8_t *out)
{
    size_t end = 8 * n, at = 0, from = 0;
    while (end > 0 && !bit_of(b, end - 1))
        end--;
    for (int i = 0; i < 2; i++) {
        const size_t stop = f[i].at < end ? f[i].at : end;
        at = copy_bits(out, at, b, from, stop);
        at = put_bits(out, at, f[i].value, f[i].new_bits);
        from = stop + (size_t)f[i].bits;
    }
    at = copy_bits(out, at, b, from, end);
    return (at + 7) / 8;
}

uint8_t *trtc_set_rename(enum trtc_codec codec, const uint8_t *nal, const struct trtc_set *from,
                         const struct trtc_set *to, size_t *size)
{
    const size_t n = from->n, changed = n + 8; /* two codes grow by less than this */
    uint8_t *out = malloc(2 * changed), *b = calloc(1, n + changed), *o = out;
    struct field f[2];
    size_t raw, len;
    int zeros;
    if (!out || !b) {
        free(out);
        free(b);
        return NULL;
    }
    len = unescape((struct trtc_bytes){ nal, n }, b, n, &raw, &zeros);
    fields_of(codec, b, 8 * len, (struct trtc_set[]){ *from, *to }, f);
    len = change_fields(b, len, f, b + n);
    zeros = 0;
    for (size_t i = 0; i < len; i++)
        o = put_escaped(o, b[n + i], &zeros);
    free(b);
    *size = (size_t)(o - out);
    return out;
}

/* ---- slices ---- */

bool trtc_is_slice(enum trtc_codec codec, const uint8_t *nal, size_t n)
{
    if (n <= header_bits(codec) / 8)
        return false;
    if (codec == TRTC_CODEC_H265)
        return (nal[0] >> 1 & 63) < 32 && !(nal[0] & 1) && !(nal[1] >> 3);
    const int type = nal[0] & 31;
    return type == 1 || type == 2 || type == 5 || type == 19;
}

struct trtc_slice_ref trtc_slice_pps(enum trtc_codec codec, const uint8_t *nal, size_t n)
{
    struct trtc_slice_ref ref = { .pps = -1, .at = header_bits(codec) };
    struct head h;
    head_of(&h, nal, n, HEAD_BYTES);
    if (codec == TRTC_CODEC_H264) {
        if (get_ue(&h, &ref.at) < 0 || get_ue(&h, &ref.at) < 0) /* first_mb_in_slice, slice_type */
            return ref;
    } else {
        const int type = nal[0] >> 1 & 63;
        ref.at += type >= 16 && type <= 23 ? 2 : 1; /* first_slice_segment_in_pic_flag, ... */
    }
    size_t end = ref.at;
    const int id = get_ue(&h, &end);
    if (id <= trtc_set_id_max(codec, TRTC_SET_PPS))
        ref.pps = id;
    return ref;
}

void trtc_slice_ids(enum trtc_codec codec, int id, int *first, int *last)
{
    const int max = trtc_set_id_max(codec, TRTC_SET_PPS);
    *first = (1 << (ue_bits(id) + ID_BITS) / 2) - 1;
    *last = 2 * *first < max ? 2 * *first : max;
}

size_t trtc_slice_rename(const uint8_t *nal, size_t n, const struct trtc_slice_ref *ref, int id,
                         uint8_t *out)
{
    const size_t behind = ref->at + (size_t)ue_bits(ref->pps);
    uint8_t b[HEAD_BYTES + 1], *o = out;
    struct head h;
    int zeros = 0;

    head_of(&h, nal, n, (behind + 7) / 8);
    const size_t len = h.nb_bits / 8;
    memcpy(b, h.b, len);
    copy_bits(b, put_bits(b, ref->at, id + 1, ue_bits(id)), h.b, behind, h.nb_bits);
    for (size_t i = 0; i < len + ID_BITS / 8; i++)
        o = put_escaped(o, b[i], &zeros);
    const uint8_t *p = nal + h.raw, *end = nal + n;
    for (; p < end && (zeros || h.zeros); p++) { /* until the zeros before both agree again */
        if (h.zeros >= 2 && *p == 3) {
            h.zeros = 0;
            continue;
        }
        o = put_escaped(o, *p, &zeros);
        h.zeros = *p ? 0 : h.zeros + 1;
    }
    memcpy(o, p, (size_t)(end - p));
    return (size_t)(o - out) + (size_t)(end - p);
}
