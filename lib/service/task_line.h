/* SPDX-License-Identifier: MIT */
/* Reads what trtc-task reports about its task: the lines of events.ndjson, and status.json
 * (trtc-task(1), FILES). Pure. */
#ifndef TRTC_SERVICE_TASK_LINE_H
#define TRTC_SERVICE_TASK_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

enum trtc_task_line_kind {
    TRTC_LINE_OTHER, /* not known here; a later version may write such lines */
    TRTC_LINE_EVENT, /* a callback */
    TRTC_LINE_FILE,  /* a file that may be uploaded */
    TRTC_LINE_LOSS,
    TRTC_LINE_MADE, /* MP4 or AAC files are complete */
    TRTC_LINE_END   /* the last line */
};

struct trtc_task_line { /* texts and objects belong to json */
    enum trtc_task_line_kind kind;
    int64_t seq, event_ms;
    int type;                        /* EVENT: the EventType, 301 to 312 */
    const struct cJSON *payload;     /* EVENT */
    const char *file, *file_type;    /* FILE: "files/NAME", never outside the task's directory */
    const char *loss, *user;         /* LOSS; user: "" when no user is concerned */
    const struct cJSON *made;        /* MADE */
    int64_t end_status, exit_status; /* END */
    struct cJSON *json;              /* owned; freed by trtc_task_line_fini */
};

/* Reads a line of n bytes, without its line end. Returns 0, or -1 with an empty *out:
 * TRTC_EX_DATAERR (it is not such a line) or TRTC_EX_TEMPFAIL (memory). The caller ends *out with
 * trtc_task_line_fini. */
int trtc_task_line_read(const char *text, size_t n, struct trtc_task_line *out,
                        struct trtc_err *err);
void trtc_task_line_fini(struct trtc_task_line *line);

/* Returns the part of path after the last '/'. */
const char *trtc_task_file_name(const char *path);

/* Derive from status.json (NULL: it is not there yet) what DescribeCloudRecording answers: the
 * Status ("Idle", "InProgress" or "Exited"; a constant), and the StorageFileList, which the caller
 * frees; NULL: no memory. */
const char *trtc_task_status(const struct cJSON *status);
struct cJSON *trtc_task_file_list(const struct cJSON *status);

#endif
