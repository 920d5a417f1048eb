/* SPDX-License-Identifier: MIT */
/* Microseconds of CPU to fill a canvas with a grid of pictures: with our scaler, with its
 * plain C, with libyuv, with swscale. Each in turn, so that a noisy machine disturbs all alike;
 * medians.
 *
 *   scalebench [BATCHES [WxH]]      9, 640x360 */
#include <libyuv.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <libavutil/frame.h>
#include <libswscale/swscale.h>

#include "picture/scale.h"

static const struct trtc_colour sd = { TRTC_BT601, TRTC_BT601, TRTC_BT601, false };

enum { PICTURES = 25, FRAMES = 3, BATCHES_MAX = 99, WAYS = 6 };

static AVFrame *pictures[PICTURES];
static struct SwsContext *sws;

static void ours(struct trtc_scaler *s, const AVFrame *p, const struct trtc_rect *r,
                 AVFrame *canvas)
{
    trtc_scaler_draw(s, p, &(struct trtc_pane){ *r, TRTC_RENDER_STRETCH, 0 }, canvas, NULL);
}

static void starts(const struct trtc_rect *r, AVFrame *canvas, uint8_t *dst[4])
{
    for (int p = 0; p < 3; p++)
        dst[p] = canvas->data[p] + (r->y >> !!p) * canvas->linesize[p] + (r->x >> !!p);
    dst[3] = NULL;
}

static void libyuv(const AVFrame *p, const struct trtc_rect *r, AVFrame *canvas,
                   enum FilterMode mode)
{
    uint8_t *d[4];
    starts(r, canvas, d);
    I420Scale(p->data[0], p->linesize[0], p->data[1], p->linesize[1], p->data[2], p->linesize[2],
              p->width, p->height, d[0], canvas->linesize[0], d[1], canvas->linesize[1], d[2],
              canvas->linesize[2], r->w, r->h, mode);
}

static void swscale(const AVFrame *p, const struct trtc_rect *r, AVFrame *canvas)
{
    uint8_t *d[4];
    starts(r, canvas, d);
    sws_scale(sws, (const uint8_t *const *)p->data, p->linesize, 0, p->height, d, canvas->linesize);
}

static double frame_us(int way, int side, AVFrame *canvas, struct trtc_scaler *s)
{
    struct timespec a = { 0 }, b;
    for (int f = -1; f < FRAMES; f++) { /* the first is not counted */
        if (f == 0)
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
        for (int i = 0; i < side * side; i++) {
            int x = i % side, y = i / side;
            struct trtc_rect r = { canvas->width * x / side & ~1, canvas->height * y / side & ~1,
                                   canvas->width / side & ~1, canvas->height / side & ~1 };
            const AVFrame *p = pictures[i % PICTURES];
            if (way < 2)
                ours(s, p, &r, canvas);
            else if (way < 4)
                libyuv(p, &r, canvas, way == 2 ? kFilterBilinear : kFilterBox);
            else
                swscale(p, &r, canvas);
        }
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
    return ((double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_nsec - a.tv_nsec) / 1e3) / FRAMES;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void row(int width, int height, int side, int batches)
{
    static const int flags[] = { SWS_FAST_BILINEAR, SWS_AREA };
    double us[WAYS][BATCHES_MAX];
    AVFrame *canvas = trtc_canvas_new(width, height, &sd);
    struct trtc_scaler *s = trtc_scaler_new(NULL), *plain = trtc_scaler_new(NULL);
    struct SwsContext *contexts[2];
    trtc_scaler_plain(plain);
    for (int i = 0; i < 2; i++)
        contexts[i] = sws_getContext(pictures[0]->width, pictures[0]->height, AV_PIX_FMT_YUV420P,
                                     width / side & ~1, height / side & ~1, AV_PIX_FMT_YUV420P,
                                     flags[i], NULL, NULL, NULL);
    for (int b = -1; b < batches; b++) /* the first round warms up */
        for (int way = 0; way < WAYS; way++) {
            sws = contexts[way == 5];
            us[way][b < 0 ? 0 : b] = frame_us(way, side, canvas, way == 1 ? plain : s);
        }
    printf("%5dp %4d  %4dx%-4d", height, side * side, width / side & ~1, height / side & ~1);
    for (int way = 0; way < WAYS; way++) {
        qsort(us[way], (size_t)batches, sizeof(double), by_size);
        printf(" %8.0f", us[way][batches / 2]);
    }
    putchar('\n');
    for (int i = 0; i < 2; i++)
        sws_freeContext(contexts[i]);
    trtc_scaler_free(&s);
    trtc_scaler_free(&plain);
    av_frame_free(&canvas);
}

int main(int argc, char **argv)
{
    int batches = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 9;
    int w = 640, h = 360;
    if (batches < 1 || batches > BATCHES_MAX ||
        (argc > 2 && (sscanf(argv[2], "%dx%d", &w, &h) != 2 || w < 16 || h < 16))) {
        fprintf(stderr, "usage: scalebench [BATCHES [WxH]]\n");
        return 64;
    }
    uint32_t seed = 1;
    for (int i = 0; i < PICTURES; i++) {
        pictures[i] = trtc_canvas_new(w, h, &sd);
        if (!pictures[i])
            return 75;
        for (int p = 0; p < 3; p++)
            for (int k = 0; k < pictures[i]->linesize[p] * (h >> !!p); k++)
                pictures[i]->data[p][k] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    }
    printf(
        "canvas grid    window     ours  plain C  yuv bil  yuv box sws fast sws area   (us a frame)\n");
    for (int side = 2; side <= 5; side++)
        row(1280, 720, side, batches);
    for (int side = 2; side <= 5; side++)
        row(1920, 1080, side, batches);
    for (int i = 0; i < PICTURES; i++)
        av_frame_free(&pictures[i]);
    return 0;
}
