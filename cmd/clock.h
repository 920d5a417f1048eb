/* SPDX-License-Identifier: MIT */
/* The clocks and random numbers that programs read and pass to lib. */
#ifndef TRTC_CMD_CLOCK_H
#define TRTC_CMD_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

int64_t clock_real_us(void); /* since 1970 */
int64_t clock_real_ms(void);
int64_t clock_mono_us(void); /* a clock that is never adjusted */

/* Microseconds since 1970 by the time of day of the first call: setting it later changes nothing. */
int64_t clock_steady_us(void);

/* Notes that the time of day was set, by a second or more, since the last call with this *ahead_us,
 * which is 0 before the first one. effect: what that means, in the past or for what follows. */
void clock_note_set(int64_t *ahead_us, const char *effect);

/* The same for struct trtc_outside (net/call.h): seconds since 1970, milliseconds of the clock that
 * is never adjusted, and a random number in [0, 1). arg is not used. */
int64_t clock_wall_s(void *arg);
int64_t clock_mono_ms(void *arg);
double clock_chance(void *arg);

/* A condition whose waits are measured by clock_mono_us(), so that setting the time of day does not
 * change them. clock_cond_wait returns like pthread_cond_wait(3), or at mono_us: false. */
void clock_cond_init(pthread_cond_t *cond);
bool clock_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t mono_us);

/* Sleeps until clock_mono_us() returns mono_us. Returns nonzero at once if a signal asks the
 * program to end. */
int clock_sleep_until(int64_t mono_us);

#endif
