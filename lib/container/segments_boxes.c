/* SPDX-License-Identifier: MIT */
/* Segments of an MP4 (RFC 8216, 3.3). If one ends within a box, libavformat takes the next one for the rest
 * of it, and finds nothing any more. Here boxes are held back until they are complete, and a fragment until
 * its data begins; the rest of data is filled with zeros. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "codec/av.h"
#include "container/segments_priv.h"

enum { BLOCK = 32768, BOX_HEADER = 8, LARGE_HEADER = 16, HELD_MAX = 16 << 20, FILL_MAX = 64 << 20 };

void trtc_segment_free_parts(struct trtc_parts *parts)
{
    if (parts)
        trtc_boxes_fini(&parts->boxes);
    free(parts);
}

/* Holds back n more bytes. Returns 0, or -1: no memory. */
static int hold(struct trtc_segment *s, const uint8_t *p, size_t n)
{
    if (trtc_array_reserve(&s->held, &s->cap_held, s->nb_held + n, 1) < 0)
        return -1;
    memcpy(s->held + s->nb_held, p, n);
    s->nb_held += n;
    return 0;
}

/* The header of a box is complete. Data is passed on with all that is in front of it. */
static void take_box(struct trtc_segment *s)
{
    const uint8_t *h = s->header;
    const bool large = trtc_be(h, 4) == 1;
    const size_t header = large ? LARGE_HEADER : BOX_HEADER;
    const uint64_t size = large ? trtc_be(h + 8, 8) : trtc_be(h, 4);

    if (s->nb_header < header)
        return;
    s->nb_header = 0;
    s->data = memcmp(h + 4, "mdat", 4) == 0;
    s->fragment = !s->data && (s->fragment || memcmp(h + 4, "moof", 4) == 0);
    s->open = size < header || size > INT64_MAX / 2; /* it goes on to the end, or is none */
    s->rest = s->open ? 0 : (int64_t)(size - header);
}

/* Follows the boxes in what is held back. */
static void walk(struct trtc_segment *s)
{
    while (s->nb_walked < s->nb_held && !s->open) {
        const size_t n = s->nb_held - s->nb_walked;
        if (s->rest > 0) {
            const size_t some = (int64_t)n > s->rest ? (size_t)s->rest : n;
            s->nb_walked += some;
            s->rest -= (int64_t)some;
        } else {
            s->header[s->nb_header++] = s->held[s->nb_walked++];
            if (s->nb_header >= BOX_HEADER)
                take_box(s);
        }
        if (s->data && s->nb_header == 0)
            s->nb_ready = s->nb_walked;
    }
    if (s->open || s->nb_held - s->nb_ready > HELD_MAX) {
        s->open = true;
        s->nb_ready = s->nb_held;
    }
}

/* Nothing follows. */
static void finish(struct trtc_segment *s)
{
    const bool amid = !s->open && (s->rest > 0 || s->nb_header > 0);

    s->torn |= amid || s->fragment;
    if (!amid && !s->fragment)
        s->nb_ready = s->nb_held;
    else if (s->data && s->rest > 0 && s->rest < FILL_MAX)
        s->nb_fill = s->rest;
}

/* What libavformat gets of all segments is checked as one file. */
static void check(struct trtc_segment *s, const uint8_t *p, size_t n)
{
    struct trtc_segment_chain *c = s->chain;

    if (s->own) {
        trtc_parts_bytes(s->own, s->own_at, p, n);
        s->own_at += (int64_t)n;
        s->hash = trtc_hash(s->hash, p, n);
        return;
    }
    trtc_parts_bytes(c->parts, c->parts_at, p, n);
    c->parts_at += (int64_t)n;
    if (c->parts->nb_faults > c->nb_faults && !c->other &&
        !trtc_segment_is_beside_other(s->ic, c->url))
        ((struct trtc_parts *)s->ic->opaque)->nb_faults++;
    c->nb_faults = c->parts->nb_faults;
}

/* Passes on what is ready. Returns the number of bytes. */
static int give(struct trtc_segment *s, uint8_t *p, int n)
{
    if (s->nb_ready == 0) {
        n = s->nb_fill < n ? (int)s->nb_fill : n;
        memset(p, 0, (size_t)n);
        s->nb_fill -= n;
    } else {
        n = s->nb_ready < (size_t)n ? (int)s->nb_ready : n;
        memcpy(p, s->held, (size_t)n);
        s->nb_held -= (size_t)n;
        s->nb_walked -= s->nb_walked < (size_t)n ? s->nb_walked : (size_t)n;
        s->nb_ready -= (size_t)n;
        memmove(s->held, s->held + n, s->nb_held);
    }
    check(s, p, (size_t)n);
    return n;
}

void trtc_segment_begin_boxes(struct trtc_segment *s, const uint8_t *p, size_t n)
{
    struct trtc_segment_chain *c = s->chain;
    const bool init = n >= BOX_HEADER && memcmp(p + 4, "ftyp", 4) == 0;
    struct trtc_parts first = { 0 };

    trtc_parts_begin(&first, p, n);
    const bool stub = c->parts && n < BOX_HEADER; /* of a segment that is cut there */
    if ((first.layout != TRTC_PARTS_BOXES && !stub) || hold(s, p, n) < 0)
        return;
    if (!init && c->parts) {
        c->parts->done = c->parts->zeros = false;
        c->parts->part_at = c->parts_at;
        c->parts->nb_header = 0;
        for (int k = 0; k < c->parts->boxes.order.nb_lanes; k++)
            c->ends[k] = c->parts->boxes.order.lanes[k].end;
    } else if ((s->own = malloc(sizeof *s->own))) {
        *s->own = first;
        s->hash = TRTC_HASH_NOTHING;
    }
    s->boxes = s->own || c->parts; /* else there is no memory, and it is not looked at */
    walk(s);
}

int trtc_segment_read_boxes(struct trtc_segment *s, uint8_t *p, int n)
{
    while (s->nb_ready == 0 && s->nb_fill == 0) {
        if (s->ended)
            return s->ended;
        if (trtc_array_reserve(&s->held, &s->cap_held, s->nb_held + BLOCK, 1) < 0)
            return AVERROR(ENOMEM);
        const int got = avio_read_partial(s->inner.from, s->held + s->nb_held, BLOCK);
        if (got > 0) {
            s->nb += got;
            s->nb_held += (size_t)got;
            walk(s);
            continue;
        }
        s->ended = got == 0 ? AVERROR_EOF : got;
        if (s->ended != AVERROR_EXIT)
            finish(s);
    }
    return give(s, p, n);
}

void trtc_segment_end_boxes(struct trtc_segment *s)
{
    struct trtc_segment_chain *c = s->chain;

    if (!s->own)
        return;
    if (c->parts && c->init == s->hash) { /* a playlist that grows has it fetched again and again */
        trtc_segment_free_parts(s->own);
    } else {
        trtc_segment_free_parts(c->parts);
        c->parts = s->own;
        c->parts_at = s->own_at;
        c->nb_faults = s->own->nb_faults;
        c->init = s->hash;
    }
    s->own = NULL;
}
