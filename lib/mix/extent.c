/* SPDX-License-Identifier: MIT */
/* When a mix begins and ends: calculates with times some of which may be unknown. */
#include "mix/extent.h"

#include "base/utc.h"

int64_t trtc_when_us(const struct trtc_when *w, int64_t start_us)
{
    return !w->given ? TRTC_NOTIME : w->relative ? start_us + w->us : w->us;
}

static int64_t known(int64_t us, int64_t otherwise_us)
{
    return us == TRTC_NOTIME ? otherwise_us : us;
}

static int check_far(const struct trtc_extent_asked *asked, const struct trtc_extent_there *there,
                     const struct trtc_extent *e, struct trtc_err *err)
{
    const int64_t first_us = known(there->start_us, there->began_us),
                  last_us = known(there->end_us, INT64_MAX - TRTC_STRAY_US);
    if (asked->from.given && e->start_us != TRTC_NOTIME && e->start_us < first_us - TRTC_STRAY_US)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "--from is more than 48 h before the first user enters");
    if (asked->to.given && e->end_us != TRTC_NOTIME && e->end_us > last_us + TRTC_STRAY_US)
        return trtc_fail(err, TRTC_EX_USAGE, "--to is more than 48 h after the last user has left");
    return 0;
}

static int check_length(const struct trtc_extent_asked *asked, const struct trtc_extent *e,
                        struct trtc_err *err)
{
    const bool whole = e->start_us != TRTC_NOTIME && e->end_us != TRTC_NOTIME;
    if (e->length_us <= 0 && e->length_us != TRTC_NOTIME)
        return trtc_fail(err, TRTC_EX_DATAERR, "there is nothing between --from and --to");
    if (whole && e->end_us <= e->start_us)
        return trtc_fail(err, TRTC_EX_DATAERR, "there is nothing between %s and %s",
                         asked->from.given ? "--from" : "the beginning",
                         asked->to.given ? "--to" : "the end");
    return 0;
}

/* Refuses a still picture of a time at which nobody is in the mix. */
static int check_still(const struct trtc_extent_there *there, const struct trtc_extent *e,
                       struct trtc_err *err)
{
    char from[32], to[32];
    if (there->unplaced || there->start_us == TRTC_NOTIME || there->end_us == TRTC_NOTIME ||
        (e->start_us >= there->start_us && e->start_us < there->end_us))
        return 0;
    trtc_utc_format3339(there->start_us / 1000, from);
    trtc_utc_format3339(there->end_us / 1000, to);
    return trtc_fail(err, TRTC_EX_DATAERR,
                     "--still: the time is outside of the mix, which lasts from %s to %s", from,
                     to);
}

static int check_longest(const struct trtc_extent_asked *asked, const struct trtc_extent *e,
                         struct trtc_err *err)
{
    if (asked->longest_us == 0 || e->start_us == TRTC_NOTIME || e->end_us == TRTC_NOTIME ||
        e->end_us - e->start_us <= asked->longest_us)
        return 0;
    return trtc_fail(err, TRTC_EX_DATAERR, "%.1f days are too long for an MP4",
                     (double)(e->end_us - e->start_us) / 86400e6);
}

int trtc_extent_find(const struct trtc_extent_asked *asked, const struct trtc_extent_there *there,
                     struct trtc_extent *out, struct trtc_err *err)
{
    const struct trtc_when *from = &asked->from, *to = &asked->to;
    const bool open =
        there->unplaced && (there->start_us == TRTC_NOTIME || there->start_us < there->began_us);
    *out = (struct trtc_extent){ .otherwise_us = there->start_us,
                                 .start_us = open ? TRTC_NOTIME : there->start_us,
                                 .end_us = there->end_us,
                                 .length_us = TRTC_NOTIME,
                                 .cut = to->given };
    if (from->given && (!open || !from->relative))
        out->start_us = trtc_when_us(from, there->start_us);
    else if (from->given)
        out->after_us = from->us;
    if (to->given && (!open || !to->relative))
        out->end_us = trtc_when_us(to, there->start_us);
    else if (to->given)
        out->length_us = to->us - out->after_us;
    if (asked->still.given) {
        out->start_us = trtc_when_us(&asked->still, there->start_us);
        return check_still(there, out, err);
    }
    if (check_length(asked, out, err) < 0 || check_far(asked, there, out, err) < 0)
        return -1;
    return check_longest(asked, out, err);
}

int trtc_extent_base(struct trtc_spot *spots, size_t n, bool live, int64_t now_us, int64_t *base_us,
                     struct trtc_err *err)
{
    const int64_t nb_strays = trtc_find_strays(spots, n);
    *base_us = INT64_MAX;
    for (size_t i = 0; i < n; i++)
        if (!spots[i].stray && spots[i].start_us < *base_us)
            *base_us = spots[i].start_us;
    if (n == 0 || live)
        *base_us = now_us;
    return nb_strays < 0 ? trtc_fail_nomem(err) : 0;
}
