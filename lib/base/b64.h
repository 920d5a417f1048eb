/* SPDX-License-Identifier: MIT */
/* Base64 as in TRTC file names: the standard alphabet with '-' for '/' and '.' for '='; '+' is
 * unchanged. */
#ifndef TRTC_BASE_B64_H
#define TRTC_BASE_B64_H

#include <stddef.h>

/* Buffer size for encoding n bytes, including the NUL (and what the library needs). */
#define TRTC_B64_ENCODED_MAX(n) (((n) + 2) / 3 * 4 + (n) / 54 + 4)
/* Buffer size for decoding n characters. */
#define TRTC_B64_DECODED_MAX(n) ((n) / 4 * 3 + 4)

/* Encodes n bytes to out, which is NUL-terminated. Returns the length. Never fails. */
size_t trtc_b64_encode(const void *in, size_t n, char *out);

/* Decodes n characters, which must be canonical (alphabet, padding, unused bits zero). 0 and *len,
 * or -1 and *bad: offset of the first wrong character (n: characters are missing). */
int trtc_b64_decode(const char *in, size_t n, unsigned char *out, size_t *len, size_t *bad);

/* Checks without decoding. 0, or -1 and *bad. */
int trtc_b64_check(const char *in, size_t n, size_t *bad);

#endif
