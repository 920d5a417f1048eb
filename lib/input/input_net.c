/* SPDX-License-Identifier: MIT */
/* Reads bytes from TCP, SRT, UDP, RTP and local sockets, through libavformat's protocols. Only here it
 * is known how such a connection ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utc.h"
#include "codec/av.h"
#include "container/avformat.h"
#include "input/input_priv.h"

/* An SRT connection breaks 5 s after its peer has disappeared (SRTO_PEERIDLETIMEO). If the peer
 * closes it, it breaks at once, with the same error. */
#define PEER_GONE_US 4500000

/* The end of an RTP stream comes through a socket of its own, which is read first. */
#define BYE_US 500000

#define DATAGRAM_MAX 65536

struct body {
    AVIOContext *pb;
    const volatile sig_atomic_t *stop;
    bool is_srt;
    int64_t heard_us;  /* when the last bytes came, on a clock of no meaning */
    uint8_t *datagram; /* NULL: it is not RTP, and what follows is not used */
    struct trtc_input_rtp rtp;
    int result; /* of the read that found the end, or 0 */
};

static bool has_scheme(const char *url, const char *scheme)
{
    const size_t n = strlen(scheme);

    return strncmp(url, scheme, n) == 0 && strncmp(url + n, "://", 3) == 0;
}

static bool takes(const char *url)
{
    static const char *const schemes[] = { "tcp", "tls", "srt", "udp", "rtp", "unix", NULL };

    for (const char *const *s = schemes; *s; s++)
        if (has_scheme(url, *s) || (strcmp(*s, "unix") == 0 && strncmp(url, "unix:", 5) == 0))
            return true;
    return false;
}

static int on_interrupt(void *opaque)
{
    const struct body *b = opaque;

    return trtc_is_stopped(b->stop) || (b->rtp.bye && trtc_mono_us() - b->heard_us > BYE_US);
}

static int fail_open(const struct body *b, int averr, struct trtc_err *err)
{
    char why[AV_ERROR_MAX_STRING_SIZE];

    if (on_interrupt((void *)b))
        return trtc_fail(err, TRTC_EX_DATAERR, "stopped before the stream began");
    av_strerror(averr, why, sizeof why);
    return trtc_fail(err,
                     averr == AVERROR_PROTOCOL_NOT_FOUND ? TRTC_EX_UNAVAILABLE : TRTC_EX_TEMPFAIL,
                     "%s", why);
}

static void close_body(void *self)
{
    struct body *b = self;

    trtc_input_rtp_fini(&b->rtp);
    free(b->datagram);
    avio_closep(&b->pb);
    free(b);
}

static void *open_body(const struct trtc_remote *remote, const char *url,
                       const volatile sig_atomic_t *stop, struct trtc_err *err)
{
    struct body *b = calloc(1, sizeof *b);

    (void)remote;
    if (!b) {
        trtc_fail_nomem(err);
        return NULL;
    }
    if (trtc_avformat_load(err) < 0) {
        free(b);
        return NULL;
    }
    b->stop = stop;
    b->is_srt = has_scheme(url, "srt");
    if (has_scheme(url, "rtp") && !(b->datagram = malloc(DATAGRAM_MAX))) {
        trtc_fail_nomem(err);
        close_body(b);
        return NULL;
    }

    const AVIOInterruptCB interrupt = { on_interrupt, b };
    const int ret = avio_open2(&b->pb, url, AVIO_FLAG_READ, &interrupt, NULL);
    if (ret < 0) {
        fail_open(b, ret, err);
        close_body(b);
        return NULL;
    }
    b->heard_us = trtc_mono_us();
    return b;
}

/* Handles a failed read. Returns 0 if the peer has ended the stream. */
static int ended(const struct body *b, int averr, struct trtc_err *err)
{
    const int64_t silent_us = trtc_mono_us() - b->heard_us;
    char why[AV_ERROR_MAX_STRING_SIZE];

    if (averr == AVERROR_EOF || on_interrupt((void *)b))
        return 0;
    if (b->is_srt && averr == AVERROR(EIO)) {
        if (silent_us < PEER_GONE_US)
            return 0;
        return trtc_fail(err, TRTC_EX_TEMPFAIL,
                         "the connection was lost, after %.1f s without data",
                         (double)silent_us / 1e6);
    }
    av_strerror(averr, why, sizeof why);
    return trtc_fail(err, TRTC_EX_TEMPFAIL, "%s", why);
}

/* Returns 1: there is a current datagram; 0: there is none, and b->result the reason; -1: out of
 * memory. */
static int find_datagram(struct body *b)
{
    while (!trtc_input_rtp_next(&b->rtp, b->result != 0)) {
        if (b->result || b->rtp.other)
            return 0;
        b->heard_us = trtc_mono_us(); /* if the output was slow, datagrams may wait */
        const int got = avio_read_partial(b->pb, b->datagram, DATAGRAM_MAX);
        if (got <= 0)
            b->result = got < 0 ? got : AVERROR_EOF;
        else if (trtc_input_rtp_put(&b->rtp, b->datagram, (size_t)got) < 0)
            return -1;
    }
    return 1;
}

static ssize_t read_rtp(struct body *b, uint8_t *p, size_t n, struct trtc_err *err)
{
    struct trtc_input_rtp *r = &b->rtp;

    if (r->at == r->current.n) {
        const int found = find_datagram(b);
        if (found < 0)
            return trtc_fail_nomem(err);
        if (found == 0)
            return r->other ? 0 : ended(b, b->result, err);
    }
    if (n > r->current.n - r->at)
        n = r->current.n - r->at;
    memcpy(p, r->current.p + r->at, n);
    r->at += n;
    return (ssize_t)n;
}

static ssize_t read_body(void *self, uint8_t *p, size_t n, struct trtc_err *err)
{
    struct body *b = self;

    if (b->datagram)
        return read_rtp(b, p, n, err);
    const int got = avio_read_partial(b->pb, p, n < INT32_MAX ? (int)n : INT32_MAX);

    if (got <= 0)
        return ended(b, got < 0 ? got : AVERROR_EOF, err);
    b->heard_us = trtc_mono_us();
    return got;
}

static int64_t no_size(const void *self)
{
    (void)self;
    return -1;
}

static void no_seek(void *self, int64_t to)
{
    (void)self, (void)to;
}

const struct trtc_remote trtc_input_net = {
    .takes = takes,
    .open = open_body,
    .read = read_body,
    .size = no_size,
    .seek = no_seek,
    .close = close_body,
};
