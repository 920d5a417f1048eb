/* SPDX-License-Identifier: MIT */
/* Rooms: when they end. */
#ifndef TRTC_CMD_ROOM_ROOMS_H
#define TRTC_CMD_ROOM_ROOMS_H

#include "house.h"
#include "serve/spot.h"

/* Dismisses rooms in which nobody has been for a while, and those that are too many. */
void rooms_tick(struct house *h);
void rooms_forget(struct house *h);

/* DELETE /ROOM: all are put out and the room is dismissed, whoever follows it. DELETE /ROOM/USER: that user is put out. */
void rooms_delete(struct house *h, struct trtc_request *r, const struct trtc_spot *spot);

#endif
