/* SPDX-License-Identifier: MIT */
/* A process that starts a process for each event: forked while the server is small, has no threads and knows no key, so that
 * a handler costs no more than a fork and its own start. Those that it has started outlive it and the server. */
#ifndef TRTC_CMD_HOOK_STARTER_H
#define TRTC_CMD_HOOK_STARTER_H

#include <stdbool.h>

#include "options.h"
#include "serve/spool.h"

struct starter;

/* What has ended. */
struct starter_result {
    int status; /* as waitpid has it; -1: it could not be started */
    char name[TRTC_SPOOL_NAME_MAX];
};

/* Call before there are threads, keys and locks. */
struct starter *starter_new(const struct hook_opts *o, struct trtc_err *err);
void starter_free(struct starter **s);

/* Readable when there is a result, or the process has died. */
int starter_fd(const struct starter *s);

/* Asks it to handle an event as 'trtc-hook run' does. False: it has died. */
bool starter_begin(struct starter *s, const char *name);

/* The next result: 1; 0: none yet; -1: the process has died. */
int starter_next(struct starter *s, struct starter_result *out);

#endif
