/* SPDX-License-Identifier: MIT */
/* Finds the files that a playlist names: RFC 8216, sections 4.1 and 4.3. */
#include "put/named.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

/* In capitals or not. */
static bool begins(const char *s, size_t n, const char *with)
{
    return n >= strlen(with) && strncasecmp(s, with, strlen(with)) == 0;
}

static bool has_scheme(const char *s, size_t n)
{
    size_t word = 0;
    while (word < n && !strchr(":/?#", s[word]))
        word++;
    return begins(s + word, n - word, "://") || begins(s, n, "data:");
}

/* Whether s names a file below the directory: no address ("http:", "data:"), not absolute, no
 * "..". */
static bool is_below(const char *s, size_t n)
{
    if (n == 0 || *s == '/')
        return false;
    if (has_scheme(s, n))
        return false;
    for (size_t i = 0; i < n;) {
        const char *end = memchr(s + i, '/', n - i);
        const size_t part = end ? (size_t)(end - s) - i : n - i;
        if (part == 2 && s[i] == '.' && s[i + 1] == '.')
            return false;
        i += part + 1;
    }
    return true;
}

/* Adds a name. With byte ranges the same name often occurs many times in a row. */
static int add(struct trtc_names *out, const char *s, size_t n)
{
    if (!is_below(s, n) || memchr(s, '\0', n))
        return 0;
    if (out->n && strlen(out->v[out->n - 1]) == n && memcmp(out->v[out->n - 1], s, n) == 0)
        return 0;
    char *name = strndup(s, n);
    const int ret = name ? trtc_names_add(out, name) : -1;
    free(name);
    return ret;
}

/* Adds the URI="..." of a tag. */
static int add_attribute(struct trtc_names *out, const char *s, size_t n)
{
    static const char name[] = "URI=\"";
    const size_t k = sizeof name - 1;
    for (size_t i = 1; i + k <= n; i++) {
        if (memcmp(s + i, name, k) != 0 || (s[i - 1] != ':' && s[i - 1] != ','))
            continue;
        const char *uri = s + i + k, *end = memchr(uri, '"', n - i - k);
        return end ? add(out, uri, (size_t)(end - uri)) : 0;
    }
    return 0;
}

static int add_line(struct trtc_names *out, const char *s, size_t n, bool *ended)
{
    static const char *const tags[] = { "#EXT-X-MAP:", "#EXT-X-KEY:", "#EXT-X-MEDIA:" };
    if (n == 0)
        return 0;
    if (*s != '#')
        return add(out, s, n);
    *ended |= begins(s, n, "#EXT-X-ENDLIST");
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++)
        if (begins(s, n, tags[i]))
            return add_attribute(out, s, n);
    return 0;
}

int trtc_put_named(const char *text, size_t n, struct trtc_names *out, bool *ended,
                   struct trtc_err *err)
{
    *ended = false;
    for (const char *s = text, *end = text + n; s < end;) {
        const char *lf = memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((lf ? lf : end) - s);
        const char *next = s + len + (lf != NULL);
        while (len && strchr(" \t\r", s[len - 1]))
            len--;
        for (size_t skip = 1; skip && len; s += skip, len -= skip)
            skip = trtc_text_blank(s, len);
        if (add_line(out, s, len, ended) < 0)
            return trtc_fail_nomem(err);
        s = next;
    }
    return 0;
}
