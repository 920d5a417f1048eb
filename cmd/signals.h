/* SPDX-License-Identifier: MIT */
/* Signals as a descriptor, for servers whose loop polls. */
#ifndef TRTC_CMD_SIGNALS_H
#define TRTC_CMD_SIGNALS_H

#include "base/err.h"

/* Blocks SIGINT, SIGTERM, SIGHUP if it is to end the program, and SIGPIPE. Returns a descriptor that
 * is readable when one of the first three has come; the caller closes it. -1: TRTC_EX_TEMPFAIL. */
int signals_open(struct trtc_err *err);

/* Reads what has come into cli_signal. */
void signals_take(int fd);

#endif
