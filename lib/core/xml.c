/* SPDX-License-Identifier: MIT */
/* Text in XML. */
#include "core/xml.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

/* One character of n bytes. */
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
    /* XML 1.0, 2.2: control characters, U+FFFE and U+FFFF are none. */
    if ((unsigned char)*s < 0x20 || *s == 0x7f ||
        (n == 3 && (memcmp(s, "\xef\xbf\xbe", 3) == 0 || memcmp(s, "\xef\xbf\xbf", 3) == 0)))
        fputc('?', out);
    else
        fwrite(s, 1, n, out);
}

int trtc_xml_put(const char *s, size_t max, FILE *out)
{
    size_t n = strlen(s);
    char *escaped = NULL;
    if (!trtc_utf8_valid(s, n)) {
        escaped = malloc(4 * n + 1);
        if (!escaped)
            return -1;
        n = trtc_text_escape(s, n, escaped);
        s = escaped;
    }
    size_t i = 0;
    while (i < n) {
        size_t k = 1;
        while (i + k < n && ((unsigned char)s[i + k] & 0xc0) == 0x80)
            k++;
        if (i + k > max)
            break;
        put_char(s + i, k, out);
        i += k;
    }
    if (i < n)
        fputs("…", out);
    free(escaped);
    return 0;
}
