/* SPDX-License-Identifier: MIT */
/* Finds spots that are far away from the others. */
#include "playlist/stray.h"

#include <stdlib.h>

struct group {
    int64_t start_us, last_us; /* start of its first and of its last spot */
    int64_t end_us;            /* latest end of its spots */
    bool anchored;
    int64_t nb_sure, nb, covered_us;
};

static int by_start(const void *a, const void *b)
{
    const struct trtc_spot *x = *(const struct trtc_spot *const *)a,
                           *y = *(const struct trtc_spot *const *)b;
    return (x->start_us > y->start_us) - (x->start_us < y->start_us);
}

static bool is_better(const struct group *a, const struct group *b)
{
    if (a->anchored != b->anchored)
        return a->anchored;
    if (a->nb_sure != b->nb_sure)
        return a->nb_sure > b->nb_sure;
    if (a->nb != b->nb)
        return a->nb > b->nb;
    return a->covered_us >= b->covered_us; /* of equal groups the later one */
}

static void add(struct group *g, const struct trtc_spot *s)
{
    const int64_t from = s->start_us > g->end_us ? s->start_us : g->end_us;
    g->covered_us += s->end_us > from ? s->end_us - from : 0;
    g->end_us = s->end_us > g->end_us ? s->end_us : g->end_us;
    g->last_us = s->start_us;
    g->anchored |= s->anchor;
    g->nb_sure += s->sure;
    g->nb++;
}

int64_t trtc_find_strays(struct trtc_spot *spots, size_t n)
{
    struct trtc_spot **order = malloc((n + 1) * sizeof *order);
    struct group best = { 0 }, g = { 0 };
    if (!order)
        return -1;
    for (size_t i = 0; i < n; i++)
        order[i] = &spots[i];
    if (n)
        qsort(order, n, sizeof *order, by_start);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || order[i]->start_us - g.end_us > TRTC_STRAY_US)
            g = (struct group){ .start_us = order[i]->start_us, .end_us = order[i]->start_us };
        add(&g, order[i]);
        const bool last = i + 1 == n || order[i + 1]->start_us - g.end_us > TRTC_STRAY_US;
        if (last && is_better(&g, &best))
            best = g;
    }
    for (size_t i = 0; i < n; i++)
        spots[i].stray = spots[i].start_us < best.start_us || spots[i].start_us > best.last_us;
    free(order);
    return (int64_t)n - best.nb;
}
