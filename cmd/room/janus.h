/* SPDX-License-Identifier: MIT */
/* A conversation with Janus's videoroom over its HTTP API. */
#ifndef TRTC_CMD_ROOM_JANUS_H
#define TRTC_CMD_ROOM_JANUS_H

#include "api/janus.h"
#include "net/secret.h"

struct cJSON;
struct trtc_http;

struct janus {
    const char *url; /* "http://127.0.0.1:8088/janus" */
    struct trtc_http *http;
    struct trtc_janus_keys keys;
    struct trtc_secret file; /* what they stand in */
    char session[32], handle[32];
};

/* keys_file: lines of NAME VALUE (apisecret, secret, admin_key, pin), or NULL. */
int janus_init(struct janus *j, const char *url, const char *keys_file, struct trtc_err *err);
void janus_fini(struct janus *j);

/* A session, where there is none. */
int janus_open(struct janus *j, struct trtc_err *err);

/* The rooms with somebody in them; who publishes in one. Each is appended. */
int janus_rooms(struct janus *j, struct trtc_janus_list *out, struct trtc_err *err);
int janus_publishers(struct janus *j, const struct trtc_janus_id *room, struct trtc_janus_list *out,
                     struct trtc_err *err);

/* What a publisher sends, which only those in the room learn: we look in, and leave. */
int janus_look(struct janus *j, const struct trtc_janus_id *room,
               const struct trtc_janus_id *publisher, struct trtc_janus_feed *out,
               struct trtc_err *err);

/* Has it sent to the feed's ports; no more. */
int janus_forward(struct janus *j, const struct trtc_janus_id *room,
                  const struct trtc_janus_id *publisher, struct trtc_janus_feed *feed,
                  struct trtc_err *err);
void janus_stop(struct janus *j, const struct trtc_janus_id *room,
                const struct trtc_janus_id *publisher, struct trtc_janus_feed *feed);

#endif
