/* SPDX-License-Identifier: MIT */
/* Bits of a NAL unit, for the files that read its headers. */
#ifndef TRTC_TS_BITS_H
#define TRTC_TS_BITS_H

#include <stdbool.h>
#include <stdint.h>

/* Reads the payload of a NAL unit, the emulation prevention bytes (00 00 03) removed on the
 * way. Past the end it gives zeros and remembers that it did. */
struct bits {
    const uint8_t *p, *end;
    int zeros; /* zero bytes read in a row */
    unsigned byte;
    int left;  /* bits of byte not read yet */
    bool over; /* read past the end, or a value that cannot be */
};

static inline unsigned bits_byte(struct bits *b)
{
    if (b->zeros >= 2 && b->p < b->end && *b->p == 3) {
        b->p++;
        b->zeros = 0;
    }
    if (b->p >= b->end) {
        b->over = true;
        return 0;
    }
    b->zeros = *b->p ? 0 : b->zeros + 1;
    return *b->p++;
}

static inline unsigned u1(struct bits *b)
{
    if (b->left == 0) {
        b->byte = bits_byte(b);
        b->left = 8;
    }
    return b->byte >> --b->left & 1;
}

/* n bits, at most 32. */
static inline uint32_t u(struct bits *b, int n)
{
    uint32_t v = 0;

    while (n-- > 0)
        v = v << 1 | u1(b);
    return v;
}

static inline void skip_bits(struct bits *b, int n)
{
    while (n-- > 0)
        u1(b);
}

/* Exp-Golomb code up to max, which is below 2^32 - 1; a larger one is an error and gives 0. */
static inline uint32_t ue(struct bits *b, uint32_t max)
{
    int zeros = 0;

    while (zeros < 32 && !b->over && u1(b) == 0)
        zeros++;
    if (zeros == 32 || b->over) {
        b->over = true;
        return 0;
    }
    const uint64_t v = ((uint64_t)1 << zeros) - 1 + u(b, zeros);
    if (v > max) {
        b->over = true;
        return 0;
    }
    return (uint32_t)v;
}

#define UE_MAX 0xfffffffeu

/* Signed Exp-Golomb code, any value. */
static inline int64_t se(struct bits *b)
{
    const int64_t v = ue(b, UE_MAX);

    return v & 1 ? (v + 1) / 2 : -(v / 2);
}

#endif
