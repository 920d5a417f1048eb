/* SPDX-License-Identifier: MIT */
/* Frames that wait in memory for the other track, on disk as well, so that a run that is killed does not lose them.
 *
 * They stand in a hidden file beside the segments: a transport stream whose tables say which time of day its time stamps
 * are. Two such files take turns, so that at any moment one of them holds all that waits. What has gone into a segment
 * meanwhile may still be in them. A third one has what came before there was a segmenter. */
#ifndef TRTC_HLS_WAITING_H
#define TRTC_HLS_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "source/interleave.h"

enum { TRTC_NB_WAITING = 3 };

/* The name of one of them (from 0), of the recording whose playlist is to be at path. malloc'd, or NULL: no memory. */
char *trtc_waiting_path(const char *path, int which, struct trtc_err *err);

/* Whether a directory's entry is such a file in the making, of the playlist STEM.m3u8. */
bool trtc_waiting_is(const char *entry, const char *stem, size_t stem_len);

struct trtc_waiting_opts {
    const char *path; /* of the playlist; need not stay */
    int64_t shift_us; /* from the stream's times to those in the segments */
    int64_t utc_us;   /* from the stream's times to those of day */
};

struct trtc_waiting;

/* NULL: no memory. Nothing is made before something waits. */
struct trtc_waiting *trtc_waiting_new(const struct trtc_waiting_opts *o, struct trtc_err *err);

/* Puts a frame into the third file, for as long as w is there. utc_us: as in the options, as it is known by now. */
int trtc_waiting_early(struct trtc_waiting *w, int64_t utc_us, const struct trtc_input_frame *f,
                       const struct trtc_input_info *info, struct trtc_err *err);

/* What waits in x is in the files. What has left x must be in segments by then. */
int trtc_waiting_save(struct trtc_waiting *w, const struct trtc_interleave *x,
                      struct trtc_err *err);

/* Removes the files, frees it and clears the pointer. NULL is fine. */
void trtc_waiting_free(struct trtc_waiting **w);

#endif
