/* SPDX-License-Identifier: MIT */
/* Tasks: starts them, watches them, passes orders to them, and follows their events. */
#ifndef TRTC_CMD_RECD_TASK_H
#define TRTC_CMD_RECD_TASK_H

#include "child.h"
#include "recd.h"

struct cJSON;

struct task {
    struct trtc_task_row row;
    char *dir;             /* its directory */
    struct child launcher; /* the program that starts it; pid 0 once that has ended */
    int watch;             /* of inotify; -1: none */
    bool look;             /* events.ndjson may have new lines */
    bool alive;            /* it held its lock when that was last checked */
    int nb_fetching;       /* jobs that fetch its pictures; until 0 it is not started or changed */
    bool swept;            /* its secret was wiped, and it is over */
    bool cleared;          /* its uploaded files were removed */
    bool blocked;          /* its events cannot be read; this was reported */
    int64_t look_ms, probe_ms;   /* when its events, and its lock, were last checked */
    int64_t again_ms;            /* it is not started, or swept, before that */
    int nb_idle_ends;            /* starts in a row after which it wrote no line */
    int64_t start_seq;           /* row.seq when it was last started */
    bool modify_told, stop_told; /* the order was passed to the process that runs */
    int64_t told_ms;             /* when the stop was last passed on */
    int64_t stop_ms;             /* when it was first told to end, or last killed; 0: never */
    int64_t unheard_ms;          /* since when no process has taken the stop; 0: one has */
    struct trtc_progress progress;
    struct upload *upload;   /* its trtc-put; NULL: none runs */
    int64_t upload_again_ms; /* the next trtc-put is not started before that */
    int nb_upload_failures;  /* in a row */
};

/* Loads all tasks of the store when the service starts. Returns 0, or -1. */
int tasks_load(struct recd *r, struct trtc_err *err);
void tasks_free(struct recd *r);

/* Makes a task, and reserves room for it in the list of tasks; takes the texts of *row. The caller
 * passes it to task_join or task_free before it makes the next one. NULL: no memory. */
struct task *task_new(struct recd *r, struct trtc_task_row *row);

/* Adds the task to the list, once its row is in the store and its directory exists. */
void task_join(struct recd *r, struct task *t);

/* Returns the task with this id if it belongs to that application, else NULL. */
struct task *task_find(const struct recd *r, int64_t sdkappid, const char *id);

void task_free(struct recd *r, struct task *t);

/* Changes a task as recd_change does; if that fails, the task is as it was, except for the texts of
 * its row. */
bool task_change(struct recd *r, struct task *t,
                 int (*change)(struct recd *r, void *arg, struct trtc_err *err), void *arg);

/* Does what is due for all tasks: starts them, passes orders on, reads events, uploads. task_wake
 * does it now, for one task. */
void tasks_tick(struct recd *r);
void task_wake(struct recd *r, struct task *t);

/* Whether a process holds the lock of the task in dir. */
bool task_is_held(const char *dir);

/* Writes a line of at most TRTC_CONTROL_LINE_MAX bytes into the FIFO of the task in dir, completely
 * or not at all, without waiting. Returns false if no process reads it, or has read what was written
 * before. */
bool task_say(const char *dir, const char *line);

/* Handles the events of inotify (the ready of recd.inotify). */
void tasks_changed(struct recd *r, struct polled *p);

/* Puts the callbacks that follow from the uploads of a task into the outbox. To be called in a
 * transaction. Returns 0, or -1. */
int task_progress(struct recd *r, struct task *t, struct trtc_err *err);

/* Reads a JSON file in dir: status.json, or request.json, which contains no secrets. The caller
 * frees it. NULL: it is missing (TRTC_EX_NOINPUT), not JSON (TRTC_EX_DATAERR), or cannot be read for
 * now (trtc_is_shortage). */
struct cJSON *task_json(const char *dir, const char *name, struct trtc_err *err);

#endif
