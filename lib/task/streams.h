/* SPDX-License-Identifier: MIT */
/* Which streams of a room a task records: those that the request is subscribed to, 25 at most, first come. Pure. */
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
    char *source;      /* where it can be had; NULL: its events do not say that */
    int64_t since_ms;  /* when it began (epoch) */
    bool audio, video; /* what of it is wanted; not: it is left out */
};

struct trtc_task_streams { /* zero is none; in the order in which they are taken */
    struct trtc_task_stream *items;
    size_t n, cap;
    size_t nb_waiting; /* so many more items stand behind: they wait until one of the n leaves */
};

void trtc_task_streams_fini(struct trtc_task_streams *s);

/* The stream of a user, or NULL. */
const struct trtc_task_stream *trtc_task_streams_find(const struct trtc_task_streams *s,
                                                      const char *user, bool aux);

/* The streams to be recorded now, by who is there. Those that held has (what is recorded already) keep their places;
 * the others follow in the order in which they began. *out is empty before; the caller's to free. -1: no memory. */
int trtc_task_streams_wanted(const struct trtc_attendance *here, const struct trtc_task_request *r,
                             const struct trtc_task_streams *held, struct trtc_task_streams *out,
                             struct trtc_err *err);

/* The users who are in the room, but the robot: their ids, n of them, which here owns; free() the array. NULL with n 0:
 * nobody; NULL with n 1: no memory. */
const char **trtc_task_users(const struct trtc_attendance *here, const struct trtc_task_request *r,
                             size_t *n);

#endif
