/* SPDX-License-Identifier: MIT */
/* Callbacks about files in VOD (311). */
#ifndef TRTC_CMD_RECD_VOD_H
#define TRTC_CMD_RECD_VOD_H

#include "task.h"

/* Puts a 311 for each made file into the outbox; made: the payload of 310. To be called in a
 * transaction. Returns 0, or -1. */
int vod_tell(struct recd *r, struct task *t, const struct cJSON *made, struct trtc_err *err);

/* The same for the playlists of a task that has ended, once they are uploaded. */
int vod_tell_playlists(struct recd *r, struct task *t, struct trtc_err *err);

#endif
