/* SPDX-License-Identifier: MIT */
/* The four actions. Every change is in the store before the call is answered. */
#include "actions.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "../cli.h"
#include "../clock.h"
#include "base/file.h"
#include "base/json_put.h"
#include "net/usersig.h"
#include "pictures.h"
#include "setup.h"
#include "sweep.h"
#include "task.h"
#include "task/control.h"
#include "task/mixing.h"
#include "upload.h"

enum { ID_LETTERS = 28, ID_BYTES = 64, HOUR_MS = 3600 * 1000, LEAVE_REPLACED = 101 };

static const cJSON *in(const cJSON *object, const char *name)
{
    return object ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static const char *text(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(in(object, name));
}

static int64_t number(const cJSON *object, const char *name, int64_t otherwise)
{
    const cJSON *n = in(object, name);
    return cJSON_IsNumber(n) ? (int64_t)n->valuedouble : otherwise;
}

static int no_memory(struct trtc_fault *fault)
{
    return trtc_fault_set(fault, "InternalError", "out of memory");
}

static int not_kept(struct trtc_fault *fault)
{
    return trtc_fault_set(fault, "InternalError.CRInternalError",
                          "the state cannot be written: see the messages of trtc-recd");
}

/* Refuses if a file of the task cannot be read for now: what it says is not known. */
static int check_read(const struct trtc_err *why, struct trtc_fault *fault)
{
    if (!trtc_is_shortage(why))
        return 0;
    cli_error("%s: answered InternalError", why->msg);
    return trtc_fault_set(fault, "InternalError", "a file of the task cannot be read for now");
}

static cJSON *answer_id(const char *id)
{
    cJSON *response = cJSON_CreateObject();
    trtc_json_put_text(&response, "TaskId", id);
    return response;
}

/* ---- create ---- */

/* Makes an id of letters, digits, '_' and '-' that begins with a letter and ends with the node. */
static void make_id(const struct recd *r, char out[ID_BYTES])
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    unsigned char b[ID_LETTERS] = { 0 };
    while (getrandom(b, sizeof b, 0) < 0 && errno == EINTR)
        ;
    for (int i = 0; i < ID_LETTERS; i++)
        out[i] = letters[i ? b[i] % 64 : b[i] % 52];
    snprintf(out + ID_LETTERS, ID_BYTES - ID_LETTERS, "%s", r->config.node ? r->config.node : "");
}

static int check_usersig(const struct call *call, struct trtc_fault *fault)
{
    static const char code[] = "InvalidParameter.UserSig";
    const char *sig = text(call->request, "UserSig"), *user = text(call->request, "UserId");
    const char *key = call->app->usersig_key.text;
    struct trtc_usersig_read *read = NULL;
    struct trtc_err err;
    enum trtc_usersig_fault bad;
    if (!key)
        return 0;
    bad = trtc_usersig_open(sig, strlen(sig), &read, &err);
    if (bad == TRTC_USERSIG_OK)
        bad = trtc_usersig_check_key(read, key);
    if (bad == TRTC_USERSIG_OK)
        bad = trtc_usersig_check_use(read, user, clock_real_ms() / 1000);
    const bool other = bad == TRTC_USERSIG_OK &&
                       (int64_t)trtc_usersig_members(read)->sdkappid != call->app->sdkappid;
    trtc_usersig_read_free(&read);
    if (bad == TRTC_USERSIG_NOMEM)
        return no_memory(fault);
    return bad || other ? trtc_fault_set(fault, code, "UserSig: %s (%d)",
                                         bad == TRTC_USERSIG_EXPIRED ? "it has expired"
                                         : bad == TRTC_USERSIG_USER  ? "it belongs to another user"
                                         : bad == TRTC_USERSIG_FORGED
                                             ? "it was not made with the application's key"
                                         : bad ? "it is malformed"
                                               : "it belongs to another application",
                                         (int)bad)
                        : 0;
}

/* Returns the open task of the same robot in the same room, or NULL. */
static struct task *same_robot(const struct recd *r, const struct trtc_task_row *row)
{
    for (size_t i = r->nb_tasks; i-- > 0;) {
        struct task *t = r->tasks[i];
        if (t->row.life == TRTC_LIFE_OPEN && t->row.sdkappid == row->sdkappid &&
            t->row.room_type == row->room_type && strcmp(t->row.room, row->room) == 0 &&
            strcmp(t->row.robot, row->robot) == 0)
            return t;
    }
    return NULL;
}

/* Counts the open tasks of one application, without replaced. */
static int64_t count_open(const struct recd *r, int64_t sdkappid, const struct task *replaced)
{
    int64_t n = 0;
    for (size_t i = 0; i < r->nb_tasks; i++) {
        const struct task *t = r->tasks[i];
        n += t != replaced && t->row.sdkappid == sdkappid && t->row.stop_code != LEAVE_REPLACED &&
             trtc_life_counts(&t->row);
    }
    return n;
}

static int check_room_for(const struct recd *r, int64_t sdkappid, const struct task *replaced,
                          struct trtc_fault *fault)
{
    if (r->free_percent < r->config.free_percent)
        return trtc_fault_set(fault, "ResourceInsufficient", "only %d %% of the disk is free",
                              r->free_percent);
    if (count_open(r, sdkappid, replaced) >= r->config.tasks)
        return trtc_fault_set(fault, "FailedOperation.RestrictedConcurrency",
                              "%lld tasks are running already", (long long)r->config.tasks);
    return 0;
}

static int make_row(const struct recd *r, const struct call *call, struct trtc_task_row *row)
{
    const cJSON *q = call->request;
    char id[ID_BYTES];
    make_id(r, id);
    *row = (struct trtc_task_row){ .id = strdup(id),
                                   .room = strdup(text(q, "RoomId")),
                                   .robot = strdup(text(q, "UserId")),
                                   .sdkappid = call->app->sdkappid,
                                   .room_type = (int)number(q, "RoomIdType", 1),
                                   .mixed = number(in(q, "RecordParams"), "RecordMode", 1) == 2,
                                   .created_ms = clock_real_ms(),
                                   .leave_code = -1,
                                   .stop_code = -1 };
    row->expires_ms = row->created_ms + number(q, "ResourceExpiredHour", 72) * HOUR_MS;
    row->wants = trtc_life_wants(q, &row->vod);
    return row->id && row->room && row->robot ? 0 : -1;
}

static int write_file(const char *dir, const char *name, const char *json, struct trtc_err *err)
{
    char *path = setup_path(dir, name);
    struct trtc_file *f = path ? trtc_file_create(path, err) : NULL;
    int ret = f      ? trtc_write_all(trtc_file_fd(f), json, strlen(json), path, err)
              : path ? -1
                     : trtc_fail_nomem(err);
    if (ret == 0)
        ret = trtc_file_commit(&f, true, err);
    trtc_file_abort(&f);
    free(path);
    return ret;
}

/* Creates the task's directory, with its request without secrets. */
static int make_directory(const struct recd *r, const char *id, const cJSON *request,
                          struct trtc_err *err)
{
    char *dir = setup_path(r->tasks_dir, id);
    cJSON *shown = trtc_api_redacted(request);
    char *json = trtc_json_text(shown, true);
    int ret = dir && json ? 0 : trtc_fail_nomem(err);
    if (ret == 0 && mkdir(dir, 0700) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s", dir);
    if (ret == 0)
        ret = write_file(dir, "request.json", json, err);
    if (ret == 0)
        ret = trtc_sync_name(dir, err);
    cJSON_Delete(shown);
    free(json);
    free(dir);
    return ret;
}

struct creation {
    const struct call *call;
    const struct trtc_task_row *row;
    struct task *replaced;
    char *storage; /* the StorageParams to be kept; NULL: their keys are not used */
};

static int keep_creation(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct creation *c = arg;
    if (c->replaced) {
        c->replaced->row.stop_code = LEAVE_REPLACED;
        if (trtc_store_task_save(r->store, &c->replaced->row, err) < 0)
            return -1;
    }
    if (c->call->signature && trtc_store_used_add(r->store, c->call->signature, c->call->action,
                                                  c->call->signed_s, err) < 0)
        return -1;
    if (c->storage && trtc_store_secret_add(r->store, c->row->id, c->storage, err) < 0)
        return -1;
    return trtc_store_task_add(r->store, c->row, err);
}

static bool commit_creation(struct recd *r, struct creation *c)
{
    const cJSON *params = in(c->call->request, "StorageParams");
    const int before = c->replaced ? c->replaced->row.stop_code : -1;
    c->storage = r->config.send_request ? trtc_json_text(params, false) : NULL;
    const bool good = (c->storage || !r->config.send_request) && recd_change(r, keep_creation, c);
    if (!good && c->replaced)
        c->replaced->row.stop_code = before;
    if (c->storage)
        OPENSSL_cleanse(c->storage, strlen(c->storage));
    free(c->storage);
    return good;
}

/* Makes the directory of a new task and stores its row; if either fails, neither remains. */
static int store_task(struct recd *r, struct creation *c, struct trtc_fault *fault)
{
    struct trtc_err err;
    int ret = 0;
    if (make_directory(r, c->row->id, c->call->request, &err) < 0)
        ret = trtc_fault_set(fault, "InternalError.CRInternalError", "%s", err.msg);
    else if (!commit_creation(r, c))
        ret = not_kept(fault);
    if (ret < 0)
        sweep_directory(r, c->row->id);
    return ret;
}

static cJSON *begin_task(struct recd *r, const struct call *call, struct trtc_task_row *row,
                         struct trtc_fault *fault)
{
    struct creation c = { .call = call, .replaced = same_robot(r, row) };
    if (check_room_for(r, row->sdkappid, c.replaced, fault) < 0)
        return NULL;
    struct task *t = task_new(r, row);
    if (!t) {
        no_memory(fault);
        return NULL;
    }
    c.row = &t->row;
    if (store_task(r, &c, fault) < 0) {
        task_free(r, t);
        return NULL;
    }
    task_join(r, t);
    cJSON *response = answer_id(t->row.id);
    if (c.replaced) {
        c.replaced->stop_told = false;
        task_wake(r, c.replaced);
    }
    r->changed = true;
    pictures_fetch(r, t, in(call->request, "MixLayoutParams"));
    task_wake(r, t);
    return response;
}

/* Checks a mixed recording, with a change (or NULL), by the limits of the program that will make
 * it. */
static int check_mix(const cJSON *request, const cJSON *change, struct trtc_fault *fault)
{
    struct trtc_err err;
    if (number(in(request, "RecordParams"), "RecordMode", 1) != 2 ||
        trtc_mixing_check(request, change, &err) == 0)
        return 0;
    return err.code == TRTC_EX_TEMPFAIL
               ? no_memory(fault)
               : trtc_fault_set(fault, "InvalidParameter.OutOfRange", "%s", err.msg);
}

static cJSON *create(struct recd *r, const struct call *call, struct trtc_fault *fault)
{
    struct trtc_task_row row = { 0 };
    cJSON *response = NULL;
    if (check_usersig(call, fault) < 0 || check_mix(call->request, NULL, fault) < 0 ||
        upload_check_place(r, call->request, fault) < 0)
        return NULL;
    if (make_row(r, call, &row) < 0)
        no_memory(fault);
    else if (row.vod && r->config.send_request && !r->config.vod_keys.text)
        trtc_fault_set(fault, "FailedOperation",
                       "CloudVod: no vod_secret_id and vod_secret_key are configured here");
    else
        response = begin_task(r, call, &row, fault);
    trtc_task_row_fini(&row);
    return response;
}

/* ---- the others ---- */

static struct task *find(struct recd *r, const struct call *call, struct trtc_fault *fault)
{
    struct task *t = task_find(r, call->app->sdkappid, text(call->request, "TaskId"));
    const char *code =
        t ? trtc_life_refuses(&t->row, call->action, r->config.exited_s * 1000, clock_real_ms())
          : "ResourceNotFound";
    if (!code)
        return t;
    trtc_fault_set(fault, code, "there is no such task, or it has ended");
    return NULL;
}

static cJSON *described(const char *id, const char *status, const cJSON *said, bool vod)
{
    cJSON *response = answer_id(id);
    trtc_json_put_text(&response, "Status", status);
    trtc_json_put(&response, "StorageFileList",
                  vod ? cJSON_CreateArray() : trtc_task_file_list(said));
    return response;
}

/* Describes a task by its directory, when there is no store. */
static cJSON *describe_directory(const struct recd *r, const struct call *call,
                                 struct trtc_fault *fault)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const char *id = text(call->request, "TaskId");
    cJSON *response = NULL;
    char *dir = strspn(id, letters) == strlen(id) ? setup_path(r->tasks_dir, id) : NULL;
    struct trtc_err why = { 0 };
    cJSON *request = dir ? task_json(dir, "request.json", &why) : NULL;
    if (request && number(request, "SdkAppId", 0) == call->app->sdkappid) {
        bool vod;
        cJSON *said = task_json(dir, "status.json", &why);
        trtc_life_wants(request, &vod);
        if (check_read(&why, fault) == 0)
            response = described(id, trtc_task_status(said), said, vod);
        cJSON_Delete(said);
    } else if (check_read(&why, fault) == 0) {
        trtc_fault_set(fault, "ResourceNotFound", "there is no such task, or it has ended");
    }
    cJSON_Delete(request);
    free(dir);
    return response;
}

static cJSON *describe(struct recd *r, const struct call *call, struct trtc_fault *fault)
{
    if (!r->store)
        return describe_directory(r, call, fault);
    const struct task *t = find(r, call, fault);
    if (!t)
        return NULL;
    struct trtc_err why = { 0 };
    cJSON *said = task_json(t->dir, "status.json", &why);
    const char *status = t->row.life == TRTC_LIFE_OPEN ? trtc_task_status(said) : "Exited";
    cJSON *response =
        check_read(&why, fault) < 0 ? NULL : described(t->row.id, status, said, t->row.vod);
    cJSON_Delete(said);
    return response;
}

/* Returns the change as a line for trtc-task: {"modify":{...}}. */
static char *modify_line(const cJSON *request)
{
    static const char *const names[] = { "MixLayoutParams", "SubscribeStreamUserIds" };
    cJSON *line = cJSON_CreateObject(), *members = cJSON_CreateObject();
    for (size_t i = 0; i < 2; i++)
        if (in(request, names[i]))
            trtc_json_put(&members, names[i], cJSON_Duplicate(in(request, names[i]), true));
    trtc_json_put(&line, "modify", members);
    char *all = trtc_json_line(line);
    cJSON_Delete(line);
    return all;
}

/* The same, but of a length that trtc-task reads. NULL: it is refused. */
static char *checked_line(const cJSON *request, struct trtc_fault *fault)
{
    char *line = modify_line(request);
    if (!line) {
        no_memory(fault);
    } else if (strlen(line) > TRTC_CONTROL_LINE_MAX) {
        free(line);
        line = NULL;
        trtc_fault_set(fault, "InvalidParameter.OutOfRange", "the change is longer than %d KB",
                       TRTC_CONTROL_LINE_MAX >> 10);
    }
    return line;
}

struct change {
    const struct call *call;
    const struct trtc_task_row *row;
};

static int keep_change(struct recd *r, void *arg, struct trtc_err *err)
{
    const struct change *c = arg;
    if (c->call->action == TRTC_MODIFY && c->call->signature &&
        trtc_store_used_add(r->store, c->call->signature, c->call->action, c->call->signed_s, err) <
            0)
        return -1;
    return trtc_store_task_save(r->store, c->row, err);
}

static cJSON *modify(struct recd *r, const struct call *call, struct trtc_fault *fault)
{
    struct task *t = find(r, call, fault);
    if (!t)
        return NULL;
    struct trtc_err why = { 0 };
    cJSON *created = task_json(t->dir, "request.json", &why);
    char *line = NULL, *before = t->row.modify;
    if (check_read(&why, fault) == 0 &&
        trtc_params_check_modify(call->request, created, fault) == 0 &&
        check_mix(created, call->request, fault) == 0)
        line = checked_line(call->request, fault);
    cJSON_Delete(created);
    if (!line)
        return NULL;
    const struct change c = { call, &t->row };
    t->row.modify = line;
    if (!recd_change(r, keep_change, (void *)(uintptr_t)&c)) {
        free(t->row.modify);
        t->row.modify = before;
        not_kept(fault);
        return NULL;
    }
    free(before);
    t->modify_told = false;
    pictures_fetch(r, t, in(call->request, "MixLayoutParams"));
    task_wake(r, t);
    return answer_id(text(call->request, "TaskId"));
}

static cJSON *end_task(struct recd *r, const struct call *call, struct trtc_fault *fault)
{
    struct task *t = find(r, call, fault);
    if (!t)
        return NULL;
    if (t->row.stop_code < 0 && t->row.life == TRTC_LIFE_OPEN) {
        const struct change c = { call, &t->row };
        t->row.stop_code = 0;
        if (!recd_change(r, keep_change, (void *)(uintptr_t)&c)) {
            t->row.stop_code = -1;
            not_kept(fault);
            return NULL;
        }
        t->stop_told = false;
    }
    task_wake(r, t);
    return answer_id(text(call->request, "TaskId"));
}

struct cJSON *action_do(struct recd *r, const struct call *call, struct trtc_fault *fault)
{
    static cJSON *(*const functions[])(struct recd *, const struct call *, struct trtc_fault *) = {
        [TRTC_CREATE] = create,
        [TRTC_DESCRIBE] = describe,
        [TRTC_MODIFY] = modify,
        [TRTC_DELETE] = end_task,
    };
    if (!r->store && call->action != TRTC_DESCRIBE) {
        not_kept(fault);
        return NULL;
    }
    return functions[call->action](r, call, fault);
}
