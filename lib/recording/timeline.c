/* SPDX-License-Identifier: MIT */
/* The time line of a recording.
 *
 * A lane is filled from left to right. A playlist stays in use as long as it continues without a
 * hole. Where it ends, another playlist that overlaps it (a recovery) takes over. It does so at the
 * start of one of its segments, since its pictures can be decoded from there, and the segment
 * before is cut at that point. */
#include "recording/timeline.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

#define CONTIGUOUS_US 100000 /* a playlist continues if its next segment starts this close */

int64_t trtc_clip_end_us(const struct trtc_clip *c)
{
    int64_t end = c->piece->start_us + c->piece->dur_us;
    return c->cut_us < end ? c->cut_us : end;
}

static int64_t piece_end(const struct trtc_piece *p)
{
    return p->start_us + p->dur_us;
}

static int by_start(const void *a, const void *b)
{
    const struct trtc_piece *x = *(const struct trtc_piece *const *)a,
                            *y = *(const struct trtc_piece *const *)b;
    if (x->start_us != y->start_us)
        return x->start_us < y->start_us ? -1 : 1;
    if (x->list != y->list)
        return x->list < y->list ? -1 : 1;
    return (x > y) - (x < y);
}

/* ---- one lane ---- */

struct cover {
    const struct trtc_recording *r;
    struct trtc_timeline *t;
    const struct trtc_piece **cand; /* sorted by start */
    size_t n;
    size_t *next_same; /* for each candidate the index of the next one of its playlist, or n */
    bool *used;
    int64_t *latest_us; /* the latest end of this candidate and all before it */
    struct trtc_clip *clips;
    size_t *from; /* the candidate of each clip */
    size_t nb_clips;
};

/* The first candidate that starts after t. */
static size_t first_after(const struct cover *c, int64_t t)
{
    size_t lo = 0, hi = c->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->cand[mid]->start_us > t)
            hi = mid;
        else
            lo = mid + 1;
    }
    return lo;
}

/* Lists as a loss a piece of the playlist in use that adds nothing new. */
static int lose_twice(const struct cover *c, const struct trtc_piece *p)
{
    return trtc_losses_add_piece(&c->t->losses, c->r, p, (struct trtc_lost){ "twice", 0, p->bytes },
                                 "the segment before already covers its time");
}

/* The next segment of the playlist in use if it continues without a hole, or n. */
static size_t successor(struct cover *c, size_t last)
{
    int64_t end = piece_end(c->cand[last]);
    for (size_t i = c->next_same[last]; i < c->n; i = c->next_same[i]) {
        if (c->cand[i]->start_us > end + CONTIGUOUS_US)
            return c->n;
        if (piece_end(c->cand[i]) > end + TRTC_ROUNDING_US ||
            c->cand[i]->start_us > end - TRTC_ROUNDING_US)
            return i;
        if (!c->used[i] && lose_twice(c, c->cand[i]) < 0)
            return SIZE_MAX;
        c->used[i] = true;
    }
    return c->n;
}

/* A segment of another playlist that covers the time after end: the one that starts last, so that
 * least is cut, and the first of several that start together. */
static size_t takeover(const struct cover *c, int64_t end)
{
    const int64_t beyond = end + TRTC_ROUNDING_US;
    size_t best = c->n;
    for (size_t i = first_after(c, end + CONTIGUOUS_US); i-- > 0 && c->latest_us[i] > beyond;)
        if (!c->used[i] && piece_end(c->cand[i]) > beyond) {
            if (best < c->n && c->cand[i]->start_us < c->cand[best]->start_us)
                break;
            best = i;
        }
    return best;
}

static int take(struct cover *c, size_t i)
{
    const struct trtc_piece *p = c->cand[i];
    while (c->nb_clips > 0) {
        struct trtc_clip *last = &c->clips[c->nb_clips - 1];
        int64_t over = trtc_clip_end_us(last) - p->start_us;
        bool same = last->piece->list == p->list;
        if (over <= (same ? CONTIGUOUS_US : 0))
            break;
        if (p->start_us > last->piece->start_us) {
            last->cut_us = p->start_us;
            break;
        }
        if (same && lose_twice(c, last->piece) < 0)
            return -1;
        c->nb_clips--; /* lies wholly within the new one */
    }
    c->clips[c->nb_clips] = (struct trtc_clip){ p, INT64_MAX };
    c->from[c->nb_clips++] = i;
    c->used[i] = true;
    return 0;
}

static int cover(struct cover *c)
{
    while (true) {
        size_t next = c->n;
        if (c->nb_clips > 0) {
            size_t last = c->from[c->nb_clips - 1];
            int64_t end = piece_end(c->cand[last]);
            next = successor(c, last);
            if (next == SIZE_MAX)
                return -1;
            if (next == c->n)
                next = takeover(c, end);
            for (size_t i = first_after(c, end); next == c->n && i < c->n; i++)
                if (!c->used[i])
                    next = i;
        } else if (c->n > 0) {
            next = 0;
        }
        if (next == c->n)
            return 0;
        if (take(c, next) < 0)
            return -1;
    }
}

/* The time that several playlists cover: the sum of what each covers, less what they cover
 * together. ends: room for a time per playlist. */
static int64_t shared_us(const struct trtc_piece *const *cand, size_t n, int64_t *ends,
                         size_t nb_lists)
{
    int64_t shared = 0, all_end = INT64_MIN;
    for (size_t s = 0; s < nb_lists; s++)
        ends[s] = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        const struct trtc_piece *p = cand[i];
        int64_t *own_end = &ends[p->list], end = piece_end(p);
        int64_t own_from = *own_end > p->start_us ? *own_end : p->start_us;
        int64_t all_from = all_end > p->start_us ? all_end : p->start_us;
        shared += (end > own_from ? end - own_from : 0) - (end > all_from ? end - all_from : 0);
        *own_end = end > *own_end ? end : *own_end;
        all_end = end > all_end ? end : all_end;
    }
    return shared;
}

/* Builds a lane from n candidates. */
static int lane_of(struct cover c, struct trtc_lane *lane, struct trtc_err *err)
{
    const struct trtc_recording *r = c.r;
    const struct trtc_piece **cand = c.cand;
    const size_t n = c.n;
    int ret = -1;
    size_t *last_of = malloc((r->nb_lists + 1) * sizeof *last_of);
    int64_t *ends = malloc((r->nb_lists + 1) * sizeof *ends);
    c.next_same = malloc((n + 1) * sizeof *c.next_same);
    c.used = calloc(n + 1, sizeof *c.used);
    c.latest_us = malloc((n + 1) * sizeof *c.latest_us);
    c.from = malloc((n + 1) * sizeof *c.from);
    c.clips = malloc((n + 1) * sizeof *c.clips);
    if (!last_of || !ends || !c.next_same || !c.used || !c.latest_us || !c.from || !c.clips) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (n)
        qsort(cand, n, sizeof *cand, by_start);
    for (size_t s = 0; s < r->nb_lists; s++)
        last_of[s] = n;
    for (size_t i = n; i-- > 0;) {
        c.next_same[i] = last_of[cand[i]->list];
        last_of[cand[i]->list] = i;
    }
    for (size_t i = 0; i < n; i++) {
        int64_t end = piece_end(cand[i]);
        c.latest_us[i] = i && c.latest_us[i - 1] > end ? c.latest_us[i - 1] : end;
    }
    if (cover(&c) < 0) {
        trtc_fail_nomem(err);
        goto done;
    }
    lane->clips = c.clips;
    lane->n = c.nb_clips;
    c.t->overlap_us += shared_us(cand, n, ends, r->nb_lists);
    c.clips = NULL;
    ret = 0;
done:
    free(last_of);
    free(ends);
    free(c.next_same);
    free(c.used);
    free(c.latest_us);
    free(c.from);
    free(c.clips);
    return ret;
}

/* ---- which pieces a lane is made of ---- */

/* Collects the usable pieces that hold kind and come from media. out has room for all pieces of r.
 * Returns how many there are. */
static size_t collect(const struct trtc_recording *r, enum trtc_kind kind, enum trtc_media media,
                      const struct trtc_piece **out)
{
    size_t n = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        if ((p->facts.kinds & kind) && !p->unusable && r->lists[p->list].media == media)
            out[n++] = p;
    }
    return n;
}

/* When the recording begins and ends, over all its media. */
static void extent_of(const struct trtc_recording *r, int64_t *start_us, int64_t *end_us)
{
    *start_us = INT64_MAX;
    *end_us = INT64_MIN;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        if (p->unusable || !p->facts.kinds)
            continue;
        *start_us = p->start_us < *start_us ? p->start_us : *start_us;
        *end_us = piece_end(p) > *end_us ? piece_end(p) : *end_us;
    }
}

static int by_clip_start(const void *a, const void *b)
{
    return by_start(&((const struct trtc_clip *)a)->piece, &((const struct trtc_clip *)b)->piece);
}

/* Adds the clips of sub to lane where lane has holes of more than 15 s. The time from the start of
 * the recording to lane's first clip counts as a hole, and so does the time from its last clip to
 * the end of the recording. */
static int fill_holes(const struct trtc_recording *r, struct trtc_lane *lane,
                      const struct trtc_lane *sub, struct trtc_err *err)
{
    struct trtc_clip *all = malloc((lane->n + sub->n + 1) * sizeof *all);
    if (!all)
        return trtc_fail_nomem(err);
    size_t n = lane->n, next = 0; /* the first clip of lane that starts after sub's */
    int64_t from, last;           /* latest end of the clips before it; end of the recording */
    extent_of(r, &from, &last);
    if (n)
        memcpy(all, lane->clips, n * sizeof *all);
    for (size_t i = 0; i < sub->n; i++) {
        int64_t start = sub->clips[i].piece->start_us;
        for (; next < lane->n && lane->clips[next].piece->start_us <= start; next++) {
            int64_t end = trtc_clip_end_us(&lane->clips[next]);
            from = next == 0 || end > from ? end : from;
        }
        int64_t to = next < lane->n ? lane->clips[next].piece->start_us : last;
        if (start < from || (lane->n && to - from <= TRTC_SECTION_GAP_US))
            continue;
        all[n] = sub->clips[i];
        if (next < lane->n && trtc_clip_end_us(&all[n]) > to)
            all[n].cut_us = to;
        n++;
    }
    if (n)
        qsort(all, n, sizeof *all, by_clip_start);
    free(lane->clips);
    lane->clips = all;
    lane->n = n;
    return 0;
}

/* The lane of a kind: from the first of two media, with its holes filled from the second if there
 * is one. */
static int build_lane(const struct trtc_recording *r, enum trtc_kind kind,
                      const enum trtc_media media[2], struct trtc_timeline *t, struct trtc_err *err)
{
    struct trtc_lane *lane = kind == TRTC_VIDEO ? &t->video : &t->audio;
    const struct trtc_piece **cand = malloc((r->nb_pieces + 1) * sizeof *cand);
    struct trtc_lane second = { 0 };
    int ret = -1;
    if (!cand) {
        trtc_fail_nomem(err);
        goto done;
    }
    size_t n = collect(r, kind, media[0], cand);
    if (lane_of((struct cover){ .r = r, .t = t, .cand = cand, .n = n }, lane, err) < 0)
        goto done;
    n = media[1] != media[0] ? collect(r, kind, media[1], cand) : 0;
    if (n && (lane_of((struct cover){ .r = r, .t = t, .cand = cand, .n = n }, &second, err) < 0 ||
              fill_holes(r, lane, &second, err) < 0))
        goto done;
    ret = 0;
done:
    free(second.clips);
    free(cand);
    return ret;
}

/* ---- sections ---- */

static const struct trtc_clip *earlier(const struct trtc_lane *a, size_t i,
                                       const struct trtc_lane *v, size_t j)
{
    if (i == a->n || (j < v->n && v->clips[j].piece->start_us < a->clips[i].piece->start_us))
        return &v->clips[j];
    return &a->clips[i];
}

static int add_section(struct trtc_timeline *t, const struct trtc_clip *first)
{
    if (trtc_array_room(&t->sections, t->nb_sections, sizeof *t->sections) < 0)
        return -1;
    const struct trtc_piece *p = first->piece;
    t->sections[t->nb_sections++] = (struct trtc_section){
        .start_us = p->start_us,
        .end_us = trtc_clip_end_us(first),
        .stamp_ms = p->name_ms != TRTC_NOTIME ? p->name_ms : p->start_us / 1000,
    };
    return 0;
}

static int find_sections(struct trtc_timeline *t)
{
    size_t i = 0, j = 0;
    while (i < t->audio.n || j < t->video.n) {
        const struct trtc_clip *c = earlier(&t->audio, i, &t->video, j);
        struct trtc_section *s = t->nb_sections ? &t->sections[t->nb_sections - 1] : NULL;
        if (!s || c->piece->start_us - s->end_us > TRTC_SECTION_GAP_US) {
            if (add_section(t, c) < 0)
                return -1;
            s = &t->sections[t->nb_sections - 1];
            s->audio.clips = t->audio.clips ? t->audio.clips + i : NULL;
            s->video.clips = t->video.clips ? t->video.clips + j : NULL;
        }
        int64_t end = trtc_clip_end_us(c);
        s->end_us = end > s->end_us ? end : s->end_us;
        if (i < t->audio.n && c == &t->audio.clips[i]) {
            s->audio.n++;
            i++;
        } else {
            s->video.n++;
            j++;
        }
    }
    return 0;
}

static const enum trtc_media picture_media[4][2] = {
    [TRTC_AUX_MAIN] = { TRTC_MEDIA_MAIN, TRTC_MEDIA_MAIN },
    [TRTC_AUX_AUTO] = { TRTC_MEDIA_MAIN, TRTC_MEDIA_AUX },
    [TRTC_AUX_SUB] = { TRTC_MEDIA_AUX, TRTC_MEDIA_AUX },
    [TRTC_AUX_ONLY] = { TRTC_MEDIA_AUX, TRTC_MEDIA_AUX },
};
static const enum trtc_media sound_media[4][2] = {
    [TRTC_AUX_MAIN] = { TRTC_MEDIA_MAIN, TRTC_MEDIA_MAIN },
    [TRTC_AUX_AUTO] = { TRTC_MEDIA_MAIN, TRTC_MEDIA_AUX },
    [TRTC_AUX_SUB] = { TRTC_MEDIA_MAIN, TRTC_MEDIA_AUX },
    [TRTC_AUX_ONLY] = { TRTC_MEDIA_AUX, TRTC_MEDIA_AUX },
};

bool trtc_list_wanted(const struct trtc_recording *r, int list, enum trtc_aux aux)
{
    if (list < 0 || !r->user)
        return true;
    const struct trtc_list *s = &r->lists[list];
    const enum trtc_media *v = picture_media[aux], *a = sound_media[aux];
    bool audio = s->media == a[0] || s->media == a[1], video = s->media == v[0] || s->media == v[1];
    return s->type == TRTC_AUDIO ? audio : video;
}

static void mark_used(const struct trtc_recording *r, const struct trtc_lane *lane, bool *used)
{
    for (size_t i = 0; i < lane->n; i++)
        used[lane->clips[i].piece - r->pieces] = true;
}

/* Accounts for the pieces that are in no lane, by reason. v, a: the media that supply picture and
 * sound. */
static int account_for(const struct trtc_recording *r, const enum trtc_media v[2],
                       const enum trtc_media a[2], struct trtc_timeline *out)
{
    bool *used = calloc(r->nb_pieces + 1, sizeof *used);
    if (!used)
        return -1;
    mark_used(r, &out->video, used);
    mark_used(r, &out->audio, used);
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        enum trtc_media m = r->lists[p->list].media;
        bool shown = ((p->facts.kinds & TRTC_VIDEO) && (m == v[0] || m == v[1])) ||
                     ((p->facts.kinds & TRTC_AUDIO) && (m == a[0] || m == a[1]));
        if (p->unusable || used[i])
            continue;
        out->nb_left_out += !shown;
        out->left_out_bytes += shown ? 0 : p->bytes;
        out->nb_unused += shown;
        out->unused_bytes += shown ? p->bytes : 0;
    }
    free(used);
    return 0;
}

/* v, a: the media that supply picture and sound. */
static int build(const struct trtc_recording *r, const enum trtc_media v[2],
                 const enum trtc_media a[2], struct trtc_timeline *out, struct trtc_err *err)
{
    *out = (struct trtc_timeline){ 0 };
    if (build_lane(r, TRTC_VIDEO, v, out, err) < 0 || build_lane(r, TRTC_AUDIO, a, out, err) < 0)
        goto fail;
    if (account_for(r, v, a, out) < 0 || find_sections(out) < 0) {
        trtc_fail_nomem(err);
        goto fail;
    }
    return 0;
fail:
    trtc_timeline_fini(out);
    return -1;
}

static const enum trtc_media mixed_media[2] = { TRTC_MEDIA_NONE, TRTC_MEDIA_NONE };

int trtc_timeline_build(const struct trtc_recording *r, enum trtc_aux aux,
                        struct trtc_timeline *out, struct trtc_err *err)
{
    return r->user ? build(r, picture_media[aux], sound_media[aux], out, err)
                   : build(r, mixed_media, mixed_media, out, err);
}

int trtc_timeline_build_sound(const struct trtc_recording *r, enum trtc_aux aux,
                              struct trtc_timeline *out, struct trtc_err *err)
{
    static const enum trtc_media no_media[2] = { (enum trtc_media) - 1, (enum trtc_media) - 1 };
    return build(r, no_media, r->user ? sound_media[aux] : mixed_media, out, err);
}

bool trtc_list_has_sound(const struct trtc_recording *r, int list)
{
    if (list < 0 || !r->user || r->lists[list].type == TRTC_AUDIO)
        return true;
    for (size_t i = 0; i < r->nb_pieces; i++)
        if (r->pieces[i].list == list && r->pieces[i].facts.kinds & TRTC_AUDIO)
            return true;
    return false;
}

void trtc_timeline_fini(struct trtc_timeline *t)
{
    free(t->audio.clips);
    free(t->video.clips);
    free(t->sections);
    trtc_losses_fini(&t->losses);
    *t = (struct trtc_timeline){ 0 };
}
