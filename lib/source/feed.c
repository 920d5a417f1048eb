/* SPDX-License-Identifier: MIT */
/* Feeds: the interface, and the lane of a recording. */
#include "source/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "mp4/sets_kept.h"
#include "recording/clock.h"
#include "source/feed_priv.h"
#include "source/reader.h"
#include "ts/es.h"

#define STEP_MAX_US   1000000 /* frames further apart than this: a hole */
#define VIDEO_STEP_US 66667
#define AUDIO_STEP_US 20000

/* ---- any feed ---- */

int trtc_feed_next(struct trtc_feed *f, struct trtc_feed_frame *out, struct trtc_err *err)
{
    if (f->ended)
        return TRTC_FED_END;
    const int got = f->ops->next(f, out, err);
    f->ended = got <= 0;
    f->nb_given += got == TRTC_FED_FRAME;
    return got;
}

void trtc_feed_ledger(struct trtc_feed *f, struct trtc_ledger *out)
{
    f->ops->ledger(f, out);
    out->nb_left[TRTC_LEFT_CUT] += out->nb_out - f->nb_given;
    out->nb_out = f->nb_given;
}

int trtc_feed_settle(struct trtc_feed *f)
{
    return f->ops->settle ? f->ops->settle(f) : 0;
}

void trtc_feed_free(struct trtc_feed **f)
{
    if (*f && (*f)->ops->free)
        (*f)->ops->free(*f);
    *f = NULL;
}

/* ---- the lane of a recording ---- */

struct lane_feed {
    struct trtc_feed feed;
    struct trtc_lane lane; /* the clips that are wanted, borrowed */
    enum trtc_kind kind;
    struct trtc_reader *reader;
    struct trtc_kept_sets *sets; /* of pictures: in force */
    enum trtc_codec codec;       /* ... and for this one */
    struct trtc_colour colour;   /* as the pictures state */
    int64_t prev_us, step_us;    /* decoding time of the frame before, and the usual distance */
};

/* Returns how long the frame lasts: by its samples, or by the distance to the frame before;
 * otherwise as long as the last frame whose length was known. */
static int64_t duration_us(struct lane_feed *f, const struct trtc_read *r)
{
    struct trtc_adts h;
    const int64_t step = f->prev_us == TRTC_NOTIME ? 0 : r->pkt.dts_us - f->prev_us;

    f->prev_us = r->pkt.dts_us;
    if (r->stream->codec == TRTC_CODEC_AAC && trtc_adts_parse(r->pkt.data, r->pkt.size, &h) == 0)
        f->step_us = (INT64_C(1000000) * h.samples + h.rate_hz / 2) / h.rate_hz;
    else if (step > 0 && step <= STEP_MAX_US)
        f->step_us = step;
    return f->step_us;
}

/* Adds the parameter sets in force to a key picture that lacks them, since decoding may begin
 * with any: they may be in an earlier segment. */
static void add_sets(struct lane_feed *f, struct trtc_feed_frame *out)
{
    struct trtc_video_params v;

    if (out->codec != TRTC_CODEC_H264 && out->codec != TRTC_CODEC_H265)
        return;
    if (out->codec != f->codec)
        trtc_kept_sets_clear(f->sets);
    f->codec = out->codec;
    trtc_kept_sets_take(f->sets, out->codec, out->pkt.data, out->pkt.size);
    if (out->pkt.key)
        out->sets = trtc_kept_sets_missing(f->sets, &out->sets_size);
    if (out->pkt.key && trtc_video_params_read(out->codec, out->pkt.data, out->pkt.size, &v) == 0)
        f->colour = v.colour;
    out->colour = f->colour;
}

static int lane_next(struct trtc_feed *feed, struct trtc_feed_frame *out, struct trtc_err *err)
{
    struct lane_feed *f = (struct lane_feed *)feed;
    struct trtc_read r;

    const int got = trtc_reader_next(f->reader, &r, err);
    if (got <= 0)
        return got;
    *out = (struct trtc_feed_frame){
        .pkt = r.pkt,
        .codec = r.stream->codec,
        .codec_name = r.stream->codec_name,
        .dur_us = duration_us(f, &r),
    };
    add_sets(f, out);
    return TRTC_FED_FRAME;
}

static void lane_free(struct trtc_feed *feed)
{
    struct lane_feed *f = (struct lane_feed *)feed;

    trtc_reader_free(&f->reader);
    trtc_kept_sets_free(&f->sets);
    free(f);
}

static void lane_ledger(struct trtc_feed *feed, struct trtc_ledger *out)
{
    *out = *trtc_reader_account(((struct lane_feed *)feed)->reader);
    out->nb_out = feed->ended ? feed->nb_given : out->nb_in - trtc_ledger_left(out);
}

static int lane_settle(struct trtc_feed *feed)
{
    return trtc_reader_settle(((struct lane_feed *)feed)->reader);
}

static const struct trtc_feed_ops lane_ops = { lane_next, lane_free, lane_ledger, lane_settle };

/* The clip to begin with: this one, or the last before it that has parameter sets. */
static size_t with_sets(const struct trtc_lane *lane, size_t clip)
{
    for (size_t i = clip; i < lane->n; i--)
        if (lane->clips[i].piece->facts.width_px > 0)
            return i;
    return clip;
}

/* When the first frame of a kind in a piece begins; its start if that is not known. */
static int64_t first_us(const struct trtc_piece *p, enum trtc_kind kind)
{
    const int64_t first = p->facts.first_90k[trtc_at(kind)];
    return p->start_us +
           (first == TRTC_NOTIME ? 0 : trtc_ts_diff(first, p->facts.first_ts_90k) * 100 / 9);
}

/* The first clip that does not end before us. One of two kinds may last longer than the playlist
 * says, until the next clip has some of it. */
static size_t clip_at(const struct trtc_lane *lane, enum trtc_kind kind, int64_t us)
{
    size_t i = 0;
    while (us != TRTC_NOTIME && i < lane->n &&
           trtc_clip_end_us(&lane->clips[i]) + TRTC_ROUNDING_US <= us)
        i++;
    if (i > 0 && us - trtc_clip_end_us(&lane->clips[i - 1]) <= TRTC_SECTION_GAP_US &&
        (i == lane->n || first_us(lane->clips[i].piece, kind) > us))
        i--;
    return i;
}

/* Whether the stamps of a just go on to those of b, so that nothing can have happened in a. */
static bool is_regular(const struct trtc_piece *a, const struct trtc_piece *b)
{
    const int64_t ticks = trtc_ts_diff(b->facts.first_ts_90k, a->facts.first_ts_90k),
                  off_us = ticks * 100 / 9 - (b->start_us - a->start_us);
    return !a->facts.odd && !b->facts.odd && a->part == 0 && b->part == 0 && a->list == b->list &&
           off_us < TRTC_ROUNDING_US && off_us > -TRTC_ROUNDING_US;
}

/* Returns how many clips of pictures need not be read for pictures that are seen from us on. */
static size_t skippable(const struct trtc_lane *lane, int64_t us)
{
    size_t n = with_sets(lane, clip_at(lane, TRTC_VIDEO, us));
    while (n > 0 && n < lane->n && lane->clips[n].piece->facts.headless)
        n = with_sets(lane, n - 1);
    for (size_t i = 1; i <= n && i < lane->n; i++)
        if (!is_regular(lane->clips[i - 1].piece, lane->clips[i].piece))
            return 0;
    return n < lane->n ? n : 0;
}

struct trtc_feed *trtc_feed_recording(const struct trtc_reader_opts *o, struct trtc_feed_from from,
                                      struct trtc_err *err)
{
    const struct trtc_lane *lane = o->lane;
    const enum trtc_kind kind = o->kind;
    struct trtc_reader_opts rest = *o;
    struct lane_feed *f = calloc(1, sizeof *f);
    size_t skip = clip_at(lane, kind, from.from_us);

    if (!f) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (kind == TRTC_VIDEO)
        skip = with_sets(lane, skip);
    *f = (struct lane_feed){
        .feed.ops = &lane_ops,
        .lane = { lane->clips + skip, lane->n - skip },
        .kind = kind,
        .prev_us = TRTC_NOTIME,
        .step_us = kind == TRTC_VIDEO ? VIDEO_STEP_US : AUDIO_STEP_US,
    };
    rest.lane = &f->lane;
    rest.skip = kind == TRTC_VIDEO ? skippable(&f->lane, from.read_us) : 0;
    f->reader = trtc_reader_new(&rest, err);
    f->sets = kind == TRTC_VIDEO ? trtc_kept_sets_new() : NULL;
    if (f->reader && (f->sets || kind != TRTC_VIDEO))
        return &f->feed;
    if (f->reader)
        trtc_fail_nomem(err);
    lane_free(&f->feed);
    return NULL;
}

/* ---- sources ---- */

int trtc_source_init(struct trtc_source *s, const struct trtc_source_ops *ops, const char *label,
                     struct trtc_losses *losses, struct trtc_err *err)
{
    *s = (struct trtc_source){ .ops = ops, .losses = losses };
    s->label = strdup(label);
    if (s->label && pthread_mutex_init(&s->lock, NULL) == 0)
        return 0;
    free(s->label);
    return trtc_fail_nomem(err);
}

void trtc_source_fini(struct trtc_source *s)
{
    pthread_mutex_destroy(&s->lock);
    free(s->label);
}

static void raise_to(int64_t *v, int64_t to)
{
    if (*v < to)
        *v = to;
}

void trtc_source_note_lost(struct trtc_source *s, const struct trtc_input *in, bool at_end)
{
    struct trtc_input_losses l;

    trtc_input_losses(in, &l);
    raise_to(&s->lost.nb_lost_packets, l.nb_lost_packets);
    raise_to(&s->lost.nb_bad_bytes, l.nb_bad_bytes);
    raise_to(&s->lost.nb_undecoded, l.nb_undecoded);
    raise_to(&s->lost.nb_faults, l.nb_faults);
    raise_to(&s->lost.nb_unfetched, l.nb_unfetched);
    raise_to(&s->lost.nb_short, l.nb_short);
    raise_to(&s->lost.nb_torn, l.nb_torn);
    raise_to(&s->lost.short_us, l.short_us);
    raise_to(&s->lost.nb_mended, l.nb_mended);
    raise_to(&s->lost.nb_unordered, l.nb_unordered);
    raise_to(&s->lost.nb_untimed, l.nb_untimed);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        raise_to(&s->lost.nb_scrambled[k], l.nb_scrambled[k]);
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        raise_to(&s->lost.nb_encrypted[k], l.nb_encrypted[k]);
    if (*l.encrypted)
        memcpy(s->lost.encrypted, l.encrypted, sizeof l.encrypted);
    s->lost.cut |= l.cut && at_end;
}

void trtc_source_note_why(struct trtc_source *s, const struct trtc_err *why)
{
    if (s->why.code == 0)
        s->why = *why;
}

void trtc_feed_of_input(const struct trtc_input_frame *f, int64_t off_us,
                        struct trtc_feed_frame *out)
{
    *out = (struct trtc_feed_frame){
        .pkt = f->pkt,
        .codec = f->codec,
        .codec_name = f->codec_name,
        .av_parameters = f->av_parameters,
        .dur_us = f->dur_us,
        .sets = f->sets,
        .sets_size = f->sets_size,
        .damaged = f->damaged,
        .guessed = f->guessed,
        .turn = f->turn,
        .sar_num = f->sar_num,
        .sar_den = f->sar_den,
        .colour = f->colour,
    };
    out->pkt.pts_us += off_us;
    out->pkt.dts_us += off_us;
}

struct trtc_source *trtc_source_open(const struct trtc_source_opts *o, const char *label,
                                     struct trtc_losses *losses, struct trtc_err *err)
{
    const char *path = strncmp(o->url, "file://", 7) == 0 ? o->url + 7 : o->url;
    const bool local = strcmp(path, "-") != 0 && !strstr(path, "://");
    struct stat st = { 0 };

    /* a wrong name is reported before any work, not in the middle of it */
    if (local && stat(path, &st) < 0) {
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
        return NULL;
    }
    if (local && (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && o->pace == TRTC_PACE_STORED)))
        return trtc_source_file_open(o, label, losses, err);
    return trtc_source_live_open(o, label, losses, err);
}

struct trtc_feed *trtc_source_feed(struct trtc_source *s, enum trtc_kind kind)
{
    return s->ops->feed(s, kind);
}

bool trtc_source_colour(const struct trtc_source *s, struct trtc_colour *out)
{
    return s->ops->colour && s->ops->colour(s, out);
}

bool trtc_source_wait(struct trtc_source *s, int64_t until_us, int64_t wall_us)
{
    return s->ops->wait(s, until_us, wall_us);
}

bool trtc_source_seen(struct trtc_source *s, enum trtc_kind kind, int64_t *first_us,
                      int64_t *end_us, bool *ended)
{
    return s->ops->seen(s, kind, first_us, end_us, ended);
}

bool trtc_source_named(struct trtc_source *s, int k, struct trtc_input_named *out)
{
    return s->ops->named(s, k, out);
}

void trtc_source_failure(struct trtc_source *s, struct trtc_err *err)
{
    pthread_mutex_lock(&s->lock);
    *err = s->why;
    pthread_mutex_unlock(&s->lock);
}

void trtc_source_end(struct trtc_source *s)
{
    if (s->ops->end)
        s->ops->end(s);
}

static struct trtc_loss loss_of(const struct trtc_source *s, const char *kind)
{
    return (struct trtc_loss){
        .path = s->label, .kind = kind, .start_us = TRTC_NOTIME, .lost_bytes = -1, .list = -1
    };
}

static void lose_damaged(void *of, const char *words, int64_t bytes)
{
    const struct trtc_source *s = of;
    struct trtc_loss loss = loss_of(s, "damaged");

    loss.lost_bytes = bytes;
    trtc_losses_addf(s->losses, &loss, "%s", words);
}

/* Lists what was left out since it is encrypted. */
static void lose_encrypted(const struct trtc_source *s)
{
    const struct trtc_loss encrypted = loss_of(s, "encrypted");
    const struct trtc_input_losses *l = &s->lost;
    bool counted = false;

    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const char *what = k == TRTC_AT_VIDEO ? "picture" : "sound";
        counted |= l->nb_encrypted[k] > 0;
        if (l->nb_scrambled[k] > 0)
            trtc_losses_addf(s->losses, &encrypted, "%" PRId64 " scrambled packet%s of %s left out",
                             l->nb_scrambled[k], trtc_text_s(l->nb_scrambled[k]), what);
        if (l->nb_encrypted[k] > 0)
            trtc_losses_addf(s->losses, &encrypted, "%" PRId64 " frame%s of %s encrypted with %s",
                             l->nb_encrypted[k], trtc_text_s(l->nb_encrypted[k]), what,
                             l->encrypted);
    }
    if (*l->encrypted && !counted)
        trtc_losses_addf(s->losses, &encrypted, "some of it is encrypted with %s", l->encrypted);
}

/* A loss that cannot be listed for want of memory is dropped: the program fails for that anyway. */
void trtc_source_settle(struct trtc_source *s)
{
    if (s->settled)
        return;
    s->settled = true;
    s->ops->settle(s);
    if (!s->losses)
        return;
    const struct trtc_loss truncated = loss_of(s, "truncated");
    trtc_input_say_damage(&s->lost, "not shown", lose_damaged, s);
    lose_encrypted(s);
    if (s->lost.cut)
        trtc_losses_addf(s->losses, &truncated, "it ends in the middle of a frame");
}

void trtc_source_free(struct trtc_source **s)
{
    if (!*s)
        return;
    trtc_source_settle(*s);
    (*s)->ops->free(*s);
    *s = NULL;
}
