/* SPDX-License-Identifier: MIT */
/* Reads the lines and the status of a task. They come from a program that handles media from
 * strangers, so every member is checked. */
#include "service/task_line.h"

#include <cjson/cJSON.h>
#include <string.h>

#include "base/json.h"
#include "base/json_put.h"

static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* Accepts only files/NAME, where NAME contains no '/' and does not begin with '.'. */
static int check_path(const char *path, struct trtc_err *err)
{
    static const char start[] = "files/";
    const char *name = path + sizeof start - 1;
    if (strncmp(path, start, sizeof start - 1) != 0 || !*name || strchr(name, '/') ||
        *name == '.' || strlen(name) > 255)
        return trtc_fail(err, TRTC_EX_DATAERR, "File: not files/NAME");
    for (const char *c = name; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return trtc_fail(err, TRTC_EX_DATAERR, "File: control characters");
    return 0;
}

static int read_event(struct trtc_task_line *l, struct trtc_err *err)
{
    int64_t type = 0;
    const cJSON *payload = NULL;
    const int has = trtc_json_int(l->json, "", "EventType", 301, 312, &type, err);
    if (has <= 0)
        return has;
    if (trtc_json_object(l->json, "", "Payload", &payload, err) < 0)
        return -1;
    if (!payload)
        return trtc_fail(err, TRTC_EX_DATAERR, "EventType without Payload");
    l->kind = TRTC_LINE_EVENT;
    l->type = (int)type;
    l->payload = payload;
    return 1;
}

static int read_file(struct trtc_task_line *l, struct trtc_err *err)
{
    static const char *const types[] = { "segment", "playlist", "mp4", "aac" };
    const int has = trtc_json_string(l->json, "", "File", &l->file, err);
    const char *type = NULL;
    if (has <= 0)
        return has;
    if (check_path(l->file, err) < 0 || trtc_json_string(l->json, "", "Type", &type, err) < 0)
        return -1;
    for (size_t i = 0; type && i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i], type) == 0)
            l->file_type = types[i];
    if (!l->file_type)
        return trtc_fail(err, TRTC_EX_DATAERR, "File: of no known Type");
    l->kind = TRTC_LINE_FILE;
    return 1;
}

static int read_loss(struct trtc_task_line *l, struct trtc_err *err)
{
    const int has = trtc_json_string(l->json, "", "Loss", &l->loss, err);
    if (has <= 0)
        return has;
    l->user = "";
    if (trtc_json_string(l->json, "", "UserId", &l->user, err) < 0)
        return -1;
    l->kind = TRTC_LINE_LOSS;
    return 1;
}

static int read_end(struct trtc_task_line *l, struct trtc_err *err)
{
    const cJSON *end = NULL;
    const int has = trtc_json_object(l->json, "", "End", &end, err);
    if (has <= 0)
        return has;
    if (trtc_json_int(end, "End", "Status", 0, 1, &l->end_status, err) < 0 ||
        trtc_json_int(end, "End", "ExitStatus", 0, 255, &l->exit_status, err) < 0)
        return -1;
    l->kind = TRTC_LINE_END;
    return 1;
}

static int read_made(struct trtc_task_line *l, struct trtc_err *err)
{
    const int has = trtc_json_object(l->json, "", "Made", &l->made, err);
    if (has == 1)
        l->kind = TRTC_LINE_MADE;
    return has;
}

static int read_members(struct trtc_task_line *l, struct trtc_err *err)
{
    static int (*const readers[])(struct trtc_task_line *,
                                  struct trtc_err *) = { read_event, read_file, read_loss,
                                                         read_made, read_end };
    if (!cJSON_IsObject(l->json))
        return trtc_fail(err, TRTC_EX_DATAERR, "not an object");
    if (trtc_json_int(l->json, "", "Seq", 1, INT64_C(1) << 53, &l->seq, err) < 0 ||
        trtc_json_int(l->json, "", "EventMsTs", 0, INT64_C(1) << 53, &l->event_ms, err) < 0)
        return -1;
    if (!l->seq)
        return trtc_fail(err, TRTC_EX_DATAERR, "no Seq");
    for (size_t i = 0; i < sizeof readers / sizeof readers[0]; i++) {
        const int has = readers[i](l, err);
        if (has)
            return has < 0 ? -1 : 0;
    }
    return 0;
}

int trtc_task_line_read(const char *text, size_t n, struct trtc_task_line *out,
                        struct trtc_err *err)
{
    *out = (struct trtc_task_line){ 0 };
    if (!trtc_json_is_whole(text, n))
        return trtc_fail(err, TRTC_EX_DATAERR, "it is not as it was written");
    out->json = trtc_json_parse("events.ndjson", text, n, err);
    if (out->json && read_members(out, err) == 0)
        return 0;
    trtc_task_line_fini(out);
    return -1;
}

void trtc_task_line_fini(struct trtc_task_line *line)
{
    cJSON_Delete(line->json);
    *line = (struct trtc_task_line){ 0 };
}

const char *trtc_task_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- the status ---- */

const char *trtc_task_status(const struct cJSON *status)
{
    static const char *const all[] = { "Idle", "InProgress", "Exited" };
    const char *is = cJSON_GetStringValue(in(status, "Status"));
    for (size_t i = 0; is && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(is, all[i]) == 0)
            return all[i];
    return "Idle";
}

static bool is_playlist(const char *name)
{
    const size_t n = name ? strlen(name) : 0;
    return n > 5 && strcmp(name + n - 5, ".m3u8") == 0;
}

struct cJSON *trtc_task_file_list(const struct cJSON *status)
{
    static const char *const members[] = { "UserId", "FileName", "TrackType", "BeginTimeStamp" };
    cJSON *list = cJSON_CreateArray();
    const cJSON *stream, *streams = in(status, "Streams");
    cJSON_ArrayForEach(stream, streams)
    {
        cJSON *file = NULL;
        const char *name = cJSON_GetStringValue(in(stream, "FileName"));
        if (!name || !is_playlist(name))
            continue;
        file = cJSON_CreateObject();
        for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
            const cJSON *m = in(stream, members[i]);
            if (cJSON_IsString(m) || cJSON_IsNumber(m))
                trtc_json_put(&file, members[i], cJSON_Duplicate(m, false));
        }
        if (!in(file, "UserId"))
            trtc_json_put_text(&file, "UserId", "");
        trtc_json_push(&list, file);
    }
    return list;
}
