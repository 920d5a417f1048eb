/* SPDX-License-Identifier: MIT */
/* Looks at the bytes of a playlist's segments on their way to libavformat, which passes over what is wrong with
 * them. */
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "container/segments_priv.h"
#include "ts/es.h"
#include "ts/es_sound.h"

/* ---- AAC ---- */

enum { FRAME_HEADER = TRTC_ID3_HEADER }; /* bytes that are looked at */

/* Whether bytes begin as a frame of AAC or as a tag does (RFC 8216, 3.4). */
static bool begins_frame(const uint8_t *p, size_t n)
{
    return (n >= 2 && p[0] == 0xff && (p[1] & 0xf6) == 0xf0) ||
           (n >= 3 && memcmp(p, "ID3", 3) == 0);
}

/* The header of a frame or a tag is complete. What is neither ends the search. */
static void take_header(struct trtc_segment *s)
{
    const int64_t tag = trtc_id3_bytes(s->header, FRAME_HEADER);
    struct trtc_adts a;

    s->nb_header = 0;
    if (tag > 0)
        s->rest = tag - FRAME_HEADER;
    else if (trtc_adts_parse(s->header, FRAME_HEADER, &a) == 0 && a.frame_bytes >= FRAME_HEADER)
        s->rest = a.frame_bytes - FRAME_HEADER;
    else
        s->frames = false;
}

static void look_at_frames(struct trtc_segment *s, const uint8_t *p, size_t n)
{
    const uint8_t *const end = p + n;

    while (p < end && s->frames) {
        if (s->rest > 0) {
            const int64_t some = end - p < s->rest ? end - p : s->rest;
            p += some;
            s->rest -= some;
        } else {
            s->header[s->nb_header++] = *p++;
            if (s->nb_header == FRAME_HEADER)
                take_header(s);
        }
    }
}

/* ---- bytes on their way ---- */

static void add_counts(struct trtc_segments *g, struct trtc_seam *m)
{
    g->nb_missing += m->nb_missing;
    g->nb_bad += m->nb_bad;
    m->nb_missing = m->nb_bad = 0;
}

/* Takes the next bytes; the first ones are at least a packet, unless that is all. */
static void look(struct trtc_segment *s, uint8_t *p, size_t n)
{
    struct trtc_segment_chain *c = s->chain;

    if (s->nb == 0) {
        if (n >= 7 && memcmp(p, "#EXTM3U", 7) == 0) { /* its name did not show that */
            trtc_segment_note_list(trtc_segments_of(s->ic), c->url);
            trtc_segments_of(s->ic)->begun = false;
        }
        s->first = *p;
        s->zeros = trtc_are_all(p, n < TRTC_TS_PACKET ? n : TRTC_TS_PACKET, 0);
        s->ts = *p == TRTC_TS_SYNC && n >= TRTC_TS_PACKET;
        if (s->ts)
            trtc_seam_begin(&c->seam);
        else
            trtc_segment_begin_boxes(s, p, n);
        s->frames = begins_frame(p, n);
    }
    if (s->frames)
        look_at_frames(s, p, n);
    s->nb += (int64_t)n;
    if (!s->ts)
        return;
    trtc_seam_take(&c->seam, p, n);
    trtc_segment_compare(s->ic, c, false);
    add_counts(trtc_segments_of(s->ic), &c->seam);
}

int trtc_segment_read(void *segment, uint8_t *p, int n)
{
    struct trtc_segment *s = segment;
    const int least = s->nb > 0 || n < TRTC_TS_PACKET ? 1 : TRTC_TS_PACKET;
    int got = 0, some = 0;

    if (s->boxes)
        return trtc_segment_read_boxes(s, p, n);
    while (got < least && (some = avio_read_partial(s->inner.from, p + got, n - got)) > 0)
        got += some;
    if (got > 0)
        look(s, p, (size_t)got);
    if (s->boxes)
        return trtc_segment_read_boxes(s, p, n);
    return got > 0 ? got : some == 0 ? AVERROR_EOF : some;
}

/* ---- the end ---- */

/* Whether what was read ends before its end. Of an encrypted segment, the size with its padding is known. */
static bool is_broken_off(const struct trtc_segments *g, AVIOContext *pb)
{
    enum { PADDING_MAX = 16 };

    if (pb->error < 0 && pb->error != AVERROR_EOF)
        return pb->error != AVERROR_EXIT;
    return pb->eof_reached &&
           avio_seek(pb, 0, SEEK_CUR) + (g->encrypted ? PADDING_MAX : 0) < avio_size(pb);
}

/* Whether a server has sent nothing, zeros, or a page that says what is wrong. What has 16 bytes is a
 * key, which may look like anything. */
static bool has_no_media(const struct trtc_segment *s)
{
    enum { KEY = 16 };

    if (s->nb == 0 || s->nb == KEY)
        return s->nb == 0 && s->inner.from->eof_reached;
    return s->first == '<' || s->first == '{' || s->zeros || (s->first == TRTC_TS_SYNC && !s->ts);
}

void trtc_segment_end(struct trtc_segment *s)
{
    struct trtc_parts *w = s->ic->opaque;

    w->segments.nb_unfetched += is_broken_off(&w->segments, s->inner.from) || has_no_media(s);
    w->segments.nb_torn += s->torn || (s->frames && s->rest + (int64_t)s->nb_header > 0);
    trtc_segment_end_boxes(s);
    if (!s->ts)
        return;
    if (s->inner.from->eof_reached)
        trtc_seam_end(&s->chain->seam);
    trtc_segment_compare(s->ic, s->chain, true);
    add_counts(&w->segments, &s->chain->seam);
    s->chain->nb = s->nb;
}
