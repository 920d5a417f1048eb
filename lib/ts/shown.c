/* SPDX-License-Identifier: MIT */
/* The order of pictures and their times; see shown.h. */
#include "ts/shown.h"

#include <stdlib.h>
#include <string.h>

#include "recording/clock.h"

#define JITTER_90K 900 /* times that are out of order by less */
/* Decoding times that rise by more than two steps and this: the clock has jumped, or pictures are missing, and
 * with them their counts. */
#define HOLE_90K   3600

/* Whether a picture cannot be compared with those decoded before it, so much earlier. */
static bool is_far(const struct trtc_shown *s, int64_t step_90k)
{
    return step_90k < 0 || step_90k > 2 * s->step_90k + HOLE_90K;
}

static bool is_before(int64_t a_90k, int64_t b_90k)
{
    return trtc_ts_diff(a_90k, b_90k) < -JITTER_90K;
}

/* Whether the picture, with this count, and an earlier one in the order of decoding are on the wrong sides of each
 * other. Some encoders state that they do not reorder, and do: their counts show that. */
static bool contradicts(const struct trtc_shown *s, int i, const struct trtc_shown_picture *p,
                        int64_t count)
{
    const int64_t kept = s->kept[i].count, pts_90k = s->kept[i].pts_90k;

    if (p->in_order)
        return kept <= count && is_before(p->pts_90k, pts_90k);
    return (kept < count && is_before(p->pts_90k, pts_90k)) ||
           (count < kept && is_before(pts_90k, p->pts_90k));
}

static void drop(struct trtc_shown *s, int i)
{
    s->nb--;
    memmove(s->kept + i, s->kept + i + 1, (size_t)(s->nb - i) * sizeof *s->kept);
}

static void keep(struct trtc_shown *s, int64_t count, int64_t pts_90k)
{
    if (s->nb == TRTC_SHOWN_KEPT)
        drop(s, 0);
    if (s->nb > 0 && count != s->kept[s->nb - 1].count) {
        s->span_counts = count - s->kept[s->nb - 1].count;
        s->span_90k = trtc_ts_diff(pts_90k, s->kept[s->nb - 1].pts_90k);
    }
    s->kept[s->nb].count = count;
    s->kept[s->nb++].pts_90k = pts_90k;
}

/* Returns how many pictures one with this count contradicts. *which: the last of them. */
static int nb_against(const struct trtc_shown *s, const struct trtc_shown_picture *p, int64_t count,
                      int *which)
{
    int nb = 0;

    for (int i = 0; i < s->nb; i++)
        if (contradicts(s, i, p, count)) {
            *which = i;
            nb++;
        }
    return nb;
}

bool trtc_shown_contradicts(struct trtc_shown *s, const struct trtc_shown_picture *p)
{
    const int64_t step = trtc_ts_diff(p->dts_90k, s->dts_90k);
    const bool usable = p->stated && (p->in_order || p->order.known);
    int which = 0;

    s->dts_90k = p->dts_90k;
    if (is_far(s, step) || (!usable && (p->key || p->order.resets)))
        s->nb = 0;
    if (step > 0) /* else it is not known */
        s->step_90k = step;
    if (!usable)
        return false;
    const int64_t own = p->order.known ? p->order.count : s->nb_in++;
    const int nb = nb_against(s, p, p->key || p->order.resets ? INT64_MAX : own, &which);
    if (p->key || p->order.resets || (nb > 0 && s->apart)) /* the stream goes on from here */
        s->nb = 0;
    else if (nb == 1) /* it is not known which of the two is wrong */
        drop(s, which);
    s->apart = nb > 0 && s->nb > 0;
    if (!s->apart)
        keep(s, own, p->pts_90k);
    return nb > 0;
}

/* Returns the picture whose count is nearest to this one, except for one of them (-1: none), or -1. */
static int nearest(const struct trtc_shown *s, int64_t count, int except)
{
    int best = -1;

    for (int i = 0; i < s->nb; i++)
        if (i != except &&
            (best < 0 || llabs(s->kept[i].count - count) < llabs(s->kept[best].count - count)))
            best = i;
    return best;
}

/* The time behind all that are kept, by the shortest distance of two. */
static bool place_behind(const struct trtc_shown *s, int64_t *pts_90k)
{
    int64_t least = 0;
    int last = 0;

    for (int i = 1; i < s->nb; i++)
        last = trtc_ts_diff(s->kept[i].pts_90k, s->kept[last].pts_90k) > 0 ? i : last;
    for (int i = 0; i < s->nb; i++)
        for (int k = 0; k < s->nb; k++) {
            const int64_t by = trtc_ts_diff(s->kept[i].pts_90k, s->kept[k].pts_90k);
            least = by > 0 && (least == 0 || by < least) ? by : least;
        }
    if (least > 0)
        *pts_90k = s->kept[last].pts_90k + least;
    return least > 0;
}

bool trtc_shown_place(const struct trtc_shown *s, const struct trtc_shown_picture *p,
                      int64_t *pts_90k)
{
    const int64_t count = p->order.count;
    const int a = nearest(s, count, -1), b = nearest(s, count, a);
    int64_t counts = s->span_counts, span_90k = s->span_90k;

    if (p->key || p->order.resets)
        return place_behind(s, pts_90k);
    if (!p->order.known || a < 0)
        return false;
    if (b >= 0) {
        counts = s->kept[b].count - s->kept[a].count;
        span_90k = trtc_ts_diff(s->kept[b].pts_90k, s->kept[a].pts_90k);
    }
    if (counts == 0)
        return false;
    *pts_90k = s->kept[a].pts_90k + (count - s->kept[a].count) * span_90k / counts;
    return true;
}
