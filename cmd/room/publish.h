/* SPDX-License-Identifier: MIT */
/* Publishers: one body that lasts as long as the stream (PUT or POST), or numbered POSTs. */
#ifndef TRTC_CMD_ROOM_PUBLISH_H
#define TRTC_CMD_ROOM_PUBLISH_H

#include "stream.h"

/* Called before the body: 0, or the status that refuses the publisher. */
int publish_head(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

/* A piece of a body, its end, and the end of its connection. */
enum trtc_piece publish_piece(struct house *h, struct trtc_request *r, const char *data, size_t n);
void publish_end(struct house *h, struct trtc_request *r);
void publish_gone(struct house *h, struct stream *s, bool whole);

/* The output of its converter has ended; failed: the converter was not successful. */
void publish_converted(struct house *h, struct stream *s, bool failed);

/* A numbered POST has arrived. */
void publish_numbered(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

/* Gives up missing numbers. */
void numbered_tick(struct house *h, struct stream *s);

#endif
