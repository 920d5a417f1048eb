/* SPDX-License-Identifier: MIT */
/* Opens files whose names come from others. If possible the kernel resolves the name beneath the
 * directory (openat2, Linux 5.6); otherwise the name is resolved here and every link is refused. */
#define _GNU_SOURCE
#include "base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/syscall.h>
#endif
#if defined(__linux__) && defined(SYS_openat2)
#include <linux/openat2.h>
#endif

#include "base/file.h"

enum { AGAIN_TRIES = 16 };
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

/* Whether a name is absolute or contains "..". */
static bool points_outside(const char *name)
{
    if (*name == '/')
        return true;
    for (const char *s = name; s; s = strchr(s, '/')) {
        s += *s == '/';
        if (strcspn(s, "/") == 2 && s[0] == '.' && s[1] == '.')
            return true;
    }
    return false;
}

static void close_kept(int fd)
{
    int saved = errno;
    close(fd);
    errno = saved;
}

static bool is_link(int dirfd, const char *name)
{
    struct stat st;
    int saved = errno;
    bool link = fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
    errno = saved;
    return link;
}

/* Opens a name component by component, without links. */
static int open_walking(int dirfd, const char *name)
{
    char part[256];
    int at = dirfd;
    for (const char *s = name;;) {
        size_t n = strcspn(s, "/");
        bool last = s[n] == '\0';
        int fd = -1;
        errno = n == 0 ? ENOENT : ENAMETOOLONG;
        if (n > 0 && n < sizeof part) {
            memcpy(part, s, n);
            part[n] = '\0';
            int tries = AGAIN_TRIES;
            do
                fd = openat(at, part, OPEN_FLAGS | O_NOFOLLOW | (last ? 0 : O_DIRECTORY));
            while (fd < 0 && errno == EINTR && tries-- > 0);
            if (fd < 0 && is_link(at, part))
                errno = EXDEV;
        }
        if (at != dirfd)
            close_kept(at);
        s += n + strspn(s + n, "/");
        if (fd < 0 || last || *s == '\0')
            return fd;
        at = fd;
    }
}

static int open_resolving(int dirfd, const char *name)
{
#if defined(__linux__) && defined(SYS_openat2)
    int tries = AGAIN_TRIES;
    struct open_how how = { .flags = OPEN_FLAGS,
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
    long fd;
    do /* EAGAIN: something was renamed meanwhile; openat2(2) asks for another attempt */
        fd = syscall(SYS_openat2, dirfd, name, &how, sizeof how);
    while (fd < 0 && (errno == EINTR || errno == EAGAIN) && tries-- > 0);
    if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
        return (int)fd;
#endif
    return open_walking(dirfd, name);
}

static const char leads_out[] = "leads out of its directory";

bool trtc_is_denied(const struct trtc_err *err)
{
    return err->errnum == EACCES || err->errnum == EPERM;
}

static int fail_open(int errnum, struct trtc_err *err)
{
    if (errnum == EXDEV || errnum == ELOOP)
        return trtc_fail(err, TRTC_EX_NOPERM, leads_out);
    if (errnum == ENOENT || errnum == ENOTDIR || errnum == ENAMETOOLONG || errnum == EINVAL)
        return trtc_fail(err, TRTC_EX_NOINPUT, "missing");
    if (errnum == ENXIO)
        return trtc_fail(err, TRTC_EX_DATAERR, "not a regular file");
    bool refused = errnum == EACCES || errnum == EPERM;
    return trtc_fail_errno(err, refused ? TRTC_EX_NOINPUT : TRTC_EX_IOERR, errnum,
                           "cannot be read");
}

int trtc_open_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err)
{
    if (points_outside(name))
        return trtc_fail(err, TRTC_EX_NOPERM, leads_out);
    int fd = open_resolving(dirfd, name);
    if (fd < 0)
        return fail_open(errno, err);
    struct stat st;
    if (fstat(fd, &st) < 0) {
        close_kept(fd);
        return fail_open(errno, err);
    }
    if (!S_ISREG(st.st_mode)) {
        close(fd);
        return trtc_fail(err, TRTC_EX_DATAERR, "not a regular file");
    }
    if (size_bytes)
        *size_bytes = st.st_size;
    return fd;
}

int trtc_stat_beneath(int dirfd, const char *name, int64_t *size_bytes, struct trtc_err *err)
{
    struct stat st;
    if (!strchr(name, '/') && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(st.st_mode) && faccessat(dirfd, name, R_OK, 0) == 0) {
        *size_bytes = st.st_size;
        return 0;
    }
    int fd = trtc_open_beneath(dirfd, name, size_bytes, err);
    if (fd < 0)
        return -1;
    close(fd);
    return 0;
}

int64_t trtc_read_beneath(int dirfd, const char *name, int64_t max, char **text,
                          struct trtc_err *err)
{
    int64_t size = 0;
    size_t n;
    const int fd = trtc_open_beneath(dirfd, name, &size, err);
    *text = NULL;
    if (fd < 0)
        return -1;
    const int errnum = size > max ? 0 : trtc_read_errno(fd, (size_t)max, text, &n);
    close(fd);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot be read");
    if (*text && n <= (size_t)max)
        return (int64_t)n;
    free(*text);
    *text = NULL;
    return trtc_fail(err, TRTC_EX_DATAERR, "larger than %lld bytes", (long long)max);
}
