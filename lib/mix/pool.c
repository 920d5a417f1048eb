/* SPDX-License-Identifier: MIT */
/* A loop whose iterations run in parallel. */
#include "mix/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

struct trtc_pool {
    pthread_t *threads;
    int nb_threads;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    int64_t round; /* number of the loop; guarded by lock, as are the next two */
    int at_work;   /* threads that have not finished this loop */
    bool quit;
    void (*job)(void *opaque, size_t i);
    void *opaque;
    size_t n;
    atomic_size_t next;
};

static void take_jobs(struct trtc_pool *p)
{
    size_t i;
    while ((i = atomic_fetch_add_explicit(&p->next, 1, memory_order_relaxed)) < p->n)
        p->job(p->opaque, i);
}

static void *worker(void *arg)
{
    struct trtc_pool *p = arg;
    int64_t seen = 0;
    pthread_mutex_lock(&p->lock);
    while (true) {
        while (p->round == seen && !p->quit)
            pthread_cond_wait(&p->wake, &p->lock);
        if (p->quit)
            break;
        seen = p->round;
        pthread_mutex_unlock(&p->lock);
        take_jobs(p);
        pthread_mutex_lock(&p->lock);
        if (--p->at_work == 0)
            pthread_cond_signal(&p->done);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

int trtc_pool_cores(void)
{
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (int)cores : 1;
}

struct trtc_pool *trtc_pool_new(int workers, struct trtc_err *err)
{
    struct trtc_pool *p = calloc(1, sizeof *p);
    if (!p || !(p->threads = calloc((size_t)workers, sizeof *p->threads))) {
        free(p);
        trtc_fail_nomem(err);
        return NULL;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    pthread_cond_init(&p->done, NULL);
    while (p->nb_threads < workers - 1) {
        if (pthread_create(&p->threads[p->nb_threads], NULL, worker, p)) {
            trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start a thread");
            trtc_pool_free(&p);
            return NULL;
        }
        p->nb_threads++;
    }
    return p;
}

void trtc_pool_free(struct trtc_pool **p)
{
    struct trtc_pool *x = *p;
    if (!x)
        return;
    pthread_mutex_lock(&x->lock);
    x->quit = true;
    pthread_cond_broadcast(&x->wake);
    pthread_mutex_unlock(&x->lock);
    for (int i = 0; i < x->nb_threads; i++)
        pthread_join(x->threads[i], NULL);
    pthread_cond_destroy(&x->done);
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
    free(x->threads);
    free(x);
    *p = NULL;
}

void trtc_pool_run(struct trtc_pool *p, void (*job)(void *opaque, size_t i), void *opaque, size_t n)
{
    p->job = job;
    p->opaque = opaque;
    p->n = n;
    atomic_store(&p->next, 0);
    const bool together = n > 1 && p->nb_threads > 0;
    if (together) {
        pthread_mutex_lock(&p->lock);
        p->round++;
        p->at_work = p->nb_threads;
        pthread_cond_broadcast(&p->wake);
        pthread_mutex_unlock(&p->lock);
    }
    take_jobs(p);
    if (together) {
        pthread_mutex_lock(&p->lock);
        while (p->at_work > 0)
            pthread_cond_wait(&p->done, &p->lock);
        pthread_mutex_unlock(&p->lock);
    }
}
