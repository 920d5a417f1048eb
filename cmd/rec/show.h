/* SPDX-License-Identifier: MIT */
/* Prints answers and requests. */
#ifndef TRTC_CMD_REC_SHOW_H
#define TRTC_CMD_REC_SHOW_H

#include "session.h"

void rec_show_answer(const struct rec *r, const struct trtc_answer *answer);

/* --dry-run: prints the request as it would be sent, without its secrets. Returns 0, or -1. */
int rec_show_request(struct rec *r, enum trtc_action action, const struct cJSON *request,
                     const struct trtc_task *task, struct trtc_err *err);

#endif
