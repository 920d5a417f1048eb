/* SPDX-License-Identifier: MIT */
/* The sub-commands list and files. */
#ifndef TRTC_CMD_REC_LIST_H
#define TRTC_CMD_REC_LIST_H

#include "session.h"

/* 0, or -1 with err. */
int rec_list(struct rec *r, struct trtc_err *err);
int rec_files(struct rec *r, struct trtc_err *err);

#endif
