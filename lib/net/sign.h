/* SPDX-License-Identifier: MIT */
/* Signs requests with TC3-HMAC-SHA256 (the vendor's page "Signature v3"). Pure functions: time and
 * secrets are passed in. The lower layer is the algorithm for any set of headers; the upper one
 * adds what this API requires. */
#ifndef TRTC_NET_SIGN_H
#define TRTC_NET_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/header.h"

#define TRTC_SIGN_SERVICE  "trtc"
#define TRTC_SIGN_UNSIGNED "UNSIGNED-PAYLOAD" /* the text whose hash represents an unsigned body */

/* The input of an Authorization header. */
struct trtc_sign {
    const char *secret_id;
    const char *secret_key;
    const char *service; /* NULL: TRTC_SIGN_SERVICE */
    int64_t time_s;      /* since 1970; the same number as in X-TC-Timestamp */
    const char *method;  /* NULL: POST */
    const char *query;   /* percent-encoded as sent; NULL: empty */
    const struct trtc_headers *signed_headers; /* in any order; content-type and host must be
                                                  among them */
    const void *body;                          /* exactly the bytes that will be sent */
    size_t body_bytes;
    bool as_is; /* values as they are, where the page has them in lower case: some clients sign so */
};

/* Steps 1 to 9 ("Signature v3", sections 1 to 4). Returns the value of the header, which the caller
 * frees; keys derived on the way are overwritten. NULL on failure: TRTC_EX_CONFIG: the SecretId or
 * SecretKey cannot be valid (blanks around them are the most common cause of signature failures);
 * TRTC_EX_SOFTWARE: a time before 1970 or a missing header. */
char *trtc_sign_authorization(const struct trtc_sign *in, struct trtc_err *err);

/* A call of an action. */
struct trtc_sign_call {
    const char *secret_id;
    const char *secret_key;
    const char *token;    /* of temporary credentials: sent but not signed; NULL or "": none */
    const char *service;  /* NULL: TRTC_SIGN_SERVICE */
    const char *host;     /* as in the Host header, with the port unless it is the default one */
    const char *action;   /* "CreateCloudRecording" */
    const char *version;  /* "2019-07-22" */
    const char *region;   /* "ap-singapore" */
    const char *language; /* language of messages: "en-US", "zh-CN"; NULL: chosen by the service */
    const char *client;   /* X-TC-RequestClient, free text; NULL: none */
    int64_t time_s;
    const void *body;
    size_t body_bytes;
};

/* Makes all headers of the call in the order in which they should be sent: Host, Content-Type
 * (application/json), X-TC-*, Authorization. Appends them to *out, which the caller frees with
 * trtc_headers_fini, even after failure. 0, or -1. */
int trtc_sign_call(const struct trtc_sign_call *call, struct trtc_headers *out,
                   struct trtc_err *err);

#endif
