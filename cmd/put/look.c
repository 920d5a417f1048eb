/* SPDX-License-Identifier: MIT */
/* Compares what a playlist names with what is stored or being stored. */
#include "look.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../cli.h"
#include "../clock.h"
#include "base/array.h"
#include "base/beneath.h"
#include "base/listing.h"
#include "playlist/content.h"
#include "playlist/dir_index.h"
#include "playlist/playlist_load.h"
#include "put/named.h"

/* Limit of files queued at a time that were not given as paths; the others follow later. */
enum { IMPLIED_MAX = 256, PLAYLIST_BYTES_MAX = 64 << 20, SETTLED_S = 2 };

/* A file that the playlist names. */
struct wanted {
    char *path, *key;
    struct trtc_put_hash hash;
    bool missing; /* the file does not exist */
};

struct look {
    struct put *p;
    struct put_dir *dir;
    struct trtc_job *job;
    const char *path;
    size_t in_dir; /* length of its directory in path */
    struct wanted *items;
    size_t n, cap;
};

/* ---- the names in a playlist ---- */

static int read_text(int fd, char **text, int64_t *n, struct trtc_err *err)
{
    struct stat st;
    ssize_t got = 1;
    if (fstat(fd, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot be read");
    if (st.st_size > PLAYLIST_BYTES_MAX)
        return trtc_fail(err, TRTC_EX_DATAERR, "larger than any playlist");
    *text = malloc((size_t)st.st_size + 1);
    if (!*text)
        return trtc_fail_nomem(err);
    for (*n = 0; *n < st.st_size && got; *n += got > 0 ? got : 0) {
        got = pread(fd, *text + *n, (size_t)(st.st_size - *n), (off_t)*n);
        if (got < 0 && errno != EINTR)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot be read");
    }
    return trtc_playlist_text(text, n, err);
}

/* Fails if the text is known to be something else, such as the page of an error. */
static int check_text(const char *text, int64_t n, struct trtc_err *err)
{
    const char *is = trtc_content_name(text, (size_t)n);
    return is && (n < 7 || strncasecmp(text, "#EXTM3U", 7) != 0)
               ? trtc_fail(err, TRTC_EX_DATAERR, "it is no playlist but %s", is)
               : 0;
}

static int read_names(int fd, struct trtc_names *names, bool *growing, struct trtc_err *err)
{
    char *text = NULL;
    int64_t n = 0;
    bool ended = false;
    int ret = read_text(fd, &text, &n, err);
    if (ret == 0)
        ret = check_text(text, n, err);
    if (ret == 0)
        ret = trtc_put_named(text, (size_t)n, names, &ended, err);
    *growing = !ended;
    free(text);
    return ret;
}

/* Adds a file below the playlist's directory. A file outside the root has no key and is left
 * out. */
static int add(struct look *l, const char *name, struct trtc_err *err)
{
    const size_t size = l->in_dir + strlen(name) + 1;
    struct wanted w = { .path = malloc(size) };
    if (!w.path || trtc_array_reserve(&l->items, &l->cap, l->n + 1, sizeof *l->items) < 0) {
        free(w.path);
        return trtc_fail_nomem(err);
    }
    snprintf(w.path, size, "%.*s%s", (int)l->in_dir, l->path, name);
    w.key = trtc_put_key(&l->p->names, w.path, err);
    if (!w.key || trtc_put_hash_of(w.key, &w.hash, err) < 0) {
        const bool outside = !w.key && err->code == TRTC_EX_DATAERR;
        free(w.path);
        free(w.key);
        return outside ? 0 : -1;
    }
    l->items[l->n++] = w;
    return 0;
}

static void look_fini(struct look *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->items[i].path);
        free(l->items[i].key);
    }
    free(l->items);
}

/* ---- existing files ---- */

/* Whether it is stored or being stored. The caller holds the lock. */
static bool is_known(const struct look *l, const struct wanted *w)
{
    return trtc_proven_find(&l->p->proven, w->hash) || trtc_order_find(l->p->order, w->key);
}

/* Replaces the playlist's name for a file ("a.ts?sign=x", "a%2Bb.ts") by its actual name. */
static int rename_wanted(struct look *l, size_t i, const char *name, struct trtc_err *err)
{
    struct wanted *w = &l->items[i];
    if (strcmp(w->path + l->in_dir, name) == 0)
        return 0;
    if (add(l, name, err) < 0)
        return -1;
    w = &l->items[i];
    free(w->path);
    free(w->key);
    *w = l->items[--l->n];
    return 0;
}

/* Looks for a file that was not given as a path. Without the lock. */
static int find_file(struct look *l, struct trtc_dir_index *dir, size_t i, struct trtc_err *err)
{
    struct trtc_err why;
    struct trtc_dir_found found;
    if (trtc_dir_find(dir, l->items[i].path + l->in_dir, -1, &found, &why) == 0)
        return rename_wanted(l, i, found.name, err);
    if (trtc_is_shortage(&why)) {
        *err = why;
        return -1;
    }
    l->items[i].missing = !l->p->dir || !trtc_put_dir_has(l->p->dir, l->items[i].key);
    return 0;
}

/* ---- the directory ---- */

void put_dir_close(struct put_dir *d)
{
    if (d->name)
        close(d->index.fd);
    trtc_dir_index_fini(&d->index);
    free(d->name);
    *d = (struct put_dir){ 0 };
}

/* A directory that had been changed just before may have changed again without another time. */
static bool is_unchanged(const struct put_dir *d, const struct stat *now)
{
    return d->settled && d->was.st_dev == now->st_dev && d->was.st_ino == now->st_ino &&
           d->was.st_mtim.tv_sec == now->st_mtim.tv_sec &&
           d->was.st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

/* Opens the directory of the playlist, unless it is open and unchanged. False: it cannot be opened,
 * or out of memory. */
static bool open_dir(struct look *l)
{
    struct put_dir *d = l->dir;
    struct stat now;
    char *name = l->in_dir ? strndup(l->path, l->in_dir) : strdup(".");
    if (name && d->name && strcmp(name, d->name) == 0 && stat(name, &now) == 0 &&
        is_unchanged(d, &now)) {
        free(name);
        return true;
    }
    put_dir_close(d);
    d->index.fd = name ? open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (d->index.fd >= 0 && fstat(d->index.fd, &d->was) == 0) {
        d->name = name;
        d->settled = clock_wall_s(NULL) > (int64_t)d->was.st_mtim.tv_sec + SETTLED_S;
        return true;
    }
    if (d->index.fd >= 0)
        close(d->index.fd);
    free(name);
    return false;
}

static int find_files(struct look *l, struct trtc_err *err)
{
    const bool opened = open_dir(l);
    int ret = 0;
    for (size_t i = 0; i < l->n && ret == 0; i++) {
        pthread_mutex_lock(&l->p->lock);
        const bool known = is_known(l, &l->items[i]);
        pthread_mutex_unlock(&l->p->lock);
        if (!known && opened)
            ret = find_file(l, &l->dir->index, i, err);
        else if (!known)
            l->items[i].missing = true;
    }
    return ret;
}

/* ---- waiting ---- */

/* The job of a file that is not stored yet; a file that was not given is queued. NULL: there is
 * nothing to wait for, or out of memory (*err). The caller holds the lock. */
static struct trtc_job *job_of(struct look *l, const struct wanted *w, int *implied,
                               struct trtc_err *err)
{
    if (trtc_proven_find(&l->p->proven, w->hash))
        return NULL;
    struct trtc_job *job = trtc_order_find(l->p->order, w->key);
    if (job || w->missing || *implied >= IMPLIED_MAX)
        return job;
    ++*implied;
    cli_debug("%s: named by %s: it is put first", w->path, l->path);
    return trtc_order_imply(l->p->order, l->job, w->path, w->key, err);
}

/* Waits for the last of the files being stored, or else for the last that failed; they finish in
 * about this order. The caller holds the lock. */
static bool wait_for_job(struct look *l, struct trtc_err *err)
{
    struct trtc_job *comes = NULL, *failed = NULL;
    int implied = 0;
    for (size_t i = 0; i < l->n; i++) {
        struct trtc_job *job = job_of(l, &l->items[i], &implied, err);
        if (job && job->state == TRTC_JOB_FAILED)
            failed = job;
        else if (job && job != l->job)
            comes = job;
    }
    return (comes && trtc_order_wait(l->p->order, l->job, comes)) ||
           (failed && trtc_order_wait(l->p->order, l->job, failed));
}

/* Waits for a path: a file that does not exist may still be made, and its path may come. The caller
 * holds the lock. */
static bool wait_for_path(struct look *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].missing && !trtc_proven_find(&l->p->proven, l->items[i].hash))
            return trtc_order_wait_key(l->p->order, l->job, l->items[i].key);
    return false;
}

/* Reports the files that the playlist names but that will not be stored. */
static void name_missing(const struct look *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->items[i].missing && !trtc_proven_find(&l->p->proven, l->items[i].hash)) {
            cli_error("%s: it names '%s', which does not exist", l->path, l->items[i].path);
            put_worsen(l->p, TRTC_EX_LOSS);
        }
}

static enum put_look decide(struct look *l, struct trtc_err *err)
{
    err->code = 0;
    pthread_mutex_lock(&l->p->lock);
    const bool waits = wait_for_job(l, err) || (!err->code && wait_for_path(l));
    if (!waits && !err->code)
        name_missing(l);
    if (waits)
        pthread_cond_broadcast(&l->p->work);
    pthread_mutex_unlock(&l->p->lock);
    return err->code ? PUT_LOOK_FAIL : waits ? PUT_LOOK_WAIT : PUT_LOOK_GO;
}

enum put_look put_look(struct put *p, struct put_dir *dir, struct trtc_job *job, int fd,
                       bool *growing, struct trtc_err *err)
{
    const char *path = job->path, *slash = strrchr(path, '/');
    struct look l = { .p = p,
                      .dir = dir,
                      .job = job,
                      .path = path,
                      .in_dir = slash ? (size_t)(slash - path) + 1 : 0 };
    struct trtc_names names = { 0 };
    struct trtc_err why;
    enum put_look ret = PUT_LOOK_FAIL;
    int ok = read_names(fd, &names, growing, &why);
    if (ok < 0 && !trtc_is_shortage(&why)) {
        cli_note("%s: stored without checking its files: %s", path, why.msg);
        ok = 0;
    }
    for (size_t i = 0; i < names.n && ok == 0; i++)
        ok = add(&l, names.v[i], &why);
    if (ok == 0)
        ok = find_files(&l, &why);
    if (ok == 0)
        ret = decide(&l, &why);
    if (ret == PUT_LOOK_FAIL)
        trtc_fail(err, why.code, "%s: %s", path, why.msg);
    look_fini(&l);
    trtc_names_fini(&names);
    return ret;
}
