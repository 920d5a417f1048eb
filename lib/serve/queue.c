/* SPDX-License-Identifier: MIT */
/* Items in lanes, and a heap of the lanes ordered by when their first item may begin. */
#include "serve/queue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

enum { SLOTS_FIRST = 256, HELD_MS = 500, NO_PLACE = -1 };

struct item {
    struct item *next;  /* next item of its lane */
    struct item *chain; /* next item in its slot */
    struct lane *lane;
    int64_t event_ms, ready_ms;
    int attempts;
    bool busy;
    char name[];
};

struct lane {
    struct lane *chain;
    struct item *first; /* an item in progress stays first */
    struct item *busy;
    long place; /* index in the heap, or NO_PLACE while an item is in progress */
    char key[];
};

struct trtc_queue {
    struct trtc_queue_rules rules;
    struct item **items; /* by name */
    struct lane **lanes; /* by key */
    size_t nb_slots, nb_items, nb_lanes;
    struct lane **heap;
    size_t nb_heap, heap_room;
};

static size_t slot_of(const char *s, size_t nb_slots)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return (size_t)(h ^ h >> 32) & (nb_slots - 1);
}

struct trtc_queue *trtc_queue_new(const struct trtc_queue_rules *rules, struct trtc_err *err)
{
    struct trtc_queue *q = calloc(1, sizeof *q);
    if (q) {
        q->rules = *rules;
        q->nb_slots = SLOTS_FIRST;
        while (q->nb_slots < rules->items_max && q->nb_slots < 1 << 16)
            q->nb_slots *= 2;
        q->items = calloc(q->nb_slots, sizeof *q->items);
        q->lanes = calloc(q->nb_slots, sizeof *q->lanes);
    }
    if (!q || !q->items || !q->lanes) {
        trtc_queue_free(&q);
        trtc_fail_nomem(err);
    }
    return q;
}

void trtc_queue_free(struct trtc_queue **queue)
{
    struct trtc_queue *q = *queue;
    if (!q)
        return;
    for (size_t i = 0; i < q->nb_slots; i++) {
        for (struct item *t = q->items ? q->items[i] : NULL, *next; t; t = next) {
            next = t->chain;
            free(t);
        }
        for (struct lane *l = q->lanes ? q->lanes[i] : NULL, *next; l; l = next) {
            next = l->chain;
            free(l);
        }
    }
    free(q->items);
    free(q->lanes);
    free(q->heap);
    free(q);
    *queue = NULL;
}

/* ---- the heap ---- */

static bool sooner(const struct lane *a, const struct lane *b)
{
    return a->first->ready_ms != b->first->ready_ms ? a->first->ready_ms < b->first->ready_ms
                                                    : a->first->event_ms < b->first->event_ms;
}

static void put(struct trtc_queue *q, struct lane *l, size_t place)
{
    q->heap[place] = l;
    l->place = (long)place;
}

static void sift_up(struct trtc_queue *q, struct lane *l, size_t place)
{
    for (; place > 0 && sooner(l, q->heap[(place - 1) / 2]); place = (place - 1) / 2)
        put(q, q->heap[(place - 1) / 2], place);
    put(q, l, place);
}

static void sift_down(struct trtc_queue *q, struct lane *l, size_t place)
{
    for (size_t child; (child = 2 * place + 1) < q->nb_heap; place = child) {
        child += child + 1 < q->nb_heap && sooner(q->heap[child + 1], q->heap[child]);
        if (!sooner(q->heap[child], l))
            break;
        put(q, q->heap[child], place);
    }
    put(q, l, place);
}

static void leave_heap(struct trtc_queue *q, struct lane *l)
{
    if (l->place == NO_PLACE)
        return;
    const size_t place = (size_t)l->place;
    struct lane *last = q->heap[--q->nb_heap];
    l->place = NO_PLACE;
    if (last == l)
        return;
    sift_up(q, last, place);
    sift_down(q, last, (size_t)last->place);
}

/* There is room: it was reserved when the lane was made. */
static void enter_heap(struct trtc_queue *q, struct lane *l)
{
    leave_heap(q, l);
    if (l->first && !l->busy) {
        q->nb_heap++;
        sift_up(q, l, q->nb_heap - 1);
    }
}

/* ---- lanes and items ---- */

static bool heap_has_room(struct trtc_queue *q)
{
    return trtc_array_reserve(&q->heap, &q->heap_room, q->nb_lanes + 1, sizeof *q->heap) == 0;
}

static struct lane *find_lane(struct trtc_queue *q, const char *key, bool create)
{
    struct lane **slot = &q->lanes[slot_of(key, q->nb_slots)], *l = *slot;
    while (l && strcmp(l->key, key) != 0)
        l = l->chain;
    if (l || !create || !heap_has_room(q))
        return l;
    l = malloc(sizeof *l + strlen(key) + 1);
    if (!l)
        return NULL;
    *l = (struct lane){ .chain = *slot, .place = NO_PLACE };
    memcpy(l->key, key, strlen(key) + 1);
    *slot = l;
    q->nb_lanes++;
    return l;
}

static void drop_lane(struct trtc_queue *q, struct lane *l)
{
    struct lane **at = &q->lanes[slot_of(l->key, q->nb_slots)];
    while (*at != l)
        at = &(*at)->chain;
    *at = l->chain;
    q->nb_lanes--;
    free(l);
}

static struct item *find_item(const struct trtc_queue *q, const char *name)
{
    struct item *t = q->items[slot_of(name, q->nb_slots)];
    while (t && strcmp(t->name, name) != 0)
        t = t->chain;
    return t;
}

static bool before(const struct item *a, const struct item *b)
{
    return a->event_ms != b->event_ms ? a->event_ms < b->event_ms : strcmp(a->name, b->name) < 0;
}

/* Inserts an item into its lane, but never before one in progress. */
static void enter_lane(struct item *t)
{
    struct item **at = &t->lane->first;
    while (*at && ((*at)->busy || before(*at, t)))
        at = &(*at)->next;
    t->next = *at;
    *at = t;
}

int trtc_queue_add(struct trtc_queue *q, const char *lane, const char *name, int64_t event_ms,
                   int64_t arrival_ms)
{
    if (find_item(q, name))
        return 0;
    if (q->nb_items >= q->rules.items_max)
        return -1;
    struct item *t = malloc(sizeof *t + strlen(name) + 1);
    struct lane *l = t ? find_lane(q, *lane ? lane : name, true) : NULL;
    if (!l) {
        free(t);
        return -1;
    }
    struct item **slot = &q->items[slot_of(name, q->nb_slots)];
    *t = (struct item){
        .chain = *slot, .lane = l, .event_ms = event_ms, .ready_ms = arrival_ms + q->rules.settle_ms
    };
    memcpy(t->name, name, strlen(name) + 1);
    *slot = t;
    q->nb_items++;
    leave_heap(q, l);
    enter_lane(t);
    enter_heap(q, l);
    return 1;
}

const char *trtc_queue_next(struct trtc_queue *q, int64_t now_ms, int *attempt)
{
    struct lane *l = q->nb_heap ? q->heap[0] : NULL;
    if (!l || l->first->ready_ms > now_ms)
        return NULL;
    leave_heap(q, l);
    l->busy = l->first;
    l->busy->busy = true;
    *attempt = l->busy->attempts + 1;
    return l->busy->name;
}

static void drop_item(struct trtc_queue *q, struct item *t)
{
    struct item **at = &q->items[slot_of(t->name, q->nb_slots)];
    while (*at != t)
        at = &(*at)->chain;
    *at = t->chain;
    at = &t->lane->first;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    q->nb_items--;
    free(t);
}

bool trtc_queue_end(struct trtc_queue *q, const char *name, enum trtc_queue_result result,
                    int64_t now_ms)
{
    struct item *t = find_item(q, name);
    if (!t)
        return true;
    struct lane *l = t->lane;
    const bool final = result == TRTC_QUEUE_DONE ||
                       (result == TRTC_QUEUE_AGAIN && ++t->attempts >= q->rules.attempts);
    l->busy = NULL;
    t->busy = false;
    if (final) {
        drop_item(q, t);
    } else if (result == TRTC_QUEUE_AGAIN) {
        t->ready_ms = now_ms + (q->rules.back_off_ms << (t->attempts - 1));
    } else {
        t->ready_ms = now_ms + HELD_MS;
    }
    if (l->first)
        enter_heap(q, l);
    else
        drop_lane(q, l);
    return final;
}

int64_t trtc_queue_wait_ms(const struct trtc_queue *q, int64_t now_ms)
{
    if (!q->nb_heap)
        return -1;
    const int64_t ms = q->heap[0]->first->ready_ms - now_ms;
    return ms > 0 ? ms : 0;
}

size_t trtc_queue_length(const struct trtc_queue *q)
{
    return q->nb_items;
}
