/* SPDX-License-Identifier: MIT */
/* Sound encoded: decoded, placed to the sample, resampled to one format, encoded as AAC. */
#include <stdlib.h>

#include "codec/aenc.h"
#include "merge/decodable.h"
#include "merge/lane.h"
#include "mp4/track.h"

struct sound_encode {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_decodable in;
    struct trtc_ledger *account;
    struct trtc_aenc *enc;
    size_t hint;
    struct trtc_read first; /* the first frame, until it is taken */
    bool have_first, drained;
    int64_t end_us; /* where the sound ends that came so far, or the output */
};

static struct sound_encode *self(struct trtc_track *t)
{
    return (struct sound_encode *)t;
}

static int feed(struct sound_encode *c, struct trtc_err *err)
{
    struct trtc_read r = c->first;
    int got = c->have_first ? 1 : trtc_decodable_next(&c->in, &r, err);
    c->have_first = false;
    if (got < 0)
        return -1;
    if (got == 0) {
        c->drained = true;
        return trtc_aenc_end(c->enc, c->end_us, err);
    }
    struct trtc_packet p = r.pkt;
    struct trtc_track_stats *st = &c->track.stats;
    p.dts_us = p.pts_us = trtc_output_us(c->out, r.pkt.pts_us, &c->hint);
    if (st->first_us == TRTC_NOTIME)
        st->first_us = p.pts_us;
    else if (p.pts_us - st->last_us > 200000)
        st->filled_us += p.pts_us - st->last_us;
    st->last_us = p.pts_us;
    if (p.pts_us + r.dur_us > c->end_us)
        c->end_us = p.pts_us + r.dur_us;
    return trtc_aenc_send(c->enc, r.stream->codec_name, &p, err);
}

static int sound_encode_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    struct sound_encode *c = self(t);
    while (true) {
        struct trtc_packet p;
        int got = trtc_aenc_receive(c->enc, &p, err);
        if (got < 0)
            return -1;
        if (got == 0 && c->drained) {
            t->end = trtc_us_to_ticks(c->end_us, t->format.timescale);
            t->stats.nb_broken = trtc_aenc_nb_broken(c->enc);
            return 0;
        }
        if (got == 0 && feed(c, err) < 0)
            return -1;
        if (got == 0)
            continue;
        s->data = p.data;
        s->size = p.size;
        s->dts = s->pts = trtc_us_to_ticks(p.pts_us, t->format.timescale);
        s->key = true;
        t->stats.nb_samples++;
        return 1;
    }
}

static void sound_encode_account(struct trtc_track *t)
{
    struct sound_encode *c = self(t);
    if (!c->in.reader)
        return;
    *c->account = *trtc_reader_account(c->in.reader);
    c->account->nb_left[TRTC_LEFT_FORMAT] += c->in.nb_left;
    if (c->enc)
        trtc_aenc_account(c->enc, c->account);
}

static void sound_encode_free(struct trtc_track *t)
{
    struct sound_encode *c = self(t);
    sound_encode_account(t);
    trtc_reader_free(&c->in.reader);
    trtc_aenc_free(&c->enc);
    free(c);
}

/* One channel where all have one, else two. */
static int channels_of(const struct trtc_output *out, const struct trtc_track_opts *o)
{
    bool mono = o->channels < 2;
    for (size_t i = 0; i < out->audio.n; i++)
        mono &= out->audio.clips[i].piece->facts.channels == 1;
    return mono ? 1 : 2;
}

static int set_up(struct sound_encode *c, const struct trtc_track_opts *o, struct trtc_err *err)
{
    const struct trtc_aenc_opts ao = { .rate_hz = 48000, .channels = channels_of(c->out, o) };
    struct trtc_mp4_track *f = &c->track.format;
    c->enc = trtc_aenc_new(&ao, err);
    if (!c->enc)
        return -1;
    *f = (struct trtc_mp4_track){
        .codec = TRTC_CODEC_AAC, .timescale = 48000, .rate_hz = 48000, .channels = ao.channels
    };
    f->asc = trtc_aenc_asc(c->enc, &f->asc_size);
    c->have_first = true;
    return 1;
}

int trtc_sound_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { sound_encode_next, sound_encode_account,
                                               sound_encode_free };
    *t = NULL;
    struct sound_encode *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    trtc_track_begin(&c->track, &ops);
    c->out = out;
    c->end_us = out->dur_us;
    c->account = o->account;
    c->in = (struct trtc_decodable){ .rec = out->rec, .losses = o->losses };
    c->in.reader = trtc_output_reader(out, TRTC_AUDIO, o->losses, o->bytes, err);
    int got = c->in.reader ? trtc_decodable_next(&c->in, &c->first, err) : -1;
    if (got > 0)
        got = set_up(c, o, err);
    if (got > 0)
        *t = &c->track;
    else
        sound_encode_free(&c->track);
    return got < 0 ? -1 : 0;
}
