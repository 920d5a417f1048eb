/* SPDX-License-Identifier: MIT */
/* Reads whole inputs. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

enum { INPUT_MAX = 256 << 20 };

int hook_read_fd(int fd, const char *name, char **text, size_t *n, struct trtc_err *err)
{
    const int errnum = trtc_read_errno(fd, INPUT_MAX, text, n);
    if (errnum)
        return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot read %s", name);
    if (*n <= INPUT_MAX)
        return 0;
    free(*text);
    *text = NULL;
    return trtc_fail(err, TRTC_EX_DATAERR, "%s: over %d MiB", name, INPUT_MAX >> 20);
}

int hook_read_file(const char *path, char **text, size_t *n, struct trtc_err *err)
{
    *text = NULL;
    if (strcmp(path, "-") == 0)
        return hook_read_fd(STDIN_FILENO, "standard input", text, n, err);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "cannot read '%s'", path);
    const int ret = hook_read_fd(fd, path, text, n, err);
    close(fd);
    return ret;
}
