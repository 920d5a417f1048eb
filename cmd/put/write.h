/* SPDX-License-Identifier: MIT */
/* What trtc-put does with files that are there: the journal, standard output, and, where that is asked for, deletion. */
#ifndef TRTC_CMD_PUT_WRITE_H
#define TRTC_CMD_PUT_WRITE_H

#include "run.h"

/* Takes all that is done so far: a line of the journal each, one sync for all, then their lines on standard output. Where that
 * fails, no more jobs begin. Not for two threads. */
void put_write(struct put *p);

#endif
