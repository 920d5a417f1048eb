/* SPDX-License-Identifier: MIT */
/* Reads numbers from users: integers, durations, sizes in bytes and in pixels. */
#include "base/num.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"

#define SHOWN               64
#define FRACTION_DIGITS_MAX 6
#define SIDE_MIN_PX         2
#define SIDE_MAX_PX         16384

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    { "", 1000000 },
    { "ms", 1000 },
    { "s", 1000000 },
    { "m", 60 * INT64_C(1000000) },
    { "h", 3600 * INT64_C(1000000) },
    { NULL, 0 },
};

static const struct unit byte_units[] = {
    { "", 1 },
    { "k", 1000 },
    { "M", 1000000 },
    { "G", INT64_C(1000000000) },
    { "T", INT64_C(1000000000000) },
    { "Ki", INT64_C(1) << 10 },
    { "Mi", INT64_C(1) << 20 },
    { "Gi", INT64_C(1) << 30 },
    { "Ti", INT64_C(1) << 40 },
    { NULL, 0 },
};

static const char *show(const char *s, char out[SHOWN])
{
    return trtc_text_show(s, strlen(s), out, SHOWN);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits at *s into *value, which is limited to INT64_MAX (beyond every range). */
static void read_int(const char **s, int64_t *value)
{
    int64_t v = 0;
    for (; is_digit(**s); ++*s) {
        int digit = **s - '0';
        v = v > (INT64_MAX - digit) / 10 ? INT64_MAX : v * 10 + digit;
    }
    *value = v;
}

int trtc_num_compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t trtc_rescale(int64_t v, int64_t to, int64_t from)
{
    const int64_t whole = v / from, half = v < 0 ? -(from / 2) : from / 2;
    if (whole >= INT64_MAX / to || whole <= -(INT64_MAX / to))
        return v < 0 ? INT64_MIN : INT64_MAX;
    return whole * to + (v % from * to + half) / from;
}

int trtc_num_int(const char *what, const char *s, struct trtc_range range, int64_t *out,
                 struct trtc_err *err)
{
    const int64_t min = range.min, max = range.max;
    char shown[SHOWN];
    bool negative = *s == '-' && min < 0;
    const char *p = s + negative;
    if (!is_digit(*p))
        return trtc_fail(err, TRTC_EX_USAGE,
                         "%s: '%s' is not a whole number from %" PRId64 " to %" PRId64, what,
                         show(s, shown), min, max);
    int64_t value;
    read_int(&p, &value);
    if (negative)
        value = -value;
    if (*p)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: '%s' is not a whole number", what,
                         show(s, shown));
    if (value < min || value > max)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: %s is not within %" PRId64 " to %" PRId64, what,
                         show(s, shown), min, max);
    *out = value;
    return 0;
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t n)
{
    for (; units->name; units++)
        if (strlen(units->name) == n && memcmp(units->name, name, n) == 0)
            return units;
    return NULL;
}

/* Reads a number with a fraction of at most six digits, times the unit that follows. *exact: the
 * product was not rounded. Returns -1 if s is not such a number; limited to INT64_MAX. */
static int read_scaled(const char *s, const struct unit *units, bool byte_suffix, int64_t *out,
                       bool *exact)
{
    if (!is_digit(*s))
        return -1;
    int64_t whole, fraction = 0, scale = 1;
    read_int(&s, &whole);
    if (*s == '.') {
        const char *first = ++s;
        for (; is_digit(*s); s++) {
            if (s - first == FRACTION_DIGITS_MAX)
                return -1;
            fraction = fraction * 10 + (*s - '0');
            scale *= 10;
        }
        if (s == first)
            return -1;
    }
    size_t n = strlen(s);
    if (byte_suffix && n && s[n - 1] == 'B')
        n--;
    const struct unit *unit = find_unit(units, s, n);
    if (!unit)
        return -1;
    int64_t part = fraction * unit->factor; /* at most 10^6 * 2^40 */
    *exact = part % scale == 0;
    part = (part + scale / 2) / scale;
    *out = whole > (INT64_MAX - part) / unit->factor ? INT64_MAX : whole * unit->factor + part;
    return 0;
}

int trtc_num_duration_us(const char *what, const char *s, struct trtc_range range_us,
                         int64_t *out_us, struct trtc_err *err)
{
    const int64_t min_us = range_us.min, max_us = range_us.max;
    char shown[SHOWN];
    int64_t value;
    bool exact;
    if (read_scaled(s, duration_units, false, &value, &exact) < 0)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "%s: '%s' is not a duration such as 10, 1.5, 1500ms, 2m or 1h", what,
                         show(s, shown));
    if (value < min_us || value > max_us)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: '%s' is not within %.10gs to %.10gs", what,
                         show(s, shown), (double)min_us / 1e6, (double)max_us / 1e6);
    *out_us = value;
    return 0;
}

int trtc_num_bytes(const char *what, const char *s, struct trtc_range range, int64_t *out,
                   struct trtc_err *err)
{
    const int64_t min = range.min, max = range.max;
    char shown[SHOWN];
    int64_t value;
    bool exact;
    if (read_scaled(s, byte_units, true, &value, &exact) < 0 || !exact)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "%s: '%s' is not a number of bytes such as 500000, 64k, 2G or 1.5GiB",
                         what, show(s, shown));
    if (value < min || value > max)
        return trtc_fail(err, TRTC_EX_USAGE,
                         "%s: '%s' is not within %" PRId64 " to %" PRId64 " bytes", what,
                         show(s, shown), min, max);
    *out = value;
    return 0;
}

int trtc_num_size(const char *what, const char *s, int *w_px, int *h_px, struct trtc_err *err)
{
    char shown[SHOWN];
    int64_t w = 0, h = 0;
    const char *p = s;
    bool ok = is_digit(*p);
    if (ok) {
        read_int(&p, &w);
        ok = *p == 'x' && is_digit(p[1]);
    }
    if (ok) {
        p++;
        read_int(&p, &h);
        ok = !*p;
    }
    if (!ok)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: '%s' is not a size such as 1280x720", what,
                         show(s, shown));
    if (w < SIDE_MIN_PX || w > SIDE_MAX_PX || h < SIDE_MIN_PX || h > SIDE_MAX_PX)
        return trtc_fail(err, TRTC_EX_USAGE, "%s: '%s': width and height must be within %d to %d",
                         what, show(s, shown), SIDE_MIN_PX, SIDE_MAX_PX);
    *w_px = (int)w;
    *h_px = (int)h;
    return 0;
}
