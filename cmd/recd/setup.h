/* SPDX-License-Identifier: MIT */
/* Reads the configuration, and prepares the data directory. */
#ifndef TRTC_CMD_RECD_SETUP_H
#define TRTC_CMD_RECD_SETUP_H

#include "recd.h"

/* Carries out --check-config: reports every error, with its line. Returns the exit status. */
int setup_check(const struct recd_opts *o);

/* Reads the configuration, or makes up an application without one, and creates the directories.
 * Returns 0, or the exit status after a message. */
int setup_begin(struct recd *r);

/* Returns DIR/NAME, which the caller frees; NULL: no memory. */
char *setup_path(const char *dir, const char *name);

#endif
