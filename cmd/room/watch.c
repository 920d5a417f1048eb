/* SPDX-License-Identifier: MIT */
/* trtc-room watch: reports who enters and leaves at another source, as the same events. */
#include "watch.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "api/room_event.h"
#include "api/source_url.h"
#include "base/json_put.h"
#include "base/utc.h"
#include "pull.h"

/* ---- events ---- */

const char *watch_source(const struct watch *w, const struct trtc_fact *f, char *out, size_t size)
{
    const struct trtc_room_event e = { .type = f->type, .room = f->room, .user = f->user };
    if (f->source)
        return f->source;
    return w->source && trtc_source_url(w->source, &e, out, size) ? out : NULL;
}

/* With a relay, readers get the address of the relay, and wait for its beginning. */
static const char *template_of(const struct watch *w, int type, char *out, size_t size)
{
    if (!w->relays)
        return w->source;
    snprintf(out, size, "%s/{room}/{user}%s?wait=10s", w->relay,
             type == TRTC_ROOM_AUX ? "/aux" : "");
    return out;
}

const char *watch_target(const struct watch *w, const struct trtc_spot *spot,
                         char out[WATCH_TARGET_SIZE])
{
    char path[TRTC_SPOT_URL_MAX + 1];
    snprintf(out, WATCH_TARGET_SIZE, "%s%s", w->relay, trtc_spot_url(spot, path));
    return out;
}

/* For lack of memory an event is missing: the run ends, and the next one reports who is present. */
static void lack(struct watch *w)
{
    w->lacks = w->done = true;
}

static void print(void *arg, const struct trtc_room_event *e)
{
    struct watch *w = arg;
    struct trtc_room_event made = *e;
    char url[TRTC_ROOM_SOURCE_MAX + 1], where[TRTC_ROOM_SOURCE_MAX + 1];
    const char *template = template_of(w, e->type, where, sizeof where);
    if (w->relays)
        made.source = NULL;
    if (!made.source && template && e->type > TRTC_ROOM_LEFT &&
        trtc_source_url(template, e, url, sizeof url))
        made.source = url;
    if (made.event_ms == TRTC_NOTIME)
        made.event_ms = clock_real_ms();
    cJSON *json = trtc_room_event_make(&made, clock_real_ms(), true);
    if (!cli_put_json(json, false))
        lack(w);
    cJSON_Delete(json);
    if (e->type == TRTC_ROOM_DISMISSED && w->dismisses)
        pulls_dismiss(w, e->room);
}

static void apply(struct watch *w, const struct trtc_room_event *e)
{
    struct trtc_err err;
    const struct trtc_emit emit = { print, w };
    const int ret = w->collects ? trtc_attendance_apply(&w->now, e, NULL, &err)
                                : trtc_attendance_apply(&w->shown, e, &emit, &err);
    if (ret < 0)
        lack(w);
}

void watch_say_all(struct watch *w)
{
    w->collects = true;
    w->nb_line = 0;
    w->skips = false;
    trtc_attendance_fini(&w->now);
}

/* A room that is watched with --room exists as long as it is watched. A server that was lost and
 * comes back, or a page that lists no users for a while, does not end it. */
static void keep_room(struct watch *w)
{
    const struct trtc_fact *room =
        w->o->room ? trtc_attendance_find(&w->shown, w->o->room, "", TRTC_ROOM_CREATED) : NULL;
    if (!room)
        return;
    apply(w, &(struct trtc_room_event){
                 .type = room->type, .room = room->room, .user = "", .event_ms = room->since_ms });
    for (size_t i = 0; i < w->now.n; i++)
        if (w->now.items[i].type == room->type && strcmp(w->now.items[i].room, room->room) == 0)
            w->now.items[i].since_ms = room->since_ms; /* the source may report another time now */
}

void watch_lost(struct watch *w, const struct trtc_err *err)
{
    if (!w->lost)
        cli_note("%.*s: %s: trying again", cli_shown(w->place), w->place, err->msg);
    w->lost = true;
}

int watch_failed(const struct watch *w, const struct trtc_err *err)
{
    cli_error("%.*s: %s", cli_shown(w->place), w->place, err->msg);
    return err->code;
}

void watch_say_end(struct watch *w)
{
    struct trtc_err err;
    if (!w->collects)
        return;
    if (w->lost)
        cli_note("%.*s: it is available again", cli_shown(w->place), w->place);
    w->lost = false;
    keep_room(w);
    w->collects = false;
    if (trtc_attendance_become(&w->shown, &w->now, clock_real_ms(), &(struct trtc_emit){ print, w },
                               &err) < 0)
        lack(w);
    trtc_attendance_fini(&w->now);
    w->done |= w->o->once;
}

void watch_take(struct watch *w, const struct trtc_room_event *e)
{
    apply(w, e);
}

static void collect(void *arg, const struct trtc_room_event *e)
{
    apply(arg, e);
}

void watch_take_all(struct watch *w, const struct trtc_attendance *all)
{
    trtc_attendance_replay(all, w->o->room, &(struct trtc_emit){ collect, w });
}

static void take_line(struct watch *w)
{
    struct trtc_room_line l;
    struct trtc_err err;
    if (w->nb_line == 0) {
        watch_say_end(w);
        return;
    }
    const int ret = trtc_room_event_parse(w->line, w->nb_line, &l, &err);
    if (ret < 0 && err.code == TRTC_EX_TEMPFAIL)
        lack(w);
    else if (ret < 0)
        cli_error("%s: left out", err.msg);
    if (ret == 1 && (!w->o->room || strcmp(w->o->room, l.event.room) == 0))
        apply(w, &l.event);
}

static void end_line(struct watch *w)
{
    if (w->skips)
        cli_error("a line is longer than %d bytes: left out", WATCH_LINE_MAX);
    else
        take_line(w);
    w->nb_line = 0;
    w->skips = false;
}

void watch_feed(struct watch *w, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n && !w->done; i++) {
        if (bytes[i] == '\n')
            end_line(w);
        else if (w->nb_line == WATCH_LINE_MAX)
            w->skips = true;
        else
            w->line[w->nb_line++] = bytes[i];
    }
    fflush(stdout);
    pulls_tick(w);
}

/* ---- the sub-command ---- */

/* By kind of source. */
static int (*const watchers[])(struct watch *) = {
    [TRTC_ROOM_SOURCE_HTTP] = watch_http,
    [TRTC_ROOM_SOURCE_EXEC] = watch_exec,
    [TRTC_ROOM_SOURCE_NGINX] = watch_nginx,
    [TRTC_ROOM_SOURCE_JANUS] = watch_janus,
};

int room_watch(const struct room_opts *o)
{
    const char *place = NULL;
    if (o->operands.n != 1)
        return cli_usage("expected one SOURCE: " TRTC_ROOM_SOURCES);
    const enum trtc_room_source kind = trtc_room_source(o->operands.items[0], &place);
    if (kind == TRTC_ROOM_SOURCE_NONE)
        return cli_usage("'%s': a SOURCE is " TRTC_ROOM_SOURCES, o->operands.items[0]);
    if (o->keys && kind != TRTC_ROOM_SOURCE_JANUS)
        return cli_usage("--secret-file needs a janus: source");
    if (o->relay && !room_is_base(o->relay))
        return cli_usage("--relay: not http://HOST or https://HOST");
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return cli_no_memory();
    w->o = o;
    w->place = place;
    w->source = o->source;
    w->relays = o->relay && kind != TRTC_ROOM_SOURCE_JANUS;
    snprintf(w->relay, sizeof w->relay, "%s", o->relay ? o->relay : "");
    for (size_t n = strlen(w->relay); n && w->relay[n - 1] == '/';)
        w->relay[--n] = '\0';
    w->dismisses = kind == TRTC_ROOM_SOURCE_EXEC || kind == TRTC_ROOM_SOURCE_HTTP;
    cli_catch_signals();
    int code = watchers[kind](w);
    if (w->lacks && code == TRTC_EX_OK)
        code = cli_no_memory();
    pulls_end(w);
    trtc_attendance_fini(&w->shown);
    trtc_attendance_fini(&w->now);
    free(w);
    return code;
}
