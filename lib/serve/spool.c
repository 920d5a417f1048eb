/* SPDX-License-Identifier: MIT */
/* A spool of events. */
#define _GNU_SOURCE /* O_DIRECTORY, flock */

#include "serve/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/beneath.h"
#include "base/file.h"
#include "base/listing.h"
#include "base/text.h"

enum { TMP = TRTC_SPOOL_PLACES, HEAD, DIRS, BODY_MAX = 16 << 20 };

static const char *const dirs[DIRS] = { "new", "done", "failed", "gone", "tmp", "head" };

struct trtc_spool {
    char *dir;
    char shown[256];
    int top, fds[DIRS], lock;
    atomic_uint_fast64_t nb_temps;
    /* One sync of new/ and head/ serves everyone who waits for it. */
    pthread_mutex_t mutex;
    pthread_cond_t synced;
    uint64_t asked, done, failed; /* ticket numbers */
    int sync_errno;
    bool syncing;
};

const char *trtc_spool_place_name(enum trtc_spool_place place)
{
    return dirs[place];
}

const char *trtc_spool_dir(const struct trtc_spool *s)
{
    return s->dir;
}

int trtc_spool_fd(const struct trtc_spool *s, enum trtc_spool_place place)
{
    return s->fds[place];
}

/* ---- names ---- */

void trtc_spool_name(int64_t event_ms, int64_t type, const char *id, char out[TRTC_SPOOL_NAME_MAX])
{
    snprintf(out, TRTC_SPOOL_NAME_MAX, "%" PRId64 "-%" PRId64 "-%.40s.json", event_ms, type, id);
}

bool trtc_spool_name_parts(const char *name, int64_t *event_ms, int64_t *type)
{
    static const char digits[] = "0123456789";
    const size_t ms = strspn(name, digits), n = strlen(name);
    if (ms == 0 || ms > 15 || name[ms] != '-' || n >= TRTC_SPOOL_NAME_MAX)
        return false;
    const char *rest = name + ms + 1;
    const size_t kind = strspn(rest, digits);
    if (kind == 0 || kind > 10 || rest[kind] != '-')
        return false;
    const char *id = rest + kind + 1;
    const size_t id_len = strspn(id, "0123456789abcdef");
    if (id_len == 0 || strcmp(id + id_len, ".json") != 0)
        return false;
    *event_ms = strtoll(name, NULL, 10);
    *type = strtoll(rest, NULL, 10);
    return true;
}

/* ---- opening ---- */

/* Checks that its directories belong to us and that no other user may put files there. */
static int check_private(const struct trtc_spool *s, int fd, struct trtc_err *err)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot examine '%s'", s->shown);
    if (st.st_uid != geteuid() && geteuid() != 0)
        return trtc_fail(err, TRTC_EX_NOPERM, "'%s' belongs to another user", s->shown);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return trtc_fail(err, TRTC_EX_NOPERM,
                         "'%s' has mode %04o: others may write to it (chmod 700)", s->shown,
                         (unsigned)st.st_mode & 07777u);
    return 0;
}

static int open_dirs(struct trtc_spool *s, bool create, struct trtc_err *err)
{
    for (int i = 0; i < DIRS; i++) {
        if (create && mkdirat(s->top, dirs[i], 0700) < 0 && errno != EEXIST)
            return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot create '%s/%s'", s->shown,
                                   dirs[i]);
        s->fds[i] = openat(s->top, dirs[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (s->fds[i] < 0)
            return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno,
                                   errno == ENOENT ? "'%s' is not a spool: '%s'" : "'%s/%s'",
                                   s->shown, dirs[i]);
        if (check_private(s, s->fds[i], err) < 0)
            return -1;
    }
    return create && (trtc_fsync(s->top) < 0 || trtc_fsync(s->fds[TRTC_SPOOL_NEW]) < 0)
               ? trtc_fail_errno(err, TRTC_EX_IOERR, errno, "'%s'", s->shown)
               : 0;
}

static int open_top(struct trtc_spool *s, bool create, struct trtc_err *err)
{
    struct stat st;
    if (create && stat(s->dir, &st) < 0 && errno == ENOENT) {
        char *slash = strrchr(s->dir, '/');
        if (slash && slash > s->dir) {
            *slash = '\0';
            const int made = trtc_mkdirs(s->dir, err);
            *slash = '/';
            if (made < 0)
                return -1;
        }
        if (mkdir(s->dir, 0700) < 0 && errno != EEXIST)
            return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot create '%s'", s->shown);
    }
    s->top = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->top < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot open '%s'", s->shown);
    return check_private(s, s->top, err);
}

struct trtc_spool *trtc_spool_open(const char *dir, bool create, struct trtc_err *err)
{
    struct trtc_spool *s = calloc(1, sizeof *s);
    if (!s) {
        trtc_fail_nomem(err);
        return NULL;
    }
    s->top = s->lock = -1;
    for (int i = 0; i < DIRS; i++)
        s->fds[i] = -1;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->synced, NULL);
    trtc_text_show(dir, strlen(dir), s->shown, sizeof s->shown);
    s->dir = strdup(dir);
    for (size_t n = s->dir ? strlen(s->dir) : 0; n > 1 && s->dir[n - 1] == '/'; n--)
        s->dir[n - 1] = '\0';
    if (!s->dir)
        trtc_fail_nomem(err);
    if (!s->dir || open_top(s, create, err) < 0 || open_dirs(s, create, err) < 0)
        trtc_spool_free(&s);
    return s;
}

static void close_if(int fd)
{
    if (fd >= 0)
        close(fd);
}

void trtc_spool_free(struct trtc_spool **spool)
{
    struct trtc_spool *s = *spool;
    if (!s)
        return;
    for (int i = 0; i < DIRS; i++)
        close_if(s->fds[i]);
    close_if(s->lock);
    close_if(s->top);
    pthread_cond_destroy(&s->synced);
    pthread_mutex_destroy(&s->mutex);
    free(s->dir);
    free(s);
    *spool = NULL;
}

static int list_names(const struct trtc_spool *s, int place, struct trtc_names *out,
                      struct trtc_err *err)
{
    struct trtc_err why;
    if (trtc_list_dir(s->fds[place], "", out, &why) == 0)
        return 0;
    return trtc_fail(err, trtc_is_shortage(&why) ? why.code : TRTC_EX_IOERR,
                     "cannot read '%s/%s'%s", s->shown, dirs[place], why.msg);
}

int trtc_spool_lock(struct trtc_spool *s, struct trtc_err *err)
{
    s->lock = openat(s->top, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock < 0)
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot create '%s/lock'", s->shown);
    if (trtc_flock(s->lock) < 0)
        return errno == EWOULDBLOCK
                   ? trtc_fail(err, TRTC_EX_TEMPFAIL, "'%s' is served by another process", s->shown)
                   : trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot lock '%s/lock'", s->shown);
    struct trtc_names names = { 0 };
    const int ret = list_names(s, TMP, &names, err);
    for (size_t i = 0; ret == 0 && i < names.n; i++)
        if (names.v[i][0] != '.')
            trtc_temp_sweep(s->fds[TMP], names.v[i]);
    trtc_names_fini(&names);
    return ret;
}

/* ---- storing ---- */

/* One sync serves all whose entries existed when it began. 0, or errno. */
static int sync_entries(struct trtc_spool *s)
{
    pthread_mutex_lock(&s->mutex);
    const uint64_t mine = ++s->asked;
    while (s->done < mine) {
        if (s->syncing) {
            pthread_cond_wait(&s->synced, &s->mutex);
            continue;
        }
        const uint64_t upto = s->asked;
        s->syncing = true;
        pthread_mutex_unlock(&s->mutex);
        const bool bad = trtc_fsync(s->fds[HEAD]) < 0 || trtc_fsync(s->fds[TRTC_SPOOL_NEW]) < 0;
        const int errnum = bad ? errno : 0;
        pthread_mutex_lock(&s->mutex);
        s->syncing = false;
        s->done = upto;
        if (bad) {
            s->failed = upto;
            s->sync_errno = errnum;
        }
        pthread_cond_broadcast(&s->synced);
    }
    const int ret = mine <= s->failed ? s->sync_errno : 0;
    pthread_mutex_unlock(&s->mutex);
    return ret;
}

static bool exists(const struct trtc_spool *s, int place, const char *name)
{
    return faccessat(s->fds[place], name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_known(const struct trtc_spool *s, const char *name)
{
    for (int i = 0; i < TRTC_SPOOL_PLACES; i++)
        if (exists(s, i, name))
            return true;
    return false;
}

/* Writes a file in tmp/ and syncs it. 0, or errno; then nothing is left of it. */
static int write_temp(struct trtc_spool *s, const void *data, size_t n, struct trtc_temp *temp)
{
    *temp = (struct trtc_temp){ .prefix = "",
                                .suffix = "",
                                .number = atomic_fetch_add(&s->nb_temps, 1) };
    return trtc_temp_write(s->fds[TMP], temp, (struct trtc_bytes){ data, n });
}

/* A name in head/ has no suffix, so that "*.json" matches events only. */
static char *head_name(const char *name, char out[TRTC_SPOOL_NAME_MAX])
{
    snprintf(out, TRTC_SPOOL_NAME_MAX, "%.*s", (int)strcspn(name, "."), name);
    return out;
}

static void unlink_head(const struct trtc_spool *s, const char *name)
{
    char head[TRTC_SPOOL_NAME_MAX];
    unlinkat(s->fds[HEAD], head_name(name, head), 0);
}

static int write_head(struct trtc_spool *s, const struct trtc_spool_entry *e)
{
    char text[160], name[TRTC_SPOOL_NAME_MAX];
    struct trtc_temp temp;
    const int n = snprintf(text, sizeof text, "SdkAppId: %" PRId64 "\nSign: %.63s\n", e->sdkappid,
                           e->sign ? e->sign : "");
    int errnum = write_temp(s, text, (size_t)n, &temp);
    if (errnum)
        return errnum;
    if (renameat(s->fds[TMP], temp.name, s->fds[HEAD], head_name(e->name, name)) < 0) {
        errnum = errno;
        unlinkat(s->fds[TMP], temp.name, 0);
    }
    close(temp.fd);
    return errnum;
}

/* Gives the body its name. 1: done; 0: the name is taken; -1: errno. */
static int link_body(struct trtc_spool *s, const struct trtc_spool_entry *e, int *errnum)
{
    struct trtc_temp temp;
    if ((*errnum = write_temp(s, e->body, e->n, &temp)) != 0)
        return -1;
    const int linked = linkat(s->fds[TMP], temp.name, s->fds[TRTC_SPOOL_NEW], e->name, 0);
    *errnum = linked < 0 ? errno : 0;
    unlinkat(s->fds[TMP], temp.name, 0);
    close(temp.fd);
    return linked == 0 ? 1 : *errnum == EEXIST ? 0 : -1;
}

int trtc_spool_put(struct trtc_spool *s, const struct trtc_spool_entry *e, struct trtc_err *err)
{
    int errnum = 0, stored = 0;
    if (!is_known(s, e->name)) {
        errnum = write_head(s, e);
        stored = errnum ? -1 : link_body(s, e, &errnum);
    }
    if (stored >= 0 && (errnum = sync_entries(s)) != 0) {
        if (stored)
            unlinkat(s->fds[TRTC_SPOOL_NEW], e->name, 0);
        stored = -1;
    }
    if (stored >= 0)
        return stored;
    if (!is_known(s, e->name))
        unlink_head(s, e->name);
    return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot store '%s/new/%s'", s->shown,
                           e->name);
}

/* ---- reading ---- */

int64_t trtc_spool_read(const struct trtc_spool *s, enum trtc_spool_place place, const char *name,
                        char **body, struct trtc_err *err)
{
    struct trtc_err why;
    const int64_t n = trtc_read_beneath(s->fds[place], name, BODY_MAX, body, &why);
    return n < 0 ? trtc_fail(err, why.code, "'%s/%s/%s': %s", s->shown, dirs[place], name, why.msg)
                 : n;
}

/* The rest of the line that begins with key, or "". */
static void line_of(const char *text, const char *key, char *out, size_t size)
{
    const char *at = strstr(text, key);
    *out = '\0';
    if (at)
        snprintf(out, size, "%.*s", (int)strcspn(at + strlen(key), "\n"), at + strlen(key));
}

int trtc_spool_head(const struct trtc_spool *s, const char *name, int64_t *sdkappid,
                    char sign[TRTC_SPOOL_SIGN_MAX], struct trtc_err *err)
{
    char *text = NULL, app[24] = "", head[TRTC_SPOOL_NAME_MAX];
    struct trtc_err why;
    *sdkappid = 0;
    *sign = '\0';
    if (trtc_read_beneath(s->fds[HEAD], head_name(name, head), 1024, &text, &why) < 0)
        return trtc_is_shortage(&why)
                   ? trtc_fail(err, why.code, "'%s/head/%s': %s", s->shown, head, why.msg)
                   : 0;
    line_of(text, "SdkAppId: ", app, sizeof app);
    line_of(text, "Sign: ", sign, TRTC_SPOOL_SIGN_MAX);
    *sdkappid = strtoll(app, NULL, 10);
    free(text);
    return 0;
}

static int by_time(const void *a, const void *b)
{
    const char *m = *(char *const *)a, *n = *(char *const *)b;
    int64_t x = 0, y = 0, type;
    trtc_spool_name_parts(m, &x, &type);
    trtc_spool_name_parts(n, &y, &type);
    return x != y ? (x > y) - (x < y) : strcmp(m, n);
}

/* Removes names that are not those of events. */
static void keep_events(struct trtc_names *l)
{
    int64_t ms, type;
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (trtc_spool_name_parts(l->v[i], &ms, &type))
            l->v[n++] = l->v[i];
        else
            free(l->v[i]);
    }
    l->n = n;
}

int trtc_spool_list(const struct trtc_spool *s, enum trtc_spool_place place, struct trtc_names *out,
                    struct trtc_err *err)
{
    if (list_names(s, place, out, err) < 0) {
        trtc_names_fini(out);
        return -1;
    }
    keep_events(out);
    if (out->n)
        qsort(out->v, out->n, sizeof *out->v, by_time);
    return 0;
}

/* ---- moving ---- */

int trtc_spool_move(struct trtc_spool *s, const char *name, enum trtc_spool_place from,
                    enum trtc_spool_place to, struct trtc_err *err)
{
    if (renameat(s->fds[from], name, s->fds[to], name) == 0 && trtc_fsync(s->fds[to]) == 0 &&
        trtc_fsync(s->fds[from]) == 0)
        return 0;
    return trtc_fail_errno(err, errno == ENOENT ? TRTC_EX_NOINPUT : TRTC_EX_IOERR, errno,
                           "cannot move '%s/%s/%s' to %s/", s->shown, dirs[from], name, dirs[to]);
}

int trtc_spool_drop(struct trtc_spool *s, const char *name, enum trtc_spool_place from,
                    struct trtc_err *err)
{
    const int fd =
        openat(s->fds[TRTC_SPOOL_GONE], name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || trtc_fsync(s->fds[TRTC_SPOOL_GONE]) < 0) {
        const int errnum = errno;
        close_if(fd);
        return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot create '%s/gone/%s'", s->shown,
                               name);
    }
    close(fd);
    if (unlinkat(s->fds[from], name, 0) < 0 && errno != ENOENT)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot remove '%s/%s/%s'", s->shown,
                               dirs[from], name);
    unlink_head(s, name);
    return 0;
}

void trtc_spool_forget(struct trtc_spool *s, int64_t before_ms)
{
    struct trtc_names l = { 0 };
    struct stat st;
    if (trtc_spool_list(s, TRTC_SPOOL_GONE, &l, NULL) < 0)
        return;
    for (size_t i = 0; i < l.n; i++)
        if (fstatat(s->fds[TRTC_SPOOL_GONE], l.v[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_mtim.tv_sec * INT64_C(1000) < before_ms)
            unlinkat(s->fds[TRTC_SPOOL_GONE], l.v[i], 0);
    trtc_names_fini(&l);
}

/* Whether the descriptor still refers to that name: another process may have moved the file. */
static bool still_there(const struct trtc_spool *s, int fd, const char *name)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 &&
           fstatat(s->fds[TRTC_SPOOL_NEW], name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

int trtc_spool_hold(const struct trtc_spool *s, const char *name, bool *held, struct trtc_err *err)
{
    const int fd =
        openat(s->fds[TRTC_SPOOL_NEW], name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    *held = false;
    err->code = 0;
    if (fd < 0 && errno == ENOENT)
        return -1;
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot read '%s/new/%s'", s->shown,
                               name);
    const int errnum = trtc_flock(fd) < 0 ? errno : 0;
    *held = errnum == EWOULDBLOCK;
    if (!errnum && still_there(s, fd, name))
        return fd;
    close(fd);
    return errnum && !*held ? trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot lock '%s/new/%s'",
                                              s->shown, name)
                            : -1;
}
