/* SPDX-License-Identifier: MIT */
/* Followers of the events, and the page that shows who is present. */
#ifndef TRTC_CMD_ROOM_FOLLOW_H
#define TRTC_CMD_ROOM_FOLLOW_H

#include "house.h"

enum { BEAT_MS = 10000 }; /* an empty line is sent this often if nothing happens */

/* GET /events: the present state, an empty line, then what happens. */
void follow_request(struct house *h, struct trtc_request *r);
int64_t follower_more(struct follower *f, char *out, size_t n);
void follower_gone(struct house *h, struct follower *f);

/* Sends an event to the followers. */
void followers_tell(struct house *h, const struct trtc_room_event *e);
void followers_beat(struct house *h);

/* Ends all followers, since no more events will come. */
void followers_end(struct house *h);

/* Whether someone follows this room, and only this room. */
bool is_followed(const struct house *h, const char *room);

/* GET / and GET /ROOM: JSON that shows who is present. */
void page_request(struct house *h, struct trtc_request *r, const char *room);

#endif
