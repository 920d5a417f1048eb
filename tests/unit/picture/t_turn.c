/* SPDX-License-Identifier: MIT */
/* turn: what a display matrix asks for, and the turn itself, pixel by pixel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libavutil/display.h>

#include "picture/scale.h"
#include "picture/turn.h"

enum { T = TRTC_TURN_TRANSPOSE, M = TRTC_TURN_MIRROR, F = TRTC_TURN_FLIP };

static const struct {
    int angle; /* clockwise */
    bool hflip, vflip;
    unsigned turn;
} turns[] = {
    { 0, false, false, 0 },       { 0, true, false, M },          { 0, false, true, F },
    { 180, false, false, M | F }, { 90, false, false, T | M },    { 270, false, false, T | F },
    { 90, true, false, T },       { 90, false, true, T | M | F }, { 0, true, true, M | F },
};

static void test_matrices(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++)
        for (int off = -30; off <= 30; off += 15) {
            int32_t m[9];
            /* the flips of libavutil come before its turn */
            av_display_rotation_set(m, turns[i].angle + off);
            av_display_matrix_flip(m, turns[i].hflip, turns[i].vflip);
            assert_int_equal(trtc_turn_of_matrix(m),
                             turns[i].turn | (off != 0 ? TRTC_TURN_ASKEW : 0));
        }
    static const int32_t none[9] = { 0 },
                         large[9] = { INT32_MIN, 0, 0, 0, INT32_MAX, 0, 0, 0, 1 << 30 };
    assert_int_equal(trtc_turn_of_matrix(none), 0);
    assert_int_equal(trtc_turn_of_matrix(large), M);
    static const int32_t wide[9] = { 0x20000, 0, 0, 0, 0x10000, 0, 0, 0, 1 << 30 },
                         upright[9] = { 0, 0x30000, 0, -0x10000, 0, 0, 0, 0, 1 << 30 },
                         twice[9] = { 0x20000, 0, 0, 0, 0x20000, 0, 0, 0, 1 << 30 };
    assert_int_equal(trtc_turn_of_matrix(wide), TRTC_TURN_STRETCH);
    assert_int_equal(trtc_turn_of_matrix(upright), T | M | TRTC_TURN_STRETCH);
    assert_int_equal(trtc_turn_of_matrix(twice), 0);
}

static const struct trtc_colour none;

static uint8_t value(int plane, int x, int y)
{
    return (uint8_t)(40 * plane + 7 * x + 31 * y);
}

static AVFrame *picture(int w, int h)
{
    AVFrame *f = trtc_canvas_new(w, h, &none);
    assert_non_null(f);
    for (int p = 0; p < 3; p++)
        for (int y = 0; y < h >> !!p; y++)
            for (int x = 0; x < w >> !!p; x++)
                f->data[p][y * f->linesize[p] + x] = value(p, x, y);
    return f;
}

/* Each pixel of the canvas: of the turned picture where the rectangle is, else as it was. */
static void expect_turned(const AVFrame *canvas, unsigned turn, const struct trtc_rect *r,
                          int alpha)
{
    for (int p = 0; p < 3; p++) {
        const int s = !!p, w = r->w >> s, h = r->h >> s;
        for (int y = 0; y < canvas->height >> s; y++)
            for (int x = 0; x < canvas->width >> s; x++) {
                const int was = p ? 128 : 16;
                int u = x - (r->x >> s), v = y - (r->y >> s), want = was;
                if (u >= 0 && u < w && v >= 0 && v < h) {
                    u = turn & M ? w - 1 - u : u;
                    v = turn & F ? h - 1 - v : v;
                    const int is = turn & T ? value(p, v, u) : value(p, u, v);
                    want = (is * (255 - alpha) + was * alpha + 127) / 255;
                }
                assert_int_equal(canvas->data[p][y * canvas->linesize[p] + x], want);
            }
    }
}

static void test_pixels(void **state)
{
    static const struct trtc_rect places[] = { { 0, 0, 160, 120 },
                                               { 2, 6, 34, 66 },
                                               { 40, 20, 2, 2 } };
    static const int alphas[] = { 0, 100, 255 };
    (void)state;
    for (unsigned turn = 0; turn < 8; turn++)
        for (size_t i = 0; i < sizeof places / sizeof *places; i++)
            for (size_t a = 0; a < sizeof alphas / sizeof *alphas; a++) {
                const struct trtc_rect *r = &places[i];
                AVFrame *canvas = trtc_canvas_new(160, 120, &none);
                AVFrame *from = turn & T ? picture(r->h, r->w) : picture(r->w, r->h);
                assert_non_null(canvas);
                trtc_turn_draw(from, turn, r, alphas[a], canvas);
                expect_turned(canvas, turn, r, alphas[a]);
                av_frame_free(&from);
                av_frame_free(&canvas);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrices),
        cmocka_unit_test(test_pixels),
    };
    return cmocka_run_group_tests_name("turn", tests, NULL, NULL);
}
