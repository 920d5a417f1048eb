/* SPDX-License-Identifier: MIT */
/* What a task passes to trtc-mix: the request of its mix, and, as lines of a script, changes of it
 * and the users who come and go (trtc-mix(1), --request and --script). JSON only. Results belong to
 * the caller; NULL: no memory. */
#ifndef TRTC_TASK_MIXING_H
#define TRTC_TASK_MIXING_H

#include <stdbool.h>

#include "base/err.h"
#include "task/streams.h"

struct cJSON;

/* Returns the request for trtc-mix --request: the members of the task's request that a mix needs,
 * with the last change (or NULL) applied. */
struct cJSON *trtc_mixing_request(const struct cJSON *request, const struct cJSON *change);

/* Checks that trtc-mix takes that request, since its limits are narrower than those of the API. Returns
 * 0, or -1: TRTC_EX_DATAERR (it would not; the message names the member), TRTC_EX_TEMPFAIL
 * (memory). */
int trtc_mixing_check(const struct cJSON *request, const struct cJSON *change,
                      struct trtc_err *err);

/* Returns a change as a line for the script of a running mix. */
struct cJSON *trtc_mixing_change(const struct cJSON *change);

/* Replaces the addresses of pictures in a MixLayoutParams with the files of index ({"URL":"file
 * name" or null}; NULL: empty). Pictures without a file are removed, and missing is called with the
 * address of each. Returns 0, or -1: no memory. */
int trtc_mixing_pictures(struct cJSON *layout, const struct cJSON *index,
                         void (*missing)(void *arg, const char *url), void *arg);

/* Return the lines {"user":"USER:main","input":"SOURCE"} and {"end":"USER:main"}. */
struct cJSON *trtc_mixing_input(const struct trtc_task_stream *s);
struct cJSON *trtc_mixing_end(const struct trtc_task_stream *s);

#endif
