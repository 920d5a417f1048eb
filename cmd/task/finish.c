/* SPDX-License-Identifier: MIT */
/* What remains to be done after the recording: completes the files that killed children left, makes
 * MP4 or AAC, and writes the last line of the journal. */
#include "finish.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cjson/cJSON.h>

#include "../cli.h"
#include "base/json_put.h"
#include "task/event.h"

enum {
    KEY_SIZE = TRTC_FOUND_USER_MAX + 8,
    TEXT_MAX = 512,
    CHILD_US = 10000000, /* how long a child of a killed run may take, which has got its signal */
    CHILD_LOOK_US = 50000
};

static void next_step(struct finish *f)
{
    f->step++;
    task_again(f->task, f->task->now_us);
}

/* Notes a failure of the machine (disk, memory): the next run does what remains, and this one ends
 * with its next turn. */
static void fail(struct finish *f, int code)
{
    f->task->failure = code;
    task_again(f->task, f->task->now_us);
}

/* Returns the exit status; -1: a signal ended the child. */
static int code_of(int status)
{
    return WIFSIGNALED(status) ? -1 : WEXITSTATUS(status);
}

/* Reports the failure of a child as a loss. */
static void say_failed(const struct finish *f, const char *user, const char *program, int status)
{
    char text[TEXT_MAX];
    snprintf(text, sizeof text, "%s %s %d", program,
             WIFSIGNALED(status) ? "was ended by signal" : "ended with exit status",
             WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    task_loss(f->task, user, text);
}

/* ---- rescue ---- */

static bool is_rescued(const struct finish *f, const char *key)
{
    for (size_t i = 0; i < f->rescued.n; i++)
        if (strcmp(f->rescued.v[i], key) == 0)
            return true;
    return false;
}

/* Finds the next stream with incomplete files. Returns false if there is none. */
static bool find_left(struct finish *f, struct trtc_found *found)
{
    struct trtc_names names = { 0 };
    char key[KEY_SIZE];
    bool any = false;
    if (files_list(f->task, &names) < 0)
        fail(f, TRTC_EX_IOERR);
    for (size_t i = 0; !any && !f->task->failure && i < names.n; i++) {
        if (!trtc_found_read(names.v[i], found) || !(found->left || f->task->rescues))
            continue;
        snprintf(key, sizeof key, "%d%d%s", found->mixed, found->aux, found->user);
        any = !is_rescued(f, key);
        if (any && trtc_names_add(&f->rescued, key) < 0)
            fail(f, TRTC_EX_TEMPFAIL);
    }
    trtc_names_fini(&names);
    return any && !f->task->failure;
}

/* Returns the user whose files are being completed; "": the mix. */
static const char *rescued_user(const struct finish *f)
{
    return f->rescued.v[f->rescued.n - 1] + 2;
}

static void on_rescue_line(void *arg, const char *line, size_t n)
{
    struct finish *f = arg;
    task_recorded(f->task, rescued_user(f), line, n, NULL);
}

static void on_rescue_said(void *arg, const char *line, size_t n)
{
    const struct finish *f = arg;
    (void)n;
    task_rescue_said(f->task, rescued_user(f), line);
}

static void on_rescue_ended(void *arg, int status)
{
    struct finish *f = arg;
    const char *user = rescued_user(f);
    const int code = code_of(status);
    if (code == TRTC_EX_TEMPFAIL || code == TRTC_EX_IOERR || code == TRTC_EX_CANTCREAT)
        fail(f, TRTC_EX_TEMPFAIL);
    else if (code != TRTC_EX_DATAERR && code != TRTC_EX_OK && code != TRTC_EX_LOSS)
        say_failed(f, *user ? user : NULL,
                   "the trtc-hls that completes the files of a killed recorder", status);
}

/* A child of a killed run completes its files before they are looked at. */
static bool waits(const struct finish *f)
{
    const bool any = f->task->rescues && f->rescued.n == 0 &&
                     f->task->now_us < f->since_us + CHILD_US && files_in_use(f->task);
    if (any)
        task_again(f->task, f->task->now_us + CHILD_LOOK_US);
    return any;
}

static void rescue(struct finish *f)
{
    static const struct proc_calls calls = { on_rescue_line, on_rescue_said, on_rescue_ended };
    struct trtc_found found;
    struct trtc_words w = { 0 };
    struct trtc_err err;
    if (waits(f))
        return;
    if (!find_left(f, &found)) {
        next_step(f);
        return;
    }
    f->task->rescues = true;
    const struct trtc_task_stream s = { .user = found.user, .aux = found.aux };
    trtc_command_rescue(&w, &f->task->r, found.mixed ? NULL : &s);
    f->proc.calls = &calls;
    f->proc.arg = f;
    if (proc_start(&f->task->procs, &f->proc, &(struct proc_start){ &w, f->task->dir, -1, -1 },
                   &err) < 0)
        fail(f, cli_report(&err));
}

/* ---- what was recorded ---- */

static void look(struct finish *f)
{
    struct trtc_names names = { 0 };
    struct trtc_found found;
    if (f->task->rescues && !log_flush(&f->task->log))
        return; /* the next turn tries again */
    if (f->task->rescues && files_note(f->task) < 0)
        fail(f, TRTC_EX_TEMPFAIL);
    if (files_list(f->task, &names) < 0)
        fail(f, TRTC_EX_IOERR);
    for (size_t i = 0; i < names.n; i++)
        if (trtc_found_read(names.v[i], &found) && found.playlist) {
            f->recorded |= !found.aux;
            f->aux |= found.aux;
        }
    trtc_names_fini(&names);
    if (!f->task->log.journal.left)
        task_event_status(f->task, TRTC_EVENT_STOP, f->task->leave);
    f->task->log.journal.left = true;
    if (f->task->r.made == TRTC_MADE_NONE || f->task->log.journal.made)
        f->step = FINISH_MADE - 1;
    next_step(f);
}

/* ---- MP4 or AAC ---- */

static void on_merge_line(void *arg, const char *line, size_t n)
{
    struct finish *f = arg;
    struct trtc_err err;
    char *path;
    if (trtc_made_take(&f->made, line, n, &path, &err) < 0) {
        char text[sizeof err.msg + TEXT_MAX];
        snprintf(text, sizeof text, "trtc-merge: %s: the file is not listed", err.msg);
        task_loss(f->task, NULL, text);
        f->made.status = 2;
        return;
    }
    if (path)
        task_file(f->task, path, f->task->r.made == TRTC_MADE_AAC ? "aac" : "mp4");
    free(path);
}

static void on_merge_said(void *arg, const char *line, size_t n)
{
    const struct finish *f = arg;
    (void)n;
    task_loss(f->task, NULL, line);
}

static void on_merge_ended(void *arg, int status)
{
    struct finish *f = arg;
    const int code = code_of(status);
    files_join(f->task);
    if (code == TRTC_EX_TEMPFAIL || code == TRTC_EX_IOERR) {
        fail(f, TRTC_EX_TEMPFAIL);
    } else if (code != TRTC_EX_OK && code != TRTC_EX_LOSS) {
        f->made.status = 2;
        say_failed(f, NULL, "trtc-merge", status);
    }
    f->step++;
}

static void merge(struct finish *f, bool aux)
{
    static const struct proc_calls calls = { on_merge_line, on_merge_said, on_merge_ended };
    struct trtc_words w = { 0 };
    struct trtc_err err;
    if (f->task->failure || !(aux ? f->aux : f->recorded)) {
        next_step(f);
        return;
    }
    trtc_command_merge(&w, &f->task->r, aux ? FILES_PARTED : NULL);
    f->proc.calls = &calls;
    f->proc.arg = f;
    if ((!aux || files_part(f->task, &err) == 0) &&
        proc_start(&f->task->procs, &f->proc, &(struct proc_start){ &w, f->task->dir, -1, -1 },
                   &err) == 0)
        return;
    trtc_words_fini(&w);
    cli_report(&err);
    fail(f, TRTC_EX_TEMPFAIL);
    next_step(f);
}

/* ---- the last lines ---- */

static void put(struct task *t, const char *key, cJSON *value)
{
    cJSON *line = trtc_journal_next(&t->log.journal, t->now_ms);
    trtc_json_put(&line, key, value);
    if (log_put(&t->log, line) < 0)
        t->failure = TRTC_EX_TEMPFAIL;
}

static void say_end(struct task *t)
{
    struct trtc_journal *j = &t->log.journal;
    cJSON *end = cJSON_CreateObject();
    j->exit_status = j->nb_losses ? TRTC_EX_LOSS : TRTC_EX_OK;
    trtc_json_put_number(&end, "Status", t->leave == TRTC_LEAVE_FAILED);
    trtc_json_put_number(&end, "ExitStatus", j->exit_status);
    put(t, "End", end);
}

static void say_made(struct finish *f)
{
    struct task *t = f->task;
    const bool makes = t->r.made != TRTC_MADE_NONE && !t->log.journal.made;
    if (!t->failure && makes && (f->recorded || f->aux)) {
        cJSON *payload = trtc_made_payload(&f->made);
        upload_made(t, payload);
        put(t, "Made", payload);
    }
    next_step(f);
}

/* Writes the last line, unless the machine failed: then the next run does what remains. */
static void end(struct finish *f)
{
    if (!f->task->failure) {
        upload_say_left(f->task);
        say_end(f->task);
    }
    next_step(f);
}

void finish_turn(struct task *t)
{
    struct finish *f = t->finish;
    if (!f) {
        f = t->finish = calloc(1, sizeof *f);
        if (!f) {
            t->failure = TRTC_EX_TEMPFAIL;
            t->stage = TASK_OVER;
            return;
        }
        f->task = t;
        f->since_us = t->now_us;
    }
    if (f->proc.pid)
        return;
    switch (f->step) {
    case FINISH_RESCUE:
        rescue(f);
        break;
    case FINISH_LOOK:
        look(f);
        break;
    case FINISH_MAIN:
        merge(f, false);
        break;
    case FINISH_AUX:
        merge(f, true);
        break;
    case FINISH_MADE:
        say_made(f);
        break;
    case FINISH_UPLOAD:
        if (f->task->failure || upload_turn(f->task, true))
            next_step(f);
        break;
    case FINISH_END:
        end(f);
        break;
    case FINISH_DONE:
        t->stage = TASK_OVER;
        break;
    }
}

void finish_free(struct task *t)
{
    if (!t->finish)
        return;
    trtc_names_fini(&t->finish->rescued);
    trtc_made_fini(&t->finish->made);
    free(t->finish);
    t->finish = NULL;
}
