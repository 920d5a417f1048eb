/* SPDX-License-Identifier: MIT */
/* The options of trtc-hook, and its sub-commands. */
#ifndef TRTC_CMD_HOOK_OPTIONS_H
#define TRTC_CMD_HOOK_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../opt.h"

enum { HOOK_TYPES_MAX = 32 };

struct hook_types { /* of --type; none means all */
    int64_t items[HOOK_TYPES_MAX];
    size_t n;
};

struct hook_opts {
    const char *key_file, *sign, *spool, *task;
    int64_t sdkappid; /* 0: not given */
    struct hook_types types;
    int64_t since_ms; /* TRTC_NOTIME: not given */
    bool failed, raw, json;
    int64_t timeout_us; /* of wait; 0: none */

    /* serve */
    const char *listen, *forward;
    bool no_sign; /* --unsigned */
    int64_t settle_us, jobs, max_age_us, handler_timeout_us, back_off_us;

    /* send */
    const char *url, *scenario, *file, *room, *user;
    struct opt_list sets, faults;
    int style, retry;

    const char *check; /* reconcile */
    struct opt_list operands;
};

/* The sub-commands: each returns the exit status after reporting any failure. */
int hook_serve(const struct hook_opts *o);
int hook_run(const struct hook_opts *o);
int hook_verify(const struct hook_opts *o);
int hook_sign(const struct hook_opts *o);
int hook_decode(const struct hook_opts *o);
int hook_send(const struct hook_opts *o);
int hook_list(const struct hook_opts *o);
int hook_replay(const struct hook_opts *o);
int hook_gc(const struct hook_opts *o);
int hook_wait(const struct hook_opts *o);
int hook_reconcile(const struct hook_opts *o);

#endif
