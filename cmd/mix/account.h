/* SPDX-License-Identifier: MIT */
/* trtc-mix: what was lost, and what became of every frame. */
#ifndef TRTC_CMD_MIX_ACCOUNT_H
#define TRTC_CMD_MIX_ACCOUNT_H

#include "inputs.h"
#include "options.h"

/* On standard error, and in a part's note. */
__attribute__((format(printf, 2, 3))) void mix_say(struct inputs *in, const char *fmt, ...);
/* Names a loss (copied) on stderr, in in->code and in in->losses. */
void mix_lose(struct inputs *in, const struct trtc_loss *l);
/* Of a part, whose times are known now: names the losses that have waited for that. */
void mix_lose_early(struct inputs *in, int64_t from_us, int64_t to_us);
/* Once the mix has been made (at start_us): names what was missing, damaged, broken or has no account. */
void mix_settle(struct inputs *in, int64_t start_us);

/* The object about the mix, with the account of every track: for --json and --report. NULL: out of memory. */
char *mix_summary(const struct opts *o, const struct inputs *in, const struct trtc_mix_result *res);

#endif
