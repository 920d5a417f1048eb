/* SPDX-License-Identifier: MIT */
/* Finds out from the name of a file in a task's directory what it contains. All functions but
 * trtc_found_end_us are pure. */
#ifndef TRTC_TASK_FOUND_H
#define TRTC_TASK_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/listing.h"
#include "task/index.h"

enum { TRTC_FOUND_USER_MAX = 192 };

struct trtc_found {                     /* a file of a recording */
    char user[TRTC_FOUND_USER_MAX + 1]; /* decoded; "": the mix */
    bool mixed, aux;
    bool left;     /* trtc-hls was killed while it wrote the file, which is not complete */
    bool playlist; /* else a segment */
};

/* Reads the name of a file. Returns false if it is not a file of a recording, or its user id is too
 * long. */
bool trtc_found_read(const char *name, struct trtc_found *out);

/* Fills *out for a playlist (name) as trtc-hls would have printed it, except for the path. names:
 * the files beside it. start_ms is that of its first segment among them, or 0; duration_ms is 0:
 * not known. */
void trtc_found_line(const char *name, const struct trtc_names *names, struct trtc_hls_line *out);

/* Reads a playlist and returns when its last segment ends (us since 1970). path is relative to the
 * directory dir, a descriptor. TRTC_NOTIME: it lists no segments, or cannot be read. */
int64_t trtc_found_end_us(int dir, const char *path);

#endif
