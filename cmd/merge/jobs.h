/* SPDX-License-Identifier: MIT */
/* What main.c, which decides, and jobs.c, which carries it out, share. */
#ifndef TRTC_CMD_MERGE_H
#define TRTC_CMD_MERGE_H

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/file.h"
#include "base/listing.h"
#include "options.h"
#include "recording/share.h"

struct listed_dir { /* entries of a directory, sorted by name */
    char *dir;
    struct trtc_names names;
};

struct account { /* objects for the report; NULL: there is none */
    cJSON *outputs, *losses;
};

struct work {
    const struct opts *o;
    struct trtc_scan scan;
    struct trtc_timeline *lines; /* one a recording */
    struct trtc_plan plan;
    struct trtc_shares shares; /* --part: known once all recordings have been found */
    enum pass { PASS_ALL, PASS_NONE, PASS_DIVIDED, PASS_OWN } pass; /* which ones are loaded */
    int code;
    /* what the workers share */
    pthread_mutex_t lock;
    size_t next;              /* output to be taken next */
    struct listed_dir listed; /* where parts of earlier runs were looked for last */
    int threads;
    atomic_llong bytes;       /* read so far */
    atomic_llong there_bytes; /* ... of which an earlier run had read so much */
    int64_t total_bytes, total_us;
    struct trtc_file *report; /* open from the start, so that a bad name is known at once */
    struct account account;   /* what goes into it now */
    struct account *accounts; /* objects of the report, by the first output of a group */
};

/* Names a loss on stderr, in the report and in the exit status. Call with the lock held once
 * workers run. */
void merge_say_loss(struct work *w, const struct trtc_loss *l);

/* Makes the outputs of the plan, several at a time; prints the path of each. What fails is
 * reported and counts in w->code; -1 where nothing could be started at all. */
int merge_run_jobs(struct work *w, struct trtc_err *err);

#endif
