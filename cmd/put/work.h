/* SPDX-License-Identifier: MIT */
/* Threads that put files. */
#ifndef TRTC_CMD_PUT_WORK_H
#define TRTC_CMD_PUT_WORK_H

#include <pthread.h>

#include "look.h"
#include "run.h"
#include "storage/storage.h"

struct put_worker {
    struct put *p;
    pthread_t thread;
    struct trtc_storage *storage; /* for a bucket or VOD; else NULL. Whoever made it frees it */
    struct put_dir dir;
};

/* A thread: runs the jobs of the order one after another until the end. */
void *put_work(void *worker);

#endif
