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

/* Checks that the command can be found, so that a misspelt one is noticed before the first
 * event. TRTC_EX_NOINPUT. */
int handlers_check(const struct hook_opts *o, struct trtc_err *err);

/* Queues the events that are in new/, and watches for more. Takes *starter over, also on
 * failure. */
struct handlers *handlers_new(const struct hook_opts *o, struct trtc_spool *spool,
                              struct starter **starter, struct trtc_err *err);

/* Frees it. Handlers that are running go on, and the spool keeps their outcome. Returns how many
 * there are. */
size_t handlers_free(struct handlers **h);

/* Descriptors to poll for reading: for events that come to new/, and for events that have been
 * handled. */
int handlers_fd(const struct handlers *h);
int handlers_results_fd(const struct handlers *h);
int64_t handlers_wait_ms(const struct handlers *h, int64_t now_ms); /* -1: without end */

/* Takes note of new events and of handlers that ended, and starts the next ones. now_ms: since
 * the epoch. False where no process can be started any more. */
bool handlers_turn(struct handlers *h, int64_t now_ms);

#endif
