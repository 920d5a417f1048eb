/* SPDX-License-Identifier: MIT */
/* trtc-mix: the run. */
#ifndef TRTC_CMD_MIX_RUN_H
#define TRTC_CMD_MIX_RUN_H

#include "mix/writer.h"
#include "options.h"

/* Makes the mix, or the still. *code: the worst exit status of what was missing in the input. */
int mix_run(struct opts *o, int *code, struct trtc_err *err);

/* The container of the output, by -o and --format. */
enum trtc_container mix_container(const struct opts *o);

/* Makes the directory of an output. */
int mix_make_directory(const char *path, struct trtc_err *err);

#endif
