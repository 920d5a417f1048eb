/* SPDX-License-Identifier: MIT */
/* HTTP through libcurl. Only http.c and fetch.c use the library. */
#ifndef TRTC_NET_HTTP_H
#define TRTC_NET_HTTP_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/transport.h"

#define TRTC_HTTP_CONNECT_MS 3000
#define TRTC_HTTP_TOTAL_MS   10000
#define TRTC_HTTP_SLOW_MS    5000
#define TRTC_HTTP_SLOW_BPS \
    1024                             /* smallest rate of an answer in bytes per second, measured
                                        over slow_ms, once it has begun. The wait for its
                                        beginning does not count: the service itself may need 6 s
                                        for a call */
#define TRTC_HTTP_BODY_MAX (4 << 20) /* largest size of an answer, decompressed */

/* All zeros: the defaults. */
struct trtc_http_options {
    int64_t total_ms;    /* --timeout; 0: TRTC_HTTP_TOTAL_MS */
    int64_t connect_ms;  /* 0: TRTC_HTTP_CONNECT_MS; never more than total_ms */
    int64_t slow_ms;     /* 0: TRTC_HTTP_SLOW_MS */
    size_t body_max;     /* 0: TRTC_HTTP_BODY_MAX */
    const char *agent;   /* User-Agent; NULL: none */
    int64_t idle_ms;     /* the connection counts as broken when nothing is sent or received for
                            so long; 0: unlimited */
    bool anywhere;       /* for other uses than the API: any path, and http to any host */
    bool store;          /* for object storage: any path, unchanged; bodies are not decompressed */
    const char *ca_file; /* trusts these certificates (PEM) instead of the system's; or NULL */
    const volatile sig_atomic_t *stop; /* ends the exchange within about a second when it becomes
                                          nonzero; or NULL */
};

struct trtc_http;

/* A client that keeps connections open from call to call; for one thread at a time. The texts in
 * options must remain valid as long as the client. NULL on failure. */
struct trtc_http *trtc_http_new(const struct trtc_http_options *options, struct trtc_err *err);

/* Frees *http and clears the pointer; NULL is allowed. */
void trtc_http_free(struct trtc_http **http);

/* The transport of this client, valid as long as the client. It allows https, and http for loopback
 * addresses only (options.anywhere: for all). It follows no redirections, checks the certificate
 * against the name (this cannot be turned off), and uses HTTP/1.1. Proxies come from the
 * environment (https_proxy, no_proxy); loopback addresses use none. */
struct trtc_transport trtc_http_transport(struct trtc_http *http);

#endif
