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

/* Packets of a PID that are of streams which were named there before the last one. */
static int64_t until_now(const struct trtc_ts_stats *st, int pid)
{
    int64_t nb = 0;

    for (int i = 0; i < st->nb_named; i++)
        if (st->named[i].stream.pid == pid && st->named[i].nb_until > 0)
            nb += st->named[i].nb_until;
    return nb;
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
    for (int i = 0; i < st->nb_named; i++)
        if (st->named[i].stream.pid == stream->pid && st->named[i].nb_until < 0)
            st->named[i].nb_until = ts->nb_of_pid[stream->pid] - until_now(st, stream->pid);
    st->named[st->nb_named++] = (struct trtc_ts_named){
        .stream = *stream, .kind = kind, .wanted = ts->want & kind, .nb_until = -1
    };
}

bool trtc_ts_is_other(const struct trtc_ts *ts, int pid)
{
    for (int i = 0; i < ts->stats.nb_named; i++)
        if (ts->stats.named[i].stream.pid == pid && ts->stats.named[i].kind)
            return true;
    return false;
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
    n->nb_scrambled += c.scrambled;
    n->nb_early += n->nb_frames == 0 ? c.early : 0;
    n->nb_lost += c.lost;
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
    s->count.early += s->count.frames == 0 ? (int64_t)n : 0;
}

/* Those that are not of another stream of its PID. */
static int64_t own_packets(const struct trtc_ts_named *n)
{
    return n->taken || !n->kind || n->nb_until < 0 ? n->nb_followed : n->nb_until;
}

/* Packets of a PID that was named as several streams in turn are counted once: those that none of
 * them followed belong to the last stream, unless they came while another kind was named there. */
static void count_packets(struct trtc_ts *ts, int i)
{
    struct trtc_ts_stats *st = &ts->stats;
    struct trtc_ts_named *n = &st->named[i];
    int64_t elsewhere = 0;
    bool last = true;

    for (int k = 0; k < st->nb_named; k++) {
        if (k == i || st->named[k].stream.pid != n->stream.pid)
            continue;
        elsewhere += own_packets(&st->named[k]);
        last &= k < i;
    }
    n->nb_packets = last ? ts->nb_of_pid[n->stream.pid] - elsewhere : own_packets(n);
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
