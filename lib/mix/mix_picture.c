/* SPDX-License-Identifier: MIT */
/* The composing side of the mix: which users are there, where their windows are, and the frame. */
#include "mix/mix_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/utc.h"
#include "recording/recording.h"

enum { SINGLE_TILE_THREADS = 4 };

/* Extends short intervals, so that everyone who enters is seen in at least one frame. */
static void show_once(struct trtc_intervals *v, int64_t frame_us)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->items[i].end_us - v->items[i].start_us < frame_us)
            v->items[i].end_us = v->items[i].start_us + frame_us;
}

/* Makes the tile of participant i, and its presence as far as it is known beforehand. */
static int add_participant(struct trtc_mix *m, size_t i, int threads, struct trtc_err *err)
{
    struct trtc_participant *p = &m->participants[i];
    const struct trtc_member *known = p->member;
    if (p->picture && m->o.set->video && !(p->tile = trtc_tile_new(p->picture, threads, err)))
        return -1;
    p->actor = (struct trtc_actor){ .user = known->user, .aux = known->aux, .tile = p->tile };
    p->there = (struct trtc_member){ .user = known->user, .aux = known->aux };
    m->actors[i] = &p->actor;
    m->members[i] = &p->there;
    if (trtc_intervals_union(&known->sound, &p->there.sound, TRTC_SECTION_GAP_US, &p->there.sound,
                             err) < 0 ||
        trtc_intervals_union(&known->picture, &p->there.picture, TRTC_SECTION_GAP_US,
                             &p->there.picture, err) < 0)
        return -1;
    show_once(&p->there.picture, 1000000 / m->o.set->fps + 1);
    return trtc_member_settle(&p->there, m->o.linger_us, err);
}

int trtc_mix_picture_new(struct trtc_mix *m, struct trtc_err *err)
{
    const size_t n = m->nb_participants, all = n + m->nb_room;
    const int cores = trtc_pool_cores();
    int workers = m->o.workers ? m->o.workers : cores;
    size_t nb_tiles = 0;
    m->actors = calloc(all + 1, sizeof *m->actors);
    m->members = calloc(all + 1, sizeof *m->members);
    m->order = calloc(all + 1, sizeof *m->order);
    m->previous = calloc(all + 1, sizeof *m->previous);
    if (!m->actors || !m->members || !m->order || !m->previous)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < n; i++)
        nb_tiles += m->participants[i].picture != NULL;
    /* a single picture would leave the other cores idle, so its decoder gets several threads */
    const int threads = nb_tiles > 1 || m->state.live ? 1
                        : cores < SINGLE_TILE_THREADS ? workers
                                                      : SINGLE_TILE_THREADS;
    for (size_t i = 0; i < n; i++)
        if (add_participant(m, i, threads, err) < 0)
            return -1;
    for (size_t i = n; i < all; i++) /* for streams that join later: no name or picture yet */
        m->actors[i] = &m->participants[i].actor;
    m->pool = trtc_pool_new(workers, err);
    if (!m->pool)
        return -1;
    const struct trtc_stage_opts so = { .width_px = m->o.set->width_px,
                                        .height_px = m->o.set->height_px,
                                        .colour = m->colour,
                                        .nb_canvases = NB_CANVASES,
                                        .actors = m->actors,
                                        .nb_actors = all,
                                        .labels = m->o.labels,
                                        .fill = m->o.set->fill,
                                        .pool = m->pool,
                                        .image = m->o.image,
                                        .opaque = m->o.opaque };
    return m->o.set->video && !(m->stage = trtc_stage_new(&so, err)) ? -1 : 0;
}

void trtc_mix_picture_free(struct trtc_mix *m)
{
    trtc_stage_free(&m->stage);
    trtc_pool_free(&m->pool);
    for (size_t i = 0; i < m->nb_participants; i++)
        trtc_tile_free(&m->participants[i].tile);
    free(m->actors);
    free(m->members);
    free(m->order);
    free(m->previous);
}

int trtc_mix_picture_skip(struct trtc_mix *m, int64_t due_us, struct trtc_err *err)
{
    m->followed_us = due_us;
    return m->stage ? trtc_stage_skip(m->stage, due_us, err) : 0;
}

/* ---- who is there ---- */

static void show_name(const struct trtc_participant *s, char *out, size_t size)
{
    char user[256];
    trtc_text_show(s->member->user, strlen(s->member->user), user, sizeof user);
    snprintf(out, size, "%s%s", user, s->member->aux ? ":aux" : "");
}

/* Reports pictures that have broken, and ends their presence 15 s after the last frame, as for
 * those that stall. Returns -1 if the mix has to end. */
static int see_failures(struct trtc_mix *m, struct trtc_err *err)
{
    for (size_t i = 0; i < m->nb_participants; i++) {
        struct trtc_err why = { 0 };
        int64_t at;
        char who[300], when[32];
        if (!m->participants[i].tile || m->participants[i].failure_told)
            continue;
        trtc_tile_failure(m->participants[i].tile, &why, &at);
        if (!why.code)
            continue;
        if (trtc_mix_must_end(m, &why)) {
            *err = why;
            return -1;
        }
        m->participants[i].failure_told = true;
        m->participants[i].failure = why;
        m->participants[i].failed_at_us = at;
        at = at == TRTC_NOTIME ? m->state.start_us : at;
        show_name(&m->participants[i], who, sizeof who);
        trtc_utc_format3339(at / 1000, when);
        trtc_mix_tell(m, TRTC_MIX_ERROR, "%s: the picture breaks at %s (%.3f s): %s", who, when,
                      (double)(at - m->state.start_us) / 1e6, why.msg);
        struct trtc_intervals *v = &m->participants[i].there.picture;
        const int64_t gone = at + TRTC_SECTION_GAP_US;
        while (v->n && v->items[v->n - 1].start_us >= gone)
            v->n--;
        if (v->n && v->items[v->n - 1].end_us > gone)
            v->items[v->n - 1].end_us = gone;
        if (trtc_member_settle(&m->participants[i].there, m->o.linger_us, err) < 0)
            return -1;
    }
    return 0;
}

static void want(struct trtc_mix *m)
{
    for (size_t i = 0; i < m->nb_participants; i++) {
        const char *user = m->participants[i].member->user;
        m->participants[i].there.wanted.picture =
            m->o.set->video && trtc_subscribed(m->sub, true, user, m->users, m->nb_participants);
        m->participants[i].there.wanted.sound =
            trtc_subscribed(m->sub, false, user, m->users, m->nb_participants);
    }
}

int trtc_mix_picture_join(struct trtc_mix *m, struct trtc_err *err)
{
    int ret = 0;
    pthread_mutex_lock(&m->state.lock);
    const size_t nb = m->nb_joining;
    for (size_t i = 0; i < nb && ret == 0; i++) {
        const size_t at = m->nb_participants;
        m->participants[at] = m->joining[i];
        m->users[at] = m->participants[at].member->user;
        ret = add_participant(m, at, 1, err);
        atomic_store(&m->nb_participants, at + 1); /* now the sound's thread sees all of it */
    }
    m->nb_room -= nb;
    m->nb_joining = 0;
    pthread_mutex_unlock(&m->state.lock);
    if (nb)
        want(m);
    return ret;
}

/* Applies the changes that are due. Returns true if there was one. */
static bool take_changes(struct trtc_mix *m, int64_t due_us)
{
    const struct trtc_timed_change *c;
    bool any = false;
    while ((c = trtc_mix_next_change(&m->state, m->seen_change, due_us))) {
        m->seen_change = c;
        if (c->what.has_look)
            m->look = &c->what.look;
        if (c->what.has_sub)
            m->sub = &c->what.sub;
        any = true;
    }
    return any;
}

/* Reports who has entered and left since the previous frame. */
static void tell_moves(const struct trtc_mix *m, size_t nb, int64_t due_us)
{
    for (int come = 0; come < 2; come++) {
        const size_t *a = come ? m->order : m->previous, *b = come ? m->previous : m->order;
        const size_t na = come ? nb : m->nb_order, n_b = come ? m->nb_order : nb;
        for (size_t i = 0; i < na; i++) {
            bool both = false;
            char who[300];
            for (size_t k = 0; k < n_b && !both; k++)
                both = a[i] == b[k];
            if (both)
                continue;
            show_name(&m->participants[a[i]], who, sizeof who);
            trtc_mix_tell(m, TRTC_MIX_DEBUG, "%.3f s: %s %s",
                          (double)(due_us - m->state.start_us) / 1e6, who,
                          come ? "enters" : "leaves");
        }
    }
}

static int set_stage(struct trtc_mix *m, size_t nb, struct trtc_err *err)
{
    struct trtc_stream *streams = calloc(nb + 1, sizeof *streams);
    struct trtc_layout layout;
    const struct trtc_layout_opts lo = { .mode = m->look->mode,
                                         .width_px = m->o.set->width_px,
                                         .height_px = m->o.set->height_px,
                                         .anchor = m->look->anchor,
                                         .anchor_aux = m->look->anchor_aux,
                                         .right = m->look->right,
                                         .render = m->look->render,
                                         .list = &m->look->list };
    if (!streams)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < nb; i++)
        streams[i] = (struct trtc_stream){ m->participants[m->order[i]].member->user,
                                           m->participants[m->order[i]].member->aux };
    int ret = trtc_layout_make(&lo, streams, nb, &layout, err);
    for (size_t i = 0; ret == 0 && i < nb; i++) {
        char who[300];
        const size_t s = m->order[i];
        if (m->participants[s].left_out_told || trtc_layout_has(&layout, (int)i))
            continue;
        m->participants[s].left_out_told = true;
        show_name(&m->participants[s], who, sizeof who);
        trtc_mix_tell(m, TRTC_MIX_NOTE,
                      "%s: no window: the layout has room for %zu (the voice is heard)", who,
                      m->look->mode == TRTC_LAYOUT_CUSTOM ? m->look->list.n
                                                          : trtc_layout_limit(m->look->mode));
    }
    for (size_t i = 0; ret == 0 && i < layout.n; i++)
        if (layout.windows[i].stream >= 0)
            layout.windows[i].stream = (int)m->order[layout.windows[i].stream];
    free(streams);
    if (ret == 0 && m->stage)
        ret = trtc_stage_set(m->stage, m->look, &layout, err);
    return ret;
}

int trtc_mix_picture_follow(struct trtc_mix *m, int64_t due_us, struct trtc_err *err)
{
    if (m->state.live &&
        (trtc_mix_picture_join(m, err) < 0 || trtc_mix_live_follow(m, due_us, err) < 0))
        return -1;
    if (see_failures(m, err) < 0)
        return -1;
    const bool changed = take_changes(m, due_us) || !m->set;
    if (changed)
        want(m);
    for (size_t i = 0; i < m->nb_participants; i++) {
        const struct trtc_intervals *stay = &m->participants[i].there.stay_picture;
        const bool there = trtc_member_shown(&m->participants[i].there, due_us);
        /* it was there since the picture before, or comes: the clock of its pictures may differ from
         * that of its presence by this much */
        const bool near = trtc_intervals_meet(stay, m->followed_us, due_us + TRTC_ROUNDING_US);
        struct trtc_actor *a = &m->participants[i].actor;
        a->sight = !m->participants[i].there.wanted.picture || there ? TRTC_SIGHT_HIDDEN
                   : a->on || near                                   ? TRTC_SIGHT_PASSING
                                                                     : TRTC_SIGHT_AWAY;
        a->on = m->participants[i].there.wanted.picture && there;
    }
    const size_t nb =
        trtc_roster_at(m->members, m->nb_participants, m->look->no_audio_windows, due_us, m->order);
    m->followed_us = due_us;
    if (m->set && !changed && nb == m->nb_order &&
        memcmp(m->order, m->previous, nb * sizeof *m->order) == 0)
        return 0;
    tell_moves(m, nb, due_us);
    if (set_stage(m, nb, err) < 0)
        return -1;
    memcpy(m->previous, m->order, nb * sizeof *m->order);
    m->nb_order = nb;
    m->set = true;
    return 0;
}

const AVFrame *trtc_mix_picture_draw(struct trtc_mix *m, int64_t k, struct trtc_err *err)
{
    const int64_t t = trtc_mix_frame_us(&m->state, k), due = t + 500000 / m->o.set->fps;
    if (trtc_mix_picture_follow(m, due, err) < 0)
        return NULL;
    return trtc_stage_draw(m->stage, (int)(k % NB_CANVASES), t, due, err);
}

/* Completes the account of participant i's pictures. */
static void settle_account(struct trtc_mix *m, size_t i, int64_t end_us, bool whole)
{
    const int64_t unseen = m->participants[i].actor.nb_unseen;
    struct trtc_participant *s = &m->participants[i];
    struct trtc_tile_stats st;
    trtc_tile_settle(m->participants[i].tile, end_us,
                     whole ? end_us + 1000000 / m->o.set->fps : INT64_MAX);
    trtc_tile_stats(m->participants[i].tile, &st);
    s->pictures = st.ledger;
    s->nb_flawed = st.nb_flawed;
    s->nb_askew = st.nb_askew;
    /* these were decoded, but have a format that cannot be drawn */
    s->pictures.nb_out -= unseen;
    s->pictures.nb_left[TRTC_LEFT_FORMAT] += unseen;
}

int trtc_mix_picture_settle(struct trtc_mix *m, int64_t end_us, bool whole, struct trtc_err *err)
{
    for (size_t i = 0; i < m->nb_participants; i++)
        if (m->participants[i].tile)
            settle_account(m, i, end_us, whole);
    return see_failures(m, err); /* those in the last frame, or after it */
}
