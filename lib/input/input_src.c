/* SPDX-License-Identifier: MIT */
/* Bytes of a file, a pipe, standard input or another machine, which a signal or another thread can
 * end. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "input/input_priv.h"
#include "ts/ts.h"

enum { POLL_MS = 100, SYNC = 0x47, SYNC_SURE = 5, HOLE_MAX = 64 << 20 };

static bool stopped(const struct trtc_input_src *s)
{
    return trtc_is_stopped(s->stop);
}

int trtc_input_src_open(struct trtc_input_src *s, const char *path,
                        const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    const bool std = strcmp(path, "-") == 0;
    struct stat st;

    *s = (struct trtc_input_src){ .fd = STDIN_FILENO, .own = !std, .stop = stop };
    if (!std) {
        do /* a FIFO opens without a writer, which is then waited for together with stop */
            s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        while (s->fd < 0 && errno == EINTR && !stopped(s));
    }
    if (s->fd < 0 || fstat(s->fd, &st) < 0)
        return trtc_fail_errno(err, TRTC_EX_NOINPUT, errno, "%s", std ? "standard input" : path);
    if (S_ISDIR(st.st_mode))
        return trtc_fail(err, TRTC_EX_NOINPUT, "%s: it is a directory: give a file in it",
                         std ? "standard input" : path);
    if (S_ISREG(st.st_mode)) {
        s->base = lseek(s->fd, 0, SEEK_CUR);
        s->seekable = s->base >= 0;
    }
    return 0;
}

int trtc_input_src_fetch(struct trtc_input_src *s, const char *url,
                         const struct trtc_remote *remote, const char *name, struct trtc_err *err)
{
    *s = (struct trtc_input_src){ .fd = -1, .stop = s->stop, .remote = remote };
    s->body = remote->open(remote, url, s->stop, &s->why);
    if (!s->body)
        return trtc_fail(err, s->why.code, "%s: %s", name, s->why.msg);
    s->seekable = remote->size(s->body) >= 0;
    return 0;
}

void trtc_input_src_close(struct trtc_input_src *s)
{
    if (s->own && s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (s->body)
        s->remote->close(s->body);
    s->body = NULL;
}

/* Waits for bytes. Returns false if stop was set. A signal just before a read would not interrupt
 * it, hence the poll with a limit. */
static bool wait_for_bytes(const struct trtc_input_src *s)
{
    if (s->seekable)
        return !stopped(s);
    while (!stopped(s)) {
        struct pollfd p = { .fd = s->fd, .events = POLLIN };
        const int n = poll(&p, 1, POLL_MS);
        if (n > 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
            return true; /* if no bytes came, read returns the end or the error */
    }
    return false;
}

static ssize_t read_fd(struct trtc_input_src *s, uint8_t *p, size_t n)
{
    while (wait_for_bytes(s)) {
        const ssize_t got = read(s->fd, p, n);
        if (got >= 0)
            return got;
        if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK)
            continue;
        s->errnum = errno;
        return -1;
    }
    return 0;
}

/* Nothing is read behind a failure: what comes would have a hole that nobody sees. */
static ssize_t read_on(struct trtc_input_src *s, uint8_t *p, size_t n)
{
    if (s->errnum)
        return -1;
    if (!s->body)
        return read_fd(s, p, n);
    const ssize_t got = s->remote->read(s->body, p, n, &s->why);
    if (got < 0)
        s->errnum = EIO;
    return got;
}

ssize_t trtc_input_src_read(struct trtc_input_src *s, uint8_t *p, size_t n)
{
    if (s->head_at < s->nb_head) {
        if (n > s->nb_head - s->head_at)
            n = s->nb_head - s->head_at;
        memcpy(p, s->head + s->head_at, n);
        s->head_at += n;
        return (ssize_t)n;
    }
    return read_on(s, p, n);
}

/* Seeks in a fetched file; libavformat uses offsets from the beginning only. */
static int64_t seek_remote(struct trtc_input_src *s, int64_t to, int whence, bool size)
{
    const int64_t all = s->remote->size(s->body);

    if (size)
        return all;
    if (whence != SEEK_SET || to < 0 || to > all)
        return -1;
    s->head_at = s->nb_head;
    s->remote->seek(s->body, to);
    return to;
}

/* A position that no file has is a fault of the container; anything else is one of the machine.
 * Returns -1. */
static int64_t seek_failed(struct trtc_input_src *s)
{
    if (errno != EINVAL && errno != EOVERFLOW)
        s->errnum = errno;
    return -1;
}

int64_t trtc_input_src_seek(struct trtc_input_src *s, int64_t to, int whence, bool size)
{
    struct stat st;

    if (s->body)
        return seek_remote(s, to, whence, size);
    if (size && fstat(s->fd, &st) < 0)
        return seek_failed(s);
    if (size)
        return (int64_t)(st.st_size - s->base);
    if (whence == SEEK_CUR)
        to -= (int64_t)(s->nb_head - s->head_at); /* the descriptor is after these bytes */
    if (whence == SEEK_SET)
        to += s->base;
    const off_t at = lseek(s->fd, (off_t)to, whence);
    if (at < 0)
        return seek_failed(s);
    s->head_at = s->nb_head;
    return at - s->base;
}

/* Returns the number of sync bytes, a packet apart, from at on. *last: up to the last byte. */
static int syncs(const uint8_t *p, size_t n, size_t at, size_t stride, bool *last)
{
    int nb = 0;

    for (; at < n && p[at] == SYNC; at += stride)
        nb++;
    *last = at >= n;
    return nb;
}

/* A recording may begin in the middle of a packet, or with bytes that a tool has put there, and the
 * packets that follow its first ones may be damaged. Few bytes must be a stream from the first one
 * on. */
static bool has_packets(const uint8_t *p, size_t n, size_t stride, bool all)
{
    const size_t lead = stride == 192 ? 4 : 0;
    bool last;

    for (size_t at = 0; at < n; at++)
        if (syncs(p, n, at, stride, &last) >= SYNC_SURE && (last || at == lead))
            return true;
    return all && n > TRTC_TS_PACKET && syncs(p, n, lead, stride, &last) > 1 && last;
}

/* Whether it is a dump of RTP, with any number of packets after each header. */
static bool has_rtp(const uint8_t *p, size_t n)
{
    const size_t next = trtc_ts_rtp_header(p, n) + TRTC_TS_PACKET;

    return next > TRTC_TS_PACKET && next < n &&
           (p[next] == SYNC || trtc_ts_rtp_header(p + next, n - next) > 0);
}

static bool looks_like_ts(const uint8_t *p, size_t n, bool all)
{
    static const size_t strides[] = { TRTC_TS_PACKET, 192, 204, 208 };

    for (size_t i = 0; i < sizeof strides / sizeof *strides; i++)
        if (has_packets(p, n, strides[i], all))
            return true;
    return has_rtp(p, n);
}

/* Reads at a position of the file, whether or not the descriptor is there. */
static ssize_t read_at(struct trtc_input_src *s, uint8_t *p, size_t n, off_t at)
{
    const ssize_t got = pread(s->fd, p, n, at);

    if (got < 0)
        s->errnum = errno;
    return got;
}

/* Whether a transport stream is behind zeros at the beginning of the file, which an unfinished
 * download leaves there. */
static bool has_ts_behind_hole(struct trtc_input_src *s)
{
    uint8_t p[TRTC_INPUT_SNIFF_BYTES];
    ssize_t got = (ssize_t)s->nb_head;
    off_t at = s->base;

    if (s->fd < 0 || !s->seekable || !trtc_are_all(s->head, s->nb_head, 0))
        return false;
    do
        at += got;
    while ((got = read_at(s, p, sizeof p, at)) > 0 && at < HOLE_MAX &&
           trtc_are_all(p, (size_t)got, 0));
    for (ssize_t i = 0; i < got; i++) /* the first byte that is there */
        if (p[i]) {
            got = read_at(s, p, sizeof p, at + i);
            return got > 0 && looks_like_ts(p, (size_t)got, (size_t)got < sizeof p);
        }
    return false;
}

bool trtc_input_src_is_ts(struct trtc_input_src *s)
{
    while (s->nb_head < sizeof s->head) {
        const ssize_t got = read_on(s, s->head + s->nb_head, sizeof s->head - s->nb_head);
        if (got <= 0)
            break;
        s->nb_head += (size_t)got;
        if (looks_like_ts(s->head, s->nb_head, false))
            return true;
    }
    return looks_like_ts(s->head, s->nb_head, s->nb_head < sizeof s->head) || has_ts_behind_hole(s);
}

bool trtc_input_src_is_list(const struct trtc_input_src *s)
{
    static const char hls[] = "#EXTM3U", dash[] = "<MPD";
    const uint8_t *const end = s->head + s->nb_head;

    if (s->nb_head >= sizeof hls - 1 && memcmp(s->head, hls, sizeof hls - 1) == 0)
        return true;
    for (const uint8_t *p = s->head; end - p >= (int)sizeof dash - 1; p++)
        if (memcmp(p, dash, sizeof dash - 1) == 0)
            return s->head[0] == '<' || s->head[0] == 0xef; /* XML, with a byte order mark or not */
    return false;
}

int trtc_input_fail_read(const struct trtc_input_src *src, const char *name, struct trtc_err *err)
{
    if (src->body)
        return trtc_fail(err, src->why.code, "%s: %s", name, src->why.msg);
    const bool broken = src->errnum == ECONNRESET || src->errnum == ETIMEDOUT ||
                        src->errnum == ENOTCONN || src->errnum == EPIPE;

    return trtc_fail_errno(err, broken ? TRTC_EX_TEMPFAIL : TRTC_EX_IOERR, src->errnum, "%s", name);
}
