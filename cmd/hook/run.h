/* SPDX-License-Identifier: MIT */
/* Handling one event. */
#ifndef TRTC_CMD_HOOK_RUN_H
#define TRTC_CMD_HOOK_RUN_H

#include <stddef.h>

#include "options.h"

/* The machine lacked a process, or memory: this was no attempt. It is no exit status of a command. */
enum { RUN_NOT_STARTED = -1 };

/* Handles an event: holds it, runs the command of n words (or forwards it, by the options), waits
 * for the end and moves the event. Returns the exit status of 'trtc-hook run', or
 * RUN_NOT_STARTED. */
int run_event(const struct hook_opts *o, const char *name, const char *const *words, size_t n);

#endif
