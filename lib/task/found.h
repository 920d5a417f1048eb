/* SPDX-License-Identifier: MIT */
/* What the names of the files in a task's directory say. Pure. */
#ifndef TRTC_TASK_FOUND_H
#define TRTC_TASK_FOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/listing.h"
#include "task/index.h"

enum { TRTC_FOUND_USER_MAX = 192 };

struct trtc_found {                     /* a file of a recording */
    char user[TRTC_FOUND_USER_MAX + 1]; /* in clear; "": the mix */
    bool mixed, aux;
    bool left;     /* a killed trtc-hls has left it: it is no segment and no playlist yet */
    bool playlist; /* else a segment */
};

/* False: it is no file of a recording. */
bool trtc_found_read(const char *name, struct trtc_found *out);

/* As if trtc-hls had said it, but for the path: a playlist (its name) among names. duration_ms is not known, 0; start_ms
 * is that of its first segment there, or 0. */
void trtc_found_line(const char *name, const struct trtc_names *names, struct trtc_hls_line *out);

#endif
