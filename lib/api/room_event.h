/* SPDX-License-Identifier: MIT */
/* Events of rooms and media, in the vocabulary of the service's own callbacks (groups 1 and 2): who is there, and which
 * streams there are. Each that begins something has an odd number, and its end is the number behind it. JSON only. */
#ifndef TRTC_API_ROOM_EVENT_H
#define TRTC_API_ROOM_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct cJSON;

enum {
    TRTC_ROOM_CREATED = 101,
    TRTC_ROOM_DISMISSED = 102,
    TRTC_ROOM_ENTERED = 103,
    TRTC_ROOM_LEFT = 104, /* stands for the end of all streams of the user as well */
    TRTC_ROOM_VIDEO = 201,
    TRTC_ROOM_VIDEO_END = 202,
    TRTC_ROOM_AUDIO = 203,
    TRTC_ROOM_AUDIO_END = 204,
    TRTC_ROOM_AUX = 205, /* the substream */
    TRTC_ROOM_AUX_END = 206,
};

enum { /* reasons of 103 and 104 */
       TRTC_REASON_NONE = 0,
       TRTC_REASON_NORMAL = 1,
       TRTC_REASON_TIMEOUT = 2, /* 104: nothing came any more, or the connection broke */
       TRTC_REASON_REMOVED = 3, /* 104: put out, as when the same user enters again */
};

struct trtc_room_event { /* the texts are the maker's */
    int type;
    const char *room, *user; /* user: "" in 101 and 102 */
    const char *source;      /* where the stream can be had, or NULL */
    int64_t event_ms;        /* since the epoch, or TRTC_NOTIME */
    int reason;
};

/* The names that a parsed event has stand in it. */
enum { TRTC_ROOM_NAME_MAX = 128, TRTC_ROOM_SOURCE_MAX = 2083 };
struct trtc_room_line {
    struct trtc_room_event event;
    char room[TRTC_ROOM_NAME_MAX + 1], user[TRTC_ROOM_NAME_MAX + 1];
    char source[TRTC_ROOM_SOURCE_MAX + 1];
};

/* Whether an event begins something (101, 103, 201, 203, 205), or ends it. */
bool trtc_room_begins(int type);
bool trtc_room_ends(int type);

/* The body of the callback, and the member Source in its EventInfo where there is one and it is wanted. NULL: no memory. */
struct cJSON *trtc_room_event_make(const struct trtc_room_event *e, int64_t callback_ms,
                                   bool source);

/* Reads a line: a callback body (Source in its EventInfo or beside it), or the flat line that trtc-hook prints. 1: *out is
 * an event of a room or of media; 0: it is another event, or a role that changed; -1: TRTC_EX_DATAERR. */
int trtc_room_event_parse(const char *text, size_t n, struct trtc_room_line *out,
                          struct trtc_err *err);

#endif
