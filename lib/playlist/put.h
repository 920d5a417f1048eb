/* SPDX-License-Identifier: MIT */
/* Appends text to a buffer that must be large enough; each function returns the new end. They are
 * inline because batches of names spend their time here. */
#ifndef TRTC_PLAYLIST_PUT_H
#define TRTC_PLAYLIST_PUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline char *trtc_put_bytes(char *q, const char *s, size_t n)
{
    memcpy(q, s, n);
    return q + n;
}

/* Appends a string literal, whose length the compiler knows. */
#define TRTC_PUT(q, literal) trtc_put_bytes((q), "" literal, sizeof(literal) - 1)

/* Appends a word of a few letters, for which calls of strlen and memcpy would take longer. */
static inline char *trtc_put_word(char *q, const char *s)
{
    while (*s)
        *q++ = *s++;
    return q;
}

/* Appends a decimal number, value >= 0: at most 19 digits. */
static inline char *trtc_put_number(char *q, int64_t value)
{
    char digits[20];
    size_t n = 0;
    uint64_t rest = (uint64_t)value; /* divided faster than a number with a sign */
    do {
        digits[n++] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    while (n)
        *q++ = digits[--n];
    return q;
}

#endif
