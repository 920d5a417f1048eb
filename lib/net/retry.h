/* SPDX-License-Identifier: MIT */
/* Decides whether a call is repeated, and when. Pure functions: time and randomness are passed in,
 * and nothing sleeps. */
#ifndef TRTC_NET_RETRY_H
#define TRTC_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/transport.h"

#define TRTC_RETRY_COUNT     5
#define TRTC_RETRY_FIRST_MS  3000  /* then 6, 12, 24 ... s, each plus up to a quarter */
#define TRTC_RETRY_MAX_MS    60000 /* the longest wait */
#define TRTC_RETRY_BUDGET_MS 300000

/* The rules for a call. */
struct trtc_retry_rules {
    int retries;       /* --retries: attempts after the first; the default is TRTC_RETRY_COUNT */
    int64_t budget_ms; /* for waiting and calling together; 0: TRTC_RETRY_BUDGET_MS */
    bool creates;      /* the action has no idempotency token: an unknown outcome is reported */
};

/* What has happened in this call so far. All zeros at its start, except offset_s, which is kept
 * from call to call. */
struct trtc_retry_state {
    int nb_retries;   /* attempts after the first, without the one with a corrected clock */
    bool clock_set;   /* offset_s was taken from the server in this call */
    int64_t offset_s; /* to be added to our time in every signature */
    bool maybe_done;  /* an earlier attempt may have been carried out */
};

/* The result of an attempt. */
struct trtc_attempt {
    enum trtc_net net;
    int status;            /* HTTP status */
    const char *code;      /* error code of the API; NULL: none, the call succeeded; "": not an
                              answer of the API */
    int64_t retry_after_s; /* -1: absent */
    int64_t date_s;        /* the server's time; -1: unknown */
    int64_t now_s;         /* our time without offset_s, at the answer */
    int64_t spent_ms;      /* since the beginning of the call, waits included */
};

enum trtc_verdict {
    TRTC_VERDICT_DONE,  /* succeeded */
    TRTC_VERDICT_AGAIN, /* sign and send again after wait_ms */
    TRTC_VERDICT_STOP,  /* failed with exit_code */
};

struct trtc_decision {
    enum trtc_verdict verdict;
    int64_t wait_ms;
    int exit_code;    /* if it stops */
    bool unknown;     /* if it stops: the service may have created a task without our knowledge */
    bool clock_moved; /* offset_s of the state has changed: worth a warning */
};

/* Decides after an attempt ("Grouping for a client" of the API) and updates *state. InternalError,
 * rate limits, HTTP 429 and 5xx, time-outs and broken connections are retried.
 * AuthFailure.SignatureExpire is retried once, at once, with the server's time. Nothing else is.
 * chance is in [0, 1). */
struct trtc_decision trtc_retry_decide(const struct trtc_retry_rules *rules,
                                       struct trtc_retry_state *state,
                                       const struct trtc_attempt *attempt, double chance);

/* The exit status for an error code of the API: TRTC_EX_DATAERR for a fault in the request,
 * TRTC_EX_NOINPUT for a task that is unknown or has ended, TRTC_EX_NOPERM, TRTC_EX_TEMPFAIL for a
 * temporary failure, and TRTC_EX_UNAVAILABLE. */
int trtc_retry_exit_code(const char *code);

#endif
