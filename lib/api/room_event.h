/* SPDX-License-Identifier: MIT */
/* Events of rooms and media, in the vocabulary of the service's own callbacks (groups 1 and 2): who
 * is present, and which streams there are. An event that begins something has an odd number; its
 * end has the number after it. JSON only. */
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
    TRTC_ROOM_LEFT = 104, /* also implies the end of all streams of the user */
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
       TRTC_REASON_TIMEOUT = 2, /* 104: no more data arrived, or the connection broke */
       TRTC_REASON_REMOVED = 3, /* 104: replaced, for instance because the same user entered
                                   again */
};

struct trtc_room_event { /* whoever makes the event owns the texts */
    int type;
    const char *room, *user; /* user: "" in 101 and 102 */
    const char *source;      /* where the stream is available, or NULL */
    int64_t event_ms;        /* milliseconds since 1970, or TRTC_NOTIME */
    int reason;
};

/* Limits of the names in a parsed event. */
enum { TRTC_ROOM_NAME_MAX = 128, TRTC_ROOM_SOURCE_MAX = 2083 };
struct trtc_room_line {
    struct trtc_room_event event;
    char room[TRTC_ROOM_NAME_MAX + 1], user[TRTC_ROOM_NAME_MAX + 1];
    char source[TRTC_ROOM_SOURCE_MAX + 1];
};

/* What trtc-room watch follows. */
enum trtc_room_source {
    TRTC_ROOM_SOURCE_NONE, /* unknown */
    TRTC_ROOM_SOURCE_HTTP, /* another trtc-room */
    TRTC_ROOM_SOURCE_EXEC,
    TRTC_ROOM_SOURCE_NGINX,
    TRTC_ROOM_SOURCE_JANUS,
};
#define TRTC_ROOM_SOURCES "http://HOST:PORT, 'exec:CMD ARG...', nginx-rtmp:URL or janus:URL"

/* The kind of a source by its first characters, in upper or lower case. *place is what follows
 * them, or, for HTTP, the whole address; it points into text. place may be NULL. */
enum trtc_room_source trtc_room_source(const char *text, const char **place);

/* Whether an event begins something (101, 103, 201, 203, 205) or ends it. */
bool trtc_room_begins(int type);
bool trtc_room_ends(int type);

/* The body of the callback; source: with the member Source in its EventInfo if there is one. The
 * caller deletes it. NULL: out of memory. */
struct cJSON *trtc_room_event_make(const struct trtc_room_event *e, int64_t callback_ms,
                                   bool source);

/* Reads a line: a callback body (with Source in its EventInfo or next to it), or the flat line that
 * trtc-hook prints. 1: *out is an event of a room or of media; 0: it is another event, or a changed
 * role; -1: TRTC_EX_DATAERR. */
int trtc_room_event_parse(const char *text, size_t n, struct trtc_room_line *out,
                          struct trtc_err *err);

#endif
