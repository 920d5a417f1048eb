/* SPDX-License-Identifier: MIT */
/* The sub-command batch. */
#ifndef TRTC_CMD_REC_BATCH_H
#define TRTC_CMD_REC_BATCH_H

#include "session.h"

#define REC_BATCH_JOBS 8 /* requests in progress at a time */

/* Sends the requests on standard input, a line each. Returns 0, or -1 with err. */
int rec_batch(struct rec *r, struct trtc_err *err);

#endif
