/* SPDX-License-Identifier: MIT */
/* The names of what a merge makes. */
#ifndef TRTC_RECORDING_OUTPUT_NAME_H
#define TRTC_RECORDING_OUTPUT_NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "recording/plan.h"

/* The path of a part of o, in the directory of o->path. --names script: of the part that starts at
 * start_ms (epoch; TRTC_NOTIME: the first, whose path is o->path); recording: of number index (0: no
 * index). malloc'd, or NULL: no memory. */
char *trtc_output_part_path(const struct trtc_output *o, enum trtc_naming names, int64_t start_ms,
                            int index);

/* How many bytes the names of o's parts (--names script) have in common, in front of their times. */
size_t trtc_output_stem(const struct trtc_output *o);

/* Whether file, without directories, is called as a part of o (--names script): then *start_ms is
 * when that part starts. */
bool trtc_output_part_read(const struct trtc_output *o, const char *file, int64_t *start_ms);

/* "x.mp4" as "x.partial.mp4": what was made before an interruption. malloc'd, or NULL: no memory. */
char *trtc_output_partial_path(const char *path);

#endif
