/* SPDX-License-Identifier: MIT */
/* The index files of a task. */
#include "task/index.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/events.h"
#include "base/array.h"
#include "base/json.h"
#include "base/json_put.h"
#include "playlist/name.h"

#define LIST ".m3u8"

static const char *const tracks[] = { "audio", "video", "audio_video" };

const char *trtc_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *track_of(const char *word)
{
    for (size_t i = 0; word && i < sizeof tracks / sizeof *tracks; i++)
        if (strcmp(word, tracks[i]) == 0)
            return tracks[i];
    return word && strcmp(word, "av") == 0 ? "audio_video" : NULL;
}

/* ---- what trtc-hls prints ---- */

static int read_file(const cJSON *j, struct trtc_hls_line *out, struct trtc_err *err)
{
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "kind"));
    const char *path = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "path"));
    const char *track = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j, "track"));
    if (!kind)
        return trtc_fail(err, TRTC_EX_DATAERR, "the line has no kind");
    out->playlist = strcmp(kind, "playlist") == 0;
    if (!out->playlist && strcmp(kind, "segment") != 0)
        return 0;
    out->track = track_of(track);
    if (!path || strlen(path) > TRTC_TASK_PATH_MAX || !out->track)
        return trtc_fail(err, TRTC_EX_DATAERR, "the line has no path or track");
    snprintf(out->path, sizeof out->path, "%s", path);
    if (trtc_json_int(j, "", "start_ms", 0, TRTC_EVENT_MS_MAX, &out->start_ms, err) != 1 ||
        trtc_json_int(j, "", "duration_ms", 0, TRTC_EVENT_MS_MAX, &out->duration_ms, err) != 1)
        return trtc_fail(err, TRTC_EX_DATAERR, "the line has no time");
    return 1;
}

int trtc_hls_line_read(const char *line, size_t n, struct trtc_hls_line *out, struct trtc_err *err)
{
    cJSON *j = trtc_json_parse("the line", line, n, err);
    *out = (struct trtc_hls_line){ 0 };
    if (!j)
        return -1;
    const int ret = cJSON_IsObject(j)
                        ? read_file(j, out, err)
                        : trtc_fail(err, TRTC_EX_DATAERR, "the line is not an object");
    cJSON_Delete(j);
    return ret;
}

/* ---- the list ---- */

void trtc_index_fini(struct trtc_index *x)
{
    for (size_t i = 0; i < x->n; i++) {
        free(x->items[i].name);
        free(x->items[i].user);
    }
    free(x->items);
    *x = (struct trtc_index){ 0 };
}

static struct trtc_index_file *find(const struct trtc_index *x, const char *name)
{
    for (size_t i = 0; i < x->n; i++)
        if (strcmp(x->items[i].name, name) == 0)
            return &x->items[i];
    return NULL;
}

static int add(struct trtc_index *x, const struct trtc_index_file *f, struct trtc_err *err)
{
    struct trtc_index_file copy = *f;
    struct trtc_name name;
    if (trtc_name_parse(f->name, strlen(f->name), TRTC_ROOM_AUTO, &name, NULL, err) < 0)
        return -1;
    copy.ha = name.ha;
    copy.media = name.media == TRTC_MEDIA_NONE ? "mix" : trtc_name_media(name.media);
    copy.name = strdup(f->name);
    copy.user = strdup(f->user);
    if (!copy.name || !copy.user ||
        trtc_array_reserve(&x->items, &x->cap, x->n + 1, sizeof *x->items) < 0) {
        free(copy.name);
        free(copy.user);
        return trtc_fail_nomem(err);
    }
    x->items[x->n++] = copy;
    return 1;
}

/* Returns the playlist of a segment: the one with the longest name that the segment's begins
 * with. */
static struct trtc_index_file *list_of(const struct trtc_index *x, const char *segment)
{
    struct trtc_index_file *best = NULL;
    size_t most = 0;
    for (size_t i = 0; i < x->n; i++) {
        const size_t n = strlen(x->items[i].name) - strlen(LIST);
        if (n > most && strncmp(segment, x->items[i].name, n) == 0 && segment[n] == '_') {
            best = &x->items[i];
            most = n;
        }
    }
    return best;
}

static void note_segment(struct trtc_index *x, const char *name, int64_t end_ms)
{
    struct trtc_index_file *f = list_of(x, name);
    if (f && (f->end_ms == TRTC_NOTIME || f->end_ms < end_ms))
        f->end_ms = end_ms;
}

int trtc_index_note(struct trtc_index *x, const char *user, const struct trtc_hls_line *l,
                    struct trtc_err *err)
{
    const char *name = trtc_file_name(l->path);
    const struct trtc_index_file made = { .name = (char *)name,
                                          .user = (char *)user,
                                          .track = l->track,
                                          .begin_ms = l->start_ms,
                                          .end_ms = l->start_ms + l->duration_ms };
    if (!l->playlist)
        note_segment(x, name, made.end_ms);
    return l->playlist && !find(x, name) ? add(x, &made, err) : 0;
}

int trtc_index_take(struct trtc_index *x, const cJSON *payload, struct trtc_err *err)
{
    struct trtc_index_file f = { .end_ms = TRTC_NOTIME };
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(payload, "FileName");
    const cJSON *user = cJSON_GetObjectItemCaseSensitive(payload, "UserId");
    const cJSON *track = cJSON_GetObjectItemCaseSensitive(payload, "TrackType");
    struct trtc_err why = { 0 };
    f.name = cJSON_GetStringValue(name);
    f.user = cJSON_GetStringValue(user);
    f.track = track_of(cJSON_GetStringValue(track));
    if (!f.name || !f.user || !f.track || find(x, f.name) ||
        trtc_json_int(payload, "", "BeginTimeStamp", 0, TRTC_EVENT_MS_MAX, &f.begin_ms, NULL) != 1)
        return 0;
    if (add(x, &f, &why) >= 0 || why.code == TRTC_EX_DATAERR)
        return 0;
    *err = why;
    return -1;
}

int trtc_index_ha(const struct trtc_index *x, const char *user, const char *media)
{
    int ha = 0;
    for (size_t i = 0; i < x->n; i++)
        if (x->items[i].ha > ha && strcmp(x->items[i].user, user) == 0 &&
            strcmp(x->items[i].media, media) == 0)
            ha = x->items[i].ha;
    return ha;
}

/* ---- as JSON ---- */

cJSON *trtc_index_payload(const struct trtc_index_file *f)
{
    cJSON *j = cJSON_CreateObject();
    trtc_json_put_text(&j, "FileName", f->name);
    trtc_json_put_text(&j, "UserId", f->user);
    trtc_json_put_text(&j, "TrackType", f->track);
    trtc_json_put_number(&j, "BeginTimeStamp", (double)f->begin_ms);
    return j;
}

cJSON *trtc_index_streams(const struct trtc_index *x)
{
    cJSON *all = cJSON_CreateArray();
    for (size_t i = 0; i < x->n; i++) {
        const struct trtc_index_file *f = &x->items[i];
        cJSON *j = cJSON_CreateObject();
        trtc_json_put_text(&j, "UserId", f->user);
        trtc_json_put_text(&j, "MediaId", f->media);
        trtc_json_put_text(&j, "TrackType", f->track);
        trtc_json_put_text(&j, "FileName", f->name);
        trtc_json_put_number(&j, "BeginTimeStamp", (double)f->begin_ms);
        if (f->end_ms != TRTC_NOTIME)
            trtc_json_put_number(&j, "EndTimeStamp", (double)f->end_ms);
        trtc_json_push(&all, j);
    }
    return all;
}
