/* SPDX-License-Identifier: MIT */
/* What waited for the other track when a run was killed (waiting.h) gets into the segment that was being written. */
#ifndef TRTC_HLS_REGAIN_H
#define TRTC_HLS_REGAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/file.h"
#include "hls/remains.h"

struct trtc_regain {
    struct trtc_file *file; /* NULL: there is none */
    struct trtc_remains c;
    int64_t known_us[TRTC_NB_KINDS]; /* DTS by the time of day: up to here frames are in segments */
    int64_t from_us;                 /* and those before this */
};

/* Takes over the file whose final name is path, if a killed run has left it: 1; 0: there is none, or nothing in it, and
 * it is removed. */
int trtc_regain_open(struct trtc_regain *g, const char *path, struct trtc_err *err);

/* What is in a segment is known. start_us: the time of day of its lowest PTS; TRTC_NOTIME: it was being written, by the
 * same run; newest: nothing that came before its beginning belongs into it. */
void trtc_regain_know(struct trtc_regain *g, const struct trtc_remains *segment, int64_t start_us,
                      bool newest);

/* Whether there are frames that are not known: 1, and *first_us is the time of day of the first one's PTS; 0; -1. */
int trtc_regain_any(const struct trtc_regain *g, int64_t *first_us, struct trtc_err *err);

/* Writes these behind what is whole of the segment that is open as fd, which ends there; c NULL: it is empty. */
int trtc_regain_append(const struct trtc_regain *g, int fd, const struct trtc_remains *c,
                       struct trtc_err *err);

/* Removes the file; done false: it stays, for the next rescue. */
void trtc_regain_close(struct trtc_regain *g, bool done);

#endif
