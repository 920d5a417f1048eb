/* SPDX-License-Identifier: MIT */
/* Standard output that does not hold up who writes to it: a thread of its own, and lines that wait for a slow reader, as far
 * as memory is meant for that. */
#ifndef TRTC_CMD_HOOK_SINK_H
#define TRTC_CMD_HOOK_SINK_H

#include <stdint.h>

#include "base/err.h"

struct sink;

struct sink *sink_new(struct trtc_err *err);

/* Takes a line (malloc'd, with its newline). It is left out, and counted, where too many wait. */
void sink_put(struct sink *s, char *line);

/* Writes what waits, ends the thread and returns how many lines were left out. */
int64_t sink_end(struct sink **s);

#endif
