/* SPDX-License-Identifier: MIT */
/* The clock of a recording once the streams' own time stamps are known: what is wild, and what steps
 * back. */
#include "recording/recording.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "playlist/stray.h"
#include "recording/clock.h"
#include "recording/recording_priv.h"

#define CLOCK_STEP_US 1000000 /* more is a step of the clock, not rounding */
#define NOTED_US      100000  /* less is not worth a word */
#define COME_BACK_US  10000

/* The stream goes on from a to b without a break of its own, to so many us. */
static bool goes_on(const struct trtc_piece *a, const struct trtc_piece *b, int64_t tolerance_us)
{
    int64_t step = trtc_ts_diff(b->facts.first_ts_90k, a->facts.first_ts_90k) * 100 / 9;
    return a->list == b->list && llabs(step - a->dur_us) < tolerance_us;
}

/* The clock of p against the stream that goes on from prev, which has its place: what must be added
 * to p's start. Where the clock runs back, following it would be to drop what the stream holds. A
 * little is come back to, softly, with each segment. */
static int64_t follow(struct trtc_recording *r, const struct trtc_piece *prev,
                      const struct trtc_piece *p, int64_t back_us)
{
    const int64_t off = p->start_us - (prev->start_us + prev->dur_us);
    const int64_t least = back_us > 0 ? COME_BACK_US : TRTC_ROUNDING_US;
    if (off > -least || (off > -CLOCK_STEP_US && !goes_on(prev, p, TRTC_ROUNDING_US)))
        return 0;
    if (off <= -CLOCK_STEP_US && off + back_us >= -CLOCK_STEP_US)
        return back_us;
    if (off + back_us < -NOTED_US)
        trtc_recording_note(r,
                            "%s/%s: the clock runs back by %.3f s here while the stream goes on; "
                            "the stream is followed",
                            r->dir, p->uri, (double)-off / 1e6);
    return off <= -CLOCK_STEP_US ? -off : -off - COME_BACK_US;
}

/* The name of its file has no other time than its clock. */
static bool is_sure(const struct trtc_piece *p)
{
    return p->name_ms != TRTC_NOTIME && llabs(p->name_ms * 1000 - p->start_us) <= TRTC_STRAY_US;
}

/* What the strays are measured by: all else of the recording. */
static struct trtc_spot extent_of(const struct trtc_spot *spots, size_t n)
{
    struct trtc_spot all = { .start_us = INT64_MAX, .end_us = INT64_MIN };
    for (size_t i = 0; i < n; i++) {
        if (spots[i].stray)
            continue;
        all.start_us = spots[i].start_us < all.start_us ? spots[i].start_us : all.start_us;
        all.end_us = spots[i].end_us > all.end_us ? spots[i].end_us : all.end_us;
    }
    return all;
}

static int lose_stray(struct trtc_recording *r, struct trtc_piece *p)
{
    char when[32], why[128];
    trtc_utc_format3339(p->start_us / 1000, when);
    snprintf(why, sizeof why, "its time, %s, is over 48 h from all else of the recording", when);
    p->unusable = true;
    return trtc_recording_lose(r, p, "stray", p->bytes, why);
}

/* Segments of a playlist whose clock was wild, and whose names are not: the first, and how many. */
static int tell_placed(struct trtc_recording *r, const struct trtc_list *from, int64_t first_us,
                       int64_t nb)
{
    char path[4096], when[32];
    trtc_utc_format3339(first_us / 1000, when);
    snprintf(path, sizeof path, "%s/%s", r->dir, from->file);
    const struct trtc_loss loss = {
        .path = path, .kind = "stray", .start_us = first_us, .list = (int)(from - r->lists)
    };
    return trtc_losses_addf(&r->losses, &loss,
                            "the time of %" PRId64 " of its segments, %s%s, is over 48 h from all "
                            "else of the recording; their names' times are taken",
                            nb, nb > 1 ? "from " : "", when);
}

/* Places the strays by their names, or takes them out. */
static int settle_strays(struct trtc_recording *r, const struct trtc_spot *spots,
                         const struct trtc_spot *all)
{
    int64_t nb = 0, first_us = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        const struct trtc_spot *spot = p->unusable ? NULL : spots++;
        const bool stray = spot && spot->stray;
        const int64_t name_us = p->name_ms == TRTC_NOTIME ? INT64_MIN : p->name_ms * 1000;
        if (stray &&
            (name_us < all->start_us - TRTC_STRAY_US || name_us > all->end_us + TRTC_STRAY_US)) {
            if (lose_stray(r, p) < 0)
                return -1;
        } else if (stray) {
            first_us = nb++ ? first_us : p->start_us;
            p->start_us = name_us;
            p->exact = true;
        }
        const bool last = i + 1 == r->nb_pieces || p[1].list != p->list;
        if (last && nb && tell_placed(r, &r->lists[p->list], first_us, nb) < 0)
            return -1;
        nb = last ? 0 : nb;
    }
    return 0;
}

static int find_strays(struct trtc_recording *r)
{
    struct trtc_spot *spots = malloc((r->nb_pieces + 1) * sizeof *spots);
    size_t n = 0;
    if (!spots)
        return -1;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
        if (!p->unusable)
            spots[n++] = (struct trtc_spot){ .start_us = p->start_us,
                                             .end_us = p->start_us + us,
                                             .sure = is_sure(p) };
    }
    int64_t nb = trtc_find_strays(spots, n);
    const struct trtc_spot all = extent_of(spots, n);
    int ret = nb > 0 ? settle_strays(r, spots, &all) : nb < 0 ? -1 : 0;
    free(spots);
    return ret;
}

/* How far each piece is from the next one of its playlist. */
static void find_next(struct trtc_recording *r)
{
    struct trtc_piece *prev = NULL;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (p->unusable)
            continue;
        const bool follows = prev && prev->list == p->list && p->exact;
        if (follows && p->start_us > prev->start_us)
            prev->next_us = p->start_us - prev->start_us;
        prev = p;
    }
}

int trtc_recording_settle(struct trtc_recording *r, struct trtc_err *err)
{
    if (find_strays(r) < 0)
        return trtc_fail_nomem(err);
    const struct trtc_piece *prev = NULL;
    int64_t back_us = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (p->unusable)
            continue;
        if (!prev || prev->list != p->list)
            back_us = 0;
        if (prev && p->exact && goes_on(prev, p, CLOCK_STEP_US))
            back_us = follow(r, prev, p, back_us);
        p->start_us += back_us;
        prev = p;
    }
    find_next(r);
    return 0;
}
