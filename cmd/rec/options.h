/* SPDX-License-Identifier: MIT */
/* The options of trtc-rec, and its sub-commands. */
#ifndef TRTC_CMD_REC_OPTIONS_H
#define TRTC_CMD_REC_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../opt.h"

#define REC_USERSIG_S   (INT64_C(7) * 24 * 3600)
#define REC_INTERVAL_US (INT64_C(5) * 1000000)
#define REC_IDLE_US     (INT64_C(15) * 1000000)

/* The sub-commands, in the order of their table; the first four are those of enum trtc_action. */
enum rec_sub {
    REC_CREATE,
    REC_DESCRIBE,
    REC_MODIFY,
    REC_DELETE,
    REC_WAIT,
    REC_LIST,
    REC_FILES,
    REC_USERSIG,
    REC_BATCH,
    REC_SUBS
};

/* What wait waits for. */
enum rec_want { REC_WANT_RECORDING, REC_WANT_IDLE, REC_WANT_ENDED };

/* A member of the request, in the order given. */
struct rec_set {
    char *path;        /* owned */
    const char *value; /* argv's, or a constant; NULL: number */
    char number[24];
};

struct rec_opts {
    enum rec_sub sub;
    const char *task; /* TASKID, or NULL */
    int64_t sdkappid; /* 0: not given */
    const char *region, *endpoint, *profile, *secret_file, *ca_file;
    bool intl;
    int64_t timeout_us; /* for one call; for wait: for all of it. 0: not given */
    int64_t retries;
    bool json, header, dry_run, skeleton, follow, replace, offline;
    const char *file; /* -f */
    struct rec_set *sets;
    size_t nb_sets;
    struct opt_list users, subscribe, unsubscribe, operands;
    const char *usersig_file, *layout, *storage, *prefix, *check;
    int format;       /* OutputFormat, or -1 */
    bool video;       /* --size, --fps or --bitrate was given */
    int64_t expire_s; /* of a UserSig */
    int want;         /* enum rec_want */
    int64_t interval_us, idle_us;
};

/* Reads and checks the command line. *code: the exit status if the result is not OPT_GO. The caller
 * frees *o with rec_options_fini in any case. */
enum opt_read rec_options(int argc, char *argv[], struct rec_opts *o, int *code);

void rec_options_fini(struct rec_opts *o);

#endif
