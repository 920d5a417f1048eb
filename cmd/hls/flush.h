/* SPDX-License-Identifier: MIT */
/* Writes incomplete segments to disk while no frames arrive, so that they survive a kill. */
#ifndef TRTC_CMD_HLS_FLUSH_H
#define TRTC_CMD_HLS_FLUSH_H

#include <pthread.h>
#include <stdbool.h>

#include "hls/segmenter.h"

struct hls_flush {
    pthread_t thread;
    pthread_mutex_t lock; /* held by the thread that uses the segmenter */
    pthread_cond_t ended;
    struct trtc_segmenter *seg;
    bool fresh; /* it got data since it was last written to disk */
    bool ends, failed;
    struct trtc_err err;
};

/* Starts a thread. From now on, seg may only be used between lock and unlock. Returns 0, or -1:
 * TRTC_EX_TEMPFAIL (no thread can be started). */
int hls_flush_start(struct hls_flush *f, struct trtc_segmenter *seg, struct trtc_err *err);

void hls_flush_lock(struct hls_flush *f);

/* Returns 0, or -1: writing to disk has failed. */
int hls_flush_unlock(struct hls_flush *f, struct trtc_err *err);

/* Ends the thread, after which the segmenter can be used without the lock. Returns 0, or -1: writing
 * to disk has failed, maybe after the last unlock. */
int hls_flush_end(struct hls_flush *f, struct trtc_err *err);

#endif
