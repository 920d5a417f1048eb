/* SPDX-License-Identifier: MIT */
/* The uploader of a task: it gets paths, prints those of files that are proven to be stored, and
 * events follow. */
#define _GNU_SOURCE /* pipe2 */

#include "upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/json_put.h"
#include "task/event.h"

#define S INT64_C(1000000)

/* ---- its input ---- */

static void close_input(struct uploader *u)
{
    if (u->to >= 0)
        close(u->to);
    u->to = -1;
    free(u->line);
    u->line = NULL;
    u->n = u->done = 0;
}

/* Makes the next line for the uploader, a path that begins with DIR as it was given. Returns false
 * if there is none. */
static bool next_line(struct uploader *u)
{
    const char *path = trtc_upload_next(&u->files);
    const size_t size = path ? strlen(u->task->o->dir) + strlen(path) + 3 : 0;
    if (!path || !(u->line = malloc(size)))
        return false;
    u->n = (size_t)snprintf(u->line, size, "%s/%s\n", u->task->o->dir, path);
    u->done = 0;
    return true;
}

static void feed(struct uploader *u)
{
    while (u->to >= 0 && (u->line || next_line(u))) {
        const ssize_t n = write(u->to, u->line + u->done, u->n - u->done);
        if (n < 0 && errno == EAGAIN)
            task_again(u->task, u->task->now_us + S / 10);
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            close_input(u); /* it is ending */
        if (n < 0 && errno != EINTR)
            return;
        u->done += n > 0 ? (size_t)n : 0;
        if (u->done == u->n) {
            free(u->line);
            u->line = NULL;
        }
    }
}

/* ---- the process ---- */

static void on_line(void *arg, const char *line, size_t n)
{
    struct uploader *u = arg;
    const size_t dir = strlen(u->task->o->dir);
    const char *path = n > dir && strncmp(line, u->task->o->dir, dir) == 0 ? line + dir : line;
    while (*path == '/')
        path++;
    u->files.failures = 0;
    if (!trtc_upload_proven(&u->files, path))
        return;
    cJSON *payload = cJSON_CreateObject();
    trtc_json_put_text(&payload, "FileList", trtc_file_name(path));
    task_event(u->task, TRTC_EVENT_FILE_INFO, payload);
}

static void on_said(void *arg, const char *line, size_t n)
{
    struct uploader *u = arg;
    (void)n;
    snprintf(u->said, sizeof u->said, "%.255s", line);
    cli_error("%s", line);
}

/* Reports the failure of the uploader (308), with its last message. */
static void say_failed(struct uploader *u, int status)
{
    char code[32];
    cJSON *payload = cJSON_CreateObject();
    snprintf(code, sizeof code, "%s%d", WIFSIGNALED(status) ? "signal " : "",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    trtc_json_put_text(&payload, "Code", code);
    trtc_json_put_text(&payload, "Message", u->said);
    task_event(u->task, TRTC_EVENT_UPLOAD_ERROR, payload);
}

static void on_ended(void *arg, int status)
{
    struct uploader *u = arg;
    const bool ends = u->task->stage == TASK_FINISHES;
    const bool failed = !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    close_input(u);
    trtc_upload_again(&u->files);
    if (failed)
        say_failed(u, status);
    if (!failed && u->files.n == 0)
        return;
    const int64_t pause_us = trtc_upload_pause_us(&u->files, ends);
    u->files.failures++;
    u->due_us = u->task->now_us + (pause_us < 0 ? 0 : pause_us);
    u->gave_up = pause_us < 0;
}

static void start(struct uploader *u)
{
    static const struct proc_calls calls = { on_line, on_said, on_ended };
    struct task *t = u->task;
    struct trtc_words w = { 0 };
    struct trtc_err err = { 0 };
    int in[2] = { -1, -1 };
    trtc_words_split(&w, t->o->uploader);
    u->proc.calls = &calls;
    u->proc.arg = u;
    u->said[0] = '\0';
    int ret =
        pipe2(in, O_CLOEXEC) < 0 || fcntl(in[1], F_SETFL, O_NONBLOCK) < 0
            ? trtc_fail_errno(&err, TRTC_EX_TEMPFAIL, errno, "the uploader cannot be started")
            : proc_start(&t->procs, &u->proc, &(struct proc_start){ &w, -1, in[0], -1 }, &err);
    trtc_words_fini(&w);
    if (in[0] >= 0)
        close(in[0]);
    u->to = in[1];
    if (ret == 0 && !u->begun)
        task_event_status(t, TRTC_EVENT_UPLOAD_START, 0);
    u->begun |= ret == 0;
    if (ret == 0)
        return;
    cli_report(&err);
    close_input(u);
    u->due_us = t->now_us + trtc_upload_pause_us(&u->files, false);
    u->files.failures++;
}

/* ---- for the task ---- */

int upload_new(struct task *t, struct trtc_err *err)
{
    if (!t->o->uploader || t->uploader)
        return 0;
    t->uploader = calloc(1, sizeof *t->uploader);
    if (!t->uploader)
        return trtc_fail_nomem(err);
    t->uploader->task = t;
    t->uploader->to = -1;
    return 0;
}

void upload_file(struct task *t, const char *path, const char *type)
{
    struct trtc_err err;
    if (t->uploader && trtc_upload_add(&t->uploader->files, path, type, &err) < 0)
        task_loss(t, NULL, "out of memory: a file is not uploaded");
}

static const cJSON *in(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

static int take_told(struct uploader *u, const char *name)
{
    char path[TRTC_TASK_PATH_MAX + 8];
    snprintf(path, sizeof path, TRTC_TASK_FILES "/%.*s", TRTC_TASK_PATH_MAX, name ? name : "");
    return trtc_names_add(&u->files.told, path);
}

/* Takes a line of an earlier run. Files that it lists are given to the uploader again, which knows
 * itself what it has proven. */
int upload_take(struct task *t, const cJSON *line)
{
    struct trtc_err err;
    struct uploader *u = t->uploader;
    const char *path = cJSON_GetStringValue(in(line, "File"));
    const char *type = cJSON_GetStringValue(in(line, "Type"));
    const int event =
        cJSON_IsNumber(in(line, "EventType")) ? (int)in(line, "EventType")->valuedouble : 0;
    if (path && type)
        return trtc_upload_add(&u->files, path, type, &err);
    if (event == TRTC_EVENT_FILE_INFO)
        return take_told(u, cJSON_GetStringValue(in(in(line, "Payload"), "FileList")));
    u->begun |= event == TRTC_EVENT_UPLOAD_START;
    u->ended |= event == TRTC_EVENT_UPLOAD_STOP;
    u->made_ended |= event == TRTC_EVENT_MP4_STOP;
    if (!in(line, "Made") || u->made)
        return 0;
    u->made = cJSON_Duplicate(in(line, "Made"), true);
    return u->made ? 0 : trtc_fail_nomem(&err);
}

void upload_made(struct task *t, const cJSON *payload)
{
    if (!t->uploader || t->uploader->made)
        return;
    t->uploader->made = cJSON_Duplicate(payload, true);
    if (!t->uploader->made)
        t->failure = TRTC_EX_TEMPFAIL;
}

/* Reports 310: all made files are uploaded, or they are stuck. */
static void say_made(struct uploader *u)
{
    if (trtc_upload_waiting(&u->files, true))
        trtc_json_replace(&u->made, "Status", cJSON_CreateNumber(1));
    task_event(u->task, TRTC_EVENT_MP4_STOP, u->made);
    u->made = NULL;
    u->made_ended = true;
}

bool upload_turn(struct task *t, bool last)
{
    struct uploader *u = t->uploader;
    if (!u)
        return true;
    if (!u->proc.pid && !u->gave_up && u->files.n) {
        if (t->now_us >= u->due_us)
            start(u);
        else
            task_again(t, u->due_us);
    }
    feed(u);
    if (!last)
        return false;
    if (!u->line && u->to >= 0 && trtc_upload_all_given(&u->files))
        close_input(u); /* no more files come, so it ends */
    if (u->files.n && !u->gave_up)
        return false;
    if (!u->ended && u->begun)
        task_event_status(t, TRTC_EVENT_UPLOAD_STOP, trtc_upload_waiting(&u->files, false) > 0);
    u->ended = true;
    if (u->made && !u->made_ended)
        say_made(u);
    return !u->proc.pid;
}

void upload_say_left(struct task *t)
{
    const struct uploader *u = t->uploader;
    for (size_t i = 0; u && i < u->files.n; i++) {
        char text[TRTC_TASK_PATH_MAX + 64];
        snprintf(text, sizeof text, "%.*s was not uploaded", TRTC_TASK_PATH_MAX,
                 u->files.items[i].path);
        task_loss(t, NULL, text);
    }
}

void upload_free(struct task *t)
{
    if (!t->uploader)
        return;
    close_input(t->uploader);
    trtc_upload_fini(&t->uploader->files);
    cJSON_Delete(t->uploader->made);
    free(t->uploader);
    t->uploader = NULL;
}
