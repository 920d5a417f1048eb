/* SPDX-License-Identifier: MIT */
/* text: shown as it is, where it was asked for, cut with an ellipsis; a clock that stays where it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "picture/overlay.h"
#include "unit/range.h"

static const struct trtc_colour sd = { TRTC_BT601, TRTC_BT601, TRTC_BT601, false };

#define W 640
#define H 360

static struct trtc_writing *text;

static const struct trtc_writing_style plain = { .size_px = 20, .colour = 0xffffff };
static const struct trtc_writing_style label = {
    .size_px = 20,
    .colour = 0xffffff,
    .has_background = true,
    .background_alpha = 127,
    .align = TRTC_WRITING_BOTTOM_LEFT,
};

static struct trtc_overlay *draw(const char *s, const struct trtc_writing_style *style, int x,
                                 int y, int w, int h)
{
    struct trtc_err err = { 0 };
    struct trtc_overlay *o = NULL;
    const struct trtc_rect r = { x, y, w, h };
    if (trtc_overlay_writing(text, &(struct trtc_writing_line){ s, style, r, W, H }, &o, &err))
        fail_msg("%s", err.msg);
    if (o) {
        assert_true(o->rect.x >= 0 && o->rect.y >= 0 && o->rect.w > 0 && o->rect.h > 0);
        assert_true(o->rect.x + o->rect.w <= W && o->rect.y + o->rect.h <= H);
        assert_int_equal((o->rect.x | o->rect.y | o->rect.w | o->rect.h) & 1, 0);
    }
    return o;
}

static int width(const char *s, const struct trtc_writing_style *style)
{
    struct trtc_err err = { 0 };
    struct trtc_writing_box size;
    assert_int_equal(trtc_writing_size(text, s, style, &size, &err), 0);
    return size.w_px;
}

/* The smallest rectangle of the canvas that has all pixels brighter than this and not clear. */
static struct trtc_rect ink(const struct trtc_overlay *o)
{
    int left = W, top = H, right = -1, bottom = -1;
    for (int y = 0; y < o->rect.h; y++)
        for (int x = 0; x < o->rect.w; x++)
            if (o->a[y * o->rect.w + x] > 64 && o->y[y * o->rect.w + x] > 100) {
                left = x < left ? x : left;
                right = x > right ? x : right;
                top = y < top ? y : top;
                bottom = y > bottom ? y : bottom;
            }
    assert_true(right >= 0);
    return (struct trtc_rect){ o->rect.x + left, o->rect.y + top, right - left + 1,
                               bottom - top + 1 };
}

static bool same(const struct trtc_overlay *a, const struct trtc_overlay *b)
{
    const size_t n = (size_t)(a->rect.w * a->rect.h);
    return !memcmp(&a->rect, &b->rect, sizeof a->rect) && !memcmp(a->y, b->y, n) &&
           !memcmp(a->a, b->a, n) && !memcmp(a->ac, b->ac, n / 4);
}

/* ---- looks ---- */

static void test_plain(void **state)
{
    (void)state;
    struct trtc_writing_box size;
    struct trtc_err err;
    assert_int_equal(trtc_writing_size(text, "HIH", &plain, &size, &err), 0);
    const int w = size.w_px, h = size.h_px;
    assert_int_in_range(h, 18, 26);
    struct trtc_overlay *o = draw("HIH", &plain, 100, 50, 0, 0);
    assert_non_null(o);
    const struct trtc_rect asked = { 100, 50, w, h };
    assert_memory_equal(&o->rect, &asked, sizeof asked);
    int solid = 0;
    for (int i = 0; i < w * h; i++)
        if (o->a[i]) {
            assert_int_equal(o->y[i], 235); /* white at its edges too: they are only clearer */
            solid += o->a[i] == 255;
        }
    assert_true(solid > 20);
    assert_int_equal(o->a[0], 0);
    assert_int_equal(o->a[w * h - 1], 0);
    const struct trtc_rect seen = ink(o);
    assert_true(seen.w > w * 3 / 4 && seen.h > h / 2);
    trtc_overlay_free(&o);
}

static void test_background(void **state)
{
    (void)state;
    struct trtc_writing_style s = label;
    s.colour = 0xff0000;
    s.background = 0x0000ff;
    struct trtc_overlay *o = draw("HHHH", &s, 10, 300, 200, 40);
    assert_non_null(o);
    const struct trtc_rect asked = { 10, 300, 200, 40 };
    assert_memory_equal(&o->rect, &asked, sizeof asked);
    int solid = 0;
    for (int i = 0; i < 200 * 40; i++) {
        assert_int_in_range(o->a[i], 128, 255);
        solid += o->a[i] == 255 && o->y[i] == 81;
    }
    assert_true(solid > 20);
    static const int corners[] = { 0, 199, 39 * 200, 40 * 200 - 1 };
    for (int i = 0; i < 4; i++) {
        assert_int_equal(o->a[corners[i]], 128);
        assert_int_equal(o->y[corners[i]], 41);
    }
    assert_int_equal(o->u[0], 240);
    assert_int_equal(o->v[0], 110);
    assert_int_equal(o->ac[0], 128);
    trtc_overlay_free(&o);
    /* as large as the text: its padding is in the size */
    struct trtc_writing_box size;
    struct trtc_err err;
    assert_int_equal(trtc_writing_size(text, "HHHH", &label, &size, &err), 0);
    const int w = size.w_px, h = size.h_px;
    o = draw("HHHH", &label, 10, 300, 0, 0);
    assert_non_null(o);
    assert_int_equal(o->rect.w, w);
    assert_int_equal(o->rect.h, h);
    assert_true(w >= width("HHHH", &plain) + 6 && h > 20);
    const struct trtc_rect seen = ink(o);
    assert_true(seen.x >= 13 && seen.x + seen.w <= 10 + w - 3);
    trtc_overlay_free(&o);
}

static void test_outline(void **state)
{
    (void)state;
    struct trtc_writing_style s = plain;
    s.outline = true;
    struct trtc_overlay *o = draw("HHHH", &s, 10, 10, 0, 0);
    assert_non_null(o);
    int dark = 0, light = 0;
    for (int i = 0; i < o->rect.w * o->rect.h; i++) {
        dark += o->a[i] > 200 && o->y[i] < 20;
        light += o->a[i] == 255 && o->y[i] == 235;
    }
    assert_true(dark > 40 && light > 20);
    trtc_overlay_free(&o);
}

static void test_align(void **state)
{
    (void)state;
    static const struct {
        enum trtc_writing_align align;
        int h, v; /* -1, 0, 1: at which end */
    } t[] = { { TRTC_WRITING_TOP_LEFT, -1, -1 },
              { TRTC_WRITING_CENTER, 0, 0 },
              { TRTC_WRITING_BOTTOM_LEFT, -1, 1 } };
    for (size_t i = 0; i < 3; i++)
        for (int background = 0; background < 2; background++) {
            struct trtc_writing_style s = plain;
            s.align = t[i].align;
            s.has_background = background;
            struct trtc_overlay *o = draw("HHHH", &s, 100, 100, 300, 200);
            assert_non_null(o);
            const struct trtc_rect seen = ink(o);
            const int x = 2 * (seen.x - 100) + seen.w - 300, y = 2 * (seen.y - 100) + seen.h - 200;
            if (t[i].h < 0)
                assert_int_in_range(seen.x, 100, 112);
            else
                assert_int_in_range(x + 100, 96, 104);
            assert_true(t[i].v < 0 ? y < -150 : t[i].v > 0 ? y > 150 : abs(y) < 8);
            trtc_overlay_free(&o);
        }
}

static void test_nothing_to_see(void **state)
{
    (void)state;
    assert_null(draw("", &plain, 10, 10, 0, 0));
    assert_null(draw("", &plain, 10, 10, 100, 30));
    assert_null(draw("  \n ", &plain, 10, 10, 0, 0));
    assert_null(draw("", &label, 10, 10, 0, 0));
    assert_int_equal(width("", &label), 0);
    struct trtc_overlay *o = draw("", &label, 10, 10, 30, 20);
    assert_non_null(o);
    for (int i = 0; i < 30 * 20; i++)
        assert_true(o->a[i] == 128 && o->y[i] == 16);
    trtc_overlay_free(&o);
    static const int outside[][4] = { { W, 0, 0, 0 },         { 0, H, 0, 0 },
                                      { -100, 0, 100, 20 },   { 0, -50, 0, 0 },
                                      { 0, INT32_MIN, 9, 9 }, { INT32_MAX, 0, INT32_MAX, 9 },
                                      { INT32_MIN, 0, 0, 0 } };
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        assert_null(
            draw("HHHH", &label, outside[i][0], outside[i][1], outside[i][2], outside[i][3]));
}

/* A box at an odd place: what lies beside it stays clear. */
static void test_odd_box(void **state)
{
    (void)state;
    struct trtc_overlay *o = draw("x", &label, 11, 21, 31, 25);
    assert_non_null(o);
    const struct trtc_rect even = { 10, 20, 32, 26 };
    assert_memory_equal(&o->rect, &even, sizeof even);
    for (int y = 0; y < 26; y++)
        for (int x = 0; x < 32; x++)
            assert_true((o->a[y * 32 + x] == 0) == (x == 0 || y == 0));
    assert_int_equal(o->ac[0], 32);
    trtc_overlay_free(&o);
}

static void test_clipped(void **state)
{
    (void)state;
    struct trtc_overlay *o = draw("HHHHHHHH", &label, -20, -10, 100, 30);
    assert_non_null(o);
    const struct trtc_rect seen = { 0, 0, 80, 20 };
    assert_memory_equal(&o->rect, &seen, sizeof seen);
    trtc_overlay_free(&o);
    o = draw("HHHH", &label, W - 30, H - 10, 0, 0); /* wider than what is left of the canvas */
    assert_non_null(o);
    assert_int_in_range(o->rect.x + o->rect.w, W - 16, W);
    assert_int_equal(o->rect.h, 10);
    trtc_overlay_free(&o);
}

/* ---- what is written ---- */

static void test_literal(void **state)
{
    (void)state;
    struct trtc_writing_style mono = plain;
    mono.font = "DejaVu Sans Mono";
    const int one = (width("xxxxxxxxxx", &mono) + 5) / 10;
    static const struct {
        const char *text;
        int n;
    } t[] = {
        { "{\\b1}x", 6 },     { "{b1}x", 5 },
        { "\\N", 2 },         { "a\\Nb\\nc\\hd", 10 },
        { "\\", 1 },          { "\\\\", 2 },
        { "\\{\\}", 4 },      { "{\\p1}m 0 0{\\p0}", 15 },
        { "{", 1 },           { "a\nb", 3 },
        { "a\r\nb", 4 },      { "a\tb", 3 },
        { "\x1b[0m", 7 },     { "a\x01", 5 },
        { "\xff!", 5 },       { "\xc2\x9b", 8 },
        { "caf\xc3\xa9", 4 }, { "a\xe2\x80\xa8z", 3 },
        { "\\h\\h\\h", 6 },
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const int w = width(t[i].text, &mono);
        if (abs(w - t[i].n * one) > 4)
            fail_msg("text %zu: %d pixels, expected %d", i, w, t[i].n * one);
    }
    /* one line high, and escapes look as the text they are */
    struct trtc_overlay *a = draw("a\\Nb\x1b", &mono, 10, 10, 200, 30);
    struct trtc_overlay *b = draw("a\\N\x62\\x1B", &mono, 10, 10, 200, 30);
    assert_true(same(a, b));
    trtc_overlay_free(&b);
    b = draw("{\\c&H0000FF&}a", &mono, 10, 10, 0, 0);
    for (int i = 0; i < b->rect.w * b->rect.h; i++)
        assert_true(!b->a[i] || b->y[i] == 235);
    trtc_overlay_free(&a);
    trtc_overlay_free(&b);
}

static void test_ellipsis(void **state)
{
    (void)state;
    static const char all[] = "abcdefghijklmnopqrstuvwxyz";
    int last = 0;
    for (int w = 40; w < 280; w += 30) {
        struct trtc_overlay *o = draw(all, &label, 10, 10, w, 30);
        assert_non_null(o);
        int found = -1;
        for (int n = 26; n >= 0 && found < 0; n--) {
            char cut[40];
            snprintf(cut, sizeof cut, n < 26 ? "%.*s\xe2\x80\xa6" : "%.*s", n, all);
            if (width(cut, &label) > w)
                continue;
            struct trtc_overlay *c = draw(cut, &label, 10, 10, w, 30);
            assert_true(same(o, c)); /* the longest that fits */
            trtc_overlay_free(&c);
            found = n;
        }
        assert_true(found >= last);
        last = found;
        trtc_overlay_free(&o);
    }
    assert_int_in_range(last, 15, 26);
    /* just as wide as the text: nothing is cut */
    const int w = width("HHHH", &plain);
    struct trtc_overlay *a = draw("HHHH", &plain, 10, 10, w, 30),
                        *b = draw("HHHH", &plain, 10, 10, w + 100, 30);
    const struct trtc_rect seen_a = ink(a), seen_b = ink(b);
    assert_memory_equal(&seen_a, &seen_b, sizeof seen_a);
    trtc_overlay_free(&a);
    trtc_overlay_free(&b);
    /* no blank before the ellipsis, no accent lost from its letter */
    a = draw("HH   HHHHHHHHHHH", &plain, 10, 10, width("HH   \xe2\x80\xa6", &plain), 30);
    b = draw("HH\xe2\x80\xa6", &plain, 10, 10, width("HH   \xe2\x80\xa6", &plain), 30);
    assert_true(same(a, b));
    trtc_overlay_free(&a);
    trtc_overlay_free(&b);
    /* too narrow for anything */
    a = draw("HHHH", &label, 10, 10, 4, 30);
    assert_non_null(a);
    assert_int_equal(a->rect.w, 4);
    trtc_overlay_free(&a);
}

static void test_clock_stays(void **state)
{
    (void)state;
    struct trtc_overlay *first = draw("2026-01-01 00:00:00", &label, 10, 10, 0, 0);
    assert_non_null(first);
    for (int i = 0; i < 10; i++) {
        char s[40];
        snprintf(s, sizeof s, "2026-01-01 00:00:%d%d", i, 9 - i);
        struct trtc_overlay *o = draw(s, &label, 10, 10, 0, 0);
        assert_non_null(o);
        assert_memory_equal(&o->rect, &first->rect, sizeof o->rect);
        const size_t keep = (size_t)(first->rect.w * 3 / 4);
        for (int y = 0; y < o->rect.h; y++)
            assert_memory_equal(o->y + y * o->rect.w, first->y + y * o->rect.w, keep);
        trtc_overlay_free(&o);
    }
    trtc_overlay_free(&first);
}

static void test_scripts(void **state)
{
    (void)state;
    static const char *const t[] = {
        "\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e",                         /* Chinese */
        "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d abc",                         /* Hebrew */
        "\xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7",                     /* Arabic */
        "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb\xf0\x9f\x8f\xbd", /* joined emoji */
        "e\xcc\x81\xcc\x81\xcc\x81\xcc\x81",                            /* accents */
        "\xe0\xb8\x81\xe0\xb8\xb3",                                     /* Thai */
        "\xe2\x80\xaexyz",
        "\xef\xbf\xbf",
        "\xf4\x8f\xbf\xbf",
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++)
        for (int w = 0; w < 40; w += 12) {
            struct trtc_overlay *o = draw(t[i], &label, 20, 20, w, 0);
            trtc_overlay_free(&o);
        }
}

static void test_much_text(void **state)
{
    (void)state;
    const size_t n = 1 << 20;
    char *s = malloc(n + 1);
    static const char *const units[] = { "i", "\xcc\x81", "\xe2\x80\x8b", "{\\", "\x01" };
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        const size_t k = strlen(units[u]);
        for (size_t i = 0; i + k <= n; i += k)
            memcpy(s + i, units[u], k);
        s[n - n % k] = '\0';
        struct trtc_overlay *o = draw(s, &label, 0, 0, 0, 0);
        trtc_overlay_free(&o);
        struct trtc_writing_box size;
        struct trtc_err err;
        assert_int_equal(trtc_writing_size(text, s, &label, &size, &err), 0);
        assert_int_in_range(size.w_px, 0, 16384);
    }
    free(s);
    static const int sizes[] = { INT32_MIN, 0, 1, 1000, INT32_MAX };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct trtc_writing_style style = label;
        style.size_px = sizes[i];
        style.outline = true;
        struct trtc_overlay *o = draw("HHHH", &style, 0, 0, 0, 0);
        assert_non_null(o);
        trtc_overlay_free(&o);
    }
}

/* ---- fonts ---- */

static void fonts_only_in(const char *conf, const char *where)
{
    FILE *f = fopen(conf, "w");
    assert_non_null(f);
    fprintf(f,
            "<?xml version=\"1.0\"?><fontconfig><dir>%s</dir>"
            "<cachedir>/var/cache/fontconfig</cachedir></fontconfig>",
            where);
    assert_int_equal(fclose(f), 0);
}

/* In a process of its own: with no fonts at all libfontconfig leaks. */
static void without_fonts(void)
{
    const pid_t child = fork();
    if (!child) {
        struct trtc_err err = { 0 };
        const bool right = !trtc_writing_new(&sd, &err) && err.code == TRTC_EX_UNAVAILABLE &&
                           strstr(err.msg, "no font found");
        _exit(right ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_fonts(void **state)
{
    (void)state;
    char dir[] = "/tmp/t_text.XXXXXX", conf[64];
    assert_non_null(mkdtemp(dir));
    snprintf(conf, sizeof conf, "%s/fonts.conf", dir);
    setenv("FONTCONFIG_FILE", conf, 1);
    fonts_only_in(conf, "/nonexistent");
    without_fonts();
    /* fonts without Chinese: boxes, or nothing, but no failure */
    fonts_only_in(conf, "/usr/share/fonts/truetype/dejavu");
    struct trtc_err err = { 0 };
    struct trtc_writing *t = trtc_writing_new(&sd, &err);
    if (t) {
        struct trtc_overlay *o = NULL;
        const struct trtc_rect r = { 0, 0, 0, 0 };
        assert_int_equal(
            trtc_overlay_writing(
                t, &(struct trtc_writing_line){ "\xe7\x8e\x8b x", &plain, r, W, H }, &o, &err),
            0);
        assert_non_null(o);
        trtc_overlay_free(&o);
    }
    trtc_writing_free(&t);
    unsetenv("FONTCONFIG_FILE");
    unlink(conf);
    assert_int_equal(rmdir(dir), 0);
}

static int setup(void **state)
{
    (void)state;
    struct trtc_err err = { 0 };
    text = trtc_writing_new(&sd, &err);
    if (!text)
        fprintf(stderr, "%s\n", err.msg);
    return text ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    trtc_writing_free(&text);
    return text ? -1 : 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),          cmocka_unit_test(test_background),
        cmocka_unit_test(test_outline),        cmocka_unit_test(test_align),
        cmocka_unit_test(test_nothing_to_see), cmocka_unit_test(test_odd_box),
        cmocka_unit_test(test_clipped),        cmocka_unit_test(test_literal),
        cmocka_unit_test(test_ellipsis),       cmocka_unit_test(test_clock_stays),
        cmocka_unit_test(test_scripts),        cmocka_unit_test(test_much_text),
        cmocka_unit_test(test_fonts),
    };
    return cmocka_run_group_tests_name("text", tests, setup, teardown);
}
