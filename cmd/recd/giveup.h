/* SPDX-License-Identifier: MIT */
/* Tasks that cannot be recorded. */
#ifndef TRTC_CMD_RECD_GIVEUP_H
#define TRTC_CMD_RECD_GIVEUP_H

#include "task.h"

/* Ends a task whose recorder ended with the exit status code, unless a process holds the task's
 * lock. Stores the callbacks that are missing (301, 302), and adds an End to events.ndjson, so that
 * a recorder that starts later, for example from a queue, ends at once. */
void give_up(struct recd *r, struct task *t, int code);

#endif
