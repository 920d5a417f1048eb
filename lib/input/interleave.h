/* SPDX-License-Identifier: MIT */
/* Puts picture and sound into the order of their decoding times, however far apart they are in the
 * container: the track that is ahead waits for the other one, within limits. Frames that arrive in
 * order are passed on without being copied. */
#ifndef TRTC_INPUT_INTERLEAVE_H
#define TRTC_INPUT_INTERLEAVE_H

#include "input/input.h"

/* Frames that are out of order by no more than this are passed on as they are. */
#define TRTC_INTERLEAVE_SLACK_US 400000

/* Frames that are this far behind another one came too late to be put in order. */
#define TRTC_INTERLEAVE_LATE_US 500000

struct trtc_interleave_opts {
    int64_t window_us;   /* how much of a track may wait for the other one if that is not due; 0: no
                            limit of time */
    size_t window_bytes; /* the limit of waiting bytes */
    int (*emit)(void *opaque, const struct trtc_input_frame *f, const struct trtc_input_info *info,
                struct trtc_err *err);
    void *opaque;
};

struct trtc_interleave;

/* o is copied. NULL: no memory. */
struct trtc_interleave *trtc_interleave_new(const struct trtc_interleave_opts *o,
                                            struct trtc_err *err);

/* Takes a frame, in the order of arrival, with the present info, and calls emit for the frames that
 * are due (with the info of their arrival). Both tracks are waited for from the beginning; a track
 * that has sent nothing for the length of the window is not waited for until it appears again.
 * Returns 0, or -1: emit has returned -1, or no memory. */
int trtc_interleave_put(struct trtc_interleave *x, const struct trtc_input_frame *f,
                        const struct trtc_input_info *info, struct trtc_err *err);

/* Ends the stream: emits all waiting frames. Returns 0, or -1. */
int trtc_interleave_end(struct trtc_interleave *x, struct trtc_err *err);

/* The frames of a track that were emitted out of order so far, because they came after the
 * window. */
struct trtc_interleave_late {
    int64_t nb, most_us; /* their number, and the largest delay */
};
void trtc_interleave_late(const struct trtc_interleave *x, bool video,
                          struct trtc_interleave_late *out);

/* The waiting frames, all of one track: next - first of them, numbered in the order in which they
 * began to wait. */
struct trtc_interleave_waits {
    bool video;
    int64_t first, next;
    size_t nb_bytes;
};
void trtc_interleave_waits(const struct trtc_interleave *x, struct trtc_interleave_waits *out);

/* Calls take, like emit, for the waiting frames from number from on. Returns 0, or -1: take has
 * returned -1. */
int trtc_interleave_each(const struct trtc_interleave *x, int64_t from,
                         int (*take)(void *opaque, const struct trtc_input_frame *f,
                                     const struct trtc_input_info *info, struct trtc_err *err),
                         void *opaque, struct trtc_err *err);

/* Frees *x and sets it to NULL; NULL is accepted. Waiting frames are dropped. */
void trtc_interleave_free(struct trtc_interleave **x);

#endif
