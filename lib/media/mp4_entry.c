/* SPDX-License-Identifier: MIT */
/* MP4 writer: sample entries, that is how a decoder is to be set up. The configuration records
 * avcC and hvcC (ISO/IEC 14496-15, 5.3.3 and 8.3.3) are made from parameter sets, of which as
 * little is parsed as they ask for (H.264, 7.3.2.1.1; H.265, 7.3.2.2.1). */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/mp4_priv.h"

enum {
    NALS_MAX = 255,            /* parameter sets of a track, all kinds together */
    SPS_HEAD_BYTES = 512,      /* more than all the fields read here can take */
    ENTRY_OVERHEAD_BYTES = 512,
    ASC_MAX = 1024,
    H264_SPS = 7,
    H264_PPS = 8,
    H265_VPS = 32,
    H265_SPS = 33,
    H265_PPS = 34,
};

struct nal {
    const uint8_t *p;
    size_t n;
    int type;
};

struct nals {
    struct nal v[NALS_MAX];
    int nb;
};

/* Bits of a parameter set without its emulation prevention bytes. Past the end there are zeros,
 * and over says so. */
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

static const uint8_t *find_start_code(const uint8_t *p, const uint8_t *end)
{
    for (; end - p >= 3; p++)
        if (p[0] == 0 && p[1] == 0 && p[2] == 1)
            return p;
    return end;
}

static bool has_nal(const struct nals *list, const uint8_t *p, size_t n)
{
    for (int i = 0; i < list->nb; i++)
        if (list->v[i].n == n && !memcmp(list->v[i].p, p, n))
            return true;
    return false;
}

/* The type of a NAL unit if it is a parameter set of the base layer, else -1. */
static int set_type(enum trtc_codec codec, const uint8_t *p, size_t n)
{
    int type;

    if (n < 2)
        return -1;
    if (codec == TRTC_CODEC_H264) {
        type = p[0] & 0x1f;
        return !(p[0] & 0x80) && (type == H264_SPS || type == H264_PPS) ? type : -1;
    }
    type = p[0] >> 1 & 0x3f;
    if ((p[0] & 0x81) || p[1] >> 3)
        return -1;
    return type >= H265_VPS && type <= H265_PPS ? type : -1;
}

/* Lists the different parameter sets of an Annex B stretch, in order. */
static int list_sets(enum trtc_codec codec, const uint8_t *p, size_t size, struct nals *out,
                     struct trtc_err *err)
{
    const uint8_t *end;

    out->nb = 0;
    if (size == 0)
        return 0;
    end = p + size;
    p = find_start_code(p, end);
    while (p < end) {
        const uint8_t *next;
        size_t n;
        int type;

        p += 3;
        next = find_start_code(p, end);
        n = (size_t)(next - p);
        while (n > 0 && p[n - 1] == 0) /* trailing_zero_8bits */
            n--;
        type = set_type(codec, p, n);
        if (type >= 0 && !has_nal(out, p, n)) {
            if (out->nb == NALS_MAX || n > UINT16_MAX)
                return trtc_fail(err, TRTC_EX_DATAERR, "too many or too long parameter sets");
            out->v[out->nb++] = (struct nal){ .p = p, .n = n, .type = type };
        }
        p = next;
    }
    return 0;
}

static int count_type(const struct nals *list, int type)
{
    int nb = 0;

    for (int i = 0; i < list->nb; i++)
        nb += list->v[i].type == type;
    return nb;
}

static const struct nal *first_of(const struct nals *list, int type)
{
    for (int i = 0; i < list->nb; i++)
        if (list->v[i].type == type)
            return &list->v[i];
    return NULL;
}

/* Appending to a sample entry. The room was allocated for the worst case. */
struct entry {
    uint8_t *data;
    size_t size, capacity;
};

static void put(struct entry *e, uint64_t v, int nb_bytes)
{
    assert(e->capacity - e->size >= (size_t)nb_bytes);
    trtc_mp4_be(e->data + e->size, v, nb_bytes);
    e->size += (size_t)nb_bytes;
}

static void put_data(struct entry *e, const void *p, size_t n)
{
    assert(e->capacity - e->size >= n);
    memcpy(e->data + e->size, p, n);
    e->size += n;
}

static void put_zeros(struct entry *e, size_t n)
{
    assert(e->capacity - e->size >= n);
    memset(e->data + e->size, 0, n);
    e->size += n;
}

static size_t begin(struct entry *e, const char *type)
{
    size_t start = e->size;

    put(e, 0, 4);
    put_data(e, type, 4);
    return start;
}

static void end(struct entry *e, size_t start)
{
    trtc_mp4_be(e->data + start, e->size - start, 4);
}

/* Sets of one type, each after its length. */
static void put_sets(struct entry *e, const struct nals *list, int type)
{
    for (int i = 0; i < list->nb; i++) {
        if (list->v[i].type != type)
            continue;
        put(e, list->v[i].n, 2);
        put_data(e, list->v[i].p, list->v[i].n);
    }
}

/* What avcC says of a sequence parameter set. */
struct h264_sps {
    uint8_t profile, compat, level;
    bool has_format; /* the three below are present */
    uint32_t chroma, depth_luma, depth_chroma;
};

static bool h264_profile_has_format(uint8_t profile)
{
    static const uint8_t with[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };

    return memchr(with, profile, sizeof(with)) != NULL;
}

static int parse_h264_sps(const struct nal *nal, struct h264_sps *s, struct trtc_err *err)
{
    struct bits b;

    *s = (struct h264_sps){ 0 };
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

static int put_avcc(struct entry *e, const struct nals *list, struct trtc_err *err)
{
    int nb_sps = count_type(list, H264_SPS);
    int nb_pps = count_type(list, H264_PPS);
    struct h264_sps first = { 0 };
    bool have = false;
    size_t box;

    if (nb_sps == 0 || nb_pps == 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "no H.264 parameter sets");
    if (nb_sps > 31)
        return trtc_fail(err, TRTC_EX_DATAERR, "too many H.264 sequence parameter sets");
    for (int i = 0; i < list->nb; i++) {
        struct h264_sps s;

        if (list->v[i].type != H264_SPS)
            continue;
        if (parse_h264_sps(&list->v[i], &s, err))
            return -1;
        if (!have)
            first = s;
        have = true;
        first.compat &= s.compat; /* what holds for all of them */
        if (s.level > first.level)
            first.level = s.level;
    }
    box = begin(e, "avcC");
    put(e, 1, 1);
    put(e, first.profile, 1);
    put(e, first.compat, 1);
    put(e, first.level, 1);
    put(e, 0xfc | 3, 1); /* lengths of 4 bytes */
    put(e, 0xe0 | (unsigned)nb_sps, 1);
    put_sets(e, list, H264_SPS);
    put(e, (unsigned)nb_pps, 1);
    put_sets(e, list, H264_PPS);
    if (first.has_format) {
        put(e, 0xfc | first.chroma, 1);
        put(e, 0xf8 | first.depth_luma, 1);
        put(e, 0xf8 | first.depth_chroma, 1);
        put(e, 0, 1); /* no SPS extensions */
    }
    end(e, box);
    return 0;
}

/* What hvcC says of a sequence parameter set. */
struct h265_sps {
    uint8_t ptl[12]; /* general part of profile_tier_level, as it stands there */
    uint32_t nb_layers;
    uint32_t nested; /* sps_temporal_id_nesting_flag */
    uint32_t chroma, depth_luma, depth_chroma;
};

/* The part of profile_tier_level on the temporal sub-layers. */
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

static int parse_h265_sps(const struct nal *nal, struct h265_sps *s, struct trtc_err *err)
{
    struct bits b;
    uint32_t minus1;

    bits_init(&b, nal->p + 2, nal->n - 2);
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
    if (get_bits(&b, 1))  /* conformance window */
        for (int i = 0; i < 4; i++)
            get_ue(&b);
    s->depth_luma = get_ue(&b);
    s->depth_chroma = get_ue(&b);
    if (b.over || minus1 > 6 || s->chroma > 3 || s->depth_luma > 8 || s->depth_chroma > 8)
        return trtc_fail(err, TRTC_EX_DATAERR, "damaged H.265 sequence parameter set");
    return 0;
}

static int put_hvcc(struct entry *e, const struct nals *list, bool inband, struct trtc_err *err)
{
    const struct nal *sps = first_of(list, H265_SPS);
    struct h265_sps s;
    size_t box;

    if (!sps || !first_of(list, H265_VPS) || !first_of(list, H265_PPS))
        return trtc_fail(err, TRTC_EX_DATAERR, "no H.265 parameter sets");
    if (parse_h265_sps(sps, &s, err))
        return -1;
    box = begin(e, "hvcC");
    put(e, 1, 1);
    put_data(e, s.ptl, sizeof(s.ptl));
    put(e, 0xf000, 2); /* min_spatial_segmentation_idc: not known */
    put(e, 0xfc, 1);   /* parallelismType: not known */
    put(e, 0xfc | s.chroma, 1);
    put(e, 0xf8 | s.depth_luma, 1);
    put(e, 0xf8 | s.depth_chroma, 1);
    put(e, 0, 2);      /* avgFrameRate: not said */
    put(e, s.nb_layers << 3 | s.nested << 2 | 3, 1); /* lengths of 4 bytes */
    put(e, 3, 1);
    for (int type = H265_VPS; type <= H265_PPS; type++) {
        put(e, (inband ? 0 : 0x80) | (unsigned)type, 1); /* array_completeness */
        put(e, (unsigned)count_type(list, type), 2);
        put_sets(e, list, type);
    }
    end(e, box);
    return 0;
}

/* Shown size as 16.16, held to what the field takes. */
static uint32_t fixed_size(int px, int num, int den)
{
    int64_t v = (int64_t)px * 65536 * num / den;

    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static int put_video(struct entry *e, struct trtc_mp4_trak *t, const struct trtc_mp4_track *src,
                     struct trtc_err *err)
{
    bool h264 = src->codec == TRTC_CODEC_H264;
    bool square = src->sar_num == src->sar_den;
    struct nals list;
    size_t box;

    if (src->width_px < 1 || src->width_px > UINT16_MAX || src->height_px < 1 ||
        src->height_px > UINT16_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "picture size %dx%d cannot be stored in MP4",
                         src->width_px, src->height_px);
    if (!square && (src->sar_num < 1 || src->sar_num > UINT16_MAX || src->sar_den < 1 ||
                    src->sar_den > UINT16_MAX))
        return trtc_fail(err, TRTC_EX_DATAERR, "sample aspect ratio %d:%d cannot be stored in MP4",
                         src->sar_num, src->sar_den);
    if (list_sets(src->codec, src->annexb, src->annexb_size, &list, err))
        return -1;
    t->width_fixed = square ? (uint32_t)src->width_px << 16
                            : fixed_size(src->width_px, src->sar_num, src->sar_den);
    t->height_fixed = (uint32_t)src->height_px << 16;

    if (h264)
        box = begin(e, src->inband ? "avc3" : "avc1");
    else
        box = begin(e, src->inband ? "hev1" : "hvc1");
    put_zeros(e, 6);
    put(e, 1, 2); /* data_reference_index */
    put_zeros(e, 16);
    put(e, (unsigned)src->width_px, 2);
    put(e, (unsigned)src->height_px, 2);
    put(e, 72 << 16, 4); /* dots an inch */
    put(e, 72 << 16, 4);
    put(e, 0, 4);
    put(e, 1, 2); /* frame_count */
    put_zeros(e, 32); /* compressorname */
    put(e, 24, 2);    /* depth */
    put(e, 0xffff, 2);
    if (h264 ? put_avcc(e, &list, err) : put_hvcc(e, &list, src->inband, err))
        return -1;
    if (!square) {
        size_t pasp = begin(e, "pasp");

        put(e, (unsigned)src->sar_num, 4);
        put(e, (unsigned)src->sar_den, 4);
        end(e, pasp);
    }
    end(e, box);
    return 0;
}

/* The head of an MPEG-4 descriptor (14496-1, 8.3.3): its length always in four bytes. */
static void put_descriptor(struct entry *e, unsigned tag, size_t n)
{
    put(e, tag, 1);
    for (int shift = 21; shift > 0; shift -= 7)
        put(e, 0x80 | (n >> shift & 0x7f), 1);
    put(e, n & 0x7f, 1);
}

static int put_aac(struct entry *e, const struct trtc_mp4_track *src, struct trtc_err *err)
{
    enum { HEAD = 5, CONFIG = 13 }; /* of a descriptor; of a DecoderConfigDescriptor */
    size_t box, esds;

    if (src->asc_size < 2 || src->asc_size > ASC_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "no usable AudioSpecificConfig");
    if (src->rate_hz < 1 || src->channels < 1 || src->channels > UINT16_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "%d channels at %d Hz cannot be stored in MP4",
                         src->channels, src->rate_hz);
    box = begin(e, "mp4a");
    put_zeros(e, 6);
    put(e, 1, 2); /* data_reference_index */
    put_zeros(e, 8);
    put(e, (unsigned)src->channels, 2);
    put(e, 16, 2); /* bits a sample, by definition */
    put(e, 0, 4);
    put(e, src->rate_hz <= UINT16_MAX ? (uint32_t)src->rate_hz << 16 : 0, 4);
    esds = begin(e, "esds");
    put(e, 0, 4); /* version and flags */
    put_descriptor(e, 3, 3 + HEAD + CONFIG + HEAD + src->asc_size + HEAD + 1);
    put(e, 0, 2); /* ES_ID: in files always 0 */
    put(e, 0, 1);
    put_descriptor(e, 4, CONFIG + HEAD + src->asc_size);
    put(e, 0x40, 1); /* MPEG-4 audio */
    put(e, 0x15, 1); /* an audio stream, not upstream */
    put(e, 0, 3);    /* buffer size and bit rates: not said */
    put(e, 0, 4);
    put(e, 0, 4);
    put_descriptor(e, 5, src->asc_size);
    put_data(e, src->asc, src->asc_size);
    put_descriptor(e, 6, 1);
    put(e, 2, 1); /* as in MP4 files */
    end(e, esds);
    end(e, box);
    return 0;
}

int trtc_mp4_entry(struct trtc_mp4_trak *t, const struct trtc_mp4_track *src,
                   struct trtc_err *err)
{
    bool sound = src->codec == TRTC_CODEC_AAC;
    struct entry e = { 0 };
    int ret;

    /* A set is preceded by 2 bytes here and by 3 or more in Annex B: no copy is larger. */
    e.capacity = ENTRY_OVERHEAD_BYTES + (sound ? src->asc_size : src->annexb_size);
    e.data = malloc(e.capacity);
    if (!e.data)
        return trtc_fail_nomem(err);
    ret = sound ? put_aac(&e, src, err) : put_video(&e, t, src, err);
    if (ret) {
        free(e.data);
        return ret;
    }
    t->entry = e.data;
    t->entry_size = e.size;
    return 0;
}
