/* SPDX-License-Identifier: MIT */
/* Whether an allocation has failed anywhere in the process. Decoders and encoders go on after
 * that, and a picture is damaged or missing without a message. */
#ifndef TRTC_CMD_MEMORY_H
#define TRTC_CMD_MEMORY_H

#include <stdbool.h>

#include "base/err.h"

/* Whether an allocation has failed since the program began. Any thread may ask. */
bool memory_failed(void);

/* 0, or -1 with TRTC_EX_TEMPFAIL: the output may lack something, and does not get its name. */
int memory_check(struct trtc_err *err);

/* The exit status of a run that would end with code. Reports that memory was short if nothing
 * else did. */
int memory_settle(int code);

#endif
