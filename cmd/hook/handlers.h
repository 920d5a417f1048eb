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

/* Whether the command can be found now: a misspelt one is better noticed before the first event. TRTC_EX_NOINPUT. */
int handlers_check(const struct hook_opts *o, struct trtc_err *err);

/* Queues what stands in new/ already, and watches for more. Takes *starter, also on failure. */
struct handlers *handlers_new(const struct hook_opts *o, struct trtc_spool *spool,
                              struct starter **starter, struct trtc_err *err);

/* Handlers that are under way go on: their outcome is kept in the spool. Returns how many they are. */
size_t handlers_free(struct handlers **h);

/* To be polled for reading: events that have come to new/, and those that have been handled. */
int handlers_fd(const struct handlers *h);
int handlers_results_fd(const struct handlers *h);
int64_t handlers_wait_ms(const struct handlers *h, int64_t now_ms); /* -1: without end */

/* Takes in what has come and what has ended, and begins what can be. now_ms: since the epoch. False where no process can be
 * started any more. */
bool handlers_turn(struct handlers *h, int64_t now_ms);

#endif
