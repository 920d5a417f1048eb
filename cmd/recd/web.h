/* SPDX-License-Identifier: MIT */
/* What the page asks for: on loopback, from the page itself and from nothing else. */
#ifndef TRTC_CMD_RECD_WEB_H
#define TRTC_CMD_RECD_WEB_H

#include "recd.h"

/* Answers what is not POST /. */
void web_request(struct recd *r, struct trtc_request *q);

/* Whether a browser may have been made to send this by another page; such a request is refused. */
bool web_is_foreign(const struct trtc_request *q);

/* Those who follow the events. web_tick: they get what is new; the rest are trtc_server_calls. */
void web_tick(struct recd *r);
int64_t web_more(void *arg, struct trtc_request *q, char *out, size_t n);
void web_gone(void *arg, struct trtc_request *q, bool whole);
void web_end(struct recd *r);

/* What they are told besides: a delivery (tries of a callback, error NULL where it was taken), a loss. */
void web_delivery(struct recd *r, const struct trtc_out_row *o);
void web_loss(struct recd *r, const char *task, const char *user, const char *text);

#endif
