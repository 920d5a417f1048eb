/* SPDX-License-Identifier: MIT */
/* Reads the lines of a task's control FIFO (trtc-task(1), FILES). JSON only. */
#ifndef TRTC_TASK_CONTROL_H
#define TRTC_TASK_CONTROL_H

#include <stddef.h>

#include "base/err.h"

struct cJSON;

/* The longest line that trtc-task reads, with its end: as much as an empty pipe holds. */
#define TRTC_CONTROL_LINE_MAX (64 << 10)

struct trtc_control {
    struct cJSON *modify; /* the change, which the caller frees; NULL: the line is a stop */
    int leave_code;       /* of a stop */
};

/* Reads a line of n bytes, without its end: {"modify":{...}} or {"stop":{"LeaveCode":0}}. Returns
 * 0, or -1: TRTC_EX_DATAERR (it is neither), TRTC_EX_TEMPFAIL (memory). */
int trtc_control_read(const char *line, size_t n, struct trtc_control *out, struct trtc_err *err);

#endif
