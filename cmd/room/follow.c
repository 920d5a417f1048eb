/* SPDX-License-Identifier: MIT */
/* Followers of the events: each has a queue of lines that it has not taken yet. */
#include "follow.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "base/array.h"
#include "base/json_put.h"
#include "stream.h"

enum {
    BEHIND_BYTES = 1 << 20
}; /* a follower that is further behind is disconnected; when it connects again it gets the
      present state */

struct follower {
    enum party party; /* must be first */
    struct follower *next;
    struct trtc_request *request;
    char room[TRTC_SPOT_ROOM_MAX + 1]; /* "": all rooms */
    char *lines;
    size_t n, cap, at;
    bool ends, left_behind; /* left_behind: it lacks an event, and is disconnected, */
    bool no_memory;         /* ... for lack of memory */
};

/* ---- lines ---- */

static void lack(struct follower *f)
{
    f->left_behind = f->no_memory = true;
}

static void add_text(struct follower *f, const char *text, size_t n)
{
    if (f->n - f->at + n > BEHIND_BYTES) {
        f->left_behind = true;
        return;
    }
    if (f->at == f->n)
        f->at = f->n = 0;
    if (f->left_behind)
        return;
    if (trtc_array_reserve(&f->lines, &f->cap, f->n + n, 1) < 0) {
        lack(f);
        return;
    }
    memcpy(f->lines + f->n, text, n);
    f->n += n;
}

static char *line_of(const struct trtc_room_event *e)
{
    cJSON *json = trtc_room_event_make(e, clock_real_ms(), true);
    char *line = json ? trtc_json_line(json) : NULL;
    cJSON_Delete(json);
    return line;
}

static void add_event(void *arg, const struct trtc_room_event *e)
{
    struct follower *f = arg;
    char *line = line_of(e);
    if (line)
        add_text(f, line, strlen(line));
    else
        lack(f);
    free(line);
}

void followers_tell(struct house *h, const struct trtc_room_event *e)
{
    char *line = h->followers ? line_of(e) : NULL;
    for (struct follower *f = h->followers; f; f = f->next) {
        if (*f->room && strcmp(f->room, e->room) != 0)
            continue;
        if (line)
            add_text(f, line, strlen(line));
        else
            lack(f);
        trtc_request_wake(f->request);
    }
    free(line);
}

void followers_beat(struct house *h)
{
    for (struct follower *f = h->followers; f; f = f->next) {
        add_text(f, "\n", 1);
        trtc_request_wake(f->request);
    }
}

void followers_end(struct house *h)
{
    for (struct follower *f = h->followers; f; f = f->next) {
        f->ends = true;
        trtc_request_wake(f->request);
    }
}

bool is_followed(const struct house *h, const char *room)
{
    for (const struct follower *f = h->followers; f; f = f->next)
        if (strcmp(f->room, room) == 0)
            return true;
    return false;
}

/* ---- requests ---- */

void follow_request(struct house *h, struct trtc_request *r)
{
    const char *room = trtc_request_query(r, "room");
    struct follower *f;
    if (room && !trtc_spot_is_name(room, strlen(room), TRTC_SPOT_ROOM_MAX)) {
        trtc_request_answer(r, 400, NULL);
        return;
    }
    if (!(f = calloc(1, sizeof *f))) {
        trtc_request_answer(r, 503, NULL);
        return;
    }
    f->party = PARTY_FOLLOWER;
    f->request = r;
    if (room)
        memcpy(f->room, room, strlen(room) + 1);
    trtc_attendance_replay(&h->here, room, &(struct trtc_emit){ add_event, f });
    add_text(f, "\n", 1);
    f->next = h->followers;
    h->followers = f;
    trtc_request_set(r, f);
    trtc_request_field(r, "Cache-Control", "no-store");
    trtc_request_send(r, "application/x-ndjson");
}

int64_t follower_more(struct follower *f, char *out, size_t n)
{
    const size_t there = f->n - f->at, part = there < n ? there : n;
    if (f->left_behind)
        return TRTC_MORE_BREAK;
    if (!part)
        return f->ends ? TRTC_MORE_END : TRTC_MORE_LATER;
    memcpy(out, f->lines + f->at, part);
    f->at += part;
    return (int64_t)part;
}

void follower_gone(struct house *h, struct follower *f)
{
    struct follower **at = &h->followers;
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    if (f->no_memory)
        cli_error("out of memory: a reader of the events lacks one, and was disconnected");
    else if (f->left_behind)
        cli_note("a reader of the events was too slow and was disconnected");
    free(f->lines);
    free(f);
}

/* ---- the page ---- */

static cJSON *stream_json(const struct house *h, const struct stream *s)
{
    char url[TRTC_SPOT_URL_MAX + 1], text[sizeof h->base + sizeof url];
    cJSON *o = cJSON_CreateObject();
    memcpy(text, h->base, strlen(h->base) + 1);
    memcpy(text + strlen(h->base), trtc_spot_url(&s->spot, url), sizeof url);
    trtc_json_put_text(&o, "MediaId", s->spot.aux ? "aux" : "main");
    trtc_json_put_bool(&o, "Audio", s->audio);
    trtc_json_put_bool(&o, "Video", s->video);
    trtc_json_put_text(&o, "Source", text);
    trtc_json_put_number(&o, "SinceMs", (double)s->begin_ms);
    trtc_json_put_number(&o, "Bytes", (double)trtc_ring_total(s->ring));
    trtc_json_put_number(&o, "Readers", (double)s->nb_readers);
    trtc_json_put_number(&o, "LostPackets", (double)stream_lost(s));
    return o;
}

static cJSON *user_json(const struct house *h, const struct trtc_fact *f)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    trtc_json_put_text(&o, "UserId", f->user);
    trtc_json_put_number(&o, "SinceMs", (double)f->since_ms);
    for (int aux = 0; aux < 2; aux++)
        for (const struct stream *s = h->streams; s; s = s->next)
            if (s->state == STREAM_LIVES && s->spot.aux == (aux != 0) &&
                strcmp(s->spot.room, f->room) == 0 && strcmp(s->spot.user, f->user) == 0)
                trtc_json_push(&list, stream_json(h, s));
    trtc_json_put(&o, "Streams", list);
    return o;
}

static cJSON *room_json(const struct house *h, const struct trtc_fact *room)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    trtc_json_put_text(&o, "RoomId", room->room);
    trtc_json_put_number(&o, "SinceMs", (double)room->since_ms);
    for (size_t i = 0; i < h->here.n; i++)
        if (h->here.items[i].type == TRTC_ROOM_ENTERED &&
            strcmp(h->here.items[i].room, room->room) == 0)
            trtc_json_push(&list, user_json(h, &h->here.items[i]));
    trtc_json_put(&o, "Users", list);
    return o;
}

static cJSON *rooms_json(const struct house *h)
{
    cJSON *o = cJSON_CreateObject(), *list = cJSON_CreateArray();
    for (size_t i = 0; i < h->here.n; i++)
        if (h->here.items[i].type == TRTC_ROOM_CREATED)
            trtc_json_push(&list, room_json(h, &h->here.items[i]));
    trtc_json_put(&o, "Rooms", list);
    return o;
}

void page_request(struct house *h, struct trtc_request *r, const char *room)
{
    const struct trtc_fact *f =
        room ? trtc_attendance_find(&h->here, room, "", TRTC_ROOM_CREATED) : NULL;
    if (room && !f) {
        trtc_request_answer(r, 404, NULL);
        return;
    }
    cJSON *json = room ? room_json(h, f) : rooms_json(h);
    trtc_request_field(r, "Cache-Control", "no-store");
    trtc_request_answer_text(r, 200, trtc_json_line(json));
    cJSON_Delete(json);
}
