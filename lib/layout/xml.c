/* SPDX-License-Identifier: MIT */
/* Text in XML. */
#include "layout/xml.h"

#include <string.h>

#include "base/text.h"

/* Writes one character of n bytes. */
static void put_char(const char *s, size_t n, FILE *out)
{
    switch (*s) {
    case '&':
        fputs("&amp;", out);
        return;
    case '<':
        fputs("&lt;", out);
        return;
    case '>':
        fputs("&gt;", out);
        return;
    case '"':
        fputs("&quot;", out);
        return;
    }
    /* XML 1.0, 2.2: control characters, U+FFFE and U+FFFF are not allowed. */
    if ((unsigned char)*s < 0x20 || *s == 0x7f ||
        (n == 2 && *s == '\xc2' && (unsigned char)s[1] < 0xa0) ||
        (n == 3 && (memcmp(s, "\xef\xbf\xbe", 3) == 0 || memcmp(s, "\xef\xbf\xbf", 3) == 0)))
        fputc('?', out);
    else
        fwrite(s, 1, n, out);
}

/* The number of bytes of the UTF-8 character at s. */
static size_t char_len(const char *s)
{
    size_t k = 1;
    while (((unsigned char)s[k] & 0xc0) == 0x80)
        k++;
    return k;
}

void trtc_xml_put(const char *s, size_t max, FILE *out)
{
    const size_t n = strlen(s);
    const bool is_text = trtc_utf8_valid(s, n);
    for (size_t i = 0, done = 0, used; i < n; i += used) {
        char piece[TRTC_TEXT_PIECE_MAX];
        size_t k = used = char_len(s + i);
        if (!is_text)
            k = trtc_text_piece(s + i, n - i, piece, &used);
        if (done + k > max) {
            fputs("…", out);
            return;
        }
        put_char(is_text ? s + i : piece, k, out);
        done += k;
    }
}
