/* SPDX-License-Identifier: MIT */
/* Callbacks about files in VOD (311). */
#ifndef TRTC_CMD_RECD_VOD_H
#define TRTC_CMD_RECD_VOD_H

#include "task.h"

struct vod_which { /* which of the files get a 311 */
    bool uploaded, others;
};

/* Puts 311 into the outbox for files that were made from a recording. made: the payload of 310,
 * which lists them. To be called in a transaction. Returns 0, or -1. */
int vod_tell(struct recd *r, struct task *t, const struct cJSON *made,
             const struct vod_which *which, struct trtc_err *err);

/* The same for the playlists of a task that has ended, once they are uploaded. */
int vod_tell_playlists(struct recd *r, struct task *t, struct trtc_err *err);

#endif
