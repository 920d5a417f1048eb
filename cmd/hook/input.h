/* SPDX-License-Identifier: MIT */
/* Whole inputs. */
#ifndef TRTC_CMD_HOOK_INPUT_H
#define TRTC_CMD_HOOK_INPUT_H

#include <stddef.h>

#include "base/err.h"

/* Reads a file ("-": standard input) to its end: NUL-terminated, the caller's to free (also after failure).
 * TRTC_EX_NOINPUT, TRTC_EX_IOERR, TRTC_EX_DATAERR where it is too large. */
int hook_read_file(const char *path, char **text, size_t *n, struct trtc_err *err);

/* The same for an open descriptor; name is for the message. */
int hook_read_fd(int fd, const char *name, char **text, size_t *n, struct trtc_err *err);

#endif
