/* SPDX-License-Identifier: MIT */
/* Relays of what a watched place has: each stream is read from its Source, and published to a trtc-room under the names that
 * the events give it. */
#ifndef TRTC_CMD_ROOM_PULL_H
#define TRTC_CMD_ROOM_PULL_H

#include "watch.h"

/* Begins relays of streams that are there, again where one has ended, and ends those of streams that are there no more. Does
 * not wait. Without --relay: nothing. */
void pulls_tick(struct watch *w);

/* A room was dismissed: it is dissolved there, too, though somebody may follow it. */
void pulls_dismiss(const struct watch *w, const char *room);

/* Ends all, and waits for that. */
void pulls_end(struct watch *w);

#endif
