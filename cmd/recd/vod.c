/* SPDX-License-Identifier: MIT */
/* Callbacks about files in VOD. FileId and VideoUrl come from VOD, or from trtc-recd when a
 * directory stands for VOD. */
#include "vod.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"
#include "base/json_put.h"

struct known { /* where a file is stored */
    const char *path;
    char *file_id, *url;
};

static bool look(void *arg, const struct trtc_file_row *f)
{
    struct known *k = arg;
    if (strcmp(f->path, k->path) != 0)
        return true;
    k->file_id = f->file_id && f->proven_seq ? strdup(f->file_id) : NULL;
    k->url = f->url && f->proven_seq ? strdup(f->url) : NULL;
    return false;
}

static void copy_members(cJSON **to, const cJSON *from, const char *const *names)
{
    for (; *names; names++) {
        const cJSON *m = cJSON_GetObjectItemCaseSensitive(from, *names);
        if (m)
            trtc_json_put(to, *names, cJSON_Duplicate(m, true));
    }
}

static cJSON *payload_of(const cJSON *message, const struct known *k)
{
    static const char *const failed[] = { "UserId", "TrackType", NULL };
    static const char *const all[] = { "UserId",         "TrackType",    "MediaId",
                                       "StartTimeStamp", "EndTimeStamp", NULL };
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "FileName"));
    cJSON *payload = cJSON_CreateObject(), *vod = cJSON_CreateObject();
    copy_members(&vod, message, k->file_id ? all : failed);
    trtc_json_put_text(&vod, "CacheFile", name ? name : "");
    if (k->file_id) {
        trtc_json_put_text(&vod, "FileId", k->file_id);
        trtc_json_put_text(&vod, "VideoUrl", k->url ? k->url : "");
    }
    trtc_json_put_number(&payload, "Status", k->file_id ? 0 : 1);
    if (!k->file_id)
        trtc_json_put_text(&payload, "Errmsg", "it is not uploaded yet");
    trtc_json_put(&payload, "TencentVod", vod);
    return payload;
}

static int tell_one(struct recd *r, struct task *t, const cJSON *message, struct trtc_err *err)
{
    const struct recd_teller teller = { r, &t->row };
    char path[300];
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "FileName"));
    struct known k = { .path = path };
    snprintf(path, sizeof path, "files/%.255s", name ? name : "");
    if (trtc_store_files(r->store, t->row.id, look, &k, err) < 0)
        return -1;
    cJSON *payload = payload_of(message, &k);
    free(k.file_id);
    free(k.url);
    return payload ? recd_tell((void *)(uintptr_t)&teller, 311, clock_real_ms(), payload, err)
                   : trtc_fail_nomem(err);
}

/* Turns a stream of status.json into a member of FileMessage. */
static cJSON *message_of(const cJSON *stream, int64_t end_ms)
{
    static const char *const members[] = { "FileName", "UserId", "TrackType", "MediaId", NULL };
    const cJSON *begin = cJSON_GetObjectItemCaseSensitive(stream, "BeginTimeStamp");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(stream, "EndTimeStamp");
    cJSON *message = cJSON_CreateObject();
    copy_members(&message, stream, members);
    trtc_json_put_number(&message, "StartTimeStamp",
                         cJSON_IsNumber(begin) ? begin->valuedouble : 0);
    trtc_json_put_number(&message, "EndTimeStamp",
                         cJSON_IsNumber(end) ? end->valuedouble : (double)end_ms);
    return message;
}

int vod_tell_playlists(struct recd *r, struct task *t, struct trtc_err *err)
{
    cJSON *status = task_json(t->dir, "status.json");
    const cJSON *stream;
    int ret = 0;
    cJSON_ArrayForEach(stream, cJSON_GetObjectItemCaseSensitive(status, "Streams"))
    {
        const char *name =
            cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(stream, "FileName"));
        if (ret < 0 || !name || !strstr(name, ".m3u8"))
            continue;
        cJSON *message = message_of(stream, t->row.exited_ms);
        ret = message ? tell_one(r, t, message, err) : trtc_fail_nomem(err);
        cJSON_Delete(message);
    }
    cJSON_Delete(status);
    return ret;
}

int vod_tell(struct recd *r, struct task *t, const struct cJSON *made, struct trtc_err *err)
{
    const cJSON *message;
    cJSON_ArrayForEach(message, cJSON_GetObjectItemCaseSensitive(made, "FileMessage"))
    {
        if (tell_one(r, t, message, err) < 0)
            return -1;
    }
    return 0;
}
