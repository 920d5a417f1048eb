/* SPDX-License-Identifier: MIT */
/* Decides which file is put when. Files are put side by side in the order of their arrival; after a
 * failure a file waits; a playlist waits for the files that it names. Pure functions: times are
 * passed in and nothing is read. For one thread at a time. */
#ifndef TRTC_PUT_ORDER_H
#define TRTC_PUT_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum trtc_job_state {
    TRTC_JOB_QUEUED,
    TRTC_JOB_RUNNING, /* an attempt is in progress */
    TRTC_JOB_WAITING, /* a playlist that waits for a file it names */
    TRTC_JOB_FAILED,  /* finally; a playlist may wait for it, and its path may arrive again */
};

/* A file to be put. There is one job per key. */
struct trtc_job {
    char *path, *key;
    char *line;    /* the input line if it differs from path, else NULL */
    bool named;    /* by a playlist: the file must be inside the directory that is the first in_dir
                   bytes of path */
    size_t in_dir; /* 0: the current directory */
    enum trtc_job_state state;
    bool playlist;         /* by its name */
    bool changed;          /* during the attempt: it is put again, whether or not its path arrives
                         again */
    int64_t nb_lines;      /* how often its path arrived before the present or next attempt began */
    int64_t nb_later;      /* ... and since then */
    int64_t not_before_us; /* QUEUED: earliest time of the next attempt */
    int nb_tries;          /* consecutive attempts that failed for a temporary reason */
    int fault;             /* FAILED: the exit status for the reason */
    struct trtc_job *for_job; /* WAITING: the job it waits for; NULL: it waits for for_key */
    char *for_key;            /* ... or for the end of the input; else NULL */
    struct trtc_job *waiters, *next_waiter; /* the jobs that wait for this one */
    struct trtc_job *prev, *next;           /* list of all jobs, in order */
    uint64_t nr;                            /* rises along the list; an implied job has that of its
                                               playlist */
    struct trtc_job *same_slot;
};

struct trtc_order;

/* NULL: out of memory. */
struct trtc_order *trtc_order_new(struct trtc_err *err);
void trtc_order_free(struct trtc_order **order);

/* The job with that key, or NULL. */
struct trtc_job *trtc_order_find(const struct trtc_order *o, const char *key);

/* Adds a path from the input: a new job after all others, or one more line for the job with its
 * key; a failed job is queued again. NULL: out of memory. */
struct trtc_job *trtc_order_add(struct trtc_order *o, const char *path, const char *key,
                                struct trtc_err *err);

/* Adds a file that a playlist names but that was not given: a job without a line, before that of
 * the playlist; path is in the playlist's directory. Returns the existing job if the key has one.
 * NULL: out of memory. */
struct trtc_job *trtc_order_imply(struct trtc_order *o, struct trtc_job *playlist, const char *path,
                                  const char *key, struct trtc_err *err);

/* What to print for each line that arrived. */
const char *trtc_order_line(const struct trtc_job *job);

/* The first job whose time has come, now running. NULL: none; *wake_us is then the time of the next
 * one, or INT64_MAX. */
struct trtc_job *trtc_order_next(struct trtc_order *o, int64_t now_us, int64_t *wake_us);

/* ---- results of attempts ---- */

/* The file is stored. Returns how many lines this answers. The job is removed, or queued again if
 * its path arrived meanwhile or the file has changed. Playlists that waited for it are queued. */
int64_t trtc_order_done(struct trtc_order *o, struct trtc_job *job);

/* The job is to be attempted again at that time. */
void trtc_order_again(struct trtc_order *o, struct trtc_job *job, int64_t not_before_us);

/* The place is back: jobs that wait after a failure wait no longer. */
void trtc_order_hurry(struct trtc_order *o, int64_t now_us);

/* Makes the playlist wait for a job that it names. False, and nothing changes: that job waits,
 * directly or indirectly, for the playlist. */
bool trtc_order_wait(struct trtc_order *o, struct trtc_job *playlist, struct trtc_job *on);

/* Makes the playlist wait until a path with that key arrives or the input ends. False: the input
 * has ended, or out of memory. */
bool trtc_order_wait_key(struct trtc_order *o, struct trtc_job *playlist, const char *key);

/* The job has failed and will not be attempted again. */
void trtc_order_fail(struct trtc_order *o, struct trtc_job *job, int fault);

/* ---- all jobs ---- */

/* The input has ended: jobs that wait for input are queued. */
void trtc_order_end(struct trtc_order *o);

/* The number of jobs that are queued, running or waiting for another job: the input may wait until
 * there are fewer, since jobs that wait for a key are not counted. */
size_t trtc_order_open(const struct trtc_order *o);

/* How many of them are running. */
size_t trtc_order_running(const struct trtc_order *o);

/* Whether no job is running and none is queued, now or for later. */
bool trtc_order_idle(const struct trtc_order *o);

/* The first job in order; follow next for the others. */
const struct trtc_job *trtc_order_first(const struct trtc_order *o);

/* ---- attempts ---- */

struct trtc_order_tries {
    int64_t first_us, max_us; /* the wait after the first failure, doubled each time up to max_us */
    int at_end;               /* attempts after the end of the input; before it there is no limit */
};

/* After an attempt that failed for a temporary reason, the nb_failed-th in a row (from 1): how long
 * to wait in microseconds; -1: no more attempts. chance is in [0, 1) and adds up to a quarter. */
int64_t trtc_order_pause_us(const struct trtc_order_tries *t, int nb_failed, bool ended,
                            double chance);

#endif
