/* SPDX-License-Identifier: MIT */
/* Makes callback events. */
#include "api/event_make.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/events.h"
#include "base/b64.h"
#include "base/json.h"
#include "base/json_put.h"
#include "playlist/name.h"

enum { ID_MAX = 128, FILE_MAX = 1024 };

const struct trtc_scenario trtc_scenarios[] = {
    { "hls",
      "playlists and segments in object storage",
      { { 301, 0, 0 },
        { 303, 0, 900 },
        { 307, 0, 9000 },
        { 304, 0, 60 },
        { 302, 0, 60000 },
        { 305, 0, 33 } } },
    { "mp4",
      "the same, then MP4 files",
      { { 301, 0, 0 },
        { 303, 0, 900 },
        { 307, 0, 9000 },
        { 304, 0, 60 },
        { 302, 0, 60000 },
        { 305, 0, 33 },
        { 310, 0, 2600 } } },
    { "vod",
      "files in VOD",
      { { 301, 0, 0 }, { 302, 0, 60000 }, { 311, 0, 4000 }, { 312, 0, 50 } } },
    { "failover",
      "the task moves to another machine, and a file is stuck there for a while",
      { { 301, 0, 0 },
        { 303, 0, 900 },
        { 307, 0, 9000 },
        { 304, 0, 60 },
        { 306, 0, 20000 },
        { 307, 0, 9000 },
        { 302, 0, 30000 },
        { 305, 1, 33 },
        { 305, 2, 90000 } } },
    { "idle",
      "the room stays empty for MaxIdleTime",
      { { 301, 0, 0 }, { 303, 0, 900 }, { 302, 99, 60000 }, { 305, 0, 33 } } },
    { "kicked",
      "another robot of the same name enters the room",
      { { 301, 0, 0 },
        { 303, 0, 900 },
        { 307, 0, 9000 },
        { 304, 0, 60 },
        { 302, 101, 15000 },
        { 305, 0, 33 } } },
    { 0 },
};

const struct trtc_scenario *trtc_scenario_find(const char *name)
{
    for (const struct trtc_scenario *s = trtc_scenarios; s->name; s++)
        if (strcmp(s->name, name) == 0)
            return s;
    return NULL;
}

/* ---- payloads ---- */

/* The name of a file of this task, from the user's main stream. */
static int file_name(const struct trtc_event_order *o, enum trtc_ext ext, char out[FILE_MAX],
                     struct trtc_err *err)
{
    char room[TRTC_B64_ENCODED_MAX(ID_MAX)], user[TRTC_B64_ENCODED_MAX(ID_MAX)];
    if (strlen(o->room) > ID_MAX || strlen(o->user) > ID_MAX)
        return trtc_fail(err, TRTC_EX_USAGE, "the room or the user is longer than %d bytes",
                         ID_MAX);
    struct trtc_name n = { .sdkappid = o->sdkappid,
                           .user = { user, trtc_b64_encode(o->user, strlen(o->user), user) },
                           .media = TRTC_MEDIA_MAIN,
                           .type = ext == TRTC_EXT_MP4 ? TRTC_NO_KIND : TRTC_VIDEO,
                           .utc_ms = TRTC_NOTIME,
                           .ext = ext };
    if (trtc_name_room(o->room, strlen(o->room), TRTC_ROOM_AUTO, room, &n.room, err) < 0)
        return -1;
    return trtc_name_format(&n, out, FILE_MAX, NULL, err);
}

static void put_one(cJSON **p, const char *key, const char *text)
{
    cJSON *list = cJSON_CreateArray();
    trtc_json_push(&list, cJSON_CreateString(text));
    trtc_json_put(p, key, list);
}

/* Adds to 310, in the more detailed style, when each file begins and ends. */
static void put_messages(const struct trtc_event_order *o, const char *file, cJSON **p)
{
    cJSON *list = cJSON_CreateArray(), *m = cJSON_CreateObject();
    trtc_json_put_text(&m, "FileName", file);
    trtc_json_put_text(&m, "UserId", o->user);
    trtc_json_put_text(&m, "TrackType", "audio_video");
    trtc_json_put_text(&m, "MediaId", "main");
    trtc_json_put_number(&m, "StartTimeStamp", (double)o->begin_ms);
    trtc_json_put_number(&m, "EndTimeStamp", (double)o->event_ms);
    trtc_json_push(&list, m);
    trtc_json_put(p, "FileMessage", list);
}

static void put_mp4(const struct trtc_event_order *o, const char *file, cJSON **p)
{
    trtc_json_put_number(p, "Status", (double)o->status);
    put_one(p, "FileList", file);
    if (o->style == TRTC_STYLE_REAL)
        put_messages(o, file, p);
}

static void put_slice(const struct trtc_event_order *o, const char *file, cJSON **p)
{
    trtc_json_put_text(p, "FileName", file);
    trtc_json_put_text(p, "UserId", o->user);
    trtc_json_put_text(p, "TrackType", "video");
    trtc_json_put_number(p, "BeginTimeStamp", (double)o->begin_ms);
}

static void put_vod(const struct trtc_event_order *o, const char *file, cJSON **p)
{
    cJSON *vod = cJSON_CreateObject();
    trtc_json_put_text(&vod, "UserId", o->user);
    trtc_json_put_text(&vod, "TrackType", "audio_video");
    if (o->status) {
        trtc_json_put_text(&vod, "CacheFile", file);
        trtc_json_put_text(p, "Errmsg", "upload failed");
    } else {
        trtc_json_put_text(&vod, "MediaId", "main");
        trtc_json_put_text(&vod, "FileId", "3270835013523265231");
        trtc_json_put_text(&vod, "VideoUrl", "http://vod.example.com/3270835013523265231/f0.mp4");
    }
    if (!o->status && o->style == TRTC_STYLE_REAL) {
        trtc_json_put_number(&vod, "StartTimeStamp", (double)o->begin_ms);
        trtc_json_put_number(&vod, "EndTimeStamp", (double)o->event_ms);
    }
    trtc_json_put(p, "TencentVod", vod);
}

static cJSON *payload(const struct trtc_event_order *o, const char *list, const char *mp4)
{
    cJSON *p = cJSON_CreateObject();
    switch (o->type) {
    case 302:
        trtc_json_put_number(&p, "LeaveCode", (double)o->status);
        break;
    case 304:
        trtc_json_put_text(&p, "FileList", list);
        break;
    case 307:
        put_slice(o, list, &p);
        break;
    case 308:
        trtc_json_put_text(&p, "Code", "InvalidParameter");
        trtc_json_put_text(&p, "Message", "AccessKey invalid");
        break;
    case 309:
        trtc_json_put_text(&p, "Url", "http://images.example.com/background.png");
        break;
    case 310:
        put_mp4(o, mp4, &p);
        break;
    case 311:
        trtc_json_put_number(&p, "Status", (double)o->status);
        put_vod(o, mp4, &p);
        break;
    default:
        trtc_json_put_number(&p, "Status", (double)o->status);
    }
    return p;
}

/* ---- the event ---- */

static bool seconds_are_text(const struct trtc_event_order *o)
{
    return o->type == 302 ||
           (o->style == TRTC_STYLE_DOCUMENTED && (o->type == 301 || o->type == 307));
}

static cJSON *info(const struct trtc_event_order *o, cJSON *load)
{
    char text[24];
    const int64_t s = o->event_ms / 1000;
    cJSON *i = cJSON_CreateObject();
    snprintf(text, sizeof text, "%" PRId64, s);
    trtc_json_put_text(&i, "RoomId", o->room);
    trtc_json_put(&i, "EventTs",
                  seconds_are_text(o) ? cJSON_CreateString(text) : cJSON_CreateNumber((double)s));
    if (o->style == TRTC_STYLE_REAL)
        trtc_json_put_number(&i, "EventMsTs", (double)o->event_ms);
    trtc_json_put_text(&i, "UserId", o->robot);
    trtc_json_put_text(&i, "TaskId", o->task);
    trtc_json_put(&i, "Payload", load);
    return i;
}

cJSON *trtc_event_make(const struct trtc_event_order *o, struct trtc_err *err)
{
    char list[FILE_MAX], mp4[FILE_MAX];
    if (o->type < TRTC_EVENT_FIRST || o->type > TRTC_EVENT_LAST) {
        trtc_fail(err, TRTC_EX_USAGE, "%" PRId64 ": not the number of a recording event, %d to %d",
                  o->type, TRTC_EVENT_FIRST, TRTC_EVENT_LAST);
        return NULL;
    }
    if (file_name(o, TRTC_EXT_M3U8, list, err) < 0 || file_name(o, TRTC_EXT_MP4, mp4, err) < 0)
        return NULL;
    cJSON *e = cJSON_CreateObject();
    trtc_json_put_number(&e, "EventGroupId", TRTC_EVENT_GROUP);
    trtc_json_put_number(&e, "EventType", (double)o->type);
    trtc_json_put_number(&e, "CallbackTs", (double)o->callback_ms);
    trtc_json_put(&e, "EventInfo", info(o, payload(o, list, mp4)));
    if (!e)
        trtc_fail_nomem(err);
    return e;
}

char *trtc_event_print(const cJSON *event, enum trtc_event_style style)
{
    /* the library's indented form equals the vendor's: tabs, and one after each colon */
    return style == TRTC_STYLE_DOCUMENTED ? cJSON_Print(event) : cJSON_PrintUnformatted(event);
}

/* ---- setting members ---- */

/* Returns the JSON value for a text; NULL: no memory. */
static cJSON *value_of(const char *text)
{
    size_t end = 0;
    const size_t n = strlen(text);
    if (!trtc_json_is(text, n, &end) || end != n)
        return cJSON_CreateString(text);
    return cJSON_ParseWithLength(text, n);
}

struct part { /* part of a path: a member, or an index in an array */
    char key[ID_MAX];
    int place; /* index; -1: a member */
};

/* Reads the next part of the path; -1: invalid. */
static int next_part(const char **path, struct part *out)
{
    const char *s = *path;
    out->place = -1;
    if (*s == '[') {
        const size_t n = strspn(s + 1, "0123456789");
        if (n == 0 || n > 4 || s[n + 1] != ']')
            return -1;
        out->place = (int)strtol(s + 1, NULL, 10);
        s += n + 2;
    } else {
        s += *s == '.';
        const size_t n = strcspn(s, ".[");
        if (n == 0 || n >= sizeof out->key)
            return -1;
        memcpy(out->key, s, n);
        out->key[n] = '\0';
        s += n;
    }
    if (*s && *s != '.' && *s != '[')
        return -1;
    *path = s;
    return 0;
}

static cJSON *child(const cJSON *at, const struct part *p)
{
    return p->place >= 0 ? cJSON_GetArrayItem(at, p->place)
                         : cJSON_GetObjectItemCaseSensitive(at, p->key);
}

/* Sets the part p of at to value. False: at cannot have such a part, or out of memory. */
static bool put_child(cJSON *at, const struct part *p, cJSON *value)
{
    const bool there = child(at, p);
    if (p->place >= 0 && (!cJSON_IsArray(at) || p->place > cJSON_GetArraySize(at)))
        return false;
    if (p->place < 0 && !cJSON_IsObject(at))
        return false;
    if (p->place >= 0)
        return there ? cJSON_ReplaceItemInArray(at, p->place, value)
                     : cJSON_AddItemToArray(at, value);
    return there ? cJSON_ReplaceItemInObjectCaseSensitive(at, p->key, value)
                 : cJSON_AddItemToObject(at, p->key, value);
}

int trtc_event_set(cJSON **root, const char *path, const char *value, struct trtc_err *err)
{
    const char *s = path;
    struct part p;
    cJSON *at = *root, *v = value_of(value);
    if (!v)
        return trtc_fail_nomem(err);
    while (next_part(&s, &p) == 0) {
        cJSON *next = *s ? child(at, &p) : v;
        if (*s && next) {
            at = next;
            continue;
        }
        if (*s)
            next = *s == '[' ? cJSON_CreateArray() : cJSON_CreateObject();
        if (!put_child(at, &p, next)) {
            if (next != v)
                cJSON_Delete(next);
            break;
        }
        if (next == v)
            return 0;
        at = next;
    }
    cJSON_Delete(v);
    return trtc_fail(err, TRTC_EX_USAGE, "'%s': an event cannot have a member there", path);
}
