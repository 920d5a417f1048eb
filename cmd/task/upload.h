/* SPDX-License-Identifier: MIT */
/* The uploader of a task, which is another program. */
#ifndef TRTC_CMD_TASK_UPLOAD_H
#define TRTC_CMD_TASK_UPLOAD_H

#include "task.h"
#include "task/upload.h"

struct uploader {
    struct task *task;
    struct trtc_upload files;
    struct proc proc;
    int to;     /* its standard input, or -1 */
    char *line; /* that waits for room there */
    size_t n, done;
    int64_t due_us;                /* the next start */
    bool begun, ended, made_ended; /* 303, 305, 310 were told */
    bool gave_up;
    char said[256];     /* its last message */
    struct cJSON *made; /* the payload of 310; or NULL */
};

#endif
