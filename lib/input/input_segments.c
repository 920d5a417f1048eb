/* SPDX-License-Identifier: MIT */
/* Segments of a playlist (RFC 8216) that libavformat fetches. It passes over what it cannot fetch or read,
 * and does not compare what came with the playlist; here, the bytes of each segment are looked
 * at on their way to it. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "codec/av.h"
#include "input/avformat.h"
#include "input/input_priv.h"
#include "playlist/playlist.h"
#include "ts/seam.h"

enum { BUFFER = 32768 };

/* Segments that follow each other. */
struct chain {
    struct trtc_seam seam;
    int64_t nb_on,
        nb_anew; /* segments whose counters go on, or do not, and between which no time is missing */
    char *url;   /* of the latest one, */
    int64_t nb;  /* ... bytes of the one that was closed last */
    struct trtc_input_watch *parts; /* MP4: the initialization segment, and those that follow it, as
                                       one file; or NULL */
    int64_t parts_at;               /* its size so far */
    uint64_t init;                  /* a hash of its initialization segment */
    int64_t nb_faults;              /* of it, that are known */
    int64_t ends[TRTC_INPUT_BOX_TRACKS]; /* where its tracks ended when the latest segment began */
};

/* A segment, a key or an initialization segment that is open. */
struct segment {
    AVIOContext *from;
    AVFormatContext *ic;
    struct chain *chain;
    int64_t nb;                   /* bytes so far, of which this is */
    uint8_t first;                /* ... the first, */
    bool zeros;                   /* ... and they begin with nothing else; */
    bool ts;                      /* it is one of a transport stream, */
    bool boxes;                   /* ... or of an MP4, */
    bool torn;                    /* ... which ends within a box */
    struct trtc_input_watch *own; /* an initialization segment, or NULL */
    uint64_t hash;                /* ... of its bytes */
};

static struct trtc_input_segments *state_of(AVFormatContext *ic)
{
    return &((struct trtc_input_watch *)ic->opaque)->segments;
}

/* ---- what the playlist states ---- */

static bool is_list(const AVFormatContext *ic, const char *url)
{
    const size_t n = strcspn(url, "?#");

    return (ic->url && strcmp(url, ic->url) == 0) ||
           (n >= 5 && strncmp(url + n - 5, ".m3u8", 5) == 0) ||
           (n >= 4 &&
            (strncmp(url + n - 4, ".m3u", 4) == 0 || strncmp(url + n - 4, ".mpd", 4) == 0));
}

/* Notes the URL of a playlist. Without memory, it is not asked. */
static void note_list(struct trtc_input_segments *g, const char *url)
{
    for (size_t i = 0; i < g->nb_lists; i++)
        if (strcmp(g->lists[i], url) == 0)
            return;
    if (trtc_array_reserve(&g->lists, &g->cap_lists, g->nb_lists + 1, sizeof *g->lists) == 0 &&
        (g->lists[g->nb_lists] = strdup(url)))
        g->nb_lists++;
}

static char *read_all(AVIOContext *pb, size_t *n)
{
    char *text = NULL;
    size_t cap = 0;
    int got = 0;

    *n = 0;
    do {
        *n += (size_t)got;
        if (*n > TRTC_PLAYLIST_BYTES_MAX ||
            trtc_array_reserve(&text, &cap, *n + BUFFER + 1, 1) < 0) {
            free(text);
            return NULL;
        }
    } while ((got = avio_read_partial(pb, (uint8_t *)text + *n, BUFFER)) > 0);
    return text;
}

/* Fetches a playlist. Returns 0, or -1: it cannot be had, or lists no segments. */
static int fetch_list(AVFormatContext *ic, const char *url, struct trtc_playlist *out)
{
    const struct trtc_input_segments *g = state_of(ic);
    AVIOContext *pb = NULL;
    struct trtc_err ignored;
    size_t n;

    if (g->io_open(ic, &pb, url, AVIO_FLAG_READ, NULL) < 0)
        return -1;
    char *text = read_all(pb, &n);
    g->io_close(ic, pb);
    return text ? trtc_playlist_parse(text, n, out, &ignored) : -1;
}

/* Whether a URL ends with the last part of a segment's name. */
static bool names(const struct trtc_playlist_seg *seg, const char *url)
{
    const char *slash = strrchr(seg->uri, '/'), *name = slash ? slash + 1 : seg->uri;
    const size_t n = strlen(name), all = strlen(url);

    return n > 0 && n < all && url[all - n - 1] == '/' && strcmp(url + all - n, name) == 0;
}

/* Finds the playlist that lists a segment, which it parses to *out. Returns the place of the segment, or
 * -1: it is in none. */
static ptrdiff_t find_segment(AVFormatContext *ic, const char *url, struct trtc_playlist *out)
{
    const struct trtc_input_segments *g = state_of(ic);

    for (size_t i = g->nb_lists; url && i-- > 0;) {
        *out = (struct trtc_playlist){ 0 };
        for (size_t k = fetch_list(ic, g->lists[i], out) == 0 ? out->nb_segs : 0; k-- > 0;)
            if (names(&out->segs[k], url))
                return (ptrdiff_t)k;
        trtc_playlist_fini(out);
    }
    return -1;
}

/* ---- what is missing ---- */

static void lose(struct trtc_input_segments *g, int64_t us)
{
    g->nb_short++;
    g->short_us += us;
}

/* Returns how much shorter a segment is than the playlist states, 0 if that is less than slack_us. */
static int64_t lacks_us(const struct trtc_playlist_seg *seg, int64_t length_us, int64_t slack_us)
{
    enum { ROUNDING_US = 1050000 };
    const bool known = seg->duration_us != TRTC_NOTIME;

    slack_us = seg->whole ? ROUNDING_US : slack_us;
    return known && seg->duration_us > length_us + slack_us ? seg->duration_us - length_us : 0;
}

/* Whether the playlist states that a segment ends where it does, and not where the next one begins. */
static bool ends_there(const struct trtc_playlist_seg *seg, const struct trtc_seam_join *join)
{
    enum { NEAR_US = 300000 };

    return seg->duration_us != TRTC_NOTIME && !seg->whole &&
           seg->duration_us < join->length_us + join->hole_us / 2 &&
           seg->duration_us > join->length_us - NEAR_US;
}

/* Whether the segment that was closed last has fewer bytes than the playlist states. */
static bool is_smaller(const struct chain *c, const struct trtc_playlist_seg *seg)
{
    return seg->range_bytes < 0 && c->nb < seg->attr_bytes;
}

/* What the playlist states about two segments whose counters do not go on. */
enum verdict { NOTHING, ANEW, TORN, SHORT };

/* Nothing is missing in front of a segment where the playlist states that another stream begins, or that
 * the segment before ends there, so that a hole is a pause. It may be that segment which is too short. */
static enum verdict judge(AVFormatContext *ic, const struct chain *c, struct trtc_seam_join *join)
{
    enum { SLACK_US = 100000, SLACK_OTHER_US = 300000 };
    struct trtc_playlist list;
    const ptrdiff_t k = find_segment(ic, c->url, &list);
    enum verdict v = join->hole_us > 0 ? SHORT : ANEW;

    if (k < 0)
        return v;
    const bool other = list.segs[k].discontinuity;
    const struct trtc_playlist_seg *before = k > 0 ? &list.segs[k - 1] : NULL;
    const int64_t lacks = before && !join->blank ? lacks_us(before, join->longest_us,
                                                            other ? SLACK_OTHER_US : SLACK_US)
                                                 : 0;
    if (other || (v == ANEW && lacks > 0)) {
        v = lacks > 0 ? SHORT : NOTHING;
        join->hole_us = lacks;
    } else if (v == SHORT && before && !join->blank && ends_there(before, join)) {
        v = NOTHING;
    } else if (v == ANEW && before && is_smaller(c, before)) {
        v = TORN;
    }
    trtc_playlist_fini(&list);
    return v;
}

/* Whether the segments were made one by one, so that counters say nothing. */
static bool are_single(const struct chain *c)
{
    return c->nb_on <= 2 * c->nb_anew;
}

static void compare(AVFormatContext *ic, struct chain *c, bool ended)
{
    enum { ASKED = 8 };
    struct trtc_seam_join join;

    if (!trtc_seam_compare(&c->seam, ended, &join))
        return;
    c->nb_on += !join.anew && join.hole_us == 0;
    if (!join.anew || (join.hole_us > 0 && !join.all && c->nb_anew > 0 && are_single(c)))
        return;
    const bool ask = join.hole_us > 0 || c->nb_anew < ASKED;
    const enum verdict v = ask ? judge(ic, c, &join) : ANEW;
    c->nb_anew += v == ANEW;
    state_of(ic)->nb_torn += v == TORN;
    if (v == SHORT)
        lose(state_of(ic), join.hole_us);
}

/* No segment follows. If counters go on before most of them, something is missing where they do not, if
 * only a part of a frame. */
static void end_chain(AVFormatContext *ic, struct chain *c)
{
    if (!are_single(c))
        state_of(ic)->nb_torn += c->nb_anew;
    c->nb_anew = 0;
}

/* Whether a playlist may state the same for all segments, however long they are. */
static bool is_nominal(const struct trtc_playlist *list)
{
    bool same = list->nb_segs > 2;

    for (size_t i = 0; i < list->nb_segs; i++)
        same &= list->segs[i].whole && list->segs[i].duration_us == list->segs[0].duration_us;
    return same;
}

/* Returns how long the fragments in the latest segment of an MP4 are. */
static int64_t fragments_us(const struct chain *c)
{
    const struct trtc_input_fragments *f = &c->parts->boxes.order;
    int64_t longest_us = 0;

    for (int k = 0; k < f->nb_lanes; k++) {
        const struct trtc_input_fragment_lane *l = &f->lanes[k];
        const int64_t us = l->hz > 0 ? av_rescale(l->end - c->ends[k], 1000000, l->hz) : 0;
        longest_us = us > longest_us ? us : longest_us;
    }
    return longest_us;
}

/* The last segment has ended: compares its length with the one that the playlist states, if that is right
 * about the segment before it. */
static void compare_last(AVFormatContext *ic, const struct chain *c)
{
    enum { SLACK_US = 60000, EXACT_US = 5000, NEAR_US = 100000, ROUNDING_US = 600000 };
    struct trtc_playlist list;
    struct trtc_seam_part part;

    trtc_seam_part(&c->seam, &part);
    if (c->parts)
        part.length_us = fragments_us(c);
    const bool known = c->parts ? c->parts->boxes.order.open : c->seam.nb_tracks > 0;
    const ptrdiff_t k = known ? find_segment(ic, c->url, &list) : -1;
    if (k < 0)
        return;
    const struct trtc_playlist_seg *seg = &list.segs[k];
    const bool first = k == 0 || seg->discontinuity || part.spacing_us == 0;
    const int64_t off_us = first || seg[-1].duration_us == TRTC_NOTIME
                               ? NEAR_US / 2
                               : llabs(seg[-1].duration_us - part.spacing_us);
    const int64_t near_us = seg->whole ? ROUNDING_US : NEAR_US;
    const int64_t slack_us = off_us < EXACT_US ? SLACK_US : 3 * NEAR_US;
    const int64_t lacks = off_us < near_us ? lacks_us(seg, part.length_us, slack_us) : 0;
    const bool last = list.ended && (size_t)k + 1 == list.nb_segs && !is_nominal(&list);
    if (last && lacks > 0)
        lose(state_of(ic), lacks);
    else if (last && is_smaller(c, seg))
        state_of(ic)->nb_torn++;
    trtc_playlist_fini(&list);
}

/* ---- MP4 ---- */

static void free_parts(struct trtc_input_watch *parts)
{
    if (parts)
        trtc_input_boxes_fini(&parts->boxes);
    free(parts);
}

/* Whether the playlist states that another stream begins with a segment, or with the one before it. */
static bool is_beside_other(AVFormatContext *ic, const char *url)
{
    struct trtc_playlist list;
    const ptrdiff_t k = find_segment(ic, url, &list);

    if (k < 0)
        return false;
    const bool other = list.segs[k].discontinuity || (k > 0 && list.segs[k - 1].discontinuity);
    trtc_playlist_fini(&list);
    return other;
}

/* A segment begins with these bytes: if it is one of an MP4, it goes on behind the boxes of the one before,
 * however that ended. */
static void begin_boxes(struct segment *s, const uint8_t *p, size_t n)
{
    struct chain *c = s->chain;
    const bool init = n >= 8 && memcmp(p + 4, "ftyp", 4) == 0;
    struct trtc_input_watch first = { 0 };

    trtc_input_watch_begin(&first, p, n);
    s->boxes = first.layout == TRTC_INPUT_BOXES;
    if (!s->boxes)
        return;
    if (!init && c->parts) {
        c->parts->part_at = c->parts_at;
        c->parts->nb_header = 0;
        c->parts->done = c->parts->zeros = false;
        for (int k = 0; k < c->parts->boxes.order.nb_lanes; k++)
            c->ends[k] = c->parts->boxes.order.lanes[k].end;
        return;
    }
    s->hash = TRTC_HASH_NOTHING;
    s->own = malloc(sizeof *s->own);
    s->boxes = s->own != NULL; /* else it is not looked at */
    if (s->own)
        *s->own = first;
}

static void look_at_boxes(struct segment *s, const uint8_t *p, size_t n)
{
    struct chain *c = s->chain;

    if (s->own) {
        trtc_input_watch_bytes(s->own, s->nb, p, n);
        s->hash = trtc_hash(s->hash, p, n);
        return;
    }
    trtc_input_watch_bytes(c->parts, c->parts_at, p, n);
    c->parts_at += (int64_t)n;
    if (c->parts->nb_faults > c->nb_faults && !is_beside_other(s->ic, c->url))
        ((struct trtc_input_watch *)s->ic->opaque)->nb_faults++;
    c->nb_faults = c->parts->nb_faults;
}

/* Returns how many bytes of a box are missing at the end of a segment. */
static int64_t missing_bytes(const struct segment *s)
{
    enum { MISSING_MAX = 64 << 20 };
    const struct trtc_input_watch *w = s->own ? s->own : s->chain->parts;
    const int64_t at = s->own ? s->nb : s->chain->parts_at;
    const int64_t n = s->boxes && !w->done && w->nb_header == 0 ? w->part_at - at : 0;

    return n > 0 && n < MISSING_MAX ? n : 0;
}

/* An initialization segment has ended. A playlist that grows has it fetched again and again. */
static void keep_own(struct segment *s)
{
    struct chain *c = s->chain;

    if (c->parts && c->init == s->hash) {
        free_parts(s->own);
    } else {
        free_parts(c->parts);
        c->parts = s->own;
        c->parts_at = s->nb;
        c->nb_faults = s->own->nb_faults;
        c->init = s->hash;
    }
    s->own = NULL;
}

/* ---- bytes on their way ---- */

static void add_counts(struct trtc_input_segments *g, struct trtc_seam *m)
{
    g->nb_missing += m->nb_missing;
    g->nb_bad += m->nb_bad;
    m->nb_missing = m->nb_bad = 0;
}

/* Takes the next bytes; the first ones are at least a packet, unless that is all. */
static void look(struct segment *s, uint8_t *p, size_t n)
{
    struct chain *c = s->chain;

    if (s->nb == 0) {
        s->first = *p;
        s->zeros = trtc_are_all(p, n < TRTC_TS_PACKET ? n : TRTC_TS_PACKET, 0);
        s->ts = *p == TRTC_TS_SYNC && n >= TRTC_TS_PACKET;
        if (s->ts)
            trtc_seam_begin(&c->seam);
        else
            begin_boxes(s, p, n);
    }
    if (s->boxes)
        look_at_boxes(s, p, n);
    s->nb += (int64_t)n;
    if (!s->ts)
        return;
    trtc_seam_take(&c->seam, p, n);
    compare(s->ic, c, false);
    add_counts(state_of(s->ic), &c->seam);
}

/* libavformat would take the next segment for the rest of a box. Returns the number of bytes. */
static int fill_box(struct segment *s, uint8_t *p, int n)
{
    const int64_t missing = missing_bytes(s);

    if (missing < n)
        n = (int)missing;
    memset(p, 0, (size_t)n);
    s->torn |= n > 0;
    return n;
}

static int on_read(void *opaque, uint8_t *p, int n)
{
    struct segment *s = opaque;
    const int least = s->nb > 0 || n < TRTC_TS_PACKET ? 1 : TRTC_TS_PACKET;
    int got = 0, some = 0;

    while (got < least && (some = avio_read_partial(s->from, p + got, n - got)) > 0)
        got += some;
    if (got == 0 && some != AVERROR_EXIT)
        got = fill_box(s, p, n);
    if (got > 0)
        look(s, p, (size_t)got);
    return got > 0 ? got : some == 0 ? AVERROR_EOF : some;
}

static int64_t on_seek(void *opaque, int64_t to, int whence)
{
    const struct segment *s = opaque;

    return whence == AVSEEK_SIZE ? avio_size(s->from) : avio_seek(s->from, to, whence);
}

/* ---- opening and closing ---- */

static const char *name_of(void *pb)
{
    (void)pb;
    return "segment";
}

/* Options of the connection are found through the one that it is wrapped in. */
static void *next_child(void *pb, void *prev)
{
    const struct segment *s = ((AVIOContext *)pb)->opaque;

    return prev ? NULL : s->from;
}

static const AVClass wrap_class = {
    .class_name = "segment",
    .item_name = name_of,
    .version = LIBAVUTIL_VERSION_INT,
    .child_next = next_child,
};

static void free_chain(struct chain *c)
{
    if (c) {
        free(c->url);
        free_parts(c->parts);
    }
    free(c);
}

/* Returns the chain that a segment continues: that of the one which was closed last. libavformat opens
 * the next one of a playlist as soon as it has closed one. NULL: no memory. */
static struct chain *next_chain(struct trtc_input_segments *g, const char *url)
{
    struct chain *c = g->chain ? g->chain : calloc(1, sizeof *c);
    char *copy = strdup(url);

    g->chain = NULL;
    if (c && copy) {
        free(c->url);
        c->url = copy;
        return c;
    }
    free(copy);
    free_chain(c);
    return NULL;
}

/* Puts a context in front of *pb that looks at its bytes. Returns 0, or -1: no memory. */
static int wrap(AVFormatContext *ic, AVIOContext **pb, const char *url)
{
    struct segment *s = calloc(1, sizeof *s);
    uint8_t *buffer = s ? av_malloc(BUFFER) : NULL;
    AVIOContext *outer =
        buffer ? avio_alloc_context(buffer, BUFFER, 0, s, on_read, NULL, on_seek) : NULL;

    if (outer && (s->chain = next_chain(state_of(ic), url))) {
        s->from = *pb;
        s->ic = ic;
        outer->seekable = (*pb)->seekable;
        outer->av_class = &wrap_class;
        *pb = outer;
        return 0;
    }
    avio_context_free(&outer);
    av_free(buffer);
    free(s);
    return -1;
}

/* Returns what is behind such a context, and frees it. */
static AVIOContext *unwrap(AVIOContext *pb)
{
    struct segment *s = pb->opaque;
    AVIOContext *from = s->from;

    free_parts(s->own);
    free(s);
    av_freep(&pb->buffer);
    avio_context_free(&pb);
    return from;
}

static int open_segment(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                        AVDictionary **options)
{
    struct trtc_input_watch *w = ic->opaque;
    struct trtc_input_segments *g = &w->segments;
    const int ret = g->io_open(ic, pb, url, flags, options);

    if (is_list(ic, url)) {
        if (ret >= 0)
            note_list(g, url);
        return ret;
    }
    g->nb++;
    g->encrypted |= strncmp(url, "crypto", 6) == 0;
    if (ret < 0) {
        w->nb_faults += ret != AVERROR_EXIT && !trtc_is_stopped(w->stop);
        if (g->chain)
            trtc_seam_begin(&g->chain->seam);
        return ret;
    }
    if (wrap(ic, pb, url) == 0)
        return ret;
    g->io_close(ic, *pb);
    *pb = NULL;
    return AVERROR(ENOMEM);
}

/* Whether what was read ends before its end. Of an encrypted segment, the size with its padding is known. */
static bool is_broken_off(const struct trtc_input_segments *g, AVIOContext *pb)
{
    enum { PADDING_MAX = 16 };

    if (pb->error < 0 && pb->error != AVERROR_EOF)
        return pb->error != AVERROR_EXIT;
    return pb->eof_reached &&
           avio_seek(pb, 0, SEEK_CUR) + (g->encrypted ? PADDING_MAX : 0) < avio_size(pb);
}

/* Whether a server has sent nothing, zeros, or a page that says what is wrong. What has 16 bytes is a
 * key, which may look like anything. */
static bool has_no_media(const struct segment *s)
{
    enum { KEY = 16 };

    if (s->nb == 0 || s->nb == KEY)
        return s->nb == 0 && s->from->eof_reached;
    return s->first == '<' || s->first == '{' || s->zeros || (s->first == TRTC_TS_SYNC && !s->ts);
}

/* The context in front of a segment is closed, while nobody has stopped it. */
static void close_looked(struct segment *s)
{
    struct trtc_input_watch *w = s->ic->opaque;

    w->nb_faults += is_broken_off(&w->segments, s->from) || has_no_media(s);
    w->segments.nb_torn += s->torn;
    if (s->own)
        keep_own(s);
    if (!s->ts)
        return;
    if (s->from->eof_reached)
        trtc_seam_end(&s->chain->seam);
    compare(s->ic, s->chain, true);
    add_counts(&w->segments, &s->chain->seam);
    s->chain->nb = s->nb;
}

static int close_segment(AVFormatContext *ic, AVIOContext *pb)
{
    struct trtc_input_watch *w = ic->opaque;
    struct trtc_input_segments *g = &w->segments;

    if (!pb || pb->av_class != &wrap_class)
        return g->io_close(ic, pb);
    struct segment *s = pb->opaque;
    g->over |= trtc_is_stopped(w->stop);
    if (!g->over)
        close_looked(s);
    if (g->chain && !g->over)
        compare_last(ic, g->chain);
    if (g->chain)
        end_chain(ic, g->chain);
    free_chain(g->chain);
    g->chain = s->chain;
    return g->io_close(ic, unwrap(pb));
}

void trtc_input_segments_watch(AVFormatContext *ic)
{
    struct trtc_input_segments *g = state_of(ic);

    g->io_open = ic->io_open;
    g->io_close = ic->io_close2;
    ic->io_open = open_segment;
    ic->io_close2 = close_segment;
}

void trtc_input_segments_end(AVFormatContext *ic)
{
    struct trtc_input_segments *g = state_of(ic);

    if (g->chain) {
        compare_last(ic, g->chain);
        end_chain(ic, g->chain);
    }
    free_chain(g->chain);
    g->chain = NULL;
}

void trtc_input_segments_fini(struct trtc_input_segments *g)
{
    free_chain(g->chain);
    g->chain = NULL;
    for (size_t i = 0; i < g->nb_lists; i++)
        free(g->lists[i]);
    free(g->lists);
    g->lists = NULL;
    g->nb_lists = g->cap_lists = 0;
}
