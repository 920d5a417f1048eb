/* SPDX-License-Identifier: MIT */
/* Sound encoded: decoded, placed to the sample, resampled to one format, encoded as AAC. */
#include <stdlib.h>

#include "media/encode.h"
#include "media/reader.h"
#include "media/track.h"

struct sound_encode {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_reader *reader;
    struct trtc_ledger *account;
    struct trtc_aenc *enc;
    size_t hint;
    bool drained;
};

static struct sound_encode *self(struct trtc_track *t)
{
    return (struct sound_encode *)t;
}

static int feed(struct sound_encode *c, struct trtc_err *err)
{
    struct trtc_read r;
    int got = trtc_reader_next(c->reader, &r, err);
    if (got < 0)
        return -1;
    if (got == 0) {
        c->drained = true;
        return trtc_aenc_end(c->enc, c->out->dur_us, err);
    }
    struct trtc_packet p = r.pkt;
    struct trtc_track_stats *st = &c->track.stats;
    p.dts_us = p.pts_us = trtc_output_us(c->out, r.pkt.pts_us, &c->hint);
    if (st->first_us == TRTC_NOTIME)
        st->first_us = p.pts_us;
    else if (p.pts_us - st->last_us > 200000)
        st->filled_us += p.pts_us - st->last_us;
    st->last_us = p.pts_us;
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
            t->end = trtc_us_to_ticks(c->out->dur_us, t->format.timescale);
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
    if (!c->enc)
        return;
    *c->account = *trtc_reader_account(c->reader);
    trtc_aenc_account(c->enc, c->account);
}

static void sound_encode_free(struct trtc_track *t)
{
    struct sound_encode *c = self(t);
    sound_encode_account(t);
    trtc_reader_free(&c->reader);
    trtc_aenc_free(&c->enc);
    free(c);
}

int trtc_sound_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { sound_encode_next, sound_encode_account,
                                               sound_encode_free };
    int channels = out->audio.clips[0].piece->facts.channels;
    const struct trtc_aenc_opts ao = { .rate_hz = 48000, .channels = channels == 1 ? 1 : 2 };
    *t = NULL;
    struct sound_encode *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    c->track.ops = &ops;
    c->track.stats.first_us = c->track.stats.last_us = TRTC_NOTIME;
    c->out = out;
    c->account = o->account;
    c->reader = trtc_reader_new(out->rec, &out->audio, TRTC_AUDIO, o->losses, o->bytes, err);
    c->enc = c->reader ? trtc_aenc_new(&ao, err) : NULL;
    if (!c->enc) {
        sound_encode_free(&c->track);
        return -1;
    }
    struct trtc_mp4_track *f = &c->track.format;
    *f = (struct trtc_mp4_track){
        .codec = TRTC_CODEC_AAC, .timescale = 48000, .rate_hz = 48000, .channels = ao.channels
    };
    f->asc = trtc_aenc_asc(c->enc, &f->asc_size);
    *t = &c->track;
    return 0;
}
