/* SPDX-License-Identifier: MIT */
/* The loop of the service. */
#ifndef TRTC_CMD_RECD_LOOP_H
#define TRTC_CMD_RECD_LOOP_H

#include "options.h"

/* The exit status, after a message of what went wrong. */
int recd_serve(const struct recd_opts *o);

#endif
