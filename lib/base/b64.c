/* SPDX-License-Identifier: MIT */
/* Base64 of file names, encoded with libb64, which breaks lines after 72 characters. Decoding is our
 * own: that library skips unknown characters, so that each one is looked up here for the check
 * anyway, and its call for every character was a quarter of the time of a batch of names. */
#include "base/b64.h"

#include <b64/cencode.h>
#include <string.h>

#define ENCODE_CHUNK 51 /* in bytes: a multiple of 3 that gives 68 characters, less than a line */
#define PAD          '.'

/* The value of a character plus one; 0: not in the alphabet. */
static const unsigned char value_plus1[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 64,
};

size_t trtc_b64_encode(const void *in, size_t n, char *out)
{
    const char *p = in;
    char *q = out;
    while (n > ENCODE_CHUNK) {
        base64_encodestate state;
        base64_init_encodestate(&state);
        q += base64_encode_block(p, ENCODE_CHUNK, q, &state);
        p += ENCODE_CHUNK;
        n -= ENCODE_CHUNK;
    }
    if (n) {
        base64_encodestate state;
        base64_init_encodestate(&state);
        q += base64_encode_block(p, (int)n, q, &state);
        q += base64_encode_blockend(q, &state);
        q--; /* the line break of the library */
    }
    *q = '\0';
    for (char *c = out; c < q; c++) {
        if (*c == '/')
            *c = '-';
        else if (*c == '=')
            *c = PAD;
    }
    return (size_t)(q - out);
}

int trtc_b64_check(const char *in, size_t n, size_t *bad)
{
    const unsigned char *s = (const unsigned char *)in;
    size_t i = 0;
    while (i < n && value_plus1[s[i]])
        i++;
    if (i == n) {
        *bad = n;
        return n % 4 ? -1 : 0;
    }
    /* the rest must be padding */
    *bad = i;
    if (s[i] != PAD || i % 4 < 2)
        return -1;
    unsigned unused = i % 4 == 2 ? 15 : 3;
    if ((value_plus1[s[i - 1]] - 1u) & unused) {
        *bad = i - 1;
        return -1;
    }
    size_t end = i + 4 - i % 4;
    for (; i < end; i++) {
        *bad = i;
        if (i == n || s[i] != PAD)
            return -1;
    }
    *bad = end;
    return n > end ? -1 : 0;
}

/* The bits of n <= 4 characters, which have been checked, at the top of 24. */
static unsigned long quantum(const unsigned char *s, size_t n)
{
    unsigned long bits = 0;
    for (size_t i = 0; i < n; i++)
        bits |= (value_plus1[s[i]] - 1ul) << (18 - 6 * i);
    return bits;
}

int trtc_b64_decode(const char *in, size_t n, unsigned char *out, size_t *len, size_t *bad)
{
    size_t offset;
    if (trtc_b64_check(in, n, &offset) < 0) {
        *bad = offset;
        return -1;
    }
    while (n && in[n - 1] == PAD)
        n--;
    const unsigned char *s = (const unsigned char *)in;
    unsigned char *q = out;
    for (; n >= 4; s += 4, n -= 4) {
        const unsigned long bits = quantum(s, 4);
        *q++ = (unsigned char)(bits >> 16);
        *q++ = (unsigned char)(bits >> 8);
        *q++ = (unsigned char)bits;
    }
    if (n >= 2)
        *q++ = (unsigned char)(quantum(s, n) >> 16);
    if (n == 3)
        *q++ = (unsigned char)(quantum(s, n) >> 8);
    *len = (size_t)(q - out);
    return 0;
}
