/* SPDX-License-Identifier: MIT */
/* The files that are made when a recording has ended (MP4, AAC): what trtc-merge --json prints of them, as event 310 has
 * it. JSON only. */
#ifndef TRTC_TASK_MADE_H
#define TRTC_TASK_MADE_H

#include <stddef.h>

#include "base/err.h"

struct cJSON;

struct trtc_made {                  /* zero-initialise */
    struct cJSON *files, *messages; /* FileList and FileMessage; NULL: none yet */
    int status;                     /* 0, or 2: something could not be made */
};

void trtc_made_fini(struct trtc_made *m);

/* Takes a line. mixed: its MediaId is mix. *path is the file's, to be freed; NULL: the line is of no file. -1:
 * TRTC_EX_DATAERR, or no memory. */
int trtc_made_take(struct trtc_made *m, const char *line, size_t n, char **path,
                   struct trtc_err *err);

/* {"FileList":[...],"FileMessage":[...],"Status":0}, without what the journal adds. NULL: no memory. */
struct cJSON *trtc_made_payload(const struct trtc_made *m);

#endif
