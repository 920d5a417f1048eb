/* SPDX-License-Identifier: MIT */
/* Makes the request from the options of trtc-rec. */
#ifndef TRTC_CMD_REC_REQUEST_H
#define TRTC_CMD_REC_REQUEST_H

#include "session.h"

/* Returns the request: that of -f, with the changes of other options, the SdkAppId and the TaskId.
 * The caller frees it; NULL on failure. */
struct cJSON *rec_request(struct rec *r, enum trtc_action action, struct trtc_err *err);

/* Reads a file, or standard input ("-"). The caller frees *text, of *n bytes. secret: fails with
 * TRTC_EX_NOPERM if others may read the file. Returns 0, or -1. */
int rec_read(const char *path, bool secret, char **text, size_t *n, struct trtc_err *err);

#endif
