/* SPDX-License-Identifier: MIT */
/* Who is in the room when. */
#include "recording/roster.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"

int trtc_intervals_add(struct trtc_intervals *v, int64_t start_us, int64_t end_us, int64_t gap_us,
                       struct trtc_err *err)
{
    struct trtc_interval *last = v->n ? &v->items[v->n - 1] : NULL;
    if (last && (last->end_us == INT64_MAX || start_us - last->end_us <= gap_us)) {
        if (end_us > last->end_us)
            last->end_us = end_us;
        return 0;
    }
    if (trtc_array_room(&v->items, v->n, sizeof *v->items) < 0)
        return trtc_fail_nomem(err);
    v->items[v->n++] = (struct trtc_interval){ start_us, end_us };
    return 0;
}

int trtc_intervals_lane(struct trtc_intervals *v, const struct trtc_lane *lane,
                        struct trtc_err *err)
{
    for (size_t i = 0; i < lane->n; i++)
        if (trtc_intervals_add(v, lane->clips[i].piece->start_us, trtc_clip_end_us(&lane->clips[i]),
                               TRTC_SECTION_GAP_US, err) < 0)
            return -1;
    return 0;
}

int trtc_intervals_union(const struct trtc_intervals *a, const struct trtc_intervals *b,
                         int64_t gap_us, struct trtc_intervals *out, struct trtc_err *err)
{
    size_t i = 0, j = 0;
    trtc_intervals_fini(out);
    while (i < a->n || j < b->n) {
        bool left = j == b->n || (i < a->n && a->items[i].start_us <= b->items[j].start_us);
        const struct trtc_interval *x = left ? &a->items[i++] : &b->items[j++];
        if (trtc_intervals_add(out, x->start_us, x->end_us, gap_us, err) < 0)
            return -1;
    }
    return 0;
}

void trtc_intervals_linger(struct trtc_intervals *v, int64_t by_us)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        struct trtc_interval x = v->items[i];
        if (x.end_us < INT64_MAX - by_us)
            x.end_us += by_us;
        if (n && x.start_us <= v->items[n - 1].end_us)
            v->items[n - 1].end_us = x.end_us;
        else
            v->items[n++] = x;
    }
    v->n = n;
}

/* The number of intervals that begin at t_us or before. */
static size_t begun_at(const struct trtc_intervals *v, int64_t t_us)
{
    size_t lo = 0, hi = v->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (v->items[mid].start_us > t_us)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

const struct trtc_interval *trtc_intervals_at(const struct trtc_intervals *v, int64_t t_us)
{
    const size_t n = begun_at(v, t_us);
    return n && t_us < v->items[n - 1].end_us ? &v->items[n - 1] : NULL;
}

bool trtc_intervals_meet(const struct trtc_intervals *v, int64_t from_us, int64_t to_us)
{
    const size_t n = begun_at(v, to_us);
    return n && from_us < v->items[n - 1].end_us;
}

void trtc_intervals_fini(struct trtc_intervals *v)
{
    free(v->items);
    *v = (struct trtc_intervals){ 0 };
}

int trtc_member_settle(struct trtc_member *m, int64_t linger_us, struct trtc_err *err)
{
    static const struct trtc_intervals none = { 0 };
    const int64_t gap = TRTC_SECTION_GAP_US;
    if (trtc_intervals_union(&m->sound, &m->picture, gap, &m->both, err) < 0 ||
        trtc_intervals_union(&m->both, &none, gap, &m->stay, err) < 0 ||
        trtc_intervals_union(&m->sound, &none, gap, &m->stay_sound, err) < 0 ||
        trtc_intervals_union(&m->picture, &none, gap, &m->stay_picture, err) < 0)
        return -1;
    trtc_intervals_linger(&m->stay, linger_us);
    trtc_intervals_linger(&m->stay_sound, linger_us);
    trtc_intervals_linger(&m->stay_picture, linger_us);
    return 0;
}

bool trtc_member_shown(const struct trtc_member *m, int64_t t_us)
{
    const size_t n = begun_at(&m->picture, t_us);
    return trtc_intervals_at(&m->stay_picture, t_us) ||
           (n && t_us - m->picture.items[n - 1].end_us < TRTC_SECTION_GAP_US &&
            trtc_intervals_at(&m->stay, t_us));
}

void trtc_member_fini(struct trtc_member *m)
{
    trtc_intervals_fini(&m->sound);
    trtc_intervals_fini(&m->picture);
    trtc_intervals_fini(&m->both);
    trtc_intervals_fini(&m->stay);
    trtc_intervals_fini(&m->stay_sound);
    trtc_intervals_fini(&m->stay_picture);
}

/* Since when the member has had its current window at t_us. TRTC_NOTIME: it has none. */
static int64_t entered_us(const struct trtc_member *m, bool no_audio_windows, int64_t t_us)
{
    const struct trtc_wanted *w = &m->wanted;
    const struct trtc_intervals *v = w->sound && w->picture ? &m->stay
                                     : w->picture           ? &m->stay_picture
                                     : w->sound             ? &m->stay_sound
                                                            : NULL;
    if (no_audio_windows)
        v = w->picture ? &m->stay_picture : NULL;
    const struct trtc_interval *x = v ? trtc_intervals_at(v, t_us) : NULL;
    return x ? x->start_us : TRTC_NOTIME;
}

size_t trtc_roster_at(const struct trtc_member *const *members, size_t n, bool no_audio_windows,
                      int64_t t_us, size_t *out)
{
    size_t nb = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t since = entered_us(members[i], no_audio_windows, t_us);
        if (since == TRTC_NOTIME)
            continue;
        size_t at = nb++;
        for (; at > 0; at--) {
            const size_t before = out[at - 1];
            if (entered_us(members[before], no_audio_windows, t_us) <= since)
                break;
            out[at] = before;
        }
        out[at] = i;
    }
    return nb;
}
