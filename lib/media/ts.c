/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer and framer; see ts.h, and ts_priv.h for its parts. */
#include "media/ts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "media/ts_priv.h"

#define SYNC 0x47

/* ---- input ---- */

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
        /* All that is left stands in the input too: on from there. */
        ts->in -= ts->nb_carry;
        ts->nb_carry = 0;
    }
}

/* Looks for a sync byte that others follow. Returns how many bytes to pass over; *found tells
 * whether a packet stands behind them, or more input is needed to know. */
static size_t find_sync(const struct trtc_ts *ts, const uint8_t *w, size_t n, bool *found)
{
    const int confirm = ts->ever_synced ? CONFIRM_AGAIN : CONFIRM_FIRST;
    size_t at = 0;

    *found = true;
    /* If just this one sync byte is damaged, the next packet stands where it should. */
    if (ts->ever_synced && n > 2 * PACKET && w[0] != SYNC && w[PACKET] == SYNC &&
        w[2 * PACKET] == SYNC)
        return PACKET;

    for (; at < n; at++) {
        const uint8_t *p = memchr(w + at, SYNC, n - at);
        if (!p)
            break;
        at = (size_t)(p - w);

        int seen = 0;
        while (seen < confirm && at + (size_t)(seen + 1) * PACKET < n &&
               p[(seen + 1) * PACKET] == SYNC)
            seen++;
        if (seen == confirm)
            return at;
        if (at + (size_t)(seen + 1) * PACKET < n)
            continue; /* something else stands there */
        if (!ts->ended) {
            *found = false;
            return at;
        }
        /* Input ends: what there is must do. A foreign file must not look like ours by its
         * last bytes. */
        if (at + PACKET == n || seen > 0) {
            if (ts->ever_synced || ts->pos + (int64_t)at == 0 || seen > 1)
                return at;
        }
    }
    *found = false;
    return n;
}

/* What next_packet does where a packet does not lie whole in the input. */
static const uint8_t *next_packet_slow(struct trtc_ts *ts)
{
    for (;;) {
        const size_t want = ts->synced ? PACKET : LOOK;
        const uint8_t *w = ts->in;
        size_t n = (size_t)(ts->in_end - ts->in);

        if (ts->nb_carry || n < want) {
            size_t take = ts->nb_carry < want ? want - ts->nb_carry : 0;
            if (take > n)
                take = n;
            if (take > 0) {
                memcpy(ts->carry + ts->nb_carry, ts->in, take);
                ts->nb_carry += take;
                ts->in += take;
            }
            w = ts->carry;
            n = ts->nb_carry;
            if (n == 0 || (n < want && !ts->ended))
                return NULL;
        }

        if (!ts->synced) {
            const size_t skip = find_sync(ts, w, n, &ts->synced);
            ts->stats.nb_bad += (int64_t)skip;
            ts->ever_synced |= ts->synced;
            consume(ts, w, skip);
        } else if (n < PACKET) {
            ts->stats.partial_tail = true;
            consume(ts, w, n);
        } else if (w[0] == SYNC) {
            if (w == ts->carry)
                w = memcpy(ts->packet, w, PACKET);
            ts->stats.nb_packets++;
            ts->packet_pos = ts->pos;
            consume(ts, w == ts->packet ? ts->carry : w, PACKET);
            return w;
        } else {
            ts->synced = false;
            if (ts->recent)
                ts->recent->gap =
                    true; /* bytes are missing: the packet before may hold some of another */
        }
    }
}

static inline const uint8_t *next_packet(struct trtc_ts *ts)
{
    const uint8_t *p = ts->in;

    if (!ts->synced || ts->nb_carry || ts->in_end - p < PACKET || *p != SYNC)
        return next_packet_slow(ts);
    ts->stats.nb_packets++;
    ts->packet_pos = ts->pos;
    ts->pos += PACKET;
    ts->in += PACKET;
    return p;
}

/* ---- all together ---- */

static int route(struct trtc_ts *ts, const uint8_t *p, bool again)
{
    const int pid = (p[1] & 0x1f) << 8 | p[2], code = ts->pid[pid];

    ts->nb_of_pid[pid] += !again && p[3] & 0x10;
    switch (code) {
    case PID_NONE:
        ts->recent = NULL;
        return 0;
    case PID_VIDEO:
    case PID_AUDIO:
        ts->recent = &ts->es[code == PID_VIDEO ? VIDEO : AUDIO];
        return trtc_ts_es_packet(ts, ts->recent, p, again);
    case PID_PAT:
        ts->recent = NULL;
        trtc_ts_psi_packet(ts, &ts->pat, -1, p);
        return 0;
    default:
        ts->recent = NULL;
        trtc_ts_psi_packet(ts, &ts->program[code - PID_PMT], code - PID_PMT, p);
        return 0;
    }
}

static int es_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    switch (s->info.codec) {
    case TRTC_CODEC_H264:
    case TRTC_CODEC_H265:
        return trtc_ts_annexb_frame(ts, s, f);
    case TRTC_CODEC_AAC:
        return trtc_ts_adts_frame(ts, s, f);
    default:
        return strcmp(s->info.codec_name, "opus") == 0 ? trtc_ts_opus_frame(ts, s, f)
                                                       : trtc_ts_pes_frame(ts, s, f);
    }
}

static void es_init(struct trtc_ts_es *s)
{
    *s = (struct trtc_ts_es){ .buf = s->buf, .cap = s->cap, .cc = CC_NONE, .clock_pts = NOPTS };
}

/* The PMT has named another stream. */
static void es_change(struct trtc_ts *ts, struct trtc_ts_es *s)
{
    const uint8_t code = s == &ts->es[VIDEO] ? PID_VIDEO : PID_AUDIO;
    const struct trtc_ts_stream next = s->next;
    const bool on = s->next_on;

    if (s->on && ts->pid[s->info.pid] == code)
        ts->pid[s->info.pid] = PID_NONE;
    es_init(s);
    s->info = next;
    s->on = on;
    if (!on)
        return;
    ts->pid[next.pid] = code;
    s->account = trtc_ts_account(ts, &next);
}

/* Calls the framers that have something to do; 1 as soon as one has a frame. */
static int call_framers(struct trtc_ts *ts, struct trtc_ts_frame *f)
{
    for (int k = 0; k < NB_ES; k++) {
        struct trtc_ts_es *s = &ts->es[k];

        if (s->why == WHY_NOT)
            continue;
        if (es_frame(ts, s, f))
            return 1;
        if (s->why == WHY_FINAL) {
            trtc_ts_discard(ts, s);
            s->pes = PES_NONE;
        }
        trtc_ts_compact(s);
        s->why = WHY_NOT;
        if (s->change)
            es_change(ts, s);
    }
    ts->busy = false;
    return 0;
}

struct trtc_ts *trtc_ts_new(unsigned want)
{
    struct trtc_ts *ts = calloc(1, sizeof *ts);

    if (!ts)
        return NULL;
    ts->want = want;
    trtc_ts_begin(ts);
    return ts;
}

void trtc_ts_free(struct trtc_ts **ts)
{
    if (!*ts)
        return;
    for (int k = 0; k < NB_ES; k++)
        free((*ts)->es[k].buf);
    free(*ts);
    *ts = NULL;
}

void trtc_ts_begin(struct trtc_ts *ts)
{
    ts->stats = (struct trtc_ts_stats){ 0 };
    ts->in = ts->in_begin = ts->in_end = NULL;
    ts->pos = ts->packet_pos = 0;
    ts->nb_carry = 0;
    ts->synced = ts->ever_synced = ts->ended = ts->finished = ts->busy = false;
    ts->held = NULL;
    ts->recent = NULL;
    memset(ts->pid, PID_NONE, sizeof ts->pid);
    memset(ts->nb_of_pid, 0, sizeof ts->nb_of_pid);
    ts->pid[0] = PID_PAT;
    ts->pat.cc = CC_NONE;
    ts->pat.known = false;
    trtc_psi_drop(&ts->pat.psi);
    ts->nb_programs = 0;
    ts->locked = -1;
    for (int k = 0; k < NB_ES; k++)
        es_init(&ts->es[k]);
}

void trtc_ts_feed(struct trtc_ts *ts, const uint8_t *data, size_t size)
{
    assert(ts->in == ts->in_end && !ts->ended);
    if (size == 0)
        return;
    ts->in = ts->in_begin = data;
    ts->in_end = data + size;
}

void trtc_ts_end(struct trtc_ts *ts)
{
    ts->ended = true;
}

int trtc_ts_next(struct trtc_ts *ts, struct trtc_ts_frame *frame)
{
    for (;;) {
        if (ts->busy && call_framers(ts, frame))
            return 1;

        const uint8_t *p = ts->held;
        const bool again = p;
        ts->held = NULL;
        if (!p)
            p = next_packet(ts);
        if (p) {
            if (route(ts, p, again) < 0)
                return -1;
        } else if (ts->ended && !ts->finished) {
            ts->finished = true;
            for (int k = 0; k < NB_ES; k++)
                trtc_ts_call_last(ts, &ts->es[k], ts->stats.partial_tail);
        } else {
            ts->in_begin = ts->in; /* what was fed may go away now */
            return 0;
        }
    }
}

const struct trtc_ts_stream *trtc_ts_stream(const struct trtc_ts *ts, enum trtc_ts_want kind)
{
    const struct trtc_ts_es *s = &ts->es[kind == TRTC_TS_VIDEO ? VIDEO : AUDIO];

    return s->on ? &s->info : NULL;
}
