/* SPDX-License-Identifier: MIT */
/* The tables for scaling, the kernels in plain C, and the loop over the lines. */
#include "picture/plane.h"

#include <stdlib.h>
#include <string.h>

/* A program produces blocks of BLOCK samples of the result. If the width is no multiple of BLOCK,
 * the last block overlaps the one before. A block is nb_vectors vectors of two halves. In half l,
 * vector v produces the samples from l * 8 + v * 8 / nb_vectors on, with PICK / (8 / nb_vectors)
 * taps each. A half takes nb_steps times 16 bytes of the line at its offset, selects PICK of them
 * by the mask and multiplies them by the weights. In memory each vector and step has 32 bytes of
 * mask, 32 bytes of weights and two offsets. */
enum { BLOCK = 16, HALF = 8, PICK = 16, VECTORS_MAX = 8, PAD = 64, SPAN = 64 };

/* ---- tables ---- */

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* Weights for bilinear scaling between the centres of samples: position ((2 i + 1) src / dst - 1) /
 * 2. */
static void bilinear(const struct trtc_axis *a, int i, uint16_t *w)
{
    int64_t den = 2 * (int64_t)a->dst;
    int64_t pos = (2 * (int64_t)i + 1) * a->src - a->dst;
    int64_t at = pos < 0 ? 0 : pos / den;
    int64_t part = pos < 0 ? 0 : (pos % den * TRTC_PLANE_ONE + a->dst) / den;
    if (at >= a->src - 1) { /* beyond the centre of the last sample */
        at = a->src - 1;
        part = 0;
    }
    a->start[i] = smaller((int)at, a->src - a->nb_taps);
    w += (int)at - a->start[i];
    w[0] = (uint16_t)(TRTC_PLANE_ONE - part);
    if (part)
        w[1] = (uint16_t)part;
}

/* Weights for the mean of the samples from i src / dst to (i + 1) src / dst. Each rounding error is
 * passed on to the next weight. */
static void area(const struct trtc_axis *a, int i, uint16_t *w)
{
    int64_t from = (int64_t)i * a->src;
    int64_t to = from + a->src;
    int64_t at = from / a->dst;
    int64_t before = 0;
    a->start[i] = smaller((int)at, a->src - a->nb_taps);
    for (; at * a->dst < to; at++) {
        int64_t end = (at + 1) * a->dst < to ? (at + 1) * a->dst : to;
        int64_t sum = ((end - from) * TRTC_PLANE_ONE + a->src / 2) / a->src;
        w[at - a->start[i]] = (uint16_t)(sum - before);
        before = sum;
    }
}

static int axis_taps(int src, int dst)
{
    return smaller(src, src > 2 * (int64_t)dst ? (src + dst - 1) / dst + 1 : 2);
}

/* The first sample of the result in half l of vector v of a block. */
static int half_start(const struct trtc_axis *a, int block, int v, int l)
{
    int first = smaller(block * BLOCK, a->dst > BLOCK ? a->dst - BLOCK : 0);
    return first + l * HALF + v * (HALF / a->nb_vectors);
}

static int nb_blocks(const struct trtc_axis *a)
{
    return (a->dst + BLOCK - 1) / BLOCK;
}

/* Whether everything that each half needs lies within PICK bytes. */
static bool halves_fit(const struct trtc_axis *a)
{
    int last = a->dst - 1;
    int n = HALF / a->nb_vectors;
    if (a->nb_taps * n > PICK)
        return false;
    for (int i = 0; i < a->dst; i++)
        if (a->start[smaller(i + n - 1, last)] + a->nb_taps - a->start[i] > PICK)
            return false;
    return true;
}

/* Mask and weights of one half: 16 bytes here and 16 bytes 32 further on. */
static void half_program(const struct trtc_axis *a, int i, int step, int *offset, uint8_t *mask)
{
    uint8_t *weight = mask + 2 * PICK;
    int n = HALF / a->nb_vectors;
    int from = a->start[smaller(i, a->dst - 1)] + step * PICK;
    *offset = a->src < PICK ? 0 : smaller(from, a->src - PICK);
    for (int k = 0; k < PICK; k++) {
        int s = smaller(i + k / (PICK / n), a->dst - 1);
        int t = k % (PICK / n) + step * PICK;
        const uint16_t *w = a->weight + (ptrdiff_t)s * a->nb_taps;
        if (t >= a->nb_taps || !w[t])
            continue;
        mask[k] = (uint8_t)(a->start[s] + t - *offset);
        if (w[t] == TRTC_PLANE_ONE) { /* does not fit a byte: both taps of a pair get half */
            mask[k ^ 1] = mask[k];
            weight[k] = weight[k ^ 1] = TRTC_PLANE_ONE / 2;
            k |= 1;
        } else {
            weight[k] = (uint8_t)w[t];
        }
    }
}

static int axis_program(struct trtc_axis *a)
{
    a->nb_steps = 1;
    for (a->nb_vectors = 1; a->nb_vectors < VECTORS_MAX && !halves_fit(a);)
        a->nb_vectors *= 2;
    if (a->nb_taps > PICK)
        a->nb_steps = (a->nb_taps + PICK - 1) / PICK;
    size_t n = (size_t)nb_blocks(a) * (size_t)a->nb_vectors * (size_t)a->nb_steps;
    a->offset = calloc(n, 2 * sizeof(*a->offset));
    a->program = calloc(n, 4 * PICK);
    if (!a->offset || !a->program)
        return -1;
    int *offset = a->offset;
    uint8_t *p = a->program;
    for (int b = 0; b < nb_blocks(a); b++)
        for (int v = 0; v < a->nb_vectors; v++)
            for (int step = 0; step < a->nb_steps; step++, offset += 2, p += 4 * PICK)
                for (int l = 0; l < 2; l++)
                    half_program(a, half_start(a, b, v, l), step, offset + l, p + l * PICK);
    return 0;
}

static void axis_fini(struct trtc_axis *a)
{
    free(a->start);
    free(a->weight);
    free(a->offset);
    free(a->program);
    *a = (struct trtc_axis){ 0 };
}

static int axis_set(struct trtc_axis *a, int src, int dst)
{
    axis_fini(a);
    struct trtc_axis n = { .src = src, .dst = dst, .nb_taps = axis_taps(src, dst) };
    n.start = calloc((size_t)dst, sizeof(*n.start));
    n.weight = calloc((size_t)dst * (size_t)n.nb_taps, sizeof(*n.weight));
    if (!n.start || !n.weight) {
        axis_fini(&n);
        return -1;
    }
    for (int i = 0; i < dst; i++) {
        uint16_t *w = n.weight + (ptrdiff_t)i * n.nb_taps;
        if (src > 2 * (int64_t)dst)
            area(&n, i, w);
        else
            bilinear(&n, i, w);
    }
    *a = n;
    return 0;
}

void trtc_plane_fini(struct trtc_plane *p)
{
    axis_fini(&p->x);
    axis_fini(&p->y);
    free(p->line);
    free(p->rows);
    *p = (struct trtc_plane){ 0 };
}

int trtc_plane_set(struct trtc_plane *p, int src_w, int src_h, int dst_w, int dst_h)
{
    if (p->x.src == src_w && p->x.dst == dst_w && p->y.src == src_h && p->y.dst == dst_h)
        return 0;
    trtc_plane_fini(p);
    p->line = calloc((size_t)src_w + PAD, 1);
    p->rows = calloc((size_t)axis_taps(src_h, dst_h), sizeof(*p->rows));
    if (!p->line || !p->rows || axis_set(&p->x, src_w, dst_w) < 0 || axis_program(&p->x) < 0 ||
        axis_set(&p->y, src_h, dst_h) < 0) {
        trtc_plane_fini(p);
        return -1;
    }
    return 0;
}

/* ---- kernels in plain C ---- */

static uint8_t rounded(unsigned sum)
{
    return (uint8_t)((sum + TRTC_PLANE_ONE / 2) / TRTC_PLANE_ONE);
}

/* Mixes SPAN samples: the constant count and the local sums let compilers vectorise it. */
static void mix_span(uint8_t *dst, const uint8_t *const *rows, const uint16_t *weight, int nb_taps,
                     int from)
{
    uint16_t sum[SPAN];
    for (int x = 0; x < SPAN; x++)
        sum[x] = TRTC_PLANE_ONE / 2;
    for (int t = 0; t < nb_taps; t++) {
        const uint8_t *row = rows[t] + from;
        uint16_t w = weight[t];
        for (int x = 0; x < SPAN; x++)
            sum[x] = (uint16_t)(sum[x] + w * row[x]);
    }
    for (int x = 0; x < SPAN; x++)
        dst[x] = (uint8_t)(sum[x] >> 8);
}

static void plain_mix(uint8_t *dst, const uint8_t *const *rows, const uint16_t *weight, int nb_taps,
                      int width)
{
    int x = 0;
    for (; x + SPAN <= width; x += SPAN)
        mix_span(dst + x, rows, weight, nb_taps, x);
    for (; x < width; x++) {
        unsigned sum = 0;
        for (int t = 0; t < nb_taps; t++)
            sum += (unsigned)weight[t] * rows[t][x];
        dst[x] = rounded(sum);
    }
}

static void plain_along(uint8_t *restrict dst, const uint8_t *restrict line,
                        const struct trtc_axis *restrict a)
{
    const int *start = a->start;
    const uint16_t *w = a->weight;
    int n = a->dst;
    if (a->nb_taps == 2) {
        for (int i = 0; i < n; i++, w += 2) {
            const uint8_t *s = line + start[i];
            dst[i] = rounded((unsigned)w[0] * s[0] + (unsigned)w[1] * s[1]);
        }
        return;
    }
    for (int i = 0; i < n; i++, w += a->nb_taps) {
        const uint8_t *s = line + start[i];
        unsigned sum = 0;
        for (int t = 0; t < a->nb_taps; t++)
            sum += (unsigned)w[t] * s[t];
        dst[i] = rounded(sum);
    }
}

static void plain_halve(uint8_t *dst, const uint8_t *a, const uint8_t *b, int width)
{
    for (int x = 0; x < width; x++, a += 2, b += 2)
        dst[x] = (uint8_t)((a[0] + a[1] + b[0] + b[1] + 2) / 4);
}

const struct trtc_kernels *trtc_kernels(bool plain)
{
    static const struct trtc_kernels in_c = { plain_mix, plain_along, plain_halve };
    const struct trtc_kernels *fast = plain ? NULL : trtc_kernels_avx2();
    return fast ? fast : &in_c;
}

/* ---- the plane ---- */

/* The only line that contributes to a line of the result, or -1. */
static int only_tap(const uint16_t *w, int nb_taps)
{
    for (int t = 0; t < nb_taps; t++)
        if (w[t])
            return w[t] == TRTC_PLANE_ONE ? t : -1;
    return -1;
}

/* Copies a plane whose size does not change. */
static void copy(const struct trtc_plane *p, const uint8_t *src, ptrdiff_t src_stride, uint8_t *dst,
                 ptrdiff_t dst_stride)
{
    for (int i = 0; i < p->y.dst; i++, src += src_stride, dst += dst_stride)
        memcpy(dst, src, (size_t)p->x.dst);
}

static void halve(const struct trtc_plane *p, const struct trtc_kernels *k, struct trtc_lines src,
                  uint8_t *dst, ptrdiff_t dst_stride)
{
    for (int i = 0; i < p->y.dst; i++, src.p += 2 * src.stride, dst += dst_stride)
        k->halve(dst, src.p, src.p + src.stride, p->x.dst);
}

/* Line i of the result, still at the width of the picture: a line of the picture itself, or one
 * made in made. */
static const uint8_t *across(const struct trtc_plane *p, const struct trtc_kernels *k, int i,
                             struct trtc_lines from, uint8_t *made)
{
    const ptrdiff_t stride = from.stride;
    const uint16_t *w = p->y.weight + (ptrdiff_t)i * p->y.nb_taps;
    int only = only_tap(w, p->y.nb_taps);
    const uint8_t *const src = from.p + p->y.start[i] * stride;
    if (only >= 0 && p->x.src >= PICK)
        return src + only * stride;
    if (only >= 0) { /* kernels read PICK bytes */
        memcpy(made, src + only * stride, (size_t)p->x.src);
        return made;
    }
    for (int t = 0; t < p->y.nb_taps; t++)
        p->rows[t] = src + t * stride;
    k->mix(made, p->rows, w, p->y.nb_taps, p->x.src);
    return made;
}

void trtc_plane_scale(const struct trtc_plane *p, const struct trtc_kernels *k,
                      struct trtc_lines src, uint8_t *dst, ptrdiff_t dst_stride)
{
    const struct trtc_axis *x = &p->x, *y = &p->y;
    bool same_width = x->src == x->dst;
    if (same_width && y->src == y->dst) {
        copy(p, src.p, src.stride, dst, dst_stride);
        return;
    }
    if (x->src == 2 * x->dst && y->src == 2 * y->dst) {
        halve(p, k, src, dst, dst_stride);
        return;
    }
    for (int i = 0; i < y->dst; i++, dst += dst_stride) {
        const uint8_t *line = across(p, k, i, src, same_width ? dst : p->line);
        if (!same_width)
            k->along(dst, line, x);
        else if (line != dst)
            memcpy(dst, line, (size_t)x->dst);
    }
}
