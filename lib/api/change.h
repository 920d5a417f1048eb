/* SPDX-License-Identifier: MIT */
/* Changing a task: the service forgets what a ModifyCloudRecording does not send again. */
#ifndef TRTC_API_CHANGE_H
#define TRTC_API_CHANGE_H

#include "base/err.h"

struct cJSON;

/* A member by its path ("RecordParams.RecordMode"), or NULL: part of the object. */
struct cJSON *trtc_api_member(const struct cJSON *object, const char *path);

/* The complete request of a modify: what the creation has of layout and subscriptions (created; NULL:
 * nothing is to be kept) with the change over it. An allow list takes the place of a block list, and
 * the reverse. Owner: the caller. NULL: err. */
struct cJSON *trtc_api_wanted(const struct cJSON *created, const struct cJSON *change,
                              struct trtc_err *err);

/* The request of the creation as it would have to be for the task to be as it is wanted. Owner: the
 * caller. NULL: err. */
struct cJSON *trtc_api_as_created(const struct cJSON *created, const struct cJSON *wanted,
                                  struct trtc_err *err);

#endif
