/* SPDX-License-Identifier: MIT */
/* The journal on disk, events.ndjson. */
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
    int64_t size; /* of the complete lines on disk, in bytes */
    struct trtc_journal journal;
    char *text; /* lines that wait to be written */
    size_t n, cap;
    int nb_bad; /* lines that were read and left out, since they are damaged */
    bool said;  /* a failure to write was reported */
};

/* Opens or creates the file, removes an incomplete last line, and passes each line to take, which
 * returns -1 when memory runs out. Returns 0, or -1. */
int log_open(struct log *l, int dir, int (*take)(void *arg, const struct cJSON *line), void *arg,
             struct trtc_err *err);

/* Passes each line on disk to take again. Returns 0, or -1. */
int log_read(struct log *l, int (*take)(void *arg, const struct cJSON *line), void *arg,
             struct trtc_err *err);

/* Adds a line, which it takes, to be written by the next log_flush. Returns 0, or -1: memory has
 * run out, here or in the caller (line NULL), and the line is lost. */
int log_put(struct log *l, struct cJSON *line);

/* Writes the lines that wait, and syncs them. Returns false if that failed: they still wait. */
bool log_flush(struct log *l);

void log_close(struct log *l);

#endif
