/* SPDX-License-Identifier: MIT */
/* YUV 4:2:0 of 8 bit goes straight into the canvas, plane by plane; what is in another format
 * goes through swscale first, at its own size, so that scaling is the same for all. Full
 * range is brought to limited range afterwards. */
#include "media/scale.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>

#include "media/av.h"
#include "media/plane.h"

enum {
    LUMA_BLACK = 16,
    CHROMA_NONE = 128,
    CLEAR = 255,
    CANVAS_ALIGN = 64,
    CHUNK = 1024, /* samples blended at once */
};

struct trtc_scaler {
    const struct trtc_kernels *kernels;
    struct trtc_plane luma, chroma;
    AVFrame *tile; /* a window that is blended */
    struct SwsContext *sws;
    AVFrame *converted; /* what sws makes; sws_from is the format that it makes it of */
    enum AVPixelFormat sws_from;
};

/* ---- the canvas ---- */

/* One plane's part of a rectangle of the canvas. */
struct area {
    uint8_t *data;
    ptrdiff_t stride;
    int w, h;
};

static struct area area_of(AVFrame *canvas, const struct trtc_rect *r, int plane)
{
    int shift = plane > 0;
    int x = r->x >> shift;
    int y = r->y >> shift;
    ptrdiff_t stride = canvas->linesize[plane];
    return (struct area){ canvas->data[plane] + y * stride + x, stride,
                          ((r->x + r->w + shift) >> shift) - x,
                          ((r->y + r->h + shift) >> shift) - y };
}

static void fill_area(const struct area *a, uint8_t value)
{
    for (int y = 0; y < a->h && a->w > 0; y++)
        memset(a->data + y * a->stride, value, (size_t)a->w);
}

/* Lays over (one line and stride bytes to the next) over a: share of 256 parts. */
static void blend_area(const struct area *a, const uint8_t *over, ptrdiff_t stride, int share,
                       const struct trtc_kernels *k)
{
    const uint16_t weight[] = { (uint16_t)(TRTC_PLANE_ONE - share), (uint16_t)share };
    uint8_t mixed[CHUNK];
    for (int y = 0; y < a->h; y++) {
        for (int x = 0; x < a->w; x += CHUNK) {
            int n = a->w - x < CHUNK ? a->w - x : CHUNK;
            uint8_t *dst = a->data + y * a->stride + x;
            const uint8_t *const rows[] = { dst, over + y * stride + (stride ? x : 0) };
            k->mix(mixed, rows, weight, 2, n);
            memcpy(dst, mixed, (size_t)n);
        }
    }
}

/* alpha (0 opaque ... 255 clear) as the share of 256 parts that what is laid over has. */
static int share_of(int alpha)
{
    return TRTC_PLANE_ONE - (alpha * TRTC_PLANE_ONE + CLEAR / 2) / CLEAR;
}

static void fill_black(AVFrame *canvas, const struct trtc_rect *r)
{
    for (int p = 0; p < 3; p++) {
        struct area a = area_of(canvas, r, p);
        fill_area(&a, p ? CHROMA_NONE : LUMA_BLACK);
    }
}

AVFrame *trtc_canvas_new(int width_px, int height_px)
{
    AVFrame *f = av_frame_alloc();
    if (!f)
        return NULL;
    f->format = AV_PIX_FMT_YUV420P;
    f->width = width_px;
    f->height = height_px;
    f->color_range = AVCOL_RANGE_MPEG;
    if (av_frame_get_buffer(f, CANVAS_ALIGN) < 0)
        av_frame_free(&f);
    else
        fill_black(f, &(struct trtc_rect){ 0, 0, width_px, height_px });
    return f;
}

/* n / d to the nearest; d is positive. */
static int nearest(int64_t n, int64_t d)
{
    return (int)((n + (n < 0 ? -d : d) / 2) / d);
}

/* ITU-R BT.601, 8 bit: Y of 219 steps from 16, Cb and Cr of 224 around 128. */
static void rgb_to_yuv(uint32_t rgb, uint8_t yuv[3])
{
    int64_t r = rgb >> 16 & 255, b = rgb & 255;
    int64_t luma = 299 * r + 587 * (int64_t)(rgb >> 8 & 255) + 114 * b; /* in 255000 steps */
    yuv[0] = (uint8_t)(LUMA_BLACK + nearest(219 * luma, 255000));
    yuv[1] = (uint8_t)(CHROMA_NONE + nearest(224 * (1000 * b - luma), 255 * 1772));
    yuv[2] = (uint8_t)(CHROMA_NONE + nearest(224 * (1000 * r - luma), 255 * 1402));
}

static int clamp(int v, int max)
{
    return v < 0 ? 0 : v > max ? max : v;
}

void trtc_fill_rect(AVFrame *canvas, const struct trtc_rect *r, uint32_t rgb, int alpha)
{
    int x = clamp(r->x, canvas->width);
    int y = clamp(r->y, canvas->height);
    struct trtc_rect in = { x, y, clamp(r->x + r->w, canvas->width) - x,
                            clamp(r->y + r->h, canvas->height) - y };
    if (in.w <= 0 || in.h <= 0 || alpha >= CLEAR)
        return;
    uint8_t yuv[3];
    rgb_to_yuv(rgb, yuv);
    for (int p = 0; p < 3; p++) {
        struct area a = area_of(canvas, &in, p);
        uint8_t line[CHUNK];
        memset(line, yuv[p], sizeof(line));
        if (alpha > 0)
            blend_area(&a, line, 0, share_of(alpha), trtc_kernels(false));
        else
            fill_area(&a, yuv[p]);
    }
}

/* ---- other formats ---- */

struct trtc_scaler *trtc_scaler_new(struct trtc_err *err)
{
    struct trtc_scaler *s = calloc(1, sizeof(*s));
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->kernels = trtc_kernels(false);
    s->sws_from = AV_PIX_FMT_NONE;
    return s;
}

void trtc_scaler_plain(struct trtc_scaler *s)
{
    s->kernels = trtc_kernels(true);
}

void trtc_scaler_free(struct trtc_scaler **s)
{
    if (!*s)
        return;
    trtc_plane_fini(&(*s)->luma);
    trtc_plane_fini(&(*s)->chroma);
    av_frame_free(&(*s)->tile);
    av_frame_free(&(*s)->converted);
    sws_freeContext((*s)->sws);
    free(*s);
    *s = NULL;
}

/* Makes *f a frame of this size and format, where it is none yet. */
static int frame_set(AVFrame **f, enum AVPixelFormat format, int w, int h)
{
    if (*f && (*f)->format == format && (*f)->width == w && (*f)->height == h)
        return 0;
    av_frame_free(f);
    *f = trtc_canvas_new(w, h);
    if (*f)
        (*f)->format = format; /* gray: the first plane of it */
    return *f ? 0 : -1;
}

/* What swscale is to make of a format: gray stays gray, since swscale takes gray to be of
 * full range. */
static enum AVPixelFormat wanted(const AVPixFmtDescriptor *d)
{
    bool gray = d->nb_components <= 2 && d->comp[0].depth >= 8 &&
                !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER));
    return gray ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_YUV420P;
}

/* Ranges are left as they are. The flags make swscale compute the same on every CPU, and not
 * read a pixel more than there is where the chroma of RGB of odd width is made. */
static struct SwsContext *sws_make(int w, int h, enum AVPixelFormat from, enum AVPixelFormat to)
{
    struct SwsContext *c = sws_alloc_context();
    if (!c)
        return NULL;
    av_opt_set_int(c, "srcw", w, 0);
    av_opt_set_int(c, "srch", h, 0);
    av_opt_set_int(c, "src_format", from, 0);
    av_opt_set_int(c, "dstw", w, 0);
    av_opt_set_int(c, "dsth", h, 0);
    av_opt_set_int(c, "dst_format", to, 0);
    av_opt_set_int(c, "sws_flags",
                   SWS_BILINEAR | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND | SWS_BITEXACT, 0);
    if (sws_init_context(c, NULL, NULL) < 0) {
        sws_freeContext(c);
        return NULL;
    }
    return c;
}

static int convert(struct trtc_scaler *s, const AVFrame *pic, struct trtc_err *err)
{
    enum AVPixelFormat from = trtc_av_plain_format(pic->format);
    enum AVPixelFormat to = wanted(av_pix_fmt_desc_get(from));
    const AVFrame *c = s->converted;
    bool same = c && from == s->sws_from && c->width == pic->width && c->height == pic->height;
    if (!same) {
        sws_freeContext(s->sws);
        s->sws = sws_make(pic->width, pic->height, from, to);
        s->sws_from = from;
        if (!s->sws) {
            av_frame_free(&s->converted); /* it is tried again with the next picture */
            return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d in %s cannot be converted",
                             pic->width, pic->height, av_get_pix_fmt_name(pic->format));
        }
    }
    if (frame_set(&s->converted, to, pic->width, pic->height) < 0)
        return trtc_fail_nomem(err);
    int n = sws_scale(s->sws, (const uint8_t *const *)pic->data, pic->linesize, 0, pic->height,
                      s->converted->data, s->converted->linesize);
    if (n != pic->height)
        return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d in %s was not converted",
                         pic->width, pic->height, av_get_pix_fmt_name(pic->format));
    return 0;
}

/* *planar: the picture as YUV 4:2:0 or gray of 8 bit, valid until the next call; *full: its
 * range. */
static int planar_of(struct trtc_scaler *s, const AVFrame *pic, const AVFrame **planar, bool *full,
                     struct trtc_err *err)
{
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(pic->format);
    if (!d || pic->width < 1 || pic->height < 1 || !pic->data[0])
        return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d in %s cannot be shown",
                         pic->width, pic->height, d ? d->name : "no format");
    enum AVPixelFormat format = trtc_av_plain_format(pic->format);
    bool rgb = d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
    *full = !rgb && (pic->color_range == AVCOL_RANGE_JPEG || format != pic->format);
    *planar = pic;
    if (format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVA420P || format == AV_PIX_FMT_GRAY8)
        return 0;
    if (convert(s, pic, err) < 0)
        return -1;
    *planar = s->converted;
    return 0;
}

/* ---- drawing ---- */

/* Full range to limited range: 219 steps from 16, or 224 around 128. */
static void to_limited(const struct area *a, bool chroma)
{
    uint8_t table[256];
    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)(chroma ? CHROMA_NONE + nearest((v - 128) * 224, 255)
                                    : LUMA_BLACK + nearest(v * 219, 255));
    for (int y = 0; y < a->h; y++)
        for (int x = 0; x < a->w; x++)
            a->data[y * a->stride + x] = table[a->data[y * a->stride + x]];
}

/* What of a window the picture does not cover. */
static void fill_bars(AVFrame *canvas, const struct trtc_rect *win, const struct trtc_rect *dst)
{
    int right = dst->x + dst->w;
    int below = dst->y + dst->h;
    fill_black(canvas, &(struct trtc_rect){ win->x, win->y, win->w, dst->y });
    fill_black(canvas, &(struct trtc_rect){ win->x, win->y + below, win->w, win->h - below });
    fill_black(canvas, &(struct trtc_rect){ win->x, win->y + dst->y, dst->x, dst->h });
    fill_black(canvas,
               &(struct trtc_rect){ win->x + right, win->y + dst->y, win->w - right, dst->h });
}

static void draw(const struct trtc_scaler *s, const AVFrame *pic, bool full,
                 const struct trtc_fit *fit, const struct trtc_rect *win, AVFrame *canvas)
{
    struct trtc_rect r = { win->x + fit->dst.x, win->y + fit->dst.y, fit->dst.w, fit->dst.h };
    fill_bars(canvas, win, &fit->dst);
    for (int p = 0; p < 3; p++) {
        struct area a = area_of(canvas, &r, p);
        int shift = p > 0;
        ptrdiff_t stride = pic->linesize[p];
        if (p && pic->format == AV_PIX_FMT_GRAY8) {
            fill_area(&a, CHROMA_NONE);
            continue;
        }
        const uint8_t *src = pic->data[p] + (fit->src.y >> shift) * stride + (fit->src.x >> shift);
        trtc_plane_scale(p ? &s->chroma : &s->luma, s->kernels, src, stride, a.data, a.stride);
        if (full)
            to_limited(&a, p > 0);
    }
}

int trtc_scaler_draw(struct trtc_scaler *s, const AVFrame *pic, const struct trtc_rect *window,
                     enum trtc_render render, int alpha, AVFrame *canvas, struct trtc_err *err)
{
    assert(canvas->format == AV_PIX_FMT_YUV420P && window->w > 0 && window->h > 0);
    assert(((window->x | window->y | window->w | window->h) & 1) == 0);
    assert(window->x >= 0 && window->y >= 0 && window->w <= canvas->width - window->x &&
           window->h <= canvas->height - window->y);

    const AVFrame *planar = pic;
    bool full = false;
    if (planar_of(s, pic, &planar, &full, err) < 0)
        return -1;
    if (alpha >= CLEAR)
        return 0;
    struct trtc_fit fit;
    trtc_fit_window(pic->width, pic->height, pic->sample_aspect_ratio.num,
                    pic->sample_aspect_ratio.den, window->w, window->h, render, &fit);
    if (trtc_plane_set(&s->luma, fit.src.w, fit.src.h, fit.dst.w, fit.dst.h) < 0 ||
        trtc_plane_set(&s->chroma, (fit.src.w + 1) / 2, (fit.src.h + 1) / 2, fit.dst.w / 2,
                       fit.dst.h / 2) < 0)
        return trtc_fail_nomem(err);
    if (alpha <= 0) {
        draw(s, planar, full, &fit, window, canvas);
        return 0;
    }
    if (frame_set(&s->tile, AV_PIX_FMT_YUV420P, window->w, window->h) < 0)
        return trtc_fail_nomem(err);
    draw(s, planar, full, &fit, &(struct trtc_rect){ 0, 0, window->w, window->h }, s->tile);
    for (int p = 0; p < 3; p++) {
        struct area a = area_of(canvas, window, p);
        blend_area(&a, s->tile->data[p], s->tile->linesize[p], share_of(alpha), s->kernels);
    }
    return 0;
}
