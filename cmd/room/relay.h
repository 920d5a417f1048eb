/* SPDX-License-Identifier: MIT */
/* A process (ffmpeg) that receives a stream, as RTP or from an address, and publishes it to a
 * trtc-room as MPEG-TS. */
#ifndef TRTC_CMD_ROOM_RELAY_H
#define TRTC_CMD_ROOM_RELAY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Starts a relay that receives RTP as sdp describes it, and publishes to the URL to. Returns its
 * pid, or -1. */
pid_t relay_start(const char *sdp, const char *to, struct trtc_err *err);

/* Starts a relay that reads from an address of the network. */
pid_t relay_pull(const char *from, const char *to, struct trtc_err *err);

/* Whether the relay runs. Once it has ended, it is reaped, *pid becomes 0, and *status (unless
 * NULL) its status of wait(2). */
bool relay_runs(pid_t *pid, int *status);

/* Sends RTCP BYE to a relay: one of its streams is over. When all are, it ends regularly. */
void relay_bye(int rtcp_port);

/* Waits for the end of a relay, and kills it if that takes too long. Sets *pid to 0. */
void relay_end(pid_t *pid);

/* Whether that process has bound this UDP port. */
bool relay_listens(pid_t pid, int port);

/* Finds n consecutive free UDP ports on 127.0.0.1; returns the first, which is even, or 0: there
 * are none. *turn, 0 at first, makes sure that another call returns other ports, although the first
 * ones are not bound yet. */
int relay_ports(int n, int *turn);

#endif
