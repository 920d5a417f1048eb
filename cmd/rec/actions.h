/* SPDX-License-Identifier: MIT */
/* The actions describe, modify and delete. */
#ifndef TRTC_CMD_REC_ACTIONS_H
#define TRTC_CMD_REC_ACTIONS_H

#include <stdbool.h>

#include "session.h"

/* Each completes the request, checks it, sends it, and keeps the state. *answer is the caller's
 * in any case, and is empty for --dry-run. */
int rec_describe(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
                 struct trtc_err *err);
int rec_modify(struct rec *r, struct cJSON *change, struct trtc_answer *answer,
               struct trtc_err *err);
int rec_delete(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err);

/* The member's text, or NULL. */
const char *rec_text(const struct cJSON *object, const char *name);

/* Whether anything is remembered of the task. */
bool rec_remembered(struct rec *r, const char *id);

/* Whether the answer means that the service does not know the task (any more). */
bool rec_gone(const struct trtc_answer *answer);

#endif
