/* SPDX-License-Identifier: MIT */
/* Pictures that requests name: fetched here, since what records a room has no network of its own. */
#ifndef TRTC_CMD_RECD_PICTURES_H
#define TRTC_CMD_RECD_PICTURES_H

#include "task.h"

struct cJSON;

/* Fetches those of a MixLayoutParams that the task does not have yet, and wakes it when they are there, which is after 10 s
 * at most: t->nb_fetching is not 0 until then. NULL is none. */
void pictures_fetch(struct recd *r, struct task *t, const struct cJSON *layout);

/* Threads that fetch. */
struct pictures *pictures_new(struct recd *r, struct trtc_err *err);
void pictures_free(struct pictures **p);

#endif
