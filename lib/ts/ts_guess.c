/* SPDX-License-Identifier: MIT */
/* MPEG-TS demultiplexer: private streams that no descriptor describes. Some muxers name sound or
 * pictures so; the PES packets show which it is. */
#include <stdio.h>
#include <string.h>

#include "ts/ts_priv.h"

/* The payload of a PES, as far as it is in the packet in which the PES begins. */
struct payload {
    const uint8_t *p;
    size_t n, all; /* bytes here; of the whole PES, 0: not stated */
};

/* Finds the payload of the PES that begins in a packet. False: there is none with a PTS, as sound
 * and pictures have. */
static bool pes_payload(const uint8_t *p, struct payload *out)
{
    size_t at = 4;

    if (!(p[3] & 0x10) || p[3] & 0xc0)
        return false;
    if (p[3] & 0x20)
        at += 1u + p[4];
    if (at + 9 > PACKET || p[at] || p[at + 1] || p[at + 2] != 1 || p[at + 3] < 0xbd)
        return false;
    if ((p[at + 6] & 0xc0) != 0x80 || !(p[at + 7] & 0x80))
        return false;
    const size_t length = (size_t)p[at + 4] << 8 | p[at + 5], head = 3u + p[at + 8];
    out->all = length > head ? length - head : 0;
    at += 6 + head;
    out->p = p + at;
    out->n = at < PACKET ? PACKET - at : 0;
    return out->n > 0;
}

/* Returns the codec of the frame of sound at p, which is followed by another one as far as that can
 * be seen; all: the size of its PES, or 0. */
static const struct trtc_sound_parser *sound_at(const struct payload *in)
{
    const struct trtc_sound_parser *parser;
    const uint8_t *p = in->p;
    const size_t n = in->n;

    for (int i = 0; (parser = trtc_sound_parser_at(i)); i++) {
        struct trtc_sound_memory memory = { 0 };
        struct trtc_sound_header h;
        if (n < parser->least || parser->parse(p, n, &memory, &h) < 0 || h.joins)
            continue;
        const size_t size = (size_t)h.frame_bytes;
        if (parser->weak && size != in->all)
            continue;
        if (size >= n || parser->starts(p + size, n - size))
            return parser;
    }
    return NULL;
}

/* Returns the unit after the start code with which the payload begins, as that of pictures does;
 * NULL: it does not. */
static const uint8_t *first_unit(const struct payload *in)
{
    const uint8_t *end = in->p + in->n, *code = trtc_annexb_find(in->p, end);

    for (const uint8_t *q = in->p; q < code; q++)
        if (*q)
            return NULL;
    return end - code < 5 ? NULL : code + 3;
}

/* Returns the codec of the pictures whose stream begins with this unit: a delimiter or parameters.
 * NULL: no stream begins with it. */
static const struct trtc_ts_stream *pictures_at(const uint8_t *unit)
{
    static const struct trtc_ts_stream h264 = { .codec = TRTC_CODEC_H264, .codec_name = "h264" },
                                       hevc = { .codec = TRTC_CODEC_H265, .codec_name = "hevc" },
                                       mpeg = { .codec = TRTC_CODEC_OTHER,
                                                .codec_name = "mpeg2video" };
    switch (unit[0]) {
    case 0x09: /* the delimiter of H.264 */
    case 0x27: /* its sequence parameters */
    case 0x47:
    case 0x67:
        return &h264;
    case 0x40: /* H.265: video and sequence parameters, delimiter */
    case 0x42:
    case 0x46:
        return unit[1] == 1 ? &hevc : NULL;
    case 0xb3:
        return &mpeg;
    default:
        return NULL;
    }
}

bool trtc_ts_is_unknown(const struct trtc_ts_stream *stream)
{
    const bool cues = stream->stream_type == 0x86; /* or DTS; the content decides */

    return (stream->stream_type == 0x06 || stream->stream_type >= 0x80) &&
           stream->codec == TRTC_CODEC_NONE && (cues || !*stream->codec_name);
}

/* The one of this PID, of which nothing is known so far. */
static struct trtc_ts_named *find_guessed(struct trtc_ts_stats *st, int pid)
{
    for (int i = st->nb_named - 1; i >= 0; i--)
        if (st->named[i].stream.pid == pid && trtc_ts_is_unknown(&st->named[i].stream))
            return &st->named[i];
    return NULL;
}

/* Sets what the stream is. Returns false if its content does not show it; *kind is TRTC_VIDEO if it
 * is pictures all the same. */
static bool identify(struct trtc_ts_stream *out, const struct payload *in, unsigned *kind)
{
    const uint8_t *unit = first_unit(in);
    const struct trtc_ts_stream *pictures = unit ? pictures_at(unit) : NULL;
    const struct trtc_sound_parser *sound = unit ? NULL : sound_at(in);
    const char *name = pictures ? pictures->codec_name : sound ? sound->codec_name : NULL;

    *kind = unit ? TRTC_VIDEO : sound ? TRTC_AUDIO : 0;
    if (!name)
        return false;
    snprintf(out->codec_name, sizeof out->codec_name, "%s", name);
    out->video = pictures;
    out->codec = pictures                   ? pictures->codec
                 : strcmp(name, "aac") == 0 ? TRTC_CODEC_AAC
                                            : TRTC_CODEC_OTHER;
    return true;
}

void trtc_ts_guess(struct trtc_ts *ts, int pid, const uint8_t *p)
{
    struct trtc_ts_named *named = find_guessed(&ts->stats, pid);
    struct payload in;
    unsigned kind = 0;

    if (!(p[1] & 0x40) || p[1] & 0x80)
        return;
    const bool known = named && pes_payload(p, &in) && identify(&named->stream, &in, &kind);
    if (known || !kind) /* else a later picture may show in which codec they are */
        ts->pid[pid] = PID_NONE;
    if (!kind)
        return;
    named->kind = kind;
    named->wanted = ts->want & kind;
    struct trtc_ts_es *s = &ts->es[trtc_at(kind)];
    if (!known || !named->wanted || s->on || (s->change && s->next_on))
        return;
    s->next = named->stream;
    s->next_on = s->change = true;
    ts->held = p;
    ts->held_anew = true;
    trtc_ts_call_last(ts, s, false);
}
