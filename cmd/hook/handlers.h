/* SPDX-License-Identifier: MIT */
/* The handlers of a server: a process for each event, in the order of the queue. */
#ifndef TRTC_CMD_HOOK_HANDLERS_H
#define TRTC_CMD_HOOK_HANDLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "serve/spool.h"
#include "starter.h"

struct handlers;

/* Checks that the command exists, so that a typing error is noticed before the first event.
 * TRTC_EX_NOINPUT. 0, or -1. */
int handlers_check(const struct hook_opts *o, struct trtc_err *err);

/* Queues the events in new/ and watches for more. Takes ownership of *starter, even on failure.
 * NULL on failure. */
struct handlers *handlers_new(const struct hook_opts *o, struct trtc_spool *spool,
                              struct starter **starter, struct trtc_err *err);

/* Frees *h and clears the pointer. Running handlers continue, and the spool records their outcome.
 * Returns how many there are. */
size_t handlers_free(struct handlers **h);

/* Descriptors to poll for reading: for new events, and for events that have been handled. */
int handlers_fd(const struct handlers *h);
int handlers_results_fd(const struct handlers *h);
int64_t handlers_wait_ms(const struct handlers *h, int64_t now_ms); /* -1: no limit */

/* Handles new events and handlers that ended, and starts the next ones. now_ms: by a clock that is
 * never adjusted. False: no process can be started any more. */
bool handlers_turn(struct handlers *h, int64_t now_ms);

#endif
