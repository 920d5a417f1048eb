/* SPDX-License-Identifier: MIT */
/* events.ndjson: the journal on disk. */
#ifndef TRTC_CMD_TASK_LOG_H
#define TRTC_CMD_TASK_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "task/journal.h"

struct cJSON;

struct log {
    int fd;
    int64_t size; /* of what is whole and on disk */
    struct trtc_journal journal;
    char *text; /* what waits to be written */
    size_t n, cap;
    bool said; /* that it waits */
};

/* Opens or makes it, cuts a torn last line off, and hands each line that is there to take. */
int log_open(struct log *l, int dir, int (*take)(void *arg, const struct cJSON *line), void *arg,
             struct trtc_err *err);

/* Hands each line that is there to take once more. */
int log_read(struct log *l, int (*take)(void *arg, const struct cJSON *line), void *arg,
             struct trtc_err *err);

/* Adds a line (taken), to be written with the next flush. NULL is a lack of memory: the journal lacks a line then, which
 * -1 says. */
int log_put(struct log *l, struct cJSON *line);

/* Writes what waits, and flushes it to disk. False: it could not, and still waits. */
bool log_flush(struct log *l);

void log_close(struct log *l);

#endif
