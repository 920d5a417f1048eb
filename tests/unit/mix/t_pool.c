/* SPDX-License-Identifier: MIT */
/* pool: every job once, all done at the return, more than one at a time. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "mix/pool.h"

enum { JOBS_MAX = 300 };

struct work {
    int plain[JOBS_MAX]; /* each written by one job: the race detector looks on */
    atomic_int nb;
};

static void count(void *opaque, size_t i)
{
    struct work *w = opaque;
    w->plain[i]++;
    atomic_fetch_add(&w->nb, 1);
}

static struct trtc_pool *make(int workers)
{
    struct trtc_err err;
    struct trtc_pool *p = trtc_pool_new(workers, &err);
    assert_non_null(p);
    return p;
}

static void test_every_job(void **state)
{
    static const size_t sizes[] = { 0, 1, 2, 3, 7, 25, JOBS_MAX };
    (void)state;
    for (int workers = 1; workers <= 5; workers++) {
        struct trtc_pool *p = make(workers);
        for (int round = 0; round < 60; round++) {
            const size_t n = sizes[round % (int)(sizeof sizes / sizeof *sizes)];
            struct work w = { 0 };
            trtc_pool_run(p, count, &w, n);
            assert_int_equal(w.nb, n);
            for (size_t i = 0; i < JOBS_MAX; i++)
                assert_int_equal(w.plain[i], i < n);
        }
        trtc_pool_free(&p);
        assert_null(p);
    }
}

/* What one round has written the next one reads, whoever does it: job i adds its neighbour's number of the round before. */
struct ring {
    int64_t now[64], before[64];
};

static void add_neighbour(void *opaque, size_t i)
{
    struct ring *r = opaque;
    r->now[i] = (r->before[i] + r->before[(i + 1) % 64]) % 1000003;
}

static void test_rounds_follow(void **state)
{
    struct trtc_pool *p = make(4);
    struct ring a = { .before = { 1 } }, b = a;
    (void)state;
    for (int round = 0; round < 300; round++) {
        trtc_pool_run(p, add_neighbour, &a, 64);
        memcpy(a.before, a.now, sizeof a.now);
        for (size_t i = 0; i < 64; i++)
            add_neighbour(&b, i);
        memcpy(b.before, b.now, sizeof b.now);
        assert_memory_equal(a.now, b.now, sizeof a.now);
    }
    trtc_pool_free(&p);
}

struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int nb, nb_max;
    pthread_t who[8];
    bool missed;
};

/* Waits until all four are here at once. */
static void meet(void *opaque, size_t i)
{
    struct meeting *m = opaque;
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    pthread_mutex_lock(&m->lock);
    m->who[i] = pthread_self();
    m->nb++;
    pthread_cond_broadcast(&m->came);
    while (m->nb < m->nb_max && !m->missed)
        m->missed = pthread_cond_timedwait(&m->came, &m->lock, &until) != 0;
    pthread_mutex_unlock(&m->lock);
}

static void test_at_once(void **state)
{
    (void)state;
    for (int workers = 2; workers <= 4; workers++) {
        struct trtc_pool *p = make(workers);
        for (int round = 0; round < 3; round++) {
            struct meeting m = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                 .came = PTHREAD_COND_INITIALIZER,
                                 .nb_max = workers };
            trtc_pool_run(p, meet, &m, (size_t)workers);
            assert_false(m.missed);
            bool own = false;
            for (int i = 0; i < workers; i++) {
                own |= pthread_equal(m.who[i], pthread_self());
                for (int k = 0; k < i; k++)
                    assert_false(pthread_equal(m.who[i], m.who[k]));
            }
            assert_true(own); /* the caller works, too */
        }
        trtc_pool_free(&p);
    }
}

static void note_thread(void *opaque, size_t i)
{
    pthread_t *who = opaque;
    who[i] = pthread_self();
}

/* One worker is the caller: nothing runs elsewhere, and in order. */
static void test_alone(void **state)
{
    struct trtc_pool *p = make(1);
    pthread_t who[20];
    (void)state;
    trtc_pool_run(p, note_thread, who, 20);
    for (int i = 0; i < 20; i++)
        assert_true(pthread_equal(who[i], pthread_self()));
    trtc_pool_free(&p);
    p = make(4); /* nor is a thread woken for a single job */
    trtc_pool_run(p, note_thread, who, 1);
    assert_true(pthread_equal(who[0], pthread_self()));
    trtc_pool_free(&p);
}

static void test_let_go(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct trtc_pool *p = make(4);
        trtc_pool_free(&p); /* without having worked, perhaps before the threads have begun */
        trtc_pool_free(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job), cmocka_unit_test(test_rounds_follow),
        cmocka_unit_test(test_at_once),   cmocka_unit_test(test_alone),
        cmocka_unit_test(test_let_go),
    };
    alarm(60); /* what waits for ever fails */
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
