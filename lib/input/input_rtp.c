/* SPDX-License-Identifier: MIT */
/* Orders the datagrams of a transport stream that comes over RTP (RFC 3550, RFC 2250). They keep
 * their headers, whose numbers show the demultiplexer what is missing. */
#include <stdlib.h>
#include <string.h>

#include "input/input_priv.h"
#include "ts/ts.h"

enum {
    HEADER = 12,
    TRANSPORT_STREAM = 33, /* the payload type */
    BYE = 203,             /* the types of RTCP packets that share a port with RTP */
    RTCP_FIRST = 192,
    RTCP_LAST = 223
};

/* Whether one of the packets in a datagram of RTCP says that the sender ends. */
static bool says_bye(const uint8_t *p, size_t n)
{
    for (size_t at = 0; at + 4 <= n; at += 4 * (1 + ((size_t)p[at + 2] << 8 | p[at + 3])))
        if (p[at + 1] == BYE)
            return true;
    return false;
}

/* Returns the place of a datagram in the order of all. */
static int64_t place_of(struct trtc_input_rtp *r, const uint8_t *p)
{
    const int ahead = r->newest > 0 ? trtc_ts_rtp_ahead(p, r->newest_header) : 1;
    const int64_t place = r->newest + (ahead != TRTC_TS_RTP_ANEW ? ahead : 1);

    if (place > r->newest) {
        r->newest = place;
        memcpy(r->newest_header, p, sizeof r->newest_header);
    }
    return place;
}

static int hold(struct trtc_input_rtp *r, const uint8_t *p, size_t n)
{
    const int64_t place = place_of(r, p);
    unsigned i = r->nb;

    if (place <= r->given)
        return 0; /* a repetition, or so late that it counts as missing */
    while (i > 0 && r->held[i - 1].place > place)
        i--;
    if (i > 0 && r->held[i - 1].place == place)
        return 0;
    uint8_t *copy = malloc(n);
    if (!copy)
        return -1;
    memcpy(copy, p, n);
    memmove(r->held + i + 1, r->held + i, (r->nb - i) * sizeof *r->held);
    r->held[i] = (struct trtc_input_datagram){ copy, n, place };
    r->nb++;
    return 0;
}

int trtc_input_rtp_put(struct trtc_input_rtp *r, const uint8_t *p, size_t n)
{
    if (n > 4 && p[1] >= RTCP_FIRST && p[1] <= RTCP_LAST) {
        r->bye |= says_bye(p, n);
        return 0;
    }
    if (n > HEADER && p[0] & 0x20 && p[n - 1] < n - HEADER)
        n -= p[n - 1]; /* padding */
    if (n > HEADER && (p[0] & 0xc0) == 0x80 && (p[1] & 0x7f) == TRANSPORT_STREAM)
        return hold(r, p, n);
    r->other |= r->newest == 0;
    return 0;
}

bool trtc_input_rtp_next(struct trtc_input_rtp *r, bool all)
{
    if (r->nb == 0 ||
        !(all || r->nb == TRTC_INPUT_RTP_HELD || r->given == 0 || r->held[0].place == r->given + 1))
        return false;
    free(r->current.p);
    r->current = r->held[0];
    r->at = 0;
    r->given = r->current.place;
    memmove(r->held, r->held + 1, --r->nb * sizeof *r->held);
    return true;
}

void trtc_input_rtp_fini(struct trtc_input_rtp *r)
{
    while (trtc_input_rtp_next(r, true))
        ;
    free(r->current.p);
    r->current.p = NULL;
}
