/* SPDX-License-Identifier: MIT */
/* Who is present: a sorted array of facts. */
#include "api/attendance.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

static void fini_fact(struct trtc_fact *f)
{
    free(f->room);
    free(f->user);
    free(f->source);
}

void trtc_attendance_fini(struct trtc_attendance *a)
{
    for (size_t i = 0; i < a->n; i++)
        fini_fact(&a->items[i]);
    free(a->items);
    *a = (struct trtc_attendance){ 0 };
}

struct key {
    const char *room, *user;
    int type;
};

static int compare(const struct key *k, const struct trtc_fact *f)
{
    const int room = strcmp(k->room, f->room);
    const int user = room ? room : strcmp(k->user, f->user);
    return user ? user : k->type - f->type;
}

/* The index of a fact, or where it would be inserted. */
static size_t place_of(const struct trtc_attendance *a, const struct key *k, bool *there)
{
    size_t low = 0, high = a->n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (compare(k, &a->items[mid]) > 0)
            low = mid + 1;
        else
            high = mid;
    }
    *there = low < a->n && compare(k, &a->items[low]) == 0;
    return low;
}

const struct trtc_fact *trtc_attendance_find(const struct trtc_attendance *a, const char *room,
                                             const char *user, int type)
{
    bool there;
    const size_t i = place_of(a, &(struct key){ room, user, type }, &there);
    return there ? &a->items[i] : NULL;
}

static int insert(struct trtc_attendance *a, size_t at, const struct trtc_room_event *e,
                  struct trtc_err *err)
{
    struct trtc_fact f = { .type = e->type,
                           .room = strdup(e->room),
                           .user = strdup(e->user),
                           .source = e->source ? strdup(e->source) : NULL,
                           .since_ms = e->event_ms };
    if (!f.room || !f.user || (e->source && !f.source) ||
        trtc_array_reserve(&a->items, &a->cap, a->n + 1, sizeof *a->items) < 0) {
        fini_fact(&f);
        return trtc_fail_nomem(err);
    }
    memmove(a->items + at + 1, a->items + at, (a->n - at) * sizeof *a->items);
    a->items[at] = f;
    a->n++;
    return 0;
}

static void drop(struct trtc_attendance *a, size_t at, size_t n)
{
    for (size_t i = at; i < at + n; i++)
        fini_fact(&a->items[i]);
    memmove(a->items + at, a->items + at + n, (a->n - at - n) * sizeof *a->items);
    a->n -= n;
}

static void report(const struct trtc_emit *emit, const struct trtc_room_event *e)
{
    if (emit)
        emit->event(emit->arg, e);
}

/* ---- events ---- */

static bool has_other_source(const struct trtc_fact *f, const struct trtc_room_event *e)
{
    return e->source && (!f->source || strcmp(f->source, e->source) != 0);
}

static int begin(struct trtc_attendance *a, const struct trtc_room_event *e,
                 const struct trtc_emit *emit, struct trtc_err *err)
{
    bool there;
    const size_t i = place_of(a, &(struct key){ e->room, e->user, e->type }, &there);
    if (there && !has_other_source(&a->items[i], e))
        return 0;
    if (there) {
        struct trtc_room_event end = *e;
        end.type++;
        end.source = a->items[i].source;
        report(emit, &end);
        drop(a, i, 1);
    }
    if (insert(a, i, e, err) < 0)
        return -1;
    report(emit, e);
    return 0;
}

/* Begins a fact after what contains it: the user of a stream, the room of a user. */
static int begin_all(struct trtc_attendance *a, const struct trtc_room_event *e,
                     const struct trtc_emit *emit, struct trtc_err *err)
{
    struct trtc_room_event outer = {
        .type = TRTC_ROOM_CREATED, .room = e->room, .user = "", .event_ms = e->event_ms
    };
    if (e->type > TRTC_ROOM_CREATED && begin(a, &outer, emit, err) < 0)
        return -1;
    outer.type = TRTC_ROOM_ENTERED;
    outer.user = e->user;
    outer.reason = TRTC_REASON_NORMAL;
    if (e->type > TRTC_ROOM_ENTERED && begin(a, &outer, emit, err) < 0)
        return -1;
    return begin(a, e, emit, err);
}

/* How many facts from index i on have the same room, or (user) the same room and user. */
static size_t run_of(const struct trtc_attendance *a, size_t i, bool user)
{
    size_t k = i;
    while (k < a->n && strcmp(a->items[k].room, a->items[i].room) == 0 &&
           (!user || strcmp(a->items[k].user, a->items[i].user) == 0))
        k++;
    return k - i;
}

/* Makes everyone leave a room that is dismissed. */
static void leave_all(const struct trtc_attendance *a, size_t i, const struct trtc_room_event *e,
                      const struct trtc_emit *emit)
{
    const size_t n = run_of(a, i, false);
    for (size_t k = i; k < i + n; k++) {
        const struct trtc_room_event left = { .type = TRTC_ROOM_LEFT,
                                              .room = a->items[k].room,
                                              .user = a->items[k].user,
                                              .event_ms = e->event_ms,
                                              .reason =
                                                  e->reason ? e->reason : TRTC_REASON_REMOVED };
        if (a->items[k].type == TRTC_ROOM_ENTERED)
            report(emit, &left);
    }
}

static void end(struct trtc_attendance *a, const struct trtc_room_event *e,
                const struct trtc_emit *emit)
{
    bool there;
    const size_t i = place_of(a, &(struct key){ e->room, e->user, e->type - 1 }, &there);
    if (!there)
        return;
    if (e->type == TRTC_ROOM_DISMISSED)
        leave_all(a, i, e, emit);
    struct trtc_room_event ended = *e;
    ended.source = a->items[i].source;
    report(emit, &ended);
    drop(a, i,
         e->type == TRTC_ROOM_DISMISSED ? run_of(a, i, false)
         : e->type == TRTC_ROOM_LEFT    ? run_of(a, i, true)
                                        : 1);
}

int trtc_attendance_apply(struct trtc_attendance *a, const struct trtc_room_event *e,
                          const struct trtc_emit *emit, struct trtc_err *err)
{
    if (trtc_room_begins(e->type))
        return begin_all(a, e, emit, err);
    if (trtc_room_ends(e->type))
        end(a, e, emit);
    return 0;
}

/* ---- differences ---- */

static struct trtc_room_event event_of(const struct trtc_fact *f)
{
    return (struct trtc_room_event){ .type = f->type,
                                     .room = f->room,
                                     .user = f->user,
                                     .source = f->source,
                                     .event_ms = f->since_ms,
                                     .reason = TRTC_REASON_NORMAL };
}

static bool goes_on(const struct trtc_fact *f, const struct trtc_attendance *now)
{
    const struct trtc_fact *g = trtc_attendance_find(now, f->room, f->user, f->type);
    return g && g->since_ms == f->since_ms;
}

/* Ends the first fact that does not continue in now, and what it contains. False: there is none. */
static bool end_one(struct trtc_attendance *a, const struct trtc_attendance *now, int64_t now_ms,
                    const struct trtc_emit *emit)
{
    size_t i = 0;
    while (i < a->n && goes_on(&a->items[i], now))
        i++;
    if (i == a->n)
        return false;
    struct trtc_fact f = a->items[i]; /* its texts must stay valid */
    f.room = strdup(f.room);
    f.user = strdup(f.user);
    if (f.room && f.user) {
        struct trtc_room_event e = event_of(&f);
        e.type++;
        e.event_ms = now_ms;
        end(a, &e, emit);
    } else {
        drop(a, i, 1);
    }
    free(f.room);
    free(f.user);
    return true;
}

int trtc_attendance_become(struct trtc_attendance *a, const struct trtc_attendance *now,
                           int64_t now_ms, const struct trtc_emit *emit, struct trtc_err *err)
{
    while (end_one(a, now, now_ms, emit))
        ;
    for (size_t i = 0; i < now->n; i++) {
        const struct trtc_room_event e = event_of(&now->items[i]);
        if (trtc_attendance_apply(a, &e, emit, err) < 0)
            return -1;
    }
    return 0;
}

void trtc_attendance_replay(const struct trtc_attendance *a, const char *room,
                            const struct trtc_emit *emit)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct trtc_room_event e = event_of(&a->items[i]);
        if (!room || strcmp(room, e.room) == 0)
            report(emit, &e);
    }
}
