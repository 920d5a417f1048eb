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
    struct trtc_secret file;      /* the content of the file of keys, into which keys points */
    char session[32], handle[32]; /* ids; "": none */
};

/* keys_file: a file with lines NAME VALUE (apisecret, secret, admin_key, pin), or NULL. url must
 * outlive j. All functions that take err return 0, or -1. */
int janus_init(struct janus *j, const char *url, const char *keys_file, struct trtc_err *err);
void janus_fini(struct janus *j);

/* Opens a session with the videoroom, unless one is open. */
int janus_open(struct janus *j, struct trtc_err *err);

/* Append to *out the rooms that are not empty, and the publishers of one room. */
int janus_rooms(struct janus *j, struct trtc_janus_list *out, struct trtc_err *err);
int janus_publishers(struct janus *j, const struct trtc_janus_id *room, struct trtc_janus_list *out,
                     struct trtc_err *err);

/* Finds out which streams a publisher sends. Only participants of the room are informed of that, so
 * this joins the room for a moment. */
int janus_look(struct janus *j, const struct trtc_janus_id *room,
               const struct trtc_janus_id *publisher, struct trtc_janus_feed *out,
               struct trtc_err *err);

/* Make Janus forward a publisher's streams as RTP to the ports of the feed, and stop that. */
int janus_forward(struct janus *j, const struct trtc_janus_id *room,
                  const struct trtc_janus_id *publisher, struct trtc_janus_feed *feed,
                  struct trtc_err *err);
void janus_stop(struct janus *j, const struct trtc_janus_id *room,
                const struct trtc_janus_id *publisher, struct trtc_janus_feed *feed);

#endif
