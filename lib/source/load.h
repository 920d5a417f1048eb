/* SPDX-License-Identifier: MIT */
/* Loads recordings: finds them in directories, examines their segments, and puts them on one
 * clock. */
#ifndef TRTC_SOURCE_LOAD_H
#define TRTC_SOURCE_LOAD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "recording/recording.h"

struct trtc_load {
    const char *const *dirs; /* a directory that is named twice is scanned once */
    size_t nb_dirs;
    bool recursive;           /* also scan the directories below them */
    const char *const *users; /* only these ids (decoded); nb_users 0: all */
    size_t nb_users;
    bool count_frames; /* count pictures (trtc_facts.nb_frames), which reads all segments */
    /* Called after each directory. why: NULL, or why parts of it could not be scanned (*s has the
     * rest). When it returns -1, the load fails with that error. NULL: any such error makes it
     * fail. */
    int (*seen)(void *opaque, const char *dir, const struct trtc_err *why);
    /* Called for each recording once all have been found; false: it is not loaded (loaded stays
     * false). NULL: all are loaded. */
    bool (*wanted)(void *opaque, const struct trtc_recording *r);
    void *opaque;                      /* for both */
    const volatile sig_atomic_t *stop; /* when it becomes nonzero nothing more is read; recordings
                                          that are not complete stay unloaded */
};

/* Scans the directories, probes the wanted recordings and settles their clocks. A recording with
 * loaded set is complete, and does not change any more; one that the machine cannot read now is
 * held (r->held), and incomplete. *s must be zero; the caller frees it with trtc_scan_fini, also
 * after a failure. Returns 0, or -1: TRTC_EX_TEMPFAIL (memory), TRTC_EX_NOINPUT (a directory has
 * disappeared), or the error for which seen returned -1. */
int trtc_recordings_load(struct trtc_scan *s, const struct trtc_load *what, struct trtc_err *err);

#endif
