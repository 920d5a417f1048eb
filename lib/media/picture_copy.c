/* SPDX-License-Identifier: MIT */
/* Picture copied: access units as they are, placed by their time. In a hole the last picture
 * stands, since a sample lasts until the next one; where nothing can stand (before the first
 * picture, or with -b) one black picture of our own is put in, whose parameter sets carry an
 * id of their own so that the others need not be touched. */
#include <stdlib.h>
#include <string.h>

#include "media/encode.h"
#include "media/reader.h"
#include "media/track.h"

enum { SETS_MAX = 8192 };

struct picture_copy {
    struct trtc_track track;
    const struct trtc_output *out;
    struct trtc_reader *reader;
    bool black_holes;
    size_t hint;
    struct trtc_read held;
    bool have_held, drained;
    uint8_t *buf; /* the sample, length-prefixed */
    size_t cap;
    uint8_t
        sets[SETS_MAX]; /* parameter sets for the header: the stream's, then the black picture's */
    size_t sets_size;
    uint8_t last_sets[SETS_MAX]; /* as they stood in the last key frame */
    size_t last_sets_size;
    uint8_t *black; /* black access unit, or NULL */
    size_t black_size;
    bool black_due;
    int64_t black_at_us;
    int64_t last_dts, max_pts; /* ticks; INT64_MIN before the first sample */
    int64_t shown_until_us;    /* where the last picture would end by itself */
    int64_t prev_dts_us, step_us;
};

static struct picture_copy *self(struct trtc_track *t)
{
    return (struct picture_copy *)t;
}

/* Decoding times rise, presentation times do not fall below them: what rounding at a join
 * disturbs is put right. */
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

static int reserve(struct picture_copy *c, size_t n, struct trtc_err *err)
{
    if (n <= c->cap)
        return 0;
    uint8_t *grown = realloc(c->buf, n * 2);
    if (!grown)
        return trtc_fail_nomem(err);
    c->buf = grown;
    c->cap = n * 2;
    return 0;
}

static int emit_annexb(struct picture_copy *c, struct trtc_sample *s, const uint8_t *au,
                       size_t size, struct trtc_err *err)
{
    if (reserve(c, size + size / 3 + 16, err) < 0)
        return -1;
    s->data = c->buf;
    s->size = trtc_annexb_to_lengths(c->track.format.codec, au, size, false, c->buf);
    return 0;
}

static int emit_black(struct picture_copy *c, struct trtc_sample *s, struct trtc_err *err)
{
    c->black_due = false;
    if (emit_annexb(c, s, c->black, c->black_size, err) < 0)
        return -1;
    emit(c, s, c->black_at_us, c->black_at_us, true);
    c->track.stats.nb_filled++;
    return 1;
}

/* The size may change only at a key frame that brings other parameter sets. */
static int check_size(struct picture_copy *c, struct trtc_err *err)
{
    const struct trtc_packet *p = &c->held.pkt;
    const struct trtc_mp4_track *f = &c->track.format;
    uint8_t sets[SETS_MAX];
    size_t n = trtc_video_param_sets(f->codec, p->data, p->size, sets, sizeof sets);
    if (n == 0 || n > sizeof sets || (n == c->last_sets_size && memcmp(sets, c->last_sets, n) == 0))
        return 0;
    struct trtc_video_params v;
    memcpy(c->last_sets, sets, n);
    c->last_sets_size = n;
    if (trtc_video_params_read(f->codec, sets, n, &v) == 0 &&
        (v.width_px != f->width_px || v.height_px != f->height_px)) {
        c->track.size_changed = true;
        return trtc_fail(err, TRTC_EX_UNAVAILABLE,
                         "%s/%s: the picture size changes to %dx%d within the segment",
                         c->out->rec->dir, c->held.piece->uri, v.width_px, v.height_px);
    }
    return 0;
}

/* A hole is where the picture has been absent for longer than a slow source explains. */
static bool is_hole(const struct picture_copy *c, int64_t until_us)
{
    return until_us - c->shown_until_us > 1000000;
}

static int emit_held(struct picture_copy *c, struct trtc_sample *s, struct trtc_err *err)
{
    const struct trtc_packet *p = &c->held.pkt;
    struct trtc_track_stats *st = &c->track.stats;
    int64_t pts_us = trtc_output_us(c->out, p->pts_us, &c->hint);
    int64_t dts_us = pts_us - (p->pts_us - p->dts_us);
    if ((p->key && check_size(c, err) < 0) || emit_annexb(c, s, p->data, p->size, err) < 0)
        return -1;
    if (st->first_us == TRTC_NOTIME)
        st->first_us = pts_us;
    int64_t step =
        dts_us - c->prev_dts_us; /* in decoding order the distances are even, also with B-frames */
    if (c->prev_dts_us != TRTC_NOTIME && step > 0 && step < 500000)
        c->step_us = step;
    c->prev_dts_us = dts_us;
    if (is_hole(c, pts_us))
        st->filled_us += pts_us - c->shown_until_us;
    if (pts_us + c->step_us > c->shown_until_us)
        c->shown_until_us = pts_us + c->step_us;
    st->last_us = c->shown_until_us;
    emit(c, s, dts_us, pts_us, p->key);
    c->have_held = false;
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
    if (c->black_holes && c->black && is_hole(c, until) && (c->drained || c->held.pkt.key))
        black_from(c, c->shown_until_us);
    return 0;
}

static int picture_copy_next(struct trtc_track *t, struct trtc_sample *s, struct trtc_err *err)
{
    struct picture_copy *c = self(t);
    if (!c->have_held && !c->black_due && fetch(c, err) < 0)
        return -1;
    if (c->black_due)
        return emit_black(c, s, err);
    if (c->have_held)
        return emit_held(c, s, err);
    int64_t end_us = c->out->dur_us > c->shown_until_us ? c->out->dur_us : c->shown_until_us;
    t->end = trtc_us_to_ticks(end_us, t->format.timescale);
    return 0;
}

static void picture_copy_free(struct trtc_track *t)
{
    struct picture_copy *c = self(t);
    trtc_reader_free(&c->reader);
    free(c->black);
    free(c->buf);
    free(c);
}

static bool sets_vary(const struct trtc_lane *lane)
{
    for (size_t i = 1; i < lane->n; i++)
        if (lane->clips[i].piece->facts.sets_hash != lane->clips[0].piece->facts.sets_hash)
            return true;
    return false;
}

/* An id that no parameter set of the stream uses. */
static int free_sps_id(const struct trtc_lane *lane)
{
    int id = 31;
    for (size_t i = 0; i < lane->n && id > 0; i++)
        if (lane->clips[i].piece->facts.sps_id == id) {
            id--;
            i = (size_t)-1;
        }
    return id;
}

static int add_black(struct picture_copy *c, const struct trtc_facts *f, struct trtc_err *err)
{
    uint8_t *sets = NULL;
    size_t n = 0;
    if (trtc_black_picture(f->width_px, f->height_px, f->sar_num, f->sar_den,
                           free_sps_id(&c->out->video), &sets, &n, &c->black, &c->black_size,
                           err) < 0)
        return -1;
    if (c->sets_size + n <= sizeof c->sets) {
        memcpy(c->sets + c->sets_size, sets, n);
        c->sets_size += n;
    } else {
        free(c->black);
        c->black = NULL;
    }
    free(sets);
    return 0;
}

/* The stream's own 90 kHz, or coarser where a picture might stand for longer than a sample can
 * (TRTC_MP4_STEP_MAX). */
static uint32_t fitting_timescale(int64_t dur_us)
{
    static const uint32_t scales[] = { 90000, 10000, 1000 };
    size_t i = 0;
    while (i < 2 && trtc_us_to_ticks(dur_us, scales[i]) > TRTC_MP4_STEP_MAX)
        i++;
    return scales[i];
}

/* The format is that of the first key frame. */
static int learn_format(struct picture_copy *c, struct trtc_err *err)
{
    int got = trtc_reader_next(c->reader, &c->held, err);
    if (got <= 0)
        return got;
    const struct trtc_packet *p = &c->held.pkt;
    struct trtc_video_params v;
    enum trtc_codec codec = c->held.stream->codec;
    if (trtc_video_params_read(codec, p->data, p->size, &v) < 0)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s/%s: the first key frame has no parameter sets",
                         c->out->rec->dir, c->held.piece->uri);
    c->sets_size = trtc_video_param_sets(codec, p->data, p->size, c->sets, sizeof c->sets);
    if (c->sets_size > sizeof c->sets)
        return trtc_fail(err, TRTC_EX_DATAERR, "%s/%s: parameter sets of %zu bytes",
                         c->out->rec->dir, c->held.piece->uri, c->sets_size);
    memcpy(c->last_sets, c->sets, c->sets_size);
    c->last_sets_size = c->sets_size;
    int64_t at = trtc_output_us(c->out, p->pts_us, &c->hint);
    bool late = at >= TRTC_ROUNDING_US;
    bool holes = false;
    for (size_t i = 0; i < c->out->nb_gaps; i++)
        holes |= c->out->gaps[i].kind == TRTC_VIDEO;
    if (c->out->can_black && (late || (c->black_holes && holes)) &&
        add_black(c, &c->held.piece->facts, err) < 0)
        return -1;
    if (late && c->black)
        black_from(c, 0);
    c->shown_until_us = at;
    c->have_held = true;
    c->track.format = (struct trtc_mp4_track){
        .codec = codec,
        .timescale = fitting_timescale(c->out->dur_us),
        .width_px = v.width_px,
        .height_px = v.height_px,
        .sar_num = v.sar_num,
        .sar_den = v.sar_den,
        .annexb = c->sets,
        .annexb_size = c->sets_size,
        .inband = sets_vary(&c->out->video),
    };
    return 1;
}

int trtc_picture_copy_new(const struct trtc_output *out, const struct trtc_track_opts *o,
                          struct trtc_track **t, struct trtc_err *err)
{
    static const struct trtc_track_ops ops = { picture_copy_next, picture_copy_free };
    *t = NULL;
    struct picture_copy *c = calloc(1, sizeof *c);
    if (!c)
        return trtc_fail_nomem(err);
    c->track.ops = &ops;
    c->track.stats.first_us = c->track.stats.last_us = TRTC_NOTIME;
    c->out = out;
    c->black_holes = o->black;
    c->last_dts = c->max_pts = INT64_MIN;
    c->step_us = 66667;
    c->prev_dts_us = TRTC_NOTIME;
    c->reader = trtc_reader_new(out->rec, &out->video, TRTC_VIDEO, o->losses, o->bytes, err);
    int got = c->reader ? learn_format(c, err) : -1;
    if (got > 0)
        *t = &c->track;
    else
        picture_copy_free(&c->track);
    return got < 0 ? -1 : 0;
}
