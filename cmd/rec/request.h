/* SPDX-License-Identifier: MIT */
/* The request that the options of trtc-rec make. */
#ifndef TRTC_CMD_REC_REQUEST_H
#define TRTC_CMD_REC_REQUEST_H

#include "session.h"

/* The request that the options make: -f, what lies over it, sdkappid and task. Owner: the caller. */
struct cJSON *rec_request(struct rec *r, enum trtc_action action, struct trtc_err *err);

/* Reads a file or '-'. *text is the caller's. secret: TRTC_EX_NOPERM where others may read it. */
int rec_read(const char *path, bool secret, char **text, size_t *n, struct trtc_err *err);

#endif
