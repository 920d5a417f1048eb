/* SPDX-License-Identifier: MIT */
/* A few threads that share out equal jobs: a parallel for. */
#ifndef TRTC_MIX_POOL_H
#define TRTC_MIX_POOL_H

#include <stddef.h>

#include "base/err.h"

struct trtc_pool;

/* workers: threads that work at once, the caller's own included; 1: only that. */
struct trtc_pool *trtc_pool_new(int workers, struct trtc_err *err);
void trtc_pool_free(struct trtc_pool **p);

/* Runs job(opaque, 0) ... job(opaque, n - 1), in any order, several at a time; returns when all are done. */
void trtc_pool_run(struct trtc_pool *p, void (*job)(void *opaque, size_t i), void *opaque,
                   size_t n);

#endif
