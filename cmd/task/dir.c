/* SPDX-License-Identifier: MIT */
/* The directory of a task: its request, lock, status, journal and control FIFO. */
#define _DEFAULT_SOURCE /* flock */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "../clock.h"
#include "base/beneath.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_put.h"
#include "base/text.h"
#include "base/utc.h"
#include "task.h"
#include "task/control.h"
#include "task/event.h"

#define REQUEST "request.json"
#define STATUS  "status.json"
#define CONTROL "control"
#define MODIFY  "modify.json"

enum { TASK_ID_MAX = 512, LOCK_US = 1000000, LOCK_LOOK_US = 20000 };

/* ---- opening ---- */

static int open_dir(struct task *t, struct trtc_err *err)
{
    t->dir = open(t->o->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (t->dir < 0 && errno == ENOTDIR)
        return trtc_fail(err, TRTC_EX_NOINPUT,
                         "%s: it is a file: give the directory that has " REQUEST " in it",
                         t->o->dir);
    return t->dir >= 0
               ? 0
               : trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot open '%s'", t->o->dir);
}

/* Waits for a moment, since a run that was just killed may still hold the lock. 0, or errno. */
static int wait_for_lock(int fd)
{
    for (int64_t until_us = clock_mono_us() + LOCK_US; trtc_flock(fd) < 0;) {
        const int errnum = errno;
        if (errnum != EWOULDBLOCK || clock_mono_us() >= until_us ||
            clock_sleep_until(clock_mono_us() + LOCK_LOOK_US))
            return errnum;
    }
    return 0;
}

/* Takes the lock. Who holds it runs the task. */
static int take_lock(struct task *t, struct trtc_err *err)
{
    char pid[32];
    t->lock = openat(t->dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (t->lock < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s: cannot make its lock",
                               t->o->dir);
    const int errnum = wait_for_lock(t->lock);
    if (errnum)
        return errnum == EWOULDBLOCK
                   ? trtc_fail(err, TRTC_EX_TEMPFAIL, "%s: another trtc-task is running it",
                               t->o->dir)
                   : trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "%s: cannot lock it", t->o->dir);
    const int n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    if (ftruncate(t->lock, 0) < 0 || pwrite(t->lock, pid, (size_t)n, 0) != n)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s: cannot write its lock", t->o->dir);
    return 0;
}

cJSON *task_json(const struct task *t, const char *name, struct trtc_err *err)
{
    char *text = NULL;
    const int64_t n = trtc_read_beneath(t->dir, name, TRTC_JSON_MAX_BYTES, &text, err);
    cJSON *json = n >= 0 ? trtc_json_parse(name, text, (size_t)n, err) : NULL;
    if (!json) {
        const struct trtc_err why = *err;
        if (n < 0)
            trtc_fail(err, why.code, "%s/%s: %s", t->o->dir, name, why.msg);
        else /* the message begins with the name */
            trtc_fail(err, why.code, "%s/%s", t->o->dir, why.msg);
    }
    free(text);
    return json;
}

/* Reads the id from DIR/task; without it, the id is the name of the directory. */
static int read_id(struct task *t, struct trtc_err *err)
{
    struct trtc_err why;
    char *text = NULL, *path = NULL;
    if (trtc_read_beneath(t->dir, "task", TASK_ID_MAX, &text, &why) >= 0) {
        text[strcspn(text, "\r\n")] = '\0';
        t->id = text;
    } else if (why.code != TRTC_EX_NOINPUT) {
        return trtc_fail(err, why.code, "%s/task: %s", t->o->dir, why.msg);
    } else if (!(path = realpath(t->o->dir, NULL))) {
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", t->o->dir);
    } else {
        const char *slash = strrchr(path, '/');
        t->id = strdup(slash ? slash + 1 : path);
        free(path);
    }
    if (!t->id)
        return trtc_fail_nomem(err);
    return *t->id ? 0 : trtc_fail(err, TRTC_EX_DATAERR, "%s/task: empty", t->o->dir);
}

static int read_request(struct task *t, struct trtc_err *err)
{
    struct trtc_err why;
    t->request = task_json(t, REQUEST, err);
    if (!t->request && err->code == TRTC_EX_NOINPUT)
        return trtc_fail(err, TRTC_EX_NOINPUT,
                         "%s/" REQUEST " is missing; 'trtc-task --help' has an example that makes "
                         "it",
                         t->o->dir);
    if (!t->request || trtc_task_request_read(t->request, &t->r, &why) < 0)
        return t->request ? trtc_fail(err, why.code, "%s/" REQUEST ": %s", t->o->dir, why.msg) : -1;
    /* the change that an earlier run had accepted */
    t->change = task_json(t, MODIFY, &why);
    if (!t->change && why.code != TRTC_EX_NOINPUT)
        cli_error("%s: the change is left out", why.msg);
    if (t->change && trtc_task_request_modify(&t->r, t->request, t->change, &why) < 0) {
        cli_error(MODIFY ": %s: the change is left out", why.msg);
        cJSON_Delete(t->change);
        t->change = NULL;
    }
    return 0;
}

static int make_control(struct task *t, struct trtc_err *err)
{
    struct stat st;
    if (mkfifoat(t->dir, CONTROL, 0600) < 0 && errno != EEXIST)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s/" CONTROL, t->o->dir);
    /* opened for reading and writing, so that it does not end when a writer closes it */
    t->control = openat(t->dir, CONTROL, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (t->control < 0 || fstat(t->control, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s/" CONTROL, t->o->dir);
    if (!S_ISFIFO(st.st_mode))
        return trtc_fail(err, TRTC_EX_CANTCREAT, "%s/" CONTROL ": it is not a FIFO", t->o->dir);
    if (mkdirat(t->dir, "files", 0700) < 0 && errno != EEXIST)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "%s/files", t->o->dir);
    return 0;
}

static int take_line(void *arg, const cJSON *line)
{
    struct task *t = arg;
    struct trtc_err err;
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(line, "EventType");
    if (!trtc_journal_take(&t->log.journal, line)) {
        cli_error("events.ndjson: a line is out of order: it is left out");
        return 0;
    }
    if (t->uploader && upload_take(t, line) < 0)
        return -1;
    if (!cJSON_IsNumber(type) || (int)type->valuedouble != TRTC_EVENT_FILE_SLICE)
        return 0;
    return trtc_index_take(&t->index, cJSON_GetObjectItemCaseSensitive(line, "Payload"), &err);
}

int task_open(struct task *t, struct trtc_err *err)
{
    if (open_dir(t, err) < 0 || read_id(t, err) < 0 || read_request(t, err) < 0 ||
        take_lock(t, err) < 0 || upload_new(t, err) < 0 ||
        log_open(&t->log, t->dir, take_line, t, err) < 0)
        return -1;
    t->resume = trtc_journal_resume(&t->log.journal);
    return t->resume == TRTC_RESUME_OVER ? 0 : make_control(t, err);
}

void task_close(struct task *t)
{
    const int fds[] = { t->control, t->signals, t->lock, t->dir };
    log_close(&t->log);
    for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    trtc_index_fini(&t->index);
    trtc_task_request_fini(&t->r);
    cJSON_Delete(t->request);
    cJSON_Delete(t->change);
    free(t->id);
}

/* ---- files that are replaced atomically ---- */

int task_replace(const struct task *t, const char *name, const char *text, bool durable,
                 struct trtc_err *err)
{
    char temp[64];
    snprintf(temp, sizeof temp, ".%s.part", name);
    const int fd =
        openat(t->dir, temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    int ret = fd < 0 ? trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot write %s", name)
                     : trtc_write_all(fd, text, strlen(text), name, err);
    if (ret == 0 && durable && trtc_fsync(fd) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", name);
    if (fd >= 0)
        close(fd);
    if (ret == 0 && renameat(t->dir, temp, t->dir, name) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", name);
    if (ret == 0 && durable)
        trtc_fsync(t->dir);
    return ret;
}

static cJSON *users_json(const struct task *t)
{
    size_t n;
    const char **users = trtc_task_users(&t->here, &t->r, &n);
    cJSON *all = !users && n ? NULL : cJSON_CreateArray();
    for (size_t i = 0; users && i < n; i++)
        trtc_json_push(&all, cJSON_CreateString(users[i]));
    free(users);
    return all;
}

void task_status(struct task *t, bool durable)
{
    const struct trtc_journal *j = &t->log.journal;
    const bool left = t->stage != TASK_RECORDS;
    cJSON *s = cJSON_CreateObject();
    trtc_json_put_text(&s, "Status", left ? "Exited" : t->in_progress ? "InProgress" : "Idle");
    trtc_json_put_text(&s, "TaskId", t->id);
    trtc_json_put_number(&s, "Ha", j->ha);
    trtc_json_put_number(&s, "StartMs", (double)j->start_ms);
    if (left)
        trtc_json_put_number(&s, "LeaveCode", j->leave_code);
    if (t->stage == TASK_OVER)
        trtc_json_put_number(&s, "EndMs", (double)t->now_ms);
    trtc_json_put(&s, "Users", left ? cJSON_CreateArray() : users_json(t));
    trtc_json_put(&s, "Streams", trtc_index_streams(&t->index));
    trtc_json_put_number(&s, "Seq", (double)j->seq);
    struct trtc_err err;
    char *text = trtc_json_line(s);
    cJSON_Delete(s);
    if (text && task_replace(t, STATUS, text, durable, &err) < 0)
        cli_error("%s: %s", t->o->dir, err.msg);
    free(text);
    t->stale = !text;
    t->status_us = t->now_us;
}

/* ---- lines of the journal ---- */

static void put(struct task *t, cJSON *line)
{
    if (log_put(&t->log, line) < 0)
        t->failure = TRTC_EX_TEMPFAIL;
    t->stale = true;
}

void task_event(struct task *t, int type, cJSON *payload)
{
    put(t, trtc_journal_event(&t->log.journal, t->now_ms, type, payload));
}

void task_event_status(struct task *t, int type, int status)
{
    put(t, trtc_journal_status(&t->log.journal, t->now_ms, type, status));
}

void task_file(struct task *t, const char *path, const char *type)
{
    cJSON *line = trtc_journal_next(&t->log.journal, t->now_ms);
    trtc_json_put_text(&line, "File", path);
    trtc_json_put_text(&line, "Type", type);
    put(t, line);
    upload_file(t, path, type);
}

void task_leaves(struct task *t, enum trtc_leave why)
{
    cJSON *line = trtc_journal_next(&t->log.journal, t->now_ms);
    cJSON *leave = cJSON_CreateObject();
    trtc_json_put_number(&leave, "LeaveCode", why);
    trtc_json_put(&line, "Leave", leave);
    put(t, line);
    t->log.journal.leaves = true;
    t->log.journal.leave_code = why;
}

void task_loss(struct task *t, const char *user, const char *sentence)
{
    cJSON *line = trtc_journal_next(&t->log.journal, t->now_ms);
    cli_error("%s%s%s", user ? user : "", user ? ": " : "", sentence);
    trtc_json_put_text(&line, "Loss", sentence);
    if (user)
        trtc_json_put_text(&line, "UserId", user);
    put(t, line);
    t->log.journal.nb_losses++;
}

/* ---- the control FIFO ---- */

/* Applies a change, of which it takes ownership. */
static void modify(struct task *t, cJSON *change)
{
    struct trtc_err err;
    if (t->stage != TASK_RECORDS) {
        cli_error(CONTROL ": a change arrived after the recorder had left: it is left out");
        cJSON_Delete(change);
        return;
    }
    if (trtc_task_request_modify(&t->r, t->request, change, &err) < 0) {
        cli_error(CONTROL ": %s: the change is left out", err.msg);
        cJSON_Delete(change);
        return;
    }
    char *text = trtc_json_line(change);
    if (!text || task_replace(t, MODIFY, text, true, &err) < 0)
        cli_error("%s: %s: it will be lost if the task is killed", MODIFY,
                  text ? err.msg : "out of memory");
    free(text);
    cJSON_Delete(t->change);
    t->change = change;
    t->changed = true;
    if (t->mix)
        mix_change(t, change);
}

static void take_control(struct task *t, const char *text, size_t n)
{
    struct trtc_control c;
    struct trtc_err err;
    if (trtc_control_read(text, n, &c, &err) < 0) {
        cli_error(CONTROL ": %s: left out", err.msg);
        return;
    }
    if (c.modify)
        modify(t, c.modify);
    else
        task_leave(t, (enum trtc_leave)c.leave_code);
}

void task_control(struct task *t)
{
    char *text = t->lines.text, *end;
    ssize_t n;
    while ((n = read(t->control, text + t->lines.n, sizeof t->lines.text - t->lines.n)) > 0) {
        t->lines.n += (size_t)n;
        while ((end = memchr(text, '\n', t->lines.n)) != NULL) {
            const size_t len = (size_t)(end - text);
            if (!t->lines.skips && len)
                take_control(t, text, len);
            t->lines.skips = false;
            t->lines.n -= len + 1;
            memmove(text, end + 1, t->lines.n);
        }
        if (t->lines.n == sizeof t->lines.text) {
            cli_error(CONTROL ": a line is longer than %zu bytes: left out", t->lines.n);
            t->lines.skips = true;
            t->lines.n = 0;
        }
    }
}
