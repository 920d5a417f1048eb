/* SPDX-License-Identifier: MIT */
/* The names that a task's files will have, and those that the service reports. */
#include "api/files.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "api/files_priv.h"
#include "base/array.h"
#include "base/b64.h"
#include "base/json.h"
#include "layout/subscribe.h"

#define WILDCARD    ".*$"
#define TIME_MAX_MS INT64_C(253402300799999) /* the year 9999 */

enum { MODE_SINGLE = 1, STREAM_AUDIO = 1, STREAM_VIDEO = 2, MEDIA_MAIN = 1, MEDIA_AUX = 2 };

/* ---- listings ---- */

const char *trtc_file_part(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

/* The slot of the first item with that name, or where it belongs. */
static size_t *slot_of(const struct trtc_listing *l, const char *file)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (const char *s = file; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    size_t i = (size_t)(h ^ h >> 29) & (l->nb_slots - 1);
    while (l->slots[i] && strcmp(trtc_file_part(l->items[l->slots[i] - 1].name), file) != 0)
        i = (i + 1) & (l->nb_slots - 1);
    return &l->slots[i];
}

/* Makes room for another item. */
static int reserve(struct trtc_listing *l)
{
    const size_t nb = l->nb_slots ? 2 * l->nb_slots : 16;
    if (trtc_array_room(&l->items, l->n, sizeof *l->items) < 0)
        return -1;
    if (2 * (l->n + 1) <= l->nb_slots)
        return 0;
    size_t *slots = calloc(nb, sizeof *slots);
    if (!slots)
        return -1;
    free(l->slots);
    l->slots = slots;
    l->nb_slots = nb;
    for (size_t i = l->n; i-- > 0;)
        *slot_of(l, trtc_file_part(l->items[i].name)) = i + 1;
    return 0;
}

struct trtc_listed *trtc_listing_add(struct trtc_listing *l, const char *dirs, const char *file)
{
    size_t nb_dirs = strlen(dirs), nb_file = strlen(file);
    if (reserve(l) < 0)
        return NULL;
    char *name = malloc(nb_dirs + nb_file + 1);
    if (!name)
        return NULL;
    memcpy(name, dirs, nb_dirs);
    memcpy(name + nb_dirs, file, nb_file + 1);
    struct trtc_listed *item = &l->items[l->n];
    *item = (struct trtc_listed){
        .name = name, .begin_ms = TRTC_NOTIME, .bytes = -1, .attr_bytes = -1
    };
    size_t *slot = slot_of(l, trtc_file_part(name));
    l->n++;
    if (!*slot)
        *slot = l->n;
    return item;
}

struct trtc_listed *trtc_listing_find(const struct trtc_listing *l, const char *file)
{
    const size_t nr = l->nb_slots ? *slot_of(l, file) : 0;
    return nr ? &l->items[nr - 1] : NULL;
}

void trtc_listing_fini(struct trtc_listing *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->items[i].name);
        free(l->items[i].user);
        free(l->items[i].fault);
    }
    free(l->items);
    free(l->slots);
    *l = (struct trtc_listing){ 0 };
}

int trtc_listed_describe(struct trtc_listed *item, const struct trtc_name *name)
{
    size_t n = 0, bad;
    if (!item->track)
        item->track = name->type == TRTC_AUDIO   ? "audio"
                      : name->type == TRTC_VIDEO ? "video"
                                                 : "audio_video";
    if (item->user || !name->user.p)
        return 0;
    item->user = malloc(TRTC_B64_DECODED_MAX(name->user.n) + 1);
    if (!item->user)
        return -1;
    if (trtc_b64_decode(name->user.p, name->user.n, (unsigned char *)item->user, &n, &bad) < 0)
        n = 0;
    item->user[n] = '\0';
    if (strlen(item->user) != n || n == 0) { /* an id that cannot be shown */
        free(item->user);
        item->user = NULL;
    }
    return 0;
}

/* ---- naming rules of a request ---- */

struct naming {
    char *dirs;            /* "PREFIX/TASK/" */
    struct trtc_name name; /* SdkAppId and room */
    char *room_b64;
    struct trtc_subscription sub;
    int64_t mode, streams, media, format, merge;
    bool vod;
    struct trtc_listing *out;
    struct trtc_err *err;
};

static size_t join(char *out, size_t at, const char *part)
{
    size_t n = strlen(part);
    memcpy(out + at, part, n);
    out[at + n] = '/';
    return at + n + 1;
}

/* Makes "PREFIX/TASK/". The caller frees it. NULL: out of memory. */
static char *make_dirs(const cJSON *request, const char *task)
{
    const cJSON *part, *storage = cJSON_GetObjectItemCaseSensitive(request, "StorageParams");
    const cJSON *bucket = cJSON_GetObjectItemCaseSensitive(storage, "CloudStorage");
    const cJSON *prefix = cJSON_GetObjectItemCaseSensitive(bucket, "FileNamePrefix");
    size_t n = strlen(task) + 2, at = 0;
    cJSON_ArrayForEach(part, prefix) n += cJSON_IsString(part) ? strlen(part->valuestring) + 1 : 0;
    char *dirs = malloc(n);
    if (!dirs)
        return NULL;
    cJSON_ArrayForEach(part, prefix) if (cJSON_IsString(part)) at =
        join(dirs, at, part->valuestring);
    if (*task)
        at = join(dirs, at, task);
    dirs[at] = '\0';
    return dirs;
}

static int read_room(struct naming *n, const cJSON *request)
{
    const char *room = NULL;
    int64_t type = 1;
    if (trtc_json_string(request, "", "RoomId", &room, n->err) < 0 ||
        trtc_json_int(request, "", "RoomIdType", 0, 1, &type, n->err) < 0)
        return -1;
    if (!room || !*room)
        return trtc_fail(n->err, TRTC_EX_DATAERR, "RoomId is missing, and file names depend on it");
    n->room_b64 = malloc(TRTC_B64_ENCODED_MAX(strlen(room)));
    if (!n->room_b64)
        return trtc_fail_nomem(n->err);
    return trtc_name_room(room, strlen(room), type ? TRTC_ROOM_INT : TRTC_ROOM_STRING, n->room_b64,
                          &n->name.room, n->err);
}

static int read_record(struct naming *n, const cJSON *request)
{
    static const char path[] = "RecordParams";
    const cJSON *params = NULL, *lists = NULL, *storage = NULL;
    if (trtc_json_object(request, "", path, &params, n->err) < 0 ||
        trtc_json_object(request, "", "StorageParams", &storage, n->err) < 0 ||
        trtc_json_int(params, path, "RecordMode", 1, 2, &n->mode, n->err) < 0 ||
        trtc_json_int(params, path, "StreamType", 0, 2, &n->streams, n->err) < 0 ||
        trtc_json_int(params, path, "MediaId", 0, 2, &n->media, n->err) < 0 ||
        trtc_json_int(params, path, "OutputFormat", 0, 4, &n->format, n->err) < 0 ||
        trtc_json_int(params, path, "AvMerge", 0, 1, &n->merge, n->err) < 0 ||
        trtc_json_object(params, path, "SubscribeStreamUserIds", &lists, n->err) < 0)
        return -1;
    n->vod = cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(storage, "CloudVod"));
    if (!n->mode)
        return trtc_fail(n->err, TRTC_EX_DATAERR,
                         "RecordParams.RecordMode is missing, and file names depend on it");
    return lists ? trtc_subscription_read(lists, "RecordParams.SubscribeStreamUserIds", &n->sub,
                                          n->err)
                 : 0;
}

static int read_request(struct naming *n, const cJSON *request, const char *task)
{
    if (!cJSON_IsObject(request))
        return trtc_fail(n->err, TRTC_EX_DATAERR, "the request: not an object");
    int found = trtc_json_int(request, "", "SdkAppId", 0, TRTC_NAME_SDKAPPID_MAX, &n->name.sdkappid,
                              n->err);
    if (found == 0)
        trtc_fail(n->err, TRTC_EX_DATAERR, "SdkAppId is missing, and file names depend on it");
    if (found <= 0 || read_room(n, request) < 0 || read_record(n, request) < 0)
        return -1;
    n->dirs = make_dirs(request, task);
    return n->dirs ? 0 : trtc_fail_nomem(n->err);
}

/* ---- names ---- */

/* The stream that a file contains; b64 NULL: the mix. */
struct whose {
    const char *user, *b64;
    enum trtc_media media;
};

/* Adds one expected name, with the parts that n->name lacks. */
static int expect(struct naming *n, const struct whose *w, enum trtc_kind type, enum trtc_ext ext,
                  bool both)
{
    const char *user = w->user, *user_b64 = w->b64;
    const enum trtc_media media = w->media;
    struct trtc_name name = n->name;
    name.utc_ms = TRTC_NOTIME;
    name.ext = ext;
    if (user_b64) {
        name.user = (struct trtc_span){ user_b64, strlen(user_b64) };
        name.media = media;
        name.type = ext == TRTC_EXT_MP4 ? TRTC_NO_KIND : type;
    }
    size_t size = trtc_name_size(&name);
    char *file = malloc(size);
    if (!file)
        return trtc_fail_nomem(n->err);
    int ret = trtc_name_format(&name, file, size, NULL, n->err);
    struct trtc_listed *item = NULL;
    if (ret == 0 && !(item = trtc_listing_find(n->out, file)) &&
        !(item = trtc_listing_add(n->out, n->dirs, file)))
        ret = trtc_fail_nomem(n->err);
    free(file);
    if (ret < 0)
        return -1;
    item->found |= TRTC_FILE_EXPECTED;
    item->track = both ? "audio_video" : trtc_name_type(type);
    item->maybe = media == TRTC_MEDIA_AUX && n->media != MEDIA_AUX;
    if (user && !item->user && !(item->user = strdup(user)))
        return trtc_fail_nomem(n->err);
    return 0;
}

/* Adds the files of one media: sound and picture in separate files or in one. */
static int expect_media(struct naming *n, const struct whose *w, bool audio, bool video)
{
    bool hls = n->format <= 2, mp4 = n->format == 1 || n->format == 3;
    bool both = audio && video, together = !w->user || n->merge;
    enum trtc_kind type = video ? TRTC_VIDEO : TRTC_AUDIO;
    if (!audio && !video)
        return 0;
    if (hls && both && !together && expect(n, w, TRTC_AUDIO, TRTC_EXT_M3U8, false) < 0)
        return -1;
    if (hls && expect(n, w, type, TRTC_EXT_M3U8, both && together) < 0)
        return -1;
    return mp4 ? expect(n, w, type, TRTC_EXT_MP4, both) : 0;
}

static int expect_user(struct naming *n, const char *user, const char *const *users, size_t nb)
{
    bool audio = n->streams != STREAM_VIDEO && trtc_subscribed(&n->sub, false, user, users, nb);
    bool video = n->streams != STREAM_AUDIO && trtc_subscribed(&n->sub, true, user, users, nb);
    char *b64 = malloc(TRTC_B64_ENCODED_MAX(strlen(user)));
    if (!b64)
        return trtc_fail_nomem(n->err);
    trtc_b64_encode(user, strlen(user), b64);
    int ret = 0;
    if (n->media != MEDIA_AUX)
        ret = expect_media(n, &(struct whose){ user, b64, TRTC_MEDIA_MAIN }, audio, video);
    if (ret == 0 && n->media != MEDIA_MAIN) /* a substream has no sound of its own */
        ret = expect_media(n, &(struct whose){ user, b64, TRTC_MEDIA_AUX }, false, video);
    free(b64);
    return ret;
}

static bool is_pattern(const char *entry)
{
    size_t n = strlen(entry), k = sizeof WILDCARD - 1;
    return n >= k && strcmp(entry + n - k, WILDCARD) == 0;
}

/* Adds the users of both lists. A user in both lists is expected once. */
static int expect_listed(struct naming *n)
{
    const struct trtc_user_list *lists[] = { &n->sub.allow_audio, &n->sub.allow_video };
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < lists[k]->n; i++)
            if (!is_pattern(lists[k]->items[i]) && expect_user(n, lists[k]->items[i], NULL, 0) < 0)
                return -1;
    return 0;
}

static int expect_all(struct naming *n, const char *const *users, size_t nb_users)
{
    if (n->vod)
        return 0;
    if (n->mode != MODE_SINGLE)
        return expect_media(n, &(struct whose){ .media = TRTC_MEDIA_NONE },
                            n->streams != STREAM_VIDEO, n->streams != STREAM_AUDIO);
    if (!users)
        return expect_listed(n);
    for (size_t i = 0; i < nb_users; i++)
        if (expect_user(n, users[i], users, nb_users) < 0)
            return -1;
    return 0;
}

int trtc_files_expected(const struct cJSON *request, const char *task, const char *const *users,
                        size_t nb_users, struct trtc_listing *out, struct trtc_err *err)
{
    struct naming n = { .out = out, .err = err };
    int ret = read_request(&n, request, task);
    if (ret == 0)
        ret = expect_all(&n, users, nb_users);
    trtc_subscription_fini(&n.sub);
    free(n.room_b64);
    free(n.dirs);
    return ret;
}

/* ---- reported files ---- */

static const char *track_of(const char *text)
{
    static const char *const tracks[] = { "audio", "video", "audio_video" };
    for (size_t i = 0; text && i < sizeof tracks / sizeof tracks[0]; i++)
        if (strcmp(text, tracks[i]) == 0)
            return tracks[i];
    return NULL;
}

/* A number, or a string of digits (in the callbacks of some versions). */
static int64_t time_of(const cJSON *item)
{
    char *end = NULL;
    double ms = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (cJSON_IsString(item) && *item->valuestring) {
        ms = strtod(item->valuestring, &end);
        if (*end)
            ms = -1;
    }
    return ms >= 1 && ms <= (double)TIME_MAX_MS ? (int64_t)ms : TRTC_NOTIME;
}

static int report(const cJSON *file, int i, const char *dirs, struct trtc_listing *out,
                  struct trtc_err *err)
{
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "FileName"));
    const char *user = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "UserId"));
    const char *track = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(file, "TrackType"));
    struct trtc_name parts;
    if (!name || !*trtc_file_part(name))
        return trtc_fail(err, TRTC_EX_DATAERR, "StorageFileList[%d].FileName: missing", i);
    struct trtc_listed *item = trtc_listing_find(out, trtc_file_part(name));
    if (!item)
        item = trtc_listing_add(out, strchr(name, '/') ? "" : dirs, name);
    if (!item)
        return trtc_fail_nomem(err);
    item->found |= TRTC_FILE_REPORTED;
    item->begin_ms = time_of(cJSON_GetObjectItemCaseSensitive(file, "BeginTimeStamp"));
    if (track_of(track))
        item->track = track_of(track);
    if (user && *user && !item->user && !(item->user = strdup(user)))
        return trtc_fail_nomem(err);
    name = trtc_file_part(item->name);
    if (trtc_name_parse(name, strlen(name), TRTC_ROOM_AUTO, &parts, NULL, NULL) == 0 &&
        trtc_listed_describe(item, &parts) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

int trtc_files_reported(const struct cJSON *list, const struct cJSON *request, const char *task,
                        struct trtc_listing *out, struct trtc_err *err)
{
    const cJSON *file;
    int i = 0, ret = 0;
    if (!list || cJSON_IsNull(list))
        return 0;
    if (!cJSON_IsArray(list))
        return trtc_fail(err, TRTC_EX_DATAERR, "StorageFileList: not an array");
    char *dirs = make_dirs(request, task);
    if (!dirs)
        return trtc_fail_nomem(err);
    cJSON_ArrayForEach(file, list)
    {
        ret = report(file, i++, dirs, out, err);
        if (ret < 0)
            break;
    }
    free(dirs);
    return ret;
}
