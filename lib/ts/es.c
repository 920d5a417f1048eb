/* SPDX-License-Identifier: MIT */
/* Headers inside elementary streams; see es.h. */
#include "ts/es.h"

#include <string.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "ts/bits.h"

#define SIZE_MAX_PX 16384 /* larger pictures are damage */

/* ---- AAC in ADTS ---- */

static const int adts_rates_hz[] = {
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
};
#define NB_ADTS_RATES ((int)(sizeof adts_rates_hz / sizeof *adts_rates_hz))

int trtc_adts_parse(const uint8_t *p, size_t n, struct trtc_adts *out)
{
    if (n < TRTC_ADTS_MIN || p[0] != 0xff || (p[1] & 0xf6) != 0xf0)
        return -1;

    const int rate = p[2] >> 2 & 15;
    const int blocks = p[6] & 3; /* minus one */
    if (rate >= NB_ADTS_RATES)
        return -1;

    *out = (struct trtc_adts){
        .object_type = (p[2] >> 6) + 1,
        .rate_hz = adts_rates_hz[rate],
        .channels = (p[2] & 1) << 2 | p[3] >> 6,
        .header_bytes = TRTC_ADTS_MIN + (p[1] & 1 ? 0 : 2 + 2 * blocks),
        .frame_bytes = (p[3] & 3) << 11 | p[4] << 3 | p[5] >> 5,
        .samples = 1024 * (blocks + 1),
    };
    return out->frame_bytes > out->header_bytes ? 0 : -1;
}

void trtc_adts_asc(const struct trtc_adts *a, uint8_t asc[2])
{
    int rate = 0;

    while (rate < NB_ADTS_RATES - 1 && adts_rates_hz[rate] != a->rate_hz)
        rate++;
    asc[0] = (uint8_t)(a->object_type << 3 | rate >> 1);
    asc[1] = (uint8_t)((rate & 1) << 7 | (a->channels & 15) << 3);
}

/* ---- NAL units ---- */

/* Passes over bytes without a start code, sixteen at a time. In pictures 01 alone is too
 * frequent to search for. */
static const uint8_t *pass_over(const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128(), one = _mm_set1_epi8(1);

    for (; end - p >= 18; p += 16) {
        const __m128i a = _mm_loadu_si128((const __m128i *)p);
        const __m128i b = _mm_loadu_si128((const __m128i *)(p + 1));
        const __m128i c = _mm_loadu_si128((const __m128i *)(p + 2));
        const __m128i zeros = _mm_cmpeq_epi8(_mm_or_si128(a, b), zero);
        if (_mm_movemask_epi8(_mm_and_si128(zeros, _mm_cmpeq_epi8(c, one))))
            break;
    }
#else
    (void)end;
#endif
    return p;
}

const uint8_t *trtc_annexb_find(const uint8_t *p, const uint8_t *end)
{
    /* Searches for 01, which is rarer than 00 in real streams. */
    p = pass_over(p, end);
    if (end - p < 3)
        return end;
    for (p += 2; (p = memchr(p, 1, (size_t)(end - p))); p++) {
        if (p[-1] == 0 && p[-2] == 0)
            return p - 2;
        if (p + 1 == end)
            break;
    }
    return end;
}

const uint8_t *trtc_annexb_next(const uint8_t **pos, const uint8_t *end, size_t *size)
{
    const uint8_t *start = trtc_annexb_find(*pos, end);

    while (start < end) {
        const uint8_t *nal = start + 3;
        const uint8_t *next = trtc_annexb_find(nal, end);
        const uint8_t *stop = next;

        while (stop > nal && stop[-1] == 0)
            stop--;
        if (stop > nal) {
            *pos = next;
            *size = (size_t)(stop - nal);
            return nal;
        }
        start = next;
    }
    *pos = end;
    *size = 0;
    return NULL;
}

enum trtc_nal trtc_nal_kind(enum trtc_codec codec, uint8_t b)
{
    /* H.264 table 7-1, H.265 table 7-1. */
    if (codec == TRTC_CODEC_H264) {
        switch (b & 31) {
        case 1:
        case 2:
            return TRTC_NAL_SLICE;
        case 5:
            return TRTC_NAL_KEY_SLICE;
        case 6:
            return TRTC_NAL_SEI;
        case 7:
            return TRTC_NAL_SPS;
        case 8:
            return TRTC_NAL_PARAM;
        case 9:
            return TRTC_NAL_AUD;
        case 12:
            return TRTC_NAL_FILLER;
        default:
            return TRTC_NAL_OTHER;
        }
    }

    const int type = b >> 1 & 63;
    if (type >= 16 && type <= 21)
        return TRTC_NAL_KEY_SLICE;
    if (type <= 31)
        return TRTC_NAL_SLICE;
    switch (type) {
    case 32:
    case 34:
        return TRTC_NAL_PARAM;
    case 33:
        return TRTC_NAL_SPS;
    case 35:
        return TRTC_NAL_AUD;
    case 38:
        return TRTC_NAL_FILLER;
    case 39:
        return TRTC_NAL_SEI;
    default:
        return TRTC_NAL_OTHER;
    }
}

static bool is_param(enum trtc_nal kind)
{
    return kind == TRTC_NAL_PARAM || kind == TRTC_NAL_SPS;
}

static bool is_slice(enum trtc_nal kind)
{
    return kind == TRTC_NAL_SLICE || kind == TRTC_NAL_KEY_SLICE;
}

bool trtc_sei_recovery_point(const uint8_t *nal, size_t size)
{
    struct bits b = { .p = nal, .end = nal + size };

    if (size < 2)
        return false;
    bits_byte(&b);
    /* The unit ends with a stop bit, so a message is followed by at least one byte. */
    while (b.end - b.p > 2) {
        unsigned type = 0, bytes = 0, v;

        do
            type += v = bits_byte(&b);
        while (v == 255 && !b.over);
        do
            bytes += v = bits_byte(&b);
        while (v == 255 && !b.over);
        if (b.over)
            return false;
        if (type == 6)
            return true;
        while (bytes-- > 0 && !b.over)
            bits_byte(&b);
    }
    return false;
}

/* ---- parameter sets ---- */

static void read_sar(struct bits *b, struct trtc_video_params *v)
{
    /* H.264 table E-1, H.265 table E.1 */
    static const uint8_t sar[][2] = {
        { 0, 0 },   { 1, 1 },    { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 },
        { 24, 11 }, { 20, 11 },  { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 },
        { 64, 33 }, { 160, 99 }, { 4, 3 },   { 3, 2 },   { 2, 1 },
    };
    int num = 0, den = 0;

    if (!u1(b))
        return;
    const unsigned idc = u(b, 8);
    if (idc == 255) {
        num = (int)u(b, 16);
        den = (int)u(b, 16);
    } else if (idc < sizeof sar / sizeof *sar) {
        num = sar[idc][0];
        den = sar[idc][1];
    }
    if (!b->over && num > 0 && den > 0) {
        v->sar_num = num;
        v->sar_den = den;
    }
}

static void read_timing(struct bits *b, struct trtc_video_params *v)
{
    const uint32_t num = u(b, 32), units = u(b, 32);

    if (b->over || num == 0 || units == 0)
        return;
    v->order.tick_num = num;
    v->order.tick_units = units;
}

static void h264_skip_hrd(struct bits *b)
{
    const unsigned nb_cpb = ue(b, 31) + 1;

    skip_bits(b, 8);
    for (unsigned i = 0; i < nb_cpb && !b->over; i++) {
        ue(b, UE_MAX);
        ue(b, UE_MAX);
        u1(b);
    }
    skip_bits(b, 20);
}

/* Reads the fields that are the same in both codecs: overscan, video signal type (H.264 E.1.1,
 * H.265 E.2.1). */
static void read_colour(struct bits *b, struct trtc_video_params *v)
{
    struct trtc_colour c = v->colour;

    if (u1(b)) /* overscan */
        u1(b);
    if (!u1(b))
        return;
    skip_bits(b, 3);
    c.full = u1(b);
    if (u1(b)) {
        c.primaries = (uint8_t)u(b, 8);
        c.transfer = (uint8_t)u(b, 8);
        c.matrix = (uint8_t)u(b, 8);
    }
    if (!b->over)
        v->colour = c;
}

/* H.264 E.1.1 */
static void h264_vui(struct bits *b, struct trtc_video_params *v)
{
    read_sar(b, v);
    read_colour(b, v);
    if (u1(b)) { /* chroma location */
        ue(b, 5);
        ue(b, 5);
    }
    if (u1(b)) {
        read_timing(b, v);
        u1(b);
    }

    const unsigned nal_hrd = u1(b);
    if (nal_hrd)
        h264_skip_hrd(b);
    const unsigned vcl_hrd = u1(b);
    if (vcl_hrd)
        h264_skip_hrd(b);
    if (nal_hrd || vcl_hrd)
        u1(b);
    u1(b);
    if (u1(b)) { /* bitstream restriction */
        u1(b);
        for (int i = 0; i < 4; i++)
            ue(b, UE_MAX);
        const unsigned reorder = ue(b, 16);
        ue(b, UE_MAX);
        if (!b->over)
            v->reorder_max = (int)reorder;
    }
}

static bool h264_has_chroma_format(int profile)
{
    static const uint8_t high[] = { 44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244 };

    for (size_t i = 0; i < sizeof high; i++)
        if (profile == high[i])
            return true;
    return false;
}

static void h264_skip_scaling_list(struct bits *b, int size)
{
    int last = 8, next = 8;

    for (int i = 0; i < size && next != 0 && !b->over; i++) {
        const int64_t delta = se(b);
        if (delta < -128 || delta > 127) {
            b->over = true;
            return;
        }
        next = (last + (int)delta + 256) % 256;
        if (next)
            last = next;
    }
}

/* Subtracts the cropping from a size. Returns -1 if the result makes no sense. */
static int cropped(int64_t size, uint32_t a, uint32_t b, int unit)
{
    const int64_t left = size - ((int64_t)a + b) * unit;

    return left > 0 && left <= SIZE_MAX_PX ? (int)left : -1;
}

/* H.264 7.3.2.1.1; b is after the NAL header. */
static int h264_sps(struct bits *b, struct trtc_video_params *v)
{
    unsigned chroma = 1, separate = 0;

    v->profile = (int)u(b, 8);
    skip_bits(b, 8);
    v->level = (int)u(b, 8);
    v->sps_id = (int)ue(b, 31);
    v->depth = 8;
    if (h264_has_chroma_format(v->profile)) {
        chroma = ue(b, 3);
        if (chroma == 3)
            separate = u1(b);
        v->depth = 8 + (int)ue(b, 6);
        ue(b, 6); /* of chroma */
        u1(b);
        if (u1(b))
            for (int i = 0; i < (chroma == 3 ? 12 : 8); i++)
                if (u1(b))
                    h264_skip_scaling_list(b, i < 6 ? 16 : 64);
    }
    v->chroma = (int)chroma;
    v->order.planes = separate;
    v->order.frame_bits = (int)ue(b, 12) + 4;
    v->order.count_type = (int)ue(b, 2);
    switch (v->order.count_type) {
    case 0:
        v->order.count_bits = (int)ue(b, 12) + 4;
        break;
    case 1:
        u1(b);
        se(b);
        se(b);
        for (unsigned n = ue(b, 255); n > 0 && !b->over; n--)
            se(b);
        break;
    }
    ue(b, 16); /* reference frames */
    u1(b);

    const unsigned width_mbs = ue(b, SIZE_MAX_PX / 16 - 1) + 1;
    const unsigned height_units = ue(b, SIZE_MAX_PX / 16 - 1) + 1;
    const unsigned frame_mbs_only = u1(b);
    v->order.fields = !frame_mbs_only;
    if (!frame_mbs_only)
        u1(b);
    u1(b);

    uint32_t crop[4] = { 0 }; /* left, right, top, bottom */
    if (u1(b))
        for (int i = 0; i < 4; i++)
            crop[i] = ue(b, SIZE_MAX_PX);
    if (b->over)
        return -1;

    /* Units of cropping: table 6-1 and (7-19) to (7-22). */
    const unsigned array_type = separate ? 0 : chroma;
    const int unit_x = array_type == 1 || array_type == 2 ? 2 : 1;
    const int unit_y = (array_type == 1 ? 2 : 1) * (frame_mbs_only ? 1 : 2);
    v->width_px = cropped((int64_t)width_mbs * 16, crop[0], crop[1], unit_x);
    v->height_px =
        cropped((int64_t)height_units * 16 * (frame_mbs_only ? 1 : 2), crop[2], crop[3], unit_y);
    if (v->width_px < 0 || v->height_px < 0)
        return -1;
    if (u1(b))
        h264_vui(b, v);
    return 0;
}

/* H.265 7.3.3 */
static void h265_profile_tier_level(struct bits *b, int sub_layers, struct trtc_video_params *v)
{
    bool profile[8] = { false }, level[8] = { false };

    skip_bits(b, 3);
    v->profile = (int)u(b, 5);
    skip_bits(b, 80);
    v->level = (int)u(b, 8);
    for (int i = 0; i < sub_layers; i++) {
        profile[i] = u1(b);
        level[i] = u1(b);
    }
    if (sub_layers > 0)
        skip_bits(b, 2 * (8 - sub_layers));
    for (int i = 0; i < sub_layers; i++)
        skip_bits(b, (profile[i] ? 88 : 0) + (level[i] ? 8 : 0));
}

/* H.265 7.3.4 */
static void h265_skip_scaling_lists(struct bits *b)
{
    for (int size = 0; size < 4; size++) {
        for (int matrix = 0; matrix < 6 && !b->over; matrix += size == 3 ? 3 : 1) {
            if (!u1(b)) {
                ue(b, 5);
                continue;
            }
            if (size > 1)
                se(b);
            for (int i = size == 0 ? 16 : 64; i > 0 && !b->over; i--)
                se(b);
        }
    }
}

/* H.265 7.3.7: the sets of an SPS. A later one may be coded as a difference to the one before. */
static void h265_skip_ref_pic_sets(struct bits *b)
{
    const unsigned nb_sets = ue(b, 64);
    unsigned nb_pocs = 0; /* of the set before */

    for (unsigned i = 0; i < nb_sets && !b->over; i++) {
        if (i > 0 && u1(b)) {
            unsigned nb = 0;
            u1(b);
            ue(b, 32767);
            for (unsigned j = 0; j <= nb_pocs && !b->over; j++)
                if (u1(b) || u1(b))
                    nb++;
            nb_pocs = nb;
        } else {
            nb_pocs = ue(b, 16);
            nb_pocs += ue(b, 16);
            for (unsigned j = 0; j < nb_pocs && !b->over; j++) {
                ue(b, 32767);
                u1(b);
            }
        }
        if (nb_pocs > 32)
            b->over = true;
    }
}

/* H.265 E.2.1, as far as the timing. */
static void h265_vui(struct bits *b, struct trtc_video_params *v)
{
    read_sar(b, v);
    read_colour(b, v);
    if (u1(b)) { /* chroma location */
        ue(b, 5);
        ue(b, 5);
    }
    skip_bits(b, 3);
    if (u1(b)) /* default display window */
        for (int i = 0; i < 4; i++)
            ue(b, SIZE_MAX_PX);
    if (u1(b))
        read_timing(b, v);
}

/* H.265 7.3.2.2.1; b is after the NAL header. */
static int h265_sps(struct bits *b, struct trtc_video_params *v)
{
    skip_bits(b, 4);
    const int sub_layers = (int)u(b, 3); /* minus one */
    u1(b);
    h265_profile_tier_level(b, sub_layers, v);
    v->sps_id = (int)ue(b, 15);

    const unsigned chroma = ue(b, 3);
    const unsigned separate = chroma == 3 ? u1(b) : 0;
    const unsigned width = ue(b, SIZE_MAX_PX);
    const unsigned height = ue(b, SIZE_MAX_PX);
    uint32_t crop[4] = { 0 };
    if (u1(b))
        for (int i = 0; i < 4; i++)
            crop[i] = ue(b, SIZE_MAX_PX);
    v->chroma = (int)chroma;
    v->depth = 8 + (int)ue(b, 8);
    ue(b, 8);
    v->order.planes = separate;
    v->order.count_bits = (int)ue(b, 12) + 4;

    unsigned reorder = 0; /* of the highest layer, which comes last */
    for (int i = u1(b) ? 0 : sub_layers; i <= sub_layers; i++) {
        ue(b, 15);
        reorder = ue(b, 15);
        ue(b, UE_MAX);
    }
    if (b->over || sub_layers > 6)
        return -1;

    const unsigned array_type = separate ? 0 : chroma;
    v->width_px = cropped(width, crop[0], crop[1], array_type == 1 || array_type == 2 ? 2 : 1);
    v->height_px = cropped(height, crop[2], crop[3], array_type == 1 ? 2 : 1);
    v->reorder_max = (int)reorder;
    if (v->width_px < 0 || v->height_px < 0)
        return -1;

    for (int i = 0; i < 6; i++) /* block sizes and depths */
        ue(b, 32);
    if (u1(b) && u1(b))
        h265_skip_scaling_lists(b);
    skip_bits(b, 2);
    if (u1(b)) { /* PCM */
        skip_bits(b, 8);
        ue(b, 5);
        ue(b, 5);
        u1(b);
    }
    h265_skip_ref_pic_sets(b);
    if (u1(b))
        for (unsigned n = ue(b, 32); n > 0 && !b->over; n--)
            skip_bits(b, v->order.count_bits + 1);
    skip_bits(b, 2);
    if (b->over)
        return -1;
    if (u1(b))
        h265_vui(b, v);
    return 0;
}

int trtc_video_params_of_sps(enum trtc_codec codec, const uint8_t *nal, size_t size,
                             struct trtc_video_params *out)
{
    const size_t header = codec == TRTC_CODEC_H264 ? 1 : 2;

    if (size <= header)
        return -1;
    struct bits b = { .p = nal + header, .end = nal + size };
    struct trtc_video_params v = {
        .codec = codec,
        .reorder_max = -1,
        .colour = { TRTC_COLOUR_UNKNOWN, TRTC_COLOUR_UNKNOWN, TRTC_COLOUR_UNKNOWN, false },
    };
    if ((codec == TRTC_CODEC_H264 ? h264_sps(&b, &v) : h265_sps(&b, &v)) < 0)
        return -1;
    *out = v;
    return 0;
}

int trtc_video_params_read(enum trtc_codec codec, const uint8_t *annexb, size_t size,
                           struct trtc_video_params *out)
{
    const uint8_t *pos = annexb, *nal;
    size_t n;

    while ((nal = trtc_annexb_next(&pos, annexb + size, &n))) {
        const enum trtc_nal kind = trtc_nal_kind(codec, *nal);
        if (is_slice(kind))
            return -1;
        if (kind == TRTC_NAL_SPS)
            return trtc_video_params_of_sps(codec, nal, n, out);
    }
    return -1;
}

/* Returns the first byte of picture data in an access unit; NULL: there is none. */
static const uint8_t *first_slice(enum trtc_codec codec, const uint8_t *annexb, size_t size)
{
    const uint8_t *pos = annexb, *nal;
    size_t n;

    while ((nal = trtc_annexb_next(&pos, annexb + size, &n)))
        if (is_slice(trtc_nal_kind(codec, *nal)))
            return nal;
    return NULL;
}

bool trtc_annexb_is_open(enum trtc_codec codec, const uint8_t *annexb, size_t size)
{
    const uint8_t *nal = first_slice(codec, annexb, size);

    return nal && (codec == TRTC_CODEC_H265 || trtc_nal_kind(codec, *nal) != TRTC_NAL_KEY_SLICE);
}

bool trtc_annexb_refers_back(enum trtc_codec codec, const uint8_t *annexb, size_t size)
{
    enum { RASL_N = 8, RASL_R };
    const uint8_t *nal = first_slice(codec, annexb, size);

    return nal && (codec != TRTC_CODEC_H265 || (nal[0] >> 1 & 63) == RASL_N ||
                   (nal[0] >> 1 & 63) == RASL_R);
}

size_t trtc_annexb_to_lengths(enum trtc_codec codec, const uint8_t *annexb, size_t size,
                              bool drop_param_sets, uint8_t *out)
{
    const uint8_t *pos = annexb, *nal;
    uint8_t *o = out;
    size_t n;

    while ((nal = trtc_annexb_next(&pos, annexb + size, &n))) {
        const enum trtc_nal kind = trtc_nal_kind(codec, *nal);
        if (kind == TRTC_NAL_AUD || kind == TRTC_NAL_FILLER || (drop_param_sets && is_param(kind)))
            continue;
        o[0] = (uint8_t)(n >> 24);
        o[1] = (uint8_t)(n >> 16);
        o[2] = (uint8_t)(n >> 8);
        o[3] = (uint8_t)n;
        memcpy(o + 4, nal, n);
        o += n + 4;
    }
    return (size_t)(o - out);
}
