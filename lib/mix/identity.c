/* SPDX-License-Identifier: MIT */
/* Hashes what determines a mix. */
#include "mix/identity.h"

#include <string.h>

#include "base/bytes.h"

struct identity {
    uint64_t h;
    const struct trtc_mix_opts *o;
};

static void add_numbers(struct identity *id, const int64_t *numbers, size_t n)
{
    id->h = trtc_hash(id->h, numbers, n * sizeof *numbers);
}

#define ADD_NUMBERS(id, ...)                          \
    add_numbers(id, (const int64_t[]){ __VA_ARGS__ }, \
                sizeof((const int64_t[]){ __VA_ARGS__ }) / sizeof(int64_t))

static void add_text(struct identity *id, const char *s)
{
    id->h = trtc_hash(id->h, s ? s : "\xff", s ? strlen(s) + 1 : 1);
}

static void add_picture(struct identity *id, const char *name)
{
    ADD_NUMBERS(id, name != NULL, name ? (int64_t)id->o->image_sum(id->o->opaque, name) : 0);
}

static void add_rect(struct identity *id, const struct trtc_rect *r)
{
    ADD_NUMBERS(id, r->x, r->y, r->w, r->h);
}

static void add_list(struct identity *id, const struct trtc_layout_list *list)
{
    ADD_NUMBERS(id, (int64_t)list->n);
    for (size_t i = 0; i < list->n; i++) {
        const struct trtc_layout_entry *e = &list->items[i];
        add_rect(id, &e->rect);
        add_text(id, e->user);
        ADD_NUMBERS(id, e->aux, e->alpha, e->render, e->layer);
        add_picture(id, e->placeholder);
    }
}

static void add_mark(struct identity *id, const struct trtc_mark *m)
{
    add_rect(id, &m->rect);
    ADD_NUMBERS(id, m->kind, m->size_px, m->colour, m->background, m->has_background, m->pos,
                m->zone_min);
    if (m->kind == TRTC_MARK_IMAGE)
        add_picture(id, m->text);
    else
        add_text(id, m->text);
}

static void add_look(struct identity *id, const struct trtc_mix_look *l)
{
    ADD_NUMBERS(id, l->mode, l->anchor_aux, l->right, l->render, l->background,
                l->background_render, l->show_reserved, l->no_audio_windows, (int64_t)l->nb_marks);
    add_text(id, l->anchor);
    add_picture(id, l->background_image);
    add_picture(id, l->placeholder);
    add_list(id, &l->list);
    for (size_t i = 0; i < l->nb_marks; i++)
        add_mark(id, &l->marks[i]);
}

static void add_subscription(struct identity *id, const struct trtc_subscription *s)
{
    const struct trtc_user_list *lists[] = { &s->allow_audio, &s->block_audio, &s->allow_video,
                                             &s->block_video };
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        ADD_NUMBERS(id, lists[l]->given, (int64_t)lists[l]->n);
        for (size_t i = 0; i < lists[l]->n; i++)
            add_text(id, lists[l]->items[i]);
    }
}

static void add_settings(struct identity *id, const struct trtc_mix_settings *s)
{
    ADD_NUMBERS(id, s->width_px, s->height_px, s->fps, s->video_bps, s->gop_s, s->rate_hz,
                s->channels, s->audio_bps, s->audio, s->video, s->main, s->aux, s->fill);
    add_look(id, &s->look);
    add_subscription(id, &s->sub);
}

static void add_intervals(struct identity *id, const struct trtc_intervals *v)
{
    ADD_NUMBERS(id, (int64_t)v->n);
    for (size_t i = 0; i < v->n; i++)
        ADD_NUMBERS(id, v->items[i].start_us, v->items[i].end_us);
}

static void add_participant(struct identity *id, const struct trtc_participant *p)
{
    add_text(id, p->member->user);
    ADD_NUMBERS(id, p->member->aux, p->bytes);
    add_intervals(id, &p->member->sound);
    add_intervals(id, &p->member->picture);
}

static void add_change(struct identity *id, const struct trtc_mix_change *c)
{
    ADD_NUMBERS(id, c->at_ms, c->has_look, c->has_sub);
    if (c->has_look)
        add_look(id, &c->look);
    if (c->has_sub)
        add_subscription(id, &c->sub);
}

uint64_t trtc_mix_identify(const struct trtc_mix_opts *o, const struct trtc_participant *who,
                           size_t n, const struct trtc_timed_change *changes)
{
    struct identity id = { TRTC_HASH_NOTHING, o };
    ADD_NUMBERS(&id, o->labels, o->per_user, o->deterministic, o->linger_us, (int64_t)n);
    add_text(&id, o->preset);
    add_settings(&id, o->set);
    for (size_t i = 0; i < n; i++)
        add_participant(&id, &who[i]);
    for (; changes; changes = changes->next)
        add_change(&id, &changes->what);
    return id.h;
}
