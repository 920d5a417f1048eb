/* SPDX-License-Identifier: MIT */
/* A process that takes a stream, as RTP by an SDP or from an address, and publishes it to a server of rooms as MPEG-TS. */
#ifndef TRTC_CMD_ROOM_RELAY_H
#define TRTC_CMD_ROOM_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Starts it. Its process, or -1. */
pid_t relay_start(const char *sdp, const char *to, struct trtc_err *err);

/* The same with what is at an address of the network. */
pid_t relay_pull(const char *from, const char *to, struct trtc_err *err);

/* Whether it goes on. Once it does not, *pid is 0, and *status (where status is not NULL) what wait(2) says of it. */
bool relay_runs(pid_t *pid, int *status);

/* Tells a reader of RTP that one of its streams is over (RTCP BYE); when all are, it ends as at the end of a file. */
void relay_bye(int rtcp_port);

/* Waits for its end, or ends it. *pid is 0 then. */
void relay_end(pid_t *pid);

/* Whether that process has bound this port of UDP. */
bool relay_listens(pid_t pid, int port);

/* n ports of UDP on 127.0.0.1, the first of which is even and free, and those behind it. Who asks again gets others, though
 * the first ones are not bound yet: *turn counts (0 at first). 0: there are none. */
int relay_ports(int n, int *turn);

#endif
