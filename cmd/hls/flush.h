/* SPDX-License-Identifier: MIT */
/* Writes the segments under way out while no frame comes, so that a kill leaves them. */
#ifndef TRTC_CMD_HLS_FLUSH_H
#define TRTC_CMD_HLS_FLUSH_H

#include <pthread.h>
#include <stdbool.h>

#include "hls/segmenter.h"

struct hls_flush {
    pthread_t thread;
    pthread_mutex_t lock; /* held by whoever uses the segmenter */
    pthread_cond_t ended;
    struct trtc_segmenter *seg;
    bool fresh; /* something was given to it since it was written out */
    bool ends, failed;
    struct trtc_err err;
};

/* From here on seg is used between lock and unlock. TRTC_EX_TEMPFAIL where there is no thread. */
int hls_flush_start(struct hls_flush *f, struct trtc_segmenter *seg, struct trtc_err *err);

void hls_flush_lock(struct hls_flush *f);

/* -1: writing out has failed. */
int hls_flush_unlock(struct hls_flush *f, struct trtc_err *err);

/* No one else uses the segmenter any more. */
void hls_flush_end(struct hls_flush *f);

#endif
