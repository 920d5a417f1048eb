/* SPDX-License-Identifier: MIT */
/* A stream of a task, and the child that records it. */
#ifndef TRTC_CMD_TASK_SINGLE_H
#define TRTC_CMD_TASK_SINGLE_H

#include "task.h"
#include "task/recorder.h"

struct single {
    struct single *next;
    struct task *task;
    struct trtc_task_stream stream; /* the texts are its own */
    struct trtc_recorder recorder;
    struct proc proc;
    uint64_t number;     /* of the stream that is wanted now */
    char said[256];      /* what its child said last, until one records */
    bool begun;          /* a child was started for it */
    int64_t left_out_ms; /* since_ms of one that was left out */
};

#endif
