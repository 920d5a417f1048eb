/* SPDX-License-Identifier: MIT */
/* The last bytes of a live stream: blocks of equal length, the oldest first. */
#include "serve/ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

struct block {
    int64_t first_ms, last_ms; /* when its first and last bytes arrived */
    unsigned char *bytes;
};

struct trtc_ring {
    struct trtc_ring_limits limits;
    struct block
        *blocks; /* nb blocks that begin at byte first of the stream; all but the last are full */
    size_t nb, cap;
    int64_t first, total;
    bool ended;
};

struct trtc_ring *trtc_ring_new(const struct trtc_ring_limits *limits, struct trtc_err *err)
{
    struct trtc_ring *r = calloc(1, sizeof *r);
    if (!r) {
        trtc_fail_nomem(err);
        return NULL;
    }
    r->limits = *limits;
    return r;
}

void trtc_ring_free(struct trtc_ring **r)
{
    if (!*r)
        return;
    for (size_t i = 0; i < (*r)->nb; i++)
        free((*r)->blocks[i].bytes);
    free((*r)->blocks);
    free(*r);
    *r = NULL;
}

/* ---- writing ---- */

static size_t room_in_last(const struct trtc_ring *r)
{
    return (size_t)(r->first + (int64_t)r->nb * TRTC_RING_BLOCK - r->total);
}

static void add_block(struct trtc_ring *r, unsigned char *bytes, int64_t now_ms)
{
    r->blocks[r->nb++] = (struct block){ now_ms, now_ms, bytes };
}

/* Makes room for all n bytes, or for none. */
static int reserve(struct trtc_ring *r, size_t n, int64_t now_ms)
{
    const size_t room = room_in_last(r), before = r->nb;
    const size_t more = n > room ? (n - room + TRTC_RING_BLOCK - 1) / TRTC_RING_BLOCK : 0;
    if (trtc_array_reserve(&r->blocks, &r->cap, r->nb + more, sizeof *r->blocks) < 0)
        return -1;
    while (r->nb < before + more) {
        unsigned char *bytes = malloc(TRTC_RING_BLOCK);
        if (!bytes)
            break;
        add_block(r, bytes, now_ms);
    }
    if (r->nb == before + more)
        return 0;
    while (r->nb > before)
        free(r->blocks[--r->nb].bytes);
    return -1;
}

int trtc_ring_put(struct trtc_ring *r, const void *data, size_t n, int64_t now_ms,
                  struct trtc_err *err)
{
    const unsigned char *from = data;
    if (reserve(r, n, now_ms) < 0)
        return trtc_fail_nomem(err);
    while (n) {
        const size_t at = (size_t)(r->total - r->first);
        struct block *b = &r->blocks[at / TRTC_RING_BLOCK];
        const size_t in = at % TRTC_RING_BLOCK, room = TRTC_RING_BLOCK - in;
        const size_t part = n < room ? n : room;
        memcpy(b->bytes + in, from, part);
        b->last_ms = now_ms;
        from += part;
        n -= part;
        r->total += (int64_t)part;
    }
    return 0;
}

void trtc_ring_end(struct trtc_ring *r)
{
    r->ended = true;
}

/* Whether the oldest block must be removed, or has been read and is old enough. */
static bool is_over(const struct trtc_ring *r, int64_t read_at, int64_t now_ms)
{
    const struct block *b = r->blocks;
    const int64_t end = r->first + TRTC_RING_BLOCK, age_ms = now_ms - b->last_ms;
    return (size_t)(r->total - r->first) > r->limits.bytes_max || age_ms > r->limits.reach_ms ||
           (read_at >= end && age_ms > r->limits.back_ms);
}

void trtc_ring_trim(struct trtc_ring *r, int64_t read_at, int64_t now_ms)
{
    size_t gone = 0;
    const size_t nb = r->nb;
    struct block *const blocks = r->blocks;
    while (r->nb > 1 && is_over(r, read_at, now_ms)) { /* the last one is being filled */
        free(r->blocks->bytes);
        r->blocks++;
        r->nb--;
        r->first += TRTC_RING_BLOCK;
        gone++;
    }
    r->blocks = blocks;
    if (gone)
        memmove(blocks, blocks + gone, (nb - gone) * sizeof *blocks);
}

/* ---- reading ---- */

int64_t trtc_ring_first(const struct trtc_ring *r)
{
    return r->first;
}

int64_t trtc_ring_total(const struct trtc_ring *r)
{
    return r->total;
}

struct trtc_ring_place trtc_ring_oldest(const struct trtc_ring *r, int64_t now_ms)
{
    return trtc_ring_since(r, r->limits.back_ms, now_ms);
}

struct trtc_ring_place trtc_ring_since(const struct trtc_ring *r, int64_t age_ms, int64_t now_ms)
{
    size_t i = 0;
    while (i + 1 < r->nb && now_ms - r->blocks[i].last_ms > age_ms)
        i++;
    return (struct trtc_ring_place){ .at = r->first + (int64_t)i * TRTC_RING_BLOCK };
}

struct trtc_ring_place trtc_ring_newest(const struct trtc_ring *r)
{
    return (struct trtc_ring_place){ .at = r->total - r->total % TRTC_RING_PACKET };
}

int64_t trtc_ring_came_ms(const struct trtc_ring *r, const struct trtc_ring_place *place,
                          int64_t now_ms)
{
    const int64_t in = place->at - r->first;
    if (in < 0 || place->at >= r->total)
        return now_ms;
    const struct block *b = &r->blocks[in / TRTC_RING_BLOCK];
    return in % TRTC_RING_BLOCK ? b->last_ms : b->first_ms;
}

/* Counts removed bytes that this reader had not read as lost. */
static void skip_lost(const struct trtc_ring *r, struct trtc_ring_place *place)
{
    if (place->at >= r->first)
        return;
    place->lost += r->first - place->at;
    place->nb_gaps++;
    place->at = r->first;
}

static size_t copy_out(const struct trtc_ring *r, int64_t at, unsigned char *out, size_t n)
{
    size_t from = (size_t)(at - r->first), done = 0;
    while (done < n) {
        const size_t in = from % TRTC_RING_BLOCK, there = TRTC_RING_BLOCK - in;
        const size_t part = n - done < there ? n - done : there;
        memcpy(out + done, r->blocks[from / TRTC_RING_BLOCK].bytes + in, part);
        done += part;
        from += part;
    }
    return done;
}

size_t trtc_ring_get(const struct trtc_ring *r, struct trtc_ring_place *place, void *out, size_t n)
{
    skip_lost(r, place);
    const size_t there = (size_t)(r->total - place->at);
    const bool rest = r->ended && there <= n;
    size_t take = there < n ? there : n;
    if (!rest)
        take -= take % TRTC_RING_PACKET;
    copy_out(r, place->at, out, take);
    place->at += (int64_t)take;
    return take;
}

bool trtc_ring_done(const struct trtc_ring *r, const struct trtc_ring_place *place)
{
    return r->ended && place->at >= r->total;
}
