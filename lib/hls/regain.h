/* SPDX-License-Identifier: MIT */
/* Puts the frames that waited for the other track when a run was killed (waiting.h) into the
 * segment that was being written. */
#ifndef TRTC_HLS_REGAIN_H
#define TRTC_HLS_REGAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "hls/remains.h"

struct trtc_regain {
    struct trtc_file *file;          /* the file with the frames; NULL: there is none */
    struct trtc_remains c;           /* its content */
    int64_t known_us[TRTC_NB_KINDS]; /* frames up to this DTS (epoch) are in segments already */
    int64_t from_us;                 /* frames before this time are not wanted */
};

/* Takes over the file with the final name path if a killed run has left it. Returns 1; 0: it does
 * not exist, or contains no frame and was removed; -1. */
int trtc_regain_open(struct trtc_regain *g, const char *path, struct trtc_err *err);

/* Notes that the frames of a segment are not missing. start_us: the epoch time of its lowest PTS;
 * TRTC_NOTIME: the killed run was writing it. newest: frames from before its beginning do not
 * belong to it. */
void trtc_regain_know(struct trtc_regain *g, const struct trtc_remains *segment, int64_t start_us,
                      bool newest);

/* Whether there are frames that are in no segment. Returns 1, and sets *first_us to the epoch time
 * of the first one's PTS; 0; or -1. */
int trtc_regain_any(const struct trtc_regain *g, int64_t *first_us, struct trtc_err *err);

/* Appends these frames to the segment that is open as fd, after its complete part c, which is all
 * of the file; c NULL: the segment is empty. Returns 0, or -1. */
int trtc_regain_append(const struct trtc_regain *g, int fd, const struct trtc_remains *c,
                       struct trtc_err *err);

/* Closes the file. done: removes it; otherwise it stays for the next rescue. */
void trtc_regain_close(struct trtc_regain *g, bool done);

#endif
