/* SPDX-License-Identifier: MIT */
/* Sends the callbacks of the outbox by threads, repeats those that fail, and notes the results in
 * the store. */
#ifndef TRTC_CMD_RECD_OUTBOX_H
#define TRTC_CMD_RECD_OUTBOX_H

#include "recd.h"

/* Starts the threads. NULL on failure. */
struct outbox *outbox_new(struct recd *r, struct trtc_err *err);

/* Stops the threads and frees r->outbox. Callbacks that were accepted by then are noted; the others
 * are sent again later. */
void outbox_end(struct recd *r);

/* Sends the callbacks that are due. */
void outbox_tick(struct recd *r);

#endif
