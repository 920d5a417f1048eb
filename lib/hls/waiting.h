/* SPDX-License-Identifier: MIT */
/* Keeps the frames that wait in memory for the other track on disk as well, so that a run that is
 * killed does not lose them.
 *
 * They are in a hidden file beside the segments, a transport stream whose tables state the epoch
 * time of its time stamps. Two such files are written in turns, so that one of them contains all
 * waiting frames at any moment; frames that are in a segment already may still be in them. A third
 * file contains the frames that arrived before the segmenter was made. */
#ifndef TRTC_HLS_WAITING_H
#define TRTC_HLS_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "input/interleave.h"

enum { TRTC_NB_WAITING = 3 };

/* Returns the path of file which (from 0) of the recording whose playlist will be at path; the
 * caller frees it. NULL: no memory. */
char *trtc_waiting_path(const char *path, int which, struct trtc_err *err);

/* Whether a directory entry is the temporary name of such a file, of the playlist STEM.m3u8. */
bool trtc_waiting_is(const char *entry, const char *stem, size_t stem_len);

struct trtc_waiting_opts {
    const char *path; /* of the playlist; copied */
    int64_t shift_us; /* added to times of the stream: times in the segments */
    int64_t utc_us;   /* added to times of the stream: epoch times */
};

struct trtc_waiting;

/* NULL: no memory. No file is created before frames wait. */
struct trtc_waiting *trtc_waiting_new(const struct trtc_waiting_opts *o, struct trtc_err *err);

/* States anew which epoch times the frames in the third file have. utc_us: as in the options.
 * Returns 0, or -1. */
int trtc_waiting_move(struct trtc_waiting *w, int64_t utc_us, struct trtc_err *err);

/* Writes a frame to the third file, which exists as long as w. Returns 0, or -1. */
int trtc_waiting_early(struct trtc_waiting *w, const struct trtc_input_frame *f,
                       const struct trtc_input_info *info, struct trtc_err *err);

/* Writes the frames that wait in x to the files. Frames that have left x must be in segments on
 * disk already. Returns 0, or -1. */
int trtc_waiting_save(struct trtc_waiting *w, const struct trtc_interleave *x,
                      struct trtc_err *err);

/* Removes the files, frees *w and sets it to NULL; NULL is accepted. */
void trtc_waiting_free(struct trtc_waiting **w);

#endif
