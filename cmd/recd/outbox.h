/* SPDX-License-Identifier: MIT */
/* Callbacks on their way: sent by threads, again by the service's rule, and noted in the store. */
#ifndef TRTC_CMD_RECD_OUTBOX_H
#define TRTC_CMD_RECD_OUTBOX_H

#include "recd.h"

struct outbox *outbox_new(struct recd *r, struct trtc_err *err);

/* Stops sending; what has been taken by then is noted. */
void outbox_end(struct recd *r);

/* Sends what is due. */
void outbox_tick(struct recd *r);

#endif
