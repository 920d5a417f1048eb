/* SPDX-License-Identifier: MIT */
/* Turned pictures: the meaning of a display matrix, and the turn itself at the size of the
 * window. */
#include "picture/turn.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "codec/ffmpeg.h"

enum { BLOCK = 32 }; /* lines and columns turned together, so that they stay in the cache */
enum { CLEAR = 255 };

static int64_t size_of(int32_t v)
{
    return llabs((int64_t)v);
}

/* Whether a is negligible beside b: less than one degree, or not even two percent. */
static bool is_little(int64_t a, int64_t b)
{
    return a * 64 <= b;
}

unsigned trtc_turn_of_matrix(const int32_t matrix[9])
{
    /* x' = a x + c y, y' = b x + d y */
    const int32_t a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    const int64_t along = size_of(a) + size_of(d), across = size_of(b) + size_of(c);
    const bool transposed = across > along;
    const int32_t x = transposed ? c : a, y = transposed ? b : d;
    unsigned turn = transposed ? TRTC_TURN_TRANSPOSE : 0;

    turn |= x < 0 ? TRTC_TURN_MIRROR : 0;
    turn |= y < 0 ? TRTC_TURN_FLIP : 0;
    if (!is_little(transposed ? along : across, transposed ? across : along))
        return turn | TRTC_TURN_ASKEW;
    return turn | (is_little(llabs(size_of(x) - size_of(y)), size_of(y)) ? 0 : TRTC_TURN_STRETCH);
}

static bool is_key(const AVFrame *pic)
{
#if LIBAVUTIL_VERSION_INT >= AV_VERSION_INT(58, 7, 100)
    return pic->flags & AV_FRAME_FLAG_KEY;
#else
    return pic->key_frame;
#endif
}

/* The decoder attaches a statement only to the picture with which it was sent. */
unsigned trtc_turn_of_picture(struct trtc_turn_stated *s, const AVFrame *pic, unsigned outside)
{
    const AVFrameSideData *d = av_frame_get_side_data(pic, AV_FRAME_DATA_DISPLAYMATRIX);
    int32_t matrix[9];

    if (d && d->size >= sizeof matrix) {
        memcpy(matrix, d->data, sizeof matrix);
        s->turn = trtc_turn_of_matrix(matrix);
        s->stated = true;
    } else if (is_key(pic)) {
        s->stated = false;
    }
    return s->stated ? s->turn : outside;
}

/* How a plane is traversed: from the sample that becomes the top left one, with dx bytes to the
 * next sample of a line and dy to the next line. */
struct walk {
    const uint8_t *from;
    ptrdiff_t dx, dy;
};

/* w x h: size as displayed. */
static struct walk walk_of(const AVFrame *f, int plane, unsigned turn, int w, int h)
{
    const bool across = turn & TRTC_TURN_TRANSPOSE;
    const ptrdiff_t stride = f->linesize[plane];
    struct walk s = { f->data[plane], across ? stride : 1, across ? 1 : stride };

    if (turn & TRTC_TURN_MIRROR) {
        s.from += (w - 1) * s.dx;
        s.dx = -s.dx;
    }
    if (turn & TRTC_TURN_FLIP) {
        s.from += (h - 1) * s.dy;
        s.dy = -s.dy;
    }
    return s;
}

static void take_line(const struct walk *s, const uint8_t *p, uint8_t *dst, int n)
{
    if (s->dx == 1) {
        memcpy(dst, p, (size_t)n);
        return;
    }
    for (int i = 0; i < n; i++, p += s->dx)
        dst[i] = *p;
}

static void blend_line(const struct walk *s, const uint8_t *p, uint8_t *dst, int n, int alpha)
{
    for (int i = 0; i < n; i++, p += s->dx)
        dst[i] = (uint8_t)((*p * (CLEAR - alpha) + dst[i] * alpha + CLEAR / 2) / CLEAR);
}

struct plane {
    uint8_t *data;
    ptrdiff_t stride;
    int w, h;
};

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static void turn_plane(const struct walk *s, const struct plane *to, int alpha)
{
    const int w = to->w, h = to->h;
    for (int y0 = 0; y0 < h; y0 += BLOCK)
        for (int x = 0; x < w; x += BLOCK)
            for (int y = y0; y < smaller(y0 + BLOCK, h); y++) {
                uint8_t *line = to->data + y * to->stride + x;
                const uint8_t *p = s->from + x * s->dx + y * s->dy;
                if (alpha)
                    blend_line(s, p, line, smaller(BLOCK, w - x), alpha);
                else
                    take_line(s, p, line, smaller(BLOCK, w - x));
            }
}

void trtc_turn_draw(const AVFrame *from, unsigned turn, const struct trtc_rect *to, int alpha,
                    AVFrame *canvas)
{
    for (int p = 0; p < 3; p++) {
        const int shift = p ? 1 : 0, w = to->w >> shift, h = to->h >> shift;
        const ptrdiff_t stride = canvas->linesize[p];
        const struct walk s = walk_of(from, p, turn, w, h);
        uint8_t *dst = canvas->data[p] + (to->y >> shift) * stride + (to->x >> shift);
        turn_plane(&s, &(struct plane){ dst, stride, w, h }, alpha);
    }
}
