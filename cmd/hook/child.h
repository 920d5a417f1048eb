/* SPDX-License-Identifier: MIT */
/* Programs that are asked for their standard output. */
#ifndef TRTC_CMD_HOOK_CHILD_H
#define TRTC_CMD_HOOK_CHILD_H

#include <stddef.h>

#include "base/err.h"

/* Runs argv (NULL-terminated; looked for in PATH), its messages among ours. *text: what it printed, the caller's to free.
 * Returns its exit status, or -1 with err where it could not be run. */
int child_output(const char *const argv[], char **text, size_t *n, struct trtc_err *err);

#endif
