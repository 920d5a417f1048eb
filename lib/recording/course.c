/* SPDX-License-Identifier: MIT */
/* Follows the time stamps of a segment.
 *
 * Frames are gathered into runs as they arrive; decisions are made over the runs, of which there
 * are few. A track whose stamps fall begins a new epoch of the stream's clock, which is placed
 * after what the track had before. The next break of the other track joins this epoch if it fits,
 * since a clock that restarts does so for both tracks. Stamps that jump ahead are a pause, unless
 * the playlist says that the segment is shorter. */
#include <stdlib.h>

#include "recording/course_priv.h"

const struct trtc_course_run *trtc_course_next_run(const struct trtc_course *c,
                                                   const struct trtc_course_run *r)
{
    for (const struct trtc_course_run *o = r + 1; o < c->runs + c->n; o++)
        if (o->track == r->track)
            return o;
    return NULL;
}

static int by_pos(const void *a, const void *b)
{
    const struct trtc_course_run *x = a, *y = b;
    if (x->pos != y->pos)
        return x->pos < y->pos ? -1 : 1;
    return x->track - y->track;
}

int trtc_course_settle(struct trtc_course *c, int64_t listed, int64_t next)
{
    if (trtc_course_end_runs(c) < 0 || trtc_course_divide_ahead(c) < 0)
        return -1;
    if (c->n > 0)
        qsort(c->runs, c->n, sizeof *c->runs, by_pos);
    if (c->too_many && !trtc_course_falls(c)) /* slides: without a course, stamps just continue */
        trtc_course_reset(c);
    c->settled = true;
    if (c->n == 0)
        return 0;
    const int64_t apart = trtc_course_apart_most(c, listed);
    if (trtc_course_choose_epochs(c, apart) < 0)
        return -1;
    trtc_course_take_back(c, apart);
    return trtc_course_close_pauses(c, listed, next);
}

/* ---- results ---- */

bool trtc_course_moves_sound(const struct trtc_course *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (c->runs[i].track == TRTC_AT_AUDIO && c->runs[i].shift != 0)
            return true;
    return false;
}

bool trtc_course_falls(const struct trtc_course *c)
{
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *next = trtc_course_next_run(c, &c->runs[i]);
        if (next && falls(next, &c->runs[i]))
            return true;
    }
    return false;
}

int64_t trtc_course_shift(const struct trtc_course *c, int track, int64_t pos, size_t *hint)
{
    int64_t shift = 0;
    size_t i = *hint;
    if (i < c->n && c->runs[i].track == track && c->runs[i].pos <= pos)
        shift = c->runs[i].shift;
    else
        i = 0;
    for (; i < c->n && c->runs[i].pos <= pos; i++)
        if (c->runs[i].track == track) {
            shift = c->runs[i].shift;
            *hint = i;
        }
    return shift;
}

bool trtc_course_hole(const struct trtc_course *c, int64_t min, int64_t *at, int64_t *start)
{
    int64_t from = *at == INT64_MIN ? c->start : *at;
    while (from < c->end) {
        int64_t next = INT64_MAX;
        bool covered = false;
        for (size_t i = 0; i < c->n && !covered; i++) {
            const struct trtc_course_run *r = &c->runs[i];
            if (start_of(r) <= from && end_of(r) > from) {
                from = end_of(r);
                covered = true;
            } else if (start_of(r) > from && start_of(r) < next) {
                next = start_of(r);
            }
        }
        if (covered)
            continue;
        if (next == INT64_MAX)
            return false;
        if (next - from >= min) {
            *start = from;
            *at = next;
            return true;
        }
        from = next;
    }
    return false;
}

void trtc_course_reset(struct trtc_course *c)
{
    *c = (struct trtc_course){ .runs = c->runs, .cap = c->cap };
}

void trtc_course_fini(struct trtc_course *c)
{
    free(c->runs);
    *c = (struct trtc_course){ 0 };
}
