/* SPDX-License-Identifier: MIT */
/* Threads for work that blocks. */
#include "serve/crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { NB_MAX = 16 };

struct line { /* first in, first out */
    struct trtc_job *first, **last;
};

struct trtc_crew {
    void (*work)(void *arg, struct trtc_job *job);
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct line waiting, done;
    bool ends;
    int fd, nb;
    pthread_t threads[NB_MAX];
};

static void push(struct line *l, struct trtc_job *job)
{
    job->next = NULL;
    *l->last = job;
    l->last = &job->next;
}

static struct trtc_job *pop(struct line *l)
{
    struct trtc_job *job = l->first;
    if (job && !(l->first = job->next))
        l->last = &l->first;
    return job;
}

static void *labour(void *arg)
{
    struct trtc_crew *c = arg;
    const uint64_t one = 1;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        struct trtc_job *job = pop(&c->waiting);
        if (!job && c->ends)
            break;
        if (!job) {
            pthread_cond_wait(&c->given, &c->lock);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        c->work(c->arg, job);
        pthread_mutex_lock(&c->lock);
        push(&c->done, job);
        while (write(c->fd, &one, sizeof one) < 0 && errno == EINTR)
            ;
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

/* Signals are handled by the thread that assigns the work. */
static bool start(struct trtc_crew *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const bool ok = pthread_create(&c->threads[c->nb], NULL, labour, c) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    c->nb += ok;
    return ok;
}

struct trtc_crew *trtc_crew_new(int nb, void (*work)(void *arg, struct trtc_job *job), void *arg,
                                struct trtc_err *err)
{
    struct trtc_crew *c = calloc(1, sizeof *c);
    if (!c) {
        trtc_fail_nomem(err);
        return NULL;
    }
    c->work = work;
    c->arg = arg;
    c->waiting.last = &c->waiting.first;
    c->done.last = &c->done.first;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->given, NULL);
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    while (c->fd >= 0 && c->nb < nb && c->nb < NB_MAX && start(c))
        ;
    if (c->fd < 0 || c->nb == 0) {
        trtc_crew_free(&c);
        trtc_fail(err, TRTC_EX_TEMPFAIL, "cannot start threads");
    }
    return c;
}

void trtc_crew_free(struct trtc_crew **crew)
{
    struct trtc_crew *c = *crew;
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->ends = true;
    pthread_cond_broadcast(&c->given);
    pthread_mutex_unlock(&c->lock);
    for (int i = 0; i < c->nb; i++)
        pthread_join(c->threads[i], NULL);
    if (c->fd >= 0)
        close(c->fd);
    pthread_cond_destroy(&c->given);
    pthread_mutex_destroy(&c->lock);
    free(c);
    *crew = NULL;
}

void trtc_crew_give(struct trtc_crew *c, struct trtc_job *job)
{
    pthread_mutex_lock(&c->lock);
    push(&c->waiting, job);
    pthread_cond_signal(&c->given);
    pthread_mutex_unlock(&c->lock);
}

int trtc_crew_fd(const struct trtc_crew *c)
{
    return c->fd;
}

struct trtc_job *trtc_crew_take(struct trtc_crew *c)
{
    uint64_t n;
    while (read(c->fd, &n, sizeof n) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&c->lock);
    struct trtc_job *all = c->done.first;
    c->done.first = NULL;
    c->done.last = &c->done.first;
    pthread_mutex_unlock(&c->lock);
    return all;
}
