/* SPDX-License-Identifier: MIT */
/* The uploader of a task, which is a separate program. */
#ifndef TRTC_CMD_TASK_UPLOAD_H
#define TRTC_CMD_TASK_UPLOAD_H

#include "task.h"
#include "task/upload.h"

struct uploader {
    struct task *task;
    struct trtc_upload files;
    struct proc proc;
    int to;                        /* a pipe to its standard input; -1: closed */
    char *line;                    /* the line that is being written to it, or NULL */
    size_t n, done;                /* bytes of the line, and how many are written */
    int64_t due_us;                /* when it is started next */
    bool begun, ended, made_ended; /* 303, 305, 310 were reported */
    bool gave_up;                  /* it is not started again */
    char said[256];                /* its last message */
    struct cJSON *made;            /* the payload of 310 until that is reported, or NULL */
};

#endif
