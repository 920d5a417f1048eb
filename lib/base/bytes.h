/* SPDX-License-Identifier: MIT */
/* A range of bytes owned by someone else, a hash of bytes, and numbers in them. */
#ifndef TRTC_BASE_BYTES_H
#define TRTC_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct trtc_bytes { /* all zeros: none */
    const uint8_t *p;
    size_t n;
};

/* Returns the number in n <= 8 bytes, the most significant one first. */
static inline uint64_t trtc_be(const uint8_t *p, int n)
{
    uint64_t v = 0;
    while (n-- > 0)
        v = v << 8 | *p++;
    return v;
}

/* Whether there are bytes, and all of them have this value. */
static inline bool trtc_are_all(const uint8_t *p, size_t n, uint8_t value)
{
    return n > 0 && *p == value && memcmp(p, p + 1, n - 1) == 0;
}

#define TRTC_HASH_NOTHING UINT64_C(0xcbf29ce484222325) /* the hash of no bytes */

/* Returns the hash (FNV-1a) of the bytes that have the hash h, followed by n bytes of data. It
 * distinguishes contents, but not if somebody wants two of them to have the same hash. */
static inline uint64_t trtc_hash(uint64_t h, const void *data, size_t n)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

#endif
