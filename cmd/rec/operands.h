/* SPDX-License-Identifier: MIT */
/* Which words are options and which are operands of trtc-rec. */
#ifndef TRTC_CMD_REC_OPERANDS_H
#define TRTC_CMD_REC_OPERANDS_H

#include <stdbool.h>

#include "../opt.h"

/* Parts argv's words (the first is the sub-command's name) into options and operands: out gets the
 * name, the options and their values, "--" and the operands, argc + 1 pointers at most. takes_task:
 * a word that begins with '-' and must be a TASKID is an operand. Returns how many there are. */
int rec_part(const struct opt_program *p, int command, bool takes_task, int argc,
             char *const argv[], char *out[]);

#endif
