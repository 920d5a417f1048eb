/* SPDX-License-Identifier: MIT */
/* Changes of a task: the service forgets everything that a ModifyCloudRecording does not send
 * again. */
#ifndef TRTC_API_CHANGE_H
#define TRTC_API_CHANGE_H

#include "base/err.h"

struct cJSON;

/* The member at a path ("RecordParams.RecordMode"), which is part of object, or NULL. */
struct cJSON *trtc_api_member(const struct cJSON *object, const char *path);

/* The complete request for a change: the layout and subscriptions of the request that created the
 * task (created; NULL: keep nothing), with the change applied. An allow list replaces a block list,
 * and vice versa. The caller deletes it. NULL on failure. */
struct cJSON *trtc_api_wanted(const struct cJSON *created, const struct cJSON *change,
                              struct trtc_err *err);

/* The request that would have created the task as it is wanted now. The caller deletes it. NULL on
 * failure. */
struct cJSON *trtc_api_as_created(const struct cJSON *created, const struct cJSON *wanted,
                                  struct trtc_err *err);

#endif
