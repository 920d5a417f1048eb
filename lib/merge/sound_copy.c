/* SPDX-License-Identifier: MIT */
/* Sound copied: AAC frames without their ADTS headers, placed by their time; holes become
 * ready-made silent frames.
 *
 * Frames follow each other without a step as long as their times agree within half a
 * millisecond; beyond that the sample durations follow (clock drift). The number of silent
 * frames in a hole is chosen so that a decoder that counts samples instead of reading times is
 * right again behind it. */
#include <stdlib.h>
#include <string.h>

#include "codec/fill.h"
#include "merge/lane.h"
#include "mp4/track.h"

enum { FRAME = 1024, HOLE = FRAME * 3 / 4 };

struct sound_copy {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_reader *reader;
    struct trtc_ledger *account;
    struct trtc_ledger left; /* frames from the reader that were left out */
    size_t hint;             /* index in the output's stretches */
    struct trtc_read held;   /* a frame that waits until silence before it is written */
    int held_skip;           /* bytes of its header */
    int64_t held_at;
    bool have_held, drained;
    uint8_t *silence;
    size_t silence_size;
    uint8_t asc[2];
    int64_t next;      /* the tick at which the previous frame ends */
    int64_t nb_frames; /* frames written; a decoder that only counts frames places the next one so */
    int64_t hole_from, hole_len, hole_n, hole_k;
    int64_t total; /* length of the output in ticks */
};

static struct sound_copy *self(struct trtc_track *t)
{
    return (struct sound_copy *)t;
}

/* Silent frames for a hole [from, to): as many as bring the count of samples nearest to the
 * clock, but never squeezed or stretched by more than a tenth (one frame at least). */
static void open_hole(struct sound_copy *c, int64_t from, int64_t to)
{
    int64_t len = to - from, n = (to - c->nb_frames * FRAME + FRAME / 2) / FRAME;
    int64_t most = len * 10 / (FRAME * 9) + 1, least = len * 10 / (FRAME * 11);
    n = n > most ? most : n < least ? least : n;
    c->hole_from = from;
    c->hole_len = len;
    c->hole_n = n < 1 ? 1 : n;
    c->hole_k = 0;
    c->track.stats.filled_us += trtc_ticks_to_us(len, c->track.format.timescale);
}

/* Where the kth silent frame of the hole begins. */
static int64_t silence_at(const struct sound_copy *c, int64_t k)
{
    return c->hole_from + c->hole_len / c->hole_n * k + c->hole_len % c->hole_n * k / c->hole_n;
}

static int emit_silence(struct sound_copy *c, struct trtc_sample *s)
{
    int64_t at = silence_at(c, c->hole_k);
    c->hole_k++;
    *s = (struct trtc_sample){
        .data = c->silence, .size = c->silence_size, .dts = at, .pts = at, .key = true
    };
    c->next = silence_at(c, c->hole_k);
    c->nb_frames++;
    c->track.stats.nb_samples++;
    c->track.stats.nb_filled++;
    return 1;
}

static int emit_held(struct sound_copy *c, struct trtc_sample *s)
{
    const struct trtc_packet *p = &c->held.pkt;
    *s = (struct trtc_sample){ .data = p->data + c->held_skip,
                               .size = p->size - (size_t)c->held_skip,
                               .dts = c->held_at,
                               .pts = c->held_at,
                               .key = true };
    struct trtc_track_stats *st = &c->track.stats;
    if (st->first_us == TRTC_NOTIME)
        st->first_us = trtc_ticks_to_us(c->held_at, c->track.format.timescale);
    c->next = c->held_at + FRAME;
    st->last_us = trtc_ticks_to_us(c->next, c->track.format.timescale);
    c->nb_frames++;
    st->nb_samples++;
    c->have_held = false;
    return 1;
}

/* Checks that a frame has the format of the track, which can only have one; otherwise the sound
 * must be encoded. */
static int check_format(struct sound_copy *c, const struct trtc_read *r, struct trtc_err *err)
{
    const struct trtc_mp4_track *f = &c->track.format;
    struct trtc_adts a = { 0 };
    uint8_t asc[2];
    const bool aac =
        r->stream->codec == TRTC_CODEC_AAC && trtc_adts_parse(r->pkt.data, r->pkt.size, &a) == 0;
    trtc_adts_asc(&a, asc);
    c->held_skip = a.header_bytes;
    if (aac && asc[0] == c->asc[0] && asc[1] == c->asc[1] && a.samples == FRAME)
        return 0;
    c->track.uncopyable = true;
    if (aac && a.samples != FRAME)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE,
                         "%s/%s: the sound changes to frames of several blocks", c->out->rec->dir,
                         r->piece->uri);
    return trtc_fail(err, TRTC_EX_UNAVAILABLE,
                     "%s/%s: the sound changes from %d Hz, %d channels to %s, %d Hz, %d channels",
                     c->out->rec->dir, r->piece->uri, f->rate_hz, f->channels,
                     r->stream->codec_name, a.rate_hz, a.channels);
}

/* Reads the next frame that has a place, and opens the hole before it. */
static int fetch(struct sound_copy *c, struct trtc_err *err)
{
    const uint32_t rate = c->track.format.timescale;
    while (!c->have_held && !c->drained) {
        struct trtc_read r;
        int got = trtc_reader_next(c->reader, &r, err);
        if (got < 0)
            return -1;
        if (got == 0) {
            c->drained = true;
            if (c->total - c->next >= HOLE)
                open_hole(c, c->next, c->total);
            return 0;
        }
        if (check_format(c, &r, err) < 0)
            return -1;
        int64_t at = trtc_us_to_ticks(trtc_output_us(c->out, r.pkt.pts_us, &c->hint), rate);
        if (llabs(at - c->next) <= rate / 2000)
            at = c->next;
        if (at < c->next - HOLE || at < 0) {
            c->left.nb_left[at < 0 ? TRTC_LEFT_CUT : TRTC_LEFT_OVERLAP]++;
            c->track.stats.nb_dropped++;
            continue;
        }
        if (at <= c->next - FRAME)
            at = c->next - FRAME + 1;
        c->held = r;
        c->held_at = at;
        c->have_held = true;
        if (at - c->next >= HOLE)
            open_hole(c, c->next, at);
    }
    return 0;
}

static int sound_copy_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    struct sound_copy *c = self(t);
    if (c->hole_k == c->hole_n && fetch(c, err) < 0)
        return -1;
    if (c->hole_k < c->hole_n)
        return emit_silence(c, s);
    if (c->have_held)
        return emit_held(c, s);
    t->end = c->next > c->total ? c->next : c->total;
    return 0;
}

static void sound_copy_account(struct trtc_track *t)
{
    struct sound_copy *c = self(t);
    if (!c->reader)
        return;
    *c->account = *trtc_reader_account(c->reader);
    c->account->nb_out = t->stats.nb_samples - t->stats.nb_filled;
    c->account->nb_put_in = t->stats.nb_filled;
    trtc_ledger_add(c->account, &c->left);
}

static void sound_copy_free(struct trtc_track *t)
{
    struct sound_copy *c = self(t);
    sound_copy_account(t);
    trtc_reader_free(&c->reader);
    free(c->silence);
    free(c);
}

/* The format of the track is that of its first frame. */
static int learn_format(struct sound_copy *c, struct trtc_err *err)
{
    struct trtc_read r;
    struct trtc_adts a;
    int got = trtc_reader_next(c->reader, &r, err);
    if (got <= 0)
        return got;
    if (r.stream->codec != TRTC_CODEC_AAC || trtc_adts_parse(r.pkt.data, r.pkt.size, &a) < 0)
        return trtc_fail(err, TRTC_EX_SOFTWARE, "%s/%s: sound that is no AAC cannot be copied",
                         c->out->rec->dir, r.piece->uri);
    trtc_adts_asc(&a, c->asc);
    c->track.format = (struct trtc_mp4_track){ .codec = TRTC_CODEC_AAC,
                                               .timescale = (uint32_t)a.rate_hz,
                                               .asc = c->asc,
                                               .asc_size = 2,
                                               .rate_hz = a.rate_hz,
                                               .channels = a.channels };
    c->total = trtc_us_to_ticks(c->out->dur_us, c->track.format.timescale);
    c->held = r;
    c->held_skip = a.header_bytes;
    c->held_at =
        trtc_us_to_ticks(trtc_output_us(c->out, r.pkt.pts_us, &c->hint), (uint32_t)a.rate_hz);
    if (c->held_at < HOLE)
        c->held_at = c->held_at < 0 ? 0 : c->held_at;
    else
        open_hole(c, 0, c->held_at);
    c->have_held = true;
    return trtc_silent_aac(a.rate_hz, a.channels, &c->silence, &c->silence_size, err) < 0 ? -1 : 1;
}

int trtc_sound_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                        struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { sound_copy_next, sound_copy_account,
                                               sound_copy_free };
    *t = NULL;
    struct sound_copy *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    trtc_track_begin(&c->track, &ops);
    c->out = out;
    c->account = o->account;
    c->reader = trtc_output_reader(out, TRTC_AUDIO, o->losses, o->bytes, err);
    int got = c->reader ? learn_format(c, err) : -1;
    if (got > 0)
        *t = &c->track;
    else
        sound_copy_free(&c->track);
    return got < 0 ? -1 : 0;
}
