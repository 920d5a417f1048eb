/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: private streams that no descriptor describes. Some muxers name sound so;
 * the first PES packet shows whether it is. */
#include <stdio.h>
#include <string.h>

#include "ts/ts_priv.h"

/* Returns the payload of the PES that begins in a packet if it has a PTS, as sound does; or NULL.
 * *all: the size of all of its payload; 0: not stated. */
static const uint8_t *pes_payload(const uint8_t *p, size_t *n, size_t *all)
{
    size_t at = 4;

    if (!(p[3] & 0x10) || p[3] & 0xc0)
        return NULL;
    if (p[3] & 0x20)
        at += 1u + p[4];
    if (at + 9 > PACKET || p[at] || p[at + 1] || p[at + 2] != 1 || p[at + 3] < 0xbd)
        return NULL;
    if ((p[at + 6] & 0xc0) != 0x80 || !(p[at + 7] & 0x80))
        return NULL;
    const size_t length = (size_t)p[at + 4] << 8 | p[at + 5], head = 3u + p[at + 8];
    *all = length > head ? length - head : 0;
    at += 6 + head;
    *n = at < PACKET ? PACKET - at : 0;
    return *n ? p + at : NULL;
}

/* Returns the codec of the frame of sound at p, which is followed by another one as far as that can
 * be seen; all: the size of its PES, or 0. */
static const struct trtc_sound_parser *sound_at(const uint8_t *p, size_t n, size_t all)
{
    const struct trtc_sound_parser *parser;

    for (int i = 0; (parser = trtc_sound_parser_at(i)); i++) {
        struct trtc_sound_memory memory = { 0 };
        struct trtc_sound_header h;
        if (n < parser->least || parser->parse(p, n, &memory, &h) < 0 || h.joins)
            continue;
        const size_t size = (size_t)h.frame_bytes;
        if (parser->weak && size != all)
            continue;
        if (size >= n || parser->starts(p + size, n - size))
            return parser;
    }
    return NULL;
}

bool trtc_ts_may_be_sound(const struct trtc_ts_stream *stream)
{
    const bool cues = stream->stream_type == 0x86; /* or DTS; the content decides */

    return (stream->stream_type == 0x06 || stream->stream_type >= 0x80) &&
           stream->codec == TRTC_CODEC_NONE && (cues || !*stream->codec_name);
}

/* The one of this PID, of which nothing is known so far. */
static struct trtc_ts_named *find_guessed(struct trtc_ts_stats *st, int pid)
{
    for (int i = st->nb_named - 1; i >= 0; i--)
        if (st->named[i].stream.pid == pid && trtc_ts_may_be_sound(&st->named[i].stream))
            return &st->named[i];
    return NULL;
}

void trtc_ts_guess(struct trtc_ts *ts, int pid, const uint8_t *p)
{
    struct trtc_ts_es *s = &ts->es[TRTC_AT_AUDIO];
    size_t n = 0, all = 0;

    if (!(p[1] & 0x40) || p[1] & 0x80)
        return;
    ts->pid[pid] = PID_NONE;
    const uint8_t *payload = pes_payload(p, &n, &all);
    const struct trtc_sound_parser *parser = payload ? sound_at(payload, n, all) : NULL;
    struct trtc_ts_named *named = find_guessed(&ts->stats, pid);
    if (!parser || !named)
        return;
    named->kind = TRTC_AUDIO;
    named->wanted = ts->want & TRTC_AUDIO;
    named->stream.codec =
        strcmp(parser->codec_name, "aac") == 0 ? TRTC_CODEC_AAC : TRTC_CODEC_OTHER;
    snprintf(named->stream.codec_name, sizeof named->stream.codec_name, "%s", parser->codec_name);
    if (!named->wanted || s->on || (s->change && s->next_on))
        return;
    s->next = named->stream;
    s->next_on = s->change = true;
    ts->held = p;
    ts->held_anew = true;
    trtc_ts_call_last(ts, s, false);
}
