/* SPDX-License-Identifier: MIT */
/* Tasks that cannot be recorded. */
#ifndef TRTC_CMD_RECD_GIVEUP_H
#define TRTC_CMD_RECD_GIVEUP_H

#include "task.h"

/* Ends a task whose recorder ended with the exit status code, unless a process holds its lock. An end is added to its
 * events.ndjson, so that a recorder that is started later, from a queue for example, ends at once. */
void give_up(struct recd *r, struct task *t, int code);

#endif
