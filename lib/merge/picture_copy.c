/* SPDX-License-Identifier: MIT */
/* Picture copied: access units as they are, placed by their time; their parameter sets go to the
 * sample entries. In a hole the last picture stands, since a sample lasts until the next one;
 * where nothing can stand (before the first picture, or with -b) one black picture of our own is
 * put in, whose parameter sets go along with the others. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec/fill.h"
#include "layout/fit.h"
#include "merge/lane.h"
#include "mp4/sets.h"
#include "mp4/track.h"

struct picture_copy {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_reader *reader;
    bool black_holes;
    size_t hint;
    struct trtc_read held;
    bool have_held, drained;
    struct trtc_losses *losses;
    struct trtc_ledger *account;
    enum trtc_codec codec;
    struct trtc_sets *sets;
    bool need_sets;     /* until the next key picture with parameter sets, pictures are left out */
    int64_t nb_left;    /* how many pictures were left out */
    int64_t nb_unknown; /* how many of them are of this piece; the next two: their times */
    int64_t unknown_from_us, unknown_to_us;
    const struct trtc_piece *unknown_in;
    uint8_t *first_sets;     /* format.annexb points to them */
    struct trtc_black black; /* .au NULL: there is none */
    bool black_due;
    int64_t black_at_us;
    int64_t last_dts, max_pts; /* ticks; INT64_MIN before the first sample */
    int64_t shown_until_us;    /* where the last picture ends by its own duration */
    int64_t prev_dts_us, step_us;
};

static struct picture_copy *self(struct trtc_track *t)
{
    return (struct picture_copy *)t;
}

/* Makes decoding times rise and keeps presentation times from falling below them, which rounding
 * at a join may have disturbed. */
static void emit(struct picture_copy *c, struct trtc_sample *s, int64_t dts_us, int64_t pts_us,
                 bool key)
{
    const uint32_t scale = c->track.format.timescale;
    int64_t dts = trtc_us_to_ticks(dts_us, scale), pts = trtc_us_to_ticks(pts_us, scale);
    if (key && c->max_pts != INT64_MIN && pts <= c->max_pts)
        pts = c->max_pts + 1;
    if (pts < 0)
        pts = 0;
    if (c->last_dts != INT64_MIN && dts <= c->last_dts)
        dts = c->last_dts + 1;
    if (pts < dts)
        pts = dts;
    c->last_dts = dts;
    c->max_pts = pts > c->max_pts ? pts : c->max_pts;
    s->dts = dts;
    s->pts = pts;
    s->key = key;
    c->track.stats.nb_samples++;
}

/* Marks an error because of which the pictures cannot be copied, but may be encoded. */
static int refuse(struct picture_copy *c, struct trtc_err *err)
{
    char why[sizeof err->msg];
    if (!err || err->code != TRTC_EX_UNAVAILABLE)
        return -1;
    c->track.uncopyable = true;
    snprintf(why, sizeof why, "%s", err->msg);
    return trtc_fail(err, TRTC_EX_UNAVAILABLE, "%s/%s: %s", c->out->rec->dir, c->held.piece->uri,
                     why);
}

static int emit_black(struct picture_copy *c, struct trtc_sample *s, struct trtc_err *err)
{
    const struct trtc_black *b = &c->black;
    const struct trtc_packet p = { .data = b->au, .size = b->au_size, .key = true };
    c->black_due = false;
    if (trtc_sets_take_own(c->sets, (struct trtc_bytes){ b->sets, b->sets_size }, &p, s, err) < 0)
        return refuse(c, err);
    emit(c, s, c->black_at_us, c->black_at_us, true);
    c->track.stats.nb_filled++;
    return 1;
}

/* One sample entry cannot name two codecs. */
static int check_codec(struct picture_copy *c, struct trtc_err *err)
{
    if (c->held.stream->codec == c->codec)
        return 0;
    trtc_fail(err, TRTC_EX_UNAVAILABLE, "the codec changes to %s within the segment",
              c->held.stream->codec_name);
    return refuse(c, err);
}

/* The size and the shape may change only at a key frame. */
static int check_size(struct picture_copy *c, struct trtc_err *err)
{
    const struct trtc_mp4_track *f = &c->track.format;
    const struct trtc_video_params *v = trtc_sets_params(c->sets);
    const bool same_size = v->width_px == f->width_px && v->height_px == f->height_px;
    if (same_size &&
        trtc_fit_shape(v->sar_num, v->sar_den) == trtc_fit_shape(f->sar_num, f->sar_den))
        return 0;
    if (same_size)
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "the sample aspect ratio changes within the segment");
    else
        trtc_fail(err, TRTC_EX_UNAVAILABLE, "the picture size changes to %dx%d within the segment",
                  v->width_px, v->height_px);
    return refuse(c, err);
}

/* A hole is where the picture has been absent for longer than a slow source explains. */
static bool is_hole(const struct picture_copy *c, int64_t until_us)
{
    return until_us - c->shown_until_us > 1000000;
}

/* Names the pictures that were left out since nothing says how to decode them. */
static int lose_unknown(struct picture_copy *c, struct trtc_err *err)
{
    const struct trtc_piece *p = c->unknown_in;
    if (c->nb_unknown == 0)
        return 0;
    int64_t us = c->unknown_to_us - c->unknown_from_us;
    us += c->nb_unknown > 1 ? us / (c->nb_unknown - 1) : c->step_us;
    int ret = trtc_losses_add_piece(
        c->losses, c->out->rec, p, (struct trtc_lost){ "damaged", us, 0 },
        "%" PRId64 " pictures refer to parameter sets that are missing", c->nb_unknown);
    c->nb_unknown = 0;
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

/* Makes a sample of the held picture. Returns 1; 0: its parameter sets are unknown; -1. */
static int take_held(struct picture_copy *c, struct trtc_sample *s, struct trtc_err *err)
{
    const struct trtc_packet *p = &c->held.pkt;
    int got = trtc_sets_take(c->sets, p, s, err);
    if (got < 0)
        return refuse(c, err);
    if (p->key)
        c->need_sets = got == 0;
    if (got > 0 && !c->need_sets)
        return lose_unknown(c, err) < 0 ? -1 : 1;
    if (c->unknown_in != c->held.piece && lose_unknown(c, err) < 0)
        return -1;
    c->unknown_in = c->held.piece;
    c->nb_left++;
    if (c->nb_unknown++ == 0)
        c->unknown_from_us = p->dts_us;
    c->unknown_to_us = p->dts_us;
    return 0;
}

static int emit_held(struct picture_copy *c, struct trtc_sample *s, struct trtc_err *err)
{
    const struct trtc_packet *p = &c->held.pkt;
    struct trtc_track_stats *st = &c->track.stats;
    c->have_held = false;
    int got = check_codec(c, err) < 0 ? -1 : take_held(c, s, err);
    if (got <= 0)
        return got;
    if (p->key && check_size(c, err) < 0)
        return -1;
    int64_t pts_us = trtc_output_us(c->out, p->pts_us, &c->hint);
    int64_t dts_us = pts_us - (p->pts_us - p->dts_us);
    if (st->first_us == TRTC_NOTIME)
        st->first_us = pts_us;
    /* in decoding order the distances are even, also with B-frames */
    const int64_t step = c->prev_dts_us == TRTC_NOTIME ? 0 : dts_us - c->prev_dts_us;
    if (step > 0 && step < 500000)
        c->step_us = step;
    c->prev_dts_us = dts_us;
    if (is_hole(c, pts_us))
        st->filled_us += pts_us - c->shown_until_us;
    if (pts_us + c->step_us > c->shown_until_us)
        c->shown_until_us = pts_us + c->step_us;
    st->last_us = c->shown_until_us;
    emit(c, s, dts_us, pts_us, p->key);
    return 1;
}

static void black_from(struct picture_copy *c, int64_t us)
{
    c->black_due = true;
    c->black_at_us = us;
}

static int fetch(struct picture_copy *c, struct trtc_err *err)
{
    if (c->drained)
        return 0;
    int got = trtc_reader_next(c->reader, &c->held, err);
    if (got < 0)
        return -1;
    c->have_held = got > 0;
    c->drained = got == 0;
    size_t hint = c->hint;
    int64_t until = c->drained ? c->out->dur_us : trtc_output_us(c->out, c->held.pkt.pts_us, &hint);
    if (c->black_holes && c->black.au && is_hole(c, until) && (c->drained || c->held.pkt.key))
        black_from(c, c->shown_until_us);
    return 0;
}

static int picture_copy_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    struct picture_copy *c = self(t);
    int got = 0;
    while (got == 0) {
        if (!c->have_held && !c->black_due && fetch(c, err) < 0)
            return -1;
        if (!c->have_held && !c->black_due)
            break;
        got = c->black_due ? emit_black(c, s, err) : emit_held(c, s, err);
    }
    if (got != 0)
        return got;
    int64_t end_us = c->out->dur_us > c->shown_until_us ? c->out->dur_us : c->shown_until_us;
    t->end = trtc_us_to_ticks(end_us, t->format.timescale);
    return lose_unknown(c, err);
}

static void picture_copy_account(struct trtc_track *t)
{
    struct picture_copy *c = self(t);
    if (!c->reader)
        return;
    *c->account = *trtc_reader_account(c->reader);
    c->account->nb_out = t->stats.nb_samples - t->stats.nb_filled;
    c->account->nb_left[TRTC_LEFT_NO_KEY] += c->nb_left;
    c->account->nb_put_in = t->stats.nb_filled;
}

static void picture_copy_free(struct trtc_track *t)
{
    struct picture_copy *c = self(t);
    picture_copy_account(t);
    trtc_reader_free(&c->reader);
    trtc_sets_free(&c->sets);
    free(c->first_sets);
    trtc_black_fini(&c->black);
    free(c);
}

/* Returns the 90 kHz of the stream, or a coarser timescale if a picture may last longer than a
 * sample can (TRTC_MP4_STEP_MAX). */
static uint32_t fitting_timescale(int64_t dur_us)
{
    static const uint32_t scales[] = { 90000, 10000, 1000 };
    size_t i = 0;
    while (i < 2 && trtc_us_to_ticks(dur_us, scales[i]) > TRTC_MP4_STEP_MAX)
        i++;
    return scales[i];
}

/* Reads up to the first key frame whose parameter sets are known, which stays held. Returns 1; 0:
 * there is none; -1. */
static int find_first(struct picture_copy *c, struct trtc_err *err)
{
    struct trtc_sample s;
    int got;
    while ((got = trtc_reader_next(c->reader, &c->held, err)) > 0) {
        if (c->sets && c->held.stream->codec != c->codec) /* nothing of the one before was usable */
            trtc_sets_free(&c->sets);
        c->codec = c->held.stream->codec;
        if (!c->sets && !(c->sets = trtc_sets_new(c->codec)))
            return trtc_fail_nomem(err);
        int taken = take_held(c, &s, err);
        if (taken != 0)
            return taken;
    }
    return got < 0 || lose_unknown(c, err) < 0 ? -1 : 0;
}

static bool has_holes(const struct trtc_output *out)
{
    bool holes = false;
    for (size_t i = 0; i < out->nb_gaps; i++)
        holes |= out->gaps[i].kind == TRTC_VIDEO;
    return holes;
}

static int keep_first_sets(struct picture_copy *c, struct trtc_err *err)
{
    struct trtc_mp4_track *f = &c->track.format;
    struct trtc_video_params v;
    const uint8_t *sets = trtc_sets_entry(c->sets, 0, &f->annexb_size, &v);
    f->annexb = c->first_sets = malloc(f->annexb_size);
    if (!c->first_sets)
        return trtc_fail_nomem(err);
    memcpy(c->first_sets, sets, f->annexb_size);
    return 0;
}

/* The format is that of the first key frame. */
static int learn_format(struct picture_copy *c, struct trtc_err *err)
{
    int got = find_first(c, err);
    if (got <= 0)
        return got;
    const struct trtc_video_params *v = trtc_sets_params(c->sets);
    int64_t at = trtc_output_us(c->out, c->held.pkt.pts_us, &c->hint);
    bool late = at >= TRTC_ROUNDING_US;
    if (c->out->can_black && (late || (c->black_holes && has_holes(c->out))) &&
        trtc_black_picture(v, 0, &c->black, err) < 0)
        return -1;
    if (late && c->black.au)
        black_from(c, 0);
    c->shown_until_us = at;
    c->have_held = true;
    c->track.sets = c->sets;
    c->track.format = (struct trtc_mp4_track){
        .codec = c->held.stream->codec,
        .timescale = fitting_timescale(c->out->dur_us),
        .width_px = v->width_px,
        .height_px = v->height_px,
        .sar_num = v->sar_num,
        .sar_den = v->sar_den,
        .colour = v->colour,
    };
    return keep_first_sets(c, err) < 0 ? -1 : 1;
}

int trtc_picture_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { picture_copy_next, picture_copy_account,
                                               picture_copy_free };
    *t = NULL;
    struct picture_copy *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    trtc_track_begin(&c->track, &ops);
    c->out = out;
    c->losses = o->losses;
    c->account = o->account;
    c->black_holes = o->black;
    c->last_dts = c->max_pts = INT64_MIN;
    c->step_us = 66667;
    c->prev_dts_us = TRTC_NOTIME;
    c->reader = trtc_output_reader(out, TRTC_VIDEO, o->losses, o->bytes, err);
    int got = c->reader ? learn_format(c, err) : -1;
    if (got > 0)
        *t = &c->track;
    else
        picture_copy_free(&c->track);
    return got < 0 ? -1 : 0;
}
