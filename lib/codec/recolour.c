/* SPDX-License-Identifier: MIT */
/* Converts samples to other colours: two lines of luma at a time, with their line of chroma. The
 * AVX2 code computes step by step the same as the inline functions of base/colour. */
#include "codec/recolour.h"

#include "codec/av.h"
#include "codec/ffmpeg.h"

/* Converts pixels from x (even) to width. b may be the same as a. */
static void plain_lines(const struct trtc_colour_map *m, uint8_t *const line[4], int x, int width)
{
    for (; x < width; x += 2) {
        uint8_t *u = line[2] + x / 2, *v = line[3] + x / 2;
        for (int i = 0; i < (line[1] ? 2 : 1); i++)
            for (int k = x; k < x + 2 && k < width; k++)
                line[i][k] = trtc_colour_luma(m, line[i][k], *u, *v);
        const uint8_t new_u = trtc_colour_chroma(m->uu, m->uv, *u, *v);
        *v = trtc_colour_chroma(m->vu, m->vv, *u, *v);
        *u = new_u;
    }
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2   __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline))

enum { WIDE = 32 }; /* samples of luma per step */

struct chroma {
    __m256i lo, hi; /* pairs of Cb and Cr, minus 128 */
};

AVX2 INLINE __m256i pair_of(int16_t a, int16_t b)
{
    return _mm256_set1_epi32((int)((uint32_t)(uint16_t)b << 16 | (uint16_t)a));
}

AVX2 INLINE __m256i less_128(const uint8_t *p)
{
    const __m256i v = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_sub_epi16(v, _mm256_set1_epi16(128));
}

/* Sixteen weighted sums of Cb and Cr. */
AVX2 INLINE __m256i sums(struct chroma c, __m256i shares, int rounding, int shift)
{
    const __m256i r = _mm256_set1_epi32(rounding);
    const __m256i lo = _mm256_add_epi32(_mm256_madd_epi16(c.lo, shares), r);
    const __m256i hi = _mm256_add_epi32(_mm256_madd_epi16(c.hi, shares), r);
    return _mm256_packs_epi32(_mm256_srai_epi32(lo, shift), _mm256_srai_epi32(hi, shift));
}

AVX2 INLINE void store_chroma(uint8_t *p, __m256i v)
{
    const __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(v, v), 0x08);
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_castsi256_si128(bytes));
}

AVX2 INLINE __m256i luma(__m256i y, __m256i share, __m256i add)
{
    const __m256i scaled = _mm256_mulhrs_epi16(_mm256_srli_epi16(y, 1), share);
    return _mm256_srai_epi16(_mm256_adds_epi16(scaled, add), 6);
}

AVX2 INLINE void luma_line(uint8_t *p, __m256i share, __m256i add)
{
    const __m256i y = _mm256_loadu_si256((const __m256i *)(const void *)p);
    const __m256i none = _mm256_setzero_si256();
    const __m256i lo = luma(_mm256_unpacklo_epi8(none, y), share, _mm256_unpacklo_epi16(add, add));
    const __m256i hi = luma(_mm256_unpackhi_epi8(none, y), share, _mm256_unpackhi_epi16(add, add));
    _mm256_storeu_si256((__m256i *)(void *)p, _mm256_packus_epi16(lo, hi));
}

AVX2 static int avx2_lines(const struct trtc_colour_map *m, uint8_t *const line[4], int width)
{
    const __m256i yy = _mm256_set1_epi16(m->yy), offset = _mm256_set1_epi16(m->y_offset + 32);
    const __m256i y_shares = pair_of(m->yu, m->yv), u_shares = pair_of(m->uu, m->uv),
                  v_shares = pair_of(m->vu, m->vv);
    int x = 0;
    for (; x + WIDE <= width; x += WIDE) {
        uint8_t *pu = line[2] + x / 2, *pv = line[3] + x / 2;
        const __m256i u = less_128(pu), v = less_128(pv);
        const struct chroma c = { _mm256_unpacklo_epi16(u, v), _mm256_unpackhi_epi16(u, v) };
        const __m256i add = _mm256_add_epi16(sums(c, y_shares, 128, 8), offset);
        luma_line(line[0] + x, yy, add);
        if (line[1])
            luma_line(line[1] + x, yy, add);
        store_chroma(pu, sums(c, u_shares, (128 << 14) + (1 << 13), 14));
        store_chroma(pv, sums(c, v_shares, (128 << 14) + (1 << 13), 14));
    }
    return x;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

#else

static int avx2_lines(const struct trtc_colour_map *m, uint8_t *const line[4], int width)
{
    (void)m, (void)line, (void)width;
    return 0;
}

static bool has_avx2(void)
{
    return false;
}

#endif

void trtc_recolour(const struct trtc_colour_map *map, const struct trtc_planes *to, bool plain)
{
    const bool fast = !plain && has_avx2();
    for (int y = 0; y < to->height; y += 2) {
        uint8_t *const a = to->data[0] + y * to->stride[0];
        uint8_t *const line[4] = { a, y + 1 < to->height ? a + to->stride[0] : NULL,
                                   to->data[1] + y / 2 * to->stride[1],
                                   to->data[2] + y / 2 * to->stride[2] };
        const int done = fast ? avx2_lines(map, line, to->width) : 0;
        plain_lines(map, line, done, to->width);
    }
}

struct trtc_colour trtc_av_colour_said(const AVFrame *f)
{
    return (struct trtc_colour){
        .primaries = f->color_primaries ? (uint8_t)f->color_primaries : TRTC_COLOUR_UNKNOWN,
        .transfer = (uint8_t)f->color_trc,
        .matrix = (uint8_t)f->colorspace,
        .full = f->color_range == AVCOL_RANGE_JPEG || trtc_av_plain_format(f->format) != f->format,
    };
}

struct trtc_colour trtc_av_colour(const AVFrame *f)
{
    const struct trtc_colour said = trtc_av_colour_said(f);
    return trtc_colour_of(&said, f->width, f->height);
}

void trtc_av_set_colour(AVFrame *f, const struct trtc_colour *c)
{
    f->color_primaries = (enum AVColorPrimaries)c->primaries;
    f->color_trc = (enum AVColorTransferCharacteristic)c->transfer;
    f->colorspace = (enum AVColorSpace)c->matrix;
    f->color_range = c->full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
}

void trtc_av_encode_colour(AVCodecContext *e, const struct trtc_colour *c)
{
    e->color_range = c->full ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
    if (c->primaries == 0)
        return;
    e->color_primaries = (enum AVColorPrimaries)c->primaries;
    e->color_trc = (enum AVColorTransferCharacteristic)c->transfer;
    e->colorspace = (enum AVColorSpace)c->matrix;
}

bool trtc_av_is_rgb(enum AVPixelFormat format)
{
    if (trtc_ffmpeg_load(NULL) < 0)
        return false;
    const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(format);
    return d && (d->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL));
}

struct SwsContext *trtc_sws_new(const struct trtc_sws_opts *o)
{
    if (trtc_ffmpeg_load(NULL) < 0 || !sws_isSupportedInput(o->from) ||
        !sws_isSupportedOutput(o->to))
        return NULL;
    struct SwsContext *c = sws_alloc_context();
    const int *const table = sws_getCoefficients(o->colour.matrix);
    const bool yuv_out = trtc_av_is_rgb(o->from) && o->colour.full,
               yuv_in = trtc_av_is_rgb(o->to) && o->colour.full;
    if (!c)
        return NULL;
    av_opt_set_int(c, "srcw", o->src_w, 0);
    av_opt_set_int(c, "srch", o->src_h, 0);
    av_opt_set_int(c, "src_format", o->from, 0);
    av_opt_set_int(c, "src_range", yuv_in, 0);
    av_opt_set_int(c, "dstw", o->dst_w, 0);
    av_opt_set_int(c, "dsth", o->dst_h, 0);
    av_opt_set_int(c, "dst_format", o->to, 0);
    av_opt_set_int(c, "dst_range", yuv_out, 0);
    av_opt_set_int(c, "sws_flags", o->flags, 0);
    if (sws_init_context(c, NULL, NULL) < 0) {
        sws_freeContext(c);
        return NULL;
    }
    /* the settings for YUV to YUV, which needs none, do not matter */
    sws_setColorspaceDetails(c, table, yuv_in, table, yuv_out, 0, 1 << 16, 1 << 16);
    return c;
}
