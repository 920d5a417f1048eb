/* SPDX-License-Identifier: MIT */
/* Looks into a playlist before it is put: the files that it names must be stored first. */
#ifndef TRTC_CMD_PUT_LOOK_H
#define TRTC_CMD_PUT_LOOK_H

#include <stdbool.h>

#include "base/err.h"
#include "run.h"

/* What the playlist of a running job needs. */
enum put_look {
    PUT_LOOK_GO,   /* nothing is missing: it may be put */
    PUT_LOOK_WAIT, /* the job waits now and no longer runs */
    PUT_LOOK_FAIL
};

/* Reads the playlist at fd; path is that of the job. Files that it names but that were not given
 * are queued before it. Files that are missing are reported once it is known that no more paths
 * come. *growing: it has no end yet. */
enum put_look put_look(struct put *p, struct trtc_job *job, const char *path, int fd, bool *growing,
                       struct trtc_err *err);

#endif
