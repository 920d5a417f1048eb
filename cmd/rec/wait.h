/* SPDX-License-Identifier: MIT */
/* Waiting for a task to be in a state. */
#ifndef TRTC_CMD_REC_WAIT_H
#define TRTC_CMD_REC_WAIT_H

#include "session.h"

#define REC_SILENCE_US (INT64_C(1800) * 1000000) /* a wait goes on without an answer so long */

/* Watches the task until it is in the wanted state. Prints a line for each change. */
int rec_watch(struct rec *r, const char *task, enum rec_want want, struct trtc_err *err);

/* Prints what it means that a task has been idle for so long. */
void rec_explain_idle(int64_t idle_us);

/* The line that begins a create --follow. */
void rec_watch_created(const char *task, const char *request_id);

#endif
