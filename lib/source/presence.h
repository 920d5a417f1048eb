/* SPDX-License-Identifier: MIT */
/* Finds out when a stored file has sound and when it has pictures, by reading it once without
 * decoding. */
#ifndef TRTC_SOURCE_PRESENCE_H
#define TRTC_SOURCE_PRESENCE_H

#include <signal.h>

#include "base/err.h"
#include "recording/roster.h"

struct trtc_presence {
    const char *path;
    int64_t start_us; /* the epoch time of the lowest first PTS of the file */
    int64_t until_us; /* reading stops at frames after this time; TRTC_NOTIME: at the end */
    const volatile sig_atomic_t *stop; /* as for trtc_input_open */
};

/* Adds the intervals with sound and pictures to m. *torn: the file is truncated, or breaks; the
 * part before counts. Returns 0, or -1: the errors of trtc_input_open, and TRTC_EX_UNAVAILABLE
 * (there is no decoder for any of its tracks). */
int trtc_presence_of_file(const struct trtc_presence *p, struct trtc_member *m, bool *torn,
                          struct trtc_err *err);

#endif
