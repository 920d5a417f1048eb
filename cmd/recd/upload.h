/* SPDX-License-Identifier: MIT */
/* Uploads the files of tasks with trtc-put. */
#ifndef TRTC_CMD_RECD_UPLOAD_H
#define TRTC_CMD_RECD_UPLOAD_H

#include "task.h"

/* Starts the trtc-put of a task when files wait, passes their paths to it, and ends it when it is
 * idle. */
void upload_tick(struct recd *r, struct task *t);
/* Forgets the trtc-put of a task; its standard input is closed, and so it ends. */
void upload_free(struct recd *r, struct task *t);

/* Returns the directory that stands for the bucket of a request, or for VOD; the caller frees it.
 * NULL: no memory. */
char *upload_directory(const struct recd *r, const struct cJSON *request);

/* Checks that keys with the request's FileNamePrefix are short enough, and that its bucket, if a
 * directory stands for it, has the name of one. Returns 0, or -1 with a fault. */
int upload_check_place(const struct recd *r, const struct cJSON *request, struct trtc_fault *fault);

#endif
