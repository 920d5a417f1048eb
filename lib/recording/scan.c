/* SPDX-License-Identifier: MIT */
/* Finds the recordings in a directory and in those below it. */
#include "base/listing.h"
#include "base/text.h"
#include "recording/recording.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "playlist/plain_name.h"
#include "recording/recording_priv.h"
#include "recording/scan_priv.h"

enum { SCAN_DEPTH_MAX = 64 };

/* ---- notes and losses ---- */

int trtc_scan_note(struct trtc_scan *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int ret = trtc_notes_add(&s->notes, &s->nb_notes, fmt, ap);
    va_end(ap);
    return ret;
}

int trtc_scan_lose(struct trtc_scan *s, const char *path, const char *kind, const char *fmt, ...)
{
    char why[256];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    const struct trtc_loss loss = { .path = path,
                                    .kind = kind,
                                    .detail = why,
                                    .start_us = TRTC_NOTIME,
                                    .lost_bytes = -1,
                                    .list = -1 };
    return trtc_losses_add(&s->losses, &loss);
}

/* ---- directories ---- */

/* The names in a directory, sorted by suffix. */
struct listing {
    struct trtc_names lists, segs, dirs;
};

static void listing_fini(struct listing *l)
{
    trtc_names_fini(&l->lists);
    trtc_names_fini(&l->segs);
    trtc_names_fini(&l->dirs);
}

/* 1: a directory; 0: something else; -1: unknown. */
static int is_directory(int dirfd, const char *name, struct trtc_err *err)
{
    struct stat st;
    if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        return S_ISDIR(st.st_mode);
    if (errno == ENOENT)
        return 0;
    return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", name);
}

/* Whether an extension is anywhere in name, as a word of its own. */
static bool has_extension(const char *name, const char *ext)
{
    const size_t n = strlen(ext);
    for (const char *dot = name; (dot = strchr(dot, '.')) != NULL; dot++)
        if (strncasecmp(dot, ext, n) == 0 && !isalnum((unsigned char)dot[n]))
            return true;
    return false;
}

/* Where a name belongs; NULL: it is neither that of a segment nor that of a playlist. Windows stores
 * where a file is from in another file, whose name ends in "Zone.Identifier". */
static struct trtc_names *list_of(struct listing *l, const char *name, const char *plain)
{
    const size_t n = strlen(name);
    if (trtc_ends_with(name, n, "Zone.Identifier"))
        return NULL;
    if (trtc_ends_with(plain, strlen(plain), ".ts"))
        return &l->segs;
    if (name[0] != '.' && trtc_is_playlist_name(plain))
        return &l->lists;
    if (trtc_ends_like(name, n, ".ts"))
        return &l->segs;
    return name[0] != '.' && (has_extension(name, ".m3u8") || has_extension(name, ".m3u"))
               ? &l->lists
               : NULL;
}

/* Whether a name is so much that of a recording's file that nobody calls a directory so. */
static bool is_surely_file(const char *name)
{
    const size_t n = strlen(name);
    return strchr("h0123456789", name[0]) &&
           (trtc_ends_with(name, n, ".ts") || trtc_ends_with(name, n, ".m3u8"));
}

/* Whether a directory is hidden, or one in which a system keeps attributes, previews, or what was
 * deleted, under the names that the files have. */
static bool is_systems(const char *name)
{
    static const char *const names[] = {
        "@Recently-Snapshot", "@Recycle",  "@__thumb",  "@eaDir",       "@tmp",
        "#recycle",           "#snapshot", "~snapshot", "$RECYCLE.BIN", "System Volume Information",
        "__MACOSX",           "lost+found"
    };
    bool is = name[0] == '.';
    for (size_t i = 0; i < sizeof names / sizeof *names && !is; i++)
        is = strcmp(name, names[i]) == 0;
    return is;
}

static int list_entry(struct listing *l, int dirfd, const char *name, bool recursive,
                      struct trtc_err *err)
{
    char plain[TRTC_PLAIN_MAX];
    if (!trtc_plain_name(name, strlen(name), plain))
        return 0;
    struct trtc_names *to = list_of(l, name, plain);
    const bool enters = recursive && !is_systems(name);
    if (to ? !is_surely_file(name) : enters) {
        int is = is_directory(dirfd, name, err);
        if (is < 0)
            return -1;
        if (is || !to)
            to = is && enters ? &l->dirs : NULL;
    }
    return to && trtc_names_add(to, name) < 0 ? trtc_fail_nomem(err) : 0;
}

static int list_directory(DIR *d, const char *dir, bool recursive, struct listing *l,
                          struct trtc_err *err)
{
    struct trtc_names all = { 0 };
    struct trtc_err why;
    int ret = trtc_list_rest(d, dir, &all, err);
    for (size_t i = 0; i < all.n && ret == 0; i++)
        if (list_entry(l, dirfd(d), all.v[i], recursive, &why) < 0)
            ret = trtc_fail(err, why.code, "%s: %s", dir, why.msg);
    trtc_names_fini(&all);
    trtc_names_sort(&l->lists);
    trtc_names_sort(&l->segs);
    trtc_names_sort(&l->dirs);
    return ret;
}

static void put_id(struct trtc_dir_id *slots, size_t nb_slots, struct trtc_dir_id id)
{
    size_t i = (size_t)((id.ino ^ id.dev << 32) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    for (i &= nb_slots - 1; slots[i].ino; i = (i + 1) & (nb_slots - 1))
        if (slots[i].ino == id.ino && slots[i].dev == id.dev)
            return;
    slots[i] = id;
}

static bool has_id(const struct trtc_scan *s, struct trtc_dir_id id)
{
    size_t i = (size_t)((id.ino ^ id.dev << 32) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
    for (i &= s->nb_slots - 1; s->nb_slots && s->dirs[i].ino; i = (i + 1) & (s->nb_slots - 1))
        if (s->dirs[i].ino == id.ino && s->dirs[i].dev == id.dev)
            return true;
    return false;
}

/* 1: the directory was visited before; 0: it is marked as visited now; -1: failure. */
static int is_known(struct trtc_scan *s, int fd, const char *dir, struct trtc_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "%s", dir);
    const struct trtc_dir_id id = { (uint64_t)st.st_dev, (uint64_t)st.st_ino };
    if (id.ino == 0 || has_id(s, id))
        return id.ino != 0;
    if (2 * s->nb_dirs >= s->nb_slots) {
        const size_t nb = s->nb_slots ? 2 * s->nb_slots : 16;
        struct trtc_dir_id *slots = calloc(nb, sizeof *slots);
        if (!slots)
            return trtc_fail_nomem(err);
        for (size_t i = 0; i < s->nb_slots; i++)
            if (s->dirs[i].ino)
                put_id(slots, nb, s->dirs[i]);
        free(s->dirs);
        s->dirs = slots;
        s->nb_slots = nb;
    }
    put_id(s->dirs, s->nb_slots, id);
    s->nb_dirs++;
    return 0;
}

static int scan_tree(const struct trtc_walk *w, const struct trtc_open_dir *at,
                     struct trtc_err *err);

static int scan_below(const struct trtc_walk *w, const struct trtc_open_dir *at, const char *name,
                      struct trtc_err *err)
{
    char path[4096];
    struct trtc_err why;
    if (snprintf(path, sizeof path, "%s/%s", at->dir, name) >= (int)sizeof path ||
        at->depth >= SCAN_DEPTH_MAX)
        return trtc_scan_lose(w->s, path, "unreadable", "directories are nested too deeply") < 0
                   ? trtc_fail_nomem(err)
                   : 0;
    int sub = openat(at->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (sub >= 0)
        return scan_tree(w, &(struct trtc_open_dir){ path, sub, at->depth + 1, at, 0, 0 }, err);
    if (errno == ENOENT) /* removed in the meantime */
        return 0;
    trtc_fail_errno(&why, TRTC_EX_NOINPUT, errno, "cannot be read");
    if (trtc_is_shortage(&why))
        return trtc_fail(err, why.code, "%s: %s", path, why.msg);
    w->s->denied |= why.code == TRTC_EX_NOPERM;
    return trtc_scan_lose(w->s, path, "unreadable", "%s", why.msg) < 0 ? trtc_fail_nomem(err) : 0;
}

/* Takes ownership of at->fd. */
static int scan_tree(const struct trtc_walk *w, const struct trtc_open_dir *at,
                     struct trtc_err *err)
{
    const char *dir = at->dir;
    const int fd = at->fd;
    struct listing l = { 0 };
    int ret = is_known(w->s, fd, dir, err);
    DIR *d = ret == 0 ? fdopendir(fd) : NULL;
    if (!d) {
        if (ret == 0)
            ret = trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", dir);
        close(fd);
        return ret < 0 ? -1 : 0;
    }
    struct trtc_open_dir here = *at;
    here.first = w->s->n;
    ret = list_directory(d, dir, w->find->recursive, &l, err);
    if (ret == 0)
        ret = trtc_scan_lists(w, at, &l.lists, &l.segs, err);
    here.nb = w->s->n - here.first;
    for (size_t i = 0; i < l.dirs.n && !trtc_is_stopped(w->find->stop); i++) {
        struct trtc_err another;
        if (scan_below(w, &here, l.dirs.v[i], ret < 0 ? &another : err) < 0)
            ret = -1;
    }
    closedir(d);
    listing_fini(&l);
    return ret;
}

int trtc_scan_dir(struct trtc_scan *s, const char *dir, const struct trtc_find *find,
                  struct trtc_err *err)
{
    const struct trtc_walk w = { s, find };
    size_t n = strlen(dir);
    char *clean = strdup(dir);
    if (!clean)
        return trtc_fail_nomem(err);
    while (n > 1 && clean[n - 1] == '/')
        clean[--n] = '\0';
    int fd = open(clean, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int ret = fd < 0 ? trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", clean)
                     : scan_tree(&w, &(struct trtc_open_dir){ .dir = clean, .fd = fd }, err);
    free(clean);
    return ret;
}

void trtc_recording_fini(struct trtc_recording *r)
{
    for (size_t i = 0; i < r->nb_lists; i++) {
        free(r->lists[i].file);
        trtc_playlist_fini(&r->lists[i].playlist);
    }
    for (size_t i = 0; i < r->nb_notes; i++)
        free(r->notes[i]);
    for (size_t i = 0; i < r->nb_found; i++)
        free(r->found[i]);
    free(r->notes);
    free(r->found);
    free(r->lists);
    free(r->pieces);
    free(r->dir);
    free(r->room);
    free(r->user);
    free(r->user_id);
    free(r->held);
    trtc_losses_fini(&r->losses);
}

void trtc_scan_fini(struct trtc_scan *s)
{
    for (size_t i = 0; i < s->n; i++)
        trtc_recording_fini(&s->recs[i]);
    for (size_t i = 0; i < s->nb_notes; i++)
        free(s->notes[i]);
    free(s->notes);
    free(s->dirs);
    trtc_losses_fini(&s->losses);
    free(s->recs);
    *s = (struct trtc_scan){ 0 };
}
