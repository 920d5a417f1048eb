/* SPDX-License-Identifier: MIT */
/* Picture order counts; see poc.h. */
#include "ts/poc.h"

#include <string.h>

#include "ts/bits.h"

/* The content of a slice header. */
struct slice {
    bool valid;
    bool resets;    /* counts are reset */
    bool reference; /* others are counted from it */
    bool field, bottom;
    bool has_lsb;
    unsigned lsb;
    unsigned frame, idr; /* frame_num, idr_pic_id (H.264) */
};

void trtc_poc_begin(struct trtc_poc *p, enum trtc_codec codec)
{
    if (p->codec != codec)
        *p = (struct trtc_poc){ .codec = codec };
    p->running = false;
}

/* H.265 7.3.2.3.1, its first fields. */
static void h265_pps(struct trtc_poc *p, const uint8_t *nal, size_t size)
{
    struct bits b = { .p = nal + 2, .end = nal + size };
    const unsigned id = ue(&b, 63);

    ue(&b, 15);
    u1(&b);
    const unsigned output_flag = u1(&b), extra = u(&b, 3);
    if (!b.over)
        p->pps[id] = (uint8_t)(output_flag << 3 | extra);
}

void trtc_poc_set(struct trtc_poc *p, const uint8_t *nal, size_t size)
{
    struct trtc_video_params v;

    if (size < 3)
        return;
    switch (trtc_nal_kind(p->codec, *nal)) {
    case TRTC_NAL_SPS:
        if (trtc_video_params_of_sps(p->codec, nal, size, &v) == 0) {
            p->sps_many = p->sps_new && (p->sps_many || p->sps.sps_id != v.sps_id);
            p->sps = v;
            p->have_sps = p->sps_new = true;
        }
        break;
    case TRTC_NAL_PARAM:
        if (p->codec == TRTC_CODEC_H265 && (nal[0] >> 1 & 63) == 34)
            h265_pps(p, nal, size);
        break;
    default:
        break;
    }
}

/* H.264 7.3.3 */
static struct slice h264_slice(const struct trtc_poc *p, const uint8_t *nal, size_t size)
{
    const struct trtc_order_params *o = &p->sps.order;
    struct bits b = { .p = nal + 1, .end = nal + size };
    struct slice s = { .resets = (*nal & 31) == 5, .reference = *nal & 0x60 };

    ue(&b, UE_MAX);
    ue(&b, 9);
    ue(&b, 255);
    if (o->planes)
        u(&b, 2);
    s.frame = u(&b, o->frame_bits);
    if (o->fields) {
        s.field = u1(&b);
        s.bottom = s.field && u1(&b);
    }
    s.idr = s.resets ? ue(&b, 65535) : 0;
    s.has_lsb = o->count_type == 0;
    s.lsb = s.has_lsb ? u(&b, o->count_bits) : 0;
    s.valid = !b.over && o->count_type != 1;
    return s;
}

/* H.265 7.3.6.1 */
static struct slice h265_slice(const struct trtc_poc *p, const uint8_t *nal, size_t size)
{
    const int type = nal[0] >> 1 & 63;
    const bool irap = type >= 16 && type <= 23, idr = type == 19 || type == 20;
    struct bits b = { .p = nal + 2, .end = nal + size };
    struct slice s = { .has_lsb = true };

    const bool first = u1(&b);
    if (irap)
        u1(&b);
    const uint8_t pps = p->pps[ue(&b, 63)];
    u(&b, pps & 7);
    ue(&b, 2);
    if (pps & 8)
        u1(&b);
    if (p->sps.order.planes)
        u(&b, 2);
    s.lsb = idr ? 0 : u(&b, p->sps.order.count_bits);
    s.valid = first && !b.over;
    /* IDR, BLA. Later counts build on pictures of the lowest layer that others refer to and that
     * are not leading pictures (8.3.1). */
    s.resets = idr || (type >= 16 && type <= 18);
    s.reference = (nal[1] & 7) == 1 && !(type >= 6 && type <= 9) && (type > 14 || type & 1);
    return s;
}

static struct slice read_slice(const struct trtc_poc *p, const uint8_t *nal, size_t size)
{
    if (!p->have_sps || size < 3)
        return (struct slice){ 0 };
    return p->codec == TRTC_CODEC_H264 ? h264_slice(p, nal, size) : h265_slice(p, nal, size);
}

/* The count with these lower bits that is nearest to the one before (H.264 8-3, H.265 8-1). */
static int64_t nearest(int64_t prev, unsigned lsb, int bits)
{
    const int64_t range = INT64_C(1) << bits;
    const int64_t d = ((int64_t)lsb - prev) & (range - 1);

    return prev + (d > range / 2 ? d - range : d);
}

void trtc_poc_next(struct trtc_poc *p, const uint8_t *nal, size_t size, struct trtc_order *out)
{
    const struct slice s = read_slice(p, nal, size);

    p->sps_new = false;
    *out = (struct trtc_order){ .known = s.valid, .resets = s.resets, .field = s.field };
    if (!s.valid)
        return;
    if (s.has_lsb)
        out->count =
            s.resets || !p->running ? s.lsb : nearest(p->prev, s.lsb, p->sps.order.count_bits);
    else if (!s.resets && p->running)
        out->count = p->last + (s.field ? 1 : 2);
    if (s.reference || s.resets || !p->running)
        p->prev = out->count;
    p->last = out->count;
    p->running = true;
}

bool trtc_poc_is_other_field(const struct trtc_poc *p, const uint8_t *a, size_t na,
                             const uint8_t *b, size_t nb)
{
    if (p->codec != TRTC_CODEC_H264 || !p->have_sps || !p->sps.order.fields)
        return false;
    const struct slice x = read_slice(p, a, na), y = read_slice(p, b, nb);
    return x.valid && y.valid && x.field && y.field && x.bottom != y.bottom && x.frame == y.frame;
}

bool trtc_poc_is_same(const struct trtc_poc *p, const uint8_t *a, size_t na, const uint8_t *b,
                      size_t nb)
{
    if (p->codec != TRTC_CODEC_H264)
        return false;
    const struct slice x = read_slice(p, a, na), y = read_slice(p, b, nb);
    return x.valid && y.valid && x.frame == y.frame && x.resets == y.resets && x.idr == y.idr &&
           x.reference == y.reference && x.field == y.field && x.bottom == y.bottom &&
           x.lsb == y.lsb;
}

void trtc_poc_picture(struct trtc_poc *p, const uint8_t *annexb, size_t size,
                      struct trtc_order *out)
{
    const uint8_t *const end = annexb + size, *code = trtc_annexb_find(annexb, end), *next;

    *out = (struct trtc_order){ 0 };
    for (; end - code > 3; code = next) {
        const uint8_t *const nal = code + 3;
        if (trtc_nal_kind(p->codec, *nal) <= TRTC_NAL_KEY_SLICE) {
            trtc_poc_next(p, nal, (size_t)(end - nal), out);
            return;
        }
        next = trtc_annexb_find(nal, end);
        trtc_poc_set(p, nal, (size_t)(next - nal));
    }
}

bool trtc_poc_is_in_order(const struct trtc_video_params *sps)
{
    enum { BASELINE = 66, COUNTED_AS_DECODED = 2 };

    return sps->reorder_max == 0 ||
           (sps->codec == TRTC_CODEC_H264 && sps->reorder_max < 0 &&
            (sps->profile == BASELINE || sps->order.count_type == COUNTED_AS_DECODED));
}
