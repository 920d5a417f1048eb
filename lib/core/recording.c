/* SPDX-License-Identifier: MIT */
/* Puts the segments of a recording on the clock, and lists what cannot be used. */
#include "core/recording.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/beneath.h"
#include "core/clock.h"
#include "core/recording_priv.h"
#include "core/stray.h"

#define CLOCK_STEP_US 1000000 /* more is a step of the clock, not rounding */
#define NOTED_US      100000  /* less is not worth a word */
#define COME_BACK_US  10000
#define BIG_JUMP_US   (3600 * INT64_C(1000000))

int trtc_notes_add(char ***notes, size_t *n, const char *fmt,
                                                          va_list ap)
{
    char text[1024];
    vsnprintf(text, sizeof text, fmt, ap);
    char **grown = realloc(*notes, (*n + 1) * sizeof *grown);
    if (!grown)
        return -1;
    *notes = grown;
    grown[*n] = strdup(text);
    return grown[*n] ? ((*n)++, 0) : -1;
}

int trtc_recording_note(struct trtc_recording *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int ret = trtc_notes_add(&r->notes, &r->nb_notes, fmt, ap);
    va_end(ap);
    return ret;
}

int trtc_recording_hold(struct trtc_recording *r, const char *file, const struct trtc_err *why)
{
    if (r->held)
        return 0;
    r->held = malloc(sizeof *r->held);
    if (!r->held)
        return -1;
    trtc_fail(r->held, why->code, "%s/%s: %s", r->dir, file, why->msg);
    return 0;
}

char *trtc_piece_path(const struct trtc_recording *r, const struct trtc_piece *p)
{
    size_t n = strlen(r->dir) + strlen(p->uri) + 2;
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s/%s", r->dir, p->uri);
    return path;
}

void trtc_recording_seen(struct trtc_recording *r, int dirfd, const char *name)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, 0) < 0)
        return;
    int64_t ms = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
    r->newest_ms = ms > r->newest_ms ? ms : r->newest_ms;
}

/* ---- which listed segments can be used ---- */

struct seen { /* open addressing over what was taken so far */
    struct seen_slot {
        const char *uri;
        int64_t at; /* first byte; ANY_RANGE: any of the file */
    } * slots;
    size_t size; /* power of two */
};

#define ANY_RANGE (-1)

static uint64_t hash(const char *s)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

/* True if that part of uri was there already; it is from now on. */
static bool seen_before(struct seen *t, const char *uri, int64_t at)
{
    size_t i = (hash(uri) + (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15)) & (t->size - 1);
    for (; t->slots[i].uri; i = (i + 1) & (t->size - 1))
        if (t->slots[i].at == at && strcmp(t->slots[i].uri, uri) == 0)
            return true;
    t->slots[i] = (struct seen_slot){ uri, at };
    return false;
}

/* The name of the segment says that it belongs to somebody else. */
static bool is_foreign(const struct trtc_recording *r, const struct trtc_name *n)
{
    if (n->sdkappid != r->sdkappid || (n->user.p != NULL) != (r->user != NULL))
        return true;
    if (n->room.n != strlen(r->room) || memcmp(n->room.p, r->room, n->room.n) != 0)
        return true;
    return r->user && (n->user.n != strlen(r->user) || memcmp(n->user.p, r->user, n->user.n) != 0);
}

static int lose(struct trtc_recording *r, const struct trtc_piece *p, const char *kind,
                int64_t bytes, const char *why)
{
    int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", r->dir, p->uri);
    return trtc_losses_add(&r->losses, path, kind, p->source, p->start_us, us, bytes,
                           why ? "%s" : NULL, why);
}

/* What the line alone says of a segment. */
enum listing { LISTED, LISTED_WITH_NUL, LISTED_AGAIN, LISTED_FOREIGN };

static enum listing look_at(const struct trtc_recording *r, const struct trtc_playlist_seg *seg,
                            const struct trtc_name *name, struct seen *seen)
{
    if (strlen(seg->uri) != seg->uri_len)
        return LISTED_WITH_NUL;
    if (seen_before(seen, seg->uri, seg->range_at))
        return LISTED_AGAIN;
    return name && is_foreign(r, name) ? LISTED_FOREIGN : LISTED;
}

/* Checks one listed segment on disk. 1: usable, 0: a loss was listed or r is held, -1: no memory. */
static int check_piece(struct trtc_recording *r, struct trtc_piece *p,
                       const struct trtc_playlist_seg *seg, enum listing how, int dirfd)
{
    struct trtc_err why;
    if (how == LISTED_WITH_NUL)
        return lose(r, p, "missing", p->attr_bytes, "its name holds a NUL byte");
    if (how == LISTED_AGAIN)
        return lose(r, p, "twice", 0, "listed more than once, used once");
    if (how == LISTED_FOREIGN)
        return lose(r, p, "foreign", p->attr_bytes, "its name is another recording's");
    if (trtc_stat_beneath(dirfd, seg->uri, &p->bytes, &why) < 0) {
        if (trtc_is_shortage(&why))
            return trtc_recording_hold(r, seg->uri, &why);
        bool plain = why.code == TRTC_EX_NOINPUT, outside = why.code == TRTC_EX_NOPERM;
        return lose(r, p, plain || outside ? "missing" : "unreadable", p->attr_bytes,
                    plain ? NULL : why.msg);
    }
    trtc_recording_seen(r, dirfd, seg->uri);
    if (p->bytes == 0)
        return lose(r, p, "empty", p->attr_bytes, NULL);
    if (p->ranged && p->bytes <= p->at_bytes)
        return lose(r, p, "missing", p->attr_bytes, "the file ends before its byte range");
    if (p->ranged)
        p->bytes = p->bytes - p->at_bytes < p->attr_bytes ? p->bytes - p->at_bytes : p->attr_bytes;
    p->measure = p->dur_us == TRTC_NOTIME || p->bytes % 188 != 0 ||
                 (p->attr_bytes >= 0 && p->attr_bytes != p->bytes);
    return 1;
}

/* ---- the clock ---- */

struct placing {
    int64_t first_ms; /* UTC of the first segment's name, or TRTC_NOTIME */
    int64_t shift_us; /* START-REC-TIME minus first_ms; TRTC_NOTIME: not needed yet */
    int64_t next_us;  /* end of the segment before, or TRTC_NOTIME */
};

static bool parse_name(const char *uri, struct trtc_name *name)
{
    const char *base = strrchr(uri, '/') ? strrchr(uri, '/') + 1 : uri;
    return trtc_name_parse(base, strlen(base), TRTC_ROOM_AUTO, name, NULL, NULL) == 0;
}

/* Some name of the playlist lies where START-REC-TIME does: a first one that does not is wild. */
static bool names_agree(const struct trtc_playlist *pl)
{
    for (size_t i = 0; i < pl->nb_segs; i++) {
        struct trtc_name name;
        if (parse_name(pl->segs[i].uri, &name) && name.utc_ms != TRTC_NOTIME &&
            llabs(name.utc_ms - pl->start_rec_ms) <= TRTC_STRAY_US / 1000)
            return true;
    }
    return false;
}

static int64_t name_shift_us(struct trtc_recording *r, const struct trtc_source *src,
                             int64_t first_ms)
{
    const struct trtc_playlist *pl = &src->playlist;
    if (first_ms == TRTC_NOTIME || pl->start_rec_ms == TRTC_NOTIME || first_ms == pl->start_rec_ms)
        return 0;
    int64_t ms = pl->start_rec_ms - first_ms;
    if (llabs(ms) > TRTC_STRAY_US / 1000 && names_agree(pl))
        return 0;
    trtc_recording_note(
        r, "%s/%s: the names' times are shifted by %+.3f s to agree with START-REC-TIME", r->dir,
        src->file, (double)ms / 1000);
    return ms * 1000;
}

/* The start of a segment by the clock rule; exact is false where it is only summed up. */
static int64_t clock_of(struct trtc_recording *r, const struct trtc_source *src, struct placing *at,
                        const struct trtc_playlist_seg *seg, int64_t name_ms, bool *exact)
{
    const struct trtc_playlist *pl = &src->playlist;
    *exact = true;
    if (seg->attr_start_ms != TRTC_NOTIME)
        return seg->attr_start_ms * 1000;
    if (name_ms != TRTC_NOTIME) {
        if (at->shift_us == TRTC_NOTIME)
            at->shift_us = name_shift_us(r, src, at->first_ms);
        return name_ms * 1000 + at->shift_us;
    }
    *exact = false;
    if (at->next_us != TRTC_NOTIME)
        return at->next_us;
    return pl->start_rec_ms != TRTC_NOTIME ? pl->start_rec_ms * 1000 : 0;
}

static void note_jump(struct trtc_recording *r, const struct placing *at,
                      const struct trtc_piece *p)
{
    int64_t jump = at->next_us == TRTC_NOTIME ? 0 : p->start_us - at->next_us;
    if (jump > BIG_JUMP_US)
        trtc_recording_note(r, "%s/%s: the clock jumps ahead by %.3f s here", r->dir, p->uri,
                            (double)jump / 1e6);
}

static int place_source(struct trtc_recording *r, int source, struct seen *seen, int dirfd)
{
    const struct trtc_source *src = &r->sources[source];
    const struct trtc_playlist *pl = &src->playlist;
    struct placing at = { .first_ms = TRTC_NOTIME,
                          .shift_us = TRTC_NOTIME,
                          .next_us = TRTC_NOTIME };
    for (size_t i = 0; i < pl->nb_segs; i++) {
        const struct trtc_playlist_seg *seg = &pl->segs[i];
        struct trtc_name name;
        bool named = parse_name(seg->uri, &name);
        bool ranged = seg->range_bytes >= 0;
        /* of several ranges of a file its name has the time of the first one */
        bool timed = named && !(seen_before(seen, seg->uri, ANY_RANGE) && ranged);
        struct trtc_piece p = { .uri = seg->uri,
                                .source = source,
                                .place = (int64_t)i,
                                .dur_us = seg->duration_us > 0 ? seg->duration_us : TRTC_NOTIME,
                                .next_us = TRTC_NOTIME,
                                .at_bytes = seg->range_at,
                                .attr_bytes = ranged ? seg->range_bytes : seg->attr_bytes,
                                .ranged = ranged,
                                .key_method = seg->key_method,
                                .map = seg->map,
                                .said_width_px = seg->width_px,
                                .said_height_px = seg->height_px,
                                .name_ms = timed ? name.utc_ms : TRTC_NOTIME };
        p.facts.nb_frames = -1;
        enum listing how = look_at(r, seg, named ? &name : NULL, seen);
        bool own = how != LISTED_FOREIGN; /* a foreign name says nothing about the clock */
        if (i == 0 && own)
            at.first_ms = p.name_ms;
        p.start_us = clock_of(r, src, &at, seg, own ? p.name_ms : TRTC_NOTIME, &p.exact);
        if (how == LISTED_AGAIN)
            p.dur_us = 0; /* its media is used where it was listed first */
        if (i == 0 && own && seg->attr_start_ms != TRTC_NOTIME && p.name_ms != TRTC_NOTIME &&
            llabs(seg->attr_start_ms - p.name_ms) > 1000)
            trtc_recording_note(
                r, "%s/%s: FILE-ATTR and the name differ by %.3f s; FILE-ATTR is taken", r->dir,
                seg->uri, (double)(seg->attr_start_ms - p.name_ms) / 1000);
        if (own && how != LISTED_AGAIN)
            note_jump(r, &at, &p);
        r->nb_segments++;
        int usable = check_piece(r, &p, seg, how, dirfd);
        if (usable < 0)
            return -1;
        if ((own && how != LISTED_AGAIN) || at.next_us == TRTC_NOTIME)
            at.next_us = p.start_us;
        at.next_us += p.dur_us == TRTC_NOTIME ? 0 : p.dur_us;
        if (usable) {
            r->pieces[r->nb_pieces++] = p;
            r->bytes += p.bytes;
        }
    }
    return 0;
}

/* ---- the clock, once the streams' own time stamps are known ---- */

/* The stream goes on from a to b without a break of its own, to so many us. */
static bool goes_on(const struct trtc_piece *a, const struct trtc_piece *b, int64_t tolerance_us)
{
    int64_t step = trtc_ts_diff(b->facts.first_ts_90k, a->facts.first_ts_90k) * 100 / 9;
    return a->source == b->source && llabs(step - a->dur_us) < tolerance_us;
}

/* The clock of p against the stream that goes on from prev, which has its place: what must be added
 * to p's start. Where the clock runs back, following it would be to drop what the stream holds. A
 * little is come back to, softly, with each segment. */
static int64_t follow(struct trtc_recording *r, const struct trtc_piece *prev,
                      const struct trtc_piece *p, int64_t back_us)
{
    const int64_t off = p->start_us - (prev->start_us + prev->dur_us);
    const int64_t least = back_us > 0 ? COME_BACK_US : TRTC_ROUNDING_US;
    if (off > -least || (off > -CLOCK_STEP_US && !goes_on(prev, p, TRTC_ROUNDING_US)))
        return 0;
    if (off <= -CLOCK_STEP_US && off + back_us >= -CLOCK_STEP_US)
        return back_us;
    if (off + back_us < -NOTED_US)
        trtc_recording_note(r,
                            "%s/%s: the clock runs back by %.3f s here while the stream goes on; "
                            "the stream is followed",
                            r->dir, p->uri, (double)-off / 1e6);
    return off <= -CLOCK_STEP_US ? -off : -off - COME_BACK_US;
}

/* The name of its file has no other time than its clock. */
static bool is_sure(const struct trtc_piece *p)
{
    return p->name_ms != TRTC_NOTIME && llabs(p->name_ms * 1000 - p->start_us) <= TRTC_STRAY_US;
}

/* What the strays are measured by: all else of the recording. */
static struct trtc_spot extent_of(const struct trtc_spot *spots, size_t n)
{
    struct trtc_spot all = { .start_us = INT64_MAX, .end_us = INT64_MIN };
    for (size_t i = 0; i < n; i++) {
        if (spots[i].stray)
            continue;
        all.start_us = spots[i].start_us < all.start_us ? spots[i].start_us : all.start_us;
        all.end_us = spots[i].end_us > all.end_us ? spots[i].end_us : all.end_us;
    }
    return all;
}

static int lose_stray(struct trtc_recording *r, struct trtc_piece *p)
{
    char when[32], why[128];
    trtc_utc_format3339(p->start_us / 1000, when);
    snprintf(why, sizeof why, "its time, %s, is over 48 h from all else of the recording", when);
    p->unusable = true;
    return lose(r, p, "stray", p->bytes, why);
}

/* Segments of a playlist whose clock was wild, and whose names are not: the first, and how many. */
static int tell_placed(struct trtc_recording *r, const struct trtc_source *src, int64_t first_us,
                       int64_t nb)
{
    char path[4096], when[32];
    trtc_utc_format3339(first_us / 1000, when);
    snprintf(path, sizeof path, "%s/%s", r->dir, src->file);
    return trtc_losses_add(&r->losses, path, "stray", (int)(src - r->sources), first_us, 0, 0,
                           "the time of %" PRId64 " of its segments, %s%s, is over 48 h from all "
                           "else of the recording; their names' times are taken",
                           nb, nb > 1 ? "from " : "", when);
}

/* Places the strays by their names, or takes them out. */
static int settle_strays(struct trtc_recording *r, const struct trtc_spot *spots,
                         const struct trtc_spot *all)
{
    int64_t nb = 0, first_us = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        const bool stray = !p->unusable && spots++->stray;
        const int64_t name_us = p->name_ms == TRTC_NOTIME ? INT64_MIN : p->name_ms * 1000;
        if (stray &&
            (name_us < all->start_us - TRTC_STRAY_US || name_us > all->end_us + TRTC_STRAY_US)) {
            if (lose_stray(r, p) < 0)
                return -1;
        } else if (stray) {
            first_us = nb++ ? first_us : p->start_us;
            p->start_us = name_us;
            p->exact = true;
        }
        const bool last = i + 1 == r->nb_pieces || p[1].source != p->source;
        if (last && nb && tell_placed(r, &r->sources[p->source], first_us, nb) < 0)
            return -1;
        nb = last ? 0 : nb;
    }
    return 0;
}

static int find_strays(struct trtc_recording *r)
{
    struct trtc_spot *spots = malloc((r->nb_pieces + 1) * sizeof *spots);
    size_t n = 0;
    if (!spots)
        return -1;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        const struct trtc_piece *p = &r->pieces[i];
        int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
        if (!p->unusable)
            spots[n++] = (struct trtc_spot){ .start_us = p->start_us,
                                             .end_us = p->start_us + us,
                                             .sure = is_sure(p) };
    }
    int64_t nb = trtc_find_strays(spots, n);
    const struct trtc_spot all = extent_of(spots, n);
    int ret = nb > 0 ? settle_strays(r, spots, &all) : nb < 0 ? -1 : 0;
    free(spots);
    return ret;
}

/* How far each piece is from the next one of its playlist. */
static void find_next(struct trtc_recording *r)
{
    struct trtc_piece *prev = NULL;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (p->unusable)
            continue;
        const bool follows = prev && prev->source == p->source && p->exact;
        if (follows && p->start_us > prev->start_us)
            prev->next_us = p->start_us - prev->start_us;
        prev = p;
    }
}

int trtc_recording_settle(struct trtc_recording *r, struct trtc_err *err)
{
    if (find_strays(r) < 0)
        return trtc_fail_nomem(err);
    const struct trtc_piece *prev = NULL;
    int64_t back_us = 0;
    for (size_t i = 0; i < r->nb_pieces; i++) {
        struct trtc_piece *p = &r->pieces[i];
        if (p->unusable)
            continue;
        if (!prev || prev->source != p->source)
            back_us = 0;
        if (prev && p->exact && goes_on(prev, p, CLOCK_STEP_US))
            back_us = follow(r, prev, p, back_us);
        p->start_us += back_us;
        prev = p;
    }
    find_next(r);
    return 0;
}

/* ---- sources ---- */

static int by_source(const void *a, const void *b)
{
    const struct trtc_source *x = a, *y = b;
    if (x->media != y->media)
        return x->media < y->media ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->ha != y->ha)
        return x->ha < y->ha ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* A track goes on in its next playlist (numbered, or a recovery's): only the last one's
 * ENDLIST counts. */
static bool all_ended(const struct trtc_recording *r)
{
    for (size_t i = 0; i < r->nb_sources; i++) {
        const struct trtc_source *s = &r->sources[i], *next = s + 1;
        bool last = i + 1 == r->nb_sources || next->media != s->media || next->type != s->type;
        if (last && !s->playlist.ended)
            return false;
    }
    return r->nb_sources > 0;
}

int trtc_recording_place(struct trtc_recording *r, int dirfd, struct trtc_err *err)
{
    size_t n = 0;
    if (r->nb_sources)
        qsort(r->sources, r->nb_sources, sizeof *r->sources, by_source);
    for (size_t i = 0; i < r->nb_sources; i++)
        n += r->sources[i].playlist.nb_segs;
    struct seen seen = { .size = 16 };
    while (seen.size < 4 * n) /* two entries a segment, half of it empty */
        seen.size *= 2;
    seen.slots = calloc(seen.size, sizeof *seen.slots);
    r->pieces = malloc((n + 1) * sizeof *r->pieces);
    int ret = seen.slots && r->pieces ? 0 : -1;
    for (size_t i = 0; i < r->nb_sources && ret == 0; i++)
        ret = place_source(r, (int)i, &seen, dirfd);
    free(seen.slots);
    r->ended = all_ended(r);
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}
