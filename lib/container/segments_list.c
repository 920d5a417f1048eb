/* SPDX-License-Identifier: MIT */
/* Compares the segments of a playlist (RFC 8216) with what it states. It is fetched again in the beginning, where
 * something may be missing, and at the end. */
#include <stdlib.h>
#include <string.h>

#include "codec/av.h"
#include "container/segments_priv.h"
#include "playlist/playlist.h"

/* ---- what the playlist states ---- */

/* Fetches a playlist. Returns 0, or -1: it cannot be had, or lists no segments. */
static int fetch_list(AVFormatContext *ic, const char *url, struct trtc_playlist *out)
{
    const struct trtc_segments *g = trtc_segments_of(ic);
    AVIOContext *pb = NULL;
    struct trtc_err ignored;
    size_t n;

    if (trtc_segment_open_once(ic, &pb, url, AVIO_FLAG_READ, NULL) < 0)
        return -1;
    char *text = trtc_segment_read_list(pb, &n);
    g->io_close(ic, pb);
    return text ? trtc_playlist_parse(text, n, out, &ignored) : -1;
}

/* Whether a URL is that of a segment, wherever its playlist is. */
static bool names(const struct trtc_playlist_seg *seg, const char *url)
{
    const char *uri = seg->uri;

    while (strncmp(uri, "./", 2) == 0 || strncmp(uri, "../", 3) == 0)
        uri = strchr(uri, '/') + 1;
    const size_t n = strlen(uri), all = strlen(url);
    return n > 0 && n <= all && strcmp(url + all - n, uri) == 0 &&
           (n == all || *uri == '/' || url[all - n - 1] == '/' || strstr(uri, "://"));
}

/* Finds the playlist that lists a segment, which it parses to *out. Returns the place of the segment, or
 * -1: it is in none. */
static ptrdiff_t find_segment(AVFormatContext *ic, const char *url, struct trtc_playlist *out)
{
    const struct trtc_segments *g = trtc_segments_of(ic);

    for (size_t i = g->nb_lists; url && i-- > 0;) {
        *out = (struct trtc_playlist){ 0 };
        for (size_t k = fetch_list(ic, g->lists[i].url, out) == 0 ? out->nb_segs : 0; k-- > 0;)
            if (names(&out->segs[k], url))
                return (ptrdiff_t)k;
        trtc_playlist_fini(out);
    }
    return -1;
}

/* ---- what is missing ---- */

static void lose(struct trtc_segments *g, int64_t us)
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
static bool is_smaller(const struct trtc_segment_chain *c, const struct trtc_playlist_seg *seg)
{
    return seg->range_bytes < 0 && c->nb < seg->attr_bytes;
}

/* What the playlist states about two segments whose counters do not go on. */
enum verdict { NOTHING, ANEW, TORN, SHORT };

/* Nothing is missing in front of a segment where the playlist states that another stream begins, or that
 * the segment before ends there, so that a hole is a pause. It may be that segment which is too short. */
static enum verdict judge(AVFormatContext *ic, const struct trtc_segment_chain *c,
                          struct trtc_seam_join *join)
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
    const bool pauses = v == SHORT && before && !join->blank && ends_there(before, join);
    if (other || pauses || (v == ANEW && lacks > 0)) {
        v = lacks > 0 ? SHORT : NOTHING;
        join->hole_us = lacks;
    } else if (v == ANEW && before && is_smaller(c, before)) {
        v = TORN;
    }
    trtc_playlist_fini(&list);
    return v;
}

/* Whether the segments were made one by one, so that counters say nothing. */
static bool are_single(const struct trtc_segments *g)
{
    return g->nb_on <= 2 * g->nb_anew;
}

/* If counters go on before most segments, something is missing where they do not, if only a part of a
 * frame. */
int64_t trtc_segments_nb_torn(const struct trtc_segments *g)
{
    return g->nb_torn + (are_single(g) ? 0 : g->nb_anew);
}

void trtc_segment_compare(AVFormatContext *ic, struct trtc_segment_chain *c, bool ended)
{
    enum { ASKED = 8 };
    struct trtc_segments *g = trtc_segments_of(ic);
    struct trtc_seam_join join;

    if (!trtc_seam_compare(&c->seam, ended, &join) || c->other)
        return;
    g->nb_on += !join.anew && join.hole_us == 0;
    if (!join.anew || (join.hole_us > 0 && !join.all && g->nb_anew > 0 && are_single(g)))
        return;
    const bool ask = join.hole_us > 0 || g->nb_anew < ASKED;
    const enum verdict v = ask ? judge(ic, c, &join) : ANEW;
    g->nb_anew += v == ANEW;
    g->nb_torn += v == TORN;
    if (v == SHORT)
        lose(g, join.hole_us);
}

/* Returns how long the fragments in the latest segment of an MP4 are. */
static int64_t fragments_us(const struct trtc_segment_chain *c)
{
    const struct trtc_fragments *f = &c->parts->boxes.order;
    int64_t longest_us = 0;

    for (int k = 0; k < f->nb_lanes; k++) {
        const struct trtc_fragment_lane *l = &f->lanes[k];
        const int64_t us = l->hz > 0 ? av_rescale(l->end - c->ends[k], 1000000, l->hz) : 0;
        longest_us = us > longest_us ? us : longest_us;
    }
    return longest_us;
}

void trtc_segment_compare_last(AVFormatContext *ic, const struct trtc_segment_chain *c)
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
    const bool first = c->other || k == 0 || seg->discontinuity || part.spacing_us == 0;
    const int64_t off_us = first || seg[-1].duration_us == TRTC_NOTIME
                               ? NEAR_US / 2
                               : llabs(seg[-1].duration_us - part.spacing_us);
    const int64_t near_us = seg->whole ? ROUNDING_US : NEAR_US;
    const int64_t slack_us = off_us < EXACT_US ? SLACK_US : 3 * NEAR_US;
    const int64_t lacks = off_us < near_us ? lacks_us(seg, part.length_us, slack_us) : 0;
    const bool last = list.ended && (size_t)k + 1 == list.nb_segs;
    if (last && lacks > 0)
        lose(trtc_segments_of(ic), lacks);
    else if (last && is_smaller(c, seg))
        trtc_segments_of(ic)->nb_torn++;
    trtc_playlist_fini(&list);
}

bool trtc_segment_is_beside_other(AVFormatContext *ic, const char *url)
{
    struct trtc_playlist list;
    const ptrdiff_t k = find_segment(ic, url, &list);

    if (k < 0)
        return false;
    const bool other = list.segs[k].discontinuity || (k > 0 && list.segs[k - 1].discontinuity);
    trtc_playlist_fini(&list);
    return other;
}

void trtc_segment_look_before(AVFormatContext *ic, const char *url)
{
    struct trtc_segments *g = trtc_segments_of(ic);
    struct trtc_playlist list;
    const ptrdiff_t k = find_segment(ic, url, &list);

    if (k < 0)
        return;
    g->grows = g->growing = !list.ended;
    g->nb_before = g->growing ? k : 0;
    trtc_playlist_fini(&list);
}
