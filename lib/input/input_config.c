/* SPDX-License-Identifier: MIT */
/* Configuration records of containers: parameter sets, lengths to start codes. */
#include <stdlib.h>
#include <string.h>

#include "input/input_priv.h"
#include "ts/es.h"

/* ---- H.264 and H.265 ---- */

static const uint8_t start_code[4] = { 0, 0, 0, 1 };

struct cursor {
    const uint8_t *p, *end;
    enum trtc_codec codec;
    uint8_t *out; /* room for all: a set of n bytes takes n + 2 in the record, n + 4 here */
    size_t n;
};

static bool is_set(enum trtc_codec codec, uint8_t nal_header)
{
    const enum trtc_nal kind = trtc_nal_kind(codec, nal_header);

    return kind == TRTC_NAL_PARAM || kind == TRTC_NAL_SPS;
}

/* Copies count sets that begin with lengths of two bytes. Other units among them
 * (encoders put their names there) are skipped. */
static int copy_sets(struct cursor *c, unsigned count)
{
    for (; count > 0; count--) {
        if (c->end - c->p < 2)
            return -1;
        const size_t n = (size_t)c->p[0] << 8 | c->p[1];
        c->p += 2;
        if ((size_t)(c->end - c->p) < n)
            return -1;
        if (n > 0 && is_set(c->codec, *c->p)) {
            memcpy(c->out + c->n, start_code, 4);
            memcpy(c->out + c->n + 4, c->p, n);
            c->n += n + 4;
        }
        c->p += n;
    }
    return 0;
}

static int read_avcc(struct cursor *c)
{
    unsigned count;

    c->p += 5;
    count = *c->p++ & 31u;
    if (copy_sets(c, count) < 0 || c->p == c->end)
        return -1;
    count = *c->p++;
    return copy_sets(c, count);
}

static int read_hvcc(struct cursor *c)
{
    unsigned arrays;

    c->p += 22;
    for (arrays = *c->p++; arrays > 0; arrays--) {
        if (c->end - c->p < 3)
            return -1;
        const unsigned count = (unsigned)c->p[1] << 8 | c->p[2];
        c->p += 3;
        if (copy_sets(c, count) < 0)
            return -1;
    }
    return 0;
}

static bool is_annexb(const uint8_t *p, size_t n)
{
    return (n >= 3 && !p[0] && !p[1] && p[2] == 1) ||
           (n >= 4 && !p[0] && !p[1] && !p[2] && p[3] == 1);
}

int trtc_input_video_config(enum trtc_codec codec, struct trtc_bytes record,
                            struct trtc_input_config *out, struct trtc_err *err)
{
    const bool h264 = codec == TRTC_CODEC_H264;
    const uint8_t *p = record.p;
    const size_t size = record.n, head = h264 ? 7 : 23;

    *out = (struct trtc_input_config){ 0 };
    if (size == 0)
        return 0;

    struct cursor c = { .p = p, .end = p + size, .codec = codec, .out = malloc(size * 3) };
    if (!c.out)
        return trtc_fail_nomem(err);
    if (is_annexb(p, size)) {
        memcpy(c.out, p, size);
        c.n = size;
    } else if (size < head || (h264 ? read_avcc(&c) : read_hvcc(&c)) < 0) {
        free(c.out);
        return trtc_fail(err, TRTC_EX_DATAERR, "damaged %s configuration record",
                         h264 ? "H.264" : "H.265");
    } else {
        out->nal_length = (p[h264 ? 4 : 21] & 3) + 1;
    }
    if (c.n == 0) {
        free(c.out);
        return 0;
    }
    out->sets = c.out;
    out->sets_size = c.n;
    return 0;
}

/* Whether a unit has zeros in a row, of which it may have two: as where a part of a file was never
 * written, which is at least a sector of a disk. Zeros at its end are none: encoders of a constant
 * rate add them (trailing_zero_8bits). */
static bool has_hole(const uint8_t *p, size_t n)
{
    enum { STEP = 248 };
    static const uint8_t zeros[8];
    size_t end = n;

    while (end > 0 && p[end - 1] == 0)
        end--;
    n = end > 0 ? end : n;
    for (size_t at = 0; at + sizeof zeros <= n; at += STEP)
        if (memcmp(p + at, zeros, sizeof zeros) == 0)
            return true;
    return false;
}

struct trtc_input_annexb trtc_input_to_annexb(enum trtc_codec codec, int nal_length,
                                              struct trtc_bytes in, uint8_t *out)
{
    const uint8_t *p = in.p, *end = p + in.n;
    struct trtc_input_annexb r = { 0 };

    while (p < end) {
        size_t n = 0;

        if (end - p < nal_length) {
            r.damaged = true;
            break;
        }
        for (int i = 0; i < nal_length; i++)
            n = n << 8 | *p++;
        if (n > (size_t)(end - p)) {
            r.damaged = true;
            n = (size_t)(end - p);
        }
        if (n == 0)
            continue;

        const enum trtc_nal kind = trtc_nal_kind(codec, p[0]);
        r.damaged |= has_hole(p, n);
        r.key |= kind == TRTC_NAL_KEY_SLICE;
        if (kind == TRTC_NAL_SEI && codec == TRTC_CODEC_H264)
            r.key |= trtc_sei_recovery_point(p, n);
        memcpy(out + r.size, start_code, 4);
        memcpy(out + r.size + 4, p, n);
        r.size += n + 4;
        p += n;
    }
    return r;
}
