/* SPDX-License-Identifier: MIT */
/* Input through libavformat: packets become access units. Encoders for RTMP send parameter sets, messages and
 * the slices of a picture in packets of their own. */
#include <string.h>

#include "base/array.h"
#include "input/input_av_priv.h"
#include "ts/es.h"

enum { LEAD_MAX = 1 << 20 }; /* bytes of units without a picture */

static bool is_picture(enum trtc_codec codec, uint8_t b)
{
    const enum trtc_nal kind = trtc_nal_kind(codec, b);

    return kind == TRTC_NAL_SLICE || kind == TRTC_NAL_KEY_SLICE || kind == TRTC_NAL_OTHER;
}

/* Whether the current packet has parameter sets, messages and the like, but no picture. */
static bool is_lead(const struct trtc_input_av *b, const struct trtc_input_av_stream *s)
{
    const size_t n = (size_t)b->pkt->size, length = (size_t)s->nal_length;
    const uint8_t *p = b->pkt->data, *const end = p + n, *nal;
    size_t size, at = 0;
    bool any = false;

    if (s->codec == TRTC_CODEC_OTHER || b->pkt->flags & AV_PKT_FLAG_CORRUPT ||
        b->nb_lead + n > LEAD_MAX)
        return false;
    for (; length == 0 && (nal = trtc_annexb_next(&p, end, &size)); any = true)
        if (is_picture(s->codec, nal[0]))
            return false;
    for (; length > 0 && at + length < n; at += length + size, any = true) {
        size = (size_t)trtc_be(p + at, (int)length);
        if (size == 0 || size > n - at - length || is_picture(s->codec, p[at + length]))
            return false;
    }
    return any && (length == 0 || at == n);
}

/* The current packet belongs to the picture of another one. */
static void count_part(struct trtc_input_av *b)
{
    b->stream[TRTC_AT_VIDEO].ledger.nb_in--;
    b->stream[TRTC_AT_VIDEO].nb_empty++;
}

/* Keeps the current packet, which has no picture, for the next one. */
static int keep_lead(struct trtc_input_av *b, struct trtc_err *err)
{
    const size_t n = (size_t)b->pkt->size;

    if (trtc_array_reserve(&b->lead, &b->lead_cap, b->nb_lead + n, 1) < 0)
        return trtc_fail_nomem(err);
    memcpy(b->lead + b->nb_lead, b->pkt->data, n);
    b->nb_lead += n;
    count_part(b);
    return 0;
}

/* Puts what was kept in front of the picture in the current packet. */
static int add_lead(struct trtc_input_av *b, struct trtc_err *err)
{
    const size_t n = b->nb_lead, size = (size_t)b->pkt->size;

    if (n == 0)
        return 0;
    if (av_grow_packet(b->pkt, (int)n) < 0)
        return trtc_fail_nomem(err);
    memmove(b->pkt->data + n, b->pkt->data, size);
    memcpy(b->pkt->data, b->lead, n);
    b->nb_lead = 0;
    return 0;
}

/* Whether the current packet of an FLV has only further slices of the picture before it. */
static bool is_rest(const struct trtc_input_av *b, const struct trtc_input_av_stream *s)
{
    const size_t length = (size_t)s->nal_length;
    const uint8_t *nal = b->pkt->data + length;

    return s->codec == TRTC_CODEC_H264 && length > 0 && (size_t)b->pkt->size > length + 1 &&
           b->nb_lead == 0 && b->pkt->dts == b->unit->dts &&
           trtc_nal_kind(s->codec, nal[0]) <= TRTC_NAL_KEY_SLICE && !(nal[1] & 0x80);
}

/* Returns the first slice of an H.264 picture with start codes, and how many bytes are left from there, or NULL. */
static const uint8_t *first_slice(const AVPacket *pkt, size_t *n)
{
    const uint8_t *p = pkt->data, *const end = p + pkt->size;

    while (end - (p = trtc_annexb_find(p, end)) > 3) {
        p += 3;
        *n = (size_t)(end - p);
        if (trtc_nal_kind(TRTC_CODEC_H264, *p) <= TRTC_NAL_KEY_SLICE)
            return p;
    }
    return NULL;
}

/* Bare pictures have places in an order, but no times: both fields of a frame have one place. */
static void look_for_fields(struct trtc_input_av *b, const struct trtc_input_av_stream *s)
{
    struct trtc_order order;

    if (!b->bare || s->codec != TRTC_CODEC_H264 || s->nal_length > 0)
        return;
    trtc_poc_begin(&b->poc, s->codec);
    trtc_poc_picture(&b->poc, b->pkt->data, (size_t)b->pkt->size, &order);
    b->fields |= order.field;
}

/* Whether the current packet is the second field of a frame, whose first one waits. */
static bool is_second_field(const struct trtc_input_av *b)
{
    size_t na, nb;
    const uint8_t *first = b->fields && !b->unit_pair ? first_slice(b->unit, &na) : NULL;
    const uint8_t *second = first ? first_slice(b->pkt, &nb) : NULL;

    return second && trtc_poc_is_other_field(&b->poc, first, na, second, nb);
}

/* The current packet, of a picture, may be followed by others of it, so it waits for the next one. Returns 1: the picture
 * before it is the current packet now; 0: there is none; -1. */
static int gather(struct trtc_input_av *b, const struct trtc_input_av_stream *s,
                  struct trtc_err *err)
{
    if (!b->unit && !(b->unit = av_packet_alloc()))
        return trtc_fail_nomem(err);
    const bool pair = b->unit->size > 0 && is_second_field(b);
    if (pair || (b->unit->size > 0 && is_rest(b, s))) {
        const int at = b->unit->size;
        if (add_lead(b, err) < 0)
            return -1;
        if (av_grow_packet(b->unit, b->pkt->size) < 0)
            return trtc_fail_nomem(err);
        memcpy(b->unit->data + at, b->pkt->data, (size_t)b->pkt->size);
        b->unit_pair |= pair;
        count_part(b);
        return 0;
    }
    if (add_lead(b, err) < 0)
        return -1;
    b->unit_pair = false;
    AVPacket *const next = b->pkt;
    b->pkt = b->unit;
    b->unit = next;
    return b->pkt->size > 0;
}

/* No packet follows. Returns 1: the picture that waits is the current one; else what read has returned. */
static int finish(struct trtc_input_av *b, int *track, int ret, struct trtc_err *err)
{
    if (!b->unit || b->unit->size == 0)
        return ret;
    if (ret < 0 && err)
        b->unit_err = *err;
    b->unit_result = ret;
    b->unit_last = true;
    *track = TRTC_AT_VIDEO;
    av_packet_unref(b->pkt);
    av_packet_move_ref(b->pkt, b->unit);
    if (trtc_input_av_stopped(b)) { /* it may lack slices */
        b->stream[TRTC_AT_VIDEO].ledger.nb_left[TRTC_LEFT_CUT]++;
        return ret;
    }
    return 1;
}

int trtc_input_av_read_unit(struct trtc_input_av *b, int *track, struct trtc_err *err)
{
    struct trtc_input_av_stream *s = &b->stream[TRTC_AT_VIDEO];

    if (b->unit_last) {
        if (b->unit_result < 0 && err)
            *err = b->unit_err;
        return b->unit_result;
    }
    for (;;) {
        const int ret = trtc_input_av_read(b, track, err);
        if (ret <= 0)
            return finish(b, track, ret, err);
        if (trtc_input_av_leave_encrypted(b, *track))
            continue;
        if (*track == TRTC_AT_AUDIO)
            return 1;
        trtc_input_av_take_config(b, s);
        if (is_lead(b, s)) {
            if (keep_lead(b, err) < 0)
                return -1;
            continue;
        }
        look_for_fields(b, s);
        const int got = b->watch.sliced || b->fields ? gather(b, s, err)
                        : add_lead(b, err) < 0       ? -1
                                                     : 1;
        if (got != 0)
            return got;
    }
}
