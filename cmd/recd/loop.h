/* SPDX-License-Identifier: MIT */
/* The loop of the service. */
#ifndef TRTC_CMD_RECD_LOOP_H
#define TRTC_CMD_RECD_LOOP_H

#include "options.h"

/* Runs the service. Returns the exit status; errors have been reported. */
int recd_serve(const struct recd_opts *o);

#endif
