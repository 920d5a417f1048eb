/* SPDX-License-Identifier: MIT */
/* The index files (playlists) of a task, as they appear and grow: what trtc-hls --json prints of them, event 307, and
 * the Streams of a task's status. JSON only. */
#ifndef TRTC_TASK_INDEX_H
#define TRTC_TASK_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

#define TRTC_TASK_FILES \
    "files" /* where they lie in a task's directory, in which the children run */

enum { TRTC_TASK_PATH_MAX = 1024 };

struct trtc_hls_line { /* a file that trtc-hls has completed */
    char path[TRTC_TASK_PATH_MAX + 1];
    bool playlist;     /* else a segment */
    const char *track; /* as the API calls it: "audio", "video", "audio_video" */
    int64_t start_ms, duration_ms;
};

/* 1: *out is a file; 0: it is another line; -1: TRTC_EX_DATAERR. */
int trtc_hls_line_read(const char *line, size_t n, struct trtc_hls_line *out, struct trtc_err *err);

struct trtc_index_file {
    char *name;        /* without directories */
    char *user;        /* "": mixed */
    const char *media; /* "main", "aux", "mix" */
    const char *track;
    int ha;
    int64_t begin_ms, end_ms; /* end: TRTC_NOTIME where it is not known */
};

struct trtc_index { /* zero is none */
    struct trtc_index_file *items;
    size_t n, cap;
};

void trtc_index_fini(struct trtc_index *x);

/* Notes a file of a user ("": the mix). 1: it is a playlist, and new; 0: it was known, or is a segment, at whose end its
 * playlist ends; -1: no memory, or TRTC_EX_DATAERR for a name that no recording has. */
int trtc_index_note(struct trtc_index *x, const char *user, const struct trtc_hls_line *l,
                    struct trtc_err *err);

/* The same from the payload of an event 307 that was read; what is none is passed over. -1: no memory. */
int trtc_index_take(struct trtc_index *x, const struct cJSON *payload, struct trtc_err *err);

/* The largest recovery number of a user's stream ("": the mix); media as there. */
int trtc_index_ha(const struct trtc_index *x, const char *user, const char *media);

/* The payload of event 307. NULL: no memory. */
struct cJSON *trtc_index_payload(const struct trtc_index_file *f);

/* All of them, as the status of a task has them. NULL: no memory. */
struct cJSON *trtc_index_streams(const struct trtc_index *x);

/* The name without the directories before it. */
const char *trtc_file_name(const char *path);

#endif
