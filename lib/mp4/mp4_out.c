/* SPDX-License-Identifier: MIT */
/* MP4 writer: buffered output, and making room in front of what was written. */
#define _GNU_SOURCE /* fallocate */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "mp4/mp4_priv.h"

void trtc_mp4_flush(struct trtc_mp4_out *o)
{
    if (o->used > 0 && !o->failed)
        o->failed = trtc_pwrite_all(o->fd, o->buf, o->used, o->pos, o->name, &o->err) != 0;
    o->pos += (int64_t)o->used;
    o->used = 0;
}

/* Whole buffers go out directly: a large sample is not copied but for its ends. */
static size_t put_large(struct trtc_mp4_out *o, const uint8_t *p, size_t n)
{
    size_t direct = n - n % TRTC_MP4_BUF_BYTES;

    if (direct > 0 && !o->failed)
        o->failed = trtc_pwrite_all(o->fd, p, direct, o->pos, o->name, &o->err) != 0;
    o->pos += (int64_t)direct;
    return direct;
}

void trtc_mp4_put(struct trtc_mp4_out *o, const void *data, size_t n)
{
    const uint8_t *p = data;
    size_t room = TRTC_MP4_BUF_BYTES - o->used;

    if (!o->buf) {
        o->pos += (int64_t)n;
        return;
    }
    if (n >= room) {
        memcpy(o->buf + o->used, p, room);
        o->used += room;
        trtc_mp4_flush(o);
        p += room;
        n -= room;
        room = put_large(o, p, n);
        p += room;
        n -= room;
    }
    memcpy(o->buf + o->used, p, n);
    o->used += n;
}

void trtc_mp4_put_be(struct trtc_mp4_out *o, uint64_t v, int nb_bytes)
{
    uint8_t b[8];

    trtc_mp4_be(b, v, nb_bytes);
    trtc_mp4_put(o, b, (size_t)nb_bytes);
}

void trtc_mp4_put_zeros(struct trtc_mp4_out *o, size_t n)
{
    static const uint8_t zeros[64];

    for (; n > sizeof(zeros); n -= sizeof(zeros))
        trtc_mp4_put(o, zeros, sizeof(zeros));
    trtc_mp4_put(o, zeros, n);
}

static int read_all(int fd, uint8_t *p, size_t n, int64_t offset, const char *name,
                    struct trtc_err *err)
{
    while (n > 0) {
        ssize_t k = pread(fd, p, n, (off_t)offset);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read back '%s'", name);
        if (k == 0)
            return trtc_fail(err, TRTC_EX_IOERR, "'%s' became shorter while it was written", name);
        p += k;
        n -= (size_t)k;
        offset += k;
    }
    return 0;
}

int trtc_mp4_move_up(int fd, int64_t start, int64_t end, int64_t shift, uint8_t *buf,
                     size_t buf_size, const char *name, struct trtc_err *err)
{
    while (end > start) {
        size_t n = end - start < (int64_t)buf_size ? (size_t)(end - start) : buf_size;

        end -= (int64_t)n;
        if (read_all(fd, buf, n, end, name, err) ||
            trtc_pwrite_all(fd, buf, n, end + shift, name, err))
            return -1;
    }
    return 0;
}

int trtc_mp4_move_down(int fd, int64_t start, int64_t end, int64_t shift, uint8_t *buf,
                       size_t buf_size, const char *name, struct trtc_err *err)
{
    int ret;

    for (int64_t at = start; at < end; at += (int64_t)buf_size) {
        size_t n = end - at < (int64_t)buf_size ? (size_t)(end - at) : buf_size;

        if (read_all(fd, buf, n, at, name, err) ||
            trtc_pwrite_all(fd, buf, n, at - shift, name, err))
            return -1;
    }
    do
        ret = ftruncate(fd, (off_t)(end - shift));
    while (ret && errno == EINTR);
    return ret ? trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot shorten '%s'", name) : 0;
}

int trtc_mp4_insert_range(int fd, int64_t shift, const char *name, struct trtc_err *err)
{
#ifdef FALLOC_FL_INSERT_RANGE
    struct stat st, after;
    int errnum;

    if (fstat(fd, &st) || st.st_blksize <= 0 || shift % st.st_blksize != 0)
        return 0;
    if (!fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, (off_t)shift))
        return 1;
    errnum = errno;
    /* The size changes first: where it has not, nothing has. */
    if (!fstat(fd, &after) && after.st_size == st.st_size)
        return 0;
    return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot make room in '%s'", name);
#else
    (void)fd, (void)shift, (void)name, (void)err;
    return 0;
#endif
}
