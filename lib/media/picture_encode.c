/* SPDX-License-Identifier: MIT */
/* Picture encoded: every access unit goes through the encoder, which fits it into the canvas
 * at a constant rate. The grid of the output's frames is laid so that the first picture falls
 * on it: a source of the same rate then keeps its times exactly. */
#include <stdlib.h>

#include "media/encode.h"
#include "media/reader.h"
#include "media/track.h"

struct picture_encode {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_reader *reader;
    struct trtc_ledger *account;
    struct trtc_venc *enc;
    size_t hint;
    bool drained;
    int64_t phase_us; /* of the grid; -1: no picture yet */
    uint8_t *buf;
    size_t cap;
};

static struct picture_encode *self(struct trtc_track *t)
{
    return (struct picture_encode *)t;
}

/* One more access unit into the encoder, or the end. */
static int feed(struct picture_encode *c, struct trtc_err *err)
{
    struct trtc_read r;
    int got = trtc_reader_next(c->reader, &r, err);
    if (got < 0)
        return -1;
    if (got == 0) {
        c->drained = true;
        return trtc_venc_end(c->enc, c->out->dur_us - (c->phase_us > 0 ? c->phase_us : 0), err);
    }
    struct trtc_packet p = r.pkt;
    struct trtc_track_stats *st = &c->track.stats;
    p.pts_us = trtc_output_us(c->out, r.pkt.pts_us, &c->hint);
    p.dts_us = p.pts_us - (r.pkt.pts_us - r.pkt.dts_us);
    if (st->first_us == TRTC_NOTIME)
        st->first_us = p.pts_us;
    else if (p.pts_us - st->last_us > 1000000)
        st->filled_us += p.pts_us - st->last_us;
    st->last_us = p.pts_us;
    if (c->phase_us < 0)
        c->phase_us = p.pts_us > 0 ? p.pts_us % (1000000 / c->out->fps) : 0;
    p.pts_us -= c->phase_us;
    p.dts_us -= c->phase_us;
    return trtc_venc_send(c->enc, r.stream->codec, r.stream->codec_name, &p, err);
}

static int picture_encode_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    struct picture_encode *c = self(t);
    struct trtc_packet p;
    int got;
    while ((got = trtc_venc_receive(c->enc, &p, err)) == 0 && !c->drained)
        if (feed(c, err) < 0)
            return -1;
    if (got <= 0) {
        t->end = trtc_us_to_ticks(c->out->dur_us, t->format.timescale);
        t->stats.nb_broken = trtc_venc_nb_broken(c->enc);
        return got;
    }
    size_t need = p.size + p.size / 3 + 16;
    if (need > c->cap) {
        uint8_t *grown = realloc(c->buf, need * 2);
        if (!grown)
            return trtc_fail_nomem(err);
        c->buf = grown;
        c->cap = need * 2;
    }
    s->data = c->buf;
    s->size = trtc_annexb_to_lengths(TRTC_CODEC_H264, p.data, p.size, true, c->buf);
    s->pts = trtc_us_to_ticks(p.pts_us + c->phase_us, t->format.timescale);
    s->dts = trtc_us_to_ticks(p.dts_us + c->phase_us, t->format.timescale);
    if (s->dts > s->pts)
        s->dts = s->pts;
    s->key = p.key;
    t->stats.nb_samples++;
    return 1;
}

static void picture_encode_account(struct trtc_track *t)
{
    struct picture_encode *c = self(t);
    if (!c->enc)
        return;
    *c->account = *trtc_reader_account(c->reader);
    trtc_venc_account(c->enc, c->account);
}

static void picture_encode_free(struct trtc_track *t)
{
    struct picture_encode *c = self(t);
    picture_encode_account(t);
    trtc_reader_free(&c->reader);
    trtc_venc_free(&c->enc);
    free(c->buf);
    free(c);
}

/* The colours of the recording where it has the same ones throughout. */
static struct trtc_colour colour_of(const struct trtc_output *out)
{
    struct trtc_colour_vote vote = { 0 };
    for (size_t i = 0; i < out->video.n; i++)
        if (out->video.clips[i].piece->facts.width_px > 0)
            trtc_colour_vote(&vote, &out->video.clips[i].piece->facts.colour);
    return trtc_colour_voted(&vote, out->width_px, out->height_px);
}

int trtc_picture_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                            struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { picture_encode_next, picture_encode_account,
                                               picture_encode_free };
    const struct trtc_venc_opts vo = { .width_px = out->width_px,
                                       .height_px = out->height_px,
                                       .colour = colour_of(out),
                                       .fps = out->fps,
                                       .black = o->black,
                                       .threads = o->threads };
    *t = NULL;
    struct picture_encode *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    c->track.ops = &ops;
    c->track.stats.first_us = c->track.stats.last_us = TRTC_NOTIME;
    c->out = out;
    c->account = o->account;
    c->phase_us = -1;
    c->reader = trtc_reader_new(out->rec, &out->video, TRTC_VIDEO, o->losses, o->bytes, err);
    c->enc = c->reader ? trtc_venc_new(&vo, err) : NULL;
    if (!c->enc) {
        picture_encode_free(&c->track);
        return -1;
    }
    struct trtc_mp4_track *f = &c->track.format;
    *f = (struct trtc_mp4_track){ .codec = TRTC_CODEC_H264,
                                  .timescale = 90000,
                                  .width_px = (out->width_px + 1) / 2 * 2,
                                  .height_px = (out->height_px + 1) / 2 * 2,
                                  .sar_num = 1,
                                  .sar_den = 1,
                                  .colour = vo.colour };
    f->annexb = trtc_venc_param_sets(c->enc, &f->annexb_size);
    *t = &c->track;
    return 0;
}
