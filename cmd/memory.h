/* SPDX-License-Identifier: MIT */
/* Finds out whether an allocation has failed anywhere in the process: decoders and encoders
 * continue after that, and a picture is damaged or missing without a message. */
#ifndef TRTC_CMD_MEMORY_H
#define TRTC_CMD_MEMORY_H

#include <stdbool.h>

#include "base/err.h"

/* Whether an allocation has failed since the program began. Any thread may ask. */
bool memory_failed(void);

/* Returns 0, or -1 with TRTC_EX_TEMPFAIL: something may be missing in the output, which must not
 * get its name. */
int memory_check(struct trtc_err *err);

/* Returns the exit status of a run that would otherwise end with code. Reports that memory was
 * short, unless that was reported before. */
int memory_settle(int code);

/* While this is on, an allocation that fails ends the program with TRTC_EX_TEMPFAIL at once: for a
 * library that does not return then. */
void memory_require(bool on);

#endif
