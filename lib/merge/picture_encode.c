/* SPDX-License-Identifier: MIT */
/* Picture encoded: every access unit goes through the encoder, which fits it into the canvas
 * at a constant rate. The grid of the output's frames is laid so that the first picture falls
 * on it: a source of the same rate then keeps its times exactly. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/array.h"
#include "codec/av.h"
#include "merge/lane.h"
#include "merge/picture_size.h"
#include "merge/venc.h"
#include "mp4/track.h"

struct picture_encode {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_reader *reader;
    struct trtc_ledger *account;
    struct trtc_venc *enc;
    size_t hint;
    struct trtc_read first; /* the first picture, until it is taken */
    bool have_first, drained;
    int64_t end_us; /* of the output, or of the pictures if they last longer */
    struct trtc_losses *losses;
    struct trtc_ledger left; /* pictures that never got to the encoder */
    int64_t nb_undecodable;  /* ... of this piece */
    const struct trtc_piece *undecodable_in;
    struct trtc_err why;
    int64_t phase_us; /* of the grid; -1: no picture yet */
    uint8_t *buf;
    size_t cap;
};

static struct picture_encode *self(struct trtc_track *t)
{
    return (struct picture_encode *)t;
}

/* Names the pictures that nothing here decodes. */
static int lose_undecodable(struct picture_encode *c, struct trtc_err *err)
{
    const struct trtc_piece *p = c->undecodable_in;
    if (c->nb_undecodable == 0)
        return 0;
    int ret = trtc_losses_add_piece(c->losses, c->out->rec, p,
                                    (struct trtc_lost){ "format", p->dur_us, 0 },
                                    "%" PRId64 " pictures: %s", c->nb_undecodable, c->why.msg);
    c->nb_undecodable = 0;
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

/* Counts a picture of this piece that is not decoded. */
static int leave_out(struct picture_encode *c, const struct trtc_piece *piece,
                     enum trtc_left reason, const struct trtc_err *why, struct trtc_err *err)
{
    if (c->undecodable_in != piece && lose_undecodable(c, err) < 0)
        return -1;
    c->undecodable_in = piece;
    c->why = *why;
    c->nb_undecodable++;
    c->left.nb_left[reason]++;
    return 0;
}

/* Gives the encoder one more access unit, or the end. */
static int feed(struct picture_encode *c, struct trtc_err *err)
{
    struct trtc_read r = c->first;
    int got = c->have_first ? 1 : trtc_reader_next(c->reader, &r, err);
    c->have_first = false;
    if (got < 0)
        return -1;
    if (got == 0) {
        c->drained = true;
        if (lose_undecodable(c, err) < 0)
            return -1;
        return trtc_venc_end(c->enc, c->end_us - (c->phase_us > 0 ? c->phase_us : 0), err);
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
    if (p.pts_us >= c->end_us)
        c->end_us = p.pts_us + 1000000 / c->out->fps;
    if (c->phase_us < 0)
        c->phase_us = p.pts_us > 0 ? p.pts_us % (1000000 / c->out->fps) : 0;
    p.pts_us -= c->phase_us;
    p.dts_us -= c->phase_us;
    struct trtc_err why;
    if (trtc_venc_send(c->enc, r.stream->codec, r.stream->codec_name, &p, &why) == 0)
        return 0;
    if (why.code == TRTC_EX_UNAVAILABLE)
        return leave_out(c, r.piece, TRTC_LEFT_FORMAT, &why, err);
    *err = why;
    return -1;
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
        t->end = trtc_us_to_ticks(c->end_us, t->format.timescale);
        t->stats.nb_broken = trtc_venc_nb_broken(c->enc);
        t->stats.nb_askew = trtc_venc_nb_askew(c->enc);
        return got;
    }
    if (trtc_array_reserve(&c->buf, &c->cap, TRTC_LENGTHS_MAX(p.size), 1) < 0)
        return trtc_fail_nomem(err);
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
    if (!c->reader)
        return;
    *c->account = *trtc_reader_account(c->reader);
    trtc_ledger_add(c->account, &c->left);
    if (c->enc)
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

/* The colours of the recording if all of it has the same ones. */
static struct trtc_colour colour_of(const struct trtc_output *out, int width_px, int height_px)
{
    struct trtc_colour_vote vote = { 0 };
    for (size_t i = 0; i < out->video.n; i++)
        if (out->video.clips[i].piece->facts.width_px > 0)
            trtc_colour_vote(&vote, &out->video.clips[i].piece->facts.colour);
    return trtc_colour_voted(&vote, width_px, height_px);
}

/* Lists all pictures of the lane as lost, since none can be decoded. */
static int lose_all(struct picture_encode *c, struct trtc_err *err)
{
    struct trtc_err why;
    struct trtc_read r;
    int got;
    while ((got = trtc_reader_next(c->reader, &r, err)) > 0) {
        enum trtc_left reason = TRTC_LEFT_FORMAT;
        if (trtc_av_decoder(AVMEDIA_TYPE_VIDEO, r.stream->codec, r.stream->codec_name, &why)) {
            reason = TRTC_LEFT_UNDECODED;
            trtc_fail(&why, TRTC_EX_UNAVAILABLE, "none of them can be decoded");
        }
        if (leave_out(c, r.piece, reason, &why, err) < 0)
            return -1;
    }
    return got < 0 || lose_undecodable(c, err) < 0 ? -1 : 0;
}

static int open_encoder(struct picture_encode *c, const struct trtc_track_opts *o, int w, int h,
                        struct trtc_err *err)
{
    const struct trtc_venc_opts vo = { .width_px = w,
                                       .height_px = h,
                                       .colour = colour_of(c->out, w, h),
                                       .fps = c->out->fps,
                                       .black = o->black,
                                       .threads = o->threads };
    struct trtc_mp4_track *f = &c->track.format;
    c->enc = trtc_venc_new(&vo, err);
    if (!c->enc)
        return -1;
    *f = (struct trtc_mp4_track){ .codec = TRTC_CODEC_H264,
                                  .timescale = 90000,
                                  .width_px = (w + 1) / 2 * 2,
                                  .height_px = (h + 1) / 2 * 2,
                                  .sar_num = 1,
                                  .sar_den = 1,
                                  .colour = vo.colour };
    f->annexb = trtc_venc_param_sets(c->enc, &f->annexb_size);
    return 1;
}

/* 1; 0: nothing can be decoded, and that has been listed; -1. */
static int open_track(struct picture_encode *c, const struct trtc_track_opts *o,
                      struct trtc_err *err)
{
    int w, h;
    const int known = trtc_picture_size(c->out, o->stop, &w, &h, err);
    if (known < 0)
        return -1;
    c->reader = trtc_output_reader(c->out, TRTC_VIDEO, o->losses, o->bytes, err);
    if (!c->reader)
        return -1;
    if (!known)
        return lose_all(c, err);
    int got = trtc_reader_next(c->reader, &c->first, err);
    c->have_first = got > 0;
    return got > 0 ? open_encoder(c, o, w, h, err) : got;
}

int trtc_picture_encode_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                            struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { picture_encode_next, picture_encode_account,
                                               picture_encode_free };
    *t = NULL;
    struct picture_encode *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    trtc_track_begin(&c->track, &ops);
    c->out = out;
    c->end_us = out->dur_us;
    c->account = o->account;
    c->losses = o->losses;
    c->phase_us = -1;
    int got = open_track(c, o, err);
    if (got > 0)
        *t = &c->track;
    else
        picture_encode_free(&c->track);
    return got < 0 ? -1 : 0;
}
