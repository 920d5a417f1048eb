/* SPDX-License-Identifier: MIT */
/* What a task hands to trtc-mix: the request of its mix, changes of it, and who comes and goes, as lines of a script. JSON
 * only. */
#ifndef TRTC_TASK_MIXING_H
#define TRTC_TASK_MIXING_H

#include <stdbool.h>

#include "base/err.h"
#include "task/streams.h"

struct cJSON;

/* The request for trtc-mix --request: that of the task with the last change (or NULL) in it, without what a mix does not
 * need. The caller's; NULL: no memory. */
struct cJSON *trtc_mixing_request(const struct cJSON *request, const struct cJSON *change);

/* A change as a line for the script of a mix that runs. The caller's; NULL: no memory. */
struct cJSON *trtc_mixing_change(const struct cJSON *change);

/* Puts the files that index has ({"URL":"file name" or null}; NULL: none) in the place of the pictures' addresses, in a
 * MixLayoutParams, and takes those out that have none; missing is called with each of their addresses. -1: no memory. */
int trtc_mixing_pictures(struct cJSON *layout, const struct cJSON *index,
                         void (*missing)(void *arg, const char *url), void *arg);

/* {"input":"USER:main=SOURCE"} and {"end":"USER:main"}. The caller's; NULL: no memory. An id with '=' in it cannot be
 * told from its source. */
bool trtc_mixing_can(const char *user);
struct cJSON *trtc_mixing_input(const struct trtc_task_stream *s);
struct cJSON *trtc_mixing_end(const struct trtc_task_stream *s);

#endif
