/* SPDX-License-Identifier: MIT */
/* Follows the course of the time stamps of a segment in a file. */
#ifndef TRTC_TS_COURSE_TS_H
#define TRTC_TS_COURSE_TS_H

#include "base/err.h"
#include "recording/course.h"
#include "ts/ts.h"

/* Adds a frame of a segment. Frames without a time are ignored. Returns 0, or -1: no memory. */
int trtc_course_add_ts(struct trtc_course *c, const struct trtc_ts_frame *f);

/* A segment: a range of an open file. The offset of the descriptor is not changed. */
struct trtc_course_file {
    int fd;
    int64_t at, bytes;
    const struct trtc_ts *known; /* knows its streams, if it has no tables; or NULL */
};

/* Adds all frames of a segment, pictures and sound, without settling the course. next: the segment
 * in which an incomplete frame continues, or NULL. Returns 0, or -1: TRTC_EX_IOERR,
 * TRTC_EX_TEMPFAIL. */
int trtc_course_read(struct trtc_course *c, const struct trtc_course_file *s,
                     const struct trtc_course_file *next, struct trtc_err *err);

/* Returns the distance from first_ts_90k (33 bits) to the end of the last frame, in ticks, judged
 * by the frames at the end of the segment; *last_90k: the distance to the beginning of that frame.
 * TRTC_NOTIME: it cannot be determined, or the clock restarts there. */
int64_t trtc_course_tail(const struct trtc_course_file *s, int64_t first_ts_90k, int64_t *last_90k);

/* Whether the times of the pictures on a PID may fall somewhere in the segment, judged by the headers
 * of its PES alone, which is quick. True as well if that cannot be determined, or if pictures have no
 * decoding times and are reordered. */
bool trtc_course_may_fall(const struct trtc_course_file *f, int pid);

/* Determines the length of an AAC frame in samples, and their rate; 0 and 0 for other frames. */
void trtc_frame_length(const struct trtc_ts_frame *f, int *samples, int *rate_hz);

#endif
