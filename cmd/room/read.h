/* SPDX-License-Identifier: MIT */
/* The readers of streams, and those who wait for a stream. */
#ifndef TRTC_CMD_ROOM_READ_H
#define TRTC_CMD_ROOM_READ_H

#include "stream.h"

/* GET of a stream: 200 and the stream, now or within ?wait=T; otherwise 404. */
void read_request(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

/* Gives the stream to those who wait for it. */
void waiters_serve(struct house *h, struct stream *s);
void waiters_tick(struct house *h);
void waiter_gone(struct house *h, struct waiter *w);

/* Ends readers that no longer read. */
void readers_tick(struct house *h, struct stream *s);

#endif
