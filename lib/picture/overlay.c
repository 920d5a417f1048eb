/* SPDX-License-Identifier: MIT */
/* Overlays: made from a picture at full resolution, blended into the canvas. */
#include "picture/overlay.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/common.h>
#include <libavutil/mathematics.h>
#include <libavutil/pixfmt.h>
#include <libswscale/swscale.h>

#include "codec/av.h"
#include "picture/overlay_priv.h"

#define BLOCK         16        /* pixels blended at a time, for vector code */
#define SCALED_MAX_PX (1 << 26) /* no picture is drawn larger than this */
#define FAR_PX        (1 << 24) /* beyond this nothing is drawn: sums of coordinates cannot overflow */

struct trtc_yuv trtc_yuv_of(const struct trtc_colour *colour, uint32_t rgb)
{
    uint8_t yuv[3];
    trtc_colour_yuv(colour, rgb, yuv);
    return (struct trtc_yuv){ yuv[0], yuv[1], yuv[2] };
}

bool trtc_rect_clip(const struct trtc_rect *box, int canvas_w, int canvas_h, struct trtc_rect *out)
{
    if (box->w <= 0 || box->h <= 0 || box->w > FAR_PX || box->h > FAR_PX || box->x < -FAR_PX ||
        box->y < -FAR_PX || box->x >= canvas_w || box->y >= canvas_h)
        return false;
    const int right = box->x + box->w, bottom = box->y + box->h;
    if (right <= 0 || bottom <= 0)
        return false;
    out->x = box->x > 0 ? box->x : 0;
    out->y = box->y > 0 ? box->y : 0;
    out->w = (right < canvas_w ? right : canvas_w) - out->x;
    out->h = (bottom < canvas_h ? bottom : canvas_h) - out->y;
    return true;
}

int trtc_sheet_init(struct trtc_sheet *s, const struct trtc_rect *rect, struct trtc_yuv colour,
                    uint8_t alpha, struct trtc_err *err)
{
    const size_t n = (size_t)rect->w * (size_t)rect->h;
    s->rect = *rect;
    s->y = malloc(4 * n);
    if (!s->y)
        return trtc_fail_nomem(err);
    s->u = s->y + n;
    s->v = s->u + n;
    s->a = s->v + n;
    memset(s->y, colour.y, n);
    memset(s->u, colour.u, n);
    memset(s->v, colour.v, n);
    memset(s->a, alpha, n);
    return 0;
}

void trtc_sheet_fini(struct trtc_sheet *s)
{
    free(s->y);
    s->y = s->u = s->v = s->a = NULL;
}

void trtc_overlay_free(struct trtc_overlay **o)
{
    if (*o)
        free((*o)->y);
    free(*o);
    *o = NULL;
}

/* Allocates all planes as one block that begins with y. */
static struct trtc_overlay *new_overlay(const struct trtc_rect *rect, struct trtc_err *err)
{
    const size_t n = (size_t)rect->w * (size_t)rect->h;
    struct trtc_overlay *o = calloc(1, sizeof *o);
    if (o)
        o->y = calloc(1, 2 * n + 3 * (n / 4));
    if (!o || !o->y) {
        trtc_overlay_free(&o);
        trtc_fail_nomem(err);
        return NULL;
    }
    o->rect = *rect;
    o->a = o->y + n;
    o->u = o->a + n;
    o->v = o->u + n / 4;
    o->ac = o->v + n / 4;
    return o;
}

/* Averages the colour of the two by two pixels at x, y of the overlay. Pixels outside the sheet are
 * transparent. */
static void average(const struct trtc_sheet *s, struct trtc_overlay *o, int x, int y)
{
    unsigned sum_a = 0, sum_u = 0, sum_v = 0;
    for (int dy = 0; dy < 2; dy++)
        for (int dx = 0; dx < 2; dx++) {
            const int sx = o->rect.x + x + dx - s->rect.x, sy = o->rect.y + y + dy - s->rect.y;
            if (sx < 0 || sy < 0 || sx >= s->rect.w || sy >= s->rect.h)
                continue;
            const size_t at = (size_t)sy * (size_t)s->rect.w + (size_t)sx;
            sum_a += s->a[at];
            sum_u += (unsigned)s->u[at] * s->a[at];
            sum_v += (unsigned)s->v[at] * s->a[at];
        }
    const size_t at = (size_t)(y / 2) * (size_t)(o->rect.w / 2) + (size_t)(x / 2);
    o->ac[at] = (uint8_t)((sum_a + 2) / 4);
    o->u[at] = sum_a ? (uint8_t)((sum_u + sum_a / 2) / sum_a) : 128;
    o->v[at] = sum_a ? (uint8_t)((sum_v + sum_a / 2) / sum_a) : 128;
}

struct trtc_overlay *trtc_overlay_of(const struct trtc_sheet *s, struct trtc_err *err)
{
    const struct trtc_rect *r = &s->rect;
    const int x = r->x & ~1, y = r->y & ~1;
    const struct trtc_rect even = { x, y, ((r->x + r->w + 1) & ~1) - x,
                                    ((r->y + r->h + 1) & ~1) - y };
    struct trtc_overlay *o = new_overlay(&even, err);
    if (!o)
        return NULL;
    const size_t from_left = (size_t)(r->x - x), width = (size_t)even.w;
    memset(o->y, 16, width * (size_t)even.h);
    for (int i = 0; i < r->h; i++) {
        const size_t to = (size_t)(r->y - y + i) * width + from_left;
        memcpy(o->y + to, s->y + (size_t)i * (size_t)r->w, (size_t)r->w);
        memcpy(o->a + to, s->a + (size_t)i * (size_t)r->w, (size_t)r->w);
    }
    for (int i = 0; i < even.h; i += 2)
        for (int k = 0; k < even.w; k += 2)
            average(s, o, k, i);
    return o;
}

/* ---- blending ---- */

static inline uint8_t mix(uint8_t src, uint8_t a, uint8_t dst)
{
    /* like trtc_div255, but in sixteen bits: no value exceeds 65407 */
    const uint16_t n = (uint16_t)(src * a + dst * (255 - a) + 128);
    return (uint8_t)((uint16_t)(n + (n >> 8)) >> 8);
}

static void blend_line(uint8_t *restrict dst, const uint8_t *restrict src,
                       const uint8_t *restrict a, int n)
{
    int i = 0;
    for (; i + BLOCK <= n; i += BLOCK) /* with a constant count compilers vectorise it */
        for (int k = 0; k < BLOCK; k++)
            dst[i + k] = mix(src[i + k], a[i + k], dst[i + k]);
    for (; i < n; i++)
        dst[i] = mix(src[i], a[i], dst[i]);
}

static void blend_plane(AVFrame *canvas, int plane, const struct trtc_rect *r, const uint8_t *src,
                        const uint8_t *a)
{
    for (int y = 0; y < r->h; y++) {
        uint8_t *dst = canvas->data[plane] + (ptrdiff_t)(r->y + y) * canvas->linesize[plane] + r->x;
        const size_t at = (size_t)y * (size_t)r->w;
        blend_line(dst, src + at, a + at, r->w);
    }
}

void trtc_overlay_blend(const struct trtc_overlay *o, AVFrame *canvas)
{
    const struct trtc_rect *r = &o->rect;
    const struct trtc_rect half = { r->x / 2, r->y / 2, r->w / 2, r->h / 2 };
    blend_plane(canvas, 0, r, o->y, o->a);
    blend_plane(canvas, 1, &half, o->u, o->ac);
    blend_plane(canvas, 2, &half, o->v, o->ac);
}

/* ---- pictures ---- */

/* Allocates one component in 16 bits. Its lines are padded, since swscale reads and writes beyond
 * their ends. */
static AVFrame *new_component(int w, int h, struct trtc_err *err)
{
    AVFrame *f = av_frame_alloc();
    if (f) {
        f->format = AV_PIX_FMT_GRAY16;
        f->width = w;
        f->height = h;
    }
    if (!f || av_frame_get_buffer(f, 0) < 0) {
        av_frame_free(&f);
        trtc_fail_nomem(err);
        return NULL;
    }
    memset(f->data[0], 0,
           f->buf[0]->size); /* what lies beyond the lines has no effect, but is read */
    return f;
}

static uint16_t *line_of(const AVFrame *component, int y)
{
    return (uint16_t *)(void *)(component->data[0] + (ptrdiff_t)y * component->linesize[0]);
}

/* Multiplies one component of a picture at full resolution by alpha: 0 ... 255 * 255. component 3
 * is alpha. */
static void premultiply(const AVFrame *pic, int component, const AVFrame *out)
{
    const int shift = component == 1 || component == 2;
    for (int y = 0; y < pic->height; y++) {
        const uint8_t *a = pic->data[3] ? pic->data[3] + (ptrdiff_t)y * pic->linesize[3] : NULL;
        const uint8_t *c = pic->data[component];
        if (c)
            c += (ptrdiff_t)(y >> shift) * pic->linesize[component];
        uint16_t *to = line_of(out, y);
        for (int x = 0; x < pic->width; x++) {
            const unsigned value = component == 3 ? 255 : c[x >> shift];
            to[x] = (uint16_t)(value * (a ? a[x] : 255));
        }
    }
}

/* Scales one component of pic, premultiplied, to the size of out. full: room for it at its own
 * size; sws: NULL if that is the size of out. */
struct shrink {
    struct SwsContext *sws;
    const AVFrame *full;
};

static int scale(const AVFrame *pic, int component, const struct shrink *by, const AVFrame *out,
                 struct trtc_err *err)
{
    struct SwsContext *const sws = by->sws;
    const AVFrame *const full = by->full;
    premultiply(pic, component, sws ? full : out);
    if (!sws)
        return 0;
    const int ret = sws_scale(sws, (const uint8_t *const *)full->data, full->linesize, 0,
                              full->height, out->data, out->linesize);
    if (ret != out->height)
        return trtc_fail_av(err, TRTC_EX_SOFTWARE, ret < 0 ? ret : AVERROR_BUG,
                            "scaling a picture to %dx%d", out->width, out->height);
    return 0;
}

/* Copies the part of value (which covers box of the canvas) that the sheet shows, divided by alpha.
 * alpha NULL: value is alpha itself. */
static void unpremultiply(const AVFrame *value, const AVFrame *alpha, const struct trtc_rect *box,
                          const struct trtc_rect *seen, uint8_t *out)
{
    const int x = box->x, y = box->y;
    for (int i = 0; i < seen->h; i++) {
        const uint16_t *v = line_of(value, seen->y - y + i) + (seen->x - x);
        const uint16_t *a = alpha ? line_of(alpha, seen->y - y + i) + (seen->x - x) : NULL;
        for (int k = 0; k < seen->w; k++) {
            const uint32_t by = a ? a[k] : 255 * 255;
            const uint32_t c = by ? (v[k] * UINT32_C(255) + by / 2) / by : 0;
            *out++ = (uint8_t)(c < 255 ? c : 255);
        }
    }
}

/* The size at which pic is shown: that of r, its own, or in proportion if r gives only one side. */
static struct trtc_rect box_of(const AVFrame *pic, const struct trtc_rect *r)
{
    struct trtc_rect box = *r;
    if (r->w <= 0 && r->h <= 0) {
        box.w = pic->width;
        box.h = pic->height;
    } else if (r->w <= 0) {
        box.w = (int)av_clip64(av_rescale(r->h, pic->width, pic->height), 1, INT32_MAX);
    } else if (r->h <= 0) {
        box.h = (int)av_clip64(av_rescale(r->w, pic->height, pic->width), 1, INT32_MAX);
    }
    return box;
}

struct trtc_overlay *trtc_overlay_image(const AVFrame *pic, const struct trtc_rect *r, int canvas_w,
                                        int canvas_h, struct trtc_err *err)
{
    struct trtc_overlay *o = NULL;
    struct trtc_sheet sheet = { 0 };
    struct SwsContext *sws = NULL;
    AVFrame *full = NULL, *alpha = NULL, *value = NULL;
    const struct trtc_rect box = box_of(pic, r);
    struct trtc_rect seen;
    if (!trtc_rect_clip(&box, canvas_w & ~1, canvas_h & ~1, &seen)) {
        trtc_fail(err, TRTC_EX_DATAERR, "a picture at %d,%d (%dx%d) is outside of the %dx%d canvas",
                  box.x, box.y, box.w, box.h, canvas_w, canvas_h);
        goto done;
    }
    if ((int64_t)box.w * box.h > SCALED_MAX_PX) {
        trtc_fail(err, TRTC_EX_DATAERR, "a picture cannot be shown at %dx%d: too large", box.w,
                  box.h);
        goto done;
    }
    if (!(full = new_component(pic->width, pic->height, err)) ||
        !(alpha = new_component(box.w, box.h, err)) || !(value = new_component(box.w, box.h, err)))
        goto done;
    if (box.w != pic->width || box.h != pic->height) {
        sws = sws_getContext(pic->width, pic->height, AV_PIX_FMT_GRAY16, box.w, box.h,
                             AV_PIX_FMT_GRAY16, SWS_AREA | SWS_ACCURATE_RND, NULL, NULL, NULL);
        if (!sws) {
            trtc_fail(err, TRTC_EX_DATAERR, "a picture of %dx%d cannot be scaled to %dx%d",
                      pic->width, pic->height, box.w, box.h);
            goto done;
        }
    }
    if (trtc_sheet_init(&sheet, &seen, (struct trtc_yuv){ 16, 128, 128 }, 0, err) ||
        scale(pic, 3, &(struct shrink){ sws, full }, alpha, err))
        goto done;
    uint8_t *const planes[3] = { sheet.y, sheet.u, sheet.v };
    for (int i = 0; i < 3; i++) {
        if (scale(pic, i, &(struct shrink){ sws, full }, value, err))
            goto done;
        unpremultiply(value, alpha, &box, &seen, planes[i]);
    }
    unpremultiply(alpha, NULL, &box, &seen, sheet.a);
    o = trtc_overlay_of(&sheet, err);
done:
    trtc_sheet_fini(&sheet);
    sws_freeContext(sws);
    av_frame_free(&value);
    av_frame_free(&alpha);
    av_frame_free(&full);
    return o;
}
