/* SPDX-License-Identifier: MIT */
/* The canvas of a mix.
 *
 * It shows a stack of layers, from back to front: the windows, each with its label above it, then
 * the watermarks. The content of a layer has a number that changes whenever the content does, and
 * each canvas of the ring stores the numbers that it shows; layout/layers decides what must be
 * drawn again. A frame is made in two steps. First every tile is advanced, and windows with only
 * the background behind them are drawn at once by the thread that has decoded their picture. Then
 * the rest is drawn, level by level. */
#include "mix/stage.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/imgutils.h>

#include "base/num.h"
#include "base/utc.h"
#include "layout/layers.h"
#include "picture/overlay.h"
#include "picture/scale.h"
#include "picture/turn.h"

#define HOLD_US          1000000 /* with TRTC_FILL_BLACK, the longest time that a picture is held */
#define PLACEHOLDER_RGB  0x30343c
#define PLACEHOLDER_TEXT 0xd8dce4
#define LABEL_BACK       0x000000

enum { LAYERS_MAX = 2 * TRTC_LAYOUT_MAX + TRTC_MARKS_MAX };
enum { NOTHING = 0, PLACEHOLDER = -1, BLACK = -2 }; /* content numbers that are not of pictures */

struct layer {
    int actor; /* whose window it is; -1: it is a reserved window, or not a window */
    struct trtc_window window; /* of an actor, or reserved */
    AVFrame *turned;           /* a picture of the window's size that is to be turned, or NULL */
    const AVFrame *image;      /* the placeholder; NULL: not made yet */
    AVFrame *own_image;        /* the same, if it was made for this window */
    struct trtc_overlay *overlay;
    int label_of; /* the overlay is the label of this layer; -1: it is not a label */
    bool is_window;
    const struct trtc_mark *clock; /* the overlay shows the time */
    int64_t clock_s;
    struct trtc_rect rect;
    enum trtc_render render, image_render;
    int alpha;
    bool covered; /* completely, by an opaque layer */
    int64_t content;
};

struct canvas {
    AVFrame *frame;
    int64_t generation; /* of the layers with which it was drawn */
    int64_t content[LAYERS_MAX];
};

struct trtc_stage {
    struct trtc_stage_opts o;
    struct canvas *canvases;
    const struct trtc_mix_look *look;
    AVFrame *background, *black;
    struct trtc_writing *text;
    struct layer layers[LAYERS_MAX];
    struct trtc_layer geometry[LAYERS_MAX];
    struct trtc_scaler *scalers[LAYERS_MAX];
    size_t nb_layers;
    int64_t generation, nb_contents;
    int *layer_of; /* by actor; -1: it has no window */
    /* the frame that is being drawn */
    struct canvas *canvas;
    int64_t due_us;
    bool full;
    bool done[LAYERS_MAX], dirty[LAYERS_MAX];
    size_t list[LAYERS_MAX];
    atomic_bool failed;
};

struct trtc_stage *trtc_stage_new(const struct trtc_stage_opts *o, struct trtc_err *err)
{
    struct trtc_stage *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->o = *o;
    s->canvases = calloc((size_t)o->nb_canvases, sizeof *s->canvases);
    s->layer_of = calloc(o->nb_actors + 1, sizeof *s->layer_of);
    s->background = trtc_canvas_new(o->width_px, o->height_px, &o->colour);
    s->black = trtc_canvas_new(16, 16, &o->colour);
    bool ok = s->canvases && s->layer_of && s->background && s->black;
    for (int k = 0; ok && k < o->nb_canvases; k++)
        ok = (s->canvases[k].frame = trtc_canvas_new(o->width_px, o->height_px, &o->colour));
    if (!ok) {
        trtc_fail_nomem(err);
        trtc_stage_free(&s);
    }
    return s;
}

static void drop_layers(struct trtc_stage *s)
{
    for (size_t i = 0; i < s->nb_layers; i++) {
        trtc_overlay_free(&s->layers[i].overlay);
        av_frame_free(&s->layers[i].own_image);
        av_frame_free(&s->layers[i].turned);
    }
    s->nb_layers = 0;
}

void trtc_stage_free(struct trtc_stage **s)
{
    struct trtc_stage *x = *s;
    if (!x)
        return;
    drop_layers(x);
    for (size_t i = 0; i < LAYERS_MAX; i++)
        trtc_scaler_free(&x->scalers[i]);
    for (int k = 0; x->canvases && k < x->o.nb_canvases; k++)
        av_frame_free(&x->canvases[k].frame);
    trtc_writing_free(&x->text);
    av_frame_free(&x->background);
    av_frame_free(&x->black);
    free(x->canvases);
    free(x->layer_of);
    free(x);
    *s = NULL;
}

/* ---- the layers ---- */

static int need_text(struct trtc_stage *s, struct trtc_err *err)
{
    return s->text || (s->text = trtc_writing_new(&s->o.colour, err)) ? 0 : -1;
}

static int need_scaler(struct trtc_stage *s, size_t i, struct trtc_err *err)
{
    return s->scalers[i] || (s->scalers[i] = trtc_scaler_new(err)) ? 0 : -1;
}

static struct layer *add_layer(struct trtc_stage *s, const struct trtc_rect *rect, bool opaque)
{
    const size_t i = s->nb_layers++;
    s->geometry[i] = (struct trtc_layer){ .rect = *rect, .opaque = opaque };
    s->layers[i] = (struct layer){ .actor = -1, .label_of = -1, .rect = *rect, .content = NOTHING };
    return &s->layers[i];
}

static void name_of(const char *user, bool aux, char *out, size_t size)
{
    snprintf(out, size, "%s%s", user, aux ? " (screen)" : "");
}

/* Makes a plain picture with a name in the middle. */
static AVFrame *plain_placeholder(struct trtc_stage *s, const char *name,
                                  const struct trtc_rect *window, struct trtc_err *err)
{
    AVFrame *f = trtc_canvas_new(window->w, window->h, &s->o.colour);
    const struct trtc_rect all = { 0, 0, window->w, window->h };
    const struct trtc_writing_style style = { .size_px = trtc_clamp(window->h / 8, 8, 64),
                                              .colour = PLACEHOLDER_TEXT,
                                              .align = TRTC_WRITING_CENTER };
    struct trtc_overlay *o = NULL;
    struct trtc_err why;
    if (!f) {
        trtc_fail_nomem(err);
        return NULL;
    }
    trtc_fill_rect(f, &all, PLACEHOLDER_RGB, 0);
    /* the user has not asked for text, so it is no error if there are no fonts */
    if (need_text(s, &why) == 0 &&
        trtc_overlay_writing(s->text,
                             &(struct trtc_writing_line){ name, &style, all, window->w, window->h },
                             &o, &why) == 0 &&
        o)
        trtc_overlay_blend(o, f);
    trtc_overlay_free(&o);
    return f;
}

/* Makes the image that the window shows while there is no picture of its user. */
static int need_placeholder(struct trtc_stage *s, struct layer *l, struct trtc_err *err)
{
    const struct trtc_window *w = &l->window;
    if (l->image)
        return 0;
    const char *file =
        w->entry && w->entry->placeholder ? w->entry->placeholder : s->look->placeholder;
    char name[512] = "";
    l->image_render = w->render;
    l->image = file ? s->o.image(s->o.opaque, file, &s->o.colour) : NULL;
    if (l->image)
        return 0;
    if (w->stream >= 0)
        name_of(s->o.actors[w->stream]->user, s->o.actors[w->stream]->aux, name, sizeof name);
    else if (w->entry && w->entry->user)
        name_of(w->entry->user, w->entry->aux, name, sizeof name);
    l->own_image = plain_placeholder(s, name, &w->rect, err);
    l->image = l->own_image;
    l->image_render = TRTC_RENDER_STRETCH;
    return l->image ? 0 : -1;
}

/* Places the label of w: at its lower left, or at its upper left if a window in front would touch
 * the label. */
static struct trtc_rect label_box(const struct trtc_window *w, const struct trtc_layout *layout,
                                  int text_w, int text_h, int size)
{
    const int pad = trtc_clamp(w->rect.h / 60, 2, 8) & ~1;
    struct trtc_rect box = { .w = trtc_clamp(text_w + size, size, w->rect.w - 2 * pad),
                             .h = trtc_clamp(text_h + size / 3, size, w->rect.h - 2 * pad) };
    box.w += box.w & 1;
    box.h += box.h & 1;
    box.x = w->rect.x + pad;
    box.y = w->rect.y + w->rect.h - pad - box.h;
    for (size_t i = 0; i < layout->n; i++)
        if (layout->windows[i].z > w->z && trtc_rects_touch(&box, &layout->windows[i].rect))
            box.y = w->rect.y + pad;
    return box;
}

/* Adds the label of a window. below: the layer of the window. */
static int add_label(struct trtc_stage *s, const struct trtc_window *w,
                     const struct trtc_layout *layout, int below, struct trtc_err *err)
{
    char name[512];
    const struct trtc_actor *a = s->o.actors[w->stream];
    const int size = trtc_clamp(w->rect.h / 14, 9, 28);
    const struct trtc_writing_style style = { .size_px = size,
                                              .colour = 0xffffff,
                                              .has_background = true,
                                              .background = LABEL_BACK,
                                              .background_alpha = 120,
                                              .align = TRTC_WRITING_CENTER };
    struct trtc_writing_box text;
    struct trtc_overlay *o = NULL;
    if (w->rect.w < 2 * size || w->rect.h < 3 * size) /* the label would cover the window */
        return 0;
    name_of(a->user, a->aux, name, sizeof name);
    if (need_text(s, err) < 0 || trtc_writing_size(s->text, name, &style, &text, err) < 0)
        return -1;
    const struct trtc_rect box = label_box(w, layout, text.w_px, text.h_px, size);
    if (trtc_overlay_writing(
            s->text,
            &(struct trtc_writing_line){ name, &style, box, s->o.width_px, s->o.height_px }, &o,
            err) < 0)
        return -1;
    if (!o)
        return 0;
    struct layer *l = add_layer(s, &o->rect, false);
    l->overlay = o;
    l->label_of = below;
    return 0;
}

static int add_window(struct trtc_stage *s, const struct trtc_window *w,
                      const struct trtc_layout *layout, struct trtc_err *err)
{
    if (w->stream < 0 && !(s->look->show_reserved && w->entry && w->entry->user))
        return 0;
    if (w->rect.w < 2 || w->rect.h < 2 || w->alpha == 255)
        return 0;
    struct layer *l = add_layer(s, &w->rect, w->alpha == 0);
    l->actor = w->stream;
    l->window = *w;
    l->is_window = true;
    l->render = w->render;
    l->alpha = w->alpha;
    if (w->stream >= 0)
        s->layer_of[w->stream] = (int)(s->nb_layers - 1);
    if (need_scaler(s, s->nb_layers - 1, err) < 0)
        return -1;
    return s->o.labels && w->stream >= 0 ? add_label(s, w, layout, (int)(s->nb_layers - 1), err)
                                         : 0;
}

static struct trtc_writing_style mark_style(const struct trtc_mark *m)
{
    return (struct trtc_writing_style){ .size_px = m->size_px ? m->size_px : 14,
                                        .colour = m->colour,
                                        .has_background = m->has_background,
                                        .background = m->background,
                                        .outline = !m->has_background,
                                        .align = TRTC_WRITING_TOP_LEFT };
}

static int add_mark(struct trtc_stage *s, const struct trtc_mark *m, struct trtc_err *err)
{
    struct trtc_overlay *o = NULL;
    const struct trtc_writing_style style = mark_style(m);
    if (m->kind == TRTC_MARK_CLOCK) {
        struct trtc_rect none = { 0, 0, 2, 2 }; /* set_clock sets it */
        if (need_text(s, err) < 0)
            return -1;
        struct layer *l = add_layer(s, &none, false);
        l->clock = m;
        l->clock_s = INT64_MIN;
        return 0;
    }
    if (m->kind == TRTC_MARK_IMAGE) {
        const AVFrame *pic = s->o.image(s->o.opaque, m->text, &s->o.colour);
        if (!pic)
            return 0;
        o = trtc_overlay_image(pic, &m->rect, s->o.width_px, s->o.height_px, err);
        if (!o)
            return -1;
    } else if (need_text(s, err) < 0 ||
               trtc_overlay_writing(s->text,
                                    &(struct trtc_writing_line){ m->text, &style, m->rect,
                                                                 s->o.width_px, s->o.height_px },
                                    &o, err) < 0) {
        return -1;
    }
    if (o)
        add_layer(s, &o->rect, false)->overlay = o;
    return 0;
}

/* ---- the clock ---- */

/* Writes the time in m's zone: "2026-11-22 18:03:07". */
static void clock_text(const struct trtc_mark *m, int64_t epoch_s, char *out, size_t size)
{
    char utc[32];
    trtc_utc_format3339((epoch_s + m->zone_min * INT64_C(60)) * 1000, utc);
    snprintf(out, size, "%.10s %.8s", utc, utc + 11);
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Places a box of w x h by the API's Pos (0 ... 6); a box that is larger than the canvas is cut. */
static struct trtc_rect clock_place(const struct trtc_stage *s, int pos, int w, int h)
{
    enum { LEFT, MIDDLE, RIGHT };
    static const int across[7] = { LEFT, RIGHT, LEFT, RIGHT, MIDDLE, MIDDLE, MIDDLE };
    static const int down[7] = { LEFT, LEFT, RIGHT, RIGHT, LEFT, RIGHT, MIDDLE };
    const int margin = trtc_clamp(s->o.height_px / 60, 2, 32) & ~1;
    struct trtc_rect r = { .w = smaller(w, s->o.width_px), .h = smaller(h, s->o.height_px) };
    const int free_w = s->o.width_px - r.w, free_h = s->o.height_px - r.h;
    r.x = across[pos] == LEFT ? margin : across[pos] == RIGHT ? free_w - margin : free_w / 2;
    r.y = down[pos] == LEFT ? margin : down[pos] == RIGHT ? free_h - margin : free_h / 2;
    r.x = trtc_clamp(r.x, 0, free_w) & ~1;
    r.y = trtc_clamp(r.y, 0, free_h) & ~1;
    return r;
}

/* Measures the largest text that a clock can show, so that its place does not depend on the
 * time. */
static int widest_clock(struct trtc_stage *s, const struct trtc_writing_style *style,
                        struct trtc_writing_box *out, struct trtc_err *err)
{
    char text[] = "0000-00-00 00:00:00";
    *out = (struct trtc_writing_box){ 0 };
    for (char digit = '0'; digit <= '9'; digit++) {
        struct trtc_writing_box size;
        for (char *c = text; *c; c++)
            *c = strchr("- :", *c) ? *c : digit;
        if (trtc_writing_size(s->text, text, style, &size, err) < 0)
            return -1;
        out->w_px = size.w_px > out->w_px ? size.w_px : out->w_px;
        out->h_px = size.h_px > out->h_px ? size.h_px : out->h_px;
    }
    return 0;
}

/* Makes the clock in layer i show a second. */
static int set_clock(struct trtc_stage *s, size_t i, int64_t epoch_s, struct trtc_err *err)
{
    struct layer *l = &s->layers[i];
    char text[48];
    struct trtc_writing_style style = mark_style(l->clock);
    struct trtc_overlay *o = NULL;
    struct trtc_writing_box size;
    if (l->clock_s == epoch_s)
        return 0;
    if (!l->clock->size_px)
        style.size_px = trtc_clamp(s->o.height_px / 24, 10, 40);
    clock_text(l->clock, epoch_s, text, sizeof text);
    struct trtc_rect box = l->rect;
    if (l->clock_s == INT64_MIN) {
        if (widest_clock(s, &style, &size, err) < 0)
            return -1;
        box = clock_place(s, l->clock->pos, size.w_px + 8 + (size.w_px & 1),
                          size.h_px + (size.h_px & 1));
    }
    if (trtc_overlay_writing(
            s->text,
            &(struct trtc_writing_line){ text, &style, box, s->o.width_px, s->o.height_px }, &o,
            err) < 0)
        return -1;
    trtc_overlay_free(&l->overlay);
    l->overlay = o;
    l->clock_s = epoch_s;
    l->content = ++s->nb_contents;
    if (memcmp(&box, &l->rect, sizeof box) != 0) {
        l->rect = s->geometry[i].rect = box;
        trtc_layers_arrange(s->geometry, s->nb_layers);
        s->generation++;
    }
    return 0;
}

static int set_clocks(struct trtc_stage *s, int64_t t_us, struct trtc_err *err)
{
    const int64_t epoch_s = t_us >= 0 ? t_us / 1000000 : -((999999 - t_us) / 1000000);
    for (size_t i = 0; i < s->nb_layers; i++)
        if (s->layers[i].clock && set_clock(s, i, epoch_s, err) < 0)
            return -1;
    return 0;
}

/* ---- setting the stage ---- */

static int set_background(struct trtc_stage *s, struct trtc_err *err)
{
    const struct trtc_rect all = { 0, 0, s->o.width_px, s->o.height_px };
    trtc_fill_rect(s->background, &all, s->look->background, 0);
    const AVFrame *pic = s->look->background_image
                             ? s->o.image(s->o.opaque, s->look->background_image, &s->o.colour)
                             : NULL;
    if (!pic)
        return 0;
    struct trtc_rect r = all;
    enum trtc_render render = s->look->background_render;
    if (render == TRTC_RENDER_FIT) { /* the background colour is seen beside the image */
        const AVRational sar = pic->sample_aspect_ratio;
        struct trtc_fit fit;
        trtc_fit_window(&(struct trtc_shape){ pic->width, pic->height, sar.num, sar.den }, all.w,
                        all.h, render, &fit);
        r = fit.dst;
        render = TRTC_RENDER_STRETCH;
    }
    struct trtc_scaler *scaler = trtc_scaler_new(err);
    int ret = scaler ? trtc_scaler_draw(scaler, pic, &(struct trtc_pane){ r, render, 0 },
                                        s->background, err)
                     : -1;
    trtc_scaler_free(&scaler);
    return ret;
}

static void find_covered(struct trtc_stage *s)
{
    for (size_t i = 0; i < s->nb_layers; i++)
        for (size_t j = i + 1; j < s->nb_layers && !s->layers[i].covered; j++) {
            const struct trtc_rect *a = &s->geometry[j].rect, *b = &s->geometry[i].rect;
            s->layers[i].covered = s->geometry[j].opaque && b->x >= a->x && b->y >= a->y &&
                                   b->x + b->w <= a->x + a->w && b->y + b->h <= a->y + a->h;
        }
}

int trtc_stage_set(struct trtc_stage *s, const struct trtc_mix_look *look,
                   const struct trtc_layout *layout, struct trtc_err *err)
{
    const bool same_look = look == s->look;
    drop_layers(s);
    s->look = look;
    for (size_t i = 0; i < s->o.nb_actors; i++)
        s->layer_of[i] = -1;
    if (!same_look && set_background(s, err) < 0)
        return -1;
    for (size_t i = 0; i < layout->n; i++)
        if (add_window(s, &layout->windows[i], layout, err) < 0)
            return -1;
    for (size_t i = 0; i < look->nb_marks; i++)
        if (add_mark(s, &look->marks[i], err) < 0)
            return -1;
    trtc_layers_arrange(s->geometry, s->nb_layers);
    find_covered(s);
    s->generation++;
    return 0;
}

/* ---- drawing ---- */

static const AVFrame *content_of(const struct trtc_stage *s, const struct layer *l)
{
    switch (l->content) {
    case PLACEHOLDER:
        return l->image;
    case BLACK:
        return s->black;
    default:
        return trtc_tile_picture(s->o.actors[l->actor]->tile);
    }
}

/* Returns the number of the content that the window shows now. */
static int64_t content_number(const struct trtc_stage *s, const struct layer *l)
{
    const struct trtc_actor *a = l->actor >= 0 ? s->o.actors[l->actor] : NULL;
    if (!a || !a->tile || !a->on || !trtc_tile_serial(a->tile))
        return PLACEHOLDER;
    if (s->o.fill == TRTC_FILL_BLACK && s->due_us - trtc_tile_pts_us(a->tile) > HOLD_US)
        return BLACK;
    return trtc_tile_serial(a->tile);
}

/* Whether l is a label on a placeholder that shows the same name. */
static bool says_it_already(const struct trtc_stage *s, const struct layer *l)
{
    return l->label_of >= 0 && s->layers[l->label_of].content == PLACEHOLDER &&
           s->layers[l->label_of].own_image;
}

/* Scales pic to the size of the window before it is turned, so that fewer pixels are turned. */
static int draw_turned(struct trtc_stage *s, size_t i, const AVFrame *pic, unsigned turn,
                       struct trtc_err *err)
{
    struct layer *l = &s->layers[i];
    const bool across = turn & TRTC_TURN_TRANSPOSE;
    const struct trtc_rect all = { 0, 0, across ? l->rect.h : l->rect.w,
                                   across ? l->rect.w : l->rect.h };

    if (l->turned && (l->turned->width != all.w || l->turned->height != all.h))
        av_frame_free(&l->turned);
    if (!l->turned && !(l->turned = trtc_canvas_new(all.w, all.h, &s->o.colour)))
        return trtc_fail_nomem(err);
    if (trtc_scaler_draw(s->scalers[i], pic, &(struct trtc_pane){ all, l->render, 0 }, l->turned,
                         err) < 0)
        return -1;
    trtc_turn_draw(l->turned, turn, &l->rect, l->alpha, s->canvas->frame);
    return 0;
}

/* Draws pic, the content of the window in layer i. */
static int draw_picture(struct trtc_stage *s, size_t i, const AVFrame *pic, struct trtc_err *err)
{
    const struct layer *l = &s->layers[i];
    const unsigned turn = l->content > 0 ? trtc_tile_turn(s->o.actors[l->actor]->tile) : 0;
    const enum trtc_render render = l->content == PLACEHOLDER ? l->image_render
                                    : l->content == BLACK     ? TRTC_RENDER_STRETCH
                                                              : l->render;

    return turn ? draw_turned(s, i, pic, turn, err)
                : trtc_scaler_draw(s->scalers[i], pic,
                                   &(struct trtc_pane){ l->rect, render, l->alpha },
                                   s->canvas->frame, err);
}

/* Counts a picture that cannot be drawn; only once, although several canvases show it. Only one
 * thread at a time draws the window of an actor. */
static void note_unseen(struct trtc_actor *a, int64_t serial)
{
    a->nb_unseen += serial != a->unseen;
    a->unseen = serial;
}

static void draw_layer(struct trtc_stage *s, size_t i)
{
    const struct layer *l = &s->layers[i];
    AVFrame *canvas = s->canvas->frame;
    if (l->overlay && !says_it_already(s, l))
        trtc_overlay_blend(l->overlay, canvas);
    if (l->overlay || l->clock)
        return;
    const AVFrame *pic = content_of(s, l);
    struct trtc_err why;
    if (pic && draw_picture(s, i, pic, &why) < 0) {
        if (why.code == TRTC_EX_TEMPFAIL)
            atomic_store(&s->failed, true);
        if (l->actor >= 0 && l->content > 0)
            note_unseen(s->o.actors[l->actor], l->content);
        trtc_fill_rect(canvas, &l->rect, 0, l->alpha); /* its format cannot be drawn */
    }
}

/* Advances the tile of actor a, and draws its window if no other layer is behind it. */
static void advance(void *opaque, size_t a)
{
    struct trtc_stage *s = opaque;
    const struct trtc_actor *actor = s->o.actors[a];
    const int i = s->layer_of[a];
    const bool shown = i >= 0 && actor->on && !s->layers[i].covered;
    const enum trtc_sight sight = shown ? TRTC_SIGHT_SHOWN : actor->sight;
    struct trtc_err why;
    if (actor->tile && trtc_tile_advance(actor->tile, s->due_us, sight, &why) < 0)
        atomic_store(&s->failed, true);
    if (i < 0)
        return;
    struct layer *l = &s->layers[i];
    l->content = content_number(s, l);
    if (l->content == PLACEHOLDER && !l->image)
        return; /* the placeholder must be made first */
    if (s->geometry[i].early && (s->full || l->content != s->canvas->content[i])) {
        draw_layer(s, (size_t)i);
        s->done[i] = true;
    }
}

static void draw_listed(void *opaque, size_t k)
{
    struct trtc_stage *s = opaque;
    draw_layer(s, s->list[k]);
}

/* Copies a rectangle of the background to the canvas. */
static void restore(struct trtc_stage *s, const struct trtc_rect *r)
{
    for (int p = 0; p < 3; p++) {
        const int shift = p ? 1 : 0, from = s->background->linesize[p],
                  to = s->canvas->frame->linesize[p];
        const ptrdiff_t x = r->x >> shift, y = r->y >> shift;
        av_image_copy_plane(s->canvas->frame->data[p] + y * to + x, to,
                            s->background->data[p] + y * from + x, from, r->w >> shift,
                            r->h >> shift);
    }
}

static int check_failed(struct trtc_stage *s, struct trtc_err *err)
{
    return atomic_load(&s->failed) ? trtc_fail_nomem(err) : 0;
}

static void skip(void *opaque, size_t a)
{
    struct trtc_stage *s = opaque;
    struct trtc_err why;
    struct trtc_tile *tile = s->o.actors[a]->tile;
    if (tile && trtc_tile_advance(tile, s->due_us, TRTC_SIGHT_BEFORE, &why) < 0)
        atomic_store(&s->failed, true);
}

int trtc_stage_skip(struct trtc_stage *s, int64_t due_us, struct trtc_err *err)
{
    s->due_us = due_us;
    trtc_pool_run(s->o.pool, skip, s, s->o.nb_actors);
    return check_failed(s, err);
}

/* Draws, level by level, the layers that must be drawn again and were not drawn by advance. */
static void draw_rest(struct trtc_stage *s)
{
    const size_t n = s->nb_layers;
    for (size_t i = 0; i < n; i++)
        s->dirty[i] = s->full || s->layers[i].content != s->canvas->content[i];
    if (!s->full) {
        trtc_layers_spread(s->geometry, n, s->dirty);
        for (size_t i = 0; i < n; i++)
            if (s->dirty[i] && s->geometry[i].grounded)
                restore(s, &s->geometry[i].rect);
    }
    for (int level = 0;; level++) {
        size_t nb = 0, above = 0;
        for (size_t i = 0; i < n; i++) {
            above += s->dirty[i] && s->geometry[i].level > level;
            if (s->dirty[i] && !s->done[i] && s->geometry[i].level == level)
                s->list[nb++] = i;
        }
        trtc_pool_run(s->o.pool, draw_listed, s, nb);
        if (!above)
            break;
    }
    for (size_t i = 0; i < n; i++)
        s->canvas->content[i] = s->layers[i].content;
}

const AVFrame *trtc_stage_draw(struct trtc_stage *s, int k, int64_t t_us, int64_t due_us,
                               struct trtc_err *err)
{
    s->canvas = &s->canvases[k];
    s->due_us = due_us;
    if (set_clocks(s, t_us, err) < 0)
        return NULL;
    s->full = s->canvas->generation != s->generation;
    if (s->full) {
        const struct trtc_rect all = { 0, 0, s->o.width_px, s->o.height_px };
        restore(s, &all);
        s->canvas->generation = s->generation;
    }
    memset(s->done, 0, sizeof s->done);
    for (size_t i = 0; i < s->nb_layers; i++) /* reserved windows have no actor to advance */
        if (s->layers[i].actor < 0 && s->layers[i].is_window)
            s->layers[i].content = PLACEHOLDER;
    trtc_pool_run(s->o.pool, advance, s, s->o.nb_actors);
    for (size_t i = 0; i < s->nb_layers; i++)
        if (s->layers[i].content == PLACEHOLDER && need_placeholder(s, &s->layers[i], err) < 0)
            return NULL;
    draw_rest(s);
    return check_failed(s, err) < 0 ? NULL : s->canvas->frame;
}
