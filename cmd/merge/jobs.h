/* SPDX-License-Identifier: MIT */
/* Shared by main.c, which decides what is made, and jobs.c, which makes it. */
#ifndef TRTC_CMD_MERGE_H
#define TRTC_CMD_MERGE_H

#include <cjson/cJSON.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "../report.h"
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
    struct trtc_timeline *lines; /* one for each recording */
    struct trtc_plan plan;
    struct trtc_shares shares; /* --part: known once all recordings have been found */
    enum pass { PASS_ALL, PASS_NONE, PASS_DIVIDED, PASS_OWN } pass; /* which ones are loaded */
    int code;
    /* shared by the workers */
    pthread_mutex_t lock;
    size_t next;              /* the next output */
    struct listed_dir listed; /* where parts of earlier runs were last searched for */
    int threads;
    atomic_llong bytes;       /* read so far */
    atomic_llong there_bytes; /* the part of them that an earlier run has read */
    int64_t total_bytes, total_us;
    struct report report;
    struct account account;   /* to which objects are added now */
    struct account *accounts; /* objects of the report, by the first output of a group */
};

/* Reports a loss on stderr and in the report, and counts it in the exit status. Call with the lock
 * held once workers run. */
void merge_say_loss(struct work *w, const struct trtc_loss *l);

/* Makes the outputs of the plan, several at a time, and prints the path of each. Failures are
 * reported and count in w->code. Returns 0, or -1: nothing could be started. */
int merge_run_jobs(struct work *w, struct trtc_err *err);

#endif
