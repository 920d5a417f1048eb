/* SPDX-License-Identifier: MIT */
/* Makes keys from paths, using only their text. */
#include "put/key.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* ---- components ---- */

/* Gets the next component of *at (n bytes) and moves *at past it; NULL: there is none. Empty
 * components and "." are skipped. */
static const char *next_part(const char **at, size_t *n)
{
    for (;;) {
        const char *part = *at + strspn(*at, "/");
        *n = strcspn(part, "/");
        *at = part + *n;
        if (*n == 0)
            return NULL;
        if (*n != 1 || *part != '.')
            return part;
    }
}

static bool is_up(const char *part, size_t n)
{
    return n == 2 && part[0] == '.' && part[1] == '.';
}

/* Appends the components of path to out, which has n bytes; ".." removes one. Returns the new
 * length. */
static size_t resolve(char *out, size_t n, const char *path)
{
    const char *part;
    size_t len;
    while ((part = next_part(&path, &len))) {
        if (is_up(part, len)) {
            while (n && out[n - 1] != '/')
                n--;
            n -= n > 0;
            continue;
        }
        out[n++] = '/';
        memcpy(out + n, part, len);
        n += len;
    }
    out[n] = '\0';
    return n;
}

/* An absolute path without "." and ".."; the caller frees it. */
static char *absolute(const char *cwd, const char *path)
{
    char *out = malloc(strlen(cwd) + strlen(path) + 3);
    if (out)
        resolve(out, *path == '/' ? 0 : resolve(out, 0, cwd), path);
    return out;
}

/* The part of path below root, which points into path; NULL: it is not below root. Whole components
 * are compared. */
static const char *below(const char *root, const char *path)
{
    const char *want, *have;
    size_t n, len;
    while ((want = next_part(&root, &n))) {
        have = next_part(&path, &len);
        if (!have || len != n || memcmp(have, want, n) != 0)
            return NULL;
    }
    return path;
}

/* ---- prefixes ---- */

static bool has_dots(const char *s)
{
    for (; *s; s += strspn(s, "/")) {
        const size_t n = strcspn(s, "/");
        if (is_up(s, n) || (n == 1 && *s == '.'))
            return true;
        s += n;
    }
    return false;
}

/* Joins two texts, with a '/' between them if neither has one. */
static char *join(const char *a, const char *b, struct trtc_err *err)
{
    const size_t n = a ? strlen(a) : 0, len = strlen(b);
    char *out = malloc(n + len + 2);
    if (!out) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (n)
        memcpy(out, a, n);
    const size_t gap = n && out[n - 1] != '/';
    if (gap)
        out[n] = '/';
    memcpy(out + n + gap, b, len + 1);
    return out;
}

char *trtc_put_prefix(const char *what, const char *prefix, const char *part, struct trtc_err *err)
{
    if (!*part) {
        trtc_fail(err, TRTC_EX_USAGE, "%s: it is empty", what);
        return NULL;
    }
    if (has_dots(part)) {
        trtc_fail(err, TRTC_EX_USAGE, "%s: '.' and '..' cannot be directories of a key", what);
        return NULL;
    }
    return join(prefix, part, err);
}

/* ---- keys ---- */

/* Appends the components of path to prefix. NULL with a message: one is "..", or there are none. */
static char *key_of(const char *prefix, const char *path, const char *shown, struct trtc_err *err)
{
    const char *part;
    size_t n, len = 0;
    char *rest = malloc(strlen(path) + 1), *key = NULL;
    if (!rest) {
        trtc_fail_nomem(err);
        return NULL;
    }
    while ((part = next_part(&path, &n)) && !is_up(part, n)) {
        if (len)
            rest[len++] = '/';
        memcpy(rest + len, part, n);
        len += n;
    }
    rest[len] = '\0';
    if (part)
        trtc_fail(err, TRTC_EX_DATAERR, "%s: '..' leads out of the root", shown);
    else if (!len)
        trtc_fail(err, TRTC_EX_DATAERR, "%s: it is not a file", *shown ? shown : "''");
    else
        key = join(prefix, rest, err);
    free(rest);
    return key;
}

static char *key_below(const struct trtc_put_names *names, const char *root, const char *path,
                       const char *shown, struct trtc_err *err)
{
    const char *rest = below(root, path);
    if (rest)
        return key_of(names->prefix, rest, shown, err);
    if (names->root)
        trtc_fail(err, TRTC_EX_DATAERR, "%s: it is not below --root %s", shown, names->root);
    else
        trtc_fail(err, TRTC_EX_DATAERR,
                  "%s: it is not below the current directory: set with --root where keys begin",
                  shown);
    return NULL;
}

char *trtc_put_key(const struct trtc_put_names *names, const char *path, struct trtc_err *err)
{
    char shown[256];
    const char *root = names->root ? names->root : ".";
    trtc_text_show(path, strlen(path), shown, sizeof shown);
    if ((*root == '/') == (*path == '/'))
        return key_below(names, root, path, shown, err);
    char *full_root = absolute(names->cwd, root), *full_path = absolute(names->cwd, path);
    char *key = NULL;
    if (full_root && full_path)
        key = key_below(names, full_root, full_path, shown, err);
    else
        trtc_fail_nomem(err);
    free(full_root);
    free(full_path);
    return key;
}

/* ---- kinds of files ---- */

const char *trtc_put_mime(const char *path)
{
    static const char *const types[][2] = {
        { ".ts", "video/mp2t" },
        { ".m3u8", "application/vnd.apple.mpegurl" },
        { ".m3u", "application/vnd.apple.mpegurl" },
        { ".mp4", "video/mp4" },
        { ".m4a", "audio/mp4" },
        { ".aac", "audio/aac" },
        { ".json", "application/json" },
        { ".png", "image/png" },
        { ".jpg", "image/jpeg" },
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (trtc_ends_like(path, strlen(path), types[i][0]))
            return types[i][1];
    return NULL;
}
