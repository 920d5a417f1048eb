/* SPDX-License-Identifier: MIT */
/* stage: windows, placeholders, labels and marks on a small canvas; what is drawn onto a ring of canvases, change by
 * change, is what is drawn anew each time. The tiles are made of straw: this file has its own trtc_tile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/log.h>

#include "base/utc.h"
#include "mix/stage.h"
#include "picture/overlay.h"
#include "picture/scale.h"
#include "unit/range.h"

static const struct trtc_colour sd = { TRTC_BT601, TRTC_BT601, TRTC_BT601, false };

#define S  INT64_C(1000000)
#define T0 (INT64_C(1768908622) * S)

enum { W = 96, H = 64, ACTORS = 5, RING = 3 };

static uint32_t seed = 1;

static int noise(int below)
{
    seed = seed * 1664525 + 1013904223;
    return (int)((seed >> 8) % (uint32_t)below);
}

/* ---- tiles ---- */

struct trtc_tile {
    AVFrame *frame;
    int64_t step_us, stalls_us; /* a picture each step, until it stalls */
    int number, base;
    int64_t pts_us, serial;
    bool shown; /* at the last advance */
    int nb_advanced;
    int64_t due_us;
    bool fails;
    unsigned turn;
};

int trtc_tile_advance(struct trtc_tile *t, int64_t due_us, enum trtc_sight sight,
                      struct trtc_err *err)
{
    const bool shown = sight == TRTC_SIGHT_SHOWN;
    const int64_t at_us = t->stalls_us && due_us > t->stalls_us ? t->stalls_us : due_us;
    const int number = at_us < T0 ? -1 : (int)((at_us - T0) / t->step_us);
    t->shown = shown;
    t->nb_advanced++;
    t->due_us = due_us;
    if (t->fails)
        return trtc_fail_nomem(err);
    if (!shown || number == t->number || number < 0)
        return 0;
    t->number = number;
    t->serial++;
    t->pts_us = T0 + number * t->step_us;
    for (int y = 0; y < t->frame->height; y++)
        for (int x = 0; x < t->frame->width; x++)
            t->frame->data[0][y * t->frame->linesize[0] + x] =
                (uint8_t)(16 + (t->base + 37 * number + x + 3 * y) % 200);
    for (int p = 1; p < 3; p++)
        for (int y = 0; y < t->frame->height / 2; y++)
            memset(t->frame->data[p] + y * t->frame->linesize[p],
                   60 + (t->base + 11 * number) % 120, (size_t)t->frame->width / 2);
    return 0;
}

const AVFrame *trtc_tile_picture(const struct trtc_tile *t)
{
    return t->serial ? t->frame : NULL;
}

int64_t trtc_tile_pts_us(const struct trtc_tile *t)
{
    return t->serial ? t->pts_us : TRTC_NOTIME;
}

int64_t trtc_tile_serial(const struct trtc_tile *t)
{
    return t->serial;
}

unsigned trtc_tile_turn(const struct trtc_tile *t)
{
    return t->turn;
}

/* ---- a stage with its cast ---- */

struct cast {
    struct trtc_tile tiles[ACTORS];
    struct trtc_actor actors[ACTORS], *who[ACTORS];
    struct trtc_stage *stage;
};

static struct trtc_pool *pool;
static AVFrame *pictures[3]; /* "p": a placeholder; "m": a mark with alpha; "o": an opaque mark */

static const AVFrame *image_of(void *opaque, const char *name, const struct trtc_colour *colour)
{
    (void)colour;
    (void)opaque;
    return *name == 'p'   ? pictures[0]
           : *name == 'm' ? pictures[1]
           : *name == 'o' ? pictures[2]
                          : NULL;
}

static AVFrame *flat(enum AVPixelFormat format, int w, int h, int y, int u, int v, int alpha)
{
    const int values[4] = { y, u, v, alpha };
    AVFrame *f = av_frame_alloc();
    f->format = format;
    f->width = w;
    f->height = h;
    assert_int_equal(av_frame_get_buffer(f, 0), 0);
    for (int p = 0; p < 4 && f->data[p]; p++)
        for (int line = 0; line < (p == 1 || p == 2 ? h / 2 : h); line++)
            for (int x = 0; x < (p == 1 || p == 2 ? w / 2 : w); x++)
                f->data[p][line * f->linesize[p] + x] =
                    (uint8_t)(values[p] + (p == 3 ? 4 * x % 100 : 0));
    return f;
}

static void set_up(struct cast *c, int nb_canvases, bool labels, enum trtc_fill fill)
{
    struct trtc_err err;
    *c = (struct cast){ .stage = NULL };
    for (int i = 0; i < ACTORS; i++) {
        static const char *const names[ACTORS] = { "ann", "bob", "cleo", "dan", "eve" };
        c->tiles[i] =
            (struct trtc_tile){ .frame = flat(AV_PIX_FMT_YUV420P, 20 + 4 * i, 16, 99, 128, 128, 0),
                                .step_us = (i + 1) * 70000,
                                .number = -1,
                                .base = 40 * i };
        c->who[i] = &c->actors[i];
        c->actors[i] = (struct trtc_actor){
            .user = names[i], .aux = i == 3, .tile = &c->tiles[i], .on = true
        };
    }
    const struct trtc_stage_opts o = { .width_px = W,
                                       .height_px = H,
                                       .colour = sd,
                                       .nb_canvases = nb_canvases,
                                       .actors = c->who,
                                       .nb_actors = ACTORS,
                                       .labels = labels,
                                       .fill = fill,
                                       .pool = pool,
                                       .image = image_of };
    c->stage = trtc_stage_new(&o, &err);
    assert_non_null(c->stage);
}

static void clear_away(struct cast *c)
{
    trtc_stage_free(&c->stage);
    assert_null(c->stage);
    trtc_stage_free(&c->stage);
    for (int i = 0; i < ACTORS; i++)
        av_frame_free(&c->tiles[i].frame);
}

static void set(struct cast *c, const struct trtc_mix_look *look, const struct trtc_layout *l)
{
    struct trtc_err err;
    if (trtc_stage_set(c->stage, look, l, &err) < 0)
        fail_msg("%s", err.msg);
}

static const AVFrame *draw(struct cast *c, int k, int64_t t_us)
{
    struct trtc_err err;
    const AVFrame *f = trtc_stage_draw(c->stage, k, t_us, t_us, &err);
    assert_non_null(f);
    assert_int_equal(f->width, W);
    assert_int_equal(f->height, H);
    return f;
}

static int luma(const AVFrame *f, int x, int y)
{
    return f->data[0][y * f->linesize[0] + x];
}

/* The rectangle is of one brightness. */
static void expect_flat(const AVFrame *f, struct trtc_rect r, int value)
{
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            assert_int_in_range(luma(f, x, y), value - 1, value + 1);
}

static bool same_picture(const AVFrame *a, const AVFrame *b)
{
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < (p ? H / 2 : H); y++)
            if (memcmp(a->data[p] + y * a->linesize[p], b->data[p] + y * b->linesize[p],
                       p ? W / 2 : W) != 0)
                return false;
    return true;
}

static struct trtc_window window(int stream, int x, int y, int w, int h, int alpha)
{
    return (struct trtc_window){
        .rect = { x, y, w, h }, .stream = stream, .render = TRTC_RENDER_STRETCH, .alpha = alpha
    };
}

static struct trtc_layout layout_of(size_t n, const struct trtc_window *w)
{
    struct trtc_layout l = { .n = n };
    memcpy(l.windows, w, n * sizeof *w);
    return l;
}
#define LAYOUT(...)                                                                             \
    layout_of(sizeof((const struct trtc_window[]){ __VA_ARGS__ }) / sizeof(struct trtc_window), \
              (const struct trtc_window[]){ __VA_ARGS__ })

static int make_all(void **state)
{
    struct trtc_err err;
    (void)state;
    av_log_set_level(AV_LOG_QUIET);
    alarm(60);
    pool = trtc_pool_new(3, &err);
    pictures[0] = flat(AV_PIX_FMT_YUV420P, 24, 16, 200, 90, 160, 0);
    pictures[1] = flat(AV_PIX_FMT_YUVA420P, 30, 10, 230, 120, 140, 100);
    pictures[2] = flat(AV_PIX_FMT_YUV420P, 12, 12, 30, 128, 128, 0);
    return pool ? 0 : -1;
}

static int free_all(void **state)
{
    (void)state;
    trtc_pool_free(&pool);
    for (int i = 0; i < 3; i++)
        av_frame_free(&pictures[i]);
    return 0;
}

/* ---- the cases ---- */

static void test_windows(void **state)
{
    struct cast c;
    char p[] = "p";
    const struct trtc_mix_look look = { .background = 0xffffff, .placeholder = p };
    const struct trtc_layout l = LAYOUT(window(1, 0, 0, 20, 16, 0), window(0, 40, 32, 20, 16, 0),
                                        window(2, 64, 0, 32, 32, 255));
    const AVFrame *f;
    (void)state;
    set_up(&c, 1, false, TRTC_FILL_HOLD);
    set(&c, &look, &l);
    f = draw(&c, 0, T0 - 1); /* nobody has a picture yet */
    expect_flat(f, (struct trtc_rect){ 0, 0, 20, 16 }, 200);
    expect_flat(f, (struct trtc_rect){ 40, 32, 20, 16 }, 200);
    expect_flat(f, (struct trtc_rect){ 20, 0, 20, 64 }, 235);
    expect_flat(f, (struct trtc_rect){ 64, 0, 32, 32 }, 235); /* clear: nothing is drawn */
    f = draw(&c, 0, T0);
    for (int y = 0; y < 16; y++) /* 20 x 16 as it is */
        for (int x = 0; x < 20; x++)
            assert_int_equal(luma(f, 40 + x, 32 + y), 16 + (x + 3 * y) % 200);
    assert_int_not_equal(luma(f, 2, 2), 200);
    expect_flat(f, (struct trtc_rect){ 0, 16, 40, 48 }, 235);
    c.actors[0].on = false; /* the camera is off */
    f = draw(&c, 0, T0 + 1000);
    expect_flat(f, (struct trtc_rect){ 40, 32, 20, 16 }, 200);
    c.actors[0].on = true;
    f = draw(&c, 0, T0 + 2000);
    assert_int_equal(luma(f, 41, 33), 16 + 1 + 3);
    /* another layout: what was there is gone */
    const struct trtc_layout one = LAYOUT(window(4, 0, 0, 96, 64, 0));
    const struct trtc_layout none = { .n = 0 };
    c.actors[4].tile = NULL;
    set(&c, &look, &one);
    expect_flat(draw(&c, 0, T0 + 3000), (struct trtc_rect){ 0, 0, W, H }, 200);
    set(&c, &look, &none);
    expect_flat(draw(&c, 0, T0 + 4000), (struct trtc_rect){ 0, 0, W, H }, 235);
    clear_away(&c);
}

static void test_translucent(void **state)
{
    struct cast c;
    char p[] = "p";
    const struct trtc_mix_look look = { .background = 0, .placeholder = p };
    const struct trtc_layout l = LAYOUT(window(0, 0, 0, 40, 40, 128));
    (void)state;
    set_up(&c, 2, false, TRTC_FILL_HOLD);
    c.tiles[0].step_us = 1000 * S; /* one picture */
    c.actors[0].on = false;
    set(&c, &look, &l);
    for (int i = 0; i < 6; i++) { /* half of 200 over black, however often it is drawn */
        expect_flat(draw(&c, i % 2, T0 + i), (struct trtc_rect){ 0, 0, 40, 40 }, 108);
        c.actors[0].on = !c.actors[0].on;
        draw(&c, i % 2, T0 + i);
        c.actors[0].on = !c.actors[0].on;
    }
    clear_away(&c);
}

/* Who is decoded: who is seen. */
static void test_who_is_shown(void **state)
{
    struct cast c;
    char p[] = "p";
    const struct trtc_mix_look look = { .placeholder = p };
    struct trtc_err err;
    (void)state;
    set_up(&c, 1, false, TRTC_FILL_HOLD);
    c.actors[4].on = false;
    const struct {
        struct trtc_layout l;
        const char *shown;
    } t[] = {
        { LAYOUT(window(0, 0, 0, 40, 40, 0), window(1, 40, 0, 40, 40, 0)), "xx..." },
        { LAYOUT(window(0, 4, 4, 20, 20, 0), window(1, 0, 0, 40, 40, 0)), ".x..." },
        { LAYOUT(window(0, 0, 0, 40, 40, 0), window(1, 0, 0, 40, 40, 0)), ".x..." },
        { LAYOUT(window(0, 0, 0, 40, 40, 0), window(1, 0, 0, 40, 38, 0)), "xx..." },
        { LAYOUT(window(0, 4, 4, 20, 20, 0), window(1, 0, 0, 40, 40, 1)), "xx..." },
        { LAYOUT(window(1, 0, 0, 40, 40, 0), window(0, 4, 4, 20, 20, 0)), "xx..." },
        { LAYOUT(window(0, 4, 4, 20, 20, 0), window(1, 0, 0, 40, 40, 255)), "x...." },
        { LAYOUT(window(0, 0, 0, 20, 20, 0), window(1, 0, 0, 30, 30, 0), window(2, 0, 0, 40, 40, 9),
                 window(3, 0, 0, 96, 64, 0), window(4, 0, 0, 2, 2, 0)),
          "...x." },
        /* the camera is off, and the placeholder covers what is behind it all the same */
        { LAYOUT(window(0, 0, 0, 20, 20, 0), window(4, 0, 0, 20, 20, 0)), "....." },
    };
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        char got[ACTORS + 1] = "";
        set(&c, &look, &t[i].l);
        draw(&c, 0, T0 + (int64_t)i * 1000);
        for (int k = 0; k < ACTORS; k++) {
            got[k] = c.tiles[k].shown ? 'x' : '.';
            assert_int_equal(c.tiles[k].nb_advanced, i + 1); /* all go on */
            assert_true(c.tiles[k].due_us == T0 + (int64_t)i * 1000);
        }
        assert_string_equal(got, t[i].shown);
    }
    set(&c, &look, &t[0].l);
    assert_int_equal(trtc_stage_skip(c.stage, T0 + 5 * S, &err), 0);
    for (int k = 0; k < ACTORS; k++) {
        assert_false(c.tiles[k].shown);
        assert_true(c.tiles[k].due_us == T0 + 5 * S);
    }
    clear_away(&c);
}

static void test_reserved(void **state)
{
    struct cast c;
    char p[] = "p", o[] = "o", user[] = "zoe";
    struct trtc_mix_look look = { .background = 0xffffff, .placeholder = p, .show_reserved = true };
    const struct trtc_layout_entry kept = { .user = user },
                                   own = { .user = user, .placeholder = o }, any = { .user = NULL };
    struct trtc_layout l = LAYOUT(window(-1, 0, 0, 20, 20, 0), window(-1, 20, 0, 20, 20, 0),
                                  window(-1, 40, 0, 20, 20, 0), window(0, 60, 0, 20, 20, 0));
    const AVFrame *f;
    (void)state;
    l.windows[0].entry = &kept;
    l.windows[1].entry = &own;
    l.windows[2].entry = &any; /* nobody's */
    l.windows[3].entry = &own;
    set_up(&c, RING, false, TRTC_FILL_HOLD);
    c.actors[0].on = false;
    set(&c, &look, &l);
    for (int i = 0; i < 4; i++) {
        f = draw(&c, i % RING, T0 + i);
        expect_flat(f, (struct trtc_rect){ 0, 0, 20, 20 }, 200);
        expect_flat(f, (struct trtc_rect){ 20, 0, 20, 20 }, 30);
        expect_flat(f, (struct trtc_rect){ 40, 0, 20, 20 }, 235);
        expect_flat(f, (struct trtc_rect){ 60, 0, 20, 20 }, 30);
    }
    struct trtc_mix_look hidden = look;
    hidden.show_reserved = false;
    set(&c, &hidden, &l);
    f = draw(&c, 0, T0 + 9);
    expect_flat(f, (struct trtc_rect){ 0, 0, 60, 20 }, 235);
    expect_flat(f, (struct trtc_rect){ 60, 0, 20, 20 }, 30);
    clear_away(&c);
}

/* A picture that stalls: black after a second, where that is asked for, until the next one comes. */
static void test_fill(void **state)
{
    (void)state;
    for (int black = 0; black < 2; black++) {
        struct cast c;
        const struct trtc_mix_look look = { .background = 0xffffff };
        const struct trtc_layout l = LAYOUT(window(0, 0, 0, 20, 16, 0));
        const struct trtc_rect r = { 0, 0, 20, 16 };
        set_up(&c, RING, false, black ? TRTC_FILL_BLACK : TRTC_FILL_HOLD);
        c.tiles[0].base = 50;
        c.tiles[0].stalls_us = T0 + 140000;
        set(&c, &look, &l);
        for (int i = 0; i < 3; i++)
            assert_true(luma(draw(&c, i, T0 + i * 70000), 0, 0) > 60);
        for (int i = 0; i < 3; i++)
            assert_true(luma(draw(&c, i, T0 + 140000 + S), 0, 0) > 60);
        for (int i = 0; i < 6; i++) {
            const AVFrame *f = draw(&c, i % RING, T0 + 140001 + S + i);
            if (black)
                expect_flat(f, r, 16);
            else
                assert_true(luma(f, 0, 0) > 60);
        }
        c.tiles[0].stalls_us = 0;
        for (int i = 0; i < 3; i++)
            assert_true(luma(draw(&c, i, T0 + 4 * S), 0, 0) > 16 + 9);
        clear_away(&c);
    }
}

static void test_background(void **state)
{
    struct cast c;
    char o[] = "o", gone[] = "x";
    struct trtc_mix_look look = { .background = 0xffffff, .background_image = o };
    static struct trtc_mix_look others[40]; /* each at a place of its own: a look is known by that */
    const struct trtc_layout none = { .n = 0 };
    const AVFrame *f;
    (void)state;
    set_up(&c, 1, false, TRTC_FILL_HOLD);
    look.background_render = TRTC_RENDER_STRETCH;
    set(&c, &look, &none);
    expect_flat(draw(&c, 0, T0), (struct trtc_rect){ 0, 0, W, H }, 30);
    struct trtc_mix_look fit = look; /* square: the colour is beside it, and nothing black */
    fit.background_render = TRTC_RENDER_FIT;
    set(&c, &fit, &none);
    f = draw(&c, 0, T0);
    expect_flat(f, (struct trtc_rect){ 16, 0, 64, H }, 30);
    expect_flat(f, (struct trtc_rect){ 0, 0, 16, H }, 235);
    expect_flat(f, (struct trtc_rect){ 80, 0, 16, H }, 235);
    for (int w = 10; w < 40; w += 3) { /* whatever its shape and its pixels are */
        AVFrame *pic = flat(AV_PIX_FMT_YUV420P, w, 14, 100, 128, 128, 0), *was = pictures[2];
        others[w] = fit;
        pic->sample_aspect_ratio = (AVRational){ w % 2 ? 4 : 1, 3 };
        pictures[2] = pic;
        set(&c, &others[w], &none);
        f = draw(&c, 0, T0);
        pictures[2] = was;
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++)
                assert_true(abs(luma(f, x, y) - 100) <= 1 || abs(luma(f, x, y) - 235) <= 1);
        av_frame_free(&pic);
    }
    look.background_image = gone;
    others[0] = look;
    set(&c, &others[0], &none);
    expect_flat(draw(&c, 0, T0), (struct trtc_rect){ 0, 0, W, H }, 235);
    clear_away(&c);
}

static void test_failures(void **state)
{
    struct cast c;
    struct trtc_err err;
    char p[] = "p";
    const struct trtc_mix_look look = { .background = 0xffffff, .placeholder = p };
    const struct trtc_layout l = LAYOUT(window(0, 0, 0, 20, 16, 0), window(1, 20, 0, 20, 16, 0));
    (void)state;
    set_up(&c, 1, false, TRTC_FILL_HOLD);
    set(&c, &look, &l);
    draw(&c, 0, T0);
    c.tiles[0].frame->format = AV_PIX_FMT_VAAPI; /* nothing can be made of it: black */
    c.tiles[0].serial++;
    expect_flat(draw(&c, 0, T0 + 1), (struct trtc_rect){ 0, 0, 20, 16 }, 16);
    assert_int_equal(c.actors[0].nb_unseen, 1);
    assert_int_equal(c.actors[1].nb_unseen, 0);
    c.tiles[0].frame->format = AV_PIX_FMT_YUV420P;
    c.tiles[4].fails = true; /* out of memory */
    err = (struct trtc_err){ 0 };
    assert_null(trtc_stage_draw(c.stage, 0, T0 + 2, T0 + 2, &err));
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    clear_away(&c);
    set_up(&c, 1, false, TRTC_FILL_HOLD);
    c.tiles[0].fails = true;
    assert_int_equal(trtc_stage_skip(c.stage, T0, &err), -1);
    assert_int_equal(err.code, TRTC_EX_TEMPFAIL);
    clear_away(&c);
}

/* ---- the ring ---- */

static struct trtc_rect random_rect(void)
{
    struct trtc_rect r = { .w = 2 + 2 * noise(24), .h = 2 + 2 * noise(16) };
    r.x = 2 * noise((W - r.w) / 2 + 1);
    r.y = 2 * noise((H - r.h) / 2 + 1);
    return r;
}

static void random_layout(struct trtc_layout *l)
{
    int order[ACTORS] = { 0, 1, 2, 3, 4 };
    *l = (struct trtc_layout){ .n = (size_t)noise(ACTORS + 1) };
    for (int i = ACTORS - 1; i > 0; i--) {
        const int k = noise(i + 1), was = order[i];
        order[i] = order[k];
        order[k] = was;
    }
    for (size_t i = 0; i < l->n; i++) {
        const struct trtc_rect r = random_rect();
        l->windows[i] = window(order[i], r.x, r.y, r.w, r.h, noise(3) ? 0 : 20 + noise(236));
        l->windows[i].render = (enum trtc_render)noise(4);
    }
}

static void random_look(struct trtc_mix_look *look, char *const names[2], int nb_clocks)
{
    *look = (struct trtc_mix_look){ .background = (uint32_t)noise(1 << 24),
                                    .placeholder = names[1] + 1 };
    look->nb_marks = (size_t)noise(4);
    for (size_t i = 0; i < look->nb_marks; i++)
        look->marks[i] = (struct trtc_mark){ .kind = TRTC_MARK_IMAGE,
                                             .rect = random_rect(),
                                             .text = names[noise(2)] };
    for (int i = 0; i < nb_clocks; i++)
        look->marks[look->nb_marks++] = (struct trtc_mark){
            .kind = TRTC_MARK_CLOCK, .size_px = 10, .colour = 0xffff00, .pos = noise(7)
        };
}

/* One stage draws what has changed, the other one all of it: the same comes out. */
static void run_ring(int nb_rounds, int nb_frames, bool labels, int nb_clocks)
{
    static char m[] = "m", op[] = "op";
    char *const names[2] = { m, op };
    for (int round = 0; round < nb_rounds; round++) {
        struct cast a, b;
        struct trtc_mix_look look;
        struct trtc_layout l;
        const enum trtc_fill fill = noise(2) ? TRTC_FILL_BLACK : TRTC_FILL_HOLD;
        set_up(&a, RING, labels, fill);
        set_up(&b, 1, labels, fill);
        random_look(&look, names, nb_clocks);
        random_layout(&l);
        set(&a, &look, &l);
        int64_t t = T0 - 200000;
        for (int i = 0; i < nb_frames; i++) {
            t += nb_clocks ? noise(700000) : noise(60000);
            const int who = noise(3 * ACTORS);
            if (who < ACTORS)
                a.actors[who].on = b.actors[who].on = !a.actors[who].on;
            if (noise(12) == 0)
                a.tiles[noise(ACTORS)].stalls_us = t;
            for (int k = 0; k < ACTORS; k++)
                b.tiles[k].stalls_us = a.tiles[k].stalls_us;
            if (noise(12) == 0) {
                random_layout(&l);
                set(&a, &look, &l);
            }
            set(&b, &look, &l); /* all anew */
            const AVFrame *x = draw(&a, i % RING, t), *y = draw(&b, 0, t);
            if (!same_picture(x, y))
                fail_msg("round %d, frame %d: the ring shows something else", round, i);
        }
        clear_away(&a);
        clear_away(&b);
    }
}

static void test_ring(void **state)
{
    (void)state;
    run_ring(150, 15, false, 0);
}

static void test_ring_text(void **state)
{
    (void)state;
    run_ring(3, 12, true, 1);
    run_ring(3, 12, false, 2);
}

/* What has not changed is not drawn again: a fleck on it stays. */
static void test_left_alone(void **state)
{
    struct cast c;
    struct trtc_mix_look look = { .background = 0, .nb_marks = 1 };
    const struct trtc_layout l = LAYOUT(window(0, 0, 0, 20, 16, 0), window(1, 20, 0, 20, 16, 0),
                                        window(2, 30, 10, 20, 20, 9));
    static const int places[][2] = { { 4, 4 }, { 24, 4 }, { 44, 24 }, { 90, 2 }, { 30, 60 } };
    enum { NB = sizeof places / sizeof *places };
    (void)state;
    look.marks[0] =
        (struct trtc_mark){ .kind = TRTC_MARK_CLOCK, .size_px = 6, .colour = 0xffffff, .pos = 5 };
    set_up(&c, 2, false, TRTC_FILL_HOLD);
    for (int i = 0; i < 3; i++)
        c.tiles[i].step_us = 10 * S;
    set(&c, &look, &l);
    for (int i = 0; i < 2; i++)
        draw(&c, i, T0 + 3 * S);
    for (int i = 0; i < 12; i++) {
        AVFrame *f = (AVFrame *)draw(&c, i % 2, T0 + 3 * S + 1 + i);
        for (int k = 0; k < NB; k++) {
            uint8_t *px = &f->data[0][places[k][1] * f->linesize[0] + places[k][0]];
            assert_true(i < 2 || *px == 77);
            *px = 77;
        }
    }
    c.tiles[0].step_us = 2 * S; /* one that stands alone, and one under another */
    const AVFrame *f = draw(&c, 0, T0 + 3 * S + 20);
    assert_int_not_equal(luma(f, 4, 4), 77);
    assert_int_equal(luma(f, 24, 4), 77);
    assert_int_equal(luma(f, 44, 24), 77);
    c.tiles[1].step_us = 2 * S;
    f = draw(&c, 0, T0 + 3 * S + 30);
    assert_int_not_equal(luma(f, 24, 4), 77);
    assert_int_not_equal(luma(f, 44, 24), 77);
    assert_int_equal(luma(f, 30, 60), 77);
    f = draw(&c, 0, T0 + 4 * S); /* the clock moves */
    assert_int_not_equal(luma(f, 30, 60), 77);
    assert_int_equal(luma(f, 90, 2), 77);
    clear_away(&c);
}

/* ---- text ---- */

static int nb_unlike(const AVFrame *f, struct trtc_rect r, int value)
{
    int nb = 0;
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            nb += abs(luma(f, x, y) - value) > 20;
    return nb;
}

static int nb_other(const AVFrame *f, const AVFrame *g, struct trtc_rect r)
{
    int nb = 0;
    for (int y = r.y; y < r.y + r.h; y++)
        for (int x = r.x; x < r.x + r.w; x++)
            nb += luma(f, x, y) != luma(g, x, y);
    return nb;
}

/* Names in windows: in the middle where there is no picture; as labels at the bottom where there is one, at the top where a
 * window in front covers that. */
static void test_names(void **state)
{
    struct cast c;
    const struct trtc_mix_look look = { .background = 0 };
    const struct trtc_rect middle = { 0, 26, 48, 12 }, top = { 0, 0, 48, 20 },
                           bottom = { 0, 44, 48, 20 };
    (void)state;
    for (int labels = 0; labels < 2; labels++) {
        const struct trtc_layout l =
            LAYOUT(window(0, 0, 0, 48, 64, 0), window(3, 48, 0, 48, 64, 0));
        set_up(&c, 1, labels, TRTC_FILL_HOLD);
        c.actors[0].on = c.actors[3].on = false;
        set(&c, &look, &l);
        const AVFrame *f = draw(&c, 0, T0);
        const int plain = luma(f, 2, 2);
        assert_int_in_range(plain, 50, 80); /* 0x30343c */
        for (int i = 0; i < 2; i++) {
            struct trtc_rect m = middle, t = top, b = bottom;
            m.x = t.x = b.x = 48 * i;
            assert_true(nb_unlike(f, m, plain) > 5);
            assert_int_equal(nb_unlike(f, t, plain), 0);
            assert_int_equal(nb_unlike(f, b, plain), 0); /* it is said already */
        }
        clear_away(&c);
    }
    for (int covered = 0; covered < 2; covered++) {
        struct cast without;
        struct trtc_layout l =
            LAYOUT(window(0, 0, 0, 48, 64, 0), window(3, covered ? 0 : 48, 48, 48, 16, 0));
        l.windows[1].z = 1;
        set_up(&c, 1, true, TRTC_FILL_HOLD);
        set_up(&without, 1, false, TRTC_FILL_HOLD);
        set(&c, &look, &l);
        set(&without, &look, &l);
        const AVFrame *f = draw(&c, 0, T0), *g = draw(&without, 0, T0);
        assert_int_equal(nb_other(f, g, top) > 20, covered);
        assert_int_equal(nb_other(f, g, (struct trtc_rect){ 0, 44, 48, 4 }) == 0, covered);
        assert_int_equal(nb_other(f, g, middle), 0);
        clear_away(&c);
        clear_away(&without);
    }
}

static void test_clock(void **state)
{
    (void)state;
    for (int pos = 0; pos < 7; pos++) {
        static const int xs[7] = { 0, 2, 0, 2, 1, 1, 1 }, ys[7] = { 0, 0, 2, 2, 0, 2, 1 };
        struct cast c, ring;
        struct trtc_mix_look look = { .background = 0, .nb_marks = 1 };
        const struct trtc_layout none = { .n = 0 };
        look.marks[0] = (struct trtc_mark){ .kind = TRTC_MARK_CLOCK,
                                            .size_px = 6,
                                            .colour = 0xffffff,
                                            .pos = pos,
                                            .zone_min = 8 * 60 };
        set_up(&c, 2, false, TRTC_FILL_HOLD);
        set_up(&ring, RING, false, TRTC_FILL_HOLD);
        set(&c, &look, &none);
        set(&ring, &look, &none);
        const AVFrame *a = draw(&c, 0, T0), *b = draw(&c, 1, T0 + S - 1);
        assert_true(same_picture(a, b)); /* the second is the same */
        for (int y = 0; y < 3; y++) {
            const struct trtc_rect third = { 0, y * 20, W, y == 2 ? H - 40 : 20 };
            if (ys[pos] != y && !(ys[pos] == 2 && y == 1))
                assert_int_equal(nb_unlike(a, third, 16), 0);
            else if (ys[pos] == y)
                assert_true(nb_unlike(a, third, 16) > 20);
        }
        const int left = nb_unlike(a, (struct trtc_rect){ 0, 0, 8, H }, 16),
                  right = nb_unlike(a, (struct trtc_rect){ W - 8, 0, 8, H }, 16);
        if (xs[pos] != 1)
            assert_true(xs[pos] == 0 ? left >= right : right >= left);
        b = draw(&c, 1, T0 + S);
        assert_false(same_picture(a, b)); /* the next one is another */
        for (int s = 0; s < 12;
             s++) { /* a canvas of the ring each second: nothing is left of before */
            a = draw(&ring, s % RING, T0 + s * S);
            set(&c, &look, &none);
            assert_true(same_picture(a, draw(&c, 0, T0 + s * S + S / 2)));
        }
        clear_away(&c);
        clear_away(&ring);
    }
}

/* A clock too large for its canvas is cut; times that are out of range are shown somehow. */
static void test_clock_edges(void **state)
{
    (void)state;
    for (int pos = 0; pos < 7; pos++) {
        struct cast c;
        struct trtc_mix_look look = { .background = 0, .nb_marks = 1 };
        const struct trtc_layout none = { .n = 0 };
        look.marks[0] = (struct trtc_mark){
            .kind = TRTC_MARK_CLOCK, .size_px = 90, .colour = 0xffffff, .pos = pos
        };
        set_up(&c, RING, false, TRTC_FILL_HOLD);
        set(&c, &look, &none);
        for (int s = 0; s < 4; s++)
            draw(&c, s % RING, T0 + s * S);
        draw(&c, 0, -1); /* a clock has no time before 1970: that is told as 1970 */
        draw(&c, 1, INT64_MAX / 4);
        clear_away(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_windows),      cmocka_unit_test(test_translucent),
        cmocka_unit_test(test_who_is_shown), cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_fill),         cmocka_unit_test(test_background),
        cmocka_unit_test(test_failures),     cmocka_unit_test(test_ring),
        cmocka_unit_test(test_ring_text),    cmocka_unit_test(test_left_alone),
        cmocka_unit_test(test_names),        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_clock_edges),
    };
    return cmocka_run_group_tests_name("stage", tests, make_all, free_all);
}
