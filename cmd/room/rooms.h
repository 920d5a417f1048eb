/* SPDX-License-Identifier: MIT */
/* Rooms, and when they end. */
#ifndef TRTC_CMD_ROOM_ROOMS_H
#define TRTC_CMD_ROOM_ROOMS_H

#include "house.h"
#include "serve/spot.h"

/* Dismisses rooms that have been empty for a while, and those beyond the limit. */
void rooms_tick(struct house *h);
void rooms_forget(struct house *h);

/* DELETE /ROOM: removes all users and dismisses the room, even if it is followed. DELETE
 * /ROOM/USER: removes that user. */
void rooms_delete(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

#endif
