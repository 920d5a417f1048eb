/* SPDX-License-Identifier: MIT */
/* The clocks and the randomness that programs read. */
#include "clock.h"

#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/utc.h"
#include "cli.h"

#define SLICE_US 100000  /* how soon a signal is noticed that another thread received */
#define SET_US   1000000 /* less is the usual correction of a clock */

#ifdef CLOCK_BOOTTIME
#define CLOCK_ALL CLOCK_BOOTTIME /* goes on while the machine sleeps, like the time of day */
#else
#define CLOCK_ALL CLOCK_MONOTONIC
#endif

static pthread_once_t steady_once = PTHREAD_ONCE_INIT;
static int64_t steady_ahead_us; /* const after the first use */

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

static int64_t ahead_of_machine_us(void)
{
    return clock_real_us() - read_us(CLOCK_ALL);
}

static void begin_steady(void)
{
    steady_ahead_us = ahead_of_machine_us();
}

int64_t clock_steady_us(void)
{
    pthread_once(&steady_once, begin_steady);
    return read_us(CLOCK_ALL) + steady_ahead_us;
}

void clock_note_set(int64_t *ahead_us, const char *effect)
{
    const int64_t now_us = ahead_of_machine_us(), by_us = *ahead_us ? now_us - *ahead_us : 0;
    if (!*ahead_us || llabs(by_us) >= SET_US)
        *ahead_us = now_us;
    if (llabs(by_us) >= SET_US)
        cli_note("the time of day was set %s by %.0f s; %s", by_us > 0 ? "forward" : "back",
                 (double)llabs(by_us) / 1e6, effect);
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
