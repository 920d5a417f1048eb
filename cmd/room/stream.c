/* SPDX-License-Identifier: MIT */
/* The streams of a room server. */
#include "stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "convert.h"
#include "publish.h"
#include "read.h"

static const struct trtc_ring_limits ring_limits = { .bytes_max = REACH_BYTES,
                                                     .reach_ms = REACH_MS,
                                                     .back_ms = BACK_MS };

const char *stream_name(const struct trtc_spot *spot, char out[STREAM_NAME_SIZE])
{
    snprintf(out, STREAM_NAME_SIZE, "%s/%s%s", spot->room, spot->user, spot->aux ? "/aux" : "");
    return out;
}

struct stream *stream_find(const struct house *h, const struct trtc_spot *spot)
{
    struct stream *over = NULL;
    for (struct stream *s = h->streams; s; s = s->next) {
        if (!trtc_spot_same(&s->spot, spot) || s->state == STREAM_LOOKS)
            continue;
        if (s->state == STREAM_LIVES)
            return s;
        if (!over || s->over_ms > over->over_ms)
            over = s;
    }
    return over;
}

int stream_refuses(const struct house *h, const struct trtc_spot *spot)
{
    const struct trtc_attendance *a = &h->here;
    int64_t rooms = 0, users = 0;
    if (trtc_attendance_find(a, spot->room, spot->user, TRTC_ROOM_ENTERED))
        return 0;
    for (size_t i = 0; i < a->n; i++) {
        rooms += a->items[i].type == TRTC_ROOM_CREATED;
        users += a->items[i].type == TRTC_ROOM_ENTERED && strcmp(a->items[i].room, spot->room) == 0;
    }
    const bool new_room = !trtc_attendance_find(a, spot->room, "", TRTC_ROOM_CREATED);
    return users >= h->o->max_users || (new_room && rooms - (h->empty != NULL) >= h->o->max_rooms)
               ? 503
               : 0;
}

struct stream *stream_new(struct house *h, const struct trtc_spot *spot, struct trtc_request *r)
{
    struct trtc_err err;
    struct stream *s = calloc(1, sizeof *s);
    const char *type = trtc_request_header(r, "Content-Type");
    if (!s)
        return NULL;
    s->ring = trtc_ring_new(&ring_limits, &err);
    if (!s->ring) {
        free(s);
        return NULL;
    }
    s->party = PARTY_PUBLISHER;
    s->spot = *spot;
    snprintf(s->type, sizeof s->type, "%s", type ? type : "");
    s->fed_ms = h->now_ms;
    s->next = h->streams;
    h->streams = s;
    return s;
}

static void free_stream(struct house *h, struct stream *s)
{
    convert_free(h, &s->convert);
    trtc_numbered_free(&s->numbered);
    trtc_ring_free(&s->ring);
    free(s);
}

/* ---- presence ---- */

static void tell(struct house *h, const struct stream *s, int type, int reason)
{
    char url[sizeof h->base + TRTC_SPOT_URL_MAX], path[TRTC_SPOT_URL_MAX + 1];
    snprintf(url, sizeof url, "%s%s", h->base, trtc_spot_url(&s->spot, path));
    const struct trtc_room_event e = { .type = type,
                                       .room = s->spot.room,
                                       .user = s->spot.user,
                                       .source = type > TRTC_ROOM_LEFT ? url : NULL,
                                       .event_ms = clock_real_ms(),
                                       .reason = reason };
    house_event(h, &e);
}

static void enter(struct house *h, const struct stream *s)
{
    if (s->spot.aux) {
        tell(h, s, TRTC_ROOM_AUX, 0);
        return;
    }
    if (s->video)
        tell(h, s, TRTC_ROOM_VIDEO, 0);
    if (s->audio)
        tell(h, s, TRTC_ROOM_AUDIO, 0);
}

void streams_tell(struct house *h)
{
    h->lacks = false;
    for (const struct stream *s = h->streams; s; s = s->next)
        if (s->state == STREAM_LIVES)
            enter(h, s);
}

/* Its user leaves, unless the user has another stream. */
static void leave(struct house *h, const struct stream *s, int reason)
{
    struct trtc_spot other = s->spot;
    other.aux = !other.aux;
    const struct stream *rest = stream_find(h, &other);
    if (!rest || rest->state != STREAM_LIVES) {
        tell(h, s, TRTC_ROOM_LEFT, reason);
    } else if (s->spot.aux) {
        tell(h, s, TRTC_ROOM_AUX_END, 0);
    } else {
        tell(h, s, TRTC_ROOM_VIDEO_END, 0);
        tell(h, s, TRTC_ROOM_AUDIO_END, 0);
    }
}

/* A user's newer stream replaces the older one. */
static void replace(struct house *h, const struct stream *s)
{
    char name[STREAM_NAME_SIZE];
    struct stream *old = stream_find(h, &s->spot);
    if (!old || old->state != STREAM_LIVES)
        return;
    cli_note("%s: replaced by a newer stream", stream_name(&s->spot, name));
    if (old->publisher)
        trtc_request_break(old->publisher, 409);
    stream_over(h, old, TRTC_REASON_REMOVED);
}

/* Its first bytes have arrived. */
static bool go_live(struct house *h, struct stream *s)
{
    char name[STREAM_NAME_SIZE];
    const int status = stream_refuses(h, &s->spot);
    if (status) {
        if (s->publisher)
            trtc_request_break(s->publisher, status);
        stream_over(h, s, 0);
        return false;
    }
    replace(h, s);
    s->state = STREAM_LIVES;
    cli_debug("%s: there", stream_name(&s->spot, name));
    s->begin_ms = clock_real_ms();
    enter(h, s);
    waiters_serve(h, s);
    return true;
}

void stream_over(struct house *h, struct stream *s, int reason)
{
    char name[STREAM_NAME_SIZE];
    const bool lived = s->state == STREAM_LIVES;
    if (s->state == STREAM_IS_OVER)
        return;
    s->state = STREAM_IS_OVER;
    s->over_ms = h->now_ms;
    trtc_ring_end(s->ring);
    if (lived) {
        if (h->lacks) {
            streams_tell(h);
            enter(h, s);
        }
        cli_debug("%s: gone", stream_name(&s->spot, name));
        leave(h, s, reason);
    }
    readers_wake(s);
}

/* ---- bytes ---- */

/* The oldest byte that some reader still needs. */
static int64_t read_at(const struct stream *s)
{
    int64_t at = INT64_MAX;
    for (const struct reader *d = s->readers; d; d = d->next)
        if (d->place.at < at)
            at = d->place.at;
    return at;
}

bool stream_put(struct house *h, struct stream *s, const void *data, size_t n)
{
    struct trtc_err err;
    char name[STREAM_NAME_SIZE];
    const int64_t block = trtc_ring_total(s->ring) / TRTC_RING_BLOCK;
    if (s->state == STREAM_IS_OVER)
        return false;
    if (trtc_ring_put(s->ring, data, n, h->now_ms, &err) < 0) {
        cli_error("%s: %s: ended", stream_name(&s->spot, name), err.msg);
        stream_over(h, s, TRTC_REASON_REMOVED); /* its readers would take what follows for
                                                   complete */
        return false;
    }
    if (s->state == STREAM_LOOKS && !go_live(h, s))
        return false;
    if (trtc_ring_total(s->ring) / TRTC_RING_BLOCK != block)
        trtc_ring_trim(s->ring, read_at(s), h->now_ms);
    readers_wake(s);
    return true;
}

/* Passes bytes to readers, or through the converter. */
static int pass(struct house *h, struct stream *s, const void *data, size_t n, bool *full)
{
    if (s->convert)
        return convert_feed(h, s, data, n, full);
    return stream_put(h, s, data, n) ? 0 : 503;
}

/* Examines the first bytes, which are kept until the container is known. */
static int look(struct house *h, struct stream *s, const void *data, size_t n, bool *full)
{
    const size_t room = sizeof s->look - s->nb_look, part = n < room ? n : room;
    struct trtc_err err;
    char name[STREAM_NAME_SIZE];
    memcpy(s->look + s->nb_look, data, part);
    s->nb_look += part;
    const enum trtc_container is = trtc_container_of(s->look, s->nb_look, s->type);
    const char *format = trtc_container_format(is);
    if (is == TRTC_CONTAINER_UNKNOWN)
        return 0;
    s->recognised = true;
    if (!format && is != TRTC_CONTAINER_TS)
        return 415;
    if (format && !(s->convert = convert_new(h, s, format, &err))) {
        cli_error("%s: %s", stream_name(&s->spot, name), err.msg);
        return 503;
    }
    if (s->publisher)
        trtc_request_settle(s->publisher);
    const int status = pass(h, s, s->look, s->nb_look, full);
    return status || part == n ? status : pass(h, s, (const char *)data + part, n - part, full);
}

int stream_feed(struct house *h, struct stream *s, const void *data, size_t n, bool *full)
{
    *full = false;
    s->fed_ms = h->now_ms;
    if (s->state == STREAM_IS_OVER)
        return 409;
    return s->recognised ? pass(h, s, data, n, full) : look(h, s, data, n, full);
}

int stream_finish(struct house *h, struct stream *s)
{
    s->ended = true;
    if (s->convert) {
        convert_finish(h, s);
        return 0;
    }
    const bool good = s->recognised;
    stream_over(h, s, TRTC_REASON_NORMAL);
    return good ? 200 : 415;
}

/* ---- time ---- */

static bool is_idle(const struct house *h, const struct stream *s)
{
    return s->state != STREAM_IS_OVER && !s->ended && (s->recognised || s->numbered) &&
           h->now_ms - s->fed_ms > h->o->idle_us / 1000;
}

static void end_idle(struct house *h, struct stream *s)
{
    char name[STREAM_NAME_SIZE];
    cli_note("%s: nothing arrived for %" PRId64 " s: ended", stream_name(&s->spot, name),
             (h->now_ms - s->fed_ms) / 1000);
    if (s->publisher)
        trtc_request_break(s->publisher, 408);
    s->ended = true;
    if (s->convert)
        convert_finish(h, s);
    stream_over(h, s, TRTC_REASON_TIMEOUT);
}

static bool is_done(const struct house *h, const struct stream *s)
{
    return s->state == STREAM_IS_OVER && !s->readers && !s->publisher &&
           (h->closing || h->now_ms - s->over_ms > YOUNG_MS);
}

void streams_tick(struct house *h)
{
    for (struct stream **at = &h->streams; *at;) {
        struct stream *s = *at;
        if (is_idle(h, s))
            end_idle(h, s);
        if (s->numbered)
            numbered_tick(h, s);
        if (s->convert)
            convert_tick(h, s);
        readers_tick(h, s);
        trtc_ring_trim(s->ring, read_at(s), h->now_ms);
        if (is_done(h, s)) {
            *at = s->next;
            free_stream(h, s);
        } else {
            at = &s->next;
        }
    }
}

void streams_free(struct house *h)
{
    while (h->streams) {
        struct stream *s = h->streams;
        h->streams = s->next;
        free_stream(h, s);
    }
}
