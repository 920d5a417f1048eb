/* SPDX-License-Identifier: MIT */
/* The action create. */
#ifndef TRTC_CMD_REC_CREATE_H
#define TRTC_CMD_REC_CREATE_H

#include "session.h"

#define REC_ROOM_HOURS 72 /* ResourceExpiredHour where the request has none */

/* Completes the request, checks it, sends it, and keeps the state. *answer is the caller's in
 * any case, and is empty for --dry-run. */
int rec_create(struct rec *r, struct cJSON *request, struct trtc_answer *answer,
               struct trtc_err *err);

#endif
