/* SPDX-License-Identifier: MIT */
/* Rooms: announces what happens in them. A room ends when it has been empty for a while, or when it
 * is dissolved. */
#include "rooms.h"

#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "follow.h"
#include "notify.h"
#include "stream.h"

static struct empty_room **find_empty(struct house *h, const char *room)
{
    struct empty_room **at = &h->empty;
    while (*at && strcmp((*at)->room, room) != 0)
        at = &(*at)->next;
    return at;
}

static void drop_empty(struct empty_room **at)
{
    struct empty_room *e = *at;
    *at = e->next;
    free(e->room);
    free(e);
}

/* Whether anyone is in the room. */
static bool is_anybody_in(const struct house *h, const char *room)
{
    for (size_t i = 0; i < h->here.n; i++)
        if (h->here.items[i].type == TRTC_ROOM_ENTERED && strcmp(h->here.items[i].room, room) == 0)
            return true;
    return false;
}

/* Notes since when a room has been empty. */
static void note_empty(struct house *h, const char *room)
{
    struct empty_room **at = find_empty(h, room);
    struct empty_room *e = *at ? NULL : calloc(1, sizeof *e);
    if (!e)
        return;
    e->room = strdup(room);
    e->since_ms = h->now_ms;
    *at = e;
    if (!e->room)
        free(e), *at = NULL;
}

static void on_change(void *arg, const struct trtc_room_event *e)
{
    struct house *h = arg;
    followers_tell(h, e);
    if (h->notifier)
        notifier_send(h->notifier, e);
}

void house_event(struct house *h, const struct trtc_room_event *e)
{
    struct trtc_err err;
    if (trtc_attendance_apply(&h->here, e, &(struct trtc_emit){ on_change, h }, &err) < 0) {
        cli_error("event %d: %s: trying again", e->type, err.msg);
        h->lacks = true;
    }
    struct empty_room **at = find_empty(h, e->room);
    if (e->type == TRTC_ROOM_LEFT && !is_anybody_in(h, e->room))
        note_empty(h, e->room);
    else if (e->type > TRTC_ROOM_DISMISSED && trtc_room_begins(e->type) && *at)
        drop_empty(at);
}

static void dismiss(struct house *h, const char *room)
{
    const struct trtc_room_event e = {
        .type = TRTC_ROOM_DISMISSED, .room = room, .user = "", .event_ms = clock_real_ms()
    };
    house_event(h, &e);
}

void rooms_tick(struct house *h)
{
    int64_t nb = 0;
    if (h->lacks)
        streams_tell(h);
    for (const struct empty_room *e = h->empty; e; e = e->next)
        nb++;
    for (struct empty_room **at = &h->empty; *at;) {
        struct empty_room *e = *at;
        const bool over =
            h->now_ms - e->since_ms >= h->o->dismiss_us / 1000 && !is_followed(h, e->room);
        if (over || nb > h->o->max_rooms || h->closing) {
            dismiss(h, e->room);
            drop_empty(at);
            nb--;
        } else {
            at = &e->next;
        }
    }
}

void rooms_forget(struct house *h)
{
    while (h->empty)
        drop_empty(&h->empty);
}

/* ---- by request ---- */

static void put_out(struct house *h, struct stream *s)
{
    if (s->publisher)
        trtc_request_break(s->publisher, 410);
    s->ended = true;
    stream_over(h, s, TRTC_REASON_REMOVED);
}

static bool is_in(const struct stream *s, const struct trtc_spot *spot)
{
    return strcmp(s->spot.room, spot->room) == 0 &&
           (!*spot->user || strcmp(s->spot.user, spot->user) == 0);
}

static bool is_known(const struct house *h, const struct trtc_spot *spot)
{
    const int type = *spot->user ? TRTC_ROOM_ENTERED : TRTC_ROOM_CREATED;
    return trtc_attendance_find(&h->here, spot->room, spot->user, type) != NULL;
}

void rooms_delete(struct house *h, struct trtc_request *r, const struct trtc_spot *spot)
{
    if (!is_known(h, spot)) {
        trtc_request_answer(r, 404, NULL);
        return;
    }
    for (struct stream *s = h->streams; s; s = s->next)
        if (is_in(s, spot))
            put_out(h, s);
    struct empty_room **at = find_empty(h, spot->room);
    if (!*spot->user) {
        dismiss(h, spot->room);
        if (*at)
            drop_empty(at);
    }
    trtc_request_answer(r, 200, "{\"code\":0}");
}
