/* SPDX-License-Identifier: MIT */
/* Text that comes from outside: escaping for lines and terminals, UTF-8 checks. */
#ifndef TRTC_BASE_TEXT_H
#define TRTC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* True if the n bytes are well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF). */
bool trtc_utf8_valid(const void *s, size_t n);

/* True if the n bytes at s end in end. */
bool trtc_ends_with(const char *s, size_t n, const char *end);

/* Writes at most size - 1 bytes of s to out, with control characters (C0, DEL, C1, those of direction, separators of
 * lines and paragraphs), backslash and bytes of ill-formed UTF-8 as \t \n \r \\ \xHH, and a NUL; cut with "..." where
 * it does not fit. Returns out. */
char *trtc_text_show(const void *s, size_t n, char *out, size_t size);

/* The same for a message whose parts are escaped already: backslashes stay as they are. */
char *trtc_text_line(const void *s, size_t n, char *out, size_t size);

/* The same for a text that is drawn onto a picture: what changes directions, and separators, stay as well. */
char *trtc_text_drawn(const void *s, size_t n, char *out, size_t size);

/* The same escapes into a buffer of at least 4 * n + 1 bytes, nothing cut. Returns the length. */
size_t trtc_text_escape(const void *s, size_t n, char *out);

/* The same to a stream, without memory. */
void trtc_text_put(const void *s, size_t n, FILE *out);

/* The escape of what stands at s (n > 0 bytes); *used of them. Returns its length. */
#define TRTC_TEXT_PIECE_MAX 12
size_t trtc_text_piece(const void *s, size_t n, char out[TRTC_TEXT_PIECE_MAX], size_t *used);

#endif
