/* SPDX-License-Identifier: MIT */
/* Publishers: one body that lasts as long as the stream (PUT, or POST), or numbered POSTs. */
#ifndef TRTC_CMD_ROOM_PUBLISH_H
#define TRTC_CMD_ROOM_PUBLISH_H

#include "stream.h"

/* Before the body: 0, or the status that refuses the publisher. */
int publish_head(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

/* A piece of one body, its end, and the end of its connection. */
enum trtc_piece publish_piece(struct house *h, struct trtc_request *r, const char *data, size_t n);
void publish_end(struct house *h, struct trtc_request *r);
void publish_gone(struct house *h, struct stream *s, bool whole);

/* Its converter has given all it had; failed: it has not done what it should. */
void publish_converted(struct house *h, struct stream *s, bool failed);

/* A numbered POST that has come. */
void publish_numbered(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

/* Gives up numbers that do not come. */
void numbered_tick(struct house *h, struct stream *s);

#endif
