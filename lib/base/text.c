/* SPDX-License-Identifier: MIT */
/* Text from outside: UTF-8 checks, and escapes that keep text within its line and from controlling
 * the terminal. */
#include "base/text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* The length of the well-formed UTF-8 sequence at s, or 0 (Unicode, table 3-7). */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
    unsigned char c = s[0];
    if (c < 0x80)
        return 1;
    size_t len = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (!len || len > n)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && s[1] < 0xa0) || (c == 0xed && s[1] > 0x9f) || (c == 0xf0 && s[1] < 0x90) ||
        (c == 0xf4 && s[1] > 0x8f))
        return 0;
    return len;
}

bool trtc_utf8_valid(const void *s, size_t n)
{
    const unsigned char *p = s, *end = p + n;
    while (p < end) {
        /* most text is ASCII: eight bytes at a time */
        uint64_t eight;
        while (end - p >= 8 && (memcpy(&eight, p, 8), !(eight & UINT64_C(0x8080808080808080))))
            p += 8;
        if (p == end)
            break;
        if (*p < 0x80) {
            p++;
            continue;
        }
        size_t len = utf8_sequence(p, (size_t)(end - p));
        if (!len)
            return false;
        p += len;
    }
    return true;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '\\';
}

static size_t put_hex(unsigned char c, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    out[0] = '\\';
    out[1] = 'x';
    out[2] = digits[c >> 4];
    out[3] = digits[c & 15];
    return 4;
}

/* Whether the character of len bytes affects a terminal or a reader of lines: C1 controls, marks
 * and overrides that change the direction of text (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066
 * to U+2069), and the separators of lines and paragraphs (U+2028, U+2029). */
static bool acts(const unsigned char *s, size_t len)
{
    if (len == 2)
        return (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xd8 && s[1] == 0x9c);
    if (len != 3 || s[0] != 0xe2)
        return false;
    return (s[1] == 0x80 && (s[2] == 0x8e || s[2] == 0x8f || (s[2] >= 0xa8 && s[2] <= 0xae))) ||
           (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

/* drawn: for a picture, where directions and separators are harmless. */
static size_t put_piece(const unsigned char *s, size_t n, bool drawn, char *out, size_t *used)
{
    *used = 1;
    if (is_plain(*s)) {
        out[0] = (char)*s;
        return 1;
    }
    char letter = *s == '\t' ? 't' : *s == '\n' ? 'n' : *s == '\r' ? 'r' : *s == '\\' ? '\\' : '\0';
    if (letter) {
        out[0] = '\\';
        out[1] = letter;
        return 2;
    }
    size_t len = *s < 0x80 ? 0 : utf8_sequence(s, n);
    if (!len)
        return put_hex(*s, out);
    *used = len;
    if (drawn ? len != 2 || s[0] != 0xc2 || s[1] >= 0xa0 : !acts(s, len)) {
        memcpy(out, s, len);
        return len;
    }
    for (size_t i = 0; i < len; i++)
        put_hex(s[i], out + 4 * i);
    return 4 * len;
}

size_t trtc_text_piece(const void *s, size_t n, char out[TRTC_TEXT_PIECE_MAX], size_t *used)
{
    return put_piece(s, n, false, out, used);
}

/* Characters that show() leaves unchanged. */
enum { BACKSLASHES = 1, DIRECTIONS = 2 };

static char *show(const void *s, size_t n, int keep, char *out, size_t size)
{
    static const char dots[] = "...";
    const unsigned char *p = s;
    size_t len = 0, cut = 0; /* cut: the last place where the dots still fit */
    if (!size)
        return out;
    while (n) {
        char piece[TRTC_TEXT_PIECE_MAX];
        size_t used, k = put_piece(p, n, keep & DIRECTIONS, piece, &used);
        if (*p == '\\' && keep & BACKSLASHES)
            k = 1;
        if (len + k >= size) {
            len = cut;
            for (size_t i = 0; i < sizeof dots - 1 && len < size - 1; i++)
                out[len++] = dots[i];
            break;
        }
        memcpy(out + len, piece, k);
        len += k;
        if (len + sizeof dots <= size)
            cut = len;
        p += used;
        n -= used;
    }
    out[len] = '\0';
    return out;
}

char *trtc_text_show(const void *s, size_t n, char *out, size_t size)
{
    return show(s, n, 0, out, size);
}

char *trtc_text_line(const void *s, size_t n, char *out, size_t size)
{
    return show(s, n, BACKSLASHES, out, size);
}

char *trtc_text_drawn(const void *s, size_t n, char *out, size_t size)
{
    return show(s, n, BACKSLASHES | DIRECTIONS, out, size);
}

size_t trtc_text_escape(const void *s, size_t n, char *out)
{
    const unsigned char *p = s, *end = p + n;
    char *q = out;
    while (p < end) {
        if (is_plain(*p)) {
            *q++ = (char)*p++;
            continue;
        }
        size_t used;
        q += trtc_text_piece(p, (size_t)(end - p), q, &used);
        p += used;
    }
    *q = '\0';
    return (size_t)(q - out);
}

void trtc_text_put(const void *s, size_t n, FILE *out)
{
    const unsigned char *p = s;
    while (n) {
        char piece[TRTC_TEXT_PIECE_MAX];
        size_t used, k = trtc_text_piece(p, n, piece, &used);
        fwrite(piece, 1, k, out);
        p += used;
        n -= used;
    }
}

size_t trtc_text_mark(const char *s, size_t n)
{
    return n >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

size_t trtc_text_blank(const char *s, size_t n)
{
    if (n > 0 && memchr(" \t\r", *s, 3))
        return 1;
    if (n >= 2 && memcmp(s, "\xc2\xa0", 2) == 0)
        return 2;
    return n >= 3 && memcmp(s, "\xe2\x80\x8b", 3) == 0 ? 3 : trtc_text_mark(s, n);
}

bool trtc_ends_with(const char *s, size_t n, const char *end)
{
    const size_t k = strlen(end);
    return n >= k && memcmp(s + n - k, end, k) == 0;
}

bool trtc_ends_like(const char *s, size_t n, const char *end)
{
    const size_t k = strlen(end);
    return n >= k && strncasecmp(s + n - k, end, k) == 0;
}

const char *trtc_text_s(int64_t n)
{
    return n == 1 ? "" : "s";
}
