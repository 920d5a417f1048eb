/* SPDX-License-Identifier: MIT */
/* When a stored file has sound and when it has pictures: read through once, nothing decoded. */
#ifndef TRTC_SOURCE_PRESENCE_H
#define TRTC_SOURCE_PRESENCE_H

#include <signal.h>

#include "base/err.h"
#include "recording/roster.h"

/* Adds to m's sound and picture what lies in path, the lowest first PTS of which stands for start_us (epoch). What begins
 * after until_us (TRTC_NOTIME: never) is not looked at. *torn: it ends in the middle of something, or breaks: what is
 * there until then counts. Errors are those of trtc_input_open; and TRTC_EX_UNAVAILABLE where there is no decoder for any
 * of it. */
int trtc_presence_of_file(const char *path, int64_t start_us, int64_t until_us,
                          const volatile sig_atomic_t *stop, struct trtc_member *m, bool *torn,
                          struct trtc_err *err);

#endif
