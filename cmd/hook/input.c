/* SPDX-License-Identifier: MIT */
/* Whole inputs. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_ROOM = 64 << 10, INPUT_MAX = 256 << 20 };

int hook_read_fd(int fd, const char *name, char **text, size_t *n, struct trtc_err *err)
{
    size_t room = 0;
    ssize_t k = 1;
    *text = NULL;
    for (*n = 0; k > 0;) {
        if (*n + 1 >= room) {
            room = room ? 2 * room : FIRST_ROOM;
            if (room > INPUT_MAX)
                return trtc_fail(err, TRTC_EX_DATAERR, "%s: over %d MiB", name, INPUT_MAX >> 20);
            char *more = realloc(*text, room);
            if (!more)
                return trtc_fail_nomem(err);
            *text = more;
        }
        k = read(fd, *text + *n, room - *n - 1);
        if (k < 0 && errno != EINTR)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read %s", name);
        *n += k > 0 ? (size_t)k : 0;
        k = k < 0 ? 1 : k;
    }
    (*text)[*n] = '\0';
    return 0;
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
