/* SPDX-License-Identifier: MIT */
/* What trtc-task says of its task: the lines of events.ndjson, and status.json. Pure. */
#ifndef TRTC_SERVICE_TASK_LINE_H
#define TRTC_SERVICE_TASK_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

enum trtc_task_line_kind {
    TRTC_LINE_OTHER, /* of a later version */
    TRTC_LINE_EVENT, /* a callback */
    TRTC_LINE_FILE,  /* a file that may be put */
    TRTC_LINE_LOSS,
    TRTC_LINE_MADE, /* MP4 or AAC files are complete */
    TRTC_LINE_END   /* the last line */
};

struct trtc_task_line { /* texts and objects are json's */
    enum trtc_task_line_kind kind;
    int64_t seq, event_ms;
    int type;                        /* EVENT: 301 ... */
    const struct cJSON *payload;     /* EVENT */
    const char *file, *file_type;    /* FILE: "files/NAME", no way out of the task's directory */
    const char *loss, *user;         /* LOSS; user: "" where there is none */
    const struct cJSON *made;        /* MADE */
    int64_t end_status, exit_status; /* END */
    struct cJSON *json;              /* the caller's, see trtc_task_line_fini */
};

/* Reads a line of n bytes, without its end. TRTC_EX_DATAERR: it is none. *out is empty on failure. */
int trtc_task_line_read(const char *text, size_t n, struct trtc_task_line *out,
                        struct trtc_err *err);
void trtc_task_line_fini(struct trtc_task_line *line);

/* The name behind the last '/'. */
const char *trtc_task_file_name(const char *path);

/* From status.json (NULL: there is none yet): what DescribeCloudRecording answers as Status ("Idle", ...; valid for ever),
 * and as StorageFileList, which is the caller's; NULL: no memory. */
const char *trtc_task_status(const struct cJSON *status);
struct cJSON *trtc_task_file_list(const struct cJSON *status);

#endif
