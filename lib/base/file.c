/* SPDX-License-Identifier: MIT */
/* Output files under a temporary name until they are complete, and complete writes. */
#define _DEFAULT_SOURCE /* flock */

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"

enum {
    LOCK_TRIES = 16,      /* a run that commits between our open and our lock costs one try */
    NAME_MAX_GUESS = 255, /* if the file system does not state it */
    HASH_LEN = 16,        /* hexadecimal digits of the hash in a shortened temporary name */
    TEMP_TRIES = 100,
    READ_LEAST = 4096, /* room for each read(2) */
    PATH_SIZE = 4096,
    LINKS_MAX = 8, /* from a path to a descriptor */
};

struct trtc_file {
    int fd;          /* -1: parked */
    struct stat was; /* parked: the state of the temporary file */
    char *path;
    char *temp;
    bool adopted; /* its content cannot be made again */
};

/* The offset of the last component of path. */
static size_t base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The directory that contains path; the caller frees it. NULL: out of memory. */
static char *dir_of(const char *path)
{
    size_t n = base_of(path);

    if (n == 0)
        return strdup(".");
    return strndup(path, n > 1 ? n - 1 : 1);
}

/* The temporary name for path: the whole name if it fits, or else its beginning and a hash of it,
 * so that different outputs have different temporary names. The caller frees it. NULL: out of
 * memory. */
static char *temp_name(const char *path)
{
    static const char suffix[] = ".part";
    size_t dir = base_of(path);
    const char *name = path + dir;
    size_t len = strlen(name);
    size_t size = dir + 1 + len + 1 + HASH_LEN + sizeof(suffix);
    char *d = dir_of(path);
    char *temp = malloc(size);
    long max;

    if (!d || !temp) {
        free(temp);
        temp = NULL;
        goto done;
    }
    max = pathconf(d, _PC_NAME_MAX);
    if (max < 2 * HASH_LEN || max > 65535)
        max = NAME_MAX_GUESS;
    if (1 + len + strlen(suffix) <= (size_t)max) {
        snprintf(temp, size, "%.*s.%s%s", (int)dir, path, name, suffix);
    } else {
        int head = (int)((size_t)max - 2 - HASH_LEN - strlen(suffix));

        snprintf(temp, size, "%.*s.%.*s~%0*" PRIx64 "%s", (int)dir, path, head, name, HASH_LEN,
                 trtc_hash(TRTC_HASH_NOTHING, name, strlen(name)), suffix);
    }
done:
    free(d);
    return temp;
}

/* Replaces the link at, in the directory dir, by what it points to. */
static bool follow_link(char at[PATH_SIZE], const char *dir)
{
    char to[PATH_SIZE], next[2 * PATH_SIZE];
    const ssize_t n = readlink(at, to, sizeof to - 1);
    if (n <= 0)
        return false;
    to[n] = '\0';
    const int len =
        snprintf(next, sizeof next, "%s%s%s", *to == '/' ? "" : dir, *to == '/' ? "" : "/", to);
    if (len >= PATH_SIZE)
        return false;
    memcpy(at, next, (size_t)len + 1);
    return true;
}

int trtc_path_descriptor(const char *path)
{
    char at[PATH_SIZE], own[32];
    int fd = -1;
    if ((size_t)snprintf(at, sizeof at, "%s", path) >= sizeof at)
        return -1;
    snprintf(own, sizeof own, "/proc/%ld/fd", (long)getpid());
    for (int links = 0; fd < 0 && links < LINKS_MAX; links++) {
        char *parent = dir_of(at), *dir = parent ? realpath(parent, NULL) : NULL;
        const char *name = at + base_of(at);
        if (dir && strcmp(dir, own) == 0 && strspn(name, "0123456789") == strlen(name))
            fd = (int)strtol(name, NULL, 10);
        const bool more = dir && follow_link(at, dir);
        free(parent);
        free(dir);
        if (!more)
            break;
    }
    return fd;
}

/* Refuses a final name that a rename could not, or should not, replace. */
static int check_target(const char *path, struct trtc_err *err)
{
    const char *name = path + base_of(path);
    struct stat st;

    if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return trtc_fail(err, TRTC_EX_CANTCREAT, "'%s' is not the name of a file", path);
    if (stat(path, &st)) {
        /* ELOOP: a link onto itself, which the rename replaces like any other */
        if (errno == ENOENT || errno == ELOOP)
            return 0;
        return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot create '%s'", path);
    }
    if (S_ISREG(st.st_mode) && trtc_path_descriptor(path) >= 0) /* the link must stay */
        return trtc_fail(err, TRTC_EX_CANTCREAT,
                         "cannot create '%s': it is an open descriptor, not a name", path);
    if (!S_ISREG(st.st_mode))
        return trtc_fail(err, TRTC_EX_CANTCREAT, "cannot create '%s': %s is there already", path,
                         S_ISDIR(st.st_mode) ? "a directory" : "something not a regular file");
    return 0;
}

static int fail_temp(const struct trtc_file *f, int errnum, const char *what, struct trtc_err *err)
{
    return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "cannot %s '%s'", what, f->temp);
}

/* Opens the temporary file, whether new or left by an earlier run (*fresh), without following a
 * link and without waiting for the other end of a FIFO. f->fd stays -1 if another attempt is
 * needed. */
static int open_temp(struct trtc_file *f, bool *fresh, struct trtc_err *err)
{
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK;

    f->fd = open(f->temp, flags | O_CREAT | O_EXCL, 0666);
    *fresh = f->fd >= 0;
    if (f->fd < 0 && errno == EEXIST) {
        f->fd = open(f->temp, flags);
        if (f->fd < 0 && errno == ENOENT)
            return 0; /* removed between the two calls */
    }
    if (f->fd >= 0)
        return 0;
    if (errno == ELOOP)
        return trtc_fail(err, TRTC_EX_CANTCREAT,
                         "temporary file '%s' is a symbolic link: remove it", f->temp);
    const int errnum = errno;
    struct stat st;
    if (errnum == ENAMETOOLONG || lstat(f->temp, &st) == 0) /* only the temporary name is wrong */
        return fail_temp(f, errnum, "create", err);
    return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "cannot create '%s'", f->path);
}

/* Results of lock_temp and take_temp besides 0 (it is ours) and -1. */
enum { GONE = 1, HELD = 2 };

int trtc_flock(int fd)
{
    int ret;

    do
        ret = flock(fd, LOCK_EX | LOCK_NB);
    while (ret && errno == EINTR);
    return ret;
}

/* Whether the kernel lists the process as the holder. Devices are not compared, since some file
 * systems show others there. */
static bool is_listed(long pid, uint64_t inode)
{
    char line[256];
    FILE *locks = fopen("/proc/locks", "re");
    bool found = false;
    long is;
    uint64_t of;

    while (locks && !found && fgets(line, sizeof line, locks))
        found = sscanf(line, "%*s FLOCK %*s WRITE %ld %*[^:]:%*[^:]:%" SCNu64, &is, &of) == 2 &&
                is == pid && of == inode;
    if (locks)
        fclose(locks);
    return found;
}

pid_t trtc_flock_holder(int fd)
{
    char text[24] = "";
    struct stat st;
    const bool read = pread(fd, text, sizeof text - 1, 0) > 0 && !fstat(fd, &st);
    const long pid = read ? strtol(text, NULL, 10) : 0;

    return pid > 1 && is_listed(pid, st.st_ino) ? (pid_t)pid : 0;
}

/* Locks what open_temp() opened. GONE: another run has renamed or removed it meanwhile (it is
 * closed; try again). HELD: another run has it. */
static int lock_temp(struct trtc_file *f, bool fresh, struct trtc_err *err)
{
    struct stat have, named;

    if (fstat(f->fd, &have))
        return fail_temp(f, errno, "examine", err);
    if (!S_ISREG(have.st_mode) || (!fresh && have.st_uid != geteuid()))
        return trtc_fail(err, TRTC_EX_CANTCREAT, "temporary file '%s' is not ours: remove it",
                         f->temp);
    if (trtc_flock(f->fd)) {
        if (errno == EWOULDBLOCK)
            return HELD;
        /* A file system without locks: a file that this run created is safe to use, but an existing
         * one may be in use. */
        if (!fresh)
            return fail_temp(f, errno, "lock", err);
    }
    if (lstat(f->temp, &named) || named.st_dev != have.st_dev || named.st_ino != have.st_ino) {
        close(f->fd);
        f->fd = -1;
        return GONE;
    }
    if (named.st_nlink != 1)
        return trtc_fail(err, TRTC_EX_CANTCREAT, "temporary file '%s' has other names: remove it",
                         f->temp);
    return 0;
}

/* Gets the temporary file: open, locked, ours, empty; or HELD. */
static int take_temp(struct trtc_file *f, struct trtc_err *err)
{
    for (int i = 0; i < LOCK_TRIES; i++) {
        bool fresh;
        int got;

        if (open_temp(f, &fresh, err))
            return -1;
        if (f->fd < 0)
            continue;
        got = lock_temp(f, fresh, err);
        if (got == GONE)
            continue;
        if (got)
            return got;
        while (ftruncate(f->fd, 0))
            if (errno != EINTR) {
                const int errnum = errno;
                unlink(f->temp);
                return fail_temp(f, errnum, "empty", err);
            }
        return 0;
    }
    return HELD;
}

static void file_free(struct trtc_file **f)
{
    if ((*f)->fd >= 0)
        close((*f)->fd);
    free((*f)->path);
    free((*f)->temp);
    free(*f);
    *f = NULL;
}

static struct trtc_file *file_new(const char *path)
{
    struct trtc_file *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->fd = -1;
    f->path = strdup(path);
    f->temp = temp_name(path);
    if (!f->path || !f->temp)
        file_free(&f);
    return f;
}

struct trtc_file *trtc_file_claim(const char *path, bool *held, struct trtc_err *err)
{
    struct trtc_file *f;
    int got;

    *held = false;
    if (check_target(path, err))
        return NULL;
    f = file_new(path);
    if (!f) {
        trtc_fail_nomem(err);
        return NULL;
    }
    got = take_temp(f, err);
    *held = got == HELD;
    if (*held)
        trtc_fail(err, TRTC_EX_TEMPFAIL, "'%s' is being written by another process", path);
    if (got)
        file_free(&f); /* the temporary file stays, since it belongs to someone else */
    return f;
}

struct trtc_file *trtc_file_create(const char *path, struct trtc_err *err)
{
    bool held;

    return trtc_file_claim(path, &held, err);
}

int trtc_file_adopt(const char *path, struct trtc_file **out, struct trtc_err *err)
{
    struct trtc_file *f = file_new(path);
    struct trtc_err why = { 0 };

    *out = NULL;
    if (!f)
        return trtc_fail_nomem(err);
    f->fd = open(f->temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (f->fd < 0)
        trtc_fail_errno(&why, TRTC_EX_CANTCREAT, errno, "cannot open '%s'", f->temp);
    if (f->fd >= 0 && lock_temp(f, false, &why) == 0) {
        f->adopted = true;
        *out = f;
        return 1;
    }
    file_free(&f);
    return trtc_is_shortage(&why) ? trtc_fail(err, why.code, "%s", why.msg) : 0;
}

bool trtc_file_remove_stale(const char *temp, int64_t *size)
{
    struct trtc_file f = { .path = (char *)temp, .temp = (char *)temp };
    struct stat st;
    bool removed = false;

    f.fd = open(temp, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
    if (f.fd < 0)
        return false;
    if (!lock_temp(&f, false, NULL) && !fstat(f.fd, &st) && !unlink(temp)) {
        *size = st.st_size;
        removed = true;
    }
    if (f.fd >= 0)
        close(f.fd);
    return removed;
}

int trtc_file_fd(const struct trtc_file *f)
{
    return f->fd;
}

const char *trtc_file_path(const struct trtc_file *f)
{
    return f->path;
}

const char *trtc_file_temp_path(const struct trtc_file *f)
{
    return f->temp;
}

int trtc_file_retarget(struct trtc_file *f, const char *path, struct trtc_err *err)
{
    size_t dir = base_of(f->path);
    char *copy;

    if (base_of(path) != dir || memcmp(path, f->path, dir))
        return trtc_fail(err, TRTC_EX_SOFTWARE, "'%s' is not in the directory of '%s'", path,
                         f->path);
    if (check_target(path, err))
        return -1;
    copy = strdup(path);
    if (!copy)
        return trtc_fail_nomem(err);
    free(f->path);
    f->path = copy;
    return 0;
}

int trtc_fsync(int fd)
{
    int ret;

    do
        ret = fsync(fd);
    while (ret && errno == EINTR); /* network file systems */
    return ret;
}

/* Whether an error of fsync only means that this kind of file cannot be synced. */
static bool cannot_sync(int errnum)
{
    return errnum == EINVAL || errnum == ENOTSUP || errnum == ENOSYS || errnum == EROFS;
}

int trtc_sync_dir(int fd)
{
    return trtc_fsync(fd) && !cannot_sync(errno) ? -1 : 0;
}

int trtc_sync_name(const char *path, struct trtc_err *err)
{
    char *dir = dir_of(path);
    int ret = 0;
    int fd;

    if (!dir)
        return trtc_fail_nomem(err);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && trtc_sync_dir(fd) < 0)
        ret = trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot flush directory '%s'", dir);
    if (fd >= 0)
        close(fd); /* a directory cannot be synced at all without permission to read it */
    free(dir);
    return ret;
}

/* Passes what was written to the kernel and, with sync, to the disk. */
static int flush_temp(const struct trtc_file *f, bool sync, struct trtc_err *err)
{
    int copy;

    if (sync && trtc_fsync(f->fd) && !cannot_sync(errno))
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot flush '%s'", f->temp);
    /* Network file systems report late errors on close. f->fd must stay open, since it holds the
     * lock until the rename is done, so a copy is closed instead. */
    copy = fcntl(f->fd, F_DUPFD_CLOEXEC, 0);
    if (copy >= 0 && close(copy) && errno != EINTR)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot close '%s'", f->temp);
    return 0;
}

/* Whether the temporary name still refers to the file of this run. A parked file is not locked, so
 * it must also not have been written to since. */
static bool is_ours(const struct trtc_file *f)
{
    struct stat have = f->was, named;

    if ((f->fd >= 0 && fstat(f->fd, &have)) || lstat(f->temp, &named))
        return false;
    if (have.st_dev != named.st_dev || have.st_ino != named.st_ino)
        return false;
    return f->fd >= 0 ||
           (have.st_size == named.st_size && have.st_mtim.tv_sec == named.st_mtim.tv_sec &&
            have.st_mtim.tv_nsec == named.st_mtim.tv_nsec);
}

int trtc_file_park(struct trtc_file *f, struct trtc_err *err)
{
    int fd = f->fd;

    if (flush_temp(f, true, err))
        return -1;
    if (fstat(fd, &f->was))
        return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot examine '%s'", f->temp);
    f->fd = -1;
    close(fd);
    return 0;
}

int trtc_file_commit(struct trtc_file **f, bool sync, struct trtc_err *err)
{
    int ret = -1;

    if ((*f)->fd < 0 && !is_ours(*f)) {
        trtc_fail(err, TRTC_EX_TEMPFAIL, "'%s' was taken over by another process", (*f)->temp);
        goto abort;
    }
    if ((*f)->fd >= 0 && flush_temp(*f, sync, err))
        goto abort;
    if (rename((*f)->temp, (*f)->path)) {
        trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot rename '%s' to '%s'", (*f)->temp,
                        (*f)->path);
        goto abort;
    }
    ret = sync ? trtc_sync_name((*f)->path, err) : 0;
    file_free(f);
    return ret;
abort:
    if ((*f)->adopted)
        trtc_file_leave(f);
    else
        trtc_file_abort(f);
    return ret;
}

void trtc_file_abort(struct trtc_file **f)
{
    if (!*f)
        return;
    if (is_ours(*f)) /* not a file that someone else has created since */
        unlink((*f)->temp);
    file_free(f);
}

void trtc_file_leave(struct trtc_file **f)
{
    if (*f)
        file_free(f);
}

/* Whether a failed write may be repeated. */
static bool may_retry(int fd, int errnum)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };

    if (errnum == EINTR)
        return true;
    if (errnum != EAGAIN && errnum != EWOULDBLOCK)
        return false;
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

static int fail_write(int errnum, const char *name, struct trtc_err *err)
{
    return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot write '%s'", name);
}

int trtc_write_errno(int fd, const void *data, size_t n)
{
    const unsigned char *p = data;

    while (n > 0) {
        ssize_t k = write(fd, p, n);

        if (k > 0) {
            p += k;
            n -= (size_t)k;
        } else if (k == 0 || !may_retry(fd, errno)) {
            return k == 0 ? EIO : errno;
        }
    }
    return 0;
}

int trtc_write_all(int fd, const void *data, size_t n, const char *name, struct trtc_err *err)
{
    int errnum = trtc_write_errno(fd, data, n);

    return errnum ? fail_write(errnum, name, err) : 0;
}

int trtc_copy_all(int from, const char *from_name, int to, const char *to_name,
                  struct trtc_err *err)
{
    char chunk[1 << 14];
    int64_t at = 0;
    ssize_t n;

    while ((n = pread(from, chunk, sizeof chunk, (off_t)at)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read '%s'", from_name);
        if (trtc_write_all(to, chunk, (size_t)n, to_name, err) < 0)
            return -1;
        at += n;
    }
    return 0;
}

int trtc_pwrite_all(int fd, struct trtc_bytes data, int64_t offset, const char *name,
                    struct trtc_err *err)
{
    const unsigned char *p = data.p;
    size_t n = data.n;

    while (n > 0) {
        ssize_t k = pwrite(fd, p, n, (off_t)offset);

        if (k > 0) {
            p += k;
            n -= (size_t)k;
            offset += k;
        } else if (k == 0 || !may_retry(fd, errno)) {
            return fail_write(k == 0 ? EIO : errno, name, err);
        }
    }
    return 0;
}

ssize_t trtc_read_at(int fd, void *buf, size_t n, int64_t at)
{
    ssize_t got;
    do
        got = pread(fd, buf, n, at);
    while (got < 0 && errno == EINTR);
    return got;
}

int trtc_read_errno(int fd, size_t max, char **text, size_t *n)
{
    size_t cap = 0;
    ssize_t got = 1;
    int errnum = 0;

    *text = NULL;
    for (*n = 0; !errnum && got != 0 && *n <= max; *n += got > 0 ? (size_t)got : 0) {
        if (*n + READ_LEAST > cap && trtc_array_reserve(text, &cap, *n + READ_LEAST, 1) < 0)
            errnum = ENOMEM;
        else if ((got = read(fd, *text + *n, cap - *n - 1)) < 0 && errno != EINTR)
            errnum = errno;
    }
    if (errnum) {
        free(*text);
        *text = NULL;
        return errnum;
    }
    (*text)[*n] = '\0';
    return 0;
}

/* ---- small files of a directory ---- */

/* Makes t->name and t->fd: new, locked, and not swept away before the lock. 0, or errno. */
static int make_temp(int dirfd, struct trtc_temp *t)
{
    struct stat st;

    for (int i = 0; i < TEMP_TRIES; i++, t->number++) {
        snprintf(t->name, sizeof t->name, "%s%ld-%" PRIu64 "%s", t->prefix, (long)getpid(),
                 t->number, t->suffix);
        t->fd = openat(dirfd, t->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (t->fd < 0 && errno == EEXIST)
            continue;
        if (t->fd < 0)
            return errno;
        if ((trtc_flock(t->fd) == 0 || errno != EWOULDBLOCK) && fstat(t->fd, &st) == 0 &&
            st.st_nlink == 1)
            return 0;
        close(t->fd);
    }
    return EEXIST;
}

int trtc_temp_write(int dirfd, struct trtc_temp *t, struct trtc_bytes data)
{
    int errnum = make_temp(dirfd, t);

    if (errnum)
        return errnum;
    errnum = trtc_write_errno(t->fd, data.p, data.n);
    if (!errnum && fchmod(t->fd, 0600) < 0) /* the umask may have removed permissions */
        errnum = errno;
    if (!errnum && trtc_fsync(t->fd) < 0 && !cannot_sync(errno))
        errnum = errno;
    if (errnum) {
        unlinkat(dirfd, t->name, 0);
        close(t->fd);
    }
    return errnum;
}

void trtc_temp_sweep(int dirfd, const char *name)
{
    const int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

    if (fd < 0)
        return;
    if (trtc_flock(fd) == 0)
        unlinkat(dirfd, name, 0);
    close(fd);
}

/* ---- directories ---- */

static bool is_dir(const char *path)
{
    struct stat st;

    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

int trtc_mkdirs(const char *path, struct trtc_err *err)
{
    char *copy;
    char *p;
    int ret = -1;

    if (is_dir(path))
        return 0;
    copy = strdup(path);
    if (!copy)
        return trtc_fail_nomem(err);
    p = copy + strspn(copy, "/");
    do {
        char cut;

        p += strcspn(p, "/");
        cut = *p;
        *p = '\0';
        /* an existing directory is fine whatever error mkdir reports (EROFS, EACCES) */
        const int errnum = mkdir(copy, 0777) < 0 ? errno : 0;
        if (errnum && errnum != EEXIST && !is_dir(copy)) {
            trtc_fail_errno(err, TRTC_EX_CANTCREAT, errnum, "cannot create directory '%s'", copy);
            goto done;
        }
        *p = cut;
        p += strspn(p, "/");
    } while (*p);
    if (!is_dir(path)) {
        trtc_fail(err, TRTC_EX_CANTCREAT, "cannot create directory '%s': not a directory", path);
        goto done;
    }
    ret = 0;
done:
    free(copy);
    return ret;
}
