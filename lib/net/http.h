/* SPDX-License-Identifier: MIT */
/* HTTP over libcurl: the only file that knows the library. */
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
    1024                             /* bytes a second that an answer must bring, over slow_ms,
                                        once it has begun. Waiting for it to begin does not
                                        count: the service itself may take 6 s for a call */
#define TRTC_HTTP_BODY_MAX (4 << 20) /* bytes of an answer, decompressed */

/* The zero value is the default. */
struct trtc_http_options {
    int64_t total_ms;    /* --timeout; 0: TRTC_HTTP_TOTAL_MS */
    int64_t connect_ms;  /* 0: TRTC_HTTP_CONNECT_MS; never more than total_ms */
    int64_t slow_ms;     /* 0: TRTC_HTTP_SLOW_MS */
    size_t body_max;     /* 0: TRTC_HTTP_BODY_MAX */
    const char *agent;   /* User-Agent; NULL: none */
    int64_t idle_ms;     /* nothing goes out and nothing comes in: broken; 0: no such limit */
    bool anywhere;       /* not only the API: any path, and http to any host */
    bool store;          /* not only the API: any path, kept as it is; bodies as they are sent */
    const char *ca_file; /* trusts these certificates (PEM) instead of the system's; NULL */
    const volatile sig_atomic_t *stop; /* ends the exchange within about a second when it becomes
                                          nonzero; NULL: none */
};

struct trtc_http;

/* A client whose connections are kept alive from call to call; not for two threads at once. The
 * texts of options must last as long as it. NULL on failure. */
struct trtc_http *trtc_http_new(const struct trtc_http_options *options, struct trtc_err *err);

/* Frees it and clears the pointer. NULL is fine. */
void trtc_http_free(struct trtc_http **http);

/* The transport of this client, valid as long as it. It takes https, and http for loopback
 * addresses (anywhere: for all), follows no redirect, checks the certificate against the name
 * (this cannot be turned off), and speaks HTTP/1.1. Proxies are those of the environment
 * (https_proxy, no_proxy), none for loopback. */
struct trtc_transport trtc_http_transport(struct trtc_http *http);

#endif
