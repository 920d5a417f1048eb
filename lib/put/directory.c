/* SPDX-License-Identifier: MIT */
/* Puts files into a directory: under a temporary name in the same directory, then synced, read back
 * and renamed. Names are resolved one component at a time, starting from a descriptor. */
#define _GNU_SOURCE /* O_DIRECTORY and O_NOFOLLOW, flock, posix_fadvise */

#include "put/directory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "put/proven.h"
#include "storage/crc64.h"

enum { CHUNK_BYTES = 1 << 20, TRIES = 5, NAME_BYTES_MAX = 255 };

struct trtc_put_dir {
    int fd;
    char *path;
    const volatile sig_atomic_t *stop;
};

/* A file being copied. */
struct copy {
    struct trtc_put_dir *d;
    const struct trtc_storage_file *file;
    int dirfd;            /* the directory of the new file */
    const char *name;     /* its name there, the last part of the key */
    char temp[32];        /* its name until it is complete */
    int fd;               /* of the temporary file; -1: none */
    unsigned char *chunk; /* CHUNK_BYTES */
    struct trtc_err *err;
};

__attribute__((format(printf, 4, 5))) static int fail_at(struct copy *c, int code, int errnum,
                                                         const char *fmt, ...)
{
    char what[128];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(what, sizeof what, fmt, ap);
    va_end(ap);
    if (errnum)
        return trtc_fail_errno(c->err, code, errnum, "%s: %s '%s/%s'", c->file->path, what,
                               c->d->path, c->file->key);
    return trtc_fail(c->err, code, "%s: %s '%s/%s'", c->file->path, what, c->d->path, c->file->key);
}

/* ---- directories ---- */

/* Opens the directory name in dirfd; make: creates it if necessary. -1: errno */
static int enter(int dirfd, const char *name, bool make)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    int fd = openat(dirfd, name, flags);
    if (fd >= 0 || errno != ENOENT || !make)
        return fd;
    if ((mkdirat(dirfd, name, 0777) < 0 && errno != EEXIST) || trtc_sync_dir(dirfd) < 0)
        return -1;
    return openat(dirfd, name, flags);
}

/* Opens the directory for the last part of key, *name. Returns a descriptor, or -1 (errno). */
static int enter_all(const struct trtc_put_dir *d, const char *key, bool make, const char **name)
{
    char part[NAME_BYTES_MAX + 1];
    int at = fcntl(d->fd, F_DUPFD_CLOEXEC, 0);
    const char *s = key + strspn(key, "/");
    for (const char *slash; at >= 0 && (slash = strchr(s, '/')); s = slash + strspn(slash, "/")) {
        const size_t n = (size_t)(slash - s);
        int next = -1;
        errno = ENAMETOOLONG;
        if (n < sizeof part) {
            memcpy(part, s, n);
            part[n] = '\0';
            const bool dots = strcmp(part, ".") == 0 || strcmp(part, "..") == 0;
            errno = EINVAL;
            next = dots ? -1 : enter(at, part, make);
        }
        const int saved = errno;
        close(at);
        errno = saved;
        at = next;
    }
    *name = s;
    return at;
}

/* ---- the temporary file ---- */

/* Makes a name that is short enough for every directory and differs for each key. */
static void name_temp(struct copy *c)
{
    snprintf(c->temp, sizeof c->temp, ".%016" PRIx64 ".part",
             trtc_crc64(0, c->name, strlen(c->name)));
}

/* Checks that what will be replaced is a file or a link, and not the source file itself. */
static int check_target(struct copy *c)
{
    struct stat there, source;
    if (!*c->name || strcmp(c->name, ".") == 0 || strcmp(c->name, "..") == 0)
        return fail_at(c, TRTC_EX_DATAERR, 0, "this is not the name of a file:");
    if (fstatat(c->dirfd, c->name, &there, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 0 : fail_at(c, TRTC_EX_CANTCREAT, errno, "cannot create");
    if (!S_ISREG(there.st_mode) && !S_ISLNK(there.st_mode))
        return fail_at(c, TRTC_EX_CANTCREAT, 0, "%s has the name of",
                       S_ISDIR(there.st_mode) ? "a directory" : "something not a regular file");
    if (fstat(c->file->fd, &source) == 0 && source.st_ino == there.st_ino &&
        source.st_dev == there.st_dev)
        return fail_at(c, TRTC_EX_DATAERR, 0, "it is the same file as");
    return 0;
}

/* Opens and locks the temporary file. 1: done; 0: another process has renamed it meanwhile; -1:
 * failure. */
static int open_temp(struct copy *c)
{
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;
    struct stat have, named;
    c->fd = openat(c->dirfd, c->temp, flags, 0666);
    if (c->fd < 0 || fstat(c->fd, &have) < 0)
        return fail_at(c, TRTC_EX_CANTCREAT, errno, "cannot create");
    if (!S_ISREG(have.st_mode) || have.st_nlink > 1 || have.st_uid != geteuid())
        return fail_at(c, TRTC_EX_CANTCREAT, 0, "'%s' is not a temporary file of ours, beside",
                       c->temp);
    if (trtc_flock(c->fd) < 0 && errno == EWOULDBLOCK)
        return fail_at(c, TRTC_EX_TEMPFAIL, 0, "another process is writing");
    if (fstatat(c->dirfd, c->temp, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        named.st_ino == have.st_ino && named.st_dev == have.st_dev)
        return 1;
    close(c->fd);
    c->fd = -1;
    return 0;
}

static int take_temp(struct copy *c)
{
    name_temp(c);
    for (int i = 0; i < TRIES; i++) {
        const int got = open_temp(c);
        if (got < 0 && c->fd >= 0) {
            close(c->fd); /* it stays, since it belongs to someone else */
            c->fd = -1;
        }
        if (got)
            return got < 0 ? -1 : 0;
    }
    return fail_at(c, TRTC_EX_TEMPFAIL, 0, "another process is writing");
}

/* ---- bytes ---- */

static int stopped(struct copy *c)
{
    return trtc_is_stopped(c->d->stop)
               ? trtc_fail(c->err, TRTC_EX_TEMPFAIL, "%s: interrupted", c->file->path)
               : 0;
}

/* Reads from fd at offset. Returns the count, 0 at the end, or -1. */
static ssize_t read_some(struct copy *c, int fd, int64_t offset, const char *what)
{
    if (stopped(c) < 0)
        return -1;
    const ssize_t n = trtc_read_at(fd, c->chunk, CHUNK_BYTES, offset);
    return n < 0 ? fail_at(c, TRTC_EX_IOERR, errno, "cannot read %s", what) : n;
}

/* Copies the whole file to the temporary one. */
static int copy_bytes(struct copy *c, struct trtc_storage_proof *proof)
{
    ssize_t n;
    while (ftruncate(c->fd, 0) < 0 || lseek(c->fd, 0, SEEK_SET) < 0)
        if (errno != EINTR)
            return fail_at(c, TRTC_EX_IOERR, errno, "cannot write");
    proof->bytes = 0;
    proof->crc64 = 0;
    while ((n = read_some(c, c->file->fd, proof->bytes, "it, for")) > 0) {
        const int errnum = trtc_write_errno(c->fd, c->chunk, (size_t)n);
        if (errnum)
            return fail_at(c, TRTC_EX_IOERR, errnum, "cannot write");
        proof->crc64 = trtc_crc64(proof->crc64, c->chunk, (size_t)n);
        proof->bytes += n;
    }
    if (n < 0)
        return -1;
    return trtc_fsync(c->fd) < 0 && errno != EINVAL && errno != ENOTSUP
               ? fail_at(c, TRTC_EX_IOERR, errno, "cannot flush")
               : 0;
}

/* Reads the file back, from the disk if the kernel drops its cached copy. */
static int read_back(struct copy *c, const struct trtc_storage_proof *proof)
{
    int64_t bytes = 0;
    uint64_t crc64 = 0;
    ssize_t n;
    posix_fadvise(c->fd, 0, 0, POSIX_FADV_DONTNEED);
    while ((n = read_some(c, c->fd, bytes, "back")) > 0) {
        crc64 = trtc_crc64(crc64, c->chunk, (size_t)n);
        bytes += n;
    }
    if (n < 0)
        return -1;
    return bytes == proof->bytes && crc64 == proof->crc64
               ? 0
               : fail_at(c, TRTC_EX_IOERR, 0, "the copy that was read back differs from it:");
}

/* Copies until the source does not change meanwhile. */
static int copy_still(struct copy *c, struct trtc_storage_proof *proof)
{
    for (int i = 0; i < TRIES; i++) {
        struct stat before, after;
        if (fstat(c->file->fd, &before) < 0)
            return fail_at(c, TRTC_EX_IOERR, errno, "cannot examine it, for");
        if (copy_bytes(c, proof) < 0)
            return -1;
        if (fstat(c->file->fd, &after) < 0)
            return fail_at(c, TRTC_EX_IOERR, errno, "cannot examine it, for");
        if (after.st_size == proof->bytes && trtc_put_stamp(&before) == trtc_put_stamp(&after))
            return read_back(c, proof);
    }
    return trtc_fail(c->err, TRTC_EX_TEMPFAIL, "%s: the file keeps changing", c->file->path);
}

/* ---- a whole file ---- */

/* Makes a file:// URL and encodes the characters that have a meaning in URLs. */
static char *url_of(const char *dir, const char *key)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/+=,:@!$&'()*;";
    static const char digits[] = "0123456789ABCDEF";
    const char *const parts[] = { dir, "/", key };
    char *url = malloc(3 * (strlen(dir) + strlen(key)) + 16), *out = url;
    if (!url)
        return NULL;
    memcpy(out, "file://", 7);
    out += 7;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (const char *s = parts[i]; *s; s++) {
            if (strchr(plain, *s)) {
                *out++ = *s;
                continue;
            }
            *out++ = '%';
            *out++ = digits[(unsigned char)*s >> 4];
            *out++ = digits[*s & 15];
        }
    *out = '\0';
    return url;
}

static int make_whole(struct copy *c, struct trtc_storage_proof *proof)
{
    if (copy_still(c, proof) < 0)
        return -1;
    proof->url = url_of(c->d->path, c->file->key);
    if (!proof->url)
        return trtc_fail_nomem(c->err);
    if (renameat(c->dirfd, c->temp, c->dirfd, c->name) < 0)
        return fail_at(c, TRTC_EX_CANTCREAT, errno, "cannot create");
    return 0;
}

static int put_into(struct copy *c, struct trtc_storage_proof *proof)
{
    if (check_target(c) < 0 || take_temp(c) < 0)
        return -1;
    int ret = make_whole(c, proof);
    if (ret < 0)
        unlinkat(c->dirfd, c->temp, 0);
    else if (trtc_sync_dir(c->dirfd) < 0)
        ret = fail_at(c, TRTC_EX_IOERR, errno, "cannot flush the directory of");
    close(c->fd);
    return ret;
}

int trtc_put_dir_put(struct trtc_put_dir *d, const struct trtc_storage_file *file,
                     struct trtc_storage_proof *proof, struct trtc_err *err)
{
    struct copy c = { .d = d, .file = file, .fd = -1, .err = err };
    int ret = -1;
    *proof = (struct trtc_storage_proof){ 0 };
    c.dirfd = enter_all(d, file->key, true, &c.name);
    if (c.dirfd < 0)
        return fail_at(&c, TRTC_EX_CANTCREAT, errno, "cannot create the directory of");
    c.chunk = malloc(CHUNK_BYTES);
    ret = c.chunk ? put_into(&c, proof) : trtc_fail_nomem(err);
    free(c.chunk);
    close(c.dirfd);
    if (ret < 0)
        trtc_storage_proof_fini(proof);
    return ret;
}

bool trtc_put_dir_is(const struct trtc_put_dir *d, const char *key, int fd)
{
    const char *name;
    struct stat there, here;
    const int at = enter_all(d, key, false, &name);
    const bool is = at >= 0 && fstatat(at, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                    fstat(fd, &here) == 0 && there.st_ino == here.st_ino &&
                    there.st_dev == here.st_dev;
    if (at >= 0)
        close(at);
    return is;
}

bool trtc_put_dir_has(const struct trtc_put_dir *d, const char *key)
{
    const char *name;
    struct stat st;
    const int fd = enter_all(d, key, false, &name);
    const bool has =
        fd >= 0 && fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
    if (fd >= 0)
        close(fd);
    return has;
}

struct trtc_put_dir *trtc_put_dir_open(const char *path, const volatile sig_atomic_t *stop,
                                       struct trtc_err *err)
{
    if (trtc_mkdirs(path, err) < 0)
        return NULL;
    struct trtc_put_dir *d = calloc(1, sizeof *d);
    if (!d || !(d->path = strdup(path))) {
        free(d);
        trtc_fail_nomem(err);
        return NULL;
    }
    for (size_t n = strlen(path); n > 0 && d->path[n - 1] == '/'; n--)
        d->path[n - 1] = '\0';
    d->stop = stop;
    d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->fd < 0) {
        trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "'%s'", path);
        trtc_put_dir_close(&d);
    }
    return d;
}

void trtc_put_dir_close(struct trtc_put_dir **dir)
{
    struct trtc_put_dir *d = *dir;
    if (!d)
        return;
    if (d->fd >= 0)
        close(d->fd);
    free(d->path);
    free(d);
    *dir = NULL;
}
