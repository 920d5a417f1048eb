/* SPDX-License-Identifier: MIT */
/* trtc-mix: the run. */
#ifndef TRTC_CMD_MIX_RUN_H
#define TRTC_CMD_MIX_RUN_H

#include "mix/writer.h"
#include "options.h"

/* Makes the mix, or the still picture. *code: the worst exit status of losses in the input. Returns
 * 0, or -1 with err. */
int mix_run(struct opts *o, int *code, struct trtc_err *err);

/* Returns the container of the output, by --format. */
enum trtc_container mix_container(const struct opts *o);

/* Makes the directory of an output, if necessary. Returns 0, or -1. */
int mix_make_directory(const char *path, struct trtc_err *err);

#endif
