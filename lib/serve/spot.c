/* SPDX-License-Identifier: MIT */
/* Rooms and users in paths. */
#include "serve/spot.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool trtc_spot_is_name(const char *s, size_t n, size_t max)
{
    if (n == 0 || n > max || !trtc_utf8_valid(s, n))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < ' ' || s[i] == 0x7f || s[i] == '/')
            return false;
    return !(s[0] == '.' && (n == 1 || (n == 2 && s[1] == '.')));
}

/* Takes the next part of the path, which must begin with '/'. */
static bool take(const char **path, char *out, size_t max)
{
    if (**path != '/')
        return false;
    const char *s = *path + 1;
    const size_t n = strcspn(s, "/");
    if (!trtc_spot_is_name(s, n, max))
        return false;
    memcpy(out, s, n);
    out[n] = '\0';
    *path = s + n;
    return true;
}

bool trtc_spot_parse(const char *path, struct trtc_spot *out)
{
    *out = (struct trtc_spot){ 0 };
    if (!take(&path, out->room, TRTC_SPOT_ROOM_MAX) || strcmp(out->room, "events") == 0)
        return false;
    if (*path && !take(&path, out->user, TRTC_SPOT_USER_MAX))
        return false;
    out->aux = strcmp(path, "/aux") == 0;
    return !*path || out->aux;
}

static char *put_part(const char *s, char *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    *out++ = '/';
    for (; *s; s++) {
        if (strchr(plain, *s))
            *out++ = *s;
        else
            out += snprintf(out, 4, "%%%02X", (unsigned char)*s);
    }
    *out = '\0';
    return out;
}

bool trtc_spot_same(const struct trtc_spot *a, const struct trtc_spot *b)
{
    return a->aux == b->aux && strcmp(a->room, b->room) == 0 && strcmp(a->user, b->user) == 0;
}

const char *trtc_spot_url(const struct trtc_spot *s, char out[TRTC_SPOT_URL_MAX + 1])
{
    char *end = put_part(s->room, out);
    if (*s->user)
        end = put_part(s->user, end);
    if (s->aux)
        memcpy(end, "/aux", sizeof "/aux");
    return out;
}
