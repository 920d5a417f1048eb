/* SPDX-License-Identifier: MIT */
/* What trtc-put does with stored files: the journal, standard output and, if requested,
 * deletion. */
#ifndef TRTC_CMD_PUT_WRITE_H
#define TRTC_CMD_PUT_WRITE_H

#include "run.h"

/* Takes everything that is done so far: writes a journal line for each file, syncs once for all,
 * then prints their lines. If that fails, no new job begins. For one thread at a time. */
void put_write(struct put *p);

#endif
