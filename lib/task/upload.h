/* SPDX-License-Identifier: MIT */
/* Which files an uploader has been given, and which it has confirmed (proven) to be stored.
 * Pure. */
#ifndef TRTC_TASK_UPLOAD_H
#define TRTC_TASK_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/listing.h"

enum trtc_upload_kind { TRTC_UPLOAD_SEGMENT, TRTC_UPLOAD_PLAYLIST, TRTC_UPLOAD_MADE };

struct trtc_upload_file {
    char *path;
    enum trtc_upload_kind kind;
    bool given; /* to the uploader that runs now */
};

struct trtc_upload {                /* zero-initialise */
    struct trtc_upload_file *items; /* not proven yet, in the order in which they are uploaded */
    size_t n, cap;
    struct trtc_names told; /* playlists for which event 304 was reported */
    int failures;           /* of the uploader, in a row; counted by the caller */
};

void trtc_upload_fini(struct trtc_upload *u);

/* Adds a file that is complete; type: "segment", "playlist", or another for a made file. If the
 * path is waiting already, it moves to the end, after the files that a newer version of the
 * playlist lists. Returns 0, or -1: no memory. */
int trtc_upload_add(struct trtc_upload *u, const char *path, const char *type,
                    struct trtc_err *err);

/* Returns the path of the next file for the uploader, and marks it as given; NULL: there is none.
 * The path is valid until the file is proven. */
const char *trtc_upload_next(struct trtc_upload *u);

/* Whether every file has been given. */
bool trtc_upload_all_given(const struct trtc_upload *u);

/* After the uploader has ended: gives what it has not proven to the next one. */
void trtc_upload_again(struct trtc_upload *u);

/* Takes a path that the uploader has printed as stored. Returns true if it is a playlist whose
 * event 304 is now due. */
bool trtc_upload_proven(struct trtc_upload *u, const char *path);

/* Returns how many files are not proven: made files (MP4, AAC), or those of the HLS. */
size_t trtc_upload_waiting(const struct trtc_upload *u, bool made);

/* Returns after which pause, in µs, a failed uploader is started again; -1: not again, since the
 * task ends (ends). */
int64_t trtc_upload_pause_us(const struct trtc_upload *u, bool ends);

#endif
