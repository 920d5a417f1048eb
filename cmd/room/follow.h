/* SPDX-License-Identifier: MIT */
/* Those who follow the events, and the page that says who is there. */
#ifndef TRTC_CMD_ROOM_FOLLOW_H
#define TRTC_CMD_ROOM_FOLLOW_H

#include "house.h"

enum { BEAT_MS = 10000 }; /* an empty line so often, where nothing happens */

/* GET /events: what is so now, an empty line, then what happens. */
void follow_request(struct house *h, struct trtc_request *r);
int64_t follower_more(struct follower *f, char *out, size_t n);
void follower_gone(struct house *h, struct follower *f);

/* Tells them an event. */
void followers_tell(struct house *h, const struct trtc_room_event *e);
void followers_beat(struct house *h);

/* No more will happen. */
void followers_end(struct house *h);

/* Whether somebody follows this room, and it alone. */
bool is_followed(const struct house *h, const char *room);

/* GET / and GET /ROOM: JSON of who is there. */
void page_request(struct house *h, struct trtc_request *r, const char *room);

#endif
