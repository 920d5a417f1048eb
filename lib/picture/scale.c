/* SPDX-License-Identifier: MIT */
/* 8-bit YUV 4:2:0 is scaled straight into the canvas, plane by plane. Other formats are converted
 * by swscale first, at their own size, so that scaling is the same for all of them. If a picture's
 * colours differ from the canvas', they are converted afterwards. */
#include "picture/scale.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "codec/av.h"
#include "codec/ffmpeg.h"
#include "codec/recolour.h"
#include "picture/plane.h"

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
    AVFrame *tile; /* a window while it is blended */
    struct SwsContext *sws;
    AVFrame *converted; /* output of sws; its format, and for RGB its matrix: */
    enum AVPixelFormat sws_from;
    int sws_matrix;
    bool plain;
};

/* ---- the canvas ---- */

/* The part of one plane that a rectangle of the canvas covers. */
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

/* Blends over (a line; stride is the distance in bytes to the next) into a, with a share of 256. */
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

/* Converts alpha (0 opaque ... 255 transparent) to the share of 256 for the upper picture. */
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

AVFrame *trtc_canvas_new(int width_px, int height_px, const struct trtc_colour *colour)
{
    AVFrame *f = trtc_ffmpeg_load(NULL) == 0 ? av_frame_alloc() : NULL;
    if (!f)
        return NULL;
    f->format = AV_PIX_FMT_YUV420P;
    f->width = width_px;
    f->height = height_px;
    trtc_av_set_colour(f, colour);
    if (av_frame_get_buffer(f, CANVAS_ALIGN) < 0)
        av_frame_free(&f);
    else
        fill_black(f, &(struct trtc_rect){ 0, 0, width_px, height_px });
    return f;
}

void trtc_fill_rect(AVFrame *canvas, const struct trtc_rect *r, uint32_t rgb, int alpha)
{
    int x = trtc_clamp(r->x, 0, canvas->width);
    int y = trtc_clamp(r->y, 0, canvas->height);
    struct trtc_rect in = { x, y, trtc_clamp(r->x + r->w, 0, canvas->width) - x,
                            trtc_clamp(r->y + r->h, 0, canvas->height) - y };
    if (in.w <= 0 || in.h <= 0 || alpha >= CLEAR)
        return;
    const struct trtc_colour colour = trtc_av_colour(canvas);
    uint8_t yuv[3];
    trtc_colour_yuv(&colour, rgb, yuv);
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
    if (trtc_ffmpeg_load(err) < 0)
        return NULL;
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
    s->plain = true;
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

/* Makes *f a frame of this size and format unless it already is one. */
static int frame_set(AVFrame **f, enum AVPixelFormat format, int w, int h)
{
    const struct trtc_colour none = { 0 };
    if (*f && (*f)->format == format && (*f)->width == w && (*f)->height == h)
        return 0;
    av_frame_free(f);
    *f = trtc_canvas_new(w, h, &none);
    if (*f)
        (*f)->format = format; /* gray: only the first plane is used */
    return *f ? 0 : -1;
}

/* The format into which swscale converts. Gray stays gray, since swscale assumes full range for
 * gray. */
static enum AVPixelFormat wanted(const AVPixFmtDescriptor *d)
{
    bool gray = d->nb_components <= 2 && d->comp[0].depth >= 8 &&
                !(d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL | AV_PIX_FMT_FLAG_BAYER));
    return gray ? AV_PIX_FMT_GRAY8 : AV_PIX_FMT_YUV420P;
}

/* With these flags swscale computes the same on every CPU, and does not read beyond the picture
 * when it makes the chroma of RGB of odd width. */
enum { SWS_FLAGS = SWS_BILINEAR | SWS_FULL_CHR_H_INP | SWS_ACCURATE_RND | SWS_BITEXACT };

/* Prepares swscale for a picture; colour: of the canvas. */
static int sws_prepare(struct trtc_scaler *s, const AVFrame *pic, enum AVPixelFormat to,
                       const struct trtc_colour *colour, struct trtc_err *err)
{
    const enum AVPixelFormat from = trtc_av_plain_format(pic->format);
    const struct trtc_sws_opts o = { pic->width, pic->height, pic->width, pic->height,
                                     from,       to,          SWS_FLAGS,  *colour };
    const AVFrame *c = s->converted;
    if (c && from == s->sws_from && c->width == pic->width && c->height == pic->height &&
        (s->sws_matrix == colour->matrix || !trtc_av_is_rgb(from)))
        return 0;
    sws_freeContext(s->sws);
    s->sws = trtc_sws_new(&o);
    s->sws_from = from;
    s->sws_matrix = colour->matrix;
    if (s->sws)
        return 0;
    av_frame_free(&s->converted); /* the next picture is a new attempt */
    return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d in %s cannot be converted",
                     pic->width, pic->height, av_get_pix_fmt_name(pic->format));
}

static int convert(struct trtc_scaler *s, const AVFrame *pic, const struct trtc_colour *colour,
                   struct trtc_err *err)
{
    enum AVPixelFormat to = wanted(av_pix_fmt_desc_get(trtc_av_plain_format(pic->format)));
    if (sws_prepare(s, pic, to, colour, err) < 0)
        return -1;
    if (frame_set(&s->converted, to, pic->width, pic->height) < 0)
        return trtc_fail_nomem(err);
    int n = sws_scale(s->sws, (const uint8_t *const *)pic->data, pic->linesize, 0, pic->height,
                      s->converted->data, s->converted->linesize);
    if (n != pic->height)
        return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d in %s was not converted",
                         pic->width, pic->height, av_get_pix_fmt_name(pic->format));
    return 0;
}

/* a picture ready to be drawn */
struct drawing {
    const AVFrame *planar; /* 8-bit YUV 4:2:0 or gray, valid until the next picture */
    bool recolour;         /* its colours differ from the canvas' */
    struct trtc_colour_map map;
};

static int drawing_of(struct trtc_scaler *s, const AVFrame *pic, const AVFrame *canvas,
                      struct drawing *out, struct trtc_err *err)
{
    const struct trtc_colour colour = trtc_av_colour(canvas), own = trtc_av_colour(pic);
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(pic->format);
    if (!d || pic->width < 1 || pic->height < 1 || !pic->data[0])
        return trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d in %s cannot be shown",
                         pic->width, pic->height, d ? d->name : "no format");
    const enum AVPixelFormat format = trtc_av_plain_format(pic->format);
    out->planar = pic;
    out->recolour = !trtc_av_is_rgb(format) && trtc_colour_map(&own, &colour, &out->map);
    if (format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_YUVA420P || format == AV_PIX_FMT_GRAY8)
        return 0;
    if (convert(s, pic, &colour, err) < 0)
        return -1;
    out->planar = s->converted;
    return 0;
}

/* ---- drawing ---- */

/* Fills what the picture leaves of a window. */
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

static void draw(const struct trtc_scaler *s, const struct drawing *from,
                 const struct trtc_fit *fit, const struct trtc_rect *win, AVFrame *canvas)
{
    const AVFrame *pic = from->planar;
    struct trtc_rect r = { win->x + fit->dst.x, win->y + fit->dst.y, fit->dst.w, fit->dst.h };
    struct area areas[3];
    fill_bars(canvas, win, &fit->dst);
    for (int p = 0; p < 3; p++) {
        struct area a = areas[p] = area_of(canvas, &r, p);
        int shift = p > 0;
        ptrdiff_t stride = pic->linesize[p];
        if (p && pic->format == AV_PIX_FMT_GRAY8) {
            fill_area(&a, CHROMA_NONE);
            continue;
        }
        const uint8_t *src = pic->data[p] + (fit->src.y >> shift) * stride + (fit->src.x >> shift);
        trtc_plane_scale(p ? &s->chroma : &s->luma, s->kernels, (struct trtc_lines){ src, stride },
                         a.data, a.stride);
    }
    if (from->recolour)
        trtc_recolour(&from->map,
                      &(struct trtc_planes){ { areas[0].data, areas[1].data, areas[2].data },
                                             { areas[0].stride, areas[1].stride, areas[2].stride },
                                             r.w,
                                             r.h },
                      s->plain);
}

int trtc_scaler_draw(struct trtc_scaler *s, const AVFrame *pic, const struct trtc_pane *w,
                     AVFrame *canvas, struct trtc_err *err)
{
    const struct trtc_rect *window = &w->rect;
    const int alpha = w->alpha;
    assert(canvas->format == AV_PIX_FMT_YUV420P && window->w > 0 && window->h > 0);
    assert(((window->x | window->y | window->w | window->h) & 1) == 0);
    assert(window->x >= 0 && window->y >= 0 && window->w <= canvas->width - window->x &&
           window->h <= canvas->height - window->y);

    struct drawing from;
    if (drawing_of(s, pic, canvas, &from, err) < 0)
        return -1;
    if (alpha >= CLEAR)
        return 0;
    struct trtc_fit fit;
    trtc_fit_window(&(struct trtc_shape){ pic->width, pic->height, pic->sample_aspect_ratio.num,
                                          pic->sample_aspect_ratio.den },
                    window->w, window->h, w->render, &fit);
    if (trtc_plane_set(&s->luma, fit.src.w, fit.src.h, fit.dst.w, fit.dst.h) < 0 ||
        trtc_plane_set(&s->chroma, (fit.src.w + 1) / 2, (fit.src.h + 1) / 2, fit.dst.w / 2,
                       fit.dst.h / 2) < 0)
        return trtc_fail_nomem(err);
    if (alpha <= 0) {
        draw(s, &from, &fit, window, canvas);
        return 0;
    }
    if (frame_set(&s->tile, AV_PIX_FMT_YUV420P, window->w, window->h) < 0)
        return trtc_fail_nomem(err);
    draw(s, &from, &fit, &(struct trtc_rect){ 0, 0, window->w, window->h }, s->tile);
    for (int p = 0; p < 3; p++) {
        struct area a = area_of(canvas, window, p);
        blend_area(&a, s->tile->data[p], s->tile->linesize[p], share_of(alpha), s->kernels);
    }
    return 0;
}
