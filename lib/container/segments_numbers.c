/* SPDX-License-Identifier: MIT */
/* The numbers of the segments in a playlist that grows (RFC 8216, 4.3.3.2). A server that begins anew
 * counts from 0 again; libavformat would wait until it has come as far as before. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "container/segments_priv.h"

#define NUMBER_TAG "#EXT-X-MEDIA-SEQUENCE:"
#define TARGET_TAG "#EXT-X-TARGETDURATION:"

struct listing {
    int64_t first;      /* number */
    const char *digits; /* where that is stated, or NULL; */
    size_t nb_digits;   /* ... in so many bytes */
    bool ended;         /* no more segments will come */
    int64_t most_s;     /* the longest that a segment may be */
    uint64_t *marks;    /* hashes of what is stated about each segment, */
    size_t nb, cap;
};

static bool begins(const char *line, size_t n, const char *tag)
{
    return n >= strlen(tag) && memcmp(line, tag, strlen(tag)) == 0;
}

/* Returns how many of n bytes are digits of a number that is not too large, which is *out then. */
static size_t take_number(const char *p, size_t n, int64_t *out)
{
    enum { MOST = 17 };
    int64_t v = 0;
    size_t i = 0;

    while (i < n && i < MOST && p[i] >= '0' && p[i] <= '9')
        v = 10 * v + (p[i++] - '0');
    if (i > 0)
        *out = v;
    return i;
}

/* A line that is no URI. */
static void take_tag(struct listing *l, const char *line, size_t n, uint64_t *mark)
{
    static const char of_segment[][26] = { "#EXTINF:", "#EXT-X-BYTERANGE:",
                                           "#EXT-X-PROGRAM-DATE-TIME:" };

    for (size_t i = 0; i < sizeof of_segment / sizeof *of_segment; i++)
        if (begins(line, n, of_segment[i]))
            *mark = trtc_hash(*mark, line, n);
    l->ended |= begins(line, n, "#EXT-X-ENDLIST");
    if (begins(line, n, NUMBER_TAG)) {
        l->digits = line + strlen(NUMBER_TAG);
        l->nb_digits = take_number(l->digits, n - strlen(NUMBER_TAG), &l->first);
    } else if (begins(line, n, TARGET_TAG)) {
        take_number(line + strlen(TARGET_TAG), n - strlen(TARGET_TAG), &l->most_s);
    }
}

/* A URI without its query, which may be signed anew each time. Returns 0, or -1: no memory. */
static int take_uri(struct listing *l, uint64_t mark, const char *uri, size_t n)
{
    const char *query = memchr(uri, '?', n);

    if (trtc_array_reserve(&l->marks, &l->cap, l->nb + 1, sizeof *l->marks) < 0)
        return -1;
    l->marks[l->nb++] = trtc_hash(mark, uri, query ? (size_t)(query - uri) : n);
    return 0;
}

static int scan(const char *text, size_t n, struct listing *l)
{
    const char *const end = text + n;
    uint64_t mark = TRTC_HASH_NOTHING;
    int ret = 0;

    for (const char *line = text, *next; line < end && ret == 0; line = next) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        next = stop ? stop + 1 : end;
        stop = stop ? stop : end;
        while (stop > line && (stop[-1] == '\r' || stop[-1] == ' '))
            stop--;
        const size_t size = (size_t)(stop - line);
        if (size > 0 && *line != '#') {
            ret = take_uri(l, mark, line, size);
            mark = TRTC_HASH_NOTHING;
        } else {
            take_tag(l, line, size, &mark);
        }
    }
    return ret;
}

/* Returns by how much the numbers of a playlist that falls back, or is far ahead, must rise: up to those of
 * the same segments before, or else behind all of these; then *anew is set. A server that is a little
 * behind others lists the same segments under the same numbers, and one that begins anew may give them
 * the same names. */
static int64_t rise_of(const struct trtc_segment_list *before, const struct listing *l,
                       int64_t first, bool *anew)
{
    enum { BEHIND_S = 60 };
    const int64_t end = before->first + (int64_t)before->nb;
    const int64_t fallen = end - first - (int64_t)l->nb;
    const int64_t least = BEHIND_S / (l->most_s > 0 ? l->most_s : 1);

    for (size_t i = 0; i < l->nb; i++)
        for (size_t k = before->nb; k-- > 0;) {
            const int64_t rise = before->first + (int64_t)k - (first + (int64_t)i);
            if (before->marks[k] == l->marks[i] && (rise != 0 || fallen <= least))
                return rise;
        }
    *anew = first <= end;
    return *anew ? end - first : 0;
}

/* Returns how many segments a server had listed no longer when its playlist came for the first time since it began
 * anew, if it counts from 0 or 1. It may also count from some large number. */
static int64_t nb_missed(const struct listing *l)
{
    enum { SMALL = 100 };

    return l->first > 1 && l->first < SMALL ? l->first - 1 : 0;
}

/* Puts in the number that libavformat is to see. */
static int rewrite(char **text, size_t *n, const struct listing *l, int64_t first)
{
    enum { ROOM = 64 };
    const char *line = memchr(*text, '\n', *n);
    const char *from = l->digits ? l->digits : line ? line + 1 : *text + *n;
    const size_t head = (size_t)(from - *text), tail = *n - head - l->nb_digits;
    char *out = malloc(*n + ROOM);

    if (!out)
        return -1;
    memcpy(out, *text, head);
    const int some = snprintf(out + head, ROOM, "%s%" PRId64 "%s", l->digits ? "" : NUMBER_TAG,
                              first, l->digits ? "" : "\n");
    memcpy(out + head + some, from + l->nb_digits, tail);
    free(*text);
    *text = out;
    *n = head + (size_t)some + tail;
    return 0;
}

int trtc_segment_renumber(struct trtc_segments *g, struct trtc_segment_list *list, char **text,
                          size_t *n)
{
    struct listing l = { 0 };
    int ret = scan(*text, *n, &l);
    const int64_t end = list->first + (int64_t)list->nb;
    int64_t first = l.first + list->shift;

    g->growing = !l.ended;
    if (ret == 0 && list->nb > 0 && l.nb > 0 &&
        (first < list->first || first + (int64_t)l.nb < end || first > end)) {
        bool anew = false;
        const int64_t rise = rise_of(list, &l, first, &anew);
        list->shift += rise;
        first += rise;
        g->anew |= anew;
        g->nb_unfetched += anew ? nb_missed(&l) : 0;
    }
    if (ret == 0 && list->shift != 0 && l.nb > 0)
        ret = rewrite(text, n, &l, first);
    if (ret < 0 || l.nb == 0) {
        free(l.marks);
        return ret;
    }
    free(list->marks);
    list->marks = l.marks;
    list->nb = l.nb;
    list->first = first;
    return 0;
}
