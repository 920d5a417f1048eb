/* SPDX-License-Identifier: MIT */
/* How many calls per second are accepted, and which signed requests have been seen before. Pure:
 * time is passed in. */
#ifndef TRTC_SERVICE_LIMITS_H
#define TRTC_SERVICE_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* ---- calls a second ---- */

#define TRTC_RATE_MAX 1000 /* calls per second */

/* The accepted calls of one action of one application. Zero-initialise. */
struct trtc_rate {
    int64_t at_ms[TRTC_RATE_MAX]; /* a ring: the times of the last accepted calls */
    int64_t nb;                   /* accepted calls in all */
};

/* Whether a call is accepted: at most limit (1 to TRTC_RATE_MAX) are in any second. now_ms: of a
 * monotonic clock. */
bool trtc_rate_take(struct trtc_rate *r, int limit, int64_t now_ms);

/* ---- signatures that were used ---- */

struct trtc_replay;

/* The signatures that were used and are still valid. NULL: no memory. trtc_replay_free accepts NULL
 * and clears the pointer. */
struct trtc_replay *trtc_replay_new(struct trtc_err *err);
void trtc_replay_free(struct trtc_replay **r);

/* A signed request. */
struct trtc_use {
    const char *signature;   /* 64 hexadecimal digits */
    int action;              /* 0 to 31; the signature need not cover it */
    bool once;               /* the action must not be carried out twice with one signature */
    int64_t signed_s, now_s; /* when it was signed, and when it came; seconds of the epoch */
};

/* Decides whether the request may be carried out, and remembers it until its signature expires, 300
 * s after signed_s. A client that calls twice within a second with the same body signs both calls
 * alike, for example a describe and a delete of one task. Therefore a signature is accepted again
 * for two seconds, except for a second call of an action with once. Returns 1: accepted; 0: seen
 * before; -1: no memory. */
int trtc_replay_take(struct trtc_replay *r, const struct trtc_use *use);

/* The number of signatures that are remembered. */
size_t trtc_replay_length(const struct trtc_replay *r);

#endif
