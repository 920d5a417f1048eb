/* SPDX-License-Identifier: MIT */
/* Templates for addresses. */
#include "api/source_url.h"

#include <string.h>

struct text {
    char *at, *end; /* end: where the final NUL may be at the latest */
    bool full;
};

static void put(struct text *t, char c)
{
    if (t->at < t->end)
        *t->at++ = c;
    else
        t->full = true;
}

static void put_escaped(struct text *t, const char *s)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    static const char digits[] = "0123456789ABCDEF";
    for (; *s; s++) {
        const unsigned char c = (unsigned char)*s;
        if (strchr(plain, *s)) {
            put(t, *s);
            continue;
        }
        put(t, '%');
        put(t, digits[c >> 4]);
        put(t, digits[c & 15]);
    }
}

bool trtc_source_url(const char *template, const struct trtc_room_event *e, char *out, size_t size)
{
    const bool aux = e->type == TRTC_ROOM_AUX || e->type == TRTC_ROOM_AUX_END;
    const struct {
        const char *name, *value;
    } words[] = { { "{room}", e->room },
                  { "{user}", e->user },
                  { "{media}", aux ? "aux" : "main" } };
    struct text t = { out, out + size - 1, false };
    for (const char *s = template; *s;) {
        size_t i = 0;
        while (i < 3 && strncmp(s, words[i].name, strlen(words[i].name)) != 0)
            i++;
        if (i < 3) {
            put_escaped(&t, words[i].value);
            s += strlen(words[i].name);
        } else {
            put(&t, *s++);
        }
    }
    *t.at = '\0';
    return !t.full;
}
