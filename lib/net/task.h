/* SPDX-License-Identifier: MIT */
/* Remembers recording tasks: one file for each in the state directory, readable only by its owner.
 * A task can then be modified, described and ended without repeating its parameters. The files
 * never contain secrets. */
#ifndef TRTC_NET_TASK_H
#define TRTC_NET_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

struct trtc_tasks; /* the open state directory */

enum trtc_task_state {
    TRTC_TASK_CREATING, /* sent but not answered yet: the journal of a create */
    TRTC_TASK_KNOWN,    /* created */
    TRTC_TASK_ENDED     /* deleted, or found to be gone */
};

struct trtc_task {
    char *id; /* TaskId; NULL while it is being created */
    enum trtc_task_state state;
    int64_t sdkappid;
    char *region, *endpoint;        /* or NULL */
    int64_t created_ms, changed_ms; /* our clock, since 1970; TRTC_NOTIME: unknown */
    int64_t expires_ms;    /* creation plus ResourceExpiredHour: afterwards the service rejects the
                           id */
    char *status;          /* the last status that was described, or NULL */
    struct cJSON *request; /* the request that created or last modified it, with TRTC_API_SECRET
                              in place of each secret once loaded. NULL: unknown */
};

/* Opens the state directory dir ($XDG_STATE_HOME/trtc; the caller computes the path) and creates it
 * (0700) if necessary. Half-written files of a killed run are removed. TRTC_EX_CANTCREAT;
 * TRTC_EX_NOPERM: it belongs to another user, or others may write to it. NULL on failure. */
struct trtc_tasks *trtc_tasks_open(const char *dir, struct trtc_err *err);
void trtc_tasks_free(struct trtc_tasks **t); /* also unlocks */

/* Locks a task until trtc_task_unlock against other processes and other struct trtc_tasks. id is
 * its id or, while it has none, any other text: the robot's room. Never waits; one lock at a time.
 * TRTC_EX_TEMPFAIL: it is locked by someone else; TRTC_EX_CANTCREAT, TRTC_EX_NOPERM: the lock
 * cannot be created. 0, or -1. */
int trtc_task_lock(struct trtc_tasks *t, const char *id, struct trtc_err *err);
void trtc_task_unlock(struct trtc_tasks *t);

/* Saves a task (new file, fsync, rename; mode 0600) without the secrets of its request; task itself
 * is unchanged. The journal of a task without an id is named after application, room and robot,
 * since a robot is in a room only once. When a task receives its id, its journal is removed
 * (created_ms shows which journal is its own). On failure the previous file remains. 0, or -1. */
int trtc_task_save(struct trtc_tasks *t, struct trtc_task *task, struct trtc_err *err);

/* Loads a task. 1: *task is filled (free it with trtc_task_fini); 0: nothing is remembered of that
 * id; -1: failure; TRTC_EX_DATAERR: a damaged file; TRTC_EX_NOPERM: a link, or owned by someone
 * else. Unless the result is 1, *task is all zeros. */
int trtc_task_load(struct trtc_tasks *t, const char *id, struct trtc_task *task,
                   struct trtc_err *err);

/* Forgets a task: removes the file of its id, or the journal of a create that has finally failed. A
 * missing file is allowed. 0, or -1. */
int trtc_task_remove(struct trtc_tasks *t, const struct trtc_task *task, struct trtc_err *err);

/* Calls see for each task, the newest first, until it returns a nonzero value, which is returned.
 * Damaged files are passed to bad (may be NULL; file is its name inside the directory) and skipped.
 * see may save and remove tasks. */
int trtc_task_each(struct trtc_tasks *t, int (*see)(void *opaque, const struct trtc_task *task),
                   void (*bad)(void *opaque, const char *file, const char *why), void *opaque,
                   struct trtc_err *err);

/* Overwrites the texts of the request, frees the contents and clears *task. */
void trtc_task_fini(struct trtc_task *task);

#endif
