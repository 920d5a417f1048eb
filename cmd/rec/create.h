/* SPDX-License-Identifier: MIT */
/* The action create. */
#ifndef TRTC_CMD_REC_CREATE_H
#define TRTC_CMD_REC_CREATE_H

#include "session.h"

#define REC_ROOM_HOURS 72 /* the default of ResourceExpiredHour */

/* Completes the request, checks it, sends it, and remembers the task. The caller frees *answer in
 * any case; for --dry-run it is empty. Returns 0, or -1. */
int rec_create(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err);

#endif
