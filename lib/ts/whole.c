/* SPDX-License-Identifier: MIT */
/* How much of a segment is whole; see whole.h. */
#include "ts/whole.h"

#include "ts/ts.h"

enum { PES_FIXED = 6, SYNC = 0x47 };

/* A packet with payload that begins with a PES. */
static bool begins_pes(const uint8_t *packet, const uint8_t *payload, size_t n)
{
    return packet[1] & 0x40 && n >= PES_FIXED && payload[0] == 0 && payload[1] == 0 &&
           payload[2] == 1;
}

/* Whether the PES ends with this packet: it has its length, or was stuffed to fill the packet. */
static bool ends(const struct trtc_whole *w, const uint8_t *packet, bool first)
{
    if (w->length)
        return w->size >= PES_FIXED + w->length;
    return !first && packet[3] & 0x20;
}

void trtc_whole_packet(struct trtc_whole *w, const uint8_t *packet)
{
    const uint8_t *const end = packet + TRTC_TS_PACKET;
    const uint8_t *payload = packet + 4;

    if (packet[3] & 0x20)
        payload += 1 + payload[0];
    w->ended |= packet[0] != SYNC || payload > end;
    if (w->ended)
        return;

    const size_t n = packet[3] & 0x10 ? (size_t)(end - payload) : 0;
    const bool first = n > 0 && begins_pes(packet, payload, n);
    if (w->open && (first || n == 0 || packet[1] & 0x40)) { /* something else: it was whole */
        w->bytes = w->at;
        w->open = false;
    }
    w->at += TRTC_TS_PACKET;
    if (first) {
        w->open = true;
        w->size = 0;
        w->length = (size_t)payload[4] << 8 | payload[5];
    }
    w->size += n;
    if (w->open && ends(w, packet, first))
        w->open = false;
    if (!w->open)
        w->bytes = w->at;
}
