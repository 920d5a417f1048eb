/* SPDX-License-Identifier: MIT */
/* trtc-mix --join: the parts of a mix into one file. */
#ifndef TRTC_CMD_MIX_JOIN_H
#define TRTC_CMD_MIX_JOIN_H

#include "options.h"

/* 0, or -1 with err. */
int mix_join(const struct opts *o, struct trtc_err *err);

#endif
