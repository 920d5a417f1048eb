/* SPDX-License-Identifier: MIT */
/* Follows the events of tasks: reads their lines into the store and the outbox. */
#ifndef TRTC_CMD_RECD_FOLLOW_H
#define TRTC_CMD_RECD_FOLLOW_H

#include "task.h"

/* Reads the new lines of a task, and does what follows from them and from the time that has
 * passed. */
void follow(struct recd *r, struct task *t);

/* Reports and stores that a part of the task is lost. The task must not count as uploaded completely, so it ends with a
 * failure. Only inside a transaction. */
int follow_loss(struct recd *r, struct task *t, const char *said, struct trtc_err *err);

#endif
