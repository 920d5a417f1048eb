/* SPDX-License-Identifier: MIT */
/* Opens and closes the segments of a playlist (RFC 8216) for libavformat, which passes over those that it
 * cannot fetch; see segments_priv.h. */
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "codec/av.h"
#include "container/segments_priv.h"

static bool is_list(const AVFormatContext *ic, const char *url)
{
    const size_t n = strcspn(url, "?#");

    return (ic->url && strcmp(url, ic->url) == 0) ||
           (n >= 5 && strncmp(url + n - 5, ".m3u8", 5) == 0) ||
           (n >= 4 &&
            (strncmp(url + n - 4, ".m3u", 4) == 0 || strncmp(url + n - 4, ".mpd", 4) == 0));
}

/* Whether playlists, which are fetched again, are those of HLS. */
static bool is_hls(const AVFormatContext *ic)
{
    return ic->iformat && strcmp(ic->iformat->name, "hls") == 0;
}

static struct trtc_segment_list *find_list(const struct trtc_segments *g, const char *url)
{
    for (size_t i = 0; i < g->nb_lists; i++)
        if (strcmp(g->lists[i].url, url) == 0)
            return &g->lists[i];
    return NULL;
}

/* Without memory, it is not asked. */
void trtc_segment_note_list(struct trtc_segments *g, const char *url)
{
    if (!find_list(g, url) &&
        trtc_array_reserve(&g->lists, &g->cap_lists, g->nb_lists + 1, sizeof *g->lists) == 0) {
        g->lists[g->nb_lists] = (struct trtc_segment_list){ .url = strdup(url) };
        g->nb_lists += g->lists[g->nb_lists].url != NULL;
    }
}

static int64_t on_seek(void *opaque, int64_t to, int whence)
{
    AVIOContext *from = ((const struct trtc_segment *)opaque)->inner.from;

    return whence == AVSEEK_SIZE ? avio_size(from) : avio_seek(from, to, whence);
}

static void free_chain(struct trtc_segment_chain *c)
{
    if (c) {
        free(c->url);
        trtc_segment_free_parts(c->parts);
    }
    free(c);
}

/* Returns the chain that a segment continues: that of the one which was closed last. libavformat opens
 * the next one of a playlist as soon as it has closed one. NULL: no memory. */
static struct trtc_segment_chain *next_chain(struct trtc_segments *g, const char *url)
{
    struct trtc_segment_chain *c = g->chain ? g->chain : calloc(1, sizeof *c);
    char *copy = strdup(url);

    g->chain = NULL;
    if (c && copy) {
        free(c->url);
        c->url = copy;
        c->other = g->anew;
        g->anew = false;
        return c;
    }
    free(copy);
    free_chain(c);
    return NULL;
}

/* Puts a context in front of *pb that looks at its bytes. Returns 0, or -1: no memory. */
static int wrap(AVFormatContext *ic, AVIOContext **pb, const char *url)
{
    struct trtc_segment *s = calloc(1, sizeof *s);

    if (s && trtc_segment_wrap(pb, &s->inner, trtc_segment_read, on_seek) == 0) {
        if ((s->chain = next_chain(trtc_segments_of(ic), url))) {
            s->ic = ic;
            return 0;
        }
        *pb = trtc_segment_unwrap(*pb);
    }
    free(s);
    return -1;
}

static void free_segment(struct trtc_segment *s)
{
    trtc_segment_free_parts(s->own);
    free(s->held);
    free(s);
}

static int open_segment(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                        AVDictionary **options)
{
    struct trtc_parts *w = ic->opaque;
    struct trtc_segments *g = &w->segments;
    struct trtc_segment_list *list = is_hls(ic) ? find_list(g, url) : NULL;
    const bool segment = !list && !is_list(ic, url);

    if (segment && !g->begun)
        trtc_segment_look_before(ic, url);
    g->begun |= segment;
    const int ret = list      ? trtc_segment_reload(ic, list, pb, flags, options)
                    : segment ? trtc_segment_open(ic, pb, url, flags, options)
                              : g->io_open(ic, pb, url, flags, options);

    if (trtc_av_is_shortage(ret))
        g->shortage = ret;
    if (!segment) {
        if (ret >= 0)
            trtc_segment_note_list(g, url);
        return ret;
    }
    g->encrypted |= strncmp(url, "crypto", 6) == 0;
    if (ret < 0) {
        g->nb_unfetched += ret != AVERROR_EXIT && !trtc_is_stopped(w->stop);
        if (g->chain)
            trtc_seam_begin(&g->chain->seam);
        return ret;
    }
    if (wrap(ic, pb, url) == 0)
        return ret;
    g->io_close(ic, *pb);
    *pb = NULL;
    return g->shortage = AVERROR(ENOMEM);
}

static int close_segment(AVFormatContext *ic, AVIOContext *pb)
{
    struct trtc_parts *w = ic->opaque;
    struct trtc_segments *g = &w->segments;

    if (!trtc_segment_is_outer(pb))
        return g->io_close(ic, pb);
    if (pb->read_packet != trtc_segment_read)
        return g->io_close(ic, trtc_segment_unwrap_text(pb));
    struct trtc_segment *s = pb->opaque;
    g->over |= trtc_is_stopped(w->stop);
    if (!g->over)
        trtc_segment_end(s);
    if (g->chain && !g->over)
        trtc_segment_compare_last(ic, g->chain);
    free_chain(g->chain);
    g->chain = s->chain;
    AVIOContext *from = trtc_segment_unwrap(pb);
    free_segment(s);
    return g->io_close(ic, from);
}

void trtc_segments_watch(AVFormatContext *ic)
{
    struct trtc_segments *g = trtc_segments_of(ic);

    g->io_open = ic->io_open;
    g->io_close = ic->io_close2;
    ic->io_open = open_segment;
    ic->io_close2 = close_segment;
}

void trtc_segments_end(AVFormatContext *ic)
{
    struct trtc_segments *g = trtc_segments_of(ic);

    if (g->chain)
        trtc_segment_compare_last(ic, g->chain);
    free_chain(g->chain);
    g->chain = NULL;
}

void trtc_segments_fini(struct trtc_segments *g)
{
    free_chain(g->chain);
    g->chain = NULL;
    for (size_t i = 0; i < g->nb_lists; i++) {
        free(g->lists[i].url);
        free(g->lists[i].marks);
    }
    free(g->lists);
    g->lists = NULL;
    g->nb_lists = g->cap_lists = 0;
}
