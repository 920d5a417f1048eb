/* SPDX-License-Identifier: MIT */
/* One call of an action, from the request's JSON to the service's answer: signed, sent, judged,
 * and made again where that may help. Clock, chance and waiting are passed in. */
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

/* What the service answered. Zero is none; trtc_answer_fini frees. The texts point into json. */
struct trtc_answer {
    struct cJSON *json;           /* the whole envelope */
    const struct cJSON *response; /* its Response */
    const char *code;             /* of Error; NULL: none, the call succeeded */
    const char *message;          /* of Error, for people, in the language asked for; or NULL */
    const char *request_id;       /* or NULL */
};

/* Reads {"Response": {..., "Error": {"Code", "Message"}, "RequestId"}} (the API's page
 * "Responses"). -1 with TRTC_EX_UNAVAILABLE if it is something else. */
int trtc_answer_parse(const char *body, size_t n, struct trtc_answer *out, struct trtc_err *err);

/* Frees what it holds and empties it, so that a second call does nothing. */
void trtc_answer_fini(struct trtc_answer *answer);

/* What the library does not do itself. */
struct trtc_outside {
    int64_t (*wall_s)(void *arg);                /* seconds since the epoch */
    int64_t (*mono_ms)(void *arg);               /* a clock that nobody sets */
    double (*chance)(void *arg);                 /* in [0, 1) */
    int (*wait)(void *arg, int64_t ms);          /* nonzero: no more, the user has interrupted */
    void (*notice)(void *arg, const char *text); /* a line for people; may be NULL */
    void *arg;
};

/* Who calls, and how. */
struct trtc_caller {
    struct trtc_transport transport;
    struct trtc_outside outside;
    const struct trtc_credentials *credentials;
    const struct trtc_endpoint *endpoint;
    const char *service; /* NULL: the recording API's, and so is */
    const char *version; /* NULL: TRTC_API_VERSION */
    const char *region;
    const char *language;             /* NULL: the service's own */
    const char *client;               /* X-TC-RequestClient; NULL: none */
    const struct trtc_redact *redact; /* what no answer shall repeat; NULL: nothing */
    int retries;
    int64_t budget_ms; /* 0: TRTC_RETRY_BUDGET_MS */
    int64_t offset_s;  /* how wrong the clock is, as learnt from answers; kept from call to call */
};

struct trtc_ask {
    const char *action; /* of the API */
    const char *body;   /* JSON, n bytes */
    size_t n;
    bool creates;        /* it makes something: it is not sent again where it may have been done */
    bool hands_out_keys; /* an answer that is no error holds keys, which it was asked for: nothing of
                            it is redacted, and nobody but the caller may see it */
};

/* Calls the action with that JSON body; every attempt is signed anew. creates: the action has no
 * idempotency token (CreateCloudRecording), so each attempt gets a connection of its own, and
 * *unknown tells on failure that one may have been acted on (say so: the task may exist). unknown
 * may be NULL where creates is false. On failure err has the exit status of the last attempt
 * (retry.h) and a message with the action, what was answered and the request id; *out is what
 * came, if anything. The caller frees *out in any case. */
int trtc_call(struct trtc_caller *caller, const struct trtc_ask *ask, struct trtc_answer *out,
              bool *unknown, struct trtc_err *err);

#endif
