/* SPDX-License-Identifier: MIT */
/* Looks into a playlist before it is put: the files that it names must be stored first. */
#ifndef TRTC_CMD_PUT_LOOK_H
#define TRTC_CMD_PUT_LOOK_H

#include <stdbool.h>

#include <sys/stat.h>

#include "base/err.h"
#include "playlist/dir_index.h"
#include "run.h"

/* What the playlist of a running job needs. */
enum put_look {
    PUT_LOOK_GO,   /* nothing is missing: it may be put */
    PUT_LOOK_WAIT, /* the job waits now and no longer runs */
    PUT_LOOK_FAIL
};

/* The directory of the playlist before, whose listing is used again while it does not change. Start
 * with all zeros. For one thread. */
struct put_dir {
    char *name; /* NULL: none is open */
    struct trtc_dir_index index;
    struct stat was; /* when it was opened */
    bool settled;    /* it had not been changed just before */
};

void put_dir_close(struct put_dir *d);

/* Reads the playlist of a job at fd. Files that it names but that were not given
 * are queued before it. Files that are missing are reported once it is known that no more paths
 * come. *growing: it has no end yet. */
enum put_look put_look(struct put *p, struct put_dir *dir, struct trtc_job *job, int fd,
                       bool *growing, struct trtc_err *err);

#endif
