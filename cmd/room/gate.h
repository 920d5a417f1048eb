/* SPDX-License-Identifier: MIT */
/* Who is let in: by the name that was used, the page that asks, and the UserSig that is shown. */
#ifndef TRTC_CMD_ROOM_GATE_H
#define TRTC_CMD_ROOM_GATE_H

#include "house.h"

/* --readers: who reads without a UserSig where there is a key file. */
enum { READERS_LOCAL, READERS_SIGNED, READERS_ALL };
extern const char *const gate_readers[];

/* False: a browser may have been made to ask by a page that may not. Puts the header fields for one that may into the
 * answer. */
bool gate_lets_in(const struct house *h, struct trtc_request *r);

/* By UserSig, where there is a key file: as that user; as any; as the administrator, who dissolves rooms. */
bool gate_lets_publish(const struct house *h, const struct trtc_request *r, const char *user);
bool gate_lets_read(const struct house *h, const struct trtc_request *r);
bool gate_lets_rule(const struct house *h, const struct trtc_request *r);

#endif
