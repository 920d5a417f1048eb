/* SPDX-License-Identifier: MIT */
/* layers: what is drawn by their rules onto a ring of toy canvases is what a full redraw from back to front makes,
 * whatever changes; and not more is drawn than must be.
 *
 * A pixel is a number. An opaque layer sets it, a translucent one mixes its own into it in a way that shows how often and
 * in which order that was done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "layout/layers.h"

enum { W = 16, H = 12, LAYERS_MAX = 12, RING = 3 };

static uint32_t seed = 1;

static int noise(int below)
{
    seed = seed * 1664525 + 1013904223;
    return (int)((seed >> 8) % (uint32_t)below);
}

struct canvas {
    uint32_t px[H][W];
    int content[LAYERS_MAX]; /* as drawn last */
    bool known;
};

struct stack {
    struct trtc_layer layers[LAYERS_MAX];
    int content[LAYERS_MAX];
    size_t n;
};

static void draw_background(struct canvas *c, const struct trtc_rect *r)
{
    for (int y = r->y; y < r->y + r->h; y++)
        for (int x = r->x; x < r->x + r->w; x++)
            c->px[y][x] = (uint32_t)(1000000 + 100 * y + x);
}

static void draw_layer(struct canvas *c, const struct stack *s, size_t i)
{
    const struct trtc_layer *l = &s->layers[i];
    const struct trtc_rect *r = &l->rect;
    for (int y = r->y; y < r->y + r->h; y++)
        for (int x = r->x; x < r->x + r->w; x++) {
            const uint32_t own = (uint32_t)(s->content[i] * 10007 + (int)i * 131 + y * W + x);
            c->px[y][x] = l->opaque ? own : c->px[y][x] * 2654435761u + own;
        }
}

static void draw_all(struct canvas *c, const struct stack *s)
{
    draw_background(c, &(struct trtc_rect){ 0, 0, W, H });
    for (size_t i = 0; i < s->n; i++)
        draw_layer(c, s, i);
}

/* Draws what has changed, by the rules of layout/layers.h. What was drawn is marked. */
static void draw_changes(struct canvas *c, const struct stack *s, bool *drawn)
{
    bool dirty[LAYERS_MAX];
    memset(drawn, 0, LAYERS_MAX * sizeof *drawn);
    for (size_t i = 0; i < s->n; i++) {
        dirty[i] = !c->known || s->content[i] != c->content[i];
        if (c->known && dirty[i] && s->layers[i].early) {
            draw_layer(c, s, i);
            drawn[i] = true;
        }
    }
    if (!c->known)
        draw_background(c, &(struct trtc_rect){ 0, 0, W, H });
    if (c->known)
        trtc_layers_spread(s->layers, s->n, dirty);
    for (size_t i = 0; i < s->n; i++)
        if (dirty[i] && s->layers[i].grounded)
            draw_background(c, &s->layers[i].rect);
    for (int level = 0; level < LAYERS_MAX; level++) { /* in any order within a level */
        const size_t first = s->n ? (size_t)noise((int)s->n) : 0;
        for (size_t k = 0; k < s->n; k++) {
            const size_t i = (first + k) % s->n;
            if (!dirty[i] || drawn[i] || s->layers[i].level != level)
                continue;
            draw_layer(c, s, i);
            drawn[i] = true;
        }
    }
    memcpy(c->content, s->content, sizeof c->content);
    c->known = true;
}

static struct trtc_rect random_rect(int min)
{
    struct trtc_rect r = { .w = min + noise(W - min + 1), .h = min + noise(H - min + 1) };
    if (noise(3)) { /* mostly small ones: they touch here and there */
        r.w = min + noise(6);
        r.h = min + noise(5);
    }
    r.x = noise(W - r.w + 1);
    r.y = noise(H - r.h + 1);
    return r;
}

static void random_stack(struct stack *s, int opaque_percent)
{
    *s = (struct stack){ .n = (size_t)noise(LAYERS_MAX + 1) };
    for (size_t i = 0; i < s->n; i++) {
        s->layers[i].rect = random_rect(1);
        s->layers[i].opaque = noise(100) < opaque_percent;
        if (i > 0 && noise(4) == 0) /* a label in its window, a window on another */
            s->layers[i].rect = s->layers[noise((int)i)].rect;
    }
    trtc_layers_arrange(s->layers, s->n);
}

/* ---- the cases ---- */

static void test_touch(void **state)
{
    const struct trtc_rect a = { 10, 10, 4, 4 };
    static const struct {
        struct trtc_rect r;
        bool touch;
    } t[] = {
        { { 10, 10, 4, 4 }, true },  { { 13, 13, 4, 4 }, true },  { { 14, 10, 4, 4 }, false },
        { { 10, 14, 4, 4 }, false }, { { 6, 10, 4, 4 }, false },  { { 7, 10, 4, 4 }, true },
        { { 10, 6, 4, 4 }, false },  { { 11, 11, 1, 1 }, true },  { { 0, 0, 100, 100 }, true },
        { { 0, 12, 100, 1 }, true }, { { 14, 14, 1, 1 }, false }, { { 0, 0, 10, 100 }, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        assert_int_equal(trtc_rects_touch(&a, &t[i].r), t[i].touch);
        assert_int_equal(trtc_rects_touch(&t[i].r, &a), t[i].touch);
    }
}

/* The grid with a label in each window, a mark over two windows, and one that lies off all windows. */
static void test_arrange(void **state)
{
    struct trtc_layer l[] = {
        { .rect = { 0, 0, 8, 6 }, .opaque = true },
        { .rect = { 1, 4, 4, 1 } },
        { .rect = { 8, 0, 8, 6 }, .opaque = true },
        { .rect = { 9, 4, 4, 1 } },
        { .rect = { 6, 1, 4, 2 } },
        { .rect = { 12, 8, 2, 2 } },
        { .rect = { 0, 6, 4, 4 }, .opaque = true },
        { .rect = { 2, 7, 4, 2 } },
        { .rect = { 2, 0, 4, 2 }, .opaque = true },
        { .rect = { 3, 0, 2, 1 } },
    };
    static const struct {
        int level;
        bool grounded, early;
    } want[] = {
        { 0, false, false }, /* under the mark */
        { 1, false, false }, { 0, false, false }, { 1, false, false },
        { 1, true, false }, /* neither window holds it, so the ground counts as seen */
        { 0, true, false },  { 0, false, false }, /* a mark reaches over its edge */
        { 1, true, false },  { 1, false, false }, { 2, false, false },
    };
    const size_t n = sizeof l / sizeof *l;
    (void)state;
    trtc_layers_arrange(l, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(l[i].level, want[i].level);
        assert_int_equal(l[i].grounded, want[i].grounded);
        assert_int_equal(l[i].early, want[i].early);
    }
    trtc_layers_arrange(l, 2); /* alone: it may begin at once */
    assert_true(l[0].early);
    trtc_layers_arrange(l, 0);
}

static void test_spread(void **state)
{
    /* two windows, each with a label; something translucent over the second one's edge; an opaque one on top of
     * the first */
    struct trtc_layer l[] = {
        { .rect = { 0, 0, 6, 6 }, .opaque = true },
        { .rect = { 1, 4, 4, 1 } },
        { .rect = { 8, 0, 6, 6 }, .opaque = true },
        { .rect = { 9, 4, 4, 1 } },
        { .rect = { 12, 0, 4, 2 } },
        { .rect = { 0, 0, 2, 2 }, .opaque = true },
    };
    static const char *const t[][2] = {
        { "......", "......" }, { "#.....", "##...#" }, { ".#....", "##...#" },
        { "..#...", "..###." }, { "...#..", "..###." }, { "....#.", "..###." },
        { ".....#", ".....#" }, /* whatever lies under it is not seen */
        { "######", "######" },
    };
    (void)state;
    trtc_layers_arrange(l, 6);
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        bool dirty[6];
        char got[7] = "";
        for (int k = 0; k < 6; k++)
            dirty[k] = t[i][0][k] == '#';
        trtc_layers_spread(l, 6, dirty);
        for (int k = 0; k < 6; k++)
            got[k] = dirty[k] ? '#' : '.';
        assert_string_equal(got, t[i][1]);
    }
}

/* Levels and grounds by their definition, of stacks of all kinds. */
static void test_levels(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct stack s;
        random_stack(&s, noise(101));
        for (size_t i = 0; i < s.n; i++)
            s.content[i] = 1;
        for (size_t i = 0; i < s.n; i++) {
            const struct trtc_layer *a = &s.layers[i];
            bool seen = false;
            struct canvas c = { .known = false };
            for (size_t k = 0; k < i; k++) {
                const struct trtc_layer *b = &s.layers[k];
                if (trtc_rects_touch(&a->rect, &b->rect))
                    assert_true(a->level > b->level);
            }
            if (a->level == 0)
                for (size_t k = 0; k < i; k++)
                    assert_false(trtc_rects_touch(&a->rect, &s.layers[k].rect));
            /* the ground that is seen through it */
            for (size_t k = 0; k < i; k++)
                if (s.layers[k].opaque)
                    draw_layer(&c, &s, k);
            for (int y = a->rect.y; y < a->rect.y + a->rect.h; y++)
                for (int x = a->rect.x; x < a->rect.x + a->rect.w; x++)
                    seen |= c.px[y][x] == 0;
            if (!a->opaque && seen)
                assert_true(a->grounded);
            if (a->opaque)
                assert_false(a->grounded);
            if (a->early)
                assert_true(a->opaque && a->level == 0);
        }
    }
}

static void expect_same(const struct canvas *got, const struct stack *s, int round)
{
    struct canvas want;
    draw_all(&want, s);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            if (got->px[y][x] != want.px[y][x])
                fail_msg("round %d: pixel %d,%d is wrong", round, x, y);
}

/* The heart: each canvas of a ring has missed the frames of the others. */
static void test_ring(void **state)
{
    (void)state;
    for (int round = 0; round < 6000; round++) {
        struct stack s;
        struct canvas ring[RING] = { 0 };
        bool drawn[LAYERS_MAX];
        random_stack(&s, 20 + noise(80));
        const int busy = 1 + noise(6); /* of this many frames a layer changes in one */
        for (int frame = 0; frame < 14; frame++) {
            for (size_t i = 0; i < s.n; i++)
                if (noise(busy) == 0)
                    s.content[i] = noise(3) ? frame + 1 : 0; /* what was there comes back, too */
            struct canvas *c = &ring[frame % RING];
            draw_changes(c, &s, drawn);
            expect_same(c, &s, round);
        }
    }
}

/* Only one layer changes: what has nothing to do with it is not touched. */
static void test_not_more(void **state)
{
    (void)state;
    int nb_saved = 0;
    for (int round = 0; round < 1500; round++) {
        struct stack s;
        struct canvas c = { 0 };
        bool drawn[LAYERS_MAX], near[LAYERS_MAX] = { false };
        random_stack(&s, 60);
        if (s.n == 0)
            continue;
        draw_changes(&c, &s, drawn);
        for (size_t i = 0; i < s.n; i++)
            assert_true(drawn[i]);
        draw_changes(&c, &s, drawn); /* nothing has changed */
        for (size_t i = 0; i < s.n; i++)
            assert_false(drawn[i]);
        const size_t one = (size_t)noise((int)s.n);
        s.content[one]++;
        near[one] = true;
        for (size_t k = 0; k < s.n; k++) /* what it touches, and what that touches ... */
            for (size_t i = 0; i < s.n; i++)
                for (size_t j = 0; j < s.n; j++)
                    near[i] |= near[j] && trtc_rects_touch(&s.layers[i].rect, &s.layers[j].rect);
        draw_changes(&c, &s, drawn);
        assert_true(drawn[one]);
        for (size_t i = 0; i < s.n; i++) {
            assert_true(near[i] || !drawn[i]);
            nb_saved += near[i] && !drawn[i];
        }
        /* an opaque layer on top of all others is drawn alone */
        bool top = s.layers[one].opaque;
        for (size_t i = one + 1; i < s.n; i++)
            top &= !trtc_rects_touch(&s.layers[i].rect, &s.layers[one].rect);
        for (size_t i = 0; top && i < s.n; i++)
            assert_int_equal(drawn[i], i == one);
        expect_same(&c, &s, round);
    }
    assert_true(nb_saved > 1000);
}

/* Most of a layout, as it is in a mix: windows without gaps, labels, marks. What is early may be drawn by any thread at any
 * time before the rest: in any order the same comes out. */
static void test_early_any_time(void **state)
{
    (void)state;
    for (int round = 0; round < 800; round++) {
        struct stack s;
        struct canvas a = { 0 }, b;
        bool drawn[LAYERS_MAX], dirty[LAYERS_MAX] = { false };
        random_stack(&s, 70);
        draw_changes(&a, &s, drawn);
        for (size_t i = 0; i < s.n; i++)
            s.content[i] += noise(2);
        b = a;
        draw_changes(&a, &s, drawn);
        /* the early ones after all others instead */
        for (size_t i = 0; i < s.n; i++)
            dirty[i] = s.content[i] != b.content[i];
        bool own[LAYERS_MAX];
        memcpy(own, dirty, sizeof own);
        trtc_layers_spread(s.layers, s.n, dirty);
        for (size_t i = 0; i < s.n; i++)
            if (dirty[i] && s.layers[i].grounded)
                draw_background(&b, &s.layers[i].rect);
        for (size_t i = 0; i < s.n; i++)
            if (own[i] && s.layers[i].early)
                draw_layer(&b, &s, i); /* the last moment before the levels */
        for (int level = 0; level < LAYERS_MAX; level++)
            for (size_t i = 0; i < s.n; i++)
                if (dirty[i] && s.layers[i].level == level && !(own[i] && s.layers[i].early))
                    draw_layer(&b, &s, i);
        assert_memory_equal(a.px, b.px, sizeof a.px);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_touch),          cmocka_unit_test(test_arrange),
        cmocka_unit_test(test_spread),         cmocka_unit_test(test_levels),
        cmocka_unit_test(test_ring),           cmocka_unit_test(test_not_more),
        cmocka_unit_test(test_early_any_time),
    };
    return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
