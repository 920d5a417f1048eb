/* SPDX-License-Identifier: MIT */
/* Reads playlists from files, whether plain, gzip or UTF-16. */
#include "playlist/playlist_load.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/array.h"
#include "base/beneath.h"

enum { LAYERS_MAX = 2, GZIP_WINDOW = 16 + MAX_WBITS, CHUNK_BYTES = 256 * 1024 };

/* ---- gzip ---- */

struct grown {
    char *data;
    size_t n, cap;
};

static int check_size(const struct grown *g, struct trtc_err *err)
{
    if (g->n <= TRTC_PLAYLIST_BYTES_MAX)
        return 0;
    return trtc_fail(err, TRTC_EX_DATAERR, "compressed with gzip, and larger than %d bytes",
                     TRTC_PLAYLIST_BYTES_MAX);
}

/* Makes room for a chunk and one byte more. */
static int make_room(struct grown *g, struct trtc_err *err)
{
    if (check_size(g, err) < 0)
        return -1;
    if (trtc_array_reserve(&g->data, &g->cap, g->n + CHUNK_BYTES + 1, 1) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

/* Decompresses one gzip member. 0, or -1. */
static int inflate_member(z_stream *z, struct grown *g, struct trtc_err *err)
{
    int ret = Z_OK;
    while (ret == Z_OK) {
        if (make_room(g, err) < 0)
            return -1;
        const size_t room = g->cap - g->n - 1, most = TRTC_PLAYLIST_BYTES_MAX + 1 - g->n;
        z->next_out = (Bytef *)g->data + g->n;
        z->avail_out = (uInt)(room < most ? room : most);
        const uInt before = z->avail_out;
        ret = inflate(z, Z_NO_FLUSH);
        g->n += before - z->avail_out;
    }
    if (ret == Z_MEM_ERROR)
        return trtc_fail_nomem(err);
    if (ret != Z_STREAM_END)
        return trtc_fail(err, TRTC_EX_DATAERR, "compressed with gzip, and %s",
                         ret == Z_BUF_ERROR ? "cut" : "damaged");
    return check_size(g, err);
}

static int gunzip(char **text, int64_t *n, struct trtc_err *err)
{
    struct grown g = { 0 };
    z_stream z = { .next_in = (Bytef *)*text, .avail_in = (uInt)*n };
    int ret = inflateInit2(&z, GZIP_WINDOW) == Z_OK ? 0 : trtc_fail_nomem(err);
    if (ret < 0)
        return -1;
    do
        ret = inflate_member(&z, &g, err);
    while (ret == 0 && z.avail_in > 2 && z.next_in[0] == 0x1f && inflateReset(&z) == Z_OK);
    inflateEnd(&z);
    if (ret < 0) {
        free(g.data);
        return -1;
    }
    free(*text);
    *text = g.data;
    *n = (int64_t)g.n;
    return 0;
}

/* ---- UTF-16 ---- */

enum order { NO_UTF16, LITTLE, BIG };

/* The byte order, by the byte order mark or by the '#' with which a playlist begins. */
static enum order order_of(const char *s, int64_t n)
{
    if (n < 2 || (n >= 4 && memcmp(s, "\xff\xfe\0\0", 4) == 0)) /* that is UTF-32 */
        return NO_UTF16;
    if (memcmp(s, "\xff\xfe", 2) == 0 || memcmp(s, "#\0", 2) == 0)
        return LITTLE;
    return memcmp(s, "\xfe\xff", 2) == 0 || memcmp(s, "\0#", 2) == 0 ? BIG : NO_UTF16;
}

static uint32_t unit_at(const unsigned char *p, enum order order)
{
    return order == LITTLE ? (uint32_t)(p[0] | p[1] << 8) : (uint32_t)(p[0] << 8 | p[1]);
}

static char *put_utf8(char *q, uint32_t c)
{
    if (c < 0x80) {
        *q++ = (char)c;
        return q;
    }
    if (c < 0x800) {
        *q++ = (char)(0xc0 | c >> 6);
    } else if (c < 0x10000) {
        *q++ = (char)(0xe0 | c >> 12);
        *q++ = (char)(0x80 | (c >> 6 & 0x3f));
    } else {
        *q++ = (char)(0xf0 | c >> 18);
        *q++ = (char)(0x80 | (c >> 12 & 0x3f));
        *q++ = (char)(0x80 | (c >> 6 & 0x3f));
    }
    *q++ = (char)(0x80 | (c & 0x3f));
    return q;
}

static int from_utf16(char **text, int64_t *n, enum order order, struct trtc_err *err)
{
    const unsigned char *p = (unsigned char *)*text, *end = p + *n / 2 * 2;
    char *out = malloc((size_t)*n / 2 * 3 + 1), *q = out;
    if (!out)
        return trtc_fail_nomem(err);
    for (; p < end; p += 2) {
        uint32_t c = unit_at(p, order);
        const uint32_t next = end - p > 2 ? unit_at(p + 2, order) : 0;
        if (c >= 0xd800 && c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
            c = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
            p += 2;
        } else if (c >= 0xd800 && c < 0xe000) {
            c = 0xfffd;
        }
        q = put_utf8(q, c);
    }
    free(*text);
    *text = out;
    *n = q - out;
    return 0;
}

/* ---- the file ---- */

/* Makes an LF of each CR that ends a line by itself. */
static void end_lines(char *text, int64_t n)
{
    const char *end = text + n;
    for (char *p = text; (p = memchr(p, '\r', (size_t)(end - p))); p++)
        if (p + 1 == end || (p[1] != '\n' && p[1] != '\r'))
            *p = '\n';
}

/* Drops what is behind the text: NULs of a file that was not written completely when the machine
 * stopped, and the Ctrl-Z of DOS. */
static int64_t without_tail(const char *text, int64_t n)
{
    while (n > 0 && (text[n - 1] == '\0' || text[n - 1] == '\x1a'))
        n--;
    return n;
}

/* As trtc_playlist_text; *zeros: the text ends with NULs, which are dropped. */
static int take_text(char **text, int64_t *n, bool *zeros, struct trtc_err *err)
{
    for (int i = 0; i<LAYERS_MAX && * n> 2 && memcmp(*text, "\x1f\x8b", 2) == 0; i++)
        if (gunzip(text, n, err) < 0)
            return -1;
    const enum order order = order_of(*text, *n);
    if (order && from_utf16(text, n, order, err) < 0)
        return -1;
    const int64_t whole = *n;
    *n = without_tail(*text, *n);
    *zeros = *n < whole && memchr(*text + *n, '\0', (size_t)(whole - *n));
    end_lines(*text, *n);
    return 0;
}

int trtc_playlist_text(char **text, int64_t *n, struct trtc_err *err)
{
    bool zeros;
    return take_text(text, n, &zeros, err);
}

int trtc_playlist_load(int dirfd, const char *file, struct trtc_playlist *out, int64_t *bytes,
                       struct trtc_err *err)
{
    char *text = NULL;
    int64_t n = trtc_read_beneath(dirfd, file, TRTC_PLAYLIST_BYTES_MAX, &text, err);
    *out = (struct trtc_playlist){ 0 };
    if (n < 0)
        return -1;
    if (bytes)
        *bytes = n;
    bool zeros;
    if (take_text(&text, &n, &zeros, err) < 0) {
        free(text);
        return -1;
    }
    if (trtc_playlist_parse(text, (size_t)n, out, err) < 0)
        return -1;
    out->cut |= zeros && !out->ended;
    return 0;
}
