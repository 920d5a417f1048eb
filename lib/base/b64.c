/* SPDX-License-Identifier: MIT */
/* Base64 of file names through libb64. The checks and the alphabet are ours, since that library
 * breaks lines after 72 characters when it encodes, and skips unknown characters when it
 * decodes. */
#include "base/b64.h"

#include <b64/cdecode.h>
#include <b64/cencode.h>
#include <string.h>

#define ENCODE_CHUNK 51   /* in bytes: a multiple of 3 that gives 68 characters, less than a line */
#define DECODE_CHUNK 1024 /* in characters: a multiple of 4 */
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

int trtc_b64_decode(const char *in, size_t n, unsigned char *out, size_t *len, size_t *bad)
{
    size_t offset;
    if (trtc_b64_check(in, n, &offset) < 0) {
        *bad = offset;
        return -1;
    }
    while (n && in[n - 1] == PAD)
        n--;
    char *q = (char *)out;
    for (size_t k; n; in += k, n -= k) {
        char standard[DECODE_CHUNK];
        k = n < DECODE_CHUNK ? n : DECODE_CHUNK;
        for (size_t i = 0; i < k; i++)
            standard[i] = in[i] == '-' ? '/' : in[i];
        base64_decodestate state;
        base64_init_decodestate(&state);
        q += base64_decode_block(standard, (int)k, q, &state);
    }
    *len = (size_t)(q - (char *)out);
    return 0;
}
