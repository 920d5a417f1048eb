/* SPDX-License-Identifier: MIT */
/* What tasks say: the lines of their events, into the store and the outbox. */
#ifndef TRTC_CMD_RECD_FOLLOW_H
#define TRTC_CMD_RECD_FOLLOW_H

#include "task.h"

/* Takes the lines that have come since, and what follows from the time that has passed. */
void follow(struct recd *r, struct task *t);

#endif
