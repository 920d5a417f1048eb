/* SPDX-License-Identifier: MIT */
/* CRC-64/XZ: by carry-less multiplication if the processor has it, otherwise eight bytes at a time
 * with tables ("slicing by 8"). Both give the same result. */
#include "storage/crc64.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include <string.h>

#define POLY UINT64_C(0xc96c5795d7870f42) /* reflected: bit 63 represents x^0 */

/* What a byte n adds to the CRC when it is k bytes before the end. This is linear in the bits of n:
 * a row has the value for each bit, and the preprocessor computes the 256 sums. */
#define BIT(n, b, v)        ((n) >> (b)&1 ? UINT64_C(v) : 0)
#define LOW(n, a, b, c, d)  BIT(n, 0, a) ^ BIT(n, 1, b) ^ BIT(n, 2, c) ^ BIT(n, 3, d)
#define HIGH(n, a, b, c, d) BIT(n, 4, a) ^ BIT(n, 5, b) ^ BIT(n, 6, c) ^ BIT(n, 7, d)
#define FOUR(row, n)        row(n), row((n) + 1), row((n) + 2), row((n) + 3)
#define SIXTEEN(row, n)     FOUR(row, n), FOUR(row, (n) + 4), FOUR(row, (n) + 8), FOUR(row, (n) + 12)
#define SIXTY_FOUR(row, n) \
    SIXTEEN(row, n), SIXTEEN(row, (n) + 16), SIXTEEN(row, (n) + 32), SIXTEEN(row, (n) + 48)
#define ALL(row) SIXTY_FOUR(row, 0), SIXTY_FOUR(row, 64), SIXTY_FOUR(row, 128), SIXTY_FOUR(row, 192)

#define ROW0(n)                                                                               \
    (LOW(n, 0xb32e4cbe03a75f6f, 0xf4843657a840a05b, 0x7bd0c384ff8f5e33, 0xf7a18709ff1ebc66) ^ \
     HIGH(n, 0x7d9ba13851336649, 0xfb374270a266cc92, 0x64b62bcaebc387a1, 0xc96c5795d7870f42))
#define ROW1(n)                                                                               \
    (LOW(n, 0x54e979925cd0f10d, 0xa9d2f324b9a1e21a, 0xc17d4962dc4ddab1, 0x10223dee1795abe7) ^ \
     HIGH(n, 0x20447bdc2f2b57ce, 0x4088f7b85e56af9c, 0x8111ef70bcad5f38, 0x90fb71cad654a0f5))
#define ROW2(n)                                                                               \
    (LOW(n, 0x3f0be14a916a6dcb, 0x7e17c29522d4db96, 0xfc2f852a45a9b72c, 0x6a87a57f245d70dd) ^ \
     HIGH(n, 0xd50f4afe48bae1ba, 0x38c63ad73e7bddf1, 0x718c75ae7cf7bbe2, 0xe318eb5cf9ef77c4))
#define ROW3(n)                                                                               \
    (LOW(n, 0x1dee8a5e222ca1dc, 0x3bdd14bc445943b8, 0x77ba297888b28770, 0xef7452f111650ee0) ^ \
     HIGH(n, 0x4c300ac98dc40345, 0x986015931b88068a, 0xa218840d981e1391, 0xd6e9a7309f3239a7))
#define ROW4(n)                                                                               \
    (LOW(n, 0x5c2d776033c4205e, 0xb85aeec0678840bc, 0xe26d72ab601e9ffd, 0x56024a7d6f33217f) ^ \
     HIGH(n, 0xac0494fade6642fe, 0xcad186de13c29b79, 0x077ba297888b2877, 0x0ef7452f111650ee))
#define ROW5(n)                                                                               \
    (LOW(n, 0x6184d55f721267c6, 0xc309aabee424cf8c, 0x14cbfa566747819d, 0x2997f4acce8f033a) ^ \
     HIGH(n, 0x532fe9599d1e0674, 0xa65fd2b33a3c0ce8, 0xde670a4ddb760755, 0x2e16bbb019e2102f))
#define ROW6(n)                                                                               \
    (LOW(n, 0x22ef0d5934f964ec, 0x45de1ab269f2c9d8, 0x8bbc3564d3e593b0, 0x85a0c5e208c539e5) ^ \
     HIGH(n, 0x999924efbe846d4f, 0xa1eae6f4d206c41b, 0xd10d62c20b0396b3, 0x30c26aafb90933e3))
#define ROW7(n)                                                                               \
    (LOW(n, 0xdabe95afc7875f40, 0x27a584742000a005, 0x4f4b08e84001400a, 0x9e9611d080028014) ^ \
     HIGH(n, 0xaff48c8aaf0b1ead, 0xcd31b63ef11823df, 0x08bbc3564d3e593b, 0x117786ac9a7cb276))

static const uint64_t tables[8][256] = {
    { ALL(ROW0) }, { ALL(ROW1) }, { ALL(ROW2) }, { ALL(ROW3) },
    { ALL(ROW4) }, { ALL(ROW5) }, { ALL(ROW6) }, { ALL(ROW7) },
};

static uint64_t by_bytes(uint64_t crc, const uint8_t *p, size_t n)
{
    while (n--)
        crc = tables[0][(crc ^ *p++) & 0xff] ^ crc >> 8;
    return crc;
}

static uint64_t load(const uint8_t *p)
{
    uint64_t v = 0;

    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

static uint64_t by_tables(uint64_t crc, const uint8_t *p, size_t n)
{
    for (; n >= 8; p += 8, n -= 8) {
        crc ^= load(p);
        crc = tables[7][crc & 0xff] ^ tables[6][crc >> 8 & 0xff] ^ tables[5][crc >> 16 & 0xff] ^
              tables[4][crc >> 24 & 0xff] ^ tables[3][crc >> 32 & 0xff] ^
              tables[2][crc >> 40 & 0xff] ^ tables[1][crc >> 48 & 0xff] ^ tables[0][crc >> 56];
    }
    return by_bytes(crc, p, n);
}

#if defined(__x86_64__)
enum { BLOCK = 64 };

#define CLMUL __attribute__((target("pclmul,sse4.1")))

/* Moves a forward by as many bits as k was made for, and adds b. */
CLMUL static __m128i fold(__m128i a, __m128i k, __m128i b)
{
    const __m128i low = _mm_clmulepi64_si128(a, k, 0x00), high = _mm_clmulepi64_si128(a, k, 0x11);

    return _mm_xor_si128(_mm_xor_si128(low, high), b);
}

/* n is at least BLOCK. "Fast CRC computation for generic polynomials using PCLMULQDQ" (Intel,
 * 2009): folds down to 16 bytes, which the tables then process. To move by D bits the factors are
 * x^(D+63) and x^(D-1) modulo the polynomial, reflected. */
CLMUL static uint64_t by_clmul(uint64_t crc, const uint8_t *p, size_t n)
{
    const __m128i far = _mm_set_epi64x((long long)UINT64_C(0x081f6054a7842df4),
                                       (long long)UINT64_C(0x6ae3efbb9dd441f3));
    const __m128i near = _mm_set_epi64x((long long)UINT64_C(0xdabe95afc7875f40),
                                        (long long)UINT64_C(0xe05dd497ca393ae4));
    uint8_t last[16];
    __m128i x[4];

    for (int i = 0; i < 4; i++)
        x[i] = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
    x[0] = _mm_xor_si128(x[0], _mm_set_epi64x(0, (long long)crc));
    for (p += BLOCK, n -= BLOCK; n >= BLOCK; p += BLOCK, n -= BLOCK)
        for (int i = 0; i < 4; i++)
            x[i] = fold(x[i], far, _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)));
    for (int i = 1; i < 4; i++)
        x[i] = fold(x[i - 1], near, x[i]);
    _mm_storeu_si128((__m128i *)(void *)last, x[3]);
    return by_tables(by_tables(0, last, sizeof last), p, n);
}
#endif

uint64_t trtc_crc64(uint64_t crc, const void *data, size_t n)
{
#if defined(__x86_64__)
    if (n >= BLOCK && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
        return ~by_clmul(~crc, data, n);
#endif
    return ~by_tables(~crc, data, n);
}

uint64_t trtc_crc64_plain(uint64_t crc, const void *data, size_t n)
{
    return ~by_tables(~crc, data, n);
}

/* The product of a and b modulo the polynomial, both reflected. */
static uint64_t times(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;

    for (; a; a <<= 1) {
        sum ^= a >> 63 ? b : 0;
        b = b >> 1 ^ (b & 1 ? POLY : 0);
    }
    return sum;
}

uint64_t trtc_crc64_join(uint64_t a, uint64_t b, uint64_t nb_b)
{
    uint64_t step = UINT64_C(1) << 55; /* x^8, then x^16, x^32 ... */

    for (; nb_b; nb_b >>= 1) {
        a = nb_b & 1 ? times(step, a) : a;
        step = times(step, step);
    }
    return a ^ b;
}
