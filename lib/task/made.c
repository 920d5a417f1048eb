/* SPDX-License-Identifier: MIT */
/* The files that are made at the end. */
#include "task/made.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "api/events.h"
#include "base/json.h"
#include "base/json_put.h"
#include "task/index.h"

void trtc_made_fini(struct trtc_made *m)
{
    cJSON_Delete(m->files);
    cJSON_Delete(m->messages);
    *m = (struct trtc_made){ 0 };
}

static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text(const cJSON *object, const char *name)
{
    const char *s = cJSON_GetStringValue(in(object, name));
    return s ? s : "";
}

static void put_time(cJSON **to, const char *key, const cJSON *line, const char *from)
{
    int64_t ms = 0;
    trtc_json_int(line, "", from, 0, TRTC_EVENT_MS_MAX, &ms, NULL);
    trtc_json_put_number(to, key, (double)ms);
}

static cJSON *message(const cJSON *line)
{
    const bool sound = cJSON_IsObject(in(line, "audio")),
               picture = cJSON_IsObject(in(line, "video"));
    const char *media = text(line, "media");
    cJSON *m = cJSON_CreateObject();
    trtc_json_put_text(&m, "FileName", trtc_file_name(text(line, "path")));
    trtc_json_put_text(&m, "UserId", text(line, "user"));
    trtc_json_put_text(&m, "TrackType",
                       sound && picture ? "audio_video"
                       : sound          ? "audio"
                                        : "video");
    trtc_json_put_text(&m, "MediaId",
                       strcmp(media, "main") == 0 || strcmp(media, "aux") == 0 ? media : "mix");
    put_time(&m, "StartTimeStamp", line, "start_ms");
    put_time(&m, "EndTimeStamp", line, "end_ms");
    return m;
}

/* Appends value to *array, which is created if it is NULL. */
static int push(cJSON **array, cJSON *value, struct trtc_err *err)
{
    if (!*array)
        *array = cJSON_CreateArray();
    trtc_json_push(array, value);
    return *array ? 0 : trtc_fail_nomem(err);
}

static int take(struct trtc_made *m, const cJSON *line, char **path, struct trtc_err *err)
{
    const char *file = text(line, "path");
    if (!*file)
        return 0;
    if (push(&m->files, cJSON_CreateString(trtc_file_name(file)), err) < 0 ||
        push(&m->messages, message(line), err) < 0)
        return -1;
    *path = strdup(file);
    return *path ? 0 : trtc_fail_nomem(err);
}

int trtc_made_take(struct trtc_made *m, const char *line, size_t n, char **path,
                   struct trtc_err *err)
{
    cJSON *j = trtc_json_parse("the line", line, n, err);
    *path = NULL;
    const int ret = j ? take(m, j, path, err) : -1;
    cJSON_Delete(j);
    return ret;
}

cJSON *trtc_made_payload(const struct trtc_made *m)
{
    cJSON *p = cJSON_CreateObject();
    trtc_json_put(&p, "FileList", m->files ? cJSON_Duplicate(m->files, true) : cJSON_CreateArray());
    trtc_json_put(&p, "FileMessage",
                  m->messages ? cJSON_Duplicate(m->messages, true) : cJSON_CreateArray());
    trtc_json_put_number(&p, "Status", m->status);
    return p;
}
