/* SPDX-License-Identifier: MIT */
/* When a publisher's streams were sent, as far as RTP alone shows it. Janus forwards no sender reports, and a reader would
 * take the first packets of sound and picture for simultaneous, though one of them may have waited for a key frame in
 * front of it. The packet that was quickest within a while is the one that did not wait. */
#ifndef TRTC_CMD_ROOM_PROBE_H
#define TRTC_CMD_ROOM_PROBE_H

#include <stdbool.h>
#include <stdint.h>

struct probe {
    int fd; /* a socket that packets are forwarded to; -1: none */
    int port;
    int hz; /* of the time stamps */
    bool any;
    uint32_t first_ts;
    int64_t
        least_us; /* when a packet with that time stamp would have come without waiting, since the epoch */
};

/* Opens it on a free port of 127.0.0.1. 0, or -1 with errno. */
int probe_open(struct probe *p, int hz);
void probe_close(struct probe *p);

/* Takes what has come. */
void probe_read(struct probe *p);

/* A packet, and when it came. */
void probe_take(struct probe *p, const unsigned char *packet, int64_t n, int64_t at_us);

/* Tells a reader of RTP by a sender report to its port what was learnt. */
void probe_report(const struct probe *p, int rtcp_port);

#endif
