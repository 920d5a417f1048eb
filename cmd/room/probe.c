/* SPDX-License-Identifier: MIT */
/* Finds out how the time stamps of a publisher's streams relate. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */

#include "probe.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/bytes.h"

enum {
    RTP_HEADER = 12,
    REPORT_BYTES = 28,
    REPORT_TYPE = 200,
    ROOM = 1 << 20, /* the socket's buffer: packets are read only a few times a second */
};
#define NTP_S INT64_C(2208988800) /* seconds from 1900 to 1970 (RFC 5905, 6) */

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

int probe_open(struct probe *p, int hz)
{
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    const int one = 1, room = ROOM;
    *p = (struct probe){ .fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
                         .hz = hz };
    if (p->fd < 0 || bind(p->fd, (struct sockaddr *)&a, sizeof a) < 0 ||
        setsockopt(p->fd, SOL_SOCKET, SO_TIMESTAMP, &one, sizeof one) < 0 ||
        getsockname(p->fd, (struct sockaddr *)&a, &n) < 0) {
        probe_close(p);
        return -1;
    }
    setsockopt(p->fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    p->port = ntohs(a.sin_port);
    return 0;
}

void probe_close(struct probe *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static void write32(unsigned char *b, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        b[i] = (unsigned char)(n >> (24 - 8 * i));
}

void probe_take(struct probe *p, const unsigned char *packet, int64_t n, int64_t at_us)
{
    if (n < RTP_HEADER || packet[0] >> 6 != 2)
        return;
    const uint32_t ts = (uint32_t)trtc_be(packet + 4, 4);
    if (!p->any)
        p->first_ts = ts;
    const int64_t us = at_us - (int64_t)(int32_t)(ts - p->first_ts) * 1000000 / p->hz;
    if (!p->any || us < p->least_us)
        p->least_us = us;
    p->any = true;
}

/* Returns when the kernel received a packet, in µs of the epoch. */
static int64_t came_us(struct msghdr *m)
{
    struct timeval t = { 0 };
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMP)
            memcpy(&t, CMSG_DATA(c), sizeof t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

void probe_read(struct probe *p)
{
    unsigned char packet[2048];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct timeval))];
    } control;
    struct iovec v = { packet, sizeof packet };
    for (;;) {
        struct msghdr m = { .msg_iov = &v,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof control };
        const ssize_t n = p->fd >= 0 ? recvmsg(p->fd, &m, 0) : -1;
        if (n < 0)
            return;
        probe_take(p, packet, n, came_us(&m));
    }
}

void probe_report(const struct probe *p, int rtcp_port)
{
    const struct sockaddr_in to = loopback(rtcp_port);
    unsigned char report[REPORT_BYTES] = { 0x80, REPORT_TYPE, 0, REPORT_BYTES / 4 - 1, 0, 0, 0, 1 };
    const int64_t us = p->least_us % 1000000;
    if (!p->any || p->fd < 0)
        return;
    write32(report + 8, (uint32_t)(p->least_us / 1000000 + NTP_S));
    write32(report + 12, (uint32_t)((us << 32) / 1000000));
    write32(report + 16, p->first_ts);
    const ssize_t sent =
        sendto(p->fd, report, sizeof report, 0, (const struct sockaddr *)&to, sizeof to);
    (void)sent; /* without the report the reader relies on the arrival */
}
