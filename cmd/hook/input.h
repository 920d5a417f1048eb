/* SPDX-License-Identifier: MIT */
/* Reads whole inputs. */
#ifndef TRTC_CMD_HOOK_INPUT_H
#define TRTC_CMD_HOOK_INPUT_H

#include <stddef.h>

#include "base/err.h"

/* Reads a file ("-": standard input) to its end. *text is NUL-terminated; the caller frees it, even
 * after failure. TRTC_EX_NOINPUT, TRTC_EX_IOERR; TRTC_EX_DATAERR: too large. 0, or -1. */
int hook_read_file(const char *path, char **text, size_t *n, struct trtc_err *err);

/* The same for an open descriptor; name is used in messages. */
int hook_read_fd(int fd, const char *name, char **text, size_t *n, struct trtc_err *err);

#endif
