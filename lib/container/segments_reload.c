/* SPDX-License-Identifier: MIT */
/* Fetches a playlist that grows again (RFC 8216, 6.3.4) for libavformat, which would end the stream at the first
 * failure, and wait where a server numbers its segments anew. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/utc.h"
#include "codec/av.h"
#include "container/segments_priv.h"
#include "playlist/playlist.h"

/* A playlist that has come. */
struct text {
    struct trtc_segment_inner inner;
    char *p;
    size_t n, at;
};

char *trtc_segment_read_list(AVIOContext *pb, size_t *n)
{
    enum { BLOCK = 32768 };
    char *text = NULL;
    size_t cap = 0;
    int got = 0;

    *n = 0;
    do {
        *n += (size_t)got;
        if (*n > TRTC_PLAYLIST_BYTES_MAX ||
            trtc_array_reserve(&text, &cap, *n + BLOCK + 1, 1) < 0) {
            free(text);
            return NULL;
        }
    } while ((got = avio_read_partial(pb, (uint8_t *)text + *n, BLOCK)) > 0);
    return text;
}

/* ---- the text in place of what came ---- */

static int read_text(void *opaque, uint8_t *p, int n)
{
    struct text *t = opaque;
    const size_t some = t->n - t->at < (size_t)n ? t->n - t->at : (size_t)n;

    memcpy(p, t->p + t->at, some);
    t->at += some;
    return some > 0 ? (int)some : AVERROR_EOF;
}

AVIOContext *trtc_segment_unwrap_text(AVIOContext *pb)
{
    struct text *t = pb->opaque;
    AVIOContext *from = trtc_segment_unwrap(pb);

    free(t->p);
    free(t);
    return from;
}

/* Takes over text. Returns 0, or -1: no memory. */
static int wrap_text(AVIOContext **pb, char *p, size_t n)
{
    struct text *t = malloc(sizeof *t);

    if (t && trtc_segment_wrap(pb, &t->inner, read_text, NULL) == 0) {
        t->p = p;
        t->n = n;
        t->at = 0;
        return 0;
    }
    free(t);
    return -1;
}

/* ---- fetching ---- */

/* Returns how many bytes of a text that may be cut off are in whole lines; the rest comes the next time. */
static size_t whole_lines(const char *text, size_t n)
{
    static const char last[] = "#EXT-X-ENDLIST";
    size_t end = n;

    while (end > 0 && text[end - 1] != '\n')
        end--;
    return n - end == strlen(last) && memcmp(text + end, last, n - end) == 0 ? n : end;
}

int trtc_segment_open_once(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                           AVDictionary **options)
{
    AVDictionary *copy = NULL;
    int ret = options ? av_dict_copy(&copy, *options, 0) : 0;

    *pb = NULL;
    if (ret >= 0)
        ret = av_dict_set(&copy, "rw_timeout", TRTC_SEGMENTS_TIMEOUT_US, 0);
    if (ret >= 0)
        ret = trtc_segments_of(ic)->io_open(ic, pb, url, flags, &copy);
    av_dict_free(&copy);
    return ret;
}

/* Fetches it once. Returns its text, which the caller frees; NULL: *why. What has the tag of a playlist is
 * one, unless it stopped coming. */
static char *fetch(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                   AVDictionary **options, size_t *n, int *why)
{
    static const char tag[] = "#EXTM3U", mark[] = "\xef\xbb\xbf";
    enum { STALL_US = 30000000 };
    const struct trtc_segments *g = trtc_segments_of(ic);
    const int64_t began_us = trtc_mono_us();

    *why = trtc_segment_open_once(ic, pb, url, flags, options);
    if (*why < 0)
        return NULL;
    char *text = trtc_segment_read_list(*pb, n);
    const size_t skip = text && *n >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    const bool broke = (*pb)->error < 0 && (*pb)->error != AVERROR_EOF;
    const bool stalled = broke && trtc_mono_us() - began_us >= STALL_US;
    *why = !text ? AVERROR(ENOMEM) : stalled ? AVERROR(ETIMEDOUT) : AVERROR_INVALIDDATA;
    if (text && broke)
        *n = whole_lines(text, *n);
    if (text && !stalled && *n >= skip + strlen(tag) && memcmp(text + skip, tag, strlen(tag)) == 0)
        return text;
    free(text);
    g->io_close(ic, *pb);
    *pb = NULL;
    return NULL;
}

/* Waits a little. Returns false where the time is over, or a signal has come. */
static bool may_try_again(AVFormatContext *ic, int64_t until_us)
{
    enum { PAUSE_MS = 500 };
    const struct trtc_parts *w = ic->opaque;

    if (trtc_is_stopped(w->stop) || trtc_mono_us() >= until_us)
        return false;
    poll(NULL, 0, PAUSE_MS);
    return !trtc_is_stopped(w->stop);
}

int trtc_segment_reload(AVFormatContext *ic, struct trtc_segment_list *list, AVIOContext **pb,
                        int flags, AVDictionary **options)
{
    enum { PATIENCE_US = 60000000 };
    const struct trtc_parts *w = ic->opaque;
    struct trtc_segments *g = trtc_segments_of(ic);
    const int64_t until_us = trtc_mono_us() + PATIENCE_US;
    size_t n = 0;
    int why = 0;
    char *text;

    if (g->broken)
        return g->broken;
    while (!(text = fetch(ic, pb, list->url, flags, options, &n, &why)))
        if (why == AVERROR_EXIT || trtc_av_is_shortage(why) || !may_try_again(ic, until_us)) {
            g->broken = why == AVERROR_EXIT || trtc_is_stopped(w->stop) ? 0 : why;
            return why;
        }
    if (trtc_segment_renumber(g, list, &text, &n) == 0 && wrap_text(pb, text, n) == 0)
        return 0;
    free(text);
    g->io_close(ic, *pb);
    *pb = NULL;
    return g->shortage = AVERROR(ENOMEM);
}

/* Whether a server refuses a segment for good; where a playlist grows, it may just not have it yet. */
static bool is_refused(const struct trtc_segments *g, int averr)
{
    return !g->grows && (averr == AVERROR_HTTP_NOT_FOUND || averr == AVERROR_HTTP_FORBIDDEN ||
                         averr == AVERROR_HTTP_UNAUTHORIZED || averr == AVERROR_HTTP_BAD_REQUEST ||
                         averr == AVERROR_HTTP_OTHER_4XX);
}

int trtc_segment_open(AVFormatContext *ic, AVIOContext **pb, const char *url, int flags,
                      AVDictionary **options)
{
    enum { PATIENCE_US = 1500000 };
    struct trtc_segments *g = trtc_segments_of(ic);
    const int64_t until_us = trtc_mono_us() + (g->failed ? 0 : PATIENCE_US);
    int ret;

    while ((ret = trtc_segment_open_once(ic, pb, url, flags, options)) < 0)
        if (ret == AVERROR_EXIT || trtc_av_is_shortage(ret) || is_refused(g, ret) ||
            !may_try_again(ic, until_us))
            break;
    g->failed = ret < 0;
    return ret;
}
