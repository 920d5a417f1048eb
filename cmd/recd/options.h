/* SPDX-License-Identifier: MIT */
/* The options of trtc-recd. */
#ifndef TRTC_CMD_RECD_OPTIONS_H
#define TRTC_CMD_RECD_OPTIONS_H

#include <stdbool.h>

#include "../opt.h"

struct recd_opts {
    const char *config, *listen, *data, *launch, *room;
    bool check_config;
    struct opt_list operands;
};

#endif
