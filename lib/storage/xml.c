/* SPDX-License-Identifier: MIT */
/* Reads the XML in the answers of object stores. Nothing in it is trusted: in an invalid text
 * elements are not found, but nothing worse happens. */
#include "storage/xml_priv.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The rest of text from p on. */
static struct trtc_bytes from(struct trtc_bytes text, const uint8_t *p)
{
    return (struct trtc_bytes){ p, text.n - (size_t)(p - text.p) };
}

static const uint8_t *find(struct trtc_bytes text, const char *word, size_t n)
{
    const uint8_t *p = text.p;

    while (n && text.n >= n && (p = memchr(text.p, word[0], text.n - n + 1))) {
        if (!memcmp(p, word, n))
            return p;
        text = from(text, p + 1);
    }
    return NULL;
}

/* Finds the tag "<name>", "<name attribute...>" or "</name>"; *end: what follows it. */
static const uint8_t *find_tag(struct trtc_bytes text, const char *open, const char *name,
                               const uint8_t **end)
{
    const size_t n = strlen(name), n_open = strlen(open);
    const uint8_t *p, *close;

    while ((p = find(text, open, n_open))) {
        const struct trtc_bytes rest = from(text, p + n_open);

        if (rest.n > n && !memcmp(rest.p, name, n) && strchr("> \t\r\n/", rest.p[n]) && rest.p[n] &&
            (close = memchr(rest.p + n, '>', rest.n - n))) {
            *end = close + 1;
            return p;
        }
        text = rest;
    }
    return NULL;
}

bool trtc_xml_find(struct trtc_bytes text, const char *name, struct trtc_bytes *inner,
                   struct trtc_bytes *rest)
{
    const uint8_t *begin, *last, *after;

    if (!text.n || !find_tag(text, "<", name, &begin))
        return false;
    if (begin[-2] == '/') { /* <name/> */
        last = after = begin;
    } else if (!(last = find_tag(from(text, begin), "</", name, &after))) {
        return false;
    }
    if (inner)
        *inner = (struct trtc_bytes){ begin, (size_t)(last - begin) };
    if (rest)
        *rest = from(text, after);
    return true;
}

/* The ASCII character for which a reference stands; 0: another one, or none. *used: its length. */
static char reference(struct trtc_bytes text, size_t *used)
{
    static const struct {
        const char *name;
        char c;
    } known[] = {
        { "amp", '&' }, { "lt", '<' }, { "gt", '>' }, { "quot", '"' }, { "apos", '\'' },
    };
    char name[8], *end;
    size_t n = 1;
    long c;

    while (n < text.n && n <= sizeof name && text.p[n] != ';')
        n++;
    if (n == text.n || n > sizeof name || n == 1)
        return 0;
    memcpy(name, text.p + 1, n - 1);
    name[n - 1] = '\0';
    *used = n + 1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (!strcmp(name, known[i].name))
            return known[i].c;
    c = *name != '#' ? 0 : name[1] == 'x' ? strtol(name + 2, &end, 16) : strtol(name + 1, &end, 10);
    if (c > 0 && c < 128 && !*end)
        return (char)c;
    *used = 1;
    return 0;
}

bool trtc_xml_text(struct trtc_bytes text, const char *name, char *out, size_t size)
{
    struct trtc_bytes inner;
    size_t n = 0;

    *out = '\0';
    if (!trtc_xml_find(text, name, &inner, NULL))
        return false;
    while (inner.n && n + 1 < size) {
        size_t used = 1;
        const char c = *inner.p == '&' ? reference(inner, &used) : 0;

        out[n++] = c ? c : (char)*inner.p;
        inner = from(inner, inner.p + used);
    }
    out[n] = '\0';
    return true;
}
