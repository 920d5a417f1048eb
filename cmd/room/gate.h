/* SPDX-License-Identifier: MIT */
/* Decides who is let in: by the host name that was used, the page that makes the request, and its
 * UserSig. */
#ifndef TRTC_CMD_ROOM_GATE_H
#define TRTC_CMD_ROOM_GATE_H

#include "house.h"

/* --readers: who may read without a UserSig if there is a key file. */
enum { READERS_LOCAL, READERS_SIGNED, READERS_ALL };
extern const char *const gate_readers[];

/* False: a browser may have been tricked into the request by a page without permission. For a page
 * with permission, adds the header fields to the answer. */
bool gate_lets_in(const struct house *h, struct trtc_request *r);

/* By UserSig if there is a key file: as that user; as any user; as the administrator, who dissolves
 * rooms. */
bool gate_lets_publish(const struct house *h, const struct trtc_request *r, const char *user);
bool gate_lets_read(const struct house *h, const struct trtc_request *r);
bool gate_lets_rule(const struct house *h, const struct trtc_request *r);

#endif
