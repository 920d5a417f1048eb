/* SPDX-License-Identifier: MIT */
/* Times: the 17-digit UTC of file names, RFC 3339 and milliseconds since 1970, independent of the
 * machine's time zone. The common clock is int64_t microseconds since 1970 (_us). */
#ifndef TRTC_BASE_UTC_H
#define TRTC_BASE_UTC_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define TRTC_UTC_LEN 17
#define TRTC_NOTIME  INT64_MIN /* "unknown", for all _ms and _us values */

/* Reads exactly 17 digits YYYYMMDDhhmmssmmm at s (proleptic Gregorian, years 1970 to 9999, no
 * second 60). 0 and *ms (since 1970), or -1: not a valid time. */
int trtc_utc_parse17(const char *s, int64_t *ms);

/* Writes 17 digits and a NUL. ms outside 1970-9999 is clamped. */
void trtc_utc_format17(int64_t ms, char out[TRTC_UTC_LEN + 1]);

/* Writes "2026-01-20T11:30:22.495Z". out has at least 25 bytes. */
void trtc_utc_format3339(int64_t ms, char out[32]);

/* Reads a time from a user: milliseconds since 1970 (up to 15 digits), 17 digits, or RFC 3339
 * ("2026-01-20T11:30:22.495Z", offsets such as "+08:00", optional fraction). TRTC_EX_USAGE. 0, or
 * -1. */
int trtc_time_parse(const char *s, int64_t *ms, struct trtc_err *err);

/* Microseconds of a monotonic clock; only differences have a meaning. */
int64_t trtc_mono_us(void);

#endif
