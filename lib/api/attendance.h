/* SPDX-License-Identifier: MIT */
/* Who is present: the rooms, users and streams that events have begun and not ended. The same
 * events give the same attendance wherever they come from, and the difference of two attendances is
 * again a sequence of events. Pure functions. */
#ifndef TRTC_API_ATTENDANCE_H
#define TRTC_API_ATTENDANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api/room_event.h"
#include "base/err.h"

/* Something that an event has begun and that no event has ended. */
struct trtc_fact {
    int type;          /* TRTC_ROOM_CREATED, _ENTERED, _VIDEO, _AUDIO, _AUX */
    char *room, *user; /* user: "" for a room */
    char *source;      /* URL of a stream, or NULL */
    int64_t since_ms;
};

/* Ordered by room, user and type, so that a room comes before its users and a user before their
 * streams. All zeros: nobody. */
struct trtc_attendance {
    struct trtc_fact *items;
    size_t n, cap;
};

/* Receives each event that changes something, in order. Its texts are only valid during the
 * call. */
struct trtc_emit {
    void (*event)(void *arg, const struct trtc_room_event *e);
    void *arg;
};

void trtc_attendance_fini(struct trtc_attendance *a);

/* Applies an event. A beginning also begins what contains it, if necessary (a stream begins its
 * user and room). The end of a room makes its users leave first. An event that repeats a known fact
 * changes nothing. If the Source of a stream changes, the stream ends and begins again. 0, or -1:
 * out of memory. */
int trtc_attendance_apply(struct trtc_attendance *a, const struct trtc_room_event *e,
                          const struct trtc_emit *emit, struct trtc_err *err);

/* Makes a equal to now. First everything that is no longer there, or has begun at another time,
 * ends at now_ms; then the rest begins. 0, or -1: out of memory. */
int trtc_attendance_become(struct trtc_attendance *a, const struct trtc_attendance *now,
                           int64_t now_ms, const struct trtc_emit *emit, struct trtc_err *err);

/* Emits the events that begin everything in one room, or in all rooms (NULL). */
void trtc_attendance_replay(const struct trtc_attendance *a, const char *room,
                            const struct trtc_emit *emit);

/* The fact with these names and this type, or NULL; points into a. user: "" for a room. */
const struct trtc_fact *trtc_attendance_find(const struct trtc_attendance *a, const char *room,
                                             const char *user, int type);

#endif
