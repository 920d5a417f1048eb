/* SPDX-License-Identifier: MIT */
/* The report of a program: where it goes. */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli.h"

int report_check(const char *path)
{
    static const char *const made[] = { ".mp4", ".m4a", ".aac", ".mkv", ".png" };
    bool is_media = path && cli_is_recorded(path);
    for (size_t i = 0; path && i < sizeof made / sizeof *made; i++)
        is_media |= trtc_ends_like(path, strlen(path), made[i]);
    return is_media ? cli_usage("--report: '%s' is named like media: the report needs another "
                                "name, such as report.json",
                                path)
                    : 0;
}

bool report_is_stdout(const char *path)
{
    return path && (strcmp(path, "-") == 0 || trtc_path_descriptor(path) == STDOUT_FILENO);
}

/* Whether it is neither a regular file nor a directory, nor free. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

/* Returns a second descriptor of what this one writes, or -1 with errno. */
static int own_copy(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_ACCMODE) == O_RDONLY)
        errno = EBADF;
    return flags < 0 || (flags & O_ACCMODE) == O_RDONLY ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

int report_open(struct report *r, const char *path, struct trtc_err *err)
{
    *r = (struct report){ .path = path };
    if (!path || strcmp(path, "-") == 0)
        return 0;
    const int own = trtc_path_descriptor(path);
    if (own < 0 && !is_special(path)) {
        r->file = trtc_file_create(path, err);
        return r->file ? 0 : -1;
    }
    r->fd = own >= 0 ? own_copy(own) : open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (r->fd >= 0)
        return 0;
    r->fd = 0;
    return trtc_fail_errno(err, TRTC_EX_CANTCREAT, errno, "cannot open '%s'", path);
}

int report_write(struct report *r, const char *text, struct trtc_err *err)
{
    if (strcmp(r->path, "-") == 0) {
        puts(text);
        return 0;
    }
    fflush(stdout); /* it may be the same file; cli_finish reports a failure */
    const int fd = r->file ? trtc_file_fd(r->file) : r->fd;
    if (trtc_write_all(fd, text, strlen(text), r->path, err) < 0 ||
        trtc_write_all(fd, "\n", 1, r->path, err) < 0)
        return -1;
    if (r->file)
        return trtc_file_commit(&r->file, true, err);
    r->fd = 0;
    return close(fd) == 0 || errno == EINTR
               ? 0
               : trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot write '%s'", r->path);
}

void report_abort(struct report *r)
{
    trtc_file_abort(&r->file);
    if (r->fd > 0)
        close(r->fd);
    r->fd = 0;
}
