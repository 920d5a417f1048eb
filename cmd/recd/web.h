/* SPDX-License-Identifier: MIT */
/* The page, and what it requests. Both are served on loopback only, to the page itself and to no
 * other page. */
#ifndef TRTC_CMD_RECD_WEB_H
#define TRTC_CMD_RECD_WEB_H

#include "recd.h"

/* Answers a request that is not one to the API. */
void web_request(struct recd *r, struct trtc_request *q);

/* Whether another page may have made the browser send this request; it is refused then. */
bool web_is_foreign(const struct trtc_request *q);

/* Passes new events to the readers that follow them. */
void web_tick(struct recd *r);
/* The more and gone of trtc_server_calls. */
int64_t web_more(void *arg, struct trtc_request *q, char *out, size_t n);
void web_gone(void *arg, struct trtc_request *q, bool whole);
/* Ends the streams of events when the service ends. */
void web_end(struct recd *r);

/* Pass to the readers the result of an attempt to send a callback (o->error NULL: it was accepted),
 * and a loss. */
void web_delivery(struct recd *r, const struct trtc_out_row *o);
void web_loss(struct recd *r, const char *task, const char *user, const char *text);

#endif
