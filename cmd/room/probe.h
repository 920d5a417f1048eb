/* SPDX-License-Identifier: MIT */
/* Finds out how the time stamps of a publisher's streams relate, by the arrival of their RTP
 * packets. Janus forwards no sender reports. Without them a reader assumes that the first packets
 * of sound and picture were sent at the same time, although one of them may have waited for a key
 * frame. The packet that arrived earliest relative to its time stamp did not wait. */
#ifndef TRTC_CMD_ROOM_PROBE_H
#define TRTC_CMD_ROOM_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct probe {
    int fd; /* a socket that packets are forwarded to; -1: none */
    int port;
    int hz;            /* the clock of the time stamps */
    bool any;          /* a packet has arrived */
    uint32_t first_ts; /* the time stamp of the first packet */
    int64_t least_us;  /* when that arrives if it does not wait, in µs of the epoch */
};

/* Opens a socket on a free port of 127.0.0.1. hz: the clock of the time stamps. Returns 0, or -1
 * with errno. */
int probe_open(struct probe *p, int hz);
void probe_close(struct probe *p);

/* Reads all packets that have arrived. */
void probe_read(struct probe *p);

/* Takes a packet of n bytes that arrived at at_us (µs of the epoch). */
void probe_take(struct probe *p, const unsigned char *packet, int64_t n, int64_t at_us);

/* Sends the result to the RTCP port of a reader, as a sender report (RFC 3550, 6.4.1). */
void probe_report(const struct probe *p, int rtcp_port);

#endif
