/* SPDX-License-Identifier: MIT */
/* The recording API over HTTP: authenticates callers, and answers them. */
#ifndef TRTC_CMD_RECD_API_H
#define TRTC_CMD_RECD_API_H

#include "recd.h"

/* Answers a request to the API, POST / (trtc-recd(1), The API). */
void api_request(struct recd *r, struct trtc_request *request);

#endif
