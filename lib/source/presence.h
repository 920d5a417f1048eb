/* SPDX-License-Identifier: MIT */
/* When a stored file has sound and when it has pictures: read through once, nothing decoded. */
#ifndef TRTC_SOURCE_PRESENCE_H
#define TRTC_SOURCE_PRESENCE_H

#include <signal.h>

#include "base/err.h"
#include "recording/roster.h"

struct trtc_presence {
    const char *path;
    int64_t start_us; /* epoch: what the lowest first PTS of the file stands for */
    int64_t until_us; /* what begins after it is not looked at; TRTC_NOTIME: all is */
    const volatile sig_atomic_t *stop; /* as for trtc_input_open */
};

/* Adds to m's sound and picture what lies in the file. *torn: it ends in the middle of something, or breaks: what is
 * there until then counts. Errors are those of trtc_input_open; and TRTC_EX_UNAVAILABLE where there is no decoder for any
 * of it. */
int trtc_presence_of_file(const struct trtc_presence *p, struct trtc_member *m, bool *torn,
                          struct trtc_err *err);

#endif
