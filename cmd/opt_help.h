/* SPDX-License-Identifier: MIT */
/* What --help prints. */
#ifndef TRTC_CMD_OPT_HELP_H
#define TRTC_CMD_OPT_HELP_H

#include "opt.h"

/* -q, -v, -h and -V, which every program has. */
extern const struct opt_row opt_common[];

/* Prints usage, options in their groups, and an example, of the program, or of its sub-command
 * (-1: none) to stdout. */
void opt_help(const struct opt_program *p, int command);

#endif
