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
    struct proc mix, hls;
    struct trtc_recorder_end mix_end, hls_end;
    int64_t term_us; /* when a mix that was asked to end is ended by a signal */

    int script; /* what it is told, or -1 */
    char *text; /* ...that waits */
    size_t n, cap;
    bool closes; /* once nothing waits */

    struct trtc_names missing; /* pictures that were named as such */
};

#endif
