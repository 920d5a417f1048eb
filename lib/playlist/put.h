/* SPDX-License-Identifier: MIT */
/* Text appended to a buffer that is known to be large enough; each returns the new end. Inline, since
 * batches of names spend their time here. */
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

static inline char *trtc_put_word(char *q, const char *s)
{
    return trtc_put_bytes(q, s, strlen(s));
}

/* Decimal, value >= 0: at most 19 digits. */
static inline char *trtc_put_number(char *q, int64_t value)
{
    char digits[20];
    size_t n = 0;
    do {
        digits[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    while (n)
        *q++ = digits[--n];
    return q;
}

#endif
