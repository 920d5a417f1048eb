/* SPDX-License-Identifier: MIT */
/* How many calls a second are taken, and which of them have come before. Pure: time is passed in. */
#ifndef TRTC_SERVICE_LIMITS_H
#define TRTC_SERVICE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* ---- calls a second ---- */

#define TRTC_RATE_MAX 1000 /* calls a second */

/* Of one action and application. Zero: none has come. */
struct trtc_rate {
    int64_t at_ms[TRTC_RATE_MAX]; /* when the last that were taken came */
    int64_t nb;
};

/* Whether a call is taken: at most limit (1 to TRTC_RATE_MAX) in any second. now_ms: of a clock that goes forward. */
bool trtc_rate_take(struct trtc_rate *r, int limit, int64_t now_ms);

/* ---- signatures that were used ---- */

struct trtc_replay;

/* NULL: no memory. trtc_replay_free clears the pointer; NULL is fine. */
struct trtc_replay *trtc_replay_new(struct trtc_err *err);
void trtc_replay_free(struct trtc_replay **r);

/* What a request was: its signature, in 64 hexadecimal digits, and its action (0 to 31), which the signature need not cover. */
struct trtc_use {
    const char *signature;
    int action;
    bool once; /* it changes something: a second one is never the same call */
    int64_t signed_s, now_s;
};

/* Whether the request may be acted on; then it is remembered for as long as its signature is good. Calls with the same body
 * that a client makes within a second have the same signature, as a describe and a delete of one task: for two seconds it is
 * taken again, but not by an action that changes something each time. 1; 0: it came before; -1: no memory. */
int trtc_replay_take(struct trtc_replay *r, const struct trtc_use *use);

/* Signatures that are remembered. */
size_t trtc_replay_length(const struct trtc_replay *r);

#endif
