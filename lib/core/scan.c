/* SPDX-License-Identifier: MIT */
/* Finds the recordings of a directory: playlists grouped by application, room and user. */
#include "core/recording.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/b64.h"
#include "core/beneath.h"
#include "core/recording_priv.h"
#include "core/text.h"

enum { SCAN_DEPTH_MAX = 64 };

struct names {
    char **v;
    size_t n, cap;
};

static int names_add(struct names *l, const char *s)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 32;
        char **grown = realloc(l->v, cap * sizeof *grown);
        if (!grown)
            return -1;
        l->v = grown;
        l->cap = cap;
    }
    l->v[l->n] = strdup(s);
    return l->v[l->n] ? (l->n++, 0) : -1;
}

static void names_fini(struct names *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i]);
    free(l->v);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

__attribute__((format(printf, 2, 3))) static int scan_note(struct trtc_scan *s, const char *fmt,
                                                           ...)
{
    va_list ap;
    va_start(ap, fmt);
    int ret = trtc_notes_add(&s->notes, &s->nb_notes, fmt, ap);
    va_end(ap);
    return ret;
}

/* Something that is there and cannot be used, and belongs to no recording. */
static int scan_loss(struct trtc_scan *s, const char *path, const char *why, struct trtc_err *err)
{
    return trtc_losses_add(&s->losses, path, "unreadable", -1, TRTC_NOTIME, 0, -1, "%s", why) < 0
               ? trtc_fail_nomem(err)
               : 0;
}

static char *span_dup(struct trtc_span s)
{
    return strndup(s.p ? s.p : "", s.n);
}

static bool span_is(struct trtc_span s, const char *text)
{
    return text ? s.p && strlen(text) == s.n && memcmp(s.p, text, s.n) == 0 : !s.p;
}

static bool same_recording(const struct trtc_recording *r, const char *dir,
                           const struct trtc_name *n)
{
    return r->sdkappid == n->sdkappid && strcmp(r->dir, dir) == 0 && span_is(n->room, r->room) &&
           span_is(n->user, r->user);
}

/* The id in clear, NUL-terminated; ids may hold any byte, so the length counts. */
static int decode_user(struct trtc_span user, char **id, size_t *len)
{
    size_t bad;
    *id = malloc(TRTC_B64_DECODED_MAX(user.n) + 1);
    if (!*id || trtc_b64_decode(user.p, user.n, (unsigned char *)*id, len, &bad) < 0) {
        free(*id);
        *id = NULL;
        return -1;
    }
    (*id)[*len] = '\0';
    return 0;
}

static bool wanted(const char *id, size_t len, const char *const *users, size_t nb_users)
{
    for (size_t i = 0; i < nb_users; i++)
        if (strlen(users[i]) == len && memcmp(users[i], id, len) == 0)
            return true;
    return nb_users == 0;
}

static struct trtc_recording *find_or_add(struct trtc_scan *s, const char *dir,
                                          const struct trtc_name *n, const char *id, size_t id_len)
{
    for (size_t i = 0; i < s->n; i++)
        if (same_recording(&s->recs[i], dir, n))
            return &s->recs[i];
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct trtc_recording *grown = realloc(s->recs, cap * sizeof *grown);
        if (!grown)
            return NULL;
        s->recs = grown;
        s->cap = cap;
    }
    struct trtc_recording *r = &s->recs[s->n++];
    *r = (struct trtc_recording){ .sdkappid = n->sdkappid };
    r->dir = strdup(dir);
    r->room = span_dup(n->room);
    r->user = n->user.p ? span_dup(n->user) : NULL;
    r->user_id = malloc(id_len + 1);
    if (!r->dir || !r->room || (n->user.p && !r->user) || !r->user_id)
        return NULL;
    memcpy(r->user_id, id, id_len);
    r->user_id[id_len] = '\0';
    r->user_id_len = id_len;
    r->user_id_text = trtc_utf8_valid(id, id_len);
    for (size_t i = 0; i < id_len; i++)
        r->user_id_text &= (unsigned char)id[i] >= 0x20 && id[i] != 0x7f;
    return r;
}

/* One playlist file: parsed and put to its recording. */
static int take_playlist(struct trtc_scan *s, const char *dir, int dirfd, const char *file,
                         const char *const *users, size_t nb_users, struct trtc_err *err)
{
    struct trtc_name name;
    struct trtc_err why;
    if (trtc_name_parse(file, strlen(file), TRTC_ROOM_AUTO, &name, NULL, &why) < 0)
        return scan_note(s, "%s/%s: left alone, not a recording's name: %s", dir, file, why.msg) < 0
                   ? trtc_fail_nomem(err)
                   : 0;
    char *id = NULL, *text = NULL;
    size_t id_len = 0;
    int64_t n = 0;
    int ret = -1;
    if (name.user.p && decode_user(name.user, &id, &id_len) < 0) {
        trtc_fail_nomem(err);
        goto done;
    }
    if (!wanted(id ? id : "", id_len, users, nb_users)) {
        ret = 0;
        goto done;
    }
    struct trtc_recording *r = find_or_add(s, dir, &name, id ? id : "", id_len);
    struct trtc_source *src = r ? realloc(r->sources, (r->nb_sources + 1) * sizeof *src) : NULL;
    if (!src) {
        trtc_fail_nomem(err);
        goto done;
    }
    r->sources = src;
    src += r->nb_sources;
    *src = (struct trtc_source){
        .ha = name.ha, .index = name.index, .media = name.media, .type = name.type
    };
    s->nb_playlists++;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, file);
    if (trtc_read_beneath(dirfd, file, TRTC_PLAYLIST_BYTES_MAX, &text, &n, &why) < 0 ||
        trtc_playlist_parse(text, (size_t)n, &src->playlist, &why) < 0) {
        if (src->playlist.text)
            trtc_playlist_fini(&src->playlist);
        if (trtc_is_shortage(&why)) {
            ret = trtc_recording_hold(r, file, &why) < 0 ? trtc_fail_nomem(err) : 0;
            goto done;
        }
        if (trtc_losses_add(&r->losses, path, "unreadable", -1, TRTC_NOTIME, 0, -1, "playlist: %s",
                            why.msg) < 0)
            trtc_fail_nomem(err);
        else
            ret = 0;
        goto done;
    }
    if (src->playlist.nb_bad_lines)
        trtc_recording_note(r, "%s: %d lines passed over, the first is line %d", path,
                            src->playlist.nb_bad_lines, src->playlist.first_bad_line);
    trtc_recording_seen(r, dirfd, file);
    src->file = strdup(file);
    if (!src->file) {
        trtc_playlist_fini(&src->playlist);
        trtc_fail_nomem(err);
        goto done;
    }
    r->nb_sources++;
    ret = 0;
done:
    free(id);
    return ret;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n >= m && strcmp(s + n - m, end) == 0;
}

static int compare_key(const void *key, const void *item)
{
    return strcmp(key, *(char *const *)item);
}

/* Segments that lie there although no playlist lists them: a recorder that died did not come
 * to it. Worth a word. */
static int note_unlisted(struct trtc_scan *s, size_t first, const char *dir, struct names *segs)
{
    for (size_t r = first; r < s->n; r++)
        if (s->recs[r].held)
            return 0; /* what lists them may be what could not be read */
    bool *listed = calloc(segs->n + 1, sizeof *listed);
    if (!listed)
        return -1;
    qsort(segs->v, segs->n, sizeof *segs->v, by_name);
    for (size_t r = first; r < s->n; r++)
        for (size_t i = 0; i < s->recs[r].nb_sources; i++) {
            const struct trtc_playlist *pl = &s->recs[r].sources[i].playlist;
            for (size_t k = 0; k < pl->nb_segs; k++) {
                char **hit =
                    bsearch(pl->segs[k].uri, segs->v, segs->n, sizeof *segs->v, compare_key);
                if (hit)
                    listed[hit - segs->v] = true;
            }
        }
    size_t n = 0, example = 0;
    for (size_t i = 0; i < segs->n; i++) {
        struct trtc_name name;
        if (listed[i] ||
            trtc_name_parse(segs->v[i], strlen(segs->v[i]), TRTC_ROOM_AUTO, &name, NULL, NULL) < 0)
            continue;
        example = n++ ? example : i;
    }
    free(listed);
    return n ? scan_note(s, "%s: %zu segments are in no playlist and are left out, the first is %s",
                         dir, n, segs->v[example])
             : 0;
}

static int by_recording(const void *a, const void *b)
{
    const struct trtc_recording *x = a, *y = b;
    if (x->sdkappid != y->sdkappid)
        return x->sdkappid < y->sdkappid ? -1 : 1;
    int order = strcmp(x->room, y->room);
    return order ? order : strcmp(x->user ? x->user : "", y->user ? y->user : "");
}

static void recording_fini(struct trtc_recording *r)
{
    for (size_t i = 0; i < r->nb_sources; i++) {
        free(r->sources[i].file);
        trtc_playlist_fini(&r->sources[i].playlist);
    }
    for (size_t i = 0; i < r->nb_notes; i++)
        free(r->notes[i]);
    free(r->notes);
    free(r->sources);
    free(r->pieces);
    free(r->dir);
    free(r->room);
    free(r->user);
    free(r->user_id);
    trtc_losses_fini(&r->losses);
    free(r->held);
}

/* What a directory holds, by the ends of the names. */
struct listing {
    struct names lists, segs, dirs;
};

static void listing_fini(struct listing *l)
{
    names_fini(&l->lists);
    names_fini(&l->segs);
    names_fini(&l->dirs);
}

/* 1, 0: no directory, -1: it cannot be known. */
static int is_directory(int dirfd, const char *name, struct trtc_err *err)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR(st.st_mode);
    if (errno == ENOENT)
        return 0;
    return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", name);
}

static int list_entry(struct listing *l, int dirfd, const char *name, bool recursive,
                      struct trtc_err *err)
{
    struct names *to = ends_with(name, ".ts") ? &l->segs : NULL;
    if (!to && name[0] == '.')
        return 0;
    if (!to && ends_with(name, ".m3u8"))
        to = &l->lists;
    if (!to && recursive) {
        int is = is_directory(dirfd, name, err);
        if (is < 0)
            return -1;
        to = is ? &l->dirs : NULL;
    }
    return to && names_add(to, name) < 0 ? trtc_fail_nomem(err) : 0;
}

static int list_directory(DIR *d, const char *dir, bool recursive, struct listing *l,
                          struct trtc_err *err)
{
    const struct dirent *e;
    struct trtc_err why;
    for (errno = 0; (e = readdir(d)); errno = 0)
        if (list_entry(l, dirfd(d), e->d_name, recursive, &why) < 0)
            return trtc_fail(err, why.code, "%s: %s", dir, why.msg);
    if (errno)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", dir);
    if (l->lists.n)
        qsort(l->lists.v, l->lists.n, sizeof *l->lists.v, by_name);
    if (l->dirs.n)
        qsort(l->dirs.v, l->dirs.n, sizeof *l->dirs.v, by_name);
    return 0;
}

struct walk {
    struct trtc_scan *s;
    bool recursive;
    const char *const *users;
    size_t nb_users;
};

static int take_playlists(const struct walk *w, const char *dir, int fd, struct listing *l,
                          struct trtc_err *err)
{
    struct trtc_scan *s = w->s;
    const size_t first = s->n;
    for (size_t i = 0; i < l->lists.n; i++)
        if (take_playlist(s, dir, fd, l->lists.v[i], w->users, w->nb_users, err) < 0)
            return -1;
    if (s->n > first)
        qsort(s->recs + first, s->n - first, sizeof *s->recs, by_recording);
    for (size_t i = first; i < s->n; i++)
        if (trtc_recording_place(&s->recs[i], fd, err) < 0)
            return -1;
    if (l->segs.n && w->nb_users == 0 && note_unlisted(s, first, dir, &l->segs) < 0)
        return trtc_fail_nomem(err);
    return 0;
}

static int scan_tree(const struct walk *w, const char *dir, int fd, int depth,
                     struct trtc_err *err);

static int scan_below(const struct walk *w, const char *dir, int fd, const char *name, int depth,
                      struct trtc_err *err)
{
    char path[4096];
    struct trtc_err why;
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path ||
        depth >= SCAN_DEPTH_MAX)
        return scan_loss(w->s, path, "it lies too deep", err);
    int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub >= 0)
        return scan_tree(w, path, sub, depth + 1, err);
    if (errno == ENOENT) /* gone since */
        return 0;
    trtc_fail_errno(&why, TRTC_EX_NOINPUT, errno, "cannot be read");
    if (trtc_is_shortage(&why))
        return trtc_fail(err, why.code, "%s: %s", path, why.msg);
    return scan_loss(w->s, path, why.msg, err);
}

static void drop_recordings(struct trtc_scan *s, size_t from)
{
    while (s->n > from)
        recording_fini(&s->recs[--s->n]);
}

/* Takes fd over. */
static int scan_tree(const struct walk *w, const char *dir, int fd, int depth, struct trtc_err *err)
{
    struct listing l = { 0 };
    const size_t first = w->s->n;
    DIR *d = fdopendir(fd);
    if (!d) {
        trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", dir);
        close(fd);
        return -1;
    }
    int ret = list_directory(d, dir, w->recursive, &l, err);
    if (ret == 0) {
        ret = take_playlists(w, dir, fd, &l, err);
        if (ret < 0)
            drop_recordings(w->s, first);
    }
    for (size_t i = 0; i < l.dirs.n; i++) {
        struct trtc_err another;
        if (scan_below(w, dir, fd, l.dirs.v[i], depth, ret < 0 ? &another : err) < 0)
            ret = -1;
    }
    closedir(d);
    listing_fini(&l);
    return ret;
}

int trtc_scan_dir(struct trtc_scan *s, const char *dir, bool recursive, const char *const *users,
                  size_t nb_users, struct trtc_err *err)
{
    const struct walk w = { s, recursive, users, nb_users };
    size_t n = strlen(dir);
    char *clean = strdup(dir);
    if (!clean)
        return trtc_fail_nomem(err);
    while (n > 1 && clean[n - 1] == '/')
        clean[--n] = '\0';
    int fd = open(clean, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 ? trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", clean)
                     : scan_tree(&w, clean, fd, 0, err);
    free(clean);
    return ret;
}

void trtc_scan_fini(struct trtc_scan *s)
{
    for (size_t i = 0; i < s->n; i++)
        recording_fini(&s->recs[i]);
    for (size_t i = 0; i < s->nb_notes; i++)
        free(s->notes[i]);
    free(s->notes);
    trtc_losses_fini(&s->losses);
    free(s->recs);
    *s = (struct trtc_scan){ 0 };
}
