/* SPDX-License-Identifier: MIT */
/* The mix of a task, and the two children that make it. */
#ifndef TRTC_CMD_TASK_MIX_H
#define TRTC_CMD_TASK_MIX_H

#include "base/listing.h"
#include "task.h"
#include "task/recorder.h"

struct mix {
    struct task *task;
    struct trtc_recorder recorder;
    struct proc mix, hls, rescue;
    struct trtc_recorder_end mix_end, hls_end;
    bool died;       /* the mix before this one, or its recorder, died */
    bool torn;       /* the files of that recorder must be completed before their end is known */
    int64_t due_us;  /* when to check again whether that recorder still writes to them */
    int waits;       /* how many checks have found that it does */
    bool again;      /* it replaces one that died, and begins where that one's recording ends */
    int64_t term_us; /* when a mix that was asked to end gets a signal */

    int script; /* a pipe to its standard input; -1: closed */
    char *text; /* lines that wait for room in the pipe */
    size_t n, cap;
    bool closes; /* the pipe is closed once no lines wait */

    struct trtc_names missing; /* pictures that were reported as missing */
};

#endif
