/* SPDX-License-Identifier: MIT */
/* A stream of a task, and the child that records it. */
#ifndef TRTC_CMD_TASK_SINGLE_H
#define TRTC_CMD_TASK_SINGLE_H

#include "task.h"
#include "task/recorder.h"

struct single {
    struct single *next;
    struct task *task;
    struct trtc_task_stream stream; /* the texts are owned */
    struct trtc_recorder recorder;
    struct proc proc;
    uint64_t number;     /* counts the streams of this user; that of the wanted one */
    bool begun;          /* a child was started for the stream */
    bool recorded;       /* files of the stream that was begun last were reported */
    char said[256];      /* the last message of its children, until one of them records */
    int64_t left_out_ms; /* since_ms of the stream that was last reported as left out */
};

#endif
