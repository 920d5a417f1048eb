/* SPDX-License-Identifier: MIT */
/* Time stamps that rise for a moment only.
 *
 * A frame whose stamp rises by more than a step is followed by a pause, or its stamp is wrong: it may be
 * out of order, too. What follows shows which. Up to then the frame waits, and all behind it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/input_priv.h"

#define RISE_US     40000    /* by less: jitter */
#define STAYS_US    500000   /* stamps that stay up for so long have risen */
#define END_RISE_US 1000000  /* without any after it, only a rise by more is doubted */
#define STEP_MAX_US 1000000  /* also while none is known */
#define SLOW_MAX_US 10000000 /* where frames are so far apart again and again */
#define AWAIT_MAX   16       /* pictures within which the stream comes to one behind a pause */
#define WAIT_BYTES  ((size_t)8 * 1024 * 1024) /* of frames that wait */

struct trtc_input_risen {
    struct trtc_input_risen *next;
    struct trtc_input_raw raw;
    bool doubted;
    char codec_name[32];
    uint8_t bytes[];
};

/* The time by which frames of a track are in order, or NOTIME. */
static int64_t time_of(const struct trtc_input_raw *raw)
{
    if (raw->hidden)
        return TRTC_NOTIME;
    return raw->dts_us == TRTC_NOTIME && raw->track == TRTC_AT_AUDIO ? raw->pts_us : raw->dts_us;
}

static int64_t step_of(const struct trtc_input_rise_lane *l)
{
    return l->step_us ? l->step_us : STEP_MAX_US;
}

/* How far the track is above the place where it would be without a pause. */
static int64_t rise_of(const struct trtc_input_rise_lane *l)
{
    return l->risen_us - (l->from_us + step_of(l));
}

static const struct trtc_input_rise_lane *other_of(const struct trtc_input_rise *r,
                                                   const struct trtc_input_rise_lane *l)
{
    return &r->lane[l == &r->lane[0]];
}

/* Whether the other track rises as this one did. It may be a step ahead anyway. */
static bool is_common(const struct trtc_input_rise *r, const struct trtc_input_rise_lane *l)
{
    const struct trtc_input_rise_lane *other = other_of(r, l);

    return other->seen && l->other_us != TRTC_NOTIME &&
           other->at_us - l->other_us - (l->at_us - l->risen_us) - 2 * step_of(l) >= rise_of(l) / 2;
}

static void note_other(const struct trtc_input_rise *r, struct trtc_input_rise_lane *l)
{
    l->other_us = other_of(r, l)->seen ? other_of(r, l)->at_us : TRTC_NOTIME;
}

/* It is known which frames of the track are right. */
static void settle(struct trtc_input_rise *r, struct trtc_input_rise_lane *l)
{
    const int track = (int)(l - r->lane);
    const int64_t far_us = l->risen_us - l->from_us;

    /* twice as far is how far they are */
    if (l->nb_risen == 1 && far_us <= SLOW_MAX_US && far_us - l->far_us < RISE_US &&
        l->far_us - far_us < RISE_US)
        l->step_us = far_us;
    l->far_us = l->nb_risen > 0 ? far_us : l->far_us;
    l->nb_risen = 0;
    note_other(r, l);
    for (struct trtc_input_risen *f = r->first; f; f = f->next)
        if (f->raw.track == track)
            f->doubted = false;
}

/* ---- pictures that are shown long after they are decoded ---- */

static void await(struct trtc_input_rise_lane *l, int64_t shown_us)
{
    l->awaited_us = shown_us;
    l->nb_awaited = AWAIT_MAX;
}

static bool has_come(const struct trtc_input_rise_lane *l, int64_t to_us)
{
    return l->came && l->came_us >= to_us - STEP_MAX_US;
}

/* A pause is in front of such a picture if the stream soon comes to where it is shown. If not, its time was wrong,
 * which is counted. */
static void follow_shown(struct trtc_input_rise *r, const struct trtc_input_raw *raw)
{
    struct trtc_input_rise_lane *l = &r->lane[raw->track];
    const int64_t t = time_of(raw);
    const bool lifts = !r->off && raw->lags_us > 0;

    if (t == TRTC_NOTIME)
        return;
    l->came = true;
    l->came_us = t;
    if (l->nb_awaited > 0) {
        l->nb_awaited = has_come(l, l->awaited_us) ? 0 : l->nb_awaited - 1;
        r->nb_moved[raw->track] += l->nb_awaited == 0 && !has_come(l, l->awaited_us);
    }
    if (raw->sure && !lifts && raw->pts_us != TRTC_NOTIME &&
        raw->pts_us - t > TRTC_INPUT_REORDER_US)
        await(l, raw->pts_us);
}

/* No frame follows: the other track may show that there was a pause. */
static void end_shown(struct trtc_input_rise *r)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        r->nb_moved[k] +=
            r->lane[k].nb_awaited > 0 && !has_come(&r->lane[!k], r->lane[k].awaited_us);
}

/* ---- frames that rise ---- */

/* Puts a frame that rose to at_us. A decoding time that lags is right if pictures from before the pause follow. */
static void move(struct trtc_input_rise *r, struct trtc_input_rise_lane *l,
                 struct trtc_input_raw *raw, int64_t at_us)
{
    if (raw->lags_us > 0) {
        raw->dts_us -= raw->lags_us;
        await(l, raw->pts_us);
        return;
    }
    const int64_t by_us = at_us - time_of(raw);
    raw->pts_us += raw->pts_us != TRTC_NOTIME ? by_us : 0;
    raw->dts_us += raw->dts_us != TRTC_NOTIME ? by_us : 0;
    r->nb_moved[raw->track] += by_us < -RISE_US;
}

/* The frames that rose stand before to_us: they are put there. */
static void put_back(struct trtc_input_rise *r, struct trtc_input_rise_lane *l, int64_t to_us)
{
    const int track = (int)(l - r->lane);
    const int64_t whole_us = to_us > l->from_us ? to_us - l->from_us : 0;
    const int nb_steps = l->nb_risen + 1;
    int k = 0;

    for (struct trtc_input_risen *f = r->first; f; f = f->next) {
        if (f->raw.track != track || !f->doubted)
            continue;
        k++;
        l->at_us = l->from_us + whole_us / nb_steps * k + whole_us % nb_steps * k / nb_steps;
        move(r, l, &f->raw, l->at_us);
    }
    l->nb_risen = 0; /* so far apart they are not */
    settle(r, l);
}

/* The track goes on at t. */
static void follow(struct trtc_input_rise *r, struct trtc_input_rise_lane *l, int64_t t,
                   int64_t dur_us)
{
    const int64_t step_us = dur_us > 0 ? dur_us : t - l->at_us;

    if (l->seen && step_us > 0 && step_us <= STEP_MAX_US)
        l->step_us = step_us;
    l->seen = true;
    l->at_us = t;
    note_other(r, l);
}

/* Whether t is where the track would be if it had not risen. exact: frames before it cannot stand
 * after it, not even a little. */
static bool comes_back(const struct trtc_input_rise_lane *l, int64_t t, bool exact)
{
    const int64_t on_us = t - l->from_us, rose_us = l->risen_us - l->from_us;

    return t < l->at_us - (exact ? 0 : RISE_US) && on_us > -RISE_US &&
           (on_us <= (l->nb_risen + 1) * step_of(l) + RISE_US || on_us <= rose_us / 2);
}

/* Returns whether the frame has to wait for those after it. */
static bool judge(struct trtc_input_rise *r, const struct trtc_input_raw *raw)
{
    struct trtc_input_rise_lane *l = &r->lane[raw->track];
    const int64_t t = time_of(raw);

    if (t == TRTC_NOTIME)
        return false;
    if (l->nb_risen > 0) {
        if (comes_back(l, t, raw->track == TRTC_AT_VIDEO && raw->key))
            put_back(r, l, t);
        else if (t < l->at_us - RISE_US || t - l->risen_us >= STAYS_US)
            settle(r, l);
        l->nb_risen += l->nb_risen > 0;
        if (l->nb_risen > 0) {
            l->at_us = t > l->at_us ? t : l->at_us;
            return true;
        }
    } else if (l->seen && t - l->at_us > step_of(l) + RISE_US) {
        l->nb_risen = 1;
        l->from_us = l->at_us;
        l->at_us = l->risen_us = t;
        return true;
    }
    follow(r, l, t, raw->track == TRTC_AT_AUDIO ? raw->dur_us : 0);
    return false;
}

static void settle_common(struct trtc_input_rise *r)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        if (r->lane[k].nb_risen > 0 && is_common(r, &r->lane[k]))
            settle(r, &r->lane[k]);
}

static void settle_all(struct trtc_input_rise *r)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++)
        settle(r, &r->lane[k]);
}

/* Whether the other track has ended long before the frames that rose at the end, and frames of this one were not
 * so far apart before. */
static bool is_above_all(const struct trtc_input_rise *r, const struct trtc_input_rise_lane *l)
{
    const int64_t far_us = l->risen_us - l->from_us;

    return l->nb_risen > 0 && other_of(r, l)->seen && rise_of(l) > END_RISE_US &&
           far_us / 2 > l->far_us && other_of(r, l)->at_us < l->from_us + far_us / 2;
}

/* No frame follows. */
static void settle_end(struct trtc_input_rise *r)
{
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        struct trtc_input_rise_lane *l = &r->lane[k];
        if (is_above_all(r, l))
            put_back(r, l, l->from_us + (l->nb_risen + 1) * step_of(l));
    }
    settle_all(r);
}

static size_t bytes_of(const struct trtc_input_risen *f)
{
    return sizeof *f + f->raw.size + f->raw.sets_size;
}

static int push(struct trtc_input_rise *r, const struct trtc_input_raw *raw, bool doubted,
                struct trtc_err *err)
{
    struct trtc_input_risen *f = malloc(sizeof *f + raw->size + raw->sets_size);

    if (!f)
        return trtc_fail_nomem(err);
    *f = (struct trtc_input_risen){ .raw = *raw, .doubted = doubted };
    snprintf(f->codec_name, sizeof f->codec_name, "%s", raw->codec_name ? raw->codec_name : "");
    f->raw.codec_name = f->codec_name;
    f->raw.data = f->bytes;
    memcpy(f->bytes, raw->data, raw->size);
    if (raw->sets)
        f->raw.sets = memcpy(f->bytes + raw->size, raw->sets, raw->sets_size);
    *(r->first ? &r->last->next : &r->first) = f;
    r->last = f;
    r->nb_bytes += bytes_of(f);
    return 0;
}

static void pop(struct trtc_input_rise *r, struct trtc_input_raw *raw)
{
    r->given = r->first;
    r->first = r->given->next;
    r->nb_bytes -= bytes_of(r->given);
    *raw = r->given->raw;
}

int trtc_input_rise_next(struct trtc_input_rise *r, const struct trtc_input_ops *ops, void *back,
                         struct trtc_input_raw *raw, struct trtc_err *err)
{
    free(r->given);
    r->given = NULL;
    for (;;) {
        if (r->first && !r->first->doubted) {
            pop(r, raw);
            return 1;
        }
        if (r->is_ahead) {
            r->is_ahead = false;
            *raw = r->ahead;
            return 1;
        }
        if (r->ended)
            return r->result;
        const int ret = ops->next(back, raw, err);
        if (ret <= 0) {
            r->ended = true;
            r->result = ret;
            settle_end(r);
            end_shown(r);
            continue;
        }
        follow_shown(r, raw);
        raw->dts_us += r->off ? 0 : raw->lags_us;
        const bool doubted = !r->off && judge(r, raw);
        settle_common(r);
        if (!r->first && !(doubted && r->lane[raw->track].nb_risen > 0))
            return 1;
        if (raw->av_parameters || r->nb_bytes > WAIT_BYTES) { /* it cannot be kept, */
            settle_all(r);
            r->ahead = *raw; /* ... and is valid until the next is read */
            r->is_ahead = true;
        } else if (push(r, raw, doubted && r->lane[raw->track].nb_risen > 0, err) < 0) {
            return -1;
        }
    }
}

void trtc_input_rise_fini(struct trtc_input_rise *r)
{
    free(r->given);
    while (r->first) {
        struct trtc_input_risen *f = r->first;
        r->first = f->next;
        free(f);
    }
}

int64_t trtc_input_rise_waiting(const struct trtc_input_rise *r, int track)
{
    int64_t n = r->is_ahead && r->ahead.track == track;

    for (const struct trtc_input_risen *f = r->first; f; f = f->next)
        n += f->raw.track == track;
    return n;
}
