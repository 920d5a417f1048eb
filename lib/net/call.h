/* SPDX-License-Identifier: MIT */
/* Makes one call of an action, from the request's JSON to the service's answer: signs it, sends it,
 * judges the result and repeats the call if that may help. Clock, randomness and waiting are passed
 * in. */
#ifndef TRTC_NET_CALL_H
#define TRTC_NET_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "net/endpoint.h"
#include "net/redact.h"
#include "net/retry.h"
#include "net/secret.h"
#include "net/transport.h"

struct cJSON;

#define TRTC_API_VERSION "2019-07-22"

/* The service's answer. All zeros: none. Free with trtc_answer_fini. The texts point into json. */
struct trtc_answer {
    struct cJSON *json;           /* the whole answer */
    const struct cJSON *response; /* its member Response */
    const char *code;             /* Code of Error; NULL: none, the call succeeded */
    const char *message;          /* Message of Error, for people, in the requested language; or
                                     NULL */
    const char *request_id;       /* or NULL */
};

/* Reads {"Response": {..., "Error": {"Code", "Message"}, "RequestId"}} (the API's page
 * "Responses"). TRTC_EX_UNAVAILABLE: it is something else. 0, or -1. */
int trtc_answer_parse(const char *body, size_t n, struct trtc_answer *out, struct trtc_err *err);

/* Frees the contents and empties answer. A second call does nothing. */
void trtc_answer_fini(struct trtc_answer *answer);

/* What the program provides to the library. */
struct trtc_outside {
    int64_t (*wall_s)(void *arg);                /* seconds since 1970 */
    int64_t (*mono_ms)(void *arg);               /* a monotonic clock, in milliseconds */
    double (*chance)(void *arg);                 /* in [0, 1) */
    int (*wait)(void *arg, int64_t ms);          /* waits; nonzero: the user has interrupted, so
                                                    no more attempts */
    void (*notice)(void *arg, const char *text); /* shows a line to the user; may be NULL */
    void *arg;
};

/* Who calls, and how. */
struct trtc_caller {
    struct trtc_transport transport;
    struct trtc_outside outside;
    const struct trtc_credentials *credentials;
    const struct trtc_endpoint *endpoint;
    const char *service; /* NULL: that of the recording API */
    const char *version; /* NULL: TRTC_API_VERSION */
    const char *region;
    const char *language;             /* NULL: chosen by the service */
    const char *client;               /* X-TC-RequestClient; NULL: none */
    const struct trtc_redact *redact; /* removes secrets from answers; NULL: nothing is removed */
    int retries;
    int64_t budget_ms; /* 0: TRTC_RETRY_BUDGET_MS */
    int64_t offset_s;  /* correction of our clock, learned from answers and kept from call to
                          call */
};

struct trtc_ask {
    const char *action; /* name in the API */
    const char *body;   /* JSON, n bytes */
    size_t n;
    bool creates;        /* it creates something, so it is not repeated if it may have been
                            carried out */
    bool hands_out_keys; /* a successful answer contains keys, which were requested: it is not
                            redacted, and only the caller may see it */
};

/* Calls an action; every attempt is signed anew. If ask->creates, the action has no idempotency
 * token (CreateCloudRecording): each attempt gets a connection of its own, and on failure *unknown
 * says whether an attempt may have been carried out (tell the user: the task may exist). unknown
 * may be NULL otherwise. On failure err has the exit status of the last attempt (retry.h) and a
 * message with the action, the answer and the request id; *out is the answer, if there was one. The
 * caller frees *out in any case. 0, or -1. */
int trtc_call(struct trtc_caller *caller, const struct trtc_ask *ask, struct trtc_answer *out,
              bool *unknown, struct trtc_err *err);

#endif
