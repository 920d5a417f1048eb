/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer and framer; see ts.h, and ts_priv.h for its parts. */
#include "ts/ts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "ts/ts_priv.h"

static inline int pid_of(const uint8_t *p)
{
    return (p[1] & 0x1f) << 8 | p[2];
}

static inline void count_packet(struct trtc_ts *ts, const uint8_t *p)
{
    ts->nb_of_pid[pid_of(p)] += p[3] >> 4 & 1;
}

/* Returns the next packet that a stream may need; NULL: more input is needed. Packets of unused
 * PIDs are skipped here, at the speed of memory. */
static const uint8_t *next_packet(struct trtc_ts *ts)
{
    const size_t stride = ts->stride;
    const uint8_t *p = ts->in;

    if (ts->synced && !ts->nb_carry && !ts->owed) {
        while ((size_t)(ts->in_end - p) >= stride && *p == SYNC && ts->tabled &&
               ts->pid[pid_of(p)] == PID_NONE) {
            count_packet(ts, p);
            p += stride;
        }
        if (p != ts->in) {
            ts->stats.nb_packets += (p - ts->in) / (ptrdiff_t)stride;
            ts->pos += p - ts->in;
            ts->in = p;
            ts->recent = NULL;
        }
        if ((size_t)(ts->in_end - p) >= stride && *p == SYNC) {
            ts->stats.nb_packets++;
            ts->packet_pos = ts->pos;
            ts->pos += (int64_t)stride;
            ts->in += stride;
            count_packet(ts, p);
            return p;
        }
    }
    p = trtc_ts_packet(ts);
    if (p)
        count_packet(ts, p);
    return p;
}

/* Handles a packet of a PID that no table has named so far, or not as a wanted stream. */
static int no_name(struct trtc_ts *ts, const uint8_t *p)
{
    const int pid = pid_of(p);

    ts->recent = NULL;
    if (ts->tabled || !ts->want || !(p[3] & 0x10) || pid < 0x10 || pid == NULL_PID ||
        trtc_ts_is_other(ts, pid))
        return 0;
    if (trtc_ts_early_keep(ts, p) < 0)
        return -1;
    if (ts->nb_early >= NB_PATIENCE)
        trtc_ts_use_before(ts);
    return 0;
}

static int route(struct trtc_ts *ts, const uint8_t *p, bool again)
{
    const int code = ts->pid[pid_of(p)];

    switch (code) {
    case PID_NONE:
        return no_name(ts, p);
    case PID_VIDEO:
    case PID_AUDIO:
        ts->recent = &ts->es[code == PID_VIDEO ? TRTC_AT_VIDEO : TRTC_AT_AUDIO];
        return trtc_ts_es_packet(ts, ts->recent, p, again);
    case PID_GUESS:
        ts->recent = NULL;
        trtc_ts_guess(ts, pid_of(p), p);
        return 0;
    default:
        ts->recent = NULL;
        trtc_ts_table_packet(ts, pid_of(p), p);
        return 0;
    }
}

static int es_frame(struct trtc_ts *ts, struct trtc_ts_es *s, struct trtc_ts_frame *f)
{
    switch (s->info.codec) {
    case TRTC_CODEC_H264:
    case TRTC_CODEC_H265:
        return trtc_ts_annexb_frame(ts, s, f);
    default:
        if (s->mpeg_video)
            return trtc_ts_mpeg_frame(ts, s, f);
        if (s->parser && !s->plain)
            return trtc_ts_sound_frame(ts, s, f);
        return strcmp(s->info.codec_name, "opus") == 0 ? trtc_ts_opus_frame(ts, s, f)
                                                       : trtc_ts_pes_frame(ts, s, f);
    }
}

/* Begins another stream, or another segment of the same one: it may have its parameter sets only
 * once. goes_on: the stream goes on in another PID, maybe within a group of pictures, so what it has shown about its
 * times and headers holds. */
static void es_init(struct trtc_ts_es *s, bool goes_on)
{
    const struct trtc_ts_es old = *s;

    *s = (struct trtc_ts_es){ .buf = old.buf,
                              .cap = old.cap,
                              .cc = CC_NONE,
                              .first = CC_NONE,
                              .clock_pts = NOPTS,
                              .said_pts = NOPTS,
                              .seam = true,
                              .poc = old.poc };
    if (!goes_on) {
        trtc_poc_begin(&s->poc, old.poc.codec);
        return;
    }
    s->mpeg = old.mpeg;
    s->times = old.times;
    s->memory = old.memory;
}

/* The PMT has named another stream, or another PID for one of the same codec. */
static void es_change(struct trtc_ts *ts, struct trtc_ts_es *s)
{
    const uint8_t code = s == &ts->es[TRTC_AT_VIDEO] ? PID_VIDEO : PID_AUDIO;
    const struct trtc_ts_stream next = s->next;
    const bool on = s->next_on;
    const bool moves = s->on && on && strcmp(s->info.codec_name, next.codec_name) == 0;

    if (s->on && ts->pid[s->info.pid] == code)
        ts->pid[s->info.pid] = PID_NONE;
    trtc_ts_settle(ts, s);
    es_init(s, moves);
    s->info = s->stream = next;
    if (!moves)
        trtc_poc_begin(&s->poc, next.codec); /* parameter sets may not come at all */
    s->mpeg_video =
        strcmp(next.codec_name, "mpeg1video") == 0 || strcmp(next.codec_name, "mpeg2video") == 0;
    s->parser = next.video ? NULL : trtc_sound_parser(next.codec_name);
    s->on = on;
    if (on)
        ts->pid[next.pid] = code;
}

/* Calls the framers that have something to do; 1 as soon as one has a frame. */
static int call_framers(struct trtc_ts *ts, struct trtc_ts_frame *f)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
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
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        free((*ts)->es[k].buf);
    free((*ts)->early);
    free(*ts);
    *ts = NULL;
}

void trtc_ts_begin(struct trtc_ts *ts)
{
    ts->stats = (struct trtc_ts_stats){ 0 };
    ts->in = ts->in_begin = ts->in_end = NULL;
    ts->pos = ts->packet_pos = ts->front = ts->clock = 0;
    ts->nb_carry = ts->stride = ts->owed = ts->seam = 0;
    ts->synced = ts->ever_synced = ts->busy = false;
    ts->ended = ts->finished = ts->paused = false;
    ts->fresh = true;
    ts->held = NULL;
    ts->recent = NULL;
    trtc_ts_early_drop(ts);
    memset(ts->nb_of_pid, 0, sizeof ts->nb_of_pid);
    trtc_ts_tables_begin(ts);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        es_init(&ts->es[k], false);
}

void trtc_ts_forget(struct trtc_ts *ts)
{
    trtc_ts_begin(ts);
    memset(ts->had, 0, sizeof ts->had);
    ts->es[TRTC_AT_VIDEO].poc = (struct trtc_poc){ 0 };
}

void trtc_ts_pause(struct trtc_ts *ts)
{
    ts->paused = true;
}

void trtc_ts_continue(struct trtc_ts *ts)
{
    assert(ts->paused && ts->in == ts->in_end && !ts->ended && !ts->busy);
    ts->paused = false;
    ts->stats = (struct trtc_ts_stats){ .packet_bytes = ts->stats.packet_bytes };
    memset(ts->nb_of_pid, 0, sizeof ts->nb_of_pid);
    trtc_ts_early_count(ts);
    ts->seam = ts->synced && !ts->owed ? ts->nb_carry : 0;
    ts->fresh = ts->nb_carry == 0;
    ts->synced &= !ts->fresh;
    ts->recent = NULL;
    trtc_ts_tables_continue(ts);
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        struct trtc_ts_es *s = &ts->es[k];
        s->seam = s->continued = true;
        s->seam_at = s->base + (int64_t)s->size;
        if (!s->on)
            continue;
        trtc_ts_name(ts, &s->info, k == TRTC_AT_VIDEO ? TRTC_VIDEO : TRTC_AUDIO);
        s->count = (struct trtc_ts_count){ .bytes = (int64_t)(s->size - s->start) };
    }
}

int64_t trtc_ts_pos(const struct trtc_ts *ts)
{
    return ts->pos + (int64_t)ts->nb_carry;
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
        const bool again = p && !ts->held_anew;
        ts->held = NULL;
        ts->held_anew = false;
        if (!p && ts->replay) {
            p = trtc_ts_early_next(ts);
            if (!p)
                continue;
        } else if (!p) {
            p = next_packet(ts);
        }
        if (p) {
            if (route(ts, p, again) < 0)
                return -1;
        } else if ((ts->ended || ts->paused) && trtc_ts_use_before(ts)) {
            continue;
        } else if (ts->ended && !ts->finished) {
            ts->finished = true;
            for (int k = 0; k < TRTC_NB_KINDS; k++)
                trtc_ts_call_last(ts, &ts->es[k], ts->stats.partial_tail);
        } else {
            ts->in_begin = ts->in; /* the fed bytes may become invalid now */
            return 0;
        }
    }
}

const struct trtc_ts_stream *trtc_ts_stream(const struct trtc_ts *ts, enum trtc_kind kind)
{
    const struct trtc_ts_es *s = &ts->es[trtc_at(kind)];

    return s->on ? &s->stream : NULL;
}
