/* SPDX-License-Identifier: MIT */
/* The actions describe, modify and delete. */
#ifndef TRTC_CMD_REC_ACTIONS_H
#define TRTC_CMD_REC_ACTIONS_H

#include <stdbool.h>

#include "session.h"

/* Each completes the request, checks it, sends it, and updates what is remembered of the task. The
 * caller frees *answer in any case; for --dry-run it is empty. Return 0, or -1. */
int rec_describe(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
                 struct trtc_err *err);
int rec_modify(struct rec *r, struct cJSON *change, struct trtc_answer *answer,
               struct trtc_err *err);
int rec_delete(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err);

/* Returns the text of a member, or NULL. */
const char *rec_text(const struct cJSON *object, const char *name);

/* Whether anything is remembered of the task. */
bool rec_remembered(struct rec *r, const char *id);

/* Whether the answer means that the service does not know the task (any more). */
bool rec_gone(const struct trtc_answer *answer);

#endif
