/* SPDX-License-Identifier: MIT */
/* Base64 as TRTC file names have it: the standard alphabet with '/' as '-' and '=' as '.'; '+' stays. */
#ifndef TRTC_BASE_B64_H
#define TRTC_BASE_B64_H

#include <stddef.h>

/* Bytes needed for the encoding of n bytes, with the closing NUL (and the library's slack). */
#define TRTC_B64_ENCODED_MAX(n) (((n) + 2) / 3 * 4 + (n) / 54 + 4)
/* Bytes needed to decode n characters. */
#define TRTC_B64_DECODED_MAX(n) ((n) / 4 * 3 + 4)

/* Encodes; returns the length, out is NUL-terminated. Never fails. */
size_t trtc_b64_encode(const void *in, size_t n, char *out);

/* Decodes n characters, which must be canonical (right alphabet, right padding, unused bits zero).
 * Returns 0 and *len, or -1 with *bad = offset of the first character that cannot stand. */
int trtc_b64_decode(const char *in, size_t n, unsigned char *out, size_t *len, size_t *bad);

/* The check alone, without decoding. Returns 0, or -1 with *bad. */
int trtc_b64_check(const char *in, size_t n, size_t *bad);

#endif
