/* SPDX-License-Identifier: MIT */
/* The interface that carries a request to the service and its answer back: http.c, or a fake in
 * tests. */
#ifndef TRTC_NET_TRANSPORT_H
#define TRTC_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/header.h"

/* How an exchange ended: what a retry rule has to know. */
enum trtc_net {
    TRTC_NET_ANSWER,  /* an answer came in full, whatever it says */
    TRTC_NET_CONNECT, /* no connection: refused, no such host, no route; nothing was sent */
    TRTC_NET_UNSENT, /* timed out or broke before all of the request was out: nobody can act on it */
    TRTC_NET_LOST,   /* timed out or broke after that: the service may have acted on it */
    TRTC_NET_TLS,    /* the peer could not prove who it is, or speaks no TLS we accept */
    TRTC_NET_TOO_LARGE, /* the answer is over the limit */
    TRTC_NET_MALFORMED, /* the answer is no HTTP, or cannot be decompressed */
    TRTC_NET_STOPPED,   /* the caller's stop flag */
    TRTC_NET_LOCAL,     /* our side: out of memory, an address that is not allowed */
};

/* A request: a POST unless it says something else. */
struct trtc_post {
    const char *method;      /* "PUT", "POST" (with a body), "GET", "HEAD", "DELETE" (without one);
                           NULL: POST */
    const char *const *keep; /* header fields of the answer that are wanted, NULL at the end; NULL:
                                none */
    const char *url;         /* "https://trtc.tencentcloudapi.com/" */
    const struct trtc_headers *headers; /* sent as they are, in this order, Host among them */
    const void *body;                   /* must last until the exchange is over */
    size_t body_bytes;
    /* In place of body: up to n of the body_bytes bytes more, 0: it cannot go on. */
    size_t (*next)(void *arg, void *out, size_t n);
    void *next_arg;
    bool fresh; /* on a connection of its own: a kept-alive one that turns out to be dead may make
                   the library send a request twice, which only a repeatable one may bear */
    int64_t slow_ms; /* sends the body in pieces that take so long in all; 0: at once */
    bool cut;        /* breaks off in the middle of the body */
};

/* What came back. Zero is the empty one. */
struct trtc_reply {
    enum trtc_net net;
    int status; /* HTTP; 0 where there was none */
    char *body; /* NUL-terminated after body_bytes; NULL unless net is TRTC_NET_ANSWER */
    size_t body_bytes;
    char content_type[64]; /* "" where there was none */
    int64_t date_s;        /* the Date header, since the epoch; -1 where there was none */
    int64_t retry_after_s; /* the Retry-After header in seconds from now; -1 where there was none */
    struct trtc_headers kept; /* those that were wanted and came */
    struct trtc_err err; /* what went wrong, where net is not TRTC_NET_ANSWER: a message without
                              secrets, and the exit status if that is the end of it */
};

/* Frees what is in it and empties it. */
void trtc_reply_fini(struct trtc_reply *reply);

struct trtc_transport {
    /* Sends and fills *reply, which was empty and is the caller's (trtc_reply_fini) in any case. */
    void (*post)(void *arg, const struct trtc_post *post, struct trtc_reply *reply);
    void *arg;
};

#endif
