/* SPDX-License-Identifier: MIT */
/* The names of the files that a merge makes. */
#ifndef TRTC_RECORDING_OUTPUT_NAME_H
#define TRTC_RECORDING_OUTPUT_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/plan.h"

/* The path of one part of o, in the directory of o->path. With --names script start_ms selects the
 * part (its start in milliseconds since 1970; TRTC_NOTIME: the first part, whose path is o->path).
 * With --names recording index does (0: no index in the name). The caller frees the result. NULL:
 * out of memory. */
char *trtc_output_part_path(const struct trtc_output *o, enum trtc_naming names, int64_t start_ms,
                            int index);

/* The length in bytes of what the names of all parts of o (--names script) have in common before
 * the time. */
size_t trtc_output_stem(const struct trtc_output *o);

/* Whether file (without directories) is the name of a part of o (--names script). If so, *start_ms
 * is the start of that part, in milliseconds since 1970. */
bool trtc_output_part_read(const struct trtc_output *o, const char *file, int64_t *start_ms);

/* "x.mp4" becomes "x.partial.mp4", the name for what was made before an interruption. The caller
 * frees the result. NULL: out of memory. */
char *trtc_output_partial_path(const char *path);

#endif
