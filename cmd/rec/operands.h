/* SPDX-License-Identifier: MIT */
/* Which words are options and which are operands of trtc-rec. */
#ifndef TRTC_CMD_REC_OPERANDS_H
#define TRTC_CMD_REC_OPERANDS_H

#include <stdbool.h>

#include "../opt.h"

/* Sorts the words of argv (the first is the sub-command's name) into options and operands: writes
 * to out the name, the options with their values, "--" and the operands, at most argc + 1 pointers.
 * takes_task: a word that begins with '-' but must be a TASKID is an operand. Returns their
 * number. */
int rec_part(const struct opt_program *p, int command, bool takes_task, int argc,
             char *const argv[], char *out[]);

#endif
