/* SPDX-License-Identifier: MIT */
/* Relays the streams of a watched place: each is read from its Source and published to a trtc-room,
 * under the room and user of its events. */
#ifndef TRTC_CMD_ROOM_PULL_H
#define TRTC_CMD_ROOM_PULL_H

#include "watch.h"

/* Starts a relay for each stream that is present and has none, and ends the relays of the others.
 * Does not wait. Does nothing without --relay. */
void pulls_tick(struct watch *w);

/* Dissolves a room that was dismissed at the trtc-room too, even if it is followed there. */
void pulls_dismiss(const struct watch *w, const char *room);

/* Ends all relays, and waits until they have ended. */
void pulls_end(struct watch *w);

#endif
