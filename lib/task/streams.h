/* SPDX-License-Identifier: MIT */
/* Which streams of a room a task records: those that its request subscribes to, at most 25, in the
 * order in which they begin. Pure. */
#ifndef TRTC_TASK_STREAMS_H
#define TRTC_TASK_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/attendance.h"
#include "base/err.h"
#include "task/request.h"

enum { TRTC_TASK_STREAMS_MAX = 25 };

struct trtc_task_stream {
    char *user;
    bool aux;
    char *source;                 /* its address; NULL: its events do not contain one */
    int64_t since_ms;             /* when it began, in ms of the epoch */
    int64_t picture_ms, sound_ms; /* when these did; TRTC_NOTIME: absent */
    bool audio, video;            /* whether its sound and its picture are recorded */
};

struct trtc_task_streams {          /* zero-initialise; users and sources are owned */
    struct trtc_task_stream *items; /* n recorded streams, then nb_waiting that wait for a place */
    size_t n, cap;
    size_t nb_waiting;
};

void trtc_task_streams_fini(struct trtc_task_streams *s);

/* Returns whether a stream of a user is the one that was there before: it has the same address, and began at the same
 * time, or its picture or its sound did. A microphone that is switched off makes no other stream of it. */
bool trtc_task_stream_same(const struct trtc_task_stream *was, const struct trtc_task_stream *is);

/* Returns "primary stream" or "substream". */
const char *trtc_task_stream_word(const struct trtc_task_stream *s);

/* Returns the stream of a user among the recorded ones, or NULL. */
const struct trtc_task_stream *trtc_task_streams_find(const struct trtc_task_streams *s,
                                                      const char *user, bool aux);

/* Determines the streams to be recorded now. here: who is in the room; held: the streams that are
 * recorded already, which keep their places. The others follow in the order in which they began.
 * *out must be empty; the caller frees it. Returns 0, or -1: no memory. */
int trtc_task_streams_wanted(const struct trtc_attendance *here, const struct trtc_task_request *r,
                             const struct trtc_task_streams *held, struct trtc_task_streams *out,
                             struct trtc_err *err);

/* Returns the ids of the users in the room, without the robot, and their number *n. The ids belong
 * to here; the caller frees the array. NULL: there are none (*n is 0), or memory ran out (*n is
 * 1). */
const char **trtc_task_users(const struct trtc_attendance *here, const struct trtc_task_request *r,
                             size_t *n);

#endif
