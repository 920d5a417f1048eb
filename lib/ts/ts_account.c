/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: the account of the streams that the PMTs name. */
#include <string.h>

#include "ts/ts_priv.h"

/* Data streams that are listed: they must not take the room of sound and pictures. */
#define DATA_MAX (TRTC_TS_NAMED_MAX / 2)

static bool same_stream(const struct trtc_ts_stream *a, const struct trtc_ts_stream *b)
{
    return a->pid == b->pid && a->stream_type == b->stream_type && a->video == b->video &&
           strcmp(a->codec_name, b->codec_name) == 0;
}

static struct trtc_ts_named *find(struct trtc_ts_stats *st, const struct trtc_ts_stream *stream)
{
    for (int i = 0; i < st->nb_named; i++)
        if (same_stream(&st->named[i].stream, stream))
            return &st->named[i];
    return NULL;
}

void trtc_ts_name(struct trtc_ts *ts, const struct trtc_ts_stream *stream, unsigned kind)
{
    struct trtc_ts_stats *st = &ts->stats;

    if (find(st, stream))
        return;
    if (st->nb_named == TRTC_TS_NAMED_MAX || (kind == 0 && st->nb_named >= DATA_MAX)) {
        st->nb_unlisted++;
        return;
    }
    st->named[st->nb_named++] = (struct trtc_ts_named){
        .stream = *stream,
        .kind = kind,
        .wanted = ts->want & kind,
    };
}

void trtc_ts_settle(struct trtc_ts *ts, struct trtc_ts_es *s)
{
    struct trtc_ts_named *n = s->on ? find(&ts->stats, &s->info) : NULL;
    const struct trtc_ts_count c = s->count;

    s->count = (struct trtc_ts_count){ 0 };
    if (!n)
        return;
    n->taken = true;
    n->nb_followed += c.packets;
    n->nb_frames += c.frames;
    n->nb_bytes += c.bytes;
    n->nb_framed += c.framed;
    n->nb_idle += c.idle;
    n->nb_bad += c.bad;
    n->nb_held = (int64_t)(s->size - s->start);
}

void trtc_ts_count_bad(struct trtc_ts *ts, struct trtc_ts_es *s, size_t n)
{
    ts->stats.nb_bad += (int64_t)n;
    s->count.bad += (int64_t)n;
}

/* Where tables named a PID as several streams in turn, its packets are counted once: those that
 * no stream followed belong to the last one. */
static void count_packets(struct trtc_ts *ts, int i)
{
    struct trtc_ts_stats *st = &ts->stats;
    struct trtc_ts_named *n = &st->named[i];
    int64_t elsewhere = 0;
    bool last = true;

    for (int k = 0; k < st->nb_named; k++) {
        if (k == i || st->named[k].stream.pid != n->stream.pid)
            continue;
        elsewhere += st->named[k].nb_followed;
        last &= k < i;
    }
    n->nb_packets = last ? ts->nb_of_pid[n->stream.pid] - elsewhere : n->nb_followed;
}

const struct trtc_ts_stats *trtc_ts_stats(struct trtc_ts *ts)
{
    for (int i = 0; i < ts->stats.nb_named; i++)
        ts->stats.named[i].nb_held = 0;
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        trtc_ts_settle(ts, &ts->es[k]);
    for (int i = 0; i < ts->stats.nb_named; i++)
        count_packets(ts, i);
    return &ts->stats;
}

int64_t trtc_ts_unfollowed(const struct trtc_ts_named *n)
{
    return n->kind && n->taken ? n->nb_packets - n->nb_followed : 0;
}

bool trtc_ts_is_encrypted(const struct trtc_ts_named *n)
{
    const uint8_t type = n->stream.stream_type;
    return type == 0xdb || type == 0xcf || type == 0xc1 || type == 0xc2;
}

bool trtc_ts_left_out(const struct trtc_ts_named *n)
{
    return !n->taken && n->nb_packets > 0 && (n->wanted || n->kind == 0);
}
