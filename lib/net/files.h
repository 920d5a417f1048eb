/* SPDX-License-Identifier: MIT */
/* The files of a recording task: those that it will have by the naming rules (specification, "Naming of recording files"), those
 * that the service reports, and those that lie in a directory, side by side. */
#ifndef TRTC_NET_FILES_H
#define TRTC_NET_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct cJSON;

enum trtc_found { TRTC_FILE_EXPECTED = 1, TRTC_FILE_REPORTED = 2, TRTC_FILE_THERE = 4 };

struct trtc_listed {
    char *name;         /* with its directories PREFIX/TASKID/ as in the storage */
    char *user;         /* in clear, or NULL: mixed */
    const char *track;  /* "audio", "video", "audio_video" */
    unsigned found;     /* enum trtc_found */
    int64_t begin_ms;   /* reported, or TRTC_NOTIME */
    int64_t bytes;      /* there: on disk, or -1 */
    int64_t attr_bytes; /* by FILE-ATTR, or -1 */
    char *fault;        /* what is wrong with it ("missing", "size", "extra", ...), or NULL */
};

struct trtc_listing {
    struct trtc_listed *items;
    size_t n;
};

/* Playlists that a request makes for these users (single-stream; users NULL: those of its allow lists), or the one of the mix.
 * request is as created; task its id. */
int trtc_files_expected(const struct cJSON *request, const char *task, const char *const *users,
                        size_t nb_users, struct trtc_listing *out, struct trtc_err *err);

/* Adds a StorageFileList (may be null). */
int trtc_files_reported(const struct cJSON *list, const struct cJSON *request, const char *task,
                        struct trtc_listing *out, struct trtc_err *err);

/* Compares with dir (a copy of the task's directory, or of the storage above it): playlists, and every segment that they list, with
 * its FILE-ATTR size; what no playlist lists is extra. Nothing outside dir is opened. */
int trtc_files_check(const char *dir, const char *task, struct trtc_listing *out,
                     struct trtc_err *err);

void trtc_listing_fini(struct trtc_listing *l);

#endif
