/* SPDX-License-Identifier: MIT */
/* The options of trtc-put. */
#ifndef TRTC_CMD_PUT_OPTIONS_H
#define TRTC_CMD_PUT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../opt.h"

struct put_opts {
    const char *to, *storage; /* exactly one of them */
    const char *endpoint;
    int64_t keys_fd; /* -1: not given */
    const char *root, *prefix, *task;
    int64_t jobs;
    int64_t retries; /* -1: not given */
    const char *journal;
    bool remove; /* --delete */
    bool json, null;
    struct opt_list operands;
};

#endif
