/* SPDX-License-Identifier: MIT */
/* Looks into a playlist before it is put: what it names must be there first. */
#ifndef TRTC_CMD_PUT_LOOK_H
#define TRTC_CMD_PUT_LOOK_H

#include <stdbool.h>

#include "base/err.h"
#include "run.h"

/* What the playlist of a job that runs needs. */
enum put_look {
    PUT_LOOK_GO,   /* nothing that is not there: it may be put */
    PUT_LOOK_WAIT, /* the job waits now, and does not run any more */
    PUT_LOOK_FAIL
};

/* Reads the playlist at fd. path is the job's. What it names, and nobody has given, is queued before it. What is missing for
 * good is named, once it is known that no more comes. *growing: it has no end yet. */
enum put_look put_look(struct put *p, struct trtc_job *job, const char *path, int fd, bool *growing,
                       struct trtc_err *err);

#endif
