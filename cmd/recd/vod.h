/* SPDX-License-Identifier: MIT */
/* Callbacks of files in VOD. */
#ifndef TRTC_CMD_RECD_VOD_H
#define TRTC_CMD_RECD_VOD_H

#include "task.h"

/* 311 for each file of what was made. */
int vod_tell(struct recd *r, struct task *t, const struct cJSON *made, struct trtc_err *err);

/* The same for the playlists of a task that has ended, when they are there. */
int vod_tell_playlists(struct recd *r, struct task *t, struct trtc_err *err);

#endif
