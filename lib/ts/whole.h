/* SPDX-License-Identifier: MIT */
/* How much is whole of a segment that the multiplexer (tsmux.h) was writing when it was killed: its PES packets
 * stand one behind the other, so that the last one may be torn and no other. */
#ifndef TRTC_TS_WHOLE_H
#define TRTC_TS_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct trtc_whole {
    int64_t bytes; /* so many from the beginning on are whole */
    int64_t at;    /* so many were looked at */
    bool open;     /* a PES has begun and may go on */
    size_t size;   /* of it, as far as it was seen; */
    size_t length; /* and as it says itself; 0: it does not say */
    bool ended;    /* what came is no transport stream of ours: nothing more counts */
};

/* The next packet, of 188 bytes. */
void trtc_whole_packet(struct trtc_whole *w, const uint8_t *packet);

#endif
