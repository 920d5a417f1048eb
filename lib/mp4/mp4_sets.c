/* SPDX-License-Identifier: MIT */
/* MP4 writer: reads from parameter sets only what the configuration records need (H.264, 7.3.2.1.1;
 * H.265, 7.3.2.2.1). */
#include <string.h>

#include "mp4/mp4_priv.h"
#include "ts/es.h"

enum { SPS_HEAD_BYTES = 512 }; /* more than the fields read here can take */

/* The bits of a parameter set without its emulation prevention bytes. After the end all bits are
 * zero, and over is set. */
struct bits {
    uint8_t data[SPS_HEAD_BYTES];
    size_t nb_bits, at;
    bool over;
};

static void bits_init(struct bits *b, const uint8_t *p, size_t n)
{
    size_t out = 0;
    int zeros = 0;

    for (size_t i = 0; i < n && out < sizeof(b->data); i++) {
        if (zeros >= 2 && p[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = p[i] ? 0 : zeros + 1;
        b->data[out++] = p[i];
    }
    b->nb_bits = 8 * out;
    b->at = 0;
    b->over = false;
}

static uint32_t get_bits(struct bits *b, int n)
{
    uint32_t v = 0;

    if (b->nb_bits - b->at < (size_t)n) {
        b->over = true;
        b->at = b->nb_bits;
        return 0;
    }
    for (; n > 0; n--, b->at++)
        v = v << 1 | (b->data[b->at / 8] >> (7 - b->at % 8) & 1);
    return v;
}

static void skip_bits(struct bits *b, size_t n)
{
    if (b->nb_bits - b->at < n) {
        b->over = true;
        n = b->nb_bits - b->at;
    }
    b->at += n;
}

/* Exponential Golomb, at most 2^32 - 2. */
static uint32_t get_ue(struct bits *b)
{
    int zeros = 0;

    while (zeros < 32 && !b->over && !get_bits(b, 1))
        zeros++;
    if (b->over || zeros == 32) {
        b->over = true;
        return 0;
    }
    return ((uint32_t)1 << zeros) - 1 + get_bits(b, zeros);
}

/* The type of a NAL unit that is a parameter set of the base layer, else -1. */
static int set_type(enum trtc_codec codec, const uint8_t *p, size_t n)
{
    int type;

    if (n < 2)
        return -1;
    if (codec == TRTC_CODEC_H264) {
        type = p[0] & 0x1f;
        if (type != TRTC_MP4_H264_SPS && type != TRTC_MP4_H264_PPS)
            return -1;
        return p[0] & 0x80 ? -1 : type;
    }
    type = p[0] >> 1 & 0x3f;
    if ((p[0] & 0x81) || p[1] >> 3)
        return -1;
    return type >= TRTC_MP4_H265_VPS && type <= TRTC_MP4_H265_PPS ? type : -1;
}

static bool has_set(const struct trtc_mp4_sets *list, const uint8_t *p, size_t n)
{
    for (int i = 0; i < list->nb; i++)
        if (list->v[i].n == n && !memcmp(list->v[i].p, p, n))
            return true;
    return false;
}

int trtc_mp4_list_sets(enum trtc_codec codec, const uint8_t *p, size_t size,
                       struct trtc_mp4_sets *out, struct trtc_err *err)
{
    const uint8_t *end = size > 0 ? p + size : p;
    const uint8_t *nal;
    size_t n;

    out->nb = 0;
    while (size > 0 && (nal = trtc_annexb_next(&p, end, &n))) {
        int type = set_type(codec, nal, n);

        if (type < 0 || has_set(out, nal, n))
            continue;
        if (out->nb == TRTC_MP4_SETS_MAX || n > UINT16_MAX)
            return trtc_fail(err, TRTC_EX_DATAERR, "too many parameter sets, or too long ones");
        out->v[out->nb++] = (struct trtc_mp4_set){ .p = nal, .n = n, .type = type };
    }
    return 0;
}

int trtc_mp4_count_sets(const struct trtc_mp4_sets *list, int type)
{
    int nb = 0;

    for (int i = 0; i < list->nb; i++)
        nb += list->v[i].type == type;
    return nb;
}

static bool h264_profile_has_format(uint8_t profile)
{
    static const uint8_t with[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };

    return memchr(with, profile, sizeof(with)) != NULL;
}

static int read_sps(const struct trtc_mp4_set *nal, struct trtc_mp4_h264 *s, struct trtc_err *err)
{
    struct bits b;

    *s = (struct trtc_mp4_h264){ 0 };
    bits_init(&b, nal->p + 1, nal->n - 1);
    s->profile = (uint8_t)get_bits(&b, 8);
    s->compat = (uint8_t)get_bits(&b, 8);
    s->level = (uint8_t)get_bits(&b, 8);
    get_ue(&b); /* seq_parameter_set_id */
    s->has_format = h264_profile_has_format(s->profile);
    if (s->has_format) {
        s->chroma = get_ue(&b);
        if (s->chroma == 3)
            skip_bits(&b, 1); /* separate_colour_plane_flag */
        s->depth_luma = get_ue(&b);
        s->depth_chroma = get_ue(&b);
    }
    if (b.over || (s->has_format && (s->chroma > 3 || s->depth_luma > 6 || s->depth_chroma > 6)))
        return trtc_fail(err, TRTC_EX_DATAERR, "damaged H.264 sequence parameter set");
    return 0;
}

/* Whether a needs a more capable decoder than b: High and related profiles are above the others. */
static bool is_above(const struct trtc_mp4_h264 *a, const struct trtc_mp4_h264 *b)
{
    if (a->has_format != b->has_format)
        return a->has_format;
    return a->profile > b->profile;
}

int trtc_mp4_h264_read(const struct trtc_mp4_sets *list, struct trtc_mp4_h264 *out,
                       struct trtc_err *err)
{
    bool have = false;

    if (trtc_mp4_count_sets(list, TRTC_MP4_H264_SPS) == 0 ||
        trtc_mp4_count_sets(list, TRTC_MP4_H264_PPS) == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "no H.264 parameter sets");
    if (trtc_mp4_count_sets(list, TRTC_MP4_H264_SPS) > 31)
        return trtc_fail(err, TRTC_EX_DATAERR, "too many H.264 sequence parameter sets");
    for (int i = 0; i < list->nb; i++) {
        struct trtc_mp4_h264 s;

        if (list->v[i].type != TRTC_MP4_H264_SPS)
            continue;
        if (read_sps(&list->v[i], &s, err))
            return -1;
        if (have) {
            s.compat &= out->compat;
            s.level = s.level > out->level ? s.level : out->level;
        }
        if (!have || is_above(&s, out)) {
            *out = s;
        } else {
            out->compat = s.compat;
            out->level = s.level;
        }
        have = true;
    }
    return 0;
}

/* Skips the part of profile_tier_level about temporal sub-layers. */
static void skip_sub_layers(struct bits *b, uint32_t max_sub_layers_minus1)
{
    bool profile[8], level[8];

    if (max_sub_layers_minus1 == 0)
        return;
    for (uint32_t i = 0; i < 8; i++) { /* the flags are padded to eight pairs */
        profile[i] = get_bits(b, 1) && i < max_sub_layers_minus1;
        level[i] = get_bits(b, 1) && i < max_sub_layers_minus1;
    }
    for (uint32_t i = 0; i < 8; i++)
        skip_bits(b, (profile[i] ? 88 : 0) + (level[i] ? 8 : 0));
}

static int read_h265_sps(const struct trtc_mp4_set *sps, struct trtc_mp4_h265 *s,
                         struct trtc_err *err)
{
    struct bits b;
    uint32_t minus1;

    bits_init(&b, sps->p + 2, sps->n - 2);
    skip_bits(&b, 4); /* sps_video_parameter_set_id */
    minus1 = get_bits(&b, 3);
    s->nb_layers = minus1 + 1;
    s->nested = get_bits(&b, 1);
    for (size_t i = 0; i < sizeof(s->ptl); i++)
        s->ptl[i] = (uint8_t)get_bits(&b, 8);
    skip_sub_layers(&b, minus1);
    get_ue(&b); /* sps_seq_parameter_set_id */
    s->chroma = get_ue(&b);
    if (s->chroma == 3)
        skip_bits(&b, 1); /* separate_colour_plane_flag */
    get_ue(&b);           /* width and height */
    get_ue(&b);
    if (get_bits(&b, 1)) /* conformance window */
        for (int i = 0; i < 4; i++)
            get_ue(&b);
    s->depth_luma = get_ue(&b);
    s->depth_chroma = get_ue(&b);
    if (b.over || minus1 > 6 || s->chroma > 3 || s->depth_luma > 8 || s->depth_chroma > 8)
        return trtc_fail(err, TRTC_EX_DATAERR, "damaged H.265 sequence parameter set");
    return 0;
}

int trtc_mp4_h265_read(const struct trtc_mp4_sets *list, struct trtc_mp4_h265 *out,
                       struct trtc_err *err)
{
    enum { PROFILE = 0, LEVEL = 11 }; /* bytes of profile_tier_level */
    bool have = false;

    if (trtc_mp4_count_sets(list, TRTC_MP4_H265_VPS) == 0 ||
        trtc_mp4_count_sets(list, TRTC_MP4_H265_SPS) == 0 ||
        trtc_mp4_count_sets(list, TRTC_MP4_H265_PPS) == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "no H.265 parameter sets");
    for (int i = 0; i < list->nb; i++) {
        struct trtc_mp4_h265 s;
        uint8_t level;

        if (list->v[i].type != TRTC_MP4_H265_SPS)
            continue;
        if (read_h265_sps(&list->v[i], &s, err))
            return -1;
        level = have && out->ptl[LEVEL] > s.ptl[LEVEL] ? out->ptl[LEVEL] : s.ptl[LEVEL];
        if (!have || (s.ptl[PROFILE] & 31) > (out->ptl[PROFILE] & 31))
            *out = s;
        out->ptl[LEVEL] = level;
        have = true;
    }
    return 0;
}
