/* SPDX-License-Identifier: MIT */
/* A run of trtc-put: who reads paths, who puts files, who writes what is proven. */
#ifndef TRTC_CMD_PUT_RUN_H
#define TRTC_CMD_PUT_RUN_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "options.h"
#include "place.h"
#include "put/directory.h"
#include "put/journal.h"
#include "put/key.h"
#include "put/order.h"
#include "put/outage.h"
#include "put/proven.h"

enum { PUT_JOBS_MAX = 64 };

/* Where a proof is, in trtc_proven_entry.at, if it is not in the journal: PUT_KEPT - N is kept[N]. */
#define PUT_KEPT INT64_C(-2)

/* A file that is there. */
struct put_done {
    struct trtc_job *job; /* NULL once it is released */
    char *path, *key;
    struct trtc_put_hash hash;
    uint64_t stamp;
    struct trtc_storage_proof proof;
    bool known;   /* from before: nothing was sent */
    bool asked;   /* its path came in: it was not only a playlist that named it */
    bool growing; /* a playlist without an end: --delete leaves it */
    struct put_done *next;
};

struct put {
    const struct put_opts *o;
    const struct put_place *place;
    struct trtc_put_names names;
    struct trtc_put_dir *dir; /* of a directory; else NULL */
    struct trtc_journal *journal;
    struct trtc_order_tries tries;
    struct trtc_storage_shared shared;
    struct trtc_outage outage; /* guarded by lock */

    int64_t since_us, nb_put, put_bytes; /* for progress */

    /* All that follows is guarded by lock; job is NULL or runs. */
    pthread_mutex_t lock;
    pthread_cond_t work; /* there may be a job, or the end has come */
    pthread_cond_t room; /* the order has room, or the end has come */
    struct trtc_order *order;
    struct trtc_proven proven;
    struct put_done *done, **done_end; /* to be written */
    struct trtc_storage_proof *kept;   /* of files that nobody has given yet, for --json */
    size_t nb_kept;
    int64_t nb_failed;
    int code;
    bool input_ended;
    bool no_more; /* a signal, or a fault of the run: no job begins any more */
    bool over;    /* the threads end */

    volatile sig_atomic_t stop; /* what is under way ends */
    int news;                   /* an eventfd: something is done, or has ended */
    int input_stop;             /* an eventfd: no more paths are read */
    atomic_llong input_us;      /* when the last path came */
};

/* Puts all files that come. Returns the exit status, after a message of all that was not put. */
int put_run(const struct put_opts *o, const struct put_place *place);

/* For the threads. */
void put_news(struct put *p);
void put_worsen(struct put *p, int code); /* under the lock */

void put_done_free(struct put_done **d);

#endif
