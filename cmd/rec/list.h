/* SPDX-License-Identifier: MIT */
/* The sub-commands list and files. */
#ifndef TRTC_CMD_REC_LIST_H
#define TRTC_CMD_REC_LIST_H

#include "session.h"

/* list: prints what is remembered of all tasks; files: prints the files of one. Return 0, or -1. */
int rec_list(struct rec *r, struct trtc_err *err);
int rec_files(struct rec *r, struct trtc_err *err);

#endif
