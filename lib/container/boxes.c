/* SPDX-License-Identifier: MIT */
/* Reads from the index of an MP4 (ISO/IEC 14496-12) what libavformat keeps to itself: whole edit
 * lists, whether samples have durations and composition offsets, clean apertures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"
#include "container/boxes.h"

enum { HEADER = 8, LARGE_HEADER = 16, FULL = 4, COUNT = 4 };
enum {
    LEAF_MAX = 128 * 1024,
    TABLE_MAX = 1 << 30
}; /* of a box that is read in a fragment, in the index */
enum {
    VISUAL_ENTRY = 86,
    VISUAL_SIZE = 32
}; /* of the description of pictures; in it, their size */

static bool is(const uint8_t *type, const char *name)
{
    return memcmp(type, name, 4) == 0;
}

static bool is_any(const uint8_t *type, const char *names)
{
    for (const char *n = names; *n; n += 4)
        if (is(type, n))
            return true;
    return false;
}

static bool has_boxes(const uint8_t *type, bool fragment)
{
    return is_any(type, fragment ? "traf" : "trakedtsmdiaminfstblmvex");
}

static bool is_read(const uint8_t *type, bool fragment)
{
    return is_any(type, fragment ? "mfhdtfhdtfdttrun"
                                 : "mvhdtrextkhdmdhdhdlrelststtscttsstsdstszstscstcoco64stz2");
}

/* ---- what boxes state ---- */

/* Converts ticks to us, not beyond the largest time. */
static int64_t us_of(int64_t t, uint32_t hz)
{
    if (hz == 0 || t / hz > TRTC_EDITS_TIME_MAX_US / 1000000)
        return TRTC_EDITS_TIME_MAX_US;
    return t / hz * 1000000 + t % hz * 1000000 / hz;
}

/* The number that follows two times, which have 8 bytes each in version 1 of a box, else 4. */
static uint32_t after_times(struct trtc_bytes b)
{
    const size_t at = FULL + (b.n > 0 && b.p[0] == 1 ? 16 : 8);

    return b.n >= at + 4 ? (uint32_t)trtc_be(b.p + at, 4) : 0;
}

static size_t nb_entries(struct trtc_bytes b, size_t entry_bytes)
{
    if (b.n < FULL + COUNT)
        return 0;
    const size_t stated = (size_t)trtc_be(b.p + FULL, 4),
                 there = (b.n - FULL - COUNT) / entry_bytes;
    return stated < there ? stated : there;
}

/* Whether the second number of each entry of a table is 0. An incomplete table is not. */
static bool is_all_zero(struct trtc_bytes b)
{
    const size_t n = nb_entries(b, 8);

    if (b.n < FULL + COUNT || n != trtc_be(b.p + FULL, 4))
        return false;
    for (size_t i = 0; i < n; i++)
        if (trtc_be(b.p + FULL + COUNT + i * 8 + 4, 4) != 0)
            return false;
    return true;
}

/* Sums up the durations of all frames; -1: there are none, or the table is incomplete. Durations
 * below 0 are not counted. */
static void take_steps(struct trtc_box_track *t, struct trtc_bytes b)
{
    const size_t n = nb_entries(b, 8);

    t->nb_steps = b.n < FULL + COUNT || n != trtc_be(b.p + FULL, 4) ? -1 : 0;
    for (size_t i = 0; i < n && t->nb_steps >= 0; i++) {
        const uint8_t *p = b.p + FULL + COUNT + i * 8;
        const uint64_t step = trtc_be(p + 4, 4);
        const uint64_t sum = step <= INT32_MAX ? trtc_be(p, 4) * step : 0;
        t->nb_steps += (int64_t)trtc_be(p, 4);
        t->ticks += (int64_t)(sum < INT64_MAX / 4 ? sum : INT64_MAX / 4);
        if (t->ticks > INT64_MAX / 4)
            t->nb_steps = -1;
    }
}

/* Whether the durations cannot be meant: they are 0, or below a millisecond, and come to less than
 * a quarter of the track. */
static bool is_stepless(const struct trtc_box_track *t)
{
    return t->nb_steps > 0 &&
           (t->ticks == 0 || (t->ticks < t->dur / 4 && t->ticks / t->nb_steps < t->hz / 1000));
}

/* Keeps an edit list in ticks, as the clock of the track is not known yet. False: out of memory. */
static bool take_edits(struct trtc_box_track *t, struct trtc_bytes b)
{
    const bool wide = b.n > 0 && b.p[0] == 1;
    const size_t bytes = wide ? 20 : 12, n = nb_entries(b, bytes);
    struct trtc_edit *items = n > 0 && !t->edits.items ? calloc(n, sizeof *items) : NULL;

    if (!items)
        return n == 0 || t->edits.items;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = b.p + FULL + COUNT + i * bytes;
        items[i].dur_us = (int64_t)(wide ? trtc_be(p, 8) & INT64_MAX : trtc_be(p, 4));
        items[i].at_us = wide ? (int64_t)trtc_be(p + 8, 8) : (int32_t)trtc_be(p + 4, 4);
        items[i].rate = (int32_t)trtc_be(p + bytes - 4, 4);
    }
    t->edits = (struct trtc_edits){ items, n };
    return true;
}

/* Whether a clean aperture (the content of the box, of n bytes) is another size than the picture.
 */
static bool is_smaller(struct trtc_bytes clap, uint64_t width, uint64_t height)
{
    if (clap.n < 16)
        return false;
    const uint64_t w = trtc_be(clap.p, 4), w_of = trtc_be(clap.p + 4, 4);
    const uint64_t h = trtc_be(clap.p + 8, 4), h_of = trtc_be(clap.p + 12, 4);
    return w_of > 0 && h_of > 0 && (w != width * w_of || h != height * h_of);
}

static void take_descriptions(struct trtc_box_track *t, struct trtc_bytes b)
{
    const uint8_t *first = b.p + FULL + COUNT, *p = first, *end = b.p + b.n;

    if (!t->picture || b.n < FULL + COUNT + VISUAL_ENTRY)
        return;
    const uint64_t size = trtc_be(p, 4);
    end = size >= VISUAL_ENTRY && size < (uint64_t)(end - p) ? p + size : end;
    for (p += VISUAL_ENTRY; end - p >= HEADER;) {
        const uint64_t stated = trtc_be(p, 4), rest = (uint64_t)(end - p);
        const size_t n = (size_t)(stated >= HEADER && stated < rest ? stated : rest);
        if (is(p + 4, "clap"))
            t->clap =
                is_smaller((struct trtc_bytes){ p + HEADER, n - HEADER },
                           trtc_be(first + VISUAL_SIZE, 2), trtc_be(first + VISUAL_SIZE + 2, 2));
        p += n;
    }
}

/* Notes with which scheme samples of the first description are encrypted. FairPlay's types are
 * older than common encryption. */
static void take_scheme(struct trtc_box_track *t, struct trtc_bytes b)
{
    const uint8_t *p = b.p + FULL + COUNT, *end = b.p + b.n, *scheme = NULL;

    if (b.n < FULL + COUNT + HEADER)
        return;
    const uint8_t *type = p + 4;
    const bool fairplay = is(type, "drms") || is(type, "drmi");
    if (!fairplay && !is(type, "encv") && !is(type, "enca"))
        return;
    for (; !fairplay && end - p >= 4 + FULL + 4 && !scheme; p++)
        scheme = is(p, "schm") ? p + 4 + FULL : NULL;
    if (scheme)
        trtc_text_show(scheme, 4, t->scheme, sizeof t->scheme);
    else
        snprintf(t->scheme, sizeof t->scheme, "%s", fairplay ? "FairPlay" : "common encryption");
}

static void take_clock(struct trtc_box_track *t, struct trtc_bytes b)
{
    const bool wide = b.n > 0 && b.p[0] == 1;
    const size_t at = FULL + (wide ? 20 : 12), bytes = wide ? 8 : 4;

    t->hz = after_times(b);
    if (b.n >= at + bytes)
        t->dur = (int64_t)(trtc_be(b.p + at, (int)bytes) & INT64_MAX);
}

static struct trtc_box_track *find(struct trtc_boxes *x, uint64_t id)
{
    for (int k = 0; k < x->nb_tracks; k++)
        if ((uint64_t)x->tracks[k].id == id)
            return &x->tracks[k];
    return NULL;
}

/* Whether a composition offset, but for the last two, is larger than libavformat takes, as it can be
 * on a very fast clock: then it takes none. */
static bool has_large_offset(struct trtc_bytes b)
{
    enum { LARGEST = 1 << 28 };
    const size_t n = nb_entries(b, 8);

    for (size_t i = 0; i + 2 < n; i++) {
        const int32_t offset = (int32_t)trtc_be(b.p + FULL + COUNT + i * 8 + 4, 4);
        if (offset > LARGEST || offset < -LARGEST)
            return true;
    }
    return false;
}

/* Looks whether a run of samples in a fragment states composition offsets. */
static void take_run(struct trtc_box_track *t, struct trtc_bytes b)
{
    enum { OFFSETS = 0x800 };

    if (b.n < FULL)
        return;
    t->has_runs = true;
    t->has_offsets |= trtc_be(b.p, 4) & OFFSETS;
}

static void take(struct trtc_boxes *x, const uint8_t *type, struct trtc_bytes b)
{
    struct trtc_box_track *t = x->track;

    if (is(type, "mvhd"))
        x->index.movie_hz = after_times(b);
    else if (is(type, "trex"))
        trtc_fragments_extends(&x->order, b);
    else if (is(type, "tfhd"))
        x->track = b.n >= FULL + 4 ? find(x, trtc_be(b.p + FULL, 4)) : NULL;
    else if (!t)
        return;
    else if (is(type, "trun"))
        take_run(t, b);
    else if (is(type, "tkhd"))
        t->id = after_times(b);
    else if (is(type, "mdhd"))
        take_clock(t, b);
    else if (is(type, "hdlr"))
        t->picture = b.n >= 12 && is(b.p + 8, "vide");
    else if (is(type, "elst"))
        x->nomem |= !take_edits(t, b);
    else if (is(type, "stts"))
        take_steps(t, b);
    else if (is(type, "ctts"))
        t->has_offsets = !is_all_zero(b) && !has_large_offset(b);
    else if (is(type, "stsd")) {
        t->nb_descriptions = b.n >= FULL + COUNT ? trtc_be(b.p + FULL, 4) : 0;
        take_descriptions(t, b);
        take_scheme(t, b);
    } else if (trtc_box_index_table(&x->index, type, b) < 0) {
        x->nomem = true;
    }
}

/* Converts the ticks of a complete list. A last part of no length lasts to the end. */
static void convert(const struct trtc_boxes *x, struct trtc_box_track *t)
{
    for (size_t i = 0; i < t->edits.n; i++) {
        struct trtc_edit *e = &t->edits.items[i];
        const bool shown = e->at_us >= 0;
        e->at_us = shown ? us_of(e->at_us, t->hz) : TRTC_EDIT_EMPTY;
        e->dur_us = shown && e->dur_us == 0 && e->rate != 0 && i + 1 == t->edits.n
                        ? INT64_MAX
                        : us_of(e->dur_us, x->index.movie_hz);
    }
}

/* ---- the walk ---- */

static void end_track(struct trtc_boxes *x)
{
    struct trtc_box_track *t = x->ended ? NULL : x->track;

    x->track = NULL;
    if (!t)
        return;
    t->no_steps = is_stepless(t);
    x->nomem |= trtc_box_index_track(&x->index, t) < 0;
}

static void end(struct trtc_boxes *x)
{
    const bool whole = x->at == x->end;

    x->walking = false;
    end_track(x);
    if (x->ended)
        trtc_fragments_walked(&x->order, whole);
    else if (x->fragments || !whole)
        x->index.vague = true;
    else
        trtc_box_index_read(&x->index);
    for (int k = 0; k < x->nb_tracks && !x->ended; k++) {
        struct trtc_box_track *t = &x->tracks[k];
        trtc_box_index_length(&x->index, t);
        convert(x, t);
        trtc_fragments_track(&x->order, (uint32_t)t->id, t->hz);
        x->order.indexed |= t->nb_steps > 0;
    }
    x->whole |= !x->ended && whole;
    x->ended = true;
    free(x->box);
    x->box = NULL;
    x->cap = x->nb = 0;
}

/* Goes to the box at this position. */
static void go(struct trtc_boxes *x, int64_t at)
{
    x->at = at;
    x->nb = 0;
    x->need = HEADER;
    if (at >= x->end)
        end(x);
}

/* A box of a fragment has come. */
static void check_order(struct trtc_boxes *x, const uint8_t *type, int64_t size,
                        struct trtc_bytes content)
{
    x->order.unsure |= size > LEAF_MAX && is_read(type, true); /* but for a part */
    trtc_fragments_box(&x->order, type, x->at, x->at + size, content);
}

/* Looks whether a box of the index fits into those around it; opens: others are in it. */
static void check_nesting(struct trtc_boxes *x, uint64_t size, bool opens)
{
    if (x->ended)
        return;
    while (x->nb_ends > 0 && x->at >= x->ends[x->nb_ends - 1])
        x->nb_ends--;
    if (x->nb_ends > 0 && size > (uint64_t)(x->ends[x->nb_ends - 1] - x->at))
        trtc_box_index_damaged(&x->index);
    if (opens && x->nb_ends < TRTC_BOX_DEPTH)
        x->ends[x->nb_ends++] = x->at + (int64_t)size;
}

/* All bytes that are needed of a box have come, or at least its header. */
static void look(struct trtc_boxes *x)
{
    const uint8_t *type = x->box + 4;
    const bool large = trtc_be(x->box, 4) == 1;
    const size_t header = large ? LARGE_HEADER : HEADER;

    if (x->nb < header) {
        x->need = header;
        return;
    }
    uint64_t size = large ? trtc_be(x->box + 8, 8) : trtc_be(x->box, 4);
    if (size == 0)
        size = (uint64_t)(x->end - x->at);
    if (size < header || size > (uint64_t)(x->end - x->at)) {
        if (!x->ended)
            trtc_box_index_damaged(&x->index);
        end(x);
        return;
    }
    check_nesting(x, size, has_boxes(type, false));
    if (has_boxes(type, x->ended)) {
        x->fragments |= is(type, "mvex");
        if (is(type, "trak") && x->nb_tracks == TRTC_BOX_TRACKS)
            end(x);
        else
            x->nb_tracks += is(type, "trak");
        if (is(type, "trak"))
            end_track(x);
        if (is(type, "trak") && x->walking)
            x->track = &x->tracks[x->nb_tracks - 1];
        if (x->ended && x->walking)
            check_order(x, type, (int64_t)size, (struct trtc_bytes){ 0 });
        if (x->walking)
            go(x, x->at + (int64_t)header);
        return;
    }
    const uint64_t limit = x->ended ? LEAF_MAX : TABLE_MAX;
    const size_t most = (size_t)(size < limit ? size : limit);
    const bool read = is_read(type, x->ended);
    if (read && size > LEAF_MAX && is(type, "elst")) { /* a part of a list is none */
        end(x);
        return;
    }
    if (read && x->nb < most) {
        x->need = most;
        return;
    }
    const struct trtc_bytes content = { x->box + header, read ? x->nb - header : 0 };
    if (x->ended)
        check_order(x, type, (int64_t)size, content);
    if (read)
        take(x, type, content);
    go(x, x->at + (int64_t)size);
}

void trtc_boxes_begin(struct trtc_boxes *x, bool fragment, int64_t from, int64_t to)
{
    const bool due = fragment ? x->whole : !x->ended;

    if (x->walking || !due)
        return;
    if (!fragment)
        x->index.at = from;
    x->walking = true;
    x->end = to;
    go(x, from);
}

void trtc_boxes_bytes(struct trtc_boxes *x, int64_t pos, const uint8_t *p, size_t n)
{
    while (x->walking) {
        const int64_t want = x->at + (int64_t)x->nb;
        if (want < pos || want >= pos + (int64_t)n)
            return;
        size_t take = (size_t)(pos + (int64_t)n - want);
        take = take < x->need - x->nb ? take : x->need - x->nb;
        if (trtc_array_reserve(&x->box, &x->cap, x->nb + take, 1) < 0) {
            x->nomem = x->order.unsure = true;
            end(x);
            return;
        }
        memcpy(x->box + x->nb, p + (want - pos), take);
        x->nb += take;
        if (x->nb == x->need)
            look(x);
    }
}

const struct trtc_box_track *trtc_boxes_track(const struct trtc_boxes *x, int64_t id)
{
    for (int k = 0; k < x->nb_tracks && x->whole; k++)
        if (x->tracks[k].id == id)
            return &x->tracks[k];
    return NULL;
}

void trtc_boxes_fini(struct trtc_boxes *x)
{
    for (int k = 0; k < x->nb_tracks; k++)
        free(x->tracks[k].edits.items);
    trtc_box_index_fini(&x->index);
    free(x->box);
    *x = (struct trtc_boxes){ 0 };
}
