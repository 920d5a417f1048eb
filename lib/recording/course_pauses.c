/* SPDX-License-Identifier: MIT */
/* Courses: pauses, and which of them the length of the segment leaves no room for. See
 * course_priv.h. */
#include "recording/course_priv.h"

#include <stdlib.h>

#include "base/utc.h"

#define AS_LONG (200 * MS) /* a hole this close to the excess length is taken for its cause */
#define PAUSE_MAX \
    (INT64_C(1800000) * MS) /* a longer gap is not a pause unless the playlist or the clock
                               confirms it */
#define SHORT (1000 * MS)   /* a segment may be this much shorter than its playlist says */

enum { CLOSE_MAX = 64 };

static int by_start(const void *a, const void *b)
{
    const struct trtc_course_run *x = *(const struct trtc_course_run *const *)a,
                                 *y = *(const struct trtc_course_run *const *)b;
    if (start_of(x) != start_of(y))
        return start_of(x) < start_of(y) ? -1 : 1;
    return x < y ? -1 : x > y;
}

static void find_extent(struct trtc_course *c)
{
    c->start = c->n ? INT64_MAX : 0;
    c->end = c->n ? INT64_MIN : 0;
    for (size_t i = 0; i < c->n; i++) {
        c->start = start_of(&c->runs[i]) < c->start ? start_of(&c->runs[i]) : c->start;
        c->end = end_of(&c->runs[i]) > c->end ? end_of(&c->runs[i]) : c->end;
    }
}

struct hole {
    int64_t start, end;
    int64_t all; /* the length of all holes that may be closed */
};

static bool is_of(const struct trtc_course_run *r, int track)
{
    return track < 0 || r->track == track;
}

/* Whether pictures truly paused in a hole. */
static bool is_pause(const struct trtc_course *c, const struct hole *h)
{
    for (size_t i = 0; i < c->n; i++) {
        const int64_t start = start_of(&c->runs[i]), pause = c->runs[i].paused;
        if (pause && start > h->start && start - pause < h->end)
            return true;
    }
    return false;
}

/* Finds the hole in the runs of track (-1: where neither track has frames) that is wanted ticks
 * long, or else the longest one. The time before the first frame of a fresh track is a hole if much is
 * wanted. line: room for pointers to all runs. */
static struct hole find_hole(struct trtc_course *c, int track, struct trtc_course_run **line,
                             int64_t wanted)
{
    size_t n = 0;
    struct hole best = { 0, 0, 0 };
    const bool fresh = track >= 0 && c->fresh[track] && wanted > SOON;
    const int64_t begin = c->start + (track == TRTC_AT_AUDIO ? c->delay : -c->delay);
    int64_t at = fresh ? begin : 0;
    for (size_t i = 0; i < c->n; i++)
        if (is_of(&c->runs[i], track))
            line[n++] = &c->runs[i];
    if (n)
        qsort(line, n, sizeof *line, by_start);
    for (size_t i = 0; i < n; i++) {
        const int64_t start = start_of(line[i]), end = end_of(line[i]);
        const struct hole h = { at, start, best.all + (start > at ? start - at : 0) };
        const bool fits = distance(start - at, wanted) < AS_LONG;
        if ((i > 0 || fresh) && !is_pause(c, &h)) {
            best.all = h.all;
            if (fits || start - at > best.end - best.start)
                best = h;
            if (fits)
                return best;
        }
        at = i == 0 || end > at ? end : at;
    }
    return best;
}

/* The length of the hole in one track, whose frames may end earlier and begin later than those of
 * the other; 0: the track has nothing before or nothing after the hole. */
static int64_t hole_in(const struct trtc_course *c, int track, const struct hole *h)
{
    int64_t end = INT64_MIN, start = INT64_MAX;
    for (size_t i = 0; i < c->n; i++) {
        const struct trtc_course_run *r = &c->runs[i];
        if (r->track == track && start_of(r) >= h->end)
            start = start_of(r) < start ? start_of(r) : start;
        else if (r->track == track)
            end = end_of(r) > end ? end_of(r) : end;
    }
    return end == INT64_MIN || start == INT64_MAX ? 0 : start - end;
}

/* How much of a hole may be closed without making a track overlap itself. */
static int64_t width_of(const struct trtc_course *c, int track, const struct hole *h)
{
    int64_t width = INT64_MAX;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t own = track < 0 || track == k ? hole_in(c, k, h) : 0;
        width = own > 0 && own < width ? own : width;
    }
    return width == INT64_MAX ? h->end - h->start : width;
}

/* The end of track (-1: of both), from the start of the segment. */
static int64_t length_of(struct trtc_course *c, int track)
{
    int64_t end = INT64_MIN;
    find_extent(c);
    for (size_t i = 0; i < c->n; i++)
        if (is_of(&c->runs[i], track) && end_of(&c->runs[i]) > end)
            end = end_of(&c->runs[i]);
    return end == INT64_MIN ? 0 : end - c->start;
}

/* How far track (-1: the one that is farthest) ends beyond room. Segments that are cut where one track is
 * ahead of the other have one that goes on behind the start of the next segment, until it begins there. */
static int64_t excess_of(struct trtc_course *c, int track, int64_t room)
{
    int64_t most = INT64_MIN;
    for (int k = 0; k < TRTC_NB_KINDS; k++) {
        const int64_t behind = c->onward[k].behind;
        if (track >= 0 && track != k)
            continue;
        const int64_t by =
            length_of(c, k) - room - (behind < SOON ? behind : 0) - c->track[k].guess;
        most = by > most ? by : most;
    }
    return most;
}

/* How long track may be if the segment may be so long, and the other track, which fits, ends a little later:
 * then that is how long it is. */
static int64_t room_beside(struct trtc_course *c, int track, int64_t room)
{
    const int64_t other =
        excess_of(c, !track, room) + (track == TRTC_AT_AUDIO ? c->delay : -c->delay);
    return other > 0 ? room + other : room;
}

/* Closes holes of track until it ends within room: the hole that is as long as the excess, or else
 * the longest one. */
static void close_holes(struct trtc_course *c, int track, int64_t room,
                        struct trtc_course_run **line)
{
    for (int k = 0; k < CLOSE_MAX; k++) {
        const int64_t much = room == TRTC_NOTIME ? INT64_MAX / 2 : excess_of(c, track, room);
        const struct hole h = find_hole(c, track, line, much);
        const int64_t hole = h.end - h.start;
        if (hole < TOL)
            return;
        const int64_t width = width_of(c, track, &h);
        int64_t over = room == TRTC_NOTIME ? width : much;
        if (room == TRTC_NOTIME ? hole <= PAUSE_MAX : over <= loose_in(c, room))
            return;
        const bool varies = hole < PICTURE_GAP && !hole_in(c, TRTC_AT_AUDIO, &h);
        if (varies && hole < much - AS_LONG && h.all < much - loose_in(c, room))
            return; /* holes between pictures of a variable rate are not the cause */
        over = over > width || width - over < SNAP ? width : over;
        for (size_t i = 0; i < c->n; i++)
            if (is_of(&c->runs[i], track) && start_of(&c->runs[i]) >= h.end)
                c->runs[i].shift -= over;
    }
}

bool trtc_course_fits(int64_t length, int64_t listed, int64_t next)
{
    return (listed != TRTC_NOTIME && length >= listed - SHORT &&
            length <= listed + loose(listed)) ||
           (next != TRTC_NOTIME && distance(length, next) <= loose(next) + SHORT);
}

bool trtc_course_exceeds(int64_t length, int64_t listed, int64_t next)
{
    const int64_t room =
        next == TRTC_NOTIME || (listed != TRTC_NOTIME && listed > next) ? listed : next;
    return room != TRTC_NOTIME && length > room + loose(room);
}

/* How long the segment may be: what the clock allows if that is its length with all pauses, or else
 * what its playlist says. */
static int64_t room_for(struct trtc_course *c, int64_t listed, int64_t next)
{
    if (listed == TRTC_NOTIME || next == TRTC_NOTIME)
        return listed == TRTC_NOTIME ? next : listed;
    return next > listed && distance(length_of(c, -1), next) <= loose(next) + SHORT ? next : listed;
}

int trtc_course_close_pauses(struct trtc_course *c, int64_t listed, int64_t next)
{
    struct trtc_course_run **line = malloc(c->n * sizeof(struct trtc_course_run *));
    if (!line)
        return -1;
    const int64_t room = room_for(c, listed, next);
    close_holes(c, -1, room, line);
    for (int track = TRTC_NB_KINDS; track-- > 0 && room != TRTC_NOTIME;) /* sound first */
        if (excess_of(c, !track, room) <= loose_in(c, room))
            close_holes(c, track, room_beside(c, track, room), line);
    find_extent(c);
    free(line);
    return 0;
}
