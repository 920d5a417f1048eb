/* SPDX-License-Identifier: MIT */
/* The kernels of plane.h in AVX2. vpmaddubsw needs one signed factor, so 128 is subtracted from the
 * samples; this cancels out because the weights add up to 256, and the sums then just fit into 16
 * bits. */
#include "picture/plane.h"

#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#define AVX2   __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline))

enum { WIDE = 32, BLOCK = 16 };

AVX2 INLINE __m256i load(const uint8_t *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}

AVX2 INLINE __m256i less_128(__m256i v)
{
    return _mm256_xor_si256(v, _mm256_set1_epi8(-128));
}

/* (sum + 128) / 256, 16 bits each. */
AVX2 INLINE __m256i rounded(__m256i sum)
{
    return _mm256_mulhrs_epi16(sum, _mm256_set1_epi16(128));
}

/* A pair of lines of a mix: sums of two taps for 32 samples, 16 bits each. */
struct pair {
    const uint8_t *a, *b;
    int weights;
};

struct sums {
    __m256i lo, hi;
};

AVX2 INLINE struct pair pair_of(const uint8_t *const *rows, const uint16_t *weight, int nb_taps,
                                int t)
{
    if (t + 1 == nb_taps)
        return (struct pair){ rows[t], rows[t], weight[t] };
    return (struct pair){ rows[t], rows[t + 1], weight[t] | weight[t + 1] << 8 };
}

AVX2 INLINE struct sums sums_of(const struct pair *p, int x)
{
    __m256i w = _mm256_set1_epi16((short)p->weights);
    __m256i a = less_128(load(p->a + x));
    __m256i b = less_128(load(p->b + x));
    return (struct sums){ _mm256_maddubs_epi16(w, _mm256_unpacklo_epi8(a, b)),
                          _mm256_maddubs_epi16(w, _mm256_unpackhi_epi8(a, b)) };
}

AVX2 INLINE struct sums plus(struct sums s, struct sums t)
{
    return (struct sums){ _mm256_add_epi16(s.lo, t.lo), _mm256_add_epi16(s.hi, t.hi) };
}

AVX2 INLINE void store(uint8_t *dst, __m256i v)
{
    _mm256_storeu_si256((__m256i *)dst, v);
}

AVX2 INLINE void store_sums(uint8_t *dst, struct sums s)
{
    store(dst, less_128(_mm256_packs_epi16(rounded(s.lo), rounded(s.hi))));
}

/* The next x of a loop whose last step overlaps the one before, so that it ends exactly at the end
 * of the line. */
static inline int next(int x, int width)
{
    return x + WIDE < width && x + 2 * WIDE > width ? width - WIDE : x + WIDE;
}

AVX2 static void mean(uint8_t *dst, const uint8_t *a, const uint8_t *b, int width)
{
    for (int x = 0; x < width; x = next(x, width))
        store(dst + x, _mm256_avg_epu8(load(a + x), load(b + x)));
}

AVX2 static void mix_2(uint8_t *dst, const struct pair p, int width)
{
    for (int x = 0; x < width; x = next(x, width))
        store_sums(dst + x, sums_of(&p, x));
}

AVX2 static void mix_4(uint8_t *dst, const struct pair p, const struct pair q, int width)
{
    for (int x = 0; x < width; x = next(x, width))
        store_sums(dst + x, plus(sums_of(&p, x), sums_of(&q, x)));
}

AVX2 static void mix_n(uint8_t *dst, const uint8_t *const *rows, const uint16_t *weight,
                       int nb_taps, int width)
{
    for (int x = 0; x < width; x = next(x, width)) {
        struct pair p = pair_of(rows, weight, nb_taps, 0);
        struct sums s = sums_of(&p, x);
        for (int t = 2; t < nb_taps; t += 2) {
            p = pair_of(rows, weight, nb_taps, t);
            s = plus(s, sums_of(&p, x));
        }
        store_sums(dst + x, s);
    }
}

AVX2 static void avx2_mix(uint8_t *dst, const uint8_t *const *rows, const uint16_t *weight,
                          int nb_taps, int width)
{
    for (; nb_taps > 1 && !weight[0]; nb_taps--, rows++, weight++)
        ;
    for (; nb_taps > 1 && !weight[nb_taps - 1]; nb_taps--)
        ;
    if (width < WIDE)
        trtc_kernels(true)->mix(dst, rows, weight, nb_taps, width);
    else if (nb_taps == 2 && weight[0] == weight[1])
        mean(dst, rows[0], rows[1], width);
    else if (nb_taps <= 2)
        mix_2(dst, pair_of(rows, weight, nb_taps, 0), width);
    else if (nb_taps <= 4)
        mix_4(dst, pair_of(rows, weight, nb_taps, 0), pair_of(rows, weight, nb_taps, 2), width);
    else
        mix_n(dst, rows, weight, nb_taps, width);
}

/* The position in the program of a line. */
struct walk {
    const int *offset;
    const uint8_t *program;
};

/* Computes the next vector of a program: sums of pairs of taps. */
AVX2 INLINE __m256i vector(const uint8_t *line, struct walk *w)
{
    __m128i lo = _mm_loadu_si128((const __m128i *)(line + w->offset[0]));
    __m128i hi = _mm_loadu_si128((const __m128i *)(line + w->offset[1]));
    __m256i v = _mm256_inserti128_si256(_mm256_castsi128_si256(lo), hi, 1);
    v = less_128(_mm256_shuffle_epi8(v, load(w->program)));
    v = _mm256_maddubs_epi16(load(w->program + WIDE), v);
    w->offset += 2;
    w->program += 2 * WIDE;
    return v;
}

/* Adds neighbours within each pair of vectors until one vector holds 16 sums. */
AVX2 INLINE __m256i two(const uint8_t *line, struct walk *w)
{
    __m256i first = vector(line, w);
    return _mm256_hadd_epi16(first, vector(line, w));
}

AVX2 INLINE __m256i four(const uint8_t *line, struct walk *w)
{
    __m256i first = two(line, w);
    return _mm256_hadd_epi16(first, two(line, w));
}

AVX2 INLINE __m256i eight(const uint8_t *line, struct walk *w, int nb_steps)
{
    __m256i v[8];
    for (int k = 0; k < 8; k++) {
        v[k] = vector(line, w);
        for (int step = 1; step < nb_steps; step++)
            v[k] = _mm256_add_epi16(v[k], vector(line, w));
    }
    for (int k = 4; k > 0; k /= 2)
        for (int i = 0; i < k; i++)
            v[i] = _mm256_hadd_epi16(v[2 * i], v[2 * i + 1]);
    return v[0];
}

/* Computes the next block. nb_vectors is a parameter since every caller passes a constant. */
AVX2 INLINE void block(uint8_t *dst, const uint8_t *line, struct walk *w, int nb_vectors,
                       int nb_steps)
{
    __m256i v = rounded(nb_vectors == 1   ? vector(line, w)
                        : nb_vectors == 2 ? two(line, w)
                        : nb_vectors == 4 ? four(line, w)
                                          : eight(line, w, nb_steps));
    __m128i b = _mm_packs_epi16(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    _mm_storeu_si128((__m128i *)dst, _mm_xor_si128(b, _mm_set1_epi8(-128)));
}

AVX2 INLINE void blocks(uint8_t *restrict dst, const uint8_t *restrict line,
                        const struct trtc_axis *restrict a, int nb_vectors)
{
    struct walk w = { a->offset, a->program };
    int width = a->dst;
    int nb_steps = a->nb_steps;
    int x = 0;
    for (; x <= width - BLOCK; x += BLOCK)
        block(dst + x, line, &w, nb_vectors, nb_steps);
    if (width < BLOCK) {
        uint8_t small[BLOCK];
        block(small, line, &w, nb_vectors, nb_steps);
        memcpy(dst, small, (size_t)width);
    } else if (x < width) { /* overlaps */
        block(dst + width - BLOCK, line, &w, nb_vectors, nb_steps);
    }
}

AVX2 static void avx2_along(uint8_t *dst, const uint8_t *line, const struct trtc_axis *a)
{
    if (a->nb_vectors == 1)
        blocks(dst, line, a, 1);
    else if (a->nb_vectors == 2)
        blocks(dst, line, a, 2);
    else if (a->nb_vectors == 4)
        blocks(dst, line, a, 4);
    else
        blocks(dst, line, a, 8);
}

/* The sums of the four samples of each square, 16 bits each. */
AVX2 INLINE __m256i squares(const uint8_t *a, const uint8_t *b)
{
    __m256i one = _mm256_set1_epi8(1);
    __m256i sum =
        _mm256_add_epi16(_mm256_maddubs_epi16(load(a), one), _mm256_maddubs_epi16(load(b), one));
    return _mm256_srli_epi16(_mm256_add_epi16(sum, _mm256_set1_epi16(2)), 2);
}

AVX2 static void avx2_halve(uint8_t *dst, const uint8_t *a, const uint8_t *b, int width)
{
    if (width < WIDE) {
        trtc_kernels(true)->halve(dst, a, b, width);
        return;
    }
    for (int x = 0; x < width; x = next(x, width)) {
        const uint8_t *c = a + 2 * (ptrdiff_t)x, *d = b + 2 * (ptrdiff_t)x;
        __m256i v = _mm256_packus_epi16(squares(c, d), squares(c + WIDE, d + WIDE));
        store(dst + x, _mm256_permute4x64_epi64(v, _MM_SHUFFLE(3, 1, 2, 0)));
    }
}

const struct trtc_kernels *trtc_kernels_avx2(void)
{
    static const struct trtc_kernels kernels = { avx2_mix, avx2_along, avx2_halve };
    return __builtin_cpu_supports("avx2") ? &kernels : NULL;
}

#else

const struct trtc_kernels *trtc_kernels_avx2(void)
{
    return NULL;
}

#endif
