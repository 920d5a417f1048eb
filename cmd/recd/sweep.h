/* SPDX-License-Identifier: MIT */
/* What is left of tasks that are over. */
#ifndef TRTC_CMD_RECD_SWEEP_H
#define TRTC_CMD_RECD_SWEEP_H

#include "task.h"

/* A task that is settled: its secret is wiped, and files that are proven go, unless they are to be kept. Of a task that ended
 * by failure the others stay. */
void sweep_task(struct recd *r, struct task *t);

/* The directory of a task that is none. */
void sweep_directory(const struct recd *r, const char *id);

/* Directories of tasks that were being made when the service was killed: nobody knows of them. */
void sweep_unknown(struct recd *r);

/* Tasks that were settled so long ago that nobody asks any more. */
void sweep_old(struct recd *r);

#endif
