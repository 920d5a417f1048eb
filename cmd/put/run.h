/* SPDX-License-Identifier: MIT */
/* A run of trtc-put: threads that read paths, put files and write what is proven. */
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

/* A value of trtc_proven_entry.at for a proof that is not in the journal: PUT_KEPT - N means
 * kept[N]. */
#define PUT_KEPT INT64_C(-2)

/* A file that is stored. */
struct put_done {
    struct trtc_job *job; /* NULL once it is released */
    char *path, *key;
    struct trtc_put_hash hash;
    uint64_t stamp;
    struct trtc_storage_proof proof;
    bool known;   /* stored by an earlier run: nothing was sent */
    bool asked;   /* its path was given: not only a playlist named it */
    bool growing; /* a playlist without an end, which --delete spares */
    struct put_done *next;
};

struct put {
    const struct put_opts *o;
    const struct put_place *place;
    struct trtc_put_names names;
    struct trtc_put_dir *dir; /* for a directory; else NULL */
    struct trtc_journal *journal;
    struct trtc_order_tries tries;
    struct trtc_storage_shared shared;
    struct trtc_outage outage; /* guarded by lock */

    int64_t since_us, nb_put, put_bytes; /* for progress */

    /* All that follows is guarded by lock; job is NULL or running. */
    pthread_mutex_t lock;
    pthread_cond_t work; /* there may be a job, or the end has come */
    pthread_cond_t room; /* the order has room, or the end has come */
    struct trtc_order *order;
    struct trtc_proven proven;
    struct put_done *done, **done_end; /* to be written */
    struct trtc_storage_proof *kept;   /* of files that have not been given as paths yet, for
                                          --json */
    size_t nb_kept;
    int64_t nb_failed;
    int code;
    bool input_ended;
    bool no_more; /* a signal, or a failure of the run: no new job begins */
    bool over;    /* the threads end */

    volatile sig_atomic_t stop; /* attempts in progress end */
    int news;                   /* an eventfd: something is done or has ended */
    int input_stop;             /* an eventfd: no more paths are read */
    atomic_llong input_us;      /* when the last path came */
};

/* Puts all files. Returns the exit status after reporting everything that was not put. */
int put_run(const struct put_opts *o, const struct put_place *place);

/* For the threads: announces that something is done. */
void put_news(struct put *p);
void put_worsen(struct put *p, int code); /* the caller holds the lock */

void put_done_free(struct put_done **d);

#endif
