/* SPDX-License-Identifier: MIT */
/* Puts picture and sound into the order of their decoding times.
 *
 * Each track has a queue. A frame may leave when the other track has come as far, or begins later;
 * until then, the frames after it wait, copied into blocks that are reused. */
#include "input/interleave.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"

#define BLOCK_BYTES ((size_t)256 * 1024)
#define STEP_MAX_US 5000000 /* a longer pause of a track does not make the other one wait longer */

struct held {        /* a waiting frame, followed by its bytes */
    size_t size;     /* of all of it */
    int64_t step_us; /* from the one before */
    struct trtc_input_frame f;
    struct trtc_input_info info;
};

struct block {
    struct block *next;
    size_t cap, used, taken;
    alignas(max_align_t) uint8_t bytes[];
};

struct queue {
    struct block *first, *last;
    size_t nb_bytes;
    int64_t nb_pushed, nb_popped;
    int64_t waits_us; /* how much of the track is in the queue */
    int64_t come_us;  /* DTS of the frame that came last, or TRTC_NOTIME */
    bool given_up;    /* not waited for any more */
    struct trtc_interleave_late late;
};

struct trtc_interleave {
    struct trtc_interleave_opts o;
    struct queue queue[2]; /* sound, picture */
    struct block *spare;
    int64_t gone_us; /* highest DTS emitted, or TRTC_NOTIME */
};

/* ---- queues ---- */

static struct block *get_block(struct trtc_interleave *x, size_t n)
{
    struct block *b = x->spare;

    if (b && b->cap >= n) {
        x->spare = NULL;
    } else {
        const size_t cap = n > BLOCK_BYTES ? n : BLOCK_BYTES;
        if (!(b = malloc(sizeof *b + cap)))
            return NULL;
        b->cap = cap;
    }
    b->next = NULL;
    b->used = b->taken = 0;
    return b;
}

static struct held *head(const struct queue *q)
{
    return q->first ? (struct held *)(q->first->bytes + q->first->taken) : NULL;
}

static int push(struct trtc_interleave *x, const struct trtc_input_frame *f,
                const struct trtc_input_info *info, int64_t step_us, struct trtc_err *err)
{
    struct queue *q = &x->queue[f->video];
    const size_t align = alignof(max_align_t);
    const size_t n = (sizeof(struct held) + f->pkt.size + f->sets_size + align - 1) / align * align;

    if (!q->last || q->last->cap - q->last->used < n) {
        struct block *b = get_block(x, n);
        if (!b)
            return trtc_fail_nomem(err);
        *(q->last ? &q->last->next : &q->first) = b;
        q->last = b;
    }
    struct held *h = (struct held *)(q->last->bytes + q->last->used);
    uint8_t *bytes = (uint8_t *)(h + 1);
    *h = (struct held){
        .size = n, .step_us = q->nb_bytes > 0 ? step_us : 0, .f = *f, .info = *info
    };
    h->f.pkt.data = memcpy(bytes, f->pkt.data, f->pkt.size);
    if (f->sets)
        h->f.sets = memcpy(bytes + f->pkt.size, f->sets, f->sets_size);
    q->last->used += n;
    q->nb_bytes += n;
    q->nb_pushed++;
    q->waits_us += h->step_us;
    return 0;
}

/* The first block is empty. */
static void drop_first(struct trtc_interleave *x, struct queue *q)
{
    struct block *b = q->first, *worse = b;

    q->first = b->next;
    if (!q->first)
        q->last = NULL;
    if (!x->spare || x->spare->cap < b->cap) {
        worse = x->spare;
        x->spare = b;
    }
    free(worse);
}

static void pop(struct trtc_interleave *x, struct queue *q)
{
    struct block *b = q->first;
    const size_t n = head(q)->size;

    q->nb_bytes -= n;
    q->nb_popped++;
    b->taken += n;
    if (b->taken == b->used)
        drop_first(x, q);
    q->waits_us -= head(q) ? head(q)->step_us : q->waits_us;
}

/* ---- order ---- */

static int emit(struct trtc_interleave *x, const struct trtc_input_frame *f,
                const struct trtc_input_info *info, struct trtc_err *err)
{
    struct queue *q = &x->queue[f->video];
    const int64_t dts_us = f->pkt.dts_us;

    if (x->gone_us != TRTC_NOTIME && dts_us + TRTC_INTERLEAVE_LATE_US < x->gone_us) {
        q->late.nb++;
        if (q->late.most_us < x->gone_us - dts_us)
            q->late.most_us = x->gone_us - dts_us;
    } else if (dts_us > x->gone_us) {
        x->gone_us = dts_us;
    }
    return x->o.emit(x->o.opaque, f, info, err);
}

/* Whether a frame of this time may leave, judging by the other track. */
static bool may_go(const struct queue *other, int64_t dts_us)
{
    const struct held *h = head(other);

    if (h)
        return dts_us <= h->f.pkt.dts_us;
    return other->given_up ||
           (other->come_us != TRTC_NOTIME && dts_us <= other->come_us + TRTC_INTERLEAVE_SLACK_US);
}

static int drain(struct trtc_interleave *x, struct trtc_err *err)
{
    for (;;) {
        struct queue *q = &x->queue[0], *other = &x->queue[1];
        const struct held *a = head(q), *b = head(other);

        if (!a || (b && b->f.pkt.dts_us < a->f.pkt.dts_us)) {
            q = other;
            other = &x->queue[0];
            a = b;
        }
        if (!a || !may_go(other, a->f.pkt.dts_us))
            return 0;
        if (emit(x, &a->f, &a->info, err) < 0)
            return -1;
        pop(x, q);
    }
}

/* Whether the other track is not waited for any longer. It is not late if it is due: a fragment of an
 * MP4 may hold all its pictures in front of its sound. */
static bool is_full(const struct trtc_interleave *x, const struct queue *q, bool due)
{
    return q->nb_bytes > x->o.window_bytes ||
           (x->o.window_us > 0 && !due && q->waits_us > x->o.window_us);
}

int trtc_interleave_put(struct trtc_interleave *x, const struct trtc_input_frame *f,
                        const struct trtc_input_info *info, struct trtc_err *err)
{
    struct queue *q = &x->queue[f->video], *other = &x->queue[!f->video];
    const int64_t step_us = q->come_us == TRTC_NOTIME                  ? 0
                            : f->pkt.dts_us - q->come_us > STEP_MAX_US ? STEP_MAX_US
                                                                       : f->pkt.dts_us - q->come_us;

    q->come_us = f->pkt.dts_us;
    q->given_up = false;
    if (!q->first && may_go(other, f->pkt.dts_us)) {
        if (emit(x, f, info, err) < 0)
            return -1;
    } else if (push(x, f, info, step_us, err) < 0) {
        return -1;
    }
    other->given_up |= is_full(x, q, f->other_due);
    return q->first || other->first ? drain(x, err) : 0;
}

int trtc_interleave_end(struct trtc_interleave *x, struct trtc_err *err)
{
    x->queue[0].given_up = x->queue[1].given_up = true;
    return drain(x, err);
}

/* ---- what waits ---- */

/* The queue that is not empty: when all that may go has gone, the other one is. */
static const struct queue *waiting(const struct trtc_interleave *x)
{
    return &x->queue[x->queue[1].first != NULL];
}

void trtc_interleave_waits(const struct trtc_interleave *x, struct trtc_interleave_waits *out)
{
    const struct queue *q = waiting(x);

    *out = (struct trtc_interleave_waits){ .video = q == &x->queue[1],
                                           .first = q->nb_popped,
                                           .next = q->nb_pushed,
                                           .nb_bytes = q->nb_bytes };
}

int trtc_interleave_each(const struct trtc_interleave *x, int64_t from,
                         int (*take)(void *opaque, const struct trtc_input_frame *f,
                                     const struct trtc_input_info *info, struct trtc_err *err),
                         void *opaque, struct trtc_err *err)
{
    const struct queue *q = waiting(x);
    int64_t number = q->nb_popped;

    for (const struct block *b = q->first; b; b = b->next)
        for (size_t at = b->taken; at < b->used; number++) {
            const struct held *h = (const struct held *)(b->bytes + at);
            if (number >= from && take(opaque, &h->f, &h->info, err) < 0)
                return -1;
            at += h->size;
        }
    return 0;
}

/* ---- making one ---- */

struct trtc_interleave *trtc_interleave_new(const struct trtc_interleave_opts *o,
                                            struct trtc_err *err)
{
    struct trtc_interleave *x = calloc(1, sizeof *x);

    if (!x) {
        trtc_fail_nomem(err);
        return NULL;
    }
    x->o = *o;
    x->gone_us = x->queue[0].come_us = x->queue[1].come_us = TRTC_NOTIME;
    return x;
}

void trtc_interleave_late(const struct trtc_interleave *x, bool video,
                          struct trtc_interleave_late *out)
{
    *out = x->queue[video].late;
}

void trtc_interleave_free(struct trtc_interleave **x)
{
    if (!*x)
        return;
    for (int k = 0; k < 2; k++)
        while ((*x)->queue[k].first) {
            struct block *b = (*x)->queue[k].first;
            (*x)->queue[k].first = b->next;
            free(b);
        }
    free((*x)->spare);
    free(*x);
    *x = NULL;
}
