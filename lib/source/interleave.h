/* SPDX-License-Identifier: MIT */
/* Picture and sound in the order of their decoding times, however far from each other a container
 * brings them: the track that is ahead waits for the other one, within bounds. Frames that come in
 * order pass without being copied. */
#ifndef TRTC_SOURCE_INTERLEAVE_H
#define TRTC_SOURCE_INTERLEAVE_H

#include "source/input.h"

/* Frames whose order is this good pass as they are. */
#define TRTC_INTERLEAVE_SLACK_US 400000

/* Frames that stand this far behind another one came too late to be put in order. */
#define TRTC_INTERLEAVE_LATE_US 500000

struct trtc_interleave_opts {
    int64_t window_us;   /* so much of a track waits for the other one; 0: without end */
    size_t window_bytes; /* and so many bytes */
    int (*emit)(void *opaque, const struct trtc_input_frame *f, const struct trtc_input_info *info,
                struct trtc_err *err);
    void *opaque;
};

struct trtc_interleave;

/* o is copied. NULL: no memory. */
struct trtc_interleave *trtc_interleave_new(const struct trtc_interleave_opts *o,
                                            struct trtc_err *err);

/* One frame, in the order of arrival, with the info as it is now; emit is called for those that are
 * due (with the info of their arrival). A track is waited for from the beginning; one that has not
 * come for the length of the window is not, until it comes again. -1: what emit returned, or no
 * memory. */
int trtc_interleave_put(struct trtc_interleave *x, const struct trtc_input_frame *f,
                        const struct trtc_input_info *info, struct trtc_err *err);

/* No more frames: what waits is emitted. */
int trtc_interleave_end(struct trtc_interleave *x, struct trtc_err *err);

/* Frames of a track so far that were emitted out of order, since they came behind the window. */
struct trtc_interleave_late {
    int64_t nb, most_us; /* by how much at most */
};
void trtc_interleave_late(const struct trtc_interleave *x, bool video,
                          struct trtc_interleave_late *out);

/* What waits: frames of one track, numbered as they began to wait; as many as next - first. */
struct trtc_interleave_waits {
    bool video;
    int64_t first, next;
    size_t nb_bytes;
};
void trtc_interleave_waits(const struct trtc_interleave *x, struct trtc_interleave_waits *out);

/* Calls take, like emit, for what waits, from the frame with this number on. -1: what take returned. */
int trtc_interleave_each(const struct trtc_interleave *x, int64_t from,
                         int (*take)(void *opaque, const struct trtc_input_frame *f,
                                     const struct trtc_input_info *info, struct trtc_err *err),
                         void *opaque, struct trtc_err *err);

/* Frees it and clears the pointer. NULL is fine. What waits is gone. */
void trtc_interleave_free(struct trtc_interleave **x);

#endif
