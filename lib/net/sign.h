/* SPDX-License-Identifier: MIT */
/* Signing requests with TC3-HMAC-SHA256 (the vendor's page "Signature v3"). Pure: time and
 * secrets are passed in. The lower layer is the algorithm for any set of headers; the upper one
 * adds what this API wants. */
#ifndef TRTC_NET_SIGN_H
#define TRTC_NET_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/header.h"

#define TRTC_SIGN_SERVICE  "trtc"
#define TRTC_SIGN_UNSIGNED "UNSIGNED-PAYLOAD" /* the text whose hash stands for an unsigned body */

/* What goes into an Authorization header. */
struct trtc_sign {
    const char *secret_id;
    const char *secret_key;
    const char *service; /* NULL: TRTC_SIGN_SERVICE */
    int64_t time_s;      /* since the epoch; the same number as in X-TC-Timestamp */
    const char *method;  /* NULL: POST */
    const char *query;   /* as sent, percent-encoded; NULL: empty */
    const struct trtc_headers *signed_headers; /* in any order, content-type and host among them */
    const void *body;                          /* the very bytes that will be sent */
    size_t body_bytes;
    bool as_is; /* values as they are, where the page has them in lower case: some clients sign so */
};

/* Steps 1 to 9 ("Signature v3", sections 1 to 4). Returns the header's value, the caller's to
 * free, or NULL: TRTC_EX_CONFIG for a SecretId or SecretKey that cannot be one (blanks at the ends
 * are the most frequent cause of signature failures), TRTC_EX_SOFTWARE for a time before 1970 or a
 * missing header. Keys derived on the way are wiped. */
char *trtc_sign_authorization(const struct trtc_sign *in, struct trtc_err *err);

/* A call of an action. */
struct trtc_sign_call {
    const char *secret_id;
    const char *secret_key;
    const char *token;   /* of temporary credentials: sent, not signed; NULL or "": none */
    const char *service; /* NULL: TRTC_SIGN_SERVICE */
    const char *host;    /* as it will stand in Host, with the port unless it is the scheme's own */
    const char *action;  /* "CreateCloudRecording" */
    const char *version; /* "2019-07-22" */
    const char *region;  /* "ap-singapore" */
    const char *language; /* of messages: "en-US", "zh-CN"; NULL: the service's own choice */
    const char *client;   /* X-TC-RequestClient, free text; NULL: none */
    int64_t time_s;
    const void *body;
    size_t body_bytes;
};

/* All headers of the call, in the order in which they should be sent: Host, Content-Type
 * (application/json), X-TC-*, Authorization. Appends to *out, which the caller frees
 * (trtc_headers_fini) after failure too. */
int trtc_sign_call(const struct trtc_sign_call *call, struct trtc_headers *out,
                   struct trtc_err *err);

#endif
