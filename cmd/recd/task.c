/* SPDX-License-Identifier: MIT */
/* The list of tasks; starts them and passes orders to them. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */

#include "task.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/array.h"
#include "base/beneath.h"
#include "base/file.h"
#include "base/json.h"
#include "base/json_put.h"
#include "follow.h"
#include "giveup.h"
#include "pictures.h"
#include "setup.h"
#include "sweep.h"
#include "task/control.h"
#include "upload.h"

enum {
    PROBE_MS = 1000,
    TELL_AGAIN_MS = 5000, /* a stop is repeated until the task has left */
    UNHEARD_MS = 5000,    /* after this time, a launcher that has begun nothing is ended too */
    HUNG_MS = 120000,     /* after this time, a recorder that does not leave is killed */
    LOOK_MS = 1000,       /* events are read at least this often, also without inotify */
    FIRST_PAUSE_MS = 500, /* before a task is started again; doubled each time */
    LAST_PAUSE_MS = 60000,
    REMOTE_MS = 30000,
    IDLE_ENDS = 5, /* a task is given up after this many starts without a line */
    STATUS_BYTES = 4 << 20,
    LEAVE_SERVER = 3
};

/* ---- the list ---- */

struct task *task_find(const struct recd *r, int64_t sdkappid, const char *id)
{
    for (size_t i = r->nb_tasks; i-- > 0;) {
        struct task *t = r->tasks[i];
        if (strcmp(t->row.id, id) == 0)
            return t->row.sdkappid == sdkappid ? t : NULL;
    }
    return NULL;
}

static struct task *task_of(struct polled *p)
{
    return (struct task *)(void *)((char *)p - offsetof(struct task, launcher.end));
}

static void launcher_ended(struct recd *r, struct polled *p);

static void watch(struct recd *r, struct task *t)
{
    t->watch = r->inotify.fd < 0
                   ? -1
                   : inotify_add_watch(r->inotify.fd, t->dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO);
}

struct task *task_new(struct recd *r, struct trtc_task_row *row)
{
    struct task *t = calloc(1, sizeof *t);
    if (!t || trtc_array_reserve(&r->tasks, &r->cap_tasks, r->nb_tasks + 1, sizeof *r->tasks) < 0 ||
        !(t->dir = setup_path(r->tasks_dir, row->id))) {
        free(t);
        trtc_task_row_fini(row);
        return NULL;
    }
    t->row = *row;
    *row = (struct trtc_task_row){ 0 };
    t->launcher.end = (struct polled){ launcher_ended, -1 };
    t->watch = -1;
    t->look = true;
    t->start_seq = -1;
    return t;
}

void task_join(struct recd *r, struct task *t)
{
    if (!t->row.ended_ms)
        watch(r, t);
    r->tasks[r->nb_tasks++] = t;
}

static int load_one(void *arg, struct trtc_task_row *row)
{
    struct recd *r = arg;
    struct task *t = task_new(r, row);
    if (t)
        task_join(r, t);
    return t ? 0 : -1;
}

void task_free(struct recd *r, struct task *t)
{
    upload_free(r, t);
    if (t->launcher.end.fd >= 0) {
        recd_unpoll(r, &t->launcher.end);
        close(t->launcher.end.fd);
    }
    trtc_task_row_fini(&t->row);
    free(t->dir);
    free(t);
}

void tasks_free(struct recd *r)
{
    for (size_t i = 0; i < r->nb_tasks; i++)
        task_free(r, r->tasks[i]);
    free(r->tasks);
}

/* Fetches the pictures that the service may have been fetching when it was killed: those of a task
 * that was never started, and those of its last change, which is passed on again. */
static void fetch_again(struct recd *r, struct task *t)
{
    static const char name[] = "MixLayoutParams";
    if (t->row.ended_ms)
        return;
    struct trtc_err why = { 0 };
    cJSON *request = t->row.starts ? NULL : task_json(t->dir, "request.json", &why);
    if (why.code)
        cli_error("task %s: pictures that it may name are not fetched: %s", t->row.id, why.msg);
    cJSON *line = t->row.modify ? cJSON_Parse(t->row.modify) : NULL;
    const cJSON *change = cJSON_GetObjectItemCaseSensitive(line, "modify");
    pictures_fetch(r, t, cJSON_GetObjectItemCaseSensitive(request, name));
    pictures_fetch(r, t, cJSON_GetObjectItemCaseSensitive(change, name));
    cJSON_Delete(request);
    cJSON_Delete(line);
}

int tasks_load(struct recd *r, struct trtc_err *err)
{
    if (!r->store)
        return 0;
    if (trtc_store_tasks(r->store, load_one, r, err) < 0)
        return -1;
    sweep_unknown(r);
    size_t nb_open = 0;
    for (size_t i = 0; i < r->nb_tasks; i++) {
        nb_open += !r->tasks[i]->row.ended_ms;
        fetch_again(r, r->tasks[i]);
    }
    if (nb_open)
        cli_note("%zu task%s running when trtc-recd ended", nb_open,
                 nb_open == 1 ? " was" : "s were");
    return 0;
}

struct cJSON *task_json(const char *dir, const char *name, struct trtc_err *err)
{
    struct trtc_err why;
    char *text = NULL;
    cJSON *json = NULL;
    const int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot open '%s'", dir);
    const int64_t n = fd < 0 ? -1 : trtc_read_beneath(fd, name, STATUS_BYTES, &text, &why);
    if (n >= 0)
        json = trtc_json_parse(name, text, (size_t)n, err);
    else if (fd >= 0)
        trtc_fail(err, why.code, "%s/%s: %s", dir, name, why.msg);
    if (fd >= 0)
        close(fd);
    free(text);
    return json;
}

bool task_change(struct recd *r, struct task *t,
                 int (*change)(struct recd *r, void *arg, struct trtc_err *err), void *arg)
{
    const struct trtc_task_row row = t->row;
    const struct trtc_progress progress = t->progress;
    if (recd_change(r, change, arg))
        return true;
    t->row = row;
    t->progress = progress;
    return false;
}

/* ---- starting ---- */

bool task_is_held(const char *dir)
{
    char *path = setup_path(dir, "lock");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    const bool held = fd >= 0 && trtc_flock(fd) < 0 && errno == EWOULDBLOCK;
    if (fd >= 0)
        close(fd);
    free(path);
    return held;
}

static char **launch_words(const struct recd *r, const struct task *t)
{
    size_t n;
    char **words = child_words(r->config.launch, 3, &n);
    if (!words)
        return NULL;
    words[n++] = strdup(t->dir);
    if (r->config.room) {
        words[n++] = strdup("--room");
        words[n++] = strdup(r->config.room);
    }
    for (size_t i = 0; i < n; i++)
        if (!words[i]) {
            child_words_free(words);
            return NULL;
        }
    return words;
}

static int count_start(struct recd *r, void *arg, struct trtc_err *err)
{
    struct task *t = arg;
    t->row.starts++;
    return trtc_store_task_save(r->store, &t->row, err);
}

static int start(struct recd *r, struct task *t, struct trtc_err *err)
{
    char **words = launch_words(r, t);
    char *log = setup_path(t->dir, "log");
    const int fd =
        log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600) : -1;
    const struct child_order order = { .argv = words,
                                       .more = r->config.launch_environment,
                                       .in = -1,
                                       .out = fd,
                                       .err = fd,
                                       .extra = { -1, -1 },
                                       .session = true };
    const int ret = words && log ? child_start(r, &t->launcher, &order, err) : trtc_fail_nomem(err);
    if (fd >= 0)
        close(fd);
    free(log);
    child_words_free(words);
    return ret;
}

static int64_t pause_ms(int nb)
{
    return nb > 7 ? LAST_PAUSE_MS : (int64_t)FIRST_PAUSE_MS << nb;
}

/* Starts a task, for the first time or after it was killed. */
static void launch(struct recd *r, struct task *t)
{
    struct trtc_err err;
    if (!task_change(r, t, count_start, t))
        return;
    t->start_seq = t->row.seq;
    t->modify_told = t->stop_told = false;
    if (start(r, t, &err) == 0)
        return;
    cli_error("task %s: %s", t->row.id, err.msg);
    t->again_ms = r->now_ms + pause_ms(t->nb_idle_ends++);
    if (t->nb_idle_ends >= IDLE_ENDS)
        give_up(r, t, err.code);
}

/* Whether another start would end with the same exit status. */
static bool is_refusal(int code)
{
    return code == TRTC_EX_USAGE || code == TRTC_EX_DATAERR || code == TRTC_EX_NOINPUT ||
           code == TRTC_EX_NOPERM;
}

static void launcher_ended(struct recd *r, struct polled *p)
{
    struct task *t = task_of(p);
    const int code = child_reap(r, &t->launcher);
    if (code < 0)
        return;
    follow(r, t);
    t->probe_ms = 0;
    if (t->row.ended_ms || task_is_held(t->dir))
        return;
    const bool idle = t->row.seq == t->start_seq;
    t->nb_idle_ends = idle ? t->nb_idle_ends + 1 : 0;
    /* a launcher that passes its task to another host may end before the task begins */
    t->again_ms = r->now_ms + (idle && !code ? REMOTE_MS : idle ? pause_ms(t->nb_idle_ends) : 0);
    if (code)
        cli_note("task %s: its recorder ended with status %d", t->row.id, code);
    if (is_refusal(code) || t->nb_idle_ends >= IDLE_ENDS || (idle && t->unheard_ms))
        give_up(r, t, code);
}

/* Starts a task that is not over and does not run. */
static void keep_running(struct recd *r, struct task *t)
{
    if (t->launcher.pid || (t->nb_fetching && !t->row.starts) || r->now_ms < t->again_ms)
        return;
    if (t->probe_ms && r->now_ms - t->probe_ms < PROBE_MS)
        return;
    t->probe_ms = r->now_ms;
    t->alive = task_is_held(t->dir);
    if (t->alive)
        return;
    follow(r, t); /* its last lines may report its end */
    if (!t->row.ended_ms)
        launch(r, t);
}

/* ---- orders ---- */

/* Whether the pipe takes a line of n bytes as a whole, or not at all. */
static bool takes_whole(int fd, size_t n)
{
    int waiting;
    if (n <= PIPE_BUF)
        return true;
    if (fcntl(fd, F_GETPIPE_SZ) < (int)n)
        fcntl(fd, F_SETPIPE_SZ, TRTC_CONTROL_LINE_MAX);
    return fcntl(fd, F_GETPIPE_SZ) >= (int)n && ioctl(fd, FIONREAD, &waiting) == 0 && !waiting;
}

bool task_say(const char *dir, const char *line)
{
    const size_t n = strlen(line);
    char *path = setup_path(dir, "control");
    const int fd = path ? open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW) : -1;
    /* a part of a line would spoil the next one, and the loop cannot wait for a reader that hangs */
    const bool good = fd >= 0 && takes_whole(fd, n) && write(fd, line, n) == (ssize_t)n;
    if (fd >= 0)
        close(fd);
    free(path);
    return good;
}

/* One that has begun nothing, such as one that waits in a queue or hangs, ends with its task. */
static void end_launcher(const struct recd *r, const struct task *t)
{
    const bool obeys = r->now_ms - t->unheard_ms < 2 * UNHEARD_MS;
    if (t->launcher.pid && !task_is_held(t->dir))
        kill(-t->launcher.pid, obeys ? SIGTERM : SIGKILL);
}

/* Kills the recorder itself, which an earlier run may have started, or another program for this
 * one. */
static bool kill_recorder(const char *dir)
{
    char *path = setup_path(dir, "lock");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    const pid_t pid = fd >= 0 ? trtc_flock_holder(fd) : 0;
    if (fd >= 0)
        close(fd);
    free(path);
    return pid > 0 && kill(pid, SIGKILL) == 0;
}

/* A recorder that does not react is killed; the next one finds the stop, and ends the task. */
static void end_hung(const struct recd *r, struct task *t)
{
    bool killed = kill_recorder(t->dir);
    if (t->launcher.pid)
        killed |= kill(-t->launcher.pid, SIGKILL) == 0;
    cli_error("task %s was asked to end but does not leave its room: its recorder %s", t->row.id,
              killed ? "is killed" : "cannot be killed from here");
    t->stop_ms = r->now_ms;
}

static void stop(const struct recd *r, struct task *t)
{
    char line[64];
    snprintf(line, sizeof line, "{\"stop\":{\"LeaveCode\":%d}}\n", t->row.stop_code);
    t->stop_told = task_say(t->dir, line);
    t->told_ms = r->now_ms;
    t->stop_ms = t->stop_ms ? t->stop_ms : r->now_ms;
    t->unheard_ms = t->stop_told ? 0 : t->unheard_ms ? t->unheard_ms : r->now_ms;
}

static void tell(struct recd *r, struct task *t)
{
    if (t->stop_told && t->row.life == TRTC_LIFE_OPEN && r->now_ms - t->told_ms >= TELL_AGAIN_MS)
        t->stop_told = false;
    if (t->row.modify && !t->modify_told && !t->nb_fetching && task_say(t->dir, t->row.modify))
        t->modify_told = true;
    if (t->row.stop_code >= 0 && !t->stop_told && t->row.life == TRTC_LIFE_OPEN)
        stop(r, t);
    if (t->stop_ms && t->row.life == TRTC_LIFE_OPEN && r->now_ms - t->stop_ms >= HUNG_MS)
        end_hung(r, t);
    if (t->unheard_ms && r->now_ms - t->unheard_ms >= UNHEARD_MS)
        end_launcher(r, t);
}

/* ---- what is due ---- */

static int stop_for_disk(struct recd *r, void *arg, struct trtc_err *err)
{
    struct task *t = arg;
    t->row.stop_code = LEAVE_SERVER;
    return trtc_store_task_save(r->store, &t->row, err);
}

static void check_disk(struct recd *r, struct task *t)
{
    if (r->free_percent >= r->config.end_percent || t->row.stop_code >= 0 || t->row.ended_ms)
        return;
    if (task_change(r, t, stop_for_disk, t))
        cli_error("task %s is ended: only %d %% of the disk is free", t->row.id, r->free_percent);
}

/* Sweeps a settled task once none of its programs runs. */
static void finish(struct recd *r, struct task *t)
{
    upload_tick(r, t);
    if (t->swept || t->upload || t->launcher.pid || r->now_ms < t->again_ms)
        return;
    t->swept = sweep_task(r, t);
    t->again_ms = r->now_ms + LAST_PAUSE_MS;
}

static void tick_one(struct recd *r, struct task *t)
{
    child_tick(r, &t->launcher);
    if (t->row.settled) {
        finish(r, t);
        return;
    }
    check_disk(r, t);
    if (!t->row.ended_ms)
        keep_running(r, t);
    if (!t->row.ended_ms)
        tell(r, t);
    if (t->look || r->now_ms - t->look_ms >= LOOK_MS)
        follow(r, t);
    upload_tick(r, t);
}

void tasks_tick(struct recd *r)
{
    for (size_t i = 0; i < r->nb_tasks && r->store; i++)
        tick_one(r, r->tasks[i]);
}

void task_wake(struct recd *r, struct task *t)
{
    t->look = true;
    if (r->store)
        tick_one(r, t);
}

void tasks_changed(struct recd *r, struct polled *p)
{
    char buffer[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n;
    while ((n = read(p->fd, buffer, sizeof buffer)) > 0)
        for (char *at = buffer; at < buffer + n;) {
            const struct inotify_event *e = (const void *)at;
            for (size_t i = r->nb_tasks; i-- > 0;)
                if (r->tasks[i]->watch == e->wd || e->mask & IN_Q_OVERFLOW)
                    r->tasks[i]->look = true;
            at += sizeof *e + e->len;
        }
    for (size_t i = 0; i < r->nb_tasks && r->store; i++)
        if (r->tasks[i]->look && !r->tasks[i]->row.settled)
            tick_one(r, r->tasks[i]);
}
