/* SPDX-License-Identifier: MIT */
/* The clocks that programs read and pass to lib. */
#ifndef TRTC_CMD_CLOCK_H
#define TRTC_CMD_CLOCK_H

#include <stdint.h>

int64_t clock_real_us(void); /* since the epoch */
int64_t clock_real_ms(void);
int64_t clock_mono_us(void); /* a clock that is never set */

/* Sleeps until clock_mono_us() returns mono_us. Nonzero: a signal asked the program to end. */
int clock_sleep_until(int64_t mono_us);

#endif
