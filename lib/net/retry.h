/* SPDX-License-Identifier: MIT */
/* Whether a call is made again, and when. Pure: time and chance are passed in, and nothing
 * sleeps. */
#ifndef TRTC_NET_RETRY_H
#define TRTC_NET_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/transport.h"

#define TRTC_RETRY_COUNT     5
#define TRTC_RETRY_FIRST_MS  3000  /* then 6, 12, 24 ... s, each plus up to a quarter */
#define TRTC_RETRY_MAX_MS    60000 /* no wait is longer */
#define TRTC_RETRY_BUDGET_MS 300000

/* The rules of one call. */
struct trtc_retry_rules {
    int retries; /* --retries: attempts after the first, TRTC_RETRY_COUNT by default; 0: none */
    int64_t budget_ms; /* waiting and calling together; 0: TRTC_RETRY_BUDGET_MS */
    bool creates;      /* the action has no idempotency token: an unknown outcome is reported */
};

/* What has happened in this call so far. Zero at its start, but for offset_s, which is handed on
 * from call to call. */
struct trtc_retry_state {
    int nb_retries;   /* attempts after the first, without that for the clock */
    bool clock_set;   /* offset_s was taken from the server in this call */
    int64_t offset_s; /* to be added to our time in every signature */
    bool maybe_done;  /* an earlier attempt may have been acted on */
};

/* How an attempt ended. */
struct trtc_attempt {
    enum trtc_net net;
    int status;            /* HTTP */
    const char *code;      /* the API's error code; NULL: none, the call succeeded. "": the
                              answer is not one of the API's */
    int64_t retry_after_s; /* -1: none */
    int64_t date_s;        /* the server's clock; -1: not known */
    int64_t now_s;         /* our clock, without offset, at the answer */
    int64_t spent_ms;      /* since the call began, waits included */
};

enum trtc_verdict {
    TRTC_VERDICT_DONE,  /* succeeded */
    TRTC_VERDICT_AGAIN, /* sign and send again, after wait_ms */
    TRTC_VERDICT_STOP,  /* failed, with exit_code */
};

struct trtc_decision {
    enum trtc_verdict verdict;
    int64_t wait_ms;
    int exit_code;    /* where it stops */
    bool unknown;     /* where it stops: the service may have created a task without our knowing */
    bool clock_moved; /* the state's offset_s is new: worth a warning */
};

/* Decides (commands.md, trtc-rec; "Grouping for a client" of the API): InternalError, rate limits,
 * HTTP 429 and 5xx, time-outs and broken connections are tried again, nothing else;
 * AuthFailure.SignatureExpire once, with the server's time, at once. chance is in [0, 1). Updates
 * *state. */
struct trtc_decision trtc_retry_decide(const struct trtc_retry_rules *rules,
                                       struct trtc_retry_state *state,
                                       const struct trtc_attempt *attempt, double chance);

/* The exit status that an error code of the API ends with: TRTC_EX_DATAERR for a fault of the
 * request, TRTC_EX_NOINPUT for a task that is unknown or has ended, TRTC_EX_NOPERM,
 * TRTC_EX_TEMPFAIL for a failure that may pass, and TRTC_EX_UNAVAILABLE. */
int trtc_retry_exit_code(const char *code);

#endif
