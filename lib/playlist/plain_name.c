/* SPDX-License-Identifier: MIT */
/* Removes what tools have added to the name of a recording's file. */
#include "playlist/plain_name.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "playlist/name.h"

static const char *const extensions[] = { ".ts", ".m3u8", ".mp4" };
static const char user_mark[] = "__UserId_s_";
enum { NB_EXTENSIONS = sizeof extensions / sizeof *extensions, DECODE_PASSES = 3 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether s consists of letters, digits and the other characters in names of recordings. */
static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(s[i] >= 'a' && s[i] <= 'z') && !(s[i] >= 'A' && s[i] <= 'Z') && !is_digit(s[i]) &&
            !memchr("_-.+", s[i], 4))
            return false;
    return true;
}

static int hex(char c)
{
    return is_digit(c)            ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes percent-encoding in place, except a NUL. True if there was something to decode. */
static bool decode(char *s)
{
    bool any = false;
    char *to = s;
    for (; *s; s++) {
        const int high = *s == '%' ? hex(s[1]) : -1, low = high >= 0 ? hex(s[2]) : -1;
        if (low >= 0 && (high || low)) {
            *to++ = (char)(high << 4 | low);
            s += 2;
            any = true;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
    return any;
}

/* Reduces s to its last component, with either kind of slash, without query and fragment. */
static void take_base(char *s)
{
    char *end = s + strcspn(s, "?#");
    char *base = end;
    *end = '\0';
    while (base > s && base[-1] != '/' && base[-1] != '\\')
        base--;
    memmove(s, base, (size_t)(end - base) + 1);
}

/* The extension at the end of s, or -1. */
static int ext_of(const char *s, size_t n)
{
    for (int i = 0; i < NB_EXTENSIONS; i++) {
        const size_t k = strlen(extensions[i]);
        if (n > k && strncasecmp(s + n - k, extensions[i], k) == 0)
            return i;
    }
    return -1;
}

/* Removes what follows a complete name: ".gz", ".txt", the ".1" of a second download, a query that
 * became part of the name. */
static void drop_tail(char *s)
{
    s[strcspn(s, "@&")] = '\0';
    for (size_t n = strlen(s); n > 0; n--)
        if (s[n] == '.' || s[n] == '\0')
            if (ext_of(s, n) >= 0) {
                s[n] = '\0';
                return;
            }
}

/* Whether the text from p to the end of the stem marks a copy: " - Copy" and its translations, "
 * copy 2", "(1)", " 2", or anything outside ASCII. */
static bool is_mark(const char *p, const char *end)
{
    const size_t left = (size_t)(end - p);
    if ((unsigned char)*p >= 0x80 || (left > 3 && memcmp(p, " - ", 3) == 0))
        return true;
    if (left > 2 && *p == '(' && is_digit(p[1]) && end[-1] == ')')
        return true;
    if (left >= 5 && strncasecmp(p, " copy", 5) == 0 && (left == 5 || p[5] == ' '))
        return true;
    for (p++; p < end && is_digit(*p);)
        p++;
    return left > 1 && end[-(ptrdiff_t)left] == ' ' && p == end;
}

/* Removes the mark of a copy before extension ext, and restores the '+' of Base64. */
static void drop_mark(char *s, int ext)
{
    char *end = s + strlen(s) - strlen(extensions[ext]), *p = s + 1;
    while (p < end && !is_mark(p, end))
        p++;
    while (p > s && p[-1] == ' ')
        p--;
    memcpy(p, extensions[ext], strlen(extensions[ext]) + 1);
    for (p = s; *p; p++)
        *p = *p == ' ' ? '+' : *p;
}

/* Removes what tools add, if the result is the name of a recording. */
static void strip(char *s)
{
    char stripped[TRTC_PLAIN_MAX];
    struct trtc_name name;
    size_t n = strlen(s);
    if (n == 0 || n >= sizeof stripped)
        return;
    memcpy(stripped, s, n + 1);
    drop_tail(stripped);
    const int ext = ext_of(stripped, strlen(stripped));
    if (ext < 0)
        return;
    drop_mark(stripped, ext);
    n = strlen(stripped);
    if (trtc_name_parse(stripped, n, TRTC_ROOM_AUTO, &name, NULL, NULL) == 0)
        memcpy(s, stripped, n + 1);
}

/* ---- a name within other text ---- */

static bool is_recordings(const char *s, size_t n, bool users)
{
    struct trtc_name name;
    return trtc_name_parse(s, n, TRTC_ROOM_AUTO, &name, NULL, NULL) == 0 && (name.user.p || !users);
}

/* Finds where a name begins whose "__UserId_s_", or the '_' before its time, is at end: the room,
 * the application and "ha1_" are in front of it. NULL: they are not. */
static const char *begin_of(const char *s, const char *end)
{
    const char *p = end;
    while (p > s && (is_plain(p - 1, 1) || p[-1] == ' ') && p[-1] != '_')
        p--;
    if (p == s || *--p != '_')
        return NULL;
    while (p > s && is_digit(p[-1]))
        p--;
    return p - s >= 4 && strncmp(p - 4, "ha", 2) == 0 && p[-1] == '_' ? p - 4 : p;
}

/* Whether what a tool added may begin at s, and lasts to the end of the stem: " (copy)", "[1]",
 * ".1", "-1". */
static bool is_added(const char *s, const char *end)
{
    if (strchr(" ([.~", *s) || (unsigned char)*s >= 0x80)
        return true;
    const size_t n = strspn(s + 1, "0123456789");
    return (*s == '_' || *s == '-') && n > 0 && s + 1 + n == end;
}

/* Takes the stem up to end, or up to what a tool has added to it, with that extension. */
static bool take_stem(const char *stem, const char *end, int ext, char out[TRTC_PLAIN_MAX])
{
    const size_t k = strlen(extensions[ext]);
    if (end - stem + k >= TRTC_PLAIN_MAX)
        return false;
    for (const char *p = end; p > stem; p--) {
        const size_t n = (size_t)(p - stem);
        if (p < end && !is_added(p, end))
            continue;
        for (size_t i = 0; i < n; i++)
            out[i] = stem[i] == ' ' ? '+' : stem[i];
        memcpy(out + n, extensions[ext], k + 1);
        if (is_recordings(out, n + k, true))
            return true;
    }
    return false;
}

static bool ends_word(char c)
{
    return !is_plain(&c, 1) || strchr("_-.", c);
}

/* Searches s for the name of a file of one user: in quotation marks, in a parameter, in front of a
 * session's number, behind "Copy of ". */
static bool find_name(const char *s, char out[TRTC_PLAIN_MAX])
{
    const char *user = NULL, *begin;
    for (const char *next = s; (next = strstr(next, user_mark)) != NULL; next++)
        user = next;
    if (!user || (begin = begin_of(s, user)) == NULL)
        return false;
    for (const char *dot = user; (dot = strchr(dot, '.')) != NULL; dot++)
        for (int ext = 0; ext < NB_EXTENSIONS; ext++) {
            const size_t n = strlen(extensions[ext]);
            if (strncasecmp(dot, extensions[ext], n) == 0 && ends_word(dot[n]))
                return take_stem(begin, dot, ext, out);
        }
    return false;
}

/* Whether this may follow the time in the name of a segment: an extension of transport streams, or
 * none at all, with what tools add. "_av.mp4" may not. */
static bool is_tail(const char *s)
{
    static const char *const streams[] = { ".ts",   ".m2ts",   ".mts",  ".m2t",
                                           ".mp2t", ".mpegts", ".mpeg", ".mpg" };
    const size_t n = strcspn(s, "/\\");
    for (const char *dot = s; (dot = strchr(dot, '.')) != NULL && dot < s + n; dot++)
        for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
            const size_t k = strlen(streams[i]);
            if (strncasecmp(dot, streams[i], k) == 0 && ends_word(dot[k]))
                return true;
        }
    return s[n] == '\0' && !memchr(s, '.', n);
}

/* Searches s for the name of a segment by the time that ends it. */
static bool find_segment(const char *s, char out[TRTC_PLAIN_MAX])
{
    const char *user = NULL, *begin;
    for (const char *p = s; (p = strchr(p, '_')) != NULL; p++) {
        const char *end = p + 1 + TRTC_UTC_LEN;
        if (strncmp(p, user_mark, sizeof user_mark - 1) == 0)
            user = p;
        if (strspn(p + 1, "0123456789") != TRTC_UTC_LEN || !is_tail(end) ||
            (begin = begin_of(s, user ? user : p)) == NULL || end - begin + 4 > TRTC_PLAIN_MAX)
            continue;
        const size_t n = (size_t)(end - begin);
        for (size_t i = 0; i < n; i++)
            out[i] = begin[i] == ' ' ? '+' : begin[i];
        memcpy(out + n, ".ts", 4);
        if (is_recordings(out, n + 3, false))
            return true;
    }
    return false;
}

/* Searches all of s, not only what is behind its last slash. */
static bool find(const char *s, size_t n, char out[TRTC_PLAIN_MAX])
{
    char work[4096];
    memcpy(work, s, n);
    work[n] = '\0';
    for (int i = 0; i < DECODE_PASSES && decode(work); i++)
        ;
    return find_name(work, out) || find_segment(work, out);
}

bool trtc_plain_name(const char *s, size_t n, char out[TRTC_PLAIN_MAX])
{
    char work[4096];
    struct trtc_name name;
    const char *query = n >= sizeof work ? memchr(s, '?', n) : NULL; /* with a long signature */
    n = query ? (size_t)(query - s) : n;
    if (n == 0 || n >= sizeof work || memchr(s, '\0', n))
        return false;
    memcpy(work, s, n);
    work[n] = '\0';
    if (!is_plain(s, n) || trtc_name_parse(s, n, TRTC_ROOM_AUTO, &name, NULL, NULL) < 0) {
        take_base(work);
        for (int i = 0; i < DECODE_PASSES && decode(work); i++)
            take_base(work);
        strip(work);
        if (!is_recordings(work, strlen(work), false) && find(s, n, out))
            return true;
    }
    n = strlen(work);
    if (n == 0 || n >= TRTC_PLAIN_MAX)
        return false;
    memcpy(out, work, n + 1);
    return true;
}

bool trtc_plain_path(const char *s, bool as_is, char out[TRTC_PLAIN_PATH_MAX])
{
    const size_t n = as_is ? strlen(s) : strcspn(s, "?#");
    if (n >= TRTC_PLAIN_PATH_MAX)
        return false;
    memcpy(out, s, n);
    out[n] = '\0';
    if (!as_is)
        decode(out);
    for (char *p = out; (p = strchr(p, '\\')) != NULL;)
        *p = '/';
    const char *begin = out;
    for (const char *p = out, *slash; (slash = strchr(p, '/')) != NULL; p = slash + 1) {
        const bool up = slash - p == 2 && p[0] == '.' && p[1] == '.';
        if (up || (slash == p && p == begin) || (slash > p && slash[-1] == ':'))
            begin = slash + 1;
    }
    memmove(out, begin, strlen(begin) + 1);
    return strchr(out, '/');
}

bool trtc_is_playlist_name(const char *path)
{
    const size_t n = strlen(path);
    return trtc_ends_like(path, n, ".m3u8") || trtc_ends_like(path, n, ".m3u");
}
