/* SPDX-License-Identifier: MIT */
/* The service's side of net/sign: whether a request that came is signed with a key that is known (TC3-HMAC-SHA256, the
 * vendor's page "Signature v3"). Pure: the time and the keys are passed in. */
#ifndef TRTC_NET_SIGNED_H
#define TRTC_NET_SIGNED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRTC_SIGNED_WINDOW_S 300 /* how far the clocks may be apart, in either direction */
#define TRTC_SIGNED_LEN      64  /* characters of a signature */

enum trtc_signed {
    TRTC_SIGNED_OK,
    TRTC_SIGNED_MALFORMED, /* no Authorization, or what it needs is missing or is there twice */
    TRTC_SIGNED_UNKNOWN,   /* nobody has this SecretId */
    TRTC_SIGNED_EXPIRED,   /* X-TC-Timestamp is out of the window */
    TRTC_SIGNED_FORGED,    /* the signature, or the day in its scope, is wrong */
    TRTC_SIGNED_TOKEN,     /* a token, and these keys have none */
    TRTC_SIGNED_NOMEM,     /* cannot tell */
};

/* A request as it came. */
struct trtc_signed_request {
    const char *method; /* "POST" */
    /* The value of the header field of that name (in lower case), where there is exactly one. */
    const char *(*header)(void *arg, const char *name);
    void *arg;
    const void *body;
    size_t body_bytes;
};

/* Whose keys there are: the SecretKey that belongs to a SecretId, NULL for one that nobody has. */
struct trtc_signed_keys {
    const char *(*find)(void *arg, const char *secret_id);
    void *arg;
};

/* Who has signed, and with which signature. */
struct trtc_signed_by {
    char secret_id[257];
    char signature[TRTC_SIGNED_LEN + 1];
    int64_t time_s; /* when, by the client's clock */
};

/* Takes the service from the scope, since clients name it after a loopback address; takes the host with its port and
 * without, and values of header fields in lower case and as they came. *by is filled where the result is OK. */
enum trtc_signed trtc_signed_check(const struct trtc_signed_request *r,
                                   const struct trtc_signed_keys *keys, int64_t now_s,
                                   struct trtc_signed_by *by);

#endif
