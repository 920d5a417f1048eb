/* SPDX-License-Identifier: MIT */
/* What the recording service does with requests that are properly signed. */
#include "serve/recservice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>

#include "serve/verify_usersig.h"

enum { TASKS_MAX = 4096, RATE_MAX = 1024 };

enum life { IDLE, IN_PROGRESS, EXITED, GONE };

struct task {
    char id[128];
    enum life life;
    int described;    /* in this part of its life */
    int64_t until_ms; /* when its id expires */
    char *robot;      /* application, room and user */
    cJSON *request;
};

struct recservice {
    struct recservice_settings settings;
    struct task tasks[TASKS_MAX];
    int nb_tasks;
    int nb_requests;
    struct {
        int64_t at_ms[RATE_MAX]; /* of the last requests that were let through */
        int nb;
    } rates[4];
};

const struct recservice_settings recservice_defaults = {
    .app = 1400000001,
    .idle = 1,
    .records = -1,
    .exits = 1,
    .limit = 100,
    .rate = 20,
    .users = "alice,bob",
};

static const char *const actions[] = { "CreateCloudRecording", "DescribeCloudRecording",
                                       "ModifyCloudRecording", "DeleteCloudRecording" };

/* What a member must be. */
enum kind { INT, TEXT, OBJECT, LIST };

struct rule {
    const char *path;
    enum kind kind;
    bool needed; /* where what it is in is there */
    int64_t min, max;
};

static const struct rule create_rules[] = {
    { "SdkAppId", INT, true, 1, UINT32_MAX },
    { "RoomId", TEXT, true, 1, 64 },
    { "UserId", TEXT, true, 1, 32 },
    { "UserSig", TEXT, true, 1, 16384 },
    { "RecordParams", OBJECT, true, 0, 0 },
    { "RecordParams.RecordMode", INT, true, 1, 2 },
    { "RecordParams.MaxIdleTime", INT, false, 5, 86400 },
    { "RecordParams.StreamType", INT, false, 0, 2 },
    { "RecordParams.OutputFormat", INT, false, 0, 4 },
    { "RecordParams.AvMerge", INT, false, 0, 1 },
    { "RecordParams.MaxMediaFileDuration", INT, false, 1, 1440 },
    { "RecordParams.SubscribeStreamUserIds", OBJECT, false, 0, 0 },
    { "StorageParams", OBJECT, true, 0, 0 },
    { "StorageParams.CloudStorage", OBJECT, false, 0, 0 },
    { "StorageParams.CloudStorage.Vendor", INT, true, 0, 1 },
    { "StorageParams.CloudStorage.Region", TEXT, true, 1, 256 },
    { "StorageParams.CloudStorage.Bucket", TEXT, true, 1, 256 },
    { "StorageParams.CloudStorage.AccessKey", TEXT, true, 1, 256 },
    { "StorageParams.CloudStorage.SecretKey", TEXT, true, 1, 256 },
    { "StorageParams.CloudStorage.FileNamePrefix", LIST, false, 0, 0 },
    { "StorageParams.CloudVod", OBJECT, false, 0, 0 },
    { "RoomIdType", INT, false, 0, 1 },
    { "MixTranscodeParams", OBJECT, false, 0, 0 },
    { "MixTranscodeParams.VideoParams.Width", INT, true, 1, 1920 },
    { "MixTranscodeParams.VideoParams.Height", INT, true, 1, 1920 },
    { "MixTranscodeParams.VideoParams.Fps", INT, true, 1, 60 },
    { "MixTranscodeParams.VideoParams.BitRate", INT, true, 64000, 8192000 },
    { "MixTranscodeParams.VideoParams.Gop", INT, true, 1, 3600 },
    { "MixTranscodeParams.AudioParams.SampleRate", INT, true, 1, 3 },
    { "MixTranscodeParams.AudioParams.Channel", INT, true, 1, 2 },
    { "MixTranscodeParams.AudioParams.BitRate", INT, true, 32000, 128000 },
    { "MixLayoutParams", OBJECT, false, 0, 0 },
    { "MixLayoutParams.MixLayoutMode", INT, true, 1, 4 },
    { "MixLayoutParams.MixLayoutList", LIST, false, 0, 25 },
    { "ResourceExpiredHour", INT, false, 6, 720 },
    { "PrivateMapKey", TEXT, false, 0, 4096 },
    { NULL, INT, false, 0, 0 },
};

static const struct rule task_rules[] = {
    { "SdkAppId", INT, true, 1, UINT32_MAX },
    { "TaskId", TEXT, true, 1, 256 },
    { "RecorderKey", TEXT, false, 0, 256 },
    { NULL, INT, false, 0, 0 },
};

static const struct rule modify_rules[] = {
    { "SdkAppId", INT, true, 1, UINT32_MAX },
    { "TaskId", TEXT, true, 1, 256 },
    { "MixLayoutParams", OBJECT, false, 0, 0 },
    { "MixLayoutParams.MixLayoutMode", INT, true, 1, 4 },
    { "MixLayoutParams.MixLayoutList", LIST, false, 0, 25 },
    { "SubscribeStreamUserIds", OBJECT, false, 0, 0 },
    { NULL, INT, false, 0, 0 },
};

struct recservice *recservice_new(void)
{
    struct recservice *s = calloc(1, sizeof(*s));

    if (s)
        s->settings = recservice_defaults;
    return s;
}

void recservice_free(struct recservice **s)
{
    for (int i = 0; *s && i < (*s)->nb_tasks; i++) {
        free((*s)->tasks[i].robot);
        cJSON_Delete((*s)->tasks[i].request);
    }
    free(*s);
    *s = NULL;
}

struct recservice_settings *recservice_settings(struct recservice *s)
{
    return &s->settings;
}

/* An answer with nothing in it but its RequestId. */
static cJSON *answer(struct recservice *s)
{
    cJSON *r = cJSON_CreateObject();
    char id[64];

    snprintf(id, sizeof(id), "5ca1ab1e-0000-4000-8000-%012d", ++s->nb_requests);
    cJSON_AddStringToObject(r, "RequestId", id);
    return r;
}

cJSON *recservice_error(struct recservice *s, const char *code, const char *message)
{
    cJSON *r = answer(s), *e = cJSON_CreateObject();

    cJSON_AddStringToObject(e, "Code", code);
    cJSON_AddStringToObject(e, "Message", message);
    cJSON_AddItemToObject(r, "Error", e);
    return r;
}

const char *recservice_code(const cJSON *response)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(response, "Error"), "Code"));
}

/* The member at the path; *in is false where what it would be in is not there. */
static const cJSON *member(const cJSON *body, const char *path, bool *in)
{
    char key[64];
    const char *dot;

    *in = true;
    while ((dot = strchr(path, '.')) != NULL) {
        snprintf(key, sizeof(key), "%.*s", (int)(dot - path), path);
        body = cJSON_GetObjectItemCaseSensitive(body, key);
        path = dot + 1;
    }
    *in = cJSON_IsObject(body);
    return cJSON_GetObjectItemCaseSensitive(body, path);
}

static const char *text_at(const cJSON *body, const char *path)
{
    bool in;

    return cJSON_GetStringValue(member(body, path, &in));
}

static int64_t int_at(const cJSON *body, const char *path, int64_t otherwise)
{
    bool in;
    const cJSON *m = member(body, path, &in);

    return cJSON_IsNumber(m) ? (int64_t)m->valuedouble : otherwise;
}

/* The code of what is wrong with m, or NULL. */
static const char *wrong(const struct rule *r, const cJSON *m)
{
    int64_t v = 0;

    switch (r->kind) {
    case INT:
        if (!cJSON_IsNumber(m) || m->valuedouble != (double)(int64_t)m->valuedouble)
            return "InvalidParameter";
        v = (int64_t)m->valuedouble;
        break;
    case TEXT:
        if (!cJSON_IsString(m))
            return "InvalidParameter";
        v = (int64_t)strlen(m->valuestring);
        break;
    case LIST:
        if (!cJSON_IsArray(m))
            return "InvalidParameter";
        v = cJSON_GetArraySize(m);
        break;
    case OBJECT:
        return cJSON_IsObject(m) ? NULL : "InvalidParameter";
    }
    return r->min != r->max && (v < r->min || v > r->max) ? "InvalidParameter.OutOfRange" : NULL;
}

/* An error where the body breaks a rule, or has a member that no rule knows. */
static cJSON *check(struct recservice *s, const struct rule *rules, const cJSON *body)
{
    char code[128];
    const cJSON *m;
    bool in;

    for (const struct rule *r = rules; r->path; r++) {
        const char *dot = strrchr(r->path, '.'), *why;

        m = member(body, r->path, &in);
        if (!m && in && r->needed) {
            snprintf(code, sizeof(code), "MissingParameter.%s", dot ? dot + 1 : r->path);
            return recservice_error(s, code, r->path);
        }
        if (m && (why = wrong(r, m)) != NULL)
            return recservice_error(s, why, r->path);
    }
    cJSON_ArrayForEach(m, body)
    {
        const struct rule *r = rules;

        while (r->path && strcmp(r->path, m->string) != 0)
            r++;
        if (!r->path)
            return recservice_error(s, "UnknownParameter", m->string);
    }
    return NULL;
}

static cJSON *check_usersig(struct recservice *s, const cJSON *body, int64_t wall_s)
{
    const struct verify_usersig want = { s->settings.key, s->settings.app,
                                         text_at(body, "UserId") };
    const char *why;

    if (!s->settings.key || verify_usersig(text_at(body, "UserSig"), &want, wall_s, &why) == 0)
        return NULL;
    return recservice_error(s, "InvalidParameter.UserSig", why);
}

static void set_life(struct task *t, enum life life)
{
    t->life = life;
    t->described = 0;
}

/* The id of the nth task: 84 characters, as real ones have, with all that makes them awkward. */
static void make_id(const struct recservice *s, struct task *t)
{
    unsigned char sum[EVP_MAX_MD_SIZE], text[128];
    char seed[32];

    snprintf(seed, sizeof(seed), "task %d", s->nb_tasks);
    EVP_Digest(seed, strlen(seed), sum, NULL, EVP_sha512(), NULL);
    EVP_EncodeBlock(text, sum, 62);
    for (char *c = (char *)text; *c; c++)
        *c = (char)(*c == '/' ? '-' : *c == '=' ? '.' : *c);
    text[0] = s->settings.dash ? '-' : 'A';
    text[1] = '+';
    snprintf(t->id, sizeof(t->id), "%s", (char *)text);
}

static int alive(const struct recservice *s)
{
    int n = 0;

    for (int i = 0; i < s->nb_tasks; i++)
        n += s->tasks[i].life < EXITED;
    return n;
}

static cJSON *create(struct recservice *s, const cJSON *body, int64_t wall_s, int64_t mono_ms)
{
    const cJSON *storage = cJSON_GetObjectItemCaseSensitive(body, "StorageParams");
    bool cloud = cJSON_GetObjectItemCaseSensitive(storage, "CloudStorage");
    bool vod = cJSON_GetObjectItemCaseSensitive(storage, "CloudVod");
    struct task *t = &s->tasks[s->nb_tasks];
    cJSON *r = check_usersig(s, body, wall_s);
    char robot[256];

    if (r)
        return r;
    if (!cloud && !vod)
        return recservice_error(s, "MissingParameter.CloudStorage", "StorageParams");
    if (cloud && vod)
        return recservice_error(s, "FailedOperation", "CloudStorage and CloudVod");
    snprintf(robot, sizeof(robot), "%" PRId64 " %s %s", int_at(body, "SdkAppId", 0),
             text_at(body, "RoomId"), text_at(body, "UserId"));
    for (int i = 0; i < s->nb_tasks; i++)
        if (s->tasks[i].life < EXITED && !strcmp(s->tasks[i].robot, robot))
            set_life(&s->tasks[i], GONE); /* thrown out of the room, LeaveCode 101 */
    if (alive(s) >= s->settings.limit || s->nb_tasks == TASKS_MAX)
        return recservice_error(s, "FailedOperation.RestrictedConcurrency", "too many tasks");
    make_id(s, t);
    t->life = IDLE;
    t->until_ms = mono_ms + int_at(body, "ResourceExpiredHour", 72) * 3600 * 1000;
    t->robot = strdup(robot);
    t->request = cJSON_Duplicate(body, true);
    s->nb_tasks++;
    r = answer(s);
    cJSON_AddStringToObject(r, "TaskId", t->id);
    return r;
}

/* Base64 as in file names; out holds size characters. */
static void encode(const char *text, char *out, size_t size)
{
    unsigned char b[160];

    EVP_EncodeBlock(b, (const unsigned char *)text, (int)strnlen(text, 96));
    for (char *c = (char *)b; *c; c++)
        *c = (char)(*c == '/' ? '-' : *c == '=' ? '.' : *c);
    snprintf(out, size, "%s", (char *)b);
}

/* user: NULL for the mix. */
static void add_file(const struct task *t, cJSON *list, const char *user, const char *track)
{
    const char *room = text_at(t->request, "RoomId");
    char room64[160], user64[160], name[512];
    cJSON *f = cJSON_CreateObject();

    encode(room, room64, sizeof(room64));
    encode(user ? user : "", user64, sizeof(user64));
    if (int_at(t->request, "RoomIdType", 1) == 1)
        snprintf(room64, sizeof(room64), "%s", room);
    if (user)
        snprintf(name, sizeof(name), "%" PRId64 "_%s__UserId_s_%s__UserId_e_main_%s.m3u8",
                 int_at(t->request, "SdkAppId", 0), room64, user64, track);
    else
        snprintf(name, sizeof(name), "%" PRId64 "_%s.m3u8", int_at(t->request, "SdkAppId", 0),
                 room64);
    cJSON_AddStringToObject(f, "UserId", user ? user : "");
    cJSON_AddStringToObject(f, "TrackType", track);
    cJSON_AddNumberToObject(f, "BeginTimeStamp", 1767225600495.0);
    cJSON_AddStringToObject(f, "FileName", name);
    cJSON_AddItemToArray(list, f);
}

static void add_files(const struct recservice *s, const struct task *t, cJSON *response)
{
    bool in, vod = member(t->request, "StorageParams.CloudVod", &in);
    cJSON *list = cJSON_CreateArray();
    char users[sizeof(s->settings.users)], *rest, *user;

    if (t->life != IDLE && !vod && int_at(t->request, "RecordParams.RecordMode", 0) == 2) {
        add_file(t, list, NULL, "audio_video");
    } else if (t->life != IDLE && !vod) {
        snprintf(users, sizeof(users), "%s", s->settings.users);
        for (user = strtok_r(users, ",", &rest); user; user = strtok_r(NULL, ",", &rest)) {
            add_file(t, list, user, "audio");
            add_file(t, list, user, "video");
        }
    }
    if (s->settings.null_files && cJSON_GetArraySize(list) == 0)
        cJSON_AddNullToObject(response, "StorageFileList");
    else
        cJSON_AddItemToObject(response, "StorageFileList", cJSON_Duplicate(list, true));
    cJSON_Delete(list);
}

/* Life goes on where there were describes enough. */
static void grow_older(const struct recservice *s, struct task *t)
{
    const int lasts[] = { s->settings.idle, s->settings.records, s->settings.exits };

    while (t->life < GONE && lasts[t->life] >= 0 && t->described >= lasts[t->life])
        set_life(t, t->life + 1);
}

static cJSON *describe(struct recservice *s, struct task *t)
{
    static const char *const words[] = { "Idle", "InProgress", "Exited" };
    cJSON *r = answer(s);

    t->described++;
    cJSON_AddStringToObject(r, "TaskId", t->id);
    cJSON_AddStringToObject(r, "Status", words[t->life]);
    add_files(s, t, r);
    return r;
}

/* The task that body means, or NULL. */
static struct task *find(struct recservice *s, const cJSON *body, int64_t mono_ms)
{
    const char *id = text_at(body, "TaskId");

    for (int i = 0; i < s->nb_tasks; i++) {
        struct task *t = &s->tasks[i];

        if (strcmp(t->id, id) != 0 ||
            int_at(t->request, "SdkAppId", 0) != int_at(body, "SdkAppId", 0))
            continue;
        grow_older(s, t);
        return t->life != GONE && mono_ms < t->until_ms ? t : NULL;
    }
    return NULL;
}

/* Whether one more within the last second is too much. */
static bool too_many(struct recservice *s, int action, int64_t mono_ms)
{
    int n = 0, rate = s->settings.rate;
    int64_t *at = s->rates[action].at_ms;

    for (int i = 0; i < s->rates[action].nb; i++)
        if (at[i] > mono_ms - 1000)
            at[n++] = at[i];
    s->rates[action].nb = n;
    if (rate && n >= rate)
        return true;
    if (n < RATE_MAX)
        at[s->rates[action].nb++] = mono_ms;
    return false;
}

cJSON *recservice_act(struct recservice *s, const char *action, const cJSON *body, int64_t wall_s,
                      int64_t mono_ms)
{
    static const struct rule *const rules[] = { create_rules, task_rules, modify_rules,
                                                task_rules };
    struct task *t = NULL;
    int a = 0;
    cJSON *r;

    while (a < 4 && strcmp(action, actions[a]) != 0)
        a++;
    if (a == 4)
        return recservice_error(s, "InvalidAction", action);
    if (too_many(s, a, mono_ms))
        return recservice_error(s, "RequestLimitExceeded", "too many requests in a second");
    if (!cJSON_IsObject(body))
        return recservice_error(s, "InvalidRequest", "the body is no JSON object");
    if ((r = check(s, rules[a], body)) != NULL)
        return r;
    if (int_at(body, "SdkAppId", 0) != s->settings.app)
        return recservice_error(s, "InvalidParameter.SdkAppId", "not known");
    if (a == 0)
        return create(s, body, wall_s, mono_ms);
    t = find(s, body, mono_ms);
    if (!t || (a == 2 && t->life == EXITED))
        return recservice_error(s, "ResourceNotFound", "no such task, or it has ended");
    if (a == 1)
        return describe(s, t);
    if (a == 3 && t->life < EXITED)
        set_life(t, s->settings.exits ? EXITED : GONE);
    r = answer(s);
    cJSON_AddStringToObject(r, "TaskId", t->id);
    return r;
}
