/* SPDX-License-Identifier: MIT */
/* Who is there: the rooms, users and streams that events have begun and not ended. The same events make it wherever they
 * come from, and the difference of two is events again. Pure. */
#ifndef TRTC_API_ATTENDANCE_H
#define TRTC_API_ATTENDANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/room_event.h"
#include "base/err.h"

/* What an event has begun, and none has ended. */
struct trtc_fact {
    int type;          /* TRTC_ROOM_CREATED, _ENTERED, _VIDEO, _AUDIO, _AUX */
    char *room, *user; /* user: "" for a room */
    char *source;      /* or NULL */
    int64_t since_ms;
};

/* In the order of rooms, then of users, then of types: what holds others stands before them. Zero is nobody. */
struct trtc_attendance {
    struct trtc_fact *items;
    size_t n, cap;
};

/* Is given each event that changes something, in order. The texts are valid during the call. */
struct trtc_emit {
    void (*event)(void *arg, const struct trtc_room_event *e);
    void *arg;
};

void trtc_attendance_fini(struct trtc_attendance *a);

/* What begins makes what holds it begin before (a stream its user and room), what ends makes the users of a room leave
 * before; what is so already changes nothing. Another Source of a stream ends it and begins it. -1: no memory. */
int trtc_attendance_apply(struct trtc_attendance *a, const struct trtc_room_event *e,
                          const struct trtc_emit *emit, struct trtc_err *err);

/* Makes a what now is: first what is not there any more, or has begun at another time, ends at now_ms; then the rest begins.
 * -1: no memory. */
int trtc_attendance_become(struct trtc_attendance *a, const struct trtc_attendance *now,
                           int64_t now_ms, const struct trtc_emit *emit, struct trtc_err *err);

/* The events that begin all of it, of one room or of all (NULL). */
void trtc_attendance_replay(const struct trtc_attendance *a, const char *room,
                            const struct trtc_emit *emit);

/* NULL: it is not there. user: "" for a room. */
const struct trtc_fact *trtc_attendance_find(const struct trtc_attendance *a, const char *room,
                                             const char *user, int type);

#endif
