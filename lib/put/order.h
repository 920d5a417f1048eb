/* SPDX-License-Identifier: MIT */
/* Which file is put when. Files go side by side, in the order in which they came; one whose attempt failed waits its
 * time; a playlist waits for what it names. Pure: times are passed in, nothing is read. Not for two threads at once. */
#ifndef TRTC_PUT_ORDER_H
#define TRTC_PUT_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum trtc_job_state {
    TRTC_JOB_QUEUED,
    TRTC_JOB_RUNNING, /* an attempt is under way */
    TRTC_JOB_WAITING, /* a playlist: for what it names */
    TRTC_JOB_FAILED,  /* for good; a playlist may wait for it, and its path may come again */
};

/* A file that is to be put. There is one job for a key. */
struct trtc_job {
    char *path, *key;
    char *line; /* as it came in, where that is not path; else NULL */
    bool named; /* by a playlist: it must not lead out of the directory, the first in_dir bytes of path */
    size_t in_dir; /* 0: the current one */
    enum trtc_job_state state;
    bool playlist;    /* by its name */
    bool changed;     /* during the attempt: it is put once more, whether its path comes or not */
    int64_t nb_lines; /* so often its path came before the attempt that runs, or comes next, began */
    int64_t nb_later;         /* ... and since */
    int64_t not_before_us;    /* QUEUED: the next attempt */
    int nb_tries;             /* attempts that failed in a row, for reasons that may pass */
    int fault;                /* FAILED: the exit status that stands for the reason */
    struct trtc_job *for_job; /* WAITING: what for; NULL: for for_key to come */
    char *for_key;            /* ... or the end of the input; else NULL */
    struct trtc_job *waiters, *next_waiter; /* those that wait for this one */
    struct trtc_job *prev, *next;           /* all jobs, in order */
    struct trtc_job *same_slot;
};

struct trtc_order;

/* NULL: no memory. */
struct trtc_order *trtc_order_new(struct trtc_err *err);
void trtc_order_free(struct trtc_order **order);

/* The job of that key, or NULL. */
struct trtc_job *trtc_order_find(const struct trtc_order *o, const char *key);

/* A path came in: a new job behind all others, or one more line for the job that its key has; one that failed is queued
 * again. NULL: no memory. */
struct trtc_job *trtc_order_add(struct trtc_order *o, const char *path, const char *key,
                                struct trtc_err *err);

/* What a playlist names and nobody has given: a job without a line, before the playlist's own; its path lies in the
 * playlist's directory. The one that is there, where the key has one. NULL: no memory. */
struct trtc_job *trtc_order_imply(struct trtc_order *o, struct trtc_job *playlist, const char *path,
                                  const char *key, struct trtc_err *err);

/* What is to be printed for each line that came. */
const char *trtc_order_line(const struct trtc_job *job);

/* The first job whose time has come; it runs from here on. NULL: none; *wake_us is then the time of the next, or
 * INT64_MAX. */
struct trtc_job *trtc_order_next(struct trtc_order *o, int64_t now_us, int64_t *wake_us);

/* ---- how an attempt ended ---- */

/* It is there: returns how many lines that answers. The job is gone, or queued again where its path came meanwhile or it
 * has changed. Playlists that waited for it are queued. */
int64_t trtc_order_done(struct trtc_order *o, struct trtc_job *job);

/* Once more, at that time. */
void trtc_order_again(struct trtc_order *o, struct trtc_job *job, int64_t not_before_us);

/* The place is back: what waits its time after a failure waits no longer. */
void trtc_order_hurry(struct trtc_order *o, int64_t now_us);

/* The playlist waits for a job that it names. If that one waits, by whatever way, for this one, it does not: the result is
 * false, and nothing has changed. */
bool trtc_order_wait(struct trtc_order *o, struct trtc_job *playlist, struct trtc_job *on);

/* It waits until a path with that key comes in, or the input ends: false if it has ended, or without memory. */
bool trtc_order_wait_key(struct trtc_order *o, struct trtc_job *playlist, const char *key);

/* It will not be there. */
void trtc_order_fail(struct trtc_order *o, struct trtc_job *job, int fault);

/* ---- all of them ---- */

/* Nothing more comes in: what waits for that is queued. */
void trtc_order_end(struct trtc_order *o);

/* Jobs that are queued, run or wait: how much is to be remembered. */
size_t trtc_order_open(const struct trtc_order *o);

/* Those of them that run. */
size_t trtc_order_running(const struct trtc_order *o);

/* Nothing runs, and nothing is queued, now or for later. */
bool trtc_order_idle(const struct trtc_order *o);

/* The first job, in order; the others by next. */
const struct trtc_job *trtc_order_first(const struct trtc_order *o);

/* ---- attempts ---- */

struct trtc_order_tries {
    int64_t first_us,
        max_us; /* the wait after the first failure; doubled each time, up to max_us */
    int at_end; /* attempts once no more comes in; before, there is no limit */
};

/* After an attempt that failed for a reason that may pass, the nb_failed-th in a row (1 …): how long to wait, in us; -1: no
 * more attempts. chance is in [0, 1) and adds up to a quarter. */
int64_t trtc_order_pause_us(const struct trtc_order_tries *t, int nb_failed, bool ended,
                            double chance);

#endif
