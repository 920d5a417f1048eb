/* SPDX-License-Identifier: MIT */
/* The HTTP API of Janus's videoroom, as far as a recorder needs it: which rooms there are, who publishes in them, and that
 * a publisher's streams be forwarded as RTP. JSON only; sends nothing. */
#ifndef TRTC_API_JANUS_H
#define TRTC_API_JANUS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct cJSON;

/* What the server or a room may be protected with; NULL: it is not. Borrowed. */
struct trtc_janus_keys {
    const char *api_secret, *secret, *admin_key, *pin;
};

/* An id is a number, or a text where the server is configured so. */
enum { TRTC_JANUS_ID_MAX = 128 };
struct trtc_janus_id {
    char text[TRTC_JANUS_ID_MAX + 1];
    bool is_number;
};

struct trtc_janus_room { /* or who publishes in one */
    struct trtc_janus_id id;
    char name[TRTC_JANUS_ID_MAX + 1]; /* of a publisher, "" where it has none */
};

/* Freed by trtc_janus_list_fini. */
struct trtc_janus_list {
    struct trtc_janus_room *items;
    size_t n, cap;
};

struct trtc_janus_stream {
    char mid[32];
    char codec[16]; /* "opus", "h264", ... */
    bool video;
    int port;      /* where it is forwarded to; 0: nowhere */
    char sent[32]; /* by which the forwarding is known; "" */
};

enum { TRTC_JANUS_STREAMS = 8 };
struct trtc_janus_feed {
    struct trtc_janus_stream items[TRTC_JANUS_STREAMS];
    size_t n;
};

/* Payload types of what is forwarded. */
enum { TRTC_JANUS_AUDIO_PT = 111, TRTC_JANUS_VIDEO_PT = 108 };

void trtc_janus_list_fini(struct trtc_janus_list *l);
bool trtc_janus_same_id(const struct trtc_janus_id *a, const struct trtc_janus_id *b);

/* ---- requests: the caller's to cJSON_Delete; NULL: no memory ---- */

/* "create", "attach" (to the videoroom), "detach", "destroy". */
struct cJSON *trtc_janus_request(const struct trtc_janus_keys *k, const char *what);

/* To the videoroom: "list"; "listparticipants", "join" of a room (NULL: none). */
struct cJSON *trtc_janus_message(const struct trtc_janus_keys *k, const char *request,
                                 const struct trtc_janus_id *room);

/* Forwards those streams that have a port to that one of 127.0.0.1. */
struct cJSON *trtc_janus_forward(const struct trtc_janus_keys *k, const struct trtc_janus_id *room,
                                 const struct trtc_janus_id *publisher,
                                 const struct trtc_janus_feed *feed);

/* Ends one forwarding. */
struct cJSON *trtc_janus_stop(const struct trtc_janus_keys *k, const struct trtc_janus_id *room,
                              const struct trtc_janus_id *publisher, const char *sent);

/* ---- answers ---- */

/* Which forwardings were begun, by their ports. */
void trtc_janus_forwarded(const struct cJSON *data, struct trtc_janus_feed *feed);

/* The id of what was created or attached, as text for a path. */
int trtc_janus_created(const struct cJSON *answer, char out[32], struct trtc_err *err);

/* What the videoroom says, in answer; NULL: an error, or none of its answers. TRTC_EX_NOPERM (a secret is wrong or wanted),
 * TRTC_EX_TEMPFAIL (a session that is no more), TRTC_EX_UNAVAILABLE. */
const struct cJSON *trtc_janus_data(const struct cJSON *answer, struct trtc_err *err);

/* Rooms of "list", publishers of "listparticipants", appended. -1: no memory. */
int trtc_janus_rooms(const struct cJSON *data, struct trtc_janus_list *out, struct trtc_err *err);
int trtc_janus_publishers(const struct cJSON *data, struct trtc_janus_list *out,
                          struct trtc_err *err);

/* Whether data is what "join" comes to; then the streams of one publisher, none where it is not there any more. */
bool trtc_janus_joined(const struct cJSON *data, const struct trtc_janus_id *publisher,
                       struct trtc_janus_feed *out);

/* Writes the SDP of those streams that have a port. False where it does not fit. */
bool trtc_janus_sdp(const struct trtc_janus_feed *feed, char *out, size_t size);

#endif
