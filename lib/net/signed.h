/* SPDX-License-Identifier: MIT */
/* The service's side of net/sign: checks whether a received request is signed with a known key
 * (TC3-HMAC-SHA256, the vendor's page "Signature v3"). Pure: the time and the keys are passed
 * in. */
#ifndef TRTC_NET_SIGNED_H
#define TRTC_NET_SIGNED_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRTC_SIGNED_WINDOW_S 300 /* how far the clocks may be apart, in either direction */
#define TRTC_SIGNED_LEN      64  /* characters of a signature */

enum trtc_signed {
    TRTC_SIGNED_OK,
    TRTC_SIGNED_MALFORMED, /* Authorization, or a field that it needs, is missing or repeated */
    TRTC_SIGNED_UNKNOWN,   /* the SecretId is unknown */
    TRTC_SIGNED_EXPIRED,   /* X-TC-Timestamp is outside the window */
    TRTC_SIGNED_FORGED,    /* the signature, or the day in its scope, is wrong */
    TRTC_SIGNED_TOKEN,     /* there is a token, which these keys do not have */
    TRTC_SIGNED_NOMEM,     /* no memory: not checked */
};

/* A request as it was received. */
struct trtc_signed_request {
    const char *method; /* "POST" */
    /* Returns the value of the header field with this name (in lower case), if there is exactly
     * one; else NULL. */
    const char *(*header)(void *arg, const char *name);
    void *arg;
    const void *body;
    size_t body_bytes;
};

/* The known keys: find returns the SecretKey of a SecretId, or NULL: it is unknown. */
struct trtc_signed_keys {
    const char *(*find)(void *arg, const char *secret_id);
    void *arg;
};

/* Who has signed the request, when, and the signature. */
struct trtc_signed_by {
    char secret_id[257];
    char signature[TRTC_SIGNED_LEN + 1];
    int64_t time_s; /* by the client's clock, in seconds since 1970 */
};

/* Checks a signature. Clients differ, so any service in the scope is accepted, the host with and
 * without its port, and the values of header fields in lower case or unchanged. *by is filled if
 * the result is TRTC_SIGNED_OK. */
enum trtc_signed trtc_signed_check(const struct trtc_signed_request *r,
                                   const struct trtc_signed_keys *keys, int64_t now_s,
                                   struct trtc_signed_by *by);

#endif
