/* SPDX-License-Identifier: MIT */
/* Whether memory was short, anywhere in the process. Decoders and encoders go on after an allocation that failed: a picture
 * is damaged or missing then, without a word. */
#ifndef TRTC_CMD_MEMORY_H
#define TRTC_CMD_MEMORY_H

#include <stdbool.h>

#include "base/err.h"

/* An allocation has failed since the program began. Any thread. */
bool memory_failed(void);

/* 0, or -1 with TRTC_EX_TEMPFAIL: what was made may lack something, and gets no name. */
int memory_check(struct trtc_err *err);

/* The exit status of a run that would end with code: says so where memory was short and nothing else did. */
int memory_settle(int code);

#endif
