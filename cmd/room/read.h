/* SPDX-License-Identifier: MIT */
/* The readers of streams, and those who wait for one. */
#ifndef TRTC_CMD_ROOM_READ_H
#define TRTC_CMD_ROOM_READ_H

#include "stream.h"

/* GET of a stream: 200 and the stream, now or within ?wait=T; else 404. */
void read_request(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

/* Those who wait for this stream get it. */
void waiters_serve(struct house *h, struct stream *s);
void waiters_tick(struct house *h);
void waiter_gone(struct house *h, struct waiter *w);

/* Ends readers that take nothing any more. */
void readers_tick(struct house *h, struct stream *s);

#endif
