/* SPDX-License-Identifier: MIT */
/* Removes what is left of tasks that are over. */
#ifndef TRTC_CMD_RECD_SWEEP_H
#define TRTC_CMD_RECD_SWEEP_H

#include "task.h"

/* Wipes the secret of a settled task, and removes its uploaded files unless they are to be kept. If
 * the task ended with a failure, files that it has not listed stay. Returns false if the secret is
 * not wiped yet. */
bool sweep_task(struct recd *r, struct task *t);

/* Counts files as lost that are gone before they were uploaded, once the task has ended. */
void sweep_gone(struct recd *r, struct task *t);

/* Removes the directory of a task that is not in the store. */
void sweep_directory(const struct recd *r, const char *id);

/* Removes the directories of tasks that were being created when the service was killed. */
void sweep_unknown(struct recd *r);

/* Removes tasks that ended more than keep_days ago, except for those of which files stay. */
void sweep_old(struct recd *r);

#endif
