/* SPDX-License-Identifier: MIT */
/* The files of a recording task: those that it will have by the naming rules (specification,
 * "Naming of recording files"), those that the service reports, and those that lie in a directory,
 * side by side. */
#ifndef TRTC_API_FILES_H
#define TRTC_API_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/utc.h"

struct cJSON;

enum trtc_found {
    TRTC_FILE_EXPECTED = 1,
    TRTC_FILE_REPORTED = 2,
    TRTC_FILE_THERE = 4,
    TRTC_FILE_LISTED = 8 /* a segment: by a playlist that is there */
};

struct trtc_listed {
    char *name;         /* with its directories PREFIX/TASKID/ as in the storage; may hold anything
                         * but NUL where a playlist or the service named it */
    char *user;         /* in clear, or NULL: mixed, or not known */
    const char *track;  /* "audio", "video", "audio_video", or NULL: not known */
    unsigned found;     /* enum trtc_found */
    bool maybe;         /* expected only if the user sends it (a substream): never "missing" */
    int64_t begin_ms;   /* reported, or TRTC_NOTIME */
    int64_t bytes;      /* there: on disk, or -1 */
    int64_t attr_bytes; /* by FILE-ATTR, or -1 */
    char *fault; /* what is wrong with it ("missing", "size", "extra", "empty", ...), or NULL */
};

struct trtc_listing { /* zero: empty */
    struct trtc_listed *items;
    size_t n;
    size_t *slots; /* by the names behind their directories: number of an item, plus 1 */
    size_t nb_slots;
};

/* Adds the playlists (OutputFormat 0 to 2) and MP4s (1 and 3) that a request makes for these
 * users (single-stream; users NULL: those of its allow lists, prefixes left out), or of the mix.
 * request is as created; task its id. There are no naming rules for AAC and for VOD: nothing is
 * added. AvMerge 1 is taken to be named as video (where pictures are recorded). TRTC_EX_DATAERR:
 * no names can be made from the request. *out keeps what it had. */
int trtc_files_expected(const struct cJSON *request, const char *task, const char *const *users,
                        size_t nb_users, struct trtc_listing *out, struct trtc_err *err);

/* Adds a StorageFileList (NULL and null: nothing). request may be NULL: then names have no
 * prefix. TRTC_EX_DATAERR if it is not one. */
int trtc_files_reported(const struct cJSON *list, const struct cJSON *request, const char *task,
                        struct trtc_listing *out, struct trtc_err *err);

/* Compares with dir (a copy of the task's directory, or of the storage above it): playlists, and
 * every segment that they list, with its FILE-ATTR size; a file that no playlist lists is extra.
 * Names of another application or room are ignored if those of the task are known (something was
 * expected or reported). Nothing outside dir is opened. TRTC_EX_NOINPUT: dir cannot be read.
 * Faults are noted in the items, and the result is still 0. */
int trtc_files_check(const char *dir, const char *task, struct trtc_listing *out,
                     struct trtc_err *err);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_listing_fini(struct trtc_listing *l);

#endif
