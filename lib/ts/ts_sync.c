/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: finds packets in the bytes, whatever is before them, between them or
 * around each. */
#include <string.h>

#include "ts/ts_priv.h"

/* From one sync byte to the next: plain packets; with 4 bytes of arrival time before each
 * (M2TS: Blu-ray, AVCHD); with 16 or 20 bytes of Reed-Solomon parity after each (DVB, ATSC). */
static const size_t strides[] = { 188, 192, 204, STRIDE_MAX };

/* RFC 3550, A.1: a sender whose numbers are lower by more has begun anew. */
enum { RTP_LATE = 100 };

static size_t lead_of(size_t stride)
{
    return stride == 192 ? 4 : 0;
}

size_t trtc_ts_rtp_header(const uint8_t *p, size_t n)
{
    if (n < 12 || (p[0] & 0xc0) != 0x80 || (p[1] & 0x7f) != 33)
        return 0;
    size_t length = 12 + 4 * (size_t)(p[0] & 15);
    if (p[0] & 0x10) {
        if (length + 4 > n)
            return 0;
        length += 4 + 4 * ((size_t)p[length + 2] << 8 | p[length + 3]);
    }
    return length < n && p[length] == SYNC ? length : 0;
}

/* Takes k bytes off w, which is the carry or the input. */
static void consume(struct trtc_ts *ts, const uint8_t *w, size_t k)
{
    ts->pos += (int64_t)k;
    if (w != ts->carry) {
        ts->in += k;
        return;
    }
    ts->nb_carry -= k;
    memmove(ts->carry, ts->carry + k, ts->nb_carry);
    if (ts->nb_carry > 0 && ts->nb_carry <= (size_t)(ts->in - ts->in_begin)) {
        /* the rest of the carry is in the input as well, so it continues there */
        ts->in -= ts->nb_carry;
        ts->nb_carry = 0;
    }
}

/* Whether packets follow a sync byte, of which n bytes are available. Returns 1, 0, or -1: more
 * input is needed. at: its offset in the segment. */
static int packets_follow(const struct trtc_ts *ts, const uint8_t *p, size_t n, size_t stride,
                          int64_t at)
{
    const bool known = ts->ever_synced && stride == ts->stride;
    const int confirm = known ? CONFIRM_AGAIN : CONFIRM_FIRST;
    int seen = 0;
    size_t next = stride;

    for (; seen < confirm && next < n; next += stride, seen++) {
        if (p[next] != SYNC && stride == PACKET)
            next += trtc_ts_rtp_header(p + next, n - next);
        if (p[next] != SYNC)
            break;
    }
    if (seen == confirm)
        return 1;
    const bool over = ts->ended || ts->paused;
    if (next < n && (!over || n - next >= PACKET))
        return 0; /* not a sync byte */
    if (!over)
        return -1;
    if (ts->paused && known && n < PACKET)
        return 1; /* as far as can be seen */

    /* At the end of input fewer sync bytes must do, but the last bytes of a foreign file must
     * not look like a stream. */
    const bool first = at == (int64_t)lead_of(stride);
    const bool alone = n + lead_of(stride) == stride || (known && n == PACKET);
    return (alone || seen > 0) && (known || first || seen > 1);
}

/* Looks for a sync byte that is followed by others. Returns how many bytes to skip; *found: a
 * packet follows them, otherwise more input is needed. */
static size_t find_sync(struct trtc_ts *ts, const uint8_t *w, size_t n, bool *found)
{
    const size_t nb = sizeof strides / sizeof *strides;

    /* if only this sync byte is damaged, the next packet is in its place */
    *found = true;
    if (ts->ever_synced && n > 2 * ts->stride && w[0] != SYNC && w[ts->stride] == SYNC &&
        w[2 * ts->stride] == SYNC)
        return ts->stride;

    *found = false;
    for (size_t at = 0; at < n; at++) {
        const uint8_t *p = memchr(w + at, SYNC, n - at);
        bool open = false;

        if (!p)
            break;
        at = (size_t)(p - w);
        for (size_t i = 0; i < nb; i++) {
            const int r = packets_follow(ts, p, n - at, strides[i], ts->pos + (int64_t)at);
            if (r > 0) {
                ts->stride = strides[i];
                ts->stats.packet_bytes = (int)strides[i];
                *found = true;
                return at;
            }
            open |= r < 0;
        }
        if (open)
            return at;
    }
    return n;
}

/* Judges the bytes before the first packet: they are not part of the stream, unless their length is
 * that of complete packets, which were overwritten then. */
static void settle_front(struct trtc_ts *ts)
{
    const int64_t lead = ts->synced ? (int64_t)lead_of(ts->stride) : 0;
    const int64_t front = ts->front > lead ? ts->front - lead : 0;

    if (ts->synced)
        ts->stats.first_at = ts->front;
    ts->front = 0;
    ts->fresh = false;
    if (ts->synced && front % (int64_t)ts->stride)
        ts->stats.nb_front = front;
    else
        ts->stats.nb_bad += front;
}

static void synchronize(struct trtc_ts *ts, const uint8_t *w, size_t n)
{
    const size_t skip = find_sync(ts, w, n, &ts->synced);

    if (ts->fresh)
        ts->front += (int64_t)skip;
    else
        ts->stats.nb_bad += (int64_t)skip;
    ts->ever_synced |= ts->synced;
    consume(ts, w, skip);
    if (ts->fresh && (ts->synced || ((ts->ended || ts->paused) && skip == n)))
        settle_front(ts);
}

/* Completes a packet that began in the segment before. If both parts do not make a packet,
 * the first one is dropped. */
static void join(struct trtc_ts *ts, const uint8_t *w, size_t n)
{
    const size_t stride = ts->stride;
    const bool fits =
        (n <= stride || w[stride] == SYNC) && (n <= 2 * stride || w[2 * stride] == SYNC);

    if (!fits) {
        ts->stats.nb_bad += (int64_t)ts->seam;
        consume(ts, w, ts->seam);
        ts->synced = false;
    }
    ts->seam = 0;
}

/* Skips the bytes after a packet, unless the next one follows at once. */
static void pass_over(struct trtc_ts *ts, const uint8_t *w, size_t n)
{
    const size_t k = ts->owed < n ? ts->owed : n;

    if (w[0] == SYNC && k < n && w[k] != SYNC) {
        ts->owed = 0;
        return;
    }
    ts->owed -= k;
    consume(ts, w, k);
}

/* Supplies the bytes to be examined, in the input, or in the carry if they are spread over both.
 * Returns false: more input is needed. */
static bool window(struct trtc_ts *ts, const uint8_t **w, size_t *n)
{
    const size_t want = ts->owed ? ts->owed + 1 : ts->synced && !ts->seam ? PACKET : LOOK;
    const size_t given = (size_t)(ts->in_end - ts->in);

    *w = ts->in;
    *n = given;
    if (!ts->nb_carry && given >= want)
        return true;

    size_t take = ts->nb_carry < want ? want - ts->nb_carry : 0;
    if (take > given)
        take = given;
    if (take > 0) {
        memcpy(ts->carry + ts->nb_carry, ts->in, take);
        ts->nb_carry += take;
        ts->in += take;
    }
    *w = ts->carry;
    *n = ts->nb_carry;
    return *n > 0 && (*n >= want || ts->ended || ts->paused);
}

int trtc_ts_rtp_ahead(const uint8_t *header, const uint8_t *before)
{
    const int ahead = (int16_t)((header[2] << 8 | header[3]) - (before[2] << 8 | before[3]));
    const bool same = memcmp(header + 8, before + 8, 4) == 0;

    return same && ahead >= -RTP_LATE ? ahead : TRTC_TS_RTP_ANEW;
}

/* Counts the datagrams that are missing before an RTP packet. */
static void check_rtp_number(struct trtc_ts *ts, const uint8_t *header)
{
    const int ahead = ts->stats.nb_between > 0 ? trtc_ts_rtp_ahead(header, ts->rtp) : 1;

    if (ahead <= 0)
        return;
    if (ahead != TRTC_TS_RTP_ANEW)
        ts->stats.nb_rtp_missing += ahead - 1;
    memcpy(ts->rtp, header, sizeof ts->rtp);
}

const uint8_t *trtc_ts_packet(struct trtc_ts *ts)
{
    const uint8_t *w;
    size_t n;

    while (window(ts, &w, &n)) {
        if (ts->owed) {
            pass_over(ts, w, n);
        } else if (ts->seam) {
            join(ts, w, n);
        } else if (!ts->synced) {
            synchronize(ts, w, n);
        } else if (n < PACKET && w[0] != SYNC) {
            consume(ts, w, n); /* no packet: a tool has put it there */
        } else if (n < PACKET && ts->paused) {
            break; /* it may go on */
        } else if (n < PACKET) {
            ts->stats.partial_tail = true;
            consume(ts, w, n);
        } else if (w[0] == SYNC) {
            const uint8_t *p = w == ts->carry ? memcpy(ts->packet, w, PACKET) : w;
            ts->stats.nb_packets++;
            ts->packet_pos = ts->pos;
            const size_t k = w != ts->carry && n >= ts->stride ? ts->stride : PACKET;
            ts->owed = ts->stride - k;
            consume(ts, w, k);
            return p;
        } else if (ts->stride == PACKET && trtc_ts_rtp_header(w, n)) {
            const size_t k = trtc_ts_rtp_header(w, n);
            check_rtp_number(ts, w);
            ts->stats.nb_between += (int64_t)k;
            consume(ts, w, k);
        } else {
            ts->synced = false;
            if (ts->recent) /* bytes are missing: the packet before may hold bytes of another one */
                ts->recent->gap = true;
        }
    }
    if (ts->fresh && (ts->ended || ts->paused)) /* all bytes were skipped before that was known */
        settle_front(ts);
    return NULL;
}

/* Returns how many bytes there are from the last sync byte on. */
static int64_t rest_of(const struct trtc_ts_stats *st, int64_t bytes)
{
    return (bytes - st->first_at) % (st->packet_bytes ? st->packet_bytes : PACKET);
}

int64_t trtc_ts_torn_at(const struct trtc_ts_stats *st, int64_t bytes)
{
    const int64_t rest = rest_of(st, bytes);

    if (st->nb_between > 0)
        return -1; /* how many there are in all of it is not known */
    return rest > 0 && rest < PACKET ? bytes - rest : -1;
}

bool trtc_ts_joins(const struct trtc_ts_stats *st, int64_t bytes, const uint8_t *next, size_t n)
{
    const size_t stride = st->packet_bytes ? (size_t)st->packet_bytes : PACKET;
    const size_t lead = lead_of(stride), at = stride - (size_t)rest_of(st, bytes);

    return !st->nb_between && n > at + stride && next[at] == SYNC && next[at + stride] == SYNC &&
           !(next[lead] == SYNC && next[lead + stride] == SYNC);
}
