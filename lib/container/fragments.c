/* SPDX-License-Identifier: MIT */
/* Checks that fragments of an MP4 (ISO/IEC 14496-12, 8.8) agree with themselves and with each other.
 * libavformat skips what it does not know, reads samples from wherever a damaged fragment says, and
 * does not miss a fragment that was lost. */
#include <stdlib.h>
#include <string.h>

#include "container/fragments.h"

#define TICKS_MAX (INT64_MAX / 8) /* larger times are damage */

enum { FULL = 4, STEADY = 2, NEAR = 16 };

/* ---- media data ---- */

/* Runs of samples cover media data if each begins where another one, or the data, begins or ends.
 * With the square of each beginning added and that of each end taken away, the sum is 0 then. */
static void add_range(struct trtc_fragments *f, uint64_t from, uint64_t to)
{
    f->cover += from * from - to * to;
}

void trtc_fragments_data(struct trtc_fragments *f, int64_t from, int64_t to)
{
    add_range(f, (uint64_t)to, (uint64_t)from);
    f->early |= !f->open;
    f->filled |= to > from;
}

/* ---- boxes ---- */

static bool is(const uint8_t *type, const char *name)
{
    return memcmp(type, name, 4) == 0;
}

static uint32_t number_at(struct trtc_bytes b, size_t at)
{
    return b.n >= at + 4 ? (uint32_t)trtc_be(b.p + at, 4) : 0;
}

static struct trtc_fragment_lane *lane_of(struct trtc_fragments *f, uint32_t id)
{
    for (int k = 0; k < f->nb_lanes; k++)
        if (f->lanes[k].id == id)
            return &f->lanes[k];
    return NULL;
}

/* Returns the lane of a track that the index describes, or NULL: there are too many. */
static struct trtc_fragment_lane *add_lane(struct trtc_fragments *f, uint32_t id)
{
    struct trtc_fragment_lane *l = lane_of(f, id);

    if (l)
        return l;
    f->unsure |= f->nb_lanes == TRTC_FRAGMENT_LANES;
    if (f->nb_lanes == TRTC_FRAGMENT_LANES)
        return NULL;
    l = &f->lanes[f->nb_lanes++];
    l->id = id;
    return l;
}

void trtc_fragments_track(struct trtc_fragments *f, uint32_t id, uint32_t hz)
{
    struct trtc_fragment_lane *l = add_lane(f, id);

    if (l)
        l->hz = hz;
}

void trtc_fragments_extends(struct trtc_fragments *f, struct trtc_bytes trex)
{
    struct trtc_fragment_lane *l = add_lane(f, number_at(trex, FULL));

    if (l) {
        l->dur = number_at(trex, FULL + 8);
        l->size = number_at(trex, FULL + 12);
    }
}

/* The number of a fragment. They need not rise by one, but if they have done so, and then leave out
 * some, these may be missing. */
static void take_number(struct trtc_fragments *f, uint32_t number)
{
    const uint32_t step = number - f->number;

    f->number = number;
    if (f->nb_steady >= STEADY && step > 1 && step < UINT32_MAX / 2)
        f->nb_near = NEAR;
    else
        f->nb_steady = step == 1 ? f->nb_steady + 1 : 0;
}

/* Whether the part begins before the last sample of the one before it. How long that lasts, writers
 * may have guessed. */
static bool falls(const struct trtc_fragments *f, const struct trtc_fragment_lane *l)
{
    return f->from < l->last - l->hz;
}

/* Whether the times of the part, or of the one before it, cannot be right: this one begins in the
 * middle of that, or goes on where that would have ended if it had followed the one before it. */
static bool is_off(const struct trtc_fragments *f, const struct trtc_fragment_lane *l)
{
    const bool amid = f->from > l->from && falls(f, l);
    const bool back = l->aside && llabs(f->from - l->line) <= l->hz && (l->fell || falls(f, l));

    return f->timed && f->nb_steady > 0 && l->length > 0 && (amid || back);
}

/* The part of the current track ends. */
static void end_part(struct trtc_fragments *f)
{
    struct trtc_fragment_lane *l = f->lane;

    f->lane = NULL;
    if (!l)
        return;
    const bool follows = f->timed && f->from - l->end <= l->length / 2;
    if (f->nb_near > 0 && l->length > 0 && !follows) {
        f->fault = "a fragment before which others are missing";
        f->nb_near = 0;
    } else if (is_off(f, l)) {
        f->fault = "a fragment whose times do not agree with the one before";
    }
    l->aside = llabs(f->from - l->end) > l->hz;
    l->fell = falls(f, l);
    l->line = l->end + f->ticks;
    l->from = f->from;
    l->end = f->from + f->ticks;
    l->last = l->end - f->step;
    l->length = f->ticks;
}

/* The header of a track's part, which states where its samples are. */
static void take_header(struct trtc_fragments *f, struct trtc_bytes b)
{
    enum { BASE = 1, DESCRIPTION = 2, DURATION = 8, SIZE = 0x10, FROM_FRAGMENT = 0x20000 };
    const uint32_t flags = number_at(b, 0);
    size_t at = FULL + 4;

    f->lane = lane_of(f, number_at(b, FULL));
    if (!f->lane) {
        f->fault = "a fragment of a track that is not described";
        return;
    }
    f->timed = false;
    f->ticks = f->step = 0;
    f->from = f->lane->end < TICKS_MAX ? f->lane->end : TICKS_MAX;
    f->dur = f->lane->dur;
    f->size = f->lane->size;
    f->base = flags & FROM_FRAGMENT ? (uint64_t)f->at : f->next;
    if (flags & BASE && b.n >= at + 8)
        f->base = trtc_be(b.p + at, 8);
    at += flags & BASE ? 8 : 0;
    at += flags & DESCRIPTION ? 4 : 0;
    if (flags & DURATION)
        f->dur = number_at(b, at);
    at += flags & DURATION ? 4 : 0;
    if (flags & SIZE)
        f->size = number_at(b, at);
    f->next = f->base;
}

static void take_time(struct trtc_fragments *f, struct trtc_bytes b)
{
    const bool wide = b.n > 0 && b.p[0] == 1;

    f->timed = b.n >= FULL + (wide ? 8u : 4u);
    if (!f->timed)
        return;
    const uint64_t time = trtc_be(b.p + FULL, wide ? 8 : 4);
    /* FFmpeg writes negative numbers, for what begins before 0 */
    f->from = -time < TICKS_MAX ? -(int64_t)-time : (int64_t)(time & TICKS_MAX);
}

/* A run of samples. */
static void take_run(struct trtc_fragments *f, struct trtc_bytes b)
{
    enum {
        OFFSET = 1,
        FIRST_FLAGS = 4,
        DURATION = 0x100,
        SIZE = 0x200,
        FLAGS = 0x400,
        LATER = 0x800
    };
    const uint32_t flags = number_at(b, 0), n = number_at(b, FULL);
    const size_t before = flags & DURATION ? 4 : 0, both = before + (flags & SIZE ? 4 : 0);
    const size_t entry = both + (flags & FLAGS ? 4 : 0) + (flags & LATER ? 4 : 0);
    size_t at = FULL + 4;

    /* it goes on behind the run before, where libavformat does not look */
    if (!(flags & OFFSET) && n > 0 && f->next != f->base)
        f->fault = "a fragment whose samples FFmpeg reads from the wrong place";
    if (flags & OFFSET)
        f->next = f->base + (uint64_t)(int32_t)number_at(b, at);
    at += (flags & OFFSET ? 4 : 0) + (flags & FIRST_FLAGS ? 4 : 0);
    if (b.n < at || (entry > 0 && n > (b.n - at) / entry)) {
        f->fault = "a damaged fragment";
        return;
    }
    uint64_t bytes = 0, ticks = 0;
    if (n > 0)
        f->step = f->dur;
    for (uint32_t i = 0; i < n && both > 0; i++, at += entry) {
        if (flags & DURATION)
            f->step = (int64_t)trtc_be(b.p + at, 4);
        ticks += flags & DURATION ? (uint64_t)f->step : 0;
        bytes += flags & SIZE ? trtc_be(b.p + at + before, 4) : 0;
    }
    bytes += flags & SIZE ? 0 : (uint64_t)n * f->size;
    ticks += flags & DURATION ? 0 : (uint64_t)n * f->dur;
    f->ticks = (int64_t)(((uint64_t)f->ticks + (ticks & TICKS_MAX)) & TICKS_MAX);
    add_range(f, f->next, f->next + bytes);
    f->next += bytes;
}

void trtc_fragments_box(struct trtc_fragments *f, const uint8_t *type, int64_t at, int64_t end,
                        struct trtc_bytes content)
{
    const bool part = is(type, "traf"), inside = at < f->part_end;

    if (inside ? part || end > f->part_end : is(type, "tfhd") || is(type, "trun"))
        f->fault = "a damaged fragment";
    if (!inside)
        end_part(f);
    if (part)
        f->part_end = end;
    else if (is(type, "mfhd"))
        take_number(f, number_at(content, FULL));
    else if (is(type, "tfhd"))
        take_header(f, content);
    else if (f->lane && is(type, "tfdt"))
        take_time(f, content);
    else if (f->lane && is(type, "trun"))
        take_run(f, content);
}

/* ---- fragments ---- */

/* Whether the samples of this fragment, or of an earlier one, do not fit its data. Some writers put more
 * than samples into it: it is damage if those of another fragment fit, or if there is no other one. */
static bool is_misfit(struct trtc_fragments *f, bool last)
{
    const bool fits = f->cover == 0 || (f->settled && !last);

    if (!f->filled && !last) /* its data may be behind the next one */
        return false;
    f->fitted |= fits && f->filled;
    if (!fits && f->nb_odd++ == 0)
        f->odd_at = f->at;
    if (!fits)
        f->cover = 0;
    if (f->nb_odd == 0 || !(f->fitted || (last && f->nb_odd == 1)))
        return false;
    f->nb_odd = 0;
    return true;
}

const char *trtc_fragments_next(struct trtc_fragments *f, int64_t at)
{
    const char *fault = NULL;

    f->fault_at = f->at;
    if (!f->open) { /* the samples of the index may be in the data before it, or not */
        f->unsure |= f->indexed && f->early;
    } else if (f->fault) {
        fault = f->fault;
        f->cover = 0;
    } else if (is_misfit(f, at < 0)) {
        fault = "a fragment whose samples do not fit its data";
        f->fault_at = f->odd_at;
    }
    f->open = true;
    f->settled = false;
    f->filled = false;
    f->fault = NULL;
    f->at = at;
    f->next = (uint64_t)at;
    f->part_end = 0;
    f->nb_near -= f->nb_near > 0;
    return f->unsure ? NULL : fault;
}

void trtc_fragments_walked(struct trtc_fragments *f, bool whole)
{
    end_part(f);
    if (!whole)
        f->fault = "a damaged fragment";
    /* the data may be in front of the fragment instead of behind it */
    f->settled = f->cover == 0;
}
