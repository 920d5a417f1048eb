/* SPDX-License-Identifier: MIT */
/* The interface that carries a request to the service and its answer back: net/http, or a fake in
 * tests. */
#ifndef TRTC_NET_TRANSPORT_H
#define TRTC_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/header.h"

/* How an exchange ended: what the retry rules need to know. */
enum trtc_net {
    TRTC_NET_ANSWER,  /* a complete answer arrived, with any status */
    TRTC_NET_CONNECT, /* no connection: refused, no such host, no route; nothing was sent */
    TRTC_NET_UNSENT,  /* timed out or broke before the whole request was sent: nobody can act on
                        it */
    TRTC_NET_LOST,    /* timed out or broke later: the service may have acted on it */
    TRTC_NET_TLS,     /* the peer could not prove its identity, or supports no TLS that we accept */
    TRTC_NET_TOO_LARGE, /* the answer exceeds the limit */
    TRTC_NET_MALFORMED, /* the answer is not HTTP, or cannot be decompressed */
    TRTC_NET_STOPPED,   /* the caller's stop flag was set */
    TRTC_NET_LOCAL,     /* on our side: out of memory, an address that is not allowed */
};

/* A request. */
struct trtc_post {
    const char *method;      /* "PUT", "POST" (with a body), "GET", "HEAD", "DELETE" (without a
                                body); NULL: POST */
    const char *const *keep; /* names of the answer's header fields to be kept, ending with NULL;
                                NULL: none */
    const char *url;         /* "https://trtc.tencentcloudapi.com/" */
    const struct trtc_headers *headers; /* sent unchanged, in this order, including Host */
    const void *body;                   /* must remain valid until the exchange is over */
    size_t body_bytes;
    /* Used instead of body: provides up to n more of the body_bytes bytes; 0: it cannot
     * continue. */
    size_t (*next)(void *arg, void *out, size_t n);
    void *next_arg;
    bool fresh; /* on a new connection: if a kept one turns out to be dead, the library may send
                   a request twice, which is only allowed for repeatable ones */
    int64_t slow_ms; /* sends the body in pieces over this time; 0: at once */
    bool cut;        /* breaks off in the middle of the body */
};

/* The outcome of a request. All zeros: empty. */
struct trtc_reply {
    enum trtc_net net;
    int status; /* HTTP; 0: none */
    char *body; /* NUL-terminated after body_bytes; NULL unless net is TRTC_NET_ANSWER */
    size_t body_bytes;
    char content_type[64];    /* "": absent */
    int64_t date_s;           /* the Date header, in seconds since 1970; -1: absent */
    int64_t retry_after_s;    /* the Retry-After header, in seconds from now; -1: absent */
    struct trtc_headers kept; /* the requested header fields that were present */
    struct trtc_err err; /* if net is not TRTC_NET_ANSWER: what went wrong, without secrets, and
                            the exit status if there is no retry */
};

/* Frees the contents and empties reply. */
void trtc_reply_fini(struct trtc_reply *reply);

struct trtc_transport {
    /* Sends the request and fills *reply, which must be empty. The caller frees it with
     * trtc_reply_fini in any case. */
    void (*post)(void *arg, const struct trtc_post *post, struct trtc_reply *reply);
    void *arg;
};

#endif
