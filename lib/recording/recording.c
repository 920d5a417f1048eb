/* SPDX-License-Identifier: MIT */
/* Puts the segments of a recording on the clock, and lists those that cannot be used. */
#include "recording/recording.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/beneath.h"
#include "playlist/plain_name.h"
#include "playlist/stray.h"
#include "recording/recording_priv.h"

#define BIG_JUMP_US (3600 * INT64_C(1000000))
#define YEAR_US     (365 * 24 * BIG_JUMP_US)

enum { NAMES_OFF_MS = 1000 }; /* how far names and START-REC-TIME may be apart */

int trtc_notes_add(char ***notes, size_t *n, const char *fmt, va_list ap)
{
    char text[1024];
    vsnprintf(text, sizeof text, fmt, ap);
    if (trtc_array_room(notes, *n, sizeof **notes) < 0)
        return -1;
    (*notes)[*n] = strdup(text);
    return (*notes)[*n] ? ((*n)++, 0) : -1;
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

int trtc_losses_add_piece(struct trtc_losses *l, const struct trtc_recording *r,
                          const struct trtc_piece *p, struct trtc_lost lost, const char *fmt, ...)
{
    char detail[256];
    char *path = trtc_piece_path(r, p);
    const struct trtc_loss loss = { .path = path,
                                    .kind = lost.kind,
                                    .detail = fmt ? detail : NULL,
                                    .start_us = p->start_us,
                                    .within_us = p->dur_us,
                                    .lost_us = lost.us,
                                    .lost_bytes = lost.bytes,
                                    .list = p->list };
    va_list ap;
    va_start(ap, fmt);
    if (fmt)
        vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    const int ret = path ? trtc_losses_add(l, &loss) : -1;
    free(path);
    return ret;
}

unsigned trtc_list_may_have(const struct trtc_recording *r, int list, bool heard_elsewhere)
{
    const struct trtc_list *own = &r->lists[list];
    unsigned may = TRTC_AUDIO | TRTC_VIDEO;
    for (size_t i = 0; i < r->nb_lists && r->user; i++) {
        const struct trtc_list *s = &r->lists[i];
        if (s->type == own->type)
            continue;
        if (s->media == own->media || (heard_elsewhere && s->type == TRTC_AUDIO))
            may &= ~(unsigned)(s->type == TRTC_AUDIO ? TRTC_AUDIO : TRTC_VIDEO);
    }
    return may;
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

struct seen { /* the files used so far: a hash table with open addressing */
    struct seen_slot {
        const char *name;
        int64_t at; /* first byte; ANY_RANGE: the whole file */
        int list;   /* the playlist that lists it */
    } * slots;
    size_t size; /* a power of two */
};

#define ANY_RANGE (-1)

static uint64_t hash(const char *s)
{
    uint64_t h = UINT64_C(1469598103934665603);
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return h ^ h >> 29;
}

/* Enters a part of a file. Returns the playlist that listed it before, or -1 if this one is the
 * first. */
static int seen_before(struct seen *t, const char *name, int64_t at, int list)
{
    size_t i = (hash(name) + (uint64_t)at * UINT64_C(0x9e3779b97f4a7c15)) & (t->size - 1);
    for (; t->slots[i].name; i = (i + 1) & (t->size - 1))
        if (t->slots[i].at == at && strcmp(t->slots[i].name, name) == 0)
            return t->slots[i].list;
    t->slots[i] = (struct seen_slot){ name, at, list };
    return -1;
}

/* Whether the name of the segment shows that it belongs to another user. */
static bool is_foreign(const struct trtc_recording *r, const struct trtc_name *n)
{
    if (n->sdkappid != r->sdkappid || (n->user.p != NULL) != (r->user != NULL))
        return true;
    if (n->room.n != strlen(r->room) || memcmp(n->room.p, r->room, n->room.n) != 0)
        return true;
    return r->user && (n->user.n != strlen(r->user) || memcmp(n->user.p, r->user, n->user.n) != 0);
}

int trtc_recording_lose(struct trtc_recording *r, const struct trtc_piece *p, const char *kind,
                        int64_t bytes, const char *why)
{
    int64_t us = p->dur_us == TRTC_NOTIME ? 0 : p->dur_us;
    const struct trtc_lost lost = { kind, us, bytes };
    return why ? trtc_losses_add_piece(&r->losses, r, p, lost, "%s", why)
               : trtc_losses_add_piece(&r->losses, r, p, lost, NULL);
}

/* ---- from lines to files ---- */

struct placer {
    struct trtc_recording *r;
    struct trtc_dir_index *dir;
    struct seen seen;
    const volatile sig_atomic_t *stop;
};

/* A line of a playlist and the file that it names. */
struct line {
    const struct trtc_playlist_seg *seg;
    const char *file; /* its name in the directory; if it does not exist, the name in the line */
    int64_t bytes;
    struct trtc_err why; /* code 0: the file exists */
    char plain[TRTC_PLAIN_MAX];
    struct trtc_name name; /* if named; points into plain */
    bool named;
};

/* Copies a name from the index, which will be freed, into the recording. */
static const char *keep_name(struct trtc_recording *r, const char *name)
{
    if (trtc_array_room(&r->found, r->nb_found, sizeof *r->found) < 0)
        return NULL;
    char *copy = strdup(name);
    if (copy)
        r->found[r->nb_found++] = copy;
    return copy;
}

static bool parse_name(struct line *l, const char *name)
{
    return trtc_plain_name(name, strlen(name), l->plain) &&
           trtc_name_parse(l->plain, strlen(l->plain), TRTC_ROOM_AUTO, &l->name, NULL, NULL) == 0;
}

static int find_file(struct placer *pl, const struct trtc_playlist_seg *seg, struct line *l)
{
    struct trtc_dir_found found = { .name = seg->uri };
    *l = (struct line){ .seg = seg, .file = seg->uri };
    if (strlen(seg->uri) != seg->uri_len)
        trtc_fail(&l->why, TRTC_EX_DATAERR, "its name holds a NUL byte");
    else if (trtc_dir_find(pl->dir, seg->uri, seg->range_bytes < 0 ? seg->attr_bytes : -1, &found,
                           &l->why) == 0)
        l->why.code = 0;
    l->bytes = found.bytes;
    if (found.name != seg->uri && !(l->file = keep_name(pl->r, found.name)))
        return -1;
    /* A file whose name a tool has mangled is the one that the line names. */
    l->named = parse_name(l, l->file) || (l->file != seg->uri && parse_name(l, seg->uri));
    return 0;
}

/* How a line lists a segment. COPIED: another playlist of the same track lists it too. */
enum listing { LISTED, LISTED_WITH_NUL, LISTED_AGAIN, LISTED_COPIED, LISTED_FOREIGN };

/* Numbered playlists are those of one track; a copy may look like one ("_2"). */
static bool same_track(const struct trtc_list *a, const struct trtc_list *b)
{
    return a->media == b->media && a->type == b->type && a->ha == b->ha;
}

/* Whether another copy of a playlist has its end, so that nothing is lost if this one is cut. */
static bool has_whole_copy(const struct trtc_recording *r, int list)
{
    const struct trtc_playlist *own = &r->lists[list].playlist;
    for (size_t i = 0; i < r->nb_lists; i++) {
        const struct trtc_playlist *p = &r->lists[i].playlist;
        if ((int)i != list && same_track(&r->lists[i], &r->lists[list]) && p->ended && !p->cut &&
            p->nb_nameless == 0 && p->start_rec_ms == own->start_rec_ms &&
            (own->nb_segs < 2 || (p->nb_segs && strcmp(p->segs[0].uri, own->segs[0].uri) == 0)))
            return true;
    }
    return false;
}

/* Whether a line that leads to nothing is the last one of its playlist, cut within the name. */
static bool is_cut_name(const struct trtc_recording *r, const struct line *l, int list)
{
    const struct trtc_playlist *p = &r->lists[list].playlist;
    return l->why.code == TRTC_EX_NOINPUT && p->open && l->seg == &p->segs[p->nb_segs - 1] &&
           has_whole_copy(r, list);
}

static enum listing look_at(struct placer *pl, const struct line *l, int list)
{
    const struct trtc_list *s = pl->r->lists;
    if (strlen(l->seg->uri) != l->seg->uri_len)
        return LISTED_WITH_NUL;
    if (is_cut_name(pl->r, l, list))
        return LISTED_COPIED;
    int before = seen_before(&pl->seen, l->file, l->seg->range_at, list);
    if (before >= 0)
        return before != list && same_track(&s[before], &s[list]) ? LISTED_COPIED : LISTED_AGAIN;
    return l->named && is_foreign(pl->r, &l->name) ? LISTED_FOREIGN : LISTED;
}

/* Checks one listed segment. 1: usable; 0: a loss was listed or r is on hold; -1: out of memory. */
static int check_piece(struct placer *pl, struct trtc_piece *p, const struct line *l,
                       enum listing how)
{
    struct trtc_recording *r = pl->r;
    const struct trtc_err *why = &l->why;
    if (how == LISTED_COPIED)
        return 0;
    if (how == LISTED_WITH_NUL)
        return trtc_recording_lose(r, p, "missing", p->attr_bytes, why->msg);
    if (how == LISTED_AGAIN)
        return trtc_recording_lose(r, p, "twice", 0, "listed more than once, used once");
    if (how == LISTED_FOREIGN)
        return trtc_recording_lose(r, p, "foreign", p->attr_bytes,
                                   "its name is that of another recording");
    if (why->code) {
        if (trtc_is_shortage(why))
            return trtc_recording_hold(r, l->file, why);
        bool plain = why->code == TRTC_EX_NOINPUT, outside = why->code == TRTC_EX_NOPERM;
        r->denied |= trtc_is_denied(why);
        return trtc_recording_lose(r, p, plain || outside ? "missing" : "unreadable", p->attr_bytes,
                                   plain ? NULL : why->msg);
    }
    trtc_recording_seen(r, pl->dir->fd, l->file);
    p->bytes = l->bytes;
    if (p->bytes == 0)
        return trtc_recording_lose(r, p, "empty", p->attr_bytes, NULL);
    if (p->ranged && p->bytes <= p->at_bytes)
        return trtc_recording_lose(r, p, "missing", p->attr_bytes,
                                   "the file ends before its byte range");
    if (p->ranged)
        p->bytes = p->bytes - p->at_bytes < p->attr_bytes ? p->bytes - p->at_bytes : p->attr_bytes;
    p->measure = p->dur_us == TRTC_NOTIME || p->bytes % 188 != 0 ||
                 (p->attr_bytes >= 0 && p->attr_bytes != p->bytes);
    return 1;
}

/* ---- the clock ---- */

struct placing {
    int64_t first_ms; /* UTC time in the name of the first segment, or TRTC_NOTIME */
    int64_t shift_us; /* START-REC-TIME minus first_ms; TRTC_NOTIME: not computed yet */
    int64_t next_us;  /* end of the segment before, or TRTC_NOTIME */
    int nb;           /* number of lines so far, */
    int nb_found;     /* of those whose files have other names than the line has, */
    int nb_wild;      /* of those whose FILE-ATTR cannot be right, */
    int nb_copied;    /* and of those that another playlist of the track lists as well */
};

static bool are_far(int64_t a_ms, int64_t b_ms)
{
    return llabs(a_ms - b_ms) > TRTC_STRAY_US / 1000;
}

/* The UTC time in the name of a segment, or TRTC_NOTIME. */
static int64_t name_ms_of(const struct trtc_playlist_seg *seg)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_name name;
    return trtc_plain_name(seg->uri, seg->uri_len, plain) &&
                   trtc_name_parse(plain, strlen(plain), TRTC_ROOM_AUTO, &name, NULL, NULL) == 0
               ? name.utc_ms
               : TRTC_NOTIME;
}

/* Whether some name in the playlist agrees with START-REC-TIME. If one does, a first name that does
 * not is wrong. */
static bool names_agree(const struct trtc_playlist *pl)
{
    for (size_t i = 0; i < pl->nb_segs; i++) {
        const int64_t ms = name_ms_of(&pl->segs[i]);
        if (ms != TRTC_NOTIME && !are_far(ms, pl->start_rec_ms))
            return true;
    }
    return false;
}

/* Whether the names in another playlist of the recording begin at its START-REC-TIME, so that the
 * clock of the names is right. */
static bool others_agree(const struct trtc_recording *r, const struct trtc_list *from)
{
    for (size_t i = 0; i < r->nb_lists; i++) {
        const struct trtc_playlist *pl = &r->lists[i].playlist;
        const int64_t ms = pl->nb_segs ? name_ms_of(&pl->segs[0]) : TRTC_NOTIME;
        if (&r->lists[i] != from && ms != TRTC_NOTIME && pl->start_rec_ms != TRTC_NOTIME &&
            llabs(ms - pl->start_rec_ms) <= NAMES_OFF_MS)
            return true;
    }
    return false;
}

static void note_late(struct trtc_recording *r, const struct trtc_list *from, int64_t ms)
{
    trtc_recording_note(r,
                        "%s/%s: it begins %.3f s after its START-REC-TIME; perhaps its first "
                        "segments are not listed",
                        r->dir, from->file, (double)ms / 1000);
}

static int64_t name_shift_us(struct trtc_recording *r, const struct trtc_list *from,
                             int64_t first_ms)
{
    const struct trtc_playlist *pl = &from->playlist;
    if (first_ms == TRTC_NOTIME || pl->start_rec_ms == TRTC_NOTIME || first_ms == pl->start_rec_ms)
        return 0;
    int64_t ms = pl->start_rec_ms - first_ms;
    if (are_far(pl->start_rec_ms, first_ms) && names_agree(pl))
        return 0;
    if (ms < -NAMES_OFF_MS && !are_far(pl->start_rec_ms, first_ms) && others_agree(r, from)) {
        note_late(r, from, -ms);
        return 0;
    }
    trtc_recording_note(
        r, "%s/%s: the names' times are shifted by %+.3f s to agree with START-REC-TIME", r->dir,
        from->file, (double)ms / 1000);
    return ms * 1000;
}

/* Whether FILE-ATTR is days away from both the name of the segment and START-REC-TIME, which agree. */
static bool is_attr_wild(const struct trtc_playlist *pl, const struct trtc_playlist_seg *seg,
                         int64_t name_ms)
{
    return seg->attr_start_ms != TRTC_NOTIME && name_ms != TRTC_NOTIME &&
           pl->start_rec_ms != TRTC_NOTIME && are_far(seg->attr_start_ms, name_ms) &&
           !are_far(pl->start_rec_ms, name_ms);
}

/* The start of piece p by the clock rule. p->exact is false if it is only a sum of durations. */
static int64_t clock_of(struct trtc_recording *r, struct placing *at,
                        const struct trtc_playlist_seg *seg, int64_t name_ms, struct trtc_piece *p)
{
    const struct trtc_list *from = &r->lists[p->list];
    const struct trtc_playlist *pl = &from->playlist;
    p->exact = true;
    const bool wild = is_attr_wild(pl, seg, name_ms);
    at->nb_wild += wild;
    if (seg->attr_start_ms != TRTC_NOTIME && !wild)
        return seg->attr_start_ms * 1000;
    if (name_ms != TRTC_NOTIME) {
        if (at->shift_us == TRTC_NOTIME)
            at->shift_us = name_shift_us(r, from, at->first_ms);
        return name_ms * 1000 + at->shift_us;
    }
    p->exact = false;
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

/* Notes a disagreement between the first name, by which all others are shifted, and FILE-ATTR; and
 * whether it is much later than START-REC-TIME. */
static void note_first(struct trtc_recording *r, struct placing *at, const struct line *l,
                       const struct trtc_piece *p)
{
    const struct trtc_list *from = &r->lists[p->list];
    const int64_t attr_ms = l->seg->attr_start_ms, rec_ms = from->playlist.start_rec_ms;
    at->first_ms = p->name_ms;
    if (attr_ms != TRTC_NOTIME && rec_ms != TRTC_NOTIME && from->index < 2 &&
        attr_ms - rec_ms > NAMES_OFF_MS && !are_far(attr_ms, rec_ms))
        note_late(r, from, attr_ms - rec_ms);
    if (attr_ms != TRTC_NOTIME && p->name_ms != TRTC_NOTIME &&
        !is_attr_wild(&from->playlist, l->seg, p->name_ms) && llabs(attr_ms - p->name_ms) > 1000)
        trtc_recording_note(r, "%s/%s: FILE-ATTR and the name differ by %.3f s; FILE-ATTR is taken",
                            r->dir, p->uri, (double)(attr_ms - p->name_ms) / 1000);
}

static int place_line(struct placer *pl, int list, struct placing *at, const struct line *l)
{
    struct trtc_recording *r = pl->r;
    const struct trtc_playlist_seg *seg = l->seg;
    const bool ranged = seg->range_bytes >= 0;
    /* if a file has several ranges, its name gives the time of the first one */
    const bool timed =
        l->named && !(seen_before(&pl->seen, l->file, ANY_RANGE, list) >= 0 && ranged);
    struct trtc_piece p = { .uri = l->file,
                            .list = list,
                            .place = at->nb,
                            .dur_us = seg->duration_us > 0 ? seg->duration_us : TRTC_NOTIME,
                            .whole = seg->whole,
                            .next_us = TRTC_NOTIME,
                            .at_bytes = seg->range_at,
                            .attr_bytes = ranged ? seg->range_bytes : seg->attr_bytes,
                            .ranged = ranged,
                            .key_method = seg->key_method,
                            .map = seg->map,
                            .said_width_px = seg->width_px,
                            .said_height_px = seg->height_px,
                            .name_ms = timed ? l->name.utc_ms : TRTC_NOTIME };
    p.facts.nb_frames = -1;
    const enum listing how = look_at(pl, l, list);
    const bool own = how != LISTED_FOREIGN; /* a foreign name does not show the clock */
    if (at->nb == 0 && own)
        note_first(r, at, l, &p);
    p.start_us = clock_of(r, at, seg, own ? p.name_ms : TRTC_NOTIME, &p);
    if (how == LISTED_AGAIN)
        p.dur_us = 0; /* its media is used where it was listed first */
    if (own && how != LISTED_AGAIN)
        note_jump(r, at, &p);
    r->nb_segments += how != LISTED_COPIED;
    at->nb++;
    at->nb_copied += how == LISTED_COPIED;
    at->nb_found += l->file != seg->uri;
    int usable = check_piece(pl, &p, l, how);
    if (usable < 0)
        return -1;
    if ((own && how != LISTED_AGAIN) || at->next_us == TRTC_NOTIME)
        at->next_us = p.start_us;
    at->next_us += p.dur_us == TRTC_NOTIME ? 0 : p.dur_us;
    if (usable) {
        r->pieces[r->nb_pieces++] = p;
        r->bytes += p.bytes;
    }
    return 0;
}

static int lose_wild(struct trtc_recording *r, int list, int nb)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", r->dir, r->lists[list].file);
    const struct trtc_loss loss = {
        .path = path, .kind = "stray", .start_us = TRTC_NOTIME, .lost_bytes = -1, .list = list
    };
    return trtc_losses_addf(&r->losses, &loss,
                            "the FILE-ATTR of %d of its segments is over 48 h away from "
                            "START-REC-TIME; the times in their names are used",
                            nb);
}

/* Reports that a playlist is not complete. */
static int lose_end(struct trtc_recording *r, int list)
{
    const struct trtc_list *from = &r->lists[list];
    const struct trtc_playlist *p = &from->playlist;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", r->dir, from->file);
    struct trtc_loss loss = { .path = path,
                              .kind = "missing",
                              .start_us = TRTC_NOTIME,
                              .lost_us = p->nameless_us,
                              .lost_bytes = -1,
                              .list = list };
    if ((p->cut || p->nb_nameless) && has_whole_copy(r, list))
        return trtc_recording_note(r, "%s: cut; another copy of it is complete", path);
    if (p->nb_nameless &&
        trtc_losses_addf(&r->losses, &loss,
                         "playlist: it describes %d segment%s without a name, the first in line %d",
                         p->nb_nameless, p->nb_nameless == 1 ? "" : "s", p->nameless_line) < 0)
        return -1;
    if (!p->cut)
        return p->nb_segs || p->nb_nameless ? 0
                                            : trtc_recording_note(r, "%s: lists no segments", path);
    loss.kind = "truncated";
    loss.lost_us = 0;
    return trtc_losses_addf(
        &r->losses, &loss, "playlist: a part of its text is missing, and perhaps segments with it");
}

static int place_list(struct placer *pl, int list)
{
    struct trtc_recording *r = pl->r;
    const struct trtc_list *from = &r->lists[list];
    struct placing at = { .first_ms = TRTC_NOTIME,
                          .shift_us = TRTC_NOTIME,
                          .next_us = TRTC_NOTIME };
    const size_t before = r->nb_pieces;
    for (size_t i = 0; i < from->playlist.nb_segs && !trtc_is_stopped(pl->stop); i++) {
        struct line l;
        if (find_file(pl, &from->playlist.segs[i], &l) < 0 || place_line(pl, list, &at, &l) < 0)
            return -1;
    }
    if (lose_end(r, list) < 0 || (at.nb_wild && lose_wild(r, list, at.nb_wild) < 0))
        return -1;
    if (r->nb_pieces > before && !r->pieces[before].exact && r->pieces[before].start_us < YEAR_US)
        trtc_recording_note(r,
                            "%s/%s: neither its tags nor the names of its segments state a time: "
                            "it begins in 1970",
                            r->dir, from->file);
    if (at.nb_found)
        trtc_recording_note(r,
                            "%s/%s: %d of its lines spell file names differently from the "
                            "directory",
                            r->dir, from->file, at.nb_found);
    if (at.nb_copied)
        trtc_recording_note(r,
                            "%s/%s: %d of its segments are listed by another playlist of this "
                            "track as well",
                            r->dir, from->file, at.nb_copied);
    return 0;
}

/* ---- playlists ---- */

static int by_list(const void *a, const void *b)
{
    const struct trtc_list *x = a, *y = b;
    if (x->media != y->media)
        return x->media < y->media ? -1 : 1;
    if (x->type != y->type)
        return x->type < y->type ? -1 : 1;
    if (x->ha != y->ha)
        return x->ha < y->ha ? -1 : 1;
    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    return strcmp(x->file, y->file);
}

/* A track continues in its next playlist (a numbered one, or that of a recovery), so only the
 * ENDLIST of the last one counts, or that of a copy of it. */
static bool all_ended(const struct trtc_recording *r)
{
    bool ended = false;
    for (size_t i = 0; i < r->nb_lists; i++) {
        const struct trtc_list *s = &r->lists[i], *next = s + 1;
        const bool last = i + 1 == r->nb_lists;
        ended |= s->playlist.ended;
        if (!last && same_track(s, next) && s->index == next->index)
            continue;
        if (!ended && (last || next->media != s->media || next->type != s->type))
            return false;
        ended = false;
    }
    return r->nb_lists > 0;
}

int trtc_recording_place(struct trtc_recording *r, struct trtc_dir_index *dir,
                         const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct placer pl = { .r = r, .dir = dir, .stop = stop, .seen.size = 16 };
    size_t n = 0;
    if (r->nb_lists)
        qsort(r->lists, r->nb_lists, sizeof *r->lists, by_list);
    for (size_t i = 0; i < r->nb_lists; i++)
        n += r->lists[i].playlist.nb_segs;
    while (pl.seen.size < 4 * n) /* two entries per segment, half of the table empty */
        pl.seen.size *= 2;
    pl.seen.slots = calloc(pl.seen.size, sizeof *pl.seen.slots);
    int ret = trtc_array_reserve(&r->pieces, &r->cap_pieces, n + 1, sizeof *r->pieces);
    if (!pl.seen.slots)
        ret = -1;
    for (size_t i = 0; i < r->nb_lists && ret == 0; i++)
        ret = place_list(&pl, (int)i);
    free(pl.seen.slots);
    r->ended = all_ended(r);
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}
