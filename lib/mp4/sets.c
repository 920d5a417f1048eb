/* SPDX-License-Identifier: MIT */
/* The parameter sets of copied video. */
#include "mp4/sets.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "mp4/sets_priv.h"

enum {
    BUNDLE_MAX = 255, /* sets per entry; of these at most this many SPS: */
    SPS_MAX = 31,
    BUNDLE_MAX_BYTES = 32 * 1024, /* many times what encoders produce */
    SET_MAX_BYTES = 8 * 1024,     /* per set: even when renamed it fits into an entry */
};

/* Parameter sets with different names (kind and id). */
struct bundle {
    struct trtc_set v[BUNDLE_MAX];
    int nb;
    uint8_t *bytes; /* Annex B */
    size_t size, cap;
    struct trtc_video_params params; /* of the first picture that refers to the bundle */
    bool split;                      /* its SPS state different colours */
};

struct trtc_sets {
    enum trtc_codec codec;
    struct bundle current; /* the sets in force: the last one of each name */
    bool changed;          /* they changed after the last slice */
    struct bundle *entries[TRTC_MP4_ENTRIES_MAX];
    int nb_entries, entry;
    int16_t pps[TRTC_PPS_IDS]; /* the ids that the PPS in force have in the entry */
    int nb_renamed;            /* how many of these differ from the ids in the stream */
    struct trtc_video_params params;
    uint8_t *buf;
    size_t cap;
};

/* ---- bundles ---- */

static int find(const struct bundle *b, enum trtc_set_kind kind, int id)
{
    for (int i = 0; i < b->nb; i++)
        if (b->v[i].kind == kind && b->v[i].id == id)
            return i;
    return -1;
}

static bool holds(const struct bundle *b, int i, const uint8_t *nal, size_t n)
{
    return b->v[i].n == n && !memcmp(b->bytes + b->v[i].at, nal, n);
}

static void remove_set(struct bundle *b, int i)
{
    const size_t at = b->v[i].at - 4, n = b->v[i].n + 4;
    memmove(b->bytes + at, b->bytes + at + n, b->size - at - n);
    b->size -= n;
    memmove(b->v + i, b->v + i + 1, (size_t)(--b->nb - i) * sizeof *b->v);
    for (int k = 0; k < b->nb; k++)
        if (b->v[k].at > at)
            b->v[k].at -= n;
}

static bool has_room(const struct bundle *b, const struct trtc_set *x)
{
    int nb_sps = 0;
    for (int i = 0; i < b->nb; i++)
        nb_sps += b->v[i].kind == TRTC_SET_SPS;
    return b->nb < BUNDLE_MAX && x->n <= SET_MAX_BYTES && b->size + x->n + 4 <= BUNDLE_MAX_BYTES &&
           (x->kind != TRTC_SET_SPS || nb_sps < SPS_MAX);
}

/* Adds a set, whose NAL unit is nal, to a bundle with room for it. 0, or -1: out of memory. */
static int add_set(struct bundle *b, const struct trtc_set *x, const uint8_t *nal)
{
    const size_t need = b->size + 4 + x->n;
    if (trtc_array_reserve(&b->bytes, &b->cap, need, 1) < 0)
        return -1;
    memcpy(b->bytes + b->size, "\0\0\0\1", 4);
    memcpy(b->bytes + b->size + 4, nal, x->n);
    b->v[b->nb] = *x;
    b->v[b->nb++].at = b->size + 4;
    b->size = need;
    return 0;
}

/* Handles a set of the stream. A damaged one changes nothing. 0, or -1: out of memory. */
static int note_set(struct trtc_sets *s, const uint8_t *nal, size_t n)
{
    struct bundle *c = &s->current;
    struct trtc_set x;
    if (!trtc_set_read(s->codec, nal, n, &x))
        return 0;
    const int old = find(c, x.kind, x.id);
    if (old >= 0 && holds(c, old, nal, n))
        return 0;
    if (old >= 0)
        remove_set(c, old);
    s->changed = true;
    return has_room(c, &x) ? add_set(c, &x, nal) : 0;
}

static int params_of_set(const struct trtc_sets *s, int i, struct trtc_video_params *out)
{
    const struct bundle *c = &s->current;
    return trtc_video_params_of_sps(s->codec, c->bytes + c->v[i].at, c->v[i].n, out);
}

/* Gets the parameters of pictures that refer to PPS `pps`. 0, or -1: a set is missing. */
static int params_of(const struct trtc_sets *s, int pps, struct trtc_video_params *out)
{
    const struct bundle *c = &s->current;
    const int i = find(c, TRTC_SET_PPS, pps);
    const int sps = i < 0 ? -1 : find(c, TRTC_SET_SPS, c->v[i].refers);
    return sps < 0 ? -1 : params_of_set(s, sps, out);
}

/* ---- entries ---- */

/* How the sets in force are placed in an entry. */
struct fitting {
    const struct trtc_sets *s;
    struct bundle *e;
    int16_t id[TRTC_NB_SET_KINDS][TRTC_PPS_IDS]; /* their ids in the entry; -1: unknown, or not
                                                    in force */
    bool split;
};

enum fit { FITS, CLASHES, FAILED };

static bool is_given(const struct fitting *f, enum trtc_set_kind kind, int id)
{
    for (int i = 0; i < TRTC_PPS_IDS; i++)
        if (f->id[kind][i] == id)
            return true;
    return false;
}

/* Set x as it is stored in the entry under an id. The caller frees *made. NULL: out of memory. */
static const uint8_t *renamed(const struct fitting *f, const struct trtc_set *x,
                              struct trtc_set *to, uint8_t **made)
{
    const uint8_t *nal = f->s->current.bytes + x->at;
    const int other = x->refers >= 0 ? f->id[x->kind - 1][x->refers] : -1;
    *made = NULL;
    to->refers = other >= 0 ? other : x->refers;
    to->n = x->n;
    if (to->id == x->id && to->refers == x->refers)
        return nal;
    return *made = trtc_set_rename(f->s->codec, nal, x, to, &to->n);
}

/* Whether x has the depth and chroma of the entry, which are stated once for all its sets
 * (14496-15, 5.3.3.1.2). */
static bool is_alike(const struct fitting *f, const struct trtc_set *x)
{
    const struct trtc_video_params *p = &f->e->params;
    struct trtc_video_params v;
    if (x->kind != TRTC_SET_SPS || f->e->nb == 0)
        return true;
    return params_of_set(f->s, (int)(x - f->s->current.v), &v) == 0 && v.chroma == p->chroma &&
           v.depth == p->depth;
}

static bool has_other_colours(const struct fitting *f, const struct trtc_set *x)
{
    const struct trtc_colour *p = &f->e->params.colour;
    struct trtc_video_params v;
    return params_of_set(f->s, (int)(x - f->s->current.v), &v) == 0 &&
           memcmp(&v.colour, p, sizeof *p) != 0;
}

/* Whether a renamed set is still the same set. If a set was cut within its last number, zeros are
 * lost. */
static bool is_whole(const struct fitting *f, const uint8_t *made, const struct trtc_set *to)
{
    struct trtc_set x;
    return trtc_set_read(f->s->codec, made, to->n, &x) && x.id == to->id && x.refers == to->refers;
}

/* Tries an id for set x: it fits if the entry already holds it under that id, or (fresh) if the id
 * is free. */
static enum fit try_id(struct fitting *f, const struct trtc_set *x, int id, bool fresh)
{
    const int there = find(f->e, x->kind, id);
    struct trtc_set to = { .kind = x->kind, .id = id };
    enum fit fit = CLASHES;
    if (fresh ? there >= 0 || is_given(f, x->kind, id) || !is_alike(f, x) : there < 0)
        return CLASHES;
    uint8_t *made;
    const uint8_t *nal = renamed(f, x, &to, &made);
    if (!nal)
        return FAILED;
    if (made && !is_whole(f, made, &to))
        fit = CLASHES;
    else if (!fresh && holds(f->e, there, nal, to.n))
        fit = FITS;
    else if (fresh && has_room(f->e, &to))
        fit = add_set(f->e, &to, nal) < 0 ? FAILED : FITS;
    free(made);
    if (fit != FITS)
        return fit;
    f->id[x->kind][x->id] = (int16_t)id;
    f->split |= fresh && x->kind == TRTC_SET_SPS && has_other_colours(f, x);
    return fit;
}

/* Tries the set's own id, then the others from the highest down, since streams use low ids. */
static enum fit try_ids(struct fitting *f, const struct trtc_set *x, bool fresh)
{
    int first = 0, last = trtc_set_id_max(f->s->codec, x->kind);
    enum fit fit = try_id(f, x, x->id, fresh);
    if (x->kind == TRTC_SET_PPS)
        trtc_slice_ids(f->s->codec, x->id, &first, &last);
    for (int id = last; id >= first && fit == CLASHES; id--)
        if (!fresh || find(&f->s->current, x->kind, id) < 0)
            fit = try_id(f, x, id, fresh);
    return fit;
}

/* Places the sets in force in the entry, beginning with those that others refer to. */
static enum fit fit_in(struct fitting *f)
{
    const struct bundle *c = &f->s->current;
    memset(f->id, -1, sizeof f->id);
    for (int kind = 0; kind < TRTC_NB_SET_KINDS; kind++) {
        for (int i = 0; i < c->nb; i++) {
            if ((int)c->v[i].kind != kind)
                continue;
            enum fit fit = try_ids(f, &c->v[i], false);
            if (fit == CLASHES)
                fit = try_ids(f, &c->v[i], true);
            if (fit != FITS)
                return fit;
        }
    }
    return FITS;
}

/* Chooses an entry for what follows if the sets in force fit into it. Otherwise the entry is
 * unchanged. */
static enum fit enter(struct trtc_sets *s, int entry)
{
    struct fitting f = { .s = s, .e = s->entries[entry] };
    const int nb = f.e->nb;
    const size_t size = f.e->size;
    const enum fit fit = fit_in(&f);
    if (fit != FITS) {
        f.e->nb = nb;
        f.e->size = size;
        return fit;
    }
    f.e->split |= f.split;
    s->entry = entry;
    s->changed = false;
    s->nb_renamed = 0;
    for (int i = 0; i < TRTC_PPS_IDS; i++) {
        s->pps[i] = f.id[TRTC_SET_PPS][i];
        s->nb_renamed += s->pps[i] >= 0 && s->pps[i] != i;
    }
    return FITS;
}

static int new_entry(struct trtc_sets *s, int pps, struct trtc_err *err)
{
    if (s->nb_entries == TRTC_MP4_ENTRIES_MAX)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "the parameter sets change too often");
    struct bundle *e = calloc(1, sizeof *e);
    if (!e)
        return trtc_fail_nomem(err);
    if (params_of(s, pps, &e->params) < 0)
        e->params = s->params;
    s->entries[s->nb_entries] = e;
    return s->nb_entries++;
}

/* Handles changed sets at a slice that refers to PPS `pps`: they go to the current entry, else to
 * another one, else to a new one. */
static int settle(struct trtc_sets *s, int pps, struct trtc_err *err)
{
    enum fit fit = CLASHES;
    for (int i = 0; i < s->nb_entries && fit == CLASHES; i++)
        fit = enter(s, (s->entry + i) % s->nb_entries);
    if (fit == CLASHES) {
        const int n = new_entry(s, pps, err);
        if (n < 0)
            return -1;
        fit = enter(s, n);
    }
    if (fit == CLASHES)
        return trtc_fail(err, TRTC_EX_UNAVAILABLE, "no sample entry holds the parameter sets");
    return fit == FAILED ? trtc_fail_nomem(err) : 0;
}

/* ---- access units ---- */

struct unit { /* being made */
    uint8_t *o;
    bool key, has_picture, has_slice, unknown;
};

/* Appends a NAL unit. ref: the reference of a slice whose PPS may have another id, or NULL. */
static void put_nal(const struct trtc_sets *s, struct unit *u, const uint8_t *nal, size_t n,
                    const struct trtc_slice_ref *ref)
{
    uint8_t *const length = u->o;
    u->o += 4;
    if (ref && s->pps[ref->pps] >= 0 && s->pps[ref->pps] != ref->pps)
        n = trtc_slice_rename(nal, n, ref, s->pps[ref->pps], u->o);
    else
        memcpy(u->o, nal, n);
    for (int i = 0; i < 4; i++)
        length[i] = (uint8_t)(n >> (24 - 8 * i));
    u->o += n;
}

/* Handles a slice. What it refers to is read only if that matters. */
static int take_slice(struct trtc_sets *s, struct unit *u, const uint8_t *nal, size_t n,
                      struct trtc_err *err)
{
    const bool first_of_key = u->key && !u->has_slice;
    struct trtc_slice_ref ref = { .pps = -1 };
    u->has_slice = u->has_picture = true;
    if (s->changed || s->nb_renamed || first_of_key)
        ref = trtc_slice_pps(s->codec, nal, n);
    if (first_of_key && params_of(s, ref.pps, &s->params) < 0) {
        u->unknown = true;
        return 0;
    }
    if (s->changed && settle(s, ref.pps, err) < 0)
        return -1;
    put_nal(s, u, nal, n, ref.pps >= 0 ? &ref : NULL);
    return 0;
}

static int take_nal(struct trtc_sets *s, struct unit *u, const uint8_t *nal, size_t n,
                    struct trtc_err *err)
{
    if (trtc_is_slice(s->codec, nal, n))
        return take_slice(s, u, nal, n, err);
    if (trtc_set_kind(s->codec, nal, n) != TRTC_SET_NONE)
        return note_set(s, nal, n) < 0 ? trtc_fail_nomem(err) : 0;
    const enum trtc_nal kind = trtc_nal_kind(s->codec, nal[0]);
    u->has_picture |= kind == TRTC_NAL_SLICE || kind == TRTC_NAL_KEY_SLICE;
    if (kind != TRTC_NAL_AUD && kind != TRTC_NAL_FILLER)
        put_nal(s, u, nal, n, NULL);
    return 0;
}

/* Makes room for a unit in which every slice may grow. The shortest slice has 2 bytes and a start
 * code. */
static int reserve(struct trtc_sets *s, size_t size, struct trtc_err *err)
{
    const size_t need = size + size / 5 * (TRTC_SLICE_GROWS + 1) + 64;
    return trtc_array_reserve(&s->buf, &s->cap, need, 1) < 0 ? trtc_fail_nomem(err) : 0;
}

int trtc_sets_take(struct trtc_sets *s, const struct trtc_packet *p, struct trtc_sample *out,
                   struct trtc_err *err)
{
    const uint8_t *pos = p->data, *nal;
    size_t n;
    if (reserve(s, p->size, err) < 0)
        return -1;
    struct unit u = { .o = s->buf, .key = p->key };
    while ((nal = trtc_annexb_next(&pos, p->data + p->size, &n)))
        if (take_nal(s, &u, nal, n, err) < 0)
            return -1;
    if (!u.has_picture || u.unknown)
        return 0;
    out->data = s->buf;
    out->size = (size_t)(u.o - s->buf);
    out->entry = s->entry;
    return 1;
}

static void swap_bundles(struct bundle *a, struct bundle *b)
{
    const struct bundle kept = *a;
    *a = *b;
    *b = kept;
}

int trtc_sets_take_own(struct trtc_sets *s, struct trtc_bytes sets, const struct trtc_packet *p,
                       struct trtc_sample *out, struct trtc_err *err)
{
    struct trtc_sets own = { .codec = s->codec };
    const struct trtc_video_params params = s->params;
    const uint8_t *pos = sets.p, *nal;
    size_t n;
    int ret = 0;
    while (ret == 0 && (nal = trtc_annexb_next(&pos, sets.p + sets.n, &n)))
        ret = note_set(&own, nal, n);
    if (ret < 0) {
        free(own.current.bytes);
        return trtc_fail_nomem(err);
    }
    swap_bundles(&s->current, &own.current);
    s->changed = true;
    ret = trtc_sets_take(s, p, out, err);
    swap_bundles(&s->current, &own.current);
    s->params = params;
    s->changed = true; /* the next picture needs its own sets again */
    free(own.current.bytes);
    return ret;
}

/* ---- interface ---- */

struct trtc_sets *trtc_sets_new(enum trtc_codec codec)
{
    struct trtc_sets *s = calloc(1, sizeof *s);
    if (s)
        s->codec = codec;
    return s;
}

void trtc_sets_free(struct trtc_sets **s)
{
    if (!*s)
        return;
    for (int i = 0; i < (*s)->nb_entries; i++) {
        free((*s)->entries[i]->bytes);
        free((*s)->entries[i]);
    }
    free((*s)->current.bytes);
    free((*s)->buf);
    free(*s);
    *s = NULL;
}

const struct trtc_video_params *trtc_sets_params(const struct trtc_sets *s)
{
    return s->params.width_px ? &s->params : NULL;
}

int trtc_sets_nb_entries(const struct trtc_sets *s)
{
    return s->nb_entries;
}

const uint8_t *trtc_sets_entry(const struct trtc_sets *s, int entry, size_t *size,
                               struct trtc_video_params *v)
{
    *size = s->entries[entry]->size;
    *v = s->entries[entry]->params;
    if (s->entries[entry]->split)
        v->colour = (struct trtc_colour){ 0 };
    return s->entries[entry]->bytes;
}
