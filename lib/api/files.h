/* SPDX-License-Identifier: MIT */
/* The files of a recording task: those expected by the naming rules (specification, "Naming of
 * recording files"), those that the service reports, and those in a directory, side by side. */
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
    TRTC_FILE_LISTED = 8 /* a segment that an existing playlist lists */
};

struct trtc_listed {
    char *name;         /* with its directories PREFIX/TASKID/ as in the storage; a name from a
                           playlist or the service may contain anything but NUL */
    char *user;         /* decoded; NULL: mixed, or unknown */
    const char *track;  /* "audio", "video", "audio_video"; NULL: unknown */
    unsigned found;     /* bits of enum trtc_found */
    bool maybe;         /* expected only if the user sends it (a substream): never "missing" */
    int64_t begin_ms;   /* as reported, or TRTC_NOTIME */
    int64_t bytes;      /* size on disk; -1: not there */
    int64_t attr_bytes; /* size by FILE-ATTR, or -1 */
    char *fault;        /* what is wrong ("missing", "size", "extra", "empty", ...), or NULL */
};

struct trtc_listing { /* all zeros: empty */
    struct trtc_listed *items;
    size_t n;
    size_t *slots; /* hash table by names without directories: index of an item, plus 1 */
    size_t nb_slots;
};

/* Adds the playlists (OutputFormat 0 to 2) and MP4s (1 and 3) that a request creates for these
 * users (single-stream recording; users NULL: those in its allow lists, except prefixes), or for
 * the mix. request: as created; task: its id. For AAC and VOD there are no naming rules, and
 * nothing is added. With AvMerge 1 files are assumed to be named as video if pictures are recorded.
 * TRTC_EX_DATAERR: names cannot be derived from the request; *out is unchanged. 0, or -1. */
int trtc_files_expected(const struct cJSON *request, const char *task, const char *const *users,
                        size_t nb_users, struct trtc_listing *out, struct trtc_err *err);

/* Adds the files of a StorageFileList (NULL or null: none). request NULL: names have no prefix.
 * TRTC_EX_DATAERR: it is not such a list. 0, or -1. */
int trtc_files_reported(const struct cJSON *list, const struct cJSON *request, const char *task,
                        struct trtc_listing *out, struct trtc_err *err);

/* Compares the listing with dir, a copy of the task's directory or of the storage above it:
 * playlists, and every segment that they list, with its FILE-ATTR size. A file that no playlist
 * lists is extra. Names of another application or room are ignored if those of the task are known
 * (because files were expected or reported). Nothing outside dir is opened. Faults are noted in the
 * items, with result 0. TRTC_EX_NOINPUT: dir cannot be read. 0, or -1. */
int trtc_files_check(const char *dir, const char *task, struct trtc_listing *out,
                     struct trtc_err *err);

/* Frees the contents and empties l. A second call does nothing. */
void trtc_listing_fini(struct trtc_listing *l);

#endif
