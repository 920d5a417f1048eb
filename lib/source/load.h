/* SPDX-License-Identifier: MIT */
/* Recordings, ready for use: found in directories, looked into, and on one clock. */
#ifndef TRTC_SOURCE_LOAD_H
#define TRTC_SOURCE_LOAD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "recording/recording.h"

struct trtc_load {
    const char *const *dirs; /* a directory that is named twice is looked through once */
    size_t nb_dirs;
    bool recursive;           /* and the directories below them */
    const char *const *users; /* only these ids (in clear); nb_users 0: all */
    size_t nb_users;
    bool count_frames; /* pictures are counted (trtc_facts.nb_frames), which reads everything */
    /* Called after each directory: why is NULL, or says why not all of it could be looked through (*s
     * holds what could be). -1 ends the load with that error. NULL: an error ends the load. */
    int (*seen)(void *opaque, const char *dir, const struct trtc_err *why);
    /* Called for each recording once all have been found: false leaves it as it is (loaded stays
     * false). NULL: all are loaded. */
    bool (*wanted)(void *opaque, const struct trtc_recording *r);
    void *opaque;                      /* for the two */
    const volatile sig_atomic_t *stop; /* once it is set no further recording is loaded; or NULL */
};

/* Scans the directories, probes the wanted recordings and settles their clocks. Those that have
 * loaded set are complete and do not change any more; one that the machine cannot read now is held
 * (r->held) and has nothing more. *s (zeros at first) is the caller's to free with trtc_scan_fini, on
 * failure as well. TRTC_EX_TEMPFAIL: no memory; TRTC_EX_NOINPUT: a directory has gone, or as seen
 * says. */
int trtc_recordings_load(struct trtc_scan *s, const struct trtc_load *what, struct trtc_err *err);

#endif
