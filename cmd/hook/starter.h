/* SPDX-License-Identifier: MIT */
/* A process that starts a process for each event. It is forked while the server is small, has no
 * threads and knows no key, so that a handler costs no more than a fork and its own start. The
 * processes that it started outlive it and the server. */
#ifndef TRTC_CMD_HOOK_STARTER_H
#define TRTC_CMD_HOOK_STARTER_H

#include <stdbool.h>

#include "options.h"
#include "serve/spool.h"

struct starter;

/* The end of a handler. */
struct starter_result {
    int status; /* as from waitpid; -1: it could not be started */
    char name[TRTC_SPOOL_NAME_MAX];
};

/* Must be called before there are threads, keys and locks. NULL on failure. */
struct starter *starter_new(const struct hook_opts *o, struct trtc_err *err);
void starter_free(struct starter **s);

/* Readable when there is a result, or the process has died. */
int starter_fd(const struct starter *s);

/* Makes it handle an event like 'trtc-hook run'. False: it has died. */
bool starter_begin(struct starter *s, const char *name);

/* Gets the next result. 1: done; 0: none yet; -1: the process has died. */
int starter_next(struct starter *s, struct starter_result *out);

#endif
