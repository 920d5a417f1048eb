/* SPDX-License-Identifier: MIT */
/* Calls per second, and signatures that were used. */
#include "service/limits.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { SECOND_MS = 1000, WINDOW_S = 300, SAME_S = 2, SIGNATURE = 64 };

bool trtc_rate_take(struct trtc_rate *r, int limit, int64_t now_ms)
{
    if (r->nb >= limit && now_ms - r->at_ms[(r->nb - limit) % TRTC_RATE_MAX] < SECOND_MS)
        return false;
    r->at_ms[r->nb++ % TRTC_RATE_MAX] = now_ms;
    return true;
}

/* ---- signatures ---- */

struct used {
    char signature[SIGNATURE];
    unsigned actions; /* bit k: it was used for action k */
    int64_t first_s;  /* when it was first used */
    int64_t until_s;  /* it is valid until then */
};

struct trtc_replay {
    struct used *items; /* sorted by signature */
    size_t n, cap;
    int64_t swept_s; /* when expired ones were last removed */
};

struct trtc_replay *trtc_replay_new(struct trtc_err *err)
{
    struct trtc_replay *r = calloc(1, sizeof *r);
    if (!r)
        trtc_fail_nomem(err);
    return r;
}

void trtc_replay_free(struct trtc_replay **r)
{
    if (*r)
        free((*r)->items);
    free(*r);
    *r = NULL;
}

/* Returns the index of the signature, or that at which it has to be inserted. */
static size_t place(const struct trtc_replay *r, const char *signature)
{
    size_t low = 0, high = r->n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (memcmp(r->items[mid].signature, signature, SIGNATURE) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* Removes expired signatures, every ten seconds. */
static void sweep(struct trtc_replay *r, int64_t now_s)
{
    size_t kept = 0;
    if (now_s >= r->swept_s && now_s < r->swept_s + 10)
        return;
    r->swept_s = now_s;
    for (size_t i = 0; i < r->n; i++)
        if (r->items[i].until_s >= now_s)
            r->items[kept++] = r->items[i];
    r->n = kept;
}

static int remember(struct trtc_replay *r, size_t at, const struct trtc_use *use)
{
    if (trtc_array_reserve(&r->items, &r->cap, r->n + 1, sizeof *r->items) < 0)
        return -1;
    memmove(r->items + at + 1, r->items + at, (r->n - at) * sizeof *r->items);
    struct used *u = &r->items[at];
    memcpy(u->signature, use->signature, SIGNATURE);
    u->actions = 1U << use->action;
    u->first_s = use->now_s;
    u->until_s = use->signed_s + WINDOW_S;
    r->n++;
    return 1;
}

int trtc_replay_take(struct trtc_replay *r, const struct trtc_use *use)
{
    sweep(r, use->now_s);
    const size_t at = place(r, use->signature);
    if (at == r->n || memcmp(r->items[at].signature, use->signature, SIGNATURE) != 0)
        return remember(r, at, use);
    struct used *u = &r->items[at];
    const unsigned bit = 1U << use->action;
    const bool first = !(u->actions & bit);
    u->actions |= bit;
    return (first || !use->once) && use->now_s >= u->first_s && use->now_s - u->first_s <= SAME_S;
}

size_t trtc_replay_length(const struct trtc_replay *r)
{
    return r->n;
}
