/* SPDX-License-Identifier: MIT */
/* The options of trtc-mix, and the request whose settings they override. */
#ifndef TRTC_CMD_MIX_OPTIONS_H
#define TRTC_CMD_MIX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../opt.h"
#include "images.h"
#include "layout/mixset.h"
#include "mix/extent.h"
#include "recording/share.h"

struct opts {
    struct trtc_mix_settings set;
    struct images images;
    struct trtc_when from, to, still;
    int64_t linger_us;
    const char *output, *report, *preset, *request, *script, *format;
    int workers;
    struct trtc_share share; /* --part */
    bool join;
    bool labels, per_user, deterministic, allow_missing, json, progress_json, mode_given;
    struct opt_list operands;
};

/* Reads and checks the command line, and the request and the pictures that it names. *code: the
 * exit status, if the result is not OPT_GO. Call mix_options_fini in any case. */
enum opt_read mix_options(int argc, char *argv[], struct opts *o, int *code);

void mix_options_fini(struct opts *o);

/* Whether participants can join while the mix runs: the script is a pipe, a socket or a
 * terminal. */
bool mix_takes_in(const struct opts *o);

/* For layout/mixset.h: reports a member of a request or a script that a mix cannot honour.
 * opaque: the name of the file, or NULL. */
void mix_say_cannot(void *opaque, const char *what);

#endif
