/* SPDX-License-Identifier: MIT */
/* The memory of recording tasks: a file each in the state directory, readable by its owner only,
 * so that a task can be modified, described and ended without saying everything again. Secrets
 * are never in it. */
#ifndef TRTC_NET_TASK_H
#define TRTC_NET_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

struct trtc_tasks; /* the state directory, open */

enum trtc_task_state {
    TRTC_TASK_CREATING, /* sent, not answered yet: the journal of a create */
    TRTC_TASK_KNOWN,    /* it was created */
    TRTC_TASK_ENDED     /* it was deleted, or was found gone */
};

struct trtc_task {
    char *id; /* TaskId; NULL while it is being created */
    enum trtc_task_state state;
    int64_t sdkappid;
    char *region, *endpoint;        /* or NULL */
    int64_t created_ms, changed_ms; /* our clock, epoch; TRTC_NOTIME: not known */
    int64_t expires_ms; /* ResourceExpiredHour from the creation: the id is not accepted after it */
    char *status;       /* the last that was described, or NULL */
    struct cJSON *request; /* what it was created or last modified with; what is loaded has
                            * TRTC_API_SECRET for each secret. NULL: not known */
};

/* dir: $XDG_STATE_HOME/trtc, as the program says; made (0700) where it is not.
 * TRTC_EX_CANTCREAT, TRTC_EX_NOPERM where it is another's or others may write to it.
 * Half-written files of a killed run are removed. */
struct trtc_tasks *trtc_tasks_open(const char *dir, struct trtc_err *err);
void trtc_tasks_free(struct trtc_tasks **t); /* unlocks */

/* Locks one task (by its id, or any other text while it has none: the robot's room) against other
 * processes and other struct trtc_tasks until unlock: 0, or -1 with TRTC_EX_TEMPFAIL where another
 * holds it. Never waits. One at a time. */
int trtc_task_lock(struct trtc_tasks *t, const char *id, struct trtc_err *err);
void trtc_task_unlock(struct trtc_tasks *t);

/* Writes it (new file, fsync, rename; 0600), secrets of the request taken out; task itself stays
 * as it is. The journal of a task without an id is named after application, room and robot: a
 * robot is in a room only once. A task that gets its id leaves the journal's name (created_ms
 * shows which is its own). On failure the previous file stays. */
int trtc_task_save(struct trtc_tasks *t, struct trtc_task *task, struct trtc_err *err);

/* 1 and *task (free with trtc_task_fini), 0 where nothing is remembered of that id, -1
 * (TRTC_EX_DATAERR: a damaged file; TRTC_EX_NOPERM: a link, or another's). *task is all zero where
 * it is not 1. */
int trtc_task_load(struct trtc_tasks *t, const char *id, struct trtc_task *task,
                   struct trtc_err *err);

/* Forgets it: the file of its id, or the journal of a create that has failed for good. One that is
 * not there is fine. */
int trtc_task_remove(struct trtc_tasks *t, const struct trtc_task *task, struct trtc_err *err);

/* All of them, newest first; each is handed to see until it returns other than 0, which is
 * returned. Damaged files are passed to bad (may be NULL; file is the name inside the directory)
 * and skipped. see may save and remove tasks. */
int trtc_task_each(struct trtc_tasks *t, int (*see)(void *opaque, const struct trtc_task *task),
                   void (*bad)(void *opaque, const char *file, const char *why), void *opaque,
                   struct trtc_err *err);

/* Frees what it holds (texts of the request are wiped) and clears it. */
void trtc_task_fini(struct trtc_task *task);

#endif
