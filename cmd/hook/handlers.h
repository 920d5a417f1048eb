/* SPDX-License-Identifier: MIT */
/* The handlers of a server: a 'trtc-hook run' for each event, in the order of the queue. */
#ifndef TRTC_CMD_HOOK_HANDLERS_H
#define TRTC_CMD_HOOK_HANDLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
#include "serve/spool.h"

struct handlers;

/* Queues what stands in new/ already, and watches for more. TRTC_EX_NOINPUT where there is no such command. */
struct handlers *handlers_new(const struct hook_opts *o, struct trtc_spool *spool,
                              struct trtc_err *err);

/* Handlers that are under way go on: their outcome is kept in the spool. Returns how many they are. */
size_t handlers_free(struct handlers **h);

/* To be polled for reading: events that have come to new/. */
int handlers_fd(const struct handlers *h);
int64_t handlers_wait_ms(const struct handlers *h, int64_t now_ms); /* -1: without end */

/* Takes in what has come, and begins what can be. now_ms: since the epoch. */
void handlers_turn(struct handlers *h, int64_t now_ms);

/* A child has ended: true if it was one of these. */
bool handlers_ended(struct handlers *h, int pid, int status, int64_t now_ms);

#endif
