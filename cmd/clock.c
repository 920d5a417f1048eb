/* SPDX-License-Identifier: MIT */
/* The clocks and the randomness that programs read. */
#include "clock.h"

#include <sys/random.h>
#include <time.h>

#include "base/utc.h"
#include "cli.h"

#define SLICE_US 100000 /* how soon a signal is noticed that another thread received */

static int64_t read_us(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_real_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t clock_real_ms(void)
{
    return clock_real_us() / 1000;
}

int64_t clock_mono_us(void)
{
    return trtc_mono_us();
}

int64_t clock_wall_s(void *arg)
{
    (void)arg;
    return clock_real_ms() / 1000;
}

int64_t clock_mono_ms(void *arg)
{
    (void)arg;
    return clock_mono_us() / 1000;
}

double clock_chance(void *arg)
{
    uint32_t n = 0;
    (void)arg;
    return getrandom(&n, sizeof n, 0) == sizeof n ? n / 4294967296.0 : 0.5;
}

void clock_cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attr);
    pthread_condattr_destroy(&attr);
}

bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_us)
{
    const struct timespec at = { mono_us / 1000000, (long)(mono_us % 1000000) * 1000 };
    return pthread_cond_timedwait(cond, lock, &at) == 0;
}

int clock_sleep_until(int64_t mono_us)
{
    while (!cli_signal) {
        int64_t left_us = mono_us - clock_mono_us();
        if (left_us <= 0)
            return 0;
        if (left_us > SLICE_US)
            left_us = SLICE_US;
        nanosleep(&(struct timespec){ .tv_nsec = (long)left_us * 1000 }, NULL);
    }
    return 1;
}
