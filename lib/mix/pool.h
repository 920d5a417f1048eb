/* SPDX-License-Identifier: MIT */
/* A few threads that divide equal jobs among them: a parallel for. */
#ifndef TRTC_MIX_POOL_H
#define TRTC_MIX_POOL_H

#include <stddef.h>

#include "base/err.h"

struct trtc_pool;

/* Returns how many processors the machine has; 1 if it does not say. */
int trtc_pool_cores(void);

/* Starts the threads. workers includes the thread of the caller; 1: there is no other. NULL on
 * failure. */
struct trtc_pool *trtc_pool_new(int workers, struct trtc_err *err);
void trtc_pool_free(struct trtc_pool **p);

/* Runs job(opaque, 0) ... job(opaque, n - 1), in any order, several at a time; returns when all are
 * done. */
void trtc_pool_run(struct trtc_pool *p, void (*job)(void *opaque, size_t i), void *opaque,
                   size_t n);

#endif
