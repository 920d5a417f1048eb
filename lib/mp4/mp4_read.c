/* SPDX-License-Identifier: MIT */
/* Finds the comment in a finished file: moov, udta, meta, ilst, \251cmt, data (ISO/IEC
 * 14496-12, 4.2; the metadata as QuickTime has it). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "mp4/mp4.h"

enum { BOX_HEADER = 8, META_HEADER = 4, DATA_HEADER = 8, BOXES_MAX = 1000 };

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static ssize_t read_at(int fd, void *p, size_t n, int64_t at)
{
    ssize_t got;
    do
        got = pread(fd, p, n, at);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Looks among the boxes in [*from, *to) for one of a type; the range becomes that of its content. */
static bool enter(int fd, const char *type, int64_t *from, int64_t *to)
{
    int64_t at = *from;
    for (int i = 0; i < BOXES_MAX && at + BOX_HEADER <= *to; i++) {
        uint8_t h[16];
        int64_t header = BOX_HEADER;
        if (read_at(fd, h, sizeof h, at) < BOX_HEADER)
            return false;
        int64_t size = be32(h);
        if (size == 1) {
            size = (int64_t)((uint64_t)be32(h + 8) << 32 | be32(h + 12));
            header = 16;
        }
        if (size < header || size > *to - at)
            return false;
        if (memcmp(h + 4, type, 4) == 0) {
            *from = at + header;
            *to = at + size;
            return true;
        }
        at += size;
    }
    return false;
}

int trtc_mp4_read_comment(const char *path, char *out, size_t size, struct trtc_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", path);
    int64_t from = 0, to = lseek(fd, 0, SEEK_END);
    errno = 0; /* what is not found is no error */
    bool found = enter(fd, "moov", &from, &to) && enter(fd, "udta", &from, &to) &&
                 enter(fd, "meta", &from, &to);
    from += META_HEADER;
    found = found && enter(fd, "ilst", &from, &to) && enter(fd, "\251cmt", &from, &to) &&
            enter(fd, "data", &from, &to);
    from += DATA_HEADER;
    ssize_t got = 0;
    if (found && to >= from)
        got = read_at(fd, out, (size_t)(to - from) < size ? (size_t)(to - from) : size - 1, from);
    out[got > 0 ? got : 0] = '\0';
    const int errnum = errno;
    close(fd);
    return errnum ? trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "%s", path) : 0;
}
