/* SPDX-License-Identifier: MIT */
/* The index files (playlists) of a task, as they appear and grow: reads the lines of trtc-hls
 * --json, and makes the payload of event 307 and the Streams of a task's status. JSON only. Times
 * are in ms of the epoch. */
#ifndef TRTC_TASK_INDEX_H
#define TRTC_TASK_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

/* The subdirectory of a task's directory that holds its recording. */
#define TRTC_TASK_FILES "files"

enum { TRTC_TASK_PATH_MAX = 1024 };

struct trtc_hls_line { /* a file that trtc-hls has completed */
    char path[TRTC_TASK_PATH_MAX + 1];
    bool playlist;     /* else a segment */
    const char *track; /* as in the API: "audio", "video", "audio_video"; a constant */
    int64_t start_ms, duration_ms;
};

/* Reads a line of n bytes, without its end. Returns 1: *out is a file; 0: the line is of another
 * kind; -1: TRTC_EX_DATAERR, or TRTC_EX_TEMPFAIL (memory). */
int trtc_hls_line_read(const char *line, size_t n, struct trtc_hls_line *out, struct trtc_err *err);

struct trtc_index_file {
    char *name;        /* without directories */
    char *user;        /* "": the mix */
    const char *media; /* "main", "aux", "mix" */
    const char *track;
    int ha;                   /* recovery number, 0: none */
    int64_t begin_ms, end_ms; /* end: TRTC_NOTIME when it is not known */
};

struct trtc_index { /* zero-initialise; names and users are owned */
    struct trtc_index_file *items;
    size_t n, cap;
};

void trtc_index_fini(struct trtc_index *x);

/* Notes a file of a user ("": the mix): adds a new playlist, or moves the end of the playlist that
 * a segment belongs to. Returns 1: the playlist is new; 0: it was known, or the file is a segment;
 * -1: no memory, or TRTC_EX_DATAERR for a name that is not one of a recording. */
int trtc_index_note(struct trtc_index *x, const char *user, const struct trtc_hls_line *l,
                    struct trtc_err *err);

/* Adds the playlist in the payload of an event 307 that was read back; a payload of another form is
 * ignored. Returns 0, or -1: no memory. */
int trtc_index_take(struct trtc_index *x, const struct cJSON *payload, struct trtc_err *err);

/* Returns the largest recovery number of a user's stream ("": the mix), 0: it has none; media as in
 * struct trtc_index_file. */
int trtc_index_ha(const struct trtc_index *x, const char *user, const char *media);

/* Returns the payload of event 307; the caller frees it. NULL: no memory. */
struct cJSON *trtc_index_payload(const struct trtc_index_file *f);

/* Returns the Streams of a task's status; the caller frees them. NULL: no memory. */
struct cJSON *trtc_index_streams(const struct trtc_index *x);

/* Returns the part of path after the last '/'. */
const char *trtc_file_name(const char *path);

#endif
