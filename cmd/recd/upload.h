/* SPDX-License-Identifier: MIT */
/* Files of tasks into their storage, by trtc-put. */
#ifndef TRTC_CMD_RECD_UPLOAD_H
#define TRTC_CMD_RECD_UPLOAD_H

#include "task.h"

/* Begins, feeds or ends what puts the files of a task. */
void upload_tick(struct recd *r, struct task *t);
void upload_free(struct recd *r, struct task *t);

/* The directory of a bucket, or of VOD, below the storage; to be freed. NULL: no memory. */
char *upload_directory(const struct recd *r, const struct cJSON *request);

/* Whether the request's bucket can be the name of a directory. */
bool upload_bucket_is_name(const struct cJSON *request);

#endif
