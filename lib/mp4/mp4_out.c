/* SPDX-License-Identifier: MIT */
/* MP4 writer: buffered output, and making room in front of what was already written. */
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
        o->failed = trtc_pwrite_all(o->fd, (struct trtc_bytes){ o->buf, o->used }, o->pos, o->name,
                                    &o->err) != 0;
    o->pos += (int64_t)o->used;
    o->used = 0;
}

/* Writes whole buffers directly, so that only the ends of a large sample are copied. */
static size_t put_large(struct trtc_mp4_out *o, const uint8_t *p, size_t n)
{
    size_t direct = n - n % TRTC_MP4_BUF_BYTES;

    if (direct > 0 && !o->failed)
        o->failed =
            trtc_pwrite_all(o->fd, (struct trtc_bytes){ p, direct }, o->pos, o->name, &o->err) != 0;
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

/* Reads n bytes at offset into the buffer of the move. */
static int read_all(const struct trtc_mp4_move *m, size_t n, int64_t offset, struct trtc_err *err)
{
    uint8_t *p = m->buf;
    while (n > 0) {
        const ssize_t k = trtc_read_at(m->fd, p, n, offset);

        if (k < 0)
            return trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot read back '%s'", m->name);
        if (k == 0)
            return trtc_fail(err, TRTC_EX_IOERR, "'%s' became shorter while it was written",
                             m->name);
        p += k;
        n -= (size_t)k;
        offset += k;
    }
    return 0;
}

static int move(const struct trtc_mp4_move *m, size_t n, int64_t from, int64_t to,
                struct trtc_err *err)
{
    return read_all(m, n, from, err) < 0
               ? -1
               : trtc_pwrite_all(m->fd, (struct trtc_bytes){ m->buf, n }, to, m->name, err);
}

int trtc_mp4_move_up(const struct trtc_mp4_move *m, struct trtc_err *err)
{
    for (int64_t end = m->end; end > m->start;) {
        size_t n = end - m->start < (int64_t)m->buf_size ? (size_t)(end - m->start) : m->buf_size;

        end -= (int64_t)n;
        if (move(m, n, end, end + m->shift, err) < 0)
            return -1;
    }
    return 0;
}

int trtc_mp4_move_down(const struct trtc_mp4_move *m, struct trtc_err *err)
{
    int ret;

    for (int64_t at = m->start; at < m->end; at += (int64_t)m->buf_size) {
        size_t n = m->end - at < (int64_t)m->buf_size ? (size_t)(m->end - at) : m->buf_size;

        if (move(m, n, at, at - m->shift, err) < 0)
            return -1;
    }
    do
        ret = ftruncate(m->fd, (off_t)(m->end - m->shift));
    while (ret && errno == EINTR);
    return ret ? trtc_fail_errno(err, TRTC_EX_IOERR, errno, "cannot shorten '%s'", m->name) : 0;
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
    /* the size changes first: if it is the same, nothing has changed */
    if (!fstat(fd, &after) && after.st_size == st.st_size)
        return 0;
    return trtc_fail_errno(err, TRTC_EX_IOERR, errnum, "cannot make room in '%s'", name);
#else
    (void)fd, (void)shift, (void)name, (void)err;
    return 0;
#endif
}
