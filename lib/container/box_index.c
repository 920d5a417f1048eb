/* SPDX-License-Identifier: MIT */
/* Checks that the index of an MP4 without fragments agrees with itself and with the media data.
 * Sound has nothing in it by which a sample can be recognised: where the index is damaged, other
 * bytes would be taken for sound. Each byte of the media data should belong to one sample. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "container/box_index.h"

enum { FULL = 4, COUNT = 4, SIZES = 12 }; /* bytes in front of the entries of a table */
enum { ENTRY = 12 };                      /* bytes of one about chunks */
enum { DATA_MAX = 4096, SECTOR = 512 };
#define DISAGREE "an index whose tables do not agree"

static void set_fault(struct trtc_box_index *x, const char *fault, int64_t at)
{
    if (!x->fault)
        x->fault_at = at;
    x->fault = x->fault ? x->fault : fault;
}

void trtc_box_index_damaged(struct trtc_box_index *x)
{
    set_fault(x, "a damaged index", x->at);
}

/* ---- the samples of a track ---- */

static struct trtc_box_index_table *table_of(struct trtc_box_index *x, const uint8_t *type)
{
    static const char names[][5] = { "stsz", "stsc", "stco", "co64" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (memcmp(type, names[i], 4) == 0)
            return &x->table[i < 3 ? i : 2];
    return NULL;
}

int trtc_box_index_table(struct trtc_box_index *x, const uint8_t *type, struct trtc_bytes b)
{
    struct trtc_box_index_table *t = table_of(x, type);

    x->vague |= memcmp(type, "stz2", 4) == 0;
    if (!t || t->p || b.n == 0)
        return 0;
    t->p = malloc(b.n);
    if (!t->p)
        return -1;
    memcpy(t->p, b.p, b.n);
    t->n = b.n;
    t->wide = memcmp(type, "co64", 4) == 0;
    return 0;
}

/* Returns how many entries a table has, which is at most what it states. */
static size_t nb_of(const struct trtc_box_index_table *t, size_t header, size_t entry)
{
    if (t->n < header)
        return 0;
    const size_t stated = (size_t)trtc_be(t->p + header - COUNT, 4),
                 there = (t->n - header) / entry;
    return stated < there ? stated : there;
}

static int add_run(struct trtc_box_index *x, uint64_t from, uint64_t bytes)
{
    if (bytes == 0 || from > INT64_MAX / 2 || bytes > INT64_MAX / 2)
        return 0;
    if (trtc_array_reserve(&x->runs, &x->cap_runs, x->nb_runs + 1, sizeof *x->runs) < 0)
        return -1;
    x->runs[x->nb_runs++] = (struct trtc_box_range){ (int64_t)from, (int64_t)(from + bytes) };
    return 0;
}

/* The tables of the track. */
struct tables {
    const struct trtc_box_index_table *sizes, *counts, *places;
    size_t nb_samples, nb_counts, nb_places;
    uint64_t each; /* the size of all samples; 0: they have their own */
};

/* Whether each chunk has a description. */
static bool are_described(const struct tables *t, uint64_t nb_descriptions)
{
    for (size_t i = 0; i < t->nb_counts; i++) {
        const uint64_t n = trtc_be(t->counts->p + FULL + COUNT + i * ENTRY + 8, 4);
        if (n == 0 || n > nb_descriptions)
            return false;
    }
    return true;
}

/* Whether the durations of the samples come to what the track states about all of them, if it does that.
 * Writers do not count the same at its end, or state it by the clock of the film. */
static bool are_as_long(const struct trtc_box_track *t, uint32_t movie_hz)
{
    enum { PART = 50 };
    const bool stated = !t->no_steps && t->dur > 0 && t->dur < UINT32_MAX;
    const int64_t off = llabs(t->ticks - t->dur);
    const double by_film =
        movie_hz > 0 && stated ? (double)t->ticks * movie_hz / t->hz / (double)t->dur : 0;

    return !stated || off <= t->hz || off <= t->dur / PART || (by_film > 0.98 && by_film < 1.02);
}

void trtc_box_index_length(struct trtc_box_index *x, const struct trtc_box_track *track)
{
    if (!x->vague && track->nb_steps > 0 && !are_as_long(track, x->movie_hz))
        set_fault(x, DISAGREE, x->at);
}

/* Whether durations belong to the samples. Of the last one, there may be none or too many. */
static bool agrees(const struct tables *t, const struct trtc_box_track *track)
{
    return llabs(track->nb_steps - (int64_t)t->nb_samples) <= 1 &&
           are_described(t, track->nb_descriptions);
}

/* Returns how many samples chunk c has. *k: the entry that states it. */
static size_t samples_in(const struct tables *t, size_t c, size_t *k)
{
    if (t->nb_counts == 0)
        return 0;
    const uint8_t *p = t->counts->p + FULL + COUNT;
    while (*k + 1 < t->nb_counts && trtc_be(p + (*k + 1) * ENTRY, 4) <= c + 1)
        ++*k;
    return (size_t)trtc_be(p + *k * ENTRY + 4, 4);
}

static uint64_t bytes_of(struct trtc_box_index *x, const struct tables *t, size_t first, size_t n)
{
    uint64_t sum = 0;

    if (t->each > 0)
        return t->each * n;
    for (size_t i = first; i < first + n; i++) {
        const uint64_t size = trtc_be(t->sizes->p + SIZES + i * 4, 4);
        x->largest = size > x->largest ? size : x->largest;
        sum += size;
    }
    return sum;
}

/* Adds the chunks of a track. Returns the number of samples in them, or -1: no memory. */
static int64_t add_chunks(struct trtc_box_index *x, const struct tables *t)
{
    const int bytes = t->places->wide ? 8 : 4;
    size_t done = 0, k = 0;

    for (size_t c = 0; c < t->nb_places; c++) {
        const size_t stated = samples_in(t, c, &k), left = t->nb_samples - done;
        const size_t n = stated < left ? stated : left;
        const uint64_t at = trtc_be(t->places->p + FULL + COUNT + c * (size_t)bytes, bytes);
        if (add_run(x, at, bytes_of(x, t, done, n)) < 0)
            return -1;
        done += n;
        if (n == 0 && stated > 0) /* samples are missing for this chunk */
            return (int64_t)done + 1;
    }
    return (int64_t)done;
}

int trtc_box_index_track(struct trtc_box_index *x, const struct trtc_box_track *track)
{
    const struct trtc_box_index_table *sizes = &x->table[0], *places = &x->table[2];
    const bool uniform = sizes->n >= SIZES && trtc_be(sizes->p + FULL, 4) > 0;
    const struct tables t = {
        sizes,
        &x->table[1],
        places,
        uniform ? (size_t)trtc_be(sizes->p + FULL + 4, 4) : nb_of(sizes, SIZES, 4),
        nb_of(&x->table[1], FULL + COUNT, ENTRY),
        nb_of(places, FULL + COUNT, places->wide ? 8 : 4),
        uniform ? trtc_be(sizes->p + FULL, 4) : 0,
    };
    const int64_t nb = add_chunks(x, &t);

    x->vague |= uniform && !track->picture; /* the size may be stated in other units */
    if (nb >= 0 && !x->vague && !(nb == (int64_t)t.nb_samples && agrees(&t, track)))
        set_fault(x, DISAGREE, x->at);
    for (size_t i = 0; i < sizeof x->table / sizeof *x->table; i++) {
        free(x->table[i].p);
        x->table[i] = (struct trtc_box_index_table){ 0 };
    }
    return nb < 0 ? -1 : 0;
}

/* ---- the media data ---- */

static int compare(const void *a, const void *b)
{
    const struct trtc_box_range *x = a, *y = b;

    if (x->from != y->from)
        return x->from < y->from ? -1 : 1;
    return (x->to > y->to) - (x->to < y->to);
}

/* Sorts the chunks, and joins those that touch. Two tracks may share a chunk, but not a part of
 * it. */
static void join(struct trtc_box_index *x)
{
    struct trtc_box_range before = { 0, 0 };
    size_t n = 0;

    x->nb_chunks = x->nb_runs;
    if (x->nb_runs > 0)
        qsort(x->runs, x->nb_runs, sizeof *x->runs, compare);
    for (size_t i = 0; i < x->nb_runs; i++) {
        const struct trtc_box_range r = x->runs[i];
        struct trtc_box_range *last = n > 0 ? &x->runs[n - 1] : NULL;
        if (!x->vague && last && r.from < last->to && compare(&r, &before) != 0)
            set_fault(x, "media data that belongs to two samples", r.from);
        before = r;
        if (last && r.from <= last->to)
            last->to = r.to > last->to ? r.to : last->to;
        else
            x->runs[n++] = r;
    }
    x->nb_runs = n;
}

/* Notes a hole between samples. A large one is a track, or a part of one, that was removed. */
static void add_gap(struct trtc_box_index *x, int64_t from, int64_t to)
{
    if ((uint64_t)(to - from) > x->largest)
        return;
    if (x->nb_gaps < TRTC_BOX_GAPS)
        x->gaps[x->nb_gaps] = (struct trtc_box_gap){ .at = from, .to = to, .seen = from };
    x->nb_gaps++;
}

/* Returns the first run that ends behind a position. */
static size_t run_behind(const struct trtc_box_index *x, int64_t at)
{
    size_t from = 0, to = x->nb_runs;

    while (from < to) {
        const size_t mid = from + (to - from) / 2;
        if (x->runs[mid].to <= at)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Compares the samples with media data. What is in front of its first sample is not looked at, nor
 * what fills it up to a whole number of sectors. */
static void cover(struct trtc_box_index *x, const struct trtc_box_range *data)
{
    int64_t at = data->from;

    for (size_t i = run_behind(x, data->from); i < x->nb_runs && x->runs[i].from < data->to; i++) {
        const struct trtc_box_range *r = &x->runs[i];
        if (at > data->from && r->from > at)
            add_gap(x, at, r->from);
        x->nb_covered +=
            (r->to < data->to ? r->to : data->to) - (r->from > data->from ? r->from : data->from);
        at = r->to;
    }
    if (at > data->from && at < data->to && data->to % SECTOR != 0)
        add_gap(x, at, data->to);
}

void trtc_box_index_read(struct trtc_box_index *x)
{
    join(x);
    x->read = true;
    for (size_t i = 0; i < x->nb_data; i++)
        cover(x, &x->data[i]);
}

int trtc_box_index_data(struct trtc_box_index *x, int64_t from, int64_t to)
{
    const struct trtc_box_range data = { from, to };

    x->vague |= x->nb_data == DATA_MAX;
    if (x->vague)
        return 0;
    if (trtc_array_reserve(&x->data, &x->cap_data, x->nb_data + 1, sizeof *x->data) < 0)
        return -1;
    x->data[x->nb_data++] = data;
    if (x->read)
        cover(x, &data);
    return 0;
}

/* ---- what no sample explains ---- */

int64_t trtc_box_index_wants(const struct trtc_box_index *x)
{
    for (size_t i = 0; i < x->nb_gaps && i < TRTC_BOX_GAPS && !x->vague; i++)
        if (x->gaps[i].seen < x->gaps[i].to)
            return x->gaps[i].seen;
    return -1;
}

void trtc_box_index_bytes(struct trtc_box_index *x, int64_t pos, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < x->nb_gaps && i < TRTC_BOX_GAPS; i++) {
        struct trtc_box_gap *g = &x->gaps[i];
        for (; g->seen < g->to && g->seen >= pos && g->seen < pos + (int64_t)n; g->seen++) {
            const uint8_t byte = p[g->seen - pos];
            if (g->seen - g->at < (int64_t)sizeof g->head)
                g->head[g->seen - g->at] = byte;
            g->filled |= byte != 0;
        }
    }
}

/* Whether a gap is filled with zeros, or begins with a box of its own: recorders turn fragments into
 * one box of media data, and may give the boxes in it other names. */
static bool is_explained(const struct trtc_box_gap *g)
{
    const uint64_t size = trtc_be(g->head, 4);
    bool box = size >= sizeof g->head && size <= (uint64_t)(g->to - g->at);

    for (int i = 4; i < 8; i++)
        box &= g->head[i] >= 'a' && g->head[i] <= 'z';
    return !g->filled || box;
}

const char *trtc_box_index_fault(struct trtc_box_index *x)
{
    enum { FEW = 8 }; /* chunks for each gap; others fill them up in their own way */
    int64_t nb = 0;

    if (x->fault || x->vague || !x->read)
        return x->fault;
    for (size_t i = 0; i < x->nb_runs; i++)
        nb += x->runs[i].to - x->runs[i].from;
    if (x->nb_data > 0 && x->nb_covered < nb && x->nb_covered > 0)
        set_fault(x, "an index with samples outside the media data", x->at);
    for (size_t i = 0; i < x->nb_gaps && i < TRTC_BOX_GAPS; i++)
        if (x->nb_gaps <= 1 + x->nb_chunks / FEW && !is_explained(&x->gaps[i]))
            set_fault(x, "media data that belongs to no sample", x->gaps[i].at);
    return x->fault;
}

void trtc_box_index_fini(struct trtc_box_index *x)
{
    for (size_t i = 0; i < sizeof x->table / sizeof *x->table; i++)
        free(x->table[i].p);
    free(x->runs);
    free(x->data);
    *x = (struct trtc_box_index){ 0 };
}
