/* SPDX-License-Identifier: MIT */
/* The parser of playlists: one pass over the text, which is cut into strings in place. */
#include "playlist/playlist.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/text.h"
#include "playlist/content.h"

#define RANGE_MAX (INT64_MAX / 2) /* no file is so long, and two of them can be added */

/* The tags that precede a URI and describe its segment. */
struct pending {
    struct trtc_playlist_seg seg;
    bool timed; /* there was an EXTINF */
    bool any;   /* there was an EXTINF, a BYTERANGE or a FILE-ATTR */
};

static void bad_line(struct trtc_playlist *p, int line)
{
    p->nb_bad_lines++;
    if (!p->first_bad_line)
        p->first_bad_line = line;
}

/* Counts a segment whose name should be in that line, and is not. */
static void miss_name(struct trtc_playlist *p, const struct pending *next, int line)
{
    const bool adds = next->seg.duration_us > 0 && p->nameless_us < INT64_MAX / 2;
    p->nameless_us += adds ? next->seg.duration_us : 0;
    if (!p->nb_nameless++)
        p->nameless_line = line;
}

/* Whether the line is that tag, in capitals or not; *value is what follows, without blanks. */
static bool starts(const char *line, const char *tag, const char **value)
{
    size_t n = strlen(tag);
    if (strncasecmp(line, tag, n) != 0)
        return false;
    *value = line + n + strspn(line + n, " \t");
    return true;
}

/* Reads up to 18 digits at *s and moves *s past them. -1: none, or too many. */
static int64_t take_digits(const char **s)
{
    int64_t v = 0;
    int n = 0;
    for (; **s >= '0' && **s <= '9'; (*s)++) {
        if (++n > 18)
            return -1;
        v = v * 10 + (**s - '0');
    }
    return n ? v : -1;
}

/* Whether a comma is at *s, which moves past it and blanks around it. */
static bool comma(const char **s)
{
    const char *at = *s + strspn(*s, " \t");
    if (*at != ',')
        return false;
    *s = at + 1 + strspn(at + 1, " \t");
    return true;
}

/* 0 to 255, or -1. */
static int small_number(const char *s)
{
    int64_t v = take_digits(&s);
    return v >= 0 && v <= 255 ? (int)v : -1;
}

/* Reads a decimal number of seconds (no sign, no exponent, at most ten days). Returns
 * microseconds. */
static int64_t take_seconds_us(const char *s)
{
    const int64_t max_s = 10 * 24 * 3600;
    int64_t whole = take_digits(&s), frac = 0;
    if (whole < 0 || whole > max_s)
        return TRTC_NOTIME;
    if (*s == '.') {
        int64_t unit = 100000;
        for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
            frac += unit * (*s - '0');
    }
    while (*s == ' ' || *s == '\t')
        s++;
    if (*s != '\0' && *s != ',')
        return TRTC_NOTIME;
    return whole * 1000000 + frac;
}

/* The number after KEY: in a blank-separated list of KEY:number pairs, or 0. */
static int pair_value(const char *list, const char *key)
{
    size_t n = strlen(key);
    for (const char *s = list; s; s = strchr(s, ' ')) {
        s += *s == ' ';
        if (strncmp(s, key, n) == 0 && s[n] == ':') {
            const char *d = s + n + 1;
            int64_t v = take_digits(&d);
            return v > 0 && v <= 1 << 20 ? (int)v : 0;
        }
    }
    return 0;
}

/* The value of an attribute (RFC 8216, 4.2), cut out in place, or NULL. Blanks around it, and around
 * the '=', make no difference. */
static char *attribute(char *list, const char *name)
{
    const size_t n = strlen(name);
    for (char *s = list; *s;) {
        const bool hit = strncasecmp(s, name, n) == 0 && s[n + strspn(s + n, " \t")] == '=';
        s += strcspn(s, "=,\"");
        char *value = *s == '=' ? s + 1 + strspn(s + 1, " \t") : s;
        const bool quoted = *s == '=' && *value == '"';
        value += quoted;
        char *end = value + strcspn(value, quoted ? "\"" : ",");
        s = end + strcspn(end, ",");
        s += strspn(s, ", \t");
        if (!hit)
            continue;
        while (!quoted && end > value && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        *end = '\0';
        return value;
    }
    return NULL;
}

/* NONE ends the encryption. If the method is not named, the media is encrypted all the same. */
static void take_key(struct pending *next, char *attributes)
{
    const char *method = attribute(attributes, "METHOD");
    next->seg.key_method = !method || !*method               ? "an unnamed method"
                           : strcasecmp(method, "NONE") == 0 ? NULL
                                                             : method;
}

/* Reads "BYTES[@FIRST]"; range_at stays -1 if the range follows the one before. */
static bool take_range(struct pending *next, const char *v)
{
    struct trtc_playlist_seg *s = &next->seg;
    s->range_bytes = take_digits(&v);
    s->range_at = *v == '@' ? (v++, take_digits(&v)) : -1;
    if (s->range_bytes >= 0 && *v == '\0' && (s->range_at >= 0 || v[-1] != '@'))
        return true;
    s->range_bytes = -1;
    s->range_at = -1;
    return false;
}

/* Computes the place of a segment in its file. */
static void settle_range(struct trtc_playlist_seg *s, const struct trtc_playlist_seg *before)
{
    const bool same = before && before->range_bytes >= 0 && strcmp(before->uri, s->uri) == 0;
    if (s->range_bytes < 0)
        s->range_at = 0;
    else if (s->range_at < 0)
        s->range_at = !same                          ? 0
                      : before->range_at > RANGE_MAX ? before->range_at
                                                     : before->range_at + before->range_bytes;
}

/* Reads how many segments of an earlier version a delta update leaves out. */
static void take_skip(struct trtc_playlist *p, char *attributes, int nr)
{
    const char *v = attribute(attributes, "SKIPPED-SEGMENTS");
    const int64_t nb = v ? take_digits(&v) : -1;
    const bool sane = nb >= 0 && nb <= INT32_MAX && *v == '\0';
    p->nb_skipped += sane ? nb : 1;
    if (!sane)
        bad_line(p, nr);
}

/* Whether a duration has no fraction, not even zeros for milliseconds. */
static bool is_whole(const char *s)
{
    s += strspn(s, "0123456789");
    return *s != '.' ||
           (strspn(s + 1, "0") == strspn(s + 1, "0123456789") && strspn(s + 1, "0") < 3);
}

static void tag_line(struct trtc_playlist *p, struct pending *next, char *line, int nr)
{
    const char *v;
    if (starts(line, "#EXTINF:", &v)) {
        if (next->timed)
            miss_name(p, next, nr);
        next->any = next->timed = true;
        next->seg.duration_us = take_seconds_us(v);
        next->seg.whole = is_whole(v);
        if (next->seg.duration_us == TRTC_NOTIME)
            bad_line(p, nr);
    } else if (starts(line, "#EXT-X-TRTC-FILE-ATTR:", &v)) {
        int64_t ms = take_digits(&v);
        int64_t bytes = comma(&v) ? take_digits(&v) : -1;
        bool sane = ms >= 0 && ms < INT64_C(253402300800000) && bytes >= 0 &&
                    (comma(&v) || *v == '\0'); /* more values may follow some day */
        next->seg.attr_start_ms = sane ? ms : TRTC_NOTIME;
        next->seg.attr_bytes = sane ? bytes : -1;
        next->any = true;
        if (!sane)
            bad_line(p, nr);
    } else if (starts(line, "#EXT-X-TRTC-VIDEO-METADATA:", &v)) {
        next->seg.width_px = pair_value(v, "WIDTH");
        next->seg.height_px = pair_value(v, "HEIGHT");
    } else if (starts(line, "#EXT-X-TRTC-START-REC-TIME:", &v)) {
        int64_t ms = take_digits(&v);
        if (ms >= 0 && ms < INT64_C(253402300800000))
            p->start_rec_ms = ms;
        else
            bad_line(p, nr);
    } else if (starts(line, "#EXT-X-TRTC-USER-ID:", &v)) {
        p->user_id = v;
    } else if (starts(line, "#EXT-X-TRTC-STREAM-TYPE:", &v)) {
        p->stream_type = small_number(v);
    } else if (starts(line, "#EXT-X-TRTC-MIX-STREAM:", &v)) {
        p->mix_stream = small_number(v);
    } else if (starts(line, "#EXT-X-TARGETDURATION:", &v)) {
        p->target_s = take_digits(&v);
    } else if (starts(line, "#EXT-X-BYTERANGE:", &v)) {
        next->any = true;
        if (!take_range(next, v))
            bad_line(p, nr);
    } else if (starts(line, "#EXT-X-KEY:", &v)) {
        take_key(next, line + (v - line));
    } else if (starts(line, "#EXT-X-MAP:", &v)) {
        next->seg.map = true;
    } else if (starts(line, "#EXT-X-SKIP:", &v)) {
        take_skip(p, line + (v - line), nr);
    } else if (starts(line, "#EXT-X-STREAM-INF:", &v) || starts(line, "#EXT-X-MEDIA:", &v)) {
        p->master = true;
    } else if (strcasecmp(line, "#EXT-X-DISCONTINUITY") == 0) {
        next->seg.discontinuity = true;
    } else if (starts(line, "#EXT-X-ENDLIST", &v) && (*v == '\0' || *v == '\x1a')) { /* DOS */
        p->ended = true;
    }
}

/* Forgets what belongs to a single segment. The picture size, a key and a map stay in force. */
static void reset_pending(struct pending *next)
{
    struct trtc_playlist_seg *s = &next->seg;
    s->duration_us = s->attr_start_ms = TRTC_NOTIME;
    s->attr_bytes = s->range_bytes = s->range_at = -1;
    s->discontinuity = s->whole = false;
    next->timed = next->any = false;
}

static int add_seg(struct trtc_playlist *p, size_t *cap, const struct trtc_playlist_seg *seg)
{
    if (trtc_array_reserve(&p->segs, cap, p->nb_segs + 1, sizeof *p->segs) < 0)
        return -1;
    p->segs[p->nb_segs++] = *seg;
    return 0;
}

/* Cuts the next line out of the text, without blanks at its ends. *s moves behind it. */
static char *take_line(char **s, char *end, size_t *len)
{
    char *line = *s, *eol = memchr(line, '\n', (size_t)(end - line)), *stop = eol ? eol : end;
    *s = eol ? eol + 1 : end;
    for (size_t n = 1; n > 0 && line < stop; line += n)
        n = trtc_text_blank(line, (size_t)(stop - line));
    while (stop > line && memchr(" \t\r", stop[-1], 3))
        stop--;
    *stop = '\0';
    *len = (size_t)(stop - line);
    return line;
}

/* Whether the text begins with #EXTM3U. Playlists for IPTV add attributes to it. */
static bool is_first(const char *text)
{
    return strncasecmp(text, "#EXTM3U", 7) == 0 && strchr(" \t\r\n", text[7]);
}

/* Fails with a message that says what the text is instead, if known. */
static int no_playlist(const char *text, size_t n, struct trtc_err *err)
{
    const bool longer = strncasecmp(text, "#EXTM3U", 7) == 0;
    const char *name = n == 0 ? "empty" : longer ? "longer" : trtc_content_name(text, n);
    return trtc_fail(err, TRTC_EX_DATAERR, "not a playlist: the first line is not #EXTM3U%s%s",
                     name ? "; it is " : "", name ? name : "");
}

/* Whether this line, the last one, which has no line end, is a part of a tag; one of ENDLIST does not
 * matter. */
static bool is_part_of_tag(const char *line, size_t n)
{
    static const char end[] = "#EXT-X-ENDLIST";
    return strncasecmp(line, end, n < 4 ? n : 4) == 0 && (n < 8 || strncasecmp(line, end, n) != 0);
}

/* Notes how the text ends: the last line, and whether the description of a segment goes on. */
static void take_end(struct trtc_playlist *p, const struct pending *next, const char *last,
                     size_t n, int line)
{
    if (next->any)
        miss_name(p, next, line);
    if (n > 0 && !p->ended && *last == '#')
        p->cut |= is_part_of_tag(last, n);
    else
        p->open = n > 0 && !p->ended;
}

/* Skips blank lines, blanks and byte order marks. *nr counts lines. */
static char *first_line(char *s, const char *end, int *nr)
{
    for (size_t n = 1; n > 0 && s < end; s += n) {
        *nr += *s == '\n';
        n = *s == '\n' ? 1 : trtc_text_blank(s, (size_t)(end - s));
    }
    return s;
}

/* Durations are rounded to seconds in all of a playlist, or in none of it. One alone may be whole by
 * chance. */
static void settle_whole(struct trtc_playlist *p)
{
    bool whole = p->nb_segs > 1;
    for (size_t i = 0; i < p->nb_segs && whole; i++)
        whole = p->segs[i].whole || p->segs[i].duration_us == TRTC_NOTIME;
    for (size_t i = 0; i < p->nb_segs; i++)
        p->segs[i].whole = whole;
}

int trtc_playlist_parse(char *text, size_t n, struct trtc_playlist *out, struct trtc_err *err)
{
    *out = (struct trtc_playlist){ .text = text,
                                   .start_rec_ms = TRTC_NOTIME,
                                   .target_s = -1,
                                   .stream_type = -1,
                                   .mix_stream = -1 };
    struct pending next = { 0 };
    reset_pending(&next);
    size_t cap = 0;
    int nr = 1;
    char *end = text + n, *s = first_line(text, end, &nr);
    *end = '\0';
    if (!is_first(s))
        return no_playlist(s, (size_t)(end - s), err);
    const bool whole = end[-1] == '\n';
    char *line = s;
    size_t len = 0;
    for (; s < end; nr++) {
        line = take_line(&s, end, &len);
        if (len == 0)
            continue;
        if (len > TRTC_PLAYLIST_LINE_MAX) {
            bad_line(out, nr);
            if (line[0] != '#') {
                if (next.any)
                    miss_name(out, &next, nr);
                reset_pending(&next);
            }
        } else if (line[0] == '#' || line[0] == '\0') {
            const bool has_nul = memchr(line, '\0', len);
            tag_line(out, &next, line, nr);
            out->cut |= has_nul && !out->ended;
        } else {
            next.seg.uri = line;
            next.seg.uri_len = len;
            next.seg.line = nr;
            settle_range(&next.seg, out->nb_segs ? &out->segs[out->nb_segs - 1] : NULL);
            if (add_seg(out, &cap, &next.seg) < 0)
                return trtc_fail_nomem(err);
            reset_pending(&next);
        }
    }
    take_end(out, &next, line, whole ? 0 : len, nr);
    settle_whole(out);
    return out->master ? trtc_fail(err, TRTC_EX_DATAERR,
                                   "a master playlist: it lists playlists, not segments")
                       : 0;
}

void trtc_playlist_fini(struct trtc_playlist *p)
{
    free(p->segs);
    free(p->text);
    *p = (struct trtc_playlist){ 0 };
}
