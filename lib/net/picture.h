/* SPDX-License-Identifier: MIT */
/* Pictures from addresses that stand in somebody's request: watermarks, backgrounds. Whoever wrote the request must not
 * reach by that what only this machine reaches, so each address is looked at when the connection to it is made, after
 * all names have been resolved. */
#ifndef TRTC_NET_PICTURE_H
#define TRTC_NET_PICTURE_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

struct sockaddr;

enum { TRTC_PICTURE_BYTES = 5 << 20, TRTC_PICTURE_MS = 5000, TRTC_PICTURE_REDIRECTS = 3 };

struct trtc_picture_rules { /* zero: https to public addresses, and nothing else */
    bool http;              /* http as well */
    bool internal;          /* addresses of this machine and of networks around it as well */
    const char *ca_file;    /* trusts these certificates (PEM) instead of the system's; NULL */
    const volatile sig_atomic_t *stop;     /* ends it when it becomes nonzero; NULL */
    bool (*may)(const struct sockaddr *a); /* instead of trtc_address_is_public; NULL. For tests */
};

/* Whether an address is one of the public Internet: none of this machine, of private networks, links, carriers, groups,
 * documentation, and none that stands for such a one (IPv4 in IPv6). */
bool trtc_address_is_public(const struct sockaddr *a);

/* Whether url is one that a request may name: http or https, the characters and the endings that are documented, no user or
 * password. Returns 0, or TRTC_EX_DATAERR. */
int trtc_picture_url(const char *url, struct trtc_err *err);

/* Fetches it and writes it to fd, from where that stands: TRTC_PICTURE_BYTES at most, in TRTC_PICTURE_MS at most; JPEG or PNG
 * by its first bytes. Redirects are followed, each under the same rules; no proxy is used. TRTC_EX_DATAERR: not under these
 * rules, or no picture; NOPERM: its address is not public, or its certificate not trusted; NOINPUT: it is not there;
 * TEMPFAIL. What fd has is of no use then. Not for two threads before curl_global_init. */
int trtc_picture_fetch(const char *url, const struct trtc_picture_rules *rules, int fd,
                       struct trtc_err *err);

#endif
