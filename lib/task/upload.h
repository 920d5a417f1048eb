/* SPDX-License-Identifier: MIT */
/* What an uploader has been given, and what it has proven to be in its place. Pure. */
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
    struct trtc_upload_file *items; /* not proven yet, in the order in which they may be put */
    size_t n, cap;
    struct trtc_names told; /* playlists of which event 304 was told */
    int failures;           /* of the uploader, in a row */
};

void trtc_upload_fini(struct trtc_upload *u);

/* A file is complete; type as the journal calls it. A playlist that waits already is put behind what came since. -1: no
 * memory. */
int trtc_upload_add(struct trtc_upload *u, const char *path, const char *type,
                    struct trtc_err *err);

/* The next one for the uploader, or NULL; it is given then. */
const char *trtc_upload_next(struct trtc_upload *u);

/* Whether there is none to give. */
bool trtc_upload_all_given(const struct trtc_upload *u);

/* The uploader has ended: what it has not proven is given to the next one. */
void trtc_upload_again(struct trtc_upload *u);

/* A path that the uploader printed. True: it is a playlist of which 304 was not told yet. */
bool trtc_upload_proven(struct trtc_upload *u, const char *path);

/* How many files are not proven, of the HLS or of what was made of it. */
size_t trtc_upload_waiting(const struct trtc_upload *u, bool made);

/* When an uploader that has failed is started again; -1: not any more, since the task ends. */
int64_t trtc_upload_pause_us(const struct trtc_upload *u, bool ends);

#endif
