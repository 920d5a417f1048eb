/* SPDX-License-Identifier: MIT */
/* trtc-mix --join: joins the parts of a mix into one file. */
#ifndef TRTC_CMD_MIX_JOIN_H
#define TRTC_CMD_MIX_JOIN_H

#include "options.h"

/* Returns 0, or -1 with err. *code: the worst exit status with which a part was made; with
 * --allow-missing, losses do not count. */
int mix_join(const struct opts *o, int *code, struct trtc_err *err);

#endif
