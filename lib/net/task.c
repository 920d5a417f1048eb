/* SPDX-License-Identifier: MIT */
/* The state directory: "t-ID.json" for a task, "c-APP_ROOM_ROBOT.json" for the journal of a create,
 * ".lock-ID" while a task is locked, ".w-PID-N.part" while a file is written. */
#define _GNU_SOURCE
#include "net/task.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_put.h"
#include "base/listing.h"
#include "base/text.h"
#include "base/utc.h"

#define VERSION     1
#define NAME_BYTES  256
#define PLAIN_MAX   160 /* longer ids are cut, followed by their digest */
#define CUT         80
#define KEY_MAX     512
#define SHOWN_MAX   160
#define TRIES       100
#define TEMP_PREFIX ".w-"
#define TEMP_SUFFIX ".part"
#define WHOLE_MAX   TRTC_API_INT_MAX

enum { READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY };

struct trtc_tasks {
    char *dir; /* for messages */
    int fd;
    int lock_fd; /* -1: nothing is locked */
    char lock_name[NAME_BYTES];
};

static const char *const states[] = {
    [TRTC_TASK_CREATING] = "creating",
    [TRTC_TASK_KNOWN] = "known",
    [TRTC_TASK_ENDED] = "ended",
};

/* ---- names ---- */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("+-._", c));
}

/* Writes a digest in hexadecimal. Returns its length; 0: out of memory. */
static size_t put_digest(const char *text, char *out)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    size_t len = 0;
    if (!EVP_Digest(text, strlen(text), digest, &n, EVP_sha256(), NULL))
        n = 0;
    for (unsigned i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, 3, "%02x", digest[i]);
    return len;
}

/* Writes as much of the text as fits into max characters, with %XX for characters not allowed in
 * file names. *end: where it was cut. */
static size_t put_plain(const char *text, size_t max, char *out, const char **end)
{
    size_t n = 0;
    for (; *text && n < max; text++) {
        if (is_plain(*text))
            out[n++] = *text;
        else if (n + 3 <= max)
            n += (size_t)snprintf(out + n, 4, "%%%02X", (unsigned char)*text);
        else
            break;
    }
    *end = text;
    return n;
}

/* Writes PREFIX, the text, SUFFIX. A long text is replaced by its beginning, a '~', which occurs in
 * no other name, and its digest. */
static int file_name(const char *prefix, const char *text, const char *suffix, char out[NAME_BYTES],
                     struct trtc_err *err)
{
    char safe[PLAIN_MAX + 4] = "";
    const char *end;
    size_t n = put_plain(text, PLAIN_MAX, safe, &end), digits = 0;
    if (*end) {
        n = CUT;
        safe[n++] = '~';
        digits = put_digest(text, safe + n);
        if (!digits)
            return trtc_fail_nomem(err);
    }
    snprintf(out, NAME_BYTES, "%s%.*s%s", prefix, (int)(n + digits), safe, suffix);
    return 0;
}

static const char *member_text(const cJSON *request, const char *name)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(request, name));
    return s ? s : "";
}

/* A text that identifies a robot in a room. The caller frees it. NULL: out of memory. */
static char *robot_key(const struct trtc_task *task)
{
    const char *room = member_text(task->request, "RoomId"),
               *user = member_text(task->request, "UserId"),
               *endpoint = task->endpoint ? task->endpoint : "";
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(task->request, "RoomIdType");
    const size_t size = strlen(room) + strlen(user) + strlen(endpoint) + 128;
    char *key = malloc(size);
    if (key)
        snprintf(key, size, "%lld_%s_%s %d %zu %zu %s", (long long)task->sdkappid, room, user,
                 cJSON_IsNumber(type) ? type->valueint : 1, strlen(room), strlen(user), endpoint);
    return key;
}

/* "c-APP_ROOM_USER~DIGEST.json": readable as far as possible, and unique. */
static int journal_name(const struct trtc_task *task, char out[NAME_BYTES], struct trtc_err *err)
{
    char plain[CUT + 4], digest[2 * EVP_MAX_MD_SIZE + 1] = "";
    const char *end;
    char *key = robot_key(task), *blank = key ? strchr(key, ' ') : NULL;
    size_t n = key ? put_digest(key, digest) : 0;
    if (!n) {
        free(key);
        return trtc_fail_nomem(err);
    }
    *blank = '\0';
    n = put_plain(key, CUT, plain, &end);
    snprintf(out, NAME_BYTES, "c-%.*s~%s.json", (int)n, plain, digest);
    free(key);
    return 0;
}

/* The name that version 0.1.0 gave to journals, which some rooms and robots shared. */
static int old_journal_name(const struct trtc_task *task, char out[NAME_BYTES],
                            struct trtc_err *err)
{
    char key[KEY_MAX];
    snprintf(key, sizeof key, "%lld_%.200s_%.200s", (long long)task->sdkappid,
             member_text(task->request, "RoomId"), member_text(task->request, "UserId"));
    return file_name("c-", key, ".json", out, err);
}

static int task_name(const struct trtc_task *task, char out[NAME_BYTES], struct trtc_err *err)
{
    return task->id ? file_name("t-", task->id, ".json", out, err) : journal_name(task, out, err);
}

/* Whether a file with this name may hold the task. 1, 0, or -1: failure. */
static int is_name_of(const struct trtc_task *task, const char *name, struct trtc_err *err)
{
    char own[NAME_BYTES], old[NAME_BYTES] = "";
    if (task_name(task, own, err) < 0 || (!task->id && old_journal_name(task, old, err) < 0))
        return -1;
    return strcmp(own, name) == 0 || strcmp(old, name) == 0;
}

/* ---- the directory ---- */

/* Messages put directories in quotation marks. */
static int list_names(const struct trtc_tasks *t, struct trtc_names *names, struct trtc_err *err)
{
    struct trtc_err why;
    if (trtc_list_dir(t->fd, "", names, &why) == 0)
        return 0;
    return trtc_fail(err, why.code, "'%s'%s", t->dir, why.msg);
}

static int check_dir(const struct trtc_tasks *t, struct trtc_err *err)
{
    struct stat st;
    if (fstat(t->fd, &st))
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "'%s'", t->dir);
    if (st.st_uid != geteuid())
        return trtc_fail(err, TRTC_EX_NOPERM, "state directory '%s' belongs to another user",
                         t->dir);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "others may write to the state directory '%s': chmod 700 it", t->dir);
    return 0;
}

/* Creates the directory for the user alone, and its parents with the usual permissions. */
static int make_dir(const char *dir, struct trtc_err *err)
{
    char *parent = strdup(dir);
    int ret = -1;
    if (!parent)
        return trtc_fail_nomem(err);
    size_t n = strlen(parent);
    while (n > 1 && parent[n - 1] == '/')
        parent[--n] = '\0';
    char *slash = strrchr(parent, '/');
    if (slash && slash > parent) {
        *slash = '\0';
        if (trtc_mkdirs(parent, err) < 0)
            goto done;
    }
    if (mkdir(dir, 0700) && errno != EEXIST) {
        trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot create directory '%s'", dir);
        goto done;
    }
    ret = 0;
done:
    free(parent);
    return ret;
}

struct trtc_tasks *trtc_tasks_open(const char *dir, struct trtc_err *err)
{
    struct trtc_names names = { 0 };
    struct trtc_tasks *t = calloc(1, sizeof *t);
    if (!t) {
        trtc_fail_nomem(err);
        return NULL;
    }
    t->fd = t->lock_fd = -1;
    t->dir = strdup(dir);
    if (!t->dir) {
        trtc_fail_nomem(err);
        goto fail;
    }
    t->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->fd < 0 && errno == ENOENT) {
        if (make_dir(dir, err) < 0)
            goto fail;
        t->fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    if (t->fd < 0) {
        trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot open state directory '%s'", dir);
        goto fail;
    }
    if (check_dir(t, err) < 0 || list_names(t, &names, err) < 0)
        goto fail;
    for (size_t i = 0; i < names.n; i++)
        if (strncmp(names.v[i], TEMP_PREFIX, strlen(TEMP_PREFIX)) == 0 &&
            trtc_ends_with(names.v[i], strlen(names.v[i]), TEMP_SUFFIX))
            trtc_temp_sweep(t->fd, names.v[i]);
    trtc_names_fini(&names);
    return t;
fail:
    trtc_names_fini(&names);
    trtc_tasks_free(&t);
    return NULL;
}

void trtc_tasks_free(struct trtc_tasks **t)
{
    if (!*t)
        return;
    trtc_task_unlock(*t);
    if ((*t)->fd >= 0)
        close((*t)->fd);
    free((*t)->dir);
    free(*t);
    *t = NULL;
}

/* ---- locks ---- */

/* Whether name still refers to fd: unlocking removes the name. */
static bool is_named(const struct trtc_tasks *t, int fd, const char *name)
{
    struct stat have, named;
    return !fstat(fd, &have) && !fstatat(t->fd, name, &named, AT_SYMLINK_NOFOLLOW) &&
           have.st_dev == named.st_dev && have.st_ino == named.st_ino;
}

int trtc_task_lock(struct trtc_tasks *t, const char *id, struct trtc_err *err)
{
    char name[NAME_BYTES], shown[SHOWN_MAX];
    if (t->lock_fd >= 0)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "a task is locked already");
    if (file_name(".lock-", id, "", name, err) < 0)
        return -1;
    for (int i = 0; i < TRIES; i++) {
        int fd = openat(t->fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0)
            return trtc_fail_errno(err, errno == ELOOP ? TRTC_EX_NOPERM : TRTC_EX_CANTCREAT, errno,
                                   "cannot lock '%s/%s'", t->dir, name);
        int failed = trtc_flock(fd) ? errno : 0;
        if (!failed && is_named(t, fd, name)) {
            t->lock_fd = fd;
            memcpy(t->lock_name, name, sizeof name);
            return 0;
        }
        close(fd);
        if (failed && failed != EWOULDBLOCK)
            return trtc_fail_errno(err, TRTC_EX_CANTCREAT, failed, "cannot lock '%s/%s'", t->dir,
                                   name);
        if (failed)
            break;
    }
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: another process is using it: try again",
                     trtc_text_show(id, strlen(id), shown, sizeof shown));
}

void trtc_task_unlock(struct trtc_tasks *t)
{
    if (t->lock_fd < 0)
        return;
    unlinkat(t->fd, t->lock_name, 0);
    close(t->lock_fd);
    t->lock_fd = -1;
}

/* ---- writing ---- */

static bool add_text(cJSON *o, const char *name, const char *text)
{
    return text ? cJSON_AddStringToObject(o, name, text) != NULL
                : cJSON_AddNullToObject(o, name) != NULL;
}

static bool add_time(cJSON *o, const char *name, int64_t ms)
{
    return ms == TRTC_NOTIME ? cJSON_AddNullToObject(o, name) != NULL
                             : cJSON_AddNumberToObject(o, name, (double)ms) != NULL;
}

static bool add_request(cJSON *o, const cJSON *request)
{
    cJSON *bare = request ? trtc_api_redacted(request) : cJSON_CreateNull();
    if (bare && cJSON_AddItemToObject(o, "request", bare))
        return true;
    cJSON_Delete(bare);
    return false;
}

/* The task as text with a newline. NULL: out of memory. */
static char *make_text(const struct trtc_task *task)
{
    char *line = NULL;
    cJSON *o = cJSON_CreateObject();
    if (o && cJSON_AddNumberToObject(o, "version", VERSION) && add_text(o, "task_id", task->id) &&
        add_text(o, "state", states[task->state]) &&
        cJSON_AddNumberToObject(o, "sdkappid", (double)task->sdkappid) &&
        add_text(o, "region", task->region) && add_text(o, "endpoint", task->endpoint) &&
        add_time(o, "created_ms", task->created_ms) &&
        add_time(o, "changed_ms", task->changed_ms) &&
        add_time(o, "expires_ms", task->expires_ms) && add_text(o, "status", task->status) &&
        add_request(o, task->request))
        line = trtc_json_line(o);
    cJSON_Delete(o);
    return line;
}

/* Checks that the name is free, or belongs to a file of ours which may be replaced. */
static int check_target(const struct trtc_tasks *t, const char *name, struct trtc_err *err)
{
    struct stat st;
    if (fstatat(t->fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return errno == ENOENT
                   ? 0
                   : trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "'%s/%s'", t->dir, name);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "'%s/%s' is a link, or belongs to another user: remove it", t->dir, name);
    return 0;
}

static int write_file(const struct trtc_tasks *t, const char *name, const char *text,
                      struct trtc_err *err)
{
    struct trtc_temp temp = { .prefix = TEMP_PREFIX, .suffix = TEMP_SUFFIX };
    if (check_target(t, name, err) < 0)
        return -1;
    const struct trtc_bytes data = { (const uint8_t *)text, strlen(text) };
    const int errnum = trtc_temp_write(t->fd, &temp, data);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "cannot write '%s/%s'", t->dir,
                               name);
    int ret = 0;
    if (renameat(t->fd, temp.name, t->fd, name)) {
        ret = trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot rename to '%s/%s'", t->dir,
                              name);
        unlinkat(t->fd, temp.name, 0);
    } else if (trtc_fsync(t->fd) && errno != EINVAL && errno != EROFS) {
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot flush directory '%s'", t->dir);
    }
    close(temp.fd);
    return ret;
}

/* ---- reading ---- */

void trtc_task_fini(struct trtc_task *task)
{
    free(task->id);
    free(task->region);
    free(task->endpoint);
    free(task->status);
    trtc_api_forget(&task->request);
    *task = (struct trtc_task){ 0 };
}

/* Opens a file of ours. 1: *fd is open; 0: it does not exist; -1: failure. */
static int open_file(const struct trtc_tasks *t, const char *name, int *fd, struct trtc_err *err)
{
    struct stat st;
    *fd = openat(t->fd, name, READ_FLAGS);
    if (*fd < 0 && errno == ENOENT)
        return 0;
    if (*fd < 0 && errno == ELOOP)
        return trtc_fail(err, TRTC_EX_NOPERM, "'%s/%s' is a symbolic link", t->dir, name);
    if (*fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "'%s/%s'", t->dir, name);
    if (fstat(*fd, &st)) {
        trtc_fail_errno(err, TRTC_EX_IOERR, errno, "'%s/%s'", t->dir, name);
    } else if (!S_ISREG(st.st_mode)) {
        trtc_fail(err, TRTC_EX_DATAERR, "'%s/%s' is not a regular file", t->dir, name);
    } else if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH))) {
        trtc_fail(err, TRTC_EX_NOPERM, "'%s/%s' belongs to another user, or others may write to it",
                  t->dir, name);
    } else {
        return 1;
    }
    close(*fd);
    return -1;
}

/* Reads a whole file. 1: read; 0: it does not exist; -1: failure. */
static int read_file(const struct trtc_tasks *t, const char *name, char **text, size_t *n,
                     struct trtc_err *err)
{
    int fd;
    const int ret = open_file(t, name, &fd, err);
    if (ret <= 0)
        return ret;
    const int errnum = trtc_read_errno(fd, TRTC_JSON_MAX_BYTES, text, n);
    close(fd);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "'%s/%s'", t->dir, name);
    if (*n <= TRTC_JSON_MAX_BYTES)
        return 1;
    free(*text);
    return trtc_fail(err, TRTC_EX_DATAERR, "'%s/%s' is too large for a task", t->dir, name);
}

/* Copies a text; *out is NULL if it is absent. 0, or -1. */
static int take_text(const cJSON *o, const char *name, char **out, struct trtc_err *err)
{
    const char *s;
    int ret = trtc_json_string(o, "", name, &s, err);
    if (ret <= 0)
        return ret;
    *out = strdup(s);
    return *out ? 0 : trtc_fail_nomem(err);
}

static int take_state(const cJSON *o, struct trtc_task *task, struct trtc_err *err)
{
    const char *s = "";
    if (trtc_json_string(o, "", "state", &s, err) < 0)
        return -1;
    for (int i = 0; i <= TRTC_TASK_ENDED; i++)
        if (strcmp(s, states[i]) == 0) {
            task->state = (enum trtc_task_state)i;
            return 0;
        }
    return trtc_fail(err, TRTC_EX_DATAERR, "state: missing or unknown");
}

static int take_request(cJSON *o, struct trtc_task *task, struct trtc_err *err)
{
    const cJSON *request;
    int ret = trtc_json_object(o, "", "request", &request, err);
    if (ret == 1)
        task->request = cJSON_DetachItemFromObjectCaseSensitive(o, "request");
    return ret < 0 ? -1 : 0;
}

static int take_all(cJSON *o, struct trtc_task *task, struct trtc_err *err)
{
    int64_t version = 0;
    if (!cJSON_IsObject(o))
        return trtc_fail(err, TRTC_EX_DATAERR, "not an object");
    if (trtc_json_int(o, "", "version", 0, WHOLE_MAX, &version, err) < 0)
        return -1;
    if (version != VERSION)
        return trtc_fail(err, TRTC_EX_DATAERR, "version: %lld is not known", (long long)version);
    if (take_text(o, "task_id", &task->id, err) < 0 || take_state(o, task, err) < 0 ||
        trtc_json_int(o, "", "sdkappid", 0, WHOLE_MAX, &task->sdkappid, err) < 0 ||
        take_text(o, "region", &task->region, err) < 0 ||
        take_text(o, "endpoint", &task->endpoint, err) < 0 ||
        trtc_json_int(o, "", "created_ms", 0, WHOLE_MAX, &task->created_ms, err) < 0 ||
        trtc_json_int(o, "", "changed_ms", 0, WHOLE_MAX, &task->changed_ms, err) < 0 ||
        trtc_json_int(o, "", "expires_ms", 0, WHOLE_MAX, &task->expires_ms, err) < 0 ||
        take_text(o, "status", &task->status, err) < 0)
        return -1;
    if (!task->id && task->state != TRTC_TASK_CREATING)
        return trtc_fail(err, TRTC_EX_DATAERR, "task_id: missing");
    return take_request(o, task, err);
}

/* 1: *task was loaded; 0: the file does not exist; -1: failure. */
static int load_file(const struct trtc_tasks *t, const char *name, struct trtc_task *task,
                     struct trtc_err *err)
{
    char *text = NULL;
    size_t n = 0;
    struct trtc_err why = { 0 };
    struct trtc_task read = { .created_ms = TRTC_NOTIME,
                              .changed_ms = TRTC_NOTIME,
                              .expires_ms = TRTC_NOTIME };
    *task = (struct trtc_task){ 0 };
    int ret = read_file(t, name, &text, &n, err);
    if (ret <= 0)
        return ret;
    cJSON *o = trtc_json_parse("damaged", text, n, &why);
    ret = o && take_all(o, &read, &why) == 0 ? 1 : -1;
    cJSON_Delete(o);
    free(text);
    if (ret == 1 && (ret = is_name_of(&read, name, &why)) == 0)
        ret = trtc_fail(&why, TRTC_EX_DATAERR, "it belongs to another task");
    if (ret == 1) {
        *task = read;
        return 1;
    }
    trtc_task_fini(&read);
    return trtc_fail(err, why.code, "'%s/%s': %s", t->dir, name, why.msg);
}

int trtc_task_load(struct trtc_tasks *t, const char *id, struct trtc_task *task,
                   struct trtc_err *err)
{
    char name[NAME_BYTES];
    if (file_name("t-", id, ".json", name, err) < 0)
        return -1;
    return load_file(t, name, task, err);
}

/* ---- a task and its journal ---- */

/* Removes the journal with this name if it is that of the same robot. own: and only if it is this
 * task's, not that of a later create. */
static void leave(const struct trtc_tasks *t, const struct trtc_task *task, const char *name,
                  bool own)
{
    struct trtc_task journal;
    if (load_file(t, name, &journal, NULL) != 1)
        return;
    char *a = robot_key(task), *b = robot_key(&journal);
    if (a && b && strcmp(a, b) == 0 && (!own || journal.created_ms == task->created_ms))
        unlinkat(t->fd, name, 0);
    free(a);
    free(b);
    trtc_task_fini(&journal);
}

int trtc_task_save(struct trtc_tasks *t, struct trtc_task *task, struct trtc_err *err)
{
    char name[NAME_BYTES], other[NAME_BYTES];
    if (task_name(task, name, err) < 0)
        return -1;
    char *text = make_text(task);
    if (!text)
        return trtc_fail_nomem(err);
    int ret = write_file(t, name, text, err);
    free(text);
    if (ret == 0 && task->id && journal_name(task, other, NULL) == 0)
        leave(t, task, other, true);
    if (ret == 0 && !task->id && old_journal_name(task, other, NULL) == 0)
        leave(t, task, other, false);
    return ret;
}

int trtc_task_remove(struct trtc_tasks *t, const struct trtc_task *task, struct trtc_err *err)
{
    char name[NAME_BYTES];
    if (task_name(task, name, err) < 0)
        return -1;
    if (unlinkat(t->fd, name, 0) && errno != ENOENT)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot remove '%s/%s'", t->dir, name);
    return 0;
}

/* ---- all tasks ---- */

static int newest_first(const void *a, const void *b)
{
    const struct trtc_task *x = a, *y = b;
    if (x->created_ms != y->created_ms)
        return x->created_ms < y->created_ms ? 1 : -1;
    return strcmp(x->id ? x->id : "", y->id ? y->id : "");
}

static bool is_task_file(const char *name)
{
    return (strncmp(name, "t-", 2) == 0 || strncmp(name, "c-", 2) == 0) &&
           trtc_ends_with(name, strlen(name), ".json");
}

int trtc_task_each(struct trtc_tasks *t, int (*see)(void *opaque, const struct trtc_task *task),
                   void (*bad)(void *opaque, const char *file, const char *why), void *opaque,
                   struct trtc_err *err)
{
    struct trtc_names names = { 0 };
    size_t n = 0;
    struct trtc_task *tasks = NULL;
    int ret = list_names(t, &names, err);
    if (ret == 0 && !(tasks = calloc(names.n + 1, sizeof *tasks)))
        ret = trtc_fail_nomem(err);
    for (size_t i = 0; ret == 0 && i < names.n; i++) {
        struct trtc_err why = { 0 };
        if (!is_task_file(names.v[i]))
            continue;
        int found = load_file(t, names.v[i], &tasks[n], &why);
        if (found == 1)
            n++;
        else if (found < 0 && trtc_is_shortage(&why))
            ret = trtc_fail(err, why.code, "%s", why.msg);
        else if (found < 0 && bad)
            bad(opaque, names.v[i], why.msg);
    }
    if (n)
        qsort(tasks, n, sizeof *tasks, newest_first);
    for (size_t i = 0; ret == 0 && i < n; i++)
        ret = see(opaque, &tasks[i]);
    for (size_t i = 0; i < n; i++)
        trtc_task_fini(&tasks[i]);
    free(tasks);
    trtc_names_fini(&names);
    return ret;
}
