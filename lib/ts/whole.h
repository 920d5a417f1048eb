/* SPDX-License-Identifier: MIT */
/* Finds the complete part of a segment that the multiplexer (tsmux.h) was writing when it was
 * killed. It writes PES packets one after the other, so only the last one can be incomplete. */
#ifndef TRTC_TS_WHOLE_H
#define TRTC_TS_WHOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialise. */
struct trtc_whole {
    int64_t bytes; /* the size of the complete part, which is at the beginning */
    int64_t at;    /* how many bytes were examined */
    bool open;     /* a PES packet has begun and may continue */
    size_t size;   /* its size so far */
    size_t length; /* the size in its header; 0: none */
    bool ended;    /* a packet was not one of our multiplexer; later ones are ignored */
};

/* Examines the next packet, of 188 bytes. */
void trtc_whole_packet(struct trtc_whole *w, const uint8_t *packet);

#endif
