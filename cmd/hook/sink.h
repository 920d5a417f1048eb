/* SPDX-License-Identifier: MIT */
/* Standard output that never blocks its writer: a thread writes the lines, and keeps those that a
 * slow reader has not taken, up to a limit. */
#ifndef TRTC_CMD_HOOK_SINK_H
#define TRTC_CMD_HOOK_SINK_H

#include <stdint.h>

#include "base/err.h"

struct sink;

struct sink *sink_new(struct trtc_err *err);

/* Takes ownership of a line (heap memory, with its newline). If too many lines wait, it is dropped
 * and counted. */
void sink_put(struct sink *s, char *line);

/* Writes the waiting lines, ends the thread and returns how many lines were dropped. */
int64_t sink_end(struct sink **s);

#endif
