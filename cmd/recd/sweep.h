/* SPDX-License-Identifier: MIT */
/* Removes what is left of tasks that are over. */
#ifndef TRTC_CMD_RECD_SWEEP_H
#define TRTC_CMD_RECD_SWEEP_H

#include "task.h"

/* Wipes the secret of a settled task, and removes its files unless they are to be kept. If the task
 * ended with a failure, or MP4 or AAC could not be made, files that were not uploaded stay. Returns false if the secret is
 * not wiped yet. */
bool sweep_task(struct recd *r, struct task *t);

/* Once a task has ended: reports files that disappeared before they were uploaded as losses, and no
 * longer waits for them. */
void sweep_gone(struct recd *r, struct task *t);

/* Removes the directory of a task that is not in the store. */
void sweep_directory(const struct recd *r, const char *id);

/* For when the service starts. Removes the directories of tasks that were being created when it was
 * killed. A directory of an unknown task that has run stays; it is reported, and its recorder is
 * asked to end. */
void sweep_unknown(struct recd *r);

/* Removes tasks that ended more than keep_days ago, except for those of which files stay (see
 * sweep_task). */
void sweep_old(struct recd *r);

#endif
