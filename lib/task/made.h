/* SPDX-License-Identifier: MIT */
/* The files that are made when a recording has ended (MP4, AAC): turns the lines of trtc-merge
 * --json into the payload of event 310. JSON only. */
#ifndef TRTC_TASK_MADE_H
#define TRTC_TASK_MADE_H

#include <stddef.h>

#include "base/err.h"

struct cJSON;

struct trtc_made {                  /* zero-initialise */
    struct cJSON *files, *messages; /* FileList and FileMessage; owned; NULL: empty */
    int status;                     /* 0; the caller sets 2: some files could not be made */
};

void trtc_made_fini(struct trtc_made *m);

/* Adds the file that a line of n bytes, without its end, names. *path is its path, which the caller
 * frees; NULL: the line names none. Returns 0, or -1: TRTC_EX_DATAERR (not JSON), TRTC_EX_TEMPFAIL
 * (memory). */
int trtc_made_take(struct trtc_made *m, const char *line, size_t n, char **path,
                   struct trtc_err *err);

/* Returns {"FileList":[...],"FileMessage":[...],"Status":0}; the caller frees it. NULL: no
 * memory. */
struct cJSON *trtc_made_payload(const struct trtc_made *m);

#endif
