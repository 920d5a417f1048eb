/* SPDX-License-Identifier: MIT */
/* Makes the request from files and options. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>
#include <openssl/crypto.h>

#include "../cli.h"
#include "api/change.h"
#include "base/json.h"
#include "request.h"

/* ---- files ---- */

/* Doubles the buffer, and wipes the old one. On failure the buffer is freed. */
static char *grow(char *buf, size_t n, size_t *room)
{
    char *more = malloc(2 * *room);
    if (more)
        memcpy(more, buf, n);
    OPENSSL_cleanse(buf, n);
    free(buf);
    *room *= 2;
    return more;
}

static int fail_read(int errnum, size_t got, const char *path, struct trtc_err *err)
{
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errnum, "%s", path);
    if (got > TRTC_JSON_MAX_BYTES)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: over %d bytes", path, TRTC_JSON_MAX_BYTES);
    return trtc_fail_nomem(err);
}

static int read_all(int fd, const char *path, char **text, size_t *n, struct trtc_err *err)
{
    size_t room = 4096, got = 0;
    int errnum = 0;
    ssize_t r = 1;
    char *buf = malloc(room);
    while (buf && r && !errnum && got <= TRTC_JSON_MAX_BYTES) {
        r = read(fd, buf + got, room - got);
        if (r < 0 && (errno != EINTR || cli_signal))
            errnum = errno;
        got += r > 0 ? (size_t)r : 0;
        if (got == room)
            buf = grow(buf, got, &room);
    }
    if (buf && !r) {
        *text = buf;
        *n = got;
        return 0;
    }
    if (buf)
        OPENSSL_cleanse(buf, got);
    free(buf);
    return fail_read(errnum, got, path, err);
}

int rec_read(const char *path, bool secret, char **text, size_t *n, struct trtc_err *err)
{
    const bool is_stdin = strcmp(path, "-") == 0;
    const int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    int ret = -1;
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
    if (secret && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077))
        trtc_fail(err, TRTC_EX_NOPERM, "%s holds secrets, and others may read it: chmod 600", path);
    else
        ret = read_all(fd, is_stdin ? "standard input" : path, text, n, err);
    if (!is_stdin)
        close(fd);
    return ret;
}

static cJSON *read_json(const char *path, bool secret, struct trtc_err *err)
{
    char *text;
    size_t n;
    if (rec_read(path, secret, &text, &n, err) < 0)
        return NULL;
    cJSON *json = trtc_api_read(strcmp(path, "-") == 0 ? "standard input" : path, text, n, err);
    OPENSSL_cleanse(text, n);
    free(text);
    return json;
}

/* Whether others may read a file whose request holds secrets. */
static bool shows_secrets(const char *path, const cJSON *request)
{
    struct stat st;
    return trtc_api_holds_secret(request) && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
           (st.st_mode & 077);
}

/* ---- members ---- */

/* Merges json, of which it takes ownership, into the member at path. */
static int lay_over(cJSON *request, const char *path, cJSON *json, struct trtc_err *err)
{
    cJSON *over = cJSON_CreateObject();
    int ret = -1;
    if (!json || !over || !cJSON_AddItemToObject(over, path, json)) {
        cJSON_Delete(json);
        trtc_fail_nomem(err);
    } else {
        ret = trtc_api_overlay(request, over, err);
    }
    cJSON_Delete(over);
    return ret;
}

/* Takes the member out of json and frees the rest, which a file may have wrapped around it. */
static cJSON *unwrap(cJSON *json, const char *name)
{
    cJSON *inner = cJSON_DetachItemFromObjectCaseSensitive(json, name);
    if (!inner)
        return json;
    cJSON_Delete(json);
    return inner;
}

/* Takes the layout as trtc-layout -f api writes it. A list alone is a custom layout. */
static int add_layout(cJSON *request, const char *path, struct trtc_err *err)
{
    cJSON *json = read_json(path, false, err);
    if (!json)
        return -1;
    json = unwrap(json, "MixLayoutParams");
    if (cJSON_IsArray(json)) {
        cJSON *params = cJSON_CreateObject();
        if (!params || !cJSON_AddNumberToObject(params, "MixLayoutMode", 4) ||
            !cJSON_AddItemToObject(params, "MixLayoutList", json)) {
            cJSON_Delete(params);
            cJSON_Delete(json);
            return trtc_fail_nomem(err);
        }
        json = params;
    }
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: no layout: expected an object or an array",
                         path);
    }
    return lay_over(request, "MixLayoutParams", json, err);
}

/* Takes StorageParams, a storage in it, or a request that has it. */
static int add_storage(cJSON *request, const char *path, struct trtc_err *err)
{
    cJSON *json = read_json(path, true, err);
    if (!json)
        return -1;
    json = unwrap(json, "StorageParams");
    if (!cJSON_IsObject(json)) {
        cJSON_Delete(json);
        return trtc_fail(err, TRTC_EX_DATAERR, "%s: no StorageParams: expected an object", path);
    }
    if (cJSON_HasObjectItem(json, "Vendor")) {
        cJSON *params = cJSON_CreateObject();
        if (!params || !cJSON_AddItemToObject(params, "CloudStorage", json)) {
            cJSON_Delete(params);
            cJSON_Delete(json);
            return trtc_fail_nomem(err);
        }
        json = params;
    }
    /* one storage takes the place of the other */
    cJSON_DeleteItemFromObjectCaseSensitive(request, "StorageParams");
    return lay_over(request, "StorageParams", json, err);
}

static const char *value_of(const struct rec_set *set)
{
    return set->value ? set->value : set->number;
}

/* Refuses a secret with --set, since everybody sees the command line. */
static int refuse_secret(enum trtc_action action, const struct rec_set *set, struct trtc_err *err)
{
    cJSON *alone = cJSON_CreateObject();
    struct trtc_err none;
    int ret = alone ? 0 : trtc_fail_nomem(err);
    if (ret == 0 && trtc_api_set(alone, action, set->path, value_of(set), &none) == 0 &&
        trtc_api_holds_secret(alone))
        ret = trtc_fail(err, TRTC_EX_USAGE,
                        "--set %s: a secret on the command line is seen by everybody; put it into "
                        "a file (-f, --storage, --usersig-file) or the environment",
                        set->path);
    cJSON_Delete(alone);
    return ret;
}

static int add_sets(cJSON *request, enum trtc_action action, const struct rec_opts *o,
                    struct trtc_err *err)
{
    for (size_t i = 0; i < o->nb_sets; i++)
        if (refuse_secret(action, &o->sets[i], err) < 0 ||
            trtc_api_set(request, action, o->sets[i].path, value_of(&o->sets[i]), err) < 0)
            return -1;
    return 0;
}

/* Returns the values, each split at the character, as one array of texts. */
static cJSON *texts(const char *const *words, size_t n, char split)
{
    const char ends[2] = { split, '\0' };
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; list && i < n; i++)
        for (const char *s = words[i]; *s;) {
            const size_t len = strcspn(s, ends);
            char *word = strndup(s, len);
            if (len && (!word || !cJSON_AddItemToArray(list, cJSON_CreateString(word)))) {
                cJSON_Delete(list);
                list = NULL;
            }
            free(word);
            if (!list)
                break;
            s += len + (s[len] == split);
        }
    return list;
}

/* Sets the lists for sound and for pictures. An allow list replaces a block list, and vice
 * versa. */
static int add_lists(cJSON *request, enum trtc_action action, const struct rec_opts *o,
                     struct trtc_err *err)
{
    static const char *const names[2][2] = {
        { "SubscribeAudioUserIds", "SubscribeVideoUserIds" },
        { "UnSubscribeAudioUserIds", "UnSubscribeVideoUserIds" },
    };
    const int block = o->unsubscribe.n > 0;
    const struct opt_list *words = block ? &o->unsubscribe : &o->subscribe;
    const char *path =
        action == TRTC_CREATE ? "RecordParams.SubscribeStreamUserIds" : "SubscribeStreamUserIds";
    char member[96];
    if (words->n == 0)
        return 0;
    cJSON *list = texts(words->items, words->n, ',');
    char *json = list ? cJSON_PrintUnformatted(list) : NULL;
    int ret = json ? 0 : trtc_fail_nomem(err);
    if (ret == 0 && cJSON_GetArraySize(list) == 0)
        ret = trtc_fail(err, TRTC_EX_USAGE, "--%ssubscribe: expected a user", block ? "un" : "");
    for (int i = 0; ret == 0 && i < 2; i++) {
        cJSON_DeleteItemFromObjectCaseSensitive(trtc_api_member(request, path), names[!block][i]);
        snprintf(member, sizeof member, "%s.%s", path, names[block][i]);
        ret = trtc_api_set(request, action, member, json, err);
    }
    cJSON_free(json);
    cJSON_Delete(list);
    return ret;
}

/* Sets the format and the directories, for which the two kinds of storage have different members
 * and numbers. */
static int add_output(cJSON *request, const struct rec_opts *o, struct trtc_err *err)
{
    static const char *const vod_types[] = { "1", "3", "4", "0", "2" }; /* by OutputFormat */
    static const char *const numbers[] = { "0", "1", "2", "3", "4" };
    const bool vod = trtc_api_member(request, "StorageParams.CloudVod") != NULL;
    int ret = 0;
    if (o->format >= 0)
        ret =
            vod ? trtc_api_set(request, TRTC_CREATE, "StorageParams.CloudVod.TencentVod.MediaType",
                               vod_types[o->format], err)
                : trtc_api_set(request, TRTC_CREATE, "RecordParams.OutputFormat",
                               numbers[o->format], err);
    if (ret < 0 || !o->prefix)
        return ret;
    if (vod)
        return trtc_api_set(request, TRTC_CREATE,
                            "StorageParams.CloudVod.TencentVod.UserDefineRecordId", o->prefix, err);
    cJSON *parts = texts(&o->prefix, 1, '/');
    char *json = parts ? cJSON_PrintUnformatted(parts) : NULL;
    ret = json ? trtc_api_set(request, TRTC_CREATE, "StorageParams.CloudStorage.FileNamePrefix",
                              json, err)
               : trtc_fail_nomem(err);
    cJSON_free(json);
    cJSON_Delete(parts);
    return ret;
}

/* Completes VideoParams, which must have all of its members or none, with their defaults. */
static int fill_video(cJSON *request, struct trtc_err *err)
{
    static const char *const way[] = { "MixTranscodeParams", "VideoParams" };
    const struct trtc_field *f = trtc_api_fields(TRTC_CREATE);
    cJSON *video = trtc_api_member(request, "MixTranscodeParams.VideoParams");
    for (int i = 0; i < 2; i++) {
        while (f && f->name && strcmp(f->name, way[i]) != 0)
            f++;
        f = f ? f->members : NULL;
    }
    for (; video && f && f->name; f++) {
        char path[96];
        snprintf(path, sizeof path, "%s.%s.%s", way[0], way[1], f->name);
        if (f->fallback && !cJSON_HasObjectItem(video, f->name) &&
            trtc_api_set(request, TRTC_CREATE, path, f->fallback, err) < 0)
            return -1;
    }
    return 0;
}

static int add_text(cJSON *request, const char *name, const char *value, struct trtc_err *err)
{
    cJSON_DeleteItemFromObjectCaseSensitive(request, name);
    return cJSON_AddStringToObject(request, name, value) ? 0 : trtc_fail_nomem(err);
}

struct cJSON *rec_request(struct rec *r, enum trtc_action action, struct trtc_err *err)
{
    const struct rec_opts *o = r->opts;
    cJSON *request = o->file ? read_json(o->file, false, err) : cJSON_CreateObject();
    if (!request && !o->file)
        trtc_fail_nomem(err);
    if (!request)
        return NULL;
    int ret = cJSON_IsObject(request)
                  ? 0
                  : trtc_fail(err, TRTC_EX_DATAERR, "%s: a request is an object", o->file);
    r->file_shows = ret == 0 && o->file && shows_secrets(o->file, request);
    if (ret == 0 && o->storage)
        ret = add_storage(request, o->storage, err);
    if (ret == 0 && o->layout)
        ret = add_layout(request, o->layout, err);
    if (ret == 0 && o->sdkappid) {
        cJSON_DeleteItemFromObjectCaseSensitive(request, "SdkAppId");
        if (!cJSON_AddNumberToObject(request, "SdkAppId", (double)o->sdkappid))
            ret = trtc_fail_nomem(err);
    }
    if (ret == 0 && o->task)
        ret = add_text(request, "TaskId", o->task, err);
    if (ret == 0 && action == TRTC_CREATE && o->users.n)
        ret = add_text(request, "UserId", o->users.items[0], err);
    if (ret == 0)
        ret = add_sets(request, action, o, err);
    if (ret == 0)
        ret = add_lists(request, action, o, err);
    if (ret == 0 && action == TRTC_CREATE)
        ret = add_output(request, o, err);
    if (ret == 0 && o->video)
        ret = fill_video(request, err);
    if (ret == 0)
        return request;
    trtc_api_forget(&request);
    return NULL;
}
