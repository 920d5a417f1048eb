/* SPDX-License-Identifier: MIT */
/* Text from outside: escaping for lines and terminals, UTF-8 checks. */
#ifndef TRTC_BASE_TEXT_H
#define TRTC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Whether n bytes are well-formed UTF-8 (no surrogates, no overlong forms, up to U+10FFFF). */
bool trtc_utf8_valid(const void *s, size_t n);

/* Whether the n bytes at s end with end. */
bool trtc_ends_with(const char *s, size_t n, const char *end);

/* The same, whether letters are capitals or not. */
bool trtc_ends_like(const char *s, size_t n, const char *end);

/* Returns the ending of a word that follows a number: "" after 1, else "s". */
const char *trtc_text_s(int64_t n);

/* Returns the length of a byte order mark of UTF-8 at s, which has n bytes: 3, or 0. */
size_t trtc_text_mark(const char *s, size_t n);

/* Returns the length of a character at s (n bytes) that shows nothing: a blank, a tab, a CR, a byte
 * order mark, and what copied web pages have: U+00A0, U+200B. 0: there is something else. */
size_t trtc_text_blank(const char *s, size_t n);

/* Writes at most size - 1 bytes of s and a NUL to out. Control characters (C0, DEL, C1, marks of
 * direction, separators of lines and paragraphs), backslashes and ill-formed UTF-8 become \t \n \r
 * \\ \xHH. A result that does not fit ends in "...". Returns out. */
char *trtc_text_show(const void *s, size_t n, char *out, size_t size);

/* The same for a message whose parts are already escaped: backslashes are unchanged. */
char *trtc_text_line(const void *s, size_t n, char *out, size_t size);

/* The same for a text to be drawn in a picture: marks of direction and separators are unchanged,
 * too. */
char *trtc_text_drawn(const void *s, size_t n, char *out, size_t size);

/* Writes the same escapes to a buffer of at least 4 * n + 1 bytes, without truncation. Returns the
 * length. */
size_t trtc_text_escape(const void *s, size_t n, char *out);

/* Prints the same to a stream, without allocating memory. */
void trtc_text_put(const void *s, size_t n, FILE *out);

/* Writes the escape for the beginning of s (n > 0 bytes); *used: how many bytes it covers. Returns
 * its length. */
#define TRTC_TEXT_PIECE_MAX 12
size_t trtc_text_piece(const void *s, size_t n, char out[TRTC_TEXT_PIECE_MAX], size_t *used);

#endif
