/* SPDX-License-Identifier: MIT */
/* Callbacks about files in VOD. FileId and VideoUrl come from VOD, or from trtc-recd when a
 * directory stands for VOD. */
#include "vod.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../clock.h"
#include "base/array.h"
#include "base/json_put.h"
#include "service/task_line.h"

struct known { /* where a file is stored */
    char *path, *file_id, *url;
};

struct list {         /* the playlists of a task, or one file */
    const char *path; /* of that file; NULL: playlists */
    struct known *v;
    size_t n, cap;
    bool failed;
};

static char *copy(const char *text)
{
    return text ? strdup(text) : NULL;
}

static bool look(void *arg, const struct trtc_file_row *f)
{
    struct list *l = arg;
    const bool proven = f->proven_seq > 0;
    if (l->path ? strcmp(f->path, l->path) != 0 : strcmp(f->type, "playlist") != 0)
        return true;
    if (trtc_array_reserve(&l->v, &l->cap, l->n + 1, sizeof *l->v) < 0) {
        l->failed = true;
        return false;
    }
    struct known *k = &l->v[l->n++];
    *k = (struct known){ copy(f->path), proven ? copy(f->file_id) : NULL,
                         proven ? copy(f->url) : NULL };
    l->failed = !k->path || (proven && f->file_id && !k->file_id);
    return !l->failed && !l->path;
}

static void list_fini(struct list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->v[i].path);
        free(l->v[i].file_id);
        free(l->v[i].url);
    }
    free(l->v);
}

static int list_read(const struct recd *r, const struct task *t, struct list *l,
                     struct trtc_err *err)
{
    if (trtc_store_files(r->store, t->row.id, look, l, err) < 0)
        return -1;
    return l->failed ? trtc_fail_nomem(err) : 0;
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
    cJSON *payload = cJSON_CreateObject(), *vod = cJSON_CreateObject();
    copy_members(&vod, message, k->file_id ? all : failed);
    trtc_json_put_text(&vod, "CacheFile", trtc_task_file_name(k->path));
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

static int tell_one(struct recd *r, struct task *t, const cJSON *message, const struct known *k,
                    struct trtc_err *err)
{
    const struct recd_teller teller = { r, &t->row };
    cJSON *payload = payload_of(message, k);
    return payload ? recd_tell((void *)(uintptr_t)&teller, 311, clock_real_ms(), payload, err)
                   : trtc_fail_nomem(err);
}

static const char *name_of(const cJSON *message)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(message, "FileName"));
}

/* ---- playlists ---- */

/* Returns the stream with this playlist; NULL: the status is missing, or older than the
 * playlist. */
static const cJSON *find_stream(const cJSON *status, const char *name)
{
    const cJSON *stream;
    cJSON_ArrayForEach(stream, cJSON_GetObjectItemCaseSensitive(status, "Streams"))
    {
        const char *is = name_of(stream);
        if (is && strcmp(is, name) == 0)
            return stream;
    }
    return NULL;
}

/* Turns a stream of status.json into a member of FileMessage. */
static cJSON *message_of(const cJSON *stream, int64_t end_ms)
{
    static const char *const members[] = { "UserId", "TrackType", "MediaId", NULL };
    const cJSON *begin = cJSON_GetObjectItemCaseSensitive(stream, "BeginTimeStamp");
    const cJSON *end = cJSON_GetObjectItemCaseSensitive(stream, "EndTimeStamp");
    cJSON *message = cJSON_CreateObject();
    if (!stream)
        return message;
    copy_members(&message, stream, members);
    trtc_json_put_number(&message, "StartTimeStamp",
                         cJSON_IsNumber(begin) ? begin->valuedouble : 0);
    trtc_json_put_number(&message, "EndTimeStamp",
                         cJSON_IsNumber(end) ? end->valuedouble : (double)end_ms);
    return message;
}

int vod_tell_playlists(struct recd *r, struct task *t, struct trtc_err *err)
{
    struct list l = { .path = NULL };
    struct trtc_err why = { 0 };
    cJSON *status = task_json(t->dir, "status.json", &why);
    int ret =
        trtc_is_shortage(&why) ? trtc_fail(err, why.code, "%s", why.msg) : list_read(r, t, &l, err);
    for (size_t i = 0; i < l.n && ret == 0; i++) {
        const cJSON *stream = find_stream(status, trtc_task_file_name(l.v[i].path));
        cJSON *message = message_of(stream, t->row.exited_ms);
        ret = message ? tell_one(r, t, message, &l.v[i], err) : trtc_fail_nomem(err);
        cJSON_Delete(message);
    }
    list_fini(&l);
    cJSON_Delete(status);
    return ret;
}

/* ---- files made from a recording ---- */

static int tell_made(struct recd *r, struct task *t, const cJSON *message,
                     const struct vod_which *which, struct trtc_err *err)
{
    char path[300];
    const char *name = name_of(message);
    struct list l = { .path = path };
    snprintf(path, sizeof path, "files/%.255s", name ? name : "");
    int ret = list_read(r, t, &l, err);
    const struct known unknown = { .path = path }, *k = l.n ? l.v : &unknown;
    if (ret == 0 && (k->file_id ? which->uploaded : which->others))
        ret = tell_one(r, t, message, k, err);
    list_fini(&l);
    return ret;
}

int vod_tell(struct recd *r, struct task *t, const struct cJSON *made,
             const struct vod_which *which, struct trtc_err *err)
{
    const cJSON *message;
    cJSON_ArrayForEach(message, cJSON_GetObjectItemCaseSensitive(made, "FileMessage"))
    {
        if (tell_made(r, t, message, which, err) < 0)
            return -1;
    }
    return 0;
}
