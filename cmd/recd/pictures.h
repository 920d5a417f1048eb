/* SPDX-License-Identifier: MIT */
/* Fetches the pictures that requests name, since the programs that record a room may have no
 * network. */
#ifndef TRTC_CMD_RECD_PICTURES_H
#define TRTC_CMD_RECD_PICTURES_H

#include "task.h"

struct cJSON;

/* Fetches the pictures of a MixLayoutParams (NULL: there is none) that the task does not have yet.
 * t->nb_fetching counts the job until it is done, after at most 10 s; then the task is woken. */
void pictures_fetch(struct recd *r, struct task *t, const struct cJSON *layout);

/* Starts the threads that fetch. NULL on failure. */
struct pictures *pictures_new(struct recd *r, struct trtc_err *err);
void pictures_free(struct pictures **p);

#endif
