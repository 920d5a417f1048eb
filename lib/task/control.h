/* SPDX-License-Identifier: MIT */
/* Lines of a task's control FIFO. JSON only. */
#ifndef TRTC_TASK_CONTROL_H
#define TRTC_TASK_CONTROL_H

#include <stddef.h>

#include "base/err.h"

struct cJSON;

struct trtc_control {
    struct cJSON *modify; /* the change; the caller's; or NULL: it is a stop */
    int leave_code;       /* of a stop */
};

/* {"modify":{...}} or {"stop":{"LeaveCode":0}}. TRTC_EX_DATAERR. */
int trtc_control_read(const char *line, size_t n, struct trtc_control *out, struct trtc_err *err);

#endif
