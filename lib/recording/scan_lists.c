/* SPDX-License-Identifier: MIT */
/* Groups the playlists of a directory by SdkAppId, room and user. What cannot be used is named: no
 * user is left out silently. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/b64.h"
#include "base/beneath.h"
#include "base/text.h"
#include "base/utc.h"
#include "playlist/plain_name.h"
#include "playlist/playlist_load.h"
#include "recording/recording_priv.h"
#include "recording/scan_priv.h"

enum {
    NEAR_MS = 2 * 60 * 1000, /* how far apart the times of segments that follow each other are */
    STALE_NB = 3             /* how many a killed recorder does not leave unlisted */
};

/* The directory that is being read. */
struct place {
    const struct trtc_walk *w;
    struct trtc_scan *s;
    const struct trtc_open_dir *at;
    const char *dir;
    struct trtc_dir_index index;
    size_t first;  /* index of the first of its recordings */
    size_t *slots; /* hash table with open addressing: index of a recording, counted from first,
                      plus 1; 0: empty */
    size_t nb_slots;
    struct trtc_names late; /* playlists that cannot be read, or have other names: perhaps there are
                               others of their tracks, so they come last */
};

/* ---- the recording to which a name belongs ---- */

static bool parse(const char *s, size_t n, char plain[TRTC_PLAIN_MAX], struct trtc_name *out)
{
    return trtc_plain_name(s, n, plain) &&
           trtc_name_parse(plain, strlen(plain), TRTC_ROOM_AUTO, out, NULL, NULL) == 0;
}

static char *span_dup(struct trtc_span s)
{
    return strndup(s.p ? s.p : "", s.n);
}

static bool span_is(struct trtc_span s, const char *text)
{
    return text ? s.p && strlen(text) == s.n && memcmp(s.p, text, s.n) == 0 : !s.p;
}

static bool same_recording(const struct trtc_recording *r, const struct trtc_name *n)
{
    return r->sdkappid == n->sdkappid && span_is(n->room, r->room) && span_is(n->user, r->user);
}

static uint64_t hash_span(uint64_t h, struct trtc_span s)
{
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return (h ^ (s.p ? 0xff : 0xfe)) * UINT64_C(1099511628211);
}

/* The slot of the recording that n names, or the empty slot where it belongs. */
static size_t *slot_of(const struct place *p, const struct trtc_name *n)
{
    uint64_t h = hash_span(UINT64_C(1469598103934665603) ^ (uint64_t)n->sdkappid, n->room);
    h = hash_span(h, n->user);
    size_t i = (size_t)(h ^ h >> 29) & (p->nb_slots - 1);
    while (p->slots[i] && !same_recording(&p->s->recs[p->first + p->slots[i] - 1], n))
        i = (i + 1) & (p->nb_slots - 1);
    return &p->slots[i];
}

/* Decodes a user id. An id may contain any byte, so its length counts. */
static int decode_user(struct trtc_span user, char **id, size_t *len)
{
    size_t bad;
    *len = 0;
    *id = malloc(TRTC_B64_DECODED_MAX(user.n) + 1);
    if (!*id || (user.p && trtc_b64_decode(user.p, user.n, (unsigned char *)*id, len, &bad) < 0)) {
        free(*id);
        *id = NULL;
        return -1;
    }
    (*id)[*len] = '\0';
    return 0;
}

static bool is_wanted(const struct trtc_walk *w, const char *id, size_t len)
{
    for (size_t i = 0; i < w->find->nb_users; i++)
        if (strlen(w->find->users[i]) == len && memcmp(w->find->users[i], id, len) == 0)
            return true;
    return w->find->nb_users == 0;
}

/* 1: the user is wanted; 0: not; -1: out of memory. */
static int wants(const struct trtc_walk *w, const struct trtc_name *n)
{
    char *id;
    size_t len;
    if (w->find->nb_users == 0)
        return 1;
    if (decode_user(n->user, &id, &len) < 0)
        return -1;
    const int ret = is_wanted(w, id, len);
    free(id);
    return ret;
}

static int recording_init(struct trtc_recording *r, const char *dir, const struct trtc_name *n)
{
    *r = (struct trtc_recording){ .sdkappid = n->sdkappid };
    r->dir = strdup(dir);
    r->room = span_dup(n->room);
    r->user = n->user.p ? span_dup(n->user) : NULL;
    if (!r->dir || !r->room || (n->user.p && !r->user) ||
        decode_user(n->user, &r->user_id, &r->user_id_len) < 0)
        return -1;
    r->user_id_text = trtc_utf8_valid(r->user_id, r->user_id_len);
    for (size_t i = 0; i < r->user_id_len; i++)
        r->user_id_text &= (unsigned char)r->user_id[i] >= 0x20 && r->user_id[i] != 0x7f;
    return 0;
}

static struct trtc_recording *find_or_add(struct place *p, const struct trtc_name *n)
{
    struct trtc_scan *s = p->s;
    size_t *slot = slot_of(p, n);
    if (*slot)
        return &s->recs[p->first + *slot - 1];
    if (trtc_array_reserve(&s->recs, &s->cap, s->n + 1, sizeof *s->recs) < 0)
        return NULL;
    struct trtc_recording *r = &s->recs[s->n++];
    *slot = s->n - p->first;
    return recording_init(r, p->dir, n) < 0 ? NULL : r;
}

/* ---- playlists ---- */

/* Adds a playlist to its recording, which takes ownership of it. */
static int add_source(struct trtc_recording *r, const char *file, const struct trtc_name *n,
                      struct trtc_playlist *list)
{
    if (trtc_array_room(&r->lists, r->nb_lists, sizeof *r->lists) < 0)
        return -1;
    struct trtc_list *from = &r->lists[r->nb_lists];
    *from = (struct trtc_list){ .file = strdup(file),
                                .ha = n->ha,
                                .index = n->index,
                                .media = n->media,
                                .type = n->type,
                                .playlist = *list };
    if (!from->file)
        return -1;
    *list = (struct trtc_playlist){ 0 };
    r->nb_lists++;
    return 0;
}

static bool is_of_track(const struct trtc_list *l, const struct trtc_name *name)
{
    return l->ha == name->ha && l->media == name->media && l->type == name->type;
}

static bool same_track(const struct trtc_name *a, const struct trtc_name *b)
{
    return a->ha == b->ha && a->media == b->media && a->type == b->type;
}

static bool has_list(const struct trtc_recording *r, const struct trtc_name *name)
{
    for (size_t i = 0; i < r->nb_lists; i++)
        if (is_of_track(&r->lists[i], name))
            return true;
    return false;
}

/* The recording that n names, if it has a playlist so far. */
static const struct trtc_recording *recording_of(const struct place *p, const struct trtc_name *n)
{
    const size_t known = *slot_of(p, n);
    return known ? &p->s->recs[p->first + known - 1] : NULL;
}

/* Whether the track that n names has a complete playlist. */
static bool is_complete(const struct place *p, const struct trtc_name *n)
{
    const struct trtc_recording *r = recording_of(p, n);
    for (size_t i = 0; r && i < r->nb_lists; i++)
        if (is_of_track(&r->lists[i], n) && r->lists[i].index == n->index &&
            r->lists[i].playlist.ended)
            return true;
    return false;
}

static int take_list(struct place *p, const char *file, const struct trtc_name *name,
                     struct trtc_playlist *list, const struct trtc_err *why)
{
    char path[4096];
    struct trtc_recording *r = find_or_add(p, name);
    if (!r)
        return -1;
    p->s->nb_playlists++;
    snprintf(path, sizeof path, "%s/%s", p->dir, file);
    if (why->code && trtc_is_shortage(why))
        return trtc_recording_hold(r, file, why);
    r->denied |= why->code && trtc_is_denied(why);
    struct trtc_loss lost = {
        .path = path, .kind = "unreadable", .start_us = TRTC_NOTIME, .lost_bytes = -1, .list = -1
    };
    if (why->code)
        return trtc_losses_addf(&r->losses, &lost, "playlist: %s", why->msg);
    trtc_recording_seen(r, p->index.fd, file);
    if (list->nb_bad_lines &&
        trtc_recording_note(r, "%s: %d invalid lines were skipped, the first is line %d", path,
                            list->nb_bad_lines, list->first_bad_line) < 0)
        return -1;
    lost.kind = "missing";
    if (list->nb_skipped > 0 &&
        trtc_losses_addf(&r->losses, &lost,
                         "it skips %" PRId64
                         " segment%s (EXT-X-SKIP), which only an earlier version of it lists",
                         list->nb_skipped, list->nb_skipped == 1 ? "" : "s") < 0)
        return -1;
    return add_source(r, file, name, list);
}

/* Where the playlist is that a line of a master playlist names. */
enum where { HERE, BELOW, NOWHERE };

static enum where find_list(struct place *p, const struct trtc_playlist_seg *seg)
{
    struct trtc_dir_found found;
    struct trtc_err why;
    if (strlen(seg->uri) != seg->uri_len ||
        trtc_dir_find(&p->index, seg->uri, -1, &found, &why) < 0)
        return NOWHERE;
    const char *name = found.name;
    while (name[0] == '.' && name[1] == '/')
        name += 2 + strspn(name + 2, "/");
    return strchr(name, '/') ? BELOW : HERE;
}

/* Handles a playlist that lists playlists. Those that exist here are read on their own anyway. */
static int take_master(struct place *p, const char *path, const struct trtc_playlist *list)
{
    const char *first[] = { NULL, NULL, NULL };
    int nb[] = { 0, 0, 0 };
    for (size_t i = 0; i < list->nb_segs; i++) {
        const enum where where = find_list(p, &list->segs[i]);
        first[where] = nb[where]++ ? first[where] : list->segs[i].uri;
    }
    const bool unread = nb[BELOW] && !p->w->find->recursive;
    if (!nb[NOWHERE] && !unread)
        return trtc_scan_note(p->s, "%s: a master playlist: the playlists that it lists are used",
                              path);
    if (nb[NOWHERE] &&
        trtc_scan_lose(p->s, path, "missing",
                       "a master playlist: %d of its playlists are not here, the first is %.100s",
                       nb[NOWHERE], first[NOWHERE]) < 0)
        return -1;
    return unread ? trtc_scan_lose(p->s, path, "missing",
                                   "a master playlist: %d of its playlists are in directories "
                                   "below, which --recursive searches; the first is %.100s",
                                   nb[BELOW], first[BELOW])
                  : 0;
}

/* Finds out whose segments a playlist lists when its own name does not say so: the first segment
 * with a recording's name decides. */
static bool whose_segments(const struct trtc_playlist *list, char plain[TRTC_PLAIN_MAX],
                           struct trtc_name *name)
{
    for (size_t i = 0; i < list->nb_segs; i++)
        if (parse(list->segs[i].uri, list->segs[i].uri_len, plain, name) &&
            name->ext == TRTC_EXT_TS)
            return true;
    return false;
}

/* Whether a playlist lists segments of several tracks, all of which have playlists of their own. */
static bool is_collection(const struct place *p, const struct trtc_playlist *list)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_name name, first = { 0 };
    const struct trtc_recording *owner = NULL;
    bool many = false;
    for (size_t i = 0; i < list->nb_segs; i++) {
        if (!parse(list->segs[i].uri, list->segs[i].uri_len, plain, &name))
            return false;
        const struct trtc_recording *r = recording_of(p, &name);
        if (!r || !has_list(r, &name))
            return false;
        many |= owner && (r != owner || !same_track(&first, &name));
        owner = r;
        first = name;
    }
    return many;
}

/* Whether a line may be a segment. Playlists for players list finished files, and other playlists. */
static bool may_be_segment(const struct trtc_playlist_seg *seg)
{
    static const char *const others[] = { ".m3u8", ".m3u", ".mp4", ".m4a", ".aac" };
    char plain[TRTC_PLAIN_MAX];
    if (strlen(seg->uri) != seg->uri_len)
        return false;
    if (seg->map || seg->range_bytes >= 0 || !trtc_plain_name(seg->uri, seg->uri_len, plain))
        return true;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (trtc_ends_like(plain, strlen(plain), others[i]))
            return false;
    return true;
}

/* How many segments that a playlist lists are here. */
static int count_here(struct place *p, const struct trtc_playlist *list)
{
    int nb = 0;
    for (size_t i = 0; i < list->nb_segs; i++) {
        struct trtc_dir_found found;
        struct trtc_err why;
        nb += may_be_segment(&list->segs[i]) &&
              trtc_dir_find(&p->index, list->segs[i].uri, -1, &found, &why) == 0;
    }
    return nb;
}

/* Notes why a file is not used, if its name ends like that of a playlist. */
static int leave_alone(struct place *p, const char *path, const char *file, const char *what)
{
    struct trtc_name name;
    struct trtc_err why;
    if (!trtc_is_playlist_name(file))
        return 0;
    trtc_name_parse(file, strlen(file), TRTC_ROOM_AUTO, &name, NULL, &why);
    return trtc_scan_note(p->s, "%s: ignored, not the name of a recording's file: %s%s%s", path,
                          why.msg, *what ? "; " : "", what);
}

/* Handles a playlist whose name is not that of a recording. */
static int take_unnamed(struct place *p, const char *file, struct trtc_playlist *list,
                        const struct trtc_err *why, bool late, struct trtc_err *err)
{
    char path[4096], plain[TRTC_PLAIN_MAX];
    struct trtc_name name;
    snprintf(path, sizeof path, "%s/%s", p->dir, file);
    if (why->code && trtc_is_shortage(why))
        return trtc_fail(err, why->code, "%s: %s", path, why->msg);
    int ret;
    if (list->master) {
        ret = take_master(p, path, list);
    } else if (why->code) {
        p->s->denied |= trtc_is_denied(why);
        ret = leave_alone(p, path, file, why->msg);
    } else if (whose_segments(list, plain, &name) && !late) {
        ret = trtc_names_add(&p->late, file);
    } else if (is_collection(p, list)) {
        ret = trtc_scan_note(p->s, "%s: ignored, its segments are in playlists of their own", path);
    } else if (whose_segments(list, plain, &name)) {
        ret = wants(p->w, &name);
        if (ret > 0)
            ret =
                trtc_scan_note(
                    p->s,
                    "%s: its name is not that of a playlist: the names of its segments are used instead",
                    path) < 0
                    ? -1
                    : take_list(p, file, &name, list, why);
    } else {
        const int nb = count_here(p, list);
        ret = nb == 0 ? leave_alone(p, path, file, "")
                      : trtc_scan_lose(
                            p->s, path, "foreign",
                            "neither its name nor those of its segments belong to a recording: "
                            "%d of them are here and left out",
                            nb);
    }
    return ret < 0 ? trtc_fail_nomem(err) : 0;
}

static int take_named(struct place *p, const char *file, const struct trtc_name *name,
                      struct trtc_playlist *list, const struct trtc_err *why, bool late)
{
    if (why->code != TRTC_EX_DATAERR)
        return take_list(p, file, name, list, why);
    if (!late)
        return trtc_names_add(&p->late, file);
    return is_complete(p, name)
               ? trtc_scan_note(p->s, "%s/%s: ignored, this track has another playlist: %s", p->dir,
                                file, why->msg)
               : take_list(p, file, name, list, why);
}

static int take_file(struct place *p, const char *file, bool late, struct trtc_err *err)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_name name;
    struct trtc_playlist list;
    struct trtc_err why = { 0 };
    const bool named = parse(file, strlen(file), plain, &name) && name.ext == TRTC_EXT_M3U8;
    const int wanted = named ? wants(p->w, &name) : 1;
    if (wanted <= 0)
        return wanted < 0 ? trtc_fail_nomem(err) : 0;
    if (trtc_playlist_load(p->index.fd, file, &list, NULL, &why) == 0)
        why.code = 0;
    int ret = !named ? take_unnamed(p, file, &list, &why, late, err)
              : take_named(p, file, &name, &list, &why, late) < 0 ? trtc_fail_nomem(err)
                                                                  : 0;
    trtc_playlist_fini(&list);
    return ret;
}

/* ---- segments that no playlist lists ---- */

static int compare_key(const void *key, const void *item)
{
    return strcmp(key, *(char *const *)item);
}

/* Ticks off the segment with this path, if it is in directory below ("": the playlist's own). */
static void tick_off(const struct trtc_names *segs, const char *path, const char *below,
                     bool *listed)
{
    const size_t n = strlen(below);
    while (path[0] == '.' && path[1] == '/')
        path += 2 + strspn(path + 2, "/");
    if (n && (strncmp(path, below, n) != 0 || path[n] != '/'))
        return;
    path += n + strspn(path + n, "/");
    char **hit = bsearch(path, segs->v, segs->n, sizeof *segs->v, compare_key);
    if (hit)
        listed[hit - segs->v] = true;
}

static void tick_recording(const struct trtc_recording *r, const struct trtc_names *segs,
                           const char *below, bool *listed)
{
    for (size_t i = 0; i < r->nb_lists; i++)
        for (size_t k = 0; k < r->lists[i].playlist.nb_segs; k++)
            tick_off(segs, r->lists[i].playlist.segs[k].uri, below, listed);
    for (size_t i = 0; i < r->nb_found; i++)
        tick_off(segs, r->found[i], below, listed);
}

/* Ticks off what the playlists list that are in this directory, and in those above it: on the way of
 * the walk to here, or in one that was read before the walk began here. */
static void tick_all(const struct place *p, const struct trtc_names *segs, bool *listed)
{
    const struct trtc_recording *recs = p->s->recs;
    for (size_t i = p->first; i < p->s->n; i++)
        tick_recording(&recs[i], segs, "", listed);
    for (const struct trtc_open_dir *up = p->at->up; up; up = up->up)
        for (size_t i = up->first; i < up->first + up->nb; i++)
            tick_recording(&recs[i], segs, p->dir + strlen(up->dir) + 1, listed);
    for (size_t i = 0; i < p->first && !p->at->up; i++) {
        const size_t n = strlen(recs[i].dir);
        if (strncmp(p->dir, recs[i].dir, n) == 0 && p->dir[n] == '/')
            tick_recording(&recs[i], segs, p->dir + n + 1, listed);
    }
}

static bool same_owner(const struct trtc_name *a, const struct trtc_name *b)
{
    return a->sdkappid == b->sdkappid && a->room.n == b->room.n &&
           memcmp(a->room.p, b->room.p, a->room.n) == 0 && !a->user.p == !b->user.p &&
           a->user.n == b->user.n &&
           memcmp(a->user.p ? a->user.p : "", b->user.p ? b->user.p : "", a->user.n) == 0;
}

/* Consecutive segments whose user has no playlist, or whose track has none. */
struct orphans {
    int nb;
    size_t first;
    bool known; /* the user has another playlist */
    struct trtc_name name[2];
    char plain[2][TRTC_PLAIN_MAX];
    int at; /* the index in these of the last one */
};

static int lose_orphans(struct place *p, const struct trtc_names *segs, struct orphans *o)
{
    const enum trtc_kind type = o->name[o->at].type;
    const char *what = type == TRTC_AUDIO   ? "a sound track"
                       : type == TRTC_VIDEO ? "a picture track"
                                            : "a recording";
    const int nb = o->nb;
    char path[4096];
    o->nb = 0;
    if (!nb)
        return 0;
    snprintf(path, sizeof path, "%s/%s", p->dir, segs->v[o->first]);
    return trtc_scan_lose(p->s, path, "unlisted", "%d segment%s to %s %s has no playlist", nb,
                          nb == 1 ? " belongs" : "s belong", o->known ? what : "a user",
                          o->known ? "that" : "who");
}

static int add_orphan(struct place *p, const struct trtc_names *segs, struct orphans *o, size_t i,
                      bool known)
{
    const struct trtc_name *now = &o->name[!o->at], *before = &o->name[o->at];
    const bool joins = o->nb && o->known == known && same_owner(before, now) &&
                       (!known || same_track(before, now));
    if (!joins && lose_orphans(p, segs, o) < 0)
        return -1;
    o->first = o->nb++ ? o->first : i;
    o->known = known;
    o->at = !o->at;
    return 0;
}

/* Whether a playlist of the recording could not be read (which was reported), so that its segments
 * are unknown. */
static bool lacks_list(const struct trtc_recording *r)
{
    for (size_t i = 0; i < r->losses.n; i++)
        if (r->losses.items[i].list < 0 && strcmp(r->losses.items[i].kind, "unreadable") == 0)
            return true;
    return false;
}

/* Whether a name is that of a listed segment, plus what tools add: a conflicting copy, a part of a
 * download, the attributes that another system keeps in a file of its own. */
static bool is_beside(const struct trtc_names *segs, const bool *listed, const char *name)
{
    char plain[TRTC_PLAIN_MAX], key[TRTC_PLAIN_MAX + 3];
    if (!trtc_plain_name(name, strlen(name), plain))
        return false;
    for (size_t n = 0; plain[n]; n++) {
        const size_t digits = plain[n] == '_' ? strspn(plain + n + 1, "0123456789") : 0;
        if (digits != TRTC_UTC_LEN)
            continue;
        snprintf(key, sizeof key, "%.*s.ts", (int)(n + 1 + digits), plain);
        char **hit = bsearch(key, segs->v, segs->n, sizeof *segs->v, compare_key);
        return hit && listed[hit - segs->v] && strcmp(name, key) != 0;
    }
    return false;
}

static int note_beside(struct place *p, const struct trtc_names *segs, const bool *listed)
{
    size_t nb = 0, first = 0;
    for (size_t i = 0; i < segs->n; i++)
        if (!listed[i] && is_beside(segs, listed, segs->v[i]))
            first = nb++ ? first : i;
    return nb ? trtc_scan_note(p->s,
                               "%s: %zu file%s named like listed segments and not used, the first "
                               "is %s",
                               p->dir, nb, nb == 1 ? " is" : "s are", segs->v[first])
              : 0;
}

/* Whether a name is that of a user's segment which a tool has put in small or capital letters, or
 * whose Base64 it has changed. */
static bool is_mangled(const char *name)
{
    static const char mark[] = "UserId_s_"; /* "__" may have become "_" */
    while (*name && strncasecmp(name, mark, sizeof mark - 1) != 0)
        name++;
    return *name;
}

/* Reports segments that no playlist lists and whose user is unknown. */
static int report_mangled(struct place *p, const struct trtc_names *segs, const bool *listed)
{
    char path[4096], plain[TRTC_PLAIN_MAX];
    struct trtc_name name;
    size_t nb = 0, first = 0;
    for (size_t i = 0; i < segs->n; i++)
        if (!listed[i] && is_mangled(segs->v[i]) && !is_beside(segs, listed, segs->v[i]) &&
            !parse(segs->v[i], strlen(segs->v[i]), plain, &name))
            first = nb++ ? first : i;
    if (nb == 0 || p->w->find->nb_users > 0)
        return 0;
    snprintf(path, sizeof path, "%s/%s", p->dir, segs->v[first]);
    return trtc_scan_lose(
        p->s, path, "unlisted",
        "%zu segment%s in no playlist, and %s changed so that the user is unknown", nb,
        nb == 1 ? " is" : "s are", nb == 1 ? "its name was" : "their names were");
}

/* ---- segments of another time ---- */

/* Segments of one track that follow each other, and are in no playlist. */
struct run {
    int nb;
    size_t first, last;
    bool after, before; /* a listed one comes just before, or just after them */
    int64_t prev_ms, first_ms,
        next_ms; /* the times in its name, that of the first, and the other's */
};

/* Finds a listed segment by the time in its name, in a playlist of this track. Returns the playlist, and the
 * place of the segment in *place, or NULL. */
static const struct trtc_playlist *
list_of(const struct trtc_recording *r, const struct trtc_name *name, int64_t utc_ms, size_t *place)
{
    char plain[TRTC_PLAIN_MAX];
    struct trtc_name listed;

    for (size_t i = 0; i < r->nb_lists; i++) {
        const struct trtc_playlist *l = &r->lists[i].playlist;
        for (size_t k = is_of_track(&r->lists[i], name) ? l->nb_segs : 0; k-- > 0;) {
            const struct trtc_playlist_seg *seg = &l->segs[k];
            if (parse(seg->uri, seg->uri_len, plain, &listed) && listed.utc_ms == utc_ms) {
                *place = k;
                return l;
            }
        }
    }
    return NULL;
}

/* Whether segments lie where their playlist states that nothing is listed: between a segment's end and the
 * beginning of the next one, or between the beginning of the recording and that of its first segment. */
static bool fills_hole(const struct trtc_recording *r, const struct run *run,
                       const struct trtc_name *name)
{
    enum { SLACK_MS = 250 };
    int64_t from_ms = TRTC_NOTIME;
    size_t k;

    if (run->after) {
        const struct trtc_playlist *l = list_of(r, name, run->prev_ms, &k);
        if (l && l->segs[k].duration_us != TRTC_NOTIME)
            from_ms = run->prev_ms + l->segs[k].duration_us / 1000;
    } else {
        const struct trtc_playlist *l = list_of(r, name, run->next_ms, &k);
        if (l && k == 0 && l->start_rec_ms >= run->first_ms - NEAR_MS) /* by the same clock */
            from_ms = l->start_rec_ms;
    }
    return from_ms != TRTC_NOTIME && from_ms <= run->first_ms + SLACK_MS &&
           from_ms <= run->next_ms - 2 * SLACK_MS;
}

/* Whether a playlist of that track has an end. */
static bool has_end(const struct trtc_recording *r, const struct trtc_name *name)
{
    for (size_t i = 0; i < r->nb_lists; i++)
        if (is_of_track(&r->lists[i], name) && r->lists[i].playlist.ended)
            return true;
    return false;
}

/* Returns why segments that no playlist lists are a loss; NULL: they are not. */
static const char *why_lost(const struct trtc_recording *r, const struct run *run,
                            const struct trtc_name *name)
{
    if (run->before)
        return !fills_hole(r, run, name) ? NULL
               : run->after              ? "and that of their track has a hole there"
                                         : "and that of their track begins behind them";
    if (!run->after)
        return "and of another time than those that are";
    return run->nb >= STALE_NB && !has_end(r, name)
               ? "and that of their track is older, without an end"
               : NULL;
}

static int lose_run(struct place *p, const struct trtc_names *segs, const struct run *run,
                    const struct trtc_name *name, bool *listed)
{
    const struct trtc_recording *r = recording_of(p, name);
    char path[4096];
    if (!r || !has_list(r, name) || lacks_list(r))
        return 0;
    const char *why = why_lost(r, run, name);
    if (!why)
        return 0;
    const int wanted = wants(p->w, name);
    if (wanted <= 0)
        return wanted;
    for (size_t i = run->first; i <= run->last; i++)
        listed[i] = true; /* it is accounted for */
    snprintf(path, sizeof path, "%s/%s", p->dir, segs->v[run->first]);
    return trtc_scan_lose(p->s, path, "unlisted", "%d segment%s in no playlist, %s", run->nb,
                          run->nb == 1 ? " is" : "s are", why);
}

/* Reports segments that no playlist lists, and that belong to no listed ones, since the playlist of
 * one recording has replaced that of another; or that follow a playlist which was copied while it
 * grew. */
static int report_runs(struct place *p, const struct trtc_names *segs, bool *listed)
{
    struct trtc_name name[2];
    char plain[2][TRTC_PLAIN_MAX];
    struct run run = { 0 };
    bool any = false, after_listed = false;
    int at = 0;
    for (size_t i = 0; i < segs->n; i++) {
        struct trtc_name *now = &name[!at];
        const char *file = segs->v[i];
        if (!parse(file, strlen(file), plain[!at], now) || now->ext != TRTC_EXT_TS ||
            now->utc_ms == TRTC_NOTIME || (!listed[i] && is_beside(segs, listed, file)))
            continue;
        const bool same = any && same_owner(&name[at], now) && same_track(&name[at], now);
        const bool near = same && now->utc_ms - name[at].utc_ms <= NEAR_MS;
        run.before = near && listed[i];
        run.next_ms = now->utc_ms;
        if (run.nb && (listed[i] || !same)) {
            if (lose_run(p, segs, &run, &name[at], listed) < 0)
                return -1;
            run = (struct run){ 0 };
        }
        if (!listed[i]) {
            if (run.nb == 0)
                run = (struct run){ .first = i,
                                    .after = near && after_listed,
                                    .prev_ms = name[at].utc_ms,
                                    .first_ms = now->utc_ms };
            run.nb++;
            run.last = i;
        }
        after_listed = listed[i];
        any = true;
        at = !at;
    }
    return run.nb ? lose_run(p, segs, &run, &name[at], listed) : 0;
}

/* Reports segments that no playlist lists. A recorder that crashed may not have listed the last
 * ones, which is worth a note; or the playlist itself is missing. */
static int report_unlisted(struct place *p, const struct trtc_names *segs, const bool *listed)
{
    struct orphans o = { 0 };
    size_t nb = 0, example = 0;
    for (size_t i = 0; i < segs->n; i++) {
        struct trtc_name *name = &o.name[!o.at];
        if (listed[i] || !parse(segs->v[i], strlen(segs->v[i]), o.plain[!o.at], name) ||
            name->ext != TRTC_EXT_TS || is_beside(segs, listed, segs->v[i]))
            continue;
        const int wanted = wants(p->w, name);
        if (wanted < 0)
            return -1;
        const struct trtc_recording *r = recording_of(p, name);
        if (r && has_list(r, name) && !lacks_list(r))
            example = nb++ ? example : i;
        else if (wanted && !(r && lacks_list(r)) && add_orphan(p, segs, &o, i, r) < 0)
            return -1;
    }
    if (lose_orphans(p, segs, &o) < 0)
        return -1;
    return nb ? trtc_scan_note(p->s,
                               "%s: %zu segment%s in no playlist and left out, the first is %s",
                               p->dir, nb, nb == 1 ? " is" : "s are", segs->v[example])
              : 0;
}

static int check_unlisted(struct place *p, const struct trtc_names *segs)
{
    for (size_t r = p->first; r < p->s->n; r++)
        if (p->s->recs[r].held)
            return 0; /* the unreadable playlist may list them */
    bool *listed = calloc(segs->n + 1, sizeof *listed);
    if (!listed)
        return -1;
    tick_all(p, segs, listed);
    const bool told = report_runs(p, segs, listed) == 0 && report_unlisted(p, segs, listed) == 0 &&
                      report_mangled(p, segs, listed) == 0 && note_beside(p, segs, listed) == 0;
    free(listed);
    return told ? 0 : -1;
}

/* ---- a whole directory ---- */

static int by_recording(const void *a, const void *b)
{
    const struct trtc_recording *x = a, *y = b;
    if (x->sdkappid != y->sdkappid)
        return x->sdkappid < y->sdkappid ? -1 : 1;
    int order = strcmp(x->room, y->room);
    return order ? order : strcmp(x->user ? x->user : "", y->user ? y->user : "");
}

static int place_init(struct place *p, size_t nb_lists)
{
    p->nb_slots = 16;
    while (p->nb_slots < 2 * nb_lists)
        p->nb_slots *= 2;
    p->slots = calloc(p->nb_slots, sizeof *p->slots);
    return p->slots ? 0 : -1;
}

static int take_all(struct place *p, struct trtc_names *lists, struct trtc_names *segs,
                    struct trtc_err *err)
{
    struct trtc_scan *s = p->s;
    const volatile sig_atomic_t *stop = p->w->find->stop;
    if (place_init(p, lists->n) < 0)
        return trtc_fail_nomem(err);
    for (size_t i = 0; i < lists->n && !trtc_is_stopped(stop); i++)
        if (take_file(p, lists->v[i], false, err) < 0)
            return -1;
    for (size_t i = 0; i < p->late.n && !trtc_is_stopped(stop); i++)
        if (take_file(p, p->late.v[i], true, err) < 0)
            return -1;
    for (size_t i = p->first; i < s->n; i++)
        if (trtc_recording_place(&s->recs[i], &p->index, stop, err) < 0)
            return -1;
    if (segs->n && !trtc_is_stopped(stop) && check_unlisted(p, segs) < 0)
        return trtc_fail_nomem(err);
    if (s->n > p->first)
        qsort(s->recs + p->first, s->n - p->first, sizeof *s->recs, by_recording);
    return 0;
}

int trtc_scan_lists(const struct trtc_walk *w, const struct trtc_open_dir *at,
                    struct trtc_names *lists, struct trtc_names *segs, struct trtc_err *err)
{
    struct place p = { .w = w,
                       .s = w->s,
                       .at = at,
                       .dir = at->dir,
                       .index = { .fd = at->fd, .any_case = true },
                       .first = w->s->n };
    int ret = take_all(&p, lists, segs, err);
    while (ret < 0 && p.s->n > p.first)
        trtc_recording_fini(&p.s->recs[--p.s->n]);
    trtc_dir_index_fini(&p.index);
    trtc_names_fini(&p.late);
    free(p.slots);
    return ret;
}
