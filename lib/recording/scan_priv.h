/* SPDX-License-Identifier: MIT */
/* Shared by scan.c, which walks through directories, and scan_lists.c, which reads the playlists of
 * one directory. */
#ifndef TRTC_RECORDING_SCAN_PRIV_H
#define TRTC_RECORDING_SCAN_PRIV_H

#include <stddef.h>

#include "base/listing.h"
#include "recording/recording.h"

struct trtc_walk {
    struct trtc_scan *s;
    const struct trtc_find *find;
};

struct trtc_open_dir {
    const char *dir; /* its path */
    int fd;
    int depth;                      /* levels below the directory where the walk began */
    const struct trtc_open_dir *up; /* the one above it; NULL: the walk began here */
    size_t first, nb;               /* its recordings in the scan, once they are added */
};

/* Adds the recordings of a directory, with their segments on the clock. lists and segs are the
 * names in it that are, or may be, those of playlists and of segments. On failure everything that
 * was added is removed again. */
int trtc_scan_lists(const struct trtc_walk *w, const struct trtc_open_dir *at,
                    struct trtc_names *lists, struct trtc_names *segs, struct trtc_err *err);

/* Adds a note, or a loss, that belongs to no recording. 0, or -1: out of memory. */
__attribute__((format(printf, 2, 3))) int trtc_scan_note(struct trtc_scan *s, const char *fmt, ...);
__attribute__((format(printf, 4, 5))) int trtc_scan_lose(struct trtc_scan *s, const char *path,
                                                         const char *kind, const char *fmt, ...);

void trtc_recording_fini(struct trtc_recording *r);

#endif
