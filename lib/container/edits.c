/* SPDX-License-Identifier: MIT */
/* What edit lists mean. */
#include "container/edits.h"

#include <stdio.h>

#define S(us) ((double)(us) / 1e6)

/* Lists count in units of the film, often of a millisecond, and times of tracks are finer. */
#define SLACK_US 2000

static bool is_shown(const struct trtc_edit *e)
{
    return e->at_us != TRTC_EDIT_EMPTY;
}

/* Returns the end of a part in its track. */
static int64_t end_us(const struct trtc_edit *e)
{
    if (e->rate == 0)
        return e->at_us;
    return e->dur_us > INT64_MAX - e->at_us ? INT64_MAX : e->at_us + e->dur_us;
}

/* Not beyond the latest time. */
static int64_t later(int64_t us, int64_t by_us)
{
    return by_us > TRTC_EDITS_TIME_MAX_US - us ? TRTC_EDITS_TIME_MAX_US : us + by_us;
}

bool trtc_edits_are_plain(const struct trtc_edits *v)
{
    size_t nb = 0;

    for (size_t k = 0; k < v->n; k++)
        nb += is_shown(&v->items[k]);
    return nb == 0 || (nb == 1 && trtc_edits_are_pieces(v));
}

bool trtc_edits_are_pieces(const struct trtc_edits *v)
{
    bool begun = false;

    for (size_t k = 0; k < v->n; k++) {
        const struct trtc_edit *e = &v->items[k];
        if (is_shown(e) ? e->rate != TRTC_EDIT_NORMAL || e->dur_us == INT64_MAX : begun)
            return false;
        begun |= is_shown(e);
    }
    return true;
}

bool trtc_edits_are_in_order(const struct trtc_edits *v)
{
    int64_t at_us = 0;

    for (size_t k = 0; k < v->n; k++) {
        const struct trtc_edit *e = &v->items[k];
        if (!is_shown(e))
            continue;
        if (e->at_us < at_us - SLACK_US || e->rate < 0)
            return false;
        at_us = end_us(e);
    }
    return true;
}

bool trtc_edits_have_speed(const struct trtc_edits *v)
{
    for (size_t k = 0; k < v->n; k++)
        if (is_shown(&v->items[k]) && v->items[k].rate != TRTC_EDIT_NORMAL && v->items[k].rate)
            return true;
    return false;
}

int64_t trtc_edits_rest_us(const struct trtc_edits *v, int64_t all_us)
{
    int64_t rest_us = all_us;

    if (!trtc_edits_are_in_order(v) || trtc_edits_have_speed(v))
        return all_us;
    for (size_t i = 0; i < v->n; i++) {
        const struct trtc_edit *e = &v->items[i];
        if (e->at_us >= 0 && e->at_us < all_us && e->rate != 0)
            rest_us -= e->dur_us < all_us - e->at_us ? e->dur_us : all_us - e->at_us;
    }
    return rest_us > 0 ? rest_us : 0;
}

int64_t trtc_edits_shift_us(const struct trtc_edits *v)
{
    int64_t shown_us = 0;

    for (size_t k = 0; k < v->n; k++) {
        if (is_shown(&v->items[k]))
            return shown_us - v->items[k].at_us;
        shown_us = later(shown_us, v->items[k].dur_us);
    }
    return 0;
}

int64_t trtc_edits_time_us(const struct trtc_edits *v, int64_t at_us)
{
    int64_t shown_us = 0,
            last_us = 0; /* where the next part begins, and where the last one ended */
    bool begun = false;

    for (size_t k = 0; k < v->n; k++) {
        const struct trtc_edit *e = &v->items[k];
        const bool shown = is_shown(e);
        if (shown && at_us < e->at_us)
            return begun ? shown_us : shown_us + at_us - e->at_us;
        if (shown && (at_us < end_us(e) || (e->rate == 0 && at_us == e->at_us)))
            return later(shown_us, at_us - e->at_us);
        shown_us = later(shown_us, e->dur_us);
        last_us = shown ? shown_us : last_us;
        begun |= shown;
    }
    return last_us;
}

/* Whether a frame belongs to a part, not just by an error of rounding. */
static bool is_within(const struct trtc_edit *e, int64_t at_us, int64_t dur_us)
{
    if (e->rate == 0)
        return at_us <= e->at_us && at_us + dur_us > e->at_us;
    return at_us + SLACK_US < end_us(e) &&
           (at_us >= e->at_us || at_us + dur_us > e->at_us + SLACK_US);
}

struct trtc_edited trtc_edits_frame(const struct trtc_edits *v, int64_t at_us, int64_t dur_us)
{
    const int64_t last_us = at_us + dur_us;

    for (size_t k = 0; k < v->n; k++) {
        const struct trtc_edit *e = &v->items[k];
        if (!is_shown(e) || !is_within(e, at_us, dur_us))
            continue;
        if (e->rate == 0)
            return (struct trtc_edited){ .trim_us = e->at_us - at_us };
        return (struct trtc_edited){
            .trim_us = at_us < e->at_us ? e->at_us - at_us : 0,
            .trim_end_us = last_us > end_us(e) ? last_us - end_us(e) : 0,
        };
    }
    return (struct trtc_edited){ .hidden = true };
}

static int put_part(const struct trtc_edit *e, char *out, size_t size)
{
    if (!is_shown(e))
        return snprintf(out, size, "nothing for %.3f s", S(e->dur_us));
    if (e->rate == 0)
        return snprintf(out, size, "the picture at %.3f s for %.3f s", S(e->at_us), S(e->dur_us));
    if (e->rate != TRTC_EDIT_NORMAL)
        return snprintf(out, size, "%.3f s from %.3f s on, at %.2f times the speed", S(e->dur_us),
                        S(e->at_us), (double)e->rate / TRTC_EDIT_NORMAL);
    if (e->dur_us == INT64_MAX)
        return snprintf(out, size, "%.3f s to the end", S(e->at_us));
    return snprintf(out, size, "%.3f-%.3f s", S(e->at_us), S(end_us(e)));
}

const char *trtc_edits_words(const struct trtc_edits *v, char *out, size_t size)
{
    enum { PARTS = 5 };
    size_t n = 0;

    out[0] = '\0';
    for (size_t k = 0; k < v->n && n < size; k++) {
        if (k == PARTS && v->n > PARTS + 1) {
            snprintf(out + n, size - n, ", and %zu more", v->n - PARTS);
            break;
        }
        n += (size_t)snprintf(out + n, size - n, "%s", k ? ", " : "");
        if (n < size)
            n += (size_t)put_part(&v->items[k], out + n, size - n);
    }
    return out;
}
