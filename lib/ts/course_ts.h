/* SPDX-License-Identifier: MIT */
/* The course of the time stamps of a segment in a file. */
#ifndef TRTC_TS_COURSE_TS_H
#define TRTC_TS_COURSE_TS_H

#include "base/err.h"
#include "recording/course.h"
#include "ts/ts.h"

/* Adds a frame of a segment. Frames without a time are ignored. -1: no memory. */
int trtc_course_add_ts(struct trtc_course *c, const struct trtc_ts_frame *f);

/* A segment: a stretch of an open file. The file's offset is not changed. */
struct trtc_course_file {
    int fd;
    int64_t at, bytes;
};

/* Adds all frames of a segment, pictures and sound, from beginning to end; not settled. next: the one
 * in which a frame that is not complete goes on, or NULL. TRTC_EX_IOERR, TRTC_EX_TEMPFAIL. */
int trtc_course_read(struct trtc_course *c, const struct trtc_course_file *s,
                     const struct trtc_course_file *next, struct trtc_err *err);

/* How far it is from first_ts_90k (33 bits) to the end of the last frame, in ticks, by the
 * frames at the end of the segment; *last_90k: to where it begins. TRTC_NOTIME: they do not say. */
int64_t trtc_course_tail(const struct trtc_course_file *s, int64_t first_ts_90k, int64_t *last_90k);

/* The length of an AAC frame in samples and Hz; 0 and 0 for anything else. */
void trtc_frame_length(const struct trtc_ts_frame *f, int *samples, int *rate_hz);

#endif
