/* SPDX-License-Identifier: MIT */
/* Runs programs for their standard output. */
#ifndef TRTC_CMD_HOOK_CHILD_H
#define TRTC_CMD_HOOK_CHILD_H

#include <stddef.h>

#include "base/err.h"

/* Runs argv (NULL-terminated, searched in PATH); its messages go to standard error. *text: what it
 * printed; the caller frees it. Returns its exit status, or -1 with err: it could not be run. */
int child_output(const char *const argv[], char **text, size_t *n, struct trtc_err *err);

#endif
