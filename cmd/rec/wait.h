/* SPDX-License-Identifier: MIT */
/* Waits until a task is in a certain state. */
#ifndef TRTC_CMD_REC_WAIT_H
#define TRTC_CMD_REC_WAIT_H

#include "session.h"

#define REC_SILENCE_US (INT64_C(1800) * 1000000) /* how long a wait goes on without an answer */

/* Watches the task until it is in the wanted state, and prints a line for each change. Returns 0,
 * or -1. */
int rec_watch(struct rec *r, const char *task, enum rec_want want, struct trtc_err *err);

/* Explains, in a note, why a task may have been idle for this long. */
void rec_explain_idle(int64_t idle_us);

/* Prints the first line of create --follow. */
void rec_watch_created(const char *task, const char *request_id);

#endif
