/* SPDX-License-Identifier: MIT */
/* Standard output that never makes its writer wait: a thread writes the lines, and keeps those
 * that a slow reader has not taken, up to a limit. */
#ifndef TRTC_CMD_HOOK_SINK_H
#define TRTC_CMD_HOOK_SINK_H

#include <stdint.h>

#include "base/err.h"

struct sink;

struct sink *sink_new(struct trtc_err *err);

/* Takes over a line (malloc'd, with its newline). Where too many lines wait, it is left out and
 * counted. */
void sink_put(struct sink *s, char *line);

/* Writes the lines that wait, ends the thread and returns how many lines were left out. */
int64_t sink_end(struct sink **s);

#endif
