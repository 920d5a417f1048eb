/* SPDX-License-Identifier: MIT */
/* Fetches pictures (watermarks, backgrounds) from addresses in requests. The author of a request
 * must not reach servers that only this machine can reach, so each address is checked when the
 * connection to it is made, after all names were resolved. */
#ifndef TRTC_NET_PICTURE_H
#define TRTC_NET_PICTURE_H

#include <signal.h>
#include <stdbool.h>

#include "base/err.h"

struct sockaddr;

enum { TRTC_PICTURE_BYTES = 5 << 20, TRTC_PICTURE_MS = 5000, TRTC_PICTURE_REDIRECTS = 3 };

struct trtc_picture_rules { /* zero: only https, and only to public addresses */
    bool http;              /* http too */
    bool internal;          /* addresses of this machine and of private networks too */
    const char *ca_file; /* certificates (PEM) that are trusted instead of the system's, or NULL */
    const volatile sig_atomic_t *stop;     /* a nonzero value ends the transfer; or NULL */
    bool (*may)(const struct sockaddr *a); /* for tests: replaces trtc_address_is_public; or NULL */
};

/* Whether an address belongs to the public Internet: not to this machine, private networks, links,
 * carriers, multicast or documentation, and not an IPv6 address that contains such an IPv4
 * address. */
bool trtc_address_is_public(const struct sockaddr *a);

/* Checks whether a request may contain this url: http or https, with the documented characters and
 * endings, without a user or password. Returns 0, or -1 with TRTC_EX_DATAERR. */
int trtc_picture_url(const char *url, struct trtc_err *err);

/* Fetches a picture and writes it to fd at its present offset. It must have at most
 * TRTC_PICTURE_BYTES, arrive within TRTC_PICTURE_MS, and be a JPEG or PNG by its first bytes.
 * Redirects are followed under the same rules; no proxy is used. Returns 0, or -1, and fd contains
 * nothing usable: TRTC_EX_DATAERR (against the rules, or not a picture), TRTC_EX_NOPERM (the
 * address is not public, or the certificate not trusted), TRTC_EX_NOINPUT (it does not exist),
 * TRTC_EX_IOERR (fd cannot be written), TRTC_EX_TEMPFAIL. Several threads may only call it after
 * curl_global_init. */
int trtc_picture_fetch(const char *url, const struct trtc_picture_rules *rules, int fd,
                       struct trtc_err *err);

#endif
