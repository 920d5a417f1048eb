/* SPDX-License-Identifier: MIT */
/* The other side of signing: checks the TC3-HMAC-SHA256 signature of a received request as the
 * service would. Shares no code with sign.c, so that the two check each other. Pure: the time and
 * the keys are passed in. */
#ifndef TRTC_TESTS_VERIFY_H
#define TRTC_TESTS_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/header.h"

#define TRTC_VERIFY_WINDOW_S 300 /* how far the clocks may be apart, in either direction */

enum trtc_verify_result {
    TRTC_VERIFY_OK,
    TRTC_VERIFY_AUTHORIZATION, /* no or malformed Authorization, or what it needs is missing */
    TRTC_VERIFY_SECRET_ID,     /* not known */
    TRTC_VERIFY_EXPIRED,       /* X-TC-Timestamp is out of the window */
    TRTC_VERIFY_SIGNATURE,     /* the signature or its scope is wrong */
    TRTC_VERIFY_TOKEN,         /* not the token of this temporary key */
    TRTC_VERIFY_VERSION,       /* another X-TC-Version */
    TRTC_VERIFY_ACTION,        /* no such X-TC-Action */
    TRTC_VERIFY_REGION,        /* not one of the four X-TC-Regions, nor ap-mumbai */
    TRTC_VERIFY_NOMEM,         /* could not be checked: out of memory */
};

/* The API's error code ("AuthFailure.SignatureFailure"; "InternalError" where it could not be
 * checked); NULL for TRTC_VERIFY_OK. */
const char *trtc_verify_code(enum trtc_verify_result result);

/* A text for people, for the Message member; NULL for TRTC_VERIFY_OK. */
const char *trtc_verify_message(enum trtc_verify_result result);

/* A key the server knows. */
struct trtc_verify_key {
    const char *secret_key;
    const char *token; /* of a temporary key; NULL: none */
};

/* How to check. */
struct trtc_verify_rules {
    /* Finds the key of a SecretId: 0 and *key, which stays the callee's, or -1 where there is
     * none. */
    int (*find)(void *arg, const char *secret_id, struct trtc_verify_key *key);
    void *arg;
    const char *service;  /* insists on this service; NULL takes it from the scope, since some
                            clients cannot name it for a loopback address */
    bool may_be_unsigned; /* the body, where X-TC-Content-SHA256 says UNSIGNED-PAYLOAD */
};

/* A request as received. */
struct trtc_verify_request {
    const char *method; /* "POST", "GET" */
    const char *query;  /* raw, what follows "?"; NULL: none */
    const struct trtc_headers *headers;
    const void *body;
    size_t body_bytes;
};

/* The signature ("Signature v3") and the token. Accepts the host with or without its port and
 * header values in lower case or as received, since the vendor's clients differ. */
enum trtc_verify_result trtc_verify_signature(const struct trtc_verify_request *request,
                                              const struct trtc_verify_rules *rules, int64_t now_s);

/* What comes after it: version, action and region of the recording API. */
enum trtc_verify_result trtc_verify_target(const struct trtc_headers *headers);

#endif
