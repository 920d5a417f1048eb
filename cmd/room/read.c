/* SPDX-License-Identifier: MIT */
/* The readers of streams: each has a position of its own in the stream's ring. */
#include "read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../cli.h"
#include "../clock.h"
#include "base/num.h"

enum { STUCK_MS = 30000, WAIT_MAX_S = 3600 };

struct waiter {
    enum party party; /* must be first */
    struct waiter *next;
    struct trtc_request *request;
    struct trtc_spot spot;
    int64_t until_ms;
};

/* ---- readers ---- */

static struct reader *new_reader(struct house *h, struct stream *s, struct trtc_request *r,
                                 bool oldest)
{
    struct reader *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->party = PARTY_READER;
    d->stream = s;
    d->request = r;
    d->place = oldest ? trtc_ring_oldest(s->ring, h->now_ms) : trtc_ring_newest(s->ring);
    d->taken_ms = h->now_ms;
    d->next = s->readers;
    s->readers = d;
    s->nb_readers++;
    return d;
}

void stream_read(struct house *h, struct stream *s, struct trtc_request *r, bool oldest)
{
    struct reader *d = new_reader(h, s, r, oldest);
    trtc_request_set(r, d);
    if (!d) {
        trtc_request_answer(r, 503, NULL);
        return;
    }
    /* the ring uses a monotonic clock */
    const int64_t age_ms = h->now_ms - trtc_ring_came_ms(s->ring, &d->place, h->now_ms);
    snprintf(d->came, sizeof d->came, "%" PRId64, clock_real_ms() - age_ms);
    trtc_request_field(r, "Trtc-First-Byte-Ms", d->came);
    trtc_request_send(r, "video/mp2t");
}

static void name_loss(const struct reader *d, const char *what)
{
    char name[STREAM_NAME_SIZE], peer[TRTC_PEER_SIZE];
    cli_error("%s: the reader at %s is too slow%s: %" PRId64 " packets lost in %" PRId64 " places",
              stream_name(&d->stream->spot, name), trtc_request_peer(d->request, peer), what,
              d->place.lost / TRTC_RING_PACKET, d->place.nb_gaps);
}

int64_t reader_more(struct house *h, struct reader *d, char *out, size_t n)
{
    const int64_t lost = d->place.lost;
    const size_t got = trtc_ring_get(d->stream->ring, &d->place, out, n);
    d->taken_ms = h->now_ms;
    if (!lost && d->place.lost)
        name_loss(d, "");
    if (got)
        return (int64_t)got;
    return trtc_ring_done(d->stream->ring, &d->place) ? TRTC_MORE_END : TRTC_MORE_LATER;
}

void reader_gone(struct house *h, struct reader *d)
{
    struct stream *s = d->stream;
    struct reader **at = &s->readers;
    (void)h;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    s->nb_readers--;
    s->lost_bytes += d->place.lost;
    if (d->place.lost)
        name_loss(d, ", and has disconnected");
    free(d);
}

void readers_wake(struct stream *s)
{
    for (struct reader *d = s->readers; d; d = d->next)
        trtc_request_wake(d->request);
}

void readers_tick(struct house *h, struct stream *s)
{
    for (struct reader *d = s->readers; d; d = d->next) {
        if (h->now_ms - d->taken_ms <= STUCK_MS || d->place.at >= trtc_ring_total(s->ring))
            continue;
        d->place.lost +=
            trtc_ring_first(s->ring) > d->place.at ? trtc_ring_first(s->ring) - d->place.at : 0;
        trtc_request_break(d->request, 0);
    }
}

int64_t stream_lost(const struct stream *s)
{
    int64_t lost = s->lost_bytes;
    for (const struct reader *d = s->readers; d; d = d->next)
        lost += d->place.lost;
    return lost / TRTC_RING_PACKET;
}

/* ---- requests ---- */

/* Whether a reader gets the stream from its oldest bytes: if its first byte is still there, unless
 * ?from= requests otherwise. */
static bool wants_oldest(const struct house *h, const struct stream *s,
                         const struct trtc_request *r)
{
    const char *from = trtc_request_query(r, "from");
    if (from && strcmp(from, "oldest") == 0)
        return true;
    if (from && strcmp(from, "now") == 0)
        return false;
    return trtc_ring_since(s->ring, YOUNG_MS, h->now_ms).at == 0;
}

/* ?wait=T in milliseconds; 0: absent; -1: invalid. */
static int64_t wait_of(const struct trtc_request *r)
{
    const char *text = trtc_request_query(r, "wait");
    const struct trtc_range range = { 0, WAIT_MAX_S * INT64_C(1000000) };
    int64_t us = 0;
    if (text && trtc_num_duration_us("wait", text, range, &us, NULL) < 0)
        return -1;
    return us / 1000;
}

static void wait_for(struct house *h, struct trtc_request *r, const struct trtc_spot *spot,
                     int64_t ms)
{
    struct waiter *w = calloc(1, sizeof *w);
    if (!w) {
        trtc_request_answer(r, 503, NULL);
        return;
    }
    w->party = PARTY_WAITER;
    w->request = r;
    w->spot = *spot;
    w->until_ms = h->now_ms + ms;
    w->next = h->waiters;
    h->waiters = w;
    trtc_request_set(r, w);
    trtc_request_settle(r);
}

void read_request(struct house *h, struct trtc_request *r, const struct trtc_spot *spot)
{
    struct stream *s = stream_find(h, spot);
    const int64_t ms = wait_of(r);
    if (ms < 0)
        trtc_request_answer(r, 400, NULL);
    else if (s)
        stream_read(h, s, r, wants_oldest(h, s, r));
    else if (ms == 0 || h->closing)
        trtc_request_answer(r, 404, NULL);
    else
        wait_for(h, r, spot, ms);
}

static void unlink_waiter(struct house *h, struct waiter *w)
{
    struct waiter **at = &h->waiters;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    free(w);
}

void waiter_gone(struct house *h, struct waiter *w)
{
    unlink_waiter(h, w);
}

void waiters_serve(struct house *h, struct stream *s)
{
    for (struct waiter *w = h->waiters, *next; w; w = next) {
        next = w->next;
        if (!trtc_spot_same(&w->spot, &s->spot))
            continue;
        struct trtc_request *r = w->request;
        unlink_waiter(h, w);
        stream_read(h, s, r, true);
    }
}

void waiters_tick(struct house *h)
{
    for (struct waiter *w = h->waiters, *next; w; w = next) {
        struct trtc_request *r = w->request;
        next = w->next;
        if (h->now_ms < w->until_ms && !h->closing)
            continue;
        unlink_waiter(h, w);
        trtc_request_set(r, NULL);
        trtc_request_answer(r, 404, NULL);
    }
}
