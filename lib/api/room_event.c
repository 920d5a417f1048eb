/* SPDX-License-Identifier: MIT */
/* Events of rooms and media as JSON, in both directions. */
#include "api/room_event.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "api/events.h"
#include "base/json.h"
#include "base/json_put.h"
#include "base/utc.h"

enum { /* what the service reports of an unknown client */
       ROLE_ANCHOR = 20,
       TERMINAL_OTHER = 100,
       USER_NATIVE = 3,
};

enum trtc_room_source trtc_room_source(const char *text, const char **place)
{
    static const struct {
        const char *prefix;
        enum trtc_room_source kind;
    } known[] = {
        { "http://", TRTC_ROOM_SOURCE_HTTP }, { "https://", TRTC_ROOM_SOURCE_HTTP },
        { "exec:", TRTC_ROOM_SOURCE_EXEC },   { "nginx-rtmp:", TRTC_ROOM_SOURCE_NGINX },
        { "janus:", TRTC_ROOM_SOURCE_JANUS },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const size_t n = strlen(known[i].prefix);
        if (strncasecmp(text, known[i].prefix, n) != 0)
            continue;
        if (place)
            *place = text + (known[i].kind == TRTC_ROOM_SOURCE_HTTP ? 0 : n);
        return known[i].kind;
    }
    return TRTC_ROOM_SOURCE_NONE;
}

bool trtc_room_begins(int type)
{
    return type == TRTC_ROOM_CREATED || type == TRTC_ROOM_ENTERED || type == TRTC_ROOM_VIDEO ||
           type == TRTC_ROOM_AUDIO || type == TRTC_ROOM_AUX;
}

bool trtc_room_ends(int type)
{
    return trtc_room_begins(type - 1);
}

/* ---- making ---- */

static void put_user(cJSON **info, const struct trtc_room_event *e)
{
    trtc_json_put_text(info, "UserId", e->user);
    if (e->type != TRTC_ROOM_ENTERED && e->type != TRTC_ROOM_LEFT)
        return;
    trtc_json_put_number(info, "Role", ROLE_ANCHOR);
    trtc_json_put_number(info, "TerminalType", TERMINAL_OTHER);
    trtc_json_put_number(info, "UserType", USER_NATIVE);
    trtc_json_put_number(info, "Reason", e->reason ? e->reason : TRTC_REASON_NORMAL);
}

cJSON *trtc_room_event_make(const struct trtc_room_event *e, int64_t callback_ms, bool source)
{
    cJSON *body = cJSON_CreateObject(), *info = cJSON_CreateObject();
    trtc_json_put_text(&info, "RoomId", e->room);
    trtc_json_put_number(&info, "EventTs", (double)(e->event_ms / 1000));
    trtc_json_put_number(&info, "EventMsTs", (double)e->event_ms);
    if (*e->user)
        put_user(&info, e);
    if (source && e->source)
        trtc_json_put_text(&info, "Source", e->source);
    trtc_json_put_number(&body, "EventGroupId", e->type / 100);
    trtc_json_put_number(&body, "EventType", e->type);
    trtc_json_put_number(&body, "CallbackTs", (double)callback_ms);
    trtc_json_put(&body, "EventInfo", info);
    return body;
}

/* ---- parsing ---- */

/* The names of an event's members in a body, and in a flat line. */
struct names {
    const char *path, *room, *user, *source, *ms, *s;
};
static const struct names in_body = { "EventInfo", "RoomId",    "UserId",
                                      "Source",    "EventMsTs", "EventTs" };
static const struct names in_line = { "", "room", "user", "source", "event_ms", "event_s" };

static const cJSON *get(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

/* Reads a string, or a number as a string ("" if it is neither). */
static int take_text(const cJSON *o, const char *key, char *out, size_t size, struct trtc_err *err)
{
    const cJSON *v = get(o, key);
    const char *text = cJSON_GetStringValue(v);
    int n = 0;
    *out = '\0';
    if (text)
        n = snprintf(out, size, "%s", text);
    else if (cJSON_IsNumber(v))
        n = snprintf(out, size, "%.0f", v->valuedouble);
    return n < (int)size
               ? 0
               : trtc_fail(err, TRTC_EX_DATAERR, "%s: longer than %zu bytes", key, size - 1);
}

/* Reads milliseconds, or seconds as a number or a string. */
static int64_t take_time(const cJSON *o, const struct names *k)
{
    const cJSON *s = get(o, k->s);
    int64_t ms = TRTC_NOTIME;
    if (trtc_json_int(o, k->path, k->ms, 0, TRTC_EVENT_MS_MAX, &ms, NULL) == 1)
        return ms;
    const double v = cJSON_IsNumber(s)   ? s->valuedouble
                     : cJSON_IsString(s) ? strtod(s->valuestring, NULL)
                                         : -1;
    return v >= 0 && v <= (double)(TRTC_EVENT_MS_MAX / 1000) ? (int64_t)v * 1000 : TRTC_NOTIME;
}

static int read_members(const cJSON *line, const cJSON *info, struct trtc_room_line *out,
                        struct trtc_err *err)
{
    const struct names *k = info ? &in_body : &in_line;
    const cJSON *from = info ? info : line;
    int64_t reason = 0;
    if (take_text(from, k->room, out->room, sizeof out->room, err) < 0 ||
        take_text(from, k->user, out->user, sizeof out->user, err) < 0 ||
        take_text(from, k->source, out->source, sizeof out->source, err) < 0 ||
        (!*out->source && take_text(line, "Source", out->source, sizeof out->source, err) < 0))
        return -1;
    if (trtc_json_int(from, k->path, "Reason", 0, INT32_MAX, &reason, NULL) == 1)
        out->event.reason = (int)reason;
    out->event.event_ms = take_time(from, k);
    out->event.room = out->room;
    out->event.user = out->event.type > TRTC_ROOM_DISMISSED ? out->user : "";
    out->event.source = *out->source ? out->source : NULL;
    if (!*out->room)
        return trtc_fail(err, TRTC_EX_DATAERR, "event %d has no room", out->event.type);
    if (out->event.type > TRTC_ROOM_DISMISSED && !*out->user)
        return trtc_fail(err, TRTC_EX_DATAERR, "event %d has no user", out->event.type);
    return 1;
}

int trtc_room_event_parse(const char *text, size_t n, struct trtc_room_line *out,
                          struct trtc_err *err)
{
    int64_t type = 0;
    *out = (struct trtc_room_line){ 0 };
    cJSON *line = trtc_json_parse("the line", text, n, err);
    const cJSON *info = get(line, "EventInfo");
    if (!line)
        return -1;
    int ret = cJSON_IsObject(line)
                  ? trtc_json_int(line, "", info ? "EventType" : "type", 0, INT32_MAX, &type, err)
                  : 0;
    if (ret == 0)
        ret = trtc_fail(err, TRTC_EX_DATAERR, "the line is not an event");
    out->event.type = (int)type;
    if (ret == 1 && !trtc_room_begins((int)type) && !trtc_room_ends((int)type))
        ret = 0;
    if (ret == 1)
        ret = read_members(line, info, out, err);
    cJSON_Delete(line);
    return ret;
}
