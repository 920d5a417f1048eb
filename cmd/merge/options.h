/* SPDX-License-Identifier: MIT */
/* The options of trtc-merge. */
#ifndef TRTC_CMD_MERGE_OPTIONS_H
#define TRTC_CMD_MERGE_OPTIONS_H

#include "../opt.h"
#include "recording/plan.h"
#include "recording/share.h"

enum plan_format { PLAN_NONE, PLAN_TSV, PLAN_JSON, PLAN_SVG };

struct opts {
    struct opt_list dirs, users; /* dirs: of -f, then the operands */
    bool recursive, finished, allow_missing, force, json, null, header, progress_json;
    struct trtc_plan_opts plan;
    enum plan_format print;
    int64_t split_bytes, split_us;
    int jobs; /* 0: one a core */
    struct trtc_share share;
    const char *report;
};

/* Reads and checks the command line. *code: the exit status where the result is not OPT_GO. */
enum opt_read merge_options(int argc, char *argv[], struct opts *o, int *code);

void merge_options_fini(struct opts *o);

#endif
