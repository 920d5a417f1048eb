/* SPDX-License-Identifier: MIT */
/* The configuration and the data directory. */
#ifndef TRTC_CMD_RECD_SETUP_H
#define TRTC_CMD_RECD_SETUP_H

#include "recd.h"

/* --check-config: says what is wrong, line by line. The exit status. */
int setup_check(const struct recd_opts *o);

/* The configuration, or a made-up application; the directories. 0, or the exit status after a message. */
int setup_begin(struct recd *r);

/* DIR/NAME, to be freed; NULL: no memory. */
char *setup_path(const char *dir, const char *name);

#endif
