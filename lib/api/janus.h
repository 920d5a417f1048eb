/* SPDX-License-Identifier: MIT */
/* The part of the HTTP API of Janus's videoroom that a recorder needs: lists rooms and publishers,
 * and has a publisher's streams forwarded as RTP. Makes and reads JSON only; sends nothing. */
#ifndef TRTC_API_JANUS_H
#define TRTC_API_JANUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cJSON;

/* The secrets of the server and its rooms; NULL: not set. Borrowed. */
struct trtc_janus_keys {
    const char *api_secret, *secret, *admin_key, *pin;
};

/* The id of a room or publisher: a number, or a text if the server is configured so. */
enum { TRTC_JANUS_ID_MAX = 128 };
struct trtc_janus_id {
    char text[TRTC_JANUS_ID_MAX + 1];
    bool is_number;
};

struct trtc_janus_room { /* a room, or a publisher in one */
    struct trtc_janus_id id;
    char name[TRTC_JANUS_ID_MAX + 1]; /* the display name of a publisher; "": it has none */
};

/* Free with trtc_janus_list_fini. */
struct trtc_janus_list {
    struct trtc_janus_room *items;
    size_t n, cap;
};

struct trtc_janus_stream {
    char mid[32];
    char codec[16]; /* "opus", "h264", ... */
    bool video;
    int port;      /* to which it is forwarded; 0: it is not */
    char sent[32]; /* the id of the forwarding (stream_id), or "" */
};

enum { TRTC_JANUS_STREAMS = 8 };
struct trtc_janus_feed {
    struct trtc_janus_stream items[TRTC_JANUS_STREAMS];
    size_t n;
};

/* Payload types of forwarded RTP. */
enum { TRTC_JANUS_AUDIO_PT = 111, TRTC_JANUS_VIDEO_PT = 108 };

void trtc_janus_list_fini(struct trtc_janus_list *l);
bool trtc_janus_same_id(const struct trtc_janus_id *a, const struct trtc_janus_id *b);

/* ---- requests: the caller frees them with cJSON_Delete; NULL: no memory ---- */

/* what: "create", "attach" (to the videoroom), "detach" or "destroy". */
struct cJSON *trtc_janus_request(const struct trtc_janus_keys *k, const char *what);

/* A message to the videoroom. request: "list" (room NULL), "listparticipants" or "join". */
struct cJSON *trtc_janus_message(const struct trtc_janus_keys *k, const char *request,
                                 const struct trtc_janus_id *room);

/* Requests that each stream with a port is forwarded to that port of 127.0.0.1. */
struct cJSON *trtc_janus_forward(const struct trtc_janus_keys *k, const struct trtc_janus_id *room,
                                 const struct trtc_janus_id *publisher,
                                 const struct trtc_janus_feed *feed);

/* Requests the end of one forwarding. */
struct cJSON *trtc_janus_stop(const struct trtc_janus_keys *k, const struct trtc_janus_id *room,
                              const struct trtc_janus_id *publisher, const char *sent);

/* ---- answers ---- */

/* Sets the ids of the forwardings that have begun, which it recognises by their ports. */
void trtc_janus_forwarded(const struct cJSON *data, struct trtc_janus_feed *feed);

/* Writes the id of what was created or attached, as text for a path. Returns 0, or -1. */
int trtc_janus_created(const struct cJSON *answer, char out[32], struct trtc_err *err);

/* Returns the videoroom's own data, within answer. NULL: it is an error, or not an answer of the
 * videoroom: TRTC_EX_NOPERM (a secret is wrong or missing), TRTC_EX_TEMPFAIL (the session has
 * ended), TRTC_EX_DATAERR (no such answer), TRTC_EX_UNAVAILABLE (another error). */
const struct cJSON *trtc_janus_data(const struct cJSON *answer, struct trtc_err *err);

/* Append the rooms of "list", or the publishers of "listparticipants". Return 0, or -1: no
 * memory. */
int trtc_janus_rooms(const struct cJSON *data, struct trtc_janus_list *out, struct trtc_err *err);
int trtc_janus_publishers(const struct cJSON *data, struct trtc_janus_list *out,
                          struct trtc_err *err);

/* Whether data is the answer to "join"; if so, *out gets the streams of one publisher: none if it
 * has left. */
bool trtc_janus_joined(const struct cJSON *data, const struct trtc_janus_id *publisher,
                       struct trtc_janus_feed *out);

/* Writes the SDP of the streams that have a port. Returns false if it does not fit. */
bool trtc_janus_sdp(const struct trtc_janus_feed *feed, char *out, size_t size);

#endif
