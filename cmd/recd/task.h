/* SPDX-License-Identifier: MIT */
/* Tasks: started, watched, told what is wanted of them, followed. */
#ifndef TRTC_CMD_RECD_TASK_H
#define TRTC_CMD_RECD_TASK_H

#include "child.h"
#include "recd.h"

struct cJSON;

struct task {
    struct trtc_task_row row;
    char *dir;             /* its directory */
    struct child launcher; /* what has started it, while that runs */
    int watch;             /* of inotify; -1: none */
    bool look;             /* its events may have more lines */
    bool alive;            /* it held its lock when that was last looked at */
    int nb_fetching; /* jobs that fetch its pictures: it is not begun, and not told of changes */
    bool swept;      /* what it needs no more is gone */
    bool blocked;    /* it has said something that cannot be read: that was said once */
    int64_t look_ms, probe_ms;
    int64_t again_ms;  /* it is not started before that */
    int nb_idle_ends;  /* starts in a row that led to no line */
    int64_t start_seq; /* row.seq when it was last started */
    bool modify_told, stop_told;
    int64_t told_ms; /* when it was last told */
    struct trtc_progress progress;
    struct upload *upload; /* NULL: nothing is being put */
    int64_t upload_again_ms;
    int nb_upload_failures;
};

/* All tasks of the store, at the beginning. */
int tasks_load(struct recd *r, struct trtc_err *err);
void tasks_free(struct recd *r);

/* A task that is in the store and has its directory; takes the row. NULL: no memory. */
struct task *task_add(struct recd *r, struct trtc_task_row *row);
struct task *task_find(const struct recd *r, int64_t sdkappid, const char *id);

void task_free(struct recd *r, struct task *t);

/* Does what is due: starts, looks, tells. task_wake: soon, for this one. */
void tasks_tick(struct recd *r);
void task_wake(struct recd *r, struct task *t);

/* Reads what inotify has. */
void tasks_changed(struct recd *r, struct polled *p);

/* What follows from the uploads of a task: inside a transaction. */
int task_progress(struct recd *r, struct task *t, struct trtc_err *err);

/* What a task says of itself: status.json, the request without its secrets. NULL: not there. */
struct cJSON *task_json(const char *dir, const char *name);

#endif
