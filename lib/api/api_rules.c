/* SPDX-License-Identifier: MIT */
/* Rules between the members of a request. They are checked after the field table, so that types and
 * ranges are already right, except in the request that created the task. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "api/api_priv.h"
#include "base/text.h"

#define SHOWN_MAX  96
#define ROOM_MAX   INT64_C(4294967294) /* for clients: 2^32 - 1 is not a room */
#define PIXELS_MAX (INT64_C(1920) * 1080)
#define SIDE_MAX   1920
#define WILDCARD   ".*$"

enum { MODE_SINGLE = 1, LAYOUT_CUSTOM = 4, STREAM_AUDIO = 1 };

struct canvas {
    int64_t w, h;
    const char *from; /* for messages */
};

/* The member with that name; NULL if object is NULL. */
static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

/* The value of a whole number, or other if it is absent. */
static int64_t number(const cJSON *object, const char *name, int64_t other)
{
    const cJSON *n = in(object, name);
    if (!cJSON_IsNumber(n) || !(n->valuedouble >= 0 && n->valuedouble <= (double)TRTC_API_INT_MAX))
        return other;
    return (int64_t)n->valuedouble;
}

static const char *text(const cJSON *object, const char *name)
{
    const cJSON *s = in(object, name);
    return cJSON_IsString(s) ? s->valuestring : NULL;
}

/* ---- room and robot ---- */

static int check_room(const cJSON *request, struct trtc_err *err)
{
    const char *room = text(request, "RoomId");
    int64_t n = 0;
    size_t i = 0;
    char shown[SHOWN_MAX];
    if (number(request, "RoomIdType", 1) != 1)
        return 0;
    for (; room[i] >= '0' && room[i] <= '9' && n <= ROOM_MAX; i++)
        n = n * 10 + (room[i] - '0');
    if (room[i] || room[0] == '0' || n < 1 || n > ROOM_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "RoomId: '%s' is not a number in 1...%lld (RoomIdType 0 for string rooms)",
                         trtc_text_show(room, strlen(room), shown, sizeof shown),
                         (long long)ROOM_MAX);
    return 0;
}

/* Whether entry is the id, or a prefix of it. */
static bool matches(const char *entry, const char *user)
{
    const size_t wild = sizeof WILDCARD - 1;
    size_t n = strlen(entry);
    return strcmp(entry, user) == 0 || (n >= wild && strcmp(entry + n - wild, WILDCARD) == 0 &&
                                        strncmp(entry, user, n - wild) == 0);
}

static int check_list(const cJSON *lists, const char *path, const char *name, const char *robot,
                      struct trtc_err *err)
{
    const cJSON *entry;
    int i = 0;
    cJSON_ArrayForEach(entry, in(lists, name))
    {
        char shown[SHOWN_MAX];
        const char *s = entry->valuestring;
        if (robot && matches(s, robot))
            return trtc_fail(err, TRTC_EX_DATAERR,
                             "%s.%s[%d]: '%s' includes the recording robot '%s' itself", path, name,
                             i, trtc_text_show(s, strlen(s), shown, sizeof shown), robot);
        i++;
    }
    return 0;
}

static int check_lists(const cJSON *lists, const char *path, const char *robot,
                       struct trtc_err *err)
{
    static const char *const names[][2] = {
        { "SubscribeAudioUserIds", "UnSubscribeAudioUserIds" },
        { "SubscribeVideoUserIds", "UnSubscribeVideoUserIds" },
    };
    for (size_t i = 0; lists && i < 2; i++) {
        /* An empty block list has no effect. */
        if (in(lists, names[i][0]) && cJSON_GetArraySize(in(lists, names[i][1])) > 0)
            return trtc_fail(err, TRTC_EX_DATAERR, "%s.%s: and %s exclude each other", path,
                             names[i][1], names[i][0]);
        if (check_list(lists, path, names[i][0], robot, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- storage ---- */

static int check_one(const cJSON *params, struct trtc_err *err)
{
    const bool vod = in(params, "CloudVod") != NULL;
    if (!in(params, "CloudStorage") == !vod)
        return trtc_fail(err, TRTC_EX_DATAERR, "StorageParams: %s CloudStorage and CloudVod%s",
                         vod ? "either" : "one of", vod ? ", not both" : " is needed");
    return 0;
}

int trtc_api_check_storage(const struct cJSON *params, struct trtc_err *err)
{
    static const char name[] = "StorageParams";
    const struct trtc_field *f = trtc_api_find(trtc_api_fields(TRTC_CREATE), name);
    return trtc_api_check_value(f, params, name, true, err) < 0 ? -1 : check_one(params, err);
}

static int check_storage(const cJSON *request, struct trtc_err *err)
{
    const cJSON *params = in(request, "StorageParams"), *vod = in(params, "CloudVod");
    if (check_one(params, err) < 0)
        return -1;
    int64_t media = number(in(vod, "TencentVod"), "MediaType", 0);
    int64_t streams = number(in(request, "RecordParams"), "StreamType", 0);
    if ((media == 2 || media == 4) && streams != STREAM_AUDIO)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "StorageParams.CloudVod.TencentVod.MediaType: %lld (AAC) needs "
                         "RecordParams.StreamType 1",
                         (long long)media);
    return 0;
}

/* ---- the picture ---- */

static int64_t side(const cJSON *video, const char *name, int64_t other)
{
    int64_t n = number(video, name, other);
    return n >= 1 && n <= SIDE_MAX ? n : other;
}

/* The canvas of a request to create a task. NULL: unknown, so that only the API's own limit
 * applies. */
static struct canvas canvas_of(const cJSON *request)
{
    const cJSON *video = in(in(request, "MixTranscodeParams"), "VideoParams");
    if (!request)
        return (struct canvas){ SIDE_MAX, SIDE_MAX, "the largest canvas" };
    if (!video)
        return (struct canvas){ 360, 640, "the canvas without MixTranscodeParams.VideoParams" };
    return (struct canvas){ side(video, "Width", 360), side(video, "Height", 640), "the canvas" };
}

static int check_area(const cJSON *request, struct trtc_err *err)
{
    struct canvas c = canvas_of(request);
    if (c.w * c.h > PIXELS_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR,
                         "MixTranscodeParams.VideoParams.Width: %lld by Height %lld is over "
                         "1920x1080 pixels in all",
                         (long long)c.w, (long long)c.h);
    return 0;
}

static int check_inside(const cJSON *rect, const char *path, const struct canvas *c,
                        struct trtc_err *err)
{
    static const char *const names[][2] = { { "Left", "Width" }, { "Top", "Height" } };
    const int64_t limits[] = { c->w, c->h };
    for (size_t i = 0; i < 2; i++) {
        int64_t from = number(rect, names[i][0], 0), length = number(rect, names[i][1], 0);
        if (from > limits[i] || length > limits[i] - from)
            return trtc_fail(err, TRTC_EX_DATAERR,
                             "%s.%s: %s %lld and %s %lld extend beyond %s, %lldx%lld", path,
                             names[i][1], names[i][0], (long long)from, names[i][1],
                             (long long)length, c->from, (long long)c->w, (long long)c->h);
    }
    return 0;
}

static int check_mark(const cJSON *mark, const char *path, const struct canvas *c,
                      struct trtc_err *err)
{
    static const char *const members[] = { "WaterMarkImage", "WaterMarkChar",
                                           "WaterMarkTimestamp" };
    char at[TRTC_API_PATH_MAX];
    int64_t type = number(mark, "WaterMarkType", 0);
    const cJSON *member = in(mark, members[type]);
    trtc_api_join(path, members[type], at);
    if (!member)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s is missing (WaterMarkType %lld)", at,
                         (long long)type);
    return type == 2 ? 0 : check_inside(member, at, c, err);
}

static int check_layout(const cJSON *layout, const char *path, const struct canvas *c,
                        struct trtc_err *err)
{
    const cJSON *item, *list = in(layout, "MixLayoutList");
    char at[TRTC_API_PATH_MAX];
    int i = 0;
    if (cJSON_GetArraySize(list) > 0 && number(layout, "MixLayoutMode", 0) != LAYOUT_CUSTOM)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s.MixLayoutList: only allowed in MixLayoutMode 4",
                         path);
    cJSON_ArrayForEach(item, list)
    {
        snprintf(at, sizeof at, "%s.MixLayoutList[%d]", path, i++);
        if (check_inside(item, at, c, err) < 0)
            return -1;
    }
    i = 0;
    cJSON_ArrayForEach(item, in(layout, "WaterMarkList"))
    {
        snprintf(at, sizeof at, "%s.WaterMarkList[%d]", path, i++);
        if (check_mark(item, at, c, err) < 0)
            return -1;
    }
    return 0;
}

/* Refuses, in a recording of single streams, what only a mix has. */
static int check_mixed_only(const cJSON *request, const cJSON *created, struct trtc_err *err)
{
    static const char *const names[] = { "MixTranscodeParams", "MixLayoutParams" };
    if (number(in(created, "RecordParams"), "RecordMode", 0) != MODE_SINGLE)
        return 0;
    for (size_t i = 0; i < 2; i++)
        if (in(request, names[i]))
            return trtc_fail(err, TRTC_EX_DATAERR,
                             "%s: only allowed in mixed recordings, and this one has "
                             "RecordParams.RecordMode 1",
                             names[i]);
    return 0;
}

/* ---- requests ---- */

int trtc_api_check_modify(const struct cJSON *request, const struct cJSON *created,
                          struct trtc_err *err)
{
    const struct canvas c = canvas_of(created);
    if (trtc_api_check_table(request, TRTC_MODIFY, err) < 0 ||
        check_mixed_only(request, created, err) < 0 ||
        check_lists(in(request, "SubscribeStreamUserIds"), "SubscribeStreamUserIds",
                    text(created, "UserId"), err) < 0)
        return -1;
    return check_layout(in(request, "MixLayoutParams"), "MixLayoutParams", &c, err);
}

static int check_create(const cJSON *request, struct trtc_err *err)
{
    const struct canvas c = canvas_of(request);
    const cJSON *lists = in(in(request, "RecordParams"), "SubscribeStreamUserIds");
    if (trtc_api_check_table(request, TRTC_CREATE, err) < 0 || check_room(request, err) < 0 ||
        check_lists(lists, "RecordParams.SubscribeStreamUserIds", text(request, "UserId"), err) <
            0 ||
        check_storage(request, err) < 0 || check_mixed_only(request, request, err) < 0 ||
        check_area(request, err) < 0)
        return -1;
    return check_layout(in(request, "MixLayoutParams"), "MixLayoutParams", &c, err);
}

int trtc_api_check(const struct cJSON *request, enum trtc_action action, struct trtc_err *err)
{
    return action == TRTC_CREATE   ? check_create(request, err)
           : action == TRTC_MODIFY ? trtc_api_check_modify(request, NULL, err)
                                   : trtc_api_check_table(request, action, err);
}
