/* SPDX-License-Identifier: MIT */
/* The recording API over HTTP: who calls, and what is answered. */
#ifndef TRTC_CMD_RECD_API_H
#define TRTC_CMD_RECD_API_H

#include "recd.h"

/* Answers POST /. */
void api_request(struct recd *r, struct trtc_request *request);

#endif
