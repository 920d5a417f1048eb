/* SPDX-License-Identifier: MIT */
/* Builds texts. */
#include "storage/text_priv.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 256 };

/* Does not use realloc, which leaves the old bytes behind: some texts contain a token. */
static bool reserve(struct trtc_draft *t, size_t need)
{
    size_t cap = t->cap ? t->cap : FIRST_ROOM;
    char *more;

    if (t->failed || need <= t->cap)
        return !t->failed;
    while (cap < need)
        cap *= 2;
    more = malloc(cap);
    if (!more) {
        t->failed = true;
        return false;
    }
    if (t->s) {
        memcpy(more, t->s, t->n);
        OPENSSL_cleanse(t->s, t->n);
    }
    free(t->s);
    t->s = more;
    t->cap = cap;
    return true;
}

void trtc_draft_put(struct trtc_draft *t, const char *s, size_t n)
{
    if (!reserve(t, t->n + n + 1))
        return;
    if (n)
        memcpy(t->s + t->n, s, n);
    t->n += n;
    t->s[t->n] = '\0';
}

void trtc_draft_word(struct trtc_draft *t, const char *s)
{
    trtc_draft_put(t, s, strlen(s));
}

void trtc_draft_lower(struct trtc_draft *t, const char *s)
{
    for (; *s; s++) {
        const char c = *s >= 'A' && *s <= 'Z' ? (char)(*s | 32) : *s;

        trtc_draft_put(t, &c, 1);
    }
}

void trtc_draft_number(struct trtc_draft *t, int64_t value)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%" PRId64, value);
    trtc_draft_word(t, digits);
}

void trtc_draft_hex(struct trtc_draft *t, const void *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char two[3];

        snprintf(two, sizeof two, "%02x", ((const unsigned char *)bytes)[i]);
        trtc_draft_word(t, two);
    }
}

void trtc_draft_percent(struct trtc_draft *t, const char *s, const char *keep)
{
    static const char stays[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                "0123456789-._~";

    for (; *s; s++) {
        char three[4];

        if (strchr(stays, *s) || strchr(keep, *s)) {
            trtc_draft_put(t, s, 1);
            continue;
        }
        snprintf(three, sizeof three, "%%%02X", (unsigned char)*s);
        trtc_draft_word(t, three);
    }
}

void trtc_draft_xml(struct trtc_draft *t, const char *s)
{
    for (; *s; s++) {
        switch (*s) {
        case '&':
            trtc_draft_word(t, "&amp;");
            break;
        case '<':
            trtc_draft_word(t, "&lt;");
            break;
        case '>':
            trtc_draft_word(t, "&gt;");
            break;
        case '"':
            trtc_draft_word(t, "&quot;");
            break;
        default:
            trtc_draft_put(t, s, 1);
        }
    }
}

char *trtc_draft_take(struct trtc_draft *t)
{
    char *s;

    trtc_draft_put(t, "", 0);
    s = t->s;
    if (t->failed) {
        trtc_draft_fini(t);
        return NULL;
    }
    *t = (struct trtc_draft){ 0 };
    return s;
}

void trtc_draft_fini(struct trtc_draft *t)
{
    if (t->s)
        OPENSSL_cleanse(t->s, t->n);
    free(t->s);
    *t = (struct trtc_draft){ 0 };
}
